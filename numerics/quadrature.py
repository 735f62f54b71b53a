r"""
Certified enclosures of divergences and entropies in ball arithmetic, straight from their definition.

Nothing here knows a closed form. The defining integral is taken over a finite interval by python-flint's rigorous
``acb.integral``, a sum over finitely many values, and what lies outside is bounded by the lemma of
:mod:`numerics.majorant`. The result is a ball that contains the true value for the exact binary (or rational) values
of the parameters. The densities are those of :mod:`numerics.density`, :mod:`numerics.mass` and
:mod:`numerics.multivariate`, written from their definitions.

What is computed with a ball is rounded, and its radius widened, to the working precision of that moment, 53 bits unless
said otherwise: keep the digits with :func:`numerics.ball.working_precision`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from flint import arb

from numerics import density, mass, multivariate
from numerics.ball import Ball, Number, certified, exact
from numerics.chart import LogProb, Place
from numerics.density import Density, Normal
from numerics.expectation import Integrand, Univariate, expectation_at
from numerics.mass import Mass
from numerics.multivariate import Dirichlet, MultivariateNormal, Wishart

Multivariate: TypeAlias = Dirichlet | MultivariateNormal | Wishart
Family: TypeAlias = Univariate | Multivariate
FAMILIES: dict[str, type[Family]] = {
    "normal": density.Normal,
    "multivariate_normal": multivariate.MultivariateNormal,
    "bernoulli": mass.Bernoulli,
    "categorical": mass.Categorical,
    "binomial": mass.Binomial,
    "poisson": mass.Poisson,
    "geometric": mass.Geometric,
    "exponential": density.Exponential,
    "gamma": density.Gamma,
    "inverse_gamma": density.InverseGamma,
    "chi_square": density.ChiSquare,
    "beta": density.Beta,
    "dirichlet": multivariate.Dirichlet,
    "laplace": density.Laplace,
    "gumbel": density.Gumbel,
    "cauchy": density.Cauchy,
    "continuous_bernoulli": density.ContinuousBernoulli,
    "uniform": density.Uniform,
    "pareto": density.Pareto,
    "log_normal": density.LogNormal,
    "half_normal": density.HalfNormal,
    "von_mises": density.VonMises,
    "wishart": multivariate.Wishart,
}
"""Each family by name; its parameters are those of its class, in that order."""


def kl_divergence(q: Family, p: Family, *, digits: int = 20) -> Ball:
    r"""
    Enclosure of the divergence of two distributions, :math:`\mathbb E_q[\log q - \log p]`.

    Parameters
    ----------
    q, p : family
        Of one family, or of two that live on one space, such as a gamma and an exponential.
    digits : int
        Certified digits, relative to the value down to ``10**(-2 * digits)`` (:func:`numerics.ball.certified`).

    Returns
    -------
    flint.arb
        A ball that contains the divergence, in nats; plus infinity if q has mass where p has none.

    Raises
    ------
    ValueError
        If the two do not live on one space, or ``digits < 1``.
    ArithmeticError
        If the digits are not reached, or a sum needs more than a million terms.

    References
    ----------
    .. [1] Kullback and Leibler, On Information and Sufficiency (1951), Sec. 2.
    .. [2] Johansson, Numerical Integration in Arbitrary-Precision Ball Arithmetic (2018), Sec. 2.

    Examples
    --------
    >>> from numerics.density import Exponential, Gamma
    >>> kl_divergence(Gamma(2.0, 3.0), Exponential(0.5)).str(20, radius=False)
    '0.54787713765985547354'
    """
    return _expected_logs(q, [(1, q), (-1, p)], digits)


def entropy(q: Family, *, digits: int = 20) -> Ball:
    r"""
    Enclosure of the entropy :math:`-\mathbb E_q \log q`, differential where q has a density.

    Parameters
    ----------
    q : family
    digits : int
        As for :func:`kl_divergence`.

    Returns
    -------
    flint.arb
        In nats.

    Raises
    ------
    ValueError, ArithmeticError
        As for :func:`kl_divergence`.

    References
    ----------
    .. [1] Cover and Thomas, Elements of Information Theory (2006), Sec. 2.1 and 8.1.

    Examples
    --------
    >>> entropy(density.Gumbel(0.7, 1.0)).str(15, radius=False)  # one plus Euler's constant
    '1.57721566490153'
    """
    return _expected_logs(q, [(-1, q)], digits)


def cross_entropy(q: Family, p: Family, *, digits: int = 20) -> Ball:
    r"""
    Enclosure of the cross-entropy :math:`-\mathbb E_q \log p`.

    Parameters
    ----------
    q, p, digits
        As for :func:`kl_divergence`.

    Returns
    -------
    flint.arb
        In nats; plus infinity if q has mass where p has none.

    Raises
    ------
    ValueError, ArithmeticError
        As for :func:`kl_divergence`.

    References
    ----------
    .. [1] Cover and Thomas, Elements of Information Theory (2006), Sec. 5.4.

    Examples
    --------
    >>> cross_entropy(mass.Bernoulli(0.5), mass.Bernoulli(logits=17.0)).str(15, radius=False)
    '8.50000004139938'
    """
    return _expected_logs(q, [(-1, p)], digits)


def expectation(q: Univariate, integrand: Integrand, *, digits: int = 20) -> Ball:
    r"""
    Enclosure of an expectation :math:`\mathbb E_q f` on the line or over counts.

    Parameters
    ----------
    q : univariate family
    integrand : callable
        An expression in the atoms of a :class:`~numerics.chart.Place`, built by sums, differences, products,
        natural powers and division by constants: it is evaluated on majorants too.
    digits : int
        As for :func:`kl_divergence`.

    Returns
    -------
    flint.arb

    Raises
    ------
    NotImplementedError
        If q's chart has no majorant for an atom.
    ValueError, ArithmeticError
        As for :func:`kl_divergence`.

    Examples
    --------
    >>> expectation(density.Normal(0.7, 0.4), lambda x: x.value**2).str(15, radius=False)
    '0.650000000000000'
    """
    return certified(lambda share: [expectation_at(q, integrand, share)], digits)[0]


def variance_log_ratio(q: Univariate, p: Univariate, *, digits: int = 20) -> Ball:
    r"""
    Enclosure of the variance under q of the log ratio, that of a row of its Monte Carlo estimator.

    Parameters
    ----------
    q, p, digits
        As for :func:`kl_divergence`.

    Returns
    -------
    flint.arb
        :math:`\mathbb E_q (\log q - \log p)^2 - KL(q \| p)^2`, in squared nats.

    Raises
    ------
    ValueError, ArithmeticError
        As for :func:`kl_divergence`.

    Examples
    --------
    >>> variance_log_ratio(density.Normal(0.0, 2.0), density.Normal(1.0, 2.0)).str(15, radius=False)
    '0.250000000000000'
    """
    if not _covers(p, q):
        return arb.pos_inf()

    def evaluate(share: int) -> list[Ball]:
        log_ratio = _combined([(1, q), (-1, p)])
        square = expectation_at(q, lambda x: log_ratio(x) ** 2, share)
        return [square - expectation_at(q, log_ratio, share) ** 2]

    return certified(evaluate, digits)[0]


def kl_divergence_normal(
    q_loc: Number | Sequence[Number],
    q_scale: Number | Sequence[Number],
    p_loc: Number | Sequence[Number],
    p_scale: Number | Sequence[Number],
    *,
    digits: int = 20,
) -> Ball:
    r"""
    Enclosure of the divergence of two diagonal normals, :math:`\int q \log(q/p)`.

    Parameters
    ----------
    q_loc, q_scale, p_loc, p_scale : number or sequence of J numbers
        Floats are taken at their exact binary value, fractions exactly.
    digits : int
        As for :func:`kl_divergence`.

    Returns
    -------
    flint.arb
        A ball that contains the divergence, in nats.

    Raises
    ------
    ValueError
        If lengths differ or are zero, a parameter is not finite, a scale is not positive, or ``digits < 1``.
    ArithmeticError
        If the digits are not reached.

    Notes
    -----
    For :math:`q = \prod_j q_j` and :math:`p = \prod_j p_j`, Fubini's theorem (the integrand is bounded by a quadratic
    times a Gaussian) gives

    .. math:: \int q \log\frac qp
        = \sum_j \left[\int q_j \log\frac{q_j}{p_j}\right] \prod_{i \ne j} \left[\int q_i\right],

    and each bracket is integrated, the masses too.

    Examples
    --------
    >>> kl_divergence_normal(0.7, 0.4, -0.6, 1.3).str(15, radius=False)
    '1.22599227444815'
    """
    q, p = _normals(q_loc, q_scale, p_loc, p_scale)

    def evaluate(share: int) -> list[Ball]:
        ratios = [expectation_at(a, _combined([(1, a), (-1, b)]), share) for a, b in zip(q, p, strict=True)]
        masses = [expectation_at(a, lambda x: arb(1), share) for a in q]
        others = [math.prod(masses[:j] + masses[j + 1 :], start=arb(1)) for j in range(len(q))]
        return [sum((r * o for r, o in zip(ratios, others, strict=True)), start=arb(0))]

    return certified(evaluate, digits)[0]


def kl_divergence_normal_gradient(
    q_loc: Number | Sequence[Number],
    q_scale: Number | Sequence[Number],
    p_loc: Number | Sequence[Number],
    p_scale: Number | Sequence[Number],
    *,
    digits: int = 20,
) -> tuple[list[Ball], list[Ball]]:
    r"""
    Enclosures of the derivatives of the divergence in q's locations and scales.

    Parameters
    ----------
    q_loc, q_scale, p_loc, p_scale, digits
        As for :func:`kl_divergence_normal`.

    Returns
    -------
    tuple of list of flint.arb
        ``(d/dloc, d/dscale)``, each with J balls (one for scalar arguments).

    Raises
    ------
    ValueError, ArithmeticError
        As for :func:`kl_divergence_normal`.

    Notes
    -----
    Differentiated under the integral sign, where the derivative of the integrand is again a polynomial times a
    Gaussian, locally uniformly in the parameters. With the score :math:`s = \partial_\theta \log q_j`,

    .. math:: \partial_\theta \int q_j \log\frac{q_j}{p_j} = \int q_j\, s \left(\log\frac{q_j}{p_j} + 1\right) dz.

    The coordinates other than j contribute nothing: their factor is :math:`\partial_\theta \int q_j = 0`.

    References
    ----------
    .. [1] Mohamed et al., Monte Carlo Gradient Estimation in Machine Learning (2020), eq. 13 (score function).

    Examples
    --------
    >>> loc, scale = kl_divergence_normal_gradient(0.7, 0.4, -0.6, 1.3)
    >>> loc[0].str(12, radius=False), scale[0].str(12, radius=False)
    ('0.769230769231', '-2.26331360947')
    """
    q, p = _normals(q_loc, q_scale, p_loc, p_scale)

    def evaluate(share: int) -> list[Ball]:
        pairs = list(zip(q, p, strict=True))
        return [
            expectation_at(a, _scored(score, a, b), share) for score in (_loc_score, _scale_score) for a, b in pairs
        ]

    balls = certified(evaluate, digits)
    return balls[: len(q)], balls[len(q) :]


def _normals(*parameters: Number | Sequence[Number]) -> tuple[list[Normal], list[Normal]]:
    columns = [list(column) if isinstance(column, Iterable) else [column] for column in parameters]
    lengths = sorted({len(column) for column in columns})
    if len(lengths) != 1 or lengths[0] == 0:
        raise ValueError(f"loc and scale of q and p must have one common positive length, not {lengths}")
    return tuple([Normal(m, s) for m, s in zip(*pair, strict=True)] for pair in (columns[:2], columns[2:]))  # type: ignore[return-value]


def _scored(score: Callable[[Normal, Place], Ball], q: Normal, p: Normal) -> Integrand:
    log_ratio = _combined([(1, q), (-1, p)])
    return lambda x: score(q, x) * (log_ratio(x) + 1)


def _loc_score(q: Normal, x: Place) -> Ball:
    return (x.value - exact(q.loc)) / exact(q.scale) ** 2


def _scale_score(q: Normal, x: Place) -> Ball:
    return (((x.value - exact(q.loc)) / exact(q.scale)) ** 2 - 1) / exact(q.scale)


def _expected_logs(q: Family, logs: Sequence[tuple[int, Family]], digits: int) -> Ball:
    """Enclosure of the expectation under q of a combination of log densities."""
    if [p for sign, p in logs if sign > 0] == [p for sign, p in logs if sign < 0]:
        return arb(0)  # the integrand is zero
    if not all(_covers(p, q) for _, p in logs):
        return arb.pos_inf()

    def evaluate(share: int) -> list[Ball]:
        if isinstance(q, Density | Mass):
            return [expectation_at(q, _combined(logs), share)]  # type: ignore[arg-type]
        terms = (sign * q.expected_log_prob(p, lambda m, f: expectation_at(m, f, share)) for sign, p in logs)  # type: ignore[arg-type]
        return [sum(terms, start=arb(0))]

    return certified(evaluate, digits)[0]


def _combined(logs: Sequence[tuple[int, Univariate]]) -> Integrand:
    functions: list[tuple[int, LogProb]] = [(sign, p.log_prob()) for sign, p in logs]
    return lambda x: sum((sign * log_prob(x) for sign, log_prob in functions), start=arb(0))


def _covers(p: Family, q: Family) -> bool:
    """Whether p has mass wherever q has; an impossible count among finitely many shows itself in the sum."""
    if isinstance(q, Density) and isinstance(p, Density) and p.space == q.space:
        return p.support[0] <= q.support[0] and q.support[1] <= p.support[1]
    if isinstance(q, Mass) and isinstance(p, Mass):
        return q.last is not None or p.last is None
    if type(q) is type(p):
        return True
    raise ValueError(f"{type(q).__name__} and {type(p).__name__} do not live on one space")
