"""Classes of a user's own, about 20 lines each, go where the package's own classes go."""

import copy
import pickle
import re
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from scipy.optimize import lsq_linear, minimize
from sklearn.base import clone
from sklearn.linear_model import Lasso
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_gd import (
    GDLinearRegressor,
    GDLogisticClassifier,
    GDMLPClassifier,
    GDMLPRegressor,
    GDSoftmaxClassifier,
)
from sklearn_gd import solvers as public
from sklearn_gd._validation import InvalidParameterError, real
from sklearn_gd.data import ArraySource
from sklearn_gd.losses import Logistic, Loss, SquaredError
from sklearn_gd.models import MLP, Linear
from sklearn_gd.models.activations import Tanh
from sklearn_gd.objective import EmpiricalRisk, FunctionObjective
from sklearn_gd.penalties import L1, L2, ElasticNet, NoPenalty, Penalty, Positive
from sklearn_gd.schedules import Exponential, Schedule
from sklearn_gd.solvers import SOLVERS, MiniBatch, Run, Solver, choose, choose_for_stream

component = dataclass(kw_only=True, eq=False, repr=False)


# Six classes that a user might write.


@component
class BarzilaiBorwein(Solver):
    """Gradient descent by the two-point step size of Barzilai and Borwein (1988)."""

    first_step: float = 1e-3
    rules: ClassVar = {"first_step": real(0, open_low=True)}

    def unsupported(self, objective):
        if not objective.is_smooth:
            return "BarzilaiBorwein needs a gradient of everything; use solver='agd'."
        return None

    def _run(self, objective, params, run, progress, state):
        value, gradient = objective.value_and_gradient(params)
        length = self.first_step
        while not progress.done(params, value, gradient, step_size=length):
            new = params - length * gradient
            value, new_gradient = objective.value_and_gradient(new)
            move, change = new - params, new_gradient - gradient
            params, gradient = new, new_gradient
            if move @ change > 0:
                length = (move @ move) / (move @ change)


@component
class HeavyBall(MiniBatch):
    """Polyak's momentum (1964)."""

    momentum: float = 0.8
    rules: ClassVar = {"momentum": real(0, 1, open_high=True)}

    def init(self, params):
        return {"velocity": np.zeros_like(params)}

    def update(self, gradient, state, params, clock, rate):
        state["velocity"] = self.momentum * state["velocity"] - rate * gradient
        return state["velocity"]

    def auto_rate(self, objective, batch_size):
        return 0.01


@component
class PseudoHuber(Loss):
    """delta^2 (sqrt(1 + (r / delta)^2) - 1): the second derivative is left to the default."""

    delta: float = 1.0
    rules: ClassVar = {"delta": real(0, open_low=True)}

    def value(self, y, raw):
        return (self.delta**2 * (np.hypot(1, (raw - y) / self.delta) - 1)).sum(axis=1)

    def gradient(self, y, raw):
        return (raw - y) / np.hypot(1, (raw - y) / self.delta)


@component
class BoundedPseudoHuber(PseudoHuber):
    """The same, and its largest second derivative is told."""

    curvature: ClassVar[float] = 1.0


@component
class Roughness(Penalty):
    """Half the squared differences between neighbouring weights, with a matrix as curvature."""

    power: float = 1.0

    def _matrix(self, d):
        return self.power * np.diff(np.eye(d), axis=0)

    def smooth(self, w):
        steps = self._matrix(len(w)) @ w
        return 0.5 * float(np.sum(steps**2)), self._matrix(len(w)).T @ steps

    def curvature(self, n_features):
        return self._matrix(n_features).T @ self._matrix(n_features)


@component
class Prior(Penalty):
    """The absolute distance of every weight from what is believed beforehand."""

    believed: float = 1.0

    def nonsmooth(self, w):
        return float(np.abs(w - self.believed).sum())

    def prox(self, w, scale):
        gap = w - self.believed
        return self.believed + np.sign(gap) * np.maximum(np.abs(gap) - scale, 0)


@component
class Box(Penalty):
    """Zero inside a box, infinite outside: its proximal operator is the projection."""

    high: float = 1.0

    def prox(self, w, scale):
        return np.clip(w, -self.high, self.high)


@component
class Warmup(Schedule):
    """Rises linearly to ``rate`` over some updates, then stays there."""

    rate: float = 0.05
    updates: int = 20

    def __call__(self, clock):
        return self.rate * min(1.0, (clock.step + 1) / self.updates)


def rows(n_samples=80):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_samples, 4))
    y = X @ [2.0, 1.5, -0.2, 0.0] + 1 + 0.5 * rng.standard_t(3, size=n_samples)
    return X, y


def labels(kind):
    X, y = rows()
    if kind is GDLinearRegressor or kind is GDMLPRegressor:
        return X, y
    return X, np.digitize(y, [0.0, 2.0]) if kind is GDSoftmaxClassifier else y > 1


# An estimator with each of them, and a field of the plug-in to search over.
LINEAR = (GDLinearRegressor, GDLogisticClassifier, GDSoftmaxClassifier)
STOCHASTIC = {"max_iter": 30, "tol": 0, "random_state": 0, "batch_size": 16}
SMALL = {"hidden_layer_sizes": (4,), "max_iter": 40, "random_state": 0, "tol": 0}
PLUGGED = {
    **{f"solver-{kind.__name__}": kind(solver=BarzilaiBorwein()) for kind in LINEAR},
    "solver-network": GDMLPRegressor(solver=BarzilaiBorwein(), **SMALL),
    **{f"rule-{kind.__name__}": kind(solver=HeavyBall(), **STOCHASTIC) for kind in LINEAR},
    "rule-network": GDMLPClassifier(solver=HeavyBall(), **SMALL),
    **{
        f"loss-{solver}": GDLinearRegressor(loss=PseudoHuber(), solver=solver, tol=1e-6)
        for solver in ("auto", "gd", "agd", "lbfgs", "newton-cg", "scipy")
    },
    "loss-sgd": GDLinearRegressor(loss=PseudoHuber(), solver="sgd", **STOCHASTIC),
    "loss-network": GDMLPRegressor(loss=PseudoHuber(), solver="lbfgs", **SMALL),
    "loss-bounded": GDLinearRegressor(loss=BoundedPseudoHuber(), solver="gd", tol=1e-6),
    **{
        f"smooth-{kind.__name__}": kind(penalty=Roughness(), alpha=0.1, tol=1e-6) for kind in LINEAR
    },
    "smooth-network": GDMLPRegressor(penalty=Roughness(), alpha=0.01, solver="lbfgs", **SMALL),
    **{f"prox-{kind.__name__}": kind(penalty=Prior(), alpha=0.1, tol=1e-6) for kind in LINEAR},
    "prox-sgd": GDLinearRegressor(penalty=Prior(), alpha=0.1, solver="sgd", **STOCHASTIC),
    "prox-network": GDMLPRegressor(penalty=Prior(), alpha=0.001, solver="sgd", **SMALL),
    "box": GDLinearRegressor(penalty=Box(), alpha=1.0, tol=1e-6),
    "schedule-sgd": GDLogisticClassifier(solver="sgd", learning_rate=Warmup(), **STOCHASTIC),
    "schedule-adam": GDLinearRegressor(solver="adam", learning_rate=Warmup(), **STOCHASTIC),
    "schedule-gd": GDLinearRegressor(solver="gd", learning_rate=Warmup(rate=0.3), tol=1e-6),
    "schedule-network": GDMLPClassifier(solver="adam", learning_rate=Warmup(), **SMALL),
}
GRIDS = {
    BarzilaiBorwein: ("solver__first_step", [1e-4, 1e-2]),
    HeavyBall: ("solver__momentum", [0.0, 0.5]),
    PseudoHuber: ("loss__delta", [0.5, 2.0]),
    BoundedPseudoHuber: ("loss__delta", [0.5, 2.0]),
    Roughness: ("penalty__power", [0.5, 2.0]),
    Prior: ("penalty__believed", [0.0, 2.0]),
    Box: ("penalty__high", [0.5, 2.0]),
    Warmup: ("learning_rate__updates", [1, 50]),
}
each = pytest.mark.parametrize("estimator", PLUGGED.values(), ids=PLUGGED)


def plugged(estimator):
    """The one class of this file in an estimator."""
    values = estimator.get_params(deep=False).values()
    return next(value for value in values if type(value).__module__ == __name__)


def fitted(estimator):
    return clone(estimator).fit(*labels(type(estimator)))


@each
def test_it_fits_and_learns(estimator):
    """Better than the best constant by far: the signal is most of the variance."""
    X, y = labels(type(estimator))
    model = fitted(estimator)
    assert model.score(X, y) > 0.5
    assert model.objective_ < model.loss_curve_[0]


@each
def test_it_is_not_changed_by_a_fit(estimator):
    model = clone(estimator)
    before = pickle.dumps(plugged(model))
    model.fit(*labels(type(estimator)))
    assert pickle.dumps(plugged(model)) == before


@each
def test_clones_are_equal_and_independent(estimator):
    twin = clone(estimator)
    assert plugged(twin) is not plugged(estimator)
    assert plugged(twin).get_params() == plugged(estimator).get_params()
    X, _ = rows()
    np.testing.assert_array_equal(fitted(twin).predict(X), fitted(estimator).predict(X))


@each
def test_pickles_and_copies_predict_the_same(estimator):
    X, _ = rows()
    model = fitted(estimator)
    for twin in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        np.testing.assert_array_equal(twin.predict(X), model.predict(X))
    fresh = pickle.loads(pickle.dumps(clone(estimator)))
    np.testing.assert_array_equal(fitted(fresh).predict(X), model.predict(X))


@each
def test_a_grid_search_sets_its_fields(estimator):
    name, values = GRIDS[type(plugged(estimator))]
    search = GridSearchCV(estimator, {name: values}, cv=2, error_score="raise")
    search.fit(*labels(type(estimator)))
    best = search.best_estimator_
    assert best.get_params()[name] == search.best_params_[name]
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert getattr(plugged(estimator), name.partition("__")[2]) not in values


def test_a_grid_search_mixes_names_and_objects():
    grid = {"solver": ["sgd", HeavyBall(), HeavyBall(momentum=0.5)], "learning_rate": [0.02]}
    pipeline = make_pipeline(
        StandardScaler(), GDLinearRegressor(random_state=0, max_iter=40, tol=0)
    )
    grid = {f"gdlinearregressor__{name}": values for name, values in grid.items()}
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(*rows())
    assert len(search.cv_results_["params"]) == 3
    assert search.best_score_ > 0.5


@each
def test_its_repr_is_its_call(estimator):
    own = plugged(estimator)
    name, values = GRIDS[type(own)]
    field_name = name.partition("__")[2]
    shown = repr(type(own)(**{field_name: values[0]}))
    assert shown == f"{type(own).__name__}({field_name}={values[0]!r})"


@pytest.mark.parametrize(
    ("estimator", "field_name"),
    [
        (GDLinearRegressor(solver=BarzilaiBorwein(first_step=-1)), "first_step"),
        (GDLinearRegressor(solver=HeavyBall(momentum=1.0)), "momentum"),
        (GDLinearRegressor(loss=PseudoHuber(delta=0)), "delta"),
    ],
    ids=["solver", "rule", "loss"],
)
def test_its_rules_are_checked(estimator, field_name):
    with pytest.raises(InvalidParameterError, match=f"'{field_name}' parameter of"):
        estimator.fit(*rows())


@pytest.mark.parametrize("parameter", ["solver", "loss", "penalty", "learning_rate"])
def test_an_object_of_the_wrong_kind_is_an_error(parameter):
    class Stranger:
        pass

    with pytest.raises(InvalidParameterError, match=f"'{parameter}' parameter"):
        GDLinearRegressor(**{parameter: Stranger()}).fit(*rows())


# What they compute.


def test_an_own_solver_reaches_the_optimum_of_ours():
    X, y = rows()
    own = GDLinearRegressor(solver=BarzilaiBorwein(), tol=1e-14).fit(X, y)
    ours = GDLinearRegressor(tol=1e-14).fit(X, y)
    assert own.converged_
    np.testing.assert_allclose(own.coef_, ours.coef_, rtol=1e-6)
    assert own.solver_.get_params() == BarzilaiBorwein().get_params()
    assert not hasattr(own, "partial_fit")


def test_an_own_solver_takes_a_function():
    result = BarzilaiBorwein().minimize(lambda w: (1 + w @ w / 2, w), np.ones(3), Run(max_iter=20))
    np.testing.assert_allclose(result.params, 0, atol=1e-12)


def test_an_own_solver_says_what_it_cannot_do():
    with pytest.raises(ValueError, match="BarzilaiBorwein needs a gradient of everything"):
        GDLinearRegressor(solver=BarzilaiBorwein(), penalty="l1").fit(*rows())


def test_an_own_rule_by_hand():
    """Two rows, one pass, momentum 0.8: the second step has 0.8 of the first in it."""
    x, y, rate, w, b, v, u = [1.0, -2.0], [3.0, 1.0], 0.1, 0.0, 0.0, 0.0, 0.0
    for feature, target in zip(x, y, strict=True):
        residual = w * feature + b - target
        v, u = 0.8 * v - rate * residual * feature, 0.8 * u - rate * residual
        w, b = w + v, b + u
    source = ArraySource(np.array([x]).T, np.array([y]).T)
    risk = EmpiricalRisk(Linear(1, 1), SquaredError(), NoPenalty(), 0, source)
    run = Run(learning_rate=rate, batch_size=1, shuffle=False, max_iter=1, tol=0)
    result = HeavyBall().minimize(risk, np.zeros(2), run)
    np.testing.assert_allclose(result.state.params, [w, b], rtol=1e-14)


def test_an_own_rule_goes_on_with_partial_fit():
    """Three passes are three calls, velocity included, also over a pickle."""
    X, y = rows()
    whole = GDLinearRegressor(solver=HeavyBall(), **(STOCHASTIC | {"max_iter": 3})).fit(X, y)
    pieces = GDLinearRegressor(solver=HeavyBall(), **STOCHASTIC)
    for _ in range(3):
        pieces = pickle.loads(pickle.dumps(pieces.partial_fit(X, y)))
    np.testing.assert_array_equal(pieces.coef_, whole.coef_)
    assert pieces.t_ == whole.t_ == 15


@pytest.mark.parametrize("solver", ["auto", "gd", "agd", "lbfgs", "newton-cg", "scipy"])
@pytest.mark.parametrize("loss", [PseudoHuber(delta=0.7), BoundedPseudoHuber(delta=0.7)])
def test_an_own_loss_has_the_optimum_that_scipy_finds(loss, solver):
    X, y = rows()

    def objective(p):
        r = (X @ p[:4] + p[4] - y) / 0.7
        return np.mean(0.49 * (np.sqrt(1 + r**2) - 1)) + 0.01 * (p[:4] @ p[:4]) / 2

    reference = minimize(objective, np.zeros(5), method="BFGS", tol=1e-10)
    model = GDLinearRegressor(loss=loss, solver=solver, alpha=0.01, tol=1e-11, max_iter=5000)
    model.fit(X, y)
    assert model.converged_
    np.testing.assert_allclose(model.objective_, reference.fun, rtol=1e-10)
    np.testing.assert_allclose([*model.coef_, model.intercept_], reference.x, atol=1e-4)


def test_an_own_loss_takes_several_targets():
    X, y = rows()
    both = np.column_stack([y, -2 * y])
    model = GDLinearRegressor(loss=PseudoHuber(), tol=1e-12).fit(X, both)
    for column in range(2):
        alone = GDLinearRegressor(loss=PseudoHuber(), tol=1e-12).fit(X, both[:, column])
        np.testing.assert_allclose(model.coef_[column], alone.coef_, atol=1e-5)


@pytest.mark.parametrize("solver", ["auto", "gd", "agd", "lbfgs", "newton-cg", "scipy"])
@pytest.mark.parametrize("power", [0.3, 3.0])
def test_an_own_smooth_penalty_has_the_closed_form(solver, power):
    X, y = rows()
    design = np.hstack([X, np.ones((len(X), 1))])
    hessian = design.T @ design / len(X)
    differences = power * np.diff(np.eye(4), axis=0)
    hessian[:4, :4] += 0.1 * differences.T @ differences
    exact = np.linalg.solve(hessian, design.T @ y / len(X))
    penalty = Roughness(power=power)
    model = GDLinearRegressor(penalty=penalty, alpha=0.1, solver=solver, tol=1e-13, max_iter=9000)
    model.fit(X, y)
    assert model.converged_
    error = np.sqrt(4e-13 * model.objective_ / np.linalg.eigvalsh(hessian)[0])
    np.testing.assert_allclose([*model.coef_, model.intercept_], exact, rtol=0, atol=error)


@pytest.mark.parametrize("solver", ["auto", "gd", "agd"])
@pytest.mark.parametrize("believed", [0.0, 1.5])
def test_an_own_prox_is_a_shifted_lasso(solver, believed):
    """With w = believed + u the penalty is |u|, and the target is what believed leaves over."""
    X, y = rows()
    penalty = Prior(believed=believed)
    model = GDLinearRegressor(penalty=penalty, alpha=0.3, solver=solver, tol=1e-13).fit(X, y)
    reference = Lasso(alpha=0.3, tol=1e-14).fit(X, y - X @ np.full(4, believed))
    np.testing.assert_allclose(model.coef_, reference.coef_ + believed, atol=1e-6)
    np.testing.assert_array_equal(model.coef_ == believed, reference.coef_ == 0)
    assert (model.coef_ == believed).any()


@pytest.mark.parametrize("solver", ["auto", "gd", "agd"])
def test_an_own_constraint_is_obeyed(solver):
    X, y = rows()
    model = GDLinearRegressor(penalty=Box(high=1.2), alpha=1.0, solver=solver, tol=1e-13)
    model.fit(X, y)
    design = np.hstack([X, np.ones((len(X), 1))])
    bounds = ([-1.2] * 4 + [-np.inf], [1.2] * 4 + [np.inf])
    reference = lsq_linear(design, y, bounds=bounds, tol=1e-14).x
    np.testing.assert_allclose([*model.coef_, model.intercept_], reference, atol=1e-6)
    assert (model.coef_ == 1.2).sum() == 2


def test_an_own_schedule_is_asked_at_every_update():
    """On w^2 / 2 in one row, a step keeps 1 - rate of the way: rates 1/4, 1/2, 3/4, 1/1.25."""
    source = ArraySource(np.ones((1, 1)), np.zeros((1, 1)))
    model = Linear(1, 1, fit_intercept=False)
    risk = EmpiricalRisk(model, SquaredError(), NoPenalty(), 0, source)
    run = Run(learning_rate=Warmup(rate=0.8, updates=4), batch_size=1, max_iter=5, tol=0)
    expected = np.prod([1 - 0.2, 1 - 0.4, 1 - 0.6, 1 - 0.8, 1 - 0.8])
    for solver in ("sgd", "gd"):
        result = SOLVERS[solver]().minimize(risk, np.ones(1), run)
        np.testing.assert_allclose(result.params, [expected], rtol=1e-12)


def halved_each_pass(clock):
    return 0.1 * 0.5**clock.epoch


@pytest.mark.parametrize("solver", ["sgd", "adam", "gd"])
def test_a_function_is_a_schedule(solver):
    X, y = rows()
    settings = {"solver": solver, "max_iter": 4, "tol": 0, "random_state": 0}
    own = GDLinearRegressor(learning_rate=halved_each_pass, **settings).fit(X, y)
    same = GDLinearRegressor(learning_rate=Exponential(rate=0.1, decay=0.5), **settings).fit(X, y)
    np.testing.assert_array_equal(own.coef_, same.coef_)
    pickle.loads(pickle.dumps(own))


# A reason why not names a solver that works.


def objective_of(model, penalty):
    X, y = rows(40)
    kind = Linear(4, 1) if model == "linear" else MLP((4, 3, 1), Tanh())
    loss = Logistic() if model == "linear" else SquaredError()
    y = (y > 1).astype(float)[:, np.newaxis]
    return EmpiricalRisk(kind, loss, penalty, 0.01, ArraySource(X, y), reference=1.0)


PENALTIES = {
    "l2": L2(),
    "l1": L1(),
    "elasticnet": ElasticNet(),
    "positive": Positive(penalty=L2()),
    "own-prox": Prior(),
}
OBJECTIVES = {
    f"{model}-{name}": (model, penalty)
    for model in ("linear", "network")
    for name, penalty in PENALTIES.items()
}


def make_objective(name):
    if name == "function":
        return FunctionObjective(lambda w: (1 + w @ w / 2, w)), np.ones(3)
    objective = objective_of(*OBJECTIVES[name])
    return objective, objective.model.init(np.random.default_rng(0), np.dtype(float))


CANDIDATES = {name: kind() for name, kind in SOLVERS.items()} | {
    "gd-curvature": public.GradientDescent(metric="curvature")
}


def refusals():
    """Every solver with every objective that it does not take."""
    for objective_name in [*OBJECTIVES, "function"]:
        objective, _ = make_objective(objective_name)
        for name, solver in CANDIDATES.items():
            if solver.unsupported(objective):
                yield pytest.param(solver, objective_name, id=f"{name}-{objective_name}")


REFUSALS = list(refusals())


def ways_out(reason):
    """The solvers that a reason names, by name or by call, as objects."""
    way_out = reason.partition("; use ")[2]
    named = [SOLVERS[name]() for name in re.findall(r"solver='([\w-]+)'", way_out)]
    return named + [eval(call, vars(public)) for call in re.findall(r"[A-Z]\w*\([^)]*\)", way_out)]


@pytest.mark.parametrize(("solver", "objective_name"), REFUSALS)
def test_a_reason_is_a_sentence_that_names_a_way_out(solver, objective_name):
    objective, start = make_objective(objective_name)
    reason = solver.unsupported(objective)
    assert re.match(r"[A-Z]\w+.* (cannot|needs) .*; use .*\.$", reason)
    assert ways_out(reason)
    with pytest.raises(ValueError, match=re.escape(reason)):
        solver.minimize(objective, start)


@pytest.mark.parametrize(("solver", "objective_name"), REFUSALS)
def test_every_way_out_works(solver, objective_name):
    objective, start = make_objective(objective_name)
    for other in ways_out(solver.unsupported(objective)):
        assert other.unsupported(objective) is None, other
        result = other.minimize(objective, start, Run(max_iter=20))
        assert result.value < objective.value(start), other


@pytest.mark.parametrize("objective_name", OBJECTIVES)
@pytest.mark.parametrize("chooser", [choose, choose_for_stream])
def test_auto_chooses_a_solver_that_takes_the_objective(chooser, objective_name):
    objective, _ = make_objective(objective_name)
    solver = chooser(objective)
    assert solver.unsupported(objective) is None
    assert solver.resumable or chooser is choose


@pytest.mark.parametrize("penalty", ["l2", "l1", "elasticnet"])
@pytest.mark.parametrize(
    "estimator", [GDLinearRegressor, GDLogisticClassifier, GDMLPRegressor, GDMLPClassifier]
)
def test_an_estimator_of_defaults_takes_every_penalty(estimator, penalty):
    X, y = labels(estimator)
    known = {"classes": [False, True]} if y.dtype == bool else {}
    estimator(penalty=penalty, max_iter=2, tol=0).fit(X, y)
    estimator(penalty=penalty).partial_fit(X, y, **known)


def test_a_refused_solver_leaves_the_estimator_unfitted():
    X, y = rows()
    model = GDLinearRegressor(penalty="l1", solver="lbfgs")
    with pytest.raises(ValueError, match="LBFGS cannot minimise"):
        model.fit(X, y)
    assert vars(model).keys() == vars(GDLinearRegressor()).keys()
