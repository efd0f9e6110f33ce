"""Loops over single rows that are worth machine code: batches of plain SGD, dense and CSR.

Plain Python over arrays and numbers, the same as a pass of :class:`~sklearn_gd.solvers.MiniBatch`;
:mod:`sklearn_gd.solvers.compiled` decides where they are right, compiles them and calls them. Both
go through ``order`` in batches of ``size`` and return the sum of the objectives of the batches.

Parameters that they share:

loss, constants
    ``loss(y, raw, constants)`` is the value and the slope of a row.
y, weight : ndarray of shape (n,)
    ``weight`` may be None, all one.
share : float
    What a row of weight 1 counts in its batch.
order : ndarray of int
    Positions of rows.
rates : ndarray of shape (batches,)
w : ndarray of shape (d,), bias : ndarray of shape (1,) or (0,)
    Written to.
l1, l2 : float
    Strengths of the penalties :math:`|w|_1` and :math:`|w|^2 / 2`.
"""

import numpy as np

# Rows come in random order, which no processor foresees: they are requested this many rows ahead,
# of long ones the beginning, from where on they are foreseen.
ROWS_AHEAD, POINTERS_AHEAD = 8, 32
LINE, FORESEEN = 64, 4096
# Beyond these bounds the scale of a vector is multiplied into it.
SMALLEST_SCALE, LARGEST_SCALE = 1e-6, 1e6


def dense_batches(loss, constants, X, y, weight, share, order, rates, size, w, bias, l1, l2):
    """Batches of dense rows."""
    n, d = len(order), len(w)
    slopes = np.empty(size)
    total = 0.0
    for step in range(len(rates)):
        first, last = step * size, min((step + 1) * size, n)
        for at in range(first, last):
            if at + ROWS_AHEAD < n:
                prefetch(y, order[at + ROWS_AHEAD])
                prefetch_row(X[order[at + ROWS_AHEAD]])
            i = order[at]
            raw = float(bias[0]) if len(bias) else 0.0
            for j in range(d):
                raw += X[i, j] * w[j]
            value, slope = loss(y[i], raw, constants)
            part = share if weight is None else share * weight[i]
            total += part * value
            slopes[at - first] = part * slope
        rate = rates[step]
        if l2 > 0:
            total += 0.5 * l2 * square_of(w)
        keep = 1 - rate * l2
        for at in range(first, last):
            i, move = order[at], rate * slopes[at - first]
            for j in range(d):
                w[j] = keep * w[j] - move * X[i, j]
            keep = 1.0
            bias -= move
        if l1 > 0:
            total += l1 * soft_threshold(w, rate * l1)
    return total


def sparse_batches(loss, constants, X, y, weight, share, order, rates, size, w, bias, l1, l2):
    """Batches of CSR rows, X = (data, indices, indptr); without an l1 part.

    In the loop w stands for w / scale, so that to shrink it costs nothing.
    """
    data, indices, indptr = X
    n = len(order)
    slopes = np.empty(size)
    total, scale, square = 0.0, 1.0, square_of(w)
    for step in range(len(rates)):
        first, last = step * size, min((step + 1) * size, n)
        total += 0.5 * l2 * scale * scale * square
        for at in range(first, last):
            if at + POINTERS_AHEAD < n:
                prefetch(y, order[at + POINTERS_AHEAD])
                prefetch(indptr, order[at + POINTERS_AHEAD])
            if at + ROWS_AHEAD < n:
                row = slice(indptr[order[at + ROWS_AHEAD]], indptr[order[at + ROWS_AHEAD] + 1])
                prefetch_row(data[row])
                prefetch_row(indices[row])
            i = order[at]
            row = slice(indptr[i], indptr[i + 1])
            raw = scale * sparse_dot(data[row], indices[row], w)
            if len(bias):
                raw += bias[0]
            value, slope = loss(y[i], raw, constants)
            part = share if weight is None else share * weight[i]
            total += part * value
            slopes[at - first] = part * slope
        rate = rates[step]
        scale *= 1 - rate * l2
        if not SMALLEST_SCALE < abs(scale) < LARGEST_SCALE:
            w *= scale
            scale, square = 1.0, square_of(w)
        for at in range(first, last):
            move = rate * slopes[at - first]
            row = slice(indptr[order[at]], indptr[order[at] + 1])
            square += sparse_move(data[row], indices[row], -move / scale, w)
            bias -= move
    w *= scale
    return total


def square_of(w):
    """The squared norm."""
    total = 0.0
    for j in range(len(w)):
        total += w[j] * w[j]
    return total


def soft_threshold(w, edge):
    """Bring every weight nearer to zero by ``edge``; the sum of absolute values after that."""
    total = 0.0
    for j in range(len(w)):
        w[j] -= min(max(w[j], -edge), edge)
        total += abs(w[j])
    return total


def sparse_dot(x, columns, w):
    """The product of a row and w."""
    # four sums at once: one would wait for itself at each entry
    sum_0, sum_1, sum_2, sum_3 = 0.0, 0.0, 0.0, 0.0
    whole = len(x) - len(x) % 4
    for k in range(0, whole, 4):
        sum_0 += x[k] * w[columns[k]]
        sum_1 += x[k + 1] * w[columns[k + 1]]
        sum_2 += x[k + 2] * w[columns[k + 2]]
        sum_3 += x[k + 3] * w[columns[k + 3]]
    for k in range(whole, len(x)):
        sum_0 += x[k] * w[columns[k]]
    return (sum_0 + sum_1) + (sum_2 + sum_3)


def sparse_move(x, columns, factor, w):
    """Add ``factor`` times a row to w; by how much its squared norm grew."""
    growth = 0.0
    for k in range(len(x)):
        before = w[columns[k]]
        after = before + factor * x[k]
        w[columns[k]] = after
        growth += (after - before) * (after + before)
    return growth


def prefetch_row(row):
    """Tell the processor that a row will be read."""
    for k in range(0, min(len(row), FORESEEN // row.itemsize), LINE // row.itemsize):
        prefetch(row, k)


def prefetch(array, index):
    """Tell the processor that an entry will be read; in plain Python it does nothing."""
