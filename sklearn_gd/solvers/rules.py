"""Update rules: what a stochastic solver adds to the parameters after each batch.

To add a rule, subclass :class:`MiniBatch`: fields, ``init`` and ``update``, nothing else. In the
formulas g is the gradient of a batch, t counts updates from 1, and :math:`\\eta` is the rate.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sklearn_gd._validation import real
from sklearn_gd.schedules import ReduceOnPlateau
from sklearn_gd.solvers.compiled import sgd_pass
from sklearn_gd.solvers.mini_batch import MiniBatch

UNIT_INTERVAL = real(0, 1, open_high=True)
POSITIVE = real(0, open_low=True)
# Where the curvature has no bound: the rates that the rules' authors and common practice use.
LINEAR_RATE = 0.01
NETWORK_RATE = 0.001
UNBOUNDED_RATE = 0.1


@dataclass(kw_only=True, eq=False, repr=False)
class SGD(MiniBatch):
    r"""Stochastic gradient descent: a step against the gradient of each batch.

    .. math:: params \leftarrow params - \eta\,g

    A nonsmooth penalty acts through its proximal operator after each update. Under
    ``learning_rate="auto"`` the first rate is 1/(2 L), L the expected smoothness of a batch, 0.1
    where there is no bound, and it is halved at each plateau.

    References
    ----------
    Robbins and Monro (1951), "A stochastic approximation method"; Gower et al. (2019), "SGD:
    general analysis and improved rates".

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.preprocessing import scale
    >>> from sklearn_gd import GDSoftmaxClassifier
    >>> from sklearn_gd.solvers import SGD
    >>> X, y = load_wine(return_X_y=True)
    >>> model = GDSoftmaxClassifier(solver=SGD(), max_iter=20, tol=0, random_state=0)
    >>> bool(model.fit(scale(X), y).score(scale(X), y) > 0.95)
    True
    """

    step_is_scalar: ClassVar[bool] = True

    def init(self, params):
        return {}

    def update(self, gradient, state, params, clock, rate):
        return -rate * gradient

    def step_size(self, state, clock, rate):
        return rate

    def auto_rate(self, objective, batch_size):
        return _rate_by_smoothness(objective, batch_size)

    def auto_schedule(self, objective):
        return ReduceOnPlateau.from_rate

    def _compiled_pass(self, objective, params, run, state, size):
        return sgd_pass(objective, params, run, state, size)


@dataclass(kw_only=True, eq=False, repr=False)
class Momentum(MiniBatch):
    r"""Heavy ball: the velocity is a decaying sum of gradients.

    .. math:: v \leftarrow \mu v - \eta g, \quad params \leftarrow params + v

    ``learning_rate="auto"`` is that of :class:`SGD` times :math:`1 - \mu`, since the velocity adds
    up :math:`1/(1 - \mu)` gradients.

    Parameters
    ----------
    momentum : float, default=0.9
        Fraction :math:`\mu` of the velocity that is kept, in [0, 1).

    References
    ----------
    Polyak (1964), "Some methods of speeding up the convergence of iteration methods".

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.preprocessing import scale
    >>> from sklearn_gd import GDSoftmaxClassifier
    >>> from sklearn_gd.solvers import Momentum
    >>> X, y = load_wine(return_X_y=True)
    >>> settings = {"max_iter": 20, "tol": 0, "random_state": 0}
    >>> model = GDSoftmaxClassifier(solver=Momentum(momentum=0.8), **settings)
    >>> bool(model.fit(scale(X), y).score(scale(X), y) > 0.95)
    True
    """

    momentum: float = 0.9
    step_is_scalar: ClassVar[bool] = True
    rules: ClassVar = {"momentum": UNIT_INTERVAL}

    def init(self, params):
        return {"velocity": np.zeros_like(params)}

    def update(self, gradient, state, params, clock, rate):
        velocity = state["velocity"]
        velocity *= self.momentum
        velocity -= rate * gradient
        return velocity

    def step_size(self, state, clock, rate):
        return rate / (1 - self.momentum)

    def auto_rate(self, objective, batch_size):
        return (1 - self.momentum) * _rate_by_smoothness(objective, batch_size)

    def auto_schedule(self, objective):
        return ReduceOnPlateau.from_rate


@dataclass(kw_only=True, eq=False, repr=False)
class Nesterov(Momentum):
    r"""Nesterov's momentum: the gradient is evaluated ahead of the current point.

    .. math:: v \leftarrow \mu v - \eta g, \quad params \leftarrow params + \mu v - \eta g

    The parameters kept are those ahead, where the gradient is taken. ``learning_rate="auto"`` is
    that of :class:`Momentum`.

    Parameters
    ----------
    momentum : float, default=0.9
        Fraction :math:`\mu` of the velocity that is kept, in [0, 1).

    References
    ----------
    Nesterov (1983), "A method for solving the convex programming problem with convergence rate
    O(1/k^2)"; Sutskever et al. (2013), "On the importance of initialization and momentum in deep
    learning".

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.preprocessing import scale
    >>> from sklearn_gd import GDSoftmaxClassifier
    >>> from sklearn_gd.solvers import Nesterov
    >>> X, y = load_wine(return_X_y=True)
    >>> settings = {"max_iter": 20, "tol": 0, "random_state": 0}
    >>> model = GDSoftmaxClassifier(solver=Nesterov(momentum=0.8), **settings)
    >>> bool(model.fit(scale(X), y).score(scale(X), y) > 0.95)
    True
    """

    def update(self, gradient, state, params, clock, rate):
        velocity = super().update(gradient, state, params, clock, rate)
        return self.momentum * velocity - rate * gradient

    def step_size(self, state, clock, rate):
        return super().step_size(state, clock, rate)


class AdaptiveRule(MiniBatch):
    """Rules that divide by the size of past gradients; their rate has the units of params."""

    def auto_rate(self, objective, batch_size):
        return LINEAR_RATE if objective.is_linear else NETWORK_RATE


@dataclass(kw_only=True, eq=False, repr=False)
class Adagrad(AdaptiveRule):
    r"""Adagrad: steps divided by the root of the sum of squared gradients.

    .. math:: G \leftarrow G + g^2, \quad params \leftarrow params - \eta\,g / (\sqrt{G} + \epsilon)

    As its steps shrink by themselves, ``learning_rate="auto"`` is ten times that of :class:`Adam`.
    For a linear model whose coefficients have further to go, because y is in large units, it is
    half the typical distance :math:`\sqrt{2 F_0 / (L p)}`, with :math:`F_0` the objective of the
    best constant, L the largest curvature and p the number of coefficients of an output.

    Parameters
    ----------
    epsilon : float, default=1e-8
        Keeps the divisor above zero; greater than 0.

    References
    ----------
    Duchi, Hazan and Singer (2011), "Adaptive subgradient methods for online learning and stochastic
    optimization".

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.preprocessing import scale
    >>> from sklearn_gd import GDSoftmaxClassifier
    >>> from sklearn_gd.solvers import Adagrad
    >>> X, y = load_wine(return_X_y=True)
    >>> model = GDSoftmaxClassifier(solver=Adagrad(), max_iter=20, tol=0, random_state=0)
    >>> bool(model.fit(scale(X), y).score(scale(X), y) > 0.95)
    True
    """

    epsilon: float = 1e-8
    rules: ClassVar = {"epsilon": POSITIVE}

    def init(self, params):
        return {"energy": np.zeros_like(params)}

    def update(self, gradient, state, params, clock, rate):
        state["energy"] += gradient**2
        return -self.step_size(state, clock, rate) * gradient

    def step_size(self, state, clock, rate):
        return rate / (np.sqrt(state["energy"]) + self.epsilon)

    def auto_rate(self, objective, batch_size):
        rate = 10 * super().auto_rate(objective, batch_size)
        return max(rate, (objective.typical_distance() or 0.0) / 2)


@dataclass(kw_only=True, eq=False, repr=False)
class Adadelta(AdaptiveRule):
    r"""Adadelta: steps in the units of the parameters, from running mean squares.

    .. math::
        v \leftarrow \rho v + (1 - \rho) g^2, \quad
        \Delta = -\frac{\sqrt{u + \epsilon}}{\sqrt{v + \epsilon}}\,g, \quad
        u \leftarrow \rho u + (1 - \rho) \Delta^2, \quad
        params \leftarrow params + \eta \Delta

    ``learning_rate="auto"`` is 1.

    Parameters
    ----------
    rho : float, default=0.95
        Memory :math:`\rho` of the mean squares, in [0, 1).
    epsilon : float, default=1e-6
        Makes the first steps non-zero; greater than 0.

    References
    ----------
    Zeiler (2012), "ADADELTA: an adaptive learning rate method".

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.preprocessing import scale
    >>> from sklearn_gd import GDSoftmaxClassifier
    >>> from sklearn_gd.solvers import Adadelta
    >>> X, y = load_wine(return_X_y=True)
    >>> model = GDSoftmaxClassifier(solver=Adadelta(rho=0.9), max_iter=20, tol=0, random_state=0)
    >>> bool(model.fit(scale(X), y).score(scale(X), y) > 0.95)
    True
    """

    rho: float = 0.95
    epsilon: float = 1e-6
    rules: ClassVar = {"rho": UNIT_INTERVAL, "epsilon": POSITIVE}

    def init(self, params):
        return {"square": np.zeros_like(params), "moves": np.zeros_like(params)}

    def update(self, gradient, state, params, clock, rate):
        square, moves = state["square"], state["moves"]
        square += (1 - self.rho) * (gradient**2 - square)
        move = -self.step_size(state, clock, 1.0) * gradient
        moves += (1 - self.rho) * (move**2 - moves)
        return rate * move

    def step_size(self, state, clock, rate):
        return rate * np.sqrt((state["moves"] + self.epsilon) / (state["square"] + self.epsilon))

    def auto_rate(self, objective, batch_size):
        return 1.0


@dataclass(kw_only=True, eq=False, repr=False)
class RMSprop(AdaptiveRule):
    r"""RMSprop: steps divided by the root of the running mean square.

    .. math::
        v \leftarrow \rho v + (1 - \rho) g^2, \quad
        params \leftarrow params - \eta\,g / (\sqrt{v} + \epsilon)

    ``learning_rate="auto"`` is that of :class:`Adam`.

    Parameters
    ----------
    rho : float, default=0.9
        Memory :math:`\rho` of the mean square, in [0, 1).
    epsilon : float, default=1e-8
        Keeps the divisor above zero; greater than 0.

    References
    ----------
    Hinton (2012), *Neural networks for machine learning*, lecture 6e.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.preprocessing import scale
    >>> from sklearn_gd import GDSoftmaxClassifier
    >>> from sklearn_gd.solvers import RMSprop
    >>> X, y = load_wine(return_X_y=True)
    >>> model = GDSoftmaxClassifier(solver=RMSprop(rho=0.99), max_iter=20, tol=0, random_state=0)
    >>> bool(model.fit(scale(X), y).score(scale(X), y) > 0.95)
    True
    """

    rho: float = 0.9
    epsilon: float = 1e-8
    rules: ClassVar = {"rho": UNIT_INTERVAL, "epsilon": POSITIVE}

    def init(self, params):
        return {"square": np.zeros_like(params)}

    def update(self, gradient, state, params, clock, rate):
        square = state["square"]
        square += (1 - self.rho) * (gradient**2 - square)
        return -self.step_size(state, clock, rate) * gradient

    def step_size(self, state, clock, rate):
        return rate / (np.sqrt(state["square"]) + self.epsilon)


def _rate_by_smoothness(objective, batch_size):
    smoothness = objective.batch_smoothness(batch_size)
    return 1 / (2 * smoothness) if smoothness else UNBOUNDED_RATE
