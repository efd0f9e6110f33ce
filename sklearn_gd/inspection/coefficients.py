"""How sure coefficients are: standard errors, tests and intervals of a fit without a penalty."""

import numpy as np
from scipy.stats import norm, t
from sklearn.utils.validation import check_is_fitted

from sklearn_gd._estimators.recipe import GradientDescentEstimator
from sklearn_gd._validation import real
from sklearn_gd.inspection._coefficient_table import CoefficientTable
from sklearn_gd.inspection._covariance import LEVERAGE_POWERS, Inverse, sandwich
from sklearn_gd.inspection._likelihood import VARIANCES, likelihood_of, loss_of
from sklearn_gd.inspection._separation import may_be_separated, separating_direction
from sklearn_gd.inspection.loss_curve import check_option
from sklearn_gd.losses import SquaredError
from sklearn_gd.quadratic import undetermined

WEIGHTS = ("analytic", "frequency", "importance")
KINDS = ("model", "HC0", "HC1", "HC2", "HC3", "cluster")
# Coefficients this many standard errors from the optimum, and no more, may stand for it.
NEAR = 0.05
# Rounding in a gradient, relative to the square root of what second derivatives make of params.
ROUNDING = 1e-6
MAX_NAMES = 5


def coefficient_table(
    estimator,
    X,
    y,
    sample_weight=None,
    *,
    offset=None,
    weights="analytic",
    kind="model",
    groups=None,
    confidence=0.95,
):
    r"""Standard errors, tests and confidence intervals of the coefficients of a fitted estimator.

    With the expected information :math:`H = \sum_i s_i\,E[loss''_i]\,x_i x_i^T` and the scores
    :math:`u_i = loss'_i\,x_i`, x including the 1 of the intercept, the covariance is

    .. math:: \phi H^{-1} \text{ ("model")}, \quad H^{-1} \Big(\sum_i s_i^2\,c_i\,u_i u_i^T\Big)
        H^{-1} \text{ ("HC0" to "HC3")}

    with the dispersion :math:`\phi` of Pearson, :math:`\sum_i s_i (y_i - \mu_i)^2 / V(\mu_i)` over
    the degrees of freedom n - p, and :math:`\phi = 1` for log-loss. V is 1 for squared error,
    :math:`\mu` for Poisson, :math:`\mu^2` for Gamma, :math:`\mu^3` for the inverse Gaussian
    distribution and :math:`\mu^p` for Tweedie with ``power=p``.

    These numbers describe how the estimates would vary between samples of the same size. They do
    not show whether a feature is a cause. They hold for a model that was chosen before the data
    were seen, and the model-based ones also assume the variances that the loss implies.

    Parameters
    ----------
    estimator : GDLinearRegressor, GDLogisticClassifier or GDSoftmaxClassifier
        Fitted to X and y with ``penalty=None`` or ``alpha=0``, by squared error, log-loss, or one
        of the losses "poisson", "gamma", "inverse_gaussian" and "tweedie".
    X : {array-like, sparse matrix, RowMatrix} of shape (n, d)
        The rows it was fitted to.
    y : array-like of shape (n,)
        Their target.
    sample_weight : array-like of shape (n,), default=None
        The weights it was fitted with.
    offset : array-like of shape (n,), default=None
        The offset it was fitted with, such as the logarithm of the exposure of counts.
    weights : {"analytic", "frequency", "importance"}, default="analytic"
        What a weight of s means.

        - "analytic": the variance of the row is 1/s of that of a row of weight 1, as of a mean
          of s observations. Only proportions count: weights are scaled to a mean of 1.
        - "frequency": s rows that are alike. A whole number.
        - "importance": the row stands for s rows of a population, as in a survey, and is one
          observation. Not for ``kind="model"``.
    kind : {"model", "HC0", "HC1", "HC2", "HC3", "cluster"}, default="model"
        How variances are estimated.

        - "model": from the likelihood.
        - "HC0": from the residuals, whatever the variance of each row (:math:`c_i = 1`).
        - "HC1": HC0 times n / (n - p).
        - "HC2", "HC3": :math:`c_i` is 1 / (1 - leverage), or the square of that. Not for more than
          two classes.
        - "cluster": from the sums of scores over groups of rows, which may depend on each other,
          times G / (G - 1) and (n - 1) / (n - p) for G groups.
    groups : array-like of shape (n,), default=None
        The group of each row. Only for ``kind="cluster"``.
    confidence : float, default=0.95
        Probability with which an interval covers the coefficient.

    Returns
    -------
    table : CoefficientTable
        A row for each feature and the intercept. Of more than two classes, rows are differences
        from the first class. Statistics of squared error, and those with an estimated dispersion,
        are compared with a t distribution, others with the normal one.

    Raises
    ------
    TypeError
        If the estimator is not a linear estimator of this library.
    ValueError
        If the formulas do not apply: with a penalty, a loss that is no likelihood, several targets
        or one-vs-rest classes; if columns are linearly dependent or classes are separated; if the
        coefficients are not the optimum for these rows; or if the fit had an offset and it is not
        passed here, or the other way round.

    See Also
    --------
    sklearn.utils.resample : For a bootstrap, where the formulas do not apply.

    References
    ----------
    McCullagh and Nelder (1989), *Generalized Linear Models*; White (1980), "A
    heteroskedasticity-consistent covariance matrix estimator"; MacKinnon and White (1985), for HC1
    to HC3; Liang and Zeger (1986), for clusters.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_gd import GDLinearRegressor
    >>> from sklearn_gd.inspection import coefficient_table
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> X = X[["bmi", "bp", "s5"]]
    >>> model = GDLinearRegressor(penalty=None).fit(X, y)
    >>> print(coefficient_table(model, X, y))
    name         estimate  std. error           t           p        from          to
    bmi            603.08      64.677      9.3245    5.55e-19      475.96      730.19
    bp             262.27      62.962      4.1656    3.74e-05      138.53      386.02
    s5             543.87      64.619      8.4166    5.56e-16      416.87      670.87
    intercept      152.13      2.6531      57.342   9.69e-206      146.92      157.35
    442 rows, model standard errors, dispersion 3111.2, 95% intervals, t with 438 degrees of freedom
    """
    check_option("weights", weights, WEIGHTS)
    check_option("kind", kind, KINDS)
    if not real(0, 1, open_low=True, open_high=True).allows(confidence):
        raise ValueError(f"confidence must be a number > 0 and < 1; got {confidence!r}.")
    _check_estimator(estimator, kind)
    likelihood, groups = likelihood_of(
        estimator, X, y, sample_weight, offset, weights, kind, groups
    )
    names = _names(estimator, likelihood)
    _check_rank(likelihood, estimator)
    information = likelihood.information()
    _check_separation(likelihood, information, names)
    inverse = Inverse(information)
    dispersion = likelihood.dispersion()
    _check_optimum(likelihood, information, inverse, dispersion)
    covariance = (
        dispersion * inverse.matrix()
        if kind == "model"
        else sandwich(likelihood, inverse, kind, groups)
    )
    return _table(likelihood, names, covariance, dispersion, kind, groups, confidence)


def _table(likelihood, names, covariance, dispersion, kind, groups, confidence):
    coef = likelihood.params.reshape(likelihood.model.n_coefficients, -1)
    estimate = (coef[:, likelihood.first :] - (coef[:, :1] if likelihood.first else 0)).T.ravel()
    std_error = np.sqrt(np.diagonal(covariance))
    df = _degrees_of_freedom(likelihood, kind, groups)
    law = norm() if df is None else t(df)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = estimate / std_error
    reach = law.ppf((1 + confidence) / 2) * std_error
    return CoefficientTable(
        names=names,
        estimate=estimate,
        std_error=std_error,
        statistic=statistic,
        p_value=2 * law.sf(np.abs(statistic)),
        lower=estimate - reach,
        upper=estimate + reach,
        covariance=covariance,
        dispersion=dispersion,
        df=df,
        n_samples=likelihood.n_rows,
        kind=kind,
        confidence=float(confidence),
    )


def _degrees_of_freedom(likelihood, kind, groups):
    """Those of a t distribution; None where the normal one is right for many rows alone."""
    is_squared = isinstance(likelihood.loss, SquaredError)
    if kind == "cluster" and is_squared:
        return float(len(np.unique(groups)) - 1)
    is_estimated = kind == "model" and likelihood.has_dispersion
    return likelihood.n_rows - likelihood.size if is_squared or is_estimated else None


def _check_estimator(estimator, kind):
    """Raise where there is no formula for the standard errors of this estimator."""
    if not isinstance(estimator, GradientDescentEstimator):
        raise TypeError(f"coefficient_table needs an estimator of sklearn_gd; got {estimator!r}.")
    check_is_fitted(estimator)
    model, loss = estimator._fitted.model, loss_of(estimator)
    name = type(loss).__name__
    if not model.is_linear:
        raise TypeError(
            "coefficient_table needs a linear estimator: weights of a network have no unique "
            "optimum, and so no standard errors."
        )
    if not (estimator._is_unpenalised or estimator.alpha == 0) or estimator.positive:
        raise ValueError(
            "coefficient_table needs a fit with penalty=None or alpha=0, and positive=False: a "
            "penalty or a constraint pulls coefficients away from what they estimate, so that "
            "intervals around them would not cover it."
        )
    if estimator.lower is not None or estimator.upper is not None:
        raise ValueError(
            "coefficient_table needs a fit without lower and upper: at a bound a coefficient has "
            "no standard error, and the others have those of a smaller model."
        )
    if getattr(estimator, "class_weight", None) is not None:
        raise ValueError(
            "coefficient_table needs class_weight=None: weights by class are neither counts nor "
            "variances. Pass sample_weight, and say by 'weights' what they mean."
        )
    if type(loss) not in VARIANCES:
        reason = (
            "has kinks, so that its second derivatives say nothing about the optimum"
            if loss.has_kinks or loss.stages(1.0) != [loss]
            else "is not the negative log-likelihood of a distribution"
        )
        raise ValueError(
            "coefficient_table takes squared error, log-loss, and Poisson, Gamma, Tweedie and "
            f"inverse Gaussian deviances; {name} {reason}. Use a bootstrap."
        )
    if model.n_outputs > 1 and not loss.is_shift_invariant:
        raise ValueError(
            "coefficient_table takes one target: several targets, labels, or one-vs-rest "
            "classes are separate models. Fit them one by one, or use GDSoftmaxClassifier."
        )
    if model.n_outputs > 1 and kind in LEVERAGE_POWERS:
        raise ValueError(
            f"kind={kind!r} needs the leverage of a row, which is no number for several classes; "
            "use 'HC0' or 'HC1'."
        )


def _names(estimator, likelihood):
    """Of the rows of the table."""
    model = likelihood.model
    features = vars(estimator).get("feature_names_in_")
    names = [f"x{j}" for j in range(model.n_features)] if features is None else list(features)
    names += ["intercept"] * model.fit_intercept
    if not likelihood.first:
        return names
    return [f"{label}: {name}" for label in estimator.classes_[1:].tolist() for name in names]


def _listed(names, is_meant):
    found = [name for name, is_one in zip(names, is_meant, strict=True) if is_one]
    more = "" if len(found) <= MAX_NAMES else f" and {len(found) - MAX_NAMES} more"
    return ", ".join(found[:MAX_NAMES]) + more


def _check_rank(likelihood, estimator):
    vectors = undetermined(likelihood.source, likelihood.model)
    if vectors is not None:
        names = _names(estimator, likelihood)[: likelihood.model.n_coefficients]
        raise ValueError(
            "Columns of X are linearly dependent, so that their coefficients are not determined: "
            f"{_listed(names, (vectors != 0).any(axis=1))}. Drop one of them."
        )


def _check_separation(likelihood, information, names):
    if not may_be_separated(likelihood, information):
        return
    direction = separating_direction(likelihood)
    if direction is not None:
        raise ValueError(
            "Rows are separated, so that coefficients have no finite optimum and no standard "
            f"error: the likelihood grows without bound along {_listed(names, direction != 0)}. "
            "Drop these features, or use a penalty and no table."
        )


def _check_optimum(likelihood, information, inverse, dispersion):
    gradient = likelihood.gradient()
    distance = np.sqrt(gradient @ inverse.times(gradient))
    coef = likelihood.params.reshape(likelihood.model.n_coefficients, -1)[:, likelihood.first :]
    size = np.sqrt(coef.T.ravel() @ information @ coef.T.ravel())
    if distance > NEAR * np.sqrt(dispersion) + ROUNDING * size:
        raise ValueError(
            f"The coefficients are {distance / np.sqrt(dispersion):.2g} standard errors away from "
            "the optimum of these rows. Pass the X, y, sample_weight and offset of fit, or fit "
            "with a smaller tol."
        )
