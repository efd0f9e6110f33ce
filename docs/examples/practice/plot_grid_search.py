r"""
Grid search over solvers, learning rates and penalties
======================================================

Solver, learning rate and penalty are parameters like any other. A grid search can tune their names,
and with a double underscore their own parameters. This page shows the result of a search over
learning rates, and that the default solver leaves only the penalty to search.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_gd import GDLogisticClassifier
from sklearn_gd.solvers import Adam

X, y = load_breast_cancer(return_X_y=True)
pipeline = Pipeline([("scale", StandardScaler()), ("model", GDLogisticClassifier(random_state=0))])

# %%
# Solvers and learning rates
# --------------------------
# Each fit makes exactly ten passes (``tol=0``). A rate that is too large is halved until the
# objective no longer diverges, with a warning. A search tries such rates on purpose, so the warning
# is silenced here.

rates = [1e-3, 1e-2, 1e-1, 1.0, 10.0]
solvers = ["sgd", "nesterov", "adagrad", "rmsprop", "adam"]
grid = {
    "model__solver": solvers,
    "model__learning_rate": rates,
    "model__max_iter": [10],
    "model__tol": [0],
}
search = GridSearchCV(pipeline, grid, scoring="neg_log_loss", cv=3)
with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)
    search.fit(X, y)

best = {name.removeprefix("model__"): value for name, value in search.best_params_.items()}
print(f"best {best}")
print(f"log-loss {-search.best_score_:.4f} of {len(search.cv_results_['params'])} settings")

# %%
# Each row of the table is a solver, each column a rate. Each solver has a different range of rates
# that work, which the search has to find.


def table(results, row, column):
    """The log-losses of a search as a table of two of its parameters."""
    rows = list(dict.fromkeys(results[f"param_model__{row}"]))
    columns = list(dict.fromkeys(results[f"param_model__{column}"]))
    losses = np.full((len(rows), len(columns)), np.nan)
    for params, score in zip(results["params"], results["mean_test_score"], strict=True):
        at = rows.index(params[f"model__{row}"]), columns.index(params[f"model__{column}"])
        losses[at] = -score
    return rows, columns, losses


def heat_map(ax, rows, columns, losses):
    """Losses as colours on a log scale, with their values; dark is good."""
    colors = np.log10(losses)
    image = ax.imshow(colors, cmap="viridis", aspect="auto")
    middle = (colors.min() + colors.max()) / 2
    for at in np.ndindex(losses.shape):
        shade = "w" if colors[at] < middle else "k"
        ax.text(at[1], at[0], f"{losses[at]:.3g}", ha="center", va="center", color=shade)
    ax.set_xticks(range(len(columns)), [f"{column:g}" for column in columns])
    ax.set_yticks(range(len(rows)), rows)
    return image


fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
heat_map(ax, *table(search.cv_results_, "solver", "learning_rate"))
ax.set(xlabel="learning rate", title="Log-loss after ten passes, 3-fold")
plt.show()

# %%
# The default solver has no rate
# ------------------------------
# ``solver="auto"`` runs until convergence and needs no rate. Only the penalty and its strength are
# left to search.

grid = {"model__penalty": ["l2", "l1", "elasticnet"], "model__alpha": np.logspace(-3, 0, 4)}
search = GridSearchCV(pipeline, grid, scoring="neg_log_loss", cv=3).fit(X, y)

fig, ax = plt.subplots(figsize=(7, 2.8), layout="constrained")
heat_map(ax, *table(search.cv_results_, "penalty", "alpha"))
ax.set(xlabel="alpha", title="Log-loss at the minimum, 3-fold")
plt.show()

model = search.best_estimator_["model"]
print(f"best penalty {model.penalty}, alpha {model.alpha:g}; log-loss {-search.best_score_:.4f}")
print(f"{np.count_nonzero(model.coef_)} of {model.coef_.size} coefficients are not zero")
print(model.stop_reason_)

# %%
# Parameters of solvers
# ---------------------
# A name is a solver with its default parameters. A double underscore sets its parameters, for a
# name as well as for an object.

grid = {"model__solver__beta_1": [0.0, 0.5, 0.9], "model__solver__beta_2": [0.9, 0.999]}
for solver in ("adam", Adam(epsilon=1e-6)):
    pipeline.set_params(model__solver=solver, model__max_iter=20, model__tol=0)
    search = GridSearchCV(pipeline, grid, scoring="neg_log_loss", cv=3).fit(X, y)
    beta_1, beta_2 = search.best_params_.values()
    print(f"{solver!r}: betas {beta_1} and {beta_2}, log-loss {-search.best_score_:.4f}")
