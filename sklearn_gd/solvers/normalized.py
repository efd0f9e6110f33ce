"""The streaming rule: scale-free updates for features in unknown units."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sklearn_gd.solvers.mini_batch import MiniBatch

AUTO_RATE = 0.2
# A variance that is this fraction of the squared mean is rounding, not variation.
NOISE = 1e-20
# A gradient that is this fraction of the slopes of rows is rounding too.
ROUNDING = 1e-12
# Rows are forgotten in proportion to this power of the number of updates since: after twenty times
# as many, the first ones count for a 400th.
FORGETTING = 2
# Sums over rows that give the mean second derivative, and all sums.
LEVEL = ("squared_slopes", "losses")
SUMS = {"weight", "deviations", "steps", "energy", *LEVEL}


@dataclass(kw_only=True, eq=False, repr=False)
class NormalizedAdagrad(MiniBatch):
    r"""Adagrad on features that are standardised by their running mean and standard deviation.

    With :math:`\hat x = (x - \mu) / \sigma`, the gradient in standardised units is
    :math:`\hat g = (g - \mu\,g_b) / \sigma`, :math:`g_b` that of the intercept, and

    .. math::
        G \leftarrow (1 - \tfrac{2}{t + 2})\,G + \hat g^2, \quad
        w \leftarrow w - \eta\,\frac{\hat g}{\sigma \sqrt{G}}, \quad
        b \leftarrow b - \eta\,\frac{g_b}{\sqrt{G_b}} - \mu\,\Delta w

    at update t. So the path does not depend on the units of the features, nor on where they are
    zero. All sums forget as G does: a stream whose level or spread changes recovers. A proximal
    step moves the intercept in the same way. The first term of the intercept's step is at least
    :math:`3 / (t + 3)` of a Newton step, or the fraction :math:`\eta / 0.2` of that, with the
    second derivative of the parabola below: errors of the level are averaged out. Without an
    intercept the mean is taken as zero, and :math:`\sigma` is the root mean square.
    The rate is in units of the raw prediction: the root mean square over the rows so far of their
    steps to the minimum of a parabola, twice the loss over its slope; over :math:`\sqrt d`, as
    there are d features that vary to move it. ``learning_rate="auto"`` is 0.2.

    References
    ----------
    Ross, Mineiro and Langford (2013), "Normalized online learning", with moments in place of
    maxima; Duchi, Hazan and Singer (2011), "Adaptive subgradient methods for online learning and
    stochastic optimization"; Shamir and Zhang (2013), "Stochastic gradient descent for non-smooth
    optimization", for the weights of earlier rows.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn_gd import GDSoftmaxClassifier
    >>> from sklearn_gd.solvers import NormalizedAdagrad
    >>> X, y = load_wine(return_X_y=True)  # in raw units
    >>> model = GDSoftmaxClassifier(solver=NormalizedAdagrad(), max_iter=20, tol=0, random_state=0)
    >>> bool(model.fit(X, y).score(X, y) > 0.95)
    True
    """

    # in units that fit, each update goes far: smaller batches cost more and teach the same
    auto_updates: ClassVar[int] = 5

    def unsupported(self, objective):
        reason = super().unsupported(objective)
        if reason is None and not objective.is_linear:
            return "NormalizedAdagrad needs a linear model; use solver='adam' instead."
        if reason is None and not objective.is_convex:
            return (
                "NormalizedAdagrad needs a convex objective, whose slopes grow away from the "
                "minimum; use solver='adam' instead."
            )
        return reason

    def init(self, params):
        sums = {"weight": 0.0, "mean": 0.0, "deviations": 0.0, "steps": 0.0}
        return sums | {"energy": np.zeros_like(params), "count": 0}

    def estimate(self, oracle, params, state):
        state["unpack"] = oracle.unpack
        _forget(state)
        losses, slopes = oracle.slopes(params)
        gradient = oracle.pull_back(slopes, params)
        _merge_moments(state, *oracle.feature_moments())
        state["steps"] += oracle.step_energy(losses, slopes)
        for name, sum_of_rows in zip(LEVEL, oracle.level_sums(losses, slopes), strict=True):
            # the state of an older version has none
            state[name] = state.get(name, 0.0) + sum_of_rows
        return oracle.with_penalty(oracle.mean(losses), gradient, params)

    def update(self, gradient, state, params, clock, rate):
        change = np.empty_like(gradient)
        (slope,), bias_slopes = state["unpack"](gradient)
        mean, spread = _units(state, bool(bias_slopes))
        share = min(1.0, rate / AUTO_RATE)
        rate = rate * _unit(state) / _reach(spread)
        floor = ROUNDING * _unit(state)
        (energy,), bias_energies = state["unpack"](state["energy"])
        (move,), bias_moves = state["unpack"](change)
        centred = slope - mean * bias_slopes[0] if bias_slopes else slope
        move[...] = _adagrad(centred / spread, energy, rate, floor) / spread
        for bias_slope, bias_energy, bias_move in zip(
            bias_slopes, bias_energies, bias_moves, strict=True
        ):
            level = _adagrad(bias_slope, bias_energy, rate, floor)
            level = _further(level, share * _towards_mean(bias_slope, state))
            bias_move[...] = level - mean[:, 0] @ move
        return change

    def step_size(self, state, clock, rate):
        (energy,), bias_energies = state["unpack"](state["energy"])
        _, spread = _units(state, bool(bias_energies))
        rate = rate * _unit(state) / _reach(spread)
        sizes = np.full_like(state["energy"], rate)
        (size,), _ = state["unpack"](sizes)
        size[...] = rate / (spread**2 * np.sqrt(np.where(energy > 0, energy, 1.0)))
        return sizes

    def prox(self, objective, params, step_size, state):
        new = super().prox(objective, params, step_size, state)
        (before,), _ = state["unpack"](params)
        (after,), biases = state["unpack"](new)
        mean, _ = _units(state, bool(biases))
        for bias in biases:
            # as the ordinary step does, so that predictions at the mean of X stay
            bias -= mean[:, 0] @ (after - before)
        return new

    def auto_rate(self, objective, batch_size):
        return AUTO_RATE

    def divergence_limit(self, objective, state):
        # what the first few rows of a stream teach may be far off, and is unlearnt by later ones
        if state.learning_rate.is_auto:
            return np.finfo(np.float64).max
        return super().divergence_limit(objective, state)

    def mean_loss(self, state):
        # the value of a pass has the penalty in it
        known = state.rule.get(LEVEL[1], 0.0)
        return known / state.rule["weight"] if known else super().mean_loss(state)


def _forget(state):
    """Sums over earlier rows count for less with each update, those of a mean stay a mean."""
    state["count"] += 1
    kept = 1 - FORGETTING / (state["count"] + FORGETTING)
    for name in SUMS & set(state):
        state[name] = state[name] * kept


def _merge_moments(state, weight, mean, deviations):
    """Moments of two sets of rows together (Chan, Golub and LeVeque, 1983)."""
    total = state["weight"] + weight
    shift = mean - state["mean"]
    state["mean"] = state["mean"] + shift * (weight / total)
    state["deviations"] += deviations + shift**2 * (state["weight"] * weight / total)
    state["weight"] = total


def _units(state, has_intercept):
    """Centre and scale of the features so far, as columns; no move is made of an infinite scale.

    An intercept makes up for any centre, and leaves nothing to do to a column that has not varied.
    """
    mean, variance = state["mean"], state["deviations"] / state["weight"]
    noise = NOISE * mean**2
    if not has_intercept:
        mean, variance, noise = np.zeros_like(mean), variance + mean**2, 0.0
    # what is below the normal numbers is rounding, too
    is_idle = variance <= np.maximum(noise, float(np.finfo(state["energy"].dtype).tiny) ** 2)
    scale = np.sqrt(np.where(is_idle, np.inf, variance))
    return mean[:, np.newaxis], scale[:, np.newaxis]


def _reach(spread):
    """How far one step of each feature that varies moves a raw prediction, in mean square."""
    return np.sqrt(max(np.isfinite(spread).sum(), 1))


def _unit(state):
    """What a raw prediction is measured in: the size of the steps that single rows ask for."""
    return np.sqrt(state["steps"] / state["weight"])


def _towards_mean(slope, state):
    """The step of the level of all predictions that makes it a mean over the rows so far.

    The level and the coefficients of centred features do not depend on each other, so that
    Newton's step is safe; divided by the number of updates, its errors average out.
    """
    squares, losses = (state[name] for name in LEVEL)
    if squares == 0:
        return np.zeros_like(slope)
    gain = (FORGETTING + 1) / (state["count"] + FORGETTING + 1)
    return -gain * slope * (2 * losses / squares)


def _further(first, second):
    """Of two steps in the same direction the longer one."""
    return np.where(np.abs(first) >= np.abs(second), first, second)


def _adagrad(gradient, energy, rate, floor):
    # Adagrad would make full steps out of rounding errors
    gradient = np.where(np.abs(gradient) > floor, gradient, 0.0)
    energy += gradient**2
    return -rate * gradient / np.sqrt(np.where(energy > 0, energy, 1.0))
