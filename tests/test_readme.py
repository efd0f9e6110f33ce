"""The README keeps its promises: its code runs, its commands are those of a fresh machine, and its
numbers are the saved ones."""

import json
import re
import statistics
import warnings
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
RESULTS = ROOT / "benchmarks" / "results"
# what a page may import without being run where it is missing
EXTRAS = ("dask", "pyarrow", "skl2onnx", "onnxruntime", "sklearn.callback")
PAGES = sorted([*ROOT.glob("docs/*.md"), *ROOT.glob("docs/user_guide/*.md")])
in_checkout = pytest.mark.skipif(
    not RESULTS.exists(), reason="pictures and measurements are in a checkout only"
)
pytestmark = pytest.mark.skipif(not README.exists(), reason="the README is beside a checkout only")


def blocks(language, page=README):
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def run_python_blocks(page):
    """One after the other, in the same names; skipped if they need an extra that is missing."""
    code = "\n".join(blocks("python", page))
    for module in re.findall(r"^(?:import|from) ([\w.]+)", code, flags=re.MULTILINE):
        if module.startswith(EXTRAS):
            pytest.importorskip(module)
    if "Display" in page.read_text(encoding="utf-8"):
        with warnings.catch_warnings():
            # what matplotlib warns of while it is imported is not ours
            warnings.simplefilter("ignore")
            pytest.importorskip("matplotlib.pyplot").switch_backend("Agg")
    names = {}
    for block in blocks("python", page):
        exec(compile(block, str(page), "exec"), names)


@pytest.mark.filterwarnings("error")
def test_python_blocks_run_one_after_the_other_without_a_warning(capsys):
    run_python_blocks(README)
    printed = capsys.readouterr().out.splitlines()[0]
    shown = next(block for block in blocks("text") if "converged" in block).strip()
    # the gap is of the size of tol, and differs between machines
    number = r"\d\.\de-\d\d"
    assert re.sub(number, "", printed) == re.sub(number, "", shown)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_python_blocks_of_a_page_run_one_after_the_other_without_a_warning(page):
    run_python_blocks(page)


def test_commands_make_their_own_environment():
    commands = [line for block in blocks("sh") for line in block.strip().splitlines()]
    assert len(commands) == 2
    for command in commands:
        assert command.startswith("python3 -m venv .venv && .venv/bin/pip install ")


@in_checkout
def test_pictures_are_there():
    named = re.findall(r'src(?:set)?="([^"]+)"', README.read_text(encoding="utf-8"))
    assert len(named) == 4
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_table_is_that_of_the_saved_results():
    pytest.importorskip("matplotlib")
    first_screen = pytest.importorskip("benchmarks.first_screen")
    page = README.read_text(encoding="utf-8")
    records = first_screen.saved()
    assert first_screen.with_results(page, first_screen.table(records)) == page
    assert first_screen.claim(records) in page


@in_checkout
def test_the_ratios_of_networks_are_those_of_the_saved_results():
    records = json.loads((RESULTS / "results.json").read_text(encoding="utf-8"))
    (network,) = [record for record in records if record["name"] == "network"]
    cases = [case for case in network["cases"] if case["name"].endswith("scaled")]
    measured = [target["measured"] for case in cases for target in case["targets"]]
    ratios = [float(words.split("x ")[0]) for words in measured if "x [" in words]
    assert len(ratios) == len(cases)
    words = f"{min(ratios):.2g}x to {max(ratios):.2g}x, median {statistics.median(ratios):.2g}x"
    assert words in README.read_text(encoding="utf-8")


def test_the_page_of_results_is_made_of_the_saved_results():
    report = pytest.importorskip("benchmarks.report")
    records = json.loads((RESULTS / "results.json").read_text(encoding="utf-8"))
    assert (RESULTS / "results.md").read_text(encoding="utf-8") == report.page(records)
