r"""
Compared with scikit-learn's estimators
=======================================

``LogisticRegression``, ``SGDClassifier`` and ``MLPClassifier`` minimise the same objectives, with
other definitions of the strength of the penalty. This page converts the strengths, fits all models
to the same data, scaled and unscaled, and compares their objectives.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from sklearn_gd import GDLogisticClassifier, GDMLPClassifier
from sklearn_gd.inspection import SolverComparisonDisplay
from sklearn_gd.losses import Logistic

# %%
# One objective
# -------------
# .. math:: F(w, b) = \frac1n \sum_i \log(1 + e^{raw_i}) - y_i\,raw_i
#     + \frac{alpha}{2} \lVert w \rVert^2
#
# is what all three linear classifiers minimise, with ``alpha=a`` here and in ``SGDClassifier`` and
# ``C=1 / (a n)`` in ``LogisticRegression``. One function computes it below, from ``coef_`` and
# ``intercept_`` of each model.

X, y = load_breast_cancer(return_X_y=True)
alpha = 1e-3
models = {
    "GDLogisticClassifier": GDLogisticClassifier(alpha=alpha),
    "LogisticRegression": LogisticRegression(C=1 / (alpha * len(X))),
    "SGDClassifier": SGDClassifier(loss="log_loss", alpha=alpha, random_state=0),
}


def objective(model, X, y):
    """F at the coefficients of a fitted classifier."""
    raw = model.decision_function(X)[:, np.newaxis]
    return Logistic().value(y[:, np.newaxis], raw).mean() + alpha / 2 * np.sum(model.coef_**2)


def fit(model, X, y):
    """Objective and number of warnings of a fit."""
    with warnings.catch_warnings(record=True) as issued:
        warnings.simplefilter("always")
        model.fit(X, y)
    return objective(model, X, y), len(issued)


# %%
# On standardised features all reach nearly the same value. On raw features, with areas in the
# hundreds and fractal dimensions in the hundredths, scikit-learn's two classifiers stop with a
# warning or far from the minimum. (Scaled and unscaled features have different minima, because the
# penalty acts on different coefficients: compare objectives only within one group.)

tables = {"features as they are": X, "StandardScaler": StandardScaler().fit_transform(X)}
gaps = {}
for features, table in tables.items():
    optimum = objective(GDLogisticClassifier(alpha=alpha, tol=1e-14).fit(table, y), table, y)
    print(f"{features}: minimum {optimum:.8f}")
    print(f"{'':22} objective    above  accuracy  warnings")
    for name, model in models.items():
        value, n_warnings = fit(model, table, y)
        gaps[features, name] = (value - optimum) / optimum
        print(f"  {name:20} {value:9.5g} {gaps[features, name]:8.0e}", end=" ")
        print(f"{model.score(table, y):9.3f} {n_warnings:9}")

fig, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
places = np.arange(len(models))
for shift, (features, hatch) in zip((0.2, -0.2), zip(tables, ("", "//"), strict=True), strict=True):
    widths = [max(gaps[features, name], 1e-12) for name in models]
    ax.barh(places - shift, widths, 0.38, left=1e-12, hatch=hatch, label=features, ec="white")
ax.set_yticks(places, models)
ax.invert_yaxis()
ax.set(xscale="log", xlabel="objective above the minimum, relative", title="Shorter is better")
fig.legend(loc="outside lower center", ncols=2)
plt.show()

# %%
# Solvers compared
# ----------------
# The picture compares the solvers of this library, pass by pass, on raw features. First-order
# methods hardly move from their initial value.

display = SolverComparisonDisplay.from_estimator(
    GDLogisticClassifier(alpha=alpha, max_iter=100),
    X,
    y,
    solvers=["auto", "newton-cg", "gd", "agd", "adam"],
    x="passes",
)
display.ax_.set(xscale="log", title="Features as they are")
plt.show()

# %%
# Networks
# --------
# ``MLPClassifier(alpha=a)`` adds :math:`\frac{a}{2 n} \lVert W \rVert^2`, so ``alpha=a`` there is
# ``alpha=a / n`` here. (In mini-batches it divides by the size of the batch instead, so that the
# penalty it minimises depends on ``batch_size``.) Both start from random weights, and a network has
# many minima, so only the definition of the objective can be compared. ``standardize=False`` gives
# both the same features.

X, y = load_digits(return_X_y=True)
X = StandardScaler().fit_transform(X[:500])
y = y[:500]
settings = {"hidden_layer_sizes": (20,), "activation": "tanh", "random_state": 0, "max_iter": 40}
ours = GDMLPClassifier(solver="lbfgs", alpha=1.0 / len(X), standardize=False, tol=0, **settings)
reference = MLPClassifier(solver="lbfgs", alpha=1.0, tol=0, **settings)


def network_objective(model):
    """Mean log-loss plus the penalty, by the weights of either."""
    p = model.predict_proba(X)[np.arange(len(y)), y]
    penalty = sum(np.sum(matrix**2) for matrix in model.coefs_) / (2 * len(X))
    return -np.log(p).mean() + penalty


with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # both say that 40 iterations are not enough
    ours.fit(X, y)
    reference.fit(X, y)
for name, model, own in (
    ("GDMLPClassifier", ours, ours.objective_),
    ("MLPClassifier", reference, reference.loss_),
):
    counted = network_objective(model)
    print(f"{name:16} says {own:.10f}, counted {counted:.10f}, accuracy {model.score(X, y):.3f}")
