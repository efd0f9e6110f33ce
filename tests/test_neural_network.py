"""Networks: the forward pass, what is stored of it, and that they learn."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from common import (
    CASES,
    NETWORK_CASES,
    NETWORKS,
    build,
    coefficients,
    make_data,
    make_weights,
    one_target,
    plain_losses,
    raw,
    three_classes,
    three_labels,
    two_classes,
    two_targets,
)
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import norm
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine, make_moons
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler

from sklearn_gd import GDMLPClassifier, GDMLPRegressor
from sklearn_gd.models.activations import Activation, Sigmoid, Tanh

ACTIVATIONS = {
    "identity": lambda z: z,
    "relu": lambda z: np.maximum(z, 0),
    "tanh": np.tanh,
    "logistic": lambda z: 1 / (1 + np.exp(-z)),
    "leaky_relu": lambda z: np.where(z > 0, z, 0.01 * z),
    "elu": lambda z: np.where(z > 0, z, np.exp(np.minimum(z, 0)) - 1),
    "gelu": lambda z: z * norm.cdf(z),
    "silu": lambda z: z / (1 + np.exp(-z)),
    "softplus": lambda z: np.log1p(np.exp(z)),
}
SCIKIT_LEARNS = ["identity", "relu", "tanh", "logistic"]
LAYERS = [(), (5,), (7, 4, 3)]
FEW = {"max_iter": 5, "tol": 0}
# Rounding of a few steps, see test_targets_and_weights.
ROUNDING = 1e-9

network_cases = pytest.mark.parametrize("case", NETWORK_CASES)
activations = pytest.mark.parametrize("activation", ACTIVATIONS)
layers = pytest.mark.parametrize("hidden_layer_sizes", LAYERS, ids=str)


def layer_outputs(model, X, activation):
    """The output of every hidden layer, and the raw predictions, from the public attributes."""
    outputs = [X]
    for w, b in zip(model.coefs_[:-1], model.intercepts_[:-1], strict=True):
        outputs.append(ACTIVATIONS[activation](outputs[-1] @ w + b))
    outputs.append(outputs[-1] @ model.coefs_[-1] + model.intercepts_[-1])
    return outputs[1:]


def peer(case, hidden_layer_sizes, activation, X, y):
    """scikit-learn's network of the same shape, after one pass."""
    kind = MLPRegressor if CASES[case].estimator is GDMLPRegressor else MLPClassifier
    network = kind(
        hidden_layer_sizes=hidden_layer_sizes, activation=activation, max_iter=1, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return network.fit(X, y)


# The forward pass.


@layers
@pytest.mark.parametrize("activation", SCIKIT_LEARNS)
@network_cases
def test_forward_pass_is_that_of_scikit_learn_for_copied_weights(
    case, activation, hidden_layer_sizes
):
    X, y = make_data(case)
    shape = {"hidden_layer_sizes": hidden_layer_sizes, "activation": activation}
    model = build(case, **(shape | FEW)).fit(X, y)
    theirs = peer(case, hidden_layer_sizes, activation, X, y)
    assert [w.shape for w in model.coefs_] == [w.shape for w in theirs.coefs_]
    assert [b.shape for b in model.intercepts_] == [b.shape for b in theirs.intercepts_]
    assert (model.n_layers_, model.n_outputs_) == (theirs.n_layers_, theirs.n_outputs_)
    assert model.out_activation_ == theirs.out_activation_
    theirs.coefs_, theirs.intercepts_ = model.coefs_, model.intercepts_
    if isinstance(model, GDMLPClassifier):
        assert_allclose(model.predict_proba(X), theirs.predict_proba(X), rtol=1e-9)
    assert_allclose(model.predict(X), theirs.predict(X), rtol=1e-9)


@layers
@activations
def test_hidden_features_are_the_outputs_of_layers(activation, hidden_layer_sizes):
    X, y = make_data("mlp-three-classes")
    model = GDMLPClassifier(
        hidden_layer_sizes=hidden_layer_sizes, activation=activation, random_state=0, **FEW
    ).fit(X, y)
    *hidden, logits = layer_outputs(model, X, activation)
    assert_allclose(model.decision_function(X), logits, rtol=ROUNDING, atol=1e-12)
    for layer, expected in enumerate(hidden):
        for index in (layer, layer - len(hidden)):
            assert_allclose(model.hidden_features(X, index), expected, rtol=ROUNDING, atol=1e-12)
    if hidden:
        assert_array_equal(model.hidden_features(X), model.hidden_features(X, -1))


@pytest.mark.parametrize("layer", [2, -3, 100])
def test_hidden_features_of_a_layer_that_is_not_there(layer):
    X, y = make_data("mlp-three-classes")
    model = GDMLPClassifier(hidden_layer_sizes=(4, 3), random_state=0, **FEW).fit(X, y)
    with pytest.raises((ValueError, IndexError), match="layer"):
        model.hidden_features(X, layer)


def test_a_number_is_one_hidden_layer():
    X, y = make_data("mlp-three-classes")
    model = GDMLPClassifier(hidden_layer_sizes=6, random_state=0, **FEW).fit(X, y)
    same = GDMLPClassifier(hidden_layer_sizes=[6], random_state=0, **FEW).fit(X, y)
    assert_array_equal(coefficients(model), coefficients(same))
    assert model.coefs_[0].shape == (4, 6)


@network_cases
def test_a_network_without_hidden_layers_is_the_linear_model(case):
    X, y = make_data(case)
    linear = {
        one_target: "regression",
        two_targets: "two-targets",
        two_classes: "logistic",
        three_classes: "softmax",
        three_labels: "multilabel",
    }[CASES[case].target]
    settings = {"hidden_layer_sizes": (), "standardize": False, "max_iter": 1000, "tol": 1e-13}
    network = build(case, "lbfgs", alpha=0.01, **settings).fit(X, y)
    reference = build(linear, alpha=0.01, tol=1e-14).fit(X, y)
    ours, theirs = raw(network, X), raw(reference, X)
    if linear == "softmax":  # only differences between classes have a meaning
        ours, theirs = (each - each.mean(axis=1, keepdims=True) for each in (ours, theirs))
    assert_allclose(ours, theirs, atol=1e-4)


class Sine(Activation):
    """A user's own activation."""

    def value(self, z):
        return np.sin(z)

    def derivative(self, z):
        return np.cos(z)


def test_own_activation():
    rng = np.random.default_rng(0)
    X = rng.uniform(-3, 3, (300, 1))
    y = np.sin(2 * X[:, 0])
    model = GDMLPRegressor(
        activation=Sine(), hidden_layer_sizes=(10,), solver="lbfgs", random_state=0, max_iter=500
    ).fit(X, y)
    assert model.score(X, y) > 0.99


def test_an_activation_given_by_name_is_its_object():
    X, y = make_data("mlp-regression")
    name = GDMLPRegressor(activation="tanh", random_state=0, **FEW).fit(X, y)
    thing = GDMLPRegressor(activation=Tanh(), random_state=0, **FEW).fit(X, y)
    assert_array_equal(coefficients(name), coefficients(thing))


# standardize: a network behind a StandardScaler, its first layer folded back.


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@network_cases
def test_standardize_is_a_standard_scaler_in_front(case, solver, weighted):
    X, y = make_data(case)
    X = X * [1e-3, 1.0, 1e4, 5.0] + [1.0, -2.0, 1e5, 0.0]
    weight = make_weights() if weighted else None
    scaler = StandardScaler().fit(X, sample_weight=weight)
    if CASES[case].estimator is GDMLPRegressor:
        # whose targets are standardized too
        y = StandardScaler().fit(np.c_[y], sample_weight=weight).transform(np.c_[y])
    folded = build(case, solver, standardize=True, alpha=0.1, **FEW).fit(X, y, weight)
    behind = build(case, solver, standardize=False, alpha=0.1, **FEW)
    behind.fit(scaler.transform(X), y, weight)
    assert_allclose(raw(folded, X), raw(behind, scaler.transform(X)), rtol=1e-6, atol=1e-6)
    assert_allclose(folded.objective_, behind.objective_, rtol=1e-8)
    assert_allclose(folded.coefs_[0] * scaler.scale_[:, np.newaxis], behind.coefs_[0], rtol=1e-6)
    assert_allclose(folded.coefs_[1], behind.coefs_[1], rtol=1e-6, atol=1e-9)


@network_cases
def test_standardize_makes_units_irrelevant(case):
    X, y = make_data(case)
    model = build(case, "adam", **FEW).fit(X, y)
    scales, shift = np.array([1e-3, 1.0, 1e3, 7.0]), np.array([0.0, 5.0, -1e3, 2.0])
    other = build(case, "adam", **FEW).fit(X * scales + shift, y)
    assert_allclose(raw(other, X * scales + shift), raw(model, X), rtol=1e-6, atol=1e-6)


@network_cases
def test_standardize_leaves_a_constant_feature_alone(case):
    X, y = make_data(case)
    X[:, 1] = 7.0
    model = build(case, **FEW).fit(X, y)
    assert np.isfinite(coefficients(model)).all()


# Storage and precision.


@pytest.mark.parametrize("solver", ["adam", "lbfgs", "gd"])
@pytest.mark.parametrize("standardize", [False, True])
@network_cases
def test_sparse_is_dense(case, standardize, solver):
    X, y = make_data(case)
    X = X * (np.random.default_rng(1).random(X.shape) < 0.4)
    settings = {"standardize": standardize} | ({"batch_size": 16} if solver == "adam" else {})
    dense = build(case, solver, **settings, **FEW).fit(X, y, make_weights())
    for container in (sp.csr_array, sp.csc_matrix):
        sparse = build(case, solver, **settings, **FEW).fit(container(X), y, make_weights())
        assert_allclose(raw(sparse, container(X)), raw(dense, X), rtol=1e-7, atol=1e-9)
        assert_allclose(
            sparse.hidden_features(container(X)), dense.hidden_features(X), rtol=1e-7, atol=1e-9
        )


@pytest.mark.parametrize("container", [np.asarray, sp.csr_array], ids=["dense", "csr"])
@network_cases
def test_float32_stays_float32_everywhere(case, container):
    X, y = make_data(case)
    narrow = container(X.astype(np.float32))
    model = build(case, "adam", batch_size=16, **FEW).fit(narrow, y, make_weights())
    assert {w.dtype for w in [*model.coefs_, *model.intercepts_]} == {np.dtype(np.float32)}
    assert raw(model, narrow).dtype == np.float32
    assert model.hidden_features(narrow).dtype == np.float32
    wide = build(case, "adam", batch_size=16, **FEW).fit(X, y, make_weights())
    assert_allclose(raw(model, narrow), raw(wide, X), rtol=1e-3, atol=1e-3)


# Penalty: one strength for all layers, or one for each.


def penalty_value(name, w):
    return {"l2": np.sum(w**2) / 2, "l1": np.abs(w).sum()}[name]


@pytest.mark.parametrize("alpha", [0.5, (0.5, 0.0, 2.0), np.array([0.0, 1.0, 0.25])], ids=str)
@pytest.mark.parametrize("penalty", ["l2", "l1", "elasticnet"])
@network_cases
def test_alpha_of_each_layer(case, penalty, alpha):
    X, y = make_data(case)
    model = build(case, "agd", penalty=penalty, alpha=alpha, l1_ratio=0.3, standardize=False, **FEW)
    model.fit(X, y, make_weights())
    shares = {"l2": {"l2": 1.0}, "l1": {"l1": 1.0}, "elasticnet": {"l1": 0.3, "l2": 0.7}}[penalty]
    expected = np.average(plain_losses(model, X, y), weights=make_weights())
    for strength, w in zip(np.broadcast_to(alpha, 3), model.coefs_, strict=True):
        expected += strength * sum(share * penalty_value(name, w) for name, share in shares.items())
    assert_allclose(model.objective_, expected, rtol=1e-10)


def test_a_strong_alpha_shrinks_its_own_layer():
    X, y = make_data("mlp-regression")
    settings = {"hidden_layer_sizes": (5,), "solver": "lbfgs", "random_state": 0}

    def norms(alpha):
        model = GDMLPRegressor(alpha=alpha, standardize=False, **settings).fit(X, y)
        return [np.linalg.norm(w) for w in model.coefs_]

    first, second = norms((1.0, 1e-4)), norms((1e-4, 1.0))
    assert first[0] < second[0]
    assert first[1] > second[1]


def test_l1_makes_exact_zeros_of_useless_features():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 6))
    y = np.tanh(X[:, 0] - X[:, 1])
    settings = {"hidden_layer_sizes": (4,), "solver": "agd", "random_state": 0}
    model = GDMLPRegressor(penalty="l1", alpha=0.05, max_iter=1000, **settings).fit(X, y)
    used = np.abs(model.coefs_[0]).max(axis=1) > 0
    assert_array_equal(used, [True, True, False, False, False, False])


# Dropout and max_norm.


@network_cases
def test_dropout_is_reproducible_and_ends_with_training(case):
    X, y = make_data(case)
    first, second = (build(case, "adam", dropout=0.5, **FEW).fit(X, y) for _ in range(2))
    assert_array_equal(coefficients(first), coefficients(second))
    assert_array_equal(raw(first, X), raw(first, X))
    *_, logits = layer_outputs(first, X, "tanh")
    expected = logits[:, :1] if raw(first, X).shape[1] == 1 else logits
    assert_allclose(raw(first, X), expected, rtol=ROUNDING, atol=1e-12)
    without = build(case, "adam", **FEW).fit(X, y)
    assert np.abs(raw(first, X) - raw(without, X)).max() > 1e-4


def test_dropout_keeps_the_mean_of_a_linear_network():
    """Units that stay on are louder by 1 / (1 - dropout), so that the mean signal is the same."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 3))
    y = X @ [1.0, -2.0, 0.5] + 4
    model = GDMLPRegressor(
        activation="identity",
        hidden_layer_sizes=(200,),
        dropout=0.3,
        learning_rate=0.003,
        max_iter=60,
        tol=0,
        random_state=0,
    ).fit(X, y)
    slope = np.polyfit(y, model.predict(X), 1)[0]
    assert 0.9 < slope < 1.05


def test_dropout_regularises():
    X, y = load_breast_cancer(return_X_y=True)
    settings = {"hidden_layer_sizes": (50,), "max_iter": 60, "tol": 0, "random_state": 0}
    plain = GDMLPClassifier(learning_rate=0.01, alpha=0, **settings).fit(X, y)
    noisy = GDMLPClassifier(learning_rate=0.01, alpha=0, dropout=0.8, **settings).fit(X, y)
    assert plain_losses(noisy, X, y).mean() > 2 * plain_losses(plain, X, y).mean()


def test_max_norm_cuts_long_gradients_and_no_others():
    X, y = make_data("mlp-regression")
    settings = {"solver": "sgd", "learning_rate": 0.1, "random_state": 0, "batch_size": 16} | FEW
    plain = GDMLPRegressor(**settings).fit(X, y)
    loose = GDMLPRegressor(max_norm=1e6, **settings).fit(X, y)
    assert_array_equal(coefficients(loose), coefficients(plain))
    tight = GDMLPRegressor(max_norm=1e-6, standardize=False, **settings).fit(X, y)
    start = GDMLPRegressor(max_norm=1e-12, standardize=False, **settings).fit(X, y)
    moved = np.linalg.norm(coefficients(tight) - coefficients(start))
    n_updates = 5 * 4
    assert 0 < moved <= n_updates * 0.1 * 1e-6 * (1 + 1e-6)


# They learn.


EXCLUSIVE_OR = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([0, 1, 1, 0])
XOR_RATES = {"auto": 0.05, "sgd": 1.0, "lbfgs": "auto", "agd": "auto"}


@pytest.mark.parametrize("solver", XOR_RATES)
@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic"])
def test_exclusive_or_is_learnt(activation, solver):
    X, y = EXCLUSIVE_OR
    model = GDMLPClassifier(
        hidden_layer_sizes=(16,),
        activation=activation,
        solver=solver,
        learning_rate=XOR_RATES[solver],
        alpha=0,
        max_iter=100 if solver == "lbfgs" else 1500,
        tol=0,
        random_state=0,
    ).fit(X, y)
    assert_array_equal(model.predict(X), y)


class QuietSigmoid(Sigmoid):
    """A start from which L-BFGS goes on to where the loss is all but zero."""

    init_gain = 2 / 3


def test_a_loss_that_falls_to_zero_is_no_cause_for_warnings():
    X, y = EXCLUSIVE_OR
    model = GDMLPClassifier(
        hidden_layer_sizes=(16,),
        activation=QuietSigmoid(),
        solver="lbfgs",
        alpha=0,
        max_iter=1000,
        tol=0,
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(X, y)
    assert model.objective_ < 1e-100


@pytest.mark.parametrize("solver", ["auto", "lbfgs"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_two_moons_are_learnt(solver, dtype):
    X, y = make_moons(400, noise=0.15, random_state=0)
    X_test, y_test = make_moons(400, noise=0.15, random_state=1)
    rate = {"learning_rate": 0.01} if solver == "auto" else {}
    model = GDMLPClassifier(
        hidden_layer_sizes=(16, 16), solver=solver, max_iter=150, tol=0, random_state=0, **rate
    ).fit(X.astype(dtype), y)
    assert model.score(X_test.astype(dtype), y_test) > 0.97


@pytest.mark.parametrize("Network", NETWORKS)
def test_defaults_learn_unscaled_data(Network):
    load = load_breast_cancer if Network is GDMLPClassifier else load_diabetes
    X, y = load(return_X_y=True, **({} if Network is GDMLPClassifier else {"scaled": False}))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = Network(random_state=0).fit(X, y)
    assert model.score(X, y) > (0.98 if Network is GDMLPClassifier else 0.45)


@network_cases
def test_loss_curve_goes_down(case):
    X, y = make_data(case)
    model = build(case, "lbfgs", max_iter=50, tol=0).fit(X, y)
    curve = np.array(model.loss_curve_)
    assert (np.diff(curve) <= 1e-12 * np.abs(curve[:-1])).all()
    assert curve[-1] < 0.9 * curve[0]


@pytest.mark.parametrize(
    ("Theirs", "Ours", "load"),
    [(MLPClassifier, GDMLPClassifier, load_wine), (MLPRegressor, GDMLPRegressor, load_diabetes)],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_code_for_the_network_of_scikit_learn_runs_with_the_name_of_ours(Theirs, Ours, load):
    X, y = load(return_X_y=True)
    settings = {"hidden_layer_sizes": (8, 5), "activation": "tanh", "solver": "adam"}
    settings |= {"alpha": 1e-3, "batch_size": 32, "shuffle": True, "max_iter": 5, "tol": 1e-4}
    settings |= {"random_state": 0, "verbose": False, "warm_start": False, "early_stopping": True}
    settings |= {"validation_fraction": 0.2, "n_iter_no_change": 10}
    theirs, ours = (network(**settings).fit(X, y) for network in (Theirs, Ours))
    # loss_ and best_loss_ are of the training rows: objective_ and loss_curve_
    names = {name for name in vars(theirs) if name.endswith("_")} - {"loss_", "best_loss_"}
    assert names <= set(vars(ours)) | set(dir(ours))
    for name in ("coefs_", "intercepts_"):
        shapes = [[np.shape(w) for w in getattr(model, name)] for model in (theirs, ours)]
        assert shapes[0] == shapes[1]
    for name in ("n_layers_", "n_outputs_", "n_iter_", "n_features_in_", "out_activation_"):
        assert getattr(theirs, name) == getattr(ours, name)
    assert theirs.predict(X).shape == ours.predict(X).shape


@pytest.mark.parametrize("learning_rate", ["auto", 0.01])
def test_adam_takes_long_steps_first_unless_it_is_told_how_long(learning_rate):
    X, y = make_moons(100, random_state=0)
    model = GDMLPClassifier(learning_rate=learning_rate, max_iter=200, tol=0, random_state=0)
    rates = np.array(model.fit(X, y).history_["step_size"])
    bold = np.maximum(0.0005, 0.005 / (1 + np.arange(201) / 20))
    assert_allclose(rates, bold if learning_rate == "auto" else 0.01, rtol=1e-12)


def test_seed_chooses_the_initial_weights():
    X, y = make_data("mlp-regression")
    first, second = (
        GDMLPRegressor(solver="gd", random_state=seed, max_iter=1, tol=0).fit(X, y)
        for seed in (0, 1)
    )
    assert np.abs(coefficients(first) - coefficients(second)).max() > 0.01


def test_class_weights_move_the_predictions():
    X, y = make_data("mlp-two-classes", n_samples=200)
    settings = {"hidden_layer_sizes": (5,), "solver": "lbfgs", "random_state": 0}
    share = [
        GDMLPClassifier(class_weight=factor, **settings).fit(X, y).predict(X).mean()
        for factor in ({1: 0.1}, None, {1: 10.0})
    ]
    assert share == sorted(share)
    assert share[0] < share[2] - 0.3
