r"""The divergence of two normals of full covariances, as people write it, by the theorem `kl-multivariate-normal`.

What is written is taken for the theorem's: with ``\Sigma_1 = A A'`` and P the inverse of ``\Sigma_2``, the trace of
``\Sigma_2^{-1} \Sigma_1``, the quadratic form of ``\mu_2 - \mu_1`` in ``\Sigma_2^{-1}``, and the determinants, which are
the squares of the a and c of the theorem; of N(0, I), the second theorem with that slug speaks. What is neither of these nor the dimension is left to other readings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from derivations.conversion import subterms, transitivity
from derivations.judgement import Proof, prove
from derivations.kernel import Term, Theorem, free, number, substitute, variable
from derivations.reader import Context, group_of
from derivations.reading import readings
from derivations.syntax import Group, Row, Sum, Unit
from derivations.tree import NATURALS, bases, braced, is_transposed, only_unit, single

NUMBERS = TRACE, DISTANCE, FIRST, SECOND = tuple(Unit(rf"\{name}") for name in ("alpha", "beta", "gamma", "delta"))
_STANDARD = (("0", r"\Zero"), ("I", r"\One"))
WORDS = "the divergence of two multivariate normals (kl-multivariate-normal)"
TAKEN = "Sigma = A A' for the first normal, Sigma^-1 = P for the second, |Sigma| = a^2 and |Sigma| = c^2"
TAKEN_OF_PRIOR = "Sigma = A A', |Sigma| = a^2"


@dataclass(frozen=True)
class _Normals:
    """The means and covariances of two normals, as they are written; of one, if the other is N(0, I)."""

    means: tuple[Unit, ...]
    covariances: tuple[Unit, ...]


def by_matrices(left: Sum, right: Sum) -> tuple[Proof, str] | None:
    """A proof that the divergence on the left is what stands on the right, and what the matrices are in it; or None."""
    normals = _normals(left)
    if normals is None:
        return None
    numbers = _Matrices(normals).sum(right)
    letters = bases(numbers) & NATURALS
    if bases(right) & {unit.base for unit in NUMBERS} or len(letters) > 1:
        return None
    letter = letters.pop() if letters else "J"
    known = {str(unit.base)[1:] for unit in NUMBERS} | {letter}
    theorem = _theorem(len(normals.means))
    for found in readings(numbers, Context(dimension=letter)):
        if not {v.data[0] for v in free(found.term)} <= known:
            continue
        proof = prove(theorem.sides[1], _instance(found.term, letter, theorem), "=", frozenset())
        if proof is not None:
            taken = TAKEN if len(normals.means) == 2 else TAKEN_OF_PRIOR
            return Proof(WORDS, transitivity(theorem, proof.theorem)), taken
    return None


def _theorem(count: int) -> Theorem:
    """The theorem about two normals, or about one and N(0, I)."""
    from derivations.multivariate_normal import kl_multivariate_normal  # which takes a second, and few texts need

    return kl_multivariate_normal().theorems[0 if count == 2 else 1]


def _instance(term: Term, letter: str, theorem: Theorem) -> Term:
    """The numbers of the text as those of the theorem."""
    sums = [t for _, t in subterms(theorem.sides[1]) if t.head == "sum"]
    trace = next(t for t in sums if variable("A", "matrix") in free(t))
    distance = next(t for t in sums if variable("mu", "vector") in free(t))
    a, c = (variable(name, "real") ** number(2) for name in "ac")
    for unit, value in ((TRACE, trace), (DISTANCE, distance), (FIRST, a), (SECOND, c)):
        term = substitute(term, variable(str(unit.base)[1:], "real"), value)
    return substitute(term, variable(letter, "natural"), variable("J", "natural"))


def _normals(tree: Sum) -> _Normals | None:
    """The normals of ``KL(N(\\mu_1, \\Sigma_1) || N(\\mu_2, \\Sigma_2))``."""
    if len(tree.rows) != 1 or tree.rows[0][0] != "+" or len(tree.rows[0][1].items) != 2:
        return None
    unit, call = tree.rows[0][1].items
    group = group_of(call, "([")
    if not isinstance(unit, Unit) or unit.base != r"\Divergence" or group is None or len(group.sums) != 2:
        return None
    found = [_parameters(s) for s in group.sums]
    if found[0] is not None and _is_standard(group.sums[1]):
        return _Normals(found[0][:1], found[0][1:])
    if found[0] is None or found[1] is None or len({*found[0], *found[1]}) < 4:
        return None
    return _Normals((found[0][0], found[1][0]), (found[0][1], found[1][1]))


def _is_standard(tree: Sum) -> bool:
    """Whether a law is N(0, I)."""
    items = tree.rows[0][1].items
    group = group_of(items[1], "(") if len(items) == 2 else None
    if group is None or not isinstance(items[0], Unit) or items[0].base != r"\Normal" or len(tree.rows) != 1:
        return False
    found = [unit for s in group.sums[-2:] if (unit := only_unit(s)) is not None]
    bare = not any(unit.subs or unit.sups for unit in found)
    return (
        len(group.sums) in (2, 3)
        and bare
        and [u.base in w for u, w in zip(found, _STANDARD, strict=False)] == [True] * 2
    )


def _parameters(tree: Sum) -> tuple[Unit, Unit] | None:
    items = tree.rows[0][1].items
    group = group_of(items[1], "(") if len(items) == 2 else None
    if group is None or not isinstance(items[0], Unit) or items[0].base != r"\Normal" or len(group.sums) not in (2, 3):
        return None
    mean, covariance = map(only_unit, group.sums[-2:])
    if mean is None or covariance is None or (mean.base, covariance.base) != (r"\mu", r"\Sigma"):
        return None
    return None if mean.sups or covariance.sups else (mean, covariance)


@dataclass(frozen=True)
class _Matrices:
    """Puts numbers in the place of the traces, quadratic forms and determinants of two normals."""

    of: _Normals

    def sum(self, tree: Sum) -> Sum:
        """The tree with numbers only, as far as they are known."""
        return Sum(tuple((sign, Row(tuple(self._items(row.items)))) for sign, row in tree.rows))

    def _items(self, items: tuple[Unit | str, ...]) -> Iterator[Unit | str]:
        i = 0
        while i < len(items):
            found = self._number(items[i : i + 3])
            if found is not None:
                yield found[0]
                i += found[1]
            else:
                yield self._inside(items[i])
                i += 1

    def _inside(self, item: Unit | str) -> Unit | str:
        if isinstance(item, str):
            return item
        base = self._group(item.base) if isinstance(item.base, Group) else item.base
        return replace(item, base=base, arguments=tuple(map(self._group, item.arguments)))

    def _group(self, group: Group) -> Group:
        return replace(group, sums=tuple(map(self.sum, group.sums)))

    def _number(self, items: tuple[Unit | str, ...]) -> tuple[Unit, int] | None:
        """The number that begins here, and of how many items it is made."""
        first, *others = (i for i in items if isinstance(i, Unit)) if isinstance(items[0], Unit) else (None,)
        if first is None or len(others) < len(items) - 1:
            return None
        if first.base == r"\Trace" and others and Counter(_factors(others[0])) == Counter(self._traced):
            return TRACE, 2
        if first.base == r"\det" and others:
            inside = _factors(others[0])
            known = dict(zip(self.of.covariances, (FIRST, SECOND), strict=False))
            return (known[inside[0]], 2) if len(inside) == 1 and inside[0] in known else None
        if len(self.of.means) == 1:
            squared = is_transposed(first) and others[:1] == [self.of.means[0]] == [replace(first, sups=())]
            norm = first.base == r"\Norm" and others and _factors(others[0]) == [self.of.means[0]]
            return (DISTANCE, 2) if squared or norm else None
        if is_transposed(first) and len(others) == 2 and others[0] == self._inverse:
            deviations = [self._sign(replace(first, sups=())), self._sign(others[1])]
            return (DISTANCE, 3) if deviations[0] and deviations[0] == deviations[1] else None
        return None

    @property
    def _traced(self) -> list[Unit]:
        """The factors of what the trace is of, in any order."""
        return [self.of.covariances[0], *([self._inverse] if len(self.of.means) == 2 else [])]

    @property
    def _inverse(self) -> Unit:
        minus_one = braced(Sum((("-", Row((Unit("1"),))),)))
        return replace(self.of.covariances[1], sups=(minus_one,))

    def _sign(self, unit: Unit) -> str:
        """``+-`` or ``-+`` for the difference of the means, in their order; empty for what is none."""
        group = group_of(unit)
        if group is None or unit.sups or unit.subs or len(single(group).rows) != 2:
            return ""
        signs = {row.items[0]: sign for sign, row in single(group).rows if len(row.items) == 1}
        found = "".join(signs.get(mean, "") for mean in self.of.means)
        return found if found in ("+-", "-+") else ""


def _factors(unit: Unit) -> list[Unit]:
    """The units of a product in brackets, without signs of multiplication; a unit by itself."""
    group = group_of(unit)
    if group is None or len(group.sums) != 1 or len(single(group).rows) != 1 or single(group).rows[0][0] != "+":
        return [unit]
    items = single(group).rows[0][1].items
    return [i for i in items if isinstance(i, Unit)] if "/" not in items else []
