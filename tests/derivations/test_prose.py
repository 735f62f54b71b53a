"""The conditions in the sentence of a formula are found; harmless words and other sentences state none."""

import pytest

from derivations.manuscript import read_text

from .judging import judge

FALSE = r"$$I(X;Y) = H(Y)$$"
BOUND = r"$$\log p(x) = E_{q(z|x)}[\log p(x,z) - \log q(z|x)]$$"


def said(text):
    return [c.words for f in read_text(text, "notes.md").formulas if f.displayed for c in f.conditions]


def last(text):
    return judge(text, "notes.md")[-1]


@pytest.mark.parametrize(
    "text",
    [
        f"If the channel is noiseless, then\n\n{FALSE}",
        f"When X is a function of Y and back, we have {FALSE}",
        f"{FALSE}\nwhen the channel is deterministic.",
        f"{FALSE}\n\n(which holds only if $H(Y|X) = 0$)",
        f"Suppose $H(Y|X) = 0$. Then {FALSE}",
        f"Suppose that Y follows from X. In this case {FALSE}",
        f"Let us assume that Y follows from X; then {FALSE}",
        f"Let the channel be exact. Then {FALSE}",
        f"For a deterministic encoder {FALSE}",
        f"如果信道不包含任何噪音，此时有 {FALSE}",
        f"Under the assumption $H(Y|X) = 0$ {FALSE}",
        f"{FALSE} where $H(Y|X) = 0$.",
        f"Ignoring the conditional entropy, {FALSE}",
        f"{FALSE} up to terms that we drop",
        f"When a decoder ignores its input, {FALSE}",
        f"Assuming that the decoder is expressive enough, {FALSE}",
        "If p(x) is Gaussian, then $$H(p) \\ge H(q)$$",
    ],
)
def test_what_is_claimed_under_a_condition_in_prose_is_not_refuted(text):
    assert said(text)
    assert last(text).verdict == "undecided"
    assert "condition" in last(text).message


@pytest.mark.parametrize(
    "text",
    [
        f"We have {FALSE}",
        f"Suppose a source sends letters. Then {FALSE}",
        f"Assume that we are given two variables, then {FALSE}",
        f"When we expand the entropies, we get {FALSE}",
        f"If you take expectations, then {FALSE}",
        f"When training a network, {FALSE}",
        f"Let's start from the true entropies: {FALSE}",
        f"Let us compare two exact entropies: {FALSE}",
        f"If the channel is noiseless, all is easy. Now we see that {FALSE}",
        f"{FALSE} for all $p$.",
        f"{FALSE} where $H$ is the entropy.",
        f"If $\\beta = 1$ we speak of a VAE and {FALSE}",
        f"{FALSE}\n\nIf the channel is noiseless, this is simple.",
        f"# If the channel is noiseless\n\n{FALSE}",
    ],
)
def test_a_false_claim_without_a_condition_of_its_own_is_refuted(text):
    assert last(text).verdict == "refuted"


def test_a_normal_law_is_no_condition():
    text = (
        "For $q(z|x) = N(\\mu, \\sigma^2 I)$ and $p(z) = \\mathcal{N}(0, I)$ we have "
        "$$KL(q(z|x)\\|p(z)) = \\frac12\\sum_j(\\mu_j^2 + \\sigma_j^2 - \\log\\sigma_j^2).$$"
    )
    assert said(text) == []
    assert last(text).verdict == "refuted"
    assert last("If both are Gaussian, " + text).verdict == "refuted"
    of_both = text.replace("For", "If").replace("we have", "then")
    assert last(of_both).verdict == "refuted"
    assert last(of_both.replace(" then", " and $\\sigma_j = 1$, then")).verdict == "undecided"


@pytest.mark.parametrize(
    ("opening", "conditions"),
    [
        (r"With $z = \mu + \sigma \odot \epsilon$ we have", 0),
        (r"A diagonal Gaussian with $v = \log\sigma^2$ has", 0),
        ("A variable with its number is not the one without it:", 0),
        (r"With $\sigma = 1$ we have", 1),
        (r"With $\beta = \frac12$ we have", 1),
        (r"With $\mu_1 = \mu_2$ we have", 1),
        (r"If $z = \mu + \sigma \odot \epsilon$, then", 1),
    ],
)
def test_what_a_letter_stands_for_is_no_condition(opening, conditions):
    assert len(said(f"{opening} {FALSE}")) == conditions


@pytest.mark.parametrize(("choice", "verdict"), [("q(z|x) = p(z|x)", "undecided"), ("q(z|x) = p(z)", "refuted")])
def test_a_choice_of_q_in_prose_is_tried(choice, verdict):
    assert last(f"If ${choice}$, then {BOUND}").verdict == verdict


@pytest.mark.parametrize(
    ("words", "verdict"),
    [
        ("Let us write this out, so that", "refuted"),
        ("Let us take the encoder to be exact, so that", "undecided"),
        ("Let's pretend that the encoder is exact, so that", "undecided"),
        ("Let us now use the true posterior as encoder. Then", "undecided"),
    ],
)
def test_what_let_us_says(words, verdict):
    assert last(f"{words} {BOUND}").verdict == verdict


def test_a_condition_does_not_unsay_a_proof():
    text = r"If the channel is noiseless, $$I(X;Y) = H(Y) - H(Y|X)$$"
    assert last(text).verdict == "proved"


def test_sentences_without_end_take_no_time():
    text = "if " + "$a$ " * 20000
    assert len(read_text(text, "notes.md").formulas) == 20000
