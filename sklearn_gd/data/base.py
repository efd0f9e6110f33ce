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

    ``positions`` are those of the rows in the source.
    """

    X: Any
    y: NDArray
    weight: NDArray | None
    positions: slice | NDArray

    @property
    def is_copy(self) -> bool:
        """Whether the features belong to this batch alone: rows picked by an index are copied."""
        return not isinstance(self.positions, slice)

    def __len__(self) -> int:
        return len(self.y)

    def weighted(self, per_row: NDArray) -> NDArray:
        """A quantity of each row, (n,) or (n, k), times the row's weight."""
        if self.weight is None:
            return per_row
        return per_row * (self.weight if per_row.ndim == 1 else self.weight[:, np.newaxis])


class Source(ABC):
    """Rows that are read in portions; each storage decides how it shuffles them.

    A storage writes ``blocks``, ``batches`` and ``sample``; the rest has defaults.

    Attributes
    ----------
    n_samples, n_features : int
    weight_sum : float
        The sum of the weights, n_samples without weights.
    dtype : numpy.dtype
        float32 or float64, of the features.
    is_sparse : bool
    n_entries : int
        Number of stored entries of the features.
    passes : float
        Number of passes over all rows, where a value with its gradient is one pass.
    rounds : int
        Number of times that results of all rows were awaited.
    """

    n_samples: int
    n_features: int
    weight_sum: float
    dtype: np.dtype
    is_sparse = False
    passes = 0.0
    rounds = 0
    # the source that this one is a part of
    whole_source: "Source | None" = None
    # mean and standard deviation of the features, once they were asked for
    known_moments: tuple[NDArray, NDArray] | None = None

    @property
    def n_entries(self) -> int:
        """All of them, but for sparse rows."""
        return self.n_samples * self.n_features

    @abstractmethod
    def blocks(self) -> Iterator[Batch]:
        """Every row once, in storage order."""

    @abstractmethod
    def batches(self, size: int, rng: np.random.Generator | None) -> Iterator[Batch]:
        """Every row once, in batches of about ``size``; shuffled where there is an ``rng``."""

    @abstractmethod
    def sample(self, size: int) -> "Source":
        """A source of ``size`` rows, drawn at random and the same at each call."""

    def columns(self, columns: NDArray) -> "Source | None":
        """The same rows with some of the features; None where that would mean to read them all."""
        return None

    def n_batches(self, size: int) -> int:
        """Number of batches that ``batches`` makes of a pass.

        A storage whose batches are of other sizes overrides this with ``batches``.
        """
        return -(-self.n_samples // size)

    def order(self, rng: np.random.Generator | None) -> NDArray:
        """Positions of all rows, in the order in which ``batches`` visits them."""
        return np.arange(self.n_samples) if rng is None else rng.permutation(self.n_samples)

    def whole(self) -> Batch | None:
        """All rows as one batch; None where they do not lie in one array."""
        return None

    @property
    def lightest(self) -> float:
        """The smallest weight of a row."""
        _, weight = self.targets()
        return 1.0 if weight is None else float(weight.min())

    def targets(self) -> tuple[NDArray, NDArray | None]:
        """The encoded targets of all rows, and their weights (None: all one).

        Or fewer that say the same of averages: each class once, with the weight of all its rows.
        """
        pairs = [(block.y, block.weight) for block in self.blocks()]
        y = np.concatenate([y for y, _ in pairs])
        is_weighted = pairs[0][1] is not None
        return y, np.concatenate([weight for _, weight in pairs]) if is_weighted else None

    def map(self, kernel: Callable[..., Any], *args) -> list:
        """``kernel(block, *args)`` of every block, in order."""
        return [kernel(block, *args) for block in self.blocks()]

    def keep(self, kernel: Callable[..., Any], *args) -> list:
        """As :meth:`map`, for results that only :meth:`map_reduce` will use.

        They may stay where the blocks are: the list is to be handed on as ``per_block``.
        """
        return self.map(kernel, *args)

    def map_reduce(self, kernel: Callable[..., tuple], *args, per_block: Any = None) -> list:
        """The sum over the blocks of the tuples ``kernel(block, *args)``, in a fixed order.

        Where there are results ``per_block`` of an earlier :meth:`keep`, the kernel gets that of
        its block as one more argument.
        """
        return total(kernel(*call) for call in calls(self.blocks(), args, per_block))

    def count(self, passes: float, rounds: int = 1) -> None:
        """Note that rows were read; of a sample, its part of a pass over the whole."""
        self.passes += passes
        self.rounds += rounds
        if self.whole_source is not None:
            share = self.n_entries / max(self.whole_source.n_entries, 1)
            self.whole_source.count(passes * share, rounds)


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
