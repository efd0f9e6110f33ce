"""A stream of chunks through ``partial_fit``, everything at its defaults."""

from functools import partial

import numpy as np
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss

from benchmarks import data
from benchmarks.core import OURS, Below, Case, Contender, Faster, Kind, Outcome, Workload
from sklearn_gd import GDLogisticClassifier, GDSoftmaxClassifier

CHUNK = 1_000
PEER = "sklearn SGDClassifier"


def stream(build, problem, _tolerance):
    """One pass over the rows; the log-loss after it is on the same rows."""

    def one_pass():
        model, classes = build(), np.arange(problem.y.max() + 1)
        for start in range(0, len(problem.y), CHUNK):
            rows = slice(start, start + CHUNK)
            model.partial_fit(problem.X[rows], problem.y[rows], classes=classes)
        return model

    # the log-loss is the same after each pass, so it is taken once, outside of the clock
    notes = {"log-loss": log_loss(problem.y, one_pass().predict_proba(problem.X))}

    def timed():
        one_pass()
        return Outcome(notes=notes)

    return timed


def cases(rows, columns, classes):
    """SGDClassifier trains one binary model a class, as GDLogisticClassifier does."""
    make = partial(data.dense, Kind("softmax"), rows, columns, classes=classes)
    contenders = [
        Contender(OURS, partial(stream, GDSoftmaxClassifier)),
        Contender(f"{OURS} one-vs-rest", partial(stream, GDLogisticClassifier)),
        Contender(PEER, partial(stream, partial(SGDClassifier, loss="log_loss", random_state=0))),
    ]
    targets = [
        Faster(4, "sklearn *", "SGDClassifier, in rows a second"),
        Below(
            lambda line: line.notes.get("log-loss"),
            "log-loss after one pass below SGDClassifier's",
            peer=PEER,
            contenders=OURS,
        ),
    ]
    yield Case(f"{classes} classes", make, contenders, targets, "time")


WORKLOAD = Workload(
    "stream",
    "partial_fit in chunks of 1,000 rows",
    cases,
    {
        "full": {"rows": 100_000, "columns": 50, "classes": 10},
        "quick": {"rows": 5_000, "columns": 20, "classes": 5},
    },
)
