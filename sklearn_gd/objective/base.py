"""The function that a solver minimises, as far as solvers know it.

It splits into a smooth part, which has a gradient, and a nonsmooth part, which has a proximal
operator. ``value_and_gradient`` is the smooth part, ``value`` both.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklearn_gd.data import Batch, Source
from sklearn_gd.quadratic import Metric


class Objective(ABC):
    """What a solver sees. Only ``value_and_gradient`` must be written; the rest has defaults.

    Attributes
    ----------
    is_linear : bool
        Whether it is that of a linear model.
    is_convex : bool
        Whether every stationary point is an optimum.
    is_smooth : bool
        Whether there is no nonsmooth part.
    is_separable : bool
        Whether ``prox`` takes a step size for each parameter, and not only one for all.
    has_metric : bool
        Whether there are second derivatives to divide by.
    is_online : bool
        Whether it is for stochastic updates only, and not for minimising.
    has_kinks : bool
        Whether slopes jump, so that second derivatives at a point say nothing about the next.
    has_margin : bool
        Whether rows beyond a margin have no second derivatives.
    shares_curvature : bool
        Whether second derivatives link the outputs, so that a matrix an output is not all of them.
    is_sparse : bool
        Whether rows store few of their features.
    has_diagonal_metric : bool
        Whether ``metric`` is no more than a diagonal.
    is_quadratic : bool
        Whether the Hessian of the mean loss is the same everywhere.
    has_curved_penalty : bool
        Whether the penalty has second derivatives of its own.
    knows_hessian : bool
        Whether ``metric`` is the whole Hessian, of all rows and all outputs together.
    n_features : int
        Features of a linear model; 0 for a plain function.
    n_samples : int
        Rows that batches can be made of; 0 for a plain function.
    dtype : numpy.dtype
        Precision in which values are computed; it sets the noise in them.
    reference : float
        Objective of the best constant, or at the start: the unit that "nearly zero" is measured in.
    passes : float
        Number of passes over the data so far, where a value with its gradient is one.
    rounds : int
        Number of times that results of all rows were awaited.
    """

    is_linear = False
    is_convex = False
    is_smooth = True
    is_separable = True
    has_metric = False
    is_online = False
    has_kinks = False
    has_margin = False
    shares_curvature = False
    is_sparse = False
    has_diagonal_metric = False
    knows_hessian = False
    is_quadratic = False
    has_curved_penalty = False
    dtype = np.dtype(np.float64)
    n_features = 0
    n_samples = 0
    passes = 0.0
    rounds = 0
    reference = 0.0

    @abstractmethod
    def value_and_gradient(self, params: NDArray) -> tuple[float, NDArray]:
        """The smooth part and its gradient."""

    def value(self, params: NDArray) -> float:
        """F, both parts."""
        return self.value_and_gradient(params)[0] + self.nonsmooth(params)

    def subsampled(self) -> "Objective":
        """Itself, or the same over a sample of the rows where all of them cost like a pass."""
        return self

    def nonsmooth(self, params: NDArray) -> float:
        """The nonsmooth part."""
        return 0.0

    def prox(self, params: NDArray, step_size: float | NDArray) -> NDArray:
        """The proximal operator of the nonsmooth part, for a step size (or one a parameter)."""
        return params

    def kinks(self) -> list[NDArray]:
        """Where the slope of the nonsmooth part jumps: places of each parameter, NaN for none."""
        return [np.zeros(1)]

    def nonsmooth_operator(self, params: NDArray) -> Callable[[NDArray], NDArray] | None:
        """The second derivative of the nonsmooth part, off its kinks, as a product with directions.

        None where that part is linear between its kinks.
        """
        return None

    def smoothness(self) -> float | None:
        """L, an upper bound of the second derivative in every direction; None if there is none."""
        return None

    def batch_smoothness(self, size: int) -> float | None:
        """The same for the mean over batches of ``size``, which are rougher than all rows."""
        return None

    def typical_distance(self) -> float | None:
        """About how far each parameter is from its optimum at the start; None if unknown."""
        return None

    def metric(self, params: NDArray) -> Metric | None:
        """Second derivatives at ``params``, ready to be divided by; None if there are none."""
        return None

    def first_metric(self, params: NDArray) -> Metric | None:
        """One to begin with at ``params``, maybe made for a problem that was much like this."""
        return self.metric(params)

    @property
    def has_columns(self) -> bool:
        """Whether ``on_columns`` can be asked."""
        return False

    def on_columns(self, columns: NDArray) -> tuple["Objective", NDArray]:
        """The same with all other weights at zero, and where its params are among all."""
        raise NotImplementedError

    def diagonal_metric(self, params: NDArray) -> Metric | None:
        """The diagonal of the Hessian at ``params``; None if it is not known."""
        return None

    @property
    def metric_cost(self) -> float:
        """How many passes over all rows ``metric`` takes, roughly."""
        return 0.0

    def constant_value(self) -> float:
        """The value of the best constant prediction for these rows."""
        return self.reference

    def bound_metric(self) -> Metric | None:
        """A metric that is at least the Hessian everywhere; None if there is none.

        Of a loss with kinks, at least the mean of the Hessian over params.
        """
        return None

    def hessian_operator(self, params: NDArray) -> Callable[[NDArray], NDArray]:
        """The product of the Hessian at ``params`` with a direction; by differences."""
        root = np.sqrt(np.finfo(self.dtype).eps)

        def product(direction):
            length = root * (1 + np.linalg.norm(params)) / max(np.linalg.norm(direction), 1e-300)
            ahead = self.value_and_gradient(params + length * direction)[1]
            behind = self.value_and_gradient(params - length * direction)[1]
            return (ahead - behind) / (2 * length)

        return product

    def batches(self, size: int, rng: np.random.Generator | None) -> Iterator[Callable]:
        """For each batch of a pass, its value and gradient as a function of ``params``."""
        return iter(())

    def n_batches(self, size: int) -> int:
        """Number of batches in a pass."""
        return 0

    def separable(self) -> "Separable | None":
        """The same in plain arrays and numbers, for compiled loops; None where it is more."""
        return None

    def weights(self, params: NDArray) -> list[NDArray]:
        """Views of the penalised parameters."""
        return [params]

    def threads(self) -> AbstractContextManager:
        """A context for a run, that shares out the machine's threads."""
        return nullcontext()

    def start_at(self, value: float) -> None:
        """Remember the first value as the reference, if there is none."""
        self.reference = self.reference or value


class FunctionObjective(Objective):
    """Any function ``params -> (value, gradient)`` as an objective."""

    def __init__(self, function: Callable[[NDArray], tuple[float, NDArray]]):
        self._function = function

    def value_and_gradient(self, params):
        self.passes += 1
        self.rounds += 1
        value, gradient = self._function(params)
        return float(value), np.asarray(gradient, dtype=np.float64)


class Separable(NamedTuple):
    """A linear model in memory whose loss and penalty are sums over outputs and weights.

    ``loss(y[i, k], raw, constants)`` is value and slope of output k of row i; ``l1`` and ``l2`` are
    the strengths of :math:`|w|_1` and :math:`|w|^2/2`.
    """

    rows: Batch
    source: Source
    loss: Callable
    constants: tuple[float, ...]
    l1: float
    l2: float
