"""The rooms of the package, who may import whom, and what all components have in common."""

import ast
import copy
import importlib
import inspect
import os
import pickle
import re
import subprocess
import sys
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone

import sklearn_gd
from sklearn_gd import GDLinearRegressor, GDMLPClassifier
from sklearn_gd._components import Component, resolve
from sklearn_gd._validation import InvalidParameterError
from sklearn_gd.data import Source
from sklearn_gd.losses import LOSSES, Logistic, Loss, MoreauEnvelope, Quantile, Softmax
from sklearn_gd.losses.standardized import StandardizedTarget
from sklearn_gd.models import Model
from sklearn_gd.models.activations import ACTIVATIONS, Activation
from sklearn_gd.objective import Objective
from sklearn_gd.penalties import (
    L2,
    PENALTIES,
    ElasticNet,
    GroupLasso,
    NoPenalty,
    Penalty,
    Positive,
    Standardized,
    Tikhonov,
)
from sklearn_gd.quadratic.metric import Metric
from sklearn_gd.schedules import SCHEDULES, Constant, Schedule
from sklearn_gd.solvers import SOLVERS, Adam, MiniBatch, Solver

ROOT = Path(sklearn_gd.__file__).parent
PATHS = {
    ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(ROOT.rglob("*.py"))
}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in PATHS.items()}

# room: what it may import of the package, beside itself
LEAF = {"_components", "_validation"}
INNER_ROOMS = {
    "_hints": set(),
    "_validation": {"_hints"},
    "_components": {"_hints", "_validation"},
    "losses": LEAF,
    "penalties": LEAF,
    "schedules": LEAF,
    "models": LEAF,
    "data": LEAF,
    "quadratic": LEAF,
    "objective": LEAF | {"quadratic", "data"},
    "solvers": LEAF | {"quadratic", "objective", "schedules", "data"},
}
# what the objective takes; it knows these classes, and none that is derived from them
TAKEN = (Loss, Penalty, Schedule, Model, Source)
ESTIMATORS = {"linear_model", "neural_network"}
MAY_IMPORT_ESTIMATORS = {"", "_quick_start", "onnx"}
# these look at the package from outside: nothing else of it needs them
OUTER_ROOMS = {"__main__", "_quick_start", "callbacks", "inspection", "onnx"}
each_module = pytest.mark.parametrize("module", PATHS)
each_inner_module = pytest.mark.parametrize(
    "module", [name for name in PATHS if f"{name}.".split(".")[1] in INNER_ROOMS]
)


def room_of(module):
    """The first name below the package; "" for the package itself."""
    return f"{module}.".split(".")[1]


def imports(module):
    """Pairs (imported module, imported name or None), those inside functions too."""
    package = module if PATHS[module].name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.rsplit(".", node.level - 1)[0] if node.level else None
            origin = ".".join(part for part in (base, node.module) if part)
            for alias in node.names:
                # ``from sklearn_gd import losses`` imports a module
                whole = f"{origin}.{alias.name}"
                yield (whole, None) if whole in PATHS else (origin, alias.name)


def imports_of_package(module):
    return {(room_of(origin), name) for origin, name in imports(module) if is_ours(origin)}


def is_ours(module):
    return module.partition(".")[0] == "sklearn_gd"


# Imports


@each_inner_module
def test_inner_rooms_import_only_what_lies_further_in(module):
    room = room_of(module)
    imported = {other for other, _ in imports_of_package(module)} - {room}
    assert imported <= INNER_ROOMS[room]


# numba brings llvmlite
OPTIONAL = {
    "sklearn_gd.solvers.compiled": {"numba", "llvmlite"},
    "sklearn_gd.data.on_dask": {"dask", "distributed"},
    "sklearn_gd.data.on_arrow": {"pyarrow"},
}


@each_inner_module
def test_inner_rooms_need_nothing_but_numpy_and_scipy(module):
    foreign = {origin for origin, _ in imports(module) if not is_ours(origin)}
    roots = {origin.partition(".")[0] for origin in foreign} - set(sys.stdlib_module_names)
    more = {"_components": {"sklearn"}, "data": {"threadpoolctl"}}
    allowed = {"numpy", "scipy"} | more.get(room_of(module), set())
    allowed |= OPTIONAL.get(module, set())
    assert roots <= allowed


@pytest.mark.parametrize(
    "module", [name for name in PATHS if room_of(name) in {"objective", "quadratic"}]
)
def test_the_objective_knows_no_concrete_loss_penalty_model_or_source(module):
    for origin, name in imports(module):
        if is_ours(origin) and name is not None:
            thing = getattr(importlib.import_module(origin), name)
            is_concrete = inspect.isclass(thing) and issubclass(thing, TAKEN)
            assert thing in TAKEN or not (is_concrete or isinstance(thing, dict))


@each_module
def test_only_the_package_itself_imports_estimators(module):
    room = room_of(module)
    imported = {other for other, _ in imports_of_package(module)} & ESTIMATORS
    assert imported <= {room} or room in MAY_IMPORT_ESTIMATORS


@each_module
def test_nothing_imports_the_outer_rooms(module):
    room = room_of(module)
    allowed = {room, "_quick_start"} if room == "__main__" else {room}
    assert not {other for other, _ in imports_of_package(module)} & (OUTER_ROOMS - allowed)


@each_module
def test_nothing_private_of_scikit_learn_is_imported(module):
    private = [
        (origin, name)
        for origin, name in imports(module)
        if origin.partition(".")[0] == "sklearn"
        and any(part.startswith("_") for part in [*origin.split("."), name or ""])
    ]
    assert private == []


@each_module
def test_the_package_itself_is_not_imported_from_inside(module):
    # which would be a circle
    imported = {room for room, _ in imports_of_package(module)}
    assert "" not in imported or room_of(module) == "_quick_start"


def test_every_room_of_the_tables_is_there():
    assert set(INNER_ROOMS) | OUTER_ROOMS | ESTIMATORS <= {room_of(module) for module in PATHS}


IMPORT_AND_LOOK = """
import sys

OPTIONAL = "matplotlib numba dask distributed skl2onnx".split()

class Watch:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in OPTIONAL:
            print(name)

sys.meta_path.insert(0, Watch())
import sklearn_gd
import sklearn_gd.inspection
import sklearn_gd.onnx
"""


def test_importing_the_package_tries_no_optional_dependency_and_warns_of_nothing(tmp_path):
    environment = os.environ | {"PYTHONPATH": str(ROOT.parent)}
    run = subprocess.run(
        [sys.executable, "-W", "error:::sklearn_gd", "-c", IMPORT_AND_LOOK],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


# Names and docstrings


def public_definitions(tree):
    """Public classes and functions of a module, and public methods of public classes."""
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in tree.body if isinstance(node, kinds) and not node.name.startswith("_")]


@each_module
def test_modules_classes_and_functions_have_docstrings(module):
    assert ast.get_docstring(TREES[module])
    missing = [n.name for n in public_definitions(TREES[module]) if not ast.get_docstring(n)]
    assert missing == []


@each_module
def test_methods_have_docstrings_or_override_one_that_has(module):
    classes = [n.name for n in public_definitions(TREES[module]) if isinstance(n, ast.ClassDef)]
    try:
        loaded = importlib.import_module(module)
    except ImportError as error:
        pytest.skip(str(error))  # an optional dependency
    missing = [
        f"{name}.{attribute}"
        for name in classes
        for attribute, value in vars(getattr(loaded, name)).items()
        if not attribute.startswith("_")
        and (inspect.isfunction(value) or isinstance(value, (property, classmethod)))
        and not is_documented(getattr(loaded, name), attribute)
    ]
    assert missing == []


def is_documented(kind, attribute):
    """By a docstring, its own or inherited, or in the list of attributes of a class."""
    listed = re.compile(rf"^ *([\w, ]+, )?{attribute}(, [\w, ]+)? :", re.MULTILINE)
    return inspect.getdoc(getattr(kind, attribute)) or any(
        listed.search(parent.__doc__ or "") for parent in kind.__mro__
    )


@each_module
def test_names_in_all_are_there(module):
    if "__all__" not in PATHS[module].read_text(encoding="utf-8"):
        return
    loaded = importlib.import_module(module)
    assert len(set(loaded.__all__)) == len(loaded.__all__)
    assert all(hasattr(loaded, name) for name in loaded.__all__)


def test_the_package_exports_what_the_rooms_of_estimators_show():
    exported = {getattr(sklearn_gd, name) for name in sklearn_gd.__all__}
    for room in ESTIMATORS:
        loaded = importlib.import_module(f"sklearn_gd.{room}")
        assert {getattr(loaded, name) for name in loaded.__all__} <= exported
    estimators = [kind for kind in exported if inspect.isclass(kind)]
    assert all(issubclass(kind, BaseEstimator) for kind in estimators)


# Registries

REGISTRIES = {
    "solver": (SOLVERS, Solver),
    "loss": (LOSSES, Loss),
    "penalty": (PENALTIES, Penalty),
    "learning_rate": (SCHEDULES, Schedule),
    "activation": (ACTIVATIONS, Activation),
}
NAMES = [(p, name) for p, (registry, _) in REGISTRIES.items() for name in registry]
each_name = pytest.mark.parametrize(("parameter", "name"), NAMES)


@each_name
def test_every_name_stands_for_the_object_that_its_class_makes_by_default(parameter, name):
    registry, kind = REGISTRIES[parameter]
    found = resolve(parameter, name, kind, registry)
    assert type(found) is registry[name]
    assert isinstance(found, kind)
    assert repr(found) == f"{registry[name].__name__}()"


@each_name
def test_every_call_makes_an_object_of_its_own(parameter, name):
    registry, kind = REGISTRIES[parameter]
    assert resolve(parameter, name, kind, registry) is not resolve(parameter, name, kind, registry)


@pytest.mark.parametrize("parameter", REGISTRIES)
def test_names_are_lower_case_and_stand_for_different_classes(parameter):
    registry, _ = REGISTRIES[parameter]
    assert all(name == name.lower() and " " not in name for name in registry)
    assert len(set(registry.values())) == len(registry)


def test_an_object_stands_for_itself():
    solver = Adam(beta_1=0.8)
    assert resolve("solver", solver, Solver, SOLVERS) is solver


def test_an_object_is_checked_when_it_is_resolved():
    with pytest.raises(InvalidParameterError, match=r"'beta_1' parameter of Adam .* Got 2 instead"):
        resolve("solver", Adam(beta_1=2), Solver, SOLVERS)


@pytest.mark.parametrize("value", ["adamm", "", None, 3, ["adam"], Adam, Constant()], ids=repr)
def test_anything_else_is_an_error_that_names_the_parameter_and_the_value(value):
    with pytest.raises(InvalidParameterError) as error:
        resolve("solver", value, Solver, SOLVERS)
    message = str(error.value)
    assert message.startswith(
        f"The 'solver' parameter must be one of {sorted(SOLVERS)} or an instance of Solver. "
        f"Got {value!r} instead."
    )
    assert ("Did you mean 'adam'?" in message) == (value == "adamm")


# Components

# these have parameters without a default
NEEDY = [
    Positive(penalty=ElasticNet(l1_ratio=0.5)),
    Standardized(penalty=L2(), std=np.array([1.0, 2.0])),
    Tikhonov(matrix=np.eye(2)),
    GroupLasso(groups=np.array([0, 1, 1])),
    MoreauEnvelope(loss=Quantile(quantile=0.3), width=0.5),
    StandardizedTarget(
        loss=Quantile(quantile=0.3),
        center=np.array([1.0, 2.0]),
        std=np.array([1.0, 3.0]),
        unit=np.array([1.0, 4.0]),
    ),
]
COMPONENTS = {
    repr(component): component
    for component in [
        *(kind() for registry, _ in REGISTRIES.values() for kind in registry.values()),
        Logistic(),
        Softmax(),
        NoPenalty(),
        *NEEDY,
    ]
}
each_component = pytest.mark.parametrize("component", COMPONENTS.values(), ids=COMPONENTS)


def other(value):
    """A value near, that is allowed too."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        # halfway to the nearest of the limits that ranges have
        return (value + 1) / 2 if value > 1 else value / 2
    return value


def changed(component):
    """The same kind of component with every number different."""
    parameters = component.get_params(deep=False)
    return type(component)(**{name: other(value) for name, value in parameters.items()})


def assert_same(found, expected):
    assert type(found) is type(expected)
    assert found is not expected
    assert repr(found.get_params()) == repr(expected.get_params())


@each_component
def test_component_is_cloned_copied_and_pickled(component):
    component = changed(component)
    for again in (
        clone(component),
        copy.deepcopy(component),
        pickle.loads(pickle.dumps(component)),
        type(component)(**component.get_params(deep=False)),
    ):
        assert_same(again, component)


@each_component
def test_component_is_what_its_repr_says(component):
    component = changed(component)
    namespace = {"array": np.array} | {type(c).__name__: type(c) for c in COMPONENTS.values()}
    assert_same(eval(repr(component), namespace), component)


@each_component
def test_component_takes_the_parameters_it_gives(component):
    target = copy.deepcopy(component)
    parameters = changed(component).get_params()
    assert target.set_params(**parameters) is target
    assert repr(target.get_params()) == repr(parameters)
    with pytest.raises(ValueError, match="no_such_parameter"):
        target.set_params(no_such_parameter=1)


@each_component
def test_component_is_its_parameters_and_nothing_else(component):
    assert isinstance(component, Component)
    assert set(vars(component)) == {field.name for field in fields(component)}
    component.validate()
    changed(component).validate()
    assert set(vars(component)) == {field.name for field in fields(component)}


@each_component
def test_parameters_are_kept_as_given_and_only_by_name(component):
    for name in component.get_params(deep=False):
        value = object()
        made = type(component)(**{**component.get_params(deep=False), name: value})
        assert getattr(made, name) is value
    with pytest.raises(TypeError, match="positional"):
        type(component)(1)


RULES = [(kind, name) for kind in {type(c) for c in COMPONENTS.values()} for name in kind.rules]
RULES.sort(key=lambda pair: (pair[0].__name__, pair[1]))


def component_with(kind, name, value):
    (parameters,) = {
        type(c): c.get_params(deep=False) for c in COMPONENTS.values() if type(c) is kind
    }.values()
    return kind(**{**parameters, name: value})


@pytest.mark.parametrize(("kind", "name"), RULES, ids=lambda x: getattr(x, "__name__", x))
@pytest.mark.parametrize("value", [np.nan, "no such thing", b"bytes", {}, object], ids=repr)
def test_validate_names_parameter_component_rule_and_value(kind, name, value):
    with pytest.raises(InvalidParameterError) as error:
        component_with(kind, name, value).validate()
    assert str(error.value) == (
        f"The {name!r} parameter of {kind.__name__} must be {kind.rules[name].words}. "
        f"Got {value!r} instead."
    )
    assert isinstance(error.value, ValueError)
    assert isinstance(error.value, TypeError)


@each_name
def test_every_parameter_has_a_rule(parameter, name):
    component = REGISTRIES[parameter][0][name]()
    assert {field.name for field in fields(component)} == set(component.rules)


@each_component
def test_defaults_are_plain(component):
    for field in fields(component):
        assert isinstance(field.default, (str, float, int, type(None))) or component in NEEDY


@pytest.mark.parametrize(
    "kind",
    [Loss, Schedule, Activation, Solver, MiniBatch, Model, Source, Metric, Objective],
    ids=lambda kind: kind.__name__,
)
def test_a_class_with_a_hole_cannot_be_made(kind):
    # half of a component would fail somewhere inside a fit
    holes = {name for name, value in inspect.getmembers(kind) if is_abstract(value)}
    assert holes
    with pytest.raises(TypeError, match="abstract"):
        type("Half", (kind,), {})()


def is_abstract(value):
    return getattr(value, "__isabstractmethod__", False)


# Names become objects when a field is set


def test_a_name_becomes_its_object_when_a_field_is_set_on_it():
    model = GDLinearRegressor(solver="adam", penalty="elasticnet", learning_rate="cosine")
    model.set_params(solver__beta_1=0.8, penalty__l1_ratio=0.5, learning_rate__warmup=3)
    assert repr(model.solver) == "Adam(beta_1=0.8)"
    assert repr(model.penalty) == "ElasticNet(l1_ratio=0.5)"
    assert repr(model.learning_rate) == "Cosine(warmup=3)"
    assert Adam().beta_1 == 0.9
    assert clone(model).get_params()["solver__beta_1"] == 0.8


def test_a_name_and_its_field_can_be_set_at_once():
    model = GDLinearRegressor(solver="lbfgs").set_params(solver="adam", solver__beta_1=0.8)
    assert repr(model.solver) == "Adam(beta_1=0.8)"


def test_fields_are_set_on_the_users_own_object():
    solver = Adam(beta_2=0.9)
    model = GDMLPClassifier(solver=solver).set_params(solver__beta_1=0.8)
    assert model.solver is solver
    assert repr(solver) == "Adam(beta_1=0.8, beta_2=0.9)"


@pytest.mark.parametrize(
    ("solver", "field"), [("sgd", "solver__beta_1"), ("auto", "solver__beta_1")]
)
def test_a_field_that_is_not_there_is_an_error(solver, field):
    with pytest.raises((ValueError, AttributeError)):
        GDLinearRegressor(solver=solver).set_params(**{field: 0.8})


@dataclass(kw_only=True, eq=False, repr=False)
class Halving(Schedule):
    """A user's own schedule."""

    rate: float = 0.1

    def __call__(self, clock):
        return self.rate / 2**clock.epoch


def test_a_component_of_the_users_own_is_one_too():
    model = GDLinearRegressor(learning_rate=Halving(), solver="sgd")
    model.set_params(learning_rate__rate=0.2)
    assert repr(clone(model).learning_rate) == "Halving(rate=0.2)"
