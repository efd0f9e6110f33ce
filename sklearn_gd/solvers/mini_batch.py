"""The loop that all stochastic solvers share: passes, batches, learning rates, the way back."""

from abc import abstractmethod
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sklearn_gd.schedules import Clock, Constant, Schedule
from sklearn_gd.solvers.base import Solver
from sklearn_gd.solvers.rates import MIN_AUTO_BATCH, Plateaus, Rate
from sklearn_gd.solvers.stopping import DIVERGENCE_FACTOR, divergence_limit

AUTO_UPDATES_PER_PASS = 20
# The learning rate of a pass that diverged is halved, but not below this fraction, where the
# gradient itself must be wrong.
SMALLEST_CUT = 1e-15
# Each chunk of a stream raises a rate that was reduced: eight of them double it.
RECOVERY = 2 ** (1 / 8)
# What a rule may do in a pass, besides ``init`` and ``update``.
HOOKS = ("begin_pass", "estimate", "decay", "step_size", "prox")


@dataclass
class State:
    """Where a stochastic run stands: all that another run needs to resume it exactly."""

    params: NDArray
    rule: dict[str, Any]
    rng: np.random.Generator
    schedule: Callable[[Clock], float]
    learning_rate: Rate
    step: int = 0
    epoch: int = 0
    plateaus: Plateaus = field(default_factory=Plateaus)
    cut: float = 1.0
    mean_params: NDArray | None = None
    averaged: int = 0
    good: NDArray | None = None
    first_value: float = np.inf
    value: float = np.inf
    last_value: float = np.nan

    @property
    def clock(self) -> Clock:
        """The same for a schedule."""
        return Clock(step=self.step, epoch=self.epoch, plateaus=self.plateaus.count)

    @property
    def rate(self) -> float:
        """The learning rate of the update that comes next."""
        return self.cut * self.schedule(self.clock)


class MiniBatch(Solver):
    """Base class of stochastic solvers, with one update per batch.

    Your own update rule is a subclass with two methods, ``init`` and ``update``, and with dataclass
    fields where it has parameters.

    Attributes
    ----------
    resumable : bool
        Whether it can continue from the state of an earlier result: True.
    method_parameters : frozenset of str
        Which parameters of the estimator it uses: "learning_rate", "batch_size" and "average", and
        of networks "dropout" and "max_norm".
    step_is_scalar : bool
        Whether ``step_size`` is one number for all parameters.
    least_auto_batch : int
        The smallest number of rows that ``batch_size="auto"`` may choose.
    auto_updates : int
        Updates a pass that ``batch_size="auto"`` is made for, within bounds.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.preprocessing import scale
    >>> from sklearn_gd import GDSoftmaxClassifier
    >>> from sklearn_gd.solvers import MiniBatch
    >>> class SignDescent(MiniBatch):
    ...     def init(self, params):
    ...         return {}
    ...
    ...     def update(self, gradient, state, params, clock, rate):
    ...         return -rate * np.sign(gradient)
    >>> X, y = load_wine(return_X_y=True)
    >>> settings = {"learning_rate": 0.01, "max_iter": 20, "tol": 0, "random_state": 0}
    >>> model = GDSoftmaxClassifier(solver=SignDescent(), **settings).fit(scale(X), y)
    >>> bool(model.score(scale(X), y) > 0.95)
    True
    """

    resumable: ClassVar[bool] = True
    step_is_scalar: ClassVar[bool] = False
    method_parameters: ClassVar = frozenset(
        {"learning_rate", "batch_size", "average", "dropout", "max_norm"}
    )
    auto_updates: ClassVar[int] = AUTO_UPDATES_PER_PASS
    least_auto_batch: ClassVar[int] = MIN_AUTO_BATCH

    @abstractmethod
    def init(self, params: NDArray) -> dict[str, Any]:
        """The state of the rule before the first update.

        Parameters
        ----------
        params : ndarray of shape (p,)
            Where the run begins.

        Returns
        -------
        state : dict
            What ``update`` remembers, by name.
        """

    @abstractmethod
    def update(
        self, gradient: NDArray, state: dict, params: NDArray, clock: Clock, rate: float
    ) -> NDArray:
        """The change of the parameters by one batch.

        Parameters
        ----------
        gradient : ndarray of shape (p,)
            Of the batch, the smooth part of the penalty included.
        state : dict
            That of ``init``, to be written to.
        params : ndarray of shape (p,)
            The parameters before the update; not to be written to.
        clock : Clock
            Where the run stands: ``clock.update`` is the number of the update, 1 at the first.
        rate : float
            Learning rate.

        Returns
        -------
        change : ndarray of shape (p,)
            What to add to the parameters.
        """

    def step_size(self, state: dict, clock: Clock, rate: float) -> float | NDArray:
        """How far the last update went along its gradient, for the proximal step.

        A rule that does not say it is refused for penalties with a nonsmooth part, which would
        otherwise be minimised at another strength than ``alpha``.

        Parameters
        ----------
        state : dict
            As ``update`` has left it.
        clock : Clock
            As ``update`` received it.
        rate : float
            Learning rate.

        Returns
        -------
        step_size : float or ndarray of shape (p,)
            One for all parameters, or one for each: the update divided by minus the gradient.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say its step size.")

    def begin_pass(self, objective, params: NDArray, state: dict) -> None:
        """Prepare a pass; for rules that look at all rows first."""

    def estimate(self, oracle, params: NDArray, state: dict) -> tuple[float, NDArray]:
        """Value and gradient at ``params`` as the batch sees them."""
        return oracle(params)

    def prox(self, objective, params: NDArray, step_size, state: dict) -> NDArray:
        """The proximal step that follows an update.

        Parameters
        ----------
        objective : Objective
        params : ndarray of shape (p,)
            After the update.
        step_size : float or ndarray of shape (p,)
            As of ``step_size``.
        state : dict
            As ``update`` has left it.

        Returns
        -------
        params : ndarray of shape (p,)
        """
        return objective.prox(params, step_size)

    def decay(self, weights: list[NDArray], rate: float) -> None:
        """Shrink weights in place, apart from the objective."""

    def auto_rate(self, objective, batch_size: int) -> float:
        """The learning rate where none is given."""
        return 0.001

    def auto_schedule(self, objective) -> Callable[[float, int, int], Schedule]:
        """A schedule from that rate, the number of steps in a pass, and that of passes."""
        return Constant.from_rate

    def divergence_limit(self, objective, state: State) -> float:
        """The mean objective of a pass above which its steps are taken back.

        By where the run began, not where it is resumed, as a stream may not climb from chunk to
        chunk.
        """
        return divergence_limit(objective, state.first_value)

    def mean_loss(self, state: State) -> float:
        """About the mean loss of the latest rows of a stream, each before it was learnt from."""
        return state.value

    def unsupported(self, objective):
        name = type(self).__name__
        if objective.n_samples == 0:
            return (
                f"{name} needs rows to make batches of, and a plain function has none; use "
                "LBFGS() instead."
            )
        if not (objective.is_smooth or self.declares("step_size", "update")):
            return (
                f"{name} does not say its step_size, which the proximal operator of a penalty "
                "such as 'l1' or that of positive=True needs; define step_size, or use "
                "solver='adam'."
            )
        if not (objective.is_smooth or objective.is_separable or self.step_is_scalar):
            return (
                f"{name} has a step size for each parameter, and the proximal operator of this "
                "penalty takes one for all; use solver='sgd' or solver='auto'."
            )
        return None

    def _run(self, objective, params, run, progress, state):
        size = self._batch_size(objective, run)
        is_resumed = state is not None
        state = deepcopy(state) or self._fresh_state(objective, params, run, size)
        if state.learning_rate != run.learning_rate:
            state.learning_rate = run.learning_rate
            state.schedule = self._schedule(objective, run, size)
        progress.state = state
        sample = objective.subsampled()
        # a stream continues from the mean of its last pass, which the new rows cannot give
        start = state.value if is_resumed and run.stage.is_chunk else sample.value(state.params)
        if run.unfinished is not None:
            start = run.unfinished["start_value"]
        elif not is_resumed:
            state.first_value = state.value = start
            state.good = state.params.copy()
        elif run.stage.is_chunk and state.cut < 1:
            self._recover(state, sample)
        self._passes(objective, run, progress, state, start, is_estimate=sample is not objective)
        state.last_value = sample.value(state.params) if state.cut < 1 else np.nan

    def _passes(self, objective, run, progress, state, start, is_estimate):
        params, value, size = state.params, start, self._batch_size(objective, run)
        limit = self.divergence_limit(objective, state)
        # a pass is known to have been good only when the next one, from where it ended, begins well
        while not progress.done(
            self._answer(params, state, run), value, step_size=state.rate, is_estimate=is_estimate
        ):
            before = params.copy()
            value = self._pass(objective, params, run, state, size)
            if value <= limit or self._is_hard(objective, value, state.good):
                state.good, state.value = before, value
                state.plateaus.watch(value, run.patience)
                continue
            is_last = state.cut <= SMALLEST_CUT
            self._roll_back(state)
            if is_last:
                return progress.stop_learning()
            progress.retry(state.cut)
            value = start

    def _recover(self, state, sample):
        """Raise a rate that earlier rows had reduced; the same rows again would reduce it again."""
        if sample.value(state.params) != state.last_value:
            state.cut = min(1.0, RECOVERY * state.cut)

    def _is_hard(self, objective, value, good):
        """Whether the rows are to blame for a high value, and not the steps.

        Their own constant is as high, or so are the last parameters that are known to be good.
        """
        limit = DIVERGENCE_FACTOR * objective.constant_value()
        return value <= limit or value <= objective.value(good)

    def _batch_size(self, objective, run):
        # losses for stochastic updates are learnt row by row
        updates = objective.n_samples if objective.is_online else self.auto_updates
        least = 1 if objective.is_online else self.least_auto_batch
        return run.batch_size.rows(objective.n_samples, max(updates, 1), least)

    def _roll_back(self, state):
        """Back to the last good params with half the rate, and a rule that forgot the climb."""
        state.params[...] = state.good
        state.rule = self.init(state.params)
        state.cut /= 2
        state.mean_params, state.averaged = None, 0

    def _schedule(self, objective, run, size):
        return run.learning_rate.schedule(
            lambda: self.auto_rate(objective, size),
            objective.n_batches(size),
            self.auto_schedule(objective),
        )

    def _fresh_state(self, objective, params, run, size):
        return State(
            params=params,
            rule=self.init(params),
            rng=deepcopy(run.rng),
            schedule=self._schedule(objective, run, size),
            learning_rate=run.learning_rate,
        )

    def _compiled_pass(self, objective, params, run, state, size) -> float | None:
        """The same as ``_pass`` in machine code; None where no loop does the same."""
        return None

    def _pass(self, objective, params, run, state, size):
        """Update ``params`` by every batch once; the mean objective on the way."""
        if self.declares("_compiled_pass", *MiniBatch.__abstractmethods__, *HOOKS):
            value = self._compiled_pass(objective, params, run, state, size)
            if value is not None:
                return value
        total, count = 0.0, 0
        rng = state.rng if run.shuffle else None
        self.begin_pass(objective, params, state.rule)
        for oracle in objective.batches(size, rng):
            value, gradient = self.estimate(oracle, params, state.rule)
            rate = state.rate
            if run.max_norm is not None:
                gradient *= min(1.0, run.max_norm / max(np.linalg.norm(gradient), 1e-300))
            clock = state.clock
            self.decay(objective.weights(params), rate)
            params += self.update(gradient, state.rule, params, clock, rate)
            state.step += 1
            if not objective.is_smooth:
                step_size = self.step_size(state.rule, clock, rate)
                params[...] = self.prox(objective, params, step_size, state.rule)
                value += objective.nonsmooth(params)
            if run.average:
                _average(params, state)
            total, count = total + value, count + 1
        state.epoch += 1
        return total / count

    def _answer(self, params, state, run):
        if run.average and state.mean_params is not None:
            return state.mean_params
        return params


def _average(params, state):
    """The mean of all params since the first pass, which is left out as the way to the valley."""
    if state.epoch == 0:
        return
    if state.mean_params is None:
        state.mean_params = np.zeros_like(params)
    state.averaged += 1
    state.mean_params += (params - state.mean_params) / state.averaged
