"""Coefficients along a range of penalty strengths."""

import numpy as np
from sklearn.base import clone
from sklearn.utils import Bunch

from sklearn_gd._validation import check_parameters
from sklearn_gd.linear_model._base import LinearEstimator
from sklearn_gd.solvers import solve


def regularization_path(estimator, X, y, alphas, sample_weight=None):
    """Fit a linear estimator for many values of ``alpha``, each from the last one's optimum.

    Parameters
    ----------
    estimator : GDLinearRegressor, GDLogisticClassifier or GDSoftmaxClassifier
        It is cloned, and stays as it is.
    X : {array-like, sparse matrix} of shape (n, d)
        Features.
    y : array-like of shape (n,) or (n, k)
        Target.
    alphas : array-like of shape (m,)
        Strengths of the penalty, at least 0; they are visited from the strongest to the weakest.
    sample_weight : array-like of shape (n,), default=None
        Weight of each row, at least 0.

    Returns
    -------
    path : Bunch
        With ``alphas`` (m,) in descending order, ``coefs`` (m, ...) and ``intercepts`` (m, ...)
        shaped like ``coef_`` and ``intercept_``, ``objectives`` (m,) and ``n_iters`` (m,).

    Raises
    ------
    TypeError
        For an estimator that is not linear or not of this library.
    ValueError
        For a number in place of alphas, for no alphas, or data that cannot be used.

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
    model = clone(estimator)
    check_parameters(model, model._rules)
    rng = model._generator()
    source, held_out = model._hold_out(model._encode(X, y, sample_weight), None, rng)
    problem = model._pose(source, rng, held_out=held_out)
    params, steps = problem.start, []
    for alpha in alphas:
        penalised = problem.penalised(float(alpha))
        solver = model._choose_solver(penalised)
        result = solve(penalised, solver, model._run(rng, penalised, solver), params)
        params = result.params
        model._keep(penalised, solver, result)
        model._warn_unless_converged(result)
        steps.append((model.coef_, model.intercept_, model.objective_, model.n_iter_))
    coefs, intercepts, objectives, n_iters = (
        np.array(column) for column in zip(*steps, strict=True)
    )
    return Bunch(
        alphas=alphas, coefs=coefs, intercepts=intercepts, objectives=objectives, n_iters=n_iters
    )
