r"""Losses of one row, as functions of its raw prediction.

Every loss is a function of the raw prediction (link space) and is at least zero. With ``n`` rows
and ``k`` outputs, ``raw`` is always 2-D, ``(n, k)``; ``y`` is ``(n, k)`` too, except for
:class:`Softmax`, which takes class codes ``(n,)``. ``value`` adds up the outputs of a row.

To add a loss, subclass :class:`Loss` and write ``value`` and ``gradient``; the rest has defaults.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sklearn_gd._components import Component

# A class that never occurs has its best constant at infinity; a descent starts nearer.
RAREST = 1e-3


class Loss(Component):
    """A function of target and raw prediction, row by row.

    Attributes
    ----------
    curvature : float or None
        The largest second derivative in ``raw``; None where it has no bound.
    is_quadratic : bool
        Whether the second derivative is the same everywhere and for all outputs.
    link_name : str
        What ``inverse_link`` is called, as in scikit-learn's ``out_activation_``.
    is_separable : bool
        Whether the loss is a sum over the outputs, so that they share no second derivative.
    """

    curvature: ClassVar[float | None] = None
    is_quadratic: ClassVar[bool] = False
    is_separable: ClassVar[bool] = True
    link_name: ClassVar[str] = "identity"

    @abstractmethod
    def value(self, y: NDArray, raw: NDArray) -> NDArray:
        """The loss of each row, shape (n,)."""

    @abstractmethod
    def gradient(self, y: NDArray, raw: NDArray) -> NDArray:
        """Its derivative in ``raw``, shape (n, k)."""

    def value_and_gradient(self, y: NDArray, raw: NDArray) -> tuple[NDArray, NDArray]:
        """Both at once, for losses whose parts share work."""
        return self.value(y, raw), self.gradient(y, raw)

    def second_derivative(self, y: NDArray, raw: NDArray) -> NDArray:
        """The diagonal of the second derivative in ``raw``, shape (n, k), at least zero."""
        result = np.empty_like(raw)
        for column in range(raw.shape[1]):
            step = np.zeros_like(raw)
            step[:, column] = np.cbrt(np.finfo(raw.dtype).eps) * (1 + np.abs(raw[:, column]))
            difference = self.gradient(y, raw + step) - self.gradient(y, raw - step)
            result[:, column] = difference[:, column] / (2 * step[:, column])
        return np.maximum(result, 0)

    def second_derivative_product(self, y: NDArray, raw: NDArray, direction: NDArray) -> NDArray:
        """The second derivative times a direction, row by row, shape (n, k).

        The default is right where ``is_separable``.
        """
        return self.second_derivative(y, raw) * direction

    def inverse_link(self, raw: NDArray) -> NDArray:
        """The mean, or the probabilities, that a raw prediction stands for."""
        return raw

    def baseline(self, y: NDArray, n_outputs: int, weight: NDArray | None = None) -> NDArray:
        """The raw prediction (k,) from which a descent starts: near that of the best constant."""
        return np.zeros(n_outputs)


@dataclass(kw_only=True, eq=False, repr=False)
class SquaredError(Loss):
    r"""Half the squared error, :math:`(raw - y)^2 / 2`.

    The half makes the derivative ``raw - y`` and the second derivative 1, as in scikit-learn.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.losses import SquaredError
    >>> SquaredError().value(np.array([[1.0]]), np.array([[3.0]]))
    array([2.])
    """

    curvature: ClassVar[float] = 1.0
    is_quadratic: ClassVar[bool] = True

    def value(self, y, raw):
        return self.value_and_gradient(y, raw)[0]

    def gradient(self, y, raw):
        return raw - y

    def value_and_gradient(self, y, raw):
        residual = raw - y
        return 0.5 * np.einsum("ik,ik->i", residual, residual), residual

    def second_derivative(self, y, raw):
        return np.ones_like(raw)

    def baseline(self, y, n_outputs, weight=None):
        return np.average(y, axis=0, weights=weight)


@dataclass(kw_only=True, eq=False, repr=False)
class Logistic(Loss):
    r"""Negative log-likelihood of 0/1 targets, :math:`\log(1 + e^{raw}) - y\,raw`.

    Each output is a sigmoid of its own: one for two classes, one a class for one-vs-rest, one a
    label for multilabel targets. The second derivative is :math:`p(1 - p) \le 1/4`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.losses import Logistic
    >>> Logistic().value(np.array([[1.0]]), np.array([[0.0]])).round(4)
    array([0.6931])
    """

    curvature: ClassVar[float] = 0.25
    link_name: ClassVar[str] = "logistic"

    def value(self, y, raw):
        decay = np.exp(-np.abs(raw))
        return np.sum(np.maximum(raw, 0) - y * raw + np.log1p(decay), axis=1)

    def gradient(self, y, raw):
        return _sigmoid(raw, np.exp(-np.abs(raw))) - y

    def value_and_gradient(self, y, raw):
        decay = np.exp(-np.abs(raw))
        value = np.sum(np.maximum(raw, 0) - y * raw + np.log1p(decay), axis=1)
        return value, _sigmoid(raw, decay) - y

    def second_derivative(self, y, raw):
        decay = np.exp(-np.abs(raw))
        return decay / (1 + decay) ** 2

    def inverse_link(self, raw):
        return _sigmoid(raw, np.exp(-np.abs(raw)))

    def baseline(self, y, n_outputs, weight=None):
        share = np.clip(np.average(y, axis=0, weights=weight), RAREST, 1 - RAREST)
        return np.log(share / (1 - share))


@dataclass(kw_only=True, eq=False, repr=False)
class Softmax(Loss):
    r"""Negative log-likelihood of class codes, :math:`\log\sum_l e^{raw_l} - raw_y`.

    The second derivative is :math:`\mathrm{diag}(p) - p p^T`, at most 1/2.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.losses import Softmax
    >>> Softmax().value(np.array([0]), np.zeros((1, 3))).round(4)
    array([1.0986])
    """

    curvature: ClassVar[float] = 0.5
    link_name: ClassVar[str] = "softmax"
    is_separable: ClassVar[bool] = False

    def value(self, y, raw):
        return self.value_and_gradient(y, raw)[0]

    def gradient(self, y, raw):
        return self.value_and_gradient(y, raw)[1]

    def value_and_gradient(self, y, raw):
        rows = np.arange(len(raw))
        shifted = raw - raw.max(axis=1, keepdims=True)
        probability = np.exp(shifted)
        total = probability.sum(axis=1, keepdims=True)
        value = np.log(total[:, 0]) - shifted[rows, y]
        probability /= total
        probability[rows, y] -= 1
        return value, probability

    def second_derivative(self, y, raw):
        probability = self.inverse_link(raw)
        return probability * (1 - probability)

    def second_derivative_product(self, y, raw, direction):
        probability = self.inverse_link(raw)
        mean = np.einsum("ik,ik->i", probability, direction)
        return probability * (direction - mean[:, np.newaxis])

    def inverse_link(self, raw):
        probability = np.exp(raw - raw.max(axis=1, keepdims=True))
        probability /= probability.sum(axis=1, keepdims=True)
        return probability

    def baseline(self, y, n_outputs, weight=None):
        count = np.bincount(y, weights=weight, minlength=n_outputs)
        return np.log(np.maximum(count / count.sum(), RAREST))


def _sigmoid(raw, decay):
    """1 / (1 + exp(-raw)) without overflow, given ``decay`` = exp(-abs(raw))."""
    return np.where(raw >= 0, 1, decay) / (1 + decay)


LOSSES = {"squared_error": SquaredError}
