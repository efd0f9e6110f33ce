"""What ``verbose`` prints: a line that is updated in place, or aligned lines for a log."""

import shutil
import sys
from typing import NamedTuple

from sklearn_gd.solvers.run import Run

# name, width and format of each column; numbers are right-aligned under their names
COLUMNS = (
    ("iteration", 9, "{:d}"),
    ("passes", 8, "{:.1f}"),
    ("objective", 13, "{:.6g}"),
    ("optimality", 10, "{:.1e}"),
    ("score", 11, "{:.5g}"),
    ("step", 9, "{:.1e}"),
    ("elapsed", 9, "{}"),
    ("at most", 9, "{}"),
)
MINUTE, HOUR = 60, 3600


class Row(NamedTuple):
    """An iteration, in the order of the columns; a validation score only if there is one."""

    iteration: int
    passes: float
    objective: float
    optimality: float
    score: float | None
    step: float
    seconds: float


class Report:
    """Prints the progress of a run.

    ``verbose=True`` updates one line in a terminal or a notebook, and prints a line for each
    iteration elsewhere; ``verbose=k`` prints a line every k iterations.

    Parameters
    ----------
    run : Run
        Its ``verbose``; its limits give the longest remaining time.
    """

    def __init__(self, run: Run):
        self._run, self._before = run, run.stage.iterations
        self._every = int(run.verbose)
        self._in_place = run.verbose is True and _is_interactive(sys.stdout)
        self._has_header = False
        self._width = 0

    def show(self, n_iter: int, row: Row) -> None:
        """Print the row of an iteration if its turn has come."""
        # a later stage, or a chunk, begins where the last line has left off
        is_repeated = n_iter == 0 and (self._before or self._run.stage.is_chunk)
        if not self._every or n_iter % self._every or is_repeated:
            return
        cells = self._cells(row._replace(iteration=self._before + n_iter))
        if self._in_place:
            text = "  ".join(f"{name} {cell}" for name, cell, _ in cells)
            # a line that wraps could not be overwritten
            text = text[: shutil.get_terminal_size().columns - 1]
            self._width = max(self._width, len(text))
            print(f"\r{text:<{self._width}}", end="", flush=True)
            return
        if not (self._has_header or self._before or self._run.stage.is_chunk):
            print(" ".join(f"{name:>{width}}" for name, _, width in cells))
        self._has_header = True
        print(" ".join(f"{cell:>{width}}" for _, cell, width in cells))

    def close(self) -> None:
        """End the line that was updated in place."""
        if self._width:
            print()
        self._width = 0

    def _cells(self, row):
        """Name, text and width of each column."""
        values = [*row[:-1], _duration(row.seconds), self._remaining(row)]
        return [
            (name, "-" if value != value else form.format(value), width)
            for (name, width, form), value in zip(COLUMNS, values, strict=True)
            if value is not None
        ]

    def _remaining(self, row):
        """Time to ``max_iter`` or ``max_time``, whichever comes first."""
        if row.iteration == 0:
            return "-"
        left = row.seconds / row.iteration * (self._run.max_iter - row.iteration)
        if self._run.max_time is not None:
            left = min(left, self._run.max_time - row.seconds)
        return _duration(max(left, 0.0))


def _duration(seconds):
    if seconds < MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), MINUTE)
    if seconds < HOUR:
        return f"{minutes}:{rest:02d}"
    return f"{minutes // MINUTE}:{minutes % MINUTE:02d}:{rest:02d}"


def _is_interactive(stream) -> bool:
    """Whether a line can be overwritten: in a terminal, or in the output of a notebook."""
    return stream.isatty() or type(stream).__module__.startswith("ipykernel")
