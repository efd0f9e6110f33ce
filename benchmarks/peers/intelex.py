"""scikit-learn-intelex: scikit-learn's classes on oneDAL."""

from functools import partial

from benchmarks.core import estimator
from benchmarks.peers.scikit_learn import PASSES


def contenders(kind, scaler=False):
    """Dense data only: it hands sparse rows to scikit-learn, which is measured anyway."""
    if kind.penalty != "l2" or kind.sparse or kind.loss not in ("squared", "logistic", "softmax"):
        return
    if kind.loss == "squared":
        yield estimator(
            "sklearnex Ridge", ridge, package="sklearnex", scaler=scaler, tolerances=(None,)
        )
        return
    # it hands newton-cg of several classes to scikit-learn, too
    for solver in ("lbfgs",) if kind.loss == "softmax" else ("lbfgs", "newton-cg"):
        build = partial(logistic, solver)
        yield estimator(f"sklearnex {solver}", build, package="sklearnex", scaler=scaler)


def ridge(problem, tolerance):
    """Normal equations."""
    from sklearnex.linear_model import Ridge

    return Ridge(alpha=problem.alpha * len(problem.y))


def logistic(solver, problem, tolerance):
    """``C`` is 1 / (alpha n)."""
    from sklearnex.linear_model import LogisticRegression

    return LogisticRegression(
        C=problem.inverse_strength,
        solver=solver,
        tol=tolerance,
        max_iter=PASSES,
        fit_intercept=problem.fit_intercept,
    )
