"""Working sets: the optimum of all columns, found on few of them, and certified on all."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose

from sklearn_gd import GDLinearRegressor, GDLogisticClassifier, GDSoftmaxClassifier
from sklearn_gd.data import NpyChunks
from sklearn_gd.penalties import GroupLasso
from sklearn_gd.solvers import GradientDescent, ProximalNewtonCG, WorkingSet

TOL = 1e-9
N, D = 120, 300
# penalty, and what else decides which columns are zero
SETTINGS = {
    "l1": {"penalty": "l1"},
    "mostly-l1": {"penalty": "elasticnet", "l1_ratio": 0.9},
    "positive": {"penalty": "l1", "positive": True},
    "standardized": {"penalty": "l1", "standardize": True},
    "through-origin": {"penalty": "l1", "fit_intercept": False},
}
CASES = {
    "squared": (GDLinearRegressor, 0.3),
    "huber": (lambda **params: GDLinearRegressor(loss="huber", **params), 0.1),
    "logistic": (GDLogisticClassifier, 0.02),
    "softmax": (GDSoftmaxClassifier, 0.02),
}


def rows(case, storage=np.asarray, n_features=D):
    """Few of many columns matter, and columns have units from 0.1 to 10."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, n_features)) * (rng.random((N, n_features)) < 0.3)
    X *= 10.0 ** rng.uniform(-1, 1, n_features)
    scores = X[:, :5] / X[:, :5].std(axis=0) @ [3.0, -2.0, 1.0, 1.0, 1.0] + rng.normal(size=N)
    edges = {"logistic": [0.5], "softmax": [1 / 3, 2 / 3]}.get(case)
    y = scores if edges is None else np.digitize(scores, np.quantile(scores, edges))
    return storage(X), y


@pytest.mark.parametrize("storage", [np.asarray, sp.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("case", CASES)
def test_the_optimum_is_that_of_all_columns(case, setting, storage):
    estimator, alpha = CASES[case]
    X, y = rows(case, storage)
    params = {"alpha": alpha, "tol": TOL} | SETTINGS[setting]
    model = estimator(solver=WorkingSet(), **params).fit(X, y)
    whole = estimator(solver=GradientDescent(metric="curvature"), **params).fit(X, y)
    assert model.converged_
    assert model.optimality_ <= TOL
    # the certificate is true: no fit lies further below than it says
    assert whole.objective_ >= model.objective_ * (1 - TOL - 1e-12)
    assert model.objective_ <= whole.objective_ * (1 + TOL)
    assert_allclose(model.coef_, whole.coef_, atol=1e-4 * np.abs(whole.coef_).max())
    assert 0 < (model.coef_ != 0).sum() < model.coef_.size / 2


def test_it_looks_at_all_columns_only_a_few_times():
    X, y = rows("logistic", sp.csr_array, 5000)
    params = {"penalty": "l1", "alpha": 0.005}
    model = GDLogisticClassifier(solver="working-set", **params).fit(X, y)
    whole = GDLogisticClassifier(solver="proximal-newton-cg", **params).fit(X, y)
    assert model.objective_ == pytest.approx(whole.objective_, rel=2e-8)
    assert model.history_["passes"][-1] < whole.history_["passes"][-1] / 4


def test_a_warm_start_begins_with_its_own_columns():
    X, y = rows("logistic")
    model = GDLogisticClassifier(solver="working-set", penalty="l1", alpha=0.02, warm_start=True)
    cold = model.fit(X, y).n_iter_
    assert model.fit(X, y).n_iter_ < cold


def test_it_is_the_choice_for_an_l1_penalty_of_many_columns():
    X, y = rows("squared", n_features=1100)

    def chosen(X=X, **params):
        settings = {"penalty": "l1", "alpha": 0.3, "max_iter": 2, "tol": 0} | params
        return type(GDLinearRegressor(**settings).fit(X, y).solver_)

    assert chosen() is WorkingSet
    assert chosen(sp.csr_array(X)) is WorkingSet
    assert chosen(sp.csr_array(X), penalty="elasticnet", l1_ratio=0.5) is ProximalNewtonCG
    assert chosen(X[:, :501]) is WorkingSet
    assert chosen(X[:, :500]) is GradientDescent
    assert chosen(loss="absolute_error") is not WorkingSet
    assert chosen(penalty=GroupLasso(groups=np.arange(1100) // 2)) is not WorkingSet


def test_rows_on_disk_are_not_cut_into_columns(tmp_path):
    X, y = rows("squared", n_features=20)
    np.save(tmp_path / "0.npy", X)
    with pytest.raises(ValueError, match="WorkingSet needs rows in memory"):
        GDLinearRegressor(penalty="l1", solver="working-set").fit(NpyChunks(tmp_path), y)


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"penalty": "l2"}, "a penalty such as 'l1'"),
        ({"penalty": "l1", "loss": "quantile"}, "a loss with kinks has none"),
    ],
)
def test_what_it_cannot_do_is_said_with_a_way_out(params, sentence):
    X, y = rows("squared", n_features=20)
    with pytest.raises(ValueError, match=sentence):
        GDLinearRegressor(solver="working-set", **params).fit(X, y)
