r"""
Feature scaling: when descent needs it
======================================

A length in millimetres is a thousand times as large as in metres. To the data that is the same;
to gradient descent it is the difference between a few steps and thousands. This page draws why,
and what remains of the difference when the gradient is divided by the curvature instead of a
learning rate.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler

from sklearn_gd import GDLogisticClassifier
from sklearn_gd.inspection import DescentDisplay
from sklearn_gd.solvers import GradientDescent

# %%
# The same data in two units
# --------------------------
# Two features of tumours, standardised, then the second one in a unit ten times as small. The
# model is the same: a coefficient ten times as small undoes it. But the round bowl has become
# a valley, and the step 1/L, L the curvature *across* the valley, is tiny *along* it. Dividing by
# the matrix of second derivatives steps as far as is right in every direction. (A square is the
# start, a star the end. The axes hide the valley: it is ten times as long as it looks.)

X, y = load_breast_cancer(return_X_y=True)
two = StandardScaler().fit_transform(X[:, [1, 4]])
in_other_units = two * [1, 10]

settings = {"penalty": None, "fit_intercept": False, "tol": 0}
gd = GDLogisticClassifier(solver="gd", max_iter=30, **settings)
metric = GradientDescent(metric="curvature")
newton = GDLogisticClassifier(solver=metric, max_iter=5, **settings)

fig, axes = plt.subplots(1, 3, figsize=(8.4, 3.4), layout="constrained")
for ax, model, features, title in (
    (axes[0], gd, two, "gd, 30 steps"),
    (axes[1], gd, in_other_units, "gd, one column times 10"),
    (axes[2], newton, in_other_units, "curvature metric, 5 steps"),
):
    DescentDisplay.from_estimator(model, features, y, ax=ax, step_numbers=False)
    ax.set_title(title)
    ax.get_legend().remove()
plt.show()

# %%
# From a thousandth to a thousand
# -------------------------------
# All 30 features, the first ten standardised, ten in units that differ by factors from 1e-3 to
# 1e3 at most. The table counts passes until at most 1e-6 of the objective is left to gain, and
# gives up after 2,000 iterations. A warning then says so; it is silenced here, as the table says
# it, too.

standardised = StandardScaler().fit_transform(X)
directions = np.linspace(-1, 1, X.shape[1])  # the exponent of each column, to be scaled up
exponents = [0.0, 0.25, 0.5, 1.0, 3.0]
solvers = {"gd": "gd", "agd": "agd", "lbfgs": "lbfgs", "curvature metric": metric, "auto": "auto"}


def passes_needed(solver, exponent):
    """Passes over the rows until the objective is minimal; NaN where 2,000 were not enough."""
    scaled = standardised * 10.0 ** (exponent * directions)
    model = GDLogisticClassifier(solver=solver, alpha=0.01, standardize=True, tol=1e-6)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.set_params(max_iter=2000).fit(scaled, y)
    return model.history_["passes"][-1] if model.converged_ else np.nan


needed = {name: [passes_needed(s, e) for e in exponents] for name, s in solvers.items()}
print(f"{'columns scaled by up to':25}", *(f"{10**e:8.4g}" for e in exponents))
for name, passes in needed.items():
    print(f"{name:25}", *(f"{p:8.0f}" if p == p else "  > 2000" for p in passes))

fig, ax = plt.subplots(figsize=(6.4, 4), layout="constrained")
for number, (name, passes) in enumerate(needed.items()):
    (line,) = ax.plot(exponents, passes, "os^Dv"[number] + "-", label=name)
    given_up = [e for e, p in zip(exponents, passes, strict=True) if p != p]
    ax.plot(
        given_up, np.full(len(given_up), 3000 * 1.4**number), "x", color=line.get_color(), mew=2
    )
ax.set(yscale="log", xlabel="columns in units from 1e-x to 1e+x", ylabel="passes over the rows")
ax.set(title="Passes until 1e-6 of the objective (crosses: not in 2,000)")
ax.legend(loc="center right")
plt.show()

# %%
# ``standardize=True`` is there so that all columns of the table have the same optimum: it lets the
# *penalty* act as behind a scaler. It does not help the descent, as the lines of gd show.
#
# The same path in any units
# --------------------------
# In the metric not only the number of passes stays: it is the same path, step by step, up to
# rounding. ``learning_rate`` has no place in it, and there is nothing to tune.

curves = []
for exponent in exponents:
    scaled = standardised * 10.0 ** (exponent * directions)
    model = GDLogisticClassifier(solver=metric, alpha=0.01, standardize=True).fit(scaled, y)
    curves.append(model.loss_curve_)
steps = min(len(curve) for curve in curves)
spread = np.ptp([curve[:steps] for curve in curves], axis=0).max()
print(f"{steps} objectives on the way; between units they differ by {spread:.0e} at most")
