"""When a run is over: one class a rule, and the units in which a decrease is measured."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklearn_gd.data import NOISE_ULPS
from sklearn_gd.objective import Objective
from sklearn_gd.quadratic import Metric, newton_decrement
from sklearn_gd.solvers.run import Run, StopReason

# Near the optimum the gap is at most twice what the quadratic model predicts (Boyd and
# Vandenberghe, 2004, section 9.6.3).
SAFETY = 2.0
# An optimum of zero has no relative gap: below this fraction of the start it counts as zero.
SCALE_FLOOR = 1e-3
# A run whose objective exceeds this multiple of its start has diverged.
DIVERGENCE_FACTOR = 10.0
# A descent is nearly over when its last gains are below this fraction of those on the whole way.
SLOWDOWN = 0.1
# Solvers without an estimate of their own are checked after 4 passes, then at growing intervals.
FIRST_CHECK = 4
CHECK_GROWTH = 1.5


def scale(objective: Objective, value: float) -> float:
    """What a decrease is compared with: F, but not less than a thousandth of the start."""
    return max(abs(value), SCALE_FLOOR * abs(objective.reference), np.finfo(float).tiny)


def noise(objective: Objective, value: float) -> float:
    """Changes of the objective that mean nothing in its precision, where it is ``value``."""
    return NOISE_ULPS * float(np.finfo(objective.dtype).eps) * abs(value)


def divergence_limit(objective: Objective, start: float) -> float:
    """The value above which a run that began at ``start`` has diverged."""
    if objective.is_online:
        return np.inf
    return DIVERGENCE_FACTOR * max(abs(start), abs(objective.reference), np.finfo(float).tiny)


class Stop(NamedTuple):
    """Why a run is over, in a sentence, and what would let it continue."""

    reason: StopReason
    message: str
    remedy: str = ""


@dataclass
class Iterate:
    """A point that a solver has reached, and what it knows there.

    Attributes
    ----------
    params : ndarray of shape (p,)
    value : float
        The objective, nonsmooth part included.
    n_iter : int
    gradient : ndarray or None
        Of the smooth part; None if ``value`` is the mean over a pass.
    decrease : float or None
        The solver's own estimate of what is left to gain.
    metric : Metric or None
        The solver's own, made near here.
    newton : tuple or None
        What ``newton_decrement`` would find here, if the solver has it.
    """

    params: NDArray
    value: float
    n_iter: int = 0
    gradient: NDArray | None = None
    decrease: float | None = None
    metric: Metric | None = None
    newton: tuple[float, NDArray, Metric] | None = None


class StoppingRule(ABC):
    """A reason to end a run; asked once an iteration.

    Attributes
    ----------
    optimality : float
        The gap to the optimum that the rule has estimated last; NaN if it estimates none.
    """

    optimality = np.nan

    @abstractmethod
    def check(self, at: Iterate) -> Stop | None:
        """Why the run is over, or None."""

    def finish(self, at: Iterate) -> Stop | None:
        """The same at the end of a run that another rule has ended."""
        return None


def convergence_rule(objective: Objective, run: Run) -> StoppingRule:
    """The rule that decides whether a run has converged, by what the objective knows."""
    if (objective.is_convex or objective.has_metric) and not objective.is_online:
        return NewtonDecrement(objective, run)
    if run.patience is not None:
        return Plateau(run, first=int(objective.is_online))
    return SolverEstimate(objective, run)


class NewtonDecrement(StoppingRule):
    """What second derivatives predict is left to gain, relative to F: the same for every solver.

    Attributes
    ----------
    metric, direction : Metric, ndarray or None
        Found at the latest iterate if the check made them; a solver may continue with both.
    """

    def __init__(self, objective: Objective, run: Run):
        self._objective, self._run = objective, run
        self.metric: Metric | None = None
        self.direction: NDArray | None = None
        self._estimate, self._correction = 0.0, 1.0
        self._next_check = FIRST_CHECK
        self._checked: tuple[Iterate | None, Stop | None] = (None, None)

    def check(self, at):
        self.metric = self.direction = None
        return self.finish(at) if self._run.tol > 0 and self._is_time(at) else None

    def _is_time(self, at):
        """A check costs passes, so the solver's estimate, corrected by the last check, decides."""
        if at.decrease is None:
            return at.n_iter >= self._next_check
        self._estimate = at.decrease
        decrease = at.decrease * self._correction
        self.optimality = self._relative(decrease, at.value)
        limit = max(self._run.tol, self._precision(at.value))
        return SAFETY * decrease <= limit * scale(self._objective, at.value)

    def finish(self, at):
        if self._checked[0] is not at:
            self._checked = (at, self._look(at))
        return self._checked[1]

    def _look(self, at):
        if at.gradient is None:
            smooth, at.gradient = self._objective.value_and_gradient(at.params)
            at.value = float(smooth + self._objective.nonsmooth(at.params))
        if not np.isfinite(at.value):
            return None
        found = at.newton or newton_decrement(self._objective, at.params, at.gradient, at.metric)
        if found is None:
            return None
        decrease, self.direction, self.metric = found
        self._next_check = int(CHECK_GROWTH * at.n_iter) + 1
        if self._estimate > 0:
            self._correction = max(decrease / self._estimate, np.finfo(float).tiny)
        self.optimality = self._relative(decrease, at.value)
        return self._stop(at) if self._run.tol > 0 else None

    def _stop(self, at):
        if self.optimality <= self._run.tol:
            return Stop(StopReason.CONVERGED, self._sentence())
        if self.optimality <= self._precision(at.value):
            return Stop(StopReason.PRECISION, StopReason.PRECISION.value)
        return None

    def _sentence(self):
        gap = f"{self.optimality:.1e} (relative)"
        if not self._objective.is_convex:
            return (
                f"{StopReason.CONVERGED.value} to a stationary point, where second derivatives "
                f"predict a gain of {gap}, tol={self._run.tol:g}"
            )
        return (
            f"{StopReason.CONVERGED.value}: the objective is within {gap} of the optimum, "
            f"tol={self._run.tol:g}"
        )

    def _relative(self, decrease, value):
        return float(min(1.0, SAFETY * decrease / scale(self._objective, value)))

    def _precision(self, value):
        """The smallest gap that can be distinguished from rounding."""
        return SAFETY * noise(self._objective, value) / scale(self._objective, value)


class SolverEstimate(StoppingRule):
    """The solver's own estimate of what is left: all there is without second derivatives."""

    def __init__(self, objective: Objective, run: Run):
        self._objective, self._run = objective, run

    def check(self, at):
        if at.decrease is None or self._run.tol == 0:
            return None
        unit = scale(self._objective, at.value)
        self.optimality = float(min(1.0, SAFETY * at.decrease / unit))
        if self.optimality <= self._run.tol:
            return Stop(
                StopReason.CONVERGED,
                f"{StopReason.CONVERGED.value}: by the solver's estimate the objective is within "
                f"{self.optimality:.1e} (relative) of a minimum, tol={self._run.tol:g}",
            )
        if at.decrease <= noise(self._objective, at.value):
            return Stop(StopReason.PRECISION, StopReason.PRECISION.value)
        return None


class Plateau(StoppingRule):
    """For networks: the objective has stopped falling.

    Gains are relative to the start, as a loss near zero is never flat relative to itself. Updates
    row by row start from zero parameters, where mistakes cost nothing: their ``first`` value is
    that of a pass.
    """

    def __init__(self, run: Run, first: int = 0):
        self._run, self._first = run, first
        self._unit = self._lowest = np.inf
        self._since = 0

    def check(self, at):
        if self._run.tol == 0:
            return None
        if at.n_iter < self._first:
            return None
        is_first = at.n_iter == self._first
        if is_first:
            self._unit = max(abs(at.value), np.finfo(float).tiny)
        gain = self._lowest - at.value
        if is_first or gain > self._run.tol * self._unit:
            self._lowest, self._since = at.value, 0
        else:
            self._since += 1
        self.optimality = float(min(1.0, max(gain, 0.0) / self._unit)) if not is_first else np.nan
        if self._since < self._run.patience:
            return None
        return Stop(
            StopReason.CONVERGED,
            f"{StopReason.CONVERGED.value}: the objective fell by less than tol={self._run.tol:g} "
            f"of its initial value in {self._since} iterations",
        )

    def at_limit(self, values: list[float]) -> Stop | None:
        """What a run amounts to that used up its iterations, by the objectives on the way.

        Gains of less than ``tol`` an iteration are worth going on for while there are iterations
        left, and no reason to ask for more of them. A descent that is slow from the start has not
        arrived anywhere.
        """
        recent, values = self._run.patience or 1, values[self._first :]
        if self._run.tol == 0 or len(values) <= recent:
            return None
        gain = (min(values[:-recent]) - min(values[-recent:])) / recent
        mean_gain = (values[0] - min(values)) / len(values)
        if gain >= min(self._run.tol * abs(values[0]), SLOWDOWN * mean_gain):
            return None
        return Stop(
            StopReason.CONVERGED,
            f"{StopReason.CONVERGED.value}: the objective fell by less than tol={self._run.tol:g} "
            f"of its initial value an iteration in the last {recent}",
        )


class Divergence(StoppingRule):
    """The objective is not a number any more."""

    def check(self, at):
        if np.isfinite(at.value):
            return None
        return Stop(
            StopReason.DIVERGED,
            f"{StopReason.DIVERGED.value}: the objective is {at.value} after {at.n_iter} "
            "iterations",
        )


class ValidationScore(StoppingRule):
    """The score of the best iterate has not improved for some time."""

    def __init__(self, best: "Best", run: Run):
        self._best, self._patience = best, run.patience or 1

    def check(self, at):
        if self._best.age < self._patience:
            return None
        return Stop(
            StopReason.VALIDATION,
            f"{StopReason.VALIDATION.value} in {self._best.age} iterations",
        )


class Limits(StoppingRule):
    """The run has used up its iterations or its time."""

    def __init__(self, run: Run, history):
        self._run, self._history = run, history

    def check(self, at):
        run, n_iter = self._run, self._run.stage.iterations + at.n_iter
        if n_iter >= run.max_iter:
            message = f"{StopReason.MAX_ITER.value}={run.max_iter} iterations"
            return Stop(StopReason.MAX_ITER, message, "Increase max_iter")
        if run.max_time is not None and self._history.seconds >= run.max_time:
            message = f"{StopReason.MAX_TIME.value}={run.max_time} seconds"
            return Stop(StopReason.MAX_TIME, message, "Increase max_time")
        return None


class Best:
    """The best iterate so far, by validation score or by objective.

    Attributes
    ----------
    merit : float
        Its score, or minus its objective.
    params : ndarray of shape (p,)
    age : int
        Iterations since the merit last rose.
    """

    def __init__(self, params: NDArray):
        self.merit, self.params, self.age = -np.inf, params, 0
        self._is_empty = True

    def offer(self, merit: float, params: NDArray) -> None:
        """Compare another iterate with the best."""
        self.age = 0 if merit > self.merit else self.age + 1
        # of equal ones the latest: accuracy is often as high long before the descent ends
        if merit >= self.merit or self._is_empty:
            self.merit, self.params, self._is_empty = merit, params.copy(), False
