"""``python -m benchmarks``: peers solve our problem, and the table says what was measured."""

import sys
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
if not (ROOT / "benchmarks").is_dir():
    pytest.skip("there are no benchmarks in an installed package", allow_module_level=True)
sys.path.insert(0, str(ROOT))

from benchmarks import data, measure, peers, report  # noqa: E402
from benchmarks.core import OURS, Case, Contender, Faster, Kind, Line  # noqa: E402
from benchmarks.workloads import NAMES, load  # noqa: E402
from benchmarks.workloads.l1 import problem as sparse_weights  # noqa: E402
from benchmarks.workloads.real import WORKLOADS, Spec  # noqa: E402

KIND = Kind("squared")
MADE = partial(data.dense, KIND, 300, 4, alpha=1e-2)
PROBLEMS = {
    "squared": MADE,
    "logistic": partial(data.dense, Kind("logistic"), 300, 4),
    "softmax": partial(data.dense, Kind("softmax"), 300, 4, classes=3),
    "sparse": partial(data.sparse, Kind("logistic", sparse=True), 300, 40, 5),
    "l1 logistic": partial(sparse_weights, Kind("logistic", "l1"), 300, 4, 0),
    "l1 squared": partial(sparse_weights, Kind("squared", "l1"), 300, 4, 0),
}
REAL = (
    Spec("cancer", "logistic", scaled=True),
    Spec("cancer", "logistic", "elasticnet", scaled=True),
    Spec("wine", "softmax", scaled=True),
    Spec("diabetes", "squared", "elasticnet", part=0.01),
    Spec("diabetes", "poisson"),
    Spec("diabetes", "poisson", "l1", part=0.1),
    Spec("diabetes", "huber", scaled=True),
    Spec("diabetes", "quantile", "l1", part=0.1, level=0.9),
)
PROBLEMS |= {spec.name: partial(spec.problem, 200) for spec in REAL}
BOUNDED = ("SGDRegressor", "liblinear", "snapml")  # approximate, or with a penalised intercept


def small_case():
    """Ours, a peer that arrives, one that does not, and one that is not there."""
    arrives = ("sklearn Ridge cholesky", "sklearn SGDRegressor")
    found = [c for c in peers.contenders(KIND) if c.name in (OURS, *arrives)]
    absent = Contender("absent", MADE, package="a_package_that_does_not_exist")
    return Case("small", MADE, [*found, absent], [Faster(1e-6, "sklearn Ridge*", "Ridge")])


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.filterwarnings("ignore")
def test_every_peer_minimises_our_objective(name):
    problem = PROBLEMS[name]()
    values = {
        contender.name: problem.objective(*_fitted(contender, problem))
        for contender in peers.contenders(problem.kind)
        if contender.is_installed and not any(word in contender.name for word in BOUNDED)
    }
    if len(values) == 1:
        pytest.skip("no other library that solves this problem is installed")
    assert max(values.values()) == pytest.approx(values[OURS], rel=1e-6)
    # our quantiles are those of an envelope, as wide as 1e-6 of the spread of y
    slack = 1e-6 if problem.kind.loss == "quantile" else 1e-9
    assert min(values.values()) >= values[OURS] * (1 - slack)


def _fitted(contender, problem):
    outcome = contender.make(problem, contender.tolerances[min(9, len(contender.tolerances) - 1)])()
    return outcome.coef, outcome.intercept


def test_a_large_scale_frees_the_intercept_of_liblinear():
    problem = Spec("cancer", "logistic").problem(569)
    found = {c.name: c for c in peers.contenders(problem.kind)}
    best = problem.objective(*_fitted(found[OURS], problem))
    value = problem.objective(*_fitted(found["sklearn liblinear intercept x1000"], problem))
    assert value == pytest.approx(best, rel=1e-6)


def test_strength_of_zeros_is_where_the_lasso_begins():
    for part, zeros in ((1.01, 10), (0.99, 9)):
        problem = Spec("diabetes", "squared", "l1", part=part).problem(442)
        coef = _fitted(peers.contenders(problem.kind)[0], problem)[0]
        assert np.sum(coef == 0) == zeros


def test_the_table_says_what_was_measured():
    options = measure.Options(repeats=3, pause=0, cap=30, say=lambda message: None)
    measured = measure.run_case(small_case, options)
    lines = {line.name: line for line in measured["lines"]}
    ours, peer = lines[OURS], lines["sklearn Ridge cholesky"]
    lost, absent = lines["sklearn SGDRegressor"], lines["absent"]

    problem = MADE()
    X, y = problem.X - problem.X.mean(axis=0), problem.y - problem.y.mean()
    coef = np.linalg.solve(X.T @ X / 300 + problem.alpha * np.eye(4), X.T @ y / 300)
    best = problem.objective(coef, problem.y.mean() - problem.X.mean(axis=0) @ coef)
    assert ours.path[-1]["value"] == pytest.approx(best, rel=1e-6)
    assert lost.path[0]["value"] / best - 1 == pytest.approx(lost.suboptimality, rel=1e-6)
    assert ours.reached
    assert peer.reached
    assert (lost.status, lost.reached) == ("not reached", False)
    assert "not installed" in absent.status

    workload = load("least_squares")
    table = report.table(report.as_record(workload, {"rows": 300}, [measured], {}))
    rows = {
        cell[1].strip(): cell for cell in (row.split("|") for row in table.splitlines()) if cell[1:]
    }
    ratios = [theirs / own for theirs, own in zip(peer.seconds, ours.seconds, strict=True)]
    assert len(peer.seconds) >= 3
    assert rows[peer.name][2].strip() == f"{median(peer.seconds):.3g}"
    assert rows[peer.name][3].split()[0] == f"{median(ratios):.3g}"
    assert rows[lost.name][3].strip().startswith(">")
    assert rows["absent"][2].strip() == ""
    assert f"{median(ratios):.3g}x" in table


def test_a_bound_meets_a_target_but_never_misses_it():
    lines = [Line(OURS, seconds=[1.0]), Line("slow", "over 60 s", at_least=60.0)]
    assert Faster(50, "slow", "slow").judge(lines)["met"] is True
    assert Faster(70, "slow", "slow").judge(lines)["met"] is None


@pytest.mark.parametrize("name", [*NAMES, *WORKLOADS])
def test_every_workload_has_ours_and_a_target_in_each_case(name):
    for size in load(name).sizes.values():
        for case in load(name).cases(**size):
            assert OURS in [contender.name for contender in case.contenders]
            assert case.targets


def test_results_make_a_page_and_a_plot(tmp_path):
    pytest.importorskip("matplotlib")
    options = measure.Options(repeats=3, pause=0, cap=30, say=lambda message: None)
    measured = measure.run_case(small_case, options)
    machine = {"cpu": "a", "cores": 1, "system": "b", "python": "3", "commit": "c"}
    machine |= {"threadpools": [], "versions": {}}
    record = report.as_record(load("least_squares"), {"rows": 300}, [measured], machine)
    report.save([record], ["least_squares"], tmp_path)
    assert (tmp_path / "overview.png").exists()
    page = (tmp_path / "results.md").read_text()
    assert (
        report.between_marks("\n\n".join([report.heads([record]), report.summary([record])]))
        in page
    )


def test_words_between_marks_are_replaced():
    page = f"before {report.BEGIN}old{report.END} after"
    new = report.with_results(page, "new")
    assert new == f"before {report.BEGIN}\nnew\n{report.END} after"
    assert report.with_results(new, "new") == new
