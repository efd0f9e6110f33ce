r"""
Momentum, Adagrad, Adam: nine update rules
==========================================

All update rules descend into the same valley from the same point. You learn what momentum does to a
path, what dividing by the size of past gradients does, and how to watch a rule step by step.

The lesson follows Chkifa's list: mini-batch SGD, momentum, Nesterov, Adagrad, Adadelta, RMSprop,
Adam, AdaMax, Nadam.

.. rows: 7
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.animation import FuncAnimation
from sklearn.datasets import load_iris
from sklearn.preprocessing import StandardScaler

from sklearn_gd import GDLinearRegressor, GDSoftmaxClassifier
from sklearn_gd.schedules import Clock, Cosine
from sklearn_gd.solvers import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    AdaMax,
    Momentum,
    Nadam,
    Nesterov,
    RMSprop,
)

rng = np.random.default_rng(0)
x = 2 * rng.random(200)
y = 2 + 5 * x + 0.5 * rng.normal(size=200)
X_b = np.column_stack([np.ones(200), x])
theta_best = np.linalg.solve(X_b.T @ X_b, X_b.T @ y)
H = X_b.T @ X_b / 200

# %%
# The rules
# ---------
# A rule turns a gradient g into a step, and may have a state: momentum keeps a velocity v, Adagrad
# a sum G of squared gradients, Adam a running mean and a running mean square.
#
# .. math::
#    \text{SGD:}\quad & \theta \leftarrow \theta - \eta g \\
#    \text{momentum:}\quad & v \leftarrow \mu v - \eta g, \quad \theta \leftarrow \theta + v \\
#    \text{Adagrad:}\quad & G \leftarrow G + g^2, \quad
#    \theta \leftarrow \theta - \eta\, g / (\sqrt{G} + \epsilon) \\
#    \text{Adam:}\quad & \theta \leftarrow \theta - \eta\, \hat m / (\sqrt{\hat v} + \epsilon)
#
# The others are variations: Nesterov takes the gradient ahead on the path, RMSprop and Adadelta
# forget old gradients where Adagrad adds them up, AdaMax keeps the largest gradient in place of
# the mean square, Nadam gives Adam Nesterov's momentum. Each class of
# :mod:`sklearn_gd.solvers` has its formula and source.
#
# A rule has two methods: ``init`` returns its initial state, ``update`` returns the step. So a rule
# can be applied by hand. The rate means different things: SGD, momentum and Nesterov multiply the
# gradient by it, while the others divide the gradient by its size first, so that their rate is
# about the length of a step.

rules = {
    "SGD": (SGD(), 0.4),
    "Momentum": (Momentum(), 0.05),
    "Nesterov": (Nesterov(), 0.05),
    "Adagrad": (Adagrad(), 1.0),
    "Adadelta": (Adadelta(epsilon=1e-2), 1.0),
    "RMSprop": (RMSprop(), 0.1),
    "Adam": (Adam(), 0.3),
    "AdaMax": (AdaMax(), 0.3),
    "Nadam": (Nadam(), 0.3),
}


def descend(rule, rate, n_steps=80):
    """The path of a rule over gradients of all rows, from (0, 0)."""
    path = [np.zeros(2)]
    memory = rule.init(path[0])
    for step in range(1, n_steps + 1):
        gradient = H @ (path[-1] - theta_best)
        clock = Clock(step=step, epoch=step)
        path.append(path[-1] + rule.update(gradient, memory, path[-1], clock, rate))
    return np.array(path)


paths = {name: descend(rule, rate) for name, (rule, rate) in rules.items()}

# %%
# One valley
# ----------
# Gradient descent goes straight down the wall, then creeps along the floor. Momentum overshoots and
# swings back. The rules in the lower rows treat each parameter separately: their first step is
# equally long in both, whatever the slopes are. Adadelta needs no rate, but starts with steps of
# about :math:`\sqrt{\epsilon}`; its default 1e-6 would take far more than 80 steps here, so the
# picture has 1e-2.

grid_0, grid_1 = np.meshgrid(np.linspace(-0.5, 5.5, 80), np.linspace(-0.5, 9.5, 80))
grid = np.stack([grid_0, grid_1], axis=-1) - theta_best
values = np.einsum("ijk,kl,ijl->ij", grid, H, grid) / 2


def draw_valley(ax):
    """Contours of the objective above its minimum."""
    ax.contour(grid_0, grid_1, values, levels=np.geomspace(0.02, 40, 9), colors="0.75")
    ax.plot(*theta_best, "k*", ms=9)
    ax.set(xlim=(-0.5, 5.5), ylim=(-0.5, 8))


fig, axes = plt.subplots(3, 3, figsize=(8, 8), sharex=True, sharey=True, layout="constrained")
for ax, (name, path) in zip(axes.flat, paths.items(), strict=True):
    draw_valley(ax)
    ax.plot(*path.T, "C0.-", lw=1, ms=4)
    ax.set_title(name)
fig.supxlabel("intercept")
fig.supylabel("slope")

# %%
# An animation
# ------------
# The same paths, step by step. None of these rates is tuned carefully, so the animation shows how
# the rules move, not which one is best.

fig, ax = plt.subplots(figsize=(6, 4.6), layout="constrained")
draw_valley(ax)
ax.set(xlabel="intercept", ylabel="slope", ylim=(-0.5, 9.5))
runners = {
    name: ax.plot([], [], f"C{i}" + "os^vDPX<>"[i], ms=7, label=name)[0]
    for i, name in enumerate(paths)
}
trails = {name: ax.plot([], [], f"C{i}-", lw=0.8)[0] for i, name in enumerate(paths)}
ax.legend(loc="upper right", fontsize=8, ncols=3)
title = ax.set_title("step 0")
fig.canvas.draw()
fig.set_layout_engine("none")  # the frames keep the layout of the first


def draw(step):
    """All runners at one step."""
    for name, path in paths.items():
        runners[name].set_data(path[step : step + 1, 0], path[step : step + 1, 1])
        trails[name].set_data(path[: step + 1, 0], path[: step + 1, 1])
    title.set_text(f"step {step}")


animation = FuncAnimation(fig, draw, frames=[*range(8), 10, 14, 20, 30, 50, 80], interval=400)
with tempfile.TemporaryDirectory() as folder:
    animation.save(Path(folder) / "race.gif", writer="pillow", dpi=60)

# %%
# In an estimator
# ---------------
# Every rule is a solver, by name or as an object. In a fit it gets the gradients of mini-batches,
# whose noise does not fade, so here the rates of the picture fall to zero along half a cosine.
# Rules that multiply the gradient find a rate of their own, 1/(2L) of a batch; for the others
# ``learning_rate="auto"`` is a customary value for standardised features, with coefficients of
# order 1, and too small for the distance from 0 to 5.

X = x[:, np.newaxis]
errors = {}
for name, (rule, rate) in rules.items():
    model = GDLinearRegressor(
        solver=rule,
        learning_rate=Cosine(rate=rate, total_steps=2000),
        batch_size=20,
        alpha=0,
        max_iter=200,
        tol=0,
        random_state=0,
    )
    model.fit(X, y, coef_init=[0.0], intercept_init=0.0)
    errors[name] = np.abs([model.intercept_ - theta_best[0], model.coef_[0] - theta_best[1]]).max()
    print(f"{name:9s} {model.t_} updates, error of the coefficients {errors[name]:.4f}")

# %%
# On standardised features the automatic rates are sufficient: 50 passes learn the three kinds of
# iris from petal length and width.

iris, species = load_iris(return_X_y=True)
petals = StandardScaler().fit_transform(iris[:, 2:])
accuracies = {}
for name in rules:
    model = GDSoftmaxClassifier(
        solver=name.lower(), batch_size=10, max_iter=50, tol=0, random_state=0
    )
    accuracies[name] = model.fit(petals, species).score(petals, species)
    print(f"{name:9s} accuracy {accuracies[name]:.3f}")

# %%
# In numbers
# ----------

print(f"line: largest error of all rules {max(errors.values()):.3f}")
print(f"iris: lowest accuracy of all rules {min(accuracies.values()):.3f}")
