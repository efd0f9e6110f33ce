"""Whether a proximal operator is what it claims to be: for penalties of your own."""

from typing import Any, NamedTuple

import numpy as np

from sklearn_gd.penalties import Penalty

# Sizes of weights and of scales, relative to each other, at which the operator is tried.
SIZES = (1e-2, 1.0, 1e2)
SCALES = (1e-3, 0.1, 1.0, 10.0)
# Competitors of each result: steps of these lengths around it, relative to the weights.
STEPS = (1e-4, 1e-2, 1.0)
DRAWS = 3


class ProxCheck(NamedTuple):
    """How much a competitor is better than the result of ``prox`` at worst, and at which scales."""

    max_violation: float
    scale: str


def check_prox(
    penalty: Any, shape: tuple[int, int] = (6, 2), *, random_state: int = 0
) -> ProxCheck:
    r"""Compare a penalty's ``prox`` with what it should minimise.

    With ``u = prox(w, scale)``, a convex nonsmooth part h satisfies the three-point inequality for
    every z,

    .. math:: h(z) + \sum \frac{(z - w)^2}{2\,scale} \ge
        h(u) + \sum \frac{(u - w)^2}{2\,scale} + \sum \frac{(z - u)^2}{2\,scale}

    and any other h satisfies it without the last sum. It is tried at random weights of three sizes
    and four scales, one for all weights and, if the penalty is ``is_separable``, one for each,
    against weights nearby, zero, w itself and w with single weights set to zero. Constraints are
    taken from ``prox(w, 0)``.

    Parameters
    ----------
    penalty : Penalty
    shape : tuple of int, default=(6, 2)
        Shape of the weight matrix, (features, outputs).
    random_state : int, default=0
        Seed of the weights and of their competitors.

    Returns
    -------
    check : ProxCheck
        ``max_violation``, by how much the inequality is broken at worst, relative to its two sides:
        about 1e-16 for a right operator, infinite for one that returns what is not finite.
        ``scale`` is "one for all" or "one for each weight", where it is broken most.

    Raises
    ------
    TypeError
        For an object that is not a Penalty.
    ValueError
        For a ``prox`` that returns another shape.

    See Also
    --------
    check_gradient : The same for derivatives.

    References
    ----------
    Beck (2017), *First-order methods in optimization*, theorem 6.39.

    Examples
    --------
    >>> from sklearn_gd.inspection import check_prox
    >>> from sklearn_gd.penalties import L1
    >>> check_prox(L1()).max_violation < 1e-12
    True
    """
    if not isinstance(penalty, Penalty):
        raise TypeError(f"check_prox needs a Penalty; got {penalty!r}.")
    penalty.validate()
    rng = np.random.default_rng(random_state)
    worst = ProxCheck(0.0, "one for all")
    for size in SIZES:
        for scale in SCALES:
            for _ in range(DRAWS):
                w = size * rng.normal(size=shape)
                kinds: dict[str, Any] = {"one for all": scale}
                if penalty.is_separable:
                    kinds["one for each weight"] = scale * rng.uniform(0.1, 10, shape)
                for name, scales in kinds.items():
                    violation = _violation(penalty, w, scales, rng)
                    worst = max(worst, ProxCheck(violation, name), key=lambda check: check[0])
    return worst


def _violation(penalty, w, scale, rng):
    u = np.asarray(penalty.prox(w.copy(), scale))
    if u.shape != w.shape:
        raise ValueError(
            f"{type(penalty).__name__}.prox(w, scale) must return the shape of w, {w.shape}; it "
            f"returned {u.shape}."
        )
    own = penalty.nonsmooth(u) + _distance(u, w, scale)
    if not np.isfinite(own):
        return np.inf
    worst = 0.0
    for z in _competitors(w, u, rng):
        # what a constraint forbids is no competitor
        z = np.asarray(penalty.prox(z, 0.0))
        other = penalty.nonsmooth(z) + _distance(z, w, scale)
        bound = own + (_distance(z, u, scale) if penalty.is_convex else 0.0)
        unit = max(abs(other), abs(bound), np.finfo(float).tiny)
        worst = max(worst, (bound - other) / unit)
    return float(worst)


def _competitors(w, u, rng):
    yield from (w, np.zeros_like(w))
    for position in np.ndindex(w.shape):
        for place in (w, u):
            z = place.copy()
            z[position] = 0.0
            yield z
    for step in STEPS:
        yield u + step * np.abs(w).max() * rng.normal(size=w.shape)
        # in one weight alone, to each side
        position = tuple(rng.integers(0, n) for n in w.shape)
        for sign in (-1, 1):
            z = u.copy()
            z[position] += sign * step * np.abs(w).max()
            yield z


def _distance(a, b, scale):
    return float(np.sum((a - b) ** 2 / (2 * np.asarray(scale))))
