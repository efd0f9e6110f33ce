"""Smooth approximations of losses with kinks."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sklearn_gd.losses.base import Loss

# Widths of the envelopes of a loss with kinks, in turn, relative to the deviation of the target.
WIDTHS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
# A derivative of the proximal operator is a difference over this fraction of the width.
STEP = 1e-3


@dataclass(kw_only=True, eq=False, repr=False)
class MoreauEnvelope(Loss):
    r"""The Moreau envelope of a loss: a smooth approximation.

    .. math:: \min_u\,loss(y, u) + (u - raw)^2 / (2\,width)

    Its curvature is 1/width, and it differs from a loss of slope at most s by at most
    :math:`s^2\,width/2`.

    Parameters
    ----------
    loss : PiecewiseLinearLoss
    width : float
        In the units of y, greater than 0.
    spread : float or None, default=None
        Of y: how far the kinks of many rows lie apart; None is the width.

    References
    ----------
    Moreau (1965), "Proximité et dualité dans un espace hilbertien".

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.losses import AbsoluteError, MoreauEnvelope
    >>> loss = MoreauEnvelope(loss=AbsoluteError(), width=0.5)
    >>> loss.value_and_gradient(np.array([[1.0]]), np.array([[3.0]]))
    (array([1.75]), array([[1.]]))
    """

    loss: Loss
    width: float
    spread: float | None = None

    has_kinks: ClassVar[bool] = True

    @property
    def curvature(self):
        """The largest second derivative."""
        return 1 / self.width

    @property
    def mean_curvature(self):
        """The same of many rows together, whose kinks are spread like y."""
        return 1 / (self.spread or self.width)

    def value(self, y, raw):
        move = self.loss.prox_move(y, raw, self.width)
        distance = np.einsum("ik,ik->i", move, move) / (2 * self.width)
        return self.loss.value(y, raw + move) + distance

    def gradient(self, y, raw):
        return -self.loss.prox_move(y, raw, self.width) / self.width

    def second_derivative(self, y, raw):
        step = STEP * self.width
        y, at = y.astype(np.float64), raw.astype(np.float64)
        if self.loss.is_of_residual:
            # a step of this length would be rounded off next to a large target
            y, at = np.zeros_like(at), at - y
        ahead = self.loss.prox_move(y, at + step, self.width)
        behind = self.loss.prox_move(y, at - step, self.width)
        slope = np.clip((behind - ahead) / (2 * step), 0, 1)
        return (slope / self.width).astype(raw.dtype)

    def inverse_link(self, raw):
        return self.loss.inverse_link(raw)

    def baseline(self, y, n_outputs, weight=None):
        return self.loss.baseline(y, n_outputs, weight)


def envelopes(loss: Loss, spread: float, resolution: float) -> list[Loss]:
    """Ever narrower envelopes of a loss, for targets of a given spread."""
    unit = float(spread) if spread > 0 else 1.0
    widths = [width * unit for width in WIDTHS if width * unit > resolution]
    return [
        MoreauEnvelope(loss=loss, width=width, spread=max(width, unit))
        for width in widths or [resolution]
    ]
