"""What Sphinx is told. Sphinx reads this file itself; nobody imports it."""

from pathlib import Path
from typing import Any

from utilities.course.site.reference import as_rst

HERE = Path(__file__).parent

project = "Managed Agents cookbook"
author = "the authors of the Managed Agents cookbook"
html_title = project
language = "en"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
templates_path = [str(HERE / "templates")]

# -- the lessons: as they were executed and committed ---------------------------------------------------

nb_execution_mode = "off"
nb_merge_streams = True
nb_ipywidgets_js: dict[str, Any] = {}  # would be fetched from elsewhere, and the committed outputs have none
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4  # as GitHub makes them
# `page:` is what `sources` writes for a page that Sphinx doesn't make.
myst_url_schemes = {"http": None, "https": None, "mailto": None, "page": "{{path}}"}
suppress_warnings = ["myst.header"]  # solutions and outputs begin at any level

# -- the reference ----------------------------------------------------------------------------------------

nitpicky = True
nitpick_ignore_regex = [
    (r"py:.*", r"(?!utilities\.)\w+\..*"),  # types of others, who document them elsewhere
    # What behind the doors of a room is named in a signature, and has no entry of its own.
    (r"py:class", r"utilities\.replay\.(faults|recordings|server|session)\..*"),
    (r"py:class", r"utilities\.(client\.AnyClient|left_behind\.\w+|show\.(picture|transcript)\.\w+)"),
    (r"py:(class|exc)", r"\w+"),
]
default_role = "code"  # our docstrings write `this` for code
python_maximum_signature_line_length = 80
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
add_module_names = False
napoleon_use_ivar = True
napoleon_use_rtype = False

# -- the pages ----------------------------------------------------------------------------------------------

# Furo has its fonts, icons and scripts from nowhere else, works from file:// and on a phone, has a dark
# mode, a link that skips to the content, and needs only Sphinx.
html_theme = "furo"
html_static_path = [str(HERE / "static")]
html_css_files = ["site.css", "room.css"]
html_js_files = [(name, {"defer": "defer"}) for name in ("site.js", "room.js")]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_use_index = False
html_domain_indices = False
# Good in both: at least 7:1 on their backgrounds.
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", as_rst, priority=100)  # before napoleon
