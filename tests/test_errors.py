"""What goes wrong is said in a sentence, once, and leaves the estimator as it was."""

import pickle
import re
import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from common import (
    CLASSIFIERS,
    ESTIMATORS,
    LINEAR,
    NETWORKS,
    REGRESSORS,
    build,
    coefficients,
    make_data,
    raw,
)
from numpy.testing import assert_array_equal
from sklearn.base import is_regressor
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.utils.validation import check_is_fitted

from sklearn_gd import (
    GDLinearRegressor,
    GDLogisticClassifier,
    GDMLPClassifier,
    GDMLPRegressor,
    GDSoftmaxClassifier,
)
from sklearn_gd._validation import InvalidParameterError
from sklearn_gd.losses import Huber, Quantile
from sklearn_gd.models.activations import Tanh
from sklearn_gd.penalties import L2, ElasticNet, Penalty
from sklearn_gd.schedules import Constant, Exponential, InverseScaling
from sklearn_gd.solvers import LBFGS, SGD, Adam, GradientDescent, Momentum, Scipy

all_estimators = pytest.mark.parametrize("Estimator", ESTIMATORS, ids=lambda kind: kind.__name__)
all_classifiers = pytest.mark.parametrize("Classifier", CLASSIFIERS, ids=lambda kind: kind.__name__)
all_regressors = pytest.mark.parametrize("Regressor", REGRESSORS, ids=lambda kind: kind.__name__)
FEW = {"max_iter": 3, "tol": 0}
NAN, INF = float("nan"), float("inf")


def rows():
    return make_data("logistic")


# Parameters: a table of bad values for each.


NOT_BOOL = [1, 0, None, "yes", np.array([True])]
NOT_COUNT = [0, -1, 2.5, "10", None, True, INF, NAN]
NOT_SHARE = [-0.1, 1.1, NAN, "half", None, True]
BAD_VALUES = {
    "loss": ["nonsense", 3, None, Huber],
    "penalty": ["l3", 1.0, True, L2],
    "alpha": [-1e-9, NAN, INF, "1", None, True, {}, np.array(-1.0), np.eye(2)],
    "l1_ratio": NOT_SHARE,
    "fit_intercept": NOT_BOOL,
    "positive": NOT_BOOL,
    "standardize": NOT_BOOL,
    "penalty_weights": [-1.0, 1.0, True, "l1", [1.0, -1.0], [NAN], {"a": -1.0}, np.eye(2)],
    "lower": [NAN, "0", True, ["0"], {"a": None}, np.eye(2)],
    "upper": [NAN, "0", True, ["0"], {"a": None}, np.eye(2)],
    "class_weight": ["nonsense", 3, [1, 2]],
    "hidden_layer_sizes": [0, -3, (5, 0), (5, 2.5), "55", None, (True,), 2.5, {5}, np.array(5.0)],
    "activation": ["nonsense", 3, None, "sigmoid", ("nonsense",), (None,), {"relu"}, [Tanh]],
    "dropout": [-0.1, 1.0, NAN, "half", None, True, (-0.1,), (1.0,), (NAN,), ("half",), {0.5}],
    "max_norm": [0, -1, NAN, "long", True],
    "solver": ["nonsense", 3, None, Adam, True],
    "learning_rate": [0, -0.1, NAN, INF, "nonsense", None, True],
    "batch_size": ["all", *NOT_COUNT],
    "shuffle": NOT_BOOL,
    "average": NOT_BOOL,
    "max_iter": NOT_COUNT,
    "tol": [-1e-9, NAN, INF, "small", None, True],
    "max_time": [0, -1, NAN, "long", True],
    "early_stopping": NOT_BOOL,
    "scoring": [3, True, ["accuracy"]],
    "validation_fraction": [0, 1, *NOT_SHARE],
    "n_iter_no_change": NOT_COUNT,
    "warm_start": NOT_BOOL,
    "random_state": ["seed", -1, 1.5, {}],
    "verbose": [-1, 1.5, "much", None],
}
BAD = [
    pytest.param(Estimator, name, value, id=f"{Estimator.__name__}-{name}-{value!r}"[:70])
    for Estimator in ESTIMATORS
    for name in Estimator().get_params()
    for value in BAD_VALUES.get(name, [])
]


@all_estimators
def test_table_of_bad_values_has_every_parameter(Estimator):
    assert set(BAD_VALUES) >= set(Estimator().get_params())


@pytest.mark.parametrize(("Estimator", "name", "value"), BAD)
def test_bad_value_is_named_with_its_parameter(Estimator, name, value):
    X, y = rows()
    model = Estimator(**{name: value})
    message = (
        f"The '{name}' parameter of {Estimator.__name__} must be .* "
        f"Got {re.escape(repr(value))} instead"
    )
    with pytest.raises(InvalidParameterError, match=message) as error:
        model.fit(X, y)
    assert isinstance(error.value, ValueError)
    assert isinstance(error.value, TypeError)
    assert vars(model) == vars(Estimator(**{name: value}))


@pytest.mark.parametrize("alpha", [(1.0, 2.0), [0.1]])
@pytest.mark.parametrize("Estimator", LINEAR)
def test_linear_models_take_one_alpha(Estimator, alpha):
    with pytest.raises(InvalidParameterError, match="'alpha' parameter"):
        Estimator(alpha=alpha).fit(*rows())


@pytest.mark.parametrize("alpha", [(1.0, -2.0), (1.0, "2"), (1.0, NAN), (1.0, 2.0, 3.0), ()])
@pytest.mark.parametrize("Network", NETWORKS)
def test_networks_take_one_alpha_for_each_layer(Network, alpha):
    with pytest.raises(InvalidParameterError, match="'alpha' parameter") as error:
        Network(hidden_layer_sizes=(3,), alpha=alpha).fit(*rows())
    assert repr(alpha) in str(error.value)


GOOD_VALUES = {
    "alpha": [0, 1, np.float32(0.1), np.int64(1)],
    "l1_ratio": [0, 1, np.float64(0.5)],
    "learning_rate": [1, np.float32(0.1), "constant", Constant(rate=0.1)],
    "batch_size": [1, np.int32(7), 10**9],
    "max_iter": [1, np.int64(2)],
    "tol": [0, 1, np.float64(1e-3)],
    "max_time": [None, 100, 0.5],
    "validation_fraction": [0.5, np.float32(0.25)],
    "n_iter_no_change": [1, np.int64(2)],
    "random_state": [None, 0, np.int64(3), np.random.RandomState(0)],
    "verbose": [0, np.int64(0), False],
    "penalty": [None, "l1", "l2", "elasticnet", L2()],
    "scoring": [None, lambda model, X, y: 0.0],
}


@pytest.mark.parametrize("name", GOOD_VALUES)
@all_estimators
def test_good_values_of_every_kind_are_taken(Estimator, name):
    X, y = rows()
    for value in GOOD_VALUES[name]:
        settings = {"solver": "sgd", "random_state": 0} | FEW | {name: value}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            Estimator(**settings).fit(X, y)


BAD_COMPONENTS = {
    "beta_1": ("solver", Adam, [1.0, -0.1, "a", None, NAN]),
    "epsilon": ("solver", Adam, [0, -1, "a"]),
    "memory": ("solver", LBFGS, [0, 2.5, None]),
    "momentum": ("solver", Momentum, [1.0, -0.1, None]),
    "metric": ("solver", GradientDescent, ["nonsense", 1]),
    "method": ("solver", Scipy, ["nonsense", None]),
    "l1_ratio": ("penalty", ElasticNet, [-0.1, 1.1, None]),
    "rate": ("learning_rate", Constant, [0, -1, "a", None]),
    "t0": ("learning_rate", InverseScaling, [0, -1]),
    "decay": ("learning_rate", Exponential, [0, 1.1]),
}


@pytest.mark.parametrize("field", BAD_COMPONENTS)
@all_estimators
def test_bad_field_of_a_component_is_named(Estimator, field):
    parameter, Component, values = BAD_COMPONENTS[field]
    for value in values:
        settings = {"solver": "sgd"} | {parameter: Component(**{field: value})}
        message = (
            f"The '{field}' parameter of {Component.__name__} must be .* Got {value!r} instead"
        )
        with pytest.raises(InvalidParameterError, match=message):
            Estimator(**settings).fit(*rows())


@pytest.mark.parametrize("value", [0, 1, -0.5, "a"])
def test_bad_field_of_a_loss_is_named(value):
    with pytest.raises(InvalidParameterError, match="'quantile' parameter of Quantile"):
        GDLinearRegressor(loss=Quantile(quantile=value)).fit(*rows())


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("solver", "adm", "adam"),
        ("solver", "l-bfgs", "lbfgs"),
        ("solver", "newton_cg", "newton-cg"),
        ("penalty", "elastic-net", "elasticnet"),
        ("learning_rate", "inverse_scaling", "inverse-scaling"),
    ],
)
@all_estimators
def test_misspelt_name_is_answered_with_the_one_that_was_meant(Estimator, name, value, meant):
    with pytest.raises(InvalidParameterError, match=f"Did you mean '{meant}'"):
        Estimator(**{name: value}).fit(*rows())


@all_regressors
def test_misspelt_loss_is_answered_with_the_one_that_was_meant(Regressor):
    with pytest.raises(InvalidParameterError, match="Did you mean 'squared_error'"):
        Regressor(loss="square_error").fit(*rows())


@pytest.mark.parametrize("Network", NETWORKS)
def test_misspelt_activation_is_answered_with_the_one_that_was_meant(Network):
    with pytest.raises(InvalidParameterError, match="Did you mean 'relu'"):
        Network(activation="reulu").fit(*rows())


OF_LINEAR_MODELS = (
    *("newton-cg", "proximal-newton-cg", "saga", "normalized-adagrad"),
    GradientDescent(metric="curvature"),
)
OF_SMOOTH_PENALTIES = ("lbfgs", "newton-cg", "scipy")
UNSUPPORTED = [
    pytest.param(Estimator, solver, penalty, id=f"{Estimator.__name__}-{solver}-{penalty}")
    for Estimators, solvers, penalties in (
        (NETWORKS, OF_LINEAR_MODELS, ("l2",)),
        (LINEAR, OF_SMOOTH_PENALTIES, ("l1", "elasticnet")),
        (NETWORKS, ("lbfgs", "scipy"), ("l1", "elasticnet")),
    )
    for Estimator in Estimators
    for solver in solvers
    for penalty in penalties
]


@pytest.mark.parametrize(("Estimator", "solver", "penalty"), UNSUPPORTED)
def test_solver_that_cannot_names_solvers_that_can(Estimator, solver, penalty):
    X, y = rows()
    with pytest.raises(ValueError, match="solver=") as error:
        Estimator(solver=solver, penalty=penalty).fit(X, y)
    offered = re.findall(r"solver='([\w-]+)'", str(error.value))
    assert offered
    for name in offered:
        Estimator(solver=name, penalty=penalty, random_state=0, **FEW).fit(X, y)


@pytest.mark.parametrize("method", ["dogleg", "trust-exact"])
def test_methods_with_a_full_hessian_have_a_limit(method):
    X = np.zeros((5, 1001))
    with pytest.raises(ValueError, match=r"1,?000 parameters.*trust-ncg"):
        GDLinearRegressor(solver=Scipy(method=method)).fit(X, np.arange(5.0))


# Data.


def with_value(array, value):
    array = np.array(array, dtype=float)
    array.flat[3] = value
    return array


BAD_DATA = {
    "NaN in X": (lambda X, y: (with_value(X, NAN), y), "NaN"),
    "infinity in X": (lambda X, y: (with_value(X, INF), y), "infinity"),
    "NaN in sparse X": (lambda X, y: (sp.csr_array(with_value(X, NAN)), y), "NaN"),
    "NaN in y": (lambda X, y: (X, with_value(y, NAN)), "NaN"),
    "infinity in y": (lambda X, y: (X, with_value(y, INF)), "infinity|Unknown label"),
    "no rows": (lambda X, y: (X[:0], y[:0]), "0 sample"),
    "no columns": (lambda X, y: (X[:, :0], y), "0 feature"),
    "X of one dimension": (lambda X, y: (X[:, 0], y), "2D array"),
    "X of three dimensions": (lambda X, y: (X[:, :, np.newaxis], y), "dim 3|3 dim"),
    "fewer y than rows": (lambda X, y: (X, y[:-1]), "inconsistent numbers of samples"),
    "no y": (lambda X, y: (X, None), "y"),
    "complex X": (lambda X, y: (X + 1j, y), "[Cc]omplex"),
    "text in X": (lambda X, y: (np.full(X.shape, "a"), y), "convert|numeric"),
    "negative weight": (lambda X, y: (X, y, with_value(np.ones(60), -1)), "negative"),
    "NaN weight": (lambda X, y: (X, y, with_value(np.ones(60), NAN)), "sample_weight.*NaN"),
    "infinite weight": (lambda X, y: (X, y, with_value(np.ones(60), INF)), "sample_weight.*inf"),
    "weights of zero": (lambda X, y: (X, y, np.zeros(60)), "sample_weight.*zero"),
    "too few weights": (lambda X, y: (X, y, np.ones(59)), r"sample_weight.*\(60,\).*\(59,\)"),
    "weights in a table": (lambda X, y: (X, y, np.ones((60, 1))), "sample_weight.*shape"),
    "one number as weights": (lambda X, y: (X, y, 2.0), "sample_weight.*shape"),
}


@pytest.mark.parametrize("kind", BAD_DATA)
@all_estimators
def test_bad_data_is_refused(Estimator, kind):
    change, message = BAD_DATA[kind]
    model = Estimator()
    with pytest.raises(ValueError, match=message):
        model.fit(*change(*rows()))
    assert vars(model) == vars(Estimator())


# A chunk of which no row counts changes nothing, and is no error.
@pytest.mark.parametrize("kind", [kind for kind in BAD_DATA if kind != "weights of zero"])
@all_estimators
def test_bad_data_is_refused_by_partial_fit(Estimator, kind):
    X, y = rows()
    change, message = BAD_DATA[kind]
    model = Estimator(random_state=0, **FEW).fit(X, y)
    before = pickle.dumps(vars(model))
    bad_X, bad_y, *weight = change(X, y)
    with pytest.raises(ValueError, match=message):
        model.partial_fit(bad_X, bad_y, sample_weight=weight[0] if weight else None)
    assert pickle.dumps(vars(model)) == before


@all_classifiers
def test_one_class_is_too_few(Classifier):
    X, _ = rows()
    with pytest.raises(ValueError, match=r"2 classes.*1 class"):
        Classifier().fit(X, np.full(len(X), "a"))


@all_classifiers
def test_numbers_that_are_not_classes(Classifier):
    X, _ = rows()
    with pytest.raises(ValueError, match="Unknown label type"):
        Classifier().fit(X, X[:, 0])


def test_labels_in_a_matrix_go_elsewhere():
    X, y = make_data("multilabel")
    with pytest.raises(ValueError, match=r"multilabel.*GDLogisticClassifier"):
        GDSoftmaxClassifier().fit(X, y)


@pytest.mark.parametrize("case", ["multilabel", "mlp-multilabel"])
def test_labels_that_overlap_have_no_class_weight(case):
    X, y = make_data(case)
    with pytest.raises(ValueError, match=r"'class_weight'.*multilabel.*sample_weight"):
        build(case, class_weight="balanced").fit(X, y)


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ({7: 1.0}, r"'class_weight'.*\[7\]"),
        ({0: -1.0}, "'class_weight'.*-1.0"),
        ({0: NAN}, "'class_weight'.*nan"),
        ({0: "a"}, "'class_weight'.*'a'"),
        ({0: 0.0, 1: 0.0}, "zero"),
    ],
    ids=str,
)
@all_classifiers
def test_bad_class_weight(Classifier, class_weight, message):
    with pytest.raises(ValueError, match=message):
        Classifier(class_weight=class_weight).fit(*rows())


@pytest.mark.parametrize("y", [[1.0, 2.0, -1.0], [0.0, 0.0, 0.0]])
@all_regressors
def test_poisson_needs_counts(Regressor, y):
    with pytest.raises(ValueError, match="poisson"):
        Regressor(loss="poisson").fit(np.eye(3), y)


# Validation rows and starts.


@all_estimators
def test_validation_rows_need_early_stopping(Estimator):
    X, y = rows()
    with pytest.raises(ValueError, match=r"X_val.*early_stopping=True"):
        Estimator().fit(X, y, X_val=X, y_val=y)


@all_estimators
@pytest.mark.parametrize("missing", ["X_val", "y_val"])
def test_validation_rows_come_with_targets(Estimator, missing):
    X, y = rows()
    validation = {"X_val": X, "y_val": y}
    del validation[missing]
    with pytest.raises(ValueError, match="X_val and y_val"):
        Estimator(early_stopping=True).fit(X, y, **validation)


@all_estimators
def test_validation_rows_have_the_features_of_the_others(Estimator):
    X, y = rows()
    with pytest.raises(ValueError, match=r"X_val.*3 features.*4 features"):
        Estimator(early_stopping=True).fit(X, y, X_val=X[:, :3], y_val=y)


@all_classifiers
def test_validation_rows_have_the_classes_of_the_others(Classifier):
    X, y = rows()
    with pytest.raises(ValueError, match=r"\[5\]") as error:
        Classifier(early_stopping=True).fit(X, y, X_val=X, y_val=y + 5 * (y == 1) - (y == 1))
    assert "partial_fit" not in str(error.value)


@all_estimators
def test_a_scorer_without_weights_is_refused_where_rows_have_weights(Estimator):
    X, y = rows()
    model = Estimator(early_stopping=True, scoring=lambda model, X, y: 0.0, max_iter=2, tol=0)
    model.fit(X, y)
    with pytest.raises(ValueError, match=r"does not support sample_weight.*scoring=None"):
        model.fit(X, y, np.arange(1.0, len(y) + 1))


@all_estimators
def test_a_rate_that_diverges_is_told_by_streams_and_by_fits_without_a_tolerance(Estimator):
    X, y = rows()
    model = Estimator(solver="sgd", learning_rate=1e6, tol=0, max_iter=3, random_state=0)
    first = {} if is_regressor(model) else {"classes": np.unique(y)}
    with pytest.warns(ConvergenceWarning, match=r"rate was reduced.*Lower the learning_rate"):
        model.fit(1e3 * X, y)

    def stream():
        for _ in range(3):
            model.partial_fit(1e3 * X, y, **first)

    with pytest.warns(ConvergenceWarning, match=r"rate was reduced.*Lower the learning_rate"):
        stream()


@all_estimators
def test_partial_fit_that_is_not_there_says_why(Estimator):
    with pytest.raises(AttributeError) as error:
        Estimator(solver="lbfgs").partial_fit  # noqa: B018
    assert "use solver='auto'" in str(error.value.__cause__)


@all_estimators
def test_unknown_scoring_is_named(Estimator):
    X, y = rows()
    with pytest.raises(ValueError, match="nonsense"):
        Estimator(early_stopping=True, scoring="nonsense").fit(X, y)


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ({"coef_init": np.zeros(3)}, r"coef_init must have shape .*\(3,\)"),
        ({"coef_init": np.zeros((2, 4))}, r"coef_init must have shape .*\(2, 4\)"),
        ({"intercept_init": np.zeros(5)}, r"intercept_init must have shape .*\(5,\)"),
        ({"coef_init": "a"}, "coef_init"),
        ({"intercept_init": NAN}, "intercept_init"),
    ],
    ids=str,
)
@pytest.mark.parametrize("Estimator", LINEAR, ids=lambda kind: kind.__name__)
def test_bad_start(Estimator, start, message):
    with pytest.raises(ValueError, match=message):
        Estimator().fit(*rows(), **start)


@pytest.mark.parametrize("Estimator", LINEAR, ids=lambda kind: kind.__name__)
def test_start_that_is_not_a_number(Estimator):
    X, y = rows()
    shape = Estimator().fit(X, y).coef_.shape
    with pytest.raises(ValueError, match="coef_init"):
        Estimator().fit(X, y, coef_init=np.full(shape, NAN))


@pytest.mark.parametrize("Estimator", LINEAR, ids=lambda kind: kind.__name__)
def test_start_of_an_intercept_that_is_not_there(Estimator):
    X, y = rows()
    start = 1.0 if Estimator is GDLinearRegressor else [1.0]
    with pytest.raises(ValueError, match=r"intercept_init.*fit_intercept=False"):
        Estimator(fit_intercept=False).fit(X, y, intercept_init=start)


# Methods out of turn.


@all_estimators
def test_nothing_works_before_fit(Estimator):
    X, y = rows()
    methods = ["predict"]
    if Estimator in CLASSIFIERS:
        methods += ["predict_proba", "predict_log_proba", "decision_function"]
    if Estimator in NETWORKS:
        methods += ["hidden_features"]
    for method in methods:
        with pytest.raises(NotFittedError):
            getattr(Estimator(), method)(X)
    with pytest.raises(NotFittedError):
        Estimator().score(X, y)


@all_estimators
def test_prediction_needs_the_features_of_fit(Estimator):
    X, y = rows()
    model = Estimator(random_state=0, **FEW).fit(X, y)
    with pytest.raises(ValueError, match=r"3 features.*4 features"):
        model.predict(X[:, :3])
    with pytest.raises(ValueError, match="NaN"):
        model.predict(with_value(X, NAN))


@all_classifiers
def test_first_chunk_needs_classes(Classifier):
    X, y = rows()
    model = Classifier()
    with pytest.raises(ValueError, match="classes must be passed on the first call to partial_fit"):
        model.partial_fit(X, y)
    assert vars(model) == vars(Classifier())


@all_classifiers
def test_later_chunks_have_the_classes_of_the_first(Classifier):
    X, y = rows()
    model = Classifier(random_state=0).partial_fit(X, y, classes=[0, 1])
    before = pickle.dumps(vars(model))
    with pytest.raises(ValueError, match=r"\[0, 1, 2\].*\[0, 1\]"):
        model.partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match=r"\[7\]"):
        model.partial_fit(X, np.full(len(X), 7))
    assert pickle.dumps(vars(model)) == before


@all_regressors
def test_later_chunks_have_the_columns_of_the_first(Regressor):
    X, y = make_data("two-targets")
    model = Regressor(random_state=0).partial_fit(X, y)
    before = pickle.dumps(vars(model))
    with pytest.raises(ValueError, match=r"1 columns?.*2"):
        model.partial_fit(X, y[:, 0])
    with pytest.raises(ValueError, match=r"3 features.*4 features"):
        model.partial_fit(X[:, :3], y)
    assert pickle.dumps(vars(model)) == before


# A fit that fails leaves no trace.


@dataclass(kw_only=True, eq=False, repr=False)
class Failing(Penalty):
    """A user's penalty that fails at its n-th use."""

    error: type = ZeroDivisionError
    uses: int = 3

    def smooth(self, w):
        self.uses -= 1
        if self.uses == 0:
            raise self.error("in the user's own code")
        return 0.5 * float(np.vdot(w, w)), w

    def curvature(self, n_features):
        return 1.0


def fit_fails(model, X, y, error, **arguments):
    with pytest.raises(error):
        model.fit(X, y, **arguments)


def bad_data(model, X, y):
    frame = pd.DataFrame(with_value(np.hstack([X, X]), NAN), columns=list("stuvwxyz"))
    fit_fails(model, frame, 1 - y, ValueError)


def bad_target(model, X, y):
    fit_fails(model, X[:, :2], with_value(y, NAN), ValueError)


def bad_parameter(model, X, y):
    model.max_iter = -1
    fit_fails(model, X[:, :2], y, ValueError)
    model.max_iter = FEW["max_iter"]


def bad_validation_rows(model, X, y):
    model.early_stopping = True
    fit_fails(model, X[:, :3], y, ValueError, X_val=X[:, :2], y_val=y)
    model.early_stopping = False


def failing_penalty(model, X, y):
    model.penalty, penalty = Failing(), model.penalty
    fit_fails(model, X[:, :2], y, ZeroDivisionError)
    model.penalty = penalty


def failing_scorer(model, X, y):
    calls = []

    def scoring(*arguments, **weights):
        calls.append(arguments)
        return 1 / (2 - len(calls))

    model.early_stopping, model.scoring = True, scoring
    fit_fails(model, X[:, :2], y, ZeroDivisionError)
    model.early_stopping, model.scoring = False, None


def warning_as_error(model, X, y):
    model.tol = 1e-12
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit_fails(model, 100 * X[:, :2], y, ConvergenceWarning)
    model.tol = 0


def unsupported_solver(model, X, y):
    model.solver, model.penalty = "lbfgs", "l1"
    fit_fails(model, X[:, :2], y, ValueError)
    model.solver, model.penalty = "adam", "l2"


FAILURES = [
    bad_data,
    bad_target,
    bad_parameter,
    bad_validation_rows,
    failing_penalty,
    failing_scorer,
    warning_as_error,
    unsupported_solver,
]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.__name__)
@pytest.mark.parametrize("warm_start", [False, True])
@all_estimators
def test_failed_fit_leaves_a_fitted_estimator_as_it_was(Estimator, warm_start, failure):
    X, y = rows()
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = Estimator(solver="adam", random_state=0, warm_start=warm_start, **FEW).fit(frame, y)
    before, state, prediction = dict(vars(model)), pickle.dumps(vars(model)), raw(model, frame)
    failure(model, X, y)
    assert vars(model).keys() == before.keys()
    assert pickle.dumps({name: vars(model)[name] for name in before}) == state
    assert_array_equal(raw(model, frame), prediction)


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.__name__)
@all_estimators
def test_failed_fit_leaves_an_unfitted_estimator_unfitted(Estimator, failure):
    X, y = rows()
    model = Estimator(solver="adam", random_state=0, **FEW)
    before = dict(vars(model))
    failure(model, X, y)
    assert vars(model) == before
    with pytest.raises(NotFittedError):
        check_is_fitted(model)


@all_estimators
def test_failed_partial_fit_leaves_no_trace(Estimator):
    X, y = rows()
    model = Estimator(solver="adam", random_state=0, **FEW).fit(X, y)
    state, penalty = pickle.dumps(vars(model)), model.penalty
    model.penalty = Failing(uses=2)
    with pytest.raises(ZeroDivisionError):
        model.partial_fit(X, y)
    model.penalty = penalty
    assert pickle.dumps(vars(model)) == state


@all_estimators
def test_interrupt_keeps_the_best_so_far_and_goes_on_upwards(Estimator):
    X, y = rows()
    penalty = Failing(error=KeyboardInterrupt, uses=12)
    model = Estimator(solver="gd", penalty=penalty, alpha=0.1, max_iter=1000, random_state=0)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert "interrupted" in model.stop_reason_
    assert not model.converged_
    assert np.isfinite(coefficients(model)).all()
    assert model.objective_ < model.loss_curve_[0]


@pytest.mark.parametrize("solver", ["auto", "gd", "sgd", "adam", "lbfgs"])
@all_estimators
def test_numbers_too_large_for_arithmetic_are_refused_or_survived(Estimator, solver):
    """Never a result that is not finite."""
    X, y = rows()
    model = Estimator(solver=solver, random_state=0, **FEW)
    failure = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model.fit(X * 1e200, y)
        except (ValueError, ArithmeticError) as error:
            failure = str(error)
    if failure is None:
        assert np.isfinite(coefficients(model)).all()
    else:
        assert re.search("overflowed in the first iteration.*largest number", failure)
        assert vars(model) == vars(Estimator(solver=solver, random_state=0, **FEW))


# Warnings: once, where the user wrote fit.


def warnings_of(model, X, y):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y)
    return caught


METHOD_PARAMETERS = ("learning_rate", "batch_size", "average")
UNUSED = [
    *((solver, name) for solver in ("lbfgs", "agd", "scipy") for name in METHOD_PARAMETERS),
    *(("gd", name) for name in ("batch_size", "average")),
]
UNUSED_BY_LINEAR = [
    (GradientDescent(metric="curvature"), "learning_rate"),
    ("newton-cg", "learning_rate"),
    ("newton-cg", "batch_size"),
    ("proximal-newton-cg", "learning_rate"),
]
UNUSED_BY = [
    pytest.param(Estimator, solver, name, id=f"{Estimator.__name__}-{solver}-{name}")
    for Estimators, unused in ((ESTIMATORS, UNUSED), (LINEAR, UNUSED_BY_LINEAR))
    for Estimator in Estimators
    for solver, name in unused
]
CHANGED = {"learning_rate": 0.1, "batch_size": 7, "average": True}


@pytest.mark.parametrize(("Estimator", "solver", "name"), UNUSED_BY)
def test_parameter_that_the_solver_does_not_use_is_named_once(Estimator, solver, name):
    model = Estimator(solver=solver, random_state=0, **FEW, **{name: CHANGED[name]})
    (warning,) = warnings_of(model, *rows())
    assert warning.category is UserWarning
    assert warning.filename == __file__
    assert f"{name}={CHANGED[name]!r}" in str(warning.message)
    assert f"solver={solver!r}" in str(warning.message)


@pytest.mark.parametrize("solver", ["auto", "sgd", "adam", SGD()], ids=str)
@all_estimators
def test_parameters_that_are_used_or_chosen_by_auto_are_not_warned_of(Estimator, solver):
    assert not warnings_of(Estimator(solver=solver, random_state=0, **FEW, **CHANGED), *rows())


@pytest.mark.parametrize("solver", ["lbfgs", "agd", "scipy", "gd"])
@all_estimators
def test_defaults_that_are_not_used_are_not_warned_of(Estimator, solver):
    defaults = {"learning_rate": "auto", "batch_size": "auto", "average": False}
    assert not warnings_of(Estimator(solver=solver, random_state=0, **FEW, **defaults), *rows())


@pytest.mark.parametrize("solver", ["auto", "gd", "agd", "lbfgs", "scipy", "sgd", "adam"])
@all_estimators
def test_too_few_iterations_are_warned_of_exactly_once(Estimator, solver):
    X, y = rows()
    scales = np.array([1e-2, 1.0, 10.0, 1e2])
    loss = {"loss": Huber(delta=0.1)} if Estimator in REGRESSORS else {}
    model = Estimator(solver=solver, max_iter=1, tol=1e-14, **loss)
    (warning,) = warnings_of(model, X * scales, y)
    assert warning.category is ConvergenceWarning
    assert warning.filename == __file__
    assert Estimator.__name__ in str(warning.message)
    assert "max_iter=1" in str(warning.message)
    assert not model.converged_


@pytest.mark.parametrize("solver", ["auto", "gd", "agd", "lbfgs", "scipy", "sgd", "adam"])
@all_estimators
def test_tol_of_zero_is_not_warned_of(Estimator, solver):
    X, y = rows()
    model = Estimator(solver=solver, max_iter=2, tol=0, random_state=0)
    assert not warnings_of(model, X, y)
    assert model.n_iter_ == 2


@all_estimators
def test_partial_fit_warns_of_nothing(Estimator):
    X, y = rows()
    classes = {"classes": [0, 1]} if Estimator in CLASSIFIERS else {}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Estimator(random_state=0).partial_fit(X, y, **classes).partial_fit(X, y)


@all_estimators
def test_verbose_prints_a_line_every_so_many_iterations(Estimator, capsys):
    X, y = rows()
    settings = {"solver": "sgd", "max_iter": 10, "tol": 0, "random_state": 0}
    Estimator(verbose=0, **settings).fit(X, y)
    assert capsys.readouterr().out == ""
    Estimator(verbose=5, **settings).fit(X, y)
    titles, *lines = capsys.readouterr().out.splitlines()
    assert titles.split()[:3] == ["iteration", "passes", "objective"]
    assert [int(line.split()[0]) for line in lines] == [0, 5, 10]


@pytest.mark.parametrize(
    "Estimator",
    [GDLogisticClassifier, GDMLPClassifier, GDMLPRegressor],
    ids=lambda kind: kind.__name__,
)
def test_column_of_labels_is_flattened_as_scikit_learn_does(Estimator):
    X, y = rows()
    model = Estimator(random_state=0, **FEW)
    caught = warnings_of(model, X, y[:, np.newaxis])
    if Estimator in CLASSIFIERS:
        assert [warning.category.__name__ for warning in caught] == ["DataConversionWarning"]
        assert model.predict(X).shape == y.shape
    else:
        assert not caught
        assert model.predict(X).shape == (len(y), 1)
