"""The laws of models: raw predictions, their derivatives, and units."""

import inspect

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.special import erfc, expit

from sklearn_gd._components import Component
from sklearn_gd._validation import InvalidParameterError
from sklearn_gd.models import MLP, Linear, activations
from sklearn_gd.models.activations import (
    ACTIVATIONS,
    ELU,
    GELU,
    Activation,
    Identity,
    LeakyReLU,
    ReLU,
    Sigmoid,
    SiLU,
    Softplus,
    Tanh,
)

STEP = np.cbrt(np.finfo(np.float64).eps)
# central differences are exact to about eps^(2/3), 4e-11, of numbers of size 1 to 10
DIFFERENCE = {"rtol": 1e-8, "atol": 1e-8}
ROUNDING = {"rtol": 1e-12, "atol": 1e-12}
FLOAT32 = {"rtol": 1e-4, "atol": 1e-5}

FORMULAS = {
    "relu": (ReLU(), lambda z: np.where(z > 0, z, 0)),
    "leaky_relu": (LeakyReLU(), lambda z: np.where(z > 0, z, 0.01 * z)),
    "leaky_relu-steep": (LeakyReLU(slope=0.3), lambda z: np.where(z > 0, z, 0.3 * z)),
    "elu": (ELU(), lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0)))),
    "elu-half": (ELU(alpha=0.5), lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0)) / 2)),
    "gelu": (GELU(), lambda z: z * erfc(-z / np.sqrt(2)) / 2),
    "silu": (SiLU(), lambda z: z * expit(z)),
    "softplus": (Softplus(), lambda z: np.logaddexp(0, z)),
    "tanh": (Tanh(), np.tanh),
    "logistic": (Sigmoid(), expit),
    "identity": (Identity(), lambda z: z),
}
SPARSE = {
    "csr_array": sp.csr_array,
    "csr_matrix": sp.csr_matrix,
    "int64": lambda X: with_int64(sp.csr_array(X)),
}
HIDDEN = {1: (4,), 2: (4, 3), 3: (4, 3, 5)}
each_activation = pytest.mark.parametrize("name", FORMULAS)
each_depth = pytest.mark.parametrize("hidden", HIDDEN.values(), ids="depth-{}".format)
each_sparse = pytest.mark.parametrize("sparse", SPARSE.values(), ids=SPARSE)
each_intercept = pytest.mark.parametrize("fit_intercept", [True, False], ids=["b", "no-b"])
each_size = pytest.mark.parametrize("k", [1, 3], ids=["k=1", "k=3"])


def with_int64(X):
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    return X


def rows(n=30, d=5, seed=0):
    """Rows of which about half the entries are zero."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) * (rng.random((n, d)) < 0.5)


def with_ones(X, fit_intercept):
    return np.hstack([X, np.ones((len(X), int(fit_intercept)))])


def draw(model, seed=1, scale=1.0):
    return scale * np.random.default_rng(seed).normal(size=model.size)


def network(name, hidden, d=5, k=2, **options):
    return MLP((d, *hidden, k), FORMULAS[name][0], **options)


def standardizing(name, hidden, X, **options):
    """A network that sees columns of mean zero and spread one."""
    center = X.mean(axis=0) + np.linspace(-1, 1, X.shape[1])
    std = np.linspace(0.5, 3, X.shape[1])
    return network(name, hidden, X.shape[1], center=center, std=std, **options)


def plain_forward(model, value, params, X):
    """The raw predictions of a network, with a list of layers and no views."""
    at, layers = 0, []
    for fan_in, fan_out in zip(model.sizes[:-1], model.sizes[1:], strict=True):
        layers.append(params[at : at + fan_in * fan_out].reshape(fan_in, fan_out))
        at += fan_in * fan_out
    layer = X if model.std is None else (X - model.center) / model.std
    for depth, w in enumerate(layers):
        z = layer @ w + params[at : at + w.shape[1]]
        at += w.shape[1]
        layer = z if depth == len(layers) - 1 else value(z)
    assert at == len(params)
    return layer


def backward(model, params, X, raw_gradient, rng=None):
    out = np.full(params.shape, np.nan)
    _, tape = model.forward(params, X, rng)
    model.backward(params, tape, raw_gradient, out)
    return out


def differences(function, params):
    """Central differences of a function of params, one parameter after the other."""
    result = np.empty(params.size)
    for i in range(params.size):
        step = np.zeros(params.size)
        step[i] = STEP * (1 + abs(params[i]))
        result[i] = (function(params + step) - function(params - step)) / (2 * step[i])
    return result


# Activations


def test_the_table_and_the_registry_have_every_activation():
    public = {
        kind
        for _, kind in inspect.getmembers(activations, inspect.isclass)
        if issubclass(kind, Activation) and kind is not Activation
    }
    assert public == {type(activation) for activation, _ in FORMULAS.values()}
    assert public == set(ACTIVATIONS.values())
    assert issubclass(Activation, Component)


@each_activation
def test_activation_is_its_formula(name):
    activation, formula = FORMULAS[name]
    z = np.linspace(-30, 30, 121)
    # erfc and the normal distribution function of large numbers are rounded in their own ways
    np.testing.assert_allclose(activation.value(z), formula(z), rtol=1e-13, atol=1e-100)
    assert type(activation) is ACTIVATIONS[name.partition("-")[0]]


@each_activation
def test_derivative_is_the_difference_quotient_of_the_value(name):
    activation = FORMULAS[name][0]
    z = np.linspace(-6, 6, 40)  # 0, where ReLU has a kink, is not among them
    expected = (activation.value(z + STEP) - activation.value(z - STEP)) / (2 * STEP)
    np.testing.assert_allclose(activation.derivative(z), expected, **DIFFERENCE)
    np.testing.assert_allclose(
        activation.derivative_at(z, activation.value(z)), expected, **DIFFERENCE
    )


@each_activation
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_activation_keeps_the_dtype_and_does_not_overflow(name, dtype):
    activation, z = FORMULAS[name][0], np.array([-1e4, -1000, -1, 0, 1, 1000, 1e4], dtype)
    z.flags.writeable = False
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        value = activation.value(z)
        for result in (value, activation.derivative(z), activation.derivative_at(z, value)):
            assert result.dtype == dtype
            assert np.isfinite(result).all()


@each_activation
def test_derivative_by_the_value_is_the_derivative_everywhere(name):
    activation, z = FORMULAS[name][0], np.array([-1e4, -30, -1, -1e-3, 0, 1e-3, 1, 30, 1e4])
    found = activation.derivative_at(z, activation.value(z))
    np.testing.assert_allclose(found, activation.derivative(z), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("activation", [LeakyReLU(slope=np.float64(0.1)), ELU(alpha=np.float64(2))])
def test_a_wide_parameter_does_not_widen_the_rows(activation):
    z = np.array([-1, 1], np.float32)
    for result in (activation.value(z), activation.derivative(z)):
        assert result.dtype == np.float32


def test_a_formula_of_ones_own_is_not_overruled_by_an_inherited_short_cut():
    class Steep(Tanh):
        def value(self, z):
            return np.tanh(2 * z)

        def derivative(self, z):
            return 2 * (1 - np.tanh(2 * z) ** 2)

    z = np.linspace(-1, 1, 5)
    steep = Steep()
    assert steep.slope_at(z, steep.value(z)).tolist() == steep.derivative(z).tolist()


def test_leaky_relu_lies_between_relu_and_the_identity():
    z = np.linspace(-3, 3, 13)
    for slope, other in ((0, ReLU()), (1, Identity())):
        leaky = LeakyReLU(slope=slope)
        assert leaky.value(z).tolist() == other.value(z).tolist()
        assert leaky.derivative(z).tolist() == other.derivative(z).tolist()


@pytest.mark.parametrize(
    "activation",
    [LeakyReLU(slope=-0.1), LeakyReLU(slope=1.1), LeakyReLU(slope=None), ELU(alpha=0)],
    ids=repr,
)
def test_parameters_of_activations_are_checked(activation):
    with pytest.raises(InvalidParameterError, match=f"parameter of {type(activation).__name__}"):
        activation.validate()


def test_relu_has_derivative_zero_at_zero():
    assert ReLU().derivative(np.array([-1.0, 0.0, 1.0])).tolist() == [0, 0, 1]


# The linear model


@each_intercept
@each_size
def test_linear_raw_is_the_table_times_the_row_with_a_one(fit_intercept, k):
    X, model = rows(), Linear(5, k, fit_intercept)
    params = draw(model)
    raw, _ = model.forward(params, X)
    expected = with_ones(X, fit_intercept) @ params.reshape(-1, k)
    np.testing.assert_allclose(raw, expected, **ROUNDING)


@each_intercept
@each_size
def test_linear_params_are_weights_then_biases_as_views(fit_intercept, k):
    model = Linear(5, k, fit_intercept)
    params = np.arange(model.size, dtype=float)
    (w,), biases = model.unpack(params)
    assert model.size == (5 + fit_intercept) * k
    assert w.shape == (5, k)
    assert [bias.shape for bias in biases] == [(k,)] * fit_intercept
    assert np.concatenate([w.ravel(), *biases]).tolist() == params.tolist()
    w[...] = -1
    assert (params[: w.size] == -1).all()
    assert all(np.shares_memory(part, params) for part in [w, *biases])


@each_intercept
@each_size
def test_linear_backward_is_the_transpose_of_forward(fit_intercept, k):
    X, model = rows(), Linear(5, k, fit_intercept)
    params, raw_gradient = draw(model), np.random.default_rng(2).normal(size=(len(X), k))
    found = backward(model, params, X, raw_gradient)
    expected = with_ones(X, fit_intercept).T @ raw_gradient
    np.testing.assert_allclose(found, expected.ravel(), **ROUNDING)


@each_intercept
@each_size
@each_sparse
def test_linear_sparse_is_dense(fit_intercept, k, sparse):
    X, model = rows(), Linear(5, k, fit_intercept)
    S, rng = sparse(X), np.random.default_rng(2)
    params, raw_gradient = draw(model), rng.normal(size=(len(X), k))
    row_curvature = rng.random((len(X), k))
    for function in (
        lambda X: model.forward(params, X)[0],
        lambda X: backward(model, params, X, raw_gradient),
        lambda X: model.hessian(X, row_curvature),
        lambda X: model.hessian_diagonal(X, row_curvature),
        model.row_norms,
        lambda X: model.absolute_row_sums(X, row_curvature[:, 0]),
    ):
        found = function(S)
        assert type(found) is np.ndarray
        np.testing.assert_allclose(found, function(X), **ROUNDING)


@each_intercept
@each_size
def test_linear_second_derivatives_are_those_of_the_row_with_a_one(fit_intercept, k):
    X, model = rows(), Linear(5, k, fit_intercept)
    row_curvature = np.random.default_rng(2).random((len(X), k))
    Z = with_ones(X, fit_intercept)
    expected = np.stack([Z.T @ np.diag(column) @ Z for column in row_curvature.T])
    np.testing.assert_allclose(model.hessian(X, row_curvature), expected, **ROUNDING)
    np.testing.assert_allclose(
        model.hessian_diagonal(X, row_curvature),
        np.diagonal(expected, axis1=1, axis2=2),
        **ROUNDING,
    )
    np.testing.assert_allclose(model.row_norms(X), (Z**2).sum(axis=1), **ROUNDING)
    weight, size = row_curvature[:, 0], np.abs(Z)
    np.testing.assert_allclose(
        model.absolute_row_sums(X, weight), (size.T * weight @ size).sum(axis=1), **ROUNDING
    )


@each_sparse
def test_entries_stored_twice_are_their_sum(sparse):
    X = sparse(np.array([[1.0, 2.0], [0.0, 3.0]]))
    # the entry 2.0 as 0.5 + 1.5
    twice = type(X)((np.array([1.0, 0.5, 1.5, 3.0]), [0, 1, 1, 1], [0, 3, 4]), shape=(2, 2))
    model, ones = Linear(2, 1), np.ones((2, 1))
    np.testing.assert_array_equal(twice.toarray(), X.toarray())
    for function in (
        model.row_norms,
        lambda X: model.forward(np.array([1.0, 10.0, 100.0]), X)[0],
        lambda X: model.hessian(X, ones),
        lambda X: model.hessian_diagonal(X, ones),
    ):
        np.testing.assert_array_equal(function(twice), function(X))


def test_linear_starts_at_zero_in_the_dtype_asked_for():
    params = Linear(5, 3).init(np.random.default_rng(0), np.float32)
    assert params.dtype == np.float32
    assert params.tolist() == [0] * 18


# Networks


@each_activation
@each_depth
@pytest.mark.parametrize("standardized", [False, True], ids=["raw", "standardized"])
def test_network_raw_is_that_of_plain_numpy(name, hidden, standardized):
    X = rows()
    model = standardizing(name, hidden, X) if standardized else network(name, hidden)
    params = draw(model)
    raw, _ = model.forward(params, X)
    np.testing.assert_allclose(raw, plain_forward(model, FORMULAS[name][1], params, X), **ROUNDING)


@each_activation
@each_depth
@pytest.mark.parametrize("dropout", [0.0, 0.4], ids=["all", "dropout"])
def test_network_backward_is_the_difference_quotient_of_forward(name, hidden, dropout):
    X = rows(n=20)
    model = standardizing(name, hidden, X, dropout=dropout)
    params = draw(model)
    raw_gradient = np.random.default_rng(2).normal(size=(len(X), 2))

    def total(params):
        # the same seed is the same units switched off
        return np.vdot(raw_gradient, model.forward(params, X, np.random.default_rng(3))[0])

    found = backward(model, params, X, raw_gradient, np.random.default_rng(3))
    np.testing.assert_allclose(found, differences(total, params), rtol=1e-7, atol=1e-7)


@each_depth
@each_sparse
@pytest.mark.parametrize("standardized", [False, True], ids=["raw", "standardized"])
def test_network_sparse_is_dense(hidden, sparse, standardized):
    X = rows()
    model = standardizing("tanh", hidden, X) if standardized else network("tanh", hidden)
    params, raw_gradient = draw(model), np.random.default_rng(2).normal(size=(len(X), 2))
    raw, _ = model.forward(params, sparse(X))
    assert type(raw) is np.ndarray
    np.testing.assert_allclose(raw, model.forward(params, X)[0], **ROUNDING)
    np.testing.assert_allclose(
        backward(model, params, sparse(X), raw_gradient),
        backward(model, params, X, raw_gradient),
        **ROUNDING,
    )


@each_depth
def test_network_params_are_weights_then_biases_as_views(hidden):
    model = network("tanh", hidden)
    params = np.arange(model.size, dtype=float)
    weights, biases = model.unpack(params)
    assert [w.shape for w in weights] == model.shapes
    assert [len(bias) for bias in biases] == list(model.sizes[1:])
    parts = [*weights, *biases]
    assert np.concatenate([part.ravel() for part in parts]).tolist() == params.tolist()
    assert all(np.shares_memory(part, params) for part in parts)


@each_activation
@each_depth
def test_hidden_layers_are_those_of_plain_numpy(name, hidden):
    X, value = rows(), FORMULAS[name][1]
    model = standardizing(name, hidden, X)
    params = draw(model)
    weights, biases = model.unpack(params)
    layer = (X - model.center) / model.std
    for depth in range(len(hidden)):
        layer = value(layer @ weights[depth] + biases[depth])
        for index in (depth, depth - len(hidden)):
            np.testing.assert_allclose(model.hidden(params, X, index), layer, **ROUNDING)


@each_depth
def test_raw_units_give_the_same_raw_predictions_without_standardizing(hidden):
    X = rows()
    model = standardizing("tanh", hidden, X)
    params = draw(model)
    bare = MLP(model.sizes, model.activation)
    np.testing.assert_allclose(
        bare.forward(model.raw_units(params), X)[0], model.forward(params, X)[0], **ROUNDING
    )


@each_depth
def test_raw_units_and_standard_units_are_inverses(hidden):
    model = standardizing("tanh", hidden, rows())
    params = draw(model)
    np.testing.assert_allclose(model.standard_units(model.raw_units(params)), params, **ROUNDING)
    np.testing.assert_allclose(model.raw_units(model.standard_units(params)), params, **ROUNDING)


def test_units_of_a_network_that_does_not_standardize_are_raw_and_copies():
    model = network("tanh", (4,))
    params = draw(model)
    for other in (model.raw_units(params), model.standard_units(params)):
        assert other.tolist() == params.tolist()
        assert not np.shares_memory(other, params)


@each_activation
def test_initial_weights_have_the_variance_of_the_activation_and_biases_are_zero(name):
    activation = FORMULAS[name][0]
    model = MLP((60, 80, 50), activation)
    params = model.init(np.random.default_rng(0), np.float64)
    weights, biases = model.unpack(params)
    for w in weights:
        variance = activation.init_gain / sum(w.shape)
        # of 4,000 uniform numbers: the relative error of a variance is sqrt(0.8 / 4000), 1.4 %
        assert w.var() == pytest.approx(variance, rel=0.07)
        assert abs(w.mean()) < 5 * np.sqrt(variance / w.size)
        assert np.abs(w).max() <= np.sqrt(3 * variance)
    assert not np.concatenate(biases).any()


# Of signals that enter ten layers at size one: their mean square, and the variance over rows, may
# shrink and grow so far. What tells rows apart does not pass many layers of sigmoids.
LEAST, LEAST_OF_SIGMOIDS, MOST = 0.02, 1e-8, 20


@each_activation
def test_ten_layers_neither_swallow_nor_blow_up_signals(name):
    width, activation = 100, FORMULAS[name][0]
    model = MLP((width,) * 12, activation)
    for seed in range(3):
        rng = np.random.default_rng(seed)
        params = model.init(rng, np.float64)
        _, tape = model.forward(params, rng.normal(size=(200, width)))
        z = tape[9][2]
        assert LEAST < (z**2).mean() < MOST
        least = LEAST_OF_SIGMOIDS if name == "logistic" else LEAST
        assert least < z.var(axis=0).mean() < MOST


def test_elu_is_as_loud_as_its_second_moment_asks():
    z = np.random.default_rng(0).normal(size=10**6)
    for alpha in (0.5, 1.0, 2.0):
        elu = ELU(alpha=alpha)
        assert elu.init_gain == pytest.approx(2 / np.mean(elu.value(z) ** 2), rel=0.01)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_initial_weights_are_those_of_the_seed(dtype):
    model = network("relu", (4, 3))
    first, again, other = (model.init(np.random.default_rng(s), dtype) for s in (0, 0, 1))
    assert first.dtype == dtype
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()


# Dropout


def constant_rows(n):
    return np.tile(rows(1, 5, seed=4) + 0.5, (n, 1))


@pytest.mark.parametrize("dropout", [0.2, 0.5, 0.9])
def test_dropout_keeps_the_expectation_of_the_next_layer(dropout):
    X = constant_rows(20_000)
    model = network("tanh", (6,), dropout=dropout)
    params = draw(model)
    raw, _ = model.forward(params, X, np.random.default_rng(5))
    error = raw.std(axis=0) / np.sqrt(len(X))
    expected = model.forward(params, X[:1])[0][0]
    assert (error > 0).all()
    assert (np.abs(raw.mean(axis=0) - expected) < 4 * error).all()


@pytest.mark.parametrize("dropout", [0.2, 0.5, 0.9])
def test_dropout_switches_off_that_share_of_every_hidden_layer(dropout):
    X = constant_rows(4_000)
    model = network("logistic", (6, 5), dropout=dropout)  # the sigmoid itself is never zero
    _, tape = model.forward(draw(model), X, np.random.default_rng(5))
    inputs, *hidden = [layer for layer, *_ in tape]
    np.testing.assert_array_equal(inputs, X)
    for layer in hidden:
        error = np.sqrt(dropout * (1 - dropout) / layer.size)
        assert abs(np.mean(layer == 0) - dropout) < 4 * error


def test_dropout_is_that_of_the_seed_and_new_in_every_batch():
    X, model = rows(), network("tanh", (6, 5), dropout=0.5)
    params, rng = draw(model), np.random.default_rng(5)
    first, second = (model.forward(params, X, rng)[0] for _ in range(2))
    again = model.forward(params, X, np.random.default_rng(5))[0]
    assert first.tolist() == again.tolist()
    assert first.tolist() != second.tolist()


def test_prediction_knows_no_dropout():
    X = rows()
    with_dropout, without = (network("tanh", (6,), dropout=p) for p in (0.5, 0.0))
    params = draw(without)
    found, expected = (m.forward(params, X)[0] for m in (with_dropout, without))
    assert found.tolist() == expected.tolist()
    assert with_dropout.hidden(params, X, 0).all()


def test_no_dropout_draws_no_random_numbers():
    rng, fresh = np.random.default_rng(5), np.random.default_rng(5)
    model = network("tanh", (6,), dropout=0.0)
    model.forward(draw(model), rows(), rng)
    assert rng.random() == fresh.random()


# All of them

MODELS = {
    "linear": Linear(5, 2),
    "linear-no-b": Linear(5, 2, fit_intercept=False),
    "mlp": network("relu", (4, 3)),
    "mlp-dropout": network("tanh", (4,), dropout=0.3),
    "mlp-standardized": standardizing("logistic", (4,), rows()),
}
each_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


def as_float32(model):
    """The same model; its statistics in the dtype of the data, as estimators have them."""
    if getattr(model, "std", None) is None:
        return model
    center, std = model.center.astype(np.float32), model.std.astype(np.float32)
    return MLP(model.sizes, model.activation, model.dropout, center, std)


@each_model
@pytest.mark.parametrize("storage", [np.asarray, sp.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("params_dtype", [np.float32, np.float64])
def test_rows_of_float32_give_raw_predictions_of_float32(model, storage, params_dtype):
    X, params = rows(), draw(model)
    raw_gradient = np.random.default_rng(2).normal(size=(len(X), 2))
    exact = model.forward(params, X)[0], backward(model, params, X, raw_gradient)
    params, X32, small = (
        params.astype(params_dtype),
        storage(X.astype(np.float32)),
        as_float32(model),
    )
    raw, tape = small.forward(params, X32)
    out = np.empty_like(params)
    small.backward(params, tape, raw_gradient.astype(np.float32), out)
    assert raw.dtype == np.float32
    np.testing.assert_allclose(raw, exact[0], **FLOAT32)
    np.testing.assert_allclose(out, exact[1], **FLOAT32)


@each_model
@pytest.mark.parametrize("storage", [np.asarray, sp.csr_array], ids=["dense", "sparse"])
def test_rows_params_and_raw_gradients_are_not_written_to(model, storage):
    params, X = draw(model), storage(rows())
    raw_gradient = np.ones((X.shape[0], 2))
    data = X if isinstance(X, np.ndarray) else X.data
    for array in (params, data, raw_gradient):
        array.flags.writeable = False
    backward(model, params, X, raw_gradient, np.random.default_rng(0))


@each_model
def test_rows_do_not_know_of_each_other(model):
    X, params = rows(), draw(model)
    together = model.forward(params, X)[0]
    alone = np.vstack([model.forward(params, X[i : i + 1])[0] for i in range(len(X))])
    np.testing.assert_allclose(alone, together, **ROUNDING)


@each_model
def test_memory_order_of_rows_does_not_matter(model):
    X, params = rows(), draw(model)
    np.testing.assert_allclose(
        model.forward(params, np.asfortranarray(X))[0], model.forward(params, X)[0], **ROUNDING
    )


@each_model
def test_size_is_the_length_of_the_parameters(model):
    weights, biases = model.unpack(np.empty(model.size))
    assert sum(part.size for part in [*weights, *biases]) == model.size
    assert model.init(np.random.default_rng(0), np.float64).shape == (model.size,)


@each_model
@pytest.mark.parametrize("storage", [np.asarray, sp.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("may_overwrite", [False, True])
def test_a_prepared_model_and_its_rows_are_the_model_and_rows(model, storage, may_overwrite):
    X, params, raw_gradient = storage(rows()), draw(model), np.ones((30, 2))
    expected = model.forward(params, X)[0], backward(model, params, X, raw_gradient)
    given = X.copy()
    if not may_overwrite and isinstance(given, np.ndarray):
        given.flags.writeable = False
    other, prepared = model.prepared(given, may_overwrite)
    for _ in range(2):
        np.testing.assert_array_equal(other.forward(params, prepared)[0], expected[0])
        np.testing.assert_array_equal(backward(other, params, prepared, raw_gradient), expected[1])


@each_model
@pytest.mark.parametrize("storage", [np.asarray, sp.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_raw_is_forward_without_a_tape_and_of_a_constant_too(model, storage, dtype):
    X, params = storage(rows().astype(dtype)), draw(model).astype(dtype)
    constant = params.copy()
    model.unpack(constant)[0][-1][...] = 0
    for each in (params, constant):
        found, expected = as_float32(model).raw(each, X), as_float32(model).forward(each, X)[0]
        assert found.dtype == expected.dtype
        np.testing.assert_allclose(found, expected, rtol=1e-6)
