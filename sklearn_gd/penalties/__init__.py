"""Penalties on weights, at unit strength; the objective multiplies them by ``alpha``."""

from sklearn_gd.penalties.base import NoPenalty, Penalty
from sklearn_gd.penalties.group_lasso import GroupLasso
from sklearn_gd.penalties.mcp import MCP
from sklearn_gd.penalties.norms import L1, L2, ElasticNet, Tikhonov
from sklearn_gd.penalties.slope import SLOPE
from sklearn_gd.penalties.wrappers import Bounded, Positive, Standardized, Weighted

#: Penalties by the names that the parameter ``penalty`` of an estimator takes.
PENALTIES = {"l1": L1, "l2": L2, "elasticnet": ElasticNet, "mcp": MCP, "slope": SLOPE}

__all__ = [
    "L1",
    "L2",
    "MCP",
    "PENALTIES",
    "SLOPE",
    "Bounded",
    "ElasticNet",
    "GroupLasso",
    "NoPenalty",
    "Penalty",
    "Positive",
    "Standardized",
    "Tikhonov",
    "Weighted",
]
