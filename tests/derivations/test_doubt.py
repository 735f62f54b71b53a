"""When a relation without proof is better not called false."""

import pytest

from derivations.doubt import doubt, is_assumption
from derivations.meaning import meanings
from derivations.surroundings import Surroundings
from derivations.syntax import parse

HERE = Surroundings()


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
