"""The user's rows in chunks, each loaded when it is needed."""

import shutil
import tempfile
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from sklearn_gd.data.engines import Local

KEYS = ("X", "y", "sample_weight")


class RawChunk(NamedTuple):
    """A chunk as the user gives it."""

    X: Any
    y: Any = None
    sample_weight: Any = None


class ChunkedSource:
    """Rows in chunks, each loaded when it is needed; passed to ``fit`` in place of X and y.

    All chunks together need not fit in memory. A pass loads every chunk once, as many at a time as
    there are threads; only the targets and weights of all rows stay in memory.

    Parameters
    ----------
    chunks : sequence
        Each item is a chunk: a tuple (X, y) or (X, y, sample_weight), a mapping with the keys "X",
        "y" and "sample_weight", or a function without arguments that loads one of these. X is
        array-like or sparse of shape (n_i, d), with the same d and type of float in all chunks.
        ``predict`` needs no y, and takes tuples (X,) too. A function must return the same rows at
        each call.

    Raises
    ------
    ValueError
        For a sequence that is empty or can be read only once. ``fit`` raises it for chunks that
        cannot be used, and names the chunk, counted from 0.

    See Also
    --------
    RowMatrix : An X on disk that can be read row by row, with y in memory.
    NpyChunks : The same for the ``.npy`` files of a folder.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn_gd import GDLogisticClassifier
    >>> from sklearn_gd.data import ChunkedSource
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> source = ChunkedSource([(X[:300], y[:300]), lambda: (X[300:], y[300:])])
    >>> model = GDLogisticClassifier().fit(source)
    >>> round(model.score(source), 3), [len(part) for part in model.predict(source)]
    (0.974, [300, 269])
    """

    def __init__(self, chunks: Sequence):
        if not (hasattr(chunks, "__len__") and hasattr(chunks, "__getitem__")):
            raise ValueError(
                "chunks must be a sequence, such as a list of functions that load a chunk, since "
                f"every pass reads all of them; got {chunks!r}, which can be read only once."
            )
        if isinstance(chunks, (str, Mapping)) or not len(chunks):
            raise ValueError(f"chunks must be a sequence of at least one chunk; got {chunks!r}.")
        self._chunks = chunks
        self.engine = Local()

    @classmethod
    def from_arrow(cls, table, target, weight=None, cache=None):
        """The rows of an Arrow table, which is decoded once.

        They are written to ``.npy`` files in a private folder, since decoding a row takes longer
        than a pass over it. The folder is deleted with the source, or when Python ends.

        Parameters
        ----------
        table : pyarrow Dataset, ParquetFile, or object with ``__arrow_c_stream__``
            The last are tables and readers of pyarrow, polars, DuckDB and others. All columns
            but target and weight are features, float32 if all of them are, and float64 otherwise.
        target : str or list of str
            Name of the column y, or names of several.
        weight : str, default=None
            Name of the column of sample weights.
        cache : str or path-like, default=None
            Folder on a disk with room for all rows, in which the private folder is made. None
            means the folder of the system for temporary files.

        Returns
        -------
        source : ChunkedSource

        Raises
        ------
        ImportError
            If pyarrow is not installed, as by the extra ``arrow``.
        ValueError
            For columns that are missing, have nulls, or hold no numbers; the message names them.
        OSError
            For a disk that is full.

        Examples
        --------
        >>> import pandas as pd
        >>> import pyarrow as pa
        >>> from sklearn_gd import GDLinearRegressor
        >>> from sklearn_gd.data import ChunkedSource
        >>> frame = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0], "y": [1.0, 3.0, 5.0, 7.0]})
        >>> source = ChunkedSource.from_arrow(pa.Table.from_pandas(frame), target="y")
        >>> GDLinearRegressor(alpha=0).fit(source).coef_.round(6)
        array([2.])
        """
        from sklearn_gd.data.on_arrow import spool

        folder = Path(tempfile.mkdtemp(prefix="sklearn_gd-", dir=cache))
        try:
            source = cls(spool(table, target, weight, folder))
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        # that nobody has to close a source is meant; a TemporaryDirectory would warn of it
        weakref.finalize(source, shutil.rmtree, folder, ignore_errors=True)
        return source

    def __len__(self) -> int:
        return len(self._chunks)

    def chunk(self, index: int) -> RawChunk:
        """Load a chunk.

        Parameters
        ----------
        index : int
            Counted from 0.

        Returns
        -------
        chunk : RawChunk
            Its X, y and sample_weight; None where there is none.
        """
        with in_chunk(index):
            return raw_chunk(self._chunks[index])

    def raw(self) -> list:
        """Handles of all chunks, for the engine."""
        return self.engine.each(self.chunk, range(len(self)))

    def __iter__(self) -> Iterator[RawChunk]:
        return map(self.chunk, range(len(self)))


def raw_chunk(item: Any) -> RawChunk:
    """An item of ``chunks``, loaded."""
    loaded = item() if callable(item) else item
    if isinstance(loaded, Mapping):
        unknown = [key for key in loaded if key not in KEYS]
        if unknown or "X" not in loaded:
            raise ValueError(f"a mapping must have the keys {list(KEYS)}; got {list(loaded)}.")
        return RawChunk(*(loaded.get(key) for key in KEYS))
    if isinstance(loaded, (tuple, list)) and 1 <= len(loaded) <= len(KEYS):
        return RawChunk(*loaded)
    raise ValueError(
        "a chunk must be a tuple (X, y) or (X, y, sample_weight), a mapping with these keys, or a "
        f"function that returns one; got {type(loaded).__name__}."
    )


@contextmanager
def in_chunk(index: int):
    """Say in which chunk an error is, whatever its loader raises."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        if str(error).startswith("In chunk "):
            raise
        raise ValueError(f"In chunk {index}: {error}") from error
