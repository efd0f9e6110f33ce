"""A table with a header, read from a file."""

import csv
import gzip
import re
from collections import Counter
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np

SEPARATORS = ",;\t|"
# Enough of a file to see its header and how its columns are separated.
BEGINNING = 1 << 16
DATE = re.compile(r"(\d{4}[-/]\d{1,2}[-/]\d{1,2}|\d{1,2}[./-]\d{1,2}[./-]\d{2,4})([ T].*)?")


class UnusableTableError(ValueError):
    """The table, or its target, does not allow a model; the message is for the user."""


@dataclass(frozen=True)
class Table:
    """Columns by name: floats with NaN for gaps, or text with "" for gaps."""

    path: str
    separator: str
    columns: dict[str, np.ndarray]
    by_pandas: bool


def column(cells):
    """The cells of a column as numbers with NaN for gaps, or as text if one is no number."""
    gaps = {"", "NA", "N/A", "NaN", "nan", "null", "NULL", "None"}
    cells = ["" if cell in gaps else cell for cell in cells]
    try:
        return np.array([float(cell or "nan") for cell in cells])
    except ValueError:
        return np.array(cells, dtype=object)


def is_text(values) -> bool:
    """Whether a column holds text."""
    return values.dtype == object


def has_value(values):
    """True where there is no gap."""
    return values != "" if is_text(values) else ~np.isnan(values)


def holds_dates(values) -> bool:
    """Whether all cells of a column of text look like dates."""
    texts = values[has_value(values)] if is_text(values) else ()
    return len(texts) > 0 and all(DATE.fullmatch(text) for text in texts)


def read(path: str) -> Table:
    """Read a file, by pandas where it is installed.

    Raises
    ------
    UnusableTableError
        With a sentence, if there is no file or it is not a table.
    """
    start = beginning(path)
    separator = separator_of(start)
    check_header(path, next(csv.reader(start.splitlines(), delimiter=separator)))
    try:
        import pandas
    except ImportError:
        pandas = None
    try:
        if pandas is None:
            columns = columns_by_csv(path, separator)
        else:
            columns = columns_by_pandas(pandas, path, separator)
    except (UnicodeDecodeError, csv.Error, OSError) as error:
        raise UnusableTableError(f"{path} is not a table: {error}") from None
    if not len(next(iter(columns.values()))):
        raise UnusableTableError(f"{path} has a header and no rows.")
    return Table(path, separator, columns, by_pandas=pandas is not None)


def beginning(path: str) -> str:
    """The first lines of a file."""
    try:
        with opened(path) as file:
            start = file.read(BEGINNING)
    except FileNotFoundError:
        raise UnusableTableError(f"There is no file {path}.") from None
    except IsADirectoryError:
        raise UnusableTableError(f"{path} is a folder, not a file.") from None
    except (OSError, UnicodeDecodeError, EOFError) as error:
        raise UnusableTableError(
            f"{path} cannot be read as text in UTF-8 ({error}). Save the table as .csv."
        ) from None
    if not start.strip():
        raise UnusableTableError(f"{path} is empty.")
    return start


def opened(path: str):
    """A text file, compressed or not; a mark of the byte order is skipped."""
    if Path(path).suffix == ".gz":
        return gzip.open(path, "rt", newline="", encoding="utf-8-sig")
    return open(path, newline="", encoding="utf-8-sig")


def separator_of(start: str) -> str:
    """What occurs most often in the header."""
    header = start.lstrip().splitlines()[0]
    return max(SEPARATORS, key=header.count)


def check_header(path: str, names: list[str]):
    """Names that are different, and not numbers."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise UnusableTableError(f"{path} has {len(twice)} column name twice: {twice[0]!r}.")
    if len(names) == 1:
        raise UnusableTableError(
            f"{path} has a single column, {names[0]!r}. At least two are needed, separated by a "
            "comma, semicolon, tab or |."
        )
    if all(not is_text(column([name])) for name in names):
        raise UnusableTableError(
            f"{path} begins with numbers, not with names: add a first line that names the columns."
        )


def columns_by_pandas(pandas, path: str, separator: str) -> dict[str, np.ndarray]:
    """As pandas reads them; what is not a number becomes text."""
    try:
        frame = pandas.read_csv(path, sep=separator, low_memory=False, **to_the_last_bit(pandas))
    except pandas.errors.ParserError as error:
        raise UnusableTableError(f"{path} is not a table: {error}") from None
    if not isinstance(frame.index, pandas.RangeIndex):
        # more fields than names: pandas would take the first ones for labels of the rows
        raise UnusableTableError(f"{path} is not a table: rows have more fields than the header.")
    columns = {}
    for name in frame.columns:
        values = frame[name]
        if pandas.api.types.is_numeric_dtype(values) and values.dtype != bool:
            columns[name] = values.to_numpy(np.float64)
        else:
            words = [
                str(word) if known else ""
                for word, known in zip(values, values.notna(), strict=True)
            ]
            columns[name] = np.array(words, dtype=object)
    return columns


def to_the_last_bit(pandas) -> dict[str, str]:
    """How a version before 3.1 is asked to read numbers exactly, as later ones always do."""
    major, minor = map(int, pandas.__version__.split(".")[:2])
    return {"float_precision": "round_trip"} if (major, minor) < (3, 1) else {}


def columns_by_csv(path: str, separator: str) -> dict[str, np.ndarray]:
    """The same without pandas."""
    with opened(path) as file:
        names, *rows = (row for row in csv.reader(file, delimiter=separator) if row)
    for number, row in enumerate(rows, start=2):
        if len(row) != len(names):
            raise UnusableTableError(
                f"{path} is not a table: row {number} has {len(row)} fields, the header "
                f"{len(names)}."
            )
    return (
        dict(zip(names, map(column, zip(*rows, strict=True)), strict=True))
        if rows
        else {name: np.array([]) for name in names}
    )


def named(table: Table, target: str | None) -> str:
    """The column to predict, which must be there."""
    listed = ", ".join(table.columns)
    if target is None:
        raise UnusableTableError(
            f"Name the column to predict: python -m sklearn_gd {table.path} TARGET. "
            f"The columns are: {listed}."
        )
    if target not in table.columns:
        near = get_close_matches(target, table.columns, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise UnusableTableError(
            f"{table.path} has no column {target!r}.{hint} The columns are: {listed}."
        )
    return target
