"""A penalty that leaves large weights as they are."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sklearn_gd._validation import real
from sklearn_gd.penalties.base import Penalty


@dataclass(kw_only=True, eq=False, repr=False)
class MCP(Penalty):
    r"""The minimax concave penalty: like :class:`L1` near zero, constant for large weights.

    .. math:: \sum |w| - w^2 / (2\,gamma) \text{ where } |w| \le gamma, \quad gamma/2
        \text{ beyond}

    Unlike the lasso, it does not shrink large weights. The penalty is not convex, so a fit reports
    a stationary point, which need not be the minimum.

    Parameters
    ----------
    gamma : float, default=3.0
        Size of the weights beyond which the penalty is constant, in the units of the weights;
        greater than 0. With strength ``alpha`` it is ``alpha`` times the gamma of the reference.

    References
    ----------
    Zhang (2010), "Nearly unbiased variable selection under minimax concave penalty".

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.penalties import MCP
    >>> MCP(gamma=3.0).prox(np.array([[5.0], [2.0], [0.5]]), 1.0).round(4).tolist()
    [[5.0], [1.5], [0.0]]
    """

    gamma: float = 3.0
    is_convex: ClassVar[bool] = False
    rules: ClassVar = {"gamma": real(0, open_low=True)}

    def terms(self, w):
        size = np.minimum(np.abs(w), self.gamma)
        return 0.0, size - size**2 / (2 * self.gamma)

    def nonsmooth(self, w):
        return float(self.terms(w)[1].sum())

    def prox(self, w, scale):
        size, scale = np.abs(w), np.broadcast_to(np.asarray(scale, w.dtype), w.shape)
        is_firm = scale < self.gamma
        # a steep operator below gamma; a jump, from zero to the weight itself, for long steps
        slope = 1 - np.where(is_firm, scale, 0) / self.gamma
        firm = np.where(size <= self.gamma, np.maximum(size - scale, 0) / slope, size)
        hard = np.where(size > np.sqrt(scale * self.gamma), size, 0)
        # adding zero turns -0.0 into 0.0
        return (np.sign(w) * np.where(is_firm, firm, hard) + 0.0).astype(w.dtype, copy=False)
