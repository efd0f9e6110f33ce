"""One epoch of stochastic gradient descent, row by row."""

from functools import partial

from sklearn.linear_model import SGDClassifier

from benchmarks import data
from benchmarks.core import OURS, Case, Contender, Faster, Kind, Outcome, Workload
from benchmarks.peers import vowpal_wabbit
from sklearn_gd import GDLogisticClassifier

RATE = 0.01
ALPHA = 1e-4


def fit(build, problem, _tolerance):
    """The first fit compiles; it and the objective that it comes to are outside of the clock."""
    model = build().fit(problem.X, problem.y)
    notes = {"objective": problem.objective(model.coef_, model.intercept_)}

    def epoch():
        model.fit(problem.X, problem.y)
        return Outcome(notes=notes)

    return epoch


def ours():
    """Plain SGD, batches of one row."""
    return GDLogisticClassifier(
        solver="sgd",
        batch_size=1,
        max_iter=1,
        tol=0,
        learning_rate=RATE,
        alpha=ALPHA,
        random_state=0,
    )


def theirs():
    """The same step and strength."""
    return SGDClassifier(
        loss="log_loss",
        alpha=ALPHA,
        learning_rate="constant",
        eta0=RATE,
        max_iter=1,
        tol=None,
        random_state=0,
    )


def cases(rows, columns, words, per_row):
    """Dense and sparse."""
    contenders = [
        Contender(OURS, partial(fit, ours)),
        Contender("sklearn SGDClassifier", partial(fit, theirs)),
        vowpal_wabbit.epoch("vowpalwabbit", RATE, ALPHA),
    ]
    dense = partial(data.dense, Kind("logistic"), rows, columns, alpha=ALPHA)
    targets = [Faster(2, "sklearn *", "SGDClassifier")]
    yield Case("dense", dense, contenders, targets, "time")
    kind = Kind("logistic", sparse=True)
    sparse = partial(data.sparse, kind, rows, words, per_row, alpha=ALPHA)
    targets = [Faster(1, "sklearn *", "SGDClassifier")]
    yield Case("sparse", sparse, contenders, targets, "time")


WORKLOAD = Workload(
    "sgd_epoch",
    "one epoch of SGD, a row at a time, the same rate",
    cases,
    {
        "full": {"rows": 100_000, "columns": 50, "words": 47_000, "per_row": 84},
        "quick": {"rows": 2_000, "columns": 20, "words": 500, "per_row": 30},
    },
)
