"""The code to copy: it does what was done, and prints the same score."""

import inspect
from pprint import pformat

from sklearn_gd._quick_start.choice import ENCODER
from sklearn_gd._quick_start.problem import Problem
from sklearn_gd._quick_start.tables import Table, column

WIDTH = 88
READ_BY_CSV = """\
with {opened} as file:
    header, *rows = (row for row in csv.reader(file{separator}) if row)
table = dict(zip(header, map(column, zip(*rows))))
"""


def script(table: Table, problem: Problem, estimator: str, folds: int | None) -> str:
    """A program of its own."""
    parts = [
        imports(table, problem, estimator, folds),
        reading(table, problem),
        pipeline(table, problem, estimator),
        scoring(problem, folds),
    ]
    return "\n".join(parts)


def imports(table: Table, problem: Problem, estimator: str, folds: int | None) -> str:
    """All that the program needs, in the usual order."""
    if table.by_pandas:
        lines = ["import pandas as pd"]
    else:
        zipped = ["import gzip"] if is_zipped(table) else []
        lines = ["import csv", *zipped, "", "import numpy as np"]
    lines.append("from sklearn.compose import make_column_transformer")
    if problem.numbers:
        lines.append("from sklearn.impute import SimpleImputer")
    splitter = "StratifiedKFold" if problem.is_classification else "KFold"
    names = f"{splitter}, cross_val_score" if folds else "train_test_split"
    lines.append(f"from sklearn.model_selection import {names}")
    lines.append("from sklearn.pipeline import make_pipeline")
    if problem.words:
        lines.append("from sklearn.preprocessing import OneHotEncoder")
    return "\n".join([*lines, f"from sklearn_gd import {estimator.split('(')[0]}", ""])


def is_zipped(table: Table) -> bool:
    """Whether the file is compressed."""
    return table.path.endswith(".gz")


def reading(table: Table, problem: Problem) -> str:
    """X and y."""
    names = [
        f"{word} = {listed(values)}"
        for word, values in (("numbers", problem.numbers), ("words", problem.words))
        if values
    ]
    used = " + ".join(word for word in ("numbers", "words") if getattr(problem, word))
    if table.by_pandas:
        option = "" if table.separator == "," else f", sep={table.separator!r}"
        lines = [
            f"table = pd.read_csv({table.path!r}{option}).dropna(subset=[{problem.target!r}])",
            *names,
            f"X, y = table[{used}], table[{problem.target!r}]",
        ]
        return "\n".join([*lines, ""])
    option = "" if table.separator == "," else f", delimiter={table.separator!r}"
    opener = f'gzip.open({table.path!r}, "rt"' if is_zipped(table) else f"open({table.path!r}"
    opened = f'{opener}, newline="", encoding="utf-8-sig")'
    lines = [
        *names,
        f"X = np.column_stack([table[name] for name in {used}])",
        f"y = table[{problem.target!r}]",
        'known = y != "" if y.dtype == object else ~np.isnan(y)',
        "X, y = X[known], y[known]",
    ]
    read = READ_BY_CSV.format(opened=opened, separator=option)
    return f"\n{inspect.getsource(column)}\n{read}" + "\n".join([*lines, ""])


def listed(names: list[str]) -> str:
    """A list as code, indented where it is longer than a line."""
    lines = pformat(names, width=WIDTH - 8, compact=True)[1:-1].splitlines()
    if len(lines) == 1:
        return f"[{lines[0]}]"
    return "\n".join(
        ["[", *(f"    {line.strip()}" for line in lines[:-1]), f"    {lines[-1].strip()},", "]"]
    )


def pipeline(table: Table, problem: Problem, estimator: str) -> str:
    """The steps before the estimator, and the estimator."""
    first = len(problem.numbers)
    numbers, words = "numbers", "words"
    if not table.by_pandas:
        numbers, words = f"slice(0, {first})", f"slice({first}, {first + len(problem.words)})"
    lines = []
    if problem.numbers:
        lines.append(f'    (SimpleImputer(strategy="median"), {numbers}),')
    if problem.words:
        options = [f"            {name}={value!r}," for name, value in ENCODER.items()]
        lines += ["    (", "        OneHotEncoder(", *options, "        ),", f"        {words},"]
        lines.append("    ),")
    end = f"model = make_pipeline(columns, {estimator})"
    return "\n".join(["columns = make_column_transformer(", *lines, ")", end])


def scoring(problem: Problem, folds: int | None) -> str:
    """The score that the comparison shows first."""
    if folds:
        splitter = "StratifiedKFold" if problem.is_classification else "KFold"
        lines = [
            f"folds = {splitter}({folds}, shuffle=True, random_state=0)",
            "print(cross_val_score(model, X, y, cv=folds).mean())",
            "model.fit(X, y)",
            "print(model[-1].stop_reason_)",
        ]
    else:
        stratify = "stratify=y, " if problem.is_classification else ""
        lines = [
            f"X_train, X_test, y_train, y_test = train_test_split(X, y, {stratify}random_state=0)",
            "model.fit(X_train, y_train)",
            "print(model.score(X_test, y_test), model[-1].stop_reason_)",
        ]
    return "\n".join(lines)
