"""Losses that are linear between kinks."""

from abc import abstractmethod
from typing import ClassVar

from numpy.typing import NDArray

from sklearn_gd.losses.base import Loss
from sklearn_gd.losses.envelope import envelopes


class PiecewiseLinearLoss(Loss):
    """A loss that is linear between kinks; it is minimised through its Moreau envelopes.

    To add one, write ``value``, ``gradient`` and ``prox_move``; smoothing, stages and the check of
    optimality follow.

    Attributes
    ----------
    is_of_residual : bool
        Whether the loss depends on ``raw - y`` alone; second derivatives are then more precise.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.losses import PiecewiseLinearLoss
    >>> class DeadZone(PiecewiseLinearLoss):
    ...     def value(self, y, raw):
    ...         return np.maximum(np.abs(raw - y) - 1, 0).sum(axis=1)
    ...
    ...     def gradient(self, y, raw):
    ...         return np.sign(raw - y) * (np.abs(raw - y) > 1)
    ...
    ...     def prox_move(self, y, raw, width):
    ...         return -np.sign(raw - y) * np.clip(np.abs(raw - y) - 1, 0, width)
    >>> DeadZone().prox(np.array([[0.0]]), np.array([[3.0]]), 0.5)
    array([[2.5]])
    """

    has_kinks: ClassVar[bool] = True
    is_of_residual: ClassVar[bool] = False

    @abstractmethod
    def prox_move(self, y: NDArray, raw: NDArray, width: float) -> NDArray:
        """How far ``prox`` is from ``raw``, which is exact where the two are nearly equal.

        Parameters
        ----------
        y : ndarray of shape (n, k)
        raw : ndarray of shape (n, k)
            Raw predictions.
        width : float or ndarray of shape (k,)
            In the units of y.

        Returns
        -------
        move : ndarray of shape (n, k)
        """

    def prox(self, y: NDArray, raw: NDArray, width: float) -> NDArray:
        """The minimiser over u of loss(y, u) + (u - raw)^2 / (2 width).

        Parameters
        ----------
        y : ndarray of shape (n, k)
        raw : ndarray of shape (n, k)
            Raw predictions.
        width : float
            In the units of y.

        Returns
        -------
        u : ndarray of shape (n, k)
        """
        return raw + self.prox_move(y, raw, width)

    def stages(self, spread, resolution=0.0):
        return envelopes(self, spread, resolution)
