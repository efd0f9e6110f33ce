"""What linear estimators share: coefficients as their public attributes."""

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import assert_all_finite

from sklearn_gd._components import with_hints
from sklearn_gd._estimators.annotations import ArrayLike, MatrixLike
from sklearn_gd._estimators.recipe import GradientDescentEstimator
from sklearn_gd._estimators.to_sklearn import ToSklearn
from sklearn_gd._estimators.validation_rows import validation_rows
from sklearn_gd._validation import BOOLEAN, Rule, real
from sklearn_gd.data import mean_and_std
from sklearn_gd.linear_model import _per_feature
from sklearn_gd.models import Linear
from sklearn_gd.penalties import Standardized


class LinearEstimator(ToSklearn, GradientDescentEstimator):
    """The model side of a linear estimator: raw = X coef' + intercept."""

    coef_: NDArray[np.floating[Any]]
    intercept_: NDArray[np.floating[Any]]

    _rules: ClassVar[dict[str, Rule]] = (
        GradientDescentEstimator._rules
        | _per_feature.RULES
        | {
            "alpha": real(0),
            "l1_ratio": real(0, 1),
            "fit_intercept": BOOLEAN,
            "positive": BOOLEAN,
            "standardize": BOOLEAN,
        }
    )

    @with_hints
    def fit(
        self,
        X: MatrixLike,
        y: ArrayLike = None,
        sample_weight: ArrayLike = None,
        *,
        X_val: MatrixLike = None,
        y_val: ArrayLike = None,
        sample_weight_val: ArrayLike = None,
        coef_init: ArrayLike = None,
        intercept_init: ArrayLike = None,
    ) -> Self:
        """Fit the model to X and y.

        Parameters
        ----------
        X : {array-like, sparse matrix, RowMatrix} of shape (n, d), or ChunkedSource
            Features, in any units; float32 stays float32. A
            :class:`~sklearn_gd.data.RowMatrix` or a memory map need not fit in memory. A
            :class:`~sklearn_gd.data.ChunkedSource` holds y and sample_weight, too. The rows of a
            dask array or dataframe stay where they are.
        y : array-like of shape (n,) or (n, k), default=None
            Target: numbers or labels; (n, k) for several targets, or a 0/1 matrix of labels.
            Required, except with a ChunkedSource.
        sample_weight : array-like of shape (n,), default=None
            Weight of each row, at least 0; 0 is the same as leaving the row out.
        X_val, y_val, sample_weight_val : array-like, default=None
            Validation rows for ``early_stopping``, instead of a fraction of X. X_val may be a
            ChunkedSource.
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
        >>> from sklearn_gd import GDLinearRegressor
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]
        >>> model = GDLinearRegressor(alpha=0).fit(X, y)
        >>> model.coef_.round(6), round(float(model.intercept_), 6)
        (array([2.]), 1.0)
        """
        start = None
        if coef_init is not None or intercept_init is not None:

            def start(problem):
                return self._initial(problem, coef_init, intercept_init)

        validation = validation_rows(X_val, y_val, sample_weight_val)
        return self._fit(X, y, sample_weight, validation, start)

    def _model_and_loss(self, source, previous):
        model = Linear(source.n_features, self._coding.n_outputs, self.fit_intercept)
        return model, self._coding.loss

    def _make_penalty(self, source):
        penalty = super()._make_penalty(source)
        self._check_wrappable(penalty)
        columns = vars(self).get("feature_names_in_"), source.n_features, type(self).__name__
        if self.penalty_weights is not None:
            penalty = _per_feature.with_weights(penalty, self.penalty_weights, *columns)
        if self.standardize:
            _, std = mean_and_std(source)
            penalty = Standardized(penalty=penalty, std=std)
        return _per_feature.with_bounds(penalty, self.lower, self.upper, self.positive, *columns)

    def _check_wrappable(self, penalty):
        """Constraints and units act weight by weight, or the penalty must know how they act."""
        name = type(penalty).__name__
        if self.standardize and not penalty.is_separable:
            raise ValueError(
                f"standardize=True needs a penalty whose proximal operator takes a scale for each "
                f"weight, and {name} has is_separable=False; use a StandardScaler instead."
            )
        if self.lower is not None or self.upper is not None:
            _per_feature.check_bounds(penalty)
        if self.positive and not (penalty.is_separable or penalty.declares("prox_positive")):
            raise ValueError(
                f"positive=True needs a penalty that is a sum over weights, or that defines "
                f"prox_positive; {name} is neither."
            )

    def _store(self, model, params):
        (w,), biases = model.unpack(params)
        self.coef_ = w.T.copy()
        self.intercept_ = biases[0].copy() if biases else np.zeros(model.n_outputs, params.dtype)

    def _stored(self, model):
        coef, intercept = np.atleast_2d(self.coef_), np.atleast_1d(self.intercept_)
        if coef.shape != (model.n_outputs, model.n_features):
            return None
        return np.vstack([coef.T, intercept[np.newaxis][: model.fit_intercept]]).ravel()

    def _checked(self, X):
        # what is not finite in X shows in the raw predictions: checking there saves a pass over X
        return super()._checked(X, ensure_all_finite=False)

    def _predict_raw(self, X):
        coef, intercept = np.atleast_2d(self.coef_), np.atleast_1d(self.intercept_)
        # infinity times a coefficient of zero is invalid, and refused below
        with np.errstate(invalid="ignore"):
            raw = np.asarray(X @ coef.T)
        raw += intercept
        if not np.isfinite(raw).all():
            assert_all_finite(X, input_name="X", estimator_name=type(self).__name__)
        return raw

    def _initial(self, problem, coef_init, intercept_init):
        """The user's start; what the user leaves out is that of a cold start."""
        model, params = problem.model, problem.start.copy()
        (w,), biases = model.unpack(params)
        if coef_init is not None:
            w[...] = _shaped("coef_init", coef_init, self._public_shape(model)).reshape(w.T.shape).T
        if intercept_init is not None and not biases:
            raise ValueError("intercept_init was passed, but fit_intercept=False.")
        for bias in biases:
            if intercept_init is not None:
                shape = self._public_shape(model)[:-1]
                bias[...] = _shaped("intercept_init", intercept_init, shape).ravel()
        return params

    def _public_shape(self, model):
        return (model.n_outputs, model.n_features)


def _shaped(name, value, shape):
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be an array of numbers; got {value!r}.") from error
    if array.shape != shape:
        raise ValueError(f"{name} must have shape {shape}; got shape {array.shape}.")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} contains NaN or infinity.")
    return array
