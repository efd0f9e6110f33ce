"""Whether some coefficients of a likelihood have no finite optimum."""

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.optimize import linprog

from sklearn_gd.inspection._likelihood import total
from sklearn_gd.losses import SquaredError
from sklearn_gd.losses.deviance import HalfDeviance

# A margin below this is that of a linear program's tolerance; features are at most 1 in size.
MARGIN = 1e-4
# A least curvature below this fraction of that of another matrix is worth a look.
SUSPICIOUS = 1e-3


def may_be_separated(likelihood, information) -> bool:
    """Whether it is worth to look for a separating direction, which takes more time."""
    loss = likelihood.loss
    if isinstance(loss, SquaredError) or not getattr(loss, "takes_zero", True):
        return False
    if isinstance(loss, HalfDeviance):
        # a direction leaves rows with y > 0 alone, so that these do not determine all coefficients
        return _least_curvature(_gram(likelihood, 0), _gram(likelihood, -1)) <= SUSPICIOUS
    y, _ = likelihood.source.targets()
    best = loss.baseline(y, likelihood.model.n_outputs, likelihood.weight)
    # coefficients on their way to infinity leave little information
    return _least_curvature(information, likelihood.information(best)) <= SUSPICIOUS


def _gram(likelihood, above):
    """X'X of the rows with a larger y, X with the column of the intercept."""
    return total(
        likelihood.products(X, (y > above).astype(float)[:, :, np.newaxis])
        for X, y, *_ in likelihood.portions()
    )


def _least_curvature(matrix, other) -> float:
    """The least curvature in any direction, relative to that of another matrix."""
    return float(eigh(matrix, other, eigvals_only=True, subset_by_index=[0, 0])[0])


def separating_direction(likelihood) -> NDArray | None:
    """Coefficients (p,) along which no row loses and some always gain; None if there are none.

    Found by a linear program over the rows. Of classes, moving along it raises the raw prediction
    of the right class, or leaves it as it is, in every row; of counts and amounts, it lowers those
    of rows with y = 0 and leaves all others alone.

    References
    ----------
    Albert and Anderson (1984), "On the existence of maximum likelihood estimates in logistic
    regression models"; Konis (2007), *Linear programming algorithms for detecting separated data in
    binary logistic regression models*, for the program.
    """
    gains, fixed, scales = [], [], None
    for X, y, raw, _ in likelihood.portions():
        columns = sp.csr_matrix(X)
        if likelihood.model.fit_intercept:
            columns = sp.hstack([columns, np.ones((X.shape[0], 1))], format="csr")
        gain, held = _rows(likelihood, columns, y, raw.shape[1])
        gains.append(gain)
        fixed.append(held)
    gain, held = sp.vstack(gains, format="csc"), sp.vstack(fixed, format="csc")
    largest = [abs(part).max(axis=0).toarray().ravel() for part in (gain, held) if part.shape[0]]
    scales = 1 / np.maximum(np.max(largest, axis=0), np.finfo(float).tiny)
    gain, held = gain @ sp.diags(scales), held @ sp.diags(scales)
    found = linprog(
        -np.asarray(gain.sum(axis=0)).ravel(),
        A_ub=-gain,
        b_ub=np.zeros(gain.shape[0]),
        A_eq=held if held.shape[0] else None,
        b_eq=np.zeros(held.shape[0]) if held.shape[0] else None,
        bounds=(-1, 1),
        method="highs",
    )
    if found.x is None or (gain @ found.x).max(initial=0.0) < MARGIN:
        return None
    return np.where(np.abs(found.x) > MARGIN, found.x * scales, 0.0)


def _rows(likelihood, columns, y, n_outputs):
    """Rows whose products with a direction must not be negative, and those that must be zero."""
    nothing = sp.csr_matrix((0, likelihood.size))
    if isinstance(likelihood.loss, HalfDeviance):
        is_zero = y[:, 0] == 0
        return -columns[is_zero], columns[~is_zero]
    if not likelihood.loss.is_shift_invariant:
        return sp.diags(2 * y[:, 0] - 1) @ columns, nothing
    # the class of the row against each other one, by contrasts with the first class
    parts = []
    for other in range(n_outputs):
        rows = np.flatnonzero(y != other)
        signs = np.zeros((len(rows), n_outputs))
        signs[np.arange(len(rows)), y[rows]] = 1
        signs[:, other] = -1
        blocks = [sp.diags(signs[:, output]) @ columns[rows] for output in range(1, n_outputs)]
        parts.append(sp.hstack(blocks, format="csr"))
    return sp.vstack(parts, format="csr"), nothing
