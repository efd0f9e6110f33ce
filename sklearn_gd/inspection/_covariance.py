"""The covariance of coefficients at the optimum of a likelihood: model-based and sandwich."""

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from sklearn_gd.inspection._likelihood import Likelihood, total

# By 1 / (1 - leverage) to this power are squared residuals multiplied.
LEVERAGE_POWERS = {"HC2": 1, "HC3": 2}


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
    meat = total(
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
