"""A symbol of which a text says several things is not trusted any more; one that is defined anew is the new one from there on."""

import pytest

from derivations.manuscript import read_text
from derivations.proofread import surroundings
from derivations.redefinition import redefinitions
from derivations.written import written

from .judging import judge

RATE = r"\[ \mathcal{R} = KL(q(z|x)\|p(z)) \]"
CLAIM = r"\[ \log p(x) \ge E_{q(z|x)}[\log p(x|z)] - \mathcal{R} \]"
OTHERS = {
    "of the aggregate": r"\[ \mathcal{R} = KL(q(z)\|p(z)) \]",
    "with a wrong sign": r"\[ \mathcal{R} = -KL(q(z|x)\|p(z)) \]",
}
SAME = {
    "in other words": r"\[ \mathcal{R} = E_{q(z|x)}[\log q(z|x) - \log p(z)] \]",
    "as a closed form": r"\[ \mathcal{R} = \frac12\sum_j (\mu_j^2 + \sigma_j^2 - 1 - \log\sigma_j^2) \]",
}
BOUND = r"\[ \mathcal{L} = E_{q(z|x)}[\log p(x|z)] - KL(q(z|x)\|p(z)) \]"
LOSS = r"\[ \mathcal{L} = KL(q(z|x)\|p(z)) - E_{q(z|x)}[\log p(x|z)] \]"


def last(*texts, lines=1):
    return judge(("\n" * lines).join(texts))[-1].verdict


@pytest.mark.parametrize("other", [*SAME, *OTHERS])
def test_what_rests_on_a_symbol_of_which_several_things_are_said(other):
    assert last(RATE, {**SAME, **OTHERS}[other], CLAIM) == ("proved" if other in SAME else "undecided")


def test_a_mistake_near_a_definition_is_one_and_another_definition_far_from_it_is_none():
    wrong = OTHERS["with a wrong sign"]
    assert last(RATE, wrong) == "refuted"
    assert last(RATE, wrong, lines=20) == "undecided"
    assert last(RATE, wrong, CLAIM.replace("- \\mathcal", "+ \\mathcal"), lines=20) == "proved"
    assert last(RATE, wrong, CLAIM, lines=20) != "proved"


def test_a_step_is_no_definition():
    chain = r"\[ KL(q(z|x)\|p(z)) = \mathcal{R} = KL(q(z|x)\|p(x|z)) \]"
    assert redefinitions(written(read_text(RATE + chain, "a.tex").formulas), surroundings([], ())) == ((), ())
    assert last(RATE, chain, CLAIM) == "proved"


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        (r"\[ \log p(x) \ge -\mathcal{L} \]", "proved"),
        (r"\[ \log p(x) \ge \mathcal{L} \]", "undecided"),
        (r"\[ \log p(x) = \mathcal{L} + KL(q(z|x)\|p(z|x)) \]", "undecided"),
    ],
)
def test_a_bound_that_is_a_loss_later_on(claim, verdict):
    assert last(BOUND, LOSS, claim, lines=20) == verdict
    assert last(BOUND, LOSS, claim) == "undecided"


def test_a_bound_that_is_said_to_be_something_else():
    said = r"\[ \mathcal{L} = E_{q(z|x)}[\log p(x|z)] \]"
    assert last(said, r"\[ \log p(x) \ge \mathcal{L} \]") == "undecided"
    assert last(BOUND, said, r"\[ \log p(x) \ge \mathcal{L} \]") == "proved"


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        (r"\mathcal{F} + KL(q(z|x)\|p(z|x))", r"\mathcal{F}", "proved"),
        (r"\mathcal{F} + KL(q(z|x)\|p(z|x))", r"-\mathcal{F}", "undecided"),
        (r"KL(q(z|x)\|p(z|x)) - \mathcal{F}", r"-\mathcal{F}", "proved"),
        (r"KL(q(z|x)\|p(z|x)) - \mathcal{F}", r"\mathcal{F}", "undecided"),
    ],
)
def test_the_free_energy_has_one_sign_in_a_text(first, second, verdict):
    assert last(rf"\[ \log p(x) = {first} \]", rf"\[ \log p(x) \ge {second} \]") == verdict


def test_a_sample_is_the_last_one():
    density_of = r"\[ \log q(z|x) = \log p(\epsilon) - \sum_j \log \sigma_j \]"
    usual, wide = (rf"\[ z = \mu + {scale} \odot \epsilon \]" for scale in (r"\sigma", r"2 \sigma"))
    assert last(usual, density_of) == "proved"
    assert last(wide, density_of) == "undecided"
    assert last(usual, wide, density_of) == "undecided"
    assert last(wide, usual, density_of) == "proved"
