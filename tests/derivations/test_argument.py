"""A symbol at other parameters than the densities beside it, or than in its definition, is not that symbol."""

import pytest

from .judging import judge

GAP = r"KL(q_\phi(z|x)\|p_\theta(z|x))"
BOUND = r"E_{q_\phi(z|x)}[\log p_\theta(x,z) - \log q_\phi(z|x)]"
PAIRS = {
    "a bound": (rf"$\log p_\theta(x) = \mathcal{{L}}(\theta, \phi; x) + {GAP}$", r"\theta, \phi;", r"\theta, \psi;"),
    "a bound with its parameters below": (
        rf"$\log p_\theta(x) = \mathcal{{L}}_{{\theta, \phi}}(x) + {GAP}$",
        r"L}_{\theta, \phi}",
        r"L}_{\theta, \psi}",
    ),
    "a bound of another model": (
        rf"$\log p_\theta(x) = \mathcal{{L}}(\theta, \phi; x) + {GAP}$",
        r"\mathcal{L}(\theta,",
        r"\mathcal{L}(\theta',",
    ),
    "a definition": (
        rf"Let $\mathcal{{J}} = {BOUND}$. Then $\log p_\theta(x) = \mathcal{{J}} + {GAP}$",
        BOUND,
        BOUND.replace("phi", "psi"),
    ),
    "a symbol at its parameter": (
        r"Let $\mathcal{J}(\phi) = E_{q_\phi(z|x)}[\log p(z)]$. Then $\mathcal{J}(\phi) = E_{q(z|x)}[2 \log p(z)] / 2$",
        r"Then $\mathcal{J}(\phi)",
        r"Then $\mathcal{J}(\psi)",
    ),
    "two symbols": (
        r"Let $\mathcal{J}_\phi = E_{q_\phi(z|x)}[\log p(x,z)]$. Then $\mathcal{J}_\phi + \mathcal{J}_\phi = 2 \mathcal{J}_\phi$",
        r"+ \mathcal{J}_\phi",
        r"+ \mathcal{J}_\psi",
    ),
    "a symbol at its datum": (
        r"Let $\mathcal{J}(x) = KL(q(z|x)\|p(z|x))$. Then $\log p(x) = \mathcal{J}(x) + \mathcal{L}(x)$",
        r"= \mathcal{J}(x) +",
        r"= \mathcal{J}(x') +",
    ),
    "a weight": (
        r"Let $w_k = p(x,z_k) / q_\phi(z_k|x)$. Then $E_{q_\phi(z|x)}[w] = p(x)$",
        r"E_{q_\phi",
        r"E_{q_\psi",
    ),
    "the mean of weights": (
        r"Let $w_k = p(x,z_k) / q_\phi(z_k|x)$. Then $E_{z_{1:K} \sim q_\phi(z|x)}[\frac1K \sum_{k=1}^K w_k] = p(x)$",
        r"\sim q_\phi",
        r"\sim q_\psi",
    ),
    "a weight that the text has": (
        r"Let $w_k = p(z_k|x) / q(z_k|x)$. Then $E_{p(z|x)}[f(z)] = E_{q(z|x)}[w f(z)]$",
        "= p(z_k|x)",
        "= p(x, z_k)",
    ),
}


@pytest.mark.parametrize("what", PAIRS)
def test_a_relation_and_the_same_at_other_parameters(what):
    text, right, wrong = PAIRS[what]
    assert judge(text, "notes.md")[-1].verdict == "proved"
    assert right in text
    assert judge(text.replace(right, wrong), "notes.md")[-1].verdict != "proved"


@pytest.mark.parametrize(
    "text",
    [
        r"$\log p_\theta(x) \ge \mathcal{L}(\theta; x)$, $\mathcal{L}(\theta; x) = E_{q_\phi(z|x)}[\log p_\theta(x,z) - \log q_\phi(z|x)]$",
        r"$\log p(x) = \mathcal{L}(\phi) + KL(q_\phi(z|x)\|p(z|x))$",
        r"$\log p_\phi(x) = \mathcal{L}(\phi, \psi) + KL(q_\psi(z|x)\|p_\phi(z|x))$",
    ],
)
def test_parameters_that_are_left_away_are_no_others(text):
    assert judge(text, "notes.md")[-1].verdict == "proved"


def test_two_definitions_with_other_labels_are_no_equation():
    said = (
        r"Let $\mathcal{J}_\phi = E_{q_\phi(z|x)}[\log p(x,z)]$ and $\mathcal{J}_\psi = E_{q_\psi(z|x)}[\log p(x,z)]$. "
    )
    assert judge(rf"{said}$\mathcal{{J}}_\phi = \mathcal{{J}}_\psi$", "notes.md")[-1].verdict not in (
        "proved",
        "refuted",
    )
    symbol = r"Let $\mathcal{D} = KL(q_\phi(z|x)\|q_\psi(z|x))$. "
    assert judge(rf"{symbol}$\log p(x) = \log p(x) + \mathcal{{D}}$", "notes.md")[-1].verdict != "proved"


def test_what_a_definition_tells_apart_its_symbol_does_too():
    for law, verdict in (("p", "proved"), (r"p_\theta", "undecided")):
        said = rf"Let $\mathcal{{C}} = -E_{{p(x)}}[\log {law}(x)]$. "
        assert judge(rf"{said}Then $\mathcal{{C}} = H(p(x))$", "notes.md")[-1].verdict == verdict
