r"""Losses of labels by their margin :math:`m = s\,raw`, with s = 1 for a label of 1 and -1 for 0.

A label is on the right side where its margin is above zero. Several columns are added up: one for
two classes, one for each class against the others, or one for each label.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sklearn_gd.losses import scalar
from sklearn_gd.losses.base import Loss
from sklearn_gd.losses.piecewise_linear import PiecewiseLinearLoss


@dataclass(kw_only=True, eq=False, repr=False)
class Hinge(PiecewiseLinearLoss):
    r"""The loss of a linear support vector machine.

    .. math:: \max(0,\ 1 - m), \quad m = (2 y - 1)\,raw

    References
    ----------
    Cortes and Vapnik (1995), "Support-vector networks".

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.losses import Hinge
    >>> loss, y, raw = Hinge(), np.array([[1.0]]), np.array([[0.25]])
    >>> loss.value(y, raw), loss.gradient(y, raw)
    (array([0.75]), array([[-1.]]))
    """

    def value(self, y, raw):
        return np.maximum(1 - _sign(y) * raw, 0).sum(axis=1)

    def gradient(self, y, raw):
        sign = _sign(y)
        return np.where(sign * raw < 1, -sign, 0)

    def prox_move(self, y, raw, width):
        sign = _sign(y)
        return sign * np.clip(1 - sign * raw, 0, width)

    def baseline(self, y, n_outputs, weight=None):
        # the best constant is on one of the kinks, that of the heavier label
        return np.sign(_mean_sign(y, weight))


@dataclass(kw_only=True, eq=False, repr=False)
class SquaredHinge(Loss):
    r"""The square of the hinge loss, as of ``LinearSVC``.

    .. math:: \max(0,\ 1 - m)^2, \quad m = (2 y - 1)\,raw

    The second derivative is 2 where the margin is below 1, and 0 elsewhere.

    References
    ----------
    Fan et al. (2008), "LIBLINEAR: a library for large linear classification".

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.losses import SquaredHinge
    >>> loss, y, raw = SquaredHinge(), np.array([[1.0]]), np.array([[0.5]])
    >>> loss.value(y, raw), loss.gradient(y, raw)
    (array([0.25]), array([[-1.]]))
    """

    curvature: ClassVar[float] = 2.0
    has_margin: ClassVar[bool] = True

    def value(self, y, raw):
        return (np.maximum(1 - _sign(y) * raw, 0) ** 2).sum(axis=1)

    def gradient(self, y, raw):
        sign = _sign(y)
        return -2 * sign * np.maximum(1 - sign * raw, 0)

    def second_derivative(self, y, raw):
        return 2 * (_sign(y) * raw < 1).astype(raw.dtype)

    def scalar(self):
        return scalar.squared_hinge, ()

    def baseline(self, y, n_outputs, weight=None):
        return _mean_sign(y, weight)


@dataclass(kw_only=True, eq=False, repr=False)
class ModifiedHuber(Loss):
    r"""The squared hinge loss, linear for margins below -1, so that outliers count less.

    .. math:: \max(0,\ 1 - m)^2 \text{ where } m \ge -1, \quad -4 m \text{ below}, \quad
        m = (2 y - 1)\,raw

    It estimates probabilities: :math:`(1 + \min(\max(raw, -1), 1)) / 2` of a label of 1.

    References
    ----------
    Zhang (2004), "Solving large scale linear prediction problems using stochastic gradient descent
    algorithms"; Zadrozny and Elkan (2002), "Transforming classifier scores into accurate
    multiclass probability estimates".

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.losses import ModifiedHuber
    >>> loss, y, raw = ModifiedHuber(), np.array([[1.0]]), np.array([[-2.0]])
    >>> loss.value(y, raw), loss.gradient(y, raw)
    (array([8.]), array([[-4.]]))
    """

    curvature: ClassVar[float] = 2.0
    has_margin: ClassVar[bool] = True
    has_probabilities: ClassVar[bool] = True

    def value(self, y, raw):
        margin = _sign(y) * raw
        near = np.maximum(1 - margin, 0)
        return np.where(margin < -1, -4 * margin, near**2).sum(axis=1)

    def gradient(self, y, raw):
        sign = _sign(y)
        return -2 * sign * np.clip(1 - sign * raw, 0, 2)

    def second_derivative(self, y, raw):
        return 2 * (np.abs(raw) < 1).astype(raw.dtype)

    def inverse_link(self, raw):
        return (1 + np.clip(raw, -1, 1)) / 2

    def scalar(self):
        return scalar.modified_huber, ()

    def baseline(self, y, n_outputs, weight=None):
        return _mean_sign(y, weight)


@dataclass(kw_only=True, eq=False, repr=False)
class Perceptron(PiecewiseLinearLoss):
    r"""The loss of the perceptron: only mistakes count.

    .. math:: \max(0,\ -m), \quad m = (2 y - 1)\,raw

    Its mean is least where all raw predictions are zero, so it is not minimised: it is for the
    row-by-row updates of ``solver="sgd"``, and no optimality is claimed. A margin of zero counts as
    a mistake.

    References
    ----------
    Rosenblatt (1958), "The perceptron: a probabilistic model for information storage and
    organization in the brain".

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.losses import Perceptron
    >>> loss, y, raw = Perceptron(), np.array([[1.0]]), np.array([[-0.5]])
    >>> loss.value(y, raw), loss.gradient(y, raw)
    (array([0.5]), array([[-1.]]))
    """

    is_online: ClassVar[bool] = True

    def value(self, y, raw):
        return np.maximum(-_sign(y) * raw, 0).sum(axis=1)

    def gradient(self, y, raw):
        sign = _sign(y)
        return np.where(sign * raw <= 0, -sign, 0)

    def prox_move(self, y, raw, width):
        sign = _sign(y)
        return sign * np.clip(-sign * raw, 0, width)

    def stages(self, spread, resolution=0.0):
        # its own slopes are the updates
        return [self]

    def scalar(self):
        return scalar.perceptron, ()


def _sign(y):
    """1 for a label of 1, -1 for one of 0."""
    return 2 * y - 1


def _mean_sign(y, weight):
    return np.average(_sign(y), axis=0, weights=weight)
