"""Questions about the syntax tree of a formula: the letters in it, and what stands as a script beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from derivations.syntax import FormulaError, Group, Row, Sum, Unit

PARAMETERS = {r"\theta", r"\phi", r"\psi", r"\vartheta", r"\varphi", r"\Phi", r"\Theta", r"\lambda"}
INDICES, NATURALS = set("ijkldtmn"), set("JDKLNTMdknm")
FAMILIES = {"p", "q", "r", "P", "Q"}
GREEK = frozenset(
    [
        "alpha",
        "beta",
        "gamma",
        "delta",
        "epsilon",
        "zeta",
        "eta",
        "theta",
        "iota",
        "kappa",
        "lambda",
        "mu",
        "nu",
        "xi",
        "rho",
        "sigma",
        "tau",
        "upsilon",
        "phi",
        "chi",
        "psi",
        "omega",
    ]
)
_TRANSPOSED = ("T", r"\top")


def name_of(base: str) -> str:
    """A letter without its backslash."""
    return base.removeprefix("\\")


def single(group: Group) -> Sum:
    """The one sum between brackets.

    Raises
    ------
    FormulaError
        If there are several, or none.
    """
    if len(group.sums) != 1:
        raise FormulaError("brackets with separators where a number is wanted")
    return group.sums[0]


def only_unit(tree: Sum) -> Unit | None:
    """The unit that a tree consists of, out of its braces; None if it is more."""
    if len(tree.rows) != 1 or tree.rows[0][0] != "+" or len(tree.rows[0][1].items) != 1:
        return None
    (item,) = tree.rows[0][1].items
    if not isinstance(item, Unit):
        return None
    bare = not (item.subs or item.sups or item.primes)
    if isinstance(item.base, Group) and item.base.kind == "{" and len(item.base.sums) == 1 and bare:
        return only_unit(item.base.sums[0])
    return item


def alone(*items: Unit | str) -> Sum:
    """The tree that consists of a unit, or of a product of several."""
    return Sum((("+", Row(items)),))


def braced(tree: Sum) -> Group:
    """A tree between braces."""
    return Group("{", (tree,), ())


def units(tree: Sum) -> Iterator[Unit]:
    """All units of a tree, from outside in, scripts included."""
    for _, row in tree.rows:
        for item in row.items:
            if isinstance(item, Unit):
                yield item
                inside = [item.base] if isinstance(item.base, Group) else []
                for group in (*item.arguments, *inside, *item.subs, *item.sups):
                    for part in group.sums:
                        yield from units(part)


def bases(tree: Sum) -> set[str]:
    """The letters and commands that occur in a tree."""
    return {u.base for u in units(tree) if isinstance(u.base, str)}


def plain_letter(tree: Sum) -> str:
    """The one letter that a tree is, with no script but parameters; an empty string if it is more."""
    unit = only_unit(tree)
    if unit is None or not isinstance(unit.base, str) or unit.sups or unit.arguments or unit.primes:
        return ""
    return unit.base if all(letters(g) <= PARAMETERS for g in unit.subs) else ""


def letters(group: Group) -> set[str]:
    """The letters at the top of a group; ``()`` stands for what has scripts or is none."""
    return {
        u.base if isinstance(u.base, str) and not (u.subs or u.sups or u.primes) else "()"
        for s in group.sums
        for _, row in s.rows
        for u in row.items
        if isinstance(u, Unit)
    }


def is_transposed(unit: Unit) -> bool:
    """Whether the exponent is a T."""
    found = [only_unit(g.sums[0]) for g in unit.sups if len(g.sums) == 1]
    return any(u is not None and u.base in _TRANSPOSED and not (u.subs or u.sups) for u in found)


def is_parenthesised(group: Group) -> bool:
    """Whether a script is ``(i)``, which is a label."""
    unit = only_unit(group.sums[0]) if len(group.sums) == 1 else None
    return unit is not None and isinstance(unit.base, Group) and unit.base.kind == "("


_SIGNS = {"≺": "<", "≼": "<="}


def parameter(tree: Sum, variables: frozenset[str] = frozenset()) -> str:
    r"""A parameter as text, ``theta`` or ``theta_1`` for ``\theta_1`` and ``\theta^{(1)}``; empty for what is none.

    So are letters that are `variables` here.
    """
    unit = only_unit(tree)
    if unit is None or unit.base not in PARAMETERS - variables:
        return ""
    try:
        return written_out(braced(tree))
    except FormulaError:
        return ""


def written_out(group: Group) -> str:
    r"""A script as text without spaces, such as ``t-1``, ``1:T`` or ``theta_1``."""
    text = ""
    for separator, tree in zip(("", *group.separators), group.sums, strict=bool(group.sums)):
        text += separator
        for place, (sign, row) in enumerate(tree.rows):
            text += sign if sign == "-" or place else ""
            for item in row.items:
                if not isinstance(item, Unit):
                    raise FormulaError("a variable with such a script")
                scripts = (*item.subs, *item.sups)
                if ((scripts or item.primes) and item.base not in PARAMETERS) or item.arguments:
                    raise FormulaError("a script with scripts")
                text += (
                    written_out(item.base)
                    if isinstance(item.base, Group)
                    else _SIGNS.get(item.base, name_of(item.base))
                )
                text += "".join(f"_{written_out(g).removeprefix('Word')}" for g in scripts) + "'" * item.primes
    return text


class Label:
    """What tells a variable apart from others of its letter.

    Attributes
    ----------
    indices
        Index letters, as in ``x_i`` or ``z^{(i,l)}``.
    kept
        Any other script as text, such as ``1``, ``t-1``, ``1:T`` or ``data``.
    mentioned
        The letters in that text, of which one may be an index after all.
    primes
        The number of primes.
    """

    def __init__(self, unit: Unit) -> None:
        self.indices: list[str] = []
        self.kept = ""
        self.mentioned: set[str] = set()
        self.primes = unit.primes
        for group in (*unit.subs, *unit.sups):
            self._add(group)

    def _add(self, group: Group) -> None:
        for part in filter(None, written_out(group).split(",")):
            if "\\" + part in PARAMETERS:
                continue
            if part in INDICES and part != "t":
                self.indices.append(part)
            else:
                self.kept += part
                self.mentioned |= set(re.findall("[a-zA-Z]+", part))

    @property
    def range(self) -> tuple[str, str] | None:
        """The ends of a range such as ``1:T``."""
        ends = self.kept.split(":")
        return (ends[0], ends[1]) if len(ends) == 2 else None


def variable_of(tree: Sum) -> tuple[str, Label]:
    """The letter and the label of a variable.

    Raises
    ------
    FormulaError
        If the tree is no variable.
    """
    unit = only_unit(tree)
    if unit is None or not isinstance(unit.base, str) or unit.arguments:
        raise FormulaError("a variable is wanted")
    if any(not is_parenthesised(g) for g in unit.sups):
        raise FormulaError("a variable with an exponent")
    base = "D" if unit.base == r"\ScriptD" else unit.base  # the data, in either letter
    name = name_of(base)
    if not (len(name) == 1 and name.isalpha()) and name not in GREEK:
        raise FormulaError(f"{unit.base} is no variable")
    return base, Label(unit)
