"""The estimators as citizens of scikit-learn: its own checks, its meta-estimators, its data."""

import copy
import inspect
import pickle
import warnings

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from common import (
    CASES,
    CLASSIFIERS,
    ESTIMATORS,
    LINEAR,
    MAIN_SOLVERS,
    NETWORKS,
    REGRESSORS,
    SOLVERS,
    build,
    coefficients,
    make_data,
    make_weights,
    raw,
    supports,
)
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.ensemble import AdaBoostClassifier, BaggingClassifier, StackingClassifier
from sklearn.exceptions import NotFittedError, UnsetMetadataPassedError
from sklearn.feature_selection import RFE
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils import estimator_html_repr, get_tags
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    parametrize_with_checks,
)

from sklearn_gd import GDLinearRegressor, GDLogisticClassifier, GDMLPClassifier, GDSoftmaxClassifier
from sklearn_gd.penalties import ElasticNet
from sklearn_gd.schedules import Constant
from sklearn_gd.solvers import LBFGS, Adam

all_estimators = pytest.mark.parametrize("Estimator", ESTIMATORS, ids=lambda kind: kind.__name__)
all_classifiers = pytest.mark.parametrize("Classifier", CLASSIFIERS, ids=lambda kind: kind.__name__)
all_cases = pytest.mark.parametrize("case", CASES)
FEW = {"max_iter": 20, "tol": 0}


# scikit-learn's checks.


def with_solver(Estimator, solver):
    """A configuration that learns the small sets of scikit-learn's checks in few iterations."""
    params = {"hidden_layer_sizes": (10,)} if Estimator in NETWORKS else {}
    if solver == "adam":
        params["learning_rate"] = 0.05
    return Estimator(solver=SOLVERS[solver], max_iter=20, **params)


CONFIGURATIONS = [
    with_solver(Estimator, solver)
    for Estimator in ESTIMATORS
    for solver in MAIN_SOLVERS
    if supports(Estimator, solver)
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks([Estimator() for Estimator in ESTIMATORS])
def test_scikit_learn_check_by_default(estimator, check):
    check(estimator)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.slow
@parametrize_with_checks(CONFIGURATIONS)
def test_scikit_learn_check(estimator, check):
    check(estimator)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@all_estimators
def test_scikit_learn_check_of_column_names(Estimator):
    """It reads the docstring too; the generator of checks leaves it out."""
    check_dataframe_column_names_consistency(Estimator.__name__, Estimator())


# The constructor, and copies.


@all_estimators
def test_parameters_are_keywords_with_plain_defaults(Estimator):
    parameters = list(inspect.signature(Estimator.__init__).parameters.values())[1:]
    assert all(each.kind is inspect.Parameter.KEYWORD_ONLY for each in parameters)
    plain = (str, int, float, bool, type(None), tuple)
    assert all(isinstance(each.default, plain) for each in parameters)


@all_estimators
def test_common_defaults(Estimator):
    params = Estimator().get_params()
    assert params["alpha"] == 1e-4
    assert params["penalty"] == "l2"
    assert params["solver"] == params["learning_rate"] == params["batch_size"] == "auto"
    limits = params["max_iter"], params["tol"], params["n_iter_no_change"]
    assert limits == ((200, 1e-4, 10) if Estimator in NETWORKS else (1000, 1e-8, 5))
    assert params["standardize"] == (Estimator in NETWORKS)


@all_estimators
def test_every_parameter_and_attribute_is_documented(Estimator):
    text = inspect.getdoc(Estimator)
    head, tail = text.split("Attributes\n----------")
    documented = {
        name.strip()
        for line in head.splitlines()
        if " : " in line and not line.startswith(" ")
        for name in line.split(" : ")[0].split(",")
    }
    assert documented >= set(Estimator().get_params())
    X, y = make_data("logistic")
    model = Estimator(early_stopping=True, **FEW).fit(pd.DataFrame(X, columns=list("abcd")), y)
    attributes = {
        name.strip()
        for line in tail.split("See Also")[0].splitlines()
        if " : " in line and not line.startswith(" ")
        for name in line.split(" : ")[0].split(",")
    }
    public = {name for name in vars(model) if name.endswith("_") and not name.startswith("_")}
    assert attributes == public


@all_estimators
def test_repr_shows_what_was_changed(Estimator):
    name = Estimator.__name__
    assert repr(Estimator()) == f"{name}()"
    assert repr(Estimator(solver=Adam(beta_1=0.8))) == f"{name}(solver=Adam(beta_1=0.8))"
    assert name in estimator_html_repr(Estimator(solver=Adam(beta_1=0.8)))


@all_estimators
def test_clone_copies_parameters_and_components_but_no_results(Estimator):
    X, y = make_data("logistic")
    model = Estimator(solver=Adam(beta_1=0.8), penalty=ElasticNet(l1_ratio=0), **FEW).fit(X, y)
    twin = clone(model)
    assert twin.solver is not model.solver
    assert repr(twin.get_params()) == repr(model.get_params())
    with pytest.raises(NotFittedError):
        twin.predict(X)


@pytest.mark.parametrize(
    "copier",
    [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))],
    ids=["deepcopy", "pickle"],
)
@all_cases
def test_copies_predict_the_same_bits(case, copier):
    X, y = make_data(case)
    model = build(case, early_stopping=True, **FEW).fit(X, y)
    twin = copier(model)
    assert_array_equal(raw(twin, X), raw(model, X))
    assert twin.loss_curve_ == model.loss_curve_


@all_estimators
def test_set_params_makes_a_component_of_its_name(Estimator):
    model = Estimator(solver="adam").set_params(solver__beta_1=0.8)
    assert repr(model.solver) == "Adam(beta_1=0.8)"
    model = Estimator().set_params(solver__memory=3, solver="lbfgs")
    assert repr(model.solver) == "LBFGS(memory=3)"
    model = Estimator(penalty="elasticnet").set_params(penalty__l1_ratio=0.4)
    assert model.get_params()["penalty__l1_ratio"] == 0.4
    model = Estimator(learning_rate="constant").set_params(learning_rate__rate=0.3)
    assert model.learning_rate.rate == 0.3


@all_estimators
def test_set_params_on_one_name_leaves_others_alone(Estimator):
    first, second = Estimator(solver="adam"), Estimator(solver="adam")
    first.set_params(solver__beta_1=0.8)
    second.set_params(solver__beta_1=0.7)
    assert (first.solver.beta_1, second.solver.beta_1) == (0.8, 0.7)
    assert Adam().beta_1 == 0.9


@all_estimators
@pytest.mark.parametrize("name", ["nonsense", "solver__nonsense"])
def test_set_params_refuses_what_there_is_not(Estimator, name):
    with pytest.raises(ValueError, match="nonsense"):
        Estimator(solver="adam").set_params(**{name: 1})


@all_estimators
def test_tags_say_what_is_taken(Estimator):
    tags = get_tags(Estimator())
    assert tags.input_tags.sparse
    assert not tags.input_tags.allow_nan
    assert is_classifier(Estimator()) == (Estimator in CLASSIFIERS)
    assert is_regressor(Estimator()) == (Estimator in REGRESSORS)
    if Estimator in CLASSIFIERS:
        assert tags.classifier_tags.multi_class
        assert tags.classifier_tags.multi_label == (Estimator is not GDSoftmaxClassifier)
    else:
        assert tags.target_tags.multi_output
    assert not hasattr(Estimator(), "transform")


@all_cases
def test_score_is_accuracy_or_r2_with_weights(case):
    X, y = make_data(case)
    weight = make_weights()
    model = build(case, **FEW).fit(X, y)
    if CASES[case].estimator in CLASSIFIERS:
        right = model.predict(X) == y
        right = right.all(axis=1) if y.ndim == 2 else right
        expected = np.average(right, weights=weight)
    else:
        residual = np.average((y - model.predict(X)) ** 2, axis=0, weights=weight)
        spread = np.average(
            (y - np.average(y, axis=0, weights=weight)) ** 2, axis=0, weights=weight
        )
        expected = np.mean(1 - residual / spread)
    assert_allclose(model.score(X, y, weight), expected, rtol=1e-12)


# Model selection.


def scores(search):
    return search.cv_results_["mean_test_score"]


@all_classifiers
def test_grid_search_over_names_is_that_over_objects(Classifier):
    X, y = load_iris(return_X_y=True)
    settings = {"max_iter": 30, "tol": 0, "random_state": 0}
    rest = {"alpha": [1e-4, 10.0]}
    names = GridSearchCV(Classifier(**settings), rest | {"solver": ["lbfgs", "adam"]}, cv=2)
    objects = GridSearchCV(Classifier(**settings), rest | {"solver": [LBFGS(), Adam()]}, cv=2)
    names.fit(X, y)
    objects.fit(X, y)
    assert_array_equal(scores(names), scores(objects))
    assert len(np.unique(scores(names))) > 1
    assert names.best_estimator_.predict(X).shape == y.shape


@all_classifiers
def test_grid_search_over_fields_of_a_solver_given_by_name(Classifier):
    X, y = load_iris(return_X_y=True)
    model = Classifier(learning_rate=0.05, random_state=0, **FEW)
    grid = [{"solver": ["adam"], "solver__beta_1": [0.0, 0.99]}, {"solver": ["sgd"]}]
    search = GridSearchCV(model, grid, cv=2).fit(X, y)
    by_hand = [
        cross_val_score(clone(model).set_params(solver=solver), X, y, cv=2).mean()
        for solver in (Adam(beta_1=0.0), Adam(beta_1=0.99), "sgd")
    ]
    assert_allclose(scores(search), by_hand, rtol=1e-12)
    assert len(np.unique(by_hand)) > 1


@all_classifiers
def test_grid_search_over_fields_where_the_estimator_has_the_name(Classifier):
    X, y = load_iris(return_X_y=True)
    model = Classifier(solver="adam", learning_rate="constant", random_state=0, **FEW)
    grid = {"solver__beta_1": [0.5], "learning_rate__rate": [0.01, 0.1]}
    search = GridSearchCV(model, grid, cv=2).fit(X, y)
    by_hand = [
        cross_val_score(
            clone(model).set_params(solver=Adam(beta_1=0.5), learning_rate=Constant(rate=rate)),
            X,
            y,
            cv=2,
        ).mean()
        for rate in (0.01, 0.1)
    ]
    assert_allclose(scores(search), by_hand, rtol=1e-12)
    assert model.solver == "adam"


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_grid_search_in_parallel_finds_the_same_bits(backend):
    X, y = load_iris(return_X_y=True)
    grid = {"solver": ["auto", "sgd"], "alpha": [1e-3, 1e-1]}
    model = GDSoftmaxClassifier(random_state=0, max_iter=10, tol=0)
    alone = GridSearchCV(model, grid, cv=2).fit(X, y)
    with joblib.parallel_config(backend=backend):
        together = GridSearchCV(model, grid, cv=2, n_jobs=2).fit(X, y)
    assert_array_equal(scores(together), scores(alone))
    assert_array_equal(together.best_estimator_.coef_, alone.best_estimator_.coef_)


@all_classifiers
def test_cross_val_predict_of_every_method(Classifier):
    X, y = load_iris(return_X_y=True)
    model = Classifier(random_state=0, **FEW)
    for method in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
        assert len(cross_val_predict(model, X, y, cv=2, method=method)) == len(y)


# Pipelines and tables.


@all_estimators
def test_pipeline_passes_weights_on(Estimator):
    X, y = make_data("logistic")
    weight = make_weights()
    model = Estimator(random_state=0, **FEW)
    step = Estimator.__name__.lower()
    pipeline = make_pipeline(StandardScaler(), model)
    pipeline.fit(X, y, **{f"{step}__sample_weight": weight})
    alone = clone(model).fit(StandardScaler().fit_transform(X), y, weight)
    assert_array_equal(coefficients(pipeline[-1]), coefficients(alone))


def table(kind, n_samples=60):
    """A data frame with numbers and categories, and a target that needs one of each."""
    X, _ = make_data("logistic", n_samples)
    y = (X[:, 0] + 2 * np.sign(X[:, 2]) > 0).astype(int)
    columns = {"a": X[:, 0], "b": 100 * X[:, 1], "c": np.where(X[:, 2] > 0, "up", "down")}
    return kind(columns), y


@all_estimators
@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame], ids=["pandas", "polars"])
@pytest.mark.parametrize("sparse_threshold", [0.0, 1.0], ids=["dense", "sparse"])
def test_column_transformer_over_a_data_frame(Estimator, kind, sparse_threshold):
    X, y = table(kind)
    columns = ColumnTransformer(
        [("numbers", StandardScaler(), ["a", "b"]), ("categories", OneHotEncoder(), ["c"])],
        sparse_threshold=sparse_threshold,
    )
    model = make_pipeline(columns, Estimator(solver="lbfgs", random_state=0, **FEW)).fit(X, y)
    assert model.score(X, y) > (0.95 if Estimator in CLASSIFIERS else 0.7)


@all_estimators
@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame], ids=["pandas", "polars"])
def test_data_frame_is_its_array_with_names(Estimator, kind):
    X, y = make_data("logistic")
    frame = kind({name: X[:, j] for j, name in enumerate("abcd")})
    series = pd.Series(y) if kind is pd.DataFrame else pl.Series(y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        named = Estimator(random_state=0, **FEW).fit(frame, series)
        plain = Estimator(random_state=0, **FEW).fit(X, y)
        assert_allclose(raw(named, frame), raw(plain, X), rtol=1e-9, atol=1e-12)
    assert_array_equal(named.feature_names_in_, list("abcd"))
    assert not hasattr(plain, "feature_names_in_")
    with pytest.raises(ValueError, match="feature names"):
        named.predict(frame[["b", "a", "c", "d"]])
    with pytest.warns(UserWarning, match="valid feature names"):
        named.predict(X)


@all_estimators
def test_columns_of_a_data_frame_with_mixed_numbers(Estimator):
    X, y = make_data("logistic")
    frame = pd.DataFrame({"i": np.arange(60), "f": X[:, 0], "b": X[:, 1] > 0})
    model = Estimator(random_state=0, **FEW).fit(frame, y)
    array = frame.to_numpy(float)
    assert_allclose(raw(model, frame), raw(clone(model).fit(array, y), array), rtol=1e-9)


@all_classifiers
def test_labels_in_a_categorical_column(Classifier):
    X, y = make_data("softmax")
    labels = pd.Series(np.array(["x", "y", "z"])[y], dtype="category")
    model = Classifier(random_state=0, **FEW).fit(X, labels)
    assert_array_equal(model.classes_, ["x", "y", "z"])
    assert set(model.predict(X)) <= {"x", "y", "z"}


# Estimators made of estimators.


@all_classifiers
def test_calibrated_classifier(Classifier):
    X, y = load_breast_cancer(return_X_y=True)
    model = CalibratedClassifierCV(Classifier(random_state=0, max_iter=15, tol=0), cv=2)
    assert model.fit(X, y, sample_weight=np.ones(len(y))).score(X, y) > 0.9


@all_classifiers
@pytest.mark.parametrize("Ensemble", [BaggingClassifier, AdaBoostClassifier])
def test_ensembles_that_weigh_rows(Classifier, Ensemble):
    X, y = load_iris(return_X_y=True)
    params = {"learning_rate": 0.05} if Classifier is GDMLPClassifier else {}
    model = Ensemble(Classifier(random_state=0, **FEW, **params), n_estimators=3, random_state=0)
    assert model.fit(X, y).score(X, y) > 0.9


def test_stacking_classifier():
    X, y = load_iris(return_X_y=True)
    members = [
        ("one-vs-rest", GDLogisticClassifier()),
        ("network", GDMLPClassifier(random_state=0, **FEW)),
    ]
    model = StackingClassifier(members, final_estimator=GDSoftmaxClassifier(), cv=2)
    assert model.fit(X, y).score(X, y) > 0.9


@pytest.mark.parametrize("Estimator", LINEAR)
def test_recursive_feature_elimination_by_coef(Estimator):
    X, _ = make_data("logistic", n_samples=200)
    y = (X[:, 2] > 0).astype(int)
    selected = RFE(Estimator(alpha=0.01), n_features_to_select=1).fit(X, y)
    assert_array_equal(selected.support_, [False, False, True, False])


# Metadata routing.


@all_estimators
def test_weights_are_routed_through_a_pipeline(Estimator):
    X, y = make_data("logistic")
    weight = make_weights()
    with config_context(enable_metadata_routing=True):
        model = Estimator(random_state=0, **FEW).set_fit_request(sample_weight=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        pipeline = make_pipeline(scaler, model).fit(X, y, sample_weight=weight)
    alone = Estimator(random_state=0, **FEW).fit(StandardScaler().fit_transform(X), y, weight)
    assert_array_equal(coefficients(pipeline[-1]), coefficients(alone))


@all_estimators
def test_weights_are_routed_through_a_search(Estimator):
    X, y = make_data("logistic")
    weight = make_weights()
    grid = {"alpha": [1e-3, 1.0]}
    with config_context(enable_metadata_routing=True):
        model = Estimator(random_state=0, **FEW)
        model.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        search = GridSearchCV(model, grid, cv=2).fit(X, y, sample_weight=weight)
    alone = Estimator(random_state=0, alpha=search.best_params_["alpha"], **FEW).fit(X, y, weight)
    assert_array_equal(coefficients(search.best_estimator_), coefficients(alone))


@all_estimators
def test_weights_that_nobody_asked_for_are_refused(Estimator):
    X, y = make_data("logistic")
    with config_context(enable_metadata_routing=True):
        pipeline = make_pipeline(StandardScaler(), Estimator(**FEW))
        with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
            pipeline.fit(X, y, sample_weight=make_weights())


@all_estimators
def test_validation_rows_can_be_routed(Estimator):
    X, y = make_data("logistic")
    with config_context(enable_metadata_routing=True):
        model = Estimator(random_state=0, early_stopping=True, **FEW)
        model.set_fit_request(X_val=True, y_val=True)
        search = GridSearchCV(model, {"alpha": [1e-3]}, cv=2).fit(X, y, X_val=X, y_val=y)
    alone = Estimator(random_state=0, early_stopping=True, alpha=1e-3, **FEW)
    alone.fit(X, y, X_val=X, y_val=y)
    assert_array_equal(coefficients(search.best_estimator_), coefficients(alone))


@all_estimators
def test_validation_rows_of_a_pipeline_are_transformed_like_the_others(Estimator):
    X, y = make_data("logistic")
    X, X_val, y, y_val = 100 * X[:40] + 7, 100 * X[40:] + 7, y[:40], y[40:]
    settings = {"random_state": 0, "early_stopping": True} | FEW
    with config_context(enable_metadata_routing=True):
        last = Estimator(**settings).set_fit_request(X_val=True, y_val=True)
        pipeline = make_pipeline(StandardScaler(), last, transform_input=["X_val"])
        pipeline.fit(X, y, X_val=X_val, y_val=y_val)
    scaler = StandardScaler().fit(X)
    alone = Estimator(**settings)
    alone.fit(scaler.transform(X), y, X_val=scaler.transform(X_val), y_val=y_val)
    assert_array_equal(coefficients(pipeline[-1]), coefficients(alone))
    assert pipeline[-1].best_validation_score_ == alone.best_validation_score_


@all_estimators
def test_early_stopping_by_a_scorer_under_metadata_routing(Estimator):
    X, y = make_data("logistic")
    scoring = "accuracy" if Estimator in CLASSIFIERS else "r2"
    with config_context(enable_metadata_routing=True):
        model = Estimator(random_state=0, early_stopping=True, scoring=scoring, **FEW)
        model.fit(X, y, make_weights())
    assert model.best_validation_score_ <= 1


def test_regressor_takes_a_frame_of_targets():
    X, y = make_data("two-targets")
    model = GDLinearRegressor().fit(X, pd.DataFrame(y, columns=["p", "q"]))
    assert_allclose(model.coef_, GDLinearRegressor().fit(X, y).coef_, rtol=1e-12)
