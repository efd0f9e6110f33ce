"""Files for contributors and releases agree with each other and with the package."""

import re
import tomllib
from pathlib import Path

import pytest

import sklearn_gd

ROOT = Path(__file__).parents[1]
CI = ROOT / ".github" / "workflows" / "ci.yml"
pytestmark = pytest.mark.skipif(not CI.exists(), reason="these files are only in a checkout")


def text(*path):
    return ROOT.joinpath(*path).read_text(encoding="utf-8")


def project():
    return tomllib.loads(text("pyproject.toml"))["project"]


def sessions():
    return set(re.findall(r"^@nox\.session.*\ndef (\w+)", text("noxfile.py"), flags=re.MULTILINE))


def pythons():
    return re.findall(r'"(3\.\d+)"', re.search(r"PYTHONS = \[(.*)\]", text("noxfile.py"))[1])


def test_the_citation_has_the_version_and_the_license():
    citation = text("CITATION.cff")
    assert f"\nversion: {sklearn_gd.__version__}\n" in citation
    assert f"\nlicense: {project()['license']}\n" in citation


def test_the_oldest_python_is_the_one_that_is_required():
    assert project()["requires-python"] == f">={pythons()[0]}"


def test_ci_runs_every_python_and_every_session():
    jobs = CI.read_text(encoding="utf-8")
    matrix = re.search(r"^ +python: \[(.*)\]$", jobs, flags=re.MULTILINE)[1]
    assert re.findall(r'"(.*?)"', matrix) == pythons()
    named = set(re.findall(r"session: (\w+)", jobs)) | set(re.findall(r"nox -s (\w+)", jobs))
    assert named == sessions()


def test_the_minimum_versions_are_the_bounds_of_the_package():
    extras = [each for group in project()["optional-dependencies"].values() for each in group]
    bounds = dict(
        re.fullmatch(r"([\w-]+)(?:\[.*\])?>=([\d.]+)", each).groups()
        for each in [*project()["dependencies"], *extras]
        if ">=" in each
    )
    pinned = dict(line.split("==") for line in text(".ci", "minimum.txt").split())
    for name, version in pinned.items():
        bound = bounds[name].split(".")
        assert version.split(".")[: len(bound)] == bound, name


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "SECURITY.md"])
def test_files_and_folders_that_a_page_names_exist(page):
    named = re.findall(
        r"`((?:sklearn_gd|tests|docs|benchmarks|\.ci|\.github)/[^`*<]*)`", text(page)
    )
    linked = re.findall(r"\]\(([^)#:]+)\)", text(page))
    assert [name for name in [*named, *linked] if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "README.md"])
def test_sessions_that_a_page_names_exist(page):
    named = re.findall(r"nox -s ([\w.-]+)", text(page))
    known = sessions() | {f"tests-{python}" for python in pythons()}
    assert set(named) <= known


def test_no_file_names_a_package_registry_or_a_path_of_one_machine():
    paths = [ROOT / "noxfile.py", ROOT / "pyproject.toml", ROOT / "CITATION.cff"]
    paths += [*ROOT.glob("*.md"), *ROOT.glob(".ci/*"), *ROOT.glob(".github/**/*.*")]
    found = re.compile(r"pypi\.org|index-url|/home/|/root/|/work/")
    assert [path.name for path in paths if found.search(path.read_text(encoding="utf-8"))] == []


def entries():
    """The lines of the changelog that are neither headings nor empty."""
    body = text("CHANGELOG.md").split("\n## ", 1)[1].splitlines()[1:]
    return [line for line in body if line and not line.startswith("#")]


def test_the_changelog_has_this_version_with_its_date():
    heading = rf"^## {re.escape(sklearn_gd.__version__)} \(\d{{4}}-\d\d-\d\d\)$"
    assert re.search(heading, text("CHANGELOG.md"), flags=re.MULTILINE)


def test_an_entry_of_the_changelog_is_one_line():
    assert [line for line in entries() if not line.startswith("- ") or len(line) > 120] == []


def test_classifiers_name_the_pythons_that_are_tested():
    found = re.findall(r"Python :: (3\.\d+)", " ".join(project()["classifiers"]))
    assert found == pythons()


def test_each_extra_is_installed_by_somebody():
    """By a session of nox, or by a command that a page or a message of the package shows."""
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("sklearn_gd/**/*.py")]
    pages += [ROOT / "noxfile.py", *ROOT.glob("benchmarks/**/*.py")]
    shown = " ".join(path.read_text(encoding="utf-8") for path in pages)
    named = re.findall(r"(?:\.|sklearn-gd)\[([\w,]+)\]", shown)
    installed = {extra for group in named for extra in group.split(",")}
    assert set(project()["optional-dependencies"]) <= installed
