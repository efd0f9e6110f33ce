"""Links from the HTML representation of estimators to their documentation.

scikit-learn shows the description of a parameter only where there is a link.
"""

import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, metadata

from sklearn_gd._estimators.guards import PACKAGE

DISTRIBUTION = "sklearn-gd"


class DocumentationLink:
    """What scikit-learn's HTML representation asks an estimator for."""

    _doc_link_module = PACKAGE

    @property
    def _doc_link_template(self):
        # without an address the link stays on the page, and the descriptions are shown all the same
        address = documentation_address()
        return f"{address.rstrip('/')}/generated/{{page}}.html" if address else "#{page}"

    def _doc_link_url_param_generator(self):
        kind = type(self)
        parts = kind.__module__.split(".")
        paths = [".".join(parts[: end + 1]) for end in range(len(parts))]
        public = next(p for p in paths if getattr(sys.modules[p], kind.__name__, None) is kind)
        return {"page": f"{public}.{kind.__name__}"}


@cache
def documentation_address() -> str:
    """The address of the documentation by the metadata of the package; empty if it names none."""
    try:
        urls = metadata(DISTRIBUTION).get_all("Project-URL") or []
    except PackageNotFoundError:
        return ""
    named = dict(url.split(", ", 1) for url in urls)
    return named.get("Documentation", "")
