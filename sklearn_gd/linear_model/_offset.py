"""Regressors that add a known number to the raw prediction of each row, such as log exposure."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import r2_score
from sklearn.utils import check_array

from sklearn_gd._components import resolve, with_hints
from sklearn_gd._estimators.annotations import ArrayLike, MatrixLike, available_if
from sklearn_gd._estimators.coding import NumbersWithOffset
from sklearn_gd._estimators.collections import is_dask
from sklearn_gd._estimators.containers import as_numpy, in_namespace_of
from sklearn_gd._estimators.parameters import is_resumable
from sklearn_gd._estimators.regressor import Regressor
from sklearn_gd._estimators.rows import Target
from sklearn_gd.data.chunked_source import ChunkedSource
from sklearn_gd.losses import LOSSES, Loss


class OffsetRegressor(Regressor):
    """The target side of a regressor that takes an ``offset``."""

    @with_hints
    def fit(
        self,
        X: MatrixLike,
        y: ArrayLike = None,
        sample_weight: ArrayLike = None,
        *,
        offset: ArrayLike = None,
        X_val: MatrixLike = None,
        y_val: ArrayLike = None,
        sample_weight_val: ArrayLike = None,
        offset_val: ArrayLike = None,
        coef_init: ArrayLike = None,
        intercept_init: ArrayLike = None,
    ) -> Self:
        """Fit the model to X and y.

        Parameters
        ----------
        X : {array-like, sparse matrix, RowMatrix} of shape (n, d)
            Features, in any units; float32 stays float32. A
            :class:`~sklearn_gd.data.RowMatrix` or a memory map need not fit in memory.
        y : array-like of shape (n,) or (n, k), default=None
            Target. Required, except with a :class:`~sklearn_gd.data.ChunkedSource`.
        sample_weight : array-like of shape (n,), default=None
            Weight of each row, at least 0; 0 is the same as leaving the row out.
        offset : array-like of shape (n,) or (n, k), default=None
            What is added to the raw prediction of each row, in units of raw predictions, and has no
            coefficient: with a log link the logarithm of the exposure, such as the time for which
            events were counted.
        X_val, y_val, sample_weight_val, offset_val : array-like, default=None
            Validation rows for ``early_stopping``, instead of a fraction of X.
        coef_init, intercept_init : array-like, default=None
            Initial coefficients, shaped like ``coef_`` and ``intercept_``.

        Returns
        -------
        self : object
            The fitted estimator. If fitting fails, it is unchanged.

        Raises
        ------
        ValueError
            If a parameter or the data cannot be used; the message names the remedy.
        FloatingPointError
            For values so large that the first step overflows.

        Warns
        -----
        ConvergenceWarning
            If the fit ended before ``tol`` was reached; the message says why, and what to do.
        UserWarning
            For a ``learning_rate``, ``batch_size`` or ``average`` that the named solver does not
            use. ``solver="auto"`` ignores them without a warning.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_gd import GDLinearRegressor
        >>> X, claims, years = [[0.0], [0.0], [1.0]], [1, 3, 4], [1.0, 3.0, 2.0]
        >>> model = GDLinearRegressor(loss="poisson", alpha=0)
        >>> model.fit(X, claims, offset=np.log(years)).predict([[0.0], [1.0]]).round(6)
        array([1., 2.])
        """
        check_offset(self, X, offset)
        if X_val is not None and (offset is None) != (offset_val is None):
            raise ValueError("offset and offset_val must be passed together.")
        return super().fit(
            X,
            y if offset is None else Target(y, offset),
            sample_weight,
            X_val=X_val,
            y_val=y_val if offset_val is None or y_val is None else Target(y_val, offset_val),
            sample_weight_val=sample_weight_val,
            coef_init=coef_init,
            intercept_init=intercept_init,
        )

    @available_if(is_resumable)
    @with_hints
    def partial_fit(
        self,
        X: MatrixLike,
        y: ArrayLike = None,
        sample_weight: ArrayLike = None,
        *,
        offset: ArrayLike = None,
    ) -> Self:
        """Resume from the last fit with one pass over a chunk of rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n, d)
            Features; in any units under ``solver="auto"``.
        y : array-like of shape (n,) or (n, k), default=None
            Target. Required, except with a :class:`~sklearn_gd.data.ChunkedSource`.
        sample_weight : array-like of shape (n,), default=None
            Weight of each row, at least 0.
        offset : array-like of shape (n,) or (n, k), default=None
            As in ``fit``; for all chunks of a stream or for none.

        Returns
        -------
        self : object
            The estimator. If the call fails, it is unchanged.

        Raises
        ------
        AttributeError
            For a ``solver`` that cannot be resumed.
        ValueError
            For data or parameters that cannot be used.

        Examples
        --------
        >>> from sklearn_gd import GDLinearRegressor
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]
        >>> model = GDLinearRegressor().partial_fit(X[:2], y[:2]).partial_fit(X[2:], y[2:])
        >>> model.n_iter_
        1
        """
        coding = vars(self).get("_coding")
        had_offset = isinstance(coding, NumbersWithOffset)
        if coding is not None and had_offset != (offset is not None):
            raise ValueError(
                f"{type(self).__name__} was fitted {'with' if had_offset else 'without'} an "
                "offset, and partial_fit must continue in the same way: pass zeros for rows "
                "without an offset, or start with a clone of the estimator."
            )
        _check_rows(X, offset)
        target = y if offset is None else Target(y, offset)
        return super().partial_fit(X, target, sample_weight)

    def predict(self, X: MatrixLike, *, offset: ArrayLike = None) -> NDArray[Any]:
        """Predicted targets: the inverse link of the raw predictions.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n, d)
            Features, in the units of ``fit``.
        offset : array-like of shape (n,) or (n, k), default=None
            Added to the raw prediction of each row. None is 0, also after a ``fit`` with an offset:
            with a log link these are predictions for an exposure of 1.

        Returns
        -------
        y : ndarray of shape (n,), or (n, k) if y had columns
            In the units of y.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ValueError
            For an X that is not finite, or has other columns than in ``fit``.

        Examples
        --------
        >>> from sklearn_gd import GDLinearRegressor
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]
        >>> GDLinearRegressor(alpha=0).fit(X, y).predict([[4.0]]).round(6)
        array([9.])
        """
        if offset is None:
            return super().predict(X)
        _check_rows(X, offset)
        raw = self._predict(X, lambda raw: raw)
        raw = raw + _checked(offset, raw.shape, raw.dtype)
        mean = self._coding.decode(self._coding.loss.inverse_link(raw))
        return in_namespace_of(X, mean)

    def score(
        self,
        X: MatrixLike,
        y: ArrayLike = None,
        sample_weight: ArrayLike = None,
        *,
        offset: ArrayLike = None,
    ) -> float:
        """The coefficient of determination, R², of the predictions.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n, d)
            Features.
        y : array-like of shape (n,) or (n, k), default=None
            Target. Required, except with a :class:`~sklearn_gd.data.ChunkedSource`.
        sample_weight : array-like of shape (n,), default=None
            Weight of each row.
        offset : array-like of shape (n,) or (n, k), default=None
            As in ``predict``.

        Returns
        -------
        score : float
            At most 1.

        Examples
        --------
        >>> from sklearn_gd import GDLinearRegressor
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]
        >>> round(GDLinearRegressor(alpha=0).fit(X, y).score(X, y), 6)
        1.0
        """
        if offset is None:
            return super().score(X, y, sample_weight)
        return r2_score(y, self.predict(X, offset=offset), sample_weight=sample_weight)

    def _validated(self, X, y, role):
        if not isinstance(y, Target):
            return super()._validated(X, y, role)
        X, target = super()._validated(X, as_numpy(y.y, "y"), role)
        columns = target.reshape(len(target), -1)
        return X, Target(target, _checked(y.offset, columns.shape, columns.dtype))

    def _target(self, y, weight, role, classes):
        if not isinstance(y, Target):
            return super()._target(y, weight, role, classes)
        is_1d = y.y.ndim == 1
        if role.is_first:
            loss = resolve("loss", self.loss, Loss, LOSSES)
            self._coding = NumbersWithOffset(y.offset.shape[1], loss, is_1d=is_1d)
        if y.offset.shape[1] != self._coding.n_outputs:
            raise ValueError(
                f"y has {y.offset.shape[1]} columns, but {type(self).__name__} was fitted with "
                f"{self._coding.n_outputs}."
            )
        return np.column_stack([y.y, y.offset]), weight


def check_offset(estimator, X, offset):
    """Raise for an offset that the estimator, its early stopping or its rows cannot have."""
    if offset is None:
        return
    if not isinstance(estimator, OffsetRegressor):
        raise TypeError(f"offset is for GDLinearRegressor alone; the estimator is {estimator!r}.")
    if estimator.early_stopping and estimator.scoring is not None:
        raise ValueError(
            f"scoring={estimator.scoring!r} does not support an offset. Use scoring=None, which is "
            "minus the mean loss, or early_stopping=False."
        )
    _check_rows(X, offset)


def _check_rows(X, offset):
    """Raise for an offset of rows that come in chunks of their own."""
    if offset is not None and (isinstance(X, ChunkedSource) or is_dask(X)):
        raise TypeError(
            f"offset needs the rows of X in one array or RowMatrix, and {type(X).__name__} holds "
            "chunks. Write X and y into one memory map, or see numpy.lib.format.open_memmap."
        )


def _checked(offset, shape, dtype):
    """An offset with the columns of the raw predictions."""
    offset = as_numpy(offset, "offset")
    if np.ndim(offset):
        dtype = np.result_type(dtype, np.float32)
        offset = check_array(offset, input_name="offset", ensure_2d=False, dtype=dtype)
    if np.shape(offset) not in (shape, shape[:1]):
        raise ValueError(
            f"offset must have shape {shape[:1]}, one number for each row, or {shape}, one for "
            f"each target; got shape {np.shape(offset)}."
        )
    return np.broadcast_to(offset.reshape(len(offset), -1), shape)
