"""Claims about an optimum, checked in rational arithmetic, where nothing is rounded."""

from fractions import Fraction

import numpy as np
import pytest

from sklearn_gd import GDLinearRegressor

ALPHA = 1e-4


def exact(numbers):
    return [Fraction(float(number)) for number in numbers]


def mean(numbers):
    return sum(numbers) / len(numbers)


def objective(x, y, slope, intercept):
    squares = [(a * slope + intercept - b) ** 2 for a, b in zip(x, y, strict=True)]
    return (mean(squares) + Fraction(ALPHA) * slope**2) / 2


def optimum(x, y):
    """The least objective of one feature, by its closed form."""
    x_mean, y_mean = mean(x), mean(y)
    covariance = mean([(a - x_mean) * (b - y_mean) for a, b in zip(x, y, strict=True)])
    slope = covariance / (mean([(a - x_mean) ** 2 for a in x]) + Fraction(ALPHA))
    return objective(x, y, slope, y_mean - slope * x_mean)


@pytest.mark.parametrize("n", [2, 3, 8, 20])
@pytest.mark.parametrize("shift", [0.0, 1e4, 1e8])
@pytest.mark.parametrize("seed", range(5))
def test_a_least_squares_fit_is_as_near_to_the_optimum_as_it_says(n, shift, seed):
    rng = np.random.default_rng(seed)
    X, y = shift + rng.normal(size=(n, 1)), rng.normal(size=n)
    model = GDLinearRegressor(alpha=ALPHA).fit(X, y)
    x, y = exact(X[:, 0]), exact(y)
    reached = objective(x, y, *exact([model.coef_[0], model.intercept_]))
    least = optimum(x, y)
    assert model.converged_
    rounding = 1e4 * np.finfo(float).eps
    unit = max(reached, Fraction(model.loss_curve_[0]) / 1000)
    assert (reached - least) / unit <= model.optimality_ + rounding
    # the objective itself is known as exactly as predictions, whose large terms cancel
    terms = 4 * np.finfo(float).eps * (shift + 5) * max(1, abs(model.coef_[0]))
    error = abs(Fraction(float(model.objective_)) - reached)
    assert error <= terms * (terms + float(reached) ** 0.5)
