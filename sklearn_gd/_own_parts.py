"""Losses, penalties and activations of the user's own: whom to suspect when a fit goes wrong."""

from sklearn_gd._components import Component
from sklearn_gd.schedules import Schedule
from sklearn_gd.solvers import Solver

PACKAGE = __name__.partition(".")[0]


def is_own(part) -> bool:
    """Whether a class is the user's, and not of this package."""
    return type(part).__module__.partition(".")[0] != PACKAGE


def own_parts(estimator) -> list[Component]:
    """Parts of the objective that are not of this package."""
    values = estimator.get_params(deep=False).values()
    parts = [part for value in values for part in (value if isinstance(value, tuple) else [value])]
    return [
        part
        for part in parts
        if isinstance(part, Component) and not isinstance(part, (Solver, Schedule)) and is_own(part)
    ]


def suspicion(estimator) -> str:
    """Whom to ask when a descent went wrong; empty where nobody but this package is to blame."""
    names = [type(part).__name__ for part in own_parts(estimator)]
    if not names:
        return ""
    return f"Is the derivative of {' and '.join(names)} right? check_gradient(model, X, y) tells"
