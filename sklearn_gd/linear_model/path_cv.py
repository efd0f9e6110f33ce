"""Choose the strength of a penalty by cross-validation along a regularization path."""

from typing import ClassVar

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone, is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.parallel import Parallel, delayed

from sklearn_gd._estimators.guards import all_or_nothing, explain_overflow, warn
from sklearn_gd._estimators.rows import FIT, Target, check_weight
from sklearn_gd._validation import (
    BOOLEAN,
    CALLABLE,
    NONE,
    InvalidParameterError,
    Rule,
    check_parameters,
    each,
    instance_of,
    integer,
    one_of,
    real,
)
from sklearn_gd.linear_model._base import LinearEstimator
from sklearn_gd.linear_model._best_estimator import BestEstimator
from sklearn_gd.linear_model._early_end import check_end
from sklearn_gd.linear_model._folds import (
    Grid,
    Rows,
    path_of_all,
    results_of,
    scores_of_fold,
    search_of,
)
from sklearn_gd.linear_model._per_feature import by_position

# As many as of scikit-learn's LassoCV.
DEFAULT_ALPHAS = 100


class GDPathCV(BestEstimator, MetaEstimatorMixin, BaseEstimator):
    r"""Choose the strength of a penalty by cross-validation along a regularization path.

    For each fold the data are prepared once, and the model is fitted for a descending range of
    ``alpha``, each fit starting from the optimum of the previous one. The scores on the held-out
    rows are those of a grid search over ``alpha`` and ``l1_ratio`` with the same folds, computed in
    a fraction of the time.

    Parameters
    ----------
    estimator : GDLinearRegressor, GDLinearClassifier, GDLogisticClassifier or GDSoftmaxClassifier
        The estimator whose ``alpha`` is chosen; its own ``alpha`` is ignored. It is cloned and not
        changed. It must have a penalty and ``early_stopping=False``.
    alphas : "auto", int or array-like of shape (m,), default="auto"
        Strengths of the penalty.

        - an int: this many in geometric progression. The first is the smallest alpha at which all
          coefficients are zero. For a penalty without kinks, and for ``l1_ratio`` below 0.001, it
          is that of an elastic net with ``l1_ratio=0.001``. The last is 1e-4 times the first alpha
          of the lasso, or 1e-2 times if X has at least as many features as rows.
        - "auto": 100 of these.
        - an array: these, at least 0.
    l1_ratios : array-like of shape (r,), default=None
        Values of ``l1_ratio`` to choose from, for an estimator with ``penalty="elasticnet"``. None
        keeps the value of the estimator.
    cv : int, splitter or iterable, default=5
        Number of folds, a cross-validation generator, or pairs of training and held-out positions,
        as of :func:`sklearn.model_selection.check_cv`. An int means stratified folds for
        classifiers.
    scoring : str, callable or None, default=None
        Score on the held-out rows, greater is better: the name of a scorer or a function
        ``scorer(estimator, X, y)``, which then needs a parameter ``sample_weight`` if there are
        weights. None is minus the mean loss, weighted by ``sample_weight``; it does not depend on
        ``class_weight``. An ``offset`` is part of the mean loss; another score needs metadata
        routing, and a scorer that requests it.
    rule : {"best", "one_standard_error"}, default="best"
        Which alpha is chosen.

        - "best": the one with the largest mean score over folds.
        - "one_standard_error": the largest alpha, at the best ``l1_ratio``, whose mean score is at
          least the best one minus its standard error, which is the standard deviation over the K
          folds divided by :math:`\sqrt K`.
    end_early : bool, default=False
        Whether the grid ends where a weaker penalty no longer improves the fit to all rows, by the
        rule of glmnet: where the explained fraction of the first fit's deviance grows by less
        than 1e-5 of itself from one alpha to the next, or exceeds 0.999; after five alphas or more.
        With ``l1_ratios``, where the last of their paths ends. This saves time, but where y has
        little noise the best alpha may lie beyond. For ``alphas="auto"`` or a number, convex
        problems without ``lower`` and ``upper``, and no stochastic solver.
    n_jobs : int or None, default=None
        Number of folds that are computed at the same time. None means 1, -1 all processors.
    refit : bool, default=True
        Whether to fit the best estimator and the path of coefficients to all rows.

    Attributes
    ----------
    alphas_ : ndarray of shape (m,), or (r, m) with ``l1_ratios``
        The strengths, in descending order; with ``end_early``, m may be less than what was asked.
    best_alpha_ : float
        The chosen strength.
    best_l1_ratio_ : float or None
        The chosen ``l1_ratio``; None for other penalties than "elasticnet".
    best_index_ : int
        Index of the chosen parameters in ``cv_results_``.
    best_score_ : float
        Mean score of the chosen parameters over the folds.
    scores_ : ndarray of shape (m, K), or (r, m, K) with ``l1_ratios``
        The score of each alpha on the held-out rows of each fold.
    cv_results_ : dict of lists and arrays
        As in :class:`~sklearn.model_selection.GridSearchCV`, without times: "params",
        "param_alpha", "param_l1_ratio", "mean_test_score", "std_test_score", "rank_test_score",
        "split0_test_score" and so on; and "standard_error", which ``rule`` uses.
    n_splits_ : int
        K, the number of folds.
    coef_path_ : ndarray of shape (m, ...)
        Coefficients fitted to all rows, for each alpha at the best ``l1_ratio``, shaped like
        ``coef_``.
    intercept_path_ : ndarray of shape (m, ...)
        Intercepts, likewise.
    best_estimator_ : estimator
        The estimator with the chosen strength, fitted to all rows.
    classes_ : ndarray of shape (K,)
        Labels, of a classifier.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of str
        Names of the features, if X has string column names.

    See Also
    --------
    regularization_path : The path alone.
    sklearn_gd.inspection.PathDisplay : A picture of it.
    sklearn.linear_model.LassoCV : The same for squared error and l1.
    sklearn.linear_model.LogisticRegressionCV : The same for log-loss, with ``C``.

    References
    ----------
    Friedman, Hastie and Tibshirani (2010), "Regularization paths for generalized linear models via
    coordinate descent"; Breiman et al. (1984), *Classification and Regression Trees*, section
    3.4.3, for the rule of one standard error.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_gd import GDLinearRegressor, GDPathCV
    >>> X, y = load_diabetes(return_X_y=True)
    >>> lasso = GDLinearRegressor(penalty="l1")
    >>> best = GDPathCV(lasso).fit(X, y)
    >>> sparse = GDPathCV(lasso, rule="one_standard_error").fit(X, y)
    >>> [int((model.best_estimator_.coef_ != 0).sum()) for model in (best, sparse)]
    [9, 6]
    """

    _rules: ClassVar[dict[str, Rule]] = {
        "alphas": one_of("auto") | integer(1) | each(real(0), "an array of numbers >= 0"),
        "l1_ratios": each(real(0, 1), "an array of numbers >= 0 and <= 1") | NONE,
        "scoring": instance_of(str, words="the name of a scorer") | CALLABLE | NONE,
        "rule": one_of("best", "one_standard_error"),
        "end_early": BOOLEAN,
        "refit": BOOLEAN,
    }

    def __init__(
        self,
        estimator,
        *,
        alphas="auto",
        l1_ratios=None,
        cv=5,
        scoring=None,
        rule="best",
        end_early=False,
        n_jobs=None,
        refit=True,
    ):
        self.estimator = estimator
        self.alphas = alphas
        self.l1_ratios = l1_ratios
        self.cv = cv
        self.scoring = scoring
        self.rule = rule
        self.end_early = end_early
        self.n_jobs = n_jobs
        self.refit = refit

    def fit(self, X, y, sample_weight=None, *, offset=None, **params):
        """Choose alpha by cross-validation, and fit the estimator with it to all rows.

        Parameters
        ----------
        X : {array-like, sparse matrix, RowMatrix} of shape (n, d)
            Features, in any units.
        y : array-like of shape (n,) or (n, k)
            Target, as of the estimator.
        sample_weight : array-like of shape (n,), default=None
            Weight of each row in the fits and in the scores, at least 0.
        offset : array-like of shape (n,) or (n, k), default=None
            Of the raw prediction of each row, in the fits and in the scores, such as the logarithm
            of the exposure; for GDLinearRegressor.
        **params : dict
            ``groups`` of shape (n,), for splitters that keep groups together. With metadata routing
            what ``cv`` and ``scoring`` request.

        Returns
        -------
        self : object
            The fitted estimator. If fitting fails, it is unchanged.

        Raises
        ------
        TypeError
            For an estimator that is not linear or not of this library.
        ValueError
            For a parameter or data that cannot be used, or a score that is NaN.

        Warns
        -----
        ConvergenceWarning
            If fits ended before ``tol`` was reached.

        Examples
        --------
        >>> from sklearn.datasets import load_breast_cancer
        >>> from sklearn_gd import GDLogisticClassifier, GDPathCV
        >>> X, y = load_breast_cancer(return_X_y=True)
        >>> model = GDPathCV(GDLogisticClassifier(standardize=True), alphas=10).fit(X, y)
        >>> bool(model.score(X, y) > 0.97)
        True
        """
        with all_or_nothing(self), explain_overflow(type(self).__name__):
            self._check()
            options = self._named(X, offset)
            split_params, is_scored_by_weight = self._routed(sample_weight, offset, params)
            model = clone(self.estimator)
            check_parameters(model, model._rules)
            checked, target = model._validated(X, Target(y, offset) if options else y, FIT)
            rows = Rows(checked, target, check_weight(sample_weight, checked.shape[0]))
            names, d = vars(model).get("feature_names_in_"), checked.shape[1]
            search = search_of(
                by_position(self.estimator, names, d),
                rows,
                self._asked_alphas(),
                self.l1_ratios,
                owner=type(self).__name__ if self.end_early else None,
            )
            labels = target.y if options else target
            splits = check_cv(self.cv, labels, classifier=is_classifier(model))
            splits = list(splits.split(X, y, **split_params))
            parallel = Parallel(n_jobs=self.n_jobs)
            results = parallel(
                delayed(scores_of_fold)(search, split, number, self.scoring, is_scored_by_weight)
                for number, split in enumerate(splits)
            )
            self._warn_unless_converged([result.complaint for result in results], search.grid)
            self._choose(search.grid, np.stack([result.scores for result in results], axis=-1))
            self._keep_names(model)
            if self.refit:
                self._refit(X, y, sample_weight, options, search)
        return self

    def _check(self):
        check_parameters(self, self._rules)
        owner, estimator = type(self).__name__, self.estimator
        if not isinstance(estimator, LinearEstimator):
            raise TypeError(
                f"{owner} needs a linear estimator of sklearn_gd; got {estimator!r}. With a "
                f"pipeline, make {owner} its last step."
            )
        if estimator._is_unpenalised:
            raise InvalidParameterError(
                f"{owner} chooses the strength of a penalty, and the estimator has penalty=None; "
                "set penalty to 'l2', 'l1' or 'elasticnet'."
            )
        if estimator.early_stopping:
            raise InvalidParameterError(
                f"{owner} scores on the rows that cv holds out, and the estimator would hold out "
                "more; set early_stopping=False."
            )
        if self.end_early:
            check_end(owner, estimator, isinstance(self.alphas, str) or np.ndim(self.alphas) == 0)
        is_elastic = isinstance(estimator.penalty, str) and estimator.penalty == "elasticnet"
        if self.l1_ratios is not None and not is_elastic:
            raise InvalidParameterError(
                f"The 'l1_ratios' parameter of {owner} is only used by an estimator with "
                f"penalty='elasticnet'; it has penalty={estimator.penalty!r}."
            )
        for name in ("alphas", "l1_ratios"):
            value = getattr(self, name)
            if value is not None and np.size(value) == 0:
                raise InvalidParameterError(f"The {name!r} parameter of {owner} is empty.")

    def _asked_alphas(self):
        """A number of alphas, or all of them in descending order."""
        if isinstance(self.alphas, str):
            return DEFAULT_ALPHAS
        if np.ndim(self.alphas) == 0:
            return int(self.alphas)
        return np.sort(np.asarray(self.alphas, dtype=np.float64))[::-1]

    def _routed(self, sample_weight, offset, params):
        """What the splitter is given, and whether the scorer is given weights."""
        is_routing = get_config()["enable_metadata_routing"]
        routed = None
        if is_routing:
            given = {"sample_weight": sample_weight, "offset": offset} | params
            routed = process_routing(self, "fit", **given)
        of_scorer = routed.scorer.score if is_routing and self.scoring is not None else {}
        if offset is not None and self.scoring is not None and "offset" not in of_scorer:
            raise ValueError(
                f"scoring={self.scoring!r} would score predictions without the offset. Use "
                "scoring=None, which is minus the mean loss, or, with metadata routing, a scorer "
                "that asks for it: make_scorer(metric).set_score_request(offset=True) for a "
                "metric(y, prediction, offset)."
            )
        if is_routing:
            return routed.splitter.split, self.scoring is None or "sample_weight" in of_scorer
        unknown = sorted(set(params) - {"groups"})
        if unknown:
            raise TypeError(
                f"{type(self).__name__}.fit got unexpected arguments {unknown}; without metadata "
                "routing it takes sample_weight, offset and groups."
            )
        return {"groups": params.get("groups")}, True

    def _choose(self, grid: Grid, scores):
        """Write scores (r, m, K) and what is best by them."""
        if np.isnan(scores).any():
            row, column, fold = np.argwhere(np.isnan(scores))[0]
            raise ValueError(
                f"scoring={self.scoring!r} is NaN in fold {fold} at alpha="
                f"{grid.alphas[row, column]:g}, so that no alpha is the best."
            )
        n_splits = scores.shape[-1]
        if self.rule == "one_standard_error" and n_splits < 2:
            raise ValueError(
                "rule='one_standard_error' needs the scores of at least two folds; cv has one."
            )
        mean, ddof = scores.mean(axis=-1), min(1, n_splits - 1)
        error = scores.std(axis=-1, ddof=ddof) / np.sqrt(n_splits)
        ratio, best = map(int, np.unravel_index(np.argmax(mean), mean.shape))
        if self.rule == "one_standard_error":
            # alphas descend, so that the first that is good enough is the largest
            best = int(np.argmax(mean[ratio] >= mean[ratio, best] - error[ratio, best]))
        self.n_splits_ = n_splits
        self.best_index_ = int(np.ravel_multi_index((ratio, best), mean.shape))
        self.best_alpha_ = float(grid.alphas[ratio, best])
        self.best_l1_ratio_ = grid.l1_ratios[ratio]
        self.best_score_ = float(mean[ratio, best])
        self.cv_results_ = results_of(grid, scores, error)
        is_table = self.l1_ratios is not None
        self.alphas_ = grid.alphas if is_table else grid.alphas[0]
        self.scores_ = scores if is_table else scores[0]

    def _refit(self, X, y, sample_weight, options, search):
        """The path of all rows, and the best estimator from where the path has been."""
        chosen = {"alpha": self.best_alpha_}
        if self.best_l1_ratio_ is not None:
            chosen["l1_ratio"] = self.best_l1_ratio_
        best = clone(self.estimator).set_params(**chosen)
        path, column = path_of_all(search, self.best_index_, chosen)
        self.coef_path_, self.intercept_path_ = path
        start = {"coef_init": self.coef_path_[column]}
        if best.fit_intercept:
            start["intercept_init"] = self.intercept_path_[column]
        self.best_estimator_ = best.fit(X, y, sample_weight, **options, **start)

    def _keep_names(self, model):
        """What a search shows of the rows it was fitted to."""
        vars(self).pop("feature_names_in_", None)
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(model, name):
                setattr(self, name, getattr(model, name))

    def _warn_unless_converged(self, complaints, grid):
        failed = [complaint for complaint in complaints if complaint is not None]
        if failed:
            n_fits = grid.alphas.size * len(complaints)
            n_failed = sum(complaint.n_fits for complaint in failed)
            warn(
                f"{type(self).__name__}: {n_failed} of {n_fits} fits did not converge, one of "
                f"them at alpha={failed[0].alpha:g}: {failed[0].message}.",
                ConvergenceWarning,
            )

    def get_metadata_routing(self):
        """Who is given what: this estimator weights and the offset, the splitter groups.

        The scorer is given what it requests.

        Returns
        -------
        routing : sklearn.utils.metadata_routing.MetadataRouter
        """
        router = MetadataRouter(owner=self).add_self_request(self)
        router.add(
            splitter=check_cv(self.cv),
            method_mapping=MethodMapping().add(caller="fit", callee="split"),
        )
        if self.scoring is not None:
            router.add(
                scorer=check_scoring(self.estimator, self.scoring),
                method_mapping=MethodMapping().add(caller="fit", callee="score"),
            )
        return router

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.estimator_type = inner.estimator_type
        tags.classifier_tags, tags.regressor_tags = inner.classifier_tags, inner.regressor_tags
        tags.target_tags, tags.input_tags = inner.target_tags, inner.input_tags
        return tags
