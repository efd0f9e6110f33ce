"""Where rows come from. A new storage is a new :class:`~sklearn_gd.data.base.Source`."""

from sklearn_gd.data.base import Batch, Source
from sklearn_gd.data.memory import MemorySource
from sklearn_gd.data.statistics import mean_and_spread, moments
from sklearn_gd.data.threads import in_threads, threads_of_blas

__all__ = [
    "Batch",
    "MemorySource",
    "Source",
    "in_threads",
    "mean_and_spread",
    "moments",
    "threads_of_blas",
]
