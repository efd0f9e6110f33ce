"""Learning rate and batch size: from what the user wrote to what a solver asks for."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sklearn_gd._components import resolve
from sklearn_gd.schedules import SCHEDULES, Clock, Constant, Schedule

DEFAULT_PATIENCE = 5
# Few rows: small batches, so that a pass makes enough updates. Many: batches that keep BLAS busy.
MIN_AUTO_BATCH = 64
MAX_AUTO_BATCH = 200


@dataclass
class Plateaus:
    """Counts stretches of passes whose mean objective is not below that of the stretch before.

    Means, and not the lowest value so far: one lucky pass would make all later ones plateaus.
    """

    count: int = 0
    stretch: list[float] = field(default_factory=list)
    last_mean: float = np.inf

    def watch(self, value: float, patience: int | None) -> None:
        """Note the objective of a pass."""
        self.stretch.append(value)
        if len(self.stretch) < (patience or DEFAULT_PATIENCE):
            return
        mean = float(np.mean(self.stretch))
        if mean >= self.last_mean:
            self.count += 1
        self.last_mean, self.stretch = mean, []


ScheduleMaker = Callable[[float, int, int], Schedule]


@dataclass(frozen=True)
class Rate(ABC):
    """The learning rate that was asked for; ``schedule`` says what it means for a solver."""

    @staticmethod
    def of(wanted: Any, passes: int) -> "Rate":
        """The object for "auto", a number, a name, a Schedule or a function of a Clock."""
        if isinstance(wanted, Rate):
            return wanted
        if isinstance(wanted, Schedule):
            wanted.validate()
        if callable(wanted):
            return GivenRate(wanted)
        if not isinstance(wanted, str):
            return GivenRate(Constant(rate=float(wanted)))
        kinds = SCHEDULES | {"auto": None}
        if wanted not in kinds:
            resolve("learning_rate", wanted, Schedule, SCHEDULES)
        return DerivedRate(kinds[wanted], passes)

    @property
    @abstractmethod
    def is_auto(self) -> bool:
        """Whether the choice is left to the solver."""

    @abstractmethod
    def schedule(
        self, auto_rate: Callable[[], float], steps_per_pass: int, auto: ScheduleMaker
    ) -> Callable[[Clock], float]:
        """A function of the clock.

        ``auto_rate`` is called only where it is needed, since it may cost a pass; ``auto`` makes a
        schedule of it where none is named.
        """


@dataclass(frozen=True)
class GivenRate(Rate):
    """A schedule or function as it is, or a number held constant."""

    given: Callable[[Clock], float]

    @property
    def is_auto(self):
        return False

    def schedule(self, auto_rate, steps_per_pass, auto):
        return self.given


@dataclass(frozen=True)
class DerivedRate(Rate):
    """A schedule from the solver's own rate: one that is named, or the solver's own."""

    kind: type[Schedule] | None
    passes: int = field(compare=False)

    @property
    def is_auto(self):
        return self.kind is None

    def schedule(self, auto_rate, steps_per_pass, auto):
        make = auto if self.kind is None else self.kind.from_rate
        return make(auto_rate(), steps_per_pass, self.passes)


@dataclass(frozen=True)
class BatchSize:
    """The batch size that was asked for; None leaves it to the solver."""

    given: int | None = None

    @classmethod
    def of(cls, wanted: Any) -> "BatchSize":
        """The object for "auto" or a number."""
        if isinstance(wanted, cls):
            return wanted
        return cls() if isinstance(wanted, str) else cls(int(wanted))

    def rows(self, n_samples: int, updates_per_pass: int, least: int = MIN_AUTO_BATCH) -> int:
        """Rows in a batch: as given, or for about this many updates a pass, within bounds."""
        auto = min(max(n_samples // updates_per_pass, least), MAX_AUTO_BATCH)
        return min(self.given or auto, n_samples)
