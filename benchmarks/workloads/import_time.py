"""What ``import sklearn_gd`` costs beyond ``import sklearn.linear_model``."""

import os
import subprocess
import sys
from functools import partial
from statistics import median

from benchmarks.core import OURS, Below, Case, Contender, Outcome, Workload

LIMIT = 30.0
BEYOND = "ms beyond sklearn.linear_model"
HEAVY = ("numba", "matplotlib", "dask")
PROGRAM = f"""
import sys, time
import sklearn.linear_model
began = time.perf_counter()
import sklearn_gd
print(time.perf_counter() - began, sum(name in sys.modules for name in {HEAVY}))
"""


def fresh_interpreters(number, _data, _tolerance):
    """The median over so many; whole interpreters differ by more than is looked for."""
    # compiled once and for all, as after an installation
    keeps = os.environ | {"PYTHONDONTWRITEBYTECODE": ""}

    def one():
        command = [sys.executable, "-c", PROGRAM]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=keeps)
        seconds, heavy = done.stdout.split()
        return 1000 * float(seconds), int(heavy)

    def run():
        milliseconds, heavy = zip(*(one() for _ in range(number)), strict=True)
        return Outcome(notes={BEYOND: median(milliseconds), "heavy modules": max(heavy)})

    return run


def cases(repeats):
    """One case, beside nobody."""
    targets = [
        Below(lambda line: line.notes.get(BEYOND), f"below {LIMIT:g} {BEYOND}", LIMIT),
        Below(
            lambda line: line.notes.get("heavy modules"), f"none of {', '.join(HEAVY)} imported", 1
        ),
    ]
    contenders = [Contender(OURS, partial(fresh_interpreters, repeats))]
    yield Case("fresh interpreters", lambda: None, contenders, targets, "time")


WORKLOAD = Workload(
    "import_time",
    "import after scikit-learn's, in fresh interpreters",
    cases,
    {"full": {"repeats": 3}, "quick": {"repeats": 2}},
)
