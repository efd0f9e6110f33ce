"""What the objective asks of a model."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray


class Model(ABC):
    """A function from rows to raw predictions, with parameters in one flat vector.

    Weights come first and biases last, so that a penalty sees slices and no masks exist.

    Attributes
    ----------
    size : int
        Length of the parameter vector.
    n_outputs : int
        Columns of raw predictions.
    n_matrices : int
        Number of weight matrices.
    is_linear : bool
        Whether raw predictions are linear in the parameters; the objective is then convex and
        has a metric.
    """

    n_outputs: int
    is_linear: ClassVar[bool] = False

    @property
    @abstractmethod
    def size(self) -> int:
        """Length of the parameter vector."""

    @property
    @abstractmethod
    def n_matrices(self) -> int:
        """Number of weight matrices."""

    @abstractmethod
    def init(self, rng: np.random.Generator, dtype: np.dtype) -> NDArray:
        """Parameters to start from."""

    @abstractmethod
    def unpack(self, params: NDArray) -> tuple[list[NDArray], list[NDArray]]:
        """Weight matrices and bias vectors, as views into ``params``."""

    @abstractmethod
    def forward(self, params: NDArray, X, rng=None) -> tuple[NDArray, Any]:
        """Raw predictions (n, k), and what ``backward`` needs to remember.

        ``rng`` is given in training only, for models that are random there.
        """

    def raw(self, params: NDArray, X) -> NDArray:
        """Raw predictions (n, k), where nothing need be remembered."""
        return self.forward(params, X)[0]

    def prepared(self, X, may_overwrite: bool) -> tuple["Model", Any]:
        """A model and rows that predict the same, for rows that are looked at more than once.

        What a model does to rows before it looks at the parameters is done then, in place of X
        where that is allowed.
        """
        return self, X

    @abstractmethod
    def backward(self, params: NDArray, tape: Any, raw_gradient: NDArray, out: NDArray) -> None:
        """Write into ``out`` the derivative in ``params``, given that in ``raw``."""
