"""Logistic regression on text-like sparse rows."""

from functools import partial

from benchmarks import data, peers
from benchmarks.core import Case, Faster, Kind, Workload

KIND = Kind("logistic", sparse=True)


def cases(rows, columns, per_row):
    """Strong and weak regularisation."""
    for C in (1, 100):
        yield Case(
            f"C={C}",
            partial(data.sparse, KIND, rows, columns, per_row, alpha=1 / (C * rows)),
            peers.contenders(KIND),
            [
                Faster(2, "sklearn *", "the fastest of scikit-learn"),
                Faster(1, "snapml*", "snapml"),
                Faster(1, "cyanure", "cyanure"),
            ],
        )


WORKLOAD = Workload(
    "logistic_sparse",
    "logistic, sparse, text-like",
    cases,
    {
        "full": {"rows": 100_000, "columns": 47_000, "per_row": 84},
        "quick": {"rows": 2_000, "columns": 1_000, "per_row": 30},
    },
)
