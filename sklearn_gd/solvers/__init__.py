"""How to walk down: solvers, and the update rules of the stochastic ones."""

from sklearn_gd.solvers.auto import choose, choose_for_stream
from sklearn_gd.solvers.base import Progress, Result, Run, Solver
from sklearn_gd.solvers.gradient_descent import AcceleratedGradientDescent, GradientDescent
from sklearn_gd.solvers.lbfgs import LBFGS
from sklearn_gd.solvers.mini_batch import MiniBatch
from sklearn_gd.solvers.newton_cg import NewtonCG
from sklearn_gd.solvers.normalized import NormalizedAdagrad
from sklearn_gd.solvers.rules import SGD, Adam
from sklearn_gd.solvers.scipy import Scipy

SOLVERS = {
    "gd": GradientDescent,
    "agd": AcceleratedGradientDescent,
    "lbfgs": LBFGS,
    "newton-cg": NewtonCG,
    "sgd": SGD,
    "adam": Adam,
    "normalized-adagrad": NormalizedAdagrad,
    "scipy": Scipy,
}

__all__ = [
    "LBFGS",
    "SGD",
    "SOLVERS",
    "AcceleratedGradientDescent",
    "Adam",
    "GradientDescent",
    "MiniBatch",
    "NewtonCG",
    "NormalizedAdagrad",
    "Progress",
    "Result",
    "Run",
    "Scipy",
    "Solver",
    "choose",
    "choose_for_stream",
]
