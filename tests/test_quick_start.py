"""``python -m sklearn_gd``: what it prints is what it measured."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_gd import GDLinearRegressor, GDLogisticClassifier
from sklearn_gd import __main__ as quick_start


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    return X, X @ [1.0, -2.0, 0.5] + rng.normal(size=60)


def test_the_objective_of_a_peer_is_measured_like_ours(data):
    X, y = data
    alpha = 0.1
    ours = GDLinearRegressor(alpha=alpha).fit(X, y)
    peer = Ridge(alpha=alpha * len(y), tol=1e-12).fit(X, y)
    assert quick_start.objective(peer, X, y, alpha) == pytest.approx(
        quick_start.objective(ours, X, y, alpha), rel=1e-10
    )


def test_the_objective_behind_a_scaler_is_in_scaled_units(data):
    X, y = data
    X, y = X * [1, 100, 0.01], (y > 0).astype(int)
    ours = make_pipeline(StandardScaler(), GDLogisticClassifier(alpha=0.01)).fit(X, y)
    C = quick_start.strength("C", 0.01, len(y))["C"]
    peer = make_pipeline(StandardScaler(), LogisticRegression(C=C, tol=1e-10)).fit(X, y)
    assert quick_start.objective(peer, X, y, 0.01) == pytest.approx(
        quick_start.objective(ours, X, y, 0.01), rel=1e-7
    )


def test_a_line_has_score_objective_passes_seconds_and_warnings(data, capsys):
    X, y = data
    quick_start.report("Ridge", "raw", Ridge(), (X[:40], X[40:], y[:40], y[40:]))
    fields = capsys.readouterr().out.split()
    assert fields[:2] == ["Ridge", "raw"]
    assert len(fields) == len(quick_start.HEADER)
    assert fields[-1] == "0"
