"""Where rows come from. A new storage is a :class:`RowMatrix`, or a :class:`Source`."""

from sklearn_gd.data.arrays import ArraySource, float_type, map_rows  # noqa: F401
from sklearn_gd.data.base import Batch, Source
from sklearn_gd.data.chunked_source import ChunkedSource
from sklearn_gd.data.rows import MappedRows, NpyChunks, RowMatrix  # noqa: F401
from sklearn_gd.data.statistics import NOISE_ULPS, mean_and_std, moments, target_std  # noqa: F401
from sklearn_gd.data.threads import threads_of_blas  # noqa: F401

# For users; the other names are for the rooms of this package.
__all__ = ["ArraySource", "Batch", "ChunkedSource", "NpyChunks", "RowMatrix", "Source"]
