"""What an estimator's parameters may be, and the objects they stand for."""

from functools import partial
from typing import Any, ClassVar

import numpy as np
from sklearn.utils import check_random_state

from sklearn_gd._components import resolve
from sklearn_gd._estimators.annotations import (
    LearningRate,
    PenaltyLike,
    RandomState,
    Scoring,
    SolverLike,
)
from sklearn_gd._estimators.guards import warn
from sklearn_gd._validation import (
    BOOLEAN,
    CALLABLE,
    NONE,
    RANDOM_STATE,
    Rule,
    instance_of,
    integer,
    one_of,
    real,
)
from sklearn_gd.penalties import PENALTIES, ElasticNet, NoPenalty, Penalty
from sklearn_gd.schedules import SCHEDULES, Schedule
from sklearn_gd.solvers import SOLVERS, Run, Solver, Stage, choose

METHOD_DEFAULTS = {"learning_rate": "auto", "batch_size": "auto", "average": False}


class Parameters:
    """The parameters that all estimators share."""

    penalty: PenaltyLike
    l1_ratio: float
    solver: SolverLike
    learning_rate: LearningRate
    batch_size: int | str
    shuffle: bool
    average: bool
    max_iter: int
    tol: float
    max_time: float | None
    early_stopping: bool
    scoring: Scoring
    validation_fraction: float
    n_iter_no_change: int
    warm_start: bool
    random_state: RandomState
    verbose: int

    _components: ClassVar[dict[str, Any]] = {
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
    # what a solver may not use, and the value that says nothing
    _method_defaults: ClassVar[dict] = METHOD_DEFAULTS

    def _generator(self) -> np.random.Generator:
        seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max, size=4)
        return np.random.default_rng(seed)

    def _make_penalty(self, source) -> Penalty:
        """The penalty for these rows."""
        if self.penalty is None:
            return NoPenalty()
        names = PENALTIES | {"elasticnet": partial(ElasticNet, l1_ratio=self.l1_ratio)}
        return resolve("penalty", self.penalty, Penalty, names)

    @property
    def _is_unpenalised(self) -> bool:
        return self.penalty is None or isinstance(self.penalty, NoPenalty)

    @property
    def _is_auto(self) -> bool:
        """Whether the choice of the solver is left to us."""
        return is_auto(self.solver)

    def _run(self, rng, problem, solver, **changes) -> Run:
        settings: dict[str, Any] = {
            # a stochastic solver with tol=0 makes exactly max_iter passes, and none for a check
            "stage": Stage(check_optimality=self.tol > 0 or not solver.resumable),
            "max_iter": self.max_iter,
            "tol": self.tol,
            "max_time": self.max_time,
            "learning_rate": self.learning_rate,
            "batch_size": self.batch_size,
            "shuffle": self.shuffle,
            "average": self.average,
            "max_norm": getattr(self, "max_norm", None),
            "patience": self.n_iter_no_change,
            "verbose": self.verbose,
        }
        return Run(rng=rng, score=problem.score, **(settings | changes))

    def _made_of(self) -> dict[str, str]:
        """The parameters that later chunks of a stream cannot change, in words."""
        names = ("loss", "fit_intercept", "hidden_layer_sizes", "activation", "standardize")
        return {name: repr(getattr(self, name)) for name in names if hasattr(self, name)}

    def _check_unchanged(self, made_of: dict[str, str]) -> None:
        """Raise where ``set_params`` asks of partial_fit what it would ignore."""
        for name, value in self._made_of().items():
            if made_of.get(name, value) != value:
                raise ValueError(
                    f"The {name!r} parameter of {type(self).__name__} was {made_of[name]} in the "
                    f"last call, and partial_fit cannot change it to {value}. Use fit, or begin "
                    "with a clone of the estimator."
                )

    def _choose_solver(self, problem, choose=choose) -> Solver:
        """The solver that is asked for, or that ``choose`` finds."""
        objective = problem.objective(problem.stages[0])
        if self._is_auto:
            return choose(objective)
        solver = resolve("solver", self.solver, Solver, SOLVERS)
        reason = solver.refusal(objective)
        if reason:
            raise ValueError(reason)
        for name, default in self._method_defaults.items():
            value = getattr(self, name)
            if not _is_default(value, default) and name not in solver.method_parameters:
                warn(f"{name}={value!r} is not used by solver={self.solver!r}.", UserWarning)
        return solver


def is_auto(solver) -> bool:
    """Whether the choice of the solver is left to us."""
    return isinstance(solver, str) and solver == "auto"


def is_resumable(estimator) -> bool:
    """Whether partial_fit exists: a solver that can be resumed, or the reason why not."""
    solver = estimator.solver
    if is_auto(solver):
        return True
    kind = SOLVERS.get(solver, Solver) if isinstance(solver, str) else type(solver)
    if not (issubclass(kind, Solver) and kind.resumable):
        raise AttributeError(
            f"solver={solver!r} cannot be resumed from where it stopped, so there is no "
            "partial_fit; use solver='auto', or a stochastic one such as 'sgd'."
        )
    return True


def _is_default(value, default) -> bool:
    """Names are compared with names alone, as ``==`` of an object may be anything."""
    if isinstance(value, str) or isinstance(default, str):
        return isinstance(value, str) and value == default
    return not np.any(value)
