"""Losses of raw predictions to which each row adds a known number."""

from dataclasses import dataclass, replace

import numpy as np

from sklearn_gd.losses.base import Loss


@dataclass(kw_only=True, eq=False, repr=False)
class WithOffset(Loss):
    """A loss of raw + offset, for targets that carry the offset: y is (n, 2 k), y first.

    So the offset goes where the target goes, through batches, splits and samples.

    Parameters
    ----------
    loss : Loss
        That of the user; of targets with columns.
    """

    loss: Loss

    @property
    def curvature(self):
        return self.loss.curvature

    @property
    def mean_curvature(self):
        return self.loss.mean_curvature

    @property
    def is_convex(self):
        return self.loss.is_convex

    @property
    def is_quadratic(self):
        return self.loss.is_quadratic

    @property
    def is_separable(self):
        return self.loss.is_separable

    @property
    def is_shift_invariant(self):
        return self.loss.is_shift_invariant

    @property
    def is_online(self):
        return self.loss.is_online

    @property
    def has_kinks(self):
        return self.loss.has_kinks

    @property
    def has_minimum(self):
        return self.loss.has_minimum

    @property
    def has_margin(self):
        return self.loss.has_margin

    @property
    def link_name(self):
        return self.loss.link_name

    def value(self, y, raw):
        return self.loss.value(*_shifted(y, raw))

    def gradient(self, y, raw):
        return self.loss.gradient(*_shifted(y, raw))

    def value_and_gradient(self, y, raw):
        return self.loss.value_and_gradient(*_shifted(y, raw))

    def second_derivative(self, y, raw):
        return self.loss.second_derivative(*_shifted(y, raw))

    def second_derivative_operator(self, y, raw):
        return self.loss.second_derivative_operator(*_shifted(y, raw))

    def inverse_link(self, raw):
        return self.loss.inverse_link(raw)

    def in_raw_units(self, y):
        target, offset = _parts(y)
        return self.loss.in_raw_units(target) - offset * (self.link_name == "identity")

    def check_target(self, y):
        self.loss.check_target(_parts(y)[0])

    def check_whole_target(self, y):
        self.loss.check_whole_target(_parts(y)[0])

    def stages(self, spread, resolution=0.0):
        return [replace(self, loss=stage) for stage in self.loss.stages(spread, resolution)]

    def baseline(self, y, n_outputs, weight=None):
        return self.loss.baseline_with_offset(*_parts(y), n_outputs, weight)


def _parts(y):
    return np.split(y, 2, axis=1)


def _shifted(y, raw):
    target, offset = _parts(y)
    return target, raw + offset
