"""Whether gradients are what they claim to be: for losses, penalties and activations of your own.

The objective that ``fit`` minimises is compared with its own finite differences.
"""

from functools import partial
from typing import NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_array

from sklearn_gd._estimator import FIT, GradientDescentEstimator
from sklearn_gd._own_parts import is_own
from sklearn_gd._targets import spread_and_resolution
from sklearn_gd._validation import check_parameters
from sklearn_gd.data import MemorySource, mean_and_spread
from sklearn_gd.inspection._differences import SUSPICIOUS, Problem, worst_of

# How far from a cold start, in units of the size of each parameter.
DISTANCE = 0.5


class GradientCheck(NamedTuple):
    """How wrong a gradient is at worst, and in which parameter, by which part of your own."""

    max_relative_error: float
    parameter: str


def check_gradient(function, X, y=None, sample_weight=None, *, random_state=0):
    r"""Compare a gradient with finite differences of its function.

    Of an estimator, the function is the smooth part of the objective that ``fit`` would minimise
    over all rows, without dropout and in float64, at a random point near a cold start; of a loss
    with kinks it is both the loss itself and the first smooth one that leads to it. With
    :math:`e_j` the j-th unit vector, :math:`u_j` the size of parameter j and
    :math:`h = \epsilon^{1/3} u_j`,

    .. math:: d_j = \frac{F(p + h e_j) - F(p - h e_j)}{2 h}, \qquad
        error_j = \frac{|g_j - d_j|\,u_j}{\max(|g_j|\,u_j,\ |d_j|\,u_j,\ 10^{-3} M)},
        \qquad M = \max(|F|,\ \max_l |g_l|\,u_l)

    The scale :math:`10^{-3} M` keeps the error of slopes near zero from blowing up: what they
    could change F by is then compared with what F and its largest slope are. A parameter that
    does not agree is looked at with shorter and longer steps, and the smallest error counts, since
    a right gradient agrees with one and a wrong one with none. Where a kink lies within the
    shortest of them, agreement with one side, or a place between both sides, is enough.

    Where the gradient of an estimator is wrong, the derivative of a loss and of activations that
    are not of this package is compared with finite differences by itself, at the raw predictions
    and the inputs of hidden layers there, and the classes that are wrong are named. Where none is,
    the fault lies elsewhere, as in a penalty of your own.

    Up to 200 parameters are all checked; of more, a random sample of 100, and all at once in 5
    random directions, each of which leads to the worst parameter by bisection.

    Parameters
    ----------
    function : estimator or callable
        An estimator of this package, which stays as it is; or a function that maps params to
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
        found = _problems_of_estimator(function, X, y, sample_weight, rng)
        return max((_explained(*each, rng) for each in found), key=lambda check: check[0])
    if not callable(function):
        raise TypeError(
            "check_gradient needs an estimator of sklearn_gd, or a function that maps params to "
            f"(value, gradient); got {function!r}."
        )
    if y is not None or sample_weight is not None:
        raise TypeError("check_gradient takes y and sample_weight with an estimator only.")
    error, at = worst_of(_problem_of_function(function, X), rng)
    return GradientCheck(error, f"params[{at}]")


def _explained(problem, name, parts, rng):
    """The check, with the classes of parts that are wrong by themselves."""
    error, at = worst_of(problem, rng)
    if error <= SUSPICIOUS:
        return GradientCheck(error, name(at))
    wrong = [part for part, alone in parts if worst_of(alone, rng)[0] > SUSPICIOUS]
    blame = f", by the derivative of {' and '.join(dict.fromkeys(wrong))}" if wrong else ""
    return GradientCheck(error, name(at) + blame)


def _problem_of_function(function, params):
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
    return Problem(checked, params, np.maximum(np.abs(params), typical))


def _problems_of_estimator(estimator, X, y, sample_weight, rng):
    """The objective of ``fit`` on these rows, and that of the loss as it is if it has kinks.

    Each with the name of a parameter by its position, and with the parts of the user's own.
    """
    twin = clone(estimator)
    check_parameters(twin, twin._rules)
    X = check_array(X, accept_sparse="csr", dtype=np.float64)
    rows = twin._encode(X, y, sample_weight, role=FIT)
    model = twin._build_model(rows, None)
    cold = twin._cold_start(model, rows, rng)
    sizes = (_sizes_of_linear if model.is_linear else _sizes_of_network)(twin, model, cold, rows)
    params = cold + DISTANCE * sizes * rng.normal(size=cold.size)
    name = _names(twin, model)
    for loss in {id(loss): loss for loss in (twin._training_loss, twin._stages(rows)[0])}.values():
        objective = twin._objective(model, rows, loss, cold)
        parts = _parts_alone(twin, model, loss, rows, params)
        yield Problem(objective.value_and_gradient, params, sizes), name, parts


def _parts_alone(estimator, model, loss, rows, params):
    """Losses and activations that are not of this package, at what the model gives them."""
    raw, tape = model.forward(params, rows.X)
    unit = _raw_unit(estimator, rows)
    asked = [(estimator._loss, partial(loss.value_and_gradient, rows.y), raw, unit)]
    if not model.is_linear:
        for activation, (_, _, z, _, _) in zip(model.activations, tape, strict=False):
            asked.append((activation, partial(_slopes, activation), z, 1.0))
    for component, slopes, point, size in asked:
        # what is not finite comes from a part before
        if is_own(component) and np.isfinite(point).all():
            yield type(component).__name__, _alone(slopes, point, size)


def _slopes(activation, z):
    value = activation.value(z)
    return value, activation.derivative_at(z, value)


def _alone(slopes, point, size):
    """The sum over all rows, less that at the point, beside which slopes would look small."""
    start = slopes(point)[0]

    def function(flat):
        values, gradient = slopes(flat.reshape(point.shape))
        return float(np.sum(values - start)), gradient.ravel()

    return Problem(function, point.ravel(), np.full(point.size, size))


def _raw_unit(estimator, rows):
    """The size of raw predictions: that of the target, but for links."""
    loss = estimator._training_loss
    is_of_target = loss is estimator._loss and loss.link_name == "identity"
    return (spread_and_resolution(rows)[0] if is_of_target else 1.0) or 1.0


def _sizes_of_linear(estimator, model, cold, rows):
    """Coefficients of this size, of random signs, predict about one unit, whatever that of X."""
    unit = _raw_unit(estimator, rows)
    mean, spread = mean_and_spread(MemorySource(*rows))
    sizes = np.full(model.size, unit)
    (w,), _ = model.unpack(sizes)
    w /= np.sqrt(len(w)) * np.hypot(mean, spread)[:, np.newaxis]
    return sizes


def _sizes_of_network(estimator, model, cold, rows):
    sizes = np.ones(model.size)
    matrices, biases = model.unpack(sizes)
    for matrix, w in zip(matrices, model.unpack(cold)[0], strict=True):
        matrix[...] = np.sqrt(np.mean(w**2))
    biases[-1][...] = _raw_unit(estimator, rows)
    return sizes


def _names(estimator, model):
    """The name of a parameter by its position, as the public attributes have it."""
    positions = np.arange(model.size)
    weights, biases = model.unpack(positions)
    if model.is_linear:
        estimator._store(model, positions)
        named = [("coef_", estimator.coef_), *(("intercept_", bias) for bias in biases)]
    else:
        named = [(f"coefs_[{layer}]", w) for layer, w in enumerate(weights)]
        named += [(f"intercepts_[{layer}]", bias) for layer, bias in enumerate(biases)]

    def name(position):
        for attribute, table in named:
            for found in np.argwhere(table == position).tolist():
                return f"{attribute}[{', '.join(map(str, found))}]"

    return name
