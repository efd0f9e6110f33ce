"""Update rules: what a stochastic solver adds to the parameters after each batch.

To add a rule, subclass :class:`MiniBatch`: fields, ``init`` and ``update``, nothing else.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sklearn_gd._validation import real
from sklearn_gd.schedules import InverseScaling
from sklearn_gd.solvers.mini_batch import MiniBatch


@dataclass(kw_only=True, eq=False, repr=False)
class SGD(MiniBatch):
    r"""Stochastic gradient descent, :math:`params \leftarrow params - \eta_t\,gradient`.

    Robbins and Monro (1951). A nonsmooth penalty acts through its proximal operator after each
    update. Under ``learning_rate="auto"`` the first rate is 1/(2 L), L the expected smoothness
    of a batch (Gower et al., 2019, "SGD: general analysis and improved rates"), 0.1 where there
    is no bound, and it is halved after ten passes as t0/(t + t1).
    """

    auto_schedule: ClassVar = InverseScaling
    supports_prox: ClassVar[bool] = True

    def init(self, params):
        return {}

    def update(self, gradient, state, step, rate):
        return -rate * gradient

    def auto_rate(self, objective, batch_size):
        smoothness = objective.batch_smoothness(batch_size)
        return 1 / (2 * smoothness) if smoothness else 0.1


@dataclass(kw_only=True, eq=False, repr=False)
class Adam(MiniBatch):
    r"""Adam: a step by the mean gradient over the root of its mean square, both running.

    .. math::
        m \leftarrow \beta_1 m + (1 - \beta_1) g, \quad
        v \leftarrow \beta_2 v + (1 - \beta_2) g^2, \quad
        params \leftarrow params
        - \eta\,\frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}

    Kingma and Ba (2015), algorithm 1. ``learning_rate="auto"`` is 0.001.

    Parameters
    ----------
    beta_1, beta_2 : float, default=0.9, 0.999
        Memory of the mean and of the mean square, in [0, 1).
    epsilon : float, default=1e-8

    Examples
    --------
    >>> from sklearn_gd.solvers import Adam
    >>> Adam(beta_1=0.8)
    Adam(beta_1=0.8)
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    rules: ClassVar = {
        "beta_1": real(0, 1, open_high=True),
        "beta_2": real(0, 1, open_high=True),
        "epsilon": real(0, open_low=True),
    }

    def init(self, params):
        return {"mean": np.zeros_like(params), "square": np.zeros_like(params)}

    def update(self, gradient, state, step, rate):
        mean, square = state["mean"], state["square"]
        mean += (1 - self.beta_1) * (gradient - mean)
        square += (1 - self.beta_2) * (gradient * gradient - square)
        unbiased = rate / (1 - self.beta_1**step)
        root = np.sqrt(square / (1 - self.beta_2**step))
        return -unbiased * mean / (root + self.epsilon)
