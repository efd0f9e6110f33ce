"""Step lengths: how far to go along a direction, or under a quadratic upper bound."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Armijo's share of the predicted decrease, and Wolfe's share of the slope (Nocedal and Wright,
# 2006, section 3.1, for quasi-Newton directions).
ARMIJO = 1e-4
WOLFE = 0.9
MAX_TRIALS = 40
# A slope that promises this many times the noise is owed a decrease that can be seen.
FAR_ABOVE_NOISE = 100
# A step this short says that the direction was made from second derivatives that do not hold.
SHORT = 1e-3


@dataclass(frozen=True)
class Step:
    """A point that was accepted, with what is known there."""

    params: NDArray
    value: float
    gradient: NDArray
    total: float
    length: float


def search(objective, params, direction, total, gradient, *, wolfe=False) -> Step | None:
    """A step along ``direction`` that lowers the objective by a share of what the slope promises.

    With ``wolfe`` the slope must have become flatter too, so that the step says something about
    curvature. Returns None where no step does it.
    """
    slope = gradient @ direction + objective.nonsmooth(params + direction)
    slope -= objective.nonsmooth(params)
    noise = objective.noise(total)
    if -slope > FAR_ABOVE_NOISE * noise:
        noise = 0.0
    low, high, length = 0.0, np.inf, 1.0
    accepted = None
    for _ in range(MAX_TRIALS):
        step = _evaluate(objective, params + length * direction, length)
        is_lower = step.total <= total + noise if noise else step.total < total
        if not (is_lower and step.total <= total + ARMIJO * length * slope + noise):
            high = length
        elif wolfe and step.gradient @ direction < WOLFE * slope:
            low, accepted = length, step
        else:
            return step
        length = _next_length(low, high, length, step.total - total, slope)
    return accepted


def proximal_step(objective, params, value, gradient, length) -> Step | None:
    """A proximal gradient step, halved until its quadratic bound holds; None if it never does."""
    noise = objective.noise(value)
    for _ in range(MAX_TRIALS):
        step = _evaluate(objective, objective.prox(params - length * gradient, length), length)
        move = step.params - params
        if step.value <= value + gradient @ move + move @ move / (2 * length) + noise:
            return step
        length /= 2
    return None


def _evaluate(objective, params, length):
    value, gradient = objective.value_and_gradient(params)
    return Step(params, value, gradient, value + objective.nonsmooth(params), length)


def _next_length(low, high, length, change, slope):
    if high == np.inf:
        return 2 * length
    if low > 0 or not np.isfinite(change):
        return (low + high) / 2
    parabola = -slope * length**2 / (2 * (change - slope * length))
    return float(np.clip(parabola, 0.1 * length, 0.5 * length))
