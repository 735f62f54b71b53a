"""The refuter: false claims of the kinds people make are refuted, true ones are not, and what it says can be checked."""

import json
import math
import random
import statistics
import time

import pytest

from derivations.catalogue import DERIVATIONS, prove
from derivations.derivative import derivative_at
from derivations.kernel import (
    Term,
    at_most,
    bind,
    component,
    density,
    equal,
    exp,
    forall,
    forall_in,
    integral,
    log,
    mean,
    number,
    positive,
    product,
    total,
    variable,
)
from derivations.refute import contradicted, refute

from .random_term import Terms
from .reevaluation import OutOfReach, both_sides, rational

X, Z, J, N = variable("x", "x"), variable("z", "z"), variable("j", "index"), variable("J", "natural")
MU, SIGMA = (component(variable(n, "vector"), J) for n in ("mu", "sigma"))
S, T = variable("s", "real"), variable("t", "real")
HALF, ONE = number("1/2"), number(1)
SCALES = (forall(Z, Term("dimension", (Z, N))), forall_in(J, ONE, N, positive(SIGMA)))


def minus(term):
    return number(-1) * term


def p(*targets, given=()):
    return density("p", targets, given)


Q, POSTERIOR = density("q", [Z], [X]), p(Z, given=[X])
NORMAL, STANDARD = bind("normal", J, Z, N, MU, SIGMA**2), bind("normal", J, Z, N, number(0), ONE)


def kl(q, other):
    return bind("kl", Z, q, other)


def normal_kl(body):
    return HALF * total(J, ONE, N, body)


ELBO = mean(Z, Q, log(p(X, given=[Z]))) - kl(Q, p(Z))
ENTROPY = minus(mean(Z, Q, log(Q)))
CLOSED = SIGMA**2 + MU**2 - ONE - log(SIGMA**2)

TRUE = {
    "elbo and gap": (equal(log(p(X)), ELBO + kl(Q, POSTERIOR)), ()),
    "bound": (at_most(ELBO, log(p(X))), ()),
    "entropy form": (equal(ELBO, mean(Z, Q, log(p(X, Z))) + ENTROPY), ()),
    "not negative": (at_most(number(0), kl(Q, p(Z))), ()),
    "bayes": (equal(POSTERIOR, p(X, given=[Z]) * p(Z) / p(X)), ()),
    "jensen": (at_most(mean(Z, Q, log(p(X, Z) / Q)), log(mean(Z, Q, p(X, Z) / Q))), ()),
    "closed form": (equal(kl(NORMAL, STANDARD), normal_kl(CLOSED)), SCALES),
    "mass": (equal(integral(Z, NORMAL), ONE), SCALES),
    "root of a square": (equal((S**2) ** HALF, S), (positive(S),)),
    "log of a product": (equal(log(S * T), log(S) + log(T)), (positive(S), positive(T))),
    "derivative": (equal(bind("derivative", T, S, T**2 * exp(T)), (S**2 + number(2) * S) * exp(S)), ()),
}
FALSE = {
    "sign of the gap": (equal(log(p(X)), ELBO - kl(Q, POSTERIOR)), ()),
    "sign of the KL": (equal(log(p(X)), mean(Z, Q, log(p(X, given=[Z]))) + kl(Q, p(Z)) + kl(Q, POSTERIOR)), ()),
    "equality for a bound": (equal(log(p(X)), ELBO), ()),
    "bound reversed": (at_most(log(p(X)), ELBO), ()),
    "sign of the entropy": (equal(ELBO, mean(Z, Q, log(p(X, Z))) - ENTROPY), ()),
    "lost log": (equal(ELBO, mean(Z, Q, p(X, given=[Z])) - kl(Q, p(Z))), ()),
    "swapped arguments": (equal(ELBO, mean(Z, Q, log(p(X, given=[Z]))) - kl(p(Z), Q)), ()),
    "swapped conditioning": (equal(POSTERIOR, POSTERIOR * p(Z) / p(X)), ()),
    "joint for conditional": (equal(ELBO, mean(Z, Q, log(p(X, Z))) - kl(Q, p(Z))), ()),
    "divergence not symmetric": (equal(kl(Q, p(Z)), kl(p(Z), Q)), ()),
    "divergence below zero": (at_most(kl(Q, p(Z)), number(0)), ()),
    "jensen reversed": (at_most(log(mean(Z, Q, p(X, Z) / Q)), mean(Z, Q, log(p(X, Z) / Q))), ()),
    "missing 1/2": (equal(kl(NORMAL, STANDARD), total(J, ONE, N, CLOSED)), SCALES),
    "sign of the closed form": (equal(kl(NORMAL, STANDARD), minus(normal_kl(CLOSED))), SCALES),
    "sigma for sigma^2": (equal(kl(NORMAL, STANDARD), normal_kl(SIGMA + MU**2 - ONE - log(SIGMA**2))), SCALES),
    "lost square": (equal(kl(NORMAL, STANDARD), normal_kl(SIGMA**2 + MU - ONE - log(SIGMA**2))), SCALES),
    "log sigma": (equal(kl(NORMAL, STANDARD), normal_kl(SIGMA**2 + MU**2 - ONE - log(SIGMA))), SCALES),
    "missing dimension": (equal(kl(NORMAL, STANDARD), normal_kl(SIGMA**2 + MU**2 - log(SIGMA**2)) - HALF), SCALES),
    "wrong range": (
        equal(kl(NORMAL, STANDARD), HALF * total(J, number(2), N, CLOSED)),
        SCALES,
    ),
    "lost determinant": (
        equal(
            NORMAL,
            ((number(2) * Term("pi")) ** N) ** minus(HALF)
            * exp(minus(HALF) * total(J, ONE, N, (component(Z, J) - MU) ** 2 / SIGMA**2)),
        ),
        SCALES,
    ),
    "log of a sum": (equal(log(S + T), log(S) + log(T)), (positive(S), positive(T))),
    "lost absolute value": (equal((S**2) ** HALF, S), ()),
    "derivative of a product": (equal(bind("derivative", T, S, T**2 * exp(T)), number(2) * S * exp(S)), ()),
    "product of sums": (equal(product(J, ONE, N, SIGMA), total(J, ONE, N, SIGMA)), SCALES[1:]),
}  # fmt: skip


@pytest.mark.parametrize("name", FALSE)
def test_false_claims_are_refuted_and_the_values_are_what_they_are_said_to_be(name, seed):
    claim, hypotheses = FALSE[name]
    found = refute(claim, hypotheses, seed=seed)
    assert found is not None
    assert found.claim is claim
    said = rational(found.left), rational(found.right)
    for value, again in zip(said, both_sides(found, hypotheses), strict=True):
        assert math.isclose(value, again, rel_tol=1e-7, abs_tol=1e-7)
    assert said[0] != said[1] if claim.head == "equal" else said[0] > said[1]
    assert json.loads(json.dumps(found.model)) == found.model


@pytest.mark.parametrize("name", TRUE)
def test_true_claims_are_not_refuted(name, seed):
    claim, hypotheses = TRUE[name]
    for k in range(10):
        assert refute(claim, hypotheses, seed=10 * seed + k) is None


@pytest.mark.parametrize("slug", DERIVATIONS)
def test_no_step_and_no_theorem_of_the_catalogue_is_refuted(slug, seed):
    derivation = prove(slug)
    for k in range(10):
        for theorem in (*derivation.theorems, *(s.theorem for s in derivation.steps)):
            found = refute(theorem.conclusion, theorem.hypotheses, seed=10 * seed + k, attempts=4)
            assert found is None, found.words


def test_a_hypothesis_is_respected():
    """``sqrt(s^2) = s`` fails for a negative s only; a model that violates what is supposed is no counterexample."""
    claim = equal((S**2) ** HALF, S)
    found = refute(claim)
    assert rational(found.model["values"]["s"]) < 0
    assert refute(claim, [positive(S)]) is None
    assert refute(claim, [equal(S, number(-1) * S)]) is None


def test_expressions_without_a_value_refute_only_on_request():
    claim = equal(log(number(-1)), number(-1) * log(number(-1)))
    assert refute(claim) is None
    assert "log 5/3" in refute(claim, conventions=True).words
    assert refute(equal(log(number(-1)), log(number(-1))), conventions=True) is None


def test_the_same_seed_gives_the_same_counterexample():
    claim, hypotheses = FALSE["missing 1/2"]
    assert refute(claim, hypotheses, seed=5) == refute(claim, hypotheses, seed=5)
    assert refute(claim, hypotheses, seed=5) != refute(claim, hypotheses, seed=6)


def test_words_name_the_model_and_both_values():
    words = refute(equal(log(p(X)), ELBO)).words
    assert "p(x, z) has the table" in words
    assert "log p(x) is -" in words


def test_no_time_no_answer():
    claim, hypotheses = FALSE["missing 1/2"]
    assert refute(claim, hypotheses, seconds=0) is None


def test_a_median_refutation_takes_less_than_a_tenth_of_a_second():
    times = []
    for claim, hypotheses in FALSE.values():
        start = time.perf_counter()
        refute(claim, hypotheses)
        times.append(time.perf_counter() - start)
    assert statistics.median(times) < 0.1


def test_well_formed_terms_never_raise(seed):
    """Also claims that mean nothing; a claim ``a = a`` is never refuted."""
    rng = random.Random(f"refute {seed}")
    g = Terms(rng)
    for _ in range(150):
        a, b = g.real(2), g.real(2)
        claim = rng.choice((equal, at_most))(a, b)
        hypotheses = [g.proposition(1) for _ in range(rng.randrange(2))]
        for conventions in (False, True):
            refute(claim, hypotheses, seconds=0.2, attempts=4, conventions=conventions)
            assert refute(equal(a, a), hypotheses, seconds=0.2, attempts=4, conventions=conventions) is None


def test_a_wrong_value_is_noticed():
    """The second evaluation is no rubber stamp."""
    found = refute(*FALSE["missing 1/2"][:1], FALSE["missing 1/2"][1])
    mu = next(iter(found.model["components"]["mu"]))
    found.model["components"]["mu"][mu] = "22/7"
    left, _ = both_sides(found, SCALES)
    assert not math.isclose(rational(found.left), left, rel_tol=1e-7)
    with pytest.raises(OutOfReach, match="log"):
        both_sides(
            refute(equal(log(S), S)).__class__(equal(log(number(-1)), S), "0", "0", refute(equal(log(S), S)).model)
        )


def test_one_model_rules_out_most_of_what_is_false_and_nothing_true():
    assert contradicted(equal(ELBO, log(p(X))))
    assert contradicted(at_most(log(p(X)), ELBO))
    assert not contradicted(at_most(ELBO, log(p(X))))
    assert not contradicted(equal(log(p(X)), ELBO + kl(Q, POSTERIOR)))
    # scales are positive there, as a proof may suppose
    assert not contradicted(equal((S**2) ** HALF, S))
    # a function that is differentiated may have to be a density, of which the model knows nothing
    slope = derivative_at(S, S, Term("function", (S, Z), ("q", "real")))
    assert not contradicted(equal(integral(Z, slope), number(0)))
