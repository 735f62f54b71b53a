"""What a text defines: the ELBO by its name, its negative, symbols of its own, weights, independence."""

import pytest

from derivations.definition import assumptions, with_definitions, within
from derivations.kernel import density, variable
from derivations.manuscript import read_text
from derivations.proofread import proofread
from derivations.surroundings import Surroundings
from derivations.written import written

BOUND = r"\mathbb{E}_q[\log p(x|z)] - KL(q(z|x)\|p(z))"
LOSS = r"KL(q(z|x)\|p(z)) - \mathbb{E}_q[\log p(x|z)]"
OTHER = r"\mathbb{E}_q[\log p(x|z)] + KL(q(z|x)\|p(z))"
EVIDENCE = r"\[ \log p(x) \ge \mathcal{L} \]"


def chains(*displays):
    return written(read_text("\n".join(displays), "notes.tex").formulas)


def read(*displays):
    return with_definitions(chains(*displays), Surroundings())


@pytest.mark.parametrize(
    ("displays", "positive", "negative", "symbols"),
    [
        ([rf"\[ \mathcal{{L}} = {BOUND} \]"], {"ScriptL"}, set(), set()),
        ([rf"\[ \mathcal{{L}} = {LOSS} \]"], set(), {"ScriptL"}, set()),
        ([rf"\[ \mathcal{{L}} = {OTHER} \]"], set(), set(), {"ScriptL"}),
        ([rf"\[ \mathcal{{L}} = {OTHER} \]", EVIDENCE], {"ScriptL"}, set(), set()),
        ([rf"\[ \mathcal{{L}} := {OTHER} \]", EVIDENCE], set(), set(), {"ScriptL"}),
        ([rf"\[ \text{{ELBO}} := {OTHER} \]"], {"ELBO"}, set(), set()),
        ([rf"\[ L_\text{{VAE}} = {LOSS} \]"], set(), set(), {"L_WordVAE"}),
    ],
)
def test_a_bound_is_the_elbo_unless_the_text_defines_it(displays, positive, negative, symbols):
    around = read(*displays)
    assert (around.positive, around.negative, set(around.symbols)) == (positive, negative, symbols)


def test_weights_are_as_the_text_has_them():
    (index, tree) = read(r"\[ w_i = \frac{p(z_i)}{q(z_i)} \]").weights["w"]
    assert index == "i"
    assert tree != read("$a = b$").weights["w"][1]


def test_supposed_independence():
    (supposed,) = assumptions(chains("$q(z_1, z_2) = q(z_1) q(z_2)$"))
    assert (supposed.family, supposed.names) == ("q", {"z_1", "z_2"})
    (of_logs,) = assumptions(chains(r"$\log q(z_1, z_2) = \log(q(z_1) q(z_2))$"))
    assert of_logs == supposed
    assert list(assumptions(chains("$p(x, z) = p(x|z) p(z)$"))) == []


def test_the_law_of_a_chain():
    (chain,) = chains(r"\[ \log q(z) = \log q(z) \]")
    assert within(chain, Surroundings()).named["q"] == density("q", [variable("z", "z")])


@pytest.mark.parametrize(
    ("second", "expected"),
    [(r"\log \sigma_j^2", "proved"), (r"\log \sigma_j", "undecided"), (r"\log {\sigma_{j}^2}", "proved")],
)
def test_a_letter_that_is_defined_twice_stands_for_nothing(second, expected):
    closed = r"$KL(q(z|x)\|p(z)) = \frac12\sum_{j=1}^J(\mu_j^2 + e^{s_j} - 1 - s_j)$"
    text = rf"Let $s_j = \log \sigma_j^2$, so that {closed}. Below, $s_j = {second}$."
    judged = list(proofread(written(read_text(text, "notes.md").formulas)))
    assert judged[1].verdict == expected


def test_weights_may_be_numbered_with_another_letter():
    first, second = r"\[ w_k = \frac{p(x,z_k)}{q(z_k|x)} \]", r"\[ w_i = \frac{p(x, z_i)}{q(z_i|x)} \]"
    assert set(read(first, second).weights) == {"w"}
    assert set(read(first, r"\[ w_k = p(x|z_k) \]").weights) == set()
