"""A family in exponential form: its laws are proved to have it, its means are those that are supposed."""

import pytest
import sympy
from sympy import exp, log

from derivations.exponential_family import A_P, A_Q, ETA, THETA, H, K, M, N, P, Q, T, X, kl_exponential_family
from derivations.exponential_form import along, of_laws, specialised
from derivations.kernel import KernelError
from derivations.latex import text
from derivations.notation import Parameter

R, S = Parameter("r"), Parameter("s")


def exponential(mean=1 / R, density=None):
    """The divergence of two exponential laws of rates r and s."""
    with sympy.evaluate(False):
        x = X[1]
        functions = {
            T(K, X): x,
            M(K): mean,
            ETA(K): -R,
            THETA(K): -S,
            H(X): sympy.Integer(1),
            A_Q: -log(R),
            A_P: -log(S),
        }
        theorem = specialised(
            kl_exponential_family().theorems[0], X, Q(X), [(x, mean)], (N, sympy.Integer(1)), *functions.items()
        )
        return of_laws(theorem, (Q(X), density or R * exp(-(R * x))), (P(X), S * exp(-(S * x))))


def test_of_two_values_the_index_chooses_one():
    assert [along(K, (R, S)).subs(K, k) for k in (1, 2)] == [R, S]
    assert along(K, (R,)) == R


def test_a_theorem_about_all_families_for_one():
    supposed = set(map(text, exponential().hypotheses))
    assert {"q(x) = r exp(-r x_1) for all x", "p(x) = s exp(-s x_1) for all x"} <= supposed
    assert "E_{x ~ q(x)}[x_1] = (1 / r)" in supposed


def test_a_law_without_its_normaliser_has_no_such_form():
    with sympy.evaluate(False), pytest.raises(KernelError, match="the two sides do not become equal"):
        exponential(density=exp(-(R * X[1])))


def test_another_mean_is_another_hypothesis():
    assert "E_{x ~ q(x)}[x_1] = r" in set(map(text, exponential(mean=R).hypotheses))


def test_a_mean_that_is_not_told_is_not_made_up():
    with sympy.evaluate(False):
        theorem = kl_exponential_family().theorems[0]
        with pytest.raises(KernelError, match="the two sides do not become equal"):
            specialised(theorem, X, Q(X), [(X[2], R)], (N, sympy.Integer(1)), (T(K, X), X[1]), (M(K), R))
