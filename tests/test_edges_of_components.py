"""What losses, penalties and update rules do exactly at their kinks and bounds, and by default.

Most of these tests were written because a fault put in on purpose went unnoticed without them.
"""

from types import SimpleNamespace

import numpy as np
import pytest

from sklearn_gd import GDLinearRegressor
from sklearn_gd.losses import (
    AbsoluteError,
    Expectile,
    Hinge,
    Huber,
    Logistic,
    Loss,
    ModifiedHuber,
    MoreauEnvelope,
    Perceptron,
    Poisson,
    Quantile,
    Softmax,
    SquaredHinge,
)
from sklearn_gd.penalties import L1, L2, MCP, SLOPE, Bounded, GroupLasso, Weighted
from sklearn_gd.penalties.wrappers import Standardized
from sklearn_gd.schedules import Clock, Cosine
from sklearn_gd.solvers import SGD, Adadelta, Adagrad, Adam, Momentum, Nesterov, RMSprop


def column(*numbers):
    return np.array(numbers, dtype=float)[:, np.newaxis]


# Losses.

# At the kink of each: a label or target, a raw prediction, and the derivative that is taken.
AT_KINKS = [
    (Hinge(), 1.0, 1.0, 0.0),
    (Hinge(), 0.0, -1.0, 0.0),
    (Perceptron(), 1.0, 0.0, -1.0),
    (Perceptron(), 0.0, 0.0, 1.0),
    (Quantile(quantile=0.2), 3.0, 3.0, 0.0),
    (AbsoluteError(), 3.0, 3.0, 0.0),
]


@pytest.mark.parametrize(("loss", "y", "raw", "slope"), AT_KINKS, ids=repr)
def test_a_loss_takes_one_slope_at_its_kink(loss, y, raw, slope):
    assert loss.gradient(column(y), column(raw)).item() == slope


# The same for jumps of the second derivative.
AT_JUMPS = [
    (SquaredHinge(), 1.0, 1.0, 0.0),
    (ModifiedHuber(), 1.0, 1.0, 0.0),
    (ModifiedHuber(), 1.0, -1.0, 0.0),
    (Huber(delta=0.5), 1.0, 1.5, 1.0),
    (Expectile(expectile=0.2), 1.0, 1.0, 0.4),
]


@pytest.mark.parametrize(("loss", "y", "raw", "bend"), AT_JUMPS, ids=repr)
def test_a_loss_takes_one_second_derivative_at_its_jump(loss, y, raw, bend):
    assert loss.second_derivative(column(y), column(raw)).item() == bend


def test_modified_huber_estimates_probabilities_that_are_clipped():
    found = ModifiedHuber().inverse_link(column(-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0))
    np.testing.assert_array_equal(found, column(0.0, 0.0, 0.25, 0.5, 0.75, 1.0, 1.0))


def test_a_class_without_a_row_has_one_by_default():
    y = np.array([0, 0, 0, 1])
    np.testing.assert_allclose(np.exp(Softmax().baseline(y, 3)), [4 / 7, 2 / 7, 1 / 7])
    np.testing.assert_allclose(np.exp(Softmax().baseline(y, 2)), [3 / 4, 1 / 4])


def test_a_label_without_a_row_has_one_by_default():
    assert Logistic().baseline(column(1, 1, 1), 1) == pytest.approx(np.log(4))
    assert Logistic().baseline(column(1, 0, 1), 1) == pytest.approx(np.log(2))


def test_counts_without_an_event_have_half_of_one_by_default():
    assert Poisson().baseline(column(0, 0, 0, 0), 1) == pytest.approx(np.log(0.5 / 4))
    assert Poisson().baseline(column(0, 0, 3, 0), 1) == pytest.approx(np.log(3 / 4))


class Wrong(Loss):
    """Of shapes that do not fit."""

    def value(self, y, raw):
        return raw

    def gradient(self, y, raw):
        return raw[:, 0]


@pytest.mark.parametrize(
    ("method", "says"),
    [
        ("checked_value", r"Wrong\.value.* shape \(n,\) .* here \(3,\); it returned \(3, 1\)"),
        (
            "second_derivative",
            r"Wrong\.gradient.* shape \(n, k\) .* here \(3, 1\); it returned \(3,\)",
        ),
    ],
    ids=["value", "gradient"],
)
def test_a_loss_of_wrong_shape_is_told_which_is_right(method, says):
    with pytest.raises(ValueError, match=says):
        getattr(Wrong(), method)(column(0, 0, 0), column(1, 2, 3))


def test_second_derivatives_of_an_envelope_are_between_zero_and_its_curvature():
    envelope = MoreauEnvelope(loss=AbsoluteError(), width=0.1)
    raw = np.linspace(-1, 1, 401, dtype=np.float32)[:, np.newaxis]
    found = envelope.second_derivative(np.zeros_like(raw), raw)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[abs(raw) < 0.099], 10.0, rtol=1e-6)
    np.testing.assert_array_equal(found[abs(raw) > 0.101], 0.0)
    assert (found >= 0).all()
    assert (found <= np.float32(10.0)).all()


@pytest.mark.parametrize(
    ("spread", "resolution", "widths", "kinks"),
    [
        (50.0, 1e-3, [5.0, 0.5, 0.05, 0.005], 50.0),
        (50.0, 0.5, [5.0], 50.0),
        (0.0, 1e-3, [0.1, 0.01], 1.0),
        (2.0, 9.0, [9.0], 9.0),
    ],
)
def test_envelopes_narrow_down_to_the_resolution(spread, resolution, widths, kinks):
    found = AbsoluteError().stages(spread, resolution)
    np.testing.assert_allclose([stage.width for stage in found], widths)
    assert {stage.mean_curvature for stage in found} == {1 / kinks}


# Penalties.


def test_a_long_step_of_mcp_keeps_a_weight_or_drops_it():
    w = column(0.5, 2.0, 2.5, 3.0, -5.0)
    np.testing.assert_array_equal(MCP(gamma=2.0).prox(w, 3.0), column(0.0, 0.0, 2.5, 3.0, -5.0))
    # as long as gamma is: what is below it is dropped, too
    np.testing.assert_array_equal(MCP(gamma=2.0).prox(w, 2.0), column(0.0, 0.0, 2.5, 3.0, -5.0))


def test_an_operator_of_mcp_keeps_the_type_of_weights():
    w = np.float32(column(0.5, 2.0, 2.5))
    assert MCP(gamma=2.0).prox(w, np.float64(0.3)).dtype == np.float32


@pytest.mark.parametrize("weights", [[1.0, 2.0], [1.0, -1.0], [np.nan, 1.0], [], [[1.0]], "ab"])
def test_weights_of_slope_do_not_increase_and_are_not_negative(weights):
    model = GDLinearRegressor(penalty=SLOPE(weights=weights))
    with pytest.raises(ValueError, match="'weights' parameter of SLOPE must be"):
        model.fit([[1.0, 0.0], [0.0, 1.0], [2.0, 1.0]], [1.0, 2.0, 3.0])


@pytest.mark.parametrize("weights", [[2.0, 1.0], [1.0, 1.0], [1.0, 0.0], [0.5], [3, 2, 0]])
def test_weights_of_slope_may_be_equal_and_end_at_zero(weights):
    penalty = SLOPE(weights=weights)
    assert penalty.factors(len(weights)).dtype == np.float64
    rows = np.vstack([np.eye(len(weights)), np.zeros(len(weights))])
    assert GDLinearRegressor(penalty=penalty).fit(rows, rows[:, 0]).stop_reason_


def test_a_feature_of_weight_zero_has_no_kink():
    (kink,) = Weighted(penalty=L1(), weights=np.array([0.0, 2.0])).kinks(2)
    np.testing.assert_array_equal(kink.ravel(), [np.nan, 0.0])


def test_kinks_of_a_bounded_penalty_are_its_own_and_finite_bounds():
    bounds = {"lower": -1.0, "upper": np.array([2.0, np.inf])}
    lower, upper = Bounded(penalty=L2(), **bounds).kinks(2)
    assert (lower.shape, upper.shape) == ((2, 1), (2, 1))
    np.testing.assert_array_equal(lower, column(-1.0, -1.0))
    np.testing.assert_array_equal(upper, column(2.0, np.nan))
    assert len(Bounded(penalty=L1(), **bounds).kinks(2)) == 3


@pytest.mark.parametrize(
    ("penalty", "name"),
    [
        (Weighted(penalty=L1(), weights=np.ones(3)), "weights"),
        (Bounded(penalty=L1(), lower=np.zeros(3), upper=1.0), "lower"),
        (Bounded(penalty=L1(), lower=0.0, upper=np.ones(3)), "upper"),
    ],
)
def test_numbers_for_each_feature_are_as_many_as_features(penalty, name):
    with pytest.raises(ValueError, match=f"^{name} must be .* the 2 features; there are 3"):
        penalty.prox(column(1.0, 2.0), 1.0)


def test_kinks_in_units_of_spread_are_those_of_raw_weights():
    bounded = Bounded(penalty=L2(), lower=-1.0, upper=4.0)
    lower, upper = Standardized(penalty=bounded, std=np.array([2.0, 0.5])).kinks(2)
    np.testing.assert_array_equal(lower, column(-0.5, -2.0))
    np.testing.assert_array_equal(upper, column(2.0, 8.0))


def test_a_group_of_zeros_has_no_curvature():
    penalty = GroupLasso(groups=np.array([0, 0, 1, 1]))
    w, direction = column(0.6, 0.8, 0.0, 0.0), column(1.0, 0.0, 1.0, 2.0)
    across = np.sqrt(2) * (direction - 0.6 * w)
    across[2:] = 0
    np.testing.assert_allclose(penalty.nonsmooth_product(w, direction), across, atol=1e-15)


# Rules and schedules.


def objective(smoothness=None, is_linear=True, distance=None):
    return SimpleNamespace(
        batch_smoothness=lambda size: smoothness * size,
        is_linear=is_linear,
        typical_distance=lambda: distance,
    )


@pytest.mark.parametrize(
    ("rule", "share"), [(SGD(), 1.0), (Momentum(momentum=0.75), 0.25), (Nesterov(), 0.1)], ids=repr
)
def test_the_first_rate_is_half_of_one_by_the_smoothness_of_a_batch(rule, share):
    assert rule.auto_rate(objective(smoothness=0.5), 4) == pytest.approx(share / (2 * 0.5 * 4))
    assert rule.auto_rate(objective(smoothness=0), 4) == pytest.approx(share * 0.1)


@pytest.mark.parametrize(
    ("rule", "linear", "network"),
    [(Adam(), 0.01, 0.001), (RMSprop(), 0.01, 0.001), (Adagrad(), 0.1, 0.01), (Adadelta(), 1, 1)],
    ids=repr,
)
def test_rates_of_rules_with_scales_of_their_own_are_the_usual_ones(rule, linear, network):
    assert rule.auto_rate(objective(), 4) == pytest.approx(linear)
    assert rule.auto_rate(objective(is_linear=False), 4) == pytest.approx(network)


def test_adagrad_begins_with_half_the_typical_distance_where_that_is_longer():
    assert Adagrad().auto_rate(objective(distance=0.1), 4) == pytest.approx(0.1)
    assert Adagrad().auto_rate(objective(distance=5.0), 4) == pytest.approx(2.5)


def test_a_cosine_ends_after_one_step_where_all_others_warm_up():
    schedule = Cosine(rate=0.4, total_steps=3, warmup=2)
    rates = [schedule(Clock(step=step)) for step in range(5)]
    np.testing.assert_allclose(rates[2:], [0.4, 0.0, 0.0], atol=1e-15)
