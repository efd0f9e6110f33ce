"""Which solver supports what: asked of the solvers themselves, so that the table cannot be wrong.

``python docs/capabilities.py`` prints it.
"""

import tempfile
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from sklearn_gd.data import ArraySource
from sklearn_gd.losses import LOSSES, Logistic, Loss, Softmax
from sklearn_gd.models import MLP, Linear
from sklearn_gd.models.activations import ACTIVATIONS
from sklearn_gd.objective.empirical_risk import EmpiricalRisk
from sklearn_gd.penalties import PENALTIES, GroupLasso, NoPenalty, Penalty, Tikhonov
from sklearn_gd.solvers import SOLVERS, GradientDescent, Solver

N_FEATURES, N_OUTPUTS = 2, 2
HEAD = (
    *("solver", "losses", "penalties", "networks", "sparse X", "out of core"),
    *("partial_fit", "learning rate"),
)
DENSE = np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


class Capabilities(NamedTuple):
    """What one solver supports.

    Attributes
    ----------
    losses, penalties : dict of str to str
        Of a linear model, by name: the reason why it is not supported, or "".
    network, sparse, out_of_core, partial_fit : bool
        Out of core: X may be a memory map.
    learning_rate : str
        "optional" where the estimator's ``learning_rate`` is used and "auto" chooses one, "none"
        where there is none to choose.
    """

    losses: Mapping[str, str]
    penalties: Mapping[str, str]
    network: bool
    sparse: bool
    out_of_core: bool
    partial_fit: bool
    learning_rate: str


def losses() -> dict[str, Loss]:
    """Every loss of a linear model, by name."""
    regression = {name: kind() for name, kind in LOSSES.items()}
    return regression | {"logistic": Logistic(), "softmax": Softmax()}


def penalties(n_features: int) -> dict[str, Penalty]:
    """Every penalty, by name, for a number of features."""
    return {
        "None": NoPenalty(),
        **{name: kind() for name, kind in PENALTIES.items()},
        "Tikhonov": Tikhonov(matrix=np.eye(n_features)),
        "GroupLasso": GroupLasso(groups=np.arange(n_features) // 2),
    }


def capabilities() -> dict[str, Capabilities]:
    """Of every named solver, and of gradient descent in the curvature metric."""
    solvers = {name: kind() for name, kind in SOLVERS.items()}
    solvers['GradientDescent(metric="curvature")'] = GradientDescent(metric="curvature")
    return {name: _of(solver) for name, solver in solvers.items()}


def to_markdown(table: Mapping[str, Capabilities]) -> str:
    """The table as Markdown; solvers that support the same share a row."""
    alike: dict[tuple, list[str]] = {}
    for name, row in table.items():
        flags = (row.network, row.sparse, row.out_of_core, row.partial_fit)
        cells = (*map(_but, row[:2]), *("yes" if flag else "no" for flag in flags))
        alike.setdefault((*cells, row.learning_rate), []).append(f"`{name}`")
    lines = [f"| {' | '.join(HEAD)} |", "|---" * len(HEAD) + "|"]
    lines += [f"| {' | '.join([', '.join(names), *cells])} |" for cells, names in alike.items()]
    return "\n".join(lines) + "\n"


def _of(solver: Solver) -> Capabilities:
    linear, usual = Linear(N_FEATURES, N_OUTPUTS), NoPenalty()
    network = MLP((N_FEATURES, 2, N_OUTPUTS), ACTIVATIONS["relu"]())

    def reason(*, loss=None, penalty=None, model=linear, X=DENSE):
        source = ArraySource(X, np.zeros((X.shape[0], N_OUTPUTS)))
        risk = EmpiricalRisk(model, loss or Logistic(), penalty or usual, 1.0, source)
        return solver.unsupported(risk) or ""

    every = penalties(N_FEATURES)
    refused = {name: reason(penalty=penalty) for name, penalty in every.items()}
    # all else is asked with a penalty that the solver supports
    usual = next(penalty for name, penalty in every.items() if not refused[name])
    with tempfile.TemporaryFile() as file:
        mapped = np.memmap(file, DENSE.dtype, shape=DENSE.shape)
        is_out_of_core = not reason(X=mapped)
    return Capabilities(
        losses={name: reason(loss=loss) for name, loss in losses().items()},
        penalties=refused,
        network=not reason(model=network),
        sparse=not reason(X=sp.csr_array(DENSE)),
        out_of_core=is_out_of_core,
        partial_fit=solver.resumable,
        learning_rate="optional" if "learning_rate" in solver.method_parameters else "none",
    )


def _but(reasons: Mapping[str, str]) -> str:
    """The names that are supported, in few words."""
    refused = [name for name, reason in reasons.items() if reason]
    if 2 * len(refused) > len(reasons):
        return ", ".join(name for name in reasons if name not in refused)
    return f"all but {', '.join(refused)}" if refused else "all"


if __name__ == "__main__":
    print(to_markdown(capabilities()), end="")
