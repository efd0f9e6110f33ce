"""The estimators of this project."""

from benchmarks.core import OURS, estimator


def contenders(kind, scaler=False):
    """Our default solver: its limit of iterations is high, its tolerance decides."""
    yield estimator(OURS, model, package="sklearn_gd", scaler=scaler)


def model(problem, tolerance):
    """The estimator of a problem."""
    from sklearn_gd import GDLinearRegressor, GDLogisticClassifier, GDSoftmaxClassifier

    kind = problem.kind
    options = {} if kind.penalty != "elasticnet" else {"l1_ratio": problem.l1_ratio}
    classifiers = {"logistic": GDLogisticClassifier, "softmax": GDSoftmaxClassifier}
    if kind.loss not in classifiers:
        options["loss"] = loss(kind.loss, problem.shape)
    return classifiers.get(kind.loss, GDLinearRegressor)(
        penalty=kind.penalty,
        alpha=problem.alpha,
        fit_intercept=problem.fit_intercept,
        tol=tolerance,
        max_iter=10_000,
        **options,
    )


def loss(name, shape):
    """The loss of a regression."""
    from sklearn_gd.losses import Huber, Quantile

    if name == "huber":
        return Huber(delta=shape)
    if name == "quantile":
        return Quantile(quantile=shape)
    return {"squared": "squared_error"}.get(name, name)
