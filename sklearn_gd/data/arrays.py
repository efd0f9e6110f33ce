"""Rows with their targets in memory; features in an array, dense or CSR, or in a row matrix."""

from collections.abc import Callable
from functools import cached_property
from itertools import pairwise

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from sklearn_gd.data.base import Batch, Source, total
from sklearn_gd.data.rows import RowMatrix
from sklearn_gd.data.split import held_out_rows
from sklearn_gd.data.threads import in_threads

# A block of X this large stays in cache between the forward and the backward product, and is long
# enough for threads not to wait for each other.
BLOCK_BYTES = 2**22
MIN_BLOCK_ROWS = 64
SPARSE_BLOCK_BYTES = 2**22
# A block makes a dense gradient, which should be this many times smaller than its entries.
DENSE_PARTS = 4
# Blocks are summed in this many runs, whatever the number of threads: the same result with any.
LANES = 8
# A sample is made for products that are expensive for each row, so threads may share it.
SAMPLE_BLOCKS = 4


class ArraySource(Source):
    """Rows of one array or row matrix; only the rows of a shuffled batch are copied.

    Parameters
    ----------
    X : ndarray, CSR or RowMatrix of shape (n, d)
    y : ndarray of shape (n,) or (n, k)
    weight : ndarray of shape (n,), or None
    block_rows : int, optional
        Rows in a block; by default as many as stay in cache.
    width : int, default=0
        How many numbers a model makes of a row: outputs, hidden units. They stay in cache, too.
    """

    def __init__(self, X, y, weight=None, block_rows=None, width=0):
        self.X, self.y, self.weight = _canonical(X), y, weight
        self.n_samples, self.n_features = X.shape
        self.dtype, self.is_sparse = float_type(X.dtype), sp.issparse(X)
        self.weight_sum = float(self.n_samples if weight is None else weight.sum(dtype=np.float64))
        self.width = width
        self.block_rows = block_rows or rows_in_cache(self.X, width)

    def __getstate__(self):
        # without the views, which would be copied one by one
        return {name: value for name, value in vars(self).items() if name != "_views"}

    def __setstate__(self, state):
        vars(self).update(state)
        self.X, self.y, self.weight = map(aligned, (self.X, self.y, self.weight))

    @property
    def n_entries(self):
        return self.X.nnz if self.is_sparse else self.n_samples * self.n_features

    def blocks(self):
        return map(self._block, self._parts)

    @cached_property
    def _parts(self):
        return _parts(self.n_samples, self.block_rows)

    @cached_property
    def _views(self):
        """Blocks of an array, which are views and cost nothing to keep."""
        return [self._batch(_view(self.X, part), part) for part in self._parts]

    def _block(self, part):
        """A block of rows, read now if it is not a view of an array."""
        if isinstance(self.X, RowMatrix):
            return self._batch(read(self.X, part), part)
        return self._views[part.start // self.block_rows]

    def map(self, kernel, *args):
        return in_threads(lambda part: kernel(self._block(part), *args), self._parts)

    def map_reduce(self, kernel, *args, per_block=None):
        own = [()] * len(self._parts) if per_block is None else [(item,) for item in per_block]
        every = list(zip(self._parts, own, strict=True))
        n_lanes = min(LANES, len(every))
        edges = [len(every) * lane // n_lanes for lane in range(n_lanes + 1)]
        lanes = [every[start:stop] for start, stop in pairwise(edges)]

        def add_up(lane):
            return total(kernel(self._block(part), *args, *item) for part, item in lane)

        return total(in_threads(add_up, lanes))

    def batches(self, size, rng):
        if rng is None and size >= self.n_samples and not isinstance(self.X, RowMatrix):
            yield self.whole()
            return
        order = None if rng is None else self.order(rng)
        for start in range(0, self.n_samples, size):
            part = slice(start, min(start + size, self.n_samples))
            yield self._at(part if order is None else order[part])

    def whole(self):
        if isinstance(self.X, RowMatrix):
            return None
        return Batch(self.X, self.y, self.weight, slice(self.n_samples))

    def targets(self):
        return self.y, self.weight

    def groups(self, of_targets: Callable[[NDArray], NDArray | None]) -> NDArray | None:
        """What a function makes of the targets of all rows."""
        return of_targets(self.y)

    def in_memory(self) -> "ArraySource":
        """Itself; of rows elsewhere, the same here."""
        return self

    def with_targets(self, y: NDArray) -> "ArraySource":
        """The same rows with other targets."""
        return ArraySource(self.X, y, self.weight, self.block_rows, self.width)

    def take(self, positions: NDArray) -> "ArraySource":
        """The rows at some positions: a copy of those of an array, a view of a row matrix."""
        X = self.X.take(positions) if isinstance(self.X, RowMatrix) else self.X[positions]
        weight = None if self.weight is None else self.weight[positions]
        return ArraySource(X, self.y[positions], weight, width=self.width)

    def columns(self, columns):
        if isinstance(self.X, RowMatrix):
            return None
        part = ArraySource(self.X[:, columns], self.y, self.weight, width=self.width)
        part.whole_source = self
        return part

    def split(
        self, fraction: float, seed: int, groups: NDArray | None = None
    ) -> tuple["ArraySource", "ArraySource"]:
        """Training rows, and a fraction held out: see :func:`.held_out_rows`."""
        is_held_out = held_out_rows(self.n_samples, fraction, seed, groups)
        parts = (np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out))
        return self.take(parts[0]), self.take(parts[1])

    def sample(self, size):
        drawn = np.random.default_rng(0).choice(self.n_samples, size, replace=False)
        batch = self._at(np.sort(drawn))
        sample = ArraySource(batch.X, batch.y, batch.weight, -(-size // SAMPLE_BLOCKS))
        sample.whole_source = self
        return sample

    def _at(self, positions):
        return self._batch(read(self.X, positions), positions)

    def _batch(self, X, positions):
        weight = None if self.weight is None else self.weight[positions]
        return Batch(X, self.y[positions], weight, positions)


def map_rows(function: Callable, X, width: int = 0) -> NDArray:
    """``function(X)``, in which each row depends on the same row of X alone, block by block.

    It makes about ``width`` numbers of a row.
    """
    size = rows_in_cache(X, width)
    if X.shape[0] <= size:
        return function(read(X, slice(X.shape[0])) if isinstance(X, RowMatrix) else X)
    first, *others = _parts(X.shape[0], size)
    block = _view if not isinstance(X, RowMatrix) else read
    head = function(block(X, first))
    result = np.empty((X.shape[0], *head.shape[1:]), head.dtype)
    result[first] = head

    def fill(part):
        result[part] = function(block(X, part))

    in_threads(fill, others)
    return result


def aligned(array):
    """An array, copied if its numbers lie across the boundaries of memory.

    NumPy adds up those in another order than others, and slower. Anything else stays as it is.
    """
    return np.require(array, requirements="A") if isinstance(array, np.ndarray) else array


def float_type(dtype) -> np.dtype:
    """float32 and float64 as they are, float64 for all others."""
    return np.dtype(dtype if dtype in (np.float32, np.float64) else np.float64)


def read(X, rows):
    """Some rows, in a type that one can compute with."""
    found = X[rows]
    return found.astype(float_type(found.dtype), copy=False)


def rows_in_cache(X, width: int) -> int:
    """Rows in a block of X, of each of which a model makes ``width`` numbers."""
    row_bytes = max(X.shape[1] + width, 1) * X.dtype.itemsize
    if not sp.issparse(X):
        return max(BLOCK_BYTES // row_bytes, MIN_BLOCK_ROWS)
    entry_bytes = X.dtype.itemsize + X.indices.itemsize
    all_bytes = X.nnz * entry_bytes + X.shape[0] * width * X.dtype.itemsize
    block_bytes = max(SPARSE_BLOCK_BYTES, DENSE_PARTS * X.shape[1] * X.dtype.itemsize)
    return max(block_bytes * X.shape[0] // max(all_bytes, entry_bytes), 1)


def _parts(n_samples, size):
    """Slices of the rows, ``size`` at a time."""
    return [slice(start, min(start + size, n_samples)) for start in range(0, n_samples, size)]


def _view(X, rows):
    return _sparse_view(X, rows) if sp.issparse(X) else X[rows]


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
