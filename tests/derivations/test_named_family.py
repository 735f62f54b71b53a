"""Exponential families by name: each theorem holds for the laws of SciPy, which know nothing of our formulas."""

import math
from dataclasses import dataclass, replace

import flint
import numpy as np
import pytest
import sympy
from scipy import integrate, special, stats

from derivations.conversion import subterms
from derivations.derivation import StepError
from derivations.evaluation import evaluate
from derivations.exponential_family import P, Q, X
from derivations.kernel import equal
from derivations.named_family import DIVERGENCES, ENTROPIES, FAMILIES, divergence
from derivations.notation import to_kernel

EPSILON = 1e-9  # of the integrals, relative to their size


@dataclass(frozen=True)
class Law:
    """Two laws of SciPy, the parameters that make our family them, and where their points lie."""

    q: tuple
    p: tuple
    law: object
    support: tuple
    discrete: bool = False


def real(function):
    return lambda *args: flint.arb(function(*(float(a) if isinstance(a, flint.arb) else a for a in args)))


INFINITE, COUNTS = (0, math.inf), 400
LAWS = {
    "bernoulli": Law((0.7,), (0.4,), stats.bernoulli, (0, 1), discrete=True),
    "binomial": Law((0.7,), (0.4,), lambda t: stats.binom(5, t), (0, 5), discrete=True),
    "poisson": Law((2.3,), (4.1,), stats.poisson, (0, COUNTS), discrete=True),
    "geometric": Law((0.7,), (0.4,), lambda t: stats.geom(t, loc=-1), (0, COUNTS), discrete=True),
    "exponential": Law((0.7,), (1.9,), lambda t: stats.expon(scale=1 / t), INFINITE),
    "gamma": Law((2.3, 0.7), (1.4, 1.9), lambda a, b: stats.gamma(a, scale=1 / b), INFINITE),
    "inverse-gamma": Law((2.3, 0.7), (1.4, 1.9), lambda a, b: stats.invgamma(a, scale=b), INFINITE),
    "beta": Law((2.3, 1.7), (1.4, 3.1), stats.beta, (0, 1)),
    "laplace": Law((0.7,), (1.9,), lambda t: stats.laplace(0.3, t), (-math.inf, math.inf)),
    "log-normal": Law((0.3, 0.7), (-0.6, 1.3), lambda m, s: stats.lognorm(s, scale=math.exp(m)), INFINITE),
    "pareto": Law((2.3,), (1.4,), lambda a: stats.pareto(a, scale=1.5), (1.5, math.inf)),
    "half-normal": Law((0.7,), (1.9,), lambda s: stats.halfnorm(scale=s), INFINITE),
    "von-mises": Law((0.7,), (1.9,), lambda k: stats.vonmises(k, loc=0.3), (0.3 - math.pi, 0.3 + math.pi)),
}
FUNCTIONS = {
    "Gamma": real(special.gamma),
    "psi": real(special.digamma),
    "I": real(special.i0),
    "r": real(lambda t: special.i1(t) / special.i0(t)),
}
OF_POINTS = {
    "poisson": {"h": lambda x: 1 / special.factorial(x[0])},
    "binomial": {"h": lambda x: special.binom(5, x[0]), "n": 5},
    "laplace": {"d": lambda x: abs(x[0] - 0.3)},
    "von-mises": {"c": lambda x: math.cos(x[0] - 0.3)},
    "pareto": {"s": 1.5},
}


def values_of(name, x=None):
    """Values of the parameters of q and p, of the functions, and of a point."""
    family, law = FAMILIES[name], LAWS[name]
    parameters = zip(sum(family.parameters, ()), (*law.q, *law.p), strict=True)
    extra = {k: real(v) if callable(v) else v for k, v in OF_POINTS.get(name, {}).items()}
    return {**{str(s): v for s, v in parameters}, **FUNCTIONS, **extra, "x": None if x is None else [float(x)]}


def value(name, expression, x=None):
    return float(evaluate(to_kernel(expression), values_of(name, x)))


def mean(name, function):
    """The expectation under SciPy's q."""
    law = LAWS[name]
    q = law.law(*law.q)
    if law.discrete:
        return math.fsum(q.pmf(x) * function(x) for x in range(law.support[0], law.support[1] + 1) if q.pmf(x) > 0)
    points = None if math.inf in map(abs, law.support) else [q.mean()]

    def integrand(x):
        return q.pdf(x) * function(x) if q.pdf(x) > 0 else 0.0

    return integrate.quad(integrand, *law.support, epsabs=0, epsrel=EPSILON, limit=400, points=points)[0]


def log_density(name, which):
    law = LAWS[name]
    frozen = law.law(*(law.q if which == "q" else law.p))
    return frozen.logpmf if law.discrete else frozen.logpdf


def test_every_family_has_a_law():
    assert set(LAWS) | {"categorical", "dirichlet"} == set(FAMILIES)
    assert len(FAMILIES) >= 12


@pytest.mark.parametrize("name", LAWS)
def test_the_divergence_is_that_of_the_laws(name):
    log_q, log_p = log_density(name, "q"), log_density(name, "p")
    expected = mean(name, lambda x: log_q(x) - log_p(x))
    (theorem,) = DIVERGENCES[f"kl-{name}"]().theorems
    found = float(evaluate(theorem.sides[1], values_of(name)))
    assert found == pytest.approx(expected, rel=10 * EPSILON, abs=0)
    law = LAWS[name]
    swapped = {**values_of(name), **values_of_swapped(name)}
    assert law.q != law.p
    assert float(evaluate(theorem.sides[1], swapped)) != pytest.approx(expected, rel=1e-3)


def values_of_swapped(name):
    family, law = FAMILIES[name], LAWS[name]
    return {str(s): v for s, v in zip(sum(family.parameters, ()), (*law.p, *law.q), strict=True)}


@pytest.mark.parametrize("slug", [s for s in ENTROPIES if s.removeprefix("entropy-") in LAWS])
def test_the_entropy_is_that_of_the_law(slug):
    name = slug.removeprefix("entropy-")
    log_q = log_density(name, "q")
    (theorem,) = ENTROPIES[slug]().theorems
    found = float(evaluate(theorem.sides[1], values_of(name)))
    assert found == pytest.approx(-mean(name, log_q), rel=10 * EPSILON, abs=0)


@pytest.mark.parametrize("name", LAWS)
def test_what_is_supposed_holds_for_the_laws(name):
    """The density and the means that the theorems suppose are those of the law: no theorem is about nothing."""
    family, law = FAMILIES[name], LAWS[name]
    with sympy.evaluate(False):
        densities = [family.density(*parameters) for parameters in family.parameters]
    for which, density in zip("qp", densities, strict=True):
        frozen = law.law(*(law.q if which == "q" else law.p))
        for x in (frozen.ppf(u) for u in (0.2, 0.55, 0.9)):
            assert value(name, density, x) == pytest.approx(math.exp(log_density(name, which)(x)), rel=1e-12, abs=0)
    with sympy.evaluate(False):
        means = family.statistics(*family.parameters[0])
    for statistic, expected in means:
        found = mean(name, lambda x, statistic=statistic: value(name, statistic, x))
        assert found == pytest.approx(value(name, expected), rel=10 * EPSILON, abs=1e-12)


@pytest.mark.parametrize("slug", ["kl-categorical", "entropy-categorical", "kl-dirichlet"])
def test_families_of_any_number_of_parameters(slug):
    """Three categories by the definition; two Dirichlet components are a beta law."""
    q, p = [0.2, 0.5, 0.3], [0.4, 0.35, 0.25]
    (theorem,) = {**DIVERGENCES, **ENTROPIES}[slug]().theorems
    if slug == "kl-dirichlet":
        values = {"alpha": [2.3, 1.7], "beta": [1.4, 3.1], "K": 2, **FUNCTIONS}
        expected = mean("beta", lambda x: stats.beta.logpdf(x, 2.3, 1.7) - stats.beta.logpdf(x, 1.4, 3.1))
    else:
        values = {"pi": q, "rho": p, "K": 3}
        expected = stats.entropy(q, p) if slug == "kl-categorical" else stats.entropy(q)
    assert float(evaluate(theorem.sides[1], values)) == pytest.approx(expected, rel=10 * EPSILON, abs=0)


WRONG = {
    "a lost half": ("half-normal", lambda t, r: sympy.log(r / t) + t**2 / r**2 - sympy.Rational(1, 2)),
    "arguments swapped": ("poisson", lambda t, r: r * sympy.log(r / t) - r + t),
    "rate for scale": ("exponential", lambda t, r: sympy.log(r / t) + t / r - 1),
    "a lost logarithm": ("bernoulli", lambda t, r: t * (t / r) + (1 - t) * sympy.log((1 - t) / (1 - r))),
    "the sign": ("geometric", lambda t, r: -sympy.log(t / r) - (1 - t) / t * sympy.log((1 - t) / (1 - r))),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_closed_form_is_not_proved(what):
    name, closed = WRONG[what]
    with pytest.raises(StepError, match=f"kl-{name}, step 2"):
        divergence(name, replace(FAMILIES[name], divergence=closed))


def test_a_wrong_density_is_not_proved():
    """A density without its normaliser does not have the log-partition function of the family."""
    with pytest.raises(StepError, match=r"kl-exponential, step 1.*\n.*the two sides do not become equal"):
        divergence("exponential", replace(FAMILIES["exponential"], density=lambda t: sympy.exp(-(t * X[1]))))


@pytest.mark.parametrize("slug", [*DIVERGENCES, *ENTROPIES])
def test_each_rests_on_the_theorem_about_all(slug):
    general = "kl" if slug in DIVERGENCES else "entropy"
    assert {**DIVERGENCES, **ENTROPIES}[slug]().uses == (f"{general}-exponential-family",)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_law_that_is_supposed_is_that_of_the_family(name):
    """What a theorem about all families supposes of h, T, eta and A is proved of these: what stays is the density."""
    (theorem,) = DIVERGENCES[f"kl-{name}"]().theorems
    family = FAMILIES[name]
    with sympy.evaluate(False):
        laws = [to_kernel(family.density(*parameters)) for parameters in family.parameters]
    supposed = [h.args[0] for h in theorem.hypotheses if h.head == "forall" and h.args[0].head == "equal"]
    assert sorted(map(repr, supposed)) == sorted(
        repr(equal(to_kernel(law(X)), density)) for law, density in zip((Q, P), laws, strict=True)
    )
    functions = {t.data[0] for h in (*theorem.hypotheses, theorem.conclusion) for _, t in subterms(h) if t.data}
    assert functions.isdisjoint({"T", "eta", "theta", "m", "A_q", "A_p"} - {str(p) for p in sum(family.parameters, ())})


def test_points_are_not_mixed_up():
    assert np.allclose(
        [value("poisson", FAMILIES["poisson"].density(sympy.Integer(2)), x) for x in (0, 1)],
        stats.poisson.pmf((0, 1), 2),
    )
