"""What regressors share: numeric targets of one or several columns."""

from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.base import RegressorMixin

from sklearn_gd._components import resolve, with_hints
from sklearn_gd._estimators.annotations import ArrayLike, MatrixLike, available_if
from sklearn_gd._estimators.coding import Numbers
from sklearn_gd._estimators.collections import as_chunks, by_chunk, chunk_scores, r2, squares
from sklearn_gd._estimators.containers import in_namespace_of
from sklearn_gd._estimators.parameters import is_resumable
from sklearn_gd._estimators.survey import TargetEncoder, weight_unit
from sklearn_gd._validation import Rule, instance_of, one_of
from sklearn_gd.losses import LOSSES, Loss

REGRESSOR_RULES: dict[str, Rule] = {
    "loss": one_of(*LOSSES) | instance_of(Loss, words="a Loss"),
}


class Regressor(RegressorMixin):
    """The target side of a regressor."""

    _coding: Numbers
    _is_y_numeric = True

    @by_chunk
    def predict(self, X: MatrixLike) -> NDArray[Any]:
        """Predicted targets: the inverse link of the raw predictions.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n, d), or ChunkedSource
            Features, in the units of ``fit``. Of a
            :class:`~sklearn_gd.data.ChunkedSource`, an iterator of one result a chunk is returned;
            of a dask collection, a dask array that is not computed yet.

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
        mean = self._predict(X, lambda raw: self._coding.loss.inverse_link(raw))
        return in_namespace_of(X, self._coding.decode(mean))

    def score(self, X, y=None, sample_weight=None):
        """Coefficient of determination of :meth:`predict`, averaged over columns of y.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n, d), or ChunkedSource
            Features, in the units of ``fit``.
        y : array-like of shape (n,) or (n, k), default=None
            True targets. Required, except with a :class:`~sklearn_gd.data.ChunkedSource`.
        sample_weight : array-like of shape (n,), default=None
            Weight of each row.

        Returns
        -------
        score : float
            At most 1; 0 for predictions that are as good as the mean of y.

        Examples
        --------
        >>> from sklearn_gd import GDLinearRegressor
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]
        >>> GDLinearRegressor(alpha=0).fit(X, y).score(X, y)
        1.0
        """
        chunks = as_chunks(X, y, sample_weight)
        if chunks is None:
            return super().score(X, y, sample_weight)
        return r2(chunk_scores(self, chunks, squares))

    @available_if(is_resumable)
    @with_hints
    def partial_fit(
        self, X: MatrixLike, y: ArrayLike = None, sample_weight: ArrayLike = None
    ) -> Self:
        """Resume from the last fit with one pass over a chunk of rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n, d), or ChunkedSource
            Features; in any units under ``solver="auto"``.
        y : array-like of shape (n,) or (n, k), default=None
            Target. Required, except with a
            :class:`~sklearn_gd.data.ChunkedSource`.
        sample_weight : array-like of shape (n,), default=None
            Weight of each row, at least 0.

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
        return self._partial_fit(X, y, sample_weight)

    def _target(self, y, weight, role, classes):
        if sp.issparse(y):
            raise ValueError(
                f"y is a sparse matrix, and {type(self).__name__} needs a dense one: pass "
                "y.toarray()."
            )
        n_outputs = 1 if y.ndim == 1 else y.shape[1]
        if role.is_first:
            loss = resolve("loss", self.loss, Loss, LOSSES)
            self._coding = Numbers(n_outputs, loss, is_1d=y.ndim == 1)
        if n_outputs != self._coding.n_outputs:
            raise ValueError(
                f"y has {n_outputs} columns, but {type(self).__name__} was fitted with "
                f"{self._coding.n_outputs}."
            )
        return y, weight

    def _chunk_encoder(self, survey, role, classes):
        first = survey.first
        shape = (1,) if first.n_columns is None else (1, first.n_columns)
        self._target(np.zeros(shape), None, role, classes)
        unit, is_weighted = weight_unit(first.dtype, survey.weights, np.ones(1))
        return TargetEncoder(self._coding, first.dtype, None, None, unit, is_weighted)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
