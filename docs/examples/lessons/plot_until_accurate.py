r"""
Random initial weights, repeated until accurate
===============================================

Eaton's recipe has six steps: begin with random weights, predict, compute the loss, average it,
update by the gradient, and repeat "until your model is accurate enough"; his program prints its
progress every 100 epochs. This lesson follows it and asks two questions: do the initial weights
matter, and when is the model accurate enough?

.. rows: 14
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from sklearn_gd import GDLogisticClassifier, GDMLPClassifier

X, y = load_breast_cancer(return_X_y=True)
X, X_test, y, y_test = train_test_split(X, y, random_state=0, stratify=y)
scaler = StandardScaler().fit(X)
X, X_test = scaler.transform(X), scaler.transform(X_test)

# %%
# A line every 100 passes
# -----------------------
# ``verbose=100`` prints every hundredth iteration; an iteration of ``solver="gd"`` is one pass over
# all rows. ``coef_init`` and ``intercept_init`` set the initial weights, here at random. The
# *optimality* is the estimated relative gap to the optimum. Until it comes near ``tol``, it is a
# cheap estimate of the solver; from then on it is corrected by second derivatives, hence the jump.

rng = np.random.default_rng(0)
start = {"coef_init": rng.normal(size=(1, X.shape[1])), "intercept_init": rng.normal(size=1)}
model = GDLogisticClassifier(solver="gd", alpha=0.01, max_iter=5000, tol=1e-3, verbose=100)
model.fit(X, y, **start)
print(model.stop_reason_)

# %%
# Does the start matter?
# ----------------------
# For logistic regression they only matter for the time that a fit takes: J is convex, so it has one
# minimum, and all paths lead there. (By default the initial weights are not random: they are zero,
# with the intercept of the best constant.)

model.set_params(verbose=0, max_iter=100_000, tol=1e-8)
fig, ax = plt.subplots(figsize=(6, 3.6), layout="constrained")
ends = []
for seed in range(5):
    rng = np.random.default_rng(seed)
    model.fit(X, y, coef_init=rng.normal(size=(1, X.shape[1])), intercept_init=rng.normal(size=1))
    ax.loglog(np.arange(1, len(model.loss_curve_) + 1), model.loss_curve_, lw=1)
    ends.append(np.append(model.coef_, model.intercept_))
ax.set(xlabel="iteration + 1", ylabel="objective", title="logistic: one minimum")
spread = np.ptp(ends, axis=0).max()
print(f"five starts, largest difference between their coefficients {spread:.1e}")

# %%
# For a network they matter: there are many minima, and ``random_state`` decides which one is found.
# If all initial weights were equal, all hidden units would stay equal.

fig, ax = plt.subplots(figsize=(6, 3.6), layout="constrained")
for seed in range(5):
    network = GDMLPClassifier(hidden_layer_sizes=(2,), solver="lbfgs", random_state=seed)
    network.set_params(alpha=1e-3, max_iter=500, tol=1e-6).fit(X, y)
    ax.semilogy(network.loss_curve_, lw=1, label=f"seed {seed}")
    print(
        f"seed {seed}: objective {network.objective_:.5f}, test {network.score(X_test, y_test):.3f}"
    )
ax.set(xlabel="iteration", ylabel="objective", title="network: several")
ax.legend()
plt.show()

# %%
# When is it enough? By the objective
# -----------------------------------
# ``tol`` bounds the relative gap to the optimum: ``tol=0.1`` stops within 10 % of the minimum, and
# ``optimality_`` estimates the gap. The estimate uses second derivatives. From some point on the
# accuracy no longer changes.

best = GDLogisticClassifier(alpha=0.01, tol=1e-14).fit(X, y)
print("  tol  iterations  truly left to gain  test accuracy")
for tol in (1.0, 0.1, 1e-2, 1e-4, 1e-6, 1e-8):
    model = GDLogisticClassifier(solver="gd", alpha=0.01, tol=tol, max_iter=100_000).fit(X, y)
    left_to_gain = (model.objective_ - best.objective_) / model.objective_
    print(f"{tol:5.0e} {model.n_iter_:10} {left_to_gain:19.1e} {model.score(X_test, y_test):14.4f}")

# %%
# When is it enough? By rows kept aside
# -------------------------------------
# "Accurate enough" can be taken literally: ``early_stopping=True`` holds out a fraction of the
# rows, scores every iterate on them, and stops when the score has not improved for
# ``n_iter_no_change`` iterations. The best iterate is returned.

model = GDLogisticClassifier(
    solver="gd",
    penalty=None,
    early_stopping=True,
    n_iter_no_change=20,
    max_iter=10_000,
    random_state=0,
).fit(X, y)
print(model.stop_reason_)
print(f"best log-loss of the rows kept aside {-model.best_validation_score_:.4f}")

fig, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
ax.plot(model.loss_curve_, label="training rows")
ax.plot(-np.array(model.validation_scores_), "--", label="rows kept aside")
ax.axvline(np.argmax(model.validation_scores_), color="0.5", ls=":", label="best, returned")
ax.set(xlabel="iteration", ylabel="mean log-loss", title="Until accurate enough")
ax.legend()
plt.show()
print(f"test accuracy {model.score(X_test, y_test):.4f}")
