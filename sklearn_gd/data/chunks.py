"""Rows in chunks that need not be in memory, nor on this machine."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from sklearn_gd.data.arrays import SAMPLE_BLOCKS, ArraySource, aligned
from sklearn_gd.data.base import Batch, Source
from sklearn_gd.data.engines import Engine
from sklearn_gd.data.split import held_out_rows
from sklearn_gd.data.threads import threads_of_blas

# Results of this many chunks are added up in one step, whatever the engine: the same floats.
GROUP = 8
# What a scorer may gather of held-out rows.
MAX_GATHERED = 2**30


@dataclass(frozen=True)
class ChunkTarget:
    """The encoded targets of a chunk, and which of its rows they are for.

    Parameters
    ----------
    index : int
        Position of the chunk.
    n_rows : int
        Number of rows of the chunk, used or not.
    y : ndarray of shape (n,) or (n, k)
    weight : ndarray of shape (n,), or None
    rows : ndarray of int of shape (n,), or None for all rows
    totals : ndarray of shape (K,), or None
        Weight of each class; of classes only.
    """

    index: int
    n_rows: int
    y: NDArray
    weight: NDArray | None
    rows: NDArray | None
    totals: NDArray | None

    def take(self, positions: NDArray, groups: Callable) -> "ChunkTarget":
        """Those of some of these rows."""
        y = self.y[positions]
        weight = None if self.weight is None else self.weight[positions]
        rows = positions if self.rows is None else self.rows[positions]
        totals = self.totals
        if totals is not None:
            totals = np.bincount(groups(y), weight, len(totals))
        return replace(self, y=y, weight=weight, rows=rows, totals=totals)


class Facts(NamedTuple):
    """What is known of a chunk without its rows."""

    n_samples: int
    weight_sum: float
    lightest: float
    totals: NDArray | None


class ChunkRows(Source):
    """Encoded rows in chunks: the features are read where they are, pass by pass.

    Parameters
    ----------
    engine : Engine
    features : list
        Handles of the features of each chunk, dense or CSR.
    targets : list
        Handles of a :class:`ChunkTarget` for each.
    n_features : int
    dtype : numpy.dtype
    is_sparse : bool
    density : float
        Stored entries as a fraction of n times d.
    width : int
        How many numbers a model makes of a row.
    groups : callable
        Groups of rows, or None, from encoded targets.
    prototypes : ndarray or None
        An encoded target of each class; None if targets are not classes.
    """

    def __init__(
        self,
        engine: Engine,
        features: list,
        targets: list,
        n_features: int,
        dtype,
        is_sparse: bool,
        density: float,
        width: int,
        groups: Callable,
        prototypes: NDArray | None,
    ):
        facts = engine.gather(engine.each(_facts, targets))
        # a chunk of which no row is left has nothing to say
        used = [i for i, fact in enumerate(facts) if fact.n_samples]
        self._engine, self._groups, self._prototypes = engine, groups, prototypes
        self._features = [features[i] for i in used]
        self._targets = [targets[i] for i in used]
        self._facts = [facts[i] for i in used]
        self._density, self._width = density, width
        self.n_features, self.dtype, self.is_sparse = n_features, dtype, is_sparse
        self._starts = np.cumsum([0, *(fact.n_samples for fact in self._facts)])
        self.n_samples = int(self._starts[-1])
        self.weight_sum = float(sum(fact.weight_sum for fact in self._facts))
        self._samples: dict[int, ArraySource] = {}
        joined = engine.each(_join, self._features, self._targets, common=(width,))
        self._chunks = engine.hold(joined)

    @property
    def n_entries(self):
        return int(self._density * self.n_samples * self.n_features)

    @property
    def lightest(self):
        return min(fact.lightest for fact in self._facts)

    def blocks(self):
        for (chunk,) in map(self._engine.gather, zip(self._chunks)):
            yield from chunk.blocks()

    def map(self, kernel, *args):
        parts = self._engine.each(_map, self._chunks, common=(kernel, *args))
        return [found for part in self._engine.gather(parts) for found in part]

    def keep(self, kernel, *args):
        return self._engine.keep(self._engine.each(_map, self._chunks, common=(kernel, *args)))

    def map_reduce(self, kernel, *args, per_block=None):
        columns = (self._chunks,) if per_block is None else (self._chunks, per_block)
        function = _reduce if per_block is None else _reduce_with
        parts = self._engine.each(function, *columns, common=(kernel, *args))
        while len(parts) > 1:
            parts = self._engine.sums([parts[i : i + GROUP] for i in range(0, len(parts), GROUP)])
        return self._engine.gather(parts)[0]

    def batches(self, size, rng):
        if not self._engine.is_local:
            raise ValueError(
                "Batches of rows on a cluster would all be brought to this process. Use a solver "
                "that reads all rows at once, such as solver='lbfgs'; a ChunkedSource, whose "
                "chunks are loaded here; or partial_fit with one block in memory at a time."
            )
        return self._batches(size, rng)

    def _batches(self, size, rng) -> Iterator[Batch]:
        """Chunks in a random order, the rows within each too; short rests go to the next chunk."""
        order = range(len(self._chunks)) if rng is None else rng.permutation(len(self._chunks))
        pool: Batch | None = None
        for index in order:
            pool = _below(pool, self._rows(index))
            drawn = None if rng is None else rng.permutation(len(pool))
            n_full = len(pool) // size * size
            for start in range(0, n_full, size):
                yield _part(pool, drawn, slice(start, start + size))
            rest = _part(pool, drawn, slice(n_full, len(pool)))
            pool = replace(rest, positions=np.r_[rest.positions])
        if pool is not None and len(pool):
            yield _part(pool, None if rng is None else np.arange(len(pool)), slice(0, len(pool)))

    def _rows(self, index):
        (chunk,) = self._engine.gather([self._chunks[index]])
        return replace(chunk.whole(), positions=np.arange(*self._starts[index : index + 2]))

    def sample(self, size):
        if size not in self._samples:
            drawn = np.sort(np.random.default_rng(0).choice(self.n_samples, size, replace=False))
            self._samples[size] = self._gathered(drawn, block_rows=-(-size // SAMPLE_BLOCKS))
            self._samples[size].whole_source = self
        return self._samples[size]

    def in_memory(self) -> ArraySource:
        """All rows in memory, if they are few enough."""
        n_bytes = self.n_entries * self.dtype.itemsize
        if n_bytes > MAX_GATHERED:
            raise ValueError(
                f"scoring needs the validation rows in memory, and these are {n_bytes:.1e} bytes, "
                f"more than {MAX_GATHERED:.1e}. Leave scoring=None, which is computed in chunks, "
                "or pass fewer rows as X_val."
            )
        return self._gathered(np.arange(self.n_samples))

    def _gathered(self, positions, block_rows=None):
        """Rows at ascending positions, in memory."""
        rows = self._by_chunk(positions)
        used = [i for i, own in enumerate(rows) if own.size]
        columns = ([self._chunks[i] for i in used], [rows[i] for i in used])
        parts = self._engine.gather(self._engine.each(_rows_of, *columns))
        X, y, weight = (_stacked(column) for column in zip(*parts, strict=True))
        return ArraySource(X, y, weight, block_rows, self._width)

    def targets(self):
        """All of them or, of classes, each class once with all its weight."""
        if self._prototypes is None:
            return self._all_targets
        totals = sum(fact.totals for fact in self._facts)
        return self._prototypes[totals > 0], totals[totals > 0].astype(np.float64)

    @cached_property
    def _all_targets(self):
        pairs = self._engine.gather(self._engine.each(_y_and_weight, self._targets))
        y, weight = (_stacked(column) for column in zip(*pairs, strict=True))
        return y, weight

    def groups(self, of_targets):
        groups = self._engine.gather(
            self._engine.each(_groups, self._targets, common=(of_targets,))
        )
        return _stacked(groups)

    def split(self, fraction, seed, groups=None):
        """Training rows, and a fraction held out: those of the same rows in one array."""
        is_held_out = held_out_rows(self.n_samples, fraction, seed, groups)
        return self._taken(~is_held_out), self._taken(is_held_out)

    def _taken(self, mask):
        """The rows of a mask."""
        rows = self._by_chunk(np.flatnonzero(mask))
        taken = self._engine.each(_take, self._targets, rows, common=(self._groups,))
        return ChunkRows(
            self._engine,
            self._features,
            self._engine.keep(taken),
            self.n_features,
            self.dtype,
            self.is_sparse,
            self._density,
            self._width,
            self._groups,
            self._prototypes,
        )

    def _by_chunk(self, positions):
        """Ascending positions, split into those within each chunk."""
        edges = np.searchsorted(positions, self._starts)
        return [
            positions[start:stop] - first
            for start, stop, first in zip(edges[:-1], edges[1:], self._starts[:-1], strict=True)
        ]


# What is called where the chunks are


def _join(X, target, width):
    """The rows of a chunk with their targets."""
    if X.shape[0] != target.n_rows:
        raise ValueError(
            f"In chunk {target.index}: it had {target.n_rows} rows when it was first read, and now "
            f"has {X.shape[0]}. A chunk must be the same each time it is loaded."
        )
    X = X if target.rows is None else X[target.rows]
    return ArraySource(aligned(X), aligned(target.y), aligned(target.weight), width=width)


def _map(chunk, kernel, *args):
    with threads_of_blas():
        return Source.map(chunk, kernel, *args)


def _reduce(chunk, kernel, *args):
    """In one thread, block by block."""
    with threads_of_blas():
        return Source.map_reduce(chunk, kernel, *args)


def _reduce_with(chunk, per_block, kernel, *args):
    with threads_of_blas():
        return Source.map_reduce(chunk, kernel, *args, per_block=per_block)


def _facts(target):
    weight, n = target.weight, len(target.y)
    if weight is None:
        return Facts(n, float(n), 1.0, target.totals)
    lightest = float(weight.min(initial=np.inf))
    return Facts(n, float(weight.sum(dtype=np.float64)), lightest, target.totals)


def _rows_of(chunk, positions):
    weight = None if chunk.weight is None else chunk.weight[positions]
    return chunk.X[positions], chunk.y[positions], weight


def _y_and_weight(target):
    return target.y, target.weight


def _groups(target, of_targets):
    return of_targets(target.y)


def _take(target, positions, groups):
    return target.take(positions, groups)


# Rows of several chunks


def _stacked(parts: Sequence[Any]) -> Any:
    """Arrays or CSR matrices one below the other; None where there are none."""
    if parts[0] is None:
        return None
    if sp.issparse(parts[0]):
        return sp.vstack(parts, format="csr")
    return np.concatenate(parts)


def _below(pool, rows):
    """The rows of two batches."""
    if pool is None or not len(pool):
        return rows
    columns = ("X", "y", "weight", "positions")
    return Batch(*(_stacked([getattr(pool, name), getattr(rows, name)]) for name in columns))


def _part(pool, drawn, part):
    """Some rows of a batch: a view where none were drawn at random, and so in their order."""
    rows = part if drawn is None else drawn[part]
    weight = None if pool.weight is None else pool.weight[rows]
    positions = pool.positions[rows]
    if drawn is None:
        positions = slice(positions[0], positions[-1] + 1) if len(positions) else slice(0, 0)
    return Batch(pool.X[rows], pool.y[rows], weight, positions)
