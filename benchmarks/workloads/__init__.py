"""What is measured, a file each, in the order of the report."""

from importlib import import_module

from benchmarks.core import Workload

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
    """The workload of a file."""
    return import_module(f"benchmarks.workloads.{name}").WORKLOAD
