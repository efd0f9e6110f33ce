"""Chunks in place of arrays: what they are known by, and predictions and scores of each."""

import sys
import warnings
from collections.abc import Callable
from copy import copy
from functools import wraps

import numpy as np
from sklearn.metrics import accuracy_score
from sklearn.utils.validation import check_is_fitted

from sklearn_gd.data.chunked_source import ChunkedSource, in_chunk

# What a prediction does not need, and what grows with the length of a fit.
NOT_FOR_PREDICTION = ("_fitted", "history_", "loss_curve_", "validation_scores_")


def as_chunks(X, y, sample_weight):
    """X, y and weights as chunks with an engine; None if they are arrays."""
    if isinstance(X, ChunkedSource):
        for name, value in (("y", y), ("sample_weight", sample_weight)):
            if value is not None:
                raise ValueError(
                    f"{name} was passed in addition to a ChunkedSource, whose chunks hold X, y and "
                    "sample_weight: pass the source alone."
                )
        return X
    if is_dask(X):
        from sklearn_gd.data.on_dask import DaskRows

        return DaskRows(X, y, sample_weight)
    return None


def is_dask(X) -> bool:
    """Whether X is a collection of dask, which then has been imported."""
    dask = sys.modules.get("dask")
    return dask is not None and dask.is_dask_collection(X)


def by_chunk(method: Callable) -> Callable:
    """Let a method of rows X take chunks too.

    Of a ChunkedSource it returns an iterator, one array a chunk; of a dask collection a dask array
    that is not computed yet.
    """

    @wraps(method)
    def of_rows(self, X):
        if isinstance(X, ChunkedSource):
            check_is_fitted(self)
            return (_of_chunk(method, self, X, index) for index in range(len(X)))
        if is_dask(X):
            return _on_dask(method, self, X)
        return method(self, X)

    return of_rows


def _of_chunk(method, estimator, source, index):
    with in_chunk(index):
        X = source.chunk(index).X
        return method(estimator, X) if np.shape(X)[0] else _of_no_rows(method, estimator, X)


def _of_no_rows(method, estimator, X):
    """What a method returns of no rows, for which no array is valid: that of one, without it."""
    row = np.zeros((1, estimator.n_features_in_), _dtype_of(X))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "X does not have valid feature names")
        return method(estimator, row)[:0]


def _dtype_of(X):
    """The type of float of an array, or of all columns of a table."""
    types = set(getattr(X, "dtypes", [getattr(X, "dtype", np.float64)]))
    return np.float32 if types == {np.dtype(np.float32)} else np.float64


def _on_dask(method, estimator, X):
    from sklearn_gd.data.on_dask import lazily

    check_is_fitted(estimator)
    if X.shape[1] != estimator.n_features_in_:
        raise ValueError(
            f"X has {X.shape[1]} features, but {type(estimator).__name__} is expecting "
            f"{estimator.n_features_in_} features as input."
        )
    like = _of_no_rows(method, estimator, X)
    return lazily(_predicted, X, like, for_prediction(estimator), method.__name__)


def _predicted(X, estimator, name):
    """A method of rows that may be none, called where the rows are."""
    method = getattr(type(estimator), name)
    return (
        method(estimator, X) if len(X.shape) and X.shape[0] else _of_no_rows(method, estimator, X)
    )


def for_prediction(estimator):
    """A copy without what a prediction does not need, to be sent elsewhere."""
    sent = copy(estimator)
    for name in NOT_FOR_PREDICTION:
        vars(sent).pop(name, None)
    return sent


# Scores


def chunk_scores(estimator, chunks, function: Callable) -> list:
    """``function(predictions, y, weight)`` of each chunk that has rows."""
    check_is_fitted(estimator)
    engine, raw = chunks.engine, chunks.raw()
    common = (for_prediction(estimator), function)
    return [
        found
        for found in engine.gather(engine.each(_score, raw, range(len(raw)), common=common))
        if found is not None
    ]


def _score(raw, index, estimator, function):
    with in_chunk(index):
        if raw.y is None:
            raise ValueError("it has no y, and a score needs (X, y).")
        if not len(raw.y):
            return None
        weight = raw.sample_weight
        return function(estimator.predict(raw.X), np.asarray(raw.y), weight)


def hits(predicted, y, weight):
    """The weight of rows with the right labels, and that of all rows."""
    total = float(len(y) if weight is None else np.sum(weight))
    share = accuracy_score(y, predicted, sample_weight=weight) if total else 0.0
    return share * total, total


def accuracy(parts: list) -> float:
    """The accuracy over all chunks."""
    right, total = np.sum(parts, axis=0)
    return float(right / total)


def squares(predicted, y, weight):
    """Of each column: weight, mean of y, its squared deviations and those from predictions."""
    weight = np.ones(len(y)) if weight is None else np.asarray(weight, dtype=np.float64)
    y = y.astype(np.float64).reshape(len(y), -1)
    total = weight.sum()
    mean = weight @ y / total if total else np.zeros(y.shape[1])
    errors = weight @ (y - predicted.reshape(y.shape)) ** 2
    return total, mean, weight @ (y - mean) ** 2, errors


def r2(parts: list) -> float:
    """The coefficient of determination over all chunks, averaged over columns.

    Deviations of chunks are put together as by Chan, Golub and LeVeque (1983). A constant column
    counts as in :func:`sklearn.metrics.r2_score`: 1 if it is predicted, and 0 if not.
    """
    total, mean, deviations, errors = parts[0]
    for more, its_mean, its_deviations, its_errors in parts[1:]:
        both = total + more
        if both == 0:
            continue
        step = its_mean - mean
        deviations = deviations + its_deviations + step**2 * (total * more / both)
        mean = mean + step * (more / both)
        errors, total = errors + its_errors, both
    scores = np.where(errors == 0, 1.0, 0.0)
    np.divide(errors, deviations, out=scores, where=deviations > 0)
    return float(np.where(deviations > 0, 1 - scores, scores).mean())
