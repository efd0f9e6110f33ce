"""Where rows come from. A new storage is a new :class:`~sklearn_gd.data.base.Source`."""

from sklearn_gd.data.base import Batch, Source
from sklearn_gd.data.memory import MemorySource
from sklearn_gd.data.statistics import mean_and_spread, moments

__all__ = ["Batch", "MemorySource", "Source", "mean_and_spread", "moments"]
