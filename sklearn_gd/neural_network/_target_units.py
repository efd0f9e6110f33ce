"""The units in which a network sees its targets."""

from dataclasses import replace
from typing import Any

import numpy as np

from sklearn_gd.data import NOISE_ULPS, ArraySource, mean_and_std
from sklearn_gd.losses import Loss
from sklearn_gd.losses.standardized import StandardizedTarget


def target_units(loss: Loss, source) -> StandardizedTarget:
    """The loss of predictions in units of the target's weighted mean and standard deviation.

    A link has units of its own, so behind one the prediction stays as it is. The unit of the loss
    is twice that of the best constant, the variance for squared error. A target that is constant up
    to rounding, or in units too large or small for its type, has units of 1.
    """
    target, weight = source.targets()
    y, k = target.astype(np.float64), target.shape[1]
    noise = NOISE_ULPS * np.finfo(target.dtype).eps * np.abs(y).max(axis=0)
    varies = np.ptp(y, axis=0) > noise
    center, std = np.zeros(k), np.ones(k)
    if not loss.declares("inverse_link"):
        center, std = mean_and_std(ArraySource(y, y, weight))
    limits = np.finfo(source.dtype)
    std = np.where(varies & (std > limits.tiny), std, 1.0)
    if not loss.is_separable:
        std = np.full(k, std.mean())
    plain = StandardizedTarget(loss=loss, center=center, std=std, unit=np.ones(k))
    unit = 2 * _losses_of_constant(plain, y, weight)
    unit = np.where(varies & (unit > limits.tiny) & (unit < limits.max), unit, 1.0)
    arrays: dict[str, Any] = {"center": center, "std": std, "unit": unit}
    return replace(plain, **{name: array.astype(source.dtype) for name, array in arrays.items()})


def _losses_of_constant(loss, y, weight):
    """The weighted mean loss of each output at the baseline; all alike if it couples them."""
    raw = np.broadcast_to(loss.baseline(y, y.shape[1], weight), y.shape)
    if loss.is_separable:
        return np.average(loss.values(y, raw), axis=0, weights=weight)
    return np.full(y.shape[1], np.average(loss.value(y, raw), weights=weight) / y.shape[1])
