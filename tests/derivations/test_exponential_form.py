"""A family in exponential form: its laws are proved to have it, and what is supposed of them is what is written."""

import pytest
import sympy
from sympy import exp, log

from derivations.conversion import expand, prove_equal
from derivations.exponential_family import A_P, A_Q, ETA, THETA, H, K, M, N, P, Q, T, X, kl_exponential_family
from derivations.exponential_form import along, of_laws, specialised
from derivations.kernel import KernelError
from derivations.latex import text
from derivations.notation import E, Parameter, to_kernel

R, S = Parameter("r"), Parameter("s")
ONE = sympy.Integer(1)


def exponential(density=None, natural=None):
    """The divergence of two exponential laws of rates r and s."""
    with sympy.evaluate(False):
        x = X[1]
        functions = {T(K, X): x, ETA(K): natural or -R, THETA(K): -S, H(X): ONE, A_Q: -log(R), A_P: -log(S), N: ONE}
        theorem = specialised(kl_exponential_family().theorems[0], X, Q(X), M(K), *functions.items())
        return of_laws(theorem, (Q(X), density or R * exp(-(R * x))), (P(X), S * exp(-(S * x))))


def test_of_two_values_the_index_chooses_one():
    assert [along(K, (R, S)).subs(K, k) for k in (1, 2)] == [R, S]
    assert along(K, (R,)) == R


def test_a_theorem_about_all_families_for_one():
    theorem = exponential()
    supposed = set(map(text, theorem.hypotheses))
    assert {"q(x) = r exp(-r x_1) for all x", "p(x) = s exp(-s x_1) for all x"} <= supposed
    with sympy.evaluate(False):
        bregman = -log(S) - -log(R) - sympy.Sum((-S - -R) * E(Q(X), X[1]), (K, 1, 1))
    assert prove_equal(theorem.sides[1], to_kernel(bregman), expand).hypotheses == ()


def test_no_mean_is_supposed():
    """That ``E_q[T] = E_q[T]`` is proved, and discharged."""
    assert not any("]" in line and "=" in line for line in map(text, exponential().hypotheses))


@pytest.mark.parametrize(("density", "natural"), [(exp(-(R * X[1])), None), (None, R), (R**2 * exp(-(R * X[1])), None)])
def test_a_law_of_another_form_is_not_proved_to_have_it(density, natural):
    with pytest.raises(KernelError, match="the two sides do not become equal"):
        exponential(density, natural)
