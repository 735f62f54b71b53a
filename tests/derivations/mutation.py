"""Single plausible mistakes in a line of a derivation, and models in which a line has a value."""

from __future__ import annotations

import itertools
import math
import random
from fractions import Fraction

from derivations.conversion import subterms
from derivations.kernel import KernelError, Term, density, number

from .finite_model import DOMAINS, Model, NormalModel, Undecided, random_model, same, weight
from .random_term import at, put, variables


def mistakes(term):
    """Single mistakes at the top of a term, as (name, wrong term)."""
    head, args = term.head, term.args

    def with_args(*new):
        return Term(head, new, term.data, term.bound)

    if head == "add" and len(args) > 1:
        for i, a in enumerate(args):
            yield "sign flipped", with_args(*args[:i], number(-1) * a, *args[i + 1 :])
            yield "term dropped", with_args(*args[:i], *args[i + 1 :])
            yield "term doubled", with_args(*args[:i], a + a, *args[i + 1 :])
        if len(args) > 1:
            yield "product for a sum", Term("multiply", args)
    elif head == "multiply" and len(args) > 1:
        for i in range(len(args)):
            yield "factor dropped", with_args(*args[:i], *args[i + 1 :])
        yield "sum for a product", Term("add", args)
    elif head == "number":
        value = term.data[0]
        if abs(value) == Fraction(1, 2):
            yield "1/2 lost", number(2 * value)
        if value:
            yield "sign of a number", number(-value)
        yield "number off by one", number(value + 1)
    elif head == "power":
        if args[1] == number(2):
            yield "square lost", args[0]
        if args[1] == number(-1):
            yield "inverse lost", args[0]
        if args[1] == number("1/2"):
            yield "root lost", args[0]
    elif head in ("log", "exp"):
        yield f"{head} lost", args[0]
        yield "log and exp exchanged", Term("exp" if head == "log" else "log", args)
        if head == "log":
            yield "log inverted", Term("log", (args[0] ** -1,))
    elif head == "kl":
        yield "divergence swapped", with_args(args[1], args[0])
    elif head == "expectation":
        yield "body squared", with_args(args[0], args[1] ** 2)
        yield "body negated", with_args(args[0], number(-1) * args[1])
        yield "integral for an expectation", Term("integral", args[1:], bound=term.bound)
    elif head in ("sum", "product"):
        lower, upper, body = args
        yield "range from 0", with_args(number(0), upper, body)
        yield "range from 2", with_args(number(2), upper, body)
        yield "range one short", with_args(lower, upper - number(1), body)
        yield "range one long", with_args(lower, upper + number(1), body)
        yield "sum and product exchanged", Term("product" if head == "sum" else "sum", args, bound=term.bound)
        yield "sum lost", number(1) * body if term.bound not in variables(body) else upper * body
    elif head == "density":
        family, count = term.data
        targets, given = args[:count], args[count:]
        if given:
            yield "conditioning swapped", density(family, given, targets)
            yield "conditioning lost", density(family, targets)
            yield "joint for conditional", density(family, args)
        yield "another family", density("p" if family == "q" else "q", targets, given)
    elif head == "normal":
        point, dimension, mean, variance = args
        yield "mean for variance", with_args(point, dimension, variance, mean)
        yield "mean squared", with_args(point, dimension, mean**2, variance)
        yield "precision for variance", with_args(point, dimension, mean, variance**-1)
    elif head == "variable" and term.data[1] == "natural":
        yield "J for 1", number(1)
        yield "J + 1 for J", term + number(1)
    elif head == "component":
        vector, index, *columns = args
        yield "component of the next index", with_args(vector, index + number(1), *columns)
        yield "first component", with_args(vector, number(1), *columns)
        if columns:
            yield "matrix transposed", with_args(vector, *columns, index)
        if vector.data[0] in ("mu", "sigma"):
            other = "sigma" if vector.data[0] == "mu" else "mu"
            yield "mu and sigma exchanged", with_args(Term("variable", data=(other, "vector")), index)


def paths(term, path=()):
    yield path
    for i, a in enumerate(term.args):
        yield from paths(a, (*path, i))


def mutants(line):
    """All single mistakes in a line, as (name, wrong line), without repetition."""
    seen = {line}
    for path in paths(line):
        for name, wrong in mistakes(at(line, path)):
            try:
                mutant = put(line, path, wrong)
            except KernelError:
                continue
            if mutant not in seen:
                seen.add(mutant)
                yield name, mutant


def bayesian_model(terms, rng: random.Random, independent=False):
    """A finite model with a positive table for each family of densities in the terms, and a point of each space.

    With `independent`, the others are independent given the last one, as x and u are given z in a chain u, z, x.
    """
    everything = [part for term in terms for _, part in subterms(term)]
    families, names = {}, {v.data[1] for t in everything for v in variables(t)} - {"real", "natural", "index", "vector"}
    for density_ in (t for t in everything if t.head == "density"):
        families.setdefault(density_.data[0], set()).update(a.data[-1] for a in density_.args)
    spaces = {n: [((Fraction(k),), weight(rng)) for k in range(rng.randint(2, 3))] for n in sorted(names)}
    tables = {}
    for family, of in families.items():
        cells = list(itertools.product(*(spaces[n] for n in sorted(of))))
        masses = [Fraction(rng.randint(1, 9)) for _ in cells]
        if independent:
            links = {(k, p, cell[-1]): rng.randint(1, 9) for cell in cells for k, p in enumerate(cell[:-1])}
            masses = [Fraction(math.prod(links[k, p, c[-1]] for k, p in enumerate(c[:-1]))) for c in cells]
        volumes = [math.prod(w for _, w in cell) for cell in cells]
        density_of = {
            tuple(p for p, _ in cell): m / v / sum(masses) for cell, m, v in zip(cells, masses, volumes, strict=True)
        }
        tables[family] = (tuple(sorted(of)), density_of)
    model = Model(rng, spaces, tables, dict(DOMAINS))
    return model, {(n, n): rng.choice(model.domains[n]) for n in names}


def situations(slug, rng: random.Random):
    """Models and values that satisfy the hypotheses of a derivation, at generic points."""
    if slug.startswith("elbo"):
        for _ in range(3):
            model = random_model(rng, zeros=0)
            yield model, {(k, k): rng.choice(model.domains[k]) for k in ("x", "z")}
        return
    for dimension in (2, 3, 1):
        model = NormalModel(rng, dimension, DOMAINS)
        yield (
            model,
            {
                ("J", "natural"): Fraction(dimension),
                ("mu", "vector"): tuple(Fraction(rng.choice((-11, -7, 4, 6, 9)), 7) for _ in range(dimension)),
                ("sigma", "vector"): tuple(Fraction(rng.choice((3, 4, 6, 11, 13)), 8) for _ in range(dimension)),
            },
        )


def differ(slug, left, right, rng):
    """True if two lines have different values somewhere, False if nowhere, None if they could not be evaluated."""
    verdicts = []
    for model, env in situations(slug, rng):
        try:
            if not same(model.value(left, env), model.value(right, env)):
                return True
            verdicts.append(False)
        except (Undecided, KeyError):
            verdicts.append(None)
    return None if None in verdicts else False
