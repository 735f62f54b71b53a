r"""Which densities a text says to be others than the field takes them for: priors, posteriors, decoders, samples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from derivations.clue import density_named, is_isotropic, is_normal_density, is_rescaled, normal_parameters, on_diagonal
from derivations.convention import families
from derivations.conversion import subterms
from derivations.definition import equations, has_stated_mean, trees_of, within
from derivations.judgement import prove
from derivations.kernel import Term, bind, number
from derivations.reader import Context
from derivations.reading import readings
from derivations.stated_law import is_standard_normal
from derivations.surroundings import Redefinition, Surroundings, defined, densities
from derivations.symbol import CONSTANTS
from derivations.syntax import Sum, Unit
from derivations.tree import FAMILIES, PARAMETERS, bases, is_transposed, name_of, only_unit, plain_letter, units
from derivations.written import WrittenChain


def unusual(chains: Iterable[WrittenChain]) -> Iterator[str]:
    """Those of q, z and epsilon of which a text says a law that is not the usual one.

    So it is of v, where that is no logarithm of a variance, and of ``q(z)``, where that is a mean of ``q(z|x)``.
    """
    for e in equations(chains):
        family, letter, is_given = density_named(e.left)
        if family == "q" and letter == "z":
            yield from _unusual_posterior(e.right)
            means = densities([e.right], "q", "Q") if not is_given else []
            yield from ("q(z)" for law in means if law.data[1] < len(law.args))
        if family == "p" and letter in ("z", r"\epsilon") and not is_given and _is_unusual_prior(e.right):
            yield name_of(letter)
        named = only_unit(e.left)
        found = bases(e.right)
        if named is not None and named.base == "v" and r"\sigma" in found and not _is_log_variance(e.right):
            yield "v"
        if named is not None and named.base == r"\Sigma" and any(map(is_transposed, units(e.right))):
            yield "q"


def _unusual_posterior(law: Sum) -> Iterator[str]:
    parameters = normal_parameters(law)
    if r"\Bernoulli" in bases(law) or (r"\Normal" in bases(law) and (not parameters or is_rescaled(law))):
        yield "q"
    if parameters and bases(on_diagonal(parameters[1])[0]) - {"j", "i", "k", "d", "I", *PARAMETERS} == {"v"}:
        yield "v"


def _is_unusual_prior(law: Sum) -> bool:
    """Whether the prior is a normal law other than ``N(0, I)``, a mixture of such laws, or one of densities of q."""
    found = bases(law)
    if {r"\Normal", r"\Bernoulli"} & found:
        return not is_standard_normal(law)
    return r"\sum" in found and bool(found & {"q", "Q"}) and not found & {"p", "P"}


def _is_log_variance(tree: Sum) -> bool:
    r"""Whether a side is ``\log \sigma^2`` or ``2 \log \sigma``."""
    squared = any(u.base == r"\sigma" and u.sups for u in units(tree))
    return r"\log" in bases(tree) and (squared or "2" in bases(tree))


def isotropic(chains: Iterable[WrittenChain]) -> bool:
    r"""Whether a text says that q is ``N(\mu, \sigma^2 I)``, and no q is another normal density."""
    said = [is_isotropic(e.right) for e in equations(chains) if is_normal_density(e.left, e.right, "q", "z")]
    return bool(said) and all(said)


def unknown(chains: Iterable[WrittenChain], around: Surroundings) -> Iterator[Term | str]:
    r"""What a text defines by what has no reading elsewhere, or ``\tilde q`` by densities of other families."""
    for chain in chains:
        for before, after in pairwise(chain.sides):
            left = next(trees_of([before]), None)
            right = next(trees_of([after]), None)
            if left is None or after.relation not in ("=", ":=") or (right is not None and _names_law(right)):
                continue
            symbol = defined(left)
            if symbol and right is not None and has_stated_mean(right, within(chain, around)):
                yield symbol
            law = (
                None if symbol else next((f.term for f in readings(left, Context()) if f.term.head == "density"), None)
            )
            if symbol or law is not None:
                value = None if right is None else next((f.term for f in readings(right, Context())), None)
                if symbol and value is None:
                    yield symbol
                if law is not None and (value is None or _is_of_others(law, value) or _is_of_none(value)):
                    yield law


def improper(chains: Iterable[WrittenChain]) -> Iterator[Term]:
    r"""The densities that a text defines by those of other families, ``\tilde p(z|x) = p(x,z)``, and that need not integrate to one."""
    for e in equations(chains):
        if len(e.left.rows) != 1 or len(e.left.rows[0][1].items) != 2:
            continue  # no density at its variables
        law = next((f.term for f in readings(e.left)), None)
        if law is None or law.head != "density" or law.data[0] in ("p", "q"):
            continue
        value = next((f.term for f in readings(e.right)), None)
        if value is None or not _is_of_others(law, value):
            continue
        whole = value
        for target in law.args[: law.data[1]]:
            whole = bind("integral", target, whole)
        if prove(whole, number(1), "=", families(value)) is None:
            yield law


def _names_law(tree: Sum) -> bool:
    """Whether a side says that a density is normal or of another known family."""
    return bool(
        {r"\Normal", r"\Bernoulli", "N"} & bases(tree)
    )  # an N with outputs of networks in it is read as a letter


def _is_of_none(value: Term) -> bool:
    """Whether what a density is said to be speaks of no density, as the 1 of a uniform law."""
    heads = {t.head for _, t in subterms(value)}
    return not heads & {"density", "normal", "function", "expectation"} and "pi" not in heads


def _is_of_others(law: Term, value: Term) -> bool:
    """Whether a density that is neither p nor q is that of other families."""
    families = {t.data[0] for _, t in subterms(value) if t.head == "density"}
    return law.data[0] not in ("p", "q") and bool(families) and law.data[0] not in families


def samples(chains: Iterable[WrittenChain]) -> Iterator[Redefinition]:
    r"""What a text has for z, such as ``\mu + \sigma \epsilon``, and where."""
    for e in equations(chains):
        if plain_letter(e.left) in ("z", "Z") and r"\epsilon" in bases(e.right):
            yield Redefinition(e.place, "z", (e.after.source, e.right))


def decoders(chains: Iterable[WrittenChain]) -> Iterator[Sum]:
    """The laws that a text has for ``p(x|z)``: those that name a family."""
    for e in equations(chains):
        first = e.right.rows[0][1].items[0]
        calls = (r"\Word", r"\Script", r"\Normal", r"\Bernoulli")
        named = isinstance(first, Unit) and (str(first.base).startswith(calls) or r"\Normal" in bases(e.right))
        if density_named(e.left) == ("p", "x", True) and named and not set(FAMILIES) & bases(e.right):
            yield e.right


def varying(chains: Iterable[WrittenChain]) -> Iterator[str]:
    """The letters for numbers that stand for something at z in a text, as ``b = b(z)``; its mean is a number."""
    for e in equations(chains):
        letter, found = plain_letter(e.left), bases(e.right)
        if letter in CONSTANTS and found & {"z", r"\epsilon"} and not found & {r"\Expectation", "E", r"\int", r"\sum"}:
            yield letter
