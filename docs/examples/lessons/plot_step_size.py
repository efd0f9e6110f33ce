r"""
Learning rate: how long a step may be
=====================================

The same descent with steps from half of 1/L to beyond 2/L. You learn why 2/L is the limit, why
1/L is neither the limit nor the best, and what the library does with a step that is too long.

.. rows: 1
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sklearn_gd import GDLinearRegressor
from sklearn_gd.inspection import learning_rate_range

rng = np.random.default_rng(0)
x = 2 * rng.random(200)
y = 2 + 5 * x + 0.5 * rng.normal(size=200)
X = x[:, np.newaxis]
X_b = np.column_stack([np.ones(200), x])
theta_best = np.linalg.solve(X_b.T @ X_b, X_b.T @ y)

# %%
# The factor of each direction
# ----------------------------
# For least squares the gradient is :math:`H (\theta - \theta^*)` with :math:`H = X_b^\top X_b/n`.
# One step multiplies the error along the j-th eigenvector of H, of eigenvalue :math:`\lambda_j`, by
#
# .. math:: 1 - \eta \lambda_j
#
# which shrinks it if and only if :math:`0 < \eta < 2/\lambda_j`. The largest eigenvalue, :math:`L`,
# gives the strictest condition: descent converges for every :math:`\eta < 2/L`, and at 2/L it keeps
# bouncing from one wall of the valley to the other. It is quickest where the factors of the largest
# and the smallest eigenvalue are equally far from zero, :math:`\eta = 2/(L + \mu)`.

eigenvalues = np.linalg.eigvalsh(X_b.T @ X_b / 200)
mu, L = eigenvalues
print(f"eigenvalues {mu:.4f} and {L:.4f}: 1/L = {1 / L:.4f}, 2/(L + mu) = {2 / (L + mu):.4f}")


def descend(eta, n_steps=80):
    """The path of batch descent from (0, 0)."""
    path = [np.zeros(2)]
    for _ in range(n_steps):
        path.append(path[-1] - eta * X_b.T @ (X_b @ path[-1] - y) / 200)
    return np.array(path)


cases = {
    "0.5/L": (0.5 / L, "C0:"),
    "1/L": (1 / L, "C0-"),
    "2/(L + μ)": (2 / (L + mu), "C2-"),
    "2/L": (2 / L, "C1--"),
    "2.1/L": (2.1 / L, "C3-."),
}
paths = {name: descend(eta) for name, (eta, _) in cases.items()}

fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
for name, (_, style) in cases.items():
    error = np.linalg.norm(paths[name] - theta_best, axis=1)
    ax.semilogy(error, style, label=name)
ax.set(xlabel="step", ylabel=r"$|\theta - \theta^*|$", title="Distance to the normal equation")
ax.legend(title="learning rate", loc="lower left")
ax.grid(alpha=0.3)

# %%
# The paths show the same. Up to 1/L the descent never crosses the valley; between 1/L and 2/L it
# crosses at each step, a little less far every time; beyond 2/L, farther and farther.

grid_0, grid_1 = np.meshgrid(np.linspace(-2, 6.5, 80), np.linspace(-2, 8.5, 80))
grid = np.stack([grid_0, grid_1], axis=-1) - theta_best
values = np.einsum("ijk,kl,ijl->ij", grid, X_b.T @ X_b / 200, grid) / 2

fig, axes = plt.subplots(1, 3, figsize=(9, 3.4), sharey=True, layout="constrained")
for ax, name in zip(axes, ("1/L", "2/(L + μ)", "2.1/L"), strict=True):
    ax.contour(grid_0, grid_1, values, levels=np.geomspace(0.02, 60, 12), cmap="viridis")
    ax.plot(*paths[name][:13].T, "C1.-")
    ax.plot(*theta_best, "k*", ms=10)
    ax.set(title=f"learning rate {name}", xlabel="intercept", xlim=(-2, 6.5), ylim=(-2, 8.5))
axes[0].set_ylabel("slope")

# %%
# In the library
# --------------
# ``learning_rate="auto"`` is 1/L. A number is a constant rate. If it makes the objective grow
# without limit, the rate is halved and the fit continues; the stop reason and a warning report it.

start = {"coef_init": [0.0], "intercept_init": 0.0}
for name in ("1/L", "2/(L + μ)", "2.1/L"):
    model = GDLinearRegressor(solver="gd", alpha=0, learning_rate=cases[name][0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y, **start)
    print(f"{name}: {model.n_iter_} steps, {model.stop_reason_}\n")

# %%
# Which rate to take
# ------------------
# If L is not known, rates can be tried: a few passes from the same initial values with each of a
# range of rates. The rate with the lowest objective is a suggestion. Near 2/L, to the right of it,
# the objective rises steeply.

rates = np.geomspace(0.01, 2, 24) / L * 2
trial = learning_rate_range(
    GDLinearRegressor(solver="gd", alpha=0), X, y, learning_rates=rates, max_iter=40
)
trial.plot()
trial.ax_.set_title("40 passes with each learning rate")
print(f"best of the rates {trial.best:.3f}, 2/(L + mu) {2 / (L + mu):.3f}, 2/L {2 / L:.3f}")
print(f"the largest that did not diverge {rates[np.isfinite(trial.objectives)].max():.3f}")

# %%
# The text behind this lesson
# ---------------------------
# The lesson corrects Chkifa's chapter on batch gradient descent. It asks for :math:`\eta < 1/L`,
# then uses :math:`\eta = 1/L`; both converge. It prints 0.0351 as "the local minimum", for noise of
# variance 0.25. Its function divides the *norm* of the residuals by m, not its square. This does
# not affect the descent, which only uses the gradient.

residual = X_b @ theta_best - y
print(f"|residual| / m = {np.linalg.norm(residual) / 200:.4f}")
print(f"|residual|² / m = {residual @ residual / 200:.4f}, the mean of squared errors")
print(f"the text's 0.0350809 stands for a mean of {(0.0350809 * 200) ** 2 / 200:.4f}")

# %%
# In numbers
# ----------
# The error along each eigenvector is multiplied by :math:`1 - \eta \lambda` per step, here over 20
# steps at 1.9/L.

_, vectors = np.linalg.eigh(X_b.T @ X_b / 200)
errors = (descend(1.9 / L, 20) - theta_best) @ vectors
expected = errors[0] * (1 - 1.9 / L * eigenvalues) ** 20
print(f"predicted against computed: largest difference {np.abs(errors[20] - expected).max():.1e}")
