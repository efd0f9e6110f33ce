"""How fast solvers come near the optimum of the same objective."""

from typing import Any, Self

import numpy as np

from sklearn_gd.inspection._matplotlib import axes_of, draw_curves, pyplot_for
from sklearn_gd.inspection._recording import record_fit, values_at
from sklearn_gd.inspection.loss_curve import X_LABELS, check_option
from sklearn_gd.solvers.stopping import scale

# What linear models are also fitted with, so that the lowest value is that of the optimum.
REFERENCE = {"solver": "auto", "learning_rate": "auto", "batch_size": "auto", "average": False}
REFERENCE_EFFORT = {"tol": 1e-12, "max_iter": 1000, "max_time": None}


class SolverComparisonDisplay:
    r"""Distance of several solvers from the optimum of the same objective, pass by pass.

    The display shows the relative suboptimality :math:`(F - F_{best}) / F_{best}` on a logarithmic
    axis. After the fit, F is computed at every iterate over all rows; also for stochastic solvers
    it is not the mean over a pass. For a linear model, :math:`F_{best}` is the value at the
    optimum. For a network, it is the lowest value that one of these solvers found, which need not
    be the optimum: the point with that value is not drawn, and other solvers or initial values may
    find a lower one.

    Made by :meth:`from_estimator`.

    Parameters
    ----------
    passes, seconds, objectives : dict of str to ndarray of shape (n_iter + 1,)
        For each solver passes over the data, seconds and F at each iterate.
    best : float
        :math:`F_{best}`.
    scale : float
        What gaps are divided by: :math:`|F_{best}|`, but no less than a thousandth of F at the
        start.
    x : {"seconds", "passes"}, default="seconds"
    is_convex : bool, default=True
        Whether ``best`` is that of the optimum; otherwise gaps of 0 are not drawn.

    Attributes
    ----------
    lines_ : list of matplotlib Line2D
        One for each solver.
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_gd import GDLinearRegressor
    >>> from sklearn_gd.inspection import SolverComparisonDisplay
    >>> X, y = load_diabetes(return_X_y=True)
    >>> display = SolverComparisonDisplay.from_estimator(
    ...     GDLinearRegressor(max_iter=50), X, y, solvers=["gd", "agd", "lbfgs"], x="passes"
    ... )
    >>> bool(display.objectives["agd"][-1] < display.objectives["gd"][-1])
    True
    """

    def __init__(
        self,
        *,
        passes: Any,
        seconds: Any,
        objectives: Any,
        best: Any,
        scale: Any,
        x: str = "seconds",
        is_convex: bool = True,
    ) -> None:
        self.passes, self.seconds, self.objectives = passes, seconds, objectives
        self.best, self.scale, self.x, self.is_convex = best, scale, x, is_convex

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        solvers: Any,
        sample_weight: Any = None,
        x: str = "seconds",
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Fit a clone of an estimator with each solver, and draw them on the same axes.

        All begin at the same start and go on until they converge or ``max_iter`` of the estimator
        is over, without a warning; ``early_stopping`` is switched off. A linear model is also
        fitted by ``solver="auto"`` with ``tol=1e-12``, which is not drawn, for the lowest value;
        of networks, it is the lowest that a solver found. Every iterate is kept in memory until F
        is known there.

        Parameters
        ----------
        estimator : estimator
            Of this package, fitted or not; it stays as it is.
        X, y : array-like
            As for ``fit``.
        solvers : list of (str or Solver), or dict of str to dict
            Solvers; or, for each name, parameters of the estimator to set, such as
            ``{"slow": {"solver": "sgd", "learning_rate": 0.01}}``, where the name is that of the
            solver if they have no ``"solver"``.
        sample_weight : array-like of shape (n,), default=None
        x : {"seconds", "passes"}, default="seconds"
            Seconds of the descent, or passes over the data, those that build second derivatives
            included.
        ax : matplotlib Axes, default=None
            By default that of a new figure.
        **kwargs : dict
            For matplotlib's ``plot``.

        Returns
        -------
        display : SolverComparisonDisplay
        """
        check_option("x", x, X_LABELS)
        pyplot_for(cls.__name__)
        common = same_start(estimator) | {"early_stopping": False}
        fits = {
            name: record_fit(estimator, X, y, sample_weight, **(common | parameters))
            for name, parameters in _by_name(solvers).items()
        }
        objective = next(iter(fits.values())).objective
        objectives = {name: values_at(objective, fit.path) for name, fit in fits.items()}
        best = min(np.nanmin(values) for values in objectives.values())
        if objective.is_convex:
            parameters = common | REFERENCE | REFERENCE_EFFORT
            optimum = record_fit(estimator, X, y, sample_weight, **parameters).solution
            best = min(best, values_at(objective, [optimum])[0])
        display = cls(
            passes={name: fit.passes for name, fit in fits.items()},
            seconds={name: fit.seconds for name, fit in fits.items()},
            objectives=objectives,
            best=float(best),
            scale=float(scale(objective, best)),
            x=x,
            is_convex=objective.is_convex,
        )
        return display.plot(ax=ax, **kwargs)

    def plot(self, ax: Any = None, **kwargs: Any) -> Self:
        """Draw the curves; what is no farther from the optimum than rounding is drawn at 2.2e-16.

        Of a network, the point where the best was met is left out.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            By default that of a new figure.
        **kwargs : dict
            For matplotlib's ``plot``.

        Returns
        -------
        display : SolverComparisonDisplay
        """
        ax = axes_of(self, ax)
        x = getattr(self, self.x)
        curves = {name: (x[name], self._gaps(values)) for name, values in self.objectives.items()}
        self.lines_ = draw_curves(ax, curves, kwargs)
        ax.set(xlabel=X_LABELS[self.x], ylabel="relative gap to the optimum", yscale="log")
        ax.legend()
        return self

    def _gaps(self, values):
        gaps = np.maximum((values - self.best) / self.scale, np.finfo(float).eps)
        if not self.is_convex:
            # it is 0 by definition, and says nothing of how near an optimum is
            gaps[values <= self.best] = np.nan
        return gaps


def same_start(estimator) -> dict:
    """The change that makes all clones begin at the same random params."""
    return {"random_state": 0} if estimator.random_state is None else {}


def _by_name(solvers):
    """For each name the parameters of the estimator."""
    if isinstance(solvers, dict):
        return {name: {"solver": name} | parameters for name, parameters in solvers.items()}
    if isinstance(solvers, str):
        raise TypeError(f"solvers must be a list or a dict; got {solvers!r}.")
    named = {s if isinstance(s, str) else repr(s): {"solver": s} for s in solvers}
    if len(named) < len(solvers) or not named:
        raise ValueError(f"solvers must be different ones, and one at least; got {solvers!r}.")
    return named
