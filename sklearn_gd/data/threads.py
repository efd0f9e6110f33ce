"""Work on blocks of rows in as many threads as BLAS may use.

NumPy and SciPy let other threads run while they work on large arrays, whereas BLAS splits the
slim products of a linear model among threads badly or not at all. Limits that a user, joblib or a
container has set for BLAS hold for these threads too.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache, cached_property
from threading import Lock
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

MAX_THREADS = 8


class _Blas:
    """The libraries of BLAS; they are the process's, so concurrent fits are counted."""

    def __init__(self):
        self._lock, self._users, self._limit, self._taken = Lock(), 0, None, 1

    @cached_property
    def _libraries(self):
        return ThreadpoolController().select(user_api="blas")

    @property
    def n_threads(self) -> int:
        """How many it has, or had before they were taken."""
        if self._users:
            return self._taken
        numbers = (library.num_threads for library in self._libraries.lib_controllers)
        return min([MAX_THREADS, *numbers], default=1)

    def take(self):
        """Leave it one thread, until everybody has given theirs back."""
        with self._lock:
            if not self._users:
                self._taken = self.n_threads
                self._limit = self._libraries.limit(limits=1)
            self._users += 1

    def give_back(self):
        """The end of :meth:`take`."""
        with self._lock:
            self._users -= 1
            if not self._users:
                self._limit.restore_original_limits()


_blas = _Blas()


@contextmanager
def threads_of_blas() -> Iterator[None]:
    """Within it BLAS works in one thread, and ``in_threads`` in as many as BLAS had.

    The vectors of a solver are too short for threads, which BLAS would start for each of them.
    """
    _blas.take()
    try:
        yield
    finally:
        _blas.give_back()


def in_threads(work: Callable[[Any], Any], items: Sequence[Any]) -> list:
    """``[work(item) for item in items]``; ``work`` must not write to what other items read."""
    n_threads = min(_blas.n_threads, len(items))
    if n_threads < 2:
        return [work(item) for item in items]
    state = np.geterr()

    def with_caller_errstate(item):
        # how NumPy reports overflow is set for each thread by itself
        with np.errstate(**state):
            return work(item)

    with threads_of_blas():
        return list(_pool(n_threads).map(with_caller_errstate, items))


@cache
def _pool(n_threads):
    return ThreadPoolExecutor(n_threads, thread_name_prefix="sklearn_gd")


def _begin_anew():
    """Threads do not outlive a fork, nor does who holds what."""
    global _blas
    _pool.cache_clear()
    _blas = _Blas()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
