"""Weights of the penalty and bounds of the coefficients, one for each feature."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from common import LINEAR_CASES, build, make_data
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import lsq_linear, minimize

from sklearn_gd import GDLinearRegressor, GDLogisticClassifier, GDMLPRegressor
from sklearn_gd._validation import InvalidParameterError
from sklearn_gd.penalties import L1, MCP, SLOPE, GroupLasso, Penalty, Tikhonov

EXACT = {"tol": 1e-12, "max_iter": 2000}
quiet = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
each_case = pytest.mark.parametrize("case", LINEAR_CASES)
PENALTIES = {
    "l2": {},
    "l1": {"penalty": "l1"},
    "elasticnet": {"penalty": "elasticnet", "l1_ratio": 0.4},
    "standardized-l1": {"penalty": "l1", "standardize": True},
}
each_penalty = pytest.mark.parametrize("params", PENALTIES.values(), ids=PENALTIES)
SPREAD = np.array([0.1, 1.0, 5.0, 100.0])
NAMES = ["a", "b", "c", "d"]


def regression(n_samples=80):
    """Columns in different units, two of them correlated."""
    X, y = make_data("regression", n_samples)
    X[:, 1] += X[:, 0]
    return X * SPREAD, y


def frame(X):
    return pd.DataFrame(X, columns=NAMES)


# Weights


@each_penalty
@each_case
def test_weights_of_two_are_twice_the_alpha(case, params):
    X, y = make_data(case)
    settings = EXACT | params
    twice = build(case, alpha=0.02, penalty_weights=np.full(4, 2.0), **settings).fit(X, y)
    assert_allclose(twice.coef_, build(case, alpha=0.04, **settings).fit(X, y).coef_, atol=1e-5)


@each_penalty
@each_case
def test_weights_of_one_are_none(case, params):
    X, y = make_data(case)
    settings = EXACT | params | {"alpha": 0.02}
    ones = build(case, penalty_weights=np.ones(4), **settings).fit(X, y)
    assert_allclose(ones.coef_, build(case, **settings).fit(X, y).coef_, atol=1e-6)


def test_weighted_l2_is_the_normal_equation_of_a_ridge_of_different_strengths():
    X, y = regression()
    weights = np.array([0.0, 1.0, 3.0, 0.5])
    model = GDLinearRegressor(alpha=0.1, penalty_weights=weights).fit(X, y)
    Z, r = X - X.mean(axis=0), y - y.mean()
    expected = np.linalg.solve(Z.T @ Z / len(y) + 0.1 * np.diag(weights), Z.T @ r / len(y))
    assert_allclose(model.coef_, expected, rtol=1e-8)


@pytest.mark.parametrize("solver", ["auto", "agd", "proximal-newton-cg"])
def test_a_weighted_lasso_is_a_lasso_of_rescaled_columns(solver):
    X, y = make_data("regression")
    weights = np.array([0.2, 1.0, 2.0, 5.0])
    settings = EXACT | {"penalty": "l1", "alpha": 0.1, "solver": solver, "random_state": 0}
    weighted = GDLinearRegressor(penalty_weights=weights, **settings).fit(X, y)
    rescaled = GDLinearRegressor(**settings).fit(X / weights, y)
    assert_allclose(weighted.coef_, rescaled.coef_ / weights, atol=1e-5)
    assert_array_equal(weighted.coef_ == 0, rescaled.coef_ == 0)


@each_case
def test_the_slope_at_a_weighted_lasso_is_the_weight_of_each_feature(case):
    X, y = make_data(case)
    weights, alpha = np.array([0.0, 0.5, 1.0, 4.0]), 0.05
    settings = EXACT | {"penalty": "l1", "alpha": alpha}
    model = build(case, penalty_weights=weights, **settings).fit(X, y)
    # the same problem with any other smooth part: by differences of the objective in a coefficient
    unpenalised = build(case, alpha=0, max_iter=1, tol=0)

    def mean_loss(coef):
        start = {"coef_init": coef, "intercept_init": model.intercept_}
        return unpenalised.fit(X, y, **start).loss_curve_[0]

    flat, step = np.atleast_2d(model.coef_), 1e-5
    for output, feature in np.ndindex(flat.shape):
        ahead, behind = flat.copy(), flat.copy()
        ahead[output, feature] += step
        behind[output, feature] -= step
        shape = model.coef_.shape
        slope = (mean_loss(ahead.reshape(shape)) - mean_loss(behind.reshape(shape))) / (2 * step)
        bound = alpha * weights[feature]
        if flat[output, feature]:
            assert slope == pytest.approx(-bound * np.sign(flat[output, feature]), abs=1e-5)
        else:
            assert abs(slope) <= bound + 1e-5


def test_columns_are_named_by_a_dict_and_the_others_have_weight_one():
    X, y = regression()
    settings = {"penalty": "l1", "alpha": 0.1}
    by_name = GDLinearRegressor(penalty_weights={"d": 0, "b": 2}, **settings).fit(frame(X), y)
    by_place = GDLinearRegressor(penalty_weights=[1, 2, 1, 0], **settings).fit(X, y)
    # a frame is stored by columns
    assert_allclose(by_name.coef_, by_place.coef_, rtol=1e-12)
    assert by_name.coef_[3] != 0


def test_groups_have_a_weight_each_by_label_or_in_their_order():
    X, y = make_data("regression")
    penalty = GroupLasso(groups=["late", "early", "late", "early"])
    settings = EXACT | {"penalty": penalty, "alpha": 0.3}
    by_label = GDLinearRegressor(penalty_weights={"late": 0.0}, **settings).fit(X, y)
    by_place = GDLinearRegressor(penalty_weights=[1.0, 0.0], **settings).fit(X, y)
    assert_array_equal(by_label.coef_, by_place.coef_)
    heavy = GDLinearRegressor(penalty_weights={"late": 50.0}, **settings).fit(X, y)
    assert_array_equal(heavy.coef_ == 0, [True, False, True, False])
    assert penalty.weights is None
    with pytest.raises(InvalidParameterError, match="each of the 2 groups; it has 4"):
        GDLinearRegressor(penalty_weights=np.ones(4), **settings).fit(X, y)
    with pytest.raises(InvalidParameterError, match=r"groups that X does not have: \['never'\]"):
        GDLinearRegressor(penalty_weights={"never": 1.0}, **settings).fit(X, y)


class Quartic(Penalty):
    """A user's own, which defines no terms."""

    def smooth(self, w):
        return float((w**4).sum()), 4 * w**3

    def curvature(self, n_features):
        return 12.0


@pytest.mark.parametrize("penalty", [Tikhonov(matrix=np.eye(4)), SLOPE(), Quartic()])
def test_weights_are_refused_where_they_have_no_meaning(penalty):
    X, y = make_data("regression")
    with pytest.raises(ValueError, match=f"defines terms, or GroupLasso; {type(penalty).__name__}"):
        GDLinearRegressor(penalty=penalty, penalty_weights=np.ones(4)).fit(X, y)


def test_weights_of_no_penalty_are_refused():
    X, y = make_data("regression")
    with pytest.raises(ValueError, match="penalty=None"):
        GDLinearRegressor(penalty=None, penalty_weights=np.ones(4)).fit(X, y)


@pytest.mark.parametrize("name", ["penalty_weights", "lower", "upper"])
def test_other_lengths_and_names_are_errors(name):
    X, y = make_data("regression")
    with pytest.raises(InvalidParameterError, match=f"'{name}'.* each of the 4 features; it has 3"):
        GDLinearRegressor(**{name: [1.0] * 3}).fit(X, y)
    with pytest.raises(InvalidParameterError, match=f"'{name}'.* X has no column names"):
        GDLinearRegressor(**{name: {"a": 1.0}}).fit(X, y)
    with pytest.raises(InvalidParameterError, match=r"does not have: \['e'\]. X has \['a', 'b'"):
        GDLinearRegressor(**{name: {"e": 1.0}}).fit(frame(X), y)


def test_networks_have_neither():
    assert not {"penalty_weights", "lower", "upper"} & set(GDMLPRegressor().get_params())


# Bounds


LOWER = np.array([-np.inf, -0.5, 1.0, -np.inf])
UPPER = np.array([0.2, np.inf, 2.0, np.inf])


@pytest.mark.parametrize("storage", [np.asarray, sp.csr_array], ids=["dense", "csr"])
def test_bounded_least_squares_in_any_units_are_those_of_scipy(storage):
    X, y = regression()
    lower, upper = LOWER / SPREAD, UPPER / SPREAD
    model = GDLinearRegressor(alpha=0, lower=lower, upper=upper, **EXACT).fit(storage(X), y)
    peer = lsq_linear(X - X.mean(axis=0), y - y.mean(), (lower, upper), method="bvls", tol=1e-14)
    assert_allclose(model.coef_ * SPREAD, peer.x * SPREAD, atol=1e-7)
    assert model.converged_
    assert (np.isclose(peer.x, lower) | np.isclose(peer.x, upper)).any()


def test_bounded_logistic_regression_is_that_of_scipy():
    X, y = make_data("logistic")
    model = GDLogisticClassifier(alpha=0.01, lower=-0.3, upper=UPPER, **EXACT).fit(X, y)

    def objective(params):
        raw = X @ params[:4] + params[4]
        return np.mean(np.logaddexp(0, raw) - y * raw) + 0.005 * params[:4] @ params[:4]

    bounds = [*zip([-0.3] * 4, UPPER, strict=True), (None, None)]
    peer = minimize(objective, np.zeros(5), bounds=bounds, tol=1e-14)
    assert_allclose(model.coef_[0], peer.x[:4], atol=1e-5)
    assert model.objective_ <= peer.fun + 1e-10


@quiet
@pytest.mark.parametrize(
    "solver", ["gd", "agd", "proximal-newton-cg", "svrg", "saga", "sgd", "adam"]
)
@pytest.mark.parametrize("penalty", ["l2", "l1", None])
def test_every_solver_of_l1_keeps_to_the_bounds_and_finds_the_same(solver, penalty):
    X, y = make_data("regression", 200)
    settings = {"penalty": penalty, "alpha": 0.1, "lower": LOWER, "upper": UPPER}
    best = GDLinearRegressor(**settings, **EXACT).fit(X, y)
    model = GDLinearRegressor(solver=solver, random_state=0, max_iter=200, **settings).fit(X, y)
    assert (model.coef_ >= LOWER).all()
    assert (model.coef_ <= UPPER).all()
    assert model.objective_ == pytest.approx(best.objective_, rel=5e-3)
    if model.converged_:
        assert model.objective_ <= best.objective_ * (1 + 2 * model.tol)


@each_case
def test_a_lower_bound_of_zero_is_positive(case):
    X, y = make_data(case)
    for params in (PENALTIES["l2"], PENALTIES["standardized-l1"]):
        settings = {"tol": 1e-12, "alpha": 0.02} | params
        positive = build(case, positive=True, **settings).fit(X, y)
        assert_allclose(build(case, lower=0, **settings).fit(X, y).coef_, positive.coef_, atol=1e-6)
        assert_array_equal(
            build(case, lower=-1, positive=True, **settings).fit(X, y).coef_,
            build(case, lower=0, **settings).fit(X, y).coef_,
        )


@each_case
def test_bounds_that_are_never_met_change_nothing(case):
    X, y = make_data(case)
    settings = EXACT | {"penalty": "l1", "alpha": 0.02}
    free = build(case, **settings).fit(X, y)
    wide = build(case, lower=-1e3, upper=1e3, **settings).fit(X, y)
    assert_allclose(wide.coef_, free.coef_, atol=1e-6)


def test_equal_bounds_fix_a_coefficient():
    X, y = make_data("regression")
    model = GDLinearRegressor(alpha=0, lower={"b": 1.5}, upper={"b": 1.5}, **EXACT).fit(frame(X), y)
    rest = GDLinearRegressor(alpha=0, **EXACT).fit(X[:, [0, 2, 3]], y - 1.5 * X[:, 1])
    assert model.coef_[1] == 1.5
    assert_allclose(model.coef_[[0, 2, 3]], rest.coef_, atol=1e-6)


def test_starts_outside_the_bounds_are_moved_inside():
    X, y = make_data("regression")
    settings = {"lower": 0.5, "upper": 0.7, "max_iter": 1, "tol": 0}
    for start in ({}, {"coef_init": np.full(4, 9.0)}):
        model = GDLinearRegressor(**settings).fit(X, y, **start)
        assert ((model.coef_ >= 0.5) & (model.coef_ <= 0.7)).all()


@pytest.mark.parametrize("penalty", [GroupLasso(groups=[0, 0, 1, 1]), SLOPE(), MCP()], ids=repr)
def test_bounds_are_refused_where_the_operator_is_not_known(penalty):
    X, y = make_data("regression")
    with pytest.raises(ValueError, match=f"lower and upper need .*{type(penalty).__name__} is"):
        GDLinearRegressor(penalty=penalty, upper=1.0).fit(X, y)


@pytest.mark.parametrize(("lower", "upper"), [(1, 0), (np.inf, np.inf), ([0, 0, 2, 0], 1)])
def test_crossed_bounds_are_an_error_that_names_the_feature(lower, upper):
    X, y = make_data("regression")
    with pytest.raises(InvalidParameterError, match=r"for feature '[ac]' they are"):
        GDLinearRegressor(lower=lower, upper=upper).fit(frame(X), y)


# Both, and the counterpart


def test_weights_and_bounds_together_are_those_of_the_objects():
    X, y = regression()
    weights = [0.0, 1.0, 2.0, 3.0]
    settings = EXACT | {"alpha": 0.1, "standardize": True, "lower": -0.5 / SPREAD}
    model = GDLinearRegressor(penalty="l1", penalty_weights=weights, **settings).fit(X, y)
    std = X.std(axis=0)
    settings |= {"standardize": False, "lower": -0.5 / SPREAD * std}
    peer = GDLinearRegressor(penalty=L1(), penalty_weights=weights, **settings).fit(X / std, y)
    assert_allclose(model.coef_ * std, peer.coef_, atol=1e-6)


def test_a_stream_keeps_to_them():
    X, y = make_data("regression", 200)
    model = GDLinearRegressor(penalty="l1", alpha=0.01, penalty_weights=[0, 1, 1, 9], upper=0.3)
    for part in np.array_split(np.arange(200), 10):
        model.partial_fit(X[part], y[part])
    assert (model.coef_ <= 0.3).all()


def test_a_weighted_penalty_has_no_strength_in_scikit_learn():
    X, y = make_data("one-vs-rest")
    weighted = GDLogisticClassifier(alpha=0.1, penalty_weights=np.ones(4)).fit(X, y).to_sklearn()
    assert weighted.alpha == 1e-4
    named = GDLogisticClassifier(alpha=0.1, penalty="mcp").fit(X, y).to_sklearn()
    assert named.penalty == "l2"
