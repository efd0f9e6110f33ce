"""The linear model, raw = X W + b."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from sklearn_gd.models.base import Model


@dataclass(frozen=True)
class Linear(Model):
    """raw = X W + b, with W of shape (d, k).

    ``params.reshape(-1, k)`` is W with b as its last row: the coefficients of [X, 1].
    """

    n_features: int
    n_outputs: int
    fit_intercept: bool = True
    is_linear: ClassVar[bool] = True

    @property
    def n_matrices(self) -> int:
        return 1

    @property
    def n_coefficients(self) -> int:
        """Coefficients of one output: the features', and the intercept if there is one."""
        return self.n_features + self.fit_intercept

    @property
    def size(self) -> int:
        return self.n_coefficients * self.n_outputs

    def init(self, rng, dtype):
        return np.zeros(self.size, dtype)

    def unpack(self, params):
        table = params.reshape(self.n_coefficients, self.n_outputs)
        return [table[: self.n_features]], list(table[self.n_features :])

    def forward(self, params, X, rng=None):
        (w,), biases = self.unpack(params.astype(X.dtype, copy=False))
        # output by output in memory, where what the loss does to each row is done to long vectors
        raw = np.asfortranarray((w.T @ X.T).T) if w.any() else self._zeros(X)
        for bias in biases:
            raw += bias
        return raw, X

    def _zeros(self, X):
        """The product with zero weights, where a descent begins: it needs no look at X."""
        return np.zeros((X.shape[0], self.n_outputs), X.dtype, order="F")

    def backward(self, params, tape, raw_gradient, out):
        (w,), biases = self.unpack(out)
        w[...] = (raw_gradient.T @ tape).T
        for bias in biases:
            bias[...] = raw_gradient.sum(axis=0)

    def hessian(self, X, row_curvature):
        """[X, 1]' diag(c) [X, 1] for each column c of ``row_curvature``: (k, d + 1, d + 1)."""
        # squares of large float32 features overflow
        X = X.astype(np.float64, copy=False)
        size, d = self.n_coefficients, self.n_features
        result = np.empty((row_curvature.shape[1], size, size))
        for block, column in zip(result, row_curvature.T, strict=True):
            product = _weighted_gram(X, column)
            block[:d, :d] = product.toarray() if sp.issparse(product) else product
            if self.fit_intercept:
                block[:d, d] = block[d, :d] = X.T @ column
                block[d, d] = column.sum()
        return result

    def hessian_diagonal(self, X, row_curvature):
        """The diagonals of :meth:`hessian`, shape (k, d + 1)."""
        square = _square(X)
        result = np.empty((row_curvature.shape[1], self.n_coefficients))
        result[:, : self.n_features] = (square.T @ row_curvature).T
        if self.fit_intercept:
            result[:, self.n_features] = row_curvature.sum(axis=0)
        return result

    def absolute_row_sums(self, X, weight):
        """Row sums of ``|[X, 1]|' diag(weight) |[X, 1]|``, shape (d + 1,)."""
        size = abs(X)
        lengths = weight * (np.asarray(size.sum(axis=1)).ravel() + self.fit_intercept)
        sums = size.T @ lengths
        return np.append(sums, lengths.sum()) if self.fit_intercept else sums

    def row_norms(self, X):
        """Squared lengths of the rows of [X, 1], shape (n,)."""
        square = _square(X)
        return np.asarray(square.sum(axis=1)).ravel() + self.fit_intercept


def _square(X):
    """Entry by entry, in float64, which holds the squares of all float32."""
    X = X.astype(np.float64, copy=False)
    if not sp.issparse(X):
        return X * X
    if not X.has_canonical_format:
        return X.multiply(X)
    return type(X)((X.data**2, X.indices, X.indptr), X.shape)


def _weighted_gram(X, weight):
    """X' diag(weight) X."""
    if (weight < 0).any():
        return X.T @ _scale_rows(X, weight)
    # the same matrix twice is half the work of a general product
    root = _scale_rows(X, np.sqrt(weight))
    return root.T @ root


def _scale_rows(X, factor):
    if (factor == 1).all():
        return X
    if sp.issparse(X):
        return X.multiply(factor[:, np.newaxis]).tocsr()
    return X * factor[:, np.newaxis]
