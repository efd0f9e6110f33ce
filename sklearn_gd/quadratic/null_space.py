"""Coefficients that rows do not determine: directions in which no prediction changes."""

import numpy as np
from numpy.typing import NDArray

from sklearn_gd.quadratic.block_sums import gram
from sklearn_gd.quadratic.curvature import MAX_COEFFICIENTS

# An eigenvalue of a matrix with unit diagonal is rounding below this many units in the last place
# of its order; the matrix is added up in float64, from features whose rounding enters squared.
ULPS = 10
# A matrix whose pivots are this many times as large is far from singular.
SAFE = 1e4
# A sample of this many rows for each coefficient determines them all, unless something is amiss.
ROWS_PER_COEFFICIENT = 4
# A prediction is zero below this many units in the last place of its terms.
RAW_ULPS = 1000


def undetermined(source, model) -> NDArray | None:
    """Directions (p, r) of the coefficients of a linear model that change no prediction.

    None if there are none, or too many coefficients to see. Where a sample of the rows determines
    all coefficients, all rows do.
    """
    if model.n_coefficients > MAX_COEFFICIENTS:
        return None
    size = ROWS_PER_COEFFICIENT * model.n_coefficients
    samples = [source.sample(size)] if size < source.n_samples else []
    for rows in (*samples, source):
        rows.count(1)
        (total,) = rows.map_reduce(gram, model)
        vectors = _null_vectors(total[0] / rows.weight_sum, rows.dtype, model.n_features)
        if not vectors.size:
            return None
    vectors = _confirmed(vectors, source, model.n_features)
    return vectors if vectors.size else None


def _null_vectors(matrix, dtype, n_features):
    """Of X'X, made of features in a precision.

    A column of zeros, and a constant one beside an intercept, have a vector of their own, so that
    all others leave them out.
    """
    size = len(matrix)
    diagonal = np.diagonal(matrix)
    is_zero = diagonal <= float(np.finfo(dtype).tiny) ** 2
    scale = 1 / np.sqrt(np.where(is_zero, 1.0, diagonal))
    scaled = matrix * scale * scale[:, np.newaxis]
    smallest = ULPS * size * np.finfo(np.float64).eps + (ULPS * float(np.finfo(dtype).eps)) ** 2
    constant = is_zero
    constant[:n_features] |= (1 - scaled[:n_features, n_features:] ** 2 <= smallest).any(axis=1)
    vectors = np.eye(size)[:, constant]
    vectors[n_features:] = -scaled[n_features:, constant]
    scaled[constant] = scaled[:, constant] = 0.0
    scaled[constant, constant] = 1.0
    if not _is_regular(scaled, smallest):
        values, others = np.linalg.eigh(scaled)
        others = others[:, values <= smallest * max(values[-1], 1.0)]
        # an entry that is rounding would couple columns that have nothing in common
        others[np.abs(others) <= smallest] = 0.0
        vectors = np.hstack([vectors, others])
    return scale[:, np.newaxis] * vectors


def _is_regular(matrix, smallest):
    try:
        return np.diagonal(np.linalg.cholesky(matrix)).min() ** 2 > SAFE * smallest
    except np.linalg.LinAlgError:
        return False


def _confirmed(vectors, source, n_features):
    """Those of some null vectors that change no prediction of the rows beyond rounding.

    A column far from zero may look like the intercept in X'X, and is not.
    """
    source.count(0.5)
    images, terms = zip(*source.map(_image, vectors, n_features), strict=True)
    limit = RAW_ULPS * float(np.finfo(source.dtype).eps)
    return vectors[:, np.max(images, axis=0) <= limit * np.max(terms, axis=0)]


def _image(block, vectors, n_features):
    head, level = vectors[:n_features], vectors[n_features:].sum(axis=0)
    image = np.abs(block.X @ head + level).max(axis=0)
    return image, (np.abs(block.X) @ np.abs(head) + np.abs(level)).max(axis=0)


def nearest(table: NDArray, anchor: NDArray, vectors: NDArray, unit: NDArray) -> NDArray:
    """The coefficients (p, k) of the same predictions whose weights are nearest to the anchor's.

    The distance is one of weights times their ``unit`` (d, 1).
    """
    n_features = len(unit)
    vectors = vectors / np.linalg.norm(unit * vectors[:n_features], axis=0)
    orthogonal, triangle = np.linalg.qr(unit * vectors[:n_features])
    apart = orthogonal.T @ (unit * (table - anchor)[:n_features])
    return table - vectors @ np.linalg.lstsq(triangle, apart, rcond=None)[0]
