"""The one place that imports matplotlib, which is an extra."""


def axes_of(display, ax=None):
    """``ax``, or that of a new figure; the display keeps both as ``ax_`` and ``figure_``."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f'{type(display).__name__} needs matplotlib to draw: pip install "sklearn-gd[plot]"'
        ) from error
    if ax is None:
        _, ax = plt.subplots(layout="constrained")
    display.ax_, display.figure_ = ax, ax.figure
    return ax
