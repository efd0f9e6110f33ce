r"""
Choose alpha by cross-validation
================================

How strong should a penalty be? :class:`~sklearn_gd.GDPathCV` fits the model for a range of alphas
in every fold, from the strongest to the weakest, and scores each fit on the rows that are held out.
This page shows the path of the coefficients, the scores, and the rule of one standard error.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.model_selection import GridSearchCV

from sklearn_gd import GDLinearRegressor, GDPathCV
from sklearn_gd.inspection import PathDisplay

X, y = load_diabetes(return_X_y=True, as_frame=True)

# %%
# The path
# --------
# By default there are 100 strengths in geometric progression. The first is the smallest alpha for
# which all coefficients are zero. From there on features enter, the most useful ones first.

lasso = GDLinearRegressor(penalty="l1")
best = GDPathCV(lasso).fit(X, y)
print(f"alphas from {best.alphas_[0]:.3g} to {best.alphas_[-1]:.3g}")

fig, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
PathDisplay.from_estimator(best, ax=axes[0])
PathDisplay.from_estimator(best, kind="scores", ax=axes[1])
plt.show()

# %%
# The score is minus the mean loss, here half the squared error. It is nearly flat around the best
# alpha, the dashed line: which of these alphas wins is a matter of chance.
#
# One standard error
# ------------------
# A mean over five folds is known up to its standard error, the band in the picture. The rule
# ``"one_standard_error"`` takes the strongest penalty whose score lies within it: a simpler model
# whose score is not significantly worse.

sparse = GDPathCV(lasso, rule="one_standard_error").fit(X, y)
for name, search in {"best": best, "one standard error": sparse}.items():
    coef = search.best_estimator_.coef_
    kept = ", ".join(search.feature_names_in_[coef != 0])
    print(f"{name}: alpha {search.best_alpha_:.3g}, score {search.best_score_:.1f}, {kept}")

# %%
# Mixing l1 and l2
# ----------------
# With ``penalty="elasticnet"``, ``l1_ratios`` are searched at the same time. Each ratio has a
# separate path, because the first alpha depends on it.

elastic = GDPathCV(
    GDLinearRegressor(penalty="elasticnet"), alphas=30, l1_ratios=[0.1, 0.5, 0.9, 1.0]
).fit(X, y)
print(f"best l1_ratio {elastic.best_l1_ratio_}, alpha {elastic.best_alpha_:.3g}")

fig, ax = plt.subplots(figsize=(6, 4), layout="constrained")
for ratio, alphas, scores in zip(
    elastic.l1_ratios, elastic.alphas_, elastic.scores_.mean(axis=-1), strict=True
):
    ax.plot(alphas, scores, label=f"l1_ratio={ratio}")
ax.set(xscale="log", xlabel="alpha", ylabel="mean score on held-out rows")
ax.legend()
plt.show()

# %%
# The same as a grid search
# -------------------------
# ``GridSearchCV`` finds the same alpha. It starts every fit from the beginning, while the path
# starts from the optimum of the previous alpha.

alphas = np.geomspace(2, 0.002, 15)
grid = GridSearchCV(lasso, {"alpha": alphas}, scoring="neg_mean_squared_error", cv=5).fit(X, y)
path = GDPathCV(lasso, alphas=alphas).fit(X, y)
print(f"{grid.best_params_['alpha']:.4f} by the grid, {path.best_alpha_:.4f} by the path")
gap = np.abs(2 * path.cv_results_["mean_test_score"] / grid.cv_results_["mean_test_score"] - 1)
print(f"mean squared errors differ by {gap.max():.0e} at most")
