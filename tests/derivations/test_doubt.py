"""When a relation without proof is better not called false."""

import pytest

from derivations.doubt import doubt, is_assumption
from derivations.parser import parse
from derivations.surroundings import Surroundings
from derivations.understanding import meanings

from .judging import judge

HERE = Surroundings()
SAID = r"$$\log p(x) \ge \mathcal{L}(x) = E_{q(z|x)}[\log p(x,z) - \log q(z|x)]$$ "


def pair(left, right):
    return parse(left), parse(right)


def found(left, right):
    return list(meanings(pair(left, right), HERE))


def test_assumptions_are_told_from_claims():
    assert any(map(is_assumption, found("p(z)", "N(z; 0, I)")))
    assert not any(map(is_assumption, found("p(z)", "p(z|x)")))


@pytest.mark.parametrize(
    ("left", "right", "reason"),
    [
        ("a", "2", "a choice of numbers"),
        (r"\log p(x)", r"\log p(x|z) + a", "what is a"),
        (r"\sum_j \mu_j", r"\sum_{j=1}^{D} \mu_j", "a sum without limits"),
        ("q(z|x)", "p(z|x)", "a choice or a condition"),
        (r"KL(q\|p)", "0", "a choice or a condition"),
        ("p(x,z)", "p(x)p(z)", "an assumption of independence"),
        (r"\int q(z) \log p(z) dz", r"\int N(z;0,I) \log N(z;0,I) dz", "which densities are normal"),
    ],
)
def test_doubts(left, right, reason):
    trees = pair(left, right)
    whole = [m for m in meanings(trees, HERE) if not m.convention]
    assert reason in doubt(trees, whole, HERE)


def test_a_claim_is_not_doubted():
    trees = pair(r"\log p(x,z)", r"\log p(x|z) - \log p(z)")
    assert doubt(trees, list(meanings(trees, HERE)), HERE) == ""


def test_one_letter_for_several_things_is_a_doubt():
    trees = pair("p(x)", "p(X)")
    assert "one letter for several things" in doubt(trees, [], Surroundings(apart=frozenset({"x"})))


@pytest.mark.parametrize(
    ("claim", "verdict", "word"),
    [
        (r"E_{q(z)}[\log p(x,z) - \log q(z)] = E_{p(z|x)}[\log p(x,z) - \log p(z|x)]", "undecided", "choice"),
        (r"\int \log \frac{p(x,z)}{q(z)} q(z) dz = \int \log \frac{p(x,z)}{p(z|x)} p(z|x) dz", "undecided", "choice"),
        (r"\int \log \frac{p(x,z)}{q(z)} q(z) dz = \int \log \frac{p(x,z)}{p(z|x)} q(z) dz", "refuted", ""),
        (r"\int \log \frac{p(x,z)}{q(z)} q(z) dz = \int \log p(x,z) dz", "refuted", ""),
        (r"E_{q(z)}[\log p(x,z)] = E_{p(z|x)}[\log p(x,z)]", "refuted", ""),
        (r"KL(q(z)\|p(z|x)) = KL(q(z)\|p(z))", "refuted", ""),
        (r"E_{q(z|x)}[\log q(z|x)] = E_{p(x)}[E_{q(z|x)}[\log q(z|x)]]", "undecided", "mean over the data"),
        (r"E_{q(z|x)}[\log q(z|x)] = E_{p(x)}[E_{q(z|x)}[\log p(z)]]", "refuted", ""),
        (r"\mathcal{L}(\theta|x) = \log p(x|\theta)", "unparsed", "likelihood"),
    ],
)
def test_the_same_of_another_density_a_mean_on_one_side_and_a_likelihood(claim, verdict, word):
    (found,) = judge(f"$${claim}$$", "notes.md")
    assert found.verdict == verdict
    assert word in found.message


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (r"$$\log p(x) = -\mathcal{L}(x) + KL(q(z|x)\|p(z|x))$$", "undecided"),
        (r"$$\log p(x) = -\text{ELBO}(x) + KL(q(z|x)\|p(z|x))$$", "refuted"),
        (r"$$\log p(x) = \mathcal{L}(x) - KL(q(z|x)\|p(z|x))$$", "refuted"),
        (SAID + r"$$\log p(x) = -\mathcal{L}(x) + KL(q(z|x)\|p(z|x))$$", "refuted"),
        (r"$$\langle \log p(z) \rangle_q(z) = \int q(z) \log p(z) dz$$", "proved"),
        (r"$$\langle \log p(z) \rangle_q(z) = \int p(z) \log p(z) dz$$", "refuted"),
    ],
)
def test_the_sign_of_a_bound_that_is_not_said_and_a_law_behind_its_brackets(text, verdict):
    assert judge(text, "notes.md")[-1].verdict == verdict


@pytest.mark.parametrize(
    ("left", "right", "verdict"),
    [
        ("q(z|x, y)", r"\frac12 q(z|x) + \frac12 q(z|y)", "undecided"),
        ("q(z|x, y)", r"\frac12 q(z|x) + \frac13 q(z|y)", "refuted"),
        ("q(z|x)", r"\frac12 q(z|x) + \frac12 q(z|y)", "refuted"),
        ("q(z|x, y)", r"\frac12 q(z|x) + \frac12 p(z|y)", "refuted"),
    ],
)
def test_a_mixture_of_experts_is_a_choice(left, right, verdict):
    assert judge(f"$${left} = {right}$$", "notes.md")[-1].verdict == verdict


def test_a_prior_pi_is_no_number():
    assert judge(r"$$p(x,z) = p(x|z) \pi(z)$$", "notes.md")[-1].verdict == "unparsed"
    assert judge(r"$$E_{q(z|x)}[\pi (1 - \pi)] = \pi - \pi^2$$", "notes.md")[-1].verdict == "proved"
    assert judge(r"$$E_{q(z|x)}[\pi (1 - \pi)] = 1 - \pi^2$$", "notes.md")[-1].verdict == "undecided"
