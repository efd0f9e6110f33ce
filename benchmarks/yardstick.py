"""The objective by which every contender is measured, in plain float64 NumPy.

It shares no code with any contender, so a mistake in one of them cannot hide here.
"""

import numpy as np
from scipy.special import logsumexp, xlogy


def softmax(raw, y, _):
    """Cross-entropy; y holds the codes of the classes."""
    return logsumexp(raw, axis=1) - raw[np.arange(len(y)), y]


def logistic(raw, y, _):
    """Log-loss; y is 0 or 1."""
    return np.logaddexp(0, raw[:, 0]) - y * raw[:, 0]


def squared(raw, y, _):
    """Half of the squared error."""
    return (raw[:, 0] - y) ** 2 / 2


def poisson(raw, y, _):
    """Half of the deviance, with a log link."""
    return np.exp(raw[:, 0]) - y * raw[:, 0] + xlogy(y, y) - y


def huber(raw, y, delta):
    """Half of the squared error up to delta, linear beyond."""
    size = np.abs(raw[:, 0] - y)
    return np.where(size <= delta, size**2 / 2, delta * (size - delta / 2))


def quantile(raw, y, level):
    """The pinball loss."""
    residual = y - raw[:, 0]
    return np.maximum(level * residual, (level - 1) * residual)


LOSSES = {
    "softmax": softmax,
    "logistic": logistic,
    "squared": squared,
    "poisson": poisson,
    "huber": huber,
    "quantile": quantile,
}


def penalty(W, l1_ratio):
    """l1_ratio |w|_1 + (1 - l1_ratio) |w|^2 / 2."""
    return l1_ratio * np.abs(W).sum() + (1 - l1_ratio) * (W**2).sum() / 2


def objective(loss, X, y, coef, intercept, *, alpha, l1_ratio=0.0, shape=0.0) -> float:
    """Mean loss + alpha * penalty, the intercept free.

    ``shape`` is the delta of "huber" and the level of "quantile"; other losses ignore it.
    """
    W = np.atleast_2d(np.asarray(coef, dtype=np.float64))
    raw = np.asarray(X @ W.T) + np.ravel(intercept)
    return float(LOSSES[loss](raw, y, shape).mean() + alpha * penalty(W, l1_ratio))
