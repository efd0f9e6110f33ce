"""Performance profiles of many problems; everything here works on the saved JSON.

The profile of a contender is the share of problems that it solves in at most tau times the time of
the fastest, as a function of tau. Each one's share is of the problems that it can take part in.

Dolan and Moré (2002), "Benchmarking optimization software with performance profiles".
"""

import json
import math
from fnmatch import fnmatch
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks import machine
from benchmarks.core import OURS, TARGET
from benchmarks.measure import LOST, ONCE
from benchmarks.report import RESULTS, head, markdown, number, table
from benchmarks.worker import SHORTEST

TAUS = (1, 1.5, 2, 3, 5, 10, 20, 50)
WORST = 10
# Whoever takes part in fewer problems has no curve in the picture.
FEWEST = 8
# Of several contenders one, on each problem the one that is the fastest there.
FASTEST = {"sklearn, fastest solver": "sklearn *"}


def times(record: dict) -> dict[str, float]:
    """Seconds of everybody who takes part; infinite for who does not reach the target."""
    found = {}
    for line in record["cases"][0]["lines"]:
        if not line["status"].endswith("is not installed"):
            has_reached = not line["status"] and line["seconds"]
            found[line["name"]] = median(line["seconds"]) if has_reached else math.inf
    return found


def ratios(records: list[dict]) -> dict[str, list[float]]:
    """Times over that of the fastest, one for each problem that a contender takes part in."""
    found = {}
    for record in records:
        taken = times(record)
        best = min(taken.values())
        for name, pattern in FASTEST.items():
            some = [seconds for peer, seconds in taken.items() if fnmatch(peer, pattern)]
            if some:
                taken[name] = min(some)
        for name, seconds in taken.items():
            ratio = seconds / best if math.isfinite(seconds) else math.inf
            found.setdefault(name, []).append(ratio)
    return found


def share(values: list[float], tau: float) -> float:
    """The profile at tau."""
    # the fastest has a ratio of 1 up to rounding
    return float(np.mean(np.array(values) <= tau * (1 + 1e-12)))


def ranked(records: list[dict]) -> list[tuple[str, list[float]]]:
    """Contenders and their ratios, the best one first."""
    found = ratios(records).items()
    return sorted(found, key=lambda pair: [-share(pair[1], tau) for tau in reversed(TAUS[:6])])


def profile_table(records: list[dict]) -> str:
    """The profile of each contender at a few tau."""
    header = ("contender", "problems", *(f"{tau:g}" for tau in TAUS))
    rows = [
        [name, str(len(values)), *(f"{share(values, tau):.0%}" for tau in TAUS)]
        for name, values in ranked(records)
    ]
    return markdown(header, rows, range(len(header)))


def duel(record: dict) -> dict:
    """Ours beside the fastest peer of a problem."""
    taken = times(record)
    ours = taken.pop(OURS)
    peer = min(taken, key=taken.get, default="")
    theirs = taken.get(peer, math.inf)
    line = next(line for line in record["cases"][0]["lines"] if line["name"] == OURS)
    # nobody but us: no ratio; not even we: the worst of all
    ratio = ours / theirs if math.isfinite(ours) or math.isfinite(theirs) else math.nan
    return {
        "problem": record["name"],
        "ours": ours,
        "peer": peer if math.isfinite(theirs) else "",
        "theirs": theirs,
        "ratio": ratio,
        "solver": line["solver"],
        "passes": line["passes"],
        "tolerance": line["tolerance"],
        "status": line["status"],
    }


def duels_table(duels: list[dict]) -> str:
    """Rows of :func:`duel`."""
    header = (
        *("problem", "ours, s", "fastest peer, s", "ours / peer", "fastest peer"),
        *("our solver", "passes", "tolerance"),
    )
    rows = [
        [
            each["problem"],
            number(each["ours"]) if math.isfinite(each["ours"]) else each["status"],
            number(each["theirs"]) if math.isfinite(each["theirs"]) else "not reached",
            number(each["ratio"]) if math.isfinite(each["theirs"]) else "",
            each["peer"],
            each["solver"],
            number(each["passes"], ".0f"),
            number(each["tolerance"], ".0e"),
        ]
        for each in duels
    ]
    return markdown(header, rows, range(len(header)))


def summary(records: list[dict]) -> str:
    """One run: the profile, the worst ratios, and all problems."""
    duels = [duel(record) for record in records]
    worst = sorted(duels, key=lambda each: -np.nan_to_num(each["ratio"], nan=0.0))[:WORST]
    threads = records[0]["machine"]["threads"]
    return "\n\n".join(
        [
            f"## Threads: {threads}",
            f"Share of the problems that are solved within tau times the time of the fastest, "
            f"{len(records)} problems:",
            profile_table(records),
            f"The {len(worst)} worst ratios:",
            duels_table(worst),
            "All problems:",
            duels_table(duels),
        ]
    )


HOW = f"""Time to the same objective, within {TARGET:g} of the best that anybody finds, relative to
it, each at the loosest tolerance that gets there: medians of rounds in turns. Who takes more than
{ONCE:g} times as long as the fastest is timed once. Who takes more than {LOST:g} times as long and
more than {SHORTEST:g} s, or longer than the limit of one fit, does not reach it. Each one's share
is of the problems that it can take part in."""


def save(runs: list[list[dict]], folder: Path = RESULTS):
    """Write ``real.json``, ``real.md`` and ``real.png``: of one commit, one machine, one run.

    Raises
    ------
    RuntimeError
        If the commit is another one than at the start.
    """
    first = runs[0][0]["machine"]
    if folder == RESULTS and (machine.unsaveable() or machine.commit() != first["commit"]):
        raise RuntimeError("Results are not saved: the checkout was changed during the run.")
    folder.mkdir(exist_ok=True)
    # a line a problem
    lines = ",\n".join(json.dumps(record) for records in runs for record in records)
    (folder / "real.json").write_text(f"[\n{lines}\n]\n")
    parts = [
        "# Real data",
        f"{head(first)}; commit {first['commit']}.",
        HOW,
        *(summary(records) for records in runs),
        "# All contenders",
    ]
    for records in runs:
        parts.append(f"# Threads: {records[0]['machine']['threads']}")
        parts += [table(record) for record in records]
    (folder / "real.md").write_text("\n\n".join(parts) + "\n")
    plot(runs, folder / "real.png")


def plot(runs: list[list[dict]], path: Path):
    """The profiles, a panel for each number of threads."""
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, len(runs), figsize=(7.5 * len(runs), 4.8), squeeze=False)
    for axis, records in zip(axes[0], runs, strict=True):
        curves(axis, records)
    figure.tight_layout()
    figure.savefig(path, dpi=100)
    plt.close(figure)


def curves(axis, records):
    """One panel."""
    shown = [(n, v) for n, v in ranked(records) if len(v) >= min(FEWEST, len(records))]
    for index, (name, values) in enumerate(shown):
        xs = np.sort(np.array(values)[np.isfinite(values)])
        ys = np.arange(1, len(xs) + 1) / len(values)
        axis.step(
            np.concatenate([[1], xs, [TAUS[-1]]]),
            np.concatenate([[0], ys, ys[-1:] if len(ys) else [0]]),
            where="post",
            color="black" if name == OURS else f"C{index % 10}",
            linestyle=":" if name in FASTEST else ("-", "--")[index // 10 % 2],
            linewidth=2.5 if name == OURS or name in FASTEST else 1.2,
            label=f"{name} ({len(values)})",
        )
    axis.set(
        xscale="log",
        xlim=(1, TAUS[-1]),
        ylim=(0, 1.01),
        xlabel="tau",
        ylabel="share of problems within tau times the fastest",
        title=f"{len(records)} problems, threads: {records[0]['machine']['threads']}",
    )
    axis.xaxis.set_major_formatter("{x:g}")
    axis.set_xticks(TAUS)
    axis.minorticks_off()
    axis.grid(alpha=0.3)
    axis.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))
