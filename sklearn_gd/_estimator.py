"""The one recipe by which every estimator is fitted."""

import warnings
from abc import ABC, abstractmethod
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import get_scorer
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_gd._components import NamedComponents, resolve
from sklearn_gd._early_stopping import hold_out, validation_score
from sklearn_gd._guards import all_or_nothing, told_if_not_finite
from sklearn_gd._own_parts import suspicion
from sklearn_gd._roles import FIRST_CHUNK, FIT, NEXT_CHUNK, Role
from sklearn_gd._targets import Rows, check_weight, spread_and_resolution
from sklearn_gd._validation import (
    BOOLEAN,
    CALLABLE,
    NONE,
    RANDOM_STATE,
    Rule,
    check_parameters,
    instance_of,
    integer,
    one_of,
    real,
)
from sklearn_gd.data import MemorySource, map_rows
from sklearn_gd.empirical_risk import EmpiricalRisk
from sklearn_gd.losses import Loss
from sklearn_gd.models import Model
from sklearn_gd.penalties import PENALTIES, ElasticNet, NoPenalty, Penalty
from sklearn_gd.schedules import SCHEDULES, Schedule
from sklearn_gd.solvers import SOLVERS, Run, Solver, choose, choose_for_stream

FLOATS = (np.float64, np.float32)
# scikit-learn asks for n_iter_ >= 1: seeing that a start is the optimum is a visit of all rows too.
MIN_N_ITER = 1
# Stochastic solvers minimise this envelope of a loss with kinks: a thousandth of the spread of y
# wide, below their noise.
STOCHASTIC_STAGE = 2
# The history of an endless stream is cut to these entries.
MAX_HISTORY = 1000
RUNNING_TOTALS = ("passes", "seconds")
METHOD_DEFAULTS = {"learning_rate": "auto", "batch_size": "auto", "average": False}


class Fitted(NamedTuple):
    """What a later fit may go on from."""

    model: Model
    solver: Solver
    loss: Loss
    state: Any
    reference: float


class GradientDescentEstimator(NamedComponents, BaseEstimator, ABC):
    """Fits a model to rows by a solver; which model and which target, subclasses say."""

    _components: ClassVar = {
        "penalty": PENALTIES,
        "solver": SOLVERS,
        "learning_rate": SCHEDULES,
    }
    _rules: ClassVar[dict[str, Rule]] = {
        "penalty": one_of(*PENALTIES) | instance_of(Penalty, words="a Penalty") | NONE,
        "solver": one_of("auto", *SOLVERS) | instance_of(Solver, words="a Solver"),
        "learning_rate": one_of("auto", *SCHEDULES)
        | real(0, open_low=True)
        | instance_of(Schedule, words="a Schedule")
        | CALLABLE,
        "batch_size": one_of("auto") | integer(1),
        "shuffle": BOOLEAN,
        "average": BOOLEAN,
        "max_iter": integer(1),
        "tol": real(0),
        "max_time": real(0, open_low=True) | NONE,
        "early_stopping": BOOLEAN,
        "scoring": instance_of(str, words="the name of a scorer") | CALLABLE | NONE,
        "validation_fraction": real(0, 1, open_low=True, open_high=True),
        "n_iter_no_change": integer(1),
        "warm_start": BOOLEAN,
        "random_state": RANDOM_STATE,
        "verbose": integer(0) | BOOLEAN,
    }

    _method_defaults: ClassVar[dict] = METHOD_DEFAULTS

    # What subclasses say.

    @abstractmethod
    def _encode(self, X, y, sample_weight, *, role: Role, classes=None) -> Rows:
        """Validated rows with an encoded target; those of zero weight are gone."""

    @abstractmethod
    def _decode(self, y) -> np.ndarray:
        """An encoded target as the user knows it."""

    @abstractmethod
    def _groups(self, rows: Rows) -> np.ndarray | None:
        """Groups of rows that a validation split must draw from each; None for one group."""

    @abstractmethod
    def _build_model(self, rows: Rows, previous: Fitted | None) -> Model:
        """The model for these rows; what it knows of rows it keeps from the previous fit."""

    @abstractmethod
    def _cold_start(self, model, rows: Rows, rng) -> np.ndarray:
        """Parameters to begin at: those of the best constant, or random ones around it."""

    @abstractmethod
    def _store(self, model, params) -> None:
        """Write parameters to the public attributes."""

    @abstractmethod
    def _stored(self, model) -> np.ndarray | None:
        """Read them back; None where they do not fit the model."""

    @abstractmethod
    def _predict_raw(self, X) -> np.ndarray:
        """Raw predictions (n, k), from the public attributes."""

    # The recipe.

    def _fit(self, X, y, sample_weight, validation, start=None):
        with all_or_nothing(self), told_if_not_finite(self):
            interrupted = self._fit_rows(X, y, sample_weight, validation, start)
        if interrupted:
            raise KeyboardInterrupt
        return self

    def _fit_rows(self, X, y, sample_weight, validation, start):
        check_parameters(self, self._rules)
        if isinstance(self.scoring, str):
            get_scorer(self.scoring)
        previous = vars(self).get("_fitted") if self.warm_start else None
        rng = _generator(self.random_state)
        rows = self._encode(X, y, sample_weight, role=FIT)
        rows, held_out = hold_out(self, rows, validation, rng)
        model = self._build_model(rows, previous)
        cold = self._cold_start(model, rows, rng)
        stages = self._stages(rows)
        objective = self._objective(model, rows, stages[0], cold)
        solver = self._resolve_solver(objective)
        if solver.resumable and len(stages) > 1:
            stages = stages[STOCHASTIC_STAGE:][:1]
            objective = self._objective(model, rows, stages[0], cold)
        params, state = self._begin(model, cold, solver, previous, start)
        # so many passes and no more were asked for: a look at what is left would be one more
        verdict = self.tol > 0 or not solver.resumable
        score = validation_score(self, model, held_out)
        run = self._settings(rng=rng, score=score, verdict=verdict)
        result = solver.minimize(objective, params, run, state)
        for loss in stages[1:]:
            over = run.exhausted(result.n_iter, result.history["seconds"][-1])
            if over or result.interrupted:
                message, remedy = over or (result.message, "")
                result = replace(result, converged=False, message=message, remedy=remedy)
                break
            run = run.after(result)
            objective = self._objective(model, rows, loss, cold)
            result = solver.minimize(objective, result.params, run).following(result)
        result = self._canonical(objective, result)
        if objective.loss is not self._training_loss:
            own = self._objective(model, rows, self._training_loss, cold)
            result = replace(result, value=own.value(result.params))
        kept = Fitted(model, solver, stages[-1], result.state, objective.reference)
        self._keep(kept, result, rows.X.dtype)
        self._warn_unless_converged(result)
        return result.interrupted

    def _partial_fit(self, X, y, sample_weight, classes=None):
        """One pass over a chunk of rows, from where the last fit or partial_fit ended."""
        with all_or_nothing(self), told_if_not_finite(self):
            check_parameters(self, self._rules)
            fitted = vars(self).get("_fitted")
            rng = _generator(self.random_state)
            role = FIRST_CHUNK if fitted is None else NEXT_CHUNK
            rows = self._encode(X, y, sample_weight, role=role, classes=classes)
            if not len(rows.y):
                return self
            if fitted is None:
                model = self._build_model(rows, None)
                loss = self._stages(rows)[: STOCHASTIC_STAGE + 1][-1]
                cold = self._cold_start(model, rows, rng)
                objective = self._objective(model, rows, loss, cold)
            else:
                model, loss = fitted.model, fitted.loss
                cold = self._cold_start(model, rows, rng) if self._stored(model) is None else None
                objective = self._risk(model, rows, loss, fitted.reference)
            solver = self._resolve_solver(objective, choose_for_stream)
            params, state = self._begin(model, cold, solver, fitted, None)
            # of a chunk, optimality would say nothing, and cost more than learning from it
            once = {"max_iter": 1, "tol": 0.0, "verdict": False, "horizon": self.max_iter}
            run = self._settings(rng=rng, is_chunk=True, **once)
            result = self._canonical(objective, solver.minimize(objective, params, run, state))
            if fitted is not None:
                result = replace(result, history=_going_on(self.history_, result.history))
            kept = Fitted(model, solver, loss, result.state, objective.reference)
            self._keep(kept, result, rows.X.dtype)
        self._warn_if_cut(result)
        return self

    def _canonical(self, objective, result):
        """The result, in the one form among those that predict the same."""
        return result

    def _stages(self, rows):
        """The loss, or smooth ones that lead to it."""
        loss = self._training_loss
        return loss.stages(*spread_and_resolution(rows)) if loss.has_kinks else [loss]

    @property
    def _training_loss(self):
        """The loss of what the model predicts, which may be in other units than y."""
        return self._loss

    def _risk(self, model, rows, loss, reference=0.0):
        penalty = self._resolve_penalty(rows)
        return EmpiricalRisk(model, loss, penalty, self.alpha, MemorySource(*rows), reference)

    def _objective(self, model, rows, loss, cold):
        """The objective, measured against its value at a cold start, or against that at zero."""
        objective = self._risk(model, rows, loss)
        rough = objective.rough()
        nothing = rough.mean_loss(np.zeros_like(cold))
        start = rough.mean_loss(cold)
        objective.start_at(max(start, np.finfo(rows.X.dtype).eps * nothing))
        return objective

    def _begin(self, model, params, solver, previous, start):
        """Where to begin: at the user's start, at the last fit if it fits, or cold."""
        if start is not None:
            return start(model, params), None
        if previous is None:
            return params, None
        stored = self._stored(model)
        if stored is None:
            return params, None
        goes_on = (
            solver.resumable
            and type(solver) is type(previous.solver)
            # what a solver remembers is in the units that the model had
            and np.array_equal(stored, self._stored(previous.model))
        )
        return stored, previous.state if goes_on else None

    def _settings(self, **changes) -> Run:
        settings = {
            "max_iter": self.max_iter,
            "tol": self.tol,
            "max_time": self.max_time,
            "learning_rate": self.learning_rate,
            "batch_size": self.batch_size,
            "shuffle": self.shuffle,
            "average": self.average,
            "patience": self.n_iter_no_change,
            "verbose": self.verbose,
        }
        return Run(**(settings | changes))

    def _resolve_penalty(self, rows) -> Penalty:
        if self.penalty is None or not np.any(self.alpha):
            return NoPenalty()
        names = PENALTIES | {"elasticnet": partial(ElasticNet, l1_ratio=self.l1_ratio)}
        return resolve("penalty", self.penalty, Penalty, names)

    def _resolve_solver(self, objective, choose=choose) -> Solver:
        if is_auto(self.solver):
            return choose(objective)
        solver = resolve("solver", self.solver, Solver, SOLVERS)
        reason = solver.unsupported(objective)
        if reason:
            raise ValueError(reason)
        for name, default in self._method_defaults.items():
            value = getattr(self, name)
            if not _is_default(value, default) and name not in solver.method_parameters:
                message = f"{name}={value!r} is not used by solver={self.solver!r}."
                warnings.warn(message, UserWarning, stacklevel=5)
        return solver

    def _keep(self, fitted, result, dtype):
        """Write the result to the public attributes."""
        if not np.isfinite(result.params).all():
            raise FloatingPointError("parameters are not finite")
        self._store(fitted.model, result.params.astype(dtype, copy=False))
        self.solver_ = fitted.solver
        self.n_iter_ = max(result.n_iter, MIN_N_ITER)
        self.t_ = result.n_iter if result.state is None else result.state.step
        self.objective_ = result.value
        self.optimality_ = result.optimality
        self.converged_ = result.converged
        self.stop_reason_ = result.message
        self.history_ = result.history
        self.loss_curve_ = result.history["objective"]
        self.validation_scores_ = result.scores
        self.best_validation_score_ = None if result.scores is None else max(result.scores)
        self._fitted = fitted

    def _warn_if_cut(self, result):
        if result.was_cut:
            self._warn(f"{type(self).__name__}: {result.message}", result.remedy)

    def _warn_unless_converged(self, result):
        if result.converged or result.interrupted:
            return
        if self.tol == 0:
            self._warn_if_cut(result)
            return
        is_linear = self._fitted.model.is_linear
        is_left_to_us = is_auto(self.solver) or not is_linear
        advice = "" if is_left_to_us else "Use solver='auto', or scale X"
        distance = f", optimality {result.optimality:.1e}, tol={self.tol:g}" if is_linear else ""
        what = f"{type(self).__name__} did not converge: {result.message}{distance}"
        self._warn(what, result.remedy, advice)

    def _warn(self, what, *remedies):
        sentences = [what, *remedies, suspicion(self)]
        message = " ".join(f"{sentence}." for sentence in sentences if sentence)
        warnings.warn(message, ConvergenceWarning, stacklevel=6)

    def _validated(self, X, y, sample_weight, role, **options):
        """X and y as arrays, and weights; feature names are recorded or compared."""
        X, y = validate_data(
            self, X, y, reset=role.is_first, accept_sparse="csr", dtype=FLOATS, **options
        )
        return X, y, check_weight(sample_weight, X.shape[0], allow_zero=role.is_chunk)

    def _predict(self, X, of_raw):
        """What ``of_raw`` makes of the raw predictions (n, k) for X, row by row."""
        X = self._checked(X)
        return map_rows(lambda rows: of_raw(self._predict_raw(rows)), X)

    def _checked(self, X, ensure_all_finite=True):
        """X as a fitted estimator takes it."""
        check_is_fitted(self)
        options = {"dtype": FLOATS, "ensure_all_finite": ensure_all_finite}
        return validate_data(self, X, reset=False, accept_sparse="csr", **options)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _going_on(before, now):
    """The history of a stream: its last entries, with passes and seconds that add up."""
    history = {}
    for name, column in now.items():
        offset = before[name][-1] if name in RUNNING_TOTALS else 0.0
        history[name] = (before[name] + [offset + entry for entry in column[1:]])[-MAX_HISTORY:]
    return history


def is_resumable(estimator) -> bool:
    """Whether partial_fit exists: a solver that can go on from where it stopped, or the reason."""
    solver = estimator.solver
    if is_auto(solver):
        return True
    kind = SOLVERS.get(solver, Solver) if isinstance(solver, str) else type(solver)
    if not (issubclass(kind, Solver) and kind.resumable):
        raise AttributeError(
            f"solver={solver!r} cannot go on from where it stopped, so there is no partial_fit; "
            "use solver='auto', or a stochastic one such as 'sgd'."
        )
    return True


def _is_default(value, default) -> bool:
    """Names are compared with names alone, as ``==`` of an object may be anything."""
    if isinstance(value, str) or isinstance(default, str):
        return isinstance(value, str) and value == default
    return not np.any(value)


def is_auto(solver) -> bool:
    """Whether the choice of the solver is left to us."""
    return isinstance(solver, str) and solver == "auto"


def _generator(random_state) -> np.random.Generator:
    seed = check_random_state(random_state).randint(np.iinfo(np.int32).max, size=4)
    return np.random.default_rng(seed)
