"""Absolute values, sorted by size."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from sklearn_gd._validation import NONE, Rule, real
from sklearn_gd.penalties.base import Penalty


def _is_non_increasing(value):
    try:
        numbers = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        return False
    is_vector = numbers.ndim == 1 and len(numbers) and np.isfinite(numbers).all()
    return bool(is_vector and (np.diff(numbers) <= 0).all() and numbers[-1] >= 0)


@dataclass(kw_only=True, eq=False, repr=False)
class SLOPE(Penalty):
    r"""Sorted l1: the larger a weight is among all, the more it is penalised.

    .. math:: \sum_i \lambda_i\,|w|_{(i)}, \quad |w|_{(1)} \ge |w|_{(2)} \ge \dots, \quad
        \lambda_1 \ge \lambda_2 \ge \dots \ge 0

    Weights of correlated features are made equal, where the lasso keeps one of them.

    Parameters
    ----------
    q : float, default=0.1
        Target of the false discovery rate, between 0 and 1, of the usual factors

        .. math:: \lambda_i = \Phi^{-1}(1 - i q / (2 m)) / \Phi^{-1}(1 - q / (2 m))

        of m weights, with :math:`\Phi` the normal distribution. The first is 1, so that ``alpha``
        is as strong as for the lasso.
    weights : array-like of shape (m,), default=None
        Other factors, not increasing and at least 0, one for each weight; a straight line is OSCAR.
        If given, ``q`` is not used.

    Raises
    ------
    ValueError
        In ``fit``, for another number of ``weights`` than the model has.

    References
    ----------
    Bogdan, van den Berg, Sabatti, Su and Candès (2015), "SLOPE: adaptive variable selection via
    convex optimization"; Bondell and Reich (2008), on OSCAR.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.penalties import SLOPE
    >>> penalty = SLOPE(weights=[1.0, 0.0])
    >>> penalty.prox(np.array([[3.0], [2.5]]), 1.0).tolist()
    [[2.25], [2.25]]
    """

    q: float = 0.1
    weights: NDArray | None = None
    is_separable: ClassVar[bool] = False
    rules: ClassVar = {
        "q": real(0, 1, open_low=True, open_high=True),
        "weights": Rule("a 1-D array of numbers >= 0 that do not increase", _is_non_increasing)
        | NONE,
    }

    def factors(self, n_weights: int) -> NDArray:
        """The factor of each weight, from that of the largest weight on."""
        if self.weights is None:
            tail = self.q * np.arange(1, n_weights + 1) / (2 * n_weights)
            return ndtri(1 - tail) / ndtri(1 - tail[:1])
        if len(self.weights) != n_weights:
            raise ValueError(
                f"The weights of SLOPE must be one for each of the {n_weights} weights of the "
                f"model; there are {len(self.weights)}."
            )
        return np.asarray(self.weights, dtype=float)

    def nonsmooth(self, w):
        return float(np.sort(np.abs(w), axis=None)[::-1] @ self.factors(w.size))

    def prox(self, w, scale):
        size = np.abs(w).ravel()
        order = np.argsort(-size, kind="stable")
        shrunk = size[order] - scale * self.factors(w.size)
        if (np.diff(shrunk) > 0).any():
            shrunk = _nearest_non_increasing(shrunk)
        size[order] = np.maximum(shrunk, 0)
        # adding zero turns -0.0 into 0.0
        return np.sign(w) * size.reshape(w.shape) + 0.0

    def prox_positive(self, w, scale):
        # what is negative ends at zero, and the minimiser keeps the signs of the rest
        return self.prox(np.maximum(w, 0), scale)


def _nearest_non_increasing(values):
    """Isotonic regression: neighbours that increase are averaged, until none does."""
    totals, counts = [], []
    for total in values.tolist():
        count = 1
        while totals and totals[-1] * count <= total * counts[-1]:
            total += totals.pop()
            count += counts.pop()
        totals.append(total)
        counts.append(count)
    return np.repeat(np.array(totals) / counts, counts)
