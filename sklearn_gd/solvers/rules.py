"""Update rules: what a stochastic solver adds to the parameters after each batch.

To add a rule, subclass :class:`MiniBatch`: fields, ``init`` and ``update``, nothing else. In the
formulas g is the gradient of a batch, t counts updates from 1, and :math:`\\eta` is the rate.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sklearn_gd._validation import real
from sklearn_gd.schedules import ReduceOnPlateau
from sklearn_gd.solvers.compiled import sgd_pass
from sklearn_gd.solvers.mini_batch import MiniBatch

SHARE = real(0, 1, open_high=True)
SMALL = real(0, open_low=True)
# Where no bound of the curvature tells: the rates that the rules' authors and common practice use.
LINEAR_RATE = 0.01
NETWORK_RATE = 0.001
UNBOUNDED_RATE = 0.1
# Several arrays of this many bytes fit into a core's cache.
CACHED_BYTES = 2**17


@dataclass(kw_only=True, eq=False, repr=False)
class SGD(MiniBatch):
    r"""Stochastic gradient descent, :math:`params \leftarrow params - \eta_t\,g`.

    Robbins and Monro (1951). A nonsmooth penalty acts through its proximal operator after each
    update. Under ``learning_rate="auto"`` the first rate is 1/(2 L), L the expected smoothness
    of a batch (Gower et al., 2019, "SGD: general analysis and improved rates"), 0.1 where there
    is no bound, and it is halved at each plateau.
    """

    def init(self, params):
        return {}

    def update(self, gradient, state, step, rate):
        return -rate * gradient

    def auto_rate(self, objective, batch_size):
        return _rate_by_smoothness(objective, batch_size)

    def auto_schedule(self, objective):
        return ReduceOnPlateau

    def _pass(self, objective, params, run, state, size):
        # a subclass may have another formula
        is_plain = type(self) is SGD
        value = sgd_pass(objective, params, run, state, size) if is_plain else None
        return super()._pass(objective, params, run, state, size) if value is None else value


@dataclass(kw_only=True, eq=False, repr=False)
class Momentum(MiniBatch):
    r"""Heavy ball: :math:`v \leftarrow \mu v - \eta g, \quad params \leftarrow params + v`.

    Polyak (1964). ``learning_rate="auto"`` is that of :class:`SGD` times :math:`1 - \mu`, since
    the velocity v adds up :math:`1/(1 - \mu)` gradients.

    Parameters
    ----------
    momentum : float, default=0.9
        Share :math:`\mu` of the velocity that is kept, in [0, 1).
    """

    momentum: float = 0.9
    rules: ClassVar = {"momentum": SHARE}

    def init(self, params):
        return {"velocity": np.zeros_like(params)}

    def update(self, gradient, state, step, rate):
        velocity = state["velocity"]
        velocity *= self.momentum
        velocity -= rate * gradient
        return velocity

    def step_size(self, state, step, rate):
        return rate / (1 - self.momentum)

    def auto_rate(self, objective, batch_size):
        return (1 - self.momentum) * _rate_by_smoothness(objective, batch_size)

    def auto_schedule(self, objective):
        return ReduceOnPlateau


@dataclass(kw_only=True, eq=False, repr=False)
class Nesterov(Momentum):
    r"""Nesterov's momentum: :math:`v \leftarrow \mu v - \eta g`, and a step of
    :math:`\mu v - \eta g`.

    The parameters kept are those ahead, where the gradient is taken (Nesterov, 1983; Sutskever et
    al., 2013, "On the importance of initialization and momentum").
    """

    def update(self, gradient, state, step, rate):
        velocity = super().update(gradient, state, step, rate)
        return self.momentum * velocity - rate * gradient


class AdaptiveRule(MiniBatch):
    """Rules that divide by the size of past gradients; their rate has the units of params."""

    def auto_rate(self, objective, batch_size):
        return LINEAR_RATE if objective.is_convex else NETWORK_RATE


@dataclass(kw_only=True, eq=False, repr=False)
class Adagrad(AdaptiveRule):
    r"""Adagrad: :math:`G \leftarrow G + g^2`, a step of :math:`-\eta\,g / (\sqrt{G} + \epsilon)`.

    Duchi, Hazan and Singer (2011). As its steps shrink by themselves, ``learning_rate="auto"`` is
    ten times that of :class:`Adam`.
    """

    epsilon: float = 1e-8
    rules: ClassVar = {"epsilon": SMALL}

    def init(self, params):
        return {"energy": np.zeros_like(params)}

    def update(self, gradient, state, step, rate):
        state["energy"] += gradient**2
        return -self.step_size(state, step, rate) * gradient

    def step_size(self, state, step, rate):
        return rate / (np.sqrt(state["energy"]) + self.epsilon)

    def auto_rate(self, objective, batch_size):
        return 10 * super().auto_rate(objective, batch_size)


@dataclass(kw_only=True, eq=False, repr=False)
class Adadelta(AdaptiveRule):
    r"""Adadelta: a step in the units of the parameters, from running mean squares.

    .. math::
        v \leftarrow \rho v + (1 - \rho) g^2, \quad
        \Delta = -\frac{\sqrt{u + \epsilon}}{\sqrt{v + \epsilon}}\,g, \quad
        u \leftarrow \rho u + (1 - \rho) \Delta^2, \quad
        params \leftarrow params + \eta \Delta

    Zeiler (2012), "ADADELTA: an adaptive learning rate method". ``learning_rate="auto"`` is 1.
    """

    rho: float = 0.95
    epsilon: float = 1e-6
    rules: ClassVar = {"rho": SHARE, "epsilon": SMALL}

    def init(self, params):
        return {"square": np.zeros_like(params), "moves": np.zeros_like(params)}

    def update(self, gradient, state, step, rate):
        square, moves = state["square"], state["moves"]
        square += (1 - self.rho) * (gradient**2 - square)
        move = -self.step_size(state, step, 1.0) * gradient
        moves += (1 - self.rho) * (move**2 - moves)
        return rate * move

    def step_size(self, state, step, rate):
        return rate * np.sqrt((state["moves"] + self.epsilon) / (state["square"] + self.epsilon))

    def auto_rate(self, objective, batch_size):
        return 1.0


@dataclass(kw_only=True, eq=False, repr=False)
class RMSprop(AdaptiveRule):
    r"""RMSprop: :math:`v \leftarrow \rho v + (1 - \rho) g^2`, a step of
    :math:`-\eta\,g / (\sqrt{v} + \epsilon)`.

    Hinton (2012), *Neural networks for machine learning*, lecture 6e.
    """

    rho: float = 0.9
    epsilon: float = 1e-8
    rules: ClassVar = {"rho": SHARE, "epsilon": SMALL}

    def init(self, params):
        return {"square": np.zeros_like(params)}

    def update(self, gradient, state, step, rate):
        square = state["square"]
        square += (1 - self.rho) * (gradient**2 - square)
        return -self.step_size(state, step, rate) * gradient

    def step_size(self, state, step, rate):
        return rate / (np.sqrt(state["square"]) + self.epsilon)


@dataclass(kw_only=True, eq=False, repr=False)
class Adam(AdaptiveRule):
    r"""Adam: a step by the mean gradient over the root of its mean square, both running.

    .. math::
        m \leftarrow \beta_1 m + (1 - \beta_1) g, \quad
        v \leftarrow \beta_2 v + (1 - \beta_2) g^2, \quad
        params \leftarrow params
        - \eta\,\frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}

    Kingma and Ba (2015), algorithm 1. ``learning_rate="auto"`` is 0.001 for networks and 0.01 for
    linear models.

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
    rules: ClassVar = {"beta_1": SHARE, "beta_2": SHARE, "epsilon": SMALL}

    def init(self, params):
        return {"mean": np.zeros_like(params), "square": np.zeros_like(params)}

    def update(self, gradient, state, step, rate):
        rate = -rate / (1 - self.beta_1**step)
        change = np.empty_like(gradient)
        for g, mean, square, part in in_cache(gradient, state["mean"], state["square"], change):
            self._learn(g, mean, square)
            np.multiply(self._step_size(square, step, rate), mean, out=part)
        return change

    def step_size(self, state, step, rate):
        return self._step_size(state["square"], step, rate)

    def _step_size(self, square, step, rate):
        # out of the root of the array, the correction is a number
        correction = math.sqrt(1 - self.beta_2**step)
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

    Kingma and Ba (2015), algorithm 2.
    """

    def update(self, gradient, state, step, rate):
        mean, largest = state["mean"], state["square"]
        mean += (1 - self.beta_1) * (gradient - mean)
        np.maximum(self.beta_2 * largest, np.abs(gradient), out=largest)
        return -self.step_size(state, step, rate) * mean / (1 - self.beta_1**step)

    def step_size(self, state, step, rate):
        return rate / (state["square"] + self.epsilon)


@dataclass(kw_only=True, eq=False, repr=False)
class Nadam(Adam):
    r"""Adam with Nesterov's momentum.

    The mean of :class:`Adam` is replaced by
    :math:`\beta_1 m / (1 - \beta_1^{t+1}) + (1 - \beta_1) g / (1 - \beta_1^t)`.
    Dozat (2016), "Incorporating Nesterov momentum into Adam", with a constant :math:`\beta_1`.
    """

    def update(self, gradient, state, step, rate):
        mean = state["mean"]
        self._learn(gradient, mean, state["square"])
        ahead = self.beta_1 * mean / (1 - self.beta_1 ** (step + 1))
        ahead += (1 - self.beta_1) * gradient / (1 - self.beta_1**step)
        return -self.step_size(state, step, rate) * ahead


@dataclass(kw_only=True, eq=False, repr=False)
class AMSGrad(Adam):
    r"""Adam whose mean square never shrinks: :math:`\hat v \leftarrow \max(\hat v, v)`, a step of
    :math:`-\eta\,m / (\sqrt{\hat v} + \epsilon)`.

    Reddi, Kale and Kumar (2018), "On the convergence of Adam and beyond", algorithm 2, which has
    no bias correction.
    """

    def init(self, params):
        return super().init(params) | {"largest": np.zeros_like(params)}

    def update(self, gradient, state, step, rate):
        mean, square = state["mean"], state["square"]
        self._learn(gradient, mean, square)
        np.maximum(state["largest"], square, out=state["largest"])
        return -self.step_size(state, step, rate) * mean

    def step_size(self, state, step, rate):
        return rate / (np.sqrt(state["largest"]) + self.epsilon)


@dataclass(kw_only=True, eq=False, repr=False)
class AdamW(Adam):
    r"""Adam with weight decay apart from the objective: weights also shrink by
    :math:`\eta\,weight\_decay` of themselves at each update; biases do not.

    Loshchilov and Hutter (2019), "Decoupled weight decay regularization". Set the estimator's
    ``penalty=None`` to have this decay alone.
    """

    weight_decay: float = 0.01
    rules: ClassVar = Adam.rules | {"weight_decay": real(0)}

    def decay(self, weights, rate):
        for w in weights:
            w *= 1 - rate * self.weight_decay


def in_cache(*arrays):
    """The arrays in parts that stay in cache between one operation and the next."""
    size = CACHED_BYTES // arrays[0].itemsize
    for start in range(0, arrays[0].size, size):
        yield tuple(array[start : start + size] for array in arrays)


def _approach(average, new, share):
    """``average`` goes a share of the way to ``new``, in place."""
    change = new - average
    change *= share
    average += change


def _over_root(rate, square, epsilon):
    """rate / (sqrt(square) + epsilon), in one array."""
    root = np.sqrt(square)
    root += epsilon
    return np.divide(rate, root, out=root)


def _rate_by_smoothness(objective, batch_size):
    smoothness = objective.batch_smoothness(batch_size)
    return 1 / (2 * smoothness) if smoothness else UNBOUNDED_RATE
