r"""Penalties on weights, at unit strength; the objective multiplies them by ``alpha``.

A penalty has a smooth part, which adds to the gradient, and a nonsmooth part, which acts through
its proximal operator; either may be absent. ``w`` is one weight matrix, shape (d, k); biases are
never penalised.

To add a penalty, subclass :class:`Penalty` and write ``smooth`` and ``curvature``, or
``nonsmooth`` and ``prox``, or all four. If the slope jumps elsewhere than at zero, ``kinks`` says
where. If the nonsmooth part bends between its kinks, as a norm does, ``nonsmooth_product`` makes
the solvers quick.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sklearn_gd._components import Component


class Penalty(Component):
    """A function of a weight matrix that is added to the mean loss.

    Attributes
    ----------
    is_smooth : bool
        Whether there is no nonsmooth part.
    is_convex : bool
        Whether the penalty is convex. If not, a fit reports a stationary point, which need not be
        the minimum, and "auto" chooses no solver that relies on convexity.
    is_separable : bool
        Whether ``prox`` supports a separate scale for each weight, as for a sum over weights. If
        not, it is only called with one number.
    is_quadratic : bool
        Whether the penalty is a quadratic form of the weights of each output.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.penalties import Penalty
    >>> class Quartic(Penalty):
    ...     def smooth(self, w):
    ...         return float((w**4).sum()), 4 * w**3
    ...
    ...     def curvature(self, n_features):
    ...         return 12.0  # where weights are at most 1
    >>> Quartic().smooth(np.array([[0.5]]))
    (0.0625, array([[0.5]]))
    """

    is_convex: ClassVar[bool] = True
    is_separable: ClassVar[bool] = True
    is_quadratic: ClassVar[bool] = False

    @property
    def is_smooth(self) -> bool:
        """Whether there is no nonsmooth part, so that a gradient says everything."""
        return not self.declares("prox")

    def terms(self, w: NDArray) -> tuple[NDArray | float, NDArray | float]:
        """Smooth and nonsmooth part weight by weight, for a sum of one function of each weight.

        Only if a penalty defines it are ``penalty_weights``, ``lower`` and ``upper`` available.

        Parameters
        ----------
        w : ndarray of shape (d, k)

        Returns
        -------
        smooth : float or ndarray of shape (d, k)
        nonsmooth : float or ndarray of shape (d, k)
        """
        return 0.0, 0.0

    def kinks(self, n_features: int) -> list[NDArray]:
        """Where the slope of the nonsmooth part jumps: places (d, 1), NaN for none."""
        return [np.zeros((n_features, 1))]

    def vanishing(self) -> "Penalty":
        """What remains at a strength of zero: nothing, or a constraint."""
        return NoPenalty()

    def on_columns(self, columns: NDArray) -> "Penalty | None":
        """The penalty of the weights of some features, all others being zero; None if unknown."""
        return None

    def unit(self, n_features: int) -> NDArray:
        """What weights are multiplied by before they are measured, shape (d,)."""
        return np.ones(n_features)

    def smooth(self, w: NDArray) -> tuple[float, NDArray | float]:
        """Value and gradient of the smooth part.

        Parameters
        ----------
        w : ndarray of shape (d, k)

        Returns
        -------
        value : float
        gradient : float or ndarray of shape (d, k)
        """
        return 0.0, 0.0

    def curvature(self, n_features: int) -> float | NDArray:
        """Second derivative of the smooth part: a number, a diagonal (d,) or a matrix (d, d)."""
        return 0.0

    def nonsmooth(self, w: NDArray) -> float:
        """Value of the nonsmooth part.

        Parameters
        ----------
        w : ndarray of shape (d, k)

        Returns
        -------
        value : float
        """
        return 0.0

    def prox(self, w: NDArray, scale: float | NDArray) -> NDArray:
        r"""The minimiser over u of :math:`\sum (u - w)^2 / (2\,scale) + nonsmooth(u)`.

        :func:`sklearn_gd.inspection.check_prox` checks it.

        Parameters
        ----------
        w : ndarray of shape (d, k)
        scale : float or ndarray of shape (d, k)
            At least 0. One for all weights, or one for each if ``is_separable``. Where it is 0,
            only what a constraint forbids may change.

        Returns
        -------
        u : ndarray of shape (d, k)
        """
        return w

    def prox_positive(self, w: NDArray, scale: float | NDArray) -> NDArray:
        """``prox`` among weights that are not negative, for ``positive=True``.

        The default is right for a sum of convex functions of single weights.
        """
        return np.maximum(self.prox(w, scale), 0)

    def l1_l2_weights(self) -> tuple[float, float] | None:
        """Its weights of :math:`|w|_1` and :math:`|w|^2/2`; None if it is something else.

        Only used by compiled loops, and not if a subclass has overridden another method.
        """
        return None

    @property
    def is_piecewise_linear(self) -> bool:
        """Whether the nonsmooth part is linear between its kinks."""
        return not self.declares("nonsmooth_product")

    def nonsmooth_product(self, w: NDArray, direction: NDArray) -> NDArray:
        """The nonsmooth part's second derivative at ``w``, off its kinks, times a direction."""
        return np.zeros_like(direction)


@dataclass(kw_only=True, eq=False, repr=False)
class NoPenalty(Penalty):
    """No penalty: ``penalty=None``.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.penalties import NoPenalty
    >>> NoPenalty().smooth(np.ones((2, 1)))
    (0.0, 0.0)
    """

    is_quadratic: ClassVar[bool] = True

    def prox_positive(self, w: NDArray, scale: float | NDArray) -> NDArray:
        """``prox`` among weights that are not negative, for ``positive=True``.

        The default is right for a sum of convex functions of single weights.
        """
        return np.maximum(self.prox(w, scale), 0)

    def l1_l2_weights(self):
        return 0.0, 0.0
