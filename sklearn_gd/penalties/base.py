r"""Penalties on weights, at unit strength; the objective multiplies them by ``alpha``.

A penalty has a smooth part, which adds to the gradient, and a nonsmooth part, which acts through
its proximal operator; either may be absent. ``w`` is one weight matrix, shape (d, k); biases are
never penalised.

To add a penalty, subclass :class:`Penalty` and write ``smooth`` and ``curvature``, or
``nonsmooth`` and ``prox``, or all four. If the nonsmooth part bends between its kinks, as a norm
does, ``nonsmooth_product`` makes the solvers quick.
"""

import numpy as np
from numpy.typing import NDArray

from sklearn_gd._components import Component


class Penalty(Component):
    """A function of a weight matrix that is added to the mean loss.

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

    @property
    def is_smooth(self) -> bool:
        """Whether there is no nonsmooth part, so that a gradient says everything."""
        return type(self).prox is Penalty.prox

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
        r"""The minimiser over u of :math:`\tfrac12 |u - w|^2 + scale \cdot nonsmooth(u)`.

        Parameters
        ----------
        w : ndarray of shape (d, k)
        scale : float or ndarray of shape (d, k)
            One for all weights, or one for each.

        Returns
        -------
        u : ndarray of shape (d, k)
        """
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
