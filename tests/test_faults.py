"""Kinds of faults that were found on public reports, each with its siblings."""

import tracemalloc
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression, QuantileRegressor
from sklearn.preprocessing import scale

from sklearn_gd import (
    GDLinearClassifier,
    GDLinearRegressor,
    GDLogisticClassifier,
    GDMLPClassifier,
    GDMLPRegressor,
    GDSoftmaxClassifier,
    regularization_path,
)
from sklearn_gd.losses import Huber, Loss, Quantile
from sklearn_gd.penalties import GroupLasso

quiet = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def stream(model, X, y, chunk=50, **options):
    for start in range(0, len(X), chunk):
        model.partial_fit(X[start : start + chunk], y[start : start + chunk], **options)
    return model


# Streams recover.


def one_class_first():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 3))
    y = (X[:, 0] > 0).astype(int)
    first = np.flatnonzero(y == 0)[:50]
    order = np.r_[first, np.setdiff1d(np.arange(2000), first)]
    return X[order], y[order]


@pytest.mark.parametrize(
    "model",
    [
        GDMLPClassifier(random_state=0),
        GDLogisticClassifier(),
        GDLogisticClassifier(solver="sgd"),
        GDLogisticClassifier(solver="adam", learning_rate=0.5),
        GDLinearClassifier(loss="hinge", solver="sgd"),
        GDSoftmaxClassifier(solver="momentum"),
    ],
    ids=repr,
)
def test_a_first_chunk_of_one_class_is_unlearnt(model):
    X, y = one_class_first()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted = stream(clone(model), X, y, classes=[0, 1])
    assert fitted.score(X, y) > 0.9


@pytest.mark.parametrize("first", ["zeros", "constant", "level", "unit", "one row"])
@pytest.mark.parametrize("solver", ["sgd", "adam", "auto"])
def test_a_first_chunk_at_another_level_or_unit_is_unlearnt(first, solver):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(4000, 3))
    y = X @ [1.0, 2.0, 0.5]
    head = {
        "zeros": np.zeros(50), "constant": np.full(50, 7.0), "level": y[:50] + 5,
        "unit": y[:50] * 1e-6, "one row": y[:1],
    }[first]  # fmt: skip
    rate = 0.3 if solver == "adam" else "auto"
    model = GDLinearRegressor(solver=solver, learning_rate=rate)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.partial_fit(X[: len(head)], head)
        stream(model, X, y)
    assert model.score(X, y) > 0.95


@quiet
@pytest.mark.parametrize("solver", ["sgd", "momentum"])
def test_a_mad_rate_is_tamed_and_a_tamed_stream_stays_finite(solver):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1000, 3))
    y = X @ [1.0, 2.0, 0.5]
    model = GDLinearRegressor(solver=solver, learning_rate=100.0)
    for _ in range(10):
        stream(model, X, y)
    assert np.abs(model.coef_).max() < 1e3


def test_without_an_intercept_a_constant_column_is_learnt():
    rng = np.random.default_rng(0)
    X = np.column_stack([np.ones(4000), rng.normal(size=(4000, 2))])
    y = 10 + X[:, 1:] @ [1.0, 2.0]
    model = stream(GDLinearRegressor(fit_intercept=False), X, y)
    np.testing.assert_allclose(model.coef_, [10, 1, 2], rtol=0.15)


@pytest.mark.parametrize("loss", ["squared_error", "huber", "poisson"])
def test_without_an_intercept_columns_far_from_zero_do_not_explode(loss):
    rng = np.random.default_rng(0)
    x = 100 + rng.normal(size=(4000, 1))
    y = rng.poisson(np.exp(x[:, 0] / 50)) if loss == "poisson" else 2 * x[:, 0]
    model = stream(GDLinearRegressor(fit_intercept=False, loss=loss), x, y)
    best = GDLinearRegressor(fit_intercept=False, loss=loss).fit(x, y)
    np.testing.assert_allclose(model.coef_, best.coef_, rtol=0.1)


@pytest.mark.parametrize(
    ("shift", "width", "params"),
    [
        (10, 1, {"positive": True}),
        (100, 1, {"positive": True}),
        (1, 0.01, {"penalty": "l1", "alpha": 1e-3}),
        (1, 0.01, {"penalty": "elasticnet", "alpha": 1e-3}),
        (1, 0.01, {"penalty": GroupLasso(groups=[0]), "alpha": 1e-3}),
    ],
    ids=repr,
)
def test_a_proximal_step_moves_the_intercept_along(shift, width, params):
    z = np.random.default_rng(0).normal(size=4000)
    sign = -1 if "positive" in params else 3
    X, y = (shift + width * z)[:, np.newaxis], sign * z
    far = stream(GDLinearRegressor(**params), X, y)
    centred = stream(GDLinearRegressor(**params), X - shift, y)
    assert far.score(X, y) == pytest.approx(centred.score(X - shift, y), abs=0.01)


# Losses with conditions on y.


@quiet
@pytest.mark.parametrize("kind", [GDLinearRegressor, GDMLPRegressor])
def test_poisson_learns_from_chunks_without_an_event(kind):
    X, y = np.arange(8.0).reshape(-1, 1), np.array([1, 0, 2, 1, 0, 3, 1, 2.0])
    params = {"random_state": 0, "max_iter": 20} if kind is GDMLPRegressor else {}
    model = kind(loss="poisson", **params).partial_fit(X[:2], [0, 0])
    model.partial_fit(X, y).partial_fit(X[:2], [0.0, 0.0])
    before = model.predict(X)
    model.partial_fit(X[:2], y[:2], sample_weight=[0, 0])
    np.testing.assert_array_equal(model.predict(X), before)
    two = np.column_stack([y, np.zeros(8)])
    assert np.isfinite(kind(loss="poisson", **params).partial_fit(X, two).predict(X)).all()


@quiet
def test_poisson_scores_validation_rows_without_an_event():
    X, y = np.arange(8.0).reshape(-1, 1), np.array([1, 0, 2, 1, 0, 3, 1, 2.0])
    model = GDLinearRegressor(loss="poisson", early_stopping=True)
    model.fit(X, y, X_val=X[:2], y_val=[0, 0])
    assert np.isfinite(model.best_validation_score_)


def test_poisson_without_any_event_is_refused_in_fit():
    with pytest.raises(ValueError, match="needs a y above 0"):
        GDLinearRegressor(loss="poisson").fit([[0.0], [1.0]], [0, 0])


# Kinds of targets.


@pytest.mark.parametrize("kind", [GDLogisticClassifier, GDLinearClassifier, GDMLPClassifier])
def test_targets_of_later_rows_are_of_the_kind_of_the_first(kind):
    X, y = load_iris(return_X_y=True)
    matrix = np.eye(3, dtype=int)[y]
    with pytest.raises(ValueError, match=r"X_val, y_val .* must be of the kind"):
        kind(early_stopping=True).fit(X, y, X_val=X, y_val=matrix)
    with pytest.raises(ValueError, match=r"labels of shape \(n,\); got a 0/1 matrix"):
        kind().partial_fit(X, y, classes=[0, 1, 2]).partial_fit(X, matrix)
    with pytest.raises(ValueError, match="a 0/1 matrix of 3 labels; got labels"):
        kind().partial_fit(X, matrix, classes=[0, 1, 2]).partial_fit(X, y)
    with pytest.raises(ValueError, match=f"has 2 labels, but {kind.__name__} was fitted with 3"):
        kind().partial_fit(X, matrix, classes=[0, 1, 2]).partial_fit(X, matrix[:, :2])


@pytest.mark.parametrize("kind", [GDLogisticClassifier, GDLinearClassifier, GDMLPClassifier])
@pytest.mark.parametrize("values", [(-1, 1), (1, 2), (0, 2)])
def test_a_matrix_of_labels_holds_zeros_and_ones(kind, values):
    X, y = load_iris(return_X_y=True)
    matrix = np.where(np.eye(3, dtype=bool)[y], values[1], values[0])
    with pytest.raises(ValueError, match="must hold 1 for the labels of a row and 0"):
        kind().fit(X, matrix)


def test_class_weight_may_name_a_class_that_these_rows_lack():
    X, y = np.arange(6.0).reshape(-1, 1), ["a", "b"] * 3
    weights = {"a": 1.0, "b": 2.0, "rare": 10.0}
    model = GDLogisticClassifier(class_weight=weights).fit(X, y)
    other = GDLogisticClassifier(class_weight={"a": 1.0, "b": 2.0}).fit(X, y)
    np.testing.assert_array_equal(model.coef_, other.coef_)
    with pytest.raises(ValueError, match=r"does not have, \['B'\], and does not name \['b'\]"):
        GDLogisticClassifier(class_weight={"a": 1.0, "B": 2.0}).fit(X, y)


@pytest.mark.parametrize("kind", [GDLinearRegressor, GDMLPRegressor])
def test_sparse_targets_of_a_regressor_are_refused_in_a_sentence(kind):
    X = np.arange(6.0).reshape(-1, 1)
    with pytest.raises(ValueError, match=r"needs a dense one: pass y\.toarray"):
        kind().fit(X, sp.csr_matrix(X))


def test_groups_as_lists_are_refused_in_a_sentence():
    X = np.eye(3)
    with pytest.raises(ValueError, match="a label for each feature"):
        GDLinearRegressor(penalty=GroupLasso(groups=[[0, 1], [2]])).fit(X, X[:, 0])


# A problem that changes between chunks.


@pytest.mark.parametrize(
    ("model", "change"),
    [
        (GDLinearRegressor(), {"loss": "huber"}),
        (GDLinearRegressor(), {"fit_intercept": False}),
        (GDMLPRegressor(random_state=0), {"hidden_layer_sizes": (3,)}),
        (GDMLPRegressor(random_state=0), {"activation": "tanh"}),
        (GDMLPRegressor(random_state=0), {"loss": Huber()}),
    ],
    ids=repr,
)
@quiet
def test_what_partial_fit_cannot_change_is_refused(model, change):
    X, y = np.arange(12.0).reshape(-1, 1), np.arange(12.0)
    (name,) = change
    model = clone(model).partial_fit(X, y).set_params(**change)
    before = model.predict(X)
    with pytest.raises(ValueError, match=f"The '{name}' parameter .* partial_fit cannot change"):
        model.partial_fit(X, y)
    np.testing.assert_array_equal(model.predict(X), before)
    model.set_params(alpha=1.0).fit(X, y)


# Where a fit begins.


def test_a_warm_start_that_overflows_is_a_cold_one():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2))
    y = rng.poisson(np.exp(1 + X @ [0.5, 0.3])).astype(float)
    warm = GDLinearRegressor(loss="poisson", warm_start=True).fit(X, y).fit(3000 * X, y)
    cold = GDLinearRegressor(loss="poisson").fit(3000 * X, y)
    np.testing.assert_array_equal(warm.coef_, cold.coef_)


def test_a_warm_start_that_is_worse_than_a_cold_one_is_a_cold_one():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 3))
    y = X @ [1.0, 2.0, 0.5]
    model = GDMLPRegressor(warm_start=True, random_state=0, max_iter=100)
    assert model.fit(X, y).fit(X, y + 20).score(X, y + 20) > 0.99


@quiet
@pytest.mark.parametrize("solver", ["auto", "adam", "sgd", "lbfgs"])
def test_a_network_whose_warm_start_overflows_is_fitted_in_units_of_the_new_rows(solver):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2))
    y = rng.poisson(np.exp(1 + X @ [0.5, 0.3])).astype(float)
    model = GDMLPRegressor(loss="poisson", solver=solver, max_iter=20, random_state=0)
    warm = clone(model).set_params(warm_start=True).fit(X, y).fit(1e5 * X, y)
    cold = clone(model).fit(1e5 * X, y)
    np.testing.assert_array_equal(warm.predict(1e5 * X), cold.predict(1e5 * X))
    assert warm.loss_curve_ == cold.loss_curve_


@quiet
@pytest.mark.parametrize("loss", ["squared_error", "huber", "absolute_error", "poisson"])
def test_a_warm_network_is_no_worse_than_a_cold_one_when_units_change(loss):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2))
    y = rng.poisson(np.exp(1 + X @ [0.5, 0.3])).astype(float)
    model = GDMLPRegressor(loss=loss, max_iter=50, random_state=0)
    warm = clone(model).set_params(warm_start=True).fit(X, y).fit(1e4 * X - 1e5, 100 * y)
    cold = clone(model).fit(1e4 * X - 1e5, 100 * y)
    assert warm.objective_ <= 1.05 * cold.objective_


# Certificates.


@pytest.mark.parametrize("unit", [1.0, 1e2, 1e5, 1e9])
@pytest.mark.parametrize("seed", range(3))
def test_huber_in_large_units_reaches_its_optimum(unit, seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(200, 6))
    y = unit * (X.sum(axis=1) + rng.standard_t(2, size=200))
    model = GDLinearRegressor(loss="huber", alpha=0).fit(X, y)
    assert model.converged_
    assert 0 <= model.optimality_ <= model.tol
    median = QuantileRegressor(alpha=0, solver="highs").fit(X, y).predict(X)

    def loss(prediction):
        return Huber().value(y[:, np.newaxis], prediction[:, np.newaxis]).mean()

    assert loss(model.predict(X)) <= loss(median) * (1 + 1e-7)
    assert model.objective_ == pytest.approx(loss(model.predict(X)), rel=1e-9)


@pytest.mark.parametrize("quantile", [0.5, 0.9, 0.99])
@pytest.mark.parametrize("d", [20, 40])
def test_quantiles_of_many_features_converge(quantile, d):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1000, d))
    y = X @ rng.normal(size=d) + rng.exponential(size=1000)
    model = GDLinearRegressor(loss=Quantile(quantile=quantile), alpha=0).fit(X, y)
    peer = QuantileRegressor(quantile=quantile, alpha=0).fit(X, y)
    losses = [
        Quantile(quantile=quantile).value(y[:, np.newaxis], each.predict(X)[:, np.newaxis]).mean()
        for each in (model, peer)
    ]
    assert model.converged_
    assert losses[0] <= losses[1] * (1 + 2e-6)


@pytest.mark.parametrize("loss", ["absolute_error", "quantile", "epsilon_insensitive"])
@pytest.mark.parametrize("seed", range(4))
def test_kinked_losses_in_float32_claim_what_is_true(loss, seed, recwarn):
    rng = np.random.default_rng(seed)
    X = 10 + rng.normal(size=(500, 5))
    y = X @ np.arange(1, 6) + rng.normal(size=500)
    single = GDLinearRegressor(loss=loss, alpha=0).fit(X.astype("f4"), y.astype("f4"))
    double = GDLinearRegressor(loss=loss, alpha=0).fit(X, y)
    assert single.converged_
    assert not recwarn.list
    assert np.isnan(single.optimality_) or 0 <= single.optimality_ <= 1e-5
    assert single.objective_ <= double.objective_ * (1 + 1e-4)


def test_small_gains_of_the_validation_score_count():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 5))
    y = X @ rng.normal(size=5) + rng.normal(size=300)
    model = GDMLPRegressor(
        solver="sgd", learning_rate=1e-6, early_stopping=True, random_state=0, max_iter=30
    )
    with pytest.warns(ConvergenceWarning):
        model.fit(X, y)
    assert (np.diff(model.validation_scores_) > 0).all()
    assert model.n_iter_ == 30


@pytest.mark.parametrize("load", [load_breast_cancer, load_wine, load_iris, load_digits])
@pytest.mark.parametrize("units", [np.asarray, scale], ids=["raw", "scaled"])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_the_default_network_ends_without_a_warning(load, units, early_stopping, recwarn):
    X, y = load(return_X_y=True)
    model = GDMLPClassifier(random_state=0, early_stopping=early_stopping).fit(units(X), y)
    assert not recwarn.list
    assert model.converged_
    assert model.score(units(X), y) > 0.97


@pytest.mark.parametrize("rate", [1e-6, 1e-5, 1e-4])
@pytest.mark.parametrize("kind", [GDMLPClassifier, GDMLPRegressor])
def test_a_network_that_learns_slowly_from_the_start_has_not_converged(kind, rate):
    X, y = load_wine(return_X_y=True)
    model = kind(solver="sgd", learning_rate=rate, tol=1e-6, max_iter=100, random_state=0)
    with pytest.warns(ConvergenceWarning):
        model.fit(X, y)
    assert model.objective_ > 0.2 * model.loss_curve_[0]


@pytest.mark.parametrize("kind", [GDLogisticClassifier, GDSoftmaxClassifier, GDLinearClassifier])
@pytest.mark.parametrize("params", [{"penalty": None}, {"alpha": 0}], ids=repr)
def test_separable_classes_without_a_penalty_have_no_finite_optimum(kind, params):
    X, y = load_wine(return_X_y=True)
    with pytest.warns(ConvergenceWarning, match=r"grow without bound\. Set alpha > 0"):
        model = kind(**params).fit(X, y)
    assert model.stop_code_ == "no_finite_optimum"
    assert not model.converged_
    assert model.score(X, y) == 1.0
    assert kind().fit(X, y).converged_


@pytest.mark.parametrize("kind", [GDLogisticClassifier, GDSoftmaxClassifier])
def test_classes_that_overlap_have_an_optimum_without_a_penalty(kind):
    X, y = load_iris(return_X_y=True)
    model = kind(penalty=None).fit(X[:, :2], y)
    assert model.stop_code_ == "converged"


def test_a_squared_hinge_of_separable_classes_has_an_optimum():
    X, y = load_wine(return_X_y=True)
    assert GDLinearClassifier(loss="squared_hinge", penalty=None).fit(X, y).converged_


def test_validation_rows_in_other_units_are_warned_of():
    X, y = load_wine(return_X_y=True)
    model = GDLogisticClassifier(early_stopping=True)
    with pytest.warns(UserWarning, match="columns of X_val lie far from those of X"):
        model.fit(scale(X), y, X_val=X, y_val=y)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        model.fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
        model.fit(X[::2], y[::2], X_val=X[:3], y_val=y[:3])


def test_a_number_of_alphas_is_refused_with_an_example():
    X, y = load_wine(return_X_y=True)
    with pytest.raises(
        ValueError, match=r"got 100\. A range of them is, for example, np\.geomspace"
    ):
        regularization_path(GDLinearRegressor(), X, y, 100)


class WrongSign(Loss):
    def value(self, y, raw):
        return ((raw - y) ** 2).sum(axis=1) / 2

    def gradient(self, y, raw):
        return y - raw


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_a_run_without_a_rate_that_learns_is_not_converged(solver):
    X = np.random.default_rng(0).normal(size=(100, 2))
    model = GDLinearRegressor(loss=WrongSign(), solver=solver, learning_rate=0.1)
    with pytest.warns(ConvergenceWarning, match="stopped learning.*Check the gradient of WrongS"):
        model.fit(X, X.sum(axis=1))
    assert model.stop_code_ == "rate_cut"
    assert np.isfinite(model.coef_).all()


@pytest.mark.parametrize("rate", [10.0, 100.0])
@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_network_that_stops_after_its_rate_was_cut_is_not_converged(rate, solver, early_stopping):
    X, y = load_wine(return_X_y=True)
    model = GDMLPClassifier(
        solver=solver, learning_rate=rate, early_stopping=early_stopping, random_state=0
    )
    with pytest.warns(ConvergenceWarning, match=r"stopped learning.*Lower the learning_rate"):
        model.fit(X, y)
    assert model.stop_code_ == "rate_cut"
    assert not model.converged_
    assert "converged" not in model.stop_reason_


# Singular designs.


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_duplicate_columns_share_their_coefficient(dtype):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3)).astype(dtype)
    y = X.sum(axis=1) + rng.normal(size=300).astype(dtype)
    model = GDLinearRegressor(alpha=0).fit(np.hstack([X, X]), y)
    peer = LinearRegression().fit(np.hstack([X, X]).astype(float), y)
    assert model.converged_
    np.testing.assert_allclose(model.coef_, peer.coef_, rtol=1e-4 if dtype == np.float32 else 1e-6)


@pytest.mark.parametrize("weight", [1.0, 1e3, 1e-5])
def test_more_columns_than_rows_give_the_least_norm_in_any_order(weight):
    rng = np.random.default_rng(0)
    w, X = rng.normal(size=101), rng.normal(size=(100, 101))
    peer = LinearRegression(fit_intercept=False).fit(X, X @ w)
    order = rng.permutation(100)
    model = GDLinearRegressor(alpha=0, fit_intercept=False)
    model.fit(X[order], (X @ w)[order], sample_weight=np.full(100, weight))
    np.testing.assert_allclose(model.coef_, peer.coef_, atol=1e-8)


@pytest.mark.parametrize("loss", ["squared_error", "huber", "absolute_error", "poisson"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_one_hot_columns_with_an_intercept_add_up_to_zero(loss, dtype):
    rng = np.random.default_rng(0)
    group = rng.integers(0, 5, 500)
    X = np.column_stack([np.eye(5)[group], rng.normal(size=500)]).astype(dtype)
    y = np.abs(group + X[:, 5] + rng.normal(size=500)).astype(dtype)
    model = GDLinearRegressor(alpha=0, loss=loss).fit(X, y)
    assert model.converged_
    assert abs(model.coef_[:5].sum()) < 1e-4
    assert np.abs(model.coef_).max() < 10


@pytest.mark.parametrize("kind", [GDLogisticClassifier, GDSoftmaxClassifier])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_singular_classifiers_do_not_depend_on_the_order_of_rows(kind, n_classes):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2))
    y = np.digitize(X[:, 0] + rng.logistic(size=300), [-1.0, 1.0][: n_classes - 1])
    X = np.hstack([X, X[:, :1], np.ones((300, 1))])
    order = rng.permutation(300)
    mine, other = kind(alpha=0).fit(X, y), kind(alpha=0).fit(X[order], y[order])
    np.testing.assert_allclose(mine.coef_, other.coef_, atol=1e-4)
    np.testing.assert_allclose(mine.coef_[:, 0], mine.coef_[:, 2], atol=1e-9)
    np.testing.assert_allclose(mine.coef_[:, 3], 0, atol=1e-9)


def test_of_coefficients_that_rows_leave_open_the_nearest_to_coef_init():
    X = np.random.default_rng(0).normal(size=(50, 2))
    model = GDLinearRegressor(alpha=0)
    model.fit(np.hstack([X, X]), X @ [1.0, 2.0], coef_init=[1.0, 0.0, 0.0, 0.0])
    np.testing.assert_allclose(model.coef_, [1, 1, 0, 1], atol=1e-8)


@pytest.mark.parametrize("shift", [1e4, 1e8])
def test_a_column_far_from_zero_is_no_copy_of_the_intercept(shift):
    x = shift + np.random.default_rng(0).normal(size=(200, 1))
    model = GDLinearRegressor(alpha=0).fit(x, 3 * x[:, 0])
    np.testing.assert_allclose(model.coef_, [3], rtol=1e-4)


@pytest.mark.parametrize("params", [{"penalty": "l1"}, {"upper": 1.0}], ids=repr)
def test_a_proximal_fit_of_a_column_very_far_from_zero_claims_what_is_true(params):
    x = np.random.default_rng(0).normal(size=(20, 1))
    near = GDLinearRegressor(**params).fit(x, 0.5 * x[:, 0])
    far = GDLinearRegressor(**params).fit(x + 1e8, 0.5 * x[:, 0])
    assert far.converged_
    assert far.objective_ - near.objective_ <= 1e-6 * near.loss_curve_[0]


# Numbers at the edges.

NORMAL = np.random.default_rng(0).normal(size=(200, 2))


@pytest.mark.parametrize(
    ("X", "y", "weight"),
    [
        (NORMAL * 1e155, NORMAL[:, 0], None),
        (NORMAL, NORMAL[:, 0] * 1e200, None),
        (NORMAL, NORMAL[:, 0] * 1e-170, None),
        (NORMAL.astype("f4"), (NORMAL[:, 0] * 1e25).astype("f4"), None),
        ((NORMAL * 1e37).astype("f4"), NORMAL[:, 0].astype("f4"), None),
        (NORMAL, NORMAL[:, 0], np.full(200, 1e306)),
    ],
    ids=["large X", "large y", "small y", "float32 y", "float32 X", "weights"],
)
@pytest.mark.parametrize("alpha", [0, 1e-4])
def test_what_overflows_is_one_error_that_is_also_a_value_error(X, y, weight, alpha):
    model = GDLinearRegressor(alpha=alpha)
    for kind in (ValueError, FloatingPointError):
        with pytest.raises(kind, match="Check X, y and sample_weight for values near"):
            model.fit(X, y, sample_weight=weight)
    assert not hasattr(model, "coef_")


def test_a_column_below_the_normal_numbers_is_ignored():
    X = NORMAL.astype(np.float32)
    X[:, 1] = 0
    X[3, 1] = 1e-44
    y = X[:, 0].copy()
    for params in ({"alpha": 0}, {"standardize": True}, {}):
        np.testing.assert_allclose(GDLinearRegressor(**params).fit(X, y).coef_, [1, 0], atol=1e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isfinite(GDLinearRegressor().partial_fit(X, y).predict(X)).all()
    network = GDMLPClassifier(random_state=0, max_iter=5, tol=0).fit(X, y > 0)
    assert np.isfinite(network.predict_proba(X)).all()


# Memory, precision and batches.


@pytest.mark.parametrize(
    ("model", "limit"),
    [
        (GDSoftmaxClassifier(max_iter=1, tol=0), 90e6),
        (GDMLPRegressor(hidden_layer_sizes=(1000,), solver="lbfgs", max_iter=1, tol=0), 60e6),
    ],
    ids=["classes", "units"],
)
@quiet
def test_blocks_are_small_for_many_outputs_and_units_too(model, limit):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20_000, 4)), rng.integers(0, 300, 20_000)
    tracemalloc.start()
    clone(model).fit(X, y)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < limit


@pytest.mark.parametrize("alpha", [1e-4, 1e-2])
def test_l1_softmax_in_float32_ends_as_soon_as_in_float64(alpha):
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], 100)
    X = scale(np.array([[0, 4], [2, 1], [-2, 3]])[y] + rng.normal(size=(300, 2)))
    single = GDSoftmaxClassifier(penalty="l1", alpha=alpha).fit(X.astype(np.float32), y)
    double = GDSoftmaxClassifier(penalty="l1", alpha=alpha).fit(X, y)
    assert single.converged_
    assert single.n_iter_ <= 2 * double.n_iter_
    assert single.objective_ == pytest.approx(double.objective_, rel=1e-5)


@quiet
@pytest.mark.parametrize("solver", ["saga", "svrg"])
def test_variance_reduction_makes_many_updates_of_few_rows(solver):
    X, y = load_iris(return_X_y=True)
    X = scale(X)
    best = GDSoftmaxClassifier(alpha=1 / 150).fit(X, y).objective_
    model = GDSoftmaxClassifier(
        solver=solver, alpha=1 / 150, max_iter=200, tol=1e-12, random_state=0
    ).fit(X, y)
    assert model.objective_ <= best * (1 + 1e-5)
