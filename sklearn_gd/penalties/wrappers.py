"""Penalties around another one."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sklearn_gd.penalties.base import Penalty


@dataclass(kw_only=True, eq=False, repr=False)
class Positive(Penalty):
    """Another penalty with weights constrained to be non-negative: ``positive=True``.

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

    @property
    def is_separable(self):
        return self.penalty.is_separable

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

    def kinks(self, n_features):
        return [at / self._column for at in self.penalty.kinks(n_features)]

    @property
    def is_piecewise_linear(self):
        return self.penalty.is_piecewise_linear

    def nonsmooth_product(self, w, direction):
        product = self.penalty.nonsmooth_product(w * self._column, direction * self._column)
        return product * self._column

    @property
    def _column(self):
        return self.std[:, np.newaxis]


@dataclass(kw_only=True, eq=False, repr=False)
class Weighted(Penalty):
    r"""Another penalty with a strength for each feature: ``penalty_weights=...``.

    .. math:: \sum_j v_j \sum_k p(w_{jk})

    with p the other one, which must be a sum over weights and define ``terms``.

    Parameters
    ----------
    penalty : Penalty
        The other one.
    weights : ndarray of shape (d,)
        v, at least 0; a feature of weight 0 is not penalised.

    See Also
    --------
    GroupLasso : It takes a weight for each group.

    References
    ----------
    Zou (2006), "The adaptive lasso and its oracle properties".

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.penalties import L1, Weighted
    >>> penalty = Weighted(penalty=L1(), weights=np.array([0.0, 2.0]))
    >>> penalty.prox(np.array([[3.0], [3.0]]), 1.0).tolist()
    [[3.0], [1.0]]
    """

    penalty: Penalty
    weights: NDArray

    @property
    def is_smooth(self):
        return self.penalty.is_smooth

    @property
    def is_convex(self):
        return self.penalty.is_convex

    @property
    def is_quadratic(self):
        return self.penalty.is_quadratic

    def terms(self, w):
        smooth, nonsmooth = self.penalty.terms(w)
        column = self._column(w)
        return smooth * column, nonsmooth * column

    def smooth(self, w):
        gradient = self.penalty.smooth(w)[1] * self._column(w)
        return float(np.sum(self.terms(w)[0])), gradient

    def curvature(self, n_features):
        return self.penalty.curvature(n_features) * np.asarray(self.weights)

    def nonsmooth(self, w):
        return float(np.sum(self.terms(w)[1]))

    def prox(self, w, scale):
        # adding zero turns -0.0 into 0.0
        return self.penalty.prox(w, scale * self._column(w)) + 0.0

    def prox_positive(self, w, scale):
        return self.penalty.prox_positive(w, scale * self._column(w)) + 0.0

    def kinks(self, n_features):
        is_penalised = self._column(np.empty((n_features, 1))) > 0
        return [np.where(is_penalised, at, np.nan) for at in self.penalty.kinks(n_features)]

    def vanishing(self):
        return self.penalty.vanishing()

    def on_columns(self, columns):
        inner = self.penalty.on_columns(columns)
        if inner is None:
            return None
        return Weighted(penalty=inner, weights=np.asarray(self.weights)[columns])

    def unit(self, n_features):
        return self.penalty.unit(n_features)

    @property
    def is_piecewise_linear(self):
        return self.penalty.is_piecewise_linear

    def nonsmooth_product(self, w, direction):
        return self.penalty.nonsmooth_product(w, direction) * self._column(w)

    def _column(self, w):
        return _per_feature("weights", self.weights, w)


@dataclass(kw_only=True, eq=False, repr=False)
class Bounded(Penalty):
    """Another penalty with weights between two bounds: ``lower`` and ``upper``.

    The other one must be smooth, or a convex sum over weights.

    Parameters
    ----------
    penalty : Penalty
        The other one.
    lower, upper : float or ndarray of shape (d,)
        Of the weights of each feature; -inf and inf are no bounds.

    See Also
    --------
    Positive : The same for a lower bound of 0, also of groups.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.penalties import L1, Bounded
    >>> penalty = Bounded(penalty=L1(), lower=-1.0, upper=np.array([0.0, np.inf]))
    >>> penalty.prox(np.array([[3.0], [-3.0]]), 1.0).tolist()
    [[0.0], [-1.0]]
    """

    penalty: Penalty
    lower: NDArray | float
    upper: NDArray | float

    @property
    def is_convex(self):
        return self.penalty.is_convex

    def vanishing(self):
        return replace(self, penalty=self.penalty.vanishing())

    def unit(self, n_features):
        return self.penalty.unit(n_features)

    def smooth(self, w):
        return self.penalty.smooth(w)

    def curvature(self, n_features):
        return self.penalty.curvature(n_features)

    def nonsmooth(self, w):
        return self.penalty.nonsmooth(w)

    def prox(self, w, scale):
        bounds = (_per_feature(name, getattr(self, name), w) for name in ("lower", "upper"))
        # adding zero turns -0.0 into 0.0
        return np.clip(self.penalty.prox(w, scale), *bounds) + 0.0

    def kinks(self, n_features):
        inner = [] if self.penalty.is_smooth else self.penalty.kinks(n_features)
        column = np.empty((n_features, 1))
        bounds = (_per_feature(name, getattr(self, name), column) for name in ("lower", "upper"))
        # an infinite bound is never met
        return [*inner, *(np.where(np.isfinite(bound), bound, np.nan) for bound in bounds)]

    @property
    def is_piecewise_linear(self):
        return self.penalty.is_piecewise_linear

    def nonsmooth_product(self, w, direction):
        return self.penalty.nonsmooth_product(w, direction)


def _per_feature(name, values, w):
    """A number for each feature as a column in the precision of ``w``."""
    values = np.asarray(values, dtype=w.dtype)
    if values.ndim and values.shape != w.shape[:1]:
        raise ValueError(
            f"{name} must be one number for each of the {len(w)} features; there are {values.size}."
        )
    return np.broadcast_to(values, w.shape[:1])[:, np.newaxis]
