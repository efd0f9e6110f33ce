"""Looking at a fit: whether its gradient is right, how it went down, and how fast.

matplotlib is imported when something is drawn, and not before.
"""

from sklearn_gd.inspection._coefficient_table import CoefficientTable
from sklearn_gd.inspection.coefficients import coefficient_table
from sklearn_gd.inspection.descent import DescentDisplay
from sklearn_gd.inspection.gradients import GradientCheck, check_gradient
from sklearn_gd.inspection.learning_rate import LearningRateDisplay, learning_rate_range
from sklearn_gd.inspection.loss_curve import LossCurveDisplay
from sklearn_gd.inspection.path import PathDisplay
from sklearn_gd.inspection.proximal import ProxCheck, check_prox
from sklearn_gd.inspection.solver_comparison import SolverComparisonDisplay

__all__ = [
    "CoefficientTable",
    "DescentDisplay",
    "GradientCheck",
    "LearningRateDisplay",
    "LossCurveDisplay",
    "PathDisplay",
    "ProxCheck",
    "SolverComparisonDisplay",
    "check_gradient",
    "check_prox",
    "coefficient_table",
    "learning_rate_range",
]
