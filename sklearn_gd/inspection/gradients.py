"""Whether gradients are what they claim to be: for losses, penalties and activations of your own.

The objective that ``fit`` minimises is compared with its own finite differences.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils import check_array

from sklearn_gd._estimator import FIT, GradientDescentEstimator
from sklearn_gd._targets import spread_and_resolution
from sklearn_gd._validation import check_parameters
from sklearn_gd.data import MemorySource, mean_and_spread

# The step at which the truncation h^2 F''' and the rounding eps F / h of a central difference
# are about equal.
STEP = np.cbrt(np.finfo(np.float64).eps)
# Then shorter ones, for kinks within the first, and longer ones, for values with much rounding.
FACTORS = (1.0, 1e-1, 1e1, 1e-2, 1e2, 1e-3, 1e3)
# At steps this short, the curvature no longer hides what the two sides of a kink differ by.
ONE_SIDED = 1e-2
# Rounding: nothing is gained by more steps.
AGREES = 1e-8
# A direction in which more than this is wrong is searched for the parameter to blame.
SUSPICIOUS = 1e-6
# A slope is compared with itself, but with no less than this share of the largest of all.
SMALLEST_SHARE = 1e-3
# More parameters are checked by a sample of so many, and in so many directions of all of them.
MAX_PARAMETERS = 200
SAMPLE, DIRECTIONS = 100, 5
# How far from a cold start, in units of the size of each parameter.
DISTANCE = 0.5
# Steps are so many units in the last place of a parameter at least.
MIN_ULPS = 2**12


class GradientCheck(NamedTuple):
    """How wrong a gradient is at worst, and in which parameter."""

    max_relative_error: float
    parameter: str


class _Problem(NamedTuple):
    """A function with its gradient, a point, and the size and the name of each parameter there."""

    function: Callable[[NDArray], tuple[float, NDArray]]
    params: NDArray
    sizes: NDArray
    name: Callable[[int], str]


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
        ``intercept_[1]``, ``coefs_[1][4, 0]``, or ``params[7]`` for a function.

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
        problems = _problems_of_estimator(function, X, y, sample_weight, rng)
        return max((_check(problem, rng) for problem in problems), key=lambda check: check[0])
    if not callable(function):
        raise TypeError(
            "check_gradient needs an estimator of sklearn_gd, or a function that maps params to "
            f"(value, gradient); got {function!r}."
        )
    if y is not None or sample_weight is not None:
        raise TypeError("check_gradient takes y and sample_weight with an estimator only.")
    return _check(_problem_of_function(function, X), rng)


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
    return _Problem(checked, params, np.maximum(np.abs(params), typical), "params[{}]".format)


def _problems_of_estimator(estimator, X, y, sample_weight, rng):
    """The objective of ``fit`` on these rows, and that of the loss as it is if it has kinks."""
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
        yield _Problem(objective.value_and_gradient, params, sizes, name)


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


def _check(problem, rng):
    value, gradient = problem.function(problem.params)
    broken = np.flatnonzero(~np.isfinite(gradient))
    if broken.size or not np.isfinite(value):
        return GradientCheck(np.inf, problem.name(broken[0] if broken.size else 0))
    size = problem.params.size
    floor = SMALLEST_SHARE * max(abs(value), np.abs(gradient * problem.sizes).max())

    def error(direction):
        return _error(problem, value, gradient, direction, floor)

    is_small = size <= MAX_PARAMETERS
    chosen = range(size) if is_small else rng.choice(size, SAMPLE, replace=False).tolist()
    worst = max((error(_along(problem, [at])), at) for at in chosen)
    for _ in range(0 if is_small else DIRECTIONS):
        signs = rng.choice([-1.0, 1.0], size)
        if error(_along(problem, np.arange(size), signs)) > SUSPICIOUS:
            at = _culprit(problem, value, gradient, signs)
            worst = max(worst, (error(_along(problem, [at])), at))
    return GradientCheck(float(worst[0]), problem.name(worst[1]))


def _along(problem, positions, signs=None):
    """A direction of some parameters together, as long as one parameter is large."""
    direction = np.zeros_like(problem.params)
    direction[positions] = problem.sizes[positions] / np.sqrt(len(positions))
    return direction if signs is None else direction * signs


def _culprit(problem, value, gradient, signs):
    """The parameter that the larger half of a disagreement leads to, again and again."""
    positions = np.arange(len(signs))
    while len(positions) > 1:
        halves = np.array_split(positions, 2)
        gaps = []
        for half in halves:
            direction = _along(problem, half, signs)
            ahead, behind = _gaps(problem, value, gradient, direction, STEP)
            gaps.append(np.sqrt(len(half)) * abs(ahead + behind))
        positions = halves[int(np.argmax(gaps))]
    return int(positions[0])


def _error(problem, value, gradient, direction, floor):
    """The smallest relative error of the slope along a direction, over steps of all lengths."""
    slope = gradient @ direction
    smallest = np.inf
    for factor in FACTORS:
        ahead, behind = _gaps(problem, value, gradient, direction, factor * STEP)
        central = (ahead + behind) / 2
        gap = abs(central)
        if factor <= ONE_SIDED:
            gap = min(gap, abs(ahead), abs(behind))
        if factor == min(FACTORS) and ahead * behind < 0:
            gap = 0.0
        scale = max(abs(slope), abs(slope - central), floor, np.finfo(float).tiny)
        smallest = min(smallest, gap / scale)
        if smallest <= AGREES:
            break
    return smallest


def _gaps(problem, value, gradient, direction, step):
    """The analytic slope minus the difference quotient, ahead and behind.

    The analytic change is that of the moves as they are after rounding; infinite where the
    function is not finite.
    """
    moved = direction != 0
    ulps = np.spacing(np.abs(problem.params[moved])) / np.abs(direction[moved])
    step = max(step, MIN_ULPS * ulps.max())
    gaps = []
    for sign in (1.0, -1.0):
        there = problem.params + sign * step * direction
        change = problem.function(there)[0] - value
        gap = (gradient @ (there - problem.params) - change) / (sign * step)
        gaps.append(gap if np.isfinite(gap) else np.inf)
    return gaps
