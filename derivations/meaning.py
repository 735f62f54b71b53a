"""What a relation of a text may mean: readings of both sides, under the conventions on q and p; and doubts about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, product

from derivations.average import mean_of_bound, mean_of_divergences
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
from derivations.convention import (
    EPSILON,
    Family,
    Model,
    X,
    Z,
    default,
    labelled,
    modelled,
    named_parameters,
    stated,
)
from derivations.conversion import subterms
from derivations.decoder import DECODER, JOINT, Decoder, decoder_of
from derivations.distribution import depending, differentiable
from derivations.draw import over_draws
from derivations.entry import factorised, is_marginal, is_product, products, whole
from derivations.independence import is_plausible
from derivations.kernel import KernelError, Term, alpha_equal, bind, density, equal, log, number
from derivations.label import together
from derivations.latex import text
from derivations.law import laws as averaged_over
from derivations.law import named_laws
from derivations.linear_algebra import NOTATION
from derivations.mixture import aggregates
from derivations.name import check_names
from derivations.noise import sampled
from derivations.reader import Context, Found, Reading
from derivations.reading import Read, read, readings
from derivations.surroundings import BOUNDS, Surroundings, bound_symbols, defined, densities
from derivations.symbol import CONSTANTS, FUNCTIONS
from derivations.syntax import FormulaError
from derivations.tree import (
    bases,
    plain_letter,
    units,
)


@dataclass(frozen=True)
class Meaning:
    """Both sides of a relation, each under a reading.

    Attributes
    ----------
    readings, left, right
        How the sides were read, and what they are then.
    convention
        The convention on the densities that is used, if any.
    draws
        The laws of numbered draws, by the letter of their variable.
    words
        What else is taken as the field has it.
    condition
        What the field often has so, but not always: under it nothing is proved, and what holds under it is not refuted.
    chosen
        Whether the convention chooses what the text may have otherwise: what fails under it is not refuted.
    """

    readings: tuple[Reading, Reading]
    left: Term
    right: Term
    convention: str = ""
    draws: Mapping[str, Term] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    condition: str = ""
    chosen: bool = False

    @property
    def reading(self) -> str:
        """How the sides were read, in words."""
        left, right = map(str, self.readings)
        return right if left == right else f"left side: {left}; right side: {right}"

    def scope(self, others: Sequence[Meaning]) -> str:
        """How the sides are read, where another of the meanings differs only in what an operator without brackets applies to.

        Only what is not usual is said: ``log a b`` is ``log(a b)`` and a sum ends with its term, but a gradient has no usual
        scope.
        """
        found = [next((o for o in others if _differs_in_scope(self, o, i)), None) for i in (0, 1)]
        pairs = [(self.sides[i], other.sides[i]) for i, other in enumerate(found) if other is not None]
        return "; ".join(f"read as {text(mine)}, not as {text(theirs)}" for mine, theirs in pairs)

    @property
    def sides(self) -> tuple[Term, Term]:
        """Both sides."""
        return self.left, self.right

    @property
    def suppositions(self) -> tuple[str, ...]:
        """All conventions that are used, in words."""
        return (*((self.convention,) if self.convention else ()), *self.words)


def _differs_in_scope(one: Meaning, other: Meaning, i: int) -> bool:
    """Whether one meaning has an unusual scope on a side, or that of a gradient, and the other differs in it alone."""
    supposed = (one.suppositions, one.condition) == (other.suppositions, other.condition)
    if not supposed or one.sides[i] == other.sides[i] or one.sides[1 - i] != other.sides[1 - i]:
        return False
    mine, theirs = one.readings[i], other.readings[i]
    unusual = (theirs.greedy and not mine.greedy) or (mine.wide and not theirs.wide)
    graded = any(t.head == "derivative" for _, t in subterms(one.sides[i]))
    return mine.scalar is theirs.scalar and (unusual or (graded and mine.greedy is not theirs.greedy))


def meanings(trees: Trees, around: Surroundings, relation: str = "=") -> Iterator[Meaning]:
    """Readings that give both sides a meaning, as written and under the conventions, each once."""
    seen: set[tuple[Term, Term]] = set()
    for meaning in _all(trees, around, relation):
        if (meaning.left, meaning.right) not in seen and _consistent(meaning):
            seen.add((meaning.left, meaning.right))
            yield meaning


def _consistent(meaning: Meaning) -> bool:
    """Whether no name stands for two things, such as a point and a vector of parameters."""
    try:
        check_names(equal(meaning.left, meaning.right))
    except ValueError:
        return False
    return True


def _all(trees: Trees, around: Surroundings, relation: str) -> Iterator[Meaning]:
    drawn = frozenset({"z", "epsilon"}) if relation == "~" else frozenset()
    for family in _families(trees):
        for names, words in contexts(trees, around, family):
            left, right = (
                [r for r in readings(tree, names, d) if r.reading.scalar is not family.vector]
                for tree, d in zip(trees, (frozenset[str](), drawn), strict=True)
            )
            for first in left:
                for second in right:
                    found = _meaning(first, second, relation, names, words, around.first)
                    if found is None:
                        continue
                    for meaning in _under_conventions(found, trees, around, family, names):
                        yield from _averaged(_sampled(meaning, around, names), trees)


def _under_conventions(
    found: Meaning, trees: Trees, around: Surroundings, family: Family, names: Context
) -> Iterator[Meaning]:
    for one in _aggregated(found, around):
        yield one
        yield from _modelled(one, trees, around, family)
        yield from _decoded(one, trees, around, names)
        yield from _independent(one, around)
        yield from _of_data(one)
        for meaning in _factorised(one):
            yield meaning
            yield from _of_data(meaning)


def _sampled(meaning: Meaning, around: Surroundings, names: Context) -> Meaning:
    """The meaning where z is the sample that the text has for it, if it is about both z and its noise."""
    if around.sample is None:
        return meaning
    sides = sampled(meaning.sides, around.sample, meaning.readings[0], names)
    if sides is None:
        return meaning
    return replace(meaning, left=sides[0], right=sides[1], words=(*meaning.words, "z is what the text samples"))


def _averaged(meaning: Meaning, trees: Trees) -> Iterator[Meaning]:
    """The meaning with a bound as that of all data; or as it is, and with divergences as their means if that makes sense."""
    for i in (0, 1):
        sides = [*meaning.sides]
        found = mean_of_bound(sides[i], sides[1 - i]) if defined(trees[i]) in BOUNDS else None
        if found is not None:
            sides[i] = found[0]
            yield replace(meaning, left=sides[0], right=sides[1], words=(*meaning.words, found[1]))
            return
        conditional = mean_of_divergences(sides[i], sides[1 - i])
        if conditional is not None:
            sides[i] = conditional[0]
            both = " and ".join(filter(None, (meaning.condition, conditional[1])))
            yield replace(meaning, left=sides[0], right=sides[1], condition=both)
    yield meaning


def _meaning(
    first: Read, second: Read, relation: str, names: Context, words: tuple[str, ...], whole: Term | None
) -> Meaning | None:
    left, right = first.term, second.term
    draws = {**first.found.draws, **second.found.draws}
    if relation == "~":
        used = {t.data[0] for _, t in subterms(right) if t.head == "function" and len(t.args) == 2}
        laws = {**names.laws, **named_laws(left)}
        draws |= {letter: laws[letter] for letter in used & laws.keys()}
        if not used or not used <= draws.keys():
            return None
        right = over_draws(right)
    if relation == "prop":
        start = left if left.head in ("density", "normal") else whole
        if start is None or (start.head == "density" and start.data[1] != 1):
            return None
        left, right = (s if s == start else s / bind("integral", start.args[0], s) for s in (left, right))
    used_words = [w for w in words if _is_used(w, first.found, second.found)]
    return Meaning((first.reading, second.reading), left, right, "", draws, tuple(used_words))


def _is_used(word: str, *found: Found) -> bool:
    """Whether a convention in words, such as ``L is ...``, is about a symbol that was read."""
    symbols = {s for f in found for s in f.symbols} | {r for f in found for r in f.remarks}
    return any(_shown(s) == word.split(" ")[0] for s in symbols) or word.startswith(("p is ", "N("))


def _shown(symbol: str) -> str:
    if symbol == "law":
        return "E"
    return symbol.removeprefix("Script").removesuffix("(")


# --- conventions ---


def _families(trees: Trees) -> Iterator[Family]:
    """How normal densities may be written in the trees."""
    found = set().union(*map(bases, trees))
    logs = [True] if any(map(has_exponential, trees)) else [False, True] if "v" in found else [False]
    spherical = found & {"I", r"\One"} or isinstance(decoder_of(trees), Decoder)
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
        divergence=bind("kl", first.args[0], first, second),
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
                *([f"E is over {text(q)}"] if q is not None else []),
            ]
            draws = {name: found.found.draws for name, found in _definitions(around, names, family)}
            for symbols, said in _symbols(trees, around, names, family):
                yield replace(names, symbols=symbols, draws=draws), (*words, *said, *usual)


def _symbols(
    trees: Trees, around: Surroundings, names: Context, family: Family
) -> Iterator[tuple[dict[str, Term], tuple[str, ...]]]:
    """What symbols stand for: what the text defines, else the ELBO, for F of either sign."""
    fixed: dict[str, Term] = {name: found.term for name, found in _definitions(around, names, family)}
    used = {n for tree in trees for n in bound_symbols(tree)} - around.symbols.keys()
    bound, said = around.bound, tuple[str, ...]()
    if bound is not None and "w" not in fixed and any(u.base == "w" and not u.subs for t in trees for u in units(t)):
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
                words.append(f"{_shown(name)} is the {'negative ' if minus else ''}ELBO, {text(symbols[name])}")
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


def _definitions(around: Surroundings, names: Context, family: Family) -> Iterator[tuple[str, Read]]:
    """What the text defines, as it is read."""
    for name, (_, tree) in around.symbols.items():
        found = next((r for r in readings(tree, names) if r.reading.scalar is not family.vector), None)
        if found is not None:
            yield name, found


def _bounds(bound: Term, evidence: Term, depends: Mapping[str, str]) -> Iterator[Term]:
    """The ELBO; where the densities of p depend on a parameter, so that they are functions, also by their joint density."""
    yield differentiable(bound, depends)
    if "p" in depends and bound.head == "add":
        (q, _), z, count = bound.args[0].args, bound.args[0].bound, evidence.data[1]
        joint = density("p", [*evidence.args[:count], *([z] if z else [])], evidence.args[count:])
        yield differentiable(bind("expectation", z, q, log(joint) - log(q)), depends)


def _modelled(meaning: Meaning, trees: Trees, around: Surroundings, family: Family) -> Iterator[Meaning]:
    """The relation about normal densities, where it speaks of parameters."""
    for model in _models(meaning, trees, around, family):
        yield from _about(meaning, _without_marginals(model, meaning), trees, around)


def _about(meaning: Meaning, model: Model, trees: Trees, around: Surroundings) -> Iterator[Meaning]:
    left, right = (modelled(t, model) for t in (meaning.left, meaning.right))
    named = {n.rstrip("'") for side in meaning.sides for n in named_parameters(side)}
    parameters = named - {*differentiated(trees).values()}
    inside = [t for side in meaning.sides for _, t in subterms(side)]
    of_entries = any(t.head == "component" and t.args[0] == Z for t in inside) and not any(map(is_marginal, inside))
    if (parameters or of_entries) and (left, right) != (meaning.left, meaning.right):
        draws = {letter: modelled(law, model) for letter, law in meaning.draws.items()}
        noise = any(t == density("p", [EPSILON]) for side in (meaning.left, meaning.right) for _, t in subterms(side))
        words = model.words + (", p(epsilon) = N(0, I)" if noise and not around.conventions else "")
        chosen = not parameters and not around.conventions
        yield replace(meaning, left=left, right=right, convention=words, draws=draws, chosen=chosen)


def _independent(meaning: Meaning, around: Surroundings) -> Iterator[Meaning]:
    """The relation under what the text supposes of the independence of its variables, unless it says so itself."""
    if any(one.head == "density" and set(_laws_of(other)) for one, other in (meaning.sides, meaning.sides[::-1])):
        return
    found = {t for side in meaning.sides for _, t in subterms(side) if t.head == "density"}
    plausible = [a for a in around.assumed if is_plausible(a.whole, a.product)]
    used = [a for a in plausible if found & {d for d, _ in a.equations}]
    unsaid = [] if used else [a for a in plausible if a.product in found]  # x_0, on which q(x_t | x_{t-1}) may depend
    if used or unsaid:
        pairs = [(a.product, a.whole) for a in unsaid]
        used += unsaid
        model = Model(tuple(pairs or [pair for a in used for pair in a.equations]), "")
        left, right = (modelled(side, model) for side in meaning.sides)
        yield replace(meaning, left=left, right=right, words=(*meaning.words, *(a.words for a in used)))


def _laws_of(term: Term) -> list[Term]:
    """The densities of which a term is the product; none if it is no such product."""
    factors = term.args if term.head == "multiply" else (term,)
    return list(factors) if all(f.head == "density" for f in factors) else []


def _decoded(meaning: Meaning, trees: Trees, around: Surroundings, names: Context) -> Iterator[Meaning]:
    """The relation about a decoder, where it says how x is related to a mean."""
    decoder = decoder_of(trees)
    found = [t for side in meaning.sides for _, t in subterms(side)]
    if decoder is None or around.conventions or not {DECODER, JOINT} & set(found):
        return
    if not decoder.given and any(t.bound == Z for t in found):
        return  # a mean that may depend on z, over which one averages
    for model, condition in decoder.laws(names, scalar=meaning.readings[0].scalar):
        left, right = (modelled(side, model) for side in meaning.sides)
        both = " and ".join(filter(None, (meaning.condition, condition)))
        others = (t for side in (left, right) for _, t in subterms(side) if t.head == "density" and t.data[0] == "p")
        chosen = decoder.chosen or any(X in t.args for t in others)  # those follow from it
        yield replace(meaning, left=left, right=right, convention=model.words, condition=both, chosen=chosen)


def _without_marginals(model: Model, meaning: Meaning) -> Model:
    """The model without ``q(z)`` where ``q(z|x)`` occurs too, and so for p: they are not the same normal density."""
    found = {t for side in (meaning.left, meaning.right) for _, t in subterms(side) if t.head == "density"}
    given = {(t.data[0], t.args[: t.data[1]]) for t in found if t.data[1] < len(t.args)}
    laws = [law for _, law in model.densities]
    kept = tuple(
        (said, law)
        for said, law in model.densities
        if laws.count(law) == 1 or said.data[1] < len(said.args) or (said.data[0], said.args) not in given
    )
    return replace(model, densities=kept)


def _factorised(meaning: Meaning) -> Iterator[Meaning]:
    """The relation where ``p(z)`` is the product of the ``p(z_j)``; and where other densities are, if that is said."""
    sides = meaning.left, meaning.right
    written = {whole(t) for side in sides for _, t in subterms(side) if is_product(t)}
    laws = {t.args[0] for side in sides for _, t in subterms(side) if t.head == "expectation"}
    pairs = [
        (law, factors) for law, factors in products(*sides) if law not in (laws if law.data[0] == "p" else written)
    ]
    for size in range(1, len(pairs) + 1):
        for chosen in combinations(pairs, size):
            left, right = sides
            for law, factors in chosen:
                left, right = (factorised(side, law, factors) for side in (left, right))
            words = [f"{text(law)} is the product of the densities of its entries" for law, _ in chosen]
            open_ones = [w for (law, _), w in zip(chosen, words, strict=True) if law.data[0] != "p"]
            yield replace(
                meaning, left=left, right=right, words=(*meaning.words, *words), condition=" and ".join(open_ones)
            )


def _aggregated(meaning: Meaning, around: Surroundings) -> Iterator[Meaning]:
    """The relation where ``q(z)`` is the mean over the data that it sums over; if the text says so, that alone."""
    found = {t for side in meaning.sides for _, t in subterms(side)}
    laws = tuple((law, mean) for law, mean in aggregates(*meaning.sides).items() if law in found)
    said = all(law in around.aggregates and alpha_equal(around.aggregates[law], mean) for law, mean in laws)
    if not laws or not said:
        yield meaning
    if laws:
        words = " and ".join(f"{text(law)} is {text(mean)}" for law, mean in laws)
        left, right = (modelled(side, Model(laws, words)) for side in meaning.sides)
        condition = "" if said else words
        yield replace(meaning, left=left, right=right, words=(*meaning.words, words), condition=condition)


def _of_data(meaning: Meaning) -> Iterator[Meaning]:
    """The relation where the law of the data, over which ``q(z|x)`` is averaged, is ``q(x)``: then q(z) is its mean."""
    found = {t for side in (meaning.left, meaning.right) for _, t in subterms(side) if t.head == "density"}
    conditional = {x for t in found if t.data[0] == "q" for x in t.args[t.data[1] :]}
    for law in sorted((t for t in found if t.data[0] != "q" and t.args[: t.data[1]] == t.args), key=text):
        alone = not any(t != law and t.data[0] == law.data[0] and {*law.args} & {*t.args} for t in found)
        joint = any(t.data[0] == "q" and not {*law.args} & {*t.args[t.data[1] :]} for t in found)
        if (alone or joint) and len(law.args) == 1 and {*law.args} <= conditional:
            own = density("q", law.args)
            words = f"{text(own)} is {text(law)}"
            left, right = (modelled(side, Model(((law, own),), words)) for side in (meaning.left, meaning.right))
            condition = words if law.data[0] == "p" or not alone else ""  # p(x) may be the model's
            both = " and ".join(filter(None, (meaning.condition, condition)))
            yield replace(meaning, left=left, right=right, words=(*meaning.words, words), condition=both)


def _models(meaning: Meaning, trees: Trees, around: Surroundings, family: Family) -> Iterator[Model]:
    comments = stated(around.conventions, family)
    labels = labels_of(trees)
    if comments is not None or labels is None:
        yield comments or default(family)
        return
    said = tuple(f for f, label in around.labels.items() if label == labels[0])
    for first in said[:1] or _first_families(meaning, around):
        yield labelled(family, first, labels, _single_point(meaning))


def _first_families(meaning: Meaning, around: Surroundings) -> tuple[str, ...]:
    """Which of q and p may have the first label: that of the divergence, else that over which is averaged, else both."""
    compared = (
        str(t.args[0].data[0])
        for side in meaning.sides
        for _, t in subterms(side)
        if t.head == "kl" and t.args[0].head == "density"
    )
    found = next(compared, around.compared)
    averaged = {str(law.data[0]) for _, law in averaged_over(*meaning.sides) if law.head == "density"}
    families = (found,) if found else tuple(averaged) if len(averaged) == 1 else ("q", "p")
    return tuple(f for f in families if f in ("p", "q"))


def _single_point(meaning: Meaning) -> Term:
    """The x of which both p(x) and q(x) are densities in a relation; z if there is none."""
    found = {t for side in meaning.sides for _, t in subterms(side) if t.head == "density" and len(t.args) == 1}
    both = {t.args[0] for t in found if t.data[0] == "p"} & {t.args[0] for t in found if t.data[0] == "q"}
    return both.pop() if len(both) == 1 and len({t.args[0] for t in found}) == 1 else Z


def why_none(trees: Trees, around: Surroundings) -> str:
    """Why a relation has no meaning that we know."""
    for tree in trees:
        reasons = []
        for family in _families(trees):
            for names, _ in contexts(trees, around, family):
                try:
                    read(tree, Reading(scalar=not family.vector), names)
                    reasons.append("")
                except (FormulaError, KernelError) as error:
                    reasons.append(str(error))
        if reasons and all(reasons):
            return reasons[-1]
    return "the sides have no common reading"
