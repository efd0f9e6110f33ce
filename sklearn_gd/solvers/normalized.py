"""The streaming rule: scale-free updates for features whose units nobody has looked at."""

from dataclasses import dataclass

import numpy as np

from sklearn_gd.solvers.mini_batch import MiniBatch

AUTO_RATE = 0.2
# A variance that is this share of the mean square is rounding, not variation.
NOISE = 1e-12


@dataclass(kw_only=True, eq=False, repr=False)
class NormalizedAdagrad(MiniBatch):
    r"""Adagrad on features that are standardised by their running mean and spread.

    With :math:`\hat x = (x - \mu) / \sigma`, the gradient in standardised units is
    :math:`\hat g = (g - \mu\,g_b) / \sigma`, :math:`g_b` that of the intercept, and

    .. math::
        G \leftarrow G + \hat g^2, \quad
        w \leftarrow w - \eta\,\frac{\hat g}{\sigma \sqrt{G}}, \quad
        b \leftarrow b - \eta\,\frac{g_b}{\sqrt{G_b}} - \mu\,\Delta w

    so that the path does not depend on the units of the features, nor on where they are zero.
    After Ross, Mineiro and Langford (2013), "Normalized online learning", with moments in place
    of maxima; Duchi, Hazan and Singer (2011). ``learning_rate="auto"`` is
    :math:`0.2 \sqrt{2 F_0}`, :math:`F_0` the objective of the best constant on the first rows: a
    fifth of the spread of y for squared error.
    """

    def unsupported(self, objective):
        if not objective.is_convex:
            return "NormalizedAdagrad needs a linear model; use solver='adam' instead."
        return super().unsupported(objective)

    def init(self, params):
        return {"weight": 0.0, "sum": 0.0, "squares": 0.0, "energy": np.zeros_like(params)}

    def estimate(self, oracle, params, state):
        state["unpack"] = oracle.unpack
        for name, total in zip(("weight", "sum", "squares"), oracle.feature_sums(), strict=True):
            state[name] = state[name] + total
        return oracle(params)

    def update(self, gradient, state, step, rate):
        mean, spread = _mean_and_spread(state)
        change = np.empty_like(gradient)
        (slope,), bias_slopes = state["unpack"](gradient)
        (energy,), bias_energies = state["unpack"](state["energy"])
        (move,), bias_moves = state["unpack"](change)
        centred = slope - mean * bias_slopes[0] if bias_slopes else slope
        move[...] = _adagrad(centred / spread, energy, rate) / spread
        for bias_slope, bias_energy, bias_move in zip(
            bias_slopes, bias_energies, bias_moves, strict=True
        ):
            bias_move[...] = _adagrad(bias_slope, bias_energy, rate) - mean[:, 0] @ move
        return change

    def auto_rate(self, objective, batch_size):
        return AUTO_RATE * np.sqrt(2 * objective.reference)


def _mean_and_spread(state):
    """Of the features so far, as columns; without variation the spread is taken as 1."""
    mean = state["sum"] / state["weight"]
    square = state["squares"] / state["weight"]
    variance = square - mean**2
    is_constant = variance <= NOISE * square
    spread = np.sqrt(np.where(is_constant, 1.0, variance))
    return mean[:, np.newaxis], spread[:, np.newaxis]


def _adagrad(gradient, energy, rate):
    energy += gradient**2
    return -rate * gradient / np.sqrt(np.where(energy > 0, energy, 1.0))
