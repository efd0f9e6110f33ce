"""The laws of losses, over one table: a new loss is a new row of it."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.special import expit, log_softmax
from sklearn._loss import loss as sklearn_loss

from sklearn_gd import losses
from sklearn_gd.losses import (
    LOSSES,
    AbsoluteError,
    EpsilonInsensitive,
    Expectile,
    Gamma,
    Hinge,
    Huber,
    InverseGaussian,
    LogCosh,
    Logistic,
    Loss,
    ModifiedHuber,
    MoreauEnvelope,
    Perceptron,
    Poisson,
    Quantile,
    Softmax,
    SquaredError,
    SquaredHinge,
    Tweedie,
)

# central differences with a step of eps^(1/3) are exact to about eps^(2/3), 4e-11
STEP = np.cbrt(np.finfo(np.float64).eps)
DIFFERENCE = {"rtol": 1e-8, "atol": 1e-8}
ROUNDING = {"rtol": 1e-13, "atol": 1e-13}
FLOAT32 = {"rtol": 1e-5, "atol": 2e-5}


def numbers(rng, shape):
    return 3 * rng.normal(size=shape)


def counts(rng, shape):
    return rng.poisson(2, size=shape).astype(np.float64)


def amounts(rng, shape):
    return rng.gamma(2, size=shape)


def claims(rng, shape):
    """Amounts, of which some are zero."""
    return amounts(rng, shape) * (rng.random(shape) < 0.7)


def labels(rng, shape):
    return (rng.random(shape) < 0.4).astype(np.float64)


def codes(rng, shape):
    n, k = shape
    return rng.permutation(np.arange(n) % k)


@dataclass(frozen=True)
class Case:
    """What the laws need to know of a loss.

    ``target`` draws y; ``steepest`` gives raw predictions at which the second derivative reaches
    its bound, for y; ``peer`` makes scikit-learn's loss for k outputs; ``has_kinks`` where the
    gradient jumps, at ``kink``, of which the envelope bends on one ``side``; ``is_baseline_exact``
    where the baseline is the best constant and not near it; ``spread`` is that of raw predictions
    at which values of single rows do not drown the others; below ``smallest`` and above ``largest``
    (float64, float32) the loss itself, a derivative or the mean is more than any float.
    """

    loss: Loss
    target: Callable = numbers
    outputs: tuple[int, ...] = (1, 3)
    steepest: Callable | None = None
    peer: Callable | None = None
    has_kinks: bool = False
    is_baseline_exact: bool = True
    spread: float = 3.0
    smallest: tuple[float, float] = (-1000.0, -1000.0)
    largest: tuple[float, float] = (1000.0, 1000.0)
    kink: Callable = lambda y: y
    side: Callable = np.ones_like

    @property
    def has_second_derivative(self):
        """In closed form, and not only by differences of what jumps."""
        return not (self.has_kinks or isinstance(self.loss, MoreauEnvelope))

    @property
    def least_bend(self):
        """The least second derivative that is told: of what is not convex, none below zero."""
        return -np.inf if self.loss.is_convex else 0.0

    def draw(self, k, n=40, seed=0):
        """Targets and raw predictions of moderate size."""
        rng = np.random.default_rng(seed)
        return self.target(rng, (n, k)), self.spread * rng.normal(size=(n, k))


def envelope(loss, exact=True):
    """The case of an envelope; raw = y + 0.3 is on the steep part for all kinks of the table."""
    return Case(
        MoreauEnvelope(loss=loss, width=0.5),
        steepest=lambda y: y + 0.3 * (not exact),
        is_baseline_exact=False,
    )


CASES = {
    "squared_error": Case(
        SquaredError(), steepest=lambda y: y + 5, peer=lambda k: sklearn_loss.HalfSquaredError()
    ),
    "huber": Case(
        Huber(delta=0.8),
        steepest=lambda y: y + 0.7,
        peer=lambda k: sklearn_loss.HuberLoss(delta=0.8),
        is_baseline_exact=False,
    ),
    "absolute_error": Case(
        AbsoluteError(), peer=lambda k: sklearn_loss.AbsoluteError(), has_kinks=True
    ),
    "quantile": Case(
        Quantile(quantile=0.8),
        peer=lambda k: sklearn_loss.PinballLoss(quantile=0.8),
        has_kinks=True,
    ),
    "epsilon_insensitive": Case(
        EpsilonInsensitive(epsilon=0.25),
        has_kinks=True,
        is_baseline_exact=False,
        kink=lambda y: y + 0.25,
    ),
    "poisson": Case(
        Poisson(), counts, peer=lambda k: sklearn_loss.HalfPoissonLoss(), largest=(700.0, 80.0)
    ),
    "gamma": Case(
        Gamma(),
        amounts,
        peer=lambda k: sklearn_loss.HalfGammaLoss(),
        spread=1.5,
        smallest=(-650.0, -75.0),
        largest=(700.0, 80.0),
    ),
    "tweedie": Case(
        Tweedie(power=1.3),
        claims,
        peer=lambda k: sklearn_loss.HalfTweedieLoss(power=1.3),
        smallest=(-1000.0, -250.0),
        largest=(700.0, 80.0),
    ),
    "inverse_gaussian": Case(
        InverseGaussian(),
        amounts,
        peer=lambda k: sklearn_loss.HalfTweedieLoss(power=3),
        spread=1.0,
        smallest=(-330.0, -35.0),
        largest=(700.0, 80.0),
    ),
    "log_cosh": Case(LogCosh(delta=0.8), steepest=lambda y: y, is_baseline_exact=False),
    "expectile": Case(Expectile(expectile=0.8), steepest=lambda y: y - 1),
    "expectile-low": Case(Expectile(expectile=0.1), steepest=lambda y: y + 1),
    "logistic": Case(
        Logistic(),
        labels,
        steepest=lambda y: 0 * y,
        peer=lambda k: sklearn_loss.HalfBinomialLoss(),
    ),
    "hinge": Case(
        Hinge(), labels, has_kinks=True, kink=lambda y: 2 * y - 1, side=lambda y: 1 - 2 * y
    ),
    "squared_hinge": Case(SquaredHinge(), labels, steepest=lambda y: 0 * y),
    "modified_huber": Case(ModifiedHuber(), labels, steepest=lambda y: 0 * y),
    "perceptron": Case(
        Perceptron(), labels, has_kinks=True, kink=np.zeros_like, side=lambda y: 1 - 2 * y
    ),
    "softmax": Case(
        Softmax(),
        codes,
        outputs=(2, 3, 5),
        steepest=lambda y: np.tile([0.0, 0.0, -50.0], (len(y), 1)),
        peer=lambda k: sklearn_loss.HalfMultinomialLoss(n_classes=k),
    ),
    "envelope-absolute": envelope(AbsoluteError()),
    "envelope-quantile": envelope(Quantile(quantile=0.8)),
    "envelope-hinge": Case(
        MoreauEnvelope(loss=Hinge(), width=0.5),
        labels,
        steepest=lambda y: (2 * y - 1) * 0.75,
        is_baseline_exact=False,
    ),
    "envelope-epsilon": envelope(EpsilonInsensitive(epsilon=0.1), exact=False),
}
each_loss = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def each_loss_and_size_of(cases):
    rows = [(name, case, k) for name, case in cases.items() for k in case.outputs]
    return pytest.mark.parametrize(
        ("case", "k"), [pytest.param(case, k, id=f"{name}-{k}") for name, case, k in rows]
    )


each_loss_and_size = each_loss_and_size_of(CASES)
each_bounded = each_loss_and_size_of({n: c for n, c in CASES.items() if c.steepest})
each_with_peer = each_loss_and_size_of({n: c for n, c in CASES.items() if c.peer})
KINKED = {name: case for name, case in CASES.items() if case.has_kinks}
each_kinked = pytest.mark.parametrize("case", KINKED.values(), ids=KINKED)
# a loss for row-by-row updates is not minimised, so nothing leads to it
STAGED = {name: case for name, case in KINKED.items() if not case.loss.is_online}
each_staged = pytest.mark.parametrize("case", STAGED.values(), ids=STAGED)


def differences(function, raw, column):
    """Central differences of a function of raw in one of its columns."""
    step = np.zeros_like(raw)
    step[:, column] = STEP * (1 + np.abs(raw[:, column]))
    width = 2 * step[:, column]
    change = function(raw + step) - function(raw - step)
    return change / (width if change.ndim == 1 else width[:, np.newaxis])


def second_derivative_matrices(loss, y, raw):
    """The matrix of second derivatives of every row, (n, k, k)."""
    units = np.eye(raw.shape[1])
    images = [
        loss.second_derivative_operator(y, raw)(np.tile(unit, (len(raw), 1))) for unit in units
    ]
    return np.stack(images, axis=2)


def every_array(loss, y, raw):
    """All that a loss computes from y and raw, by name."""
    value, gradient = loss.value_and_gradient(y, raw)
    return {
        "value": loss.value(y, raw),
        "gradient": loss.gradient(y, raw),
        "value of both": value,
        "gradient of both": gradient,
        "second_derivative": loss.second_derivative(y, raw),
        "second_derivative_operator": loss.second_derivative_operator(y, raw)(raw / 2 + 1),
        "inverse_link": loss.inverse_link(raw),
    }


def as_float32(y):
    return y.astype(np.float32) if y.dtype == np.float64 else y


def test_the_table_has_every_loss():
    public = {
        kind
        for _, kind in inspect.getmembers(losses, inspect.isclass)
        if issubclass(kind, Loss) and not inspect.isabstract(kind)
    }
    assert public == {type(case.loss) for case in CASES.values()}
    assert set(LOSSES.values()) <= public


@each_loss_and_size
def test_gradient_is_the_difference_quotient_of_value(case, k):
    y, raw = case.draw(k)
    expected = [differences(lambda r: case.loss.value(y, r), raw, j) for j in range(k)]
    np.testing.assert_allclose(case.loss.gradient(y, raw).T, expected, **DIFFERENCE)


@each_loss_and_size
def test_second_derivative_is_the_difference_quotient_of_gradient(case, k):
    y, raw = case.draw(k)
    expected = [differences(lambda r: case.loss.gradient(y, r), raw, j)[:, j] for j in range(k)]
    expected = np.maximum(expected, case.least_bend)
    np.testing.assert_allclose(case.loss.second_derivative(y, raw).T, expected, **DIFFERENCE)


@each_loss_and_size
def test_second_derivative_operator_is_the_change_of_gradient_along_a_direction(case, k):
    y, raw = case.draw(k)
    direction = np.random.default_rng(1).normal(size=raw.shape)
    ahead = case.loss.gradient(y, raw + STEP * direction)
    behind = case.loss.gradient(y, raw - STEP * direction)
    change = (ahead - behind) / (2 * STEP)
    if not case.loss.is_convex:
        change = np.maximum(change / direction, case.least_bend) * direction
    found = case.loss.second_derivative_operator(y, raw)(direction)
    np.testing.assert_allclose(found, change, **DIFFERENCE)


@each_loss_and_size
def test_second_derivatives_are_symmetric_with_second_derivative_as_diagonal(case, k):
    y, raw = case.draw(k)
    matrices = second_derivative_matrices(case.loss, y, raw)
    diagonals = np.diagonal(matrices, axis1=1, axis2=2)
    np.testing.assert_allclose(diagonals, case.loss.second_derivative(y, raw), **ROUNDING)
    np.testing.assert_allclose(matrices, matrices.transpose(0, 2, 1), **ROUNDING)


@each_loss_and_size
def test_value_is_a_number_of_each_row_and_at_least_zero(case, k):
    y, raw = case.draw(k)
    raw[20:] *= min(case.largest[0], -case.smallest[0]) / 10 / np.abs(raw).max()
    value = case.loss.value(y, raw)
    assert value.shape == (len(raw),)
    assert (value >= 0).all()


@each_loss_and_size
@pytest.mark.parametrize("size", [0.1, 1, 30])
def test_value_lies_between_its_tangent_and_the_parabola_of_curvature(case, k, size):
    y, raw = case.draw(k)
    step = size * np.random.default_rng(1).normal(size=raw.shape)
    value, gradient = case.loss.value_and_gradient(y, raw)
    ahead, square = case.loss.value(y, raw + step), (step**2).sum(axis=1)
    gain = ahead - value - (gradient * step).sum(axis=1)
    rounding = 1e-14 * (1 + ahead + value + square + np.abs(gradient * step).sum(axis=1))
    assert (gain >= -rounding).all() or not case.loss.is_convex
    if case.loss.curvature is not None:
        assert (gain <= case.loss.curvature * square / 2 + rounding).all()


@each_loss_and_size
def test_value_and_gradient_are_its_parts(case, k):
    y, raw = case.draw(k)
    value, gradient = case.loss.value_and_gradient(y, raw)
    np.testing.assert_allclose(value, case.loss.value(y, raw), **ROUNDING)
    np.testing.assert_allclose(gradient, case.loss.gradient(y, raw), **ROUNDING)


@each_loss
def test_there_is_a_curvature_unless_the_second_derivative_is_unbounded(case):
    assert (case.loss.curvature is None) == (case.steepest is None)


@each_bounded
def test_curvature_bounds_the_second_derivative_in_every_direction(case, k):
    y, raw = case.draw(k, n=300)
    raw[:100] *= 0.1  # near zero, where the losses of classes are steepest
    eigenvalues = np.linalg.eigvalsh(second_derivative_matrices(case.loss, y, raw))
    # the second derivative of an envelope is a difference, exact to 1e-13 over 1e-3
    assert eigenvalues.min() >= -1e-15
    assert eigenvalues.max() <= case.loss.curvature * (1 + 1e-10)


@each_bounded
def test_curvature_is_reached(case, k):
    y, _ = case.draw(3, n=10)
    raw = case.steepest(y)
    largest = np.linalg.eigvalsh(second_derivative_matrices(case.loss, y, raw)).max()
    assert largest == pytest.approx(case.loss.curvature, rel=1e-10)


@each_loss
def test_is_separable_tells_whether_outputs_share_second_derivatives(case):
    y, raw = case.draw(3)
    matrices = second_derivative_matrices(case.loss, y, raw)
    shared = np.abs(matrices[:, ~np.eye(3, dtype=bool)]).max()
    assert (shared == 0) == case.loss.is_separable


@each_loss
def test_is_quadratic_tells_whether_the_gradient_changes_alike_everywhere(case):
    y, raw = case.draw(3)
    step = np.array([3.0, 0, 0])
    change = case.loss.gradient(y, raw + step) - case.loss.gradient(y, raw)
    assert np.allclose(change, change[0], rtol=1e-13) == case.loss.is_quadratic
    if case.loss.is_quadratic:
        np.testing.assert_array_equal(case.loss.second_derivative(y, raw), case.loss.curvature)


@each_loss_and_size
@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
def test_baseline_is_the_minimiser_over_constants(case, k, weighted):
    y, _ = case.draw(k, n=60)
    weight = np.random.default_rng(1).uniform(0.1, 2, len(y)) if weighted else None
    unit = np.ones(len(y)) if weight is None else weight
    baseline = case.loss.baseline(y, k, weight)
    assert baseline.shape == (k,)

    def total(constant):
        return unit @ case.loss.value(y, np.tile(constant, (len(y), 1)))

    if not case.is_baseline_exact:
        # near is nearer than not to have looked, and no farther than the targets
        assert total(baseline) < total(baseline + 1)
        assert total(baseline) < total(baseline - 1)
        return
    if not case.has_kinks:
        # convex, so a gradient of zero is enough
        slope = unit @ case.loss.gradient(y, np.tile(baseline, (len(y), 1))) / unit.sum()
        np.testing.assert_allclose(slope, 0, atol=1e-14)
    for step in 1e-3 * np.vstack([np.eye(k), -np.eye(k)]):
        assert total(baseline + step) >= total(baseline) * (1 - 1e-14)


@each_loss_and_size
def test_baseline_of_weight_two_is_that_of_two_copies_and_of_weight_zero_of_none(case, k):
    y, _ = case.draw(k, n=60)
    weight = np.random.default_rng(1).integers(0, 3, len(y))
    np.testing.assert_allclose(
        case.loss.baseline(y, k, weight.astype(float)),
        case.loss.baseline(np.repeat(y, weight, axis=0), k),
        **ROUNDING,
    )


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_baseline_of_one_label_only_is_finite_and_on_its_side(label):
    baseline = Logistic().baseline(np.full((50, 1), label), 1)
    assert np.isfinite(baseline).all()
    assert (baseline > 3).all() if label else (baseline < -3).all()


def test_baseline_of_a_class_that_never_occurs_is_finite_and_the_lowest():
    baseline = Softmax().baseline(np.array([0, 0, 2]), 3)
    assert np.isfinite(baseline).all()
    assert baseline.argsort().tolist() == [1, 2, 0]


@each_loss_and_size
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_nothing_overflows_at_extreme_raw_predictions(case, k, dtype):
    y, _ = case.draw(k, n=60)
    reach = [end[dtype is np.float32] for end in (case.smallest, case.largest)]
    raw = np.random.default_rng(1).choice([0, *reach], size=(60, k)).astype(dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        for name, array in every_array(case.loss, as_float32(y), raw).items():
            assert np.isfinite(array).all(), name


@each_loss_and_size
def test_float32_stays_float32_and_near_float64(case, k):
    y, raw = case.draw(k)
    exact = every_array(case.loss, y, raw)
    for name, array in every_array(case.loss, as_float32(y), raw.astype(np.float32)).items():
        assert array.dtype == np.float32, name
        if "second" in name and not case.has_second_derivative:
            continue
        np.testing.assert_allclose(array, exact[name], **FLOAT32, err_msg=name)


@each_loss_and_size
def test_targets_and_raw_predictions_are_not_written_to(case, k):
    y, raw = case.draw(k)
    y.flags.writeable = raw.flags.writeable = False
    every_array(case.loss, y, raw)
    case.loss.baseline(y, k)


@each_loss_and_size
def test_memory_order_of_raw_predictions_does_not_matter(case, k):
    y, raw = case.draw(k)
    expected = every_array(case.loss, y, raw)
    for name, array in every_array(case.loss, y, np.asfortranarray(raw)).items():
        np.testing.assert_allclose(array, expected[name], **ROUNDING, err_msg=name)


@each_loss_and_size
def test_rows_do_not_know_of_each_other(case, k):
    y, raw = case.draw(k)
    expected = every_array(case.loss, y, raw)
    for name, array in every_array(case.loss, y[10:20], raw[10:20]).items():
        np.testing.assert_allclose(array, expected[name][10:20], **ROUNDING, err_msg=name)


@each_with_peer
def test_loss_gradient_and_second_derivative_are_those_of_scikit_learn(case, k):
    y, raw = case.draw(k)
    value, gradient, second_derivative = 0, [], []
    peer = case.peer(k)
    if not peer.is_multiclass:
        np.testing.assert_allclose(case.loss.inverse_link(raw), peer.link.inverse(raw), **ROUNDING)
    # scikit-learn's losses have one output, except the multinomial one
    columns = [slice(None)] if peer.is_multiclass else range(k)
    for j in columns:
        target = np.ascontiguousarray(y if peer.is_multiclass else y[:, j], dtype=np.float64)
        column = np.ascontiguousarray(raw[:, j])
        value = value + peer.loss(y_true=target, raw_prediction=column)
        value = value + peer.constant_to_optimal_zero(target)
        slope, second = peer.gradient_hessian(y_true=target, raw_prediction=column)
        gradient.append(slope)
        second_derivative.append(second)
    np.testing.assert_allclose(case.loss.value(y, raw), value, **ROUNDING)
    np.testing.assert_allclose(case.loss.gradient(y, raw), np.column_stack(gradient), **ROUNDING)
    if not case.has_kinks:  # where scikit-learn says 1
        np.testing.assert_allclose(
            case.loss.second_derivative(y, raw),
            np.maximum(
                np.broadcast_to(np.column_stack(second_derivative), raw.shape), case.least_bend
            ),
            **ROUNDING,
        )


@each_loss
def test_a_loss_without_kinks_is_its_own_only_stage(case):
    if not case.has_kinks:
        assert case.loss.stages(2.0) == [case.loss]


@each_staged
@pytest.mark.parametrize("spread", [1e-5, 1.0, 1e5])
def test_stages_are_smooth_losses_that_end_within_a_millionth_of_the_spread(case, spread):
    stages = case.loss.stages(spread)
    widths = [1 / stage.curvature for stage in stages]
    assert (np.diff(widths) < 0).all()
    assert widths[-1] == pytest.approx(1e-6 * spread)
    y, raw = (spread * array for array in case.draw(3))
    if case.target is labels:
        y = y / spread
    slope = np.abs(case.loss.gradient(y, raw)).max()
    for stage, width in zip(stages, widths, strict=True):
        gap = case.loss.value(y, raw) - stage.value(y, raw)
        rounding = 1e-14 * case.loss.value(y, raw)
        assert (gap >= -rounding).all()
        assert (gap <= 3 * slope**2 * width / 2 + rounding).all()


@each_staged
def test_stages_for_a_constant_target_are_smooth_too(case):
    assert all(0 < stage.curvature < np.inf for stage in case.loss.stages(0.0))


@each_kinked
@pytest.mark.parametrize(
    ("dtype", "offset"),
    [(np.float64, 0), (np.float64, 1e6), (np.float32, 0)],
    ids=["float64", "float64-far-from-zero", "float32"],
)
@pytest.mark.parametrize("width", [1e-6, 1e-4, 1e-2])
def test_an_envelope_has_no_second_derivative_where_the_loss_is_linear(case, dtype, offset, width):
    stage = MoreauEnvelope(loss=case.loss, width=width)
    y, raw = case.draw(3)
    raw = np.where(np.abs(raw - y) > 0.5, raw, y + 2)  # beyond all kinks of the table
    second_derivative = stage.second_derivative(
        (y + offset).astype(dtype), (raw + offset).astype(dtype)
    )
    assert second_derivative.max() <= 1e-2 * stage.curvature


@each_kinked
@pytest.mark.parametrize("width", [1e-6, 1e-4, 1e-2])
def test_an_envelope_has_all_its_curvature_at_the_kinks(case, width):
    stage = MoreauEnvelope(loss=case.loss, width=width)
    y, _ = case.draw(3)
    raw = case.kink(y) + case.side(y) * width / 10
    np.testing.assert_allclose(stage.second_derivative(y, raw), 1 / width, rtol=1e-2)


@each_kinked
@pytest.mark.parametrize("width", [1e-6, 0.5, 1e6])
def test_prox_of_a_loss_obeys_the_three_point_inequality(case, width):
    y, raw = case.draw(3)
    nearest = case.loss.prox(y, raw, width)
    at_nearest = case.loss.value(y, nearest) + ((nearest - raw) ** 2).sum(axis=1) / (2 * width)
    for seed in range(5):
        for size in (1e-4, 1.0, 100.0):
            other = nearest + size * np.random.default_rng(seed).normal(size=raw.shape)
            there = case.loss.value(y, other) + ((other - raw) ** 2).sum(axis=1) / (2 * width)
            growth = ((other - nearest) ** 2).sum(axis=1) / (2 * width)
            assert (there - at_nearest >= growth - 1e-12 * (1 + there)).all()


@each_loss_and_size
def test_targets_of_the_right_kind_are_welcome(case, k):
    case.loss.check_target(case.draw(k)[0])


@pytest.mark.parametrize("loss", [Gamma(), InverseGaussian(), Tweedie(power=2)], ids=repr)
def test_a_loss_of_ratios_takes_no_target_of_zero(loss):
    with pytest.raises(ValueError, match=f"'{loss.name}' needs y > 0; the smallest y is 0"):
        loss.check_target(np.array([[1.0], [0.0]]))


def test_tweedie_takes_targets_of_zero_but_not_zeros_alone():
    Tweedie().check_target(np.array([[1.0], [0.0]]))
    with pytest.raises(ValueError, match=r"'tweedie' needs y >= 0; the smallest y is -1"):
        Tweedie().check_target(np.array([[-1.0]]))
    with pytest.raises(ValueError, match=r"'tweedie' needs a y above 0"):
        Tweedie().check_whole_target(np.zeros((3, 1)))


@pytest.mark.parametrize("power", [0.9, 2.1, "1.5"])
def test_tweedie_takes_powers_from_one_to_two(power):
    with pytest.raises(ValueError, match="'power' parameter of Tweedie must be"):
        Tweedie(power=power).validate()


@pytest.mark.parametrize(
    ("power", "other", "target"), [(1, Poisson(), counts), (2, Gamma(), amounts)]
)
def test_tweedie_begins_at_poisson_and_ends_at_gamma(power, other, target):
    rng = np.random.default_rng(0)
    y, raw = target(rng, (40, 2)), rng.normal(size=(40, 2))
    for name, array in every_array(Tweedie(power=power), y, raw).items():
        np.testing.assert_allclose(array, every_array(other, y, raw)[name], **ROUNDING)
    # and is near to them for powers near to theirs, where the usual formula divides by zero
    inner = Tweedie(power=power + (1.5 - power) * 1e-9)
    np.testing.assert_allclose(inner.value(y, raw), other.value(y, raw), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("loss", [Poisson(), Gamma(), Tweedie(), InverseGaussian()], ids=repr)
def test_half_deviances_are_zero_at_their_target_and_proportional_to_a_power_of_its_unit(loss):
    power = {"poisson": 1, "gamma": 2, "inverse_gaussian": 3}.get(loss.name, 1.5)
    rng = np.random.default_rng(0)
    y, raw = amounts(rng, (40, 2)), rng.normal(size=(40, 2))
    np.testing.assert_allclose(loss.value(y, np.log(y)), 0, atol=1e-15)
    in_other_units = loss.value(100 * y, raw + np.log(100))
    expected = 100.0 ** (2 - power) * loss.value(y, raw)
    np.testing.assert_allclose(in_other_units, expected, rtol=1e-12)


def test_log_cosh_keeps_all_digits_of_small_and_of_large_residuals():
    y = np.zeros((3, 1))
    raw = np.array([[1e-9], [1.0], [1e5]])
    expected = [5e-19, np.log(np.cosh(1.0)), 1e5 - np.log(2)]
    np.testing.assert_allclose(LogCosh().value(y, raw), expected, rtol=1e-14)


def test_log_cosh_lies_between_zero_and_the_huber_loss():
    y, raw = CASES["huber"].draw(3)
    huber, smooth = Huber(delta=0.8).value(y, raw), LogCosh(delta=0.8).value(y, raw)
    assert (smooth <= huber).all()
    assert (smooth >= huber - 3 * 0.8**2 * (np.log(2) - 0.5)).all()


@pytest.mark.parametrize("kind", [Huber, LogCosh])
def test_a_small_delta_is_reached_over_wider_losses(kind):
    loss = kind(delta=1e-3)
    *wider, last = loss.stages(100.0)
    assert len(wider) > 2
    assert all(stage.has_kinks for stage in (*wider, last))
    y, raw = CASES["huber"].draw(3)
    np.testing.assert_allclose(last.value(y, raw), loss.value(y, raw), **ROUNDING)
    np.testing.assert_allclose(last.gradient(y, raw), loss.gradient(y, raw), **ROUNDING)


def test_an_expectile_weighs_squares_above_and_below_and_the_middle_one_is_the_mean():
    y, raw = np.array([[3.0], [0.0]]), np.array([[1.0], [1.0]])
    assert Expectile(expectile=0.75).value(y, raw).tolist() == [3.0, 0.25]
    assert Expectile(expectile=0.75).gradient(y, raw).ravel().tolist() == [-3.0, 0.5]
    y, raw = CASES["expectile"].draw(3)
    for name, array in every_array(Expectile(), y, raw).items():
        np.testing.assert_allclose(array, every_array(SquaredError(), y, raw)[name], **ROUNDING)
    np.testing.assert_allclose(Expectile().baseline(y, 3), y.mean(axis=0), **ROUNDING)


def test_poisson_takes_no_negative_target_and_no_target_of_zeros():
    with pytest.raises(ValueError, match=r"'poisson' needs y >= 0.* the smallest y is -3"):
        Poisson().check_target(np.array([[1.0], [-3.0]]))
    with pytest.raises(ValueError, match=r"'poisson' needs a y above 0"):
        Poisson().check_whole_target(np.array([[1.0, 0.0], [2.0, 0.0]]))
    Poisson().check_whole_target(np.array([[0.0], [0.5]]))
    # a chunk may be without an event
    Poisson().check_target(np.zeros((2, 2)))


def test_poisson_is_half_the_deviance():
    y, raw = np.array([[0.0], [2.0]]), np.log([[3.0], [2.0]])
    np.testing.assert_allclose(Poisson().value(y, raw), [3, 0], atol=1e-15)


def test_huber_is_squared_within_delta_and_linear_beyond():
    y, raw = np.zeros((4, 1)), np.array([[0.5], [2.0], [-3.0], [5.0]])
    assert Huber(delta=2.0).value(y, raw).tolist() == [0.125, 2, 4, 8]
    assert Huber(delta=2.0).gradient(y, raw).ravel().tolist() == [0.5, 2, -2, 2]


def test_quantile_weighs_residuals_above_and_below():
    y, raw = np.array([[3.0], [0.0]]), np.array([[1.0], [1.0]])
    assert Quantile(quantile=0.75).value(y, raw).tolist() == [1.5, 0.25]
    assert Quantile(quantile=0.75).gradient(y, raw).ravel().tolist() == [-0.75, 0.25]


def test_the_median_is_half_the_absolute_error():
    y, raw = CASES["quantile"].draw(3)
    np.testing.assert_allclose(
        2 * Quantile(quantile=0.5).value(y, raw), AbsoluteError().value(y, raw), **ROUNDING
    )


def test_epsilon_insensitive_is_zero_within_epsilon():
    y, raw = np.zeros((3, 1)), np.array([[0.5], [-1.0], [3.0]])
    assert EpsilonInsensitive(epsilon=1.0).value(y, raw).tolist() == [0, 0, 2]
    assert EpsilonInsensitive(epsilon=1.0).gradient(y, raw).ravel().tolist() == [0, 0, 1]


def test_the_envelope_of_the_absolute_error_is_a_scaled_huber_loss():
    y, raw = CASES["huber"].draw(3)
    smooth = MoreauEnvelope(loss=AbsoluteError(), width=0.5)
    huber = Huber(delta=0.5)
    np.testing.assert_allclose(smooth.value(y, raw), 2 * huber.value(y, raw), **ROUNDING)
    np.testing.assert_allclose(smooth.gradient(y, raw), 2 * huber.gradient(y, raw), **ROUNDING)


def test_squared_error_of_three_for_one():
    loss, y, raw = SquaredError(), np.array([[1.0, 0.0]]), np.array([[3.0, 1.0]])
    assert loss.value(y, raw).tolist() == [2.5]
    assert loss.gradient(y, raw).tolist() == [[2.0, 1.0]]
    assert loss.inverse_link(raw).tolist() == [[3.0, 1.0]]


@pytest.mark.parametrize(
    ("y", "raw", "value", "gradient"),
    [(1, -1000, 1000, -1), (0, -1000, 0, 0), (1, 1000, 0, 0), (0, 1000, 1000, 1)],
)
def test_logistic_is_exact_far_out(y, raw, value, gradient):
    y, raw = np.array([[float(y)]]), np.array([[float(raw)]])
    assert Logistic().value(y, raw) == value
    assert Logistic().gradient(y, raw) == gradient
    assert Logistic().second_derivative(y, raw) == 0


def test_logistic_keeps_all_digits_of_small_losses():
    raw = np.linspace(-700, 700, 57)[:, np.newaxis]
    zeros = np.zeros_like(raw)
    np.testing.assert_allclose(Logistic().value(zeros, raw), np.logaddexp(0, raw)[:, 0], 1e-15)
    np.testing.assert_allclose(Logistic().gradient(zeros, raw), expit(raw), 1e-14)
    np.testing.assert_allclose(Logistic().inverse_link(raw), expit(raw), 1e-14)


def test_logistic_gradient_is_prediction_minus_label():
    y, raw = CASES["logistic"].draw(2)
    np.testing.assert_allclose(Logistic().gradient(y, raw), expit(raw) - y, **ROUNDING)


def test_sigmoid_has_the_derivative_s_times_one_minus_s():
    raw = np.linspace(-5, 5, 11)[:, np.newaxis]
    s = Logistic().inverse_link(raw)
    slope = differences(Logistic().inverse_link, raw, 0)
    np.testing.assert_allclose(slope, s * (1 - s), **DIFFERENCE)


def test_softmax_is_minus_the_log_probability_of_the_class():
    y, raw = CASES["softmax"].draw(4)
    rows = np.arange(len(y))
    np.testing.assert_allclose(
        Softmax().value(y, raw), -log_softmax(raw, axis=1)[rows, y], **ROUNDING
    )
    np.testing.assert_allclose(
        Softmax().inverse_link(raw), np.exp(log_softmax(raw, axis=1)), **ROUNDING
    )
    np.testing.assert_allclose(Softmax().gradient(y, raw).sum(axis=1), 0, atol=1e-15)


def test_softmax_does_not_change_when_all_raw_predictions_are_shifted():
    y, raw = CASES["softmax"].draw(4)
    shifted = raw + np.linspace(-700, 700, len(raw))[:, np.newaxis]
    # raw of size 700 is itself only known to 700 eps
    np.testing.assert_allclose(Softmax().value(y, shifted), Softmax().value(y, raw), atol=1e-12)
    np.testing.assert_allclose(
        Softmax().gradient(y, shifted), Softmax().gradient(y, raw), atol=1e-12
    )


def test_softmax_of_two_classes_is_logistic_in_the_difference():
    y, raw = CASES["softmax"].draw(2)
    difference = raw[:, 1:] - raw[:, :1]
    label = y[:, np.newaxis].astype(np.float64)
    np.testing.assert_allclose(
        Softmax().value(y, raw), Logistic().value(label, difference), **ROUNDING
    )
    np.testing.assert_allclose(
        Softmax().gradient(y, raw)[:, 1:], Logistic().gradient(label, difference), **ROUNDING
    )


class OwnLogCosh(Loss):
    """A user's own loss: only what must be written."""

    def value(self, y, raw):
        return np.log(np.cosh(raw - y)).sum(axis=1)

    def gradient(self, y, raw):
        return np.tanh(raw - y)


@pytest.mark.parametrize(
    ("dtype", "tolerance"),
    # differences of eps^(1/3) are exact to a few eps^(2/3)
    [(np.float64, 1e-9), (np.float32, 1e-3)],
    ids=["float64", "float32"],
)
def test_a_loss_of_two_methods_has_all_the_others(dtype, tolerance):
    y, raw = (array.astype(dtype) for array in CASES["squared_error"].draw(3))
    loss, direction = OwnLogCosh(), np.ones_like(raw) / 2
    arrays = every_array(loss, y, raw)
    assert {array.dtype for array in arrays.values()} == {np.dtype(dtype)}
    second_derivative = loss.second_derivative(y, raw)
    np.testing.assert_allclose(second_derivative, 1 / np.cosh(raw - y) ** 2, atol=tolerance)
    np.testing.assert_array_equal(
        loss.second_derivative_operator(y, raw)(direction), second_derivative / 2
    )
    np.testing.assert_array_equal(loss.inverse_link(raw), raw)
    assert loss.curvature is None
    assert loss.baseline(y, 3).tolist() == [0, 0, 0]


@each_loss
def test_the_second_derivative_by_differences_is_the_one_in_closed_form(case):
    y, raw = case.draw(3)
    if not case.loss.is_convex:
        # next to where the bend changes its sign, a difference keeps few digits of it
        raw = np.minimum(raw, np.log(y))
    np.testing.assert_allclose(
        Loss.second_derivative(case.loss, y, raw),
        case.loss.second_derivative(y, raw),
        **DIFFERENCE,
    )
