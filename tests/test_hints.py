"""What is easy to get wrong, and what the user is told."""

import warnings
from inspect import signature

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_wine
from sklearn.exceptions import ConvergenceWarning

from sklearn_gd import GDLinearRegressor, GDLogisticClassifier, GDMLPClassifier, GDMLPRegressor
from sklearn_gd._hints import PARAMETERS
from sklearn_gd.losses import Loss, Quantile
from sklearn_gd.models.activations import Activation, Tanh
from sklearn_gd.solvers import Adam, Solver

regressors = pytest.mark.parametrize("Regressor", [GDLinearRegressor, GDMLPRegressor])


class Own(Loss):
    """Half the squared error; ``sign`` and ``shape`` make it wrong."""

    def __init__(self, sign=1.0, shape=None):
        self.sign = sign
        self.shape = shape

    def value(self, y, raw):
        value = ((raw - y) ** 2).sum(axis=1) / 2
        return value.sum() if self.shape == "value" else value

    def gradient(self, y, raw):
        gradient = self.sign * (raw - y)
        return gradient[:, 0] if self.shape == "gradient" else gradient


class Wiggle(Activation):
    def value(self, z):
        return np.sin(z)

    def derivative(self, z):
        return np.cos(z)


def messages(model, X, y):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y)
    return [str(warning.message) for warning in caught]


@regressors
@pytest.mark.parametrize("method", ["value", "gradient"])
def test_own_loss_of_a_wrong_shape_is_named(Regressor, method):
    model = Regressor(loss=Own(shape=method))
    for fit in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=rf"Own\.{method}\(y, raw\) must return shape \(n"):
            fit(*load_diabetes(return_X_y=True))


@regressors
def test_own_derivative_is_suspected_where_the_descent_fails(Regressor):
    (told,) = messages(Regressor(loss=Own(sign=-1)), *load_diabetes(return_X_y=True))
    assert told.endswith("Check the gradient of Own with check_gradient(model, X, y).")


def test_own_activations_are_suspected_too():
    model = GDMLPClassifier(hidden_layer_sizes=(5, 5), activation=(Tanh(), Wiggle()), max_iter=2)
    (told,) = messages(model, *load_wine(return_X_y=True))
    assert "Check the gradient of Wiggle" in told


@pytest.mark.parametrize("solver", ["auto", "adam", "lbfgs"])
def test_networks_that_stop_early_are_not_told_to_use_what_they_use(solver):
    model = GDMLPClassifier(solver=solver, max_iter=2, random_state=0)
    (told,) = messages(model, *load_wine(return_X_y=True))
    assert told.endswith("stopped after max_iter=2 iterations. Increase max_iter.")


@pytest.mark.parametrize(
    ("name", "value", "is_told"),
    [
        ("dropout", 0.5, True),
        ("dropout", (0.5,), True),
        ("dropout", 0, False),
        ("dropout", (0.0,), False),
        ("max_norm", 1.0, True),
        ("max_norm", None, False),
        ("average", True, True),
    ],
)
def test_what_the_solver_of_a_network_does_not_use_is_told(name, value, is_told):
    X, y = load_wine(return_X_y=True)
    settings = {name: value, "max_iter": 3, "tol": 0, "random_state": 0}
    told = messages(GDMLPClassifier(solver="lbfgs", **settings), X, y)
    assert told == [f"{name}={value!r} is not used by solver='lbfgs'."] * is_told
    assert messages(GDMLPClassifier(solver="adam", **settings), X, y) == []


@pytest.mark.parametrize(
    ("name", "value", "counterpart"),
    [
        ("penalty", "none", "Use None"),
        ("learning_rate", "invscaling", "PowerDecay"),
        ("learning_rate", "optimal", "InverseScaling"),
        ("loss", "squared_epsilon_insensitive", "no counterpart"),
        ("solver", "newton-cholesky", "GradientDescent"),
        ("solver", "adan", "Did you mean 'adam'"),
    ],
)
def test_a_name_of_scikit_learn_leads_to_ours(name, value, counterpart):
    with pytest.raises(ValueError, match=f"Got '{value}' instead. .*{counterpart}"):
        GDLinearRegressor(**{name: value}).fit(*load_diabetes(return_X_y=True))


def test_an_error_in_validation_rows_says_that_it_is_there():
    X, y = load_wine(return_X_y=True)
    broken = np.where(np.arange(X.size).reshape(X.shape) == 7, np.nan, X)
    with pytest.raises(ValueError, match=r"X_val.*NaN"):
        GDMLPClassifier(early_stopping=True).fit(X, y, X_val=broken, y_val=y)


def test_the_only_class_is_shown_as_it_was_given():
    with pytest.raises(ValueError, match=r"1 class: 1\.0\.$"):
        GDLogisticClassifier().fit(np.eye(3), np.ones(3))


class Sleeper(Solver):
    """A solver of the user's own, which nobody suspects of a derivative."""

    def _run(self, objective, params, run, progress, state):
        value, gradient = objective.value_and_gradient(params)
        progress.done(params, value, gradient)


def test_own_solvers_have_no_derivative():
    X, y = load_diabetes(return_X_y=True)
    with pytest.warns(ConvergenceWarning) as told:
        GDLinearRegressor(solver=Sleeper(), max_iter=1).fit(X, y)
    assert "derivative" not in str(told[0].message)


@pytest.mark.parametrize(
    ("build", "hint"),
    [
        (lambda: GDLogisticClassifier(C=1.0), r"alpha=1 / \(C \* n\)"),
        (lambda: GDLogisticClassifier(n_jobs=2), "not needed"),
        (lambda: GDLogisticClassifier(loss="hinge"), "GDLinearClassifier"),
        (lambda: GDLogisticClassifier(alhpa=1.0), "Did you mean 'alpha'"),
        (lambda: GDMLPClassifier(learning_rate_init=0.1), "Use learning_rate"),
        (lambda: GDMLPClassifier((50,)), r"GDMLPClassifier\(hidden_layer_sizes=\(50,\)\)"),
        (lambda: GDLinearRegressor(quantile=0.9), r"Quantile\(quantile=...\)"),
        (lambda: Quantile(0.9), r"Quantile\(quantile=0\.9\)"),
        (lambda: Adam(beta1=0.8), "Did you mean 'beta_1'"),
        (lambda: GDLogisticClassifier().set_params(C=1.0), r"alpha=1 / \(C \* n\)"),
        (lambda: GDMLPClassifier().fit([[1.0]], [1], eval_set=[]), "X_val and y_val"),
        (lambda: GDLinearRegressor().partial_fit([[1.0]], [1], weights=[1]), "sample_weight"),
        (lambda: GDLogisticClassifier().partial_fit([[1.0]], [1], weights=[1]), "sample_weight"),
    ],
)
def test_a_parameter_of_another_library_is_answered_in_one_line(build, hint):
    for kind in (TypeError, ValueError):
        with pytest.raises(kind, match=rf"^[^\n]*{hint}[^\n]*$"):
            build()


@pytest.mark.parametrize(
    ("model", "hint"),
    [
        (GDLinearRegressor(loss="mse"), "Use 'squared_error'"),
        (GDLinearRegressor(loss="MAE"), "Use 'absolute_error'"),
        (GDLinearRegressor(penalty="lasso"), "Use 'l1'"),
        (GDMLPRegressor(activation="swish"), "Use 'silu'"),
        (GDMLPRegressor(activation=("relu", "sigmoid")), "Use 'logistic'"),
        (GDMLPRegressor(activation="linear"), "Use 'identity'"),
    ],
    ids=repr,
)
def test_other_names_of_a_value_lead_to_ours(model, hint):
    with pytest.raises(ValueError, match=hint):
        model.fit([[0.0], [1.0]], [0.0, 1.0])


@pytest.mark.parametrize("kind", [GDLogisticClassifier, Quantile, Adam])
def test_what_no_library_has_is_a_type_error_of_python(kind):
    with pytest.raises(TypeError, match="unexpected keyword argument 'frobnicate'"):
        kind(frobnicate=1)
    assert "self" not in signature(kind).parameters
    assert set(signature(kind).parameters) == set(kind().get_params(deep=False))


def test_every_hint_is_of_a_parameter_that_does_not_exist():
    """Next to a parameter of ours its entry would never be read."""
    for kind in (GDLinearRegressor, GDLogisticClassifier, GDMLPClassifier):
        own = set(kind().get_params(deep=False)) - {"loss"}
        assert not own & set(PARAMETERS)
