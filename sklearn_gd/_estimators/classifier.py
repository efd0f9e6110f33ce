"""What classifiers share: labels, class weights, and predictions from raw predictions."""

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d

from sklearn_gd._components import with_hints
from sklearn_gd._estimators.annotations import ArrayLike, MatrixLike, available_if
from sklearn_gd._estimators.coding import Binary, Labels, Multilabel, indicator, label_codes
from sklearn_gd._estimators.collections import accuracy, as_chunks, by_chunk, chunk_scores, hits
from sklearn_gd._estimators.containers import in_namespace_of
from sklearn_gd._estimators.parameters import is_resumable
from sklearn_gd._estimators.rows import class_weights
from sklearn_gd._estimators.survey import TargetEncoder, weight_unit
from sklearn_gd._validation import NONE, Rule, instance_of, one_of
from sklearn_gd.data.chunked_source import in_chunk
from sklearn_gd.losses import Loss

CLASSIFIER_RULES: dict[str, Rule] = {
    "class_weight": one_of("balanced") | instance_of(dict, words="a dict of class weights") | NONE
}

LABELS = frozenset({"binary", "multiclass", "multilabel-indicator"})


def _has_probabilities(estimator) -> bool:
    """Whether predict_proba exists, or the reason why not."""
    reason = estimator._reason_for_no_probabilities()
    if reason:
        raise AttributeError(
            f"{type(estimator).__name__} has no probabilities: {reason}. Use loss='log_loss' or "
            "'modified_huber', or a CalibratedClassifierCV."
        )
    return True


class Classifier(ClassifierMixin):
    """The target side of a classifier.

    Two classes are one column for every classifier; ``_multiclass`` codes more of them, and
    ``_multilabel`` a matrix of labels, if the classifier supports one.
    """

    _coding: Labels
    classes_: NDArray[Any]
    _multiclass: ClassVar[type[Labels]]
    _multilabel: ClassVar[type[Multilabel] | None] = None

    @by_chunk
    def predict(self, X: MatrixLike) -> NDArray[Any]:
        """Class labels.

        The class of the largest raw prediction; of two classes the second, and 1 for a label of a
        0/1 matrix, where its probability is above one half.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n, d), or ChunkedSource
            Features, in the units of ``fit``. Of a
            :class:`~sklearn_gd.data.ChunkedSource`, an iterator of one result a chunk is returned;
            of a dask collection, a dask array that is not computed yet.

        Returns
        -------
        y : ndarray of shape (n,), or (n, k) of 0 and 1 for multilabel targets

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ValueError
            For an X that is not finite, or has other columns than in ``fit``.

        Examples
        --------
        >>> from sklearn_gd import GDLogisticClassifier
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], ["no", "yes", "no", "yes"]
        >>> model = GDLogisticClassifier().fit(X, y)
        >>> model.predict(X).tolist()
        ['no', 'no', 'yes', 'yes']
        """
        codes = self._predict(X, lambda raw: self._coding.decide(raw))
        return in_namespace_of(X, codes if codes.ndim == 2 else self.classes_[codes])

    @by_chunk
    def decision_function(self, X: MatrixLike) -> NDArray[Any]:
        """Raw predictions: log-odds for two classes, one score a class or label for more.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n, d), or ChunkedSource
            Features, in the units of ``fit``. Of a
            :class:`~sklearn_gd.data.ChunkedSource`, an iterator of one result a chunk is returned;
            of a dask collection, a dask array that is not computed yet.

        Returns
        -------
        scores : ndarray of shape (n,) for two classes, (n, K) otherwise
            Those for two classes are in favour of ``classes_[1]``.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ValueError
            For an X that is not finite, or has other columns than in ``fit``.

        Examples
        --------
        >>> from sklearn_gd import GDLogisticClassifier
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], ["no", "yes", "no", "yes"]
        >>> model = GDLogisticClassifier().fit(X, y)
        >>> model.decision_function(X).round(2).tolist()
        [-1.36, -0.45, 0.45, 1.36]
        """
        return in_namespace_of(X, self._predict(X, lambda raw: self._coding.decision(raw)))

    @available_if(_has_probabilities)
    @by_chunk
    def predict_proba(self, X: MatrixLike) -> NDArray[Any]:
        """Probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n, d), or ChunkedSource
            Features, in the units of ``fit``. Of a
            :class:`~sklearn_gd.data.ChunkedSource`, an iterator of one result a chunk is returned;
            of a dask collection, a dask array that is not computed yet.

        Returns
        -------
        probability : ndarray of shape (n, K)
            In the order of ``classes_``; rows add up to one, except for multilabel targets.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ValueError
            For an X that is not finite, or has other columns than in ``fit``.

        Examples
        --------
        >>> from sklearn_gd import GDLogisticClassifier
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], ["no", "yes", "no", "yes"]
        >>> model = GDLogisticClassifier().fit(X, y)
        >>> model.predict_proba(X).round(2).tolist()
        [[0.8, 0.2], [0.61, 0.39], [0.39, 0.61], [0.2, 0.8]]
        """
        return in_namespace_of(X, self._predict(X, lambda raw: self._coding.probabilities(raw)))

    @available_if(_has_probabilities)
    @by_chunk
    def predict_log_proba(self, X: MatrixLike) -> NDArray[Any]:
        """Natural logarithm of :meth:`predict_proba`.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n, d), or ChunkedSource
            Features, in the units of ``fit``. Of a
            :class:`~sklearn_gd.data.ChunkedSource`, an iterator of one result a chunk is returned;
            of a dask collection, a dask array that is not computed yet.

        Returns
        -------
        log_probability : ndarray of shape (n, K)
            Minus infinity for a probability that is zero in the precision of X.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ValueError
            For an X that is not finite, or has other columns than in ``fit``.

        Examples
        --------
        >>> from sklearn_gd import GDLogisticClassifier
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], ["no", "yes", "no", "yes"]
        >>> model = GDLogisticClassifier().fit(X, y)
        >>> model.predict_log_proba(X).round(2).tolist()
        [[-0.23, -1.59], [-0.49, -0.95], [-0.95, -0.49], [-1.59, -0.23]]
        """
        with np.errstate(divide="ignore"):
            return in_namespace_of(X, np.log(np.asarray(self.predict_proba(X))))

    def score(self, X, y=None, sample_weight=None):
        """Accuracy of :meth:`predict`; for a 0/1 matrix y, of whole rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n, d), or ChunkedSource
            Features, in the units of ``fit``.
        y : array-like of shape (n,) or (n, k), default=None
            True labels. Required, except with a :class:`~sklearn_gd.data.ChunkedSource`.
        sample_weight : array-like of shape (n,), default=None
            Weight of each row.

        Returns
        -------
        score : float
            Between 0 and 1.

        Examples
        --------
        >>> from sklearn_gd import GDLogisticClassifier
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], ["no", "yes", "no", "yes"]
        >>> GDLogisticClassifier().fit(X, y).score(X, y)
        0.5
        """
        chunks = as_chunks(X, y, sample_weight)
        if chunks is None:
            return super().score(X, y, sample_weight)
        return accuracy(chunk_scores(self, chunks, hits))

    @available_if(is_resumable)
    @with_hints
    def partial_fit(
        self,
        X: MatrixLike,
        y: ArrayLike = None,
        classes: ArrayLike = None,
        sample_weight: ArrayLike = None,
    ) -> Self:
        """Resume from the last fit with one pass over a chunk of rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n, d), or ChunkedSource
            Features; in any units under ``solver="auto"``.
        y : array-like of shape (n,) or (n, k), default=None
            Labels; (n, k) for a 0/1 matrix of them. Required, except with a
            :class:`~sklearn_gd.data.ChunkedSource`.
        classes : array-like of shape (K,), default=None
            All classes of the stream. Required in the first call unless ``fit`` came before.
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
            For data or parameters that cannot be used, or other classes than in the first call.

        Examples
        --------
        >>> from sklearn_gd import GDLogisticClassifier
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], ["no", "yes", "no", "yes"]
        >>> model = GDLogisticClassifier().partial_fit(X[:2], y[:2], classes=["no", "yes"])
        >>> model = model.partial_fit(X[2:], y[2:])
        >>> model.n_iter_, model.classes_.tolist()
        (1, ['no', 'yes'])
        """
        known = vars(self).get("classes_")
        if classes is None and known is None:
            raise ValueError(
                "classes must be passed on the first call to partial_fit, and must list every "
                "class of the stream."
            )
        if classes is None:
            classes = known
        elif known is not None and not np.array_equal(np.unique(classes), known):
            raise ValueError(
                f"classes={np.unique(classes).tolist()} are not those of the first call, "
                f"{known.tolist()}."
            )
        return self._partial_fit(X, y, sample_weight, classes)

    def _reason_for_no_probabilities(self) -> str:
        """Why the loss defines no probabilities; empty where it does."""
        return ""

    def _label_loss(self, coding: type[Labels]) -> Loss:
        """The loss of labels in this coding."""
        return coding.default_loss()

    def _target(self, y, weight, role, classes):
        # the labels of a chunk are looked up among the classes in any case
        is_known = role.is_chunk and not role.is_first and y.ndim == 1
        is_known = is_known and y.dtype == self.classes_.dtype
        kind = "multiclass" if is_known else type_of_target(y, input_name="y")
        is_multilabel = kind == "multilabel-indicator"
        if not is_multilabel:
            y = column_or_1d(y, warn=True)
        if kind not in LABELS:
            check_classification_targets(y)
        if role.is_first:
            self._learn_classes(y, is_multilabel, classes)
        self._check_kind(y, is_multilabel)
        codes = indicator(y) if is_multilabel else label_codes(y, self.classes_, _advice(role))
        return codes, self._with_class_weight(codes, weight, role)

    def _chunk_encoder(self, survey, role, classes):
        first = survey.first
        is_multilabel = first.labels is None
        labels = np.zeros((1, first.n_columns)) if is_multilabel else survey.labels
        if role.is_first:
            self._learn_classes(labels, is_multilabel, classes)
        self._check_kind(labels, is_multilabel)
        if is_multilabel:
            self._class_factors(labels, None, role)
            unit, is_weighted = weight_unit(first.dtype, survey.weights, np.ones(1))
            return TargetEncoder(self._coding, first.dtype, None, None, unit, is_weighted)
        for fact in survey.facts:
            with in_chunk(fact.position):
                label_codes(fact.labels, self.classes_, _advice(role))
        codes = label_codes(labels, self.classes_, _advice(role))
        factors = self._class_factors(codes, survey.weights.total, role)
        of_labels = np.ones(len(codes)) if factors is None else factors[codes]
        unit, is_weighted = weight_unit(first.dtype, survey.weights, of_labels)
        self._check_any_weight(of_labels * survey.weights.total, role)
        return TargetEncoder(self._coding, first.dtype, self.classes_, factors, unit, is_weighted)

    def _check_kind(self, y, is_multilabel):
        """Raise for later rows whose target is of another kind than in the first call."""
        name = type(self).__name__
        known, given = "labels of shape (n,)", f"a 0/1 matrix of shape {y.shape}"
        if not is_multilabel:
            known, given = f"a 0/1 matrix of {len(self.classes_)} labels", "labels of shape (n,)"
        if is_multilabel != isinstance(self._coding, Multilabel):
            raise ValueError(
                f"y must be of the kind that {name} was fitted with, {known}; got {given}."
            )
        if is_multilabel and y.shape[1] != len(self.classes_):
            raise ValueError(
                f"y has {y.shape[1]} labels, but {name} was fitted with {len(self.classes_)}."
            )

    def _learn_classes(self, y, is_multilabel, classes):
        name = type(self).__name__
        if is_multilabel and self._multilabel is None:
            raise ValueError(
                f"{name} does not support multilabel y; use GDLogisticClassifier instead."
            )
        if is_multilabel:
            self.classes_ = np.arange(y.shape[1])
            coding = self._multilabel
            self._coding = coding(y.shape[1], self._label_loss(coding))
            return
        self.classes_ = np.unique(y if classes is None else classes)
        if len(self.classes_) < 2:
            (only,) = self.classes_.tolist()
            raise ValueError(
                f"{name} needs at least 2 classes in y; the data has 1 class: {only!r}."
            )
        coding = Binary if len(self.classes_) == 2 else self._multiclass
        self._coding = coding(len(self.classes_), self._label_loss(coding))

    def _with_class_weight(self, codes, weight, role):
        factors = self._class_factors(codes, weight, role)
        if factors is None:
            return weight
        weight = factors[codes] if weight is None else factors[codes] * weight
        self._check_any_weight(weight, role)
        return weight

    def _check_any_weight(self, weight, role):
        if self.class_weight is not None and not weight.any() and not role.is_chunk:
            raise ValueError(
                f"The 'class_weight' parameter of {type(self).__name__} makes the weight of every "
                f"row zero. Got {self.class_weight!r}."
            )

    def _class_factors(self, codes, weight, role):
        """The weight of each class; None where all are one."""
        name = type(self).__name__
        if self.class_weight is None:
            return None
        if codes.ndim == 2:
            raise ValueError(
                f"The 'class_weight' parameter of {name} must be None for multilabel y, whose "
                "labels overlap; use sample_weight instead."
            )
        if role.is_training:
            # over all chunks so far: a stream is balanced as a whole, not chunk by chunk
            seen = np.bincount(codes, weights=weight, minlength=len(self.classes_))
            self._class_totals = seen + (0 if role.is_first else self._class_totals)
        return class_weights(self.class_weight, self.classes_, self._class_totals, name)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = self._multilabel is not None
        return tags


def _advice(role):
    """What to do about a label that is not known."""
    if role.is_chunk:
        return "name all classes in the first call of partial_fit"
    return "X_val must have no others"
