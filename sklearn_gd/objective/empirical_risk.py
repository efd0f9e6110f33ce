r"""The objective of every estimator: the weighted mean loss of a model over rows, and a penalty.

.. math:: F(W, b) = \frac1S \sum_i s_i\,loss(y_i, raw_i) + alpha \cdot penalty(W)

with weights :math:`s_i \ge 0`, :math:`S = \sum_i s_i`.
"""

from contextlib import nullcontext
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sklearn_gd.data import Batch, moments, threads_of_blas
from sklearn_gd.objective.base import Objective, Separable
from sklearn_gd.quadratic import Curvature, nearest, undetermined

# The start of a descent need not be known better than to the two per cent that a sample gives.
SAMPLE_ROWS = 4096
# What a compiled loop takes the place of.
LOSS_METHODS = ("value", "gradient", "value_and_gradient")
PENALTY_METHODS = ("smooth", "nonsmooth", "prox")


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
    latest : Latest or None
        Second derivatives that other objectives of the same model and rows have computed.
    """

    def __init__(self, model, loss, penalty, alpha, source, reference=0.0, latest=None):
        self.model, self.loss, self.penalty, self.source = model, loss, penalty, source
        self.dtype, self.n_samples = source.dtype, source.n_samples
        self.alpha = np.broadcast_to(np.asarray(alpha, dtype=float), model.n_matrices)
        self.is_convex = model.is_linear and loss.is_convex and penalty.is_convex
        self.shares_curvature = not loss.is_separable
        self.is_smooth = penalty.is_smooth
        self.is_quadratic = model.is_linear and loss.is_quadratic
        self.has_kinks = loss.has_kinks
        self.has_margin = loss.has_margin
        self.reference = reference
        self.is_separable = penalty.is_separable
        self.is_linear = model.is_linear
        self.n_features = model.n_features if model.is_linear else 0
        self.is_online = loss.is_online
        self.has_metric = model.is_linear and not loss.is_online
        self._curvature = (
            Curvature(model, loss, penalty, self.alpha[0], source, latest)
            if model.is_linear
            else None
        )
        self.knows_hessian = self._curvature is not None and self._curvature.is_exact
        self.has_curved_penalty = self._curvature is not None and self._curvature.has_penalty
        self.is_sparse = source.is_sparse
        self.has_diagonal_metric = self._curvature is not None and self._curvature.is_diagonal

    @property
    def passes(self):
        return self.source.passes

    @property
    def rounds(self):
        return self.source.rounds

    def value_and_gradient(self, params):
        self.source.count(1)
        total = self.source.map_reduce(_value_and_gradient, self.model, self.loss, params)
        loss_sum, gradient = total
        unit = self.source.weight_sum
        return self.with_penalty(loss_sum / unit, gradient / unit, params)

    def mean_loss(self, params):
        """The weighted mean loss, without the penalty."""
        self.source.count(0.5)
        (total,) = self.source.map_reduce(_value, self.model, self.loss, params)
        return float(total) / self.source.weight_sum

    def penalty_value(self, params):
        """The penalty's part of F."""
        weights, _ = self.model.unpack(params)
        smooth = sum(
            a * self.penalty.smooth(w)[0] for a, w in zip(self.alpha, weights, strict=True)
        )
        return float(smooth) + self.nonsmooth(params)

    def value(self, params):
        return self.mean_loss(params) + self.penalty_value(params)

    def subsampled(self):
        # linear models begin at zero weights, where a visit is cheap
        if self.model.is_linear or self.n_samples <= SAMPLE_ROWS:
            return self
        sample = self.source.sample(SAMPLE_ROWS)
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
        weights, _ = self.model.unpack(result)
        if self.is_separable:
            per_parameter = np.asarray(step_size, dtype=params.dtype)
            steps, _ = self.model.unpack(np.broadcast_to(per_parameter, params.shape))
        else:
            steps = [float(step_size)] * len(weights)
        for w, step, alpha in zip(weights, steps, self.alpha, strict=True):
            w[...] = self.penalty.prox(w, step * alpha)
        return result

    def kinks(self):
        places = []
        for at in self.penalty.kinks(self.model.n_features):
            place = np.full(self.model.size, np.nan, self.dtype)
            for w in self.model.unpack(place)[0]:
                w[...] = at
            places.append(place)
        return places

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

    def n_batches(self, size):
        return self.source.n_batches(size)

    def batches(self, size, rng):
        n_batches = self.n_batches(size)
        for batch in self.source.batches(size, rng):
            yield BatchOracle(self, batch, n_batches, rng)

    def separable(self):
        rows = self.source.whole()
        loss = self.loss.scalar() if self.loss.declares("scalar", *LOSS_METHODS) else None
        is_known = self.penalty.declares("l1_l2_weights", *PENALTY_METHODS)
        weights = self.penalty.l1_l2_weights() if is_known else None
        if rows is None or loss is None or weights is None or not self.model.is_linear:
            return None
        l1, l2 = (float(self.alpha[0] * weight) for weight in weights)
        return Separable(rows, self.source, *loss, l1, l2)

    def smoothness(self):
        return self._curvature.largest() if self._curvature else None

    def batch_smoothness(self, size):
        return self._curvature.of_batches(size) if self._curvature else None

    def typical_distance(self):
        smoothness = self.smoothness()
        if not smoothness or self.reference <= 0:
            return None
        # a smooth objective that falls by F moves the parameters by at least sqrt(2 F / L) together
        return float(np.sqrt(2 * self.reference / (smoothness * self.model.n_coefficients)))

    def metric(self, params):
        return None if self._curvature is None else self._curvature.metric(params)

    def first_metric(self, params):
        known = None if self._curvature is None else self._curvature.known_metric()
        return self.metric(params) if known is None else known

    @property
    def metric_cost(self):
        return 0.0 if self._curvature is None else self._curvature.cost

    def diagonal_metric(self, params):
        return None if self._curvature is None else self._curvature.diagonal(params)

    @property
    def has_columns(self):
        is_known = self.penalty.is_separable and self.penalty.on_columns(np.arange(0)) is not None
        return self.model.is_linear and is_known and self.source.columns(np.arange(0)) is not None

    def on_columns(self, columns):
        model = replace(self.model, n_features=len(columns))
        source = self.source.columns(columns)
        penalty = self.penalty.on_columns(columns)
        part = EmpiricalRisk(model, self.loss, penalty, self.alpha, source, self.reference)
        table = np.arange(self.model.size).reshape(-1, self.model.n_outputs)
        rows = np.append(columns, np.arange(self.model.n_features, len(table)))
        return part, table[rows].ravel()

    def constant_value(self):
        """Not for a hidden layer, whose weights of zero predict the same constant."""
        y, weight = self.source.targets()
        params = np.zeros(self.model.size, self.dtype)
        _, biases = self.model.unpack(params)
        for bias in biases[-1:]:
            bias[...] = self.loss.baseline(y, self.model.n_outputs, weight)
        return self.mean_loss(params)

    def bound_metric(self):
        if self._curvature is None or self.loss.curvature is None:
            return None
        return self._curvature.bound_metric()

    def nearest(self, params, anchor):
        """Of all params with the same predictions those whose weights are nearest to the anchor's.

        Only where they are weights of a linear model; without a penalty, rows may leave some open.
        Distances are in the units in which the penalty would measure them.
        """
        with self.threads():
            vectors = undetermined(self.source, self.model)
        if vectors is None:
            return params
        shape = (self.model.n_coefficients, self.model.n_outputs)
        tables = (params.reshape(shape), anchor.astype(np.float64).reshape(shape))
        unit = self.penalty.unit(self.model.n_features)[:, np.newaxis]
        return nearest(*tables, vectors, unit).ravel()

    def hessian_operator(self, params):
        if self._curvature is None:
            return super().hessian_operator(params)
        return self._curvature.operator(params)

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
        self.positions, self.n_samples = batch.positions, risk.n_samples

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
        self._risk.source.count(len(self._batch) / self.n_samples, 0)

    def step_energy(self, losses: NDArray, slopes: NDArray) -> float:
        """The weighted sum over rows of squared steps to the minimum of the row's loss.

        The steps are those of a parabola whose minimum is zero, twice the loss over the slope:
        right for squared error, and for all other losses in the units of the raw prediction.
        """
        squares = np.einsum("ik,ik->i", slopes, slopes)
        energies = np.divide(4 * losses**2, squares, out=np.zeros_like(losses), where=squares > 0)
        return float(self._batch.weighted(energies).sum(dtype=np.float64))

    def level_sums(self, losses: NDArray, slopes: NDArray) -> tuple[float, float]:
        """The weighted sums over rows of squared slopes and of losses.

        Their ratio is twice the second derivative of a parabola whose minimum is zero.
        """
        squares = np.einsum("ik,ik->i", slopes, slopes)
        sums = (self._batch.weighted(each).sum(dtype=np.float64) for each in (squares, losses))
        return float(next(sums)), float(next(sums))

    def feature_moments(self) -> tuple[float, NDArray, NDArray]:
        """Of the batch: weight, weighted mean (d,), weighted sum of squared deviations (d,)."""
        return moments(self._batch)


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
