"""Epochs of a network with Adam, at equal precision."""

from functools import partial

import numpy as np
from sklearn.neural_network import MLPClassifier

from benchmarks import data
from benchmarks.core import OURS, Case, Contender, Faster, Kind, Outcome, Problem, Workload
from benchmarks.peers import pytorch
from sklearn_gd import GDMLPClassifier

BATCH = 200
EPOCHS = 3


def images(rows, columns, classes, dtype):
    """Values in [0, 1], labels drawn from a softmax model of them."""
    rng = np.random.default_rng(data.SEED)
    X = 1 / (1 + np.exp(-data.features(rng, rows, columns)))
    y = data.labels(rng, data.raw_prediction(rng, X, classes))
    return Problem(Kind("softmax"), X.astype(dtype), y, 1e-4)


def fit(build, hidden, problem, _tolerance):
    """A fixed number of epochs from the same kind of start."""
    model = build(
        hidden_layer_sizes=hidden,
        batch_size=BATCH,
        solver="adam",
        alpha=problem.alpha,
        max_iter=EPOCHS,
        random_state=0,
    )

    def epochs():
        model.fit(problem.X, problem.y)
        return Outcome(notes={"loss": float(model.loss_curve_[-1])})

    return epochs


def ours(**options):
    """Exactly ``max_iter`` epochs."""
    return GDMLPClassifier(tol=0, **options)


def theirs(**options):
    """No early end."""
    return MLPClassifier(tol=0, n_iter_no_change=EPOCHS, **options)


def cases(rows, columns, classes):
    """Two sizes of network, two precisions."""
    for hidden in ((100,), (256, 128)):
        for dtype in ("float64", "float32"):
            yield Case(
                f"{hidden} {dtype}",
                partial(images, rows, columns, classes, dtype),
                [
                    Contender(OURS, partial(fit, ours, hidden)),
                    Contender("sklearn MLPClassifier", partial(fit, theirs, hidden)),
                    pytorch.epochs("torch", hidden, classes, BATCH, EPOCHS),
                ],
                [Faster(1.5, "sklearn *", "MLPClassifier"), Faster(1, "torch", "torch")],
                "time",
            )


WORKLOAD = Workload(
    "mlp_epoch",
    f"{EPOCHS} epochs of a network, batches of {BATCH}, Adam",
    cases,
    {
        "full": {"rows": 60_000, "columns": 784, "classes": 10},
        "quick": {"rows": 2_000, "columns": 50, "classes": 5},
    },
)
