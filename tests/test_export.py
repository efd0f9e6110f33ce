"""Models leave Python: scikit-learn counterparts predict the same, and tools take them."""

import copy
import pickle
import sys
import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from common import CASES, CLASSIFIERS, LABELLED, LINEAR, LOG_LINKS, REGRESSORS, build, make_data
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import VotingClassifier, VotingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    SGDClassifier,
)
from sklearn.metrics import d2_tweedie_score
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils import estimator_html_repr

from sklearn_gd import (
    GDLinearClassifier,
    GDLinearRegressor,
    GDLogisticClassifier,
    GDMLPClassifier,
    GDMLPRegressor,
    GDSoftmaxClassifier,
)
from sklearn_gd.losses import (
    CLASSIFIER_LOSSES,
    LOSSES,
    AbsoluteError,
    Hinge,
    Huber,
    MoreauEnvelope,
    Poisson,
    SquaredError,
    Tweedie,
)
from sklearn_gd.models.activations import LeakyReLU, Tanh
from sklearn_gd.onnx import register
from sklearn_gd.penalties import L1, GroupLasso

FEW = {"max_iter": 10, "tol": 0}
METHODS = ("predict", "predict_proba", "predict_log_proba", "decision_function")
HAS_POISSON_NETWORKS = "loss" in MLPRegressor().get_params()
needs_poisson_networks = pytest.mark.skipif(
    not HAS_POISSON_NETWORKS, reason="MLPRegressor has loss='poisson' from scikit-learn 1.7"
)

# A new kind of target or link is a row here and, if scikit-learn has another class for it, one of
# COUNTERPARTS.
COUNTERPARTS = {
    "regression": LinearRegression,
    "two-targets": LinearRegression,
    "logistic": LogisticRegression,
    "one-vs-rest": SGDClassifier,
    "multilabel": OneVsRestClassifier,
    "modified-huber": SGDClassifier,
    "two-class-softmax": LogisticRegression,
    "softmax": LogisticRegression,
    "mlp-regression": MLPRegressor,
    "mlp-two-targets": MLPRegressor,
    "mlp-two-classes": MLPClassifier,
    "mlp-three-classes": MLPClassifier,
    "mlp-multilabel": MLPClassifier,
}
LINEAR_CASES = [name for name, case in CASES.items() if case.estimator in LINEAR]
NETWORK_CASES = [name for name in CASES if name not in LINEAR_CASES]
PENALTIES = [None, "l2", "l1", "elasticnet", L1(), GroupLasso(groups=np.array([0, 0, 1, 1]))]

all_cases = pytest.mark.parametrize("case", CASES)
all_labelled = pytest.mark.parametrize("case", LABELLED)
all_dtypes = pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    # the logarithm of a probability of 0, by SGDClassifier
    pytest.mark.filterwarnings(
        "ignore:divide by zero:RuntimeWarning:sklearn.linear_model._stochastic_gradient"
    ),
]


def fitted(case, X=None, y=None, **params):
    """The estimator of a case after a few iterations, and its data."""
    data = make_data(case)
    X, y = data[0] if X is None else X, data[1] if y is None else y
    return build(case, **(FEW | params)).fit(X, y), X, y


def counts(case):
    """A target for loss="poisson": counts, some of them zero."""
    X, y = make_data(case)
    return X, np.floor(np.abs(y))


def data_for(loss, case):
    """Data that suit a loss of regression."""
    X, y = counts(case)
    return X, y + 1.0 * (loss in ("gamma", "inverse_gaussian"))


def assert_same_predictions(ours, theirs, X, rtol=1e-12):
    """All predictions that both have, also their shape; types of floats as well."""
    compared = 0
    for name in METHODS:
        if hasattr(ours, name) and hasattr(theirs, name):
            mine, other = getattr(ours, name)(X), getattr(theirs, name)(X)
            assert mine.shape == other.shape
            if name == "predict" and hasattr(ours, "classes_"):
                assert_array_equal(other, mine)
            else:
                assert other.dtype == mine.dtype
                if name == "predict_log_proba":
                    # that of a small probability has the digits that one minus a large one has
                    mine, other = np.exp(mine), np.exp(other)
                assert_allclose(other, mine, rtol=rtol, atol=rtol)
            compared += 1
    assert compared


# The same predictions.


@all_cases
@all_dtypes
def test_the_counterpart_predicts_the_same(case, dtype):
    model, X, y = fitted(case, make_data(case)[0].astype(dtype))
    counterpart = model.to_sklearn()
    assert type(counterpart) is COUNTERPARTS[case]
    assert_same_predictions(model, counterpart, X, rtol=1e-12 if dtype == np.float64 else 1e-5)
    assert_allclose(counterpart.score(X, y), model.score(X, y), rtol=1e-6)


@all_cases
@pytest.mark.parametrize("kind", [sp.csr_matrix, sp.csr_array, pd.DataFrame])
def test_it_predicts_the_same_for_sparse_rows_and_frames(case, kind):
    X, y = make_data(case)
    X = X * (X > 0)
    X = kind(X, columns=list("abcd")) if kind is pd.DataFrame else kind(X)
    model, *_ = fitted(case, X, y)
    assert_same_predictions(model, model.to_sklearn(), X)


@all_labelled
@pytest.mark.parametrize(
    "labels", [np.array(["x", "y", "z"]), np.array(["x", "y", "z"], object), np.array([-1, 0, 7])]
)
def test_labels_of_any_kind(case, labels):
    model, X, _ = fitted(case, y=labels[make_data(case)[1]])
    assert_array_equal(model.to_sklearn().classes_, model.classes_)
    assert_same_predictions(model, model.to_sklearn(), X)


@pytest.mark.parametrize("case", [name for name in LABELLED if "two" in name or name == "logistic"])
def test_labels_that_are_bools(case):
    model, X, _ = fitted(case, y=make_data(case)[1] == 1)
    assert model.to_sklearn().predict(X).dtype == bool
    assert_same_predictions(model, model.to_sklearn(), X)


@pytest.mark.parametrize("case", LINEAR_CASES)
@pytest.mark.parametrize("penalty", PENALTIES, ids=repr)
@pytest.mark.parametrize(
    "options", [{}, {"fit_intercept": False}, {"standardize": True}, {"positive": True}], ids=repr
)
def test_every_penalty_and_option_of_linear_models(case, penalty, options):
    if options.get("positive") and isinstance(penalty, GroupLasso):
        pytest.skip("positive=True with GroupLasso is an error")
    model, X, _ = fitted(case, penalty=penalty, alpha=0.01, solver="agd", **options)
    assert_same_predictions(model, model.to_sklearn(), X)


@pytest.mark.parametrize("case", ["logistic", "one-vs-rest", "multilabel"])
@pytest.mark.parametrize("loss", CLASSIFIER_LOSSES)
def test_every_loss_of_linear_classification(case, loss):
    X, y = make_data(case)
    model = GDLinearClassifier(loss=loss, random_state=0, **FEW).fit(X, y)
    counterpart = model.to_sklearn()
    part = counterpart.estimators_[0] if case == "multilabel" else counterpart
    assert type(part) is SGDClassifier
    assert part.loss == loss
    assert_same_predictions(model, counterpart, X)


def test_a_loss_of_labels_that_scikit_learn_does_not_have_is_an_error():
    class MyHinge(Hinge):
        pass

    X, y = make_data("logistic")
    model = GDLinearClassifier(loss=MyHinge(), **FEW).fit(X, y)
    with pytest.raises(ValueError, match="SGDClassifier has no loss MyHinge"):
        model.to_sklearn()


@pytest.mark.parametrize("case", ["regression", "two-targets"])
@pytest.mark.parametrize("loss", [*LOSSES, Huber(delta=1.0), Poisson(), SquaredError()], ids=repr)
def test_every_loss_of_linear_regression(case, loss):
    X, y = data_for(loss, case)
    model = build(case, loss=loss, **FEW).fit(X, y)
    assert_same_predictions(model, model.to_sklearn(), X)


@pytest.mark.parametrize("loss", ["squared_error", "poisson", "tweedie"])
def test_a_target_with_one_column_keeps_it(loss):
    X, y = counts("regression")
    model = GDLinearRegressor(loss=loss).fit(X, y[:, np.newaxis])
    assert model.to_sklearn().predict(X).shape == (60, 1)
    assert_same_predictions(model, model.to_sklearn(), X)


@pytest.mark.parametrize("case", ["mlp-regression", "mlp-two-targets"])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("standardize", [True, False])
def test_every_loss_of_networks(case, loss, standardize):
    if loss in LOG_LINKS and not HAS_POISSON_NETWORKS:
        pytest.skip("MLPRegressor has a log link from scikit-learn 1.7")
    X, y = data_for(loss, case)
    model = build(case, loss=loss, standardize=standardize, **FEW).fit(X, y)
    assert_same_predictions(model, model.to_sklearn(), X)


@pytest.mark.parametrize("case", NETWORK_CASES)
@pytest.mark.parametrize(
    "activation", ["identity", "logistic", "tanh", "relu", Tanh(), ("relu",) * 2]
)
@pytest.mark.parametrize("units", [{}, {"standardize": False}], ids=repr)
def test_every_activation_that_scikit_learn_has(case, activation, units):
    X, y = make_data(case)
    model = build(case, activation=activation, **units, **FEW).fit(3 + 10 * X, y)
    assert_same_predictions(model, model.to_sklearn(), 3 + 10 * X, rtol=1e-10)


@pytest.mark.parametrize("sizes", [(), (4,), 4, (4, 3, 2)])
def test_any_number_of_hidden_layers(sizes):
    model, X, _ = fitted("mlp-three-classes", hidden_layer_sizes=sizes)
    counterpart = model.to_sklearn()
    assert counterpart.hidden_layer_sizes == tuple(np.atleast_1d(sizes).astype(int))
    assert counterpart.n_layers_ == model.n_layers_
    assert_same_predictions(model, counterpart, X)


def test_streams_have_one_too():
    X, y = make_data("one-vs-rest")
    for model in (GDLogisticClassifier(), GDSoftmaxClassifier(), GDMLPClassifier()):
        model.partial_fit(X[:30], y[:30], classes=[0, 1, 2]).partial_fit(X[30:], y[30:])
        assert_same_predictions(model, model.to_sklearn(), X)


def test_what_was_fitted_counts_and_not_what_was_set_afterwards():
    X, y = counts("regression")
    model = GDLinearRegressor(loss="poisson").fit(X, y).set_params(loss="huber")
    assert_same_predictions(model, model.to_sklearn(), X)
    model, X, _ = fitted("mlp-regression", activation="tanh")
    model.set_params(activation="gelu", hidden_layer_sizes=(7,))
    assert_same_predictions(model, model.to_sklearn(), X)


def test_many_classes_make_no_warning():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 3)), np.repeat(np.arange(30), 2)
    for Classifier in CLASSIFIERS:
        model = Classifier(**FEW).fit(X, y)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert_same_predictions(model, model.to_sklearn(), X)


# Complete objects of scikit-learn.


@all_cases
@pytest.mark.parametrize(
    "copier",
    [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))],
    ids=["deepcopy", "pickle"],
)
def test_copies_of_it_predict_the_same(case, copier):
    model, X, _ = fitted(case)
    assert_same_predictions(model, copier(model.to_sklearn()), X)


@all_cases
def test_it_is_cloned_printed_and_changed_like_any_other(case):
    model, X, y = fitted(case)
    counterpart = model.to_sklearn()
    twin = clone(counterpart)
    assert repr(twin) == repr(counterpart)
    assert type(counterpart).__name__ in estimator_html_repr(counterpart)
    with pytest.raises(NotFittedError):
        twin.predict(X)
    parameters = counterpart.get_params(deep=False)
    assert counterpart.set_params(**parameters) is counterpart
    assert_same_predictions(model, counterpart, X)
    assert twin.fit(X, y).predict(X).shape == model.predict(X).shape


@all_cases
def test_column_names_are_known(case):
    X, y = make_data(case)
    frame = pd.DataFrame(X, columns=list("abcd"))
    counterpart = fitted(case, frame, y)[0].to_sklearn()
    assert_array_equal(counterpart.feature_names_in_, list("abcd"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        counterpart.predict(frame)
    with pytest.raises(ValueError, match="feature names"):
        counterpart.predict(frame[["b", "a", "c", "d"]])
    with pytest.warns(UserWarning, match="valid feature names"):
        counterpart.predict(X)


@all_cases
def test_rows_of_another_width_are_refused(case):
    model, X, _ = fitted(case)
    counterpart = model.to_sklearn()
    assert counterpart.n_features_in_ == 4
    assert not hasattr(counterpart, "feature_names_in_")
    with pytest.raises(ValueError, match="3 features"):
        counterpart.predict(X[:, :3])


@all_cases
def test_to_fit_it_again_leaves_the_original_alone(case):
    model, X, y = fitted(case, warm_start=True)
    before = model.predict(X)
    counterpart = model.to_sklearn()
    learn = getattr(counterpart, "partial_fit", counterpart.fit)
    for _ in range(3):
        learn(X, y)
    assert_array_equal(model.predict(X), before)


@pytest.mark.parametrize(
    "case", [name for name in CASES if COUNTERPARTS[name] is not SGDClassifier]
)
def test_partial_fit_and_warm_starts_go_on_from_it(case):
    X, y = make_data(case)
    model = build(case, warm_start=True, max_iter=300, alpha=0).fit(X, y)
    counterpart = model.to_sklearn()
    if hasattr(counterpart, "partial_fit"):
        counterpart.set_params(learning_rate_init=1e-6).partial_fit(X, y).partial_fit(X, y)
        assert counterpart.n_iter_ == 1
    counterpart.fit(X, y)
    near = {"rtol": 0.02, "atol": 0.02}
    assert_allclose(counterpart.score(X, y), model.score(X, y), **near)


def test_partial_fit_goes_on_from_one_vs_rest():
    model, X, y = fitted("one-vs-rest")
    counterpart = model.to_sklearn()
    assert counterpart.t_ == 1 + model.t_
    slow = {"learning_rate": "constant", "eta0": 1e-9, "penalty": None}
    counterpart.set_params(**slow).partial_fit(X, y)
    assert_allclose(counterpart.coef_, model.coef_, rtol=1e-5)


@all_cases
def test_conversion_draws_no_random_numbers_and_changes_nothing(case):
    model, *_ = fitted(case)
    before = pickle.dumps(model)
    np.random.seed(0)  # noqa: NPY002 - which is the generator of random_state=None
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.to_sklearn()
    assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002
    assert pickle.dumps(model) == before


POWERS = {"poisson": 1, "tweedie": 1.5, "gamma": 2, "inverse_gaussian": 3}


@pytest.mark.parametrize("loss", POWERS)
def test_the_score_of_a_log_link_is_that_of_scikit_learn(loss):
    X, y = data_for(loss, "regression")
    model = GDLinearRegressor(loss=loss).fit(X, y)
    expected = d2_tweedie_score(y, model.predict(X), power=POWERS[loss])
    assert_allclose(model.to_sklearn().score(X, y), expected)


# Parameters that mean the same.


SAME = [
    ("logistic", {}, {}),
    ("logistic", {"alpha": 0}, {"C": np.inf}),
    ("softmax", {"penalty": None}, {"C": np.inf}),
    ("softmax", {"class_weight": "balanced", "warm_start": True}, None),
    ("logistic", {"class_weight": {0: 2.0}, "fit_intercept": False}, None),
    ("one-vs-rest", {"penalty": "elasticnet", "alpha": 0.1, "l1_ratio": 0.3}, None),
    ("one-vs-rest", {"alpha": 0}, {"penalty": None}),
    ("one-vs-rest", {"alpha": 0.1, "standardize": True}, {"alpha": 1e-4}),
    ("one-vs-rest", {"alpha": 0.1, "penalty": L1()}, {"alpha": 1e-4, "penalty": "l2"}),
    ("regression", {"positive": True, "fit_intercept": False}, None),
    ("regression", {"loss": "poisson", "alpha": 0.1}, None),
    ("regression", {"loss": "poisson", "penalty": None}, {"alpha": 0}),
    ("regression", {"loss": "poisson", "penalty": "l1", "alpha": 0.1}, {"alpha": 1.0}),
    ("regression", {"loss": "gamma", "alpha": 0.1}, None),
    ("regression", {"loss": Tweedie(power=1.3)}, {"power": 1.3, "link": "log", "alpha": 1e-4}),
    ("regression", {"loss": "inverse_gaussian"}, {"power": 3, "link": "log", "alpha": 1e-4}),
    ("mlp-regression", {"activation": "relu", "warm_start": True}, None),
    ("mlp-two-classes", {"hidden_layer_sizes": (4,), "random_state": 3}, None),
]


@pytest.mark.parametrize(("case", "params", "expected"), SAME)
def test_parameters_that_mean_the_same_are_taken_over(case, params, expected):
    X, y = data_for(params["loss"], case) if "loss" in params else make_data(case)
    counterpart = build(case, **(FEW | params)).fit(X, y).to_sklearn()
    expected = {k: v for k, v in params.items() if k != "loss"} if expected is None else expected
    found = counterpart.get_params()
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize("penalty", ["l2", "elasticnet"])
def test_one_vs_rest_fitted_again_minimises_the_same_objective(penalty):
    X, y = make_data("one-vs-rest", n_samples=2000)
    model = GDLogisticClassifier(penalty=penalty, alpha=0.01).fit(X, y)
    again = clone(model.to_sklearn()).set_params(random_state=0, max_iter=200, tol=None)
    assert_allclose(again.fit(X, y).coef_, model.coef_, atol=0.01)


@pytest.mark.parametrize("loss", POWERS)
def test_a_log_link_fitted_again_minimises_the_same_objective(loss):
    X, y = data_for(loss, "regression")
    model = GDLinearRegressor(loss=loss, alpha=0.1, tol=1e-12).fit(X, y)
    again = clone(model.to_sklearn()).set_params(tol=1e-10, max_iter=1000).fit(X, y)
    assert_allclose(again.coef_, model.coef_, rtol=1e-4)


def test_generators_and_class_weights_are_copies():
    rng = np.random.RandomState(0)
    weight = {0: 2.0, 1: 1.0}
    model, *_ = fitted("logistic", random_state=rng, class_weight=weight)
    counterpart = model.to_sklearn()
    assert counterpart.random_state is not rng
    assert counterpart.class_weight is not weight
    assert counterpart.class_weight == weight


# Where there is none.


@dataclass(kw_only=True, eq=False, repr=False)
class SquareLink(SquaredError):
    """Predictions are squares."""

    def inverse_link(self, raw):
        return raw**2


@dataclass(kw_only=True, eq=False, repr=False)
class OwnLoss(SquaredError):
    """Without a link of its own."""


@pytest.mark.parametrize("kind", REGRESSORS)
def test_a_loss_with_a_link_of_its_own_has_none(kind):
    X, y = counts("regression")
    model = kind(loss=SquareLink(), **FEW).fit(X, y)
    message = f"{kind.__name__} has no counterpart in scikit-learn: .*loss=SquareLink.*pickle"
    with pytest.raises(ValueError, match=message):
        model.to_sklearn()


@pytest.mark.parametrize(
    "loss", [OwnLoss(), MoreauEnvelope(loss=AbsoluteError(), width=0.5)], ids=repr
)
def test_any_other_loss_of_the_users_own_has_one(loss):
    X, y = counts("regression")
    model = GDLinearRegressor(loss=loss, **FEW).fit(X, y)
    assert_same_predictions(model, model.to_sklearn(), X)


@pytest.mark.parametrize("activation", ["gelu", "elu", "silu", "softplus", LeakyReLU(slope=0.1)])
@pytest.mark.parametrize("case", ["mlp-regression", "mlp-two-classes"])
def test_an_activation_that_scikit_learn_does_not_have_is_named(case, activation):
    model, *_ = fitted(case, activation=activation)
    name = COUNTERPARTS[case].__name__
    with pytest.raises(ValueError, match=rf"{name} has no activation \w+\(.*It has \['identity'"):
        model.to_sklearn()


def test_an_activation_of_a_subclass_is_another():
    class Half(Tanh):
        def value(self, z):
            return np.tanh(z) / 2

    model, *_ = fitted("mlp-regression", activation=Half())
    with pytest.raises(ValueError, match="no activation Half"):
        model.to_sklearn()


def test_different_activations_have_none():
    model, *_ = fitted("mlp-regression", activation=("tanh", "relu"))
    with pytest.raises(ValueError, match=r"one activation for all hidden layers, not \[Tanh"):
        model.to_sklearn()


@pytest.mark.skipif(HAS_POISSON_NETWORKS, reason="only before scikit-learn 1.7")
def test_a_network_for_counts_has_none_before_scikit_learn_1_7():
    X, y = counts("mlp-regression")
    model = GDMLPRegressor(loss="poisson", **FEW).fit(X, y)
    with pytest.raises(ValueError, match=r"no log link before .* Install scikit-learn 1\.7"):
        model.to_sklearn()


@all_cases
def test_before_fit_there_is_none(case):
    with pytest.raises(NotFittedError):
        build(case).to_sklearn()


# Tools that know the classes of scikit-learn only.


@all_cases
def test_skops_trusts_all_of_it(case):
    io = pytest.importorskip("skops.io")
    model, X, _ = fitted(case)
    saved = io.dumps(model.to_sklearn())
    assert io.get_untrusted_types(data=saved) == []
    assert_same_predictions(model, io.loads(saved), X)


@pytest.mark.parametrize("case", ["regression", "logistic", "one-vs-rest", "softmax"])
def test_m2cgen_writes_it_as_code(case):
    m2cgen = pytest.importorskip("m2cgen")
    model, X, _ = fitted(case)
    namespace = {}
    exec(m2cgen.export_to_python(model.to_sklearn()), namespace)
    scores = [namespace["score"](list(row)) for row in X]
    raw = getattr(model, "decision_function", model.predict)(X)
    assert_allclose(scores, raw, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    "case", ["regression", "two-targets", "logistic", "one-vs-rest", "softmax"]
)
def test_eli5_explains_its_weights(case):
    eli5 = pytest.importorskip("eli5")
    model, *_ = fitted(case)
    table = eli5.explain_weights_df(model.to_sklearn(), feature_names=list("abcd"))
    column = table[table["feature"] == "b"]["weight"]
    assert_allclose(np.sort(column), np.sort(np.atleast_2d(model.coef_)[:, 1]), rtol=1e-12)


@pytest.mark.slow
def test_mlflow_saves_it_in_its_default_format(tmp_path):
    mlflow = pytest.importorskip("mlflow.sklearn")
    model, X, _ = fitted("softmax")
    mlflow.save_model(model.to_sklearn(), str(tmp_path / "model"))
    assert_same_predictions(model, mlflow.load_model(str(tmp_path / "model")), X)


# ONNX.


def run_onnx(model, X, **options):
    """The outputs of the converted model; X is an array, or a dict of columns."""
    skl2onnx = pytest.importorskip("skl2onnx")
    runtime = pytest.importorskip("onnxruntime")
    register()
    options = {"zipmap": False} | options if hasattr(model, "classes_") else None
    if isinstance(X, np.ndarray):
        converted, inputs = skl2onnx.to_onnx(model, X[:1], options=options), {"X": X}
    else:
        inputs = {name: column.to_numpy()[:, np.newaxis] for name, column in X.items()}
        types = {"O": "StringTensorType", "f": "FloatTensorType"}
        kinds = skl2onnx.common.data_types
        initial = [
            (name, getattr(kinds, types[column.dtype.kind])([None, 1]))
            for name, column in inputs.items()
        ]
        converted = skl2onnx.convert_sklearn(model, initial_types=initial, options=options)
    session = runtime.InferenceSession(
        converted.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    outputs = session.run(None, inputs)
    # the shapes that are announced are those that come
    for declared, found in zip(session.get_outputs(), outputs, strict=True):
        assert tuple(declared.shape[1:]) == np.shape(found)[1:]
    return outputs


def assert_onnx_predicts_the_same(model, X, rtol=1e-5):
    outputs = run_onnx(model, X)
    prediction = model.predict(X)
    if hasattr(model, "predict_proba"):
        assert_array_equal(outputs[0], prediction)
        assert_allclose(outputs[1], model.predict_proba(X), rtol=rtol, atol=rtol)
    else:
        assert outputs[0].ndim == 2
        scale = np.abs(prediction).max()
        assert_allclose(outputs[0], prediction.reshape(len(X), -1), rtol=rtol, atol=rtol * scale)


@all_cases
@all_dtypes
def test_onnx_predicts_the_same(case, dtype):
    model, X, _ = fitted(case)
    rtol = 1e-12 if dtype == np.float64 else 1e-5
    assert_onnx_predicts_the_same(model, X.astype(dtype), rtol)


@all_labelled
@pytest.mark.parametrize("labels", [np.array(["x", "y", "z"]), np.array([-1, 0, 7])], ids=repr)
def test_onnx_gives_labels_of_any_kind(case, labels):
    model, X, _ = fitted(case, y=labels[make_data(case)[1]])
    assert_onnx_predicts_the_same(model, X.astype(np.float32))


@all_cases
def test_onnx_takes_whole_numbers(case):
    model, X, _ = fitted(case)
    if case == "modified-huber":
        pytest.skip("skl2onnx predicts the first of several classes of probability 1")
    assert_onnx_predicts_the_same(model, np.round(10 * X).astype(np.int64))


@pytest.mark.parametrize("case", ["multilabel", "mlp-multilabel"])
def test_onnx_gives_two_labels(case):
    X, y = make_data(case)
    model = build(case, **FEW).fit(X, y[:, :2])
    assert_onnx_predicts_the_same(model, X.astype(np.float32))


@pytest.mark.parametrize("case", ["regression", "two-targets", "mlp-regression", "mlp-two-targets"])
@pytest.mark.parametrize("loss", ["huber", *LOG_LINKS])
def test_onnx_knows_losses_and_links(case, loss):
    if loss in LOG_LINKS and "mlp" in case and not HAS_POISSON_NETWORKS:
        pytest.skip("MLPRegressor has a log link from scikit-learn 1.7")
    X, y = data_for(loss, case)
    model = build(case, loss=loss, **FEW).fit(X, y)
    assert_onnx_predicts_the_same(model, X.astype(np.float32))


@pytest.mark.parametrize("case", NETWORK_CASES)
@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
def test_onnx_knows_activations(case, activation):
    model, X, _ = fitted(case, activation=activation)
    assert_onnx_predicts_the_same(model, X.astype(np.float32))


@pytest.mark.parametrize(
    "case", [name for name, case in CASES.items() if case.estimator in CLASSIFIERS]
)
def test_onnx_gives_raw_scores_where_they_are_asked_for(case):
    model, X, _ = fitted(case)
    scores = model.decision_function(X)
    if scores.ndim == 1:
        scores = np.column_stack([-scores, scores])
    _, found = run_onnx(model, X.astype(np.float32), raw_scores=True)
    assert_allclose(found, scores, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("case", ["softmax", "mlp-three-classes"])
def test_onnx_gives_a_dictionary_for_each_row_unless_told_otherwise(case):
    skl2onnx = pytest.importorskip("skl2onnx")
    runtime = pytest.importorskip("onnxruntime")
    register()
    model, X, _ = fitted(case)
    X = X.astype(np.float32)
    session = runtime.InferenceSession(skl2onnx.to_onnx(model, X[:1]).SerializeToString())
    found = session.run(None, {"X": X})[1]
    expected = [
        dict(zip(model.classes_.tolist(), row, strict=True)) for row in model.predict_proba(X)
    ]
    assert all(
        row == pytest.approx(other, abs=1e-5) for row, other in zip(found, expected, strict=True)
    )


def mixed_frame(n_samples=60):
    """Numbers and categories, in single precision as ONNX will see them."""
    X, _ = make_data("logistic", n_samples)
    columns = {"a": X[:, 0], "b": 100 * X[:, 1]}
    frame = pd.DataFrame(columns).astype(np.float32)
    frame["c"] = pd.Series(np.where(X[:, 2] > 0, "up", "down"), dtype=object)
    return frame


@all_cases
def test_onnx_converts_a_pipeline_with_a_column_transformer_as_it_stands(case):
    frame, (_, y) = mixed_frame(), make_data(case)
    columns = ColumnTransformer(
        [("numbers", StandardScaler(), ["a", "b"]), ("categories", OneHotEncoder(), ["c"])]
    )
    model = make_pipeline(columns, build(case, **FEW)).fit(frame, y)
    assert_onnx_predicts_the_same(model, frame)


@all_cases
def test_onnx_converts_a_model_that_knows_column_names(case):
    X, y = make_data(case)
    model, *_ = fitted(case, pd.DataFrame(X, columns=list("abcd")), y)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        outputs = run_onnx(model, X.astype(np.float32))
    expected = model.predict(pd.DataFrame(X, columns=list("abcd")))
    assert_allclose(outputs[0], expected.reshape(np.shape(outputs[0])), rtol=1e-4, atol=1e-4)


@all_labelled
def test_onnx_converts_searches_votes_and_calibrations(case):
    X, y = make_data(case, n_samples=200)
    X = X.astype(np.float32)
    model = build(case, **FEW)
    voting = {"voting": "soft", "flatten_transform": False}
    for around in (
        GridSearchCV(model, {"alpha": [1e-3]}, cv=2),
        VotingClassifier([("a", model), ("b", LogisticRegression())], **voting),
        # which is made from raw scores
        CalibratedClassifierCV(model, cv=2),
    ):
        assert_onnx_predicts_the_same(around.fit(X, y), X, rtol=1e-4)


@pytest.mark.parametrize("kind", REGRESSORS)
def test_onnx_converts_meta_estimators_of_regressors(kind):
    X, y = make_data("two-targets")
    X = X.astype(np.float32)
    model = kind(random_state=0, **FEW)
    both = VotingRegressor([("a", model), ("b", LinearRegression())])
    assert_onnx_predicts_the_same(both.fit(X, y[:, 0]), X, rtol=1e-4)
    assert_onnx_predicts_the_same(MultiOutputRegressor(model).fit(X, y), X, rtol=1e-4)


def test_onnx_says_why_a_model_cannot_be_converted():
    skl2onnx = pytest.importorskip("skl2onnx")
    register()
    model, X, _ = fitted("mlp-regression", activation="gelu")
    with pytest.raises(ValueError, match="MLPRegressor has no activation GELU"):
        skl2onnx.to_onnx(model, X[:1].astype(np.float32))


def test_register_may_be_called_twice_and_gives_nothing():
    pytest.importorskip("skl2onnx")
    assert register() is None
    assert register() is None


def test_register_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    with pytest.raises(ImportError, match=r"pip install 'sklearn-gd\[onnx\]'"):
        register()
