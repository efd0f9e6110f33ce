"""Logistic regression on more columns than rows.

There is no intercept: liblinear and snapml penalise theirs and would solve another problem.
"""

from functools import partial

from benchmarks import data, peers
from benchmarks.core import Case, Faster, Kind, Workload

KIND = Kind("logistic", wide=True)


def cases(rows, columns):
    """One case, C = 1."""
    yield Case(
        "wide",
        partial(data.dense, KIND, rows, columns, fit_intercept=False),
        peers.contenders(KIND),
        [Faster(2, "sklearn *", "the fastest of scikit-learn")],
    )


WORKLOAD = Workload(
    "logistic_wide",
    "logistic, dense, more columns than rows, C=1",
    cases,
    {"full": {"rows": 2_000, "columns": 10_000}, "quick": {"rows": 200, "columns": 1_000}},
)
