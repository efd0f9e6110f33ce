"""partial_fit with all defaults, on rows in units that nobody has looked at."""

import warnings

import numpy as np
import pytest
from common import REGRESSORS, plain_losses
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss

from sklearn_gd import GDLinearRegressor, GDLogisticClassifier, GDSoftmaxClassifier
from sklearn_gd.losses import LOSSES


@pytest.mark.parametrize("offset", [0, 50], ids=["centred", "far from zero"])
def test_three_passes_over_columns_in_any_units_come_within_two_per_cent(offset):
    rng = np.random.default_rng(0)
    n, d, chunk = 30_000, 20, 1000
    Z = rng.normal(size=(n, d))
    y = (Z @ rng.normal(size=d) / 2 + rng.logistic(size=n) > 0).astype(int)
    X = (Z + offset) * np.logspace(-4, 4, d)
    best = log_loss(y, GDLogisticClassifier(alpha=1e-6).fit(X, y).predict_proba(X))
    stream = GDLogisticClassifier(alpha=1e-6, random_state=0)
    for _ in range(3):
        for start in range(0, n, chunk):
            rows = slice(start, start + chunk)
            stream.partial_fit(X[rows], y[rows], classes=[0, 1])
    assert log_loss(y, stream.predict_proba(X)) <= 1.02 * best


# Law 14: a stream recovers from what its first chunks were.

CHUNK = 50
# Later rows for each of the first ones.
LATER = 20
# The rate of a solver that is named comes from the first chunk: tests/test_faults.py.
MODELS = {
    "squared": GDLinearRegressor(),
    "huber": GDLinearRegressor(loss="huber"),
    "absolute": GDLinearRegressor(loss="absolute_error"),
    "poisson": GDLinearRegressor(loss="poisson"),
    "logistic": GDLogisticClassifier(),
    "one-vs-rest": GDLogisticClassifier(),
    "softmax": GDSoftmaxClassifier(),
}


def rows_of(name, rng, n):
    """Rows in raw units with a target of this model."""
    Z = rng.normal(size=(n, 3))
    raw = Z @ [1.0, 2.0, 0.5]
    if name == "poisson":
        y = rng.poisson(np.exp(raw / 3))
    elif name == "logistic":
        y = (raw + rng.logistic(size=n) > 0).astype(int)
    elif name in ("one-vs-rest", "softmax"):
        y = np.digitize(raw + rng.logistic(size=n), [-1.0, 1.0])
    else:
        y = raw + rng.normal(size=n)
    return Z * [1.0, 100.0, 0.01], y


def in_order(order, X, y, rng):
    """The first rows as a stream in this order would bring them: some of them all of its head."""
    by = {
        "class or target": np.argsort(y, kind="stable"),
        "class or target, falling": np.argsort(-y, kind="stable"),
        "feature": np.argsort(X[:, 1]),
        "drift": np.argsort(X @ [1.0, 0.01, 100.0] + rng.normal(size=len(y))),
    }
    if order in by:
        head = by[order][: len(y) // 10]
        return X[head], y[head]
    X, y = X[: len(y) // 10], y[: len(y) // 10]
    if order == "unit of X":
        return X * [1e-3, 10.0, 1.0], y
    if order == "unit of y" and y.dtype.kind == "f":
        return X, y * 1e-3
    if order == "level of y" and y.dtype.kind == "f":
        return X, y + 10
    return X, np.full_like(y, y[0])


ORDERS = ["class or target", "class or target, falling", "feature", "drift"]
ORDERS += ["unit of X", "unit of y", "level of y", "constant"]


def in_chunks(model, X, y, classes):
    for start in range(0, len(y), CHUNK):
        rows = slice(start, start + CHUNK)
        model.partial_fit(X[rows], y[rows], **classes)
    return model


def mean_loss(model, X, y):
    if not isinstance(model, REGRESSORS):
        return plain_losses(model, X, y).mean()
    prediction = model.predict(X)
    raw = np.log(prediction) if model.loss == "poisson" else prediction
    return LOSSES[model.loss]().value(y[:, np.newaxis], raw[:, np.newaxis]).mean()


@pytest.mark.parametrize("name", MODELS)
@settings(derandomize=True, deadline=None, max_examples=8, phases=[Phase.generate])
@given(order=st.sampled_from(ORDERS), n_first=st.integers(1, 2), seed=st.integers(0, 2**16))
def test_a_stream_recovers_from_its_first_chunks(name, order, n_first, seed):
    rng = np.random.default_rng(seed)
    X, y = rows_of(name, rng, 10 * n_first * CHUNK)
    first = in_order(order, X, y, rng)
    X, y = rows_of(name, rng, LATER * n_first * CHUNK)
    classes = {"classes": np.unique(y)} if y.dtype.kind == "i" and name != "poisson" else {}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", ".* begins again with them", ConvergenceWarning)
        stream = in_chunks(clone(MODELS[name]), *first, classes)
        stream = in_chunks(stream, X, y, classes)
        other = in_chunks(clone(MODELS[name]), X, y, classes)
    constant = np.zeros_like(X)
    best_constant = clone(MODELS[name]).set_params(solver="auto").fit(constant, y)
    to_learn = mean_loss(best_constant, constant, y)
    assert mean_loss(stream, X, y) <= mean_loss(other, X, y) + 0.01 * to_learn


@pytest.mark.parametrize("name", ["squared", "huber", "poisson", "logistic", "softmax"])
def test_a_stream_that_begins_again_says_so_and_is_the_stream_of_the_later_rows(name):
    rng = np.random.default_rng(0)
    X, y = rows_of(name, rng, 500)
    classes = {"classes": np.unique(y)} if name in ("logistic", "softmax") else {}
    stream = in_chunks(clone(MODELS[name]), 1e-3 * X, y, classes)
    with pytest.warns(ConvergenceWarning, match="begins again with them.*same units"):
        stream.partial_fit(X[:CHUNK], y[:CHUNK])
    other = clone(MODELS[name]).partial_fit(X[:CHUNK], y[:CHUNK], **classes)
    np.testing.assert_allclose(stream.coef_, other.coef_, rtol=1e-12)


def test_a_stream_that_knows_its_rows_is_not_shaken_by_sorted_ones(recwarn):
    rng = np.random.default_rng(0)
    X, y = rows_of("logistic", rng, 3000)
    model = in_chunks(clone(MODELS["logistic"]), X, y, {"classes": [0, 1]})
    order = np.argsort(y[:500], kind="stable")
    in_chunks(model, X[order], y[order], {})
    in_chunks(model, X[order][::-1], y[order][::-1], {})
    assert not recwarn.list
    assert mean_loss(model, X, y) < 1.1 * mean_loss(GDLogisticClassifier().fit(X, y), X, y)
