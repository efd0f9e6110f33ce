"""From a table to a problem: which columns are used, and what the target is."""

import re
from dataclasses import dataclass

import numpy as np

from sklearn_gd._quick_start.tables import (
    Table,
    UnusableTableError,
    has_value,
    holds_dates,
    is_text,
    named,
)

TARGETS = ("classes", "numbers", "counts", "amounts")
# A target of more different whole numbers is a quantity.
MOST_CLASSES = 10
FEWEST_ROWS = 10
# Text in which more than this fraction of the rows differ names the rows.
NAMES_ROWS = 0.5
IS_ID = re.compile(r"(?i)(.*[_ .-])?(id|index|rownum|unnamed: \d+|)")


@dataclass(frozen=True)
class Problem:
    """X with the columns of numbers first, y, and how they came about.

    ``kind`` is one of TARGETS, ``why`` a clause, ``notes`` sentences on columns and rows that are
    not used.
    """

    target: str
    numbers: list[str]
    words: list[str]
    X: np.ndarray
    y: np.ndarray
    kind: str
    why: str
    notes: list[str]

    @property
    def is_classification(self) -> bool:
        """Whether classes are predicted."""
        return self.kind == "classes"


def pose(table: Table, target: str | None, kind: str | None, folds: int | None) -> Problem:
    """The problem of predicting ``target``.

    Raises
    ------
    UnusableTableError
        With a sentence, if no model can be made.
    """
    target = named(table, target)
    y = table.columns[target]
    known = has_value(y)
    notes = []
    if not known.all():
        missing = np.sum(~known)
        rows = "1 row" if missing == 1 else f"{missing:,} rows"
        left_out = "is left out" if missing == 1 else "are left out"
        notes.append(f"{rows} without a value of {target!r} {left_out}.")
    if known.sum() < FEWEST_ROWS:
        raise UnusableTableError(
            f"{table.path} has {known.sum()} rows with a value of {target!r}; at least "
            f"{FEWEST_ROWS} are needed."
        )
    y = y[known]
    check_target(target, y)
    kind, why = (kind, "as you said") if kind else guess(y)
    check_kind(target, y, kind, folds)
    numbers: list[str] = []
    words: list[str] = []
    for name, values in table.columns.items():
        if name == target:
            continue
        reason = unusable(name, values[known])
        if reason:
            notes.append(f"{name!r} is left out: {reason}.")
        else:
            (words if is_text(values) else numbers).append(name)
    if not numbers + words:
        raise UnusableTableError("No column is left to predict from. " + " ".join(notes))
    X = np.column_stack([table.columns[name][known] for name in numbers + words])
    return Problem(target, numbers, words, X, y, kind, why, notes)


def unusable(name: str, values) -> str:
    """Why a column is not used, "" if it is."""
    present = values[has_value(values)]
    if len(present) == 0:
        return "it is empty"
    different = len(set(present.tolist()))
    if different == 1 and len(present) == len(values):
        return "it has the same value in all rows"
    if holds_dates(values):
        return "it holds dates; make numbers of them, such as the month or the age in days"
    if is_text(values):
        if different > NAMES_ROWS * len(present):
            return f"it is text with {different:,} different values in {len(present):,} rows"
    elif np.isinf(present).any():
        raise UnusableTableError(f"The column {name!r} holds infinite values. Make them gaps.")
    elif IS_ID.fullmatch(name) and different == len(values):
        return "it numbers the rows"
    return ""


def check_target(target: str, y):
    """A target that can be predicted."""
    if holds_dates(y):
        raise UnusableTableError(
            f"The target {target!r} holds dates. Make a number of them, such as days."
        )
    different = set(y.tolist())
    if len(different) == 1:
        raise UnusableTableError(
            f"The target {target!r} is {different.pop()!r} in all rows: there is nothing to "
            "predict."
        )
    if is_text(y) and len(different) > max(2, NAMES_ROWS * len(y)):
        raise UnusableTableError(
            f"The target {target!r} is text with {len(different):,} different values in "
            f"{len(y):,} rows: it names the rows. Predict a column of numbers or of few classes."
        )
    if not is_text(y) and np.isinf(y).any():
        raise UnusableTableError(f"The target {target!r} holds infinite values. Make them gaps.")


def guess(y) -> tuple[str, str]:
    """What a target is, and why."""
    different = np.unique(y)
    if is_text(y):
        return "classes", f"text with {len(different)} different values"
    if len(different) == 2:
        return "classes", "two different values"
    if np.any(y != np.round(y)):
        return "numbers", "numbers with decimals"
    if len(different) <= MOST_CLASSES:
        return "classes", f"{len(different)} different whole numbers"
    if y.min() in (0, 1):
        return "counts", f"whole numbers from {y.min():g} on"
    return "numbers", f"{len(different):,} different whole numbers"


def check_kind(target: str, y, kind: str, folds: int | None):
    """What the user says of the target, or what is guessed, is possible."""
    if kind == "classes":
        classes, rows = np.unique(y, return_counts=True)
        needed = folds or 2
        if rows.min() < needed:
            raise UnusableTableError(
                f"The class {classes[rows.argmin()]!s} of {target!r} has {rows.min()} rows; at "
                f"least {needed} are needed. Leave it out, join it with another, or say with "
                "--target-is that the target is not of classes."
            )
    elif is_text(y):
        raise UnusableTableError(f"The target {target!r} is text, so it cannot be {kind}.")
    elif kind == "counts" and y.min() < 0:
        raise UnusableTableError(f"Counts are at least 0; {target!r} has {y.min():g}.")
    elif kind == "amounts" and y.min() <= 0:
        raise UnusableTableError(f"Amounts are greater than 0; {target!r} has {y.min():g}.")
