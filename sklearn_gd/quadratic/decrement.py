"""The Newton decrement: what the local quadratic model says is left to gain."""

from numpy.typing import NDArray

from sklearn_gd.quadratic.conjugate_gradient import conjugate_gradient
from sklearn_gd.quadratic.feature_sign import proximal_direction
from sklearn_gd.quadratic.metric import Metric
from sklearn_gd.quadratic.proximal_cg import proximal_newton_cg

MAX_PRODUCTS = 200
# As many a Hessian near here saves, where it preconditions products instead of being made anew.
FEW_PRODUCTS = 4


def newton_decrement(
    objective, params: NDArray, gradient: NDArray, near: Metric | None = None
) -> tuple[float, NDArray, Metric] | None:
    r"""What the local quadratic model loses at best, on which step, and the metric there.

    This is :math:`g^T H^{-1} g / 2`; with a nonsmooth part, the decrease of the proximal Newton
    step. Where products with the Hessian decide, a metric made ``near`` here preconditions them as
    well as a new one.

    Returns
    -------
    found : tuple of (float, ndarray, Metric) or None
        None where the objective has no metric, or one that says nothing for its penalty.
    """
    if objective.has_diagonal_metric and not (objective.is_smooth or objective.is_separable):
        return None
    only_preconditions = (
        near is not None
        and objective.is_smooth
        and (not near.is_hessian or objective.metric_cost > FEW_PRODUCTS)
    )
    metric = near if only_preconditions else objective.metric(params)
    if metric is None:
        return None
    if not objective.is_smooth and objective.has_diagonal_metric and not objective.has_kinks:
        product = objective.hessian_operator(params)
        direction, decrease, _ = proximal_newton_cg(
            product, metric, objective, params, gradient, MAX_PRODUCTS
        )
        return decrease, direction, metric
    if not objective.is_smooth:
        direction, decrease = proximal_direction(metric, objective, params, gradient)
        return decrease, direction, metric
    if metric.is_hessian and not only_preconditions:
        direction = -metric.solve(gradient)
        return (gradient @ -direction) / 2, direction, metric
    product = objective.hessian_operator(params)
    direction, decrease, *_ = conjugate_gradient(product, gradient, metric.solve, MAX_PRODUCTS)
    return decrease, direction, metric
