"""Eight problems on real data: the table and the picture of the README.

``python -m benchmarks.first_screen`` makes both of the saved results, ``--measure`` measures first.
"""

import argparse
import json
import re
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from sklearn.datasets import load_breast_cancer

from benchmarks.__main__ import arguments, measure_all
from benchmarks.core import OURS
from benchmarks.machine import limited
from benchmarks.report import QUARTILES, RESULTS, heads, markdown, number, with_results
from benchmarks.sets import FOLDER
from sklearn_gd import GDLogisticClassifier
from sklearn_gd.inspection import DescentDisplay

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PICTURES = ROOT / "docs" / "_static"
# One problem for each loss, and two more for the l1 penalty, chosen before they were measured.
SHOWN = {
    "a9a-logistic-l2-C1": "logistic, census, sparse",
    "sms_words-logistic-l1-C1": "logistic l1, words of messages",
    "diamond_cuts-softmax-l2-C1-scaled": "softmax, cuts of diamonds",
    "diamonds-squared-l2-C1": "linear, prices of diamonds",
    "diamonds-squared-l1-0.01max-scaled": "lasso, prices of diamonds",
    "bike_onehot-poisson-l2-C1": "Poisson, rented bicycles",
    "bike_onehot-huber-l2-C1-scaled": "Huber, rented bicycles",
    "bike-quantile0.9-l1-0.1max": "quantile 0.9, rented bicycles",
}
SAVED = RESULTS / "first_screen.json"
PEERS = "sklearn "
THEMES = {"light": "default", "dark": "dark_background"}
PAPER = {"light": "#ffffff", "dark": "#0d1117"}
FASTER, SLOWER = "#2f81c5", "#d1603d"


@dataclass(frozen=True)
class Duel:
    """Ours and the fastest solver of scikit-learn on one problem.

    ``low`` and ``high`` are quartiles over rounds; without a solver that reached the objective,
    ``ratio`` is a lower bound and the others are None.
    """

    name: str
    size: str
    ours: float
    peer: str
    theirs: float | None
    ratio: float
    low: float | None = None
    high: float | None = None

    @property
    def words(self) -> str:
        """The ratio, with two digits."""
        return f"{'> ' if self.theirs is None else ''}{self.ratio:.2g}x"


def duel(record: dict) -> Duel | None:
    """What is known of one problem; None where nobody can be compared."""
    lines = {line["name"]: line for line in record["cases"][0]["lines"]}
    ours = lines[OURS]
    if ours["status"] or not ours["seconds"]:
        return None
    peers = [line for name, line in lines.items() if name.startswith(PEERS)]
    size = re.search(r"[\d,]+ x [\d,]+$", record["description"])[0]
    mine = median(ours["seconds"])
    reached = [line for line in peers if not line["status"] and line["ratios"]]
    if reached:
        best = min(reached, key=lambda line: median(line["ratios"]))
        low, middle, high = map(float, np.quantile(best["ratios"], QUARTILES))
        name = best["name"].removeprefix(PEERS)
        theirs = median(best["seconds"])
        return Duel(record["name"], size, mine, name, theirs, middle, low, high)
    bounds = [line for line in peers if line["at_least"]]
    if not bounds:
        return None
    best = min(bounds, key=lambda line: line["at_least"])
    name = best["name"].removeprefix(PEERS)
    return Duel(record["name"], size, mine, name, None, best["at_least"])


def duels(records: list[dict]) -> dict[str, Duel]:
    """All problems in which somebody can be compared."""
    return {record["name"]: found for record in records if (found := duel(record)) is not None}


def claim(records: list[dict]) -> str:
    """What the README says of all problems together."""
    ratios = [each.ratio for each in duels(records).values()]
    return f"{min(ratios):.2g}x to {max(ratios):.2g}x, median {median(ratios):.2g}x"


def table(records: list[dict]) -> str:
    """The problems of the README, and where they were measured."""
    header = ("problem", "rows x columns", "sklearn_gd", "fastest of scikit-learn", "ratio")
    rows = []
    for name, words in SHOWN.items():
        found = duels(records)[name]
        theirs = f"{number(found.theirs)} s" if found.theirs else "not reached"
        spread = f" [{found.low:.2g}, {found.high:.2g}]" if found.theirs else ""
        peer = f"{theirs} ({found.peer})"
        rows.append([words, found.size, f"{number(found.ours)} s", peer, found.words + spread])
    return markdown(header, rows, range(len(header))) + f"\n\n{heads(records[:1])}"


def measure() -> list[dict]:
    """Measure and save.

    With one thread: with more, solvers that wait in BLAS for each other become many times slower
    as soon as another program runs, which is no comparison.
    """
    found = arguments(["--suite", "real", "--threads", "1", "--only", *SHOWN])
    if missing := set(SHOWN) - set(found.names):
        raise RuntimeError(f"The data of {sorted(missing)} are not in the folder {FOLDER}.")
    with limited(1):
        records = measure_all(found, 1)
    lines = ",\n".join(json.dumps(record) for record in records)
    SAVED.write_text(f"[\n{lines}\n]\n")
    return records


def saved() -> list[dict]:
    """What was measured last."""
    return json.loads(SAVED.read_text())


# The picture


def draw(records: list[dict], folder: Path = PICTURES):
    """Light and dark; side by side, and one below the other for a narrow screen."""
    from matplotlib import pyplot as plt

    for theme, style in THEMES.items():
        with plt.style.context(style), plt.rc_context(letters(theme)):
            for shape, (rows, columns, size) in {
                "wide": (1, 2, (11.5, 4.3)),
                "narrow": (2, 1, (5.2, 8.6)),
            }.items():
                figure = plt.figure(figsize=size, layout="constrained")
                left, right = figure.subfigures(rows, columns, wspace=0.05, hspace=0.05).flat
                draw_descent(left.subplots())
                draw_bars(right.subplots(), records)
                figure.savefig(folder / f"first_screen_{shape}_{theme}.png", dpi=130)
                plt.close(figure)


def letters(theme: str) -> dict:
    """Sizes and the colour of the page."""
    paper = PAPER[theme]
    return {"font.size": 11, "figure.facecolor": paper, "axes.facecolor": paper}


def draw_descent(axis, steps: int = 100):
    """Gradient descent, and what "auto" does, on two columns that differ in scale."""
    data = load_breast_cancer(as_frame=True)
    X = data.data[["mean radius", "radius error"]].to_numpy()
    X, y = X - X.mean(axis=0), data.target.to_numpy()
    alpha = 1e-3
    options = {"alpha": alpha, "fit_intercept": False}
    models = {
        f"gradient descent, {steps} steps": (
            GDLogisticClassifier(solver="gd", max_iter=steps, **options),
            SLOWER,
        ),
        "sklearn_gd": (GDLogisticClassifier(**options), FASTER),
    }
    for name, (model, color) in models.items():
        path = path_of(model, X, y)
        label = name if "steps" in name else f"{name}, {len(path) - 1} steps"
        axis.plot(*path.T, "o-", color=color, markersize=4, label=label, zorder=3)
    # the last one is at the optimum
    axis.plot(*path[-1], "*", color="gold", markersize=18, markeredgecolor="black", zorder=4)
    axis.annotate("optimum", path[-1], (-72, -4), textcoords="offset points")
    x, z = np.linspace(-2.2, 0.3, 120), np.linspace(-7, 0.9, 120)
    raw = np.stack(np.meshgrid(x, z), axis=-1) @ X.T
    losses = np.logaddexp(0, np.where(y == 1, -raw, raw)).mean(axis=-1)
    values = losses + alpha / 2 * (x**2 + z[:, None] ** 2)
    levels = values.min() + np.ptp(values) * np.geomspace(3e-4, 1, 14)
    axis.contour(x, z, values, levels=levels, colors="gray", linewidths=0.6, alpha=0.7)
    axis.set(
        xlabel="coefficient of mean radius",
        ylabel="coefficient of radius error",
        title="Logistic regression on unscaled columns",
    )
    axis.legend(loc="lower left", framealpha=0.9)


def path_of(model, X, y):
    """Each iterate of a fit."""
    from matplotlib import pyplot as plt

    display = DescentDisplay.from_estimator(model, X, y, grid_resolution=2)
    plt.close(display.figure_)
    return display.path


def draw_bars(axis, records: list[dict]):
    """How many times as fast as the fastest of scikit-learn; the line is equality."""
    found = duels(records)
    shown = {words: found[name] for name, words in SHOWN.items()}
    shown = dict(sorted(shown.items(), key=lambda pair: pair[1].ratio))
    ratios = np.array([each.ratio for each in shown.values()])
    colors = [FASTER if ratio >= 1 else SLOWER for ratio in ratios]
    names = [words.replace(", ", "\n", 1) for words in shown]
    bars = axis.barh(names, ratios - 1, left=1, color=colors)
    axis.axvline(1, color="gray")
    axis.set_xscale("log")
    for bar, each in zip(bars, shown.values(), strict=True):
        end, to_right = each.ratio, each.ratio >= 1
        axis.annotate(
            each.words,
            (end, bar.get_y() + bar.get_height() / 2),
            (4 if to_right else -4, 0),
            textcoords="offset points",
            va="center",
            ha="left" if to_right else "right",
        )
    axis.set(xlim=(min(0.5, ratios.min() / 4), ratios.max() * 4), xticks=[])
    axis.minorticks_off()
    axis.spines[:].set_visible(False)
    axis.tick_params(left=False)
    axis.set_title("Speed (scikit-learn's fastest solver: 1)", x=0.3)


def main(argv=None):
    """Write the table into the README, and the pictures; say what the README should claim."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measure", action="store_true", help="measure first, in ten minutes")
    records = measure() if parser.parse_args(argv).measure else saved()
    README.write_text(with_results(README.read_text(), table(records)))
    draw(records)
    print(claim(records))


if __name__ == "__main__":
    main()
