"""The function that a solver minimises: what solvers see, and the empirical risk."""

from sklearn_gd.objective.base import FunctionObjective, Objective, Separable  # noqa: F401
from sklearn_gd.objective.empirical_risk import EmpiricalRisk
from sklearn_gd.objective.problem import Problem, cold_start, reference_value  # noqa: F401

__all__ = ["EmpiricalRisk", "FunctionObjective", "Objective"]
