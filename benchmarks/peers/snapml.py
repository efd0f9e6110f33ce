"""snapml: stochastic dual coordinate ascent in C++."""

from functools import partial

from joblib import cpu_count

from benchmarks.core import estimator
from benchmarks.peers.scikit_learn import intercepts


def contenders(kind, scaler=False):
    """Two classes; its dual solver for l2, its primal one for l1."""
    if kind.loss == "logistic" and kind.penalty in ("l1", "l2"):
        for words, scaling in intercepts(kind):
            yield estimator(
                f"snapml{words}",
                partial(model, scaling),
                read=partial(read, scaling),
                package="snapml",
                scaler=scaler,
            )


def model(scaling, problem, tolerance):
    """The regularizer stands beside a sum."""
    from snapml import LogisticRegression

    penalty = problem.kind.penalty
    return LogisticRegression(
        regularizer=problem.alpha * len(problem.y),
        penalty=penalty,
        dual=penalty == "l2",
        fit_intercept=problem.fit_intercept,
        intercept_scaling=scaling,
        tol=tolerance,
        max_iter=10_000,
        n_jobs=cpu_count(),
        random_state=0,
    )


def read(scaling, fitted):
    """Here ``intercept_`` is the weight of the column of ``intercept_scaling``."""
    return fitted.coef_, scaling * fitted.intercept_ if fitted.fit_intercept else 0.0
