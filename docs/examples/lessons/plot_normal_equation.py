r"""
Gradient descent and the normal equation
========================================

A line through 200 points, found twice: by the normal equation, which is exact, and by gradient
descent with the step 1/L. You learn what L is, when the descent stops, what its stop reason says,
why the error is a mean, and which metric turns one step of descent into the normal equation.

The lesson follows Chkifa's chapter on linear regression.

.. rows: 1 2 3 20
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sklearn_gd import GDLinearRegressor
from sklearn_gd.inspection import LossCurveDisplay
from sklearn_gd.solvers import GradientDescent

# %%
# The data
# --------
# 200 points of :math:`y = 2 + 5 x + noise`, x between 0 and 2, noise of standard deviation 0.5.

rng = np.random.default_rng(0)
x = 2 * rng.random(200)
y = 2 + 5 * x + 0.5 * rng.normal(size=200)
X = x[:, np.newaxis]

# %%
# The normal equation
# -------------------
# With a column of ones for the intercept, the mean of squared errors
#
# .. math:: F(\theta) = \frac{1}{2n} |X_b\,\theta - y|^2, \qquad
#    \nabla F(\theta) = \frac1n X_b^\top (X_b\,\theta - y)
#
# is smallest where its gradient is zero:
# :math:`X_b^\top X_b\,\theta^* = X_b^\top y`. Solving that system is better than inverting its
# matrix, which costs more and loses digits.

X_b = np.column_stack([np.ones(200), x])
theta_best = np.linalg.solve(X_b.T @ X_b, X_b.T @ y)
print(f"normal equation: intercept {theta_best[0]:.6f}, slope {theta_best[1]:.6f}")

# %%
# Batch gradient descent
# ----------------------
# The text starts at (0, 0) and repeats :math:`\theta \leftarrow \theta - \eta \nabla F(\theta)`
# with :math:`\eta = 1/L`, L the largest eigenvalue of :math:`X_b^\top X_b / n`: no direction of F
# bends more than that. (The text's F has no factor 1/2. Its gradient and its L are then twice as
# large, and the step 1/L times the gradient is the same.)

L = np.linalg.eigvalsh(X_b.T @ X_b / 200).max()
theta = np.zeros(2)
path = [theta]
for _ in range(100):
    theta = theta - X_b.T @ (X_b @ theta - y) / 200 / L
    path.append(theta)

# %%
# The same in the library: ``solver="gd"`` takes the step 1/L by itself. Without ``coef_init`` and
# ``intercept_init`` it would start at the best constant, which is nearer.

start = {"coef_init": [0.0], "intercept_init": 0.0}
model = GDLinearRegressor(solver="gd", alpha=0, max_iter=100, tol=0).fit(X, y, **start)
ours = np.array([model.intercept_, model.coef_[0]])
print(f"after {model.n_iter_} steps: {ours}, the loop above: {path[-1]}")
print(f"largest difference {np.abs(ours - path[-1]).max():.1e}")

# %%
# When to stop
# ------------
# There are two ways to end. ``max_iter`` limits the number of iterations. ``tol`` sets the
# accuracy: a fit has converged when the relative gap to the optimum, estimated by second
# derivatives, is at most this value. ``stop_reason_`` says which of the two it was.

for tol in (1e-2, 1e-4, 1e-8, 1e-12):
    model = GDLinearRegressor(solver="gd", alpha=0, tol=tol).fit(X, y, **start)
    error = np.abs([model.intercept_ - theta_best[0], model.coef_[0] - theta_best[1]]).max()
    print(f"tol={tol:.0e}: {model.n_iter_:3d} steps, error {error:.0e}; {model.stop_reason_}")

# %%
# A fit that reaches ``max_iter`` warns, unless ``tol=0`` asks for exactly that many steps.

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always", ConvergenceWarning)
    GDLinearRegressor(solver="gd", alpha=0, max_iter=10).fit(X, y, **start)
print(caught[0].message)

# %%
# The line is on the left, and the relative gap to the optimum, which ``tol`` bounds, on the right.
# It shrinks by the same factor at each step: a straight line on a logarithmic axis. It is the cheap
# estimate of the solver until it is near ``tol``; the jump near the end is where second derivatives
# are used to confirm that the fit has converged.

model = GDLinearRegressor(solver="gd", alpha=0, tol=1e-13).fit(X, y, **start)

fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
left.scatter(x, y, s=10, color="0.6", label="data")
ends = np.array([0.0, 2.0])
for steps, style in ((1, ":"), (5, "-."), (20, "--")):
    left.plot(ends, path[steps][0] + path[steps][1] * ends, "C0" + style, label=f"step {steps}")
left.plot(ends, theta_best[0] + theta_best[1] * ends, "C1", label="normal equation")
left.set(xlabel="x", ylabel="y", title="The line")
left.legend()
LossCurveDisplay.from_estimator(model, y="optimality", name="step 1/L", ax=right, marker="")
right.set(title="What is left to gain", ylabel="share of the objective")
right.grid(alpha=0.3)

# %%
# One step
# --------
# 1/L is one number for all directions, so the steepest direction limits the steps along flat ones.
# A *metric* gives each direction its own: with the second derivatives :math:`H = X_b^\top X_b / n`
# in the place of L,
#
# .. math:: \theta - H^{-1} \nabla F(\theta)
#    = \theta - H^{-1} (H \theta - X_b^\top y / n) = H^{-1} X_b^\top y / n = \theta^*
#
# from any initial value: one gradient step *is* the normal equation. ``solver="auto"`` uses this
# for least squares.

exact = GDLinearRegressor(solver=GradientDescent(metric="curvature"), alpha=0).fit(X, y, **start)
print(f"{exact.n_iter_} step: intercept {exact.intercept_:.6f}, slope {exact.coef_[0]:.6f}")
print(exact.stop_reason_)

# %%
# The error is a mean
# -------------------
# F is the *average* over points. So copying all rows changes nothing: neither the minimum, nor L,
# nor any step. With a sum in its place, the same step would be twice as long and diverge. A sample
# weight of 2 is such a copy.

settings = {"solver": "gd", "alpha": 0.1, "max_iter": 7, "tol": 0}
once = GDLinearRegressor(**settings).fit(X, y)
twice = GDLinearRegressor(**settings).fit(np.tile(X, (2, 1)), np.tile(y, 2))
weighted = GDLinearRegressor(**settings).fit(X, y, sample_weight=np.full(200, 2.0))
change = max(abs(other.coef_[0] - once.coef_[0]) for other in (twice, weighted))
print(f"largest change of the slope after 7 steps: {change:.1e}")

# %%
# In numbers
# ----------

by_descent = np.array([model.intercept_, model.coef_[0]])
by_metric = np.array([exact.intercept_, exact.coef_[0]])
print(f"1/L against the normal equation: difference {np.abs(by_descent - theta_best).max():.1e}")
print(f"one step in the metric: largest difference {np.abs(by_metric - theta_best).max():.1e}")
