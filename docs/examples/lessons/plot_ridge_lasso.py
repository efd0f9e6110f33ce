r"""
Lasso, ridge and Tikhonov regularization
========================================

Three penalties on the coefficients of one regression, each compared with a reference:
scikit-learn's Lasso, ElasticNet and Ridge, and the closed form with a matrix :math:`\Gamma`. You
learn how to convert the strengths, what each penalty does to the coefficients, and how to draw the
coefficients for a range of strengths.

The lesson follows Chkifa's variants of linear regression.

.. rows: 5
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.linear_model import ElasticNet, Lasso, Ridge

from sklearn_gd import GDLinearRegressor, regularization_path
from sklearn_gd.penalties import Tikhonov

X, y = load_diabetes(return_X_y=True, as_frame=True)
names = X.columns
n = len(y)

# %%
# Strengths
# ---------
# The objective is the mean loss plus alpha times a penalty,
#
# .. math:: F(w, b) = \frac{1}{2n} |X w + b - y|^2 + \alpha \cdot penalty(w)
#
# The text writes :math:`\frac1m |X\theta - Y|^2 + \lambda |\theta|_1` and
# :math:`\frac1m |X\theta - Y|^2 + |\Gamma\theta|^2`. That is 2 F, so its :math:`\lambda` is
# :math:`2 \alpha`, and its :math:`\Gamma` with the Tikhonov penalty :math:`|\Gamma w|^2/2` has
# :math:`\alpha = 1`. The text also penalises the intercept :math:`\theta_0`; here, as in
# scikit-learn, it is free.
#
# ======================================= ============================================
# scikit-learn                            here
# ======================================= ============================================
# ``Lasso(alpha=a)``                      ``penalty="l1", alpha=a``
# ``ElasticNet(alpha=a, l1_ratio=r)``     ``penalty="elasticnet", alpha=a, l1_ratio=r``
# ``Ridge(alpha=a)``                      ``penalty="l2", alpha=a/n``
# ======================================= ============================================

precise = {"tol": 1e-14}
pairs = {
    "Lasso": (
        Lasso(alpha=0.5, tol=1e-12),
        GDLinearRegressor(penalty="l1", alpha=0.5, **precise),
    ),
    "ElasticNet": (
        ElasticNet(alpha=0.01, l1_ratio=0.5, tol=1e-12, max_iter=10_000),
        GDLinearRegressor(penalty="elasticnet", alpha=0.01, l1_ratio=0.5, **precise),
    ),
    "Ridge": (
        Ridge(alpha=1.0),
        GDLinearRegressor(penalty="l2", alpha=1 / n, **precise),
    ),
}
for name, (theirs, ours) in pairs.items():
    theirs.fit(X, y)
    ours.fit(X, y)
    gap = np.abs(ours.coef_ - theirs.coef_).max() / np.abs(theirs.coef_).max()
    print(f"{name:10s} largest relative difference {gap:.0e}, zeros {np.sum(ours.coef_ == 0)}")

# %%
# The lasso has exact zeros. Its penalty has a kink at 0 and no gradient there, so descent uses its
# *proximal operator*: a step on the smooth part, then each coefficient moves towards 0 by a fixed
# amount and stays there if it arrives.

fig, ax = plt.subplots(figsize=(7, 3.8), layout="constrained")
position = np.arange(len(names))
for shift, (name, marker) in enumerate(zip(pairs, "osD", strict=True)):
    theirs, ours = pairs[name]
    place = position + 0.22 * (shift - 1)
    ax.plot(place, ours.coef_, "C" + str(shift) + marker, label=name)
    ax.plot(place, theirs.coef_, "kx", ms=7, label="scikit-learn" if shift == 2 else None)
ax.axhline(0, color="0.7", lw=1)
ax.set_xticks(position, names)
ax.set(ylabel="coefficient", title="Coefficients here, and scikit-learn's (crosses)")
ax.legend(ncols=2)

# %%
# A path of strengths
# -------------------
# ``regularization_path`` fits one alpha after the other, from the strongest down, each from the
# optimum of the last. In the lasso features enter one by one, and may leave again; in ridge all
# are there from the start.

lasso, ridge = GDLinearRegressor(penalty="l1"), GDLinearRegressor(penalty="l2")
paths = {
    "lasso": regularization_path(lasso, X, y, np.geomspace(2.2, 0.002, 40)),
    "ridge": regularization_path(ridge, X, y, np.geomspace(0.2, 2e-6, 40)),
}
fig, axes = plt.subplots(1, 2, figsize=(9, 3.8), sharey=True, layout="constrained")
for ax, (name, path) in zip(axes, paths.items(), strict=True):
    for j, feature in enumerate(names):
        ax.semilogx(path.alphas, path.coefs[:, j], "-" if j < 5 else "--", label=feature)
    ax.invert_xaxis()
    ax.set(xlabel="alpha, weaker to the right", title=name)
axes[0].set_ylabel("coefficient")
axes[1].legend(ncols=2, fontsize=8, loc="upper left")
print("features in the lasso:", (paths["lasso"].coefs != 0).sum(axis=1)[::5])

# %%
# Ridge with a matrix
# -------------------
# :math:`\Gamma` says which coefficients are unlikely. If its rows are the differences of
# neighbours, jumps between neighbouring coefficients are unlikely. This suits features that are
# points of a curve. Here there are 60 such features, 80 rows with noise, and the true coefficients
# are a smooth wave.
#
# With centred X and y, the closed form is
#
# .. math:: w^* = \left( \frac{X^\top X}{n} + \alpha\, \Gamma^\top \Gamma \right)^{-1}
#    \frac{X^\top y}{n}

rng = np.random.default_rng(0)
truth = np.sin(np.linspace(0, 2 * np.pi, 60))
Z = rng.normal(size=(80, 60))
t = Z @ truth + 3 * rng.normal(size=80)
gamma = np.diff(np.eye(60), axis=0)

smooth = GDLinearRegressor(penalty=Tikhonov(matrix=gamma), alpha=10.0, **precise).fit(Z, t)
plain = GDLinearRegressor(penalty="l2", alpha=0.3, **precise).fit(Z, t)
centred, target = Z - Z.mean(axis=0), t - t.mean()
closed = np.linalg.solve(centred.T @ centred / 80 + 10.0 * gamma.T @ gamma, centred.T @ target / 80)

fig, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
ax.plot(truth, "k--", label="truth")
ax.plot(plain.coef_, "C0o", ms=4, label="l2")
ax.plot(smooth.coef_, "C1s", ms=4, label="Tikhonov, differences of neighbours")
ax.plot(closed, "C1-", lw=1, label="closed form")
ax.set(xlabel="feature", ylabel="coefficient")
ax.legend()

# %%
# In numbers
# ----------

print(f"closed form: largest difference {np.abs(smooth.coef_ - closed).max():.1e}")
for name, model in (("l2", plain), ("Tikhonov", smooth)):
    error = np.sqrt(np.mean((model.coef_ - truth) ** 2))
    print(f"{name}: root mean square error of the coefficients {error:.2f}")
