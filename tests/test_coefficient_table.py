"""Standard errors: those of statsmodels, of weights as copies, and of repeated samples."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import norm, t
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression

from sklearn_gd import (
    GDLinearClassifier,
    GDLinearRegressor,
    GDLogisticClassifier,
    GDMLPRegressor,
    GDSoftmaxClassifier,
)
from sklearn_gd.data import NpyChunks
from sklearn_gd.inspection import coefficient_table
from sklearn_gd.losses import Tweedie
from sklearn_gd.penalties import NoPenalty

EXACT = {"penalty": None, "tol": 1e-15}
MODELS = {
    "squared": GDLinearRegressor(**EXACT),
    "weighted": GDLinearRegressor(**EXACT),
    "logistic": GDLogisticClassifier(**EXACT),
    "softmax": GDSoftmaxClassifier(**EXACT),
    "poisson": GDLinearRegressor(loss="poisson", **EXACT),
    "counted": GDLinearRegressor(loss="poisson", **EXACT),
    "gamma": GDLinearRegressor(loss="gamma", **EXACT),
    "inverse_gaussian": GDLinearRegressor(loss="inverse_gaussian", **EXACT),
    "tweedie": GDLinearRegressor(loss="tweedie", **EXACT),
    "amounts-weighted": GDLinearRegressor(loss="gamma", **EXACT),
    "counts-offset": GDLinearRegressor(loss="poisson", **EXACT),
    "amounts-offset": GDLinearRegressor(loss="gamma", **EXACT),
    "squared-offset": GDLinearRegressor(**EXACT),
}
WEIGHTED = {"weighted": "analytic", "counted": "frequency", "amounts-weighted": "analytic"}
# Estimates and standard errors of statsmodels 0.15: OLS, WLS, Logit, MNLogit, and GLMs, model-based
# with scale="X2", of counts with freq_weights, of amounts with var_weights; three features and the
# intercept. Robust ones of GLMs, with method="newton" and optim_hessian="eim": from expected second
# derivatives, as the model-based ones.
FIGURES = {
    ("squared", "model"): (
        [60.30783574, 26.22720028, 54.38712059, 152.1334842],
        [6.467706319, 6.296200503, 6.461875598, 2.65309819],
    ),
    ("squared", "HC0"): (
        [60.30783574, 26.22720028, 54.38712059, 152.1334842],
        [6.773796556, 6.631436078, 6.379836272, 2.641065937],
    ),
    ("squared", "HC1"): (
        [60.30783574, 26.22720028, 54.38712059, 152.1334842],
        [6.804656837, 6.661647788, 6.408901736, 2.65309819],
    ),
    ("squared", "HC2"): (
        [60.30783574, 26.22720028, 54.38712059, 152.1334842],
        [6.833161585, 6.676418835, 6.428414643, 2.653059399],
    ),
    ("squared", "HC3"): (
        [60.30783574, 26.22720028, 54.38712059, 152.1334842],
        [6.89348742, 6.721941174, 6.477644717, 2.665160596],
    ),
    ("squared", "cluster"): (
        [60.30783574, 26.22720028, 54.38712059, 152.1334842],
        [5.326302053, 6.193037141, 4.937824689, 1.989697401],
    ),
    ("weighted", "model"): (
        [54.40629513, 23.68248152, 56.02997927, 151.6856046],
        [6.317435853, 6.23673668, 6.254026877, 2.598423295],
    ),
    ("weighted", "HC3"): (
        [54.40629513, 23.68248152, 56.02997927, 151.6856046],
        [7.00199639, 6.655108406, 6.934601803, 2.834455655],
    ),
    ("logistic", "model"): (
        [1.630652277, 0.822385688, 1.72294913, 0.03357717358],
        [0.3073258932, 0.2734503672, 0.3066568008, 0.116214024],
    ),
    ("logistic", "HC0"): (
        [1.630652277, 0.822385688, 1.72294913, 0.03357717358],
        [0.3114142804, 0.2718672871, 0.3296915384, 0.1163983224],
    ),
    ("logistic", "cluster"): (
        [1.630652277, 0.822385688, 1.72294913, 0.03357717358],
        [0.2701850075, 0.2827449336, 0.4050350433, 0.08568102421],
    ),
    ("softmax", "model"): (
        [
            0.9345903649,
            0.4716213659,
            1.519330889,
            0.4314184468,
            2.475078678,
            1.342128326,
            2.821984586,
            0.07545660198,
        ],
        [
            0.3623498752,
            0.3202350942,
            0.3635392984,
            0.1519804768,
            0.4124488213,
            0.3606313373,
            0.419218631,
            0.1698115357,
        ],
    ),
    ("softmax", "HC0"): (
        [
            0.9345903649,
            0.4716213659,
            1.519330889,
            0.4314184468,
            2.475078678,
            1.342128326,
            2.821984586,
            0.07545660198,
        ],
        [
            0.3761156091,
            0.3207281519,
            0.37141679,
            0.1496947056,
            0.3998021687,
            0.3561030761,
            0.4473739961,
            0.170851821,
        ],
    ),
    ("poisson", "model"): (
        [0.4094554153, 0.1911767307, 0.4092000135, 1.452619385],
        [0.04496052607, 0.04579488308, 0.0466159821, 0.02133094529],
    ),
    ("poisson", "HC0"): (
        [0.4094554153, 0.1911767307, 0.4092000135, 1.452619385],
        [0.0416721452, 0.04555347365, 0.0429729562, 0.02168558591],
    ),
    ("counted", "model"): (
        [0.3686641928, 0.1702899651, 0.4159274688, 1.456577243],
        [0.02821730351, 0.02910337938, 0.0288975981, 0.01325743823],
    ),
    ("gamma", "model"): (
        [0.3700226124, 0.1581885278, 0.3955871848, 1.562208433],
        [0.04599747469, 0.04477774793, 0.04595600737, 0.01886848456],
    ),
    ("gamma", "HC0"): (
        [0.3700226123, 0.158188528, 0.3955871844, 1.562208433],
        [0.0423491523, 0.04328939482, 0.0447609052, 0.01878291276],
    ),
    ("gamma", "cluster"): (
        [0.3700226123, 0.158188528, 0.3955871844, 1.562208433],
        [0.03525790969, 0.03842557467, 0.03482164988, 0.01447497351],
    ),
    ("inverse_gaussian", "model"): (
        [0.3629553575, 0.1414656828, 0.4200047274, 1.562392908],
        [0.05218490447, 0.0488095864, 0.05044822987, 0.02095108536],
    ),
    ("inverse_gaussian", "HC0"): (
        [0.3629553575, 0.1414656828, 0.4200047274, 1.562392908],
        [0.05227517381, 0.04920443322, 0.05531460024, 0.01901365278],
    ),
    ("tweedie", "model"): (
        [0.6968734008, 0.3137219204, 0.7541483025, 0.77401407],
        [0.09037314246, 0.09148131456, 0.09309466199, 0.04182019691],
    ),
    ("tweedie", "HC0"): (
        [0.6968734007, 0.3137219204, 0.7541483024, 0.7740140701],
        [0.07528392447, 0.08242153396, 0.08194724076, 0.04386609223],
    ),
    ("tweedie", "cluster"): (
        [0.6968734007, 0.3137219204, 0.7541483024, 0.7740140701],
        [0.06988586134, 0.07463385463, 0.06988345693, 0.03289304206],
    ),
    ("amounts-weighted", "model"): (
        [0.3398315221, 0.1249070391, 0.4017837062, 1.56285957],
        [0.04570336538, 0.0451195488, 0.04524463439, 0.0187982422],
    ),
    ("amounts-weighted", "HC0"): (
        [0.3398315221, 0.1249070391, 0.4017837061, 1.56285957],
        [0.04668279212, 0.04434874849, 0.05003387986, 0.02041902703],
    ),
    ("counts-offset", "model"): (
        [0.5123201993, 0.2387137455, 0.3077331672, 0.3549133545],
        [0.08476783528, 0.08939096338, 0.08750658564, 0.04021172502],
    ),
    ("counts-offset", "HC0"): (
        [0.5123201993, 0.2387137455, 0.3077331672, 0.3549133545],
        [0.06851301564, 0.08056411344, 0.07236985862, 0.03121509378],
    ),
    ("counts-offset", "cluster"): (
        [0.5123201993, 0.2387137455, 0.3077331672, 0.3549133545],
        [0.06725225345, 0.0719322979, 0.04741419576, 0.01616465736],
    ),
    ("amounts-offset", "model"): (
        [0.4065863555, 0.2278853891, 0.3284954543, 0.781258476],
        [0.09212157503, 0.08967876376, 0.09203852624, 0.03778891186],
    ),
    ("amounts-offset", "HC0"): (
        [0.4065863551, 0.2278853894, 0.3284954548, 0.781258476],
        [0.08616863782, 0.09345825543, 0.09215329332, 0.03761753269],
    ),
    ("squared-offset", "model"): (
        [60.8876188, 26.71731901, 53.5057361, 142.5861443],
        [6.502035286, 6.32961916, 6.496173617, 2.667180172],
    ),
    ("squared-offset", "HC0"): (
        [60.8876188, 26.71731901, 53.5057361, 142.5861443],
        [6.863111909, 6.74429566, 6.454757293, 2.655084054],
    ),
}


def diabetes(name):
    """The rows, the weights or None, and the groups of a case."""
    X, target = load_diabetes(return_X_y=True, as_frame=True)
    target, n = target.to_numpy(), len(target)
    counts, amounts = np.floor(target / 30), target / 30
    y = {
        "logistic": (target > 140).astype(int),
        "softmax": np.digitize(target, [100, 180]),
        "poisson": counts,
        "counted": counts,
        "counts-offset": counts,
        "tweedie": np.maximum(counts - 2, 0),
        "gamma": amounts,
        "inverse_gaussian": amounts,
        "amounts-weighted": amounts,
        "amounts-offset": amounts,
    }.get(name, target)
    weight = 1 + np.arange(n) % 4 if name in WEIGHTED else None
    return 10 * X[["bmi", "bp", "s5"]].to_numpy(), y, weight, np.arange(n) // 20


def offset_of(name):
    """The argument of fit and of the table, of cases that have one."""
    if not name.endswith("-offset"):
        return {}
    offset = np.log(1 + np.arange(442) % 5)
    return {"offset": 10 * offset if name == "squared-offset" else offset}


def table_of(name, kind="model", **options):
    X, y, weight, groups = diabetes(name)
    offset = offset_of(name)
    model = MODELS[name].fit(X, y, weight, **offset)
    options = {"weights": WEIGHTED.get(name, "analytic"), "kind": kind} | offset | options
    return coefficient_table(
        model, X, y, weight, groups=groups if kind == "cluster" else None, **options
    )


@pytest.mark.parametrize(("name", "kind"), FIGURES)
def test_figures_are_those_of_statsmodels(name, kind):
    table = table_of(name, kind)
    estimate, std_error = FIGURES[name, kind]
    assert_allclose(table.estimate, estimate, rtol=1e-6)
    assert_allclose(table.std_error, std_error, rtol=1e-6)
    assert_allclose(np.sqrt(np.diagonal(table.covariance)), std_error, rtol=1e-6)


def test_the_live_statsmodels_agrees():
    api = pytest.importorskip("statsmodels.api")
    X, y, _, groups = diabetes("squared")
    theirs = api.OLS(y, api.add_constant(X, prepend=False)).fit()
    robust = theirs.get_robustcov_results("cluster", groups=groups)
    for ours, other in [(table_of("squared"), theirs), (table_of("squared", "cluster"), robust)]:
        assert_allclose(ours.p_value, other.pvalues, rtol=1e-6)
        assert_allclose(np.array([ours.lower, ours.upper]).T, other.conf_int(), rtol=1e-6)


def test_the_live_statsmodels_agrees_on_a_generalised_linear_model_with_an_offset():
    api = pytest.importorskip("statsmodels.api")
    X, y, _, _ = diabetes("amounts-offset")
    family = api.families.Gamma(link=api.families.links.Log())
    ones = api.add_constant(X, prepend=False)
    theirs = api.GLM(y, ones, family=family, **offset_of("amounts-offset"))
    theirs = theirs.fit(scale="X2", tol=1e-14, use_t=True)
    ours = table_of("amounts-offset")
    assert_allclose(ours.dispersion, theirs.scale, rtol=1e-6)
    assert_allclose(ours.p_value, theirs.pvalues, rtol=1e-5)
    assert_allclose(np.array([ours.lower, ours.upper]).T, theirs.conf_int(), rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "kind", "law"),
    [
        ("gamma", "model", t(438)),
        ("gamma", "HC0", norm()),
        ("tweedie", "model", t(438)),
        ("inverse_gaussian", "cluster", norm()),
        ("squared", "model", t(438)),
        ("squared", "HC3", t(438)),
        ("squared", "cluster", t(22)),
        ("poisson", "model", t(438)),
        ("poisson", "HC0", norm()),
        ("logistic", "model", norm()),
        ("softmax", "cluster", norm()),
    ],
)
def test_statistics_and_intervals_follow_their_distribution(name, kind, law):
    table = table_of(name, kind, confidence=0.9)
    assert_allclose(table.statistic, table.estimate / table.std_error, rtol=1e-12)
    assert_allclose(table.p_value, 2 * (1 - law.cdf(np.abs(table.statistic))), atol=1e-14)
    assert_allclose(table.upper - table.estimate, law.ppf(0.95) * table.std_error, rtol=1e-9)
    assert_allclose(table.estimate - table.lower, table.upper - table.estimate, rtol=1e-9)


def test_leverages_of_a_logistic_model_are_those_of_its_hat_matrix():
    X, y, _, _ = diabetes("logistic")
    model = MODELS["logistic"].fit(X, y)
    ones = np.column_stack([X, np.ones(len(X))])
    p = model.predict_proba(X)[:, 1]
    root = np.sqrt(p * (1 - p))[:, np.newaxis] * ones
    leverage = np.diagonal(root @ np.linalg.inv(root.T @ root) @ root.T)
    scores = ((p - y) / (1 - leverage))[:, np.newaxis] * ones
    inverse = np.linalg.inv(root.T @ root)
    table = coefficient_table(model, X, y, kind="HC3")
    assert_allclose(table.covariance, inverse @ scores.T @ scores @ inverse, rtol=1e-9)


@pytest.mark.parametrize("power", [1.0, 1.3, 2.0])
def test_leverages_of_a_deviance_are_those_of_its_hat_matrix(power):
    X, y, _, _ = diabetes("gamma")
    loss, offset = Tweedie(power=power), np.sin(np.arange(len(y)))
    model = GDLinearRegressor(loss=loss, **EXACT).fit(X, y, offset=offset)
    mean = model.predict(X, offset=offset)
    ones = np.column_stack([X, np.ones(len(X))])
    root = mean[:, np.newaxis] ** (1 - power / 2) * ones
    inverse = np.linalg.inv(root.T @ root)
    leverage = np.einsum("ij,jk,ik->i", root, inverse, root)
    scores = (mean ** (1 - power) * (y - mean) / (1 - leverage))[:, np.newaxis] * ones
    table = coefficient_table(model, X, y, offset=offset, kind="HC3")
    assert_allclose(table.covariance, inverse @ scores.T @ scores @ inverse, rtol=1e-9)
    dispersion = ((y - mean) ** 2 / mean**power).sum() / (len(y) - 4)
    table = coefficient_table(model, X, y, offset=offset)
    assert_allclose(table.covariance, dispersion * inverse, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("kind", ["model", "HC2", "cluster"])
def test_an_offset_goes_with_its_row(kind, tmp_path):
    X, y, _, groups = diabetes("counts-offset")
    offset, weight = offset_of("counts-offset")["offset"], np.arange(len(y)) % 3
    kept = np.flatnonzero(weight)
    for start in (0, 200, 400):
        np.save(tmp_path / f"{start:03}.npy", X[start : start + 200])
    found = []
    for rows in (slice(None), kept):
        model = MODELS["counts-offset"].fit(X[rows], y[rows], weight[rows], offset=offset[rows])
        storages = [X[rows]] if rows is kept else [X, sp.csr_matrix(X), NpyChunks(tmp_path)]
        for storage in storages:
            options = {"groups": groups[rows]} if kind == "cluster" else {}
            found.append(
                coefficient_table(
                    model, storage, y[rows], weight[rows], offset=offset[rows], kind=kind, **options
                )
            )
    for table in found[1:]:
        assert_allclose(table.covariance, found[0].covariance, rtol=1e-6)
    assert len(found) == 4


def test_an_offset_of_zero_is_none_and_a_constant_one_moves_the_intercept():
    X, y, _, _ = diabetes("gamma")
    tables = [table_of("gamma")]
    for offset in (np.zeros(len(y)), np.full(len(y), 0.7)):
        model = MODELS["gamma"].fit(X, y, offset=offset)
        tables.append(coefficient_table(model, X, y, offset=offset))
    plain, zero, constant = tables
    assert_allclose(zero.estimate, plain.estimate, rtol=1e-9)
    assert_allclose(constant.estimate, plain.estimate - [0, 0, 0, 0.7], rtol=1e-7)
    assert_allclose([zero.std_error, constant.std_error], [plain.std_error] * 2, rtol=1e-7)


@pytest.mark.parametrize("kind", ["model", "HC0", "HC1", "HC3", "cluster"])
@pytest.mark.parametrize("name", ["squared", "poisson", "logistic", "gamma"])
def test_frequency_weights_are_copies(name, kind):
    X, y, _, groups = diabetes(name)
    weight = np.arange(len(y)) % 3
    copies = np.repeat(np.arange(len(y)), weight)
    groups = groups if kind == "cluster" else None
    weighted = coefficient_table(
        MODELS[name].fit(X, y, weight), X, y, weight, weights="frequency", kind=kind, groups=groups
    )
    model = MODELS[name].fit(X[copies], y[copies])
    groups = None if groups is None else groups[copies]
    copied = coefficient_table(model, X[copies], y[copies], kind=kind, groups=groups)
    for column in ("estimate", "std_error", "p_value", "lower", "upper"):
        assert_allclose(getattr(weighted, column), getattr(copied, column), rtol=1e-5)
    assert (weighted.n_samples, weighted.df) == (copied.n_samples, copied.df)


@pytest.mark.parametrize("name", ["squared", "logistic"])
def test_only_proportions_of_analytic_weights_count(name):
    X, y, _, _ = diabetes(name)
    weight = 1.0 + np.arange(len(y)) % 4
    model = MODELS[name].fit(X, y, weight)
    one, other = (coefficient_table(model, X, y, factor * weight) for factor in (1, 7))
    assert_allclose(one.std_error, other.std_error, rtol=1e-12)
    assert one.n_samples == len(y)


def test_importance_weights_have_the_sandwich_of_weighted_scores():
    X, y, _, _ = diabetes("squared")
    weight = 1.0 + np.arange(len(y)) % 4
    model = MODELS["squared"].fit(X, y, weight)
    table = coefficient_table(model, X, y, weight, weights="importance", kind="HC0")
    ones = np.column_stack([X, np.ones(len(X))])
    inverse = np.linalg.inv(ones.T @ (weight[:, np.newaxis] * ones))
    scores = (weight * (y - model.predict(X)))[:, np.newaxis] * ones
    assert_allclose(table.covariance, inverse @ scores.T @ scores @ inverse, rtol=1e-9)


@pytest.mark.parametrize("kind", ["model", "HC0", "HC2", "cluster"])
@pytest.mark.parametrize("storage", ["csr", "npy", "float32"])
def test_storages_have_the_same_table(storage, kind, tmp_path):
    X, y, _, groups = diabetes("poisson")
    if storage == "npy":
        for start in (0, 200, 400):
            np.save(tmp_path / f"{start:03}.npy", X[start : start + 200])
    kept = {"csr": sp.csr_matrix, "npy": lambda X: NpyChunks(tmp_path), "float32": np.float32}
    rows = kept[storage](X)
    groups = groups if kind == "cluster" else None
    found = [
        coefficient_table(MODELS["poisson"].fit(X, y), X, y, kind=kind, groups=groups)
        for X in (X, rows)
    ]
    rtol = 2e-3 if storage == "float32" else 1e-6
    assert_allclose(found[1].std_error, found[0].std_error, rtol=rtol)


def test_units_of_the_features_are_those_of_the_table():
    X, y, _, _ = diabetes("logistic")
    units = np.array([1e-4, 1.0, 1e6])
    plain = coefficient_table(MODELS["logistic"].fit(X, y), X, y)
    scaled = coefficient_table(MODELS["logistic"].fit(X * units, y), X * units, y)
    assert_allclose(scaled.std_error[:3] * units, plain.std_error[:3], rtol=1e-5)
    assert_allclose(scaled.p_value, plain.p_value, rtol=1e-4)


def test_without_an_intercept_there_is_no_row_for_it():
    X, y, _, _ = diabetes("squared")
    model = GDLinearRegressor(fit_intercept=False, alpha=0, tol=1e-15).fit(X, y)
    table = coefficient_table(model, X, y)
    residual = y - X @ model.coef_
    variance = residual @ residual / (len(y) - 3)
    assert table.names == ["x0", "x1", "x2"]
    assert_allclose(table.covariance, variance * np.linalg.inv(X.T @ X), rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["model", "HC3"])
def test_intervals_cover_the_truth_as_often_as_they_say(kind):
    rng, truth, n_times = np.random.default_rng(0), np.array([1.0, -0.5, 0.2]), 2000
    hits = np.zeros(3)
    for _ in range(n_times):
        X = rng.normal(size=(100, 2))
        y = X @ truth[:2] + truth[2] + rng.normal(size=100)
        table = coefficient_table(GDLinearRegressor(penalty=None).fit(X, y), X, y, kind=kind)
        hits += (table.lower <= truth) & (truth <= table.upper)
    assert_allclose(hits / n_times, 0.95, atol=0.015)


@pytest.mark.slow
def test_intervals_of_amounts_with_an_offset_cover_the_truth():
    rng, truth, n_times = np.random.default_rng(0), np.array([0.5, -0.3, 0.2]), 1000
    model, hits = GDLinearRegressor(loss="gamma", penalty=None), np.zeros(3)
    for _ in range(n_times):
        X, offset = rng.normal(size=(100, 2)), rng.uniform(-1, 1, 100)
        y = np.exp(X @ truth[:2] + truth[2] + offset) * rng.gamma(2, 1 / 2, size=100)
        table = coefficient_table(model.fit(X, y, offset=offset), X, y, offset=offset)
        hits += (table.lower <= truth) & (truth <= table.upper)
    assert_allclose(hits / n_times, 0.95, atol=0.02)


# The table itself.


def test_the_table_as_text_and_as_frames():
    X, y = load_iris(return_X_y=True, as_frame=True)
    X, y = X.iloc[:, :2], y.map({0: "a", 1: "b", 2: "c"})
    X = X.assign(noise=np.sin(np.arange(150)))
    keep = np.r_[0:150]
    X.iloc[keep[::7], 0] = 6.0
    model = GDSoftmaxClassifier(**EXACT).fit(X, y)
    table = coefficient_table(model, X, y, confidence=0.9)
    names = [*X.columns, "intercept"]
    assert table.names == [f"{label}: {name}" for label in "bc" for name in names]
    frame = table.to_frame()
    assert isinstance(frame, pd.DataFrame)
    assert_array_equal(frame.loc["c: intercept"].to_numpy()[:2], [
        table.estimate[-1], table.std_error[-1],
    ])  # fmt: skip
    other = table.to_frame("polars")
    assert isinstance(other, pl.DataFrame)
    assert other["name"].to_list() == table.names
    assert_array_equal(other["upper"].to_numpy(), frame["upper"])
    lines = str(table).split("\n")
    assert len({len(line) for line in lines[:-1]}) == 1
    assert lines[0].split()[:2] == ["name", "estimate"]
    assert "90% intervals, normal" in lines[-1]
    with pytest.raises(ValueError, match="library must be one of"):
        table.to_frame("arrow")


def test_contrasts_do_not_depend_on_how_classes_are_centred():
    X, y, _, _ = diabetes("softmax")
    model = MODELS["softmax"].fit(X, y)
    table = coefficient_table(model, X, y)
    model.coef_ = model.coef_ + 3.0
    model.intercept_ = model.intercept_ - 2.0
    moved = coefficient_table(model, X, y)
    assert_allclose(moved.estimate, table.estimate, rtol=1e-9)
    assert_allclose(moved.std_error, table.std_error, rtol=1e-9)


# What it refuses.

LINE = np.arange(12.0)[:, np.newaxis]
WAVE = np.sin(np.arange(12.0))
TWO = (np.arange(12) % 3 == 0).astype(int)
REFUSED = {
    "penalty": (GDLinearRegressor(), WAVE, "penalty=None or alpha=0"),
    "positive": (GDLinearRegressor(penalty=None, positive=True), WAVE, "positive=False"),
    "class_weight": (
        GDLogisticClassifier(penalty=None, class_weight="balanced"), TWO, "class_weight=None",
    ),
    "absolute": (GDLinearRegressor(loss="absolute_error", penalty=None), WAVE, "has kinks"),
    "huber": (GDLinearRegressor(loss="huber", penalty=None), WAVE, "is not the negative log-lik"),
    "hinge": (GDLinearClassifier(loss="squared_hinge", penalty=None), TWO, "bootstrap"),
    "one-vs-rest": (GDLogisticClassifier(penalty=None), np.arange(12) % 3, "GDSoftmaxClassifier"),
    "two-targets": (GDLinearRegressor(penalty=None), np.column_stack([WAVE, WAVE]), "one target"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", REFUSED)
def test_fits_without_a_formula_are_refused_with_the_reason(name):
    model, y, words = REFUSED[name]
    model.fit(LINE, y)
    with pytest.raises(ValueError, match=words):
        coefficient_table(model, LINE, y)


def test_a_penalty_of_no_strength_is_none():
    X, y, _, _ = diabetes("squared")
    for params in ({"alpha": 0}, {"penalty": NoPenalty()}, {"penalty": "l1", "alpha": 0}):
        model = GDLinearRegressor(**{"tol": 1e-15} | params).fit(X, y)
        assert_allclose(coefficient_table(model, X, y).std_error, table_of("squared").std_error)


def test_other_estimators_are_refused():
    with pytest.raises(TypeError, match="needs an estimator of sklearn_gd"):
        coefficient_table(LinearRegression().fit(LINE, WAVE), LINE, WAVE)
    with pytest.raises(NotFittedError):
        coefficient_table(GDLinearRegressor(penalty=None), LINE, WAVE)
    network = GDMLPRegressor(max_iter=1, tol=0).fit(LINE, WAVE)
    with pytest.raises(TypeError, match="weights of a network"):
        coefficient_table(network, LINE, WAVE)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"weights": "probability"}, "weights must be one of"),
        ({"kind": "HC4"}, "kind must be one of"),
        ({"confidence": 95}, "confidence must be a number > 0 and < 1; got 95"),
        ({"kind": "cluster"}, "groups must be passed with kind='cluster'"),
        ({"groups": TWO}, "groups must be passed with kind='cluster'"),
        ({"kind": "cluster", "groups": TWO[:3]}, r"groups must have shape \(12,\)"),
        ({"kind": "cluster", "groups": np.ones(12)}, "at least two groups"),
        ({"weights": "frequency", "sample_weight": np.full(12, 0.5)}, "has fractions"),
        ({"weights": "importance", "sample_weight": np.ones(12)}, "says nothing about variances"),
        ({"sample_weight": np.ones(3)}, r"sample_weight must have shape \(12,\)"),
        ({"sample_weight": np.arange(12.0)}, "standard errors away from the optimum"),
    ],
    ids=str,
)
def test_an_option_that_cannot_be_used_is_named(options, words):
    model = GDLinearRegressor(penalty=None).fit(LINE, WAVE)
    with pytest.raises(ValueError, match=words):
        coefficient_table(model, LINE, WAVE, **options)


def test_leverages_of_several_classes_are_refused():
    with pytest.raises(ValueError, match="use 'HC0' or 'HC1'"):
        table_of("softmax", "HC2")


def test_other_rows_than_those_of_the_fit_are_refused():
    X, y, _, _ = diabetes("squared")
    model = MODELS["squared"].fit(X, y)
    with pytest.raises(ValueError, match="Pass the X, y, sample_weight and offset of fit"):
        coefficient_table(model, X[:100], y[:100])
    with pytest.raises(ValueError, match="X has 2 features, and the estimator was fitted to 3"):
        coefficient_table(model, X[:, :2], y)
    with pytest.raises(ValueError, match="y has 2 columns, and the estimator was fitted to one"):
        coefficient_table(model, X, np.column_stack([y, y]))
    X, y, _, _ = diabetes("softmax")
    model = MODELS["softmax"].fit(X, y)
    with pytest.raises(ValueError, match="y has the classes"):
        coefficient_table(model, X, y + 1)


def test_the_offset_of_fit_is_needed_and_no_other():
    X, y, _, _ = diabetes("counts-offset")
    offset = offset_of("counts-offset")["offset"]
    model = GDLinearRegressor(loss="poisson", penalty=None).fit(X, y, offset=offset)
    with pytest.raises(ValueError, match=r"fitted with an offset, .* pass the offset of fit"):
        coefficient_table(model, X, y)
    with pytest.raises(ValueError, match="standard errors away from the optimum"):
        coefficient_table(model, X, y, offset=-offset)
    with pytest.raises(ValueError, match=r"offset must have shape \(442,\)"):
        coefficient_table(model, X, y, offset=offset[:3])
    again = pickle.loads(pickle.dumps(model))
    assert_array_equal(
        coefficient_table(again, X, y, offset=offset).covariance,
        coefficient_table(model, X, y, offset=offset).covariance,
    )
    for other in (model.fit(X, y), GDLogisticClassifier(penalty=None).fit(X, y > 4)):
        with pytest.raises(ValueError, match="fitted without an offset"):
            coefficient_table(other, X, y, offset=offset)


def test_fewer_rows_than_coefficients_are_refused():
    X = np.eye(3)
    model = GDLinearRegressor(penalty=None).fit(X, [1.0, 2.0, 4.0])
    with pytest.raises(ValueError, match="3 rows and 4 coefficients"):
        coefficient_table(model, X, [1.0, 2.0, 4.0])


def test_columns_that_depend_on_each_other_are_named():
    X, y, _, _ = diabetes("squared")
    frame = pd.DataFrame(X, columns=["bmi", "bp", "s5"]).assign(sum=X[:, 0] + 2 * X[:, 2], one=1.0)
    model = GDLinearRegressor(penalty=None).fit(frame[["bmi", "bp", "s5", "sum"]], y)
    with pytest.raises(ValueError, match=r"linearly dependent.*: bmi, s5, sum"):
        coefficient_table(model, frame[["bmi", "bp", "s5", "sum"]], y)
    model = GDLinearRegressor(penalty=None).fit(frame[["bmi", "one"]], y)
    with pytest.raises(ValueError, match=r"linearly dependent.*: one, intercept"):
        coefficient_table(model, frame[["bmi", "one"]], y)


def separated(kind):
    """Rows in which one feature settles some of them, and estimators for these."""
    X, y, _, _ = diabetes("logistic")
    X = X.copy()
    if kind == "complete":
        return GDLogisticClassifier(penalty=None), X, (X[:, 1] > 0.1).astype(int)
    X[:, 1] = np.arange(len(y)) % 10 == 0
    if kind == "quasi":
        y = np.where(X[:, 1] == 1, 1, y)
        return GDLogisticClassifier(penalty=None), X, y
    if kind == "softmax":
        y = diabetes("softmax")[1]
        return GDSoftmaxClassifier(penalty=None), X, np.where(X[:, 1] == 1, 2, y)
    y = diabetes("poisson")[1]
    loss = "poisson" if kind == "counts" else Tweedie(power=1.4)
    return GDLinearRegressor(loss=loss, penalty=None), X, np.where(X[:, 1] == 1, 0.0, y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("kind", ["complete", "quasi", "softmax", "counts", "amounts"])
def test_separated_rows_have_no_standard_errors(kind):
    model, X, y = separated(kind)
    model.fit(X, y)
    with pytest.raises(ValueError, match=r"Rows are separated.*x1"):
        coefficient_table(model, X, y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("kind", ["counts", "amounts"])
def test_an_offset_hides_no_separation_and_makes_none(kind):
    model, X, y = separated(kind)
    # the rows that are separated have less exposure than all others
    offset = 12 * X[:, 0] - 6 * (X[:, 1] == 1)
    model.fit(X, y, offset=offset)
    with pytest.raises(ValueError, match=r"Rows are separated.*x1"):
        coefficient_table(model, X, y, offset=offset)
    y = np.random.default_rng(0).poisson(np.exp(offset + 1)).astype(float)
    model.set_params(tol=1e-12).fit(X, y, offset=offset)
    table = coefficient_table(model, X, y, offset=offset)
    assert (np.abs(table.statistic[:3]) < 4).all()


@pytest.mark.parametrize("kind", ["quasi", "softmax", "counts", "amounts"])
def test_one_row_to_the_contrary_ends_a_separation(kind):
    model, X, y = separated(kind)
    y = y.copy()
    first = np.flatnonzero(X[:, 1] == 1)[:3]
    y[first] = [0, 1, 2] if kind == "softmax" else (0 if kind == "quasi" else 1)
    model.set_params(tol=1e-12).fit(X, y)
    assert np.isfinite(coefficient_table(model, X, y).std_error).all()
