"""Every method of ``scipy.optimize.minimize`` behind the one protocol."""

import re

import numpy as np
import pytest
import scipy
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from sklearn_gd import GDLinearRegressor, GDLogisticClassifier, GDSoftmaxClassifier
from sklearn_gd._validation import InvalidParameterError
from sklearn_gd.data import ArraySource
from sklearn_gd.losses import Logistic, SquaredError
from sklearn_gd.models import MLP, Linear
from sklearn_gd.models.activations import Tanh
from sklearn_gd.objective import EmpiricalRisk
from sklearn_gd.penalties import L1, L2
from sklearn_gd.solvers import LBFGS, NewtonCG, Run, Scipy
from sklearn_gd.solvers.scipy import GRADIENT, HESSIAN, HESSIAN_PRODUCT, VALUE_ONLY

METHODS = sorted(VALUE_ONLY | GRADIENT | HESSIAN_PRODUCT | HESSIAN)
SCIPY_VERSION = tuple(int(part) for part in scipy.__version__.split(".")[:2])
needs_scipy = pytest.mark.skipif(SCIPY_VERSION < (1, 14), reason="COBYQA needs SciPy 1.14")
each_method = pytest.mark.parametrize(
    "method", [pytest.param(m, marks=needs_scipy if m == "COBYQA" else ()) for m in METHODS]
)
WITH_GRADIENT = [method for method in METHODS if method not in VALUE_ONLY]
ALPHA = 0.1


def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 2))
    return X, X @ [2.0, -1.0] + 0.5 + rng.normal(size=30), rng.uniform(0.5, 2, size=30)


def ridge():
    X, y, weight = rows()
    source = ArraySource(X, y[:, np.newaxis], weight)
    return EmpiricalRisk(Linear(2, 1), SquaredError(), L2(), ALPHA, source, reference=1.0)


def logistic():
    X, y, weight = rows()
    source = ArraySource(X, (y > 0.5)[:, np.newaxis].astype(float), weight)
    return EmpiricalRisk(Linear(2, 1), Logistic(), L2(), ALPHA, source, reference=np.log(2))


def closed_form():
    """The coefficients of the ridge, and its Hessian."""
    X, y, weight = rows()
    design = np.hstack([X, np.ones((30, 1))])
    weighted = (design * weight[:, np.newaxis]).T / weight.sum()
    hessian = weighted @ design + np.diag([ALPHA, ALPHA, 0])
    return np.linalg.solve(hessian, weighted @ y), hessian


def bowl(params):
    """1 + a quadratic with curvatures 1 and 4 around (1, -2)."""
    gap = params - [1, -2]
    return 1 + gap @ (gap * [1, 4]) / 2, gap * [1, 4]


def test_every_method_of_scipy_is_there():
    names = "Nelder-Mead Powell CG BFGS Newton-CG L-BFGS-B TNC COBYLA COBYQA SLSQP trust-constr"
    names += " dogleg trust-ncg trust-exact trust-krylov"
    assert sorted(names.split()) == METHODS


@each_method
def test_every_method_finds_the_ridge(method):
    """Within the error that a gap of tol * F allows."""
    result = Scipy(method=method).minimize(ridge(), np.zeros(3), Run(tol=1e-8))
    exact, hessian = closed_form()
    assert result.converged
    assert result.optimality <= 1e-8
    error = np.sqrt(2 * 1.01e-8 * result.value / np.linalg.eigvalsh(hessian)[0])
    assert np.linalg.norm(result.params - exact) <= error


@each_method
def test_every_method_finds_the_logistic_optimum(method):
    best = NewtonCG().minimize(logistic(), np.zeros(3), Run(tol=1e-14)).value
    result = Scipy(method=method).minimize(logistic(), np.zeros(3), Run(tol=1e-6))
    assert result.converged
    assert result.value - best <= 2e-6 * best


@each_method
def test_every_method_minimises_a_function(method):
    """SciPy's own rule decides; all of them then agree on four digits."""
    result = Scipy(method=method).minimize(bowl, np.zeros(2), Run(tol=1e-8))
    assert result.converged
    assert result.message.startswith("SciPy: ")
    np.testing.assert_allclose(result.params, [1, -2], atol=1e-4)
    np.testing.assert_allclose(result.value, bowl(result.params)[0], rtol=1e-15)


@each_method
def test_every_method_stops_at_max_iter(method):
    for max_iter in (1, 2):
        result = Scipy(method=method).minimize(ridge(), np.ones(3), Run(max_iter=max_iter, tol=0))
        assert result.n_iter == max_iter
        assert result.message == f"stopped after max_iter={max_iter} iterations"
        assert result.value <= ridge().value(np.ones(3))


@each_method
def test_every_method_can_be_stopped_by_a_callback(method):
    run = Run(tol=0, callback=lambda progress: progress.n_iter == 1)
    result = Scipy(method=method).minimize(ridge(), np.ones(3), run)
    assert result.n_iter == 1
    assert result.message == "stopped by a callback"


@each_method
def test_every_method_can_be_interrupted(method):
    """In the middle of SciPy's own code, compiled or not."""
    calls = []

    def interrupted(params):
        calls.append(params)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return bowl(params)

    result = Scipy(method=method).minimize(interrupted, np.zeros(2))
    assert result.interrupted
    assert re.fullmatch(r"interrupted after \d+ iterations", result.message)
    np.testing.assert_allclose(result.value, bowl(result.params)[0], rtol=1e-15)
    assert result.value <= bowl(np.zeros(2))[0]


@each_method
def test_errors_of_the_objective_come_through(method):
    def broken(params):
        raise ZeroDivisionError("of the user")

    with pytest.raises(ZeroDivisionError, match="of the user"):
        Scipy(method=method).minimize(broken, np.zeros(2))


@each_method
def test_params_are_not_written_to(method):
    start = np.ones(3)
    start.flags.writeable = False
    first = Scipy(method=method).minimize(ridge(), start, Run(max_iter=3))
    second = Scipy(method=method).minimize(ridge(), start, Run(max_iter=3))
    np.testing.assert_array_equal(first.params, second.params)


@each_method
def test_a_tol_far_below_rounding_still_ends(method):
    """SciPy gives up, or we see the limit of precision; either is said."""
    result = Scipy(method=method).minimize(ridge(), np.zeros(3), Run(tol=1e-30, max_iter=3000))
    assert np.isfinite(result.params).all()
    if not result.converged:
        assert result.message.startswith(("SciPy: ", "stopped after max_iter=3000"))
    exact, _ = closed_form()
    np.testing.assert_allclose(result.params, exact, rtol=1e-5)


@pytest.mark.parametrize("method", sorted(HESSIAN | HESSIAN_PRODUCT))
def test_second_derivatives_are_the_objectives_own(method):
    """Where the Hessian is exact, a Newton step on a quadratic is the last one."""
    result = Scipy(method=method).minimize(ridge(), np.zeros(3), Run(tol=1e-12))
    assert result.converged
    budget = 60 if method == "trust-constr" else 15
    assert result.n_iter <= budget


def test_a_network_is_minimised_by_methods_with_gradients():
    X, y, _ = rows()
    source = ArraySource(X, y[:, np.newaxis])
    risk = EmpiricalRisk(MLP((2, 3, 1), Tanh()), SquaredError(), L2(), 0.01, source)
    start = risk.model.init(np.random.default_rng(0), np.dtype(float))
    for method in ("L-BFGS-B", "BFGS", "CG", "trust-ncg", "trust-krylov", "trust-exact"):
        result = Scipy(method=method).minimize(risk, start, Run(tol=1e-9, max_iter=300))
        assert np.linalg.norm(risk.value_and_gradient(result.params)[1]) < 1e-3, method


@pytest.mark.parametrize("method", sorted(HESSIAN))
def test_a_full_hessian_of_many_parameters_is_refused(method):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 1000)), rng.normal(size=20)
    message = (
        f"method='{method}' builds a 1001 x 1001 Hessian; it is limited to 1000 parameters. "
        "Use Scipy(method='trust-ncg')."
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        GDLinearRegressor(solver=Scipy(method=method)).fit(X, y)
    model = GDLinearRegressor(solver=Scipy(method="trust-ncg"), alpha=0.1, tol=1e-4).fit(X, y)
    assert model.converged_


@pytest.mark.parametrize("method", sorted(HESSIAN))
def test_a_full_hessian_of_exactly_the_limit_is_built(method):
    scales = np.linspace(1, 2, 1000)
    result = Scipy(method=method).minimize(
        lambda w: (1 + w @ (scales * w) / 2, scales * w), np.full(1000, 0.01), Run(max_iter=1)
    )
    assert result.n_iter == 1


def test_an_unknown_method_is_an_error_that_names_them_all():
    with pytest.raises(InvalidParameterError, match="'method' parameter of Scipy") as caught:
        Scipy(method="l-bfgs-b").minimize(bowl, np.zeros(2))
    assert all(repr(method) in str(caught.value) for method in METHODS)


@pytest.mark.parametrize("method", ["L-BFGS-B", "Nelder-Mead", "SLSQP"])
def test_l1_is_refused_with_the_way_out(method):
    X, y, _ = rows()
    model = GDLinearRegressor(penalty=L1(), alpha=0.1, solver=Scipy(method=method))
    with pytest.raises(ValueError, match="use solver='agd'"):
        model.fit(X, y)
    assert model.set_params(solver="agd").fit(X, y).converged_


@pytest.mark.parametrize("method", WITH_GRADIENT)
def test_estimators_take_every_method(method):
    X, y, weight = rows()
    solver = Scipy(method=method)
    labels = (y > 0.5).astype(int) + (y > 2)
    settings = {"alpha": 0.01, "tol": 1e-8}
    cases = [(GDLinearRegressor, y), (GDLogisticClassifier, labels > 0)]
    if method != "dogleg":  # a softmax does not change when all its intercepts do
        cases.append((GDSoftmaxClassifier, labels))
    for estimator, target in cases:
        model = clone(estimator(solver=solver, **settings)).fit(X, target, weight)
        reference = estimator(solver=NewtonCG(), **settings).fit(X, target, weight)
        assert model.converged_
        np.testing.assert_allclose(model.objective_, reference.objective_, rtol=2e-8)


def test_a_failure_of_scipy_is_told():
    """dogleg needs a definite Hessian, and that of a softmax is not."""
    X, y, _ = rows()
    model = GDSoftmaxClassifier(solver=Scipy(method="dogleg"))
    with pytest.warns(ConvergenceWarning, match="SciPy: A linalg error occurred"):
        model.fit(X, (y > 0.5).astype(int) + (y > 2))
    assert not model.converged_


def test_methods_are_set_by_name():
    model = GDLinearRegressor(solver="scipy").set_params(solver__method="CG")
    X, y, _ = rows()
    assert model.fit(X, y).solver_.method == "CG"


def test_scipys_l_bfgs_b_and_ours_agree():
    results = [
        solver.minimize(logistic(), np.zeros(3), Run(tol=1e-13)) for solver in (Scipy(), LBFGS())
    ]
    np.testing.assert_allclose(results[0].params, results[1].params, atol=1e-6)
