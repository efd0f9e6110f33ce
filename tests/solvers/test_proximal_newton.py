"""Proximal Newton-CG where the metric is a diagonal: coefficients too many for a matrix."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.linear_model import ElasticNet

from sklearn_gd import GDLinearRegressor, GDLogisticClassifier, GDSoftmaxClassifier
from sklearn_gd.penalties import GroupLasso
from sklearn_gd.quadratic import curvature
from sklearn_gd.solvers import ProximalNewtonCG

TOL = 1e-12
PENALTIES = {
    "l1": {"penalty": "l1"},
    "elasticnet": {"penalty": "elasticnet"},
    "positive": {"penalty": "l1", "positive": True},
    "group": {"penalty": GroupLasso(groups=np.arange(30) // 3)},
    "standardized": {"penalty": "l1", "standardize": True},
}
ON_TEXT = {"penalty": "l1", "solver": "proximal-newton-cg"}
each_penalty = pytest.mark.parametrize("options", PENALTIES.values(), ids=PENALTIES)


@pytest.fixture(autouse=True)
def diagonal(monkeypatch):
    monkeypatch.setattr(curvature, "MAX_COEFFICIENTS", 8)


def rows(scales=1.0):
    """Correlated columns, of which four matter; half of the entries are zero."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 30)) + rng.normal(size=(80, 2)) @ rng.normal(size=(2, 30))
    X *= rng.random(X.shape) < 0.5
    y = X[:, :4] @ [1.0, -2.0, 0.5, 1.5] + 2 + 0.5 * rng.normal(size=80)
    return X * scales, y


def fit(X, y, weight=None, **options):
    options = {"alpha": 0.1, "tol": TOL, "solver": "proximal-newton-cg"} | options
    return GDLinearRegressor(**options).fit(X, y, weight)


def lowest(model):
    return model.history_["objective"][-1]


@pytest.mark.parametrize("scales", [1.0, np.geomspace(0.01, 100, 30)], ids=["even", "units"])
@pytest.mark.parametrize("options", [{"penalty": "l1"}, {"penalty": "elasticnet"}, None])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_it_agrees_with_scikit_learn(options, scales):
    X, y = rows(scales)
    own = {"penalty": "l1", "positive": True} if options is None else options
    ratio = GDLinearRegressor(**own).l1_ratio if own["penalty"] == "elasticnet" else 1.0
    model = fit(X, y, **own)
    reference = ElasticNet(
        alpha=0.1, l1_ratio=ratio, positive=options is None, tol=1e-14, max_iter=1_000_000
    ).fit(X, y)
    assert model.converged_
    np.testing.assert_array_equal(model.coef_ == 0, reference.coef_ == 0)
    unit = np.abs(reference.coef_ * X.std(axis=0)).max()
    gap = (model.coef_ - reference.coef_) * X.std(axis=0)
    np.testing.assert_allclose(gap, 0, atol=1e-5 * unit)


def test_slopes_satisfy_the_conditions_of_the_optimum():
    X, y = rows()
    labels = (y > 2).astype(int)
    model = GDLogisticClassifier(**ON_TEXT, alpha=0.02, tol=TOL).fit(X, labels)
    slope = X.T @ (model.predict_proba(X)[:, 1] - labels) / len(y)
    w = model.coef_.ravel()
    assert 0 < np.count_nonzero(w) < 30
    np.testing.assert_allclose(slope[w != 0], -0.02 * np.sign(w[w != 0]), rtol=1e-4)
    assert np.abs(slope[w == 0]).max() <= 0.02 * (1 + 1e-4)


@each_penalty
def test_the_objective_falls_to_where_acceleration_comes(options):
    X, y = rows()
    model = fit(X, y, **options)
    reference = fit(X, y, solver="agd", max_iter=20_000, **options)
    assert model.converged_
    assert abs(lowest(model) - lowest(reference)) <= 1e-9 * lowest(reference)
    assert (np.diff(model.history_["objective"]) <= 1e-14 * lowest(model)).all()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@each_penalty
def test_the_verdict_is_a_bound_of_what_is_left(options):
    X, y = rows()
    best = lowest(fit(X, y, **options))
    for max_iter in range(1, 5):
        model = fit(X, y, solver="proximal-newton-cg", max_iter=max_iter, tol=1e-15, **options)
        gap = lowest(model) / best - 1
        assert gap <= model.optimality_ + 1e-12


@each_penalty
def test_weights_are_copies_and_storage_does_not_matter(options):
    X, y = rows()
    weight = np.arange(len(y)) % 3
    options = {key: value for key, value in options.items() if key != "standardize"}
    weighted = fit(X, y, weight, **options)
    copies = fit(np.repeat(X, weight, axis=0), np.repeat(y, weight), **options)
    sparse = fit(sp.csr_array(X), y, weight, **options)
    for other in (copies, sparse):
        np.testing.assert_allclose(weighted.coef_, other.coef_, atol=1e-5)


@pytest.mark.parametrize("kind", [GDLogisticClassifier, GDSoftmaxClassifier])
def test_several_outputs(kind):
    X, y = rows()
    classes = np.digitize(y, np.quantile(y, [0.3, 0.6]))
    settings = {"penalty": "l1", "alpha": 0.02}
    model = kind(tol=TOL, solver="proximal-newton-cg", **settings).fit(X, classes)
    reference = kind(tol=TOL, solver="agd", max_iter=20_000, **settings).fit(X, classes)
    assert model.converged_
    assert abs(lowest(model) - lowest(reference)) <= 1e-9 * lowest(reference)


@pytest.mark.parametrize(
    ("store", "loss", "is_chosen"),
    [
        (sp.csr_array, "squared_error", True),
        (sp.csr_array, "absolute_error", False),
        (np.asarray, "squared_error", False),
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_it_is_the_choice_for_sparse_rows_and_losses_without_kinks(store, loss, is_chosen):
    X, y = rows()
    params = {"penalty": "elasticnet", "l1_ratio": 0.5, "alpha": 0.1, "max_iter": 5}
    model = GDLinearRegressor(loss=loss, **params).fit(store(X), y)
    assert isinstance(model.solver_, ProximalNewtonCG) == is_chosen
