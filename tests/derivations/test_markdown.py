"""Markdown: formulas in fences, every line with its reason, nothing that GitHub refuses."""

import re

import pytest

from derivations.catalogue import DERIVATIONS, prove
from derivations.markdown import document, section


@pytest.mark.parametrize("slug", DERIVATIONS)
def test_a_section_holds_everything(slug):
    derivation = prove(slug)
    written = section(derivation)
    fences = re.findall(r"^```math\n(.*?)\n```$", written, re.MULTILINE | re.DOTALL)
    assert written.count("```") == 2 * len(fences)
    assert len(fences) == bool(derivation.hypotheses) + 1 + len(derivation.parts)
    assert all(f.startswith(r"\begin{aligned}") and f.endswith(r"\end{aligned}") for f in fences)
    assert sum(f.count(r"\qquad \text{(") for f in fences) == len(derivation.steps)
    assert not re.search(r"\\(operatorname|upshape|tag)\b", written)
    for used in derivation.uses:
        assert f"[{used}](#{used})" in written


def test_one_page_holds_all():
    page = document([prove("elbo-gap"), prove("kl-normal-standard")])
    assert re.findall(r"^## (.*)$", page, re.MULTILINE) == ["elbo-gap", "kl-normal-standard"]
    assert "(elbo-gap.md)" not in page
    assert "normal-cross-entropy.md" in section(prove("kl-normal-standard"), "{}.md")
