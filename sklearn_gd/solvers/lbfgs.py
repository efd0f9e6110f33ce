"""Limited-memory BFGS in the metric of the objective."""

from collections import deque
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from sklearn_gd._validation import NONE, integer, one_of
from sklearn_gd.solvers.line_search import FLATTER
from sklearn_gd.solvers.second_order import Direction, Directions, SecondOrder
from sklearn_gd.solvers.stopping import scale

# The metric is rebuilt when it is this many iterations old, so that the pairs have had their
# chance, or as many as cost what a metric costs, and what is left to gain shrinks by less than
# this factor.
METRIC_AGE = 5
SLOW = 0.3


@dataclass(kw_only=True, eq=False, repr=False)
class LBFGS(SecondOrder):
    """L-BFGS that starts from the Hessian of the objective.

    The two-loop recursion turns the last ``memory`` steps and gradient changes into an inverse
    Hessian. It starts from the metric of the objective where there is one, built anew when progress
    slows, and from a multiple of the identity elsewhere.

    Parameters
    ----------
    memory : int, default=10
        Number of steps and gradient changes that are stored.
    metric : "curvature" or None, default="curvature"
        What L-BFGS starts from: the Hessian, or with None a multiple of the identity, as usual.

    References
    ----------
    Nocedal (1980), "Updating quasi-Newton matrices with limited storage".

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.solvers import LBFGS
    >>> scales = np.array([1.0, 100.0])
    >>> result = LBFGS().minimize(lambda w: (w @ (scales * w) / 2, scales * w), np.ones(2))
    >>> bool(np.abs(result.params).max() < 1e-3)
    True
    """

    memory: int = 10
    metric: str | None = "curvature"
    rules: ClassVar = {"memory": integer(1), "metric": one_of("curvature") | NONE}

    def _slopes(self, objective):
        return FLATTER

    def unsupported(self, objective):
        if not objective.is_smooth:
            return (
                "LBFGS cannot minimise a penalty without a gradient, such as 'l1' or "
                "that of positive=True; use solver='agd', or leave the choice to 'auto'."
            )
        return None

    def _directions(self, objective, at, run):
        metric = None if self.metric is None else objective.first_metric(at)
        return QuasiNewtonDirections(objective, metric, self.memory, is_own=self.metric is not None)


class QuasiNewtonDirections(Directions):
    """The two-loop recursion on top of a metric.

    Parameters
    ----------
    objective : Objective
    metric : Metric or None
    memory : int
        Number of pairs that are kept.
    is_own : bool
        Whether metrics of the objective are used.
    """

    def __init__(self, objective, metric, memory, is_own):
        super().__init__(objective, metric)
        self._pairs: deque = deque(maxlen=memory)
        self._is_own = is_own
        self._age, self._previous = 0, np.inf

    def find(self, at):
        way = self._recursion(at)
        is_worn = self.metric is not None and self._age >= max(
            METRIC_AGE, self.objective.metric_cost / 6
        )
        if is_worn and way.decrease > SLOW * self._previous:
            self._renew(self.objective.metric(at.params))
            way = self._recursion(at)
        return way

    def after_check(self, at, way, progress):
        if progress.new_metric is not None and self._is_own:
            self._renew(progress.new_metric)
            way = replace(way, direction=progress.new_direction)
        if self.metric is None and not self._pairs:
            # without any curvature: the step that would reach zero along the slope (Polyak)
            slope = max(at.gradient @ at.gradient, np.finfo(float).tiny)
            unit = scale(self.objective, at.value)
            way = replace(way, direction=way.direction * (unit / slope))
        return way

    @property
    def are_exhausted(self):
        return not self._pairs and (self.metric is None or self.is_bound)

    def retreat(self, at, step):
        if self.metric is not None:
            super().retreat(at, step)
            self._age, self._previous = 0, np.inf
        if step is None:
            self._pairs.clear()

    def advance(self, at, step, way, was_bound):
        _remember(self._pairs, step.params - at.params, step.gradient - at.gradient)
        self._previous, self._age = way.decrease, self._age + 1

    def _renew(self, metric):
        self._pairs.clear()
        self.metric, self._age = metric, 0

    def _recursion(self, at):
        direction = -_two_loop(self._pairs, self.metric, at.gradient)
        decrease = (at.gradient @ -direction) / 2
        return Direction(direction, decrease, {"metric": self.metric})


def _remember(pairs, move, change):
    curvature = move @ change
    # relative to a sum that, unlike norms, does not depend on the units of the parameters
    if curvature > np.finfo(float).eps * (np.abs(move) @ np.abs(change)):
        pairs.append((move, change, curvature))


def _two_loop(pairs, metric, gradient):
    """The inverse Hessian of the pairs, on top of that of the metric, times ``gradient``."""
    result = gradient
    weights = []
    for move, change, curvature in reversed(pairs):
        weight = (move @ result) / curvature
        weights.append(weight)
        result = result - weight * change
    solve = (lambda vector: vector) if metric is None else metric.solve
    result = solve(result)
    if pairs and (metric is None or not metric.is_hessian):
        # as long as the last move was (Shanno and Phua, 1978)
        _, change, curvature = pairs[-1]
        result = result * (curvature / (change @ solve(change)))
    for (move, change, curvature), weight in zip(pairs, reversed(weights), strict=True):
        result = result + (weight - (change @ result) / curvature) * move
    return result
