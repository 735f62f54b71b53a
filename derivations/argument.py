"""At which parameters and data the symbols of a relation stand: a bound at others than the densities beside it is another one."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

from derivations.label import rows
from derivations.reader import group_of
from derivations.surroundings import BOUNDS, Surroundings
from derivations.syntax import Sum, Unit
from derivations.tree import PARAMETERS, letters, name_of, only_unit, parameter

_OF_MODELS = ("theta", "vartheta")  # the parameters of p, those of q being others


def at_odds(trees: Iterable[Sum], around: Surroundings) -> str:
    """A symbol that the trees have at other data, or other parameters, in one place than in another, or than the densities.

    Nor are its parameters others than in its definition.
    """
    found: dict[str, list[tuple[frozenset[str], frozenset[str]]]] = {}
    of_families: dict[str, set[str]] = {"p": set(), "q": set()}
    of_bounds: set[str] = set()
    for row in (row for tree in trees for row in rows(tree)):
        for unit, following in row.neighbours:
            if not isinstance(unit, Unit) or not isinstance(unit.base, str):
                continue
            name = name_of(unit.base)
            if name.startswith("Script") or name in {*BOUNDS, "L", "F", "J"}:
                found.setdefault(name, []).append(_at(unit, following))
            if name in {*BOUNDS, "L", "F"}:
                of_bounds |= _parameters(unit, following)
            elif name.lower() in of_families:
                of_families[name.lower()] |= _parameters(unit, following)
    for tree in around.called.values():
        own, *after = tree.rows[0][1].items
        if isinstance(own, Unit) and name_of(str(own.base)) in found:
            found[name_of(str(own.base))].append((_at(own, after[0] if after else "")[0], frozenset()))
    for name, places in found.items():
        for kind in zip(*places, strict=True):
            if any(a and b and not (a <= b or b <= a) for a, b in combinations(kind, 2)):
                return name.replace("Script", "")
    return "the bound" if _are_others(of_bounds, of_families["p"], of_families["q"]) else ""


def _parameters(unit: Unit, following: Unit | str) -> set[str]:
    """The parameters at a letter, with what tells them apart: ``theta`` and ``theta'``."""
    group = group_of(following, "([")
    groups = (*unit.subs, *((group,) if group is not None else ()))
    return {name for g in groups for s in g.sums if (name := parameter(s))}


def _are_others(of_bound: set[str], of_p: set[str], of_q: set[str]) -> bool:
    r"""Whether a bound is at other parameters than the densities beside it: ``L(\theta, \psi)`` beside ``q_\phi``."""
    of_bound, of_p, of_q = ({n.lower() for n in names} for names in (of_bound, of_p, of_q))  # some write \Phi for \phi
    model = {n for n in of_bound if n.startswith(_OF_MODELS)}
    fitted = of_bound - model - of_p
    of_model = {n for n in of_p if n.startswith(_OF_MODELS)}
    return any(a and b and not a & b for a, b in ((model, of_model), (fitted, of_q)))


def _at(unit: Unit, following: Unit | str) -> tuple[frozenset[str], frozenset[str]]:
    """The parameters and the data at which a symbol stands, as they are written."""
    group = group_of(following, "([")
    parameters = {i for g in unit.subs for i in letters(g)} & PARAMETERS
    data: set[str] = set()
    for argument in map(only_unit, group.sums if group is not None else ()):
        if argument is not None and argument.base in PARAMETERS:
            parameters |= {argument.base}
        elif argument is not None and str(argument.base).lower() in ("x", "y"):
            data |= {repr(argument)}
    return frozenset(parameters), frozenset(data)
