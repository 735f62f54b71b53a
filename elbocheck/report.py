"""The report of a run: one self-contained HTML page, formulas in MathML, same bytes for same input."""

import html
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree.ElementTree import Element, tostring

import jinja2
from latex2mathml.converter import Converter
from markupsafe import Markup

from derivations.line_break import broken
from elbocheck.atomic import write_text
from elbocheck.verdict import Finding, Verdict, summary, tally

Step = tuple[str, str, str]
Figure = tuple[str, str, bytes, str]

BARE_LETTER = re.compile(r"(\\math[a-z]+) +(\w)")
RELATIONS = {">=": r"\ge", "<=": r"\le"}
IMAGE_TYPES = ("image/png", "image/svg+xml")
LINE = 44.0  # em, of a formula beside its reason
THIN = "0.167em"
BIG = "1.2em"
SIGNS = {"+", "−"}
CLOSING = {")", "]", "}"}
LIMITS = {"msub": "munder", "msup": "mover", "msubsup": "munderover"}
TALL = {"mfrac", "msqrt", "munder", "mover", "munderover", "mtable"}
TAGS = {"∼": "mo", ";": "mo", "∞": "mi", "/": "mi"}


@dataclass(frozen=True)
class ProofView:
    r"""A proof as the report shows it.

    Parameters
    ----------
    slug : str
        Slug of the identity; the anchor that its findings link to.
    title : str
        Its name in plain words.
    statements : tuple of str
        What each part of the theorem says, in LaTeX.
    hypotheses : tuple of str
        What the theorem assumes, each in LaTeX.
    steps : tuple of triples
        The chain: of each line, its relation to the line before (``=``, ``\ge``, ``>=``; empty on the first line), a formula
        in LaTeX, a reason in plain words. Each part begins with a line without a relation.
    axioms : tuple of str
        The kernel rules that the proof applies, by name.
    uses : tuple of str
        Slugs of the theorems that the proof uses.
    source : str
        Where the identity comes from.
    """

    slug: str
    title: str
    statements: tuple[str, ...]
    hypotheses: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    axioms: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True)
class Report:
    """All that a run found.

    Parameters
    ----------
    title, data : str
        Heading of the page; name of the data set.
    seed : int
        The seed that every random number of the run came from.
    versions : mapping of str to str
        Versions of the software, by name.
    findings : sequence of Finding
        The lines of the agreement table; at least one.
    proofs : sequence of ProofView
        The proofs, in the order shown.
    figures : sequence of (title, caption, content, mime)
        Images as bytes, ``image/png`` or ``image/svg+xml``.
    numbers : mapping of str to str
        Further results by name, units included.
    """

    title: str
    data: str
    seed: int
    versions: Mapping[str, str]
    findings: Sequence[Finding]
    proofs: Sequence[ProofView] = ()
    figures: Sequence[Figure] = ()
    numbers: Mapping[str, str] = field(default_factory=dict)


def render(report: Report) -> str:
    """Render the report as one HTML page that loads nothing.

    Raises
    ------
    ValueError
        If there are no findings, a formula cannot be typeset, or a figure is neither PNG nor SVG.
    """
    return template("report.html.j2").render(
        report=report,
        counts=tally(report.findings),
        summary=summary(report.findings),
        proved={proof.slug for proof in report.proofs},
        relations=RELATIONS,
        data_uri=data_uri,
        Verdict=Verdict,
    )


def template(name: str) -> jinja2.Template:
    """A template of this package, with the filters that typeset formulas."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("elbocheck"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"mathml": mathml, "lines": lambda formula: broken(formula, LINE)}
    return environment.get_template(name)


def write(report: Report, path: Path) -> None:
    """Write the rendered report to `path`, whole or not at all, making its folder if need be.

    Raises
    ------
    ValueError
        As `render`.
    OSError
        If the file cannot be written.
    """
    page = render(report)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, page)


def data_uri(content: bytes, mime: str) -> str:
    """Encode an image into the address that shows it.

    Raises
    ------
    ValueError
        If the type is neither PNG nor SVG.

    Examples
    --------
    >>> data_uri(b"<svg/>", "image/svg+xml")
    'data:image/svg+xml;base64,PHN2Zy8+'
    """
    if mime not in IMAGE_TYPES:
        raise ValueError(f"a figure must be one of {', '.join(IMAGE_TYPES)}, not {mime!r}")
    return f"data:{mime};base64,{b64encode(content).decode('ascii')}"


def mathml(latex: str) -> Markup:
    r"""Typeset a LaTeX formula as MathML, in display style.

    Raises
    ------
    ValueError
        If the formula cannot be read, or holds a command without a MathML form.

    Notes
    -----
    latex2mathml writes its text unescaped, so that ``\text{<b>}`` would become markup, gives the names of
    functions no space, takes the tilde of ``\sim`` for an identifier and overlooks the letter of ``\mathcal N``.
    Its tree is mended before it is written.

    Examples
    --------
    >>> "<mo>&#8764;</mo>" in mathml(r"z \sim q").encode("ascii", "xmlcharrefreplace").decode()
    True
    """
    try:
        math = Converter(display="block").convert_to_element(BARE_LETTER.sub(r"\1{\2}", latex))
    except Exception as error:  # latex2mathml's errors share no base class
        raise ValueError(f"cannot typeset {latex!r}: {type(error).__name__}") from error
    for element in math.iter():
        _mend(element, latex)
    for mend in (_space_names, _stack_limits, _fit_fences):  # fences look for limits that are stacked
        for element in math.iter():
            mend(element)
    math.attrib = {"displaystyle": "true", "alttext": latex}
    return Markup(tostring(math, encoding="unicode"))


def _mend(element: Element, latex: str) -> None:
    """Make the text literal, operators of what are operators, and links inert."""
    text = html.unescape(element.text or "")
    if "\\" in text:
        raise ValueError(f"cannot typeset {latex!r}: no MathML for {text}")
    element.text = text.replace("~", "∼") if element.tag == "mi" else text
    element.tag = TAGS.get(element.text, element.tag)
    element.attrib.pop("href", None)


def _space_names(row: Element) -> None:
    """Set the names of functions (log, KL) apart from their operands, and signs close to theirs, as TeX does."""
    for before, child, after in zip([None, *row], row, [*row[1:], None], strict=False):
        follows = before is not None and (before.tag != "mo" or before.text in CLOSING)
        precedes = after is not None and after.tag != "mo"
        if child.tag in ("mi", "mo") and len(child.text or "") > 1:
            child.tag = "mo"
            child.attrib |= {"lspace": THIN * follows or "0", "rspace": THIN * precedes or "0"}
        elif child.text in SIGNS and not follows:
            child.set("form", "prefix")


def _fit_fences(row: Element) -> None:
    """Stretch fences around tall contents only (browsers pad the others) and keep them off a subscript."""
    tall = any(element.tag in TALL for element in row.iter())
    for before, child in zip([None, *row], row, strict=False):
        if child.get("fence") == "true":
            child.set("stretchy", str(tall and child.get("minsize") != BIG).lower())
        if before is not None and before.tag in LIMITS and child.tag == "mrow":
            for fence in child.findall("mo[@form='prefix']"):
                fence.set("lspace", THIN)


def _stack_limits(element: Element) -> None:
    """Set the limits of sums and products above and below them, also within brackets."""
    if element.tag in LIMITS and element[0].text in ("∑", "∏"):
        element.tag = LIMITS[element.tag]
