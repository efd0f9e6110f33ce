"""Peak memory of a call, native allocations included; Linux only, None elsewhere."""

import ctypes
import gc
from pathlib import Path

STATUS = Path("/proc/self/status")
RESET = Path("/proc/self/clear_refs")


def start() -> float | None:
    """Forget the peak so far, hand free memory back; the bytes that are resident now."""
    gc.collect()
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
        RESET.write_text("5")
    except OSError:
        return None
    return _resident("VmRSS")


def extra(before: float | None) -> float | None:
    """Bytes at the peak since ``start``, beyond those it found."""
    return None if before is None else _resident("VmHWM") - before


def _resident(field: str) -> float:
    for line in STATUS.read_text().splitlines():
        if line.startswith(field):
            return 1024.0 * int(line.split()[1])
    raise OSError(f"{STATUS} has no {field}.")
