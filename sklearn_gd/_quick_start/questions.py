"""Three questions, each answered by a comparison that runs now."""

import numpy as np
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_gd import GDLinearRegressor, GDLogisticClassifier, GDMLPClassifier
from sklearn_gd._quick_start.fits import Fit, in_turns, shown, table

ALPHA = 1e-4
REPEATS = 3
# A fit this near to the optimum, relative to it, is as good as the optimum.
NEAR = 1e-3
# Below it the objectives differ by rounding.
ROUNDING = 1e-9
SEEDS = 3
FITS_ALL = {"solver": "newton-cholesky"}
SCALED = "StandardScaler + "


def ask_all():
    """Print the questions and their answers."""
    print(
        "scikit-learn and sklearn_gd minimise the same objective in questions 1 and 2.\n"
        f"Times are the best of {REPEATS} fits on this machine, in turns, with one thread each.",
        flush=True,
    )
    for question in (must_i_scale, is_it_faster, where_is_it_slower, is_the_network_better):
        question()


# 1: scaling


def must_i_scale():
    """Breast cancer as it is, where columns differ by factors of 200,000."""
    X, y = load_breast_cancer(return_X_y=True)
    n, d = X.shape
    spread = X.std(axis=0)
    print(
        f"\n1  Must I scale the columns?\n   Breast cancer, {n} x {d}, standard deviations from "
        f"{spread.min():.1g} to {spread.max():.0f}; logistic regression, alpha={ALPHA:g}",
        flush=True,
    )
    C = 1 / (ALPHA * n)
    fits = in_turns(
        {
            "GDLogisticClassifier": GDLogisticClassifier(alpha=ALPHA),
            "LogisticRegression": LogisticRegression(C=C),
            "LogisticRegression newton-cholesky": LogisticRegression(C=C, **FITS_ALL),
            f"{SCALED}LogisticRegression": make_pipeline(StandardScaler(), LogisticRegression(C=C)),
        },
        X,
        y,
        REPEATS,
    )
    gaps = gaps_to_optimum(fits, X, y, C)
    rows = [
        (name, shown(fit.seconds), f"{iterations(fit)}", percent(gap), f"{len(fit.warnings)}")
        for (name, fit), gap in zip(fits.items(), gaps, strict=True)
    ]
    print(table(("model", "time", "iterations", "above optimum", "warnings"), rows))
    print(f"   {answer_on_scaling(fits, gaps)}", flush=True)


def gaps_to_optimum(fits: dict[str, Fit], X, y, C: float) -> list[float]:
    """How far each objective is above its optimum, relative to it.

    The penalty acts on other coefficients behind a scaler, so that problem has its own optimum.
    """
    optima, gaps = {}, []
    for fit in fits.values():
        is_scaled = hasattr(fit.model, "steps")
        X_seen = fit.model[:-1].transform(X) if is_scaled else X
        if is_scaled not in optima:
            exact = LogisticRegression(C=C, tol=1e-10, **FITS_ALL).fit(X_seen, y)
            optima[is_scaled] = objective(exact, X_seen, y)
        found = objective(fit.estimator, X_seen, y)
        gaps.append(max(found / optima[is_scaled] - 1, 0.0))
    return gaps


def objective(model, X, y) -> float:
    """Mean loss + ALPHA / 2 |coef|^2, computed in one way for all."""
    return log_loss(y, model.predict_proba(X)) + ALPHA / 2 * float(np.sum(model.coef_**2))


def iterations(fit: Fit) -> int:
    """As the model counts them."""
    return int(np.max(fit.estimator.n_iter_))


def percent(gap: float) -> str:
    """Nothing to be seen is 0."""
    return "0 %" if gap < ROUNDING else f"{100 * gap:.2g} %"


def answer_on_scaling(fits: dict[str, Fit], gaps: list[float]) -> str:
    """In a sentence, by what was measured."""
    words = []
    for (name, fit), gap in zip(fits.items(), gaps, strict=True):
        good = gap <= NEAR and not fit.warnings
        words.append((name, good))
    works = " and ".join(name for name, good in words if good and SCALED not in name)
    fails = " and ".join(name for name, good in words if not good)
    if not words[0][1]:
        return "Yes: GDLogisticClassifier did not get to the optimum of the raw columns."
    others = f"\n   {fails} did not: scale first, or choose another solver." if fails else ""
    return f"No. On raw columns {works} got to the optimum.{others}"


# 2: speed


def is_it_faster():
    """Correlated columns in different units, in numbers where a fit takes time."""
    X, raw, rng = large_data(200_000, 50)
    n, d = X.shape
    print(f"\n2  Is it faster?\n   {n:,} x {d}, made at random, columns in different units")
    y = (raw + rng.logistic(size=n) > 0).astype(int)
    C = 1 / (ALPHA * n)
    duel(
        "Logistic regression",
        {
            "GDLogisticClassifier": GDLogisticClassifier(alpha=ALPHA, standardize=True),
            f"{SCALED}LogisticRegression lbfgs": make_pipeline(
                StandardScaler(), LogisticRegression(C=C)
            ),
            f"{SCALED}LogisticRegression newton-cholesky": make_pipeline(
                StandardScaler(), LogisticRegression(C=C, **FITS_ALL)
            ),
        },
        X,
        y,
    )
    y = raw + rng.standard_normal(n)
    models = {"GDLinearRegressor": GDLinearRegressor(alpha=ALPHA), "Ridge": Ridge(alpha=ALPHA * n)}
    duel("Linear regression", models, X, y)


def large_data(n: int, d: int):
    """X, a linear combination of its columns, and the generator that made them."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, d))
    X[:, 1:] += X[:, :-1] / 2
    raw = X @ rng.standard_normal(d) / 4
    X *= 10 ** rng.uniform(-2, 2, d)
    return X, raw, rng


def where_is_it_slower():
    """Small data, and l1 on sparse rows: known weak points, measured as well."""
    print("\n   Where is it slower?")
    X, y = load_diabetes(return_X_y=True)
    models = {
        "GDLinearRegressor": GDLinearRegressor(alpha=ALPHA),
        "Ridge": Ridge(alpha=ALPHA * len(y)),
    }
    duel(f"Small data, diabetes, {len(y)} x {X.shape[1]}", models, X, y)
    n, d = 5_000, 20_000
    rng = np.random.default_rng(0)
    X = sparse.random(n, d, density=3e-3, format="csr", random_state=rng)
    # liblinear takes no others
    X.indices, X.indptr = X.indices.astype(np.int32), X.indptr.astype(np.int32)
    weights = np.zeros(d)
    weights[:200] = 3 * rng.standard_normal(200)
    y = (X @ weights + 0.3 * rng.logistic(size=n) > 0).astype(int)
    duel(
        f"Sparse data, {n:,} x {d:,}, with an l1 penalty",
        {
            "GDLogisticClassifier": GDLogisticClassifier(alpha=1 / n, penalty="l1"),
            "LogisticRegression liblinear": LogisticRegression(
                C=1.0, solver="liblinear", random_state=0, **l1()
            ),
        },
        X,
        y,
    )


def l1() -> dict:
    """The penalty of LogisticRegression, which ``l1_ratio`` chooses from version 1.8 on."""
    by_ratio = LogisticRegression().get_params()["penalty"] == "deprecated"
    return {"l1_ratio": 1} if by_ratio else {"penalty": "l1"}


def duel(title: str, models: dict, X, y):
    """Times of the first model, which is ours, and of the others."""
    fits = in_turns(models, X, y, REPEATS)
    ours, *peers = fits
    mine = fits[ours].seconds
    rows = [(ours, shown(mine), "")]
    rows += [(name, shown(fits[name].seconds), times(fits[name].seconds / mine)) for name in peers]
    print(table((title, "time", "ours is"), rows))
    best = min(fits[name].seconds for name in peers)
    print(f"   {answer_on_speed(best / mine)}", flush=True)


def times(ratio: float) -> str:
    """How many times as fast or slow."""
    return f"{ratio:.1f}x faster" if ratio >= 1 else f"{1 / ratio:.1f}x slower"


def answer_on_speed(ratio: float) -> str:
    """In a sentence; a difference of a tenth is none."""
    if ratio > 1.1:
        return f"Yes: {ratio:.1f} times as fast as scikit-learn's fastest here."
    if ratio < 1 / 1.1:
        return f"Slower: scikit-learn's fastest takes {ratio:.0%} of our time."
    return "No difference."


# 3: networks


def is_the_network_better():
    """Digits: each model with several seeds, on the same splits."""
    X, y = load_digits(return_X_y=True)
    print(
        f"\n3  Is the network better?\n   Digits, {X.shape[0]:,} x {X.shape[1]}, 10 classes; "
        f"mean of {SEEDS} splits, a quarter held out",
        flush=True,
    )
    makers = {
        "GDMLPClassifier, early stopping": lambda seed: GDMLPClassifier(
            early_stopping=True, random_state=seed
        ),
        f"{SCALED}MLPClassifier, early stopping": lambda seed: make_pipeline(
            StandardScaler(), MLPClassifier(early_stopping=True, random_state=seed)
        ),
        f"{SCALED}MLPClassifier": lambda seed: make_pipeline(
            StandardScaler(), MLPClassifier(random_state=seed)
        ),
    }
    scores: dict[str, list[float]] = {name: [] for name in makers}
    seconds, warned = dict.fromkeys(makers, 0.0), dict.fromkeys(makers, 0)
    for seed in range(SEEDS):
        X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=seed)
        models = {name: make(seed) for name, make in makers.items()}
        for name, fit in in_turns(models, X_train, y_train, 1).items():
            scores[name].append(fit.model.score(X_test, y_test))
            seconds[name] += fit.seconds / SEEDS
            warned[name] += len(fit.warnings)
    rows = [
        (name, f"{np.mean(each):.3f}", shown(seconds[name]), f"{warned[name]}")
        for name, each in scores.items()
    ]
    print(table(("model", "accuracy", "time", "warnings"), rows))
    print(f"   {answer_on_scores(*scores.values())}")
    best = max(list(makers)[1:], key=lambda name: np.mean(scores[name]))
    mine = seconds[next(iter(makers))]
    print(f"   Compared with {best}, ours is {times(seconds[best] / mine)}.", flush=True)


def answer_on_scores(ours: list[float], *others: list[float]) -> str:
    """Ours compared with the best of the others, by the standard error of the differences."""
    best = max(others, key=np.mean)
    differences = np.subtract(ours, best)
    gain = differences.mean()
    error = differences.std(ddof=1) / np.sqrt(len(differences))
    if abs(gain) <= 2 * error:
        return f"No difference in accuracy: {gain:+.3f}, with a standard error of {error:.3f}."
    word = "Yes" if gain > 0 else "No"
    return f"{word}: {gain:+.3f} from scikit-learn's best, with a standard error of {error:.3f}."
