"""Losses of numbers."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sklearn_gd._validation import real
from sklearn_gd.losses import scalar
from sklearn_gd.losses.base import Loss
from sklearn_gd.losses.envelope import WIDTHS, MoreauEnvelope
from sklearn_gd.losses.piecewise_linear import PiecewiseLinearLoss

# A Huber loss whose delta is below this many standard deviations of y is solved as one with kinks.
ALL_BUT_ABSOLUTE = 0.01


@dataclass(kw_only=True, eq=False, repr=False)
class SquaredError(Loss):
    """Half the squared error.

    .. math:: (raw - y)^2 / 2

    The half makes the derivative raw - y and the second derivative 1, as in scikit-learn.

    References
    ----------
    Gauss (1809), *Theoria motus corporum coelestium*.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.losses import SquaredError
    >>> loss, y, raw = SquaredError(), np.array([[1.0]]), np.array([[3.0]])
    >>> loss.value(y, raw).round(4), loss.gradient(y, raw).round(4)
    (array([2.]), array([[2.]]))
    """

    curvature: ClassVar[float] = 1.0
    is_quadratic: ClassVar[bool] = True

    def value(self, y, raw):
        return self.value_and_gradient(y, raw)[0]

    def gradient(self, y, raw):
        return raw - y

    def value_and_gradient(self, y, raw):
        residual = raw - y
        return 0.5 * np.einsum("ik,ik->i", residual, residual), residual

    def scalar(self):
        return scalar.squared_error, ()

    def second_derivative(self, y, raw):
        return np.ones_like(raw)

    def baseline(self, y, n_outputs, weight=None):
        return np.average(y, axis=0, weights=weight)


@dataclass(kw_only=True, eq=False, repr=False)
class Huber(Loss):
    r"""Squared error of small residuals, absolute error of large ones.

    .. math:: r^2/2 \text{ where } |r| \le delta, \quad delta\,(|r| - delta/2) \text{ beyond}, \quad
        r = raw - y

    Parameters
    ----------
    delta : float, default=1.35
        In the units of y, greater than 0.

    References
    ----------
    Huber (1964), "Robust estimation of a location parameter".

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.losses import Huber
    >>> loss, y, raw = Huber(delta=1.0), np.array([[1.0]]), np.array([[3.0]])
    >>> loss.value(y, raw).round(4), loss.gradient(y, raw).round(4)
    (array([1.5]), array([[1.]]))
    """

    delta: float = 1.35
    curvature: ClassVar[float] = 1.0
    rules: ClassVar = {"delta": real(0, open_low=True)}

    def value(self, y, raw):
        size = np.abs(raw - y)
        inner = np.minimum(size, self.delta)
        return np.sum(inner * (size - inner / 2), axis=1)

    def gradient(self, y, raw):
        return np.clip(raw - y, -self.delta, self.delta)

    def scalar(self):
        return scalar.huber, (float(self.delta),)

    def second_derivative(self, y, raw):
        return (np.abs(raw - y) <= self.delta).astype(raw.dtype)

    def stages(self, spread, resolution=0.0):
        """Where delta is small in the units of y, those of the absolute error that it nearly is."""
        if self.delta >= ALL_BUT_ABSOLUTE * spread:
            return [self]
        unit = spread / self.delta
        wider = [width * unit for width in WIDTHS if width * unit > 2]
        loss = _ScaledAbsoluteError(slope=self.delta)
        # the last is this loss itself: the envelope of delta |r| with width 1
        return [
            MoreauEnvelope(loss=loss, width=width, spread=max(width, unit))
            for width in (*wider, 1.0)
        ]

    def baseline(self, y, n_outputs, weight=None):
        return _quantile(y, 0.5, weight)


@dataclass(kw_only=True, eq=False, repr=False)
class Poisson(Loss):
    r"""Half the Poisson deviance with a log link.

    .. math:: e^{raw} - y\,raw + y \log y - y

    For counts and rates, y at least 0; the prediction is :math:`e^{raw}`.

    Raises
    ------
    ValueError
        In ``fit``, for a y below 0, or y that are all 0.

    References
    ----------
    McCullagh and Nelder (1989), *Generalized Linear Models*, chapter 6.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.losses import Poisson
    >>> loss, y, raw = Poisson(), np.array([[2.0]]), np.array([[0.0]])
    >>> loss.value(y, raw).round(4), loss.gradient(y, raw).round(4)
    (array([0.3863]), array([[-1.]]))
    """

    link_name: ClassVar[str] = "exp"

    def value(self, y, raw):
        with np.errstate(divide="ignore", invalid="ignore"):
            saturated = np.where(y > 0, y * np.log(y), 0) - y
        return np.sum(np.exp(raw) - y * raw + saturated, axis=1)

    def gradient(self, y, raw):
        return np.exp(raw) - y

    def scalar(self):
        return scalar.poisson, ()

    def second_derivative(self, y, raw):
        return np.exp(raw)

    def inverse_link(self, raw):
        return np.exp(raw)

    def check_target(self, y):
        if (y < 0).any():
            raise ValueError(
                f"loss='poisson' needs y >= 0, counts or rates; the smallest y is {y.min():g}."
            )

    def check_whole_target(self, y):
        if not y.any(axis=0).all():
            raise ValueError("loss='poisson' needs a y above 0: the best rate would be log(0).")

    def baseline(self, y, n_outputs, weight=None):
        mean = np.average(y, axis=0, weights=weight)
        # a chunk of a stream may have no event: half of one is expected
        return np.log(np.where(mean > 0, mean, 0.5 / len(y)))


@dataclass(kw_only=True, eq=False, repr=False)
class Quantile(PiecewiseLinearLoss):
    r"""The pinball loss: its minimiser is a quantile of y given x.

    .. math:: q\,r \text{ where } r \ge 0, \quad (q - 1)\,r \text{ below}, \quad r = y - raw

    Parameters
    ----------
    quantile : float, default=0.5
        q, between 0 and 1.

    References
    ----------
    Koenker and Bassett (1978), "Regression quantiles".

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.losses import Quantile
    >>> loss, y, raw = Quantile(quantile=0.9), np.array([[3.0]]), np.array([[1.0]])
    >>> loss.value(y, raw).round(4), loss.gradient(y, raw).round(4)
    (array([1.8]), array([[-0.9]]))
    """

    quantile: float = 0.5
    is_of_residual: ClassVar[bool] = True
    rules: ClassVar = {"quantile": real(0, 1, open_low=True, open_high=True)}

    def value(self, y, raw):
        residual = y - raw
        return np.sum(np.maximum(self.quantile * residual, (self.quantile - 1) * residual), axis=1)

    def gradient(self, y, raw):
        return np.where(y > raw, -self.quantile, np.where(y < raw, 1 - self.quantile, 0)).astype(
            raw.dtype
        )

    def prox_move(self, y, raw, width):
        return np.clip(y - raw, -width * (1 - self.quantile), width * self.quantile)

    def baseline(self, y, n_outputs, weight=None):
        return _quantile(y, self.quantile, weight)


@dataclass(kw_only=True, eq=False, repr=False)
class AbsoluteError(PiecewiseLinearLoss):
    """Absolute error: its minimiser is a median.

    .. math:: |raw - y|

    References
    ----------
    Koenker and Bassett (1978), "Regression quantiles"; it is twice their loss of the median.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.losses import AbsoluteError
    >>> loss, y, raw = AbsoluteError(), np.array([[1.0]]), np.array([[3.0]])
    >>> loss.value(y, raw).round(4), loss.gradient(y, raw).round(4)
    (array([2.]), array([[1.]]))
    """

    is_of_residual: ClassVar[bool] = True

    def value(self, y, raw):
        return np.abs(raw - y).sum(axis=1)

    def gradient(self, y, raw):
        return np.sign(raw - y)

    def prox_move(self, y, raw, width):
        return np.clip(y - raw, -width, width)

    def baseline(self, y, n_outputs, weight=None):
        return _quantile(y, 0.5, weight)


@dataclass(kw_only=True, eq=False, repr=False)
class _ScaledAbsoluteError(AbsoluteError):
    slope: float

    def value(self, y, raw):
        return self.slope * super().value(y, raw)

    def gradient(self, y, raw):
        return self.slope * super().gradient(y, raw)

    def prox_move(self, y, raw, width):
        return super().prox_move(y, raw, self.slope * width)


@dataclass(kw_only=True, eq=False, repr=False)
class EpsilonInsensitive(PiecewiseLinearLoss):
    r"""Absolute error beyond a tolerance.

    .. math:: \max(0, |raw - y| - epsilon)

    Parameters
    ----------
    epsilon : float, default=0.1
        In the units of y, at least 0.

    References
    ----------
    Vapnik (1995), *The Nature of Statistical Learning Theory*.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.losses import EpsilonInsensitive
    >>> loss, y, raw = EpsilonInsensitive(epsilon=0.5), np.array([[1.0]]), np.array([[3.0]])
    >>> loss.value(y, raw).round(4), loss.gradient(y, raw).round(4)
    (array([1.5]), array([[1.]]))
    """

    epsilon: float = 0.1
    is_of_residual: ClassVar[bool] = True
    rules: ClassVar = {"epsilon": real(0)}

    def value(self, y, raw):
        return np.maximum(np.abs(raw - y) - self.epsilon, 0).sum(axis=1)

    def gradient(self, y, raw):
        residual = raw - y
        return np.sign(residual) * (np.abs(residual) > self.epsilon)

    def prox_move(self, y, raw, width):
        residual = raw - y
        return -np.sign(residual) * np.clip(np.abs(residual) - self.epsilon, 0, width)

    def baseline(self, y, n_outputs, weight=None):
        return _quantile(y, 0.5, weight)


def _quantile(y, quantile, weight):
    """The weighted quantile of each column."""
    order = np.argsort(y, axis=0)
    weight = np.ones(len(y)) if weight is None else weight
    total = np.cumsum(weight[order], axis=0)
    rank = np.argmax(total >= quantile * total[-1], axis=0)
    return np.take_along_axis(np.take_along_axis(y, order, axis=0), rank[np.newaxis], axis=0)[0]
