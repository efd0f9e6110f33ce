r"""
Stochastic gradient descent: one random row at a time
=====================================================

Stochastic gradient descent takes the gradient of a single row. You learn what the schedule
t0/(t + t1) is for, what changes when rows are drawn without replacement, and how the path of one
row at a time looks compared with the path of all rows.

The lesson follows Chkifa's chapter on stochastic gradient descent: 50 epochs, t0 = 5, t1 = 50.

.. rows: 6
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import SGDRegressor

from sklearn_gd import GDLinearRegressor
from sklearn_gd.schedules import InverseScaling

n, n_epochs = 200, 50
rng = np.random.default_rng(0)
x = 2 * rng.random(n)
y = 2 + 5 * x + 0.5 * rng.normal(size=n)
X = x[:, np.newaxis]
X_b = np.column_stack([np.ones(n), x])
theta_best = np.linalg.solve(X_b.T @ X_b, X_b.T @ y)

# %%
# The loop of the text
# --------------------
# At step t a row is drawn at random, *with replacement*, and :math:`\theta \leftarrow \theta -
# \eta_t\,2\,(x\theta - y)\,x` with :math:`\eta_t = t_0 / (t + t_1)`. The rates must decrease: with
# a constant rate, the noise of single rows keeps the iterate moving around the optimum for ever.
# They must not decrease too fast: :math:`\sum_t \eta_t` must be infinite, or the iterate may never
# reach the optimum.


def stochastic_descent(order, start):
    """The path of theta over rows in this order, at the rates of the text."""
    path = [start]
    for t, i in enumerate(order):
        gradient = 2 * (X_b[i] @ path[-1] - y[i]) * X_b[i]
        path.append(path[-1] - 5 / (t + 50) * gradient)
    return np.array(path)


with_replacement = rng.integers(n, size=n_epochs * n)
shuffles = np.concatenate([rng.permutation(n) for _ in range(n_epochs)])
start = np.zeros(2)
path_with = stochastic_descent(with_replacement, start)
path_without = stochastic_descent(shuffles, start)

# %%
# The library
# -----------
# The library visits every row once per pass, in a new order: *without* replacement. Its loss has
# the factor 1/2, so the text's :math:`t_0 = 5` is ``t0=10``. With ``tol=0`` a fit makes exactly 50
# passes. scikit-learn's ``SGDRegressor`` has the schedule :math:`\eta_0 / t^{1/4}` at its defaults;
# ``max_iter`` and ``tol=None`` replace the ``n_iter`` of the text, which no longer exists.

model = GDLinearRegressor(
    solver="sgd",
    batch_size=1,
    learning_rate=InverseScaling(t0=10, t1=50),
    alpha=0,
    max_iter=n_epochs,
    tol=0,
    random_state=0,
)
model.fit(X, y, coef_init=[0.0], intercept_init=0.0)
reference = SGDRegressor(max_iter=n_epochs, tol=None, penalty=None, eta0=0.1, random_state=0).fit(
    X, y
)

answers = {
    "normal equation": theta_best,
    "NumPy, with replacement": path_with[-1],
    "NumPy, without": path_without[-1],
    "GDLinearRegressor": np.array([model.intercept_, model.coef_[0]]),
    "SGDRegressor": np.array([reference.intercept_[0], reference.coef_[0]]),
}
for name, theta in answers.items():
    error = np.abs(theta - theta_best).max()
    print(f"{name:24s} intercept {theta[0]:.4f}, slope {theta[1]:.4f}, error {error:.4f}")

# %%
# Two paths
# ---------
# Batch descent goes straight down, with 200 rows per step. Stochastic descent takes 200 steps in
# the same pass: at first towards the valley too, then around its floor.

path_batch = [start]
L = np.linalg.eigvalsh(X_b.T @ X_b / n).max()
for _ in range(n_epochs):
    path_batch.append(path_batch[-1] - X_b.T @ (X_b @ path_batch[-1] - y) / n / L)
path_batch = np.array(path_batch)

grid_0, grid_1 = np.meshgrid(np.linspace(-0.5, 4.5, 80), np.linspace(-0.5, 7.5, 80))
grid = np.stack([grid_0, grid_1], axis=-1) - theta_best
values = np.einsum("ijk,kl,ijl->ij", grid, X_b.T @ X_b / n, grid) / 2

fig, axes = plt.subplots(1, 2, figsize=(9, 4), sharey=True, layout="constrained")
shown = {
    "batch: 50 steps, 50 passes": path_batch,
    "stochastic: 1,000 steps, 5 passes": path_without[: 5 * n + 1],
}
for ax, (title, path) in zip(axes, shown.items(), strict=True):
    ax.contour(grid_0, grid_1, values, levels=np.geomspace(0.02, 40, 10), colors="0.75")
    ax.plot(*path.T, "C0.-", lw=0.8, ms=3)
    ax.plot(*theta_best, "C1*", ms=13, label="normal equation")
    ax.set(title=title, xlabel="intercept", xlim=(-0.5, 4.5), ylim=(-0.5, 7.5))
axes[0].set_ylabel("slope")
axes[0].legend(loc="lower right")

# %%
# With and without replacement
# ----------------------------
# One run is a matter of luck, so 200 runs of each kind are compared, all at once as rows of an
# array. Drawn with replacement, about a third of the rows are missed in each pass, and others come
# twice. Without replacement all rows balance at the end of a pass, and the error is smaller.


def mean_errors(orders):
    """Root mean square distance to the normal equation after each pass, over runs."""
    theta, errors = np.zeros((len(orders), 2)), []
    for t, i in enumerate(orders.T):
        residual = np.sum(X_b[i] * theta, axis=1) - y[i]
        theta = theta - 5 / (t + 50) * 2 * residual[:, np.newaxis] * X_b[i]
        if (t + 1) % n == 0:
            errors.append(np.sqrt(np.mean(np.sum((theta - theta_best) ** 2, axis=1))))
    return np.array(errors)


n_runs = 200
drawn = rng.integers(n, size=(n_runs, n_epochs * n))
shuffled = rng.permuted(np.tile(np.arange(n), (n_runs * n_epochs, 1)), axis=1)
errors_with = mean_errors(drawn)
errors_without = mean_errors(shuffled.reshape(n_runs, -1))

fig, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
passes = np.arange(1, n_epochs + 1)
ax.loglog(passes, errors_with, "C0-", label="with replacement")
ax.loglog(passes, errors_without, "C1--", label="without replacement")
ax.set(
    xlabel="pass", ylabel="distance to the normal equation", title="Root mean square over 200 runs"
)
ax.legend()
ax.grid(alpha=0.3, which="both")

# %%
# In numbers
# ----------
# With ``shuffle=False`` both loops visit the rows in the order of the table, and agree.

model.set_params(shuffle=False).fit(X, y, coef_init=[0.0], intercept_init=0.0)
in_order = stochastic_descent(np.tile(np.arange(n), n_epochs), start)[-1]
difference = np.abs(in_order - [model.intercept_, model.coef_[0]]).max()
print(f"the library against the loop, same order: largest difference {difference:.1e}")
ratio = errors_with[-1] / errors_without[-1]
print(f"after 50 passes, error with {errors_with[-1]:.4f}, without {errors_without[-1]:.4f}")
print(f"ratio {ratio:.1f}")
