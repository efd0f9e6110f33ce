"""Which learning rates lower the objective, and which are too large."""

from typing import Any, Self

import numpy as np

from sklearn_gd._estimators.parameters import is_auto
from sklearn_gd.inspection._matplotlib import axes_of
from sklearn_gd.inspection._recording import record_fit, values_at
from sklearn_gd.inspection.solver_comparison import same_start
from sklearn_gd.solvers import SOLVERS

# Rates around the automatic one: three a decade.
FACTORS = np.geomspace(1e-3, 1e2, 16)
# Room above the start, as a fraction of what lies below it; a logarithmic axis spans this at least.
ROOM = 0.2
MIN_RATIO = 1.5


class LearningRateDisplay:
    """The objective after a few passes, for each of some constant learning rates.

    Made by :func:`learning_rate_range`.

    Parameters
    ----------
    learning_rates : ndarray of shape (n_rates,)
    objectives : ndarray of shape (n_rates,)
        F after the passes; infinite where it diverged.
    start_objective : float
        Initial F, which is the same for all.

    Attributes
    ----------
    best : float
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    """

    def __init__(self, *, learning_rates: Any, objectives: Any, start_objective: Any) -> None:
        self.learning_rates, self.objectives = learning_rates, objectives
        self.start_objective = start_objective

    @property
    def best(self) -> float:
        """The rate with the lowest objective: a suggestion. NaN where all diverged."""
        if not np.isfinite(self.objectives).any():
            return np.nan
        return float(self.learning_rates[np.argmin(self.objectives)])

    def plot(self, ax: Any = None, **kwargs: Any) -> Self:
        """Draw the objective by learning rate; rates that diverged are crosses at the top.

        The axis of the objective is logarithmic where all of it is greater than 0. It ends a
        little above the start; what is higher is not shown.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            By default that of a new figure.
        **kwargs : dict
            For matplotlib's ``plot``.

        Returns
        -------
        display : LearningRateDisplay
        """
        ax = axes_of(self, ax)
        finite = np.isfinite(self.objectives)
        rates, values = self.learning_rates[finite], self.objectives[finite]
        ax.plot(rates, values, **({"marker": "o", "label": "after training"} | kwargs))
        ax.axhline(self.start_objective, color="0.4", ls=":", label="at the start")
        if not finite.all():
            rates = self.learning_rates[~finite]
            top = np.full(len(rates), 0.96)
            options = {"transform": ax.get_xaxis_transform(), "label": "diverged"}
            ax.plot(rates, top, "x", color="C3", ms=8, mew=2, **options)
        if finite.any():
            ax.axvline(self.best, color="C2", ls="--", label=f"best, {self.best:.3g}")
            _limit(ax, values.min(), self.start_objective)
        ax.set(xscale="log", xlabel="learning rate", ylabel="objective")
        ax.legend()
        return self


def learning_rate_range(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    learning_rates: Any = None,
    max_iter: int = 10,
    sample_weight: Any = None,
) -> LearningRateDisplay:
    """Train for a few passes with each of several constant learning rates.

    In a fit, a solver undoes the steps of a rate that is too large, and halves the rate. Here such
    a rate counts as diverged, with an infinite objective. ``tol`` and ``early_stopping`` are
    switched off, and F is that of the last iterate, over all rows.

    Parameters
    ----------
    estimator : estimator
        Of this package, with a solver that uses a learning rate. It is not changed.
    X, y : array-like
        As for ``fit``.
    learning_rates : array-like of float, default=None
        By default 16 rates from a thousandth to a hundred times the initial rate of
        ``learning_rate="auto"``.
    max_iter : int, default=10
        Passes for each.
    sample_weight : array-like of shape (n,), default=None

    Returns
    -------
    display : LearningRateDisplay
        With ``learning_rates``, ``objectives``, ``best`` (the rate of the lowest) and ``plot``.

    Raises
    ------
    ValueError
        If the solver does not use a learning rate; the message names those that do and that support
        the model.

    References
    ----------
    Smith (2017), "Cyclical learning rates for training neural networks", section 3.3.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_gd import GDSoftmaxClassifier
    >>> from sklearn_gd.inspection import learning_rate_range
    >>> X, y = load_iris(return_X_y=True)
    >>> rates = learning_rate_range(
    ...     GDSoftmaxClassifier(solver="gd"), X, y, learning_rates=[1e-3, 1e-1, 1e3]
    ... )
    >>> rates.best
    0.1
    >>> float(rates.objectives[-1])
    inf
    """
    common = same_start(estimator) | {"tol": 0.0, "early_stopping": False, "max_iter": max_iter}
    first = record_fit(
        estimator, X, y, sample_weight, **(common | {"learning_rate": "auto", "max_iter": 1})
    )
    if "learning_rate" not in first.solver.method_parameters:
        raise ValueError(_refusal(estimator.solver, first))
    rates = FACTORS * first.learning_rate if learning_rates is None else learning_rates
    rates = np.array(rates, dtype=np.float64)
    if rates.ndim != 1 or not rates.size or not (np.isfinite(rates) & (rates > 0)).all():
        raise ValueError(f"learning_rates must be a row of numbers > 0; got {learning_rates!r}.")
    fits = [
        record_fit(estimator, X, y, sample_weight, **(common | {"learning_rate": float(rate)}))
        for rate in rates
    ]
    return LearningRateDisplay(
        learning_rates=rates,
        objectives=np.array([_objective(fit) for fit in fits]),
        start_objective=float(values_at(first.objective, first.path[:1])[0]),
    )


def _limit(ax, lowest, start):
    """A little room above the start; a logarithmic axis where there can be one."""
    top = max(start, lowest)
    if lowest > 0 and start > 0:
        ax.set_yscale("log")
        ax.set_ylim(top=top * max(top / lowest, MIN_RATIO) ** ROOM)
    else:
        ax.set_ylim(top=top + (ROOM * abs(start - lowest) or 0.1 * abs(start) or 1.0))


def _objective(fit):
    """F at the last iterate, and not at an earlier one that the fit may have returned."""
    value = values_at(fit.objective, fit.path[-1:])[0]
    return value if np.isfinite(value) and not fit.was_cut else np.inf


def _refusal(given, fit):
    solvers = {name: kind() for name, kind in SOLVERS.items()}
    names = [
        name
        for name, solver in solvers.items()
        if "learning_rate" in solver.method_parameters and not solver.unsupported(fit.objective)
    ]
    taken = f" ({fit.solver!r})" if is_auto(given) else ""
    return (
        f"solver={given!r}{taken} does not use a learning rate; those that do are "
        f"{', '.join(names)}."
    )
