"""Targets, weights, storage, starts and stops: laws that hold for every estimator and solver."""

import copy
import pickle
import warnings
from dataclasses import dataclass

import numpy as np
import pytest
import scipy.sparse as sp
from common import (
    CASES,
    CLASSIFIERS,
    DETERMINISTIC,
    ESTIMATORS,
    FEW_CASES,
    LABELLED,
    LINEAR,
    LINEAR_CASES,
    MAIN_CASES,
    MAIN_SOLVERS,
    MAIN_STOCHASTIC,
    NETWORK_CASES,
    NETWORKS,
    OTHER_STOCHASTIC,
    REGISTRY,
    REGRESSORS,
    SOLVERS,
    STOCHASTIC,
    build,
    coefficients,
    make_data,
    make_weights,
    pairs,
    plain_losses,
    plain_objective,
    raw,
    training_losses,
)
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize
from sklearn.datasets import make_blobs, make_regression
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Ridge
from sklearn.metrics import accuracy_score

from sklearn_gd import (
    GDLinearRegressor,
    GDLogisticClassifier,
    GDSoftmaxClassifier,
)
from sklearn_gd.losses import SquaredError
from sklearn_gd.penalties import L2
from sklearn_gd.solvers import Adam

# Optimality of 1e-14 F leaves an error of raw of sqrt(2e-14 F / curvature): below 1e-6 in these
# data, whose curvature is above 0.02 with alpha = 0.01.
CONVERGED = {"tol": 1e-14, "max_iter": 20_000, "alpha": 0.01}
RAW_ERROR = 1e-5
# A few steps from the same start differ by rounding only, which a step multiplies by less than 10.
STEPS = {"tol": 0, "max_iter": 5}
ROUNDING = 1e-9
# Several batches a pass, the last one short; "auto" would make one of all 60 rows.
BATCHES = {"batch_size": 16}


def by_pairs(names):
    return pytest.mark.parametrize(("case", "solver"), names)


# The main solvers with every case, or with one case for each loss; the other rules with two.
OTHERS = pairs(FEW_CASES, OTHER_STOCHASTIC)
RESUMABLE = [name for name in OTHER_STOCHASTIC if REGISTRY[name].resumable]
all_pairs = by_pairs(pairs(CASES, MAIN_SOLVERS) + OTHERS)
main_pairs = by_pairs(pairs(MAIN_CASES, MAIN_SOLVERS) + OTHERS)
main_deterministic = by_pairs(pairs(MAIN_CASES, DETERMINISTIC))
stochastic_pairs = by_pairs(pairs(CASES, MAIN_STOCHASTIC) + OTHERS)
main_stochastic = by_pairs(pairs(MAIN_CASES, MAIN_STOCHASTIC))
all_cases = pytest.mark.parametrize("case", CASES)
linear_cases = pytest.mark.parametrize("case", LINEAR_CASES)
labelled_cases = pytest.mark.parametrize("case", LABELLED)
all_estimators = pytest.mark.parametrize("Estimator", ESTIMATORS, ids=lambda kind: kind.__name__)


def test_tables_have_a_row_for_every_solver():
    assert set(SOLVERS) >= set(REGISTRY)


def steps(solver, **params):
    """Few iterations, in batches of some rows if the solver makes batches."""
    return STEPS | (BATCHES if solver in STOCHASTIC else {}) | params


def path(case):
    """Settings under which two fits that should agree do so to ``RAW_ERROR``.

    Linear models are fitted to the optimum; the steps of networks depend on rounding only.
    """
    return CONVERGED if case in LINEAR_CASES else STEPS | {"alpha": 0.01}


# Law 2: one objective.


@all_pairs
def test_objective_is_weighted_mean_loss_and_penalty(case, solver):
    X, y = make_data(case)
    weight = make_weights()
    settings = steps(solver, alpha=0.1) | ({} if case in LINEAR_CASES else {"standardize": False})
    model = build(case, solver, **settings).fit(X, y, weight)
    assert_allclose(model.objective_, plain_objective(model, X, y, weight), rtol=1e-12)


@pytest.mark.parametrize("case", NETWORK_CASES)
@pytest.mark.parametrize("average", [False, True])
def test_objective_of_a_network_that_has_converged_is_that_of_its_result(case, average):
    X, y = make_data(case)
    model = build(
        case, "adam", learning_rate=0.01, standardize=False, average=average, tol=0.05
    ).fit(X, y)
    assert model.converged_
    assert_allclose(model.objective_, plain_objective(model, X, y), rtol=1e-12)


@by_pairs(pairs(LINEAR_CASES, DETERMINISTIC))
def test_optimum_does_not_depend_on_the_solver(case, solver):
    X, y = make_data(case)
    weight = make_weights()
    model = build(case, solver, **CONVERGED).fit(X, y, weight)
    reference = build(case, "newton-cg", **CONVERGED).fit(X, y, weight)
    assert model.converged_
    assert_allclose(raw(model, X), raw(reference, X), atol=RAW_ERROR)


# Law 3: weights are copies.


@all_pairs
def test_zero_weight_is_a_row_removed(case, solver):
    X, y = make_data(case)
    weight = make_weights()
    keep = weight > 0
    settings = steps(solver)
    weighted = build(case, solver, **settings).fit(X, y, weight)
    removed = build(case, solver, **settings).fit(X[keep], y[keep], weight[keep])
    assert_allclose(coefficients(weighted), coefficients(removed), rtol=ROUNDING)


@all_cases
def test_zero_weight_rows_leave_before_the_validation_split(case):
    X, y = make_data(case)
    weight = make_weights()
    keep = weight > 0
    settings = {"early_stopping": True, "max_iter": 5, "tol": 0}
    weighted = build(case, **settings).fit(X, y, weight)
    removed = build(case, **settings).fit(X[keep], y[keep], weight[keep])
    assert_allclose(weighted.validation_scores_, removed.validation_scores_, rtol=ROUNDING)
    assert_allclose(coefficients(weighted), coefficients(removed), rtol=ROUNDING)


@main_stochastic
def test_zero_weight_is_a_row_removed_in_partial_fit(case, solver):
    X, y = make_data(case)
    weight = make_weights()
    keep = weight > 0
    classes = with_classes(case, y)
    weighted, removed = build(case, solver, batch_size=16), build(case, solver, batch_size=16)
    weighted.partial_fit(X, y, sample_weight=weight, **classes)
    removed.partial_fit(X[keep], y[keep], sample_weight=weight[keep], **classes)
    assert_allclose(coefficients(weighted), coefficients(removed), rtol=ROUNDING)


@all_estimators
def test_chunk_of_zero_weights_changes_nothing(Estimator):
    X, y = make_data("logistic")
    model = Estimator(random_state=0)
    model.partial_fit(X, y, **({"classes": [0, 1]} if Estimator in CLASSIFIERS else {}))
    before = coefficients(model)
    model.partial_fit(X, y, sample_weight=np.zeros(len(y)))
    assert_array_equal(coefficients(model), before)


@by_pairs(pairs(CASES, DETERMINISTIC))
def test_whole_weights_are_copies_of_rows(case, solver):
    X, y = make_data(case)
    weight = make_weights()
    copies = np.repeat(np.arange(len(y)), weight.astype(int))
    weighted = build(case, solver, **path(case)).fit(X, y, weight)
    repeated = build(case, solver, **path(case)).fit(X[copies], y[copies])
    assert_allclose(raw(weighted, X), raw(repeated, X), atol=RAW_ERROR)


@stochastic_pairs
def test_whole_weights_are_copies_of_rows_where_a_batch_is_all_rows(case, solver):
    X, y = make_data(case)
    weight = make_weights()
    copies = np.repeat(np.arange(len(y)), weight.astype(int))
    settings = STEPS | {"batch_size": 1000, "shuffle": False}
    weighted = build(case, solver, **settings).fit(X, y, weight)
    repeated = build(case, solver, **settings).fit(X[copies], y[copies])
    assert_allclose(raw(weighted, X), raw(repeated, X), atol=RAW_ERROR)


@main_deterministic
@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_only_the_proportions_of_weights_matter(case, solver, factor):
    X, y = make_data(case)
    weight = make_weights()
    model = build(case, solver, **path(case)).fit(X, y, weight)
    scaled = build(case, solver, **path(case)).fit(X, y, factor * weight)
    assert_allclose(raw(scaled, X), raw(model, X), atol=RAW_ERROR)


@main_pairs
def test_weights_of_one_are_no_weights_bit_for_bit(case, solver):
    X, y = make_data(case)
    settings = steps(solver)
    model = build(case, solver, **settings).fit(X, y)
    weighted = build(case, solver, **settings).fit(X, y, np.ones(len(y)))
    assert_array_equal(coefficients(weighted), coefficients(model))


@labelled_cases
@pytest.mark.parametrize("weighted", [False, True])
def test_class_weight_is_a_weight_of_rows(case, weighted):
    X, y = make_data(case)
    weight = make_weights() if weighted else np.ones(len(y))
    factor = {0: 0.5, 1: 3.0}
    rows = weight * np.array([factor.get(label, 1.0) for label in y])
    by_class = build(case, class_weight=factor, **STEPS).fit(X, y, weight)
    by_row = build(case, **STEPS).fit(X, y, rows)
    assert_allclose(coefficients(by_class), coefficients(by_row), rtol=ROUNDING)


@labelled_cases
@pytest.mark.parametrize("weighted", [False, True])
def test_balanced_gives_all_classes_equal_weight(case, weighted):
    X, y = make_data(case)
    weight = make_weights() if weighted else np.ones(len(y))
    of_class = np.bincount(y, weights=weight)
    rows = weight * weight.sum() / (len(of_class) * of_class[y])
    balanced = build(case, class_weight="balanced", **STEPS).fit(X, y, weight)
    by_row = build(case, **STEPS).fit(X, y, rows)
    assert_allclose(coefficients(balanced), coefficients(by_row), rtol=ROUNDING)


@labelled_cases
def test_class_weight_zero_removes_a_class_but_not_its_name(case):
    X, y = make_data(case)
    model = build(case, class_weight={0: 0.0}, **STEPS).fit(X, y)
    assert_array_equal(model.classes_, np.unique(y))
    assert (model.predict(X) != 0).all()


@labelled_cases
def test_class_of_zero_weight_rows_keeps_its_name(case):
    X, y = make_data(case)
    model = build(case, **STEPS).fit(X, y, (y != 0).astype(float))
    assert_array_equal(model.classes_, np.unique(y))
    assert np.isfinite(raw(model, X)).all()


def test_one_update_a_row_is_the_hand_computation():
    """Weights scale the steps of batches: with batches of one row a step is n s_i / S as long."""
    X, y = make_data("logistic")
    weight = np.random.default_rng(2).uniform(0.01, 5, len(y))
    rate, alpha = 0.05, 0.1
    coef, intercept = (
        np.zeros(X.shape[1]),
        np.log(np.average(y, weights=weight) / (1 - np.average(y, weights=weight))),
    )
    for x, target, share in zip(X, y, weight / weight.mean(), strict=True):
        error = 1 / (1 + np.exp(-(x @ coef + intercept))) - target
        coef = coef - rate * (share * error * x + alpha * coef)
        intercept = intercept - rate * share * error
    model = GDLogisticClassifier(
        solver="sgd",
        batch_size=1,
        shuffle=False,
        learning_rate=rate,
        alpha=alpha,
        max_iter=1,
        tol=0,
    ).fit(X, y, weight)
    assert_allclose(model.coef_[0], coef, rtol=1e-10)
    assert_allclose(model.intercept_[0], intercept, rtol=1e-10)


@dataclass(kw_only=True, eq=False, repr=False)
class Witness(SquaredError):
    """Notes the targets of every batch of up to 16 rows."""

    seen: list

    def value_and_gradient(self, y, raw):
        if len(y) <= 16:
            self.seen.append(y[:, 0].copy())
        return super().value_and_gradient(y, raw)


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("Regressor", REGRESSORS)
def test_a_pass_visits_every_row_once_in_an_order_of_its_own(Regressor, shuffle):
    X, _ = make_data("regression")
    y, seen = np.arange(60.0), []
    loss = Witness(seen=seen)
    settings = {"solver": "adam", "batch_size": 16, "shuffle": shuffle, "max_iter": 3, "tol": 0}
    model = Regressor(loss=loss, random_state=0, **settings).fit(X, y)
    assert [len(batch) for batch in seen] == 3 * [16, 16, 16, 12]
    passes = np.concatenate(seen).reshape(3, 60)
    assert_array_equal(np.sort(passes, axis=1), np.tile(y, (3, 1)))
    is_first_order = (passes == passes[0]).all(axis=1)
    assert_array_equal(is_first_order, [True, not shuffle, not shuffle])
    assert (passes[0] == y).all() == (not shuffle)
    assert model.t_ == 12


# Several outputs are several models.


@pytest.mark.parametrize("solver", DETERMINISTIC)
def test_several_targets_are_fitted_column_by_column(solver):
    X, y = make_data("two-targets")
    together = build("two-targets", solver, **CONVERGED).fit(X, y, make_weights())
    for column in range(2):
        alone = build("regression", solver, **CONVERGED).fit(X, y[:, column], make_weights())
        assert_allclose(together.coef_[column], alone.coef_, atol=RAW_ERROR)
        assert_allclose(together.intercept_[column], alone.intercept_, atol=RAW_ERROR)


@pytest.mark.parametrize("solver", DETERMINISTIC)
def test_one_vs_rest_is_a_binary_fit_for_each_class(solver):
    X, y = make_data("one-vs-rest")
    together = build("one-vs-rest", solver, **CONVERGED).fit(X, y, make_weights())
    for code, label in enumerate(together.classes_):
        alone = build("logistic", solver, **CONVERGED).fit(X, y == label, make_weights())
        assert_allclose(together.coef_[code], alone.coef_[0], atol=RAW_ERROR)
        assert_allclose(together.intercept_[code], alone.intercept_[0], atol=RAW_ERROR)


@pytest.mark.parametrize("solver", DETERMINISTIC)
def test_multilabel_is_a_binary_fit_for_each_label(solver):
    X, y = make_data("multilabel")
    together = build("multilabel", solver, **CONVERGED).fit(X, y, make_weights())
    probability, predicted = together.predict_proba(X), together.predict(X)
    for label in range(3):
        alone = build("logistic", solver, **CONVERGED).fit(X, y[:, label], make_weights())
        assert_allclose(probability[:, label], alone.predict_proba(X)[:, 1], atol=RAW_ERROR)
        assert_array_equal(predicted[:, label], alone.predict(X))


@pytest.mark.parametrize("solver", MAIN_SOLVERS)
def test_two_class_softmax_is_the_logistic_model(solver):
    X, y = make_data("logistic")
    softmax = build("two-class-softmax", solver, **steps(solver)).fit(X, y)
    logistic = build("logistic", solver, **steps(solver)).fit(X, y)
    assert softmax.coef_.shape == (1, 4)
    assert softmax.intercept_.shape == (1,)
    assert_allclose(coefficients(softmax), coefficients(logistic), rtol=ROUNDING)


def test_multilabel_takes_a_sparse_matrix_of_labels():
    X, y = make_data("multilabel")
    dense = build("multilabel").fit(X, y)
    sparse = build("multilabel").fit(X, sp.csr_array(y))
    assert_array_equal(sparse.coef_, dense.coef_)
    assert_array_equal(dense.classes_, [0, 1, 2])


def test_softmax_coefficients_are_centred_over_classes():
    X, y = make_data("softmax")
    for penalty in (None, "l2", L2()):
        model = GDSoftmaxClassifier(penalty=penalty, alpha=0.01).fit(X, y)
        assert_allclose(model.coef_.sum(axis=0), 0, atol=1e-12)
        assert_allclose(model.intercept_.sum(), 0, atol=1e-12)


def test_positive_softmax_coefficients_are_not_negative_and_optimal():
    X, y = make_data("softmax")
    model = GDSoftmaxClassifier(positive=True, alpha=0.01).fit(X, y)
    twin = copy.copy(model)

    def objective(params):
        twin.coef_, twin.intercept_ = params[:12].reshape(3, 4), params[12:]
        return plain_objective(twin, X, y)

    bounds = 12 * [(0, None)] + 3 * [(None, None)]
    best = minimize(objective, np.zeros(15), method="L-BFGS-B", bounds=bounds).fun
    assert model.coef_.min() == 0
    assert_allclose(model.objective_, objective(coefficients(model)), rtol=1e-10)
    # differences of the objective have an error of 1e-8, and so has what they find
    assert model.objective_ <= best + 1e-8


@linear_cases
def test_positive_means_no_coefficient_below_zero(case):
    X, y = make_data(case)
    model = build(case, positive=True).fit(X, y)
    assert model.coef_.min() == 0


# Labels.


LABELS = {
    "strings": np.array(["b", "a", "c"]),
    "objects": np.array(["b", "a", "c"], dtype=object),
    "negative integers": np.array([-1, -7, 3]),
    "floats": np.array([1.0, 0.0, 2.0]),
    "large integers": np.array([10**12, 5, -(10**12)]),
}


@pytest.mark.parametrize("kind", LABELS)
@labelled_cases
def test_labels_are_names_of_classes(case, kind):
    X, codes = make_data(case)
    names = np.sort(LABELS[kind][: len(np.unique(codes))])
    plain = build(case, **STEPS).fit(X, codes)
    named = build(case, **STEPS).fit(X, names[codes])
    assert_array_equal(named.classes_, names)
    assert named.classes_.dtype == names.dtype
    assert_array_equal(raw(named, X), raw(plain, X))
    assert_array_equal(named.predict(X), names[plain.predict(X)])


@pytest.mark.parametrize("case", ["logistic", "two-class-softmax", "mlp-two-classes"])
def test_bool_labels(case):
    X, codes = make_data(case)
    plain = build(case, **STEPS).fit(X, codes)
    named = build(case, **STEPS).fit(X, codes == 1)
    assert named.predict(X).dtype == bool
    assert_array_equal(named.predict(X), plain.predict(X) == 1)


@labelled_cases
def test_class_weight_goes_by_label(case):
    X, codes = make_data(case)
    names = np.array(["x", "y", "z"])
    plain = build(case, class_weight={1: 4.0}, **STEPS).fit(X, codes)
    named = build(case, class_weight={"y": 4.0}, **STEPS).fit(X, names[codes])
    assert_array_equal(coefficients(named), coefficients(plain))


@pytest.mark.parametrize("case", [*LABELLED, "multilabel", "mlp-multilabel"])
def test_predict_is_what_the_probabilities_say(case):
    X, y = make_data(case)
    model = build(case, max_iter=20, tol=0).fit(X, y)
    probability = model.predict_proba(X)
    with np.errstate(divide="ignore"):  # of a modified Huber loss some are 0
        assert_allclose(model.predict_log_proba(X), np.log(probability), rtol=1e-12)
    if y.ndim == 2:
        assert_array_equal(model.predict(X), probability > 0.5)
        return
    assert_allclose(probability.sum(axis=1), 1, rtol=1e-12)
    assert_array_equal(model.predict(X), model.classes_[probability.argmax(axis=1)])
    decision = model.decision_function(X)
    assert decision.shape == ((len(y),) if len(model.classes_) == 2 else (len(y), 3))


# Law 5: one result for every storage.


def memory_mapped(X, folder):
    np.save(folder / "X.npy", X)
    return np.load(folder / "X.npy", mmap_mode="r")


def with_long_indices(X):
    X = sp.csr_array(X)
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    return X


def split_entries(X):
    """CSR in which every entry is stored as two that add up, the columns of a row out of order."""
    X = sp.csr_array(X)
    order = np.concatenate(
        [np.arange(b, e)[::-1].repeat(2) for b, e in zip(X.indptr[:-1], X.indptr[1:], strict=True)]
    )
    parts = X.data[order] * np.tile([0.25, 0.75], len(order) // 2)
    return sp.csr_array((parts, X.indices[order], 2 * X.indptr), shape=X.shape)


def with_stored_zeros(X):
    filled = sp.csr_array(np.where(X == 0, 1.0, X))
    filled.data[X.ravel() == 0] = 0.0
    return filled


STORAGES = {
    "Fortran order": lambda X, folder: np.asfortranarray(X),
    "strided view": lambda X, folder: np.repeat(X, 2, axis=0)[::2],
    "memmap": memory_mapped,
    "csr_array": lambda X, folder: sp.csr_array(X),
    "csr_matrix": lambda X, folder: sp.csr_matrix(X),
    "csc_array": lambda X, folder: sp.csc_array(X),
    "csc_matrix": lambda X, folder: sp.csc_matrix(X),
    "coo_array": lambda X, folder: sp.coo_array(X),
    "64 bit indices": lambda X, folder: with_long_indices(X),
    "split entries": lambda X, folder: split_entries(X),
    "stored zeros": lambda X, folder: with_stored_zeros(X),
}


def sparse_data(case):
    """40 % of the entries are not zero, as in PEERS case 3."""
    X, y = make_data(case)
    X = X * (np.random.default_rng(5).random(X.shape) < 0.4) + 0.0
    return X, y


STORED_CASES = [
    ("regression", True),
    ("one-vs-rest", False),
    ("softmax", True),
    ("mlp-three-classes", False),
    ("mlp-two-targets", True),
]


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize(("case", "standardize"), STORED_CASES)
def test_storage_does_not_matter(case, standardize, storage, tmp_path):
    X, y = sparse_data(case)
    stored = STORAGES[storage](X, tmp_path)
    settings = STEPS | {"shuffle": False, "standardize": standardize, "alpha": 0.1}
    dense = build(case, **settings).fit(X, y, make_weights())
    other = build(case, **settings).fit(stored, y, make_weights())
    assert_allclose(raw(other, stored), raw(dense, X), rtol=ROUNDING, atol=ROUNDING)
    assert other.n_iter_ == dense.n_iter_


@main_pairs
def test_csr_is_dense_for_every_solver(case, solver):
    X, y = sparse_data(case)
    settings = steps(solver, shuffle=False)
    dense = build(case, solver, **settings).fit(X, y, make_weights())
    sparse = build(case, solver, **settings).fit(sp.csr_array(X), y, make_weights())
    assert_allclose(coefficients(sparse), coefficients(dense), rtol=1e-7, atol=1e-9)
    assert_allclose(sparse.objective_, dense.objective_, rtol=ROUNDING)


@pytest.mark.parametrize("storage", ["64 bit indices", "split entries"])
@main_stochastic
def test_stochastic_solvers_read_every_kind_of_csr(case, solver, storage, tmp_path):
    X, y = sparse_data(case)
    settings = steps(solver, shuffle=True)
    dense = build(case, solver, **settings).fit(X, y)
    sparse = build(case, solver, **settings).fit(STORAGES[storage](X, tmp_path), y)
    assert_allclose(coefficients(sparse), coefficients(dense), rtol=1e-7, atol=1e-9)


@main_pairs
def test_float32_is_kept_and_close(case, solver):
    """A step rounds by 6e-8 of the largest number in it; five of them by less than 1e-4."""
    X, y = make_data(case)
    settings = steps(solver, shuffle=False, alpha=0.01)
    wide = build(case, solver, **settings).fit(X, y, make_weights())
    narrow = build(case, solver, **settings).fit(X.astype(np.float32), y, make_weights())
    assert coefficients(narrow).dtype == np.float32
    assert raw(narrow, X.astype(np.float32)).dtype == np.float32
    assert_allclose(raw(narrow, X.astype(np.float32)), raw(wide, X), rtol=1e-3, atol=1e-3)


@linear_cases
def test_float32_reaches_the_optimum_within_its_precision(case):
    """It stops where 10 units in the last place of F are left to gain."""
    X, y = make_data(case)
    wide = build(case, **CONVERGED).fit(X, y)
    narrow = build(case, alpha=0.01).fit(X.astype(np.float32), y)
    assert narrow.converged_
    excess = plain_objective(narrow, X, y) - plain_objective(wide, X, y)
    assert excess <= 20 * np.finfo(np.float32).eps * wide.objective_


@all_cases
def test_float32_probabilities_and_predictions(case):
    X, y = make_data(case)
    X = X.astype(np.float32)
    model = build(case, **STEPS).fit(X, y)
    if isinstance(model, CLASSIFIERS):
        assert model.predict_proba(X).dtype == np.float32
        assert model.decision_function(X).dtype == np.float32
    else:
        assert model.predict(X).dtype == np.float32


@linear_cases
def test_float32_features_may_have_large_units(case):
    """Squares of nanoseconds add up beyond float32, whose largest number is 3e38."""
    X, y = make_data(case, n_samples=1000)
    X[:, 0] *= 1e18
    wide = build(case).fit(X, y)
    narrow = build(case).fit(X.astype(np.float32), y)
    assert narrow.converged_
    # 10 units in the last place of F are left to gain, and raw is as far off as their root
    assert_allclose(raw(narrow, X.astype(np.float32)), raw(wide, X), rtol=5e-3, atol=0.02)


def test_float32_weights_may_be_tiny():
    X, y = make_data("regression")
    X = X.astype(np.float32)
    model = GDLinearRegressor().fit(X, y)
    weighted = GDLinearRegressor().fit(X, y, np.full(len(y), 1e-60))
    assert_allclose(weighted.coef_, model.coef_, rtol=1e-4)


# Law 10: the same bits, and nothing is written to.


@main_pairs
def test_same_seed_same_bits(case, solver):
    X, y = make_data(case)
    first, second = (build(case, solver, **steps(solver)).fit(X, y) for _ in range(2))
    assert_array_equal(coefficients(first), coefficients(second))
    assert first.loss_curve_ == second.loss_curve_


@main_stochastic
def test_another_seed_is_another_path(case, solver):
    X, y = make_data(case)
    first, second = (
        build(case, solver, random_state=seed, **steps(solver)).fit(X, y) for seed in (0, 1)
    )
    assert np.abs(coefficients(first) - coefficients(second)).max() > 1e-6


@main_pairs
def test_global_random_state_is_neither_read_nor_written(case, solver):
    X, y = make_data(case)
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - this is what must not change
    build(case, solver, **steps(solver)).fit(X, y)
    assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def frozen(array):
    array = array.copy()
    for part in (array.data, array.indices, array.indptr) if sp.issparse(array) else (array,):
        part.flags.writeable = False
    return array


@main_pairs
@pytest.mark.parametrize("container", [np.asarray, sp.csr_array], ids=["dense", "csr"])
def test_data_and_parameters_are_never_written_to(case, solver, container):
    X, y = sparse_data(case)
    # without weights of zero the solver is given these arrays and no copies
    X, y, weight = frozen(container(X)), frozen(y), frozen(make_weights() + 1)
    model = build(case, solver, early_stopping=True, **steps(solver))
    parameters = repr(model.get_params())
    model.fit(X, y, weight, X_val=X, y_val=y, sample_weight_val=weight)
    assert repr(model.get_params()) == parameters
    before = pickle.dumps(vars(model))
    raw(model, X)
    model.predict(X)
    model.score(X, y, weight)
    assert pickle.dumps(vars(model)) == before


def test_split_entries_of_the_users_matrix_stay_split():
    X, y = sparse_data("logistic")
    split = split_entries(X)
    before = split.data.copy(), split.indices.copy()
    build("logistic", standardize=True).fit(split, y)
    assert_array_equal(split.data, before[0])
    assert_array_equal(split.indices, before[1])


@all_estimators
def test_components_are_never_written_to(Estimator):
    X, y = make_data("logistic")
    solver, penalty = Adam(beta_1=0.8), L2()
    fields = copy.deepcopy((vars(solver), vars(penalty)))
    model = Estimator(solver=solver, penalty=penalty, random_state=0, **STEPS)
    model.fit(X, y)
    model.partial_fit(X, y)
    assert (vars(solver), vars(penalty)) == fields
    assert model.solver is solver


@all_estimators
def test_one_solver_object_serves_many_estimators(Estimator):
    X, y = make_data("logistic")
    shared = Adam(beta_1=0.8)
    models = [Estimator(solver=shared, random_state=0, **STEPS).fit(X, y) for _ in range(2)]
    alone = Estimator(solver=Adam(beta_1=0.8), random_state=0, **STEPS).fit(X, y)
    for model in models:
        assert_array_equal(coefficients(model), coefficients(alone))


# Starts: coef_init, warm_start, partial_fit.


COEF_SHAPES = {
    "regression": ((4,), ()),
    "two-targets": ((2, 4), (2,)),
    "logistic": ((1, 4), (1,)),
    "one-vs-rest": ((3, 4), (3,)),
    "multilabel": ((3, 4), (3,)),
    "modified-huber": ((3, 4), (3,)),
    "two-class-softmax": ((1, 4), (1,)),
    "softmax": ((3, 4), (3,)),
}


@linear_cases
def test_fitted_coefficients_are_shaped_like_their_start(case):
    X, y = make_data(case)
    model = build(case).fit(X, y)
    assert (model.coef_.shape, np.shape(model.intercept_)) == COEF_SHAPES[case]


@by_pairs(pairs(LINEAR_CASES, MAIN_SOLVERS))
def test_descent_begins_at_the_users_start(case, solver):
    X, y = make_data(case)
    coef_shape, intercept_shape = COEF_SHAPES[case]
    rng = np.random.default_rng(3)
    start = {
        "coef_init": rng.normal(size=coef_shape),
        "intercept_init": rng.normal(size=intercept_shape),
    }
    model = build(case, solver, **steps(solver)).fit(X, y, **start)
    at_start = copy.copy(model)
    at_start.coef_, at_start.intercept_ = start["coef_init"], start["intercept_init"]
    assert_allclose(model.loss_curve_[0], plain_objective(at_start, X, y), rtol=1e-12)
    assert model.objective_ < model.loss_curve_[0]


@linear_cases
def test_optimum_does_not_depend_on_the_start(case):
    X, y = make_data(case)
    cold = build(case, **CONVERGED).fit(X, y)
    coef = np.random.default_rng(3).normal(size=cold.coef_.shape)
    started = build(case, **CONVERGED).fit(X, y, coef_init=coef)
    assert_allclose(raw(started, X), raw(cold, X), atol=RAW_ERROR)


@linear_cases
def test_a_start_at_the_optimum_stays_there(case):
    X, y = make_data(case)
    first = build(case, **CONVERGED).fit(X, y)
    again = build(case, alpha=0.01).fit(
        X, y, coef_init=first.coef_, intercept_init=first.intercept_
    )
    assert len(again.loss_curve_) == 1
    assert_allclose(coefficients(again), coefficients(first), atol=1e-12)


def with_classes(case, y):
    """What the first call of partial_fit needs besides the rows."""
    if CASES[case].estimator in REGRESSORS:
        return {}
    return {"classes": np.arange(y.shape[1]) if y.ndim == 2 else np.unique(y)}


@pytest.mark.parametrize(
    ("case", "solver", "average"),
    [(*pair, False) for pair in pairs(CASES, MAIN_STOCHASTIC) + pairs(FEW_CASES, RESUMABLE)]
    + [(*pair, True) for pair in pairs(MAIN_CASES, MAIN_STOCHASTIC)],
)
def test_fit_is_warm_fits_is_partial_fits(case, solver, average):
    X, y = make_data(case)
    settings = {"tol": 0, "batch_size": 16, "average": average}
    whole = build(case, solver, max_iter=3, **settings).fit(X, y)
    warm = build(case, solver, max_iter=1, warm_start=True, **settings)
    partial = build(case, solver, **settings)
    for _ in range(3):
        warm.fit(X, y)
        partial.partial_fit(X, y, **with_classes(case, y))
        warm, partial = pickle.loads(pickle.dumps(warm)), copy.deepcopy(partial)
    assert_array_equal(coefficients(warm), coefficients(whole))
    assert_array_equal(coefficients(partial), coefficients(whole))
    assert whole.t_ == warm.t_ == partial.t_ == 12
    assert (whole.n_iter_, warm.n_iter_, partial.n_iter_) == (3, 1, 1)


@main_deterministic
def test_warm_start_begins_at_the_present_coefficients(case, solver):
    X, y = make_data(case)
    model = build(case, solver, warm_start=True, max_iter=3, tol=0).fit(X, y)
    end = model.objective_
    model.fit(X, y)
    assert_allclose(model.loss_curve_[0], end, rtol=1e-10)
    assert model.objective_ <= end * (1 + 1e-12)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("case", NETWORK_CASES)
def test_warm_start_on_other_rows_begins_at_the_present_function(case, solver):
    X, y = make_data(case)
    model = build(case, solver, warm_start=True, max_iter=3, tol=0, alpha=0).fit(X, y)
    other = 10 * X + 3
    expected = training_losses(model, other, y, y).mean()
    model.fit(other, y)
    assert_allclose(model.loss_curve_[0], expected, rtol=1e-10)


@pytest.mark.parametrize("case", NETWORK_CASES)
def test_warm_fit_after_partial_fit_on_other_rows_begins_at_the_present_function(case):
    X, y = make_data(case)
    model = build(case, "adam", warm_start=True, max_iter=1, tol=0, alpha=0)
    model.partial_fit(X, y, **with_classes(case, y))
    other = 10 * X + 3
    expected = training_losses(model, other, y, y).mean()
    model.fit(other, y)
    assert_allclose(model.loss_curve_[0], expected, rtol=1e-10)


@main_stochastic
def test_warm_start_takes_a_new_learning_rate(case, solver):
    X, y = make_data(case)
    model = build(case, solver, warm_start=True, learning_rate=0.1, **steps(solver)).fit(X, y)
    before = coefficients(model)
    model.set_params(learning_rate=1e-12).fit(X, y)
    assert_allclose(coefficients(model), before, atol=1e-9)


@main_stochastic
def test_a_cold_fit_forgets_the_last_one(case, solver):
    X, y = make_data(case)
    model = build(case, solver, **steps(solver)).fit(X, y)
    first = coefficients(model)
    assert_array_equal(coefficients(model.fit(X, y)), first)


def learn(model, X, y):
    """partial_fit, with the classes that the first call of a classifier needs."""
    if isinstance(model, CLASSIFIERS):
        return model.partial_fit(X, y, classes=np.arange(3 if np.max(y) == 2 or y.ndim == 2 else 2))
    return model.partial_fit(X, y)


@all_cases
def test_partial_fit_goes_on_from_any_fit(case):
    X, y = make_data(case)
    model = build(case, max_iter=20, tol=0).fit(X, y)
    cold = learn(build(case), X, y)
    end = model.objective_
    model.partial_fit(X, y)
    # the mean over the batches of the pass, before each has been learnt from
    assert abs(model.loss_curve_[-1] - end) < abs(cold.loss_curve_[-1] - end)
    assert model.n_iter_ == 1


@all_cases
def test_history_of_a_stream_goes_on_and_is_that_of_one_fit(case):
    X, y = make_data(case)
    whole = build(case, "sgd", max_iter=4, tol=0).fit(X, y)
    stream = build(case, "sgd", tol=0)
    for _ in range(4):
        learn(stream, X, y)
    assert_allclose(stream.loss_curve_, whole.loss_curve_, rtol=1e-12)
    # a run evaluates where it begins, half a pass, and each chunk is a run
    assert_allclose(np.diff(stream.history_["passes"])[1:], np.diff(stream.history_["passes"])[1])
    assert (np.diff(stream.history_["seconds"]) > 0).all()


def test_history_of_an_endless_stream_keeps_its_last_entries():
    X, y = make_data("regression", n_samples=5)
    stream = build("regression")
    for _ in range(1200):
        stream.partial_fit(X, y)
    assert {len(column) for column in stream.history_.values()} == {1000}


@linear_cases
def test_partial_fit_learns_what_has_changed_since_fit(case):
    X, y = make_data(case, n_samples=200)
    model = build(case).fit(X, y)
    best = build(case).fit(-X, y).objective_
    before = plain_losses(model, -X, y).mean()
    for _ in range(20):
        model.partial_fit(-X, y)
    assert before - plain_losses(model, -X, y).mean() > 0.9 * (before - best)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("batch_size", [16, 1000])
@by_pairs(pairs(("two-targets", "softmax"), STOCHASTIC))
def test_no_fit_ends_above_its_start(case, solver, batch_size):
    """Law 8, from the optimum with steps that are far too long."""
    settings = {"alpha": 0.01, "learning_rate": 1.0, "batch_size": batch_size}
    for seed in range(2):
        X, y = make_data(case, seed=seed)
        best = build(case, **CONVERGED).fit(X, y)
        start = {"coef_init": best.coef_, "intercept_init": best.intercept_}
        model = build(case, solver, max_iter=2, tol=0, **settings).fit(X, y, **start)
        assert plain_objective(model, X, y) <= best.objective_ * (1 + 1e-9)


@all_cases
def test_partial_fit_in_chunks_learns(case):
    X, y = make_data(case, n_samples=300)
    model = build(case, learning_rate="auto" if case in LINEAR_CASES else 0.03)
    for _ in range(10 if case in LINEAR_CASES else 20):
        for chunk in np.array_split(np.arange(300), 3):
            model.partial_fit(X[chunk], y[chunk], **with_classes(case, y))
    linear = "two-targets" if case == "mlp-two-targets" else case.removeprefix("mlp-")
    linear = {"two-classes": "logistic", "three-classes": "softmax"}.get(linear, linear)
    best = build(linear).fit(X, y)
    gained = best.loss_curve_[0] - plain_losses(model, X, y).mean()
    assert gained > 0.9 * (best.loss_curve_[0] - plain_losses(best, X, y).mean())


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@labelled_cases
def test_partial_fit_of_a_chunk_with_one_class(case):
    X, y = make_data(case)
    model = build(case, class_weight="balanced")
    model.partial_fit(X[y == 1], y[y == 1], classes=np.unique(y))
    model.partial_fit(X[y == 0], y[y == 0])
    assert_array_equal(model.classes_, np.unique(y))
    assert np.isfinite(raw(model, X)).all()


@all_estimators
def test_partial_fit_exists_where_the_solver_can_go_on(Estimator):
    assert hasattr(Estimator(), "partial_fit")
    assert hasattr(Estimator(solver="adam"), "partial_fit")
    assert hasattr(Estimator(solver=Adam()), "partial_fit")
    assert not hasattr(Estimator(solver="lbfgs"), "partial_fit")


# Early stopping.


@pytest.mark.parametrize("scoring", [None, "named"])
@main_pairs
def test_early_stopping_returns_the_best_and_its_score_can_be_recomputed(case, solver, scoring):
    X, y = make_data(case)
    X_val, y_val = make_data(case, n_samples=40, seed=7)
    weight = make_weights(40)
    if scoring:
        scoring = "accuracy" if CASES[case].estimator in CLASSIFIERS else "r2"
    model = build(
        case,
        solver,
        early_stopping=True,
        scoring=scoring,
        n_iter_no_change=3,
        max_iter=30,
        tol=1e-4,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y, X_val=X_val, y_val=y_val, sample_weight_val=weight)
    if scoring:
        mine = model.score(X_val, y_val, weight)
    else:
        mine = -np.average(plain_losses(model, X_val, y_val), weights=weight)
    assert_allclose(model.best_validation_score_, mine, rtol=1e-12)
    assert model.best_validation_score_ == max(model.validation_scores_)
    assert len(model.validation_scores_) == len(model.loss_curve_)


@all_cases
def test_early_stopping_does_not_return_the_last(case):
    """Few rows, many features, no penalty: validation gets worse long before training ends."""
    X, y = make_data(case, n_samples=30, n_features=25)
    X_val, y_val = make_data(case, n_samples=200, n_features=25, seed=7)
    settings = {"alpha": 0, "n_iter_no_change": 5, "tol": 1e-10, "max_iter": 300}
    model = build(case, "agd", early_stopping=True, **settings)
    model.fit(X, y, X_val=X_val, y_val=y_val)
    scores = model.validation_scores_
    assert scores[-1] < max(scores)
    assert scores.index(max(scores)) == len(scores) - 1 - settings["n_iter_no_change"]
    expected = -training_losses(model, X_val, y_val, y).mean()
    assert_allclose(expected, max(scores), rtol=1e-12)


@all_cases
def test_validation_rows_are_not_trained_on(case):
    X, y = make_data(case)
    X_val, y_val = make_data(case, seed=7)
    settings = {"early_stopping": True, "max_iter": 3, "tol": 0, "n_iter_no_change": 10}
    model = build(case, "gd", **settings).fit(X, y, X_val=X_val, y_val=y_val)
    plain = build(case, "gd", max_iter=3, tol=0).fit(X, y)
    assert model.loss_curve_ == plain.loss_curve_


@labelled_cases
def test_validation_rows_are_drawn_from_each_class(case):
    X, y = make_data(case, n_samples=200)
    y = y.copy()
    y[:8], y[8:] = 0, np.where(y[8:] == 0, 1, y[8:])
    held_out = []

    def scoring(model, X, y, sample_weight=None):
        held_out.append(y)
        return 0.0

    build(case, "gd", early_stopping=True, scoring=scoring, validation_fraction=0.25, **STEPS).fit(
        X, y
    )
    assert_array_equal(np.unique(held_out[0]), np.unique(y))
    assert np.bincount(held_out[0])[0] == 2


# PEERS, section 2: cases in which others go wrong.


@pytest.mark.parametrize("solver", MAIN_SOLVERS)
def test_peers_1_validation_accuracy_is_the_true_one(solver):
    X, y = make_blobs(200, centers=[(-5, -5), (5, 5)], random_state=0)
    model = GDLogisticClassifier(
        solver=SOLVERS[solver], early_stopping=True, scoring="accuracy", random_state=0
    ).fit(X, y)
    assert model.best_validation_score_ == 1.0
    assert accuracy_score(y, model.predict(X)) == 1.0


@pytest.mark.parametrize("Network", NETWORKS)
def test_peers_2_weights_count_in_batches_of_one_row(Network):
    X, y = make_data("logistic")
    weight = np.random.default_rng(0).uniform(0.01, 100, len(y))
    settings = {"solver": "sgd", "batch_size": 1, "alpha": 0, "random_state": 0} | STEPS
    plain = Network(hidden_layer_sizes=(5,), **settings).fit(X, y)
    weighted = Network(hidden_layer_sizes=(5,), **settings).fit(X, y, weight)
    assert np.abs(raw(plain, X) - raw(weighted, X)).max() > 0.01


@main_stochastic
def test_peers_2_batches_of_zero_weights(case, solver):
    X, y = make_data(case)
    weight = make_weights()
    weight[:20] = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = build(case, solver, batch_size=1, shuffle=False, max_iter=2, tol=0).fit(
            X, y, weight
        )
    assert np.isfinite(coefficients(model)).all()


@pytest.mark.parametrize("solver", MAIN_SOLVERS)
def test_peers_3_sparse_and_dense_report_one_objective(solver):
    X, y = sparse_data("logistic")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        dense = build("logistic", solver, max_iter=300).fit(X, y)
        sparse = build("logistic", solver, max_iter=300).fit(sp.csr_array(X), y)
    assert sparse.n_iter_ == dense.n_iter_
    assert_allclose(sparse.objective_, dense.objective_, rtol=1e-8)
    assert_allclose(sparse.objective_, plain_objective(sparse, X, y), rtol=1e-12)


@pytest.mark.parametrize("container", [np.asarray, sp.csr_matrix], ids=["dense", "csr"])
@pytest.mark.parametrize("solver", ["auto", *MAIN_SOLVERS])
def test_peers_4_an_offset_of_y_does_no_harm(solver, container):
    X, y = make_regression(200, 4, noise=5.0, random_state=0)
    # Adam's steps are about as long as its rate: coefficients near 100 are out of reach of 0.001
    rate = 1.0 if solver == "adam" else "auto"
    model = GDLinearRegressor(
        solver=SOLVERS.get(solver, solver), learning_rate=rate, max_iter=200, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(container(X), y + 100)
    assert model.score(container(X), y + 100) > 0.99


def test_peers_5_units_of_a_feature_do_not_matter():
    X, y = make_data("regression", n_samples=200)
    expected = GDLinearRegressor().fit(X, y).score(X, y)
    X[:, 0] *= 1e4
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = GDLinearRegressor().fit(X, y)
    assert model.converged_
    assert_allclose(model.score(X, y), expected, rtol=1e-6)


@pytest.mark.parametrize("solver", ["sgd", "adam", "gd"])
@pytest.mark.parametrize("container", [np.asarray, sp.csr_array], ids=["dense", "csr"])
def test_peers_5_a_mad_learning_rate_is_tamed_or_reported(solver, container):
    X, y = make_data("regression", n_samples=200)
    model = GDLinearRegressor(solver=solver, learning_rate=1e3, random_state=0, max_iter=100)
    with pytest.warns(ConvergenceWarning):
        model.fit(container(1e3 * X), y)
    assert np.isfinite(model.coef_).all()
    assert model.objective_ <= model.loss_curve_[0]
    assert model.score(container(1e3 * X), y) >= -1e-6


@pytest.mark.parametrize("solver", MAIN_SOLVERS)
def test_peers_6_very_uneven_weights(solver):
    X, y = make_data("logistic", n_samples=200)
    weight = np.random.default_rng(0).random(200) ** 8 * 1000
    reference = build("logistic", "lbfgs").fit(X, y, weight)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = build("logistic", solver).fit(X, y, weight)
    assert model.converged_ or solver in STOCHASTIC
    excess = plain_objective(model, X, y, weight) / reference.objective_ - 1
    assert excess < (0.02 if solver in STOCHASTIC else 1e-7)


@all_estimators
def test_peers_12_too_few_rows_to_hold_any_out(Estimator):
    n_samples = 2 if Estimator in CLASSIFIERS else 1
    X, y = np.array([[0.0], [1.0]])[:n_samples], np.array([0, 1])[:n_samples]
    with pytest.raises(ValueError, match=rf"early_stopping=True .* n_samples = {n_samples}.*X_val"):
        Estimator(early_stopping=True).fit(X, y)


@pytest.mark.parametrize("Classifier", CLASSIFIERS)
def test_peers_15_a_new_label_is_named(Classifier):
    X, codes = make_data("softmax")
    y = np.array(["a", "b", "c"])[codes]
    model = Classifier(random_state=0).partial_fit(X, y, classes=["a", "b", "c", "d"])
    model.partial_fit(X[:2], ["d", "d"])
    before = coefficients(model)
    with pytest.raises(ValueError, match="'e'"):
        model.partial_fit(X[:2], ["d", "e"])
    assert_array_equal(coefficients(model), before)


def assert_no_class_is_more_likely(model, X, probability):
    """Than the predicted one; probabilities of extreme scores may be equal to rounding."""
    predicted = np.searchsorted(model.classes_, model.predict(X))
    assert_array_equal(probability[np.arange(len(X)), predicted], probability.max(axis=1))


SATURATED = {
    "all far below": [-1000.0, -1001.0, -1002.0],
    "all far above": [1000.0, 1001.0, 1002.0],
    "two far above": [50.0, 60.0, -1000.0],
    "all equal": [-1e4, -1e4, -1e4],
}


@pytest.mark.parametrize("scores", SATURATED)
@pytest.mark.parametrize("Classifier", [GDLogisticClassifier, GDSoftmaxClassifier])
def test_peers_16_extreme_scores_have_probabilities(Classifier, scores):
    X, y = make_data("softmax")
    model = Classifier().fit(X, y)
    model.coef_, model.intercept_ = np.zeros((3, 4)), np.array(SATURATED[scores])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        probability = model.predict_proba(X)
        model.predict_log_proba(X)
    assert np.isfinite(probability).all()
    assert_allclose(probability.sum(axis=1), 1, rtol=1e-12)
    assert_no_class_is_more_likely(model, X, probability)


@pytest.mark.parametrize("score", [-1000.0, 0.0, 1e-20, 40.0, 1000.0])
@pytest.mark.parametrize("Classifier", [GDLogisticClassifier, GDSoftmaxClassifier])
def test_peers_16_extreme_scores_of_two_classes(Classifier, score):
    X, y = make_data("logistic")
    model = Classifier().fit(X, y)
    model.coef_, model.intercept_ = np.zeros((1, 4)), np.array([score])
    probability = model.predict_proba(X)
    assert_allclose(probability.sum(axis=1), 1, rtol=1e-12)
    assert_no_class_is_more_likely(model, X, probability)


def fewer_features(X, y):
    return X[:, :2], y


def fewer_classes(X, y):
    return X, np.minimum(y, 1)


def more_classes(X, y):
    return X, np.where(X[:, 0] > 0.8, 3, y)


def fortran_order(X, y):
    return np.asfortranarray(X), y


def other_labels(X, y):
    return X, np.array(["p", "q", "r"])[y]


CHANGES = (fewer_features, fewer_classes, more_classes, fortran_order, other_labels)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize("case", ["one-vs-rest", "softmax"])
@pytest.mark.parametrize("solver", ["auto", "lbfgs", "gd-curvature"])
def test_peers_18_warm_start_from_other_data_is_the_cold_optimum(case, solver, change):
    X, y = make_data(case)
    other = change(X, y)
    warm = build(case, solver, warm_start=True, **CONVERGED).fit(X, y).fit(*other)
    cold = build(case, solver, **CONVERGED).fit(*other)
    assert_array_equal(warm.classes_, cold.classes_)
    assert_allclose(raw(warm, other[0]), raw(cold, other[0]), atol=RAW_ERROR)


@pytest.mark.parametrize("change", [fewer_features, fewer_classes, more_classes])
@pytest.mark.parametrize(
    ("case", "solver"), pairs(["one-vs-rest", "softmax", "mlp-three-classes"], MAIN_STOCHASTIC)
)
def test_peers_18_warm_start_from_another_shape_is_a_cold_one(case, solver, change):
    X, y = make_data(case)
    other = change(X, y)
    warm = build(case, solver, warm_start=True, **steps(solver)).fit(X, y).fit(*other)
    cold = build(case, solver, **steps(solver)).fit(*other)
    assert_array_equal(coefficients(warm), coefficients(cold))


@pytest.mark.parametrize("solver", MAIN_SOLVERS)
@pytest.mark.parametrize("fit_intercept", [False, True])
def test_peers_18_warm_start_with_fit_intercept_changed(solver, fit_intercept):
    X, y = make_data("regression")
    model = build("regression", solver, warm_start=True, fit_intercept=fit_intercept, alpha=0.01)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y)
        model.set_params(fit_intercept=not fit_intercept).fit(X, y)
    design = X if fit_intercept else X - X.mean(axis=0)
    target = y if fit_intercept else y - y.mean()
    exact = np.linalg.solve(design.T @ design + 0.6 * np.eye(4), design.T @ target)
    assert_allclose(model.coef_, exact, atol=0.05 if solver in STOCHASTIC else 1e-3)
    assert (model.intercept_ == 0) == fit_intercept


@by_pairs(pairs(NETWORK_CASES, ["adam", "lbfgs"]))
def test_peers_18_warm_start_with_other_layers_is_a_cold_one(case, solver):
    X, y = make_data(case)
    warm = build(case, solver, warm_start=True, **steps(solver)).fit(X, y)
    warm.set_params(hidden_layer_sizes=(6,)).fit(X, y)
    cold = build(case, solver, **(steps(solver) | {"hidden_layer_sizes": (6,)})).fit(X, y)
    assert_array_equal(coefficients(warm), coefficients(cold))


@all_cases
def test_peers_18_warm_start_in_another_precision(case):
    X, y = make_data(case)
    model = build(case, warm_start=True, **STEPS).fit(X, y).fit(X.astype(np.float32), y)
    assert coefficients(model).dtype == np.float32
    assert coefficients(model.fit(X, y)).dtype == np.float64


DEGENERATE = {
    "one feature": lambda X: X[:, :1],
    "more features than rows": lambda X: np.sin(np.outer(X[:, 0], range(1, 100))),
    "a constant column": lambda X: np.hstack([X, np.full((len(X), 1), 7.0)]),
    "a column of ones": lambda X: np.hstack([X, np.ones((len(X), 1))]),
    "all zeros": np.zeros_like,
    "duplicated columns": lambda X: np.hstack([X, X]),
    "rank one": lambda X: np.outer(X[:, 0], [1.0, -2.0, 3.0]),
}


@pytest.mark.parametrize("data", DEGENERATE)
@pytest.mark.parametrize("container", [np.asarray, sp.csr_array], ids=["dense", "csr"])
@linear_cases
def test_peers_20_degenerate_features_by_default(case, container, data):
    X, y = make_data(case)
    X = container(DEGENERATE[data](X))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = build(case).fit(X, y)
    assert model.converged_
    assert np.isfinite(raw(model, X)).all()


@pytest.mark.parametrize("data", DEGENERATE)
@main_pairs
def test_peers_20_degenerate_features_for_every_solver(case, solver, data):
    """Law 8: never above the start, never a number that is not finite."""
    X, y = make_data(case)
    X = DEGENERATE[data](X)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        model = build(case, solver, **steps(solver)).fit(X, y)
    assert np.isfinite(raw(model, X)).all()
    assert model.objective_ <= model.loss_curve_[0] * (1 + 1e-12)


@main_pairs
def test_peers_20_features_of_zeros_leave_the_best_constant(case, solver):
    X, y = make_data(case)
    settings = {"alpha": 0.01, "max_iter": 300, "tol": 1e-12}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = build(case, solver, **settings).fit(np.zeros_like(X), y)
    if isinstance(model, CLASSIFIERS):
        probability = model.predict_proba(np.zeros_like(X))[0]
        share = y.mean(axis=0) if y.ndim == 2 else np.bincount(y) / len(y)
        assert_allclose(probability, share, atol=0.02 if solver in STOCHASTIC else 1e-4)
    else:
        error = 0.1 if solver in STOCHASTIC else 1e-4
        assert_allclose(raw(model, X * 0)[0], np.atleast_1d(y.mean(axis=0)), atol=error)


@linear_cases
def test_peers_20_penalty_leaves_a_constant_column_out(case):
    X, y = make_data(case)
    X = np.hstack([X, np.full((len(X), 1), 7.0)])
    model = build(case, **CONVERGED).fit(X, y)
    assert_allclose(model.coef_[..., -1], 0, atol=1e-6)


@linear_cases
def test_peers_20_penalty_shares_between_equal_columns(case):
    X, y = make_data(case)
    model = build(case, **CONVERGED).fit(np.hstack([X, X]), y)
    assert_allclose(model.coef_[..., :4], model.coef_[..., 4:], atol=1e-6)


@pytest.mark.parametrize("solver", MAIN_SOLVERS)
def test_peers_20_constant_target(solver):
    X, _ = make_data("regression")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = build("regression", solver).fit(X, np.full(len(X), 3.0))
    assert model.converged_
    assert_allclose(model.predict(X), 3.0, rtol=1e-9)


@pytest.mark.parametrize("Regressor", REGRESSORS)
def test_peers_20_one_row(Regressor):
    X, y = np.array([[1.0, 2.0]]), np.array([3.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = Regressor(random_state=0, **STEPS).fit(X, y)
    assert_allclose(model.predict(X), y, atol=1e-6 if Regressor in LINEAR else 10)


def test_peers_20_more_features_than_rows_is_ridge():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 100)), rng.normal(size=20)
    model = GDLinearRegressor(alpha=0.1, tol=1e-14).fit(X, y)
    reference = Ridge(alpha=2.0, solver="svd").fit(X, y)
    assert_allclose(model.coef_, reference.coef_, atol=1e-7)
