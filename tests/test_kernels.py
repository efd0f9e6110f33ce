"""Compiled passes of plain SGD: what they take, and that they are the ordinary passes."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from common import build, coefficients, make_data, make_weights
from numpy.testing import assert_allclose

import sklearn_gd
from sklearn_gd import GDLogisticClassifier
from sklearn_gd.data import ArraySource
from sklearn_gd.losses import (
    CLASSIFIER_LOSSES,
    LOSSES,
    Huber,
    Logistic,
    ModifiedHuber,
    Perceptron,
    Poisson,
    Softmax,
    SquaredError,
    SquaredHinge,
)
from sklearn_gd.models import MLP, Linear
from sklearn_gd.models.activations import Tanh
from sklearn_gd.objective import EmpiricalRisk, FunctionObjective
from sklearn_gd.penalties import L1, L2, PENALTIES, ElasticNet, NoPenalty, Positive
from sklearn_gd.schedules import SCHEDULES
from sklearn_gd.solvers import SGD, Run, compiled

N_SAMPLES, N_FEATURES, N_OUTPUTS = 37, 6, 2
TAKEN_LOSSES = {
    "squared": SquaredError(),
    "huber": Huber(delta=0.7),
    "poisson": Poisson(),
    "logistic": Logistic(),
    "squared_hinge": SquaredHinge(),
    "modified_huber": ModifiedHuber(),
    "perceptron": Perceptron(),
}
TAKEN_PENALTIES = {
    "none": NoPenalty(),
    "l2": L2(),
    "l1": L1(),
    "elasticnet": ElasticNet(l1_ratio=0.3),
}
STORAGES = {"dense": np.asarray, "sparse": sp.csr_array, "columns": np.asfortranarray}


class Passes:
    """Switches between ordinary passes and loops, plain or compiled, and counts the loops."""

    def __init__(self, monkeypatch):
        self._monkeypatch = monkeypatch
        self._walk = compiled._walk
        self.walks = 0
        monkeypatch.setattr(compiled, "MIN_UPDATES", 0)
        monkeypatch.setattr(compiled, "_walk", self._counted)

    def ordinary(self):
        self._monkeypatch.setattr(compiled, "has_numba", lambda: False)

    def plain(self):
        self._monkeypatch.setattr(compiled, "has_numba", lambda: True)
        self._monkeypatch.setattr(compiled, "machine_code", lambda function: function)

    def _counted(self, *args):
        self.walks += 1
        return self._walk(*args)


@pytest.fixture
def passes(monkeypatch):
    return Passes(monkeypatch)


def make_risk(
    loss="logistic",
    penalty="l2",
    storage="dense",
    *,
    weighted=False,
    intercept=True,
    dtype=np.float64,
    alpha=0.1,
):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_SAMPLES, N_FEATURES)) * (rng.random((N_SAMPLES, N_FEATURES)) < 0.6)
    y = rng.integers(0, 2, (N_SAMPLES, N_OUTPUTS))
    weight = rng.uniform(0.5, 2, N_SAMPLES).astype(dtype) if weighted else None
    source = ArraySource(STORAGES[storage](X.astype(dtype)), y.astype(dtype), weight)
    model = Linear(N_FEATURES, N_OUTPUTS, intercept)
    loss, penalty = TAKEN_LOSSES.get(loss, loss), TAKEN_PENALTIES.get(penalty, penalty)
    return EmpiricalRisk(model, loss, penalty, alpha, source)


def descend(risk, solver=None, **settings):
    """Three passes from a start that is not zero."""
    start = np.linspace(-0.5, 0.5, risk.model.size, dtype=risk.dtype)
    rng = np.random.default_rng(5)
    run = Run(**{"max_iter": 3, "tol": 0, "learning_rate": 0.05, "rng": rng} | settings)
    return (solver or SGD()).minimize(risk, start, run)


def assert_same_descent(found, expected, rtol=1e-10):
    assert_allclose(found.params, expected.params, rtol=rtol, atol=rtol)
    for name in ("objective", "passes", "optimality"):
        assert_allclose(found.history[name], expected.history[name], rtol=rtol)
    assert found.message == expected.message
    assert (found.state.step, found.state.epoch) == (expected.state.step, expected.state.epoch)
    assert found.state.rng.bit_generator.state == expected.state.rng.bit_generator.state
    assert found.params.dtype == expected.params.dtype


def assert_loop_is_ordinary(passes, make, rtol=1e-10, **settings):
    passes.ordinary()
    expected = descend(make(), **settings)
    assert passes.walks == 0
    passes.plain()
    found = descend(make(), **settings)
    assert passes.walks > 0
    assert_same_descent(found, expected, rtol)


# Scalar twins


@pytest.mark.parametrize("loss", TAKEN_LOSSES.values(), ids=TAKEN_LOSSES)
def test_the_scalar_of_a_loss_is_its_value_and_its_gradient(loss):
    function, constants = loss.scalar()
    for y in (0.0, 1.0, 3.5):
        for raw in (-800.0, -3.2, -0.7, -0.0, 0.0, 0.7, 1.0, 4.0, 30.0, 700.0):
            value, slope = loss.value_and_gradient(np.array([[y]]), np.array([[raw]]))
            found = function(y, np.float64(raw), constants)
            assert_allclose(found, (value[0], slope[0, 0]), rtol=1e-14, atol=1e-14)


def test_all_losses_with_a_scalar_are_tested():
    losses = [kind() for kind in (*LOSSES.values(), *CLASSIFIER_LOSSES.values(), Softmax)]
    kinds = {type(loss) for loss in losses if loss.scalar() is not None}
    assert kinds == {type(loss) for loss in TAKEN_LOSSES.values()}


@pytest.mark.parametrize("penalty", TAKEN_PENALTIES.values(), ids=TAKEN_PENALTIES)
def test_the_shares_of_a_penalty_are_the_penalty(penalty):
    w = np.linspace(-1, 2, 7)[:, np.newaxis]
    l1, l2 = penalty.l1_l2_weights()
    assert_allclose(penalty.smooth(w)[0], l2 * L2().smooth(w)[0])
    assert_allclose(penalty.smooth(w)[1] * np.ones_like(w), l2 * w)
    assert_allclose(penalty.nonsmooth(w), l1 * L1().nonsmooth(w))
    assert_allclose(penalty.prox(w, 0.3), L1().prox(w, 0.3 * l1))
    assert penalty.is_smooth == (l1 == 0)


def test_all_named_sums_of_absolute_values_and_squares_have_shares():
    found = {name for name, kind in PENALTIES.items() if kind().l1_l2_weights() is not None}
    assert found == set(PENALTIES) - {"mcp", "slope"}


# The loop is the pass


@pytest.mark.parametrize("intercept", [True, False], ids=["intercept", "origin"])
@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@pytest.mark.parametrize(
    ("penalty", "storage"),
    [*((penalty, "dense") for penalty in TAKEN_PENALTIES), ("none", "sparse"), ("l2", "sparse")],
)
@pytest.mark.parametrize("loss", TAKEN_LOSSES)
def test_loop_is_the_ordinary_pass(passes, loss, penalty, storage, weighted, intercept):
    def make():
        return make_risk(loss, penalty, storage, weighted=weighted, intercept=intercept)

    assert_loop_is_ordinary(passes, make, batch_size=1)


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("batch_size", [2, 7, N_SAMPLES])
@pytest.mark.parametrize("shuffle", [True, False])
def test_loop_takes_batches_in_every_order(passes, storage, batch_size, shuffle):
    def make():
        return make_risk(storage=storage, weighted=True)

    assert_loop_is_ordinary(passes, make, batch_size=batch_size, shuffle=shuffle)


@pytest.mark.parametrize("learning_rate", [*SCHEDULES, "auto", lambda c: 0.1 / (1 + c.step)])
def test_loop_takes_every_schedule(passes, learning_rate):
    assert_loop_is_ordinary(
        passes, make_risk, batch_size=1, learning_rate=learning_rate, max_iter=12, patience=1
    )


@pytest.mark.parametrize("storage", ["dense", "sparse"])
@pytest.mark.parametrize("shrinking", [0.3, 0.99, 1.0, 1.7])
def test_loop_shrinks_weights_as_strongly_as_asked(passes, storage, shrinking):
    # 1 - shrinking is what is left of the weights after an update: tiny soon, nothing, or less
    def make():
        return make_risk(storage=storage, alpha=shrinking / 0.05)

    assert_loop_is_ordinary(passes, make, batch_size=1)


@pytest.mark.parametrize("storage", ["dense", "sparse"])
def test_loop_keeps_float32(passes, storage):
    def make():
        return make_risk(storage=storage, dtype=np.float32)

    assert_loop_is_ordinary(passes, make, rtol=1e-5, batch_size=1)


@pytest.mark.parametrize("storage", ["dense", "sparse"])
def test_loop_that_diverges_is_rolled_back(passes, storage):
    def make():
        return make_risk("squared", storage=storage)

    assert_loop_is_ordinary(passes, make, batch_size=1, learning_rate=3.0, max_iter=20)
    result = descend(make(), batch_size=1, learning_rate=1e200, max_iter=3)
    assert result.was_cut
    assert np.isfinite(result.params).all()


@pytest.mark.parametrize("storage", ["dense", "sparse"])
def test_chunks_of_a_pass_are_the_pass(passes, storage, monkeypatch):
    monkeypatch.setattr(compiled, "CHUNK", 5)

    def make():
        return make_risk(storage=storage)

    assert_loop_is_ordinary(passes, make, batch_size=3)


def test_interrupt_between_two_chunks_leaves_the_best_so_far(passes, monkeypatch):
    monkeypatch.setattr(compiled, "CHUNK", 5)
    passes.plain()
    walk = compiled._walk

    def interrupted(*args):
        if passes.walks == 10:
            raise KeyboardInterrupt
        return walk(*args)

    monkeypatch.setattr(compiled, "_walk", interrupted)
    result = descend(make_risk(), batch_size=1)
    assert result.interrupted
    assert (result.n_iter, result.state.step) == (1, N_SAMPLES + 2 * 5)
    assert np.isfinite(result.params).all()


# What is not taken


@dataclass(kw_only=True, eq=False, repr=False)
class Longer(SGD):
    """A rule of the user's own."""

    def update(self, gradient, state, params, clock, rate):
        return -2 * rate * gradient


@dataclass(kw_only=True, eq=False, repr=False)
class Doubled(SquaredError):
    """A loss of the user's own."""

    def value_and_gradient(self, y, raw):
        value, gradient = super().value_and_gradient(y, raw)
        return 2 * value, 2 * gradient


@dataclass(kw_only=True, eq=False, repr=False)
class HalfAsStrong(L2):
    """A penalty of the user's own."""

    def smooth(self, w):
        value, gradient = super().smooth(w)
        return value / 2, gradient / 2


@pytest.mark.parametrize(
    ("risk", "solver", "settings"),
    [
        ({}, Longer(), {}),
        ({"loss": Doubled()}, None, {}),
        ({"penalty": HalfAsStrong()}, None, {}),
        ({"penalty": Positive(penalty=L2())}, None, {}),
        ({"penalty": "l1", "storage": "sparse"}, None, {}),
        ({}, None, {"average": True}),
        ({}, None, {"max_norm": 0.1}),
    ],
    ids=["rule", "loss", "penalty", "positive", "sparse-l1", "average", "max_norm"],
)
def test_what_loops_do_not_know_takes_the_ordinary_pass(passes, risk, solver, settings):
    passes.ordinary()
    expected = descend(make_risk(**risk), solver, **settings)
    passes.plain()
    assert_same_descent(descend(make_risk(**risk), solver, **settings), expected, rtol=0)
    assert passes.walks == 0


def test_short_passes_are_not_worth_compiling(passes, monkeypatch):
    passes.plain()
    monkeypatch.setattr(compiled, "MIN_UPDATES", N_SAMPLES + 1)
    descend(make_risk(), batch_size=1)
    assert passes.walks == 0


def test_many_short_passes_are_worth_compiling_in_a_stream_as_in_a_fit(passes, monkeypatch):
    passes.plain()
    monkeypatch.setattr(compiled, "MIN_UPDATES", 1000)
    monkeypatch.setattr(compiled, "MANY_UPDATES", 100)
    X, y = make_data("logistic", n_samples=40)

    def make(**params):
        return build("logistic", "sgd", batch_size=1, tol=0, **params)

    whole, warm, stream = make(max_iter=6), make(max_iter=1, warm_start=True), make()
    whole.fit(X, y)
    assert passes.walks == 3
    for _ in range(6):
        stream.partial_fit(X, y, classes=[0, 1])
        warm.fit(X, y)
    assert passes.walks == 9
    np.testing.assert_array_equal(coefficients(stream), coefficients(whole))
    np.testing.assert_array_equal(coefficients(warm), coefficients(whole))


def test_dense_batches_that_keep_blas_busy_are_left_to_it(passes, monkeypatch):
    passes.plain()
    monkeypatch.setattr(compiled, "MAX_BATCH_WORK", 3 * make_risk().model.size)
    descend(make_risk(), batch_size=4)
    assert passes.walks == 0
    descend(make_risk(), batch_size=3)
    descend(make_risk(storage="sparse"), batch_size=4)
    assert passes.walks == 6


def test_only_linear_models_and_separable_losses_are_separable():
    assert make_risk().separable() is not None
    assert make_risk(loss=Softmax()).separable() is None
    assert FunctionObjective(lambda params: (0.0, params)).separable() is None
    network = MLP((N_FEATURES, 3, N_OUTPUTS), Tanh())
    source = make_risk().source
    assert EmpiricalRisk(network, Logistic(), L2(), 0.1, source).separable() is None


# Estimators


@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
@pytest.mark.parametrize("case", ["regression", "two-targets", "logistic", "one-vs-rest"])
def test_fit_with_loops_is_the_fit_without(passes, case, sparse):
    X, y = make_data(case)
    X = sp.csr_array(X) if sparse else X

    def fit():
        settings = {"batch_size": 1, "max_iter": 4, "tol": 0, "fit_intercept": True}
        return build(case, "sgd", **settings).fit(X, y, sample_weight=make_weights())

    passes.ordinary()
    expected = fit()
    passes.plain()
    found = fit()
    assert passes.walks > 0
    assert_allclose(coefficients(found), coefficients(expected), rtol=1e-10)
    assert_allclose(found.loss_curve_, expected.loss_curve_, rtol=1e-10)
    assert found.t_ == expected.t_


def test_chunks_of_a_stream_are_passes_of_a_fit(passes):
    passes.plain()
    X, y = make_data("logistic")
    settings = {"batch_size": 1, "tol": 0, "learning_rate": 0.1}
    whole = build("logistic", "sgd", max_iter=3, **settings).fit(X, y)
    stream = build("logistic", "sgd", **settings)
    for _ in range(3):
        stream.partial_fit(X, y, classes=[0, 1])
    assert passes.walks == 6
    assert_allclose(coefficients(stream), coefficients(whole), rtol=1e-12)


# Machine code


COMPILED = [
    *((loss, storage, True) for loss in TAKEN_LOSSES for storage in ("dense", "sparse")),
    ("logistic", "dense", False),
    ("logistic", "sparse", False),
]


@pytest.mark.slow
@pytest.mark.parametrize(("loss", "storage", "weighted"), COMPILED)
def test_machine_code_is_the_plain_loop(passes, monkeypatch, loss, storage, weighted):
    pytest.importorskip("numba")
    compiler, has_numba = compiled.machine_code, compiled.has_numba
    for penalty in TAKEN_PENALTIES:
        for intercept in (True, False):
            risk = {"loss": loss, "penalty": penalty, "storage": storage}
            risk |= {"weighted": weighted, "intercept": intercept}
            passes.plain()
            expected = descend(make_risk(**risk), batch_size=2)
            monkeypatch.setattr(compiled, "machine_code", compiler)
            monkeypatch.setattr(compiled, "has_numba", has_numba)
            assert_same_descent(descend(make_risk(**risk), batch_size=2), expected)


@pytest.mark.slow
@pytest.mark.parametrize("storage", ["dense", "sparse"])
def test_fit_with_machine_code_is_the_fit_without(monkeypatch, storage):
    pytest.importorskip("numba")
    X, y = make_data("logistic", n_samples=compiled.MIN_UPDATES)
    X = STORAGES[storage](X)

    def fit():
        return build("logistic", "sgd", batch_size=1, max_iter=1, tol=0).fit(X, y)

    found = fit()
    monkeypatch.setattr(compiled, "has_numba", lambda: False)
    expected = fit()
    assert_allclose(coefficients(found), coefficients(expected), rtol=1e-10)
    assert_allclose(found.loss_curve_, expected.loss_curve_, rtol=1e-10)


SMALL_FIT = """
import sys
import numpy as np
import sklearn_gd
X = np.random.default_rng(0).normal(size=(50, 3))
sklearn_gd.GDLogisticClassifier(solver="sgd", batch_size=1, max_iter=2, tol=0).fit(X, X[:, 0] > 0)
print("numba" in sys.modules)
"""


def test_numba_is_not_imported_before_a_pass_is_worth_it(tmp_path):
    root = Path(sklearn_gd.__file__).parent.parent
    run = subprocess.run(
        [sys.executable, "-c", SMALL_FIT],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == "False"


def test_without_numba_the_ordinary_pass_is_taken(passes, monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    compiled.has_numba.cache_clear()
    try:
        X, y = make_data("logistic")
        GDLogisticClassifier(solver="sgd", batch_size=1, max_iter=1, tol=0).fit(X, y)
        assert passes.walks == 0
    finally:
        compiled.has_numba.cache_clear()
