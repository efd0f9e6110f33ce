"""Losses of labels: negative log-likelihoods."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sklearn_gd.losses import scalar
from sklearn_gd.losses.base import Loss

# The best constant of a class that never occurs, in a stream's first rows say, is at infinity, too
# far to come back from: a descent starts as if each class had been seen once before (Laplace).
PRIOR_COUNT = 1.0


@dataclass(kw_only=True, eq=False, repr=False)
class Logistic(Loss):
    r"""Negative log-likelihood of 0/1 targets.

    .. math:: \log(1 + e^{raw}) - y\,raw, \quad \text{derivative } p - y, \quad p = 1/(1 + e^{-raw})

    Each output is a separate sigmoid: one for two classes, one per class for one-vs-rest, one per
    label for multilabel targets. The second derivative is :math:`p(1 - p) \le 1/4`.

    References
    ----------
    Eaton and Lesson derive it, Böhning and Lindsay (1988), "Monotonicity of quadratic-approximation
    algorithms", its bound.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.losses import Logistic
    >>> loss, y, raw = Logistic(), np.array([[1.0]]), np.array([[0.0]])
    >>> loss.value(y, raw).round(4), loss.gradient(y, raw).round(4)
    (array([0.6931]), array([[-0.5]]))
    """

    curvature: ClassVar[float] = 0.25
    has_probabilities: ClassVar[bool] = True
    has_minimum: ClassVar[bool] = False
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

    def scalar(self):
        return scalar.logistic, ()

    def second_derivative(self, y, raw):
        decay = np.exp(-np.abs(raw))
        return decay / (1 + decay) ** 2

    def inverse_link(self, raw):
        return _sigmoid(raw, np.exp(-np.abs(raw)))

    def log_inverse_link(self, raw):
        return np.minimum(raw, 0) - np.log1p(np.exp(-np.abs(raw)))

    def baseline(self, y, n_outputs, weight=None):
        share = np.average(y, axis=0, weights=weight)
        prior = (len(y) * share + PRIOR_COUNT) / (len(y) + 2 * PRIOR_COUNT)
        share = np.where((share > 0) & (share < 1), share, prior)
        return np.log(share / (1 - share))


@dataclass(kw_only=True, eq=False, repr=False)
class Softmax(Loss):
    r"""Negative log-likelihood of class codes.

    .. math:: \log\sum_l e^{raw_l} - raw_y, \quad \text{derivative } p - onehot(y), \quad
        p_l = e^{raw_l} / \sum_m e^{raw_m}

    The second derivative is :math:`\mathrm{diag}(p) - p p^T`, at most 1/2.

    References
    ----------
    Chkifa derives it, Böhning (1992), "Multinomial logistic regression algorithm", its bound.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.losses import Softmax
    >>> loss, y, raw = Softmax(), np.array([0]), np.array([[0.0, 0.0, 0.0]])
    >>> loss.value(y, raw).round(4), loss.gradient(y, raw).round(4)
    (array([1.0986]), array([[-0.6667,  0.3333,  0.3333]]))
    """

    curvature: ClassVar[float] = 0.5
    has_probabilities: ClassVar[bool] = True
    has_minimum: ClassVar[bool] = False
    is_shift_invariant: ClassVar[bool] = True
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

    def second_derivative_operator(self, y, raw):
        probability = self.inverse_link(raw)

        def product(direction):
            mean = np.einsum("ik,ik->i", probability, direction)
            return probability * (direction - mean[:, np.newaxis])

        return product

    def inverse_link(self, raw):
        probability = np.exp(raw - raw.max(axis=1, keepdims=True))
        probability /= probability.sum(axis=1, keepdims=True)
        return probability

    def baseline(self, y, n_outputs, weight=None):
        count = np.bincount(y, weights=weight, minlength=n_outputs)
        share = count / count.sum()
        if not share.all():
            share = (len(y) * share + PRIOR_COUNT) / (len(y) + n_outputs * PRIOR_COUNT)
        return np.log(share)


def _sigmoid(raw, decay):
    """1 / (1 + exp(-raw)) without overflow, given ``decay`` = exp(-abs(raw))."""
    return np.where(raw >= 0, 1, decay) / (1 + decay)
