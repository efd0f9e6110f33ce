"""partial_fit with all defaults, on rows in units that nobody has looked at."""

import numpy as np
import pytest
from sklearn.metrics import log_loss

from sklearn_gd import GDLogisticClassifier


@pytest.mark.parametrize("offset", [0, 50], ids=["centred", "far from zero"])
def test_three_passes_over_columns_in_any_units_come_within_two_per_cent(offset):
    rng = np.random.default_rng(0)
    n, d, chunk = 30_000, 20, 1000
    Z = rng.normal(size=(n, d))
    y = (Z @ rng.normal(size=d) / 2 + rng.logistic(size=n) > 0).astype(int)
    X = (Z + offset) * np.logspace(-4, 4, d)
    best = log_loss(y, GDLogisticClassifier(alpha=1e-6).fit(X, y).predict_proba(X))
    stream = GDLogisticClassifier(alpha=1e-6, random_state=0)
    for _ in range(3):
        for start in range(0, n, chunk):
            rows = slice(start, start + chunk)
            stream.partial_fit(X[rows], y[rows], classes=[0, 1])
    assert log_loss(y, stream.predict_proba(X)) <= 1.02 * best
