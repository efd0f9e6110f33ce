r"""The objective of every estimator: the weighted mean loss of a model over rows, and a penalty.

.. math:: F(W, b) = \frac1S \sum_i s_i\,loss(y_i, raw_i) + alpha \cdot penalty(W)

with weights :math:`s_i \ge 0`, :math:`S = \sum_i s_i`.
"""

from contextlib import nullcontext
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sklearn_gd.curvature import Curvature
from sklearn_gd.data import Batch, moments, threads_of_blas
from sklearn_gd.objective import Objective, Separable

# Where a descent begins need not be known to more than the two per cent that so many rows tell.
ROUGH_ROWS = 4096


class EmpiricalRisk(Objective):
    """The weighted mean loss of a model over a source of rows, plus ``alpha`` times a penalty.

    Parameters
    ----------
    model : Model
    loss : Loss
    penalty : Penalty
    alpha : float or sequence of float
        One strength, or one for each weight matrix of the model.
    source : Source
    reference : float
        Value of the best constant model, the unit in which "nearly zero" is measured.
    """

    def __init__(self, model, loss, penalty, alpha, source, reference=0.0):
        self.model, self.loss, self.penalty, self.source = model, loss, penalty, source
        self.dtype, self.n_samples = source.dtype, source.n_samples
        n_matrices = len(model.unpack(np.empty(model.size))[0])
        self.alpha = np.broadcast_to(np.asarray(alpha, dtype=float), n_matrices)
        self.is_convex = model.is_linear
        self.shares_curvature = not loss.is_separable
        self.is_smooth = penalty.is_smooth
        self.has_kinks = loss.has_kinks
        self.reference = reference
        self._curvature = (
            Curvature(model, loss, penalty, self.alpha[0], source) if model.is_linear else None
        )
        self.knows_hessian = self._curvature is not None and self._curvature.is_exact
        self.is_sparse = source.is_sparse
        self.has_diagonal_metric = self._curvature is not None and self._curvature.is_diagonal

    def value_and_gradient(self, params):
        self.passes += 1
        total = self.source.map_reduce(_value_and_gradient, self.model, self.loss, params)
        loss_sum, gradient = total
        unit = self.source.weight_sum
        return self.with_penalty(loss_sum / unit, gradient / unit, params)

    def mean_loss(self, params):
        """The weighted mean loss, without the penalty."""
        self.passes += 0.5
        (total,) = self.source.map_reduce(_value, self.model, self.loss, params)
        return float(total) / self.source.weight_sum

    def penalty_value(self, params):
        """The penalty's share of F."""
        weights, _ = self.model.unpack(params)
        smooth = sum(
            a * self.penalty.smooth(w)[0] for a, w in zip(self.alpha, weights, strict=True)
        )
        return float(smooth) + self.nonsmooth(params)

    def value(self, params):
        return self.mean_loss(params) + self.penalty_value(params)

    def rough(self):
        # linear models begin at zero weights, where a visit is cheap
        if self.model.is_linear or self.n_samples <= ROUGH_ROWS:
            return self
        sample = self.source.sample(ROUGH_ROWS)
        return EmpiricalRisk(self.model, self.loss, self.penalty, self.alpha, sample)

    def nonsmooth(self, params):
        if self.is_smooth:
            return 0.0
        weights, _ = self.model.unpack(params)
        return float(
            sum(a * self.penalty.nonsmooth(w) for a, w in zip(self.alpha, weights, strict=True))
        )

    def prox(self, params, step_size):
        if self.is_smooth:
            return params
        result = np.array(params)
        per_parameter = np.broadcast_to(np.asarray(step_size, dtype=params.dtype), params.shape)
        weights, _ = self.model.unpack(result)
        steps, _ = self.model.unpack(per_parameter)
        for w, step, alpha in zip(weights, steps, self.alpha, strict=True):
            w[...] = self.penalty.prox(w, step * alpha)
        return result

    def nonsmooth_operator(self, params):
        if self.penalty.is_piecewise_linear:
            return None

        def product(direction):
            result = np.zeros_like(direction)
            parts = (self.model.unpack(array)[0] for array in (params, direction, result))
            for alpha, w, along, image in zip(self.alpha, *parts, strict=True):
                image[...] = alpha * self.penalty.nonsmooth_product(w, along)
            return result

        return product

    def batches(self, size, rng):
        n_batches = -(-self.n_samples // size)
        for batch in self.source.batches(size, rng):
            yield BatchOracle(self, batch, n_batches, rng)

    def separable(self):
        rows = self.source.whole()
        scalar = _own(self.loss, "scalar")
        shares = _own(self.penalty, "shares")
        if rows is None or scalar is None or shares is None or not self.model.is_linear:
            return None
        l1, l2 = (float(self.alpha[0] * share) for share in shares)
        return Separable(rows, self.source, *scalar, l1, l2)

    def smoothness(self):
        return self._curvature.largest() if self._curvature else None

    def batch_smoothness(self, size):
        return self._curvature.of_batches(size) if self._curvature else None

    def metric(self, params):
        if self._curvature is None:
            return None
        self.passes += 1
        return self._curvature.metric(params)

    def bound_metric(self):
        if self._curvature is None or self.loss.curvature is None or self.loss.has_kinks:
            return None
        self.passes += 1
        return self._curvature.bound_metric()

    def hessian_operator(self, params):
        if self._curvature is None:
            return super().hessian_operator(params)

        self.passes += 0.5
        operator = self._curvature.operator(params)

        def product(direction):
            self.passes += 1
            return operator(direction)

        return product

    def threads(self):
        return threads_of_blas() if self.model.is_linear else nullcontext()

    def weights(self, params):
        return self.model.unpack(params)[0]

    def with_penalty(self, value, gradient, params):
        """Value and gradient of the mean loss, to which the smooth part of the penalty is added."""
        weights, _ = self.model.unpack(params)
        slopes, _ = self.model.unpack(gradient)
        # numbers of Python, since those of NumPy would turn float32 into float64 on the way
        for w, slope, alpha in zip(weights, slopes, self.alpha.tolist(), strict=True):
            if alpha:
                penalty, penalty_gradient = self.penalty.smooth(w)
                value += alpha * penalty
                slope += alpha * penalty_gradient
        return float(value), gradient


class BatchOracle:
    """Value and gradient of the objective, as estimated from one batch."""

    def __init__(self, risk: EmpiricalRisk, batch: Batch, n_batches: int, rng):
        self._model, X = risk.model.prepared(batch.X, may_overwrite=batch.is_copy)
        self._risk, self._rng = risk, rng
        self._batch = batch if X is batch.X else replace(batch, X=X)
        # S / batches, and not the weight of the batch: the mean over a pass is then exactly F
        self._unit = risk.source.weight_sum / n_batches
        self.n_batches = n_batches
        self.unpack = risk.model.unpack
        self.rows, self.n_samples = batch.rows, risk.n_samples

    def __call__(self, params: NDArray) -> tuple[float, NDArray]:
        risk = self._risk
        self._count()
        loss_sum, gradient = _value_and_gradient(
            self._batch, self._model, risk.loss, params, self._rng, self._unit
        )
        return risk.with_penalty(loss_sum / self._unit, gradient, params)

    def slopes(self, params: NDArray) -> tuple[NDArray, NDArray]:
        """The loss of each row, and its derivative in the raw prediction."""
        self._count()
        raw, _ = self._model.forward(params, self._batch.X, self._rng)
        return self._risk.loss.value_and_gradient(self._batch.y, raw)

    def mean(self, losses: NDArray) -> float:
        """The mean loss, as the batch sees it."""
        return float(self._batch.weighted(losses).sum(dtype=np.float64)) / self._unit

    def pull_back(self, slopes: NDArray, params: NDArray) -> NDArray:
        """The gradient of the mean loss for given derivatives of the rows; linear models only."""
        gradient = np.empty_like(params)
        weighted = self._batch.weighted(slopes) / self._unit
        self._model.backward(params, self._batch.X, weighted, gradient)
        return gradient

    def with_penalty(self, value: float, gradient: NDArray, params: NDArray):
        """The same with the smooth part of the penalty added."""
        return self._risk.with_penalty(value, gradient, params)

    def _count(self):
        self._risk.passes += len(self._batch) / self.n_samples

    def step_energy(self, losses: NDArray, slopes: NDArray) -> float:
        """The weighted sum over rows of squared steps to the minimum of the row's loss.

        The steps are those of a parabola whose minimum is zero, twice the loss over the slope:
        right for squared error, and for all other losses in the units of the raw prediction.
        """
        squares = np.einsum("ik,ik->i", slopes, slopes)
        energies = np.divide(4 * losses**2, squares, out=np.zeros_like(losses), where=squares > 0)
        return float(self._batch.weighted(energies).sum(dtype=np.float64))

    def feature_moments(self) -> tuple[float, NDArray, NDArray]:
        """Of the batch: weight, weighted mean (d,), weighted sum of squared deviations (d,)."""
        return moments(self._batch)


def _own(component, name):
    """What the very class of a component says of itself: a subclass may have other formulas."""
    return getattr(component, name)() if name in vars(type(component)) else None


def _value(batch, model, loss, params):
    raw = model.raw(params, batch.X)
    return (batch.weighted(loss.value(batch.y, raw)).sum(dtype=np.float64),)


def _value_and_gradient(batch, model, loss, params, rng=None, unit=1.0):
    """The sum of the losses, and the gradient of that over ``unit``."""
    raw, tape = model.forward(params, batch.X, rng)
    value, raw_gradient = loss.value_and_gradient(batch.y, raw)
    weighted = batch.weighted(raw_gradient)
    gradient = np.empty_like(params)
    model.backward(params, tape, weighted if unit == 1 else weighted / unit, gradient)
    return batch.weighted(value).sum(dtype=np.float64), gradient
