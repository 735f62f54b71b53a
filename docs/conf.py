"""Sphinx configuration: `make docs` writes pages that open offline, warnings being errors."""

import re

from docutils import nodes
from sphinx.application import Sphinx

import elbocheck.report

project = "elbocheck"
author = "The elbocheck developers"
project_copyright = "2026, The elbocheck developers"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "generated", "exercise.md"]

html_theme = "furo"
html_title = "elbocheck"
html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["math.css"]
html_math_renderer = "mathml"

default_role = "py:obj"
# packages that know nothing of each other may give two things one name: annotations then link to neither
suppress_warnings = ["ref.python"]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
myst_fence_as_directive = ["math"]
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_google_docstring = False
napoleon_use_rtype = False


def math_html(self, node: nodes.Element) -> None:
    """Write a formula as the report does, in MathML: no script, no network."""
    latex = re.sub(r"\s+", " ", node.astext()).strip()
    if "&" in latex and r"\begin" not in latex:
        latex = rf"\begin{{split}} {latex} \end{{split}}"
    formula = elbocheck.report.mathml(latex)
    self.body.append(f'<div class="math">{formula}</div>' if isinstance(node, nodes.math_block) else formula)
    raise nodes.SkipNode


def itemise_references(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Turn the numbered references of a docstring into a list: their numbers recur on a page of many docstrings."""
    lines[:] = [re.sub(r"\[(\d+)\]_", r"[\1]", re.sub(r"^(\s*)\.\. (\[\d+\])", r"\1* \2", line)) for line in lines]


def setup(app: Sphinx) -> None:
    app.add_html_math_renderer("mathml", (math_html, None), (math_html, None))
    app.connect("autodoc-process-docstring", itemise_references)
