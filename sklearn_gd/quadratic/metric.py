r"""The matrix that replaces 1/L: second derivatives of the objective, ready to be divided by.

Gradient descent divides the gradient by one number, the largest curvature L. A metric divides
it by a matrix H instead, so that the step no longer depends on the units of the features:
:math:`params \leftarrow params - H^{-1} gradient`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve

# The first number that is added to a unit diagonal where a matrix is singular.
FIRST_JITTER = 1e-14
# Entries of a matrix with unit diagonal are known up to this many units in the last place.
ROUNDING_ULPS = 10


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
    def solver_where(self, free: NDArray) -> Callable[[NDArray], NDArray]:
        """``solve`` within the parameters that are ``free``; zero for the others."""

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

    def solver_where(self, free):
        return lambda gradient: np.where(free, gradient / self._diagonal, 0.0)

    def product(self, direction):
        return self._diagonal * direction

    def diagonal_bound(self):
        return self._diagonal


class CentredDiagonalMetric(Metric):
    r"""H is a diagonal for features less their means, :math:`raw = (x - \mu)'w + (b + \mu'w)`.

    A plain diagonal leaves out that features far from zero do what the intercept does.

    Parameters
    ----------
    diagonal : ndarray of shape (d + 1, k)
        Of the centred features, and of the intercept.
    center : ndarray of shape (d, k)
        Means, in each output's own weights of the rows.
    """

    is_hessian = False

    def __init__(self, diagonal: NDArray, center: NDArray):
        self._diagonal = np.where(diagonal > 0, diagonal, 1.0)
        self._center = center

    def solve(self, gradient):
        return self._solve(gradient, self._center)

    def solver_where(self, free):
        *which, has_intercept = free.reshape(self._diagonal.shape)
        center = np.where(which, self._center, 0.0)
        share = center / self._diagonal[:-1]
        level = 1 / self._diagonal[-1] + (center * share).sum(axis=0)

        def solve(gradient):
            kept = np.where(free, gradient, 0.0)
            table = self._solve(kept, center).reshape(self._diagonal.shape)
            # where the intercept is held, the level that features share is a matrix of rank one
            held = kept.reshape(self._diagonal.shape) / self._diagonal
            held[:-1] -= share * (center * held[:-1]).sum(axis=0) / level
            return np.where(has_intercept, table, held).ravel()

        return solve

    def product(self, direction):
        table = direction.reshape(self._diagonal.shape)
        level = self._diagonal[-1] * (table[-1] + (self._center * table[:-1]).sum(axis=0))
        image = self._diagonal * table
        image[:-1] += self._center * level
        image[-1] = level
        return image.ravel()

    def diagonal_bound(self):
        size = np.abs(np.vstack([self._center, np.ones((1, self._center.shape[1]))]))
        bound = self._diagonal[-1] * size * size.sum(axis=0)
        bound[:-1] += self._diagonal[:-1]
        return bound.ravel()

    def _solve(self, gradient, center):
        table = gradient.reshape(self._diagonal.shape)
        result = table / self._diagonal
        result[:-1] -= center * table[-1] / self._diagonal[:-1]
        result[-1] -= (center * result[:-1]).sum(axis=0)
        return result.ravel()


class CholeskyMetric(Metric):
    """H has a matrix for each output, or one matrix that serves all of them.

    Parameters
    ----------
    blocks : ndarray of shape (k or 1, p, p)
        Matrices over the rows of the coefficient table (p, k).
    n_outputs : int
    is_hessian : bool
    damping : float
        Fraction of the diagonal that is added to it, for the sake of flat directions.
    stabilizer : ndarray or float
        Added before H is divided by, where H is singular and right-hand sides have no part in its
        null space but rounding errors.
    dtype : numpy.dtype
        Of the features; it sets what is rounding in H, which is not divided by.
    """

    def __init__(
        self,
        blocks: NDArray,
        n_outputs: int,
        is_hessian: bool,
        damping: float = 0.0,
        stabilizer: NDArray | float = 0.0,
        dtype=np.float64,
    ):
        self._rounding = rounding(dtype)
        self.is_hessian = is_hessian
        self._blocks, self._n_outputs = blocks, n_outputs
        diagonals = np.diagonal(blocks, axis1=1, axis2=2)
        if damping:
            self._blocks = blocks + damping * diagonals[:, np.newaxis, :] * np.eye(blocks.shape[1])
        # unit diagonal first: what remains of the condition number does not depend on units
        smallest = float(np.finfo(dtype).tiny) ** 2
        self._scales = 1 / np.sqrt(np.where(diagonals > smallest, diagonals, 1.0))
        scaled = self._blocks * self._scales[:, :, np.newaxis] * self._scales[:, np.newaxis, :]
        self._scaled = scaled
        self._stabilizer = stabilizer

    @cached_property
    def _factors(self):
        """Only smooth objectives divide by all of H."""
        stable = (self._blocks + self._stabilizer) * self._scales[:, :, np.newaxis]
        stable = stable * self._scales[:, np.newaxis, :]
        return [_cholesky(block, self._rounding) for block in stable]

    def solve(self, gradient):
        table = gradient.reshape(-1, self._n_outputs)
        result = np.empty_like(table)
        for columns, factor, scale in self._columns(self._factors):
            right = scale[:, np.newaxis] * table[:, columns]
            result[:, columns] = scale[:, np.newaxis] * cho_solve((factor, True), right)
        return result.ravel()

    def solver_where(self, free):
        mask = free.reshape(-1, self._n_outputs)
        parts = []
        for output in range(self._n_outputs):
            rows = np.flatnonzero(mask[:, output])
            if not rows.size:
                continue
            block = min(output, len(self._blocks) - 1)
            factor = _cholesky(self._scaled[block][np.ix_(rows, rows)], self._rounding)
            parts.append(((rows, output), factor, self._scales[block, rows]))

        def solve(gradient):
            table = gradient.reshape(mask.shape)
            result = np.zeros_like(table)
            for place, factor, scale in parts:
                result[place] = scale * cho_solve((factor, True), scale * table[place])
            return result.ravel()

        return solve

    def product(self, direction):
        table = direction.reshape(-1, self._n_outputs)
        result = np.empty_like(table)
        for columns, block, _ in self._columns(self._blocks):
            result[:, columns] = block @ table[:, columns]
        return result.ravel()

    def diagonal_bound(self):
        return self._bound

    @cached_property
    def _bound(self):
        table = np.empty((self._scales.shape[1], self._n_outputs))
        for columns, scaled, scale in self._columns(self._scaled):
            # no eigenvalue is beyond the largest sum of a row, which costs next to nothing
            _check_finite(scaled)
            largest = np.abs(scaled).sum(axis=1).max()
            table[:, columns] = ((largest if largest > 0 else 1.0) / scale**2)[:, np.newaxis]
        return table.ravel()

    def _columns(self, blocks):
        """Which outputs each block serves, the block, and its scale."""
        if len(blocks) == 1:
            return [(slice(None), blocks[0], self._scales[0])]
        return [
            (slice(j, j + 1), block, scale)
            for j, (block, scale) in enumerate(zip(blocks, self._scales, strict=True))
        ]


def rounding(dtype) -> float:
    """What is rounding in a matrix with unit diagonal that is made of features of a type."""
    return ROUNDING_ULPS * float(np.finfo(dtype).eps)


def largest_eigenvalue(matrix: NDArray) -> float:
    """Of a symmetric matrix."""
    _check_finite(matrix)
    return float(np.linalg.eigvalsh(matrix)[-1])


def _check_finite(matrix):
    if not np.isfinite(matrix).all():
        raise FloatingPointError("second derivatives are not finite; are values in X too large?")


def _cholesky(matrix, jitter):
    """The lower factor of a matrix with unit diagonal, with as much jitter as it takes."""
    _check_finite(matrix)
    while True:
        try:
            return np.linalg.cholesky(matrix + jitter * np.eye(len(matrix)))
        except np.linalg.LinAlgError:
            jitter = max(10 * jitter, FIRST_JITTER)
