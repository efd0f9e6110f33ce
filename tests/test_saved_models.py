"""A saved model names few classes, is read by later versions, and goes on as the original does."""

import copy
import io
import pickle
import warnings
from pathlib import Path

import joblib
import numpy as np
import pytest
from common import supports
from sklearn.exceptions import InconsistentVersionWarning

import sklearn_gd
from sklearn_gd import GDLinearRegressor, GDLogisticClassifier, GDMLPClassifier, GDMLPRegressor
from sklearn_gd.losses import Huber
from sklearn_gd.solvers import SOLVERS

FOLDER = Path(__file__).parent / "saved"
KINDS = {
    "linear": (GDLinearRegressor(), "numbers"),
    "two targets": (GDLinearRegressor(loss="huber"), "columns"),
    "own loss": (GDLinearRegressor(loss=Huber(delta=2.0)), "numbers"),
    "kinks": (GDLinearRegressor(loss="absolute_error"), "numbers"),
    "binary": (GDLogisticClassifier(), "two"),
    "rest": (GDLogisticClassifier(class_weight="balanced"), "three"),
    "labels": (GDLogisticClassifier(), "labels"),
    "network": (GDMLPClassifier(hidden_layer_sizes=(3, 2), activation=("relu", "gelu")), "three"),
    "network of numbers": (GDMLPRegressor(loss="quantile", hidden_layer_sizes=(3,)), "columns"),
}
SMALL = {"max_iter": 2, "random_state": 0}


def rows():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(40, 3))
    score = X @ [1.0, -0.5, 0.2] + 0.1 * rng.normal(size=40)
    targets = {
        "numbers": score,
        "columns": np.column_stack([score, 2 - score]),
        "two": np.where(score > 0, "yes", "no"),
        "three": np.digitize(score, [-0.5, 0.5]),
        "labels": np.column_stack([score > 0, X[:, 0] > 0]).astype(int),
    }
    return X, targets


def fitted(kind, **parameters):
    estimator, target = KINDS[kind]
    X, targets = rows()
    model = copy.deepcopy(estimator).set_params(**SMALL, **parameters)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, targets[target]), X, targets[target]


class Recorder(pickle.Unpickler):
    """Notes the classes and functions of this package that a pickle looks up by name."""

    def __init__(self, content):
        super().__init__(io.BytesIO(content))
        self.found = set()

    def find_class(self, module, name):
        if module.partition(".")[0] == "sklearn_gd":
            self.found.add(name)
        return super().find_class(module, name)


def classes_named_in(content):
    recorder = Recorder(content)
    recorder.load()
    return recorder.found


def public_solvers():
    return {kind.__name__ for kind in SOLVERS.values()}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("solver", ["auto", "sgd", "adam", "normalized-adagrad", "saga", "lbfgs"])
def test_a_pickle_names_the_estimator_and_its_solver_and_what_the_user_gave(kind, solver):
    estimator, _ = KINDS[kind]
    if not supports(type(estimator), solver):
        return
    model, _, _ = fitted(kind, solver=solver)
    given = {type(value).__name__ for value in model.get_params(deep=False).values()}
    allowed = {type(model).__name__} | public_solvers() | given
    assert classes_named_in(pickle.dumps(model, protocol=4)) <= allowed


COPIES = {
    "pickle": lambda model, path: pickle.loads(pickle.dumps(model)),
    "copy": lambda model, path: copy.copy(model),
    "joblib": lambda model, path: joblib_again(model, path, None),
    "mmap": lambda model, path: joblib_again(model, path, "r"),
}


def joblib_again(model, path, mmap_mode):
    joblib.dump(model, path / "model")
    return joblib.load(path / "model", mmap_mode=mmap_mode)


@pytest.mark.parametrize("way", COPIES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_predicts_and_goes_on_like_the_original(kind, way, tmp_path):
    model, X, y = fitted(kind)
    again = COPIES[way](model, tmp_path)
    assert_same(again, model, X)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert_same(again.partial_fit(X, y), model.partial_fit(X, y), X)
        for estimator in (again, model):
            estimator.set_params(warm_start=True).fit(X, y)
    assert_same(again, model, X)


def assert_same(found, expected, X):
    np.testing.assert_array_equal(found.predict(X), expected.predict(X))
    assert repr(found) == repr(expected)
    assert found.history_.keys() == expected.history_.keys()
    assert found.stop_reason_ == expected.stop_reason_
    assert repr(found.solver_) == repr(expected.solver_)


def test_the_state_is_written_once_the_same():
    model, _, _ = fitted("network", solver="adam")
    again = pickle.loads(pickle.dumps(model))
    # references to equal strings may differ the first time
    again = pickle.loads(pickle.dumps(again))
    assert pickle.dumps(again) == pickle.dumps(pickle.loads(pickle.dumps(again)))


def test_an_estimator_that_is_not_fitted_is_saved_as_well():
    model = GDLinearRegressor(alpha=2)
    assert pickle.loads(pickle.dumps(model)).get_params() == model.get_params()


# Versions


@pytest.mark.parametrize("version", ["0.0.1", None])
def test_the_model_of_another_version_warns(version, monkeypatch):
    content = pickle.dumps(GDLinearRegressor())
    if version is None:
        state = GDLinearRegressor().__getstate__()
        del state["_sklearn_gd_version"]
        with pytest.warns(InconsistentVersionWarning, match="version unknown of sklearn_gd"):
            GDLinearRegressor().__setstate__(state)
        return
    monkeypatch.setattr(sklearn_gd, "__version__", version)
    with pytest.warns(InconsistentVersionWarning) as caught:
        pickle.loads(content)
    message = str(caught[0].message)
    assert message.startswith("Trying to unpickle estimator GDLinearRegressor from version 0.1.0")
    assert "when using version 0.0.1" in message


def test_the_model_of_this_version_does_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pickle.loads(pickle.dumps(GDLinearRegressor()))


RELEASES = sorted(path.stem for path in FOLDER.glob("*.pickle"))


@pytest.mark.parametrize("release", RELEASES)
def test_models_of_each_release_load_predict_and_go_on(release):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InconsistentVersionWarning)
        saved = pickle.loads((FOLDER / f"{release}.pickle").read_bytes())
    X = saved["X"]
    for name, (model, prediction) in saved["models"].items():
        found = model.predict(X)
        if prediction.dtype.kind == "f":
            np.testing.assert_allclose(found, prediction, rtol=1e-10, err_msg=name)
        else:
            np.testing.assert_array_equal(found, prediction, err_msg=name)
        if hasattr(model, "partial_fit"):
            assert model.partial_fit(X, prediction).predict(X).shape == prediction.shape


def test_this_release_is_among_them():
    assert sklearn_gd.__version__ in RELEASES


# Other ways to save


@pytest.mark.parametrize("kind", KINDS)
def test_skops_trusts_all_but_the_estimator_and_its_solver(kind):
    skops = pytest.importorskip("skops.io")
    model, X, y = fitted(kind)
    content = skops.dumps(model)
    untrusted = skops.get_untrusted_types(data=content)
    given = [v for v in model.get_params(deep=False).values() if not isinstance(v, (str, tuple))]
    allowed = [
        f"{type(v).__module__}.{type(v).__qualname__}" for v in (model, model.solver_, *given)
    ]
    assert set(untrusted) <= set(allowed)
    again = skops.loads(content, trusted=untrusted)
    assert_same(again, model, X)
    assert_same(again.partial_fit(X, y), model.partial_fit(X, y), X)
