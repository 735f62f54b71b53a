r"""
Certified enclosures of divergences in ball arithmetic, straight from their definition as integrals.

Nothing here knows a closed form. The integrand :math:`q(z)(\log q(z) - \log p(z))` is integrated over a finite
interval by python-flint's rigorous ``acb.integral``, what lies outside is bounded by an inequality that is proved in
:func:`tail_moment`, and the result is a ball that contains the true value for the exact binary (or rational) value of
the parameters. The densities are entire functions of ``z``, so the integrand may ignore the flag by which the
integrator asks for analyticity.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from numbers import Rational
from typing import Any, NamedTuple, TypeAlias

from flint import acb, arb, ctx, fmpq

Number: TypeAlias = float | Fraction
Ball: TypeAlias = Any
"""A real or complex ball (``flint.arb``, ``flint.acb``), which python-flint leaves untyped."""

_ATTEMPTS = 4
_GUARD_DIGITS = 12


class Normal(NamedTuple):
    """A univariate normal density with exact parameters as balls."""

    loc: Ball
    scale: Ball

    def standardize(self, z: Ball) -> Ball:
        """Distance of ``z`` from ``loc`` in units of ``scale``."""
        return (z - self.loc) / self.scale

    def log_prob(self, z: Ball) -> Ball:
        """Log density at the complex ball ``z``, in nats."""
        return -(self.standardize(z) ** 2) / 2 - (self.scale * (2 * arb.pi()).sqrt()).log()


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
        Certified digits: the radius of the ball is below ``10**-digits * max(1, |value|)``.

    Returns
    -------
    flint.arb
        A ball that contains the divergence, in nats.

    Raises
    ------
    ValueError
        If lengths differ or are zero, a parameter is not finite, a scale is not positive, or ``digits < 1``.
    ArithmeticError
        If the digits are not reached at eight times the working precision.

    Notes
    -----
    For :math:`q = \prod_j q_j` and :math:`p = \prod_j p_j`, Fubini's theorem (the integrand is bounded by a quadratic
    times a Gaussian) gives

    .. math:: \int q \log\frac qp
        = \sum_j \left[\int q_j \log\frac{q_j}{p_j}\right] \prod_{i \ne j} \left[\int q_i\right],

    and each bracket is integrated, the masses too.

    References
    ----------
    .. [1] Kullback and Leibler, On Information and Sufficiency (1951), Sec. 2.
    .. [2] Johansson, Numerical Integration in Arbitrary-Precision Ball Arithmetic (2018), Sec. 2.

    Examples
    --------
    >>> kl_divergence_normal(0.7, 0.4, -0.6, 1.3).str(15, radius=False)
    '1.22599227444815'
    """

    def evaluate(q: list[Normal], p: list[Normal]) -> list[Ball]:
        ratios = [_expected_log_ratio(a, b, digits) for a, b in zip(q, p, strict=True)]
        masses = [_integral(_mass, a, arb(1), 0, digits) for a in q]
        others = [math.prod(masses[:j] + masses[j + 1 :], start=arb(1)) for j in range(len(q))]
        return [sum((r * o for r, o in zip(ratios, others, strict=True)), start=arb(0))]

    return _certified(evaluate, (q_loc, q_scale, p_loc, p_scale), digits)[0]


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

    def evaluate(q: list[Normal], p: list[Normal]) -> list[Ball]:
        scores = (_loc_score, _scale_score)
        return [_expected_score(s, a, b, digits) for s in scores for a, b in zip(q, p, strict=True)]

    balls = _certified(evaluate, (q_loc, q_scale, p_loc, p_scale), digits)
    return balls[: len(balls) // 2], balls[len(balls) // 2 :]


def tail_moment(degree: int, cut: Ball) -> Ball:
    r"""
    Upper bound of :math:`\int_k^\infty x^n \varphi(x)\,dx` for the standard normal density and even n.

    Parameters
    ----------
    degree : int
        The even power n.
    cut : flint.arb
        The positive lower end k.

    Returns
    -------
    flint.arb

    Raises
    ------
    ValueError
        If ``degree`` is negative or odd.

    Notes
    -----
    For n = 0, since :math:`x/k \ge 1` on the tail, the integral is at most
    :math:`\int_k^\infty \frac xk \varphi = \varphi(k)/k`. Integrating :math:`x^{n-1} \cdot x\varphi` by parts with
    :math:`\varphi' = -x\varphi` gives :math:`I_n = k^{n-1}\varphi(k) + (n-1) I_{n-2}`, exactly; so the bound
    carries over from n - 2 to n.

    Examples
    --------
    >>> float(tail_moment(2, arb(2)).mid()) > 0.1309  # the integral is 0.13073...
    True
    """
    if degree < 0 or degree % 2:
        raise ValueError(f"degree must be even and not negative, not {degree}")
    density = (-cut * cut / 2).exp() / (2 * arb.pi()).sqrt()
    if degree == 0:
        return density / cut
    return cut ** (degree - 1) * density + (degree - 1) * tail_moment(degree - 2, cut)


def _mass(q: Normal, z: Ball) -> Ball:
    return q.log_prob(z).exp()


def _loc_score(q: Normal, z: Ball) -> Ball:
    return q.standardize(z) / q.scale


def _scale_score(q: Normal, z: Ball) -> Ball:
    return (q.standardize(z) ** 2 - 1) / q.scale


def _expected_log_ratio(q: Normal, p: Normal, digits: int) -> Ball:
    def integrand(q: Normal, z: Ball) -> Ball:
        return _mass(q, z) * (q.log_prob(z) - p.log_prob(z))

    return _integral(integrand, q, _log_ratio_bound(q, p), 2, digits)


def _expected_score(score: Callable[[Normal, Ball], Ball], q: Normal, p: Normal, digits: int) -> Ball:
    def integrand(q: Normal, z: Ball) -> Ball:
        return _mass(q, z) * score(q, z) * (q.log_prob(z) - p.log_prob(z) + 1)

    # For |x| >= 1 either score is at most x**2 / scale, and the bracket at most (bound + 1) * x**2.
    return _integral(integrand, q, (_log_ratio_bound(q, p) + 1) / q.scale, 4, digits)


def _log_ratio_bound(q: Normal, p: Normal) -> Ball:
    r"""
    A constant M with :math:`|\log q - \log p| \le M x^2` wherever :math:`x = (z - \mu_q)/\sigma_q` has |x| >= 1.

    The difference of the logs is :math:`-x^2/2 + (\sigma_q x + \mu_q - \mu_p)^2/(2\sigma_p^2) + \log(\sigma_p/\sigma_q)`;
    bound each term by its modulus, and 1 and |x| by :math:`x^2`.
    """
    reach = (q.scale + abs(q.loc - p.loc)) / p.scale
    return arb(0.5) + reach * reach / 2 + abs((p.scale / q.scale).log())


def _integral(integrand: Callable[[Normal, Ball], Ball], q: Normal, bound: Ball, degree: int, digits: int) -> Ball:
    """Integrate over the line, given ``|integrand| <= q * bound * |x|**degree`` for standardized ``|x| >= 1``."""
    share = arb(10) ** -(digits + _GUARD_DIGITS)
    cut = next(k for k in map(arb, range(2, 10**4)) if tail_moment(degree, k) < share)
    inner = acb.integral(
        lambda z, _: integrand(q, z),
        acb(q.loc - cut * q.scale),
        acb(q.loc + cut * q.scale),
        rel_tol=share,
        abs_tol=share,
    ).real
    tails = 2 * bound * tail_moment(degree, cut)
    # The ends q.loc +- cut * q.scale are balls: the integral over every choice of them is enclosed.
    return inner + arb(0, tails.upper())


def _certified(
    evaluate: Callable[[list[Normal], list[Normal]], list[Ball]],
    parameters: tuple[Number | Sequence[Number], ...],
    digits: int,
) -> list[Ball]:
    """Evaluate at doubled precision until every radius is small enough."""
    if digits < 1:
        raise ValueError(f"digits must be at least 1, not {digits}")
    q_loc, q_scale, p_loc, p_scale = _columns(parameters)
    for attempt in range(_ATTEMPTS):
        with _working_precision(math.ceil((digits + 2 * _GUARD_DIGITS) * math.log2(10)) << attempt):
            q = [Normal(_exact(m), _exact(s)) for m, s in zip(q_loc, q_scale, strict=True)]
            p = [Normal(_exact(m), _exact(s)) for m, s in zip(p_loc, p_scale, strict=True)]
            balls = evaluate(q, p)
            if all(_is_tight(ball, digits) for ball in balls):
                return balls
    raise ArithmeticError(f"{digits} digits not certified at {_ATTEMPTS} precisions; parameters are too extreme")


def _is_tight(ball: Ball, digits: int) -> bool:
    radius = ball.rad() * arb(10) ** digits
    return bool(ball.is_finite() and (radius < 1 or radius < abs(ball)))


def _columns(parameters: tuple[Number | Sequence[Number], ...]) -> list[list[Number]]:
    columns = [list(column) if isinstance(column, Iterable) else [column] for column in parameters]
    lengths = sorted({len(column) for column in columns})
    if len(lengths) != 1 or lengths[0] == 0:
        raise ValueError(f"loc and scale of q and p must have one common positive length, not {lengths}")
    if not all(math.isfinite(value) for column in columns for value in column):
        raise ValueError("parameters must be finite")
    for value in (*columns[1], *columns[3]):
        if value <= 0:
            raise ValueError(f"scale must be positive, not {value}")
    return columns


def _exact(value: Number) -> Ball:
    if isinstance(value, Rational):
        return arb(fmpq(int(value.numerator), int(value.denominator)))
    return arb(float(value))


@contextmanager
def _working_precision(bits: int) -> Iterator[None]:
    before = ctx.prec
    ctx.prec = bits
    try:
        yield
    finally:
        ctx.prec = before
