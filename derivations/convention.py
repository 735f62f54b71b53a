r"""The conventions of the field: what a text means that does not say it, and what its comments say.

By default q is the approximation ``q(z|x)``, conditional densities of p and of q belong to one joint density each, and a
closed form in ``\mu`` and ``\sigma`` is about ``q = N(\mu, diag \sigma^2)`` and ``p(z) = N(0, I)``; with labels, as in
``\mu_1, \sigma_1, \mu_2, \sigma_2``, it is about two normal densities; with ``v``, the variances are ``e^v``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from derivations.conversion import subterms
from derivations.kernel import Term, bind, density, log, number, substitute, variable
from derivations.manuscript import Convention, ManuscriptError
from derivations.parser import parse
from derivations.reader import Context, Reading
from derivations.reading import read
from derivations.syntax import FormulaError, Sum

Z, X = variable("z", "z"), variable("x", "x")
EPSILON = variable("epsilon", "epsilon")
POSTERIOR, PRIOR = density("q", [Z], [X]), density("p", [Z])
DEFAULTS = {"q": POSTERIOR, "z": POSTERIOR}


@dataclass(frozen=True)
class Family:
    """How normal densities are written: of vectors or numbers, the letter of the dimension, what the scales are.

    Attributes
    ----------
    vector, dimension
        Whether they are densities of vectors, and of how many components.
    log_variance, isotropic
        Whether variances are ``e^v``, or ``sigma^2`` for a number sigma.
    """

    vector: bool
    dimension: str = "J"
    log_variance: bool = False
    isotropic: bool = False

    def normal(self, label: str = "", point: Term = Z) -> Term:
        """``N(mu, diag sigma^2)`` at a point, or with labelled parameters."""
        scale = self._entry("sigma", label) if not self.isotropic else variable(_named("sigma", label), "real")
        variance = Term("exp", (self._entry("v", label),)) if self.log_variance else scale ** number(2)
        return bind("normal", variable("j", "index"), point, self._size, self._entry("mu", label), variance)

    def standard(self, point: Term = Z) -> Term:
        """``N(0, I)`` at a point."""
        return bind("normal", variable("j", "index"), point, self._size, number(0), number(1))

    def words(self, label: str = "") -> str:
        """A normal density of the family, in words."""
        mean, scale = _named("mu", label), _named("v" if self.log_variance else "sigma", label)
        variance = f"exp {scale}" if self.log_variance else f"{scale}^2"
        shown = f"{variance} I" if self.isotropic and self.vector else f"diag({variance})" if self.vector else variance
        return f"N({mean}, {shown})"

    def _entry(self, name: str, label: str) -> Term:
        full = _named(name, label)
        index = variable("j", "index")
        return Term("component", (variable(full, "vector"), index)) if self.vector else variable(full, "real")

    @property
    def _size(self) -> Term:
        return variable(self.dimension, "natural") if self.vector else number(1)


def _named(name: str, label: str) -> str:
    return f"{name}_{label}" if label else name


def elbo(q: Term = POSTERIOR, evidence: Term = density("p", [X])) -> Term:  # noqa: B008 - terms are immutable
    """``E_q[log p(x, z) - log q(z|x)]``, written with the divergence from the prior where z is one variable.

    Parameters
    ----------
    q
        The approximation, of one variable or several.
    evidence
        ``p(x)``, or ``p(x|y)`` where everything is given y.
    """
    count = q.data[1]
    latent, (targets, given) = q.args[:count], _split(evidence)
    if count == 1:
        (z,) = latent
        fit = bind("expectation", z, q, log(density("p", targets, [z, *given])))
        return fit - bind("kl", z, q, density("p", [z], given))
    body = log(density("p", [*targets, *latent], given)) - log(q)
    outer: list[Term] = []
    laws = []
    for z in latent:
        laws.append((z, density(q.data[0], [z], [*q.args[count:], *outer])))
        outer.append(z)
    for z, law in reversed(laws):
        body = bind("expectation", z, law, body)
    return body


def _split(evidence: Term) -> tuple[list[Term], list[Term]]:
    count = evidence.data[1]
    return list(evidence.args[:count]), list(evidence.args[count:])


def families(*terms: Term) -> frozenset[str]:
    """The families of densities in the terms; the conditional densities of each belong to one joint density."""
    return frozenset(str(t.data[0]) for term in terms for _, t in subterms(term) if t.head == "density")


@dataclass(frozen=True)
class Model:
    """What the densities are, each with the density it stands for; `words` say so."""

    densities: tuple[tuple[Term, Term], ...]
    words: str


def default(family: Family, label: str = "") -> Model:
    """``q(z)``, ``q(z|x)`` and ``p(z)`` are normal; the parameters of q may have a label."""
    q, p = family.normal(label), family.standard()
    words = f"q = {family.words(label)}, p(z) = N(0, {'I' if family.vector else '1'})"
    noise = density("p", [EPSILON]), family.standard(EPSILON)
    return Model(((POSTERIOR, q), (density("q", [Z]), q), (PRIOR, p), noise), words)


def labelled(family: Family, first: str, labels: tuple[str, str], point: Term = Z) -> Model:
    """``q = N(mu_1, sigma_1^2)``, ``p = N(mu_2, sigma_2^2)``; the `first` of q and p has the first label.

    Labels p and q tell whose they are. They are densities of z, or of another point.
    """
    of = {"q": labels[0], "p": labels[1]} if first == "q" else {"p": labels[0], "q": labels[1]}
    if set(labels) == {"p", "q"}:
        of = {"q": "q", "p": "p"}
    q, p = family.normal(of["q"], point), family.normal(of["p"], point)
    words = f"q = {family.words(of['q'])}, p = {family.words(of['p'])}"
    if point != Z:
        return Model(((density("q", [point]), q), (density("p", [point]), p)), words)
    return Model(((POSTERIOR, q), (density("q", [Z]), q), (PRIOR, p), (density("p", [Z], [X]), p)), words)


def stated(comments: Iterable[Convention], family: Family) -> Model | None:
    """The model that the comments of a text state, or None if they state none.

    Raises
    ------
    ManuscriptError
        If a comment says something else than that densities are normal.
    """
    found: list[tuple[Term, Term]] = []
    words: list[str] = []
    for comment in comments:
        for statement in re.split(r",(?![^(]*\))", comment.source):
            place = f"{comment.file}, line {comment.line}"
            try:
                left, right = (parse(side) for side in statement.split("="))
                pair = _law(left, family), _law(right, family)
            except ValueError as error:
                raise ManuscriptError(
                    f"{place}: cannot use {statement.strip()!r}; write a density, =, and a normal density"
                ) from error
            found.append((pair[0], substitute(pair[1], pair[1].args[0], pair[0].args[0])))
            words.append(" ".join(statement.split()))
    return Model(tuple(found), ", ".join(words)) if found else None


def _law(tree: Sum, family: Family) -> Term:
    context = Context(DEFAULTS, dimension=family.dimension, isotropic=family.isotropic)
    term = read(tree, Reading(scalar=not family.vector), context).term
    if term.head not in ("density", "normal"):
        raise FormulaError("not a density")
    return term


def modelled(term: Term, model: Model) -> Term:
    """The term with what the model says for its densities."""
    for said, law in model.densities:
        if term == said:
            return law
    return Term(term.head, tuple(modelled(a, model) for a in term.args), term.data, term.bound)


def named_parameters(term: Term) -> Iterator[str]:
    """The names of the parameters in a term."""
    yield from (str(t.data[0]) for _, t in subterms(term) if t.head == "variable" and t.data[1] in ("vector", "real"))
