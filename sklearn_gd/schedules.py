"""Learning rates as pure functions of where a run stands.

To add a schedule, subclass :class:`Schedule` and write ``__call__``.
"""

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from sklearn_gd._components import Component
from sklearn_gd._validation import integer, real

__all__ = [
    "SCHEDULES",
    "Clock",
    "Constant",
    "Cosine",
    "Exponential",
    "InverseScaling",
    "PowerDecay",
    "ReduceOnPlateau",
    "Schedule",
    "StepDecay",
]


@dataclass(frozen=True)
class Clock:
    """Position of a run: updates, passes and plateaus so far.

    Parameters
    ----------
    step : int, default=0
        Updates done.
    epoch : int, default=0
        Passes done.
    plateaus : int, default=0
        Number of plateaus so far: stretches of ``n_iter_no_change`` passes without an
        improvement.

    Examples
    --------
    >>> from sklearn_gd.schedules import Clock
    >>> Clock(step=100, epoch=2)
    Clock(step=100, epoch=2, plateaus=0)
    """

    step: int = 0
    epoch: int = 0
    plateaus: int = 0

    @property
    def update(self) -> int:
        """Number of the update that comes next, 1 at the first."""
        return self.step + 1


class Schedule(Component):
    """A learning rate for every update.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> from sklearn_gd.schedules import Clock, Schedule
    >>> @dataclass(kw_only=True, eq=False, repr=False)
    ... class Halving(Schedule):
    ...     rate: float = 0.1
    ...
    ...     def __call__(self, clock):
    ...         return self.rate / 2**clock.epoch
    >>> Halving()(Clock(epoch=1))
    0.05
    """

    @abstractmethod
    def __call__(self, clock: Clock) -> float:
        """The rate of the update that comes next.

        Parameters
        ----------
        clock : Clock
            What is done before it.

        Returns
        -------
        rate : float
        """

    @classmethod
    def from_rate(cls, rate: float, steps_per_pass: int, passes: int) -> "Schedule":
        """The schedule that a bare name stands for.

        Parameters
        ----------
        rate : float
            Where it starts.
        steps_per_pass : int
            Updates in a pass.
        passes : int
            Passes that the run is made for.

        Returns
        -------
        schedule : Schedule
        """
        return cls(rate=rate)


@dataclass(kw_only=True, eq=False, repr=False)
class Constant(Schedule):
    r"""A constant rate.

    .. math:: \eta_t = rate

    Parameters
    ----------
    rate : float, default=0.01
        Learning rate, greater than 0.

    Examples
    --------
    >>> from sklearn_gd.schedules import Clock, Constant
    >>> Constant(rate=0.1)(Clock(step=7))
    0.1
    """

    rate: float = 0.01
    rules: ClassVar = {"rate": real(0, open_low=True)}

    def __call__(self, clock):
        return self.rate


@dataclass(kw_only=True, eq=False, repr=False)
class InverseScaling(Schedule):
    r"""A rate that falls like the inverse of the number of updates.

    .. math:: \eta_t = \max(t_0 / (t + t_1),\ floor), \quad t = 0 \text{ at the first update}

    By name it starts at the "auto" rate and is halved after 10 passes.

    Parameters
    ----------
    t0 : float, default=5.0
        Greater than 0.
    t1 : float, default=50.0
        Updates after which the first rate, ``t0 / t1``, is halved; greater than 0.
    floor : float, default=0.0
        The rate does not fall below it, so that a stream without end is followed for ever.

    References
    ----------
    Robbins and Monro (1951), "A stochastic approximation method"; t0 and t1 as in Chkifa.

    Examples
    --------
    >>> from sklearn_gd.schedules import Clock, InverseScaling
    >>> rate = InverseScaling(t0=5, t1=50)
    >>> rate(Clock(step=0)), rate(Clock(step=50))
    (0.1, 0.05)
    """

    t0: float = 5.0
    t1: float = 50.0
    floor: float = 0.0
    rules: ClassVar = {
        "t0": real(0, open_low=True),
        "t1": real(0, open_low=True),
        "floor": real(0),
    }

    def __call__(self, clock):
        return max(self.t0 / (clock.step + self.t1), self.floor)

    @classmethod
    def from_rate(cls, rate, steps_per_pass, passes):
        halving = 10 * steps_per_pass
        return cls(t0=rate * halving, t1=halving)


@dataclass(kw_only=True, eq=False, repr=False)
class PowerDecay(Schedule):
    r"""A rate that falls like a power of the number of updates.

    .. math:: \eta_t = rate / (t + 1)^{power}, \quad t = 0 \text{ at the first update}

    Parameters
    ----------
    rate : float, default=0.01
        Initial learning rate, greater than 0.
    power : float, default=0.5
        At least 0.

    Examples
    --------
    >>> from sklearn_gd.schedules import Clock, PowerDecay
    >>> rate = PowerDecay(rate=0.1)
    >>> rate(Clock(step=0)), rate(Clock(step=3))
    (0.1, 0.05)
    """

    rate: float = 0.01
    power: float = 0.5
    rules: ClassVar = {"rate": real(0, open_low=True), "power": real(0)}

    def __call__(self, clock):
        return self.rate / (clock.step + 1) ** self.power


@dataclass(kw_only=True, eq=False, repr=False)
class Exponential(Schedule):
    r"""A rate that falls by the same factor with every pass.

    .. math:: \eta = rate \cdot decay^{e}, \quad e \text{ the passes done}

    Parameters
    ----------
    rate : float, default=0.01
        Initial learning rate, greater than 0.
    decay : float, default=0.95
        Factor of a pass, above 0, at most 1.

    Examples
    --------
    >>> from sklearn_gd.schedules import Clock, Exponential
    >>> rate = Exponential(rate=0.1, decay=0.5)
    >>> rate(Clock(epoch=0)), rate(Clock(epoch=1))
    (0.1, 0.05)
    """

    rate: float = 0.01
    decay: float = 0.95
    rules: ClassVar = {"rate": real(0, open_low=True), "decay": real(0, 1, open_low=True)}

    def __call__(self, clock):
        return self.rate * self.decay**clock.epoch


@dataclass(kw_only=True, eq=False, repr=False)
class StepDecay(Schedule):
    r"""A rate that falls by a factor after a given number of passes.

    .. math:: \eta = rate \cdot factor^{\lfloor e / every \rfloor}, \quad e \text{ the passes done}

    Parameters
    ----------
    rate : float, default=0.01
        Initial learning rate, greater than 0.
    factor : float, default=0.5
        Above 0, at most 1.
    every : int, default=10
        Passes between two falls, at least 1.

    Examples
    --------
    >>> from sklearn_gd.schedules import Clock, StepDecay
    >>> rate = StepDecay(rate=0.1)
    >>> rate(Clock(epoch=9)), rate(Clock(epoch=10))
    (0.1, 0.05)
    """

    rate: float = 0.01
    factor: float = 0.5
    every: int = 10
    rules: ClassVar = {
        "rate": real(0, open_low=True),
        "factor": real(0, 1, open_low=True),
        "every": integer(1),
    }

    def __call__(self, clock):
        return self.rate * self.factor ** (clock.epoch // self.every)


@dataclass(kw_only=True, eq=False, repr=False)
class Cosine(Schedule):
    r"""A rate that falls along half a cosine, after a linear warm-up.

    .. math:: \eta_t = \begin{cases}
        rate\,(t + 1) / warmup & t < warmup \\
        rate\,\left(1 + \cos \pi \frac{t - warmup}{total\_steps - warmup}\right) / 2 & \text{then}
        \end{cases}

    and 0 from ``total_steps`` on. By name it starts at the "auto" rate and ends with the run.

    Parameters
    ----------
    rate : float, default=0.01
        Largest learning rate, greater than 0.
    total_steps : int, default=1000
        Updates until it is 0.
    warmup : int, default=0
        Updates of the rise.

    References
    ----------
    Loshchilov and Hutter (2017), "SGDR: stochastic gradient descent with warm restarts", without
    restarts.

    Examples
    --------
    >>> from sklearn_gd.schedules import Clock, Cosine
    >>> rate = Cosine(rate=0.1, total_steps=100, warmup=2)
    >>> [round(rate(Clock(step=step)), 4) for step in (0, 1, 2, 51, 100)]
    [0.05, 0.1, 0.1, 0.05, 0.0]
    """

    rate: float = 0.01
    total_steps: int = 1000
    warmup: int = 0
    rules: ClassVar = {
        "rate": real(0, open_low=True),
        "total_steps": integer(1),
        "warmup": integer(0),
    }

    def __call__(self, clock):
        if clock.step < self.warmup:
            return self.rate * (clock.step + 1) / self.warmup
        share = (clock.step - self.warmup) / max(self.total_steps - self.warmup, 1)
        return self.rate * (1 + math.cos(math.pi * min(share, 1.0))) / 2

    @classmethod
    def from_rate(cls, rate, steps_per_pass, passes):
        return cls(rate=rate, total_steps=steps_per_pass * passes)


@dataclass(kw_only=True, eq=False, repr=False)
class ReduceOnPlateau(Schedule):
    r"""A rate that falls by a factor whenever the objective has stopped falling.

    .. math:: \eta = rate \cdot factor^{m}, \quad m \text{ the number of plateaus so far}

    A plateau is ``n_iter_no_change`` passes whose mean objective is not lower than that of as many
    passes before. scikit-learn's "adaptive" has the factor 0.2.

    Parameters
    ----------
    rate : float, default=0.01
        Initial learning rate, greater than 0.
    factor : float, default=0.5
        Between 0 and 1.

    Examples
    --------
    >>> from sklearn_gd.schedules import Clock, ReduceOnPlateau
    >>> rate = ReduceOnPlateau(rate=0.1)
    >>> rate(Clock(plateaus=0)), rate(Clock(plateaus=1))
    (0.1, 0.05)
    """

    rate: float = 0.01
    factor: float = 0.5
    rules: ClassVar = {
        "rate": real(0, open_low=True),
        "factor": real(0, 1, open_low=True, open_high=True),
    }

    def __call__(self, clock):
        return self.rate * self.factor**clock.plateaus


#: Schedules by the names that the parameter ``learning_rate`` of an estimator takes.
SCHEDULES = {
    "constant": Constant,
    "inverse-scaling": InverseScaling,
    "power-decay": PowerDecay,
    "exponential": Exponential,
    "step": StepDecay,
    "cosine": Cosine,
    "adaptive": ReduceOnPlateau,
}
