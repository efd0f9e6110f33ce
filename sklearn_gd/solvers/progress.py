"""What a run has seen so far: history, stopping rules and the best iterate, joined."""

from copy import deepcopy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_gd.objective import Objective
from sklearn_gd.quadratic import Metric
from sklearn_gd.solvers.history import History
from sklearn_gd.solvers.report import Report, Row
from sklearn_gd.solvers.run import Result, Run, StopReason
from sklearn_gd.solvers.stopping import (
    Best,
    Divergence,
    Iterate,
    Limits,
    NewtonDecrement,
    Plateau,
    Stop,
    StoppingRule,
    ValidationScore,
    convergence_rule,
    noise,
)

# After this many steps in a row that change the objective by noise alone its precision is spent.
MAX_UNMOVED = 10
# A predicted decrease of this many times the noise may be an effect of rounding.
FAR_ABOVE_NOISE = 100
# Numbers of a run that another process needs to continue it.
SNAPSHOT = ("_is_resumed", "_start_is_estimate", "rate_cut")


class Progress:
    """Records each iterate of a solver, and decides whether the run is over.

    ``Run.callback`` receives it.

    Attributes
    ----------
    params : ndarray of shape (p,)
        The latest iterate.
    value : float
        Its objective.
    n_iter : int
        Number of iterations so far.
    optimality : float
        Estimated gap to the optimum relative to the objective; NaN if it is not known.
    history : dict of lists
        As in :class:`Result`.
    scores : list of float
        Validation scores so far.
    state : object or None
        What a resumable solver can be resumed from.
    rate_cut : float
        The factor by which the learning rate was reduced because of divergence.
    new_metric, new_direction : Metric, ndarray or None
        The metric and Newton's direction at the latest iterate, if the check of convergence found
        them: a solver may continue with both.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.solvers import GradientDescent, Run
    >>> run = Run(learning_rate=0.5, callback=lambda progress: progress.value < 0.1)
    >>> GradientDescent().minimize(lambda w: (w @ w / 2, w), np.ones(2), run).message
    'stopped by a callback'
    """

    def __init__(self, objective: Objective, run: Run, start: NDArray, is_resumed: bool = False):
        self._objective, self._run = objective, run
        self._start, self._is_resumed = start, is_resumed
        self._at = Iterate(start, np.inf, -1)
        self._start_value, self._start_is_estimate = np.inf, False
        self._history = History(objective, run.stage.seconds)
        self._report = Report(run)
        self._best = Best(start)
        self._convergence = convergence_rule(objective, run)
        self._stop: Stop | None = None
        self._unmoved = 0
        self._is_retry = False
        self.rate_cut = 1.0
        self.state: Any = None
        self._unfinished = run.unfinished

    params = property(lambda self: self._at.params)
    value = property(lambda self: self._at.value)
    n_iter = property(lambda self: self._at.n_iter)
    optimality = property(lambda self: self._convergence.optimality)
    history = property(lambda self: self._history.columns)
    scores = property(lambda self: self._history.scores)

    @property
    def new_metric(self) -> Metric | None:
        """The metric at the latest iterate, if the check of convergence made one."""
        return getattr(self._convergence, "metric", None)

    @property
    def new_direction(self) -> NDArray | None:
        """Newton's direction at the latest iterate, if the check of convergence found it."""
        return getattr(self._convergence, "direction", None)

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
        is_estimate=False,
    ) -> bool:
        """Record an iterate; True when the run is over.

        Parameters
        ----------
        params : ndarray of shape (p,)
        value : float
            The objective, nonsmooth part included; for a stochastic solver its mean over the pass.
        gradient : ndarray of shape (p,), default=None
            Of the smooth part, if the solver knows it.
        decrease : float, default=None
            The solver's own estimate of what is left to gain; it decides when to check.
        metric : Metric, default=None
            The solver's own, made near here.
        newton : tuple, default=None
            What ``newton_decrement`` would find here, if the solver has it.
        step_size : float, default=nan
            Length of the step that led here, for the history.
        is_estimate : bool, default=False
            Whether ``value`` is that of a sample of the rows.

        Returns
        -------
        is_over : bool
        """
        if self._unfinished is not None:
            # the solver reports once more where it was interrupted
            self._restore(self._unfinished)
            self._unfinished = None
            return False
        n_iter = self._at.n_iter + 1
        self._at = Iterate(params, float(value), n_iter, gradient, decrease, metric, newton)
        if n_iter == 0:
            self._start_value, self._start_is_estimate = self._at.value, is_estimate
            self._objective.start_at(self._at.value)
        self._offer_to_best()
        self._stop = self._check()
        self._is_retry = False
        self._history.record(self.value, self.optimality, step_size)
        self._report.show(n_iter, self._row(n_iter))
        if self._run.callback is not None and self._run.callback(self) and self._stop is None:
            self._stop = Stop(StopReason.CALLBACK, StopReason.CALLBACK.value)
        return self._stop is not None

    def so_far(self) -> Result:
        """The result if the run ended here, without the checks that are made at its end."""
        best = self.params if self._run.score is None else self._best.params
        return Result(
            params=self._objective.prox(best.copy(), 0.0),
            value=self.value,
            optimality=self.optimality,
            n_iter=self._run.stage.iterations + self.n_iter,
            reason=StopReason.CALLBACK,
            message=StopReason.CALLBACK.value,
            remedy="",
            history={name: list(column) for name, column in self.history.items()},
            scores=list(self.scores) or None,
            state=deepcopy(self.state),
            was_cut=self.rate_cut < 1,
        )

    def snapshot(self) -> dict[str, Any]:
        """Plain arrays and numbers from which ``Run.unfinished`` continues to the same bits.

        Next to the state of the solver; only stochastic solvers have one.
        """
        return {
            "params": self.params.copy(),
            "value": self.value,
            "n_iter": self.n_iter,
            "start": self._start.copy(),
            "start_value": self._start_value,
            "own": {name: getattr(self, name) for name in SNAPSHOT},
            "best": vars(self._best) | {"params": self._best.params.copy()},
            "convergence": _numbers_of(self._convergence),
            "columns": {name: list(column) for name, column in self.history.items()},
            "scores": list(self.scores),
        }

    def _restore(self, unfinished: dict[str, Any]) -> None:
        self._at = Iterate(unfinished["params"], unfinished["value"], unfinished["n_iter"])
        self._start, self._start_value = unfinished["start"], unfinished["start_value"]
        vars(self).update(unfinished["own"])
        vars(self._best).update(unfinished["best"])
        vars(self._convergence).update(unfinished["convergence"])
        self._history.restore(unfinished["columns"], unfinished["scores"])

    def retry(self, rate_cut: float) -> None:
        """Say that the last iteration diverged and is tried again at another rate."""
        self.rate_cut = rate_cut
        self._is_retry = True

    def precision_is_exhausted(self, total: float) -> bool:
        """Whether ten steps in a row, that to ``total`` the last, gained no more than noise."""
        is_unmoved = total >= self.value - noise(self._objective, self.value)
        self._unmoved = self._unmoved + 1 if is_unmoved else 0
        return self._unmoved == MAX_UNMOVED and self._run.tol > 0

    def stall(self, decrease: float) -> None:
        """End the run: no step lowers the objective though ``decrease`` was predicted."""
        self._stop = self._convergence.finish(self._at)
        if self._stop is not None:
            return
        if decrease <= FAR_ABOVE_NOISE * noise(self._objective, self.value):
            if decrease == 0:
                # steps change nothing, so what second derivatives predict is rounding
                self._convergence.optimality = np.nan
            self._stop = Stop(StopReason.PRECISION, StopReason.PRECISION.value)
            return
        self._stop = Stop(
            StopReason.STALLED,
            f"{StopReason.STALLED.value}: no step along the direction of descent lowers the "
            "objective; either the precision of X is exhausted, or value and gradient of the loss "
            "do not agree",
        )

    def stop_learning(self) -> None:
        """End the run: the objective rises at any learning rate."""
        message = f"{StopReason.RATE_CUT.value}: the objective rises at any learning rate"
        self._stop = Stop(StopReason.RATE_CUT, message)

    def end(self, params: NDArray, message: str, success: bool) -> None:
        """End the run as a library ended it that iterates by itself."""
        self._at = Iterate(params, self._objective.value(params), self.n_iter)
        self._stop = self._convergence.finish(self._at)
        if self._stop is None:
            is_converged = success and not self._objective.is_convex
            reason = StopReason.CONVERGED if is_converged else StopReason.STALLED
            self._stop = Stop(reason, message)

    def result(self, interrupted: bool = False) -> Result:
        """The best of the run, with its optimality."""
        self._report.close()
        if interrupted:
            message = f"{StopReason.INTERRUPTED.value} after {max(self.n_iter, 0)} iterations"
            self._stop = Stop(StopReason.INTERRUPTED, message)
            if self._at.gradient is None or self._best.merit != -self.value:
                self._at = Iterate(self._best.params, self.value, self.n_iter)
        elif self._needs_check():
            self._stop = self._convergence.finish(self._at) or self._stop
        elif isinstance(self._convergence, Plateau) and self._is_at_limit:
            self._stop = self._convergence.at_limit(self.history["objective"]) or self._stop
        self._return_to_best()
        reason, message, remedy = self._with_cut(self._stop or Stop(StopReason.STALLED, ""))
        return Result(
            # a proximal step of no length: what a constraint forbids by a rounding error is undone
            params=self._objective.prox(self.params, 0.0),
            value=self.value,
            optimality=self.optimality,
            n_iter=max(self.n_iter, 0),
            reason=reason,
            message=message,
            remedy=remedy,
            history=self.history,
            scores=self.scores or None,
            state=self.state,
            was_cut=self.rate_cut < 1,
        )

    def _with_cut(self, stop: Stop) -> Stop:
        """A reason that says so where the learning rate was reduced because of divergence.

        A plateau at such a rate is no sign of a minimum: the steps may have become too small, or
        what diverged may have spoilt the network.
        """
        if self.rate_cut == 1 or stop.reason is StopReason.RATE_CUT:
            return stop
        remedy = "Lower the learning_rate, or scale the features"
        cut = (
            f"the objective diverged, so the learning rate was reduced to {self.rate_cut:.2g} "
            "times its value: it is too large for the scale of the features"
        )
        is_plateau = isinstance(self._convergence, Plateau)
        if is_plateau and (stop.reason.is_converged or stop.reason is StopReason.STALLED):
            then = stop.message.removeprefix(f"{stop.reason.value}: ")
            message = f"{StopReason.RATE_CUT.value}: {cut}; then {then}"
            return Stop(StopReason.RATE_CUT, message, remedy)
        link = "before that, " if stop.reason.is_converged else ""
        return Stop(stop.reason, f"{stop.message}; {link}{cut}", remedy)

    def _row(self, n_iter: int) -> Row:
        """The latest iteration as ``verbose`` prints it."""
        score = self.scores[-1] if self.scores else None
        latest = {name: column[-1] for name, column in self.history.items()}
        return Row(
            n_iter,
            latest["passes"],
            latest["objective"],
            latest["optimality"],
            score,
            latest["step_size"],
            latest["seconds"],
        )

    def _rules(self) -> list[StoppingRule]:
        """In the order in which they may end a run."""
        rules: list[StoppingRule] = [Divergence()]
        if not self._is_retry:
            rules.append(self._convergence)
        if self._run.score is not None:
            rules.append(ValidationScore(self._best, self._run))
        return [*rules, Limits(self._run, self._history)]

    def _check(self) -> Stop | None:
        return next((stop for rule in self._rules() if (stop := rule.check(self._at))), None)

    def _needs_check(self) -> bool:
        """Whether second derivatives can tell how near the optimum is, and have not been asked."""
        is_converged = self._stop is not None and self._stop.reason.is_converged
        return (
            isinstance(self._convergence, NewtonDecrement)
            and not is_converged
            and self._run.score is None
            and self._run.stage.check_optimality
        )

    @property
    def _is_at_limit(self):
        return self._stop is not None and self._stop.reason is StopReason.MAX_ITER

    def _offer_to_best(self) -> None:
        if self._run.score is None:
            merit = -self.value if np.isfinite(self.value) else -np.inf
        else:
            merit = float(self._run.score(self.params))
            self.scores.append(merit)
        if not self._is_retry:
            self._best.offer(merit, self.params)

    def _return_to_best(self) -> None:
        """After early stopping the best-scored params; else the last, unless they are worse."""
        if self._run.score is not None:
            self._go_to(self._best.params)
            return
        if self._at.gradient is None:
            self._go_to(self.params)
        if self._is_resumed or self._objective.is_online:
            return
        if self._start_is_estimate and self.value > self._start_value / 2:
            self._start_value = self._objective.value(self._start)
        if self.value <= self._start_value:
            return
        climbed = not self.value <= self._start_value + self._run.tol * abs(self._start_value)
        self._go_to(self._best.params)
        if not self.value <= self._start_value:
            self._go_to(self._start)
        is_converged = self._stop is not None and self._stop.reason.is_converged
        if is_converged and climbed and not self.value < self._start_value:
            message = "no iterate improved on the starting point, which is returned"
            self._stop = Stop(StopReason.STALLED, f"{StopReason.STALLED.value}: {message}")

    def _go_to(self, params) -> None:
        self._at = Iterate(params, self._objective.value(params), self.n_iter)


def _numbers_of(rule: StoppingRule) -> dict[str, float]:
    return {name: value for name, value in vars(rule).items() if isinstance(value, (int, float))}
