"""Confront the witnesses of a closed form: its proof, its code, the defining integral, and sampling.

Each witness is compared with the certified enclosure of the defining integral, which is the definition and shares no
code with the others. Numerical agreement is reported as `confirmed`, never as `proved`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import flint
import numpy as np
from numpy.typing import NDArray

from derivations.derivation import Derivation
from derivations.evaluation import Values, evaluate
from elbocheck.verdict import Finding, Verdict
from numerics import monte_carlo, normal, quadrature
from numerics.calibrated import Budget, MeanTest
from numerics.density import Normal
from numerics.law import NormalApproximation
from numerics.moments import estimate
from numerics.proposal import IndependentNormal
from numerics.quadratic_form import QuadraticForm, kl_divergence_gradient_laws, kl_divergence_law
from numerics.quasi_monte_carlo import SobolRows

CLOSED_FORM_ACCURACY = 1e-13  # relative, in float64: what the tests of numerics.normal demand
MAX_RADIUS = 1e-15  # nats; a wider ball decides nothing
MISS = 0.01
MEETING = ("certified enclosure of the integral", "theorem, evaluated in ball arithmetic")
CLOSED_FORM = "closed form (NumPy)"
_SLUG = "kl-normal-standard"
_COLUMNS = ("value", "gradient in mu", "gradient in sigma")
_REPLICATES = 16  # scrambled Sobol sets


@dataclass(frozen=True)
class Point:
    """Parameters of q = N(loc, diag scale^2) at which the witnesses meet."""

    loc: tuple[float, ...]
    scale: tuple[float, ...]

    @property
    def parameters(self) -> tuple[Sequence[float], Sequence[float], Sequence[float], Sequence[float]]:
        """Of q and of p = N(0, I)."""
        return self.loc, self.scale, [0.0] * len(self.loc), [1.0] * len(self.loc)

    def __str__(self) -> str:
        return f"loc = {_tuple(self.loc)}, scale = {_tuple(self.scale)}"


# generic points: at loc = 0 or scale = 1 many wrong formulas agree with the right one
POINTS = (
    Point((0.7,), (0.4,)),
    Point((-0.6, 1.9, 0.3), (1.3, 0.15, 2.2)),
    Point((1e-5, -2e-5), (1.00003, 0.99998)),
)


def confront_kl_normal_standard(
    derivation: Derivation | None,
    *,
    points: Sequence[Point] = POINTS,
    seed: int,
    num_samples: int,
    budget: Budget,
) -> list[Finding]:
    """All witnesses of ``kl-normal-standard`` at each point.

    Parameters
    ----------
    derivation
        The proved derivation of ``-KL = ...``; None if it is not proved.
    points
        Parameters of q; p is N(0, I).
    seed, num_samples
        Of the Monte Carlo witness.
    budget
        False alarms: a third of what remains is spent, shared equally by the statistical assertions.

    Returns
    -------
    list of Finding
        For each witness one line, at the point where it fares worst.
    """
    columns = 2 * sum(1 + 2 * len(p.loc) for p in points)  # of plain draws, and of Sobol sets
    share = budget.draw(budget.remaining / 3) / columns
    places = [_place(p) for p in points]
    enclosures = [quadrature.kl_divergence_normal(*p.parameters) for p in points]
    expected = [_expected(p, e) for p, e in zip(points, enclosures, strict=True)]
    sampled = [_sample(p, e, seed, num_samples, share) for p, e in zip(points, expected, strict=True)]
    balanced = [_sample_balanced(p, e, seed, num_samples, share) for p, e in zip(points, expected, strict=True)]
    with flint.ctx.workdps(50):
        exact = [
            *meeting(_SLUG, derivation, -1, places, enclosures),
            *(closed_form(_SLUG, n, [f(p) for p in points], places, enclosures) for n, f in _CLOSED_FORMS.items()),
        ]
    return [
        *exact,
        *(_averaged(f"reparameterised Monte Carlo, {n}", points, sampled, {n}, share) for n in _COLUMNS),
        _averaged("randomised quasi-Monte Carlo, value and gradient", points, balanced, _COLUMNS, share),
    ]


def confront_normal_integrals(
    derivations: Mapping[str, Derivation], *, points: Sequence[Point] = POINTS
) -> list[Finding]:
    """The witnesses without noise of ``normal-negative-entropy`` and ``normal-cross-entropy`` at each point.

    Parameters
    ----------
    derivations
        The proved derivations, by slug.
    points
        Parameters of q; p is N(0, I).

    Returns
    -------
    list of Finding
        For each identity and witness one line, at the point where it fares worst.
    """
    findings = []
    for slug, (term, code) in _INTEGRALS.items():
        with flint.ctx.workdps(50):  # at 15 digits, sums of enclosures would be rounded to balls too wide to tell
            # by Fubini's theorem the integral is a sum over the coordinates
            enclosures = [
                sum((term(Normal(m, s)) for m, s in zip(p.loc, p.scale, strict=True)), start=flint.arb(0))
                for p in points
            ]
            places = [_place(p) for p in points]
            findings += meeting(slug, derivations.get(slug), 1, places, enclosures)
            findings.append(closed_form(slug, CLOSED_FORM, [code(p) for p in points], places, enclosures))
    return findings


def _negative_entropy(point: Point) -> tuple[float, float]:
    return -float(np.sum(normal.entropy(np.array(point.scale)))), 0.0


def _negative_cross_entropy(point: Point) -> tuple[float, float]:
    return -float(np.sum(normal.cross_entropy(np.array(point.loc), np.array(point.scale), 0.0, 1.0))), 0.0


# slug: the integral over one coordinate, enclosed; the closed form in code
_INTEGRALS: dict[str, tuple[Callable[[Normal], flint.arb], Callable[[Point], tuple[float, float]]]] = {
    "normal-negative-entropy": (lambda q: -quadrature.entropy(q), _negative_entropy),
    "normal-cross-entropy": (lambda q: -quadrature.cross_entropy(q, Normal(0, 1)), _negative_cross_entropy),
}


def _tuple(values: Sequence[float]) -> str:
    return "(" + ", ".join(f"{v:g}" for v in values) + ")"


# --- witnesses without noise ---


@dataclass(frozen=True)
class Place:
    """Where witnesses meet: the laws and their parameters in words, and the values of the theorem's variables."""

    laws: str
    point: str
    values: Values

    def __str__(self) -> str:
        return f"{self.laws}, {self.point}"


def _place(point: Point) -> Place:
    values: Values = {"J": len(point.loc), "mu": point.loc, "sigma": point.scale}
    return Place("q = N(loc, scale^2), p = N(0, I)", str(point), values)


def meeting(
    slug: str, derivation: Derivation | None, sign: int, places: Sequence[Place], enclosures: Sequence[flint.arb]
) -> list[Finding]:
    """The defining integral and the proved formula (times the sign), both in ball arithmetic, must meet.

    Neither judges the other.
    """
    if derivation is None:
        return [
            Finding(slug, n, "no theorem to meet", Verdict.undecided, "the derivation is not proved") for n in MEETING
        ]
    formula = derivation.theorems[0].sides[1]
    values = [sign * evaluate(formula, p.values) for p in places]
    differences = [v - e for v, e in zip(values, enclosures, strict=True)]
    for place, value, enclosure, difference in zip(places, values, enclosures, differences, strict=True):
        detail = f"{place}: theorem {value.str(20)}, integral {enclosure.str(20)} nats"
        if not width(difference) < math.inf or not max(_radius(value), _radius(enclosure)) < MAX_RADIUS:
            return [Finding(slug, n, "too wide to tell", Verdict.undecided, detail) for n in MEETING]
        if not difference.contains(0):
            claim = f"theorem - integral = {difference.str(5)} nats"
            return [Finding(slug, n, claim, Verdict.refuted, f"{detail}; one of the two is wrong") for n in MEETING]
    figures = (
        f"{enclosures[0].str(20)} nats at {places[0].point}",
        f"|theorem - integral| <= {max(map(width, differences)):.1e} nats at {len(places)} points",
    )
    return [Finding(slug, n, f, Verdict.confirmed) for n, f in zip(MEETING, figures, strict=True)]


def _radius(ball: flint.arb) -> float:
    return float(ball.rad())


def _by_scale(point: Point) -> tuple[float, float]:
    """Value and the rounding of its input: the parameters are taken as they are."""
    loc, scale = np.array(point.loc), np.array(point.scale)
    return float(np.sum(normal.kl_divergence(loc, scale, 0.0, 1.0))), 0.0


def _by_log_variance(point: Point) -> tuple[float, float]:
    """Value and the rounding of its input: 2 log(scale) is off by at most two units in its last place."""
    loc, log_variance = np.array(point.loc), 2 * np.log(np.array(point.scale))
    slope = np.abs(np.exp(log_variance) - 1) / 2
    rounding = float(np.sum(slope * 2 * np.spacing(np.abs(log_variance))))
    return float(normal.kl_divergence_standard(loc, log_variance)), rounding


_CLOSED_FORMS: dict[str, Callable[[Point], tuple[float, float]]] = {
    "closed form in loc, scale (NumPy)": _by_scale,
    "closed form in loc, log-variance (NumPy)": _by_log_variance,
}


def closed_form(
    slug: str,
    witness: str,
    values: Sequence[tuple[float, float]],
    places: Sequence[Place],
    enclosures: Sequence[flint.arb],
    accuracy: float = CLOSED_FORM_ACCURACY,
) -> Finding:
    """What code gave at each place, with the rounding of its input, against the enclosures."""
    worst = 0.0
    for (value, rounding), place, enclosure in zip(values, places, enclosures, strict=True):
        difference = width(flint.arb(value) - enclosure) if math.isfinite(value) else math.inf
        if not difference <= accuracy * width(enclosure) + rounding:
            claim = f"the formula gives {value!r}"
            detail = f"{place}: {claim}, the integral is {enclosure.str(20)} nats"
            return Finding(slug, witness, claim, Verdict.refuted, detail)
        worst = max(worst, difference / width(enclosure))
    figure = f"relative difference <= {worst:.1e} at {len(places)} points"
    return Finding(slug, witness, figure, Verdict.confirmed)


def width(ball: flint.arb) -> float:
    """The largest modulus in the ball."""
    return float(ball.abs_upper())


# --- the reparameterised estimator ---


@dataclass(frozen=True)
class _Sampled:
    """Means of the estimator's columns (value, d/dmu, d/dsigma), what they must be, and the tests for them."""

    means: tuple[float, ...]
    expected: tuple[float, ...]
    tests: tuple[MeanTest, ...]
    names: tuple[str, ...]


def _expected(point: Point, enclosure: flint.arb) -> tuple[float, ...]:
    """Value, derivatives in mu and derivatives in sigma, from the enclosures."""
    in_loc, in_scale = quadrature.kl_divergence_normal_gradient(*point.parameters)
    return tuple(float(b.mid()) for b in (enclosure, *in_loc, *in_scale))


def _rows(point: Point) -> monte_carlo.PathwiseRows:
    integrand = partial(monte_carlo.log_ratio, p_loc=point.parameters[2], p_scale=point.parameters[3])
    return monte_carlo.PathwiseRows(integrand, IndependentNormal(point.loc, point.scale))


def _sample(point: Point, expected: tuple[float, ...], seed: int, num_samples: int, share: float) -> _Sampled:
    """Independent draws at one point; the law of each column is known."""
    moments = estimate(_rows(point), num_samples, seed=seed)
    loc_laws, scale_laws = kl_divergence_gradient_laws(*point.parameters)
    laws: list[QuadraticForm] = [kl_divergence_law(*point.parameters), *loc_laws, *scale_laws]
    tests = [MeanTest(law, num_samples, share, MISS, rounding=_rounding(law.variance)) for law in laws]
    return _Sampled(_floats(moments.mean), expected, tuple(tests), _names(point))


def _sample_balanced(point: Point, expected: tuple[float, ...], seed: int, num_samples: int, share: float) -> _Sampled:
    """As many draws in scrambled Sobol sets at one point; their means are taken as normal, of estimated variance."""
    log2_points = max(0, math.floor(math.log2(num_samples / _REPLICATES)))
    moments = estimate(SobolRows(_rows(point), log2_points), _REPLICATES, seed=seed, chunk_size=1)
    laws = [NormalApproximation(v, degrees=_REPLICATES - 1) for v in _floats(moments.variance)]
    rounding = _rounding(kl_divergence_law(*point.parameters).variance)
    tests = [MeanTest(law, _REPLICATES, share, MISS, rounding=rounding) for law in laws]
    return _Sampled(_floats(moments.mean), expected, tuple(tests), _names(point))


def _floats(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(float(v) for v in values)


def _names(point: Point) -> tuple[str, ...]:
    value, *gradients = _COLUMNS
    return (value, *(name for name in gradients for _ in point.loc))


def _rounding(variance: float) -> float:
    """Rounding of a row: a few dozen operations on terms of at most the row's own size and 1, in float64."""
    return 64 * np.finfo(float).eps * (1 + math.sqrt(variance))


def _averaged(
    witness: str, points: Sequence[Point], sampled: Sequence[_Sampled], names: Collection[str], share: float
) -> Finding:
    """The columns of these names at every point, against what they must be."""
    resolution = worst = 0.0
    guarantee = ""
    for point, s in zip(points, sampled, strict=True):
        for column in (i for i, n in enumerate(s.names) if n in names):
            outcome = s.tests[column].verdict(s.means[column], s.expected[column])
            if not outcome.passed:
                claim = f"the mean is {outcome.mean:.8g}, outside [{outcome.lower:.8g}, {outcome.upper:.8g}]"
                detail = f"p = N(0, I), {point}: {claim} around {s.expected[column]:.12g}"
                return Finding(_SLUG, witness, claim, Verdict.refuted, detail)
            resolution = max(resolution, outcome.resolution)
            worst = max(worst, abs(outcome.mean - s.expected[column]))
            guarantee = outcome.guarantee
    rates = f"detects {resolution:.1e} with {1 - MISS:.0%}, false alarm {share:.0e} each ({guarantee})"
    return Finding(_SLUG, witness, f"off by <= {worst:.1e}; {rates}", Verdict.confirmed)
