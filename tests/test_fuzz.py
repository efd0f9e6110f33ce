"""Any parameters, any rows, any order of calls: a readable error, or a model that is what it says.

Hypothesis draws names of values and seeds; an example that fails is a short list of them. The quick
tests run some hundred examples; ``pytest -m exhaustive tests/test_fuzz.py`` runs many more, as many
as the environment variable ``FUZZ_EXAMPLES`` says.
"""

import copy
import os
import pickle
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from common import ESTIMATORS, LINEAR, NETWORKS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from sklearn.base import clone, is_classifier
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning

from sklearn_gd.losses import Huber, Quantile
from sklearn_gd.penalties import ElasticNet, GroupLasso, Tikhonov
from sklearn_gd.schedules import Cosine
from sklearn_gd.solvers import SOLVERS, Adam, GradientDescent

# What an error may be, and what a sentence for a user is not.
READABLE = (ValueError, TypeError, AttributeError, FloatingPointError)
UNREADABLE = (
    "broadcast",
    "NoneType",
    "object is not",
    "unexpected keyword",
    "matmul",
    "has no len",
)
NAN, INF = float("nan"), float("inf")

VALUES = {
    "loss": [
        *("squared_error", "huber", "absolute_error", "quantile", "epsilon_insensitive"),
        *("poisson", "log_loss", "hinge", "squared_hinge", "modified_huber", "perceptron"),
        *(Huber(delta=0.1), Quantile(quantile=0.9), Quantile(quantile=2.0), None),
    ],
    "penalty": [
        *("l1", "l2", "elasticnet", None, ElasticNet(l1_ratio=0.3), "l3"),
        *(Tikhonov(matrix=np.eye(2)), GroupLasso(groups=np.array([0, 1]))),
    ],
    "alpha": [0, 1e-12, 1e-4, 1.0, 1e6, -1.0, NAN, (0.1, 0.2)],
    "l1_ratio": [0.0, 0.5, 1.0, 1.5],
    "fit_intercept": [True, False, 1],
    "positive": [True, False],
    "penalty_weights": [None, 0.5, [1.0, 0.0], [1.0], {"x": 2.0}, -1.0, NAN],
    "lower": [None, -1.0, 0, [-1.0, 0.0], -INF, INF, NAN, "x"],
    "upper": [None, 1.0, 0, [1.0, 0.0], INF, -2.0, NAN],
    "standardize": [True, False, None],
    "class_weight": [None, "balanced", {0: 2.0}, {0: 0.0, 1: 0.0}, {"a": 1.0}, 3],
    "hidden_layer_sizes": [(3,), (), 2, (2, 2), (0,), "3"],
    "activation": ["relu", "tanh", "identity", "gelu", ("relu", "tanh"), "step"],
    "dropout": [0.0, 0.5, (0.1, 0.2), 1.0],
    "max_norm": [None, 1.0, 1e-9, 0],
    "solver": [
        *("auto", *SOLVERS, Adam(beta_1=0.5), Adam(beta_1=1.5), "adan"),
        GradientDescent(metric="curvature"),
    ],
    "learning_rate": ["auto", 1e-9, 0.1, 1e9, "cosine", "adaptive", Cosine(warmup=2), -1, "fast"],
    "batch_size": ["auto", 1, 3, 10**9, 0, "all"],
    "shuffle": [True, False],
    "average": [True, False],
    "max_iter": [1, 2, 20, 0],
    "tol": [0, 1e-12, 1e-4, 1.0, -1],
    "max_time": [None, 1e-9, 10.0, -1],
    "early_stopping": [True, False],
    "scoring": [None, "accuracy", "r2", "nonsense"],
    "validation_fraction": [0.1, 0.5, 0.99, 1.0],
    "n_iter_no_change": [1, 3, 0],
    "warm_start": [True, False],
    "random_state": [0, 1, None, -1],
    "verbose": [0, False, "yes"],
}


def features(kind, rng, n, d):
    X = rng.normal(size=(n, d))
    scales = {"tiny": 1e-30, "huge": 1e30, "far": 1.0, "overflowing": 1e307}
    if kind in scales:
        X = X * scales[kind] + (1e8 if kind == "far" else 0)
    if kind == "mixed scales":
        X = X * 10.0 ** rng.integers(-6, 7, d)
    if kind == "constant":
        X[...] = 3.0
    if kind == "zero":
        X[...] = 0.0
    if kind == "equal columns":
        X[...] = X[:, :1]
    if kind in ("nan", "inf") and X.size:
        X.flat[rng.integers(X.size)] = NAN if kind == "nan" else INF
    makers = {
        "float32": lambda: X.astype(np.float32),
        "integers": lambda: (10 * X).astype(int),
        "fortran": lambda: np.asfortranarray(X),
        "csr": lambda: sp.csr_array(np.where(X > 0.3, X, 0)),
        "csc": lambda: sp.csc_matrix(np.where(X > 0.3, X, 0)),
        "list": lambda: X.tolist(),
        "strings": lambda: X.astype(str).astype(object),
        "words": lambda: np.full((n, d), "word", dtype=object),
        "complex": lambda: X + 1j,
        "1-D": lambda: X[:, 0] if d else X.ravel(),
        "none": lambda: None,
    }
    return makers.get(kind, lambda: X)()


FEATURES = [
    *(["plain"] * 6),
    *("tiny", "huge", "far", "overflowing", "mixed scales", "constant", "zero", "equal columns"),
    *("nan", "inf", "float32", "integers", "fortran", "csr", "csc", "list", "strings", "words"),
    *("complex", "1-D", "none"),
]
TARGETS = {
    "numbers": lambda rng, n: rng.normal(size=n),
    "counts": lambda rng, n: rng.poisson(2.0, size=n),
    "columns": lambda rng, n: rng.normal(size=(n, 2)),
    "column": lambda rng, n: rng.normal(size=(n, 1)),
    "two classes": lambda rng, n: rng.integers(0, 2, n),
    "three classes": lambda rng, n: np.array(["a", "b", "c"])[rng.integers(0, 3, n)],
    "one class": lambda rng, n: np.zeros(n, int),
    "labels": lambda rng, n: rng.integers(0, 2, (n, 3)),
    "booleans": lambda rng, n: rng.integers(0, 2, n).astype(bool),
    "constant": lambda rng, n: np.full(n, 7.5),
    "huge": lambda rng, n: 1e200 * rng.normal(size=n),
    "nan": lambda rng, n: np.full(n, NAN),
    "too few": lambda rng, n: rng.integers(0, 2, max(n - 1, 0)),
    "words": lambda rng, n: np.array(["word"] * n, dtype=object),
    "none": lambda rng, n: None,
}
WEIGHTS = {
    "none": lambda rng, n: None,
    "ones": lambda rng, n: np.ones(n),
    "uneven": lambda rng, n: 10.0 ** rng.uniform(-8, 8, n),
    "some zeros": lambda rng, n: rng.integers(0, 2, n).astype(float),
    "zeros": lambda rng, n: np.zeros(n),
    "negative": lambda rng, n: -np.ones(n),
    "nan": lambda rng, n: np.full(n, NAN),
    "too many": lambda rng, n: np.ones(n + 1),
    "a number": lambda rng, n: 2.0,
}

RIGHT = {True: ["two classes", "three classes", "labels"], False: ["numbers", "counts", "columns"]}


@st.composite
def rows(draw, estimator):
    """X, y and weights, most of them fit for the estimator."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    n = draw(st.sampled_from([0, 1, 2, 3, 8, 20, 20, 20, 20]))
    d = draw(st.sampled_from([0, 1, 2, 2, 2, 5, 30]))
    right = RIGHT[is_classifier(estimator)]
    target = draw(st.sampled_from([*right * 6, *TARGETS]))
    weight = draw(st.sampled_from([*["none"] * 6, *["ones", "uneven"] * 2, *WEIGHTS]))
    X = features(draw(st.sampled_from(FEATURES)), rng, n, d)
    return X, TARGETS[target](rng, n), WEIGHTS[weight](rng, n)


@st.composite
def parameters(draw, names, most=4):
    """A few parameters with values good and bad."""
    chosen = draw(st.lists(st.sampled_from(sorted(names)), max_size=most, unique=True))
    return {name: copy.deepcopy(draw(st.sampled_from(VALUES[name]))) for name in chosen}


@st.composite
def estimators(draw):
    """A cheap estimator."""
    kind = draw(st.sampled_from(ESTIMATORS))
    cheap = {"random_state": 0, "max_iter": draw(st.sampled_from([1, 5, 30]))}
    if kind in NETWORKS:
        cheap["hidden_layer_sizes"] = (3,)
    return kind(**(cheap | draw(parameters(kind().get_params(deep=False)))))


def attempt(model, call):
    """Whether a call succeeds; if it does not, whether the error is one for users."""
    before = pickle.dumps(model)
    try:
        with warnings.catch_warnings():
            for category in (ConvergenceWarning, DataConversionWarning, UserWarning):
                warnings.simplefilter("ignore", category)
            call()
    except READABLE as error:
        message = str(error)
        assert len(message) > 15, message
        assert not any(word in message for word in UNREADABLE), message
        assert pickle.dumps(model) == before
        return False
    return True


def fitted_arrays(model):
    for name in ("coef_", "intercept_", "coefs_", "intercepts_"):
        value = getattr(model, name, [])
        yield from value if isinstance(value, list) else [value]


def check_model(model, X, y, weight):
    """A fitted model is finite, no worse than its start, and ended for the reason it gives."""
    assert all(np.isfinite(array).all() for array in fitted_arrays(model))
    assert np.isfinite(model.objective_)
    assert model.stop_reason_
    assert 1 <= model.n_iter_ <= model.max_iter
    if model.stop_code_ == "max_iter":
        assert model.n_iter_ == model.max_iter
    assert not model.converged_ or model.stop_code_ in ("converged", "precision", "validation")
    assert (model.stop_code_ == "validation") <= model.early_stopping
    lengths = {len(column) for column in model.history_.values()}
    assert lengths == {len(model.loss_curve_)}
    if not np.isnan(model.optimality_):
        assert 0 <= model.optimality_ <= 1
    if model.stop_code_ == "converged" and isinstance(model, LINEAR) and model.tol > 0:
        assert model.optimality_ <= model.tol
        check_certificate(model, X, y, weight)


def check_certificate(model, X, y, weight):
    """F is as near to the optimum as a tighter fit shows that it should be."""
    smooth = getattr(model, "loss", "log_loss") in ("squared_error", "huber", "poisson", "log_loss")
    if model.early_stopping or model.warm_start or not smooth or is_far(X, weight):
        return
    changes = {"solver": "auto", "learning_rate": "auto", "max_iter": 300, "tol": 1e-12}
    tighter = clone(model).set_params(**changes, max_time=None, average=False, batch_size="auto")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tighter.fit(X, y, weight)
    gap = model.objective_ - tighter.objective_
    unit = max(abs(model.objective_), 1e-3 * abs(model.loss_curve_[0]))
    eps = np.finfo(next(fitted_arrays(model)).dtype).eps
    noise = sum(rounding(each, X, y, weight) for each in (model, tighter))
    assert gap <= (model.optimality_ + 1e4 * eps) * unit + noise


def is_far(X, weight):
    """Whether the spread of a column is rounding next to its mean.

    test_columns_far_from_zero.py has columns whose spread is known.
    """
    table = X.toarray() if sp.issparse(X) else np.asarray(X, dtype=float)
    center = np.average(table, axis=0, weights=weight)
    spread = np.sqrt(np.average((table - center) ** 2, axis=0, weights=weight))
    return bool(((spread > 0) & (spread < 1e-6 * abs(center))).any())


def rounding(model, X, y, weight):
    """How far an objective is from that of exact predictions: each is a rounded sum of products.

    It matters for rows far from zero, whose products cancel. The losses that are checked change no
    faster than the difference of y and its prediction, or than a raw prediction of a class.
    """
    kind = model.coef_.dtype
    size = abs(sp.csr_array(X) if sp.issparse(X) else np.asarray(X, dtype=kind))
    terms = size @ abs(model.coef_).T + abs(model.intercept_)
    terms = terms.reshape(len(terms), -1)
    slope = np.ones_like(terms)
    if not is_classifier(model):
        slope = abs(model.predict(X) - np.asarray(y, dtype=kind)).reshape(terms.shape)
    each = (size.shape[1] + 2) * np.finfo(kind).eps * terms * slope
    return np.average(each.sum(axis=1), weights=weight)


def check_predictions(model, X):
    """Predictions are finite, and probabilities are some."""
    found = model.predict(X)
    assert len(found) == X.shape[0] if hasattr(X, "shape") else len(X)
    if hasattr(model, "predict_proba"):
        probability = model.predict_proba(X)
        assert ((probability >= 0) & (probability <= 1)).all()
        if found.ndim == 1:
            np.testing.assert_allclose(probability.sum(axis=1), 1, rtol=1e-5)


def one_fit(data):
    """A fit to any rows with any parameters."""
    model = data.draw(estimators())
    X, y, weight = data.draw(rows(model))
    kept = copy.deepcopy((X, y, weight))
    if attempt(model, lambda: model.fit(X, y, sample_weight=weight)):
        check_model(model, X, y, weight)
        assert attempt(model, lambda: check_predictions(model, X))
        again = pickle.loads(pickle.dumps(model))
        np.testing.assert_array_equal(again.predict(X), model.predict(X))
    for now, before in zip((X, y, weight), kept, strict=True):
        assert content(now) == content(before)


def content(value):
    """All that a user could see of an argument, as bytes."""
    if sp.issparse(value):
        value = [value.shape, value.indptr, value.indices, value.data]
    return pickle.dumps(value)


class Life(RuleBasedStateMachine):
    """One estimator that is fitted, changed, copied and used in any order."""

    @initialize(model=estimators())
    def begin(self, model):
        self.model, self.rows = model, None

    @rule(data=st.data())
    def fit(self, data):
        X, y, weight = data.draw(rows(self.model))
        if attempt(self.model, lambda: self.model.fit(X, y, sample_weight=weight)):
            check_model(self.model, X, y, weight)
            self.rows = X

    @rule(data=st.data())
    def partial_fit(self, data):
        X, y, weight = data.draw(rows(self.model))
        options = {"sample_weight": weight}
        if is_classifier(self.model) and data.draw(st.booleans()):
            options["classes"] = data.draw(
                st.sampled_from([[0, 1], ["a", "b", "c"], [0], [0, 1, 2]])
            )
        if attempt(self.model, lambda: self.model.partial_fit(X, y, **options)) and hasattr(
            self.model, "history_"
        ):
            assert all(np.isfinite(array).all() for array in fitted_arrays(self.model))

    @rule(data=st.data())
    def set_params(self, data):
        changes = data.draw(parameters(self.model.get_params(deep=False), most=2))
        attempt(self.model, lambda: self.model.set_params(**changes))

    @rule(way=st.sampled_from(["pickle", "deepcopy", "copy", "clone"]))
    def copy(self, way):
        if way == "clone":
            self.model, self.rows = clone(self.model), None
            return
        ways = {"pickle": lambda model: pickle.loads(pickle.dumps(model))}
        self.model = ways.get(way, getattr(copy, way, None))(self.model)

    @rule()
    def predict(self):
        if self.rows is not None:
            attempt(self.model, lambda: check_predictions(self.model, self.rows))


def profile(max_examples, **options):
    return settings(
        derandomize=True,
        deadline=None,
        database=None,
        max_examples=max_examples,
        suppress_health_check=list(HealthCheck),
        **options,
    )


MANY = int(os.environ.get("FUZZ_EXAMPLES", "20000"))


@profile(250)
@given(st.data())
def test_any_fit_is_a_readable_error_or_a_model_that_is_what_it_says(data):
    one_fit(data)


def test_any_order_of_calls_is_survived():
    run_state_machine_as_test(Life, settings=profile(30, stateful_step_count=8))


@pytest.mark.exhaustive
@settings(profile(MANY), derandomize=False)
@given(st.data())
def test_many_fits(data):
    one_fit(data)


@pytest.mark.exhaustive
def test_many_orders_of_calls():
    options = settings(profile(max(MANY // 20, 1), stateful_step_count=20), derandomize=False)
    run_state_machine_as_test(Life, settings=options)
