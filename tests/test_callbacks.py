"""scikit-learn's callbacks on every estimator, and Checkpoint."""

import errno
import importlib.util
import os
import pickle
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from common import ESTIMATORS, PARAMS_OF, supports
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_gd import GDLinearRegressor, GDLogisticClassifier, GDMLPClassifier, GDMLPRegressor
from sklearn_gd.callbacks import Checkpoint
from sklearn_gd.solvers import SOLVERS

HAS_CALLBACKS = hasattr(GDLinearRegressor(), "set_callbacks")
needs_callbacks = pytest.mark.skipif(not HAS_CALLBACKS, reason="needs scikit-learn 1.9")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
ROOT = Path(__file__).parents[1]


def rows():
    X, y = load_iris(return_X_y=True)
    return X[::3], y[::3]


class Recorder:
    """Notes what it is called with, and stops after some iterations."""

    def __init__(self, stop_after=None):
        self.stop_after, self.events, self.models = stop_after, [], []

    def setup(self, estimator, context):
        self.events.append("setup")

    def teardown(self, estimator, context):
        self.events.append("teardown")

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None, metadata=None):
        self.events.append(f"begin {context.task_name}")
        assert context.task_name != "iteration" or len(X) == len(y) > 0

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        self.events.append(f"end {context.task_name}")
        self.models.append(fitted_estimator)
        return self.events.count("end iteration") == self.stop_after


def test_support_is_there_exactly_where_scikit_learn_has_it():
    has_them = importlib.util.find_spec("sklearn.callback") is not None
    assert {hasattr(kind(), "set_callbacks") for kind in ESTIMATORS} == {has_them}


@needs_callbacks
@pytest.mark.parametrize(
    ("Estimator", "solver"),
    [(kind, "auto") for kind in ESTIMATORS]
    + [
        (kind, solver)
        for kind in (GDLogisticClassifier, GDMLPRegressor)
        for solver in SOLVERS
        if supports(kind, solver)
    ],
)
def test_every_solver_stops_when_a_callback_says_so(Estimator, solver):
    X, y = rows()
    recorder = Recorder(stop_after=2)
    params = {"max_iter": 5, "tol": 0, "random_state": 0} | PARAMS_OF.get(solver, {})
    model = Estimator(solver=solver, **params).set_callbacks(recorder)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(X, y)
    # SciPy and Newton may have nothing left to do after one
    assert 1 <= model.n_iter_ <= 2
    if model.n_iter_ == 2:
        assert model.stop_code_ == "callback"
    iteration = ["begin iteration", "end iteration"]
    n_iter = recorder.events.count("end iteration")
    assert recorder.events == [
        *("setup", "begin fit", *(iteration * n_iter), "end fit", "teardown")
    ]


@needs_callbacks
@pytest.mark.parametrize("Estimator", ESTIMATORS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_a_callback_changes_nothing_and_sees_what_a_shorter_fit_returns(Estimator, solver):
    X, y = rows()
    settings = {"solver": solver, "tol": 0, "random_state": 0}
    recorder = Recorder()
    watched = Estimator(max_iter=4, **settings).set_callbacks(recorder).fit(X, y)
    assert_equal(watched, Estimator(max_iter=4, **settings).fit(X, y), X)
    for n_iter in (1, 3):
        seen, shorter = recorder.models[n_iter - 1], Estimator(max_iter=n_iter, **settings)
        assert_equal(seen, shorter.fit(X, y), X)
        assert seen.n_iter_ == n_iter


def assert_equal(found, expected, X):
    np.testing.assert_array_equal(found.predict(X), expected.predict(X))
    for name in ("coef_", "intercept_", "coefs_", "intercepts_"):
        ours, theirs = (getattr(model, name, 0.0) for model in (found, expected))
        parts = zip(ours, theirs, strict=True) if name.endswith("s_") and ours else [(ours, theirs)]
        for part in parts:
            np.testing.assert_array_equal(*part)


@needs_callbacks
def test_with_early_stopping_a_callback_sees_the_best_model_so_far():
    X, y = rows()
    recorder = Recorder()
    settings = {"early_stopping": True, "max_iter": 8, "random_state": 0, "n_iter_no_change": 20}
    model = GDMLPClassifier(**settings).set_callbacks(recorder).fit(X, y)
    for n_iter, seen in enumerate(recorder.models[:-1], start=1):
        assert seen.best_validation_score_ == max(model.validation_scores_[: n_iter + 1])


@needs_callbacks
def test_a_fit_that_fails_is_torn_down_and_leaves_the_estimator_as_it_was():
    X, y = rows()
    recorder = Recorder()
    model = GDLogisticClassifier().set_callbacks(recorder)
    with pytest.raises(ValueError, match="NaN"):
        model.fit(np.full_like(X, np.nan), y)
    assert recorder.events == ["setup", "begin fit", "teardown"]
    assert set(vars(model)) == {*model.get_params(deep=False), "_skl_callbacks"}


@needs_callbacks
def test_scores_of_iterations_are_monitored_in_a_pipeline_and_in_a_search():
    from sklearn.callback import ScoringMonitor

    X, y = rows()
    monitor = ScoringMonitor(scoring="accuracy")
    network = GDMLPClassifier(max_iter=3, tol=0).set_callbacks(monitor)
    pipeline = make_pipeline(StandardScaler(), network).fit(X, y)
    assert task_names(monitor).count("iteration") == 3
    monitor = ScoringMonitor(scoring="accuracy")
    pipeline[-1].set_callbacks(monitor)
    grid = {"gdmlpclassifier__alpha": [0.1, 1.0]}
    GridSearchCV(pipeline, grid, cv=2, refit=False).fit(X, y)
    assert task_names(monitor).count("iteration") == 3 * 2 * 2


def task_names(monitor):
    return [row["task_name"] for log in monitor.get_logs(select="all") for row in log.data]


class Propagated(Recorder):
    """Set on the outermost estimator, such as a progress bar."""

    max_propagation_depth = None


@needs_callbacks
def test_a_callback_of_a_search_hears_of_every_iteration_within():
    X, y = rows()
    recorder = Propagated()
    pipeline = make_pipeline(StandardScaler(), GDMLPClassifier(max_iter=3, tol=0))
    grid = {"gdmlpclassifier__alpha": [0.1, 1.0]}
    search = GridSearchCV(pipeline, grid, cv=2, refit=False)
    search.set_callbacks(recorder).fit(X, y)
    assert recorder.events.count("end iteration") == 3 * 2 * 2
    assert recorder.events.count("setup") == recorder.events.count("teardown") == 1


# Checkpoint

CASES = {
    "network": GDMLPClassifier(early_stopping=True, max_iter=12, random_state=0),
    "random": GDMLPRegressor(hidden_layer_sizes=(5,), dropout=0.2, max_iter=12, tol=0),
    "mean": GDLinearRegressor(solver="sgd", average=True, max_iter=12, learning_rate=1e-3),
    "units": GDLogisticClassifier(solver="normalized-adagrad", max_iter=12),
    "memory": GDLogisticClassifier(solver="saga", max_iter=12),
    "too fast": GDMLPRegressor(solver="sgd", learning_rate=50.0, max_iter=12),
}


class Interrupt(Exception):
    pass


class InterruptAt(Recorder):
    def on_fit_task_end(self, estimator, context):
        self.events.append(f"end {context.task_name}")
        if self.events.count("end iteration") == self.stop_after:
            raise Interrupt


def interrupted(model, path, X, y, after=5, every=1):
    model = clone(model).set_callbacks(Checkpoint(path, every=every), InterruptAt(after))
    with pytest.raises(Interrupt):
        model.fit(X, y)


@needs_callbacks
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("every", [1, 3])
def test_an_interrupted_fit_is_continued_to_the_same_bits(case, every, tmp_path):
    X, y = rows()
    model, path = clone(CASES[case]).set_params(random_state=3), tmp_path / "fit"
    whole = clone(model).fit(X, y)
    interrupted(model, path, X, y, every=every)
    recorder = Recorder()
    continued = clone(model).set_callbacks(Checkpoint(path), recorder).fit(X, y)
    assert recorder.events.count("end iteration") == whole.n_iter_ - 5 // every * every
    assert_equal(continued, whole, X)
    assert continued.n_iter_ == whole.n_iter_
    assert continued.stop_reason_ == whole.stop_reason_
    assert continued.validation_scores_ == whole.validation_scores_
    for name in ("objective", "optimality", "step_size"):
        np.testing.assert_array_equal(continued.history_[name], whole.history_[name])
    # the new process may have to look at all rows once more
    more = np.subtract(continued.history_["passes"], whole.history_["passes"])
    assert (more > -1e-6).all()
    assert (more < 3).all()


KILLED = """
import os, signal, sys
import numpy as np
from sklearn.datasets import load_iris
from sklearn_gd import GDMLPClassifier
from sklearn_gd.callbacks import Checkpoint
from test_callbacks import InterruptAt, rows

class Kill(InterruptAt):
    def on_fit_task_end(self, estimator, context):
        self.events.append(f"end {context.task_name}")
        if self.events.count("end iteration") == self.stop_after:
            os.kill(os.getpid(), signal.SIGKILL)

model = GDMLPClassifier(max_iter=9, tol=0, early_stopping=True)
model.set_callbacks(Checkpoint(sys.argv[1]), Kill(int(sys.argv[2]))).fit(*rows())
np.save(sys.argv[1] + ".npy", np.concatenate([w.ravel() for w in model.coefs_]))
"""


@needs_callbacks
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_a_killed_process_loses_nothing(tmp_path):
    """Without a random_state: what was drawn is in the file, the held-out rows included."""
    path = str(tmp_path / "fit")
    for after in (2, 3):
        assert run_script(path, after) == -signal.SIGKILL
    halfway = pickle.loads(Path(path).read_bytes())
    assert halfway.n_iter_ == 5
    # the same bits as from the first file on, in one go
    (tmp_path / "twin").write_bytes(Path(path).read_bytes())
    for name in ("fit", "twin"):
        if name == "fit":
            assert run_script(path, 1) == -signal.SIGKILL
        assert run_script(str(tmp_path / name), 100) == 0
    np.testing.assert_array_equal(np.load(f"{path}.npy"), np.load(tmp_path / "twin.npy"))


def run_script(path, after):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    command = [sys.executable, "-W", "ignore", "-c", KILLED, path, str(after)]
    return subprocess.run(command, env=environment, cwd=ROOT, check=False).returncode


@needs_callbacks
def test_the_file_is_a_model_and_a_finished_fit_begins_anew(tmp_path):
    X, y = rows()
    model = GDMLPClassifier(max_iter=4, tol=0).set_callbacks(Checkpoint(tmp_path / "fit"))
    first = model.fit(X, y).predict_proba(X)
    saved = pickle.loads((tmp_path / "fit").read_bytes())
    np.testing.assert_array_equal(saved.predict_proba(X), first)
    assert not any("callback" in name for name in vars(saved))
    assert (model.fit(X, y).predict_proba(X) != first).any()
    assert [path.name for path in tmp_path.iterdir()] == ["fit"]


@needs_callbacks
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"alpha": 2.0}, r"a fit with alpha=0.0001, and the estimator has alpha=2.0. Delete"),
        ({"solver": "sgd"}, "a fit with solver='auto'"),
    ],
)
def test_the_file_of_another_fit_is_refused(change, message, tmp_path):
    X, y = rows()
    model = GDMLPClassifier(max_iter=9, tol=0)
    interrupted(model, tmp_path / "fit", X, y, after=2)
    other = clone(model).set_params(**change).set_callbacks(Checkpoint(tmp_path / "fit"))
    with pytest.raises(ValueError, match=message):
        other.fit(X, y)
    with pytest.raises(ValueError, match="other rows or weights"):
        clone(model).set_callbacks(Checkpoint(tmp_path / "fit")).fit(X[5:], y[5:])
    regressor = GDMLPRegressor(max_iter=9, tol=0).set_callbacks(Checkpoint(tmp_path / "fit"))
    with pytest.raises(ValueError, match="holds a GDMLPClassifier, not a GDMLPRegressor"):
        regressor.fit(X, y)


@needs_callbacks
def test_what_checkpoint_cannot_do_is_said(tmp_path):
    X, y = rows()
    model = GDLogisticClassifier().set_callbacks(Checkpoint(tmp_path / "fit"))
    with pytest.raises(ValueError, match=r"LBFGS has no state to save. Use a stochastic one"):
        model.fit(X, y)
    with pytest.raises(ValueError, match="'every' parameter of Checkpoint must be an integer"):
        model.set_callbacks(Checkpoint(tmp_path / "fit", every=0)).fit(X, y)
    theirs = LogisticRegression().set_callbacks(Checkpoint(tmp_path / "fit"))
    with pytest.raises(TypeError, match="works with the estimators of sklearn_gd; got Logistic"):
        theirs.fit(X, y)


@needs_callbacks
def test_a_full_disk_warns_and_leaves_the_last_file_whole(tmp_path, monkeypatch):
    X, y = rows()
    model = GDMLPClassifier(max_iter=4, tol=0, random_state=0)
    interrupted(model, tmp_path / "fit", X, y, after=2)
    before = (tmp_path / "fit").read_bytes()

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    whole = clone(model).fit(X, y)
    with pytest.warns(UserWarning, match=r"could not write .* No space left .* The fit continues"):
        continued = clone(model).set_callbacks(Checkpoint(tmp_path / "fit")).fit(X, y)
    assert_equal(continued, whole, X)
    assert (tmp_path / "fit").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["fit"]
