"""Sphinx's settings: ``python -m sphinx -W -b html docs out/site`` builds the pages without network."""

import sys
from pathlib import Path

import ngpc_sim

sys.path.insert(0, str(Path(__file__).parent))

project = "ngpc-sim"
version = release = ngpc_sim.__version__
smartquotes = False  # texts of the program as they are
extensions = ["made_pages", "myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_design"]

myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "auto"
nb_execution_raise_on_error = True
nb_execution_timeout = 300

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
napoleon_google_docstring = False
napoleon_use_rtype = False
add_module_names = False

html_theme = "pydata_sphinx_theme"
html_title = "ngpc-sim"
html_static_path = ["static"]
html_css_files = ["pages.css"]
html_copy_source = False
html_show_copyright = False
html_sidebars = {"index": [], "glossary": []}
html_theme_options = {
    "show_nav_level": 2,
    "navbar_align": "left",
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["sphinx-version"],
    "footer_end": [],
}
