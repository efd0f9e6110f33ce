"""What regressors share: numeric targets of one or several columns."""

from sklearn.base import RegressorMixin
from sklearn.utils.metaestimators import available_if

from sklearn_gd._components import resolve
from sklearn_gd._estimator import is_resumable
from sklearn_gd._targets import positive_rows
from sklearn_gd._validation import Rule, instance_of, one_of
from sklearn_gd.losses import LOSSES, Loss

REGRESSOR_RULES: dict[str, Rule] = {
    "loss": one_of(*LOSSES) | instance_of(Loss, words="a Loss"),
}


class Regressor(RegressorMixin):
    """The target side of a regressor."""

    def predict(self, X):
        """Predicted targets: the inverse link of the raw predictions.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n, d)
            Features, in the units of ``fit``.

        Returns
        -------
        y : ndarray of shape (n,), or (n, k) if y had columns
            In the units of y.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ValueError
            For an X that is not finite, or has other columns than that of ``fit``.

        Examples
        --------
        >>> from sklearn_gd import GDLinearRegressor
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]
        >>> GDLinearRegressor(alpha=0).fit(X, y).predict([[4.0]]).round(6)
        array([9.])
        """
        mean = self._predict(X, lambda raw: self._loss.inverse_link(raw))
        return mean[:, 0] if self._is_1d else mean

    @available_if(is_resumable)
    def partial_fit(self, X, y, sample_weight=None):
        """Go on from the last fit by one pass over a chunk of rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n, d)
            Features; in any units under ``solver="auto"``.
        y : array-like of shape (n,) or (n, k)
            Target.
        sample_weight : array-like of shape (n,), default=None
            Weight of each row, at least 0.

        Returns
        -------
        self : object
            The estimator; if the call fails, it is as it was.

        Raises
        ------
        AttributeError
            For a ``solver`` that cannot go on from where it stopped.
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

    def _encode(self, X, y, sample_weight, *, role, classes=None):
        X, y, weight = self._validated(X, y, sample_weight, role, multi_output=True, y_numeric=True)
        if role.is_first:
            self._loss = resolve("loss", self.loss, Loss, LOSSES)
            self._is_1d = y.ndim == 1
            self._n_outputs = 1 if y.ndim == 1 else y.shape[1]
        table = y.astype(X.dtype, copy=False).reshape(len(y), -1)
        if table.shape[1] != self._n_outputs:
            raise ValueError(
                f"y has {table.shape[1]} columns, but {type(self).__name__} was fitted with "
                f"{self._n_outputs}."
            )
        rows = positive_rows(X, table, weight)
        self._loss.check_target(rows.y)
        return rows

    def _decode(self, y):
        return y[:, 0] if self._is_1d else y

    def _groups(self, rows):
        return None

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
