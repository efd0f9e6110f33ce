"""A whole minimisation: one stage, or one for each smooth loss that leads to a kinked one."""

from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from sklearn_gd.solvers.base import Solver
from sklearn_gd.solvers.run import Result, Run, StopReason

# Stochastic solvers minimise this envelope of a loss with kinks alone: a thousandth of the spread
# of y wide, below their noise.
STOCHASTIC_STAGE = 2
# A run that ended for one of these reasons has no time for another stage.
CUT_SHORT = {
    StopReason.INTERRUPTED,
    StopReason.CALLBACK,
    StopReason.MAX_ITER,
    StopReason.MAX_TIME,
}


def stages_of(problem, solver: Solver) -> tuple:
    """The losses that a solver minimises in turn."""
    if not solver.resumable:
        return problem.stages
    if not problem.loss.has_kinks:
        return (problem.loss,)
    return problem.stages[: STOCHASTIC_STAGE + 1][-1:]


def solve(problem, solver: Solver, run: Run, params: NDArray, state: Any = None) -> Result:
    """Minimise a problem, and give its value by the user's own loss.

    Parameters
    ----------
    problem : Problem
    solver : Solver
    run : Run
    params : ndarray of shape (p,)
        The starting point.
    state : object, default=None
        Of an earlier result, for a resumable solver.

    Returns
    -------
    result : Result

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.data import ArraySource
    >>> from sklearn_gd.losses import SquaredError
    >>> from sklearn_gd.models import Linear
    >>> from sklearn_gd.objective import Problem
    >>> from sklearn_gd.penalties import L2
    >>> from sklearn_gd.solvers import LBFGS, Run, solve
    >>> source = ArraySource(np.array([[0.0], [1.0]]), np.array([[1.0], [3.0]]))
    >>> loss = SquaredError()
    >>> problem = Problem(Linear(1, 1), loss, (loss,), L2(), 0.0, source, np.zeros(2))
    >>> solve(problem, LBFGS(), Run(), problem.start).params.round(6)
    array([2., 1.])
    """
    begin = params
    first, *others = stages_of(problem, solver)
    result = solver.minimize(problem.objective(first), params, run, state)
    for loss in others:
        if result.reason in CUT_SHORT:
            break
        run = run.after(result)
        start = result.params
        result = solver.minimize(problem.objective(loss), start, run).following(result)
    params = problem.canonical(result.params)
    if not solver.resumable:
        params = problem.nearest(params, begin)
    if problem.loss is not first or params is not result.params:
        result = replace(result, params=params, value=problem.objective().value(params))
    if result.converged and problem.is_separated(result.value):
        return replace(
            result,
            reason=StopReason.NO_FINITE_OPTIMUM,
            message=f"{StopReason.NO_FINITE_OPTIMUM.value}: the classes can be separated without "
            "error, so that the coefficients grow without bound",
            remedy="Set alpha > 0 and a penalty",
        )
    return result
