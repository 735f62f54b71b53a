"""Equations up to a constant: what is taken away, what varies, and that the difference does not depend on it."""

import pytest

from derivations.constant import (
    Variation,
    constant_proof,
    is_open,
    once,
    only_lacks_constant,
    subject,
    variations,
    varied,
    without_constants,
)
from derivations.kernel import bind, density, log, number, variable
from derivations.meaning import Meaning
from derivations.parser import parse
from derivations.reader import Reading

X, Z = variable("x", "x"), variable("z", "z")
LIKELIHOOD, PRIOR, POSTERIOR = density("p", [X], [Z]), density("p", [Z]), density("p", [Z], [X])
Q = density("q", [Z], [X])


def taken(left, right, symbols=()):
    found = without_constants((parse(left), parse(right)), dict.fromkeys(symbols))
    return None if found is None else (found[0] == (parse("a"), parse("b")), found[1])


@pytest.mark.parametrize("constant", [r"\text{const}", r"\mathrm{const.}", "const", r"\text{constant}", "C", "c"])
def test_a_constant_is_taken_away(constant):
    assert taken("a", f"b + {constant}") == (True, (False, True))
    assert taken(f"a + {constant}", f"{constant} + b") == (True, (True, True))


@pytest.mark.parametrize("side", ["b", "b + 2", "C", "b + C d", "b + C + C^2", r"b + 3 \text{const}", "b + C_1"])
def test_what_is_no_constant_stays(side):
    assert taken("a", side) is None


def test_what_the_text_defines_is_no_constant():
    assert taken("a", "b + C", ["C"]) is None
    assert taken("a", r"b + \text{const}", ["Wordconst"]) is None
    assert taken("a + C d", "b + C") is None


def test_the_subject_is_the_variable_of_a_log_density():
    assert subject(log(POSTERIOR)) == {Z}
    assert subject(number(-1) * log(LIKELIHOOD)) == {X}
    assert subject(POSTERIOR) == subject(bind("kl", Z, Q, PRIOR)) == frozenset()


def meaning(left, right):
    return Meaning((Reading(), Reading()), left, right)


BAYES = meaning(log(POSTERIOR), log(LIKELIHOOD) + log(PRIOR))
WITHOUT_PRIOR = meaning(log(POSTERIOR), log(LIKELIHOOD))


def test_the_difference_does_not_depend_on_the_subject():
    ((about_z,), denied) = variations(BAYES, frozenset())
    assert about_z == Variation(frozenset([Z]))
    assert about_z in denied
    assert constant_proof(BAYES, about_z) is not None
    assert constant_proof(WITHOUT_PRIOR, about_z) is None
    assert varied(WITHOUT_PRIOR, about_z) is not None
    assert varied(BAYES, about_z) is None


def test_what_is_denied_comes_in_one_order_in_every_process():
    numbers = sum((variable(n, "real") for n in "gcadbfe"), start=number(0))
    denied = variations(meaning(numbers, number(0)), frozenset())[1]
    assert [v.words for v in denied] == list("abcdefg")


def test_the_same_difference_depends_on_x():
    about_x = Variation(frozenset([X]))
    assert constant_proof(BAYES, about_x) is None
    assert varied(BAYES, about_x) is not None


def test_of_a_divergence_the_approximation_varies():
    inclusive = meaning(bind("kl", Z, Q, POSTERIOR), bind("expectation", Z, Q, log(Q) - log(density("p", [X, Z]))))
    everything, of_q = variations(inclusive, frozenset())[0]
    assert of_q == Variation(names=frozenset("q"))
    assert constant_proof(inclusive, everything) is None
    assert constant_proof(inclusive, of_q) is not None
    without_entropy = meaning(inclusive.left, bind("expectation", Z, Q, number(-1) * log(density("p", [X, Z]))))
    assert constant_proof(without_entropy, of_q) is None


def test_other_values_have_other_names():
    there = Variation(frozenset([Z]), frozenset("q")).elsewhere(bind("expectation", X, density("q", [X], [Z]), log(Q)))
    assert "q'" in str(there)
    assert variable("z'", "z") in set(there.args[0].args)


def test_a_choice_of_q_is_open():
    q_of_z, other = density("q", [Z]), bind("expectation", X, density("q", [X]), log(density("p", [X, Z])))
    trees = parse(r"\log q(z)"), parse(r"E_{q(x)}[\log p(x, z)]")
    assert is_open(trees, meaning(log(q_of_z), other))
    assert not is_open((parse("p(z|x)"), parse("p(x|z)")), BAYES)
    assert is_open((parse(r"p_\theta(z|x)"), parse("p(x|z)")), BAYES)


def test_hypotheses_are_said_once():
    assert list(once(("p(z) > 0", "p(z') > 0", "q(z') > 0"))) == ["p(z) > 0", "q(z') > 0"]


@pytest.mark.parametrize(
    ("left", "right", "words"),
    [
        (bind("kl", Z, Q, POSTERIOR), bind("expectation", Z, Q, log(Q) - log(LIKELIHOOD) - log(PRIOR)), "q"),
        (log(POSTERIOR), log(LIKELIHOOD) + log(PRIOR), "z"),
        (log(POSTERIOR), log(LIKELIHOOD), ""),
        (bind("kl", Z, Q, POSTERIOR), bind("expectation", Z, Q, log(Q) - log(LIKELIHOOD)), ""),
        (bind("kl", Z, Q, POSTERIOR), log(PRIOR), ""),
    ],
)
def test_an_equation_that_only_lacks_its_constant(left, right, words):
    found = only_lacks_constant(Meaning((Reading(), Reading()), left, right), frozenset())
    assert found == (f"`+ const` is missing: the gap does not depend on {words}" if words else "")
