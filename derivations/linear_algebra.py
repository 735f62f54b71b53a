r"""Vectors and matrices: products ``a^\top b`` and ``a^\top M b``, squared norms, traces and determinants.

Matrices are diagonal, so that each of them is the vector of its diagonal and every product is one of entries.
"""

from __future__ import annotations

from dataclasses import replace

from derivations.kernel import Term, bind, free, multiply, number, variable
from derivations.reader import Items, group_of
from derivations.symbol import POINTS, Symbols
from derivations.syntax import FormulaError, Group, Sum, Unit
from derivations.tree import INDICES, alone, bases, is_transposed, letters, name_of, only_unit, single, units

MATRICES = {r"\Sigma", "I"}
NOTATION = {r"\Norm", r"\Trace", r"\det", r"\One", r"\diag", "I", r"\top"}  # what only vectors have


class LinearAlgebra(Symbols):
    """Reads vectors and matrices, where numbers come of them."""

    def is_algebra(self, unit: Unit) -> bool:
        """Whether a number comes of vectors at the unit."""
        return unit.base in (r"\Norm", r"\Trace", r"\det") or is_transposed(unit)

    def algebra(self, unit: Unit, after: Items) -> tuple[Term, Items]:
        """The number that begins with the unit, and the items that it did not need."""
        if self.reading.scalar:
            raise FormulaError("vectors, where numbers are read")
        if is_transposed(unit):
            return self.product(unit, after)
        if not after or not isinstance(after[0], Unit):
            raise FormulaError(f"{unit.base} of nothing")
        if after[0].base == r"\diag":
            after = after[1:]
        if not after or not isinstance(after[0], Unit):
            raise FormulaError(f"{unit.base} of nothing")
        first = after[0]
        inside = alone(replace(first, sups=())) if isinstance(first.base, Group) else alone(first)
        if unit.base == r"\Trace":
            return self.over("sum", inside), after[1:]
        if unit.base == r"\det":
            return self.powered(self.over("product", inside), _scripts(first)), after[1:]
        return self.over("sum", inside, squared=True), after[1:]

    def over(self, head: str, tree: Sum, *, squared: bool = False) -> Term:
        """The sum or product of the entries of a vector, or of their squares."""
        index = self.fresh()
        term = self.entry_in(tree, index)
        return bind(head, index, number(1), self.dimension, term ** number(2) if squared else term)

    def fresh(self) -> Term:
        """An index that is not used around the place."""
        taken = {self.entry.data[0]} if self.entry is not None else set()
        return variable(next(i for i in "jikl" if i not in self.indices | taken), "index")

    def entry_in(self, tree: Sum, index: Term) -> Term:
        """The entry of a vector at an index."""
        term = replace(self, entry=index).sum(tree)
        if index not in free(term) and not bases(tree) <= {r"\One", "I", r"\diag"} and not self.context.isotropic:
            raise FormulaError("a number where a vector is wanted")
        return term

    def product(self, unit: Unit, after: Items) -> tuple[Term, Items]:
        """``a^T b`` or ``a^T M b``."""
        if self.entry is not None:
            raise FormulaError("a transposed vector within a vector")
        if self.is_matrix(replace(unit, sups=())):
            raise FormulaError("a transposed matrix")
        factors = [alone(replace(unit, sups=()))]
        if unit.base == r"\One":
            index = self.fresh()
            inner = replace(self, entry=index)
            return bind("sum", index, number(1), self.dimension, multiply(*inner.factors(after))), ()
        while after:
            item, after = after[0], after[1:]
            if item == "⋅":
                continue
            if not isinstance(item, Unit):
                break
            factors.append(alone(item))
            if not self.is_matrix(item):
                index = self.fresh()
                parts = [self.entry_in(f, index) for f in factors]
                return bind("sum", index, number(1), self.dimension, multiply(*parts)), after
        raise FormulaError("a transposed vector without another")

    def is_matrix(self, unit: Unit) -> bool:
        """Whether a unit is a matrix: Sigma, I, or brackets with one in them."""
        if isinstance(unit.base, Group):
            inner = {b for s in unit.base.sums for b in bases(s)}
            return bool(inner & MATRICES) and not inner & {r"\mu", *POINTS}
        return unit.base in MATRICES

    def squared_vector(self, unit: Unit) -> Term | None:
        """``z^2`` and ``(z - mu)^2``, which stand for the squared norm where no entry is meant; None for what is neither."""
        if self.reading.scalar or self.entry is not None or self.indices or not _is_square(unit):
            return None
        inside = alone(replace(unit, sups=()))
        if any(letters(g) & INDICES - {"t"} for u in units(inside) for g in u.subs):
            return None  # (z_j - mu_j)^2 is the square of a number
        name = name_of(unit.base) if isinstance(unit.base, str) else ""
        if (name in POINTS and not unit.subs) or (group_of(unit, "([") and bases(inside) & _POINTS):
            try:
                return self.over("sum", inside, squared=True)
            except FormulaError:
                return None
        return None


_POINTS = {"z", "x", "y", r"\epsilon"}


def _is_square(unit: Unit) -> bool:
    found = only_unit(single(unit.sups[0])) if unit.sups else None
    return found is not None and found.base == "2" and not (found.subs or found.sups)


def _scripts(unit: Unit) -> Unit:
    """What stands at a bracket, to be taken on by what the bracket belongs to; other units keep theirs."""
    return Unit("x", sups=unit.sups) if isinstance(unit.base, Group) else Unit("x")
