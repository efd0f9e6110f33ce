"""Absolute penalties: logistic regression and the lasso, dense and sparse.

The logistic problems have no intercept: celer has none, liblinear penalises it, and half of the
peers would solve another problem.
"""

from functools import partial

import numpy as np

from benchmarks import data, peers
from benchmarks.core import Case, Faster, Kind, Workload

# Share of the smallest strength at which all weights are zero.
STRENGTH = 0.02
ZEROS = 0.5


def problem(kind, rows, columns, per_row):
    """Half of the true weights are zero."""
    rng = np.random.default_rng(data.SEED)
    X = data.text(rng, rows, columns, per_row) if kind.sparse else data.features(rng, rows, columns)
    made = data.problem(kind, X, rng, zeros=ZEROS, fit_intercept=kind.loss == "squared")
    null = made.y.mean() if made.fit_intercept else 0.5
    made.alpha = STRENGTH * float(np.abs(X.T @ (made.y - null)).max()) / rows
    return made


def cases(rows, columns, words, per_row):
    """Two losses on two storages."""
    for loss, wanted, peer in (("logistic", 2, "sklearn *"), ("squared", 1.2, "sklearn Lasso*")):
        for is_sparse in (False, True):
            kind = Kind(loss, "l1", sparse=is_sparse)
            name = "lasso" if loss == "squared" else loss
            yield Case(
                f"{name}, {'sparse' if is_sparse else 'dense'}",
                partial(problem, kind, rows, words if is_sparse else columns, per_row),
                peers.contenders(kind),
                [
                    Faster(wanted, peer, "the fastest of scikit-learn"),
                    Faster(1, "skglm", "skglm"),
                    Faster(1, "celer", "celer"),
                ],
            )


WORKLOAD = Workload(
    "l1",
    "l1 penalty, 2 % of the strength that zeroes all",
    cases,
    {
        "full": {"rows": 100_000, "columns": 50, "words": 47_000, "per_row": 84},
        "quick": {"rows": 2_000, "columns": 20, "words": 500, "per_row": 30},
    },
)
