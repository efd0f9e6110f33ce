"""``solver="auto"``: which solver for which objective, and why."""

from sklearn_gd.objective import Objective
from sklearn_gd.solvers.adam import Adam
from sklearn_gd.solvers.base import Solver
from sklearn_gd.solvers.gradient_descent import AcceleratedGradientDescent, GradientDescent
from sklearn_gd.solvers.lbfgs import LBFGS
from sklearn_gd.solvers.newton_cg import NewtonCG
from sklearn_gd.solvers.normalized import NormalizedAdagrad
from sklearn_gd.solvers.proximal_newton import ProximalNewtonCG
from sklearn_gd.solvers.rules import SGD
from sklearn_gd.solvers.working_set import WorkingSet

# Features from which on a matrix of those that are not zero costs less than one of all, although
# the set has to be found: measured on real tables of 300 to 1,000 columns.
MANY_FEATURES = 500


def choose(objective: Objective) -> Solver:
    """The solver of ``solver="auto"``: by model, penalty, loss and storage, never by chance.

    ============================  ==============================  ================================
    objective                     solver                          because
    ============================  ==============================  ================================
    not linear in its parameters  Adam                            batches find good valleys, and
                                                                  no second derivatives are known
    for row-by-row updates        SGD                             the mean loss is no objective
    nonconvex loss or penalty     LBFGS, or GradientDescent(      every step lowers the objective;
                                  "curvature") if nonsmooth       nothing relies on convexity
    prox of one scale for all,    AcceleratedGradientDescent      a diagonal has many scales, and
    and too many coefficients                                     bounds nothing by itself
    l1 penalty, more than 500     WorkingSet                      few coefficients are not zero, and
    features, no kinks                                            a matrix of these is small
    elastic net, sparse X,        ProximalNewtonCG                products with the Hessian, which a
    coefficients too many for a                                   diagonal conditions well enough
    matrix, no kinks
    nonsmooth penalty             GradientDescent("curvature")    proximal Newton: a small lasso in
                                                                  the metric, exact zeros
    outputs share curvature,      NewtonCG                        softmax: a metric for each class
    and the Hessian is known                                      leaves out how classes compete
    coefficients too many for a   NewtonCG                        products with the Hessian make up
    matrix, no kinks                                              for what a diagonal leaves out
    rows beyond a margin have no  GradientDescent("curvature")    second derivatives of before a
    second derivatives                                            step mislead LBFGS after it
    else                          LBFGS                           one pass an iteration, the metric
                                                                  makes units irrelevant
    ============================  ==============================  ================================

    Parameters
    ----------
    objective : Objective

    Returns
    -------
    solver : Solver

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_gd import GDLinearRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> GDLinearRegressor().fit(X, y).solver_
    LBFGS()
    """
    if not objective.is_linear:
        return Adam()
    if objective.is_online:
        return SGD()
    if not objective.is_convex:
        return LBFGS() if objective.is_smooth else GradientDescent(metric="curvature")
    if not objective.is_smooth:
        if not objective.is_separable and objective.has_diagonal_metric:
            return AcceleratedGradientDescent()
        is_linear_penalty = objective.has_columns and not objective.has_curved_penalty
        if objective.has_kinks:
            return GradientDescent(metric="curvature")
        if objective.n_features > MANY_FEATURES and is_linear_penalty:
            return WorkingSet()
        if objective.has_diagonal_metric and objective.is_sparse:
            return ProximalNewtonCG()
        return GradientDescent(metric="curvature")
    if objective.shares_curvature and objective.knows_hessian:
        return NewtonCG()
    if objective.has_diagonal_metric and not objective.has_kinks:
        return NewtonCG()
    if objective.has_margin:
        return GradientDescent(metric="curvature")
    return LBFGS()


def choose_for_stream(objective: Objective) -> Solver:
    """The solver of ``partial_fit`` with "auto": units are unknown when the first rows arrive.

    Parameters
    ----------
    objective : Objective

    Returns
    -------
    solver : Solver
        :class:`NormalizedAdagrad` for a linear model, :class:`Adam` for a network, :class:`SGD` for
        losses and penalties that the first does not support.

    Examples
    --------
    >>> from sklearn_gd import GDLinearRegressor
    >>> GDLinearRegressor().partial_fit([[1.0], [2.0]], [1.0, 3.0]).solver_
    NormalizedAdagrad()
    """
    if not objective.is_linear:
        return Adam()
    if objective.is_online or not (objective.is_convex and objective.is_separable):
        return SGD()
    return NormalizedAdagrad()
