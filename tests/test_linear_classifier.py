"""GDLinearClassifier: its losses against other solvers, formulas and optimality conditions."""

import numpy as np
import pytest
from scipy.optimize import lsq_linear
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_iris, make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Perceptron as PeerPerceptron
from sklearn.linear_model import SGDClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from sklearn_gd import GDLinearClassifier, GDLogisticClassifier
from sklearn_gd.losses import CLASSIFIER_LOSSES, Hinge, Huber, Softmax

SMOOTH = ("log_loss", "squared_hinge", "modified_huber")
CONVEX = (*SMOOTH, "hinge")


def noisy(n=300, d=6, seed=0):
    """Two classes that no hyperplane separates."""
    X, y = make_classification(
        n, d, n_informative=4, n_redundant=0, flip_y=0.1, class_sep=0.7, random_state=seed
    )
    return X, y


def margins(coef, intercept, X, y):
    return (2 * y - 1) * (X @ np.ravel(coef) + intercept)


LOSS_OF_MARGIN = {
    "log_loss": lambda m: np.logaddexp(0, -m),
    "hinge": lambda m: np.maximum(0, 1 - m),
    "squared_hinge": lambda m: np.maximum(0, 1 - m) ** 2,
    "modified_huber": lambda m: np.where(m < -1, -4 * m, np.maximum(0, 1 - m) ** 2),
    "perceptron": lambda m: np.maximum(0, -m),
}


def objective(loss, alpha, coef, intercept, X, y):
    mean = LOSS_OF_MARGIN[loss](margins(coef, intercept, X, y)).mean()
    return mean + alpha * np.sum(np.square(coef)) / 2


@pytest.mark.parametrize("loss", CONVEX)
def test_the_objective_is_that_of_the_formula(loss):
    X, y = noisy()
    model = GDLinearClassifier(loss=loss, alpha=0.01).fit(X, y)
    wanted = objective(loss, 0.01, model.coef_, model.intercept_, X, y)
    assert model.objective_ == pytest.approx(wanted, rel=1e-12)
    assert model.converged_


@pytest.mark.parametrize("C", [0.01, 1.0, 100.0])
@pytest.mark.parametrize(("loss", "dual"), [("squared_hinge", False), ("hinge", True)])
def test_the_optimum_is_that_of_linear_svc(loss, dual, C):
    """Without an intercept, which LinearSVC penalises."""
    X, y = noisy()
    alpha = 1 / (C * len(y))
    peer = LinearSVC(
        loss=loss,
        dual=dual,
        C=C,
        fit_intercept=False,
        tol=1e-10,
        max_iter=1_000_000,
        random_state=0,
    ).fit(X, y)
    model = GDLinearClassifier(loss=loss, alpha=alpha, fit_intercept=False).fit(X, y)
    theirs = objective(loss, alpha, peer.coef_, 0.0, X, y)
    assert model.converged_
    assert model.objective_ == pytest.approx(theirs, rel=1e-6)
    assert model.objective_ <= theirs * (1 + 1e-7)
    np.testing.assert_allclose(model.coef_, peer.coef_, rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("penalty", ["l2", "l1"])
@pytest.mark.parametrize("loss", CONVEX)
def test_sgd_classifier_ends_above_the_same_optimum(loss, penalty):
    X, y = noisy(n=600)
    X = StandardScaler().fit_transform(X)
    settings = {"loss": loss, "penalty": penalty, "alpha": 0.01}
    decay = {"learning_rate": "invscaling", "eta0": 0.02, "power_t": 0.4}
    peer = SGDClassifier(**settings, **decay, max_iter=300, tol=None, random_state=0).fit(X, y)
    model = GDLinearClassifier(**settings).fit(X, y)

    def value(fitted):
        coef = np.ravel(fitted.coef_)
        size = coef @ coef / 2 if penalty == "l2" else np.abs(coef).sum()
        losses = LOSS_OF_MARGIN[loss](margins(coef, fitted.intercept_, X, y))
        return losses.mean() + 0.01 * size

    assert value(model) == pytest.approx(model.objective_, rel=1e-9)
    assert model.objective_ <= value(peer) <= model.objective_ * 1.02


@pytest.mark.parametrize("alpha", [1e-3, 1e-2, 0.3])
def test_hinge_meets_the_optimality_conditions(alpha):
    """alpha w is a mean of y x with factors 1 within the margin, 0 beyond, and between on it."""
    X, y = noisy()
    model = GDLinearClassifier(loss="hinge", alpha=alpha, tol=1e-10).fit(X, y)
    sign = 2 * y - 1
    margin = margins(model.coef_, model.intercept_, X, y)
    inside, on = margin < 1 - 1e-3, np.abs(margin - 1) <= 1e-3
    rows = np.column_stack([X, np.ones(len(y))]) * sign[:, np.newaxis] / len(y)
    wanted = np.append(alpha * model.coef_[0], 0.0) - rows[inside].sum(axis=0)
    found = lsq_linear(rows[on].T, wanted, bounds=(0, 1))
    assert np.abs(found.fun).max() < 1e-4


@pytest.mark.parametrize("n_passes", [1, 3, 10])
def test_the_perceptron_is_that_of_rosenblatt(n_passes):
    X, y = noisy()
    peer = PeerPerceptron(shuffle=False, max_iter=n_passes, tol=None).fit(X, y)
    model = GDLinearClassifier(
        loss="perceptron", penalty=None, solver="sgd", batch_size=1, learning_rate=1.0,
        shuffle=False, max_iter=n_passes, tol=0,
    ).fit(X, y)  # fmt: skip
    np.testing.assert_allclose(model.coef_, peer.coef_, atol=1e-10)
    np.testing.assert_allclose(model.intercept_, peer.intercept_, atol=1e-10)


def test_the_perceptron_separates_what_can_be_separated():
    X, y = load_iris(return_X_y=True)
    model = GDLinearClassifier(loss="perceptron", penalty=None, random_state=0).fit(X, y == 0)
    assert type(model.solver_).__name__ == "SGD"
    assert model.score(X, y == 0) == 1.0


@pytest.mark.parametrize("solver", ["lbfgs", "gd", "agd", "newton-cg", "proximal-newton-cg"])
def test_solvers_of_all_rows_refuse_the_perceptron(solver):
    X, y = noisy()
    with pytest.raises(ValueError, match="smallest at zero coefficients") as caught:
        GDLinearClassifier(loss="perceptron", solver=solver).fit(X, y)
    assert "sgd" in str(caught.value)


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge", "perceptron"])
def test_probabilities_are_offered_only_where_the_loss_defines_them(loss):
    model = GDLinearClassifier(loss=loss)
    assert not hasattr(model, "predict_proba")
    with pytest.raises(AttributeError, match="predict_proba") as caught:
        _ = model.predict_proba
    assert f"loss={loss!r} has none" in str(caught.value.__cause__)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_probabilities_of_modified_huber_are_those_of_sgd_classifier(n_classes):
    X, _ = noisy()
    y = np.digitize(X[:, 0] + X[:, 1], [0.0, 1.5][: n_classes - 1])
    model = GDLinearClassifier(loss="modified_huber", alpha=0.01).fit(X, y)
    peer = SGDClassifier(loss="modified_huber").fit(X, y)
    peer.coef_, peer.intercept_ = model.coef_, model.intercept_
    np.testing.assert_allclose(model.predict_proba(X), peer.predict_proba(X), atol=1e-12)


@pytest.mark.parametrize("y", ["two", "three", "labels"])
def test_log_loss_is_the_logistic_classifier(y):
    X, _ = noisy()
    rng = np.random.default_rng(0)
    raw = X[:, :3] + rng.normal(size=(len(X), 3))
    target = {
        "two": np.array(["no", "yes"])[(raw[:, 0] > 0).astype(int)],
        "three": raw.argmax(axis=1),
        "labels": (raw > 0).astype(int),
    }[y]
    mine = GDLinearClassifier(alpha=0.01).fit(X, target)
    other = GDLogisticClassifier(alpha=0.01).fit(X, target)
    np.testing.assert_array_equal(mine.coef_, other.coef_)
    np.testing.assert_array_equal(mine.predict_proba(X), other.predict_proba(X))
    np.testing.assert_array_equal(mine.predict(X), other.predict(X))


@pytest.mark.parametrize("loss", CONVEX)
def test_unscaled_data_converge_without_a_warning(loss, recwarn):
    X, y = load_breast_cancer(return_X_y=True)
    model = GDLinearClassifier(loss=loss).fit(X, y)
    assert model.converged_
    assert not [w for w in recwarn if issubclass(w.category, ConvergenceWarning)]
    assert model.score(X, y) > 0.95


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("loss", CLASSIFIER_LOSSES)
def test_streams_and_warm_starts(loss):
    X, y = make_classification(300, 6, n_redundant=0, class_sep=2.0, random_state=0)
    stream = GDLinearClassifier(loss=loss, random_state=0)
    for _ in range(20):
        stream.partial_fit(X, y, classes=[0, 1])
    assert stream.score(X, y) > 0.85
    assert np.isnan(stream.optimality_)
    copy = clone(stream).set_params(warm_start=True, max_iter=50)
    assert copy.fit(X, y).fit(X, y).score(X, y) > 0.85


@pytest.mark.parametrize("loss", CONVEX)
def test_class_weights_are_weights(loss):
    X, y = noisy()
    mine = GDLinearClassifier(loss=loss, class_weight={0: 1, 1: 3}, alpha=0.01).fit(X, y)
    other = GDLinearClassifier(loss=loss, alpha=0.01).fit(X, y, sample_weight=1 + 2 * y)
    np.testing.assert_allclose(mine.coef_, other.coef_, rtol=1e-9, atol=1e-9)


def test_losses_of_another_kind_are_refused():
    X, y = noisy()
    with pytest.raises(ValueError, match="GDSoftmaxClassifier"):
        GDLinearClassifier(loss=Softmax()).fit(X, y)
    with pytest.raises(ValueError, match="GDLinearRegressor"):
        GDLinearClassifier(loss=Huber()).fit(X, y)
    with pytest.raises(ValueError, match="Did you mean 'hinge'"):
        GDLinearClassifier(loss="hing").fit(X, y)


def test_an_object_is_its_name():
    X, y = noisy()
    mine = GDLinearClassifier(loss=Hinge(), alpha=0.1).fit(X, y)
    other = GDLinearClassifier(loss="hinge", alpha=0.1).fit(X, y)
    np.testing.assert_array_equal(mine.coef_, other.coef_)
