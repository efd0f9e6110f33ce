"""Losses of one row, as functions of its raw prediction."""

from sklearn_gd.losses.base import Loss
from sklearn_gd.losses.classification import Logistic, Softmax
from sklearn_gd.losses.envelope import MoreauEnvelope
from sklearn_gd.losses.regression import (
    AbsoluteError,
    EpsilonInsensitive,
    Huber,
    Poisson,
    Quantile,
    SquaredError,
)

#: Losses by the names that the parameter ``loss`` of a regressor takes.
LOSSES = {
    "squared_error": SquaredError,
    "huber": Huber,
    "absolute_error": AbsoluteError,
    "quantile": Quantile,
    "epsilon_insensitive": EpsilonInsensitive,
    "poisson": Poisson,
}

__all__ = [
    "LOSSES",
    "AbsoluteError",
    "EpsilonInsensitive",
    "Huber",
    "Logistic",
    "Loss",
    "MoreauEnvelope",
    "Poisson",
    "Quantile",
    "Softmax",
    "SquaredError",
]
