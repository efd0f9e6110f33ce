"""The solver protocol.

A solver writes ``_run``: a loop that asks ``progress.done(...)`` once a pass and otherwise only
walks. All rules about stopping, recording and keeping the best live in :class:`Progress`.
"""

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np

from sklearn_gd._components import Component
from sklearn_gd.objective import FunctionObjective, Objective
from sklearn_gd.solvers.progress import Progress
from sklearn_gd.solvers.run import Result, Run


class Solver(Component):
    """A way to minimise an objective; it stores parameters, and nothing of a run.

    Your own solver is a subclass with a method ``_run``, a loop that calls ``progress.done`` once
    per iteration.

    Attributes
    ----------
    resumable : bool
        Whether it can continue from the state of an earlier result (partial_fit, warm starts).
    method_parameters : frozenset of str
        Which of the estimator's ``learning_rate``, ``batch_size``, ``average`` it uses, and of a
        network's ``dropout`` and ``max_norm``.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.solvers import Run, Solver
    >>> class Halving(Solver):
    ...     def _run(self, objective, params, run, progress, state):
    ...         value, gradient = objective.value_and_gradient(params)
    ...         while not progress.done(params, value, gradient):
    ...             params = params - gradient / 2
    ...             value, gradient = objective.value_and_gradient(params)
    >>> Halving().minimize(lambda w: (w @ w / 2, w), np.array([8.0]), Run(max_iter=3)).params
    array([1.])
    """

    resumable: ClassVar[bool] = False
    method_parameters: ClassVar[frozenset[str]] = frozenset()

    def unsupported(self, objective: Objective) -> str | None:
        """Why it cannot minimise an objective.

        Parameters
        ----------
        objective : Objective

        Returns
        -------
        reason : str or None
            A sentence that names the way out; None where it can.
        """
        return None

    def refusal(self, objective: Objective) -> str | None:
        """Why a minimisation cannot begin: ``unsupported``, or what holds for all solvers."""
        if objective.is_online and not self.resumable:
            return (
                f"{type(self).__name__} minimises the mean loss, and that of this loss, which is "
                "for stochastic updates, is smallest at zero coefficients; use solver='sgd'."
            )
        return self.unsupported(objective)

    def minimize(self, objective, params, run: Run | None = None, state: Any = None) -> Result:
        """Minimise from ``params``.

        Parameters
        ----------
        objective : Objective or callable
            A callable maps params to (value, gradient).
        params : ndarray of shape (p,)
            The start; it is not written to.
        run : Run, default=None
            When to stop and what to record; None is ``Run()``.
        state : object, default=None
            Of an earlier result, for a resumable solver.

        Returns
        -------
        result : Result
            The parameters found, and why the run ended. It also comes after Ctrl-C.

        Raises
        ------
        ValueError
            For a field of the solver that is out of range, or an objective it cannot minimise.
        """
        if not isinstance(objective, Objective):
            objective = FunctionObjective(objective)
        self.validate()
        reason = self.refusal(objective)
        if reason:
            raise ValueError(reason)
        run = (run or Run()).resolved()
        # a proximal step of no length brings a start that a constraint forbids to one it allows
        start = objective.prox(np.array(params), 0.0)
        progress = Progress(objective, run, start, is_resumed=state is not None)
        # an overflow shows in the value, and is reported in one sentence
        quiet = np.errstate(over="ignore", invalid="ignore", divide="ignore")
        with quiet, objective.threads():
            try:
                self._run(objective, np.array(start), run, progress, state)
                return progress.result()
            except KeyboardInterrupt:
                return progress.result(interrupted=True)

    @abstractmethod
    def _run(self, objective, params, run: Run, progress: Progress, state) -> None:
        """The loop. ``params`` is the solver's own copy."""
