"""skglm: working sets and Anderson acceleration for sparse models."""

from benchmarks.core import estimator


def contenders(kind, scaler=False):
    """Absolute penalties only."""
    if kind.penalty == "l1" and kind.loss != "softmax":
        yield estimator("skglm", model, package="skglm", scaler=scaler)


def model(problem, tolerance):
    """Its alpha is ours."""
    from skglm import Lasso, SparseLogisticRegression

    found = Lasso if problem.kind.loss == "squared" else SparseLogisticRegression
    return found(
        alpha=problem.alpha, tol=tolerance, max_iter=1000, fit_intercept=problem.fit_intercept
    )
