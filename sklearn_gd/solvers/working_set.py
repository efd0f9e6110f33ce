"""Working sets: a problem with few columns in the solution is solved on few columns."""

from dataclasses import dataclass, replace

import numpy as np

from sklearn_gd.solvers.base import Solver
from sklearn_gd.solvers.gradient_descent import GradientDescent
from sklearn_gd.solvers.proximal_newton import ProximalNewtonCG
from sklearn_gd.solvers.run import Stage
from sklearn_gd.solvers.stopping import SAFETY, scale

# The first set has at least so many columns: fewer would cost as much for each pass over them.
MIN_COLUMNS = 100
# A set need only be solved to this fraction of what the columns outside are expected to gain, and
# of the objective.
FRACTION = 0.1
# No set is solved closer than this.
FINEST = 1e-13


@dataclass(kw_only=True, eq=False, repr=False)
class WorkingSet(Solver):
    """Solves the problem on few columns, and checks all others from time to time.

    Each iteration makes a pass over all columns and adds those to the set whose coefficients a
    proximal step would make non-zero: the most promising first, and at most as many as are already
    non-zero. Then it minimises over the set by proximal Newton steps, with a matrix if the set is
    small enough. The run ends when the problem on the set is solved and no column outside the set
    would become non-zero.

    References
    ----------
    Massias, Gramfort and Salmon (2018), "Celer: a fast solver for the lasso with dual
    extrapolation"; Tibshirani et al. (2012), "Strong rules for discarding predictors in lasso-type
    problems".

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_gd import GDLinearRegressor
    >>> from sklearn_gd.solvers import WorkingSet
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = GDLinearRegressor(penalty="l1", alpha=0.5, solver=WorkingSet()).fit(X, y)
    >>> int((model.coef_ != 0).sum()), model.converged_
    (4, True)
    """

    def unsupported(self, objective):
        if not objective.is_convex:
            return (
                "WorkingSet needs the convex objective of a linear model; use solver='agd' instead."
            )
        if objective.is_smooth or not objective.has_columns:
            return (
                "WorkingSet needs rows in memory and a penalty such as 'l1' that sets weights to "
                "zero one by one; use solver='agd' instead."
            )
        if objective.has_kinks:
            return (
                "WorkingSet needs second derivatives, and a loss with kinks has none; use "
                "solver='agd' instead."
            )
        return None

    def _run(self, objective, params, run, progress, state):
        params = params.astype(np.float64)
        lengths = 1 / objective.diagonal_metric(params).diagonal_bound()
        columns, rest, is_solved = np.empty(0, dtype=int), 0.0, False
        while True:
            # 1. What would each column gain, and does any outside the set?
            value, gradient = objective.value_and_gradient(params)
            total = value + objective.nonsmooth(params)
            gains = _gains(objective, params, gradient, lengths)
            outside = gains.copy()
            outside[columns] = 0.0
            gain = float(outside.sum())
            # where nobody wants in, the set has decided, and to ask sooner would cost more passes
            newton = (rest, np.zeros_like(params), None) if is_solved and gain == 0 else None
            decrease = max(rest + gain, run.tol * scale(objective, total)) if gain else rest
            if progress.done(params, total, gradient, decrease=decrease, newton=newton):
                return
            # 2. The set: what is not zero, and the most promising of those outside.
            columns = _grown(columns, objective.weights(params)[0].any(axis=1), outside)
            # 3. Solve on it, the closer the less there is to gain elsewhere.
            sought = FRACTION * min(1.0, SAFETY * gain / scale(objective, total))
            result = self._solve(objective, params, columns, run, progress, sought)
            if progress.precision_is_exhausted(result.value):
                return progress.stall(0.0)
            is_solved = result.converged and np.isfinite(result.optimality)
            rest = result.optimality * scale(objective, result.value) / SAFETY if is_solved else 0.0

    def _solve(self, objective, params, columns, run, progress, sought):
        """Minimise over some columns; ``params`` becomes what was found."""
        part, positions = objective.on_columns(columns)
        is_large = part.has_diagonal_metric
        solver = ProximalNewtonCG() if is_large else GradientDescent(metric="curvature")
        inner = replace(
            run,
            tol=max(run.tol / 2, sought, FINEST),
            callback=None,
            score=None,
            verbose=0,
            stage=Stage(seconds=progress.history["seconds"][-1]),
        )
        result = solver.minimize(part, params[positions], inner)
        if result.interrupted:
            raise KeyboardInterrupt
        params[...] = 0.0
        params[positions] = result.params
        return result


def _gains(objective, params, gradient, lengths):
    """What a proximal step of each feature alone would gain, roughly, shape (d,)."""
    step = objective.prox(params - lengths * gradient, lengths) - params
    (gains,) = objective.weights(step**2 / (2 * lengths))
    return gains.sum(axis=1)


def _grown(columns, is_used, gains):
    """The features that are used, and of those that would gain something the most promising.

    Others in the set stay while they are few: what has just become zero may come back.
    """
    size = max(MIN_COLUMNS, int(is_used.sum()))
    inside = columns if columns.size <= size + MIN_COLUMNS else np.flatnonzero(is_used)
    wanted = np.setdiff1d(np.flatnonzero(gains > 0), inside)
    if wanted.size > size:
        wanted = wanted[np.argpartition(-gains[wanted], size)[:size]]
    return np.union1d(inside, wanted)
