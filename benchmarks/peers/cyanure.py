"""cyanure: variance-reduced and quasi-Newton solvers in C++."""

import numpy as np

from benchmarks.core import estimator

PASSES = 5000


def contenders(kind, scaler=False):
    """Its losses and penalties; "auto" chooses the solver."""
    if kind.loss in ("squared", "logistic", "softmax") and kind.penalty in ("l1", "l2"):
        yield estimator("cyanure", model, read=read, package="cyanure", scaler=scaler)


def model(problem, tolerance):
    """``lambda_1`` is our alpha."""
    from cyanure.estimators import Lasso, LogisticRegression, Regression

    options = {
        "lambda_1": problem.alpha,
        "fit_intercept": problem.fit_intercept,
        "tol": tolerance,
        "max_iter": PASSES,
        "verbose": False,
    }
    kind = problem.kind
    if kind.loss == "squared":
        return Lasso(**options) if kind.penalty == "l1" else Regression(penalty="l2", **options)
    if kind.loss == "softmax":
        options |= {"loss": "multiclass-logistic", "multi_class": "multinomial"}
    return LogisticRegression(penalty=kind.penalty, **options)


def read(fitted):
    """Its coefficients of several classes are columns."""
    return np.asarray(fitted.coef_).T, fitted.intercept_ if fitted.fit_intercept else 0.0
