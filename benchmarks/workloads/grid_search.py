"""A grid search over strengths."""

from functools import partial

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

from benchmarks import data
from benchmarks.core import OURS, Case, Contender, Faster, Kind, Outcome, Workload
from sklearn_gd import GDLogisticClassifier

FOLDS = 5
ALPHAS = np.logspace(-6, 0, 20)


def search(build, parameter, problem, _tolerance):
    """20 strengths and five folds, at the default tolerance of each."""
    rows = len(problem.y) * (FOLDS - 1) / FOLDS
    values = 1 / (ALPHAS * rows) if parameter == "C" else ALPHAS
    grid = GridSearchCV(build(), {parameter: values}, cv=FOLDS, scoring="neg_log_loss")

    def fit():
        grid.fit(problem.X, problem.y)
        return Outcome(notes={"best log-loss": -grid.best_score_})

    return fit


def cases(rows, columns):
    """LogisticRegression by its default solver and by the one for many rows."""
    peers = {
        "sklearn LogisticRegression": LogisticRegression,
        "sklearn newton-cholesky": partial(LogisticRegression, solver="newton-cholesky"),
    }
    yield Case(
        f"{len(ALPHAS)} strengths, {FOLDS} folds",
        partial(data.dense, Kind("logistic"), rows, columns),
        [
            Contender(OURS, partial(search, GDLogisticClassifier, "alpha")),
            *(Contender(name, partial(search, build, "C")) for name, build in peers.items()),
        ],
        [Faster(3, "sklearn LogisticRegression", "LogisticRegression at its defaults")],
        "time",
    )


WORKLOAD = Workload(
    "grid_search",
    "GridSearchCV of logistic regression",
    cases,
    {"full": {"rows": 20_000, "columns": 30}, "quick": {"rows": 1_000, "columns": 10}},
)
