"""The data of the page "Watch a descent": every iterate of real runs of the solvers.

``python docs/descents.py FILE`` writes the script that the page loads; the build of the
documentation does so. No number on the page is made up: a run that climbs is shown climbing.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_iris

from sklearn_gd.data import ArraySource
from sklearn_gd.losses import Logistic, Loss, SquaredError
from sklearn_gd.models import Linear
from sklearn_gd.objective import EmpiricalRisk
from sklearn_gd.penalties import L2
from sklearn_gd.solvers import SOLVERS, Run, choose

MAX_ITER = 100
GRID = 81
# Batches of "sgd"; the other rules are shown with all rows in every update, as in the formulas.
BATCH_SIZE = 10


class Method(NamedTuple):
    """A solver of the page, and its rates: in units of 1/L, or as they are."""

    name: str
    label: str
    note: str
    rates: Sequence[float] = ()
    unit: str = ""


METHODS = (
    Method(
        "gd",
        "Gradient descent",
        "Every step goes against the gradient; its length is the rate times that of the gradient. "
        "A rate beyond 2/L can land higher on the other side of the valley.",
        (0.1, 0.5, 1, 1.9, 2.2, 12),
        "/L",
    ),
    Method(
        "sgd",
        "Stochastic gradient descent",
        f"Every update looks at {BATCH_SIZE} rows only; a point is drawn after each pass over all "
        "rows. With a rate that stays the same it ends up wandering around the optimum.",
        (0.02, 0.1, 0.3, 1, 2.2),
        "/L",
    ),
    Method(
        "momentum",
        "Momentum",
        "A step is 0.9 times the last one plus that of the gradient: it gathers speed along the "
        "valley, overshoots, and swings back.",
        (0.02, 0.1, 0.5, 1.5, 4.2),
        "/L",
    ),
    Method(
        "nesterov",
        "Nesterov's momentum",
        "Momentum that takes the gradient ahead on its path, and so brakes before it overshoots.",
        (0.02, 0.1, 0.5, 1, 1.7),
        "/L",
    ),
    Method(
        "rmsprop",
        "RMSprop",
        "Each parameter's gradient is divided by its recent size, so the rate is about the length "
        "of a step in every parameter, however steep the slope is, and however near the optimum.",
        (0.01, 0.05, 0.2, 0.5, 2),
    ),
    Method(
        "adam",
        "Adam",
        "RMSprop with momentum: the first steps change every parameter by the rate.",
        (0.01, 0.05, 0.2, 0.5, 2),
    ),
    Method(
        "agd",
        "Accelerated gradient descent",
        "Steps of 1/L from points ahead on the path, by a momentum that grows on the way.",
    ),
    Method(
        "lbfgs",
        "L-BFGS",
        "The gradient is divided by an estimate of the second derivatives; a line search finds the "
        "length of the step.",
    ),
    Method(
        "newton-cg",
        "Newton's method",
        "Every step goes to the minimum of the quadratic that fits F where it stands.",
    ),
    Method(
        "auto",
        "auto: the library chooses",
        "What an estimator does by default. Here it is {solver}.",
    ),
)


@dataclass(frozen=True)
class Problem:
    """Rows, their loss, where the descents begin, and how much of the plane is drawn."""

    label: str
    formula: str
    about: str
    view: str
    axes: tuple[str, str]
    X: NDArray
    y: NDArray
    loss: Loss
    alpha: float
    fit_intercept: bool
    start: tuple[float, float]
    window: tuple[tuple[float, float], tuple[float, float]]

    def objective(self) -> EmpiricalRisk:
        """F of the two parameters; its unit is that of a model that predicts a constant."""
        y = self.y[:, np.newaxis]
        model = Linear(self.X.shape[1], 1, self.fit_intercept)
        source = ArraySource(self.X, y)
        baseline = self.loss.baseline(y, 1) if self.fit_intercept else np.zeros(1)
        raw = np.broadcast_to(baseline, y.shape)
        reference = float(np.mean(self.loss.value(y, raw)))
        return EmpiricalRisk(model, self.loss, L2(), self.alpha, source, reference)


def line() -> Problem:
    """The line of the lessons, y = 2 + 5 x and noise, with fewer rows."""
    rng = np.random.default_rng(0)
    x = 2 * rng.random(60)
    y = 2 + 5 * x + 0.5 * rng.normal(size=60)
    return Problem(
        label="A line",
        formula="F(w, b) = mean of (w x + b − y)² / 2",
        about="A line through 60 points, y = 5 x + 2 and noise, by least squares.",
        view="line",
        axes=("w, the slope", "b, the intercept"),
        X=x[:, np.newaxis].round(3),
        y=y.round(3),
        loss=SquaredError(),
        alpha=0.0,
        fit_intercept=True,
        start=(0.0, 0.0),
        window=((-1.0, 10.0), (-3.0, 8.0)),
    )


def two_features() -> Problem:
    """Two species of iris by their petals, both columns standardised."""
    X, y = load_iris(return_X_y=True)
    X, y = X[50:, 2:], (y[50:] == 2).astype(float)
    return Problem(
        label="Logistic regression",
        formula="F(w) = mean of log(1 + exp(raw)) − y raw + 0.01 |w|² / 2, raw = w₁ x₁ + w₂ x₂",
        about="Iris versicolor or virginica, by length and width of the petals (standardised): "
        "100 flowers, and a penalty with alpha = 0.01.",
        view="boundary",
        axes=("w₁, of the length", "w₂, of the width"),
        X=((X - X.mean(axis=0)) / X.std(axis=0)).round(3),
        y=y,
        loss=Logistic(),
        alpha=0.01,
        fit_intercept=False,
        start=(-2.0, 3.0),
        window=((-3.5, 4.5), (-2.0, 6.0)),
    )


def narrow_valley() -> Problem:
    """Least squares with two features that say nearly the same."""
    rng = np.random.default_rng(1)
    shared, own = rng.normal(size=(2, 60))
    X = np.column_stack([shared, 0.95 * shared + 0.3 * own]).round(3)
    y = X @ [1.0, 2.0] + 0.3 * rng.normal(size=60)
    return Problem(
        label="A narrow valley",
        formula="F(w) = mean of (w₁ x₁ + w₂ x₂ − y)² / 2",
        about="Least squares with two features that nearly repeat each other. What is steep across "
        "the valley is almost flat along it.",
        view="prediction",
        axes=("w₁", "w₂"),
        X=X,
        y=y.round(3),
        loss=SquaredError(),
        alpha=0.0,
        fit_intercept=False,
        start=(-3.0, 4.0),
        window=((-4.5, 4.5), (-2.0, 7.0)),
    )


PROBLEMS = {"line": line, "logistic": two_features, "valley": narrow_valley}


def optimum_of(objective: EmpiricalRisk, start: NDArray) -> NDArray:
    """The minimiser, to the precision of the numbers."""
    return choose(objective).minimize(objective, start, Run(tol=1e-15)).params


def run_of(
    objective: EmpiricalRisk,
    start: NDArray,
    lowest: float,
    method: Method,
    rate: float | None = None,
) -> dict[str, Any]:
    """One run: each iterate, how far F is above its minimum there, and what the library says."""
    path = []

    def keep(progress):
        path.append(progress.params.copy())

    solver = choose(objective) if method.name == "auto" else SOLVERS[method.name]()
    batch_size = BATCH_SIZE if method.name == "sgd" else objective.n_samples
    run = Run(
        max_iter=MAX_ITER,
        learning_rate="auto" if rate is None else rate,
        batch_size=batch_size,
        callback=keep,
    )
    passes = objective.passes
    result = solver.minimize(objective, start, run)
    steps = result.history["step_size"]
    used = [] if rate is None else [[k, short(h)] for k, h in enumerate(steps) if np.isfinite(h)]
    return {
        "w1": [short(point[0], 6) for point in path],
        "w2": [short(point[1], 6) for point in path],
        "gap": [short(max(objective.value(point) - lowest, 0.0)) for point in path],
        # where the rate in use changes
        "rates": [u for i, u in enumerate(used) if i == 0 or u[1] != used[i - 1][1]],
        "passes": short(result.history["passes"][-1] - passes),
        "converged": bool(result.converged),
        "wasCut": bool(result.was_cut),
        "message": result.message,
        "solver": repr(solver),
    }


def runs_of(objective: EmpiricalRisk, start: NDArray, lowest: float) -> dict[str, list[dict]]:
    """The runs of every method, one for each of its rates."""
    unit = {"/L": 1 / objective.smoothness(), "": 1.0}
    runs = {}
    for method in METHODS:
        rates = [rate * unit[method.unit] for rate in method.rates] or [None]
        runs[method.name] = [run_of(objective, start, lowest, method, rate) for rate in rates]
    return runs


def contours_of(objective: EmpiricalRisk, window, lowest: float) -> list[list[float]]:
    """How far F is above its minimum on a grid, a row for each of the second parameter."""
    across, up = (np.linspace(*side, GRID) for side in window)
    return [[short(objective.value(np.array([a, b])) - lowest, 3) for a in across] for b in up]


def descents_of(problem: Problem) -> dict[str, Any]:
    """All that the page shows of a problem."""
    objective, start = problem.objective(), np.array(problem.start)
    optimum = optimum_of(objective, start)
    lowest = objective.value(optimum)
    return {
        "label": problem.label,
        "formula": problem.formula,
        "about": problem.about,
        "view": problem.view,
        "axes": problem.axes,
        "window": problem.window,
        "start": problem.start,
        "optimum": [float(value) for value in optimum],
        "lowest": lowest,
        "L": short(objective.smoothness(), 6),
        "X": problem.X.tolist(),
        "y": problem.y.tolist(),
        "grid": contours_of(objective, problem.window, lowest),
        "runs": runs_of(objective, start, lowest),
    }


def descents() -> dict[str, Any]:
    """The whole of the data."""
    methods = {
        method.name: {
            "label": method.label,
            "note": method.note,
            "rates": [f"{rate:g}{method.unit}" for rate in method.rates],
        }
        for method in METHODS
    }
    return {
        "methods": methods,
        "problems": {name: descents_of(make()) for name, make in PROBLEMS.items()},
    }


def short(number: float, digits: int = 4) -> float:
    """The number to so many significant digits, which is what a picture shows."""
    return float(f"{number:.{digits}g}")


def write(path: Path) -> None:
    """The data as a script, since a page that is opened as a file may not fetch one."""
    text = json.dumps(descents(), separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    path.write_text(f"window.DESCENTS = {text};\n", encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
