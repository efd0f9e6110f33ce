r"""
Gamma regression: prices with proportional errors
=================================================

The standard deviation of a price grows with its mean. With squared errors the few expensive rows
dominate the fit. The Gamma deviance

.. math:: 2 \left(\frac{y}{\mu} - \log\frac{y}{\mu} - 1\right), \quad \mu = e^{x w + b}

depends on ratios only: an error of ten per cent costs the same at any price, in any currency. This
page compares it with squared errors of prices and of their logarithms.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.metrics import mean_gamma_deviance
from sklearn.model_selection import train_test_split

from sklearn_gd import GDLinearRegressor

# %%
# Flats
# -----
# The prices are generated: a view costs a third more, twice the floor space costs twice as much,
# and the noise is proportional to the mean.

rng = np.random.default_rng(0)
n = 20_000
space = rng.lognormal(4.2, 0.5, n)
view, distance = rng.random(n) < 0.3, rng.exponential(5, n)
mean = 3000 * space * (4 / 3) ** view * np.exp(-0.05 * distance)
price = mean * rng.gamma(4, 1 / 4, n)
X = np.column_stack([np.log(space), view, distance])
X_train, X_test, y_train, y_test = train_test_split(X, price, random_state=0)

# %%
# Three models
# ------------
# All are linear in X for the logarithm of the price. Squared errors of the logarithm are easy to
# fit, but they predict a typical price, which is below the mean: the sum of such predictions is too
# low by an eighth. The Gamma model predicts the mean.

log_model = TransformedTargetRegressor(GDLinearRegressor(alpha=0), func=np.log, inverse_func=np.exp)
models = {
    "Gamma": GDLinearRegressor(loss="gamma", alpha=0),
    "squared error of logarithms": log_model,
    "Poisson, for comparison": GDLinearRegressor(loss="poisson", alpha=0),
}
truth = np.array([1.0, np.log(4 / 3), -0.05])
print("                             deviance  total over true total  error of coefficients")
for name, model in models.items():
    predicted = model.fit(X_train, y_train).predict(X_test)
    deviance = mean_gamma_deviance(y_test, predicted)
    fitted = getattr(model, "regressor_", model)
    error, total = np.linalg.norm(fitted.coef_ - truth), predicted.sum() / y_test.sum()
    print(f"{name:28} {deviance:8.4f} {total:12.3f} {error:20.4f}")

gamma = models["Gamma"]
print("a view is worth", f"{np.exp(gamma.coef_[1]):.3f}", "times the price; generated with 1.333")
print("after", gamma.n_iter_, "iterations:", gamma.stop_reason_)

# %%
# Which variance?
# ---------------
# The Poisson model predicts means as well, and is close here. But it assumes that the variance is
# proportional to the mean and not to its square. The residuals show which is right: divided by the
# standard deviation that a model assumes, they should have the same width everywhere.

fig, axes = plt.subplots(1, 2, figsize=(8, 3.6), sharex=True, layout="constrained")
fitted = {"Gamma": (gamma, 1.0), "Poisson": (models["Poisson, for comparison"], 0.5)}
for ax, (name, (model, power)) in zip(axes, fitted.items(), strict=True):
    predicted = model.predict(X_test)
    residual = (y_test - predicted) / predicted**power
    ax.plot(predicted, residual / residual.std(), ".", ms=2, alpha=0.6)
    ax.set(xscale="log", xlabel="predicted price", title=f"{name}: sd as mean$^{{{power:g}}}$")
axes[0].set(ylabel="residual over assumed sd")

# %%
# In another currency the coefficients are the same, and the intercept moves by the logarithm of the
# exchange rate.

other = GDLinearRegressor(loss="gamma", alpha=0).fit(X_train, 0.9 * y_train)
assert np.allclose(other.coef_, gamma.coef_, atol=1e-6)
print(f"intercept moved by {other.intercept_ - gamma.intercept_:.4f}, log(0.9) = {np.log(0.9):.4f}")

plt.show()
