"""Checks, each in an environment of its own: ``nox -l`` lists them, ``nox`` runs lint and tests.

What follows ``--`` is passed on, as in ``nox -s tests-3.12 -- tests/test_losses.py``.
"""

import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2024.4.15"
nox.options.sessions = ["lint", "tests"]
nox.options.error_on_missing_interpreters = False

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
OLDEST, USUAL, NEWEST = PYTHONS[0], PYTHONS[1], PYTHONS[-1]
# What the tests themselves import; all else that they use is an extra, without which they skip.
OF_TESTS = ["pytest>=8", "pytest-xdist>=3.5", "hypothesis>=6.100", "pandas>=2.1", "polars>=1.0"]


def run_tests(session, *options):
    """Run pytest in as many processes as there are cores."""
    session.run("python", "-m", "pytest", "-n", "auto", *options, *session.posargs)


@nox.session(python=PYTHONS)
def tests(session):
    """All tests with the newest dependencies."""
    session.install("-e", ".[test]")
    run_tests(session)


@nox.session(python=OLDEST)
def minimum(session):
    """The quick tests with the oldest dependencies that are supported."""
    session.install("-e", ".[test]", "-c", ".ci/minimum.txt")
    run_tests(session, "-m", "not slow")


@nox.session(python=USUAL)
def bare(session):
    """The quick tests without any extra: no matplotlib, numba, dask or skl2onnx."""
    session.install("-e", ".", *OF_TESTS)
    run_tests(session, "-m", "not slow")


@nox.session(python=USUAL)
def extras(session):
    """All tests with every extra, and with the tools that models are exported to."""
    session.install("-e", ".[test,plot,numba,onnx]", "skops", "m2cgen", "eli5")
    run_tests(session)


@nox.session(python=USUAL)
def tools(session):
    """The table of tools, each run with the newest version of the tool."""
    session.install("-e", ".[tools]")
    session.run("python", "-m", "benchmarks.tools", *session.posargs)


@nox.session(python=USUAL)
def coverage(session):
    """Lines and branches of the package that the tests run; below 95 % it fails."""
    session.install("-e", ".[test,plot,numba,onnx]", "pytest-cov")
    options = ["--cov", "--cov-report=term-missing:skip-covered", "--cov-fail-under=95"]
    run_tests(session, *options)


@nox.session(python=USUAL)
def mutants(session):
    """Losses, penalties, schedules and update rules with one small fault each: do tests notice?"""
    session.install("-e", ".[test]", "mutmut>=3.8")
    session.run("mutmut", "run", *session.posargs)
    session.run("mutmut", "results")


@nox.session(python=NEWEST)
def prerelease(session):
    """All tests with pre-releases of the dependencies, where there are any."""
    session.install("--pre", "-e", ".[test]")
    run_tests(session)


@nox.session(python=USUAL)
def lint(session):
    """The linter, the formatter and the type checker, as in the pre-commit hooks."""
    session.install("-e", ".[lint]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")


@nox.session(python=USUAL)
def docs(session):
    """The documentation without running its gallery, which the slow tests run."""
    session.install("-e", ".[docs]")
    options = session.posargs or ["-D", "plot_gallery=0"]
    target = "docs/_build/html"
    session.run("python", "-m", "sphinx", "-W", "--keep-going", *options, "docs", target)


@nox.session(python=USUAL)
def package(session):
    """The distributions in dist/: the quick start from the wheel alone, the sdist's quick tests."""
    session.install("build", "twine")
    shutil.rmtree("dist", ignore_errors=True)
    session.run("python", "-m", "build")
    (wheel,), (source,) = (list(Path("dist").resolve().glob(end)) for end in ("*.whl", "*.tar.gz"))
    session.run("python", "-m", "twine", "check", "--strict", str(wheel), str(source))
    session.install(str(wheel))
    # elsewhere, so that what is imported is what was installed
    elsewhere = Path(session.create_tmp())
    session.chdir(elsewhere)
    session.run("python", "-m", "sklearn_gd")
    shutil.unpack_archive(source, elsewhere)
    unpacked = elsewhere / source.name.removesuffix(".tar.gz")
    shutil.rmtree(unpacked / "sklearn_gd")
    session.install(f"{wheel}[test]")
    session.chdir(unpacked)
    run_tests(session, "-m", "not slow", "tests")
