"""Rows held in one array: dense (also memory-mapped) or CSR."""

import numpy as np
import scipy.sparse as sp

from sklearn_gd.data.base import Batch, Source

# A block of X this large stays in a core's cache between the forward and the backward product.
BLOCK_BYTES = 2**21
MIN_BLOCK_ROWS = 256


class MemorySource(Source):
    """Rows of one array; nothing is copied except the rows of a shuffled batch.

    Parameters
    ----------
    X : ndarray or CSR of shape (n, d)
    y : ndarray of shape (n,) or (n, k)
    weight : ndarray of shape (n,), or None
    block_rows : int, optional
        Rows in a block; by default as many as stay in cache (dense), or all (CSR).
    """

    def __init__(self, X, y, weight=None, block_rows=None):
        self.X, self.y, self.weight = _canonical(X), y, weight
        self.n_samples, self.n_features = X.shape
        self.dtype = X.dtype
        self.weight_sum = float(self.n_samples if weight is None else weight.sum(dtype=np.float64))
        self.block_rows = block_rows or self._default_block_rows()

    def _default_block_rows(self):
        if sp.issparse(self.X):
            return max(self.n_samples, 1)
        return max(BLOCK_BYTES // (self.n_features * self.dtype.itemsize), MIN_BLOCK_ROWS)

    def blocks(self):
        return self.batches(self.block_rows, None)

    def batches(self, size, rng):
        if rng is None and size >= self.n_samples:
            yield self.whole()
            return
        order = None if rng is None else self.order(rng)
        for start in range(0, self.n_samples, size):
            part = slice(start, start + size)
            yield self._take(part if order is None else order[part])

    def whole(self):
        return Batch(self.X, self.y, self.weight, slice(self.n_samples))

    def sample(self, size):
        drawn = np.random.default_rng(0).choice(self.n_samples, size, replace=False)
        batch = self._take(np.sort(drawn))
        return MemorySource(batch.X, batch.y, batch.weight)

    def _take(self, rows):
        weight = None if self.weight is None else self.weight[rows]
        return Batch(self.X[rows], self.y[rows], weight, rows)


def _canonical(X):
    """CSR in which no entry is stored in two parts, since squares are taken entry by entry."""
    if sp.issparse(X) and not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    return X
