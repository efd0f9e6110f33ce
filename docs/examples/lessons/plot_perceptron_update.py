r"""
From the perceptron to logistic regression
==========================================

The Lesson derives the gradient of the cross-entropy of *one* point and arrives at an update that
fits on one line. We compute it by hand, get the same numbers with ``solver="sgd"``, answer the
Lesson's quiz with a plot, and derive the perceptron.

.. rows: 19 24
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_iris
from sklearn.linear_model import Perceptron

from sklearn_gd import GDLinearRegressor, GDLogisticClassifier
from sklearn_gd.losses import Loss

# %%
# The update
# ----------
# For a point x with label y and prediction :math:`p = \sigma(x \cdot w + b)` the gradient is
#
# .. math:: \nabla E = -(y - p)\,(x_1, \dots, x_d, 1),
#
# a number times the point itself, so that a step of descent with the learning rate a is
#
# .. math:: w \leftarrow w + a\,(y - p)\,x, \qquad b \leftarrow b + a\,(y - p) .
#
# (In its derivation the Lesson once writes :math:`\partial \hat y / \partial \hat y`, which would
# be 1; :math:`\partial \hat y / \partial w_j` is meant, and is what it then computes.)


def sigmoid(raw):
    """Probability of class 1."""
    return 1 / (1 + np.exp(-raw))


def descend(predict, X, y, w, b, rate):
    """One pass, point by point; ``predict`` is the sigmoid or a threshold."""
    w, b = w.copy(), b
    for point, label in zip(X, y, strict=True):
        error = label - predict(point @ w + b)
        w += rate * error * point
        b += rate * error
    return w, b


iris = load_iris()
flowers = np.random.default_rng(0).permutation(np.flatnonzero(iris.target > 0))
X = iris.data[flowers][:, 2:]  # petals of two kinds
X = X - X.mean(axis=0)  # seen from the middle of all flowers
y = (iris.target[flowers] == 2).astype(float)
w, b, rate = np.array([-0.5, 1.0]), 0.2, 0.1

# %%
# The library does the same with these parameters: batches of one row, in the given order, no
# penalty, a constant rate, one pass.


def by_the_library(n_rows):
    """The same descent by the solver "sgd"."""
    model = GDLogisticClassifier(
        solver="sgd", learning_rate=rate, batch_size=1, shuffle=False, alpha=0, max_iter=1, tol=0
    )
    return model.fit(X[:n_rows], y[:n_rows], coef_init=[w], intercept_init=[b])


print("updates  w1, w2, b by hand               largest difference to the library")
for n_rows in (2, 10, len(X)):
    w_hand, b_hand = descend(sigmoid, X[:n_rows], y[:n_rows], w, b, rate)
    model = by_the_library(n_rows)
    mine, theirs = np.append(w_hand, b_hand), np.append(model.coef_, model.intercept_)
    print(f"{n_rows:7}  {mine}  {np.abs(mine - theirs).max():.0e}")

# %%
# The quiz
# --------
# *What does the scalar y - p signify?* Of the four answers two are right: the closer the label is
# to the prediction, the smaller the gradient, and the farther, the larger. The plot shows the
# length of the gradient of every flower at the initial weights. It is :math:`|y-p|` times the
# length of (x, 1), so flowers of different size scatter on the left, and lie on a line on the
# right.

p = sigmoid(X @ w + b)
gradient = -(y - p)[:, np.newaxis] * np.c_[X, np.ones(len(X))]
length = np.linalg.norm(gradient, axis=1)
of_point = np.linalg.norm(np.c_[X, np.ones(len(X))], axis=1)

fig, (left, right) = plt.subplots(1, 2, figsize=(8, 3.6), layout="constrained")
for label, marker in ((0, "s"), (1, "^")):
    chosen = y == label
    distance = np.abs(y - p)[chosen]
    left.plot(distance, length[chosen], marker, label=f"y = {label}")
    right.plot(distance, (length / of_point)[chosen], marker, label=f"y = {label}")
left.set(xlabel="|y - p|", ylabel="length of the gradient", title="Farther label, longer step")
right.set(xlabel="|y - p|", ylabel="divided by |(x, 1)|", title="... exactly in proportion")
left.legend()
plt.show()

proportion = np.abs(length / of_point - np.abs(y - p)).max()
print(f"|gradient| = |y - p| |(x, 1)| within {proportion:.0e}")

# %%
# What a step does
# ----------------
# Each step turns and shifts the line a little, so that the point just seen comes nearer to its
# right side. The start is a line with most flowers on the wrong side.


def boundary(w, b):
    """The 50 % line between the left and the right edge."""
    ends = np.array([-2, 2.2])
    return ends, -(w[0] * ends + b) / w[1]


fig, ax = plt.subplots(figsize=(7.6, 4), layout="constrained")
for label, marker in ((0, "s"), (1, "^")):
    name = ("versicolor, y = 0", "virginica, y = 1")[label]
    ax.plot(*X[y == label].T, marker, color=f"C{label}", alpha=0.6, label=name)
for updates, style in ((0, ":"), (10, "--"), (30, "-."), (len(X), "-")):
    line = descend(sigmoid, X[:updates], y[:updates], w, b, rate)
    ax.plot(*boundary(*line), style, color="k", label=f"after {updates} points")
ax.set(xlim=(-2, 2.2), ylim=(-0.8, 0.9), title="The 50 % line on its way")
ax.set(xlabel="petal length - mean (cm)", ylabel="petal width - mean (cm)")
fig.legend(loc="outside right upper")
plt.show()

# %%
# The perceptron
# --------------
# Replace the sigmoid by a hard threshold, :math:`\hat y = 1` where :math:`raw > 0` and else 0. Then
# :math:`y - \hat y` is 0 for a right prediction and :math:`\pm 1` for a wrong one, and the same
# update is the perceptron's: it learns only from mistakes, and always by a whole step. It is also a
# gradient descent, on the loss :math:`\max(0, -raw)` of class 1 and :math:`\max(0, raw)` of class
# 0. As a loss of our own, with a value and a derivative in *raw*:


class HardThreshold(Loss):
    """The perceptron's loss of labels 0 and 1."""

    def value(self, y, raw):
        return np.maximum((1 - 2 * y) * raw, 0).sum(axis=1)

    def gradient(self, y, raw):
        return (raw > 0) - y


settings = {"solver": "sgd", "learning_rate": rate, "batch_size": 1, "shuffle": False}
ours = GDLinearRegressor(loss=HardThreshold(), alpha=0, max_iter=1, tol=0, **settings)
ours.fit(X, y, coef_init=w, intercept_init=b)
reference = Perceptron(eta0=rate, shuffle=False, max_iter=1, tol=None)
reference.fit(X, y, coef_init=[w], intercept_init=[b])
w_hand, b_hand = descend(lambda raw: float(raw > 0), X, y, w, b, rate)

print("by hand              ", w_hand.round(8), b_hand.round(8))
print("own loss, solver sgd ", ours.coef_.round(8), ours.intercept_.round(8))
print("sklearn's Perceptron ", reference.coef_[0].round(8), reference.intercept_[0].round(8))

raw = np.linspace(-4, 4, 401)
fig, ax = plt.subplots(figsize=(6.4, 3.4), layout="constrained")
ax.plot(raw, 1 - sigmoid(raw), label="sigmoid: 1 - p, never quite zero")
ax.plot(raw, 1 - (raw > 0), "--", label="threshold: 1 for a mistake, else 0")
ax.set(xlabel="raw prediction", ylabel="step in units of a (x, 1)", title="A point of class 1")
ax.legend(loc="lower left")
plt.show()
