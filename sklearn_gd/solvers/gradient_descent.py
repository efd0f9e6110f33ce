"""Full-batch gradient descent: the textbook's, in a metric, and accelerated."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sklearn_gd._validation import NONE, one_of
from sklearn_gd.metric import proximal_direction
from sklearn_gd.schedules import Clock
from sklearn_gd.solvers.base import Solver
from sklearn_gd.solvers.line_search import SHORT, proximal_step, search
from sklearn_gd.solvers.rates import Plateaus, resolve_schedule

# Without a bound of the curvature a step is found by halving, and tried larger the next time.
GROWTH = 2.0
# The metric is rebuilt when what is left to gain shrinks by less than this factor.
SLOW = 0.3


@dataclass(kw_only=True, eq=False, repr=False)
class GradientDescent(Solver):
    r"""Gradient descent: a step of all rows against the gradient.

    .. math:: params \leftarrow params - step \cdot gradient

    With ``metric=None`` the step is 1/L, L the largest curvature of the objective, found by
    halving where L is not known, or ``learning_rate`` where that is a number or a schedule. With
    ``metric="curvature"`` the Hessian H takes the place of L,
    :math:`params \leftarrow params - H^{-1} gradient`: exact for squared error, where one step
    solves the normal equation. A nonsmooth penalty acts through its proximal operator.

    Parameters
    ----------
    metric : "curvature" or None, default=None
        What the gradient is divided by: the Hessian of a linear model, or one number.

    References
    ----------
    Cauchy (1847), "Méthode générale pour la résolution des systèmes d'équations simultanées"; Boyd
    and Vandenberghe (2004), *Convex Optimization*, section 9.3.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.solvers import GradientDescent
    >>> result = GradientDescent().minimize(lambda w: ((w @ w) / 2, w), np.ones(2))
    >>> bool(np.abs(result.params).max() < 1e-3)
    True

    One step in the metric, and nothing is left to gain:

    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_gd import GDLinearRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = GDLinearRegressor(solver=GradientDescent(metric="curvature")).fit(X, y)
    >>> model.n_iter_
    1
    """

    metric: str | None = None
    rules: ClassVar = {"metric": one_of("curvature") | NONE}

    @property
    def method_parameters(self):
        """The learning rate, where it is not the metric's place."""
        return frozenset({"learning_rate"} if self.metric is None else ())

    def unsupported(self, objective):
        if self.metric is not None and not objective.is_convex:
            return (
                "GradientDescent(metric='curvature') needs the second derivatives of a linear "
                "model; use solver='gd' instead."
            )
        return None

    def _run(self, objective, params, run, progress, state):
        params = params.astype(np.float64)
        if self.metric is not None:
            self._descend_in_metric(objective, params, run, progress)
        elif run.learning_rate == "auto":
            self._descend(objective, params, progress)
        else:
            self._descend_on_schedule(objective, params, run, progress)

    def _descend(self, objective, params, progress):
        bound = objective.smoothness()
        length = 1 / bound if bound else 1.0
        value, gradient = objective.value_and_gradient(params)
        total, decrease = value + objective.nonsmooth(params), np.inf
        while not progress.done(params, total, gradient, decrease=decrease, step_size=length):
            step = proximal_step(objective, params, value, gradient, length)
            if step is None:
                return progress.stall(np.inf)
            # what the step gained under its bound: a lower bound of what was left to gain
            decrease = _proximal_decrease(objective, params, gradient, step)
            params, value, gradient, total = step.params, step.value, step.gradient, step.total
            length = step.length if bound else GROWTH * step.length

    def _descend_on_schedule(self, objective, params, run, progress):
        schedule = resolve_schedule(run, 1, lambda: 1 / (objective.smoothness() or 1.0))
        value, gradient = objective.value_and_gradient(params)
        total, decrease, length = value + objective.nonsmooth(params), np.inf, np.nan
        limit, plateaus = objective.divergence_limit(total), Plateaus()
        while not progress.done(params, total, gradient, decrease=decrease, step_size=length):
            clock = Clock(step=progress.n_iter, epoch=progress.n_iter, plateaus=plateaus.count)
            length = progress.rate_cut * schedule(clock)
            new = objective.prox(params - length * gradient, length)
            value, new_gradient = objective.value_and_gradient(new)
            if not value <= limit:
                progress.cut_rate(progress.rate_cut / 2)
                continue
            decrease = float(np.sum((new - params) ** 2)) / (2 * length)
            params, gradient, total = new, new_gradient, value + objective.nonsmooth(new)
            plateaus.watch(total, run)

    def _descend_in_metric(self, objective, params, run, progress):
        metric, age = objective.metric(params), 0
        value, gradient = objective.value_and_gradient(params)
        total, previous, length = value + objective.nonsmooth(params), np.inf, np.nan
        is_bound = False
        while True:
            direction, decrease = _metric_direction(objective, metric, params, gradient)
            if age and decrease > SLOW * previous:
                metric, age = objective.metric(params), 0
                direction, decrease = _metric_direction(objective, metric, params, gradient)
            if progress.done(params, total, gradient, decrease=decrease, step_size=length):
                return
            if progress.new_metric is not None:
                metric, age = progress.new_metric, 0
                direction = progress.new_direction
            step = search(objective, params, direction, total, gradient)
            if step is None and is_bound:
                return progress.stall(decrease)
            is_bound = step is None or step.length < SHORT
            if is_bound:
                # second derivatives that vanish far away are no metric; their bound is one
                metric, age = objective.bound_metric() or objective.metric(params), 0
            if step is None:
                continue
            if progress.is_spent(step.total):
                return progress.stall(0.0)
            params, value, gradient, total = step.params, step.value, step.gradient, step.total
            length, previous, age = step.length, decrease, age + 1


@dataclass(kw_only=True, eq=False, repr=False)
class AcceleratedGradientDescent(Solver):
    r"""Nesterov's accelerated (proximal) gradient descent with adaptive restart.

    A step of 1/L is taken from a point ahead on the path,

    .. math:: ahead = params + \beta\,(params - previous), \quad
        params \leftarrow ahead - gradient(ahead) / L

    The momentum :math:`\beta` grows and is reset whenever it points uphill. It needs of the order
    of :math:`\sqrt{L/\mu}` steps where gradient descent needs :math:`L/\mu`, with :math:`\mu` the
    least curvature.

    References
    ----------
    Nesterov (1983), "A method for solving the convex programming problem with convergence rate
    O(1/k^2)"; Beck and Teboulle (2009), "A fast iterative shrinkage-thresholding algorithm";
    O'Donoghue and Candès (2015), "Adaptive restart for accelerated gradient schemes".

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.solvers import AcceleratedGradientDescent
    >>> scales = np.array([1.0, 100.0])
    >>> solver = AcceleratedGradientDescent()
    >>> result = solver.minimize(lambda w: (w @ (scales * w) / 2, scales * w), np.ones(2))
    >>> bool(np.abs(result.params).max() < 1e-3)
    True
    """

    def _run(self, objective, params, run, progress, state):
        params = params.astype(np.float64)
        bound = objective.smoothness()
        length, momentum = 1 / bound if bound else 1.0, 1.0
        value, gradient = objective.value_and_gradient(params)
        ahead, total, decrease = params, value + objective.nonsmooth(params), np.inf
        at_params = (value, gradient)
        while not progress.done(params, total, at_params[1], decrease=decrease, step_size=length):
            step = proximal_step(objective, ahead, value, gradient, length)
            if step is None:
                return progress.stall(np.inf)
            decrease = _proximal_decrease(objective, ahead, gradient, step)
            move = step.params - params
            if (ahead - step.params) @ move > 0 or step.total > total:
                momentum = 1.0
            grown = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
            beta, momentum = (momentum - 1) / grown, grown
            params, total = step.params, step.total
            length = step.length if bound else GROWTH * step.length
            at_params = (step.value, step.gradient)
            ahead = params + beta * move
            value, gradient = objective.value_and_gradient(ahead) if beta else at_params


def _metric_direction(objective, metric, params, gradient):
    if not objective.is_smooth:
        return proximal_direction(metric, objective, params, gradient)
    direction = -metric.solve(gradient)
    return direction, -(gradient @ direction) / 2


def _proximal_decrease(objective, params, gradient, step):
    move = step.params - params
    change = gradient @ move + move @ move / (2 * step.length)
    return max(0.0, -(change + step.total - step.value - objective.nonsmooth(params)))
