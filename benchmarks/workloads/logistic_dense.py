"""Logistic regression on dense, standardised rows."""

from functools import partial

from benchmarks import data, peers
from benchmarks.core import Case, Faster, Kind, Workload

KIND = Kind("logistic")


def cases(rows, columns):
    """One case, C = 1."""
    yield Case(
        "standardised",
        partial(data.dense, KIND, rows, columns),
        peers.contenders(KIND),
        [
            Faster(3, "sklearn *", "the fastest of scikit-learn"),
            Faster(6, "sklearn lbfgs", "lbfgs of scikit-learn"),
        ],
    )


WORKLOAD = Workload(
    "logistic_dense",
    "logistic, dense, standardised, C=1",
    cases,
    {"full": {"rows": 100_000, "columns": 50}, "quick": {"rows": 5_000, "columns": 20}},
)
