"""Estimators trained by gradient descent, as drop-ins for scikit-learn."""

from sklearn_gd.linear_model import (
    GDLinearClassifier,
    GDLinearRegressor,
    GDLogisticClassifier,
    GDPathCV,
    GDSoftmaxClassifier,
    regularization_path,
)
from sklearn_gd.neural_network import GDMLPClassifier, GDMLPRegressor

__version__ = "0.1.0"

__all__ = [
    "GDLinearClassifier",
    "GDLinearRegressor",
    "GDLogisticClassifier",
    "GDMLPClassifier",
    "GDMLPRegressor",
    "GDPathCV",
    "GDSoftmaxClassifier",
    "regularization_path",
]
