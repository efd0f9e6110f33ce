"""check_gradient: right gradients pass, wrong ones are found and the parameter is named."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
import scipy.sparse as sp
from common import CASES, LOG_LINKS, NETWORK_CASES, REGRESSORS, build, make_data, make_weights
from numpy.testing import assert_array_equal

from sklearn_gd import GDLinearRegressor, GDMLPRegressor
from sklearn_gd._validation import InvalidParameterError
from sklearn_gd.inspection import GradientCheck, check_gradient
from sklearn_gd.losses import LOSSES, AbsoluteError, Huber, SquaredError
from sklearn_gd.models.activations import ACTIVATIONS, Tanh
from sklearn_gd.penalties import L2, GroupLasso, Tikhonov

RIGHT = 1e-6
REGRESSION = [case for case in CASES if CASES[case].estimator in REGRESSORS]


def assert_right(check):
    assert check.max_relative_error < RIGHT, check


def with_targets(loss, y):
    return np.abs(y) if loss in LOG_LINKS else y


# Right gradients.


@pytest.mark.parametrize("penalty", ["l2", "l1", "elasticnet", None])
@pytest.mark.parametrize("case", CASES)
def test_every_estimator_and_penalty_is_right(case, penalty):
    X, y = make_data(case)
    model = build(case, penalty=penalty, alpha=0.1)
    for rows in (X, X * [1e-3, 1.0, 1e4, 5.0] + [1.0, -2.0, 1e5, 0.0], sp.csr_array(X)):
        assert_right(check_gradient(model, rows, y))
        assert_right(check_gradient(model, rows, y, make_weights(), random_state=3))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("case", REGRESSION)
def test_every_loss_is_right_in_any_units(case, loss):
    X, y = make_data(case)
    for units, offset in ((1.0, 0.0), (1e4, 1e6), (1e-4, 0.0)):
        if loss in LOG_LINKS and offset:
            continue
        target = with_targets(loss, y) * units + offset
        assert_right(check_gradient(build(case, loss=loss), X, target))


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("case", NETWORK_CASES)
def test_every_activation_is_right_without_the_noise_of_dropout(case, activation, standardize):
    X, y = make_data(case)
    model = build(case, activation=activation, dropout=0.5, standardize=standardize)
    for seed in range(3):
        assert_right(check_gradient(model, X, y, random_state=seed))


def test_penalties_and_settings_of_linear_models_are_right():
    X, y = make_data("two-targets")
    penalties = [Tikhonov(matrix=np.diff(np.eye(4), axis=0)), GroupLasso(groups=[0, 0, 1, 1])]
    for settings in (
        *({"penalty": penalty} for penalty in penalties),
        {"fit_intercept": False},
        {"standardize": True},
        {"positive": True},
        {"warm_start": True, "early_stopping": True},
    ):
        assert_right(check_gradient(GDLinearRegressor(alpha=1.0, **settings), X, y))


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_a_network_of_many_parameters_is_right(activation):
    X, y = np.random.default_rng(0).normal(size=(300, 50)), np.arange(300.0)
    assert_right(check_gradient(GDMLPRegressor(activation=activation), X, y))


def test_float32_rows_are_checked_in_float64():
    X, y = make_data("mlp-two-targets")
    assert_right(check_gradient(build("mlp-two-targets"), X.astype(np.float32), y))


# Functions.


@pytest.mark.parametrize("units", [1e-8, 1.0, 1e8])
def test_a_right_function_is_right_in_any_units(units):
    params = np.random.default_rng(0).normal(size=20) * units
    assert_right(check_gradient(lambda p: (np.sum((p / units) ** 4), 4 * p**3 / units**4), params))


def test_kinks_give_no_false_alarm():
    def size(params):
        return np.abs(params).sum(), np.sign(params)

    def relu(params):
        return np.maximum(params, 0).sum(), (params > 0).astype(float)

    for params in ([0.0, 1.0, -2.0], [1e-7, 1.0, -3e-6], [0.0, 0.0], [1.0, 1e-5, 0.0]):
        assert_right(check_gradient(size, params))
        assert_right(check_gradient(relu, params))


def test_slopes_of_zero_give_no_false_alarm():
    assert_right(check_gradient(lambda p: (1e3, np.zeros(3)), np.ones(3)))
    assert_right(check_gradient(lambda p: (0.0, np.zeros(3)), np.zeros(3)))
    assert_right(check_gradient(lambda p: (p @ p + 7.0, 2 * p), [0.0, 0.0, 3.0]))


@pytest.mark.parametrize("factor", [-1.0, 0.0, 0.5, 2.0, 1.001])
@pytest.mark.parametrize("size", [8, 4000])
def test_one_wrong_coordinate_is_named(size, factor):
    params = np.random.default_rng(1).uniform(1, 2, size)

    def planted(p):
        gradient = p**3
        gradient[7] *= factor
        return np.sum(p**4) / 4, gradient

    check = check_gradient(planted, params)
    assert check.parameter == "params[7]"
    assert check.max_relative_error > 1e3 * RIGHT * abs(factor - 1) / 2


def test_a_gradient_that_is_not_finite_is_infinitely_wrong():
    check = check_gradient(lambda p: (1.0, np.array([0.0, np.nan])), np.ones(2))
    assert check == GradientCheck(np.inf, "params[1]")


# Planted errors in components.


@dataclass(kw_only=True, eq=False, repr=False)
class WrongLoss(SquaredError):
    """Its derivative is wrong by a factor, in the second output alone."""

    factor: float = 1.0

    def gradient(self, y, raw):
        return (raw - y) * [1.0, self.factor]

    def value_and_gradient(self, y, raw):
        return np.sum((raw - y) ** 2, axis=1) / 2, self.gradient(y, raw)


@dataclass(kw_only=True, eq=False, repr=False)
class WrongSlope(SquaredError):
    """Its derivative is wrong by a factor."""

    factor: float = 1.0

    def gradient(self, y, raw):
        return (raw - y) * self.factor

    def value_and_gradient(self, y, raw):
        return super().value_and_gradient(y, raw)[0], self.gradient(y, raw)


@dataclass(kw_only=True, eq=False, repr=False)
class WrongHuber(Huber):
    """The slope of large residuals is missing."""

    def gradient(self, y, raw):
        residual = raw - y
        return np.where(np.abs(residual) <= self.delta, residual, 0.0)


@dataclass(kw_only=True, eq=False, repr=False)
class WrongPenalty(L2):
    """The slope of a single weight is wrong."""

    factor: float = 1.0
    only_rows: int = 4

    def smooth(self, w):
        value, gradient = super().smooth(w)
        gradient = gradient.copy()
        if len(w) == self.only_rows:
            gradient[3, 1] *= self.factor
        return value, gradient


@dataclass(kw_only=True, eq=False, repr=False)
class WrongTanh(Tanh):
    """Off by a factor."""

    factor: ClassVar[float] = 2.0

    def derivative(self, z):
        return self.factor * super().derivative(z)


@dataclass(kw_only=True, eq=False, repr=False)
class OwnTanh(Tanh):
    """Right."""


@dataclass(kw_only=True, eq=False, repr=False)
class Endless(Tanh):
    """No finite derivative."""

    def derivative(self, z):
        return np.full_like(z, np.nan)


def blame_of(check):
    assert check.max_relative_error > 1e3 * RIGHT
    return check.parameter.partition(", by the derivative of ")[2]


@pytest.mark.parametrize("factor", [-1.0, 2.0, 1.01])
def test_a_wrong_loss_is_found(factor):
    X, y = make_data("two-targets")
    check = check_gradient(GDLinearRegressor(loss=WrongLoss(factor=factor)), X, y)
    assert check.max_relative_error > 1e-3
    assert check.parameter.startswith(("coef_[1,", "intercept_[1]"))
    assert_right(check_gradient(GDLinearRegressor(loss=WrongLoss()), X, y))


@pytest.mark.parametrize("case", REGRESSION)
def test_a_wrong_slope_of_large_residuals_is_found(case):
    X, y = make_data(case)
    loss = WrongHuber(delta=0.5)
    assert check_gradient(build(case, loss=loss), X, y).max_relative_error > 1e-2


@pytest.mark.parametrize("factor", [-1.0, 2.0])
def test_a_wrong_penalty_is_found_in_its_weight(factor):
    X, y = make_data("two-targets")
    penalty = WrongPenalty(factor=factor)
    linear = GDLinearRegressor(penalty=penalty, alpha=0.1)
    assert check_gradient(linear, X, y).parameter == "coef_[1, 3]"
    network = GDMLPRegressor(penalty=penalty, alpha=0.1, hidden_layer_sizes=(5, 4, 3))
    assert check_gradient(network.set_params(penalty__only_rows=5), X, y).parameter == (
        "coefs_[1][3, 1]"
    )
    wide = GDMLPRegressor(penalty=penalty, alpha=0.1, hidden_layer_sizes=(5, 150))
    assert check_gradient(wide, X, y).parameter == "coefs_[1][3, 1]"


@pytest.mark.parametrize("case", NETWORK_CASES)
def test_a_wrong_activation_is_found_before_the_last_layer(case):
    X, y = make_data(case)
    check = check_gradient(build(case, activation=WrongTanh()), X, y)
    assert check.max_relative_error > 0.1
    assert check.parameter.startswith(
        ("coefs_[0]", "coefs_[1]", "intercepts_[0]", "intercepts_[1]")
    )


@pytest.mark.parametrize(
    ("loss", "activation", "blame"),
    [
        ("squared_error", WrongTanh(), "WrongTanh"),
        (WrongSlope(factor=-1.0), "tanh", "WrongSlope"),
        (WrongSlope(factor=-1.0), OwnTanh(), "WrongSlope"),
        (WrongSlope(), WrongTanh(), "WrongTanh"),
        (WrongSlope(), [OwnTanh(), WrongTanh()], "WrongTanh"),
        (WrongSlope(factor=-1.0), WrongTanh(), "WrongSlope and WrongTanh"),
        (WrongHuber(delta=0.5), OwnTanh(), "WrongHuber"),
        (WrongSlope(), Endless(), "Endless"),
    ],
)
@pytest.mark.parametrize("n_samples", [40, 300])
def test_the_part_that_is_wrong_is_named(loss, activation, blame, n_samples):
    X, y = make_data("two-targets", n_samples)
    network = GDMLPRegressor(loss=loss, activation=activation, hidden_layer_sizes=(4, 3))
    assert blame_of(check_gradient(network, X, y)) == blame
    assert blame_of(check_gradient(network, sp.csr_array(X), y, random_state=1)) == blame


@pytest.mark.parametrize("units", [1e-4, 1.0, 1e4])
def test_the_loss_of_a_linear_model_is_named_in_any_units(units):
    X, y = make_data("two-targets")
    model = GDLinearRegressor(loss=WrongLoss(factor=1.01))
    assert blame_of(check_gradient(model, X, units * (y + 100))) == "WrongLoss"


def test_a_wrong_proximal_step_is_named_by_its_loss():
    X, y = make_data("regression")

    class Wrong(AbsoluteError):
        def prox_move(self, y, raw, width):
            return 2 * super().prox_move(y, raw, width)

    assert blame_of(check_gradient(GDLinearRegressor(loss=Wrong()), X, y)) == "Wrong"


def test_right_parts_and_those_of_the_package_are_not_blamed():
    X, y = make_data("two-targets")
    for loss, activation in ((WrongSlope(), OwnTanh()), ("huber", "relu")):
        penalty = WrongPenalty(factor=-1.0, only_rows=5)
        network = GDMLPRegressor(
            loss=loss,
            activation=activation,
            penalty=penalty,
            alpha=0.1,
            hidden_layer_sizes=(5, 3),
        )
        assert check_gradient(network, X, y).parameter == "coefs_[1][3, 1]"


def test_one_target_has_names_of_one_index():
    X, y = make_data("regression")

    class Wrong(L2):
        def smooth(self, w):
            value, gradient = super().smooth(w)
            return value, gradient * np.array([[1.0], [1.0], [-1.0], [1.0]])

    check = check_gradient(GDLinearRegressor(penalty=Wrong(), alpha=10.0), X, y)
    assert check.parameter == "coef_[2]"


# The estimator, and what cannot be checked.


@pytest.mark.parametrize("case", CASES)
def test_the_estimator_stays_as_it_is(case):
    X, y = make_data(case)
    model = build(case, max_iter=2, tol=0).fit(X, y)
    before = dict(vars(model))
    prediction = model.predict(X)
    first, second = check_gradient(model, X, y), check_gradient(model, X, y)
    assert first == second
    assert vars(model).keys() == before.keys()
    assert all(vars(model)[name] is value for name, value in before.items())
    assert_array_equal(model.predict(X), prediction)


def test_what_cannot_be_checked_is_told():
    X, y = make_data("regression")
    with pytest.raises(TypeError, match="an estimator of sklearn_gd, or a function"):
        check_gradient("GDLinearRegressor", X, y)
    with pytest.raises(TypeError, match="with an estimator only"):
        check_gradient(lambda p: (0.0, p), np.ones(2), y)
    with pytest.raises(ValueError, match=r"shape \(1,\).*\(2,\)"):
        check_gradient(lambda p: (0.0, np.ones(1)), np.ones(2))
    with pytest.raises(ValueError, match="params must be"):
        check_gradient(lambda p: (0.0, p), np.ones((2, 2)))
    with pytest.raises(InvalidParameterError, match="alpha"):
        check_gradient(GDLinearRegressor(alpha=-1.0), X, y)
