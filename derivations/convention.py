r"""The conventions of the field: what a text means that does not say it, and what its comments say.

By default q is the approximation ``q(z|x)``, conditional densities of p and of q belong to one joint density each, and a
closed form in ``\mu`` and ``\sigma`` is about ``q = N(\mu, diag \sigma^2)`` and ``p(z) = N(0, I)``; with ``v`` or ``\log
\sigma^2`` as ``v``, the variances are ``e^v``.
"""

from __future__ import annotations

from derivations.conversion import subterms
from derivations.kernel import Term, bind, density, log, number, substitute, variable
from derivations.reading import Context

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
    laws: dict[str, Term], symbols: dict[str, Term], apart: frozenset[str], *, vector: bool, log_variance: bool
) -> Context:
    """Names for a reading: the laws that the text has named, else the default ones; a bare D_KL is that of the normals."""
    q, p = normal(vector=vector, log_variance=log_variance), standard(vector=vector)
    return Context({**DEFAULTS, **laws}, symbols, bind("kl", Z, q, p), apart)


def families(*terms: Term) -> frozenset[str]:
    """The families of densities in the terms; the conditional densities of each belong to one joint density."""
    return frozenset(str(t.data[0]) for term in terms for _, t in subterms(term) if t.head == "density")


def modelled(term: Term, *, vector: bool, log_variance: bool) -> Term:
    """The term with normal densities for ``q(z)``, ``q(z|x)`` and ``p(z)``."""
    q, p = normal(vector=vector, log_variance=log_variance), standard(vector=vector)
    return _replaced(term, q, p)


def _replaced(term: Term, q: Term, p: Term) -> Term:
    if term.head == "density" and term.data[1] == 1 and term.args[0].data[1] == "z":
        if term.data[0] == "q":
            return substitute(q, Z, term.args[0])
        if len(term.args) == 1:
            return substitute(p, Z, term.args[0])
    return Term(term.head, tuple(_replaced(a, q, p) for a in term.args), term.data, term.bound)


def speaks_of(term: Term, *names: str) -> bool:
    """Whether parameters of these names occur."""
    return any(
        t.head == "variable" and t.data[0] in names and t.data[1] in ("vector", "real") for _, t in subterms(term)
    )
