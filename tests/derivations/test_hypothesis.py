"""Equations that are supposed are printed as they were written."""

import pytest
import sympy

from derivations.hypothesis import assumed, discharged, inside, renamed, supposing
from derivations.kernel import KernelError, equal, forall, infer, number, positive, variable
from derivations.notation import Parameter

MU, SIGMA = variable("mu", "real"), variable("sigma", "real")


def test_what_is_supposed_is_what_was_written():
    with sympy.evaluate(False):
        convert = supposing(Parameter("mu") + 1, Parameter("sigma"))
    theorem = convert(MU + number(1))
    assert theorem.hypotheses == (theorem.conclusion,) == (equal(MU + number(1), SIGMA),)
    for wrong in (SIGMA, MU, number(1) + MU):
        with pytest.raises(KernelError, match="not the left side of what is supposed"):
            convert(wrong)
    assert assumed(MU, SIGMA)(MU).sides == (MU, SIGMA)


def test_only_the_names_of_bound_variables_are_changed():
    theorem = infer("assume", forall(MU, positive(MU**2)))
    assert renamed(theorem, forall(SIGMA, positive(SIGMA**2))).hypotheses == (forall(SIGMA, positive(SIGMA**2)),)
    for other in (forall(SIGMA, positive(SIGMA)), positive(SIGMA**2)):
        assert renamed(theorem, other).hypotheses == theorem.hypotheses


def test_a_hypothesis_for_all_values_is_discharged_by_a_proof_of_what_it_says():
    for_all = forall(SIGMA, positive(number(1) + SIGMA**0))
    theorem, proof = infer("assume", for_all), infer("positivity", inside(for_all).args[0])
    assert inside(for_all) == proof.conclusion
    assert discharged(theorem, for_all, proof).hypotheses == forall_all(proof.hypotheses)
    other = infer("positivity", number(1))
    assert for_all in discharged(theorem, for_all, other).hypotheses


def forall_all(hypotheses):
    return tuple(forall(SIGMA, h) for h in hypotheses)
