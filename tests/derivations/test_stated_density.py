"""What holds for the usual densities is not proved in a text that has others, and what holds for those is not refuted."""

import pytest

from derivations.stated_density import decoders, unusual, varying

from .judging import chains, judge

NORMAL = r"KL(q(z|x)\|p(z)) = \frac12\sum_j (\mu_j^2 + \sigma_j^2 - 1 - \log\sigma_j^2)"
LOGARITHM = r"KL(q(z|x)\|p(z)) = \frac12\sum_j (\mu_j^2 + e^{v_j} - 1 - v_j)"
MARGINAL = r"KL(q(z)\|p(z)) = \frac12\sum_j (\mu_j^2 + \sigma_j^2 - 1 - \log\sigma_j^2)"
FIT = r"\log p(x|z) = -\frac{1}{2\sigma^2}\|x - f(z)\|^2 - \frac{D}{2}\log(2\pi\sigma^2)"
UNIT = r"\log p(x|z) = -\frac{1}{2}\|x - f(z)\|^2 - \frac{D}{2}\log(2\pi)"


@pytest.mark.parametrize(
    ("usual", "others", "claim"),
    [
        (
            [r"p(z) = N(z; 0, I)", r"p(z) = \prod_j N(z_j; 0, 1)", r"p(z_j) = N(z_j; 0, 1)", "p(z) = \\int p(x, z) dx"],
            [
                r"p(z) = \mathrm{Laplace}(0, 1)",
                r"p(z) = \mathcal{U}(0, 1)",
                "p(z) = 1",
                r"p(z) = \frac1K\sum_{k=1}^K q(z|u_k)",
                r"p(z) = \sum_{c=1}^C \pi_c N(z; m_c, I)",
                r"p(z) = \prod_j N(z_j; 0, \tau_j^2)",
                r"p(z_j) = N(z_j; 0, \tau_j^2)",
                r"p(z) = N(z|m, S)",
                r"p(z_j) = \mathrm{Bern}(z_j; \pi)",
            ],
            NORMAL,
        ),
        (
            [
                r"q(z|x) = N(z; \mu, \mathrm{diag}(\sigma^2))",
                r"q(z|x) = \prod_j N(z_j; \mu_j, \sigma_j^2)",
                r"q(z|x) = N(z; \mu, \mathrm{diag}(\sigma_1^2, \dots, \sigma_J^2))",
                r"q(z|x) = \frac{q(x, z)}{q(x)}",
            ],
            [
                r"q(z|x) = \mathrm{Laplace}(z; \mu, \sigma)",
                r"q(z|x) = \mathrm{vMF}(z; \mu, \kappa)",
                r"q(z|x) = N(z; \mu, \mathrm{diag}(\sigma))",
                r"q(z|x) = N(z; \mu, \mathrm{diag}(\sigma^{-2}))",
                r"q(z_j|x) = N(z_j; \mu_j, 2 \sigma_j^2)",
                r"q(z|x) = N(z; \mu, L L^\top)",
                r"q(z|x) = \sum_{c=1}^C \pi_c N(z; \mu, \sigma^2)",
                r"\Sigma = L L^\top",
            ],
            NORMAL,
        ),
        (
            [r"q(z_j|x) = N(z_j; \mu_j, e^{v_j})", r"v_j = \log \sigma_j^2", r"v_j = 2\log \sigma_j"],
            [r"q(z_j|x) = N(z_j; \mu_j, v_j)", r"v_j = \sigma_j^2", r"v_j = \log \sigma_j"],
            LOGARITHM,
        ),
        (["q(z|x) = q(x, z) / q(x)"], [r"q(z) = E_{p_{data}(x)}[q(z|x)]", r"q(z) = \int q(z|x) p(x) dx"], MARGINAL),
        (
            [r"p(x|z) = N(x; f(z), \sigma^2 I)", r"p(x|z) = N(x; f(z), \Sigma)", "p(x|z) = p(x, z) / p(z)"],
            [
                r"p(x|z) = N(x; f(z), 2 \sigma^2 I)",
                r"p(x|z) = N(x; f(z), \sigma I)",
                r"p(x|z) = N(x; f(z), \sigma^{-2} I)",
                r"p(x|z) = N(x; f(z), I)",
                r"p(x|z) = \mathrm{Laplace}(x; f(z), \sigma)",
            ],
            FIT,
        ),
        (
            [r"p(x|z) = N(x; f(z), I)"],
            [r"p(x|z) = N(x; f(z), \sigma^2 I)", r"p(x|z) = N(x; f(z), \tau^2 I)", r"p(x|z) = N(x; f(z), 2 I)"],
            UNIT,
        ),
    ],
)
def test_a_closed_form_in_a_text_with_the_usual_density_and_with_another_one(usual, others, claim):
    for said, verdict in [*((s, "proved") for s in usual), *((s, "undecided") for s in others)]:
        assert judge(f"We have ${said}$. Then ${claim}$.", "notes.md")[-1].verdict == verdict, said


def test_several_decoders_may_be_meant():
    said = r"Either $p(x|z) = N(x; f(z), I)$ or $p(x|z) = N(x; f(z), \sigma^2 I)$. "
    assert len([*decoders(chains(said))]) == 2
    assert all(judge(f"{said}Then ${claim}$.", "notes.md")[-1].verdict == "proved" for claim in (FIT, UNIT))


def test_a_divergence_of_what_the_text_has():
    bare = NORMAL.replace(r"(q(z|x)\|p(z))", "")
    assert judge(f"${bare}$", "notes.md")[-1].verdict == "proved"
    assert judge(f"Let $p(z) = \\mathrm{{Laplace}}(0, 1)$. ${bare}$", "notes.md")[-1].verdict == "unparsed"


def test_a_closed_form_of_another_density_is_not_refuted():
    entropy = r"H(q(z|x)) = \sum_j \log(2 e \sigma_j)"
    assert judge(f"${entropy}$", "notes.md")[-1].verdict == "refuted"
    assert judge(rf"Let $q(z|x) = \mathrm{{Laplace}}(\mu, \sigma)$. ${entropy}$", "notes.md")[-1].verdict == "undecided"


@pytest.mark.parametrize(
    ("said", "letters"),
    [
        (r"$b = b(z)$", {"b"}),
        (r"$c = \log p(x|z)$", {"c"}),
        (r"$b = b(x)$", set()),
        (r"$b = E_{q(z|x)}[f(z)]$", set()),
        (r"$d = z$", set()),
    ],
)
def test_letters_for_what_is_random_are_no_numbers(said, letters):
    assert {*varying(chains(said))} == letters
    score = r"$E_{q_\phi(z|x)}[b \nabla_\phi \log q_\phi(z|x)] = 0$"
    assert judge(f"Let {said}. Then {score}", "notes.md")[-1].verdict == ("unparsed" if "b" in letters else "proved")


def test_no_density_is_unusual_that_nothing_is_said_of():
    assert not {*unusual(chains(r"$p(z, x) = N(x; z, 2)$ and $p(z|y) = N(z; y, I)$ and $v = 2$ and $\Sigma = I$"))}


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        ("p(x,z)", "undecided"),
        ("2 p(z|x)", "undecided"),
        ("p(z|x)", "proved"),
        (r"\frac12 p(z|x) + \frac12 q(z|x)", "proved"),
    ],
)
def test_what_need_not_be_a_density(value, verdict):
    text = rf"Let $\tilde r(z|x) = {value}$. Then $KL(q(z|x)\|\tilde r(z|x)) \ge 0$."
    assert judge(text, "notes.md")[-1].verdict == verdict


def test_a_closed_form_of_one_number_is_not_that_of_a_vector_with_one_variance():
    one, several = r"H(q) = \frac12 \log(2\pi e \sigma^2)", r"H(q) = \frac d2 \log(2\pi e \sigma^2)"
    judged = {
        law: [judge(f"Let $q(z|x) = {law}$. Then $${claim}$$")[-1] for claim in (one, several)]
        for law in (r"N(z; \mu, \sigma^2)", r"N(z; \mu, \sigma^2 I)")
    }
    assert [[j.verdict for j in found] for found in judged.values()] == [
        ["proved", "undecided"],
        ["undecided", "proved"],
    ]
    assert "z is one number" in judged[r"N(z; \mu, \sigma^2 I)"][0].message
