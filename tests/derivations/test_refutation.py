"""A relation is refuted only if it fails under every meaning, as a claim, in a counterexample that counts."""

import pytest

from derivations.parser import parse
from derivations.refutation import depending, without_proof
from derivations.relation import Judgement
from derivations.surroundings import Surroundings
from derivations.understanding import meanings

HERE = Surroundings()


def refuted(left, relation, right, way=without_proof):
    trees = parse(left), parse(right)
    blank = Judgement("notes.md", 1, 0, 0, relation, left, right, "undecided")
    return way(blank, trees, list(meanings(trees, HERE, relation)), HERE)


def test_a_false_claim_is_refuted_with_the_values_of_its_sides():
    found = refuted(r"\log p(x)", "<=", r"E_{q(z|x)}[\log p(x,z) - \log q(z|x)]")
    assert found.verdict == "refuted"
    assert found.message.startswith("the sides are ")
    assert found.counterexample.startswith("x has 2 values")


@pytest.mark.parametrize(
    ("left", "relation", "right", "message"),
    [
        (r"\log p(x)", ">=", r"E_{q(z|x)}[\log p(x,z) - \log q(z|x)]", "no proof and no counterexample"),
        (r"q(z|x)", "=", r"p(z|x)", "a choice"),
        (r"p(x|c)", "=", r"\int p(x|z) p(z|c) dz", "an assumption of independence"),
        (
            r"\log p(x|c)",
            ">=",
            r"E_{q(z|x)}[\log p(x|z)] - KL(q(z|x)\|p(z|c))",
            "it may hold if p(x | z) is p(x | c, z)",
        ),
    ],
)
def test_what_is_true_a_choice_or_rests_on_independence_is_not(left, relation, right, message):
    found = refuted(left, relation, right)
    assert found.verdict == "undecided"
    assert message in found.message


@pytest.mark.parametrize(
    ("right", "verdict"), [(r"\log p(x|z) - \log p(z)", "refuted"), (r"\log p(x|z) + \log p(z)", "undecided")]
)
def test_up_to_a_constant_the_difference_has_to_vary(right, verdict):
    assert refuted(r"\log p(z|x)", "=", right, depending).verdict == verdict
