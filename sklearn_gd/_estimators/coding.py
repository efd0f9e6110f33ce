"""How targets become what a loss sees, and how raw predictions become targets again."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from sklearn_gd.losses import Logistic, Loss, Softmax
from sklearn_gd.losses.offset import WithOffset


@dataclass(frozen=True)
class Coding(ABC):
    """The encoding of a target.

    Parameters
    ----------
    n_classes : int
        Number of classes, of labels, or of columns of numbers.
    loss : Loss
    """

    n_classes: int
    loss: Loss

    @property
    def n_outputs(self) -> int:
        """Columns of raw predictions."""
        return self.n_classes

    @abstractmethod
    def encode(self, y: NDArray, dtype) -> NDArray:
        """The target of the loss: of class codes, of a 0/1 matrix, or of numbers."""

    @abstractmethod
    def decode(self, y: NDArray, classes: NDArray | None = None) -> NDArray:
        """The inverse of ``encode``, as the user knows it."""

    def groups(self, y: NDArray) -> NDArray | None:
        """Groups of rows that a split is stratified by; None for one group."""
        return None

    def apart(self, y: NDArray) -> tuple[NDArray, dict[str, NDArray]]:
        """An encoded target, and by name what else it carries."""
        return y, {}


@dataclass(frozen=True)
class Numbers(Coding):
    """Numbers in one or several columns."""

    is_1d: bool

    def encode(self, y, dtype):
        y = y.astype(dtype, copy=False)
        return y[:, np.newaxis] if y.ndim == 1 else y

    def decode(self, y, classes=None):
        return y[:, 0] if self.is_1d else y


class NumbersWithOffset(Numbers):
    """Numbers, behind which there is an offset of the raw prediction for each of them."""

    def __init__(self, n_classes: int, loss: Loss, is_1d: bool):
        super().__init__(n_classes, WithOffset(loss=loss), is_1d)

    def apart(self, y):
        target, offset = np.split(y, 2, axis=1)
        return target, {"offset": self.decode(offset)}


class Labels(Coding):
    """Classes or labels; ``codes`` are positions of labels in ``classes_``, or a 0/1 matrix."""

    default_loss: ClassVar[type[Loss]] = Logistic

    def decode(self, y, classes=None):
        return classes[self.groups(y)]

    def decision(self, raw: NDArray) -> NDArray:
        """What decision_function returns."""
        return raw

    def decide(self, raw: NDArray) -> NDArray:
        """The codes that raw predictions stand for."""
        return raw.argmax(axis=1)

    @abstractmethod
    def probabilities(self, raw: NDArray) -> NDArray:
        """Probability of each class, (n, K)."""


class Binary(Labels):
    """Two classes, one column of raw predictions, in favour of the second class."""

    n_outputs: ClassVar[int] = 1

    def encode(self, y, dtype):
        return (y == 1).astype(dtype)[:, np.newaxis]

    def groups(self, y):
        return y[:, 0].astype(np.intp)

    def decision(self, raw):
        return raw[:, 0]

    def decide(self, raw):
        return (raw[:, 0] > 0).astype(np.intp)

    def probabilities(self, raw):
        return self.loss.inverse_link(np.hstack([-raw, raw]))


class OneVsRest(Labels):
    """A column for each class against all others; probabilities are made to add up to one."""

    def encode(self, y, dtype):
        return (y[:, np.newaxis] == np.arange(self.n_classes)).astype(dtype)

    def groups(self, y):
        return y.argmax(axis=1)

    def probabilities(self, raw):
        # logarithms, then softmax: rows add up to one even where every probability underflows
        log_probability = self.loss.log_inverse_link(raw)
        impossible = np.isneginf(log_probability).all(axis=1)
        log_probability[impossible] = 0.0
        return Softmax().inverse_link(log_probability)


class Multinomial(Labels):
    """A softmax over all classes."""

    default_loss: ClassVar[type[Loss]] = Softmax

    def encode(self, y, dtype):
        return y

    def groups(self, y):
        return y

    def probabilities(self, raw):
        return self.loss.inverse_link(raw)


class Multilabel(Labels):
    """A column for each label, independent of the others."""

    def encode(self, y, dtype):
        return y.astype(dtype)

    def decode(self, y, classes=None):
        return y.astype(np.intp)

    def groups(self, y):
        return None

    def decide(self, raw):
        return (raw > 0).astype(np.intp)

    def probabilities(self, raw):
        return self.loss.inverse_link(raw)


def label_codes(y: NDArray, classes: NDArray, advice: str) -> NDArray:
    """Positions of labels in ``classes``; an unseen label is an error that names it."""
    codes = np.searchsorted(classes, y)
    codes[codes == len(classes)] = 0
    unseen = np.unique(y[classes[codes] != y])
    if unseen.size:
        raise ValueError(
            f"y contains labels not seen in training: {unseen.tolist()}. The known classes are "
            f"{classes.tolist()}; {advice}."
        )
    return codes


def indicator(y) -> NDArray:
    """A multilabel target as a dense 0/1 matrix."""
    y = y.toarray() if sp.issparse(y) else np.asarray(y)
    values = np.unique(y)
    if not np.isin(values, (0, 1)).all():
        raise ValueError(
            f"A matrix y must hold 1 for the labels of a row and 0 for the others; it holds "
            f"{values.tolist()}."
        )
    return y
