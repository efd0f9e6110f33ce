"""How targets and raw predictions translate into each other, and what rows weigh."""

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from sklearn_gd._validation import InvalidParameterError, real
from sklearn_gd.losses import Logistic, Loss, Softmax
from sklearn_gd.objective import NOISE_ULPS


class Rows(NamedTuple):
    """Rows ready for an objective; the target is encoded, weights may be None (all one)."""

    X: Any
    y: NDArray
    weight: NDArray | None

    def take(self, index) -> "Rows":
        """Some of the rows."""
        weight = None if self.weight is None else self.weight[index]
        return Rows(self.X[index], self.y[index], weight)


class Coding(ABC):
    """How K classes become columns of raw predictions, and back.

    ``codes`` are the positions of labels in ``classes_``; for multilabel targets they are the
    indicator matrix itself.
    """

    loss: Loss

    def __init__(self, n_classes: int):
        self.n_classes = n_classes

    @property
    def n_outputs(self) -> int:
        """Columns of raw predictions."""
        return self.n_classes

    @abstractmethod
    def encode(self, codes: NDArray, dtype) -> NDArray:
        """Codes as the target of the loss."""

    def decode(self, y: NDArray, classes: NDArray) -> NDArray:
        """The inverse of ``encode``, as labels."""
        return classes[self.groups(y)]

    @abstractmethod
    def groups(self, y: NDArray) -> NDArray | None:
        """Codes of an encoded target; None for multilabel targets, which have none."""

    def decision(self, raw: NDArray) -> NDArray:
        """What decision_function returns."""
        return raw

    def decide(self, raw: NDArray) -> NDArray:
        """The codes that raw predictions stand for."""
        return raw.argmax(axis=1)

    @abstractmethod
    def probabilities(self, raw: NDArray) -> NDArray:
        """Probability of each class, (n, K)."""


class Binary(Coding):
    """Two classes, one sigmoid: the probability of the second class."""

    loss = Logistic()
    n_outputs = 1

    def encode(self, codes, dtype):
        return (codes == 1).astype(dtype)[:, np.newaxis]

    def groups(self, y):
        return y[:, 0].astype(np.intp)

    def decision(self, raw):
        return raw[:, 0]

    def decide(self, raw):
        return (raw[:, 0] > 0).astype(np.intp)

    def probabilities(self, raw):
        return self.loss.inverse_link(np.hstack([-raw, raw]))


class OneVsRest(Coding):
    """A sigmoid for each class against all others; probabilities are made to add up to one."""

    loss = Logistic()

    def encode(self, codes, dtype):
        return (codes[:, np.newaxis] == np.arange(self.n_classes)).astype(dtype)

    def groups(self, y):
        return y.argmax(axis=1)

    def probabilities(self, raw):
        # log sigmoid, then softmax: rows add up to one even where every sigmoid is zero
        log_sigmoid = np.minimum(raw, 0) - np.log1p(np.exp(-np.abs(raw)))
        return Softmax().inverse_link(log_sigmoid)


class Multinomial(Coding):
    """A softmax over all classes."""

    loss = Softmax()

    def encode(self, codes, dtype):
        return codes

    def groups(self, y):
        return y

    def probabilities(self, raw):
        return self.loss.inverse_link(raw)


class Multilabel(Coding):
    """A sigmoid for each label, independent of the others."""

    loss = Logistic()

    def encode(self, codes, dtype):
        return codes.astype(dtype)

    def decode(self, y, classes):
        return y.astype(np.intp)

    def groups(self, y):
        return None

    def decide(self, raw):
        return (raw > 0).astype(np.intp)

    def probabilities(self, raw):
        return self.loss.inverse_link(raw)


def label_codes(y: NDArray, classes: NDArray, owner: str, advice: str) -> NDArray:
    """Positions of labels in ``classes``; an unseen label is an error that names it."""
    codes = np.searchsorted(classes, y)
    codes[codes == len(classes)] = 0
    unseen = np.unique(y[classes[codes] != y])
    if unseen.size:
        raise ValueError(
            f"y contains labels that {owner} has not been told of: {unseen.tolist()}. Its classes "
            f"are {classes.tolist()}; {advice}."
        )
    return codes


def indicator(y) -> NDArray:
    """A multilabel target as a dense 0/1 matrix."""
    return y.toarray() if sp.issparse(y) else np.asarray(y)


def check_weight(sample_weight, n_samples: int, *, allow_zero: bool = False) -> NDArray | None:
    """Sample weights as float64 (n,); None where all are one."""
    if sample_weight is None:
        return None
    if np.isscalar(sample_weight):
        raise ValueError(
            f"sample_weight must have shape ({n_samples},), a weight for each row; "
            f"got the number {sample_weight!r}."
        )
    weight = np.asarray(sample_weight, dtype=np.float64)
    if weight.shape != (n_samples,):
        raise ValueError(
            f"sample_weight must have shape ({n_samples},), a weight for each row; "
            f"got shape {weight.shape}."
        )
    if not np.isfinite(weight).all():
        raise ValueError("sample_weight contains NaN or infinity; weights must be finite.")
    if (weight < 0).any():
        raise ValueError(
            f"sample_weight must not be negative; the smallest is {weight.min():g}. "
            "A weight of 0 leaves the row out."
        )
    if not weight.any() and not allow_zero:
        raise ValueError("sample_weight: all weights are zero, so there is nothing to fit.")
    return None if (weight == 1).all() else weight


def class_weights(class_weight, classes: NDArray, totals: NDArray, owner: str) -> NDArray:
    """The factor of each class, in the order of ``classes``.

    "balanced" is S / (K S_k), S_k the weight ``totals`` of class k and K the number of classes
    that have any: every class then weighs the same.
    """
    if isinstance(class_weight, str):
        present = totals > 0
        factors = np.zeros(len(classes))
        factors[present] = totals.sum() / (present.sum() * totals[present])
        return factors
    unknown = [label for label in class_weight if label not in set(classes.tolist())]
    if unknown:
        raise ValueError(
            f"The 'class_weight' parameter of {owner} names classes that y does not have: "
            f"{unknown}. The classes are {classes.tolist()}."
        )
    factors = [class_weight.get(label, 1.0) for label in classes.tolist()]
    if not all(real(0).allows(factor) for factor in factors):
        raise InvalidParameterError(
            f"The 'class_weight' parameter of {owner} must have finite weights >= 0. "
            f"Got {class_weight!r} instead."
        )
    return np.array(factors, dtype=np.float64)


def split_rows(
    n_samples: int, groups: NDArray | None, fraction: float, rng: np.random.Generator
) -> tuple[NDArray, NDArray]:
    """Indices of training and validation rows, drawn in each group apart.

    A group of one stays in training: a class that is not trained cannot be predicted.
    """
    groups = np.zeros(n_samples, dtype=int) if groups is None else groups
    held_out = np.zeros(n_samples, dtype=bool)
    for group in np.unique(groups):
        members = rng.permutation(np.flatnonzero(groups == group))
        size = max(round(fraction * len(members)), 1) if len(members) > 1 else 0
        held_out[members[: min(size, len(members) - 1)]] = True
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def validation_set(X_val, y_val, sample_weight_val):
    """The user's validation rows, or None."""
    if X_val is None and y_val is None and sample_weight_val is None:
        return None
    if X_val is None or y_val is None:
        raise ValueError("X_val and y_val must be passed together.")
    return X_val, y_val, sample_weight_val


def positive_rows(X, y, weight) -> Rows:
    """The rows that count; weights in the precision of X."""
    if weight is None:
        return Rows(X, y, None)
    if (weight == 0).any():
        keep = weight > 0
        X, y, weight = X[keep], y[keep], weight[keep]
    if X.dtype != weight.dtype:
        # only proportions count; around one they survive float32
        weight = (weight / weight.mean()).astype(X.dtype) if weight.size else weight
    return Rows(X, y, None if (weight == 1).all() else weight)


def spread_and_resolution(rows) -> tuple[float, float]:
    """The mean standard deviation of the target's columns, and what is rounding in them."""
    if rows.y.ndim == 1:
        return 1.0, 0.0
    mean = np.average(rows.y, axis=0, weights=rows.weight)
    variance = np.average((rows.y - mean) ** 2, axis=0, weights=rows.weight)
    resolution = NOISE_ULPS * np.finfo(rows.y.dtype).eps * np.abs(rows.y).max()
    return float(np.sqrt(variance).mean()), float(resolution)
