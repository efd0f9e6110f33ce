"""Tables of Arrow, decoded once into chunks on disk."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet
from numpy.typing import NDArray

# A chunk is some tens of megabytes: a pass over it takes longer than to find it on disk.
CHUNK_BYTES = 2**25
FLOAT_BYTES = 8


def spool(table: Any, target: str | Sequence[str], weight: str | None, folder: Path) -> list:
    """Write a table as chunks of ``.npy`` files, and return functions that load them."""
    loaders = []
    targets = [target] if isinstance(target, str) else list(target)
    others = [*targets, *([] if weight is None else [weight])]
    for index, part in enumerate(_parts(table, others)):
        columns = _columns(part, target, weight)
        paths = []
        for name, array in columns.items():
            paths.append(folder / f"{index:06d}-{name}.npy")
            try:
                np.save(paths[-1], array, allow_pickle=False)
            except OSError as error:
                raise OSError(
                    error.errno,
                    f"The table could not be written to {str(folder)!r}: {error.strerror}. Pass "
                    "cache, a folder on a disk with room for all rows",
                ) from error
        loaders.append(partial(_load, paths))
    if not loaders:
        raise ValueError("The table has no rows: there is nothing to fit.")
    return loaders


def _load(paths):
    return tuple(np.load(path, mmap_mode="r", allow_pickle=False) for path in paths)


def _parts(table, not_features) -> Iterator[pa.Table]:
    """Some tens of megabytes of the table at a time."""
    schema, batches = _batches(table)
    _check_schema(schema, not_features)
    n_rows = max(CHUNK_BYTES // (FLOAT_BYTES * len(schema)), 1)
    waiting: list = []
    for batch in batches:
        waiting.append(batch)
        while sum(map(len, waiting)) >= n_rows:
            whole = pa.Table.from_batches(waiting, schema)
            yield whole.slice(0, n_rows)
            waiting = whole.slice(n_rows).to_batches()
    if sum(map(len, waiting)):
        yield pa.Table.from_batches(waiting, schema)


def _batches(table):
    """The schema of a table, and its record batches, which may be read once."""
    if isinstance(table, pyarrow.dataset.Dataset):
        return table.schema, table.to_batches()
    if isinstance(table, pyarrow.parquet.ParquetFile):
        return table.schema_arrow, table.iter_batches()
    if not hasattr(table, "__arrow_c_stream__"):
        raise ValueError(
            "table must be a pyarrow Dataset, a ParquetFile or an object with __arrow_c_stream__, "
            f"such as a Table, a reader or a polars DataFrame; got {type(table).__name__}."
        )
    reader = pa.RecordBatchReader.from_stream(table)
    return reader.schema, reader


def _check_schema(schema, not_features):
    """Raise for columns that are not there, or that are no numbers."""
    for name in not_features:
        if name not in schema.names:
            raise ValueError(f"The table has no column {name!r}; its columns are {schema.names}.")
    if set(schema.names) == set(not_features):
        raise ValueError("The table has no columns of features apart from target and weight.")
    for field in schema:
        if pa.types.is_dictionary(field.type):
            raise ValueError(
                f"Column {field.name!r} is a dictionary ({field.type}): encode its categories, for "
                "example as one column for each, or cast it to its values if it is the target."
            )
        if field.name not in not_features and not _is_number(field.type):
            raise ValueError(
                f"Column {field.name!r} is of type {field.type}, and features must be numbers."
            )


def _is_number(kind):
    types = pa.types
    return any(test(kind) for test in (types.is_integer, types.is_floating, types.is_boolean))


def _columns(part, target, weight):
    """X, y and weight of a part of the table, as arrays."""
    for name in part.column_names:
        if part[name].null_count:
            raise ValueError(
                f"Column {name!r} has {part[name].null_count} nulls: fill or drop them, as by "
                "fill_null or drop_null."
            )
    targets = [target] if isinstance(target, str) else list(target)
    features = [name for name in part.column_names if name not in (*targets, weight)]
    is_single = all(part[name].type == pa.float32() for name in features)
    X = np.empty((len(part), len(features)), np.float32 if is_single else np.float64)
    for column, name in zip(X.T, features, strict=True):
        column[:] = _array(part[name])
    y = [_array(part[name]) for name in targets]
    arrays = {"X": X, "y": y[0] if isinstance(target, str) else np.column_stack(y)}
    if weight is not None:
        arrays["weight"] = _array(part[weight])
    return arrays


def _array(column) -> NDArray:
    """A column as NumPy has it; text as text, and not as Python objects."""
    array = column.to_numpy()
    return array.astype(str) if array.dtype == object else array
