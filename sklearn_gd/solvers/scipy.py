"""Any method of ``scipy.optimize.minimize`` as a solver."""

import warnings
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import optimize

from sklearn_gd._validation import one_of
from sklearn_gd.solvers.base import Solver

VALUE_ONLY = frozenset({"Nelder-Mead", "Powell", "COBYLA", "COBYQA"})
GRADIENT = frozenset({"CG", "BFGS", "L-BFGS-B", "TNC", "SLSQP"})
HESSIAN_PRODUCT = frozenset({"Newton-CG", "trust-ncg", "trust-krylov", "trust-constr"})
HESSIAN = frozenset({"dogleg", "trust-exact"})
MAX_DENSE_HESSIAN = 1000
# max_iter is counted by the run; SciPy's own limit must not end it first.
UNLIMITED = 10**9
_MAX_ITER = {"TNC": "maxfun"}

# Fraction of the largest second derivative that makes a Hessian definite.
SHIFT = 1e-10


class _Finished(Exception):
    """Raised out of SciPy's loop when the run is over."""


@dataclass(kw_only=True, eq=False, repr=False)
class Scipy(Solver):
    """A method of :func:`scipy.optimize.minimize`.

    SciPy iterates; ``tol``, ``max_iter`` and ``max_time`` mean what they mean for every solver.

    Parameters
    ----------
    method : str, default="L-BFGS-B"
        As SciPy spells it: "Nelder-Mead", "Powell", "COBYLA", "COBYQA", "CG", "BFGS", "L-BFGS-B",
        "TNC", "SLSQP", "Newton-CG", "trust-ncg", "trust-krylov", "trust-constr", "dogleg" or
        "trust-exact". The last two build a full Hessian, so they need at most 1,000 parameters.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.solvers import Scipy
    >>> result = Scipy(method="BFGS").minimize(lambda w: ((w @ w) / 2, w), np.ones(2))
    >>> bool(np.abs(result.params).max() < 1e-3)
    True
    """

    method: str = "L-BFGS-B"
    rules: ClassVar = {
        "method": one_of(*VALUE_ONLY, *GRADIENT, *HESSIAN_PRODUCT, *HESSIAN),
    }

    def unsupported(self, objective):
        if not objective.is_smooth:
            return (
                "SciPy's methods cannot minimise a penalty without a gradient, such as 'l1' or "
                "that of positive=True; use solver='agd', or leave the choice to 'auto'."
            )
        return None

    def _run(self, objective, params, run, progress, state):
        params = params.astype(np.float64)
        if self.method in HESSIAN and params.size > MAX_DENSE_HESSIAN:
            raise ValueError(
                f"method={self.method!r} builds a {params.size} x {params.size} Hessian; it is "
                f"limited to {MAX_DENSE_HESSIAN} parameters. Use Scipy(method='trust-ncg')."
            )
        seen = _LastSeen(objective)

        def done(point):
            value, gradient = seen(point)
            return progress.done(point, value, gradient)

        def callback(point, *_):
            if done(np.array(point)):
                raise _Finished

        if done(params):
            return
        try:
            with warnings.catch_warnings():
                # the message is that of our convergence check, not SciPy's
                warnings.simplefilter("ignore", RuntimeWarning)
                warnings.simplefilter("ignore", optimize.OptimizeWarning)
                arguments = self._arguments(objective, seen, run)
                found = optimize.minimize(x0=params, callback=callback, **arguments)
        except _Finished:
            return
        progress.end(np.array(found.x), f"SciPy: {found.message}", bool(found.success))

    def _arguments(self, objective, seen, run):
        """What this method takes, and with what precision it stops by itself.

        A convex objective is stopped by its Newton decrement, so SciPy may go on for ever.
        """
        arguments = {
            "method": self.method,
            "fun": seen if self.method not in VALUE_ONLY else lambda params: seen(params)[0],
            "jac": self.method not in VALUE_ONLY or None,
            "tol": np.finfo(float).tiny if objective.is_convex or run.tol == 0 else run.tol,
            "options": {_MAX_ITER.get(self.method, "maxiter"): UNLIMITED},
        }
        if self.method in HESSIAN_PRODUCT:
            arguments["hessp"] = lambda params, v: objective.hessian_operator(params)(v)
        if self.method in HESSIAN:
            arguments["hess"] = lambda params: self._hessian(objective, params)
        return arguments

    def _hessian(self, objective, params):
        operator = objective.hessian_operator(params)
        matrix = np.column_stack([operator(unit) for unit in np.eye(params.size)])
        if self.method == "trust-exact":
            # where H is singular, as of a softmax, this method may never end
            matrix += SHIFT * np.diagonal(matrix).max() * np.eye(params.size)
        return matrix


class _LastSeen:
    """The objective, remembering its last answer: SciPy passes the callback only the point."""

    def __init__(self, objective):
        self._objective = objective
        self._params = self._answer = None

    def __call__(self, params):
        if self._params is None or not np.array_equal(self._params, params):
            self._params = np.array(params)
            self._answer = self._objective.value_and_gradient(self._params)
        value, gradient = self._answer
        return value, gradient.copy()
