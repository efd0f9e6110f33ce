r"""The function that a solver walks down.

.. math:: F(W, b) = \frac1S \sum_i s_i\,loss(y_i, raw_i) + alpha \cdot penalty(W)

with weights :math:`s_i \ge 0`, :math:`S = \sum_i s_i`. F splits into a smooth part, which has a
gradient, and the nonsmooth part of the penalty, which has a proximal operator. ``value`` and
``gradient`` always mean the smooth part, over all rows.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklearn_gd.curvature import Curvature
from sklearn_gd.data import Batch, Source, moments, threads_of_blas
from sklearn_gd.metric import Metric, conjugate_gradient, proximal_direction
from sklearn_gd.proximal import proximal_newton_cg

# An optimum of zero has no relative distance: below this share of the start it counts as zero.
SCALE_FLOOR = 1e-3
# A change below this many units in the last place is noise.
NOISE_ULPS = 10
# A run whose objective passes this multiple of its start has diverged.
DIVERGENCE_FACTOR = 10.0
OPTIMALITY_MAX_PRODUCTS = 200
# Where a descent begins need not be known to more than the two per cent that so many rows tell.
ROUGH_ROWS = 4096


class Objective(ABC):
    """What a solver sees. Only ``value_and_gradient`` must be written; the rest has defaults.

    Attributes
    ----------
    is_convex, is_smooth : bool
    has_kinks : bool
        Whether slopes jump, so that second derivatives at a point say nothing about the next.
    shares_curvature : bool
        Whether second derivatives link the outputs, so that a matrix an output is not all of them.
    has_diagonal_metric : bool
        Whether ``metric`` is no more than a diagonal.
    knows_hessian : bool
        Whether ``metric`` is the whole Hessian, of all rows and all outputs together.
    n_samples : int
        Rows that batches can be made of; 0 for a plain function.
    dtype : numpy.dtype
        Precision in which values are computed; it sets the noise in them.
    reference : float
        Objective of the best constant, or at the start: the unit that "nearly zero" is measured in.
    passes : float
        Visits of all rows so far, one for a value with its gradient.
    """

    is_convex = False
    is_smooth = True
    has_kinks = False
    shares_curvature = False
    has_diagonal_metric = False
    knows_hessian = False
    dtype = np.dtype(np.float64)
    n_samples = 0
    passes = 0.0
    reference = 0.0

    @abstractmethod
    def value_and_gradient(self, params: NDArray) -> tuple[float, NDArray]:
        """The smooth part and its gradient."""

    def value(self, params: NDArray) -> float:
        """F, both parts."""
        return self.value_and_gradient(params)[0] + self.nonsmooth(params)

    def rough(self) -> "Objective":
        """Itself, or the same over some of the rows where a visit of all costs like a pass."""
        return self

    def nonsmooth(self, params: NDArray) -> float:
        """The nonsmooth part."""
        return 0.0

    def prox(self, params: NDArray, step_size: float | NDArray) -> NDArray:
        """The proximal operator of the nonsmooth part, for a step size (or one a parameter)."""
        return params

    def nonsmooth_operator(self, params: NDArray) -> Callable[[NDArray], NDArray] | None:
        """The second derivative of the nonsmooth part, off its kinks, as a product with directions.

        None where that part is linear between its kinks.
        """
        return None

    def smoothness(self) -> float | None:
        """L, an upper bound of the second derivative in every direction; None if there is none."""
        return None

    def batch_smoothness(self, size: int) -> float | None:
        """The same for the mean over batches of ``size``, which are rougher than all rows."""
        return None

    def metric(self, params: NDArray) -> Metric | None:
        """Second derivatives at ``params``, ready to be divided by; None if there are none."""
        return None

    def bound_metric(self) -> Metric | None:
        """A metric that is at least the Hessian everywhere; None if there is none."""
        return None

    def hessian_operator(self, params: NDArray) -> Callable[[NDArray], NDArray]:
        """The product of the Hessian at ``params`` with a direction; by differences."""
        root = np.sqrt(np.finfo(self.dtype).eps)

        def product(direction):
            length = root * (1 + np.linalg.norm(params)) / max(np.linalg.norm(direction), 1e-300)
            ahead = self.value_and_gradient(params + length * direction)[1]
            behind = self.value_and_gradient(params - length * direction)[1]
            return (ahead - behind) / (2 * length)

        return product

    def batches(self, size: int, rng: np.random.Generator | None) -> Iterator["BatchOracle"]:
        """For each batch of a pass, its value and gradient as a function of ``params``."""
        return iter(())

    def separable(self) -> "Separable | None":
        """The same in plain arrays and numbers, for compiled loops; None where it is more."""
        return None

    def weights(self, params: NDArray) -> list[NDArray]:
        """Views of the penalised parameters."""
        return [params]

    def threads(self) -> AbstractContextManager:
        """A context in which a solver walks, that shares out the machine's threads."""
        return nullcontext()

    def scale(self, value: float) -> float:
        """What a decrease is compared with: F, but not less than a thousandth of the start."""
        return max(abs(value), SCALE_FLOOR * abs(self.reference), np.finfo(float).tiny)

    def divergence_limit(self, start: float) -> float:
        """The value above which a run that began at ``start`` has diverged."""
        return DIVERGENCE_FACTOR * max(abs(start), abs(self.reference), np.finfo(float).tiny)

    def noise(self, value: float) -> float:
        """Changes of the objective that mean nothing in its precision, where it is ``value``."""
        return NOISE_ULPS * np.finfo(self.dtype).eps * abs(value)

    def start_at(self, value: float) -> None:
        """Remember the first value met as the reference of ``scale``, where there is none."""
        self.reference = self.reference or value

    def predicted_decrease(
        self, params: NDArray, gradient: NDArray, near: Metric | None = None
    ) -> tuple[float, NDArray, Metric] | None:
        """What the local quadratic model loses at best, on which step, and the metric there.

        None where there is no metric. This is the Newton decrement, half of g'H⁻¹g; with a
        nonsmooth part, the decrease of the proximal Newton step. Where products with the Hessian
        decide, a metric made ``near`` here conditions them as well as a new one.
        """
        only_conditions = near is not None and self.is_smooth and not near.is_hessian
        metric = near if only_conditions else self.metric(params)
        if metric is None:
            return None
        if not self.is_smooth and self.has_diagonal_metric and not self.has_kinks:
            product = self.hessian_operator(params)
            direction, decrease, _ = proximal_newton_cg(
                product, metric, self, params, gradient, OPTIMALITY_MAX_PRODUCTS
            )
            return decrease, direction, metric
        if not self.is_smooth:
            direction, decrease = proximal_direction(metric, self, params, gradient)
            return decrease, direction, metric
        if metric.is_hessian:
            direction = -metric.solve(gradient)
            return -(gradient @ direction) / 2, direction, metric
        product = self.hessian_operator(params)
        direction, decrease, *_ = conjugate_gradient(
            product, gradient, metric.solve, OPTIMALITY_MAX_PRODUCTS
        )
        return decrease, direction, metric


class FunctionObjective(Objective):
    """Any function ``params -> (value, gradient)`` as an objective."""

    def __init__(self, function: Callable[[NDArray], tuple[float, NDArray]]):
        self._function = function

    def value_and_gradient(self, params):
        self.passes += 1
        value, gradient = self._function(params)
        return float(value), np.asarray(gradient, dtype=np.float64)


class Separable(NamedTuple):
    """A linear model in memory whose loss and penalty are sums over outputs and weights.

    ``loss(y[i, k], raw, constants)`` is value and slope of output k of row i; ``l1`` and ``l2`` are
    the strengths of :math:`|w|_1` and :math:`|w|^2/2`.
    """

    rows: Batch
    source: Source
    loss: Callable
    constants: tuple[float, ...]
    l1: float
    l2: float


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
