"""The pages of the documentation name what they should: every public name, every parameter."""

import importlib
import inspect
import re
from pathlib import Path

import pytest
import sklearn
from sklearn import linear_model, neural_network

import sklearn_gd
from sklearn_gd import schedules

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted([*DOCS.glob("*.md"), *DOCS.glob("user_guide/*.md"), DOCS.parent / "README.md"])
# a source distribution has a script of docs/, but no page
pytestmark = pytest.mark.skipif(
    not (DOCS / "api.md").exists(), reason="the pages are beside a checkout only"
)

MODULES = (
    *("sklearn_gd", "sklearn_gd.inspection", "sklearn_gd.solvers", "sklearn_gd.schedules"),
    *("sklearn_gd.losses", "sklearn_gd.penalties", "sklearn_gd.models"),
    *("sklearn_gd.models.activations", "sklearn_gd.data", "sklearn_gd.linear_model"),
    *("sklearn_gd.neural_network", "sklearn_gd.onnx", "sklearn_gd.callbacks"),
)
COUNTERPARTS = {
    linear_model.SGDClassifier: sklearn_gd.GDLogisticClassifier,
    linear_model.SGDRegressor: sklearn_gd.GDLinearRegressor,
    linear_model.LogisticRegression: sklearn_gd.GDSoftmaxClassifier,
    neural_network.MLPClassifier: sklearn_gd.GDMLPClassifier,
}


def public_names(module):
    """Those of ``__all__``; without it, the public classes and functions that it defines."""
    if hasattr(module, "__all__"):
        return set(module.__all__)
    return {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__
    }


@pytest.mark.parametrize("name", MODULES)
def test_every_public_name_is_on_the_api_page(name):
    words = set(re.findall(r"\w+", (DOCS / "api.md").read_text(encoding="utf-8")))
    assert public_names(importlib.import_module(name)) - words == set()


def rows_of_table(theirs, ours):
    """The first two cells of each row of the table that compares two classes."""
    page = (DOCS / "migrating.md").read_text(encoding="utf-8")
    table = page.split(f"| {theirs} | {ours} | |\n|---|---|---|\n")[1].split("\n\n")[0]
    return [[cell.strip() for cell in row.split("|")[1:3]] for row in table.splitlines()]


@pytest.mark.skipif(
    tuple(int(part) for part in sklearn.__version__.split(".")[:2]) < (1, 9),
    reason="the page is about scikit-learn 1.9",
)
@pytest.mark.parametrize("theirs", COUNTERPARTS, ids=lambda kind: kind.__name__)
def test_every_parameter_of_scikit_learn_has_a_row(theirs):
    rows = rows_of_table(theirs.__name__, COUNTERPARTS[theirs].__name__)
    named = [there.strip("`") for there, _ in rows]
    assert sorted(named) == sorted(inspect.signature(theirs).parameters)


@pytest.mark.parametrize("theirs", COUNTERPARTS, ids=lambda kind: kind.__name__)
def test_every_parameter_that_a_row_leads_to_exists(theirs):
    ours = COUNTERPARTS[theirs]
    for _, here in rows_of_table(theirs.__name__, ours.__name__):
        schedule = re.fullmatch(r"`\w+` of `(\w+)`", here)
        kind = getattr(schedules, schedule[1]) if schedule else ours
        first = re.match(r"`(\w+)|none", here)[1]
        assert first is None or first in inspect.signature(kind).parameters


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_of_a_page_leads_to_a_file_that_exists(page):
    prose = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", prose)
    paths = [link for link in links if not link.startswith("https://")]
    assert [path for path in paths if not (page.parent / path).exists()] == []


def anchors(page):
    """Where its headings can be linked to, on a repository page and on the site."""
    prose = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.M)
    headings = re.findall(r"^#+ (.+)$", prose, flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_to_a_heading_leads_to_one_that_exists(page):
    links = re.findall(r"\]\(([\w./-]*)#([^)]+)\)", page.read_text(encoding="utf-8"))
    found = [(page.parent / path if path else page, anchor) for path, anchor in links]
    assert [anchor for target, anchor in found if anchor not in anchors(target)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_no_page_has_a_role_of_restructured_text_in_its_prose(page):
    prose = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.M)
    assert re.findall(r":\w+:`", prose) == []


SEARCHED = (
    *("progress bar", "confidence interval", "standard error", "save model", "poisson exposure"),
    *("LogisticRegressionCV", "RidgeCV", "SVM hinge", "onnx", "shap", "offset", "callback"),
    *("time limit", "Ctrl-C", "joblib", "learning rate", "quantile", "missing values"),
    *("calibration", "not converge", "early stopping pipeline", "continue training", "n_jobs"),
    *("class_weight", "gif", "install", "out of core", "GPU", "prediction interval", "conformal"),
    *(
        "tol",
        "batch size",
        "GridSearchCV",
        "multilabel",
        "multiclass",
        "softmax",
        "feature scaling",
    ),
    *("compare solvers", "monotonic constraints", "stochastic gradient descent"),
)


@pytest.mark.parametrize("words", SEARCHED)
def test_what_people_search_leads_to_a_page(words):
    comments = re.findall(r"<!-- search: (.*?) -->", "".join(p.read_text("utf-8") for p in PAGES))
    assert words in {word.strip() for comment in comments for word in comment.split(",")}
