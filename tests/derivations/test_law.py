"""The laws of a term are those under which it averages, and nothing else."""

from derivations.kernel import bind, density, log, variable
from derivations.law import laws, named_laws

X, Z = variable("x", "x"), variable("z", "z")
Q, PRIOR = density("q", [Z], [X]), density("p", [Z])
EVIDENCE = log(density("p", [X]))
BOUND = bind("expectation", Z, Q, log(density("p", [X], [Z]))) - bind("kl", Z, Q, PRIOR)


def test_laws_of_expectations_divergences_and_integrals():
    assert laws(BOUND) == [(Z, Q)]
    assert laws(bind("integral", Z, PRIOR * log(PRIOR))) == [(Z, PRIOR)]
    assert laws(EVIDENCE) == []


def test_names_are_those_of_the_variable_and_of_the_family():
    assert named_laws(BOUND) == {"z": Q, "q": Q}
    assert named_laws(EVIDENCE) == {}
