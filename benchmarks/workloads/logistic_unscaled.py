"""Logistic regression on columns in units from 1e-2 to 1e2: ours as they are, peers both ways."""

from functools import partial

from benchmarks import data, peers
from benchmarks.core import Case, Faster, Kind, Workload

KIND = Kind("logistic")


def cases(rows, columns):
    """One case, C = 1; behind a scaler the objective is another one, with its own optimum."""
    yield Case(
        "units from 1e-2 to 1e2",
        partial(data.dense, KIND, rows, columns, spread=2),
        peers.contenders(KIND) + peers.contenders(KIND, scaler=True),
        [
            Faster(3, "sklearn newton-cholesky", "newton-cholesky, unscaled"),
            Faster(50, "sklearn lbfgs", "lbfgs of scikit-learn, unscaled"),
            Faster(1.5, "*+ scaler", "the fastest peer behind a scaler"),
        ],
    )


WORKLOAD = Workload(
    "logistic_unscaled",
    "logistic, dense, columns scaled by 1e-2 to 1e2, C=1",
    cases,
    {"full": {"rows": 100_000, "columns": 50}, "quick": {"rows": 3_000, "columns": 10}},
)
