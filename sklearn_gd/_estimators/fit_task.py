"""A fit as a task that scikit-learn's callbacks watch, one subtask an iteration.

scikit-learn has callbacks from 1.9 on; with older versions an estimator has no ``set_callbacks``.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from sklearn_gd._estimators.saved import UNFINISHED, generator_of

try:
    from sklearn.callback import CallbackSupportMixin as CallbackSupport
    from sklearn.callback import with_callbacks
except ImportError:  # scikit-learn < 1.9

    class CallbackSupport:  # type: ignore[no-redef]
        """No callbacks."""

    def with_callbacks(method):
        """The method as it is."""
        return method


# Where a callback puts the saved estimator whose fit is to be continued.
CONTINUED = "_continued_fit"
# The objective of the best constant is the same to this relative accuracy for the same rows.
SAME_ROWS = 1e-6


class FitTask:
    """The callbacks of one call of ``fit``; nothing where scikit-learn has none.

    Parameters
    ----------
    estimator : estimator
    X, y, sample_weight : object
        As the user passed them.
    """

    def __init__(self, estimator, X, y, sample_weight):
        self._estimator = estimator
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self._about = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        start = getattr(estimator, "_init_callback_context", None)
        self._context = None if start is None else start(max_subtasks=int(estimator.max_iter))

    def begin(self) -> "ContinuedFit | None":
        """Call the hooks; the fit that one of them wants to be continued, or None."""
        vars(self._estimator).pop(UNFINISHED, None)
        if self._context is None:
            return None
        self._context.call_on_fit_task_begin(**self._about)
        saved = vars(self._estimator).pop(CONTINUED, None)
        return None if saved is None else ContinuedFit(saved)

    def watch(self, so_far: Callable[[Any], dict | None]) -> Callable[[Any], bool] | None:
        """What a solver calls after each iteration; ``so_far`` is what ``fit`` would return."""
        if self._context is None:
            return None
        context, about = self._context, self._about

        def iteration_is_over(progress) -> bool:
            if progress.n_iter == 0:
                return False
            task = context.subcontext(task_name="iteration")
            task.call_on_fit_task_begin(**about)
            return task.call_on_fit_task_end(
                **about, reconstruction_attributes=lambda: so_far(progress)
            )

        return iteration_is_over

    def end(self) -> None:
        """Call the hooks at the end of the fit."""
        if self._context is not None:
            self._context.call_on_fit_task_end(**self._about, reconstruction_attributes={})


class ContinuedFit:
    """A fit that another process has begun.

    Parameters
    ----------
    saved : estimator
        As it was at the end of an iteration.
    """

    def __init__(self, saved):
        self._fitted, self._unfinished = saved._fitted, getattr(saved, UNFINISHED)

    def generator(self) -> np.random.Generator:
        """The random numbers of the fit from its beginning on."""
        return generator_of(self._unfinished.seed)

    def resumed(self, problem, run):
        """Parameters, state of the solver and run, from which the fit is continued."""
        if not np.isclose(problem.reference, self._fitted.reference, rtol=SAME_ROWS, atol=0.0):
            raise ValueError(
                "The checkpoint belongs to a fit to other rows or weights. Fit to the same ones, "
                "or delete the file."
            )
        state = self._fitted.state
        return state.params, state, replace(run, unfinished=self._unfinished.progress)
