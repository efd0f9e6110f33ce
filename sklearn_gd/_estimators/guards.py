"""What a fit that fails leaves behind, and what a warning says and where it points."""

import sys
import warnings
from contextlib import contextmanager

import numpy as np

from sklearn_gd._components import Component
from sklearn_gd._validation import NumberRangeError
from sklearn_gd.schedules import Schedule
from sklearn_gd.solvers import Solver

NOT_FINITE = "array must not contain infs or NaNs"
PACKAGE = __name__.partition(".")[0]


@contextmanager
def all_or_nothing(estimator):
    """Restore every attribute of the estimator if the block fails."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


@contextmanager
def explain_overflow(name: str):
    """Say what numbers that overflow mean to the user of the estimator of this name."""
    try:
        # an overflow shows in the result, and is reported in one sentence
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            yield
    except (FloatingPointError, ValueError) as error:
        # SciPy's solvers of linear systems find what overflowed as bad input of theirs
        if isinstance(error, ValueError) and NOT_FINITE not in str(error):
            raise
        raise NumberRangeError(
            f"{name} overflowed in the first iteration. Check X, y and sample_weight for values "
            "near the largest number of their type, or the smallest."
        ) from error


def warn(message: str, category: type[Warning]) -> None:
    """Warn at the line of the user that called into this package."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and _is_within(frame.f_globals.get("__name__", "")):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def is_custom(component) -> bool:
    """Whether a class is the user's, and not of this package."""
    return not _is_ours(type(component).__module__)


def custom_components(parameters: dict) -> list[Component]:
    """Losses, penalties and activations among an estimator's parameters that are the user's."""
    values = parameters.values()
    parts = [part for value in values for part in (value if isinstance(value, tuple) else [value])]
    return [
        part
        for part in parts
        if isinstance(part, Component)
        and not isinstance(part, (Solver, Schedule))
        and is_custom(part)
    ]


def gradient_hint(parameters: dict) -> str:
    """A hint to check the gradients of the user's components; empty if there are none."""
    names = [type(part).__name__ for part in custom_components(parameters)]
    if not names:
        return ""
    return f"Check the gradient of {' and '.join(names)} with check_gradient(model, X, y)"


def is_finite(params) -> bool:
    """Whether all parameters are numbers."""
    return bool(np.isfinite(params).all())


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] == PACKAGE


def _is_within(module: str) -> bool:
    """Whether a module lies between the user and what warns; scikit-learn wraps ``fit``."""
    return _is_ours(module) or module.startswith("sklearn.callback")
