"""Optima that others find too: scikit-learn, closed forms, and the rows of the documents."""

import os
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from common import MAIN_SOLVERS, SOLVERS
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import lsq_linear, minimize
from scipy.special import logsumexp, softmax
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_wine,
)
from sklearn.linear_model import (
    ElasticNet,
    GammaRegressor,
    Lasso,
    LogisticRegression,
    PoissonRegressor,
    QuantileRegressor,
    Ridge,
    TweedieRegressor,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_gd import (
    GDLinearRegressor,
    GDLogisticClassifier,
    GDMLPClassifier,
    GDMLPRegressor,
    GDSoftmaxClassifier,
)
from sklearn_gd.losses import Loss, Quantile, Tweedie
from sklearn_gd.penalties import Penalty

ALPHA = 1e-4
# A share of the objective: what the default tol of 1e-8 promises.
EXCESS = 1e-8
SETS = {
    "breast_cancer": load_breast_cancer,
    "wine": load_wine,
    "digits": load_digits,
    "iris": load_iris,
}
EXACT = {"tol": 1e-14}


def silently(model, X, y, **arguments):
    """Fit, with every warning an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return model.fit(X, y, **arguments)


def references(X, y, alpha=ALPHA, solvers=("newton-cholesky", "newton-cg")):
    """scikit-learn's Newton solvers, driven to their limit."""
    settings = {"C": 1 / (alpha * len(y)), "tol": 1e-10, "max_iter": 100_000}
    return [silently(LogisticRegression(solver=solver, **settings), X, y) for solver in solvers]


def logistic_objective(coef, intercept, X, y, alpha=ALPHA):
    raw = X @ coef + intercept
    return np.mean(np.logaddexp(0, raw) - y * raw) + alpha * coef @ coef / 2


def softmax_objective(coef, intercept, X, codes, alpha=ALPHA):
    raw = X @ coef.T + intercept
    loss = logsumexp(raw, axis=1) - raw[np.arange(len(codes)), codes]
    return loss.mean() + alpha * np.sum(coef**2) / 2


def squared_objective(coef, intercept, X, y, alpha=ALPHA):
    return np.mean((X @ coef + intercept - y) ** 2) / 2 + alpha * coef @ coef / 2


# Unscaled data, no tuning, no warning: the table.


@pytest.mark.parametrize("Classifier", [GDLogisticClassifier, GDSoftmaxClassifier])
def test_two_classes_by_default_reach_the_optimum_of_scikit_learn(Classifier):
    X, y = load_breast_cancer(return_X_y=True)
    model = silently(Classifier(), X, y)
    best = min(
        logistic_objective(each.coef_[0], each.intercept_[0], X, y) for each in references(X, y)
    )
    ours = logistic_objective(model.coef_[0], model.intercept_[0], X, y)
    assert model.converged_
    assert ours <= best * (1 + EXCESS)


@pytest.mark.parametrize("name", ["wine", "digits", "iris"])
def test_each_class_against_the_rest_by_default_reaches_the_optimum_of_scikit_learn(name):
    X, y = SETS[name](return_X_y=True)
    model = silently(GDLogisticClassifier(), X, y)
    assert model.converged_
    ours, best = 0.0, 0.0
    for code, label in enumerate(model.classes_):
        is_label = (y == label).astype(int)
        best += min(
            logistic_objective(each.coef_[0], each.intercept_[0], X, is_label)
            for each in references(X, is_label)
        )
        ours += logistic_objective(model.coef_[code], model.intercept_[code], X, is_label)
    assert ours <= best * (1 + EXCESS)


@pytest.mark.parametrize("name", ["wine", "digits", "iris"])
def test_softmax_by_default_reaches_the_optimum_of_scikit_learn(name):
    X, y = (part[:500] for part in SETS[name](return_X_y=True))
    model = silently(GDSoftmaxClassifier(), X, y)
    # the other takes minutes for ten classes
    peers = references(X, y, solvers=["newton-cholesky"] if name == "digits" else ["newton-cg"])
    best = min(softmax_objective(each.coef_, each.intercept_, X, y) for each in peers)
    assert model.converged_
    assert softmax_objective(model.coef_, model.intercept_, X, y) <= best * (1 + EXCESS)


@pytest.mark.parametrize("scaled", [True, False])
def test_regression_by_default_reaches_the_optimum_of_ridge_and_the_closed_form(scaled):
    X, y = load_diabetes(return_X_y=True, scaled=scaled)
    model = silently(GDLinearRegressor(), X, y)
    n = len(y)
    ridge = Ridge(alpha=ALPHA * n, solver="cholesky").fit(X, y)
    Z, z = X - X.mean(axis=0), y - y.mean()
    coef = np.linalg.solve(Z.T @ Z / n + ALPHA * np.eye(X.shape[1]), Z.T @ z / n)
    best = min(
        squared_objective(ridge.coef_, ridge.intercept_, X, y),
        squared_objective(coef, y.mean() - X.mean(axis=0) @ coef, X, y),
    )
    assert model.converged_
    assert squared_objective(model.coef_, model.intercept_, X, y) <= best * (1 + EXCESS)
    assert_allclose(model.coef_, coef, rtol=1e-6)


def test_weights_and_class_weights_are_those_of_scikit_learn():
    X, y = load_wine(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    weight = np.random.default_rng(0).uniform(0.1, 3, len(y))
    factor = {0: 1.0, 1: 5.0, 2: 0.5}
    rows = weight * np.array([factor[label] for label in y])
    reference = LogisticRegression(
        C=1 / (0.01 * rows.sum()), class_weight=factor, solver="newton-cg", tol=1e-12
    ).fit(X, y, weight)
    model = GDSoftmaxClassifier(alpha=0.01, class_weight=factor, **EXACT).fit(X, y, weight)
    assert_allclose(model.predict_proba(X), reference.predict_proba(X), atol=1e-6)


# Other losses and penalties of scikit-learn.


@pytest.mark.parametrize("solver", ["auto", "agd"])
@pytest.mark.parametrize(
    ("ours", "reference"),
    [
        ({"penalty": "l1"}, Lasso(alpha=1.0, tol=1e-12, max_iter=100_000)),
        (
            {"penalty": "elasticnet", "l1_ratio": 0.4},
            ElasticNet(alpha=1.0, l1_ratio=0.4, tol=1e-12, max_iter=100_000),
        ),
        (
            {"penalty": "l1", "positive": True},
            Lasso(alpha=1.0, positive=True, tol=1e-12, max_iter=100_000),
        ),
        ({"positive": True}, Ridge(alpha=442.0, positive=True, tol=1e-12)),
    ],
    ids=["lasso", "elastic net", "positive lasso", "positive ridge"],
)
def test_penalties_have_the_optimum_of_scikit_learn(ours, reference, solver):
    X, y = load_diabetes(return_X_y=True)
    X = X / X.std(axis=0)
    reference.fit(X, y)
    model = GDLinearRegressor(alpha=1.0, solver=solver, max_iter=10_000, **ours, **EXACT).fit(X, y)
    assert_allclose(model.coef_, reference.coef_, atol=1e-4)
    assert_array_equal(model.coef_ == 0, reference.coef_ == 0)


@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@pytest.mark.parametrize(
    ("loss", "reference"),
    [
        ("poisson", PoissonRegressor()),
        ("gamma", GammaRegressor()),
        (Tweedie(power=1.2), TweedieRegressor(power=1.2)),
        ("inverse_gaussian", TweedieRegressor(power=3)),
    ],
    ids=str,
)
def test_regression_with_a_log_link_is_that_of_scikit_learn(loss, reference, weighted):
    X, y = load_diabetes(return_X_y=True)
    X = X / X.std(axis=0)
    weight = np.random.default_rng(0).integers(0, 4, len(y)) if weighted else None
    # its other solver does not get as near where the deviance is not convex
    solver = "lbfgs" if loss == "inverse_gaussian" else "newton-cholesky"
    reference.set_params(alpha=0.1, solver=solver, tol=1e-12, max_iter=10_000).fit(X, y, weight)
    model = silently(GDLinearRegressor(loss=loss, alpha=0.1, **EXACT), X, y, sample_weight=weight)
    assert_allclose(model.coef_, reference.coef_, atol=1e-6)
    assert_allclose(model.predict(X), reference.predict(X), rtol=1e-6)


@pytest.mark.parametrize("quantile", [0.2, 0.5])
def test_quantile_regression_reaches_the_optimum_of_linear_programming(quantile):
    X, y = load_diabetes(return_X_y=True)
    reference = QuantileRegressor(quantile=quantile, alpha=0, solver="highs").fit(X, y)
    model = silently(GDLinearRegressor(loss=Quantile(quantile=quantile), alpha=0), X, y)

    def pinball(prediction):
        return np.mean(np.maximum(quantile * (y - prediction), (quantile - 1) * (y - prediction)))

    # the envelope is 1e-6 of the spread of y wide, and lies below the loss by half of that
    assert pinball(model.predict(X)) <= pinball(reference.predict(X)) + 1e-6 * y.std()


# Rows of the documents (MATH.md): 8 to 11 reproduce their examples.


def pima():
    folder = os.environ.get("SKLEARN_GD_DATA")
    if not folder:
        pytest.skip("needs pima_diabetes.csv.gz in the folder that SKLEARN_GD_DATA names")
    table = np.loadtxt(Path(folder) / "pima_diabetes.csv.gz", delimiter=",")
    return table[:, :-1], table[:, -1].astype(int)


@pytest.mark.parametrize("penalty", [None, "l2"])
@pytest.mark.parametrize("Classifier", [GDLogisticClassifier, GDSoftmaxClassifier])
def test_row_8_diabetes_table(Classifier, penalty):
    X, y = pima()
    assert X.shape == (759, 8)
    alpha = 0 if penalty else ALPHA
    model = silently(Classifier(penalty=penalty, alpha=alpha), X, y)
    log_loss = logistic_objective(model.coef_[0], model.intercept_[0], X, y, alpha=0)
    reference = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12).fit(X, y)
    best = logistic_objective(reference.coef_[0], reference.intercept_[0], X, y, alpha=0)
    assert log_loss <= best * (1 + EXCESS)
    assert_allclose(log_loss, 0.4716707, atol=1e-7)
    assert round(model.score(X, y), 4) == 0.7694


@pytest.mark.parametrize("solver", ["auto", "newton-cg", "lbfgs", "gd-curvature"])
def test_row_9_iris_virginica(solver):
    X, y = load_iris(return_X_y=True)
    model = GDLogisticClassifier(
        solver=SOLVERS.get(solver, solver), alpha=1 / (1e10 * len(y)), **EXACT
    )
    silently(model, X[:, 2:], y == 2)
    assert_allclose(model.coef_[0], [5.754532, 10.446700], atol=1e-4)
    assert_allclose(model.intercept_[0], -45.272344, atol=1e-4)


@pytest.mark.parametrize("columns", [[0, 1, 2, 3], [2, 3]], ids=["all", "petals"])
@pytest.mark.parametrize("solver", ["auto", "lbfgs", "gd-curvature"])
def test_row_10_softmax_on_iris(solver, columns):
    X, y = load_iris(return_X_y=True)
    X = X[:, columns]
    reference = LogisticRegression(C=10, solver="newton-cg", tol=1e-12, max_iter=10_000).fit(X, y)
    model = GDSoftmaxClassifier(
        solver=SOLVERS.get(solver, solver), alpha=1 / (10 * len(y)), **EXACT
    )
    silently(model, X, y)
    assert_allclose(model.predict_proba(X), reference.predict_proba(X), atol=1e-6)


@pytest.mark.parametrize("activation", ["logistic", "tanh", "relu"])
def test_row_11_network_of_4_5_3_units(activation):
    X, y = load_iris(return_X_y=True)
    model = GDMLPClassifier(
        hidden_layer_sizes=(5,), activation=activation, solver="lbfgs", random_state=0
    ).fit(X, y)
    assert [w.shape for w in model.coefs_] == [(4, 5), (5, 3)]
    assert [b.shape for b in model.intercepts_] == [(5,), (3,)]
    assert model.n_layers_ == 3
    assert model.score(X, y) >= 0.97


# Row 3: when to stop.


@pytest.mark.parametrize("solver", MAIN_SOLVERS)
def test_row_3_max_iter_ends_a_descent(solver):
    X, y = load_iris(return_X_y=True)
    model = GDSoftmaxClassifier(solver=SOLVERS[solver], max_iter=3, tol=0, random_state=0)
    silently(model, X, y)
    assert model.n_iter_ == 3
    assert len(model.loss_curve_) == 4
    assert not model.converged_
    assert "max_iter=3" in model.stop_reason_


def test_row_3_tol_ends_a_descent():
    X, y = load_iris(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    iterations = []
    for tol in (1e-2, 1e-4, 1e-6):
        model = silently(GDSoftmaxClassifier(solver="agd", tol=tol, alpha=0.01), X, y)
        assert model.converged_
        assert model.optimality_ <= tol
        assert "converged" in model.stop_reason_
        assert f"tol={tol:g}" in model.stop_reason_
        iterations.append(model.n_iter_)
    assert iterations == sorted(set(iterations))


def test_row_3_max_time_ends_a_descent():
    X, y = load_iris(return_X_y=True)
    model = silently(GDSoftmaxClassifier(solver="gd", max_time=1e-9, tol=0), X, y)
    assert "max_time" in model.stop_reason_
    assert model.n_iter_ < 1000


# Row 13: a user's own loss and penalty.


@dataclass(kw_only=True, eq=False, repr=False)
class LogCosh(Loss):
    """Twenty lines of a user, with what a loss must have and no more."""

    scale: float = 1.0

    def value(self, y, raw):
        residual = (raw - y) / self.scale
        return np.sum(np.logaddexp(residual, -residual) - np.log(2), axis=1)

    def gradient(self, y, raw):
        return np.tanh((raw - y) / self.scale) / self.scale


@dataclass(kw_only=True, eq=False, repr=False)
class TowardsOne(Penalty):
    """Half the squared distance from ones."""

    def smooth(self, w):
        return 0.5 * float(np.sum((w - 1) ** 2)), w - 1

    def curvature(self, n_features):
        return 1.0


@dataclass(kw_only=True, eq=False, repr=False)
class Box(Penalty):
    """Coefficients between bounds."""

    low: float = -0.1
    high: float = 0.2

    def nonsmooth(self, w):
        return 0.0

    def prox(self, w, scale):
        return np.clip(w, self.low, self.high)


def small_regression():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 3))
    return X, X @ [0.5, -1.0, 0.1] + rng.normal(size=80) + 3


@pytest.mark.parametrize("solver", ["auto", "gd", "agd", "newton-cg", "scipy", "gd-curvature"])
def test_row_13_own_loss(solver):
    X, y = small_regression()
    loss = LogCosh(scale=0.5)
    model = GDLinearRegressor(
        loss=loss, alpha=0.01, solver=SOLVERS.get(solver, solver), max_iter=20_000, **EXACT
    )
    silently(model, X, y)

    def objective(params):
        value = loss.value(y[:, np.newaxis], (X @ params[:3] + params[3])[:, np.newaxis]).mean()
        return value + 0.01 * params[:3] @ params[:3] / 2

    best = minimize(objective, np.zeros(4), method="BFGS", options={"gtol": 1e-7})
    assert_allclose(objective(np.r_[model.coef_, model.intercept_]), best.fun, rtol=1e-9)
    assert_allclose(model.coef_, best.x[:3], atol=1e-4)


@pytest.mark.parametrize("solver", ["auto", "gd", "agd", "newton-cg", "scipy", "gd-curvature"])
def test_row_13_own_smooth_penalty(solver):
    X, y = small_regression()
    model = GDLinearRegressor(
        penalty=TowardsOne(), alpha=0.5, solver=SOLVERS.get(solver, solver), **EXACT
    )
    silently(model, X, y)
    Z, z = X - X.mean(axis=0), y - y.mean()
    exact = np.linalg.solve(Z.T @ Z / 80 + 0.5 * np.eye(3), Z.T @ z / 80 + 0.5)
    assert_allclose(model.coef_, exact, atol=1e-6)


@pytest.mark.parametrize("solver", ["auto", "gd", "agd", "gd-curvature"])
def test_row_13_own_penalty_with_a_prox(solver):
    X, y = small_regression()
    model = GDLinearRegressor(
        penalty=Box(), alpha=1.0, solver=SOLVERS.get(solver, solver), max_iter=20_000, **EXACT
    )
    silently(model, X, y)
    exact = lsq_linear(X - X.mean(axis=0), y - y.mean(), bounds=(-0.1, 0.2), tol=1e-14).x
    assert_allclose(model.coef_, exact, atol=1e-6)


def test_row_13_own_loss_in_a_network():
    X, y = small_regression()
    settings = {"hidden_layer_sizes": (), "standardize": False, "solver": "lbfgs", "alpha": 0.01}
    network = GDMLPRegressor(loss=LogCosh(), tol=1e-12, max_iter=1000, random_state=0, **settings)
    network.fit(X, y)
    linear = GDLinearRegressor(loss=LogCosh(), alpha=0.01, **EXACT).fit(X, y)
    assert_allclose(network.coefs_[0][:, 0], linear.coef_, atol=1e-4)


# Row 20: the error is the average over points.


@pytest.mark.parametrize(
    "model", [GDLogisticClassifier(), GDSoftmaxClassifier(), GDLinearRegressor()], ids=repr
)
def test_row_20_objective_is_a_mean(model):
    X, y = load_iris(return_X_y=True)
    once = model.fit(X, y)
    value, coef = once.objective_, once.coef_.copy()
    thrice = model.fit(np.tile(X, (3, 1)), np.tile(y, 3))
    assert_allclose(thrice.objective_, value, rtol=1e-7)
    assert_allclose(thrice.coef_, coef, rtol=1e-3, atol=1e-3)


# Row 25: two layers of ReLU and linear logits.


def test_row_25_decision_function_returns_the_logits():
    X, y = load_iris(return_X_y=True)
    model = GDMLPClassifier(hidden_layer_sizes=(8, 6), solver="lbfgs", random_state=0).fit(X, y)
    (w1, w2, w3), (b1, b2, b3) = model.coefs_, model.intercepts_
    logits = np.maximum(np.maximum(X @ w1 + b1, 0) @ w2 + b2, 0) @ w3 + b3
    assert_allclose(model.decision_function(X), logits, rtol=1e-10, atol=1e-10)
    assert_allclose(model.predict_proba(X), softmax(logits, axis=1), rtol=1e-8, atol=1e-12)
    assert model.out_activation_ == "softmax"
    assert model.score(X, y) >= 0.97


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("store", [np.asarray, sp.csr_matrix], ids=["dense", "sparse"])
def test_more_unscaled_columns_than_rows_need_no_scaler(store):
    """Columns in any units and far from zero, too many for a matrix of second derivatives."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((120, 400)) + rng.uniform(-100, 100, 400)
    X *= 10.0 ** rng.uniform(-3, 3, 400)
    y = (X - X.mean(axis=0)) @ (rng.standard_normal(400) / X.std(axis=0)) > 0
    model = GDLogisticClassifier(alpha=1e-3, standardize=True).fit(store(X), y)
    assert model.converged_
    scaled = make_pipeline(StandardScaler(), GDLogisticClassifier(alpha=1e-3, solver="lbfgs"))
    scaled.fit(X, y)
    assert_allclose(model.objective_, scaled[-1].objective_, rtol=1e-7)
    assert model.n_iter_ < 50
