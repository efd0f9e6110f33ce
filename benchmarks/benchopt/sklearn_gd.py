"""A solver of benchopt's public benchmark of l2-regularised logistic regression.

Copy this file into ``solvers/`` of ``benchopt/benchmark_logreg_l2`` and run there
``benchopt run . -s sklearn_gd``.
"""

import warnings

import numpy as np
from benchopt import BaseSolver
from sklearn.exceptions import ConvergenceWarning

from sklearn_gd import GDLogisticClassifier


class Solver(BaseSolver):
    """Sum of log(1 + exp(-y (x w + b))), plus lmbd |w|^2 / 2; y is -1 or 1, X dense or sparse."""

    name = "sklearn_gd"
    install_cmd = "conda"
    requirements = ["pip::sklearn-gd"]  # noqa: RUF012
    parameters = {"solver": ["auto"]}  # noqa: RUF012
    sampling_strategy = "iteration"

    def set_objective(self, X, y, lmbd, fit_intercept):
        """Our alpha stands beside a mean."""
        self.X, self.y = X, y
        self.model = GDLogisticClassifier(
            penalty="l2",
            alpha=lmbd / X.shape[0],
            fit_intercept=fit_intercept,
            solver=self.solver,
            tol=0,
        )

    def run(self, stop_val):
        """Exactly ``stop_val`` iterations; the start for none, since ours count from one."""
        if stop_val == 0:
            self.coef = np.zeros(self.X.shape[1] + self.model.fit_intercept)
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            self.model.set_params(max_iter=stop_val).fit(self.X, self.y)
        parts = [self.model.coef_.ravel(), self.model.intercept_]
        self.coef = np.concatenate(parts if self.model.fit_intercept else parts[:1])

    def get_result(self):
        """Weights, then the intercept where there is one."""
        return {"beta": self.coef}
