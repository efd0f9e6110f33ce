"""What a search does by the best estimator it found."""

from sklearn.exceptions import NotFittedError
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from sklearn_gd.linear_model._offset import check_offset


def _delegated(method):
    """Whether the best estimator has a method, or would have it."""

    def has_method(self):
        if "best_estimator_" in vars(self):
            return hasattr(self.best_estimator_, method)
        if not self.refit:
            raise AttributeError(
                f"{method} needs the best estimator fitted to all rows; set refit=True."
            )
        return hasattr(self.estimator, method)

    return available_if(has_method)


class BestEstimator:
    """Predictions and scores of ``best_estimator_``, where there is one."""

    @property
    def classes_(self):
        """Labels in ascending order, of a classifier."""
        return self._best().classes_

    def _best(self):
        check_is_fitted(self, "best_index_")
        if not self.refit:
            raise NotFittedError(
                f"This {type(self).__name__} was fitted with refit=False, which leaves no best "
                "estimator; set refit=True."
            )
        return self.best_estimator_

    def _named(self, X, offset):
        """The offset as the estimator takes it: not at all, most of them."""
        check_offset(self.estimator, X, offset)
        return {} if offset is None else {"offset": offset}

    @_delegated("predict")
    def predict(self, X, *, offset=None):
        """Predictions of the best estimator.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n, d)
            Features, in the units of ``fit``.
        offset : array-like of shape (n,) or (n, k), default=None
            Added to the raw prediction of each row, where the estimator takes an offset. None is 0.

        Returns
        -------
        y : ndarray of shape (n,) or (n, k)

        Raises
        ------
        NotFittedError
            Before ``fit``.
        """
        return self._best().predict(X, **self._named(X, offset))

    @_delegated("decision_function")
    def decision_function(self, X):
        """Raw predictions of the best estimator.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n, d)
            Features, in the units of ``fit``.

        Returns
        -------
        scores : ndarray of shape (n,) for two classes, (n, K) otherwise

        Raises
        ------
        NotFittedError
            Before ``fit``.
        """
        return self._best().decision_function(X)

    @_delegated("predict_proba")
    def predict_proba(self, X):
        """Probability of each class, by the best estimator.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n, d)
            Features, in the units of ``fit``.

        Returns
        -------
        probability : ndarray of shape (n, K)

        Raises
        ------
        NotFittedError
            Before ``fit``.
        """
        return self._best().predict_proba(X)

    @_delegated("predict_log_proba")
    def predict_log_proba(self, X):
        """Natural logarithm of :meth:`predict_proba`.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n, d)
            Features, in the units of ``fit``.

        Returns
        -------
        log_probability : ndarray of shape (n, K)

        Raises
        ------
        NotFittedError
            Before ``fit``.
        """
        return self._best().predict_log_proba(X)

    @_delegated("score")
    def score(self, X, y, sample_weight=None, *, offset=None):
        """Score of the best estimator: accuracy or R².

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n, d)
            Features, in the units of ``fit``.
        y : array-like of shape (n,) or (n, k)
            Target.
        sample_weight : array-like of shape (n,), default=None
            Weight of each row.
        offset : array-like of shape (n,) or (n, k), default=None
            As in ``predict``.

        Returns
        -------
        score : float

        Raises
        ------
        NotFittedError
            Before ``fit``.
        """
        return self._best().score(X, y, sample_weight, **self._named(X, offset))
