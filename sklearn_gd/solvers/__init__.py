"""How an objective is minimised: solvers, and the update rules of the stochastic ones."""

from sklearn_gd.solvers.adam import Adam, AdaMax, AdamW, AMSGrad, Nadam
from sklearn_gd.solvers.auto import choose, choose_for_stream
from sklearn_gd.solvers.base import Solver
from sklearn_gd.solvers.gradient_descent import AcceleratedGradientDescent, GradientDescent
from sklearn_gd.solvers.lbfgs import LBFGS
from sklearn_gd.solvers.mini_batch import MiniBatch
from sklearn_gd.solvers.newton_cg import NewtonCG
from sklearn_gd.solvers.normalized import NormalizedAdagrad
from sklearn_gd.solvers.progress import Progress
from sklearn_gd.solvers.proximal_newton import ProximalNewtonCG
from sklearn_gd.solvers.rules import (
    SGD,
    Adadelta,
    Adagrad,
    Momentum,
    Nesterov,
    RMSprop,
)
from sklearn_gd.solvers.run import Result, Run, Stage, StopReason
from sklearn_gd.solvers.scipy import Scipy
from sklearn_gd.solvers.stages import solve
from sklearn_gd.solvers.variance_reduced import SAGA, SVRG
from sklearn_gd.solvers.working_set import WorkingSet

#: Solvers by the names that the parameter ``solver`` of an estimator takes.
SOLVERS: dict[str, type[Solver]] = {
    "gd": GradientDescent,
    "agd": AcceleratedGradientDescent,
    "lbfgs": LBFGS,
    "newton-cg": NewtonCG,
    "proximal-newton-cg": ProximalNewtonCG,
    "working-set": WorkingSet,
    "sgd": SGD,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "adagrad": Adagrad,
    "adadelta": Adadelta,
    "rmsprop": RMSprop,
    "adam": Adam,
    "adamax": AdaMax,
    "nadam": Nadam,
    "amsgrad": AMSGrad,
    "adamw": AdamW,
    "normalized-adagrad": NormalizedAdagrad,
    "svrg": SVRG,
    "saga": SAGA,
    "scipy": Scipy,
}

__all__ = [
    "LBFGS",
    "SAGA",
    "SGD",
    "SOLVERS",
    "SVRG",
    "AMSGrad",
    "AcceleratedGradientDescent",
    "AdaMax",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "GradientDescent",
    "MiniBatch",
    "Momentum",
    "Nadam",
    "Nesterov",
    "NewtonCG",
    "NormalizedAdagrad",
    "Progress",
    "ProximalNewtonCG",
    "RMSprop",
    "Result",
    "Run",
    "Scipy",
    "Solver",
    "Stage",
    "StopReason",
    "WorkingSet",
    "choose",
    "choose_for_stream",
    "solve",
]
