r"""Where matrices are read as diagonal, and a text has not said that they are: what then holds for all of them.

Diagonal matrices commute. An equation of traces, determinants and quadratic forms in one symmetric matrix holds for all
of them if it holds for the diagonal ones: take a basis of eigenvectors; one in two, where each trace has at most two
factors and each quadratic form one, likewise (``tr(AB) = tr(BA)``, ``|AB| = |BA|``). A longer product, or one that is
no trace, depends on the order of its factors; the sum of all entries depends on the basis.
"""

from __future__ import annotations

from collections.abc import Iterator

from derivations.syntax import Group, Row, Sum, Unit
from derivations.tree import is_transposed, letters, name_of, units, written_out

MATRIX = r"\Sigma"
_MATRICES = {MATRIX, *"ABCGRSUVW"}  # a capital letter in a product may be a matrix as well as a number
_NUMBERS = {r"\Trace", r"\det", r"\Norm"}  # what makes a number of the matrix that follows
_SCALES = {r"\sigma", "v", r"\diag"}


def order_matters(*trees: Sum) -> bool:
    r"""Whether the trees hold a product of different matrices that depends on their order, or a sum of all entries.

    >>> from derivations.parser import parse
    >>> order_matters(parse(r"\mathrm{tr}(\Sigma_2^{-1} \Sigma_1)"))
    False
    >>> order_matters(parse(r"\Sigma_2^{-1} \Sigma_1"))
    True
    """
    found = [u for tree in trees for u in units(tree)]
    ones = any(u.base == r"\One" for u in found) and any(u.base == MATRIX for u in found)
    return ones or any(_mixed(tree, "") for tree in trees)


def names_scales(*trees: Sum) -> bool:
    r"""Whether the trees speak of a diagonal beside its matrix: ``\sigma_j``, ``\diag`` or an entry ``\Sigma_j``."""
    found = [u for tree in trees for u in units(tree)]
    entries = any(u.base == MATRIX and set("ijkl") & {i for g in u.subs for i in letters(g)} for u in found)
    return any(u.base == MATRIX for u in found) and (entries or any(u.base in _SCALES for u in found))


def _mixed(tree: Sum, of: str) -> bool:
    """Whether a product within a tree mixes matrices; `of` is the function that the tree is the argument of."""
    return any(_mixed_row(row, of, alone=len(tree.rows) == 1) for _, row in tree.rows)


def _mixed_row(row: Row, of: str, *, alone: bool) -> bool:
    factors = [(unit, _matrices(unit)) for unit, function in _with_functions(row) if not function]
    factors = [(unit, names) for unit, names in factors if names]
    several = len(set().union(*(names for _, names in factors))) > 1
    allowed = (of == r"\Trace" and len(factors) == 2) or (of == r"\det" and alone)
    if several and len(factors) > 1 and not (allowed and len(factors) == len(_units(row))):
        return True
    if any(len(names) > 1 and not _is_plain_power(unit) for unit, names in factors):
        return True
    return any(_mixed(s, function) for unit, function in _with_functions(row) for s in _inside(unit))


def _units(row: Row) -> list[Unit]:
    return [item for item in row.items if isinstance(item, Unit)]


def _with_functions(row: Row) -> Iterator[tuple[Unit, str]]:
    """The units of a row, each with the function that it is the argument of."""
    before = ""
    for unit in _units(row):
        yield unit, before
        before = str(unit.base) if unit.base in _NUMBERS else ""


def _matrices(unit: Unit) -> set[str]:
    """The names of the matrices whose sum or product a unit is; none if it is a number or a vector."""
    if isinstance(unit.base, str) and unit.base in _MATRICES:
        return {name_of(unit.base) + "".join(sorted(filter(str.isalnum, "".join(map(written_out, unit.subs)))))}
    if not isinstance(unit.base, Group) or len(unit.base.sums) != 1:
        return set()
    rows = [row for _, row in unit.base.sums[0].rows]
    if any(is_transposed(u) for row in rows for u in _units(row)):
        return set()
    return {n for row in rows for u, function in _with_functions(row) if not function for n in _matrices(u)}


def _is_plain_power(unit: Unit) -> bool:
    return all(written_out(g) in ("-1", "1", "T", "top") for g in unit.sups)


def _inside(unit: Unit) -> Iterator[Sum]:
    groups = [unit.base] if isinstance(unit.base, Group) else []
    for group in (*groups, *unit.arguments, *unit.subs, *unit.sups):
        yield from group.sums
