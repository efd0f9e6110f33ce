"""Early stopping: which rows are held out, and how parameters are scored on them."""

import inspect
from contextlib import contextmanager

from sklearn.metrics import get_scorer

from sklearn_gd._roles import VALIDATION
from sklearn_gd._targets import split_rows
from sklearn_gd.data import MemorySource
from sklearn_gd.empirical_risk import EmpiricalRisk
from sklearn_gd.penalties import NoPenalty


def validation_set(X_val, y_val, sample_weight_val):
    """The user's validation rows, or None."""
    if X_val is None and y_val is None and sample_weight_val is None:
        return None
    if X_val is None or y_val is None:
        raise ValueError("X_val and y_val must be passed together.")
    return X_val, y_val, sample_weight_val


def hold_out(estimator, rows, validation, rng):
    """Training rows, and validation rows or None."""
    if validation is not None:
        if estimator.early_stopping:
            with about_validation_rows():
                return rows, estimator._encode(*validation, role=VALIDATION)
        raise ValueError(
            f"X_val was passed to {type(estimator).__name__}, which has early_stopping=False: "
            "set early_stopping=True to use it."
        )
    if not estimator.early_stopping:
        return rows, None
    n_samples = len(rows.y)
    groups, fraction = estimator._groups(rows), estimator.validation_fraction
    train, held_out = split_rows(n_samples, groups, fraction, rng)
    if not held_out.size:
        raise ValueError(
            f"early_stopping=True found no rows to hold out with n_samples = {n_samples}: "
            "pass X_val and y_val, or set early_stopping=False."
        )
    return rows.take(train), rows.take(held_out)


@contextmanager
def about_validation_rows():
    """Checks speak of X and y, and mean the training rows: say that it is not these."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"In X_val, y_val or sample_weight_val: {error}") from error


def validation_score(estimator, model, held_out):
    """The validation score of params, greater is better; None without validation rows."""
    if held_out is None:
        return None
    if estimator.scoring is None:
        loss, source = estimator._training_loss, MemorySource(*held_out)
        risk = EmpiricalRisk(model, loss, NoPenalty(), 0.0, source)
        return lambda params: -risk.mean_loss(params)
    scoring = estimator.scoring
    scorer = get_scorer(scoring) if isinstance(scoring, str) else scoring
    y = estimator._decode(held_out.y)
    if held_out.weight is not None and not _takes_weights(scorer):
        raise ValueError(
            f"scoring={scoring!r} takes no sample_weight, but the validation rows have "
            "weights: give the scorer a parameter sample_weight, or leave scoring=None."
        )
    weight = {} if held_out.weight is None else {"sample_weight": held_out.weight}

    def score(params):
        estimator._store(model, params.astype(held_out.X.dtype, copy=False))
        # the held-out rows are an array by now, and predict would miss their names
        names = vars(estimator).pop("feature_names_in_", None)
        try:
            return float(scorer(estimator, held_out.X, y, **weight))
        finally:
            if names is not None:
                estimator.feature_names_in_ = names

    return score


def _takes_weights(scorer) -> bool:
    parameters = inspect.signature(scorer).parameters.values()
    return any(p.name == "sample_weight" or p.kind is p.VAR_KEYWORD for p in parameters)
