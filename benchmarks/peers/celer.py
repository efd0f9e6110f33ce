"""celer: coordinate descent with dual extrapolation and working sets."""

from benchmarks.core import estimator


def contenders(kind, scaler=False):
    """Absolute penalties only."""
    if kind.penalty == "l1" and kind.loss != "softmax":
        yield estimator("celer", model, package="celer", scaler=scaler)


def model(problem, tolerance):
    """Its logistic regression has no intercept."""
    from celer import Lasso, LogisticRegression

    if problem.kind.loss == "squared":
        return Lasso(alpha=problem.alpha, tol=tolerance, fit_intercept=problem.fit_intercept)
    return LogisticRegression(C=1 / (problem.alpha * len(problem.y)), tol=tolerance, max_iter=1000)
