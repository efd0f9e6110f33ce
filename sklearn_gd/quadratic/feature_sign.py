"""The proximal model minimised without touching the data, where H is at hand."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_gd.quadratic.block_pivoting import block_pivoting
from sklearn_gd.quadratic.conjugate_gradient import conjugate_gradient
from sklearn_gd.quadratic.metric import Metric
from sklearn_gd.quadratic.proximal import ProximalModel
from sklearn_gd.quadratic.shifted import ShiftedMetric

# The model is minimised until a move gains less than this fraction of all the gain, or less than
# rounding: this many units in the last place of the features.
TOLERANCE = 1e-9
ULPS = 10
MAX_MOVES = 5000
# The same where only a bound shows that the end is near, and how many times as many steps in a row.
GAP_TOLERANCE = 1e-2
LONG, MAX_LONG = 20, 20
# Accelerated proximal steps in a row.
STEPS = 20
# What one more conjugate gradient step may still be worth, where products are cheap.
CG_TOLERANCE = 1e-6
# Fractions of a Newton step that are tried where the model is not quadratic on the way.
SHORTER = 0.5 ** np.arange(1, 20)


def proximal_direction(
    metric: Metric, objective, params: NDArray, gradient: NDArray, tolerance: float = TOLERANCE
) -> tuple[NDArray, float]:
    r"""Minimise :math:`g'd + d'Hd/2 + nonsmooth(params + d)` over d, without touching the data.

    Where the penalty is linear between kinks, block pivoting comes first, which mostly ends at the
    minimum. From there on there are three moves, whichever gains first: a Newton step on the
    parameters that are not at a kink, the release of one that is, and some accelerated proximal
    steps. The first two alone are the feature-sign search of Lee et al. (2007, "Efficient sparse
    coding algorithms"), which ends after finitely many moves. It stops when a move gains less than
    ``tolerance`` of all gains.

    Returns
    -------
    direction : ndarray
    decrease : float
        What the model loses, or a bound of what it would lose at best; at least zero.
    """
    if isinstance(metric, ShiftedMetric):
        params, gradient = metric.shifted(params), metric.shifted_slope(gradient)
        direction, decrease = proximal_direction(
            metric.inner, objective, params, gradient, tolerance
        )
        return metric.unshifted(direction), decrease
    tolerance = max(tolerance, ULPS * float(np.finfo(objective.dtype).eps))
    model = ProximalModel(metric.product, metric, objective, params, gradient)
    moves: tuple[Callable[..., Any], ...] = (_descend, _newton_step, _release)
    if objective.is_convex and not objective.is_separable:
        return _by_proximal_steps(model, np.finfo(float).eps * abs(objective.reference))
    if objective.is_convex and model.nonsmooth_operator() is None and _pivot(model, tolerance):
        moves = (_newton_step, _release)
    for _ in range(MAX_MOVES):
        for move in moves:
            candidate = move(model)
            slope = model.slope_at(candidate)
            decrease = model.decrease_at(candidate, slope)
            if decrease - model.decrease > tolerance * abs(decrease):
                model.move_to(candidate, slope, decrease)
                break
        else:
            break
        moves = (_newton_step, _release, _descend)
    return model.direction, max(0.0, model.decrease)


def _pivot(model, tolerance):
    """Go where block pivoting ends; whether it ended anywhere."""
    found = block_pivoting(model, tolerance)
    # a constraint of the user's own may lie where it has told of no kink
    if found is None or not np.array_equal(found, model.feasible(found)):
        return False
    slope = model.slope_at(found)
    decrease = model.decrease_at(found, slope)
    # where H is singular, rounding errors are multiplied
    is_lower = decrease >= model.decrease
    if is_lower:
        model.move_to(found, slope, decrease)
    return is_lower


def _by_proximal_steps(model, negligible):
    """Where steps have one length for all parameters, and what is at a kink is not known.

    Such steps may gain next to nothing far from the end, so a bound of the gap decides.
    """
    for _ in range(MAX_LONG):
        candidate = _descend(model, LONG * STEPS)
        slope = model.slope_at(candidate)
        decrease = model.decrease_at(candidate, slope)
        if decrease <= model.decrease:
            break
        model.move_to(candidate, slope, decrease)
        if model.gap_bound() <= max(GAP_TOLERANCE * decrease, negligible):
            break
    return model.direction, max(0.0, model.decrease) + model.gap_bound()


def _descend(model, steps=STEPS):
    """Accelerated proximal steps under the diagonal bound, with restarts."""
    point = ahead = model.point
    momentum = 1.0
    for _ in range(steps):
        new = model.prox(ahead, model.slope_at(ahead))
        move = new - point
        if (ahead - new) / model.lengths @ move > 0:
            momentum = 1.0
        grown = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = new + (momentum - 1) / grown * move
        momentum, point = grown, new
    return point


def _newton_step(model):
    """A Newton step on the parameters that are not at a kink, as far as it keeps gaining.

    It ends where a parameter meets a kink, if that is better than its end.
    """
    free = ~model.at_kink(model.point)
    slope = model.free_slope(free, model.point, model.slope)
    solve = model.metric.solver_where(free)
    bend = model.nonsmooth_operator()
    if bend is None:
        return _best_on_the_way(model, model.point - solve(slope))

    def product(direction):
        return np.where(free, model.product(direction) + bend(direction), 0.0)

    direction, *_ = conjugate_gradient(product, slope, solve, len(free), CG_TOLERANCE)
    return _best_on_the_way(model, model.point + direction, SHORTER)


def _release(model):
    """A proximal step of the one parameter at a kink that gains most by leaving it."""
    moved = model.prox(model.point, model.slope)
    way = np.abs(moved - model.point) / np.sqrt(model.lengths)
    urge = np.where(model.at_kink(model.point), way, 0.0)
    most = np.argmax(urge)
    result = model.point.copy()
    result[most] = moved[most]
    return result


def _best_on_the_way(model, end, fractions=()):
    """Halving over the places where a parameter is at a kink: the model is convex on the way.

    Where it is not quadratic between these, ``fractions`` of the way are looked at too.
    """
    start, move = model.point, end - model.point
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        crossings = [(kink - start) / move for kink in model.kinks]
    met = [each[(each > 0) & (each < 1)] for each in crossings]
    stops = np.unique(np.concatenate([*met, fractions, [1.0]]))

    def at(index):
        place = start + stops[index] * move
        for kink, each in zip(model.kinks, crossings, strict=True):
            place = np.where(each == stops[index], kink, place)
        return model.feasible(place)

    def decrease(index):
        place = at(index)
        return model.decrease_at(place, model.slope_at(place))

    low, high = 0, len(stops) - 1
    while low < high:
        middle = (low + high) // 2
        if decrease(middle) >= decrease(middle + 1):
            high = middle
        else:
            low = middle + 1
    return at(low)
