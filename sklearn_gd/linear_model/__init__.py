"""Linear estimators: what the user sees."""

from sklearn_gd.linear_model.classifier import GDLinearClassifier
from sklearn_gd.linear_model.linear import GDLinearRegressor
from sklearn_gd.linear_model.logistic import GDLogisticClassifier
from sklearn_gd.linear_model.path import regularization_path
from sklearn_gd.linear_model.path_cv import GDPathCV
from sklearn_gd.linear_model.softmax import GDSoftmaxClassifier

__all__ = [
    "GDLinearClassifier",
    "GDLinearRegressor",
    "GDLogisticClassifier",
    "GDPathCV",
    "GDSoftmaxClassifier",
    "regularization_path",
]
