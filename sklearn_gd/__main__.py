"""Quick start: ``python -m sklearn_gd`` compares each estimator with scikit-learn's."""

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, is_classifier
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier, SGDRegressor
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_gd import (
    GDLinearRegressor,
    GDLogisticClassifier,
    GDMLPClassifier,
    GDSoftmaxClassifier,
)

ALPHA = 1e-3
GRID = [1e-4, 1e-3, 1e-2, 1e-1]
HEADER = ("model", "features", "score", "objective", "passes", "seconds", "warnings")
LINE = "  {:<35}{:<15}{:>6}{:>11}{:>8}{:>9}{:>10}"


@dataclass
class Task:
    """A data set, our estimator, and its peers with the parameter that is their ``alpha``."""

    title: str
    load: Callable
    ours: BaseEstimator
    peers: list[tuple[BaseEstimator, str]] = field(default_factory=list)


def tasks() -> list[Task]:
    """One task for each estimator; strengths are set so that all minimise the same objective."""
    log_loss_sgd = SGDClassifier(loss="log_loss", random_state=0)
    logistic = (LogisticRegression(), "C")
    network: dict[str, Any] = {"hidden_layer_sizes": (32,), "random_state": 0}
    return [
        Task(
            "diabetes: linear regression, score is R2",
            load_diabetes,
            GDLinearRegressor(alpha=ALPHA),
            [(Ridge(), "n alpha"), (SGDRegressor(random_state=0), "alpha")],
        ),
        Task(
            "breast cancer: logistic regression, score is accuracy",
            load_breast_cancer,
            GDLogisticClassifier(alpha=ALPHA),
            [logistic, (log_loss_sgd, "alpha")],
        ),
        Task(
            "wine: softmax regression, score is accuracy",
            load_wine,
            GDSoftmaxClassifier(alpha=ALPHA),
            [logistic],
        ),
        Task(
            "digits: neural network, score is accuracy",
            load_digits,
            GDMLPClassifier(alpha=ALPHA, **network),
            [(MLPClassifier(**network), "n alpha")],
        ),
    ]


def strength(convention: str, alpha: float, n: int) -> dict[str, float]:
    """Our ``alpha`` in the convention of a peer."""
    if convention == "C":
        return {"C": 1 / (alpha * n)}
    return {"alpha": alpha * n if convention == "n alpha" else alpha}


def objective(model, X, y, alpha: float) -> float:
    """Mean loss plus alpha |weights|^2 / 2: what ours report, and computed here for peers."""
    estimator = model[-1] if hasattr(model, "steps") else model
    if hasattr(estimator, "objective_"):
        return estimator.objective_
    if is_classifier(model):
        loss = log_loss(y, model.predict_proba(X))
    else:
        loss = mean_squared_error(y, model.predict(X)) / 2
    weights = estimator.coefs_ if hasattr(estimator, "coefs_") else [estimator.coef_]
    return loss + alpha / 2 * sum(float(np.sum(w**2)) for w in weights)


def passes(model) -> int:
    """Visits of all rows, where the model counts them, else its iterations."""
    estimator = model[-1] if hasattr(model, "steps") else model
    if hasattr(estimator, "history_"):
        return round(estimator.history_["passes"][-1])
    return int(np.max(estimator.n_iter_)) if estimator.n_iter_ is not None else 1


def report(name, features, model, data, alpha=ALPHA):
    """Fit a model, count its warnings, and print its line."""
    X, X_test, y, y_test = data
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        began = time.perf_counter()
        model.fit(X, y)
        seconds = time.perf_counter() - began
        score = model.score(X_test, y_test)
    searched = isinstance(model, GridSearchCV)
    numbers = ("", "") if searched else (f"{objective(model, X, y, alpha):.4g}", passes(model))
    print(LINE.format(name, features, f"{score:.3f}", *numbers, f"{seconds:.3f}", len(caught)))


def run(task: Task):
    """All lines of a task: raw features, behind a scaler, and a grid search behind it."""
    data = train_test_split(*task.load(return_X_y=True), random_state=0)
    n = len(data[0])
    print(f"\n{task.title} ({n} rows, {data[0].shape[1]} features)")
    candidates = [(task.ours, "alpha"), *task.peers]
    for estimator, convention in candidates:
        estimator.set_params(**strength(convention, ALPHA, n))
        report(type(estimator).__name__, "raw", estimator, data)
    for estimator, _ in candidates:
        pipeline = make_pipeline(StandardScaler(), estimator)
        report(type(estimator).__name__, "StandardScaler", pipeline, data)
    for estimator, convention in candidates[:2]:
        pipeline = make_pipeline(StandardScaler(), estimator)
        ((parameter, _),) = strength(convention, 1.0, n).items()
        values = [strength(convention, alpha, n)[parameter] for alpha in GRID]
        step = type(estimator).__name__.lower()
        search = GridSearchCV(pipeline, {f"{step}__{parameter}": values}, cv=3)
        report(f"GridSearchCV({type(estimator).__name__})", "StandardScaler", search, data)


def main():
    """Print the table of every task."""
    print(f"The same objective for all, alpha={ALPHA:g}; grid searches over {len(GRID)} strengths.")
    print(LINE.format(*HEADER))
    for task in tasks():
        run(task)


if __name__ == "__main__":
    main()
