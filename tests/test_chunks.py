"""Rows in chunks: the same fit as of the rows in one array, whatever the chunks."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone

from sklearn_gd import (
    GDLinearClassifier,
    GDLinearRegressor,
    GDLogisticClassifier,
    GDMLPClassifier,
    GDMLPRegressor,
    GDSoftmaxClassifier,
    regularization_path,
)
from sklearn_gd.data import ChunkedSource
from sklearn_gd.data import arrays as arrays_module
from tests.common import coefficients

N, D = 150, 4
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, D)) * [1, 10, 0.1, 1]
RAW = X @ [[1, 2, 0], [0.1, 0, 0.2], [3, 9, 5], [0, 1, -1]] + RNG.normal(size=(N, 3))
LABELS = np.array(["a", "b", "c"])[RAW.argmax(axis=1)]
WEIGHT = RNG.integers(0, 3, N).astype(float)

PASSES = {"max_iter": 3, "tol": 0, "shuffle": False}
# exact: to rounding; batches in storage order are the same batches
FITS = {
    "least squares": (GDLinearRegressor, {}, RAW[:, 0]),
    "two targets": (GDLinearRegressor, {"penalty": "l1"}, RAW[:, :2]),
    "absolute error": (GDLinearRegressor, {"loss": "absolute_error"}, RAW[:, 0]),
    "standardized": (GDLinearRegressor, {"standardize": True, "solver": "lbfgs"}, RAW[:, 0]),
    "logistic": (GDLogisticClassifier, {}, LABELS),
    "l1": (GDLogisticClassifier, {"penalty": "l1", "alpha": 0.01}, LABELS == "a"),
    "balanced": (GDSoftmaxClassifier, {"class_weight": "balanced"}, LABELS),
    "newton-cg": (GDLogisticClassifier, {"solver": "newton-cg"}, LABELS),
    "gd": (GDLogisticClassifier, {"solver": "gd", "max_iter": 20, "tol": 0}, LABELS),
    "multilabel": (GDLogisticClassifier, {}, (RAW > 0).astype(int)),
    "hinge": (GDLinearClassifier, {"loss": "hinge", "alpha": 0.01}, LABELS == "a"),
    "adam": (GDLogisticClassifier, {"solver": "adam", **PASSES}, LABELS),
    "saga": (GDLogisticClassifier, {"solver": "saga", **PASSES}, LABELS),
    "svrg": (GDLogisticClassifier, {"solver": "svrg", **PASSES}, LABELS),
    "network": (GDMLPClassifier, {"hidden_layer_sizes": (3,), **PASSES}, LABELS),
    "network regressor": (GDMLPRegressor, {"hidden_layer_sizes": (3,), **PASSES}, RAW[:, 0]),
    "network lbfgs": (
        GDMLPClassifier,
        {"hidden_layer_sizes": (3,), "solver": "lbfgs", "max_iter": 5, "tol": 0},
        LABELS,
    ),
}
CHUNKINGS = {
    "one": [N],
    "uneven": [1, 60, 2, 87],
    "empty ones": [0, 50, 0, 0, 100, 0],
    "rows": [1] * N,
}
# a chunk a row is slow
OF_ROWS = ("least squares", "logistic", "balanced", "adam")
CASES = [(fit, name) for fit in FITS for name in CHUNKINGS if name != "rows" or fit in OF_ROWS]


def chunks_of(X, y, weight=None, sizes=(60, 2, 88)):
    """The rows in chunks of these sizes, each behind a function."""
    edges = np.cumsum([0, *sizes])
    columns = [c for c in (X, y, weight) if c is not None]
    items = [tuple(column[start:stop] for column in columns) for start, stop in pairwise(edges)]
    return ChunkedSource([lambda item=item: item for item in items])


def build(fit, **params):
    estimator, settings, _ = FITS[fit]
    return estimator(random_state=0, **(settings | params))


def same(mine, other, rtol=1e-9):
    np.testing.assert_allclose(coefficients(mine), coefficients(other), rtol=rtol, atol=1e-9)
    assert mine.objective_ == pytest.approx(other.objective_, rel=1e-10)
    assert mine.n_iter_ == other.n_iter_


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["unweighted", "weighted"])
@pytest.mark.parametrize(("fit", "chunking"), CASES)
def test_a_fit_is_that_of_the_array(fit, chunking, weight):
    y = FITS[fit][2]
    source = chunks_of(X, y, weight, CHUNKINGS[chunking])
    mine = build(fit).fit(source)
    other = build(fit).fit(X, y, sample_weight=weight)
    same(mine, other, rtol=1e-6)
    predicted = list(mine.predict(source))
    assert [len(part) for part in predicted] == CHUNKINGS[chunking]
    found, whole = np.concatenate(predicted), mine.predict(X)
    if whole.dtype.kind == "f":
        np.testing.assert_allclose(found, whole, rtol=1e-12, atol=1e-12)
    else:
        np.testing.assert_array_equal(found, whole)
    assert mine.score(source) == pytest.approx(mine.score(X, y, weight), rel=1e-12)


@pytest.mark.parametrize("fit", ["least squares", "balanced", "adam", "network lbfgs"])
def test_the_same_chunks_give_the_same_bits(fit):
    y = FITS[fit][2]
    first, second = (build(fit).fit(chunks_of(X, y, WEIGHT)) for _ in range(2))
    assert np.array_equal(coefficients(first), coefficients(second))
    assert first.history_["objective"] == second.history_["objective"]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("fit", ["logistic", "balanced", "network", "least squares"])
@pytest.mark.parametrize("scoring", [None, "own"])
def test_early_stopping_holds_out_the_rows_of_the_array(fit, scoring):
    y = FITS[fit][2]
    if scoring is not None:
        scoring = "r2" if fit == "least squares" else "accuracy"
    settings = {"early_stopping": True, "scoring": scoring, "tol": 1e-6, "max_iter": 20}
    weight = None if scoring is None else WEIGHT
    mine = build(fit, **settings).fit(chunks_of(X, y, weight))
    other = build(fit, **settings).fit(X, y, sample_weight=weight)
    same(mine, other, rtol=1e-6)
    np.testing.assert_allclose(mine.validation_scores_, other.validation_scores_, rtol=1e-9)


@pytest.mark.parametrize("fit", ["logistic", "least squares"])
def test_validation_rows_may_be_chunks(fit):
    y = FITS[fit][2]
    settings = {"early_stopping": True}
    other = build(fit, **settings).fit(X, y, X_val=X[:50], y_val=y[:50])
    held_out = chunks_of(X[:50], y[:50], sizes=(20, 30))
    same(build(fit, **settings).fit(chunks_of(X, y), X_val=held_out), other)
    same(build(fit, **settings).fit(X, y, X_val=held_out), other)
    same(build(fit, **settings).fit(chunks_of(X, y), X_val=X[:50], y_val=y[:50]), other)


def test_scoring_of_more_than_a_limit_is_refused(monkeypatch):
    monkeypatch.setattr("sklearn_gd.data.chunks.MAX_GATHERED", 100)
    model = build("logistic", early_stopping=True, scoring="accuracy")
    with pytest.raises(ValueError, match=r"480 bytes|4\.8e\+02 bytes.*scoring=None"):
        model.fit(chunks_of(X, LABELS))


def test_chunks_of_a_stream_may_be_many_at_once():
    classes = np.unique(LABELS)
    settings = {"shuffle": False, "batch_size": 10}
    mine = build("logistic", **settings).partial_fit(chunks_of(X, LABELS, WEIGHT), classes=classes)
    other = build("logistic", **settings).partial_fit(X, LABELS, classes, WEIGHT)
    np.testing.assert_allclose(coefficients(mine), coefficients(other), rtol=1e-9)
    again, more = mine.partial_fit(chunks_of(X, LABELS)), other.partial_fit(X, LABELS)
    np.testing.assert_allclose(coefficients(again), coefficients(more), rtol=1e-9)


def test_shuffled_batches_visit_every_row_once_in_a_new_order():
    y = np.arange(N, dtype=float)
    model = GDLinearRegressor()
    source = model._encode(chunks_of(X, y), None, None)
    rng = np.random.default_rng(0)
    passes = [list(source.batches(16, rng)) for _ in range(2)]
    for batches in passes:
        assert [len(batch) for batch in batches] == [16] * 9 + [6]
        positions = np.concatenate([batch.positions for batch in batches])
        seen = np.concatenate([batch.y[:, 0] for batch in batches])
        np.testing.assert_array_equal(np.sort(positions), np.arange(N))
        np.testing.assert_array_equal(seen, positions)
        np.testing.assert_array_equal(np.vstack([b.X for b in batches]), X[positions])
    first, second = (np.concatenate([b.positions for b in batches]) for batches in passes)
    assert not np.array_equal(first, second)


def test_shuffled_batches_lead_to_the_optimum():
    model = build("logistic", solver="normalized-adagrad", max_iter=100, tol=1e-3).fit(
        chunks_of(X, LABELS)
    )
    best = build("logistic").fit(X, LABELS)
    assert model.objective_ < best.objective_ * 1.02


@pytest.mark.parametrize("kind", [sp.csr_matrix, sp.csr_array, sp.csc_array, sp.coo_array])
@pytest.mark.parametrize("fit", ["logistic", "least squares", "adam", "standardized"])
def test_sparse_chunks(kind, fit):
    y, thin = FITS[fit][2], X * (np.abs(X) > np.median(np.abs(X), axis=0))
    source = ChunkedSource([(kind(thin[:60]), y[:60]), (kind(thin[60:]), y[60:])])
    mine = build(fit).fit(source)
    same(mine, build(fit).fit(sp.csr_array(thin), y), rtol=1e-6)
    assert mine.score(source) == pytest.approx(mine.score(thin, y))


@pytest.mark.parametrize("fit", ["logistic", "least squares", "network"])
def test_float32_stays_float32(fit):
    y = FITS[fit][2]
    mine = build(fit).fit(chunks_of(X.astype(np.float32), y, WEIGHT))
    other = build(fit).fit(X.astype(np.float32), y, sample_weight=WEIGHT)
    assert coefficients(mine).dtype == np.float32
    assert mine.objective_ == pytest.approx(other.objective_, rel=1e-5)


@pytest.mark.parametrize("weight", [1.0, 3.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equal_weights_are_as_in_memory(weight, dtype):
    weight = np.full(N, weight)
    mine = build("logistic").fit(chunks_of(X.astype(dtype), LABELS, weight))
    other = build("logistic").fit(X.astype(dtype), LABELS, sample_weight=weight)
    np.testing.assert_allclose(coefficients(mine), coefficients(other), rtol=1e-4)


def test_class_weights_given_by_name_and_classes_without_weight():
    for class_weight in ({"a": 2.0, "b": 0.5}, {"a": 0.0}):
        model = build("balanced", class_weight=class_weight)
        mine = clone(model).fit(chunks_of(X, LABELS, WEIGHT))
        other = clone(model).fit(X, LABELS, sample_weight=WEIGHT)
        # the intercept of a class without weight has no finite optimum
        np.testing.assert_allclose(mine.coef_, other.coef_, rtol=1e-4, atol=1e-9)
        assert mine.objective_ == pytest.approx(other.objective_, rel=1e-7)
    with pytest.raises(ValueError, match="makes the weight of every row zero"):
        build("balanced", class_weight=dict.fromkeys("abc", 0)).fit(chunks_of(X, LABELS))
    with pytest.raises(ValueError, match="names classes that y does not have"):
        build("balanced", class_weight={"z": 2}).fit(chunks_of(X, LABELS))


def test_labels_that_come_late_and_chunks_of_one_class():
    order = np.argsort(LABELS, kind="stable")
    sizes = [*np.unique(LABELS, return_counts=True)[1]]
    mine = build("logistic").fit(chunks_of(X[order], LABELS[order], sizes=sizes))
    assert mine.classes_.tolist() == ["a", "b", "c"]
    same(mine, build("logistic").fit(X[order], LABELS[order]))


def test_labels_of_different_lengths_and_types_of_number():
    y = np.where(LABELS == "a", 1, 2)
    source = ChunkedSource([(X[:60], y[:60].astype(np.int8)), (X[60:], y[60:].astype(float))])
    same(build("logistic").fit(source), build("logistic").fit(X, y))
    words = np.array(["no", "certainly"])[y - 1]
    first = int(np.argmax(y == 2))
    head = (X[:first], words[:first].astype("U2"))
    mine = build("logistic").fit(ChunkedSource([head, (X[first:], words[first:])]))
    assert mine.classes_.tolist() == ["certainly", "no"]


def test_mappings_lists_and_loaders_are_chunks():
    items = [
        {"X": X[:60], "y": LABELS[:60], "sample_weight": WEIGHT[:60]},
        lambda: {"X": X[60:100], "y": LABELS[60:100], "sample_weight": WEIGHT[60:100]},
        [X[100:].tolist(), LABELS[100:].tolist(), WEIGHT[100:].tolist()],
    ]
    mine = build("logistic").fit(ChunkedSource(items))
    same(mine, build("logistic").fit(X, LABELS, sample_weight=WEIGHT))


def test_chunks_without_weights_count_as_weights_of_one():
    weight = np.concatenate([np.ones(60), WEIGHT[60:]])
    source = ChunkedSource([(X[:60], LABELS[:60]), (X[60:], LABELS[60:], WEIGHT[60:])])
    same(build("logistic").fit(source), build("logistic").fit(X, LABELS, sample_weight=weight))


def test_names_of_columns_are_known_and_compared():
    frame = pd.DataFrame(X, columns=list("pqrs"))
    source = ChunkedSource([(frame[:60], LABELS[:60]), (frame[60:], LABELS[60:])])
    model = build("logistic").fit(source)
    assert model.feature_names_in_.tolist() == list("pqrs")
    assert np.concatenate(list(model.predict(source))).tolist() == model.predict(frame).tolist()
    other = frame[60:].rename(columns={"q": "z"})
    with pytest.raises(ValueError, match=r"In chunk 1: the columns of X are .*'z'"):
        build("logistic").fit(ChunkedSource([(frame[:60], LABELS[:60]), (other, LABELS[60:])]))
    model.fit(X, LABELS)
    assert not hasattr(model, "feature_names_in_")


def test_columns_that_are_no_numbers_are_named():
    frame = pd.DataFrame(X, columns=list("pqrs")).astype({"q": "category"})
    source = ChunkedSource([(frame[:60], LABELS[:60]), (frame[60:], LABELS[60:])])
    with pytest.raises(ValueError, match=r"In chunk 0: columns \['q'\] are of type \['category'\]"):
        build("logistic").fit(source)


def test_predictions_need_no_targets():
    model = build("logistic").fit(X, LABELS)
    found = model.predict_proba(ChunkedSource([(X[:60],), {"X": X[60:]}]))
    np.testing.assert_array_equal(np.vstack(list(found)), model.predict_proba(X))
    logs = model.predict_log_proba(ChunkedSource([(X,)]))
    np.testing.assert_array_equal(next(logs), model.predict_log_proba(X))
    scores = model.decision_function(ChunkedSource([(X,)]))
    np.testing.assert_array_equal(next(scores), model.decision_function(X))


def test_a_path_is_that_of_the_array():
    mine = regularization_path(build("logistic"), chunks_of(X, LABELS), None, [0.1, 0.01])
    other = regularization_path(build("logistic"), X, LABELS, [0.1, 0.01])
    np.testing.assert_allclose(mine.coefs, other.coefs, rtol=1e-6)


def test_a_warm_start_goes_on_from_chunks():
    model = build("logistic", warm_start=True).fit(X, LABELS)
    assert model.fit(chunks_of(X, LABELS)).n_iter_ == 1


def test_r2_of_constant_columns_and_of_several():
    y = np.column_stack([RAW[:, 0], np.ones(N)])
    model = GDLinearRegressor(alpha=0).fit(chunks_of(X, y))
    assert model.score(chunks_of(X, y)) == pytest.approx(model.score(X, y), rel=1e-9)
    far = y + 1e6
    model.fit(chunks_of(X, far))
    assert model.score(chunks_of(X, far)) == pytest.approx(model.score(X, far), rel=1e-6)


# What cannot be used

BAD = {
    "NaN": ((np.full((5, D), np.nan), LABELS[:5]), "In chunk 1: Input X contains NaN"),
    "infinity": ((np.full((5, D), np.inf), LABELS[:5]), "In chunk 1: Input X contains inf"),
    "width": ((X[:5, :3], LABELS[:5]), "In chunk 1: X has 3 features, and chunk 0 has 4"),
    "type": ((X[:5].astype(np.float32), LABELS[:5]), "In chunk 1: X is dense float32, and that of"),
    "storage": ((sp.csr_array(X[:5]), LABELS[:5]), "In chunk 1: X is sparse float64, and that of"),
    "rows": ((X[:5], LABELS[:4]), "In chunk 1: X has 5 rows, and y has 4"),
    "no y": ((X[:5],), "In chunk 1: it has no y"),
    "labels": ((X[:5], np.arange(5)), "In chunk 1: labels are of type int64, and those of chunk 0"),
    "numbers": ((X[:5], np.arange(5) / 2), "In chunk 1: Unknown label type"),
    "matrix": ((X[:5], np.eye(5, 3, dtype=int)), "In chunk 1: y has 3 columns, and that of chunk"),
    "weight": ((X[:5], LABELS[:5], np.full(5, -1.0)), "In chunk 1: sample_weight must not be neg"),
    "no tuple": (3, "In chunk 1: a chunk must be a tuple"),
    "keys": ({"X": X[:5], "Y": LABELS[:5]}, "In chunk 1: a mapping must have the keys"),
    "text": ((np.array([["x"] * D]), LABELS[:1]), "In chunk 1: could not convert"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_chunk_that_cannot_be_used_is_named_and_the_estimator_unchanged(case):
    bad, message = BAD[case]
    model = build("logistic").fit(X, LABELS)
    before = dict(vars(model))
    with pytest.raises(ValueError, match=message):
        model.fit(ChunkedSource([(X[:60], LABELS[:60]), bad, (X[60:], LABELS[60:])]))
    assert vars(model).keys() == before.keys()
    assert all(vars(model)[name] is value for name, value in before.items())


def test_a_loader_that_fails_is_named():
    def fail():
        raise OSError("the disk is gone")

    with pytest.raises(ValueError, match="In chunk 1: the disk is gone") as error:
        build("logistic").fit(ChunkedSource([(X, LABELS), fail]))
    assert isinstance(error.value.__cause__, OSError)


def test_a_chunk_that_changes_is_an_error():
    sizes = iter([60, 60, 60, 50] + [50] * 100)

    def load():
        n = next(sizes)
        return X[:n], LABELS[:n]

    with pytest.raises(ValueError, match="In chunk 0: it had 60 rows when it was first read, and"):
        build("logistic").fit(ChunkedSource([load]))


def test_what_is_no_source_of_chunks_is_refused():
    for wrong in (iter([(X, LABELS)]), [], {"X": X}, "ab"):
        with pytest.raises(ValueError, match="chunks must be a sequence"):
            ChunkedSource(wrong)
    source = chunks_of(X, LABELS)
    with pytest.raises(ValueError, match="y was passed in addition to a ChunkedSource"):
        build("logistic").fit(source, LABELS)
    with pytest.raises(ValueError, match="sample_weight was passed in addition to a ChunkedSource"):
        build("logistic").fit(source, sample_weight=WEIGHT)
    with pytest.raises(ValueError, match="no rows"):
        build("logistic").fit(ChunkedSource([(X[:0], LABELS[:0])]))
    with pytest.raises(ValueError, match="all weights are zero"):
        build("logistic").fit(ChunkedSource([(X, LABELS, np.zeros(N))]))
    with pytest.raises(ValueError, match="1 class"):
        build("logistic").fit(ChunkedSource([(X, np.ones(N))]))
    held_out = ChunkedSource([(X[:2], ["z", "z"])])
    with pytest.raises(ValueError, match=r"labels not seen in training: \['z'\]"):
        build("logistic", early_stopping=True).fit(X, LABELS, X_val=held_out)
    with pytest.raises(ValueError, match="In chunk 1: it has no y"):
        build("logistic").fit(source).score(ChunkedSource([(X, LABELS), (X,)]))


# How often, and how much


def test_a_chunk_is_loaded_once_a_round_and_once_before(monkeypatch):
    loads = [0, 0]

    def load(index):
        loads[index] += 1
        return (X[:60], LABELS[:60]) if index == 0 else (X[60:], LABELS[60:])

    source = ChunkedSource([lambda: load(0), lambda: load(1)])
    model = build("logistic").fit(source)
    assert loads == [model.history_["rounds"][-1] + 1] * 2


def test_chunks_are_worked_on_in_blocks(monkeypatch):
    monkeypatch.setattr(arrays_module, "BLOCK_BYTES", 1)
    for fit in ("least squares", "balanced", "newton-cg"):
        y = FITS[fit][2]
        same(build(fit).fit(chunks_of(X, y)), build(fit).fit(X, y), rtol=1e-6)
