"""Where features lie does not matter: a shift moves the intercept, and nothing else."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_gd import (
    GDLinearClassifier,
    GDLinearRegressor,
    GDLogisticClassifier,
    GDSoftmaxClassifier,
)
from sklearn_gd.data import ArraySource, NpyChunks
from sklearn_gd.losses import Logistic, Softmax, SquaredError
from sklearn_gd.models import Linear
from sklearn_gd.penalties import L2, GroupLasso
from sklearn_gd.quadratic import CholeskyMetric, Curvature
from sklearn_gd.quadratic.shifted import ShiftedMetric

N, D = 300, 6
SHIFT = np.array([1.0, 0.0, -1.0, 0.0, 1.0, 0.0])


def near_rows():
    return np.random.default_rng(0).normal(size=(N, D))


def targets():
    rng = np.random.default_rng(1)
    raw = near_rows() @ [1.0, -0.5, 0.3, 0.0, 0.0, 0.2]
    real = raw + 0.5 * rng.normal(size=N)
    return {
        "real": real,
        "count": rng.poisson(np.exp(raw / 2)).astype(float),
        "two": (real > 0).astype(int),
        "three": np.digitize(real, [-0.5, 0.5]),
    }


CASES = {
    "squared": (GDLinearRegressor(), "real"),
    "huber": (GDLinearRegressor(loss="huber"), "real"),
    "poisson": (GDLinearRegressor(loss="poisson"), "count"),
    "logistic": (GDLogisticClassifier(), "two"),
    "rest": (GDLogisticClassifier(), "three"),
    "softmax": (GDSoftmaxClassifier(), "three"),
    "squared hinge": (GDLinearClassifier(loss="squared_hinge"), "two"),
}
PENALTIES = {
    "none": {"penalty": None},
    "l2": {"alpha": 0.01},
    "l1": {"penalty": "l1", "alpha": 0.02},
    "elasticnet": {"penalty": "elasticnet", "alpha": 0.02, "l1_ratio": 0.5},
    "groups": {"penalty": GroupLasso(groups=np.arange(D) // 2), "alpha": 0.02},
    "bounds": {"lower": -0.2, "upper": 0.2},
    "standardized l1": {"penalty": "l1", "alpha": 0.02, "standardize": True},
}


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("case", CASES)
def test_a_shift_of_the_columns_moves_the_intercept_alone(case, penalty):
    estimator, kind = CASES[case]
    estimator.set_params(penalty="l2", l1_ratio=0.5, lower=None, upper=None, standardize=False)
    estimator.set_params(tol=1e-6, **PENALTIES[penalty])
    y = targets()[kind]
    near = estimator.fit(near_rows(), y)
    best, coef, n_iter = near.objective_, near.coef_.copy(), near.n_iter_
    for shift in (30, 1e3, 1e5, 1e8):
        far = estimator.fit(near_rows() + shift * SHIFT, y)
        assert far.converged_
        assert abs(far.n_iter_ - n_iter) <= 1
        assert far.objective_ == pytest.approx(best, rel=2e-6)
        assert_allclose(far.coef_, coef, atol=2e-3)


def test_columns_far_from_zero_in_chunks_are_those_in_memory(tmp_path):
    X, y = near_rows() + 1e6 * SHIFT, targets()["two"]
    for i, rows in enumerate(np.array_split(X, 3)):
        np.save(tmp_path / f"{i}.npy", rows)
    model = GDLogisticClassifier(penalty="l1", alpha=0.02, tol=1e-10)
    whole = model.fit(X, y).coef_
    assert_allclose(model.fit(NpyChunks(tmp_path), y).coef_, whole, rtol=1e-5, atol=1e-6)


def test_a_constant_column_is_left_alone():
    X = near_rows() + 1e8 * SHIFT
    X[:, 4] = 3e7
    model = GDLinearRegressor(penalty="l1", alpha=0.02).fit(X, targets()["real"])
    assert model.converged_
    assert model.coef_[4] == 0


# The metric itself.


def curvature(loss, n_outputs, shift, fit_intercept=True, kind="real"):
    X, y = near_rows() + shift * SHIFT, targets()[kind]
    y = np.eye(3)[y] if n_outputs == 3 else y[:, np.newaxis].astype(float)
    model = Linear(D, n_outputs, fit_intercept)
    return Curvature(model, loss, L2(), 0.1, ArraySource(X, y)), model


def as_matrix(metric, size):
    return np.array([metric.product(unit) for unit in np.eye(size)]).T


@pytest.mark.parametrize("shift", [100.0, 1e5], ids=["by products", "by rows"])
@pytest.mark.parametrize(
    ("loss", "n_outputs", "kind"),
    [(SquaredError(), 1, "real"), (Logistic(), 1, "two"), (Softmax(), 3, "three")],
    ids=["squared", "logistic", "softmax"],
)
def test_a_shifted_metric_is_the_hessian(loss, n_outputs, kind, shift):
    found, model = curvature(loss, n_outputs, shift, kind=kind)
    params = np.random.default_rng(2).normal(size=model.size) / 100
    # the intercepts of features far from zero, so that predictions are of usual size
    table = params.reshape(-1, n_outputs)
    table[-1] -= shift * SHIFT @ table[:-1]
    metric = found.metric(params)
    assert isinstance(metric, ShiftedMetric)
    # on a direction of unit changes of predictions, at which all terms are of usual size
    rng = np.random.default_rng(3)
    direction = metric.unshifted(rng.normal(size=model.size))
    image = metric.product(direction)
    slope = metric.shifted_slope(image)
    by_rows = metric.shifted_slope(found.operator(params)(direction))
    assert_allclose(slope, by_rows, rtol=1e-6, atol=1e-6)
    again = metric.shifted_slope(metric.product(metric.solve(image)))
    assert_allclose(again, slope, rtol=1e-6, atol=1e-8)
    assert_allclose(metric.unshifted(metric.shifted(direction)), direction, rtol=1e-9)


def test_a_shifted_metric_is_bounded_by_its_diagonal_and_solves_for_free_parameters():
    rng = np.random.default_rng(0)
    root = rng.normal(size=(4, 4))
    inner = CholeskyMetric((root @ root.T)[np.newaxis], 1, is_hessian=True)
    metric = ShiftedMetric(inner, np.array([3.0, 0.0, -20.0]), 1)
    matrix = as_matrix(metric, 4)
    assert_allclose(matrix, matrix.T)
    assert np.linalg.eigvalsh(np.diag(metric.diagonal_bound()) - matrix).min() >= -1e-9
    free = np.array([True, False, True, True])
    solution = metric.solver_where(free)(np.ones(4))
    expected = np.linalg.solve(matrix[np.ix_(free, free)], np.ones(3))
    assert_allclose(solution[free], expected, rtol=1e-8)
    assert solution[1] == 0


def test_nothing_is_shifted_without_an_intercept_or_near_zero():
    for shift, fit_intercept in ((1e5, False), (1.0, True)):
        found, model = curvature(SquaredError(), 1, shift, fit_intercept)
        assert not isinstance(found.metric(np.zeros(model.size)), ShiftedMetric)
