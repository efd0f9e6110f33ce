r"""
Feature scaling: when descent needs it
======================================

A length in millimetres is a thousand times as large as in metres. For the model this makes no
difference, but gradient descent may need thousands of steps instead of a few. This page shows why,
and that the difference disappears with second derivatives.
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
# Two features of tumours are standardised, and then the second one is multiplied by ten. The model
# is the same, with a coefficient a tenth as large. But the round bowl of the objective has become a
# valley: the step 1/L, where L is the curvature *across* the valley, is tiny *along* it. Newton's
# method takes the right step length in every direction. (The square is the initial point, the star
# the last one. The axes are not to the same scale: the valley is ten times longer than it looks.)

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
# Features between 1e-3 and 1e3
# -----------------------------
# All 30 features, standardised and then multiplied by factors from 1e-3 to 1e3 (in the last column
# of the table; by smaller ones in the others). The table shows the number of passes until the
# relative gap to the optimum is below 1e-6, at most 2,000 iterations. The warning that a fit did
# not converge is silenced here.

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
    style = (
        "--" if name == "lbfgs" else "-"
    )  # it takes as many passes as "auto", which is drawn above
    (line,) = ax.plot(exponents, passes, "os^Dv"[number] + style, label=name)
    given_up = [e for e, p in zip(exponents, passes, strict=True) if p != p]
    ax.plot(
        given_up, np.full(len(given_up), 3000 * 1.4**number), "x", color=line.get_color(), mew=2
    )
ax.set(yscale="log", xlabel="largest factor of a column", ylabel="passes over the data")
ax.set_xticks(exponents, [f"{10**e:.3g}" for e in exponents])
ax.set(title="Passes to a relative gap of 1e-6 (crosses: not in 2,000)")
ax.legend(loc="center right")
plt.show()

# %%
# With ``standardize=True`` all columns of the table have the same optimum, because the *penalty*
# acts as if the features were scaled. It does not help the descent, as the line of gd shows.
#
# The same path in any units
# --------------------------
# With the curvature metric the path itself is the same in all units, step by step, up to rounding.
# There is no learning rate to tune.

curves = []
for exponent in exponents:
    scaled = standardised * 10.0 ** (exponent * directions)
    model = GDLogisticClassifier(solver=metric, alpha=0.01, standardize=True).fit(scaled, y)
    curves.append(model.loss_curve_)
steps = min(len(curve) for curve in curves)
spread = np.ptp([curve[:steps] for curve in curves], axis=0).max()
print(f"{steps} objectives along the path; between units they differ by {spread:.0e} at most")
