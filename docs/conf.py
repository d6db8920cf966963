"""How the site is built; see docs/architecture.md."""

from __future__ import annotations

import hashlib
import sys
from importlib.util import find_spec
from pathlib import Path

from spadv import __version__

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS / "_ext"))


def code_digest(root: Path) -> str:
    """Return a digest of spadv's code: pages are run again when it changes."""
    digest = hashlib.sha256()
    for part in ("core", "theory", "empirical"):
        for file in sorted((root / part).rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


project = "spadv"
author = "The spadv developers"
copyright = "the spadv developers; Apache-2.0"  # noqa: A001 - a name that Sphinx reads
release = version = __version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "sphinx_copybutton",
    "sphinxcontrib.bibtex",
    "statements",
    "catalogue",
    "fitting",
    "interface",
    "lessons",
    "offline",
]
exclude_patterns = ["_ext", "_static", "_templates", "explorable", "slides", "conf.py"]
language = "en"
nitpicky = True
# The site links to no other.
nitpick_ignore = [
    ("py:class", "galois.Poly"),
    ("py:class", "torchvision.transforms.v2._transform.Transform"),
]
numfig = False

# Pages.
myst_enable_extensions = ["amsmath", "attrs_inline", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
myst_links_external_new_tab = False
bibtex_bibfiles = ["references.bib"]
bibtex_default_style = "plain"
bibtex_reference_style = "author_year"

# Pages with code run when the site is built; an error in one stops the build.
nb_execution_mode = "cache"
nb_execution_cache_path = str(
    DOCS.parent / "build" / "docs" / "executed" / code_digest(DOCS.parent)
)
nb_execution_timeout = 120
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_merge_streams = True
nb_custom_formats = {".py": ["jupytext.reads", {"fmt": "py:percent"}]}

# The interface, from docstrings: docs/api/index.md lists the pages.
autosummary_generate = True
autosummary_ignore_module_all = False
autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

# What readers see. Nothing is fetched from elsewhere: MathJax is one file, which draws its own
# glyphs (no fonts, so that pages work from a folder, too).
html_theme = "furo"
html_title = "spadv"
html_static_path = ["_static"]
html_css_files = ["spadv.css"]
html_js_files = ["formulas.js"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0072b2", "color-brand-content": "#0067a0"},
    "dark_css_variables": {"color-brand-primary": "#56b4e9", "color-brand-content": "#7cc4ee"},
}
templates_path = ["_templates"]

_mathjax = find_spec("sphinx-mathjax-offline")
if _mathjax is None or _mathjax.origin is None:
    raise RuntimeError("The site needs sphinx-mathjax-offline: pip install 'spadv[docs]'")
html_static_path.append(
    str(Path(_mathjax.origin).parent / "static" / "mathjax" / "tex-svg-full.js")
)
mathjax_path = "tex-svg-full.js"
