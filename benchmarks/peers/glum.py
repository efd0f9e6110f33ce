"""glum: iteratively reweighted least squares by coordinate descent."""

from benchmarks.core import estimator

FAMILIES = {"logistic": "binomial", "squared": "normal", "poisson": "poisson"}


def contenders(kind, scaler=False):
    """It forms the Hessian: not for many columns, nor for several outputs."""
    if kind.loss in FAMILIES and kind.forms_hessian:
        yield estimator("glum", model, package="glum", scaler=scaler)


def model(problem, tolerance):
    """Its alpha is ours."""
    from glum import GeneralizedLinearRegressor

    return GeneralizedLinearRegressor(
        alpha=problem.alpha,
        l1_ratio=problem.mixture,
        family=FAMILIES[problem.kind.loss],
        fit_intercept=problem.fit_intercept,
        gradient_tol=tolerance,
        max_iter=1000,
    )
