"""skglm: working sets and Anderson acceleration for sparse models."""

from benchmarks.core import estimator

ITERATIONS = 1000


def contenders(kind, scaler=False):
    """Penalties with an absolute part; its Poisson loss has a wrong gradient on sparse rows."""
    losses = ("squared", "logistic") if kind.sparse else ("squared", "logistic", "poisson")
    if kind.penalty != "l2" and kind.loss in losses:
        yield estimator("skglm", model, package="skglm", scaler=scaler)


def model(problem, tolerance):
    """Its alpha is ours."""
    import skglm

    options = {"tol": tolerance, "max_iter": ITERATIONS, "fit_intercept": problem.fit_intercept}
    if problem.kind.loss == "poisson":
        from skglm.datafits import Poisson
        from skglm.penalties import L1_plus_L2
        from skglm.solvers import ProxNewton

        penalty = L1_plus_L2(problem.alpha, problem.mixture)
        return skglm.GeneralizedLinearEstimator(Poisson(), penalty, ProxNewton(**options))
    options |= {"alpha": problem.alpha, "l1_ratio": problem.mixture}
    if problem.kind.loss == "logistic":
        return skglm.SparseLogisticRegression(**options)
    if problem.kind.penalty == "elasticnet":
        return skglm.ElasticNet(**options)
    options.pop("l1_ratio")
    return skglm.Lasso(**options)
