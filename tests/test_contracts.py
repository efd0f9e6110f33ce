"""What losses, penalties, rules and storages say of themselves is asked, and never assumed."""

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
import pytest
from sklearn.isotonic import isotonic_regression

from sklearn_gd import GDLinearRegressor
from sklearn_gd.data import ArraySource, Batch, Source
from sklearn_gd.inspection import check_gradient, check_prox
from sklearn_gd.losses import Hinge, Logistic, Loss, MoreauEnvelope, SquaredError
from sklearn_gd.models import Linear
from sklearn_gd.objective import EmpiricalRisk
from sklearn_gd.penalties import (
    L1,
    L2,
    MCP,
    SLOPE,
    Bounded,
    ElasticNet,
    GroupLasso,
    Penalty,
    Positive,
    Standardized,
    Weighted,
)
from sklearn_gd.solvers import SGD, SVRG, Adam, MiniBatch, Nesterov, Run

component = dataclass(kw_only=True, eq=False, repr=False)
quiet = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@component
class SortedL1(Penalty):
    """No sum over weights."""

    is_separable: ClassVar[bool] = False

    def strengths(self, size):
        return 1 - np.arange(size) / (2 * size)

    def nonsmooth(self, w):
        return float(np.sort(np.abs(w).ravel())[::-1] @ self.strengths(w.size))

    def prox(self, w, scale):
        size = np.abs(w).ravel()
        order = np.argsort(-size)
        shrunk = size[order] - scale * self.strengths(w.size)
        size[order] = np.maximum(isotonic_regression(shrunk, increasing=False), 0)
        return np.sign(w) * size.reshape(w.shape)


@component
class Welsch(Loss):
    """Not convex."""

    is_convex: ClassVar[bool] = False

    def value(self, y, raw):
        return (1 - np.exp(-((raw - y) ** 2) / 2)).sum(axis=1)

    def gradient(self, y, raw):
        return (raw - y) * np.exp(-((raw - y) ** 2) / 2)


@component
class Halved(MiniBatch):
    """A step that is half as long as the rate, and does not say so."""

    def init(self, params):
        return {}

    def update(self, gradient, state, params, clock, rate):
        return -rate / 2 * gradient


class SaidHalved(Halved):
    def step_size(self, state, clock, rate):
        return rate / 2


def rows(units=0):
    """Columns in units from 10^-units to 10^units."""
    rng = np.random.default_rng(0)
    scales = np.geomspace(10.0**-units, 10.0**units, 6)
    Z = rng.normal(size=(120, 6))
    return Z * scales, Z[:, :3].sum(axis=1) + rng.normal(size=120)


# Penalties that are no sum over weights


def test_the_named_penalty_is_the_one_of_ones_own():
    X, y = rows()
    own = GDLinearRegressor(penalty=SortedL1(), alpha=0.1, tol=1e-12).fit(X, y)
    named = GDLinearRegressor(alpha=0.1, tol=1e-12)
    named.set_params(penalty=SLOPE(weights=SortedL1().strengths(6))).fit(X, y)
    np.testing.assert_allclose(named.coef_, own.coef_, atol=1e-6)
    assert abs(duality_gap(own, X, y)) < 1e-8


def duality_gap(model, X, y):
    """Of least squares with an intercept and sorted L1, relative to the objective."""
    n, residual = len(y), y - model.predict(X)
    slopes = np.sort(np.abs(X.T @ residual / n))[::-1]
    allowed = model.alpha * np.cumsum(model.penalty.strengths(X.shape[1]))
    theta = residual * min(1.0, np.min(allowed / np.cumsum(slopes)))
    centred = y - y.mean()
    dual = (centred @ centred - (centred - theta) @ (centred - theta)) / (2 * n)
    return (model.objective_ - dual) / model.objective_


@quiet
@pytest.mark.parametrize("units", [0, 1])
@pytest.mark.parametrize("solver", ["auto", "agd", "svrg"])
def test_a_penalty_that_is_no_sum_is_minimised_in_any_units_or_said_not_to_be(solver, units):
    X, y = rows(units)
    settings = {"penalty": SortedL1(), "alpha": 0.1, "random_state": 0, "max_iter": 200}
    model = GDLinearRegressor(solver=solver, **settings).fit(X, y)
    best = GDLinearRegressor(tol=1e-11, **settings).fit(X, y)
    assert abs(duality_gap(best, X, y)) < 1e-6
    assert model.objective_ / best.objective_ - 1 <= model.optimality_ + 1e-12
    assert model.converged_ == (model.optimality_ <= 1e-8)
    assert model.converged_ or solver in ("agd", "svrg")


@quiet
def test_columns_of_very_different_units_are_too_much_for_one_step_and_that_is_said():
    X, y = rows(3)
    model = GDLinearRegressor(penalty=SortedL1(), alpha=0.1, max_iter=1, solver="agd").fit(X, y)
    assert not model.converged_
    assert duality_gap(model, X, y) > 1e-3
    assert model.optimality_ > 1e-3


@pytest.mark.parametrize("solver", ["adam", "adagrad", "normalized-adagrad"])
def test_rules_with_a_step_for_each_parameter_are_refused_where_there_is_one_for_all(solver):
    X, y = rows()
    with pytest.raises(ValueError, match="one for all; use solver='sgd'"):
        GDLinearRegressor(penalty=SortedL1(), solver=solver).fit(X, y)


def test_a_stream_takes_sgd_where_the_scale_free_rule_cannot():
    X, y = rows()
    assert isinstance(GDLinearRegressor(penalty=SortedL1()).partial_fit(X, y).solver_, SGD)


@pytest.mark.parametrize("wish", ["standardize", "positive"])
def test_wishes_that_such_a_penalty_cannot_fulfil_are_refused(wish):
    X, y = rows()
    with pytest.raises(ValueError, match=f"{wish}=True needs a penalty"):
        GDLinearRegressor(penalty=SortedL1(), **{wish: True}).fit(X, y)


# What is not convex


@quiet
@pytest.mark.parametrize("solver", ["auto", "gd", "agd", "sgd", "adam"])
@pytest.mark.parametrize(
    "settings",
    [
        {"penalty": MCP()},
        {"loss": Welsch()},
        {"loss": Welsch(), "penalty": "l1"},
        {"loss": "inverse_gaussian"},
    ],
    ids=str,
)
def test_what_is_not_convex_claims_a_stationary_point_and_no_more(settings, solver):
    X, y = rows()
    if settings.get("loss") == "inverse_gaussian":
        y = np.exp(y / 4)
    model = GDLinearRegressor(alpha=0.05, solver=solver, random_state=0, **settings).fit(X, y)
    if model.converged_:
        assert "stationary point" in model.stop_reason_
        assert "of the optimum" not in model.stop_reason_
    assert model.objective_ <= model.loss_curve_[0]


def test_no_solver_that_relies_on_convexity_takes_what_is_not_convex():
    X, y = rows()
    for solver in ("newton-cg", "proximal-newton-cg", "normalized-adagrad"):
        with pytest.raises(ValueError, match="convex"):
            GDLinearRegressor(loss=Welsch(), solver=solver).fit(X, y)


@quiet
def test_a_mean_of_two_groups_does_not_claim_the_lower_valley():
    """Between two groups of targets both valleys are stationary points."""
    rng = np.random.default_rng(0)
    y = np.r_[rng.normal(-5, 0.1, 60), rng.normal(5, 0.1, 40)]
    model = GDLinearRegressor(loss=Welsch(), alpha=0).fit(np.zeros((100, 1)), y)
    assert "stationary point" in model.stop_reason_


# Steps that are not proportional to the gradient


def test_a_rule_that_does_not_say_its_step_is_refused_for_l1_and_welcome_for_l2():
    X, y = rows()
    settings = {"max_iter": 5, "tol": 0, "learning_rate": 0.1}
    GDLinearRegressor(solver=Halved(), **settings).fit(X, y)
    with pytest.raises(ValueError, match="Halved does not say its step_size"):
        GDLinearRegressor(solver=Halved(), penalty="l1", **settings).fit(X, y)


@quiet
def test_a_rule_that_says_its_step_reaches_the_optimum_of_a_lasso():
    X, y = rows()
    settings = {"penalty": "l1", "alpha": 0.1, "random_state": 0}
    optimum = GDLinearRegressor(**settings).fit(X, y)
    model = GDLinearRegressor(
        solver=SaidHalved(), learning_rate=0.2, batch_size=120, max_iter=500, **settings
    ).fit(X, y)
    np.testing.assert_allclose(model.objective_, optimum.objective_, rtol=1e-8)
    assert ((model.coef_ == 0) == (optimum.coef_ == 0)).all()


def test_a_subclass_that_changes_nothing_declares_what_its_parent_declares():
    class Same(SGD):
        pass

    class Longer(SGD):
        def update(self, gradient, state, params, clock, rate):
            return -2 * rate * gradient

    assert Same.declares("step_size", "update")
    assert Same.declares("_compiled_pass", "update", "step_size", "decay")
    assert not Longer.declares("step_size", "update")
    assert not Halved.declares("step_size", "update")
    assert Nesterov.declares("step_size", "update")
    assert not L2().declares("prox")
    assert L1().declares("prox")


# Batches of the storage's own sizes: law 4


class Uneven(Source):
    """Batches as they come, of the sizes of its parts."""

    def __init__(self, X, y, weight, edges):
        self.parts = [slice(a, b) for a, b in pairwise(edges)]
        self.X, self.y, self.weight = X, y, weight
        self.n_samples, self.n_features = X.shape
        self.weight_sum, self.dtype = float(weight.sum()), X.dtype

    def blocks(self):
        return (Batch(self.X[p], self.y[p], self.weight[p], p) for p in self.parts)

    def batches(self, size, rng):
        return self.blocks()

    def n_batches(self, size):
        return len(self.parts)

    def sample(self, size):
        return ArraySource(self.X[:size], self.y[:size], self.weight[:size])


@pytest.mark.parametrize("size", [1, 10, 1000])
def test_batches_of_any_sizes_average_to_the_objective_and_its_gradient(size):
    X, y = rows()
    weight = np.random.default_rng(1).uniform(0.5, 2, len(y))
    source = Uneven(X, y[:, np.newaxis], weight, [0, 10, 15, 90, 120])
    risk = EmpiricalRisk(Linear(6, 1), SquaredError(), L2(), 0.1, source)
    params = np.linspace(-1, 1, 7)
    pairs = [oracle(params) for oracle in risk.batches(size, None)]
    value, gradient = risk.value_and_gradient(params)
    np.testing.assert_allclose(np.mean([v for v, _ in pairs]), value, rtol=1e-14)
    np.testing.assert_allclose(np.mean([g for _, g in pairs], axis=0), gradient, atol=1e-14)


@pytest.mark.parametrize("solver", [SGD(), SVRG(), Adam()], ids=repr)
def test_stochastic_solvers_minimise_the_objective_of_such_a_storage(solver):
    X, y = rows()
    target = (y > 0).astype(float)[:, np.newaxis]
    weight = np.ones(len(y))
    settings = Run(max_iter=60, tol=0, learning_rate=0.02)
    ends = []
    for edges in ([0, 30, 60, 90, 120], [0, 10, 15, 90, 120]):
        risk = EmpiricalRisk(Linear(6, 1), Logistic(), L2(), 0.01, Uneven(X, target, weight, edges))
        ends.append(solver.minimize(risk, np.zeros(7), settings).value)
    np.testing.assert_allclose(ends[1], ends[0], rtol=0.02)


# Envelopes of losses that are not functions of raw - y


def test_the_envelope_of_a_hinge_bends_at_the_kink_of_each_label():
    stage = MoreauEnvelope(loss=Hinge(), width=0.1)
    raw = np.array([[-1.05], [-0.95], [0.95], [1.05]])
    for label, expected in ((1.0, [0, 0, 10, 0]), (0.0, [0, 10, 0, 0])):
        y = np.full_like(raw, label)
        np.testing.assert_allclose(stage.second_derivative(y, raw)[:, 0], expected, rtol=1e-2)


# check_prox


@pytest.mark.parametrize(
    "penalty",
    [
        L1(),
        L2(),
        ElasticNet(l1_ratio=0.5),
        GroupLasso(groups=[0, 0, 1, 1, 1, 2]),
        Positive(penalty=L1()),
        Positive(penalty=GroupLasso(groups=[0, 0, 1, 1, 1, 2])),
        Standardized(penalty=L1(), std=np.arange(1.0, 7.0)),
        SortedL1(),
        SLOPE(),
        MCP(),
        GroupLasso(groups=[0, 0, 1, 1, 1, 2], l1_ratio=0.4, weights=[0.0, 1.0, 2.0]),
        Positive(penalty=SLOPE()),
        Weighted(penalty=L1(), weights=np.arange(6.0)),
        Bounded(penalty=ElasticNet(), lower=-np.arange(6.0), upper=0.5),
    ],
    ids=repr,
)
def test_right_operators_obey_the_three_point_inequality(penalty):
    assert check_prox(penalty).max_violation < 1e-12


def test_a_wrong_operator_is_found_and_where():
    class Twice(L1):
        def prox(self, w, scale):
            return super().prox(w, 2 * scale)

    class OneForAll(L1):
        def prox(self, w, scale):
            return super().prox(w, np.mean(scale))

    class Infinite(L1):
        def prox(self, w, scale):
            return w / 0.0

    assert check_prox(Twice()).max_violation > 0.1
    found = check_prox(OneForAll())
    assert found.max_violation > 0.1
    assert found.scale == "one for each weight"
    with np.errstate(divide="ignore"):
        assert check_prox(Infinite()).max_violation == np.inf


def test_check_prox_refuses_what_it_cannot_check():
    class Flat(L1):
        def prox(self, w, scale):
            return w.ravel()

    with pytest.raises(TypeError, match="needs a Penalty"):
        check_prox("l1")
    with pytest.raises(ValueError, match=r"Flat\.prox\(w, scale\) must return the shape of w"):
        check_prox(Flat())


@pytest.mark.parametrize("settings", [{"loss": Welsch()}, {"penalty": MCP()}], ids=str)
def test_check_gradient_takes_what_is_not_convex(settings):
    X, y = rows()
    assert check_gradient(GDLinearRegressor(**settings), X, y).max_relative_error < 1e-6


# The laws of weights, certificates and seeds hold for them as for the library's own


OWN = {
    "sorted l1": {"penalty": SortedL1(), "alpha": 0.1},
    "mcp": {"penalty": MCP(), "alpha": 0.1},
    "welsch": {"loss": Welsch(), "alpha": 0.1},
    "a rule of one's own": {
        "solver": SaidHalved(), "penalty": "l1", "alpha": 0.1, "batch_size": 200, "max_iter": 300,
    },
}  # fmt: skip
each_of_them = pytest.mark.parametrize("name", OWN)


def own(name, **params):
    return GDLinearRegressor(**({"random_state": 0} | OWN[name] | params))


@quiet
@each_of_them
def test_a_weight_of_zero_is_a_row_removed_bit_for_bit(name):
    X, y = rows()
    weight = np.random.default_rng(1).integers(0, 3, len(y)).astype(float)
    kept = weight > 0
    mine = own(name).fit(X, y, sample_weight=weight)
    other = own(name).fit(X[kept], y[kept], sample_weight=weight[kept])
    np.testing.assert_array_equal(mine.coef_, other.coef_)


@quiet
@each_of_them
def test_whole_weights_are_copies(name):
    X, y = rows()
    copies = np.random.default_rng(1).integers(1, 4, len(y))
    batch = {"batch_size": 400} if "solver" in OWN[name] else {}
    mine = own(name, **batch).fit(X, y, sample_weight=copies.astype(float))
    other = own(name, **batch).fit(np.repeat(X, copies, axis=0), np.repeat(y, copies))
    assert mine.objective_ == pytest.approx(other.objective_, rel=1e-7)
    np.testing.assert_allclose(mine.coef_, other.coef_, atol=1e-4)


@quiet
@each_of_them
def test_fit_ends_below_its_start_and_says_where(name):
    X, y = rows()
    model = own(name).fit(X, y)
    assert model.objective_ <= model.loss_curve_[0]
    assert model.converged_ == (model.stop_code_ in {"converged", "precision"})
    if model.converged_:
        assert model.optimality_ <= model.tol or model.stop_code_ == "precision"


@quiet
@each_of_them
def test_the_same_seed_gives_the_same_bits(name):
    X, y = rows()
    np.testing.assert_array_equal(own(name).fit(X, y).coef_, own(name).fit(X, y).coef_)
