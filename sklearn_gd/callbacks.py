"""Callbacks for ``fit``, next to those of scikit-learn; they need scikit-learn 1.9."""

import os
import pickle
import tempfile
import warnings
from contextlib import suppress
from numbers import Integral
from pathlib import Path
from typing import Any

from sklearn_gd._estimators.fit_task import CONTINUED
from sklearn_gd._estimators.recipe import GradientDescentEstimator
from sklearn_gd._estimators.saved import UNFINISHED
from sklearn_gd._validation import InvalidParameterError

__all__ = ["Checkpoint"]


class Checkpoint:
    """Save a fit while it runs, and continue it after the process was killed.

    The file is a pickle of the estimator as if ``fit`` had ended at that iteration. It is replaced
    in one step, so it is always complete. If it holds an unfinished fit with the same parameters,
    ``fit`` continues it, and the result is the same to the bit as without the interruption. A
    finished fit is saved too, but is not continued: the next ``fit`` starts from the beginning.

    Parameters
    ----------
    path : str or path-like
        The file. Its folder must exist.
    every : int, default=1
        Number of iterations between two saves.

    Raises
    ------
    ValueError
        In ``fit``: for an ``every`` below 1; for a solver that has no state to continue from, which
        only stochastic ones have; for a file of another fit.
    TypeError
        In ``fit``: for an estimator of another library.

    Warns
    -----
    UserWarning
        If the file cannot be written, as on a full disk. The fit continues, and the last file is
        kept.

    See Also
    --------
    sklearn.callback.ScoringMonitor : Records scores while a fit runs.

    Notes
    -----
    A file belongs to one fit: do not set a Checkpoint within a GridSearchCV. Only use files that
    you trust, since unpickling can run any code. As long as scikit-learn calls its callbacks
    experimental, so is this one.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.datasets import load_wine
    >>> from sklearn_gd import GDMLPClassifier
    >>> from sklearn_gd.callbacks import Checkpoint
    >>> X, y = load_wine(return_X_y=True)
    >>> path = Path(tempfile.mkdtemp()) / "wine.checkpoint"
    >>> model = GDMLPClassifier(max_iter=20, tol=0, random_state=0)
    >>> if hasattr(model, "set_callbacks"):  # scikit-learn 1.9
    ...     model = model.set_callbacks(Checkpoint(path, every=5)).fit(X, y)
    """

    def __init__(self, path: str | os.PathLike[str], *, every: int = 1) -> None:
        self.path, self.every = path, every

    def setup(self, estimator: Any, context: Any) -> None:
        """Check the parameters."""
        if not (isinstance(self.every, Integral) and self.every >= 1):
            raise InvalidParameterError(
                f"The 'every' parameter of Checkpoint must be an integer >= 1. Got {self.every!r} "
                "instead."
            )
        if not isinstance(estimator, GradientDescentEstimator):
            raise TypeError(
                f"Checkpoint works with the estimators of sklearn_gd; got "
                f"{type(estimator).__name__}. In a Pipeline, set it on the last step."
            )

    def teardown(self, estimator: Any, context: Any) -> None:
        """Nothing is left to do."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Look for an unfinished fit, at the beginning of a fit."""
        if context.task_name != "fit" or not Path(self.path).exists():
            return
        saved = pickle.loads(Path(self.path).read_bytes())
        if not hasattr(saved, UNFINISHED):
            return
        self._check_same(estimator, saved)
        setattr(estimator, CONTINUED, saved)

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, fitted_estimator: Any = None
    ) -> None:
        """Save the fit if it is time to, and at its end."""
        is_end = context.task_name == "fit"
        if fitted_estimator is None or not (is_end or (context.task_id + 1) % self.every == 0):
            return
        if not (is_end or hasattr(fitted_estimator, UNFINISHED)):
            raise ValueError(
                f"Checkpoint needs a solver that can be continued, and "
                f"{type(fitted_estimator.solver_).__name__} has no state to save. Use a stochastic "
                "one such as solver='adam', or remove the callback."
            )
        self._write(_without_callbacks(fitted_estimator))

    def _check_same(self, estimator, saved):
        way_out = f"Delete the file {os.fspath(self.path)!r}, or choose another path."
        if type(saved) is not type(estimator):
            raise ValueError(
                f"The checkpoint holds a {type(saved).__name__}, not a {type(estimator).__name__}. "
                f"{way_out}"
            )
        ours, theirs = (model.get_params(deep=False) for model in (estimator, saved))
        for name, value in ours.items():
            if name != "verbose" and repr(value) != repr(theirs[name]):
                raise ValueError(
                    f"The checkpoint belongs to a fit with {name}={theirs[name]!r}, and the "
                    f"estimator has {name}={value!r}. {way_out}"
                )

    def _write(self, model):
        """Replace the file by a whole one, or leave it as it is."""
        path = Path(self.path)
        temporary = None
        try:
            with tempfile.NamedTemporaryFile(
                dir=path.parent, prefix=f"{path.name}.", delete=False
            ) as file:
                temporary = file.name
                pickle.dump(model, file, protocol=4)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except OSError as error:
            if temporary is not None:
                with suppress(OSError):
                    os.unlink(temporary)
            warnings.warn(
                f"Checkpoint could not write {os.fspath(self.path)!r}: {error}. The fit continues.",
                UserWarning,
                stacklevel=2,
            )


def _without_callbacks(estimator):
    """A copy without what scikit-learn notes on an estimator for callbacks."""
    plain = estimator.__class__.__new__(estimator.__class__)
    kept = {name: value for name, value in vars(estimator).items() if "callback" not in name}
    vars(plain).update(kept)
    return plain
