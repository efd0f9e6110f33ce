"""The suite of real data: a problem is a set, a loss, a penalty and a strength."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from sklearn.linear_model import HuberRegressor
from sklearn.preprocessing import StandardScaler

from benchmarks import peers, sets
from benchmarks.core import Case, Faster, Kind, Problem, Workload
from benchmarks.peers.scikit_learn import EPSILON

QUICK_ROWS = 300
# Columns up to which a matrix of columns by columns is made of sparse rows, too.
NARROW = 1_000
# Tighter than any contender needs.
TIGHT = 1e-12
TARGET = Faster(1, "*", "the fastest peer")


@dataclass(frozen=True)
class Spec:
    """One problem.

    The strength is that of l2 in scikit-learn's ``C``, alpha = 1 / (C n), or, with ``part``, this
    part of the smallest alpha at which l1 sets all weights to zero.
    """

    data: str
    loss: str
    penalty: str = "l2"
    C: float = 1.0
    part: float = 0.0
    scaled: bool = False
    level: float = 0.5
    intercept: bool = True

    @property
    def name(self) -> str:
        """As in ``a9a-logistic-l2-C1`` or ``bike-quantile0.9-l1-0.1max``."""
        loss = f"{self.loss}{self.level:g}" if self.loss == "quantile" else self.loss
        strength = f"{self.part:g}max" if self.part else f"C{self.C:g}"
        ends = ["scaled"] * self.scaled + ["origin"] * (not self.intercept)
        return "-".join([self.data, loss, self.penalty, strength, *ends])

    @property
    def kind(self) -> Kind:
        """What peers must know."""
        found = sets.SETS[self.data]
        return Kind(
            self.loss,
            self.penalty,
            sparse=found.is_sparse,
            wide=found.columns > found.rows,
            narrow=found.columns <= NARROW,
            offset=self.intercept,
        )

    @property
    def description(self) -> str:
        """The set in words."""
        found = sets.SETS[self.data]
        return f"{found.words}, {found.rows:,} x {found.columns:,}"

    def problem(self, rows) -> Problem:
        """The data, and the strength in our units."""
        X, y = sets.rows_of(self.data, rows)
        X = StandardScaler().fit_transform(X) if self.scaled else X
        y = sets.codes(y) if self.loss == "softmax" else y
        made = Problem(self.kind, X, y, 1 / (self.C * len(y)), self.intercept, shape=self.level)
        if self.loss == "huber":
            sigma = scale(X, y, 1 / self.C)
            made.shape, made.alpha = EPSILON * sigma, made.alpha * sigma
        if self.part:
            made.alpha = self.part * strength_of_zeros(made)
        return made

    def cases(self, rows):
        """Everybody who can take part."""
        make = partial(self.problem, rows)
        yield Case(f"{self.loss}, {self.penalty}", make, peers.contenders(self.kind), [TARGET])

    @property
    def workload(self) -> Workload:
        """A workload of one case."""
        rows = sets.SETS[self.data].rows
        sizes = {"full": {"rows": rows}, "quick": {"rows": min(rows, QUICK_ROWS)}}
        return Workload(self.name, self.description, self.cases, sizes)


def scale(X, y, alpha):
    """The scale that HuberRegressor finds, on standardised features.

    With alpha = 0 it is that of the raw features as well, which its solver would not get to.
    """
    X = StandardScaler().fit_transform(X)
    model = HuberRegressor(epsilon=EPSILON, alpha=alpha, tol=TIGHT, max_iter=100_000)
    return model.fit(X, y).scale_


def strength_of_zeros(problem) -> float:
    """The smallest alpha at which an l1 penalty sets all weights to zero.

    It is the largest slope at the best constant. The loss of a quantile has a kink there, but only
    at the rows whose y is that constant.
    """
    X, y = problem.X, problem.y
    if problem.kind.loss == "quantile":
        slope = (y < np.quantile(y, problem.shape)) - problem.shape
    else:
        slope = y.mean() - y
    return float(np.abs(X.T @ slope).max()) / len(y)


SPECS = (
    *(Spec("a9a", "logistic", C=C) for C in (0.01, 1, 100)),
    Spec("a9a", "logistic", "l1", C=1),
    Spec("a9a", "logistic", "l1", C=0.01),
    Spec("a9a", "logistic", "elasticnet", C=1),
    *(Spec("w8a", "logistic", C=C) for C in (0.01, 1, 100)),
    Spec("w8a", "logistic", "l1", C=1),
    Spec("w8a", "logistic", "elasticnet", C=10),
    *(Spec("sms_words", "logistic", C=C) for C in (0.01, 1, 100)),
    *(Spec("sms_words", "logistic", "l1", C=C) for C in (1, 100)),
    Spec("sms_words", "logistic", "l1", C=10, intercept=False),
    Spec("sms_words", "logistic", "elasticnet", C=10),
    Spec("sms_words", "squared", C=1),
    Spec("sms_words", "squared", "l1", part=0.1),
    *(Spec("sms_chars", "logistic", C=C) for C in (1, 100)),
    Spec("sms_chars", "logistic", "l1", C=10),
    Spec("pima", "logistic"),
    Spec("pima", "logistic", "l1"),
    Spec("pima_powers", "logistic"),
    Spec("pima_powers", "logistic", "l1"),
    *(Spec("cancer", "logistic", scaled=scaled) for scaled in (False, True)),
    Spec("cancer", "logistic", C=100, scaled=True),
    Spec("cancer", "logistic", "l1", scaled=True),
    *(Spec("cancer_powers", "logistic", C=C, scaled=True) for C in (0.01, 100)),
    Spec("digits", "softmax", C=0.01, scaled=True),
    *(Spec("digits", "softmax", C=C) for C in (1, 100)),
    Spec("digits", "softmax", "l1", C=0.1),
    *(Spec("wine", "softmax", scaled=scaled) for scaled in (False, True)),
    *(Spec("iris", "softmax", C=C) for C in (1, 100)),
    *(Spec("diamond_cuts", "softmax", scaled=scaled) for scaled in (False, True)),
    Spec("diabetes", "squared", C=1),
    Spec("diabetes", "squared", "l1", part=0.01),
    Spec("diabetes_powers", "squared", C=0.01, scaled=True),
    Spec("diabetes_powers", "squared", "l1", part=0.1, scaled=True),
    Spec("bike_onehot", "squared"),
    Spec("bike_onehot", "squared", "l1", part=0.01),
    Spec("diamonds", "squared"),
    Spec("diamonds", "squared", "l1", part=0.01, scaled=True),
    Spec("diamonds", "squared", "elasticnet", part=1e-4, scaled=True),
    Spec("bike", "poisson"),
    Spec("bike_onehot", "poisson"),
    Spec("bike_onehot", "poisson", "l1", part=0.01),
    Spec("bike_onehot", "poisson", "elasticnet", part=0.1),
    Spec("diamonds", "poisson", scaled=True),
    Spec("diabetes", "huber", C=1, scaled=True),
    Spec("bike_onehot", "huber", C=1, scaled=True),
    Spec("diamonds", "huber", C=np.inf),
    Spec("diabetes", "quantile", "l1", part=0.1),
    Spec("bike", "quantile", "l1", part=0.1, level=0.9),
    Spec("bike", "quantile", "l1", part=0.01, scaled=True),
)
WORKLOADS = {spec.name: spec.workload for spec in SPECS}


def names() -> tuple[str, ...]:
    """Problems whose data are there."""
    return tuple(spec.name for spec in SPECS if sets.SETS[spec.data].is_available)
