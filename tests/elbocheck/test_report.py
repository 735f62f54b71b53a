from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from elbocheck.report import ProofView, Report, data_uri, mathml, render, write
from elbocheck.verdict import Finding, Verdict

PIXEL = b"\x89PNG\r\n\x1a\n"
VOID = {"meta", "img", "link", "br", "hr", "input"}
LOADING = {"src", "href", "srcset", "data", "poster", "action", "background"}
EXERCISE = [
    r"\mathbb{E}_{z\sim q(z\mid x)}\left[\log\frac{p(x\mid z)p(z)}{p(z\mid x)}\right]",
    r"\operatorname{KL}\left(q(z\mid x)\,\middle\|\,p(z)\right)",
    r"\sum_{j=1}^{J}\left(1+\log \sigma_j^2-\mu_j^2-\sigma_j^2\right)",
    r"\mathcal{N}(z;\mu,\operatorname{diag}\sigma^2)",
    r"\prod_{j=1}^J \frac{1}{\sqrt{2\pi\sigma_j^2}}",
    r"-\frac{1}{2}",
    r"\int q(z)\,\mathrm{d}z = 1",
]


@pytest.fixture
def report() -> Report:
    return Report(
        title="The main job",
        data="digits",
        seed=7,
        versions={"elbocheck": "0.1.0", "torch": "2.13.0"},
        findings=[
            Finding("elbo-gap", "proof kernel", "5 equalities", Verdict.proved),
            Finding("kl-normal-standard", "certified enclosure", "0.724156 +- 2e-21", Verdict.confirmed),
            Finding("kl-vae", "objective", "0.36", Verdict.refuted, "q = N(0.7, 0.4): 0.724156 against 0.362078"),
        ],
        proofs=[
            ProofView(
                slug="elbo-gap",
                title="Evidence and ELBO",
                statements=(r"\log p(x) = \mathcal{L}(x) + \operatorname{KL}(q \| p)",),
                hypotheses=(r"p(x,z) > 0", r"q \ll p"),
                steps=(
                    ("", r"\log p(x)", ""),
                    (">=", EXERCISE[0], "Bayes' rule"),
                    ("=", EXERCISE[1], "definition"),
                ),
                axioms=("Linearity of expectation",),
            )
        ],
        figures=[
            ("Figure 1", "Latent codes", PIXEL, "image/png"),
            ("Decoded", "Digits", b"<svg/>", "image/svg+xml"),
        ],
        numbers={"ELBO": "-41.2 nats"},
    )


class Page(HTMLParser):
    """Check that tags nest, and collect what the page would load, its formulas and its scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.feed(page)
        self.close()
        if self.open:
            raise ValueError(f"not closed: {self.open}")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open = self.open[:-1] if tag not in VOID else self.open

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            raise ValueError(f"misplaced </{tag}>")


def faults(page: str) -> Iterator[str]:
    """Name whatever would make the page load or run something."""
    parsed = Page(page)
    yield from (tag for tag in parsed.tags if tag in ("script", "link", "iframe", "object", "embed", "base"))
    yield from (name for name, _ in parsed.attributes if name.startswith("on"))
    yield from (value for name, value in parsed.attributes if name in LOADING and not value.startswith(("data:", "#")))
    yield from (mark for mark in ("http://", "https://", "@import", "url(") if mark in page)


def test_the_page_is_well_formed_and_loads_nothing(report: Report) -> None:
    assert list(faults(render(report))) == []


@pytest.mark.parametrize(
    ("twin", "fault"),
    [
        ("<script>1</script>", "script"),
        ('<img src="figure.png">', "figure.png"),
        ('<a href="https://example.org">x</a>', "https://example.org"),
        ('<link rel="stylesheet" href="#x">', "link"),
        ('<p onclick="1">x</p>', "onclick"),
        ("<style>@import 'x.css';</style>", "@import"),
    ],
)
def test_a_page_that_loads_something_is_rejected(report: Report, twin: str, fault: str) -> None:
    assert fault in list(faults(render(report).replace("<main>", f"<main>{twin}")))


@pytest.mark.parametrize(("twin", "reason"), [("<b>", "misplaced </main>"), ("</div>", "misplaced </div>")])
def test_a_page_that_does_not_nest_is_rejected(report: Report, twin: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Page(render(report).replace("</main>", f"{twin}</main>"))


def test_every_formula_is_mathml(report: Report) -> None:
    page = Page(render(report))
    formulas = [value for name, value in page.attributes if name == "alttext"]
    proof = report.proofs[0]
    expected = [*proof.statements, *proof.hypotheses]
    for relation, formula, _ in proof.steps:
        expected += [relation.replace(">=", r"\ge"), formula] if relation else [formula]
    assert formulas == expected
    assert page.tags.count("math") == len(expected)


def test_the_page_shows_all_that_was_found(report: Report) -> None:
    page = render(report)
    for text in ("1 proved, 1 confirmed, 1 refuted, 0 undecided", "Seed: 7.", "torch 2.13.0.", "-41.2 nats"):
        assert text in page
    for finding in report.findings:
        assert f'<td class="verdict {finding.verdict}">{finding.verdict}</td>' in page
        assert finding.figure in page
        assert finding.detail in page
    assert '<a href="#elbo-gap">' in page
    assert '<article id="elbo-gap">' in page
    assert '<a href="#kl-vae">' not in page, "no proof to link to"
    assert 'alt="Figure 1. Latent codes"' in page
    assert data_uri(PIXEL, "image/png") in page


@pytest.mark.parametrize(
    ("verdicts", "tone"),
    [
        ((Verdict.proved, Verdict.confirmed), "clear"),
        ((Verdict.proved, Verdict.undecided), "undecided"),
        ((Verdict.undecided, Verdict.refuted), "refuted"),
    ],
)
def test_the_summary_takes_the_tone_of_the_worst_verdict(report, verdicts, tone: str) -> None:
    findings = [Finding("kl-vae", "objective", "0.36", verdict, "0.72 against 0.36") for verdict in verdicts]
    assert f'<p class="summary {tone}">' in render(replace(report, findings=findings))


def test_text_is_escaped_wherever_it_enters(report: Report) -> None:
    hostile = '<script>alert("1")</script>&'
    finding = Finding(hostile, hostile, hostile, Verdict.refuted, hostile)
    proof = ProofView(hostile, hostile, (r"\text{<script>}",), (r"\text{<b>}",), (("=", "x < y", hostile),), (hostile,))
    hostile_report = Report(
        title=hostile,
        data=hostile,
        seed=0,
        versions={hostile: hostile},
        findings=[finding],
        proofs=[proof],
        figures=[(hostile, hostile, PIXEL, "image/png")],
        numbers={hostile: hostile},
    )
    assert list(faults(render(hostile_report))) == []


def test_the_same_input_gives_the_same_bytes(report: Report) -> None:
    assert render(report) == render(replace(report))
    assert render(report) != render(replace(report, seed=8))


def test_a_report_without_findings_is_an_error(report: Report) -> None:
    with pytest.raises(ValueError, match="nothing was checked"):
        render(replace(report, findings=[]))


def test_write_makes_the_folder_and_leaves_one_file(report: Report, tmp_path: Path) -> None:
    path = tmp_path / "out" / "report.html"
    write(report, path)
    write(report, path)
    assert path.read_bytes() == render(report).encode()
    assert list(path.parent.iterdir()) == [path]


def test_a_report_that_cannot_be_rendered_leaves_the_old_one(report: Report, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")
    with pytest.raises(ValueError, match="a figure must be one of"):
        write(replace(report, figures=[("Figure", "", b"GIF89a", "image/gif")]), path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_half_way_leaves_the_old_one(report: Report, tmp_path: Path, monkeypatch) -> None:
    def fail(self: Path, target: Path) -> None:
        raise OSError("disk full")

    path = tmp_path / "report.html"
    path.write_text("old")
    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write(report, path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("latex", EXERCISE)
def test_the_formulas_of_the_exercise_are_typeset(latex: str) -> None:
    math = ElementTree.fromstring(mathml(latex))
    assert math.get("alttext") == latex
    assert not any("\\" in (element.text or "") for element in math.iter())


@pytest.mark.parametrize(
    ("latex", "reason"),
    [
        (r"\left(x", "ExtraLeftOrMissingRightError"),
        (r"x_", "MissingSuperScriptOrSubscriptError"),
        (r"\expectation{x}", r"no MathML for \\expectation"),
    ],
)
def test_a_formula_that_cannot_be_typeset_is_rejected(latex: str, reason: str) -> None:
    with pytest.raises(ValueError, match=rf"cannot typeset .*{reason}"):
        mathml(latex)


def operators(latex: str) -> dict[str, dict[str, str]]:
    math = ElementTree.fromstring(mathml(latex))
    return {element.text or "": element.attrib for element in math.iter("mo")}


def test_similar_is_an_operator_and_infinity_is_not() -> None:
    assert {"∼", ";", "<"} <= operators(r"z \sim q(z;\mu) < \infty").keys()
    assert "∞" not in operators(r"z < \infty")


@pytest.mark.parametrize(
    ("latex", "before", "after"),
    [
        (r"\log p", "0", "0.167em"),
        (r"2\log p", "0.167em", "0.167em"),
        (r"f(x)\log(p)", "0.167em", "0"),
        (r"- \log\frac{p}{q}", "0", "0.167em"),
    ],
)
def test_names_of_functions_are_spaced_as_tex_does(latex: str, before: str, after: str) -> None:
    assert operators(latex)["log"] == {"lspace": before, "rspace": after}


def test_brackets_stretch_around_tall_contents_only() -> None:
    assert operators(r"\left[\frac{p}{q}\right]")["["]["stretchy"] == "true"
    assert operators(r"\left[p\right]")["["]["stretchy"] == "false"


def test_a_sign_is_not_a_difference() -> None:
    assert operators(r"= -\frac{1}{2}")["−"]["form"] == "prefix"
    assert "form" not in operators(r"(x) - y")["−"]


def test_limits_of_a_product_stand_above_and_below_also_in_brackets() -> None:
    math = ElementTree.fromstring(mathml(r"\left[\prod_{j=1}^J x_j\right]"))
    assert math.find(".//munderover/mo").text == "∏"


def test_an_alphabet_applies_to_a_letter_without_braces() -> None:
    assert "𝒩" in mathml(r"\mathcal N(0, 1)")
    assert "𝔼" in mathml(r"\mathbb  E_q")


def test_a_slash_is_not_spaced_and_a_big_bracket_around_flat_contents_not_padded() -> None:
    brackets = operators(r"\bigl( a/b \bigr) + \frac12 \Bigl[ \frac12 \Bigr]")
    assert "/" not in brackets
    assert (brackets["("]["stretchy"], brackets["["]["stretchy"]) == ("false", "true")


def test_links_in_formulas_are_inert() -> None:
    assert "javascript" not in mathml(r"\href{javascript:1}{x}").replace(r'alttext="\href{javascript:1}{x}"', "")


def test_only_png_and_svg_are_shown() -> None:
    with pytest.raises(ValueError, match="not 'text/html'"):
        data_uri(b"<script>", "text/html")
