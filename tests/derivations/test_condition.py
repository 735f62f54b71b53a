"""What holds under a condition that the text states is not refuted; what is false with it, or without one, is."""

import pytest

from derivations.written import is_condition

from .judging import judge

BOUND = r"\mathbb{E}_{q(z|x)}\left[\log\frac{p(x,z)}{q(z|x)}\right]"
CLAIM = rf"\log p(x) = {BOUND}"
EXACT = r"q(z|x) = p(z|x)"


def judged(text):
    return [(j.verdict, j.message) for j in judge(text, "notes.md")]


@pytest.mark.parametrize(
    "text",
    [
        rf"$${CLAIM} \quad \text{{if }} {EXACT}$$",
        rf"$${CLAIM} \text{{ when }} {EXACT}$$",
        rf"$${CLAIM} \text{{ for }} q = p(z|x)$$",
        rf"$${CLAIM} \quad \text{{(if q is exact)}}$$",
        rf"$${CLAIM} \iff {EXACT}$$",
        rf"$${EXACT} \implies {CLAIM}$$",
        rf"Choose ${EXACT}$; then ${CLAIM}$.",
        rf"We have ${CLAIM}$ if ${EXACT}$.",
        rf"Choose $q(z|x) = \frac{{p(x,z)}}{{p(x)}} = p(z|x)$; then ${CLAIM}$.",
    ],
)
def test_a_claim_under_a_condition_is_not_refuted(text):
    assert {v for v, _ in judged(text)} <= {"undecided", "proved", "unparsed"}
    assert any("condition" in m or "it holds if" in m for _, m in judged(text))


@pytest.mark.parametrize(
    "text",
    [
        f"$${CLAIM}$$",
        rf"$${CLAIM} \quad \text{{for all }} x$$",
        rf"$$\log p(x) \le {BOUND} \quad \text{{with equality iff }} {EXACT}$$",
        rf"$$p(x,z) = p(x|z) p(z) \implies {CLAIM}$$",
        rf"Choose ${EXACT}$." + "\n" * 20 + f"Then ${CLAIM}$.",
        rf"Choose ${EXACT}$; then $\log p(x) = {BOUND} - KL(q(z|x)\|p(z|x))$.",
        rf"Choose ${EXACT}$; then $\log p(x) = {BOUND} + 1$.",
        rf"Choose $q(z|x) = p(z)$; then ${CLAIM}$.",
    ],
)
def test_a_false_claim_is_refuted_beside_conditions_that_do_not_make_it_true(text):
    assert "refuted" in {v for v, _ in judged(text)}


@pytest.mark.parametrize(
    ("words", "formula", "expected"),
    [
        (r"\text{if }", "a", True),
        (r"\text{for }", r"\beta = 1", True),
        (r"\text{for }", r"j = 1, \dots, J", False),
        (r"\text{for }", r"z \sim q", False),
        (r"\text{for any }", "q = p", False),
        (r"\text{with equality iff }", "q = p", False),
        (r"\iff", "a", True),
        (r"\implies", "a", False),
        (r"\text{where }", "a = b", False),
    ],
)
def test_words_that_state_a_condition(words, formula, expected):
    assert is_condition(words, formula) is expected


def test_a_prior_may_be_chosen_to_be_the_aggregate():
    claim = r"$$E_{q(x)}[KL(q(z|x)\|p(z))] = I_q(x;z)$$"
    assert judge(claim, "notes.md")[-1].verdict == "refuted"
    assert judge(f"Let us take $p(z) = q(z)$. Then\n{claim}", "notes.md")[-1].verdict == "undecided"
    assert judge(f"Let us take $p(y) = q(y)$. Then\n{claim}", "notes.md")[-1].verdict == "refuted"
    wrong = claim.replace("= I_q", "= 2 I_q")
    assert judge(f"Let us take $p(z) = q(z)$. Then\n{wrong}", "notes.md")[-1].verdict == "refuted"
