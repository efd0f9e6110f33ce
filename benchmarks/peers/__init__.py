"""Other libraries behind one interface, a file each; those not installed are skipped."""

from benchmarks.core import Contender, Kind
from benchmarks.peers import celer, cyanure, glum, intelex, ours, scikit_learn, skglm, snapml

LIBRARIES = (ours, scikit_learn, intelex, glum, skglm, celer, cyanure, snapml)


def contenders(kind: Kind, scaler: bool = False) -> list[Contender]:
    """All contenders for a linear model; with ``scaler`` behind a StandardScaler."""
    return [found for library in LIBRARIES for found in library.contenders(kind, scaler)]
