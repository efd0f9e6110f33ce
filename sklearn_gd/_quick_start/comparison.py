"""A first model of a file, compared with scikit-learn's and with a constant prediction."""

import warnings
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.metrics import accuracy_score, log_loss, mean_absolute_error, r2_score
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split

from sklearn_gd._quick_start.choice import choose, pipelines
from sklearn_gd._quick_start.fits import Fit, in_turns, shown, table
from sklearn_gd._quick_start.problem import Problem, pose
from sklearn_gd._quick_start.script import script
from sklearn_gd._quick_start.tables import UnusableTableError, read

REPEATS = 3
# With more numbers than this in X, one fit is enough for a time.
MUCH = 2_000_000
SHOWN = 10


def compare(path: str, target: str | None, kind: str | None, folds: int | None, plot: str | None):
    """Print the comparison, and draw coefficients if asked to."""
    if plot:
        pyplot()
    source = read(path)
    problem = pose(source, target, kind, folds)
    n = len(problem.y)
    print(
        f"{path}: {n:,} rows, {len(problem.numbers)} columns of numbers, "
        f"{len(problem.words)} of text"
    )
    for note in problem.notes:
        print(f"  {note}")
    print(
        f"{target!r} holds {problem.kind} ({problem.why}): "
        f"{choose(problem, n).words}, with {choose(problem, n).code}"
    )
    if problem.kind == "numbers" and is_skewed(problem.y):
        print("  It is positive and skewed. Try --target-is amounts as well.")
    print(flush=True)
    fitted = report(problem, folds)
    effects = effects_of(problem, fitted)
    print(f"\n{largest(effects)}")
    if plot:
        draw(effects, problem.target, plot)
        print(f"\nThe picture is in {plot}.")
    print("\nThe code of the first line, to copy:\n")
    print(script(source, problem, choose(problem, n).code, folds), flush=True)


def is_skewed(y) -> bool:
    """Whether a few values are far above the others."""
    return y.min() > 0 and np.mean((y - y.mean()) ** 3) > y.std() ** 3


def splits(problem: Problem, folds: int | None) -> list:
    """Pairs of rows for training and for scoring; classes have the same proportions in both."""
    rows = np.arange(len(problem.y))
    classes = problem.y if problem.is_classification else None
    if folds is None:
        try:
            return [train_test_split(rows, stratify=classes, random_state=0)]
        except ValueError as error:
            raise UnusableTableError(f"The rows cannot be split: {error}") from None
    if folds > len(rows):
        raise UnusableTableError(f"There are {len(rows)} rows for {folds} folds.")
    maker = KFold if classes is None else StratifiedKFold
    return list(maker(folds, shuffle=True, random_state=0).split(rows, classes))


def report(problem: Problem, folds: int | None) -> Fit:
    """Fit and score all models, print their lines; returns ours, of the last split."""
    repeats = REPEATS if problem.X.size < MUCH and folds is None else 1
    pairs = splits(problem, folds)
    fits: dict[str, list[Fit]] = {}
    scores: dict[str, list[tuple[float, float]]] = {}
    for train, test in pairs:
        models = {name: clone(model) for name, model in pipelines(problem, len(train)).items()}
        for name, fit in in_turns(models, problem.X[train], problem.y[train], repeats).items():
            fits.setdefault(name, []).append(fit)
            score = scores_of(problem, fit.model, problem.X[test], problem.y[test])
            scores.setdefault(name, []).append(score)
    names = ("accuracy", "log-loss") if problem.is_classification else ("R2", "mean abs. error")
    forms = (".4f", ".4f") if problem.is_classification else (".4f", ".4g")
    rows = [
        (
            name,
            *map(mean_and_spread, forms, zip(*scores[name], strict=True)),
            shown(float(np.mean([fit.seconds for fit in found]))),
            str(sum(len(fit.warnings) for fit in found)),
        )
        for name, found in fits.items()
    ]
    print(table(("model", *names, "time of a fit", "warnings"), rows))
    size = len(pairs[0][1])
    how = f"{folds}-fold cross-validation" if folds else f"{size:,} rows that were held out"
    print(f"  Scores are from {how}. All models but the last have equal penalties.")
    for name, found in fits.items():
        messages = [message for fit in found for message in fit.warnings]
        if messages:
            print(f"  {name}: {messages[0]}")
    return next(iter(fits.values()))[-1]


def scores_of(problem: Problem, model, X, y) -> tuple[float, float]:
    """The score that everybody knows, and one that sees more than it."""
    with warnings.catch_warnings():
        # of values of a text that no row for training has: the same for all models
        warnings.filterwarnings("ignore", message="Found unknown categories")
        predicted = model.predict(X)
        probability = model.predict_proba(X) if problem.is_classification else None
    if problem.is_classification:
        return accuracy_score(y, predicted), log_loss(y, probability, labels=model.classes_)
    return r2_score(y, predicted), mean_absolute_error(y, predicted)


def mean_and_spread(form: str, values) -> str:
    """The mean over folds, and their standard deviation where there are several."""
    # a little below 0 is 0, without a sign
    mean = f"{np.round(np.mean(values), 4) + 0.0:{form}}"
    return f"{mean} ± {np.std(values, ddof=1):.2g}" if len(values) > 1 else mean


def effects_of(problem: Problem, fit: Fit) -> list[tuple[str, float, float]]:
    """Name, coefficient, and coefficient times standard deviation; the largest of these first."""
    columns = fit.model[0]
    names = columns.get_feature_names_out(problem.numbers + problem.words)
    # the encoder names a gap like a value without letters
    gaps = {f"{word}_": f"{word}_ (no value)" for word in problem.words}
    names = [gaps.get(name, name) for name in names]
    spread = columns.transform(problem.X).astype(float).std(axis=0)
    coef = np.atleast_2d(fit.estimator.coef_)
    classes = [f"{label}: " for label in fit.estimator.classes_] if len(coef) > 1 else [""]
    found = [
        (prefix + str(name), float(value), float(value * width))
        for prefix, values in zip(classes, coef, strict=True)
        for name, value, width in zip(names, values, spread, strict=True)
    ]
    return sorted(found, key=lambda effect: -abs(effect[2]))


def largest(effects) -> str:
    """The largest effects as a table."""
    rows = [(name, f"{coef:.4g}", f"{effect:+.3g}") for name, coef, effect in effects[:SHOWN]]
    header = ("largest coefficients", "coefficient", "times the column's standard deviation")
    return table(header, rows)


def pyplot() -> Any:
    """matplotlib, or a sentence that says that it is needed."""
    try:
        from matplotlib import pyplot as plt
    except ImportError:
        raise UnusableTableError("--plot needs matplotlib: pip install matplotlib") from None
    return plt


def draw(effects, target: str, path: str):
    """The largest effects as bars."""
    plt = pyplot()
    names, _, values = zip(*effects[:SHOWN][::-1], strict=True)
    figure, axis = plt.subplots(figsize=(7, 0.35 * len(names) + 1.2), layout="constrained")
    bars = axis.barh(names, values, color=["C0" if value > 0 else "C3" for value in values])
    axis.bar_label(bars, fmt="%+.3g", padding=3)
    axis.axvline(0, color="black", linewidth=0.8)
    axis.margins(x=0.15)
    axis.set(
        xlabel="coefficient times standard deviation", title=f"Largest coefficients for {target}"
    )
    try:
        figure.savefig(path, dpi=150)
    except (OSError, ValueError) as error:
        raise UnusableTableError(f"The picture cannot be saved: {error}") from None
    finally:
        plt.close(figure)
