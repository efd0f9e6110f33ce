"""From what the user passes to an encoded source, and from raw predictions back."""

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import assert_all_finite, check_array, check_consistent_length
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_gd._estimators.collections import as_chunks
from sklearn_gd._estimators.containers import as_numpy
from sklearn_gd._estimators.rows import (
    FIT,
    Role,
    as_matrix,
    check_finite,
    check_weight,
    weighted_source,
)
from sklearn_gd._estimators.survey import FLOATS, Survey, TargetEncoder
from sklearn_gd.data import RowMatrix, float_type, map_rows

# Row matrices are represented by this many rows where scikit-learn checks names and columns.
REPRESENTATIVES = 1


class Inputs:
    """The input side of an estimator; what its target is, Classifier and Regressor say."""

    # a Coding; of which kind, Classifier and Regressor say
    _coding: Any
    _is_y_numeric: ClassVar[bool] = False

    @abstractmethod
    def _target(self, y: NDArray, weight, role: Role, classes):
        """What the coding encodes, and the weights with those of classes included.

        The coding is made for the first rows.
        """

    @abstractmethod
    def _chunk_encoder(self, survey: Survey, role: Role, classes) -> TargetEncoder:
        """The same as a function of chunks; the coding is made for the first rows."""

    @property
    def _width(self) -> int:
        """How many numbers the model makes of a row."""
        return self._coding.n_outputs

    @abstractmethod
    def _predict_raw(self, X) -> NDArray:
        """Raw predictions (n, k), from the public attributes."""

    def _encode(self, X, y, sample_weight, role: Role = FIT, classes=None):
        """Validated rows with an encoded target; those of zero weight are gone."""
        chunks = as_chunks(X, y, sample_weight)
        if chunks is not None:
            return self._encode_chunks(chunks, role, classes)
        X, y = self._validated(as_numpy(X, "X"), as_numpy(y, "y"), role)
        sample_weight = as_numpy(sample_weight, "sample_weight")
        weight = check_weight(sample_weight, X.shape[0], allow_zero=role.is_chunk)
        target, weight = self._target(y, weight, role, classes)
        target = self._coding.encode(target, float_type(X.dtype))
        source = weighted_source(X, target, weight, self._width)
        self._check_targets(source, role)
        if isinstance(X, RowMatrix):
            check_finite(source, "X")
        return source

    def _encode_chunks(self, chunks, role, classes):
        """The same of rows in chunks, which are read once for it."""
        survey = Survey(chunks.engine, chunks.raw(), self._is_y_numeric)
        first = survey.first
        options = {"reset": role.is_first, "accept_sparse": "csr", "dtype": FLOATS}
        validate_data(self, first.head, **options)
        encoder = self._chunk_encoder(survey, role, classes)
        has_classes = encoder.classes is not None
        prototypes = None
        if has_classes:
            prototypes = self._coding.encode(np.arange(len(encoder.classes)), first.dtype)
        source = survey.encoded(encoder, self._width, self._coding.groups, prototypes)
        if source.n_samples:
            self._check_targets(source, role)
        elif not role.is_chunk:
            raise ValueError("sample_weight: all weights are zero, so there is nothing to fit.")
        return source

    def _check_targets(self, source, role):
        """Raise for targets that the loss is not made for."""
        y, _ = source.targets()
        self._coding.loss.check_target(y)
        if role is FIT:
            self._coding.loss.check_whole_target(y)

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
        X = as_numpy(X, "X")
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
