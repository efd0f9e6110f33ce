"""Hyper-parameters that are objects, and the names that stand for them."""

from abc import ABCMeta
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from inspect import Signature, signature
from typing import Any, ClassVar, Self, TypeVar, cast

from sklearn.base import BaseEstimator

from sklearn_gd._hints import of_parameter, suggestion
from sklearn_gd._validation import InvalidParameterError, Rule, check_parameters

Method = TypeVar("Method", bound=Callable[..., Any])


class KeywordsOnly(ABCMeta):
    """Classes whose constructor says what to write where it is called as another library's."""

    def __call__(cls, *args, **kwargs):
        try:
            return super().__call__(*args, **kwargs)
        except TypeError as error:
            failure = error
        # a signature costs more than most constructors, so it is only looked at for an error
        names = list(cls.__signature__.parameters)
        check_names(cls.__name__, kwargs, names)
        if "positional argument" not in str(failure) or not args or not names:
            raise failure
        raise InvalidParameterError(
            f"{cls.__name__} takes no positional parameters: write "
            f"{cls.__name__}({names[0]}={args[0]!r})."
        )

    @property
    def __signature__(cls) -> Signature:
        if cls.__init__ is object.__init__:  # type: ignore[misc]
            return Signature()
        of_init = signature(cls.__init__)  # type: ignore[misc]
        return of_init.replace(parameters=list(of_init.parameters.values())[1:])


def check_names(where: str, given: Iterable[str], names: Iterable[str]) -> None:
    """Raise for the first parameter that does not exist if it is known what takes its place."""
    names = set(names)
    for name in given:
        hint = "" if name in names or "__" in name else of_parameter(name, names)
        if hint:
            raise InvalidParameterError(f"{where} has no parameter {name!r}.{hint}")


def with_hints(method: Method) -> Method:
    """Let a method say what to write where it is called as another library's."""
    names = list(signature(method).parameters)

    @wraps(method)
    def checked(self, *args, **kwargs):
        check_names(f"{type(self).__name__}.{method.__name__}()", kwargs, names)
        return method(self, *args, **kwargs)

    return cast(Method, checked)


class Component(BaseEstimator, metaclass=KeywordsOnly):
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
        known = self.get_params(deep=False)  # type: ignore[attr-defined]
        check_names(type(self).__name__, params, known)
        result: Self = super().set_params(**params)  # type: ignore[misc]
        return result
