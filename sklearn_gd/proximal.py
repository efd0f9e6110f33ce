r"""The proximal Newton step by products with the Hessian, for parameters too many for a matrix.

A semismooth Newton method on the quadratic model (Byrd, Chin, Nocedal and Oztoprak, 2016, "A family
of second-order methods for convex l1-regularized optimization"; Li, Sun and Toh, 2018, "A highly
efficient semismooth Newton augmented Lagrangian method for solving lasso problems").
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklearn_gd.metric import Metric, conjugate_gradient

# Share of the model's decrease that one more round may still be worth.
TOLERANCE = 0.1
# Shares of the way to a candidate that are looked at.
SHARES = 0.5 ** np.arange(30)
SHORTENINGS = 10


class ProximalStep(NamedTuple):
    """An approximate minimiser of the quadratic model plus the nonsmooth part.

    Attributes
    ----------
    direction : ndarray
    decrease : float
        What the model loses, at least zero.
    products : int
        Products with the Hessian that were needed.
    """

    direction: NDArray
    decrease: float
    products: int


def proximal_newton_cg(
    product: Callable[[NDArray], NDArray],
    metric: Metric,
    objective,
    params: NDArray,
    gradient: NDArray,
    max_products: int,
    tolerance: float = TOLERANCE,
    negligible: float = 0.0,
) -> ProximalStep:
    r"""Minimise :math:`g'd + d'Hd/2 + nonsmooth(params + d)` over d, with ``product`` Hd.

    A round frees what is not at a kink, walks there by conjugate gradients as if there were no
    kinks, and takes a proximal step under the metric from the end, which brings to their kink the
    parameters that have passed it and releases others. It stops when a round gains less than
    ``tolerance`` of all gains, or than ``negligible``.
    """
    model = _Model(product, metric, objective, params, gradient)
    while model.products < max_products:
        before = model.decrease
        if not model.improve(max_products):
            break
        gain = model.decrease - before
        if gain <= max(tolerance * model.decrease, negligible):
            break
    return ProximalStep(model.point - params, model.decrease, model.products)


class _Model:
    """The quadratic model around ``params`` plus the nonsmooth part, and where it was lowered to.

    ``slope`` is that of the quadratic model at ``point``.
    """

    def __init__(self, product, metric, objective, params, gradient):
        self._product, self._metric, self._objective = product, metric, objective
        self._params, self._gradient = params, gradient
        self._lengths = 1 / metric.diagonal_bound()
        self._start = objective.nonsmooth(params)
        self.point, self.slope = params, gradient
        self.decrease, self.products = 0.0, 0
        self._length, self._bend = 1.0, None

    def improve(self, max_products):
        """A round; whether anything was gained.

        Where Newton's end, brought to its kinks, is no gain, what passed its kink is stopped there,
        and a proximal step that is short enough to gain releases what it must.
        """
        end, slope = self._walk(max_products)
        if self._accept(self._prox(end, slope, 1.0)):
            return True
        stopped = end if self._bend else np.where(end * self.point < 0, 0.0, end)
        gained = self._accept(self._objective.prox(stopped, 0.0), SHARES)
        return self._descend() or gained

    def _walk(self, max_products):
        """The end of Newton's step on the free parameters, and the slope there."""
        free = self.point != 0
        if not free.any():
            return self.point, self.slope
        target = self._free_slope(free)
        bend = self._bend = self._objective.nonsmooth_operator(self.point)

        def product(direction):
            image = self._product(direction)
            return image if bend is None else image + bend(direction)

        direction, _, products, residual = conjugate_gradient(
            product, target, self._metric.solver_where(free), max_products
        )
        self.products += products
        image = -residual - target
        if bend is not None:
            image -= bend(direction)
        return self.point + direction, self.slope + image

    def _free_slope(self, free):
        """The slope, nonsmooth part included, of the parameters that are free of a kink.

        It is read off a proximal step too short to bring any of them to zero.
        """
        length = self._lengths
        for _ in range(SHORTENINGS):
            moved = self._objective.prox(self.point - length * self.slope, length)
            if (moved[free] != 0).all():
                break
            length = length / 10
        return np.where(free, (self.point - moved) / length, 0.0)

    def _descend(self):
        """A proximal step under the metric, shortened until the model falls."""
        for _ in range(SHORTENINGS):
            candidate = self._prox(self.point, self.slope, self._length)
            if not (candidate != self.point).any():
                return False
            length = self._length
            if self._accept(candidate):
                return True
            self._length = min(self._length, length / 2)
        return False

    def _prox(self, place, slope, length):
        lengths = length * self._lengths
        return self._objective.prox(place - lengths * slope, lengths)

    def _accept(self, candidate, shares=(1.0,)):
        """Go towards a candidate by the first share behind which the model rises; if any falls."""
        move = candidate - self.point
        if not move.any():
            return False
        image = self._product(move)
        self.products += 1
        curvature = move @ image
        if curvature > 0:
            self._length = min(1.0, move @ (move / self._lengths) / curvature)
        best = None
        for share in shares:
            end = candidate if share == 1 else self.point + share * move
            slope = self.slope + share * image
            decrease = self._decrease_at(end, slope)
            if best is not None and decrease <= best[0]:
                break
            if decrease > self.decrease:
                best = decrease, end, slope
        if best is None:
            return False
        self.decrease, self.point, self.slope = best
        return True

    def _decrease_at(self, point, slope):
        smooth = (point - self._params) @ (self._gradient + slope) / 2
        return float(self._start - smooth - self._objective.nonsmooth(point))
