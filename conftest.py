"""What the tests and the examples in docstrings need, and which cannot run without an extra."""

import importlib.util
import os
import sys

import pytest

# Several processes that each take all cores wait for each other; before NumPy is imported, this is
# the number of threads that its products take.
if "PYTEST_XDIST_WORKER" in os.environ:
    for library in ("OPENBLAS", "OMP", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
# pictures are made without a screen
os.environ.setdefault("MPLBACKEND", "Agg")
DRAWS = ("descent", "loss_curve", "path", "solver_comparison")
NEED = {
    "matplotlib": [f"sklearn_gd/inspection/{name}.py" for name in DRAWS],
    "skl2onnx": ["sklearn_gd/onnx.py"],
}
collect_ignore = [
    path for name, paths in NEED.items() if not importlib.util.find_spec(name) for path in paths
]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """What is exhaustive is slow: ``-m "not slow"`` takes the place of ``-m "not exhaustive"``."""
    for item in items:
        if item.get_closest_marker("exhaustive"):
            item.add_marker("slow")


@pytest.fixture(autouse=True)
def _figures_are_closed():
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
