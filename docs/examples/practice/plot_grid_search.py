r"""
Grid search over solvers, learning rates and penalties
======================================================

Solver, learning rate and penalty are parameters like any other: a grid search tunes their names,
and what is inside of objects by two underscores. This page shows what a search over learning
rates finds, and why the default solver leaves only the penalty to be searched.
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
# Ten passes for each, no more (``tol=0``), as one would grant a long training. A rate that is too
# large is halved until the objective no longer diverges, and a warning says so; a search means to
# try such rates, so that warning is silenced here.

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
# Each row of the table is a solver, each column a rate. Every rule has a range of rates that work,
# at a place of its own: the search is about finding it.


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
# ``solver="auto"`` runs until the objective is minimal and needs no rate, so that what is left to
# search is what the data should decide: which penalty, and how strong.

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
# Inside of objects
# -----------------
# A name is a solver with its defaults. A double underscore sets what is inside, of a name or of an
# object alike.

grid = {"model__solver__beta_1": [0.0, 0.5, 0.9], "model__solver__beta_2": [0.9, 0.999]}
for solver in ("adam", Adam(epsilon=1e-6)):
    pipeline.set_params(model__solver=solver, model__max_iter=20, model__tol=0)
    search = GridSearchCV(pipeline, grid, scoring="neg_log_loss", cv=3).fit(X, y)
    beta_1, beta_2 = search.best_params_.values()
    print(f"{solver!r}: betas {beta_1} and {beta_2}, log-loss {-search.best_score_:.4f}")
