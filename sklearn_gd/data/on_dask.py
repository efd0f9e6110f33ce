"""Chunks that are blocks of dask arrays or partitions of dask dataframes."""

import time
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

import dask
import dask.array as da
import numpy as np
from dask.delayed import Delayed, delayed
from dask.sizeof import sizeof

from sklearn_gd.data.arrays import ArraySource, aligned
from sklearn_gd.data.base import total
from sklearn_gd.data.chunked_source import RawChunk
from sklearn_gd.data.engines import Engine

# Larger arguments are a node of their own: one copy a worker, and not one a task.
LARGE_BYTES = 2**17
# A round waits this long for a worker, where there is none.
SECONDS_WITHOUT_WORKER = 30.0
POLL_SECONDS = 1.0


class Dask(Engine):
    """On the current scheduler of dask, or the current ``distributed.Client``.

    A handle is a call that becomes one task, with the calls that it depends on, or a task.
    """

    def each(self, function, *columns, common=()):
        name = _name_of(function, common)
        common = [_node(value) if _is_large(value) else value for value in common]
        return [Call(name, function, [*row, *common]) for row in zip(*columns, strict=True)]

    def sums(self, groups):
        members = [[_task(handle) for handle in group] for group in groups]
        add = delayed(_total, pure=False, traverse=False)
        return [add(*group, dask_key_name=_key("sum")) for group in members]

    def keep(self, handles):
        tasks = [_task(handle) for handle in handles]
        return list(dask.persist(*tasks, traverse=False, optimize_graph=False))

    def hold(self, handles):
        return self.keep(handles)

    def gather(self, handles):
        tasks = [_task(handle) for handle in handles]
        client = _client()
        if client is None:
            return list(dask.compute(*tasks, traverse=False, optimize_graph=False))
        futures = client.compute(tasks, optimize_graph=False)
        _wait(client, futures)
        return _aligned_arrays(client.gather(futures))


class Call:
    """A function and its arguments, some of which may be calls or tasks."""

    def __init__(self, name: str, function: Callable, arguments: Sequence):
        self.name, self._function, self._arguments = name, function, arguments
        # overflow is reported, or not, as where the call is made
        self._errors = np.geterr()

    def bound(self, tasks: list) -> "Call":
        """The same with tasks by their position in a list, to which they are added."""
        return _copy(self, [_bound(argument, tasks) for argument in self._arguments])

    def run(self, results: Sequence) -> Any:
        """The value, given those of the tasks."""
        arguments = [
            argument.run(results) if isinstance(argument, (Call, _Result)) else argument
            for argument in self._arguments
        ]
        with np.errstate(**self._errors):
            return self._function(*_aligned_arrays(arguments))


class _Result:
    """The result of a task."""

    def __init__(self, position):
        self._position = position

    def run(self, results):
        return results[self._position]


def _copy(call, arguments):
    return Call(call.name, call._function, arguments)


def _aligned_arrays(values):
    """Those that came through a network may begin at any byte."""
    if isinstance(values, np.ndarray):
        return aligned(values)
    if type(values) in (list, tuple):
        return type(values)(map(_aligned_arrays, values))
    return values


def _bound(argument, tasks):
    if isinstance(argument, Call):
        return argument.bound(tasks)
    if isinstance(argument, Delayed):
        tasks.append(argument)
        return _Result(len(tasks) - 1)
    return argument


def _task(handle):
    """One task for a call and all calls within it."""
    if not isinstance(handle, Call):
        return handle
    tasks: list = []
    call = handle.bound(tasks)
    run = delayed(_run, pure=False, traverse=False)
    return run(call, *tasks, dask_key_name=_key(handle.name))


def _run(call, *results):
    return call.run(results)


def _total(*parts):
    return total(parts)


def _node(value):
    return delayed(value, pure=False, traverse=False)


def _is_large(value):
    return isinstance(value, np.ndarray) and value.nbytes > LARGE_BYTES


def _name_of(function, common):
    """What the scheduler learns durations by: the kernel, where there is one."""
    named = common[0] if common and hasattr(common[0], "__name__") else function
    return getattr(named, "__name__", type(named).__name__).strip("_")


def _key(name):
    return f"{name}-{uuid4().hex}"


def _client():
    """The client of a cluster that dask would use now; None for a scheduler of this process."""
    scheduler = dask.base.get_scheduler()
    owner = getattr(scheduler, "__self__", None)
    return owner if hasattr(owner, "scheduler_info") else None


def _wait(client, futures):
    """Wait for results, or raise if there is nobody who could compute them."""
    from distributed import wait

    alone_since = None
    while True:
        try:
            wait(futures, timeout=POLL_SECONDS)
            return
        except TimeoutError:
            now = time.monotonic()
            alone_since = None if client.nthreads() else alone_since or now
        if alone_since is not None and now - alone_since > SECONDS_WITHOUT_WORKER:
            raise RuntimeError(
                f"The dask cluster has had no worker for {SECONDS_WITHOUT_WORKER:g} seconds, so "
                "the fit cannot continue. Add workers, and fit again."
            )


@sizeof.register(ArraySource)
def _sizeof(source):
    """What a worker needs to know in order to move chunks to disk."""
    parts = (source.X, source.y, source.weight)
    return sum(sizeof(part) for part in parts if part is not None)


# Collections


class DaskRows:
    """X, y and weights of dask collections, as chunks.

    Parameters
    ----------
    X : dask array or dataframe
    y, sample_weight : dask array, series or dataframe, or array-like; or None
    """

    engine = Dask()

    def __init__(self, X, y=None, sample_weight=None):
        X = _of_whole_rows(X)
        self._blocks = _blocks(X)
        self._columns = [
            [None] * len(self._blocks) if column is None else _blocks_like(name, column, X)
            for name, column in (("y", y), ("sample_weight", sample_weight))
        ]

    def raw(self) -> list:
        """Handles of raw chunks."""
        return self.engine.each(RawChunk, self._blocks, *self._columns)


def lazily(function: Callable, X, like, *args):
    """A dask array of ``function(block, *args)`` for each block of rows.

    ``like`` is what it returns of no rows. Nothing is computed.
    """
    X = _of_whole_rows(X)
    sizes = X.chunks[0] if isinstance(X, da.Array) else [np.nan] * X.npartitions
    common = [_node(value) for value in args]
    parts = []
    for block, size in zip(_blocks(X), sizes, strict=True):
        call = delayed(function, pure=False, traverse=False)
        task = call(block, *common, dask_key_name=_key(function.__name__.strip("_")))
        parts.append(da.from_delayed(task, (size, *like.shape[1:]), meta=like))
    return da.concatenate(parts, allow_unknown_chunksizes=True)


def _of_whole_rows(X):
    is_split = isinstance(X, da.Array) and X.ndim > 1 and X.numblocks[1] > 1
    return X.rechunk({1: -1}) if is_split else X


def _blocks(column):
    blocks = column.to_delayed()
    return list(blocks.ravel()) if isinstance(column, da.Array) else list(blocks)


def _blocks_like(name, column, X):
    """The blocks of a column that belong to those of X."""
    column = _of_whole_rows(column)
    sizes = X.chunks[0] if isinstance(X, da.Array) else (np.nan,)
    is_known = not np.isnan(sizes).any()
    if is_known and not dask.is_dask_collection(column):
        column = da.from_array(np.asarray(column), chunks=-1)
    if not dask.is_dask_collection(column):
        raise ValueError(
            f"{name} is an array in memory, and X is a dask collection of unknown chunk sizes: "
            "make both dask collections, or call X.compute_chunk_sizes()."
        )
    if is_known and isinstance(column, da.Array) and not np.isnan(column.shape[0]):
        if column.shape[0] != X.shape[0]:
            raise ValueError(f"X has {X.shape[0]} rows, and {name} has {column.shape[0]}.")
        column = column.rechunk({0: sizes})
    blocks = _blocks(column)
    n_blocks = len(_blocks(X))
    if len(blocks) != n_blocks:
        raise ValueError(
            f"X has {n_blocks} chunks of rows and {name} has {len(blocks)}, of sizes that are not "
            "known: call compute_chunk_sizes() of both, or repartition one like the other."
        )
    return blocks
