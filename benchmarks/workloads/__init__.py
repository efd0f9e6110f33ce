"""What is measured, in the order of the report: a file each, and a table of real problems."""

import fnmatch
from importlib import import_module

from benchmarks.core import Workload
from benchmarks.sets import FOLDER
from benchmarks.workloads import real

SUITES = ("synthetic", "real")
NAMES = (
    "least_squares",
    "logistic_dense",
    "logistic_unscaled",
    "logistic_sparse",
    "softmax",
    "logistic_wide",
    "l1",
    "sgd_epoch",
    "stream",
    "mlp_epoch",
    "network",
    "grid_search",
    "predict",
    "memory",
    "import_time",
)


def load(name: str) -> Workload:
    """The workload of a file, or the problem of the suite of real data."""
    if name in NAMES:
        return import_module(f"benchmarks.workloads.{name}").WORKLOAD
    return real.WORKLOADS[name]


def names(suite: str, patterns=None) -> list[str]:
    """The workloads of a suite that can be run, or those that match a pattern.

    Raises
    ------
    ValueError
        For a pattern that matches none.
    """
    found = NAMES if suite == "synthetic" else real.names()
    if patterns is None:
        return list(found)
    for pattern in patterns:
        if not fnmatch.filter(found, pattern):
            is_missing = suite == "real" and fnmatch.filter(real.WORKLOADS, pattern)
            needs = f"needs files of the folder that {FOLDER} names" if is_missing else "is unknown"
            raise ValueError(f"{pattern!r} {needs}; --list shows what can be run.")
    return [name for name in found if any(fnmatch.fnmatch(name, each) for each in patterns)]
