"""The path of a descent over the contours of its objective."""

import warnings
from typing import Any, Self

import numpy as np

from sklearn_gd._components import resolve
from sklearn_gd.inspection._contours import draw_contours, draw_curve, write_numbers
from sklearn_gd.inspection._matplotlib import axes_of, pyplot_for
from sklearn_gd.inspection._plane import grid_of, plane_of
from sklearn_gd.inspection._recording import names_of, record_fit, values_at, walk_down
from sklearn_gd.objective import FunctionObjective
from sklearn_gd.solvers import SOLVERS, Run, Solver

# Markers of longer paths are smaller.
LONG_PATH = 60


class DescentDisplay:
    r"""The path of a descent over the contours of its objective.

    Contours are at gaps :math:`F - \min F` that grow by a constant factor, which makes the valley
    visible. With one parameter, F is drawn as a curve. With two, the axes are the parameters. With
    more, the axes are distances in the plane through the start, the end, and the iterate that is
    farthest from the line between them. Iterates outside this plane are projected onto it; the
    contours are those of the plane. The grid is centred where F is lowest in the plane, or at the
    end of the path if that point is far away.

    Made by :meth:`from_estimator` or :meth:`from_function`.

    Parameters
    ----------
    path : ndarray of shape (n_iter + 1, n_params)
        The start and each iterate.
    values : ndarray of shape (n_iter + 1,)
        F at each of them.
    solution : ndarray of shape (n_params,)
        What the descent returned: the end of the path, unless an earlier point was better.
    solution_value : float
        F there.
    params_names : list of str
        ``coef_[j]`` or ``coef_[k, j]`` and ``intercept_`` for linear models; ``params[j]`` for
        networks, in the units that the network sees (behind ``standardize``), and for functions.
    plane : tuple
        Of ``origin`` and ``directions``, with params = origin + coordinates @ directions, and the
        ``labels`` of the axes.
    grid_x, grid_y : ndarray of shape (grid_resolution,)
        Coordinates of the grid; ``grid_y`` is None with one parameter.
    grid_values : ndarray of shape (grid_resolution, grid_resolution) or (grid_resolution,)
        F there, a row for each of ``grid_y``.

    Attributes
    ----------
    line_ : matplotlib Line2D
        The path.
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gd.inspection import DescentDisplay
    >>> def bowl(w):
    ...     return w[0] ** 2 + 5 * w[1] ** 2, np.array([2 * w[0], 10 * w[1]])
    >>> display = DescentDisplay.from_function(bowl, [3.0, 1.0], learning_rate=0.15, max_iter=2)
    >>> display.path
    array([[ 3.  ,  1.  ],
           [ 2.1 , -0.5 ],
           [ 1.47,  0.25]])
    """

    figure_: Any

    def __init__(
        self,
        *,
        path: Any,
        values: Any,
        solution: Any,
        solution_value: Any,
        params_names: Any,
        plane: Any,
        grid_x: Any,
        grid_y: Any,
        grid_values: Any,
    ) -> None:
        self.path, self.values = path, values
        self.solution, self.solution_value = solution, solution_value
        self.params_names, self.plane = params_names, plane
        self.grid_x, self.grid_y, self.grid_values = grid_x, grid_y, grid_values

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        sample_weight: Any = None,
        grid_resolution: int = 60,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Fit a clone of an estimator, remember every iterate, and draw the path.

        F is the objective of the estimator's own loss on the rows it is trained on: losses with
        kinks, which solvers smooth on the way, are shown as they are. Networks are shown without
        dropout. Warnings that the fit has not converged are silenced. The display keeps all
        iterates, n_iter + 1 times the number of parameters.

        Parameters
        ----------
        estimator : estimator
            Of this package, fitted or not; it stays as it is.
        X, y : array-like
            As for ``fit``.
        sample_weight : array-like of shape (n,), default=None
        grid_resolution : int, default=60
            Points on each side of the grid; F is computed over all rows at every one.
        ax : matplotlib Axes, default=None
            By default that of a new figure.
        **kwargs : dict
            For :meth:`plot`.

        Returns
        -------
        display : DescentDisplay

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from sklearn_gd import GDLinearRegressor
        >>> from sklearn_gd.inspection import DescentDisplay
        >>> X, y = load_diabetes(return_X_y=True)
        >>> model = GDLinearRegressor(solver="gd", max_iter=30)
        >>> display = DescentDisplay.from_estimator(model, X[:, [2]], y)
        >>> display.ax_.get_xlabel(), display.ax_.get_ylabel()
        ('coef_[0]', 'intercept_')
        """
        pyplot_for(cls.__name__)
        fit = record_fit(estimator, X, y, sample_weight)
        display = cls._from_path(fit.objective, fit.path, fit.solution, grid_resolution)
        return display.plot(ax=ax, **kwargs)

    @classmethod
    def from_function(
        cls,
        function: Any,
        start: Any,
        *,
        solver: Any = "gd",
        max_iter: int = 100,
        learning_rate: Any = "auto",
        grid_resolution: int = 60,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Minimise any function, remember every iterate, and draw the path.

        Parameters
        ----------
        function : callable
            Maps params to (value, gradient).
        start : array-like of shape (n_params,)
        solver : str or Solver, default="gd"
            One that needs no rows: ``"gd"``, ``"agd"``, ``"lbfgs"``, ``"scipy"``, or an object.
        max_iter : int, default=100
        learning_rate : "auto", float, str or Schedule, default="auto"
            For ``"gd"``; "auto" finds it by halving. A rate at which the function passes ten times
            its start is cut by half, and the step is taken back.
        grid_resolution : int, default=60
            Points on each side of the grid.
        ax : matplotlib Axes, default=None
            By default that of a new figure.
        **kwargs : dict
            For :meth:`plot`.

        Returns
        -------
        display : DescentDisplay
        """
        pyplot_for(cls.__name__)
        start = np.array(start, dtype=np.float64)
        if start.ndim != 1 or not start.size:
            raise ValueError(f"start must be one row of numbers; got shape {start.shape}.")
        solver = resolve("solver", solver, Solver, SOLVERS)
        if learning_rate != "auto" and "learning_rate" not in solver.method_parameters:
            warnings.warn(
                f"learning_rate={learning_rate!r} is not used by {solver!r}.",
                UserWarning,
                stacklevel=2,
            )
        objective = FunctionObjective(function)
        if not np.isfinite(objective.value(start)):
            raise ValueError(f"The function is not finite at the start, {start}.")
        run = Run(max_iter=max_iter, learning_rate=learning_rate)
        walk = walk_down(solver, objective, start, run)
        path = np.array(walk.iterates)
        return cls._from_path(objective, path, walk.result.params, grid_resolution).plot(
            ax=ax, **kwargs
        )

    @classmethod
    def _from_path(cls, objective, path, solution, resolution):
        names = names_of(objective, path.shape[1])
        values = values_at(objective, path)
        solution_value = values_at(objective, [solution])[0]
        plane = plane_of(path, solution, names)
        gain = values[0] - solution_value
        axes, grid_values = grid_of(objective, plane, path, solution, gain, resolution)
        return cls(
            path=path,
            values=values,
            solution=solution,
            solution_value=float(solution_value),
            params_names=names,
            plane=plane,
            grid_x=axes[0],
            grid_y=axes[1] if len(axes) == 2 else None,
            grid_values=grid_values,
        )

    def plot(
        self,
        ax: Any = None,
        *,
        contours: bool = True,
        plane: Any = None,
        step_numbers: bool = True,
        legend: bool = True,
        **kwargs: Any,
    ) -> Self:
        """Draw the path.

        Of several paths on the same axes the first draws the contours, and the others follow with
        ``contours=False``; with more than two parameters, also with ``plane`` of the first.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            By default that of a new figure.
        contours : bool, default=True
            Whether to draw the objective below the path.
        plane : tuple, default=None
            That of another display, on whose plane to draw; without contours only.
        step_numbers : bool, default=True
            Whether to write the numbers of some iterates next to them.
        legend : bool, default=True
            Whether to draw a legend, for which narrow axes may have no room.
        **kwargs : dict
            For matplotlib's ``plot`` of the path, ``color`` and ``label`` among them.

        Returns
        -------
        display : DescentDisplay

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn_gd import GDLogisticClassifier
        >>> from sklearn_gd.inspection import DescentDisplay
        >>> X, y = load_iris(return_X_y=True)
        >>> first = DescentDisplay.from_estimator(GDLogisticClassifier(), X, y == 0)
        >>> second = DescentDisplay.from_estimator(
        ...     GDLogisticClassifier(solver="gd", max_iter=100),
        ...     X,
        ...     y == 0,
        ...     ax=first.ax_,
        ...     contours=False,
        ...     plane=first.plane,
        ...     label="gd",
        ... )
        """
        if contours and plane is not None:
            raise ValueError("The plane of another display is for contours=False.")
        ax = axes_of(self, ax)
        if contours:
            self._draw_objective(ax)
        points = self._points(self.path, self.values, plane)
        self.line_ = self._draw_path(ax, points, kwargs)
        color = self.line_.get_color()
        start, end = points[0], self._points(self.solution, self.solution_value, plane)
        self._mark_start(ax, start, is_named=contours)
        label = f"end, F = {self.solution_value:.4g}" if contours else None
        ax.plot(*end, "*", ms=14, color=color, mec="black", zorder=4, label=label)
        if step_numbers:
            write_numbers(ax, points, end, "black" if contours else color)
        if legend:
            ax.legend()
        return self

    def animate(self, *, frames: int = 60, interval: int = 50) -> Any:
        """Draw the path point by point, in a figure of its own.

        ``line_``, ``ax_`` and ``figure_`` are those of the animation from then on.

        Parameters
        ----------
        frames : int, default=60
            Most pictures; of a longer path, iterates at equal distances in number are shown.
        interval : int, default=50
            Milliseconds between them.

        Returns
        -------
        animation : matplotlib.animation.FuncAnimation
            ``animation.save("descent.gif", writer="pillow")``, ``animation.save("descent.mp4")``
            (which needs ffmpeg) or, in a notebook, ``HTML(animation.to_jshtml())``.
        """
        ax = axes_of(self)
        from matplotlib.animation import FuncAnimation

        self._draw_objective(ax)
        points = self._points(self.path, self.values)
        self.line_ = self._draw_path(ax, points, {})
        self._mark_start(ax, points[0])
        color = self.line_.get_color()
        (here,) = ax.plot(*points[0], "o", ms=9, color=color, mec="black", zorder=4)
        last = len(points) - 1
        shown = np.unique(np.linspace(0, last, min(frames, last + 1)).round().astype(int))

        def draw(step):
            self.line_.set_data(*points[: step + 1].T)
            here.set_data(*points[step : step + 1].T)
            ax.set_title(f"step {step}, F = {self.values[step]:.4g}")
            return self.line_, here

        draw(last)
        self._freeze_layout(ax)
        draw(0)
        return FuncAnimation(self.figure_, draw, frames=shown, interval=interval)

    def _freeze_layout(self, ax):
        """To find it again for each picture would take most of the time, and move the legend."""
        legend = ax.legend()
        self.figure_.draw_without_rendering()
        self.figure_.set_layout_engine("none")
        corner = legend.get_window_extent().transformed(ax.transAxes.inverted()).p0
        ax.legend(loc=tuple(corner))

    def _mark_start(self, ax, start, is_named=True):
        label = f"start, F = {self.values[0]:.4g}" if is_named else None
        ax.plot(*start, "s", ms=8, color="white", mec="black", zorder=4, label=label)

    def _points(self, params, values, plane=None):
        """Where params are drawn: in the plane, or on the curve of F."""
        coordinates = (plane or self.plane).coordinates(params)
        if self.grid_y is not None:
            return coordinates
        return np.concatenate([coordinates, np.expand_dims(values, -1)], axis=-1)

    def _draw_path(self, ax, points, kwargs):
        size = 5 if len(points) <= LONG_PATH else 2.5
        n_steps = len(points) - 1
        label = f"path of {n_steps} step{'s' * (n_steps != 1)}"
        style = {"color": "C1", "marker": "o", "ms": size, "lw": 1.2, "label": label, "zorder": 3}
        return ax.plot(*points.T, **(style | kwargs))[0]

    def _draw_objective(self, ax):
        if self.grid_y is None:
            draw_curve(ax, self.grid_x, self.grid_values)
            ax.set(xlabel=self.plane.labels[0], ylabel="objective F")
        else:
            draw_contours(ax, self.grid_x, self.grid_y, self.grid_values, self.values)
            ax.set(xlabel=self.plane.labels[0], ylabel=self.plane.labels[1])
