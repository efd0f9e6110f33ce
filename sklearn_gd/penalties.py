r"""Penalties on weights, at unit strength; the objective multiplies them by ``alpha``.

A penalty has a smooth part, which adds to the gradient, and a nonsmooth part, which acts through
its proximal operator; either may be absent. ``w`` is one weight matrix, shape (d, k); biases are
never penalised.

To add a penalty, subclass :class:`Penalty` and write ``smooth`` and ``curvature``, or
``nonsmooth`` and ``prox``, or all four.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sklearn_gd._components import Component
from sklearn_gd._validation import Rule, real

# Halvings that bring an interval to the precision of a float.
BISECTIONS = 60


class Penalty(Component):
    """A function of a weight matrix that is added to the mean loss."""

    @property
    def is_smooth(self) -> bool:
        """Whether there is no nonsmooth part, so that a gradient says everything."""
        return type(self).prox is Penalty.prox

    def smooth(self, w: NDArray) -> tuple[float, NDArray | float]:
        """Value and gradient of the smooth part."""
        return 0.0, 0.0

    def curvature(self, n_features: int) -> float | NDArray:
        """Second derivative of the smooth part: a number, a diagonal (d,) or a matrix (d, d)."""
        return 0.0

    def nonsmooth(self, w: NDArray) -> float:
        """Value of the nonsmooth part."""
        return 0.0

    def prox(self, w: NDArray, scale: float | NDArray) -> NDArray:
        r"""The minimiser over u of :math:`\tfrac12 |u - w|^2 + scale \cdot nonsmooth(u)`."""
        return w


@dataclass(kw_only=True, eq=False, repr=False)
class L2(Penalty):
    r"""Half the squared norm, :math:`|w|^2 / 2`."""

    def smooth(self, w):
        return 0.5 * float(np.vdot(w, w)), w

    def curvature(self, n_features):
        return 1.0


@dataclass(kw_only=True, eq=False, repr=False)
class L1(Penalty):
    r"""The sum of absolute values, :math:`|w|_1`; its proximal operator gives exact zeros."""

    def nonsmooth(self, w):
        return float(np.abs(w).sum())

    def prox(self, w, scale):
        return _soft_threshold(w, scale)


@dataclass(kw_only=True, eq=False, repr=False)
class ElasticNet(Penalty):
    r"""A mixture, :math:`\rho |w|_1 + (1 - \rho) |w|^2 / 2` with :math:`\rho` = ``l1_ratio``.

    Parameters
    ----------
    l1_ratio : float, default=0.15
        Share of the absolute part, between 0 and 1.
    """

    l1_ratio: float = 0.15
    rules: ClassVar = {"l1_ratio": real(0, 1)}

    @property
    def is_smooth(self):
        return self.l1_ratio == 0

    def smooth(self, w):
        value, gradient = L2().smooth(w)
        return (1 - self.l1_ratio) * value, (1 - self.l1_ratio) * gradient

    def curvature(self, n_features):
        return 1.0 - self.l1_ratio

    def nonsmooth(self, w):
        return self.l1_ratio * L1().nonsmooth(w)

    def prox(self, w, scale):
        return _soft_threshold(w, scale * self.l1_ratio)


@dataclass(kw_only=True, eq=False, repr=False)
class Tikhonov(Penalty):
    r"""Half the squared norm behind a matrix, :math:`|\Gamma w|^2 / 2`.

    Parameters
    ----------
    matrix : ndarray of shape (m, d)
        :math:`\Gamma`: differences between neighbours for smooth coefficients, say.
    """

    matrix: NDArray
    rules: ClassVar = {"matrix": Rule("a 2-D array of finite numbers", lambda m: _is_numeric(m, 2))}

    def smooth(self, w):
        gamma = self._checked(len(w))
        image = gamma @ w
        return 0.5 * float(np.vdot(image, image)), gamma.T @ image

    def curvature(self, n_features):
        gamma = self._checked(n_features)
        return gamma.T @ gamma

    def _checked(self, n_features):
        gamma = np.asarray(self.matrix)
        if gamma.shape[1] != n_features:
            raise ValueError(
                f"The matrix of Tikhonov must have a column for each of the {n_features} features; "
                f"it has shape {gamma.shape}."
            )
        return gamma


@dataclass(kw_only=True, eq=False, repr=False)
class GroupLasso(Penalty):
    r"""A norm for each group of features, :math:`\sum_g \sqrt{d_g}\,|w_g|`: all or none of a group.

    :math:`d_g` is the number of features in group g; over several outputs the norm is taken
    jointly. Yuan and Lin (2006), "Model selection and estimation in regression with grouped
    variables".

    Parameters
    ----------
    groups : array-like of shape (d,)
        A label for each feature.
    """

    groups: NDArray
    rules: ClassVar = {"groups": Rule("a 1-D array of labels", lambda g: np.ndim(g) == 1)}

    def nonsmooth(self, w):
        return float(sum(size * np.linalg.norm(w[rows]) for rows, size in self._members(len(w))))

    def prox(self, w, scale):
        result = np.empty_like(w)
        scale = np.broadcast_to(scale, w.shape)
        for rows, size in self._members(len(w)):
            result[rows] = _shrink_norm(w[rows], size * scale[rows])
        return result

    def _members(self, n_features):
        labels = np.asarray(self.groups)
        if len(labels) != n_features:
            raise ValueError(
                f"The groups of GroupLasso must have a label for each of the {n_features} "
                f"features; there are {len(labels)}."
            )
        for label in np.unique(labels):
            rows = np.flatnonzero(labels == label)
            yield rows, np.sqrt(len(rows))


@dataclass(kw_only=True, eq=False, repr=False)
class NoPenalty(Penalty):
    """Nothing is added: ``penalty=None``."""


@dataclass(kw_only=True, eq=False, repr=False)
class Positive(Penalty):
    """Another penalty, and no weight below zero: ``positive=True``.

    Right for penalties of absolute values or of norms, whose proximal operator keeps signs.
    """

    penalty: Penalty

    def smooth(self, w):
        return self.penalty.smooth(w)

    def curvature(self, n_features):
        return self.penalty.curvature(n_features)

    def nonsmooth(self, w):
        return self.penalty.nonsmooth(w)

    def prox(self, w, scale):
        return self.penalty.prox(np.maximum(w, 0), scale)


@dataclass(kw_only=True, eq=False, repr=False)
class Standardized(Penalty):
    """Another penalty, on weights in units of each feature's spread: ``standardize=True``.

    It acts as if every feature had been divided by its spread, while weights stay in raw units.
    Its proximal operator is right for penalties that are a sum over weights.
    """

    penalty: Penalty
    spread: NDArray

    @property
    def is_smooth(self):
        return self.penalty.is_smooth

    def smooth(self, w):
        value, gradient = self.penalty.smooth(w * self._column)
        return value, gradient * self._column

    def curvature(self, n_features):
        inner = np.asarray(self.penalty.curvature(n_features))
        return inner * (np.outer(self.spread, self.spread) if inner.ndim == 2 else self.spread**2)

    def nonsmooth(self, w):
        return self.penalty.nonsmooth(w * self._column)

    def prox(self, w, scale):
        return self.penalty.prox(w * self._column, scale * self._column**2) / self._column

    @property
    def _column(self):
        return self.spread[:, np.newaxis]


def _is_numeric(value, n_dimensions):
    array = np.asarray(value)
    is_number = array.ndim == n_dimensions and np.issubdtype(array.dtype, np.number)
    return bool(is_number and np.isfinite(array).all())


def _shrink_norm(w, scale):
    """The minimiser over u of sum((u - w)^2 / (2 scale)) + |u|, by bisection on the norm of u.

    With one scale for all it is w (1 - scale / |w|), cut off at zero.
    """
    if not scale.any():
        return w
    if np.linalg.norm(w / scale) <= 1:
        return np.zeros_like(w)
    low, high = 0.0, float(np.linalg.norm(w))
    for _ in range(BISECTIONS):
        norm = (low + high) / 2
        is_short = np.linalg.norm(w / (norm + scale)) > 1
        low, high = (norm, high) if is_short else (low, norm)
    return w * (high / (high + scale))


def _soft_threshold(w, scale):
    # w - clip(w) and not sign(w) * max(|w| - scale, 0): a shrunk weight is then 0.0, never -0.0
    return w - np.clip(w, -scale, scale)


PENALTIES = {"l1": L1, "l2": L2, "elasticnet": ElasticNet}
