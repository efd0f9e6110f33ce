"""Where functions of chunks are called: in this process, or where the chunks are."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from sklearn_gd.data.base import total
from sklearn_gd.data.threads import in_threads


class Engine(ABC):
    """Calls functions of chunks.

    A handle stands for a value that may lie elsewhere. Functions are of modules, so that they can
    be sent; columns are lists of handles, or of plain values.
    """

    # whether chunks can be read here without sending them through a network
    is_local = False

    @abstractmethod
    def each(self, function: Callable, *columns: Sequence, common: Sequence = ()) -> list:
        """Handles of ``function(cell, cell, ..., *common)`` for each row of the columns."""

    @abstractmethod
    def sums(self, groups: Sequence[Sequence]) -> list:
        """Handles of the sum of the tuples of each group, in their order."""

    @abstractmethod
    def keep(self, handles: Sequence) -> list:
        """The same values computed once, and kept where they are: small ones."""

    @abstractmethod
    def hold(self, handles: Sequence) -> list:
        """As :meth:`keep` for chunks of rows, if they need not be read again for each pass."""

    @abstractmethod
    def gather(self, handles: Sequence) -> list:
        """The values, here."""


class Local(Engine):
    """In the threads of this process; a handle is a function of nothing.

    Chunks are not held: they are read again for each pass, and dropped.
    """

    is_local = True

    def each(self, function, *columns, common=()):
        return [Call(function, row, common) for row in zip(*columns, strict=True)]

    def sums(self, groups):
        # one group at a time, so that few summands are alive
        return [Kept(total(self.gather(group))) for group in groups]

    def keep(self, handles):
        return [Kept(value) for value in self.gather(handles)]

    def hold(self, handles):
        return list(handles)

    def gather(self, handles):
        return in_threads(_value, handles)


class Kept:
    """The handle of a value that is here."""

    def __init__(self, value: Any):
        self._value = value

    def __call__(self) -> Any:
        return self._value


class Call:
    """The handle of a value that is computed each time it is asked for."""

    def __init__(self, function: Callable, row: Sequence, common: Sequence):
        self._function, self._row, self._common = function, row, common

    def __call__(self) -> Any:
        return self._function(*map(_value, self._row), *self._common)


def _value(cell):
    return cell() if isinstance(cell, (Call, Kept)) else cell
