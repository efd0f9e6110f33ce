r"""
A wrong gradient that converges by luck
=======================================

One feature x, one weight m and one target y are the smallest possible gradient descent. The program
in Eaton's text prints a run that converges, but its gradient is wrong. You learn how a sign can
hide in such a run, what the right gradient does, and how a gradient is checked.

.. rows: 15
"""

import matplotlib.pyplot as plt
import numpy as np

from sklearn_gd.inspection import check_gradient
from sklearn_gd.solvers import GradientDescent, Run

# %%
# The printed run
# ---------------
# The program draws x, m and y at random, prints them, and makes 1000 steps
# ``m -= 0.01 * gradient`` with ``gradient = 2 * (y - y_pred)``. It prints m after every hundredth
# step. With the printed initial values, the same lines of code give the same run.

x, m_start, y = -1.12242755, 1.06498435, -0.290105


def run_as_printed(x, m=m_start, n_epochs=1000):
    """The weight after each epoch of the text's program."""
    weights = []
    for _ in range(n_epochs):
        m = m - 0.01 * 2 * (y - m * x)
        weights.append(m)
    return np.array(weights)


printed = [1.0468791, 0.33987973, 0.26686989, 0.25933037, 0.25855178]
printed += [0.25847138, 0.25846308, 0.25846222, 0.25846213, 0.25846212]
ours = run_as_printed(x)
for epoch, theirs in zip(range(0, 1000, 100), printed, strict=True):
    print(f"epoch {epoch:3d}: printed {theirs:.8f}, here {ours[epoch]:.8f}")

# %%
# What is wrong
# -------------
# The loss is :math:`(y - m x)^2`. By the chain rule its derivative in m is
#
# .. math:: \frac{d}{dm} (y - m x)^2 = 2 (y - m x) \cdot (-x)
#
# The program has the first factor and leaves out the second. The gradient checker compares a
# gradient with differences of its function, and finds it.


def as_printed(params):
    """The loss, and the gradient of the text."""
    residual = y - params[0] * x
    return residual**2, np.array([2 * residual])


def corrected(params):
    """The loss and its derivative."""
    residual = y - params[0] * x
    return residual**2, np.array([-2 * x * residual])


for function in (as_printed, corrected):
    check = check_gradient(function, [m_start])
    print(f"{function.__name__}: relative error {check.max_relative_error:.0e}")

# %%
# Why it converged
# ----------------
# The factor that is missing is :math:`-x`. One step of the program is
#
# .. math:: m \leftarrow (1 + 0.02\,x)\, m - 0.02\, y
#
# It shrinks the error if and only if :math:`|1 + 0.02\,x| < 1`, that is for :math:`-100 < x < 0`.
# The x that was drawn, -1.12, is negative: the missing factor :math:`-x = 1.12` was positive and
# near 1, so the steps had the right sign and about the right length. With +1.12 in its place the
# same program diverges.
#
# The true derivative gives :math:`m \leftarrow (1 - 0.02\,x^2)\, m + 0.02\, x y`, which converges
# for :math:`0 < |x| < 10`, whatever the sign.

weights = []
run = Run(
    learning_rate=0.01,
    max_iter=1000,
    tol=0,
    callback=lambda progress: weights.append(progress.params[0]),
)
result = GradientDescent().minimize(corrected, np.array([m_start]), run)
weights = np.array(weights[1:])  # the first entry is the start
print(f"true gradient: epoch 0 {weights[0]:.7f}, epoch 100 {weights[100]:.7f}")
mirrored = run_as_printed(-x)
print(f"as printed, with x = {-x}: m = {mirrored[-1]:.1e} after 1000 epochs")

fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
left.semilogy(np.abs(ours - y / x), "C0--", label="as printed")
left.semilogy(np.abs(weights - y / x), "C1-", label="true gradient")
left.set(xlabel="epoch", ylabel="|m - y/x|", title="x = -1.12")
right.semilogy(np.abs(mirrored + y / x), "C0--", label="as printed")
m, flipped = m_start, []
for _ in range(1000):
    m = m - 0.01 * 2 * x * (y + m * x)
    flipped.append(m)
right.semilogy(np.abs(np.array(flipped) + y / x), "C1-", label="true gradient")
right.set(xlabel="epoch", title="x = +1.12")
for ax in (left, right):
    ax.legend()
    ax.grid(alpha=0.3)

# %%
# In numbers
# ----------
# A decreasing loss does not prove that a gradient is right. A comparison with finite differences
# does.

print(f"printed run: largest difference {np.abs(ours[::100] - printed).max():.1e}")
print(f"true run against y/x: {abs(result.params[0] - y / x):.1e}")
