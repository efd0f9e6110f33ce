"""Where a fit has been: every iterate, without a word of it in the estimators."""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from sklearn_gd._estimators.recipe import GradientDescentEstimator
from sklearn_gd._validation import check_parameters
from sklearn_gd.objective import Objective
from sklearn_gd.solvers import Result, Run, Solver, solve


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


def walk_down(solver, objective, params, run: Run) -> Walk:
    """Minimise, and remember each iterate."""
    iterates = []

    def record(progress):
        iterates.append(np.array(progress.params))

    result = solver.minimize(objective, params, replace(run, callback=record))
    return Walk(objective, iterates, result, _first_rate(result))


def _first_rate(result):
    rates = [rate for rate in result.history["step_size"] if np.isfinite(rate)]
    return float(rates[0]) if rates else np.nan


def record_fit(estimator, X, y, sample_weight=None, **params) -> Recording:
    """Fit a clone of the estimator, with some parameters changed, and remember each iterate."""
    if not isinstance(estimator, GradientDescentEstimator):
        raise TypeError(f"An estimator of sklearn_gd is needed; got {estimator!r}.")
    twin = clone(estimator).set_params(**params)
    check_parameters(twin, twin._rules)
    rng = twin._generator()
    source, held_out = twin._hold_out(twin._encode(X, y, sample_weight), None, rng)
    problem = twin._pose(source, rng, held_out=held_out)
    solver = twin._choose_solver(problem)
    iterates: list[Any] = []
    starts: list[Any] = []

    def record(progress):
        if progress.n_iter == 0:
            starts.append(len(iterates))
        iterates.append(np.array(progress.params))

    run = replace(twin._run(rng, problem, solver), callback=record)
    result = solve(problem, solver, run, problem.start)
    if result.interrupted:
        raise KeyboardInterrupt

    def path_of(column):
        # a stage begins where the one before has ended
        return np.delete(np.array(column, dtype=np.float64), starts[1:], axis=0)

    return Recording(
        objective=problem.objective(),
        path=path_of([problem.canonical(params) for params in iterates]),
        solution=result.params.astype(np.float64),
        passes=path_of(result.history["passes"]),
        seconds=path_of(result.history["seconds"]),
        was_cut=result.was_cut,
        solver=solver,
        learning_rate=_first_rate(result),
    )


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
