r"""The quadratic model around a point plus the nonsmooth part of the objective.

.. math:: m(u) = g^T(u - params) + (u - params)^T H (u - params) / 2 + nonsmooth(u)

Ways to minimise it: :mod:`.feature_sign`, which begins with :mod:`.block_pivoting`, where products
with H are cheap, and :mod:`.proximal_cg` where each is a pass over the data.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sklearn_gd.quadratic.metric import Metric

# A proximal step is shortened tenfold at most this often to keep parameters off their kinks.
SHORTENINGS = 10


class ProximalModel:
    """The model, and the point it has been lowered to.

    Parameters
    ----------
    product : callable
        H times a vector.
    metric : Metric
        H, or near it: its diagonal bound gives the lengths of proximal steps.
    objective : Objective
        Asked for the nonsmooth part alone.
    params, gradient : ndarray of shape (p,)
        Where the model is exact, and its slope there.

    Attributes
    ----------
    point, slope : ndarray of shape (p,)
        Where the model was lowered to, and the slope of its quadratic part there.
    decrease : float
        What it lost on the way, at least zero.
    kinks : list of ndarray of shape (p,)
        Where the slope of the nonsmooth part jumps; NaN for nowhere.
    lengths : ndarray of shape (p,) or float
        Lengths of proximal steps under which H is bounded; one where the nonsmooth part is no sum
        over parameters.
    """

    def __init__(
        self,
        product: Callable[[NDArray], NDArray],
        metric: Metric,
        objective,
        params: NDArray,
        gradient: NDArray,
    ):
        self.product, self.metric, self._objective = product, metric, objective
        self._params, self._gradient = params, gradient
        bound = metric.diagonal_bound()
        self.lengths = 1 / (bound if objective.is_separable else bound.max())
        self._start = objective.nonsmooth(params)
        self.kinks = objective.kinks()
        self.point, self.slope, self.decrease = params, gradient, 0.0

    @property
    def direction(self) -> NDArray:
        """The way from ``params`` to the point."""
        return self.point - self._params

    def slope_at(self, point: NDArray) -> NDArray:
        """The slope of the quadratic part at another point, by a product."""
        return self._gradient + self.product(point - self._params)

    def decrease_at(self, point: NDArray, slope: NDArray) -> float:
        """What the model loses between ``params`` and a point with a known slope."""
        smooth = (point - self._params) @ (self._gradient + slope) / 2
        return float(self._start - smooth - self._objective.nonsmooth(point))

    def move_to(self, point: NDArray, slope: NDArray, decrease: float) -> None:
        """Take a point as the lowest so far."""
        self.point, self.slope, self.decrease = point, slope, decrease

    def prox(self, point: NDArray, slope: NDArray, length: float = 1.0) -> NDArray:
        """A proximal step from a point, ``length`` times as long as the bound allows."""
        lengths = length * self.lengths
        return self._objective.prox(point - lengths * slope, lengths)

    def at_kink(self, point: NDArray) -> NDArray:
        """Which parameters are at a kink of theirs."""
        return np.logical_or.reduce([point == place for place in self.kinks])

    def up_to_kink(self, start: NDArray, end: NDArray) -> NDArray:
        """The way from one point to another, of each parameter as far as the first kink."""
        for place in self.kinks:
            end = np.where((start - place) * (end - place) < 0, place, end)
        return end

    def feasible(self, point: NDArray) -> NDArray:
        """A proximal step of no length: beyond its kink a constraint allows nothing."""
        return self._objective.prox(point, 0.0)

    def gap_bound(self) -> float:
        r"""An upper bound of what is left to lose at the point.

        A proximal step to u gives a subgradient s of the model at u, and then
        :math:`m(u) - \min m \le s^T H^{-1} s / 2`.
        """
        moved = self.prox(self.point, self.slope)
        slope = self.slope_at(moved)
        subgradient = (self.point - moved) / self.lengths + slope - self.slope
        gained = self.decrease_at(moved, slope) - self.decrease
        rest = float(subgradient @ self.metric.solve(subgradient)) / 2
        return max(gained, 0.0) + rest

    def nonsmooth_operator(self) -> Callable[[NDArray], NDArray] | None:
        """Second derivatives of the nonsmooth part at the point; None where it has none."""
        return self._objective.nonsmooth_operator(self.point)

    def free_slope(self, free: NDArray, point: NDArray, slope: NDArray) -> NDArray:
        """The slope at a point, nonsmooth part included, of parameters off their kinks.

        It is read off a proximal step too short to bring any of them to a kink, or beyond.
        """
        lengths = self.lengths
        for _ in range(SHORTENINGS):
            moved = self._objective.prox(point - lengths * slope, lengths)
            if not self.at_kink(self.up_to_kink(point, moved))[free].any():
                break
            lengths = lengths / 10
        return np.where(free, (point - moved) / lengths, 0.0)
