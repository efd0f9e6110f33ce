"""What every solver promises, whatever it does on the way: one table, one law a test."""

import pickle
import re
from dataclasses import dataclass, field

import numpy as np
import pytest
from sklearn.base import clone

from sklearn_gd._validation import InvalidParameterError
from sklearn_gd.data import ArraySource
from sklearn_gd.losses import Logistic, SquaredError
from sklearn_gd.models import MLP, Linear
from sklearn_gd.models.activations import Tanh
from sklearn_gd.objective import EmpiricalRisk
from sklearn_gd.penalties import L1, L2
from sklearn_gd.schedules import InverseScaling
from sklearn_gd.solvers import (
    LBFGS,
    SAGA,
    SGD,
    SOLVERS,
    SVRG,
    AcceleratedGradientDescent,
    Adadelta,
    Adagrad,
    Adam,
    AdaMax,
    AdamW,
    AMSGrad,
    GradientDescent,
    Momentum,
    Nadam,
    Nesterov,
    NewtonCG,
    NormalizedAdagrad,
    ProximalNewtonCG,
    RMSprop,
    Run,
    Scipy,
    WorkingSet,
)

# A new solver is a new row of one of these tables.
FUNCTION_SOLVERS = {
    "gd": GradientDescent(),
    "agd": AcceleratedGradientDescent(),
    "lbfgs": LBFGS(),
    "lbfgs-plain": LBFGS(metric=None),
    "scipy": Scipy(),
}
RULES = {
    "sgd": SGD(),
    "momentum": Momentum(),
    "nesterov": Nesterov(),
    "adagrad": Adagrad(),
    "adadelta": Adadelta(),
    "rmsprop": RMSprop(),
    "adam": Adam(),
    "adamax": AdaMax(),
    "nadam": Nadam(),
    "amsgrad": AMSGrad(),
    "adamw": AdamW(weight_decay=0),
    "svrg": SVRG(),
}
NETWORK_SOLVERS = FUNCTION_SOLVERS | RULES
RULES_OF_LINEAR_MODELS = {"normalized-adagrad": NormalizedAdagrad(), "saga": SAGA()}
STOCHASTIC = RULES | RULES_OF_LINEAR_MODELS
ROW_SOLVERS = NETWORK_SOLVERS | {
    "gd-curvature": GradientDescent(metric="curvature"),
    "newton-cg": NewtonCG(),
    "proximal-newton-cg": ProximalNewtonCG(),
    "working-set": WorkingSet(),
    **RULES_OF_LINEAR_MODELS,
}
# Rates by which rules come close to an optimum soon; the others do so by their own.
RATES = {"adagrad": 0.3, "adadelta": 10.0, "rmsprop": 0.01, "amsgrad": 0.02}
RATES |= dict.fromkeys(["adam", "adamax", "nadam", "adamw"], 0.02)
ROUNDING = 1e-12


def each(table):
    return pytest.mark.parametrize("name", table)


def bowl(params):
    """A quadratic with curvatures 1 and 10, its least value 1 at (3, -2)."""
    gap = np.asarray(params, dtype=float) - [3, -2]
    slope = np.array([1.0, 10.0]) * gap
    return 1 + gap @ slope / 2, slope


def logistic_risk(loss=None, n_samples=40):
    """Noisy labels of two features, so that no plane separates them."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_samples, 2))
    y = (X @ [1.0, -2.0] + rng.logistic(size=n_samples) > 0)[:, np.newaxis].astype(float)
    source = ArraySource(X, y)
    return EmpiricalRisk(Linear(2, 1), loss or Logistic(), L2(), 0.01, source, reference=np.log(2))


def sparse_risk(loss=None, n_samples=40):
    """The same with a penalty that has a kink."""
    risk = logistic_risk(loss, n_samples)
    return EmpiricalRisk(risk.model, risk.loss, L1(), 0.01, risk.source, reference=np.log(2))


# Solvers that take only some objectives of linear models.
RISKS = {"working-set": sparse_risk}


def linear_risk(name, loss=None):
    return RISKS.get(name, logistic_risk)(loss)


def network_risk(loss=None, n_samples=40):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(n_samples, 2))
    y = np.sin(2 * X[:, :1]) + 0.1 * rng.normal(size=(n_samples, 1))
    source = ArraySource(X, y)
    return EmpiricalRisk(MLP((2, 4, 1), Tanh()), loss or SquaredError(), L2(), 1e-3, source)


def start_of(risk):
    return risk.model.init(np.random.default_rng(2), np.dtype(float))


def settings(**changes):
    """A run with small batches, so that a stochastic pass has several updates."""
    return Run(**({"batch_size": 10, "rng": np.random.default_rng(3)} | changes))


def each_case(*, without=()):
    """Every solver on every kind of objective that it takes."""
    cases = [(name, RISKS.get(name, logistic_risk)) for name in ROW_SOLVERS]
    cases += [(name, network_risk) for name in NETWORK_SOLVERS]
    rows = [
        pytest.param(name, make, id=f"{name}-{make.__name__}")
        for name, make in cases
        if name not in without
    ]
    return pytest.mark.parametrize(("name", "make"), rows)


def test_every_named_solver_is_in_the_table():
    assert {type(solver) for solver in ROW_SOLVERS.values()} == set(SOLVERS.values())


@each(ROW_SOLVERS)
def test_a_solver_works_alone(name):
    """Without an estimator, and nothing said about the run or the best constant."""
    risk = linear_risk(name)
    risk.reference = 0.0
    result = ROW_SOLVERS[name].minimize(risk, np.zeros(3))
    assert result.value < risk.value(np.zeros(3))


# Any function params -> (value, gradient): MATH row 17.


def test_one_parameter_descends_as_by_hand():
    """J(w) = (w - 3)^2 from w = 0 at rate 0.1: each step keeps 0.8 of the distance to 3."""
    path = []
    run = Run(
        learning_rate=0.1,
        max_iter=3,
        tol=0,
        callback=lambda progress: path.append(progress.params.item()),
    )
    result = GradientDescent().minimize(lambda w: ((w.item() - 3) ** 2, 2 * (w - 3)), [0.0], run)
    np.testing.assert_allclose(path, [0, 0.6, 1.08, 1.464], rtol=1e-15)
    np.testing.assert_allclose(result.params, [1.464], rtol=1e-15)
    np.testing.assert_allclose(result.value, 1.536**2, rtol=1e-14)
    np.testing.assert_allclose(result.history["step_size"][1:], 0.1)


def test_a_vector_descends_as_by_hand():
    """J = (w^2 + 10 b^2) / 2 from (4, 1) at rate 0.05: factors 0.95 and 0.5 a step."""
    scales = np.array([1.0, 10.0])
    run = Run(learning_rate=0.05, max_iter=2, tol=0)
    result = GradientDescent().minimize(lambda p: (p @ (scales * p) / 2, scales * p), [4, 1], run)
    np.testing.assert_allclose(result.params, [4 * 0.95**2, 0.25], rtol=1e-15)


def test_a_schedule_sets_the_rate_of_each_step():
    """t0 / (t + t1) with t0 = 1, t1 = 2 is 1/2, 1/3, 1/4; on w^2 / 2 a step keeps 1 - rate."""
    run = Run(learning_rate=InverseScaling(t0=1, t1=2), max_iter=3, tol=0)
    result = GradientDescent().minimize(lambda w: (w @ w / 2, w), np.array([8.0]), run)
    np.testing.assert_allclose(result.params, [8 * 1 / 2 * 2 / 3 * 3 / 4], rtol=1e-15)
    np.testing.assert_allclose(result.history["step_size"][1:], [1 / 2, 1 / 3, 1 / 4])


@each(FUNCTION_SOLVERS)
def test_a_function_is_minimised(name):
    """The gap to the least value is at most L/mu = 10 times what a step of 1/(2 L) gains."""
    tol = 1e-12
    result = FUNCTION_SOLVERS[name].minimize(bowl, np.zeros(2), Run(tol=tol))
    assert result.converged
    assert result.value - 1 <= 20 * tol
    np.testing.assert_allclose(result.params, [3, -2], atol=np.sqrt(2 * 20 * tol))


@each(["lbfgs", "lbfgs-plain", "scipy"])
def test_a_curved_valley_is_followed_to_its_end(name):
    def rosenbrock(p):
        x, y = p
        gradient = np.array([-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)])
        return 1 + (1 - x) ** 2 + 100 * (y - x * x) ** 2, gradient

    result = FUNCTION_SOLVERS[name].minimize(rosenbrock, np.array([-1.2, 1.0]), Run(tol=1e-14))
    assert result.converged
    np.testing.assert_allclose(result.params, [1, 1], atol=1e-5)


# What goes in stays as it is.


@each_case()
def test_params_are_never_written_to(name, make):
    risk = make()
    start = start_of(risk)
    before = start.copy()
    start.flags.writeable = False
    ROW_SOLVERS[name].minimize(risk, start, settings(max_iter=3))
    np.testing.assert_array_equal(start, before)


@each(FUNCTION_SOLVERS)
def test_a_start_of_integers_is_not_rounded_to(name):
    from_int = FUNCTION_SOLVERS[name].minimize(bowl, [1, 1])
    from_float = FUNCTION_SOLVERS[name].minimize(bowl, [1.0, 1.0])
    np.testing.assert_array_equal(from_int.params, from_float.params)


@each_case()
def test_a_solver_keeps_nothing_of_a_run(name, make):
    solver = clone(ROW_SOLVERS[name])
    before = pickle.dumps(vars(solver))
    risk = make()
    first = solver.minimize(risk, start_of(risk), settings(max_iter=5))
    assert pickle.dumps(vars(solver)) == before
    for again in (solver, clone(solver), pickle.loads(pickle.dumps(solver))):
        second = again.minimize(make(), start_of(risk), settings(max_iter=5))
        np.testing.assert_array_equal(second.params, first.params)
        assert second.history["objective"] == first.history["objective"]


@pytest.mark.parametrize(
    ("solver", "field_name"),
    [
        (LBFGS(memory=0), "memory"),
        (LBFGS(metric="euclidean"), "metric"),
        (GradientDescent(metric="euclidean"), "metric"),
        (Adam(beta_1=1.0), "beta_1"),
        (Adam(beta_2=-0.1), "beta_2"),
        (Adam(epsilon=0), "epsilon"),
        (Scipy(method="newton"), "method"),
    ],
    ids=str,
)
def test_a_wrong_field_is_named_before_the_first_step(solver, field_name):
    with pytest.raises(InvalidParameterError, match=f"'{field_name}' parameter of"):
        solver.minimize(logistic_risk(), np.zeros(3))


# When a run ends, and what it says.


@each_case()
def test_max_iter_ends_the_run(name, make):
    risk = make()
    result = ROW_SOLVERS[name].minimize(risk, start_of(risk), settings(max_iter=2, tol=0))
    assert result.n_iter == 2
    assert not result.converged
    assert result.message == "stopped after max_iter=2 iterations"


@each_case(without=["scipy"])
def test_tol_zero_runs_exactly_max_iter(name, make):
    """Also past the optimum; SciPy's own limits of precision are not ours to lift."""
    risk = make()
    result = ROW_SOLVERS[name].minimize(risk, start_of(risk), settings(max_iter=60, tol=0))
    assert result.n_iter == 60
    assert not result.converged
    assert result.message == "stopped after max_iter=60 iterations"


@each_case()
def test_max_time_ends_the_run(name, make):
    risk = make()
    result = ROW_SOLVERS[name].minimize(risk, start_of(risk), settings(max_time=1e-12, tol=0))
    assert result.message == "stopped after max_time=1e-12 seconds"
    assert result.n_iter == 0
    assert not result.converged
    np.testing.assert_array_equal(result.params, start_of(risk))


@each_case()
def test_a_callback_sees_each_iteration_and_ends_the_run(name, make):
    seen = []

    def stop_after_three(progress):
        seen.append(progress.n_iter)
        return progress.n_iter == 3

    risk = make()
    run = settings(callback=stop_after_three, tol=0)
    result = ROW_SOLVERS[name].minimize(risk, start_of(risk), run)
    assert seen == [0, 1, 2, 3]
    assert result.n_iter == 3
    assert result.message == "stopped by a callback"


@pytest.mark.parametrize("name", [name for name in ROW_SOLVERS if name not in STOCHASTIC])
def test_a_callback_sees_the_objective_at_the_params(name):
    risk, seen = linear_risk(name), []
    run = settings(callback=lambda progress: seen.append((progress.params.copy(), progress.value)))
    ROW_SOLVERS[name].minimize(risk, start_of(risk), run)
    for params, value in seen:
        np.testing.assert_allclose(value, risk.value(params), rtol=ROUNDING)


@each(ROW_SOLVERS)
def test_converged_means_optimality_below_tol(name):
    risk = linear_risk(name)
    run = settings(tol=1e-3, max_iter=2000, learning_rate=RATES.get(name, "auto"))
    result = ROW_SOLVERS[name].minimize(risk, start_of(risk), run)
    assert result.converged
    assert result.optimality <= 1e-3
    assert re.fullmatch(
        r"converged: the objective is within \d\.\de[-+]\d\d \(relative\) of the optimum, "
        "tol=0.001",
        result.message,
    )


def test_a_tol_below_rounding_ends_at_the_limit_of_precision():
    result = LBFGS().minimize(logistic_risk(), np.zeros(3), Run(tol=1e-30))
    assert result.converged
    assert result.message == "converged to the limit of precision"


@each([name for name in NETWORK_SOLVERS if name != "scipy"])
def test_a_network_ends_on_a_plateau(name):
    """SciPy apart, which ends by its own rule."""
    risk = network_risk()
    run = settings(tol=1e-3, patience=4, max_iter=5000, learning_rate=RATES.get(name, "auto"))
    result = NETWORK_SOLVERS[name].minimize(risk, start_of(risk), run)
    assert result.converged
    assert result.message == (
        "converged: the objective fell by less than tol=0.001 of its initial value in 4 iterations"
    )


def test_scipys_own_verdict_is_passed_on():
    result = Scipy(method="BFGS").minimize(bowl, np.zeros(2))
    assert result.converged
    assert re.fullmatch(r"SciPy: Optimization terminated successfully\.?", result.message)


def uphill(params):
    """The gradient has the wrong sign: no step along the direction of descent can go down."""
    return 1 + params @ params, -2 * params


@each(FUNCTION_SOLVERS)
def test_a_gradient_that_is_wrong_is_no_convergence(name):
    result = FUNCTION_SOLVERS[name].minimize(uphill, np.ones(2))
    assert not result.converged
    np.testing.assert_array_equal(result.params, np.ones(2))


def test_a_gradient_that_is_wrong_is_suspected_aloud():
    assert LBFGS().minimize(uphill, np.ones(2)).message == (
        "stopped: no step along the direction of descent lowers the objective; "
        "either the precision of X is exhausted, or value and gradient of the loss do not agree"
    )


@pytest.mark.parametrize("start", [1.0, 10.0, 1e3])
@each(FUNCTION_SOLVERS)
def test_convergence_is_not_claimed_where_curvature_fades(name, start):
    """1 + w^4/4: near its minimum a step may be far longer than at the start, and must be tried.

    What the Newton decrement leaves is 1.5 of itself here; 100 times tol is generous.
    """
    tol = 1e-8
    result = FUNCTION_SOLVERS[name].minimize(
        lambda w: (1 + float(np.sum(w**4)) / 4, w**3),
        np.full(2, start),
        Run(tol=tol, max_iter=9000),
    )
    assert result.converged
    at_start = 1 + start**4 / 2
    assert result.value - 1 <= 100 * tol * max(result.value, 1e-3 * at_start)


# What comes out.


@each_case()
def test_the_value_of_the_result_is_the_objective_at_its_params(name, make):
    """Whether the run converged, met a plateau or ran out of iterations."""
    risk = make()
    for changes in ({"max_iter": 3}, {"max_iter": 300, "tol": 1e-3, "patience": 3}):
        run = settings(learning_rate=RATES.get(name, "auto"), **changes)
        result = ROW_SOLVERS[name].minimize(risk, start_of(risk), run)
        np.testing.assert_allclose(result.value, risk.value(result.params), rtol=ROUNDING)


@each_case()
def test_history_has_a_row_for_the_start_and_each_iteration(name, make):
    risk = make()
    run = settings(max_iter=6, learning_rate=RATES.get(name, "auto"))
    result = ROW_SOLVERS[name].minimize(risk, start_of(risk), run)
    assert set(result.history) == {
        *("objective", "optimality", "step_size", "passes", "rounds", "seconds")
    }
    assert {len(column) for column in result.history.values()} == {result.n_iter + 1}
    assert all(type(entry) is float for column in result.history.values() for entry in column)
    np.testing.assert_allclose(result.history["objective"][0], risk.value(start_of(risk)))
    assert (np.diff(result.history["passes"]) > 0).all()
    assert (np.diff(result.history["seconds"]) >= 0).all()


@pytest.mark.parametrize("verbose", [0, 1, 2, True])
@each_case()
def test_verbose_prints_a_line_every_so_many_iterations(name, make, verbose, capsys):
    risk = make()
    run = settings(max_iter=4, tol=0, verbose=verbose, learning_rate=RATES.get(name, "auto"))
    ROW_SOLVERS[name].minimize(risk, start_of(risk), run)
    lines = capsys.readouterr().out.splitlines()
    titles, *rows = [line.split() for line in lines] or [[]]
    assert titles[:3] == (["iteration", "passes", "objective"] if verbose else [])
    assert [int(row[0]) for row in rows] == (list(range(0, 5, verbose)) if verbose else [])
    assert len({len(line) for line in lines}) <= 1


@each_case()
def test_a_score_picks_the_best_iterate(name, make):
    """The score likes the third iterate best; patience then ends the run."""
    risk = make()
    ranking = iter([1.0, 2.0, 9.0, *range(8, -1000, -1)])
    shown = []

    def score(params):
        shown.append(params.copy())
        return next(ranking)

    run = settings(score=score, patience=4, tol=0, learning_rate=RATES.get(name, "auto"))
    result = ROW_SOLVERS[name].minimize(risk, start_of(risk), run)
    assert result.n_iter == 6
    assert result.message == "the validation score did not improve in 4 iterations"
    assert result.scores == [1, 2, 9, 8, 7, 6, 5]
    np.testing.assert_array_equal(result.params, shown[2])
    np.testing.assert_allclose(result.value, risk.value(result.params), rtol=ROUNDING)


# Interrupts.


def interrupted_at(call, function):
    """``function``, but its call number ``call`` is where the user presses Ctrl-C."""
    calls = []

    def wrapped(*args):
        calls.append(args)
        if len(calls) == call:
            raise KeyboardInterrupt
        return function(*args)

    return wrapped


@dataclass(kw_only=True, eq=False, repr=False)
class Interrupted(Logistic):
    """A loss in whose n-th evaluation the user presses Ctrl-C, once."""

    call: int
    calls: list = field(default_factory=list)

    def value(self, y, raw):
        return self.value_and_gradient(y, raw)[0]

    def value_and_gradient(self, y, raw):
        self.calls.append(len(y))
        if len(self.calls) == self.call:
            raise KeyboardInterrupt
        return super().value_and_gradient(y, raw)


@pytest.mark.parametrize("call", [1, 2, 3, 5])
@each(FUNCTION_SOLVERS)
def test_an_interrupt_in_a_function_keeps_the_best_params(name, call):
    run = Run(tol=0, learning_rate=0.05 if name == "gd" else "auto")
    result = FUNCTION_SOLVERS[name].minimize(interrupted_at(call, bowl), np.zeros(2), run)
    assert result.interrupted
    assert not result.converged
    assert re.fullmatch(r"interrupted after \d+ iterations", result.message)
    assert result.params.shape == (2,)
    np.testing.assert_allclose(result.value, bowl(result.params)[0], rtol=ROUNDING)
    assert result.value <= min([bowl(np.zeros(2))[0], *result.history["objective"]])


@pytest.mark.parametrize("calls", [[1], [2, 3], [4, 7, 11]], ids=["first", "early", "later"])
@each(ROW_SOLVERS)
def test_an_interrupt_among_rows_keeps_usable_params(name, calls):
    """Stochastic solvers are met in the middle of a pass."""
    start, plain = np.array([2.0, 3.0, -1.0]), linear_risk(name)
    for call in calls:
        run = settings(tol=0, learning_rate=RATES.get(name, "auto"))
        result = ROW_SOLVERS[name].minimize(linear_risk(name, Interrupted(call=call)), start, run)
        assert result.interrupted
        assert re.fullmatch(r"interrupted after \d+ iterations", result.message)
        assert result.params.shape == start.shape
        assert np.isfinite(result.params).all()
        np.testing.assert_allclose(result.value, plain.value(result.params), rtol=ROUNDING)
        assert result.value <= plain.value(start)


def test_other_errors_of_the_objective_are_not_swallowed():
    def broken(params):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        GradientDescent().minimize(broken, np.zeros(2))


# Numbers that are not finite.


def cliff(params):
    """Descends towards w = 1, and is NaN beyond w = 0.5."""
    if params[0] > 0.5:
        return np.nan, np.full_like(params, np.nan)
    return float(((params - 1) ** 2).sum()), 2 * (params - 1)


def wall(params):
    """The same, but infinite beyond w = 0.5."""
    value, gradient = cliff(params)
    return (np.inf, gradient) if np.isnan(value) else (value, gradient)


def undefined(params):
    return np.nan, np.full_like(params, np.nan)


def kink(params):
    """The length of params: its gradient is 0 / 0 at the start."""
    with np.errstate(invalid="ignore"):
        return float(np.linalg.norm(params)), params / np.linalg.norm(params)


def bottomless(params):
    with np.errstate(over="ignore"):
        return -float(np.sum(params**3)), -3 * params**2


@pytest.mark.parametrize("function", [cliff, wall, undefined, kink, bottomless])
@pytest.mark.parametrize("rate", ["auto", 0.3, 1e300])
@each(FUNCTION_SOLVERS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_params_stay_finite_where_the_objective_is_not(name, function, rate):
    start = np.zeros(2) if function is not bottomless else np.ones(2)
    run = Run(max_iter=30, learning_rate=rate)
    result = FUNCTION_SOLVERS[name].minimize(function, start, run)
    assert np.isfinite(result.params).all()
    value, at_start = function(result.params)[0], function(start)[0]
    assert value <= at_start or (np.isnan(at_start) and np.array_equal(result.params, start))


@pytest.mark.parametrize("function", [cliff, wall])
@pytest.mark.parametrize("rate", ["auto", 1e300])
@each(FUNCTION_SOLVERS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning:scipy", "error::RuntimeWarning:sklearn_gd")
def test_divergence_is_told_by_the_message_and_not_by_warnings(name, function, rate):
    run = Run(max_iter=30, learning_rate=rate)
    FUNCTION_SOLVERS[name].minimize(function, np.zeros(2), run)


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_rate_that_had_to_be_cut_is_told():
    """w^2 / 2 at rate 2.5 grows by 1.5 a step, until at 1,000 times the start it is halved."""
    run = Run(learning_rate=2.5, max_iter=40)
    result = GradientDescent().minimize(lambda w: (w @ w / 2, w), np.ones(1), run)
    assert result.message.endswith(
        "; before that, the objective diverged, so the learning rate was reduced to 0.5 times its "
        "value: it is too large for the scale of the features"
    )
    np.testing.assert_allclose(result.history["step_size"][-1], 1.25)
    assert result.value < 1e-3


def test_a_start_without_a_value_is_returned_as_it_is():
    result = GradientDescent().minimize(undefined, np.zeros(2))
    assert not result.converged
    assert result.message.startswith("diverged: the objective is nan after 0 iterations")
    np.testing.assert_array_equal(result.params, np.zeros(2))
