"""A meaning says in words how its sides were read, and what it rests on."""

from derivations.kernel import bind, density, log, variable
from derivations.meaning import Meaning
from derivations.reader import Reading

Z = variable("z", "z")
Q, P = density("q", [Z]), density("p", [Z])
WIDE = bind("expectation", Z, Q, log(P) + log(Q))
NARROW = bind("expectation", Z, Q, log(P)) + log(Q)


def meaning(left, right, *readings, **words):
    return Meaning(readings or (Reading(), Reading()), left, right, **words)


def test_the_reading_of_both_sides_is_said_once_where_it_is_the_same():
    same, other = meaning(P, Q), meaning(P, Q, Reading(), Reading(scalar=True))
    assert "left side" not in same.reading
    assert other.reading.startswith("left side")


def test_what_is_supposed_is_the_convention_and_the_words():
    assert meaning(P, Q).suppositions == ()
    assert meaning(P, Q, convention="q = N", words=("p is q",)).suppositions == ("q = N", "p is q")


def test_only_an_unusual_scope_is_said():
    unusual = meaning(P, WIDE, Reading(), Reading(wide=True))
    usual = meaning(P, NARROW)
    assert "not as" in unusual.scope([unusual, usual])
    assert usual.scope([unusual, usual]) == ""
