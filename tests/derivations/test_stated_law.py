"""The laws that are stated beside a formula, by variable."""

import pytest

from derivations.kernel import density, variable
from derivations.manuscript import read_text
from derivations.stated_law import stated_laws
from derivations.written import written

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
        (r"z } \sim p(z)", {}),
    ],
)
def test_laws(source, laws):
    assert stated_laws([source])[0] == laws


def test_two_laws_are_none():
    assert stated_laws([r"z \sim p(z)", r"z \sim q(z|x)", r"x \sim p(x)"])[0] == {"x": density("p", [X])}


def test_a_standard_normal_law_is_the_prior_or_that_of_the_noise():
    noise = variable("epsilon", "epsilon")
    assert stated_laws([r"z \sim N(0, I)"]) == ({}, {"z": PRIOR})
    assert stated_laws([r"\epsilon^{(l)} \sim \mathcal{N}(\mathbf{0}, I)"]) == ({}, {"epsilon": density("p", [noise])})
    assert stated_laws([r"z \sim N(\mu, I)", r"x \sim N(0, I)"]) == ({}, {})


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
