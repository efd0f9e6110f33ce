"""glum: iteratively reweighted least squares by coordinate descent."""

from benchmarks.core import estimator


def contenders(kind, scaler=False):
    """It forms the Hessian: not for many columns, nor for several outputs."""
    if kind.loss != "softmax" and not (kind.sparse or kind.wide):
        yield estimator("glum", model, package="glum", scaler=scaler)


def model(problem, tolerance):
    """Its alpha is ours."""
    from glum import GeneralizedLinearRegressor

    kind = problem.kind
    return GeneralizedLinearRegressor(
        alpha=problem.alpha,
        l1_ratio=1 if kind.penalty == "l1" else 0,
        family="binomial" if kind.loss == "logistic" else "normal",
        fit_intercept=problem.fit_intercept,
        gradient_tol=tolerance,
        max_iter=1000,
    )
