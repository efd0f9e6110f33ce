"""Hyper-parameters that are objects, and the names that stand for them."""

from abc import ABC
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

from sklearn.base import BaseEstimator

from sklearn_gd._validation import InvalidParameterError, Rule, check_parameters, suggestion


class Component(BaseEstimator, ABC):
    """A hyper-parameter that is an object: a loss, a penalty, a schedule, a solver.

    It holds configuration only, never the state of a run, so that one object can serve many
    estimators. A subclass is a dataclass, which keeps scikit-learn's ``repr``, ``clone`` and
    nested parameters::

        @dataclass(kw_only=True, eq=False, repr=False)
        class Adam(MiniBatch):
            beta_1: float = 0.9
    """

    rules: ClassVar[Mapping[str, Rule]] = {}

    @classmethod
    def declares(cls, name: str, *partners: str) -> bool:
        """Whether a method has been overridden, and goes with its ``partners`` as they are.

        It does not if a subclass has overridden a partner and left ``name`` as it was: the two may
        then disagree. A subclass that changes nothing declares what its parent declares.
        """
        owners = [kind for kind in cls.__mro__ if name in vars(kind)]
        if len(owners) < 2:
            return False
        of_partners = (next(k for k in cls.__mro__ if other in vars(k)) for other in partners)
        return all(issubclass(owners[0], owner) for owner in of_partners)

    def validate(self) -> None:
        """Raise for the first field, of this or of a component within, that its rule forbids."""
        check_parameters(self, self.rules)
        for value in vars(self).values():
            if isinstance(value, Component):
                value.validate()


def resolve(
    parameter: str, value: Any, kind: type[Any], names: Mapping[str, Callable[[], Any]]
) -> Any:
    """The object that ``value`` stands for: itself, or what its name makes.

    This is the only place where the name of a component is compared with anything.
    """
    if isinstance(value, str) and value in names:
        value = names[value]()
    if not isinstance(value, kind):
        raise InvalidParameterError(
            f"The {parameter!r} parameter must be one of {sorted(names)} or an instance of "
            f"{kind.__name__}. Got {value!r} instead.{suggestion(value, names)}"
        )
    value.validate()
    return value


class NamedComponents:
    """Lets ``solver__beta_1`` be set while ``solver`` is still the name ``"adam"``."""

    _components: ClassVar[dict[str, Any]] = {}

    def set_params(self, **params: Any) -> Self:
        """Set parameters of this estimator and, by ``name__field``, of its components.

        Parameters
        ----------
        **params : dict
            A component that is given by name becomes its object before a field is set on it.

        Returns
        -------
        self : object
            This estimator.

        Raises
        ------
        ValueError
            For a parameter that does not exist, or a field of a name that stands for no component.

        Examples
        --------
        >>> from sklearn_gd import GDLinearRegressor
        >>> GDLinearRegressor(solver="adam").set_params(solver__beta_1=0.8).solver
        Adam(beta_1=0.8)
        """
        for name in {key.partition("__")[0] for key in params if "__" in key}:
            value = params.get(name, getattr(self, name, None))
            if isinstance(value, str) and value in self._components.get(name, {}):
                params[name] = self._components[name][value]()
            elif isinstance(value, str) or (
                name in self._components and not hasattr(value, "set_params")
            ):
                fields = sorted(key for key in params if key.startswith(f"{name}__"))
                raise InvalidParameterError(
                    f"{fields[0]} cannot be set while {name}={value!r} does not name a component; "
                    f"set {name} too, to one of {sorted(self._components.get(name, {}))}."
                )
        result: Self = super().set_params(**params)  # type: ignore[misc]
        return result
