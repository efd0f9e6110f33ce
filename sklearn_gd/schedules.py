"""Learning rates as pure functions of where a run stands.

To add a schedule, subclass :class:`Schedule` and write ``__call__``.
"""

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from sklearn_gd._components import Component
from sklearn_gd._validation import integer, real


@dataclass(frozen=True)
class Clock:
    """Where a run stands: updates done, passes done, and passes without improvement met so far."""

    step: int = 0
    epoch: int = 0
    plateaus: int = 0


class Schedule(Component):
    """A learning rate for every update."""

    @abstractmethod
    def __call__(self, clock: Clock) -> float:
        """The rate of the update that comes next."""

    @classmethod
    def from_rate(cls, rate: float, steps_per_pass: int, passes: int) -> "Schedule":
        """The schedule that a bare name stands for: it starts at ``rate``."""
        return cls(rate=rate)


@dataclass(kw_only=True, eq=False, repr=False)
class Constant(Schedule):
    r"""The same rate always, :math:`\eta_t = rate`.

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
    r""":math:`\eta_t = t_0 / (t + t_1)`, t = 0 at the first update.

    Parameters
    ----------
    t0, t1 : float
        With ``t0=5, t1=50`` the rate starts at 0.1 and is halved after 50 updates.

    Examples
    --------
    >>> from sklearn_gd.schedules import Clock, InverseScaling
    >>> InverseScaling(t0=5, t1=50)(Clock(step=50))
    0.05
    """

    t0: float = 5.0
    t1: float = 50.0
    rules: ClassVar = {"t0": real(0, open_low=True), "t1": real(0, open_low=True)}

    def __call__(self, clock):
        return self.t0 / (clock.step + self.t1)

    @classmethod
    def from_rate(cls, rate, steps_per_pass, passes):
        halving = 10 * steps_per_pass
        return cls(t0=rate * halving, t1=halving)


@dataclass(kw_only=True, eq=False, repr=False)
class PowerDecay(Schedule):
    r""":math:`\eta_t = rate / (t + 1)^{power}`."""

    rate: float = 0.01
    power: float = 0.5
    rules: ClassVar = {"rate": real(0, open_low=True), "power": real(0)}

    def __call__(self, clock):
        return self.rate / (clock.step + 1) ** self.power


@dataclass(kw_only=True, eq=False, repr=False)
class Exponential(Schedule):
    r""":math:`\eta = rate \cdot decay^{e}`, e the passes done."""

    rate: float = 0.01
    decay: float = 0.95
    rules: ClassVar = {"rate": real(0, open_low=True), "decay": real(0, 1, open_low=True)}

    def __call__(self, clock):
        return self.rate * self.decay**clock.epoch


@dataclass(kw_only=True, eq=False, repr=False)
class StepDecay(Schedule):
    r""":math:`\eta = rate \cdot factor^{\lfloor e / every \rfloor}`, e the passes done."""

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
    r"""Half a cosine from ``rate`` to 0 at ``total_steps``, after a linear rise over ``warmup``."""

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
    r""":math:`\eta = rate \cdot factor^{m}`, m the number of plateaus met so far.

    A plateau is ``n_iter_no_change`` passes whose mean objective is not lower than that of as many
    passes before. scikit-learn's "adaptive" has the factor 0.2.
    """

    rate: float = 0.01
    factor: float = 0.5
    rules: ClassVar = {
        "rate": real(0, open_low=True),
        "factor": real(0, 1, open_low=True, open_high=True),
    }

    def __call__(self, clock):
        return self.rate * self.factor**clock.plateaus


SCHEDULES = {
    "constant": Constant,
    "inverse-scaling": InverseScaling,
    "power-decay": PowerDecay,
    "exponential": Exponential,
    "step": StepDecay,
    "cosine": Cosine,
    "adaptive": ReduceOnPlateau,
}
