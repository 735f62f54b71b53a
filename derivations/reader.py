"""What every part of the reader knows: the reading, the context, and what is bound where it reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from derivations.kernel import Term, number, variable
from derivations.syntax import FormulaError, Group, Row, Sum, Unit
from derivations.tree import single

Items = tuple[Unit | str, ...]
OMEGA = variable("omega", "omega")
UNNAMED = "E"  # beside the letters of laws: that of an expectation which names none
CHANCE = variable("c", "c")  # what a random number without a law depends on


@dataclass(frozen=True)
class Reading:
    """The choices that a formula leaves open.

    Attributes
    ----------
    greedy
        Logarithms and gradients without brackets apply to all factors that follow, else to the next one.
    wide
        Sums and expectations without brackets apply to all terms that follow, else to the factors of their term.
    scalar
        Parameters without an index are numbers, and normals have one dimension; else they are vectors.
    reverse
        Of a joint density, the last variable is averaged over outside, else the first one.
    below, halves
        Of numbers and letters that stand together after a slash, how many are below it, as ``a/2b`` is ``a/(2b)``; and
        whether that is so after a number too, or ``1/2b`` is ``(1/2) b``.
    """

    greedy: bool = True
    wide: bool = False
    scalar: bool = False
    reverse: bool = False
    below: int = 1
    halves: bool = False

    def __str__(self) -> str:
        chosen = [
            "log a b is log(a b), nabla a b is nabla(a b)"
            if self.greedy
            else "log a b is (log a) b, nabla a b is (nabla a) b"
        ]
        chosen += ["sums extend over the terms that follow"] if self.wide else []
        chosen += ["one dimension"] if self.scalar else []
        chosen += ["the last variable is averaged over outside"] if self.reverse else []
        chosen += ["a/2b is a/(2b)"] if self.below > 1 else []
        chosen += ["1/2b is 1/(2b)"] if self.below > 1 and self.halves else []
        return "; ".join(chosen)


@dataclass(frozen=True)
class Context:
    """What a formula takes from the text around it.

    Attributes
    ----------
    laws
        Densities that a bare letter stands for: ``q`` in ``E_q``, ``z`` in ``E_z``.
    symbols
        Terms for symbols that the text has defined, by name.
    spelled
        What the text has for those that are bounds; where one stands at data that the bound here does not depend on.
    draws
        For these, the laws of numbered draws in them.
    divergence
        What a bare ``D_KL`` stands for.
    apart
        Letters that the text uses with several labels (``q_\\phi`` and ``q_\\psi``, ``x`` and ``X``, ``x^{(i)}``): these then
        tell different things apart, else they are left away.
    blocks
        Variables that only occur together, with the name of the block.
    dimension
        The letter for the dimension of the latent space.
    size
        The letter for the number of draws, where a sum over them has no limits.
    isotropic
        Whether scales are numbers where means are vectors, as in ``N(mu, sigma^2 I)``.
    depends
        Families that are differentiated, with the parameter on which they depend.
    weights
        Symbols such as ``w_k``: the letter of their index, and the tree of what they stand for.
    sized
        Symbols such as ``L_k`` for a bound with k draws: the letter of their number, and the tree of what they stand for.
    information
        The family under which a mutual information or an entropy of variables is that names none.
    numbers
        Letters of densities that are numbers here, such as the parameters of Bernoulli laws.
    entries
        Families of which both the density of z and those of its entries ``z_j`` occur.
    deviation
        Whether the second parameter of ``N(mu, sigma)`` is the standard deviation, else it is the variance.
    limits
        Letters up to which sums and products go.
    numbered
        The indices that data carry, as in ``x_i``.
    variables
        Letters such as ``\\theta`` that are variables here, and no parameters.
    given
        Whether ``H(z|x)`` is the entropy at a given x, else it is its mean over x.
    unread
        Letters of which the text states laws that are not known, among them that of an expectation which names none.
    varying
        Letters for numbers that the text has for something random.
    """

    laws: Mapping[str, Term] = field(default_factory=dict)
    symbols: Mapping[str, Term] = field(default_factory=dict)
    spelled: Mapping[str, Term] = field(default_factory=dict)
    draws: Mapping[str, Mapping[str, Term]] = field(default_factory=dict)
    divergence: Term | None = None
    apart: frozenset[str] = frozenset()
    blocks: Mapping[str, str] = field(default_factory=dict)
    dimension: str = "J"
    size: str = ""
    isotropic: bool = False
    depends: Mapping[str, str] = field(default_factory=dict)
    weights: Mapping[str, tuple[str, Sum]] = field(default_factory=dict)
    sized: Mapping[str, tuple[str, Sum]] = field(default_factory=dict)
    information: str = "q"
    numbers: frozenset[str] = frozenset()
    entries: frozenset[str] = frozenset()
    deviation: bool = False
    limits: frozenset[str] = frozenset()
    numbered: frozenset[str] = frozenset()
    variables: frozenset[str] = frozenset()
    given: bool = False
    unread: frozenset[str] = frozenset()
    varying: frozenset[str] = frozenset()


@dataclass
class Found:
    """What a reader used: the laws of draws by the letter of their variable, and symbols by their name."""

    draws: dict[str, Term] = field(default_factory=dict)
    symbols: set[str] = field(default_factory=set)
    remarks: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Reader:
    """The state of a reader.

    Attributes
    ----------
    indices
        Letters bound by sums around the place.
    bound
        Names of the points bound by expectations and integrals around the place.
    drawn
        Letters of which numbered draws are averaged over around the place.
    random
        Letters that are random numbers, as in ``E[log X]``.
    one
        Whether normal densities are those of one entry.
    dot
        The point that stands for a dot, as in ``q(. | x)``.
    entry
        The index of the entry that is read, where a vector is wanted.
    """

    reading: Reading
    context: Context
    found: Found = field(default_factory=Found)
    indices: frozenset[str] = frozenset()
    bound: frozenset[str] = frozenset()
    drawn: frozenset[str] = frozenset()
    random: frozenset[str] = frozenset()
    one: bool = False
    dot: Term | None = None
    entry: Term | None = None

    def sum(self, tree: Sum) -> Term:
        """The term that a sum stands for."""
        raise NotImplementedError

    def factors(self, items: Items, rest: Sum | None = None) -> list[Term]:
        """The factors of a row."""
        raise NotImplementedError

    def factor(self, unit: Unit, after: Items, rest: Sum | None) -> tuple[Term, Items]:
        """The term that begins with `unit`, and the items that it did not need."""
        raise NotImplementedError

    def letter_law(self, unit: Unit, point: Term | None) -> Term | None:
        """What a letter without arguments stands for as a density."""
        raise NotImplementedError

    def powered(self, term: Term, unit: Unit) -> Term:
        """The term to the power that stands at the unit."""
        raise NotImplementedError

    @property
    def dimension(self) -> Term:
        """The dimension of the latent space."""
        return number(1) if self.reading.scalar or self.one else variable(self.context.dimension, "natural")


def group_of(item: Unit | str | None, kinds: str = "([{") -> Group | None:
    """The group that an item is, if it is one of these kinds."""
    if isinstance(item, Unit) and isinstance(item.base, Group) and item.base.kind in kinds:
        return item.base
    return None


def only_row(tree: Sum) -> Row:
    """The row of a tree that is no sum.

    Raises
    ------
    FormulaError
        If it is a sum, or has a sign.
    """
    if len(tree.rows) != 1 or tree.rows[0][0] != "+":
        raise FormulaError("a sum where a factor is wanted")
    row = tree.rows[0][1]
    inner = group_of(row.items[0], "{") if len(row.items) == 1 else None
    return only_row(single(inner)) if inner is not None else row
