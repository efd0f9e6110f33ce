"""Parameter checks: one rule a parameter, one sentence an error."""

import math
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from numbers import Integral, Real

from sklearn_gd._hints import suggestion


class NumberRangeError(FloatingPointError, ValueError):
    """Data that overflow or underflow in the arithmetic of a fit."""


class InvalidParameterError(ValueError, TypeError):
    """A constructor parameter has a value that its rule does not allow."""


@dataclass(frozen=True)
class Rule:
    """What a parameter may be: a predicate, the same in words, and the names among its values."""

    words: str
    allows: Callable[[object], bool]
    names: tuple[str, ...] = ()

    def __or__(self, other: "Rule") -> "Rule":
        return Rule(
            f"{self.words} or {other.words}",
            lambda value: self.allows(value) or other.allows(value),
            self.names + other.names,
        )


def real(low=-math.inf, high=math.inf, *, open_low=False, open_high=False) -> Rule:
    """A finite number between two bounds; a bool is not a number here."""

    def allows(value):
        return (
            isinstance(value, Real)
            and not isinstance(value, bool)
            and math.isfinite(value)
            and (value > low if open_low else value >= low)
            and (value < high if open_high else value <= high)
        )

    return Rule(f"a number{_bounds(low, high, open_low, open_high)}", allows)


def integer(low: int) -> Rule:
    """A whole number of at least ``low``."""

    def allows(value):
        return isinstance(value, Integral) and not isinstance(value, bool) and value >= low

    return Rule(f"an integer >= {low}", allows)


def each(rule: Rule, words: str) -> Rule:
    """A sequence (list, tuple or array, not a string) whose every item obeys ``rule``."""

    def allows(value):
        if isinstance(value, (str, bytes, Mapping, Set)) or not hasattr(value, "__len__"):
            return False
        # an array of no dimension has a length, until it is asked for it
        return getattr(value, "ndim", 1) == 1 and all(rule.allows(item) for item in value)

    return Rule(words, allows)


def one_of(*options: str) -> Rule:
    """One of some strings."""
    names = ", ".join(repr(option) for option in sorted(options))
    return Rule(
        f"one of {names}", lambda value: isinstance(value, str) and value in options, options
    )


def instance_of(*kinds: type, words: str) -> Rule:
    """An instance of some classes."""
    return Rule(words, lambda value: isinstance(value, kinds))


def is_random_state(value) -> bool:
    """Whether scikit-learn's ``check_random_state`` accepts the value."""
    from numpy.random import RandomState

    return (isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 0) or (
        isinstance(value, RandomState)
    )


BOOLEAN = Rule("True or False", lambda value: isinstance(value, bool))
NONE = Rule("None", lambda value: value is None)
CALLABLE = Rule("a callable", callable)
RANDOM_STATE = Rule("an integer >= 0 or a RandomState", is_random_state) | NONE


def check_parameters(owner: object, rules: Mapping[str, Rule]) -> None:
    """Raise for the first attribute of ``owner`` that its rule does not allow."""
    for name, rule in rules.items():
        value = getattr(owner, name)
        if not rule.allows(value):
            raise InvalidParameterError(
                f"The {name!r} parameter of {type(owner).__name__} must be {rule.words}. "
                f"Got {value!r} instead.{suggestion(value, rule.names)}"
            )


def _bounds(low, high, open_low, open_high) -> str:
    parts = []
    if low > -math.inf:
        parts.append(f"{'>' if open_low else '>='} {low:g}")
    if high < math.inf:
        parts.append(f"{'<' if open_high else '<='} {high:g}")
    return f" {' and '.join(parts)}" if parts else ""
