"""Stochastic solvers: published updates, honest passes, states that go on bit for bit."""

import copy
import pickle
from dataclasses import dataclass, field, fields
from itertools import product
from math import log, sqrt

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.special import expit

from sklearn_gd import GDLinearRegressor, GDLogisticClassifier
from sklearn_gd.data import ArraySource
from sklearn_gd.losses import Logistic, SquaredError
from sklearn_gd.models import MLP, Linear
from sklearn_gd.models.activations import Tanh
from sklearn_gd.objective import EmpiricalRisk
from sklearn_gd.penalties import L1, L2, NoPenalty
from sklearn_gd.schedules import (
    Clock,
    Constant,
    Cosine,
    Exponential,
    InverseScaling,
    PowerDecay,
    ReduceOnPlateau,
    StepDecay,
)
from sklearn_gd.solvers import (
    LBFGS,
    SAGA,
    SGD,
    SOLVERS,
    SVRG,
    Adadelta,
    Adagrad,
    Adam,
    AdaMax,
    AdamW,
    AMSGrad,
    GradientDescent,
    MiniBatch,
    Momentum,
    Nadam,
    Nesterov,
    NormalizedAdagrad,
    RMSprop,
    Run,
)

# A new rule is a new row: the rule, and a rate by which it descends on the problems below.
RULES = {
    "sgd": (SGD(), 0.05),
    "momentum": (Momentum(), 0.01),
    "nesterov": (Nesterov(), 0.01),
    "adagrad": (Adagrad(), 0.3),
    "adadelta": (Adadelta(), 5.0),
    "rmsprop": (RMSprop(), 0.02),
    "adam": (Adam(), 0.05),
    "adamax": (AdaMax(), 0.05),
    "nadam": (Nadam(), 0.05),
    "amsgrad": (AMSGrad(), 0.05),
    "adamw": (AdamW(), 0.05),
    "normalized-adagrad": (NormalizedAdagrad(), 0.3),
    "svrg": (SVRG(), 0.05),
    "saga": (SAGA(), 0.05),
}
OF_LINEAR_MODELS = ["normalized-adagrad", "saga"]
OF_NETWORKS = [name for name in RULES if name not in OF_LINEAR_MODELS]
RESUMABLE = [name for name in RULES if name != "saga"]
# Their moves grow with the gradient, so that a rate can be too large.
UNBOUNDED = ["sgd", "momentum", "nesterov", "svrg", "saga"]
SEED = 11


def each(table):
    return pytest.mark.parametrize("name", table)


def regression_rows(n_samples=35, n_features=3):
    rng = np.random.default_rng(3)
    X = rng.normal(size=(n_samples, n_features))
    y = X @ rng.normal(size=(n_features, 1)) + 1 + 0.5 * rng.normal(size=(n_samples, 1))
    return X, y, rng.uniform(0.5, 2, size=n_samples)


def ridge(X=None, y=None, weight=None, *, alpha=0.01, penalty=None):
    if X is None:
        X, y, _ = regression_rows()
    model = Linear(X.shape[1], y.shape[1])
    source = ArraySource(X, y, weight)
    return EmpiricalRisk(model, SquaredError(), penalty or L2(), alpha, source, reference=1.0)


def network(dropout=0.0):
    X, y, weight = regression_rows()
    model = MLP((3, 4, 1), Tanh(), dropout)
    return EmpiricalRisk(model, SquaredError(), L2(), 0.01, ArraySource(X, y, weight))


def start_of(risk, scale=1.0):
    return scale * np.random.default_rng(SEED).normal(size=risk.model.size)


def settings(**changes):
    defaults = {"learning_rate": 0.05, "batch_size": 10, "tol": 0, "max_iter": 3}
    return Run(**(defaults | {"rng": np.random.default_rng(SEED)} | changes))


def run_rule(name, risk, start, state=None, **changes):
    rule, rate = RULES[name]
    return rule.minimize(risk, start, settings(**({"learning_rate": rate} | changes)), state)


def test_every_named_rule_is_in_the_table():
    named = {kind for kind in SOLVERS.values() if issubclass(kind, MiniBatch)}
    assert {type(rule) for rule, _ in RULES.values()} == named
    assert {name for name, (rule, _) in RULES.items() if rule.resumable} == set(RESUMABLE)


# Published updates, two steps by hand.


def at_update(number):
    """The clock at an update, 1 at the first."""
    return Clock(step=number - 1)


def two_steps(solver, gradients, rate):
    state, moves = solver.init(np.zeros(len(gradients[0]))), []
    for step, gradient in enumerate(gradients, start=1):
        moves.append(
            solver.update(np.array(gradient), state, np.zeros_like(gradient), at_update(step), rate)
        )
    return np.array(moves)


GRADIENTS = [[1.0, -2.0], [3.0, 0.5]]


RATE = 0.1
BETA_1, BETA_2, RHO, EPSILON = 0.8, 0.5, 0.7, 0.01


def sgd(t, g, s):
    """Robbins and Monro (1951)."""
    return -RATE * g


def momentum(t, g, s):
    """Polyak (1964)."""
    s["v"] = 0.7 * s.get("v", 0) - RATE * g
    return s["v"]


def adagrad(t, g, s):
    """Duchi, Hazan and Singer (2011)."""
    s["G"] = s.get("G", 0) + g**2
    return -RATE * g / (sqrt(s["G"]) + EPSILON)


def adadelta(t, g, s):
    """Zeiler (2012), algorithm 1, whose moves the rate multiplies."""
    s["g2"] = RHO * s.get("g2", 0) + (1 - RHO) * g**2
    move = -sqrt(s.get("x2", 0) + EPSILON) / sqrt(s["g2"] + EPSILON) * g
    s["x2"] = RHO * s.get("x2", 0) + (1 - RHO) * move**2
    return RATE * move


def rmsprop(t, g, s):
    """Hinton (2012), lecture 6e."""
    s["v"] = RHO * s.get("v", 0) + (1 - RHO) * g**2
    return -RATE * g / (sqrt(s["v"]) + EPSILON)


def moments(g, s):
    s["m"] = BETA_1 * s.get("m", 0) + (1 - BETA_1) * g
    s["v"] = BETA_2 * s.get("v", 0) + (1 - BETA_2) * g**2
    return s["m"], s["v"]


def adam(t, g, s):
    """Kingma and Ba (2015), algorithm 1."""
    m, v = moments(g, s)
    return -RATE * m / (1 - BETA_1**t) / (sqrt(v / (1 - BETA_2**t)) + EPSILON)


def adamax(t, g, s):
    """Kingma and Ba (2015), algorithm 2, and epsilon beside the maximum."""
    s["m"] = BETA_1 * s.get("m", 0) + (1 - BETA_1) * g
    s["u"] = max(BETA_2 * s.get("u", 0), abs(g))
    return -RATE / (1 - BETA_1**t) * s["m"] / (s["u"] + EPSILON)


def nadam(t, g, s):
    """Dozat (2016), algorithm 8 with a constant momentum."""
    m, v = moments(g, s)
    m_hat = BETA_1 * m / (1 - BETA_1 ** (t + 1)) + (1 - BETA_1) * g / (1 - BETA_1**t)
    return -RATE * m_hat / (sqrt(v / (1 - BETA_2**t)) + EPSILON)


def amsgrad(t, g, s):
    """Reddi, Kale and Kumar (2018), algorithm 2."""
    m, v = moments(g, s)
    s["v_hat"] = max(s.get("v_hat", 0), v)
    return -RATE * m / (sqrt(s["v_hat"]) + EPSILON)


OF_ADAM = {"beta_1": BETA_1, "beta_2": BETA_2, "epsilon": EPSILON}
PUBLISHED = [
    (SGD(), sgd),
    (Momentum(momentum=0.7), momentum),
    (Adagrad(epsilon=EPSILON), adagrad),
    (Adadelta(rho=RHO, epsilon=EPSILON), adadelta),
    (RMSprop(rho=RHO, epsilon=EPSILON), rmsprop),
    (Adam(**OF_ADAM), adam),
    (AdaMax(**OF_ADAM), adamax),
    (Nadam(**OF_ADAM), nadam),
    (AMSGrad(**OF_ADAM), amsgrad),
    (AdamW(**OF_ADAM), adam),
]


@pytest.mark.parametrize("gradients", [(2.0, -6.0), (-6.0, 0.5), (0.0, 1e-3), (1e3, 0.0)])
@pytest.mark.parametrize(
    ("solver", "formula"), PUBLISHED, ids=lambda part: getattr(part, "__name__", repr(part))
)
def test_two_steps_are_the_published_ones(solver, formula, gradients):
    """The formula is worked out in plain numbers; ``update`` gets two parameters at once."""
    state, memory = solver.init(np.zeros(2)), ({}, {})
    for t, g in enumerate(gradients, start=1):
        move = solver.update(np.array([g, -2 * g]), state, np.zeros(2), at_update(t), RATE)
        expected = [formula(t, g, memory[0]), formula(t, -2 * g, memory[1])]
        np.testing.assert_allclose(move, expected, rtol=1e-12)


def test_adams_first_step_is_the_rate_whatever_the_gradient():
    """With the betas of the paper, in hand-made numbers: m = 0.1 g and v = 0.001 g^2, unbiased."""
    for solver in (Adam(epsilon=1e-300), AdaMax(epsilon=1e-300)):
        state = solver.init(np.zeros(2))
        np.testing.assert_allclose(
            solver.update(np.array([1e-9, -1e9]), state, np.zeros(2), at_update(1), 0.1),
            [-0.1, 0.1],
            rtol=1e-12,
        )


def test_the_defaults_are_those_of_the_papers():
    assert Adam().get_params() == {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8}
    assert Adadelta().get_params() == {"rho": 0.95, "epsilon": 1e-6}
    assert RMSprop().get_params()["rho"] == 0.9
    assert Momentum().momentum == Nesterov().momentum == 0.9


def test_nesterov_takes_the_gradient_ahead():
    """Sutskever et al. (2013), eq. 3 and 4: v = mu v - a g(x + mu v), x += v.

    The library keeps the place ahead, x + mu v.
    """
    risk, mu, rate = ridge(), 0.7, 0.1
    x = start_of(risk)
    v = np.zeros_like(x)
    for _ in range(3):
        v = mu * v - rate * risk.value_and_gradient(x + mu * v)[1]
        x = x + v
    run = settings(learning_rate=rate, batch_size=35)
    result = Nesterov(momentum=mu).minimize(risk, start_of(risk), run)
    np.testing.assert_allclose(result.state.params, x + mu * v, rtol=1e-12)


def test_adamw_shrinks_weights_and_not_biases():
    """Loshchilov and Hutter (2019), algorithm 2: x -= rate * (Adam's step + decay * x)."""
    risk, rate, decay = ridge(), 0.1, 0.3
    expected, rule = start_of(risk), Adam()
    state = rule.init(expected)
    for t in (1, 2):
        gradient = risk.value_and_gradient(expected)[1]
        move = rule.update(gradient, state, expected, at_update(t), rate)
        expected = expected - rate * decay * np.array([1, 1, 1, 0]) * expected + move
    run = settings(learning_rate=rate, batch_size=35, max_iter=2)
    result = AdamW(weight_decay=decay).minimize(risk, start_of(risk), run)
    np.testing.assert_allclose(result.state.params, expected, rtol=1e-12)


def test_adamw_without_decay_is_adam():
    results = [
        rule.minimize(network(), start_of(network()), settings())
        for rule in (AdamW(weight_decay=0), Adam())
    ]
    np.testing.assert_array_equal(results[0].params, results[1].params)


def point_gradient(x, y, w, b):
    residual = w * x + b - y
    return residual * x, residual


def test_svrg_by_hand():
    """Johnson and Zhang (2013): a step along g_i(x) - g_i(snapshot) + the mean at the snapshot."""
    x, y, rate, w, b = [1.0, -2.0], [3.0, 1.0], 0.1, 0.5, 0.2
    for _ in range(2):
        w_0, b_0 = w, b
        at_snapshot = [point_gradient(x[i], y[i], w_0, b_0) for i in (0, 1)]
        for i in (0, 1):
            here = point_gradient(x[i], y[i], w, b)
            move = [
                here[j] - at_snapshot[i][j] + (at_snapshot[0][j] + at_snapshot[1][j]) / 2
                for j in (0, 1)
            ]
            w, b = w - rate * move[0], b - rate * move[1]
    risk = ridge(np.array([x]).T, np.array([y]).T, alpha=0)
    run = settings(learning_rate=rate, batch_size=1, shuffle=False, max_iter=2)
    result = SVRG().minimize(risk, np.array([0.5, 0.2]), run)
    np.testing.assert_allclose(result.state.params, [w, b], rtol=1e-13)


def test_saga_by_hand():
    """Defazio et al. (2014): the mean of remembered gradients, plus what row i's has changed by."""
    x, y, rate, w, b = [1.0, -2.0], [3.0, 1.0], 0.1, 0.5, 0.2
    remembered = [(0.0, 0.0), (0.0, 0.0)]
    for i in (0, 1, 0, 1):
        here = point_gradient(x[i], y[i], w, b)
        mean = [(remembered[0][j] + remembered[1][j]) / 2 for j in (0, 1)]
        move = [here[j] - remembered[i][j] + mean[j] for j in (0, 1)]
        remembered[i] = here
        w, b = w - rate * move[0], b - rate * move[1]
    risk = ridge(np.array([x]).T, np.array([y]).T, alpha=0)
    run = settings(learning_rate=rate, batch_size=1, shuffle=False, max_iter=2)
    result = SAGA().minimize(risk, np.array([0.5, 0.2]), run)
    np.testing.assert_allclose(result.state.params, [w, b], rtol=1e-13)


def test_normalized_adagrad_by_hand():
    """Two batches of two rows, one feature, squared error, from w = b = 0 at rate 0.5.

    The rate counts in root mean squares of the residuals met so far. At the second update the rows
    of the first, and what was made of them, count for half. The intercept moves 3 / (t + 3) of the
    way to the mean at least.
    """
    x, y = [1.0, 3.0, 2.0, 6.0], [1.0, 2.0, 0.0, 4.0]
    w = b = G = G_b = met = 0.0
    for t, (last, counts) in enumerate(((2, [1.0, 1.0]), (4, [0.5, 0.5, 1.0, 1.0])), 1):
        seen, batch = x[:last], range(last - 2, last)
        mu = np.average(seen, weights=counts)
        sigma = sqrt(np.average((np.array(seen) - mu) ** 2, weights=counts))
        residual = {i: w * x[i] + b - y[i] for i in batch}
        met = met / 2 + sum(r**2 for r in residual.values())
        eta = 0.5 * sqrt(met / sum(counts))
        g = sum(residual[i] * x[i] for i in batch) / 2
        g_b = sum(residual[i] for i in batch) / 2
        g_hat = (g - mu * g_b) / sigma
        G, G_b = G / 2 + g_hat**2, G_b / 2 + g_b**2
        move = -eta * g_hat / (sigma * sqrt(G))
        level = max(eta * abs(g_b) / sqrt(G_b), 3 / (t + 3) * abs(g_b))
        w, b = w + move, b - np.sign(g_b) * level - mu * move
    risk = ridge(np.array([x]).T, np.array([y]).T, alpha=0)
    run = Run(learning_rate=0.5, batch_size=2, shuffle=False, max_iter=1, tol=0)
    result = NormalizedAdagrad().minimize(risk, np.zeros(2), run)
    np.testing.assert_allclose(result.state.params, [w, b], rtol=1e-13)


def test_steps_of_normalized_adagrad_are_shorter_the_more_features_there_are():
    x, y = np.array([[1.0], [3.0], [2.0], [6.0]]), np.array([[1.0], [2.0], [0.0], [4.0]])
    run = Run(learning_rate=0.5, batch_size=4, shuffle=False, max_iter=1, tol=0)
    one, three = (
        NormalizedAdagrad().minimize(ridge(np.tile(x, d), y, alpha=0), np.zeros(d + 1), run)
        for d in (1, 3)
    )
    step = one.state.params[0] / np.sqrt(3)
    np.testing.assert_allclose(three.state.params[:3], step, rtol=1e-13)


def test_weights_count_in_the_statistics_of_normalized_adagrad():
    """A row of weight 2 is two copies of it, in one batch."""
    X, y, _ = regression_rows(20)
    weight = np.where(np.arange(20) % 3 == 0, 2.0, 1.0)
    copies = np.repeat(np.arange(20), weight.astype(int))
    run = {"shuffle": False, "batch_size": 1000}
    weighted = NormalizedAdagrad().minimize(ridge(X, y, weight), np.zeros(4), settings(**run))
    copied = NormalizedAdagrad().minimize(ridge(X[copies], y[copies]), np.zeros(4), settings(**run))
    np.testing.assert_allclose(weighted.state.params, copied.state.params, rtol=1e-12)


@pytest.mark.parametrize("passes", [1, 2])
@pytest.mark.parametrize("n_rows", [2, 7])
def test_the_point_by_point_update_of_the_lesson(n_rows, passes):
    """w += a (y - p) x, b += a (y - p): MATH row 19, row after row, from zero."""
    X = [[1.0, 2.0], [-3.0, 0.5], [0.0, 1.0], [2.0, 2.0], [-1.0, -1.0], [0.5, -2.0], [1.5, 0.0]]
    X, labels, rate = X[:n_rows], [1, 0, 1, 1, 0, 0, 1][:n_rows], 0.3
    w, b = [0.0, 0.0], 0.0
    for x, label in list(zip(X, labels, strict=True)) * passes:
        p = 1 / (1 + np.exp(-(w[0] * x[0] + w[1] * x[1] + b)))
        w = [weight + rate * (label - p) * feature for weight, feature in zip(w, x, strict=True)]
        b = b + rate * (label - p)
    model = GDLogisticClassifier(
        solver="sgd",
        batch_size=1,
        shuffle=False,
        alpha=0,
        learning_rate=rate,
        max_iter=passes,
        tol=0,
    )
    model.fit(X, labels, coef_init=np.zeros((1, 2)), intercept_init=np.zeros(1))
    np.testing.assert_allclose(model.coef_, [w], rtol=1e-14)
    np.testing.assert_allclose(model.intercept_, [b], rtol=1e-14)
    assert model.t_ == n_rows * passes


def test_sgd_with_l1_by_hand():
    """A gradient step, then the threshold rate * alpha on the weight but not on the bias."""
    x, y, rate, alpha = [2.0, -1.0], [1.0, 0.5], 0.1, 0.7
    w, b = 0.05, 0.2
    for feature, target in zip(x, y, strict=True):
        residual = w * feature + b - target
        w, b = w - rate * residual * feature, b - rate * residual
        w = np.sign(w) * max(abs(w) - rate * alpha, 0)
    risk = ridge(np.array([x]).T, np.array([y]).T, alpha=alpha, penalty=L1())
    run = settings(learning_rate=rate, batch_size=1, shuffle=False, max_iter=1)
    result = SGD().minimize(risk, np.array([0.05, 0.2]), run)
    np.testing.assert_allclose(result.state.params, [w, b], rtol=1e-14)


# A pass.


@dataclass(kw_only=True, eq=False, repr=False)
class Recorder(MiniBatch):
    """Stands still and writes down what it was given."""

    def init(self, params):
        return {"gradients": [], "rates": [], "steps": []}

    def update(self, gradient, state, params, clock, rate):
        state["gradients"].append(gradient.copy())
        state["rates"].append(rate)
        state["steps"].append(clock.update)
        return np.zeros_like(gradient)


def recorded(risk, params, **changes):
    return Recorder().minimize(risk, params, settings(**changes)).state.rule


def rows_of_batches(n_samples, **changes):
    """With X the identity and no intercept, a batch's gradient is nonzero at its own rows."""
    source = ArraySource(np.eye(n_samples), np.ones((n_samples, 1)))
    model = Linear(n_samples, 1, fit_intercept=False)
    risk = EmpiricalRisk(model, SquaredError(), NoPenalty(), 0, source)
    return [np.flatnonzero(g) for g in recorded(risk, np.zeros(n_samples), **changes)["gradients"]]


@pytest.mark.parametrize("batch_size", [1, 7, 10, 23, 100])
@pytest.mark.parametrize("shuffle", [True, False])
def test_every_row_comes_once_a_pass(batch_size, shuffle):
    per_pass = -(-23 // batch_size)
    batches = rows_of_batches(23, batch_size=batch_size, shuffle=shuffle, max_iter=4)
    assert len(batches) == 4 * per_pass
    for first in range(0, len(batches), per_pass):
        visited = np.concatenate(batches[first : first + per_pass])
        np.testing.assert_array_equal(np.sort(visited), np.arange(23))
    assert [len(rows) for rows in batches[: per_pass - 1]] == [batch_size] * (per_pass - 1)


def test_rows_come_in_storage_order_without_shuffle():
    np.testing.assert_array_equal(
        np.concatenate(rows_of_batches(9, batch_size=1, shuffle=False, max_iter=2)),
        [*range(9), *range(9)],
    )


def test_each_pass_is_shuffled_anew():
    order = np.concatenate(rows_of_batches(40, batch_size=1, max_iter=2))
    assert not np.array_equal(order[:40], np.arange(40))
    assert not np.array_equal(order[:40], order[40:])


@pytest.mark.parametrize(
    ("n_samples", "batch_size"),
    [(30, 30), (64, 64), (100, 64), (1280, 64), (2000, 100), (10_000, 200)],
)
def test_automatic_batches(n_samples, batch_size):
    """n / 20 rows, between 64 and 200."""
    rng = np.random.default_rng(0)
    risk = ridge(rng.normal(size=(n_samples, 1)), rng.normal(size=(n_samples, 1)))
    steps = recorded(risk, np.zeros(2), batch_size="auto", max_iter=1)["steps"]
    assert steps == list(range(1, -(-n_samples // batch_size) + 1))


@pytest.mark.parametrize("batch_size", [1, 4, 10, 34, 35, 99])
@pytest.mark.parametrize("storage", [np.asarray, sp.csr_array])
def test_batch_gradients_average_to_the_full_gradient(batch_size, storage):
    """With weights, and a last batch that is shorter than the others."""
    X, y, weight = regression_rows()
    risk = ridge(storage(X), y, weight, alpha=0.3)
    params = start_of(risk)
    gradients = recorded(risk, params, batch_size=batch_size, max_iter=1)["gradients"]
    exact = risk.value_and_gradient(params)[1]
    np.testing.assert_allclose(np.mean(gradients, axis=0), exact, rtol=1e-12)


def test_the_objective_of_a_pass_is_the_mean_over_its_batches():
    """For a rule that stands still that is the objective itself."""
    risk = ridge(*regression_rows(), alpha=0.3)
    result = Recorder().minimize(risk, start_of(risk), settings(batch_size=8))
    exact = risk.value(start_of(risk))
    np.testing.assert_allclose(result.history["objective"], exact, rtol=1e-13)


@each(RULES)
def test_dense_and_sparse_rows_give_the_same_path(name):
    X, y, weight = regression_rows()
    X[np.abs(X) < 0.7] = 0
    dense, sparse = (
        run_rule(name, ridge(rows, y, weight), np.zeros(4), shuffle=False)
        for rows in (X, sp.csr_array(X))
    )
    np.testing.assert_allclose(sparse.state.params, dense.state.params, rtol=1e-11)


@each(RULES)
def test_single_precision_is_kept(name):
    X, y, _ = regression_rows()
    double = run_rule(name, ridge(X, y), np.zeros(4))
    X, y = X.astype(np.float32), y.astype(np.float32)
    single = run_rule(name, ridge(X, y), np.zeros(4, np.float32))
    assert single.params.dtype == np.float32
    np.testing.assert_allclose(single.params, double.params, rtol=1e-4)


# Learning rates.

SCHEDULES = {
    "constant": (Constant(rate=0.1), lambda t, e: 0.1),
    "inverse-scaling": (InverseScaling(t0=2, t1=4), lambda t, e: 2 / (t + 4)),
    "power-decay": (PowerDecay(rate=0.1, power=0.5), lambda t, e: 0.1 / sqrt(t + 1)),
    "exponential": (Exponential(rate=0.1, decay=0.5), lambda t, e: 0.1 * 0.5**e),
    "step": (StepDecay(rate=0.1, factor=0.5, every=2), lambda t, e: 0.1 * 0.5 ** (e // 2)),
    "cosine": (
        Cosine(rate=0.1, total_steps=12),
        lambda t, e: 0.05 * (1 + np.cos(np.pi * t / 12)),
    ),
}


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_schedule_is_asked_at_every_update(schedule):
    """t counts updates and e passes, both from zero; three updates a pass."""
    wanted, formula = SCHEDULES[schedule]
    rates = recorded(ridge(), np.zeros(4), learning_rate=wanted, batch_size=12, max_iter=4)["rates"]
    expected = [formula(t, t // 3) for t in range(12)]
    np.testing.assert_allclose(rates, expected, rtol=1e-14, atol=1e-17)


def test_a_plateau_cuts_the_rate():
    """A rule that stands still: a second stretch of three passes is no lower than the first."""
    run = {"learning_rate": ReduceOnPlateau(rate=1.0, factor=0.5), "patience": 3}
    rates = recorded(ridge(), np.zeros(4), batch_size=100, max_iter=11, **run)["rates"]
    assert rates == [1] * 6 + [0.5] * 3 + [0.25] * 2


@dataclass(kw_only=True, eq=False, repr=False)
class Scripted(MiniBatch):
    """Goes where it is told, one place a pass."""

    path: tuple = ()

    def init(self, params):
        return {"at": params.copy()}

    def update(self, gradient, state, params, clock, rate):
        move = self.path[clock.update] - state["at"]
        state["at"] = state["at"] + move
        return move


def test_one_lucky_pass_is_one_plateau_at_most():
    """The objective then falls in every pass, from above: that is no reason to cut the rate."""
    path = (10.0, 1.0, *np.linspace(9, 5, 12))
    risk = ridge(np.zeros((1, 1)), np.zeros((1, 1)), alpha=0)
    run = settings(learning_rate=ReduceOnPlateau(), patience=2, batch_size=1, max_iter=13)
    result = Scripted(path=path).minimize(risk, np.array([0.0, path[0]]), run)
    np.testing.assert_allclose(np.sqrt(2 * np.array(result.history["objective"][1:])), path[:-1])
    assert result.state.plateaus.count <= 1


# Average and clipping.


@dataclass(kw_only=True, eq=False, repr=False)
class Tracked(SGD):
    """SGD that writes down its moves."""

    moves: list = field(default_factory=list)

    def update(self, gradient, state, params, clock, rate):
        self.moves.append(super().update(gradient, state, params, clock, rate))
        return self.moves[-1]


@pytest.mark.parametrize("batch_size", [1, 10, 35])
def test_average_is_the_mean_of_the_path_after_the_first_pass(batch_size):
    risk, solver = ridge(), Tracked()
    start = start_of(risk)
    run = {"batch_size": batch_size, "max_iter": 5, "learning_rate": 0.01}
    solver.minimize(risk, start, settings(**run))
    path = start + np.cumsum(solver.moves, axis=0)
    per_pass = -(-35 // batch_size)
    result = SGD().minimize(risk, start, settings(average=True, **run))
    np.testing.assert_allclose(result.params, path[per_pass:].mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(result.state.params, path[-1], rtol=1e-12)


def test_the_average_is_nearer_to_the_optimum_than_the_last_iterate():
    """Polyak and Juditsky: a constant rate ends in noise, and the mean leaves it behind."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    y = X @ [[1.0], [2.0], [-1.0]] + rng.normal(size=(300, 1))
    risk = ridge(X, y, alpha=0)
    best = LBFGS().minimize(risk, np.zeros(4), Run(tol=1e-14)).value
    gaps = [
        SGD().minimize(risk, np.zeros(4), settings(average=a, batch_size=2, max_iter=15)).value
        - best
        for a in (False, True)
    ]
    assert gaps[1] < gaps[0] / 10


@pytest.mark.parametrize("max_norm", [1e-3, 0.5, 1e6])
def test_a_long_gradient_is_cut_to_max_norm(max_norm):
    risk = ridge()
    start = start_of(risk, scale=3)
    gradient = risk.value_and_gradient(start)[1]
    length = np.linalg.norm(gradient)
    assert 0.5 < length < 1e6
    run = settings(batch_size=35, max_iter=1, max_norm=max_norm)
    result = SGD().minimize(risk, start, run)
    expected = start - 0.05 * gradient * min(1, max_norm / length)
    np.testing.assert_allclose(result.params, expected, rtol=1e-12)


# Going on from a state.

PROBLEMS = {"ridge": ridge, "network": network, "network-dropout": lambda: network(dropout=0.3)}
RESUMED = [(name, "ridge") for name in RESUMABLE]
RESUMED += [(name, "network-dropout") for name in RESUMABLE if name in OF_NETWORKS]
FEW = ["sgd", "adam", "normalized-adagrad", "svrg"]
COPIES = {
    "as it is": lambda state: state,
    "deepcopy": copy.deepcopy,
    "pickle": lambda state: pickle.loads(pickle.dumps(state)),
}
VARIANTS = {
    "plain": {},
    "average": {"average": True},
    "one row": {"batch_size": 1},
    "full batch": {"batch_size": 35},
    "schedule": {"learning_rate": InverseScaling(t0=0.5, t1=10)},
    "adaptive": {"learning_rate": ReduceOnPlateau(rate=0.1), "patience": 2},
    "clipped": {"max_norm": 0.1},
}
PASSES = 7


def in_pieces(name, problem, handle, **changes):
    """As many runs of one pass, each from the state of the one before."""
    state, params = None, start_of(PROBLEMS[problem]())
    for seed in range(SEED, SEED + PASSES):
        changes = changes | {"max_iter": 1, "rng": np.random.default_rng(seed)}
        result = run_rule(name, PROBLEMS[problem](), params, state, **changes)
        params, state = result.params, handle(result.state)
    return result


def in_one_run(name, problem, **changes):
    risk = PROBLEMS[problem]()
    return run_rule(name, risk, start_of(risk), **(changes | {"max_iter": PASSES}))


@pytest.mark.parametrize("handle", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize(("name", "problem"), RESUMED)
def test_a_state_goes_on_after_a_copy(name, problem, handle):
    assert_same_state(in_pieces(name, problem, handle).state, in_one_run(name, problem).state)


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
@pytest.mark.parametrize(("name", "problem"), [pair for pair in RESUMED if pair[0] in FEW])
def test_a_state_goes_on_bit_for_bit(name, problem, variant):
    one = in_one_run(name, problem, **variant)
    pieces = in_pieces(name, problem, COPIES["as it is"], **variant)
    assert_same_state(pieces.state, one.state)


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
@pytest.mark.parametrize(("name", "problem"), [pair for pair in RESUMED if pair[0] in FEW])
def test_the_params_of_pieces_are_those_of_one_run(name, problem, variant):
    """Also where the last pass went up a little, as the noise of batches will have it."""
    one = in_one_run(name, problem, **variant)
    pieces = in_pieces(name, problem, COPIES["as it is"], **variant)
    np.testing.assert_array_equal(pieces.params, one.params)


def assert_same_state(a, b):
    for entry in fields(a):
        assert_same(getattr(a, entry.name), getattr(b, entry.name), entry.name)


def assert_same(a, b, name):
    if isinstance(a, dict):
        assert a.keys() == b.keys(), name
        for key in a:
            assert_same(a[key], b[key], f"{name}, {key}")
    elif isinstance(a, np.random.Generator):
        assert a.bit_generator.state == b.bit_generator.state, name
    elif name == "learning_rate":
        assert repr(a) == repr(b), name
    elif name == "schedule":
        assert a.get_params() == b.get_params(), name
    elif not callable(a):
        np.testing.assert_array_equal(a, b, err_msg=name)


@each(RESUMABLE)
def test_going_on_leaves_the_earlier_result_as_it_was(name):
    first = run_rule(name, ridge(), np.zeros(4))
    before, params = copy.deepcopy(first.state), first.params.copy()
    run_rule(name, ridge(), np.zeros(4), first.state)
    np.testing.assert_array_equal(first.params, params)
    assert_same_state(first.state, before)


def test_a_state_is_not_changed_by_another_use_of_its_run():
    """The same Run object twice, as one writes it in a loop over solvers."""
    run = settings()
    first = SGD().minimize(ridge(), np.zeros(4), run)
    before = copy.deepcopy(first.state)
    SGD().minimize(ridge(), np.zeros(4), run)
    assert_same_state(first.state, before)


@each(RULES)
def test_the_same_seed_gives_the_same_bits_and_another_seed_does_not(name):
    first, same, other = (
        run_rule(name, ridge(), np.zeros(4), rng=np.random.default_rng(seed)) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first.state.params, same.state.params)
    assert not np.array_equal(first.state.params, other.state.params)


# Divergence: law 8.

TOO_LARGE = [1.0, 30.0, 1e3, 1e6, 1e150]


@pytest.mark.parametrize("batch_size", [9, 18, 35])
@each(UNBOUNDED)
def test_divergence_is_rolled_back_and_the_rate_cut(name, batch_size):
    """The rate is halved until the run is bounded, and the message tells."""
    for rate in (30.0, 1e3, 1e6):
        risk = ridge()
        run = {"learning_rate": rate, "batch_size": batch_size, "max_iter": 60}
        result = run_rule(name, risk, start_of(risk), **run)
        assert result.state.cut < 1, rate
        assert np.log2(result.state.cut) == round(np.log2(result.state.cut)), rate
        assert f"reduced to {result.state.cut:.2g} times its value" in result.message, rate
        assert risk.value(result.state.params) < 1e4 * risk.value(start_of(risk)), rate


@each(UNBOUNDED)
def test_a_run_learns_after_its_rate_was_cut(name):
    """On batches of all rows there is no noise: what stays bounded goes down in the end."""
    for rate in (30.0, 1e3, 1e6):
        risk = ridge()
        start = start_of(risk)
        run = {"learning_rate": rate, "batch_size": 35, "max_iter": 400}
        assert run_rule(name, risk, start, **run).value < risk.value(start) / 2, rate


EXTREMES = [1.0, 30.0, 1e6, 1e150]
LAW_8 = [(name, ridge) for name in RULES] + [(name, network) for name in OF_NETWORKS]


@pytest.mark.parametrize("average", [False, True], ids=["last", "average"])
@pytest.mark.parametrize(("name", "make"), LAW_8, ids=lambda part: getattr(part, "__name__", part))
def test_no_rate_ends_above_the_start(name, make, average):
    """Whether the start is good or bad, after any number of passes, converged or not."""
    runs = [(3.0, {"max_iter": 1}), (0.3, {"max_iter": 4, "tol": 1e-6, "patience": 2})]
    for rate, batch_size, (scale, changes) in product(EXTREMES, (5, 35), runs):
        risk = make()
        start = start_of(risk, scale)
        changes |= {"learning_rate": rate, "batch_size": batch_size, "average": average}
        result = run_rule(name, risk, start, **changes)
        label = f"start {scale}, {changes}: {result.message}"
        assert np.isfinite(result.params).all(), label
        assert risk.value(result.params) <= risk.value(start), label


@pytest.mark.parametrize("rows", [2, 7])
@each(OF_NETWORKS)
def test_a_start_known_by_some_rows_only_is_no_worse_a_start(name, rows, monkeypatch):
    monkeypatch.setattr("sklearn_gd.objective.empirical_risk.SAMPLE_ROWS", rows)
    risk = network()
    assert risk.subsampled().n_samples == rows
    assert ridge().subsampled().n_samples > rows
    for rate, scale in product([0.05, *EXTREMES], (0.1, 1.0, 3.0)):
        start = start_of(risk, scale)
        result = run_rule(name, risk, start, learning_rate=rate, max_iter=2)
        assert result.history["objective"][0] == risk.subsampled().value(start)
        assert result.value == pytest.approx(risk.value(result.params), rel=1e-12)
        assert result.value <= risk.value(start)


def test_adam_in_parts_is_adam_of_the_whole(monkeypatch):
    rule, gradients = Adam(), np.random.default_rng(SEED).normal(size=(3, 11))

    def path():
        state = rule.init(np.zeros(11))
        return [rule.update(g, state, g, at_update(t), 0.1) for t, g in enumerate(gradients, 1)]

    whole = path()
    monkeypatch.setattr("sklearn_gd.solvers.adam.CACHED_BYTES", 4 * 8)
    np.testing.assert_array_equal(path(), whole)


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("batch_size", [1, 35])
@each(RULES)
def test_divergence_is_not_a_numpy_warning(name, batch_size):
    risk = ridge()
    for rate in EXTREMES:
        run_rule(name, risk, start_of(risk), learning_rate=rate, batch_size=batch_size, max_iter=12)


# Normalised Adagrad: no units.


def normalized(X, y, weight=None, batch_size=7, **changes):
    risk = ridge(X, y, weight, alpha=0)
    run = settings(batch_size=batch_size, shuffle=False, **changes)
    return NormalizedAdagrad().minimize(risk, np.zeros(X.shape[1] + 1), run).state.params


@pytest.mark.parametrize("weighted", [False, True], ids=["ones", "weights"])
@pytest.mark.parametrize("batch_size", [1, 2, 7, 35])
def test_units_of_features_do_not_change_its_path(batch_size, weighted):
    """Powers of two scale without rounding, so the coefficients agree bit for bit."""
    X, y, weight = regression_rows()
    weight = weight if weighted else None
    units = 2.0 ** np.array([-30, 0, 30])
    plain = normalized(X, y, weight, batch_size)
    scaled = normalized(X * units, y, weight, batch_size)
    np.testing.assert_array_equal(scaled[:3] * units, plain[:3])
    np.testing.assert_array_equal(scaled[3], plain[3])


@pytest.mark.parametrize("weighted", [False, True], ids=["ones", "weights"])
@pytest.mark.parametrize("batch_size", [1, 2, 7, 35])
def test_zeros_of_features_do_not_change_its_path(batch_size, weighted):
    """A shift of c deviations costs c^2 units in the last place of a variance."""
    X, y, weight = regression_rows()
    weight = weight if weighted else None
    shift = np.array([100.0, -10.0, 3.0])
    plain = normalized(X, y, weight, batch_size)
    moved = normalized(X + shift, y, weight, batch_size)
    np.testing.assert_allclose(moved[:3], plain[:3], rtol=1e-9)
    np.testing.assert_allclose(moved[3] + moved[:3] @ shift, plain[3], rtol=1e-9)


@pytest.mark.parametrize("value", [0.0, 1.0, 3.7, 1e6 / 3])
@pytest.mark.parametrize("batch_size", [1, 7])
def test_a_constant_feature_changes_nothing(value, batch_size):
    """Its gradient in standard units is zero but for rounding, and rounding is not a direction."""
    X, y, weight = regression_rows()
    plain = normalized(X, y, weight, batch_size)
    wide = normalized(np.hstack([X, np.full((35, 1), value)]), y, weight, batch_size)
    np.testing.assert_allclose(wide[:3], plain[:3], rtol=1e-9)
    assert abs(wide[3] * value) <= 1e-9
    np.testing.assert_allclose(wide[4], plain[3], rtol=1e-9)


@pytest.mark.parametrize("unit", [2.0**-20, 2.0**20])
def test_the_unit_of_the_target_scales_its_coefficients(unit):
    """Under the automatic rate, bit for bit for powers of two."""
    X, y, _ = regression_rows()
    plain = GDLinearRegressor(alpha=0, random_state=0).partial_fit(X, y[:, 0])
    scaled = GDLinearRegressor(alpha=0, random_state=0).partial_fit(X, y[:, 0] * unit)
    np.testing.assert_array_equal(scaled.coef_, plain.coef_ * unit)
    np.testing.assert_array_equal(scaled.intercept_, plain.intercept_ * unit)


def stream(labels=False):
    """Features in three units, one of them far from zero, and targets with little noise."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 3)) * [1e-3, 1, 1e3] + [0, 3, 0]
    y = X @ [1e3, -2.0, 0.5e-3] + 6 + 0.3 * rng.normal(size=600)
    return X, (y > 0 if labels else y)


def score_of_stream(estimator, X, y, first):
    """Chunks of 10 rows after a first one of ``first``."""
    model, known = estimator(), {}
    if estimator is GDLogisticClassifier:
        known = {"classes": [False, True]}
    model.partial_fit(X[:first], y[:first], **known)
    for row in range(first, len(X), 10):
        model.partial_fit(X[row : row + 10], y[row : row + 10])
    return model.score(X, y)


@pytest.mark.parametrize("first", [1, 2, 5])
@pytest.mark.parametrize("estimator", [GDLinearRegressor, GDLogisticClassifier])
def test_a_short_first_chunk_does_not_spoil_a_stream(estimator, first):
    X, y = stream(labels=estimator is GDLogisticClassifier)
    usual = score_of_stream(estimator, X, y, 10)
    assert usual > 0.75
    assert score_of_stream(estimator, X, y, first) > usual - 0.05


@pytest.mark.parametrize("value", [0.0, 3.0])
def test_a_first_chunk_of_equal_targets_does_not_spoil_a_stream(value):
    """There is nothing to measure the target's unit by yet; 3 is one deviation off its mean."""
    X, y = stream()
    usual = score_of_stream(GDLinearRegressor, X, y, 10)
    equal = np.r_[np.full(10, value), y[10:]]
    assert score_of_stream(GDLinearRegressor, X, equal, 10) > usual - 0.1


# They learn.


@each(RULES)
def test_l1_has_its_optimum_and_exact_zeros(name):
    """On batches of all rows nothing is left of noise: every rule ends at the same lasso."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 10))
    y = X[:, :2] @ [[1.0], [-1.0]] + rng.normal(size=(200, 1))
    risk = ridge(X, y, alpha=0.4, penalty=L1())
    best = GradientDescent(metric="curvature").minimize(risk, np.zeros(11), Run(tol=1e-12)).value
    result = run_rule(name, risk, start_of(risk), max_iter=400, batch_size=200)
    assert result.value - best <= 2e-3 * (risk.value(np.zeros(11)) - best)
    coef = result.params[:10]
    assert (coef[2:] == 0).all()
    assert not np.signbit(coef[2:]).any()
    assert (coef[:2] != 0).all()


@pytest.mark.parametrize("penalty", [L1(), L2()], ids=["l1", "l2"])
@each(["sgd", "svrg", "saga"])
def test_the_automatic_rate_reaches_the_optimum(name, penalty):
    risk = ridge(alpha=0.1, penalty=penalty)
    run = {"learning_rate": "auto", "max_iter": 500, "tol": 1e-3}
    result = run_rule(name, risk, start_of(risk), **run)
    assert result.converged
    assert result.optimality <= 1e-3


@pytest.mark.parametrize("penalty", [L1(), L2()], ids=["l1", "l2"])
@each(["svrg", "saga"])
def test_without_variance_a_constant_rate_converges_to_the_last_digits(name, penalty):
    risk = ridge(alpha=0.1, penalty=penalty)
    result = run_rule(name, risk, start_of(risk), max_iter=300, tol=1e-12, learning_rate="auto")
    assert result.converged
    assert not run_rule("sgd", risk, start_of(risk), max_iter=300, tol=1e-12).converged


@dataclass(kw_only=True, eq=False, repr=False)
class Counted(SquaredError):
    """Counts the rows that it is asked about; a value alone is half of a visit."""

    visits: list = field(default_factory=list)

    def value(self, y, raw):
        self.visits.append(len(y) / 2)
        return super().value_and_gradient(y, raw)[0]

    def value_and_gradient(self, y, raw):
        self.visits.append(len(y))
        return super().value_and_gradient(y, raw)


@each(RULES)
def test_passes_are_visits_of_all_rows(name):
    X, y, _ = regression_rows()
    loss, seen = Counted(), []
    risk = EmpiricalRisk(Linear(3, 1), loss, L2(), 0.01, ArraySource(X, y), reference=1.0)
    run = {"max_iter": 4, "callback": lambda progress: seen.append(sum(loss.visits) / 35)}
    result = run_rule(name, risk, np.zeros(4), **run)
    np.testing.assert_allclose(np.diff(result.history["passes"]), np.diff(seen))


def line_rows():
    rng = np.random.default_rng(0)
    x = 2 * rng.random((200, 1))
    y = 2 + 5 * x[:, 0] + rng.normal(size=200)
    return x, y, np.linalg.lstsq(np.hstack([x, np.ones((200, 1))]), y, rcond=None)[0]


def test_one_row_a_step_on_a_line():
    """MATH row 6: t0/(t + t1) with t0 = 10, t1 = 50, 50 passes, within 0.05."""
    x, y, exact = line_rows()
    model = GDLinearRegressor(
        solver="sgd",
        learning_rate=InverseScaling(t0=10, t1=50),
        batch_size=1,
        max_iter=50,
        tol=0,
        alpha=0,
        random_state=0,
    ).fit(x, y)
    np.testing.assert_allclose([*model.coef_, model.intercept_], exact, atol=0.05)


@each(RULES)
def test_each_rule_finds_the_line(name):
    """MATH row 7: within 0.15 of the normal equation."""
    x, y, exact = line_rows()
    rule, rate = RULES[name]
    settings = {"alpha": 0, "max_iter": 100, "tol": 0, "batch_size": 20, "random_state": 0}
    model = GDLinearRegressor(solver=rule, learning_rate=rate, **settings).fit(x, y)
    np.testing.assert_allclose([*model.coef_, model.intercept_], exact, atol=0.15)


@each(RULES)
def test_a_classifier_is_learnt_from_batches(name):
    """Up to a fiftieth of the optimum's gain over the best constant."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3))
    y = (rng.random(400) < expit(X @ [2.0, -1.0, 0.0] + 0.5))[:, np.newaxis].astype(float)
    source = ArraySource(X, y)
    risk = EmpiricalRisk(Linear(3, 1), Logistic(), L2(), 1e-3, source, reference=log(2))
    best = LBFGS().minimize(risk, np.zeros(4), Run(tol=1e-12)).value
    result = run_rule(name, risk, np.zeros(4), max_iter=30, batch_size=20)
    assert result.value - best <= 0.02 * (log(2) - best)


@each(RULES)
def test_an_estimator_learns_by_name(name):
    """With the automatic rate, better than half of the best accuracy's gain on chance."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3)) + 1
    labels = X @ [1.0, -1.0, 0.5] > 0.5
    model = GDLogisticClassifier(solver=name, max_iter=50, tol=0, random_state=0).fit(X, labels)
    assert model.score(X, labels) > 0.9


@pytest.mark.parametrize("unit", [1.0, 1e3, 1e6])
def test_adagrad_reaches_a_line_in_any_units_of_y(unit):
    x = np.random.default_rng(0).normal(size=(200, 1))
    model = GDLinearRegressor(solver="adagrad", max_iter=500, tol=0, random_state=0)
    model.fit(x, unit * (2 + 5 * x[:, 0]))
    np.testing.assert_allclose([model.intercept_, model.coef_[0]], [2 * unit, 5 * unit], rtol=0.01)
