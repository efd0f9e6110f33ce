r"""
The sigmoid and the cross-entropy
=================================

Logistic regression needs three formulas: the sigmoid, which makes a probability of any number; the
cross-entropy, which says how bad a probability was; and the gradient of the second. This lesson
draws the first two, derives the third, and checks each by numbers. It follows the texts of Eaton
and of Chkifa, the Notes and the Lesson, and points out their mistakes.

.. rows: 8 21 23
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import MinMaxScaler

from sklearn_gd import GDLogisticClassifier
from sklearn_gd.inspection import check_gradient
from sklearn_gd.losses import Logistic

# %%
# The sigmoid
# -----------
# A linear model says :math:`raw = x \cdot w + b`, any number. The sigmoid
#
# .. math:: \sigma(raw) = \frac{1}{1 + e^{-raw}}
#
# turns it into the probability of class 1. Its derivative is :math:`\sigma (1 - \sigma)`, at most
# 1/4, reached where the model is undecided. A central difference agrees:


def sigmoid(raw):
    """Probability of class 1."""
    return 1 / (1 + np.exp(-raw))


raw = np.linspace(-6, 6, 241)
p = sigmoid(raw)
h = 1e-5
difference = (sigmoid(raw + h) - sigmoid(raw - h)) / (2 * h)
print(f"s(1 - s) against differences: {np.abs(p * (1 - p) - difference).max():.1e}")

fig, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
ax.plot(raw, p, label=r"$\sigma$")
ax.plot(raw, p * (1 - p), "--", label=r"$\sigma' = \sigma\,(1 - \sigma)$")
ax.axhline(0.5, color="0.7", lw=0.8, zorder=0)
ax.axvline(0, color="0.7", lw=0.8, zorder=0)
ax.set(xlabel="raw prediction", ylabel="probability of class 1", title="The sigmoid")
ax.legend(loc="upper left")
plt.show()

# %%
# The threshold: :math:`p \ge 0.5` is the same as :math:`raw \ge 0`, so the boundary between the
# classes is a straight line (a plane, a hyperplane), although the probability is curved. On the
# line itself Chkifa predicts 1; this library predicts 0, as scikit-learn does.
#
# The cross-entropy
# -----------------
# A row of class 1 costs :math:`-\log p`, one of class 0 costs :math:`-\log(1 - p)`: nothing for a
# certain and right prediction, infinitely much for a certain and wrong one. In one formula,
#
# .. math:: J = -y \log p - (1 - y) \log(1 - p) = \log(1 + e^{raw}) - y\,raw .
#
# **Where a text errs.** Eaton's equation (2) has :math:`(1 - y)(1 - \log p)`, so that a row of
# class 0 would cost :math:`-(1 - \log p)`. The dotted line shows this loss: it has the value
# :math:`-\infty` at p = 0, and is negative even for a wrong prediction, p near 1.

p = np.linspace(0.005, 0.995, 199)
fig, ax = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
ax.plot(p, -np.log(p), label=r"$y = 1$: $-\log p$")
ax.plot(p, -np.log(1 - p), "--", label=r"$y = 0$: $-\log(1 - p)$")
ax.plot(p, -(1 - np.log(p)), ":", label=r"Eaton's $y = 0$: $-(1 - \log p)$")
ax.axhline(0, color="0.7", lw=0.8, zorder=0)
ax.set(xlabel="predicted probability p of class 1", ylabel="loss of a row", title="Cross-entropy")
ax.legend(loc="upper center")
plt.show()

# %%
# The second form of J, in *raw*, is what the library computes: it neither divides by zero nor takes
# the logarithm of zero, however extreme the probability is.

y = np.array([[1.0], [0.0], [0.0]])
raw = np.array([[2.0], [-1.0], [800.0]])
p = sigmoid(raw[:2])
by_probability = -y[:2] * np.log(p) - (1 - y[:2]) * np.log(1 - p)
print("by probabilities  ", by_probability.ravel().round(6).tolist())
print("by raw predictions", Logistic().value(y, raw).round(6).tolist())

# %%
# Maximum likelihood is the minimum of J
# --------------------------------------
# The Notes choose w such that the data become most likely. The likelihood of n independent rows is
# the product :math:`\prod_i p_i^{y_i} (1 - p_i)^{1 - y_i}`; minus its logarithm is :math:`n J`. The
# logarithm grows with its argument, so both have the same best w. The logarithm is used because the
# product is flat almost everywhere, so that its gradient is useless there.

X, y = load_breast_cancer(return_X_y=True)
radius = (X[:40, :1] - X[:40, 0].mean()) / X[:40, 0].std()
few = 1.0 - y[:40]  # 1 is malignant

weights = np.linspace(-2, 8, 2001)
p = sigmoid(radius * weights)  # a column for each w
likelihood = np.prod(np.where(few[:, np.newaxis] == 1, p, 1 - p), axis=0)
objective = np.array([Logistic().value(few[:, np.newaxis], radius * w).mean() for w in weights])
model = GDLogisticClassifier(penalty=None, fit_intercept=False).fit(radius, few)

print(f"w of the greatest likelihood on the grid {weights[likelihood.argmax()]:.3f}")
print(f"w of the smallest J on the grid          {weights[objective.argmin()]:.3f}")
print(f"w of the library                         {model.coef_[0, 0]:.5f}")
error = np.abs(np.exp(-40 * objective) / likelihood - 1).max()
print(f"likelihood = exp(-n J), largest relative difference {error:.1e}")

fig, (top, bottom) = plt.subplots(2, 1, figsize=(6.4, 4.6), sharex=True, layout="constrained")
top.plot(weights, likelihood)
top.set(ylabel="likelihood", title="40 tumours, one weight")
bottom.plot(weights, objective)
bottom.set(xlabel="weight w of the standardised radius", ylabel="J(w)")
for ax in (top, bottom):
    ax.axvline(model.coef_[0, 0], color="C1", ls="--", label=f"w = {model.coef_[0, 0]:.3f}")
top.legend(loc="upper right")
plt.show()

# %%
# The gradient
# ------------
# By the chain rule,
#
# .. math:: \frac{dJ}{draw} = \frac{dJ}{dp}\,\frac{dp}{draw}
#     = \Big(-\frac yp + \frac{1 - y}{1 - p}\Big)\, p (1 - p) = p - y,
#
# and for w and b the mean of :math:`(p_i - y_i)\,x_i` and of :math:`p_i - y_i`. **Where a text
# errs:** the Notes arrive at :math:`p - y`, but write :math:`y - p` in the vectorised form, with
# which the steps would increase J.
#
# Eaton's table of 759 patients does not come with this library (on it, the unpenalised optimum
# is a log-loss of 0.4716705 with an accuracy of 0.7694). We take the first eight features of the
# breast cancer set, brought to [-1, 1] as his are. ``check_gradient`` compares every derivative
# of the very objective that ``fit`` minimises with a central difference.

X = MinMaxScaler((-1, 1)).fit_transform(X[:, :8])
model = GDLogisticClassifier(penalty=None).fit(X, y)
print(check_gradient(model, X, y))

p = model.predict_proba(X)[:, 1]
gradient = np.append(X.T @ (p - y), np.sum(p - y)) / len(y)
print(f"largest slope at the optimum {np.abs(gradient).max():.1e}")
print(f"log-loss {model.objective_:.6f}, accuracy {model.score(X, y):.4f}")
print(model.stop_reason_)
print("predict is p >= 0.5:", np.array_equal(model.predict(X), p >= 0.5))
