"""The proximal model minimised by guesses of which parameters are at a kink."""

import numpy as np
from numpy.typing import NDArray

from sklearn_gd.quadratic.proximal import ProximalModel

# How many guesses in a row may be no better than the best so far.
PATIENCE = 3


def block_pivoting(model: ProximalModel, tolerance: float) -> NDArray | None:
    """The minimiser, where the penalty is linear between kinks; None if guesses go in circles.

    A guess says of each parameter at which kink it is, or between which ones. Under the guess the
    minimiser solves a system of linear equations. All parameters for which the solution contradicts
    the guess change sides at once: one that is beyond a kink goes to the kink, one that would leave
    its kink is set free. In practice a few guesses are enough.

    References
    ----------
    Portugal, Júdice and Vicente (1994), "A comparison of block pivoting and interior-point
    algorithms for linear least squares problems with nonnegative variables"; Kim and Park (2010),
    "Fast active-set-type algorithms for l1-regularized linear regression".
    """
    point = model.feasible(model.point)
    slope = model.slope_at(point)
    free = ~model.at_kink(point)
    penalty_slope = model.free_slope(free, point, slope) - slope
    solve, fewest, patience = model.metric.solver_where(free), point.size + 1, PATIENCE
    while True:
        # 1. What follows from the guess.
        solved = point - solve(np.where(free, slope + penalty_slope, 0.0))
        slope = model.slope_at(solved)
        point = model.up_to_kink(point, solved)
        # 2. What contradicts it: parameters beyond a kink, and at one that they would leave.
        beyond = free & model.at_kink(point)
        moved = model.prox(point, slope)
        leaves = ~free & (np.abs(moved - point) > tolerance * np.abs(model.lengths * slope))
        n_wrong = int(np.count_nonzero(beyond | leaves))
        if n_wrong == 0:
            return point
        # 3. The next guess, while there is progress.
        fewest, patience = (n_wrong, PATIENCE) if n_wrong < fewest else (fewest, patience - 1)
        if patience < 0:
            return None
        penalty_slope = np.where(leaves, (point - moved) / model.lengths - slope, penalty_slope)
        point = np.where(leaves, moved, point)
        slope = model.slope_at(point)
        # what leaves one kink may go as far as the next
        free = (free & ~beyond) | (leaves & ~model.at_kink(point))
        solve = model.metric.solver_where(free)
