r"""
Softmax regression: three classes at once
=========================================

Softmax regression gives each class a score of its own and makes probabilities of all scores
together. As in Chkifa's text we fit it to all three kinds of iris, draw the regions of the
classes and the contour lines of one of them, and compare with scikit-learn.

.. rows: 10
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_iris
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.linear_model import LogisticRegression

from sklearn_gd import GDSoftmaxClassifier
from sklearn_gd.inspection import check_gradient
from sklearn_gd.losses import Softmax

# %%
# From scores to probabilities
# ----------------------------
# With a column of weights and an intercept for each of K classes, :math:`raw_k = x \cdot w_k +
# b_k`, and
#
# .. math:: p_k = \frac{e^{raw_k}}{\sum_{l=1}^{K} e^{raw_l}}, \qquad
#     J = -\frac1n \sum_i \log p_{y_i} .
#
# **Where a text errs.** Chkifa's sum begins at 0 while his classes are 1 to K: one exponential too
# many. With it the probabilities of the classes do not add up to one:

raw = np.array([[1.0, 2.0, 0.5]])
right = Softmax().inverse_link(raw)
one_too_many = np.exp(raw) / (1 + np.exp(raw).sum())  # a class 0 with the score 0
print("K terms    ", right.round(4), "sum", right.sum().round(4))
print("K + 1 terms", one_too_many.round(4), "sum", one_too_many.sum().round(4))

# %%
# The fit
# -------
# ``C=10`` for n = 150 rows is ``alpha = 1 / (10 * 150)``. The derivative of J in :math:`raw_k` is
# :math:`p_k - 1` for the class of the row and :math:`p_k` for the others; ``check_gradient``
# confirms this.

iris = load_iris()
X, y = iris.data[:, 2:], iris.target
model = GDSoftmaxClassifier(alpha=1 / (10 * len(X)), tol=1e-12).fit(X, y)
reference = LogisticRegression(C=10, solver="newton-cg", tol=1e-12, max_iter=10_000).fit(X, y)

print(check_gradient(model, X, y))
probability = model.predict_proba(X)
difference = np.abs(probability - reference.predict_proba(X)).max()
print(f"probabilities: largest difference to LogisticRegression {difference:.1e}")
print(f"accuracy {model.score(X, y):.4f}, {model.n_iter_} iterations")
print(model.stop_reason_)
print(f"probabilities of a row add up to one within {np.abs(probability.sum(1) - 1).max():.0e}")

# %%
# Regions and contours
# --------------------
# The class with the highest score wins, and two scores are equal along a straight line: regions
# have straight borders. The probability of the class in the middle, *versicolor*, has curved
# contour lines all the same, as it falls on both sides.

axes = {"xlabel": "petal length (cm)", "ylabel": "petal width (cm)", "eps": 0.5}
fig, ax = plt.subplots(figsize=(7, 4.4), layout="constrained")
DecisionBoundaryDisplay.from_estimator(
    model, X, ax=ax, response_method="predict", alpha=0.25, **axes
)
contour = DecisionBoundaryDisplay.from_estimator(
    model,
    X,
    ax=ax,
    response_method="predict_proba",
    class_of_interest=1,
    plot_method="contour",
    levels=[0.15, 0.3, 0.45, 0.6, 0.75, 0.9],
    colors="0.2",
    **axes,
)
ax.clabel(contour.surface_, fmt=lambda level: f"{level:.0%}")
for code, marker in enumerate("os^"):
    ax.plot(*X[y == code].T, marker, color=f"C{code}", mec="k", label=iris.target_names[code])
ax.set_title("Regions of three classes, and the probability of versicolor")
ax.legend(loc="upper left")
plt.show()

# %%
# Only differences matter
# -----------------------
# The same number added to all scores of a row changes no probability, so of K columns one is
# free. The library returns the columns that add up to zero, as the l2 penalty prefers.

print("coefficients\n", model.coef_.round(4))
print(f"columns add up to {np.abs(model.coef_.sum(axis=0)).max():.0e}")
shifted = Softmax().inverse_link(model.decision_function(X) + 5)
print(f"scores + 5: probabilities change by {np.abs(shifted - probability).max():.0e}")
