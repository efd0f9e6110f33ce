r"""The matrix that replaces 1/L: second derivatives of the objective, ready to be divided by.

Gradient descent divides the gradient by one number, the largest curvature L. A metric divides
it by a matrix H instead, so that the step no longer depends on the units of the features:
:math:`params \leftarrow params - H^{-1} gradient`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve

# Share of the model's decrease that one more conjugate gradient step may still be worth.
CG_TOLERANCE = 0.1
# The metric's own word for what a step will be worth is taken only this far below that share.
FAR_BELOW = 0.5
# The same for a Newton step of the inner proximal problem, whose products are cheap.
NEWTON_TOLERANCE = 1e-6
# Shares of a Newton step that are tried where the model is not quadratic on the way.
SHORTER = 0.5 ** np.arange(1, 20)
FIRST_JITTER = 1e-14
# The inner proximal problem is solved until a move gains less than this share of all the gain.
PROX_TOLERANCE = 1e-9
PROX_ROUNDS = 5000
PROX_STEPS = 20
SHORTEST_STEP = 10


class Metric(ABC):
    """A positive definite matrix H over the flat parameters.

    Attributes
    ----------
    is_hessian : bool
        Whether H is the objective's Hessian, and not only near it.
    """

    is_hessian: bool

    @abstractmethod
    def solve(self, gradient: NDArray) -> NDArray:
        """H⁻¹ times a vector."""

    @abstractmethod
    def solver_where(self, free: NDArray) -> Callable[[NDArray], NDArray]:
        """``solve`` within the parameters that are ``free``; zero for the others."""

    @abstractmethod
    def product(self, direction: NDArray) -> NDArray:
        """H times a vector."""

    @abstractmethod
    def diagonal_bound(self) -> NDArray:
        """A diagonal matrix, as a vector, that is at least H."""


class DiagonalMetric(Metric):
    """H is a diagonal: for parameters too many for a matrix."""

    is_hessian = False

    def __init__(self, diagonal: NDArray):
        self._diagonal = np.where(diagonal > 0, diagonal, 1.0)

    def solve(self, gradient):
        return gradient / self._diagonal

    def solver_where(self, free):
        return lambda gradient: np.where(free, gradient / self._diagonal, 0.0)

    def product(self, direction):
        return self._diagonal * direction

    def diagonal_bound(self):
        return self._diagonal


class CentredDiagonalMetric(Metric):
    r"""H is a diagonal for features less their means, :math:`raw = (x - \mu)'w + (b + \mu'w)`.

    A plain diagonal leaves out that features far from zero do what the intercept does.

    Parameters
    ----------
    diagonal : ndarray of shape (d + 1, k)
        Of the centred features, and of the intercept.
    center : ndarray of shape (d, k)
        Means, in each output's own weights of the rows.
    """

    is_hessian = False

    def __init__(self, diagonal: NDArray, center: NDArray):
        self._diagonal = np.where(diagonal > 0, diagonal, 1.0)
        self._center = center

    def solve(self, gradient):
        return self._solve(gradient, self._center)

    def solver_where(self, free):
        *which, has_intercept = free.reshape(self._diagonal.shape)
        center = np.where(which, self._center, 0.0)
        share = center / self._diagonal[:-1]
        level = 1 / self._diagonal[-1] + (center * share).sum(axis=0)

        def solve(gradient):
            kept = np.where(free, gradient, 0.0)
            table = self._solve(kept, center).reshape(self._diagonal.shape)
            # where the intercept is held, the level that features share is a matrix of rank one
            held = kept.reshape(self._diagonal.shape) / self._diagonal
            held[:-1] -= share * (center * held[:-1]).sum(axis=0) / level
            return np.where(has_intercept, table, held).ravel()

        return solve

    def product(self, direction):
        table = direction.reshape(self._diagonal.shape)
        level = self._diagonal[-1] * (table[-1] + (self._center * table[:-1]).sum(axis=0))
        image = self._diagonal * table
        image[:-1] += self._center * level
        image[-1] = level
        return image.ravel()

    def diagonal_bound(self):
        size = np.abs(np.vstack([self._center, np.ones((1, self._center.shape[1]))]))
        bound = self._diagonal[-1] * size * size.sum(axis=0)
        bound[:-1] += self._diagonal[:-1]
        return bound.ravel()

    def _solve(self, gradient, center):
        table = gradient.reshape(self._diagonal.shape)
        result = table / self._diagonal
        result[:-1] -= center * table[-1] / self._diagonal[:-1]
        result[-1] -= (center * result[:-1]).sum(axis=0)
        return result.ravel()


class CholeskyMetric(Metric):
    """H has a matrix for each output, or one matrix that serves all of them.

    Parameters
    ----------
    blocks : ndarray of shape (k or 1, p, p)
        Matrices over the rows of the coefficient table (p, k).
    n_outputs : int
    is_hessian : bool
    damping : float
        Share of the diagonal that is added to it, for the sake of flat directions.
    stabilizer : ndarray or float
        Added before H is divided by, where H is singular and right-hand sides have no part in its
        null space but rounding errors.
    """

    def __init__(
        self,
        blocks: NDArray,
        n_outputs: int,
        is_hessian: bool,
        damping: float = 0.0,
        stabilizer: NDArray | float = 0.0,
    ):
        self.is_hessian = is_hessian
        self._blocks, self._n_outputs = blocks, n_outputs
        diagonals = np.diagonal(blocks, axis1=1, axis2=2)
        if damping:
            self._blocks = blocks + damping * diagonals[:, np.newaxis, :] * np.eye(blocks.shape[1])
        # unit diagonal first: what remains of the condition number does not depend on units
        self._scales = 1 / np.sqrt(np.where(diagonals > 0, diagonals, 1.0))
        scaled = self._blocks * self._scales[:, :, np.newaxis] * self._scales[:, np.newaxis, :]
        self._scaled = scaled
        stable = (self._blocks + stabilizer) * self._scales[:, :, np.newaxis]
        stable = stable * self._scales[:, np.newaxis, :]
        self._factors = [_cholesky(block) for block in stable]

    def solve(self, gradient):
        table = gradient.reshape(-1, self._n_outputs)
        result = np.empty_like(table)
        for columns, factor, scale in self._columns(self._factors):
            right = scale[:, np.newaxis] * table[:, columns]
            result[:, columns] = scale[:, np.newaxis] * cho_solve((factor, True), right)
        return result.ravel()

    def solver_where(self, free):
        mask = free.reshape(-1, self._n_outputs)
        parts = []
        for output in range(self._n_outputs):
            rows = np.flatnonzero(mask[:, output])
            if not rows.size:
                continue
            block = min(output, len(self._blocks) - 1)
            factor = _cholesky(self._scaled[block][np.ix_(rows, rows)])
            parts.append(((rows, output), factor, self._scales[block, rows]))

        def solve(gradient):
            table = gradient.reshape(mask.shape)
            result = np.zeros_like(table)
            for place, factor, scale in parts:
                result[place] = scale * cho_solve((factor, True), scale * table[place])
            return result.ravel()

        return solve

    def product(self, direction):
        table = direction.reshape(-1, self._n_outputs)
        result = np.empty_like(table)
        for columns, block, _ in self._columns(self._blocks):
            result[:, columns] = block @ table[:, columns]
        return result.ravel()

    def diagonal_bound(self):
        table = np.empty((self._scales.shape[1], self._n_outputs))
        for columns, scaled, scale in self._columns(self._scaled):
            largest = np.linalg.eigvalsh(scaled)[-1]
            table[:, columns] = ((largest if largest > 0 else 1.0) / scale**2)[:, np.newaxis]
        return table.ravel()

    def _columns(self, blocks):
        """Which outputs each block serves, the block, and its scale."""
        if len(blocks) == 1:
            return [(slice(None), blocks[0], self._scales[0])]
        return [
            (slice(j, j + 1), block, scale)
            for j, (block, scale) in enumerate(zip(blocks, self._scales, strict=True))
        ]


def conjugate_gradient(
    product: Callable[[NDArray], NDArray],
    gradient: NDArray,
    solve: Callable[[NDArray], NDArray],
    max_products: int,
    tolerance: float = CG_TOLERANCE,
) -> tuple[NDArray, float, int, NDArray]:
    r"""Minimise :math:`g'd + d'Hd/2` over d, preconditioned by a metric's ``solve``.

    Stops when another step is worth less than ``tolerance`` of the mean step so far (Nash and
    Sofer, 1990, "Assessing a search direction within a truncated-Newton method").

    Returns
    -------
    direction : ndarray
    decrease : float
        What the quadratic model loses, a lower bound of its best :math:`g'H^{-1}g/2`.
    products : int
        Products with H that were needed.
    residual : ndarray
        :math:`-g - Hd`, where ``solve`` leaves parameters out too.
    """
    direction = np.zeros_like(gradient)
    residual = -gradient
    conditioned = solve(residual)
    search = conditioned
    energy = residual @ conditioned
    decrease = 0.0
    for count in range(1, max_products + 1):
        image = product(search)
        curvature = search @ image
        if energy <= 0:
            return direction, decrease, count, residual
        if curvature <= 0:  # not convex here: the first such direction is as good as any
            if count == 1:
                direction, residual = search, residual - image
            return direction, max(decrease, energy / 2), count, residual
        length = energy / curvature
        direction = direction + length * search
        residual = residual - length * image
        gain = length * energy / 2
        decrease += gain
        conditioned = solve(residual)
        energy, previous = residual @ conditioned, energy
        # what the next product would be worth, were the metric the Hessian
        is_spent = energy / 2 * (count + 1) <= FAR_BELOW * tolerance * decrease
        if is_spent or gain * count <= tolerance * decrease:
            break
        search = conditioned + energy / previous * search
    return direction, decrease, count, residual


def proximal_direction(metric: Metric, objective, params: NDArray, gradient: NDArray):
    r"""Minimise :math:`g'd + d'Hd/2 + nonsmooth(params + d)` over d, without touching the data.

    Three moves, whichever gains first: a Newton step on the parameters that are not at a kink, the
    release of one that is, and some accelerated proximal steps. The first two alone are the
    feature-sign search of Lee et al. (2007, "Efficient sparse coding algorithms"), which ends after
    finitely many moves where the penalty is linear between kinks.

    Returns
    -------
    direction : ndarray
    decrease : float
        What the model loses, at least zero.
    """
    model = _ProximalModel(metric, objective, params, gradient)
    point, change = params, 0.0
    moves = (model.descend, model.newton_step, model.release)
    for _ in range(PROX_ROUNDS):
        for move in moves:
            candidate = move(point)
            new_change = model.change(candidate)
            if change - new_change > PROX_TOLERANCE * abs(new_change):
                point, change = candidate, new_change
                break
        else:
            break
        moves = (model.newton_step, model.release, model.descend)
    return point - params, max(0.0, -change)


class _ProximalModel:
    """The quadratic model around ``params``, plus the nonsmooth part."""

    def __init__(self, metric, objective, params, gradient):
        self._metric, self._objective = metric, objective
        self._params, self._gradient = params, gradient
        self._bound = metric.diagonal_bound()
        self._start = objective.nonsmooth(params)

    def change(self, point):
        """The model at ``point``, less that at ``params``."""
        move = point - self._params
        smooth = move @ (self._gradient + self._slope(point)) / 2
        return float(smooth + self._objective.nonsmooth(point) - self._start)

    def descend(self, point):
        """Accelerated proximal steps under the diagonal bound, with restarts."""
        ahead, momentum = point, 1.0
        for _ in range(PROX_STEPS):
            new = self._proximal_step(ahead)
            move = new - point
            if (ahead - new) * self._bound @ move > 0:
                momentum = 1.0
            grown = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
            ahead = new + (momentum - 1) / grown * move
            momentum, point = grown, new
        return point

    def newton_step(self, point):
        """A Newton step on the parameters that are not zero, as far as it keeps gaining.

        It ends where a parameter meets zero, if that is better than its end.
        """
        free = point != 0
        slope = self._full_slope(point, free)
        solve = self._metric.solver_where(free)
        bend = self._objective.nonsmooth_operator(point)
        if bend is None:
            return self._best_on_the_way(point, point - solve(slope))

        def product(direction):
            return np.where(free, self._metric.product(direction) + bend(direction), 0.0)

        direction, *_ = conjugate_gradient(product, slope, solve, len(point), NEWTON_TOLERANCE)
        return self._best_on_the_way(point, point + direction, SHORTER)

    def release(self, point):
        """A proximal step of the one parameter at zero that gains most by leaving it."""
        moved = self._proximal_step(point)
        urge = np.where(point == 0, np.abs(moved) * np.sqrt(self._bound), 0.0)
        most = np.argmax(urge)
        result = point.copy()
        result[most] = moved[most]
        return result

    def _full_slope(self, point, free):
        """The slope, nonsmooth part included, of the parameters that are free of a kink.

        It is read off a proximal step too short to bring any of them to zero.
        """
        slope = self._slope(point)
        length = 1 / self._bound
        for _ in range(SHORTEST_STEP):
            moved = self._objective.prox(point - length * slope, length)
            if (moved[free] != 0).all():
                break
            length = length / 10
        return np.where(free, (point - moved) / length, 0.0)

    def _best_on_the_way(self, start, end, shares=()):
        """Halving over the places where a parameter is zero: the model is convex on the way.

        Where it is not quadratic between these, ``shares`` of the way are looked at too.
        """
        move = end - start
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            crossings = -start / move
        stops = np.unique([*crossings[(crossings > 0) & (crossings < 1)], *shares, 1.0])

        def at(index):
            place = np.where(crossings == stops[index], 0.0, start + stops[index] * move)
            # a proximal step of no length: behind its kink a constraint allows nothing
            return self._objective.prox(place, 0.0)

        low, high = 0, len(stops) - 1
        while low < high:
            middle = (low + high) // 2
            if self.change(at(middle)) <= self.change(at(middle + 1)):
                high = middle
            else:
                low = middle + 1
        return at(low)

    def _slope(self, point):
        return self._gradient + self._metric.product(point - self._params)

    def _proximal_step(self, point):
        return self._objective.prox(point - self._slope(point) / self._bound, 1 / self._bound)


def _cholesky(matrix):
    """The lower factor of a matrix with unit diagonal, with as much jitter as it takes."""
    if not np.isfinite(matrix).all():
        raise FloatingPointError("second derivatives are not finite; are values in X too large?")
    jitter = 0.0
    while True:
        try:
            return np.linalg.cholesky(matrix + jitter * np.eye(len(matrix)))
        except np.linalg.LinAlgError:
            jitter = max(10 * jitter, FIRST_JITTER)
