"""What a fitted estimator is saved as: plain arrays, numbers and names instead of private objects.

A saved model is read by other versions and by tools that trust few classes. So what an estimator
needs besides its public attributes is written by name, and a class can be moved or renamed as long
as its name here stays.
"""

import inspect
import sys
import warnings
from dataclasses import dataclass, fields
from types import MethodType
from typing import Any

import numpy as np
from sklearn.exceptions import InconsistentVersionWarning

from sklearn_gd._estimators.coding import Binary, Multilabel, Multinomial, Numbers, OneVsRest
from sklearn_gd._estimators.guards import PACKAGE
from sklearn_gd.losses import CLASSIFIER_LOSSES, LOSSES, Loss, MoreauEnvelope, Softmax
from sklearn_gd.losses.standardized import StandardizedTarget
from sklearn_gd.models import MLP, Linear, Model
from sklearn_gd.models.activations import ACTIVATIONS
from sklearn_gd.schedules import SCHEDULES
from sklearn_gd.solvers import Solver
from sklearn_gd.solvers.mini_batch import State
from sklearn_gd.solvers.rates import DerivedRate, GivenRate, Plateaus

VERSION = "_sklearn_gd_version"
# What an estimator has that was saved in the middle of a fit.
UNFINISHED = "_unfinished"
# Attributes of an estimator that hold objects of private classes.
PRIVATE = ("_coding", "_fitted", "_activations", UNFINISHED)


@dataclass(frozen=True)
class Fitted:
    """What a later fit may be resumed from."""

    model: Model
    solver: Solver
    loss: Loss
    state: Any
    reference: float
    made_of: dict[str, str]


@dataclass(frozen=True)
class Unfinished:
    """What a fit needs, next to the state of its solver, to be continued to the same bits.

    Parameters
    ----------
    seed : dict
        State of the random generator at the beginning of the fit.
    progress : dict
        ``Progress.snapshot()``.
    """

    seed: dict[str, Any]
    progress: dict[str, Any]


# The names stand in saved models, so they stay; classes may be moved.
KINDS: dict[str, type] = {
    "fitted": Fitted,
    "unfinished": Unfinished,
    "model:linear": Linear,
    "model:mlp": MLP,
    "coding:numbers": Numbers,
    "coding:binary": Binary,
    "coding:one_vs_rest": OneVsRest,
    "coding:multinomial": Multinomial,
    "coding:multilabel": Multilabel,
    "loss:softmax": Softmax,
    "loss:moreau_envelope": MoreauEnvelope,
    "loss:standardized_target": StandardizedTarget,
    "state": State,
    "state:plateaus": Plateaus,
    "rate:given": GivenRate,
    "rate:derived": DerivedRate,
    **{f"loss:{name}": kind for name, kind in (LOSSES | CLASSIFIER_LOSSES).items()},
    **{f"activation:{name}": kind for name, kind in ACTIVATIONS.items()},
    **{f"schedule:{name}": kind for name, kind in SCHEDULES.items()},
}
NAMES = {kind: name for name, kind in KINDS.items()}
# Keys of a dict that stands for an object, for a class, for a method, for a random generator.
OBJECT, CLASS, METHOD, GENERATOR = "__object__", "__class__", "__method__", "__generator__"


def plain(value: Any) -> Any:
    """A value with objects of this package's private classes written as dicts.

    Objects of other classes, the user's own components among them, are left as they are.
    """
    if type(value) in NAMES:
        content = {field.name: plain(getattr(value, field.name)) for field in fields(value)}
        return {OBJECT: NAMES[type(value)], **content}
    if isinstance(value, type) and value in NAMES:
        return {CLASS: NAMES[value]}
    if isinstance(value, MethodType) and type(value.__self__) in NAMES:
        return {METHOD: value.__name__, "of": plain(value.__self__)}
    if isinstance(value, np.random.Generator):
        return {GENERATOR: value.bit_generator.state}
    if type(value) is dict:
        return {key: plain(entry) for key, entry in value.items()}
    if type(value) in (list, tuple):
        return type(value)(plain(entry) for entry in value)
    return value


def restored(value: Any) -> Any:
    """The inverse of :func:`plain`."""
    if type(value) in (list, tuple):
        return type(value)(restored(entry) for entry in value)
    if type(value) is not dict:
        return value
    if CLASS in value:
        return KINDS[value[CLASS]]
    if METHOD in value:
        return getattr(restored(value["of"]), value[METHOD])
    if GENERATOR in value:
        return generator_of(value[GENERATOR])
    content = {key: restored(entry) for key, entry in value.items() if key != OBJECT}
    return KINDS[value[OBJECT]](**content) if OBJECT in value else content


def generator_of(state: dict) -> np.random.Generator:
    """The random generator whose ``bit_generator`` had this state."""
    bit_generator = getattr(np.random, state["bit_generator"])()
    bit_generator.state = state
    return np.random.Generator(bit_generator)


class OtherVersionWarning(InconsistentVersionWarning):
    """scikit-learn's warning for a model of another version, in words of this package."""

    def __str__(self):
        return (
            f"Trying to unpickle estimator {self.estimator_name} from version "
            f"{self.original_sklearn_version} of {PACKAGE} when using version "
            f"{self.current_sklearn_version}. Predictions and further training may differ; fit "
            "the model again, or install the version that saved it."
        )


class Saved:
    """An estimator whose state for pickle, copy, joblib and skops is plain."""

    def __getstate__(self):
        state = dict(super().__getstate__())
        for name in PRIVATE:
            if name in state:
                state[name] = plain(state[name])
        return state | {VERSION: _version()}

    def __setstate__(self, state):
        state = dict(state)
        original = state.pop(VERSION, "unknown")
        if original != _version():
            warnings.warn(
                OtherVersionWarning(
                    estimator_name=type(self).__name__,
                    current_sklearn_version=_version(),
                    original_sklearn_version=original,
                ),
                stacklevel=2,
            )
        for name in PRIVATE:
            if name in state:
                state[name] = restored(state[name])
        super().__setstate__(_defaults(type(self)) | state)


def _defaults(estimator: type) -> dict[str, Any]:
    """Constructor parameters that the version which saved a model may not have had."""
    parameters = inspect.signature(estimator).parameters.values()
    return {each.name: each.default for each in parameters if each.default is not each.empty}


def _version() -> str:
    # the package is imported by now, and importing it from inside would be a circle
    return sys.modules[PACKAGE].__version__
