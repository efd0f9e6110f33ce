"""matplotlib, which is an extra, and what several displays draw with it."""

import numpy as np

# curves can be distinguished without their colours, too
MARKERS = "osv^D<>pX*"
MARKER_DISTANCE = 0.08


def pyplot_for(name):
    """``matplotlib.pyplot``, or an error that says how to install what ``name`` needs."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(f"{name} needs matplotlib to draw: pip install matplotlib") from error
    return plt


def axes_of(display, ax=None):
    """``ax``, or that of a new figure; the display keeps both as ``ax_`` and ``figure_``."""
    plt = pyplot_for(type(display).__name__)
    if ax is None:
        _, ax = plt.subplots(layout="constrained")
    display.ax_, display.figure_ = ax, ax.figure
    return ax


def draw_curves(ax, curves, style):
    """Draw curves, x and y by name, each with a marker of its own; return the lines."""
    lines = []
    for number, (name, (x, y)) in enumerate(curves.items()):
        marker = MARKERS[number % len(MARKERS)]
        # a distance along nothing is an error in matplotlib
        distance = MARKER_DISTANCE if np.isfinite(y).any() else None
        own = {"label": name, "marker": marker, "ms": 5, "markevery": distance}
        lines += ax.plot(x, y, **(own | style))
    return lines
