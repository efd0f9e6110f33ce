"""A gradient compared with finite differences of its function."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# The step at which the truncation h^2 F''' and the rounding eps F / h of a central difference
# are about equal.
STEP = np.cbrt(np.finfo(np.float64).eps)
# Then shorter ones, for kinks within the first, and longer ones, for values with much rounding.
FACTORS = (1.0, 1e-1, 1e1, 1e-2, 1e2, 1e-3, 1e3)
# At steps this short, the curvature no longer hides what the two sides of a kink differ by.
ONE_SIDED = 1e-2
# Rounding: nothing is gained by more steps.
AGREES = 1e-8
# A direction in which more than this is wrong is searched for the parameter to blame.
SUSPICIOUS = 1e-6
# A slope is compared with itself, but with no less than this fraction of the largest of all.
SMALLEST_SHARE = 1e-3
# More parameters are checked by a sample of this size, and in this many directions of all of them.
MAX_PARAMETERS = 200
SAMPLE, DIRECTIONS = 100, 5
# Steps are at least this many units in the last place of a parameter.
MIN_ULPS = 2**12


class Check(NamedTuple):
    """A function with its gradient, a point, and the size of each parameter there."""

    function: Callable[[NDArray], tuple[float, NDArray]]
    params: NDArray
    sizes: NDArray


def worst_of(check, rng):
    """The largest relative error of a slope, and the position of its parameter."""
    value, gradient = check.function(check.params)
    broken = np.flatnonzero(~np.isfinite(gradient))
    if broken.size or not np.isfinite(value):
        return np.inf, int(broken[0]) if broken.size else 0
    size = check.params.size
    floor = SMALLEST_SHARE * max(abs(value), np.abs(gradient * check.sizes).max())

    def error(direction):
        return _error(check, value, gradient, direction, floor)

    is_small = size <= MAX_PARAMETERS
    chosen = range(size) if is_small else rng.choice(size, SAMPLE, replace=False).tolist()
    worst = max((error(_along(check, [at])), at) for at in chosen)
    for _ in range(0 if is_small else DIRECTIONS):
        signs = rng.choice([-1.0, 1.0], size)
        if error(_along(check, np.arange(size), signs)) > SUSPICIOUS:
            at = _culprit(check, value, gradient, signs)
            worst = max(worst, (error(_along(check, [at])), at))
    return float(worst[0]), worst[1]


def _along(check, positions, signs=None):
    """A direction of some parameters together, as long as one parameter is large."""
    direction = np.zeros_like(check.params)
    direction[positions] = check.sizes[positions] / np.sqrt(len(positions))
    return direction if signs is None else direction * signs


def _culprit(check, value, gradient, signs):
    """The parameter that the larger half of a disagreement leads to, again and again."""
    positions = np.arange(len(signs))
    while len(positions) > 1:
        halves = np.array_split(positions, 2)
        gaps = []
        for half in halves:
            direction = _along(check, half, signs)
            ahead, behind = _gaps(check, value, gradient, direction, STEP)
            gaps.append(np.sqrt(len(half)) * abs(ahead + behind))
        positions = halves[int(np.argmax(gaps))]
    return int(positions[0])


def _error(check, value, gradient, direction, floor):
    """The smallest relative error of the slope along a direction, over steps of all lengths."""
    slope = gradient @ direction
    smallest = np.inf
    for factor in FACTORS:
        ahead, behind = _gaps(check, value, gradient, direction, factor * STEP)
        central = (ahead + behind) / 2
        gap = abs(central)
        if factor <= ONE_SIDED:
            gap = min(gap, abs(ahead), abs(behind))
        if factor == min(FACTORS) and ahead * behind < 0:
            gap = 0.0
        scale = max(abs(slope), abs(slope - central), floor, np.finfo(float).tiny)
        smallest = min(smallest, gap / scale)
        if smallest <= AGREES:
            break
    return smallest


def _gaps(check, value, gradient, direction, step):
    """The analytic slope minus the difference quotient, ahead and behind.

    The analytic change is that of the moves as they are after rounding; infinite where the
    function is not finite.
    """
    moved = direction != 0
    ulps = np.spacing(np.abs(check.params[moved])) / np.abs(direction[moved])
    step = max(step, MIN_ULPS * ulps.max())
    gaps = []
    for sign in (1.0, -1.0):
        there = check.params + sign * step * direction
        change = check.function(there)[0] - value
        gap = (gradient @ (there - check.params) - change) / (sign * step)
        gaps.append(gap if np.isfinite(gap) else np.inf)
    return gaps
