"""From what the user wrote for ``learning_rate`` to a schedule."""

from collections.abc import Callable

from sklearn_gd._components import resolve
from sklearn_gd.schedules import SCHEDULES, Clock, Constant, Schedule
from sklearn_gd.solvers.base import Run


def resolve_schedule(
    run: Run,
    steps_per_pass: int,
    auto_rate: Callable[[], float],
    auto: type[Schedule] = Constant,
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
    names = {
        name: lambda kind=kind: kind.from_rate(auto_rate(), steps_per_pass, run.max_iter)
        for name, kind in {**SCHEDULES, "auto": auto}.items()
    }
    return resolve("learning_rate", wanted, Schedule, names)
