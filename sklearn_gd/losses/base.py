r"""Losses of one row, as functions of its raw prediction.

Every loss is a function of the raw prediction (link space) and is at least zero. With ``n`` rows
and ``k`` outputs, ``raw`` is always 2-D, ``(n, k)``; ``y`` is ``(n, k)`` too, except for
:class:`Softmax`, which takes class codes ``(n,)``. ``value`` adds up the outputs of a row.

To add a loss, subclass :class:`Loss` and write ``value`` and ``gradient``; the rest has defaults.
"""

from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sklearn_gd._components import Component


class Loss(Component):
    """A function of target and raw prediction, row by row.

    Attributes
    ----------
    curvature : float or None
        The largest second derivative in ``raw``; None where it has no bound.
    mean_curvature : float or None
        The same of the mean over many rows: below ``curvature`` where a row has all of its own
        within a short range, and the ranges of rows lie apart.
    is_convex : bool
        Whether the loss is convex in ``raw``. If not, a fit reports a stationary point, which need
        not be the minimum, and "auto" chooses no solver that relies on convexity.
    is_quadratic : bool
        Whether the second derivative is the same everywhere and for all outputs.
    is_separable : bool
        Whether the loss is the sum over the outputs of one function of each, so that they share no
        second derivative.
    is_shift_invariant : bool
        Whether adding the same number to all outputs of a row changes nothing.
    is_online : bool
        Whether the loss is for row-by-row updates only, as the minimum of its mean is of no use.
    has_probabilities : bool
        Whether ``inverse_link`` gives the probability of a label of 1.
    has_kinks : bool
        Whether slopes jump, or all but jump: second derivatives at a point then say nothing about
        the next one.
    has_minimum : bool
        Whether the loss of a row has a minimum. If not, as log(1 + exp(-raw)), and all rows can be
        predicted without error, coefficients without a penalty grow without bound.
    has_margin : bool
        Whether rows beyond a margin have no loss, and so no second derivative.
    link_name : str
        What ``inverse_link`` is called, as in scikit-learn's ``out_activation_``.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.losses import Loss
    >>> class LogCosh(Loss):
    ...     def value(self, y, raw):
    ...         return np.log(np.cosh(raw - y)).sum(axis=1)
    ...
    ...     def gradient(self, y, raw):
    ...         return np.tanh(raw - y)
    >>> LogCosh().second_derivative(np.zeros((1, 1)), np.zeros((1, 1))).round(4)
    array([[1.]])
    """

    curvature: ClassVar[float | None] = None
    is_convex: ClassVar[bool] = True
    is_quadratic: ClassVar[bool] = False
    is_shift_invariant: ClassVar[bool] = False
    is_online: ClassVar[bool] = False
    has_probabilities: ClassVar[bool] = False
    is_separable: ClassVar[bool] = True
    has_kinks: ClassVar[bool] = False
    has_minimum: ClassVar[bool] = True
    has_margin: ClassVar[bool] = False
    link_name: ClassVar[str] = "identity"

    @property
    def mean_curvature(self) -> float | None:
        """The same as ``curvature``, but for losses that say otherwise."""
        return self.curvature

    @abstractmethod
    def value(self, y: NDArray, raw: NDArray) -> NDArray:
        """The loss of each row, added up over outputs.

        Parameters
        ----------
        y : ndarray of shape (n, k), or (n,) for class codes
        raw : ndarray of shape (n, k)
            Raw predictions.

        Returns
        -------
        value : ndarray of shape (n,)
        """

    @abstractmethod
    def gradient(self, y: NDArray, raw: NDArray) -> NDArray:
        """The derivative of the loss in ``raw``.

        Parameters
        ----------
        y : ndarray of shape (n, k), or (n,) for class codes
        raw : ndarray of shape (n, k)
            Raw predictions.

        Returns
        -------
        gradient : ndarray of shape (n, k)
        """

    def value_and_gradient(self, y: NDArray, raw: NDArray) -> tuple[NDArray, NDArray]:
        """Both at once, for losses whose parts share work.

        Parameters
        ----------
        y : ndarray of shape (n, k), or (n,) for class codes
        raw : ndarray of shape (n, k)
            Raw predictions.

        Returns
        -------
        value : ndarray of shape (n,)
        gradient : ndarray of shape (n, k)

        Raises
        ------
        ValueError
            If ``value`` or ``gradient`` has another shape.
        """
        return self.checked_value(y, raw), self._checked_gradient(y, raw)

    def checked_value(self, y, raw):
        """``value``, or an error where it is not one of each row."""
        return self._checked("value", self.value(y, raw), raw.shape[:1], "(n,)")

    def _checked_gradient(self, y, raw):
        return self._checked("gradient", self.gradient(y, raw), raw.shape, "(n, k)")

    def _checked(self, method, found, shape, words):
        if np.shape(found) == shape:
            return found
        raise ValueError(
            f"{type(self).__name__}.{method}(y, raw) must return shape {words} for raw of shape "
            f"(n, k), here {shape}; it returned {np.shape(found)}."
        )

    def scalar(self) -> tuple[Callable, tuple[float, ...]] | None:
        """The same for one output of one row, for compiled loops; None where there is no such.

        A function of ``sklearn_gd.losses.scalar`` and its constants. Not used if a subclass has
        overridden another method.
        """
        return None

    def second_derivative(self, y: NDArray, raw: NDArray) -> NDArray:
        """The diagonal of the second derivative in ``raw``; by differences unless overridden.

        Parameters
        ----------
        y : ndarray of shape (n, k), or (n,) for class codes
        raw : ndarray of shape (n, k)
            Raw predictions.

        Returns
        -------
        second_derivative : ndarray of shape (n, k)
            At least zero.
        """
        result = np.empty_like(raw)
        for column in range(raw.shape[1]):
            step = np.zeros_like(raw)
            step[:, column] = np.cbrt(np.finfo(raw.dtype).eps) * (1 + np.abs(raw[:, column]))
            ahead, behind = (self._checked_gradient(y, at) for at in (raw + step, raw - step))
            difference = ahead - behind
            result[:, column] = difference[:, column] / (2 * step[:, column])
        return np.maximum(result, 0)

    def second_derivative_operator(self, y: NDArray, raw: NDArray) -> Callable[[NDArray], NDArray]:
        """The second derivative as its product with directions, row by row, (n, k) to (n, k).

        The default is right where ``is_separable``.
        """
        curvature = self.second_derivative(y, raw)
        return lambda direction: curvature * direction

    def inverse_link(self, raw: NDArray) -> NDArray:
        """The mean, or the probabilities, that a raw prediction stands for.

        Parameters
        ----------
        raw : ndarray of shape (n, k)

        Returns
        -------
        mean : ndarray of shape (n, k)
        """
        return raw

    def log_inverse_link(self, raw: NDArray) -> NDArray:
        """Natural logarithm of ``inverse_link``, for losses that can avoid underflow."""
        with np.errstate(divide="ignore"):
            return np.log(self.inverse_link(raw))

    def in_raw_units(self, y: NDArray) -> NDArray:
        """Targets in the units of raw predictions, for the width of the first stages."""
        return y

    def check_target(self, y: NDArray) -> None:
        """Raise ValueError for targets that the loss is not made for."""

    def check_whole_target(self, y: NDArray) -> None:
        """Raise ValueError where ``y``, all rows of a fit, has no best constant prediction."""

    def stages(self, spread: float, resolution: float = 0.0) -> list["Loss"]:
        """Smooth losses that lead to this one, itself if it is smooth.

        They are made for targets of a given spread, in which differences below ``resolution`` are
        rounding.
        """
        return [self]

    def baseline(self, y: NDArray, n_outputs: int, weight: NDArray | None = None) -> NDArray:
        """The raw prediction (k,) from which a descent starts: near that of the best constant."""
        return np.zeros(n_outputs)

    def baseline_with_offset(
        self, y: NDArray, offset: NDArray, n_outputs: int, weight: NDArray | None = None
    ) -> NDArray:
        """The same where ``offset`` (n, k) is added to the raw prediction of each row."""
        if self.link_name == "identity":
            return self.baseline(y - offset, n_outputs, weight)
        return self.baseline(y, n_outputs, weight) - np.average(offset, axis=0, weights=weight)
