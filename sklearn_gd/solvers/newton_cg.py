"""Newton's method with conjugate gradients inside."""

from dataclasses import dataclass

import numpy as np

from sklearn_gd.metric import conjugate_gradient
from sklearn_gd.solvers.base import Solver
from sklearn_gd.solvers.line_search import SHORT, search

# The metric, here a preconditioner, is rebuilt when it needed more products than this.
MANY_PRODUCTS = 8
MAX_PRODUCTS = 200


@dataclass(kw_only=True, eq=False, repr=False)
class NewtonCG(Solver):
    """Truncated Newton: the Newton equation solved by preconditioned conjugate gradients.

    Each iteration minimises over the direction d

    .. math:: g^T d + d^T H d / 2

    by products Hd, a pass each, until another one is worth less than a tenth of the mean product so
    far; the metric of the objective is the preconditioner. Where the metric is the whole Hessian,
    the Newton equation is solved by it directly.

    References
    ----------
    Nash and Sofer (1990), "Assessing a search direction within a truncated-Newton method".

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn_gd import GDSoftmaxClassifier
    >>> from sklearn_gd.solvers import NewtonCG
    >>> X, y = load_wine(return_X_y=True)
    >>> model = GDSoftmaxClassifier(solver=NewtonCG()).fit(X, y)
    >>> model.score(X, y), model.converged_
    (1.0, True)
    """

    def unsupported(self, objective):
        if not objective.is_smooth:
            return (
                "NewtonCG cannot minimise a penalty without a gradient, such as 'l1' or "
                "that of positive=True; use solver='agd', or leave the choice to 'auto'."
            )
        if not objective.is_convex:
            return (
                "NewtonCG needs the convex objective of a linear model; use solver='lbfgs' instead."
            )
        if objective.has_kinks:
            return (
                "NewtonCG needs second derivatives, which a loss with kinks has not; use "
                "solver='lbfgs' instead."
            )
        return None

    def _run(self, objective, params, run, progress, state):
        params = params.astype(np.float64)
        metric = objective.metric(params)
        value, gradient = objective.value_and_gradient(params)
        length, is_bound = np.nan, False
        while True:
            direction, decrease, products = self._direction(
                objective, metric, params, gradient, metric.is_hessian or is_bound
            )
            # what decides the step decides convergence: nothing is computed twice
            newton = None if is_bound else (decrease, direction, metric)
            known = {"decrease": decrease, "newton": newton, "step_size": length}
            if progress.done(params, value, gradient, **known):
                return
            step = search(objective, params, direction, value, gradient)
            if step is None and is_bound:
                return progress.stall(decrease)
            was_bound, is_bound = is_bound, step is None or step.length < SHORT
            if is_bound:
                metric = objective.bound_metric() or metric
            if step is None:
                continue
            if progress.is_spent(step.total):
                return progress.stall(0.0)
            params, value, gradient, length = step.params, step.value, step.gradient, step.length
            if not is_bound and (was_bound or metric.is_hessian or products > MANY_PRODUCTS):
                metric = objective.metric(params)

    def _direction(self, objective, metric, params, gradient, is_direct):
        if is_direct:
            direction = -metric.solve(gradient)
            return direction, -(gradient @ direction) / 2, 0
        hessian = objective.hessian_operator(params)
        return conjugate_gradient(hessian, gradient, metric.solve, MAX_PRODUCTS)[:3]
