r"""The matrix that replaces 1/L: second derivatives of the objective, ready to be divided by.

Gradient descent divides the gradient by one number, the largest curvature L. A metric divides
it by a matrix H instead, so that the step no longer depends on the units of the features:
:math:`params \leftarrow params - H^{-1} gradient`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve

# Share of the model's decrease that one more conjugate gradient step may still be worth.
CG_TOLERANCE = 0.1
FIRST_JITTER = 1e-14
# The inner proximal problem is solved until a step is this small beside the whole direction.
PROX_TOLERANCE = 1e-6
PROX_MAX_ITER = 2000


class Metric(ABC):
    """A positive definite matrix H over the flat parameters.

    Attributes
    ----------
    is_hessian : bool
        Whether H is the objective's Hessian, and not only near it.
    """

    is_hessian: bool

    @abstractmethod
    def solve(self, gradient: NDArray) -> NDArray:
        """H⁻¹ times a vector."""

    @abstractmethod
    def product(self, direction: NDArray) -> NDArray:
        """H times a vector."""

    @abstractmethod
    def diagonal_bound(self) -> NDArray:
        """A diagonal matrix, as a vector, that is at least H."""


class DiagonalMetric(Metric):
    """H is a diagonal: for parameters too many for a matrix."""

    is_hessian = False

    def __init__(self, diagonal: NDArray):
        self._diagonal = np.where(diagonal > 0, diagonal, 1.0)

    def solve(self, gradient):
        return gradient / self._diagonal

    def product(self, direction):
        return self._diagonal * direction

    def diagonal_bound(self):
        return self._diagonal


class CholeskyMetric(Metric):
    """H has a matrix for each output, or one matrix that serves all of them.

    Parameters
    ----------
    blocks : ndarray of shape (k or 1, p, p)
        Matrices over the rows of the coefficient table (p, k).
    n_outputs : int
    is_hessian : bool
    """

    def __init__(self, blocks: NDArray, n_outputs: int, is_hessian: bool):
        self.is_hessian = is_hessian
        self._blocks, self._n_outputs = blocks, n_outputs
        diagonals = np.diagonal(blocks, axis1=1, axis2=2)
        # unit diagonal first: what remains of the condition number does not depend on units
        self._scales = 1 / np.sqrt(np.where(diagonals > 0, diagonals, 1.0))
        scaled = blocks * self._scales[:, :, np.newaxis] * self._scales[:, np.newaxis, :]
        self._scaled = scaled
        self._factors = [_cholesky(block) for block in scaled]

    def solve(self, gradient):
        table = gradient.reshape(-1, self._n_outputs)
        result = np.empty_like(table)
        for columns, factor, scale in self._columns(self._factors):
            right = scale[:, np.newaxis] * table[:, columns]
            result[:, columns] = scale[:, np.newaxis] * cho_solve((factor, True), right)
        return result.ravel()

    def product(self, direction):
        table = direction.reshape(-1, self._n_outputs)
        result = np.empty_like(table)
        for columns, block, _ in self._columns(self._blocks):
            result[:, columns] = block @ table[:, columns]
        return result.ravel()

    def diagonal_bound(self):
        table = np.empty((self._scales.shape[1], self._n_outputs))
        for columns, scaled, scale in self._columns(self._scaled):
            largest = np.linalg.eigvalsh(scaled)[-1]
            table[:, columns] = (largest / scale**2)[:, np.newaxis]
        return table.ravel()

    def _columns(self, blocks):
        """Which outputs each block serves, the block, and its scale."""
        if len(blocks) == 1:
            return [(slice(None), blocks[0], self._scales[0])]
        return [
            (slice(j, j + 1), block, scale)
            for j, (block, scale) in enumerate(zip(blocks, self._scales, strict=True))
        ]


def conjugate_gradient(
    product: Callable[[NDArray], NDArray],
    gradient: NDArray,
    metric: Metric,
    max_products: int,
    tolerance: float = CG_TOLERANCE,
) -> tuple[NDArray, float, int]:
    r"""Minimise :math:`g'd + d'Hd/2` over d, preconditioned by a metric.

    Stops when another step is worth less than ``tolerance`` of the mean step so far (Nash and
    Sofer, 1990, "Assessing a search direction within a truncated-Newton method").

    Returns
    -------
    direction : ndarray
    decrease : float
        What the quadratic model loses, a lower bound of its best :math:`g'H^{-1}g/2`.
    products : int
        Products with H that were needed.
    """
    direction = np.zeros_like(gradient)
    residual = -gradient
    conditioned = metric.solve(residual)
    search = conditioned
    energy = residual @ conditioned
    decrease = 0.0
    for count in range(1, max_products + 1):
        image = product(search)
        curvature = search @ image
        if energy <= 0:
            return direction, decrease, count
        if curvature <= 0:  # not convex here: the first such direction is as good as any
            fallback = direction if count > 1 else search
            return fallback, max(decrease, energy / 2), count
        length = energy / curvature
        direction = direction + length * search
        residual = residual - length * image
        gain = length * energy / 2
        decrease += gain
        if gain * count <= tolerance * decrease:
            break
        conditioned = metric.solve(residual)
        energy, previous = residual @ conditioned, energy
        search = conditioned + energy / previous * search
    return direction, decrease, count


def proximal_direction(metric: Metric, objective, params: NDArray, gradient: NDArray):
    r"""Minimise :math:`g'd + d'Hd/2 + nonsmooth(params + d)` over d, without touching the data.

    Accelerated proximal descent with restarts (O'Donoghue and Candès, 2015) under the diagonal
    bound of H.

    Returns
    -------
    direction : ndarray
    decrease : float
        What the model loses, at least zero.
    """
    bound = metric.diagonal_bound()
    point = ahead = params
    momentum = 1.0
    for _ in range(PROX_MAX_ITER):
        slope = gradient + metric.product(ahead - params)
        new = objective.prox(ahead - slope / bound, 1 / bound)
        move = new - point
        if (ahead - new) * bound @ move > 0:
            momentum = 1.0
        grown = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = new + (momentum - 1) / grown * move
        momentum, point = grown, new
        if move @ (bound * move) <= PROX_TOLERANCE**2 * ((new - params) @ (bound * (new - params))):
            break
    direction = point - params
    change = (
        gradient @ direction
        + direction @ metric.product(direction) / 2
        + objective.nonsmooth(point)
        - objective.nonsmooth(params)
    )
    return direction, max(-change, 0.0)


def _cholesky(matrix):
    """The lower factor of a matrix with unit diagonal, with as much jitter as it takes."""
    jitter = 0.0
    while True:
        try:
            return np.linalg.cholesky(matrix + jitter * np.eye(len(matrix)))
        except np.linalg.LinAlgError:
            jitter = max(10 * jitter, FIRST_JITTER)
