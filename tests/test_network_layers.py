"""Layers of networks: an activation, a dropout and a strength of the penalty for each."""

import pickle
import warnings
from dataclasses import dataclass

import numpy as np
import pytest
import scipy.sparse as sp
from common import NETWORKS, coefficients, make_data, make_weights, raw
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import make_moons
from sklearn.model_selection import GridSearchCV, cross_val_score

from sklearn_gd import GDMLPClassifier, GDMLPRegressor
from sklearn_gd._validation import InvalidParameterError
from sklearn_gd.data import ArraySource
from sklearn_gd.losses import SquaredError
from sklearn_gd.models import MLP
from sklearn_gd.models.activations import (
    ACTIVATIONS,
    ELU,
    Activation,
    LeakyReLU,
    ReLU,
    Sigmoid,
    Tanh,
)
from sklearn_gd.objective import EmpiricalRisk
from sklearn_gd.penalties import L1, L2, ElasticNet

FEW = {"max_iter": 3, "tol": 0}
TWO = {"hidden_layer_sizes": (5, 4), "random_state": 0}
each_name = pytest.mark.parametrize("name", ACTIVATIONS)
each_network = pytest.mark.parametrize("Network", NETWORKS)


def data(Network):
    return make_data("mlp-regression" if Network is GDMLPRegressor else "mlp-three-classes")


@dataclass(kw_only=True, eq=False, repr=False)
class Sine(Activation):
    """A user's own activation, with a parameter."""

    frequency: float = 1.0

    def value(self, z):
        return np.sin(self.frequency * z)

    def derivative(self, z):
        return self.frequency * np.cos(self.frequency * z)


# One for all, or one for each.


@each_network
@pytest.mark.parametrize("spec", ["tanh", Tanh(), LeakyReLU(slope=0.3), Sine(frequency=2.0)])
def test_one_for_all_is_the_same_for_each(Network, spec):
    X, y = data(Network)
    models = [
        Network(activation=activation, dropout=dropout, alpha=alpha, **TWO, **FEW).fit(X, y)
        for activation, dropout, alpha in (
            (spec, 0.2, 0.1),
            ((spec, spec), (0.2, 0.2), (0.1, 0.1, 0.1)),
            ([spec, clone(spec, safe=False)], np.array([0.2, 0.2]), [0.1] * 3),
        )
    ]
    for model in models[1:]:
        assert_array_equal(coefficients(model), coefficients(models[0]))


@pytest.mark.parametrize("container", [np.asarray, sp.csr_array], ids=["dense", "csr"])
@each_network
def test_each_layer_has_its_own_activation(Network, container):
    X, y = data(Network)
    model = Network(activation=("logistic", Sine(frequency=2.0)), solver="lbfgs", **TWO, **FEW)
    model.fit(container(X), y, make_weights())
    first = 1 / (1 + np.exp(-(X @ model.coefs_[0] + model.intercepts_[0])))
    second = np.sin(2 * (first @ model.coefs_[1] + model.intercepts_[1]))
    assert_allclose(model.hidden_features(container(X), 0), first, rtol=1e-9)
    assert_allclose(model.hidden_features(container(X)), second, rtol=1e-9, atol=1e-12)
    expected = second @ model.coefs_[2] + model.intercepts_[2]
    assert_allclose(raw(model, container(X)), expected, rtol=1e-9, atol=1e-12)


@each_name
def test_float32_stays_float32_under_every_activation(name):
    X, y = make_data("mlp-regression")
    model = GDMLPRegressor(activation=(name, "tanh"), dropout=(0.2, 0.0), **TWO, **FEW)
    X = X.astype(np.float32)
    model.fit(X, y)
    assert {part.dtype for part in [*model.coefs_, *model.intercepts_]} == {np.dtype(np.float32)}
    assert raw(model, X).dtype == model.hidden_features(X, 0).dtype == np.float32


def test_a_network_without_hidden_layers_takes_empty_sequences():
    X, y = make_data("mlp-regression")
    settings = {"hidden_layer_sizes": (), "random_state": 0} | FEW
    empty = GDMLPRegressor(activation=(), dropout=(), alpha=(0.1,), **settings).fit(X, y)
    same = GDMLPRegressor(alpha=0.1, **settings).fit(X, y)
    assert_array_equal(coefficients(empty), coefficients(same))


def test_initial_weights_fit_the_activation_before_them():
    model = MLP((50, 60, 70, 80), (ReLU(), Sigmoid()))
    weights, _ = model.unpack(model.init(np.random.default_rng(0), np.float64))
    for w, spread in zip(weights, (4, 4, 6.8), strict=True):
        assert w.var() == pytest.approx(spread / sum(w.shape), rel=0.07)


# Errors.

WRONG_LENGTHS = [
    ("activation", ("relu",), "2 hidden layers"),
    ("activation", ["relu", "tanh", Tanh()], "2 hidden layers"),
    ("activation", (), "2 hidden layers"),
    ("dropout", (0.1,), "2 hidden layers"),
    ("dropout", np.array([0.1, 0.2, 0.3]), "2 hidden layers"),
    ("alpha", (0.1, 0.2), "3 weight matrices"),
    ("alpha", [0.1], "3 weight matrices"),
]


@each_network
@pytest.mark.parametrize(("name", "value", "layers"), WRONG_LENGTHS, ids=str)
def test_a_sequence_of_wrong_length_is_told_the_right_one(Network, name, value, layers):
    X, y = data(Network)
    model = Network(**{name: value}, **TWO)
    with pytest.raises(
        InvalidParameterError, match=f"'{name}' parameter of {Network.__name__}"
    ) as e:
        model.fit(X, y)
    assert f"one for all or one for each of the {layers}" in str(e.value)
    assert repr(value) in str(e.value)
    assert not hasattr(model, "coefs_")


@each_network
def test_a_misspelt_name_in_a_sequence_is_answered(Network):
    with pytest.raises(InvalidParameterError, match="Did you mean 'softplus'"):
        Network(activation=("relu", "softpluss"), **TWO).fit(*data(Network))


@each_network
def test_parameters_of_an_activation_in_a_sequence_are_checked(Network):
    with pytest.raises(InvalidParameterError, match="'slope' parameter of LeakyReLU"):
        Network(activation=("relu", LeakyReLU(slope=2)), **TWO).fit(*data(Network))


def test_a_stream_refuses_wrong_lengths_and_stays_as_it_was():
    X, y = make_data("mlp-regression")
    model = GDMLPRegressor(**TWO).partial_fit(X, y)
    before = coefficients(model)
    for name, value in (("alpha", (1.0,)), ("dropout", (0.1, 0.2, 0.3))):
        with pytest.raises(InvalidParameterError, match=name):
            clone(model).set_params(**{name: value}).partial_fit(X, y)
        kept = getattr(model, name)
        with pytest.raises(InvalidParameterError, match=name):
            model.set_params(**{name: value}).partial_fit(X, y)
        model.set_params(**{name: kept})
    assert_array_equal(coefficients(model), before)


# Parameters of activations, as scikit-learn's tools see them.


@each_network
def test_fields_of_an_activation_are_set_by_name(Network):
    model = Network(activation="leaky_relu").set_params(activation__slope=0.2)
    assert repr(model.activation) == "LeakyReLU(slope=0.2)"
    assert model.get_params()["activation__slope"] == 0.2
    assert repr(clone(model)) == repr(model)
    model.set_params(activation="elu", activation__alpha=0.5)
    assert repr(model.activation) == "ELU(alpha=0.5)"
    assert LeakyReLU().slope == 0.01


@each_network
def test_a_field_of_a_sequence_is_told_apart(Network):
    model = Network(activation=("relu", "elu"))
    with pytest.raises(InvalidParameterError, match="activation__alpha cannot be set"):
        model.set_params(activation__alpha=0.5)
    with pytest.raises(ValueError, match="slope"):
        Network(activation="relu").set_params(activation__slope=0.5)


def test_grid_search_over_activations_and_their_fields():
    X, y = make_data("mlp-three-classes", n_samples=90)
    model = GDMLPClassifier(solver="lbfgs", **TWO, max_iter=10, tol=0)
    grid = [
        {"activation": ["tanh", ELU(), ("relu", "tanh")]},
        {"activation": ["leaky_relu"], "activation__slope": np.array([0.0, 0.5])},
    ]
    search = GridSearchCV(model, grid, cv=2, scoring="neg_log_loss").fit(X, y)
    by_hand = [
        cross_val_score(
            clone(model).set_params(activation=activation), X, y, cv=2, scoring="neg_log_loss"
        ).mean()
        for activation in (
            "tanh",
            "elu",
            (ReLU(), Tanh()),
            LeakyReLU(slope=0.0),
            LeakyReLU(slope=0.5),
        )
    ]
    assert_allclose(search.cv_results_["mean_test_score"], by_hand, rtol=1e-12)
    assert len(np.unique(by_hand)) == len(by_hand)


SPECS = {
    "name": {"activation": "gelu"},
    "object": {"activation": LeakyReLU(slope=0.1)},
    "names": {"activation": ("silu", "softplus"), "dropout": (0.1, 0.0)},
    "objects": {"activation": [ELU(alpha=2.0), Sine()], "alpha": np.array([0.1, 0.0, 0.3])},
}


@each_network
@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_clones_and_pickles_are_the_same_estimator(Network, spec):
    X, y = data(Network)
    model = Network(**spec, **TWO, **FEW)
    twin = clone(model)
    assert repr(twin) == repr(model)
    model.fit(X, y)
    twin.fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    for other in (twin, again):
        assert_array_equal(raw(other, X), raw(model, X))
        assert_array_equal(other.hidden_features(X, 0), model.hidden_features(X, 0))
    assert_array_equal(coefficients(again.partial_fit(X, y)), coefficients(model.partial_fit(X, y)))
    round_trip = Network().set_params(**model.get_params(deep=False))
    assert repr(round_trip) == repr(model)


@each_network
def test_repr_shows_layers(Network):
    model = Network(activation=("relu", LeakyReLU(slope=0.1)), dropout=(0.1, 0.2))
    shown = "activation=('relu', LeakyReLU(slope=0.1)), dropout=(0.1, 0.2)"
    assert repr(model) == f"{Network.__name__}({shown})"


@each_network
def test_what_was_learnt_does_not_change_with_the_users_object(Network):
    X, y = data(Network)
    model = Network(activation=LeakyReLU(), **TWO, **FEW).fit(X, y)
    before = raw(model, X)
    model.set_params(activation__slope=0.9)
    assert_array_equal(raw(model, X), before)


# Going on.

CHANGES = [
    ("activation", "tanh", "elu"),
    ("activation", ("tanh", "elu"), ("elu", "tanh")),
    ("activation", LeakyReLU(slope=0.1), LeakyReLU(slope=0.2)),
    ("activation", Sine(), Sine(frequency=2.0)),
    ("hidden_layer_sizes", (5, 4), (4, 5)),
]


@each_network
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize(("name", "before", "after"), CHANGES, ids=str)
def test_warm_start_of_another_architecture_is_a_cold_one(Network, solver, name, before, after):
    X, y = data(Network)
    settings = TWO | FEW | {"solver": solver}
    warm = Network(**(settings | {name: before}), warm_start=True).fit(3 * X[:30] + 1, y[:30])
    warm.set_params(**{name: after}).fit(X, y)
    cold = Network(**(settings | {name: after})).fit(X, y)
    assert_array_equal(coefficients(warm), coefficients(cold))


@each_network
@pytest.mark.parametrize(
    ("first", "second"),
    [("elu", ELU()), ("tanh", ("tanh", "tanh")), (Sine(frequency=2), [Sine(frequency=2.0)] * 2)],
    ids=str,
)
def test_warm_start_of_the_same_architecture_goes_on(Network, first, second):
    X, y = data(Network)
    settings = TWO | {"solver": "adam", "tol": 0}
    warm = Network(activation=first, max_iter=2, warm_start=True, **settings).fit(X, y)
    warm.set_params(activation=second, max_iter=3).fit(X, y)
    whole = Network(activation=first, max_iter=5, **settings).fit(X, y)
    assert_array_equal(coefficients(warm), coefficients(whole))


@each_network
def test_streams_go_on_with_the_layers_they_began_with(Network):
    X, y = data(Network)
    spec = {"activation": ("gelu", LeakyReLU(slope=0.1)), "dropout": (0.2, 0.0)}
    settings = TWO | {"solver": "adam", "tol": 0}
    whole = Network(**spec, max_iter=3, **settings).fit(X, y)
    parts = Network(**spec, max_iter=1, **settings).fit(X, y)
    for _ in range(2):
        parts.partial_fit(X, y)
    assert_array_equal(coefficients(parts), coefficients(whole))


def test_dropout_of_a_stream_may_change():
    X, y = make_data("mlp-regression")
    first, second, third = (GDMLPRegressor(**TWO).partial_fit(X, y) for _ in range(3))
    first.partial_fit(X, y)
    second.set_params(dropout=(0.5, 0.5)).partial_fit(X, y)
    third.set_params(dropout=(0.0, 0.0)).partial_fit(X, y)
    assert_array_equal(coefficients(third), coefficients(first))
    assert np.abs(coefficients(second) - coefficients(first)).max() > 1e-6


# Dropout.


@pytest.mark.parametrize("dropout", [(0.3, 0.0), (0.0, 0.3), (0.2, 0.6)], ids=str)
def test_dropout_of_each_layer_is_its_share_and_keeps_the_mean(dropout):
    n, params_rng = 20_000, np.random.default_rng(1)
    X = np.tile(np.array([[0.5, -1.0, 2.0]]), (n, 1))
    # the identity passes means on unchanged, so that those of both layers can be told
    model = MLP((3, 6, 5, 2), (Sigmoid(), ACTIVATIONS["identity"]()), dropout)
    params = params_rng.normal(size=model.size)
    found, tape = model.forward(params, X, np.random.default_rng(2))
    for layer, share in zip([inputs for inputs, *_ in tape[1:]], dropout, strict=True):
        error = np.sqrt(share * (1 - share) / layer.size)
        assert abs(np.mean(layer == 0) - share) <= 4 * error
    expected = model.forward(params, X[:1])[0][0]
    error = found.std(axis=0) / np.sqrt(n)
    assert (np.abs(found.mean(axis=0) - expected) < 4 * error).all()


@each_network
@pytest.mark.parametrize("dropout", [(0.5, 0.0), (0.0, 0.5), (0.3, 0.6)], ids=str)
def test_dropout_of_each_layer_is_reproducible_and_ends_with_training(Network, dropout):
    X, y = data(Network)
    settings = TWO | FEW | {"activation": "tanh"}
    first, again = (Network(dropout=dropout, **settings).fit(X, y) for _ in range(2))
    assert_array_equal(coefficients(first), coefficients(again))
    layer = np.tanh(X @ first.coefs_[0] + first.intercepts_[0])
    assert_allclose(first.hidden_features(X, 0), layer, rtol=1e-9, atol=1e-12)
    without = Network(dropout=0.0, **settings).fit(X, y)
    assert np.abs(coefficients(first) - coefficients(without)).max() > 1e-6


# Strength of the penalty.


@pytest.mark.parametrize("penalty", [L2(), L1(), ElasticNet(l1_ratio=0.3)], ids=repr)
@pytest.mark.parametrize("size", [10, 20, 30])
def test_alpha_does_not_depend_on_the_batch_size(penalty, size):
    """Batches of equal size see, on average, the objective of all rows, penalty and all."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 3)), rng.normal(size=(60, 2))
    model = MLP((3, 5, 4, 2), (Tanh(), ELU()))
    risk = EmpiricalRisk(model, SquaredError(), penalty, (0.5, 0.0, 2.0), ArraySource(X, y))
    params = rng.normal(size=model.size)
    value, gradient = risk.value_and_gradient(params)
    parts = [oracle(params) for oracle in risk.batches(size, np.random.default_rng(1))]
    assert np.mean([part for part, _ in parts]) == pytest.approx(value, rel=1e-12)
    assert_allclose(np.mean([slope for _, slope in parts], axis=0), gradient, rtol=1e-9, atol=1e-12)
    # of each matrix, the share of the penalty with kinks moves by its own strength
    moved = [
        np.abs(a - b).max()
        for a, b in zip(
            *(model.unpack(p)[0] for p in (params, risk.prox(params.copy(), 0.1))), strict=True
        )
    ]
    share = penalty.l1_l2_weights()[0]
    assert_allclose(moved, 0.1 * share * np.array([0.5, 0.0, 2.0]), atol=1e-12)


# They learn.


def spiral(n, seed=0):
    """Two arms around each other, one turn and a half."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    turn = np.sqrt(rng.uniform(0.02, 1, n))
    angle = 3 * np.pi * turn + np.pi * y
    X = turn[:, np.newaxis] * np.column_stack([np.cos(angle), np.sin(angle)])
    return X + rng.normal(scale=0.02, size=X.shape), y


each_curved = pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name != "identity"])


@each_curved
def test_exclusive_or_is_learnt(name):
    X, y = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([0, 1, 1, 0])
    model = GDMLPClassifier(
        activation=name, learning_rate=0.01, max_iter=500, tol=0, random_state=0
    ).fit(X, y)
    assert_array_equal(model.predict(X), y)


@each_curved
def test_moons_are_learnt(name):
    X, y = make_moons(400, noise=0.15, random_state=0)
    model = GDMLPClassifier(activation=name, learning_rate=0.05, tol=0, random_state=0).fit(X, y)
    assert model.score(*make_moons(400, noise=0.15, random_state=1)) > 0.97


@each_curved
def test_spirals_are_learnt(name):
    model = GDMLPClassifier(
        hidden_layer_sizes=(32, 32), activation=name, solver="lbfgs", tol=0, random_state=0
    ).fit(*spiral(300))
    assert model.score(*spiral(300, seed=1)) > 0.95


@pytest.mark.parametrize("activation", ["relu", "gelu", ("leaky_relu", "silu")], ids=str)
@pytest.mark.parametrize("dropout", [0.0, (0.0, 0.1)], ids=str)
def test_spirals_are_learnt_in_batches(activation, dropout):
    settings = {"hidden_layer_sizes": (64, 64), "learning_rate": 0.01, "tol": 0, "random_state": 0}
    model = GDMLPClassifier(activation=activation, dropout=dropout, **settings).fit(*spiral(500))
    assert model.score(*spiral(500, seed=1)) > 0.97


def test_defaults_raise_no_warning_on_signals_of_any_size():
    X, y = make_data("mlp-regression")
    for name in ACTIVATIONS:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            model = GDMLPRegressor(activation=name, standardize=False, **TWO, **FEW)
            assert np.isfinite(raw(model.fit(1e4 * X, y), 1e4 * X)).all()
