"""Correct programs of users: ``mypy --strict`` and pyright must find nothing wrong in them.

The functions are never called by the tests; type checkers read them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_gd import (
    GDLinearClassifier,
    GDLinearRegressor,
    GDLogisticClassifier,
    GDMLPClassifier,
    GDMLPRegressor,
    GDSoftmaxClassifier,
    regularization_path,
)
from sklearn_gd.callbacks import Checkpoint
from sklearn_gd.inspection import LossCurveDisplay, check_gradient, check_prox
from sklearn_gd.losses import Huber, Loss, Quantile
from sklearn_gd.models.activations import ReLU
from sklearn_gd.penalties import ElasticNet, GroupLasso, Tikhonov
from sklearn_gd.schedules import Clock, Cosine, InverseScaling, Schedule
from sklearn_gd.solvers import LBFGS, Adam, GradientDescent, MiniBatch, Run

X: NDArray[np.float64] = np.zeros((6, 2))
y: NDArray[np.float64] = np.zeros(6)


def constructors() -> list[object]:
    """Every kind of value that a parameter may have."""
    return [
        GDLinearRegressor(),
        GDLinearRegressor(loss=Quantile(quantile=0.9), penalty=None, alpha=0),
        GDLinearRegressor(loss="poisson", penalty=ElasticNet(l1_ratio=0.5), positive=True),
        GDLinearRegressor(penalty=Tikhonov(matrix=np.eye(2)), solver=GradientDescent()),
        GDLinearRegressor(penalty=GroupLasso(groups=np.array([0, 1])), max_time=2.5),
        GDLinearClassifier(loss="hinge", class_weight={"a": 1.0, "b": 2.0}),
        GDLogisticClassifier(class_weight="balanced", random_state=np.random.RandomState(0)),
        GDLogisticClassifier(scoring="accuracy", early_stopping=True, verbose=True),
        GDLogisticClassifier(scoring=score, early_stopping=True, random_state=0),
        GDSoftmaxClassifier(solver=Adam(beta_1=0.8), learning_rate=0.01, batch_size=64),
        GDSoftmaxClassifier(solver="sgd", learning_rate=InverseScaling(t0=5.0, t1=50.0)),
        GDSoftmaxClassifier(solver="sgd", learning_rate=lambda clock: 0.1 / (1 + clock.epoch)),
        GDSoftmaxClassifier(solver="sgd", learning_rate=Halving(rate=0.2), average=True),
        GDSoftmaxClassifier(solver=LBFGS(memory=5), learning_rate="auto", batch_size="auto"),
        GDMLPClassifier(hidden_layer_sizes=5, activation="tanh", learning_rate=Cosine()),
        GDMLPClassifier(hidden_layer_sizes=(5, 3), activation=("relu", ReLU()), dropout=(0.1, 0.0)),
        GDMLPRegressor(loss=Huber(delta=2.0), alpha=[0.1, 0.0], dropout=0.2, max_norm=1.0),
    ]


def score(estimator: GDLogisticClassifier, X: NDArray[np.float64], y: NDArray[Any]) -> float:
    """A scorer."""
    return float((estimator.predict(X) == y).mean())


def a_fit() -> float:
    """Methods keep the class, attributes have types."""
    model = GDLogisticClassifier(solver="lbfgs").fit(X, y, sample_weight=np.ones(6))
    model = model.set_params(solver__memory=5, early_stopping=True).fit(X, y, X_val=X, y_val=y)
    labels: NDArray[Any] = model.predict(X)
    probabilities: NDArray[Any] = model.predict_proba(X)
    shape: tuple[int, ...] = model.coef_.shape
    reason: str = model.stop_reason_ + model.stop_code_
    passes: list[float] = model.history_["passes"]
    n_iter: int = model.n_iter_ + model.t_ + model.n_features_in_ + len(model.classes_)
    total = model.objective_ + sum(passes) + n_iter + len(shape) + len(reason)
    return total + float(labels[0]) + float(probabilities[0, 0]) + float(model.intercept_[0])


def a_stream() -> GDLogisticClassifier:
    """partial_fit keeps the class too."""
    return GDLogisticClassifier().partial_fit(X, y, classes=[0, 1]).partial_fit(X, y)


def a_network() -> tuple[int, ...]:
    """Layers are lists of arrays."""
    model = GDMLPRegressor(hidden_layer_sizes=(4,), max_iter=3, verbose=1).fit(X, y)
    weights: list[NDArray[np.floating[Any]]] = model.coefs_
    hidden: NDArray[Any] = model.hidden_features(X, layer=-1)
    return (*hidden.shape, len(weights), model.n_layers_, model.n_outputs_)


def other_functions(path: Path) -> None:
    """Paths, displays, checks, export, callbacks."""
    regularization_path(GDLinearRegressor(penalty="l1"), X, y, alphas=[1.0, 0.1])
    model = GDLinearRegressor().fit(X, y)
    LossCurveDisplay.from_estimator(model, x="seconds").plot()
    check_gradient(model, X, y)
    check_prox(ElasticNet())
    model.to_sklearn()
    Checkpoint(path, every=10)
    Checkpoint(str(path))


def a_solver_alone() -> float:
    """minimize takes any function."""
    result = GradientDescent().minimize(halved_square, np.ones(2), Run(learning_rate=0.5))
    return result.value + result.optimality


def halved_square(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """Value and gradient."""
    return float(w @ w) / 2, w


@dataclass(kw_only=True, eq=False, repr=False)
class Halving(Schedule):
    """A schedule of one's own."""

    rate: float = 0.1

    def __call__(self, clock: Clock) -> float:
        return float(self.rate / 2**clock.epoch)


class LogCosh(Loss):
    """A loss of one's own."""

    def value(self, y: NDArray[Any], raw: NDArray[Any]) -> NDArray[Any]:
        result: NDArray[Any] = np.log(np.cosh(raw - y)).sum(axis=1)
        return result

    def gradient(self, y: NDArray[Any], raw: NDArray[Any]) -> NDArray[Any]:
        result: NDArray[Any] = np.tanh(raw - y)
        return result


class SignDescent(MiniBatch):
    """An update rule of one's own."""

    def init(self, params: NDArray[Any]) -> dict[str, Any]:
        return {}

    def update(
        self,
        gradient: NDArray[Any],
        state: dict[str, Any],
        params: NDArray[Any],
        clock: Clock,
        rate: float,
    ) -> NDArray[Any]:
        change: NDArray[Any] = -rate * np.sign(gradient)
        return change


def own_parts() -> GDLinearRegressor:
    """They are used like those of the library."""
    rate: Callable[[Clock], float] = Halving()
    return GDLinearRegressor(loss=LogCosh(), solver=SignDescent(), learning_rate=rate).fit(X, y)
