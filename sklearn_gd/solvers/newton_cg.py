"""Newton's method with conjugate gradients inside."""

from dataclasses import dataclass

from sklearn_gd.quadratic import conjugate_gradient
from sklearn_gd.solvers.second_order import Direction, Directions, SecondOrder

# The metric, here a preconditioner, is rebuilt when it needed more products than this.
MANY_PRODUCTS = 8
MAX_PRODUCTS = 200


@dataclass(kw_only=True, eq=False, repr=False)
class NewtonCG(SecondOrder):
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
                "NewtonCG needs second derivatives, and a loss with kinks has none; use "
                "solver='lbfgs' instead."
            )
        return None

    def _directions(self, objective, at, run):
        return TruncatedNewton(objective, objective.first_metric(at))


class TruncatedNewton(Directions):
    """Conjugate gradients by products with the Hessian, preconditioned by the metric."""

    def find(self, at):
        if self.metric.is_hessian or self.is_bound:
            direction = -self.metric.solve(at.gradient)
            decrease, self._products = -(at.gradient @ direction) / 2, 0
        else:
            hessian = self.objective.hessian_operator(at.params)
            direction, decrease, self._products, _ = conjugate_gradient(
                hessian, at.gradient, self.metric.solve, MAX_PRODUCTS
            )
        # what decides the step decides convergence: nothing is computed twice
        newton = None if self.is_bound else (decrease, direction, self.metric)
        return Direction(direction, decrease, {"newton": newton})

    def advance(self, at, step, way, was_bound):
        is_worn = was_bound or self.metric.is_hessian or self._products > MANY_PRODUCTS
        if is_worn and not self.is_bound:
            self.metric = self.objective.metric(step.params)
