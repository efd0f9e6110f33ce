"""The laws of penalties, over one table: a new penalty is a new row of it."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import minimize_scalar

from sklearn_gd import penalties
from sklearn_gd._validation import InvalidParameterError
from sklearn_gd.penalties import (
    L1,
    L2,
    PENALTIES,
    ElasticNet,
    GroupLasso,
    NoPenalty,
    Penalty,
    Positive,
    Standardized,
    Tikhonov,
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


def anywhere(w):
    return w


@dataclass(frozen=True)
class Case:
    """What the laws need to know of a penalty; ``allowed`` moves a point to where it is finite."""

    penalty: Penalty
    is_smooth: bool
    allowed: Callable = anywhere

    @property
    def is_separable(self):
        """Whether it is a sum over weights."""
        return "GroupLasso" not in repr(self.penalty)


def standardized(penalty):
    return Standardized(penalty=penalty, std=SPREAD)


def positive(penalty):
    return Case(Positive(penalty=penalty), is_smooth=False, allowed=np.abs)


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
    w = case.allowed(draw(7))
    w = w + 0.1 * np.sign(w) + 0.1 * (w == 0)
    v, step = draw(8), 1e-3
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
    u = case.allowed(u)
    nearest = case.penalty.prox(w, scale)
    gap = model(case, u, w, scale) - model(case, nearest, w, scale)
    rounding = 1e-13 * (1 + model(case, u, w, scale) + model(case, w, w, scale))
    assert gap - np.sum((u - nearest) ** 2 / scale) / 2 >= -rounding


@each_penalty
@given(w=weights, u=weights, scale=scales)
@quick
def test_prox_is_firmly_nonexpansive(case, w, u, scale):
    move = case.penalty.prox(w, scale) - case.penalty.prox(u, scale)
    # in the norm of the scale, |P w - P u|^2 <= <P w - P u, w - u>
    rounding = 1e-13 * np.sum((np.abs(w) + np.abs(u)) ** 2 / scale)
    assert np.sum(move**2 / scale) <= np.sum(move * (w - u) / scale) + rounding


@each_penalty
@each_scale
def test_prox_is_the_numeric_minimiser_in_every_coordinate(case, scale):
    w = draw()
    nearest = case.penalty.prox(w, scale)
    for unit in units():
        at = float((nearest * unit).sum())
        low = 0.0 if case.allowed is np.abs else at - 1
        found = minimize_scalar(
            lambda t, at=at, unit=unit: model(case, nearest + (t - at) * unit, w, scale),
            bounds=(low, max(at, 0) + 1),
            method="bounded",
            options={"xatol": 1e-10},
        )
        # a minimum of size 1 is only seen to sqrt(eps), 1.5e-8; the kink at a bound to xatol
        assert at == pytest.approx(found.x, abs=2e-7)


@each_penalty
@each_scale
def test_prox_stays_where_the_penalty_allows(case, scale):
    nearest = case.penalty.prox(draw(), scale)
    np.testing.assert_array_equal(nearest, case.allowed(nearest))


@each_nonsmooth
@pytest.mark.parametrize(
    ("dtype", "scale"),
    [(np.float64, 1e-100), (np.float64, 0.3), (np.float64, 1e100), (np.float32, 0.3)],
    ids=["float64-tiny", "float64", "float64-huge", "float32"],
)
def test_zeros_are_never_minus_zero(case, dtype, scale):
    row = np.array([-0.3, -1e-12, -0.0, 0.0, 1e-12, 0.3, scale, -scale], dtype)
    w = np.tile(row, (SHAPE[0], 1))
    if not case.is_separable:
        w[:, 2] = 0.0  # a zero within a group is not the penalty's doing
    for length in (scale, np.full(w.shape, scale, dtype)):
        nearest = case.penalty.prox(w, length)
        assert (nearest == 0).any()
        assert not np.signbit(nearest[nearest == 0]).any()


@each_nonsmooth
def test_prox_of_no_length_changes_nothing_but_what_is_not_allowed(case):
    w = draw()
    expected = np.maximum(w, 0) if case.allowed is np.abs else w
    np.testing.assert_allclose(case.penalty.prox(w, 0.0), expected, rtol=1e-15, atol=0)


@each_penalty
def test_weights_are_not_written_to(case):
    w, scale = draw(), np.full(SHAPE, 0.3)
    w.flags.writeable = scale.flags.writeable = False
    for result in (case.penalty.smooth(w), case.penalty.nonsmooth(w), case.penalty.prox(w, scale)):
        assert result is not None


@pytest.mark.parametrize("name", ["none", "l2", "l1", "elasticnet", "positive-elasticnet"])
def test_float32_stays_float32(name):
    penalty, w = CASES[name].penalty, draw().astype(np.float32)
    gradient = penalty.smooth(w)[1]
    assert np.result_type(gradient, w) == np.float32 or isinstance(gradient, float)
    assert penalty.prox(w, 0.3).dtype == np.float32
    assert penalty.prox(w, np.full_like(w, 0.3)).dtype == np.float32


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
    for case in (case for case in NONSMOOTH.values() if case.is_separable):
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
    ],
    ids=["tikhonov", "grouplasso"],
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
