"""Features that are read row by row, and need not be in memory."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


class RowMatrix(ABC):
    """A matrix whose rows are read when they are needed; accepted wherever X is.

    A subclass sets ``shape`` and ``dtype``, and reads rows in ``__getitem__``.

    Attributes
    ----------
    shape : tuple of int
        Number of rows and of columns.
    dtype : numpy.dtype
        Other types than float32 and float64 are converted to float64, block by block.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd import GDLinearRegressor
    >>> from sklearn_gd.data import RowMatrix
    >>> class Powers(RowMatrix):
    ...     shape, dtype = (100, 2), np.dtype(np.float64)
    ...
    ...     def __getitem__(self, rows):
    ...         t = np.arange(100.0)[rows]
    ...         return np.column_stack([t, t**2])
    >>> model = GDLinearRegressor(alpha=0).fit(Powers(), np.arange(100.0) ** 2)
    >>> abs(model.coef_.round(6)).tolist()
    [0.0, 1.0]
    """

    shape: tuple[int, int]
    dtype: np.dtype

    @abstractmethod
    def __getitem__(self, rows: slice | NDArray) -> Any:
        """Some rows: a slice of them, or those at positions, in that order.

        Parameters
        ----------
        rows : slice or ndarray of int

        Returns
        -------
        X : ndarray or CSR matrix of shape (len(rows), d)
        """

    def __len__(self) -> int:
        return self.shape[0]

    def take(self, positions: NDArray) -> "RowMatrix":
        """The rows at some positions, as a view: they are read when they are needed.

        Parameters
        ----------
        positions : ndarray of int

        Returns
        -------
        rows : RowMatrix
        """
        return TakenRows(self, positions)


class TakenRows(RowMatrix):
    """Some rows of another matrix."""

    def __init__(self, matrix: RowMatrix, positions: NDArray):
        self._matrix, self._positions = matrix, positions
        self.shape, self.dtype = (len(positions), matrix.shape[1]), matrix.dtype

    def __getitem__(self, rows):
        return self._matrix[self._positions[rows]]


class MappedRows(RowMatrix):
    """A memory-mapped array, of which only the rows in use are in memory."""

    def __init__(self, array: NDArray):
        self._array = array
        self.shape, self.dtype = array.shape, array.dtype

    def __getitem__(self, rows):
        return np.asarray(self._array[rows])


class NpyChunks(RowMatrix):
    """The ``.npy`` files of a folder, one below the other in the order of their names.

    They are memory-mapped, so that only the rows in use are in memory. Files that hold pickled
    objects raise an error.

    Parameters
    ----------
    folder : str or path-like
        Its files ``*.npy`` hold arrays of shape (n_i, d) with the same d and type.

    Raises
    ------
    ValueError
        For a folder without such files, or files that do not fit together.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_gd import GDLinearRegressor
    >>> from sklearn_gd.data import NpyChunks
    >>> X, y = load_diabetes(return_X_y=True)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for i, part in enumerate(np.array_split(X, 3)):
    ...         np.save(Path(folder) / f"part-{i}.npy", part)
    ...     score = GDLinearRegressor(alpha=0).fit(NpyChunks(folder), y).score(X, y)
    >>> round(score, 4)
    0.5177
    """

    def __init__(self, folder):
        paths = sorted(Path(folder).glob("*.npy"))
        if not paths:
            raise ValueError(f"NpyChunks found no files *.npy in {str(folder)!r}.")
        self._parts = [np.load(path, mmap_mode="r", allow_pickle=False) for path in paths]
        for path, part in zip(paths, self._parts, strict=True):
            self._check(path.name, part, self._parts[0])
        counts = [len(part) for part in self._parts]
        self._starts = np.concatenate([[0], np.cumsum(counts)])
        self.shape = (int(self._starts[-1]), self._parts[0].shape[1])
        self.dtype = self._parts[0].dtype

    def _check(self, name, part, first):
        if part.ndim != 2:
            raise ValueError(f"{name} must hold an array of 2 dimensions; it has {part.ndim}.")
        if part.shape[1] != first.shape[1] or part.dtype != first.dtype:
            raise ValueError(
                f"{name} has {part.shape[1]} columns of {part.dtype}; the first file has "
                f"{first.shape[1]} columns of {first.dtype}."
            )

    def __getitem__(self, rows):
        if isinstance(rows, slice):
            start, stop, step = rows.indices(len(self))
            if step == 1:
                return self._between(start, stop)
            rows = np.arange(start, stop, step)
        return self._at(np.asarray(rows))

    def _between(self, start, stop):
        first, last = np.searchsorted(self._starts, [start, stop - 1], side="right") - 1
        pieces: Sequence[NDArray] = [
            np.asarray(part[max(start - offset, 0) : max(stop - offset, 0)])
            for part, offset in zip(
                self._parts[first : last + 1], self._starts[first : last + 1], strict=True
            )
        ]
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)

    def _at(self, positions):
        result = np.empty((len(positions), self.shape[1]), self.dtype)
        owner = np.searchsorted(self._starts, positions, side="right") - 1
        for index in np.unique(owner):
            mine = owner == index
            result[mine] = self._parts[index][positions[mine] - self._starts[index]]
        return result
