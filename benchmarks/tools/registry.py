"""A row of the table of tools: what is checked, how a user does it, and where it ends."""

import importlib.util
from collections.abc import Callable
from functools import cache
from importlib.metadata import packages_distributions, version
from typing import NamedTuple

from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.preprocessing import StandardScaler

CHECKS: list["Check"] = []


class Check(NamedTuple):
    """One row.

    Attributes
    ----------
    tool : str
    module : str
        That is imported; without it the row cannot be run.
    how, limits : str
        For the reader of the table.
    run : callable
        Raises an error where the tool does not do what the row says.
    """

    tool: str
    module: str
    how: str
    limits: str
    run: Callable[[], None]

    @property
    def is_installed(self) -> bool:
        """Whether the tool can be imported here."""
        return importlib.util.find_spec(self.module) is not None

    @property
    def version(self) -> str:
        """The tool's version here."""
        return version(packages_distributions()[self.module][0])


def check(tool: str, module: str = "sklearn", how: str = "as is", limits: str = ""):
    """Decorate a function that becomes a row."""

    def add(run):
        CHECKS.append(Check(tool, module, how, limits, run))
        return run

    return add


@cache
def _scaled(loader):
    X, y = loader(as_frame=True, return_X_y=True)
    return StandardScaler().set_output(transform="pandas").fit_transform(X), y


def cancer():
    """Two classes, as a data frame of scaled columns."""
    return _scaled(load_breast_cancer)


def wine():
    """Three classes, likewise."""
    return _scaled(load_wine)


def diabetes():
    """A regression, likewise."""
    return _scaled(load_diabetes)


def refuses(call: Callable[[], object]) -> bool:
    """Whether a call ends in an error, as the limits of a row say."""
    try:
        call()
    except Exception:
        return True
    return False
