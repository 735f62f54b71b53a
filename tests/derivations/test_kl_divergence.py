"""The Gaussian divergence as the exercise prints it (problem 1.7), in kernel terms written here, and against quadrature."""

import random

import mpmath
import pytest

from derivations.evaluation import evaluate
from derivations.kernel import Term, bind, equal, log, number, variable
from derivations.kl_divergence import (
    kl_normal,
    kl_normal_diagonal,
    kl_normal_standard,
    normal_cross_entropy,
    normal_negative_entropy,
)
from derivations.latex import text

from .test_elbo import same_up_to_grouping

Z, J, N = variable("z", "z"), variable("j", "index"), variable("J", "natural")
ONE, TWO, HALF = number(1), number(2), number("1/2")
MU, SIGMA = (Term("component", (variable(n, "vector"), J)) for n in ("mu", "sigma"))
Z_J = Term("component", (Z, J))
Q = bind("normal", J, Z, N, MU, SIGMA**2)
P = bind("normal", J, Z, N, number(0), ONE)
CONSTANT = number(-1) * (N / TWO) * log(TWO * Term("pi"))


def total(body):
    return bind("sum", J, ONE, N, body)


def integral(body):
    return bind("integral", Z, Q * body)


def mean(body):
    return bind("expectation", Z, Q, body)


def minus(term):
    return number(-1) * term


ENTROPY = CONSTANT - HALF * total(log(SIGMA**2) + ONE)
CROSS = CONSTANT - HALF * total(MU**2 + SIGMA**2)
VOLUME = ((TWO * Term("pi")) ** N * bind("product", J, ONE, N, SIGMA**2)) ** HALF
LINES = {
    normal_negative_entropy: [
        integral(log(Q)),
        mean(log(Q)),
        mean(log(VOLUME**-1 * Term("exp", (minus(HALF) * total((Z_J + minus(MU)) ** 2 / SIGMA**2),)))),
        CONSTANT + total(minus(HALF) * log(SIGMA**2) - (TWO * SIGMA**2) ** -1 * mean((Z_J + minus(MU)) ** 2)),
        CONSTANT + total(minus(HALF) * log(SIGMA**2) - HALF),
        ENTROPY,
    ],
    normal_cross_entropy: [
        integral(log(P)),
        mean(log(P)),
        mean(log((((TWO * Term("pi")) ** N) ** HALF) ** -1 * Term("exp", (minus(HALF) * total(Z_J**2),)))),
        CONSTANT - HALF * mean(total(Z_J**2)),
        CROSS,
    ],
    kl_normal_standard: [
        minus(bind("kl", Z, Q, P)),
        integral(log(P) - log(Q)),
        integral(log(P)) - integral(log(Q)),
        CROSS - ENTROPY,
        HALF * total(ONE + log(SIGMA**2) - MU**2 - SIGMA**2),
    ],
}


def signs_apart(term):
    """-1/2 as a factor -1 and a factor 1/2, one factor 1 left out: how a minus is written is not the statement."""
    if term.head == "number" and term.data[0] < 0 and term != number(-1):
        return minus(number(-term.data[0]))
    return Term(term.head, tuple(map(signs_apart, term.args)), term.data, term.bound)


@pytest.mark.parametrize("derivation", LINES, ids=lambda d: d.__name__)
def test_lines_of_the_exercise(derivation):
    proved = derivation()
    lines = [proved.parts[0].start, *(s.expression for s in proved.steps)]
    assert len(lines) == len(LINES[derivation])
    for line, expected in zip(lines, LINES[derivation], strict=True):
        assert same_up_to_grouping(signs_apart(line), signs_apart(expected))
    statement = equal(LINES[derivation][0], LINES[derivation][-1])
    assert same_up_to_grouping(signs_apart(proved.theorems[0].conclusion), signs_apart(statement))


def test_a_line_that_is_not_in_the_exercise():
    wrong = HALF * total(ONE + log(SIGMA) - MU**2 - SIGMA**2)
    assert not same_up_to_grouping(signs_apart(kl_normal_standard().steps[-1].expression), signs_apart(wrong))


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_closed_form_is_the_integral(dimension, seed):
    """The proved right side against the defining integral, one dimension after the other (the density factorises)."""
    rng = random.Random(f"kl {dimension} {seed}")
    mu, sigma = ([rng.uniform(a, 2) for _ in range(dimension)] for a in (-2, 0.3))
    closed = kl_normal_standard().theorems[0].sides[1]
    value = evaluate(closed, {"J": dimension, "mu": mu, "sigma": sigma}, digits=30)
    with mpmath.workdps(40):
        reference = mpmath.mpf(0)
        for m, s in zip(map(mpmath.mpf, mu), map(mpmath.mpf, sigma), strict=True):

            def integrand(z, m=m, s=s):
                q = mpmath.npdf(z, m, s)
                return q * mpmath.log(mpmath.npdf(z, 0, 1) / q)

            reference += mpmath.quad(integrand, mpmath.linspace(m - 16 * s, m + 16 * s, 9))
        assert abs(mpmath.mpf(value.mid().str(35, radius=False)) - reference) < mpmath.mpf(10) ** -25
        doubled = evaluate(closed * TWO, {"J": dimension, "mu": mu, "sigma": sigma})
        assert abs(mpmath.mpf(doubled.mid().str(35, radius=False)) - reference) > mpmath.mpf(10) ** -3


def test_nothing_depends_on_the_dimension():
    """One proof for all J: the symbol is in the statement, and the proof does not grow with it."""
    from derivations.kernel import free

    assert N in free(kl_normal_standard().theorems[0].conclusion)


def divergence_by_quadrature(mu, sigma, nu, tau):
    """KL of two normals on the line from its definition, to 30 digits."""
    m, s, n, t = map(mpmath.mpf, (mu, sigma, nu, tau))

    def integrand(z):
        q = mpmath.npdf(z, m, s)
        return q * mpmath.log(q / mpmath.npdf(z, n, t)) if q else mpmath.mpf(0)

    return mpmath.quad(integrand, mpmath.linspace(m - 16 * s, m + 16 * s, 9))


def test_two_normals_are_the_integral(seed):
    """The closed forms against the defining integrals, summed over the dimensions; the swapped divergence is another."""
    rng = random.Random(f"two normals {seed}")
    mu, nu = ([rng.uniform(-2, 2) for _ in range(3)] for _ in range(2))
    sigma, tau = ([rng.uniform(0.3, 2) for _ in range(3)] for _ in range(2))
    with mpmath.workdps(40):
        each = [divergence_by_quadrature(*values) for values in zip(mu, sigma, nu, tau, strict=True)]
        swapped = divergence_by_quadrature(nu[0], tau[0], mu[0], sigma[0])
        single = kl_normal().theorems[0].sides[1]
        value = evaluate(single, {"mu": mu[0], "sigma": sigma[0], "nu": nu[0], "tau": tau[0]}, digits=30)
        several = kl_normal_diagonal().theorems[0].sides[1]
        values = evaluate(several, {"J": 3, "mu": mu, "sigma": sigma, "nu": nu, "tau": tau}, digits=30)
        found, total_found = (mpmath.mpf(v.mid().str(35, radius=False)) for v in (value, values))
        assert abs(found - each[0]) < mpmath.mpf(10) ** -25
        assert abs(total_found - sum(each)) < mpmath.mpf(10) ** -24
        assert abs(swapped - each[0]) > mpmath.mpf(10) ** -6


def test_two_normals_suppose_their_scales_only():
    assert sorted(map(text, kl_normal().hypotheses)) == ["sigma > 0", "tau > 0", "z in R^1"]
    assert len(kl_normal_diagonal().hypotheses) == 3
    assert kl_normal_diagonal().theorems[0].conclusion.head == "equal"
