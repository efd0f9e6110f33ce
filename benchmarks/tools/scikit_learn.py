"""scikit-learn's own tools."""

import numpy as np
from sklearn import config_context
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    StackingClassifier,
    VotingRegressor,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401  # allows the next import
from sklearn.feature_selection import RFE, SelectFromModel, SequentialFeatureSelector
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    TunedThresholdClassifierCV,
    cross_validate,
    learning_curve,
)
from sklearn.multiclass import OneVsOneClassifier
from sklearn.multioutput import RegressorChain
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.tools.registry import cancer, check, diabetes, refuses, wine
from sklearn_gd import (
    GDLinearRegressor,
    GDLogisticClassifier,
    GDMLPClassifier,
    GDSoftmaxClassifier,
)
from sklearn_gd.losses import Huber


def network(**params):
    """A quick one."""
    return GDMLPClassifier(hidden_layer_sizes=(8,), max_iter=20, tol=0, random_state=0, **params)


@check("Pipeline, ColumnTransformer")
def pipeline():
    X, y = cancer()
    scale = ColumnTransformer([("scale", StandardScaler(), list(X)[:10])], remainder="drop")
    piped = make_pipeline(scale, GDLogisticClassifier()).fit(X, y)
    alone = GDLogisticClassifier().fit(scale.fit_transform(X), y)
    np.testing.assert_array_equal(piped[-1].coef_, alone.coef_)


@check("GridSearchCV", how="as is; parameters of a loss object are `loss__delta`")
def grid_search():
    grid = {"alpha": [1e-4, 1.0], "loss__delta": [0.5, 1e3]}
    search = GridSearchCV(GDLinearRegressor(loss=Huber()), grid).fit(*diabetes())
    assert len(set(search.cv_results_["mean_test_score"])) == 4
    assert search.best_score_ > 0.4


@check("HalvingGridSearchCV", how='as is; `resource="max_iter"` makes iterations the resource')
def halving():
    grid = {"alpha": [1e-4, 1e-2, 1.0, 100.0]}
    search = HalvingGridSearchCV(
        network(), grid, resource="max_iter", min_resources=5, max_resources=20, random_state=0
    ).fit(*cancer())
    assert search.n_resources_[-1] > search.n_resources_[0] == 5


@check("cross_validate", how="`set_fit_request(sample_weight=True)` to pass weights")
def weighted_cross_validation():
    X, y = cancer()
    weight = np.where(y, 1.0, 1e3)
    with config_context(enable_metadata_routing=True):
        model = GDLogisticClassifier().set_fit_request(sample_weight=True)
        model.set_score_request(sample_weight=False)
        options = {"params": {"sample_weight": weight}, "return_estimator": True}
        found = cross_validate(model, X, y, **options)["estimator"][0]
    assert found.predict(X).sum() < GDLogisticClassifier().fit(X, y).predict(X).sum()


@check("learning_curve", how="as is; also with `exploit_incremental_learning=True`")
def curve():
    _, _, scores = learning_curve(
        GDLogisticClassifier(), *cancer(), exploit_incremental_learning=True, shuffle=True
    )
    assert scores[-1].mean() > 0.9


@check(
    "CalibratedClassifierCV",
    limits='for networks with three classes or more, `method="temperature"` is best',
)
def calibration():
    X, y = cancer()
    model = CalibratedClassifierCV(GDLogisticClassifier(alpha=10.0)).fit(X, y)
    plain = GDLogisticClassifier(alpha=10.0).fit(X, y)
    assert log_loss(y, model.predict_proba(X)) < log_loss(y, plain.predict_proba(X))


@check("TunedThresholdClassifierCV")
def threshold():
    model = TunedThresholdClassifierCV(GDLogisticClassifier(), random_state=0).fit(*cancer())
    assert 0 < model.best_threshold_ < 1


@check("StackingClassifier")
def stacking():
    members = [("linear", GDSoftmaxClassifier()), ("network", network())]
    model = StackingClassifier(members, final_estimator=GDSoftmaxClassifier()).fit(*wine())
    assert model.score(*wine()) > 0.95


@check("VotingRegressor")
def voting():
    X, y = diabetes()
    members = [("gd", GDLinearRegressor(alpha=0)), ("ridge", Ridge(alpha=1e-9))]
    model = VotingRegressor(members).fit(X, y, sample_weight=np.arange(1.0, 1 + len(y)))
    np.testing.assert_allclose(*model.transform(X).T, rtol=1e-4)


@check("BaggingClassifier")
def bagging():
    X, y = wine()
    model = BaggingClassifier(GDSoftmaxClassifier(), 5, random_state=0).fit(X, y)
    theirs = BaggingClassifier(LogisticRegression(), 5, random_state=0).fit(X, y)
    assert (model.predict(X) == theirs.predict(X)).mean() > 0.98


@check("AdaBoostClassifier", how="as is; boosting uses sample weights")
def boosting():
    X, y = cancer()
    model = AdaBoostClassifier(GDLogisticClassifier(alpha=1.0), n_estimators=5).fit(X, y)
    assert np.ptp(model.estimators_[1].coef_ - model.estimators_[0].coef_) > 0
    assert model.score(X, y) > 0.95


@check(
    "OneVsOneClassifier, RegressorChain",
    how="as is; not needed for several classes or targets",
)
def composed():
    assert OneVsOneClassifier(GDLogisticClassifier()).fit(*wine()).score(*wine()) > 0.95
    X, y = diabetes()
    chain = RegressorChain(GDLinearRegressor()).fit(X, np.column_stack([y, -y]))
    np.testing.assert_allclose(chain.predict(X).sum(axis=1), 0, atol=1)


@check("TransformedTargetRegressor", limits="scaling of y is not needed: fits do not depend on it")
def target():
    X, y = diabetes()
    model = TransformedTargetRegressor(GDLinearRegressor(), func=np.log, inverse_func=np.exp)
    assert model.fit(X, y).predict(X).min() > 0


@check("permutation_importance")
def importance():
    X, y = diabetes()
    model = GDLinearRegressor(penalty="l1", alpha=5.0).fit(X, y)
    found = permutation_importance(model, X, y, n_repeats=2, random_state=0).importances_mean
    np.testing.assert_array_equal(found[model.coef_ == 0], 0)
    assert (model.coef_ == 0).any()


@check("partial_dependence")
def dependence():
    X, y = diabetes()
    model = GDLinearRegressor().fit(X, y)
    found = partial_dependence(model, X, ["bmi"])
    slope = np.diff(found["average"][0]) / np.diff(found["grid_values"][0])
    np.testing.assert_allclose(slope, model.coef_[list(X).index("bmi")], rtol=1e-6)


@check(
    "RFE",
    how="as is; for a network, `importance_getter=lambda model: abs(model.coefs_[0]).sum(axis=1)`",
    limits="a network has no `coef_` (as in scikit-learn)",
)
def elimination():
    assert RFE(GDLogisticClassifier(), n_features_to_select=3).fit(*cancer()).support_.sum() == 3
    assert refuses(lambda: RFE(network()).fit(*cancer()))
    getter = {"importance_getter": lambda model: abs(model.coefs_[0]).sum(axis=1)}
    assert RFE(network(), n_features_to_select=3, step=9, **getter).fit(*cancer()).n_features_ == 3


@check(
    "SelectFromModel",
    how='as is; with `penalty="l1"` it keeps non-zero coefficients',
    limits="a network has no `coef_`, as for RFE",
)
def selection():
    chosen = SelectFromModel(GDLogisticClassifier(penalty="l1", alpha=0.03)).fit(*cancer())
    np.testing.assert_array_equal(chosen.get_support(), chosen.estimator_.coef_[0] != 0)
    assert 0 < chosen.get_support().sum() < 30
    assert refuses(lambda: SelectFromModel(network()).fit_transform(*cancer()))


@check("SequentialFeatureSelector")
def sequential():
    model = SequentialFeatureSelector(GDLinearRegressor(), n_features_to_select=2, cv=2)
    assert list(model.fit(*diabetes()).get_feature_names_out()) == ["bmi", "s5"]
