"""Chunks under a limit of memory, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
N_CHUNKS, ROWS, COLUMNS = 60, 10_000, 100

FIT = """
import resource, sys
import numpy as np
import sklearn.datasets, scipy.linalg, scipy.sparse.linalg
from threadpoolctl import threadpool_limits
from sklearn_gd import GDLogisticClassifier
from sklearn_gd.data import ChunkedSource

folder, n_chunks, limit = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])

def load(i):
    X = np.fromfile(f"{folder}/{i}.bin").reshape(-1, 100)
    return X, X[:, 0] + X[:, 1] > 0

with threadpool_limits(2):
    # what imports and threads need is there before the limit
    small = np.random.default_rng(0).normal(size=(20_000, 100))
    GDLogisticClassifier().fit(small, small[:, 0] > 0)
    with open("/proc/self/status") as status:
        (used,) = (int(line.split()[1]) for line in status if line.startswith("VmData"))
    limit = used * 1024 + limit
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    try:
        everything = np.ones((n_chunks * 10_000, 100))
    except MemoryError:
        print("does not fit")
    source = ChunkedSource([lambda i=i: load(i) for i in range(n_chunks)])
    model = GDLogisticClassifier(alpha=0.1).fit(source)
    print(model.converged_, sum(len(part) for part in model.predict(source)))
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_file_of_many_times_the_limit_is_fitted(tmp_path):
    """Rows of 480 MB in chunks of 8 MB, under a limit of 48 MB beyond what was used before."""
    rng = np.random.default_rng(0)
    for i in range(N_CHUNKS):
        rng.normal(size=(ROWS, COLUMNS)).tofile(tmp_path / f"{i}.bin")
    limit = 48 * 10**6
    arguments = [sys.executable, "-c", FIT, str(tmp_path), str(N_CHUNKS), str(limit)]
    # room for two threads is made when BLAS is imported
    env = os.environ | {"OPENBLAS_NUM_THREADS": "2"}
    run = subprocess.run(
        arguments, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300, check=False
    )
    assert run.returncode == 0, run.stderr[-2000:]
    assert run.stdout.splitlines() == ["does not fit", f"True {N_CHUNKS * ROWS}"]
