r"""
Errata of the four texts
========================

The lessons follow four texts: Eaton, "Introduction to the Math of Gradient Descent"; Chkifa, "An
introduction to gradient descent algorithms"; the handwritten Notes, "Numeric Minimization of Loss";
and the Lesson "Gradient Descent" of an online course on neural networks. They teach well, and like
all texts they contain mistakes. Here a number or a picture shows each of them.
"""

import matplotlib.pyplot as plt
import numpy as np

from sklearn_gd.inspection import check_gradient

rng = np.random.default_rng(0)

# %%
# 1. Eaton, equation (2): the cross-entropy
# -----------------------------------------
# Printed is :math:`(1 - y)(1 - \log p)`; it is :math:`(1 - y) \log(1 - p)`, and the case y = 0
# below it is wrong likewise. For y = 0 the loss as printed is :math:`\log p - 1`: it is at most -1,
# however wrong the prediction, and has no lower bound at p = 0, so that a single certain 0
# outweighs any number of wrong predictions. The cross-entropy is 0 at p = 0 and infinite at p = 1.

p = np.linspace(0.005, 0.995, 200)
fig, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
ax.plot(p, -(1 - np.log(p)), "C0--", label="as printed, -(1 - log p)")
ax.plot(p, -np.log(1 - p), "C1-", label="cross-entropy, -log(1 - p)")
ax.set(xlabel="predicted probability p", ylabel="loss of a point with y = 0")
ax.legend()
print(f"at p = 0.01: printed {-(1 - np.log(0.01)):.2f}, cross-entropy {-np.log(0.99):.2f}")

# %%
# 2. Eaton, demo program: the gradient
# ------------------------------------
# Printed is ``2 * (y - y_pred)``; the derivative of :math:`(y - m x)^2` in m is
# :math:`-2 x (y - m x)`. A gradient checker finds it at once, and :doc:`its own lesson
# <plot_eaton_demo>` shows why the printed run converged nevertheless.

x, m, y = -1.12242755, 1.06498435, -0.290105
check = check_gradient(lambda w: ((y - w[0] * x) ** 2, 2 * (y - w * x)), [m])
print(f"relative error as printed {check.max_relative_error:.2f}")
check = check_gradient(lambda w: ((y - w[0] * x) ** 2, -2 * x * (y - w * x)), [m])
print(f"relative error corrected {check.max_relative_error:.0e}")

# %%
# 3. Eaton: counts and labels
# ---------------------------
# The features are written :math:`x_1, \dots, x_9`, and there are eight. Label 1 is said to mean
# diabetes, yet 65 % of the 759 rows have it, while 35 % of the persons of the original study had
# diabetes: in this table 1 most likely means *no* diabetes. For the mathematics it makes no
# difference: with all labels swapped, all weights change their sign.
#
# 4. Eaton, computation graph
# ---------------------------
# After :math:`dJ/db` the text says that :math:`dJ/da` and :math:`dJ/db` are left; those left are
# :math:`dJ/da` and :math:`dJ/dc`.

step = 0.001
graph = {"a": 3 * (5 + step + 3 * 2), "b": 3 * (5 + (3 + step) * 2), "c": 3 * (5 + 3 * (2 + step))}
for name, value in graph.items():
    print(f"dJ/d{name} = {(value - 33) / step:.0f}")

# %%
# 5. Chkifa, batch descent
# ------------------------
# The text asks for a rate below 1/L and then takes 1/L. Both converge: every rate below 2/L does,
# see :doc:`the lesson on step sizes <plot_step_size>`. And the function that should be the mean
# of squared errors divides the norm by m, not the square of the norm.

x = 2 * rng.random(200)
y = 2 + 5 * x + 0.5 * rng.normal(size=200)
X_b = np.column_stack([np.ones(200), x])
theta_best = np.linalg.solve(X_b.T @ X_b, X_b.T @ y)
L = np.linalg.eigvalsh(X_b.T @ X_b / 200).max()
for factor in (0.99, 1.0, 1.9):
    theta = np.zeros(2)
    for _ in range(500):
        theta = theta - factor / L * X_b.T @ (X_b @ theta - y) / 200
    print(f"rate {factor}/L: error {np.abs(theta - theta_best).max():.0e} after 500 steps")
residual = X_b @ theta_best - y
norm = np.linalg.norm(residual)
print(f"norm / m = {norm / 200:.4f}, mean of squared errors = {norm**2 / 200:.4f}")

# %%
# 6. Chkifa, softmax
# ------------------
# The sum in the denominator starts at j = 0 while classes run from 1 to K: one exponential too
# many. With a score of 0 in that place, the probabilities do not add up to 1.

scores = np.array([1.0, 2.0, 0.5])
right = np.exp(scores) / np.exp(scores).sum()
printed = np.exp(scores) / (1 + np.exp(scores).sum())
print(f"sum of probabilities: as printed {printed.sum():.3f}, from j = 1 {right.sum():.3f}")

# %%
# 7. Chkifa, networks: a trap
# ---------------------------
# :math:`\Theta` is laid out with a row per class, K x (n_h + 1), but in
# :math:`\partial J/\partial h_j = \sum_l \partial J/\partial z_l\, \Theta_{j,l}` the first index
# is the component and the second the class. Read as row and column, it is the wrong entry, or
# none.

theta = rng.normal(size=(3, 5))
dz = rng.normal(size=3)
dh = theta.T @ dz
j = 2
print(f"dJ/dh_2 = {dh[j]:.4f}, with component j of each row {dz @ theta[:, j]:.4f}")
print(f"row j in place of column j: {dz @ theta[j, :3]:.4f}")

# %%
# 8. Notes: the sign
# ------------------
# :math:`dJ/dz` is derived as :math:`y - a` and then written :math:`a - y`; the line with NumPy has
# ``dJdz = y - a`` again. For J the negative log-likelihood it is :math:`a - y`. With the other sign
# the steps increase J.

z, label, rate = 0.3, 1.0, 0.5
a = 1 / (1 + np.exp(-z))
for name, slope in (("y - a", label - a), ("a - y", a - label)):
    after = np.logaddexp(0, -(z - rate * slope))
    print(f"a step with {name}: J from {np.logaddexp(0, -z):.3f} to {after:.3f}")

# %%
# 9. Notes: order, and words
# --------------------------
# The vector [w; b] is moved by [dJ/db; dJ/dw], in the other order. And where the slope is
# negative, "J(w) increases if w increases" should read *decreases*.

start = np.array([2.0, 5.5])  # w, b of the line w x + b
residual = start[0] * x + start[1] - y
dw, db = (residual * x).mean(), residual.mean()


def mean_square(w, b):
    """Half the mean of squared errors of the line."""
    return np.mean((w * x + b - y) ** 2) / 2


moved = {"[dw; db]": start - 0.8 / L * np.array([dw, db])}
moved["[db; dw]"] = start - 0.8 / L * np.array([db, dw])
for order, point in moved.items():
    print(f"a step by {order}: J from {mean_square(*start):.3f} to {mean_square(*point):.3f}")

# %%
# 10. Slips of the pen
# --------------------
# - Eaton: "dJ/dv = dJ/dv dv/dv" should read dJ/du = dJ/dv dv/du.
# - Chkifa: the descent prints the iterate before the last, because it stores a point and then
#   moves.
# - Lesson: the derivative announced as that of :math:`\hat y` in :math:`\hat y` is
#   :math:`\partial \hat y / \partial w_j = \hat y (1 - \hat y)\, x_j`.

theta, stored = np.zeros(2), []
for _ in range(5):
    stored.append(theta)
    theta = theta - X_b.T @ (X_b @ theta - y) / 200 / L
print(f"the last stored iterate {stored[-1]}, where the descent is {theta}")
w, step = 0.7, 1e-6
sigmoid = lambda w: 1 / (1 + np.exp(-1.5 * w))  # noqa: E731
slope = (sigmoid(w + step) - sigmoid(w - step)) / (2 * step)
print(f"d y_hat / d w: difference {slope:.6f}, formula {sigmoid(w) * (1 - sigmoid(w)) * 1.5:.6f}")

# %%
# 11. Names that have gone
# ------------------------
# Chkifa's ``SGDRegressor(n_iter=50)`` is ``SGDRegressor(max_iter=50, tol=None)`` today, and
# ``LogisticRegression`` is multinomial without ``multi_class``. The lessons use today's names.
