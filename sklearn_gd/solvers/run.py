"""What is asked of a minimisation, and what it found."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sklearn_gd.solvers.history import joined
from sklearn_gd.solvers.rates import BatchSize, Rate

if TYPE_CHECKING:
    from sklearn_gd.solvers.progress import Progress


class StopReason(Enum):
    """Why a run ended; the value is the beginning of the sentence that says so.

    Examples
    --------
    >>> from sklearn_gd.solvers import StopReason
    >>> [reason.code for reason in StopReason if reason.is_converged]
    ['converged', 'precision', 'validation']
    """

    CONVERGED = "converged"
    PRECISION = "converged to the limit of precision"
    VALIDATION = "the validation score did not improve"
    MAX_ITER = "stopped after max_iter"
    MAX_TIME = "stopped after max_time"
    DIVERGED = "diverged"
    STALLED = "stopped"
    CALLBACK = "stopped by a callback"
    INTERRUPTED = "interrupted"
    NO_FINITE_OPTIMUM = "no finite optimum"
    RATE_CUT = "stopped learning"

    @property
    def code(self) -> str:
        """Its name in lower case, as in ``stop_code_``."""
        return self.name.lower()

    @property
    def is_converged(self) -> bool:
        """Whether there was nothing more to gain, as far as the stopping rule can tell."""
        return self in _CONVERGED


_CONVERGED = {StopReason.CONVERGED, StopReason.PRECISION, StopReason.VALIDATION}


@dataclass(frozen=True)
class Stage:
    """Which part of a longer minimisation a run is, and what the earlier parts took.

    Parameters
    ----------
    iterations : int, default=0
        Iterations of earlier stages, which ``max_iter`` includes.
    seconds : float, default=0.0
        Seconds of earlier stages, which ``max_time`` includes.
    horizon : int or None, default=None
        Number of passes that a schedule given by name is made for; None is ``max_iter``.
    is_chunk : bool, default=False
        Whether the rows are a chunk of a stream whose earlier chunks set the initial value.
    check_optimality : bool, default=True
        Whether to evaluate optimality at the end if no iteration has done so.

    Examples
    --------
    >>> from sklearn_gd.solvers import Run, Stage
    >>> Run(stage=Stage(iterations=10)).stage.iterations
    10
    """

    iterations: int = 0
    seconds: float = 0.0
    horizon: int | None = None
    is_chunk: bool = False
    check_optimality: bool = True


@dataclass
class Run:
    """Settings of one minimisation: limits, tolerance, random numbers.

    Parameters
    ----------
    max_iter : int, default=1000
        Maximum number of iterations, each of which makes at least one pass over the data.
    tol : float, default=1e-8
        Converged when ``optimality`` is at most this; 0 runs ``max_iter`` iterations.
    max_time : float or None, default=None
        Time limit in seconds. None means no limit.
    learning_rate : "auto", float, str, Schedule or callable, default="auto"
        Only used by solvers that have one.
    batch_size : "auto" or int, default="auto"
        Number of rows in a batch. Only used by stochastic solvers.
    shuffle : bool, default=True
        Whether to shuffle the rows before each pass. Only used by stochastic solvers.
    average : bool, default=False
        If True, return the average of the iterates after the first pass. Only used by stochastic
        solvers.
    max_norm : float or None, default=None
        Maximum norm of the gradient of a batch; longer gradients are scaled down to it.
    patience : int or None, default=None
        Number of iterations without improvement that end the run of a network, or of one with
        ``score``.
    rng : numpy.random.Generator
        For shuffles; by default ``numpy.random.default_rng(0)``.
    score : callable or None, default=None
        Validation score of params, greater is better; the best params are then the result.
    callback : callable or None, default=None
        Called with the :class:`Progress` after each iteration; returning True stops the run.
    verbose : int or bool, default=0
        Print progress every ``verbose`` iterations; 0 is silent. True updates one line in a
        terminal or notebook, and prints a line for each iteration elsewhere.
    stage : Stage
        Which part of a longer minimisation this is; by default the only one.
    unfinished : dict or None, default=None
        ``Progress.snapshot()`` of an interrupted run, which this one continues from the state that
        goes with it.

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
    verbose: int | bool = 0
    stage: Stage = field(default_factory=Stage)
    unfinished: dict[str, Any] | None = None

    def resolved(self) -> "Run":
        """The same with the learning rate and the batch size as objects, never as strings."""
        return replace(
            self,
            learning_rate=Rate.of(self.learning_rate, self.stage.horizon or self.max_iter),
            batch_size=BatchSize.of(self.batch_size),
        )

    def after(self, result: "Result") -> "Run":
        """The next stage of this run."""
        seconds = result.history["seconds"][-1]
        return replace(self, stage=replace(self.stage, iterations=result.n_iter, seconds=seconds))


@dataclass
class Result:
    """Result of a minimisation.

    Attributes
    ----------
    params : ndarray of shape (p,)
    value : float
        The objective there.
    optimality : float
        Estimated gap to the optimum relative to the objective, a safety factor of 2 included; NaN
        if it was not evaluated.
    n_iter : int
        Number of iterations.
    reason : StopReason
        Why the run ended.
    message : str
        The same in a sentence.
    remedy : str
        What would let the run continue, if anything.
    history : dict of lists
        "objective", "optimality", "step_size", "passes", "rounds" and "seconds", at the start and
        after each iteration.
    scores : list of float or None
        Validation scores, if ``Run.score`` was given.
    state : object or None
        What a resumable solver can be resumed from.
    was_cut : bool
        Whether the learning rate was reduced because the objective diverged.
    converged : bool
        Whether ``reason`` means convergence.
    interrupted : bool
        Whether Ctrl-C ended the run.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.solvers import LBFGS, Run
    >>> result = LBFGS().minimize(lambda w: (w @ w / 2, w), np.ones(2), Run(max_iter=1))
    >>> result.reason.code, result.message, result.remedy
    ('max_iter', 'stopped after max_iter=1 iterations', 'Increase max_iter')
    """

    params: NDArray
    value: float
    optimality: float
    n_iter: int
    reason: StopReason
    message: str
    remedy: str
    history: dict[str, list[float]]
    scores: list[float] | None = None
    state: Any = None
    was_cut: bool = False

    @property
    def converged(self) -> bool:
        return self.reason.is_converged

    @property
    def interrupted(self) -> bool:
        return self.reason is StopReason.INTERRUPTED

    def following(self, first: "Result") -> "Result":
        """This result as the end of a path that began with another."""
        history = joined(first.history, self.history)
        scores = None if self.scores is None else (first.scores or []) + self.scores
        n_iter = first.n_iter + self.n_iter
        return replace(self, history=history, scores=scores, n_iter=n_iter)
