"""Hypothesis strategies: rows of any shape, scale, weight, precision and storage.

Hypothesis draws the sizes and a seed, and NumPy the numbers: an example that fails is reported as
a call of ``make_problem``.
"""

from tempfile import TemporaryFile
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from common import (
    CASES,
    one_target,
    three_classes,
    three_labels,
    two_classes,
    two_targets,
)
from hypothesis import strategies as st

MAX_ROWS = 40
MAX_FEATURES = 8
# The first rows have these targets, and weights above zero: every class has a row, and every label
# both answers.
FIRST_TARGETS = {
    one_target: None,
    two_targets: None,
    two_classes: np.arange(2),
    three_classes: np.arange(3),
    three_labels: np.repeat([[0], [1]], 3, axis=1),
}
WEIGHTS = {
    "none": lambda rng, size: None,
    "ones": lambda rng, size: np.ones(size),
    "whole": lambda rng, size: rng.integers(0, 4, size).astype(float),
    "uneven": lambda rng, size: 10 ** rng.uniform(-4, 4, size),
}


class Problem(NamedTuple):
    """Rows with a target; ``estimator`` builds what is fitted to them."""

    case: str
    X: Any
    y: np.ndarray
    weight: np.ndarray | None

    @property
    def rows(self):
        """The arguments of fit."""
        return self.X, self.y, self.weight


def min_rows(case):
    """How few rows a problem of this case may have."""
    first = FIRST_TARGETS[CASES[case].target]
    return 1 if first is None else len(first)


def make_problem(
    case,
    n_samples,
    exponents,
    offset=0.0,
    constant=False,
    density=1.0,
    weight="none",
    target_exponent=0,
    dtype=np.float64,
    seed=0,
):
    """Columns of the scales ``10**exponents``, ``offset`` of them away from zero.

    ``constant`` makes the first column a second intercept.
    """
    rng = np.random.default_rng(seed)
    Z = rng.normal(size=(n_samples, len(exponents)))
    y = CASES[case].target(Z, rng)
    Z *= rng.random(Z.shape) < density
    if constant:
        Z[:, 0] = 1.0
    first = FIRST_TARGETS[CASES[case].target]
    if first is None:
        y *= 10.0**target_exponent
    else:
        y[: len(first)] = first
    s = WEIGHTS[weight](rng, n_samples)
    if s is not None:
        s[: min_rows(case)] += 1.0
    X = (Z + offset) * 10.0 ** np.array(exponents, dtype=float)
    return Problem(case, X.astype(dtype), y, s)


def problems(
    cases,
    *,
    min_samples=1,
    max_exponent=8,
    offsets=(0.0, 1.0, -30.0),
    weights=tuple(WEIGHTS),
    dtypes=(np.float64, np.float32),
    max_target_exponent=8,
):
    """Problems of the named cases of ``common.CASES``."""
    return st.sampled_from(cases).flatmap(
        lambda case: st.builds(
            make_problem,
            case=st.just(case),
            n_samples=st.integers(max(min_samples, min_rows(case)), MAX_ROWS),
            exponents=st.lists(
                st.integers(-max_exponent, max_exponent), min_size=1, max_size=MAX_FEATURES
            ),
            offset=st.sampled_from(offsets),
            constant=st.booleans(),
            density=st.sampled_from([1.0, 0.4]),
            weight=st.sampled_from(weights),
            target_exponent=st.integers(-max_target_exponent, max_target_exponent),
            dtype=st.sampled_from(dtypes),
            seed=st.integers(0, 2**16),
        )
    )


def read_only(array):
    """A copy that cannot be written to."""
    array = array.copy()
    for part in (array.data, array.indices, array.indptr) if sp.issparse(array) else (array,):
        part.flags.writeable = False
    return array


def memory_mapped(X):
    """The same numbers in a file that cannot be written to."""
    with TemporaryFile() as file:
        X.tofile(file)
        file.flush()
        return np.memmap(file, X.dtype, mode="r", shape=X.shape)


# Of the same numbers in the same order, the result has the same bits; of others, to rounding.
SAME_BITS = {"read-only": read_only, "memmap": memory_mapped}
STORAGES = SAME_BITS | {
    "Fortran order": np.asfortranarray,
    "CSR": sp.csr_array,
    "CSC": sp.csc_array,
    "read-only CSR": lambda X: read_only(sp.csr_array(X)),
}
