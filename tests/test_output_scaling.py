"""standardize: a network for regression sees its targets in units of their mean and spread."""

import math
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from common import NETWORK_CASES, build, coefficients, make_data, make_weights
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import r2_score
from sklearn.preprocessing import StandardScaler

from sklearn_gd import GDMLPRegressor
from sklearn_gd.inspection import check_gradient
from sklearn_gd.losses import (
    AbsoluteError,
    EpsilonInsensitive,
    Huber,
    Loss,
    Poisson,
    Quantile,
    SquaredError,
)

FEW = {"max_iter": 20, "tol": 0, "random_state": 0, "hidden_layer_sizes": (8,)}
SCALE, SHIFT = 1e5, 1e6


class LogCosh(Loss):
    """A user's own loss, in the units of y."""

    def __init__(self, unit=1.0):
        self.unit = unit

    def value(self, y, raw):
        size = np.abs(raw - y) / self.unit
        return (size + np.log1p(np.exp(-2 * size)) - math.log(2)).sum(axis=1)

    def gradient(self, y, raw):
        return np.tanh((raw - y) / self.unit) / self.unit


class Coupled(LogCosh):
    """Its outputs are not separate."""

    is_separable = False

    def value(self, y, raw):
        return np.hypot(*((raw - y) / self.unit).T) ** 2 / 2

    def gradient(self, y, raw):
        return (raw - y) / self.unit**2


# Each as a function of the units of y.
LOSSES = {
    "squared": lambda unit: SquaredError(),
    "huber": lambda unit: Huber(delta=0.5 * unit),
    "absolute": lambda unit: AbsoluteError(),
    "quantile": lambda unit: Quantile(quantile=0.7),
    "epsilon": lambda unit: EpsilonInsensitive(epsilon=0.1 * unit),
    "own": LogCosh,
}
losses = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
solvers = pytest.mark.parametrize("solver", ["adam", "lbfgs"])
targets = pytest.mark.parametrize("case", ["mlp-regression", "mlp-two-targets"])


def quiet(model, X, y, *args):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y, *args)


def nonlinear(n_samples=300):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_samples, 4))
    parts = [np.sin(2 * X[:, 0]) + X[:, 1], X[:, 2] * X[:, 3] - X[:, 0]]
    return X, np.column_stack(parts) + 0.05 * rng.normal(size=(n_samples, 2))


# Units of y.


@pytest.mark.parametrize(("scale", "shift"), [(SCALE, SHIFT), (1e-6, 0.0)])
@solvers
@losses
@targets
def test_units_of_the_target_do_not_matter(case, loss, solver, scale, shift):
    X, y = make_data(case)
    for weight in (None, make_weights()):
        model = build(case, solver, **(FEW | {"loss": loss(1.0)})).fit(X, y, weight)
        other = build(case, solver, **(FEW | {"loss": loss(scale)}))
        other.fit(X, scale * y + shift, weight)
        assert_allclose((other.predict(X) - shift) / scale, model.predict(X), atol=1e-6)
        assert_allclose(other.loss_curve_, model.loss_curve_, rtol=1e-7)


@solvers
@losses
def test_each_target_has_units_of_its_own(loss, solver):
    if loss(1.0).get_params().keys() & {"delta", "epsilon"} or loss is LogCosh:
        pytest.skip("delta and epsilon are in one unit for all targets")
    X, y = nonlinear()
    scales, shifts = np.array([1e-3, 1e5]), np.array([7.0, -1e6])
    settings = FEW | {"loss": loss(1.0), "solver": solver}
    model = GDMLPRegressor(**settings).fit(X, y)
    other = GDMLPRegressor(**settings).fit(X, scales * y + shifts)
    assert_allclose((other.predict(X) - shifts) / scales, model.predict(X), atol=1e-5)


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber"])
@pytest.mark.parametrize(("solver", "rate"), [("adam", 0.01), ("lbfgs", "auto"), ("sgd", "auto")])
def test_targets_of_different_scales_are_all_learnt(solver, rate, loss):
    X, y = nonlinear()
    y = y * [1e-3, 1e5]
    model = GDMLPRegressor(
        loss=loss, solver=solver, learning_rate=rate, max_iter=300, tol=0, random_state=0
    ).fit(X, y)
    assert (r2_score(y, model.predict(X), multioutput="raw_values") > 0.9).all()


@solvers
@targets
def test_of_squared_error_it_is_a_standard_scaler_of_the_target(case, solver):
    X, y = make_data(case)
    y = y * 1e3 + 1e4
    folded = build(case, solver, **FEW).fit(X, y)
    scaled = StandardScaler().fit_transform(X)
    plain = build(case, solver, standardize=False, **FEW)
    behind = TransformedTargetRegressor(plain, transformer=StandardScaler()).fit(scaled, y)
    assert_allclose(folded.predict(X), behind.predict(scaled), rtol=1e-7)
    assert_allclose(folded.objective_, behind.regressor_.objective_, rtol=1e-7)


def test_alpha_stands_beside_a_loss_without_units():
    X, y = nonlinear()
    strong = [
        GDMLPRegressor(**(FEW | {"loss": loss(unit), "alpha": 0.3})).fit(X, y * unit)
        for unit in (1e-3, 1e5)
        for loss in LOSSES.values()
    ]
    lengths = [np.linalg.norm(np.concatenate([*map(np.ravel, m.coefs_[:1])])) for m in strong]
    assert_allclose(lengths[: len(LOSSES)], lengths[len(LOSSES) :], rtol=1e-6)


# What is stored.


@solvers
@losses
@targets
def test_public_attributes_apply_to_raw_features_and_give_units_of_y(case, loss, solver):
    X, y = make_data(case)
    X, y = X * 1e3 + 5e3, y * SCALE + SHIFT
    model = build(case, solver, **(FEW | {"loss": loss(SCALE), "activation": "tanh"})).fit(X, y)
    hidden = np.tanh(X @ model.coefs_[0] + model.intercepts_[0])
    expected = hidden @ model.coefs_[1] + model.intercepts_[1]
    assert_allclose(model.predict(X).reshape(expected.shape), expected, rtol=1e-10)


def test_without_standardize_targets_are_as_they_are():
    X, y = make_data("mlp-regression")
    model = build("mlp-regression", standardize=False, **FEW).fit(X, y)
    loss = np.mean((model.predict(X) - y) ** 2) / 2
    penalty = sum(model.alpha * np.sum(w**2) / 2 for w in model.coefs_)
    assert_allclose(model.objective_, loss + penalty, rtol=1e-10)


@targets
def test_the_objective_starts_at_half_an_output(case):
    # the loss of the best constant is the unit, for any loss
    X, y = make_data(case, n_samples=400)
    for loss in LOSSES.values():
        model = build(case, **(FEW | {"loss": loss(1.0), "alpha": 0.0})).fit(X, y)
        start = model.loss_curve_[0] / model.n_outputs_
        assert 0.3 < start < 3


def test_a_link_has_units_of_its_own():
    X, y = nonlinear()
    y = np.exp(y)
    settings = FEW | {"loss": Poisson(), "solver": "lbfgs", "max_iter": 100}
    model = GDMLPRegressor(**settings).fit(X, y)
    assert model._fitted.model.target_std.tolist() == [1.0, 1.0]
    assert model._fitted.model.target_center.tolist() == [0.0, 0.0]
    assert r2_score(y, model.predict(X)) > 0.8
    other = GDMLPRegressor(**settings).fit(X, y * [1e-2, 1e3])
    assert_allclose(other.predict(X) / [1e-2, 1e3], model.predict(X), rtol=1e-2)


@pytest.mark.parametrize("case", [case for case in NETWORK_CASES if "classes" in case])
def test_classifiers_have_no_units(case):
    X, y = make_data(case)
    model = build(case, **FEW).fit(X, y)
    assert model._fitted.model.target_std is None
    assert model._fitted.loss is model._coding.loss


# Targets that are hard to divide.


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("value", [0.0, 0.1, -1e6])
@solvers
@losses
def test_constant_targets_divide_nothing_by_zero(loss, solver, value, dtype):
    X, y = nonlinear()
    X, y = X.astype(dtype), y.copy()
    y[:, 1] = value
    with np.errstate(all="raise", under="ignore"):
        model = GDMLPRegressor(**(FEW | {"loss": loss(1.0), "solver": solver, "alpha": 0.0}))
        both = quiet(clone(model), X, y).predict(X)
        alone = quiet(clone(model), X, y[:, 1]).predict(X)
    # from random weights, units of 1 away
    assert_allclose(alone, value, atol=5)
    assert_allclose(both[:, 1], value, atol=5)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("scale", [1e-45, 1e-42, 1e-30, 1e15])
def test_targets_near_the_ends_of_a_type_divide_nothing_by_zero(scale, dtype):
    X, y = nonlinear()
    with np.errstate(all="raise", under="ignore"):
        model = GDMLPRegressor(**FEW).fit(X.astype(dtype), scale * y)
    assert np.isfinite(coefficients(model)).all()


def test_a_single_row_is_learnt():
    model = GDMLPRegressor(**FEW).fit([[1.0, 2.0]], [1e6])
    assert_allclose(model.predict([[1.0, 2.0]]), 1e6)


@losses
def test_float32_learns_what_float64_learns(loss):
    X, y = make_data("mlp-two-targets")
    y = y * 1e3 + 1e4
    settings = FEW | {"loss": loss(1e3)}
    wide = build("mlp-two-targets", "adam", **settings).fit(X, y)
    narrow = build("mlp-two-targets", "adam", **settings).fit(X.astype(np.float32), y)
    assert {a.dtype for a in [*narrow.coefs_, *narrow.intercepts_]} == {np.dtype(np.float32)}
    assert narrow.predict(X.astype(np.float32)).dtype == np.float32
    assert_allclose(narrow.predict(X.astype(np.float32)), wide.predict(X), rtol=2e-2)


def test_losses_and_gradients_of_float32_stay_float32():
    X, y = make_data("mlp-two-targets")
    for loss in LOSSES.values():
        model = build("mlp-two-targets", **(FEW | {"loss": loss(1.0)})).fit(X.astype("f4"), y)
        table, raw = y.astype("f4"), np.zeros(y.shape, "f4")
        parts = model._fitted.loss.value_and_gradient(table, raw)
        assert {part.dtype for part in parts} == {np.dtype("f4")}


@pytest.mark.parametrize("loss", [*LOSSES.values(), Coupled], ids=[*LOSSES, "coupled"])
def test_gradients_are_right_in_any_units(loss):
    X, y = nonlinear(60)
    for scales, shifts in ((1.0, 0.0), ([1.0, 1e2], [1.0, 1e3])):
        model = GDMLPRegressor(loss=loss(1.0), hidden_layer_sizes=(5,), activation="tanh")
        assert check_gradient(model, X, y * scales + shifts).max_relative_error < 1e-6


def test_a_loss_that_couples_its_outputs_has_one_unit_for_all():
    X, y = nonlinear()
    model = GDMLPRegressor(**(FEW | {"loss": Coupled(1e5), "solver": "lbfgs", "max_iter": 100}))
    y = y * 1e5 + 1e6
    assert model.fit(X, y).score(X, y) > 0.8
    assert len(set(model._fitted.loss.unit.tolist())) == 1


# Going on.


@losses
def test_a_pass_at_a_time_is_all_passes_at_once(loss):
    X, y = make_data("mlp-two-targets")
    y = y * SCALE + SHIFT
    settings = FEW | {"loss": loss(SCALE), "solver": "adam", "batch_size": 16}
    whole = GDMLPRegressor(**(settings | {"max_iter": 4})).fit(X, y)
    warm = GDMLPRegressor(**(settings | {"max_iter": 2, "warm_start": True})).fit(X, y).fit(X, y)
    assert_allclose(warm.predict(X), whole.predict(X), rtol=1e-9)
    stream = GDMLPRegressor(**settings)
    for _ in range(4):
        stream.partial_fit(X, y)
    assert_allclose(stream.predict(X), whole.predict(X), rtol=1e-9)


def test_units_are_those_of_the_first_chunk():
    X, y = nonlinear()
    y = y * SCALE + SHIFT
    stream = GDMLPRegressor(**FEW).partial_fit(X[:100], y[:100])
    first = stream._fitted.model
    stream.partial_fit(X[100:], 10 * y[100:])
    for units in ("center", "std", "target_center", "target_std"):
        assert_array_equal(getattr(stream._fitted.model, units), getattr(first, units))
    assert_allclose(first.target_center, y[:100].mean(axis=0))
    assert_allclose(first.target_std, y[:100].std(axis=0))
    stream = GDMLPRegressor(**FEW, learning_rate=0.01)
    for _ in range(60):
        for start in range(0, 300, 100):
            stream.partial_fit(X[start : start + 100], y[start : start + 100])
    assert stream.score(X, y) > 0.9


@solvers
def test_a_warm_start_keeps_its_units_and_begins_where_it_ended(solver):
    X, y = nonlinear()
    settings = FEW | {"solver": solver, "warm_start": True, "alpha": 0.0}
    model = GDMLPRegressor(**settings).fit(X, y)
    units, prediction = model._fitted.model, model.predict(X)
    model.fit(X, 2 * y + 1)
    assert_array_equal(model._fitted.model.target_std, units.target_std)
    model = GDMLPRegressor(**settings).fit(X, y)
    begun = model.set_params(loss="absolute_error").fit(X, y).loss_curve_[0]
    unit = model._fitted.loss.loss.unit
    assert begun <= (np.abs(prediction - y).mean(axis=0) / unit).sum() * (1 + 1e-9)
    assert_array_equal(model._fitted.model.target_std, units.target_std)


@pytest.mark.parametrize("standardize", [False, True])
def test_a_warm_start_in_other_units_begins_at_the_same_function(standardize):
    X, y = nonlinear()
    settings = FEW | {"solver": "adam", "warm_start": True, "alpha": 0.0}
    model = GDMLPRegressor(standardize=standardize, **settings).fit(X, 5 * y)
    residual = model.predict(X) - 5 * y
    begun = model.set_params(standardize=not standardize).fit(X, 5 * y).loss_curve_[0]
    unit = np.ones(2) if standardize else np.var(5 * y, axis=0)
    assert_allclose(begun, ((residual**2).mean(axis=0) / unit).sum() / 2)


def test_a_fit_again_is_a_first_fit():
    X, y = nonlinear()
    model = GDMLPRegressor(**FEW).fit(X, 1e6 * y).fit(X, y)
    assert_array_equal(coefficients(model), coefficients(GDMLPRegressor(**FEW).fit(X, y)))


def test_validation_scores_are_in_the_units_of_the_objective():
    X, y = nonlinear()
    settings = FEW | {"early_stopping": True, "max_iter": 5}
    scores = [
        GDMLPRegressor(**settings).fit(X, unit * y).validation_scores_ for unit in (1.0, SCALE)
    ]
    assert_allclose(*scores, rtol=1e-9)


def test_sparse_is_dense():
    X, y = nonlinear()
    X = X * (np.abs(X) > 0.5)
    dense = GDMLPRegressor(**FEW).fit(X, y * SCALE + SHIFT)
    sparse = GDMLPRegressor(**FEW).fit(sp.csr_array(X), y * SCALE + SHIFT)
    assert_allclose(sparse.predict(sp.csr_array(X)), dense.predict(X), rtol=1e-9)
