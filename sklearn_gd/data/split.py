"""Which rows are held out for validation."""

import numpy as np
from numpy.typing import NDArray


def held_out_rows(
    n_samples: int, fraction: float, seed: int, groups: NDArray | None = None
) -> NDArray:
    """A mask of the rows to hold out, which follows from the seed and their positions alone.

    Those with the smallest hash of (seed, position), from each group in proportion, as many in all
    as the fraction says to within one row. A group always keeps a row for training, as a class
    that is not trained cannot be predicted; a small one may have none for validation.

    Parameters
    ----------
    n_samples : int
    fraction : float
        Between 0 and 1.
    seed : int
    groups : ndarray of int of shape (n_samples,), default=None
        None for one group.

    Returns
    -------
    is_held_out : ndarray of bool of shape (n_samples,)
    """
    groups = np.zeros(n_samples, dtype=np.intp) if groups is None else groups
    counts = np.bincount(groups)
    sizes = _shares(counts, round(fraction * n_samples))
    # sorted by group and, within a group, by hash
    order = np.lexsort((_hash(seed, np.arange(n_samples, dtype=np.uint64)), groups))
    rank = np.empty(n_samples, dtype=np.intp)
    rank[order] = np.arange(n_samples) - np.repeat(np.cumsum(counts) - counts, counts)
    return rank < sizes[groups]


def _shares(counts, total):
    """``total`` in proportion to ``counts``, rounded by the largest remainders."""
    most = np.maximum(counts - 1, 0)
    exact = counts * (total / max(counts.sum(), 1))
    sizes = np.minimum(np.floor(exact).astype(np.intp), most)
    # the largest remainders first; of equal ones the largest group
    by_remainder = np.lexsort((-counts, sizes - exact))
    for group in by_remainder:
        if sizes.sum() >= total:
            break
        sizes[group] += sizes[group] < most[group]
    return sizes


def _hash(seed, position):
    """The finaliser of SplitMix64 (Steele, Lea and Flood, 2014), of whole arrays."""
    with np.errstate(over="ignore"):
        z = position * np.uint64(0x9E3779B97F4A7C15) + np.uint64(seed)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))
