"""What a fit that fails leaves behind: the estimator as it was, and an error that says why."""

from contextlib import contextmanager

import numpy as np


@contextmanager
def told_if_not_finite(estimator):
    """Say what numbers that overflow mean to the user."""
    try:
        yield
    except (FloatingPointError, np.linalg.LinAlgError) as error:
        raise FloatingPointError(
            f"{type(estimator).__name__} met numbers that are not finite at its first step; do X, "
            "y or sample_weight hold values near the largest number of their type?"
        ) from error


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
