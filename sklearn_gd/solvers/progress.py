"""When to stop, what to record and which parameters to keep: the same for every solver."""

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_gd.metric import Metric
from sklearn_gd.objective import Objective
from sklearn_gd.solvers.run import Result, Run

# Near the optimum the gap is at most twice what the quadratic model predicts (Boyd and
# Vandenberghe, 2004, section 9.6.3).
SAFETY = 2.0
# Solvers without a signal of their own are looked at after 4 passes, then at intervals that grow.
FIRST_LOOK = 4
LOOK_GROWTH = 1.5
# After as many steps that change the objective by nothing but noise, its precision is spent.
MAX_UNMOVED = 10


class Progress:
    """What a run has seen so far; it decides when the run is over.

    A solver tells it each iterate; ``Run.callback`` is given it.

    Attributes
    ----------
    params : ndarray of shape (p,)
        The latest iterate.
    value : float
        Its objective.
    n_iter : int
        Iterations done.
    optimality : float
        Predicted decrease, relative to the objective; infinite while it is not known.
    converged : bool
    message : str
        Why the run is over; empty while it is not.
    remedy : str
        What would let a run go on that ended before it converged.
    history : dict of lists
        As in :class:`Result`.
    scores : list of float
        Validation scores so far.
    state : object or None
        What a resumable solver can go on from.
    rate_cut : float
        What is left of the learning rate after cuts because of divergence.
    goes_on : bool
        Whether the run continues an earlier one, so that its own start is nothing to return to.
    start_is_rough : bool
        Whether the first value is that of some of the rows, which decides no close call.
    new_metric, new_direction : Metric, ndarray or None
        The metric and Newton's direction at the latest iterate, if judging it took them: solvers
        may go on with both.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.solvers import GradientDescent, Run
    >>> run = Run(learning_rate=0.5, callback=lambda progress: progress.value < 0.1)
    >>> GradientDescent().minimize(lambda w: (w @ w / 2, w), np.ones(2), run).message
    'stopped by a callback'
    """

    def __init__(self, objective: Objective, run: Run, start: NDArray):
        self._objective, self._run, self._start = objective, run, start
        self._began = time.perf_counter()
        self.n_iter = -1
        self.params = start
        self.value = np.inf
        self.optimality = np.inf
        self.converged = False
        self.message = ""
        self.remedy = ""
        self.new_metric: Metric | None = None
        self.new_direction: NDArray | None = None
        self.state: Any = None
        self.rate_cut = 1.0
        self._is_retry = False
        self.goes_on = False
        self.start_is_rough = False
        self.history: dict[str, list[float]] = {
            name: [] for name in ("objective", "optimality", "step_size", "passes", "seconds")
        }
        self.scores: list[float] = []
        self._start_value = np.inf
        self._best: tuple[float, NDArray] = (-np.inf, start)
        self._is_mean = False
        self._since_best = 0
        self._unmoved = 0
        self._near: Metric | None = None
        self._newton: tuple[float, NDArray, Metric] | None = None
        self._lowest = np.inf
        self._since_lowest = 0
        self._estimate = 0.0
        self._correction = 1.0
        self._next_look = FIRST_LOOK

    def done(
        self,
        params,
        value,
        gradient=None,
        *,
        decrease=None,
        metric=None,
        newton=None,
        step_size=np.nan,
    ) -> bool:
        """Record an iterate; True when the run is over.

        Parameters
        ----------
        params : ndarray of shape (p,)
        value : float
            The objective, nonsmooth part included; for a stochastic solver its mean over the pass.
        gradient : ndarray of shape (p,), default=None
            Of the smooth part, where the solver knows it.
        decrease : float, default=None
            The solver's own estimate of what could still be gained; it decides when to look.
        metric : Metric, default=None
            The solver's own, made near here.
        newton : tuple, default=None
            What ``objective.predicted_decrease`` would tell here, where the solver has found it.
        step_size : float, default=nan
            That led here, for the history.

        Returns
        -------
        is_over : bool
        """
        self.n_iter += 1
        self.params, self.value, self.new_metric = params, float(value), None
        self._is_mean = gradient is None
        if self.n_iter == 0:
            self._start_value = self.value
            self._objective.start_at(self.value)
        self._track_best()
        self.remedy = ""
        self._near, self._newton = metric, newton
        self.message = self._reason_to_stop(gradient, decrease)
        self._is_retry = False
        self._record(step_size)
        if self._run.callback is not None and self._run.callback(self) and not self.message:
            self.message = "stopped by a callback"
        return bool(self.message)

    def cut_rate(self, rate_cut: float) -> None:
        """Tell that the last iteration diverged and is tried again at another rate."""
        self.rate_cut = rate_cut
        self._is_retry = True

    @property
    def noise(self) -> float:
        """Changes of the objective that mean nothing in its precision."""
        return self._objective.noise(self.value)

    def is_spent(self, total: float) -> bool:
        """Whether so many steps, that to ``total`` the last, changed the objective by noise alone.

        Its precision is spent then.
        """
        self._unmoved = self._unmoved + 1 if total >= self.value - self.noise else 0
        return self._unmoved == MAX_UNMOVED and self._run.tol > 0

    def stall(self, decrease: float) -> None:
        """End the run: no step lowers the objective though ``decrease`` was predicted."""
        self._judge(None)
        if self.converged:
            return
        self.converged = decrease <= 100 * self.noise
        self.message = (
            "converged to the limit of precision"
            if self.converged
            else "stopped: no step along the direction of descent lowers the objective; "
            "either the precision of X is spent, or value and gradient of the loss do not agree"
        )

    def end(self, params: NDArray, message: str, success: bool) -> None:
        """End the run by the verdict of a library that walked by itself."""
        self.params = params
        self.value = self._objective.value(params)
        self._judge(None)
        if not self._objective.is_convex:
            self.converged = success
        self.message = self.message or message

    def result(self, interrupted: bool = False) -> Result:
        """The best of the run, judged."""
        if interrupted:
            self.message = f"interrupted after {max(self.n_iter, 0)} iterations"
            self.params, self._is_mean = self._best[1], True
        elif self._is_unjudged():
            message = self.message
            self._judge(None)
            self.message = self.message if self.converged else message
        self._return_to_best()
        if self.rate_cut < 1:
            self.remedy = "Lower the learning_rate, or scale the features"
            self.message += (
                f"; the objective diverged, so the learning rate was cut to {self.rate_cut:.2g} of "
                "itself: it is too large for the scale of the features"
            )
        return Result(
            # a proximal step of no length: what a constraint forbids by a rounding error is undone
            params=self._objective.prox(self.params, 0.0),
            value=self.value,
            optimality=self.optimality,
            n_iter=max(self.n_iter, 0),
            converged=self.converged,
            message=self.message,
            remedy=self.remedy,
            history=self.history,
            scores=self.scores or None,
            state=self.state,
            was_cut=self.rate_cut < 1,
            interrupted=interrupted,
        )

    def _is_unjudged(self) -> bool:
        """Whether the end of the run is yet to be looked at, and can be: by second derivatives."""
        return (
            not self.converged
            and self._run.score is None
            and self._run.verdict
            and self._objective.is_convex
        )

    def _reason_to_stop(self, gradient, decrease) -> str:
        if not np.isfinite(self.value):
            return f"diverged: the objective is {self.value} after {self.n_iter} iterations"
        may_converge = self._run.tol > 0 and not self._is_retry
        if may_converge and (reason := self._convergence(gradient, decrease)):
            self.converged = True
            return reason
        if self._run.score is not None and self._since_best >= (self._run.patience or 1):
            self.converged = True
            return f"the validation score did not improve in {self._since_best} iterations"
        over = self._run.exhausted(self._run.spent + self.n_iter, self._seconds())
        message, self.remedy = over or ("", "")
        return message

    def _convergence(self, gradient, decrease) -> str:
        if self._objective.is_convex:
            return self._judge(gradient) if self._is_time_to_look(decrease) else ""
        if self._run.patience is not None:
            return self._plateau()
        if decrease is None:
            return ""
        self.optimality = decrease / self._objective.scale(self.value)
        # without second derivatives the solver's estimate is all there is, and no promise
        return self._verdict(decrease, "by the solver's estimate")

    def _is_time_to_look(self, decrease) -> bool:
        """Looking costs passes, so the solver's estimate, corrected by the last look, decides."""
        if decrease is None:
            return self.n_iter >= self._next_look
        self._estimate = decrease
        self.optimality = decrease * self._correction / self._objective.scale(self.value)
        return decrease * self._correction <= self._limit()

    def _judge(self, gradient) -> str:
        """The rule that is the same for every solver: the Newton decrement, relative to F."""
        if gradient is None:
            smooth, gradient = self._objective.value_and_gradient(self.params)
            self.value = smooth + self._objective.nonsmooth(self.params)
            self._is_mean = False
        if not np.isfinite(self.value):
            return ""
        found = self._newton or self._objective.predicted_decrease(
            self.params, gradient, self._near
        )
        if found is None:
            return ""
        decrease, self.new_direction, self.new_metric = found
        self._next_look = int(LOOK_GROWTH * self.n_iter) + 1
        if self._estimate > 0:
            self._correction = max(decrease / self._estimate, np.finfo(float).tiny)
        self.optimality = decrease / self._objective.scale(self.value)
        reason = self._verdict(decrease) if self._run.tol > 0 else ""
        self.converged = bool(reason)
        self.message = reason
        return reason

    def _limit(self) -> float:
        return max(self._run.tol * self._objective.scale(self.value) / SAFETY, self.noise)

    def _verdict(self, decrease, surety="at most") -> str:
        if SAFETY * decrease <= self._run.tol * self._objective.scale(self.value):
            return (
                f"converged: {surety} {SAFETY * self.optimality:.1e} of the objective is left to "
                f"gain, tol={self._run.tol:g}"
            )
        return "converged to the limit of precision" if decrease <= self.noise else ""

    def _plateau(self) -> str:
        """For networks: beside the start, as a loss near zero is never flat beside itself."""
        unit = max(abs(self._start_value), np.finfo(float).tiny)
        gain = self._lowest - self.value
        if self.n_iter == 0 or gain > self._run.tol * unit:
            self._lowest, self._since_lowest = self.value, 0
        else:
            self._since_lowest += 1
        self.optimality = max(gain, 0.0) / unit
        if self._since_lowest < self._run.patience:
            return ""
        return (
            f"converged: the objective fell by less than tol={self._run.tol:g} of its start "
            f"in {self._since_lowest} iterations"
        )

    def _track_best(self):
        if self._run.score is None:
            merit = -self.value if np.isfinite(self.value) else -np.inf
        else:
            merit = float(self._run.score(self.params))
            self.scores.append(merit)
        if self._is_retry:
            return
        margin = self._run.tol * abs(self._best[0]) if np.isfinite(self._best[0]) else 0.0
        self._since_best = 0 if merit > self._best[0] + margin else self._since_best + 1
        if merit > self._best[0] or self.n_iter == 0:
            self._best = (merit, self.params.copy())

    def _return_to_best(self):
        """After early stopping the best-scored params; else the last, unless they are worse."""
        if self._run.score is not None:
            self._go_to(self._best[1])
        elif self._is_mean:
            self._go_to(self.params)
        if self.goes_on:
            return
        if self._run.score is not None:
            return
        if self.start_is_rough and self.value > self._start_value / 2:
            self._start_value = self._objective.value(self._start)
        if self.value <= self._start_value:
            return
        climbed = not self.value <= self._start_value + self._run.tol * abs(self._start_value)
        self._go_to(self._best[1])
        if not self.value <= self._start_value:
            self._go_to(self._start)
        if self.converged and climbed and not self.value < self._start_value:
            self.message = "stopped: no iterate was below the start, which is returned"
            self.converged = False

    def _go_to(self, params):
        self.params, self.value = params, self._objective.value(params)

    def _record(self, step_size):
        row = (self.value, self.optimality, step_size, self._objective.passes, self._seconds())
        for column, entry in zip(self.history.values(), row, strict=True):
            column.append(float(entry))
        if self._run.verbose and self.n_iter % self._run.verbose == 0:
            print(
                f"iteration {self.n_iter}: objective = {self.value:.8g}, "
                f"optimality = {self.optimality:.2g}"
            )

    def _seconds(self):
        return self._run.spent_seconds + time.perf_counter() - self._began
