"""Rows held in one array: dense (also memory-mapped) or CSR."""

from collections.abc import Callable
from functools import cached_property
from itertools import pairwise

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from sklearn_gd.data.base import Batch, Source, calls, total
from sklearn_gd.data.threads import in_threads

# A block of X this large stays in cache between the forward and the backward product, and is long
# enough for threads not to wait for each other.
BLOCK_BYTES = 2**22
MIN_BLOCK_ROWS = 64
SPARSE_BLOCK_BYTES = 2**22
DENSE_SHARE = 4
# Blocks are summed in so many runs, whatever the number of threads: the same result with any.
LANES = 8
# A sample is made for products that are dear for each row, so threads may share it.
SAMPLE_BLOCKS = 4


class MemorySource(Source):
    """Rows of one array; nothing is copied except the rows of a shuffled batch.

    Parameters
    ----------
    X : ndarray or CSR of shape (n, d)
    y : ndarray of shape (n,) or (n, k)
    weight : ndarray of shape (n,), or None
    block_rows : int, optional
        Rows in a block; by default as many as stay in cache.
    """

    def __init__(self, X, y, weight=None, block_rows=None):
        self.X, self.y, self.weight = _canonical(X), y, weight
        self.n_samples, self.n_features = X.shape
        self.dtype, self.is_sparse = X.dtype, sp.issparse(X)
        self.weight_sum = float(self.n_samples if weight is None else weight.sum(dtype=np.float64))
        self.block_rows = block_rows or _rows_in_cache(self.X)

    @property
    def n_entries(self):
        return self.X.nnz if self.is_sparse else self.X.size

    def blocks(self):
        return iter(self._blocks)

    @cached_property
    def _blocks(self):
        return [self._batch(rows, part) for part, rows in _parts(self.X, self.block_rows)]

    def map(self, kernel, *args):
        return in_threads(lambda block: kernel(block, *args), self._blocks)

    def map_reduce(self, kernel, *args, per_block=None):
        every = list(calls(self._blocks, args, per_block))
        n_lanes = min(LANES, len(every))
        edges = [len(every) * lane // n_lanes for lane in range(n_lanes + 1)]
        lanes = [every[start:stop] for start, stop in pairwise(edges)]
        return total(in_threads(lambda lane: total(kernel(*call) for call in lane), lanes))

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
        return MemorySource(batch.X, batch.y, batch.weight, -(-size // SAMPLE_BLOCKS))

    def _take(self, rows):
        return self._batch(self.X[rows], rows)

    def _batch(self, X, rows):
        weight = None if self.weight is None else self.weight[rows]
        return Batch(X, self.y[rows], weight, rows)


def map_rows(function: Callable, X) -> NDArray:
    """``function(X)``, in which each row depends on the same row of X alone, block by block."""
    size = _rows_in_cache(X)
    if X.shape[0] <= size:
        return function(X)
    first, *others = _parts(X, size)
    head = function(first[1])
    result = np.empty((X.shape[0], *head.shape[1:]), head.dtype)
    result[first[0]] = head

    def fill(block):
        part, rows = block
        result[part] = function(rows)

    in_threads(fill, others)
    return result


def _rows_in_cache(X):
    row_bytes = max(X.shape[1], 1) * X.dtype.itemsize
    if not sp.issparse(X):
        return max(BLOCK_BYTES // row_bytes, MIN_BLOCK_ROWS)
    entry_bytes = X.dtype.itemsize + X.indices.itemsize
    # each block makes a dense gradient, which should be small beside its entries
    block_bytes = max(SPARSE_BLOCK_BYTES, DENSE_SHARE * row_bytes)
    return max(block_bytes * X.shape[0] // (max(X.nnz, 1) * entry_bytes), 1)


def _parts(X, size):
    """Positions and views of the rows, ``size`` at a time."""
    slices = [slice(start, min(start + size, X.shape[0])) for start in range(0, X.shape[0], size)]
    view = _sparse_view if sp.issparse(X) else np.ndarray.__getitem__
    return [(part, view(X, part)) for part in slices]


def _sparse_view(X, rows):
    """Some rows of a CSR matrix, of which SciPy's own slices are copies."""
    entries = slice(X.indptr[rows.start], X.indptr[rows.stop])
    view = type(X)((rows.stop - rows.start, X.shape[1]), dtype=X.dtype)
    # given to the constructor, arrays that are part of larger ones are copied
    view.data, view.indices = X.data[entries], X.indices[entries]
    view.indptr = X.indptr[rows.start : rows.stop + 1] - entries.start
    view.has_canonical_format = True
    return view


def _canonical(X):
    """CSR in which no entry is stored in two parts, since squares are taken entry by entry."""
    if sp.issparse(X) and not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    return X
