r"""Penalties on weights, at unit strength; the objective multiplies them by ``alpha``.

A penalty has a smooth part, which adds to the gradient, and a nonsmooth part, which acts through
its proximal operator; either may be absent. ``w`` is one weight matrix, shape (d, k); biases are
never penalised.

To add a penalty, subclass :class:`Penalty` and write ``smooth`` and ``curvature``, or
``nonsmooth`` and ``prox``, or all four. If the nonsmooth part bends between its kinks, as a norm
does, ``nonsmooth_product`` makes the solvers quick.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sklearn_gd._components import Component
from sklearn_gd._validation import Rule, real

# Newton steps that bring the norm of a shrunk group to the precision of a float; few are needed.
SHRINK_STEPS = 50


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

    def shares(self) -> tuple[float, float] | None:
        """How much of :math:`|w|_1` and of :math:`|w|^2/2` it is; None where it is something else.

        Compiled loops ask for it, of the very class alone that says so: a subclass may differ.
        """
        return None

    @property
    def is_piecewise_linear(self) -> bool:
        """Whether the nonsmooth part is linear between its kinks."""
        return type(self).nonsmooth_product is Penalty.nonsmooth_product

    def nonsmooth_product(self, w: NDArray, direction: NDArray) -> NDArray:
        """The nonsmooth part's second derivative at ``w``, off its kinks, times a direction."""
        return np.zeros_like(direction)


@dataclass(kw_only=True, eq=False, repr=False)
class L2(Penalty):
    r"""Half the squared norm, :math:`|w|^2 / 2`."""

    def smooth(self, w):
        return 0.5 * float(np.vdot(w, w)), w

    def curvature(self, n_features):
        return 1.0

    def shares(self):
        return 0.0, 1.0


@dataclass(kw_only=True, eq=False, repr=False)
class L1(Penalty):
    r"""The sum of absolute values, :math:`|w|_1`; its proximal operator gives exact zeros."""

    def nonsmooth(self, w):
        return float(np.abs(w).sum())

    def prox(self, w, scale):
        return _soft_threshold(w, scale)

    def shares(self):
        return 1.0, 0.0


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

    def shares(self):
        return self.l1_ratio, 1 - self.l1_ratio


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
        members, sizes = self._members(len(w))
        return float(sizes @ np.sqrt(_group_sums(w**2, members, len(sizes))))

    def prox(self, w, scale):
        members, sizes = self._members(len(w))
        scale = np.broadcast_to(scale, w.shape) * sizes[members][:, np.newaxis]
        norms = _shrunk_norms(w, scale, members, len(sizes))[members][:, np.newaxis]
        shares = norms / np.where(norms > 0, norms + scale, 1.0)
        # a weight without a scale may move freely, and one that is zero is 0.0, never -0.0
        return np.where(scale == 0, w, np.where(shares > 0, w * shares, 0.0)).astype(w.dtype)

    def nonsmooth_product(self, w, direction):
        members, sizes = self._members(len(w))
        squares = _group_sums(w**2, members, len(sizes))
        squares[squares == 0] = np.inf
        along = _group_sums(w * direction, members, len(sizes)) / squares
        across = direction - w * along[members][:, np.newaxis]
        return (sizes / np.sqrt(squares))[members][:, np.newaxis] * across

    def _members(self, n_features):
        """The group of each feature as a number, and the weight of each group's norm."""
        labels = np.asarray(self.groups)
        if len(labels) != n_features:
            raise ValueError(
                f"The groups of GroupLasso must have a label for each of the {n_features} "
                f"features; there are {len(labels)}."
            )
        _, members, counts = np.unique(labels, return_inverse=True, return_counts=True)
        return members, np.sqrt(counts)


@dataclass(kw_only=True, eq=False, repr=False)
class NoPenalty(Penalty):
    """Nothing is added: ``penalty=None``."""

    def shares(self):
        return 0.0, 0.0


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

    @property
    def is_piecewise_linear(self):
        return self.penalty.is_piecewise_linear

    def nonsmooth_product(self, w, direction):
        return self.penalty.nonsmooth_product(w, direction)


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
    def is_piecewise_linear(self):
        return self.penalty.is_piecewise_linear

    def nonsmooth_product(self, w, direction):
        product = self.penalty.nonsmooth_product(w * self._column, direction * self._column)
        return product * self._column

    @property
    def _column(self):
        return self.spread[:, np.newaxis]


def _is_numeric(value, n_dimensions):
    array = np.asarray(value)
    is_number = array.ndim == n_dimensions and np.issubdtype(array.dtype, np.number)
    return bool(is_number and np.isfinite(array).all())


def _group_sums(table, members, n_groups):
    """The sum over the rows of each group and over columns."""
    return np.bincount(members, table.sum(axis=1, dtype=np.float64), n_groups)


def _shrunk_norms(w, scale, members, n_groups):
    """The norm of each group of the minimiser over u of sum((u - w)^2 / (2 scale)) + |u|.

    The minimiser is w * norm / (norm + scale), with the norm at which |w / (norm + scale)| is 1.
    Newton's method on the reciprocal of that, which is concave, comes from below and does not
    overshoot (Moré and Sorensen, 1983); with one scale for all it begins at its end.
    """
    with np.errstate(divide="ignore"):
        ratios = np.divide(w, scale, out=np.zeros(w.shape), where=w != 0)
    is_zero = _group_sums(ratios**2, members, n_groups) <= 1
    size, largest = np.zeros(n_groups), np.zeros(n_groups)
    np.maximum.at(size, members, (np.abs(w) - scale).max(axis=1))
    np.maximum.at(largest, members, scale.max(axis=1))
    whole = np.sqrt(_group_sums(w**2, members, n_groups))
    norms = np.maximum(np.maximum(size, whole - largest), np.finfo(w.dtype).tiny)
    for _ in range(SHRINK_STEPS):
        reach = norms[members][:, np.newaxis] + scale
        shares = (w / reach) ** 2
        excess = np.sqrt(_group_sums(shares, members, n_groups))
        slope = _group_sums(shares / reach, members, n_groups)
        steps = np.where(is_zero, 0.0, (excess - 1) * excess**2 / np.where(is_zero, 1.0, slope))
        norms += steps
        if (steps <= np.finfo(w.dtype).eps * norms).all():
            break
    return np.where(is_zero, 0.0, norms)


def _soft_threshold(w, scale):
    # w - clip(w) and not sign(w) * max(|w| - scale, 0): a shrunk weight is then 0.0, never -0.0
    return w - np.clip(w, -scale, scale)


PENALTIES = {"l1": L1, "l2": L2, "elasticnet": ElasticNet}
