"""Full-batch solvers: the right optimum, whatever the loss, penalty, storage, weights and units."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.special import expit, softmax
from sklearn.linear_model import ElasticNet as SklearnElasticNet
from sklearn.linear_model import LogisticRegression

from sklearn_gd import GDLinearRegressor, GDLogisticClassifier
from sklearn_gd.data import ArraySource
from sklearn_gd.losses import (
    Huber,
    Logistic,
    MoreauEnvelope,
    Poisson,
    Quantile,
    Softmax,
    SquaredError,
)
from sklearn_gd.models import MLP, Linear
from sklearn_gd.models.activations import Tanh
from sklearn_gd.objective import EmpiricalRisk
from sklearn_gd.penalties import (
    L1,
    L2,
    ElasticNet,
    GroupLasso,
    NoPenalty,
    Positive,
    Standardized,
    Tikhonov,
)
from sklearn_gd.schedules import ReduceOnPlateau
from sklearn_gd.solvers import (
    LBFGS,
    AcceleratedGradientDescent,
    GradientDescent,
    NewtonCG,
    ProximalNewtonCG,
    Run,
    Scipy,
)

# A new solver, loss or penalty is a new row of a table.
SOLVERS = {
    "gd": GradientDescent(),
    "gd-curvature": GradientDescent(metric="curvature"),
    "agd": AcceleratedGradientDescent(),
    "lbfgs": LBFGS(),
    "lbfgs-plain": LBFGS(metric=None),
    "newton-cg": NewtonCG(),
    "proximal-newton-cg": ProximalNewtonCG(),
    "scipy": Scipy(),
}
PROXIMAL = ["gd", "gd-curvature", "agd", "proximal-newton-cg"]
IN_A_METRIC = ["gd-curvature", "lbfgs", "newton-cg"]
LOSSES = {
    "squared": SquaredError(),
    "squared-2": SquaredError(),
    "huber": Huber(delta=1.0),
    "envelope": MoreauEnvelope(loss=Quantile(quantile=0.3), width=0.5),
    "poisson": Poisson(),
    "logistic": Logistic(),
    "logistic-3": Logistic(),
    "softmax": Softmax(),
}
# The largest second derivatives; that of poisson has no bound.
CURVATURES = {"squared": 1, "huber": 1, "envelope": 2, "logistic": 0.25, "softmax": 0.5}
CURVATURES |= {"squared-2": 1, "logistic-3": 0.25}
BOUNDED = list(CURVATURES)
USUAL = ["squared-2", "logistic", "softmax"]
SPREAD = np.array([0.5, 1.0, 2.0])
DIFFERENCES = np.array([[1.0, -1.0, 0.0], [0.0, 1.0, -1.0]])
PENALTIES = {
    "none": NoPenalty(),
    "l2": L2(),
    "l2-standardized": Standardized(penalty=L2(), std=SPREAD),
    "tikhonov": Tikhonov(matrix=DIFFERENCES),
    "l1": L1(),
    "l1-standardized": Standardized(penalty=L1(), std=SPREAD),
    "elasticnet": ElasticNet(l1_ratio=0.5),
    "group": GroupLasso(groups=np.array([0, 1, 1])),
    "l2-positive": Positive(penalty=L2()),
    "l1-positive": Positive(penalty=L1()),
}
SMOOTH = ["none", "l2", "l2-standardized", "tikhonov"]
ALPHA = 0.05
TOL = 1e-12
# The Newton decrement of a loss that is not quadratic is the true gap up to a factor near 1.
GAP = 2 * TOL


def rows(loss, n_samples=60):
    """Features near unit variance, targets that no model can fit exactly, and weights."""
    rng = np.random.default_rng(7)
    X = rng.normal(size=(n_samples, 3))
    raw = X @ [[1.5, 0.3, -1.0], [-1.0, 1.0, 0.0], [0.0, -0.8, 0.9]] + [0.5, 0.0, -0.5]
    noisy = raw + rng.logistic(size=raw.shape)
    targets = {
        "squared": noisy[:, :1],
        "squared-2": noisy[:, :2],
        "huber": noisy[:, :1],
        "envelope": noisy[:, :1],
        "poisson": rng.poisson(np.exp(raw[:, :1] / 2)).astype(float),
        "logistic": (noisy[:, :1] > 0).astype(float),
        "logistic-3": (noisy > 0).astype(float),
        "softmax": noisy.argmax(axis=1),
    }
    return X, targets[loss], rng.uniform(0.5, 2, size=n_samples)


def risk_of(loss, penalty, X, y, weight, kind=EmpiricalRisk):
    n_outputs = 3 if y.ndim == 1 else y.shape[1]
    model = Linear(X.shape[1], n_outputs)
    alpha = 0.0 if penalty == "none" else ALPHA
    source = ArraySource(X, y, weight)
    return kind(model, LOSSES[loss], PENALTIES[penalty], alpha, source)


# The objective once more, from its definition, for dense rows.


def slope_of_loss(loss, y, raw):
    if loss == "softmax":
        return softmax(raw, axis=1) - np.eye(raw.shape[1])[y]
    if loss.startswith("logistic"):
        return expit(raw) - y
    slopes = {
        "squared": raw - y,
        "squared-2": raw - y,
        "huber": np.clip(raw - y, -1, 1),
        # the pinball loss, slopes -0.3 and 0.7, rounded off over 0.5 times either slope
        "envelope": np.clip((raw - y) / 0.5, -0.3, 0.7),
        "poisson": np.exp(raw) - y,
    }
    return slopes[loss]


def smooth_gradient(loss, penalty, X, y, weight, table):
    """Of the mean loss and the smooth part of the penalty, for the table [W; b]."""
    design = np.hstack([X, np.ones((len(X), 1))])
    slope = slope_of_loss(loss, y, design @ table) * weight[:, np.newaxis]
    gradient = design.T @ slope / weight.sum()
    gradient[:-1] += ALPHA * smooth_matrix(penalty) @ table[:-1]
    return gradient


def smooth_matrix(penalty):
    """M, where the smooth part of the penalty is w'Mw/2."""
    matrices = {
        "l2": np.eye(3),
        "l2-standardized": np.diag(SPREAD**2),
        "tikhonov": DIFFERENCES.T @ DIFFERENCES,
        "elasticnet": 0.5 * np.eye(3),
        "l2-positive": np.eye(3),
    }
    return matrices.get(penalty, np.zeros((3, 3)))


def shrunk(penalty, w, threshold):
    """The proximal operator of threshold times the penalty's nonsmooth part."""
    if penalty == "group":
        groups = [w[:1], w[1:]]
        lengths = [np.linalg.norm(group) for group in groups]
        thresholds = [threshold, np.sqrt(2) * threshold]
        kept = zip(groups, lengths, thresholds, strict=True)
        return np.vstack([g * max(1 - t / length, 0) if length else g for g, length, t in kept])
    shares = {"l1": 1.0, "l1-standardized": SPREAD, "elasticnet": 0.5, "l1-positive": 1.0}
    threshold = np.broadcast_to(threshold * shares.get(penalty, 0.0), 3)[:, np.newaxis]
    if penalty.endswith("positive"):
        return np.maximum(w - threshold, 0)
    return np.sign(w) * np.maximum(np.abs(w) - threshold, 0)


def largest_curvature(loss, penalty, X, y, weight, table):
    """Everywhere, or twice that at the table where there is no bound."""
    design = np.hstack([X, np.ones((len(X), 1))])
    gram = (design * weight[:, np.newaxis]).T @ design / weight.sum()
    bound = CURVATURES.get(loss) or 2 * np.exp(design @ table).max()
    of_penalty = ALPHA * np.linalg.eigvalsh(smooth_matrix(penalty))[-1]
    return bound * np.linalg.eigvalsh(gram)[-1] + of_penalty


def proximal_residual(loss, penalty, X, y, weight, table):
    """L (w - prox(w - gradient / L)): zero exactly where the KKT conditions hold."""
    gradient = smooth_gradient(loss, penalty, X, y, weight, table)
    largest = largest_curvature(loss, penalty, X, y, weight, table)
    moved = table - gradient / largest
    nearest = np.vstack([shrunk(penalty, moved[:-1], ALPHA / largest), moved[-1:]])
    return largest * (table - nearest), largest


PAIRS = [
    (name, penalty)
    for penalty in PENALTIES
    for name in SOLVERS
    if name in PROXIMAL or penalty in SMOOTH
]
SPARSE_PAIRS = [(name, penalty) for name, penalty in PAIRS if penalty in ("l2", "l1")]


# Newton's method needs second derivatives.
REFUSED = [("newton-cg", "envelope"), ("proximal-newton-cg", "envelope")]
# Every loss with the two usual penalties, and every penalty with three losses.
TRIPLES = [
    (name, loss, penalty)
    for name, penalty in PAIRS
    for loss in LOSSES
    if (penalty in ("l2", "l1") or loss in USUAL) and (name, loss) not in REFUSED
]


@pytest.mark.parametrize(("name", "loss", "penalty"), TRIPLES)
def test_the_optimum_is_reached(name, loss, penalty):
    check_optimum(name, loss, penalty, np.asarray)


@pytest.mark.parametrize("storage", [sp.csr_array, sp.csr_matrix])
@pytest.mark.parametrize("loss", USUAL)
@pytest.mark.parametrize(("name", "penalty"), SPARSE_PAIRS)
def test_the_optimum_is_reached_on_sparse_rows(name, loss, penalty, storage):
    check_optimum(name, loss, penalty, storage)


def check_optimum(name, loss, penalty, storage):
    """A gap of at most delta leaves a proximal residual of at most sqrt(2 L delta)."""
    X, y, weight = rows(loss)
    risk = risk_of(loss, penalty, storage(X), y, weight)
    run = Run(tol=TOL, max_iter=5000)
    result = SOLVERS[name].minimize(risk, np.zeros(risk.model.size), run)
    assert result.converged
    assert result.optimality <= TOL
    table = result.params.reshape(4, -1)
    residual, largest = proximal_residual(loss, penalty, X, y, weight, table)
    assert np.linalg.norm(residual) <= np.sqrt(2 * largest * GAP * result.value)


@pytest.mark.parametrize("name", SOLVERS)
@pytest.mark.parametrize("loss", USUAL)
def test_without_weights_is_weights_of_one(name, loss):
    X, y, _ = rows(loss)
    results = [
        SOLVERS[name].minimize(risk_of(loss, "l2", X, y, weight), np.zeros(4 * outputs(loss)))
        for weight in (None, np.ones(len(X)))
    ]
    np.testing.assert_array_equal(results[0].params, results[1].params)


def outputs(loss):
    return {"squared-2": 2, "logistic-3": 3, "softmax": 3}.get(loss, 1)


@pytest.mark.parametrize("penalty", ["l1", "elasticnet"])
@pytest.mark.parametrize("name", PROXIMAL)
def test_zeros_are_exact_and_positive(name, penalty):
    """Features that are noise get 0.0 and not a small number, nor -0.0."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 10))
    y = X[:, :2] @ [[1.0], [-1.0]] + rng.normal(size=(200, 1))
    # the threshold is 0.4 for both; noise correlates with a feature by about 1/sqrt(200) = 0.07
    alpha = {"l1": 0.4, "elasticnet": 0.8}[penalty]
    source = ArraySource(X, y)
    risk = EmpiricalRisk(Linear(10, 1), SquaredError(), PENALTIES[penalty], alpha, source)
    coef = SOLVERS[name].minimize(risk, rng.normal(size=11), Run(tol=TOL)).params[:10]
    assert (coef[2:] == 0).all()
    assert not np.signbit(coef[2:]).any()
    assert (coef[:2] != 0).all()


# References.


def parameter_error(gap, smallest_curvature):
    """How far params may be from the optimum if the objective is within ``gap`` of it."""
    return np.sqrt(2 * gap / smallest_curvature)


def weighted_ridge(X, y, weight, penalty):
    """The table of coefficients in closed form, and the Hessian."""
    design = np.hstack([X, np.ones((len(X), 1))])
    weighted = (design * weight[:, np.newaxis]).T / weight.sum()
    hessian = weighted @ design
    if penalty != "none":
        hessian[:3, :3] += ALPHA * smooth_matrix(penalty)
    # unit diagonal first, as columns may be in any units
    scale = 1 / np.sqrt(np.diag(hessian))
    scaled = scale[:, np.newaxis] * hessian * scale
    return scale[:, np.newaxis] * np.linalg.solve(scaled, (scale * (weighted @ y).T).T), hessian


@pytest.mark.parametrize("penalty", SMOOTH)
@pytest.mark.parametrize("name", SOLVERS)
def test_ridge_is_the_closed_form(name, penalty):
    X, y, weight = rows("squared-2")
    risk = risk_of("squared-2", penalty, X, y, weight)
    result = SOLVERS[name].minimize(risk, np.zeros(8), Run(tol=TOL, max_iter=5000))
    exact, hessian = weighted_ridge(X, y, weight, penalty)
    error = parameter_error(GAP * result.value, np.linalg.eigvalsh(hessian)[0])
    assert np.linalg.norm(result.params - exact.ravel()) <= error


@pytest.mark.parametrize("loss", ["logistic", "softmax"])
@pytest.mark.parametrize("name", SOLVERS)
def test_logistic_regression_is_scikit_learns(name, loss):
    X, y, weight = rows(loss)
    risk = risk_of(loss, "l2", X, y, weight)
    start = np.zeros(risk.model.size)
    result = SOLVERS[name].minimize(risk, start, Run(tol=TOL, max_iter=5000))
    C = 1 / (ALPHA * weight.sum())
    reference = LogisticRegression(C=C, solver="newton-cholesky", tol=1e-12)
    reference.fit(X, y.ravel(), sample_weight=weight)
    table = np.vstack([reference.coef_.T, reference.intercept_])
    ours = result.params.reshape(4, -1)
    if loss == "softmax":  # intercepts of all classes may move together
        ours, table = (t - t.mean(axis=1, keepdims=True) for t in (ours, table))
    hessian = np.stack([risk.hessian_operator(table.ravel())(unit) for unit in np.eye(start.size)])
    curvatures = np.linalg.eigvalsh(hessian)
    smallest = curvatures[curvatures > 1e-9][0]
    assert np.linalg.norm(ours - table) <= parameter_error(GAP * result.value, smallest)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize("name", PROXIMAL)
def test_lasso_and_elastic_net_are_scikit_learns(name, l1_ratio):
    X, y, weight = rows("squared")
    risk = risk_of("squared", "l1" if l1_ratio == 1 else "elasticnet", X, y, weight)
    result = SOLVERS[name].minimize(risk, np.zeros(4), Run(tol=TOL, max_iter=5000))
    reference = SklearnElasticNet(alpha=ALPHA, l1_ratio=l1_ratio, tol=1e-14, max_iter=10**5)
    reference.fit(X, y.ravel(), sample_weight=weight)
    expected = np.append(reference.coef_, reference.intercept_)
    design = np.hstack([X, np.ones((len(X), 1))])
    gram = (design * weight[:, np.newaxis]).T @ design / weight.sum()
    error = parameter_error(GAP * result.value, np.linalg.eigvalsh(gram)[0])
    assert np.linalg.norm(result.params - expected) <= error


# Problems too large for a matrix over all parameters: conjugate gradients, or a diagonal.


def many_classes():
    """Softmax with 520 parameters."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 51))
    y = (X @ rng.normal(size=(51, 10)) + 3 * rng.gumbel(size=(200, 10))).argmax(axis=1)
    return Linear(51, 10), Softmax(), ArraySource(X, y)


def many_features(storage=np.asarray):
    """Logistic regression with 1,201 parameters, more than rows, half of the entries zero."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 1200)) * (rng.random((100, 1200)) < 0.5)
    y = (X[:, :5].sum(axis=1, keepdims=True) + rng.logistic(size=(100, 1)) > 0).astype(float)
    return Linear(1200, 1), Logistic(), ArraySource(storage(X), y)


LARGE = {
    "classes": many_classes,
    "features": many_features,
    "sparse-features": lambda: many_features(sp.csr_array),
}


@pytest.mark.parametrize("make", LARGE.values(), ids=LARGE)
@pytest.mark.parametrize("name", ["agd", "lbfgs", "newton-cg"])
def test_a_large_problem_is_solved_without_a_large_matrix(name, make):
    """alpha is a bound of the curvature from below, so the gap is at most |gradient|^2/(2 alpha).

    The intercepts are not penalised; their gradients vanish all the same.
    """
    model, loss, source = make()
    risk = CountingRisk(model, loss, L2(), 0.1, source)
    result = SOLVERS[name].minimize(risk, np.zeros(model.size), Run(tol=1e-8))
    assert result.converged
    assert risk.products > 0
    # the largest eigenvalue of a large matrix takes a pass for each of its products
    assert risk.passes == risk.asked or (risk.bounds and risk.passes > risk.asked)
    _, gradient = risk.value_and_gradient(result.params)
    assert np.linalg.norm(gradient) <= np.sqrt(2 * risk.smoothness() * 2e-8 * result.value)


@pytest.mark.parametrize("name", IN_A_METRIC)
def test_dependent_columns_in_any_units_do_no_harm(name):
    """Without a penalty the Hessian is singular; the fitted values are unique all the same."""
    rng = np.random.default_rng(0)
    columns = rng.normal(size=(50, 6))
    small, large = columns[:, :3], columns[:, 3:] @ rng.normal(size=(3, 8))
    X = np.hstack([1e-6 * small, 1e6 * large])
    y = columns @ rng.normal(size=6) + 3 + 0.1 * rng.normal(size=50)
    model = GDLinearRegressor(solver=SOLVERS[name], alpha=0).fit(X, y)
    assert model.converged_
    assert model.n_iter_ <= 3
    fitted = np.hstack([columns, np.ones((50, 1))]) @ normal_equation(columns, y)
    np.testing.assert_allclose(model.predict(X), fitted, atol=1e-4)


def test_acceleration_needs_the_root_of_the_condition_number():
    """20 sqrt(L/mu) = 2,000 steps are enough; plain steps need of the order of L/mu = 10,000."""
    scales = np.geomspace(1, 1e4, 20)
    result = AcceleratedGradientDescent().minimize(
        lambda w: (1 + w @ (scales * w) / 2, scales * w), np.ones(20), Run(tol=1e-12, max_iter=2000)
    )
    assert result.converged
    assert result.value - 1 < 1e-6


# The step 1/L, and the metric in its place: MATH rows 1 and 2.


def line_rows():
    """y = 2 + 5 x + noise."""
    rng = np.random.default_rng(0)
    x = 2 * rng.random((200, 1))
    return x, 2 + 5 * x[:, 0] + rng.normal(size=200)


def normal_equation(X, y):
    """Slopes first, intercept last."""
    return np.linalg.lstsq(np.hstack([X, np.ones((len(X), 1))]), y, rcond=None)[0]


@pytest.mark.parametrize("name", ["gd", "agd", "lbfgs", "newton-cg", "scipy"])
def test_a_line_is_that_of_the_normal_equation(name):
    X, y = line_rows()
    model = GDLinearRegressor(solver=name, alpha=0, tol=1e-15, max_iter=10_000).fit(X, y)
    assert model.converged_
    exact = normal_equation(X, y)
    np.testing.assert_allclose([*model.coef_, model.intercept_], exact, rtol=0, atol=1e-6)


def test_gradient_descent_steps_by_one_over_the_largest_curvature():
    X, y = line_rows()
    design = np.hstack([X, np.ones((200, 1))])
    largest = np.linalg.eigvalsh(design.T @ design / 200)[-1]
    risk = EmpiricalRisk(
        Linear(1, 1), SquaredError(), NoPenalty(), 0, ArraySource(X, y[:, np.newaxis])
    )
    start = np.array([1.0, -1.0])
    result = GradientDescent().minimize(risk, start, Run(max_iter=1, tol=0))
    gradient = design.T @ (design @ start - y) / 200
    np.testing.assert_allclose(result.params, start - gradient / largest, rtol=1e-13)
    result = GradientDescent().minimize(risk, start, Run(max_iter=50, tol=0))
    np.testing.assert_allclose(result.history["step_size"], 1 / largest, rtol=1e-13)


@pytest.mark.parametrize("loss", BOUNDED)
def test_one_over_l_never_has_to_be_halved(loss):
    """L is a true bound for every loss, so the first step is accepted as it is."""
    X, y, weight = rows(loss)
    risk = risk_of(loss, "l2", X, y, weight)
    result = GradientDescent().minimize(risk, np.zeros(risk.model.size), Run(tol=1e-8))
    largest = largest_curvature(loss, "l2", X, y, weight, None)
    assert result.converged
    np.testing.assert_allclose(result.history["step_size"], 1 / largest, rtol=1e-13)


def test_one_over_l_holds_for_many_features_too():
    """Beyond 1,024 coefficients L comes from an iteration; it must stay a bound, and near."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 1200)) * np.linspace(0.1, 2, 1200)
    design = np.hstack([X, np.ones((40, 1))])
    exact = np.linalg.norm(design, 2) ** 2 / 40
    risk = EmpiricalRisk(
        Linear(1200, 1), SquaredError(), NoPenalty(), 0, ArraySource(X, X[:, :1].copy())
    )
    assert exact <= risk.smoothness() <= 1.01 * exact


@pytest.mark.parametrize("penalty", SMOOTH)
@pytest.mark.parametrize("name", IN_A_METRIC)
@pytest.mark.parametrize("storage", [np.asarray, sp.csr_array])
def test_one_step_in_the_metric_is_the_normal_equation(name, storage, penalty):
    """From anywhere, and with columns in units that differ by a factor of a million."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(50, 3)) * [1e-3, 1.0, 1e3]
    y = rng.normal(size=(50, 2))
    weight = rng.uniform(0.5, 2, size=50)
    risk = risk_of("squared-2", penalty, storage(X), y, weight)
    start = rng.normal(size=8)
    result = SOLVERS[name].minimize(risk, start, Run(max_iter=1, tol=0))
    exact = weighted_ridge(X, y, weight, penalty)[0]
    np.testing.assert_allclose(result.params.reshape(4, 2), exact, rtol=1e-8)


def test_the_estimator_needs_one_iteration_too():
    X, y = line_rows()
    model = GDLinearRegressor(solver=GradientDescent(metric="curvature"), alpha=0).fit(X, y)
    assert model.n_iter_ == 1
    assert model.converged_
    exact = normal_equation(X, y)
    np.testing.assert_allclose([*model.coef_, model.intercept_], exact, rtol=1e-12)


# Units: law 7.

TIGHT = 1e-13


def fit(name, X, y, estimator=GDLinearRegressor, **changes):
    settings = {"solver": SOLVERS[name], "tol": TIGHT, "max_iter": 20_000}
    return estimator(**settings, **changes).fit(X, y)


def unit_rows(estimator):
    X, y, _ = rows("squared")
    return X, y[:, 0] if estimator is GDLinearRegressor else y[:, 0] > 0


def smallest_curvature(model, X):
    """Of the objective without a penalty, at the fitted coefficients."""
    design = np.hstack([X, np.ones((len(X), 1))])
    weight = np.ones(len(X))
    if isinstance(model, GDLogisticClassifier):
        weight = model.predict_proba(X).prod(axis=1)
    return np.linalg.eigvalsh((design * weight[:, np.newaxis]).T @ design / len(X))[0]


@pytest.mark.parametrize("estimator", [GDLinearRegressor, GDLogisticClassifier])
@pytest.mark.parametrize("name", IN_A_METRIC)
def test_units_of_features_do_not_matter_in_a_metric(name, estimator):
    """Columns in powers of two from 2^-20 to 2^20: the path is the same to rounding."""
    X, y = unit_rows(estimator)
    units = np.array([2.0**-20, 1.0, 2.0**20])
    plain = fit(name, X, y, estimator, alpha=0)
    scaled = fit(name, X * units, y, estimator, alpha=0)
    assert scaled.n_iter_ == plain.n_iter_
    np.testing.assert_allclose(scaled.coef_ * units, plain.coef_, rtol=1e-9)
    np.testing.assert_allclose(scaled.intercept_, plain.intercept_, rtol=1e-9)


@pytest.mark.parametrize("estimator", [GDLinearRegressor, GDLogisticClassifier])
@pytest.mark.parametrize("name", SOLVERS)
def test_units_of_features_do_not_move_the_optimum(name, estimator):
    X, y = unit_rows(estimator)
    units = np.array([0.4, 1.0, 3.0])
    plain = fit(name, X, y, estimator, alpha=0)
    scaled = fit(name, X * units, y, estimator, alpha=0)
    assert plain.converged_
    assert scaled.converged_
    error = 2 * parameter_error(2 * TIGHT * plain.objective_, smallest_curvature(plain, X))
    np.testing.assert_allclose(scaled.coef_ * units, plain.coef_, rtol=0, atol=error)
    np.testing.assert_allclose(scaled.intercept_, plain.intercept_, rtol=0, atol=error)


@pytest.mark.parametrize("factor", [2.0**-20, 1e3])
@pytest.mark.parametrize("name", [name for name in SOLVERS if name != "scipy"])
def test_units_of_the_target_scale_the_coefficients(name, factor):
    """In as many iterations; SciPy's first step is one unit long, so its count is its own."""
    X, y = unit_rows(GDLinearRegressor)
    plain, scaled = fit(name, X, y), fit(name, X, y * factor)
    assert plain.converged_
    assert scaled.n_iter_ == plain.n_iter_
    assert scaled.converged_
    np.testing.assert_allclose(scaled.coef_, factor * plain.coef_, rtol=1e-6)
    np.testing.assert_allclose(scaled.intercept_, factor * plain.intercept_, rtol=1e-6)


@pytest.mark.parametrize("name", SOLVERS)
def test_a_shift_of_the_target_moves_only_the_intercept(name):
    X, y = unit_rows(GDLinearRegressor)
    plain, shifted = fit(name, X, y), fit(name, X, y + 1000)
    assert shifted.converged_
    error = 2 * parameter_error(2 * TIGHT * plain.objective_, smallest_curvature(plain, X))
    np.testing.assert_allclose(shifted.coef_, plain.coef_, rtol=0, atol=error)
    np.testing.assert_allclose(shifted.intercept_ - 1000, plain.intercept_, rtol=0, atol=error)


# Never above the start, never without numbers: law 8.


def network_risk():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(40, 3))
    y = np.sin(2 * X[:, :1]) + 0.1 * rng.normal(size=(40, 1))
    return EmpiricalRisk(MLP((3, 4, 1), Tanh()), SquaredError(), L2(), 1e-3, ArraySource(X, y))


def check_law_8(result, risk, start):
    assert np.isfinite(result.params).all()
    assert risk.value(result.params) <= risk.value(start)


STARTS = {"near": 1.0, "far": 1e3, "very far": 1e8}


def start_at(size, risk):
    return size * np.random.default_rng(5).normal(size=risk.model.size)


@pytest.mark.parametrize("size", [0, 1, 100, 1e3])
@pytest.mark.parametrize("loss", ["squared", "logistic", "softmax"])
@pytest.mark.parametrize("name", SOLVERS)
def test_a_convex_descent_ends_at_the_optimum_from_any_start(name, loss, size):
    """Far away every probability is 0 or 1, and second derivatives vanish.

    Within the default of 1,000 iterations, but for gd, whose steps are of one length.
    """
    X, y, weight = rows(loss)
    risk = risk_of(loss, "l2", X, y, weight)
    origin = np.zeros(risk.model.size)
    risk.start_at(risk.value(origin))
    run = Run(tol=1e-6, max_iter=5000 if name == "gd" else 1000)
    result = SOLVERS[name].minimize(risk, start_at(size, risk), run)
    assert result.converged
    best = SOLVERS["newton-cg"].minimize(risk, origin, Run(tol=TOL)).value
    assert result.value - best <= 2 * 1e-6 * best


@pytest.mark.parametrize("size", STARTS.values(), ids=STARTS)
@pytest.mark.parametrize("problem", ["squared", "logistic", "softmax", "network"])
@pytest.mark.parametrize("name", SOLVERS)
def test_no_descent_ends_above_its_start(name, problem, size):
    risk = network_risk() if problem == "network" else risk_of(problem, "l2", *rows(problem))
    if SOLVERS[name].unsupported(risk):
        assert problem == "network"
        return
    start = start_at(size, risk)
    for max_iter in (1, 20):
        result = SOLVERS[name].minimize(risk, start, Run(max_iter=max_iter))
        check_law_8(result, risk, start)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("rate", [3.0, 1e3, 1e10, 1e150, 1e300])
@pytest.mark.parametrize("problem", ["squared", "poisson", "logistic", "softmax", "network"])
def test_a_rate_that_is_too_large_ends_no_higher_than_the_start(problem, rate):
    if problem == "network":
        risk = network_risk()
        start = risk.model.init(np.random.default_rng(0), np.dtype(float))
    else:
        risk = risk_of(problem, "l2", *rows(problem))
        start = np.random.default_rng(0).normal(size=risk.model.size)
    for max_iter in (1, 2, 200):
        run = Run(max_iter=max_iter, learning_rate=rate)
        check_law_8(GradientDescent().minimize(risk, start, run), risk, start)


@pytest.mark.parametrize("rate", [3.0, 1e150, 1e300])
def test_a_rate_that_is_too_large_is_not_a_numpy_warning(rate):
    risk = risk_of("squared", "l2", *rows("squared"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = GradientDescent().minimize(risk, np.ones(4), Run(learning_rate=rate))
    assert "the objective diverged, so the learning rate was reduced to" in result.message


@pytest.mark.parametrize("name", [name for name in SOLVERS if name != "agd"])
def test_the_objective_never_rises_where_steps_are_searched(name):
    """Only acceleration may go up on the way."""
    X, y, weight = rows("logistic")
    risk = risk_of("logistic", "l2", X, y, weight)
    start = np.array([5.0, -5.0, 5.0, 5.0])
    curve = np.array(SOLVERS[name].minimize(risk, start, Run(tol=TOL)).history["objective"])
    assert (np.diff(curve) <= 20 * np.finfo(float).eps * curve[:-1]).all()


# What an iteration costs.


class CountingRisk(EmpiricalRisk):
    """Counts what is asked of it."""

    def __init__(self, *args):
        super().__init__(*args)
        self.values = self.metrics = self.products = self.losses = self.bounds = 0

    @property
    def asked(self):
        """Passes that the calls so far take; a constant Hessian is built once."""
        metrics = min(self.metrics, 1) if self.loss.is_quadratic else self.metrics
        return self.values + metrics + self.products + self.losses / 2 + self.bounds

    def smoothness(self):
        self.bounds += 1
        return super().smoothness()

    def value_and_gradient(self, params):
        self.values += 1
        return super().value_and_gradient(params)

    def mean_loss(self, params):
        self.losses += 1
        return super().mean_loss(params)

    def metric(self, params):
        self.metrics += 1
        return super().metric(params)

    def hessian_operator(self, params):
        product = super().hessian_operator(params)

        self.losses += 1

        def counted(direction):
            self.products += 1
            return product(direction)

        return counted


def test_a_rate_that_jumps_over_the_valley_is_cut_at_plateaus():
    """(1 - rate) = -1: to and fro between 1 and -1, until the rate is halved once."""
    run = Run(learning_rate=ReduceOnPlateau(rate=2.0, factor=0.5), patience=3, max_iter=8, tol=0.0)
    result = GradientDescent().minimize(lambda w: (w @ w / 2, w), np.ones(1), run)
    assert result.history["step_size"][1:] == [2.0] * 6 + [1.0] * 2
    assert result.value == 0


@pytest.mark.parametrize(
    ("name", "loss"),
    [
        (name, loss)
        for name in ("gd", "gd-curvature", "lbfgs", "newton-cg")
        for loss in BOUNDED
        if (name, loss) not in REFUSED
    ],
)
def test_an_iteration_is_one_pass(name, loss):
    """One value with gradient for the start and for each iteration: no step is tried twice."""
    risk = risk_of(loss, "l2", *rows(loss), kind=CountingRisk)
    result = SOLVERS[name].minimize(risk, np.zeros(risk.model.size), Run(tol=1e-8))
    assert result.converged
    assert risk.values == result.n_iter + 1
    assert risk.losses == 0


@pytest.mark.parametrize("loss", [loss for loss in LOSSES if loss != "poisson"])
def test_an_accelerated_iteration_is_at_most_two_passes(loss):
    risk = risk_of(loss, "l2", *rows(loss), kind=CountingRisk)
    result = SOLVERS["agd"].minimize(risk, np.zeros(risk.model.size), Run(tol=1e-8))
    assert result.converged
    assert result.n_iter + 1 < risk.values <= 2 * result.n_iter + 1


@pytest.mark.parametrize("name", SOLVERS)
@pytest.mark.parametrize("loss", USUAL)
def test_passes_are_what_was_asked(name, loss):
    risk = risk_of(loss, "l2", *rows(loss), kind=CountingRisk)
    result = SOLVERS[name].minimize(risk, np.zeros(risk.model.size), Run(tol=1e-8))
    assert risk.passes == risk.asked
    assert result.history["passes"][-1] <= risk.asked


@pytest.mark.parametrize("loss", USUAL)
@pytest.mark.parametrize("name", ["gd", "agd", "lbfgs-plain", "scipy"])
def test_looks_are_few(name, loss):
    """Judging costs passes; all looks together may not cost as much as the descent."""
    risk = risk_of(loss, "l2", *rows(loss), kind=CountingRisk)
    result = SOLVERS[name].minimize(risk, np.zeros(risk.model.size), Run(tol=1e-8))
    assert risk.metrics <= max(4, result.n_iter / 4)


def test_squared_error_is_measured_once():
    """Its second derivatives are the same everywhere."""
    risk = risk_of("squared", "l2", *rows("squared"))
    first = risk.metric(np.zeros(4))
    assert risk.metric(np.ones(4)) is first


# Solvers that cannot, and say so.


@pytest.mark.parametrize("penalty", [name for name in PENALTIES if name not in SMOOTH])
@pytest.mark.parametrize("name", [name for name in SOLVERS if name not in PROXIMAL])
def test_a_penalty_without_a_gradient_is_refused(name, penalty):
    risk = risk_of("squared", penalty, *rows("squared"))
    with pytest.raises(ValueError, match="cannot minimise a penalty without a gradient"):
        SOLVERS[name].minimize(risk, np.zeros(4))


@pytest.mark.parametrize("name", ["gd-curvature", "newton-cg"])
def test_a_network_is_refused_by_solvers_of_linear_models(name):
    risk = network_risk()
    with pytest.raises(ValueError, match="of a linear model; use solver="):
        SOLVERS[name].minimize(risk, np.zeros(risk.model.size))
