"""What a run records at each iteration."""

import time

COLUMNS = ("objective", "optimality", "step_size", "passes", "rounds", "seconds")
# These count from the start of a run, so that a later run adds to them.
TOTALS = ("passes", "rounds", "seconds")


class History:
    """The columns of a run's history, and the validation scores where there are any.

    Parameters
    ----------
    objective : Objective
        Counts its own passes over the data.
    seconds : float
        Seconds that earlier stages took.
    """

    def __init__(self, objective, seconds: float = 0.0):
        self._objective = objective
        self._started = time.perf_counter() - seconds
        self._counts_before = (0.0, 0)
        self.columns: dict[str, list[float]] = {name: [] for name in COLUMNS}
        self.scores: list[float] = []

    @property
    def seconds(self) -> float:
        """Seconds so far."""
        return time.perf_counter() - self._started

    def record(self, value: float, optimality: float, step_size: float) -> None:
        """Append a row."""
        passes, rounds = self._counts_before
        counts = (passes + self._objective.passes, rounds + self._objective.rounds)
        row = (value, optimality, step_size, *counts, self.seconds)
        for column, entry in zip(self.columns.values(), row, strict=True):
            column.append(float(entry))

    def restore(self, columns: dict[str, list[float]], scores: list[float]) -> None:
        """Continue the history of an interrupted run, its counts and its clock included."""
        self.columns = {name: list(column) for name, column in columns.items()}
        self.scores = list(scores)
        now = (self._objective.passes, self._objective.rounds)
        last = (self.columns["passes"][-1], self.columns["rounds"][-1])
        self._counts_before = (last[0] - now[0], last[1] - now[1])
        self._started = time.perf_counter() - self.columns["seconds"][-1]


def joined(before: dict, now: dict, *, is_new_source: bool = False, limit: int | None = None):
    """One history of two runs, the second of which began where the first had ended.

    Parameters
    ----------
    before, now : dict of lists
    is_new_source : bool, default=False
        Whether the second run counted its passes, rounds and seconds anew, and its first row is
        the last of the first run.
    limit : int or None, default=None
        Number of rows to keep, the latest ones.
    """
    history = {}
    for name, column in now.items():
        if is_new_source:
            offset = before[name][-1] if name in TOTALS else 0.0
            column = [offset + entry for entry in column[1:]]
        whole = before[name] + column
        history[name] = whole if limit is None else whole[-limit:]
    return history
