"""Arrays of other libraries: they are computed with as NumPy's, and predictions go back to them."""

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import get_config


def as_numpy(value: Any, name: str) -> Any:
    """An array of another library as one of NumPy; anything else as it is.

    scikit-learn would refuse them under ``array_api_dispatch``, which asks for computing with them.
    """
    if type(value).__name__ == "LazyFrame":
        raise TypeError(
            f"{name} is a LazyFrame, which holds a query and no rows: pass {name}.collect()."
        )
    if _namespace_of(value) is None:
        return value
    try:
        return np.asarray(value)
    except (TypeError, ValueError, RuntimeError, BufferError) as error:
        library = type(value).__module__.partition(".")[0]
        raise TypeError(
            f"{name} is an array of {library} that NumPy cannot read, as on a GPU. Estimators of "
            f"sklearn_gd compute with NumPy: move {name} to the CPU first."
        ) from error


def in_namespace_of(X: Any, result: NDArray[Any]) -> Any:
    """A prediction as an array of the library that X is of, where scikit-learn asks for that.

    That is under ``array_api_dispatch=True``; class labels that are no numbers stay NumPy's.
    """
    namespace = _namespace_of(X)
    if (
        namespace is None
        or not get_config().get("array_api_dispatch")
        or result.dtype.kind in "OUST"
    ):
        return result
    return namespace.asarray(result, device=X.device)


def _namespace_of(value: Any) -> Any:
    """The library of an array that is none of NumPy; None for all else."""
    if isinstance(value, np.ndarray) or not hasattr(value, "__dlpack__"):
        return None
    if hasattr(value, "__array_namespace__"):
        return value.__array_namespace__()
    library = sys.modules[type(value).__module__.partition(".")[0]]
    return library if hasattr(library, "asarray") else None
