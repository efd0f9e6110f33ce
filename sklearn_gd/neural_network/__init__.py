"""Neural networks: what the user sees."""

from sklearn_gd.neural_network.mlp_classifier import GDMLPClassifier
from sklearn_gd.neural_network.mlp_regressor import GDMLPRegressor

__all__ = ["GDMLPClassifier", "GDMLPRegressor"]
