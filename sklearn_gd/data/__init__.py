"""Where rows come from. A new storage is a new :class:`~sklearn_gd.data.base.Source`."""

from sklearn_gd.data.base import Batch, Source
from sklearn_gd.data.memory import MemorySource, map_rows
from sklearn_gd.data.statistics import mean_and_spread, moments
from sklearn_gd.data.threads import threads_of_blas

__all__ = [
    "Batch",
    "MemorySource",
    "Source",
    "map_rows",
    "mean_and_spread",
    "moments",
    "threads_of_blas",
]
