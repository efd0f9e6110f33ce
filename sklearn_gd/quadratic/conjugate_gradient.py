"""The quadratic model around a point, minimised by products with its matrix."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

# Fraction of the model's decrease that one more conjugate gradient step may still be worth.
CG_TOLERANCE = 0.1
# The metric's own estimate of what a step will be worth is trusted only this far below that.
FAR_BELOW = 0.5


def conjugate_gradient(
    product: Callable[[NDArray], NDArray],
    gradient: NDArray,
    solve: Callable[[NDArray], NDArray],
    max_products: int,
    tolerance: float = CG_TOLERANCE,
) -> tuple[NDArray, float, int, NDArray]:
    r"""Minimise :math:`g'd + d'Hd/2` over d, preconditioned by a metric's ``solve``.

    Stops when another step is worth less than ``tolerance`` of the mean step so far (Nash and
    Sofer, 1990, "Assessing a search direction within a truncated-Newton method").

    Returns
    -------
    direction : ndarray
    decrease : float
        What the quadratic model loses, a lower bound of its best :math:`g'H^{-1}g/2`.
    products : int
        Products with H that were needed.
    residual : ndarray
        :math:`-g - Hd`, where ``solve`` leaves parameters out too.
    """
    direction = np.zeros_like(gradient)
    residual = -gradient
    conditioned = solve(residual)
    search = conditioned
    energy = residual @ conditioned
    decrease = 0.0
    for count in range(1, max_products + 1):
        image = product(search)
        curvature = search @ image
        if energy <= 0:
            return direction, decrease, count, residual
        if curvature <= 0:  # not convex here: the first such direction is as good as any
            if count == 1:
                direction, residual = search, residual - image
            return direction, max(decrease, energy / 2), count, residual
        length = energy / curvature
        direction = direction + length * search
        residual = residual - length * image
        gain = length * energy / 2
        decrease += gain
        conditioned = solve(residual)
        energy, previous = residual @ conditioned, energy
        # what the next product would be worth, were the metric the Hessian
        is_spent = energy / 2 * (count + 1) <= FAR_BELOW * tolerance * decrease
        if is_spent or gain * count <= tolerance * decrease:
            break
        search = conditioned + energy / previous * search
    return direction, decrease, count, residual
