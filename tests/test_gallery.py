"""The lessons of the documentation: each runs as it is, and together they cover the texts."""

import ast
import re
import runpy
import warnings
from pathlib import Path

import pytest
from numpy.testing import assert_allclose

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"
SCRIPTS = sorted(EXAMPLES.glob("*/plot_*.py"))
# The capabilities that the four texts ask for.
ROWS = set(range(1, 27))
CLAIM = re.compile(r"^\.\. rows:((?: \d+)+)$", re.MULTILINE)

pytestmark = pytest.mark.skipif(not SCRIPTS, reason="the examples are only in a checkout")


def rows_of(script):
    found = CLAIM.findall(ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))))
    assert len(found) <= 1, f"{script.name} has {len(found)} comments of the form '.. rows: 1 2'"
    return {int(row) for row in found[0].split()} if found else set()


def test_every_row_of_the_texts_has_a_lesson():
    claimed = set().union(*map(rows_of, SCRIPTS))
    assert claimed == ROWS


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_script_has_a_title_and_prose(script):
    docstring = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8")))
    title, underline = docstring.splitlines()[:2]
    assert set(underline) == {"="}
    assert len(underline) == len(title)
    assert "\n# %%\n" in script.read_text(encoding="utf-8")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_script_has_its_place_in_the_gallery(script):
    # the build fails at a script that the order of the gallery leaves out
    order = (EXAMPLES.parent / "conf.py").read_text(encoding="utf-8")
    assert f'"{script.name}",\n' in order


def test_standard_errors_of_the_insurance_example_are_those_of_statsmodels():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    try:
        table = runpy.run_path(str(EXAMPLES / "practice" / "plot_insurance_counts.py"))["precision"]
    finally:
        plt.close("all")
    # statsmodels 0.15: GLM(y_train, add_constant(X_train, prepend=False), Poisson(), exposure=...)
    # with scale="X2": params, bse, scale
    assert_allclose(
        table.estimate, [0.8619243400, 0.05156549321, 0.004115339744, -1.645424076], rtol=1e-4
    )
    assert_allclose(
        table.std_error, [0.03317943884, 0.004096988733, 0.003065859346, 0.04638574281], rtol=1e-6
    )
    assert_allclose(table.dispersion, 1.00426589, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_script_runs_without_warnings(script, monkeypatch, tmp_path):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    monkeypatch.chdir(tmp_path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            runpy.run_path(str(script))
        assert not list(tmp_path.iterdir()), "a script leaves files behind"
    finally:
        plt.close("all")
