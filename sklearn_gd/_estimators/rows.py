"""From what the user passes to rows: what they are for, what they weigh, and their source."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklearn_gd._validation import InvalidParameterError, real
from sklearn_gd.data import ArraySource, MappedRows, RowMatrix


@dataclass(frozen=True)
class Role:
    """What rows are for: whether features and classes are learnt or compared, and so on."""

    is_first: bool
    is_training: bool = True
    is_chunk: bool = False


FIT = Role(is_first=True)
FIRST_CHUNK = Role(is_first=True, is_chunk=True)
NEXT_CHUNK = Role(is_first=False, is_chunk=True)
VALIDATION = Role(is_first=False, is_training=False)


class Target(NamedTuple):
    """What fit passes on as y where there is an offset."""

    y: Any
    offset: Any


def as_matrix(X) -> RowMatrix | None:
    """X as a matrix that is read row by row; None if it is to be an array."""
    if isinstance(X, np.memmap) and X.ndim == 2 and np.issubdtype(X.dtype, np.floating):
        return MappedRows(X)
    return X if isinstance(X, RowMatrix) else None


def check_finite(source: ArraySource, name: str) -> None:
    """Raise for a block of a row matrix that holds NaN or infinity."""
    for start, is_finite in source.map(_is_finite):
        if not is_finite:
            raise ValueError(
                f"{name} contains NaN or infinity in the rows from {start} to "
                f"{min(start + source.block_rows, source.n_samples) - 1}."
            )


def _is_finite(block):
    data = getattr(block.X, "data", block.X) if hasattr(block.X, "indptr") else block.X
    return block.positions.start, bool(np.isfinite(data).all())


def weighted_source(X, y: NDArray, weight: NDArray | None, width: int) -> ArraySource:
    """The rows of positive weight; weights in the precision of X, None if all are one."""
    source = ArraySource(X, y, width=width)
    if weight is None:
        return source
    if (weight == 0).any():
        positions = np.flatnonzero(weight > 0)
        source, weight = source.take(positions), weight[positions]
    if source.dtype != weight.dtype and weight.size:
        # only proportions count; around one they survive float32
        weight = (weight / weight.mean()).astype(source.dtype)
    weight = None if (weight == 1).all() else weight
    return ArraySource(source.X, source.y, weight, width=width)


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
    return weight


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
    unnamed = [label for label in classes.tolist() if label not in class_weight]
    # a class that a fold of cross-validation lacks is no mistake, unless another one has no weight
    if unknown and unnamed:
        raise ValueError(
            f"The 'class_weight' parameter of {owner} names classes that y does not have, "
            f"{unknown}, and does not name {unnamed}. The classes are {classes.tolist()}."
        )
    given = [class_weight.get(label, 1.0) for label in classes.tolist()]
    if not all(real(0).allows(factor) for factor in given):
        raise InvalidParameterError(
            f"The 'class_weight' parameter of {owner} must have finite weights >= 0. "
            f"Got {class_weight!r} instead."
        )
    return np.array(given, dtype=np.float64)
