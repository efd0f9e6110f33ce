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
from sklearn_gd._validation import real


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
        return _soft_threshold(w, np.multiply(scale, self.l1_ratio))


@dataclass(kw_only=True, eq=False, repr=False)
class NoPenalty(Penalty):
    """Nothing is added: ``penalty=None``."""


@dataclass(kw_only=True, eq=False, repr=False)
class Positive(Penalty):
    """Another penalty, and no weight below zero: ``positive=True``.

    Right for penalties that are a sum over weights, as the proximal operator may then be cut off.
    """

    penalty: Penalty

    def smooth(self, w):
        return self.penalty.smooth(w)

    def curvature(self, n_features):
        return self.penalty.curvature(n_features)

    def nonsmooth(self, w):
        return self.penalty.nonsmooth(w)

    def prox(self, w, scale):
        return np.maximum(self.penalty.prox(w, scale), 0)


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


def _soft_threshold(w, scale):
    # w - clip(w) and not sign(w) * max(|w| - scale, 0): a shrunk weight is then 0.0, never -0.0
    return w - np.clip(w, np.negative(scale), scale)


PENALTIES = {"l1": L1, "l2": L2, "elasticnet": ElasticNet}
