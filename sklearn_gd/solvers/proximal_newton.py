"""Newton's method with conjugate gradients inside, for penalties with kinks."""

from dataclasses import dataclass

import numpy as np

from sklearn_gd.proximal import TOLERANCE, proximal_newton_cg
from sklearn_gd.solvers.base import Solver
from sklearn_gd.solvers.line_search import SHORT, search
from sklearn_gd.solvers.newton_cg import NewtonCG

# The metric, here a preconditioner, is rebuilt when a step needed more products than this.
MANY_PRODUCTS = 20
MAX_PRODUCTS = 200
# The model is trusted as far as it foretold the last decrease, but for rounding.
FINEST = 1e-6
# A round of the model that gains less than this share of ``tol`` cannot matter.
NEGLIGIBLE = 0.1


@dataclass(kw_only=True, eq=False, repr=False)
class ProximalNewtonCG(Solver):
    """Truncated proximal Newton: products with the Hessian, and exact zeros.

    Each iteration minimises over the direction d

    .. math:: g^T d + d^T H d / 2 + nonsmooth(params + d)

    by products Hd, a pass each, with the metric of the objective as preconditioner; the better the
    last model foretold what its step gained, the closer.

    References
    ----------
    Lee, Sun and Saunders (2014), "Proximal Newton-type methods for minimizing composite functions";
    Eisenstat and Walker (1996), "Choosing the forcing terms in an inexact Newton method".

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_gd import GDLinearRegressor
    >>> from sklearn_gd.solvers import ProximalNewtonCG
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = GDLinearRegressor(penalty="l1", alpha=0.5, solver=ProximalNewtonCG()).fit(X, y)
    >>> int((model.coef_ != 0).sum()), model.converged_
    (4, True)
    """

    def unsupported(self, objective):
        if not objective.is_convex:
            return (
                "ProximalNewtonCG needs the convex objective of a linear model; use "
                "solver='agd' instead."
            )
        if objective.has_kinks:
            return (
                "ProximalNewtonCG needs second derivatives, which a loss with kinks has not; use "
                "solver='auto' instead."
            )
        return None

    def _run(self, objective, params, run, progress, state):
        if objective.is_smooth:
            # without kinks no parameter is held, and this is Newton's method
            return NewtonCG()._run(objective, params, run, progress, state)
        params = params.astype(np.float64)
        metric, is_bound = objective.metric(params), False
        value, gradient = objective.value_and_gradient(params)
        total, length = value + objective.nonsmooth(params), np.nan
        tolerance = TOLERANCE
        while True:
            negligible = NEGLIGIBLE * run.tol * objective.scale(total)
            is_direct = is_bound or metric.is_hessian
            hessian = metric.product if is_direct else objective.hessian_operator(params)
            direction, decrease, products = proximal_newton_cg(
                hessian, metric, objective, params, gradient, MAX_PRODUCTS, tolerance, negligible
            )
            # where products decide convergence anyway, nothing is computed twice
            decides = objective.has_diagonal_metric and not is_bound
            newton = (decrease, direction, metric) if decides else None
            if progress.done(
                params, total, gradient, decrease=decrease, newton=newton, step_size=length
            ):
                return
            step = search(objective, params, direction, total, gradient)
            if step is None and is_bound:
                return progress.stall(decrease)
            was_bound, is_bound = is_bound, step is None or step.length < SHORT
            if is_bound:
                metric = objective.bound_metric() or metric
            if step is None:
                continue
            if progress.is_spent(step.total):
                return progress.stall(0.0)
            surprise = abs((total - step.total) / decrease - 1) if decrease > 0 else TOLERANCE
            tolerance = float(np.clip(surprise, FINEST, TOLERANCE))
            params, value, gradient, total = step.params, step.value, step.gradient, step.total
            length = step.length
            if not is_bound and (was_bound or metric.is_hessian or products > MANY_PRODUCTS):
                metric = objective.metric(params)
