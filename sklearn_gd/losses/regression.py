"""Losses of numbers."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sklearn_gd._validation import real
from sklearn_gd.losses import scalar
from sklearn_gd.losses.base import Loss
from sklearn_gd.losses.envelope import WIDTHS, MoreauEnvelope
from sklearn_gd.losses.piecewise_linear import PiecewiseLinearLoss

# A loss that is linear beyond a delta below this many standard deviations of y is solved as one
# with kinks.
ALL_BUT_ABSOLUTE = 0.01
# Beyond this many deltas, log cosh(r) is r - log(2) up to rounding.
LINEAR = 20.0


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
    r"""Squared error for small residuals, absolute error for large ones.

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
        # the last is this loss itself: the envelope of delta |r| with width 1
        return [*_wider_envelopes(self.delta, spread), _envelope(self.delta, spread, 1.0)]

    def baseline(self, y, n_outputs, weight=None):
        return _quantile(y, 0.5, weight)


@dataclass(kw_only=True, eq=False, repr=False)
class LogCosh(Loss):
    r"""A smooth Huber loss: squared error for small residuals, absolute error for large ones.

    .. math:: delta^2 \log\cosh(r / delta), \quad \text{derivative } delta \tanh(r / delta), \quad
        r = raw - y

    It has all derivatives; the second is :math:`1 / \cosh^2(r / delta) \le 1`.

    Parameters
    ----------
    delta : float, default=1.0
        In the units of y, greater than 0. Where residuals are many deltas, the loss is
        :math:`delta\,|r|` less a constant.

    See Also
    --------
    Huber : The same in two pieces.

    References
    ----------
    Green (1990), "Bayesian reconstructions from emission tomography data using a modified EM
    algorithm".

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.losses import LogCosh
    >>> loss, y, raw = LogCosh(), np.array([[1.0]]), np.array([[3.0]])
    >>> loss.value(y, raw).round(4), loss.gradient(y, raw).round(4)
    (array([1.325]), array([[0.964]]))
    """

    delta: float = 1.0
    curvature: ClassVar[float] = 1.0
    rules: ClassVar = {"delta": real(0, open_low=True)}

    def value(self, y, raw):
        size = np.abs(raw - y) / self.delta
        near = np.minimum(size, LINEAR)
        # log cosh(r) = log(1 + 2 sinh(r/2)^2), which keeps the digits of small residuals
        value = np.log1p(2 * np.sinh(near / 2) ** 2) + (size - near)
        return self.delta**2 * value.sum(axis=1)

    def gradient(self, y, raw):
        return self.delta * np.tanh((raw - y) / self.delta)

    def second_derivative(self, y, raw):
        return 1 - np.tanh((raw - y) / self.delta) ** 2

    def stages(self, spread, resolution=0.0):
        """Where delta is small in the units of y, those of the absolute error that it nearly is."""
        if self.delta >= ALL_BUT_ABSOLUTE * spread:
            return [self]
        last = _NarrowLogCosh(delta=self.delta, spread=spread)
        return [*_wider_envelopes(self.delta, spread), last]

    def baseline(self, y, n_outputs, weight=None):
        return _quantile(y, 0.5, weight)


@dataclass(kw_only=True, eq=False, repr=False)
class _NarrowLogCosh(LogCosh):
    """The same for a target of a spread of many deltas: its slopes all but jump."""

    spread: float
    has_kinks: ClassVar[bool] = True

    @property
    def mean_curvature(self):
        return self.delta / self.spread


@dataclass(kw_only=True, eq=False, repr=False)
class Expectile(Loss):
    r"""Asymmetric squared error: its minimiser is an expectile of y given x.

    .. math:: q\,r^2 \text{ where } r \ge 0, \quad (1 - q)\,r^2 \text{ below}, \quad r = y - raw

    Half the squared error for q = 1/2. An expectile is to the mean what a quantile is to the
    median: it depends on how far the targets lie from it, and not only on which side.

    Parameters
    ----------
    expectile : float, default=0.5
        q, between 0 and 1.

    See Also
    --------
    Quantile : The same with absolute values.

    References
    ----------
    Newey and Powell (1987), "Asymmetric least squares estimation and testing".

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.losses import Expectile
    >>> loss, y, raw = Expectile(expectile=0.9), np.array([[3.0]]), np.array([[1.0]])
    >>> loss.value(y, raw).round(4), loss.gradient(y, raw).round(4)
    (array([3.6]), array([[-3.6]]))
    """

    expectile: float = 0.5
    rules: ClassVar = {"expectile": real(0, 1, open_low=True, open_high=True)}

    @property
    def curvature(self):
        """The larger of the two second derivatives."""
        return 2 * max(self.expectile, 1 - self.expectile)

    @property
    def is_quadratic(self):
        return self.expectile == 0.5

    def value(self, y, raw):
        return np.sum(self._factor(y, raw) * (raw - y) ** 2, axis=1)

    def gradient(self, y, raw):
        return 2 * self._factor(y, raw) * (raw - y)

    def second_derivative(self, y, raw):
        return 2 * self._factor(y, raw)

    def baseline(self, y, n_outputs, weight=None):
        """The exact minimiser, as the extreme one of weighted means.

        Of the means that weigh the j smallest targets by 1 - q and the others by q, it is the
        largest over j, the smallest where q is below 1/2.
        """
        order = np.argsort(y, axis=0)
        sorted_y = np.take_along_axis(y, order, axis=0).astype(np.float64)
        weight = np.ones(len(y)) if weight is None else weight.astype(np.float64)
        parts = (weight[order], weight[order] * sorted_y)
        low = [np.cumsum(np.vstack([np.zeros_like(part[:1]), part]), axis=0) for part in parts]
        q = self.expectile
        total, moment = ((1 - q) * part + q * (part[-1] - part) for part in low)
        return (moment / total).max(axis=0) if q >= 0.5 else (moment / total).min(axis=0)

    def _factor(self, y, raw):
        return np.where(raw > y, 1 - self.expectile, self.expectile).astype(raw.dtype)


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


def _wider_envelopes(slope, spread):
    """Smooth losses that lead to slope |r|, wider than the one of width 1."""
    widths = [width * spread / slope for width in WIDTHS]
    return [_envelope(slope, spread, width) for width in widths if width > 2]


def _envelope(slope, spread, width):
    loss = _ScaledAbsoluteError(slope=slope)
    return MoreauEnvelope(loss=loss, width=width, spread=max(width, spread / slope))


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
