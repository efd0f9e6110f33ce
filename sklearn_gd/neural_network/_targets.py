"""The units in which a network sees its targets."""

from dataclasses import replace

import numpy as np

from sklearn_gd._targets import Rows
from sklearn_gd.data import MemorySource, mean_and_spread
from sklearn_gd.losses import Loss
from sklearn_gd.losses.standardized import StandardizedTarget
from sklearn_gd.objective import NOISE_ULPS


def standardized(loss: Loss, rows: Rows) -> StandardizedTarget:
    """The loss of predictions in units of the target's weighted mean and spread.

    A link has units of its own, so behind one the prediction stays as it is. The unit of the loss
    is twice that of the best constant, the squared spread for squared error. A target that is
    constant up to rounding, or in units too large or small for its type, has units of 1.
    """
    y, k = rows.y.astype(np.float64), rows.y.shape[1]
    noise = NOISE_ULPS * np.finfo(rows.y.dtype).eps * np.abs(y).max(axis=0)
    varies = np.ptp(y, axis=0) > noise
    center, spread = np.zeros(k), np.ones(k)
    if type(loss).inverse_link is Loss.inverse_link:
        center, spread = mean_and_spread(MemorySource(y, y, rows.weight))
    limits = np.finfo(rows.X.dtype)
    spread = np.where(varies & (spread > limits.tiny), spread, 1.0)
    if not loss.is_separable:
        spread = np.full(k, spread.mean())
    plain = StandardizedTarget(loss=loss, center=center, spread=spread, unit=np.ones(k))
    unit = 2 * _losses_of_constant(plain, y, rows.weight)
    unit = np.where(varies & (unit > limits.tiny) & (unit < limits.max), unit, 1.0)
    arrays = {"center": center, "spread": spread, "unit": unit}
    return replace(plain, **{name: array.astype(rows.X.dtype) for name, array in arrays.items()})


def _losses_of_constant(loss, y, weight):
    """The weighted mean loss of each output at the baseline; all alike if it couples them."""
    raw = np.broadcast_to(loss.baseline(y, y.shape[1], weight), y.shape)
    if loss.is_separable:
        return np.average(loss.values(y, raw), axis=0, weights=weight)
    return np.full(y.shape[1], np.average(loss.value(y, raw), weights=weight) / y.shape[1])
