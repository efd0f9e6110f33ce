"""Losses of a target in units of its own."""

from dataclasses import dataclass, replace
from typing import ClassVar

from numpy.typing import NDArray

from sklearn_gd.losses.base import Loss
from sklearn_gd.losses.envelope import envelopes
from sklearn_gd.losses.piecewise_linear import PiecewiseLinearLoss


@dataclass(kw_only=True, eq=False, repr=False)
class StandardizedTarget(Loss):
    r"""A loss of targets in their own units, as a function of a standardized prediction.

    .. math:: \sum_k loss(y_k,\ center_k + std_k\,z_k) / unit_k

    ``y`` stays as it is, and so does what a loss measures in its units: a Huber loss has its
    kinks at ``delta``. It is made for networks, which ask for no second derivatives.

    Parameters
    ----------
    loss : Loss
    center, std, unit : ndarray of shape (k,)
        All alike where the loss is not ``is_separable``.
    """

    loss: Loss
    center: NDArray
    std: NDArray
    unit: NDArray

    @property
    def has_kinks(self):
        """As of the loss within."""
        return self.loss.has_kinks

    is_of_residual: ClassVar[bool] = False

    @property
    def is_convex(self):
        """As of the loss within."""
        return self.loss.is_convex

    @property
    def is_separable(self):
        """As of the loss within."""
        return self.loss.is_separable

    @property
    def link_name(self):
        """As of the loss within."""
        return self.loss.link_name

    def value(self, y, raw):
        return self._summed(self.loss.value(*self._columns(y, raw)), raw)

    def values(self, y, raw):
        """Those of each output, (n, k); of losses that are ``is_separable``."""
        return self.loss.checked_value(*self._columns(y, raw)).reshape(raw.shape) / self.unit

    def gradient(self, y, raw):
        return self._slopes(self.loss.gradient(*self._columns(y, raw)), raw)

    def value_and_gradient(self, y, raw):
        value, gradient = self.loss.value_and_gradient(*self._columns(y, raw))
        return self._summed(value, raw), self._slopes(gradient, raw)

    def prox_move(self, y, raw, width):
        """As of the loss within, whose width is in units of y."""
        own_width = width * (self.std / self.unit * self.std)
        return self.loss.prox_move(y, self._in_units(raw), own_width) / self.std

    def inverse_link(self, raw):
        return self.loss.inverse_link(self._in_units(raw))

    def in_raw_units(self, y):
        return y / self.std

    def check_target(self, y):
        self.loss.check_target(y)

    def check_whole_target(self, y):
        self.loss.check_whole_target(y)

    def stages(self, spread, resolution=0.0):
        if not self.has_kinks:
            return [self]
        if isinstance(self.loss, PiecewiseLinearLoss):
            return envelopes(self, spread, resolution)
        unit = float(self.std.mean())
        stages = self.loss.stages(unit * spread, unit * resolution)
        return [replace(self, loss=stage) for stage in stages]

    def baseline(self, y, n_outputs, weight=None):
        if not self.loss.declares("baseline"):
            # the zero of a loss that names no other is nearer to the mean than to that of y
            return super().baseline(y, n_outputs, weight)
        return (self.loss.baseline(y, n_outputs, weight) - self.center) / self.std

    def _in_units(self, raw):
        return self.center + self.std * raw

    def _columns(self, y, raw):
        """Targets and predictions in units of y; one below the other, so that each has a value."""
        raw = self._in_units(raw)
        return (y.reshape(-1, 1), raw.reshape(-1, 1)) if self.is_separable else (y, raw)

    def _summed(self, value, raw):
        if len(value) == len(raw):
            return value / self.unit[0]
        return value.reshape(raw.shape) @ (1 / self.unit)

    def _slopes(self, gradient, raw):
        return gradient.reshape(raw.shape) * (self.std / self.unit)
