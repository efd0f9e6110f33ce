"""Full-batch gradient descent: the textbook's, in a metric, and accelerated."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from sklearn_gd._validation import NONE, one_of
from sklearn_gd.quadratic import proximal_direction
from sklearn_gd.schedules import Clock, Constant
from sklearn_gd.solvers.base import Solver
from sklearn_gd.solvers.line_search import proximal_step
from sklearn_gd.solvers.rates import Plateaus
from sklearn_gd.solvers.second_order import Direction, Directions, SecondOrder
from sklearn_gd.solvers.stopping import divergence_limit

# Without a bound of the curvature a step is found by halving, and tried larger the next time.
GROWTH = 2.0
# The metric is rebuilt when what is left to gain shrinks by less than this factor.
SLOW = 0.3
# Where second derivatives change on the way, the model of a step with kinks is not worth more than
# this; the verdict that ends a run solves it to the end.
LOOSE = 1e-2


@dataclass(kw_only=True, eq=False, repr=False)
class GradientDescent(SecondOrder):
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
        if self.metric is not None and not objective.has_metric:
            return (
                "GradientDescent(metric='curvature') needs the second derivatives of a linear "
                "model; use solver='gd' instead."
            )
        return None

    def _directions(self, objective, at, run):
        return MetricDirections(objective, at)

    def _run(self, objective, params, run, progress, state):
        if self.metric is not None:
            super()._run(objective, params, run, progress, state)
        elif run.learning_rate.is_auto:
            self._descend(objective, params.astype(np.float64), progress)
        else:
            self._descend_on_schedule(objective, params.astype(np.float64), run, progress)

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
        schedule = run.learning_rate.schedule(
            lambda: 1 / (objective.smoothness() or 1.0), 1, Constant.from_rate
        )
        value, gradient = objective.value_and_gradient(params)
        total, decrease, length = value + objective.nonsmooth(params), np.inf, np.nan
        limit, plateaus = divergence_limit(objective, total), Plateaus()
        while not progress.done(params, total, gradient, decrease=decrease, step_size=length):
            clock = Clock(step=progress.n_iter, epoch=progress.n_iter, plateaus=plateaus.count)
            length = progress.rate_cut * schedule(clock)
            new = objective.prox(params - length * gradient, length)
            value, new_gradient = objective.value_and_gradient(new)
            if not value <= limit:
                progress.retry(progress.rate_cut / 2)
                continue
            decrease = float(np.sum((new - params) ** 2)) / (2 * length)
            params, gradient, total = new, new_gradient, value + objective.nonsmooth(new)
            plateaus.watch(total, run.patience)


class MetricDirections(Directions):
    """The (proximal) Newton direction of a metric that is rebuilt when progress slows."""

    def __init__(self, objective, params):
        super().__init__(objective, objective.first_metric(params))
        self._age, self._previous = 0, np.inf
        self._tolerance = () if objective.is_quadratic else (LOOSE,)

    def find(self, at):
        way = self._in_metric(at)
        if self._age and way.decrease > SLOW * self._previous:
            self._renew(self.objective.metric(at.params))
            way = self._in_metric(at)
        return way

    def after_check(self, at, way, progress):
        if progress.new_metric is None:
            return way
        self._renew(progress.new_metric)
        return replace(way, direction=progress.new_direction)

    def retreat(self, at, step):
        self._renew(self.objective.bound_metric() or self.objective.metric(at.params))

    def advance(self, at, step, way, was_bound):
        self._previous, self._age = way.decrease, self._age + 1

    def _renew(self, metric):
        self.metric, self._age = metric, 0

    def _in_metric(self, at):
        if not self.objective.is_smooth:
            found = proximal_direction(
                self.metric, self.objective, at.params, at.gradient, *self._tolerance
            )
            return Direction(*found)
        direction = -self.metric.solve(at.gradient)
        return Direction(direction, -(at.gradient @ direction) / 2)


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


def _proximal_decrease(objective, params, gradient, step):
    move = step.params - params
    change = gradient @ move + move @ move / (2 * step.length)
    return max(0.0, -(change + step.total - step.value - objective.nonsmooth(params)))
