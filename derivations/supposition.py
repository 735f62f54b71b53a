"""What a relation means under what a text supposes and the field takes for granted: normal laws, independence, products, means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

from derivations.average import mean_of_bound, mean_of_divergences
from derivations.clue import Trees, differentiated, labels_of, only_label
from derivations.convention import EPSILON, Family, Model, X, Z, default, labelled, modelled, named_parameters, stated
from derivations.conversion import subterms
from derivations.decoder import DECODER, JOINT, decoder_of
from derivations.entry import factorised, is_marginal, is_product, products, whole
from derivations.independence import is_plausible
from derivations.kernel import Term, alpha_equal, density
from derivations.latex import text
from derivations.law import laws as averaged_over
from derivations.meaning import Meaning
from derivations.mixture import aggregates
from derivations.noise import sampled
from derivations.reader import Context
from derivations.surroundings import BOUNDS, Surroundings, defined


def under_conventions(
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


def sampled_as(meaning: Meaning, around: Surroundings, names: Context) -> Meaning:
    """The meaning where z is the sample that the text has for it, if it is about both z and its noise."""
    if around.sample is None:
        return meaning
    sides = sampled(meaning.sides, around.sample, meaning.readings[0], names)
    if sides is None:
        return meaning
    return replace(meaning, left=sides[0], right=sides[1], words=(*meaning.words, "z is what the text samples"))


def averaged_over_data(meaning: Meaning, trees: Trees) -> Iterator[Meaning]:
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
            yield replace(meaning, left=sides[0], right=sides[1]).under(conditional[1])
    yield meaning


def _modelled(meaning: Meaning, trees: Trees, around: Surroundings, family: Family) -> Iterator[Meaning]:
    """The relation about normal densities, where it speaks of parameters."""
    for model in _models(meaning, trees, around, family):
        open_ones = _contradicted(meaning, around, family) if model in (default(family), default(family, "q")) else ""
        for found in _about(meaning, _without_marginals(model, meaning), trees, around):
            yield found.under(open_ones if found.convention else "")


def _contradicted(meaning: Meaning, around: Surroundings, family: Family) -> str:
    """What the usual normal densities suppose and the text says otherwise, of the densities in the relation."""
    if around.conventions:
        return ""
    found = {t for side in meaning.sides for _, t in subterms(side) if t.head == "density"}
    of_q = {t for t in found if t.data[0] == "q"}
    is_other = "q" in around.unusual or of_q & around.unknown
    words = ["q is N(mu, sigma^2)"] if of_q and is_other else []
    if density("q", [Z]) in found and "q(z)" in around.unusual:
        words.append("q(z) is normal")
    if family.log_variance and "v" in around.unusual and of_q:
        words.append("v is the logarithm of the variance")
    for point in (Z, EPSILON):
        prior = density("p", [point])
        if prior in found and (point.data[0] in around.unusual or prior in around.unknown):
            words.append(f"p({point.data[0]}) is N(0, I)")
    return " and ".join(words)


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
    is_said = not around.decoders or any(map(decoder.fits, around.decoders))
    for model, condition in decoder.laws(names, scalar=meaning.readings[0].scalar):
        left, right = (modelled(side, model) for side in meaning.sides)
        under = meaning.under(condition, "" if is_said else model.words)
        others = (t for side in (left, right) for _, t in subterms(side) if t.head == "density" and t.data[0] == "p")
        chosen = decoder.chosen or any(X in t.args for t in others)  # those follow from it
        yield replace(under, left=left, right=right, convention=model.words, chosen=chosen)


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
            yield replace(meaning, left=left, right=right, words=(*meaning.words, words)).under(condition)


def _models(meaning: Meaning, trees: Trees, around: Surroundings, family: Family) -> Iterator[Model]:
    comments = stated(around.conventions, family)
    labels = labels_of(trees)
    if comments is not None or labels is None:
        yield comments or _of_one_label(only_label(trees), around, family)
        return
    said = tuple(f for f, label in around.labels.items() if label == labels[0])
    for first in said[:1] or _first_families(meaning, around):
        yield labelled(family, first, labels, _single_point(meaning))


def _of_one_label(label: str, around: Surroundings, family: Family) -> Model:
    r"""``q = N(\mu_q, \sigma_q^2)``, where p is what the text says or else the usual prior."""
    if label in ("q", "p") and around.labels == {"q": "q", "p": "p"}:
        return labelled(family, "q", ("q", "p"))
    if label == "q" and around.labels.get("q", "q") == "q" and "p" in around.labels:
        return labelled(family, "q", ("q", around.labels["p"]))
    return default(family, label if label == "q" else "")


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
