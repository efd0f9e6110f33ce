"""Coefficients along a range of penalty strengths."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils import Bunch

from sklearn_gd._estimators.annotations import ArrayLike, MatrixLike
from sklearn_gd._estimators.rows import Target
from sklearn_gd._validation import check_parameters
from sklearn_gd.linear_model._base import LinearEstimator
from sklearn_gd.linear_model._offset import check_offset
from sklearn_gd.penalties import L1, Bounded, GroupLasso, NoPenalty
from sklearn_gd.solvers import solve

# A penalty without kinks shrinks every coefficient and zeroes none: its path starts where that of
# an elastic net with this l1_ratio does.
SMALLEST_L1_RATIO = 1e-3
# The end of the path relative to its start, if there are more rows than features, and if not.
END, END_WIDE = 1e-4, 1e-2
# An alpha beyond this many times the gradient is taken for infinite.
LARGEST = 2.0**200
# The tolerance of the fit without them: an alpha is as exact as the square root of it.
EXACT = 1e-13


def regularization_path(
    estimator: Any,
    X: MatrixLike,
    y: ArrayLike,
    alphas: ArrayLike,
    sample_weight: ArrayLike = None,
    *,
    offset: ArrayLike = None,
) -> Bunch:
    """Fit a linear estimator for many values of ``alpha``, each from the last one's optimum.

    Parameters
    ----------
    estimator : GDLinearRegressor, GDLogisticClassifier or GDSoftmaxClassifier
        It is cloned and not changed.
    X : {array-like, sparse matrix} of shape (n, d)
        Features.
    y : array-like of shape (n,) or (n, k)
        Target.
    alphas : array-like of shape (m,)
        Strengths of the penalty, at least 0. They are fitted from the strongest to the weakest.
    sample_weight : array-like of shape (n,), default=None
        Weight of each row, at least 0.
    offset : array-like of shape (n,) or (n, k), default=None
        Of the raw prediction of each row, such as the logarithm of the exposure; for
        GDLinearRegressor.

    Returns
    -------
    path : Bunch
        With ``alphas`` (m,) in descending order, ``coefs`` (m, ...) and ``intercepts`` (m, ...)
        shaped like ``coef_`` and ``intercept_``, ``objectives`` (m,) and ``n_iters`` (m,).

    Raises
    ------
    TypeError
        For an estimator that is not linear or not of this library, or takes no offset.
    ValueError
        If ``alphas`` is a number or empty, or the data cannot be used.

    See Also
    --------
    GDPathCV : Choose one of them by cross-validation.

    References
    ----------
    Friedman, Hastie and Tibshirani (2010), "Regularization paths for generalized linear models via
    coordinate descent", section 2.5.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_gd import GDLinearRegressor, regularization_path
    >>> X, y = load_diabetes(return_X_y=True)
    >>> path = regularization_path(GDLinearRegressor(penalty="l1"), X, y, [2.0, 0.5, 0.1])
    >>> (path.coefs != 0).sum(axis=1)
    array([2, 4, 7])
    """
    if not isinstance(estimator, LinearEstimator):
        raise TypeError(
            f"regularization_path needs a linear estimator of sklearn_gd; got {estimator!r}."
        )
    if np.ndim(alphas) == 0:
        raise ValueError(
            f"alphas must be a list of penalty strengths; got {alphas!r}. A range of them is, for "
            "example, np.geomspace(1, 1e-4, 100)."
        )
    alphas = np.sort(np.asarray(alphas, dtype=np.float64).ravel())[::-1]
    if not alphas.size:
        raise ValueError("regularization_path needs at least one alpha; got an empty list.")
    check_offset(estimator, X, offset)
    model = clone(estimator)
    check_parameters(model, model._rules)
    rng = model._generator()
    target = y if offset is None else Target(y, offset)
    source, held_out = model._hold_out(model._encode(X, target, sample_weight), None, rng)
    steps = []
    problem = pose_path(model, source, rng, held_out)
    for penalised, solver, result in follow(model, problem, alphas, rng):
        model._keep(penalised, solver, result)
        model._warn_unless_converged(result)
        steps.append((model.coef_, model.intercept_, model.objective_, model.n_iter_))
    coefs, intercepts, objectives, n_iters = (
        np.array(column) for column in zip(*steps, strict=True)
    )
    return Bunch(
        alphas=alphas, coefs=coefs, intercepts=intercepts, objectives=objectives, n_iters=n_iters
    )


def pose_path(model, source, rng, held_out=None):
    """The problem of a path: that of the model, with a penalty even where its alpha is 0."""
    alpha = model.alpha
    try:
        # a strength of 0 would drop the penalty for good
        return model.set_params(alpha=1.0)._pose(source, rng, held_out=held_out)
    finally:
        model.set_params(alpha=alpha)


def follow(model, problem, alphas, rng) -> Iterator[tuple]:
    """Problem, solver and result for each alpha in turn, each from where the last ones lead."""
    optima: list[tuple[float, NDArray]] = []
    for alpha in map(float, alphas):
        penalised = problem.penalised(alpha)
        solver = model._choose_solver(penalised)
        start = optima[-1][1] if optima else problem.start
        if len(optima) == 2 and _is_predictable(penalised, solver):
            ahead = _ahead(optima, alpha)
            start = replace(penalised, start=start).better_start(ahead)
        result = solve(penalised, solver, model._run(rng, penalised, solver), start)
        optima = [*optima[-1:], (alpha, result.params)]
        yield penalised, solver, result


def _is_predictable(problem, solver) -> bool:
    """Whether optima lie on a smooth curve, and solvers find them without noise."""
    is_smooth = problem.penalty.is_smooth and problem.loss.is_convex and problem.penalty.is_convex
    is_penalised = bool(np.all(np.asarray(problem.alpha) > 0))
    return is_smooth and not solver.resumable and is_penalised


def _ahead(optima, alpha) -> NDArray:
    """The line through two optima over the logarithm of alpha, at most as far again."""
    (first, before), (last, params) = optima
    way, done = np.log(last / alpha), np.log(first / last)
    return params + min(way / done, 1.0) * (params - before) if done > 0 else params


def geometric_alphas(model, problem, n_alphas: int) -> NDArray:
    """``n_alphas`` strengths in geometric progression, from :func:`largest_alpha` downwards."""
    is_tall = problem.source.n_samples > problem.source.n_features
    first, of_lasso = largest_alpha(model, problem)
    return np.geomspace(first, (END if is_tall else END_WIDE) * of_lasso, n_alphas)


def largest_alpha(model, problem) -> tuple[float, float]:
    """The least alpha at which no coefficient is worth its penalty, and the same for the lasso.

    With all coefficients at zero and the intercept at its best, zero is the optimum where the
    proximal operator of the penalty sends the negative gradient to zero. For l1 this is where alpha
    reaches the largest entry of the gradient. It is at most that of an elastic net with
    :data:`SMALLEST_L1_RATIO`; 1 where the gradient is zero. Features that no strength of the
    penalty keeps at zero, such as those of weight 0, are in the model from the beginning.
    """
    lasso = _lasso(model, problem.source)
    penalty = lasso if problem.penalty.is_smooth else problem.penalty
    far = np.full((problem.model.n_features, problem.model.n_outputs), LARGEST)
    low, high = (penalty.prox(end, LARGEST**3)[:, 0] for end in (-far, far))
    held = (low == 0) & (high == 0)
    if not held.any():
        raise ValueError(
            f"{type(model).__name__} has no coefficient that a strong penalty would make zero, so "
            "that its path has no first alpha: set penalty_weights above 0, or pass alphas."
        )
    slope = _slope(problem) if held.all() else _slope_beside_others(model, problem, low, high)
    if not slope.any():
        return 1.0, 1.0
    of_lasso = _zeroing_strength(lasso, slope, held)
    if of_lasso == 0:  # positive=True, and no feature with a positive effect
        return 1.0, 1.0
    of_ridge = of_lasso / SMALLEST_L1_RATIO
    if problem.penalty.is_smooth:
        return of_ridge, of_lasso
    return min(_zeroing_strength(penalty, slope, held), of_ridge), of_lasso


def _lasso(model, source):
    """The l1 penalty under the same constraints and weights, unless these are of groups."""
    changed: dict[str, Any] = {"penalty": L1()}
    if isinstance(model.penalty, GroupLasso):
        changed["penalty_weights"] = None
    return clone(model).set_params(**changed)._make_penalty(source)


def _slope(problem, params=None) -> NDArray:
    """The gradient (d, k) of the mean loss, by default at the cold start."""
    params = problem.start if params is None else params
    _, gradient = problem.objective(problem.stages[-1]).value_and_gradient(params)
    (slope,), _ = problem.model.unpack(gradient)
    return slope


def _slope_beside_others(model, problem, low, high) -> NDArray:
    """The same at the optimum of coefficients that the strongest penalty leaves some room.

    Zero for these, whatever the room.
    """
    low, high = np.where(low == -LARGEST, -np.inf, low), np.where(high == LARGEST, np.inf, high)
    bounded = replace(problem, penalty=Bounded(penalty=NoPenalty(), lower=low, upper=high))
    model = clone(model).set_params(solver="auto", tol=EXACT)
    ((_, _, result),) = follow(model, bounded, [0.0], model._generator())
    slope = _slope(replace(bounded, alpha=0.0), result.params)
    slope[(low != 0) | (high != 0)] = 0.0
    return slope


def _zeroing_strength(penalty, slope: NDArray, held: NDArray) -> float:
    """The least scale at which the proximal operator of ``-slope`` is zero, by bisection."""

    def is_zero(scale):
        return not penalty.prox(-slope, scale)[held].any()

    low, high = 0.0, float(np.abs(slope).max())
    limit = LARGEST * high
    while not is_zero(high):
        low, high = high, 2 * high
        if high > limit:
            return np.inf
    while low < (middle := (low + high) / 2) < high:
        low, high = (low, middle) if is_zero(middle) else (middle, high)
    return high
