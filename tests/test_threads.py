"""Blocks of rows in threads: the same result with any number, within the limits of BLAS."""

import multiprocessing
import threading
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from threadpoolctl import threadpool_info, threadpool_limits

from sklearn_gd import (
    GDLinearRegressor,
    GDLogisticClassifier,
    GDMLPClassifier,
    GDSoftmaxClassifier,
)
from sklearn_gd.data import ArraySource, arrays, map_rows, threads

FITS = {
    "linear": GDLinearRegressor(),
    "lasso": GDLinearRegressor(penalty="l1", alpha=0.1),
    "logistic": GDLogisticClassifier(),
    "newton-cg": GDLogisticClassifier(solver="newton-cg"),
    "softmax": GDSoftmaxClassifier(),
    "sgd": GDSoftmaxClassifier(solver="sgd", max_iter=3, tol=0, random_state=0),
    "mlp": GDMLPClassifier(
        hidden_layer_sizes=(5,), solver="lbfgs", max_iter=5, tol=0, random_state=0
    ),
}


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(arrays, "BLOCK_BYTES", 2000)
    monkeypatch.setattr(arrays, "SPARSE_BLOCK_BYTES", 2000)
    monkeypatch.setattr(arrays, "MIN_BLOCK_ROWS", 10)


@pytest.fixture
def n_threads(monkeypatch):
    """A function that sets the number of threads, whatever this machine has."""
    return lambda number: monkeypatch.setattr(threads._Blas, "n_threads", number)


def rows(n=500, d=6):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, d)) * (rng.random((n, d)) < 0.7)
    return X, (X @ rng.standard_normal((d, 3)) + rng.standard_normal((n, 3))).argmax(axis=1)


def fitted_attributes(model):
    names = ("coef_", "intercept_", "coefs_", "intercepts_")
    parts = [vars(model).get(name, []) for name in names]
    return [np.ravel(array) for part in parts for array in (part if type(part) is list else [part])]


@pytest.mark.filterwarnings("ignore:.*did not converge")
@pytest.mark.parametrize("store", [np.asarray, sp.csr_matrix], ids=["dense", "sparse"])
@pytest.mark.parametrize("name", FITS)
def test_a_fit_does_not_depend_on_the_number_of_threads(name, store, small_blocks, n_threads):
    X, y = rows()
    X, model = store(X), FITS[name]
    fits = []
    for number in (1, 2, 5):
        n_threads(number)
        model.fit(X, y)
        fits.append((fitted_attributes(model), model.predict(X)))
    for parameters, predicted in fits[1:]:
        for first, other in zip(fits[0][0], parameters, strict=True):
            np.testing.assert_array_equal(first, other)
        np.testing.assert_array_equal(fits[0][1], predicted)


@pytest.mark.parametrize("store", [np.asarray, sp.csr_matrix], ids=["dense", "sparse"])
def test_rows_are_mapped_in_order(store, small_blocks, n_threads):
    n_threads(3)
    X = store(rows()[0])
    np.testing.assert_array_equal(map_rows(lambda part: part @ np.ones(6), X), X @ np.ones(6))
    assert map_rows(lambda part: (part @ np.ones((6, 2))) > 0, X).dtype == bool


def test_work_is_shared_among_threads_and_comes_back_in_order(n_threads):
    n_threads(2)
    meet = threading.Barrier(2, timeout=10)

    def work(item):
        meet.wait()
        return item, threading.get_ident()

    items, workers = zip(*threads.in_threads(work, [1, 2]), strict=True)
    assert items == (1, 2)
    assert len(set(workers)) == 2


def test_one_thread_is_the_caller(n_threads):
    n_threads(1)
    assert set(threads.in_threads(lambda _: threading.get_ident(), "abc")) == {
        threading.get_ident()
    }


def test_errors_of_threads_reach_the_caller(n_threads):
    n_threads(2)
    with pytest.raises(ZeroDivisionError):
        threads.in_threads(lambda item: 1 / item, [1, 0])


def test_threads_tell_of_overflow_as_the_caller_does(n_threads):
    n_threads(2)
    with warnings.catch_warnings(), np.errstate(over="ignore"):
        warnings.simplefilter("error")
        threads.in_threads(np.exp, [np.float64(1e4)] * 2)
    with np.errstate(over="raise"), pytest.raises(FloatingPointError):
        threads.in_threads(np.exp, [np.float64(1e4)] * 2)


def blas_threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def test_blas_has_one_thread_meanwhile_and_its_own_again_after(n_threads):
    before = blas_threads()
    with threads.threads_of_blas():
        assert set(blas_threads()) <= {1}
    assert blas_threads() == before
    n_threads(2)
    inside = threads.in_threads(lambda _: set(blas_threads()), "ab")
    assert all(found <= {1} for found in inside)
    assert blas_threads() == before


def test_limits_of_blas_are_those_of_the_threads():
    with threadpool_limits(1, user_api="blas"):
        assert threads._blas.n_threads == 1
        with threads.threads_of_blas():
            assert threads._blas.n_threads == 1
    before = threads._blas.n_threads
    with threads.threads_of_blas():
        assert threads._blas.n_threads == before


def test_fits_in_threads_of_the_user_leave_blas_as_it_was():
    before, taken = blas_threads(), threads._blas.n_threads
    first, second = threads.threads_of_blas(), threads.threads_of_blas()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert set(blas_threads()) <= {1}
    assert threads._blas.n_threads == taken
    second.__exit__(None, None, None)
    assert blas_threads() == before


def _fit_in_child(queue):
    X, y = rows()
    queue.put(ArraySource(X, y[:, np.newaxis], block_rows=50).map(len))


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_child_process_makes_threads_of_its_own(method, n_threads):
    n_threads(2)
    threads.in_threads(len, ["a", "b"])
    context = multiprocessing.get_context(method)
    queue = context.Queue()
    child = context.Process(target=_fit_in_child, args=(queue,))
    child.start()
    assert queue.get(timeout=60) == [50] * 10
    child.join()
