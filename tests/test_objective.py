"""The laws of the objective, over losses x penalties x weights x storage."""

from itertools import combinations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.special import logsumexp, xlogy
from sklearn.linear_model import ElasticNet as ReferenceElasticNet

from sklearn_gd.data import ArraySource
from sklearn_gd.losses import (
    AbsoluteError,
    Expectile,
    Gamma,
    Huber,
    LogCosh,
    Logistic,
    Loss,
    MoreauEnvelope,
    Poisson,
    Softmax,
    SquaredError,
    Tweedie,
)
from sklearn_gd.models import MLP, Linear
from sklearn_gd.models.activations import ACTIVATIONS, ELU, GELU, LeakyReLU, SiLU, Tanh
from sklearn_gd.objective import EmpiricalRisk, FunctionObjective
from sklearn_gd.penalties import (
    L1,
    L2,
    ElasticNet,
    GroupLasso,
    NoPenalty,
    Positive,
    Standardized,
    Tikhonov,
)
from sklearn_gd.quadratic import CentredDiagonalMetric, DiagonalMetric, curvature, newton_decrement
from sklearn_gd.solvers.stopping import SCALE_FLOOR, divergence_limit, scale

N_ROWS, N_FEATURES = 31, 4
STEP = np.cbrt(np.finfo(np.float64).eps)
# central differences are exact to about eps^(2/3), 4e-11, of values and slopes up to 10
DIFFERENCE = {"rtol": 1e-8, "atol": 1e-8}
ROUNDING = {"rtol": 1e-11, "atol": 1e-12}
FLOAT32 = {"rtol": 1e-4, "atol": 1e-5}
SPREAD = np.array([0.1, 1.0, 2.0, 5.0])
GAMMA = np.array([[1.0, 2, 0, 0], [0, 1, 0, -1], [0, 0, 0.5, 0]])


class Unbounded(Loss):
    """A user's own loss, whose second derivative has no bound."""

    def value(self, y, raw):
        return np.sum((raw - y) ** 4, axis=1)

    def gradient(self, y, raw):
        return 4 * (raw - y) ** 3


def numbers(rng, n, k):
    return rng.normal(size=(n, k)) + 1


def counts(rng, n, k):
    return rng.poisson(2, size=(n, k)).astype(np.float64)


def amounts(rng, n, k):
    return rng.gamma(2, size=(n, k))


def labels(rng, n, k):
    return (rng.random((n, k)) < 0.4).astype(np.float64)


def codes(rng, n, k):
    return rng.permutation(np.arange(n) % k)


def plain_huber(y, raw, delta):
    size = np.abs(raw - y)
    return np.where(size <= delta, size**2 / 2, delta * (size - delta / 2)).sum(axis=1)


# name: loss, target, the loss in plain numpy
LOSSES = {
    "squared_error": (SquaredError(), numbers, lambda y, raw: ((raw - y) ** 2).sum(axis=1) / 2),
    "huber": (Huber(delta=0.8), numbers, lambda y, raw: plain_huber(y, raw, 0.8)),
    "envelope": (
        MoreauEnvelope(loss=AbsoluteError(), width=0.5),
        numbers,
        lambda y, raw: 2 * plain_huber(y, raw, 0.5),
    ),
    "poisson": (
        Poisson(),
        counts,
        lambda y, raw: (np.exp(raw) - y * raw + xlogy(y, y) - y).sum(axis=1),
    ),
    "gamma": (
        Gamma(),
        amounts,
        lambda y, raw: (y / np.exp(raw) - np.log(y / np.exp(raw)) - 1).sum(axis=1),
    ),
    "tweedie": (
        Tweedie(power=1.5),
        counts,
        # (sqrt(y) - sqrt(mean))^2 is that of this power, over half the root of the mean
        lambda y, raw: (2 * (np.sqrt(y) - np.exp(raw / 2)) ** 2 / np.exp(raw / 2)).sum(axis=1),
    ),
    "log_cosh": (
        LogCosh(delta=0.5),
        numbers,
        lambda y, raw: np.log(np.cosh((raw - y) / 0.5)).sum(axis=1) / 4,
    ),
    "expectile": (
        Expectile(expectile=0.8),
        numbers,
        lambda y, raw: np.where(y > raw, 0.8 * (y - raw) ** 2, 0.2 * (y - raw) ** 2).sum(axis=1),
    ),
    "logistic": (
        Logistic(),
        labels,
        lambda y, raw: (np.logaddexp(0, raw) - y * raw).sum(axis=1),
    ),
    "softmax": (
        Softmax(),
        codes,
        lambda y, raw: logsumexp(raw, axis=1) - raw[np.arange(len(y)), y],
    ),
}
SIZES = [
    ("squared_error", 1),
    ("squared_error", 3),
    ("huber", 3),
    ("envelope", 1),
    ("poisson", 1),
    ("gamma", 1),
    ("tweedie", 2),
    ("log_cosh", 1),
    ("expectile", 2),
    ("logistic", 1),
    ("logistic", 3),
    ("softmax", 3),
]
UNBOUNDED = ("poisson", "gamma", "tweedie")
BOUNDED = [(loss, k) for loss, k in SIZES if loss not in UNBOUNDED]
# name: penalty, the penalty in plain numpy
PENALTIES = {
    "none": (NoPenalty(), lambda w: 0),
    "l2": (L2(), lambda w: (w**2).sum() / 2),
    "l1": (L1(), lambda w: np.abs(w).sum()),
    "elasticnet": (
        ElasticNet(l1_ratio=0.3),
        lambda w: 0.3 * np.abs(w).sum() + 0.7 * (w**2).sum() / 2,
    ),
    "tikhonov": (Tikhonov(matrix=GAMMA), lambda w: ((GAMMA @ w) ** 2).sum() / 2),
    "grouplasso": (
        GroupLasso(groups=[0, 1, 0, 1]),
        lambda w: np.sqrt(2) * (np.linalg.norm(w[::2]) + np.linalg.norm(w[1::2])),
    ),
    "standardized-l2": (
        Standardized(penalty=L2(), std=SPREAD),
        lambda w: ((w.T * SPREAD) ** 2).sum() / 2,
    ),
    "standardized-l1": (
        Standardized(penalty=L1(), std=SPREAD),
        lambda w: np.abs(w.T * SPREAD).sum(),
    ),
    "positive-l1": (Positive(penalty=L1()), lambda w: np.abs(w).sum()),
}
SMOOTH = ["none", "l2", "tikhonov", "standardized-l2"]
STORAGES = {
    "csr_array": lambda X, folder: sp.csr_array(X),
    "csr_matrix": lambda X, folder: sp.csr_matrix(X),
    "from-csc": lambda X, folder: sp.csc_array(X).tocsr(),
    "csr-int64": lambda X, folder: with_int64(sp.csr_array(X)),
    "fortran": lambda X, folder: np.asfortranarray(X),
    "memmap": lambda X, folder: read_only_memmap(X, folder),
}
each_loss = pytest.mark.parametrize(("loss", "k"), SIZES)
each_bounded = pytest.mark.parametrize(("loss", "k"), BOUNDED)
each_penalty = pytest.mark.parametrize("penalty", PENALTIES)
each_smooth_penalty = pytest.mark.parametrize("penalty", SMOOTH)
each_weight = pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
each_intercept = pytest.mark.parametrize("fit_intercept", [True, False], ids=["b", "no-b"])
each_setting = pytest.mark.parametrize(
    ("weighted", "fit_intercept"),
    [(True, True), (False, False)],
    ids=["weighted", "unweighted-no-b"],
)
each_storage = pytest.mark.parametrize("store", STORAGES.values(), ids=STORAGES)


def with_int64(X):
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    return X


def read_only_memmap(X, folder):
    np.save(folder / "X.npy", X)
    return np.load(folder / "X.npy", mmap_mode="r")


def table(n=N_ROWS, seed=0):
    """Rows of which a third of the entries is zero."""
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(n, N_FEATURES)) + 0.5) * (rng.random((n, N_FEATURES)) < 0.7)


def rows(loss="squared_error", k=1, weighted=True, n=N_ROWS):
    """X, y and weights."""
    rng = np.random.default_rng(1)
    weight = rng.uniform(0.2, 3, n) if weighted else None
    return table(n), LOSSES[loss][1](rng, n, k), weight


def make_risk(
    X, y, weight=None, *, loss="squared_error", k=1, penalty="l2", alpha=0.3, fit_intercept=True,
    block_rows=None,
):  # fmt: skip
    """The objective of a linear model; losses and penalties by name or as objects."""
    return EmpiricalRisk(
        Linear(X.shape[1], k, fit_intercept),
        LOSSES[loss][0] if isinstance(loss, str) else loss,
        PENALTIES[penalty][0] if isinstance(penalty, str) else penalty,
        alpha,
        ArraySource(X, y, weight, block_rows),
    )


def make(loss="squared_error", k=1, weighted=True, n=N_ROWS, **options):
    return make_risk(*rows(loss, k, weighted, n), loss=loss, k=k, **options)


def make_network(loss, k, X, y, weight, alpha=(0.2, 0.5), penalty="l2"):
    return EmpiricalRisk(
        MLP((X.shape[1], 3, k), Tanh()),
        LOSSES[loss][0],
        PENALTIES[penalty][0],
        alpha,
        ArraySource(X, y, weight),
    )


def draw(risk, seed=2, scale=0.5):
    return scale * np.random.default_rng(seed).normal(size=risk.model.size)


def plain_value(loss, penalty, alpha, params, X, y, weight, k, fit_intercept):
    """F by its formula."""
    coefficients = params.reshape(-1, k)
    raw = X @ coefficients[:N_FEATURES] + (coefficients[N_FEATURES] if fit_intercept else 0)
    mean = np.average(LOSSES[loss][2](y, raw), weights=weight)
    return mean + alpha * PENALTIES[penalty][1](coefficients[:N_FEATURES])


def differences(function, params):
    """Central differences of a function of params, one parameter after the other."""
    result = []
    for unit in np.eye(params.size):
        ahead, behind = function(params + STEP * unit), function(params - STEP * unit)
        result.append((ahead - behind) / (2 * STEP))
    return np.array(result)


def matrix(product, size):
    """The matrix of a linear map."""
    return np.column_stack([product(unit) for unit in np.eye(size)])


def hessian(risk, params):
    """Second derivatives, by differences of the gradient."""
    return differences(lambda p: risk.value_and_gradient(p)[1], params)


def mean_of(pairs):
    values, gradients = zip(*pairs, strict=True)
    return np.mean(values), np.mean(gradients, axis=0)


def minimise(risk):
    """The minimiser of a smooth objective, by Newton's method with halving."""
    params = np.zeros(risk.model.size)
    for _ in range(50):
        value, gradient = risk.value_and_gradient(params)
        second = matrix(risk.hessian_operator(params), params.size)
        step = np.linalg.lstsq(second, gradient, rcond=1e-12)[0]
        while risk.value(params - step) > value * (1 + 1e-14):
            step = step / 2
        params = params - step
    assert np.abs(risk.value_and_gradient(params)[1]).max() < 1e-14
    return params


def predicted(risk, params):
    return newton_decrement(risk, params, risk.value_and_gradient(params)[1])[0]


# Value and gradient


@each_loss
@each_penalty
@each_setting
def test_value_is_the_weighted_mean_loss_plus_alpha_times_the_penalty(
    loss, k, penalty, weighted, fit_intercept
):
    X, y, weight = rows(loss, k, weighted)
    risk = make_risk(X, y, weight, loss=loss, k=k, penalty=penalty, fit_intercept=fit_intercept)
    params = draw(risk)
    expected = plain_value(loss, penalty, 0.3, params, X, y, weight, k, fit_intercept)
    smooth, _ = risk.value_and_gradient(params)
    assert risk.value(params) == pytest.approx(expected, rel=1e-13)
    assert smooth + risk.nonsmooth(params) == pytest.approx(expected, rel=1e-13)


@each_loss
@each_penalty
@each_setting
def test_gradient_is_the_difference_quotient_of_value(loss, k, penalty, weighted, fit_intercept):
    risk = make(loss, k, weighted, penalty=penalty, fit_intercept=fit_intercept)
    params = draw(risk)
    expected = differences(lambda p: risk.value_and_gradient(p)[0], params)
    np.testing.assert_allclose(risk.value_and_gradient(params)[1], expected, **DIFFERENCE)


@each_loss
@each_weight
@pytest.mark.parametrize("alpha", [0.0, 0.3, (0.2, 0.5), (0.0, 0.5)], ids=str)
def test_gradient_of_a_network_is_the_difference_quotient_of_value(loss, k, weighted, alpha):
    risk = make_network(loss, k, *rows(loss, k, weighted), alpha)
    params = draw(risk)
    expected = differences(lambda p: risk.value_and_gradient(p)[0], params)
    np.testing.assert_allclose(risk.value_and_gradient(params)[1], expected, **DIFFERENCE)


LAYERS = {
    **{name: ((4,), kind()) for name, kind in ACTIVATIONS.items()},
    "none": ((), Tanh()),
    "three": ((4, 3, 2), (ELU(alpha=0.5), GELU(), LeakyReLU(slope=0.2))),
    "three alike": ((3, 4, 3), SiLU()),
}


@each_loss
@each_weight
@pytest.mark.parametrize(("hidden", "activation"), LAYERS.values(), ids=LAYERS)
def test_gradient_of_any_layers_is_the_difference_quotient_of_value(
    loss, k, weighted, hidden, activation
):
    X, y, weight = rows(loss, k, weighted)
    model = MLP((X.shape[1], *hidden, k), activation)
    alpha = np.linspace(0.1, 0.5, len(hidden) + 1)
    dense, sparse = (
        EmpiricalRisk(model, LOSSES[loss][0], L2(), alpha, ArraySource(rows, y, weight))
        for rows in (X, sp.csr_array(X))
    )
    params = draw(dense)
    value, gradient = dense.value_and_gradient(params)
    expected = differences(lambda p: dense.value_and_gradient(p)[0], params)
    np.testing.assert_allclose(gradient, expected, **DIFFERENCE)
    assert sparse.value_and_gradient(params)[0] == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(
        sparse.value_and_gradient(params)[1], gradient, rtol=1e-9, atol=1e-12
    )


def test_alpha_of_a_network_is_one_number_or_one_for_each_layer():
    data = rows()
    network = make_network("squared_error", 1, *data, alpha=(0.2, 0.5))
    params = draw(network)
    (first, second), _ = network.model.unpack(params)
    bare = make_network("squared_error", 1, *data, alpha=0.0).value(params)
    expected = bare + 0.1 * (first**2).sum() + 0.25 * (second**2).sum()
    assert network.value(params) == pytest.approx(expected, rel=1e-14)
    same = make_network("squared_error", 1, *data, alpha=(0.3, 0.3))
    assert same.value(params) == make_network("squared_error", 1, *data, alpha=0.3).value(params)


@each_loss
def test_mean_loss_is_the_value_without_penalty(loss, k):
    risk, bare = make(loss, k), make(loss, k, alpha=0.0)
    params = draw(risk)
    assert risk.mean_loss(params) == pytest.approx(bare.value(params), rel=1e-14)


@each_penalty
def test_biases_are_never_penalised(penalty):
    risk, bare = make(k=3, penalty=penalty), make(k=3, alpha=0.0)
    params = np.zeros(risk.model.size)
    params[-3:] = [1, -2, 3]
    assert risk.value(params) == bare.value(params)
    found, expected = (r.value_and_gradient(params)[1][-3:] for r in (risk, bare))
    np.testing.assert_array_equal(found, expected)


@each_penalty
def test_is_smooth_is_that_of_the_penalty(penalty):
    assert make(penalty=penalty).is_smooth == (penalty in SMOOTH)


# Batches


@each_loss
@pytest.mark.parametrize("penalty", ["l2", "elasticnet", "tikhonov"])
@each_weight
@pytest.mark.parametrize("seed", [None, 0], ids=["ordered", "shuffled"])
def test_the_mean_of_batches_over_a_pass_is_the_objective(loss, k, penalty, weighted, seed):
    risk = make(loss, k, weighted, penalty=penalty)
    params = draw(risk)
    expected_value, expected_gradient = risk.value_and_gradient(params)
    rng = None if seed is None else np.random.default_rng(seed)
    for size in (1, 4, 30, 31, 99):
        value, gradient = mean_of(oracle(params) for oracle in risk.batches(size, rng))
        assert value == pytest.approx(expected_value, rel=1e-13)
        np.testing.assert_allclose(gradient, expected_gradient, **ROUNDING)


@pytest.mark.parametrize("size", [4, 31])
def test_the_mean_of_batches_of_a_network_is_the_objective(size):
    risk = make_network("softmax", 3, *rows("softmax", 3))
    params = draw(risk)
    oracles = risk.batches(size, np.random.default_rng(0))
    value, gradient = mean_of(oracle(params) for oracle in oracles)
    assert value == pytest.approx(risk.value_and_gradient(params)[0], rel=1e-13)
    np.testing.assert_allclose(gradient, risk.value_and_gradient(params)[1], **ROUNDING)


@each_loss
def test_gradient_of_a_batch_is_the_difference_quotient_of_its_value(loss, k):
    risk = make(loss, k)
    params = draw(risk)
    for oracle in risk.batches(10, None):
        expected = differences(lambda p, oracle=oracle: oracle(p)[0], params)
        np.testing.assert_allclose(oracle(params)[1], expected, **DIFFERENCE)


@pytest.mark.parametrize("storage", [np.asarray, sp.csr_array, sp.csr_matrix])
@each_weight
def test_feature_moments_are_those_of_numpy(storage, weighted):
    X, y, weight = rows(weighted=weighted)
    risk = make_risk(storage(X), y, weight)
    s = np.ones(N_ROWS) if weight is None else weight
    for start, oracle in zip((0, 10, 20, 30), risk.batches(10, None), strict=True):
        part = slice(start, start + 10)
        total, mean, squares = oracle.feature_moments()
        expected = np.average(X[part], axis=0, weights=s[part])
        assert total == pytest.approx(s[part].sum(), rel=1e-14)
        np.testing.assert_allclose(mean, expected, **ROUNDING)
        np.testing.assert_allclose(squares, s[part] @ (X[part] - expected) ** 2, **ROUNDING)


@pytest.mark.parametrize(("loss", "k"), [("squared_error", 3), ("logistic", 3), ("softmax", 3)])
@each_weight
def test_step_energy_is_the_sum_of_squared_steps_to_the_minimum(loss, k, weighted):
    risk = make(loss, k, weighted)
    (oracle,) = risk.batches(N_ROWS, None)
    rng = np.random.default_rng(5)
    slopes, losses = rng.normal(size=(N_ROWS, k)), rng.uniform(size=N_ROWS)
    slopes[0] = losses[0] = 0.0
    weight = np.ones(N_ROWS) if risk.source.weight is None else risk.source.weight
    steps = 2 * losses[1:] / np.linalg.norm(slopes[1:], axis=1)
    assert oracle.step_energy(losses, slopes) == pytest.approx(weight[1:] @ steps**2, rel=1e-13)


@each_loss
@pytest.mark.parametrize("storage", [np.asarray, sp.csr_array], ids=["dense", "sparse"])
def test_slopes_of_rows_pulled_back_are_the_gradient_of_the_batch(loss, k, storage):
    X, y, weight = rows(loss, k)
    risk = make_risk(storage(X), y, weight, loss=loss, k=k)
    params = draw(risk)
    met = []
    for oracle in risk.batches(10, np.random.default_rng(0)):
        losses, slopes = oracle.slopes(params)
        gradient = oracle.pull_back(slopes, params)
        value, gradient = oracle.with_penalty(oracle.mean(losses), gradient, params)
        expected_value, expected_gradient = oracle(params)
        assert value == pytest.approx(expected_value, rel=1e-14)
        np.testing.assert_allclose(gradient, expected_gradient, **ROUNDING)
        raw = (
            X[oracle.positions] @ params[: N_FEATURES * k].reshape(-1, k) + params[N_FEATURES * k :]
        )
        np.testing.assert_allclose(slopes, risk.loss.gradient(y[oracle.positions], raw), **ROUNDING)
        assert (oracle.n_batches, oracle.n_samples) == (4, N_ROWS)
        met.append(np.arange(N_ROWS)[oracle.positions])
    assert sorted(np.concatenate(met)) == list(range(N_ROWS))


# Weights


def everything(risk, params):
    """All that an objective says of params, by name."""
    value, gradient = risk.value_and_gradient(params)
    decrease, _, metric = newton_decrement(risk, params, gradient)
    return {
        "value": risk.value(params),
        "smooth value": value,
        "gradient": gradient,
        "Hessian": matrix(risk.hessian_operator(params), params.size),
        "metric": matrix(metric.product, params.size),
        "smoothness": risk.smoothness() or 0,
        "batch smoothness": risk.batch_smoothness(N_ROWS * 9) or 0,
        "decrease": decrease,
    }


def assert_same(found, expected, tolerance):
    for name, array in found.items():
        np.testing.assert_allclose(array, expected[name], **tolerance, err_msg=name)


@each_loss
@pytest.mark.parametrize("penalty", ["l2", "elasticnet"])
def test_weights_are_copies_and_rows_of_weight_zero_are_not_there(loss, k, penalty):
    X, y, _ = rows(loss, k, weighted=False)
    copies = np.random.default_rng(3).integers(0, 4, N_ROWS)
    weighted = make_risk(X, y, copies.astype(float), loss=loss, k=k, penalty=penalty)
    repeated = make_risk(
        np.repeat(X, copies, axis=0), np.repeat(y, copies, axis=0), loss=loss, k=k, penalty=penalty
    )
    params = draw(weighted)
    # the least digits of a decrease are those of the equation solved for it
    tolerance = {"rtol": 1e-9, "atol": 1e-11}
    assert_same(everything(weighted, params), everything(repeated, params), tolerance)


@each_loss
def test_weights_of_one_are_no_weights_and_only_their_ratios_matter(loss, k):
    X, y, weight = rows(loss, k)
    ones, none = (make_risk(X, y, s, loss=loss, k=k) for s in (np.ones(N_ROWS), None))
    params = draw(ones)
    assert_same(everything(ones, params), everything(none, params), {"rtol": 1e-13, "atol": 1e-14})
    once, scaled = (make_risk(X, y, c * weight, loss=loss, k=k) for c in (1, 1000))
    assert_same(everything(once, params), everything(scaled, params), ROUNDING)


# Storage


@each_loss
@pytest.mark.parametrize("penalty", ["l2", "elasticnet"])
@each_storage
def test_storage_and_blocks_do_not_matter(loss, k, penalty, store, tmp_path):
    X, y, weight = rows(loss, k)
    plain = make_risk(X, y, weight, loss=loss, k=k, penalty=penalty)
    stored = make_risk(store(X, tmp_path), y, weight, loss=loss, k=k, penalty=penalty, block_rows=7)
    params = draw(plain)
    assert_same(everything(stored, params), everything(plain, params), ROUNDING)
    sparse_batch, dense_batch = (
        mean_of(oracle(params) for oracle in risk.batches(10, np.random.default_rng(0)))
        for risk in (stored, plain)
    )
    np.testing.assert_allclose(sparse_batch[1], dense_batch[1], **ROUNDING)


@pytest.mark.parametrize("block_rows", [1, 2, 7, 30, 31, 32])
def test_block_size_does_not_matter(block_rows):
    plain, blocks = make("softmax", 3), make("softmax", 3, block_rows=block_rows)
    params = draw(plain)
    assert_same(everything(blocks, params), everything(plain, params), ROUNDING)


def test_the_same_call_gives_the_same_bits():
    risk = make("softmax", 3, block_rows=7)
    params = draw(risk)
    (value, gradient), (again, gradient_again) = (risk.value_and_gradient(params) for _ in "ab")
    assert value == again
    assert gradient.tobytes() == gradient_again.tobytes()


@each_loss
@pytest.mark.parametrize("storage", [np.asarray, sp.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("params_dtype", [np.float32, np.float64])
def test_float32_is_within_float32_of_float64(loss, k, storage, params_dtype):
    X, y, weight = rows(loss, k)
    exact = make_risk(X, y, weight, loss=loss, k=k)
    y32 = y if loss == "softmax" else y.astype(np.float32)
    risk = make_risk(storage(X.astype(np.float32)), y32, weight.astype(np.float32), loss=loss, k=k)
    params = draw(exact)
    value, gradient = risk.value_and_gradient(params.astype(params_dtype))
    assert risk.dtype == np.float32
    assert isinstance(value, float)
    assert gradient.dtype == params_dtype
    assert value == pytest.approx(exact.value_and_gradient(params)[0], rel=1e-5)
    np.testing.assert_allclose(gradient, exact.value_and_gradient(params)[1], **FLOAT32)
    small, full = (matrix(r.hessian_operator(params), params.size) for r in (risk, exact))
    np.testing.assert_allclose(small, full, **FLOAT32)


def test_values_of_float32_rows_are_added_up_in_float64():
    # a sum of a million small losses in float32 would lose its last three digits
    n = 1_000_000
    risk = make_risk(np.full((n, 1), 0.1, np.float32), np.zeros((n, 1), np.float32), alpha=0.0)
    assert risk.value(np.ones(2)) == pytest.approx(0.5 * 1.1**2, rel=3e-7)


@each_loss
@each_penalty
def test_rows_weights_and_params_are_not_written_to(loss, k, penalty):
    data = rows(loss, k)
    risk = make_risk(*data, loss=loss, k=k, penalty=penalty)
    params = draw(risk)
    for array in (*data, params):
        array.flags.writeable = False
    everything(risk, params)
    risk.prox(params, 0.1)
    for oracle in risk.batches(10, np.random.default_rng(0)):
        oracle(params)


# Proximal operator


@pytest.mark.parametrize("step_size", ["number", "vector"])
def test_prox_is_that_of_the_penalty_on_weights_and_leaves_biases_alone(step_size):
    risk = make(k=3, penalty="l1", alpha=0.3)
    params = draw(risk)
    steps = np.random.default_rng(4).uniform(0.1, 2, params.size)
    step = 0.7 if step_size == "number" else steps
    scale = 0.3 * np.broadcast_to(step, params.shape)[:-3]
    w = params[:-3]
    expected = np.sign(w) * np.maximum(np.abs(w) - scale, 0)
    found = risk.prox(params, step)
    np.testing.assert_allclose(found[:-3], expected, rtol=1e-14, atol=1e-16)
    assert found[-3:].tolist() == params[-3:].tolist()


def test_prox_of_a_network_has_the_strength_of_each_layer():
    risk = make_network("squared_error", 1, *rows(), alpha=(0.0, 100.0), penalty="l1")
    params = draw(risk)
    (first, second), biases = risk.model.unpack(risk.prox(params, 1.0))
    (expected, _), expected_biases = risk.model.unpack(params)
    assert first.tolist() == expected.tolist()
    assert not second.any()
    assert [b.tolist() for b in biases] == [b.tolist() for b in expected_biases]


@each_penalty
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_prox_keeps_the_dtype(penalty, dtype):
    risk = make(k=3, penalty=penalty)
    params = draw(risk).astype(dtype)
    assert risk.prox(params, 0.1).dtype == dtype
    assert risk.prox(params, np.full(params.shape, 0.1)).dtype == dtype


# Second derivatives

CURVED = [(loss, k, penalty) for loss, k in SIZES for penalty in SMOOTH]
each_curved = pytest.mark.parametrize(("loss", "k", "penalty"), CURVED)


@each_curved
@each_setting
@pytest.mark.parametrize("storage", [np.asarray, sp.csr_array], ids=["dense", "sparse"])
def test_hessian_and_metric_are_the_difference_quotients_of_the_gradient(
    loss, k, penalty, weighted, fit_intercept, storage
):
    X, y, weight = rows(loss, k, weighted)
    risk = make_risk(
        storage(X), y, weight, loss=loss, k=k, penalty=penalty, fit_intercept=fit_intercept
    )
    params = draw(risk)
    expected = hessian(risk, params)
    metric = risk.metric(params)
    assert metric.is_hessian
    for product in (risk.hessian_operator(params), metric.product):
        np.testing.assert_allclose(matrix(product, params.size), expected, **DIFFERENCE)


@each_smooth_penalty
@each_intercept
def test_the_metric_of_softmax_with_many_coefficients_is_the_mean_of_the_classes(
    penalty, fit_intercept, monkeypatch
):
    monkeypatch.setattr(curvature, "MAX_JOINT", 0)
    risk = make("softmax", 3, penalty=penalty, fit_intercept=fit_intercept)
    params = draw(risk)
    metric = risk.metric(params)
    whole = hessian(risk, params)
    mean = np.mean([whole[output::3, output::3] for output in range(3)], axis=0)
    assert not metric.is_hessian
    assert risk.shares_curvature
    expected = np.kron(mean, np.eye(3))
    np.testing.assert_allclose(matrix(metric.product, params.size), expected, **DIFFERENCE)


@each_curved
@pytest.mark.parametrize("limit", ["MAX_COEFFICIENTS", "MAX_ENTRIES"])
def test_the_metric_of_very_many_coefficients_is_the_diagonal(loss, k, penalty, limit, monkeypatch):
    monkeypatch.setattr(curvature, limit, 1)
    risk = make(loss, k, penalty=penalty)
    params = draw(risk)
    metric = risk.metric(params)
    assert isinstance(metric, CentredDiagonalMetric)
    assert not metric.is_hessian
    found, expected = matrix(metric.product, params.size), hessian(risk, params)
    np.testing.assert_allclose(np.diagonal(found), np.diagonal(expected), **DIFFERENCE)
    for output in range(k):
        # what each feature shares with the intercept
        own = (slice(output, None, k), slice(output, None, k))
        np.testing.assert_allclose(found[own][-1], expected[own][-1], **DIFFERENCE)


@each_curved
def test_without_an_intercept_it_is_no_more_than_the_diagonal(loss, k, penalty, monkeypatch):
    monkeypatch.setattr(curvature, "MAX_COEFFICIENTS", 1)
    risk = make(loss, k, penalty=penalty, fit_intercept=False)
    params = draw(risk)
    metric = risk.metric(params)
    assert isinstance(metric, DiagonalMetric)
    np.testing.assert_allclose(
        metric.product(np.ones(params.size)), np.diagonal(hessian(risk, params)), **DIFFERENCE
    )


def test_the_nonsmooth_part_has_no_second_derivative():
    net, bare = make(penalty="elasticnet"), make(penalty=NoPenalty())
    params = draw(net)
    found, expected = (matrix(r.hessian_operator(params), params.size) for r in (net, bare))
    np.testing.assert_allclose(found - expected, np.diag([0.3 * 0.7] * 4 + [0]), **ROUNDING)


def test_the_metric_of_squared_error_is_built_once():
    risk = make()
    assert risk.metric(draw(risk)) is risk.metric(draw(risk, seed=9))
    other = make("logistic")
    assert other.metric(draw(other)) is not other.metric(draw(other, seed=9))


def test_the_hessian_of_a_network_is_by_differences():
    risk = make_network("logistic", 2, *rows("logistic", 2))
    params = draw(risk)
    found = matrix(risk.hessian_operator(params), params.size)
    # a step of sqrt(eps) loses half of the digits
    np.testing.assert_allclose(found, hessian(risk, params), rtol=1e-6, atol=1e-7)
    assert not risk.hessian_operator(params)(np.zeros(params.size)).any()
    assert risk.metric(params) is None
    assert newton_decrement(risk, params, params) is None


# Smoothness


@pytest.mark.parametrize(
    ("loss", "k", "penalty"), [(loss, k, p) for loss, k, p in CURVED if loss not in UNBOUNDED]
)
@pytest.mark.parametrize("limit", [1, 1024], ids=["iterative", "dense"])
def test_smoothness_bounds_every_second_derivative(loss, k, penalty, limit, monkeypatch):
    monkeypatch.setattr(curvature, "MAX_COEFFICIENTS", limit)
    risk = make(loss, k, penalty=penalty)
    for params in (np.zeros(risk.model.size), draw(risk), draw(risk, 7, scale=3)):
        second = matrix(risk.hessian_operator(params), params.size)
        assert np.linalg.eigvalsh(second)[-1] <= risk.smoothness() * (1 + 1e-12)


@each_bounded
@each_smooth_penalty
@pytest.mark.parametrize("limit", [1, 1024], ids=["diagonal", "matrix"])
def test_the_bound_metric_is_at_least_every_hessian(loss, k, penalty, limit, monkeypatch):
    monkeypatch.setattr(curvature, "MAX_COEFFICIENTS", limit)
    risk = make(loss, k, penalty=penalty)
    bound = matrix(risk.bound_metric().product, risk.model.size)
    if risk.loss.has_kinks:
        # each row bends near its own kink only, so that the bound is that of the mean
        many = [draw(risk, seed, scale=3) for seed in range(50)]
        seconds = [matrix(risk.hessian_operator(params), params.size) for params in many]
        mean = np.mean(seconds, axis=0)
        assert np.linalg.eigvalsh(bound - mean)[0] >= -1e-12 * np.linalg.norm(bound)
        return
    for params in (np.zeros(risk.model.size), draw(risk), draw(risk, 7, scale=3)):
        second = matrix(risk.hessian_operator(params), params.size)
        assert np.linalg.eigvalsh(bound - second)[0] >= -1e-12 * np.linalg.norm(bound)


def test_the_bound_metric_of_squared_error_is_the_hessian():
    risk = make(k=3)
    found = matrix(risk.bound_metric().product, risk.model.size)
    np.testing.assert_allclose(found, hessian(risk, draw(risk)), **DIFFERENCE)


@pytest.mark.parametrize(("loss", "k"), [("squared_error", 1), ("logistic", 1), ("softmax", 2)])
@each_intercept
@pytest.mark.parametrize(("limit", "slack"), [(1, 3e-3), (1024, 1e-12)], ids=["iterative", "dense"])
def test_smoothness_is_reached_where_the_loss_is_steepest(
    loss, k, fit_intercept, limit, slack, monkeypatch
):
    monkeypatch.setattr(curvature, "MAX_COEFFICIENTS", limit)
    risk = make(loss, k, alpha=0.0, fit_intercept=fit_intercept)
    params = np.zeros(risk.model.size)
    largest = np.linalg.eigvalsh(matrix(risk.hessian_operator(params), params.size))[-1]
    assert risk.smoothness() == pytest.approx(largest, rel=slack)


@each_penalty
def test_smoothness_adds_the_curvature_of_the_penalty(penalty):
    bare, risk = make(alpha=0.0), make(alpha=10.0, penalty=penalty)
    of_penalty = 10 * np.asarray(PENALTIES[penalty][0].curvature(N_FEATURES))
    largest = np.linalg.norm(of_penalty, 2) if of_penalty.ndim == 2 else of_penalty.max()
    assert risk.smoothness() == pytest.approx(bare.smoothness() + largest, rel=1e-12)


@pytest.mark.parametrize("limit", [1, 1024], ids=["iterative", "dense"])
@pytest.mark.parametrize("columns", ["zeros", "opposites"])
def test_smoothness_of_columns_that_cancel_is_a_bound(columns, limit, monkeypatch):
    monkeypatch.setattr(curvature, "MAX_COEFFICIENTS", limit)
    X = table()
    X = np.hstack([X, -X]) if columns == "opposites" else 0 * X
    risk = make_risk(X, np.zeros((N_ROWS, 1)), penalty=NoPenalty(), fit_intercept=False)
    largest = np.linalg.eigvalsh(X.T @ X / N_ROWS)[-1]
    assert largest <= risk.smoothness() * (1 + 1e-12)


def single_row_bounds(risk, h):
    """The smoothness of batches of one row."""
    X, weight = risk.source.X, risk.source.weight
    return h * weight / weight.mean() * ((X**2).sum(axis=1) + 1)


@pytest.mark.parametrize(("loss", "k"), [("squared_error", 1), ("logistic", 1), ("softmax", 3)])
@pytest.mark.parametrize("alpha", [0.0, 0.3, 100.0])
def test_batches_of_one_row_are_as_rough_as_the_roughest_row(loss, k, alpha):
    risk = make(loss, k, alpha=alpha, block_rows=7)
    roughest = single_row_bounds(risk, risk.loss.curvature).max() + alpha
    assert risk.batch_smoothness(1) == pytest.approx(roughest, rel=1e-12)


@pytest.mark.parametrize("alpha", [0.0, 0.3, 100.0])
def test_batches_are_the_smoother_the_larger_and_all_rows_are_the_smoothest(alpha):
    risk = make(alpha=alpha)
    bounds = [risk.batch_smoothness(size) for size in range(1, N_ROWS + 1)]
    assert all(np.diff(bounds) <= 0)
    assert bounds[-1] == risk.batch_smoothness(N_ROWS + 9) == risk.smoothness()


@pytest.mark.parametrize("size", [1, 2, 4])
@pytest.mark.parametrize("alpha", [0.0, 0.3, 100.0])
def test_batch_smoothness_bounds_the_noise_of_gradients(size, alpha):
    # the definition: E |g_B(x) - g_B(x*)|^2 <= 2 L (F(x) - F(x*)), over all batches B
    risk = make(n=8, alpha=alpha)
    best = minimise(risk)
    for seed in range(5):
        params = best + draw(risk, seed)
        ahead, behind = (
            np.array([oracle(p)[1] for oracle in risk.batches(1, None)]) for p in (params, best)
        )
        changes = [(ahead - behind)[list(B)].mean(axis=0) for B in combinations(range(8), size)]
        noise = np.mean(np.sum(np.square(changes), axis=1))
        gap = risk.value(params) - risk.value(best)
        assert noise <= 2 * risk.batch_smoothness(size) * gap * (1 + 1e-9)


def test_a_loss_without_bound_and_a_network_have_no_smoothness():
    X, y, weight = rows()
    network = make_network("squared_error", 1, X, y, weight)
    for risk in (make_risk(X, y, weight, loss=Unbounded()), network):
        assert risk.smoothness() is None
        assert risk.batch_smoothness(4) is None
        assert risk.bound_metric() is None


# What is left to gain


@pytest.mark.parametrize("k", [1, 3])
@each_smooth_penalty
@each_intercept
@pytest.mark.parametrize("storage", [np.asarray, sp.csr_array], ids=["dense", "sparse"])
def test_predicted_decrease_of_squared_error_is_the_gap(k, penalty, fit_intercept, storage):
    X, y, weight = rows(k=k)
    risk = make_risk(storage(X), y, weight, k=k, penalty=penalty, fit_intercept=fit_intercept)
    params, best = draw(risk), minimise(risk)
    gap = risk.value(params) - risk.value(best)
    assert predicted(risk, params) == pytest.approx(gap, rel=1e-10)


@each_curved
def test_predicted_decrease_is_zero_at_the_minimiser_and_positive_elsewhere(loss, k, penalty):
    risk = make(loss, k, penalty=penalty)
    best = minimise(risk)
    # a gradient of size eps leaves eps^2 to gain; but eps where rounding makes a curvature of eps
    # out of none, along the direction in which all biases of softmax are shifted
    limit = 1e-27 if risk.loss.is_separable else np.finfo(float).eps
    assert 0 <= predicted(risk, best) < limit
    assert predicted(risk, best + 1e-3 * draw(risk)) > 1e-9


@pytest.mark.parametrize(("loss", "k"), [("logistic", 1), ("logistic", 3), ("softmax", 3)])
def test_predicted_decrease_is_half_of_the_squared_newton_decrement(loss, k):
    risk = make(loss, k)
    params = draw(risk)
    gradient = risk.value_and_gradient(params)[1]
    # the biases of softmax have a direction without curvature, and without gradient
    step = np.linalg.pinv(hessian(risk, params), rcond=1e-8) @ gradient
    assert predicted(risk, params) == pytest.approx(gradient @ step / 2, rel=1e-6)


@pytest.mark.parametrize(("loss", "k"), [("logistic", 1), ("logistic", 3), ("softmax", 3)])
def test_predicted_decrease_is_the_gap_near_the_minimiser(loss, k):
    risk = make(loss, k)
    best, way = minimise(risk), draw(risk)
    for length in (1e-2, 1e-3):
        gap = risk.value(best + length * way) - risk.value(best)
        assert predicted(risk, best + length * way) == pytest.approx(gap, rel=length)


@each_smooth_penalty
@pytest.mark.parametrize("limit", ["MAX_JOINT", "MAX_COEFFICIENTS"])
def test_predicted_decrease_without_the_whole_hessian_is_a_lower_bound(penalty, limit, monkeypatch):
    whole = make("softmax", 3, penalty=penalty)
    params = draw(whole)
    most = predicted(whole, params)
    monkeypatch.setattr(curvature, limit, 0)
    risk = make("softmax", 3, penalty=penalty)
    gradient = risk.value_and_gradient(params)[1]
    step = risk.metric(params).solve(gradient)
    # conjugate gradients begin with the best step along the gradient in the metric
    first = (gradient @ step) ** 2 / (step @ risk.hessian_operator(params)(step)) / 2
    assert first * (1 - 1e-12) <= predicted(risk, params) <= most * (1 + 1e-9)


# powers of two, so that scaling is exact
UNITS = 2.0 ** np.array([-30, -5, 8, 40])


@each_loss
@pytest.mark.parametrize("limit", [0, 512], ids=["metric-of-each", "joint"])
@pytest.mark.parametrize("storage", [np.asarray, sp.csr_array], ids=["dense", "sparse"])
def test_predicted_decrease_does_not_know_the_units_of_features(
    loss, k, limit, storage, monkeypatch
):
    monkeypatch.setattr(curvature, "MAX_JOINT", limit)
    X, y, weight = rows(loss, k)
    plain = make_risk(storage(X), y, weight, loss=loss, k=k, alpha=0.0)
    scaled = make_risk(storage(X * UNITS), y, weight, loss=loss, k=k, alpha=0.0)
    params = draw(plain)
    other = params.reshape(-1, k).copy()
    other[:N_FEATURES] /= UNITS[:, np.newaxis]
    assert predicted(scaled, other.ravel()) == pytest.approx(predicted(plain, params), rel=1e-12)


@pytest.mark.parametrize("penalty", ["l2", "none", "tikhonov"])
@pytest.mark.parametrize("unit", [2.0**-40, 2.0**40], ids=["small", "large"])
def test_optimality_of_squared_error_does_not_know_the_units_of_the_target(penalty, unit):
    X, y, weight = rows()
    plain = make_risk(X, y, weight, penalty=penalty)
    scaled = make_risk(X, unit * y, weight, penalty=penalty)
    params = draw(plain)
    found, expected = (
        predicted(risk, c * params) / scale(risk, risk.value(c * params))
        for risk, c in ((scaled, unit), (plain, 1))
    )
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("unit", [2.0**-20, 2.0**20], ids=["small", "large"])
def test_predicted_decrease_of_a_lasso_does_not_know_the_units_of_the_target(unit):
    X, y, weight = rows()
    plain = make_risk(X, y, weight, penalty="l1", alpha=0.3)
    scaled = make_risk(X, unit * y, weight, penalty="l1", alpha=0.3 * unit)
    params = draw(plain)
    expected = unit**2 * predicted(plain, params)
    assert predicted(scaled, unit * params) == pytest.approx(expected, rel=1e-9)


# name: options of the objective, options of scikit-learn's ElasticNet
NONSMOOTH = {
    "l1": ({"penalty": "l1", "alpha": 0.1}, {"alpha": 0.1, "l1_ratio": 1}),
    "elasticnet": ({"penalty": "elasticnet", "alpha": 0.3}, {"alpha": 0.3, "l1_ratio": 0.3}),
    "weak-l1": ({"penalty": "l1", "alpha": 1e-4}, {"alpha": 1e-4, "l1_ratio": 1}),
    "positive-l1": (
        {"penalty": "positive-l1", "alpha": 0.1},
        {"alpha": 0.1, "l1_ratio": 1, "positive": True},
    ),
    "positive": (
        {"penalty": Positive(penalty=L2()), "alpha": 0.1},
        {"alpha": 0.1, "l1_ratio": 0, "positive": True},
    ),
}


def lasso_rows():
    """A target with weights of both signs, one of them zero."""
    X = table(60)
    noise = np.random.default_rng(6).normal(size=(60, 1))
    return X, X @ np.array([[1.0], [-2.0], [0.0], [0.3]]) + 3 + 0.1 * noise, None


def reference_params(X, y, options, fit_intercept):
    reference = ReferenceElasticNet(
        fit_intercept=fit_intercept, tol=1e-15, max_iter=10_000, **options
    ).fit(X, y[:, 0])
    return np.append(reference.coef_, [reference.intercept_] * fit_intercept)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", NONSMOOTH)
@each_intercept
def test_predicted_decrease_of_a_nonsmooth_squared_error_is_the_gap(name, fit_intercept):
    ours, theirs = NONSMOOTH[name]
    X, y, _ = lasso_rows()
    risk = make_risk(X, y, **ours, fit_intercept=fit_intercept)
    best = reference_params(X, y, theirs, fit_intercept)
    for seed in range(3):
        params = risk.prox(draw(risk, seed, scale=2), 0.0)
        gap = risk.value(params) - risk.value(best)
        # the inner problem is solved until a round gains less than 1e-6 of all
        assert predicted(risk, params) == pytest.approx(gap, rel=1e-5)
        assert predicted(risk, params) <= gap * (1 + 1e-9)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", NONSMOOTH)
@each_intercept
def test_predicted_decrease_is_zero_at_a_nonsmooth_minimiser(name, fit_intercept):
    ours, theirs = NONSMOOTH[name]
    X, y, _ = lasso_rows()
    risk = make_risk(X, y, **ours, fit_intercept=fit_intercept)
    best = reference_params(X, y, theirs, fit_intercept)
    assert 0 <= predicted(risk, best) <= 1e-15 * risk.value(best)


@pytest.mark.parametrize("unit", [1.0, 1e-8, 1e8])
def test_predicted_decrease_is_zero_where_all_weights_are(unit):
    # KKT: all weights are zero as soon as no slope is above alpha
    X, y, weight = rows()
    y = unit * y
    mean = np.average(y[:, 0], weights=weight)
    steepest = np.abs((weight * (y[:, 0] - mean)) @ X).max() / weight.sum()
    at_zero = np.array([0, 0, 0, 0, mean])
    strong = make_risk(X, y, weight, penalty="l1", alpha=steepest * (1 + 1e-12))
    weak = make_risk(X, y, weight, penalty="l1", alpha=steepest * 0.99)
    assert 0 <= predicted(strong, at_zero) < 1e-28 * strong.value(at_zero)
    assert predicted(weak, at_zero) > 1e-8 * weak.value(at_zero)


def test_predicted_decrease_is_zero_at_the_lasso_of_orthogonal_columns():
    # X'X = n I, so the lasso is the soft-thresholded mean of x y
    rng = np.random.default_rng(0)
    X = np.sqrt(40) * np.linalg.qr(rng.normal(size=(40, 4)))[0]
    y = X @ np.array([[2.0], [-1.0], [0.05], [0.0]]) + 0.1 * rng.normal(size=(40, 1))
    risk = make_risk(X, y, penalty="l1", alpha=0.2, fit_intercept=False)
    slopes = (X.T @ y).ravel() / 40
    best = np.sign(slopes) * np.maximum(np.abs(slopes) - 0.2, 0)
    assert (best == 0).tolist() == [False, False, True, True]
    assert 0 <= predicted(risk, best) < 1e-28


@pytest.mark.parametrize("penalty", ["l1", "elasticnet", "positive-l1", "standardized-l1"])
@each_loss
def test_predicted_decrease_with_a_nonsmooth_part_is_never_negative(penalty, loss, k):
    risk = make(loss, k, penalty=penalty)
    for seed in range(5):
        params = risk.prox(draw(risk, seed), 0.1)
        assert predicted(risk, params) >= 0


# The unit of optimality, and the number of passes


def test_the_penalised_parameters_are_views():
    linear = make(k=3)
    network = make_network("squared_error", 1, *rows())
    function = FunctionObjective(bowl)
    for objective, params, n_biases in (
        (linear, draw(linear), 3),
        (network, draw(network), 4),
        (function, np.ones(2), 0),
    ):
        for w in objective.weights(params):
            w[...] = 7.0
        assert (params == 7).sum() == params.size - n_biases


def test_a_run_has_diverged_far_above_its_start_or_the_reference():
    risk = make()
    assert 5 < divergence_limit(risk, 5.0) < np.inf
    assert divergence_limit(risk, 0.0) > 0
    risk.start_at(8.0)
    assert divergence_limit(risk, 0.0) == divergence_limit(risk, 8.0) > 8


def test_scale_is_the_value_but_not_less_than_a_thousandth_of_the_start():
    risk = make()
    risk.start_at(8.0)
    risk.start_at(5.0)
    assert risk.reference == 8.0
    assert scale(risk, 3.0) == 3.0
    assert scale(risk, -3.0) == 3.0
    assert scale(risk, 0.0) == SCALE_FLOOR * 8.0
    assert scale(make(), 0.0) > 0


def test_passes_are_visits_of_all_rows():
    risk = make("logistic")
    params = draw(risk)
    costs = []
    for act in (
        lambda: risk.value_and_gradient(params),
        lambda: risk.value(params),
        lambda: risk.metric(params),
        lambda: risk.hessian_operator(params)(params),
        lambda: risk.bound_metric(),
        lambda: [oracle(params) for oracle in risk.batches(4, None)],
        lambda: [oracle.slopes(params) for oracle in risk.batches(4, None)],
        lambda: list(risk.batches(4, None)),
        lambda: risk.nonsmooth(params),
    ):
        before = risk.passes
        act()
        costs.append(risk.passes - before)
    assert costs == pytest.approx([1, 0.5, 1, 1.5, 1, 1, 1, 0, 0])


# Plain functions


def bowl(params):
    """Half of a quadratic form; its gradient as a list, which a user may return."""
    return params @ [[3.0, 1.0], [1.0, 2.0]] @ params / 2, [
        3 * params[0] + params[1],
        params[0] + 2 * params[1],
    ]


def test_a_function_is_an_objective():
    objective, params = FunctionObjective(bowl), np.array([1.0, -2.0])
    value, gradient = objective.value_and_gradient(params)
    assert (value, objective.passes) == (3.5, 1)
    assert gradient.dtype == np.float64
    assert gradient.tolist() == [1, -3]
    assert objective.value(params) == 3.5
    assert objective.nonsmooth(params) == 0
    assert objective.prox(params, 0.1) is params
    assert list(objective.batches(4, None)) == []
    assert objective.smoothness() is None
    assert objective.batch_smoothness(1) is None
    assert objective.bound_metric() is None
    assert newton_decrement(objective, params, gradient) is None


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_the_hessian_of_a_function_is_by_differences(scale):
    objective = FunctionObjective(bowl)
    params, direction = scale * np.array([1.0, -2.0]), np.array([1.0, 1.0])
    found = objective.hessian_operator(params)(direction)
    np.testing.assert_allclose(found, [4, 3], rtol=1e-6)
