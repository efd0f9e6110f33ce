"""Networks at their defaults: scores by cross-validation, time to the same validation loss."""

import warnings
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from sklearn import datasets
from sklearn.base import is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score, train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks import data
from benchmarks.core import OURS, Case, Contender, Faster, NotBelow, Outcome, Workload
from sklearn_gd import GDMLPClassifier, GDMLPRegressor

FOLDS = 5
# Lengths of training that are tried, each a fit of its own: a quarter longer each time.
EPOCHS = sorted({round(1.25**k) for k in range(24)} | {200})
# The time is that of so many fits, from other random weights each.
STARTS = 3
CLASSIFIERS = {OURS: GDMLPClassifier, "sklearn MLPClassifier": MLPClassifier}
REGRESSORS = {OURS: GDMLPRegressor, "sklearn MLPRegressor": MLPRegressor}


@dataclass
class Comparison:
    """Estimators of a network on the same rows."""

    X: np.ndarray
    y: np.ndarray
    estimators: dict[str, type]
    scaled: bool
    seeds: int

    def make(self, name, seed, **options):
        """An estimator at its defaults, but for options, behind a scaler if that is the case."""
        model = self.estimators[name](random_state=seed, **options)
        return make_pipeline(StandardScaler(), model) if self.scaled else model

    def scores(self, name):
        """Mean score over the folds, for each seed of the folds and of the weights."""
        means = []
        for seed in range(self.seeds):
            model = self.make(name, seed)
            kind = StratifiedKFold if is_classifier(model) else KFold
            folds = kind(FOLDS, shuffle=True, random_state=seed)
            means.append(cross_val_score(model, self.X, self.y, cv=folds).mean())
        return np.array(means)

    @cached_property
    def halves(self):
        """Rows to train on and rows to judge the time by."""
        return train_test_split(self.X, self.y, test_size=0.25, random_state=0)

    def validation_loss(self, name, seed, epochs):
        """Mean loss on rows left out, after so many epochs."""
        X, X_val, y, y_val = self.halves
        model = self.make(name, seed, max_iter=epochs).fit(X, y)
        if is_classifier(model):
            return log_loss(y_val, model.predict_proba(X_val))
        return mean_squared_error(y_val, model.predict(X_val))

    @cached_property
    def epochs(self):
        """How long each trains, from each start, until the loss that all come to."""
        needed = {name: [] for name in self.estimators}
        for seed in range(STARTS):
            curves = {
                name: np.array([self.validation_loss(name, seed, length) for length in EPOCHS])
                for name in self.estimators
            }
            target = max(curve.min() for curve in curves.values())
            for name, curve in curves.items():
                needed[name].append(EPOCHS[np.flatnonzero(curve <= target)[0]])
        return needed


def train(name, comparison, _tolerance):
    """Fits from several starts, each as long as the common validation loss takes."""
    X, _, y, _ = comparison.halves
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        epochs, scores = comparison.epochs[name], comparison.scores(name)
    notes = {
        "score": scores.mean(),
        "standard error": scores.std(ddof=1) / np.sqrt(len(scores)),
        "epochs": float(np.mean(epochs)),
    }

    def timed():
        for seed, length in enumerate(epochs):
            comparison.make(name, seed, max_iter=length).fit(X, y)
        return Outcome(notes=notes)

    return timed


def bundled(load):
    """A data set that comes with scikit-learn."""
    return lambda _rows: load(return_X_y=True)


def houses(rows):
    """Like the California housing set: eight columns in units of their own, prices cut at 5."""
    rng = np.random.default_rng(data.SEED)
    income = rng.lognormal(1.25, 0.45, rows)
    age = rng.uniform(1, 52, rows)
    rooms = rng.lognormal(1.65, 0.25, rows)
    bedrooms = rooms * rng.normal(0.21, 0.03, rows)
    population = rng.lognormal(7, 0.7, rows)
    household = rng.lognormal(1.05, 0.25, rows)
    coast = rng.normal(size=rows)
    latitude, longitude = 35.6 + 2.1 * coast, -119.6 - 1.9 * coast + rng.normal(0, 0.6, rows)
    near = np.exp(-((latitude - 34) ** 2 + (longitude + 118) ** 2)) + np.exp(
        -((latitude - 37.8) ** 2 + (longitude + 122) ** 2)
    )
    price = 0.45 * income * (1 + 0.8 * near) - 0.3 * np.log(household) + 0.005 * age + 0.2 * near
    y = np.clip(price * rng.lognormal(0, 0.2, rows), 0.15, 5.0)
    columns = (income, age, rooms, bedrooms, population, household, latitude, longitude)
    return np.column_stack(columns), y


DATA = {
    "digits": (bundled(datasets.load_digits), CLASSIFIERS),
    "breast_cancer": (bundled(datasets.load_breast_cancer), CLASSIFIERS),
    "wine": (bundled(datasets.load_wine), CLASSIFIERS),
    "diabetes": (bundled(datasets.load_diabetes), REGRESSORS),
    "houses": (houses, REGRESSORS),
}


def compare(name, scaled, rows, seeds):
    """The data of a case; ``rows`` is for those that are made up."""
    load, estimators = DATA[name]
    return Comparison(*load(rows), estimators, scaled, seeds)


def cases(rows, seeds, sets):
    """Each data set as it is, and behind a StandardScaler."""
    for name in list(DATA)[:sets]:
        for scaled in (False, True):
            ours, peer = DATA[name][1]
            targets = [
                Faster(1, peer, "the peer, to the same validation loss"),
                NotBelow("score", ours, peer),
            ]
            contenders = [Contender(key, partial(train, key)) for key in (ours, peer)]
            make = partial(compare, name, scaled, rows, seeds)
            features = "scaled" if scaled else "raw"
            yield Case(f"{name}, {features}", make, contenders, targets, "time")


WORKLOAD = Workload(
    "network",
    "networks at their defaults",
    cases,
    {
        "full": {"rows": 3_000, "seeds": 10, "sets": len(DATA)},
        "quick": {"rows": 200, "seeds": 2, "sets": 1},
    },
)
