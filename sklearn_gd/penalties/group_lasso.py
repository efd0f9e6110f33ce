"""A norm for each group of features."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sklearn_gd._validation import NONE, Rule, each, real
from sklearn_gd.penalties.base import Penalty
from sklearn_gd.penalties.norms import L1

# Newton steps that bring the norm of a shrunk group to the precision of a float; few are needed.
SHRINK_STEPS = 50


def _is_vector(groups):
    try:
        return np.ndim(groups) == 1
    except ValueError:  # lists of different lengths
        return False


@dataclass(kw_only=True, eq=False, repr=False)
class GroupLasso(Penalty):
    r"""A norm for each group of features, so that a group is selected as a whole.

    .. math:: (1 - \rho) \sum_g v_g \sqrt{d_g}\,|w_g| + \rho\,|w|_1, \quad \rho = l1\_ratio

    with :math:`d_g` the number of features in group g and :math:`v_g` its weight; over several
    outputs the norm is taken jointly.

    Parameters
    ----------
    groups : array-like of shape (d,)
        A label for each feature.
    l1_ratio : float, default=0.0
        Fraction of the sum of absolute values, from 0 to 1: above 0, the sparse group lasso, which
        also removes single features of the groups that it keeps.
    weights : array-like of shape (G,), default=None
        A factor of the norm of each group, at least 0, in the order of the sorted labels; None is
        one for all. The estimators' ``penalty_weights`` takes its place.

    Raises
    ------
    ValueError
        In ``fit``, where there is not a label for each feature, or a weight for each group.

    References
    ----------
    Yuan and Lin (2006), "Model selection and estimation in regression with grouped variables";
    Simon, Friedman, Hastie and Tibshirani (2013), "A sparse-group lasso".

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.penalties import GroupLasso
    >>> penalty = GroupLasso(groups=["a", "b", "b"])
    >>> penalty.prox(np.array([[5.0], [1.0], [1.0]]), 1.0).tolist()
    [[4.0], [0.0], [0.0]]
    """

    groups: NDArray
    l1_ratio: float = 0.0
    weights: NDArray | None = None
    rules: ClassVar = {
        "groups": Rule("a 1-D array with a label for each feature", _is_vector),
        "l1_ratio": real(0, 1),
        "weights": each(real(0), "an array of numbers >= 0, one for each group") | NONE,
    }

    @property
    def labels(self) -> NDArray:
        """The groups, sorted."""
        return np.unique(np.asarray(self.groups))

    def nonsmooth(self, w):
        members, sizes = self._members(len(w))
        norms = float(sizes @ np.sqrt(_group_sums(w**2, members, len(sizes))))
        return norms + self.l1_ratio * L1().nonsmooth(w)

    def prox(self, w, scale):
        # the two operators in turn are that of the sum, as the first keeps signs
        w = L1().prox(w, scale * self.l1_ratio)
        members, sizes = self._members(len(w))
        scale = np.broadcast_to(scale, w.shape) * sizes[members][:, np.newaxis]
        norms = _shrunk_norms(w, scale, members, len(sizes))[members][:, np.newaxis]
        shares = norms / np.where(norms > 0, norms + scale, 1.0)
        # a weight without a scale may move freely, and one that is zero is 0.0, never -0.0
        return np.where(scale == 0, w, np.where(shares > 0, w * shares, 0.0)).astype(w.dtype)

    def prox_positive(self, w, scale):
        # the minimiser keeps the direction of what is not negative
        return self.prox(np.maximum(w, 0), scale)

    def nonsmooth_product(self, w, direction):
        members, sizes = self._members(len(w))
        squares = _group_sums(w**2, members, len(sizes))
        squares[squares == 0] = np.inf
        along = _group_sums(w * direction, members, len(sizes)) / squares
        across = direction - w * along[members][:, np.newaxis]
        return (sizes / np.sqrt(squares))[members][:, np.newaxis] * across

    def _members(self, n_features):
        """The group of each feature as a number, and the weight of each group's norm."""
        labels = np.asarray(self.groups)
        if len(labels) != n_features:
            raise ValueError(
                f"The groups of GroupLasso must have a label for each of the {n_features} "
                f"features; there are {len(labels)}."
            )
        _, members, counts = np.unique(labels, return_inverse=True, return_counts=True)
        factors = np.ones(len(counts)) if self.weights is None else np.asarray(self.weights)
        if len(factors) != len(counts):
            raise ValueError(
                f"The weights of GroupLasso must be one for each of the {len(counts)} groups; "
                f"there are {len(factors)}."
            )
        return members, (1 - self.l1_ratio) * factors * np.sqrt(counts)


def _group_sums(table, members, n_groups):
    """The sum over the rows of each group and over columns."""
    return np.bincount(members, table.sum(axis=1, dtype=np.float64), n_groups)


def _shrunk_norms(w, scale, members, n_groups):
    """The norm of each group of the minimiser over u of sum((u - w)^2 / (2 scale)) + |u|.

    The minimiser is w * norm / (norm + scale), with the norm at which |w / (norm + scale)| is 1.
    Newton's method on the reciprocal of that, which is concave, comes from below and does not
    overshoot (Moré and Sorensen, 1983); with one scale for all it begins at its end.
    """
    with np.errstate(divide="ignore"):
        ratios = np.divide(w, scale, out=np.zeros(w.shape), where=w != 0)
    is_zero = _group_sums(ratios**2, members, n_groups) <= 1
    size, largest = np.zeros(n_groups), np.zeros(n_groups)
    np.maximum.at(size, members, (np.abs(w) - scale).max(axis=1))
    np.maximum.at(largest, members, scale.max(axis=1))
    whole = np.sqrt(_group_sums(w**2, members, n_groups))
    norms = np.maximum(np.maximum(size, whole - largest), np.finfo(w.dtype).tiny)
    for _ in range(SHRINK_STEPS):
        reach = norms[members][:, np.newaxis] + scale
        shares = (w / reach) ** 2
        excess = np.sqrt(_group_sums(shares, members, n_groups))
        slope = _group_sums(shares / reach, members, n_groups)
        steps = np.where(is_zero, 0.0, (excess - 1) * excess**2 / np.where(is_zero, 1.0, slope))
        norms += steps
        if (steps <= np.finfo(w.dtype).eps * norms).all():
            break
    return np.where(is_zero, 0.0, norms)
