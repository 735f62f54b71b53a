"""Why a relation that has no proof may yet be no claim: a choice, an assumption, a condition, a misreading."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

from derivations.clue import Trees
from derivations.convention import Model, Z, modelled
from derivations.conversion import subterms
from derivations.draw import numbers
from derivations.entry import is_marginal, is_product, whole
from derivations.functional import DRAWS
from derivations.independence import Independence
from derivations.kernel import Term, alpha_equal, density, free, number, sort
from derivations.latex import text
from derivations.law import named_laws
from derivations.meaning import Meaning
from derivations.noise import is_open
from derivations.surroundings import Surroundings, names_in, negated
from derivations.syntax import Group, Sum, Unit
from derivations.tree import only_unit, units

CLAIMS = {"expectation", "kl", "integral", "density", "normal", "sum", "derivative"}


def is_assumption(meaning: Meaning) -> bool:
    """Whether it says that a density is normal, or a normal one of other parameters: no claim."""
    heads = {meaning.left.head, meaning.right.head}
    of_image = any(side.head == "normal" and side.args[0].head == "tuple" for side in meaning.sides)
    return "normal" in heads and heads <= {"normal", "density"} and not of_image


def speaks(term: Term) -> bool:
    """Whether a term speaks of densities, expectations or the like."""
    return any(t.head in CLAIMS for _, t in subterms(term))


def doubt(trees: Trees, found: list[Meaning], around: Surroundings, relation: str = "=") -> str:
    """Why a relation that has no proof may yet be no claim, or one that we misread; empty if there is no doubt."""
    if around.incomplete:
        return "the definitions of the text were not found in time"
    if relation in ("<=", ">=") and any(_is_of_chain(m) for m in found) and all(map(_has_information, trees)):
        return "it may hold if the variables are a Markov chain"
    names = set().union(*map(names_in, trees))
    if twice := {d.name for d in around.again} & names:
        return f"{_shown(twice)}: defined more than once"
    if unsaid := around.distant & names:
        return f"{_shown(unsaid)}: defined far below only"
    known = around.symbols.keys() | around.positive | around.negative | {"ELBO"}
    if unread := names & {s for s in around.unknown if isinstance(s, str)} - known:
        return f"{_shown(unread)}: defined by what is not read"
    if signless := negated(trees) - known - {"ScriptF", "F("}:
        return f"{_shown(signless)}: the ELBO or its negative?"
    laws = {t for m in found for side in m.sides for _, t in subterms(side) if t.head == "density"}
    if law := next((t for t in sorted(laws, key=text) if t in around.unknown), None):
        return f"{text(law)}: defined by what is not used here"
    if around.apart:
        return f"{', '.join(sorted(around.apart))}: one letter for several things"
    if len({_has_limits(tree) for tree in trees} - {None}) > 1:
        return "a sum without limits beside one with"
    if any(m.chosen for m in found):
        return "which variances the densities have is not said"
    if any(map(_has_bare_normal, trees)):
        return "a normal law is no number"
    if relation in ("=", ":=") and any(is_independence(m.left, m.right) for m in found):
        return "an assumption of independence, not a claim"
    if relation in ("=", ":=") and any(_is_mixture(m.left, m.right) for m in found):
        return "a density as a mixture of others under fewer conditions: a choice of it, not a claim"
    if relation in ("=", ":=") and any(_is_renamed(m.left, m.right) for m in found):
        return "a density under two conditions: an assumption or another name, not a claim"
    if any(is_open(*m.sides) for m in found):
        return "z and epsilon, of which nothing says how they are related"
    if independences(found, around):
        return "it may hold by the independence that the text supposes"
    if relation in ("=", ":=", "prop") and any(_is_condition(m.left, m.right) for m in found):
        return "a choice or a condition, such as q = p or a divergence of 0, not a claim"
    if relation in ("=", ":=") and any(is_choice(m.left, m.right) for m in found):
        return "the same of another density: a choice of it, not a claim"
    if relation in ("=", ":=") and any(_is_average(*m.sides) for m in found):
        return "a mean over the data on one side: is the other side meant at given data?"
    named = any(
        u.base in (r"\Divergence", r"\Bernoulli", r"\Normal") for tree in trees for u in units(tree)
    )  # of numbers too it is a claim
    around = replace(around, claimed=around.claimed or named)
    return next(filter(None, (_doubt_about(m, around, relation) for m in found)), "")


def independences(found: Iterable[Meaning], around: Surroundings) -> list[Independence]:
    """What the text supposes of the independence of variables that occur together in some meaning."""
    densities = [[t for side in m.sides for _, t in subterms(side) if t.head == "density"] for m in found]
    return [
        supposed
        for supposed in around.assumed
        if any(
            supposed.names <= {a.data[0] for t in d if t.data[0] == supposed.family for a in t.args} for d in densities
        )
    ]


def joint_elsewhere(found: Iterable[Meaning], supposed: Iterable[Independence]) -> str:
    """In words, a joint density of another family, of variables that are supposed to be independent in one; empty if none."""
    for meaning in found:
        for t in (t for side in meaning.sides for _, t in subterms(side) if t.head == "density"):
            targets = {*t.args[: t.data[1]]}
            for one in supposed:
                shared = targets & {*one.whole.args[: one.whole.data[1]]}
                if t.data[0] != one.family and len(shared) > 1 and one.alike(t) is None:
                    return f"it may hold if {text(t)} is a product too: independence is supposed of {one.family} alone"
    return ""


def _has_information(tree: Sum) -> bool:
    return any(u.base in ("I", r"\ScriptI") for u in units(tree))


def _is_of_chain(meaning: Meaning) -> bool:
    """Whether three variables or more occur, that may tell nothing of each other given one of them."""
    return len({a for side in meaning.sides for _, t in subterms(side) if t.head == "density" for a in t.args}) > 2


def _shown(names: set[str] | frozenset[str]) -> str:
    return ", ".join(sorted(names)).replace("Script", "").replace("(", "")


def _is_condition(left: Term, right: Term) -> bool:
    """Whether a density is equated with what does not speak of its family, or an expression with a number."""
    for side, other in ((left, right), (right, left)):
        if side.head == "number" and speaks(other):
            return not _is_mass(other) or side == number(0)
        others = {t.data[0] for _, t in subterms(other) if t.head == "density"}
        if others and side.head != "number" and not free(side) and not speaks(side):
            return True  # an example in numbers
        if side.head == "density" and side.data[0] not in others:
            return True
    return False


def is_choice(left: Term, right: Term) -> bool:
    """Whether the sides are the same but for a density that is averaged over and speaks of itself, which is of another family.

    So is a bound at q and at q = p(z|x).
    """
    for side, other in ((left, right), (right, left)):
        inside, outside = ([t for _, t in subterms(s) if t.head == "density"] for s in (side, other))
        gone = {t for t in inside if t.data[0] not in {o.data[0] for o in outside}}
        if len(gone) != 1 or inside.count(law := gone.pop()) < 2:
            continue
        values = {t for t in outside if t.args[: t.data[1]] == law.args[: law.data[1]]}
        if any(alpha_equal(modelled(side, Model(((law, value),), "")), other) for value in values):
            return True
    return False


def _is_average(left: Term, right: Term) -> bool:
    """Whether one side is the mean of the other over a variable that it is about."""
    return any(
        side.head == "expectation"
        and side.args[0].head == "density"
        and side.args[0].args == (side.bound,)
        and side.bound in free(other)
        and alpha_equal(side.args[1], other)
        for side, other in ((left, right), (right, left))
    )


def _is_mass(term: Term) -> bool:
    """Whether a term is an integral or a mean of densities alone, or of a number: what it is, is no choice."""
    inside = {t.head for _, t in subterms(term)} - {"density", "variable", "number", "multiply", "power"}
    return term.head in ("integral", "expectation") and inside <= {"integral", "expectation"}


def _is_renamed(left: Term, right: Term) -> bool:
    """Whether the sides are one density under conditions of which neither holds the other, ``q(z|n) = q(z|x_n)``.

    Or of one variable that stands for several, ``q(z) = q(u, v)``.
    """
    if left.head != "density" or right.head != "density" or left.data[0] != right.data[0]:
        return False
    (targets, given), (others, known) = ((t.args[: t.data[1]], t.args[t.data[1] :]) for t in (left, right))
    if len(targets) != len(others):
        return given == known and 1 in (len(targets), len(others)) and not {*targets} & {*others}
    return targets == others and bool(given) and bool(known)


def _is_mixture(left: Term, right: Term) -> bool:
    """Whether a density is written as a mean of others of its variables, each given a part of what it is given."""
    if left.head != "density" or right.head != "add":
        return False
    targets, given = left.args[: left.data[1]], {*left.args[left.data[1] :]}
    parts = [t.args if t.head == "multiply" else (number(1), t) for t in right.args]
    if any(len(part) != 2 or part[0].head != "number" or part[1].head != "density" for part in parts):
        return False
    laws = [law for _, law in parts]
    alike = all(t.data == left.data and t.args[: t.data[1]] == targets and {*t.args[t.data[1] :]} < given for t in laws)
    return alike and sum(weight.data[0] for weight, _ in parts) == 1


def is_independence(left: Term, right: Term) -> bool:
    """Whether a density is written as a product of others of its family, as for independent variables, or a marginal of one."""
    if is_product(right):
        return left == whole(right)
    if left.head == right.head == "log":
        return is_independence(left.args[0], right.args[0])
    if left.head == "density" and right.head == "integral" and right.bound is not None:
        count, kinds = left.data[1], {a.data[-1] for a in left.args if sort(a) == "p"}
        if right.bound.data[-1] in kinds:
            return False
        joint = density(left.data[0], [*left.args[:count], right.bound], left.args[count:])
        return is_independence(joint, right.args[0])
    factors = right.args if right.head == "multiply" else (right,)
    if left.head != "density" or any(f.head != "density" or f.data[0] != left.data[0] for f in factors):
        return False
    targets, given = set(left.args[: left.data[1]]), set(left.args[left.data[1] :])
    parts = [f.args[: f.data[1]] for f in factors]
    every = [t for part in parts for t in part]
    conditions = {c for f in factors for c in f.args[f.data[1] :]}
    return (
        set(every) == targets and len(every) == len(targets) and conditions <= targets | given and _is_ordered(factors)
    )


def _is_ordered(factors: Iterable[Term]) -> bool:
    """Whether the factors can be drawn one after the other: ``p(x|z) p(z|x)`` is a mistake, no independence."""
    left = {f: ({*f.args[: f.data[1]]}, {*f.args[f.data[1] :]}) for f in factors}
    while left:
        waiting = set().union(*(targets for targets, _ in left.values()))
        first = next((f for f, (_, given) in left.items() if not given & waiting), None)
        if first is None:
            return False
        del left[first]
    return True


def _uses_shape(side: Term) -> bool:
    """Whether a side may depend on which density z has beyond its name: it has z, or mu or sigma, as a number."""
    apart = {"density", "function", "expectation", "integral", "kl", "normal"}
    return any(
        t.head not in apart and any(a == Z or (a.head == "variable" and a.data[0] in ("mu", "sigma")) for a in t.args)
        for _, t in subterms(side)
    )


def _of_stated_laws(meaning: Meaning, around: Surroundings) -> str:
    """Whether the text may mean other laws than a counterexample has."""
    denied = around.unusual or any(words in meaning.condition for words in (" is N(", " = "))
    if denied and meaning.convention and meaning.condition:
        return f"the text has other densities than {meaning.condition}"
    if "z" in around.standard and not meaning.convention and any(map(_uses_shape, meaning.sides)):
        return "z is standard normal, and p(z) is any density in a counterexample"
    prior = density("p", [Z])
    if "z" not in around.spoken or around.beside.get("z") != prior:
        return ""
    means = (t for s in meaning.sides for _, t in subterms(s) if t.head == "expectation" and t.args[0] == prior)
    of_q = any(t.head == "density" and t.data[0] == "q" for mean in means for _, t in subterms(mean))
    return "a mean over p(z), of which the text speaks, or over q?" if of_q else ""


def _doubt_about(meaning: Meaning, around: Surroundings, relation: str) -> str:
    sides = meaning.left, meaning.right
    heads = [{t.head for _, t in subterms(side) if t != DRAWS} for side in sides]
    if loose := {v for side in sides for _, t in subterms(side) for v in _out_of_reach(t)}:
        return f"{', '.join(sorted(loose))}: averaged over inside of a mean that depends on it"
    if not set.union(*heads) & CLAIMS and not around.claimed:
        return "a choice of numbers, or a definition"
    if relation == "~" and not meaning.draws.keys() <= {*named_laws(sides[0]), *around.beside}:
        return "draws from which law?"
    if words := _of_stated_laws(meaning, around):
        return words
    if has_several_forms(meaning):
        return "a density that is differentiated, in several forms"
    densities = [{t for _, t in subterms(side) if t.head == "density" and t != DRAWS} for side in sides]
    if ("normal" in heads[0]) != ("normal" in heads[1]) and densities[0] != densities[1]:
        return "which densities are normal?"
    of_points = any(
        t.head == "expectation" and t.args[0].head == "density" and _has_entries(t)
        for s in sides
        for _, t in subterms(s)
    )
    if of_points and not set.union(*heads) & {"normal"} and set.union(*map(_scales, sides)):
        return "which densities are normal?"
    families = [{t.data[0] for t in d} for d in densities]
    if (
        all(families)
        and not families[0] & families[1]
        and len({f[0] for f in set.union(*families)}) < len(set.union(*families))
    ):
        return f"{' and '.join(sorted(map(str, set.union(*families))))}, of which nothing says how they are related"
    counted = numbers(*sides)
    sized = counted or any(is_marginal(t) for side in sides for _, t in subterms(side))
    kinds = ("real", "vector") if sized else ("real", "vector", "natural")
    names = [{v for v in free(t) if v.data[1] in kinds} for t in sides]
    strange = (names[0] - _of_laws(sides[0]) - names[1]) | (names[1] - _of_laws(sides[1]) - names[0])
    if strange:
        return f"what is {', '.join(sorted(v.data[0] for v in strange))}?"
    return ""


def _has_entries(mean: Term) -> bool:
    """Whether an expectation is one of the entries of its variable."""
    return any(t.head == "component" and t.args[0] == mean.bound for _, t in subterms(mean.args[1]))


def _scales(term: Term) -> set[str]:
    """The letters of means and scales in a term."""
    return {v.data[0].split("_")[0] for v in free(term) if v.data[1] in ("real", "vector")} & {"mu", "sigma"}


def _out_of_reach(mean: Term) -> set[str]:
    """The variables averaged over in the body of a mean the law of which depends on them, as if the means were exchanged."""
    if mean.head != "expectation" or mean.args[0] == DRAWS:
        return set()
    known = {v.data for v in free(mean.args[0])} - {mean.bound.data if mean.bound is not None else ()}
    inside = {t.bound.data for _, t in subterms(mean.args[1]) if t.head == "expectation" and t.bound is not None}
    return {str(name) for name, _ in known & inside}


def has_several_forms(meaning: Meaning) -> bool:
    """Whether different densities of a family that is differentiated occur: as functions, they are not those of one joint."""
    found = (t for side in meaning.sides for _, t in subterms(side) if t.head == "function" and t.data[1] == "real")
    forms = {t.data[0] for t in found}
    return any(other != form and other.split("_")[0] == form.split("_")[0] for form in forms for other in forms)


def _of_laws(term: Term) -> set[Term]:
    """The parameters of the normal densities in a term: that the other side lacks one is a mistake of the other side."""
    return {v for _, t in subterms(term) if t.head == "normal" for v in free(t)}


def _has_bare_normal(tree: Sum) -> bool:
    """Whether ``N(mu, sigma^2)`` stands in a sum or product, without the point at which it would be a density."""
    for _, row in tree.rows:
        for unit, group in pairwise(row.items):
            call = group.base if isinstance(group, Unit) and isinstance(group.base, Group) else None
            if isinstance(unit, Unit) and unit.base == r"\Normal" and call and call.separators == (",",):
                return True
    return False


def _has_limits(tree: Sum) -> bool | None:
    """Whether the sums over indices of a tree have an upper limit; None if it has no such sums."""
    found = {bool(u.sups) for u in units(tree) if u.base == r"\sum" and not _over_values(u)}
    return None if not found else all(found)


def _over_values(unit: Unit) -> bool:
    first = only_unit(unit.subs[0].sums[0]) if unit.subs else None
    return first is not None and str(first.base).lower() in ("z", "x", "y")
