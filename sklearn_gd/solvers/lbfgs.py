"""Limited-memory BFGS in the metric of the objective."""

from collections import deque
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sklearn_gd._validation import NONE, integer, one_of
from sklearn_gd.solvers.base import Solver
from sklearn_gd.solvers.line_search import SHORT, search

# The metric is rebuilt when it is this many iterations old, so that the pairs have had their
# chance, and what is left to gain shrinks by less than this factor.
METRIC_AGE = 5
SLOW = 0.3


@dataclass(kw_only=True, eq=False, repr=False)
class LBFGS(Solver):
    """L-BFGS whose first matrix is the objective's own curvature.

    The two-loop recursion turns the last ``memory`` steps and gradient changes into an inverse
    Hessian. It starts from the metric of the objective where there is one, built anew when progress
    slows, and from a multiple of the identity elsewhere.

    Parameters
    ----------
    memory : int, default=10
        Steps remembered.
    metric : "curvature" or None, default="curvature"
        None: a multiple of the identity, as in every other L-BFGS.

    References
    ----------
    Nocedal (1980), "Updating quasi-Newton matrices with limited storage".

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.solvers import LBFGS
    >>> scales = np.array([1.0, 100.0])
    >>> result = LBFGS().minimize(lambda w: (w @ (scales * w) / 2, scales * w), np.ones(2))
    >>> bool(np.abs(result.params).max() < 1e-3)
    True
    """

    memory: int = 10
    metric: str | None = "curvature"
    rules: ClassVar = {"memory": integer(1), "metric": one_of("curvature") | NONE}

    def unsupported(self, objective):
        if not objective.is_smooth:
            return (
                "LBFGS cannot minimise a penalty without a gradient, such as 'l1' or "
                "that of positive=True; use solver='agd', or leave the choice to 'auto'."
            )
        return None

    def _run(self, objective, params, run, progress, state):
        params = params.astype(np.float64)
        pairs: deque = deque(maxlen=self.memory)
        metric, age = self._metric(objective, params), 0
        value, gradient = objective.value_and_gradient(params)
        previous, length, is_bound = np.inf, np.nan, False
        while True:
            direction = -_two_loop(pairs, metric, gradient)
            decrease = (gradient @ -direction) / 2
            if metric is not None and age >= METRIC_AGE and decrease > SLOW * previous:
                metric, age, direction, decrease = self._rebuild(objective, params, gradient, pairs)
            near = {"metric": metric, "decrease": decrease, "step_size": length}
            if progress.done(params, value, gradient, **near):
                return
            if progress.new_metric is not None and self.metric is not None:
                pairs.clear()
                metric, age = progress.new_metric, 0
                direction = progress.new_direction
            if metric is None and not pairs:
                # without any curvature: the step that would reach zero along the slope (Polyak)
                slope = max(gradient @ gradient, np.finfo(float).tiny)
                direction = direction * (objective.scale(value) / slope)
            step = search(objective, params, direction, value, gradient, wolfe=True)
            if step is None and not pairs and (metric is None or is_bound):
                return progress.stall(decrease)
            is_bound = step is None or step.length < SHORT
            if is_bound and metric is not None:
                # second derivatives that vanish far away are no metric; their bound is one
                metric, age, previous = objective.bound_metric() or metric, 0, np.inf
            if step is None:
                pairs.clear()
                continue
            if progress.is_spent(step.total):
                return progress.stall(0.0)
            _remember(pairs, step.params - params, step.gradient - gradient)
            params, value, gradient = step.params, step.value, step.gradient
            length, previous, age = step.length, decrease, age + 1

    def _metric(self, objective, params):
        return None if self.metric is None else objective.metric(params)

    def _rebuild(self, objective, params, gradient, pairs):
        pairs.clear()
        metric = self._metric(objective, params)
        direction = -metric.solve(gradient)
        return metric, 0, direction, (gradient @ -direction) / 2


def _remember(pairs, move, change):
    curvature = move @ change
    # beside a sum that, unlike norms, does not depend on the units of the parameters
    if curvature > np.finfo(float).eps * (np.abs(move) @ np.abs(change)):
        pairs.append((move, change, curvature))


def _two_loop(pairs, metric, gradient):
    """The inverse Hessian of the pairs, on top of that of the metric, times ``gradient``."""
    result = gradient
    weights = []
    for move, change, curvature in reversed(pairs):
        weight = (move @ result) / curvature
        weights.append(weight)
        result = result - weight * change
    solve = (lambda vector: vector) if metric is None else metric.solve
    result = solve(result)
    if pairs and (metric is None or not metric.is_hessian):
        # as long as the last move was (Shanno and Phua, 1978)
        _, change, curvature = pairs[-1]
        result = result * (curvature / (change @ solve(change)))
    for (move, change, curvature), weight in zip(pairs, reversed(weights), strict=True):
        result = result + (weight - (change @ result) / curvature) * move
    return result
