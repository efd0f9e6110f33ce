"""Frames and arrays of other libraries: the same model, or a sentence that names the way out."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.datasets import load_iris

from sklearn_gd import GDLinearRegressor, GDLogisticClassifier, GDMLPClassifier, GDMLPRegressor

MODELS = {
    "linear": GDLinearRegressor(),
    "logistic": GDLogisticClassifier(),
    "network": GDMLPClassifier(max_iter=3, tol=0, random_state=0),
    "network of numbers": GDMLPRegressor(max_iter=3, tol=0, random_state=0),
}
each_model = pytest.mark.parametrize("name", MODELS)
METHODS = ("predict", "predict_proba", "predict_log_proba", "decision_function", "hidden_features")


def rows():
    X, y = load_iris(return_X_y=True)
    return X[::3], y[::3]


def predictions(model, X):
    return {method: getattr(model, method)(X) for method in METHODS if hasattr(model, method)}


def assert_same_predictions(found, expected):
    for method, prediction in expected.items():
        np.testing.assert_allclose(np.asarray(found[method]), prediction, err_msg=method)


FRAMES = {
    "nullable": lambda frame: frame.astype("Float64"),
    "arrow": lambda frame: frame.astype("double[pyarrow]"),
}


@pytest.mark.parametrize("kind", ["nullable", "arrow"])
@each_model
def test_pandas_extension_types_are_plain_numbers(name, kind):
    if kind == "arrow":
        pytest.importorskip("pyarrow")
    X, y = rows()
    frame = FRAMES[kind](pd.DataFrame(X, columns=list("abcd")))
    target = FRAMES[kind](pd.Series(y)) if "numbers" in name or name == "linear" else pd.Series(y)
    model = sklearn.clone(MODELS[name]).fit(frame, target)
    expected = sklearn.clone(MODELS[name]).fit(X, y)
    assert_same_predictions(predictions(model, frame), predictions(expected, X))
    assert model.feature_names_in_.tolist() == list("abcd")
    frame.iloc[0, 0] = pd.NA
    with pytest.raises(ValueError, match="X contains NaN"):
        model.predict(frame)


@each_model
def test_a_polars_frame_is_taken_and_a_lazy_one_gets_a_sentence(name):
    polars = pytest.importorskip("polars")
    X, y = rows()
    frame = polars.DataFrame(X, schema=list("abcd"))
    model = sklearn.clone(MODELS[name]).fit(frame, polars.Series(y))
    expected = sklearn.clone(MODELS[name]).fit(X, y)
    assert_same_predictions(predictions(model, frame), predictions(expected, X))
    for call in (lambda: model.fit(frame.lazy(), y), lambda: model.predict(frame.lazy())):
        with pytest.raises(TypeError, match=r"X is a LazyFrame, .* pass X.collect\(\)"):
            call()


class Foreign:
    """An array of another library, as far as the standard of arrays goes."""

    device = "its own"

    def __init__(self, array):
        self.array, self.dtype, self.shape = array, array.dtype, array.shape

    def __dlpack__(self, **options):
        raise BufferError("on a GPU")

    def __array_namespace__(self, api_version=None):
        return Namespace

    def __array__(self, dtype=None, copy=None):
        return self.array


class OnAnotherDevice(Foreign):
    def __array__(self, dtype=None, copy=None):
        raise TypeError("copy it to the host first")


class Namespace:
    @staticmethod
    def asarray(array, device=None):
        assert device == "its own"
        return Foreign(array)


@each_model
def test_predictions_go_back_to_the_library_of_x_where_scikit_learn_dispatches(name, monkeypatch):
    X, y = rows()
    weight = np.ones(len(y))
    expected = predictions(sklearn.clone(MODELS[name]).fit(X, y), X)
    model = sklearn.clone(MODELS[name]).fit(Foreign(X), Foreign(y), sample_weight=Foreign(weight))
    found = predictions(model, Foreign(X))
    assert {type(prediction) for prediction in found.values()} == {np.ndarray}
    assert_same_predictions(found, expected)
    # the switch itself needs an environment variable before SciPy is imported
    monkeypatch.setattr(
        "sklearn_gd._estimators.containers.get_config", lambda: {"array_api_dispatch": True}
    )
    found = predictions(model, Foreign(X))
    assert {type(prediction) for prediction in found.values()} == {Foreign}
    assert_same_predictions(found, expected)


def test_labels_that_are_no_numbers_stay_arrays_of_numpy(monkeypatch):
    monkeypatch.setattr(
        "sklearn_gd._estimators.containers.get_config", lambda: {"array_api_dispatch": True}
    )
    X, y = rows()
    model = GDLogisticClassifier().fit(Foreign(X), np.array(["a", "b", "c"])[y])
    assert isinstance(model.predict(Foreign(X)), np.ndarray)
    assert isinstance(model.predict_proba(Foreign(X)), Foreign)


@pytest.mark.parametrize("name", ["X", "y", "sample_weight"])
def test_an_array_on_another_device_gets_a_sentence(name):
    X, y = rows()
    given = {"X": X, "y": y, "sample_weight": np.ones(len(y))}
    given[name] = OnAnotherDevice(given[name])
    with pytest.raises(TypeError, match=f"{name} is an array of .* move {name} to the CPU first"):
        GDLogisticClassifier().fit(**given)
