"""Tables of Arrow: decoded once, kept on disk, and gone at the end."""

import gc
import warnings
from pathlib import Path

import numpy as np
import pytest

from sklearn_gd import GDLinearRegressor, GDLogisticClassifier
from sklearn_gd.data import ChunkedSource

pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")
dataset = pytest.importorskip("pyarrow.dataset")

N = 200
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 3))
Y = X @ [1.0, -1.0, 2.0] + RNG.normal(size=N)
LABELS = np.where(Y > 0, "yes", "no")
WEIGHT = RNG.integers(0, 3, N).astype(float)
TABLE = pa.table({"a": X[:, 0], "b": X[:, 1], "y": LABELS, "c": X[:, 2], "w": WEIGHT})


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr("sklearn_gd.data.on_arrow.CHUNK_BYTES", 8 * 5 * 30)


def of_polars(folder):
    table = pytest.importorskip("polars").from_arrow(TABLE)
    if not hasattr(table, "__arrow_c_stream__"):
        pytest.skip("this polars does not speak the Arrow C stream")
    return table


def written(folder):
    parquet.write_table(TABLE, folder / "t.parquet", row_group_size=70)
    return folder / "t.parquet"


TABLES = {
    "table": lambda folder: TABLE,
    "reader": lambda folder: TABLE.to_reader(max_chunksize=13),
    "file": lambda folder: parquet.ParquetFile(written(folder)),
    "dataset": lambda folder: dataset.dataset(written(folder)),
    "polars": of_polars,
}


@pytest.mark.parametrize("kind", TABLES)
def test_a_fit_is_that_of_the_array(kind, tmp_path):
    source = ChunkedSource.from_arrow(TABLES[kind](tmp_path), target="y", weight="w")
    assert len(source) == 7
    mine = GDLogisticClassifier().fit(source)
    other = GDLogisticClassifier().fit(X, LABELS, sample_weight=WEIGHT)
    assert mine.classes_.tolist() == ["no", "yes"]
    np.testing.assert_allclose(mine.coef_, other.coef_, rtol=1e-9)
    assert mine.score(source) == pytest.approx(other.score(X, LABELS, WEIGHT))


def test_files_are_private_without_pickles_and_deleted_at_the_end(tmp_path):
    source = ChunkedSource.from_arrow(TABLE, target="y", weight="w", cache=tmp_path)
    (folder,) = tmp_path.iterdir()
    assert folder.stat().st_mode & 0o077 == 0
    for path in folder.iterdir():
        np.load(path, allow_pickle=False)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del source
        gc.collect()
    assert not list(tmp_path.iterdir())
    assert not [each for each in caught if folder.name in str(each.message)]


def test_several_targets_and_single_precision():
    columns = {name: X[:, i].astype(np.float32) for i, name in enumerate("abc")}
    table = pa.table(columns | {"y": Y, "z": -Y})
    model = GDLinearRegressor().fit(ChunkedSource.from_arrow(table, target=["y", "z"]))
    assert model.coef_.shape == (2, 3)
    assert model.coef_.dtype == np.float32


def replaced(name, values):
    return TABLE.set_column(TABLE.column_names.index(name), name, values)


ERRORS = {
    "nulls": (lambda: replaced("b", pa.array([None, *X[1:, 1]])), "Column 'b' has 1 nulls"),
    "dictionary": (
        lambda: replaced("b", pa.array(LABELS).dictionary_encode()),
        "Column 'b' is a dictionary",
    ),
    "text": (lambda: replaced("b", pa.array(LABELS)), "Column 'b' is of type string"),
    "no target": (lambda: TABLE.drop_columns("y"), "The table has no column 'y'"),
    "no features": (lambda: TABLE.select(["y", "w"]), "no columns of features"),
    "no rows": (lambda: TABLE.slice(0, 0), "The table has no rows"),
    "no table": (lambda: X, "table must be a pyarrow Dataset, .*; got ndarray"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_what_cannot_be_used_is_named_and_leaves_no_files(case, tmp_path):
    make, message = ERRORS[case]
    with pytest.raises(ValueError, match=message):
        ChunkedSource.from_arrow(make(), target="y", weight="w", cache=tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_said(tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(OSError, match=r"No space left on device\. Pass cache, a folder"):
        ChunkedSource.from_arrow(TABLE, target="y", weight="w", cache=tmp_path)
    assert not list(Path(tmp_path).iterdir())
