"""Where a fit has been: every iterate, without a word of it in the estimators."""

import warnings
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from sklearn_gd._components import resolve
from sklearn_gd._estimator import GradientDescentEstimator, is_auto
from sklearn_gd._validation import check_parameters
from sklearn_gd.empirical_risk import EmpiricalRisk
from sklearn_gd.objective import Objective
from sklearn_gd.solvers import SOLVERS, MiniBatch, Result, Run, Solver, choose


class Walk(NamedTuple):
    """One call of ``minimize``: what was minimised, each iterate, what came out."""

    objective: Objective
    iterates: list[NDArray]
    result: Result
    learning_rate: float


class Recording(NamedTuple):
    """A fit of an estimator, as the objective of its own loss sees it.

    ``path`` begins at the start; ``passes`` and ``seconds`` are those spent up to each of its
    points. ``solution`` is what the fit returned: the end of the path, unless an earlier point was
    better. ``learning_rate`` is the first that the solver took, NaN if it has none.
    """

    objective: Objective
    path: NDArray
    solution: NDArray
    passes: NDArray
    seconds: NDArray
    was_cut: bool
    solver: Solver
    learning_rate: float


@dataclass(kw_only=True, eq=False, repr=False)
class Recorder(Solver):
    """Lets another solver walk, and remembers where it has been.

    Unlike other solvers it keeps what it saw on itself, so each serves one fit.
    """

    solver: Any

    def __post_init__(self):
        self.walks: list[Walk] = []
        self.chosen: Solver | None = None

    def __repr__(self):
        return repr(self.solver)

    @property
    def resumable(self):
        return self.chosen.resumable

    @property
    def method_parameters(self):
        return (MiniBatch if is_auto(self.solver) else self.chosen).method_parameters

    def unsupported(self, objective):
        # the first that an estimator asks, and when the objective is known
        self.chosen = (
            choose(objective)
            if is_auto(self.solver)
            else resolve("solver", self.solver, Solver, SOLVERS)
        )
        return self.chosen.unsupported(objective)

    def minimize(self, objective, params, run=None, state=None):
        walk = walk_down(self.chosen, objective, params, run, state)
        self.walks.append(walk)
        return walk.result

    def _run(self, objective, params, run, progress, state):
        self.chosen._run(objective, params, run, progress, state)


def walk_down(solver, objective, params, run: Run, state=None) -> Walk:
    """Minimise, and remember each iterate."""
    iterates = []

    def record(progress):
        iterates.append(np.array(progress.params))

    result = solver.minimize(objective, params, replace(run, callback=record), state)
    rates = [rate for rate in result.history["step_size"] if np.isfinite(rate)]
    return Walk(objective, iterates, result, float(rates[0]) if rates else np.nan)


def record_fit(estimator, X, y, sample_weight=None, **params) -> Recording:
    """Fit a clone of the estimator, with some parameters changed, and remember each iterate."""
    if not isinstance(estimator, GradientDescentEstimator):
        raise TypeError(f"An estimator of sklearn_gd is needed; got {estimator!r}.")
    twin = clone(estimator).set_params(**params)
    check_parameters(twin, twin._rules)
    recorder = Recorder(solver=twin.solver)
    twin.set_params(solver=recorder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        twin.fit(X, y, sample_weight)
    return _recording(twin, recorder)


def values_at(objective, points) -> NDArray:
    """F at each of the points (n, p)."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"), objective.threads():
        return np.array([objective.value(point) for point in points], dtype=np.float64)


def names_of(objective, n_params) -> list[str]:
    """``coef_`` and ``intercept_`` where these are the params, else ``params``."""
    model = getattr(objective, "model", None)
    if model is None or not model.is_linear:
        return [f"params[{j}]" for j in range(n_params)]
    if model.n_outputs == 1:
        names = [f"coef_[{j}]" for j in range(model.n_features)]
        return names + ["intercept_"] * model.fit_intercept
    outputs = range(model.n_outputs)
    names = [f"coef_[{k}, {j}]" for j in range(model.n_features) for k in outputs]
    return names + [f"intercept_[{k}]" for k in outputs] * model.fit_intercept


def _recording(twin, recorder):
    walks = recorder.walks
    last = walks[-1].objective
    # losses with kinks are smoothed on the way down; what is shown is the loss as it is
    own = EmpiricalRisk(
        last.model, twin._training_loss, last.penalty, last.alpha, last.source, last.reference
    )

    def canonical(params):
        return twin._canonical(own, replace(walks[-1].result, params=params)).params

    # a stage begins where the one before has ended
    starts = np.cumsum([len(walk.iterates) for walk in walks[:-1]], dtype=int)

    def without_starts(column):
        return np.delete(np.array(column, dtype=np.float64), starts, axis=0)

    return Recording(
        objective=own,
        path=without_starts([canonical(params) for walk in walks for params in walk.iterates]),
        solution=canonical(walks[-1].result.params).astype(np.float64),
        passes=without_starts(twin.history_["passes"]),
        seconds=without_starts(twin.history_["seconds"]),
        was_cut=any(walk.result.was_cut for walk in walks),
        solver=recorder.chosen,
        learning_rate=walks[0].learning_rate,
    )
