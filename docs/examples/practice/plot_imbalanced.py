r"""
Imbalanced classes: class_weight and sample_weight
==================================================

One row in twenty belongs to the class that matters. This page shows what ``class_weight`` and
``sample_weight`` do to a fit and what they do not do. A weight of k has the same effect as k copies
of the row, and a weight of 0 the same effect as leaving it out.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_classification
from sklearn.metrics import confusion_matrix, precision_recall_curve, recall_score
from sklearn.model_selection import train_test_split

from sklearn_gd import GDLogisticClassifier

X, y = make_classification(
    n_samples=6000, n_features=10, n_informative=4, weights=[0.95], class_sep=1.5, random_state=0
)
X, X_test, y, y_test = train_test_split(X, y, stratify=y, random_state=0)
print(f"{y.mean():.1%} of {len(y)} rows are of class 1")

# %%
# Balanced classes
# ----------------
# The objective is the *weighted* mean loss, :math:`\frac1S \sum_i s_i\,loss_i`, so a model that
# hardly ever predicts 1 has a small loss. ``class_weight="balanced"`` gives each class half of the
# total weight. A dict sets the weights; here a missed 1 costs ten times as much as a false alarm.

models = {
    "no weights": GDLogisticClassifier(),
    "a missed 1 costs 10": GDLogisticClassifier(class_weight={0: 1, 1: 10}),
    "balanced": GDLogisticClassifier(class_weight="balanced"),
}
print("                     accuracy  recall  missed  false alarms  mean p of class 1")
for name, model in models.items():
    predicted = model.fit(X, y).predict(X_test)
    (_, false), (missed, _) = confusion_matrix(y_test, predicted)
    recall, p = recall_score(y_test, predicted), model.predict_proba(X_test)[:, 1].mean()
    score = model.score(X_test, y_test)
    print(f"{name:20} {score:9.3f} {recall:7.3f} {missed:7} {false:13} {p:18.3f}")

# %%
# Precision and recall
# --------------------
# Weights mainly move the *threshold*: the dots, at which each model predicts 1, are far apart,
# while the curves are close. Here the unweighted model even has the best ranking of the most
# certain cases. If only the threshold is wrong, use another one than 0.5. The probabilities then
# stay calibrated: the mean probability of the unweighted model is the fraction of the class.

fig, ax = plt.subplots(figsize=(6.4, 4.4), layout="constrained")
for (name, model), style in zip(models.items(), ("-", "--", ":"), strict=True):
    p = model.predict_proba(X_test)[:, 1]
    precision, recall, _ = precision_recall_curve(y_test, p)
    (line,) = ax.plot(recall, precision, style, label=name)
    says_1 = p > 0.5
    at = says_1[y_test == 1].mean(), y_test[says_1].mean()
    ax.plot(*at, "o", ms=9, mec="k", color=line.get_color())
ax.set(xlabel="recall", ylabel="precision", title="Dots: threshold 0.5")
ax.legend(loc="lower left")
plt.show()

# %%
# A weight of k is k copies
# -------------------------
# Weights are drawn from 0 to 4, and compared with repeating each row that many times. Both have the
# same objective.

copies = np.random.default_rng(0).integers(0, 5, len(y))
exact = GDLogisticClassifier(alpha=1e-3, tol=1e-14)
weighted = exact.fit(X, y, sample_weight=copies)
w, value = np.append(weighted.coef_, weighted.intercept_), weighted.objective_
repeated = exact.fit(np.repeat(X, copies, axis=0), np.repeat(y, copies))
w_repeated = np.append(repeated.coef_, repeated.intercept_)
print(f"{np.count_nonzero(copies == 0)} rows left out, {copies.sum()} rows in place of {len(y)}")
print(f"coefficients: largest difference {np.abs(w - w_repeated).max():.1e}")
print(f"objectives differ by {abs(value - repeated.objective_):.1e}")

# %%
# Therefore "balanced" is the same as a weight for each row, and a factor common to all rows changes
# nothing: the loss is a weighted mean, so the penalty stays as strong as before.

balanced = GDLogisticClassifier(class_weight="balanced", tol=1e-14).fit(X, y)
by_hand = np.where(y == 1, 0.5 / y.mean(), 0.5 / (1 - y.mean()))
for name, weight in {"by hand": by_hand, "by hand, times 1000": 1000 * by_hand}.items():
    model = GDLogisticClassifier(tol=1e-14).fit(X, y, sample_weight=weight)
    difference = np.abs(model.coef_ - balanced.coef_).max()
    print(f"balanced against {name}: {difference:.1e}")
