"""The objective below a path, and the numbers of its steps."""

import numpy as np

N_LEVELS = 14
# Contours reach up to this many times the highest of the path, and down to this fraction of it.
CEILING = 30.0
LOWEST_LEVEL = 1e-6
# The innermost contour holds this fraction of the grid.
SMALLEST_PATCH = 0.002
# Step numbers are no nearer to each other than this fraction of the axes.
NUMBER_DISTANCE = 0.07
MAX_NUMBERS = 12


def draw_curve(ax, x, values):
    """F(w), by the sign of its slope: a step goes against it."""
    with np.errstate(invalid="ignore"):
        slope = np.gradient(values, x)
    signs = (
        (slope < 0, "C0", "--", "slope < 0: steps to the right"),
        (slope >= 0, "C2", "-", "slope > 0: steps to the left"),
    )
    for has_sign, color, style, label in signs:
        # the curve is whole: a piece begins where the other one ends
        shown = has_sign | np.roll(has_sign, 1) & (np.arange(len(slope)) > 0)
        ax.plot(x, np.where(shown, values, np.nan), style, color=color, label=label, zorder=2)


def draw_contours(ax, x, y, values, along):
    """Where F has the same value, at gaps that grow by a factor; ``along`` is F on the path."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap, LogNorm

    finite = values[np.isfinite(values)]
    lowest = min(finite.min(), np.nanmin(along))
    top = min(finite.max() - lowest, CEILING * (np.nanmax(along) - lowest))
    if not top > 0:
        return
    bottom = np.clip(np.quantile(finite, SMALLEST_PATCH) - lowest, LOWEST_LEVEL * top, top / 2)
    gaps = np.nan_to_num(values - lowest, nan=np.inf).clip(bottom, 2 * top)
    arguments = (x, y, gaps, np.geomspace(bottom, top, N_LEVELS))
    # light ones, on which a path can be seen
    colors = ListedColormap(colormaps["Blues"](np.linspace(0, 0.5, N_LEVELS)))
    ax.contourf(*arguments, norm=LogNorm(bottom, top), cmap=colors, extend="max", zorder=0)
    ax.contour(*arguments, colors="0.45", linewidths=0.6, zorder=1)


def write_numbers(ax, points, end, color):
    """The numbers of some steps, where there is room."""
    from matplotlib.patheffects import withStroke

    extent = np.ptp(np.array([ax.get_xlim(), ax.get_ylim()]), axis=1)
    written = [end]
    for step, point in enumerate(points):
        distances = np.abs((np.array(written) - point) / extent).max(axis=1)
        if step == 0 or distances.min() < NUMBER_DISTANCE or len(written) > MAX_NUMBERS:
            continue
        ax.annotate(
            str(step),
            point,
            xytext=(5, 5),
            textcoords="offset points",
            color=color,
            path_effects=[withStroke(linewidth=3, foreground="white")],
            zorder=5,
        )
        written.append(point)
