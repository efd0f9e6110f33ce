"""The objective, the validation score or the optimality of fits, from iteration to iteration."""

from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_gd._estimators.recipe import GradientDescentEstimator
from sklearn_gd.inspection._matplotlib import axes_of, draw_curves

X_LABELS = {"passes": "passes over the data", "seconds": "seconds"}
Y_LABELS = {
    "objective": "objective",
    "validation": "validation score",
    "optimality": "optimality: relative gap to the optimum",
}


class LossCurveDisplay:
    """Learning curves of a fit: objective, validation score or optimality by iteration.

    Made by :meth:`from_estimator` or :meth:`from_estimators` from what a fitted estimator
    remembers; nothing is fitted again.

    Parameters
    ----------
    curves : dict of str to tuple of (ndarray, ndarray)
        For each name what to draw along the x and along the y axis.
    x : {"passes", "seconds"}, default="passes"
    y : {"objective", "validation", "optimality"}, default="objective"

    Attributes
    ----------
    lines_ : list of matplotlib Line2D
        One for each curve.
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn_gd import GDLogisticClassifier
    >>> from sklearn_gd.inspection import LossCurveDisplay
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = GDLogisticClassifier().fit(X, y)
    >>> display = LossCurveDisplay.from_estimator(model, y="optimality")
    >>> display.ax_.get_yscale()
    'log'
    """

    def __init__(self, *, curves: Any, x: str = "passes", y: str = "objective") -> None:
        self.curves, self.x, self.y = curves, x, y

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        x: str = "passes",
        y: str = "objective",
        name: str | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the curve of one fitted estimator.

        Parameters
        ----------
        estimator : estimator
            A fitted estimator of this package, by ``fit`` or ``partial_fit``.
        x : {"passes", "seconds"}, default="passes"
            Visits of all rows, those that build second derivatives included, or seconds of the
            descent.
        y : {"objective", "validation", "optimality"}, default="objective"
            ``history_["objective"]``, which for stochastic solvers is the mean over the pass;
            ``validation_scores_``, greater is better and minus the mean loss where ``scoring`` is
            None; or ``history_["optimality"]``, on a logarithmic axis.
        name : str, default=None
            For the legend; by default the name of the class.
        ax : matplotlib Axes, default=None
            By default that of a new figure.
        **kwargs : dict
            For matplotlib's ``plot``.

        Returns
        -------
        display : LossCurveDisplay

        Raises
        ------
        sklearn.exceptions.NotFittedError
            For an estimator that is not fitted.
        ValueError
            For a ``y`` that the fit has not recorded; the message says what would have.
        """
        return cls.from_estimators(
            {name or type(estimator).__name__: estimator}, x=x, y=y, ax=ax, **kwargs
        )

    @classmethod
    def from_estimators(
        cls,
        estimators: Any,
        *,
        x: str = "passes",
        y: str = "objective",
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the curves of several fitted estimators on the same axes.

        Parameters
        ----------
        estimators : dict of str to estimator, or list of estimator
            Fitted estimators by name, as the legend shows it; those of a list are named by their
            class, and numbered where several are of the same.
        x, y, ax, **kwargs
            As for :meth:`from_estimator`.

        Returns
        -------
        display : LossCurveDisplay

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from sklearn_gd import GDLinearRegressor
        >>> from sklearn_gd.inspection import LossCurveDisplay
        >>> X, y = load_diabetes(return_X_y=True)
        >>> models = {
        ...     solver: GDLinearRegressor(solver=solver, max_iter=20, tol=0).fit(X, y)
        ...     for solver in ("gd", "agd")
        ... }
        >>> len(LossCurveDisplay.from_estimators(models).lines_)
        2
        """
        check_option("x", x, X_LABELS)
        check_option("y", y, Y_LABELS)
        named = _by_name(estimators)
        curves = {name: _curve(estimator, x, y) for name, estimator in named.items()}
        return cls(curves=curves, x=x, y=y).plot(ax=ax, **kwargs)

    def plot(self, ax: Any = None, **kwargs: Any) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            By default that of a new figure.
        **kwargs : dict
            For matplotlib's ``plot``.

        Returns
        -------
        display : LossCurveDisplay
        """
        ax = axes_of(self, ax)
        self.lines_ = draw_curves(ax, self.curves, kwargs)
        if self.y == "optimality":
            ax.set_yscale("log")
        ax.set(xlabel=X_LABELS[self.x], ylabel=Y_LABELS[self.y])
        ax.legend()
        return self


def _by_name(estimators):
    if isinstance(estimators, dict):
        return estimators
    if not isinstance(estimators, (list, tuple)):
        raise TypeError(
            "estimators must be a dict of names to fitted estimators, or a list of these; got "
            f"{estimators!r}."
        )
    kinds = [type(estimator).__name__ for estimator in estimators]
    names = [
        f"{kind} {kinds[: at + 1].count(kind)}" if kinds.count(kind) > 1 else kind
        for at, kind in enumerate(kinds)
    ]
    return dict(zip(names, estimators, strict=True))


def _curve(estimator, x, y):
    if not isinstance(estimator, GradientDescentEstimator):
        raise TypeError(f"LossCurveDisplay needs an estimator of sklearn_gd; got {estimator!r}.")
    check_is_fitted(estimator)
    across = np.array(estimator.history_[x])
    if y == "validation":
        if estimator.validation_scores_ is None:
            raise ValueError(
                "There are no validation scores: fit with early_stopping=True to record them."
            )
        return across, np.array(estimator.validation_scores_)
    values = np.array(estimator.history_[y])
    if y == "optimality":
        if not estimator._fitted.model.is_linear:
            raise ValueError(
                "Networks have no optimality, which takes the second derivatives of a linear "
                "model; use y='objective' or y='validation'."
            )
        values[~np.isfinite(values)] = np.nan
        if np.isnan(values).all():
            raise ValueError(
                "No optimality was recorded, as partial_fit, tol=0 and early_stopping=True do not "
                "look for it; use y='objective'."
            )
    return across, values


def check_option(parameter, value, options):
    """Raise for a word that is none of the options."""
    if value not in options:
        raise ValueError(f"{parameter} must be one of {sorted(options)}; got {value!r}.")
