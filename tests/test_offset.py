"""A known number that is added to the raw prediction of each row: log exposure, say."""

import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from common import LOG_LINKS, make_data
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.linear_model import GammaRegressor, PoissonRegressor, TweedieRegressor
from sklearn.metrics import mean_poisson_deviance
from sklearn.model_selection import cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_gd import GDLinearRegressor
from sklearn_gd.losses import LOSSES, Gamma, Loss, MoreauEnvelope, Quantile, Tweedie
from sklearn_gd.losses.offset import WithOffset

EXACT = {"tol": 1e-12}
each_loss = pytest.mark.parametrize("loss", LOSSES)


def insurance(n_samples=300, loss="poisson"):
    """Features, claims, and the years in which they were counted."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_samples, 3))
    years = rng.uniform(0.1, 5, n_samples)
    mean = years * np.exp(X @ [0.5, -0.3, 0.2] - 0.5)
    y = (
        rng.poisson(mean).astype(float)
        if loss == "poisson"
        else mean * rng.gamma(3, size=n_samples)
    )
    return X, y, years


# Laws


@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@each_loss
def test_an_offset_is_a_feature_whose_coefficient_is_one(loss, weighted):
    X, y, years = insurance(loss=loss)
    weight = np.random.default_rng(1).integers(0, 4, len(y)) if weighted else None
    offset = np.log(years)
    model = GDLinearRegressor(loss=loss, alpha=0.01, **EXACT)
    model.fit(X, y, weight, offset=offset)
    names = ["a", "b", "c", "offset"]
    fixed = {"lower": {"offset": 1}, "upper": {"offset": 1}, "penalty_weights": {"offset": 0}}
    other = clone(model).set_params(**fixed)
    other.fit(pd.DataFrame(np.column_stack([X, offset]), columns=names), y, weight)
    assert model.converged_
    assert model.objective_ == pytest.approx(other.objective_, rel=1e-7)
    assert_allclose(model.coef_, other.coef_[:3], atol=1e-4)


@each_loss
def test_an_offset_of_zero_is_none_and_a_constant_one_moves_the_intercept(loss):
    X, y, _ = insurance(loss=loss)
    plain, zero, constant = (
        GDLinearRegressor(loss=loss, alpha=0.01, **EXACT).fit(X, y, offset=offset)
        for offset in (None, np.zeros(len(y)), np.full(len(y), 0.7))
    )
    assert_allclose(zero.coef_, plain.coef_, atol=1e-8)
    assert_allclose(constant.coef_, plain.coef_, atol=1e-4)
    assert constant.intercept_ + 0.7 == pytest.approx(plain.intercept_, abs=1e-4)
    assert_allclose(zero.predict(X), plain.predict(X), rtol=1e-7)


def test_counts_of_merged_rows_with_their_exposure_are_those_of_separate_rows():
    X, _, _ = insurance(60)
    copies = np.random.default_rng(1).integers(1, 6, 60)
    rows = np.repeat(np.arange(60), copies)
    y = np.random.default_rng(2).poisson(np.exp(X @ [0.5, -0.3, 0.2])[rows]).astype(float)
    settings = {"loss": "poisson"} | EXACT
    separate = GDLinearRegressor(alpha=0.02, **settings).fit(X[rows], y)
    # the mean is over fewer rows, each of which has the loss of several
    merged = GDLinearRegressor(alpha=0.02 * len(rows) / 60, **settings)
    merged.fit(X, np.bincount(rows, y), offset=np.log(copies))
    assert_allclose(merged.coef_, separate.coef_, atol=1e-6)
    assert merged.intercept_ == pytest.approx(separate.intercept_, abs=1e-6)


@pytest.mark.parametrize(
    ("loss", "power", "peer"),
    [
        ("poisson", 1, PoissonRegressor()),
        (Tweedie(power=1.4), 1.4, TweedieRegressor(power=1.4)),
        ("gamma", 2, GammaRegressor()),
    ],
    ids=str,
)
def test_an_offset_is_what_weights_of_exposure_are_in_scikit_learn(loss, power, peer):
    X, y, years = insurance(loss=loss)
    weight = years ** (2 - power)
    # its objective is over the sum of weights
    peer.set_params(alpha=0.1 / weight.mean(), solver="newton-cholesky", tol=1e-12)
    peer.fit(X, y / years, sample_weight=weight)
    model = GDLinearRegressor(loss=loss, alpha=0.1, **EXACT).fit(X, y, offset=np.log(years))
    assert_allclose(model.coef_, peer.coef_, atol=1e-6)
    assert_allclose(model.predict(X), peer.predict(X), rtol=1e-6)
    assert_allclose(model.predict(X, offset=np.log(years)), years * peer.predict(X), rtol=1e-6)


@pytest.mark.parametrize("solver", ["gd", "lbfgs", "newton-cg", "saga", "adam", "sgd"])
def test_solvers_and_storages_see_the_same_offset(solver):
    X, y, years = insurance()
    settings = {"loss": "poisson", "alpha": 0.01, "random_state": 0, "max_iter": 300, "tol": 1e-4}
    best = GDLinearRegressor(loss="poisson", alpha=0.01).fit(X, y, offset=np.log(years))
    for rows in (X, sp.csr_array(X)):
        model = GDLinearRegressor(solver=solver, **settings).fit(rows, y, offset=np.log(years))
        assert model.objective_ == pytest.approx(best.objective_, rel=1e-2)


def test_rows_of_weight_zero_are_removed_with_their_offset():
    X, y, years = insurance()
    weight = np.random.default_rng(1).integers(0, 3, len(y)).astype(float)
    kept = weight > 0
    model = GDLinearRegressor(loss="poisson")
    mine = clone(model).fit(X, y, weight, offset=np.log(years))
    other = clone(model).fit(X[kept], y[kept], weight[kept], offset=np.log(years[kept]))
    assert_array_equal(mine.coef_, other.coef_)


@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@each_loss
def test_the_baseline_is_the_best_constant_beside_the_offset(loss, weighted):
    loss = LOSSES[loss]()
    _, y, years = insurance(60, loss="poisson" if loss == "poisson" else "gamma")
    y, offset = y[:, np.newaxis], np.log(years)[:, np.newaxis]
    weight = np.random.default_rng(1).uniform(0.1, 2, 60) if weighted else None
    outer = WithOffset(loss=loss)
    packed = np.hstack([y, offset])
    best = outer.baseline(packed, 1, weight)
    unit = np.ones(60) if weight is None else weight

    def total(constant):
        return unit @ outer.value(packed, np.full((60, 1), constant))

    # Huber and the like begin at a median, which is near
    step = 1.0 if type(loss).__name__ in ("Huber", "LogCosh", "EpsilonInsensitive") else 1e-3
    assert total(best[0]) <= total(best[0] + step) * (1 + 1e-12)
    assert total(best[0]) <= total(best[0] - step) * (1 + 1e-12)


# The loss


@pytest.mark.parametrize("loss", [Gamma(), MoreauEnvelope(loss=Quantile(), width=0.5)], ids=repr)
def test_the_loss_is_that_of_the_raw_prediction_with_the_offset(loss):
    rng = np.random.default_rng(0)
    y, raw, offset = rng.gamma(2, size=(9, 2)), rng.normal(size=(9, 2)), rng.normal(size=(9, 2))
    outer, packed = WithOffset(loss=loss), np.hstack([y, offset])
    for name in ("value", "gradient", "second_derivative"):
        found = getattr(outer, name)(packed, raw)
        assert_array_equal(found, getattr(loss, name)(y, raw + offset))
    assert_array_equal(outer.value_and_gradient(packed, raw)[1], loss.gradient(y, raw + offset))


@each_loss
def test_what_a_loss_says_of_itself_it_says_with_an_offset(loss):
    loss = LOSSES[loss]()
    told = [name for name in vars(Loss) if name.startswith(("is_", "has_m", "has_k", "link"))]
    for name in (*told, "curvature", "mean_curvature"):
        assert getattr(WithOffset(loss=loss), name) == getattr(loss, name), name


# Streams, validation, routing


def test_a_stream_with_offsets_comes_near_the_optimum():
    X, y, years = insurance(6000)
    best = GDLinearRegressor(loss="poisson").fit(X, y, offset=np.log(years))
    stream = GDLinearRegressor(loss="poisson")
    for part in np.array_split(np.arange(6000), 20):
        stream.partial_fit(X[part], y[part], offset=np.log(years[part]))
    assert_allclose(stream.coef_, best.coef_, atol=0.05)


def test_a_stream_has_an_offset_in_all_chunks_or_in_none():
    X, y, years = insurance()
    model = GDLinearRegressor(loss="poisson").partial_fit(X, y, offset=np.log(years))
    with pytest.raises(ValueError, match=r"fitted with an offset, .* pass zeros"):
        model.partial_fit(X, y)
    with pytest.raises(ValueError, match="fitted without an offset"):
        GDLinearRegressor(loss="poisson").fit(X, y).partial_fit(X, y, offset=np.log(years))


def test_the_validation_score_is_that_of_predictions_with_the_offset():
    X, y, years = insurance()
    offset = np.log(years)
    model = GDLinearRegressor(loss="poisson", early_stopping=True)
    model.fit(X, y, offset=offset, X_val=X[:50], y_val=y[:50], offset_val=offset[:50])
    deviance = mean_poisson_deviance(y[:50], model.predict(X[:50], offset=offset[:50]))
    assert model.best_validation_score_ == pytest.approx(-deviance / 2)
    held_out = clone(model).fit(X, y, offset=offset)
    assert_allclose(held_out.coef_, model.coef_, atol=0.2)


def test_an_offset_that_would_be_ignored_is_refused():
    X, y, years = insurance()
    model = GDLinearRegressor(loss="poisson", early_stopping=True)
    rows = {"X_val": X, "y_val": y}
    with pytest.raises(ValueError, match="offset and offset_val must be passed together"):
        model.fit(X, y, offset=years, **rows)
    with pytest.raises(ValueError, match="offset and offset_val must be passed together"):
        model.fit(X, y, offset_val=years, **rows)
    with pytest.raises(ValueError, match="scoring='r2' does not support an offset"):
        clone(model).set_params(scoring="r2").fit(X, y, offset=years)


def test_an_offset_is_routed_as_metadata():
    X, y, years = insurance()
    with config_context(enable_metadata_routing=True):
        model = GDLinearRegressor(loss="poisson").set_fit_request(offset=True)
        model.set_score_request(offset=True)
        offset = np.log(years)
        scores = cross_validate(model, X, y, params={"offset": offset})["test_score"]
        # the scores that scikit-learn 1.6 makes of a pipeline leave it out
        pipeline = make_pipeline(StandardScaler(), model).fit(X, y, offset=offset)
        score = pipeline.score(X, y, offset=offset)
    assert scores.mean() > 0.4
    assert score > 0.4


# Shapes and predictions


def test_several_targets_share_an_offset_or_have_one_each():
    X, y, years = insurance()
    both, offset = np.column_stack([y, y + 1]), np.log(years)
    settings = {"loss": "poisson"} | EXACT
    shared = GDLinearRegressor(**settings).fit(X, both, offset=offset)
    each = GDLinearRegressor(**settings).fit(X, both, offset=np.column_stack([offset, offset]))
    assert_array_equal(shared.coef_, each.coef_)
    assert_allclose(
        shared.coef_[0], GDLinearRegressor(**settings).fit(X, y, offset=offset).coef_, atol=1e-6
    )
    assert shared.predict(X, offset=offset).shape == (300, 2)
    column = GDLinearRegressor(**settings).fit(X, y[:, np.newaxis], offset=offset)
    assert column.predict(X, offset=offset).shape == (300, 1)


def test_score_and_predictions_use_the_offset_and_none_is_zero():
    X, y, years = insurance()
    model = GDLinearRegressor(loss="poisson").fit(X, y, offset=np.log(years))
    assert_allclose(model.predict(X, offset=np.log(years)), years * model.predict(X))
    assert model.score(X, y, offset=np.log(years)) > model.score(X, y) + 0.1
    again = pickle.loads(pickle.dumps(model))
    assert_array_equal(again.predict(X), model.predict(X))


def test_float32_stays_float32():
    X, y, years = (array.astype(np.float32) for array in insurance())
    model = GDLinearRegressor(loss="poisson").fit(X, y, offset=np.log(years))
    assert model.coef_.dtype == np.float32
    assert model.predict(X, offset=np.log(years.astype(float))).dtype == np.float32


@pytest.mark.parametrize("bad", [np.zeros(3), np.zeros((300, 2)), np.full(300, np.nan), 1.0])
def test_a_bad_offset_is_an_error_that_names_it(bad):
    X, y, years = insurance()
    model = GDLinearRegressor(loss="poisson")
    with pytest.raises(ValueError, match="offset"):
        model.fit(X, y, offset=bad)
    assert not hasattr(model, "coef_")
    model.fit(X, y, offset=np.log(years))
    with pytest.raises(ValueError, match="offset"):
        model.predict(X, offset=bad)


@pytest.mark.parametrize("loss", ["squared_error", *LOG_LINKS])
def test_a_model_with_an_offset_has_no_counterpart(loss):
    X, y, years = insurance(loss="gamma")
    model = GDLinearRegressor(loss=loss).fit(X, y, offset=years)
    with pytest.raises(ValueError, match="it was fitted with an offset"):
        model.to_sklearn()
    assert GDLinearRegressor(loss=loss).fit(X, y).to_sklearn() is not None


def test_targets_are_checked_with_an_offset_too():
    X, y = make_data("regression")
    with pytest.raises(ValueError, match="'poisson' needs y >= 0"):
        GDLinearRegressor(loss="poisson").fit(X, y - 100, offset=y)
