r"""
Feature selection: lasso, adaptive lasso, MCP and SLOPE
=======================================================

The lasso selects features, and shrinks the coefficients that it selects. With a weak penalty it
shrinks little but selects too many. Three penalties treat large coefficients differently: the
adaptive lasso weights the penalty of each feature by the result of a first fit, MCP is constant for
large coefficients, and SLOPE penalises by rank and keeps correlated features together.
"""

import matplotlib.pyplot as plt
import numpy as np

from sklearn_gd import GDLinearRegressor
from sklearn_gd.penalties import MCP, SLOPE

# %%
# Five of forty features matter, and neighbours are correlated.

rng = np.random.default_rng(0)
n, d = 200, 40
shared = np.cumsum(rng.normal(size=(n, d)), axis=1)
X = 0.5 * (shared - shared.mean(axis=0)) / shared.std(axis=0) + rng.normal(size=(n, d))
truth = np.zeros(d)
truth[[2, 9, 17, 25, 33]] = [3.0, -2.0, 1.5, 1.0, -1.0]
y = X @ truth + rng.normal(size=n)

# %%
# The adaptive lasso is two fits: ``penalty_weights`` of the second are one over the size of the
# coefficients of the first, a weak ridge regression. A feature of weight 0 would not be penalised
# at all.

first = GDLinearRegressor(alpha=1e-3).fit(X, y)
models = {
    "lasso": GDLinearRegressor(penalty="l1", alpha=0.1),
    "adaptive lasso": GDLinearRegressor(
        penalty="l1", alpha=0.05, penalty_weights=1 / np.abs(first.coef_)
    ),
    "MCP": GDLinearRegressor(penalty=MCP(gamma=0.8), alpha=0.25),
    "SLOPE": GDLinearRegressor(penalty=SLOPE(q=0.1), alpha=0.12),
}
fig, axes = plt.subplots(2, 2, figsize=(8, 5), sharex=True, sharey=True, layout="constrained")
for ax, (name, model) in zip(axes.flat, models.items(), strict=True):
    coef = model.fit(X, y).coef_
    found, error = np.flatnonzero(coef), np.linalg.norm(coef - truth)
    wrong = np.setdiff1d(found, np.flatnonzero(truth))
    print(f"{name:15} {len(found):2} features, {len(wrong):2} wrong, error {error:.2f}")
    ax.plot(np.flatnonzero(truth), truth[truth != 0], "k_", ms=12, label="true")
    ax.stem(found, coef[found], basefmt=" ", label="found")
    ax.set(title=f"{name}: {len(found)} features, error {error:.2f}")
    ax.axhline(0, color="0.7", lw=0.8, zorder=0)
axes[0, 0].legend()

# %%
# MCP is not convex, so the fit reports a stationary point.

print(models["MCP"].stop_reason_)

plt.show()
