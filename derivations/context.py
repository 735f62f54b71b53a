"""In which contexts the sides of a relation may be read: what its normal laws, its symbols and its entropies may stand for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product

from derivations.clue import (
    Trees,
    deviations,
    differentiated,
    dimension_of,
    families_of_entries,
    given_or_mean,
    has_bare_p,
    has_exponential,
    informative,
    labels_of,
    limits_of,
    numbered_data,
    numbers_of,
    size_of,
)
from derivations.convention import POSTERIOR, PRIOR, Family
from derivations.decoder import Decoder, decoder_of
from derivations.distribution import depending, differentiable
from derivations.kernel import Term, bind, density, log, number
from derivations.label import together
from derivations.latex import text
from derivations.linear_algebra import NOTATION
from derivations.reader import UNNAMED, Context
from derivations.reading import Read, readings
from derivations.surroundings import BOUNDS, Surroundings, bound_symbols, densities
from derivations.symbol import CONSTANTS, FUNCTIONS
from derivations.syntax import Sum
from derivations.tree import bases, plain_letter, units


def families_of(trees: Trees, around: Surroundings) -> Iterator[Family]:
    """How normal densities may be written in the trees."""
    found = set().union(*map(bases, trees))
    logs = [True] if any(map(has_exponential, trees)) else [False, True] if "v" in found else [False]
    spherical = around.isotropic or found & {"I", r"\One"} or isinstance(decoder_of(trees), Decoder)
    isotropic = [False, True] if spherical and r"\sigma" in found else [False]
    size = dimension_of(trees)
    for log_variance in logs:
        for same in isotropic:
            yield Family(vector=True, dimension=size, log_variance=log_variance, isotropic=same)
        if not found & NOTATION:
            yield Family(vector=False, dimension=size, log_variance=log_variance)


def contexts(trees: Trees, around: Surroundings, family: Family) -> Iterator[tuple[Context, tuple[str, ...]]]:
    """Contexts in which the sides may be read, with what they suppose in words."""
    labels = labels_of(trees)
    first, second = (
        (family.normal(labels[0]), family.normal(labels[1]))
        if labels
        else (
            family.normal(),
            family.standard(),
        )
    )
    depends = differentiated(trees)
    base = Context(
        {name: depending(law, depends) for name, law in around.laws.items()},
        unread=around.unread,
        varying=around.varying,
        divergence=bind("kl", first.args[0], first, second) if labels or not is_contradicted(around) else None,
        apart=around.apart,
        variables=around.variables,
        blocks=together(trees),
        dimension=family.dimension,
        isotropic=family.isotropic,
        size=size_of(trees),
        depends=depends,
        weights=around.weights,
        sized=around.sized,
        numbers=numbers_of(trees),
        entries=families_of_entries(trees),
        limits=limits_of(trees),
        numbered=numbered_data(trees),
    )
    q = around.laws.get("q")
    mean = around.laws.get(UNNAMED, q)
    for posterior in (False, True) if has_bare_p(trees) and "p" not in around.named else (False,):
        names, words = base, tuple[str, ...]()
        if posterior:
            if around.bound is None or q is None:
                continue
            p = density("p", q.args[: q.data[1]], {*q.args[q.data[1] :], *around.evidence.args})
            names, words = replace(base, laws={**base.laws, "p": p, "P": p}), (f"p is {text(p)}",)
        choices = product(informative(trees), given_or_mean(trees), deviations(trees))
        for family_of, given, deviation in choices:
            names = replace(names, information=family_of, given=given, deviation=deviation)
            usual = [
                *(["N(mu, sigma) has the standard deviation sigma"] if deviation else []),
                *(f"{symbol} is under {family_of}" for symbol in "IH"),
                f"H(.|.) is {'at a given condition' if given else 'a mean over the condition'}",
                "Sigma is diag(sigma^2)",
                *(f"{letter} does not depend on what is averaged over" for letter in CONSTANTS),
                *(f"{letter} is a function of what is averaged over" for letter in FUNCTIONS),
                "q_i is q given x_i",
                *([f"E is over {text(mean)}"] if mean is not None else []),
            ]
            scalar = not family.vector
            defined = dict(_definitions(around.symbols, names, scalar=scalar))
            draws = {name: found.found.draws for name, found in defined.items()}
            spelled = {name: found.term for name, found in _definitions(around.spelled, names, scalar=scalar)}
            fixed = {name: found.term for name, found in defined.items()}
            for symbols, said in _symbols(trees, around, names, fixed, scalar=scalar):
                yield replace(names, symbols=symbols, spelled=spelled, draws=draws), (*words, *said, *usual)


def is_contradicted(around: Surroundings) -> bool:
    """Whether the text has other densities than the two of which a divergence is that names none."""
    said = {"q", "z"} & around.unusual or {POSTERIOR, PRIOR} & around.unknown
    return bool(said) and not around.conventions


def _symbols(
    trees: Trees, around: Surroundings, names: Context, fixed: dict[str, Term], *, scalar: bool
) -> Iterator[tuple[dict[str, Term], tuple[str, ...]]]:
    """What symbols stand for: what the text defines, else the ELBO, for F of either sign."""
    used = {n for tree in trees for n in bound_symbols(tree)} - around.symbols.keys()
    bound, said = around.bound, tuple[str, ...]()
    bare = "w" not in fixed and any(u.base == "w" and not u.subs for t in trees for u in units(t))
    if bare and around.weighed:
        of_one_draw = {"w": around.weights["w"]} if "w" in around.weights else {}
        fixed |= {name: found.term for name, found in _definitions(of_one_draw, names, scalar=scalar)}
    elif bare and bound is not None:
        for weight in _ratios(trees, around, names):
            yield {**fixed, "w": weight}, (f"w is {text(weight)}",)
        fixed["w"] = around.weight
        said = (f"w is {text(around.weight)}",)
    if not used or bound is None:
        yield fixed, said
        return
    free_sign = used & {"ScriptF", "F("} - around.negative - around.positive
    for negative in (False, True) if free_sign else (False,):
        for value in _bounds(bound, around.evidence, names.depends):
            symbols = dict(fixed)
            words = [*said]
            for name in sorted(used & set(BOUNDS)):
                minus = name in around.negative or (negative and name in free_sign)
                symbols[name] = number(-1) * value if minus else value
                words.append(f"{shown(name)} is the {'negative ' if minus else ''}ELBO, {text(symbols[name])}")
            yield symbols, tuple(words)


def _ratios(trees: Trees, around: Surroundings, names: Context) -> Iterator[Term]:
    """The weights ``p / q`` where one averages under both, for the laws p."""
    q = around.laws["q"]
    for under in (
        s for t in trees for u in units(t) if u.base in (r"\Expectation", "E") for g in u.subs for s in g.sums
    ):
        if plain_letter(under) in ("p", "P"):
            yield names.laws.get("p", density("p", q.args[: q.data[1]])) / q
        yield from (
            law / q for law in densities([under], "p", "P") if set(law.args[: law.data[1]]) == {*q.args[: q.data[1]]}
        )


def _definitions(symbols: Mapping[str, tuple[str, Sum]], names: Context, *, scalar: bool) -> Iterator[tuple[str, Read]]:
    """What the text defines, as it is read."""
    for name, (_, tree) in symbols.items():
        found = next(readings(tree, names, scalar=scalar), None)
        if found is not None:
            yield name, found


def _bounds(bound: Term, evidence: Term, depends: Mapping[str, str]) -> Iterator[Term]:
    """The ELBO; where the densities of p depend on a parameter, so that they are functions, also by their joint density."""
    yield differentiable(bound, depends)
    if "p" in depends and bound.head == "add":
        (q, _), z, count = bound.args[0].args, bound.args[0].bound, evidence.data[1]
        joint = density("p", [*evidence.args[:count], *([z] if z else [])], evidence.args[count:])
        yield differentiable(bind("expectation", z, q, log(joint) - log(q)), depends)


def shown(symbol: str) -> str:
    if symbol == "law":
        return "E"
    return symbol.removeprefix("Script").removesuffix("(")
