"""Every solver with every loss, penalty, storage and weighting: refused with a reason, or fitted.

A new solver, loss or penalty is in the table by its name. The pairwise cover is run always. Every
triple of solver, loss and penalty is marked slow, and run when asked for where the solver or the
loss makes it slow: ``pytest -m exhaustive``. So is the full product, in which storage and weights
are crossed with all of them, as dense == sparse and weights == copies are laws that other tests
hold each solver to.
"""

import itertools
import re
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from capabilities import capabilities, losses, penalties, to_markdown
from sklearn.exceptions import ConvergenceWarning

from sklearn_gd import GDLinearRegressor, GDLogisticClassifier, GDSoftmaxClassifier
from sklearn_gd.losses import LOSSES
from sklearn_gd.solvers import SOLVERS, GradientDescent, MiniBatch, Solver
from sklearn_gd.solvers.variance_reduced import VarianceReduced

N_SAMPLES, N_FEATURES = 200, 4
TABLE = capabilities()
PENALTIES = penalties(N_FEATURES)
AXES = (list(TABLE), list(losses()), list(PENALTIES), ["dense", "csr"], ["ones", "weighted"])
# No first-order method comes to the end of a valley that is 1e-6 of the spread of y wide; these
# must come as near as the other stochastic ones and say that it is not the optimum.
KINKED = {name for name, loss in losses().items() if loss.has_kinks}
FIRST_ORDER = {"gd", "agd", "svrg", "saga"}


def solver_of(name) -> Solver:
    return SOLVERS[name]() if name in SOLVERS else GradientDescent(metric="curvature")


@cache
def problem():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_SAMPLES, N_FEATURES))
    X[rng.uniform(size=X.shape) < 0.3] = 0
    scores = X @ np.array([1.0, -0.5, 0.5, 0.2])
    real = scores + 0.5 * rng.normal(size=N_SAMPLES) + 1
    targets = dict.fromkeys(LOSSES, real) | {
        "poisson": rng.poisson(np.exp(scores / 2)).astype(float),
        "gamma": rng.gamma(2, np.exp(scores / 2)),
        "tweedie": rng.gamma(2, np.exp(scores / 2)) * rng.poisson(1, N_SAMPLES),
        "inverse_gaussian": rng.wald(np.exp(scores / 2), 2),
        "logistic": (scores + rng.logistic(size=N_SAMPLES) > 0).astype(int),
        "softmax": (X @ rng.normal(size=(N_FEATURES, 3)) + rng.gumbel(size=(N_SAMPLES, 3))).argmax(
            axis=1
        ),
    }
    return X, targets, rng.integers(0, 4, N_SAMPLES).astype(float)


def fit(solver, loss, penalty, storage, weighting, **params):
    X, targets, weight = problem()
    X = sp.csr_array(X) if storage == "csr" else X
    kinds = {"logistic": GDLogisticClassifier, "softmax": GDSoftmaxClassifier}
    own = {} if loss in kinds else {"loss": loss}
    estimator = kinds.get(loss, GDLinearRegressor)(
        solver=solver, penalty=PENALTIES[penalty], alpha=0.01, random_state=0, **own, **params
    )
    return estimator.fit(X, targets[loss], weight if weighting == "weighted" else None)


@cache
def start_and_optimum(loss, penalty, weighting):
    best = fit("auto", loss, penalty, "dense", weighting, tol=1e-10)
    assert best.converged_
    return best.loss_curve_[0], best.objective_


def check(solver, loss, penalty, storage, weighting):
    reasons = {TABLE[solver].losses[loss], TABLE[solver].penalties[penalty]} - {""}
    method = solver_of(solver)
    if reasons:
        assert all("use solver=" in reason for reason in reasons)
        with pytest.raises(ValueError, match="|".join(map(re.escape, reasons))):
            fit(method, loss, penalty, storage, weighting)
        return
    is_noisy = isinstance(method, MiniBatch) and not isinstance(method, VarianceReduced)
    crawls = loss in KINKED and solver in FIRST_ORDER
    start, optimum = start_and_optimum(loss, penalty, weighting)
    settings = {"tol": 1e-3 * (start - optimum) / optimum} if is_noisy else {"tol": 1e-8}
    if loss in KINKED and (is_noisy or crawls):
        settings["max_iter"] = 120
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = fit(method, loss, penalty, storage, weighting, **settings)
    warned = [w for w in caught if issubclass(w.category, ConvergenceWarning)]
    assert len(warned) == (not model.converged_)
    if model.converged_:
        assert model.optimality_ <= model.tol or model.stop_code_ == "precision"
    elif loss not in KINKED:
        # of a kinked loss, another stage may be left
        assert model.optimality_ > model.tol
    assert model.objective_ >= optimum - 1e-6 * abs(optimum)
    if is_noisy or crawls:
        assert start - model.objective_ >= 0.99 * (start - optimum)
    else:
        assert model.converged_


def pairwise_cover():
    """A row for each solver and loss; the other axes go round at paces that meet all pairs."""
    solver_names, loss_names, penalty_names, storages, weightings = AXES
    for i, j in itertools.product(range(len(solver_names)), range(len(loss_names))):
        yield (
            solver_names[i],
            loss_names[j],
            penalty_names[(i + j) % len(penalty_names)],
            storages[(i + j // 2) % 2],
            weightings[(i // 2 + j // 3) % 2],
        )


def test_the_cover_holds_every_pair():
    cover = list(pairwise_cover())
    for a, b in itertools.combinations(range(len(AXES)), 2):
        met = {(row[a], row[b]) for row in cover}
        assert met == set(itertools.product(AXES[a], AXES[b]))


def is_costly(row):
    """Of steps that all have one length, each bound of the gap is hundreds of them."""
    solver, loss, penalty, *_ = row
    return loss in KINKED and penalty == "slope" and not TABLE[solver].penalties[penalty]


def each_row():
    for row in pairwise_cover():
        yield pytest.param(row, marks=[pytest.mark.exhaustive] * is_costly(row), id="-".join(row))


@pytest.mark.parametrize("row", list(each_row()))
def test_a_row_of_the_cover_is_refused_or_fitted(row):
    check(*row)


each_solver_and_loss = pytest.mark.parametrize(
    ("solver", "loss"), list(itertools.product(*AXES[:2])), ids=lambda name: name
)


def each_triple():
    """Many passes of few rows each, or stages that each take as long as a smooth loss."""
    for solver, loss in itertools.product(*AXES[:2]):
        takes_long = isinstance(solver_of(solver), MiniBatch) or loss in KINKED
        marks = [pytest.mark.slow, *[pytest.mark.exhaustive] * takes_long]
        yield pytest.param(solver, loss, marks=marks, id=f"{solver}-{loss}")


@pytest.mark.parametrize(("solver", "loss"), list(each_triple()))
def test_every_penalty_is_refused_or_fitted(solver, loss):
    i, j = AXES[0].index(solver), AXES[1].index(loss)
    settings = list(itertools.product(*AXES[3:]))
    for k, penalty in enumerate(PENALTIES):
        check(solver, loss, penalty, *settings[(i + j + k) % len(settings)])


@pytest.mark.slow
@pytest.mark.exhaustive
@each_solver_and_loss
def test_the_full_product_is_refused_or_fitted(solver, loss):
    for rest in itertools.product(*AXES[2:]):
        check(solver, loss, *rest)


def test_the_documented_table_is_the_generated_one():
    document = Path(__file__).parents[1] / "docs" / "user_guide" / "solvers.md"
    if not document.exists():
        pytest.skip("the documentation is only in a checkout")
    assert to_markdown(TABLE) in document.read_text(encoding="utf-8")
