r"""Half deviances of counts and of positive numbers, with a log link: the mean is exp(raw).

Each belongs to a variance of y in proportion to :math:`\mu^p`, with :math:`\mu` the mean: p = 1 for
Poisson, 2 for Gamma, 3 for the inverse Gaussian distribution, between 1 and 2 for sums of a random
number of Gamma variables. In raw, all have the derivative :math:`\mu^{1-p}\,(\mu - y)`, so that
the best constant is the mean of y.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sklearn_gd._validation import real
from sklearn_gd.losses import scalar
from sklearn_gd.losses.base import Loss


class HalfDeviance(Loss):
    """What losses with a log link share."""

    # what a user calls the loss, the p above, and whether a target may be zero
    name: ClassVar[str]
    power: float
    takes_zero: ClassVar[bool] = True
    link_name: ClassVar[str] = "exp"

    def inverse_link(self, raw):
        return np.exp(raw)

    def check_target(self, y):
        if not (y >= 0 if self.takes_zero else y > 0).all():
            bound = ">= 0" if self.takes_zero else "> 0"
            raise ValueError(f"loss='{self.name}' needs y {bound}; the smallest y is {y.min():g}.")

    def check_whole_target(self, y):
        if not y.any(axis=0).all():
            raise ValueError(
                f"loss='{self.name}' needs a y above 0: the best mean would be log(0)."
            )

    def baseline(self, y, n_outputs, weight=None):
        mean = np.average(y, axis=0, weights=weight)
        # a chunk of a stream may have no event: half of one is expected
        return np.log(np.where(mean > 0, mean, 0.5 / len(y)))

    def baseline_with_offset(self, y, offset, n_outputs, weight=None):
        center = np.average(offset, axis=0, weights=weight)
        unit = np.exp(offset - center)
        # where the derivatives of all rows add up to zero
        share = np.average(y * unit ** (1 - self.power), axis=0, weights=weight)
        share /= np.average(unit ** (2 - self.power), axis=0, weights=weight)
        return np.log(np.where(share > 0, share, 0.5 / len(y))) - center


@dataclass(kw_only=True, eq=False, repr=False)
class Poisson(HalfDeviance):
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

    name: ClassVar[str] = "poisson"
    power = 1.0

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


@dataclass(kw_only=True, eq=False, repr=False)
class Gamma(HalfDeviance):
    r"""Half the Gamma deviance with a log link.

    .. math:: raw - \log y + y\,e^{-raw} - 1, \quad \text{derivative } 1 - y\,e^{-raw}

    For amounts such as prices and claims, y above 0, whose standard deviation grows with their
    mean; the prediction is :math:`e^{raw}`. Only ratios count: in other units of y, the loss is the
    same.

    Raises
    ------
    ValueError
        In ``fit``, for a y that is not above 0.

    See Also
    --------
    Tweedie : Where y may also be 0.

    References
    ----------
    McCullagh and Nelder (1989), *Generalized Linear Models*, chapter 8.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.losses import Gamma
    >>> loss, y, raw = Gamma(), np.array([[2.0]]), np.array([[0.0]])
    >>> loss.value(y, raw).round(4), loss.gradient(y, raw).round(4)
    (array([0.3069]), array([[-1.]]))
    """

    name: ClassVar[str] = "gamma"
    power = 2.0
    takes_zero: ClassVar[bool] = False

    def value(self, y, raw):
        difference = raw - np.log(y)
        # rounding may leave what is zero slightly below
        return np.maximum(np.exp(-difference) - 1 + difference, 0).sum(axis=1)

    def gradient(self, y, raw):
        return 1 - y * np.exp(-raw)

    def second_derivative(self, y, raw):
        return y * np.exp(-raw)


@dataclass(kw_only=True, eq=False, repr=False)
class InverseGaussian(HalfDeviance):
    r"""Half the deviance of the inverse Gaussian distribution with a log link.

    .. math:: \frac{(y - \mu)^2}{2\,y\,\mu^2}, \quad \mu = e^{raw}, \quad
        \text{derivative } (\mu - y)/\mu^2

    For positive y with a long tail: times to an event, say. The prediction is :math:`e^{raw}`. The
    loss is not convex where the mean is above :math:`2 y`, so a fit reports a stationary point,
    which need not be the minimum.

    Raises
    ------
    ValueError
        In ``fit``, for a y that is not above 0.

    References
    ----------
    Tweedie (1957), "Statistical properties of inverse Gaussian distributions".

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.losses import InverseGaussian
    >>> loss, y, raw = InverseGaussian(), np.array([[2.0]]), np.array([[0.0]])
    >>> loss.value(y, raw).round(4), loss.gradient(y, raw).round(4)
    (array([0.25]), array([[-1.]]))
    """

    name: ClassVar[str] = "inverse_gaussian"
    power = 3.0
    takes_zero: ClassVar[bool] = False
    is_convex: ClassVar[bool] = False

    def value(self, y, raw):
        return np.sum((y * np.exp(-raw) - 1) ** 2 / (2 * y), axis=1)

    def gradient(self, y, raw):
        decay = np.exp(-raw)
        return decay * (1 - y * decay)

    def second_derivative(self, y, raw):
        decay = np.exp(-raw)
        return np.maximum(decay * (2 * y * decay - 1), 0)


@dataclass(kw_only=True, eq=False, repr=False)
class Tweedie(HalfDeviance):
    r"""Half the Tweedie deviance with a log link, for a power between those of Poisson and Gamma.

    .. math:: \frac{y^{2-p}}{(1-p)(2-p)} - \frac{y\,\mu^{1-p}}{1-p} + \frac{\mu^{2-p}}{2-p},
        \quad \mu = e^{raw}, \quad \text{derivative } \mu^{1-p}\,(\mu - y)

    For sums of a random number of positive amounts, often 0, such as the claims of a year; y is at
    least 0 and the prediction is :math:`e^{raw}`. A power of 1 is :class:`Poisson` and one of 2 is
    :class:`Gamma`, whose y must be above 0.

    Parameters
    ----------
    power : float, default=1.5
        p, from 1 to 2: the variance of y grows as the p-th power of its mean.

    Raises
    ------
    ValueError
        In ``fit``, for a y below 0, or y that are all 0.

    See Also
    --------
    InverseGaussian : The deviance of a power of 3.

    References
    ----------
    Jørgensen (1987), "Exponential dispersion models".

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.losses import Tweedie
    >>> loss, y, raw = Tweedie(power=1.5), np.array([[4.0]]), np.array([[0.0]])
    >>> loss.value(y, raw).round(4), loss.gradient(y, raw).round(4)
    (array([2.]), array([[-3.]]))
    """

    power: float = 1.5
    name: ClassVar[str] = "tweedie"
    rules: ClassVar = {"power": real(1, 2)}

    @property
    def takes_zero(self):
        return self.power < 2

    def value(self, y, raw):
        above, below = 2 - self.power, 1 - self.power
        is_event = y > 0
        event = np.where(is_event, y, 1)
        ratio = raw - np.log(event)
        value = event**above * (_growth(above, ratio) - _growth(below, ratio))
        if above > 0:
            value = np.where(is_event, value, np.exp(above * raw) / above)
        # rounding may leave what is zero slightly below
        return np.maximum(value, 0).sum(axis=1)

    def gradient(self, y, raw):
        return np.exp((2 - self.power) * raw) - y * np.exp((1 - self.power) * raw)

    def second_derivative(self, y, raw):
        above, below = 2 - self.power, 1 - self.power
        return above * np.exp(above * raw) - below * y * np.exp(below * raw)


def _growth(rate, t):
    """(exp(rate t) - 1) / rate, which is t at a rate of 0, with all digits for any rate."""
    return t if rate == 0 else np.expm1(rate * t) / rate
