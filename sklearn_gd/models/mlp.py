"""The multilayer perceptron, raw = W_L' h_{L-1}(... h_1(W_1' x + b_1) ...) + b_L."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from sklearn_gd.models.activations import Activation
from sklearn_gd.models.base import Model

# Without hidden layers signals keep their size.
LINEAR_GAIN = 2.0


@dataclass(frozen=True)
class MLP(Model):
    """Fully connected layers with an activation between them, and a linear last layer.

    Parameters
    ----------
    sizes : tuple of int
        Features, units of each hidden layer, outputs.
    activation : Activation or tuple of Activation
        One for all hidden layers, or one for each.
    dropout : float or tuple of float
        Fraction of hidden units switched off, at random, in each training batch; likewise.
    center, std : ndarray of shape (d,), optional
        The network sees (x - center) / std.
    target_center, target_std : ndarray of shape (k,), optional
        A raw prediction z stands for target_center + target_std * z; the loss knows.
    """

    sizes: tuple[int, ...]
    activation: Activation | tuple[Activation, ...]
    dropout: float | tuple[float, ...] = 0.0
    center: NDArray | None = None
    std: NDArray | None = None
    target_center: NDArray | None = None
    target_std: NDArray | None = None

    @cached_property
    def activations(self) -> tuple[Activation, ...]:
        """Of the hidden layers."""
        return self._of_each_layer(self.activation)

    @cached_property
    def dropouts(self) -> tuple[float, ...]:
        """Of the hidden layers."""
        return self._of_each_layer(self.dropout)

    @cached_property
    def shapes(self) -> list[tuple[int, int]]:
        """Of the weight matrices."""
        return list(zip(self.sizes[:-1], self.sizes[1:], strict=True))

    @property
    def n_matrices(self) -> int:
        return len(self.shapes)

    @property
    def n_outputs(self) -> int:  # type: ignore[override]
        return self.sizes[-1]

    @property
    def size(self) -> int:
        return sum((rows + 1) * columns for rows, columns in self.shapes)

    def is_like(self, other: "MLP") -> bool:
        """Whether the parameters of one mean the same to the other, but for units of features."""
        pairs = zip(self.activations, other.activations, strict=False)
        return self.sizes == other.sizes and all(a.is_like(b) for a, b in pairs)

    def init(self, rng, dtype):
        params = np.zeros(self.size, dtype)
        # a matrix carries on what the activation before it left over of a signal; the features,
        # before which there is none, are taken like the layer that follows
        gains = [activation.init_gain for activation in self.activations] or [LINEAR_GAIN]
        for w, gain in zip(self.unpack(params)[0], [gains[0], *gains], strict=False):
            bound = np.sqrt(3 * gain / sum(w.shape))
            w[...] = rng.uniform(-bound, bound, w.shape)
        return params

    def unpack(self, params):
        weights, biases, at = [], [], 0
        for rows, columns in self.shapes:
            weights.append(params[at : at + rows * columns].reshape(rows, columns))
            at += rows * columns
        for _, columns in self.shapes:
            biases.append(params[at : at + columns])
            at += columns
        return weights, biases

    def forward(self, params, X, rng=None):
        weights, biases = self.unpack(params)
        layer, tape = self._standardized(X), []
        hidden = zip(weights[:-1], biases[:-1], self.activations, self.dropouts, strict=True)
        for w, bias, activation, dropout in hidden:
            z = _affine(layer, w, bias)
            value = activation.value(z)
            mask = None if rng is None or dropout == 0 else _mask(z, dropout, rng)
            tape.append((layer, w, z, value, mask))
            layer = value if mask is None else value * mask
        tape.append((layer, weights[-1], None, None, None))
        return _affine(layer, weights[-1], biases[-1]), tape

    def backward(self, params, tape, raw_gradient, out):
        weights, biases = self.unpack(out)
        signal = raw_gradient
        for depth in range(len(tape) - 1, -1, -1):
            layer, w, *_ = tape[depth]
            _product(layer.T, signal, weights[depth])
            signal.sum(axis=0, out=biases[depth])
            if depth:
                _, _, z, value, mask = tape[depth - 1]
                signal = signal @ w.T.astype(signal.dtype, copy=False)
                signal *= self.activations[depth - 1].slope_at(z, value)
                if mask is not None:
                    signal *= mask

    def raw(self, params, X):
        weights, biases = self.unpack(params)
        # the network of a constant: no product is needed there
        if not weights[-1].any():
            return np.tile(biases[-1].astype(X.dtype, copy=False), (X.shape[0], 1))
        layer = self._standardized(X)
        for activation, w, bias in zip(self.activations, weights[:-1], biases[:-1], strict=True):
            layer = activation.value(_affine(layer, w, bias))
        return _affine(layer, weights[-1], biases[-1])

    def prepared(self, X, may_overwrite):
        if self.std is None:
            return self, X
        rows = self._standardized(X, out=X if may_overwrite and not sp.issparse(X) else None)
        return replace(self, center=None, std=None), rows

    def hidden(self, params, X, layer: int) -> NDArray:
        """The output of a hidden layer for each row; negative counts from the last."""
        _, tape = self.forward(params, X)
        return [inputs for inputs, *_ in tape[1:]][layer]

    def raw_units(self, params) -> NDArray:
        """The parameters of the network from raw features to targets in their own units."""
        result = np.array(params)
        weights, biases = self.unpack(result)
        if self.std is not None:
            weights[0] /= self.std[:, np.newaxis]
            biases[0] -= self.center @ weights[0]
        if self.target_std is not None:
            weights[-1] *= self.target_std
            biases[-1] *= self.target_std
            biases[-1] += self.target_center
        return result

    def standard_units(self, params) -> NDArray:
        """The inverse of :meth:`raw_units`."""
        result = np.array(params)
        weights, biases = self.unpack(result)
        if self.target_std is not None:
            biases[-1] -= self.target_center
            biases[-1] /= self.target_std
            weights[-1] /= self.target_std
        if self.std is not None:
            biases[0] += self.center @ weights[0]
            weights[0] *= self.std[:, np.newaxis]
        return result

    def _standardized(self, X, out=None):
        if self.std is None:
            return X
        if sp.issparse(X):
            return _CentredRows(X, self.center, self.std)
        rows = np.subtract(X, self.center, out=out)
        rows /= self.std
        return rows

    def _of_each_layer(self, value):
        return value if isinstance(value, tuple) else (value,) * (len(self.sizes) - 2)


def _affine(layer, w, bias):
    """The input of the next layer, in the precision of this one."""
    z = layer @ w.astype(layer.dtype, copy=False)
    z += bias.astype(layer.dtype, copy=False)
    return z


def _mask(z, dropout, rng):
    """0 for the units that are off; the others are louder by as much as those are missed."""
    keep = 1 - dropout
    return (rng.random(z.shape) < keep).astype(z.dtype) / z.dtype.type(keep)


def _product(a, b, out):
    """``out[...] = a @ b``, without a copy for arrays."""
    if isinstance(a, np.ndarray):
        np.matmul(a, b, out=out)
    else:
        out[...] = a @ b


class _CentredRows:
    """(X - center) / std for sparse X, never formed: only its products are."""

    def __init__(self, X, center, std):
        self.dtype = X.dtype
        self._X, self._std = X, std[:, np.newaxis]
        self._shift = (center / std)[np.newaxis]

    def __matmul__(self, w):
        return self._X @ (w / self._std) - self._shift @ w

    @property
    def T(self):  # noqa: N802 - as of an array
        return _Transposed(self._X, self._std, self._shift)


class _Transposed:
    """The transpose of :class:`_CentredRows`."""

    def __init__(self, X, std, shift):
        self._X, self._std, self._shift = X, std, shift

    def __matmul__(self, signal):
        return (self._X.T @ signal) / self._std - self._shift.T @ signal.sum(axis=0, keepdims=True)
