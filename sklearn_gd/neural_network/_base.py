"""What networks share: layers as their public attributes."""

from dataclasses import replace
from numbers import Integral
from typing import ClassVar

import numpy as np

from sklearn_gd._components import resolve
from sklearn_gd._estimator import GradientDescentEstimator
from sklearn_gd._targets import validation_set
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
from sklearn_gd.data import MemorySource, mean_and_spread
from sklearn_gd.models import MLP
from sklearn_gd.models.activations import ACTIVATIONS, Activation


class NetworkEstimator(GradientDescentEstimator):
    """The model side of a multilayer perceptron."""

    _components: ClassVar = GradientDescentEstimator._components | {"activation": ACTIVATIONS}
    _rules: ClassVar[dict[str, Rule]] = GradientDescentEstimator._rules | {
        "hidden_layer_sizes": integer(1) | each(integer(1), "a tuple of integers >= 1"),
        "activation": one_of(*ACTIVATIONS) | instance_of(Activation, words="an Activation"),
        "dropout": real(0, 1, open_high=True),
        "alpha": real(0) | each(real(0), "a sequence of numbers >= 0, one for each layer"),
        "l1_ratio": real(0, 1),
        "standardize": BOOLEAN,
        "max_norm": real(0, open_low=True) | NONE,
    }

    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        """Fit the network to X and y.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n, d)
            Features, in any units; float32 stays float32.
        y : array-like of shape (n,) or (n, k)
            Target.
        sample_weight : array-like of shape (n,), default=None
            Weight of each row, at least 0; 0 is the same as leaving the row out.
        X_val, y_val, sample_weight_val : array-like, default=None
            Validation rows for ``early_stopping``, in place of a share of X.

        Returns
        -------
        self : object
            The fitted estimator; if fitting fails, it is as it was.

        Raises
        ------
        ValueError
            For a parameter or data that cannot be used; the message says what can.
        """
        validation = validation_set(X_val, y_val, sample_weight_val)
        return self._fit(X, y, sample_weight, validation)

    def hidden_features(self, X, layer=-1):
        """What a hidden layer makes of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n, d)
        layer : int, default=-1
            Which hidden layer; negative counts from the last.

        Returns
        -------
        features : ndarray of shape (n, units)
        """
        X = self._checked(X)
        model, params = self._raw_model()
        n_hidden = self.n_layers_ - 2
        if not (isinstance(layer, Integral) and -n_hidden <= layer < n_hidden):
            raise ValueError(
                f"layer must be an integer from {-n_hidden} to {n_hidden - 1}, as the network has "
                f"{n_hidden} hidden layers; got {layer!r}."
            )
        return model.hidden(params, X, layer)

    def _build_model(self, rows, previous):
        n_features = rows.X.shape[1]
        sizes = (n_features, *np.atleast_1d(self.hidden_layer_sizes).tolist(), self._n_outputs)
        if np.size(self.alpha) not in (1, len(sizes) - 1):
            raise InvalidParameterError(
                f"The 'alpha' parameter of {type(self).__name__} must be one number or one for "
                f"each of the {len(sizes) - 1} weight matrices. Got {self.alpha!r} instead."
            )
        activation = resolve("activation", self.activation, Activation, ACTIVATIONS)
        model = MLP(sizes, activation, self.dropout)
        if not self.standardize:
            return model
        if previous is not None and previous.model.sizes[0] == n_features:
            return replace(model, center=previous.model.center, spread=previous.model.spread)
        center, spread = mean_and_spread(MemorySource(*rows))
        dtype = rows.X.dtype
        return replace(model, center=center.astype(dtype), spread=spread.astype(dtype))

    def _cold_start(self, model, rows, rng):
        params = model.init(rng, rows.X.dtype)
        baseline = self._training_loss.baseline(rows.y, model.sizes[-1], rows.weight)
        model.unpack(params)[1][-1][...] = baseline
        return params

    def _settings(self, **changes):
        return super()._settings(**({"max_norm": self.max_norm} | changes))

    def _store(self, model, params):
        weights, biases = model.unpack(model.raw_units(params))
        self.coefs_, self.intercepts_ = weights, biases
        self._activation = model.activation
        self.n_layers_ = len(weights) + 1
        self.n_outputs_ = model.sizes[-1]
        self.out_activation_ = self._loss.link_name

    def _stored(self, model):
        shapes = [w.shape for w in self.coefs_]
        if shapes != model.shapes:
            return None
        return model.standard_units(_flat(self.coefs_, self.intercepts_))

    def _predict_raw(self, X):
        model, params = self._raw_model()
        return model.raw(params, X)

    def _raw_model(self):
        """The fitted network as it applies to raw features."""
        sizes = (self.n_features_in_, *(len(bias) for bias in self.intercepts_))
        return MLP(sizes, self._activation), _flat(self.coefs_, self.intercepts_)


def _flat(weights, biases):
    return np.concatenate([*(np.ravel(w) for w in weights), *biases])
