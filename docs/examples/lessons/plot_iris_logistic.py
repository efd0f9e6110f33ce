r"""
Logistic regression: probabilities on iris
==========================================

Is a flower an *Iris virginica*? Chkifa answers from the length and the width of its petals, and
draws what logistic regression has learnt: lines of equal probability, and the line of 50 % where
the answer changes. This lesson repeats the picture and compares the coefficients with
scikit-learn's.

.. rows: 9
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from sklearn_gd import GDLogisticClassifier
from sklearn_gd.inspection import SolverComparisonDisplay

# %%
# The fit
# -------
# Chkifa switches regularisation off by ``C=10**10``. Here the penalty is added to the *mean*
# loss, so the same objective is ``alpha = 1 / (C n)`` with n rows; ``penalty=None`` would do as
# well.

iris = load_iris()
X = iris.data[:, 2:]  # petal length and width
y = iris.target == 2  # virginica or not
C = 1e10

model = GDLogisticClassifier(alpha=1 / (C * len(X)), tol=1e-12).fit(X, y)
reference = LogisticRegression(C=C, solver="newton-cholesky", tol=1e-12).fit(X, y)

ours = np.append(model.coef_, model.intercept_)
theirs = np.append(reference.coef_, reference.intercept_)
print("              length, width, intercept")
print("sklearn_gd  ", ours.round(6))
print("scikit-learn", theirs.round(6))
print(f"largest difference {np.abs(ours - theirs).max():.1e}")
print(model.stop_reason_)

# %%
# The picture
# -----------
# The probability is :math:`\sigma(w_1 x_1 + w_2 x_2 + b)`, the same along every line on which the
# sum is. These lines are parallel, and that of 50 % is :math:`w_1 x_1 + w_2 x_2 + b = 0`, hence
#
# .. math:: x_2 = -\frac{w_1 x_1 + b}{w_2} .

length, width = np.meshgrid(np.linspace(2.9, 7, 200), np.linspace(0.8, 2.7, 200))
probability = model.predict_proba(np.c_[length.ravel(), width.ravel()])[:, 1]

fig, ax = plt.subplots(figsize=(7, 4.2), layout="constrained")
ax.plot(*X[~y].T, "s", color="C0", label="not virginica")
ax.plot(*X[y].T, "^", color="C1", label="virginica")
levels = [0.01, 0.1, 0.3, 0.7, 0.9, 0.99]
lines = ax.contour(length, width, probability.reshape(length.shape), levels, colors="0.4")
ends = np.array([2.9, 7])
boundary = -(model.coef_[0, 0] * ends + model.intercept_[0]) / model.coef_[0, 1]
ax.plot(ends, boundary, "k--", lw=2, label="50 %")
ax.clabel(lines, fmt=lambda level: f"{level:.0%}")
ax.set(xlim=(2.9, 7), ylim=(0.8, 2.7), xlabel="petal length (cm)", ylabel="petal width (cm)")
ax.set_title("Probability of Iris virginica")
ax.legend(loc="lower right", framealpha=1)
plt.show()

# %%
# What a descent has to overcome
# ------------------------------
# The lines are close together: without a penalty the probabilities are near 0 or 1 almost
# everywhere, and the coefficients are large. Batch descent with the step 1/L starts at w = 0 and
# needs many steps. Momentum needs fewer. The default solver uses second derivatives instead.

fig, ax = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
solvers = {"gd": {"tol": 0}, "agd": {"tol": 0}, "auto": {}}
free = GDLogisticClassifier(penalty=None, max_iter=1000)
display = SolverComparisonDisplay.from_estimator(free, X, y, solvers=solvers, x="passes", ax=ax)
ax.set(xscale="log", title="Distance from the optimum")
plt.show()

textbook = GDLogisticClassifier(penalty=None, solver="gd", tol=0, max_iter=1000).fit(X, y)
for name, fitted in {"gd": textbook, "auto": free.fit(X, y)}.items():
    print(
        f"{name:4} intercept {fitted.intercept_[0]:.4f} after {fitted.n_iter_} iterations,", end=" "
    )
    print(f"accuracy {fitted.score(X, y):.4f}")
