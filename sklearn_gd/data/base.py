"""What the objective asks of a storage."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Batch:
    """Some rows: features (dense or CSR), encoded targets, and weights (None: all one).

    ``rows`` are their positions in the source.
    """

    X: Any
    y: NDArray
    weight: NDArray | None
    rows: slice | NDArray

    @property
    def is_copy(self) -> bool:
        """Whether nobody else holds the features, since rows picked by an index are copied."""
        return not isinstance(self.rows, slice)

    def __len__(self) -> int:
        return len(self.y)

    def weighted(self, per_row: NDArray) -> NDArray:
        """A quantity of each row, (n,) or (n, k), times the row's weight."""
        if self.weight is None:
            return per_row
        return per_row * (self.weight if per_row.ndim == 1 else self.weight[:, np.newaxis])


class Source(ABC):
    """Rows, in portions; how they are shuffled is the storage's own affair.

    Attributes
    ----------
    n_samples, n_features : int
    weight_sum : float
        The sum of the weights, n_samples without weights.
    dtype : numpy.dtype
        float32 or float64, of the features.
    is_sparse : bool
    n_entries : int
        Numbers that are stored of the features.
    """

    is_sparse = False

    @property
    def n_entries(self) -> int:
        """All of them, but for sparse rows."""
        return self.n_samples * self.n_features

    n_samples: int
    n_features: int
    weight_sum: float
    dtype: np.dtype

    @abstractmethod
    def blocks(self) -> Iterator[Batch]:
        """Every row once, in storage order."""

    @abstractmethod
    def batches(self, size: int, rng: np.random.Generator | None) -> Iterator[Batch]:
        """Every row once, in batches of ``size``; shuffled where there is an ``rng``."""

    def order(self, rng: np.random.Generator | None) -> NDArray:
        """Positions of all rows, in the order in which ``batches`` visits them."""
        return np.arange(self.n_samples) if rng is None else rng.permutation(self.n_samples)

    def whole(self) -> Batch | None:
        """All rows as one batch; None where they do not lie in one array."""
        return None

    @abstractmethod
    def sample(self, size: int) -> "Source":
        """A source of ``size`` rows, drawn at random and the same at each call."""

    def map(self, kernel: Callable[..., Any], *args) -> list:
        """``kernel(block, *args)`` of every block, in order."""
        return [kernel(block, *args) for block in self.blocks()]

    def map_reduce(self, kernel: Callable[..., tuple], *args, per_block: Any = None) -> list:
        """The sum over the blocks of the tuples ``kernel(block, *args)``, in a fixed order.

        Where there are results ``per_block`` of an earlier :meth:`map`, the kernel gets that of
        its block as one more argument.
        """
        return total(kernel(*call) for call in calls(self.blocks(), args, per_block))


def calls(blocks, args, per_block) -> Iterator[tuple]:
    """The arguments of a kernel for each block."""
    if per_block is None:
        return ((block, *args) for block in blocks)
    return ((block, *args, own) for block, own in zip(blocks, per_block, strict=True))


def total(parts: Iterable[Sequence]) -> list:
    """The sum of tuples, entry by entry."""
    result: list = []
    for part in parts:
        result = [a + b for a, b in zip(result, part, strict=True)] if result else list(part)
    return result
