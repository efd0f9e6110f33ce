"""Vowpal Wabbit: one pass over its binary cache; writing text and cache is not timed."""

import tempfile
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from benchmarks.core import Contender, Outcome


def epoch(name, rate, alpha) -> Contender:
    """Plain SGD as far as its options go: no normalised, adaptive or invariant updates."""

    def make(problem, _tolerance):
        from vowpalwabbit import Workspace

        folder = tempfile.TemporaryDirectory(prefix="vowpal_wabbit_")
        text, cache = (Path(folder.name) / name for name in ("rows.txt", "rows.cache"))
        write(text, problem)
        data = f"--data {text} --cache_file {cache} --passes 1 --holdout_off --quiet"
        Workspace(data).finish()
        text.write_text("")
        options = f"--loss_function logistic --sgd --power_t 0 -l {rate} --l2 {alpha} -b 18"

        def run(_keeps=folder):
            workspace = Workspace(f"{data} {options}")
            loss = workspace.get_sum_loss() / len(problem.y)
            workspace.finish()
            return Outcome(notes={"loss on the way": loss})

        return run

    return Contender(name, make, package="vowpalwabbit")


def write(path, problem):
    """Rows in its text format."""
    X = sp.csr_matrix(problem.X)
    signs = np.where(problem.y == 1, 1, -1)
    with path.open("w") as file:
        for sign, start, end in zip(signs, X.indptr, X.indptr[1:], strict=False):
            words = zip(X.indices[start:end], X.data[start:end], strict=True)
            file.write(f"{sign} | " + " ".join(f"{j}:{value:.7g}" for j, value in words) + "\n")
