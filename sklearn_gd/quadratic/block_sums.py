"""What second derivatives take from a block of rows: sums that are added up over all blocks."""

from dataclasses import replace

import numpy as np


def _row_curvature(batch, model, loss, params):
    """Second derivatives of each row, (n, k); (n, 1) where all outputs have the same."""
    if loss.is_quadratic:
        return batch.weighted(np.full((len(batch), 1), loss.curvature, batch.X.dtype))
    raw, _ = model.forward(params, batch.X)
    return batch.weighted(loss.second_derivative(batch.y, raw))


def hessian(batch, model, loss, params, center):
    """The Hessian of each output, of features less a center; (1 or k, p, p)."""
    curvature = _row_curvature(batch, model, loss, params)
    if not loss.is_separable:
        # one matrix for all outputs does not move what they share, which no prediction shows
        curvature = curvature.mean(axis=1, keepdims=True)
    return (model.hessian(_less(batch.X, center), curvature),)


def joint_hessian(batch, model, loss, params, center):
    """The matrix over all coefficients, in the order of the parameters, as a stack of one."""
    raw, _ = model.forward(params, batch.X)
    X = _less(batch.X, center)
    size, outputs = model.n_coefficients, model.n_outputs
    result = np.empty((size, outputs, size, outputs))
    bend = loss.second_derivative_operator(batch.y, raw)
    for output, unit in enumerate(np.eye(outputs, dtype=raw.dtype)):
        direction = np.broadcast_to(unit, raw.shape)
        column = batch.weighted(bend(direction))[:, output:]
        blocks = model.hessian(X, column)
        result[:, output:, :, output] = blocks.transpose(1, 0, 2)
        result[:, output, :, output:] = blocks.transpose(1, 2, 0)
    return (result.reshape(1, size * outputs, size * outputs),)


def hessian_diagonal(batch, model, loss, params):
    """The diagonals of the Hessians, and their borders beside the intercept."""
    curvature = _row_curvature(batch, model, loss, params).astype(np.float64, copy=False)
    return model.hessian_diagonal(batch.X, curvature), (batch.X.T @ curvature).T


def bend(batch, model, loss, params):
    """What second derivatives make of a direction in the raw predictions of the rows."""
    raw, _ = model.forward(params, batch.X)
    return loss.second_derivative_operator(batch.y, raw)


def hessian_product(batch, model, direction, bend):
    """The Hessian times a direction."""
    raw_direction, tape = model.forward(direction, batch.X)
    image = np.empty_like(direction)
    model.backward(direction, tape, batch.weighted(bend(raw_direction)), image)
    return (image,)


def n_nonzero(batch):
    """The number of features that are not zero."""
    return np.count_nonzero(batch.X)


def largest_row(batch, model):
    """The largest squared length of a row, times its weight."""
    norms = model.row_norms(batch.X)
    return float(batch.weighted(norms).max())


def gram(batch, model, center=None):
    """X'X of a block, the intercept included, as a stack of one matrix."""
    ones = np.ones((len(batch), 1), batch.X.dtype)
    return (model.hessian(_less(batch.X, center), batch.weighted(ones)),)


def _less(X, center):
    """The features less their center, in float64, which holds what is left of them."""
    return X if center is None else X - center


def squares(batch, center):
    """Squared distances of the features from a center."""
    return (batch.weighted((batch.X - center) ** 2).sum(axis=0),)


def gram_bound(batch, model):
    """Row sums of the absolute matrix |x|'|x|, a diagonal that is at least x'x."""
    weight = batch.weighted(np.ones(len(batch), batch.X.dtype))
    return (model.absolute_row_sums(batch.X, weight)[np.newaxis],)


def gram_product(batch, model, direction):
    """X'X times a direction."""
    one_output = replace(model, n_outputs=1)
    raw, tape = one_output.forward(direction, batch.X)
    image = np.empty_like(direction)
    one_output.backward(direction, tape, batch.weighted(raw), image)
    return (image,)
