"""Derivatives of a claimed quantity along a direction in its parameters, from certified enclosures."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from elbocheck.call import Value
from elbocheck.claim import Claim, Enclose, Site, enclosure
from numerics.ball import exact, working_precision

_STEP = Fraction(1, 10**9)
_DIGITS = 30
_BITS = 200


def directions(claim: Claim) -> list[tuple[int, Value]]:
    """For each argument that is no count, its index and a generic direction within its domain.

    A derivative that is wrong in any entry is wrong along a generic direction; in a table of probabilities only
    directions of sum 0 are in the domain, in a covariance the symmetric ones.
    """
    rng = np.random.default_rng(0)
    sample = claim.sites("generic", 1, seed=0)[0].arguments
    roles = [role for _, role in claim.parameters]
    return [
        (i, _direction(role, x, rng)) for i, (role, x) in enumerate(zip(roles, sample, strict=True)) if role != "count"
    ]


def _direction(role: str, sample: Value, rng: np.random.Generator) -> Value:
    array = np.array(sample)
    steps = np.round(rng.choice((-1.0, 1.0), array.shape) * rng.uniform(0.3, 1.0, array.shape), 3)
    if role == "vector probability":
        steps[-1] = -steps[:-1].sum()
    if role == "factor":
        steps = np.tril(steps)
    if role == "covariance":
        steps = (steps + steps.T) / 2
    return _tuples(steps.tolist()) if array.shape else 1.0


def derivative(claim: Claim, site: Site, index: int, direction: Value, enclose: Enclose = enclosure) -> float:
    r"""
    The derivative at a point along a direction in one argument, to about 15 digits.

    Raises
    ------
    ArithmeticError
        If an enclosure does not reach its digits.

    Notes
    -----
    A central difference of enclosures with 30 digits at exact parameters a step :math:`h = 10^{-9}` apart: rounding
    leaves :math:`10^{-30} / h`, truncation :math:`h^2` of the third derivative.

    Examples
    --------
    >>> from elbocheck.family import family
    >>> claim = Claim(family("normal"), family("normal"))
    >>> round(derivative(claim, Site((0.7, 0.4), (-0.6, 1.3)), 1, 1.0), 9)
    -2.263313609
    """
    count = len(claim.q.parameters)

    def shifted(step: Fraction) -> Site:
        arguments = list(site.arguments)
        arguments[index] = _moved(arguments[index], direction, step)
        return Site(tuple(arguments[:count]), tuple(arguments[count:]))

    above, below = (enclose(claim, shifted(step), _DIGITS) for step in (_STEP, -_STEP))
    with working_precision(_BITS):
        return float(((above - below) / (2 * exact(_STEP))).mid())


def _moved(value: Value, direction: Value, step: Fraction) -> Value:
    if isinstance(value, tuple):
        return tuple(_moved(v, d, step) for v, d in zip(value, direction, strict=True))
    return Fraction(value) + step * Fraction(direction)


def _tuples(value: Value) -> Value:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def partial_derivatives(claim: Claim, site: Site) -> list[float]:
    """The derivatives in every entry of q's parameters, in C order; not for parameters that sum to 1 or are counts.

    Raises
    ------
    ValueError
        If an entry cannot change alone.

    Examples
    --------
    >>> from elbocheck.family import family
    >>> claim = Claim(family("normal"), family("standard_normal"))
    >>> [round(d, 9) for d in partial_derivatives(claim, Site((0.7, 0.4)))]
    [0.7, -2.1]
    """
    slopes = []
    for i, parameter in enumerate(claim.q.parameters):
        if parameter.role in ("vector probability", "count", "covariance", "factor"):
            raise ValueError(f"the entries of {claim.names[i]} do not change one by one")
        array = np.array(site.q[i], dtype=np.float64)
        for unit in np.eye(array.size):
            slopes.append(derivative(claim, site, i, _tuples(unit.reshape(array.shape).tolist())))
    return slopes
