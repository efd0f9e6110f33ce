"""Probabilities of one row and of many."""

from functools import partial

import numpy as np
from sklearn.linear_model import LogisticRegression

from benchmarks import data
from benchmarks.core import OURS, Case, Contender, Faster, Kind, Workload
from sklearn_gd import GDLogisticClassifier

CALLS = 300


def rows_of(rows, columns):
    """New rows, and a few to fit."""
    rng = np.random.default_rng(data.SEED)
    return data.dense(Kind("logistic"), 1_000, columns), rng.standard_normal((rows, columns))


def predict(build, calls, given, _tolerance):
    """The fit is not timed."""
    train, X = given
    model = build().fit(train.X, train.y)

    def run():
        for _ in range(calls):
            model.predict_proba(X)

    return run


def cases(rows, columns):
    """One row many times, many rows once."""
    for name, number, calls, wanted in (
        (f"one row, {CALLS} calls", 1, CALLS, 1.0),
        (f"{rows:,} rows", rows, 1, 1.2),
    ):
        yield Case(
            name,
            partial(rows_of, number, columns),
            [
                Contender(OURS, partial(predict, GDLogisticClassifier, calls)),
                Contender(
                    "sklearn LogisticRegression", partial(predict, LogisticRegression, calls)
                ),
            ],
            [Faster(wanted, "sklearn *", "LogisticRegression")],
            "time",
            repeats=11,
        )


WORKLOAD = Workload(
    "predict",
    "predict_proba",
    cases,
    {"full": {"rows": 1_000_000, "columns": 50}, "quick": {"rows": 10_000, "columns": 20}},
)
