"""What a fit begins with where another came before it: warm starts, and streams of chunks."""

from dataclasses import replace

import numpy as np

from sklearn_gd._estimators.guards import all_or_nothing, explain_overflow
from sklearn_gd._estimators.rows import FIRST_CHUNK, NEXT_CHUNK
from sklearn_gd._validation import check_parameters
from sklearn_gd.solvers import Stage, choose_for_stream, solve
from sklearn_gd.solvers.history import joined

# Rows of a stream that are predicted this many times worse than by a constant, and than the rows
# before them, are in other units.
LOST_FACTOR = 5.0
LOST = (
    "the objective of these rows is more than five times that of a constant, so the estimator "
    "begins again with them"
)
LOST_REMEDY = "Check that they are in the same units as the earlier rows"
# Earlier rows whose best constant has less than this fraction of the objective of later rows were
# all alike. If they taught no weights, nothing is lost by beginning with the later ones.
OF_CONSTANT = 0.1
# The history of an endless stream is cut to these entries.
MAX_HISTORY = 1000


class Continued:
    """The part of an estimator that continues its last fit."""

    def _partial_fit(self, X, y, sample_weight, classes=None):
        """One pass over a chunk of rows, from where the last fit or partial_fit ended."""
        with all_or_nothing(self), explain_overflow(type(self).__name__):
            check_parameters(self, self._rules)
            rng = self._generator()
            fitted = vars(self).get("_fitted")
            self._check_unchanged({} if fitted is None else fitted.made_of)
            role = FIRST_CHUNK if fitted is None else NEXT_CHUNK
            source = self._encode(X, y, sample_weight, role, classes)
            if not source.n_samples:
                return self
            problem = self._pose(source, rng, fitted, is_chunk=True)
            solver = self._choose_solver(problem, choose_for_stream)
            params, state = self._next_chunk_start(problem, solver)
            if self._is_auto and state is not None and not _weights_of(problem, state.params).any():
                fresh = self._pose(source, rng, is_chunk=True)
                if problem.reference < OF_CONSTANT * fresh.reference:
                    problem, params, state = fresh, fresh.start, None
            # of a chunk, optimality would say nothing, and cost more than learning from it
            stage = Stage(horizon=self.max_iter, is_chunk=True, check_optimality=False)
            run = self._run(rng, problem, solver, max_iter=1, tol=0.0, stage=stage)
            result = solve(problem, solver, run, params, state)
            if self._is_auto and state is not None and _is_lost(problem, solver, state, result):
                result = solve(problem, solver, run, problem.start)
                self._warn(f"{type(self).__name__}: {LOST}", LOST_REMEDY)
            if fitted is not None:
                history = joined(
                    self.history_, result.history, is_new_source=True, limit=MAX_HISTORY
                )
                result = replace(result, history=history)
            self._keep(problem, solver, result)
            self._warn_if_cut(result)
        return self

    def _warm_start(self, fresh, resumed, solver):
        """The problem and where to begin it: at the last fit if that is better, or cold.

        ``resumed`` is in the units of the last fit, which the state of its solver is in; they may
        be far from those of the new rows, which ``fresh`` is in.
        """
        previous = self._fitted
        stored, in_new_units = (self._stored(each.model) for each in (resumed, fresh))
        if stored is None:
            return fresh, fresh.start, None
        is_resumed = self._is_resumed(solver, stored) and resumed.is_finite(stored)
        if is_resumed and not self._is_auto:
            return resumed, stored, previous.state
        if fresh.better_start(in_new_units) is fresh.start:
            return fresh, fresh.start, None
        return resumed, stored, previous.state if is_resumed else None

    def _is_resumed(self, solver, stored):
        """Whether the state of the last fit's solver is one that this solver can resume."""
        previous = self._fitted
        return (
            solver.resumable
            and type(solver) is type(previous.solver)
            # what a solver remembers is in the units that the model had
            and np.array_equal(stored, self._stored(previous.model))
        )

    def _next_chunk_start(self, problem, solver):
        """Where a stream stands."""
        # in the units that the solver's state is in; those of new rows may be others
        stored = self._stored(self._fitted.model) if "_fitted" in vars(self) else None
        if stored is None:
            return problem.start, None
        return stored, self._fitted.state if self._is_resumed(solver, stored) else None


def _weights_of(problem, params):
    """The weights as a view of the parameters, which begin with them."""
    return params[: sum(weights.size for weights in problem.model.unpack(params)[0])]


def _is_lost(problem, solver, state, result) -> bool:
    """Whether a chunk shows that the weights learnt from earlier ones do not apply to it.

    Biases alone are soon at another level, so what is lost would be better without the weights.
    The penalty of features in small units may be large, and is no matter of these rows.
    """
    before = solver.mean_loss(state)
    if result.history["objective"][-1] <= LOST_FACTOR * before:
        return False
    without = state.params.copy()
    _weights_of(problem, without)[...] = 0.0
    all_params = (state.params, without, problem.start)
    loss, *others = map(problem.objective().mean_loss, all_params)
    return not loss <= LOST_FACTOR * max(before, *others)
