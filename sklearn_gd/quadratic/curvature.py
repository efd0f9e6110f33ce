"""Second derivatives of the empirical risk of a linear model."""

from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator, eigsh

from sklearn_gd.quadratic import block_sums
from sklearn_gd.quadratic.metric import (
    CentredDiagonalMetric,
    CholeskyMetric,
    DiagonalMetric,
    Metric,
    largest_eigenvalue,
    rounding,
)
from sklearn_gd.quadratic.shifted import Center, ShiftedMetric

# Beyond these sizes a matrix costs more than the passes it saves.
MAX_COEFFICIENTS = 1024
# Up to this one it costs next to nothing.
SMALL_PROBLEM = 256
MAX_ENTRIES = 2**24
# Where outputs share curvature, one matrix over all of them is worth its cube up to this size;
# up to a larger one for a nonsmooth penalty, where no conjugate gradients can make up for it.
MAX_JOINT = 512
MAX_JOINT_NONSMOOTH = 1024
# A penalty with kinks has no curvature of its own: where the loss has none either, rounding errors
# would be followed to infinity.
DAMPING = 1e-8
# Second derivatives that only turn steps come from this many rows for each coefficient, and from
# at least this many in all.
ROWS_PER_COEFFICIENT = 20
MIN_ROWS = 2000
# A sample misses rare columns. Where its metric has to be replaced, the next sees this many times
# as many rows.
SAMPLE_GROWTH = 8
# A row of X'X costs as much as this many visits of the same row for each of its entries: measured
# on dense rows of 50 to 300 columns, and on sparse ones of 12 to 14 entries.
DENSE_VISITS = 1 / 16
SPARSE_VISITS = 1.5
# The iterative eigenvalue is this exact, and is raised by as much to stay a bound.
EIGENVALUE_TOLERANCE = 1e-3


@dataclass
class Latest:
    """What was computed last of the second derivatives of a mean loss, the penalty left out.

    Along a path of penalties it is near what each next problem begins with.
    """

    loss: Any = None
    blocks: NDArray | None = None
    center: Center | None = None


class Curvature:
    """Second derivatives of a linear model's objective, in the forms that solvers ask for.

    Parameters
    ----------
    model : Linear
    loss, penalty, source
        As of the objective.
    alpha : float
        Strength of the penalty.
    latest : Latest or None
        Of problems with the same model and rows; written to.
    """

    def __init__(self, model, loss, penalty, alpha, source, latest=None):
        self._model, self._loss, self._source = model, loss, source
        penalty_curvature = np.asarray(alpha * penalty.curvature(model.n_features), dtype=float)
        self._penalty = (
            penalty_curvature
            if penalty_curvature.ndim == 2
            else np.broadcast_to(penalty_curvature, model.n_features)
        )
        self._max_joint = MAX_JOINT if penalty.is_smooth else MAX_JOINT_NONSMOOTH
        self._is_smooth = penalty.is_smooth
        self._damping = 0.0 if penalty.is_smooth else max(DAMPING, rounding(source.dtype))
        self._constant_metric: Metric | None = None
        self._latest = Latest(loss) if latest is None else latest
        if self._latest.loss is not loss:
            self._latest.loss, self._latest.blocks = loss, None
        self._sample_size = max(ROWS_PER_COEFFICIENT * model.n_coefficients, MIN_ROWS)

    @cached_property
    def _sample(self):
        """The rows of the metric: all where it must be exact, or where they are few."""
        return self._source if self._is_whole else self._source.sample(self._sample_size)

    def largest(self) -> float | None:
        """An upper bound L of the second derivative in every direction; None if there is none."""
        return self._largest(self._loss.curvature)

    def _largest(self, curvature):
        if curvature is None:
            return None
        size = self._model.n_coefficients
        largest = self._largest_of_penalty()
        if size <= MAX_COEFFICIENTS:
            (matrix,) = self._mean(block_sums.gram, self._model)
            return curvature * largest_eigenvalue(matrix[0]) + largest
        operator = LinearOperator(
            (size, size),
            matvec=lambda v: self._mean(block_sums.gram_product, self._model, v.ravel())[0],
            dtype=np.float64,
        )
        if not operator.matvec(np.ones(size)).any():
            return largest
        (value,) = eigsh(
            operator, k=1, tol=EIGENVALUE_TOLERANCE, v0=np.ones(size), return_eigenvectors=False
        )
        return curvature * float(value) * (1 + EIGENVALUE_TOLERANCE) + largest

    def _largest_of_penalty(self):
        if self._penalty.ndim == 2:
            return float(np.linalg.norm(self._penalty, 2))
        return float(self._penalty.max(initial=0.0))

    def of_batches(self, size: int) -> float | None:
        """The expected smoothness of batches of ``size`` (Gower et al., 2019, proposition 3.8).

        Between the roughest single row, at size 1, and all rows together, at size n.
        """
        curvature = self._loss.mean_curvature
        largest = self._largest(curvature)
        n = self._source.n_samples
        if largest is None or size >= n:
            return largest
        mean_weight = self._source.weight_sum / n
        self._source.count(0.5)
        roughest = max(self._source.map(block_sums.largest_row, self._model))
        single = curvature * roughest / mean_weight + self._largest_of_penalty()
        return ((n - size) * single + n * (size - 1) * largest) / (size * (n - 1))

    @property
    def is_exact(self) -> bool:
        """Whether ``metric`` is the Hessian, of all rows and all outputs together."""
        exact = self._matrix if self._loss.is_separable else self._joint_matrix
        return self._is_whole and self._build == exact

    @property
    def has_penalty(self) -> bool:
        """Whether the penalty contributes."""
        return bool(self._penalty.any())

    @property
    def is_diagonal(self) -> bool:
        """Whether ``metric`` is no more than a diagonal."""
        return self._build == self._diagonal

    @property
    def _build(self):
        """How the metric is made."""
        size, outputs = self._model.n_coefficients, self._model.n_outputs
        if self._is_large or size**2 * outputs > MAX_ENTRIES:
            return self._diagonal
        if self._loss.is_separable or size * outputs > self._max_joint:
            return self._matrix
        return self._joint_matrix

    @property
    def _is_large(self):
        """Whether a matrix, and its cube, cost more than the passes that it would save.

        Without second derivatives, and behind kinks, passes alone do not lead far.
        """
        size = self._model.n_coefficients
        if size <= SMALL_PROBLEM or not self._is_smooth or self._loss.has_kinks:
            return size > MAX_COEFFICIENTS
        return size > MAX_COEFFICIENTS or self._source.n_entries < size**2

    def metric(self, params) -> Metric:
        """The Hessian at ``params``, or as much of it as one can afford to divide by."""
        if self._constant_metric is not None:
            return self._constant_metric
        metric = self._build(params)
        if self._loss.is_quadratic:
            self._constant_metric = metric
        elif not self._is_whole:
            self._sample_size *= SAMPLE_GROWTH
            del self._sample
        return metric

    def known_metric(self) -> Metric | None:
        """That of the problem before, under this penalty; None if there was none."""
        if self._loss.is_quadratic or self._known_blocks is None:
            return None
        finish = self._with_penalty if self._build == self._matrix else self._joint_with_penalty
        return finish(self._known_blocks.copy(), is_hessian=False)

    def diagonal(self, params) -> Metric:
        """The diagonal of the Hessian at ``params``."""
        table, _ = self._mean(block_sums.hessian_diagonal, self._model, self._loss, params)
        diagonal = np.diag(self._penalty) if self._penalty.ndim == 2 else self._penalty
        return self._with_penalty_diagonal(table, diagonal)

    def bound_metric(self) -> Metric:
        """The largest Hessian that any params can have: the same for all outputs.

        Of a loss with kinks, what its mean over many rows has, as the kinks of rows lie apart.
        """
        curvature = self._loss.mean_curvature if self._loss.has_kinks else self._loss.curvature
        if self._is_large:
            (matrix,) = self._mean(block_sums.gram_bound, self._model)
            bound = np.abs(self._penalty).sum(axis=0) if self._penalty.ndim == 2 else self._penalty
            return self._with_penalty_diagonal(curvature * matrix, bound)
        matrix = self._shifted_blocks(self._mean, block_sums.gram)
        return self._with_penalty(curvature * matrix, is_hessian=False)

    def operator(self, params):
        """The Hessian at ``params`` as its product with directions.

        What the rows contribute is computed once, and a product reads X twice.
        """
        self._source.count(0.5)
        bends = self._source.keep(block_sums.bend, self._model, self._loss, params)

        def product(direction):
            self._source.count(1)
            direction = direction.astype(np.float64, copy=False)
            (image,) = self._source.map_reduce(
                block_sums.hessian_product, self._model, direction, per_block=bends
            )
            image /= self._source.weight_sum
            (w,), (out,) = self._model.unpack(direction)[0], self._model.unpack(image)[0]
            out += (
                self._penalty @ w if self._penalty.ndim == 2 else self._penalty[:, np.newaxis] * w
            )
            return image

        return product

    def _matrix(self, params):
        return self._with_penalty(self._blocks(block_sums.hessian, params), self.is_exact)

    def _joint_matrix(self, params):
        return self._joint_with_penalty(
            self._blocks(block_sums.joint_hessian, params), self.is_exact
        )

    def _blocks(self, kernel, params):
        """Second derivatives of the mean loss: a matrix for each output, or one of all outputs."""
        if self._loss.is_quadratic and self._known_blocks is not None:
            return self._known_blocks.copy()
        blocks = self._shifted_blocks(self._mean_of_sample, kernel, self._loss, params)
        if self._build == self._matrix and not self._is_whole and self._has_rare_columns:
            self._lift(blocks, params)
        self._latest.blocks = blocks.copy()
        return blocks

    @property
    def _known_blocks(self):
        """Those of the problem before; None if there was none, or its matrix was another."""
        blocks, outputs = self._latest.blocks, self._model.n_outputs
        size = self._model.n_coefficients * (1 if self._build == self._matrix else outputs)
        is_known = blocks is not None and blocks.shape[-1] == size and self._build != self._diagonal
        return blocks if is_known else None

    @cached_property
    def _has_rare_columns(self):
        """Whether most entries are zero."""
        if self._source.is_sparse:
            return True
        sample = self._source.sample(MIN_ROWS)
        n_entries = sample.n_samples * self._model.n_features
        return 2 * sum(sample.map(block_sums.n_nonzero)) < n_entries

    def _lift(self, blocks, params):
        """Raise the variances in a sampled Hessian to those of all rows.

        A column that is rare has next to none in a sample, and would be moved much too far.
        """
        d = self._model.n_features
        squares, sums = self._mean(block_sums.hessian_diagonal, self._model, self._loss, params)
        sampled = np.diagonal(blocks, axis1=1, axis2=2)
        variance, known = squares[:, :d], sampled[:, :d]
        if self._model.fit_intercept:
            variance = variance - sums**2 / squares[:, d:]
            known = known - blocks[:, d, :d] ** 2 / sampled[:, d:]
        missed = np.maximum(variance - known, 0.0)
        # a variance by subtraction is rounding where the mean is far from zero
        is_near = True if self._latest.center is None else self._latest.center.places == 0
        blocks[:, range(d), range(d)] += np.where(is_near, missed, 0.0)

    def _with_penalty(self, blocks, is_hessian):
        d = self._model.n_features
        blocks[:, :d, :d] += self._penalty if self._penalty.ndim == 2 else np.diag(self._penalty)
        return self._shifted(
            CholeskyMetric(
                blocks, self._model.n_outputs, is_hessian, self._damping, dtype=self._source.dtype
            )
        )

    def _shifted(self, metric):
        if self._latest.center is None or not self._latest.center.places.any():
            return metric
        return ShiftedMetric(metric, self._latest.center.places, self._model.n_outputs)

    def _shifted_blocks(self, mean, kernel, *args):
        """The mean of matrices, of features less their center where they are far from zero."""
        of_rows = None if self._latest.center is None else self._latest.center.of_rows
        (blocks,) = mean(kernel, self._model, *args, of_rows)
        # to subtract from sparse features would fill their zeros
        if not self._model.fit_intercept or self._source.is_sparse:
            return blocks
        outputs = blocks.shape[-1] // self._model.n_coefficients
        if self._latest.center is None:
            squares = partial(self._mean, block_sums.squares)
            self._latest.center = Center(blocks, outputs, squares, self._source.dtype)
            if self._latest.center.of_rows is not None:
                (blocks,) = mean(kernel, self._model, *args, self._latest.center.of_rows)
        if self._latest.center.of_rows is None:
            self._latest.center.shift(blocks, outputs)
        return blocks

    def _joint_with_penalty(self, blocks, is_hessian):
        (matrix,) = blocks
        d, outputs = self._model.n_features, self._model.n_outputs
        penalty = self._penalty if self._penalty.ndim == 2 else np.diag(self._penalty)
        matrix[: d * outputs, : d * outputs] += np.kron(penalty, np.eye(outputs))
        stabilizer = self._of_shifts(matrix)
        return self._shifted(
            CholeskyMetric(blocks, 1, is_hessian, self._damping, stabilizer, self._source.dtype)
        )

    def _of_shifts(self, matrix):
        """Some curvature for adding the same to all outputs, which changes no prediction.

        The loss has neither curvature nor, but for rounding errors, slope there; where the penalty
        has none either, these would be divided by nothing.
        """
        d, outputs = self._model.n_features, self._model.n_outputs
        is_free = np.ones(self._model.n_coefficients, dtype=bool)
        diagonal = np.diag(self._penalty) if self._penalty.ndim == 2 else self._penalty
        is_free[:d] = self._is_smooth & (diagonal == 0)
        mean = np.diagonal(matrix).reshape(-1, outputs).mean(axis=1)
        return np.kron(
            np.diag(np.where(is_free, mean, 0.0)), np.full((outputs, outputs), 1 / outputs)
        )

    def _diagonal(self, params):
        table, border = self._mean_of_sample(
            block_sums.hessian_diagonal, self._model, self._loss, params
        )
        diagonal = np.diag(self._penalty) if self._penalty.ndim == 2 else self._penalty
        if not (self._is_smooth and self._model.fit_intercept):
            return self._with_penalty_diagonal(table, diagonal)
        total = np.where(table[:, -1:] > 0, table[:, -1:], 1.0)
        center = border / total
        # a variance by subtraction is rounding where the mean is far from zero
        rounding = np.finfo(np.float64).eps * self._source.n_samples
        squares = table[:, :-1]
        table[:, :-1] = np.maximum(squares - center * border, rounding * squares) + diagonal
        outputs = self._model.n_outputs
        shape, head = (outputs, self._model.n_coefficients), (outputs, self._model.n_features)
        return CentredDiagonalMetric(
            np.broadcast_to(table, shape).T.copy(), np.broadcast_to(center, head).T
        )

    def _with_penalty_diagonal(self, table, diagonal):
        table[:, : self._model.n_features] += diagonal
        shape = (self._model.n_outputs, self._model.n_coefficients)
        return DiagonalMetric(np.broadcast_to(table, shape).T.ravel())

    @property
    def cost(self) -> float:
        """How many passes over all rows the next metric takes, roughly."""
        if self.is_diagonal:
            return 1.0
        n = self._source.n_samples
        visits = SPARSE_VISITS if self._source.is_sparse else DENSE_VISITS
        rows = n if self._is_whole else self._sample_size
        pairs = 1 if self._build == self._matrix else (self._model.n_outputs + 1) / 2
        return visits * self._source.n_entries / n * pairs * rows / n

    @property
    def _is_whole(self):
        # rows that nearly all are in the sample might as well be in it
        is_small = self._source.n_samples <= 2 * self._sample_size
        return self._loss.is_quadratic or not self._is_smooth or is_small

    def _mean_of_sample(self, kernel, *args):
        self._sample.count(1)
        totals = self._sample.map_reduce(kernel, *args)
        return [total / self._sample.weight_sum for total in totals]

    def _mean(self, kernel, *args):
        self._source.count(1)
        return [total / self._source.weight_sum for total in self._source.map_reduce(kernel, *args)]
