"""What a fit minimises, with each part resolved once."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_gd.objective.empirical_risk import EmpiricalRisk
from sklearn_gd.quadratic import Latest


@dataclass(frozen=True)
class Problem:
    """A model, a loss, a penalty and rows.

    Parameters
    ----------
    model : Model
    loss : Loss
        That of the user, in the units of the model's predictions.
    stages : tuple of Loss
        Smooth losses that lead to it, itself if it is smooth.
    penalty : Penalty
    alpha : float or sequence of float
    source : Source
    start : ndarray of shape (p,)
        Where a cold start begins.
    reference : float
        The objective of the best constant, in which "nearly zero" is measured.
    score : callable or None
        Validation score of params, greater is better.
    latest : Latest
        What objectives at different strengths of the penalty know of second derivatives.
    """

    model: Any
    loss: Any
    stages: tuple
    penalty: Any
    alpha: Any
    source: Any
    start: NDArray
    reference: float = 0.0
    score: Callable[[NDArray], float] | None = None
    latest: Latest = field(default_factory=Latest, compare=False)

    def objective(self, loss=None) -> EmpiricalRisk:
        """F with this loss, or with the user's own."""
        loss = self.loss if loss is None else loss
        return EmpiricalRisk(
            self.model, loss, self.penalty, self.alpha, self.source, self.reference, self.latest
        )

    def penalised(self, alpha) -> "Problem":
        """The same at another strength of the penalty."""
        penalty = self.penalty if np.any(alpha) else self.penalty.vanishing()
        return replace(self, alpha=alpha, penalty=penalty)

    def better_start(self, params: NDArray) -> NDArray:
        """``params``, unless their objective is above that of the cold start, or overflows."""
        objective = self.objective(self.stages[0]).subsampled()
        with np.errstate(all="ignore"):
            is_better = objective.value(params) <= objective.value(self.start)
        return params if is_better else self.start

    def is_finite(self, params: NDArray) -> bool:
        """Whether the objective does not overflow there."""
        with np.errstate(all="ignore"):
            return bool(np.isfinite(self.objective(self.stages[0]).subsampled().value(params)))

    def is_separated(self, mean_loss: float) -> bool:
        """Whether all rows are predicted so well that, without a penalty, there is no optimum.

        A row whose loss is below log(2) is on the right side of every boundary; so are all if the
        mean is as low as that of the lightest row alone.
        """
        if self.loss.has_minimum or not self.model.is_linear or np.any(self.alpha):
            return False
        return mean_loss * self.source.weight_sum < np.log(2) * self.source.lightest

    def nearest(self, params: NDArray, start: NDArray) -> NDArray:
        """Without a penalty, the nearest to the start among params that predict the same.

        From a cold start, these are the coefficients of least norm.
        """
        if self.model.is_linear and not np.any(self.alpha) and self.penalty.is_smooth:
            return self.objective().nearest(params, start)
        return params

    def canonical(self, params: NDArray) -> NDArray:
        """The one form among those that predict the same: the one with the least penalty.

        Adding the same to all outputs of a softmax changes no prediction.
        """
        if not (self.loss.is_shift_invariant and self.model.is_linear):
            return params
        params = params.copy()
        (w,), biases = self.model.unpack(params)
        if self.penalty.is_quadratic:
            w -= w.mean(axis=1, keepdims=True)
        for bias in biases:
            bias -= bias.mean()
        return params


def cold_start(model, loss, source, rng: np.random.Generator) -> NDArray:
    """Initial parameters; where there are biases, those of the best constant."""
    y, weight = source.targets()
    start = model.init(rng, source.dtype)
    _, biases = model.unpack(start)
    for bias in biases[-1:]:
        bias[...] = loss.baseline(y, model.n_outputs, weight)
    return start


def reference_value(problem: Problem) -> float:
    """F at the cold start, but not below what is rounding relative to zero parameters."""
    objective = problem.objective(problem.stages[0]).subsampled()
    nothing = objective.mean_loss(np.zeros_like(problem.start))
    start = objective.mean_loss(problem.start)
    return max(start, float(np.finfo(problem.source.dtype).eps) * nothing)
