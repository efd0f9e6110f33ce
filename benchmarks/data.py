"""Random data of a fixed seed; labels are drawn from the model, so that no problem is separable."""

import numpy as np
import scipy.sparse as sp
from scipy.special import expit, softmax

from benchmarks.core import Problem

SEED = 0
FACTORS = 5
SIGNAL = 2.0


def features(rng, rows, columns, out_scale=None):
    """Correlated columns of mean 0 and variance 1."""
    X = rng.standard_normal((rows, columns))
    X += rng.standard_normal((rows, FACTORS)) @ rng.normal(scale=0.5, size=(FACTORS, columns))
    X -= X.mean(axis=0)
    X /= X.std(axis=0)
    if out_scale is not None:
        X *= out_scale
    return X


def text(rng, rows, columns, per_row):
    """Like tf-idf: Zipf's law over columns, positive values, rows of length 1."""
    rank = rng.permutation(columns)
    # words repeat in a row; so many draws leave about ``per_row`` different ones
    draws = int(1.07 * per_row)
    law = 1 / (np.arange(columns) + 10.0)
    words = rng.choice(columns, size=(rows, draws), p=law / law.sum())
    row = np.repeat(np.arange(rows), draws)
    counts = sp.csr_matrix((np.ones(rows * draws), (row, rank[words].ravel())), (rows, columns))
    frequency = np.bincount(counts.indices, minlength=columns)
    counts.data = (1 + np.log(counts.data)) * np.log((1 + rows) / (1 + frequency))[counts.indices]
    length = np.sqrt(np.asarray(counts.multiply(counts).sum(axis=1)).ravel())
    counts.data /= np.repeat(np.maximum(length, 1e-12), np.diff(counts.indptr))
    counts.sort_indices()
    return counts


def raw_prediction(rng, X, outputs=1, zeros=0.0):
    """Of a random linear model of spread SIGNAL, whose first weights, a share of ``zeros``, are 0.

    Its mean is 0 without an intercept, so that peers that penalise theirs come to our optimum.
    """
    W = rng.standard_normal((X.shape[1], outputs))
    W[: int(zeros * len(W))] = 0
    mean = np.asarray(X.mean(axis=0)).ravel()[:, np.newaxis] * (W != 0)
    W -= mean * (mean * W).sum(axis=0) / np.maximum((mean**2).sum(axis=0), 1e-300)
    raw = np.asarray(X @ W)
    return SIGNAL * raw / raw.std(axis=0)


def labels(rng, raw):
    """Drawn with the probabilities of the logistic or softmax model."""
    if raw.shape[1] == 1:
        return (rng.random(len(raw)) < expit(raw[:, 0])).astype(np.int64)
    return (softmax(raw, axis=1).cumsum(axis=1) < rng.random((len(raw), 1))).sum(axis=1)


def problem(kind, X, rng, alpha=None, *, classes=2, zeros=0.0, fit_intercept=True):
    """A target for ``X``; alpha None: 1 / n, which is C = 1."""
    raw = raw_prediction(rng, X, classes if classes > 2 else 1, zeros)
    if kind.loss == "squared":
        y = raw[:, 0] + 3 + rng.standard_normal(len(raw))
    else:
        y = labels(rng, raw)
    return Problem(kind, X, y, 1 / len(y) if alpha is None else alpha, fit_intercept)


def dense(kind, rows, columns, *, alpha=None, spread=0, classes=2, fit_intercept=True):
    """Dense columns, in units from 10^-spread to 10^spread."""
    rng = np.random.default_rng(SEED)
    scale = 10 ** rng.uniform(-spread, spread, columns) if spread else None
    X = features(rng, rows, columns, scale)
    return problem(kind, X, rng, alpha, classes=classes, fit_intercept=fit_intercept)


def sparse(kind, rows, columns, per_row, *, alpha=None):
    """Text-like rows."""
    rng = np.random.default_rng(SEED)
    return problem(kind, text(rng, rows, columns, per_row), rng, alpha)
