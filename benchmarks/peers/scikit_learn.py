"""scikit-learn: every solver that can minimise the problem."""

from functools import partial

from sklearn.linear_model import Lasso, LogisticRegression, Ridge, SGDRegressor

from benchmarks.core import estimator

PASSES = 100_000
# from 1.8 on the penalty is given by l1_ratio
HAS_L1_RATIO = getattr(LogisticRegression(), "penalty", "deprecated") == "deprecated"


def contenders(kind, scaler=False):
    """Solvers by problem; those of Hessian form only where it fits into memory."""
    if kind.loss == "squared":
        yield from squared(kind, scaler)
        return
    if kind.penalty == "l1":
        solvers = ["saga"]
    else:
        solvers = ["lbfgs", "newton-cg", "saga"]
        if not (kind.sparse or kind.wide):
            solvers.append("newton-cholesky")
    for solver in solvers:
        yield estimator(f"sklearn {solver}", partial(logistic, solver), scaler=scaler)
    if kind.loss == "logistic":
        for words, scaling in intercepts(kind):
            build = partial(logistic, "liblinear", intercept_scaling=scaling)
            yield estimator(f"sklearn liblinear{words}", build, scaler=scaler)


def intercepts(kind):
    """Scales of the intercept for liblinear and snapml, which penalise it as well.

    Our dense data have an intercept near 0 and the l1 problems none, so 1 will do; elsewhere 10
    makes its penalty matter less and the solver slower.
    """
    yield "", 1.0
    if kind.sparse and kind.penalty == "l2":
        yield " intercept x10", 10.0


def squared(kind, scaler):
    """Ridge's solvers and SGD, or the lasso with and without its Gram matrix."""
    if kind.penalty == "l1":
        yield estimator("sklearn Lasso", partial(lasso, False), scaler=scaler)
        if not kind.sparse:
            yield estimator("sklearn Lasso gram", partial(lasso, True), scaler=scaler)
        return
    for solver in ("cholesky", "svd", "lsqr", "sparse_cg", "sag"):
        direct = {"tolerances": (None,)} if solver in ("cholesky", "svd") else {}
        build = partial(ridge, solver)
        yield estimator(f"sklearn Ridge {solver}", build, scaler=scaler, **direct)
    # its tolerance is about the loss of an epoch: only the default stops it well
    yield estimator("sklearn SGDRegressor", sgd, scaler=scaler, tolerances=(1e-3,))


def ridge(solver, problem, tolerance):
    """Ridge's alpha stands beside a sum."""
    return Ridge(
        alpha=problem.alpha * len(problem.y),
        solver=solver,
        tol=1e-4 if tolerance is None else tolerance,
        max_iter=PASSES,
        random_state=0,
    )


def sgd(problem, tolerance):
    """Plain stochastic descent."""
    return SGDRegressor(alpha=problem.alpha, tol=tolerance, random_state=0)


def lasso(gram, problem, tolerance):
    """Coordinate descent."""
    return Lasso(alpha=problem.alpha, precompute=gram, tol=tolerance, max_iter=PASSES)


def logistic(solver, problem, tolerance, **options):
    """``C`` is 1 / (alpha n)."""
    if problem.kind.penalty == "l1":
        options |= {"l1_ratio": 1.0} if HAS_L1_RATIO else {"penalty": "l1"}
    return LogisticRegression(
        C=1 / (problem.alpha * len(problem.y)),
        solver=solver,
        tol=tolerance,
        max_iter=PASSES,
        fit_intercept=problem.fit_intercept,
        random_state=0,
        **options,
    )
