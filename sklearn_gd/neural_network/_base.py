"""What networks share: layers as their public attributes."""

from copy import deepcopy
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from sklearn_gd._components import resolve, with_hints
from sklearn_gd._estimators.annotations import ArrayLike, MatrixLike
from sklearn_gd._estimators.containers import in_namespace_of
from sklearn_gd._estimators.parameters import METHOD_DEFAULTS
from sklearn_gd._estimators.recipe import GradientDescentEstimator
from sklearn_gd._estimators.to_sklearn import Layers, ToSklearn
from sklearn_gd._estimators.validation_rows import validation_rows
from sklearn_gd._validation import (
    BOOLEAN,
    NONE,
    InvalidParameterError,
    Rule,
    each,
    instance_of,
    integer,
    one_of,
    real,
)
from sklearn_gd.data import map_rows, mean_and_std
from sklearn_gd.models import MLP
from sklearn_gd.models.activations import ACTIVATIONS, Activation

ACTIVATION = one_of(*ACTIVATIONS) | instance_of(Activation, words="an Activation")
UNIT_INTERVAL = real(0, 1, open_high=True)


class NetworkEstimator(ToSklearn, GradientDescentEstimator):
    """The model side of a multilayer perceptron."""

    coefs_: list[NDArray[np.floating[Any]]]
    intercepts_: list[NDArray[np.floating[Any]]]
    n_layers_: int
    n_outputs_: int
    out_activation_: str

    _components: ClassVar = GradientDescentEstimator._components | {"activation": ACTIVATIONS}
    _rules: ClassVar[dict[str, Rule]] = GradientDescentEstimator._rules | {
        "hidden_layer_sizes": integer(1) | each(integer(1), "a tuple of integers >= 1"),
        "activation": ACTIVATION | each(ACTIVATION, "a sequence of these, one for each layer"),
        "dropout": UNIT_INTERVAL | each(UNIT_INTERVAL, "a sequence of these, one for each layer"),
        "alpha": real(0) | each(real(0), "a sequence of numbers >= 0, one for each layer"),
        "l1_ratio": real(0, 1),
        "standardize": BOOLEAN,
        "max_norm": real(0, open_low=True) | NONE,
    }
    _method_defaults: ClassVar = METHOD_DEFAULTS | {"dropout": 0.0, "max_norm": None}

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
    ) -> Self:
        """Fit the network to X and y.

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
            For a ``learning_rate``, ``batch_size`` or ``average`` that the solver does not use;
            ``solver="auto"`` is Adam, which uses all three.

        Examples
        --------
        >>> from sklearn_gd import GDMLPRegressor
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]
        >>> model = GDMLPRegressor(activation="identity", solver="lbfgs", random_state=0).fit(X, y)
        >>> bool(model.score(X, y) > 0.99)
        True
        """
        validation = validation_rows(X_val, y_val, sample_weight_val)
        return self._fit(X, y, sample_weight, validation)

    def hidden_features(self, X: MatrixLike, layer: int = -1) -> NDArray[Any]:
        """Output of a hidden layer for each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n, d)
            Features, in the units of ``fit``.
        layer : int, default=-1
            Which hidden layer; negative counts from the last.

        Returns
        -------
        features : ndarray of shape (n, units)
            Outputs of the units, behind their activation.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ValueError
            For a layer that the network does not have, or an X that cannot be used.

        Examples
        --------
        >>> from sklearn_gd import GDMLPRegressor
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]
        >>> model = GDMLPRegressor(hidden_layer_sizes=(5, 2), solver="lbfgs", random_state=0)
        >>> model.fit(X, y).hidden_features(X, layer=0).shape
        (4, 5)
        """
        given, X = X, self._checked(X)
        model, params = self._raw_model()
        n_hidden = self.n_layers_ - 2
        if not (isinstance(layer, Integral) and -n_hidden <= layer < n_hidden):
            raise ValueError(
                f"layer must be an integer from {-n_hidden} to {n_hidden - 1}, as the network has "
                f"{n_hidden} hidden layers; got {layer!r}."
            )
        features = map_rows(lambda rows: model.hidden(params, rows, layer), X, self._width)
        return in_namespace_of(given, features)

    def _model_and_loss(self, source, previous):
        hidden = np.atleast_1d(self.hidden_layer_sizes).tolist()
        given = self._of_each("activation", len(hidden), "hidden layers")
        self._of_each("alpha", len(hidden) + 1, "weight matrices")
        # as they are now: the user may set their parameters once the network has learnt
        activations = deepcopy([resolve("activation", a, Activation, ACTIVATIONS) for a in given])
        sizes = (source.n_features, *hidden, self._coding.n_outputs)
        dropout = self._of_each("dropout", len(hidden), "hidden layers")
        model = MLP(sizes, tuple(activations), dropout)
        if not self.standardize:
            return model, self._coding.loss
        if previous is not None and previous.model.is_like(model):
            center, std = previous.model.center, previous.model.std
        else:
            center, std = (part.astype(source.dtype) for part in mean_and_std(source))
        return replace(model, center=center, std=std), self._coding.loss

    def _of_each(self, name, n_layers, layers):
        """A parameter that is one for all layers, or one for each, as a tuple of the latter."""
        value = getattr(self, name)
        if isinstance(value, (str, Real, Activation)):
            return (value,) * n_layers
        if len(value) != n_layers:
            raise InvalidParameterError(
                f"The {name!r} parameter of {type(self).__name__} must be one for all or one for "
                f"each of the {n_layers} {layers}. Got {value!r} instead."
            )
        return tuple(value)

    def _store(self, model, params):
        weights, biases = model.unpack(model.raw_units(params))
        self.coefs_, self.intercepts_ = weights, biases
        self._activations = model.activations
        self.n_layers_ = len(weights) + 1
        self.n_outputs_ = model.sizes[-1]
        self.out_activation_ = self._coding.loss.link_name

    def _stored(self, model):
        stored, params = self._raw_model()
        return model.standard_units(params) if stored.is_like(model) else None

    def _predict_raw(self, X):
        model, params = self._raw_model()
        return model.raw(params, X)

    @property
    def _width(self):
        return sum(np.atleast_1d(self.hidden_layer_sizes)) + super()._width

    def _layers(self):
        return Layers(self.coefs_, self.intercepts_, self._activations, self.t_, self.loss_curve_)

    def _raw_model(self):
        """The fitted network as it applies to raw features."""
        sizes = (len(self.coefs_[0]), *(len(bias) for bias in self.intercepts_))
        return MLP(sizes, self._activations), _flat(self.coefs_, self.intercepts_)


def _flat(weights, biases):
    return np.concatenate([*(np.ravel(w) for w in weights), *biases])
