"""Tables and helpers that the tests of estimators share.

A new estimator or kind of target is a new row of ``CASES``, a new solver one of ``SOLVERS``.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

from sklearn_gd import (
    GDLinearClassifier,
    GDLinearRegressor,
    GDLogisticClassifier,
    GDMLPClassifier,
    GDMLPRegressor,
    GDSoftmaxClassifier,
)
from sklearn_gd.solvers import SOLVERS as REGISTRY
from sklearn_gd.solvers import GradientDescent, MiniBatch

LINEAR = (GDLinearRegressor, GDLinearClassifier, GDLogisticClassifier, GDSoftmaxClassifier)
NETWORKS = (GDMLPClassifier, GDMLPRegressor)
REGRESSORS = (GDLinearRegressor, GDMLPRegressor)
CLASSIFIERS = (GDLinearClassifier, GDLogisticClassifier, GDSoftmaxClassifier, GDMLPClassifier)
ESTIMATORS = LINEAR + NETWORKS

DETERMINISTIC = {
    "gd": "gd",
    "agd": "agd",
    "lbfgs": "lbfgs",
    "newton-cg": "newton-cg",
    "proximal-newton-cg": "proximal-newton-cg",
    "scipy": "scipy",
    "gd-curvature": GradientDescent(metric="curvature"),
}
STOCHASTIC = {name: name for name, kind in REGISTRY.items() if issubclass(kind, MiniBatch)}
SOLVERS = DETERMINISTIC | STOCHASTIC | {"working-set": "working-set"}
# Rules that differ in kind; the others differ from these by a formula.
MAIN_STOCHASTIC = ("sgd", "adam", "normalized-adagrad")
MAIN_SOLVERS = (*DETERMINISTIC, *MAIN_STOCHASTIC)
OTHER_STOCHASTIC = tuple(name for name in STOCHASTIC if name not in MAIN_STOCHASTIC)
NEED_LINEAR_MODEL = {
    *("newton-cg", "proximal-newton-cg", "gd-curvature", "normalized-adagrad", "saga"),
    "working-set",
}
# What these solve is a part of X, which must be in memory for it.
NEED_MEMORY = {"working-set"}
# A solver of sparse coefficients is given a penalty that makes them sparse.
PARAMS_OF = {"working-set": {"penalty": "l1"}}


def supports(estimator: type, solver: str) -> bool:
    """Whether a class of estimators takes the solver of this name."""
    return estimator in LINEAR or solver not in NEED_LINEAR_MODEL


# Targets: the scores of three columns are a linear function of X, plus noise.


def _scores(X, noise):
    weights = np.sin(1.0 + np.arange(3 * X.shape[1])).reshape(X.shape[1], 3)
    return np.asarray(X @ weights) + noise + np.array([0.3, 0.0, -0.3])


def one_target(X, rng):
    return _scores(X, rng.normal(size=(X.shape[0], 3)))[:, 0] + 2


def two_targets(X, rng):
    return _scores(X, rng.normal(size=(X.shape[0], 3)))[:, :2] + 2


def two_classes(X, rng):
    return (_scores(X, rng.logistic(size=(X.shape[0], 3)))[:, 0] > 0).astype(int)


def three_classes(X, rng):
    return _scores(X, rng.gumbel(size=(X.shape[0], 3))).argmax(axis=1)


def three_labels(X, rng):
    return (_scores(X, rng.logistic(size=(X.shape[0], 3))) > 0).astype(int)


# Losses whose targets must not be negative.
LOG_LINKS = ("poisson", "gamma", "tweedie", "inverse_gaussian")


class Case(NamedTuple):
    """An estimator with a kind of target that it takes."""

    estimator: type
    target: Callable
    params: dict


_SMALL = {"hidden_layer_sizes": (5, 3), "activation": "tanh"}
CASES = {
    "regression": Case(GDLinearRegressor, one_target, {}),
    "two-targets": Case(GDLinearRegressor, two_targets, {}),
    "logistic": Case(GDLogisticClassifier, two_classes, {}),
    "one-vs-rest": Case(GDLogisticClassifier, three_classes, {}),
    "multilabel": Case(GDLogisticClassifier, three_labels, {}),
    "modified-huber": Case(GDLinearClassifier, three_classes, {"loss": "modified_huber"}),
    "two-class-softmax": Case(GDSoftmaxClassifier, two_classes, {}),
    "softmax": Case(GDSoftmaxClassifier, three_classes, {}),
    "mlp-regression": Case(GDMLPRegressor, one_target, _SMALL),
    "mlp-two-targets": Case(GDMLPRegressor, two_targets, _SMALL),
    "mlp-two-classes": Case(GDMLPClassifier, two_classes, _SMALL),
    "mlp-three-classes": Case(GDMLPClassifier, three_classes, _SMALL),
    "mlp-multilabel": Case(GDMLPClassifier, three_labels, _SMALL),
}
LINEAR_CASES = {name: case for name, case in CASES.items() if case.estimator in LINEAR}
NETWORK_CASES = {name: case for name, case in CASES.items() if case.estimator in NETWORKS}
# One for each estimator and loss: enough where only the way of the rows through a solver matters.
MAIN_CASES = ("two-targets", "one-vs-rest", "softmax", "mlp-two-classes")
FEW_CASES = ("one-vs-rest", "mlp-two-classes")
# Cases in which every row has one label, so that class weights are weights of rows.
LABELLED = [name for name, case in CASES.items() if case.target in (two_classes, three_classes)]


def pairs(cases, solvers):
    """Every case with every solver that its estimator takes, as names."""
    return [
        (case, solver)
        for case in cases
        for solver in solvers
        if supports(CASES[case].estimator, solver)
    ]


def make_data(case: str, n_samples=60, n_features=4, seed=0):
    """Features in like units, and a target that they do not explain fully."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, n_features))
    return X, CASES[case].target(X, rng)


def make_weights(n_samples=60, seed=1):
    """Whole weights from 0 to 3."""
    return np.random.default_rng(seed).integers(0, 4, n_samples).astype(float)


def build(case: str, solver: str = "auto", **params):
    """The unfitted estimator of a case."""
    settings = {"random_state": 0} | PARAMS_OF.get(solver, {}) | CASES[case].params | params
    return CASES[case].estimator(solver=SOLVERS.get(solver, solver), **settings)


def raw(estimator, X):
    """Raw predictions, (n, k); (n, 1) for one output."""
    predict = getattr(estimator, "decision_function", estimator.predict)
    result = predict(X)
    return result.reshape(len(result), -1)


def coefficients(estimator):
    """All fitted coefficients and intercepts, in one flat vector."""
    if isinstance(estimator, NETWORKS):
        parts = [*estimator.coefs_, *estimator.intercepts_]
    else:
        parts = [estimator.coef_, estimator.intercept_]
    return np.concatenate([np.ravel(part) for part in parts])


# The objective once more, by formulas of its own, from public methods and attributes.


def plain_losses(estimator, X, y):
    """The loss of each row, from what the estimator predicts."""
    prediction = raw(estimator, X)
    if isinstance(estimator, REGRESSORS):
        return ((prediction - np.reshape(y, prediction.shape)) ** 2).sum(axis=1) / 2
    codes = y if np.ndim(y) == 2 else np.searchsorted(estimator.classes_, y)
    if getattr(estimator, "loss", "log_loss") == "modified_huber":
        margin = (2 * one_hot(codes, prediction.shape[1]) - 1) * prediction
        near = np.maximum(1 - margin, 0) ** 2
        return np.where(margin < -1, -4 * margin, near).sum(axis=1)
    per_column = (GDLogisticClassifier, GDLinearClassifier)
    is_softmax = not isinstance(estimator, per_column) and np.ndim(y) == 1
    if is_softmax and prediction.shape[1] > 1:
        return logsumexp(prediction, axis=1) - prediction[np.arange(len(codes)), codes]
    if np.ndim(y) == 1:
        codes = one_hot(codes, prediction.shape[1])
    return (np.logaddexp(0, prediction) - codes * prediction).sum(axis=1)


def training_losses(estimator, X, y, trained_on):
    """The same in units of the targets' variance, where that is what is minimised."""
    if not (isinstance(estimator, GDMLPRegressor) and estimator.standardize):
        return plain_losses(estimator, X, y)
    residual = raw(estimator, X) - np.reshape(y, (len(y), -1))
    return (residual**2 / np.var(trained_on, axis=0)).sum(axis=1) / 2


def one_hot(codes, n_columns):
    """Indicators of codes; one column is the indicator of code 1."""
    columns = np.arange(n_columns) if n_columns > 1 else np.array([1])
    return (codes[:, np.newaxis] == columns).astype(float)


def plain_objective(estimator, X, y, sample_weight=None):
    """Weighted mean loss, plus alpha times the penalty: l1, or half the squared coefficients."""
    if getattr(estimator, "penalty", None) == "l1":
        loss = np.average(plain_losses(estimator, X, y), weights=sample_weight)
        return loss + estimator.alpha * np.sum(np.abs(estimator.coef_))
    loss = np.average(plain_losses(estimator, X, y), weights=sample_weight)
    matrices = estimator.coefs_ if isinstance(estimator, NETWORKS) else [estimator.coef_]
    alphas = np.broadcast_to(estimator.alpha, len(matrices))
    return loss + sum(a * np.sum(w**2) / 2 for a, w in zip(alphas, matrices, strict=True))
