"""Points at the edge of what a claim holds for: probabilities of 0 and 1, and supports of which p's does not cover q's."""

from __future__ import annotations

import math
from collections.abc import Iterator

from elbocheck.call import Value
from elbocheck.claim import Claim, Site
from numerics.density import Density


def edges(claim: Claim, site: Site) -> list[Site]:
    """Variants of a point, each with one argument or support moved to, or beyond, an edge.

    Parameters
    ----------
    claim : Claim
    site : Site
        A point where p's support covers q's.

    Returns
    -------
    list of Site
        Not all have an enclosure; many have an infinite one.

    Examples
    --------
    >>> from elbocheck.family import family
    >>> edges(Claim(family("bernoulli")), Site((0.3,)))
    [Site(q=(0.0,), p=()), Site(q=(1.0,), p=())]
    >>> edges(Claim(family("uniform"), family("exponential")), Site((0.5, 2.0), (1.0,)))
    [Site(q=(-0.5, 2.0), p=(1.0,))]
    """
    return [*_of_probabilities(claim, site), *_of_supports(claim, site)]


def _of_probabilities(claim: Claim, site: Site) -> Iterator[Site]:
    """Each probability at 0 and at 1, one of each table at 0."""
    for index, (_, role) in enumerate(claim.parameters):
        value = site.arguments[index]
        if role == "probability":
            yield from (_replaced(claim, site, index, edge) for edge in (0.0, 1.0))
        if role == "vector probability":
            first, *others, last = value
            yield _replaced(claim, site, index, (0.0, *others, first + last))


def _replaced(claim: Claim, site: Site, index: int, value: Value) -> Site:
    arguments, count = list(site.arguments), len(claim.q.parameters)
    arguments[index] = value
    return Site(tuple(arguments[:count]), tuple(arguments[count:]))


def _of_supports(claim: Claim, site: Site) -> Iterator[Site]:
    """A support of q that reaches beyond p's on one side."""
    if claim.p is None:
        return
    q, p = claim.q.distribution(*site.q), claim.p.distribution(*site.p)
    if not (isinstance(q, Density) and isinstance(p, Density)):
        return
    (lower, upper), (least, most) = (tuple(map(float, density.support)) for density in (q, p))
    width = upper - lower
    if claim.q.name == "uniform":
        yield from [Site((least - width / 3, upper), site.p)] if math.isfinite(least) else []
        yield from [Site((lower, most + width / 3), site.p)] if math.isfinite(most) else []
    if claim.p.name == "uniform":
        yield Site(site.q, (lower + width / 3, most))
        yield Site(site.q, (least, upper - width / 3))
    if claim.q.name == "pareto" and least > 0:
        yield Site((least / 2, *site.q[1:]), site.p)
