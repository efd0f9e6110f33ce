"""The estimators of this project."""

from benchmarks.core import OURS, estimator


def contenders(kind, scaler=False):
    """Our default solver: its limit of iterations is high, its tolerance decides."""
    yield estimator(OURS, model, package="sklearn_gd", scaler=scaler)


def model(problem, tolerance):
    """The estimator of a problem."""
    from sklearn_gd import GDLinearRegressor, GDLogisticClassifier, GDSoftmaxClassifier

    kind = problem.kind
    found = {
        "squared": GDLinearRegressor,
        "logistic": GDLogisticClassifier,
        "softmax": GDSoftmaxClassifier,
    }[kind.loss]
    return found(
        penalty=kind.penalty,
        alpha=problem.alpha,
        fit_intercept=problem.fit_intercept,
        tol=tolerance,
        max_iter=10_000,
    )
