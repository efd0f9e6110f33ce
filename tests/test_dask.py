"""Dask collections: the same fit on every scheduler, and predictions that are lazy."""

import os
import pickle
import signal
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from multiprocessing import get_context

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV

from sklearn_gd import (
    GDLinearClassifier,
    GDLinearRegressor,
    GDLogisticClassifier,
    GDMLPClassifier,
    GDMLPRegressor,
    GDSoftmaxClassifier,
)
from sklearn_gd.data import ChunkedSource
from tests.common import coefficients

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")

N, D = 240, 4
SIZES = (50, 1, 100, 89)
EDGES = np.cumsum([0, *SIZES])
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, D)) * [1, 10, 0.1, 1]
RAW = X @ [[1, 2, 0], [0.1, 0, 0.2], [3, 9, 5], [0, 1, -1]] + RNG.normal(size=(N, 3))
LABELS = np.array(["a", "b", "c"])[RAW.argmax(axis=1)]
WEIGHT = RNG.integers(0, 3, N).astype(float)

FITS = {
    "least squares": (GDLinearRegressor, {}, RAW[:, 0]),
    "absolute error": (
        GDLinearRegressor,
        {"loss": "absolute_error", "max_iter": 10, "tol": 0},
        RAW[:, 0],
    ),
    "logistic": (GDLogisticClassifier, {}, LABELS),
    "l1 standardized": (GDLogisticClassifier, {"penalty": "l1", "standardize": True}, LABELS),
    "balanced": (GDSoftmaxClassifier, {"class_weight": "balanced"}, LABELS),
    "newton-cg": (GDLogisticClassifier, {"solver": "newton-cg"}, LABELS),
    "hinge": (
        GDLinearClassifier,
        {"loss": "hinge", "alpha": 0.01, "max_iter": 10, "tol": 0},
        LABELS == "a",
    ),
    "early stopping": (GDLogisticClassifier, {"early_stopping": True}, LABELS),
    "multilabel": (GDLogisticClassifier, {}, (RAW > 0).astype(int)),
    "network": (
        GDMLPRegressor,
        {"solver": "lbfgs", "hidden_layer_sizes": (3,), "max_iter": 5, "tol": 0},
        RAW[:, 0],
    ),
}


def build(fit, **params):
    estimator, settings, _ = FITS[fit]
    return estimator(random_state=0, **(settings | params))


def on_dask(array, sizes=SIZES):
    return da.from_array(array, chunks=(sizes, *array.shape[1:]))


def in_chunks(y, weight=None):
    columns = [X, y] if weight is None else [X, y, weight]
    return ChunkedSource(
        [tuple(column[start:stop] for column in columns) for start, stop in pairwise(EDGES)]
    )


@pytest.fixture(scope="module")
def cluster():
    distributed = pytest.importorskip("distributed")
    settings = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    with (
        distributed.LocalCluster(**settings) as here,
        distributed.Client(here, set_as_default=False) as client,
    ):
        yield client


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("fit", FITS)
def test_the_same_chunks_give_the_same_bits_on_threads_of_dask_and_of_this_package(fit, weight):
    y = FITS[fit][2]
    here = build(fit).fit(in_chunks(y, weight))
    given = None if weight is None else on_dask(weight)
    for scheduler in ("synchronous", "threads"):
        with dask.config.set(scheduler=scheduler):
            there = build(fit).fit(on_dask(X), on_dask(y), sample_weight=given)
        assert np.array_equal(coefficients(there), coefficients(here))
        assert there.history_["objective"] == here.history_["objective"]
        assert there.history_["rounds"] == here.history_["rounds"]


@pytest.mark.slow
def test_the_same_bits_on_processes_and_on_a_cluster(cluster):
    fits = {fit: build(fit).fit(in_chunks(FITS[fit][2])) for fit in FITS}
    with cluster.as_current():
        for fit, here in fits.items():
            there = build(fit).fit(on_dask(X), on_dask(FITS[fit][2]))
            assert np.array_equal(coefficients(there), coefficients(here)), fit
    with (
        ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool,
        dask.config.set(scheduler="processes", pool=pool),
    ):
        there = build("logistic").fit(on_dask(X), on_dask(LABELS))
    assert np.array_equal(there.coef_, fits["logistic"].coef_)


@pytest.mark.slow
def test_a_killed_worker_costs_no_bit(monkeypatch):
    distributed = pytest.importorskip("distributed")
    from sklearn_gd.data.on_dask import Dask

    here = build("logistic").fit(in_chunks(LABELS))
    rounds, gather = [], Dask.gather

    def gather_and_kill(self, handles):
        rounds.append(len(handles))
        if len(rounds) == 6:  # in mid-fit, after the survey
            pids = client.run(os.getpid)
            os.kill(next(iter(pids.values())), signal.SIGKILL)
        return gather(self, handles)

    settings = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    with distributed.LocalCluster(**settings) as cluster, distributed.Client(cluster) as client:
        monkeypatch.setattr(Dask, "gather", gather_and_kill)
        there = build("logistic").fit(on_dask(X), on_dask(LABELS))
    assert len(rounds) > 8
    assert np.array_equal(there.coef_, here.coef_)


@pytest.mark.slow
def test_a_cluster_without_workers_is_an_error_and_no_hang(monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr("sklearn_gd.data.on_dask.SECONDS_WITHOUT_WORKER", 1.0)
    model = build("logistic").fit(X, LABELS)
    before = model.coef_
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address=":0") as cluster,
        distributed.Client(cluster),
        pytest.raises(RuntimeError, match="no worker for 1 seconds"),
    ):
        model.fit(on_dask(X), on_dask(LABELS))
    assert model.coef_ is before


@pytest.mark.slow
def test_a_grid_search_on_a_cluster_is_one_of_joblib(cluster):
    joblib = pytest.importorskip("joblib")
    search = GridSearchCV(build("logistic"), {"alpha": [0.1, 0.01]}, cv=2)
    here = clone(search).fit(X, LABELS)
    with cluster.as_current(), joblib.parallel_config("dask"):
        there = search.fit(X, LABELS)
    assert there.best_params_ == here.best_params_
    assert np.array_equal(there.best_estimator_.coef_, here.best_estimator_.coef_)


# Collections


def test_targets_chunked_in_another_way_and_features_split_by_columns():
    here = build("logistic").fit(in_chunks(LABELS))
    there = build("logistic").fit(
        da.from_array(X, chunks=(SIZES, 2)), da.from_array(LABELS, chunks=70)
    )
    assert np.array_equal(there.coef_, here.coef_)
    assert np.array_equal(build("logistic").fit(on_dask(X), LABELS).coef_, here.coef_)


def unknown(array, sizes=SIZES):
    """The same in chunks of which only the number is known."""
    blocks = da.from_array(array, chunks=(sizes, *array.shape[1:])).to_delayed().ravel()
    shape = (np.nan, *array.shape[1:])
    parts = [da.from_delayed(block, shape, dtype=array.dtype) for block in blocks]
    return da.concatenate(parts, allow_unknown_chunksizes=True)


def test_chunks_of_unknown_size():
    here = build("logistic").fit(in_chunks(LABELS))
    there = build("logistic").fit(unknown(X), unknown(LABELS))
    assert np.array_equal(there.coef_, here.coef_)
    assert there.score(unknown(X), unknown(LABELS)) == pytest.approx(here.score(X, LABELS))
    predicted = there.predict(unknown(X))
    assert np.isnan(predicted.shape[0])
    assert np.array_equal(predicted.compute(), here.predict(X))
    with pytest.raises(
        ValueError, match=r"In chunk (0: X has 50 rows, and y has 51|1: X has 1 rows, and y has 0)"
    ):
        build("logistic").fit(unknown(X), unknown(LABELS, (51, 0, 100, 89)))
    with pytest.raises(ValueError, match=r"X has 4 chunks of rows and y has 2, .*repartition"):
        build("logistic").fit(unknown(X), unknown(LABELS, (120, 120)))
    with pytest.raises(ValueError, match="y is an array in memory, and X is a dask collection"):
        build("logistic").fit(unknown(X), LABELS)
    with pytest.raises(ValueError, match="X has 240 rows, and y has 239"):
        build("logistic").fit(on_dask(X), LABELS[:-1])


def test_sparse_blocks_and_empty_ones():
    thin = X * (np.abs(X) > np.median(np.abs(X), axis=0))
    there = build("logistic").fit(on_dask(thin).map_blocks(sp.csr_matrix), on_dask(LABELS))
    here = build("logistic").fit(sp.csr_matrix(thin), LABELS)
    np.testing.assert_allclose(there.coef_, here.coef_, rtol=1e-7)
    sizes = (0, 100, 0, 140)
    model = build("logistic").fit(on_dask(X, sizes), on_dask(LABELS, sizes))
    assert np.array_equal(model.predict(on_dask(X, sizes)).compute(), model.predict(X))
    assert model.score(on_dask(X, sizes), on_dask(LABELS, sizes)) == model.score(X, LABELS)


def test_dataframes_and_their_names():
    dd = pytest.importorskip("dask.dataframe")
    table = pd.DataFrame(X, columns=list("pqrs")).assign(y=LABELS, w=WEIGHT)
    frame = dd.from_pandas(table, npartitions=3)
    features = frame[list("pqrs")]
    model = build("logistic").fit(features, frame["y"], sample_weight=frame["w"])
    here = build("logistic").fit(X, LABELS, sample_weight=WEIGHT)
    np.testing.assert_allclose(model.coef_, here.coef_, rtol=1e-7)
    assert model.feature_names_in_.tolist() == list("pqrs")
    np.testing.assert_allclose(
        model.predict_proba(features).compute(), model.predict_proba(table[list("pqrs")])
    )
    assert model.score(features, frame["y"]) == pytest.approx(
        model.score(table[list("pqrs")], LABELS)
    )
    with pytest.raises(ValueError, match=r"In chunk \d: columns \['p'\] are of type"):
        model.fit(features.astype({"p": "category"}), frame["y"])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("fit", ["least squares", "logistic", "balanced", "multilabel"])
def test_predictions_are_lazy_and_say_their_type_and_shape(fit, dtype):
    model = build(fit).fit(X.astype(dtype), FITS[fit][2])
    methods = ["predict"]
    if fit != "least squares":
        methods += ["decision_function", "predict_proba", "predict_log_proba"]
    for method in methods:
        wanted = getattr(model, method)(X.astype(dtype))
        found = getattr(model, method)(on_dask(X.astype(dtype)))
        assert isinstance(found, da.Array)
        assert (found.shape, found.dtype) == (wanted.shape, wanted.dtype)
        assert found.chunks[0] == SIZES
        if wanted.dtype.kind == "f":
            np.testing.assert_allclose(found.compute(), wanted, rtol=1e-4, atol=1e-6)
        else:
            assert np.array_equal(found.compute(), wanted)


def test_predictions_carry_no_history():
    from sklearn_gd._estimators.collections import for_prediction

    model = build("network").fit(X, RAW[:, 0])
    assert len(pickle.dumps(for_prediction(model))) < len(pickle.dumps(model))
    assert hasattr(model, "history_")


def test_errors_before_anything_is_computed():
    model = build("logistic")
    with pytest.raises(NotFittedError):
        model.predict(on_dask(X))
    model.fit(X, LABELS)
    with pytest.raises(ValueError, match="X has 3 features, but GDLogisticClassifier is expecting"):
        model.predict(on_dask(X[:, :3]))


# Estimators


def test_what_is_fitted_is_numpy_and_is_copied_without_dask():
    model = build("balanced").fit(on_dask(X), on_dask(LABELS))
    assert type(model.coef_) is np.ndarray
    again = pickle.loads(pickle.dumps(model))
    assert np.array_equal(again.predict(X), model.predict(X))
    assert b"dask" not in pickle.dumps(model)
    assert not hasattr(clone(model), "coef_")


@pytest.mark.parametrize("solver", ["adam", "sgd", "saga", "svrg"])
def test_solvers_that_would_bring_chunks_here_are_refused(solver):
    model = build("logistic", solver=solver, max_iter=1, tol=0).fit(X, LABELS)
    before = dict(vars(model))
    with pytest.raises(ValueError, match=r"brought to this process\. Use .*solver='lbfgs'"):
        model.fit(on_dask(X), on_dask(LABELS))
    assert vars(model).keys() == before.keys()


def test_networks_and_streams_say_what_to_do_instead():
    with pytest.raises(ValueError, match="partial_fit with one block in memory at a time"):
        build("logistic").partial_fit(on_dask(X), on_dask(LABELS), classes=["a", "b", "c"])
    with pytest.raises(ValueError, match="brought to this process"):
        GDMLPClassifier().fit(on_dask(X), on_dask(LABELS))


def test_what_cannot_be_used_is_named_by_its_chunk():
    bad = X.copy()
    bad[120, 2] = np.nan
    with pytest.raises(ValueError, match="In chunk 2: Input X contains NaN"):
        build("logistic").fit(on_dask(bad), on_dask(LABELS))
    with pytest.raises(ValueError, match=r"In chunk \d: it has no y"):
        build("logistic").fit(on_dask(X))


def test_validation_rows_may_be_dask_arrays():
    settings = {"early_stopping": True}
    mine = build("logistic", **settings).fit(
        on_dask(X), on_dask(LABELS), X_val=on_dask(X), y_val=on_dask(LABELS)
    )
    other = build("logistic", **settings).fit(X, LABELS, X_val=X, y_val=LABELS)
    np.testing.assert_allclose(mine.coef_, other.coef_, rtol=1e-7)
    scored = build("logistic", scoring="accuracy", **settings).fit(on_dask(X), on_dask(LABELS))
    assert scored.best_validation_score_ > 0.5


def test_ctrl_c_and_max_time_keep_what_was_found(monkeypatch):
    from sklearn_gd.data.on_dask import Dask

    gather, calls = Dask.gather, []

    def interrupted(self, handles):
        calls.append(1)
        if len(calls) == 9:
            raise KeyboardInterrupt
        return gather(self, handles)

    monkeypatch.setattr(Dask, "gather", interrupted)
    model = build("logistic")
    with pytest.raises(KeyboardInterrupt):
        model.fit(on_dask(X), on_dask(LABELS))
    assert model.stop_code_ == "interrupted"
    with pytest.warns(ConvergenceWarning, match="max_time"):
        model.set_params(max_time=1e-9).fit(on_dask(X), on_dask(LABELS))


def test_large_arguments_are_one_node_of_the_graph(monkeypatch):
    from sklearn_gd.data import on_dask as module

    monkeypatch.setattr(module, "LARGE_BYTES", 8)
    here = build("logistic").fit(in_chunks(LABELS))
    there = build("logistic").fit(on_dask(X), on_dask(LABELS))
    assert np.array_equal(there.coef_, here.coef_)


def test_a_worker_knows_how_large_a_chunk_is():
    from dask.sizeof import sizeof

    from sklearn_gd.data import ArraySource

    source = ArraySource(X, RAW)
    list(source.blocks())
    assert sizeof(source) >= X.nbytes + RAW.nbytes
    assert len(pickle.dumps(source)) < 1.1 * (X.nbytes + RAW.nbytes)


def test_a_grid_search_gathers_dask_arrays_itself():
    search = GridSearchCV(build("logistic"), {"alpha": [0.1, 0.01]}, cv=2)
    here = clone(search).fit(X, LABELS)
    there = search.fit(on_dask(X), on_dask(LABELS))
    assert there.best_params_ == here.best_params_
