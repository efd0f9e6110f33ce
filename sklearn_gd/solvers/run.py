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

    Parameters
    ----------
    max_iter : int, default=1000
        Most iterations; an iteration visits all rows at least once.
    tol : float, default=1e-8
        Converged when twice the predicted decrease is this share of the objective; 0: never.
    max_time : float or None, default=None
        Most seconds.
    learning_rate : "auto", float, str, Schedule or callable, default="auto"
        For solvers that use one.
    batch_size : "auto" or int, default="auto"
        Rows in a batch of a stochastic solver.
    shuffle : bool, default=True
        Another order of rows in each pass of a stochastic solver.
    average : bool, default=False
        Return the average of a stochastic solver's path.
    max_norm : float or None, default=None
        Longer gradients of batches are cut to this length.
    patience : int or None, default=None
        Iterations without improvement that end the run of a network, or of one with ``score``.
    rng : numpy.random.Generator
        For shuffles; by default ``numpy.random.default_rng(0)``.
    score : callable or None, default=None
        Validation score of params, greater is better; the best params are then the result.
    callback : callable or None, default=None
        Given the :class:`Progress` after each iteration; True stops the run.
    verbose : int, default=0
        Print a line every so many iterations; 0: none.
    verdict : bool, default=True
        Whether optimality is wanted at the end, where nothing has asked for it before.
    is_chunk : bool, default=False
        Whether the rows are part of a stream, of which the last ones have told where it stands.
    spent : int, default=0
        Iterations of earlier stages, which ``max_iter`` counts too.
    spent_seconds : float, default=0.0
        Seconds of earlier stages, which ``max_time`` counts too.
    horizon : int or None, default=None
        Passes that a schedule given by name is made for; None is ``max_iter``.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.solvers import GradientDescent, Run
    >>> run = Run(max_iter=3, learning_rate=0.5)
    >>> GradientDescent().minimize(lambda w: (w @ w / 2, w), np.array([8.0]), run).params
    array([1.])
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

    Attributes
    ----------
    params : ndarray of shape (p,)
    value : float
        The objective there.
    optimality : float
        Predicted decrease there, relative to the objective; infinite where it is not known.
    n_iter : int
        Iterations done.
    converged : bool
    message : str
        Why the run ended.
    remedy : str
        What would have let it go on, if anything.
    history : dict of lists
        "objective", "optimality", "step_size", "passes" and "seconds", at the start and after each
        iteration.
    scores : list of float or None
        Validation scores, where ``Run.score`` was given.
    state : object or None
        What a resumable solver can go on from.
    was_cut : bool
        Whether the learning rate had to be cut because the objective diverged.
    interrupted : bool
        Whether Ctrl-C ended the run.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.solvers import LBFGS, Run
    >>> result = LBFGS().minimize(lambda w: (w @ w / 2, w), np.ones(2), Run(max_iter=1))
    >>> result.message, result.remedy
    ('stopped after max_iter=1 iterations', 'Increase max_iter')
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
        passes = [first.history["passes"][-1] + count for count in self.history["passes"]]
        history = {
            name: first.history[name] + column
            for name, column in (self.history | {"passes": passes}).items()
        }
        scores = None if self.scores is None else (first.scores or []) + self.scores
        n_iter = first.n_iter + self.n_iter
        return replace(self, history=history, scores=scores, n_iter=n_iter)
