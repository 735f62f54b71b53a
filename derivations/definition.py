"""What a text defines and supposes for all of its chains: symbols, weights, factorisations of densities."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import pairwise
from math import inf

from derivations.clue import is_other_sample, label_of_family
from derivations.convention import elbo
from derivations.conversion import subterms
from derivations.doubt import is_independence
from derivations.independence import Independence, markov
from derivations.judgement import prove
from derivations.kernel import Term, density, number
from derivations.label import in_definitions, random_parameters, several
from derivations.mixture import aggregates
from derivations.parser import parse
from derivations.reader import UNNAMED, Context
from derivations.reading import readings
from derivations.stated_law import Stated, stated_laws
from derivations.surroundings import (
    BOUNDS,
    Redefinition,
    Surroundings,
    approximation,
    bound_symbols,
    defined,
    densities,
    evidence,
    has_size,
    meant_by,
    negative,
    size_defined,
    weight_defined,
)
from derivations.syntax import FormulaError, Group, Sum
from derivations.tree import bases, name_of, plain_letter, units
from derivations.written import Side, WrittenChain

FAR = 10  # lines: what follows at this distance says nothing of what stands here


def trees_of(sides: Iterable[Side]) -> Iterator[Sum]:
    for side in sides:
        try:
            yield parse(side.source)
        except FormulaError:
            continue


def within(chain: WrittenChain, text_around: Surroundings) -> Surroundings:
    """The surroundings of a chain: which law q is in it, and the density of the data."""
    trees = list(trees_of(chain.sides))
    meant = meant_by(trees, text_around)
    q = approximation(trees, text_around.usual)
    latent = [point.data[0] for point in q.args[: q.data[1]]] if q is not None else []
    laws = {"q": q, "Q": q, **dict.fromkeys(latent, q)} if q is not None else {}
    used = {name_of(u.base) for tree in trees for u in units(tree) if isinstance(u.base, str)}
    drawn = sorted(used & text_around.drawn.keys())
    of_symbols = [law for name in drawn for law in text_around.drawn[name]]
    with_laws = [table[n][1] for table in (text_around.weights, text_around.symbols) for n in drawn if n in table]
    apart = several([*trees, *with_laws, *stated_laws([*chain.spoken, *chain.laws, *of_symbols]).trees])
    apart |= in_definitions([*trees, *meant], random_parameters(trees))
    spoken = stated_laws(chain.spoken, apart).without(stated_laws(chain.denied).letters)
    beside = stated_laws(chain.laws, apart)
    said = beside.after(spoken).after(stated_laws(of_symbols, apart))
    earlier = stated_laws(chain.earlier, apart)
    for letter in ("z", "epsilon"):
        if text_around.conventions or letter in text_around.unusual:
            said = said.without_standard(letter)
    unusual = text_around.unusual | ((said.unread | earlier.unread) & {"z", "epsilon"})
    # of which formula a sentence before speaks is not known
    usual = {letter for letter, law in earlier.laws.items() if law in (q, text_around.usual)}
    said = said.after(
        Stated(unread=(earlier.letters & {*latent, "epsilon"}) - usual - ({*earlier.standard} & {"epsilon"}))
    )
    averaged = said.letters - {"epsilon"}
    own = said.laws.get(latent[0], said.standard.get(latent[0])) if len(latent) == 1 and averaged == {*latent} else None
    line = chain.sides[0].line
    supposed = [a for a in text_around.assumed if a.lines[0] <= line <= a.lines[1]]
    supposed += markov(densities(trees, "p", "q"))
    if "steps" in unusual:
        supposed = [a for a in supposed if a.product.head != "density"]
    return replace(
        text_around,
        named=laws,
        beside={**said.laws, **said.standard, **({UNNAMED: own} if own is not None else {})},
        unread=said.unread | ({UNNAMED} if averaged and own is None else frozenset()),
        standard=frozenset(said.standard),
        spoken=spoken.letters - beside.letters,
        unusual=unusual,
        apart=apart,
        variables=random_parameters(trees),
        evidence=evidence(q, trees),
        distant=frozenset(n for n, line in text_around.lines.items() if line > chain.sides[-1].line + FAR),
        assumed=tuple(supposed),
    )


def with_definitions(chains: Sequence[WrittenChain], around: Surroundings) -> Surroundings:
    """What the symbols of a text stand for: what follows them first, but what is called a bound is the ELBO.

    That is so if it is said anywhere to be the ELBO or its negative, unless ``:=`` has defined it before, and if it stands
    in a chain with the evidence: then an equation that says otherwise is a claim.
    """
    symbols: dict[str, tuple[str, Sum]] = {}
    lines: dict[str, int] = {}
    places: dict[str, int] = {}
    sized: dict[str, tuple[str, Sum]] = {}
    signs: dict[str, str] = {}
    fixed: set[str] = set()
    again: list[Redefinition] = []
    later: list[Redefinition] = []
    aside: list[Redefinition] = []
    said: set[str] = set()  # to be the ELBO, by an equation that holds
    spelled: dict[str, tuple[str, Sum]] = {}
    called: dict[str, Sum] = {}
    here = cache(lambda chain: within(chain, around))
    for e in of_symbols(chains):
        chain, after, name, tree = e.chain, e.after, defined(e.left), e.right
        this = Redefinition(e.place, name, (after.source, tree))
        if after.relation == ":=" and (name in signs or symbols.get(name, (after.source,))[0] != after.source):
            sign = sign_of(name, tree, here(chain)) if name in signs else ""
            if not sign or sign != signs[name]:
                again.append(this)
        symbol, size = size_defined(e.left, tree)
        if symbol:
            sized.setdefault(symbol, (size, tree))
        if not symbol and has_size(e.left, sized):
            continue
        if name in signs and (_is_loss(tree) or _is_exchanged(tree, here(chain))):
            aside.append(this)
        if name not in BOUNDS and has_stated_mean(tree, here(chain)):
            continue
        if not name or name in signs or name in fixed or (name in symbols and name not in BOUNDS):
            continue
        called.setdefault(name, e.left)
        sign = sign_of(name, tree, here(chain)) if name in BOUNDS else ""
        claimed = name in BOUNDS and (name == "ELBO" or (after.relation == "=" and _beside_evidence(name, chains)))
        if name in BOUNDS and not sign and _is_exchanged(tree, here(chain)):
            aside.append(this)
            continue
        if claimed and not sign and name != "ELBO" and not _averages(tree):
            later.append(this)
            continue
        if sign or claimed:
            signs[name] = sign or ("-" if e.negated else "+")
            said |= {name} if sign else set()
            spelled |= {name: (after.source, tree)} if sign else {}
            before = symbols.pop(name, None)
            if before is not None and _is_loss(before[1]):
                aside.append(Redefinition(places[name], name, before))
        else:
            symbols.setdefault(name, (after.source, tree))
            lines.setdefault(name, after.line)
            places.setdefault(name, e.place)
            fixed |= {name} if after.relation == ":=" else set()
    once = {d.name: d for d in reversed(later) if d.name not in said and d.name not in symbols}
    again += once.values()
    aside += [d for d in later if d.name in said and _is_loss(d.value[1])]
    return replace(
        around,
        symbols=symbols,
        called={name: tree for name, tree in called.items() if name in symbols},
        lines=lines,
        weights=_weights(chains),
        weighed=any(weight_defined(e.left)[0] == "w" for e in equations(chains)),
        drawn=_drawn(chains),
        spelled=spelled,
        sized=sized,
        again=tuple(again),
        aside=tuple(aside),
        negative=frozenset(n for n, s in signs.items() if s == "-"),
        positive=frozenset(n for n, s in signs.items() if s == "+"),
    )


def _is_evidence(tree: Sum) -> bool:
    """Whether a side is the logarithm of the evidence: what is said to be that may be the likelihood."""
    return any(r.term.head == "log" and r.term.args[0].head == "density" for r in readings(tree, Context()))


def _is_loss(tree: Sum) -> bool:
    """Whether a side is neither the ELBO nor the evidence, in a text that may have mistaken one for the other."""
    return not _averages(tree) and not _is_evidence(tree)


def _averages(tree: Sum) -> bool:
    """Whether a side has a mean or another family than p in it, as the ELBO does, and a likelihood or a loss does not."""
    return any(
        u.base in (r"\Expectation", "E", r"\Divergence", r"\ELBO", r"\int", "q", "Q")
        or str(u.base).startswith(r"\Script")
        or (isinstance(u.base, Group) and u.base.kind == "<")
        for u in units(tree)
    )


def _weights(chains: Sequence[WrittenChain]) -> dict[str, tuple[str, Sum]]:
    """What symbols with an index stand for, such as ``w_k``; one that the text defines in two ways stands for nothing."""
    found: dict[str, dict[str, tuple[str, Sum]]] = {}
    for e in equations(chains):
        weight, index = weight_defined(e.left, e.right)
        if weight:
            written_alike = re.sub(rf"(?<![a-zA-Z\\]){index}(?![a-zA-Z])|\s|[{{}}]", "", e.after.source)
            found.setdefault(weight, {}).setdefault(written_alike, (index, e.right))
    usual = {"w": ("k", parse(r"\frac{p(x, z_k)}{q(z_k|x)}"))} if "w" not in found else {}
    return {**usual, **{name: next(iter(said.values())) for name, said in found.items() if len(said) == 1}}


def _drawn(chains: Sequence[WrittenChain]) -> dict[str, tuple[str, ...]]:
    """Which laws are stated beside the definitions of symbols, as in ``w_k = p(x, z_k) / q(z_k | x), z_k ~ q(z | x)``."""
    found: dict[str, tuple[str, ...]] = {}
    for e in equations(chains):
        name = defined(e.left) or weight_defined(e.left, e.right)[0]
        if name and (e.chain.laws or e.chain.spoken):
            found[name] = (*found.get(name, ()), *e.chain.laws, *e.chain.spoken)
    return found


def redefined(around: Surroundings, place: int) -> Surroundings:
    """The surroundings of the chain at a place, after which symbols may have been defined anew, or z sampled otherwise."""
    anew = {d.name: d.value for d in around.again if d.place <= place}
    samples = [d for d in around.samples if d.place <= place][-1:] or around.samples[:1]
    return replace(
        around,
        symbols={**around.symbols, **anew},
        negative=around.negative - anew.keys(),
        positive=around.positive - anew.keys(),
        disputed=frozenset(d.name for d in around.disputes if d.place < place) - anew.keys(),
        sample=samples[0].value[1] if samples else None,
        unusual=around.unusual | {"q" for d in samples if is_other_sample(d.value[1])},
    )


@dataclass(frozen=True)
class Equation:
    """What a text says to be equal: the chain and its place, the side that begins with the relation, both sides' trees."""

    place: int
    chain: WrittenChain
    after: Side
    left: Sum
    right: Sum
    negated: bool = False


def equations(chains: Iterable[WrittenChain]) -> Iterator[Equation]:
    """The equations and definitions of a text whose sides can be parsed, in its order."""
    for place, chain in enumerate(chains):
        for before, after in pairwise(chain.sides):
            if after.relation in ("=", ":="):
                try:
                    yield Equation(place, chain, after, parse(before.source), parse(after.source))
                except FormulaError:
                    continue


def of_symbols(chains: Iterable[WrittenChain]) -> Iterator[Equation]:
    """The equations with a symbol on the left, where it is the negative of a side: ``-L = a`` and ``a = -L`` say ``L = -a``."""
    for e in equations(chains):
        if defined(negative(e.left)):
            yield replace(e, left=negative(e.left), right=negative(e.right), negated=True)
        elif defined(negative(e.right)) and not defined(e.left):
            before = e.chain.sides[e.chain.sides.index(e.after) - 1]
            after = replace(e.after, source=before.source)
            yield replace(e, after=after, left=negative(e.right), right=negative(e.left), negated=True)
        else:
            yield e


def sign_of(name: str, tree: Sum, around: Surroundings) -> str:
    """``+`` if a tree is the ELBO, ``-`` if it is the negative one, else an empty string."""
    bound = around.bound
    laws = tuple(around.laws.items())
    return "" if bound is None else _sign(name, tree, bound, laws, around.apart, around.variables)


@lru_cache(maxsize=1 << 12)
def _sign(
    name: str,
    tree: Sum,
    bound: Term,
    laws: tuple[tuple[str, Term], ...],
    apart: frozenset[str],
    variables: frozenset[str],
) -> str:
    joint = frozenset({"p", "q"})
    symbols = {other: bound for other in BOUNDS if other != name}
    for found in readings(tree, Context(dict(laws), symbols, apart=apart, variables=variables)):
        for sign, value in (("+", bound), ("-", number(-1) * bound)):
            if prove(value, found.term, "=", joint) is not None:
                return sign
    return ""


def _is_exchanged(tree: Sum, around: Surroundings) -> bool:
    """Whether a tree is the ELBO of one datum or its mean, or the negative, where p is the approximation and q the model."""
    for found in readings(tree, Context(around.laws, apart=around.apart, variables=around.variables)):
        term = found.term
        if term.head == "expectation" and term.bound is not None and term.bound.data[1] == "x":
            term = term.args[1]
        term = _exchanged(term)
        laws = {t for _, t in subterms(term) if t.head == "density" and t.data == ("q", 1) and len(t.args) == 2}
        for law in (t for t in laws if all(a.head == "variable" for a in t.args)):
            bound = elbo(law, density("p", law.args[1:]))
            if any(prove(value, term, "=", frozenset({"p", "q"})) for value in (bound, number(-1) * bound)):
                return True
    return False


def _exchanged(term: Term) -> Term:
    """The term with the letters p and q of its densities exchanged."""
    letters = {"p": "q", "q": "p"}
    args = tuple(map(_exchanged, term.args))
    if term.head == "density" and term.data[0] in letters:
        return replace(term, args=args, data=(letters[term.data[0]], *term.data[1:]))
    return replace(term, args=args)


def _beside_evidence(name: str, chains: Sequence[WrittenChain]) -> bool:
    """Whether a symbol stands in a chain with the logarithm of the evidence by itself."""
    for chain in chains:
        trees = list(trees_of(chain.sides))
        if any(name in bound_symbols(t) for t in trees) and any(has_evidence(s) for s in chain.sides):
            return True
    return False


def has_evidence(side: Side) -> bool:
    try:
        return _is_evidence(parse(side.source))
    except FormulaError:
        return False


def mixtures(chains: Iterable[WrittenChain]) -> Iterator[tuple[Term, Term]]:
    """The aggregate posteriors that a text has as means over its data, ``q(z)`` and ``1/N sum_n q(z|x_n)``."""
    for e in equations(chains):
        found = mixture(e.left, e.right)
        if found is not None:
            yield found


def mixture(left: Sum, right: Sum) -> tuple[Term, Term] | None:
    """``q(z)`` and ``1/N sum_n q(z|x_n)``, if these are the sides."""
    if not {"q", "Q"} & bases(left) or r"\sum" not in bases(right):
        return None
    marginal, whole = (next((f.term for f in readings(t)), None) for t in (left, right))
    if marginal is None or whole is None:
        return None
    mean = aggregates(whole).get(marginal)
    return None if mean is None or prove(whole, mean, "=", frozenset()) is None else (marginal, mean)


def assumptions(chains: Iterable[WrittenChain]) -> Iterator[Independence]:
    """The densities that a text supposes to be products of others of their family, from a few lines before it says so.

    What would hold if they were is not supposed, and where the text has another product for a density, that holds from there.
    """
    said: list[tuple[Equation, Term, Term]] = []
    for e in equations(chains):
        left, right = (next((f.term for f in readings(t)), None) for t in (e.left, e.right))
        if left is not None and right is not None and right.head != "product" and is_independence(left, right):
            is_log = left.head == right.head == "log"
            said.append((e, *((left.args[0], right.args[0]) if is_log else (left, right))))
    for e, left, right in said:
        family = next(t.data[0] for _, t in subterms(left) if t.head == "density")
        is_hypothetical = any(_HYPOTHETICAL.search(words) for words, _ in e.chain.supposed)
        if is_hypothetical or prove(left, right, "=", frozenset({str(family)})) is not None:
            continue
        found = Independence(left, right)
        others = (
            o.after.line
            for o, whole, product in said
            if found.is_about(whole) and product != right and o.place > e.place
        )
        yield replace(found, lines=(e.after.line - FAR, min(others, default=inf) - 1))


_HYPOTHETICAL = re.compile(r"\b(?:were|was|would|had)\b", re.IGNORECASE)


def labels_of_families(chains: Iterable[WrittenChain]) -> dict[str, str]:
    """The labels of the parameters of families that a text says to be normal; what it says in two ways is left out."""
    found: dict[str, set[str]] = {}
    for e in equations(chains):
        try:
            said = label_of_family(e.left, e.right)
        except FormulaError:
            continue
        if said is not None:
            found.setdefault(said[0], set()).add(said[1])
    return {family: labels.pop() for family, labels in found.items() if len(labels) == 1}


def has_stated_mean(tree: Sum, here: Surroundings) -> bool:
    """Whether a side has a mean without a law of its own, of which the text states another law than that of q."""
    means = [u for u in units(tree) if u.base in (r"\Expectation", "E")]
    stated = UNNAMED in here.unread or here.beside.get(UNNAMED, here.usual) != here.usual
    return stated and any(not u.subs or plain_letter(u.subs[0].sums[0]) for u in means)
