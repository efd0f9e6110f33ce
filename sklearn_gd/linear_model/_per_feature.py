"""What a user asks of single coefficients: weights of the penalty, and bounds."""

import math
from collections.abc import Mapping
from dataclasses import replace
from numbers import Real

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from sklearn_gd._validation import NONE, InvalidParameterError, Rule, each, real
from sklearn_gd.penalties import Bounded, GroupLasso, NoPenalty, Penalty, Positive, Weighted

# Parameters, and what they are for a feature that a dict does not name.
DEFAULTS = {"penalty_weights": 1.0, "lower": -math.inf, "upper": math.inf}


def _is_bound(value):
    return isinstance(value, Real) and not isinstance(value, bool) and not math.isnan(value)


def _named(rule: Rule) -> Rule:
    words = "a dict of these by name"
    return Rule(
        words,
        lambda value: isinstance(value, Mapping) and all(map(rule.allows, value.values())),
    )


BOUND = Rule("a number", _is_bound)
RULES = {
    "penalty_weights": each(real(0), "an array of numbers >= 0") | _named(real(0)) | NONE,
    "lower": BOUND | each(BOUND, "an array of numbers") | _named(BOUND) | NONE,
    "upper": BOUND | each(BOUND, "an array of numbers") | _named(BOUND) | NONE,
}


def with_weights(penalty: Penalty, weights, names, n_features: int, owner: str) -> Penalty:
    """The penalty with a strength for each feature, or for each group of features.

    ``names`` are those of the features, or None.
    """
    if isinstance(penalty, GroupLasso):
        labels = penalty.labels
        values = _values("penalty_weights", weights, labels, len(labels), "groups", owner)
        return replace(penalty, weights=values)
    if isinstance(penalty, NoPenalty):
        raise ValueError(
            "penalty_weights was passed, but penalty=None. Choose a penalty, or leave it out."
        )
    if not penalty.declares("terms"):
        raise ValueError(
            f"penalty_weights needs a penalty that is a sum over weights and defines terms, or "
            f"GroupLasso; {type(penalty).__name__} is neither."
        )
    values = _values("penalty_weights", weights, names, n_features, "features", owner)
    return Weighted(penalty=penalty, weights=values)


def check_bounds(penalty: Penalty) -> None:
    """Raise for a penalty whose proximal operator between bounds is not known."""
    if not (penalty.is_smooth or (penalty.declares("terms") and penalty.is_convex)):
        raise ValueError(
            f"lower and upper need a penalty that is smooth, or a convex sum over weights that "
            f"defines terms; {type(penalty).__name__} is neither. positive=True may be available."
        )


def with_bounds(
    penalty: Penalty, lower, upper, is_positive: bool, names, n_features: int, owner: str
) -> Penalty:
    """The penalty of coefficients between bounds; no bound is None."""
    if lower is None and upper is None:
        return Positive(penalty=penalty) if is_positive else penalty
    low, high = (
        _values(name, bound, names, n_features, "features", owner)
        for name, bound in (("lower", lower), ("upper", upper))
    )
    low = np.maximum(low, 0.0) if is_positive else low
    crossed = np.flatnonzero((low > high) | (low == math.inf) | (high == -math.inf))
    if crossed.size:
        feature = crossed[0] if names is None else names[crossed[0]]
        raise InvalidParameterError(
            f"lower of {owner} must not be above upper, nor infinitely high or low; for feature "
            f"{feature!r} they are {low[crossed[0]]:g} and {high[crossed[0]]:g}."
        )
    return Bounded(penalty=penalty, lower=low, upper=high)


def by_position(estimator, names, n_features: int):
    """A clone whose parameters by column name are arrays, for rows that have lost their names."""
    is_grouped, owner = isinstance(estimator.penalty, GroupLasso), type(estimator).__name__
    params = {name: getattr(estimator, name) for name in DEFAULTS}
    arrays = {
        name: _values(name, value, names, n_features, "features", owner)
        for name, value in params.items()
        if isinstance(value, Mapping) and not (is_grouped and name == "penalty_weights")
    }
    return clone(estimator).set_params(**arrays)


def _values(parameter, value, labels, n_labels, kind, owner) -> NDArray:
    """A number for each label, from a number, an array or a dict by label."""
    if value is None:
        value = {}
    if not isinstance(value, Mapping):
        values = np.asarray(value, dtype=np.float64)
        if values.ndim and len(values) != n_labels:
            raise InvalidParameterError(
                f"The {parameter!r} parameter of {owner} must have a number for each of the "
                f"{n_labels} {kind}; it has {len(values)}."
            )
        return np.broadcast_to(values, n_labels).copy()
    if value and labels is None:
        raise InvalidParameterError(
            f"The {parameter!r} parameter of {owner} names features, but X has no column names. "
            "Pass an array, or a DataFrame."
        )
    known = {} if labels is None else {label: i for i, label in enumerate(labels.tolist())}
    unknown = [label for label in value if label not in known]
    if unknown:
        raise InvalidParameterError(
            f"The {parameter!r} parameter of {owner} names {kind} that X does not have: "
            f"{unknown}. X has {list(known)}."
        )
    values = np.full(n_labels, DEFAULTS[parameter])
    for label, number in value.items():
        values[known[label]] = number
    return values
