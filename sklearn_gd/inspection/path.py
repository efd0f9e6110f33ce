"""Coefficients and validation scores along a range of penalty strengths."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_gd.inspection._matplotlib import axes_of
from sklearn_gd.inspection.loss_curve import check_option

KINDS = ("coefficients", "scores")
# Numbers of coefficients above the axes, few enough not to touch each other.
MAX_COUNTS = 8


class PathDisplay:
    """Coefficients or scores along the path of a :class:`~sklearn_gd.GDPathCV`.

    Either the coefficients against alpha, with the number of features whose coefficients are not
    zero above the axes, or the mean score over the folds with a band of one standard error. A
    dashed line is at the chosen alpha. The axis of alpha is logarithmic, without an alpha of 0.

    Parameters
    ----------
    alphas : ndarray of shape (m,)
        Strengths of the penalty.
    coefficients : ndarray of shape (m, p)
        All coefficients at each of them.
    n_nonzero : ndarray of shape (m,)
        Number of features with coefficients other than zero.
    mean_scores, standard_errors : ndarray of shape (m,)
        Of the scores over the folds.
    best_alpha : float
    names : list of str, default=None
        For a legend of the coefficients; by default there is none.

    Attributes
    ----------
    lines_ : list of matplotlib Line2D
        One for each coefficient, or that of the mean scores.
    band_ : matplotlib PolyCollection or None
        Mean scores and one standard error in both directions.
    count_ax_ : matplotlib Axes or None
        That of the numbers of features.
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_gd import GDLinearRegressor, GDPathCV
    >>> from sklearn_gd.inspection import PathDisplay
    >>> X, y = load_diabetes(return_X_y=True)
    >>> path = GDPathCV(GDLinearRegressor(penalty="l1"), alphas=20).fit(X, y)
    >>> display = PathDisplay.from_estimator(path)
    >>> len(display.lines_)
    10
    """

    def __init__(
        self,
        *,
        alphas,
        coefficients,
        n_nonzero,
        mean_scores,
        standard_errors,
        best_alpha,
        names=None,
    ):
        self.alphas, self.coefficients, self.n_nonzero = alphas, coefficients, n_nonzero
        self.mean_scores, self.standard_errors = mean_scores, standard_errors
        self.best_alpha, self.names = best_alpha, names

    @classmethod
    def from_estimator(cls, estimator, *, kind="coefficients", ax=None, **kwargs):
        """Draw the path of a fitted GDPathCV, at its best ``l1_ratio``.

        Parameters
        ----------
        estimator : GDPathCV
            Fitted with ``refit=True``.
        kind : {"coefficients", "scores"}, default="coefficients"
            What is drawn against alpha.
        ax : matplotlib Axes, default=None
            By default that of a new figure.
        **kwargs : dict
            For matplotlib's ``plot``.

        Returns
        -------
        display : PathDisplay

        Raises
        ------
        sklearn.exceptions.NotFittedError
            For an estimator that is no GDPathCV, or not fitted with ``refit=True``.
        ValueError
            For an unknown ``kind``.
        """
        check_is_fitted(
            estimator,
            ["coef_path_", "cv_results_"],
            msg="PathDisplay needs a GDPathCV fitted with refit=True; got %(name)s.",
        )
        m = len(estimator.coef_path_)
        first = estimator.best_index_ // m * m
        found = {
            name: np.asarray(estimator.cv_results_[name])[first : first + m]
            for name in ("param_alpha", "mean_test_score", "standard_error")
        }
        coef = estimator.coef_path_.reshape(m, -1, estimator.n_features_in_)
        names = vars(estimator).get("feature_names_in_")
        display = cls(
            alphas=found["param_alpha"],
            coefficients=coef.reshape(m, -1),
            n_nonzero=(coef != 0).any(axis=1).sum(axis=1),
            mean_scores=found["mean_test_score"],
            standard_errors=found["standard_error"],
            best_alpha=estimator.best_alpha_,
            names=list(names) if names is not None and coef.shape[1] == 1 else None,
        )
        return display.plot(kind=kind, ax=ax, **kwargs)

    def plot(self, kind="coefficients", ax=None, **kwargs):
        """Draw coefficients or scores.

        Parameters
        ----------
        kind : {"coefficients", "scores"}, default="coefficients"
            What is drawn against alpha.
        ax : matplotlib Axes, default=None
            By default that of a new figure.
        **kwargs : dict
            For matplotlib's ``plot``.

        Returns
        -------
        display : PathDisplay
        """
        check_option("kind", kind, KINDS)
        ax = axes_of(self, ax)
        self.band_ = self.count_ax_ = None
        ax.set(xscale="log", xlabel="alpha")
        if self.best_alpha > 0:
            ax.axvline(self.best_alpha, color="0.5", linestyle="--", linewidth=1)
        if kind == "coefficients":
            self._draw_coefficients(ax, kwargs)
        else:
            self._draw_scores(ax, kwargs)
        return self

    def _draw_coefficients(self, ax, style):
        shown = self.alphas > 0
        self.lines_ = ax.plot(self.alphas[shown], self.coefficients[shown], **style)
        ax.set(ylabel="coefficient")
        if self.names is not None:
            ax.legend(self.lines_, self.names, fontsize="small")
        marked = np.flatnonzero(shown)
        marked = marked[np.linspace(0, len(marked) - 1, min(MAX_COUNTS, len(marked))).astype(int)]
        top = self.count_ax_ = ax.secondary_xaxis("top")
        top.set_xlabel("features with a coefficient other than 0")
        top.set_xticks(self.alphas[marked], [str(count) for count in self.n_nonzero[marked]])
        top.minorticks_off()

    def _draw_scores(self, ax, style):
        shown = self.alphas > 0
        alphas, mean, error = (
            values[shown] for values in (self.alphas, self.mean_scores, self.standard_errors)
        )
        self.lines_ = ax.plot(alphas, mean, **({"label": "mean score"} | style))
        self.band_ = ax.fill_between(
            alphas, mean - error, mean + error, alpha=0.2, label="one standard error"
        )
        ax.set(ylabel="score on held-out rows")
        ax.legend()
