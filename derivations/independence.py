"""What follows for densities from the independence that a text supposes, such as ``q(z_1, z_2|x) = q(z_1|x) q(z_2|x)``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from math import inf

from derivations.convention import Model, modelled
from derivations.conversion import subterms
from derivations.kernel import Term, density, equal, forall, free, multiply
from derivations.latex import text


@dataclass(frozen=True)
class Independence:
    """A density, and the product of others of its family that it is supposed to be; and who supposes it, in words.

    It holds from the first of its `lines` up to the last one, which is before the text says something else.
    """

    whole: Term
    product: Term
    said: str = "as the text supposes"
    lines: tuple[float, float] = (-inf, inf)

    def is_about(self, other: Term) -> bool:
        """Whether another density is that of the same variables, in whatever order."""
        count = self.whole.data[1]
        same_kind = other.head == "density" and other.data == self.whole.data
        return same_kind and all(
            {*self.whole.args[part]} == {*other.args[part]} for part in (slice(count), slice(count, None))
        )

    @property
    def family(self) -> str:
        """The family of the densities."""
        return str(self.whole.data[0])

    @property
    def names(self) -> frozenset[str]:
        """The names of the variables of which it speaks."""
        found = (t for side in (self.whole, self.product) for _, t in subterms(side) if t.head == "density")
        return frozenset(str(a.data[0]) for t in found for a in t.args)

    @property
    def words(self) -> str:
        """The supposition in words."""
        return f"{self.said}, {text(self.whole)} = {text(self.product)}"

    @property
    def equations(self) -> tuple[tuple[Term, Term], ...]:
        """Densities with what they are then: the whole, parts of it, and one variable given others."""
        return ((self.whole, self.product), *dict.fromkeys(self._consequences()))

    @property
    def hypotheses(self) -> tuple[Term, ...]:
        """The same as what a model can be drawn for: one variable given all others depends on some of them alone."""
        everything = set(self.whole.args)
        closed = []
        for law, then in self.equations:
            if set(law.args) == everything and then.head == "density":
                claim = equal(law, then)
                for v in sorted(everything, key=repr):
                    claim = forall(v, claim)
                closed.append(claim)
        return tuple(closed[-1:])

    def alike(self, other: Term) -> Independence | None:
        """The same of another density of these variables, as of the prior, which a text need not say."""
        targets, factors = self.whole.args[: self.whole.data[1]], _factors(self.product)
        if other.head != "density" or other.data[0] == self.family or set(other.args[: other.data[1]]) != set(targets):
            return None
        family, given = str(other.data[0]), other.args[other.data[1] :]
        if len(factors) < 2 or any(f.data[1] != 1 or _given(f) != _given(self.whole) for f in factors):
            return None
        return Independence(other, multiply(*(density(family, [t], given) for t in targets)))

    def _consequences(self) -> Iterator[tuple[Term, Term]]:
        factors = _factors(self.product)
        if any(f.head != "density" for f in factors):
            return
        family, given = str(self.whole.data[0]), list(self.whole.args[self.whole.data[1] :])
        if any(f.data[1] != 1 for f in factors):
            return
        if all(_given(f) == set(given) for f in factors):
            for size in range(2, len(factors)):
                for part in combinations(factors, size):
                    yield density(family, [f.args[0] for f in part], given), multiply(*part)
            for f in factors:
                others = [other.args[0] for other in factors if other != f]
                for size in range(1, len(others) + 1):
                    for known in combinations(others, size):
                        yield density(family, [f.args[0]], [*known, *given]), f
        elif len(factors) == 2:  # a chain, q(z_1|x) q(z_2|z_1)
            for first, second in (factors, factors[::-1]):
                if _given(first) == set(given):
                    yield density(family, [second.args[0]], [first.args[0], *given]), second


def markov(laws: Iterable[Term]) -> Iterator[Independence]:
    """That steps ``x_{t-1}`` and ``x_t`` depend on nothing before them, where densities of both and of ``x_0`` occur."""
    for family in sorted({str(law.data[0]) for law in laws}):
        steps = {a.data[0]: a for law in laws if law.data[0] == family for a in law.args if a.head == "variable"}
        for name, step in steps.items():
            letter = name.removesuffix("_t")
            if name == f"{letter}_t" and {f"{letter}_t-1", f"{letter}_0"} <= steps.keys():
                before, first = steps[f"{letter}_t-1"], steps[f"{letter}_0"]
                whole, alone = density(family, [step], [before, first]), density(family, [step], [before])
                yield Independence(whole, alone, "as the steps are a Markov chain")


def _factors(product: Term) -> list[Term]:
    return [f for a in product.args for f in _factors(a)] if product.head == "multiply" else [product]


def _given(law: Term) -> set[Term]:
    return set(law.args[law.data[1] :])


def is_plausible(whole: Term, product: Term) -> bool:
    """Whether a text may suppose it: that data and latent variables tell nothing of each other is a slip."""
    factors = _factors(product)
    if any(f.head != "density" for f in factors):
        return False  # a marginal density
    if _given(whole):
        return all(map(_given, factors))
    kinds = {str(a.data[-1])[0] in "xy" for a in whole.args}
    return len(kinds) == 1 or any(map(_given, factors))


def given_more(*sides: Term) -> Iterator[tuple[str, tuple[Term, ...]]]:
    """The sides where a density is given one more of the variables that others of its family are given, and in words.

    A text leaves such a variable away where it does not matter, as c in ``p(x|z)`` where z was drawn from ``p(z|c)``, and
    y in ``p(z)`` where x was drawn from ``p(x|y, z)``.
    """
    found = sorted({t for side in sides for _, t in subterms(side) if t.head == "density"}, key=text)
    for family in sorted({t.data[0] for t in found}):
        laws = [t for t in found if t.data[0] == family]
        for c in sorted({c for t in laws for c in t.args[t.data[1] :]}, key=repr):
            without = [t for t in laws if _may_be_with_cause(t, c, laws)]
            for few in (without, *([t] for t in without if len(without) > 1)):
                pairs = [(t, _with_cause(t, c)) for t in few]
                more = tuple(modelled(side, Model(tuple(pairs), "")) for side in sides)
                if pairs and set().union(*map(free, more)) == set().union(*map(free, sides)):
                    yield " and ".join(f"{text(t)} is {text(then)}" for t, then in pairs), more


def _with_cause(law: Term, c: Term) -> Term:
    return density(law.data[0], law.args[: law.data[1]], [*law.args[law.data[1] :], c])


def _may_be_with_cause(law: Term, c: Term, others: Iterable[Term]) -> bool:
    """Whether c may be a cause of a density's variables, and no density says otherwise; that of all data alone is claimed."""
    targets = {*law.args[: law.data[1]]}
    effect = any(c in t.args[: t.data[1]] and targets & {*t.args[t.data[1] :]} for t in others)
    evidence = law.data[1] == len(law.args) and any(t.data[-1][0] == "x" for t in targets)
    return c not in law.args and not effect and not evidence and _with_cause(law, c) not in others
