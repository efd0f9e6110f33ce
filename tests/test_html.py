"""How estimators look in a notebook."""

import re

import pytest
from common import ESTIMATORS
from sklearn.datasets import load_iris
from sklearn.utils.validation import check_is_fitted

from sklearn_gd._estimators import display

needs_descriptions = pytest.mark.skipif(
    not hasattr(ESTIMATORS[0](), "set_callbacks"), reason="scikit-learn < 1.9 shows fewer"
)
each_estimator = pytest.mark.parametrize("Estimator", ESTIMATORS, ids=lambda kind: kind.__name__)


def described(html):
    """Names with a description behind them."""
    links = re.findall(
        r'<a class="param-doc-link".*?href="(.*?)">\s*(\w+)\s*<span', html, re.DOTALL
    )
    return {name: link for link, name in links}


@needs_descriptions
@each_estimator
def test_every_parameter_has_its_description(Estimator):
    found = described(Estimator()._repr_html_())
    assert set(found) == set(Estimator().get_params())


@needs_descriptions
@each_estimator
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_every_fitted_attribute_has_its_description(Estimator):
    X, y = load_iris(return_X_y=True)
    model = Estimator(max_iter=2, random_state=0).fit(X, y)
    check_is_fitted(model)
    found = set(described(model._repr_html_()))
    attributes = {name for name in vars(model) if name.endswith("_")}
    assert attributes <= found


@needs_descriptions
@each_estimator
def test_links_lead_to_the_page_of_the_class(Estimator, monkeypatch):
    monkeypatch.setattr(display, "documentation_address", lambda: "https://docs.example/")
    links = described(Estimator()._repr_html_())
    page = f"https://docs.example/generated/sklearn_gd.{Estimator.__name__}.html"
    assert {link.partition("#")[0] for link in links.values()} == {page}


@pytest.mark.parametrize(
    ("urls", "address"),
    [
        (["Source, https://a.example", "Documentation, https://b.example"], "https://b.example"),
        (["Source, https://a.example"], ""),
        (None, ""),
    ],
)
def test_the_address_is_that_of_the_metadata(urls, address, monkeypatch):
    class Metadata:
        def get_all(self, name):
            return urls

    monkeypatch.setattr(display, "metadata", lambda name: Metadata())
    display.documentation_address.cache_clear()
    assert display.documentation_address() == address
    display.documentation_address.cache_clear()
