"""Cases in which other gradient-descent estimators go wrong, a test or more for each.

The number in a test's name is that of the case. Seen in scikit-learn 1.8.0 and 1.9.1: case 1; in
1.9.1: cases 5 and 8.
"""

import copy
import pickle
import warnings
from itertools import product

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from common import (
    CASES,
    CLASSIFIERS,
    DETERMINISTIC,
    ESTIMATORS,
    LABELLED,
    LINEAR_CASES,
    MAIN_CASES,
    NETWORK_CASES,
    REGISTRY,
    REGRESSORS,
    STOCHASTIC,
    build,
    coefficients,
    make_data,
    pairs,
    plain_losses,
    plain_objective,
    raw,
)
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import make_blobs
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV

from sklearn_gd import GDSoftmaxClassifier
from sklearn_gd.losses import SquaredError
from sklearn_gd.schedules import SCHEDULES

RESUMABLE = [name for name in STOCHASTIC if REGISTRY[name].resumable]
# One of each kind: plain, with memory, with scales of its own, unit-free, and two without noise.
KINDS = ("sgd", "momentum", "adam", "normalized-adagrad", "svrg", "saga")
ALL_KINDS = ("auto", *DETERMINISTIC, *KINDS)
STEPS = {"max_iter": 3, "tol": 0, "batch_size": 16}
ROUNDING = 1e-9
# plain_objective has the penalty of coefficients in raw units, also for networks.
RAW_UNITS = {"standardize": False}


def by_pairs(cases, solvers):
    return pytest.mark.parametrize(("case", "solver"), pairs(cases, solvers))


def steps(solver):
    """Few passes, in batches of some rows if the solver makes batches."""
    return STEPS if solver in STOCHASTIC else {"max_iter": 3, "tol": 0}


def is_told(model, *rows):
    """Fit; whether the user is told that it did not converge. Any other warning is an error."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("error")
        warnings.simplefilter("always", ConvergenceWarning)
        model.fit(*rows)
    assert np.isfinite(coefficients(model)).all()
    assert model.stop_reason_
    assert bool(caught) == (model.tol > 0 and not model.converged_)
    return bool(caught)


def fitted(model, *rows):
    is_told(model, *rows)
    return model


def optimum(model, X, y, weight=None):
    """The objective of a fitted linear model at the optimum that scikit-learn finds."""
    strength = model.alpha * (len(y) if weight is None else weight.sum())
    if isinstance(model, REGRESSORS):
        peer = Ridge(alpha=strength, solver="svd") if strength else LinearRegression()
        peers = [peer.fit(X, y, weight)]
    else:
        is_softmax = isinstance(model, GDSoftmaxClassifier)
        labels = model.classes_[-len(model.coef_) :]
        targets = [y] if is_softmax else [y == label for label in labels]
        settings = {"C": 1 / strength, "solver": "newton-cg", "tol": 1e-10, "max_iter": 1000}
        peers = [LogisticRegression(**settings).fit(X, target, weight) for target in targets]
    twin = copy.copy(model)
    twin.coef_ = np.vstack([peer.coef_ for peer in peers]).reshape(model.coef_.shape)
    twin.intercept_ = np.hstack([peer.intercept_ for peer in peers])
    return plain_objective(twin, X, y, weight)


def assert_optimal_or_told(model, X, y, weight=None):
    """A fit that says that it converged is within ``tol`` of the optimum; any other warns."""
    if not is_told(model, X, y, weight):
        gap = plain_objective(model, X, y, weight) - optimum(model, X, y, weight)
        # tol is a share of the objective, which was highest at the start; 1e-14 of it is rounding
        assert gap <= (model.tol + 1e-14) * model.loss_curve_[0]


@by_pairs(("logistic", "two-class-softmax", "mlp-two-classes"), ALL_KINDS)
def test_case_01_reported_validation_accuracy_is_the_true_one(case, solver):
    X, y = make_blobs(200, centers=[(-5, -5), (5, 5)], random_state=0)
    model = build(case, solver, early_stopping=True, scoring="accuracy", random_state=1).fit(X, y)
    assert model.best_validation_score_ == 1.0
    assert model.score(X, y) == 1.0


@by_pairs(CASES, KINDS)
def test_case_02_weights_count_in_batches_of_one_row(case, solver):
    X, y = make_data(case)
    weight = np.random.default_rng(0).uniform(0.01, 100, len(y))
    settings = {"batch_size": 1, "alpha": 0, "max_iter": 2, "tol": 0, "shuffle": False}
    plain = fitted(build(case, solver, **settings), X, y)
    weighted = fitted(build(case, solver, **settings), X, y, weight)
    assert np.abs(raw(plain, X) - raw(weighted, X)).max() > 0.01
    # whole batches of zero weights: nothing is divided by their sum
    weight[:20] = 0
    some = fitted(build(case, solver, **settings), X, y, weight)
    removed = fitted(build(case, solver, **settings), X[20:], y[20:], weight[20:])
    assert_array_equal(coefficients(some), coefficients(removed))


def sparse_data(case):
    """40 % of the entries are not zero."""
    X, y = make_data(case, n_samples=100)
    return X * (np.random.default_rng(5).random(X.shape) < 0.4), y


@by_pairs(MAIN_CASES, ALL_KINDS)
def test_case_03_sparse_and_dense_report_one_objective(case, solver):
    X, y = sparse_data(case)
    settings = {"alpha": 0.1, "max_iter": 100} | RAW_UNITS
    dense = fitted(build(case, solver, **settings), X, y)
    sparse = fitted(build(case, solver, **settings), sp.csr_matrix(X), y)
    assert sparse.n_iter_ == dense.n_iter_
    assert_allclose(sparse.objective_, dense.objective_, rtol=ROUNDING)
    assert_allclose(sparse.objective_, plain_objective(sparse, X, y), rtol=1e-12)


@pytest.mark.parametrize("container", [np.asarray, sp.csr_matrix], ids=["dense", "csr"])
@by_pairs(("regression", "two-targets", "mlp-regression"), ALL_KINDS)
def test_case_04_an_offset_of_y_moves_only_the_intercept(case, solver, container):
    X, y = sparse_data(case)
    plain = build(case, solver, **steps(solver)).fit(container(X), y)
    moved = build(case, solver, **steps(solver)).fit(container(X), y + 100)
    assert_allclose(raw(moved, X) - 100, raw(plain, X), atol=1e-7)


@pytest.mark.parametrize("case", CASES)
def test_case_05_units_of_a_feature_do_not_matter_by_default(case):
    X, y = make_data(case, n_samples=200)
    expected = plain_losses(fitted(build(case), X, y), X, y).mean()
    X[:, 0] *= 1e4
    model = build(case)
    assert not is_told(model, X, y) or case in NETWORK_CASES
    assert_allclose(plain_losses(model, X, y).mean(), expected, rtol=1e-3)


@by_pairs(MAIN_CASES, ("gd", *KINDS))
def test_case_05_a_mad_learning_rate_is_tamed_or_reported(case, solver):
    X, y = make_data(case)
    settings = {"learning_rate": 1e3, "max_iter": 30, "tol": 1e-8} | RAW_UNITS
    model = build(case, solver, **settings)
    told, start = is_told(model, 1e3 * X, y), model.loss_curve_[0]
    assert told or model.objective_ < 0.99 * start
    assert model.objective_ <= start * (1 + 1e-12)


@by_pairs(("regression", "logistic", "softmax"), ALL_KINDS)
def test_case_06_very_uneven_weights(case, solver):
    X, y = make_data(case, n_samples=200)
    weight = np.random.default_rng(0).random(200) ** 8 * 1000
    model = build(case, solver, alpha=0.01, max_iter=300)
    assert_optimal_or_told(model, X, y, weight)
    assert plain_objective(model, X, y, weight) <= 1.02 * optimum(model, X, y, weight)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("batch_size", [1, 2])
@pytest.mark.parametrize("solver", ["saga", "svrg"])
def test_case_07_no_verdict_before_one_full_pass(solver, batch_size, seed):
    """The row that comes first may be the one that has nothing to teach."""
    X, y = np.array([[-1.0], [0.0], [1.0]]), np.array([-1.0, 0.0, 1.0])
    penalty = {"penalty": "elasticnet", "alpha": 0.5, "l1_ratio": 0.3, "fit_intercept": False}
    settings = {"batch_size": batch_size, "random_state": seed} | penalty
    model = build("regression", solver, **settings)
    assert not is_told(model, X, y)
    assert_allclose(model.coef_, (2 / 3 - 0.15) / (2 / 3 + 0.35), atol=1e-3)


@by_pairs(MAIN_CASES, RESUMABLE)
def test_case_08_with_an_int_seed_fit_is_partial_fits_is_warm_fits(case, solver):
    X, y = make_data(case)
    settings = STEPS | {"random_state": 7}
    whole = build(case, solver, **settings).fit(X, y)
    warm = build(case, solver, warm_start=True, **(settings | {"max_iter": 1})).fit(X, y)
    partial = copy.deepcopy(warm)
    for _ in range(2):
        warm.fit(X, y)
        partial.partial_fit(X, y)
    assert_array_equal(coefficients(warm), coefficients(whole))
    assert_array_equal(coefficients(partial), coefficients(whole))


@by_pairs(LABELLED, ("auto", "sgd", "adam"))
def test_case_09_balanced_goes_on_with_a_batch_of_one_class(case, solver):
    """The weights are those of all rows so far."""
    X, y = make_data(case)
    chunks = [np.arange(60), np.arange(10), np.flatnonzero(y == 1)]
    balanced = build(case, solver, class_weight="balanced", max_iter=3, tol=0)
    weighted = build(case, solver, max_iter=3, tol=0)
    counts = np.zeros(len(np.unique(y)))
    for chunk in chunks:
        counts += np.bincount(y[chunk], minlength=len(counts))
        weight = (counts.sum() / counts / len(counts))[y[chunk]]
        step = "fit" if chunk is chunks[0] else "partial_fit"
        getattr(balanced, step)(X[chunk], y[chunk])
        getattr(weighted, step)(X[chunk], y[chunk], sample_weight=weight)
        assert_allclose(raw(balanced, X), raw(weighted, X), rtol=ROUNDING, atol=ROUNDING)
    assert_array_equal(balanced.classes_, np.unique(y))


@pytest.mark.parametrize("case", ["two-targets", "logistic", "softmax", *NETWORK_CASES])
def test_case_10_alpha_means_the_same_for_every_batch_size(case):
    X, y = make_data(case, n_samples=200)
    # without hidden layers a network has one optimum
    layers = {} if case in LINEAR_CASES else {"hidden_layer_sizes": ()}
    settings = {"alpha": 5, "max_iter": 1000, "tol": 1e-9} | layers | RAW_UNITS
    few, all_rows = (build(case, "svrg", batch_size=size, **settings) for size in (10, 200))
    assert not is_told(few, X, y)
    assert not is_told(all_rows, X, y)
    assert np.abs(coefficients(few)).max() > 0.01
    assert_allclose(raw(few, X), raw(all_rows, X), atol=1e-3)
    for model in (few, all_rows):
        assert_allclose(model.objective_, plain_objective(model, X, y), rtol=1e-12)


@pytest.mark.parametrize("standardize", [False, True])
@by_pairs(("regression", "two-targets", "mlp-regression", "mlp-two-targets"), ("sgd", "svrg"))
def test_case_11_early_stopping_in_large_units_learns_or_tells(case, solver, standardize):
    X, y = make_data(case, n_samples=200)
    settings = {"learning_rate": 0.1, "early_stopping": True, "standardize": standardize}
    model = build(case, solver, **settings)
    told = is_told(model, 1e3 * X, 1e3 * y)
    assert told or model.best_validation_score_ > model.validation_scores_[0]
    assert model.score(1e3 * X, 1e3 * y) > -0.01


@pytest.mark.parametrize("Estimator", ESTIMATORS)
def test_case_12_too_few_rows_to_hold_any_out(Estimator):
    """A regressor can hold out one of two rows; a classifier needs one of each class to train."""
    n_samples = 2 if Estimator in CLASSIFIERS else 1
    X, y = np.array([[0.0], [1.0]])[:n_samples], np.array([0, 1])[:n_samples]
    message = rf"early_stopping=True .* n_samples = {n_samples}: pass X_val and y_val"
    with pytest.raises(ValueError, match=message):
        Estimator(early_stopping=True).fit(X, y)
    model = Estimator(early_stopping=True, random_state=0, max_iter=5, tol=0)
    assert np.isfinite(model.fit(X, y, X_val=X, y_val=y).best_validation_score_)


@by_pairs(MAIN_CASES, [name for name in KINDS if name in RESUMABLE])
def test_case_13_one_lucky_pass_does_not_cut_the_rate_again_and_again(case, solver):
    X, y = make_data(case)
    schedule, plateaus, objectives = SCHEDULES["adaptive"](rate=1e-3), [], []

    def adaptive(clock):
        plateaus.append(clock.plateaus)
        return schedule(clock)

    model = build(case, solver, learning_rate=adaptive, n_iter_no_change=2, max_iter=5, tol=0)
    model.fit(X, y)
    lucky = np.argsort(plain_losses(model, X, y))[:15]
    model.partial_fit(X[lucky], y[lucky])
    lowest = model.objective_
    for _ in range(20):
        objectives.append(model.partial_fit(X, y).objective_)
    assert min(objectives) > lowest
    assert max(np.diff(objectives)) < 0
    assert plateaus[-1] <= 1


@by_pairs(MAIN_CASES, ("auto", *RESUMABLE))
def test_case_14_a_pickled_model_goes_on_learning_as_the_original_does(case, solver):
    X, y = make_data(case)
    model = build(case, solver, **STEPS).fit(X, y)
    before, twin = coefficients(model), pickle.loads(pickle.dumps(model))
    twin.partial_fit(-X, y)
    assert np.abs(coefficients(twin) - before).max() > 1e-6
    assert_array_equal(coefficients(model), before)
    assert_array_equal(coefficients(twin), coefficients(model.partial_fit(-X, y)))


@pytest.mark.parametrize("Classifier", CLASSIFIERS)
def test_case_15_a_label_that_nobody_announced_is_named(Classifier):
    X, codes = make_data("softmax")
    y = np.array(["a", "b", "c"])[codes]
    model = Classifier(random_state=0).partial_fit(X, y, classes=["a", "b", "c", "d"])
    before = model.predict_proba(X[:2])[:, 3]
    model.partial_fit(X[:2], ["d", "d"])
    assert (model.predict_proba(X[:2])[:, 3] > before).all()
    with pytest.raises(ValueError, match="'e'"):
        model.partial_fit(X[:2], ["d", "e"])


@pytest.mark.parametrize("level", [-1e5, -1000.0, -40.0, 0.0, 40.0, 1000.0])
@pytest.mark.parametrize("case", LABELLED)
def test_case_16_extreme_scores_have_probabilities(case, level):
    X, y = make_data(case)
    model = build(case, **steps("auto")).fit(X, y)
    biases = model.intercept_ if case in LINEAR_CASES else model.intercepts_[-1]
    weights = model.coef_ if case in LINEAR_CASES else model.coefs_[-1]
    weights[...], biases[...] = 0, level + np.arange(len(biases))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        probability = model.predict_proba(X)
    assert np.isfinite(probability).all()
    assert_allclose(probability.sum(axis=1), 1, rtol=1e-12)
    predicted = np.searchsorted(model.classes_, model.predict(X))
    assert_array_equal(probability[np.arange(len(X)), predicted], probability.max(axis=1))


FRAMES = {"pandas": pd.DataFrame, "polars": lambda data: pl.DataFrame(dict(data))}


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("scoring", [None, "named"])
@pytest.mark.parametrize("case", CASES)
def test_case_17_early_stopping_on_data_frames_warns_of_nothing(case, scoring, frame):
    X, y = make_data(case)
    X = FRAMES[frame]({name: X[:, j] for j, name in enumerate("abcd")})
    if scoring:
        scoring = "r2" if CASES[case].estimator in REGRESSORS else "accuracy"
    model = build(case, early_stopping=True, scoring=scoring, max_iter=5, tol=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(X, y).predict(X)
    assert_array_equal(model.feature_names_in_, list("abcd"))


CHANGES = {
    "fewer features": lambda X, y: (X[:, :2], y),
    "fewer classes": lambda X, y: (X, np.minimum(y, 1)),
    "more classes": lambda X, y: (X, np.where(X[:, 0] > 0.8, 3, y)),
    "Fortran order": lambda X, y: (np.asfortranarray(X), y),
    "other labels": lambda X, y: (X, np.array(["p", "q", "r"])[y]),
}


@pytest.mark.parametrize("change", CHANGES)
@by_pairs(("one-vs-rest", "softmax"), ("auto", "lbfgs", "agd", "sgd", "saga"))
def test_case_18_warm_start_from_other_data_ends_at_the_cold_optimum(case, solver, change):
    X, y = make_data(case)
    model = fitted(build(case, solver, warm_start=True, alpha=0.1, max_iter=200), X, y)
    assert_optimal_or_told(model, *CHANGES[change](X, y))


@pytest.mark.parametrize("change", ["fewer features", "fewer classes", "more classes"])
@pytest.mark.parametrize("solver", ["adam", "lbfgs", "gd"])
def test_case_18_warm_start_of_a_network_of_another_shape_is_a_cold_one(solver, change):
    X, y = make_data("mlp-three-classes")
    warm = build("mlp-three-classes", solver, warm_start=True, **steps(solver)).fit(X, y)
    X, y = CHANGES[change](X, y)
    cold = build("mlp-three-classes", solver, **steps(solver)).fit(X, y)
    assert_array_equal(coefficients(warm.fit(X, y)), coefficients(cold))


@pytest.mark.parametrize("backend", ["loky", "threading"])
@pytest.mark.parametrize("case", MAIN_CASES)
def test_case_19_parallel_searches_on_read_only_maps_find_the_same_bits(case, backend, tmp_path):
    X, y = make_data(case)
    weight = np.random.default_rng(0).uniform(0.5, 2, len(y))
    joblib.dump((X, y, weight), tmp_path / "rows")
    mapped = joblib.load(tmp_path / "rows", mmap_mode="r")
    assert all(isinstance(part, np.memmap) for part in mapped)
    scoring = "r2" if CASES[case].estimator in REGRESSORS else "neg_log_loss"
    model, grid = build(case, max_iter=5, tol=0), {"solver": ["auto", "sgd"], "alpha": [1e-3, 0.1]}
    alone, together = (
        GridSearchCV(model, grid, scoring=scoring, cv=2, n_jobs=n_jobs) for n_jobs in (1, 2)
    )
    alone.fit(X, y, sample_weight=weight)
    with joblib.parallel_config(backend=backend):
        together.fit(*mapped[:2], sample_weight=mapped[2])
    for split in ("split0_test_score", "split1_test_score"):
        assert_array_equal(together.cv_results_[split], alone.cv_results_[split])
    best, expected = together.best_estimator_, alone.best_estimator_
    assert_array_equal(coefficients(best), coefficients(expected))


DEGENERATE = {
    "one feature": lambda X, y: (X[:, :1], y),
    "more features than rows": lambda X, y: (np.sin(np.arange(300.0) ** 2).reshape(12, 25), y[:12]),
    "a constant column": lambda X, y: (np.hstack([X, np.full((len(X), 1), 7.0)]), y),
    "a column of ones": lambda X, y: (np.hstack([X, np.ones((len(X), 1))]), y),
    "all zeros": lambda X, y: (np.zeros_like(X), y),
    "duplicated columns": lambda X, y: (np.hstack([X, X]), y),
}
# Classifiers refuse these, as y has one class.
DEGENERATE_TARGETS = {
    "one row": lambda X, y: (X[:1], y[:1]),
    "constant y": lambda X, y: (X, np.ones_like(y)),
}
PROBLEMS = [
    *product([("regression", 0), ("regression", 0.1), ("two-targets", 0.1)], DEGENERATE_TARGETS),
    *product([(case, 0.1) for case in LINEAR_CASES if case != "multilabel"], DEGENERATE),
    *product([("regression", 0)], DEGENERATE),
]


@pytest.mark.parametrize(("problem", "shape"), PROBLEMS, ids=str)
def test_case_20_degenerate_rows_have_an_optimum(problem, shape):
    """Which the default solver finds, and which the others find unless they warn."""
    case, alpha = problem
    X, y = (DEGENERATE | DEGENERATE_TARGETS)[shape](*make_data(case))
    assert not is_told(build(case, alpha=alpha), X, y)
    for solver in ("gd", "gd-curvature", "lbfgs", "scipy", "sgd", "normalized-adagrad", "saga"):
        model = build(case, solver, alpha=alpha, max_iter=50)
        assert_optimal_or_told(model, X, y)
        assert model.objective_ <= model.loss_curve_[0] * (1 + 1e-12), solver


@by_pairs(("regression", "logistic", "one-vs-rest", "softmax"), ALL_KINDS)
@pytest.mark.parametrize("tol", [1e-12, 1e-16])
def test_case_21_a_tiny_tol_is_reached_or_warned_of(case, solver, tol):
    X, y = make_data(case)
    assert_optimal_or_told(build(case, solver, alpha=0.01, tol=tol, max_iter=100), X, y)


@by_pairs(("logistic", "one-vs-rest", "softmax", *NETWORK_CASES), ALL_KINDS)
def test_case_21_one_iteration_is_told_to_be_too_few(case, solver):
    X, y = make_data(case)
    model = build(case, solver, max_iter=1)
    assert is_told(model, X, y)
    assert "max_iter=1" in model.stop_reason_


class WrongGradient(SquaredError):
    """Its gradient points downwards: no step along the direction of descent can go down."""

    def gradient(self, y, raw):
        return -super().gradient(y, raw)

    def value_and_gradient(self, y, raw):
        value, gradient = super().value_and_gradient(y, raw)
        return value, -gradient


SCIPYS_OWN = ("mlp-regression", "scipy")


# whether a network has converged, SciPy itself must know
@pytest.mark.parametrize(
    ("case", "solver"),
    [pair for pair in pairs(("regression", "mlp-regression"), DETERMINISTIC) if pair != SCIPYS_OWN],
)
def test_case_21_more_iterations_are_no_cure_for_a_stalled_line_search(case, solver):
    X, y = make_data(case)
    model = build(case, solver, loss=WrongGradient())
    with pytest.warns(ConvergenceWarning) as caught:
        model.fit(X, y)
    assert not any("ncrease max_iter" in str(warning.message) for warning in caught)


@by_pairs(MAIN_CASES, STOCHASTIC)
def test_case_22_weights_of_one_are_no_weights_bit_for_bit(case, solver):
    X, y = make_data(case)
    settings = STEPS | {"early_stopping": True} | ({"dropout": 0.3} if "mlp" in case else {})
    plain = build(case, solver, **settings).fit(X, y)
    weighted = build(case, solver, **settings).fit(X, y, np.ones(60))
    assert_array_equal(coefficients(weighted), coefficients(plain))
    assert weighted.validation_scores_ == plain.validation_scores_
