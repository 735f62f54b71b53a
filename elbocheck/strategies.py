"""Hypothesis strategies for parameters of distributions: generic, near-equal and extreme points.

For the property tests of this project and of whoever computes divergences. Needs the optional extra ``strategies``.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

try:
    from hypothesis import strategies as st
except ModuleNotFoundError:
    raise ModuleNotFoundError("elbocheck.strategies needs hypothesis: pip install 'elbocheck[strategies]'") from None

Regime: TypeAlias = Literal["generic", "extreme"]
PairRegime: TypeAlias = Literal["generic", "near-equal", "extreme"]
Parameters: TypeAlias = tuple[Any, ...]

_KINDS: dict[str, tuple[str, ...]] = {
    "normal": ("real", "positive"),
    "laplace": ("real", "positive"),
    "gumbel": ("real", "positive"),
    "log_normal": ("real", "positive"),
    "von_mises": ("real", "positive"),
    "half_normal": ("positive",),
    "exponential": ("positive",),
    "chi_square": ("positive",),
    "poisson": ("positive",),
    "gamma": ("positive", "positive"),
    "inverse_gamma": ("positive", "positive"),
    "beta": ("positive", "positive"),
    "pareto": ("positive", "positive"),
    "bernoulli": ("probability",),
    "geometric": ("probability",),
}
FAMILIES = tuple(sorted(_KINDS))
"""Names for :func:`parameters` and :func:`pairs`: the families of scalar parameters."""


def real(regime: Regime = "generic") -> st.SearchStrategy[float]:
    """Locations: of either sign, neither 0 nor 1 in modulus; 1e-20 to 1e20 where extreme.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(real(), lambda x: x < 0) < 0
    True
    """
    return st.builds(lambda sign, size: sign * size, st.sampled_from((-1.0, 1.0)), positive(regime))


def positive(regime: Regime = "generic") -> st.SearchStrategy[float]:
    """Scales, rates, concentrations: 0.05 to 20, or 1e-20 to 1e20 where extreme, evenly in the logarithm.

    The value 1, where many wrong formulas agree with the right one, is left out.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(positive("extreme"), lambda x: x > 1e15) > 1e15
    True
    """
    low, high = (-1.3, 1.3) if regime == "generic" else (-20.0, 20.0)
    return st.floats(low, high).map(lambda exponent: 10.0**exponent).filter(lambda x: x != 1.0)


def logits(regime: Regime = "generic") -> st.SearchStrategy[float]:
    """Log odds: up to 4 in modulus, or up to 100 where extreme."""
    limit = 4.0 if regime == "generic" else 100.0
    return st.floats(-limit, limit)


def probability(regime: Regime = "generic") -> st.SearchStrategy[float]:
    """Probabilities in (0, 1): 0.02 to 0.98, or as close to 0 as 1e-20 and to 1 as a unit roundoff where extreme."""
    if regime == "generic":
        return st.floats(0.02, 0.98).filter(lambda p: p != 0.5)
    tiny = st.floats(-20.0, -1.0).map(lambda exponent: 10.0**exponent)
    return st.one_of(tiny, tiny.map(lambda p: 1.0 - max(p, 2.0**-53)))


def probability_vector(size: int, regime: Regime = "generic") -> st.SearchStrategy[tuple[float, ...]]:
    """Vectors of ``size`` positive weights that sum to 1 but for rounding; weights down to 1e-20 where extreme.

    Examples
    --------
    >>> from hypothesis import find
    >>> len(find(probability_vector(3), lambda p: True))
    3
    """
    weights = st.lists(positive(regime), min_size=size, max_size=size)
    return weights.map(lambda w: tuple(x / sum(w) for x in w))


def cholesky_factor(dimension: int, regime: Regime = "generic") -> st.SearchStrategy[tuple[tuple[float, ...], ...]]:
    """Lower triangular matrices with a positive diagonal, so that ``L @ L.T`` is positive definite.

    Examples
    --------
    >>> from hypothesis import find
    >>> lower = find(cholesky_factor(2), lambda matrix: True)
    >>> lower[0][1], lower[0][0] > 0, lower[1][1] > 0
    (0.0, True, True)
    """

    def row(i: int) -> st.SearchStrategy[tuple[float, ...]]:
        entries = [
            *(real(regime) for _ in range(i)),
            positive(regime),
            *(st.just(0.0) for _ in range(dimension - i - 1)),
        ]
        return st.tuples(*entries)

    return st.tuples(*map(row, range(dimension)))


def parameters(family: str, regime: Regime = "generic") -> st.SearchStrategy[Parameters]:
    """Parameters of one distribution, in the order of its functions in :mod:`numerics`.

    Parameters
    ----------
    family
        One of `FAMILIES`.
    regime
        ``"generic"`` or ``"extreme"``.

    Raises
    ------
    ValueError
        If there is no such family.

    Examples
    --------
    >>> from hypothesis import find
    >>> len(find(parameters("gamma"), lambda p: True))
    2
    """
    if family not in _KINDS:
        raise ValueError(f"no strategy for {family!r}; there are {', '.join(FAMILIES)}")
    kinds = {"real": real, "positive": positive, "probability": probability}
    return st.tuples(*(kinds[kind](regime) for kind in _KINDS[family]))


def pairs(family: str, regime: PairRegime = "generic") -> st.SearchStrategy[tuple[Parameters, Parameters]]:
    """Parameters of two distributions of one family, ``(q, p)``.

    Parameters
    ----------
    family
        One of `FAMILIES`.
    regime
        Independent of each other (``"generic"``, ``"extreme"``), or ``"near-equal"``: relative differences from 1e-12
        to 1e-3 in every parameter, of either sign.

    Raises
    ------
    ValueError
        If there is no such family.

    Examples
    --------
    >>> from hypothesis import find
    >>> q, p = find(pairs("normal", "near-equal"), lambda pair: True)
    >>> abs(q[1] / p[1] - 1) < 2e-3
    True
    """
    if regime != "near-equal":
        return st.tuples(parameters(family, regime), parameters(family, regime))
    size = st.floats(-12.0, -3.0).map(lambda exponent: 10.0**exponent)
    shifts = st.tuples(*(st.builds(lambda s, x: s * x, st.sampled_from((-1.0, 1.0)), size) for _ in _KINDS[family]))

    def shifted(q: Parameters, relative: tuple[float, ...]) -> tuple[Parameters, Parameters]:
        return q, tuple(x * (1.0 + r) for x, r in zip(q, relative, strict=True))

    return st.builds(shifted, parameters(family), shifts)
