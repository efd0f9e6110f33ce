"""Penalties around another one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sklearn_gd.penalties.base import Penalty


@dataclass(kw_only=True, eq=False, repr=False)
class Positive(Penalty):
    """Another penalty, and no weight below zero: ``positive=True``.

    Right for penalties of absolute values or of norms, whose proximal operator keeps signs.

    Parameters
    ----------
    penalty : Penalty
        The other one.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.penalties import L1, Positive
    >>> Positive(penalty=L1()).prox(np.array([[3.0], [-3.0]]), 1.0).tolist()
    [[2.0], [0.0]]
    """

    penalty: Penalty

    def smooth(self, w):
        return self.penalty.smooth(w)

    def curvature(self, n_features):
        return self.penalty.curvature(n_features)

    def nonsmooth(self, w):
        return self.penalty.nonsmooth(w)

    def prox(self, w, scale):
        return self.penalty.prox(np.maximum(w, 0), scale)

    @property
    def is_piecewise_linear(self):
        return self.penalty.is_piecewise_linear

    def nonsmooth_product(self, w, direction):
        return self.penalty.nonsmooth_product(w, direction)


@dataclass(kw_only=True, eq=False, repr=False)
class Standardized(Penalty):
    """Another penalty, on weights in units of each feature's spread: ``standardize=True``.

    It acts as if every feature had been divided by its spread, while weights stay in raw units.
    Its proximal operator is right for penalties that are a sum over weights.

    Parameters
    ----------
    penalty : Penalty
        The other one.
    spread : ndarray of shape (d,)
        Of each feature, in its units.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.penalties import L1, Standardized
    >>> penalty = Standardized(penalty=L1(), spread=np.array([1.0, 10.0]))
    >>> penalty.nonsmooth(np.array([[1.0], [1.0]]))
    11.0
    """

    penalty: Penalty
    spread: NDArray

    @property
    def is_smooth(self):
        return self.penalty.is_smooth

    def smooth(self, w):
        value, gradient = self.penalty.smooth(w * self._column)
        return value, gradient * self._column

    def curvature(self, n_features):
        inner = np.asarray(self.penalty.curvature(n_features))
        return inner * (np.outer(self.spread, self.spread) if inner.ndim == 2 else self.spread**2)

    def nonsmooth(self, w):
        return self.penalty.nonsmooth(w * self._column)

    def prox(self, w, scale):
        return self.penalty.prox(w * self._column, scale * self._column**2) / self._column

    @property
    def is_piecewise_linear(self):
        return self.penalty.is_piecewise_linear

    def nonsmooth_product(self, w, direction):
        product = self.penalty.nonsmooth_product(w * self._column, direction * self._column)
        return product * self._column

    @property
    def _column(self):
        return self.spread[:, np.newaxis]
