"""What is asked of a minimisation, and what it found."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sklearn_gd.solvers.progress import Progress


@dataclass
class Run:
    """What is asked of one minimisation.

    Attributes
    ----------
    max_iter : int
        Most iterations; an iteration visits all rows at least once.
    tol : float
        Converged when the predicted decrease is this share of the objective; 0: never.
    max_time : float or None
        Seconds.
    learning_rate : "auto", float, str or Schedule
    batch_size : "auto" or int
    shuffle, average : bool
        For stochastic solvers: another order each pass; return the average of the path.
    max_norm : float or None
        Longer gradients of batches are cut to this length.
    patience : int or None
        Iterations without improvement that end the run of a network, or of one with ``score``.
    rng : numpy.random.Generator
    score : callable, optional
        Validation score of params, greater is better; the best params are then the result.
    callback : callable, optional
        Given the :class:`Progress` after each iteration; True stops the run.
    verbose : int
        Print a line every so many iterations; 0: none.
    verdict : bool
        Whether optimality is wanted at the end, where nothing has asked for it before.
    is_chunk : bool
        Whether the rows are part of a stream, of which the last ones have told where it stands.
    spent, spent_seconds : int, float
        Iterations and time of earlier stages, which the limits count too.
    horizon : int or None
        Passes that a schedule given by name is made for; by default ``max_iter``.
    """

    max_iter: int = 1000
    tol: float = 1e-8
    max_time: float | None = None
    learning_rate: Any = "auto"
    batch_size: Any = "auto"
    shuffle: bool = True
    average: bool = False
    max_norm: float | None = None
    patience: int | None = None
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))
    score: Callable[[NDArray], float] | None = None
    callback: Callable[["Progress"], bool] | None = None
    verbose: int = 0
    verdict: bool = True
    is_chunk: bool = False
    spent: int = 0
    spent_seconds: float = 0.0
    horizon: int | None = None

    def exhausted(self, n_iter: int, seconds: float) -> tuple[str, str] | None:
        """Why the run may not go on, and the remedy; None if it may."""
        if n_iter >= self.max_iter:
            return f"stopped after max_iter={self.max_iter} iterations", "Increase max_iter"
        if self.max_time is not None and seconds >= self.max_time:
            return f"stopped after max_time={self.max_time} seconds", "Increase max_time"
        return None

    def after(self, result: "Result") -> "Run":
        """The next stage of this run."""
        return replace(self, spent=result.n_iter, spent_seconds=result.history["seconds"][-1])


@dataclass
class Result:
    """What a minimisation found.

    ``message`` says why it ended, ``remedy`` what would have let it go on, if anything; ``was_cut``
    whether the learning rate had to be cut because the objective diverged.
    """

    params: NDArray
    value: float
    optimality: float
    n_iter: int
    converged: bool
    message: str
    remedy: str
    history: dict[str, list[float]]
    scores: list[float] | None = None
    state: Any = None
    was_cut: bool = False
    interrupted: bool = False

    def following(self, first: "Result") -> "Result":
        """This result as the end of a path that began with another."""
        history = {name: first.history[name] + column for name, column in self.history.items()}
        scores = None if self.scores is None else (first.scores or []) + self.scores
        n_iter = first.n_iter + self.n_iter
        return replace(self, history=history, scores=scores, n_iter=n_iter)
