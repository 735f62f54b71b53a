"""What a text defines: the ELBO by its name, its negative, symbols of its own, weights, independence."""

import pytest

from derivations.definition import assumptions, with_definitions, within
from derivations.kernel import density, variable
from derivations.manuscript import read_text
from derivations.proofread import proofread
from derivations.surroundings import Surroundings
from derivations.written import written

from .judging import judge

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
    judged = judge(text, "notes.md")
    assert judged[1].verdict == expected


def test_weights_may_be_numbered_with_another_letter():
    first, second = r"\[ w_k = \frac{p(x,z_k)}{q(z_k|x)} \]", r"\[ w_i = \frac{p(x, z_i)}{q(z_i|x)} \]"
    assert set(read(first, second).weights) == {"w"}
    assert set(read(first, r"\[ w_k = p(x|z_k) \]").weights) == set()


TILDE = r"\[ E_{\tilde q(z|x)}[\log p(z)] = E_{p(y|x)} E_{q(z|y)}[\log p(z)] \]"


@pytest.mark.parametrize(
    ("definition", "verdict", "word"),
    [
        (r"\[ \tilde q(z|x) = \int_y q(z|y) p(y|x) dy \]", "undecided", "not used"),
        (r"\[ \tilde q(z|x) = \mathcal{K}[q, p] \]", "undecided", "not used"),
        (r"\[ \tilde q(z|x) = \mathcal{N}(z; \mu, \sigma^2) \]", "refuted", ""),
        ("", "refuted", ""),
    ],
)
def test_a_density_that_is_defined_by_what_is_not_read_leads_to_no_refutation(definition, verdict, word):
    found = list(proofread(chains(definition, TILDE)))[-1]
    assert found.verdict == verdict
    assert word in found.message


def test_a_symbol_for_the_bound_that_is_defined_by_what_is_not_read_leads_to_no_refutation():
    claim = rf"\[ \mathcal{{L}} = {OTHER} + 1 \]"
    before = list(proofread(chains(r"\[ \mathcal{L} = \mathcal{K}[q] \]", claim)))[-1]
    assert before.verdict != "refuted"


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        (r"\sum_{i=1}^N \log p(x_i) \ge \sum_{i=1}^N \mathcal{L}(x_i)", "proved"),
        (r"\sum_{i=1}^N \log p(x_i) \le \sum_{i=1}^N \mathcal{L}(x_i)", "refuted"),
        (r"\sum_{i=1}^N \log p(x_i) = \sum_{i=1}^N \mathcal{L}(x_i) + \sum_{i=1}^N KL(q(z|x_i)\|p(z|x_i))", "proved"),
        (r"\sum_{i=1}^N \log p(x_i) = \sum_{i=1}^N \mathcal{L}(x_i) + KL(q(z|x_1)\|p(z|x_1))", "unparsed"),
        (r"\log p(x) \ge \int_Z q(z|x) \log \frac{p(x,z)}{q(z|x)}", "proved"),
        (r"\log p(x) \le \int_Z q(z|x) \log \frac{p(x,z)}{q(z|x)}", "refuted"),
        (r"\log p(\mathbf{X}) = \log \sum_Z p(\mathbf{X,Z})", "proved"),
        (r"\log p(\mathbf{X}) = \log \sum_Z p(\mathbf{X|Z})", "refuted"),
    ],
)
def test_a_bound_at_numbered_data_integrals_without_a_differential_and_letters_in_one_font(claim, verdict):
    found = list(proofread(chains(r"\[ \mathcal{L}(x) = E_{q(z|x)}[\log p(x,z) - \log q(z|x)] \]", rf"\[ {claim} \]")))
    assert found[-1].verdict == verdict


@pytest.mark.parametrize(
    ("displays", "verdict"),
    [
        ([r"\[ -\mathcal{L}(x) = E_q[\log p(x,z) - \log q(z|x)] \]"], "proved"),
        ([r"\[ \log p(x) \ge E_q[\log p(x,z) - \log q(z|x)] = -\mathcal{L}(x) \]"], "proved"),
        ([r"\[ \log p(x) \ge E_q[\log p(x,z) + \log q(z|x)] = -\mathcal{L}(x) \]"], "refuted"),
        ([rf"\[ -\mathcal{{L}} = {BOUND} \]", rf"\[ \mathcal{{L}} = {LOSS} \]"], "proved"),
        ([rf"\[ -\mathcal{{L}} = {BOUND} \]", rf"\[ \mathcal{{L}} = {BOUND} \]"], "refuted"),
        ([rf"\[ \mathcal{{L}} = {BOUND} \]", rf"\[ -\mathcal{{L}} = {LOSS} \]"], "proved"),
        ([rf"\[ \mathcal{{L}} = {BOUND} \]", rf"\[ -\mathcal{{L}} = {BOUND} \]"], "refuted"),
        (
            [r"\[ -\mathcal{L}(x, y) = E_{q(z|x,y)}[\log p(x|y,z) + \log p(y) + \log \frac{p(z)}{q(z|x,y)}] \]"],
            "undecided",
        ),
    ],
)
def test_a_bound_may_be_written_as_the_negative_of_a_symbol(displays, verdict):
    assert list(proofread(chains(*displays)))[-1].verdict == verdict


PARTS = r"\[ E_{q(u,z|x)}[\log q(u,z|x)] = E_{q(u|x)}[\log q(u|x)] + E_{q(z|x)}[\log q(z|x)] \]"
MEAN_FIELD = r"q(u,z|x) = q(u|x) q(z|x)"
STRUCTURED = r"We drop this: \[ q(u,z|x) = q(u|x) q(z|u,x) \]"


@pytest.mark.parametrize(
    ("texts", "verdict"),
    [
        ([f"Assume that ${MEAN_FIELD}$.", PARTS], "proved"),
        ([PARTS, "", f"where ${MEAN_FIELD}$."], "proved"),
        ([f"Assume that ${MEAN_FIELD}$.", *[""] * 50, PARTS], "proved"),
        ([f"Assume that ${MEAN_FIELD}$.", STRUCTURED, PARTS], "refuted"),
        ([STRUCTURED, f"Assume that ${MEAN_FIELD}$.", PARTS], "proved"),
        ([PARTS, *[""] * 50, f"Assume that ${MEAN_FIELD}$."], "refuted"),
        ([f"If they were independent, ${MEAN_FIELD}$, nothing would be left.", "", PARTS], "refuted"),
    ],
)
def test_independence_is_supposed_from_where_a_text_says_so_until_it_says_otherwise(texts, verdict):
    found = judge("\n".join(texts))
    assert next(j.verdict for j in found if j.lhs.startswith("E_{q(u,z|x)}")) == verdict


@pytest.mark.parametrize("index", "klimn")
def test_weights_of_any_index(index):
    size = index.upper() if index != "i" else "K"
    said = rf"Let $w_{index} = p(x|z_{index})$ with $z_{index} \sim p(z)$. "
    for claim, verdict in (
        (rf"p(x) \approx \frac1{size}\sum_{{{index}=1}}^{size} w_{index}", "proved"),
        (rf"p(x) \approx \sum_{{{index}=1}}^{size} w_{index}", "refuted"),
    ):
        assert judge(f"{said}Then ${claim}$", "notes.md")[-1].verdict == verdict
