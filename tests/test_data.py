"""The laws of sources: every row once a pass, whatever the portions and the storage."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

from sklearn_gd.data import ArraySource, Batch, Source, mean_and_std, moments
from sklearn_gd.data.arrays import BLOCK_BYTES, MIN_BLOCK_ROWS

ROUNDING = {"rtol": 1e-12, "atol": 1e-12}
N_ROWS = 23


def with_int64(X):
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    return X


def read_only_memmap(X, folder):
    file = folder / "X.npy"
    np.save(file, X)
    return np.load(file, mmap_mode="r")


def read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


STORAGES = {
    "dense": lambda X, folder: X,
    "fortran": lambda X, folder: np.asfortranarray(X),
    "read-only": lambda X, folder: read_only(X),
    "strided": lambda X, folder: np.repeat(X, 2, axis=0)[::2],
    "memmap": read_only_memmap,
    "csr_array": lambda X, folder: sp.csr_array(X),
    "csr_matrix": lambda X, folder: sp.csr_matrix(X),
    "csr-int64": lambda X, folder: with_int64(sp.csr_array(X)),
    "from-csc": lambda X, folder: sp.csc_array(X).tocsr(),
}
each_storage = pytest.mark.parametrize("store", STORAGES.values(), ids=STORAGES)
each_weight = pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
quick = settings(derandomize=True, deadline=None, max_examples=60, database=None)


def table(n=N_ROWS, d=4, seed=0):
    """Rows of which about half the entries are zero; the first column counts the rows."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) * (rng.random((n, d)) < 0.5)
    X[:, 0] = np.arange(n)
    return X


def make_source(X, weighted=True, **options):
    """Targets and weights tell which row they belong to."""
    row = np.arange(X.shape[0], dtype=float)
    return ArraySource(X, row[:, np.newaxis], 100 + row if weighted else None, **options)


def dense(X):
    return X.toarray() if sp.issparse(X) else np.asarray(X)


def visited(batches, n=N_ROWS):
    """The rows of n that batches hold, by their number; X, y, weight and rows must agree."""
    numbers = []
    for batch in batches:
        rows = batch.y[:, 0]
        assert len(batch) == len(rows) > 0
        assert dense(batch.X)[:, 0].tolist() == rows.tolist()
        assert np.arange(n)[batch.positions].tolist() == rows.tolist()
        if batch.weight is not None:
            assert batch.weight.tolist() == (100 + rows).tolist()
        numbers.append(rows.astype(int).tolist())
    return numbers


def chain(parts):
    return [number for part in parts for number in part]


# Blocks and batches


@each_storage
@each_weight
@pytest.mark.parametrize("block_rows", [1, 5, 22, 23, 24, None])
def test_blocks_are_every_row_once_in_storage_order(store, weighted, block_rows, tmp_path):
    source = make_source(store(table(), tmp_path), weighted, block_rows=block_rows)
    parts = visited(source.blocks())
    assert chain(parts) == list(range(N_ROWS))
    assert {len(part) for part in parts[:-1]} <= {block_rows}


@each_storage
@each_weight
@pytest.mark.parametrize("size", [1, 5, 22, 23, 24])
@pytest.mark.parametrize("shuffle", [False, True], ids=["ordered", "shuffled"])
def test_batches_are_every_row_once_and_only_the_last_is_short(
    store, weighted, size, shuffle, tmp_path
):
    source = make_source(store(table(), tmp_path), weighted)
    parts = visited(source.batches(size, np.random.default_rng(0) if shuffle else None))
    sizes = [len(part) for part in parts]
    assert sorted(chain(parts)) == list(range(N_ROWS))
    assert len(parts) == -(-N_ROWS // size)
    assert sizes[:-1] == [size] * (len(sizes) - 1)
    if not shuffle:
        assert chain(parts) == list(range(N_ROWS))


@given(n=st.integers(1, 40), size=st.integers(1, 50), seed=st.none() | st.integers(0, 9))
@quick
def test_every_row_is_met_once_for_any_number_of_rows_and_any_size(n, size, seed):
    rng = None if seed is None else np.random.default_rng(seed)
    parts = visited(make_source(table(n)).batches(size, rng), n)
    assert sorted(chain(parts)) == list(range(n))
    assert len(parts) == -(-n // size)


def test_shuffles_are_those_of_the_generator():
    source = make_source(table())
    first, again, other = (
        chain(visited(source.batches(5, np.random.default_rng(seed)))) for seed in (0, 0, 1)
    )
    assert first == again
    assert first != other
    assert first != sorted(first)


def test_a_pass_does_not_depend_on_the_passes_before_but_its_generator_does():
    source, rng = make_source(table()), np.random.default_rng(0)
    first, second = (chain(visited(source.batches(5, rng))) for _ in range(2))
    assert first != second
    assert first == chain(visited(source.batches(5, np.random.default_rng(0))))


def test_one_batch_of_all_rows_is_shuffled_too():
    # so that the random stream is the same for every batch size
    (order,) = visited(make_source(table()).batches(N_ROWS, np.random.default_rng(0)))
    assert order != sorted(order)


def test_a_shuffle_is_the_same_whatever_the_batch_size():
    source = make_source(table())
    orders = [chain(visited(source.batches(k, np.random.default_rng(0)))) for k in (1, 5, 23, 99)]
    assert all(order == orders[0] for order in orders)


@each_storage
def test_rows_of_blocks_are_views(store, tmp_path):
    X = store(table(), tmp_path)
    source = make_source(X, block_rows=5)
    for batch in source.blocks():
        assert np.shares_memory(getattr(batch.X, "data", batch.X), getattr(source.X, "data", X))


@each_storage
@pytest.mark.parametrize("rng", [None, np.random.default_rng(0)], ids=["ordered", "shuffled"])
def test_the_rows_of_a_batch_are_those_of_the_table(store, rng, tmp_path):
    X = table()
    for batch in make_source(store(X, tmp_path)).batches(5, rng):
        np.testing.assert_array_equal(dense(batch.X), X[batch.y[:, 0].astype(int)])


@each_storage
def test_the_kind_of_storage_is_kept_in_batches(store, tmp_path):
    X = store(table(), tmp_path)
    for batch in make_source(X).batches(5, np.random.default_rng(0)):
        assert sp.issparse(batch.X) == sp.issparse(X)
        assert not sp.issparse(X) or batch.X.format == "csr"
        assert batch.X.dtype == X.dtype


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@each_weight
def test_a_source_knows_its_sizes(dtype, weighted):
    source = make_source(table().astype(dtype), weighted)
    assert isinstance(source, Source)
    assert (source.n_samples, source.n_features, source.dtype) == (N_ROWS, 4, dtype)
    expected = sum(100 + row for row in range(N_ROWS)) if weighted else N_ROWS
    assert source.weight_sum == expected
    assert isinstance(source.weight_sum, float)


def test_default_blocks_of_a_dense_table_stay_in_cache_but_are_not_tiny():
    narrow, wide = np.zeros((3000, 1000)), np.zeros((3000, 9000))
    (sizes, small) = ([len(b) for b in make_source(X).blocks()] for X in (narrow, wide))
    assert sizes[0] * narrow.itemsize * 1000 <= BLOCK_BYTES < (sizes[0] + 1) * 8 * 1000
    assert sum(sizes) == 3000
    assert small[0] == MIN_BLOCK_ROWS


def test_codes_of_classes_stay_codes_in_batches():
    source = ArraySource(table(), np.arange(N_ROWS) % 3)
    codes = np.concatenate([batch.y for batch in source.batches(5, np.random.default_rng(0))])
    assert codes.dtype.kind == "i"
    assert np.bincount(codes).tolist() == [8, 8, 7]


# Weights of a batch


def two_rows(weight):
    return Batch(np.zeros((2, 3)), np.zeros(2), weight, slice(2))


def test_weighted_multiplies_rows_by_their_weight():
    batch = two_rows(np.array([2.0, 3.0]))
    assert batch.weighted(np.array([1.0, 10.0])).tolist() == [2, 30]
    assert batch.weighted(np.array([[1.0, 2.0], [10.0, 20.0]])).tolist() == [[2, 4], [30, 60]]


def test_weighted_without_weights_is_the_quantity_itself():
    quantity = np.array([1.0, 10.0])
    assert two_rows(None).weighted(quantity) is quantity


def test_a_batch_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        two_rows(None).weight = np.ones(2)


# Sums over blocks


def sums(batch, factor=1.0):
    weight = batch.weighted(np.ones(len(batch)))
    return factor * float(weight.sum()), factor * (batch.X.T @ weight)


@each_storage
@each_weight
@pytest.mark.parametrize("block_rows", [1, 5, 23, None])
def test_map_reduce_adds_up_the_blocks(store, weighted, block_rows, tmp_path):
    X = table()
    source = make_source(store(X, tmp_path), weighted, block_rows=block_rows)
    weight = 100.0 + np.arange(N_ROWS) if weighted else np.ones(N_ROWS)
    total, feature_sums = source.map_reduce(sums, 0.5)
    assert total == pytest.approx(weight.sum() / 2)
    np.testing.assert_allclose(feature_sums, weight @ X / 2, **ROUNDING)


def test_map_reduce_gives_the_same_bits_again():
    source = make_source(table(1000), block_rows=7)
    first, again = (source.map_reduce(sums)[1] for _ in range(2))
    assert first.tobytes() == again.tobytes()


def test_map_reduce_leaves_what_the_kernel_returned_for_the_first_block_alone():
    returned = []

    def kernel(batch):
        returned.append(np.ones(2))
        return (returned[-1],)

    (total,) = make_source(table(), block_rows=5).map_reduce(kernel)
    assert total.tolist() == [5, 5]
    assert returned[0].tolist() == [1, 1]


# Mean and spread


def mean_and_std_of(X, weight=None, **options):
    return mean_and_std(ArraySource(X, np.zeros(X.shape[0]), weight, **options))


def awkward_table(n=400, seed=3):
    """Columns: plain, tiny, huge, far from zero, constant, constant far out, zero, mostly zero."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, 8))
    columns = [
        z[:, 0],
        1e-12 * z[:, 1],
        1e12 * z[:, 2],
        1e6 + z[:, 3],
        np.full(n, 3.7),
        np.full(n, 1e9 + 0.1),
        np.zeros(n),
        z[:, 7] * (rng.random(n) < 0.02),
    ]
    return np.column_stack(columns)


def some_weights(n):
    return np.random.default_rng(1).uniform(0.1, 5, n)


def assert_means(mean, expected, X, spread):
    """A mean is known to eps of the largest entry it is made of, at worst."""
    unit = np.maximum(np.abs(X).max(axis=0), spread)
    np.testing.assert_allclose(mean / unit, expected / unit, rtol=0, atol=1e-13)


@each_storage
@each_weight
@pytest.mark.parametrize("block_rows", [7, None])
def test_mean_and_std_are_those_of_numpy(store, weighted, block_rows, tmp_path):
    X = awkward_table()
    weight = some_weights(len(X)) if weighted else None
    mean, spread = mean_and_std_of(store(X, tmp_path), weight, block_rows=block_rows)
    expected = np.average(X, axis=0, weights=weight)
    variance = np.average((X - expected) ** 2, axis=0, weights=weight)
    is_constant = np.ptp(X, axis=0) == 0
    expected_spread = np.where(is_constant, 1.0, np.sqrt(variance))
    assert_means(mean, expected, X, expected_spread)
    np.testing.assert_allclose(spread, expected_spread, rtol=1e-9)
    assert (spread[is_constant] == 1).all()


@each_weight
@pytest.mark.parametrize("storage", [np.asarray, sp.csr_array], ids=["dense", "sparse"])
def test_mean_and_std_are_those_of_standard_scaler(weighted, storage):
    X = np.delete(awkward_table(), 5, axis=1)  # constant far out: scikit-learn warns
    weight = some_weights(len(X)) if weighted else None
    with np.errstate(invalid="ignore"):  # its weighted variance of a constant is below 0
        scaler = StandardScaler().fit(X, sample_weight=weight)
    mean, spread = mean_and_std_of(storage(X), weight)
    assert_means(mean, scaler.mean_, X, scaler.scale_)
    np.testing.assert_allclose(spread, scaler.scale_, rtol=1e-9)


@pytest.mark.parametrize("storage", [np.asarray, sp.csr_array], ids=["dense", "sparse"])
def test_mean_and_std_of_weights_are_those_of_copies_and_of_rows_removed(storage):
    X, copies = awkward_table(), np.random.default_rng(1).integers(0, 3, 400)
    weighted = mean_and_std_of(storage(X), copies.astype(float))
    repeated = mean_and_std_of(storage(np.repeat(X, copies, axis=0)))
    for found, expected in zip(weighted, repeated, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("storage", [np.asarray, sp.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("n", [50, 20_000])
def test_float32_columns_far_from_zero_keep_their_spread(storage, n):
    column = 10_000 + 5 * np.random.default_rng(0).normal(size=(n, 1))
    X = column.astype(np.float32)
    mean, spread = mean_and_std_of(storage(X))
    exact = X.astype(np.float64)
    np.testing.assert_allclose(mean, exact.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(spread, exact.std(axis=0), rtol=1e-9)


@pytest.mark.parametrize("storage", [np.asarray, sp.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("value", [0.1, 1e-20, 1e20, -12345.678])
def test_the_spread_of_a_constant_column_is_one(storage, dtype, value):
    X = np.full((1000, 1), value, dtype)
    weight = some_weights(1000).astype(dtype)
    assert mean_and_std_of(storage(X))[1] == 1
    assert mean_and_std_of(storage(X), weight)[1] == 1


def test_entries_of_csr_that_are_stored_twice_are_their_sum():
    twice = sp.csr_array(
        (np.array([1.0, 2.0, 3.0]), np.array([0, 0, 1]), np.array([0, 2, 3])), shape=(2, 2)
    )
    mean, spread = mean_and_std_of(twice)
    assert twice.toarray().tolist() == [[3, 0], [0, 3]]
    assert mean.tolist() == [1.5, 1.5]
    assert spread.tolist() == [1.5, 1.5]


@each_storage
@each_weight
def test_moments_of_batches_add_up_to_mean_and_std(store, weighted, tmp_path):
    source = make_source(store(table(), tmp_path), weighted)
    mean, spread = mean_and_std(source)
    total, center, squares = 0.0, np.zeros(4), np.zeros(4)
    for batch in source.batches(5, np.random.default_rng(0)):
        weight, batch_mean, deviations = moments(batch)
        # Chan, Golub and LeVeque (1979): how moments of two parts become those of both
        gap, both = batch_mean - center, total + weight
        squares = squares + deviations + gap**2 * total * weight / both
        center, total = center + gap * weight / both, both
    np.testing.assert_allclose(center, mean, **ROUNDING)
    np.testing.assert_allclose(np.sqrt(squares / total), spread, **ROUNDING)


def test_zeros_that_csr_stores_are_zeros():
    X = sp.csr_array(table())
    X.data[::3] = 0
    for found, expected in zip(mean_and_std_of(X), mean_and_std_of(X.toarray()), strict=True):
        np.testing.assert_allclose(found, expected, **ROUNDING)


@pytest.mark.parametrize("storage", [np.asarray, sp.csr_array, sp.csr_matrix])
def test_rows_are_not_written_to_by_mean_and_std(storage):
    X, weight = storage(table()), some_weights(N_ROWS)
    (X if isinstance(X, np.ndarray) else X.data).flags.writeable = weight.flags.writeable = False
    mean_and_std_of(X, weight)


@pytest.mark.parametrize("storage", [np.asarray, sp.csr_array], ids=["dense", "sparse"])
def test_one_row_has_spread_one(storage):
    mean, spread = mean_and_std_of(storage(np.array([[2.5, 0.0]])))
    assert (mean.tolist(), spread.tolist()) == ([2.5, 0], [1, 1])
