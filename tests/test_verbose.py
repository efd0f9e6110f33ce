"""What ``verbose`` prints in a terminal, in a notebook and in a log file."""

import io
import re

import pytest
from sklearn.datasets import load_iris

from sklearn_gd import GDLinearRegressor, GDMLPClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
SETTINGS = {"max_iter": 4, "tol": 0, "random_state": 0, "hidden_layer_sizes": (3,)}


class Terminal(io.StringIO):
    def isatty(self):
        return True


# a notebook's output is no terminal, and is known by its module
Notebook = type("OutStream", (io.StringIO,), {"__module__": "ipykernel.iostream"})


def printed(monkeypatch, stream, model, **settings):
    X, y = load_iris(return_X_y=True)
    monkeypatch.setattr("sys.stdout", stream)
    model.set_params(**settings).fit(X, y)
    return stream.getvalue()


@pytest.mark.parametrize("stream", [Terminal, Notebook])
def test_true_updates_one_line_where_that_is_possible(monkeypatch, stream):
    text = printed(monkeypatch, stream(), GDMLPClassifier(verbose=True), **SETTINGS)
    assert text.count("\n") == 1
    assert text.endswith("\n")
    updates = text.rstrip("\n").split("\r")[1:]
    assert [int(re.match(r"iteration (\d+)", update)[1]) for update in updates] == [0, 1, 2, 3, 4]
    # what is shorter than the line before covers all of it
    assert [len(u) for u in updates] == sorted(len(u) for u in updates)


def test_a_line_is_not_wider_than_the_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    text = printed(monkeypatch, Terminal(), GDMLPClassifier(verbose=True), **SETTINGS)
    assert max(map(len, re.split(r"[\r\n]", text))) == 39


def test_a_number_prints_lines_in_a_terminal_as_well(monkeypatch):
    text = printed(monkeypatch, Terminal(), GDMLPClassifier(verbose=2), **SETTINGS)
    assert "\r" not in text
    assert len(text.splitlines()) == 4


def test_validation_scores_have_a_column(monkeypatch):
    model = GDMLPClassifier(verbose=1, early_stopping=True, scoring="accuracy")
    text = printed(monkeypatch, io.StringIO(), model, **SETTINGS)
    titles, *rows = [line.split() for line in text.splitlines()]
    position = titles.index("score")
    found = [float(row[position]) for row in rows]
    assert found == pytest.approx(model.validation_scores_, abs=1e-4)


def test_columns_hold_what_the_history_holds(monkeypatch):
    model = GDLinearRegressor(solver="gd", max_iter=5, tol=0, verbose=1)
    text = printed(monkeypatch, io.StringIO(), model)
    titles, *rows = [line.split() for line in text.splitlines()]
    for title, name in [("passes", "passes"), ("objective", "objective")]:
        found = [float(row[titles.index(title)]) for row in rows]
        assert found == pytest.approx(model.history_[name], rel=1e-3)


def test_smoothed_losses_count_on_over_their_stages(monkeypatch):
    model = GDLinearRegressor(loss="absolute_error", verbose=1)
    text = printed(monkeypatch, io.StringIO(), model)
    titles, *rows = [line.split() for line in text.splitlines()]
    assert titles[0] == "iteration"
    assert [int(row[0]) for row in rows] == list(range(model.n_iter_ + 1))


def test_the_longest_remaining_time_falls_to_zero(monkeypatch):
    text = printed(monkeypatch, io.StringIO(), GDMLPClassifier(verbose=1), **SETTINGS)
    assert text.splitlines()[1].split()[-1] == "-"
    assert text.splitlines()[-1].endswith(" 0.0 s")
