"""The page on which a reader moves along descents: its data are real, and it works in a browser."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from sklearn_gd import GDLinearRegressor, GDLogisticClassifier

DOCS = Path(__file__).parents[1] / "docs"
PROBLEMS = ("line", "logistic", "valley")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
pytestmark = pytest.mark.skipif(
    not (DOCS / "descents.py").exists(), reason="the pages are only in a checkout"
)


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    """The file that the build of the documentation writes."""
    from descents import write

    path = tmp_path_factory.mktemp("page") / "descents.js"
    write(path)
    return path


@pytest.fixture(scope="module")
def data(script):
    text = script.read_text(encoding="utf-8")
    return json.loads(text.removeprefix("window.DESCENTS = ").rstrip().removesuffix(";"))


def runs_of(problem):
    return [(name, run) for name, runs in problem["runs"].items() for run in runs]


def path_of(run):
    return np.column_stack([run["w1"], run["w2"]])


def objective(name, problem, points):
    """F by its formula, for each of the points."""
    X, y = np.array(problem["X"]), np.array(problem["y"])
    design = np.column_stack([X, np.ones(len(X))]) if name == "line" else X
    raw = points @ design.T
    if name == "logistic":
        loss = np.logaddexp(0, raw) - y * raw
        return loss.mean(axis=1) + 0.01 * np.sum(points**2, axis=1) / 2
    return ((raw - y) ** 2).mean(axis=1) / 2


def test_the_data_are_small_enough_for_a_page(script):
    assert script.stat().st_size < 500_000


@pytest.mark.parametrize("name", PROBLEMS)
def test_every_path_begins_at_the_start(data, name):
    problem = data["problems"][name]
    for method, run in runs_of(problem):
        assert path_of(run)[0].tolist() == problem["start"], method
        assert len(run["w1"]) == len(run["w2"]) == len(run["gap"]) > 1


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_objective_is_that_of_the_rows_at_every_point(data, name):
    problem = data["problems"][name]
    for method, run in runs_of(problem):
        points, gap = path_of(run), np.array(run["gap"])
        found = objective(name, problem, points) - problem["lowest"]
        # numbers have six digits and four: how much that can change F, to second order
        moved = 5e-6 * np.linalg.norm(points, axis=1)
        rounding = 5e-4 * gap + np.sqrt(2 * problem["L"] * gap) * moved + problem["L"] * moved**2
        assert np.all(np.abs(found - gap) <= rounding + 1e-13), method


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_optimum_is_that_of_the_estimator(data, name):
    problem = data["problems"][name]
    if name == "logistic":
        model = GDLogisticClassifier(alpha=0.01, fit_intercept=False, tol=1e-14)
    else:
        model = GDLinearRegressor(alpha=0, fit_intercept=name == "line", tol=1e-14)
    model.fit(problem["X"], problem["y"])
    params = [*np.ravel(model.coef_), *np.ravel(model.intercept_)][:2]
    np.testing.assert_allclose(problem["optimum"], params, rtol=1e-6)
    assert problem["lowest"] == pytest.approx(model.objective_, rel=1e-12)


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_run_that_converged_ends_at_the_optimum(data, name):
    problem = data["problems"][name]
    converged = [(method, run) for method, run in runs_of(problem) if run["converged"]]
    assert {"lbfgs", "newton-cg", "agd", "auto"} <= {method for method, _ in converged}
    for method, run in converged:
        assert run["gap"][-1] <= 2e-8 * problem["lowest"], method
        np.testing.assert_allclose(path_of(run)[-1], problem["optimum"], atol=1e-3, err_msg=method)


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_rate_that_is_too_large_is_shown_climbing_and_being_cut(data, name):
    problem = data["problems"][name]
    for method, run in runs_of(problem):
        rates = [rate for _, rate in run["rates"]]
        np.testing.assert_allclose(np.divide(rates[1:], rates[:-1]), 0.5, rtol=1e-3)
        assert run["wasCut"] == ("diverged" in run["message"]), method
        assert run["wasCut"] == (len(rates) > 1), method
    if name != "logistic":
        gap = problem["runs"]["gd"][data["methods"]["gd"]["rates"].index("2.2/L")]["gap"]
        assert gap[0] < gap[1] < gap[2] < gap[3]


@pytest.mark.parametrize("name", PROBLEMS)
def test_contours_are_those_of_the_objective(data, name):
    problem = data["problems"][name]
    grid = np.array(problem["grid"])
    across, up = (np.linspace(*side, len(grid)) for side in problem["window"])
    points = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    found = objective(name, problem, points) - problem["lowest"]
    np.testing.assert_allclose(found, grid.ravel(), rtol=6e-3, atol=1e-12)


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="needs playwright, which drives a browser"
    )
    with playwright.sync_playwright() as driver:
        installed = filter(None, map(shutil.which, BROWSERS))
        own = Path(driver.chromium.executable_path)
        path = next(installed, str(own) if own.exists() else None)
        if path is None:
            pytest.skip("needs Chromium: python -m playwright install chromium")
        opened = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def page(browser, script):
    """The page without the frame of the documentation; what it asks for, and what it complains."""
    static = (DOCS / "_static").as_uri()
    file = script.with_name("page.html")
    file.write_text(
        f'<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="{static}/descent.css">'
        '<div id="descent"></div><script src="descents.js"></script>'
        f'<script src="{static}/descent.js"></script>',
        encoding="utf-8",
    )
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    opened.complaints, opened.requests = [], []
    opened.on("console", lambda message: opened.complaints.append(message.text))
    opened.on("pageerror", lambda error: opened.complaints.append(str(error)))
    opened.on("request", lambda request: opened.requests.append(request.url))
    opened.goto(file.as_uri())
    yield opened
    opened.close()


def part(page, name):
    return page.locator(f'[data-part="{name}"]')


@pytest.mark.slow
def test_the_page_loads_without_an_error_and_without_a_network(page):
    assert part(page, "map").locator("path.descent-contour").count() > 5
    assert part(page, "loss").locator("polyline.descent-path").count() == 1
    assert page.complaints == []
    assert len(page.requests) == 4
    assert all(url.startswith("file://") for url in page.requests)


@pytest.mark.slow
def test_what_a_reader_chooses_changes_the_picture(page):
    def seen():
        return part(page, "map").inner_html(), part(page, "data").inner_html()

    pictures = [seen()]
    slider = part(page, "slider")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    assert part(page, "count").inner_text() == "step 99 of 100"
    pictures.append(seen())
    for method in ("adam", "lbfgs"):
        part(page, "method").select_option(method)
        pictures.append(seen())
    assert part(page, "count").inner_text() == "step 1 of 1"
    assert part(page, "rates").locator("input").count() == 0
    for problem in ("logistic", "valley"):
        page.check(f'input[value="{problem}"]', force=True)
        pictures.append(seen())
    part(page, "method").select_option("gd")
    page.check('input[value="2.2/L"]', force=True)
    assert part(page, "verdict").inner_text() == "The rate was too large."
    pictures.append(seen())
    # lbfgs and adam are at the same optimum, but their paths are not the same
    assert len({path for path, _ in pictures}) == len(pictures)
    assert page.complaints == []


@pytest.mark.slow
def test_the_descent_plays_and_stops(page):
    part(page, "play").click()
    assert "Pause" in part(page, "play").inner_text()
    page.wait_for_function(
        "[2, 3, 4].includes(+document.querySelector('[data-part=slider]').value)"
    )
    part(page, "play").click()
    assert "Play" in part(page, "play").inner_text()
    part(page, "method").select_option("lbfgs")
    part(page, "play").click()
    page.wait_for_function("document.querySelector('[data-part=play]').textContent === '▶ Play'")
    assert part(page, "count").inner_text() == "step 1 of 1"
    assert page.complaints == []


@pytest.mark.slow
def test_a_phone_shows_the_page_without_scrolling_to_the_side(page):
    page.set_viewport_size({"width": 400, "height": 800})
    for problem in PROBLEMS:
        page.check(f'input[value="{problem}"]', force=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= 400
    assert page.complaints == []
