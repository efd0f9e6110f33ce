"""Which estimators a problem gets, as objects and as code."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import GammaRegressor, LogisticRegression, PoissonRegressor, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sklearn_gd import GDLinearRegressor, GDLogisticClassifier, GDSoftmaxClassifier
from sklearn_gd._quick_start.problem import Problem

# The most columns that one column of text becomes; rare values share one.
MOST_CATEGORIES = 30
ENCODER = {
    "handle_unknown": "infrequent_if_exist",
    "max_categories": MOST_CATEGORIES,
    "sparse_output": False,
}
LOSSES = {"counts": "poisson", "amounts": "gamma"}


@dataclass(frozen=True)
class Choice:
    """Ours, the same as code, and scikit-learn's counterpart of the same strength."""

    ours: Any
    code: str
    peer: Any
    dummy: Any
    words: str


def choose(problem: Problem, rows: int) -> Choice:
    """The estimators for a problem, of which ``rows`` rows are for training."""
    if problem.is_classification:
        return classifiers(len(np.unique(problem.y)), rows)
    loss = LOSSES.get(problem.kind)
    if loss is None:
        ours = GDLinearRegressor(standardize=True)
        peer, words = Ridge(alpha=ours.alpha * rows), "linear regression"
        code = "GDLinearRegressor(standardize=True)"
    else:
        ours = GDLinearRegressor(loss=loss, standardize=True)
        kind = PoissonRegressor if loss == "poisson" else GammaRegressor
        peer, words = kind(alpha=ours.alpha), f"a linear model of the logarithm, loss={loss!r}"
        code = f'GDLinearRegressor(loss="{loss}", standardize=True)'
    return Choice(ours, code, peer, DummyRegressor(), words)


def classifiers(classes: int, rows: int) -> Choice:
    """Logistic regression for two classes, softmax regression for more."""
    kind = GDLogisticClassifier if classes == 2 else GDSoftmaxClassifier
    ours = kind(standardize=True)
    return Choice(
        ours,
        f"{kind.__name__}(standardize=True)",
        LogisticRegression(C=1 / (ours.alpha * rows)),
        DummyClassifier(),
        "logistic regression" if classes == 2 else "softmax regression",
    )


def columns_of(problem: Problem):
    """Medians for gaps in numbers, a column for each value of a text."""
    first = len(problem.numbers)
    steps = []
    if problem.numbers:
        steps.append((SimpleImputer(strategy="median"), slice(0, first)))
    if problem.words:
        steps.append((OneHotEncoder(**ENCODER), slice(first, first + len(problem.words))))
    return make_column_transformer(*steps, verbose_feature_names_out=False)


def pipelines(problem: Problem, rows: int) -> dict[str, Any]:
    """Ours, the counterpart without and with a scaler, and the constant prediction."""
    choice = choose(problem, rows)
    peer = type(choice.peer).__name__
    found = {
        type(choice.ours).__name__: (choice.ours,),
        peer: (choice.peer,),
        f"StandardScaler + {peer}": (StandardScaler(), choice.peer),
        type(choice.dummy).__name__: (choice.dummy,),
    }
    return {name: make_pipeline(columns_of(problem), *steps) for name, steps in found.items()}
