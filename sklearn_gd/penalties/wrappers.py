"""Penalties around another one."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sklearn_gd.penalties.base import Penalty


@dataclass(kw_only=True, eq=False, repr=False)
class Positive(Penalty):
    """Another penalty, and weights that are constrained to be non-negative: ``positive=True``.

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

    def vanishing(self):
        return Positive(penalty=self.penalty.vanishing())

    def on_columns(self, columns):
        inner = self.penalty.on_columns(columns)
        return None if inner is None else Positive(penalty=inner)

    def smooth(self, w):
        return self.penalty.smooth(w)

    def curvature(self, n_features):
        return self.penalty.curvature(n_features)

    def nonsmooth(self, w):
        return self.penalty.nonsmooth(w)

    @property
    def is_convex(self):
        return self.penalty.is_convex

    def prox(self, w, scale):
        return self.penalty.prox_positive(w, scale)

    @property
    def is_piecewise_linear(self):
        return self.penalty.is_piecewise_linear

    def nonsmooth_product(self, w, direction):
        return self.penalty.nonsmooth_product(w, direction)


@dataclass(kw_only=True, eq=False, repr=False)
class Standardized(Penalty):
    """Another penalty, on weights of standardized features: ``standardize=True``.

    It acts as if every feature had been divided by its standard deviation, while weights stay in
    raw units. Its proximal operator is right for penalties that are ``is_separable``.

    Parameters
    ----------
    penalty : Penalty
        The other one.
    std : ndarray of shape (d,)
        Standard deviation of each feature.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.penalties import L1, Standardized
    >>> penalty = Standardized(penalty=L1(), std=np.array([1.0, 10.0]))
    >>> penalty.nonsmooth(np.array([[1.0], [1.0]]))
    11.0
    """

    penalty: Penalty
    std: NDArray

    @property
    def is_smooth(self):
        return self.penalty.is_smooth

    @property
    def is_convex(self):
        return self.penalty.is_convex

    @property
    def is_quadratic(self):
        return self.penalty.is_quadratic

    def smooth(self, w):
        value, gradient = self.penalty.smooth(w * self._column)
        return value, gradient * self._column

    def curvature(self, n_features):
        inner = np.asarray(self.penalty.curvature(n_features))
        return inner * (np.outer(self.std, self.std) if inner.ndim == 2 else self.std**2)

    def nonsmooth(self, w):
        return self.penalty.nonsmooth(w * self._column)

    def prox(self, w, scale):
        return self.penalty.prox(w * self._column, scale * self._column**2) / self._column

    def prox_positive(self, w, scale):
        inner = self.penalty.prox_positive(w * self._column, scale * self._column**2)
        return inner / self._column

    def vanishing(self):
        return replace(self, penalty=self.penalty.vanishing())

    def on_columns(self, columns):
        inner = self.penalty.on_columns(columns)
        return None if inner is None else Standardized(penalty=inner, std=self.std[columns])

    def unit(self, n_features):
        return self.std

    @property
    def is_piecewise_linear(self):
        return self.penalty.is_piecewise_linear

    def nonsmooth_product(self, w, direction):
        product = self.penalty.nonsmooth_product(w * self._column, direction * self._column)
        return product * self._column

    @property
    def _column(self):
        return self.std[:, np.newaxis]
