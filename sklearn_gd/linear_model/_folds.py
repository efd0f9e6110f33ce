"""Paths of folds: what GDPathCV computes for each of them."""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.base import clone

from sklearn_gd._estimators.rows import FIT, VALIDATION, Target
from sklearn_gd.data import RowMatrix
from sklearn_gd.linear_model._condensed import condensed
from sklearn_gd.linear_model._early_end import EarlyEnd, check_problem
from sklearn_gd.linear_model.path import follow, geometric_alphas, pose_path


class Rows(NamedTuple):
    """Validated rows, targets (of type Target with an offset) and weights (None: all one)."""

    X: Any
    y: Any
    weight: NDArray | None

    def take(self, positions) -> "Rows":
        """The rows at some positions."""
        X = self.X.take(positions) if isinstance(self.X, RowMatrix) else self.X[positions]
        weight = None if self.weight is None else self.weight[positions]
        if isinstance(self.y, Target):
            return Rows(X, Target(*(part[positions] for part in self.y)), weight)
        return Rows(X, self.y[positions], weight)


class Grid(NamedTuple):
    """Strengths (r, m), in descending order for each of r values of l1_ratio (None: not used)."""

    alphas: NDArray
    l1_ratios: list


class Search(NamedTuple):
    """What is searched: an estimator of rows without names, the rows, and the grid.

    ``paths`` are coefficients and intercepts of all rows for each l1_ratio, where they are known.
    """

    estimator: Any
    rows: Rows
    grid: Grid
    paths: list | None


class Complaint(NamedTuple):
    """The fits of a fold that did not converge, and why the first did not."""

    n_fits: int
    alpha: float
    message: str


class OfFold(NamedTuple):
    """The scores (r, m) of a fold, and what did not converge."""

    scores: NDArray
    complaint: Complaint | None


def grid_of(estimator, rows: Rows, asked, l1_ratios) -> Grid:
    """The grid that is searched: ``asked`` is a number of alphas, or all of them."""
    model = clone(estimator)
    is_elastic = isinstance(model.penalty, str) and model.penalty == "elasticnet"
    if l1_ratios is None:
        l1_ratios = [model.l1_ratio if is_elastic else None]
    else:
        l1_ratios = [float(ratio) for ratio in l1_ratios]
    # errors in all rows are raised here, before the first fold
    source = model._encode(*rows, FIT)
    if np.ndim(asked) == 1:
        return Grid(np.tile(asked, (len(l1_ratios), 1)), l1_ratios)
    rng = model._generator()
    paths = [
        geometric_alphas(model, pose_path(_with_ratio(model, ratio), source, rng), asked)
        for ratio in l1_ratios
    ]
    return Grid(np.array(paths), l1_ratios)


def scores_of_fold(search: Search, split, number, scoring, is_scored_by_weight) -> OfFold:
    """The scores on the held-out rows of a fold, for every point of the grid."""
    estimator, rows, grid, _ = search
    model = clone(estimator).set_params(scoring=scoring)
    train, test = (rows.take(positions) for positions in split)
    try:
        source = model._encode(*train, FIT)
        held_out = _held_out(model, test if is_scored_by_weight else test._replace(weight=None))
    except ValueError as error:
        raise ValueError(
            f"In fold {number} of cv, whose held-out rows are X_val: {error}"
        ) from error
    rng, failures = model._generator(), []
    scores = np.empty(grid.alphas.shape)
    for row, ratio in enumerate(grid.l1_ratios):
        problem = _posed(_with_ratio(model, ratio), source, rng)
        if scoring is None:
            held_out = condensed(held_out, problem.loss)
        score = model._score(problem.model, problem.loss, held_out)
        path = follow(model, problem, grid.alphas[row], rng)
        for column, (penalised, _, result) in enumerate(path):
            scores[row, column] = score(result.params)
            if model.tol > 0 and not result.converged:
                failures.append(
                    (penalised.alpha, f"{result.message}. {result.remedy}".rstrip(". "))
                )
    complaint = Complaint(len(failures), *failures[0]) if failures else None
    return OfFold(scores, complaint)


def coefficients_along(estimator, rows: Rows, alphas, owner=None) -> tuple[NDArray, NDArray]:
    """Coefficients and intercepts of all rows at each alpha; with an owner, to an early end."""
    model = clone(estimator)
    rng = model._generator()
    problem = _posed(model, model._encode(*rows, FIT), rng)
    end = None
    if owner is not None:
        check_problem(owner, problem, model._choose_solver(problem))
        end = EarlyEnd(problem)
    found = []
    for penalised, _, result in follow(model, problem, alphas, rng):
        model._store(penalised.model, result.params)
        found.append((model.coef_, model.intercept_))
        if end is not None and end.is_reached(result.params):
            break
    coefs, intercepts = (np.array(column) for column in zip(*found, strict=True))
    dtype = rows.X.dtype
    return coefs.astype(dtype, copy=False), intercepts.astype(dtype, copy=False)


def search_of(estimator, rows: Rows, asked, l1_ratios, owner=None) -> Search:
    """What is searched; with an owner, as far as the fit to all rows improves."""
    grid = grid_of(estimator, rows, asked, l1_ratios)
    if owner is None:
        return Search(estimator, rows, grid, None)
    paths = [
        coefficients_along(_with_ratio(clone(estimator), ratio), rows, alphas, owner)
        for ratio, alphas in zip(grid.l1_ratios, grid.alphas, strict=True)
    ]
    longest = max(len(coefs) for coefs, _ in paths)
    return Search(estimator, rows, grid._replace(alphas=grid.alphas[:, :longest]), paths)


def path_of_all(search: Search, index: int, chosen: dict) -> tuple[tuple[NDArray, NDArray], int]:
    """Coefficients and intercepts along the row of a grid point, and where it is in them."""
    row, column = divmod(index, search.grid.alphas.shape[1])
    alphas = search.grid.alphas[row]
    # of several early ends, others may have come later
    if search.paths is not None and len(search.paths[row][0]) == len(alphas):
        return search.paths[row], column
    model = clone(search.estimator).set_params(**chosen)
    return coefficients_along(model, search.rows, alphas), column


def _posed(model, source, rng):
    """The problem of a path, of few rows where these say the same as all."""
    problem = pose_path(model, source, rng)
    if model._choose_solver(problem).resumable:
        return problem  # batches are of rows, and no other rows will do
    return replace(problem, source=condensed(source, problem.loss))


def _held_out(model, rows: Rows):
    """Rows to score on: class weights are part of fits alone."""
    if not hasattr(model, "class_weight"):
        return model._encode(*rows, VALIDATION)
    class_weight = model.class_weight
    try:
        return model.set_params(class_weight=None)._encode(*rows, VALIDATION)
    finally:
        model.set_params(class_weight=class_weight)


def _with_ratio(model, ratio):
    return model if ratio is None else model.set_params(l1_ratio=ratio)


def results_of(grid: Grid, scores: NDArray, error: NDArray) -> dict:
    """Scores (r, m, K) as GridSearchCV shows them."""
    points = [
        {"alpha": float(alpha)} | ({} if ratio is None else {"l1_ratio": ratio})
        for ratio, alphas in zip(grid.l1_ratios, grid.alphas, strict=True)
        for alpha in alphas
    ]
    flat = scores.reshape(-1, scores.shape[-1])
    names = list(points[0])
    return {
        "params": points,
        **{f"param_{name}": np.array([point[name] for point in points]) for name in names},
        **{f"split{fold}_test_score": column for fold, column in enumerate(flat.T)},
        "mean_test_score": flat.mean(axis=1),
        "std_test_score": flat.std(axis=1),
        "standard_error": error.ravel(),
        "rank_test_score": rankdata(-flat.mean(axis=1), method="min").astype(np.int32),
    }
