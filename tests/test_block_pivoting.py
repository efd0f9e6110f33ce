"""Block pivoting: the minimiser of a quadratic model by guesses, or no answer."""

import numpy as np
import pytest

from sklearn_gd.data import ArraySource
from sklearn_gd.losses import SquaredError
from sklearn_gd.models import Linear
from sklearn_gd.objective import EmpiricalRisk
from sklearn_gd.penalties import L1, Bounded, Weighted
from sklearn_gd.quadratic.block_pivoting import block_pivoting
from sklearn_gd.quadratic.proximal import ProximalModel

N, D = 80, 12
PENALTIES = {
    "l1": L1(),
    "weighted": Weighted(penalty=L1(), weights=np.arange(D) / 4),
    "not negative": Bounded(penalty=L1(), lower=0.0, upper=np.inf),
    "between bounds": Bounded(penalty=L1(), lower=-0.3, upper=0.2),
}


def posed(penalty, seed, correlation=0.5):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N, D)) + correlation * rng.normal(size=(N, 1))
    y = X @ rng.normal(size=D) + rng.normal(size=N)
    risk = EmpiricalRisk(
        Linear(D, 1), SquaredError(), penalty, 0.3, ArraySource(X, y[:, np.newaxis])
    )
    params = risk.prox(rng.normal(size=D + 1) * (rng.random(D + 1) < 0.5), 0.0)
    metric = risk.metric(params)
    gradient = risk.value_and_gradient(params)[1]
    return ProximalModel(metric.product, metric, risk, params, gradient)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("name", PENALTIES)
def test_the_answer_is_a_fixed_point_of_proximal_steps(name, seed):
    model = posed(PENALTIES[name], seed)
    found = block_pivoting(model, 1e-9)
    assert found is not None
    slope = model.slope_at(found)
    np.testing.assert_allclose(model.prox(found, slope), found, atol=1e-9)
    assert model.decrease_at(found, slope) >= 0


@pytest.mark.parametrize("name", PENALTIES)
def test_from_the_answer_on_it_stays_there(name):
    model = posed(PENALTIES[name], 0)
    found = block_pivoting(model, 1e-9)
    slope = model.slope_at(found)
    model.move_to(found, slope, model.decrease_at(found, slope))
    np.testing.assert_allclose(block_pivoting(model, 1e-9), found, rtol=1e-9, atol=1e-12)


def test_guesses_that_go_in_circles_end_without_an_answer(monkeypatch):
    model = posed(L1(), 0)
    guesses = []

    def wrong(free):
        guesses.append(free)
        # whatever is free goes beyond its kink, and returns at the next guess
        return lambda slope: np.where(free, 2 * model.point, 0.0)

    monkeypatch.setattr(model.metric, "solver_where", wrong)
    assert block_pivoting(model, 1e-9) is None
    assert len(guesses) < 20
