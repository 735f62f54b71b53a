"""Points by their components, densities by their logarithms, expectations under another law."""

import pytest

from derivations.assumption import settle
from derivations.change_of_variables import (
    affine,
    by_logarithm,
    component_of_tuple,
    normal_by_logarithm,
    quotient,
    reparameterized,
    standardised,
    substituted,
    transported,
)
from derivations.conversion import prove_equal
from derivations.conversion import same as identity
from derivations.kernel import (
    KernelError,
    Term,
    bind,
    component,
    exp,
    infer,
    log,
    mean,
    number,
    product,
    variable,
)
from derivations.latex import text

from .numeric_model import NumericModel, plane

I, J = variable("i", "index"), variable("j", "index")
N, A = variable("J", "natural"), variable("a", "real")
MU, SIGMA = variable("mu", "vector"), variable("sigma", "vector")
E, Z = variable("epsilon", "epsilon"), variable("z", "z")
ZERO, ONE, TWO = map(number, range(3))
MOVED = component(MU, J) + component(SIGMA, J) * component(E, J)
POINT = Term("tuple", (N, MOVED), ("z",), J)
LAW = bind("normal", J, Z, N, component(MU, J), component(SIGMA, J) ** 2)
STANDARD = bind("normal", J, E, N, ZERO, ONE)
VALUE = Term("function", (Z,), ("f", "real"))
ENV = {
    N.data: 2,
    MU.data: [0.6, -0.4],
    SIGMA.data: [0.7, 1.2],
    E.data: [0.3, -0.8],
    Z.data: [0.1, 0.5],
    I.data: 2,
    A.data: 1.3,
}
MODEL = NumericModel({"z": plane(), "epsilon": plane()}, {"f": lambda z: z[0] ** 2 * z[1] + 2})


def holds(theorem):
    theorem = settle(theorem)
    return all(MODEL.truth(h, ENV) for h in theorem.hypotheses) and MODEL.truth(theorem.conclusion, ENV)


def test_a_component_of_a_point():
    theorem = component_of_tuple(component(POINT, I))
    assert text(theorem.sides[1]) == "mu_i + sigma_i epsilon_i"
    assert {text(h) for h in theorem.hypotheses} == {"z in R^J", "i in {1, .., J}"}
    assert holds(theorem)
    for wrong in (component(Z, I), POINT, component(MU, I)):
        with pytest.raises(KernelError, match="not a component of a point given by its components"):
            component_of_tuple(wrong)


def test_terms_through_their_logarithms():
    """Products of powers and exponentials are compared through logarithms, and 0 is not."""
    left, right = exp(A) * exp(TWO) * A**2, exp(A + TWO) * A * A
    theorem = prove_equal(left, right, by_logarithm)
    assert {text(h) for h in settle(theorem).hypotheses} == {"a > 0"}
    with pytest.raises(KernelError, match="the two sides do not become equal"):
        prove_equal(left, exp(A + TWO) * A, by_logarithm)
    with pytest.raises(KernelError, match="a number that is not positive"):
        by_logarithm(ZERO * exp(A))


def test_a_normal_through_its_logarithm():
    theorem = normal_by_logarithm(LAW)
    assert theorem.sides[1].head == "exp"
    assert holds(theorem)
    with pytest.raises(KernelError, match="not a normal density"):
        normal_by_logarithm(log(LAW))


def test_the_density_of_the_affine_image():
    at_point = bind("normal", J, POINT, N, component(MU, J), component(SIGMA, J) ** 2)
    theorem = standardised(E)(at_point)
    assert theorem.sides == (at_point, STANDARD / product(J, ONE, N, component(SIGMA, J)))
    assert holds(theorem)
    with pytest.raises(KernelError, match="not a normal density at a point given by its components"):
        standardised(E)(LAW)
    plain = bind("normal", J, POINT, N, component(MU, J), component(SIGMA, J))
    with pytest.raises(KernelError, match="the variance of the normal density is not written as a square"):
        standardised(E)(plain)
    other_mean = bind("normal", J, POINT, N, ZERO, component(SIGMA, J) ** 2)
    with pytest.raises(KernelError, match="the two sides do not become equal"):
        standardised(E)(other_mean)


def test_an_expectation_is_reparameterized():
    theorem = reparameterized(E)(mean(Z, LAW, VALUE))
    assert text(theorem.sides[1]) == text(mean(E, STANDARD, Term("function", (POINT,), ("f", "real"))))
    assert holds(theorem)
    with pytest.raises(KernelError, match="not an expectation under a normal density"):
        reparameterized(E)(VALUE)


def test_a_change_of_variables_is_supposed_to_be_one():
    convert = substituted(Z, POINT, E, A)
    theorem = convert(mean(Z, LAW, VALUE))
    assert [h.head for h in theorem.hypotheses] == ["bijection"]
    assert not holds(theorem)  # the volume factor of the model is 0.84, not 1.3
    assert holds(theorem) is False
    assert holds(affine(E, Z, LAW)(mean(Z, LAW, VALUE)))
    with pytest.raises(KernelError, match="not an integral over the variable"):
        convert(mean(E, STANDARD, ONE))


def test_an_expectation_under_a_density_that_is_written_out():
    law = Term("density", (Z,), ("q", 1))
    spread = A**-1 * exp(number("-1/2") * bind("sum", J, ONE, N, (component(Z, J) / A) ** 2))
    volume = ((TWO * Term("pi")) ** N) ** number("1/2")
    written, image = spread * A / (volume * A**N), Term("tuple", (N, A * component(E, J)), ("z",), J)
    factor = A**N
    theorem = transported(law, written, image, factor, STANDARD, identity)(mean(Z, law, VALUE))
    model = NumericModel(
        MODEL.spaces, MODEL.functions, {("q", ("z",), ()): lambda z: MODEL.value(written, {**ENV, Z.data: z})}
    )
    assert all(model.truth(h, ENV) for h in theorem.hypotheses)
    assert model.truth(theorem.conclusion, ENV)
    with pytest.raises(KernelError, match="the two sides do not become equal"):
        transported(law, written, image, A, STANDARD, identity)(mean(Z, law, VALUE))
    with pytest.raises(KernelError, match="not an expectation under the density"):
        transported(law, written, image, factor, STANDARD, identity)(mean(Z, LAW, VALUE))


def test_a_quotient():
    entry = component(MU, I)
    theorem = quotient(infer("assume", Term("equal", (A * entry, TWO))))
    assert theorem.sides == (A, TWO / entry)
