"""Stochastic solvers whose noise vanishes at the optimum, so that a constant rate converges."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sklearn_gd.schedules import Constant, ReduceOnPlateau
from sklearn_gd.solvers.mini_batch import MiniBatch
from sklearn_gd.solvers.rules import UNBOUNDED_RATE


class VarianceReduced(MiniBatch):
    """Plain steps along a gradient estimate that knows more than one batch."""

    step_is_scalar: ClassVar[bool] = True
    # many updates for each pass over all rows are what the correction is for
    least_auto_batch: ClassVar[int] = 1

    def init(self, params):
        return {}

    def update(self, gradient, state, params, clock, rate):
        return -rate * gradient

    def step_size(self, state, clock, rate):
        return rate

    def auto_rate(self, objective, batch_size):
        smoothness = objective.batch_smoothness(batch_size)
        return 1 / (3 * smoothness) if smoothness else UNBOUNDED_RATE

    def auto_schedule(self, objective):
        # a row near its kink is noise that no memory of its slope takes away
        return (ReduceOnPlateau if objective.has_kinks else Constant).from_rate


@dataclass(kw_only=True, eq=False, repr=False)
class SVRG(VarianceReduced):
    """Stochastic variance reduced gradient.

    Each pass starts with the gradient g of all rows at a snapshot; an update goes along

    .. math:: g_B(params) - g_B(snapshot) + g(snapshot)

    with :math:`g_B` the gradient of a batch. ``learning_rate="auto"`` is 1/(3 L), L the expected
    smoothness of a batch. A pass costs as much as three passes over the data.

    References
    ----------
    Johnson and Zhang (2013), "Accelerating stochastic gradient descent using predictive variance
    reduction"; Xiao and Zhang (2014), "A proximal stochastic gradient method with progressive
    variance reduction", for nonsmooth penalties.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.preprocessing import scale
    >>> from sklearn_gd import GDSoftmaxClassifier
    >>> from sklearn_gd.solvers import SVRG
    >>> X, y = load_wine(return_X_y=True)
    >>> model = GDSoftmaxClassifier(solver=SVRG(), max_iter=20, tol=0, random_state=0)
    >>> bool(model.fit(scale(X), y).score(scale(X), y) > 0.95)
    True
    """

    def begin_pass(self, objective, params, state):
        state["snapshot"] = params.copy()
        state["gradient"] = objective.value_and_gradient(params)[1]

    def estimate(self, oracle, params, state):
        value, gradient = oracle(params)
        _, at_snapshot = oracle(state["snapshot"])
        return value, gradient - at_snapshot + state["gradient"]


@dataclass(kw_only=True, eq=False, repr=False)
class SAGA(VarianceReduced):
    r"""SAGA: stochastic gradients, corrected by stored derivatives of all rows.

    With :math:`r_i` the stored derivative of the loss of row i in its raw prediction, an update
    uses the mean of all stored gradients plus their changes in the batch,

    .. math:: \bar g + \frac{1}{|B|} \sum_{i \in B} (r_i^{new} - r_i)\,x_i

    ``learning_rate="auto"`` is 1/(3 L), L the expected smoothness of a batch.

    References
    ----------
    Defazio, Bach and Lacoste-Julien (2014), "SAGA: a fast incremental gradient method with support
    for non-strongly convex composite objectives".

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.preprocessing import scale
    >>> from sklearn_gd import GDSoftmaxClassifier
    >>> from sklearn_gd.solvers import SAGA
    >>> X, y = load_wine(return_X_y=True)
    >>> model = GDSoftmaxClassifier(solver=SAGA(), max_iter=20, tol=0, random_state=0)
    >>> bool(model.fit(scale(X), y).score(scale(X), y) > 0.95)
    True
    """

    resumable: ClassVar[bool] = False

    def unsupported(self, objective):
        reason = super().unsupported(objective)
        if reason is None and not objective.is_linear:
            return "SAGA needs the rows of a linear model; use solver='svrg' instead."
        return reason

    def begin_pass(self, objective, params, state):
        if "mean" not in state:
            state["slopes"] = None
            state["mean"] = np.zeros_like(params)

    def estimate(self, oracle, params, state):
        losses, slopes = oracle.slopes(params)
        if state["slopes"] is None:
            state["slopes"] = np.zeros((oracle.n_samples, slopes.shape[1]), slopes.dtype)
        change = oracle.pull_back(slopes - state["slopes"][oracle.positions], params)
        state["slopes"][oracle.positions] = slopes
        gradient = state["mean"] + change
        state["mean"] += change / oracle.n_batches
        return oracle.with_penalty(oracle.mean(losses), gradient, params)
