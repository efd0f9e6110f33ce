"""The command line."""

import argparse
import os
import sys

import sklearn_gd
from sklearn_gd._quick_start.comparison import compare
from sklearn_gd._quick_start.problem import TARGETS
from sklearn_gd._quick_start.questions import ask_all
from sklearn_gd._quick_start.tables import UnusableTableError

INTERRUPTED = 130


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(
        prog="python -m sklearn_gd",
        description="Without arguments: three comparisons with scikit-learn, in about 20 seconds. "
        "With a file and the column to predict: a first model of it, compared with scikit-learn's "
        "counterpart and a constant prediction, and the code to copy.",
    )
    made.add_argument("file", nargs="?", help="a table with a header, as .csv, .tsv or .csv.gz")
    made.add_argument("target", nargs="?", help="the column to predict")
    made.add_argument("--target-is", choices=TARGETS, help="what the target is; default: a guess")
    made.add_argument(
        "--cv", type=int, metavar="K", help="score by K-fold cross-validation, not on a quarter"
    )
    made.add_argument(
        "--plot", metavar="PICTURE", help="save the largest coefficients as a picture"
    )
    made.add_argument("--version", action="version", version=f"sklearn_gd {sklearn_gd.__version__}")
    return made


def main(argv: list[str] | None = None) -> int:
    """Run the program; returns the exit status."""
    options = parser()
    found = options.parse_args(argv)
    if found.file is None and (found.plot or found.cv is not None or found.target_is):
        options.error("--plot, --cv and --target-is need a file and a target")
    if found.cv is not None and found.cv < 2:
        options.error(f"--cv must be at least 2, got {found.cv}")
    try:
        if found.file is None:
            ask_all()
        else:
            compare(found.file, found.target, found.target_is, found.cv, found.plot)
        # a pipe that was closed shows now, not while Python exits
        sys.stdout.flush()
    except UnusableTableError as error:
        print(f"python -m sklearn_gd: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # what is left in the buffer has nowhere to go
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0
