"""The laws that are stated beside a formula, by variable."""

import pytest

from derivations.kernel import density, variable
from derivations.manuscript import read_text
from derivations.stated_law import stated_laws
from derivations.written import written

from .judging import judge

X, Z = variable("x", "x"), variable("z", "z")
PRIOR, POSTERIOR = density("p", [Z]), density("q", [Z], [X])


@pytest.mark.parametrize(
    ("source", "laws"),
    [
        (r"z \sim p(z)", {"z": PRIOR}),
        (r"z^{(l)} \sim q_\phi(z|x)", {"z": POSTERIOR}),
        (r"z_1, \dots, z_K \sim p(z)", {"z": PRIOR}),
        (r"z_{1:K} \sim p(z)", {"z": PRIOR}),
        (r"x \sim p(x), z \sim q(z|x)", {"x": density("p", [X]), "z": POSTERIOR}),
        (r"z \sim \mathcal{N}(0, I)", {}),
        (r"z \sim \mathcal{N}(\mu, \sigma^2)", {}),
        (r"z \sim q", {}),
        (r"z \sim p(x|z)", {}),
        (r"z \sim \text{Uniform}", {}),
        (r"\sim p(z)", {}),
        (r"z_k \sim q(z_k|x)", {"z": POSTERIOR}),
        (r"z^{(i,l)} \sim q(z|x^{(i)})", {"z": POSTERIOR}),
        (r"z_i \sim q(z|x_i)", {}),
        (r"z^{(i)} \sim q(z|x^{(i)})", {}),
        (r"z } \sim p(z)", {}),
    ],
)
def test_laws(source, laws):
    assert stated_laws([source]).laws == laws


def test_two_laws_are_none():
    found = stated_laws([r"z \sim p(z)", r"z \sim q(z|x)", r"x \sim p(x)"])
    assert found.laws == {"x": density("p", [X])}
    assert found.unread == {"z"}


@pytest.mark.parametrize(
    "source",
    [
        r"z \sim \mathcal{N}(0, \sigma^2 I)",
        r"z \sim \mathcal{N}(0, 2)",
        r"z \sim p",
        r"z \sim \text{Uniform}(0, 1)",
        r"z' \sim p(z)",
        r"z_2 \sim p(z)",
        r"z \sim p(x|z)",
        r"2z \sim p(z)",
        r"z + 1 \sim N(0, I)",
        r"z / 2 \sim N(0, 1)",
        r"z \sim N(0, I)^2",
        r"z \sim N(1, 0, I)",
    ],
)
def test_laws_that_are_not_known(source):
    found = stated_laws([source])
    assert (found.laws, found.standard, found.unread) == ({}, {}, {"z"})


def test_the_law_beside_a_formula_counts_more_than_that_before_it():
    beside, before = stated_laws([r"z \sim p(z)"]), stated_laws([r"z \sim q(z|x)", r"x \sim p(x)"])
    assert beside.after(before).laws == {"x": density("p", [X]), "z": PRIOR}
    assert beside.without(frozenset("z")).unread == {"z"}
    assert stated_laws([r"z \sim N(0, 1)"]).without_standard("z").unread == {"z"}


def test_a_standard_normal_law_is_the_prior_or_that_of_the_noise():
    noise = variable("epsilon", "epsilon")
    assert stated_laws([r"z \sim N(0, I)"]).standard == {"z": PRIOR}
    assert stated_laws([r"\epsilon^{(l)} \sim \mathcal{N}(\mathbf{0}, I)"]).standard == {
        "epsilon": density("p", [noise])
    }
    assert stated_laws([r"z \sim N(\mu, I)", r"x \sim N(0, I)"]).standard == {}


@pytest.mark.parametrize(
    ("text", "laws"),
    [
        (r"$a = b, \quad z \sim p$", (r"z \sim p",)),
        (r"$a = b, z \sim p, \quad x \sim q$", (r"z \sim p", r"x \sim q")),
        (r"$a = b$ where $z \sim p$", (r"z \sim p",)),
        (r"Let $z \sim p$. Then $a = b$", (r"z \sim p",)),
        (r"We draw. Let $z \sim p$. Now $a = b$", ()),
        (r"$E_{z \sim p, x \sim q}[a] = b$", ()),
        (r"$a \sim b$", None),
    ],
)
def test_statements_of_laws(text, laws):
    found = [chain.laws + chain.spoken for chain in written(read_text(text, "notes.md").formulas)]
    assert found == ([] if laws is None else [laws])


AVERAGE = r"\frac1L \sum_{l=1}^L p(x|z^{(l)})"
NOISE = r"E_\epsilon[f(\mu + \sigma\epsilon)] = E_{q(z|x)}[f(z)]"
PAIRS = {
    "another variance": (rf"$p(x) \approx {AVERAGE}, \quad z^{{(l)}} \sim N(0, I)$", "N(0, I)", "N(0, 4 I)"),
    "another mean": (rf"$p(x) \approx {AVERAGE}, \quad z^{{(l)}} \sim N(0, I)$", "N(0, I)", r"N(\mu, I)"),
    "one draw of many": (rf"$p(x) \approx {AVERAGE}, \quad z^{{(l)}} \sim p(z)$", r"z^{(l)} \sim", r"z^{(1)} \sim"),
    "noise of another variance": (rf"${NOISE}, \quad \epsilon \sim N(0, I)$", "N(0, I)", r"N(0, \tau^2 I)"),
    "noise of another law": (rf"Let $\epsilon \sim N(0, 1)$. Then ${NOISE}$", "N(0, 1)", "U(0, 1)"),
    "the law of another variable": (
        r"$E[\log q(z|x) - \log p(z)] = KL(q(z|x) \| p(z)), \quad z \sim q(z|x)$",
        r"z \sim q(z|x)",
        r"x \sim q(x)",
    ),
    "two variables": (
        r"$E[\log p(x|z)] = E_{q(z|x)}[\log p(x|z)], \quad z \sim q(z|x)$",
        r"\quad",
        r"\quad x \sim p(x), \quad",
    ),
    "a joint law": (
        r"$E[\log p(x|z)] = E_{q(z|x)}[\log p(x|z)], \quad z \sim q(z|x)$",
        r"z \sim q(z|x)",
        r"x, z \sim p(x, z)",
    ),
    "another variable of the letter": (r"$E[p(x|z)] = p(x), \quad z \sim p(z)$", r"z \sim", r"z' \sim"),
    "another law for each draw": (
        r"$E_{q(z|x)}[\log p(x|z)] \approx \frac1N \sum_{i=1}^N \log p(x|z_i), \quad z_i \sim q(z|x)$",
        r"\sim q(z|x)",
        r"\sim q(z|x_i)",
    ),
    "another parameter": (
        r"$E[\log p(x|z)] = E_{q_\phi(z|x)}[\log p(x|z)], \quad z \sim q_\phi(z|x)$",
        r"z \sim q_\phi",
        r"z \sim q_\psi",
    ),
    "a prior of the text": (
        rf"Let $p(z) = N(z; 0, I)$. $p(x) \approx {AVERAGE}, \quad z^{{(l)}} \sim N(0, I)$",
        "N(z; 0, I)",
        r"N(z; 0, \tau^2 I)",
    ),
    "draws of which the mean names another law": (
        rf"$E_{{q(z|x)}}[p(x|z)] \approx {AVERAGE}, \quad z^{{(l)}} \sim q(z|x)$",
        r"\sim q(z|x)",
        r"\sim N(0, I)",
    ),
}


@pytest.mark.parametrize("what", PAIRS)
def test_a_relation_under_a_law_and_under_another_one(what):
    text, right, wrong = PAIRS[what]
    assert judge(text, "notes.md")[-1].verdict == "proved"
    assert judge(text.replace(right, wrong), "notes.md")[-1].verdict != "proved"


@pytest.mark.parametrize(
    "text",
    [
        r"$E_\epsilon[(\sigma\epsilon)^2] = \sigma^4, \quad \epsilon \sim N(0, \sigma^2)$",
        r"$E_\epsilon[f(\mu + \epsilon)] = E_{q(z|x)}[f(z)], \quad \epsilon \sim N(0, \sigma^2)$",
        r"Instead of $z \sim q(z|x)$ we draw $z \sim p(z)$. Then $E[p(x|z)] = p(x)$.",
        r"We never draw $z \sim p(z)$ but $z \sim p(z|x)$. Then $E[\log p(x,z) - \log p(z|x)] = \log p(x)$.",
        r"Let $p(z) = N(z; m, I)$. $E[p(x|z)] = p(x), \quad z \sim N(m, I)$",
        r"Let $z \sim N(0, 1)$. Then $E_z[f(\mu + \sigma z)] = E_{q(z|x)}[f(z)]$.",
        r"We put the prior $z \sim N(0, I)$. Then $\log p(x) \ge E[\log p(x,z) - \log q(z|x)]$.",
    ],
)
def test_what_is_true_under_a_law_that_is_not_known_is_not_refuted(text):
    assert judge(text, "notes.md")[-1].verdict != "refuted"


@pytest.mark.parametrize(
    ("said", "claim", "verdict"),
    [
        ("p(z) = N(0, 1)", "E_{p(z)}[z^2] = 1", "proved"),
        ("p(z) = N(0, 2)", "E_{p(z)}[z^2] = 1", "undecided"),
        ("p(z) = N(1, 1)", "E_{p(z)}[z] = 0", "undecided"),
        (r"q(z|x) = N(\mu, \sigma^2)", r"E_{q(z|x)}[(z - \mu)^2] = \sigma^2", "proved"),
        (r"q(z|x) = N(\mu, 2\sigma^2)", r"E_{q(z|x)}[(z - \mu)^2] = \sigma^2", "undecided"),
        (r"q(z|x) = N(\mu, \sigma^4)", r"E_{q(z|x)}[(z - \mu)^2] = \sigma^4", "undecided"),
        (r"q(z|x) = N(0, \sigma^2)", r"E_{q(z|x)}[z] = \mu", "undecided"),
        (r"q(z|x) = N(\mu, 1)", r"E_{q(z|x)}[z^2] = 1 + \mu^2", "undecided"),
        (r"q(z|x) = N(\mu, \sigma^2/2)", r"E_{q(z|x)}[(z - \mu)^2] = \sigma^2/2", "undecided"),
        (r"q(z|x) = N(-\mu, \sigma^2)", r"E_{q(z|x)}[z] = -\mu", "undecided"),
        (r"q(z|x) = N(2\mu, \sigma^2)", r"E_{q(z|x)}[z] = \mu", "undecided"),
        (r"q(z|x) = N(\mu(x), \sigma^2(x) I)", r"E_{q(z|x)}[z] = \mu", "proved"),
        (r"q(z|x) = N(0, \sigma^2)", r"E_{q(z|x)}[z^2] = \sigma^2", "undecided"),
        (r"p(\epsilon) = N(0, I)", r"E_{p(\epsilon)}[f(\mu + \sigma\epsilon)] = E_{q(z|x)}[f(z)]", "proved"),
        (r"p(\epsilon) = N(0, 2I)", r"E_{p(\epsilon)}[f(\mu + \sigma\epsilon)] = E_{q(z|x)}[f(z)]", "undecided"),
        (r"\epsilon \sim N(0, 2I)", r"E_{p(\epsilon)}[f(\mu + \sigma\epsilon)] = E_{q(z|x)}[f(z)]", "undecided"),
    ],
)
def test_the_usual_densities_are_not_those_of_a_text_that_has_others(said, claim, verdict):
    assert judge(f"Let ${said}$. Then ${claim}$.", "notes.md")[-1].verdict == verdict


def test_what_is_defined_by_a_mean_under_a_stated_law_is_not_used_elsewhere():
    mean = r"E[\log p(x|z)]"
    for law in ("E_{q(z|x)}", "E_{p(z)}"):
        claim = rf"$\mathcal{{M}} = {mean.replace('E', law)}$"
        assert judge(rf"$$\mathcal{{M}} := {mean}, \quad z \sim p(z)$$ Then {claim}")[-1].verdict not in (
            "proved",
            "refuted",
        )
    assert (
        judge(rf"$$\mathcal{{M}} := {mean}$$ Then $\mathcal{{M}} = {mean.replace('E', 'E_{q(z|x)}')}$")[-1].verdict
        == "proved"
    )


@pytest.mark.parametrize("law", [r"z \sim N(0, 4)", r"z \sim N(0, \tau^2 I)"])
def test_a_closed_form_beside_another_prior(law):
    claim = r"$KL(q(z|x) \| p(z)) = \frac12 (\mu^2 + \sigma^2 - 1 - \log \sigma^2)"
    assert judge(rf"{claim}, \quad z \sim N(0, 1)$")[-1].verdict == "proved"
    assert judge(rf"{claim}, \quad {law}$")[-1].verdict == "undecided"


def test_a_law_in_the_sentences_before_may_be_that_of_the_mean():
    for claim in ("$E[p(x|z)] = p(x)$", "$E[p(x|z)] = E_{q(z|x)}[p(x|z)]$", "$$E_z[p(x|z)] = E_{q(z|x)}[p(x|z)]$$"):
        for between in ("", "The mean is over this $z$. "):
            judged = judge(f"Let $z \\sim p(z)$. {between}{claim}", "notes.md")[-1]
            assert judged.verdict not in ("proved", "refuted")
    for said in ("Let $z \\sim q(z|x)$.", "Let $z \\sim p(z)$. This is the prior. Now for the posterior."):
        assert judge(f"{said} $E[p(x|z)] = E_{{q(z|x)}}[p(x|z)]$", "notes.md")[-1].verdict == "proved"


@pytest.mark.parametrize(("said", "verdict"), [("N(0, 1)", "proved"), ("p(z)", "proved"), ("N(0, 4)", "undecided")])
def test_a_closed_form_after_a_prior(said, verdict):
    claim = r"$KL(q(z|x) \| p(z)) = \frac12 (\mu^2 + \sigma^2 - 1 - \log \sigma^2)$"
    assert judge(rf"Let $z \sim {said}$. {claim}", "notes.md")[-1].verdict == verdict


WEIGHTS = r"\[ w_k = {weight}, \quad z_k \sim {law} \]" + "\n\n" + r"\[ {claim} \]"
RATIO = r"\frac{p(x,z_k)}{q(z_k|x)}"


@pytest.mark.parametrize(
    ("weight", "law", "verdict"),
    [
        (RATIO, "q(z|x)", "proved"),
        (RATIO, "p(z)", "refuted"),
        ("p(x|z_k)", "p(z)", "proved"),
        ("p(x|z_k)", "q(z|x)", "refuted"),
        (RATIO, "N(0, 4)", "unparsed"),
    ],
)
@pytest.mark.parametrize("mean", [r"\mathbb{E}[w_k]", r"\mathbb{E}\left[\frac{1}{K} \sum_{k=1}^K w_k\right]"])
def test_a_law_beside_the_definition_of_a_weight_is_that_of_its_mean(mean, weight, law, verdict):
    text = WEIGHTS.format(weight=weight, law=law, claim=rf"{mean} = p(x)")
    assert judge(text)[-1].verdict == verdict


def test_a_law_of_another_label_than_that_of_the_weight():
    for law, verdicts in ((r"q_\phi(z|x)", {"proved"}), (r"q_\psi(z|x)", {"refuted", "undecided", "unparsed"})):
        weight = r"\frac{p(x,z_k)}{q_\phi(z_k|x)}"
        text = WEIGHTS.format(weight=weight, law=law, claim=r"\mathbb{E}[w_k] = p(x)")
        assert judge(text)[-1].verdict in verdicts


def test_a_symbol_defined_under_a_law():
    for law, verdict in (("p(z)", "refuted"), ("q(z|x)", "proved")):
        text = rf"\[ w = \frac{{p(x,z)}}{{q(z|x)}}, \quad z \sim {law} \]" + "\n\n" + r"\[ \mathbb{E}[w] = p(x) \]"
        assert judge(text)[-1].verdict == verdict


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        (r"\mathbb{E}[f(z_k)] = \mathbb{E}_{q(z|x)}[f(z)]", "proved"),
        (r"\mathbb{E}[f(z_k)] = 2 \mathbb{E}_{q(z|x)}[f(z)]", "refuted"),
        (r"\mathbb{E}[\log w_k] \le \log p(x)", "proved"),
        (r"\mathbb{E}[\log w_k] \ge \log p(x)", "refuted"),
        (r"\mathbb{E}[w_k w_j] = p(x)^2", "unparsed"),  # true if k is not j
        (r"\mathbb{E}[f(z) + f(z_k)] = 2 \mathbb{E}_{q(z|x)}[f(z)]", "unparsed"),
    ],
)
def test_one_numbered_draw_varies_as_any(claim, verdict):
    assert judge(rf"\[ {claim} \]")[-1].verdict == verdict
