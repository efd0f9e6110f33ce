"""Features that are not in memory: the same fit as of an array, in the memory of a few blocks."""

import tracemalloc

import numpy as np
import pytest
from common import coefficients
from threadpoolctl import threadpool_limits

from sklearn_gd import (
    GDLinearClassifier,
    GDLinearRegressor,
    GDLogisticClassifier,
    GDMLPClassifier,
    GDMLPRegressor,
    GDSoftmaxClassifier,
    regularization_path,
)
from sklearn_gd.data import ArraySource, NpyChunks, RowMatrix
from sklearn_gd.data import arrays as arrays_module
from sklearn_gd.inspection import check_gradient

N, D = 700, 5


class Counted(RowMatrix):
    """An array that counts the rows read and remembers the longest read."""

    def __init__(self, array):
        self.array, self.longest = array, 0
        self.shape, self.dtype = array.shape, array.dtype

    def __getitem__(self, rows):
        found = self.array[rows]
        self.longest = max(self.longest, len(found))
        return found


def chunks(folder, X, parts=4):
    for i, part in enumerate(np.array_split(X, parts)):
        np.save(folder / f"part-{i:02d}.npy", part)
    return NpyChunks(folder)


def memmap(folder, X):
    np.save(folder / "whole.npy", X)
    return np.load(folder / "whole.npy", mmap_mode="r")


STORAGES = {
    "chunks": chunks,
    "one-chunk": lambda folder, X: chunks(folder, X, 1),
    "memmap": memmap,
    "own": lambda folder, X: Counted(X),
}
FITS = {
    "least squares": (GDLinearRegressor, {}),
    "two targets": (GDLinearRegressor, {"penalty": "l1"}),
    "absolute error": (GDLinearRegressor, {"loss": "absolute_error", "max_iter": 200}),
    "standardized": (GDLinearRegressor, {"standardize": True, "solver": "lbfgs"}),
    "logistic": (GDLogisticClassifier, {}),
    "logistic sgd": (GDLogisticClassifier, {"solver": "sgd", "max_iter": 5, "tol": 0}),
    "one row at a time": (
        GDLogisticClassifier,
        {"solver": "sgd", "batch_size": 1, "max_iter": 2, "tol": 0},
    ),
    "in storage order": (
        GDLogisticClassifier,
        {"solver": "adam", "shuffle": False, "max_iter": 3, "tol": 0},
    ),
    "l1 saga": (GDLogisticClassifier, {"penalty": "l1", "solver": "saga", "max_iter": 5, "tol": 0}),
    "squared hinge": (GDLinearClassifier, {"loss": "squared_hinge"}),
    "softmax": (GDSoftmaxClassifier, {}),
    "balanced": (GDSoftmaxClassifier, {"class_weight": "balanced"}),
    "network": (GDMLPClassifier, {"hidden_layer_sizes": (4,), "max_iter": 5, "tol": 0}),
    "network regressor": (GDMLPRegressor, {"hidden_layer_sizes": (4,), "max_iter": 5, "tol": 0}),
}


@pytest.fixture(autouse=True)
def many_blocks(monkeypatch):
    """Blocks of 64 rows, as in a table that is many times larger."""
    monkeypatch.setattr(arrays_module, "BLOCK_BYTES", 1)


def table(fit):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, D)) * [1, 10, 0.1, 1, 1]
    raw = X @ rng.normal(size=(D, 3)) + rng.normal(size=(N, 3))
    estimator, _ = FITS[fit]
    if "Regressor" in estimator.__name__:
        return X, raw[:, :2] if fit == "two targets" else raw[:, 0]
    return X, raw.argmax(axis=1)


def build(fit, **params):
    estimator, settings = FITS[fit]
    return estimator(random_state=0, **(settings | params))


WEIGHTINGS = {
    "unweighted": None,
    "weighted": np.random.default_rng(1).integers(0, 3, N).astype(float),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("weighting", WEIGHTINGS)
@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("fit", FITS)
def test_a_fit_is_that_of_the_array_to_the_last_bit(fit, storage, weighting, tmp_path):
    X, y = table(fit)
    weight = WEIGHTINGS[weighting]
    read = STORAGES[storage](tmp_path, X)
    mine = build(fit).fit(read, y, sample_weight=weight)
    other = build(fit).fit(X, y, sample_weight=weight)
    assert np.array_equal(coefficients(mine), coefficients(other))
    assert mine.history_["objective"] == other.history_["objective"]
    assert np.array_equal(mine.predict(read), other.predict(X))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("fit", ["least squares", "logistic", "logistic sgd", "network"])
@pytest.mark.parametrize("storage", STORAGES)
def test_early_stopping_is_that_of_the_array(fit, storage, tmp_path):
    X, y = table(fit)
    settings = {"early_stopping": True, "tol": 1e-6, "max_iter": 20}
    mine = build(fit, **settings).fit(STORAGES[storage](tmp_path, X), y)
    other = build(fit, **settings).fit(X, y)
    assert np.array_equal(coefficients(mine), coefficients(other))
    assert mine.validation_scores_ == other.validation_scores_


@pytest.mark.parametrize("storage", STORAGES)
def test_validation_rows_and_chunks_of_a_stream_are_row_matrices_too(storage, tmp_path):
    X, y = table("logistic")
    read = STORAGES[storage](tmp_path, X)
    mine = build("logistic", early_stopping=True).fit(read, y, X_val=read, y_val=y)
    other = build("logistic", early_stopping=True).fit(X, y, X_val=X, y_val=y)
    assert np.array_equal(coefficients(mine), coefficients(other))
    streamed = build("logistic").partial_fit(read, y, classes=[0, 1, 2]).partial_fit(read, y)
    again = build("logistic").partial_fit(X, y, classes=[0, 1, 2]).partial_fit(X, y)
    assert np.array_equal(coefficients(streamed), coefficients(again))


@pytest.mark.parametrize("storage", STORAGES)
def test_path_and_gradient_check_are_those_of_the_array(storage, tmp_path):
    X, y = table("logistic")
    read = STORAGES[storage](tmp_path, X)
    mine = regularization_path(build("logistic"), read, y, alphas=[0.1, 0.01])
    other = regularization_path(build("logistic"), X, y, alphas=[0.1, 0.01])
    assert np.array_equal(mine.coefs, other.coefs)
    found, wanted = (check_gradient(build("logistic"), rows, y) for rows in (read, X))
    assert found == wanted


@pytest.mark.parametrize("fit", ["least squares", "logistic", "softmax"])
def test_blocks_of_other_sizes_change_a_fit_by_rounding(fit, tmp_path, monkeypatch):
    X, y = table(fit)
    mine = build(fit).fit(chunks(tmp_path, X), y)
    monkeypatch.setattr(arrays_module, "BLOCK_BYTES", 2**22)
    other = build(fit).fit(X, y)
    assert mine.objective_ == pytest.approx(other.objective_, rel=1e-7)
    np.testing.assert_allclose(coefficients(mine), coefficients(other), rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("fit", ["least squares", "logistic", "softmax", "squared hinge"])
def test_no_read_is_longer_than_a_block_or_a_sample(fit):
    X, y = table(fit)
    matrix = Counted(X)
    model = build(fit).fit(matrix, y)
    model.predict(matrix)
    assert matrix.longest < N


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        (slice(None), np.arange(N)),
        (slice(10, 10), np.arange(0)),
        (slice(100, 400), np.arange(100, 400)),
        (slice(5, 500, 7), np.arange(5, 500, 7)),
        (slice(None, None, -1), np.arange(N)[::-1]),
        (slice(-3, None), np.arange(N)[-3:]),
        (np.array([699, 0, 350, 349, 0]), np.array([699, 0, 350, 349, 0])),
        (np.array([], dtype=int), np.arange(0)),
    ],
)
@pytest.mark.parametrize("n_chunks", [1, 2, 3, 7])
def test_chunks_are_read_as_the_array_that_they_make_up(rows, wanted, n_chunks, tmp_path):
    X, _ = table("logistic")
    matrix = chunks(tmp_path, X, n_chunks)
    assert matrix.shape == X.shape
    assert matrix.dtype == X.dtype
    assert len(matrix) == N
    np.testing.assert_array_equal(matrix[rows], X[wanted])
    np.testing.assert_array_equal(matrix.take(np.arange(N)[::-1])[rows], X[::-1][wanted])


def test_whole_numbers_become_float64_block_by_block(tmp_path):
    X, y = table("least squares")
    X = np.rint(X * 10).astype(np.int16)
    mine = build("least squares").fit(chunks(tmp_path, X), y)
    other = build("least squares").fit(X, y)
    assert mine.coef_.dtype == np.float64
    np.testing.assert_array_equal(mine.coef_, other.coef_)


def test_float32_stays_float32(tmp_path):
    X, y = table("logistic")
    model = build("logistic").fit(chunks(tmp_path, X.astype(np.float32)), y)
    assert model.coef_.dtype == np.float32
    assert model.predict_proba(NpyChunks(tmp_path)).dtype == np.float32


def test_a_folder_without_arrays_and_arrays_that_do_not_fit_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"no files \*\.npy"):
        NpyChunks(tmp_path)
    np.save(tmp_path / "a.npy", np.zeros((3, 2)))
    np.save(tmp_path / "b.npy", np.zeros((3, 4)))
    with pytest.raises(ValueError, match=r"b\.npy has 4 columns of float64; the first file has 2"):
        NpyChunks(tmp_path)
    np.save(tmp_path / "b.npy", np.zeros((3, 2), np.float32))
    with pytest.raises(ValueError, match=r"b\.npy has 2 columns of float32"):
        NpyChunks(tmp_path)
    np.save(tmp_path / "b.npy", np.zeros(3))
    with pytest.raises(ValueError, match=r"b\.npy must hold an array of 2 dimensions"):
        NpyChunks(tmp_path)


def test_pickled_objects_are_not_loaded(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[object()]]), allow_pickle=True)
    with pytest.raises(ValueError, match="Python objects"):
        NpyChunks(tmp_path)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_found_with_its_rows(value, tmp_path):
    X, y = table("logistic")
    X[300, 2] = value
    matrix = chunks(tmp_path, X)
    with pytest.raises(ValueError, match="NaN or infinity in the rows from 256 to 319"):
        build("logistic").fit(matrix, y)
    model = build("logistic").fit(np.nan_to_num(X, posinf=0), y)
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        model.predict(matrix)


def test_rows_and_targets_of_different_numbers_are_refused(tmp_path):
    X, y = table("logistic")
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        build("logistic").fit(chunks(tmp_path, X), y[:-1])


def test_other_columns_than_in_fit_are_refused(tmp_path):
    X, y = table("logistic")
    model = build("logistic").fit(X[:, :3], y)
    with pytest.raises(ValueError, match="has 5 features, but"):
        model.predict(chunks(tmp_path, X))


def test_taking_rows_of_a_matrix_reads_none():
    X, y = table("logistic")
    matrix = Counted(X)
    source = ArraySource(matrix, y).take(np.arange(0, N, 2))
    train, held_out = source.split(0.2, seed=0)
    assert matrix.longest == 0
    assert train.n_samples + held_out.n_samples == N // 2


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_fit_of_chunks_needs_memory_for_a_few_blocks(
    early_stopping, weighted, tmp_path, monkeypatch
):
    """Two blocks for each thread and 20 MB beyond them, of X with 80 MB; mapped pages aside."""
    monkeypatch.setattr(arrays_module, "BLOCK_BYTES", 2**22)
    rng = np.random.default_rng(0)
    for i in range(8):
        np.save(tmp_path / f"{i}.npy", rng.normal(size=(12_500, 100)))
    X = NpyChunks(tmp_path)
    y = (np.arange(len(X)) * 2654435761 % 1000 < 400).astype(int)
    weight = rng.integers(0, 3, len(X)).astype(float) if weighted else None
    with threadpool_limits(2):
        tracemalloc.start()
        model = GDLogisticClassifier(alpha=1e-2, early_stopping=early_stopping)
        model.fit(X, y, sample_weight=weight).predict(X)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 2 * 2 * 2**22 + 20e6
