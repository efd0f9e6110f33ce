r"""
Minimise your own function
==========================

Solvers need no data, only a function that returns its value and its gradient. You learn why a step
goes against the slope, what descent looks like for one weight and for two, how to use an optimiser
of SciPy instead, and how to stop by your own rule.

The lesson follows the Notes, Eaton's pictures of J(w), and the end of Chkifa's text: "gradient
descent or a built-in optimization function".

.. rows: 12 17 22 26
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import StandardScaler

from sklearn_gd import GDLogisticClassifier
from sklearn_gd.inspection import DescentDisplay
from sklearn_gd.solvers import GradientDescent, Run, Scipy

# %%
# One weight
# ----------
# Five points, one weight, no intercept: J is the mean cross-entropy of
# :math:`\sigma(w x)`. Where the slope is negative, J *falls* as w grows, so w must grow; where it
# is positive, w must shrink. Both are one formula, :math:`w \leftarrow w - \alpha J'(w)`. (The
# Notes say "increases if w increases" in both cases; that is right for a positive slope only.)

x = np.array([-2.0, -1.0, 0.5, 1.0, 2.0])
y = np.array([0.0, 0.0, 0.0, 1.0, 0.0])


def cross_entropy(w):
    """J(w) and its derivative, for one weight."""
    raw = w[0] * x
    error = 1 / (1 + np.exp(-raw)) - y
    return np.mean(np.logaddexp(0, raw) - y * raw), np.array([np.mean(error * x)])


# %%
# The inputs of the algorithm in the Notes are an initial value, a rate and a number of steps.
# ``Run`` has the last two. The loop is the algorithm itself.


def descend(start, alpha, n_iter):
    """The loop of the Notes; all iterates."""
    path = [np.array(start)]
    for _ in range(n_iter):
        path.append(path[-1] - alpha * cross_entropy(path[-1])[1])
    return np.array(path)


run = Run(learning_rate=1.0, max_iter=30, tol=0)
result = GradientDescent().minimize(cross_entropy, np.array([-3.0]), run)
left = descend([-3.0], 1.0, 30)
print(f"library {result.params[0]:.10f}, loop {left[-1, 0]:.10f}")

# %%
# ``DescentDisplay`` runs a solver and draws its path, for one weight on the curve of the function.
# The curve is dashed where its slope is negative.

settings = {"learning_rate": 1.0, "max_iter": 30, "step_numbers": False}
fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
DescentDisplay.from_function(cross_entropy, [-3.0], ax=ax, label="from -3", **settings)
DescentDisplay.from_function(
    cross_entropy, [3.5], ax=ax, label="from 3.5", contours=False, color="C3", **settings
)
ax.set(xlabel="w", ylabel="J(w)")

# %%
# Two weights, from A to B
# ------------------------
# With two weights J is a surface, and the gradient has a component for each. Both weights move at
# once, from the values at the same point.


def valley(w):
    """A curved valley, and its gradient."""
    a, b = w
    value = 0.5 * a**2 + 2 * (b - 0.3 * a**2) ** 2
    slope = 4 * (b - 0.3 * a**2)
    return value, np.array([a - 0.6 * a * slope, slope])


fig = plt.figure(figsize=(9, 4), layout="constrained")
flat = fig.add_subplot(1, 2, 2)
display = DescentDisplay.from_function(
    valley, [2.5, -0.5], learning_rate=0.1, max_iter=40, step_numbers=False, ax=flat
)
path, heights = display.path, display.values
flat.annotate("A", path[0], (-4, 10), textcoords="offset points", fontsize=13)
flat.annotate("B", path[-1], (-18, -12), textcoords="offset points", fontsize=13)
flat.set(xlabel="w₁", ylabel="w₂")

a, b = np.meshgrid(np.linspace(-3, 3, 60), np.linspace(-1, 3, 60))
solid = fig.add_subplot(1, 2, 1, projection="3d", computed_zorder=False)
solid.plot_surface(a, b, valley((a, b))[0], cmap="viridis", alpha=0.8, rcount=40, ccount=40)
solid.plot(path[:, 0], path[:, 1], heights + 0.3, "C1.-", zorder=5)
solid.text(*path[0], heights[0] + 3, "A", fontsize=13, zorder=6)
solid.text(*path[-1], heights[-1] + 3, "B", fontsize=13, zorder=6)
solid.set(xlabel="w₁", ylabel="w₂", zlabel="J")
solid.view_init(40, -60)

# %%
# A built-in optimiser
# --------------------
# ``Scipy(method=...)`` uses any method of :func:`scipy.optimize.minimize`, for a function and
# for the objective of an estimator, where methods that need second derivatives get them. Two
# methods, "dogleg" and "trust-exact", build the whole Hessian; with more than 1,000 parameters
# they raise an error.

for method in ("Nelder-Mead", "CG", "BFGS", "L-BFGS-B"):
    found = Scipy(method=method).minimize(valley, np.array([2.5, -0.5]), Run(tol=1e-10))
    print(f"{method:11s} {found.n_iter:3d} iterations, J = {found.value:.0e}")

# %%
# The next table shows the methods for a logistic regression. All methods stop by the estimator's
# ``tol``, so they end at the same optimum.

X, target = load_breast_cancer(return_X_y=True)
X = StandardScaler().fit_transform(X)
reference = GDLogisticClassifier(alpha=0.01, tol=1e-14).fit(X, target)
worst = 0.0
for method in ("CG", "BFGS", "L-BFGS-B", "TNC", "Newton-CG", "trust-ncg", "trust-exact"):
    model = GDLogisticClassifier(alpha=0.01, solver=Scipy(method=method), tol=1e-10)
    model.fit(X, target)
    gap = np.abs(model.coef_ - reference.coef_).max()
    worst = max(worst, gap)
    print(f"{method:11s} {model.n_iter_:3d} iterations, difference of coefficients {gap:.0e}")

# %%
# Your own stopping rule
# ----------------------
# Chkifa stops when a step is shorter than a precision of 0.001. ``tol`` has another meaning, the
# relative gap to the optimum, but a callback can use this rule: it is called after each iteration,
# and the run ends when it returns True. A short step need not mean that the optimum is near: here a
# step is about a tenth of the distance that is left, so the run ends nine times the precision away.


class StopWhenStepIsShort:
    """A callback that compares each iterate with the one before."""

    def __init__(self, precision):
        self.precision = precision
        self.previous = None

    def __call__(self, progress):
        """True when the step was shorter than the precision."""
        params, previous = progress.params.copy(), self.previous
        self.previous = params
        return previous is not None and np.linalg.norm(params - previous) < self.precision


run = Run(learning_rate=0.1, max_iter=4000, tol=0, callback=StopWhenStepIsShort(0.001))
short = GradientDescent().minimize(valley, np.array([2.5, -0.5]), run)
print(f"{short.n_iter} steps, {short.message}; w = {short.params}")

# %%
# In numbers
# ----------

print(f"library against loop: largest difference {np.abs(result.params - left[-1]).max():.1e}")
print(f"SciPy's methods against ours: largest difference {worst:.1e}")
print(f"distance to the minimum when a step is below 0.001: {np.linalg.norm(short.params):.4f}")
