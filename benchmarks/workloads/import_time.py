"""What ``import sklearn_gd`` costs beyond ``import sklearn.linear_model``."""

import os
import subprocess
import sys
from functools import partial
from statistics import median

from benchmarks.core import OURS, Below, Case, Contender, Outcome, Workload

LIMIT = 0.030
PEER = "sklearn.linear_model"
HEAVY = ("numba", "matplotlib", "dask")
PROGRAM = """
import sys
import {module}
print(sum(name in sys.modules for name in {heavy}))
"""


def importer(module, _data, _tolerance):
    """A fresh interpreter each time."""
    command = [sys.executable, "-c", PROGRAM.format(module=module, heavy=HEAVY)]

    def run():
        # compiled once and for all, as after an installation
        keeps = os.environ | {"PYTHONDONTWRITEBYTECODE": ""}
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=keeps)
        return Outcome(notes={"heavy modules": int(done.stdout)})

    return run


class Beyond:
    """Seconds beyond the peer's, round by round."""

    def judge(self, lines):
        """The median difference beside the limit."""
        own, peer = ({line.name: line.seconds for line in lines}[name] for name in (OURS, PEER))
        extra = median(ours - theirs for ours, theirs in zip(own, peer, strict=True))
        return {
            "wanted": f"below {1000 * LIMIT:g} ms beyond {PEER}",
            "measured": f"{1000 * extra:.1f} ms",
            "met": extra < LIMIT,
        }


def cases(repeats):
    """Interpreter, imports and exit of both."""
    heavy = Below(
        lambda line: line.notes.get("heavy modules"), f"none of {', '.join(HEAVY)} imported", 1
    )
    contenders = [Contender(name, partial(importer, name)) for name in (OURS, PEER)]
    targets = [Beyond(), heavy]
    yield Case("fresh interpreters", lambda: None, contenders, targets, "time", repeats)


WORKLOAD = Workload(
    "import_time",
    "import in a fresh interpreter",
    cases,
    {"full": {"repeats": 15}, "quick": {"repeats": 5}},
)
