r"""
A neural network with 4, 5 and 3 units
======================================

Chkifa classifies iris by a network with 4 inputs, 5 hidden units and 3 outputs; the Notes compose
layers of tanh, tanh and sigmoid; and his last listing has two layers of ReLU with linear logits.
This lesson computes the gradient of the first by hand, checks the gradients of all, trains the
networks, and ends with your own activation and loss.

.. rows: 11 13 18 25
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import softmax
from sklearn.datasets import load_diabetes, load_iris
from sklearn.preprocessing import StandardScaler

from sklearn_gd import GDMLPClassifier, GDMLPRegressor
from sklearn_gd.data import ArraySource
from sklearn_gd.inspection import LossCurveDisplay, check_gradient
from sklearn_gd.losses import Loss, Softmax
from sklearn_gd.models import MLP
from sklearn_gd.models.activations import Activation, Tanh
from sklearn_gd.objective.empirical_risk import EmpiricalRisk
from sklearn_gd.penalties import NoPenalty

iris = load_iris()
X, y = StandardScaler().fit_transform(iris.data), iris.target

# %%
# Forward and back by hand
# ------------------------
# With :math:`\mathbf x = (1, x)` and :math:`\mathbf h = (1, h)`, where the ones carry the biases,
#
# .. math:: h^- = \tilde\Theta\,\mathbf x, \qquad h = \varphi(h^-), \qquad z = \Theta\,\mathbf h,
#     \qquad J = -\frac1m \sum_i \log p_{y_i}, \quad p = \mathrm{softmax}(z) .
#
# Backpropagation is the chain rule from the end, and each line uses the one before it:
#
# .. math:: \frac{\partial J}{\partial z} = \frac{p - onehot(y)}m, \quad
#     \frac{\partial J}{\partial h_j} = \sum_l \frac{\partial J}{\partial z_l} \Theta_{j,l}, \quad
#     \frac{\partial J}{\partial h^-_j} = \frac{\partial J}{\partial h_j}\,\varphi'(h^-_j) .
#
# **A trap in the text.** :math:`\Theta` has a row for each class and :math:`\Theta_{j,l}` is
# component j of :math:`\Theta_l`, the row of class l: as an entry of the matrix it is
# ``theta[l, j]``.


def by_hand(first, last):
    """J and its derivatives in the two matrices; tanh between them."""
    ones = np.ones((len(X), 1))
    x = np.hstack([ones, X])
    h = np.tanh(x @ first.T)
    p = softmax(np.hstack([ones, h]) @ last.T, axis=1)
    value = -np.mean(np.log(p[np.arange(len(y)), y]))
    dz = (p - np.eye(3)[y]) / len(y)
    dh = dz @ last[:, 1:]  # the sum over l of dz_l theta[l, j]
    return value, (dh * (1 - h**2)).T @ x, dz.T @ np.hstack([ones, h])


rng = np.random.default_rng(0)
first, last = rng.normal(size=(5, 5)), rng.normal(size=(3, 6))
value, d_first, d_last = by_hand(first, last)

# %%
# The library keeps all parameters in one vector, weights first, and its matrices have a *column*
# for each unit. Its objective, built from its parts, has the same value and the same gradient:

network = MLP(sizes=(4, 5, 3), activation=Tanh())
objective = EmpiricalRisk(network, Softmax(), NoPenalty(), 0.0, ArraySource(X, y))
params = np.concatenate([first[:, 1:].T.ravel(), last[:, 1:].T.ravel(), first[:, 0], last[:, 0]])
its_value, its_gradient = objective.value_and_gradient(params)
weights, biases = network.unpack(its_gradient)

print(f"J by hand {value:.12f}, by the library {its_value:.12f}")
for name, hand, matrix, bias in (
    ("hidden layer", d_first, weights[0], biases[0]),
    ("output layer", d_last, weights[1], biases[1]),
):
    difference = np.abs(hand - np.vstack([bias, matrix]).T).max()
    print(f"gradient, {name}: {hand.size} numbers, largest difference {difference:.0e}")

# %%
# Every activation, every depth
# -----------------------------
# ``check_gradient`` compares backpropagation with central differences. About 1e-8 is rounding; a
# forgotten factor of 2 would show as 0.5.

depths = {"4-5-3": (5,), "4-5-5-3": (5, 5), "4-5-5-5-3": (5, 5, 5)}
print("largest relative error", *(f"{name:>10}" for name in depths))
for activation in ("logistic", "tanh", "relu", "leaky_relu", "elu", "gelu", "silu", "softplus"):
    errors = [
        check_gradient(GDMLPClassifier(hidden_layer_sizes=sizes, activation=activation), X, y)
        for sizes in depths.values()
    ]
    print(f"{activation:22}", *(f"{error.max_relative_error:10.0e}" for error in errors))

# %%
# Training
# --------
# Initial weights are random, because with equal weights all hidden units would learn the same. "Use
# gradient descent or a built-in optimisation function", says Chkifa: L-BFGS suits 150 rows.

fig, axes = plt.subplots(1, 2, figsize=(8, 3.6), sharey=True, layout="constrained")
settings = {"hidden_layer_sizes": (5,), "alpha": 1e-3, "random_state": 0}
for ax, solver in zip(axes, ("gd", "lbfgs"), strict=True):
    models = {}
    for activation in ("logistic", "tanh", "relu"):
        model = GDMLPClassifier(activation=activation, solver=solver, **settings)
        model.set_params(max_iter=100, tol=0).fit(X, y)
        models[f"{activation}: accuracy {model.score(X, y):.3f}"] = model
    LossCurveDisplay.from_estimators(models, ax=ax)
    ax.set(yscale="log", title=f'solver="{solver}"')
    ax.label_outer()
plt.show()

# %%
# The picture shows the weights: a line is thick if its weight is large, and solid if it is
# positive.

names = [name.removesuffix(" (cm)") for name in iris.feature_names]
model = GDMLPClassifier(activation="tanh", solver="lbfgs", **settings).fit(X, y)
fig, ax = plt.subplots(figsize=(6.8, 4), layout="constrained")
heights = [np.linspace(1, 0, n + 2)[1:-1] for n in (4, 5, 3)]
for layer, matrix in enumerate(model.coefs_):
    for i, j in np.ndindex(matrix.shape):
        size, is_positive = abs(matrix[i, j]) / np.abs(matrix).max(), matrix[i, j] > 0
        ends = [heights[layer][i], heights[layer + 1][j]]
        style, color = ("-", "C0") if is_positive else ("--", "C1")
        ax.plot([layer, layer + 1], ends, style, color=color, lw=4 * size, zorder=0)
for layer, column in enumerate(heights):
    ax.plot(np.full(len(column), layer), column, "o", color="k", ms=12)
for height, name in zip(heights[0], names, strict=True):
    ax.text(-0.08, height, name, ha="right", va="center")
for height, name in zip(heights[2], iris.target_names, strict=True):
    ax.text(2.08, height, name, ha="left", va="center")
ax.set(xlim=(-0.75, 2.5), title="Weights of 4-5-3 with tanh (dashed: negative)")
ax.axis("off")
plt.show()

# %%
# tanh, tanh, sigmoid
# -------------------
# The Notes compose :math:`a^{[3]} = \sigma(b_3 + W_3^T \tanh(b_2 + W_2^T \tanh(b_1 + W_1^T x)))`
# for two classes. Two hidden layers of tanh are that network: the last layer is a sigmoid when
# there are two classes. Here the composition is written out with the fitted weights.

virginica = (y == 2).astype(int)
composed = GDMLPClassifier(hidden_layer_sizes=(4, 3), activation="tanh", solver="lbfgs")
composed.set_params(random_state=0, alpha=1e-3).fit(X, virginica)
a = X
for matrix, bias in zip(composed.coefs_[:-1], composed.intercepts_[:-1], strict=True):
    a = np.tanh(a @ matrix + bias)
z = a @ composed.coefs_[-1] + composed.intercepts_[-1]
difference = np.abs(1 / (1 + np.exp(-z[:, 0])) - composed.predict_proba(X)[:, 1]).max()
print(f"last layer: {composed.out_activation_}; composition by hand differs by {difference:.0e}")
print(check_gradient(composed, X, virginica))
print(f"accuracy {composed.score(X, virginica):.3f}")

# %%
# Two ReLU layers and linear logits
# ---------------------------------
# In Chkifa's last listing the network ends with *logits*, z without a softmax. They are what
# ``decision_function`` returns; ``predict_proba`` is their softmax.

deep = GDMLPClassifier(hidden_layer_sizes=(10, 5), activation="relu", random_state=0)
deep.set_params(solver="lbfgs", alpha=1e-3).fit(X, y)
h = X
for matrix, bias in zip(deep.coefs_[:-1], deep.intercepts_[:-1], strict=True):
    h = np.maximum(h @ matrix + bias, 0)
logits = h @ deep.coefs_[-1] + deep.intercepts_[-1]
print(f"logits by hand differ by {np.abs(logits - deep.decision_function(X)).max():.0e}")
print(f"softmax of them by {np.abs(softmax(logits, axis=1) - deep.predict_proba(X)).max():.0e}")
print(f"accuracy {deep.score(X, y):.3f}")

# %%
# Regularisation, layer by layer
# ------------------------------
# Chkifa adds :math:`\lambda_1 \mathrm{tr}(\Theta_1^T \Theta_1) + \lambda_2
# \mathrm{tr}(\Theta_2^T \Theta_2)`. The trace is the sum of squares and the penalty here half of
# it, so that :math:`alpha = (2 \lambda_1, 2 \lambda_2)`. Where only one layer is penalised, it
# shrinks and the other grows in its place: a hidden ReLU half as large with weights twice as large
# behind it predicts the same.

for alpha in ((0.0, 0.0), (0.1, 0.0), (0.0, 0.1), (0.1, 0.1)):
    model = GDMLPClassifier(hidden_layer_sizes=(5,), solver="lbfgs", random_state=0, alpha=alpha)
    model.fit(X, y)
    sizes = [f"{np.linalg.norm(matrix):6.2f}" for matrix in model.coefs_]
    print(f"alpha={alpha}: sizes of the matrices", *sizes, f" accuracy {model.score(X, y):.3f}")

# %%
# A loss and an activation of one's own
# -------------------------------------
# "The same approach applies if J is another loss function." An activation is a value and a
# derivative in z, a loss a value and a derivative in the raw prediction; ``check_gradient`` checks
# that the derivative belongs to the value.


class Softsign(Activation):
    """z / (1 + |z|)."""

    def value(self, z):
        return z / (1 + np.abs(z))

    def derivative(self, z):
        return (1 + np.abs(z)) ** -2


class LogCosh(Loss):
    """log cosh(raw - y): a parabola near zero, a straight line far away."""

    def value(self, y, raw):
        return np.logaddexp(raw - y, y - raw).sum(axis=1) - np.log(2)

    def gradient(self, y, raw):
        return np.tanh(raw - y)


class ForgottenFactor(LogCosh):
    """A mistake, to be found."""

    def gradient(self, y, raw):
        return 2 * np.tanh(raw - y)


patients, progression = load_diabetes(return_X_y=True)
for loss in (LogCosh(), ForgottenFactor()):
    model = GDMLPRegressor(loss=loss, hidden_layer_sizes=(5,), activation=Softsign())
    error = check_gradient(model, patients, progression).max_relative_error
    print(f"{type(loss).__name__:16} relative error {error:.1e}")

model = GDMLPRegressor(loss=LogCosh(), hidden_layer_sizes=(5,), activation=Softsign())
model.set_params(solver="lbfgs", alpha=1e-2, random_state=0).fit(patients, progression)
print(f"R2 on the rows it has learnt from {model.score(patients, progression):.3f}")
