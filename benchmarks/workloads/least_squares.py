"""Ridge regression on dense rows."""

from functools import partial

from benchmarks import data, peers
from benchmarks.core import Case, Faster, Kind, Workload

KIND = Kind("squared")


def cases(rows, columns):
    """One case, at our default strength."""
    yield Case(
        "dense",
        partial(data.dense, KIND, rows, columns, alpha=1e-4),
        peers.contenders(KIND),
        [
            Faster(8, "sklearn SGDRegressor", "SGDRegressor"),
            Faster(1.5, "sklearn Ridge*", "the fastest Ridge"),
        ],
    )


WORKLOAD = Workload(
    "least_squares",
    "least squares, dense, alpha=1e-4",
    cases,
    {"full": {"rows": 100_000, "columns": 50}, "quick": {"rows": 5_000, "columns": 20}},
)
