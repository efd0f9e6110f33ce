"""How the documentation is built: ``python -m sphinx -W docs docs/_build/html``."""

import os
import re
import sys
from pathlib import Path

from docutils import nodes

import sklearn_gd

project = "sklearn_gd"
author = copyright = "the developers of sklearn_gd"
release = version = sklearn_gd.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "myst_parser",
    "sphinx_gallery.gen_gallery",
    "sphinx_copybutton",
]
# the names of other projects become links only where asked for: a build needs no network
if os.environ.get("SKLEARN_GD_INTERSPHINX"):
    extensions.append("sphinx.ext.intersphinx")
    intersphinx_mapping = {
        "python": ("https://docs.python.org/3", None),
        "numpy": ("https://numpy.org/doc/stable", None),
        "scipy": ("https://docs.scipy.org/doc/scipy", None),
        "sklearn": ("https://scikit-learn.org/stable", None),
    }

templates_path = ["_templates"]
exclude_patterns = ["_build", "_templates", "examples"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4

# Formulas need no network: MathJax 4.1.3 is part of the site, in one file as in its npm package.
# What it would load besides is left out.
mathjax_path = "mathjax/tex-svg.js"
mathjax4_config = {
    # a formula that is wider than the page scrolls by itself
    "output": {"displayOverflow": "scroll", "fontCache": "global"},
    "options": {
        "enableSpeech": False,
        "enableBraille": False,
        "enableEnrichment": False,
        "enableMenu": False,
        "menuOptions": {"settings": {"enrich": False, "speech": False, "braille": False}},
    },
}

autosummary_generate = True
# methods are on the page of their class, by the template
numpydoc_show_class_members = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"
toc_object_entries_show_parents = "hide"

LESSONS = [
    "plot_normal_equation.py",
    "plot_moving_line.py",
    "plot_step_size.py",
    "plot_any_function.py",
    "plot_stochastic.py",
    "plot_update_rules.py",
    "plot_ridge_lasso.py",
    "plot_sigmoid_and_cross_entropy.py",
    "plot_perceptron_update.py",
    "plot_iris_logistic.py",
    "plot_iris_softmax.py",
    "plot_computation_graph.py",
    "plot_network_4_5_3.py",
    "plot_until_accurate.py",
    "plot_eaton_demo.py",
    "plot_errata.py",
]
PRACTICE = [
    "plot_compare_with_scikit_learn.py",
    "plot_feature_scale.py",
    "plot_choose_alpha.py",
    "plot_adaptive_lasso.py",
    "plot_grid_search.py",
    "plot_early_stopping.py",
    "plot_imbalanced.py",
    "plot_insurance_counts.py",
    "plot_prices_gamma.py",
    "plot_standard_errors.py",
    "plot_out_of_core_text.py",
]
sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "auto_examples",
    "backreferences_dir": "gen_modules",
    "doc_module": "sklearn_gd",
    "reference_url": {"sklearn_gd": None},
    "subsection_order": ["examples/practice", "examples/lessons"],
    # in the order of a course; a new script has its place there
    "within_subsection_order": [*PRACTICE, *LESSONS].index,
    # what calls of matplotlib return says nothing to a reader
    "ignore_repr_types": r"matplotlib|'list'",
    "show_memory": False,
    "thumbnail_size": (600, 420),
    "write_computation_times": False,
    "matplotlib_animations": True,
    "abort_on_example_error": True,
    "parallel": False,
}

html_theme = "pydata_sphinx_theme"
html_title = "sklearn_gd"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_theme_options = {
    "header_links_before_dropdown": 6,
    "navbar_align": "left",
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
# pages without pages below them need no navigation at their side
ALONE = ("index", "getting_started", "how_do_i", "migrating", "how_it_works", "mathematics")
html_sidebars = {
    page: [] for page in (*ALONE, "performance", "measurements", "errata", "changelog")
}
# scripts are as wide as their lines are long
html_sidebars["auto_examples/*/plot_*"] = []


# names that other libraries have as well, and common words
AMBIGUOUS = {"Constant", "ElasticNet", "Perceptron", "Progress", "Run"}
AMBIGUOUS |= {"choose", "register", "solve"}


def without_foreign_labels(app, what, name, obj, options, lines):
    """Methods of scikit-learn's base classes refer to its user guide, which is not part of this."""
    if "sphinx.ext.intersphinx" not in extensions:
        foreign = r":(?:ref|term):`([^<`]*?)(?:\s*<[^>]*>)?`"
        lines[:] = [re.sub(foreign, r"\1", line) for line in lines]


def without_examples_of_other_classes(app, what, name, obj, options, lines):
    """An inherited method shows its example only on the page of the class that it is about."""
    if what != "method" or ".GD" not in name or ".. rubric:: Examples" not in lines:
        return
    start = lines.index(".. rubric:: Examples")
    after = range(start + 1, len(lines))
    end = next((i for i in after if lines[i].startswith(".. rubric::")), len(lines))
    if not any(name.split(".")[-2] in line for line in lines[start:end]):
        del lines[start:end]


def with_upright_words(app, what, name, obj, options, lines):
    """Words in formulas, which the source leaves as they are said, are not products of letters."""
    lines[:] = with_upright_formulas("\n".join(lines) + "\n").splitlines()


def with_upright_words_in_lessons(app, docname, source):
    """The same for the pages made of scripts."""
    if docname.startswith("auto_examples/"):
        source[0] = with_upright_formulas(source[0])


def write_descents(app, exception):
    """The data of the page on which a reader moves along descents: runs of this library."""
    if exception is None and app.builder.format == "html":
        sys.path.insert(0, str(app.confdir))
        import descents

        descents.write(Path(app.outdir) / "_static" / "descents.js")


def with_upright_formulas(text):
    """The text with its formulas set."""
    formulas = r":math:`[^`]*`|^( *)\.\. math::.*\n(?:(?:\1 +.*)?\n)*"
    return re.sub(formulas, lambda formula: upright(formula[0]), text, flags=re.MULTILINE)


def upright(formula):
    """Names of three letters or more, but for Greek ones and those that TeX knows or has set."""

    def set_word(match):
        word = match["word"]
        if word is None or word in ("math", "cases"):
            return match[0]
        return rf"\{word}" if word in ("alpha", "delta", "epsilon") else rf"\mathrm{{{word}}}"

    known = r"\\(?:mathrm|text|begin|end)\{[^}]*\}|\\[A-Za-z]+|_\{[a-z]+\}"
    return re.sub(rf"{known}|(?<![A-Za-z0-9])(?P<word>[A-Za-z]{{3,}})", set_word, formula)


def to_pages_of_scripts(app, docname, source):
    """Links to scripts, as a repository page needs them, lead to their pages in the gallery."""
    link = r"\]\(((?:\.\./)*)examples/(?:(\w+/\w+)\.py)?\)"
    source[0] = re.sub(link, lambda m: f"]({m[1]}auto_examples/{m[2] or 'index'})", source[0])


def with_search_words(app, docname, source):
    """``<!-- search: a, b -->`` on a page makes the search find its section by these words."""

    def entries(match):
        words = ", ".join(f"! {word.strip()}" for word in match[1].split(","))
        return f"```{{index}} {words}\n```"

    source[0] = re.sub(r"^<!-- search: (.*?) -->$", entries, source[0], flags=re.MULTILINE)


def with_links_to_the_api(app, doctree, docname):
    """Names of public classes and functions in the text lead to their pages in the API."""
    if docname == "api" or docname.startswith("generated/"):
        return
    known = app.env.domains["py"].objects.items()
    pages = {
        name.rpartition(".")[2]: name
        for name, target in known
        if target.docname == f"generated/{name}" and target.objtype in ("class", "function")
    }
    for literal in list(doctree.findall(nodes.literal)):
        name = re.match(r"\w+", literal.astext())
        page = pages.get(name[0]) if name and name[0] not in AMBIGUOUS else None
        # the page that translates names of other libraries has these, too
        is_other = docname == "migrating" and not name[0].startswith("GD") if page else True
        if is_other or not isinstance(literal.parent, (nodes.paragraph, nodes.emphasis)):
            continue
        uri = f"{app.builder.get_relative_uri(docname, f'generated/{page}')}#{page}"
        literal.replace_self(nodes.reference("", "", literal.deepcopy(), internal=True, refuri=uri))


def without_fonts_of_others(app, pagename, templatename, context, doctree):
    """The buttons of an animation find their icons in the theme, not on a server."""
    if "body" in context:
        foreign = r'<link rel="stylesheet"\s+href="https://[^"]*font-awesome[^"]*">'
        context["body"] = re.sub(foreign, "", context["body"])


def setup(app):
    """Called by Sphinx."""
    app.connect("build-finished", write_descents)
    app.connect("autodoc-process-docstring", without_foreign_labels)
    app.connect("autodoc-process-docstring", without_examples_of_other_classes)
    app.connect("autodoc-process-docstring", with_upright_words)
    app.connect("html-page-context", without_fonts_of_others)
    app.connect("doctree-resolved", with_links_to_the_api)
    app.connect("source-read", to_pages_of_scripts)
    app.connect("source-read", with_search_words)
    app.connect("source-read", with_upright_words_in_lessons)
