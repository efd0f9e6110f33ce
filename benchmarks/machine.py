"""Where and with what a measurement was made."""

import os
import platform
import subprocess
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from threadpoolctl import threadpool_info, threadpool_limits

ROOT = Path(__file__).parents[1]
PACKAGES = (
    *("sklearn-gd", "scikit-learn", "numpy", "scipy", "numba", "scikit-learn-intelex", "glum"),
    *("skglm", "celer", "cyanure", "snapml", "vowpalwabbit", "torch"),
)
# What libraries read when they are loaded; the last one is joblib's.
VARIABLES = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"),
    "LOKY_MAX_CPU_COUNT",
)


@contextmanager
def limited(threads: int | None):
    """Within it BLAS and OpenMP have this many threads, None: as many as they like.

    Libraries that are loaded later, and those of worker processes, read the environment.
    """
    if threads is None:
        yield
        return
    before = {name: os.environ.get(name) for name in VARIABLES}
    os.environ.update(dict.fromkeys(VARIABLES, str(threads)))
    try:
        with threadpool_limits(threads):
            yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def describe() -> dict:
    """CPU, cores, BLAS, versions, date, commit."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "cpu": cpu(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: found for name in PACKAGES if (found := installed(name))},
        "threadpools": [
            {key: pool.get(key) for key in ("internal_api", "version", "num_threads")}
            for pool in threadpool_info()
        ],
    }


def installed(name: str) -> str | None:
    """The version of a package, None if there is none."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def cpu() -> str:
    """The model of the processor."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor()


def commit() -> str:
    """The commit of this checkout, and whether files differ from it."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()


def unsaveable(folder: Path = ROOT) -> str | None:
    """Why results of this checkout must not be saved, None if they may."""
    command = ["git", "status", "--porcelain"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "it is not known which commit this is"
    changed = [line[3:] for line in done.stdout.splitlines()]
    return f"files differ from the commit: {', '.join(changed)}" if changed else None
