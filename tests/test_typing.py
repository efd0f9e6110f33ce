"""Type checkers find nothing wrong in correct programs, and the programs run."""

import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest
import typed_user_code
from sklearn.base import clone

ROOT = Path(__file__).parents[1]
PROGRAM = Path(typed_user_code.__file__)
WRONG = """
from sklearn_gd import GDLogisticClassifier, GDMLPRegressor
GDLogisticClassifier(alpah=1.0)
GDLogisticClassifier(alpha="1.0")
GDLogisticClassifier(solver=3)
GDMLPRegressor(hidden_layer_sizes=2.5)
"""


def test_the_package_says_that_it_is_typed():
    assert files("sklearn_gd").joinpath("py.typed").is_file()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_programs_run(monkeypatch):
    monkeypatch.setattr(typed_user_code, "X", typed_user_code.X + [[0.0, 1], [1, 0], [2, 2]] * 2)
    monkeypatch.setattr(typed_user_code, "y", typed_user_code.y + [0.0, 1, 1] * 2)
    for estimator in typed_user_code.constructors():
        clone(estimator)
    assert typed_user_code.a_stream().n_iter_ == 1
    assert typed_user_code.a_network() == (6, 4, 2, 3, 1)
    assert typed_user_code.a_solver_alone() < 1e-6
    assert typed_user_code.a_fit() > 0
    assert typed_user_code.own_parts().solver_ is not None


@pytest.mark.slow
@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_a_checker_accepts_the_programs_and_finds_typing_errors(checker, tmp_path):
    pytest.importorskip(checker)
    assert count_errors(checker, PROGRAM) == 0
    (tmp_path / "wrong.py").write_text(WRONG, encoding="utf-8")
    assert count_errors(checker, tmp_path / "wrong.py") == WRONG.count("\nGD")


def count_errors(checker, path):
    """Errors in one file, by the strictest settings."""
    options = {"mypy": ["--strict"], "pyright": ["--pythonpath", sys.executable]}
    run = subprocess.run(
        [sys.executable, "-m", checker, *options[checker], str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in run.stdout.splitlines() if "error:" in line or " - error" in line]
    return sum(path.name in line for line in lines)
