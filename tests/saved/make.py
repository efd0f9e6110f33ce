"""Writes the models that every later version must load: run once for each release.

python tests/saved/make.py
"""

import pickle
import warnings
from pathlib import Path

import numpy as np

import sklearn_gd
from sklearn_gd import (
    GDLinearClassifier,
    GDLinearRegressor,
    GDLogisticClassifier,
    GDMLPClassifier,
    GDMLPRegressor,
    GDSoftmaxClassifier,
)
from sklearn_gd.solvers import Adam

# later ones write arrays by a function that numpy has moved
PROTOCOL = 4
FOLDER = Path(__file__).parent


def models(X, score):
    """Fitted estimators by name: each kind of target, and what each needs to be resumed."""
    two, three = (score > 0).astype(int), np.digitize(score, [-0.5, 0.5])
    labels = np.column_stack([score > 0, X[:, 0] > 0]).astype(int)
    passes = {"max_iter": 3, "tol": 0, "random_state": 0}
    network = {"hidden_layer_sizes": (3,), **passes}
    return {
        "linear": GDLinearRegressor().fit(X, score),
        "two targets": GDLinearRegressor(loss="huber").fit(X, np.column_stack([score, -score])),
        "kinks": GDLinearRegressor(loss="absolute_error", solver="adam", **passes).fit(X, score),
        "hinge": GDLinearClassifier(loss="hinge").fit(X, three),
        "two classes": GDLogisticClassifier().fit(X, two),
        "one against the rest": GDLogisticClassifier(solver="sgd", **passes).fit(X, three),
        "labels": GDLogisticClassifier().fit(X, labels),
        "softmax": GDSoftmaxClassifier(
            solver=Adam(beta_1=0.8), learning_rate="cosine", **passes
        ).fit(X, np.array(["a", "b", "c"])[three]),
        "stream": GDLogisticClassifier().partial_fit(X, two, classes=[0, 1]),
        "network": GDMLPClassifier(class_weight="balanced", **network).fit(X, three),
        "network of numbers": GDMLPRegressor(loss="absolute_error", **network).fit(X, score),
    }


def main():
    """Write the models of this version, with what they predict."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(24, 2))
    score = X @ [1.0, -0.5] + 0.1 * rng.normal(size=24)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = models(X, score)
    found = {name: (model, model.predict(X)) for name, model in fitted.items()}
    content = pickle.dumps({"X": X, "models": found}, protocol=PROTOCOL)
    (FOLDER / f"{sklearn_gd.__version__}.pickle").write_bytes(content)


if __name__ == "__main__":
    main()
