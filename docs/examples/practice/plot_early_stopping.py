r"""
Early stopping with your own validation set
===========================================

A network with many weights overfits: after some passes it learns the noise of the training rows.
Early stopping scores each pass on validation rows and returns the network with the best score. This
page shows the validation curve, and how to pass a validation set to a pipeline.
"""

import matplotlib.pyplot as plt
import numpy as np
import sklearn
from sklearn.datasets import make_moons
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from sklearn_gd import GDMLPClassifier

X, y = make_moons(900, noise=0.35, random_state=0)
X, X_test, y, y_test = train_test_split(X, y, test_size=500, random_state=0)
X, X_val, y, y_val = train_test_split(X, y, test_size=300, random_state=0)

# %%
# The validation curve
# --------------------
# There are 100 training rows, 300 validation rows, and a network of 100 units, which can memorise
# all training rows. To show what happens after the best pass, ``n_iter_no_change`` is set to all
# 400 passes. Scores are "greater is better": the default is minus the mean loss, without the
# penalty.

settings = {"solver": "adam", "learning_rate": 0.01, "alpha": 0.0, "random_state": 0}
network = GDMLPClassifier(early_stopping=True, max_iter=400, tol=0, n_iter_no_change=400)
network.set_params(**settings).fit(X, y, X_val=X_val, y_val=y_val)
validation = -np.array(network.validation_scores_)
best = validation.argmin()

fig, ax = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
ax.plot(network.loss_curve_, label="objective: 100 rows to learn from")
ax.plot(validation, "--", label="mean loss: 300 rows to watch")
ax.plot(
    best, validation[best], "o", color="C1", mec="k", ms=9, label=f"best, pass {best}: returned"
)
ax.set(xlabel="pass", ylabel="log-loss", ylim=(0, 0.6))
ax.set(title="What is learnt after the best moment is noise")
ax.legend()
plt.show()

to_the_end = GDMLPClassifier(max_iter=400, tol=0, **settings).fit(X, y)
print(f"objective    best moment {network.objective_:.4f}, to the end {to_the_end.objective_:.4f}")
print("                     log-loss  accuracy, of 500 other rows")
for name, model in {"best moment": network, "to the end": to_the_end}.items():
    p = model.predict_proba(X_test)[np.arange(len(y_test)), y_test]
    print(f"{name:20} {-np.log(p).mean():.4f}    {model.score(X_test, y_test):.3f}")

# %%
# In practice
# -----------
# The fit ends after ``n_iter_no_change`` passes without an improvement. The curve above is flat
# near its beginning, so the default of 10 passes would stop there. ``scoring`` may be any scorer of
# scikit-learn. Accuracy is coarser than the loss: on 300 rows it changes in steps of a third of a
# per cent. If you pass no validation set, the fraction ``validation_fraction`` of the rows is held
# out.

for patience in (10, 40):
    for scoring in (None, "accuracy", "roc_auc"):
        watched = GDMLPClassifier(early_stopping=True, scoring=scoring, max_iter=400, **settings)
        watched.set_params(n_iter_no_change=patience).fit(X, y, X_val=X_val, y_val=y_val)
        print(f"patience {patience}, scoring={scoring!s:9} {watched.n_iter_:3} passes,", end=" ")
        print(f"test accuracy {watched.score(X_test, y_test):.3f}")
print(watched.stop_reason_)

# %%
# In a pipeline
# -------------
# The validation rows must be scaled like the training rows. ``transform_input`` of scikit-learn's
# pipeline passes them through the fitted steps before the last one.

with sklearn.config_context(enable_metadata_routing=True):
    last = GDMLPClassifier(early_stopping=True, max_iter=400, **settings)
    last.set_fit_request(X_val=True, y_val=True)
    pipeline = make_pipeline(
        PolynomialFeatures(3), StandardScaler(), last, transform_input=["X_val"]
    )
    pipeline.fit(X, y, X_val=X_val, y_val=y_val)
    print(f"{last.stop_reason_}; test accuracy {pipeline.score(X_test, y_test):.3f}")

# %%
# The same by hand, to see that nothing else happens:

steps = pipeline[:-1]
by_hand = GDMLPClassifier(early_stopping=True, max_iter=400, **settings)
by_hand.fit(steps.transform(X), y, X_val=steps.transform(X_val), y_val=y_val)
difference = np.abs(np.array(by_hand.validation_scores_) - last.validation_scores_).max()
print(f"validation scores differ by {difference:.0e}")
