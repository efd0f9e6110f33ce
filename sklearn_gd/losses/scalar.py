"""Losses of one number: twins of the losses by the same name, for compiled loops.

``f(y, raw, constants)`` gives the loss of one output of a row, and its derivative in ``raw``. They
are plain Python that numba can compile; ``constants`` is a tuple of the loss's own numbers.
"""

import numpy as np


def squared_error(y, raw, constants):
    """(raw - y)^2 / 2."""
    residual = raw - y
    return 0.5 * residual * residual, residual


def huber(y, raw, constants):
    """Squared error of small residuals, absolute error of large ones; of (delta,)."""
    residual = raw - y
    inner = min(max(residual, -constants[0]), constants[0])
    return inner * (residual - 0.5 * inner), inner


def poisson(y, raw, constants):
    """Half the Poisson deviance, log link."""
    mean = np.exp(raw)
    saturated = y * np.log(y) - y if y > 0 else -y
    return mean - y * raw + saturated, mean - y


def logistic(y, raw, constants):
    """log(1 + exp(raw)) - y raw."""
    decay = np.exp(-abs(raw))
    probability = (1.0 if raw >= 0 else decay) / (1 + decay)
    return max(raw, 0.0) - y * raw + np.log1p(decay), probability - y


def squared_hinge(y, raw, constants):
    """max(0, 1 - m)^2."""
    sign = 2 * y - 1
    gap = max(1 - sign * raw, 0.0)
    return gap * gap, -2 * sign * gap


def modified_huber(y, raw, constants):
    """max(0, 1 - m)^2, and -4 m where m < -1."""
    sign = 2 * y - 1
    margin = sign * raw
    gap = max(1 - margin, 0.0)
    return -4 * margin if margin < -1 else gap * gap, -2 * sign * min(gap, 2.0)


def perceptron(y, raw, constants):
    """max(0, -m)."""
    sign = 2 * y - 1
    margin = sign * raw
    return max(-margin, 0.0), -sign if margin <= 0 else 0.0
