"""Weighted means and standard deviations, of features and of targets."""

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from sklearn_gd.data.base import Batch, Source

# A change below this many units in the last place is noise.
NOISE_ULPS = 10


def mean_and_std(source: Source) -> tuple[NDArray, NDArray]:
    """Weighted mean (d,) and standard deviation (d,), as of a StandardScaler.

    The deviation of a constant feature is given as 1, so that dividing by it does nothing. They are
    computed once for each source.
    """
    if source.known_moments is None:
        source.known_moments = _mean_and_std(source)
    return source.known_moments


def _mean_and_std(source):
    source.count(1.0, rounds=2)
    (total,) = source.map_reduce(_weighted_sum)
    mean = total / source.weight_sum
    (squares,) = source.map_reduce(_squared_deviations, mean)
    variance = squares / source.weight_sum
    eps = np.finfo(np.float64).eps
    noise = source.n_samples * eps * variance + (source.n_samples * mean * eps) ** 2
    # numbers below the normal ones are rounding, too: divided by, they overflow
    smallest = float(np.finfo(source.dtype).tiny)
    return mean, np.where(variance > np.maximum(noise, smallest**2), np.sqrt(variance), 1.0)


def target_std(y: NDArray, weight: NDArray | None) -> tuple[float, float]:
    """The mean standard deviation of the target's columns, and what is rounding in them.

    Class codes have none, and count as 1.
    """
    if y.ndim == 1:
        return 1.0, 0.0
    resolution = NOISE_ULPS * np.finfo(y.dtype).eps * np.abs(y).max()
    y = y.astype(np.float64, copy=False)
    mean = np.average(y, axis=0, weights=weight)
    with np.errstate(over="ignore"):
        variance = np.average((y - mean) ** 2, axis=0, weights=weight)
    if (variance[np.ptp(y, axis=0) > 0] == 0).any():
        raise FloatingPointError("the squares of y underflow")
    return float(np.sqrt(variance).mean()), float(resolution)


def moments(batch: Batch) -> tuple[float, NDArray, NDArray]:
    """Weight, weighted mean (d,) and weighted sum of squared deviations (d,) of some rows."""
    weight = float(_weights(batch).sum())
    mean = _weighted_sum(batch)[0] / weight
    return weight, mean, _squared_deviations(batch, mean)[0]


def _weighted_sum(batch):
    return (_weights(batch) @ batch.X.astype(np.float64, copy=False),)


def _squared_deviations(batch, mean):
    weight = _weights(batch)
    if not sp.issparse(batch.X):
        return (weight @ (batch.X - mean) ** 2,)
    # stored entries deviate by x - mean, all others by mean: nothing is subtracted twice
    entries = sp.csr_array(batch.X, dtype=np.float64, copy=True)
    entries.data = (entries.data - mean[entries.indices]) ** 2
    stored = sp.csr_array(batch.X, copy=True)
    stored.data = np.ones(len(stored.data))
    absent = np.where(stored.sum(axis=0) == len(batch), 0.0, weight.sum() - stored.T @ weight)
    return (entries.T @ weight + np.maximum(absent, 0.0) * mean**2,)


def _weights(batch):
    if batch.weight is None:
        return np.ones(len(batch))
    return batch.weight.astype(np.float64, copy=False)
