"""What the tests and the examples in docstrings need."""

import importlib.util
import os

import pytest

# pictures are made without a screen
os.environ.setdefault("MPLBACKEND", "Agg")
HAS_MATPLOTLIB = importlib.util.find_spec("matplotlib") is not None
collect_ignore = (
    []
    if HAS_MATPLOTLIB
    else [
        f"sklearn_gd/inspection/{name}.py"
        for name in ("descent", "loss_curve", "solver_comparison")
    ]
)


@pytest.fixture(autouse=True)
def _figures_are_closed():
    yield
    if HAS_MATPLOTLIB:
        import matplotlib.pyplot as plt

        plt.close("all")
