"""Means over numbered draws: linear ones are means under the law, a mean of a logarithm is not."""

import pytest

from derivations.draw import instance, mean_of_draws, numbers, over_draws
from derivations.functional import DRAWS
from derivations.kernel import KernelError, Term, bind, density, equal, log, number, variable
from derivations.reader import OMEGA
from derivations.refute import refute

Z, K, COUNT = variable("z", "z"), variable("k", "index"), variable("K", "natural")
Q = density("q", [Z])
DRAW = Term("function", (K, OMEGA), ("z", "z"))
VALUE = Term("function", (DRAW,), ("f", "real"))
AVERAGE = COUNT**-1 * bind("sum", K, number(1), COUNT, VALUE)
MEAN = bind("expectation", Z, Q, Term("function", (Z,), ("f", "real")))
LAWS = {"z": Q}


def test_the_mean_of_an_average_is_the_mean():
    theorem = mean_of_draws(LAWS)(over_draws(AVERAGE))
    assert theorem.sides[1] == COUNT**-1 * bind("sum", K, number(1), COUNT, MEAN)
    assert any(h.head == "forall_in" for h in theorem.hypotheses)


@pytest.mark.parametrize("body", [log(AVERAGE), AVERAGE * AVERAGE, AVERAGE**2])
def test_what_is_not_linear_is_no_mean(body):
    with pytest.raises(KernelError, match="not a linear combination"):
        mean_of_draws(LAWS)(over_draws(body))


def test_an_instance_has_its_draws_written_out():
    two = instance(over_draws(AVERAGE), LAWS, 2)
    outer = two
    assert outer.head == outer.args[1].head == "expectation"
    assert {outer.args[0], outer.args[1].args[0]} == {density("q", [variable(f"z_{k}", "z")]) for k in (1, 2)}
    assert numbers(AVERAGE) == {COUNT}
    assert DRAWS not in (outer.args[0], outer.args[1].args[0])


def test_instances_tell_right_from_wrong():
    wrong = bind("sum", K, number(1), COUNT, VALUE)
    assert refute(equal(MEAN, instance(over_draws(AVERAGE), LAWS, 2))) is None
    assert refute(equal(MEAN, instance(over_draws(wrong), LAWS, 2))) is not None
