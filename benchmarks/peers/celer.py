"""celer: coordinate descent with dual extrapolation and working sets."""

from benchmarks.core import estimator


def contenders(kind, scaler=False):
    """Absolute penalties; its logistic regression has no intercept, nor an elastic net."""
    lasso = kind.loss == "squared" and kind.penalty in ("l1", "elasticnet")
    logistic = kind.loss == "logistic" and kind.penalty == "l1" and not kind.offset
    if lasso or logistic:
        yield estimator("celer", model, package="celer", scaler=scaler)


def model(problem, tolerance):
    """Its alpha is ours."""
    from celer import ElasticNet, Lasso, LogisticRegression

    if problem.kind.loss == "logistic":
        return LogisticRegression(C=problem.inverse_strength, tol=tolerance, max_iter=1000)
    options = {"alpha": problem.alpha, "tol": tolerance, "fit_intercept": problem.fit_intercept}
    if problem.kind.penalty == "elasticnet":
        return ElasticNet(l1_ratio=problem.l1_ratio, **options)
    return Lasso(**options)
