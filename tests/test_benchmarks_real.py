"""``python -m benchmarks --suite real``: what is measured, what is reported, what is saved."""

import json
import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import log_loss, mean_pinball_loss, mean_poisson_deviance
from threadpoolctl import threadpool_info

ROOT = Path(__file__).parents[1]
if not (ROOT / "benchmarks").is_dir():
    pytest.skip("there are no benchmarks in an installed package", allow_module_level=True)
sys.path.insert(0, str(ROOT))

from benchmarks import machine, measure, profile, report, sets, yardstick  # noqa: E402
from benchmarks.__main__ import main  # noqa: E402
from benchmarks.core import OURS, Contender, Line, case_of  # noqa: E402
from benchmarks.worker import Limit  # noqa: E402
from benchmarks.workloads import NAMES, SUITES, load, names  # noqa: E402
from benchmarks.workloads.real import SPECS, WORKLOADS  # noqa: E402


def needs(name):
    """The set, or the reason why it is not there."""
    if not sets.SETS[name].is_available:
        pytest.skip(f"needs {sets.SETS[name].file} in the folder that {sets.FOLDER} names")
    return sets.SETS[name]


def test_the_yardstick_agrees_with_the_metrics_of_scikit_learn():
    rng = np.random.default_rng(0)
    X, w, b = rng.standard_normal((50, 3)), rng.standard_normal(3), 0.3
    raw, y = X @ w + b, rng.poisson(2.0, 50).astype(float)
    measured = partial(yardstick.objective, X=X, coef=w, intercept=b, alpha=0.0)
    deviance = mean_poisson_deviance(y, np.exp(raw)) / 2
    assert measured("poisson", y=y) == pytest.approx(deviance, rel=1e-12)
    pinball = mean_pinball_loss(y, raw, alpha=0.8)
    assert measured("quantile", y=y, shape=0.8) == pytest.approx(pinball, rel=1e-12)
    cross_entropy = log_loss(y > 1, 1 / (1 + np.exp(-raw)))
    assert measured("logistic", y=(y > 1) * 1) == pytest.approx(cross_entropy, rel=1e-12)
    # half of the squares where delta is large, delta |r| where it is small
    assert measured("huber", y=y, shape=1e9) == pytest.approx(measured("squared", y=y), rel=1e-12)
    assert measured("huber", y=y, shape=1e-9) == pytest.approx(1e-9 * abs(raw - y).mean(), rel=1e-6)


def test_the_penalty_of_the_yardstick():
    W = np.array([[1.0, -2.0]])
    assert yardstick.penalty(W, 0) == 2.5
    assert yardstick.penalty(W, 1) == 3
    assert yardstick.penalty(W, 0.5) == 2.75


def test_without_the_folder_there_are_the_bundled_sets(monkeypatch, tmp_path):
    monkeypatch.delenv(sets.FOLDER, raising=False)
    bundled = names("real")
    assert bundled
    assert not any(sets.SETS[spec.data].file for spec in SPECS if spec.name in bundled)
    with pytest.raises(ValueError, match=sets.FOLDER):
        names("real", ["a9a-logistic-l2-C1"])
    with pytest.raises(ValueError, match="'lasagne' is unknown"):
        names("real", ["lasagne"])
    assert names("real", ["iris*C1", "wine*"]) == [
        *("wine-softmax-l2-C1", "wine-softmax-l2-C1-scaled", "iris-softmax-l2-C1")
    ]
    for found in sets.SETS.values():
        (tmp_path / found.file).touch()
    monkeypatch.setenv(sets.FOLDER, str(tmp_path))
    assert names("real") == list(WORKLOADS)
    assert len(WORKLOADS) == len(SPECS) >= 40
    assert SUITES[0] == "synthetic"
    assert names("synthetic") == list(NAMES)


@pytest.mark.parametrize("name", sets.SETS)
def test_sets_are_as_described(name):
    described = needs(name)
    X, y = sets.read(name)
    assert X.shape == (described.rows, described.columns)
    assert len(y) == described.rows
    assert hasattr(X, "indptr") == described.is_sparse
    few, targets = sets.rows_of(name, 100)
    assert few.shape == (100, described.columns)
    assert len(targets) == 100


def record(name, threads=1, **seconds):
    """A problem as it is saved; None: not reached."""
    lines = [
        {"name": key.replace("_", " ") if key != OURS else key}
        | {"status": "" if value else "not reached", "seconds": [value] * 3 if value else []}
        | {"solver": "LBFGS()", "passes": 7.0, "tolerance": 1e-5, "at_least": None, "notes": {}}
        | {"ratios": [], "suboptimality": 1e-7, "memory": None, "memory_share": None}
        for key, value in seconds.items()
    ]
    case = {"name": "logistic, l2", "lines": lines, "targets": [], "judged": "objective"}
    found = {"cpu": "a", "cores": 1, "system": "b", "python": "3", "commit": "c", "versions": {}}
    found |= {"threadpools": [], "threads": threads}
    described = {"name": name, "description": "d", "size": {"rows": 9}}
    return described | {"machine": found, "cases": [case]}


RECORDS = [
    record("one", sklearn_gd=1.0, sklearn_lbfgs=2.0, sklearn_saga=9.0, glum=None),
    record("two", sklearn_gd=4.0, sklearn_lbfgs=None, sklearn_saga=2.0),
    record("three", sklearn_gd=None, sklearn_lbfgs=5.0, sklearn_saga=None, glum=1.0),
]


def test_the_profile_counts_problems_by_ratio_to_the_fastest():
    found = profile.ratios(RECORDS)
    assert found[OURS] == [1.0, 2.0, np.inf]
    assert found["glum"] == [np.inf, 1.0]
    assert found["sklearn, fastest solver"] == [2.0, 1.0, 5.0]
    assert [profile.share(found[OURS], tau) for tau in (1, 1.9, 2, 100)] == [
        *(1 / 3, 1 / 3, 2 / 3, 2 / 3)
    ]
    row = next(row for row in profile.profile_table(RECORDS).splitlines() if f"{OURS} " in row)
    assert [cell.strip() for cell in row.split("|")[2:6]] == ["3", "33%", "33%", "67%"]


def test_the_worst_come_first_with_their_solver_and_passes():
    _, worst, every = profile.summary(RECORDS).split("| problem ")
    assert [line.split()[1] for line in worst.splitlines()[2:5]] == ["three", "two", "one"]
    assert [line.split()[1] for line in every.splitlines()[2:5]] == ["one", "two", "three"]
    cells = [cell.strip() for cell in worst.splitlines()[3].split("|")]
    assert cells[1:-1] == ["two", "4", "2", "2", "sklearn saga", "LBFGS()", "7", "1e-05"]


def test_real_results_are_a_page_a_picture_and_data(tmp_path):
    pytest.importorskip("matplotlib")
    runs = [RECORDS, [record(each["name"], 2, sklearn_gd=1.0, glum=2.0) for each in RECORDS]]
    profile.save(runs, tmp_path)
    saved = json.loads((tmp_path / "real.json").read_text())
    assert saved == [each for records in runs for each in records]
    page = (tmp_path / "real.md").read_text()
    assert "commit c" in page
    assert all(f"Threads: {number}" in page for number in (1, 2))
    assert (tmp_path / "real.png").read_bytes()[1:4] == b"PNG"


def test_what_is_not_the_whole_suite_of_one_commit_is_not_saved(monkeypatch, capsys):
    monkeypatch.setattr("benchmarks.__main__.unsaveable", lambda: "files differ")
    for more, reason in (([], "files differ"), (["--quick"], "whole suite")):
        with pytest.raises(SystemExit):
            main(["--suite", "real", "--save", *more])
        assert reason in capsys.readouterr().err
    monkeypatch.setattr(machine, "unsaveable", lambda: None)
    with pytest.raises(RuntimeError, match="changed during the run"):
        profile.save([RECORDS])


def test_a_checkout_is_saveable_when_it_is_clean(tmp_path):
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    assert "not known which commit" in machine.unsaveable(tmp_path / "nowhere")
    git = partial(subprocess.run, cwd=tmp_path, check=True, capture_output=True)
    git(["git", "init"])
    assert machine.unsaveable(tmp_path) is None
    (tmp_path / "new.py").touch()
    assert "new.py" in machine.unsaveable(tmp_path)


def test_threads_are_limited_here_and_in_workers_and_freed_again(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    before = [pool["num_threads"] for pool in threadpool_info()]
    with machine.limited(1):
        assert {pool["num_threads"] for pool in threadpool_info()} == {1}
        assert os.environ["OMP_NUM_THREADS"] == "1"
    assert [pool["num_threads"] for pool in threadpool_info()] == before
    assert "OMP_NUM_THREADS" not in os.environ


def test_the_limit_follows_the_fastest():
    limit = Limit(cap=20.0, times=50.0)
    assert limit.seconds == 20
    limit.note({"value": 1.1, "seconds": 0.001}, best=1.0)
    assert limit.seconds == 20
    limit.note({"value": 1.0, "seconds": 0.1}, best=1.0)
    assert limit.seconds == 5
    limit.note({"value": 1.0, "seconds": 0.001}, best=1.0)
    assert limit.seconds == 1


class Script:
    """A worker's end of the line: what it says, and None where it says nothing for too long."""

    def __init__(self, *messages):
        self.messages = list(messages)

    def poll(self, _seconds):
        return self.messages[0] is not None

    def recv(self):
        return self.messages.pop(0)


def test_another_sets_the_reference_where_ours_takes_too_long():
    contenders = {name: Contender(name, None) for name in (OURS, "peer")}
    lines = {name: Line(name) for name in contenders}
    options = measure.Options(say=lambda message: None)
    best, limit = {False: np.inf}, Limit(60.0)
    follow = partial(measure.follow, lines=lines, best=best, options=options, limit=limit)
    made = {"value": 1.0, "seconds": 0.5}

    waiting = dict(contenders)
    follow(Script(("ready", None), ("warm", None), None), waiting)
    assert list(waiting) == ["peer", OURS]
    follow(
        Script(
            *(("ready", None), ("warm", None), ("reference", 1.0), ("attempt", made)),
            *(("end", None), ("warm", None), ("attempt", made), ("end", None)),
        ),
        waiting,
    )
    assert not waiting
    assert [line.status for line in lines.values()] == ["", ""]
    assert (best[False], limit.fastest) == (1.0, 0.5)

    waiting, best[False] = dict(contenders), np.inf
    for _ in range(4):
        follow(Script(("ready", None), ("warm", None), None), waiting)
    assert [line.status for line in lines.values()] == ["over 600 s", "over 600 s"]


def test_who_is_far_behind_is_timed_once():
    step = {"suboptimality": 0.0, "seconds": 1.0}
    lines = {name: Line(name, path=[step]) for name in (OURS, "near")}
    lines |= {"far": Line("far", path=[step | {"seconds": 11.0}])}
    lines |= {"lost": Line("lost", path=[step | {"suboptimality": 1e-3}])}
    contenders = [Contender(name, None) for name in lines]
    assert [c.name for c in measure.leaders(contenders, lines)] == [OURS, "near"]
    assert (lines["far"].seconds, lines["far"].notes) == ([11.0], {"runs": 1})
    assert not lines["lost"].seconds


def test_a_real_problem_is_measured_with_our_solver_and_passes():
    name, size = "iris-softmax-l2-C1", {"rows": 150}
    options = measure.Options(
        repeats=3, pause=0, cap=30, hurry=True, patience=3, say=lambda message: None
    )
    measured = measure.run_case(partial(case_of, name, size, 0), options)
    found = report.as_record(load(name), size, [measured], {"threads": 1})
    ours = profile.duel(found)
    assert ours["solver"].endswith("()")
    assert ours["passes"] > 0
    assert np.isfinite(ours["ours"])
    assert ours["solver"] in report.table(found)
