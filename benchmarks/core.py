"""What a benchmark is made of: a problem, contenders, and the ratio that is wanted."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from statistics import median
from typing import Any

import numpy as np
from sklearn.preprocessing import StandardScaler

from benchmarks import yardstick

OURS = "sklearn_gd"
# The objective is reached when it is this close to the best value known, relative to it.
TARGET = 1e-6
DECADES = tuple(10.0**-k for k in range(1, 15))


@dataclass(frozen=True)
class Kind:
    """What a peer must know to say whether it can take part.

    ``wide``: more columns than rows. ``narrow``: few enough columns for a matrix of them though X
    is sparse. ``offset``: the best intercept is far from 0, so that who penalises it must scale it,
    and who has none cannot take part.
    """

    loss: str
    penalty: str = "l2"
    sparse: bool = False
    wide: bool = False
    narrow: bool = False
    offset: bool = False

    @property
    def forms_hessian(self) -> bool:
        """Whether solvers that form a matrix of columns by columns take part."""
        return self.narrow or not (self.sparse or self.wide)


@dataclass
class Problem:
    """Data and the objective on them: mean loss + alpha * penalty, the intercept free.

    ``shape`` is the delta of "huber" and the level of "quantile".
    """

    kind: Kind
    X: Any
    y: np.ndarray
    alpha: float
    fit_intercept: bool = True
    l1_ratio: float = 0.5
    shape: float = 0.0

    @property
    def inverse_strength(self) -> float:
        """The ``C`` of scikit-learn: 1 / (alpha n)."""
        return 1 / (self.alpha * len(self.y)) if self.alpha else np.inf

    @property
    def mixture(self) -> float:
        """Share of the absolute part in the penalty."""
        return {"l1": 1.0, "elasticnet": self.l1_ratio, "l2": 0.0}[self.kind.penalty]

    def objective(self, coef, intercept) -> float:
        """The one yardstick of all contenders."""
        return yardstick.objective(
            self.kind.loss,
            self.X,
            self.y,
            coef,
            intercept,
            alpha=self.alpha,
            l1_ratio=self.mixture,
            shape=self.shape,
        )

    @cached_property
    def scaled(self) -> "Problem":
        """The problem that an estimator behind a StandardScaler solves: another objective.

        The penalty acts on other coefficients there, so it has an optimum of its own.
        """
        return replace(self, X=StandardScaler().fit_transform(self.X))


@dataclass
class Outcome:
    """What a contender came to; networks and tasks without an optimum leave notes only."""

    coef: Any = None
    intercept: Any = None
    passes: float | None = None
    notes: dict[str, float] = field(default_factory=dict)
    solver: str = ""


def is_ours(name: str) -> bool:
    """Names begin with the library."""
    return name.split()[0] == OURS


@dataclass(frozen=True)
class Contender:
    """``make(data, tolerance)`` prepares, untimed, the call that is timed."""

    name: str
    make: Callable[[Any, float | None], Callable[[], Outcome | None]]
    package: str = "sklearn"
    tolerances: tuple = DECADES
    scaler: bool = False

    @property
    def is_ours(self) -> bool:
        """Whether this is one of ours, whose optimum is the reference."""
        return is_ours(self.name)

    @property
    def is_installed(self) -> bool:
        """Whether its package can be imported."""
        return find_spec(self.package) is not None

    def problem(self, data: Problem) -> Problem:
        """The problem on whose objective this contender is judged."""
        return data.scaled if self.scaler else data


def coefficients(model) -> tuple:
    """Weights and intercept of a linear estimator that follows scikit-learn's conventions."""
    return model.coef_, model.intercept_


def passes(model) -> float | None:
    """Visits of all rows, where the model counts them, else its iterations."""
    if hasattr(model, "history_"):
        return float(model.history_["passes"][-1])
    n_iter = getattr(model, "n_iter_", None)
    return None if n_iter is None else float(np.max(n_iter))


def estimator(name, build, *, read=coefficients, scaler=False, **options) -> Contender:
    """A contender that fits ``build(problem, tolerance)``; a scaler's time and copy count."""

    def make(problem, tolerance):
        model = build(problem, tolerance)

        def fit():
            X = StandardScaler().fit_transform(problem.X) if scaler else problem.X
            model.fit(X, problem.y)
            chosen = getattr(model, "solver_", "")
            return Outcome(*read(model), passes(model), solver=str(chosen))

        return fit

    return Contender(f"{name} + scaler" if scaler else name, make, scaler=scaler, **options)


@dataclass
class Line:
    """What was measured of one contender."""

    name: str
    status: str = ""
    tolerance: float | None = None
    seconds: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    at_least: float | None = None
    suboptimality: float | None = None
    passes: float | None = None
    memory: float | None = None
    memory_share: float | None = None
    solver: str = ""
    notes: dict[str, float] = field(default_factory=dict)
    path: list[dict] = field(default_factory=list)

    @property
    def reached(self) -> bool:
        """Whether it was measured, at the objective that was asked for."""
        return not self.status and bool(self.seconds)


@dataclass(frozen=True)
class Faster:
    """So many times as fast as the fastest of these peers."""

    wanted: float
    peers: str
    words: str

    def judge(self, lines: list[Line]) -> dict:
        """The ratio measured, and whether it is the one wanted; None: cannot be told."""
        rivals = [
            line for line in lines if fnmatch(line.name, self.peers) and not is_ours(line.name)
        ]
        reached = [line for line in rivals if line.reached and line.ratios]
        verdict = {"wanted": f"{self.wanted:g}x {self.words}", "measured": "not measured"}
        if not any(line.reached for line in lines if line.name == OURS):
            return verdict | {"measured": "ours did not reach the target", "met": False}
        if reached:
            rival = min(reached, key=lambda line: median(line.ratios))
            low, middle, high = np.quantile(rival.ratios, [0.25, 0.5, 0.75])
            measured = f"{middle:.3g}x [{low:.3g}, {high:.3g}] {rival.name}"
            return verdict | {"measured": measured, "met": bool(middle >= self.wanted)}
        bounds = [(line.at_least, line.name) for line in rivals if line.at_least is not None]
        if not bounds:
            return verdict | {"met": None}
        bound, name = min(bounds)
        met = True if bound >= self.wanted else None
        return verdict | {"measured": f"> {bound:.3g}x {name} (target not reached)", "met": met}


@dataclass(frozen=True)
class Below:
    """A number of ours that stays below a limit, or below a peer's where one is named."""

    read: Callable[[Line], float | None]
    words: str
    limit: float | None = None
    peer: str = ""
    contenders: str = f"{OURS}*"

    def judge(self, lines: list[Line]) -> dict:
        """The largest of ours beside the limit."""
        values = [self.read(line) for line in lines if fnmatch(line.name, self.contenders)]
        peers = [self.read(line) for line in lines if line.name == self.peer]
        limit = self.limit if not self.peer else (peers or [None])[0]
        verdict = {"wanted": self.words, "measured": "not measured", "met": None}
        if not values or limit is None or None in values:
            return verdict
        measured = f"{max(values):.4g} (limit {limit:.4g})"
        return verdict | {"measured": measured, "met": bool(max(values) < limit)}


@dataclass(frozen=True)
class NotBelow:
    """A mean of ours beside a peer's, with their standard errors."""

    note: str
    ours: str
    peer: str

    def judge(self, lines: list[Line]) -> dict:
        """Both means, and whether ours is at least the other."""
        notes = {line.name: line.notes for line in lines}
        verdict = {"wanted": f"{self.note} not below the peer's", "measured": "not measured"}
        if not (notes.get(self.ours) and notes.get(self.peer)):
            return verdict | {"met": None}
        pair = [notes[name] for name in (self.ours, self.peer)]
        words = [f"{found[self.note]:.4f} ± {found['standard error']:.4f}" for found in pair]
        met = bool(pair[0][self.note] >= pair[1][self.note])
        return verdict | {"measured": " beside ".join(words), "met": met}


@dataclass(frozen=True)
class Case:
    """Contenders on one data set.

    ``judged`` is "objective" (each at the loosest tolerance that reaches the common objective),
    "time" (a fixed amount of work) or "memory" (of one fit, in a process of its own).
    """

    name: str
    data: Callable[[], Any]
    contenders: list[Contender]
    targets: list
    judged: str = "objective"
    repeats: int = 5


@dataclass(frozen=True)
class Workload:
    """A file of ``workloads/``: sizes are the keyword arguments of ``cases``."""

    name: str
    description: str
    cases: Callable[..., Iterator[Case]]
    sizes: dict[str, dict]


def case_of(name: str, size: dict, index: int) -> Case:
    """One case, built anew: closures do not travel to other processes, this call does."""
    workload = import_module("benchmarks.workloads").load(name)
    return list(workload.cases(**size))[index]
