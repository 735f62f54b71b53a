"""A small world for each theorem on arbitrary densities: finite spaces, tables and functions in which its hypotheses hold.

What the theorem's symbols stand for is written here as tables, and the two sides of the theorem as sums over them, in floats;
nothing here uses the kernel.
"""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

from .finite_model import DOMAINS, Model, Undecided, is_point


class World(Model):
    """A finite model whose functions are given, ``{name: callable}``, with the values of its free variables."""

    def __init__(self, rng, spaces, families, functions=None, env=None):
        super().__init__(rng, spaces, families, DOMAINS)
        self.functions, self.env = functions or {}, env or {}

    def function(self, term, env):
        values = [self.point(a, env) if is_point(a) else self.value(a, env) for a in term.args]
        try:
            return self.functions[term.data[0]](*values)
        except (LookupError, TypeError) as error:
            raise Undecided("outside the table of the function") from error


def points(n):
    return [((Fraction(k),), Fraction(1)) for k in range(n)]


def draw(rng, *sizes):
    """Positive rational numbers by their indices, with the sum one."""
    cells = list(itertools.product(*map(range, sizes)))
    masses = [Fraction(rng.randint(1, 9)) for _ in cells]
    return {cell: mass / sum(masses) for cell, mass in zip(cells, masses, strict=True)}


def family(names, table):
    return names, {tuple((Fraction(k),) for k in cell): value for cell, value in table.items()}


def marginal(table, *kept):
    sums = {}
    for cell, value in table.items():
        key = tuple(cell[i] for i in kept)
        sums[key] = sums.get(key, 0) + value
    return sums


def given(table, *conditions):
    """``{cell: table(the rest | these)}``."""
    below = marginal(table, *conditions)
    return {cell: value / below[tuple(cell[i] for i in conditions)] for cell, value in table.items()}


def kl(q, p):
    return sum(float(q[k]) * math.log(q[k] / p[k]) for k in q)


def of_x(table, x):
    """The part of a table with this x, its first index."""
    return {cell[1:]: value for cell, value in table.items() if cell[0] == x}


def expected_log(q, p):
    return sum(float(q[k]) * math.log(p[k]) for k in q)


def at_x(x):
    return {("x", "x"): (Fraction(x),)}


# --- the evidence lower bound ---


def one_latent(rng, slug):
    p, q, x = draw(rng, 2, 3), draw(rng, 2, 3), rng.randrange(2)
    world = World(
        rng,
        {"x": points(2), "z": points(3)},
        {"p": family(("x", "z"), p), "q": family(("x", "z"), q)},
        env=at_x(x),
    )
    posterior, code = of_x(given(p, 0), x), of_x(given(q, 0), x)
    likelihood, prior, joint = of_x(given(p, 1), x), marginal(p, 1), of_x(p, x)
    law = posterior if slug == "elbo-tight" else code
    elbo = expected_log(law, likelihood) - kl(law, prior)
    evidence = math.log(marginal(p, 0)[(x,)])
    if slug in ("elbo-terms", "elbo-sampled"):
        sampled = expected_log(law, joint) - expected_log(law, law)
        return world, [(sampled, elbo) if slug == "elbo-terms" else (elbo, sampled)]
    return world, [
        {
            "elbo-gap": (evidence, elbo + kl(law, posterior)),
            "elbo-tight": (elbo, evidence),
        }.get(slug, (elbo, evidence))
    ]


def conditional(rng, slug):
    p, q, x, y = draw(rng, 2, 2, 3), draw(rng, 2, 2, 3), rng.randrange(2), rng.randrange(2)
    spaces = {"x": points(2), "y": points(2), "z": points(3)}
    families = {"p": family(("x", "y", "z"), p), "q": family(("x", "y", "z"), q)}
    world = World(rng, spaces, families, env={**at_x(x), ("y", "y"): (Fraction(y),)})
    likelihood, prior, code = given(p, 1, 2), given(marginal(p, 1, 2), 0), given(q, 0, 1)
    law = {k: code[x, y, k] for k in range(3)}
    elbo = expected_log(law, {k: likelihood[x, y, k] for k in law}) - kl(law, {k: prior[y, k] for k in law})
    return world, [(elbo, math.log(given(marginal(p, 0, 1), 1)[x, y]))]


def two_layers(rng, slug):
    top, middle, bottom = draw(rng, 2), given(draw(rng, 2, 3), 0), given(draw(rng, 3, 2), 0)
    p = {(x, u, z): top[u,] * middle[u, z] * bottom[z, x] for x in range(2) for u in range(2) for z in range(3)}
    q, x = draw(rng, 2, 2, 3), rng.randrange(2)
    spaces = {"x": points(2), "u": points(2), "z": points(3)}
    world = World(rng, spaces, {"p": family(("x", "u", "z"), p), "q": family(("x", "u", "z"), q)}, env=at_x(x))
    upper, lower = of_x(given(marginal(q, 0, 1), 0), x), of_x(given(q, 0, 1), x)
    reconstruction = sum(float(upper[u,] * c) * math.log(bottom[z, x]) for (u, z), c in lower.items())
    layer = sum(
        float(upper[u,]) * kl({z: lower[u, z] for z in range(3)}, {z: middle[u, z] for z in range(3)}) for u in range(2)
    )
    return world, [(reconstruction - layer - kl(upper, top), math.log(marginal(p, 0)[x,]))]


# --- the KL divergence ---


def two_densities(rng, slug):
    q, p = draw(rng, 3), draw(rng, 3)
    world = World(rng, {"z": points(3)}, {"p": family(("z",), p), "q": family(("z",), q)})
    return world, [(0, kl(q, p))]


def two_joints(rng, slug):
    q, p = draw(rng, 2, 3), draw(rng, 2, 3)
    spaces = {"x": points(2), "z": points(3)}
    world = World(rng, spaces, {"p": family(("x", "z"), p), "q": family(("x", "z"), q)})
    outer, inner = marginal(q, 0), [kl(of_x(given(q, 0), x), of_x(given(p, 0), x)) for x in range(2)]
    right = kl(outer, marginal(p, 0)) + sum(float(outer[x,]) * inner[x] for x in range(2))
    return world, [(kl(q, p), right)]


def changed_variables(rng, slug):
    """z = T(epsilon) permutes three points, whose weights differ in the two spaces."""
    weights, others = ([Fraction(rng.randint(1, 5), 3) for _ in range(3)] for _ in range(2))
    images = rng.sample(range(3), 3)
    factor = [weights[images[e]] / others[e] for e in range(3)]
    masses = {name: draw(rng, 3) for name in "qp"}
    densities = {name: {(z,): masses[name][z,] / weights[z] for z in range(3)} for name in "qp"}
    moved = {
        new: {(e,): densities[old][images[e],] * factor[e] for e in range(3)} for new, old in (("r", "q"), ("s", "p"))
    }
    spaces = {
        "z": [((Fraction(k),), w) for k, w in enumerate(weights)],
        "epsilon": [((Fraction(k),), w) for k, w in enumerate(others)],
    }
    families = {name: family(("z",), table) for name, table in densities.items()}
    families |= {name: family(("epsilon",), table) for name, table in moved.items()}
    functions = {"T": lambda e: (Fraction(images[int(e[0])]),), "D": lambda e: factor[int(e[0])]}
    right = sum(float(others[e] * moved["r"][e,]) * math.log(moved["r"][e,] / moved["s"][e,]) for e in range(3))
    return World(rng, spaces, families, functions), [(kl(masses["q"], masses["p"]), right)]


# --- the aggregate posterior ---


def aggregate(rng, slug):
    """Codes with two coordinates, each 0 or 1."""
    q, r = draw(rng, 2, 2, 2), [draw(rng, 2), draw(rng, 2)]
    p = {(a, b): r[0][a,] * r[1][b,] for a in range(2) for b in range(2)}
    m = [marginal(q, 1), marginal(q, 2)]
    pairs = [(Fraction(a), Fraction(b)) for a in range(2) for b in range(2)]
    spaces = {"x": points(2), "z": [(pair, Fraction(1)) for pair in pairs], "s": points(2)}
    families = {
        "q": (("x", "z"), {((Fraction(x),), (Fraction(a), Fraction(b))): v for (x, a, b), v in q.items()}),
        "p": (("z",), {((Fraction(a), Fraction(b)),): v for (a, b), v in p.items()}),
    }
    functions = {"m": lambda j, v: m[int(j) - 1][int(v),], "r": lambda j, v: r[int(j) - 1][int(v),]}
    world = World(rng, spaces, families, functions, {("J", "natural"): Fraction(2)})
    data, code, all_codes = marginal(q, 0), given(q, 0), marginal(q, 1, 2)
    left = sum(float(data[x,]) * kl(of_x(code, x), p) for x in range(2))
    information = sum(float(v) * math.log(v / (data[x,] * all_codes[a, b])) for (x, a, b), v in q.items())
    if slug == "elbo-surgery":
        return world, [(left, information + kl(all_codes, p)), (information, information)]
    independent = {(a, b): m[0][a,] * m[1][b,] for a, b in all_codes}
    coordinates = sum(kl(m[j], r[j]) for j in range(2))
    return world, [(left, information + kl(all_codes, independent) + coordinates)]


# --- diffusion ---


def diffusion(rng, slug):
    """Three steps between two states, so that T = 2; f, b, g and m are tables [t][later or earlier state]."""
    start, noise = given(draw(rng, 2, 2), 0), [given(draw(rng, 2, 2), 0) for _ in range(2)]  # noise[t-1][x_t, x_(t+1)]
    reverse = [given(draw(rng, 2, 2), 0) for _ in range(2)]  # reverse[t-1][x_(t+1), x_t]
    decoder, last, x = given(draw(rng, 2, 2), 0), draw(rng, 2), rng.randrange(2)
    m = [{s: start[x, s] for s in range(2)}]
    for kernel in noise:
        m.append({v: sum(m[-1][s] * kernel[s, v] for s in range(2)) for v in range(2)})
    back = [{(v, s): noise[t][s, v] * m[t][s] / m[t + 1][v] for v in range(2) for s in range(2)} for t in range(2)]
    paths = list(itertools.product(range(2), repeat=3))
    p, q = {}, {}
    for y in range(2):
        for a, b, c in paths:
            p[y, (a, b, c)] = decoder[a, y] * reverse[0][b, a] * reverse[1][c, b] * last[c,]
            q[y, (a, b, c)] = start[y, a] * noise[0][a, b] * noise[1][b, c] / 2
    path = lambda z: tuple(map(Fraction, z))
    table = lambda t: {((Fraction(y),), path(z)): v for (y, z), v in t.items()}
    spaces = {"x": points(2), "z": [(path(z), Fraction(1)) for z in paths], "s": points(2)}
    index = lambda s: int(s[0])
    functions = {
        "x": lambda t, z: (z[int(t) - 1],),
        "m": lambda t, s: m[int(t) - 1][index(s)],
        "f": lambda t, later, now: noise[int(t) - 1][index(now), index(later)],
        "b": lambda t, now, later: back[int(t) - 1][index(later), index(now)],
        "g": lambda t, now, later: reverse[int(t) - 1][index(later), index(now)],
        "d": lambda y, s: decoder[index(s), index(y)],
        "r": lambda s: last[index(s),],
    }
    env = {**at_x(x), ("T", "natural"): Fraction(2)}
    world = World(rng, spaces, {"p": (("x", "z"), table(p)), "q": (("x", "z"), table(q))}, functions, env)
    bound = sum(float(m[0][s]) * math.log(decoder[s, x]) for s in range(2))
    for t in range(2):
        for v in range(2):
            states = [{s: kernel[v, s] for s in range(2)} for kernel in (back[t], reverse[t])]
            bound -= float(m[t + 1][v]) * kl(*states)
    bound -= kl(m[2], {s: last[s,] for s in range(2)})
    evidence = math.log(sum(v for (y, _), v in p.items() if y == x))
    return world, [(bound, evidence)]


# --- importance weighting ---


def weights(rng, slug, number=None):
    """omega is a tuple of independent draws from q(z|x), of which there are K."""
    number = number or rng.choice((2, 3))
    p, q, x = draw(rng, 2, 2), draw(rng, 2, 2), rng.randrange(2)
    code = of_x(given(q, 0), x)
    weight = {z: p[x, z] / code[z,] for z in range(2)}
    draws = list(itertools.product(range(2), repeat=number))
    law = {omega: math.prod(code[z,] for z in omega) for omega in draws}
    omegas = {omega: tuple(map(Fraction, omega)) for omega in draws}
    spaces = {"x": points(2), "z": points(2), "omega": [(o, Fraction(1)) for o in omegas.values()]}
    families = {
        "p": family(("x", "z"), p),
        "q": family(("x", "z"), q),
        "Q": (("omega",), {(omegas[o],): v for o, v in law.items()}),
    }
    functions = {"w": lambda k, omega: weight[int(omega[int(k) - 1])]}
    world = World(
        rng,
        spaces,
        families,
        functions,
        {**at_x(x), **{(n, "natural"): Fraction(c) for n, c in (("K", number), ("N", number - 1))}},
    )

    def bound(count):
        return sum(float(v) * math.log(sum(weight[z] for z in omega[:count]) / count) for omega, v in law.items())

    if slug == "iwae-monotone":
        return world, [(bound(number - 1), bound(number))]
    return world, [(bound(number), math.log(marginal(p, 0)[x,]))]


WORLDS = {
    **dict.fromkeys(("elbo-gap", "elbo-bound", "elbo-tight", "elbo-jensen", "elbo-terms", "elbo-sampled"), one_latent),
    "elbo-conditional": conditional,
    "elbo-hierarchical": two_layers,
    "kl-nonnegative": two_densities,
    "kl-chain-rule": two_joints,
    "kl-invariance": changed_variables,
    "elbo-surgery": aggregate,
    "elbo-total-correlation": aggregate,
    "elbo-diffusion": diffusion,
    "iwae-lower-bound": weights,
    "iwae-monotone": weights,
}


def world(slug, rng):
    """A world for the derivation, and the value of each side of each of its parts, the smaller side first."""
    return WORLDS[slug](rng, slug)
