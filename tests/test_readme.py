"""The README keeps its promises: its code runs, and its commands are those of a fresh machine."""

import re
import warnings
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
# what a page may import without being run where it is missing
EXTRAS = ("dask", "pyarrow", "skl2onnx", "onnxruntime", "sklearn.callback")
PAGES = sorted([*ROOT.glob("docs/*.md"), *ROOT.glob("docs/user_guide/*.md")])
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
    assert "converged" in capsys.readouterr().out


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_python_blocks_of_a_page_run_one_after_the_other_without_a_warning(page):
    run_python_blocks(page)


def test_commands_make_their_own_environment():
    commands = [line for block in blocks("sh") for line in block.strip().splitlines()]
    assert len(commands) == 3
    for command in commands:
        assert command.startswith("python3 -m venv .venv && .venv/bin/pip install ")
