"""Second derivatives of the objective, and the quadratic models that are made of them."""

from sklearn_gd.quadratic.conjugate_gradient import conjugate_gradient
from sklearn_gd.quadratic.curvature import Curvature, Latest
from sklearn_gd.quadratic.decrement import newton_decrement
from sklearn_gd.quadratic.feature_sign import proximal_direction
from sklearn_gd.quadratic.metric import (
    CentredDiagonalMetric,
    CholeskyMetric,
    DiagonalMetric,
    Metric,
)
from sklearn_gd.quadratic.null_space import nearest, undetermined
from sklearn_gd.quadratic.proximal_cg import ProximalStep, proximal_newton_cg

__all__ = [
    "CentredDiagonalMetric",
    "CholeskyMetric",
    "Curvature",
    "DiagonalMetric",
    "Latest",
    "Metric",
    "ProximalStep",
    "conjugate_gradient",
    "nearest",
    "newton_decrement",
    "proximal_direction",
    "proximal_newton_cg",
    "undetermined",
]
