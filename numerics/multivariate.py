r"""
Multivariate distributions, reduced to certified integrals over the line by a theorem that each class names.

The log ratio of two densities is written from their definitions as a combination of statistics. The expectation of
each statistic is an integral over one coordinate, or a product of such integrals, by a stated property of the
distribution; those integrals are enclosed, and nothing else is known about them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from flint import arb

from numerics.ball import Ball, Number, check_finite, check_positive, exact
from numerics.chart import Place
from numerics.density import Beta, Density, Gamma, Normal

Expect: TypeAlias = Callable[[Density, Callable[[Place], Ball]], Ball]
"""Encloses the expectation of an expression under a univariate density."""
Matrix: TypeAlias = tuple[tuple[Number, ...], ...]


@dataclass(frozen=True)
class Dirichlet:
    r"""
    Dirichlet of K concentrations.

    Notes
    -----
    .. math:: \log p(z) = \sum_i (\alpha_i - 1) \log z_i + \log\Gamma(\alpha_0) - \sum_i \log\Gamma(\alpha_i),
        \qquad \alpha_0 = \sum_i \alpha_i.

    Reduction: under it :math:`z_i` is beta with parameters :math:`\alpha_i, \alpha_0 - \alpha_i` (aggregation), so
    each :math:`\mathbb E \log z_i` is an integral over the unit interval.

    References
    ----------
    .. [1] Ng, Tian and Tang, Dirichlet and Related Distributions (2011), Sec. 2.1 and 2.2.
    """

    concentration: tuple[Number, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "concentration", tuple(self.concentration))
        if len(self.concentration) < 2:
            raise ValueError("a Dirichlet needs at least two concentrations")
        for value in self.concentration:
            check_positive(concentration=value)

    def expected_log_prob(self, p: Dirichlet, expect: Expect) -> Ball:
        """Enclosure of the expectation of p's log density under this distribution."""
        if len(p.concentration) != len(self.concentration):
            raise ValueError(f"{len(self.concentration)} and {len(p.concentration)} concentrations")
        total = sum(Fraction(a) for a in self.concentration)
        marginals = [Beta(Fraction(a), total - Fraction(a)) for a in self.concentration]
        alphas = [exact(a) for a in p.concentration]
        logs = [(a - 1) * expect(q, lambda x: x.log) for a, q in zip(alphas, marginals, strict=True)]
        normaliser = _sum(alphas).lgamma() - _sum(a.lgamma() for a in alphas)
        return _sum(logs) + normaliser


@dataclass(frozen=True)
class MultivariateNormal:
    r"""
    Normal of mean ``loc`` and lower Cholesky factor ``scale_tril`` of its covariance.

    Notes
    -----
    .. math:: \log p(z) = -\tfrac12 |L^{-1} (z - \mu)|^2 - \textstyle\sum_i \log(L_{ii} \sqrt{2\pi})

    Reduction: under q, :math:`z = \mu_q + L_q \varepsilon` with independent standard normals, so the square is that
    of :math:`A\varepsilon + \delta` and its expectation, by Fubini's theorem, a sum over their first and second
    moments, each an integral over the line.

    References
    ----------
    .. [1] Anderson, An Introduction to Multivariate Statistical Analysis (2003), Theorem 2.4.1.
    """

    loc: tuple[Number, ...]
    scale_tril: Matrix

    def __post_init__(self) -> None:
        object.__setattr__(self, "loc", tuple(self.loc))
        check_finite(*self.loc)
        object.__setattr__(self, "scale_tril", _lower_triangular(self.scale_tril, len(self.loc)))

    def expected_log_prob(self, p: MultivariateNormal, expect: Expect) -> Ball:
        """Enclosure of the expectation of p's log density under this distribution."""
        if len(p.loc) != len(self.loc):
            raise ValueError(f"{len(self.loc)} and {len(p.loc)} dimensions")
        noise = Normal(0, 1)
        first, second = expect(noise, lambda x: x.value), expect(noise, lambda x: x.value**2)
        rows = _solve(p.scale_tril, _balls(self.scale_tril))
        shift = _solve(p.scale_tril, [[exact(m) - exact(n)] for m, n in zip(self.loc, p.loc, strict=True)])
        square = arb(0)
        for row, (delta,) in zip(rows, shift, strict=True):
            pairs = ((a, b, i == j) for i, a in enumerate(row) for j, b in enumerate(row))
            square += _sum(a * b * (second if same else first * first) for a, b, same in pairs)
            square += 2 * delta * first * _sum(row) + delta * delta
        logs = _sum((exact(p.scale_tril[i][i]) * (2 * arb.pi()).sqrt()).log() for i in range(len(p.loc)))
        return -square / 2 - logs


@dataclass(frozen=True)
class Wishart:
    r"""
    Wishart of ``df`` degrees of freedom whose scale matrix has the lower Cholesky factor ``scale_tril``.

    Notes
    -----
    For X positive definite of order d, with :math:`V = L L^\top`,

    .. math:: \log p(X) = \tfrac{\nu - d - 1}{2} \log\det X - \tfrac12 \operatorname{tr} V^{-1} X
        - \tfrac{\nu d}{2} \log 2 - \tfrac{\nu}{2} \log\det V - \log\Gamma_d(\tfrac\nu2).

    Reduction: by Bartlett's theorem :math:`X = L A A^\top L^\top` with a lower triangular A of independent entries,
    standard normal below the diagonal, :math:`A_{ii}^2` chi-square of :math:`\nu - i + 1` degrees of freedom. So the
    log determinant is a sum, and the trace a sum of squares, whose expectations are integrals over the line.

    References
    ----------
    .. [1] Anderson, An Introduction to Multivariate Statistical Analysis (2003), Sec. 7.2 and Corollary 7.2.1.
    """

    df: Number
    scale_tril: Matrix

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale_tril", _lower_triangular(self.scale_tril, len(tuple(self.scale_tril))))
        check_finite(self.df)
        if not self.df > len(self.scale_tril) - 1:
            raise ValueError(f"df must be more than {len(self.scale_tril) - 1}, not {self.df}")

    def expected_log_prob(self, p: Wishart, expect: Expect) -> Ball:
        """Enclosure of the expectation of p's log density under this distribution."""
        d = len(self.scale_tril)
        if len(p.scale_tril) != d:
            raise ValueError(f"orders {d} and {len(p.scale_tril)}")
        squares = [Gamma((Fraction(self.df) - i) / 2, Fraction(1, 2)) for i in range(d)]
        log_det = _log_det(self.scale_tril) + _sum(expect(s, lambda x: x.log) for s in squares)
        below, above = expect(Normal(0, 1), lambda x: x.value**2), [expect(s, lambda x: x.value) for s in squares]
        rows = _solve(p.scale_tril, _balls(self.scale_tril))
        # (M A)_ij = sum_k M_ik A_kj; entries of A in one column are independent and, but for the first, centred.
        trace = _sum(
            row[k] * row[k] * (above[k] if k == j else below) for row in rows for j in range(d) for k in range(j, d)
        )
        nu = exact(p.df)
        gammas = _sum(((nu - i) / 2).lgamma() for i in range(d)) + d * (d - 1) * arb.pi().log() / 4
        constant = nu * d * arb(2).log() / 2 + nu * _log_det(p.scale_tril) / 2 + gammas
        return (nu - d - 1) * log_det / 2 - trace / 2 - constant


def _lower_triangular(matrix: Matrix, order: int) -> Matrix:
    rows = tuple(tuple(row) for row in matrix)
    if order == 0 or [len(row) for row in rows] != [order] * order:
        raise ValueError(f"scale_tril must be a square matrix of order {order}")
    check_finite(*(entry for row in rows for entry in row))
    if any(rows[i][j] != 0 for i in range(order) for j in range(i + 1, order)):
        raise ValueError("scale_tril must be lower triangular")
    for i in range(order):
        check_positive(scale_tril=rows[i][i])
    return rows


def _balls(matrix: Matrix) -> list[list[Ball]]:
    return [[exact(entry) for entry in row] for row in matrix]


def _solve(lower: Matrix, right: list[list[Ball]]) -> list[list[Ball]]:
    """Rows of the solution of ``lower @ solution = right``, by forward substitution."""
    solution: list[list[Ball]] = []
    for i, row in enumerate(_balls(lower)):
        known = [_sum(row[k] * solution[k][j] for k in range(i)) for j in range(len(right[i]))]
        solution.append([(r - k) / row[i] for r, k in zip(right[i], known, strict=True)])
    return solution


def _log_det(lower: Matrix) -> Ball:
    return 2 * _sum(exact(lower[i][i]).log() for i in range(len(lower)))


def _sum(balls: Iterable[Ball]) -> Ball:
    return sum(balls, start=arb(0))
