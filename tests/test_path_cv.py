"""Alpha by cross-validation along a path: the same as a grid search, and as scikit-learn's CVs."""

import pickle
from itertools import product

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from common import CASES, make_data, make_weights
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import ElasticNetCV, LassoCV, LogisticRegressionCV, RidgeCV
from sklearn.metrics import (
    check_scoring,
    get_scorer,
    make_scorer,
    mean_poisson_deviance,
    mean_squared_error,
)
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    ShuffleSplit,
    StratifiedKFold,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_gd import (
    GDLinearClassifier,
    GDLinearRegressor,
    GDLogisticClassifier,
    GDMLPRegressor,
    GDPathCV,
    GDSoftmaxClassifier,
    regularization_path,
)
from sklearn_gd._validation import InvalidParameterError
from sklearn_gd.data import ArraySource, RowMatrix
from sklearn_gd.linear_model._condensed import condensed
from sklearn_gd.losses import LOSSES, Logistic, SquaredError
from sklearn_gd.models import Linear
from sklearn_gd.objective import EmpiricalRisk
from sklearn_gd.penalties import L2, GroupLasso, Tikhonov

ALPHAS = [0.3, 0.1, 0.02, 0.001]
EXACT = {"tol": 1e-13}
# An estimator, the case whose data it is fitted to, and the scorer that is the default score.
SEARCHED = {
    "lasso": (GDLinearRegressor(penalty="l1"), "regression", "neg_mean_squared_error"),
    "ridge": (GDLinearRegressor(), "two-targets", "neg_mean_squared_error"),
    "standardize": (
        GDLinearRegressor(penalty="l1", standardize=True),
        "regression",
        "neg_mean_squared_error",
    ),
    "no-intercept": (
        GDLinearRegressor(penalty="elasticnet", fit_intercept=False),
        "regression",
        "neg_mean_squared_error",
    ),
    "absolute": (
        GDLinearRegressor(loss="absolute_error"),
        "regression",
        "neg_mean_absolute_error",
    ),
    "logistic": (GDLogisticClassifier(penalty="l1"), "logistic", "neg_log_loss"),
    "balanced": (GDLogisticClassifier(class_weight="balanced"), "logistic", "neg_log_loss"),
    "softmax": (GDSoftmaxClassifier(penalty="elasticnet"), "softmax", "neg_log_loss"),
}
# The default score of squared error is half of scikit-learn's, and a sum over targets.
FACTORS = {"lasso": 0.5, "ridge": 1.0, "standardize": 0.5, "no-intercept": 0.5}


def grid_search(estimator, X, y, scoring, **grid):
    return GridSearchCV(estimator, {"alpha": ALPHAS} | grid, scoring=scoring, cv=3).fit(X, y)


def split_scores(search):
    results = search.cv_results_
    return np.array([results[f"split{fold}_test_score"] for fold in range(search.n_splits_)]).T


@pytest.mark.parametrize("name", SEARCHED)
def test_default_scores_are_those_of_a_grid_search_by_the_loss(name):
    estimator, case, scoring = SEARCHED[name]
    estimator = clone(estimator).set_params(**EXACT)
    X, y = make_data(case)
    path = GDPathCV(estimator, alphas=ALPHAS, cv=3).fit(X, y)
    search = grid_search(estimator, X, y, scoring)
    assert_allclose(path.scores_, FACTORS.get(name, 1.0) * split_scores(search), rtol=2e-5)
    assert path.best_alpha_ == search.best_params_["alpha"]
    assert path.best_index_ == search.best_index_
    assert_allclose(path.best_estimator_.coef_, search.best_estimator_.coef_, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("case", "scoring"),
    [
        ("regression", "r2"),
        ("one-vs-rest", "accuracy"),
        ("multilabel", "f1_macro"),
        ("modified-huber", "neg_log_loss"),
        ("softmax", "roc_auc_ovr"),
    ],
)
def test_scores_of_a_scorer_are_those_of_a_grid_search(case, scoring):
    X, y = make_data(case)
    estimator = CASES[case].estimator(**CASES[case].params, **EXACT)
    path = GDPathCV(estimator, alphas=ALPHAS, cv=3, scoring=scoring).fit(X, y)
    search = grid_search(estimator, X, y, scoring)
    assert_allclose(path.scores_, split_scores(search), rtol=1e-5)
    for name in ("mean_test_score", "std_test_score"):
        assert_allclose(path.cv_results_[name], search.cv_results_[name], rtol=1e-4, atol=1e-6)
    assert path.cv_results_["params"] == search.cv_results_["params"]


def test_l1_ratios_are_searched_too():
    X, y = make_data("regression")
    estimator = GDLinearRegressor(penalty="elasticnet", **EXACT)
    ratios = [0.2, 0.9]
    path = GDPathCV(estimator, alphas=ALPHAS, l1_ratios=ratios, cv=3).fit(X, y)
    half = make_scorer(lambda y, p: -mean_squared_error(y, p) / 2)
    search = grid_search(estimator, X, y, half, l1_ratio=ratios)
    places = [search.cv_results_["params"].index(point) for point in path.cv_results_["params"]]
    assert_allclose(path.scores_.reshape(-1, 3), split_scores(search)[places], rtol=1e-6)
    assert search.best_params_ == {"alpha": path.best_alpha_, "l1_ratio": path.best_l1_ratio_}
    assert path.best_estimator_.l1_ratio == path.best_l1_ratio_
    assert path.alphas_.shape == (2, 4)
    assert path.cv_results_["params"][path.best_index_] == search.best_params_


PENALISED = {
    "lasso": (GDLinearRegressor(penalty="l1"), "regression"),
    "two-targets": (GDLinearRegressor(penalty="elasticnet"), "two-targets"),
    "standardize": (GDLinearRegressor(penalty="l1", standardize=True), "regression"),
    "positive": (GDLinearRegressor(penalty="l1", positive=True), "regression"),
    "groups": (GDLinearRegressor(penalty=GroupLasso(groups=[0, 1, 0, 1])), "two-targets"),
    "logistic": (GDLogisticClassifier(penalty="l1"), "logistic"),
    "one-vs-rest": (GDLogisticClassifier(penalty="l1"), "one-vs-rest"),
    "softmax": (GDSoftmaxClassifier(penalty="l1"), "softmax"),
    "slope": (GDLinearRegressor(penalty="slope"), "regression"),
    "mcp": (GDLinearRegressor(penalty="mcp"), "regression"),
    "squared-hinge": (GDLinearClassifier(penalty="l1", loss="squared_hinge"), "logistic"),
}


@pytest.mark.parametrize("name", PENALISED)
def test_the_first_alpha_is_the_least_at_which_all_coefficients_are_zero(name):
    estimator, case = PENALISED[name]
    estimator = clone(estimator).set_params(**EXACT)
    X, y = make_data(case)
    X = X * [1.0, 3.0, 0.2, 1.0]
    weight = make_weights()
    path = GDPathCV(estimator, alphas=3, cv=2).fit(X, y, sample_weight=weight)
    above, below = (
        clone(estimator).set_params(alpha=factor * path.alphas_[0]).fit(X, y, weight)
        for factor in (1 + 1e-9, 1 - 1e-3)
    )
    assert not above.coef_.any()
    assert below.coef_.any()


BESIDE = {
    "l1": GDLinearRegressor(penalty="l1", penalty_weights=[0, 1, 2, 1]),
    "elasticnet": GDLinearRegressor(penalty="elasticnet", penalty_weights=[0, 1, 2, 1]),
    "standardize": GDLinearRegressor(penalty="l1", penalty_weights=[0, 1, 2, 1], standardize=True),
    "positive": GDLinearRegressor(penalty="l1", penalty_weights=[0, 1, 2, 1], positive=True),
    "lower": GDLinearRegressor(penalty="l1", lower=[1.5, -9, -9, -9]),
    "upper": GDLinearRegressor(penalty="l1", upper=[-0.5, 9, 9, 9]),
    "groups": GDLinearRegressor(penalty=GroupLasso(groups=[0, 1, 1, 1]), penalty_weights=[0, 2]),
    "logistic": GDLogisticClassifier(penalty="l1", penalty_weights=[0, 1, 1, 1]),
}


@pytest.mark.parametrize("name", BESIDE)
def test_the_first_alpha_is_that_beside_features_that_no_penalty_holds_at_zero(name):
    X, y = make_data("logistic" if name == "logistic" else "regression")
    X = X * [1.0, 3.0, 0.2, 1.0]
    estimator = clone(BESIDE[name]).set_params(**EXACT)
    path = GDPathCV(estimator, alphas=3, cv=2).fit(X, y)
    above, below = (
        clone(estimator).set_params(alpha=factor * path.alphas_[0]).fit(X, y)
        for factor in (1 + 1e-5, 1 - 1e-3)
    )
    assert above.coef_.ravel()[0] != 0
    assert not above.coef_.ravel()[1:].any()
    assert below.coef_.ravel()[1:].any()
    assert path.best_alpha_ in path.alphas_


def test_ridge_beside_features_without_a_penalty_begins_as_ever():
    X, y = make_data("regression")
    lasso, ridge = (
        GDPathCV(GDLinearRegressor(penalty=penalty, penalty_weights=[0, 1, 1, 1]), alphas=3, cv=2)
        .fit(X, y)
        .alphas_
        for penalty in ("l1", "l2")
    )
    assert_allclose([ridge[0], ridge[-1]], [1e3 * lasso[0], lasso[-1]], rtol=1e-9)


def test_a_path_without_a_penalised_feature_has_no_first_alpha():
    X, y = make_data("regression")
    path = GDPathCV(GDLinearRegressor(penalty_weights=np.zeros(4)), alphas=3, cv=2)
    with pytest.raises(ValueError, match="set penalty_weights above 0, or pass alphas"):
        path.fit(X, y)
    assert path.set_params(alphas=[0.1]).fit(X, y).best_alpha_ == 0.1


@pytest.mark.parametrize("alphas", [3, [0.1, 0.01]], ids=str)
def test_weights_and_bounds_go_by_column_name(alphas):
    X, y = make_data("regression")
    frame = pd.DataFrame(X, columns=list("abcd"))
    dicts = {"penalty_weights": {"a": 2}, "lower": {"b": 0}, "upper": {"d": 0.1}}
    arrays = {
        "penalty_weights": [2, 1, 1, 1],
        "lower": [-np.inf, 0, -np.inf, -np.inf],
        "upper": [np.inf, np.inf, np.inf, 0.1],
    }
    estimator = GDLinearRegressor(penalty="l1", **EXACT)
    named, plain = (
        GDPathCV(clone(estimator).set_params(**params), alphas=alphas, cv=2).fit(rows, y)
        for params, rows in ((dicts, frame), (arrays, X))
    )
    assert_allclose(named.alphas_, plain.alphas_, rtol=1e-9)
    assert_allclose(named.scores_, plain.scores_, rtol=1e-9)
    assert_allclose(named.coef_path_, plain.coef_path_, atol=1e-9)
    assert named.best_estimator_.penalty_weights == {"a": 2}


def test_the_first_alpha_has_a_closed_form_for_elastic_nets():
    X, y = make_data("regression")
    slope = np.abs((X - X.mean(axis=0)).T @ (y - y.mean())).max() / len(y)
    for ratio, used in [(1.0, 1.0), (0.5, 0.5), (1e-4, 1e-3), (0.0, 1e-3)]:
        estimator = GDLinearRegressor(penalty="elasticnet", l1_ratio=ratio)
        alphas = GDPathCV(estimator, alphas=5, cv=2, refit=False).fit(X, y).alphas_
        assert_allclose(alphas, np.geomspace(slope / used, 1e-4 * slope, 5), rtol=1e-9)
    wide = GDPathCV(GDLinearRegressor(penalty="l1"), alphas=2, cv=2).fit(X[:4], y[:4])
    assert_allclose(wide.alphas_[1] / wide.alphas_[0], 1e-2, rtol=1e-9)


def test_a_constant_target_has_a_path_of_zeros():
    X, _ = make_data("regression")
    path = GDPathCV(GDLinearRegressor(penalty="l1"), alphas=2, cv=2).fit(X, np.ones(len(X)))
    assert not path.coef_path_.any()
    assert path.best_alpha_ == 1.0


@pytest.mark.parametrize("name", PENALISED)
def test_the_path_is_that_of_separate_fits(name):
    estimator, case = PENALISED[name]
    estimator = clone(estimator).set_params(**EXACT)
    X, y = make_data(case)
    path = GDPathCV(estimator, alphas=6, cv=2).fit(X, y, sample_weight=make_weights())
    for alpha, coef, intercept in zip(
        path.alphas_, path.coef_path_, path.intercept_path_, strict=True
    ):
        alone = clone(estimator).set_params(alpha=alpha).fit(X, y, make_weights())
        assert_allclose(coef, alone.coef_, rtol=1e-4, atol=1e-5)
        assert_allclose(intercept, alone.intercept_, rtol=1e-4, atol=1e-5)
        assert_array_equal(coef == 0, alone.coef_ == 0)


@pytest.mark.parametrize("name", ["lasso", "softmax"])
def test_weights_are_copies(name):
    estimator, case = PENALISED[name]
    estimator = clone(estimator).set_params(**EXACT)
    X, y = make_data(case)
    weight, groups = make_weights().astype(int), np.arange(60) % 3
    copies = np.repeat(np.arange(60), weight)
    cv = LeaveOneGroupOut()
    weighted = GDPathCV(estimator, alphas=5, cv=cv, rule="one_standard_error")
    copied = clone(weighted).fit(X[copies], y[copies], groups=groups[copies])
    weighted.fit(X, y, sample_weight=weight, groups=groups)
    assert_allclose(weighted.alphas_, copied.alphas_, rtol=1e-9)
    assert_allclose(weighted.scores_, copied.scores_, rtol=1e-6)
    assert weighted.best_index_ == copied.best_index_
    assert_allclose(weighted.coef_path_, copied.coef_path_, rtol=1e-5, atol=1e-6)


# The estimators of scikit-learn that choose a strength.


@pytest.mark.parametrize("ratio", [None, 0.5])
def test_lasso_and_elastic_net_choose_the_same_alpha(ratio):
    X, y = make_data("regression")
    penalty = {"penalty": "l1"} if ratio is None else {"penalty": "elasticnet", "l1_ratio": ratio}
    ours = GDPathCV(GDLinearRegressor(**penalty, **EXACT), alphas=20, cv=KFold(4)).fit(X, y)
    settings = {"cv": KFold(4), "alphas": ours.alphas_, "tol": 1e-12}
    theirs = LassoCV(**settings) if ratio is None else ElasticNetCV(l1_ratio=ratio, **settings)
    theirs.fit(X, y)
    assert_allclose(-2 * ours.scores_, theirs.mse_path_, rtol=1e-6)
    assert ours.best_alpha_ == theirs.alpha_
    assert_allclose(ours.best_estimator_.coef_, theirs.coef_, atol=1e-6)


def test_ridge_chooses_the_same_alpha():
    X, y = make_data("regression")
    n_train, alphas = 45, np.geomspace(1, 1e-3, 8)
    estimator = GDLinearRegressor(**EXACT)
    ours = GDPathCV(estimator, alphas=alphas, cv=KFold(4)).fit(X, y)
    # the strength of Ridge is for a sum over the rows of a fold
    theirs = RidgeCV(alphas=n_train * alphas, cv=KFold(4), scoring="neg_mean_squared_error")
    theirs.fit(X, y)
    assert_allclose(2 * ours.best_score_, theirs.best_score_, rtol=1e-6)
    assert_allclose(n_train * ours.best_alpha_, theirs.alpha_)


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("case", ["logistic", "softmax"])
def test_logistic_regression_chooses_the_same_strength(case):
    X, y = make_data(case)
    splits, alphas = list(StratifiedKFold(4).split(X, y)), np.geomspace(1, 1e-3, 6)
    ours = GDPathCV(GDSoftmaxClassifier(**EXACT), alphas=alphas, cv=splits).fit(X, y)
    strengths = 1 / (45 * alphas)
    settings = {"cv": splits, "scoring": "neg_log_loss", "tol": 1e-10, "max_iter": 1000}
    theirs = LogisticRegressionCV(Cs=strengths, **settings).fit(X, y)
    scores = theirs.scores_
    scores = next(iter(scores.values())) if isinstance(scores, dict) else scores
    assert_allclose(ours.scores_.T, np.reshape(scores, (4, 6)), rtol=1e-5)
    assert_allclose(1 / (45 * ours.best_alpha_), np.ravel(theirs.C_)[0])


# The choice.


def test_the_rule_of_one_standard_error():
    X, y = make_data("regression")
    best = GDPathCV(GDLinearRegressor(penalty="l1"), alphas=30).fit(X, y)
    sparse = clone(best).set_params(rule="one_standard_error").fit(X, y)
    mean = best.scores_.mean(axis=1)
    error = best.scores_.std(axis=1, ddof=1) / np.sqrt(5)
    at = mean.argmax()
    expected = best.alphas_[mean >= mean[at] - error[at]].max()
    assert (best.best_alpha_, best.best_score_) == (best.alphas_[at], mean[at])
    assert sparse.best_alpha_ == expected > best.best_alpha_
    assert sparse.alphas_[sparse.best_index_] == expected
    assert_allclose(best.cv_results_["standard_error"], error)
    assert sparse.best_estimator_.alpha == expected


def test_the_rule_of_one_standard_error_stays_at_the_best_l1_ratio():
    X, y = make_data("regression")
    estimator = GDLinearRegressor(penalty="elasticnet")
    best = GDPathCV(estimator, alphas=10, l1_ratios=[0.1, 0.5, 1.0]).fit(X, y)
    sparse = clone(best).set_params(rule="one_standard_error").fit(X, y)
    assert sparse.best_l1_ratio_ == best.best_l1_ratio_
    assert sparse.best_alpha_ > best.best_alpha_


# As an estimator.


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(
    [
        GDPathCV(GDLinearRegressor(penalty="l1"), alphas=3, cv=3),
        GDPathCV(GDLogisticClassifier(), alphas=3, cv=3),
    ]
)
def test_scikit_learn_check(estimator, check):
    check(estimator)


@pytest.mark.parametrize("case", ["two-targets", "multilabel", "softmax"])
def test_methods_are_those_of_the_best_estimator(case):
    X, y = make_data(case)
    model = GDPathCV(CASES[case].estimator(), alphas=ALPHAS, cv=2).fit(X, y)
    assert is_classifier(model) != is_regressor(model)
    for method in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
        assert hasattr(model, method) == hasattr(model.best_estimator_, method)
        if hasattr(model, method):
            expected = getattr(model.best_estimator_, method)(X)
            assert_array_equal(getattr(model, method)(X), expected)
            assert_array_equal(getattr(pickle.loads(pickle.dumps(model)), method)(X), expected)
    weight = make_weights()
    assert model.score(X, y, weight) == model.best_estimator_.score(X, y, weight)


def test_a_regressor_has_no_classes_and_a_hinge_no_probabilities():
    X, y = make_data("logistic")
    model = GDPathCV(GDLinearRegressor(), alphas=[0.1], cv=2).fit(X, y)
    assert not hasattr(model, "classes_")
    model = GDPathCV(GDLinearClassifier(loss="squared_hinge"), alphas=[0.1], cv=2)
    with pytest.raises(AttributeError, match="predict_proba"):
        model.predict_proba(X)
    assert_array_equal(model.fit(X, y).classes_, [0, 1])


def test_without_refit_there_are_scores_and_no_predictions():
    X, y = make_data("regression")
    model = GDPathCV(GDLinearRegressor(), alphas=ALPHAS, cv=2, refit=False).fit(X, y)
    assert model.best_alpha_ in ALPHAS
    assert not hasattr(model, "coef_path_")
    with pytest.raises(AttributeError, match="predict") as error:
        model.predict(X)
    assert "set refit=True" in str(error.value.__cause__)


def test_before_fit_there_are_no_predictions():
    with pytest.raises(NotFittedError):
        GDPathCV(GDLinearRegressor()).predict([[1.0]])


class Rows(RowMatrix):
    def __init__(self, X):
        self._X, self.shape, self.dtype = X, X.shape, X.dtype

    def __getitem__(self, rows):
        return self._X[rows]


@pytest.mark.parametrize("kind", [sp.csr_matrix, Rows, pd.DataFrame], ids=lambda k: k.__name__)
@pytest.mark.parametrize("name", ["lasso", "softmax"])
def test_storages_have_the_same_path(kind, name):
    estimator, case = PENALISED[name]
    X, y = make_data(case)
    kept = kind(X) if kind is not pd.DataFrame else pd.DataFrame(X, columns=list("abcd"))
    model = GDPathCV(clone(estimator).set_params(**EXACT), alphas=5, cv=2)
    dense, other = clone(model).fit(X, y), clone(model).fit(kept, y)
    assert_allclose(other.scores_, dense.scores_, rtol=1e-6)
    assert_allclose(other.coef_path_, dense.coef_path_, rtol=1e-5, atol=1e-6)
    if kind is pd.DataFrame:
        assert_array_equal(other.feature_names_in_, list("abcd"))
        assert_array_equal(other.best_estimator_.feature_names_in_, list("abcd"))


def test_float32_is_kept():
    X, y = make_data("regression")
    path = GDPathCV(GDLinearRegressor(penalty="l1"), alphas=5, cv=2)
    single = clone(path).fit(X.astype(np.float32), y)
    assert single.coef_path_.dtype == single.best_estimator_.coef_.dtype == np.float32
    assert_allclose(single.scores_, path.fit(X, y).scores_, rtol=1e-4)


@pytest.mark.slow
def test_folds_in_parallel_have_the_same_scores():
    X, y = make_data("logistic")
    alone = GDPathCV(GDLogisticClassifier(), alphas=3, cv=2).fit(X, y)
    together = clone(alone).set_params(n_jobs=2).fit(X, y)
    assert_array_equal(alone.scores_, together.scores_)


def test_a_pipeline_and_a_grid_search_around_it():
    X, y = make_data("logistic")
    model = GDPathCV(GDLogisticClassifier(), alphas=3, cv=2)
    pipeline = make_pipeline(StandardScaler(), model)
    grid = {"gdpathcv__estimator__penalty": ["l1", "l2"], "gdpathcv__alphas": [2, 3]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(X, y)
    assert search.best_estimator_[-1].best_estimator_.penalty in ("l1", "l2")
    assert model.estimator.alpha == GDLogisticClassifier().alpha


def test_the_alpha_of_the_estimator_is_ignored():
    X, y = make_data("regression")
    paths = [
        GDPathCV(GDLinearRegressor(penalty="l1", alpha=alpha), alphas=5, cv=2).fit(X, y)
        for alpha in (0, 7.0)
    ]
    assert paths[0].coef_path_[-1].any()
    assert_array_equal(paths[0].coef_path_, paths[1].coef_path_)
    whole = regularization_path(GDLinearRegressor(penalty="l1", alpha=0), X, y, [0.5])
    assert_allclose(
        whole.coefs[0], GDLinearRegressor(penalty="l1", alpha=0.5).fit(X, y).coef_, atol=1e-6
    )


def test_stochastic_solvers_see_the_rows():
    X, y = make_data("regression")
    estimator = GDLinearRegressor(solver="sgd", max_iter=5, tol=0, random_state=0)
    path = GDPathCV(estimator, alphas=[0.1], cv=2).fit(X, y)
    train = next(iter(KFold(2).split(X)))
    alone = clone(estimator).set_params(alpha=0.1).fit(X[train[0]], y[train[0]])
    expected = -mean_squared_error(y[train[1]], alone.predict(X[train[1]])) / 2
    assert_allclose(path.scores_[0, 0], expected, rtol=1e-9)


# An early end.


def explained(estimator, X, y, weight, alphas):
    """The share of the deviance of the best constant that fits at these alphas explain."""
    fits = [clone(estimator).set_params(alpha=alpha).fit(X, y, weight) for alpha in alphas]
    raws = [np.atleast_2d(X @ fit.coef_.T + fit.intercept_).reshape(len(y), -1) for fit in fits]
    loss, column = fits[0]._coding.loss, y.reshape(len(y), -1).astype(float)
    null = np.broadcast_to(loss.baseline(column, 1, weight), (len(y), 1))
    of_rows = np.array([loss.value(column, raw) for raw in (null, *raws)])
    mean = np.average(of_rows, axis=1, weights=weight)
    return 1 - mean[1:] / mean[0]


@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize(
    "estimator",
    [
        GDLinearRegressor(penalty="l1"),
        GDLinearRegressor(),
        GDLinearRegressor(penalty="l1", positive=True, standardize=True),
        GDLogisticClassifier(penalty="elasticnet"),
    ],
    ids=["lasso", "ridge", "positive", "logistic"],
)
def test_a_path_ends_where_the_explained_deviance_of_all_rows_does(estimator, is_weighted):
    X, y = make_data("logistic" if is_classifier(estimator) else "regression")
    weight = make_weights() if is_weighted else None
    if not is_classifier(estimator):
        y = y + 3 * np.sin(np.arange(60) ** 2)  # noise: no more than 0.999 is explained
    estimator = clone(estimator).set_params(**EXACT)
    whole = GDPathCV(estimator, alphas=25, cv=2).fit(X, y, weight)
    early = clone(whole).set_params(end_early=True).fit(X, y, weight)
    m = len(early.alphas_)
    assert 5 <= m < 25
    share = explained(estimator, X, y, weight, whole.alphas_[:m])
    change = np.diff(share)[3:] / share[4:]
    assert (change[:-1] > 1e-5).all()
    assert change[-1] < 1e-5
    assert share.max() < 0.999
    for name in ("alphas_", "scores_", "coef_path_", "intercept_path_"):
        assert_allclose(getattr(early, name), getattr(whole, name)[:m], rtol=1e-9, atol=1e-12)


def test_a_path_ends_where_nearly_all_is_explained():
    X, y = make_data("regression")
    y = X @ [1.0, 2.0, 0.5, -1.0] + 0.01 * np.sin(np.arange(60) ** 2)
    estimator = GDLinearRegressor(penalty="l1", **EXACT)
    early = GDPathCV(estimator, alphas=25, cv=2, end_early=True).fit(X, y)
    share = explained(estimator, X, y, None, early.alphas_)
    assert share[-2] < 0.999 < share[-1]
    # the price: the noise is so small that the best alpha is further on
    whole = clone(early).set_params(end_early=False).fit(X, y)
    assert whole.best_index_ >= len(early.alphas_)


def test_the_path_of_the_last_l1_ratio_to_end_is_that_of_all():
    X, y = make_data("regression")
    y = y + 3 * np.sin(np.arange(60) ** 2)
    estimator, ratios = GDLinearRegressor(penalty="elasticnet", **EXACT), [0.001, 1.0]
    early = GDPathCV(estimator, alphas=25, cv=2, end_early=True)
    alone = [
        clone(early).set_params(estimator__l1_ratio=ratio).fit(X, y).coef_path_ for ratio in ratios
    ]
    early.set_params(l1_ratios=ratios).fit(X, y)
    longest = max(map(len, alone))
    assert len(alone[0]) != len(alone[1])
    assert early.alphas_.shape == (2, longest)
    assert len(early.coef_path_) == longest
    expected = alone[ratios.index(early.best_l1_ratio_)]
    assert_allclose(early.coef_path_[: len(expected)], expected, rtol=1e-9)


@pytest.mark.parametrize("penalty", ["l1", "l2"])
def test_features_without_a_penalty_end_no_path(penalty):
    X, y = make_data("regression")
    # what is penalised explains 1e-4 of the deviance
    y = 100 * X[:, 0] + y + 0.3 * np.sin(np.arange(60) ** 2)
    estimator = GDLinearRegressor(penalty=penalty, penalty_weights=[0, 1, 1, 1], **EXACT)
    whole = GDPathCV(estimator, alphas=40, cv=2).fit(X, y)
    early = clone(whole).set_params(end_early=True).fit(X, y)
    assert 10 < len(early.alphas_) < 40
    assert_allclose(early.coef_path_[-1], whole.coef_path_[-1], rtol=2e-2)


@pytest.mark.parametrize(
    ("estimator", "alphas", "words"),
    [
        (GDLinearRegressor(penalty="l1"), [0.1, 0.01], "alphas='auto' or a number"),
        (GDLinearRegressor(penalty="l1", upper=1.0), 5, "without lower and upper"),
        (GDLinearRegressor(penalty="mcp"), 5, "convex"),
        (GDLinearRegressor(solver="sgd", max_iter=5), 5, "SGD is stochastic"),
    ],
    ids=str,
)
def test_an_early_end_that_could_come_too_early_is_refused(estimator, alphas, words):
    X, y = make_data("regression")
    with pytest.raises(InvalidParameterError, match=f"'end_early' parameter of GDPathCV.*{words}"):
        GDPathCV(estimator, alphas=alphas, cv=2, end_early=True).fit(X, y)


# Few rows for many.


@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
def test_condensed_rows_have_the_same_objective(is_weighted, fit_intercept):
    X, y = make_data("two-targets", n_samples=100)
    X = np.hstack([1e3 * X + 1e4, X[:, :1], np.ones((100, 1))])  # a copy, a constant
    weight = np.linspace(0.1, 3, 100) if is_weighted else None
    source = ArraySource(X, y, weight)
    few = condensed(source, SquaredError())
    assert few.n_samples == 2 * 8
    model = Linear(6, 2, fit_intercept)
    risks = [EmpiricalRisk(model, SquaredError(), L2(), 0.1, rows) for rows in (source, few)]
    for seed in range(3):
        params = np.random.default_rng(seed).normal(size=model.size)
        (value, gradient), (other, slope) = (risk.value_and_gradient(params) for risk in risks)
        assert_allclose(value, other, rtol=1e-12)
        assert_allclose(slope, gradient, rtol=1e-11)


def test_rows_are_not_condensed_where_that_would_change_the_loss_or_save_nothing():
    X, y = make_data("regression")
    source = ArraySource(X, y[:, np.newaxis])
    assert condensed(source, Logistic()) is source
    few = source.take(np.arange(10))
    assert condensed(few, SquaredError()) is few
    sparse = ArraySource(sp.csr_matrix(X), y[:, np.newaxis])
    assert condensed(sparse, SquaredError()) is sparse


# Metadata routing.


def test_groups_go_to_the_splitter():
    X, y = make_data("regression")
    groups = np.arange(60) // 10
    plain = GDPathCV(GDLinearRegressor(), alphas=ALPHAS, cv=GroupKFold(3))
    plain.fit(X, y, groups=groups)
    with config_context(enable_metadata_routing=True):
        routed = clone(plain).fit(X, y, groups=groups)
    assert_array_equal(plain.scores_, routed.scores_)


@pytest.mark.parametrize("is_asked", [False, True])
def test_weights_go_to_the_scorer_if_it_asks(is_asked):
    X, y = make_data("logistic")
    weight = make_weights()
    with config_context(enable_metadata_routing=True):
        scorer = get_scorer("accuracy").set_score_request(sample_weight=is_asked)
        path = GDPathCV(GDLogisticClassifier(**EXACT), alphas=ALPHAS, cv=3, scoring=scorer)
        path.set_fit_request(sample_weight=True)
        pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=True), path)
        pipeline.fit(X, y, sample_weight=weight)
        path.fit(X, y, sample_weight=weight)
        estimator = GDLogisticClassifier(**EXACT).set_fit_request(sample_weight=True)
        search = GridSearchCV(estimator, {"alpha": ALPHAS}, scoring=scorer, cv=3)
        search.fit(X, y, sample_weight=weight)
    assert_allclose(path.scores_, split_scores(search), rtol=1e-12)


# Offsets.


def counts(n_samples=120, n_targets=1):
    """Features, counts, and the logarithms of the times in which they were counted."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_samples, 4))
    offset = np.log(rng.uniform(0.1, 5, n_samples))
    y = rng.poisson(np.exp(offset + X @ [0.5, -0.3, 0.2, 0.0] + 0.5)).astype(float)
    if n_targets == 1:
        return X, y, offset
    return X, np.column_stack([y, 2 * y + 1]), np.column_stack([offset, offset + 0.3])


@pytest.mark.parametrize("n_targets", [1, 2])
@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("loss", ["poisson", "squared_error"])
def test_an_offset_is_part_of_fits_and_scores(loss, is_weighted, n_targets):
    X, y, offset = counts(n_targets=n_targets)
    weight = np.random.default_rng(1).integers(0, 3, len(y)) if is_weighted else None
    estimator = GDLinearRegressor(loss=loss, penalty="l1", **EXACT)
    splits = list(KFold(3).split(X))
    path = GDPathCV(estimator, alphas=ALPHAS, cv=splits).fit(X, y, weight, offset=offset)
    scores, deviance = np.empty((len(ALPHAS), 3)), LOSSES[loss]()
    for (row, alpha), (fold, (train, test)) in product(enumerate(ALPHAS), enumerate(splits)):
        alone = clone(estimator).set_params(alpha=alpha)
        alone.fit(
            X[train], y[train], None if weight is None else weight[train], offset=offset[train]
        )
        mean = np.reshape(alone.predict(X[test], offset=offset[test]), (len(test), -1))
        raw = np.log(mean) if loss == "poisson" else mean
        losses = deviance.value(y[test].reshape(raw.shape), raw)
        scores[row, fold] = -np.average(losses, weights=None if weight is None else weight[test])
    assert_allclose(path.scores_, scores, rtol=1e-6)
    assert path.best_alpha_ == ALPHAS[scores.mean(axis=1).argmax()]
    whole = clone(estimator).set_params(alpha=path.best_alpha_).fit(X, y, weight, offset=offset)
    assert_allclose(path.best_estimator_.coef_, whole.coef_, atol=1e-6)
    assert_allclose(path.coef_path_[path.best_index_], whole.coef_, atol=1e-6)
    assert_allclose(path.predict(X, offset=offset), whole.predict(X, offset=offset), rtol=1e-5)
    assert path.score(X, y, offset=offset) == path.best_estimator_.score(X, y, offset=offset)
    assert path.score(X, y, offset=offset) != path.score(X, y)


@pytest.mark.parametrize("kind", [sp.csr_matrix, Rows, pd.DataFrame], ids=lambda k: k.__name__)
def test_an_offset_goes_with_its_row_in_every_storage(kind):
    X, y, offset = counts()
    path = GDPathCV(GDLinearRegressor(loss="poisson", **EXACT), alphas=5, cv=2)
    dense = clone(path).fit(X, y, offset=offset)
    other = clone(path).fit(kind(X), y, offset=offset)
    assert_allclose(other.alphas_, dense.alphas_, rtol=1e-9)
    assert_allclose(other.scores_, dense.scores_, rtol=1e-6)


def test_the_first_alpha_is_that_beside_the_offset():
    X, y, offset = counts()
    estimator = GDLinearRegressor(loss="poisson", penalty="l1", **EXACT)
    path = GDPathCV(estimator, alphas=3, cv=2).fit(X, y, offset=offset)
    # with the best constant rate, the slopes are those of the counts less their means
    rate = y.sum() / np.exp(offset).sum()
    assert_allclose(path.alphas_[0], np.abs(X.T @ (y - rate * np.exp(offset))).max() / len(y))
    assert not path.coef_path_[0].any()
    assert path.coef_path_[1].any()


def test_a_path_of_all_rows_takes_an_offset():
    X, y, offset = counts()
    estimator = GDLinearRegressor(loss="poisson", penalty="l1", **EXACT)
    path = regularization_path(estimator, X, y, ALPHAS, offset=offset)
    for alpha, coef in zip(path.alphas, path.coefs, strict=True):
        alone = clone(estimator).set_params(alpha=alpha).fit(X, y, offset=offset)
        assert_allclose(coef, alone.coef_, atol=1e-6)
    with pytest.raises(TypeError, match="offset is for GDLinearRegressor alone"):
        regularization_path(GDLogisticClassifier(), X, y > 1, ALPHAS, offset=offset)
    estimator.set_params(early_stopping=True, scoring="r2")
    with pytest.raises(ValueError, match="scoring='r2' does not support an offset"):
        regularization_path(estimator, X, y, ALPHAS, offset=offset)


def deviance_of_rates(y, prediction, offset):
    return mean_poisson_deviance(y, prediction * np.exp(offset))


def test_a_scorer_is_given_the_offset_if_it_asks():
    X, y, offset = counts()
    estimator = GDLinearRegressor(loss="poisson", **EXACT)
    with config_context(enable_metadata_routing=True):
        scorer = make_scorer(deviance_of_rates, greater_is_better=False)
        for silent in ("r2", scorer.set_score_request(offset=False)):
            path = GDPathCV(estimator, alphas=ALPHAS, cv=3, scoring=silent)
            with pytest.raises(ValueError, match="would score predictions without the offset"):
                path.fit(X, y, offset=offset)
        path.set_params(scoring=scorer.set_score_request(offset=True)).fit(X, y, offset=offset)
        own = check_scoring(clone(estimator).set_score_request(offset=True))
        r2 = GDPathCV(estimator, alphas=ALPHAS, cv=3, scoring=own).fit(X, y, offset=offset)
        default = GDPathCV(estimator, alphas=ALPHAS, cv=3).set_fit_request(offset=True)
        pipeline = make_pipeline(StandardScaler(), default).fit(X, y, offset=offset)
    plain = GDPathCV(estimator, alphas=ALPHAS, cv=3).fit(X, y, offset=offset)
    assert_allclose(path.scores_, 2 * plain.scores_, rtol=1e-9)
    train, test = next(iter(KFold(3).split(X)))
    alone = clone(estimator).set_params(alpha=0.3).fit(X[train], y[train], offset=offset[train])
    assert_allclose(r2.scores_[0, 0], alone.score(X[test], y[test], offset=offset[test]), rtol=1e-6)
    scaled = clone(plain).fit(StandardScaler().fit_transform(X), y, offset=offset)
    assert_allclose(pipeline[-1].scores_, scaled.scores_)


@pytest.mark.parametrize(
    "scoring", ["r2", lambda estimator, X, y: estimator.score(X, y)], ids=["name", "function"]
)
def test_an_offset_that_a_score_would_ignore_is_refused(scoring):
    X, y, offset = counts()
    path = GDPathCV(GDLinearRegressor(loss="poisson"), alphas=2, cv=2, scoring=scoring)
    with pytest.raises(ValueError, match="would score predictions without the offset"):
        path.fit(X, y, offset=offset)
    assert path.fit(X, y).best_alpha_ > 0


def test_an_offset_is_for_linear_regressors():
    X, y = make_data("logistic")
    path = GDPathCV(GDLogisticClassifier(), alphas=2, cv=2)
    with pytest.raises(TypeError, match="offset is for GDLinearRegressor alone"):
        path.fit(X, y, offset=y)
    path.fit(X, y)
    for method in (path.predict, lambda X, offset: path.score(X, y, offset=offset)):
        with pytest.raises(TypeError, match="offset is for GDLinearRegressor alone"):
            method(X, offset=y)


@pytest.mark.parametrize(
    "bad", [np.zeros(3), np.full(120, np.nan), 1.0], ids=["short", "nan", "number"]
)
def test_a_bad_offset_is_an_error_that_names_it(bad):
    X, y, _ = counts()
    path = GDPathCV(GDLinearRegressor(loss="poisson"), alphas=2, cv=2)
    with pytest.raises(ValueError, match="offset"):
        path.fit(X, y, offset=bad)
    assert not hasattr(path, "scores_")


# Errors.


def scorer_without_weights(estimator, X, y):
    return estimator.score(X, y)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"alphas": 0}, "'alphas' parameter of GDPathCV"),
        ({"alphas": [0.1, -1]}, "'alphas' parameter of GDPathCV"),
        ({"alphas": []}, "'alphas' parameter of GDPathCV is empty"),
        ({"alphas": "atuo"}, "Did you mean 'auto'"),
        ({"l1_ratios": [0.5]}, "penalty='elasticnet'; it has penalty='l2'"),
        ({"rule": "1se"}, "'rule' parameter of GDPathCV"),
        ({"refit": 1}, "'refit' parameter of GDPathCV"),
        ({"end_early": "yes"}, "'end_early' parameter of GDPathCV"),
        ({"estimator": GDLinearRegressor(penalty=None)}, "penalty=None"),
        ({"estimator": GDLinearRegressor(early_stopping=True)}, "early_stopping=False"),
        ({"estimator": GDLinearRegressor(tol=-1)}, "'tol' parameter of GDLinearRegressor"),
        ({"scoring": "no such scorer"}, "no such scorer"),
    ],
    ids=str,
)
def test_a_parameter_that_cannot_be_used_is_named(params, words):
    X, y = make_data("regression")
    model = GDPathCV(**{"estimator": GDLinearRegressor(), "cv": 2} | params)
    with pytest.raises(ValueError, match=words):
        model.fit(X, y)
    assert not hasattr(model, "scores_")


def test_errors_of_the_l1_ratios():
    X, y = make_data("regression")
    for ratios in ([], [2.0], 0.5):
        model = GDPathCV(GDLinearRegressor(penalty="elasticnet"), l1_ratios=ratios)
        with pytest.raises(InvalidParameterError, match="'l1_ratios' parameter of GDPathCV"):
            model.fit(X, y)


@pytest.mark.parametrize(
    "estimator", [GDMLPRegressor(), RidgeCV(), make_pipeline(GDLinearRegressor())], ids=str
)
def test_other_estimators_are_refused(estimator):
    with pytest.raises(TypeError, match=r"linear estimator of sklearn_gd.*its last step"):
        GDPathCV(estimator).fit([[1.0], [2.0]], [1.0, 2.0])


def test_one_fold_has_no_standard_error():
    X, y = make_data("regression")
    model = GDPathCV(GDLinearRegressor(), alphas=3, cv=ShuffleSplit(1, random_state=0))
    assert model.fit(X, y).scores_.shape == (3, 1)
    with pytest.raises(ValueError, match="at least two folds"):
        model.set_params(rule="one_standard_error").fit(X, y)


def test_a_score_that_is_nan_is_an_error_that_says_where():
    X, y = make_data("regression")
    model = GDPathCV(
        GDLinearRegressor(), alphas=[0.5], cv=2, scoring=lambda estimator, X, y: float("nan")
    )
    with pytest.raises(ValueError, match=r"NaN in fold 0 at alpha=0.5"):
        model.fit(X, y)


def test_weights_for_a_scorer_without_them_are_an_error():
    X, y = make_data("regression")
    model = GDPathCV(GDLinearRegressor(), alphas=2, cv=2, scoring=scorer_without_weights)
    model.fit(X, y)
    with pytest.raises(ValueError, match="does not support sample_weight"):
        model.fit(X, y, sample_weight=make_weights())


def test_metadata_that_nobody_takes_are_an_error():
    X, y = make_data("regression")
    with pytest.raises(TypeError, match=r"unexpected arguments \['X_val'\]"):
        GDPathCV(GDLinearRegressor()).fit(X, y, X_val=X)


def test_a_class_that_a_fold_lacks_is_an_error_that_names_the_fold():
    X, y = make_data("softmax")
    order = np.argsort(y)
    with pytest.raises(ValueError, match=r"In fold 2 of cv.*not seen in training"):
        GDPathCV(GDSoftmaxClassifier(), alphas=2, cv=KFold(3)).fit(X[order], y[order])


def test_fits_that_did_not_converge_are_counted_in_one_warning():
    X, y = make_data("logistic")
    model = GDPathCV(GDLogisticClassifier(solver="gd", max_iter=2), alphas=[1e-3, 1e-4], cv=2)
    with pytest.warns(ConvergenceWarning) as record:
        model.set_params(refit=False).fit(X, y)
    (message,) = [str(w.message) for w in record]
    assert message.startswith("GDPathCV: 4 of 4 fits did not converge, one of them at alpha=0.001")
    assert message.endswith("Increase max_iter.")


def test_a_penalty_of_the_users_own_has_a_path():
    X, y = make_data("regression")
    matrix = np.diff(np.eye(4), axis=0)
    path = GDPathCV(GDLinearRegressor(penalty=Tikhonov(matrix=matrix)), alphas=4, cv=2).fit(X, y)
    # the strongest makes neighbours alike
    spread = [np.ptp(coef) for coef in path.coef_path_]
    assert spread[0] < 1e-2 < spread[-1]


@pytest.mark.parametrize("alphas", [np.geomspace(1, 1e-4, 12), [1, 0.9, 0.9, 1e-3, 1e-6, 0]])
@pytest.mark.parametrize("loss", ["squared_error", "poisson", "huber"])
def test_optima_that_are_guessed_ahead_are_those_of_separate_fits(loss, alphas):
    X, y = make_data("regression")
    y = np.round(np.abs(y)) + 1
    estimator = GDLinearRegressor(loss=loss, **EXACT)
    path = regularization_path(estimator, X, y, alphas)
    for alpha, coef in zip(path.alphas, path.coefs, strict=True):
        alone = clone(estimator).set_params(alpha=alpha).fit(X, y)
        assert_allclose(coef, alone.coef_, rtol=1e-4, atol=1e-6)
