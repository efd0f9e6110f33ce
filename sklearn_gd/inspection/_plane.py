"""The line or plane in which a descent is drawn, and the objective on a grid of it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from sklearn_gd.inspection._recording import values_at

# Room around the path, as a fraction of its reach.
MARGIN = 0.15
# The lowest point is looked for within this many times the path's reach, to this fraction of it.
FAR, CLOSE = 5.0, 1e-3
MAX_LOOKS = 200
# The objective is to rise by this fraction of what the descent gained, within the grid.
MIN_RISE = 0.05
MAX_DOUBLINGS = 30
# A side of the grid is at least this fraction of the other.
MIN_SHARE = 1e-3
# Less than this fraction of the path's length across it is rounding.
STRAIGHT = 1e-9


class Plane(NamedTuple):
    """params = origin + coordinates @ directions; the rows of ``directions`` are orthonormal."""

    origin: NDArray
    directions: NDArray
    labels: tuple[str, ...]

    def coordinates(self, params: NDArray) -> NDArray:
        """Where params (..., p), or what is nearest to them, lie: (..., 1 or 2)."""
        return (params - self.origin) @ self.directions.T

    def params(self, coordinates: NDArray) -> NDArray:
        """The params (..., p) of coordinates (..., 1 or 2)."""
        return self.origin + coordinates @ self.directions


def plane_of(path, end, names) -> Plane:
    """The params themselves, where they are two at most; else the plane that shows most."""
    size = path.shape[1]
    if size <= 2:
        return Plane(np.zeros(size), np.eye(size), tuple(names))
    moves = path - path[0]
    first = _direction([end - path[0], _longest(moves), np.ones(size)])
    farthest = moves[np.argmax(np.linalg.norm(_across(moves, first), axis=1))]
    # a path along a line has no second direction: any will do
    second = _direction([farthest, *np.eye(size)[:2]], across=first)
    labels = ("distance along the line from start to end", "distance across that line")
    return Plane(path[0], np.array([first, second]), labels)


def grid_of(objective, plane, path, end, gain, resolution):
    """Axes of a grid around the lowest point that holds the path, and F on it."""
    points, end = plane.coordinates(path), plane.coordinates(end)
    center = _lowest(objective, plane, points, end)
    reach = np.abs(points - center).max(axis=0)
    widths = [
        _half_width(objective, plane, center, axis, reach, gain) for axis in range(len(center))
    ]
    axes = [c + np.linspace(-w, w, resolution) for c, w in zip(center, widths, strict=True)]
    mesh = np.stack(np.meshgrid(*axes), axis=-1)
    values = values_at(objective, plane.params(mesh.reshape(-1, len(center))))
    return axes, values.reshape(mesh.shape[:-1])


def _lowest(objective, plane, points, end):
    """Where F is lowest in the plane, or the end where that is too far away to show the path."""
    reach = np.abs(points - end).max(axis=0)
    reach = FAR * np.maximum(reach, MIN_SHARE * (reach.max() or 1.0))

    def value(shares):
        found = values_at(objective, [plane.params(end + shares * reach)])[0]
        return found if np.isfinite(found) else np.inf

    zero = np.zeros(len(end))
    found = minimize(
        value,
        zero,
        method="Nelder-Mead",
        bounds=[(-1, 1)] * len(end),
        options={
            "initial_simplex": np.vstack([zero, np.eye(len(end)) / FAR]),
            "maxfev": MAX_LOOKS,
            "xatol": CLOSE,
            "fatol": np.inf,
        },
    )
    is_inside = np.abs(found.x).max() < 1 - CLOSE and found.fun < value(zero)
    return end + found.x * reach if is_inside else end


def _half_width(objective, plane, center, axis, reach, gain):
    """Wide enough for the path, and for the objective to rise: a path may be short or straight."""
    largest = reach.max() or max(1.0, np.abs(center).max())
    width = start = max((1 + MARGIN) * reach[axis], MIN_SHARE * largest)
    bottom = values_at(objective, [plane.params(center)])[0]
    unit = np.eye(len(center))[axis]
    for _ in range(MAX_DOUBLINGS):
        sides = plane.params(center + np.outer([-width, width], unit))
        if not (values_at(objective, sides) - bottom).max() < MIN_RISE * gain:
            return width
        width *= 2
    return max(start, largest)


def _longest(moves):
    return moves[np.argmax(np.linalg.norm(moves, axis=1))]


def _across(moves, along):
    return moves - np.outer(moves @ along, along)


def _direction(candidates, across=None):
    """The first of them, of length 1, that leads somewhere, and not along another direction."""
    for move in candidates:
        rest = move if across is None else _across(move[np.newaxis], across)[0]
        length = np.linalg.norm(rest)
        if length > STRAIGHT * np.linalg.norm(move):
            return rest / length
    raise AssertionError("one of two unit vectors leads across any direction")
