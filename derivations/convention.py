r"""The conventions of the field: what a text means that does not say it, and what its comments say.

By default q is the approximation ``q(z|x)``, conditional densities of p and of q belong to one joint density each, and a
closed form in ``\mu`` and ``\sigma`` is about ``q = N(\mu, diag \sigma^2)`` and ``p(z) = N(0, I)``; with ``v`` or ``\log
\sigma^2`` as ``v``, the variances are ``e^v``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from derivations.conversion import subterms
from derivations.kernel import Term, bind, density, log, number, substitute, variable
from derivations.manuscript import Convention, ManuscriptError
from derivations.reading import Context, Reading, read
from derivations.syntax import FormulaError, Sum, parse

Z, X, J = variable("z", "z"), variable("x", "x"), variable("j", "index")
POSTERIOR = density("q", [Z], [X])
DEFAULTS = {"q": POSTERIOR, "z": POSTERIOR}


def normal(*, vector: bool, log_variance: bool = False, point: Term = Z) -> Term:
    """``N(mu, diag sigma^2)`` at a point, or the variances ``e^v``; of one dimension if not of vectors."""

    def entry(name: str) -> Term:
        return Term("component", (variable(name, "vector"), J)) if vector else variable(name, "real")

    variance = Term("exp", (entry("v"),)) if log_variance else entry("sigma") ** 2
    return bind("normal", J, point, _dimension(vector), entry("mu"), variance)


def standard(*, vector: bool, point: Term = Z) -> Term:
    """``N(0, I)`` at a point."""
    return bind("normal", J, point, _dimension(vector), number(0), number(1))


def _dimension(vector: bool) -> Term:
    return variable("J", "natural") if vector else number(1)


def elbo() -> Term:
    """``E_q[log p(x, z) - log q(z|x)]``."""
    return bind("expectation", Z, POSTERIOR, log(density("p", [X, Z])) - log(POSTERIOR))


def context(
    laws: Mapping[str, Term], symbols: Mapping[str, Term], apart: frozenset[str], *, vector: bool, log_variance: bool
) -> Context:
    """Names for a reading: the laws that the text has named, else the default ones; a bare D_KL is that of the normals."""
    q, p = normal(vector=vector, log_variance=log_variance), standard(vector=vector)
    return Context({**DEFAULTS, **laws}, symbols, bind("kl", Z, q, p), apart)


def families(*terms: Term) -> frozenset[str]:
    """The families of densities in the terms; the conditional densities of each belong to one joint density."""
    return frozenset(str(t.data[0]) for term in terms for _, t in subterms(term) if t.head == "density")


@dataclass(frozen=True)
class Model:
    """What the densities are, each with the density it stands for; `words` say so."""

    densities: tuple[tuple[Term, Term], ...]
    words: str


def default(*, vector: bool, log_variance: bool) -> Model:
    """``q(z)``, ``q(z|x)`` and ``p(z)`` are normal."""
    q, p = normal(vector=vector, log_variance=log_variance), standard(vector=vector)
    variance = "exp v" if log_variance else "sigma^2"
    law = f"N(mu, diag({variance}))" if vector else f"N(mu, {variance})"
    words = f"q = {law}, p(z) = N(0, {'I' if vector else '1'})"
    return Model(((POSTERIOR, q), (density("q", [Z]), q), (density("p", [Z]), p)), words)


def stated(comments: Iterable[Convention], *, vector: bool) -> Model | None:
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
                pair = _law(left, vector), _law(right, vector)
            except ValueError as error:
                raise ManuscriptError(
                    f"{place}: cannot use {statement.strip()!r}; write a density, =, and a normal density"
                ) from error
            found.append((pair[0], substitute(pair[1], pair[1].args[0], pair[0].args[0])))
            words.append(" ".join(statement.split()))
    return Model(tuple(found), ", ".join(words)) if found else None


def _law(tree: Sum, vector: bool) -> Term:
    term = read(tree, Reading(scalar=not vector), Context(DEFAULTS))
    if term.head not in ("density", "normal"):
        raise FormulaError("not a density")
    return term


def modelled(term: Term, model: Model) -> Term:
    """The term with what the model says for its densities."""
    for said, law in model.densities:
        if term == said:
            return law
    return Term(term.head, tuple(modelled(a, model) for a in term.args), term.data, term.bound)


def speaks_of(term: Term, *names: str) -> bool:
    """Whether parameters of these names occur."""
    return any(
        t.head == "variable" and t.data[0] in names and t.data[1] in ("vector", "real") for _, t in subterms(term)
    )
