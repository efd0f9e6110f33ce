"""The multilayer perceptron, raw = W_L' h(... h(W_1' x + b_1) ...) + b_L."""

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from sklearn_gd.models.activations import Activation
from sklearn_gd.models.base import Model


@dataclass(frozen=True)
class MLP(Model):
    """Fully connected layers with an activation between them, and a linear last layer.

    Parameters
    ----------
    sizes : tuple of int
        Features, units of each hidden layer, outputs.
    activation : Activation
    dropout : float
        Share of hidden units switched off, at random, in each training batch.
    center, spread : ndarray of shape (d,), optional
        The network sees (x - center) / spread.
    target_center, target_spread : ndarray of shape (k,), optional
        A raw prediction z stands for target_center + target_spread * z; the loss knows.
    """

    sizes: tuple[int, ...]
    activation: Activation
    dropout: float = 0.0
    center: NDArray | None = None
    spread: NDArray | None = None
    target_center: NDArray | None = None
    target_spread: NDArray | None = None

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """Of the weight matrices."""
        return list(zip(self.sizes[:-1], self.sizes[1:], strict=True))

    @property
    def size(self) -> int:
        return sum((rows + 1) * columns for rows, columns in self.shapes)

    def init(self, rng, dtype):
        params = np.zeros(self.size, dtype)
        for w in self.unpack(params)[0]:
            bound = np.sqrt(3 * self.activation.spread / sum(w.shape))
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
        layer = self._standardized(X)
        tape = []
        for depth, (w, bias) in enumerate(zip(weights, biases, strict=True)):
            z = _affine(layer, w, bias)
            if depth == len(weights) - 1:
                tape.append((layer, w, None, None))
                return z, tape
            mask = self._mask(z, rng)
            tape.append((layer, w, z, mask))
            layer = self.activation.value(z)
            if mask is not None:
                layer = layer * mask

    def backward(self, params, tape, raw_gradient, out):
        weights, biases = self.unpack(out)
        signal = raw_gradient
        for depth in range(len(tape) - 1, -1, -1):
            layer, w, _, _ = tape[depth]
            _product(layer.T, signal, weights[depth])
            signal.sum(axis=0, out=biases[depth])
            if depth:
                _, _, z, mask = tape[depth - 1]
                signal = signal @ w.T.astype(signal.dtype, copy=False)
                signal *= self.activation.derivative(z)
                if mask is not None:
                    signal *= mask

    def raw(self, params, X):
        weights, biases = self.unpack(params)
        # the network of a constant: no product is needed there
        if not weights[-1].any():
            return np.tile(biases[-1].astype(X.dtype, copy=False), (X.shape[0], 1))
        layer = self._standardized(X)
        for w, bias in zip(weights[:-1], biases[:-1], strict=True):
            layer = self.activation.value(_affine(layer, w, bias))
        return _affine(layer, weights[-1], biases[-1])

    def prepared(self, X, may_overwrite):
        if self.spread is None:
            return self, X
        rows = self._standardized(X, out=X if may_overwrite and not sp.issparse(X) else None)
        return replace(self, center=None, spread=None), rows

    def hidden(self, params, X, layer: int) -> NDArray:
        """The output of a hidden layer for each row; negative counts from the last."""
        _, tape = self.forward(params, X)
        return [inputs for inputs, *_ in tape[1:]][layer]

    def raw_units(self, params) -> NDArray:
        """The parameters of the network from raw features to targets in their own units."""
        result = np.array(params)
        weights, biases = self.unpack(result)
        if self.spread is not None:
            weights[0] /= self.spread[:, np.newaxis]
            biases[0] -= self.center @ weights[0]
        if self.target_spread is not None:
            weights[-1] *= self.target_spread
            biases[-1] *= self.target_spread
            biases[-1] += self.target_center
        return result

    def standard_units(self, params) -> NDArray:
        """The inverse of :meth:`raw_units`."""
        result = np.array(params)
        weights, biases = self.unpack(result)
        if self.target_spread is not None:
            biases[-1] -= self.target_center
            biases[-1] /= self.target_spread
            weights[-1] /= self.target_spread
        if self.spread is not None:
            biases[0] += self.center @ weights[0]
            weights[0] *= self.spread[:, np.newaxis]
        return result

    def _standardized(self, X, out=None):
        if self.spread is None:
            return X
        if sp.issparse(X):
            return _StandardizedRows(X, self.center, self.spread)
        rows = np.subtract(X, self.center, out=out)
        rows /= self.spread
        return rows

    def _mask(self, z, rng):
        if rng is None or self.dropout == 0:
            return None
        keep = 1 - self.dropout
        return (rng.random(z.shape) < keep).astype(z.dtype) / z.dtype.type(keep)


def _affine(layer, w, bias):
    """The input of the next layer, in the precision of this one."""
    z = layer @ w.astype(layer.dtype, copy=False)
    z += bias.astype(layer.dtype, copy=False)
    return z


def _product(a, b, out):
    """``out[...] = a @ b``, without a copy for arrays."""
    if isinstance(a, np.ndarray):
        np.matmul(a, b, out=out)
    else:
        out[...] = a @ b


class _StandardizedRows:
    """(X - center) / spread for sparse X, never formed: only its products are."""

    def __init__(self, X, center, spread):
        self.dtype = X.dtype
        self._X, self._spread = X, spread[:, np.newaxis]
        self._shift = (center / spread)[np.newaxis]

    def __matmul__(self, w):
        return self._X @ (w / self._spread) - self._shift @ w

    @property
    def T(self):  # noqa: N802 - as of an array
        return _Transposed(self._X, self._spread, self._shift)


class _Transposed:
    """The transpose of :class:`_StandardizedRows`."""

    def __init__(self, X, spread, shift):
        self._X, self._spread, self._shift = X, spread, shift

    def __matmul__(self, signal):
        return (self._X.T @ signal) / self._spread - self._shift.T @ signal.sum(
            axis=0, keepdims=True
        )
