"""Whether gradients are what they claim to be: for losses, penalties and activations of your own.

The objective that ``fit`` minimises is compared with its own finite differences.
"""

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone, is_regressor
from sklearn.utils import check_array

from sklearn_gd._estimators.guards import is_custom
from sklearn_gd._estimators.recipe import GradientDescentEstimator
from sklearn_gd._validation import check_parameters
from sklearn_gd.data import RowMatrix, mean_and_std, target_std
from sklearn_gd.inspection._differences import SUSPICIOUS, Check, worst_of
from sklearn_gd.losses import MoreauEnvelope
from sklearn_gd.losses.standardized import StandardizedTarget

# How far from a cold start, in units of the size of each parameter.
DISTANCE = 0.5


class GradientCheck(NamedTuple):
    """Largest error of a gradient, and the parameter and the user's component it belongs to."""

    max_relative_error: float
    parameter: str


def check_gradient(
    function: Any, X: Any, y: Any = None, sample_weight: Any = None, *, random_state: int = 0
) -> GradientCheck:
    r"""Compare a gradient with finite differences of its function.

    Of an estimator, the function is the smooth part of the objective that ``fit`` would minimise
    over all rows, without dropout and in float64, at a random point near a cold start; of a loss
    with kinks it is both the loss itself and the first smooth one that leads to it. With
    :math:`e_j` the j-th unit vector, :math:`u_j` the size of parameter j and
    :math:`h = \epsilon^{1/3} u_j`,

    .. math:: d_j = \frac{F(p + h e_j) - F(p - h e_j)}{2 h}, \qquad
        error_j = \frac{|g_j - d_j|\,u_j}{\max(|g_j|\,u_j,\ |d_j|\,u_j,\ 10^{-3} M)},
        \qquad M = \max(|F|,\ \max_l |g_l|\,u_l)

    The scale :math:`10^{-3} M` keeps the error of slopes near zero from blowing up: such a slope is
    compared with F and its largest slope instead. A parameter that does not agree is checked again
    with shorter and longer steps, and the smallest error counts, since a right gradient agrees for
    one of them and a wrong one for none. Where a kink lies within the shortest of them, agreement
    with one side, or a place between both sides, is enough.

    Where the gradient of an estimator is wrong, the derivative of a loss and of activations that
    are not of this package is compared with finite differences by itself, at the raw predictions
    and the inputs of hidden layers there, and the classes that are wrong are named. Where none is,
    the fault lies elsewhere, as in a penalty of your own.

    Up to 200 parameters are all checked; of more, a random sample of 100, and all at once in 5
    random directions, each of which leads to the worst parameter by bisection.

    Parameters
    ----------
    function : estimator or callable
        An estimator of this package, which is not changed; or a function that maps params to
        (value, gradient), as :meth:`sklearn_gd.solvers.Solver.minimize` takes it.
    X : {array-like, sparse matrix} of shape (n, d), or array-like of shape (m,)
        Features; for a function, the params at which it is checked.
    y : array-like of shape (n,) or (n, k), default=None
        Target, for an estimator.
    sample_weight : array-like of shape (n,), default=None
    random_state : int, default=0
        Of the point, the sample and the directions.

    Returns
    -------
    check : GradientCheck
        ``max_relative_error``, about 1e-8 for a right gradient and up to 2 for a wrong one
        (infinite if it is not finite), and ``parameter``, the name of the worst: ``coef_[0, 3]``,
        ``intercept_[1]``, ``coefs_[1][4, 0]``, or ``params[7]`` for a function. A part at fault
        follows: ``coefs_[1][4, 0], by the derivative of Wiggle``.

    References
    ----------
    Dennis and Schnabel (1996), "Numerical Methods for Unconstrained Optimization and Nonlinear
    Equations", section 5.6; Nocedal and Wright (2006), "Numerical Optimization", section 8.1.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_gd import GDLinearRegressor
    >>> from sklearn_gd.inspection import check_gradient
    >>> X, y = load_diabetes(return_X_y=True)
    >>> bool(check_gradient(GDLinearRegressor(loss="huber"), X, y).max_relative_error < 1e-6)
    True

    A gradient with a wrong sign:

    >>> wrong = lambda w: (w @ w / 2, w * [1.0, -1.0, 1.0])
    >>> check_gradient(wrong, [1.0, 2.0, 3.0]).parameter
    'params[1]'
    """
    rng = np.random.default_rng(random_state)
    if isinstance(function, GradientDescentEstimator):
        found = [
            _explained(check, name, parts, rng)
            for check, name, parts in _checks_of_estimator(function, X, y, sample_weight, rng)
        ]
        return max(found, key=lambda check: check[0])
    if not callable(function):
        raise TypeError(
            "check_gradient needs an estimator of sklearn_gd, or a function that maps params to "
            f"(value, gradient); got {function!r}."
        )
    if y is not None or sample_weight is not None:
        raise TypeError("check_gradient takes y and sample_weight with an estimator only.")
    error, at = worst_of(_check_of_function(function, X), rng)
    return GradientCheck(error, f"params[{at}]")


def _explained(check, name, parts, rng):
    """The result, with the classes of parts that are wrong by themselves."""
    error, at = worst_of(check, rng)
    if error <= SUSPICIOUS:
        return GradientCheck(error, name(at))
    wrong = [part for part, alone in parts if worst_of(alone, rng)[0] > SUSPICIOUS]
    blame = f", by the derivative of {' and '.join(dict.fromkeys(wrong))}" if wrong else ""
    return GradientCheck(error, name(at) + blame)


def _check_of_function(function, params):
    params = np.array(params, dtype=np.float64)
    if params.ndim != 1 or not params.size:
        raise ValueError(f"params must be one row of numbers; got shape {params.shape}.")

    def checked(at):
        value, gradient = function(at.copy())
        gradient = np.array(gradient, dtype=np.float64)
        if gradient.shape != at.shape:
            raise ValueError(
                f"The gradient has shape {gradient.shape}, but the params have {at.shape}."
            )
        return float(value), gradient

    typical = np.sqrt(np.mean(params**2)) or 1.0
    return Check(checked, params, np.maximum(np.abs(params), typical))


def _checks_of_estimator(estimator, X, y, sample_weight, rng):
    """The objective of ``fit`` on these rows, and that of the loss as it is if it has kinks.

    Each with the name of a parameter by its position, and with the parts that are the user's.
    """
    twin = clone(estimator)
    check_parameters(twin, twin._rules)
    if not isinstance(X, RowMatrix):
        X = check_array(X, accept_sparse="csr", dtype=np.float64)
    problem = twin._pose(twin._encode(X, y, sample_weight), rng)
    unit = _raw_unit(problem)
    sizes = (_sizes_of_linear if problem.model.is_linear else _sizes_of_network)(problem, unit)
    params = problem.start + DISTANCE * sizes * rng.normal(size=problem.start.size)
    name = _names(problem.model, is_1d=is_regressor(twin) and np.ndim(y) == 1)
    for loss in {id(loss): loss for loss in (problem.loss, problem.stages[0])}.values():
        parts = _parts_alone(problem, loss, params, unit)
        yield Check(problem.objective(loss).value_and_gradient, params, sizes), name, parts


def _parts_alone(problem, loss, params, unit):
    """Losses and activations that are not of this package, at what the model gives them."""
    model, block = problem.model, next(problem.source.blocks())
    raw, tape = model.forward(params, block.X)
    own = loss.loss if isinstance(loss, (StandardizedTarget, MoreauEnvelope)) else loss
    asked = [(own, partial(loss.value_and_gradient, block.y), raw, unit)]
    if not model.is_linear:
        for activation, (_, _, z, _, _) in zip(model.activations, tape, strict=False):
            asked.append((activation, partial(_slopes, activation), z, 1.0))
    for component, slopes, point, size in asked:
        # what is not finite comes from a part before
        if is_custom(component) and np.isfinite(point).all():
            yield type(component).__name__, _alone(slopes, point, size)


def _slopes(activation, z):
    value = activation.value(z)
    return value, activation.slope_at(z, value)


def _alone(slopes, point, size):
    """The sum over all rows, less that at the point, relative to which slopes would look small."""
    start = slopes(point)[0]

    def function(flat):
        values, gradient = slopes(flat.reshape(point.shape))
        return float(np.sum(values - start)), gradient.ravel()

    return Check(function, point.ravel(), np.full(point.size, size))


def _raw_unit(problem):
    """The size of raw predictions: that of the target, except behind links."""
    if problem.loss.link_name != "identity":
        return 1.0
    y, weight = problem.source.targets()
    return target_std(problem.loss.in_raw_units(y), weight)[0] or 1.0


def _sizes_of_linear(problem, unit):
    """Coefficients of this size, of random signs, predict about one unit, whatever that of X."""
    mean, std = mean_and_std(problem.source)
    sizes = np.full(problem.model.size, unit)
    (w,), _ = problem.model.unpack(sizes)
    w /= np.sqrt(len(w)) * np.hypot(mean, std)[:, np.newaxis]
    return sizes


def _sizes_of_network(problem, unit):
    model = problem.model
    sizes = np.ones(model.size)
    matrices, biases = model.unpack(sizes)
    for matrix, w in zip(matrices, model.unpack(problem.start)[0], strict=True):
        matrix[...] = np.sqrt(np.mean(w**2))
    biases[-1][...] = unit
    return sizes


def _names(model, is_1d):
    """The name of a parameter by its position, as the public attributes have it."""
    weights, biases = model.unpack(np.arange(model.size))
    if model.is_linear:
        named = [("coef_", weights[0][:, 0] if is_1d else weights[0].T)]
        named += [("intercept_", bias) for bias in biases]
    else:
        named = [(f"coefs_[{layer}]", w) for layer, w in enumerate(weights)]
        named += [(f"intercepts_[{layer}]", bias) for layer, bias in enumerate(biases)]

    def name(position):
        for attribute, table in named:
            for found in np.argwhere(table == position).tolist():
                return f"{attribute}[{', '.join(map(str, found))}]"

    return name
