"""Penalties that are sums over weights, or squares of them."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sklearn_gd._validation import Rule, real
from sklearn_gd.penalties.base import Penalty


@dataclass(kw_only=True, eq=False, repr=False)
class L2(Penalty):
    """Half the squared norm.

    .. math:: |w|^2 / 2

    References
    ----------
    Hoerl and Kennard (1970), "Ridge regression: biased estimation for nonorthogonal problems".

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.penalties import L2
    >>> L2().smooth(np.array([[2.0]]))
    (2.0, array([[2.]]))
    """

    is_quadratic: ClassVar[bool] = True

    def terms(self, w):
        return w**2 / 2, 0.0

    def smooth(self, w):
        return 0.5 * float(np.vdot(w, w)), w

    def curvature(self, n_features):
        return 1.0

    def l1_l2_weights(self):
        return 0.0, 1.0


@dataclass(kw_only=True, eq=False, repr=False)
class L1(Penalty):
    r"""The sum of absolute values; its proximal operator gives exact zeros.

    .. math:: |w|_1, \quad prox(w)_j = w_j - \min(\max(w_j, -scale), scale)

    References
    ----------
    Tibshirani (1996), "Regression shrinkage and selection via the lasso".

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.penalties import L1
    >>> L1().prox(np.array([[3.0], [-0.5]]), 1.0).tolist()
    [[2.0], [0.0]]
    """

    def terms(self, w):
        return 0.0, np.abs(w)

    def nonsmooth(self, w):
        return float(np.abs(w).sum())

    def prox(self, w, scale):
        return _soft_threshold(w, scale)

    def on_columns(self, columns):
        return self

    def l1_l2_weights(self):
        return 1.0, 0.0


@dataclass(kw_only=True, eq=False, repr=False)
class ElasticNet(Penalty):
    r"""A mixture of :class:`L1` and :class:`L2`.

    .. math:: \rho |w|_1 + (1 - \rho) |w|^2 / 2, \quad \rho = l1\_ratio

    Parameters
    ----------
    l1_ratio : float, default=0.15
        Fraction of the absolute part, from 0 to 1.

    References
    ----------
    Zou and Hastie (2005), "Regularization and variable selection via the elastic net".

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.penalties import ElasticNet
    >>> ElasticNet(l1_ratio=0.5).prox(np.array([[3.0], [-0.5]]), 1.0).tolist()
    [[2.5], [0.0]]
    """

    l1_ratio: float = 0.15
    rules: ClassVar = {"l1_ratio": real(0, 1)}

    @property
    def is_smooth(self):
        return self.l1_ratio == 0

    @property
    def is_quadratic(self):
        return self.l1_ratio == 0

    def terms(self, w):
        return (1 - self.l1_ratio) * L2().terms(w)[0], self.l1_ratio * L1().terms(w)[1]

    def smooth(self, w):
        value, gradient = L2().smooth(w)
        return (1 - self.l1_ratio) * value, (1 - self.l1_ratio) * gradient

    def curvature(self, n_features):
        return 1.0 - self.l1_ratio

    def nonsmooth(self, w):
        return self.l1_ratio * L1().nonsmooth(w)

    def prox(self, w, scale):
        return _soft_threshold(w, scale * self.l1_ratio)

    def on_columns(self, columns):
        return self

    def l1_l2_weights(self):
        return self.l1_ratio, 1 - self.l1_ratio


@dataclass(kw_only=True, eq=False, repr=False)
class Tikhonov(Penalty):
    r"""Half the squared norm of a matrix times the weights.

    .. math:: |\Gamma w|^2 / 2

    Parameters
    ----------
    matrix : ndarray of shape (m, d)
        :math:`\Gamma`: differences between neighbours for smooth coefficients, say.

    Raises
    ------
    ValueError
        In ``fit``, for a matrix without a column for each feature.

    References
    ----------
    Tikhonov (1963), "Solution of incorrectly formulated problems and the regularization method".

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.penalties import Tikhonov
    >>> Tikhonov(matrix=np.array([[1.0, -1.0]])).smooth(np.array([[3.0], [1.0]]))[0]
    2.0
    """

    matrix: NDArray
    is_quadratic: ClassVar[bool] = True
    rules: ClassVar = {"matrix": Rule("a 2-D array of finite numbers", lambda m: _is_numeric(m, 2))}

    def smooth(self, w):
        gamma = self._checked(len(w))
        image = gamma @ w
        return 0.5 * float(np.vdot(image, image)), gamma.T @ image

    def curvature(self, n_features):
        gamma = self._checked(n_features)
        return gamma.T @ gamma

    def _checked(self, n_features):
        gamma = np.asarray(self.matrix)
        if gamma.shape[1] != n_features:
            raise ValueError(
                f"The matrix of Tikhonov must have a column for each of the {n_features} features; "
                f"it has shape {gamma.shape}."
            )
        return gamma


def _is_numeric(value, n_dimensions):
    array = np.asarray(value)
    is_number = array.ndim == n_dimensions and np.issubdtype(array.dtype, np.number)
    return bool(is_number and np.isfinite(array).all())


def _soft_threshold(w, scale):
    # w - clip(w) and not sign(w) * max(|w| - scale, 0): a shrunk weight is then 0.0, never -0.0
    return w - np.clip(w, -scale, scale)
