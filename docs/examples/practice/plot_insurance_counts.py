r"""
Poisson regression with exposure: insurance claims
==================================================

An insurer has counted the claims of each policy, some over a month, some over a whole year. The
model should predict the *rate*: claims per year. A count over :math:`e` years has the mean :math:`e
\cdot rate`. With the log link of a Poisson regression this is

.. math:: \log mean = \log e + x w + b.

The coefficient of the log exposure is fixed at 1: it is an *offset*. This page fits
``GDLinearRegressor(loss="poisson")`` with the offset, shows what goes wrong without it, how precise
the coefficients are, and that merging equal policies changes nothing.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.metrics import mean_poisson_deviance
from sklearn.model_selection import train_test_split

from sklearn_gd import GDLinearRegressor
from sklearn_gd.inspection import coefficient_table

# %%
# Policies
# --------
# The data are generated, so that the true rates are known: young drivers and strong cars have more
# claims. Old cars are insured for shorter times, but have the same rate as new ones.

rng = np.random.default_rng(0)
n = 40_000
age, power = rng.uniform(18, 80, n), rng.integers(4, 16, n)
car_age = rng.exponential(6, n).clip(0, 25)
exposure = rng.beta(2, 1 + car_age / 3).clip(0.02, 1)
rate = np.exp(-1.2 + 0.9 * (age < 25) + 0.05 * (power - 8))
claims = rng.poisson(exposure * rate)
X = pd.DataFrame({"young": age < 25, "power": power, "car_age": car_age}).astype(float)
print(
    f"{claims.sum()} claims in {exposure.sum():.0f} years, {np.mean(claims == 0):.1%} without any"
)

# %%
# With and without the offset
# ---------------------------
# Without it, a model of counts mistakes short exposures for low rates, and predicts too few claims
# for old cars. With it, all coefficients are close to the true ones. No column had to be scaled.

parts = train_test_split(X, claims, np.log(exposure), random_state=0)
X_train, X_test, y_train, y_test, offset, offset_test = parts
model = GDLinearRegressor(loss="poisson", alpha=1e-5)
coefs = pd.DataFrame({"true": [0.9, 0.05, 0.0]}, index=X.columns)
coefs["without offset"] = model.fit(X_train, y_train).coef_
without = mean_poisson_deviance(y_test, model.predict(X_test))
coefs["with offset"] = model.fit(X_train, y_train, offset=offset).coef_
with_offset = mean_poisson_deviance(y_test, model.predict(X_test, offset=offset_test))
print(coefs.round(3))
print(f"deviance of new policies: {without:.4f} without, {with_offset:.4f} with the offset")

# %%
# ``predict(X)`` without an offset is for an exposure of 1, the claims of a year. The observed rate
# of a group is its claims divided by its years, not a mean of single rates.

bins = np.arange(0, 26, 2.5)
group = np.digitize(X_test["car_age"], bins) - 1
years, seen = (np.bincount(group, part) for part in (np.exp(offset_test), y_test))
without_offset = GDLinearRegressor(loss="poisson", alpha=1e-5).fit(X_train, y_train)
mean_exposure = np.exp(offset).mean()
fig, ax = plt.subplots(figsize=(6.4, 4), layout="constrained")
centres = bins[: len(years)] + 1.25
ax.errorbar(centres, seen / years, np.sqrt(seen) / years, fmt="o", label="observed")
for name, each, unit in (("with offset", model, 1.0), ("without", without_offset, mean_exposure)):
    ax.plot(
        centres, np.bincount(group, each.predict(X_test) / unit) / np.bincount(group), label=name
    )
ax.set(xlabel="age of the car, in years", ylabel="claims a year", ylim=0)
ax.legend()

# %%
# How precise the coefficients are
# --------------------------------
# Standard errors need a fit without a penalty, and the same offset. For each coefficient, the 95 %
# interval should contain the true one, which is 0.9, 0.05 and 0.

exact = GDLinearRegressor(loss="poisson", penalty=None, tol=1e-12)
exact.fit(X_train, y_train, offset=offset)
precision = coefficient_table(exact, X_train, y_train, offset=offset)
print(precision)

# %%
# The dispersion is close to 1, the variance of a Poisson distribution over its mean. A larger one
# would make all standard errors larger.
#
# Policies that are alike can be summed up
# ----------------------------------------
# The claims of two policies with the same features are Poisson distributed, too, with the sum of
# both exposures. So a table of groups has the same optimum as one of single policies: here 24 rows
# instead of 30,000. The objective is a mean over fewer rows, each of which stands for several
# policies.

cells = X_train[["young", "power"]].assign(claims=y_train, years=np.exp(offset))
table = cells.groupby(["young", "power"], as_index=False).sum()
names = ["young", "power"]
single = GDLinearRegressor(loss="poisson", alpha=0).fit(X_train[names], y_train, offset=offset)
summed = GDLinearRegressor(loss="poisson", alpha=0)
summed.fit(table[names], table["claims"], offset=np.log(table["years"]))
print(f"{len(cells)} rows: {single.coef_.round(5)}\n{len(table)} rows: {summed.coef_.round(5)}")
assert np.allclose(single.coef_, summed.coef_, atol=1e-4)

plt.show()
