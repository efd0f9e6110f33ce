"""``python -m benchmarks.tools`` runs every tool that is installed; ``--save`` writes the table."""

import argparse
import os
import sys
import time
import warnings
from pathlib import Path

from benchmarks.tools import others, scikit_learn  # noqa: F401  # their rows are registered
from benchmarks.tools.registry import CHECKS, Check

PAGE = Path(__file__).parents[2] / "docs" / "tools.md"
BEGIN, END = "<!-- rows: python -m benchmarks.tools --save -->", "<!-- end of rows -->"
HEAD = "| tool | version | runs | how | what it does not do |\n|---|---|---|---|---|\n"
MAX_MESSAGE = 90


def outcome(check: Check) -> str:
    """ "yes", or what went wrong."""
    if not check.is_installed:
        return "not installed"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            check.run()
    except Exception as error:
        message = " ".join(str(error).split())[:MAX_MESSAGE]
        return f"no: {type(error).__name__}: {message}"
    return "yes"


def row(check: Check, result: str) -> str:
    """A line of the table."""
    version = check.version if check.is_installed else ""
    return f"| {check.tool} | {version} | {result} | {check.how} | {check.limits} |\n"


def main() -> int:
    """Run what is asked for; the exit status says whether a tool failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tools", description=__doc__)
    parser.add_argument("--only", default="", help="tools with this in their name")
    parser.add_argument("--save", action="store_true", help=f"write the table of {PAGE.name}")
    options = parser.parse_args()
    # a tracker of use would wait for a network
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    lines, failed = [], 0
    for check in CHECKS:
        if options.only.lower() not in check.tool.lower():
            continue
        start = time.perf_counter()
        result = outcome(check)
        failed += result.startswith("no:")
        print(f"{check.tool:40} {time.perf_counter() - start:5.1f} s  {result}", flush=True)
        lines.append(row(check, result))
    if options.save:
        page = PAGE.read_text(encoding="utf-8")
        before, rest = page.split(BEGIN)
        after = rest.split(END)[1]
        table = f"{BEGIN}\n\n{HEAD}{''.join(lines)}\n{END}"
        PAGE.write_text(before + table + after, encoding="utf-8")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
