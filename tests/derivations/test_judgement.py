"""Relations between terms are decided by conversions with names; a false one is never proved."""

import pytest

from derivations.judgement import prove
from derivations.kernel import alpha_equal, at_most, bind, component, density, equal, log, number, variable

X, Z = variable("x", "x"), variable("z", "z")
Q, PRIOR, POSTERIOR = density("q", [Z], [X]), density("p", [Z]), density("p", [Z], [X])
EVIDENCE = log(density("p", [X]))
JOINT = frozenset({"p", "q"})


def mean(body):
    return bind("expectation", Z, Q, body)


def kl(p):
    return bind("kl", Z, Q, p)


BOUND = mean(log(density("p", [X], [Z]))) - kl(PRIOR)
ELBO = mean(log(density("p", [X, Z])) - log(Q))
CLAIMS = {
    "the ELBO": (ELBO, "=", BOUND, "linearity of the expectation, logarithm of a product"),
    "evidence": (EVIDENCE, "=", BOUND + kl(POSTERIOR), "linearity of the expectation, logarithm of a product"),
    "bound": (EVIDENCE, ">=", BOUND, "the KL divergence is not negative"),
    "Jensen": (
        log(mean(density("p", [X, Z]) / Q)),
        ">=",
        ELBO,
        "the KL divergence is not negative|Jensen's inequality",
    ),
    "Gibbs": (number(0), "<=", kl(PRIOR), "the KL divergence is not negative"),
    "equal sides": (EVIDENCE, "<=", EVIDENCE, "arithmetic"),
}


@pytest.mark.parametrize("what", CLAIMS)
def test_what_is_proved_is_what_was_claimed(what):
    left, relation, right, words = CLAIMS[what]
    proof = prove(left, right, relation, JOINT)
    assert proof is not None
    assert proof.words in words.split("|")
    small, big = (right, left) if relation == ">=" else (left, right)
    claim = equal(left, right) if relation == "=" else at_most(small, big)
    assert alpha_equal(proof.theorem.conclusion, claim)


@pytest.mark.parametrize("what", ["the ELBO", "evidence", "bound", "Gibbs"])
def test_the_wrong_twin_is_not_proved(what):
    left, relation, right, _ = CLAIMS[what]
    wrong = {"=": (left, relation, right + kl(PRIOR)), ">=": (left, "<=", right), "<=": (left, ">=", right)}[relation]
    assert prove(wrong[0], wrong[2], wrong[1], JOINT) is None


def normal_entropy(size):
    j, dimension = variable("j", "index"), variable("J", "natural")
    law = bind("normal", j, Z, size, component(variable("mu", "vector"), j), number(2))
    return bind("integral", Z, law * log(bind("normal", j, Z, dimension, number(0), number(1))))


def test_a_space_of_two_dimensions_is_no_hypothesis():
    dimension = variable("J", "natural")
    same, other = normal_entropy(dimension), normal_entropy(dimension + number(1))
    assert prove(same, same, "=", frozenset()) is not None
    assert prove(same, other, "=", frozenset()) is None
