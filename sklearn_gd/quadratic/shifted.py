"""A metric in coordinates in which features far from zero do not look like the intercept."""

import numpy as np
from numpy.typing import NDArray

from sklearn_gd.quadratic.metric import Metric

# A column whose mean is so many times its spread looks like the intercept.
FAR = 10.0
# And from here on, subtracting products leaves it few digits of its own.
VERY_FAR = 1e4
# A column that differs from its mean by this many units in the last place is constant.
ULPS = 10


class ShiftedMetric(Metric):
    r"""H over (w, b) as a metric over (w, b'), where b' is the intercept of centred features.

    .. math:: raw = X w + b = (X - \mu) w + b', \quad b' = b + \mu'w

    Penalties see w alone, so that their proximal operators are the same in both.

    Parameters
    ----------
    inner : Metric
        Over (w, b').
    center : ndarray of shape (d,)
        :math:`\mu`, or some other place near the rows.
    n_outputs : int
    """

    def __init__(self, inner: Metric, center: NDArray, n_outputs: int):
        self.inner, self._center, self._n_outputs = inner, center, n_outputs
        self.is_hessian = inner.is_hessian

    def shifted(self, params: NDArray) -> NDArray:
        """From (w, b) to (w, b')."""
        return self._with_level(params, 1.0)

    def unshifted(self, params: NDArray) -> NDArray:
        """From (w, b') to (w, b)."""
        return self._with_level(params, -1.0)

    def shifted_slope(self, gradient: NDArray) -> NDArray:
        """The slope in (w, b') from that in (w, b)."""
        table = gradient.reshape(-1, self._n_outputs).astype(np.float64)
        table[:-1] -= self._center[:, np.newaxis] * table[-1]
        return table.ravel()

    def solve(self, gradient):
        return self.unshifted(self.inner.solve(self.shifted_slope(gradient)))

    def solver_where(self, free):
        # the intercept has no kink, so that it is free
        solve = self.inner.solver_where(free)

        def shifted_solve(gradient):
            slope = self.shifted_slope(np.where(free, gradient, 0.0))
            return self.unshifted(solve(np.where(free, slope, 0.0)))

        return shifted_solve

    def product(self, direction):
        table = self.inner.product(self.shifted(direction)).reshape(-1, self._n_outputs)
        table[:-1] += self._center[:, np.newaxis] * table[-1]
        return table.ravel()

    def diagonal_bound(self):
        table = self.inner.diagonal_bound().reshape(-1, self._n_outputs).copy()
        size = np.abs(self._center)[:, np.newaxis]
        # (b + sum m w)^2 <= (1 + sum |m|) (b^2 + sum |m| w^2)
        level = table[-1] * (1 + size.sum())
        table[:-1] += size * level
        table[-1] = level
        return table.ravel()

    def _with_level(self, params, sign):
        table = params.reshape(-1, self._n_outputs).astype(np.float64)
        table[-1] += sign * (self._center @ table[:-1])
        return table.ravel()


class Center:
    """The center of the features that are far from zero, and what it makes of matrices.

    Attributes
    ----------
    places : ndarray of shape (d,)
        Means; 0 for features that stay as they are.
    of_rows : ndarray of shape (d,) or None
        The same where it has to be subtracted from the rows; None where products will do.
    """

    def __init__(self, blocks: NDArray, n_outputs: int, mean_of_squares, dtype):
        """From matrices of features as they are; ``mean_of_squares`` visits the rows again."""
        *squares, total = np.diagonal(blocks[0, ::n_outputs, ::n_outputs])
        mean = blocks[0, -n_outputs, ::n_outputs][:-1] / (total if total > 0 else 1.0)
        self.places = _where_beyond(FAR, mean, squares, total)
        self.of_rows = None
        if _where_beyond(VERY_FAR, mean, squares, total).any():
            # what does not vary at all is another intercept wherever it is
            rounding = ULPS * float(np.finfo(dtype).eps)
            (variance,) = mean_of_squares(self.places)
            varies = variance > (rounding * self.places) ** 2
            self.places = self.of_rows = np.where(varies, self.places, 0.0)

    def shift(self, blocks: NDArray, n_outputs: int) -> None:
        """Matrices (k, p, p) of features as they are become those of features less the center."""
        size = len(self.places) + 1
        table = blocks.reshape(-1, size, n_outputs, size, n_outputs)
        column = self.places[:, np.newaxis]
        table[:, :-1] -= column[:, :, np.newaxis, np.newaxis] * table[:, -1:]
        table[..., :-1, :] -= column * table[..., -1:, :]


def _where_beyond(times, mean, squares, total):
    """The mean where it is so many times the spread, or there is no spread, and 0 elsewhere."""
    return np.where(mean**2 * total > (1 - 1 / times**2) * np.array(squares), mean, 0.0)
