"""The laws of metrics, and of the two small problems that are solved in them."""

from contextlib import suppress
from functools import cached_property

import numpy as np
import pytest

from sklearn_gd.data import ArraySource
from sklearn_gd.losses import Logistic, SquaredError
from sklearn_gd.models import Linear
from sklearn_gd.objective import Objective, Problem
from sklearn_gd.penalties import L2
from sklearn_gd.quadratic import (
    CentredDiagonalMetric,
    CholeskyMetric,
    DiagonalMetric,
    conjugate_gradient,
    proximal_direction,
)

SIZE = 5


def spd(seed=0, size=SIZE, condition=100.0):
    """A positive definite matrix with eigenvalues from 1 / condition to 1."""
    q = np.linalg.qr(np.random.default_rng(seed).normal(size=(size, size)))[0]
    return q * np.geomspace(1 / condition, 1, size) @ q.T


def scaled(matrix, powers):
    """The same for parameters in other units."""
    units = 10.0 ** np.resize(powers, len(matrix))
    return matrix * np.outer(units, units)


def dense(blocks, n_outputs):
    """The matrix over flat parameters, of which a block belongs to every output."""
    size = len(blocks[0])
    table = np.zeros((size, n_outputs, size, n_outputs))
    for output in range(n_outputs):
        table[:, output, :, output] = blocks[min(output, len(blocks) - 1)]
    return table.reshape(size * n_outputs, -1)


def cholesky(blocks, n_outputs=1):
    blocks = np.array(blocks, dtype=float)
    return CholeskyMetric(blocks, n_outputs, is_hessian=True), dense(blocks, n_outputs)


def diagonal(entries):
    return DiagonalMetric(np.array(entries)), np.diag(entries)


def centred(diagonal, center):
    """raw = (x - center)'w + (b + center'w), each with a diagonal of its own."""
    diagonal, center = np.array(diagonal), np.array(center)
    blocks = []
    for d, mu in zip(diagonal.T, center.T, strict=True):
        change = np.eye(len(d))
        change[-1, :-1] = mu
        blocks.append(change.T * d @ change)
    return CentredDiagonalMetric(diagonal, center), dense(blocks, len(blocks))


# metrics with the matrix that each stands for
METRICS = {
    "one-output": cholesky([spd()]),
    "one-parameter": cholesky([[[4.0]]]),
    "shared": cholesky([spd()], n_outputs=3),
    "one-for-each": cholesky([spd(0), spd(1), spd(2)], n_outputs=3),
    "ill-conditioned": cholesky([spd(condition=1e8)]),
    "badly-scaled": cholesky([scaled(spd(), [-8, 0, 8, 3, -4])]),
    "badly-scaled-for-each": cholesky(
        [scaled(spd(0), [-8, 0, 8]), scaled(spd(1), [5, -5])], n_outputs=2
    ),
    "extreme-units": cholesky([scaled(spd(), [-70, 0, 70])]),
    "diagonal": diagonal([1e-8, 1.0, 3.0, 1e8]),
    "centred": centred([[1.0], [4.0], [0.5], [2.0]], [[0.0], [30.0], [-2.0]]),
    "centred-for-each": centred([[1.0, 3.0], [1e4, 1e-4], [2.0, 5.0]], [[-3.0, 1.0], [0.1, 20.0]]),
}
each_metric = pytest.mark.parametrize(("metric", "matrix"), METRICS.values(), ids=METRICS)

ONES = np.ones((SIZE, SIZE))
# matrices without an inverse, or with one only after rounding
SINGULAR = {
    "zero": np.zeros((SIZE, SIZE)),
    "rank-one": ONES,
    "equal-columns": np.kron(spd(size=3), np.ones((2, 2))),
    "opposite-columns": np.kron(spd(size=3), [[1, -1], [-1, 1]]),
    "constant-column": np.block([[spd(), np.zeros((SIZE, 1))], [np.zeros((1, SIZE)), 0]]),
    "badly-scaled": scaled(np.kron(spd(size=3), np.ones((2, 2))), [-6, 0, 6, 1]),
    "fewer-rows-than-columns": (lambda X: X.T @ X)(np.random.default_rng(0).normal(size=(3, 8))),
    "wide-gram-of-float32": (lambda X: (X.T @ X).astype(float))(
        np.random.default_rng(0).normal(size=(3, 40)).astype(np.float32)
    ),
}
each_singular = pytest.mark.parametrize("matrix", SINGULAR.values(), ids=SINGULAR)


def draw(size, seed=3):
    return np.random.default_rng(seed).normal(size=size)


def units(matrix):
    """What a vector of gradients is measured in: the root of the diagonal."""
    root = np.sqrt(np.diagonal(matrix))
    return np.where(root > 0, root, 1)


# Metrics


@each_metric
def test_product_is_that_of_the_matrix(metric, matrix):
    unit = units(matrix)
    direction = draw(len(matrix)) / unit
    found, expected = metric.product(direction), matrix @ direction
    np.testing.assert_allclose(found / unit, expected / unit, rtol=1e-13, atol=1e-13)


@each_metric
def test_solve_is_the_inverse_of_product(metric, matrix):
    unit = units(matrix)
    direction = draw(len(matrix))
    # eps times the condition number of 1e8 is lost at most, in any units
    there = metric.solve(metric.product(direction / unit)) * unit
    np.testing.assert_allclose(there, direction, rtol=0, atol=1e-7)
    back = metric.product(metric.solve(direction * unit)) / unit
    np.testing.assert_allclose(back, direction, rtol=0, atol=1e-7)


@each_metric
def test_solve_is_that_of_numpy(metric, matrix):
    unit = units(matrix)
    gradient = draw(len(matrix))
    expected = np.linalg.solve(matrix / np.outer(unit, unit), gradient)
    found = metric.solve(gradient * unit) * unit
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-7 * np.abs(expected).max())


@each_metric
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0], ids=["none", "some", "all"])
def test_solve_where_is_the_inverse_within_the_free_parameters(metric, matrix, share):
    unit = units(matrix)
    gradient = draw(len(matrix))
    free = np.random.default_rng(4).random(len(matrix)) < share
    expected = np.zeros(len(matrix))
    within = (matrix / np.outer(unit, unit))[np.ix_(free, free)]
    expected[free] = np.linalg.solve(within, gradient[free])
    found = metric.solver_where(free)(gradient * unit) * unit
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-7 * np.abs(expected).max())
    assert not found[~free].any()


@each_metric
def test_solve_and_product_are_linear_and_write_nothing(metric, matrix):
    gradient = draw(len(matrix))
    before = gradient.copy()
    np.testing.assert_allclose(metric.solve(4 * gradient), 4 * metric.solve(gradient), rtol=1e-14)
    np.testing.assert_allclose(metric.product(4 * gradient), 4 * metric.product(gradient), 1e-14)
    assert not metric.solve(np.zeros(len(matrix))).any()
    assert gradient.tolist() == before.tolist()


def assert_is_bound(bound, matrix):
    """diag(bound) - matrix is positive semidefinite, in any units."""
    root = np.sqrt(np.where(bound > 0, bound, 1))
    largest = np.linalg.eigvalsh(matrix / np.outer(root, root))[-1]
    assert largest <= 1 + 1e-12
    assert (bound >= 0).all()


@each_metric
def test_diagonal_bound_is_at_least_the_matrix(metric, matrix):
    assert_is_bound(metric.diagonal_bound(), matrix)


@each_singular
def test_diagonal_bound_of_a_singular_matrix_is_at_least_it(matrix):
    assert_is_bound(cholesky([matrix])[0].diagonal_bound(), matrix)


def test_diagonal_bound_of_ten_equal_columns_is_ten_times_the_diagonal():
    metric, _ = cholesky([np.ones((10, 10))])
    np.testing.assert_allclose(metric.diagonal_bound(), 10)


@each_singular
def test_singular_matrices_give_finite_directions_of_descent(matrix):
    metric, _ = cholesky([matrix])
    unit = units(matrix)
    for seed in range(5):
        gradient = draw(len(matrix), seed) * unit
        direction = -metric.solve(gradient)
        assert np.isfinite(direction).all()
        assert gradient @ direction < 0


@each_singular
def test_singular_matrices_are_solved_where_there_is_a_solution(matrix):
    metric, _ = cholesky([matrix])
    unit = units(matrix)
    gradient = matrix @ (draw(len(matrix)) / unit)
    found = metric.product(metric.solve(gradient))
    # jitter shrinks the solution by its share of the smallest curvature there is, 1e-2 or more;
    # the Gram matrix of float32 is itself only known to 1e-7
    np.testing.assert_allclose(found / unit, gradient / unit, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("negative", [1e-16, 1e-8, 1e-2], ids="by-{}".format)
def test_matrices_that_are_not_even_positive_give_directions_of_descent(negative):
    q = np.linalg.qr(draw((SIZE, SIZE)))[0]
    metric, _ = cholesky([q * [-negative, 0.1, 0.5, 1, 1] @ q.T])
    for seed in range(5):
        gradient = draw(SIZE, seed)
        assert gradient @ metric.solve(gradient) > 0


def test_jitter_is_added_only_where_it_is_needed():
    # of two blocks, one singular: the other is as exact as if it were alone
    metric, _ = cholesky([spd(), ONES], n_outputs=2)
    gradient = draw(SIZE)
    found = metric.solve(np.column_stack([gradient, np.ones(SIZE)]).ravel()).reshape(-1, 2)[:, 0]
    np.testing.assert_allclose(found, np.linalg.solve(spd(), gradient), rtol=1e-12)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_not_finite_do_not_make_it_search_for_ever(value, monkeypatch):
    calls = []

    def of_the_reference_lapack(matrix):
        # which says "not positive definite" of NaN, where OpenBLAS returns NaN
        calls.append(matrix)
        assert len(calls) < 100, "jitter is added without end"
        if not np.isfinite(matrix).all():
            raise np.linalg.LinAlgError("Matrix is not positive definite")
        return original(matrix)

    original = np.linalg.cholesky
    monkeypatch.setattr(np.linalg, "cholesky", of_the_reference_lapack)
    matrix = spd()
    matrix[0, 1] = matrix[1, 0] = value
    # saying so is as good as going on
    with np.errstate(invalid="ignore"), suppress(ValueError, ArithmeticError):
        CholeskyMetric(matrix[np.newaxis], 1, is_hessian=True)


def test_a_diagonal_that_is_zero_or_less_counts_as_one():
    metric = DiagonalMetric(np.array([2.0, 0.0, -3.0]))
    assert metric.solve(np.ones(3)).tolist() == [0.5, 1, 1]
    assert metric.product(np.ones(3)).tolist() == [2, 1, 1]
    assert not metric.is_hessian


@pytest.mark.parametrize("is_hessian", [True, False])
def test_a_metric_knows_whether_it_is_the_hessian(is_hessian):
    assert CholeskyMetric(spd()[np.newaxis], 1, is_hessian).is_hessian is is_hessian


# Conjugate gradients

IDENTITY = DiagonalMetric(np.ones(SIZE))
PRECONDITIONERS = {
    "none": IDENTITY,
    "diagonal": DiagonalMetric(np.diagonal(spd()).copy()),
    "another": cholesky([spd(1)])[0],
}
each_preconditioner = pytest.mark.parametrize(
    "metric", PRECONDITIONERS.values(), ids=PRECONDITIONERS
)


def solve(matrix, gradient, metric=IDENTITY, max_products=200, tolerance=0.1):
    *result, residual = conjugate_gradient(
        matrix.__matmul__, gradient, metric.solve, max_products, tolerance
    )
    unit = np.abs(gradient).max() + np.abs(matrix).max() * np.abs(result[0]).max()
    assert np.abs(residual + gradient + matrix @ result[0]).max() <= 1e-10 * unit
    return result


def model(matrix, gradient, direction):
    """What conjugate gradients minimise."""
    return gradient @ direction + direction @ matrix @ direction / 2


@each_preconditioner
def test_conjugate_gradients_solve_the_equation(metric):
    matrix, gradient = spd(), draw(SIZE)
    direction, decrease, products = solve(matrix, gradient, metric, tolerance=1e-20)
    exact = np.linalg.solve(matrix, gradient)
    np.testing.assert_allclose(direction, -exact, rtol=1e-8, atol=1e-8)
    assert decrease == pytest.approx(gradient @ exact / 2, rel=1e-12)
    # one for each eigenvalue, and some for rounding
    assert products <= 2 * SIZE


def test_the_matrix_itself_as_a_metric_needs_one_product():
    matrix, gradient = spd(), draw(SIZE)
    direction, _, products = solve(matrix, gradient, cholesky([matrix])[0], max_products=1)
    np.testing.assert_allclose(direction, -np.linalg.solve(matrix, gradient), rtol=1e-10)
    assert products == 1


@each_preconditioner
@pytest.mark.parametrize("tolerance", [0.5, 0.1, 1e-3])
def test_decrease_is_what_the_quadratic_model_loses_and_a_lower_bound(metric, tolerance):
    matrix, gradient = spd(condition=1e4), draw(SIZE)
    direction, decrease, _ = solve(matrix, gradient, metric, tolerance=tolerance)
    assert -model(matrix, gradient, direction) == pytest.approx(decrease, rel=1e-10)
    most = gradient @ np.linalg.solve(matrix, gradient) / 2
    assert 0 < decrease <= most * (1 + 1e-10)


@each_preconditioner
def test_more_products_gain_more(metric):
    matrix, gradient = spd(condition=1e4), draw(SIZE)
    gains = [solve(matrix, gradient, metric, count, 1e-20)[1] for count in range(1, SIZE + 1)]
    assert (np.diff(gains) > 0).all()
    counts = [solve(matrix, gradient, metric, count, 1e-20)[2] for count in range(1, SIZE + 1)]
    assert counts == list(range(1, SIZE + 1))


def test_products_are_counted():
    calls = []

    def product(direction):
        calls.append(direction)
        return spd(condition=1e4) @ direction

    _, _, products, _ = conjugate_gradient(product, draw(SIZE), IDENTITY.solve, 200)
    assert products == len(calls) > 1


def test_no_gradient_is_no_direction():
    direction, decrease, _ = solve(spd(), np.zeros(SIZE))
    assert not direction.any()
    assert decrease == 0


@pytest.mark.parametrize("smallest", [-1.0, -1e-3, 0.0], ids="smallest={}".format)
def test_without_convexity_the_direction_still_descends(smallest):
    q = np.linalg.qr(draw((SIZE, SIZE)))[0]
    matrix = q * [smallest, 0.1, 0.5, 1, 1] @ q.T
    for seed in range(10):
        gradient = draw(SIZE, seed)
        direction, decrease, _ = solve(matrix, gradient)
        assert np.isfinite(direction).all()
        assert gradient @ direction < 0
        assert decrease > 0


def test_a_gradient_along_negative_curvature_only_is_followed():
    direction, decrease, _ = solve(-np.eye(SIZE), np.ones(SIZE))
    assert (direction < 0).all()
    assert decrease > 0


# The proximal step


class Lasso(Objective):
    """d'Hd/2 + slope'd + strength |d|_1, with parameters that may be held at zero or above."""

    is_convex, is_smooth = True, False

    def __init__(self, matrix, slope, strength, positive=False):
        self.matrix, self.slope, self.positive = matrix, slope, positive
        self.strength = np.broadcast_to(strength, slope.shape)

    def value_and_gradient(self, params):
        image = self.matrix @ params
        return params @ (image / 2 + self.slope), image + self.slope

    def nonsmooth(self, params):
        return float(self.strength @ np.abs(params))

    def prox(self, params, step_size):
        scale = step_size * self.strength
        shrunk = params - np.clip(params, -scale, scale)
        return np.maximum(shrunk, 0) if self.positive else shrunk

    @cached_property
    def minimiser(self):
        """By coordinate descent."""
        params, gradient = np.zeros_like(self.slope), self.slope.copy()
        for _ in range(20_000):
            largest = 0.0
            for j, column in enumerate(self.matrix):
                curvature = column[j]
                new = self.prox(params - gradient / curvature, 1 / curvature)[j]
                change = new - params[j]
                params[j] = new
                gradient += change * column
                largest = max(largest, abs(change) * np.sqrt(curvature))
            if largest < 1e-15:
                return params
        raise AssertionError("the reference did not converge")


def lasso(matrix, seed=5, strength=0.3, **options):
    unit = units(matrix)
    return Lasso(matrix, draw(len(matrix), seed) * unit, strength * unit, **options)


LASSOS = {
    "plain": lasso(spd(), strength=1.0),
    "nothing-zero": lasso(spd(), strength=1e-6),
    "all-zero": lasso(spd(), strength=100.0),
    "no-strength": lasso(spd(), strength=0.0),
    "some-free": lasso(spd(), strength=np.array([0.5, 0, 0.5, 0, 0.5])),
    "correlated": lasso(0.99 * ONES + 0.01 * np.eye(SIZE)),
    "ill-conditioned": lasso(spd(size=8, condition=1e4), strength=0.1),
    "badly-scaled": lasso(scaled(spd(size=8), [-6, 0, 6, 2])),
    "larger": lasso(spd(size=20), strength=0.5),
    "positive": lasso(spd(), positive=True),
    "positive-no-strength": lasso(spd(size=8), strength=0.0, positive=True),
    "positive-correlated": lasso(0.99 * ONES + 0.01 * np.eye(SIZE), positive=True),
    "positive-ill-conditioned": lasso(
        spd(size=8, condition=1e3), seed=3, strength=0.05, positive=True
    ),
    "positive-larger": lasso(spd(size=20), strength=0.5, positive=True),
}
each_lasso = pytest.mark.parametrize("problem", LASSOS.values(), ids=LASSOS)
each_start = pytest.mark.parametrize("start", ["zero", "somewhere", "sparse", "minimiser"])


def begin(problem, start):
    size, unit = len(problem.slope), units(problem.matrix)
    somewhere = problem.prox(draw(size, 7) / unit, 0.0)
    return {
        "zero": np.zeros(size),
        "somewhere": somewhere,
        "sparse": np.where(np.arange(size) % 2, somewhere, 0.0),
        "minimiser": problem.minimiser,
    }[start]


def noise(problem, params):
    """To what a value is known: eps of the parts that it is the sum of."""
    image = problem.matrix @ params
    parts = np.abs(params) @ (np.abs(image) + np.abs(problem.slope) + problem.strength)
    return 10 * np.finfo(float).eps * parts


def proximal(problem, params):
    metric = CholeskyMetric(problem.matrix[np.newaxis], 1, is_hessian=True)
    return proximal_direction(metric, problem, params, problem.value_and_gradient(params)[1])


@each_lasso
@each_start
def test_proximal_direction_leads_to_the_lasso(problem, start):
    params, best = begin(problem, start), problem.minimiser
    direction, decrease = proximal(problem, params)
    gap = problem.value(params) - problem.value(best)
    end = problem.value(params + direction)
    # the model is the objective, so all of the gap can be gained: but a millionth, or rounding
    rounding = noise(problem, params) + noise(problem, best)
    assert end - problem.value(best) <= 1e-5 * gap + rounding
    assert decrease == pytest.approx(gap, rel=1e-5, abs=rounding)


@each_lasso
@each_start
def test_decrease_of_the_proximal_direction_is_what_it_gains(problem, start):
    params = begin(problem, start)
    direction, decrease = proximal(problem, params)
    gain = problem.value(params) - problem.value(params + direction)
    assert decrease >= 0
    assert decrease == pytest.approx(gain, rel=1e-9, abs=noise(problem, params))


@each_lasso
@each_start
def test_proximal_direction_stays_where_the_penalty_allows(problem, start):
    params = begin(problem, start)
    end = params + proximal(problem, params)[0]
    # the sum of params and direction is rounded, the constraint is not
    assert not problem.positive or (end >= -1e-15 / units(problem.matrix)).all()


@pytest.mark.parametrize("name", ["plain", "correlated", "positive", "larger"])
def test_proximal_direction_ends_with_exact_zeros(name):
    problem = LASSOS[name]
    best = problem.minimiser
    direction, _ = proximal(problem, np.zeros_like(best))
    assert (best == 0).any()
    assert (direction == 0).tolist() == (best == 0).tolist()


@each_lasso
def test_at_the_minimiser_there_is_nothing_to_gain(problem):
    best = problem.minimiser
    direction, decrease = proximal(problem, best)
    assert 0 <= decrease <= noise(problem, best)
    # where a gain of eps is not seen, a move of sqrt(eps) is not either
    assert np.abs(direction * units(problem.matrix)).max() <= 1e-6


def test_without_a_nonsmooth_part_it_is_the_newton_direction():
    problem, params = LASSOS["no-strength"], draw(SIZE, 7)
    direction, decrease = proximal(problem, params)
    gradient = problem.value_and_gradient(params)[1]
    newton = np.linalg.solve(problem.matrix, gradient)
    np.testing.assert_allclose(direction, -newton, rtol=1e-8, atol=1e-8)
    assert decrease == pytest.approx(gradient @ newton / 2, rel=1e-10)


@pytest.mark.parametrize("matrix", [ONES, SINGULAR["equal-columns"]], ids=["rank-1", "equal"])
def test_proximal_direction_of_a_singular_matrix_gains_what_there_is(matrix):
    # equal columns share one weight: only its sum matters, and so does the value
    size = len(matrix)
    problem = Lasso(matrix, matrix @ draw(size, 5), 0.1)
    best = problem.value(problem.minimiser)
    direction, decrease = proximal(problem, np.zeros(size))
    assert problem.value(direction) == pytest.approx(best, rel=1e-5)
    assert decrease == pytest.approx(-best, rel=1e-5)


def test_gradient_and_params_are_not_written_to():
    problem = LASSOS["plain"]
    params = draw(SIZE, 7)
    gradient = problem.value_and_gradient(params)[1]
    params.flags.writeable = gradient.flags.writeable = False
    metric = CholeskyMetric(problem.matrix[np.newaxis], 1, is_hessian=True)
    proximal_direction(metric, problem, params, gradient)
    conjugate_gradient(metric.product, gradient, IDENTITY.solve, 200)


def test_problems_along_a_path_share_what_they_know_of_second_derivatives():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 3)), (rng.normal(size=(60, 1)) > 0).astype(float)
    source, model, loss = ArraySource(X, y), Linear(3, 1), Logistic()
    problem = Problem(model, loss, (loss,), L2(), 1.0, source, np.zeros(4))
    params, direction = rng.normal(size=(2, 4))
    before = problem.penalised(2.0).objective()
    assert before.first_metric(params).is_hessian  # nobody knows any yet
    passes = source.passes
    following = problem.penalised(0.5).objective()
    known = following.first_metric(np.zeros(4))
    assert source.passes == passes
    assert not known.is_hessian
    # at the params of before, and with the penalty of this one
    expected = following.metric(params).product(direction)
    np.testing.assert_allclose(known.product(direction), expected, rtol=1e-12)
    elsewhere = problem.objective(SquaredError())
    assert elsewhere.first_metric(params).is_hessian


def test_the_hessian_of_least_squares_is_computed_once_for_all_penalties():
    rng = np.random.default_rng(0)
    source, loss = ArraySource(rng.normal(size=(60, 3)), rng.normal(size=(60, 1))), SquaredError()
    problem = Problem(Linear(3, 1), loss, (loss,), L2(), 1.0, source, np.zeros(4))
    first = problem.penalised(2.0).objective().metric(np.zeros(4))
    passes = source.passes
    second = problem.penalised(0.5).objective().metric(np.ones(4))
    assert source.passes == passes
    assert second.is_hessian
    change = first.product(np.ones(4)) - second.product(np.ones(4))
    np.testing.assert_allclose(change, [1.5, 1.5, 1.5, 0], atol=1e-12)
