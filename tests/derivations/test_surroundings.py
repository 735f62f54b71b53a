"""What the text around a relation says of it."""

import pytest

from derivations.kernel import density, variable
from derivations.parser import parse
from derivations.surroundings import Surroundings, approximation, bound_symbols, defined, evidence, weight_defined

X, Z, Y = (variable(n, n) for n in "xzy")


def trees(*sources):
    return list(map(parse, sources))


def test_the_approximation_is_the_one_that_the_text_names():
    assert approximation(trees(r"\log q(z)")) == density("q", [Z])
    assert approximation(trees(r"\log p(x)"), density("q", [Z])) == density("q", [Z])
    assert approximation(trees(r"q(z) q(z|x)")) == density("q", [Z], [X])
    assert approximation(trees(r"q(z|y) q(z)")) is None
    assert approximation([]) == density("q", [Z], [X])


def test_the_evidence_is_of_what_q_is_given():
    both = density("q", [Z], [X, Y])
    assert evidence(both, trees(r"\log p(x|y)")) == density("p", [X], [Y])
    assert evidence(both, trees(r"\log p(y|x)")) == density("p", [Y], [X])
    assert evidence(density("q", [Z], [X]), []) == density("p", [X])


@pytest.mark.parametrize(
    ("source", "name"),
    [
        (r"\mathcal{L}", "ScriptL"),
        (r"\mathcal{L}(\theta, \phi; x)", "ScriptL"),
        (r"\mathcal{L}_{\theta,\phi}(x)", "ScriptL"),
        (r"\text{ELBO}", "ELBO"),
        (r"L(\theta, \phi)", "L("),
        (r"L_\text{VAE}", "L_WordVAE"),
        (r"L", ""),
        (r"-\mathcal{L}", ""),
        (r"\mathcal{H}(q)", ""),
        (r"\sigma", ""),
        (r"\mathcal{L}^2", ""),
    ],
)
def test_symbols_that_may_be_defined(source, name):
    assert defined(parse(source)) == name


def test_symbols_of_bounds():
    assert bound_symbols(parse(r"\log p(x) - \mathcal{L}_\phi(x)")) == {"ScriptL"}
    assert bound_symbols(parse(r"\mathcal{L}_K")) == set()


def test_weights():
    assert weight_defined(parse("w_k")) == ("w", "k")
    assert weight_defined(parse("w_3")) == weight_defined(parse("v_k")) == ("", "")


def test_no_bound_where_q_is_no_law_of_latent_variables():
    assert Surroundings().bound is not None
    assert Surroundings(named={"q": density("q", [X])}, usual=None).bound is None


def test_the_bound_of_a_joint_q_is_that_of_its_conditional_density():
    usual = Surroundings().bound
    assert usual is not None
    assert Surroundings(named={"q": density("q", [X])}).bound == usual
    assert Surroundings(named={"q": density("q", [X, Z])}).bound == usual
    assert Surroundings(named={"q": density("q", [Z])}).bound not in (usual, None)
