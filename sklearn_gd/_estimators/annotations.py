"""What the parameters of estimators may be, for type checkers and editors."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np

from sklearn_gd.losses import Loss
from sklearn_gd.models.activations import Activation
from sklearn_gd.penalties import Penalty
from sklearn_gd.schedules import Clock, Schedule
from sklearn_gd.solvers import Solver

# Arrays, sparse matrices, frames of any library, row matrices: no protocol names them all.
MatrixLike: TypeAlias = Any
ArrayLike: TypeAlias = Any

LossLike: TypeAlias = str | Loss
PenaltyLike: TypeAlias = str | Penalty | None
PerFeature: TypeAlias = float | ArrayLike | Mapping[str, float] | None
SolverLike: TypeAlias = str | Solver
LearningRate: TypeAlias = float | str | Schedule | Callable[[Clock], float]
ClassWeight: TypeAlias = str | Mapping[Any, float] | None
Scoring: TypeAlias = str | Callable[..., float] | None
RandomState: TypeAlias = int | np.random.RandomState | None
OfEachLayer: TypeAlias = float | Sequence[float]
Activations: TypeAlias = str | Activation | Sequence[str | Activation]

Method = TypeVar("Method", bound=Callable[..., Any])

if TYPE_CHECKING:
    # scikit-learn has no annotations, and its decorator would hide those of the method
    def available_if(check: Callable[[Any], bool]) -> Callable[[Method], Method]:
        """The method, if ``check`` of the estimator allows it."""
else:
    from sklearn.utils.metaestimators import available_if

__all__ = [
    "Activations",
    "ArrayLike",
    "ClassWeight",
    "LearningRate",
    "LossLike",
    "MatrixLike",
    "OfEachLayer",
    "PenaltyLike",
    "PerFeature",
    "RandomState",
    "Scoring",
    "SolverLike",
    "available_if",
]
