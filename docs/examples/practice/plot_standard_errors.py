r"""
Standard errors and confidence intervals
========================================

Another sample of the same size would have given different coefficients. Standard errors estimate
how different, from a single sample: either by a formula, or by the bootstrap, which draws many
samples from it. This page compares the two.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.utils import resample

from sklearn_gd import GDLinearRegressor, GDLogisticClassifier
from sklearn_gd.inspection import coefficient_table

data, target = load_diabetes(return_X_y=True, as_frame=True)
X = data[["age", "bmi", "bp", "s3", "s5"]]
X = X / X.std()  # coefficients for one standard deviation

# %%
# The table
# ---------
# The formula holds for the optimum of a likelihood, so the fit has no penalty.

model = GDLinearRegressor(penalty=None).fit(X, target)
table = coefficient_table(model, X, target)
print(table)

# %%
# ``std. error`` estimates the standard deviation of the coefficient over many samples. ``t`` is the
# coefficient divided by its standard error, and ``p`` is the probability of a ``t`` at least as
# large if the true coefficient is zero. The interval covers the true coefficient in 95 of 100
# samples.
#
# The bootstrap
# -------------
# Draw as many rows as there are, with replacement, and fit again. The standard deviation of the
# coefficients over 300 such samples estimates the same quantity as the formula.

rows, y = X.to_numpy(), target.to_numpy()


def bootstrap(estimator, y, n_samples=300):
    """Coefficients of fits to samples of the rows, with replacement."""
    samples = (resample(rows, y, random_state=seed) for seed in range(n_samples))
    return np.array([np.ravel(estimator.fit(*sample).coef_) for sample in samples])


coefs = bootstrap(GDLinearRegressor(penalty=None), y)
robust = coefficient_table(model, X, target, kind="HC3")
print(f"{'':6}{'formula':>10}{'HC3':>10}{'bootstrap':>10}")
for j, name in enumerate(X.columns):
    print(f"{name:6}{table.std_error[j]:10.3f}{robust.std_error[j]:10.3f}{coefs[:, j].std():10.3f}")

fig, axes = plt.subplots(1, 5, figsize=(11, 2.6), layout="constrained")
for j, (ax, name) in enumerate(zip(axes, X.columns, strict=True)):
    center, width = table.estimate[j], table.std_error[j]
    at = center + width * np.linspace(-4, 4, 200)
    ax.hist(coefs[:, j], bins=20, density=True, color="0.8")
    ax.plot(at, np.exp(-(((at - center) / width) ** 2) / 2) / (width * np.sqrt(2 * np.pi)))
    ax.axvspan(table.lower[j], table.upper[j], alpha=0.15)
    ax.set(title=name, yticks=[])
fig.suptitle("Bootstrap (grey), the normal curve of the formula, and its 95 % interval")
plt.show()

# %%
# "model" assumes that all rows have the same variance. "HC3" uses the size of each residual, and so
# does the bootstrap. If the two differ much, the variances differ.
#
# Log-odds
# --------
# The same for a classifier. Here the formula is an approximation for many rows.

above = (y > np.median(y)).astype(int)
classifier = GDLogisticClassifier(penalty=None).fit(rows, above)
table = coefficient_table(classifier, rows, above)
coefs = bootstrap(GDLogisticClassifier(penalty=None), above)
for j, name in enumerate(X.columns):
    print(f"{name:6}{table.std_error[j]:10.3f}{coefs[:, j].std():10.3f}")

# %%
# Limits
# ------
# Standard errors do not show that a feature is a cause or that the model is right, and they are too
# small if the features were selected on the same rows. With a penalty the coefficients are biased
# towards zero, and the formula does not apply:

try:
    coefficient_table(GDLinearRegressor(alpha=0.1).fit(X, target), X, target)
except ValueError as error:
    print(error)
