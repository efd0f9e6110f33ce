"""Newton's method with conjugate gradients inside, for penalties with kinks."""

from dataclasses import dataclass

import numpy as np

from sklearn_gd.quadratic import proximal_newton_cg
from sklearn_gd.quadratic.proximal_cg import TOLERANCE
from sklearn_gd.solvers.newton_cg import TruncatedNewton
from sklearn_gd.solvers.second_order import Direction, Directions, SecondOrder
from sklearn_gd.solvers.stopping import scale

# The metric, here a preconditioner, is rebuilt when a step needed more products than this.
MANY_PRODUCTS = 20
MAX_PRODUCTS = 200
# The model is trusted as far as it foretold the last decrease, but for rounding.
FINEST = 1e-6
# A round of the model that gains less than this fraction of ``tol`` cannot matter.
NEGLIGIBLE = 0.1


@dataclass(kw_only=True, eq=False, repr=False)
class ProximalNewtonCG(SecondOrder):
    """Truncated proximal Newton: products with the Hessian, and exact zeros.

    Each iteration minimises over the direction d

    .. math:: g^T d + d^T H d / 2 + nonsmooth(params + d)

    by products Hd, a pass each, with the metric of the objective as preconditioner. The better the
    previous model predicted the decrease of the objective, the more precisely it is minimised.

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
        if not (objective.is_smooth or objective.is_separable):
            return (
                "ProximalNewtonCG needs a penalty whose proximal operator takes a scale for each "
                "weight; use solver='auto' instead."
            )
        if objective.has_kinks:
            return (
                "ProximalNewtonCG needs second derivatives, and a loss with kinks has none; use "
                "solver='auto' instead."
            )
        return None

    def _directions(self, objective, at, run):
        metric = objective.first_metric(at)
        if objective.is_smooth:
            # without kinks no parameter is held, and this is Newton's method
            return TruncatedNewton(objective, metric)
        return TruncatedProximalNewton(objective, metric, run.tol)


class TruncatedProximalNewton(Directions):
    """The proximal model, minimised as closely as the last one was to be trusted."""

    def __init__(self, objective, metric, tol):
        super().__init__(objective, metric)
        self._tol, self._tolerance, self._products = tol, TOLERANCE, 0

    def find(self, at):
        is_direct = self.is_bound or self.metric.is_hessian
        product = self.metric.product if is_direct else self.objective.hessian_operator(at.params)
        negligible = NEGLIGIBLE * self._tol * scale(self.objective, at.total)
        direction, decrease, self._products = proximal_newton_cg(
            product, self.metric, self.objective, at.params, at.gradient,
            MAX_PRODUCTS, self._tolerance, negligible,
        )  # fmt: skip
        # where products decide convergence anyway, nothing is computed twice
        decides = self.objective.has_diagonal_metric and not self.is_bound
        newton = (decrease, direction, self.metric) if decides else None
        return Direction(direction, decrease, {"newton": newton})

    def advance(self, at, step, way, was_bound):
        gain = at.total - step.total
        surprise = abs(gain / way.decrease - 1) if way.decrease > 0 else TOLERANCE
        self._tolerance = float(np.clip(surprise, FINEST, TOLERANCE))
        is_worn = was_bound or self.metric.is_hessian or self._products > MANY_PRODUCTS
        if is_worn and not self.is_bound:
            self.metric = self.objective.metric(step.params)
