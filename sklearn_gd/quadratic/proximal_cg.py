r"""The proximal model minimised by products with the Hessian, each a pass over the data.

A semismooth Newton method on the quadratic model (Byrd, Chin, Nocedal and Oztoprak, 2016, "A family
of second-order methods for convex l1-regularized optimization"; Li, Sun and Toh, 2018, "A highly
efficient semismooth Newton augmented Lagrangian method for solving lasso problems").
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklearn_gd.quadratic.conjugate_gradient import conjugate_gradient
from sklearn_gd.quadratic.metric import Metric
from sklearn_gd.quadratic.proximal import SHORTENINGS, ProximalModel

# Fraction of the model's decrease that one more round may still be worth.
TOLERANCE = 0.1
# Fractions of the way to a candidate that are tried.
FRACTIONS = 0.5 ** np.arange(30)


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

    A round frees what is not at a kink, minimises by conjugate gradients as if there were no
    kinks, and takes a proximal step under the metric from the end, which brings to their kink the
    parameters that have passed it and releases others. It stops when a round gains less than
    ``tolerance`` of all gains, or than ``negligible``.
    """
    rounds = _Rounds(ProximalModel(product, metric, objective, params, gradient), max_products)
    model = rounds.model
    while rounds.products < max_products:
        before = model.decrease
        if not rounds.improve():
            break
        gain = model.decrease - before
        if gain <= max(tolerance * model.decrease, negligible):
            break
    return ProximalStep(model.direction, model.decrease, rounds.products)


class _Rounds:
    """Rounds of the method on one model, and the products they have cost."""

    def __init__(self, model: ProximalModel, max_products: int):
        self.model, self._max_products = model, max_products
        self.products = 0
        self._length, self._bend = 1.0, None

    def improve(self) -> bool:
        """A round; whether anything was gained.

        Where Newton's end, brought to its kinks, is no gain, what passed its kink is stopped there,
        and a proximal step that is short enough to gain releases what it must.
        """
        end, slope = self._newton_end()
        if self._accept(self.model.prox(end, slope)):
            return True
        stopped = end if self._bend else self.model.up_to_kink(self.model.point, end)
        gained = self._accept(self.model.feasible(stopped), FRACTIONS)
        return self._descend() or gained

    def _newton_end(self):
        """The end of Newton's step on the free parameters, and the slope there."""
        model = self.model
        free = ~model.at_kink(model.point)
        if not free.any():
            return model.point, model.slope
        target = model.free_slope(free, model.point, model.slope)
        bend = self._bend = model.nonsmooth_operator()

        def product(direction):
            image = model.product(direction)
            return image if bend is None else image + bend(direction)

        direction, _, products, residual = conjugate_gradient(
            product, target, model.metric.solver_where(free), self._max_products
        )
        self.products += products
        image = -residual - target
        if bend is not None:
            image -= bend(direction)
        return model.point + direction, model.slope + image

    def _descend(self):
        """A proximal step under the metric, shortened until the model falls."""
        for _ in range(SHORTENINGS):
            candidate = self.model.prox(self.model.point, self.model.slope, self._length)
            if not (candidate != self.model.point).any():
                return False
            length = self._length
            if self._accept(candidate):
                return True
            self._length = min(self._length, length / 2)
        return False

    def _accept(self, candidate, fractions=(1.0,)):
        """Go towards a candidate by the first fraction after which the model rises."""
        model = self.model
        move = candidate - model.point
        if not move.any():
            return False
        image = model.product(move)
        self.products += 1
        curvature = move @ image
        if curvature > 0:
            self._length = min(1.0, move @ (move / model.lengths) / curvature)
        best = None
        for fraction in fractions:
            end = candidate if fraction == 1 else model.point + fraction * move
            slope = model.slope + fraction * image
            decrease = model.decrease_at(end, slope)
            if best is not None and decrease <= best[-1]:
                break
            if decrease > model.decrease:
                best = end, slope, decrease
        if best is None:
            return False
        model.move_to(*best)
        return True
