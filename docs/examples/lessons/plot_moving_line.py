r"""
Watch the line move to the data
===============================

Gradient descent as an animation: on the left the line after each step, on the right the same step
on the contours of the objective. You learn how to record every iterate of a solver, and how to
save the animation as a GIF.

.. rows: 4
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.animation import FuncAnimation, PillowWriter
from PIL import Image

from sklearn_gd import GDLinearRegressor
from sklearn_gd.inspection import DescentDisplay
from sklearn_gd.solvers import GradientDescent, Run

rng = np.random.default_rng(0)
x = 2 * rng.random(200)
y = 2 + 5 * x + 0.5 * rng.normal(size=200)

# %%
# Every iterate
# -------------
# A solver minimises any function that maps parameters to a value and a gradient. Here it is the
# mean of squared errors of the line :math:`\theta_0 + \theta_1 x`. A callback is called with the
# progress of the run after each iteration; this one stores the parameters.


def mean_squared_error(theta):
    """Half the mean of squared errors of a line, and its gradient."""
    residual = theta[0] + theta[1] * x - y
    return np.mean(residual**2) / 2, np.array([residual.mean(), (residual * x).mean()])


path = []


def keep(progress):
    """Store the iterate. It returns nothing, so the run continues."""
    path.append(progress.params.copy())


X_b = np.column_stack([np.ones_like(x), x])
L = np.linalg.eigvalsh(X_b.T @ X_b / len(x)).max()
run = Run(learning_rate=1 / L, max_iter=60, tol=0, callback=keep)
result = GradientDescent().minimize(mean_squared_error, np.zeros(2), run)
path = np.array(path)
print(f"{result.n_iter} steps, {len(path)} iterates, the last: {result.params}")

# %%
# The line and the contours
# -------------------------
# The intercept and the slope of the line on the left are the coordinates of the dot on the right.
# The first steps bring the line into the cloud of points; the later ones trade slope against
# intercept, along the floor of the valley, and the line hardly moves.

grid_0, grid_1 = np.meshgrid(np.linspace(-1, 6, 80), np.linspace(-1, 7, 80))
residuals = grid_0[..., np.newaxis] + grid_1[..., np.newaxis] * x - y
values = np.mean(residuals**2, axis=-1) / 2

fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
left.scatter(x, y, s=10, color="0.6")
left.set(xlim=(0, 2), ylim=(-1, 14), xlabel="x", ylabel="y")
(line,) = left.plot([], [], "C1", lw=2)
right.contour(grid_0, grid_1, values, levels=np.geomspace(0.15, 30, 12), cmap="viridis")
right.set(xlabel="intercept", ylabel="slope")
(trail,) = right.plot([], [], "C1.-")
(dot,) = right.plot([], [], "ko")
title = left.set_title("step 0")
fig.canvas.draw()
fig.set_layout_engine("none")  # the frames keep the layout of the first


def draw(step):
    """The line and the path up to a step."""
    line.set_data([0, 2], path[step, 0] + path[step, 1] * np.array([0, 2]))
    trail.set_data(path[: step + 1, 0], path[: step + 1, 1])
    dot.set_data(path[step : step + 1, 0], path[step : step + 1, 1])
    value = mean_squared_error(path[step])[0]
    title.set_text(f"step {step}, F = {value:.3f}")
    return line, trail, dot, title


frames = [0, 1, 2, 3, 5, 7, 10, 15, 20, 30, 45, 60]
animation = FuncAnimation(fig, draw, frames=frames, interval=400)

# %%
# In a notebook, ``HTML(animation.to_jshtml())`` shows the animation with buttons,
# ``HTML(animation.to_html5_video())`` as a video. ``animation.save("descent.mp4", fps=5)`` saves an
# mp4 and needs the program ffmpeg. A GIF needs Pillow only.

with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "descent.gif"
    animation.save(file, writer=PillowWriter(fps=2.5), dpi=60)
    with Image.open(file) as gif:
        print(f"{gif.format} of {gif.n_frames} frames, {file.stat().st_size // 1000} kB")

# %%
# Animate any fit
# ---------------
# ``DescentDisplay`` draws the right half for any estimator: it fits a clone, records every iterate,
# and draws the path over the contours. The fit starts from the best constant, as fits do by
# default: slope 0, and the mean of y as the intercept.

model = GDLinearRegressor(solver="gd", alpha=0, max_iter=60, tol=0)
# sphinx_gallery_thumbnail_number = 2
display = DescentDisplay.from_estimator(model, x[:, np.newaxis], y, step_numbers=False)

# %%

fit_animation = display.animate(frames=6, interval=500)
with tempfile.TemporaryDirectory() as folder:
    fit_animation.save(Path(folder) / "fit.gif", writer=PillowWriter(fps=2), dpi=60)

# %%
# In numbers
# ----------
# The lesson follows the animation in Chkifa's chapter on batch gradient descent, which prints the
# iterate *before* the last as its minimum, because its loop stores a point and then moves. The
# callback above is called for the initial point and after each step, so its last entry is the
# result of the run.

theta_best = np.linalg.solve(X_b.T @ X_b, X_b.T @ y)
print(f"last entry of the path against the result: {np.abs(path[-1] - result.params).max():.1e}")
print(f"distance to the normal equation after 60 steps: {np.abs(path[-1] - theta_best).max():.1e}")
