"""The laws of the estimators, over rows of any shape, scale, weight, precision and storage."""

import copy
import itertools
import pickle
import time
import warnings
from dataclasses import dataclass

import numpy as np
import pytest
from common import (
    CASES,
    LABELLED,
    LINEAR_CASES,
    NEED_MEMORY,
    PARAMS_OF,
    REGISTRY,
    REGRESSORS,
    build,
    coefficients,
    plain_losses,
    plain_objective,
    raw,
    supports,
)
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import entr
from sklearn.exceptions import ConvergenceWarning
from strategies import SAME_BITS, STORAGES, make_problem, problems, read_only

from sklearn_gd import GDLinearRegressor
from sklearn_gd.losses import SquaredError
from sklearn_gd.schedules import SCHEDULES

LINEAR = tuple(LINEAR_CASES)
REGRESSION = tuple(name for name in LINEAR if CASES[name].estimator in REGRESSORS)
ONE_LABEL = tuple(name for name in LABELLED if name in LINEAR_CASES)
SOLVERS = tuple(REGISTRY)
RESUMABLE = tuple(name for name, solver in REGISTRY.items() if solver.resumable)
# Their steps are as small as the gradient; the others make full steps of rounding errors too.
PROPORTIONAL = ("sgd", "momentum", "nesterov", "svrg", "saga")
# Without a penalty, classes that can be separated have no optimum.
ALPHAS = st.sampled_from([1e-4, 1e-2, 1.0])
DOUBLE = {"dtypes": (np.float64,)}
STEPS = {"max_iter": 3, "tol": 0}
EXACT = {"tol": 1e-11, "max_iter": 100}

any_solver = pytest.mark.parametrize("solver", SOLVERS)
resumable_solver = pytest.mark.parametrize("solver", RESUMABLE)


def examples(number):
    return settings(derandomize=True, deadline=None, max_examples=number)


def fitted(problem, solver="auto", *, without_warning=False, **params):
    """The estimator of a problem, fitted to it."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if not without_warning:
            warnings.simplefilter("ignore", ConvergenceWarning)
        return build(problem.case, solver, **params).fit(*problem.rows)


def pickled(model):
    return pickle.loads(pickle.dumps(model))


def weight_of(problem):
    return np.ones(len(problem.y)) if problem.weight is None else problem.weight


def of_best_constant(problem):
    """The objective of the best prediction that does not look at X."""
    y, weight = problem.y, weight_of(problem)
    if CASES[problem.case].estimator in REGRESSORS:
        deviation = y - np.average(y, axis=0, weights=weight)
        return np.average(deviation**2, axis=0, weights=weight).sum() / 2
    if problem.case in ("one-vs-rest", "softmax", "modified-huber"):
        y = y[:, np.newaxis] == np.arange(3)
    p = np.average(y, axis=0, weights=weight)
    if problem.case == "softmax":
        return entr(p).sum()
    if problem.case == "modified-huber":
        return (4 * p * (1 - p)).sum()
    return (entr(p) + entr(1 - p)).sum()


def rounding_of_raw(problem, *models):
    """How exactly raw predictions are known: they are sums of large terms that cancel."""
    size = max(
        np.max(abs(problem.X) @ np.abs(np.atleast_2d(model.coef_)).T + np.abs(model.intercept_))
        for model in models
    )
    return 10 * np.finfo(problem.X.dtype).eps * (size + np.abs(problem.y).max())


def rounding_of(problem, *models):
    """How exactly the objective is known."""
    error = rounding_of_raw(problem, *models)
    return error * (error + np.sqrt(of_best_constant(problem)))


# Law 3: weights are copies.


@examples(40)
@given(problems(LINEAR, weights=("whole",)), st.sampled_from(("auto", *SOLVERS)))
def test_zero_weight_is_a_row_removed_bit_for_bit(problem, solver):
    X, y, weight = problem.rows
    keep = weight > 0
    removed = problem._replace(X=X[keep], y=y[keep], weight=weight[keep])
    assert_array_equal(
        coefficients(fitted(problem, solver, **STEPS)),
        coefficients(fitted(removed, solver, **STEPS)),
    )


@examples(30)
@given(problems(LINEAR, weights=("whole",), **DOUBLE), ALPHAS)
def test_whole_weights_are_copies_of_rows(problem, alpha):
    copies = np.repeat(np.arange(len(problem.y)), problem.weight.astype(int))
    repeated = problem._replace(X=problem.X[copies], y=problem.y[copies], weight=None)
    assert_same_optimum(
        problem,
        fitted(problem, alpha=alpha, **EXACT),
        fitted(repeated, alpha=alpha, **EXACT),
    )


def assert_same_optimum(problem, first, second):
    """Of two models, each at most ``tol`` of its objective above the optimum."""
    assert first.converged_
    assert second.converged_
    objectives = [plain_objective(model, *problem.rows) for model in (first, second)]
    scale = max(*objectives, 1e-3 * of_best_constant(problem))
    atol = EXACT["tol"] * scale + rounding_of(problem, first, second)
    assert_allclose(*objectives, rtol=0, atol=atol)


@examples(40)
@given(problems(LINEAR, weights=("none",)), st.sampled_from(("auto", *SOLVERS)))
def test_weights_of_one_are_no_weights_bit_for_bit(problem, solver):
    ones = problem._replace(weight=np.ones(len(problem.y)))
    assert_array_equal(
        coefficients(fitted(ones, solver, **STEPS)),
        coefficients(fitted(problem, solver, **STEPS)),
    )


@examples(30)
@given(
    problems(ONE_LABEL),
    st.sampled_from(("auto", *SOLVERS)),
    st.lists(st.sampled_from([0.25, 0.5, 1.0, 3.0]), min_size=3, max_size=3),
)
def test_class_weight_is_a_weight_of_rows_bit_for_bit(problem, solver, factors):
    by_label = dict(enumerate(factors[: problem.y.max() + 1]))
    by_row = problem._replace(weight=weight_of(problem) * np.array(factors)[problem.y])
    assert_array_equal(
        coefficients(fitted(problem, solver, class_weight=by_label, **STEPS)),
        coefficients(fitted(by_row, solver, **STEPS)),
    )


# Law 5: one result for every storage.


@pytest.mark.parametrize("storage", SAME_BITS)
@examples(20)
@given(problems(LINEAR), st.sampled_from(("auto", *SOLVERS)))
def test_the_same_numbers_give_the_same_bits(storage, problem, solver):
    stored = problem._replace(X=SAME_BITS[storage](problem.X))
    assert_array_equal(
        coefficients(fitted(stored, solver, **STEPS)),
        coefficients(fitted(problem, solver, **STEPS)),
    )


@pytest.mark.parametrize("storage", [name for name in STORAGES if name not in SAME_BITS])
@examples(20)
@given(problems(LINEAR, **DOUBLE), ALPHAS)
def test_storage_does_not_move_the_optimum(storage, problem, alpha):
    stored = problem._replace(X=STORAGES[storage](problem.X))
    first, second = (fitted(rows, alpha=alpha, **EXACT) for rows in (problem, stored))
    assert_same_optimum(problem, first, second)
    atol = rounding_of_raw(problem, first)
    assert_allclose(raw(first, stored.X), raw(first, problem.X), rtol=0, atol=atol)


@pytest.mark.parametrize("storage", [name for name in STORAGES if name not in SAME_BITS])
@examples(20)
@given(problems(LINEAR, **DOUBLE), st.sampled_from(PROPORTIONAL))
def test_storage_does_not_move_the_steps_of_stochastic_solvers(storage, problem, solver):
    stored = problem._replace(X=STORAGES[storage](problem.X))
    params = STEPS | {"shuffle": False, "batch_size": 8}
    dense, other = (raw(fitted(rows, solver, **params), rows.X) for rows in (problem, stored))
    # beside the target, as a prediction of zero is only rounding
    unit = max(np.abs(dense).max(), np.abs(problem.y).max())
    assert_allclose(other, dense, rtol=0, atol=1e-9 * unit)


# Law 6: a solver that can go on does so as if it had never stopped.


# Where a bare "cosine" ends, max_iter says, which the three ways of going k passes do not share.
ENDLESS = [name for name in SCHEDULES if name != "cosine"]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@resumable_solver
@examples(12)
@given(
    data=st.data(),
    n_passes=st.integers(1, 4),
    method=st.fixed_dictionaries(
        {
            "learning_rate": st.sampled_from(["auto", 1e-3, *ENDLESS]),
            "batch_size": st.sampled_from(["auto", 1, 7]),
            "shuffle": st.booleans(),
            "average": st.booleans(),
        }
    ),
    copied=st.sampled_from([copy.deepcopy, pickled]),
)
def test_fit_is_partial_fits_is_warm_fits_bit_for_bit(solver, data, n_passes, method, copied):
    cases = tuple(case for case in CASES if supports(CASES[case].estimator, solver))
    problem = data.draw(problems(cases, max_exponent=2, max_target_exponent=2))
    X, y, weight = problem.rows
    whole = fitted(problem, solver, max_iter=n_passes, tol=0, **method)
    warm = build(problem.case, solver, max_iter=1, tol=0, warm_start=True, **method)
    partial = build(problem.case, solver, tol=0, **method)
    classes = {} if isinstance(partial, REGRESSORS) else {"classes": whole.classes_}
    for _ in range(n_passes):
        warm = copied(warm).fit(X, y, weight)
        partial = copied(partial).partial_fit(X, y, sample_weight=weight, **classes)
    assert_array_equal(coefficients(partial), coefficients(warm))
    assert whole.t_ == warm.t_ == partial.t_
    # law 8 comes first: a fit returns nothing above its start, but knows where it stands
    if warm.objective_ <= whole.loss_curve_[0]:
        assert_array_equal(coefficients(whole), coefficients(warm))
    for model in (whole, warm, partial):
        model.partial_fit(X, y, sample_weight=weight)
    assert_array_equal(coefficients(whole), coefficients(warm))
    assert_array_equal(coefficients(partial), coefficients(warm))


# Law 7: units.


@pytest.mark.parametrize(
    ("solver", "penalty"),
    [(name, "l2") for name in ("auto", "lbfgs", "newton-cg", "gd-curvature")] + [("auto", "l1")],
)
@examples(20)
@given(
    problem=problems(LINEAR, **DOUBLE),
    powers=st.lists(st.integers(-20, 20), min_size=8, max_size=8),
    n_iter=st.integers(1, 5),
)
def test_units_of_features_do_not_change_the_path_bit_for_bit(
    solver, penalty, problem, powers, n_iter
):
    """Powers of two, which round nothing. A penalty is one of standardised coefficients, and absent
    where a column is constant, as those are not standardised.
    """
    units = 2.0 ** np.array(powers[: problem.X.shape[1]])
    varies = np.ptp(problem.X[weight_of(problem) > 0], axis=0).all()
    params = {"alpha": 0.01 if varies else 0.0, "standardize": True, "penalty": penalty}
    params |= {"max_iter": n_iter, "tol": 0}
    model = fitted(problem, solver, **params)
    other = fitted(problem._replace(X=problem.X * units), solver, **params)
    assert_array_equal(other.coef_ * units, model.coef_)
    assert_array_equal(other.intercept_, model.intercept_)
    assert other.loss_curve_ == model.loss_curve_


@pytest.mark.parametrize("solver", ["auto", "gd", "agd", "lbfgs", "newton-cg", "gd-curvature"])
@examples(20)
@given(problem=problems(REGRESSION, **DOUBLE), power=st.integers(-60, 60), alpha=ALPHAS)
def test_units_of_the_target_are_those_of_the_coefficients_bit_for_bit(
    solver, problem, power, alpha
):
    unit = 2.0**power
    params = {"alpha": alpha, "max_iter": 100}
    model = fitted(problem, solver, **params)
    other = fitted(problem._replace(y=problem.y * unit), solver, **params)
    assert_array_equal(coefficients(other), coefficients(model) * unit)
    assert other.n_iter_ == model.n_iter_


@pytest.mark.parametrize("solver", ["auto", "lbfgs", "newton-cg", "gd-curvature"])
@examples(20)
@given(
    problem=problems(REGRESSION, max_target_exponent=0, **DOUBLE),
    shift=st.floats(-1e3, 1e3),
    alpha=ALPHAS,
)
def test_shift_of_the_target_moves_only_the_intercept(solver, problem, shift, alpha):
    shifted = problem._replace(y=problem.y + shift)
    model, other = (fitted(rows, solver, alpha=alpha, **EXACT) for rows in (problem, shifted))
    model.intercept_ = model.intercept_ + shift
    assert_same_optimum(shifted, model, other)


# Law 8: as low as it says.


@any_solver
@examples(15)
@given(problem=problems(LINEAR), alpha=ALPHAS)
def test_fit_ends_below_the_best_constant_and_says_whether_it_converged(solver, problem, alpha):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = build(problem.case, solver, alpha=alpha, max_iter=20).fit(*problem.rows)
    expected = [] if model.converged_ else [ConvergenceWarning]
    assert [warning.category for warning in caught] == expected
    assert np.isfinite(coefficients(model)).all()
    assert np.isfinite(raw(model, problem.X)).all()
    assert model.objective_ <= of_best_constant(problem) + rounding_of(problem, model)


# the optimum of the same penalty: tests/solvers/test_working_set.py compares those with kinks
@pytest.mark.parametrize("solver", [name for name in SOLVERS if name not in PARAMS_OF])
@examples(10)
@given(problem=problems(LINEAR, **DOUBLE), alpha=ALPHAS)
def test_solver_that_says_it_converged_is_at_the_optimum(solver, problem, alpha):
    """The default always does, in any units and soon; and no other solver ends below it."""
    default = fitted(problem, alpha=alpha, max_iter=100, without_warning=True)
    other = fitted(problem, solver, alpha=alpha, max_iter=20)
    optimum, end = (plain_objective(model, *problem.rows) for model in (default, other))
    constant = of_best_constant(problem)
    gap = default.tol * max(optimum, 1e-3 * constant) + rounding_of(problem, default, other)
    assert optimum <= end + gap
    assert not other.converged_ or end <= optimum + gap
    assert_allclose(other.objective_, end, rtol=1e-12, atol=rounding_of(problem, other))


def test_softmax_of_very_uneven_weights_converges_in_few_iterations():
    problem = make_problem("softmax", 9, (3, 0, 0, 2, 3, 0), weight="uneven")
    fitted(problem, alpha=0.01, max_iter=100, without_warning=True)


# Law 9: the validation score.


@examples(25)
@given(data=st.data(), solver=st.sampled_from(("auto", *SOLVERS)))
def test_score_of_given_validation_rows_can_be_recomputed(data, solver):
    case = data.draw(st.sampled_from(LINEAR))
    problem = data.draw(problems([case], **DOUBLE))
    d = problem.X.shape[1]
    other = data.draw(problems([case], **DOUBLE).filter(lambda other: other.X.shape[1] >= d))
    X_val = other.X[:, :d]
    model = build(case, solver, early_stopping=True, max_iter=10)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        # they are drawn with units of their own
        warnings.filterwarnings("ignore", ".* columns of X_val lie far from those of X")
        model.fit(*problem.rows, X_val=X_val, y_val=other.y, sample_weight_val=other.weight)
    mine = -np.average(plain_losses(model, X_val, other.y), weights=other.weight)
    assert_allclose(model.best_validation_score_, mine, rtol=1e-9)
    assert model.best_validation_score_ == max(model.validation_scores_)


class Recorder:
    """Minus the weighted mean loss as a scorer that keeps the rows it was given."""

    def __call__(self, model, X, y, sample_weight=None):
        self.rows = X, y, sample_weight
        return -np.average(plain_losses(model, X, y), weights=sample_weight)


@examples(25)
@given(
    problems(LINEAR, min_samples=8, **DOUBLE),
    st.sampled_from(("auto", *SOLVERS)),
    st.sampled_from([0.1, 0.3, 0.6]),
)
def test_score_of_rows_held_out_can_be_recomputed(problem, solver, fraction):
    recorder = Recorder()
    params = {"early_stopping": True, "validation_fraction": fraction, "max_iter": 10}
    model = fitted(problem, solver, **params)
    scored = fitted(problem, solver, scoring=recorder, **params)
    assert_allclose(model.validation_scores_, scored.validation_scores_, rtol=1e-9)
    assert_allclose(model.best_validation_score_, recorder(model, *recorder.rows), rtol=1e-9)
    held_out = {row.tobytes() for row in recorder.rows[0]}
    assert held_out <= {row.tobytes() for row in problem.X}


# Law 10: the same bits, and nothing is written to.


@any_solver
@examples(8)
@given(
    problem=problems(LINEAR),
    storage=st.sampled_from(sorted(STORAGES)),
    seed=st.integers(0, 2**32 - 1),
)
def test_same_seed_gives_same_bits_and_nothing_is_written_to(solver, problem, storage, seed):
    assume(storage != "memmap" or solver not in NEED_MEMORY)
    X = read_only(STORAGES[storage](problem.X))
    weight = None if problem.weight is None else read_only(problem.weight)
    frozen = problem._replace(X=X, y=read_only(problem.y), weight=weight)
    params = {"max_iter": 3, "tol": 0, "random_state": seed}
    first, second = fitted(frozen, solver, **params), fitted(frozen, solver, **params)
    assert_array_equal(coefficients(first), coefficients(second))
    assert first.loss_curve_ == second.loss_curve_
    before = pickle.dumps(vars(first))
    first.predict(X)
    assert pickle.dumps(vars(first)) == before


# Law 11: an exact zero is 0.0.


def slopes(model, problem):
    """Derivatives of the mean squared error in the coefficients, shaped like ``coef_``."""
    weight = weight_of(problem)
    error = raw(model, problem.X) - np.reshape(problem.y, (len(weight), -1))
    return (weight[:, np.newaxis] * error).T @ problem.X / weight.sum()


@pytest.mark.parametrize("solver", ["auto", "gd-curvature", "agd"])
@examples(20)
@given(problem=problems(REGRESSION, **DOUBLE), share=st.sampled_from([0.01, 0.3, 0.9]))
def test_coefficients_that_l1_holds_at_zero_are_zero(solver, problem, share):
    # beside an intercept, the coefficient of a constant column costs no more than rounding errors
    assume(np.ptp(problem.X[weight_of(problem) > 0], axis=0).all())
    nothing = fitted(problem, solver, penalty="l1", alpha=1e300)
    assert not nothing.coef_.any()
    rounding = 1e-14 * np.abs(problem.X).max() * np.abs(problem.y).max()
    alpha = share * np.abs(slopes(nothing, problem)).max() + rounding
    model = fitted(problem, solver, penalty="l1", alpha=alpha, **EXACT)
    assert model.converged_ or solver == "agd"
    if model.converged_:
        is_held = np.abs(slopes(model, problem)) < 0.999 * alpha
        assert not np.atleast_2d(model.coef_)[is_held].any()


# Law 13: a certificate is true.


@pytest.mark.parametrize("penalty", ["l2", "l1", "elasticnet"])
@settings(examples(12), phases=[Phase.explicit, Phase.generate])
@given(
    problem=problems(LINEAR, **DOUBLE),
    alpha=ALPHAS,
    solver=st.sampled_from(("auto", "agd", "gd-curvature", "adam", "svrg")),
    tol=st.sampled_from([1e-2, 1e-4, 1e-8]),
)
def test_no_fit_lies_further_than_tol_below_a_converged_one(penalty, problem, alpha, solver, tol):
    params = {"alpha": alpha, "penalty": penalty}
    model = fitted(problem, solver, max_iter=50, tol=tol, **params)
    best = fitted(problem, max_iter=300, tol=1e-13, **params)
    assert np.isnan(model.optimality_) or 0 <= model.optimality_ <= 1
    if not model.converged_:
        return
    if model.stop_code_ == "converged":
        assert model.optimality_ <= tol
    unit = max(model.objective_, 1e-3 * of_best_constant(problem))
    # the estimate itself may be a little low: second derivatives change on the way to the optimum
    gap = tol * unit + rounding_of(problem, model, best)
    assert model.objective_ - best.objective_ <= gap


# Early ends: an interrupt keeps what there is, and max_time counts seconds.


@dataclass(kw_only=True, eq=False, repr=False)
class InterruptedLoss(SquaredError):
    """Squared error; somebody presses Ctrl-C while it is used for the ``at``-th time.

    Or something else goes wrong.
    """

    at: int
    uses: list
    error: type = KeyboardInterrupt

    def value_and_gradient(self, y, raw):
        self.uses.append(len(y))
        if len(self.uses) == self.at:
            raise self.error
        return super().value_and_gradient(y, raw)


# The recipe first measures the start, and that of a network the unit of the loss: nothing is there
# to be kept until it hands over to a solver.
USES_BEFORE_THE_SOLVER = {"regression": 2, "mlp-two-targets": 3}
INTERRUPTED = [
    *(("regression", solver) for solver in ("auto", *SOLVERS)),
    ("mlp-two-targets", "adam"),
    ("mlp-two-targets", "lbfgs"),
]


@pytest.mark.parametrize(("case", "solver"), INTERRUPTED)
def test_interrupt_at_any_moment_keeps_a_model_that_can_be_used_and_fitted_again(case, solver):
    problem = make_problem(case, 30, (0, 1, -1))

    def build_interrupted(at):
        with_batches = {"batch_size": 10} if solver in RESUMABLE else {}
        loss = InterruptedLoss(at=at, uses=[])
        return build(case, solver, loss=loss, max_iter=4, tol=0, **with_batches)

    complete = build_interrupted(at=0).fit(*problem.rows)
    for at in range(1, len(complete.loss.uses) + 1):
        model = build_interrupted(at)
        before = dict(vars(model))
        with pytest.raises(KeyboardInterrupt):
            model.fit(*problem.rows)
        if at <= USES_BEFORE_THE_SOLVER[case]:
            assert vars(model) == before
            continue
        assert model.stop_reason_.startswith("interrupted")
        assert not model.converged_
        assert np.isfinite(model.predict(problem.X)).all()
        assert model.objective_ <= max(model.loss_curve_, default=np.inf)
        assert_array_equal(coefficients(model.fit(*problem.rows)), coefficients(complete))


@pytest.mark.parametrize(("case", "solver"), INTERRUPTED)
def test_a_pass_without_memory_leaves_the_estimator_as_it_was(case, solver):
    problem = make_problem(case, 30, (0, 1, -1))
    settings = {"max_iter": 4, "tol": 0} | ({"batch_size": 10} if solver in RESUMABLE else {})
    model = build(case, solver, **settings).fit(*problem.rows)
    before, expected = dict(vars(model)), model.predict(problem.X)
    whole = InterruptedLoss(at=0, uses=[])
    n_uses = len(build(case, solver, loss=whole, **settings).fit(*problem.rows).loss.uses)
    for at in {1, n_uses // 2, n_uses}:
        model.set_params(loss=InterruptedLoss(at=at, uses=[], error=MemoryError))
        with pytest.raises(MemoryError):
            model.fit(*problem.rows)
        model.set_params(loss=before["loss"])
        assert vars(model) == before
        assert_array_equal(model.predict(problem.X), expected)


@dataclass(kw_only=True, eq=False, repr=False)
class SlowLoss(SquaredError):
    def value_and_gradient(self, y, raw):
        time.sleep(0.004)
        return super().value_and_gradient(y, raw)


@pytest.mark.parametrize(("case", "solver"), INTERRUPTED)
def test_max_time_is_in_seconds_and_named_as_the_reason(case, solver):
    problem = make_problem(case, 30, (0, 1, -1))
    began = time.perf_counter()
    model = fitted(problem, solver, loss=SlowLoss(), max_time=0.02, tol=0)
    seconds = model.history_["seconds"]
    assert model.stop_reason_.startswith("stopped after max_time=0.02 seconds")
    assert 0.02 <= seconds[-1] <= time.perf_counter() - began


@pytest.mark.parametrize("max_time", [4, 40, 100])
def test_max_time_is_that_of_all_stages_of_a_loss_with_kinks(max_time, monkeypatch):
    problem = make_problem("regression", 30, (0, 1, -1))
    clock = itertools.count()
    monkeypatch.setattr(time, "perf_counter", lambda: float(next(clock)))
    with pytest.warns(ConvergenceWarning, match=f"max_time={max_time} seconds"):
        model = GDLinearRegressor(loss="absolute_error", max_time=max_time).fit(*problem.rows)
    seconds = model.history_["seconds"]
    assert model.stop_reason_ == f"stopped after max_time={max_time} seconds"
    assert seconds == sorted(seconds)
    assert model.history_["passes"] == sorted(model.history_["passes"])
    # the clock is read once to decide and once to record
    assert seconds[-2] <= max_time <= seconds[-1]


@examples(20)
@given(
    problems(("regression",), max_exponent=2, max_target_exponent=2, **DOUBLE),
    st.integers(1, 100),
)
def test_loss_with_kinks_does_not_claim_an_optimum_that_max_iter_cut_off(problem, max_iter):
    def objective(model):
        loss = np.abs(model.predict(problem.X) - problem.y)
        return np.average(loss, weights=problem.weight) + model.alpha * np.sum(model.coef_**2) / 2

    complete = fitted(problem, loss="absolute_error")
    model = fitted(problem, loss="absolute_error", max_iter=max_iter)
    assert model.n_iter_ <= max_iter
    if model.converged_:
        # the last envelope is 1e-6 of the spread of y wide, and below the loss by half of that
        assert objective(model) <= objective(complete) + 1e-6 * problem.y.std()
    else:
        assert model.n_iter_ == max_iter or "max_iter" not in model.stop_reason_


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("solver", RESUMABLE)
def test_a_mad_learning_rate_is_tamed_in_partial_fit_as_in_fit(solver):
    problem = make_problem("regression", 60, (0, 0, 0))
    params = {"learning_rate": 30.0, "tol": 0}
    whole = fitted(problem, solver, max_iter=20, **params)
    partial = build("regression", solver, **params)
    for _ in range(20):
        partial.partial_fit(problem.X, problem.y)
    assert partial.objective_ <= 10 * whole.loss_curve_[0]


def test_cosine_of_partial_fit_is_as_long_as_max_iter_says():
    problem = make_problem("regression", 60, (0, 0, 0))
    params = {"learning_rate": "cosine", "max_iter": 20, "tol": 0}
    whole = fitted(problem, "sgd", **params)
    partial = build("regression", "sgd", **params)
    for _ in range(20):
        partial.partial_fit(problem.X, problem.y)
    assert_array_equal(coefficients(partial), coefficients(whole))
