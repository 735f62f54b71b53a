"""What a counterexample says."""

from derivations.counterexample import Counterexample, short
from derivations.kernel import at_most, equal, log, number, variable
from derivations.refute import refute

S = variable("s", "real")
EMPTY = {"spaces": {}, "values": {}, "components": {}, "densities": {}, "functions": {}, "conventions": {}}


def test_values_are_shown_to_as_many_digits_as_tell_them_apart():
    model = {**EMPTY, "values": {"s": "3/7"}}
    found = Counterexample(
        equal(S, log(S)), "[1.00000000000000000123 +/- 1e-20]", "[1.00000000000000000456 +/- 1e-20]", model
    )
    assert found.values == ("1.00000000000000000123", "1.00000000000000000456")
    assert found.words == "s = 3/7; s is 1.00000000000000000123; log s is 1.00000000000000000456"
    assert short("[0.123456789123 +/- 1e-12]") == "0.12345678"
    assert short("[1.23456789123e-30 +/- 1e-42]") == "1.23456789e-30"


def test_the_relation():
    assert refute(at_most(number(2), number(1))).relation == "<="
    assert refute(equal(number(2), number(1))).values == ("2", "1")
