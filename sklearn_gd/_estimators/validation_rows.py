"""Validation rows: those that the user passes, and how parameters are scored on them."""

import inspect
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import get_scorer

from sklearn_gd._estimators.guards import warn
from sklearn_gd.data import ArraySource, ChunkedSource, mean_and_std
from sklearn_gd.objective import EmpiricalRisk
from sklearn_gd.penalties import NoPenalty

# Columns of validation rows whose mean is this many standard deviations away, or whose standard
# deviation differs by this factor, are in other units.
FAR, SPREAD = 2.0, 5.0
# Fewer validation rows say little of their units; of the training rows this many say enough.
FEWEST, SAMPLE = 10, 1000


class Validation(NamedTuple):
    """The user's validation rows."""

    X: Any
    y: Any
    sample_weight: Any


def validation_rows(X_val, y_val, sample_weight_val) -> Validation | None:
    """The user's validation rows, or None."""
    if X_val is None and y_val is None and sample_weight_val is None:
        return None
    if X_val is None or (y_val is None and not isinstance(X_val, ChunkedSource)):
        raise ValueError("X_val and y_val must be passed together.")
    return Validation(X_val, y_val, sample_weight_val)


@contextmanager
def about_validation_rows():
    """Errors speak of X and y, and mean the training rows: say that it is not these."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"In X_val, y_val or sample_weight_val: {error}") from error


def warn_if_elsewhere(source: ArraySource, held_out: ArraySource) -> None:
    """Warn of validation rows in other units than the training rows, by most of their columns."""
    rows = source if source.n_samples <= SAMPLE else source.sample(SAMPLE)
    mean, std = mean_and_std(rows)
    mean_val, std_val = mean_and_std(held_out)
    is_far = np.abs(mean_val - mean) > FAR * std
    is_wider = (std_val > SPREAD * std) | (std > SPREAD * std_val)
    n_odd = int((is_far | is_wider).sum())
    if held_out.n_samples >= FEWEST and 2 * n_odd > source.n_features:
        warn(
            f"{n_odd} of {source.n_features} columns of X_val lie far from those of X, or have "
            "another standard deviation. Is X transformed and X_val not? In a Pipeline pass "
            "transform_input=['X_val'].",
            UserWarning,
        )


def mean_loss_score(model, loss, held_out: ArraySource) -> Callable[[NDArray], float]:
    """Minus the weighted mean loss, as a function of params."""
    risk = EmpiricalRisk(model, loss, NoPenalty(), 0.0, held_out)
    return lambda params: -risk.mean_loss(params)


def scorer_score(
    scoring, held_out: ArraySource, y: NDArray, metadata: dict[str, NDArray], fitted_with: Callable
) -> Callable[[NDArray], float]:
    """The score of a scorer of scikit-learn, as a function of params.

    ``metadata`` is what the scorer is given by name. ``fitted_with(params)`` is the estimator with
    these parameters, for arrays.
    """
    scorer = get_scorer(scoring) if isinstance(scoring, str) else scoring
    if held_out.weight is not None and not _takes_weights(scorer):
        raise ValueError(
            f"scoring={scoring!r} does not support sample_weight, but the validation rows have "
            "weights: give the scorer a parameter sample_weight, or leave scoring=None."
        )
    if held_out.weight is not None:
        metadata = metadata | {"sample_weight": held_out.weight}

    def score(params):
        with fitted_with(params.astype(held_out.dtype, copy=False)) as estimator:
            return float(scorer(estimator, held_out.X, y, **metadata))

    return score


def _takes_weights(scorer) -> bool:
    parameters = inspect.signature(scorer).parameters.values()
    return any(p.name == "sample_weight" or p.kind is p.VAR_KEYWORD for p in parameters)
