"""From what the user passes to an encoded source, and from raw predictions back."""

from abc import abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import assert_all_finite, check_array, check_consistent_length
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_gd._estimators.coding import Coding
from sklearn_gd._estimators.rows import (
    FIT,
    Role,
    as_matrix,
    check_finite,
    check_weight,
    weighted_source,
)
from sklearn_gd.data import ArraySource, RowMatrix, float_type, map_rows

FLOATS = (np.float64, np.float32)
# Row matrices are represented by this many rows where scikit-learn checks names and columns.
REPRESENTATIVES = 1


class Inputs:
    """The input side of an estimator; what its target is, Classifier and Regressor say."""

    _coding: Coding
    _is_y_numeric: ClassVar[bool] = False

    @abstractmethod
    def _target(self, y: NDArray, weight, role: Role, classes):
        """What the coding encodes, and the weights with those of classes included.

        The coding is made for the first rows.
        """

    @property
    def _width(self) -> int:
        """How many numbers the model makes of a row."""
        return self._coding.n_outputs

    @abstractmethod
    def _predict_raw(self, X) -> NDArray:
        """Raw predictions (n, k), from the public attributes."""

    def _encode(self, X, y, sample_weight, role: Role = FIT, classes=None) -> ArraySource:
        """Validated rows with an encoded target; those of zero weight are gone."""
        X, y = self._validated(X, y, role)
        weight = check_weight(sample_weight, X.shape[0], allow_zero=role.is_chunk)
        target, weight = self._target(y, weight, role, classes)
        target = self._coding.encode(target, float_type(X.dtype))
        source = weighted_source(X, target, weight, self._width)
        self._coding.loss.check_target(source.targets()[0])
        if role is FIT:
            self._coding.loss.check_whole_target(source.targets()[0])
        if isinstance(X, RowMatrix):
            check_finite(source, "X")
        return source

    def _validated(self, X, y, role: Role):
        """X and y as arrays; feature names are recorded or compared."""
        options = {"reset": role.is_first, "accept_sparse": "csr", "dtype": FLOATS}
        matrix = as_matrix(X)
        if matrix is None:
            options |= {"multi_output": True, "y_numeric": self._is_y_numeric}
            return validate_data(self, X, y, **options)
        validate_data(self, matrix[:REPRESENTATIVES], ensure_all_finite=False, **options)
        kind = "numeric" if self._is_y_numeric else None
        y = check_array(y, input_name="y", ensure_2d=False, dtype=kind, accept_sparse="csr")
        check_consistent_length(matrix, y)
        return matrix, y

    def _predict(self, X, of_raw):
        """What ``of_raw`` makes of the raw predictions (n, k) for X, row by row."""
        X = self._checked(X)

        def predict(rows):
            if isinstance(X, RowMatrix):
                assert_all_finite(rows, input_name="X", estimator_name=type(self).__name__)
            return of_raw(self._predict_raw(rows))

        return map_rows(predict, X, self._width)

    def _checked(self, X, ensure_all_finite=True):
        """X as a fitted estimator takes it."""
        check_is_fitted(self)
        options = {"dtype": FLOATS, "ensure_all_finite": ensure_all_finite}
        matrix = as_matrix(X)
        if matrix is None:
            return validate_data(self, X, reset=False, accept_sparse="csr", **options)
        validate_data(self, matrix[:REPRESENTATIVES], reset=False, accept_sparse="csr", **options)
        return matrix

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
