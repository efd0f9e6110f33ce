"""The loop that solvers with second derivatives share."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_gd.objective import Objective
from sklearn_gd.quadratic import Metric
from sklearn_gd.solvers.base import Solver
from sklearn_gd.solvers.line_search import (
    ANY_SLOPE,
    NEARLY_FLAT,
    SHORT,
    Slopes,
    Step,
    evaluate,
    search,
)
from sklearn_gd.solvers.progress import Progress
from sklearn_gd.solvers.run import Run


@dataclass
class Direction:
    """Where to go, and what is known about it.

    Attributes
    ----------
    direction : ndarray of shape (p,)
    decrease : float
        What the quadratic model loses on the way.
    known : dict
        What spares the check of convergence work: keywords of ``Progress.done``.
    """

    direction: NDArray
    decrease: float
    known: dict[str, Any] = field(default_factory=dict)


class Directions(ABC):
    """The directions of one run, and the metric they are made with.

    Attributes
    ----------
    objective : Objective
    metric : Metric or None
    is_bound : bool
        Whether the metric is the bound of all second derivatives, since those at hand were no use.
    """

    def __init__(self, objective: Objective, metric: Metric | None):
        self.objective, self.metric = objective, metric
        self.is_bound = False

    @abstractmethod
    def find(self, at: Step) -> Direction:
        """The direction at a point."""

    def after_check(self, at: Step, way: Direction, progress: Progress) -> Direction:
        """The same, with what the check of convergence has found."""
        return way

    @property
    def are_exhausted(self) -> bool:
        """Whether no other metric is left to try."""
        return self.is_bound

    def retreat(self, at: Step, step: Step | None) -> None:
        """Use the bound, where a step was short or there was none.

        Second derivatives that vanish far away are no metric.
        """
        self.metric = self.objective.bound_metric() or self.metric

    @abstractmethod
    def advance(self, at: Step, step: Step, way: Direction, was_bound: bool) -> None:
        """Learn from a step, and renew the metric if it is worn."""


class SecondOrder(Solver):
    """A solver that is its directions: a subclass says where they come from."""

    def _slopes(self, objective: Objective) -> Slopes:
        """What a step has to achieve besides a decrease."""
        return NEARLY_FLAT if objective.has_margin and objective.is_smooth else ANY_SLOPE

    @abstractmethod
    def _directions(self, objective: Objective, at: NDArray, run: Run) -> Directions:
        """The directions of a run that begins at ``at``."""

    def _run(self, objective, params, run, progress, state):
        params = params.astype(np.float64)
        directions = self._directions(objective, params, run)
        at, slopes = evaluate(objective, params, np.nan), self._slopes(objective)
        while True:
            # 1. A direction, and the decrease that the quadratic model predicts for it.
            way = directions.find(at)
            # 2. Is that little enough to stop?
            known = {"decrease": way.decrease, "step_size": at.length, **way.known}
            if progress.done(at.params, at.total, at.gradient, **known):
                return None
            way = directions.after_check(at, way, progress)
            # 3. A step along it that lowers the objective.
            step = search(objective, at.params, way.direction, at.total, at.gradient, slopes)
            if step is None and directions.are_exhausted:
                return progress.stall(way.decrease)
            # 4. None, or a short one: the second derivatives did not hold, but their bound will.
            was_bound = directions.is_bound
            directions.is_bound = step is None or step.length < SHORT
            if directions.is_bound:
                directions.retreat(at, step)
            if step is None:
                continue
            # 5. Ten steps in a row that change nothing but rounding errors are the last.
            if progress.precision_is_exhausted(step.total):
                return progress.stall(0.0)
            # 6. Advance, and renew the metric if it is worn.
            directions.advance(at, step, way, was_bound)
            at = step
