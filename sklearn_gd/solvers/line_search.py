"""Step lengths: how far to go along a direction, or under a quadratic upper bound."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sklearn_gd.solvers.stopping import noise

# Armijo's fraction of the predicted decrease (Nocedal and Wright, 2006, section 3.1).
ARMIJO = 1e-4
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


@dataclass(frozen=True)
class Slopes:
    """How steep the objective may be where a step ends, relative to its slope at the beginning."""

    falling: float = np.inf
    rising: float = np.inf


ANY_SLOPE = Slopes()
# Less steep, so that the step says something about curvature: Wolfe's condition.
FLATTER = Slopes(falling=0.9)
# Near the lowest point of the line, where curvature comes and goes along it.
NEARLY_FLAT = Slopes(falling=0.5, rising=0.5)


def search(objective, params, direction, total, gradient, slopes=ANY_SLOPE) -> Step | None:
    """A step along ``direction`` that achieves part of the decrease that its slope predicts.

    It also ends with one of the given slopes if a step does; None where no step decreases enough.
    """
    slope = gradient @ direction + objective.nonsmooth(params + direction)
    slope -= objective.nonsmooth(params)
    tolerance = noise(objective, total)
    if -slope > FAR_ABOVE_NOISE * tolerance:
        tolerance = 0.0
    low, high, length = 0.0, np.inf, 1.0
    accepted = None
    for _ in range(MAX_TRIALS):
        step = evaluate(objective, params + length * direction, length)
        is_lower = step.total <= total + tolerance if tolerance else step.total < total
        if not (is_lower and step.total <= total + ARMIJO * length * slope + tolerance):
            high = length
        elif step.gradient @ direction < slopes.falling * slope:
            low, accepted = length, step
        elif step.gradient @ direction > -slopes.rising * slope:
            high, accepted = length, step
        else:
            return step
        length = _next_length(low, high, length, step.total - total, slope)
    return accepted


def proximal_step(objective, params, value, gradient, length) -> Step | None:
    """A proximal gradient step, halved until its quadratic bound holds; None if it never does."""
    tolerance = noise(objective, value)
    for _ in range(MAX_TRIALS):
        step = evaluate(objective, objective.prox(params - length * gradient, length), length)
        move = step.params - params
        if step.value <= value + gradient @ move + move @ move / (2 * length) + tolerance:
            return step
        length /= 2
    return None


def evaluate(objective, params: NDArray, length: float) -> Step:
    """The objective at a point that a step of this length leads to."""
    value, gradient = objective.value_and_gradient(params)
    return Step(params, value, gradient, value + objective.nonsmooth(params), length)


def _next_length(low, high, length, change, slope):
    if high == np.inf:
        return 2 * length
    if low > 0 or not np.isfinite(change):
        return (low + high) / 2
    parabola = -slope * length**2 / (2 * (change - slope * length))
    return float(np.clip(parabola, 0.1 * length, 0.5 * length))
