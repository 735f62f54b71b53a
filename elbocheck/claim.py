"""What a formula claims to compute, the points at which it is judged, and the certified enclosures there."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from elbocheck.call import Value
from elbocheck.corner import spread
from elbocheck.family import Family, FamilyError
from numerics import quadrature
from numerics.ball import Ball
from numerics.density import Beta, Density

Quantity: TypeAlias = Literal["kl", "entropy"]
Regime: TypeAlias = Literal["generic", "near-equal", "extreme", "corner"]

DIGITS = 15
_NORMALS = ("normal", "normal_variance", "normal_log_variance")
_NEAR = (1e-3, 1e-5, 1e-7)
_CORNER = 0.9  # orders of magnitude
_TRIES = 16  # draws for each point with an enclosure


@dataclass(frozen=True)
class Site:
    """Parameters of q and of p (none for an entropy), in the order of their families."""

    q: tuple[Value, ...]
    p: tuple[Value, ...] = ()

    @property
    def arguments(self) -> tuple[Value, ...]:
        """What a formula is called with."""
        return self.q + self.p


@dataclass(frozen=True)
class Claim:
    """That a function is the divergence of q from p, or the entropy of q if p is None, in nats.

    Raises
    ------
    FamilyError
        If the two do not live on one space, their divergence is infinite, or no enclosure of it is known.

    Examples
    --------
    >>> from elbocheck.family import family
    >>> claim = Claim(family("normal"), family("standard_normal"))
    >>> claim.names
    ('q.loc', 'q.scale')
    >>> enclosure(claim, Site((0.7, 0.4))).str(12, radius=False)
    '0.741290731874'
    """

    q: Family
    p: Family | None = None

    def __post_init__(self) -> None:
        try:
            sites = self.sites("generic", 1, seed=0)
        except ValueError:
            assert self.p is not None
            raise FamilyError(f"{self.q.name} and {self.p.name} do not live on one space: no divergence") from None
        if not sites:
            raise FamilyError(f"no certified enclosure of {self} is known: it cannot be judged")
        if not enclosure(self, sites[0]).is_finite():
            raise FamilyError(f"{self} is infinite: q has mass where p has none")

    @property
    def quantity(self) -> Quantity:
        """Which of the two."""
        return "entropy" if self.p is None else "kl"

    @property
    def parameters(self) -> tuple[tuple[str, str], ...]:
        """The formula's arguments in order: the name, such as ``q.scale``, and the role."""
        pairs = [("q", self.q), ("p", self.p)] if self.p else [("q", self.q)]
        return tuple((f"{letter}.{p.name}", p.role) for letter, f in pairs for p in f.parameters)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the arguments in order."""
        return tuple(name for name, _ in self.parameters)

    @property
    def axes(self) -> int:
        """Axes of one event."""
        return max(self.q.axes, self.p.axes if self.p else 0)

    def __str__(self) -> str:
        return f"KL({self.q.name} || {self.p.name})" if self.p else f"the entropy of {self.q.name}"

    @property
    def has_equality(self) -> bool:
        """Whether q and p can be equal, so that there are points near equality."""
        return self.p is self.q or (self.p is not None and self.p.name == "standard_normal" and self.q.name in _NORMALS)

    def sites(self, regime: Regime, count: int, seed: int) -> list[Site]:
        """Points of a regime; the same for the same seed.

        Those in corners have sizes between 1/8 and 8 (:mod:`elbocheck.corner`).
        Moderate points of two families are those with an enclosure, if there are any: under a law with heavy tails
        the divergence is infinite for some parameters.
        """
        if regime == "corner":
            drawn = self._sites(regime, _TRIES * count, seed)
            return [drawn[i] for i in spread([site.arguments for site in drawn], self._couples, count)]
        return self._sites(regime, count, seed)

    def _sites(self, regime: Regime, count: int, seed: int) -> list[Site]:
        rng = np.random.default_rng([seed, get_args(Regime).index(regime)])
        if regime != "generic" or self.p is None or self.p is self.q:
            return [self._site(regime, i, rng) for i in range(count)]
        drawn = (self._site(regime, i, rng) for i in range(_TRIES * count))
        return list(islice(filter(self._is_enclosed, drawn), count))

    def _is_enclosed(self, site: Site) -> bool:
        try:
            enclosure(self, site)
        except (ArithmeticError, NotImplementedError, TypeError):  # no bound of the integrand's tail is known
            return False
        return True

    @property
    def _couples(self) -> list[tuple[int, int]]:
        """The arguments of q and of p that have one role, by index."""
        count, roles = len(self.q.parameters), [role for _, role in self.parameters]
        return [(i, j) for i, role in enumerate(roles[:count]) for j in range(count, len(roles)) if roles[j] == role]

    def _decades(self, regime: Regime) -> float:
        if regime == "corner":
            return _CORNER
        if regime != "extreme":
            return 0.0
        if self.p is None or self.p is self.q:
            return self.q.decades
        return min(self.q.decades, self.p.decades, 1.0)  # enclosures of two families are slow far out

    def _site(self, regime: Regime, index: int, rng: np.random.Generator) -> Site:
        decades = self._decades(regime)
        q = self.q.drawn(rng, decades)
        if self.p is None:
            return Site(q)
        p = self.p.drawn(rng, decades)
        if regime == "near-equal":
            size = _NEAR[index % len(_NEAR)]
            q, p = (q, self.p.nearby(q, size, rng)) if self.p is self.q else (_near_standard(self.q, q, size), p)
        return _covering(self, q, p)


def _near_standard(q: Family, values: tuple[Value, ...], size: float) -> tuple[Value, ...]:
    """Parameters of a normal of mean and log-variance near 0, scale and variance near 1."""
    at_one = ("scale", "variance")
    return tuple((p.role in at_one) + size * v for p, v in zip(q.parameters, values, strict=True))


def _covering(claim: Claim, q: tuple[Value, ...], p: tuple[Value, ...]) -> Site:
    """The point, moved where needed so that p has mass wherever q has."""
    assert claim.p is not None
    mine, other = claim.q.name, claim.p.name
    if (mine, other) == ("uniform", "uniform"):
        ends = sorted(q + p)
        return Site((ends[1], ends[2]), (ends[0], ends[3]))
    if mine == "uniform":
        density = claim.p.distribution(*p)
        if isinstance(density, Beta):
            q = tuple(sorted(1 / (1 + math.exp(-x)) for x in q))
        elif isinstance(density, Density) and density.support[0] >= 0:
            q = tuple(sorted(float(density.support[0]) + math.exp(x) for x in q))
    base = claim.q.distribution(*q)
    if other == "uniform" and isinstance(base, Density) and all(map(math.isfinite, base.support)):
        lower, upper = base.support
        p = (float(lower) - abs(p[0]), float(upper) + abs(p[1]))
    if (mine, other) == ("pareto", "pareto"):
        q, p = (max(q[0], p[0]), q[1]), (min(q[0], p[0]), p[1])
    if (mine, other) == ("binomial", "binomial"):
        p = (q[0], p[1])
    return Site(q, p)


@lru_cache(maxsize=20_000)
def enclosure(claim: Claim, site: Site, digits: int = DIGITS) -> Ball:
    """Certified enclosure of the claimed quantity at a point, in nats.

    Raises
    ------
    ValueError
        If q and p do not live on one space.
    ArithmeticError
        If the digits are not reached: parameters are too extreme.
    """
    return _quantity(claim, site.q, site.p, digits)


Enclose: TypeAlias = Callable[[Claim, Site, int], Ball]
"""The right value of a claim at a point, to so many digits: `enclosure`, or what stands in for it."""


def _quantity(claim: Claim, q: Any, p: Any, digits: int) -> Ball:
    mine = claim.q.distribution(*q)
    if claim.p is None:
        return quadrature.entropy(mine, digits=digits)
    return quadrature.kl_divergence(mine, claim.p.distribution(*p), digits=digits)
