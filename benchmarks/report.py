"""Tables and plots of what was measured; everything here works on the saved JSON."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.core import TARGET, is_ours

RESULTS = Path(__file__).parent / "results"
BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"
HEADER = (
    "contender",
    "seconds",
    "ratio to ours [quartiles]",
    "suboptimality",
    "tolerance",
    "passes",
    "extra MB",
    "notes",
)
# Plots show an exact optimum here.
ROUNDING = 1e-16
QUARTILES = (0.25, 0.5, 0.75)
ANSWERS = {True: "yes", False: "NO", None: "?"}


# Groups of the overview: what each workload is called there; the rest is not about times.
GROUPS: dict[str, dict[str, str]] = {
    "Linear models": {
        "least_squares": "least squares",
        "logistic_dense": "logistic regression",
        "logistic_unscaled": "logistic",
        "logistic_wide": "logistic, more columns than rows",
        "softmax": "softmax",
        "logistic_sparse": "logistic, sparse",
    },
    "l1 penalty": {"l1": ""},
    "Networks: time to the same validation loss": {"network": ""},
    "Networks: time of three epochs": {"mlp_epoch": "hidden layers"},
    "Stochastic gradient descent and streams": {"sgd_epoch": "one epoch", "stream": "partial_fit"},
    "Grid search and predictions": {"grid_search": "grid search", "predict": "predict_proba"},
}


def as_record(workload, size, cases, machine) -> dict:
    """One workload as JSON."""
    return {
        "name": workload.name,
        "description": workload.description,
        "size": size,
        "machine": machine,
        "cases": [case | {"lines": [asdict(line) for line in case["lines"]]} for case in cases],
    }


def cells(line: dict) -> list[str]:
    """A line of the table."""
    return [
        line["name"],
        number(np.median(line["seconds"])) if line["seconds"] else "",
        ratio(line),
        number(line["suboptimality"], ".1e"),
        number(line["tolerance"], ".0e"),
        number(line["passes"], ".0f"),
        "" if line["memory"] is None else f"{line['memory'] / 1e6:.1f}",
        notes(line),
    ]


def number(value, form=".3g") -> str:
    """Nothing for what was not measured."""
    return "" if value is None else format(value, form)


def ratio(line: dict) -> str:
    """The median over rounds and its quartiles; a bound for what did not get there."""
    if line["at_least"] is not None:
        return f"> {line['at_least']:.3g}"
    if not line["ratios"]:
        return ""
    low, middle, high = np.quantile(line["ratios"], QUARTILES)
    return f"{middle:.3g} [{low:.3g}, {high:.3g}]"


def notes(line: dict) -> str:
    """The status, and whatever the workload wants known."""
    parts = [line["status"]] if line["status"] else []
    if line["memory_share"] is not None:
        parts.append(f"{line['memory_share']:.2%} of X")
    if is_ours(line["name"]) and line.get("solver"):
        parts.append(line["solver"])
    parts += [f"{name} {value:.5g}" for name, value in line["notes"].items()]
    return ", ".join(parts)


def table(record: dict) -> str:
    """The cases of a workload in Markdown: lines, then targets."""
    size = ", ".join(f"{name} {value:,}" for name, value in record["size"].items())
    parts = [f"## {record['name']}: {record['description']} ({size})"]
    for case in record["cases"]:
        rows = [cells(line) for line in case["lines"]]
        used = [i for i in range(len(HEADER)) if any(row[i] for row in rows)]
        parts.append(f"### {case['name']}\n\n" + markdown(HEADER, rows, used))
        parts.append(
            "\n".join(
                f"- wanted {target['wanted']}: {target['measured']}, {ANSWERS[target['met']]}"
                for target in case["targets"]
            )
        )
    return "\n\n".join(part for part in parts if part)


def markdown(header, rows, used) -> str:
    """An aligned Markdown table of the columns that are used."""
    rows = [[row[i] for i in used] for row in [list(header), *rows]]
    widths = [max(len(row[i]) for row in rows) for i in range(len(used))]
    lines = [
        "| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (w + 2) for w in widths) + "|", *lines[1:]])


def summary(records: list[dict]) -> str:
    """All targets beside what was measured."""
    rows = [
        [record["name"], case["name"], target["wanted"], target["measured"], ANSWERS[target["met"]]]
        for record in records
        for case in record["cases"]
        for target in case["targets"]
    ]
    header = ("workload", "case", "wanted", "measured", "met")
    return markdown(header, rows, range(len(header)))


def save(new: list[dict], order, folder: Path = RESULTS):
    """Merge into ``results.json``, write ``results.md`` and the plots of what is new."""
    folder.mkdir(exist_ok=True)
    path = folder / "results.json"
    known = (
        {record["name"]: record for record in json.loads(path.read_text())} if path.exists() else {}
    )
    known |= {record["name"]: record for record in new}
    records = [known[name] for name in order if name in known]
    path.write_text(json.dumps(records, indent=1) + "\n")
    (folder / "results.md").write_text(page(records))
    for record in new:
        plot(record, folder / f"{record['name']}.png")
    overview(records, folder / "overview.png")


def page(records: list[dict]) -> str:
    """``results.md``; the documentation shows what is between the two marks."""
    short = between_marks("\n\n".join([heads(records), summary(records)]))
    parts = ["# Benchmarks", short, *(table(record) for record in records)]
    return "\n\n".join(parts) + "\n"


def between_marks(words: str) -> str:
    """Words that are written by a program, and can be found again."""
    return f"{BEGIN}\n{words}\n{END}"


def with_results(page: str, words: str) -> str:
    """A page with other words between its two marks."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return before + between_marks(words) + after


def heads(records: list[dict]) -> str:
    """A paragraph for each machine, and the commits that were measured on it."""
    commits = {}
    for record in records:
        found = commits.setdefault(head(record["machine"]), [])
        if record["machine"]["commit"] not in found:
            found.append(record["machine"]["commit"])
    return "\n\n".join(f"{words}; commit {', '.join(found)}." for words, found in commits.items())


def head(machine: dict) -> str:
    """The machine in words, without what differs from moment to moment."""
    pools = [pool for pool in machine["threadpools"] if pool["internal_api"] != "openmp"]
    blas = {f"{p['internal_api']} {p['version']} ({p['num_threads']} threads)" for p in pools}
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    hardware = f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}"
    return f"{hardware}, {', '.join(sorted(blas))}; Python {machine['python']}, {versions}"


def plot(record: dict, path: Path):
    """Suboptimality against the time of a fit, one curve a contender, a panel a case."""
    from matplotlib import pyplot as plt

    cases = [case for case in record["cases"] if case["judged"] == "objective"]
    if not cases:
        return
    figure, axes = plt.subplots(1, len(cases), figsize=(9 * len(cases), 5), squeeze=False)
    for axis, case in zip(axes[0], cases, strict=True):
        for index, line in enumerate(case["lines"]):
            axis.loglog(
                [step["seconds"] for step in line["path"]],
                [max(step["suboptimality"], ROUNDING) for step in line["path"]],
                color=f"C{index % 10}",
                marker="ov^sD"[index // 10],
                linewidth=3 if line["name"] == "sklearn_gd" else 1,
                label=line["name"],
            )
        axis.set(xlabel="seconds", ylabel="relative suboptimality", title=case["name"])
        axis.axhline(TARGET, color="black", linestyle=":")
        axis.legend(fontsize="x-small", loc="upper left", bbox_to_anchor=(1, 1))
    figure.suptitle(record["description"])
    figure.tight_layout()
    figure.savefig(path, dpi=100, bbox_inches="tight")
    plt.close(figure)


def overview(records: list[dict], path: Path):
    """How much faster than the fastest of scikit-learn: groups of bars, each with its number."""
    from matplotlib import pyplot as plt
    from matplotlib.ticker import FixedLocator, NullLocator

    groups = {title: bars for title, names in GROUPS.items() if (bars := _bars(records, names))}
    if not groups:
        return
    heights = [len(bars) + 0.6 for bars in groups.values()]
    # readable at the width of a phone
    figure, axes = plt.subplots(
        *(len(groups), 1),
        figsize=(5.5, 0.24 * sum(heights) + 0.26 * len(groups) + 0.6),
        sharex=True,
        squeeze=False,
        height_ratios=heights,
        layout="constrained",
    )
    for axis, (title, bars) in zip(axes[:, 0], groups.items(), strict=True):
        names, low, middle, high = zip(*reversed(bars), strict=True)
        colors = ["C0" if ratio >= 1 else "C3" for ratio in middle]
        reach = np.array([np.subtract(middle, low), np.subtract(high, middle)])
        axis.barh(range(len(bars)), np.subtract(middle, 1), left=1, color=colors, xerr=reach)
        for row, (ratio, end) in enumerate(zip(middle, high, strict=True)):
            axis.text(max(end, 1) * 1.06, row, f"{ratio:.3g}", va="center", fontsize="small")
        axis.set(xscale="log", xlim=(0.7, 60), ylim=(-0.8, len(bars) - 0.2))
        axis.set_title(title, fontsize="medium", loc="left")
        axis.set_yticks(range(len(bars)), names, fontsize="small")
        axis.xaxis.set_major_formatter("{x:g}")
        axis.xaxis.set_major_locator(FixedLocator([1, 2, 5, 10, 20, 50]))
        axis.xaxis.set_minor_locator(NullLocator())
        axis.axvline(1, color="black")
        axis.grid(axis="x", alpha=0.3)
    # the first group has the axis above it, too, which is in view where the last one is not
    axes[0, 0].tick_params(top=True, labeltop=True)
    axes[-1, 0].set_xlabel("times as fast as scikit-learn's fastest")
    figure.savefig(path, dpi=140)
    plt.close(figure)


def _bars(records: list[dict], names: dict[str, str]) -> list[tuple]:
    """Label and quartiles of each case of these workloads, the largest median first."""
    bars = [
        (", ".join(filter(None, [names[record["name"]], _in_words(case["name"])])), *quartiles)
        for record in records
        if record["name"] in names
        for case in record["cases"]
        if (quartiles := fastest(case)) is not None
    ]
    return sorted(bars, key=lambda bar: -bar[2])


def _in_words(case: str) -> str:
    """The name of a case as a label; of a workload with a single one its words say nothing new."""
    return "" if case in ("dense", "wide", "standardised") else case.replace("_", " ")


def fastest(case: dict) -> NDArray | None:
    """The quartiles of the ratio to ours of the fastest line of scikit-learn."""
    lines = [line for line in case["lines"] if line["name"].startswith("sklearn ")]
    found = [np.quantile(line["ratios"], QUARTILES) for line in lines if line["ratios"]]
    return min(found, key=lambda quartiles: quartiles[1], default=None)
