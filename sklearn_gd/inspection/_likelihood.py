"""The likelihood of the rows that an estimator was fitted to, at its coefficients."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from sklearn_gd._estimators.coding import NumbersWithOffset
from sklearn_gd._estimators.rows import FIT, Target, as_matrix, check_weight
from sklearn_gd.losses import (
    Gamma,
    InverseGaussian,
    Logistic,
    Loss,
    Poisson,
    Softmax,
    SquaredError,
    Tweedie,
)
from sklearn_gd.losses.offset import WithOffset


def _of_power(loss, mean):
    return mean**loss.power


# What the mean of a row says about its variance, where a dispersion multiplies it; None where the
# likelihood leaves nothing open.
VARIANCES: dict[type[Loss], Callable | None] = {
    SquaredError: lambda loss, mean: np.ones_like(mean),
    Poisson: _of_power,
    Gamma: _of_power,
    Tweedie: _of_power,
    InverseGaussian: _of_power,
    Logistic: None,
    Softmax: None,
}


def loss_of(estimator) -> Loss:
    """The loss of a fitted estimator, as a function of raw predictions that include the offset."""
    loss = estimator._coding.loss
    return loss.loss if isinstance(loss, WithOffset) else loss


@dataclass
class Likelihood:
    """The rows at the optimum, in portions.

    Parameters
    ----------
    model : Linear
    loss : Loss
        Of raw predictions with the offset.
    source : Source
        Without weights and offset.
    params : ndarray of shape (p,)
    weight : ndarray of shape (n,)
    offset : ndarray of shape (n, 1) or None
        Part of the raw predictions.
    is_count : bool
        Whether a weight is a number of rows, and not that of one row.
    """

    model: Any
    loss: Loss
    source: Any
    params: NDArray
    weight: NDArray
    offset: NDArray | None
    is_count: bool

    @property
    def first(self) -> int:
        """The output that contrasts begin at: adding the same to all outputs changes nothing."""
        return int(self.loss.is_shift_invariant)

    @property
    def size(self) -> int:
        """Number of coefficients, intercepts included."""
        return self.model.n_coefficients * (self.model.n_outputs - self.first)

    @property
    def n_rows(self) -> float:
        """Number of rows that the data stand for."""
        return float(self.weight.sum()) if self.is_count else float(len(self.weight))

    @property
    def has_dispersion(self) -> bool:
        """Whether the likelihood leaves the size of variances open."""
        return VARIANCES[type(self.loss)] is not None

    def portions(self, constant=None):
        """Features in float64, targets, raw predictions and weights, block by block.

        Raw predictions are those of the coefficients, or a constant (k,); with the offset.
        """
        for batch in self.source.blocks():
            X = batch.X.astype(np.float64, copy=False)
            raw = self.model.raw(self.params, X)
            if constant is not None:
                raw = np.broadcast_to(constant, raw.shape)
            if self.offset is not None:
                raw = raw + self.offset[batch.positions]
            yield X, batch.y, raw, self.weight[batch.positions]

    def slopes(self, y, raw) -> NDArray:
        """Derivatives of the losses of rows, (n, q)."""
        return self.loss.gradient(y, raw)[:, self.first :]

    def bends(self, y, raw) -> NDArray:
        """Expected second derivatives of the losses of rows, (n, q, q).

        Those at the mean of y; of other losses than these, no y is in the second derivative.
        """
        if self.has_dispersion:
            y = self.loss.inverse_link(raw)
        product = self.loss.second_derivative_operator(y, raw)
        units = np.eye(raw.shape[1])[self.first :]
        columns = [product(np.broadcast_to(unit, raw.shape)) for unit in units]
        return np.stack(columns, axis=2)[:, self.first :]

    def products(self, X, table) -> NDArray:
        """The sum over rows of :math:`table_i \\otimes x_i x_i'` for ``table`` (n, q, q)."""
        q, size = table.shape[1], self.model.n_coefficients
        result = np.empty((q, size, q, size))
        for k in range(q):
            result[k, :, k:] = self.model.hessian(X, table[:, k, k:]).transpose(1, 0, 2)
            result[k:, :, k] = result[k, :, k:].transpose(1, 2, 0)
        return result.reshape(q * size, q * size)

    def scores(self, X, slopes) -> NDArray:
        """The sum over rows of :math:`slopes_i \\otimes x_i`, (p,)."""
        columns = np.asarray(X.T @ slopes)
        if self.model.fit_intercept:
            columns = np.vstack([columns, slopes.sum(axis=0)])
        return columns.T.ravel()

    def information(self, constant=None) -> NDArray:
        """The expected Hessian of the sum of losses: at the optimum, or at a constant (k,)."""
        return total(
            self.products(X, w[:, np.newaxis, np.newaxis] * self.bends(y, raw))
            for X, y, raw, w in self.portions(constant)
        )

    def gradient(self) -> NDArray:
        """The gradient of the sum of losses, which is zero at the optimum."""
        return total(
            self.scores(X, w[:, np.newaxis] * self.slopes(y, raw))
            for X, y, raw, w in self.portions()
        )

    def dispersion(self) -> float:
        """Pearson's estimate, 1 where the likelihood leaves it no room."""
        variance = VARIANCES[type(self.loss)]
        if variance is None:
            return 1.0
        chi2 = 0.0
        for _, y, raw, w in self.portions():
            mean = self.loss.inverse_link(raw)
            chi2 += float(w @ ((y - mean) ** 2 / variance(self.loss, mean))[:, 0])
        return chi2 / (self.n_rows - self.size)


def total(portions: Iterable[NDArray]) -> NDArray:
    """The sum of arrays."""
    return reduce(np.add, portions)


def likelihood_of(estimator, X, y, sample_weight, offset, weights, kind, groups):
    """The likelihood of the rows of positive weight, and their groups."""
    if (groups is not None) != (kind == "cluster"):
        raise ValueError("groups must be passed with kind='cluster', and with no other kind.")
    _check_offset(estimator, offset)
    twin = clone(estimator)
    X, target = twin._validated(X, y if offset is None else Target(y, offset), FIT)
    y, offset = (target, None) if offset is None else target
    _check_columns(estimator, X, y)
    n = X.shape[0]
    weight = check_weight(sample_weight, n)
    weight = np.ones(n) if weight is None else weight
    _check_meaning(weight, weights, kind, sample_weight)
    if groups is not None:
        groups = np.asarray(groups)
        if groups.shape != (n,):
            raise ValueError(f"groups must have shape ({n},); got shape {groups.shape}.")
    if (weight == 0).any():
        kept = np.flatnonzero(weight > 0)
        X = X[kept] if as_matrix(X) is None else X.take(kept)
        y, weight = y[kept], weight[kept]
        offset, groups = (None if part is None else part[kept] for part in (offset, groups))
    if groups is not None and len(np.unique(groups)) < 2:
        raise ValueError("kind='cluster' needs at least two groups.")
    source = twin._encode(X, y, None, FIT)
    _check_classes(estimator, twin)
    return _posed(estimator, source, weight, offset, is_count=weights == "frequency"), groups


def _posed(estimator, source, weight, offset, *, is_count):
    model = estimator._fitted.model
    params = estimator._stored(model).astype(np.float64)
    weight = weight if is_count else weight / weight.mean()
    likelihood = Likelihood(model, loss_of(estimator), source, params, weight, offset, is_count)
    if likelihood.n_rows <= likelihood.size:
        raise ValueError(
            f"coefficient_table needs more rows than coefficients; there are "
            f"{likelihood.n_rows:g} rows and {likelihood.size} coefficients."
        )
    return likelihood


def _check_offset(estimator, offset):
    had_offset = isinstance(estimator._coding, NumbersWithOffset)
    if had_offset and offset is None:
        raise ValueError(
            f"{type(estimator).__name__} was fitted with an offset, and coefficient_table got "
            "none; pass the offset of fit, as in coefficient_table(model, X, y, offset=offset)."
        )
    if offset is not None and not had_offset:
        raise ValueError(
            f"{type(estimator).__name__} was fitted without an offset, and coefficient_table got "
            "one; leave it out, or fit with it, where the estimator takes one."
        )


def _check_columns(estimator, X, y):
    if X.shape[1] != estimator.n_features_in_:
        raise ValueError(
            f"X has {X.shape[1]} features, and the estimator was fitted to "
            f"{estimator.n_features_in_}; pass the rows of fit."
        )
    if y.ndim > 1 and y.shape[1] > 1:
        raise ValueError(
            f"y has {y.shape[1]} columns, and the estimator was fitted to one target; pass the "
            "rows of fit."
        )


def _check_classes(estimator, twin):
    if not np.array_equal(getattr(twin, "classes_", 0), getattr(estimator, "classes_", 0)):
        raise ValueError(
            f"y has the classes {twin.classes_.tolist()}, and the estimator was fitted to "
            f"{estimator.classes_.tolist()}; pass the rows of fit."
        )


def _check_meaning(weight, weights, kind, sample_weight):
    if weights == "frequency" and (weight != np.round(weight)).any():
        raise ValueError(
            "weights='frequency' means a number of rows, and sample_weight has fractions; use "
            "'analytic' or 'importance'."
        )
    if weights == "importance" and kind == "model" and sample_weight is not None:
        raise ValueError(
            "weights='importance' says nothing about variances, so kind='model' does not apply; "
            "use 'HC1', or 'cluster' with groups."
        )
