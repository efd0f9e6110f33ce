"""Work on blocks of rows in as many threads as BLAS may use.

NumPy and SciPy let other threads run while they work on large arrays, whereas BLAS splits the
slim products of a linear model among threads badly or not at all. Limits that a user, joblib or a
container has set for BLAS hold for these threads too.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

MAX_THREADS = 8

_taken_over: ContextVar[int | None] = ContextVar("taken_over", default=None)


@contextmanager
def threads_of_blas() -> Iterator[None]:
    """Within it BLAS works in one thread, and :func:`in_threads` in as many as BLAS had.

    The vectors of a solver are too short for threads, which BLAS would start for each of them.
    """
    token = _taken_over.set(_n_threads())
    try:
        with _controller().limit(limits=1, user_api="blas"):
            yield
    finally:
        _taken_over.reset(token)


def in_threads(work: Callable[[Any], Any], items: Sequence[Any]) -> list:
    """``[work(item) for item in items]``; ``work`` must not write to what other items read."""
    n_threads = min(_n_threads(), len(items))
    if n_threads < 2:
        return [work(item) for item in items]
    state = np.geterr()

    def told_as_here(item):
        # how NumPy tells of overflow is known to each thread by itself
        with np.errstate(**state):
            return work(item)

    with threads_of_blas():
        return list(_pool(n_threads).map(told_as_here, items))


def _n_threads():
    taken_over = _taken_over.get()
    if taken_over is not None:
        return taken_over
    return min([MAX_THREADS, *(library.num_threads for library in _blas())], default=1)


@cache
def _controller():
    return ThreadpoolController()


@cache
def _blas():
    return _controller().select(user_api="blas").lib_controllers


@cache
def _pool(n_threads):
    return ThreadPoolExecutor(n_threads, thread_name_prefix="sklearn_gd")


if hasattr(os, "register_at_fork"):
    # threads do not outlive a fork
    os.register_at_fork(after_in_child=_pool.cache_clear)
