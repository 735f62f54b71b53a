"""Pathwise and score-function gradients, in models whose interchanges of gradient and integral hold."""

import random

import numpy as np
import pytest
import sympy
from sympy import Sum, log

from derivations import gradient
from derivations.gradient import gradient_agreement, pathwise_gradient, score_function_gradient
from derivations.latex import text
from derivations.notation import D, E, Family, Index, Mapping, Natural, Normal, Parameter, Point

from .numeric_model import NumericModel, line, plane, same
from .proof_check import chains, holds, is_false, no_mutant_is_proved, proved, steps, twin_is_rejected

PHI = ("phi", "real")


def normal(x, mean, scale):
    return np.exp(-(((x - mean) / scale) ** 2) / 2) / (scale * np.sqrt(2 * np.pi))


def solved(u):
    """The e with ``e + sin(e) / 2 = u``, by iteration of a contraction."""
    e = u
    for _ in range(60):
        e = u - np.sin(e) / 2
    return e


def location_scale(seed):
    """``z = phi + exp(phi/4) (e + sin(e)/2)`` with normal e: a density q(phi, z) that is not normal."""
    base = random.Random(f"base {seed}").uniform(0.7, 1.1)
    scale = lambda phi: np.exp(phi / 4)
    volume = lambda phi, e: scale(phi) * (1 + np.cos(e[0]) / 2)

    def density(phi, z):
        e = solved((z[0] - phi) / scale(phi))
        return normal(e, 0.2, base) / volume(phi, [e])

    functions = {
        "q": density,
        "g": lambda phi, e: [phi + scale(phi) * (e[0] + np.sin(e[0]) / 2)],
        "a": volume,
        "f": lambda z: np.sin(z[0]) + z[0] ** 2 / 3,
    }
    spaces = {"z": line(15, 0.05), "epsilon": line(13, 0.05)}
    densities = {("p", ("epsilon",), ()): lambda e: normal(e[0], 0.2, base)}
    return NumericModel(spaces, functions, densities), {PHI: 0.4}


def isotropic(seed):
    """J = 2 and a function of the second component."""
    rng = random.Random(f"isotropic {seed}")
    env = {("mu", "real"): rng.uniform(0.3, 0.8), ("sigma", "real"): rng.uniform(0.8, 1.2)}
    functions = {"f": lambda u: np.sin(u) + u**2 / 3}
    model = NumericModel({"z": plane(), "epsilon": plane()}, functions)
    return model, {**env, ("J", "natural"): 2, ("i", "index"): 2}


MODELS = {
    score_function_gradient: location_scale,
    pathwise_gradient: location_scale,
    gradient_agreement: isotropic,
}
INTERCHANGED = [
    f"d/d{v} {law}[{f}] = {right}"
    for v in ("mu", "sigma")
    for law, f, right in (
        (
            "E_{epsilon ~ N_J(0, I)}",
            "f(mu + sigma epsilon_i)",
            f"E_{{epsilon ~ N_J(0, I)}}[d/d{v} f(mu + sigma epsilon_i)]",
        ),
        ("E_{z ~ N_J(mu 1s, sigma^2 I)}", "f(z_i)", f"int d/d{v} (N_J(z; mu 1s, sigma^2 I) f(z_i)) dz"),
    )
]
HYPOTHESES = {
    score_function_gradient: {
        "d/dphi E_{z ~ q(phi, z)}[f(z)] = int d/dphi (q(phi, z) f(z)) dz",
        "d/dphi q(phi, z) exists for all z",
        "q(phi, z) > 0 for all z",
    },
    pathwise_gradient: {
        "epsilon -> g(phi, epsilon) is one-to-one and onto, dz = a(phi, epsilon) depsilon for all phi",
        "q(phi, g(phi, epsilon)) a(phi, epsilon) = p(epsilon) for all epsilon for all phi",
        ("d/dphi E_{epsilon ~ p(epsilon)}[f(g(phi, epsilon))] = E_{epsilon ~ p(epsilon)}[d/dphi f(g(phi, epsilon))]"),
    },
    gradient_agreement: {
        "d/du f(u) |_{u = mu + sigma epsilon_i} exists for all epsilon",
        *INTERCHANGED,
        "epsilon in R^J",
        "z in R^J",
        "i in {1, .., J}",
        "sigma > 0",
    },
}
scripts = pytest.mark.parametrize("script", MODELS, ids=lambda s: s.__name__.replace("_", "-"))


@scripts
def test_it_holds(script, seed):
    assert {text(h) for h in script().hypotheses} == HYPOTHESES[script]
    holds(script(), *MODELS[script](seed))


@scripts
def test_no_false_line_is_proved(script, seed, monkeypatch):
    parts = chains(gradient, script, monkeypatch)
    no_mutant_is_proved(parts, *MODELS[script](seed), random.Random(f"gradient {seed}"), each=3)


def test_both_gradients_are_that_of_a_known_expectation(seed):
    """``E[sin z + z^2/3] = sin(mu) exp(-sigma^2/2) + (mu^2 + sigma^2)/3``, differentiated by hand."""
    model, env = isotropic(seed)
    mu, sigma = env["mu", "real"], env["sigma", "real"]
    decay = np.exp(-(sigma**2) / 2)
    known = np.cos(mu) * decay + 2 * mu / 3, -sigma * np.sin(mu) * decay + 2 * sigma / 3
    for theorem, value in zip(gradient_agreement().theorems, known, strict=True):
        for side in theorem.sides:
            assert same(model.value(side, env), value)


def test_wrong_twins(seed, monkeypatch):
    with sympy.evaluate(False):
        phi, mu, sigma = map(Parameter, ("phi", "mu", "sigma"))
        z, eps, i, j, n = Point("z"), Point("epsilon"), Index("i"), Index("j"), Natural("J")
        f, q, g = Mapping("f"), Mapping("q"), Mapping("g", "z")
        law, p = Normal(z, mu, sigma**2, (j, n)), Family("p")(eps)
        mean = E(law, f(z[i]) * Sum((z[j] - mu) / sigma**2, (j, 1, n)))
        spread = E(law, f(z[i]) * Sum((z[j] - mu) ** 2 / sigma**3 - 1 / sigma, (j, 1, n)))
        score = E(q(phi, z), f(z) * D(log(q(phi, z)), phi))
        twins = {
            score_function_gradient: [
                (score, E(q(phi, z), f(z) * D(q(phi, z), phi))),
                (score, E(q(phi, z), D(log(q(phi, z)), phi))),
            ],
            pathwise_gradient: [(E(p, D(f(g(phi, eps)), phi)), E(p, f(g(phi, eps))))],
            gradient_agreement: [
                (mean, E(law, f(z[i]) * Sum((z[j] - mu) / sigma, (j, 1, n)))),
                (mean, E(law, f(z[i]) * Sum((mu - z[j]) / sigma**2, (j, 1, n)))),
                (spread, E(law, f(z[i]) * Sum((z[j] - mu) ** 2 / sigma**2 - 1 / sigma, (j, 1, n)))),
                (spread, E(law, f(z[i]) * Sum((z[j] - mu) ** 2 / sigma**3, (j, 1, n)))),
            ],
        }
    for script, pairs in twins.items():
        parts = chains(gradient, script, monkeypatch)
        for wanted, wrong in pairs:
            twin_is_rejected(parts, wanted, wrong, *MODELS[script](seed))


def test_the_chain_rule_does_not_lose_epsilon(seed, monkeypatch):
    """``d/dsigma f(mu + sigma eps)`` is ``eps f'``, not ``f'``: the first line of one part is not that of the other."""
    model, env = isotropic(seed)
    first, second = (next(steps([part])) for part in chains(gradient, gradient_agreement, monkeypatch))
    assert proved(*first)
    assert proved(*second)
    assert not proved(first[0], "=", *second[2:])
    assert is_false(first[0], "=", second[2], model, env)
