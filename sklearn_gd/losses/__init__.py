"""Losses of one row, as functions of its raw prediction."""

from sklearn_gd.losses.base import Loss
from sklearn_gd.losses.classification import Logistic, Softmax
from sklearn_gd.losses.deviance import Gamma, InverseGaussian, Poisson, Tweedie
from sklearn_gd.losses.envelope import MoreauEnvelope
from sklearn_gd.losses.margin import Hinge, ModifiedHuber, Perceptron, SquaredHinge
from sklearn_gd.losses.piecewise_linear import PiecewiseLinearLoss
from sklearn_gd.losses.regression import (
    AbsoluteError,
    EpsilonInsensitive,
    Expectile,
    Huber,
    LogCosh,
    Quantile,
    SquaredError,
)

#: Losses by the names that the parameter ``loss`` of a regressor takes.
LOSSES = {
    "squared_error": SquaredError,
    "huber": Huber,
    "log_cosh": LogCosh,
    "absolute_error": AbsoluteError,
    "quantile": Quantile,
    "expectile": Expectile,
    "epsilon_insensitive": EpsilonInsensitive,
    "poisson": Poisson,
    "gamma": Gamma,
    "tweedie": Tweedie,
    "inverse_gaussian": InverseGaussian,
}

#: Losses by the names that the parameter ``loss`` of a linear classifier takes.
CLASSIFIER_LOSSES = {
    "log_loss": Logistic,
    "hinge": Hinge,
    "squared_hinge": SquaredHinge,
    "modified_huber": ModifiedHuber,
    "perceptron": Perceptron,
}

__all__ = [
    "CLASSIFIER_LOSSES",
    "LOSSES",
    "AbsoluteError",
    "EpsilonInsensitive",
    "Expectile",
    "Gamma",
    "Hinge",
    "Huber",
    "InverseGaussian",
    "LogCosh",
    "Logistic",
    "Loss",
    "ModifiedHuber",
    "MoreauEnvelope",
    "Perceptron",
    "PiecewiseLinearLoss",
    "Poisson",
    "Quantile",
    "Softmax",
    "SquaredError",
    "SquaredHinge",
    "Tweedie",
]
