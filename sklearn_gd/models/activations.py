"""Activation functions of hidden layers.

To add one, subclass :class:`Activation` and write ``value`` and ``derivative``.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from sklearn_gd._components import Component


class Activation(Component):
    """An elementwise function of the input ``z`` of a layer.

    Attributes
    ----------
    spread : float
        Initial weights are uniform with variance spread / (fan_in + fan_out); 2 (Glorot and
        Bengio, 2010) keeps the size of signals where the derivative at zero is 1.
    """

    spread: ClassVar[float] = 2.0

    @abstractmethod
    def value(self, z: NDArray) -> NDArray:
        """The output of the layer."""

    @abstractmethod
    def derivative(self, z: NDArray) -> NDArray:
        """Its derivative in ``z``."""


@dataclass(kw_only=True, eq=False, repr=False)
class ReLU(Activation):
    """max(z, 0); the derivative at 0 is 0."""

    # half of the units are off, so the others must be twice as loud (He et al., 2015)
    spread: ClassVar[float] = 4.0

    def value(self, z):
        return np.maximum(z, 0)

    def derivative(self, z):
        return (z > 0).astype(z.dtype)


@dataclass(kw_only=True, eq=False, repr=False)
class Tanh(Activation):
    """The hyperbolic tangent."""

    def value(self, z):
        return np.tanh(z)

    def derivative(self, z):
        return 1 - np.tanh(z) ** 2


@dataclass(kw_only=True, eq=False, repr=False)
class Sigmoid(Activation):
    """1 / (1 + exp(-z)), called "logistic" as in scikit-learn."""

    # its derivative at zero is 1/4, but 16 times the variance would saturate it: scikit-learn's
    spread: ClassVar[float] = 2 / 3

    def value(self, z):
        return expit(z)

    def derivative(self, z):
        value = expit(z)
        return value * (1 - value)


@dataclass(kw_only=True, eq=False, repr=False)
class Identity(Activation):
    """z itself: the network is then linear."""

    def value(self, z):
        return z

    def derivative(self, z):
        return np.ones_like(z)


ACTIVATIONS = {"relu": ReLU, "tanh": Tanh, "logistic": Sigmoid, "identity": Identity}
