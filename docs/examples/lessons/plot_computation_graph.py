r"""
Backpropagation: the chain rule in a network
============================================

A formula is a graph of small steps, and its derivatives are products along the way back. You
learn the rule on Eaton's graph J = 3(a + bc), then on the three layers of the Notes, and check
each derivative with the library's gradient checker.

.. rows: 11 16 18
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.preprocessing import StandardScaler

from sklearn_gd import GDMLPClassifier
from sklearn_gd.inspection import check_gradient

# %%
# A small graph
# -------------
# With a = 5, b = 3 and c = 2, the graph computes :math:`u = bc = 6`, :math:`v = a + u = 11` and
# :math:`J = 3v = 33`. Going back, each arrow multiplies by the derivative of its own step:
#
# .. math::
#    \frac{dJ}{dv} = 3, \quad
#    \frac{dJ}{da} = \frac{dJ}{dv} \frac{dv}{da} = 3 \cdot 1, \quad
#    \frac{dJ}{du} = \frac{dJ}{dv} \frac{dv}{du} = 3 \cdot 1, \quad
#    \frac{dJ}{db} = \frac{dJ}{du} \frac{du}{db} = 3c = 6, \quad
#    \frac{dJ}{dc} = \frac{dJ}{du} \frac{du}{dc} = 3b = 9
#
# (The text has :math:`dJ/dv = dJ/dv \cdot dv/dv` where it means :math:`dJ/du`, and after
# :math:`dJ/db` says that :math:`dJ/da` and :math:`dJ/db` remain. In fact :math:`dJ/da = 3` and
# :math:`dJ/dc = 9` remain.)

nodes = {
    "a = 5": (0, 2, 3),
    "b = 3": (0, 1, 6),
    "c = 2": (0, 0, 9),
    "u = bc = 6": (1, 0.5, 3),
    "v = a + u = 11": (2, 1.25, 3),
    "J = 3v = 33": (3, 1.25, 1),
}
arrows = [(0, 4), (1, 3), (2, 3), (3, 4), (4, 5)]

fig, ax = plt.subplots(figsize=(8, 3.4), layout="constrained")
places = [np.array([1.4 * column, row]) for column, row, _ in nodes.values()]
for start, end in arrows:
    style = {"arrowstyle": "->", "color": "0.5", "shrinkA": 42, "shrinkB": 46, "lw": 1.5}
    ax.annotate("", places[end], places[start], arrowprops=style)
box = {"boxstyle": "round,pad=0.4", "facecolor": "white", "edgecolor": "C0"}
for (label, (_, _, slope)), place in zip(nodes.items(), places, strict=True):
    ax.text(*place, label, ha="center", va="center", bbox=box, fontsize=11)
    ax.text(place[0], place[1] - 0.33, f"dJ/d{label[0]} = {slope}", ha="center", color="C3")
ax.set(xlim=(-0.6, 4.8), ylim=(-0.5, 2.4))
ax.axis("off")

# %%
# The checker compares a gradient with differences of its function. It takes any function that
# returns both.


def graph(params):
    """J = 3 (a + b c), computed forwards, and its derivatives, computed backwards."""
    a, b, c = params
    u = b * c
    v = a + u
    dv = 3.0
    da, du = dv, dv
    db, dc = du * c, du * b
    return 3 * v, np.array([da, db, dc])


value, gradient = graph([5.0, 3.0, 2.0])
check = check_gradient(graph, [5.0, 3.0, 2.0])
print(f"J = {value:.0f}, derivatives in a, b, c: {gradient}")
print(f"largest relative error {check.max_relative_error:.0e}")

# %%
# Three layers
# ------------
# The Notes compose tanh, tanh and a sigmoid:
#
# .. math:: z_l = W_l^\top a_{l-1} + b_l, \qquad a_1 = \tanh z_1, \quad a_2 = \tanh z_2,
#    \quad a_3 = \sigma(z_3)
#
# Backpropagation applies the same rule backwards. It uses what the forward pass has stored: the
# derivative of tanh at z is :math:`1 - a^2`, and for the cross-entropy behind a sigmoid
# :math:`\partial J / \partial z_3 = a_3 - y`. (The Notes derive :math:`y - a` and then write
# :math:`a - y`. The second is right; with the first, the steps would increase J.)

X, y = load_breast_cancer(return_X_y=True)
X = StandardScaler().fit_transform(X)[:50, :4]
y = y[:50].astype(float)
shapes = [(4, 3), (3,), (3, 2), (2,), (2, 1), (1,)]


def unpack(params):
    """The weights and biases of the three layers, out of one row of numbers."""
    ends = np.cumsum([np.prod(shape) for shape in shapes])[:-1]
    return [part.reshape(shape) for part, shape in zip(np.split(params, ends), shapes, strict=True)]


def network(params):
    """Mean cross-entropy of tanh, tanh, sigmoid, and its gradient by backpropagation."""
    w1, b1, w2, b2, w3, b3 = unpack(params)
    a1 = np.tanh(X @ w1 + b1)
    a2 = np.tanh(a1 @ w2 + b2)
    z3 = (a2 @ w3 + b3)[:, 0]
    value = np.mean(np.logaddexp(0, z3) - y * z3)
    d3 = (1 / (1 + np.exp(-z3)) - y)[:, np.newaxis] / len(y)
    d2 = d3 @ w3.T * (1 - a2**2)
    d1 = d2 @ w2.T * (1 - a1**2)
    parts = [X.T @ d1, d1.sum(axis=0), a1.T @ d2, d2.sum(axis=0), a2.T @ d3, d3.sum(axis=0)]
    return value, np.concatenate([part.ravel() for part in parts])


size = sum(int(np.prod(shape)) for shape in shapes)
params = np.random.default_rng(0).normal(size=size)
by_hand = check_gradient(network, params)
print(f"{size} parameters, largest relative error {by_hand.max_relative_error:.0e}")

# %%
# The checker finds a single wrong sign, and names the parameter.


def wrong(params):
    """The same, with y - a in the place of a - y for one bias."""
    value, gradient = network(params)
    gradient[-1] = -gradient[-1]
    return value, gradient


print(check_gradient(wrong, params))

# %%
# The library's networks
# ----------------------
# The same checker takes an estimator. ``GDMLPClassifier`` with two hidden layers of tanh and two
# classes is the network of the Notes; Chkifa's has 4 inputs, 5 hidden nodes and 3 classes. Below
# are all depths up to three, on iris.

iris, species = load_iris(return_X_y=True)
layers = [(5,), (5, 4), (5, 4, 3)]
activations = ["logistic", "tanh", "relu", "leaky_relu", "elu", "gelu", "silu", "softplus"]
errors = np.empty((len(activations), len(layers)))
for i, activation in enumerate(activations):
    for j, hidden in enumerate(layers):
        model = GDMLPClassifier(hidden_layer_sizes=hidden, activation=activation, alpha=0.01)
        errors[i, j] = check_gradient(model, iris, species).max_relative_error

fig, ax = plt.subplots(figsize=(7.5, 3.4), layout="constrained")
for j, marker in enumerate("osD"):
    ax.semilogy(errors[:, j], f"C{j}{marker}", label=f"{j + 1} hidden")
ax.axhline(1e-6, color="0.5", ls="--", lw=1)
ax.set_xticks(range(len(activations)), activations)
ax.set(
    ylabel="largest relative error",
    ylim=(1e-11, 1e-4),
    title="Backpropagation, checked; dashed 1e-6",
)
ax.legend(ncols=3)

# %%
# In numbers
# ----------

notes = GDMLPClassifier(hidden_layer_sizes=(3, 2), activation="tanh", alpha=0)
error = check_gradient(notes, X, y.astype(int)).max_relative_error
print(f"graph: derivatives differ from (3, 6, 9) by {np.abs(gradient - [3, 6, 9]).max():.0e}")
print(f"network of the Notes in the library: largest relative error {error:.0e}")
print(f"all activations and depths: largest relative error {errors.max():.0e}")
