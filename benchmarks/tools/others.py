"""Libraries that save, serve, explain, search and resample models. Each is imported in its row."""

import pickle
import tempfile
import warnings
from pathlib import Path

import joblib
import numpy as np
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.tools.registry import cancer, check, diabetes, refuses, wine
from benchmarks.tools.scikit_learn import network
from sklearn_gd import GDLinearRegressor, GDLogisticClassifier, GDSoftmaxClassifier
from sklearn_gd.losses import Quantile


def same(first, second, rtol=1e-9):
    """Predictions agree."""
    np.testing.assert_allclose(first, second, rtol=rtol, atol=rtol)


def trusted_types(model):
    """The two classes that skops has to be told of."""
    return [f"{type(part).__module__}.{type(part).__qualname__}" for part in (model, model.solver_)]


# Saving and serving.


@check("joblib", "joblib", how='as is; `mmap_mode="r"` shares the arrays between processes')
def saved_by_joblib():
    X, y = cancer()
    model = GDLogisticClassifier().fit(X, y)
    path = Path(tempfile.mkdtemp()) / "model.joblib"
    joblib.dump(model, path)
    same(joblib.load(path, mmap_mode="r").predict_proba(X), model.predict_proba(X))


@check("cloudpickle", "cloudpickle", how="as is; the class of your own loss is saved too")
def saved_by_cloudpickle():
    import cloudpickle

    class Half(Quantile):
        """Defined here, so that the file has to hold the class."""

    model = GDLinearRegressor(loss=Half()).fit(*diabetes())
    again = pickle.loads(cloudpickle.dumps(model))
    same(again.predict(diabetes()[0]), model.predict(diabetes()[0]))


@check(
    "skops",
    "skops",
    how="trust the estimator's and its solver's class, or save `to_sklearn()`",
    limits="trusts no class of other libraries by default",
)
def saved_by_skops():
    import skops.io

    X, y = cancer()
    for model in (GDLogisticClassifier().fit(X, y), network().fit(X, y)):
        stored = skops.io.dumps(model)
        assert set(skops.io.get_untrusted_types(data=stored)) == set(trusted_types(model))
        assert refuses(lambda stored=stored: skops.io.loads(stored))
        same(skops.io.loads(stored, trusted_types(model)).predict_proba(X), model.predict_proba(X))
        exported = skops.io.dumps(model.to_sklearn())
        same(skops.io.loads(exported).predict_proba(X), model.predict_proba(X))


@check(
    "MLflow",
    "mlflow",
    how="`mlflow.sklearn.save_model(model, path, skops_trusted_types=[...])`",
    limits="`autolog()` logs searches and pipelines, not single estimators of ours",
)
def saved_by_mlflow():
    import mlflow

    X, y = cancer()
    model = GDLogisticClassifier().fit(X, y)
    path = str(Path(tempfile.mkdtemp()) / "model")
    mlflow.sklearn.save_model(
        model, path, skops_trusted_types=trusted_types(model), pip_requirements=[]
    )
    same(mlflow.sklearn.load_model(path).predict_proba(X), model.predict_proba(X))


@check(
    "skl2onnx",
    "skl2onnx",
    how="`sklearn_gd.onnx.register()` first",
    limits="models that `to_sklearn()` cannot convert",
)
def exported_to_onnx():
    import onnxruntime
    from skl2onnx import to_onnx

    from sklearn_gd.onnx import register

    register()
    X = cancer()[0].to_numpy()
    model = make_pipeline(StandardScaler(), network()).fit(X, cancer()[1])
    stored = to_onnx(model, X[:1], options={"zipmap": False}).SerializeToString()
    session = onnxruntime.InferenceSession(stored, providers=["CPUExecutionProvider"])
    same(session.run(None, {"X": X})[1], model.predict_proba(X), rtol=1e-5)


@check(
    "m2cgen",
    "m2cgen",
    how="`to_sklearn()`",
    limits="linear models only; it returns `decision_function`",
)
def exported_to_code():
    import m2cgen

    X, y = cancer()
    model = GDLogisticClassifier().fit(X, y)
    code: dict = {}
    exec(m2cgen.export_to_python(model.to_sklearn()), code)
    found = [code["score"](list(row)) for row in X.to_numpy()[:20]]
    same(found, model.decision_function(X)[:20])
    assert refuses(lambda: m2cgen.export_to_python(network().fit(X, y).to_sklearn()))


# Explanations.


@check(
    "SHAP",
    "shap",
    how="`LinearExplainer(model, X)`; networks: `Explainer(model.predict_proba, X)`",
    limits="`Explainer(model, X)` supports no networks, nor those of scikit-learn",
)
def explained_by_shap():
    import shap

    X, y = cancer()
    model = GDLogisticClassifier().fit(X, y)
    explainer = shap.LinearExplainer(model, X)
    total = explainer.shap_values(X).sum(axis=1) + explainer.expected_value
    same(total, model.decision_function(X), rtol=1e-6)
    deep = network().fit(X, y)
    assert refuses(lambda: shap.Explainer(deep, X))
    found = shap.Explainer(deep.predict_proba, X[:20], seed=0)(X[:2], max_evals=100)
    same(found.values.sum(axis=1) + found.base_values, deep.predict_proba(X[:2]), rtol=1e-6)


@check("eli5", "eli5", how="`explain_weights_df(model.to_sklearn())`")
def explained_by_eli5():
    import eli5

    X, y = diabetes()
    model = GDLinearRegressor().fit(X, y)
    table = eli5.explain_weights_df(model.to_sklearn(), feature_names=list(X))
    weights = table[table["feature"] != "<BIAS>"].set_index("feature")["weight"]
    same(weights[list(X)], model.coef_)


@check("LIME", "lime", how="`LimeTabularExplainer(...).explain_instance(row, model.predict_proba)`")
def explained_by_lime():
    from lime.lime_tabular import LimeTabularExplainer

    X, y = cancer()
    model = GDLogisticClassifier().fit(X.to_numpy(), y)
    explainer = LimeTabularExplainer(X.to_numpy(), random_state=0)
    found = explainer.explain_instance(X.to_numpy()[0], model.predict_proba, num_samples=500)
    assert len(found.as_list()) == 10


@check("dalex", "dalex")
def explained_by_dalex():
    import dalex

    X, y = diabetes()
    model = GDLinearRegressor().fit(X, y)
    found = dalex.Explainer(model, X, y, verbose=False).predict_parts(X.iloc[:1], B=1).result
    same(found["contribution"].iloc[-1], model.predict(X[:1])[0], rtol=1e-6)


# Searching, resampling, intervals, fairness.


@check("Optuna", "optuna", how="as is")
def tuned_by_optuna():
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)

    def objective(trial):
        model = GDLogisticClassifier(alpha=trial.suggest_float("alpha", 1e-4, 1e2, log=True))
        return cross_val_score(model, *cancer(), cv=3).mean()

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(objective, n_trials=5)
    assert study.best_value > 0.95


@check("scikit-optimize", "skopt", how="`BayesSearchCV`, as is")
def tuned_by_bayes():
    from skopt import BayesSearchCV

    space = {"alpha": (1e-4, 1e2, "log-uniform")}
    search = BayesSearchCV(GDLogisticClassifier(), space, n_iter=4, cv=3, random_state=0)
    assert search.fit(*cancer()).best_score_ > 0.95


@check("imbalanced-learn", "imblearn", how="in its `Pipeline`, as is")
def resampled():
    from imblearn.over_sampling import SMOTE
    from imblearn.pipeline import make_pipeline as with_sampler

    X, y = cancer()
    model = with_sampler(SMOTE(random_state=0), GDLogisticClassifier()).fit(X, y)
    sampled = SMOTE(random_state=0).fit_resample(X, y)
    same(model[-1].coef_, GDLogisticClassifier().fit(*sampled).coef_)


@check(
    "MAPIE",
    "mapie",
    how="`SplitConformalRegressor`; quantiles: a `prefit=True` list of three fits",
    limits="`ConformalizedQuantileRegressor(estimator)` only accepts classes that it knows",
)
def conformal():
    from mapie.regression import ConformalizedQuantileRegressor, SplitConformalRegressor

    X, y = diabetes()
    split = SplitConformalRegressor(GDLinearRegressor(), confidence_level=0.8, prefit=False)
    split.fit(X[:200], y[:200]).conformalize(X[200:320], y[200:320])
    listed = ConformalizedQuantileRegressor(GDLinearRegressor(loss="quantile"), prefit=False)
    assert refuses(lambda: listed.fit(X, y))
    levels = (0.1, 0.9, 0.5)
    fits = [GDLinearRegressor(loss=Quantile(quantile=q)).fit(X[:200], y[:200]) for q in levels]
    prefit = ConformalizedQuantileRegressor(fits, confidence_level=0.8, prefit=True)
    prefit.conformalize(X[200:320], y[200:320])
    for model in (split, prefit):
        _, bounds = model.predict_interval(X[320:])
        inside = (bounds[:, 0, 0] <= y[320:]) & (y[320:] <= bounds[:, 1, 0])
        assert 0.65 < inside.mean() < 0.95


@check("Fairlearn", "fairlearn", how="as is; its reductions use sample weights")
def fair():
    from fairlearn.reductions import DemographicParity, ExponentiatedGradient

    X, y = cancer()
    group = X["mean smoothness"] > 0
    fitted = ExponentiatedGradient(GDLogisticClassifier(), DemographicParity(), max_iter=5)
    chosen = fitted.fit(X, y, sensitive_features=group).predict(X, random_state=0)
    plain = GDLogisticClassifier().fit(X, y).predict(X)
    gaps = [abs(found[group].mean() - found[~group].mean()) for found in (chosen, plain)]
    assert gaps[0] < gaps[1]


@check("category_encoders", "category_encoders")
def encoded():
    from category_encoders import TargetEncoder

    X, y = wine()
    X = X.assign(kind=np.where(X["alcohol"] > 0, "strong", "weak"))
    model = make_pipeline(TargetEncoder(cols=["kind"]), GDSoftmaxClassifier()).fit(X, y)
    assert model.score(X, y) > 0.95


@check("mlxtend", "mlxtend", how="`StackingCVClassifier`, as is")
def stacked_by_mlxtend():
    from mlxtend.classifier import StackingCVClassifier

    X, y = wine()
    members = [GDSoftmaxClassifier(), GDLogisticClassifier()]
    model = StackingCVClassifier(members, GDSoftmaxClassifier(), random_state=0)
    assert model.fit(X.to_numpy(), y.to_numpy()).score(X.to_numpy(), y) > 0.95


@check("Feature-engine", "feature_engine")
def selected_by_feature_engine():
    from feature_engine.selection import RecursiveFeatureAddition

    chosen = RecursiveFeatureAddition(GDLinearRegressor(), scoring="r2", threshold=0.01, cv=2)
    assert "bmi" in chosen.fit(*diabetes()).transform(diabetes()[0])


@check("scikit-lego", "sklego", how="`GroupedPredictor`, as is")
def grouped():
    from sklego.meta import GroupedPredictor

    X, y = diabetes()
    X = X.assign(group=X["sex"] > 0)
    model = GroupedPredictor(GDLinearRegressor(), groups=["group"]).fit(X, y)
    part = X["group"].to_numpy()
    alone = GDLinearRegressor().fit(X.loc[part].drop(columns="group"), y[part])
    same(model.predict(X)[part], alone.predict(X.loc[part].drop(columns="group")))


@check(
    "dask-ml",
    "dask_ml",
    how="`ParallelPostFit`; `fit` accepts dask arrays without it",
)
def parallel():
    import dask.array as da
    from dask_ml.wrappers import ParallelPostFit

    X, y = (part.to_numpy() for part in cancer())
    model = ParallelPostFit(GDLogisticClassifier()).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = model.predict_proba(da.from_array(X, chunks=(200, X.shape[1]))).compute()
    same(found, GDLogisticClassifier().fit(X, y).predict_proba(X))
