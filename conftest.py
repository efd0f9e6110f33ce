"""What the tests and the examples in docstrings need to draw, and where they cannot."""

import importlib.util
import os
import sys

import pytest

# pictures are made without a screen
os.environ.setdefault("MPLBACKEND", "Agg")
DRAWS = ("descent", "loss_curve", "solver_comparison")
collect_ignore = (
    []
    if importlib.util.find_spec("matplotlib")
    else [f"sklearn_gd/inspection/{name}.py" for name in DRAWS]
)


@pytest.fixture(autouse=True)
def _figures_are_closed():
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
