"""scikit-learn: every solver that can minimise the problem."""

from functools import partial

from sklearn.linear_model import (
    ElasticNet,
    HuberRegressor,
    Lasso,
    LogisticRegression,
    PoissonRegressor,
    QuantileRegressor,
    Ridge,
    SGDRegressor,
)

from benchmarks.core import estimator

PASSES = 100_000
RIDGE = ("cholesky", "svd", "lsqr", "sparse_cg", "sag")
# HuberRegressor finds the standard deviation as well; its delta is so many of them.
EPSILON = 1.35
# from 1.8 on the penalty is given by l1_ratio
HAS_L1_RATIO = getattr(LogisticRegression(), "penalty", "deprecated") == "deprecated"


def contenders(kind, scaler=False):
    """Solvers by problem; those of Hessian form only where it fits into memory."""
    yield from LOSSES[kind.loss](kind, scaler)


def classification(kind, scaler):
    """The solvers of LogisticRegression."""
    solvers = ["saga"]
    if kind.penalty == "l2":
        solvers = ["lbfgs", "newton-cg", "saga"]
        if kind.forms_hessian:
            solvers.append("newton-cholesky")
    for solver in solvers:
        yield estimator(f"sklearn {solver}", partial(logistic, solver), scaler=scaler)
    if kind.loss == "logistic" and kind.penalty != "elasticnet":
        for words, scaling in intercepts(kind):
            build = partial(logistic, "liblinear", intercept_scaling=scaling)
            yield estimator(f"sklearn liblinear{words}", build, scaler=scaler)


def intercepts(kind):
    """Scales of the intercept for liblinear and snapml, which penalise it as well.

    A larger scale makes the penalty on the intercept matter less and the solver slower. Our dense
    random data have an intercept near 0 and the l1 problems on them none, so 1 will do there.
    """
    if kind.offset:
        yield " intercept x100", 100.0
        yield " intercept x1000", 1000.0
        return
    yield "", 1.0
    if kind.sparse and kind.penalty == "l2":
        yield " intercept x10", 10.0


def squared(kind, scaler):
    """Ridge's solvers and SGD, or coordinate descent with and without the Gram matrix."""
    if kind.penalty != "l2":
        name = "Lasso" if kind.penalty == "l1" else "ElasticNet"
        yield estimator(f"sklearn {name}", partial(lasso, False), scaler=scaler)
        if not kind.sparse:
            yield estimator(f"sklearn {name} gram", partial(lasso, True), scaler=scaler)
        return
    # with an intercept, the others refuse sparse rows or hand them to sparse_cg
    for solver in ("lsqr", "sparse_cg") if kind.sparse else RIDGE:
        direct = {"tolerances": (None,)} if solver in ("cholesky", "svd") else {}
        build = partial(ridge, solver)
        yield estimator(f"sklearn Ridge {solver}", build, scaler=scaler, **direct)
    # its tolerance is about the loss of an epoch: only the default stops it well
    yield estimator("sklearn SGDRegressor", sgd, scaler=scaler, tolerances=(1e-3,))


def poisson(kind, scaler):
    """Both solvers of PoissonRegressor."""
    if kind.penalty == "l2":
        for solver in ("lbfgs", *(["newton-cholesky"] if kind.forms_hessian else [])):
            build = partial(glm, solver)
            yield estimator(f"sklearn PoissonRegressor {solver}", build, scaler=scaler)


def huber(kind, scaler):
    """One solver; its minimum is ours where delta is EPSILON times the scale that it finds."""
    if kind.penalty == "l2" and not kind.sparse:
        yield estimator("sklearn HuberRegressor", robust, scaler=scaler)


def quantile(kind, scaler):
    """Linear programming, whose penalty is the absolute one."""
    if kind.penalty == "l1":
        yield estimator(
            "sklearn QuantileRegressor", linear_program, scaler=scaler, tolerances=(None,)
        )


LOSSES = {
    "logistic": classification,
    "softmax": classification,
    "squared": squared,
    "poisson": poisson,
    "huber": huber,
    "quantile": quantile,
}


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
    options = {"alpha": problem.alpha, "precompute": gram, "tol": tolerance, "max_iter": PASSES}
    if problem.kind.penalty == "l1":
        return Lasso(**options)
    return ElasticNet(l1_ratio=problem.l1_ratio, **options)


def glm(solver, problem, tolerance):
    """Half of the mean deviance, as ours."""
    return PoissonRegressor(alpha=problem.alpha, solver=solver, tol=tolerance, max_iter=PASSES)


def robust(problem, tolerance):
    """At its minimum over weights and scale sigma, the weights minimise our objective.

    It minimises the sum of sigma + 2/sigma times our loss of delta = epsilon sigma, plus its alpha
    times \\|w\\|^2.
    """
    sigma = problem.shape / EPSILON
    return HuberRegressor(
        epsilon=EPSILON,
        alpha=problem.alpha * len(problem.y) / sigma,
        tol=tolerance,
        max_iter=PASSES,
    )


def linear_program(problem, _tolerance):
    """Its alpha is ours; exact."""
    return QuantileRegressor(quantile=problem.shape, alpha=problem.alpha)


def logistic(solver, problem, tolerance, **options):
    """``C`` is 1 / (alpha n)."""
    if problem.kind.penalty != "l2":
        ratio = {"l1_ratio": problem.mixture}
        options |= ratio if HAS_L1_RATIO else ratio | {"penalty": problem.kind.penalty}
    return LogisticRegression(
        C=problem.inverse_strength,
        solver=solver,
        tol=tolerance,
        max_iter=PASSES,
        fit_intercept=problem.fit_intercept,
        random_state=0,
        **options,
    )
