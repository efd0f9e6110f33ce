"""How a row becomes a raw prediction."""

from sklearn_gd.models.base import Model
from sklearn_gd.models.linear import Linear
from sklearn_gd.models.mlp import MLP

__all__ = ["MLP", "Linear", "Model"]
