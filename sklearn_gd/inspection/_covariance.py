"""The covariance of coefficients at the optimum of a likelihood: model-based and sandwich."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, eigh

from sklearn_gd.losses import Logistic, Loss, Poisson, Softmax, SquaredError

# What the mean of a row says about its variance, where a dispersion multiplies it; None where the
# likelihood leaves nothing open.
VARIANCES: dict[type[Loss], Callable | None] = {
    SquaredError: np.ones_like,
    Poisson: lambda mean: mean,
    Logistic: None,
    Softmax: None,
}
# By 1 / (1 - leverage) to this power are squared residuals multiplied.
LEVERAGE_POWERS = {"HC2": 1, "HC3": 2}


@dataclass
class Likelihood:
    """The rows at the optimum, in portions.

    Parameters
    ----------
    model : Linear
    loss : Loss
    source : Source
        Without weights.
    params : ndarray of shape (p,)
    weight : ndarray of shape (n,)
    is_count : bool
        Whether a weight is a number of rows, and not that of one row.
    """

    model: Any
    loss: Loss
    source: Any
    params: NDArray
    weight: NDArray
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

    def portions(self):
        """Features in float64, targets, raw predictions and weights, block by block."""
        for batch in self.source.blocks():
            X = batch.X.astype(np.float64, copy=False)
            raw = self.model.raw(self.params, X)
            yield X, batch.y, raw, self.weight[batch.positions]

    def slopes(self, y, raw) -> NDArray:
        """Derivatives of the losses of rows, (n, q)."""
        return self.loss.gradient(y, raw)[:, self.first :]

    def bends(self, y, raw) -> NDArray:
        """Second derivatives of the losses of rows, (n, q, q): of canonical links, expected too."""
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

    def information(self, raw=None) -> NDArray:
        """The Hessian of the sum of losses: at the optimum, or at constant raw predictions."""
        return _sum(
            self.products(X, w[:, np.newaxis, np.newaxis] * self.bends(y, at))
            for X, y, at, w in self.portions_at(raw)
        )

    def portions_at(self, constant):
        """The portions, with the same raw prediction (k,) for all rows unless that is None."""
        for X, y, raw, w in self.portions():
            yield X, y, raw if constant is None else np.broadcast_to(constant, raw.shape), w

    def gradient(self) -> NDArray:
        """The gradient of the sum of losses, which is zero at the optimum."""
        return _sum(
            self.scores(X, w[:, np.newaxis] * self.slopes(y, raw))
            for X, y, raw, w in self.portions()
        )

    def dispersion(self) -> float:
        """Pearson's estimate, 1 where the likelihood leaves it no room."""
        variance = VARIANCES[type(self.loss)]
        if variance is None:
            return 1.0
        total = 0.0
        for _, y, raw, w in self.portions():
            mean = self.loss.inverse_link(raw)
            total += float(w @ ((y - mean) ** 2 / variance(mean))[:, 0])
        return total / (self.n_rows - self.size)


def _sum(portions: Iterable[NDArray]) -> NDArray:
    return reduce(np.add, portions)


class Inverse:
    """The inverse of an information matrix, of which columns may have any units."""

    def __init__(self, information: NDArray):
        self._scale = 1 / np.sqrt(np.diagonal(information))
        self._factor = cho_factor(information * np.outer(self._scale, self._scale))

    def times(self, right: NDArray) -> NDArray:
        """The inverse times a vector, or a matrix (p, m)."""
        scale = self._scale if right.ndim == 1 else self._scale[:, np.newaxis]
        return scale * cho_solve(self._factor, scale * right)

    def matrix(self) -> NDArray:
        """The inverse."""
        return self.times(np.eye(len(self._scale)))

    def around(self, meat: NDArray) -> NDArray:
        """The sandwich of a matrix between two inverses."""
        return self.times(self.times(meat).T)


def sandwich(likelihood: Likelihood, inverse: Inverse, kind: str, groups) -> NDArray:
    """The robust covariance of a kind: "HC0" to "HC3", or "cluster"."""
    n, p = likelihood.n_rows, likelihood.size
    if kind == "cluster":
        meat, n_groups = _meat_of_groups(likelihood, groups)
        factor = n_groups / (n_groups - 1) * (n - 1) / (n - p)
        return factor * inverse.around(meat)
    bread = inverse.matrix()
    meat = _sum(
        likelihood.products(X, _squares(likelihood, bread, kind, X, y, raw, w))
        for X, y, raw, w in likelihood.portions()
    )
    return (n / (n - p) if kind == "HC1" else 1.0) * inverse.around(meat)


def _squares(likelihood, bread, kind, X, y, raw, w):
    """Outer products of the slopes of rows, (n, q, q), for the middle of the sandwich."""
    slopes = likelihood.slopes(y, raw)
    factor = w if likelihood.is_count else w**2
    if kind in LEVERAGE_POWERS:
        bend = likelihood.bends(y, raw)[:, 0, 0] * (1 if likelihood.is_count else w)
        leverage = bend * _lengths(X, bread, likelihood.model.fit_intercept)
        # a row that alone determines a coefficient has a residual of zero
        rest = np.where(leverage < 1, 1 - leverage, 1.0)
        factor = factor / rest ** LEVERAGE_POWERS[kind]
    return np.einsum("i,ik,il->ikl", factor, slopes, slopes)


def _lengths(X, matrix, has_intercept):
    """x' M x of each row x of [X, 1]."""
    d = X.shape[1]
    image = np.asarray(X @ matrix[:d, :d])
    squares = X.multiply(image).sum(axis=1) if sp.issparse(X) else (X * image).sum(axis=1)
    lengths = np.asarray(squares).ravel()
    if has_intercept:
        lengths = lengths + 2 * np.asarray(X @ matrix[:d, d]).ravel() + matrix[d, d]
    return lengths


def _meat_of_groups(likelihood, groups):
    """The sum over groups of the outer products of their scores, and how many groups there are."""
    _, members = np.unique(groups, return_inverse=True)
    n_groups = int(members.max()) + 1
    totals, start = 0.0, 0
    for X, y, raw, w in likelihood.portions():
        slopes = w[:, np.newaxis] * likelihood.slopes(y, raw)
        own = members[start : start + len(slopes)]
        start += len(slopes)
        places = (own, np.arange(len(own)))
        parts = []
        for column in slopes.T:
            gather = sp.csr_matrix((column, places), shape=(n_groups, len(own)))
            image = gather @ X
            parts.append(image.toarray() if sp.issparse(image) else image)
            if likelihood.model.fit_intercept:
                parts.append(np.asarray(gather.sum(axis=1)))
        totals = totals + np.hstack(parts)
    return totals.T @ totals, n_groups


def least_curvature(information: NDArray, null: NDArray) -> float:
    """The least curvature in any direction, relative to that of another matrix."""
    return float(eigh(information, null, eigvals_only=True, subset_by_index=[0, 0])[0])
