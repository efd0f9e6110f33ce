"""The first pass over chunks: what they hold is checked, counted and summed up."""

import pickle
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.utils import assert_all_finite, check_array, column_or_1d
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from sklearn_gd._estimators.coding import indicator, label_codes
from sklearn_gd._estimators.rows import check_weight
from sklearn_gd.data import float_type
from sklearn_gd.data.chunked_source import RawChunk, in_chunk
from sklearn_gd.data.chunks import ChunkRows, ChunkTarget

FLOATS = (np.float64, np.float32)
MULTILABEL = "multilabel-indicator"


class ReadChunk(NamedTuple):
    """A chunk with its features as an array or CSR matrix of floats."""

    X: Any
    y: Any
    sample_weight: Any
    # as the user gave it, where columns have names
    given: Any
    names: list | None


class Weights(NamedTuple):
    """What rows weigh, label by label; numbers are as of one label. Rows of weight 0 are not in."""

    total: NDArray
    n_rows: NDArray
    lowest: NDArray
    highest: NDArray


class ChunkFacts(NamedTuple):
    """What one chunk says of all rows."""

    position: int
    shape: tuple[int, int]
    dtype: np.dtype
    is_sparse: bool
    n_entries: int
    head: Any
    names: list | None
    # labels of the chunk; None for numbers and for a matrix of labels
    labels: NDArray | None
    n_columns: int | None
    weights: Weights
    is_weighted: bool


class Surveyed(NamedTuple):
    """Targets of a chunk as they are, labels by their position in ``facts.labels``."""

    facts: ChunkFacts
    y: NDArray
    weight: NDArray | None


class Survey:
    """All chunks, read once.

    Parameters
    ----------
    engine : Engine
    raw : list
        Handles of raw chunks.
    is_y_numeric : bool
        Whether targets are numbers, and not labels.

    Attributes
    ----------
    facts : list of ChunkFacts
        Of the chunks that have rows.
    labels : ndarray or None
    weights : Weights
        In the order of ``labels``.
    """

    def __init__(self, engine, raw: list, is_y_numeric: bool):
        self._engine = engine
        numbers = range(len(raw))
        self._rows = engine.hold(engine.each(read, raw, numbers))
        self._surveyed = engine.keep(
            engine.each(survey, self._rows, numbers, common=(is_y_numeric,))
        )
        facts = engine.gather(engine.each(_facts_of, self._surveyed))
        self._is_used = [fact.shape[0] > 0 for fact in facts]
        self.facts = [fact for fact in facts if fact.shape[0]]
        if not self.facts:
            raise ValueError("The chunks have no rows: there is nothing to fit.")
        for fact in facts:
            _check_alike(fact, self.facts[0])
        self.labels, self.weights = _united(self.facts)
        self.is_weighted = any(fact.is_weighted for fact in self.facts)
        self.first = self.facts[0]

    def encoded(self, encoder: "TargetEncoder", width: int, groups, prototypes) -> ChunkRows:
        """The source of the chunks, whose targets an encoder has encoded."""
        engine = self._engine
        rows, surveyed = (
            [item for item, used in zip(column, self._is_used, strict=True) if used]
            for column in (self._rows, self._surveyed)
        )
        n_rows = sum(fact.shape[0] for fact in self.facts)
        n_entries = sum(fact.n_entries for fact in self.facts)
        return ChunkRows(
            engine,
            engine.each(_features_of, rows),
            engine.keep(engine.each(encoder, surveyed)),
            self.first.shape[1],
            encoder.dtype,
            self.first.is_sparse,
            n_entries / (n_rows * self.first.shape[1]),
            width,
            groups,
            prototypes,
        )


@dataclass(frozen=True)
class TargetEncoder:
    """From the targets of a chunk to those that a loss sees: the same for each chunk.

    Parameters
    ----------
    coding : Coding
    dtype : numpy.dtype
        Of the features.
    classes : ndarray or None
        Known classes; None where targets are no labels.
    factors : ndarray or None
        Weight of each class.
    unit : float
        Weights are divided by it.
    is_weighted : bool
        Whether any row has another weight than 1.
    """

    coding: Any
    dtype: np.dtype
    classes: NDArray | None
    factors: NDArray | None
    unit: float
    is_weighted: bool

    def __call__(self, surveyed: Surveyed) -> ChunkTarget:
        facts, y, weight = surveyed
        if self.classes is not None and facts.labels is not None:
            y = label_codes(facts.labels, self.classes, "")[y]
        if self.factors is not None:
            weight = self.factors[y] * (1.0 if weight is None else weight)
        rows = None
        if weight is not None and (weight == 0).any():
            rows = np.flatnonzero(weight > 0)
            y, weight = y[rows], weight[rows]
        weight = self._scaled(weight, len(y))
        totals = None
        if self.classes is not None:
            totals = np.bincount(y, weight, len(self.classes))
        encoded = self.coding.encode(y, self.dtype)
        return ChunkTarget(facts.position, facts.shape[0], encoded, weight, rows, totals)

    def _scaled(self, weight, n_rows):
        if not self.is_weighted:
            return None
        weight = np.ones(n_rows) if weight is None else weight
        return (weight / self.unit).astype(self.dtype, copy=False)


def weight_unit(dtype, weights: Weights, factors: NDArray) -> tuple[float, bool]:
    """What weights are divided by, and whether any is then not 1.

    ``factors`` are those of the labels of ``weights``. In float32 it is the mean, as only
    proportions count, and around one they survive.
    """
    used = (weights.n_rows > 0) & (factors > 0)
    if not used.any():
        return 1.0, False
    total, count = (factors * weights.total)[used].sum(), weights.n_rows[used].sum()
    unit = 1.0 if dtype == np.float64 else float(total / count)
    extremes = [(factors * end)[used] / unit for end in (weights.lowest, weights.highest)]
    return unit, any((end.astype(dtype) != 1).any() for end in extremes)


# What is called where the chunks are


def read(raw: RawChunk, index: int) -> ReadChunk:
    """The features of a chunk as floats."""
    with in_chunk(index):
        names = list(raw.X.columns) if hasattr(raw.X, "columns") else None
        if names is not None:
            _check_columns(raw.X)
        X = check_array(
            raw.X,
            accept_sparse="csr",
            dtype=FLOATS,
            ensure_all_finite=False,
            ensure_min_samples=0,
            input_name="X",
        )
        return ReadChunk(X, raw.y, raw.sample_weight, X if names is None else raw.X, names)


def survey(rows: ReadChunk, index: int, is_y_numeric: bool) -> Surveyed:
    """Check a chunk, and sum it up."""
    with in_chunk(index):
        X = rows.X
        assert_all_finite(X, input_name="X")
        if rows.y is None:
            raise ValueError("it has no y, and a fit needs (X, y).")
        labels, y = (None, _numbers(rows.y)) if is_y_numeric else _labels(rows.y)
        if len(y) != X.shape[0]:
            raise ValueError(f"X has {X.shape[0]} rows, and y has {len(y)}.")
        weight = check_weight(rows.sample_weight, len(y), allow_zero=True)
        weight = None if weight is None else weight.copy()
        codes = y if labels is not None else np.zeros(len(y), np.intp)
        return Surveyed(
            ChunkFacts(
                position=index,
                shape=X.shape,
                dtype=float_type(X.dtype),
                is_sparse=sp.issparse(X),
                n_entries=X.nnz if sp.issparse(X) else X.size,
                head=_copied(rows.given[:1]),
                names=rows.names,
                labels=labels,
                n_columns=y.shape[1] if y.ndim == 2 else None,
                weights=_weights(codes, weight, 1 if labels is None else len(labels)),
                is_weighted=weight is not None,
            ),
            y,
            weight,
        )


def _check_columns(X):
    """Raise for columns that are no numbers, as categories are."""
    types = dict(zip(X.columns, X.dtypes, strict=True))
    # types of pandas, of NumPy and of polars
    odd = [
        str(name)
        for name, kind in types.items()
        if getattr(kind, "kind", "") not in "biuf" and not _is_numeric(kind)
    ]
    if odd:
        raise ValueError(
            f"columns {odd} are of type {[str(types[name]) for name in odd]}, and features must "
            "be numbers: encode categories, for example as one column for each."
        )


def _is_numeric(kind):
    of_polars = getattr(kind, "is_numeric", None)
    return of_polars is not None and (of_polars() or str(kind) == "Boolean")


def _numbers(y):
    options = {"ensure_2d": False, "dtype": "numeric", "ensure_min_samples": 0}
    # a copy, as y may be a column of the chunk, which would stay in memory with it
    return np.array(check_array(y, input_name="y", **options))


def _labels(y):
    """Labels and their codes; None and the 0/1 matrix where rows have several labels."""
    y = y if sp.issparse(y) else np.asarray(y)
    if not y.shape[0]:
        return np.empty(0, y.dtype), np.empty(0, np.intp)
    if y.ndim == 1:
        assert_all_finite(y, input_name="y")
    kind = type_of_target(y, input_name="y")
    if kind == MULTILABEL:
        return None, indicator(y)
    y = column_or_1d(y, warn=True)
    check_classification_targets(y)
    labels, codes = np.unique(y, return_inverse=True)
    return labels, codes.astype(np.min_scalar_type(len(labels)))


def _weights(codes, weight, n_labels):
    """What rows weigh, label by label."""
    if weight is None:
        count = np.bincount(codes, minlength=n_labels)
        return Weights(count.astype(float), count, np.ones(n_labels), np.ones(n_labels))
    lowest, highest = np.full(n_labels, np.inf), np.zeros(n_labels)
    is_used = weight > 0
    np.minimum.at(lowest, codes[is_used], weight[is_used])
    np.maximum.at(highest, codes, weight)
    total = np.bincount(codes, weight, n_labels)
    return Weights(total, np.bincount(codes[is_used], minlength=n_labels), lowest, highest)


def _copied(rows):
    """A copy of some rows without the table that they are part of, of any library."""
    return pickle.loads(pickle.dumps(rows))


def _features_of(rows):
    return rows.X


def _facts_of(surveyed):
    return surveyed.facts


# What chunks say together


def _check_alike(fact, first):
    """Raise for a chunk that does not fit to the first one."""
    with in_chunk(fact.position):
        if fact.shape[1] != first.shape[1]:
            raise ValueError(
                f"X has {fact.shape[1]} features, and chunk {first.position} has {first.shape[1]}."
            )
        if not fact.shape[0]:
            return
        kinds = [f"{'sparse' if f.is_sparse else 'dense'} {f.dtype}" for f in (fact, first)]
        if kinds[0] != kinds[1]:
            raise ValueError(f"X is {kinds[0]}, and that of chunk {first.position} {kinds[1]}.")
        if fact.names != first.names:
            raise ValueError(
                f"the columns of X are {fact.names}, and those of chunk {first.position} "
                f"{first.names}."
            )
        if fact.n_columns != first.n_columns:
            columns = [n or "no" for n in (fact.n_columns, first.n_columns)]
            raise ValueError(
                f"y has {columns[0]} columns, and that of chunk {first.position} {columns[1]}."
            )
        if first.labels is not None and _kind(fact.labels) != _kind(first.labels):
            raise ValueError(
                f"labels are of type {fact.labels.dtype}, and those of chunk {first.position} "
                f"{first.labels.dtype}."
            )


def _kind(labels):
    """Numbers, or the kind of something else: these are not compared with each other."""
    return "number" if labels.dtype.kind in "biuf" else labels.dtype.kind


def _united(facts):
    """The labels of all chunks, and what rows weigh by label."""
    labels = None
    if facts[0].labels is not None:
        labels = np.unique(np.concatenate([fact.labels for fact in facts]))
    n_labels = 1 if labels is None else len(labels)
    all_of = Weights(
        np.zeros(n_labels),
        np.zeros(n_labels, dtype=np.intp),
        np.full(n_labels, np.inf),
        np.zeros(n_labels),
    )
    for fact in facts:
        at = slice(None) if labels is None else np.searchsorted(labels, fact.labels)
        all_of.total[at] += fact.weights.total
        all_of.n_rows[at] += fact.weights.n_rows
        all_of.lowest[at] = np.minimum(all_of.lowest[at], fact.weights.lowest)
        all_of.highest[at] = np.maximum(all_of.highest[at], fact.weights.highest)
    return labels, all_of
