"""Activation functions of hidden layers.

To add one, subclass :class:`Activation` and write ``value`` and ``derivative``.

Initial weights follow from a mean over standard normal z. Where signals must keep their size from
layer to layer, the variance of a weight is 1 / (fan_in E[h(z)^2]); and by the same with h', for
gradients on their way back, 1 / (fan_out E[h'(z)^2]). Sums of both fans are the compromise of
Glorot and Bengio (2010); where they are equal, an ``init_gain`` of 2 is LeCun's 1 / fan_in, and one
of 4 is the 2 / fan_in of He et al. (2015).
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from sklearn_gd._components import Component
from sklearn_gd._validation import real

# The moments of an activation are integrals against the normal density: exact to many digits for
# smooth functions, and to three where there is a kink.
QUADRATURE_NODES = 100
SMALLEST_MOMENT = 1e-3

__all__ = [
    "ACTIVATIONS",
    "ELU",
    "GELU",
    "Activation",
    "Identity",
    "LeakyReLU",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Softplus",
    "Tanh",
]


class Activation(Component):
    """An elementwise function of the input ``z`` of a layer.

    Attributes
    ----------
    init_gain : float
        Initial weights are uniform with variance init_gain / (fan_in + fan_out). By default it is
        computed from ``value`` such that signals keep their size from layer to layer.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd import GDMLPClassifier
    >>> from sklearn_gd.models.activations import Activation
    >>> class Arctan(Activation):
    ...     def value(self, z):
    ...         return np.arctan(z)
    ...
    ...     def derivative(self, z):
    ...         return 1 / (1 + z**2)
    >>> GDMLPClassifier(activation=Arctan()).get_params()["activation"]
    Arctan()
    """

    @property
    def init_gain(self) -> float:
        """2 / E[value(z)^2] for standard normal z."""
        nodes, weights = np.polynomial.hermite_e.hermegauss(QUADRATURE_NODES)
        squares = np.asarray(self.value(nodes[:, np.newaxis]), dtype=np.float64)[:, 0] ** 2
        return float(2 * weights.sum() / max(weights @ squares, SMALLEST_MOMENT))

    @abstractmethod
    def value(self, z: NDArray) -> NDArray:
        """The output of the layer.

        Parameters
        ----------
        z : ndarray of shape (n, units)

        Returns
        -------
        value : ndarray of shape (n, units)
            A new array, or z itself.
        """

    @abstractmethod
    def derivative(self, z: NDArray) -> NDArray:
        """The derivative of ``value`` in ``z``.

        Parameters
        ----------
        z : ndarray of shape (n, units)

        Returns
        -------
        derivative : ndarray of shape (n, units)
        """

    def derivative_at(self, z: NDArray, value: NDArray) -> NDArray:
        """The derivative if ``value`` is known, for functions that are cheaper by it."""
        return self.derivative(z)

    def slope_at(self, z: NDArray, value: NDArray) -> NDArray:
        """``derivative_at``, but ``derivative`` if a subclass has overridden that alone."""
        if self.declares("derivative_at", "derivative", "value"):
            return self.derivative_at(z, value)
        return self.derivative(z)

    def is_like(self, other: "Activation") -> bool:
        """Whether the other is of the same class with the same parameters."""
        mine, theirs = vars(self), vars(other)
        is_same = type(self) is type(other) and mine.keys() == theirs.keys()
        return is_same and all(np.array_equal(mine[name], theirs[name]) for name in mine)


@dataclass(kw_only=True, eq=False, repr=False)
class ReLU(Activation):
    r"""Rectified linear unit.

    .. math:: \max(z, 0)

    The derivative at 0 is 0.

    References
    ----------
    Nair and Hinton (2010), "Rectified linear units improve restricted Boltzmann machines".

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.models.activations import ReLU
    >>> h, z = ReLU(), np.array([-1.0, 2.0])
    >>> h.value(z).round(4).tolist(), h.derivative(z).round(4).tolist()
    ([0.0, 2.0], [0.0, 1.0])
    """

    # half of the units are off, so the others must be twice as loud (He et al., 2015)
    init_gain: ClassVar[float] = 4.0

    def value(self, z):
        return np.maximum(z, 0)

    def derivative(self, z):
        return (z > 0).astype(z.dtype)


@dataclass(kw_only=True, eq=False, repr=False)
class LeakyReLU(Activation):
    r"""Rectified linear unit with a small slope below zero.

    .. math:: \max(z, slope \cdot z)

    The derivative at 0 is the slope.

    Parameters
    ----------
    slope : float, default=0.01
        Derivative below zero, from 0 (ReLU) to 1 (the identity).

    References
    ----------
    Maas, Hannun and Ng (2013), "Rectifier nonlinearities improve neural network acoustic models".

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.models.activations import LeakyReLU
    >>> h, z = LeakyReLU(slope=0.1), np.array([-1.0, 2.0])
    >>> h.value(z).round(4).tolist(), h.derivative(z).round(4).tolist()
    ([-0.1, 2.0], [0.1, 1.0])
    """

    slope: float = 0.01
    rules: ClassVar = {"slope": real(0, 1)}

    def value(self, z):
        return np.maximum(z, float(self.slope) * z)

    def derivative(self, z):
        one = z.dtype.type(1)
        return np.where(z > 0, one, z.dtype.type(self.slope))


@dataclass(kw_only=True, eq=False, repr=False)
class ELU(Activation):
    r"""Exponential linear unit.

    .. math:: z \text{ above zero}, \quad \alpha\,(e^z - 1) \text{ below}

    Parameters
    ----------
    alpha : float, default=1.0
        Minus the limit for large negative z, greater than 0.

    References
    ----------
    Clevert, Unterthiner and Hochreiter (2016), "Fast and accurate deep network learning by
    exponential linear units".

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.models.activations import ELU
    >>> h, z = ELU(), np.array([-1.0, 2.0])
    >>> h.value(z).round(4).tolist(), h.derivative(z).round(4).tolist()
    ([-0.6321, 2.0], [0.3679, 1.0])
    """

    alpha: float = 1.0
    rules: ClassVar = {"alpha": real(0, open_low=True)}

    def value(self, z):
        result = np.expm1(np.minimum(z, 0))
        result *= float(self.alpha)
        result += np.maximum(z, 0)
        return result

    def derivative(self, z):
        return ELU.derivative_at(self, z, self.value(z))

    def derivative_at(self, z, value):
        return np.where(z > 0, z.dtype.type(1), value + float(self.alpha))


@dataclass(kw_only=True, eq=False, repr=False)
class GELU(Activation):
    r"""Gaussian error linear unit, with the exact normal distribution function.

    .. math:: z\,\Phi(z)

    References
    ----------
    Hendrycks and Gimpel (2016), "Gaussian error linear units"; not their approximation by tanh,
    which is off by up to 5e-4.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.models.activations import GELU
    >>> h, z = GELU(), np.array([-1.0, 2.0])
    >>> h.value(z).round(4).tolist(), h.derivative(z).round(4).tolist()
    ([-0.1587, 1.9545], [-0.0833, 1.0852])
    """

    # as for ReLU: ten layers then keep a good half of the size of signals. 1 / E[h^2] would be
    # 2.35 and not 2, but that is no stable point: what begins a little larger grows faster
    init_gain: ClassVar[float] = 4.0

    def value(self, z):
        return z * ndtr(z)

    def derivative(self, z):
        return self._slope(z, ndtr(z))

    def derivative_at(self, z, value):
        below = np.divide(value, z, out=np.full_like(z, 0.5), where=z != 0)
        return self._slope(z, below)

    def _slope(self, z, below):
        density = np.exp(-0.5 * z * z)
        density *= float(1 / np.sqrt(2 * np.pi))
        return below + z * density


@dataclass(kw_only=True, eq=False, repr=False)
class SiLU(Activation):
    """Sigmoid linear unit or swish.

    .. math:: z / (1 + e^{-z})

    References
    ----------
    Elfwing, Uchibe and Doya (2018), "Sigmoid-weighted linear units for neural network function
    approximation in reinforcement learning".

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.models.activations import SiLU
    >>> h, z = SiLU(), np.array([-1.0, 2.0])
    >>> h.value(z).round(4).tolist(), h.derivative(z).round(4).tolist()
    ([-0.2689, 1.7616], [0.0723, 1.0908])
    """

    # 4 lets ten layers lose 93 % of signals, as near zero it is z / 2; 2 / E[h^2] = 5.6 lets them
    # grow 20 times, as for large z it is z. In between they stay
    init_gain: ClassVar[float] = 4.8

    def value(self, z):
        return z * _sigmoid(z)

    def derivative(self, z):
        gate = _sigmoid(z)
        return gate * (1 + z * (1 - gate))


@dataclass(kw_only=True, eq=False, repr=False)
class Softplus(Activation):
    r"""The smooth ReLU.

    .. math:: \log(1 + e^z)

    References
    ----------
    Dugas et al. (2001), "Incorporating second-order functional knowledge for better option
    pricing".

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.models.activations import Softplus
    >>> h, z = Softplus(), np.array([-1.0, 2.0])
    >>> h.value(z).round(4).tolist(), h.derivative(z).round(4).tolist()
    ([0.3133, 2.1269], [0.2689, 0.8808])
    """

    # 1 / E[h^2] = 1.08 keeps signals' size, but only that of their mean: what distinguishes rows
    # fades to 1e-5 in ten layers. As for ReLU, a tenth of it stays
    init_gain: ClassVar[float] = 4.0

    def value(self, z):
        result = np.log1p(np.exp(-np.abs(z)))
        result += np.maximum(z, 0)
        return result

    def derivative(self, z):
        return _sigmoid(z)


@dataclass(kw_only=True, eq=False, repr=False)
class Tanh(Activation):
    r"""The hyperbolic tangent.

    .. math:: \tanh z = (e^z - e^{-z}) / (e^z + e^{-z})

    References
    ----------
    LeCun et al. (1998), "Efficient BackProp".

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.models.activations import Tanh
    >>> h, z = Tanh(), np.array([-1.0, 2.0])
    >>> h.value(z).round(4).tolist(), h.derivative(z).round(4).tolist()
    ([-0.7616, 0.964], [0.42, 0.0707])
    """

    def value(self, z):
        return np.tanh(z)

    def derivative(self, z):
        return Tanh.derivative_at(self, z, np.tanh(z))

    def derivative_at(self, z, value):
        return 1 - value * value


@dataclass(kw_only=True, eq=False, repr=False)
class Sigmoid(Activation):
    """The logistic function, called "logistic" as in scikit-learn.

    .. math:: 1 / (1 + e^{-z})

    Not for many layers: what distinguishes rows shrinks to a fifth in each.

    References
    ----------
    Rumelhart, Hinton and Williams (1986), "Learning representations by back-propagating errors".

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.models.activations import Sigmoid
    >>> h, z = Sigmoid(), np.array([-1.0, 2.0])
    >>> h.value(z).round(4).tolist(), h.derivative(z).round(4).tolist()
    ([0.2689, 0.8808], [0.1966, 0.105])
    """

    def value(self, z):
        return _sigmoid(z)

    def derivative(self, z):
        return Sigmoid.derivative_at(self, z, _sigmoid(z))

    def derivative_at(self, z, value):
        return value * (1 - value)


@dataclass(kw_only=True, eq=False, repr=False)
class Identity(Activation):
    """No activation: the network is then linear.

    .. math:: z

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.models.activations import Identity
    >>> h, z = Identity(), np.array([-1.0, 2.0])
    >>> h.value(z).round(4).tolist(), h.derivative(z).round(4).tolist()
    ([-1.0, 2.0], [1.0, 1.0])
    """

    def value(self, z):
        return z

    def derivative(self, z):
        return np.ones_like(z)


def _sigmoid(z):
    """1 / (1 + exp(-z)) by numpy's exponential, three times as fast as scipy's expit."""
    with np.errstate(over="ignore"):  # to infinity, whose reciprocal is right
        return 1 / (1 + np.exp(-z))


#: Activations by the names that the parameter ``activation`` of a network takes.
ACTIVATIONS = {
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
    "elu": ELU,
    "gelu": GELU,
    "silu": SiLU,
    "softplus": Softplus,
    "tanh": Tanh,
    "logistic": Sigmoid,
    "identity": Identity,
}
