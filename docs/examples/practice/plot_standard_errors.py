r"""
Standard errors and confidence intervals
========================================

Another sample of the same size would have given other coefficients. How different? A formula
answers that from the one sample at hand, and so does the bootstrap, which draws samples from it
again and again. This page puts both side by side.
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
# A table
# -------
# The formula is about the optimum of a likelihood, so the fit has no penalty.

model = GDLinearRegressor(penalty=None).fit(X, target)
table = coefficient_table(model, X, target)
print(table)

# %%
# ``std. error`` is the standard deviation that the coefficient would have over many samples, ``t``
# how many of these it is away from zero, and ``p`` how often a coefficient that is really zero
# would be as far away. The interval covers the true coefficient in 95 of 100 samples.
#
# The bootstrap
# -------------
# Draw as many rows as there are, with replacement, and fit again; the spread of the coefficients
# over 300 such samples estimates the same as the formula.

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
# "model" believes that all rows have the same variance; "HC3" takes the size of each residual as it
# is, and so does the bootstrap. Where the two differ much, the variances do.
#
# Log-odds
# --------
# The same for a classifier, where the formula holds for many rows only.

above = (y > np.median(y)).astype(int)
classifier = GDLogisticClassifier(penalty=None).fit(rows, above)
table = coefficient_table(classifier, rows, above)
coefs = bootstrap(GDLogisticClassifier(penalty=None), above)
for j, name in enumerate(X.columns):
    print(f"{name:6}{table.std_error[j]:10.3f}{coefs[:, j].std():10.3f}")

# %%
# What it does not say
# --------------------
# None of these numbers says that a feature is a cause, that the model is right, or that a feature
# would still stand out if it had not been picked by looking at the same rows. With a penalty the
# estimator is pulled towards zero on purpose, and the formula does not apply:

try:
    coefficient_table(GDLinearRegressor(alpha=0.1).fit(X, target), X, target)
except ValueError as error:
    print(error)
