"""How every estimator is fitted: encode the rows, pose the problem, solve it, keep the result."""

from abc import abstractmethod
from contextlib import contextmanager
from copy import copy, deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning

from sklearn_gd._components import KeywordsOnly, NamedComponents
from sklearn_gd._estimators.continued import Continued
from sklearn_gd._estimators.display import DocumentationLink
from sklearn_gd._estimators.fit_task import CallbackSupport, FitTask, with_callbacks
from sklearn_gd._estimators.guards import (
    all_or_nothing,
    explain_overflow,
    gradient_hint,
    is_finite,
    warn,
)
from sklearn_gd._estimators.inputs import Inputs
from sklearn_gd._estimators.parameters import Parameters
from sklearn_gd._estimators.rows import FIT, VALIDATION
from sklearn_gd._estimators.saved import PRIVATE, UNFINISHED, Fitted, Saved, Unfinished
from sklearn_gd._estimators.validation_rows import (
    about_validation_rows,
    mean_loss_score,
    scorer_score,
    warn_if_elsewhere,
)
from sklearn_gd._validation import check_parameters
from sklearn_gd.data import target_std
from sklearn_gd.losses import Loss
from sklearn_gd.models import Model
from sklearn_gd.objective import Problem, cold_start, reference_value
from sklearn_gd.solvers import Solver, StopReason, solve
from sklearn_gd.solvers.stages import stages_of

# scikit-learn asks for n_iter_ >= 1: seeing that a start is the optimum takes a pass, too.
MIN_N_ITER = 1


class GradientDescentEstimator(
    CallbackSupport,
    Continued,
    Saved,
    DocumentationLink,
    Inputs,
    Parameters,
    NamedComponents,
    BaseEstimator,
    metaclass=KeywordsOnly,
):
    """Fits a model to rows by a solver; which model and which target, subclasses say."""

    n_features_in_: int
    feature_names_in_: NDArray[Any]
    n_iter_: int
    t_: int
    solver_: Solver
    objective_: float
    optimality_: float
    converged_: bool
    stop_reason_: str
    stop_code_: str
    loss_curve_: list[float]
    history_: dict[str, list[float]]
    validation_scores_: list[float] | None
    best_validation_score_: float | None

    # What subclasses say of the model. What they say of the target is in Inputs.

    @abstractmethod
    def _model_and_loss(self, source, previous: Fitted | None) -> tuple[Model, Loss]:
        """The model for these rows, and the loss of what it predicts.

        What they know of rows they keep from the previous fit.
        """

    @abstractmethod
    def _store(self, model, params) -> None:
        """Write parameters to the public attributes."""

    @abstractmethod
    def _stored(self, model) -> np.ndarray | None:
        """Read them back; None where they do not fit the model."""

    @with_callbacks
    def _fit(self, X, y, sample_weight, validation, start=None):
        check_parameters(self, self._rules)
        # outside of the block that restores attributes, since scikit-learn keeps its own there
        task = FitTask(self, X, y, sample_weight)
        with all_or_nothing(self), explain_overflow(type(self).__name__):
            unfinished = task.begin()
            rng = self._generator() if unfinished is None else unfinished.generator()
            seed = rng.bit_generator.state
            source = self._encode(X, y, sample_weight, FIT)
            source, held_out = self._hold_out(source, validation, rng)
            before = deepcopy(rng)
            problem = self._pose(source, rng, held_out=held_out)
            solver = self._choose_solver(problem)
            params, state = problem.start, None
            if start is not None:
                params = start(problem)
            elif self.warm_start and "_fitted" in vars(self):
                resumed = self._pose(source, before, self._fitted, held_out)
                problem, params, state = self._warm_start(problem, resumed, solver)
            run = self._run(rng, problem, solver)
            if unfinished is not None:
                params, state, run = unfinished.resumed(problem, run)
            run.callback = task.watch(
                lambda progress: self._so_far(problem, solver, progress, seed)
            )
            result = solve(problem, solver, run, params, state)
            self._keep(problem, solver, result)
            self._warn_unless_converged(result)
            task.end()
        if result.interrupted:
            raise KeyboardInterrupt
        return self

    def _hold_out(self, source, validation, rng):
        """Training rows, and validation rows or None."""
        if validation is not None and not self.early_stopping:
            raise ValueError(
                f"X_val was passed to {type(self).__name__}, which has early_stopping=False: "
                "set early_stopping=True to use it."
            )
        if validation is not None:
            with about_validation_rows():
                held_out = self._encode(*validation, VALIDATION)
            warn_if_elsewhere(source, held_out)
            return source, held_out
        if not self.early_stopping:
            return source, None
        groups = source.groups(self._coding.groups)
        seed = int(rng.integers(np.iinfo(np.int64).max))
        source_of_fit, held_out = source.split(self.validation_fraction, seed, groups)
        if not held_out.n_samples:
            raise ValueError(
                f"early_stopping=True found no rows to hold out with n_samples = "
                f"{source.n_samples}: pass X_val and y_val, or set early_stopping=False."
            )
        return source_of_fit, held_out

    def _pose(self, source, rng, previous=None, held_out=None, is_chunk=False) -> Problem:
        """What is to be minimised: each part resolved once."""
        model, loss = self._model_and_loss(source, previous)
        is_next_chunk = is_chunk and previous is not None
        if is_next_chunk:
            stages = [previous.loss]
        else:
            y, weight = source.targets()
            stages = loss.stages(*target_std(loss.in_raw_units(y), weight))
        problem = Problem(
            model=model,
            loss=loss,
            stages=tuple(stages),
            penalty=self._make_penalty(source),
            alpha=1.0,
            source=source,
            start=cold_start(model, loss, source, rng),
            score=None if held_out is None else self._score(model, loss, held_out),
        ).penalised(0.0 if self._is_unpenalised else self.alpha)
        reference = previous.reference if is_next_chunk else reference_value(problem)
        return replace(problem, reference=reference)

    def _score(self, model, loss, held_out):
        """The validation score as a function of params."""
        if self.scoring is None:
            return mean_loss_score(model, loss, held_out)
        held_out = held_out.in_memory()
        target, metadata = self._coding.apart(held_out.targets()[0])
        y = self._coding.decode(target, vars(self).get("classes_"))

        @contextmanager
        def fitted_with(params):
            self._store(model, params)
            # the held-out rows are an array by now, and predict would miss their names
            names = vars(self).pop("feature_names_in_", None)
            yield self
            if names is not None:
                self.feature_names_in_ = names

        return scorer_score(self.scoring, held_out, y, metadata, fitted_with)

    def _keep(self, problem, solver, result):
        """Write the result to the public attributes."""
        # an interrupt may come before the first objective
        if not (is_finite(result.params) and is_finite(result.history["objective"][:1])):
            raise FloatingPointError("parameters or the first objective are not finite")
        self._store(problem.model, result.params.astype(problem.source.dtype, copy=False))
        self.solver_ = solver
        self.n_iter_ = max(result.n_iter, MIN_N_ITER)
        self.t_ = result.n_iter if result.state is None else result.state.step
        self.objective_ = result.value
        self.optimality_ = result.optimality
        self.converged_ = result.converged
        self.stop_reason_ = result.message
        self.stop_code_ = result.reason.code
        self.history_ = result.history
        self.loss_curve_ = result.history["objective"]
        self.validation_scores_ = result.scores
        self.best_validation_score_ = None if result.scores is None else max(result.scores)
        loss = stages_of(problem, solver)[-1]
        self._fitted = Fitted(
            problem.model, solver, loss, result.state, problem.reference, self._made_of()
        )

    def _so_far(self, problem, solver, progress, seed) -> dict[str, Any] | None:
        """The attributes that the fit would set if it ended here; None where it would fail."""
        result = progress.so_far()
        if not is_finite(result.params):
            return None
        twin = copy(self)
        twin._keep(problem, solver, replace(result, params=problem.canonical(result.params)))
        attributes = {name: vars(twin)[name] for name in vars(twin) if name.endswith("_")}
        attributes |= {name: vars(twin)[name] for name in PRIVATE if name in vars(twin)}
        if result.state is not None:
            attributes[UNFINISHED] = Unfinished(seed, progress.snapshot())
        return attributes

    def _warn_if_cut(self, result):
        if result.was_cut:
            self._warn(f"{type(self).__name__}: {result.message}", result.remedy)

    def _warn_unless_converged(self, result):
        is_linear = self._fitted.model.is_linear
        if self.tol == 0:
            self._warn_if_cut(result)
        is_asked_for = result.interrupted or result.reason is StopReason.CALLBACK
        if self.tol == 0 or result.converged or is_asked_for:
            return
        advice = "" if self._is_auto or not is_linear else "Use solver='auto', or scale X"
        is_far = is_linear and not result.optimality <= self.tol
        distance = f", optimality {result.optimality:.1e}, tol={self.tol:g}" if is_far else ""
        what = f"{type(self).__name__} did not converge: {result.message}{distance}"
        self._warn(what, result.remedy, advice)

    def _warn(self, what, *remedies):
        sentences = [what, *remedies, gradient_hint(self.get_params(deep=False))]
        message = " ".join(f"{sentence}." for sentence in sentences if sentence)
        warn(message, ConvergenceWarning)
