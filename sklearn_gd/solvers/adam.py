"""Adam and the rules that are made from it.

The formulas are written as in :mod:`sklearn_gd.solvers.rules`.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sklearn_gd._validation import real
from sklearn_gd.schedules import Constant, InverseScaling
from sklearn_gd.solvers.rules import POSITIVE, UNIT_INTERVAL, AdaptiveRule

# Several arrays of this many bytes fit into a core's cache.
CACHED_BYTES = 2**17
# For networks the rate starts at 5 times the default, is halved after 20 passes and never drops
# below half the default: found on the data of benchmarks/workloads/network.py, where a constant
# 0.001 is slower and a constant 0.005 loses accuracy, the more the deeper the network.
INITIAL_FACTOR, HALF_LIFE_PASSES, FLOOR_FACTOR = 5, 20, 0.5


@dataclass(kw_only=True, eq=False, repr=False)
class Adam(AdaptiveRule):
    r"""Adam: running mean of the gradient, divided by the root of its running mean square.

    .. math::
        m \leftarrow \beta_1 m + (1 - \beta_1) g, \quad
        v \leftarrow \beta_2 v + (1 - \beta_2) g^2

    .. math::
        params \leftarrow params
        - \eta\,\frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}

    ``learning_rate="auto"`` is 0.01 for linear models. For networks it is 0.005 at first and falls
    by :class:`~sklearn_gd.schedules.InverseScaling`, to half of it after 20 passes, to 0.001
    after 80, and never below 0.0005: large steps are faster far from a minimum, and small steps
    come closer to it.

    Parameters
    ----------
    beta_1 : float, default=0.9
        Memory of the mean, in [0, 1).
    beta_2 : float, default=0.999
        Memory of the mean square, in [0, 1).
    epsilon : float, default=1e-8
        Keeps the divisor above zero; greater than 0.

    References
    ----------
    Kingma and Ba (2015), "Adam: a method for stochastic optimization", algorithm 1.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.preprocessing import scale
    >>> from sklearn_gd import GDSoftmaxClassifier
    >>> from sklearn_gd.solvers import Adam
    >>> X, y = load_wine(return_X_y=True)
    >>> model = GDSoftmaxClassifier(solver=Adam(beta_1=0.8), max_iter=20, tol=0, random_state=0)
    >>> bool(model.fit(scale(X), y).score(scale(X), y) > 0.95)
    True
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    rules: ClassVar = {"beta_1": UNIT_INTERVAL, "beta_2": UNIT_INTERVAL, "epsilon": POSITIVE}

    def init(self, params):
        return {"mean": np.zeros_like(params), "square": np.zeros_like(params)}

    def auto_schedule(self, objective):
        return Constant.from_rate if objective.is_linear else _auto_decay

    def update(self, gradient, state, params, clock, rate):
        rate = -rate / (1 - self.beta_1**clock.update)
        change = np.empty_like(gradient)
        for g, mean, square, part in in_cache(gradient, state["mean"], state["square"], change):
            self._learn(g, mean, square)
            np.multiply(self._step_size(square, clock, rate), mean, out=part)
        return change

    def step_size(self, state, clock, rate):
        return self._step_size(state["square"], clock, rate)

    def _step_size(self, square, clock, rate):
        # out of the root of the array, the correction is a number
        correction = math.sqrt(1 - self.beta_2**clock.update)
        return _over_root(rate * correction, square, self.epsilon * correction)

    def _learn(self, gradient, mean, square):
        _approach(mean, gradient, 1 - self.beta_1)
        _approach(square, gradient * gradient, 1 - self.beta_2)


@dataclass(kw_only=True, eq=False, repr=False)
class AdaMax(Adam):
    r"""Adam with the running maximum of gradients in place of their mean square.

    .. math::
        u \leftarrow \max(\beta_2 u, |g|), \quad
        params \leftarrow params - \frac{\eta}{1 - \beta_1^t}\,\frac{m}{u + \epsilon}

    with the mean m of :class:`Adam`.

    Parameters
    ----------
    beta_1 : float, default=0.9
        Memory of the mean, in [0, 1).
    beta_2 : float, default=0.999
        Memory of the maximum, in [0, 1).
    epsilon : float, default=1e-8
        Keeps the divisor above zero; greater than 0.

    References
    ----------
    Kingma and Ba (2015), "Adam: a method for stochastic optimization", algorithm 2.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.preprocessing import scale
    >>> from sklearn_gd import GDSoftmaxClassifier
    >>> from sklearn_gd.solvers import AdaMax
    >>> X, y = load_wine(return_X_y=True)
    >>> model = GDSoftmaxClassifier(solver=AdaMax(), max_iter=20, tol=0, random_state=0)
    >>> bool(model.fit(scale(X), y).score(scale(X), y) > 0.95)
    True
    """

    def update(self, gradient, state, params, clock, rate):
        mean, largest = state["mean"], state["square"]
        mean += (1 - self.beta_1) * (gradient - mean)
        np.maximum(self.beta_2 * largest, np.abs(gradient), out=largest)
        return -self.step_size(state, clock, rate) * mean / (1 - self.beta_1**clock.update)

    def step_size(self, state, clock, rate):
        return rate / (state["square"] + self.epsilon)


@dataclass(kw_only=True, eq=False, repr=False)
class Nadam(Adam):
    r"""Adam with Nesterov's momentum.

    The numerator :math:`m / (1 - \beta_1^t)` of :class:`Adam` becomes

    .. math:: \frac{\beta_1 m}{1 - \beta_1^{t+1}} + \frac{(1 - \beta_1)\,g}{1 - \beta_1^t}

    Parameters
    ----------
    beta_1 : float, default=0.9
        Memory of the mean, in [0, 1).
    beta_2 : float, default=0.999
        Memory of the mean square, in [0, 1).
    epsilon : float, default=1e-8
        Keeps the divisor above zero; greater than 0.

    References
    ----------
    Dozat (2016), "Incorporating Nesterov momentum into Adam", with a constant :math:`\beta_1`.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.preprocessing import scale
    >>> from sklearn_gd import GDSoftmaxClassifier
    >>> from sklearn_gd.solvers import Nadam
    >>> X, y = load_wine(return_X_y=True)
    >>> model = GDSoftmaxClassifier(solver=Nadam(), max_iter=20, tol=0, random_state=0)
    >>> bool(model.fit(scale(X), y).score(scale(X), y) > 0.95)
    True
    """

    def update(self, gradient, state, params, clock, rate):
        mean = state["mean"]
        self._learn(gradient, mean, state["square"])
        ahead = self.beta_1 * mean / (1 - self.beta_1 ** (clock.update + 1))
        ahead += (1 - self.beta_1) * gradient / (1 - self.beta_1**clock.update)
        return -self.step_size(state, clock, rate) * ahead

    def step_size(self, state, clock, rate):
        return super().step_size(state, clock, rate)


@dataclass(kw_only=True, eq=False, repr=False)
class AMSGrad(Adam):
    r"""Adam whose mean square never shrinks.

    .. math::
        \hat v \leftarrow \max(\hat v, v), \quad
        params \leftarrow params - \eta\,m / (\sqrt{\hat v} + \epsilon)

    with the means m and v of :class:`Adam`, without its correction of their start.

    Parameters
    ----------
    beta_1 : float, default=0.9
        Memory of the mean, in [0, 1).
    beta_2 : float, default=0.999
        Memory of the mean square, in [0, 1).
    epsilon : float, default=1e-8
        Keeps the divisor above zero; greater than 0.

    References
    ----------
    Reddi, Kale and Kumar (2018), "On the convergence of Adam and beyond", algorithm 2.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.preprocessing import scale
    >>> from sklearn_gd import GDSoftmaxClassifier
    >>> from sklearn_gd.solvers import AMSGrad
    >>> X, y = load_wine(return_X_y=True)
    >>> model = GDSoftmaxClassifier(solver=AMSGrad(), max_iter=20, tol=0, random_state=0)
    >>> bool(model.fit(scale(X), y).score(scale(X), y) > 0.95)
    True
    """

    def init(self, params):
        return super().init(params) | {"largest": np.zeros_like(params)}

    def update(self, gradient, state, params, clock, rate):
        mean, square = state["mean"], state["square"]
        self._learn(gradient, mean, square)
        np.maximum(state["largest"], square, out=state["largest"])
        return -self.step_size(state, clock, rate) * mean

    def step_size(self, state, clock, rate):
        return rate / (np.sqrt(state["largest"]) + self.epsilon)


@dataclass(kw_only=True, eq=False, repr=False)
class AdamW(Adam):
    r"""Adam with decoupled weight decay, which is not part of the objective.

    Besides the update of :class:`Adam`, weights shrink by :math:`\eta \cdot decay` of themselves,
    with decay = ``weight_decay``; biases do not. Set the estimator's ``penalty=None`` to have this
    decay alone.

    Parameters
    ----------
    beta_1 : float, default=0.9
        Memory of the mean, in [0, 1).
    beta_2 : float, default=0.999
        Memory of the mean square, in [0, 1).
    epsilon : float, default=1e-8
        Keeps the divisor above zero; greater than 0.
    weight_decay : float, default=0.01
        Fraction of the weights that is removed at each update, per unit of the learning rate; at
        least 0.

    References
    ----------
    Loshchilov and Hutter (2019), "Decoupled weight decay regularization".

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.preprocessing import scale
    >>> from sklearn_gd import GDSoftmaxClassifier
    >>> from sklearn_gd.solvers import AdamW
    >>> X, y = load_wine(return_X_y=True)
    >>> settings = {"max_iter": 20, "tol": 0, "random_state": 0}
    >>> model = GDSoftmaxClassifier(solver=AdamW(weight_decay=0.1), **settings)
    >>> bool(model.fit(scale(X), y).score(scale(X), y) > 0.95)
    True
    """

    weight_decay: float = 0.01
    rules: ClassVar = Adam.rules | {"weight_decay": real(0)}

    def decay(self, weights, rate):
        for w in weights:
            w *= 1 - rate * self.weight_decay


def _auto_decay(rate, steps_per_pass, passes):
    half_life = HALF_LIFE_PASSES * steps_per_pass
    floor = FLOOR_FACTOR * rate
    return InverseScaling(t0=INITIAL_FACTOR * rate * half_life, t1=half_life, floor=floor)


def in_cache(*arrays):
    """The arrays in parts that stay in cache between one operation and the next."""
    size = CACHED_BYTES // arrays[0].itemsize
    for start in range(0, arrays[0].size, size):
        yield tuple(array[start : start + size] for array in arrays)


def _approach(average, new, share):
    """``average`` moves a fraction of the way to ``new``, in place."""
    change = new - average
    change *= share
    average += change


def _over_root(rate, square, epsilon):
    """rate / (sqrt(square) + epsilon), in one array."""
    root = np.sqrt(square)
    root += epsilon
    return np.divide(rate, root, out=root)
