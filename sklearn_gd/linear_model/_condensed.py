"""Few rows in place of many, where the loss is quadratic."""

import numpy as np

from sklearn_gd.data import ArraySource, Source

# Fewer rows than this for each column, or more columns, are not worth a matrix over the columns.
ROWS_PER_COLUMN, MAX_COLUMNS = 4, 1024


def condensed(source: Source, loss) -> Source:
    r"""Rows of the same weight, mean and covariance, so of the same mean loss for all params.

    For p columns of features and targets together, with mean m and covariance :math:`L L^T`, they
    are the 2 p points :math:`m \pm \sqrt{p}\,L_j`. The source itself where the loss is not
    quadratic, where rows are sparse, or few for their columns.

    References
    ----------
    Julier and Uhlmann (1997), "A new extension of the Kalman filter to nonlinear systems", for such
    sigma points.
    """
    if not loss.is_quadratic or source.is_sparse:
        return source
    targets, _ = source.targets()
    size, d = source.n_features + targets.shape[1], source.n_features
    if size > MAX_COLUMNS or source.n_samples < ROWS_PER_COLUMN * size:
        return source
    (mean,) = source.map_reduce(_sum)
    mean /= source.weight_sum
    (scatter,) = source.map_reduce(_scatter, mean)
    root = np.sqrt(size) * _square_root(scatter / source.weight_sum)
    rows = np.vstack([mean + root.T, mean - root.T])
    weight = np.full(2 * size, source.weight_sum / (2 * size))
    return ArraySource(np.ascontiguousarray(rows[:, :d]), rows[:, d:], weight)


def _table(batch):
    """Features and targets in float64, whose squares do not overflow."""
    return np.hstack([batch.X, batch.y], dtype=np.float64)


def _sum(batch):
    return (batch.weighted(_table(batch)).sum(axis=0),)


def _scatter(batch, mean):
    root = _table(batch) - mean
    if batch.weight is not None:
        root *= np.sqrt(batch.weight)[:, np.newaxis]
    return (root.T @ root,)


def _square_root(covariance):
    """A matrix L with L L' = covariance, which may be singular."""
    diagonal = np.diagonal(covariance)
    scale = np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    values, vectors = np.linalg.eigh(covariance / np.outer(scale, scale))
    return scale[:, np.newaxis] * vectors * np.sqrt(np.maximum(values, 0.0))
