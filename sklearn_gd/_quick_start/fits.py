"""Fits with their time and their warnings."""

import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from textwrap import shorten
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

# Of a warning, in characters: more is in the manual.
LONGEST = 90


@dataclass
class Fit:
    """A fitted model, the shortest time that it took, and what it warned of."""

    model: Any
    seconds: float = np.inf
    warnings: list[str] = field(default_factory=list)

    def again(self, X, y):
        """Fit once more; the shorter time counts."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            began = time.perf_counter()
            self.model.fit(X, y)
            seconds = time.perf_counter() - began
        self.seconds = min(self.seconds, seconds)
        self.warnings = [
            shorten(f"{each.category.__name__}: {each.message}", LONGEST, placeholder=" ...")
            for each in caught
        ]

    @property
    def estimator(self):
        """The model without the steps before it."""
        return self.model[-1] if hasattr(self.model, "steps") else self.model


def in_turns(models: dict[str, Any], X, y, repeats: int) -> dict[str, Fit]:
    """Fit each model so many times, one after the other, so that all see the same machine.

    All have one thread: with more, those that wait for each other in BLAS become many times slower
    as soon as another program runs.
    """
    fits = {name: Fit(model) for name, model in models.items()}
    with threadpool_limits(1):
        for _ in range(repeats):
            for fit in fits.values():
                fit.again(X, y)
    return fits


def shown(seconds: float) -> str:
    """A time with its unit."""
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1000 * seconds:.1f} ms"


def table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Aligned columns, the first one to the left."""
    lines = [header, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    return "\n".join(
        "  ".join(
            ["    " + line[0].ljust(widths[0])]
            + [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
        )
        for line in lines
    )
