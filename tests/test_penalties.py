"""The laws of penalties, over one table: a new penalty is a new row of it."""

import inspect
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import minimize_scalar
from scipy.stats import norm
from sklearn.isotonic import isotonic_regression

from sklearn_gd import penalties
from sklearn_gd._validation import InvalidParameterError
from sklearn_gd.penalties import (
    L1,
    L2,
    MCP,
    PENALTIES,
    SLOPE,
    Bounded,
    ElasticNet,
    GroupLasso,
    NoPenalty,
    Penalty,
    Positive,
    Standardized,
    Tikhonov,
    Weighted,
)

SHAPE = (5, 3)
SPREAD = np.array([0.01, 0.5, 1.0, 3.0, 20.0])
GAMMA = np.array([[2.0, 1, 0, 0, 0], [0, 1, 0, 0, 3], [1, 0, 0, 1, 0]])
GROUPS = np.array(["a", "b", "a", "b", "c"])
STEP = np.cbrt(np.finfo(np.float64).eps)


class Weights(Penalty):
    """A user's own smooth penalty with a strength for each feature: a diagonal curvature."""

    strength = np.array([0.0, 1, 2, 3, 4])

    def smooth(self, w):
        gradient = self.strength[:, np.newaxis] * w
        return 0.5 * float(np.vdot(gradient, w)), gradient

    def curvature(self, n_features):
        return self.strength


@dataclass(frozen=True)
class Case:
    """What the laws need to know of a penalty: for one, its bounds, as columns or numbers."""

    penalty: Penalty
    is_smooth: bool
    low: np.ndarray | float = -np.inf
    high: np.ndarray | float = np.inf

    @property
    def is_sum(self):
        """Whether it is a sum over weights."""
        return not any(name in repr(self.penalty) for name in ("GroupLasso", "SLOPE"))

    def allowed(self, w):
        """The nearest point at which it is finite."""
        return w if self.penalty.is_smooth else np.clip(w, self.low, self.high)

    def scale(self, scale):
        """One scale for all weights, if it takes no other."""
        return scale if self.penalty.is_separable else float(np.mean(scale))


def standardized(penalty):
    return Standardized(penalty=penalty, std=SPREAD)


def positive(penalty):
    return Case(Positive(penalty=penalty), is_smooth=False, low=0.0)


FACTORS = np.array([0.0, 0.5, 1.0, 2.0, 7.0])
LOWER = np.array([-0.1, -np.inf, 0.0, 0.2, -1.0])
UPPER = np.array([0.1, 0.0, np.inf, 0.5, np.inf])


def bounded(penalty):
    low, high = LOWER[:, np.newaxis], UPPER[:, np.newaxis]
    outer = Bounded(penalty=penalty, lower=LOWER, upper=UPPER)
    return Case(outer, is_smooth=False, low=low, high=high)


def weighted(penalty, is_smooth=False):
    return Case(Weighted(penalty=penalty, weights=FACTORS), is_smooth)


CASES = {
    "none": Case(NoPenalty(), is_smooth=True),
    "l2": Case(L2(), is_smooth=True),
    "l1": Case(L1(), is_smooth=False),
    "elasticnet": Case(ElasticNet(), is_smooth=False),
    "elasticnet-0.7": Case(ElasticNet(l1_ratio=0.7), is_smooth=False),
    "elasticnet-1": Case(ElasticNet(l1_ratio=1), is_smooth=False),
    "elasticnet-0": Case(ElasticNet(l1_ratio=0), is_smooth=True),
    "tikhonov": Case(Tikhonov(matrix=GAMMA), is_smooth=True),
    "grouplasso": Case(GroupLasso(groups=GROUPS), is_smooth=False),
    "grouplasso-one": Case(GroupLasso(groups=np.zeros(5)), is_smooth=False),
    "sparse-grouplasso": Case(GroupLasso(groups=GROUPS, l1_ratio=0.3), is_smooth=False),
    "weighted-grouplasso": Case(
        GroupLasso(groups=GROUPS, l1_ratio=0.3, weights=[0.5, 2.0, 0.0]), is_smooth=False
    ),
    "mcp": Case(MCP(gamma=2.0), is_smooth=False),
    "slope": Case(SLOPE(), is_smooth=False),
    "slope-line": Case(SLOPE(weights=np.arange(15.0, 0, -1) / 15), is_smooth=False),
    "weighted-l2": weighted(L2(), is_smooth=True),
    "weighted-l1": weighted(L1()),
    "weighted-elasticnet": weighted(ElasticNet(l1_ratio=0.4)),
    "weighted-mcp": weighted(MCP(gamma=2.0)),
    "standardized-weighted-l1": Case(
        standardized(Weighted(penalty=L1(), weights=FACTORS)), is_smooth=False
    ),
    "bounded-none": bounded(NoPenalty()),
    "bounded-l1": bounded(L1()),
    "bounded-elasticnet": bounded(ElasticNet(l1_ratio=0.4)),
    "bounded-tikhonov": bounded(Tikhonov(matrix=GAMMA)),
    "bounded-standardized-l1": bounded(standardized(L1())),
    "bounded-weighted-l1": bounded(Weighted(penalty=L1(), weights=FACTORS)),
    "own-diagonal": Case(Weights(), is_smooth=True),
    "standardized-none": Case(standardized(NoPenalty()), is_smooth=True),
    "standardized-l2": Case(standardized(L2()), is_smooth=True),
    "standardized-l1": Case(standardized(L1()), is_smooth=False),
    "standardized-elasticnet": Case(standardized(ElasticNet()), is_smooth=False),
    "standardized-tikhonov": Case(standardized(Tikhonov(matrix=GAMMA)), is_smooth=True),
    "standardized-grouplasso": Case(standardized(GroupLasso(groups=GROUPS)), is_smooth=False),
    "standardized-own-diagonal": Case(standardized(Weights()), is_smooth=True),
    "positive-none": positive(NoPenalty()),
    "positive-l2": positive(L2()),
    "positive-l1": positive(L1()),
    "positive-elasticnet": positive(ElasticNet(l1_ratio=0.5)),
    "positive-tikhonov": positive(Tikhonov(matrix=GAMMA)),
    "positive-grouplasso": positive(GroupLasso(groups=GROUPS)),
    "positive-standardized-grouplasso": positive(standardized(GroupLasso(groups=GROUPS))),
    "positive-standardized-l1": positive(standardized(L1())),
    "positive-standardized-none": positive(standardized(NoPenalty())),
    "positive-sparse-grouplasso": positive(GroupLasso(groups=GROUPS, l1_ratio=0.3)),
    "positive-slope": positive(SLOPE()),
    "positive-weighted-mcp": positive(Weighted(penalty=MCP(gamma=2.0), weights=FACTORS)),
}
NONSMOOTH = {name: case for name, case in CASES.items() if not case.is_smooth}
SCALES = {
    "scalar": 0.3,
    "per-coordinate": np.random.default_rng(5).uniform(0.05, 1, SHAPE),
}
each_penalty = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
each_nonsmooth = pytest.mark.parametrize("case", NONSMOOTH.values(), ids=NONSMOOTH)
each_scale = pytest.mark.parametrize("scale", SCALES.values(), ids=SCALES)
quick = settings(derandomize=True, deadline=None, max_examples=20, database=None)
weights = arrays(np.float64, SHAPE, elements=st.floats(-10, 10, allow_subnormal=False))
scales = arrays(np.float64, SHAPE, elements=st.floats(1e-3, 10)) | st.floats(1e-3, 10)


def draw(seed=0):
    return np.random.default_rng(seed).normal(size=SHAPE)


def units():
    """Each direction of one weight."""
    return np.eye(np.prod(SHAPE)).reshape(-1, *SHAPE)


def model(case, u, w, scale):
    """What a proximal operator minimises, divided by the scale."""
    return case.penalty.nonsmooth(u) + np.sum((u - w) ** 2 / scale) / 2


def test_the_table_has_every_penalty():
    public = {
        kind
        for _, kind in inspect.getmembers(penalties, inspect.isclass)
        if issubclass(kind, Penalty) and kind is not Penalty
    }
    assert public <= {type(case.penalty) for case in CASES.values()}
    assert set(PENALTIES.values()) <= public


@each_penalty
def test_smooth_gradient_is_the_difference_quotient_of_smooth_value(case):
    w = draw()
    gradient = np.broadcast_to(case.penalty.smooth(w)[1], SHAPE)
    expected = [
        (case.penalty.smooth(w + STEP * unit)[0] - case.penalty.smooth(w - STEP * unit)[0])
        / (2 * STEP)
        for unit in units()
    ]
    # a value is known to eps, its differences to eps / STEP, 4e-11 of it
    noise = 1e-9 * (1 + case.penalty.smooth(w)[0])
    np.testing.assert_allclose(gradient.ravel(), expected, rtol=1e-9, atol=noise)


@each_penalty
def test_curvature_is_the_derivative_of_the_smooth_gradient(case):
    curvature = np.asarray(case.penalty.curvature(SHAPE[0]), dtype=float)
    matrix = curvature if curvature.ndim == 2 else np.diag(np.broadcast_to(curvature, SHAPE[0]))
    # quadratic: the change of the gradient along any step is exact
    w, step = draw(0), draw(1)
    change = np.asarray(case.penalty.smooth(w + step)[1]) - case.penalty.smooth(w)[1]
    np.testing.assert_allclose(np.broadcast_to(change, SHAPE), matrix @ step, rtol=1e-9, atol=1e-12)


@each_penalty
def test_curvature_is_a_number_a_diagonal_or_a_matrix(case):
    assert np.shape(case.penalty.curvature(SHAPE[0])) in ((), SHAPE[:1], SHAPE[:1] * 2)


@each_penalty
def test_both_parts_are_zero_at_zero_and_nowhere_less(case):
    zero = np.zeros(SHAPE)
    assert case.penalty.smooth(zero)[0] == 0
    assert case.penalty.nonsmooth(zero) == 0
    assert case.penalty.smooth(draw())[0] >= 0
    assert case.penalty.nonsmooth(draw()) >= 0


@each_penalty
def test_nonsmooth_product_is_the_second_difference_off_the_kinks(case):
    w = np.abs(draw(7)) if np.all(case.low == 0) else draw(7)
    w = w + 0.1 * np.sign(w) + 0.1 * (w == 0)
    v, step = draw(8), 1e-3
    if not case.penalty.is_convex:
        pytest.skip("this penalty is not convex; its second differences are not used")
    ahead, here, behind = (case.penalty.nonsmooth(w + t * step * v) for t in (1, 0, -1))
    product = case.penalty.nonsmooth_product(w, v)
    assert np.vdot(v, product) == pytest.approx((ahead - 2 * here + behind) / step**2, abs=1e-4)
    u = draw(9)
    other = case.penalty.nonsmooth_product(w, u)
    assert np.vdot(u, product) == pytest.approx(np.vdot(v, other), abs=1e-12)
    assert case.penalty.is_piecewise_linear == (not product.any())


@each_penalty
def test_is_smooth_says_whether_there_is_a_nonsmooth_part(case):
    w = -np.abs(draw()) - 0.1
    assert case.penalty.is_smooth == case.is_smooth
    if case.is_smooth:
        assert case.penalty.nonsmooth(w) == 0
        np.testing.assert_allclose(case.penalty.prox(w, 0.3), w, rtol=1e-15)
    else:
        assert (case.penalty.prox(w, 0.3) != w).any()


@each_penalty
@given(w=weights, u=weights, scale=scales)
@quick
def test_prox_obeys_the_three_point_inequality(case, w, u, scale):
    # true of the minimiser only: the model grows from it as fast as its quadratic part
    u, scale = case.allowed(u), case.scale(scale)
    nearest = case.penalty.prox(w, scale)
    gap = model(case, u, w, scale) - model(case, nearest, w, scale)
    rounding = 1e-13 * (1 + model(case, u, w, scale) + model(case, w, w, scale))
    # or at all, where the penalty is not convex
    growth = np.sum((u - nearest) ** 2 / scale) / 2 if case.penalty.is_convex else 0.0
    assert gap - growth >= -rounding


@each_penalty
@given(w=weights, u=weights, scale=scales)
@quick
def test_prox_is_firmly_nonexpansive(case, w, u, scale):
    if not case.penalty.is_convex:
        return
    scale = case.scale(scale)
    move = case.penalty.prox(w, scale) - case.penalty.prox(u, scale)
    # in the norm of the scale, |P w - P u|^2 <= <P w - P u, w - u>
    rounding = 1e-13 * np.sum((np.abs(w) + np.abs(u)) ** 2 / scale)
    assert np.sum(move**2 / scale) <= np.sum(move * (w - u) / scale) + rounding


@each_penalty
@each_scale
def test_prox_is_the_numeric_minimiser_in_every_coordinate(case, scale):
    w, scale = draw(), case.scale(scale)
    nearest = case.penalty.prox(w, scale)
    lows, highs = (np.broadcast_to(bound, SHAPE) for bound in (case.low, case.high))
    for unit in units():
        at, low, high = (float(table[unit == 1][0]) for table in (nearest, lows, highs))
        found = minimize_scalar(
            lambda t, at=at, unit=unit: model(case, nearest + (t - at) * unit, w, scale),
            bounds=(max(at - 1, low), min(max(at, 0) + 1, high)),
            method="bounded",
            options={"xatol": 1e-10},
        )
        # a minimum of size 1 is only seen to sqrt(eps), 1.5e-8; the kink at a bound to xatol
        assert at == pytest.approx(found.x, abs=2e-7)


@each_penalty
@each_scale
def test_prox_stays_where_the_penalty_allows(case, scale):
    nearest = case.penalty.prox(draw(), case.scale(scale))
    np.testing.assert_array_equal(nearest, case.allowed(nearest))


@each_nonsmooth
@pytest.mark.parametrize(
    ("dtype", "scale"),
    [(np.float64, 1e-100), (np.float64, 0.3), (np.float64, 1e100), (np.float32, 0.3)],
    ids=["float64-tiny", "float64", "float64-huge", "float32"],
)
def test_zeros_are_never_minus_zero(case, dtype, scale):
    row = np.array([-0.3, -1e-12, -0.0, 0.0, 1e-12, 0.3, scale, -scale], dtype)
    w = np.resize(row, SHAPE)
    if not case.is_sum:
        w[w == 0] = 0.0  # a zero within a group is not the penalty's doing
    lengths = [scale, np.full(w.shape, scale, dtype)][: 1 + case.penalty.is_separable]
    for length in lengths:
        nearest = case.penalty.prox(w, length)
        assert (nearest == 0).any()
        assert not np.signbit(nearest[nearest == 0]).any()


@each_nonsmooth
def test_prox_of_no_length_changes_nothing_but_what_is_not_allowed(case):
    w = draw()
    np.testing.assert_allclose(case.penalty.prox(w, 0.0), case.allowed(w), rtol=1e-15, atol=0)


@each_penalty
def test_weights_are_not_written_to(case):
    w, scale = draw(), np.asarray(case.scale(np.full(SHAPE, 0.3)))
    w.flags.writeable = scale.flags.writeable = False
    for result in (case.penalty.smooth(w), case.penalty.nonsmooth(w), case.penalty.prox(w, scale)):
        assert result is not None


@pytest.mark.parametrize(
    "name",
    [
        *("none", "l2", "l1", "elasticnet", "positive-elasticnet", "mcp", "weighted-elasticnet"),
        *("bounded-l1", "sparse-grouplasso"),
    ],
)
def test_float32_stays_float32(name):
    penalty, w = CASES[name].penalty, draw().astype(np.float32)
    gradient = penalty.smooth(w)[1]
    assert np.result_type(gradient, w) == np.float32 or isinstance(gradient, float)
    assert penalty.prox(w, 0.3).dtype == np.float32
    assert penalty.prox(w, np.full_like(w, 0.3)).dtype == np.float32


@each_penalty
def test_terms_add_up_to_both_parts_where_they_are_told(case):
    w = draw()
    if case.penalty.declares("terms"):
        smooth, nonsmooth = (np.broadcast_to(part, SHAPE) for part in case.penalty.terms(w))
        assert smooth.sum() == pytest.approx(case.penalty.smooth(w)[0], rel=1e-13)
        assert nonsmooth.sum() == pytest.approx(case.penalty.nonsmooth(w), rel=1e-13)


@each_penalty
def test_the_slope_jumps_at_kinks_and_nowhere_else(case):
    """At a kink, a proximal operator stops for a whole range of w; off it, for none."""
    if not case.is_sum or case.is_smooth:
        pytest.skip("only for penalties with kinks that are sums over weights")
    kinks = np.array([np.broadcast_to(at, (SHAPE[0], 1)) for at in case.penalty.kinks(SHAPE[0])])
    w = np.linspace(-3, 3, 6001)
    nearest = case.penalty.prox(np.tile(w, (SHAPE[0], 1)), 0.1)
    for row, places in zip(nearest, kinks[:, :, 0].T, strict=True):
        values, counts = np.unique(row, return_counts=True)
        stops = values[counts > 2]
        assert all(np.isclose(places, stop, atol=1e-15).any() for stop in stops)


@pytest.mark.parametrize("inner", [L2(), L1(), ElasticNet(l1_ratio=0.4), MCP()], ids=repr)
def test_weights_of_one_change_nothing_and_of_two_double_the_penalty(inner):
    w = draw()
    ones, twos = (Weighted(penalty=inner, weights=np.full(5, v)) for v in (1.0, 2.0))
    np.testing.assert_array_equal(ones.prox(w, 0.3), inner.prox(w, 0.3))
    np.testing.assert_array_equal(twos.prox(w, 0.3), inner.prox(w, 0.6))
    for outer, factor in ((ones, 1), (twos, 2)):
        assert outer.nonsmooth(w) == pytest.approx(factor * inner.nonsmooth(w), rel=1e-14)
        assert outer.smooth(w)[0] == pytest.approx(factor * inner.smooth(w)[0], rel=1e-14)


def test_a_lower_bound_of_zero_is_positive():
    w = draw()
    for inner in (NoPenalty(), L1(), ElasticNet(l1_ratio=0.4), Tikhonov(matrix=GAMMA)):
        found = Bounded(penalty=inner, lower=0.0, upper=np.inf).prox(w, 0.3)
        np.testing.assert_array_equal(found, Positive(penalty=inner).prox(w, 0.3))


def test_sparse_group_lasso_ends_at_group_lasso_and_lasso():
    w, scale = draw(), SCALES["per-coordinate"]
    lasso = GroupLasso(groups=GROUPS, l1_ratio=1)
    np.testing.assert_array_equal(lasso.prox(w, scale), L1().prox(w, scale))
    assert lasso.nonsmooth(w) == L1().nonsmooth(w)
    half = GroupLasso(groups=GROUPS, l1_ratio=0.5).nonsmooth(w)
    assert 2 * half == pytest.approx(GroupLasso(groups=GROUPS).nonsmooth(w) + L1().nonsmooth(w))


def test_mcp_is_nearly_the_lasso_for_small_weights_and_nothing_for_large_ones():
    penalty = MCP(gamma=2.0)
    assert penalty.nonsmooth(np.array([[1e-9]])) == pytest.approx(1e-9)
    assert penalty.nonsmooth(np.array([[2.0], [-50.0]])) == 2.0
    assert penalty.prox(np.array([[3.0, 1.5, -0.4]]), 0.5).tolist() == [[3.0, 4 / 3, 0.0]]
    # a step longer than gamma sees a hard threshold at the root of their product
    assert penalty.prox(np.array([[3.9, 4.1]]), 8.0).tolist() == [[0.0, 4.1]]


def test_factors_of_slope_begin_at_one_and_fall_and_equal_ones_are_the_lasso():
    factors = SLOPE(q=0.2).factors(10)
    assert factors[0] == 1
    assert (np.diff(factors) < 0).all()
    assert factors[-1] == pytest.approx(norm.ppf(0.9) / norm.ppf(0.99), rel=1e-12)
    lasso = SLOPE(weights=np.ones(15))
    np.testing.assert_allclose(lasso.prox(draw(), 0.3), L1().prox(draw(), 0.3), atol=1e-15)


def test_slope_is_a_sorted_lasso_made_monotone():
    w = 5 * np.random.default_rng(3).normal(size=(60, 1))
    size, factors = np.sort(np.abs(w[:, 0]))[::-1], SLOPE().factors(60)
    expected = np.maximum(isotonic_regression(size - 2 * factors, increasing=False), 0)
    found = SLOPE().prox(w, 2.0)
    np.testing.assert_allclose(np.sort(np.abs(found[:, 0]))[::-1], expected, atol=1e-13)
    assert (np.sign(found) * np.sign(w) >= 0).all()


@pytest.mark.parametrize("weights", [[1.0, 2.0], [1.0, -1.0], [np.nan], "ab", [[1.0]], []])
def test_other_factors_of_slope_are_errors_that_name_them(weights):
    with pytest.raises(InvalidParameterError, match="'weights' parameter of SLOPE"):
        SLOPE(weights=weights).validate()


def test_values_are_those_of_the_formulas():
    w = np.array([[3.0, -1.0], [0.0, 2.0]])
    assert L2().smooth(w)[0] == 7.0
    assert L1().nonsmooth(w) == 6.0
    net = ElasticNet(l1_ratio=0.25)
    assert (net.smooth(w)[0], net.nonsmooth(w)) == (0.75 * 7, 0.25 * 6)


def test_soft_threshold_moves_by_the_scale_and_stops_at_exactly_zero():
    w = np.array([[3.0, 1.0, 0.5, 0.0, -0.5, -1.0, -3.0]])
    assert L1().prox(w, 1.0).tolist() == [[2.0, 0, 0, 0, 0, 0, -2.0]]
    assert ElasticNet(l1_ratio=0.5).prox(w, 1.0).tolist() == [[2.5, 0.5, 0, 0, 0, -0.5, -2.5]]
    assert Positive(penalty=L1()).prox(w, 1.0).tolist() == [[2.0, 0, 0, 0, 0, 0, 0]]


def test_per_coordinate_scale_is_the_scale_of_each_weight_alone():
    w, scale = draw(), SCALES["per-coordinate"]
    for case in (case for case in NONSMOOTH.values() if case.is_sum):
        together = case.penalty.prox(w, scale)
        for row, column in np.ndindex(*SHAPE):
            alone = case.penalty.prox(w, float(scale[row, column]))[row, column]
            assert together[row, column] == pytest.approx(alone, rel=1e-15, abs=0)


def test_group_lasso_is_the_root_of_the_size_times_the_norm_of_each_group():
    w = np.zeros(SHAPE)
    w[0, 0], w[2, 1], w[4, 2] = 3, 4, -7
    assert GroupLasso(groups=GROUPS).nonsmooth(w) == pytest.approx(5 * np.sqrt(2) + 7)


def test_group_lasso_shortens_every_group_or_removes_it():
    w = draw()
    w[1] = w[3] = 0.1
    nearest = GroupLasso(groups=GROUPS).prox(w, 0.5)
    for rows, size in (([0, 2], 2), ([4], 1)):
        shrunk = w[rows] * (1 - 0.5 * np.sqrt(size) / np.linalg.norm(w[rows]))
        np.testing.assert_allclose(nearest[rows], shrunk, rtol=1e-14)
    assert not nearest[[1, 3]].any()


@pytest.mark.parametrize("scale", SCALES.values(), ids=SCALES)
def test_groups_of_one_feature_and_one_output_are_the_lasso(scale):
    w, scale = draw()[:, :1], np.broadcast_to(scale, SHAPE)[:, :1]
    group = GroupLasso(groups=np.arange(5))
    assert group.nonsmooth(w) == pytest.approx(L1().nonsmooth(w), rel=1e-15)
    found, expected = group.prox(w, scale), L1().prox(w, scale)
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-15)
    assert (found == 0).tolist() == (expected == 0).tolist()


def test_tikhonov_of_the_identity_is_l2():
    w, same = draw(), Tikhonov(matrix=np.eye(5))
    assert same.smooth(w)[0] == pytest.approx(L2().smooth(w)[0], rel=1e-15)
    np.testing.assert_array_equal(same.smooth(w)[1], w)


@pytest.mark.parametrize("penalty", [Tikhonov(matrix=GAMMA.tolist()), GroupLasso(groups=[0] * 5)])
def test_lists_are_as_good_as_arrays(penalty):
    penalty.validate()
    penalty.smooth(draw())
    penalty.prox(draw(), 0.1)


@pytest.mark.parametrize(
    ("penalty", "words"),
    [
        (Tikhonov(matrix=np.eye(3)), r"column for each of the 5 features.*\(3, 3\)"),
        (GroupLasso(groups=[0, 1]), r"label for each of the 5 features.* 2"),
        (GroupLasso(groups=GROUPS, weights=[1.0]), r"one for each of the 3 groups.* 1"),
        (SLOPE(weights=[1.0, 0.5]), r"one for each of the 15 weights.* 2"),
        (Weighted(penalty=L1(), weights=np.ones(4)), r"one number for each of the 5 features.* 4"),
    ],
    ids=["tikhonov", "grouplasso", "groups", "slope", "weighted"],
)
def test_the_wrong_number_of_features_is_an_error_that_says_how_many(penalty, words):
    with pytest.raises(ValueError, match=words):
        _ = penalty.smooth(draw()), penalty.nonsmooth(draw())


@pytest.mark.parametrize(
    ("penalty", "name"),
    [
        (Tikhonov(matrix=np.ones(3)), "matrix"),
        (Tikhonov(matrix=[["a"]]), "matrix"),
        (Tikhonov(matrix=np.array([[np.nan]])), "matrix"),
        (GroupLasso(groups=0), "groups"),
        (GroupLasso(groups=np.ones((2, 2))), "groups"),
    ],
    ids=repr,
)
def test_other_matrices_and_groups_are_errors_that_name_the_parameter(penalty, name):
    with pytest.raises(InvalidParameterError, match=f"The '{name}' parameter of "):
        penalty.validate()


@pytest.mark.parametrize(
    ("l1_ratio", "same_as"), [(0, L2()), (1, L1())], ids=["l1_ratio=0", "l1_ratio=1"]
)
def test_elastic_net_ends_at_l2_and_l1(l1_ratio, same_as):
    net, w = ElasticNet(l1_ratio=l1_ratio), draw()
    assert net.smooth(w)[0] == same_as.smooth(w)[0]
    assert net.nonsmooth(w) == same_as.nonsmooth(w)
    assert net.curvature(5) == same_as.curvature(5)
    np.testing.assert_array_equal(net.prox(w, 0.3), same_as.prox(w, 0.3))


@pytest.mark.parametrize("inner", [L2(), L1(), ElasticNet(l1_ratio=0.4)], ids=repr)
def test_standardized_is_the_penalty_of_weights_in_units_of_the_spread(inner):
    outer, w = standardized(inner), draw()
    scaled = w * SPREAD[:, np.newaxis]
    assert outer.smooth(w)[0] == inner.smooth(scaled)[0]
    assert outer.nonsmooth(w) == inner.nonsmooth(scaled)


def test_standardized_by_ones_is_the_penalty_itself():
    outer, w = Standardized(penalty=ElasticNet(), std=np.ones(5)), draw()
    assert outer.smooth(w)[0] == ElasticNet().smooth(w)[0]
    np.testing.assert_array_equal(outer.prox(w, 0.3), ElasticNet().prox(w, 0.3))


@pytest.mark.parametrize("l1_ratio", [0, 0.5, 1, np.float32(0.5), np.int64(1)], ids=repr)
def test_l1_ratio_may_be_any_number_between_0_and_1(l1_ratio):
    ElasticNet(l1_ratio=l1_ratio).validate()


@pytest.mark.parametrize(
    "l1_ratio", [-0.1, 1.1, np.nan, np.inf, "0.5", None, True, [0.5]], ids=repr
)
def test_any_other_l1_ratio_is_an_error_that_names_it(l1_ratio):
    with pytest.raises(InvalidParameterError) as error:
        ElasticNet(l1_ratio=l1_ratio).validate()
    assert str(error.value) == (
        "The 'l1_ratio' parameter of ElasticNet must be a number >= 0 and <= 1. "
        f"Got {l1_ratio!r} instead."
    )


@pytest.mark.parametrize(
    "outer", [Positive, lambda penalty: standardized(penalty)], ids=["positive", "standardized"]
)
def test_a_penalty_around_another_checks_that_one_too(outer):
    with pytest.raises(InvalidParameterError, match="l1_ratio"):
        outer(penalty=ElasticNet(l1_ratio=2)).validate()
