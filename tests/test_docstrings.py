"""What a user reads is what the code does: sections, names, defaults, attributes and examples."""

import ast
import doctest
import inspect
import re

import numpy as np
import pandas as pd
import pytest
from common import CASES, CLASSIFIERS, ESTIMATORS, LINEAR, NETWORKS, REGRESSORS, make_data

import sklearn_gd
from sklearn_gd import GDLogisticClassifier, GDPathCV, losses, onnx, penalties, schedules, solvers
from sklearn_gd.models import activations
from sklearn_gd.solvers import GradientDescent, Progress, Result, Run, StopReason

MODULES = (sklearn_gd, losses, penalties, schedules, solvers, activations, onnx)
# These are made by the library: a user reads their attributes and calls no constructor.
RECORDS = (Progress, Result)
NOT_CALLED = (*RECORDS, StopReason)
# What users call, and what they write in a component of their own; other hooks have a sentence.
METHODS = (
    *("fit", "partial_fit", "predict", "predict_proba", "predict_log_proba", "decision_function"),
    *("hidden_features", "set_params", "minimize", "unsupported", "init", "update", "done"),
    *("__call__", "from_rate", "value", "gradient", "value_and_gradient", "second_derivative"),
    *("inverse_link", "smooth", "nonsmooth", "prox", "derivative", "to_sklearn"),
)
# What an example needs that is an extra.
NEEDS = {onnx.register: "skl2onnx"}
# In the order of numpydoc.
SECTIONS = (
    *("Summary", "Parameters", "Attributes", "Returns", "Raises", "Warns", "See Also"),
    *("References", "Examples"),
)


def public_names():
    for module in MODULES:
        for name in module.__all__:
            thing = getattr(module, name)
            if inspect.isclass(thing) or inspect.isfunction(thing):
                yield f"{module.__name__.removeprefix('sklearn_gd.')}.{name}", thing


def public_methods(kinds):
    """Where they are documented: in the class itself, or in one whose method it overrides."""
    for kind in kinds:
        bases = [base for base in kind.__mro__ if base.__module__.startswith("sklearn_gd")]
        for name in METHODS:
            found = [vars(base)[name] for base in bases if name in vars(base)]
            found = [method for method in found if not isinstance(method, property)]
            if found:
                method = next(method for method in found if method.__doc__)
                method = inspect.unwrap(getattr(method, "__func__", method))
                yield method.__qualname__, method


PUBLIC = dict(public_names())
CLASSES = {name: thing for name, thing in PUBLIC.items() if inspect.isclass(thing)}
OF_ESTIMATORS = dict(public_methods(ESTIMATORS))
CALLABLES = PUBLIC | dict(public_methods(CLASSES.values()))


def each(things):
    return pytest.mark.parametrize("thing", things.values(), ids=things)


def sections(thing):
    """The text below each heading, that above the first being the "Summary"."""
    text = inspect.cleandoc(thing.__doc__)
    parts = re.split(r"^(\w.*)\n-+$", text, flags=re.MULTILINE)
    return dict(zip(["Summary", *parts[1::2]], parts[::2], strict=True))


def entries(thing, section):
    """The types that a section gives, by name."""
    lines = re.findall(r"^(\S.*?) : (.+)$", sections(thing).get(section, ""), flags=re.MULTILINE)
    return {name.lstrip("*"): kind for names, kind in lines for name in names.split(", ")}


def parameters(thing):
    given = inspect.signature(thing).parameters.values()
    return {p.name: p for p in given if p.name not in ("self", "cls")}


@each(CALLABLES)
def test_the_first_line_is_a_sentence(thing):
    first, *rest = inspect.cleandoc(thing.__doc__).split("\n")
    assert first.endswith(".")
    assert not rest or not rest[0]


@each(CALLABLES)
def test_sections_are_those_of_numpydoc_in_its_order(thing):
    found = list(sections(thing))
    assert found == [name for name in SECTIONS if name in found]
    text = inspect.cleandoc(thing.__doc__)
    for heading in found[1:]:
        assert f"\n\n{heading}\n{'-' * len(heading)}\n" in text


@each({name: thing for name, thing in CALLABLES.items() if thing not in NOT_CALLED})
def test_parameters_are_those_of_the_signature_in_its_order(thing):
    assert list(entries(thing, "Parameters")) == list(parameters(thing))


@each({name: thing for name, thing in CALLABLES.items() if thing not in NOT_CALLED})
def test_defaults_are_those_of_the_signature(thing):
    types = entries(thing, "Parameters")
    for name, parameter in parameters(thing).items():
        told = types[name].partition("default=")[2]
        # that of a factory is an object, which a literal cannot tell
        if parameter.default is parameter.empty or "factory" in repr(parameter.default):
            assert not told
        elif isinstance(parameter.default, float) and np.isnan(parameter.default):
            assert told == "nan"
        else:
            assert repr(ast.literal_eval(told)) == repr(parameter.default)


@each({name: thing for name, thing in CALLABLES.items() if not inspect.isclass(thing)})
def test_a_function_says_what_it_returns(thing):
    assert "Returns" in sections(thing)


@each(OF_ESTIMATORS)
def test_a_method_of_an_estimator_says_what_it_raises(thing):
    assert "Raises" in sections(thing)


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_attributes_of_an_estimator_are_those_that_fit_sets(kind):
    case = next(name for name, case in CASES.items() if case.estimator is kind)
    X, y = make_data(case)
    X = pd.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])])
    names = vars(kind(max_iter=1, tol=0).fit(X, y))
    found = {name for name in names if name.endswith("_") and not name.startswith("_")}
    assert set(entries(kind, "Attributes")) == found


def test_attributes_of_a_search_are_those_that_fit_sets():
    X, y = make_data("logistic")
    X = pd.DataFrame(X, columns=list("abcd"))
    search = GDPathCV(GDLogisticClassifier(), alphas=2, cv=2).fit(X, y)
    found = {name for name in vars(search) if name.endswith("_")} | {"classes_"}
    assert set(entries(GDPathCV, "Attributes")) == found


@pytest.mark.parametrize("kind", RECORDS)
def test_attributes_of_a_record_are_those_that_it_has(kind):
    records = []
    run = Run(max_iter=1, callback=records.append)
    records.append(GradientDescent().minimize(lambda w: (w @ w / 2, w), np.ones(2), run))
    record = next(record for record in records if type(record) is kind)
    found = {
        name
        for name in dir(record)
        if not name.startswith("_") and not callable(getattr(record, name))
    }
    assert set(entries(kind, "Attributes")) == found


@each({n: kind for n, kind in CLASSES.items() if kind not in (*ESTIMATORS, *RECORDS, GDPathCV)})
def test_attributes_of_a_component_are_there(thing):
    assert all(hasattr(thing, name) for name in entries(thing, "Attributes"))


@pytest.mark.filterwarnings("error")
@each(PUBLIC | OF_ESTIMATORS)
def test_examples_run_by_themselves_without_a_warning(thing):
    if thing in NEEDS:
        pytest.importorskip(NEEDS[thing])
    text = sections(thing)["Examples"]
    test = doctest.DocTestParser().get_doctest(text, {}, thing.__qualname__, None, None)
    assert test.examples
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS | doctest.FAIL_FAST
    report = []
    doctest.DocTestRunner(optionflags=flags).run(test, out=report.append)
    assert not report, "".join(report)


# What is meant to differ: between any two estimators, between classifiers and regressors, and
# between linear models and networks.
BY_ESTIMATOR = {
    *("loss", "alpha", "standardize", "classes_", "n_outputs_", "out_activation_"),
    *("coef_", "coefs_", "intercept_"),
}
BY_TARGET = {"validation_fraction"}
BY_MODEL = {
    *("solver", "learning_rate", "batch_size", "max_iter", "tol", "n_iter_no_change"),
    "optimality_",
}


def texts(kind):
    """The text of each parameter and attribute, its type included."""
    found = {}
    for section in ("Parameters", "Attributes"):
        parts = re.split(r"^(\w+) : ", sections(kind)[section], flags=re.MULTILINE)
        found |= dict(zip(parts[1::2], map(str.strip, parts[2::2]), strict=True))
    return found


@pytest.mark.parametrize("name", sorted({n for kind in ESTIMATORS for n in texts(kind)}))
def test_what_estimators_share_has_one_text(name):
    families = [ESTIMATORS]
    if name in BY_ESTIMATOR:
        families = []
    elif name in BY_TARGET:
        families = [CLASSIFIERS, REGRESSORS]
    elif name in BY_MODEL:
        families = [LINEAR, NETWORKS]
    for family in families:
        assert len({texts(kind)[name] for kind in family if name in texts(kind)}) <= 1


@pytest.mark.parametrize("name", sorted(BY_ESTIMATOR | BY_TARGET | BY_MODEL))
def test_the_exceptions_are_needed(name):
    assert len({texts(kind)[name] for kind in ESTIMATORS if name in texts(kind)}) > 1
