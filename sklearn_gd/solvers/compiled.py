"""Passes of plain SGD in machine code, where numba is installed and the pass is worth it."""

from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from sklearn_gd.objective import Separable
from sklearn_gd.schedules import Clock, Constant, Exponential, ReduceOnPlateau, StepDecay
from sklearn_gd.solvers import kernels

# Updates of a pass from which on a few passes pay for the second or two that compiling takes.
MIN_UPDATES = 5_000
# Updates of all passes so far after which compiling is worth it for short ones, too: by then they
# took as long. What is to come is not known, and a stream must take the same loops as a fit.
MANY_UPDATES = 30_000
# Products of a batch, entries times outputs, beyond which BLAS gains on dense rows.
MAX_BATCH_WORK = 30_000
# Updates between two looks at the keyboard.
CHUNK = 2**16
# Schedules that give all updates of a pass the same rate.
STEADY = (Constant, Exponential, ReduceOnPlateau, StepDecay)


def sgd_pass(objective, params: NDArray, run, state, size: int) -> float | None:
    """A pass of plain SGD: its mean objective; None where no loop is known to do the same."""
    n_batches = objective.n_batches(size)
    if n_batches < MIN_UPDATES and state.step < MANY_UPDATES:
        return None
    if run.average or run.max_norm is not None or not has_numba():
        return None
    form = objective.separable()
    if form is None or not _is_taken(form, params, size):
        return None
    order = form.source.order(state.rng if run.shuffle else None)
    rates = _rates(state, n_batches)
    total = 0.0
    for start in range(0, n_batches, CHUNK):
        stop = start + CHUNK
        rows, part = order[start * size : stop * size], rates[start:stop]
        total += _walk(form, params, rows, part, size, n_batches / form.source.weight_sum)
        state.step += len(part)
    state.epoch += 1
    form.source.count(1, 0)
    return total / n_batches


def _is_taken(form, params, size):
    X = form.rows.X
    if X.dtype != params.dtype:
        return False
    return form.l1 == 0 if sp.issparse(X) else size * params.size <= MAX_BATCH_WORK


def _rates(state, n_batches):
    """The learning rate of every update of the pass that comes next."""
    if type(state.schedule) in STEADY:
        return np.full(n_batches, state.rate)
    steps = range(state.step, state.step + n_batches)
    epoch, plateaus = state.clock.epoch, state.clock.plateaus
    clocks = (Clock(step=step, epoch=epoch, plateaus=plateaus) for step in steps)
    return np.fromiter((state.cut * state.schedule(clock) for clock in clocks), float, n_batches)


def _walk(form: Separable, params, order, rates, size, share) -> float:
    """Move ``params`` along some rows, output by output; the sum of objectives of the batches."""
    X, y, weight = form.rows.X, form.rows.y, form.rows.weight
    if sp.issparse(X):
        kernel: Any = kernels.sparse_batches
        features: Any = (X.data, X.indices, X.indptr)
    else:
        kernel, features = kernels.dense_batches, np.asarray(X)
    kernel, loss = machine_code(kernel), machine_code(form.loss)
    table = params.reshape(-1, y.shape[1])
    total = 0.0
    for k in range(y.shape[1]):
        target = np.ascontiguousarray(y[:, k])
        w, bias = np.split(table[:, k].copy(), [X.shape[1]])
        total += kernel(
            loss, form.constants, features, target, weight, share, order, rates, size, w, bias,
            form.l1, form.l2,
        )  # fmt: skip
        table[:, k] = np.concatenate([w, bias])
    return total


@cache
def has_numba() -> bool:
    """Whether loops can be compiled."""
    try:
        import numba
    except ImportError:
        return False
    return not getattr(numba.config, "DISABLE_JIT", False)


@cache
def machine_code(function: FunctionType) -> Callable:
    """The function and those that it calls, compiled by numba at the first call."""
    import numba

    if function is kernels.prefetch:
        return numba.njit(nogil=True)(_prefetch_instruction())
    called = {
        name: machine_code(value)
        for name, value in function.__globals__.items()
        if name in function.__code__.co_names and isinstance(value, FunctionType)
    }
    linked = FunctionType(
        function.__code__,
        function.__globals__ | called,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    return numba.njit(nogil=True)(linked)


def _prefetch_instruction():
    """``prefetch`` as the processor knows it, which numba has no name for."""
    from llvmlite import ir
    from numba import types
    from numba.core import cgutils
    from numba.extending import intrinsic

    @intrinsic
    def instruction(typing, array, index):
        def generate(context, builder, signature, arguments):
            kind = signature.args[0]
            data = context.make_array(kind)(context, builder, arguments[0])
            entry = cgutils.get_item_pointer(context, builder, kind, data, [arguments[1]])
            address, flag = ir.IntType(8).as_pointer(), ir.IntType(32)
            form = ir.FunctionType(ir.VoidType(), [address, flag, flag, flag])
            call = builder.module.declare_intrinsic("llvm.prefetch", [address], form)
            # to read, to be kept in every cache, and data
            builder.call(call, [builder.bitcast(entry, address), flag(0), flag(3), flag(1)])
            return context.get_dummy_value()

        return types.void(array, index), generate

    def prefetch(array, index):
        instruction(array, index)

    return prefetch
