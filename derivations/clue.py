"""What the trees of a relation tell of its notation: the dimension, labels, families that are meant without being named."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise

from derivations.distribution import entry_index, is_deviation
from derivations.label import rows
from derivations.reader import group_of
from derivations.syntax import FormulaError, Group, Row, Sum, Unit
from derivations.tree import (
    FAMILIES,
    INDICES,
    NATURALS,
    PARAMETERS,
    Label,
    alone,
    bases,
    braced,
    is_parenthesised,
    is_transposed,
    letters,
    name_of,
    only_unit,
    plain_letter,
    units,
)

Trees = tuple[Sum, Sum]
_PARAMETERS = (r"\mu", r"\sigma", r"\Sigma", "v", r"\tau")


def has_exponential(tree: Sum) -> bool:
    """Whether ``e^v`` stands in a tree without a scale, so that v is the logarithm of a variance."""
    powers = (g for u in units(tree) if u.base == "e" for g in u.sups)
    calls = (g for u, after in _followed(tree) if u.base == r"\exp" for g in after)
    inside = set().union(*(bases(s) for g in (*powers, *calls) for s in g.sums))
    return "v" in inside and not bases(tree) & {r"\sigma", r"\Sigma"}


def dimension_of(trees: Trees) -> str:
    """The letter for the dimension: the limit of a sum over entries, else a letter that stands for a whole number."""
    entries = {i for tree in trees for u in units(tree) if u.base in _PARAMETERS for g in u.subs for i in letters(g)}
    entries |= {i for tree in trees for i in compared(tree)}
    bare: set[str] = set()
    for tree in trees:
        for unit in units(tree):
            if unit.base in (r"\sum", r"\prod") and unit.subs and unit.sups:
                index, limit = plain_letter(unit.subs[0].sums[0]), only_unit(unit.sups[0].sums[0])
                if index in entries and limit is not None and limit.base in NATURALS:
                    return str(limit.base)
            if isinstance(unit.base, str) and unit.base in NATURALS and not (unit.subs or unit.sups):
                bare.add(unit.base)
    free_ones = bare - _limits_of_sums(trees) - entries
    return next((letter for letter in "JdDkKnNmM" if letter in free_ones), "J")


def compared(tree: Sum) -> set[str]:
    """The indices of entries of x from which something else with the same index is subtracted, or that are from 1."""
    found: set[str] = set()
    for unit in units(tree):
        inside = (unit.base,) if isinstance(unit.base, Group) else ()
        for s in (s for group in (*inside, *unit.arguments, *unit.sups) for s in group.sums):
            parts = [{i for u in _tops(row) for g in u.subs for i in letters(g) & INDICES} for _, row in s.rows]
            data = [any(u.base in ("x", "X") for u in _tops(row)) for _, row in s.rows]
            if len(parts) == 2 and any(data):
                found |= parts[0] & parts[1] if s.rows[0][1] != Row((Unit("1"),)) else parts[1]
    return found


def _tops(row: Row) -> list[Unit]:
    return [item for item in row.items if isinstance(item, Unit)]


def _limits_of_sums(trees: Trees) -> set[str]:
    """The letters that are indices or limits of sums and products."""
    found = set()
    for tree in trees:
        for unit in units(tree):
            if unit.base in (r"\sum", r"\prod"):
                found |= {plain_letter(g.sums[0]) for g in (*unit.subs, *unit.sups)}
    return found


def limits_of(trees: Trees) -> frozenset[str]:
    """The letters up to which sums and products go, and that are no indices."""
    found = [u for tree in trees for u in units(tree) if u.base in (r"\sum", r"\prod")]
    ends = {plain_letter(g.sums[0]) for u in found for g in u.sups}
    return frozenset(ends & NATURALS - {plain_letter(g.sums[0]) for u in found for g in u.subs})


def size_of(trees: Trees) -> str:
    """The letter for the number of draws where sums have no limits: the only one that stands for a whole number."""
    if any(u.base == r"\sum" and u.sups for tree in trees for u in units(tree)):
        return ""
    bare = {str(u.base) for t in trees for u in units(t) if u.base in NATURALS and not (u.subs or u.sups)}
    inside = {i for t in trees for u in units(t) for g in (*u.subs, *u.sups) for s in g.sums for i in bases(s)}
    found = bare - inside
    return found.pop() if len(found) == 1 else ""


def families_of_entries(trees: Trees) -> frozenset[str]:
    """The families of which both the density of z and those of its entries occur, and those of entries beside them."""
    calls = [
        (u, after) for tree in trees for row in rows(tree) for u, after in pairwise(row.items) if isinstance(u, Unit)
    ]
    found = [(str(u.base).lower(), g) for u, a in calls if u.base in FAMILIES and (g := group_of(a, "(")) is not None]
    of_entries = {family for family, g in found if entry_index(Unit(family), g)}
    if any(not entry_index(Unit(family), g) and _has_index(g) for family, g in found):
        return frozenset()  # p(x, z_k), where z_k is a draw
    of_whole = {family for family, g in found if g.sums and plain_letter(g.sums[0]) in ("z", "Z")}
    return frozenset(of_entries) if of_entries & of_whole else frozenset()


def _has_index(group: Group) -> bool:
    """Whether a z with an index is among the arguments of a density."""
    inside = (u for s in group.sums for u in units(s) if u.base in ("z", "Z"))
    return any(letters(g) & INDICES for u in inside for g in u.subs)


def numbers_of(trees: Trees) -> frozenset[str]:
    """The letters that are parameters of Bernoulli laws."""
    called = (after for tree in trees for u, after in _followed(tree) if u.base == r"\Bernoulli")
    found = (only_unit(s) for after in called for group in after for s in group.sums)
    return frozenset(name_of(u.base) for u in found if u is not None and isinstance(u.base, str))


def labels_of(trees: Trees) -> tuple[str, str] | None:
    """Two labels of parameters, such as 1 and 2 or q and p."""
    found = _labels(trees)
    if found == {"p", "q"}:
        return "q", "p"
    first, *others = sorted(found) or [""]
    return (first, others[0]) if len(others) == 1 and first else None


def only_label(trees: Trees) -> str:
    """The label that all parameters have, such as the q of ``\\mu_q``; empty if there is no such label."""
    found = _labels(trees)
    return found.pop() if len(found) == 1 else ""


def _labels(trees: Trees) -> set[str]:
    """The labels of parameters, an empty one for those without; none at all if one cannot be read."""
    found: set[str] = set()
    for unit in (u for tree in trees for u in units(tree) if u.base in _PARAMETERS):
        try:
            found.add(Label(Unit(unit.base, subs=unit.subs)).kept)
        except FormulaError:
            return set()
    return found


def label_of_family(left: Sum, right: Sum) -> tuple[str, str] | None:
    r"""``p`` and ``1`` where ``p(x)`` is said to be ``N(\mu_1, \sigma_1^2)``; None for what says no such thing."""
    family = left.rows[0][1].items[0]
    normal = any(u.base == r"\Normal" for u in units(right))
    if not normal or not isinstance(family, Unit) or str(family.base).lower() not in ("p", "q") or family.subs:
        return None
    found = {Label(Unit(u.base, subs=u.subs)).kept for u in units(right) if u.base in _PARAMETERS and not u.arguments}
    return (str(family.base).lower(), found.pop()) if len(found) == 1 and found != {""} else None


def is_normal_density(left: Sum, right: Sum, family: str, of: str) -> bool:
    """Whether a density of a family is said to be one normal density: that of a variable, given others or not."""
    return density_named(left)[:2] == (family, of) and bool(normal_parameters(right))


def density_named(tree: Sum) -> tuple[str, str, bool]:
    """Family and letter of a density that a side consists of, the letter with an index or without, and whether it is given others."""
    named, *rest = tree.rows[0][1].items
    group = group_of(rest[0], "(") if len(rest) == 1 and len(tree.rows) == 1 else None
    if group is None or not isinstance(named, Unit) or named.base not in FAMILIES:
        return "", "", False
    letter = "" if group.separators[:1] == (",",) else _letter_of(group.sums[0])
    return str(named.base).lower(), letter, "|" in group.separators


def _letter_of(tree: Sum) -> str:
    """The letter of a variable, which may have an index, as ``z_j`` has."""
    unit = only_unit(tree)
    if unit is None or not isinstance(unit.base, str) or unit.sups or unit.primes:
        return ""
    return unit.base if all(letters(g) <= PARAMETERS | INDICES for g in unit.subs) else ""


def normal_parameters(law: Sum) -> tuple[Sum, ...]:
    r"""The mean and the covariance in ``N(\mu, \sigma^2)`` or ``N(z; \mu, \sigma^2)``; nothing for what is no such call.

    A product of such densities of entries is one.
    """
    items = law.rows[0][1].items
    items = items[1:] if isinstance(items[0], Unit) and items[0].base == r"\prod" else items
    if len(law.rows) != 1 or len(items) != 2:
        return ()
    name, call = items
    group = group_of(call, "(")
    if group is None or not (isinstance(name, Unit) and isinstance(call, Unit)) or call.sups or call.subs:
        return ()
    of = _letter_of(group.sums[0]).strip("\\").isalpha() if len(group.sums) == 3 else len(group.sums) == 2
    return group.sums[-2:] if of and name.base == r"\Normal" else ()


def is_isotropic(law: Sum) -> bool:
    r"""Whether a law is ``N(\mu, \sigma^2 I)``."""
    parameters = normal_parameters(law)
    if not parameters or r"\mu" not in bases(parameters[0]):
        return False
    factors = _factors(parameters[1])
    return [f.base for f in factors] == [r"\sigma", "I"] and _exponent(factors[0]) == "2"


def is_rescaled(law: Sum) -> bool:
    r"""Whether a law is one as ``N(\mu, 2 \sigma^2)``, ``N(\mu, I)``, ``N(0, \sigma^2)``, which differs from ``N(\mu, \sigma^2)``."""
    mean, scale = normal_parameters(law)
    (sign, row), *others = mean.rows
    first, *rest = row.items
    is_mu = sign == "+" and isinstance(first, Unit) and first.base == r"\mu" and all(map(group_of, rest))
    if plain_letter(mean) in ("0", "1", r"\Zero") or (r"\mu" in bases(mean) and (others or not is_mu)):
        return True
    return is_other_scale(scale)


def is_other_scale(scale: Sum) -> bool:
    r"""Whether a covariance is none that one has with ``\sigma`` for the scale: ``2 \sigma^2``, ``I``, ``\sigma^{-2}``, ``L L^\top``."""
    inside, is_diagonal = on_diagonal(scale)
    items = inside.rows[0][1].items if len(inside.rows) == 1 else ()
    if any(is_transposed(u) for u in units(inside)):
        return True
    if r"\sigma" in bases(inside) and any(i == "/" or (isinstance(i, Unit) and i.base == r"\frac") for i in items):
        return True
    factors = _factors(inside)
    sigmas = [f for f in factors if f.base == r"\sigma"]
    if not sigmas:
        return bool(factors)
    remaining = [f for f in factors if f.base != r"\sigma"]
    is_multiple = len(sigmas) > 1 or any(f.base not in ("I", r"\One", "1") for f in remaining)
    is_deviation = not (_exponent(sigmas[0]) or remaining or is_diagonal)
    return is_multiple or not (_exponent(sigmas[0]) == "2" or is_deviation)


def is_other_sample(sample: Sum) -> bool:
    r"""Whether a sample is none of ``N(\mu, \sigma^2)``, as ``\mu + 2 \sigma \epsilon`` and ``\mu + \sigma^2 \epsilon`` are."""
    noise = [row for _, row in sample.rows if any(isinstance(u, Unit) and u.base == r"\epsilon" for u in row.items)]
    scales = [u for row in noise for u in _tops(row) if u.base == r"\sigma"]
    numbers = [u for row in noise for u in _tops(row) if str(u.base).isdigit()]
    return bool(scales) and bool(numbers or any(u.sups and not is_parenthesised(u.sups[0]) for u in scales))


def on_diagonal(scale: Sum) -> tuple[Sum, bool]:
    r"""What stands in ``\mathrm{diag}(\sigma^2)``, the first entry if there are several, and whether it is such a matrix."""
    first, *rest = scale.rows[0][1].items
    if not isinstance(first, Unit) or first.base != r"\diag" or not rest or len(scale.rows) != 1:
        return scale, False
    group = group_of(rest[0], "(")
    return (group.sums[0] if group is not None and len(rest) == 1 else alone(*rest)), True


def _factors(tree: Sum) -> list[Unit]:
    """The factors of a product of numbers, ``I`` and letters with scripts; none of anything else."""
    items = tree.rows[0][1].items if len(tree.rows) == 1 else ()
    known = [u for u in items if isinstance(u, Unit) and (u.base in (r"\sigma", "I", r"\One") or str(u.base).isdigit())]
    return known if len(known) == len(items) else []


def _exponent(unit: Unit) -> str:
    return "".join(plain_letter(g.sums[0]) or "?" for g in unit.sups)


def numbered_data(trees: Trees) -> frozenset[str]:
    """The indices of data such as ``x_i`` and ``x^{(i)}``."""
    found: set[str] = set()
    for unit in (u for tree in trees for u in units(tree) if u.base in ("x", "X") and (u.subs or u.sups)):
        with suppress(FormulaError):
            found |= set(Label(unit).indices)
    return frozenset(found)


def has_bare_p(trees: Trees) -> bool:
    """Whether p stands somewhere without its variables."""
    return any(u.base in ("p", "P") and not after for tree in trees for u, after in _followed(tree))


def differentiated(trees: Trees) -> dict[str, str]:
    """The families that are differentiated, with their parameter."""
    found: dict[str, str] = {}
    for tree in trees:
        for unit in units(tree):
            if unit.base == r"\Gradient":
                for parameter in {i for g in unit.subs for i in letters(g)} & PARAMETERS:
                    marked = {
                        str(u.base).lower()
                        for t in trees
                        for u, after in _followed(t)
                        if u.base in FAMILIES and any(parameter in letters(g) for g in (*u.subs, *after))
                    }
                    usual = {"p"} if parameter in (r"\theta", r"\Theta", r"\vartheta") else {"q"}
                    found |= dict.fromkeys(marked or usual, name_of(parameter))
    return found


def informative(trees: Trees) -> tuple[str, ...]:
    """The families under which an information or entropy may be that names none: those of the densities beside it."""
    if not any(u.base in ("I", r"\ScriptI") for tree in trees for u in units(tree)) and not _entropies(trees):
        return ("q",)
    found = {str(u.base).lower() for tree in trees for u, after in _followed(tree) if u.base in FAMILIES and after}
    return tuple(f for f in ("q", "p") if f in found) or ("q", "p")


def given_or_mean(trees: Trees) -> tuple[bool, ...]:
    """What ``H(z|x)`` may be: a mean over x, or the entropy at x."""
    return (False, True) if any(len(group) > 1 for group in _entropies(trees)) else (False,)


def deviations(trees: Trees) -> tuple[bool, ...]:
    """What sigma may be in ``N(mu, sigma)``: the variance, as it stands, or the standard deviation, as many mean it."""
    calls = (after for tree in trees for u, after in _followed(tree) if u.base == r"\Normal")
    return (False, True) if any(is_deviation(g.sums[0]) for after in calls for g in after[1:]) else (False,)


def _entropies(trees: Trees) -> list[tuple[Group, ...]]:
    """What entropies of variables, such as ``H(x)`` and ``H(z|x)``, are of."""
    followed = [(u, after) for tree in trees for u, after in _followed(tree) if u.base in ("H", r"\ScriptH")]
    points = {"x", "y", "z", "X", "Y", "Z"}
    return [after for _, after in followed if after and all(plain_letter(g.sums[0]) in points for g in after)]


def _followed(tree: Sum) -> Iterator[tuple[Unit, tuple[Group, ...]]]:
    """The units of a tree, each with the brackets that follow it, if any, one group for each part."""
    for row in rows(tree):
        for unit, after in row.neighbours:
            if isinstance(unit, Unit):
                call = after.base if isinstance(after, Unit) and isinstance(after.base, Group) else None
                yield unit, tuple(braced(s) for s in call.sums) if call is not None else ()
