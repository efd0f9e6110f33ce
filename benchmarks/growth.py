"""``python -m benchmarks.growth``: time against rows, features, classes and nonzeros.

Ours beside the fastest of scikit-learn at each point, both at the loosest tolerance that reaches
the same objective.
"""

import argparse
import json
from dataclasses import asdict
from functools import partial
from statistics import median

from benchmarks import data, measure, report
from benchmarks.core import OURS, Case, Kind
from benchmarks.machine import describe
from benchmarks.peers import ours, scikit_learn

LOGISTIC, SOFTMAX = Kind("logistic"), Kind("softmax")
SPARSE = Kind("logistic", sparse=True)
# Beyond these many columns, classes included, a Hessian does not pay.
WIDE = 3_000
# What grows, over two decades: values, those of --quick, and the problem at each.
AXES = {
    "rows": (
        (1_000, 10_000, 100_000),
        (300, 3_000),
        lambda rows: partial(data.dense, LOGISTIC, rows, 50),
    ),
    "features": (
        (10, 100, 1_000),
        (5, 50),
        lambda columns: partial(data.dense, LOGISTIC, 10_000, columns),
    ),
    "classes": (
        (2, 20, 200),
        (2, 10),
        lambda classes: partial(
            data.dense, LOGISTIC if classes == 2 else SOFTMAX, 10_000, 20, classes=classes
        ),
    ),
    "nonzeros a row": (
        (3, 30, 300),
        (3, 30),
        lambda per_row: partial(data.sparse, SPARSE, 10_000, 20_000, per_row),
    ),
}


def case_at(axis: str, value: int) -> Case:
    """Ours and the solvers of scikit-learn at one point of an axis; saga is never the fastest."""
    make = AXES[axis][2](value)
    kind = make.args[0]
    contenders = [*ours.contenders(kind), *scikit_learn.contenders(kind)]
    if axis == "classes" and 20 * value > WIDE:
        contenders = [c for c in contenders if "cholesky" not in c.name]
    chosen = [c for c in contenders if "saga" not in c.name]
    return Case(f"{value:,} {axis}", make, chosen, [])


def point(axis: str, value: int, options: measure.Options) -> dict:
    """One row of the table."""
    options.say(f"  {value:,} {axis}")
    lines = measure.run_case(partial(case_at, axis, value), options)["lines"]
    found = {"axis": axis, "value": value, "lines": [asdict(line) for line in lines]}
    times = {line.name: median(line.seconds) for line in lines if line.reached}
    peers = [line for line in lines if line.reached and line.name != OURS]
    found["ours"] = times.get(OURS)
    if peers:
        fastest = min(peers, key=lambda line: times[line.name])
        found |= {"peer": times[fastest.name], "name": fastest.name}
        found["ratio"] = median(fastest.ratios) if fastest.ratios else None
    return found


def table(points: list[dict]) -> str:
    """All axes in Markdown."""
    head = ("axis", "value", "ours, s", "scikit-learn, s", "ratio", "its solver")
    rows = [
        [
            found["axis"],
            f"{found['value']:,}",
            *(report.number(found.get(key)) for key in ("ours", "peer", "ratio")),
            found.get("name", ""),
        ]
        for found in points
    ]
    return report.markdown(head, rows, range(len(head)))


def plot(points: list[dict], path):
    """Log-log, a panel an axis."""
    from matplotlib import pyplot as plt

    figure, panels = plt.subplots(1, len(AXES), figsize=(5 * len(AXES), 4))
    for panel, axis in zip(panels, AXES, strict=True):
        for key, label in (("ours", OURS), ("peer", "the fastest of scikit-learn")):
            found = [p for p in points if p["axis"] == axis and p.get(key)]
            xs, ys = [p["value"] for p in found], [p[key] for p in found]
            panel.loglog(xs, ys, marker="o", label=label)
        panel.set(xlabel=axis, ylabel="seconds")
        panel.legend()
    figure.savefig(path, dpi=100, bbox_inches="tight")
    plt.close(figure)


def main(argv=None):
    """Measure, print, and save if asked to."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two small points an axis")
    parser.add_argument("--only", nargs="+", choices=AXES, default=list(AXES), metavar="AXIS")
    parser.add_argument("--save", action="store_true", help=f"write into {report.RESULTS.name}/")
    given = parser.parse_args(argv)
    options = measure.Options(pause=0.0 if given.quick else measure.Options.pause)
    points = [
        point(axis, value, options)
        for axis in given.only
        for value in AXES[axis][1 if given.quick else 0]
    ]
    print(table(points))
    if given.save:
        report.RESULTS.mkdir(exist_ok=True)
        record = {"machine": describe(), "points": points}
        (report.RESULTS / "growth.json").write_text(json.dumps(record, indent=1) + "\n")
        (report.RESULTS / "growth.md").write_text(f"# Growth\n\n{table(points)}\n")
        plot(points, report.RESULTS / "growth.png")


if __name__ == "__main__":
    main()
