"""From what the user wrote for ``learning_rate`` to a schedule, and what a schedule may look at."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from sklearn_gd._components import resolve
from sklearn_gd.schedules import SCHEDULES, Clock, Constant, Schedule
from sklearn_gd.solvers.run import Run

DEFAULT_PATIENCE = 5


@dataclass
class Plateaus:
    """Counts stretches of passes whose mean objective is not below that of the stretch before.

    Means, and not the lowest value so far: one lucky pass would make all later ones plateaus.
    """

    count: int = 0
    stretch: list[float] = field(default_factory=list)
    last_mean: float = np.inf

    def watch(self, value: float, run: Run) -> None:
        """Take notice of the objective of a pass."""
        self.stretch.append(value)
        if len(self.stretch) < (run.patience or DEFAULT_PATIENCE):
            return
        mean = float(np.mean(self.stretch))
        if mean >= self.last_mean:
            self.count += 1
        self.last_mean, self.stretch = mean, []


def resolve_schedule(
    run: Run,
    steps_per_pass: int,
    auto_rate: Callable[[], float],
    auto: Callable[[float, int, int], Schedule] = Constant.from_rate,
) -> Callable[[Clock], float]:
    """The schedule of a run: an object or function as it is, a number held constant, or a name.

    A function maps a :class:`Clock` to a rate; a name stands for a schedule from the auto rate.

    ``auto_rate`` is called only where it is needed, since it may cost a pass.
    """
    wanted = run.learning_rate
    if isinstance(wanted, Schedule):
        wanted.validate()
    if callable(wanted):
        return wanted
    if not isinstance(wanted, str):
        return Constant(rate=float(wanted))
    passes = run.horizon or run.max_iter
    makers = {name: kind.from_rate for name, kind in SCHEDULES.items()} | {"auto": auto}
    names = {
        name: lambda make=make: make(auto_rate(), steps_per_pass, passes)
        for name, make in makers.items()
    }
    return resolve("learning_rate", wanted, Schedule, names)
