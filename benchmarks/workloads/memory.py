"""Peak memory of a fit beyond the data."""

from functools import partial

import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge

from benchmarks import data
from benchmarks.core import OURS, Below, Case, Contender, Kind, Problem, Workload
from sklearn_gd import GDLinearRegressor, GDLogisticClassifier, GDSoftmaxClassifier

LIMIT = 0.05
BLOCK = 10_000
CLASSES = 5


def table(loss, rows, columns):
    """Filled in place, so that no second copy of X ever existed."""
    rng = np.random.default_rng(data.SEED)
    X = np.empty((rows, columns))
    W = rng.standard_normal((columns, CLASSES if loss == "softmax" else 1)) / columns**0.5
    y = np.empty(rows, dtype=np.float64 if loss == "squared" else np.int64)
    for start in range(0, rows, BLOCK):
        block = X[start : start + BLOCK]
        rng.standard_normal(out=block)
        raw = data.SIGNAL * block @ W
        noisy = raw[:, 0] + rng.standard_normal(len(raw))
        y[start : start + BLOCK] = noisy if loss == "squared" else data.labels(rng, raw)
    return Problem(Kind(loss), X, y, 1e-4)


def fit(build, problem, _tolerance):
    """At the defaults."""
    model = build()
    return lambda: model.fit(problem.X, problem.y) and None


def cases(rows, columns):
    """One case a model."""
    share = Below(lambda line: line.memory_share, f"below {LIMIT:.0%} of X", LIMIT)
    for loss, ours, peer in (
        ("squared", GDLinearRegressor, Ridge),
        ("logistic", GDLogisticClassifier, LogisticRegression),
        ("softmax", GDSoftmaxClassifier, LogisticRegression),
    ):
        contenders = [
            Contender(OURS, partial(fit, ours)),
            Contender(f"sklearn {peer.__name__}", partial(fit, peer)),
        ]
        yield Case(loss, partial(table, loss, rows, columns), contenders, [share], "memory")


WORKLOAD = Workload(
    "memory",
    "peak memory of a fit beyond X (float64), in a fresh process",
    cases,
    {"full": {"rows": 1_000_000, "columns": 250}, "quick": {"rows": 100_000, "columns": 100}},
)
