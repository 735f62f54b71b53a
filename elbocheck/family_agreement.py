"""Confront the witnesses of the closed forms of named families: theorem, integral, code, its gradient, and sampling.

One mechanism for every family of `elbocheck.proved_family`, and for its divergence and its entropy alike: both are the mean of
a sum of log densities. The certified enclosure of the defining integral is what the others are compared with.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, TypeAlias

import flint
import numpy as np
import torch
from numpy.typing import NDArray

from derivations.catalogue import DERIVATIONS
from derivations.derivation import Derivation
from elbocheck.agreement import CLOSED_FORM, MEETING, MISS, Place, closed_form, meeting, width
from elbocheck.proved_family import FAMILIES, Family, Parameters
from elbocheck.verdict import Finding, Verdict
from numerics import quadrature
from numerics.calibrated import Budget, MeanTest
from numerics.law import NormalApproximation, VarianceBound
from numerics.sequential import SequentialTest

GRADIENT = "gradient of the closed form (torch)"
SAMPLED = ("Monte Carlo, value", "score-function Monte Carlo, gradient")
# names for a line of the table that stands for several witnesses
SHORT = {
    **dict(zip(MEETING, ("integral", "theorem"), strict=True)),
    CLOSED_FORM: "closed form",
    GRADIENT: "gradient",
    **dict.fromkeys(SAMPLED, "Monte Carlo"),
}
GRADIENT_ACCURACY = 1e-9  # relative, in float64: what the tests of numerics demand
# relative; the error of a difference quotient is of its square, and the enclosures that are subtracted lose its digits
_STEP = Fraction(1, 2**30)
_DISCREPANCY = 0.05  # standard deviations of a row
_SLACK = 1 + 1e-6  # of a certified variance, for what a difference quotient lacks of a derivative


Direction: TypeAlias = tuple[str, tuple[int, ...]]
"""A parameter, and the place of one of its components."""


@dataclass(frozen=True)
class Identity:
    """The divergence within a family, or its entropy: a slug, its code, its enclosure and its integrand.

    Attributes
    ----------
    slug, family
    statement
        The left side of its theorem, written a second time.
    of_q, of_p
        The integrand is ``of_q * log q + of_p * log p``, its mean under q the value.
    code
        The closed form.
    enclosure
        Of the value, from the laws q and p.
    """

    slug: str
    family: Family
    statement: str
    of_q: int
    of_p: int
    code: Callable[..., Any]
    enclosure: Callable[..., flint.arb]

    def enclosed(self, q: Parameters, p: Parameters) -> flint.arb:
        """The value at parameters of q and p."""
        laws = [self.family.law(**parameters) for parameters in ((q, p) if self.of_p else (q,))]
        return self.enclosure(*laws)

    def computed(self, q: Mapping[str, Any], p: Mapping[str, Any]) -> Any:
        """The closed form at arrays of parameters; its arguments say by their names whose they are."""
        names = inspect.signature(self.code).parameters
        return self.code(*((p if n.startswith("p_") else q)[n.removeprefix("q_").removeprefix("p_")] for n in names))


def identities() -> Iterator[Identity]:
    """The identities of all families that have a theorem."""
    for name, family in FAMILIES.items():
        q, p = family.names
        if f"kl-{name}" in DERIVATIONS:
            code = family.code.kl_divergence
            yield Identity(f"kl-{name}", family, f"KL({q} || {p})", 1, -1, code, quadrature.kl_divergence)
        if f"entropy-{name}" in DERIVATIONS:
            statement = f"-E_{{x ~ {q}}}[log {q}]"
            yield Identity(f"entropy-{name}", family, statement, -1, 0, family.code.entropy, quadrature.entropy)


def confront_families(
    derivations: Mapping[str, Derivation],
    *,
    seed: int,
    budget: Budget,
    advance: Callable[[int], None] = lambda steps: None,
) -> list[Finding]:
    """All witnesses of all families, each at every point of its family.

    Parameters
    ----------
    derivations
        Those that are proved, by slug.
    seed
        Of the draws.
    budget
        False alarms: a third of what remains is spent, shared equally by the statistical assertions.
    advance
        Called with 1 after each identity.

    Returns
    -------
    list of Finding
        For each identity and witness one line, at the point where it fares worst.
    """
    everything = list(identities())
    columns = sum(1 + len(_directions(i, point)) for i in everything for point in i.family.points)
    share = budget.draw(budget.remaining / 3) / columns
    findings = []
    for number, identity in enumerate(everything):
        findings += confront(identity, derivations.get(identity.slug), seed=(seed, number), share=share)
        advance(1)
    return findings


def confront(
    identity: Identity, derivation: Derivation | None, *, seed: int | tuple[int, ...], share: float
) -> list[Finding]:
    """All witnesses of one identity, each statistical assertion with this share of the false alarms.

    Examples
    --------
    >>> from derivations.catalogue import prove
    >>> poisson = next(i for i in identities() if i.slug == "kl-poisson")
    >>> {str(f.verdict) for f in confront(poisson, prove("kl-poisson"), seed=0, share=1e-9)}
    {'confirmed'}
    """
    family = identity.family
    pairs = [family.pair(point) for point in family.points]
    with flint.ctx.workdps(60):
        places = [Place(f"{identity.slug} of q and p", _words(point), family.values(point)) for point in family.points]
        enclosures = [identity.enclosed(q, p) for q, p in pairs]
        slopes = [_slopes(identity, point) for point in family.points]
        values = [(float(identity.computed(*map(_arrays, pair))), 0.0) for pair in pairs]
        return [
            *meeting(identity.slug, derivation, 1, places, enclosures),
            _explained(closed_form(identity.slug, CLOSED_FORM, values, places, enclosures), family.rigid),
            *_differentiated(identity, places, slopes),
            *_sampled(identity, places, enclosures, slopes, seed, share),
        ]


def _explained(finding: Finding, rigid: str) -> Finding:
    return replace(finding, figure=f"{finding.figure}; no gradient: {rigid}") if rigid else finding


def _words(point: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in point.items())


def _arrays(parameters: Parameters) -> dict[str, NDArray[np.float64]]:
    return {name: np.asarray(value, dtype=np.float64) for name, value in parameters.items()}


# --- gradients in the parameters of q ---


def _directions(identity: Identity, point: Mapping[str, Any]) -> list[Direction]:
    """The parameters of q, and the places of their components."""
    if identity.family.rigid:
        return []
    return [(name, path) for name in identity.family.own for path in _paths(point[name][0])]


def _paths(value: Any) -> list[tuple[int, ...]]:
    """Of a number, a vector, or a lower triangular matrix."""
    if not isinstance(value, tuple):
        return [()]
    return [(i, *path[:1]) for i, row in enumerate(value) for path in _paths(row) if not path or path[0] <= i]


def _moved(q: Parameters, direction: Direction) -> tuple[Fraction, Any, Any]:
    """Half the distance, and the parameters before and behind."""
    name, path = direction
    old: Any = q[name]
    for i in path:
        old = old[i]
    step = abs(Fraction(old)) * _STEP
    before, behind = ({**q, name: _replaced(q[name], path, Fraction(old) + sign * step)} for sign in (1, -1))
    return step, before, behind


def _replaced(value: Any, path: tuple[int, ...], new: Fraction) -> Any:
    if not path:
        return new
    return (*value[: path[0]], _replaced(value[path[0]], path[1:], new), *value[path[0] + 1 :])


def _slopes(identity: Identity, point: Mapping[str, Any]) -> list[flint.arb]:
    """Difference quotients of enclosures, in each direction."""
    q, p = identity.family.pair(point)
    quotients = []
    for direction in _directions(identity, point):
        step, above, below = _moved(q, direction)
        rise = identity.enclosed(above, p) - identity.enclosed(below, p)
        quotients.append(rise / (2 * flint.arb(step.numerator) / step.denominator))
    return quotients


def _differentiated(
    identity: Identity, places: Sequence[Place], slopes: Sequence[Sequence[flint.arb]]
) -> list[Finding]:
    """Automatic differentiation through the closed form against the difference quotients."""
    if identity.family.rigid:
        return []
    rows = []
    for place, point, expected in zip(places, identity.family.points, slopes, strict=True):
        q, p = ({n: torch.tensor(v, dtype=torch.float64) for n, v in x.items()} for x in identity.family.pair(point))
        own = [q[name].requires_grad_() for name in identity.family.own]
        found = torch.autograd.grad(identity.computed(q, p), own, allow_unused=True, materialize_grads=True)
        slopes_of = dict(zip(identity.family.own, found, strict=True))
        entries = [float(slopes_of[name][path]) for name, path in _directions(identity, point)]
        scale = max(map(width, expected))
        rows += [((g, GRADIENT_ACCURACY * scale), place, s) for g, s in zip(entries, expected, strict=True)]
    values, at, expected = map(list, zip(*rows, strict=True))
    return [closed_form(identity.slug, GRADIENT, values, at, expected, accuracy=0.0)]


# --- sampling ---


def _sampled(
    identity: Identity,
    places: Sequence[Place],
    enclosures: Sequence[flint.arb],
    slopes: Sequence[Sequence[flint.arb]],
    seed: int | tuple[int, ...],
    share: float,
) -> list[Finding]:
    """The mean of the integrand, and of its product with the score, over draws from q."""
    outcomes = []
    for number, (point, value, slope) in enumerate(zip(identity.family.points, enclosures, slopes, strict=True)):
        expected = [float(b.mid()) for b in (value, *slope)]
        variances = _variances(identity, point, expected)
        seeds = np.random.SeedSequence([*np.atleast_1d(seed).tolist(), number])
        outcomes.append(_tests(identity, point, expected, variances, np.random.default_rng(seeds), share))
    values, gradients = [o[:1] for o in outcomes], [o[1:] for o in outcomes]
    found = [_reported(identity.slug, SAMPLED[0], places, values, share)]
    if identity.family.rigid:
        return found
    return [*found, _reported(identity.slug, SAMPLED[1], places, gradients, share)]


def _variances(identity: Identity, point: Mapping[str, Any], expected: Sequence[float]) -> list[float] | None:
    """Certified bounds of the variances of the columns; None where the law is not on the line.

    About any number, the mean square is at least the variance: the bounds hold even if the expected means do not.
    """
    q, p = identity.family.pair(point)
    law = identity.family.law(**q)
    if isinstance(law, quadrature.Multivariate):
        return None
    log_q, log_p = law.log_prob(), identity.family.law(**p).log_prob()  # type: ignore[union-attr]

    def integrand(x: Any) -> Any:
        return identity.of_q * log_q(x) + (identity.of_p * log_p(x) if identity.of_p else 0)

    scores = [_score(identity.family, q, d) for d in _directions(identity, point)]
    columns = [integrand, *(lambda x, s=s: integrand(x) * s(x) for s in scores)]
    squares = [
        quadrature.expectation(law, lambda x, c=c, e=e: (c(x) - e) ** 2, digits=4)  # type: ignore[misc]
        for c, e in zip(columns, expected, strict=True)
    ]
    return [_SLACK * float(square.upper()) for square in squares]


def _score(family: Family, q: Parameters, direction: Direction) -> Callable[[Any], Any]:
    """The difference quotient of the log density in one direction."""
    step, *moved = _moved(q, direction)
    above, below = (family.law(**parameters).log_prob() for parameters in moved)  # type: ignore[union-attr]
    distance = 2 * flint.arb(step.numerator) / step.denominator
    return lambda x: (above(x) - below(x)) / distance


@dataclass(frozen=True)
class _Column:
    """What became of one column; its resolution in standard deviations of a row."""

    passed: bool
    mean: float
    expected: float
    resolution: float
    guarantee: str


def _tests(
    identity: Identity,
    point: Mapping[str, Any],
    expected: Sequence[float],
    variances: Sequence[float] | None,
    rng: np.random.Generator,
    share: float,
) -> list[_Column]:
    """One test for each column: sequential where the variance is certified, by the central limit theorem elsewhere."""
    num_samples = _test(1.0, share).num_samples  # for rows of any scale
    rows = _rows(identity, point, rng, num_samples)
    columns = []
    for number, (row, e) in enumerate(zip(rows.T, expected, strict=True)):
        if variances is None:
            law = NormalApproximation(float(row.var(ddof=1)))
            o = MeanTest(law, num_samples, share, MISS).verdict(float(row.mean()), e)
            columns.append(_Column(o.passed, o.mean, e, o.resolution / law.variance**0.5, o.guarantee))
        else:
            progress = _test(variances[number], share).verdict(row, e)
            mean = float(row[: progress.num_samples].mean())
            columns.append(_Column(progress.passed is True, mean, e, _DISCREPANCY, progress.guarantee))
    return columns


def _test(variance: float, share: float) -> SequentialTest:
    return SequentialTest(VarianceBound(variance), _DISCREPANCY * variance**0.5, share, MISS)


def _rows(identity: Identity, point: Mapping[str, Any], rng: np.random.Generator, num_samples: int) -> Any:
    """The integrand at draws from q, then its products with the components of the score; shape (N, 1 + P)."""
    family = identity.family
    q, p = family.pair(point)
    draws = torch.as_tensor(np.asarray(family.draw(rng, num_samples, **q), dtype=np.float64))
    own = {n: torch.tensor(v, dtype=torch.float64).expand(num_samples, *np.shape(v)) for n, v in q.items()}
    leaves = {n: own[n].clone().requires_grad_() for n in family.own}
    log_q = family.code.log_prob(draws, **(own | leaves))
    score = dict(zip(leaves, torch.autograd.grad(log_q.sum(), list(leaves.values())), strict=True))
    rows = identity.of_q * log_q.detach()
    if identity.of_p:
        others = {n: torch.tensor(v, dtype=torch.float64) for n, v in p.items()}
        rows = rows + identity.of_p * family.code.log_prob(draws, **others)
    products = (rows * score[name].movedim(0, -1)[path] for name, path in _directions(identity, point))
    return torch.stack([rows, *products], dim=1).numpy()


def _reported(
    slug: str, witness: str, places: Sequence[Place], outcomes: Sequence[Sequence[_Column]], share: float
) -> Finding:
    resolution, guarantee = 0.0, ""
    for place, columns in zip(places, outcomes, strict=True):
        for column in columns:
            if not column.passed:
                claim = f"the mean is {column.mean:.8g}, not {column.expected:.8g}"
                return Finding(slug, witness, claim, Verdict.refuted, f"{place}: {claim}, by more than chance")
            resolution, guarantee = max(resolution, column.resolution), column.guarantee
    found = f"agrees at {len(places)} points; detects {resolution:.2f} standard deviations of a row"
    rates = f"with {1 - MISS:.0%}, false alarm {share:.0e} each ({guarantee})"
    return Finding(slug, witness, f"{found} {rates}", Verdict.confirmed)


# --- the table ---


def condensed(findings: Sequence[Finding]) -> list[Finding]:
    """The lines of a table: one for all proofs of families, and one for each identity whose witnesses all agree.

    Whatever is refuted or undecided keeps its line, and the other witnesses of its identity theirs.
    """
    slugs = {i.slug for i in identities()}
    proofs = [f for f in findings if f.identity in slugs and f.verdict is Verdict.proved]
    witnesses = [f for f in findings if f.identity in slugs and f.witness in SHORT]
    disagreeing = {f.identity for f in witnesses if f.verdict is not Verdict.confirmed}
    agreeing = [f for f in witnesses if f.identity not in disagreeing]
    lines = []
    for f in findings:
        if f in proofs:
            if f is proofs[0]:
                figure = f"theorems on named families, replayed: {len(proofs)}"
                lines.append(Finding("kl-*, entropy-*", f.witness, figure, f.verdict))
        elif f not in agreeing:
            lines.append(f)
        elif f.witness == CLOSED_FORM:
            names = dict.fromkeys(SHORT[a.witness] for a in agreeing if a.identity == f.identity)
            lines.append(Finding(f.identity, ", ".join(names), f"closed form: {f.figure}", f.verdict))
    return lines
