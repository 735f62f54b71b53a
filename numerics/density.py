r"""
Densities from their definitions, for integration in ball arithmetic; no closed form of a divergence is known here.

Each class holds exact parameters, the chart in which its density is integrated, and :meth:`~Density.log_prob`, its
log density as an expression in the atoms of a place. In its chart every density that runs to infinity is log-concave,
which the tail bounds of :mod:`numerics.majorant` need; the Notes of each class show the exponent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import ClassVar

from flint import arb

from numerics.ball import Number, check_finite, check_positive, exact
from numerics.chart import Chart, HalfLine, Line, Logistic, LogProb
from numerics.hyperbolic import Hyperbolic


@dataclass(frozen=True)
class Density:
    """What the families share: positive parameters, support from 0 to infinity, and the half-line as their chart."""

    space: ClassVar[str] = "line"

    def __post_init__(self) -> None:
        """Refuse parameters that are not finite, or not positive where the family needs that."""
        parameters = {field.name: getattr(self, field.name) for field in fields(self)}
        check_finite(*parameters.values())
        check_positive(**{name: value for name, value in parameters.items() if name not in self._signed()})

    @classmethod
    def _signed(cls) -> tuple[str, ...]:
        return ("loc",)

    @property
    def support(self) -> tuple[Number, Number]:
        """Ends of the support, possibly infinite."""
        return 0, math.inf

    def chart(self) -> Chart:
        """The chart of integration, its balls at the present precision."""
        return HalfLine()

    def centre(self) -> float:
        """A u near the mode; any is right, one near the mode is fast."""
        raise NotImplementedError

    def log_prob(self) -> LogProb:
        """The log density in z, its constants computed once at the present precision."""
        raise NotImplementedError


@dataclass(frozen=True)
class _OnLine(Density):
    loc: Number
    scale: Number

    @property
    def support(self) -> tuple[Number, Number]:
        return -math.inf, math.inf

    def chart(self) -> Chart:
        return Line()

    def centre(self) -> float:
        return float(self.loc)


@dataclass(frozen=True)
class Normal(_OnLine):
    r"""
    Normal of mean ``loc`` and standard deviation ``scale``.

    Notes
    -----
    .. math:: -\tfrac12 \left(\tfrac{z - \mu}{\sigma}\right)^2 - \log(\sigma\sqrt{2\pi})
    """

    def log_prob(self) -> LogProb:
        loc, scale = exact(self.loc), exact(self.scale)
        constant = (scale * (2 * arb.pi()).sqrt()).log()
        return lambda x: -(((x.value - loc) / scale) ** 2) / 2 - constant


@dataclass(frozen=True)
class Laplace(_OnLine):
    r"""
    Laplace of median ``loc``.

    Notes
    -----
    .. math:: -|z - \mu|/b - \log 2b, \quad\text{concave}.
    """

    def log_prob(self) -> LogProb:
        scale = exact(self.scale)
        constant = (2 * scale).log()
        return lambda x: -x.distance(self.loc) / scale - constant


@dataclass(frozen=True)
class Gumbel(_OnLine):
    r"""
    Gumbel (of maxima) of mode ``loc``.

    Notes
    -----
    .. math:: -y - e^{-y} - \log\beta, \quad y = (z - \mu)/\beta, \quad\text{concave}.
    """

    def log_prob(self) -> LogProb:
        loc, scale = exact(self.loc), exact(self.scale)
        constant, factor = scale.log(), (loc / scale).exp()
        rate = -1 / Fraction(self.scale)
        return lambda x: (loc - x.value) / scale - factor * x.exp(rate) - constant


@dataclass(frozen=True)
class Cauchy(_OnLine):
    r"""
    Cauchy of median ``loc`` and half width ``scale`` at half maximum.

    Notes
    -----
    .. math:: -\log\left(1 + \left(\tfrac{z - m}{\gamma}\right)^2\right) - \log\pi\gamma,
        \qquad\text{in the chart } -\log\pi\cosh u,

    concave.
    """

    def chart(self) -> Chart:
        return Hyperbolic(self.loc, self.scale)

    def centre(self) -> float:
        return 0.0

    def log_prob(self) -> LogProb:
        constant = (arb.pi() * exact(self.scale)).log()
        return lambda x: -x.log_bell(self.loc, self.scale) - constant


@dataclass(frozen=True)
class ContinuousBernoulli(Density):
    r"""
    Continuous Bernoulli on the unit interval, which it is integrated over as it is.

    Notes
    -----
    .. math:: \lambda z - \log\frac{e^\lambda - 1}{\lambda}, \quad 0 \le z \le 1.
    """

    logits: Number

    @classmethod
    def _signed(cls) -> tuple[str, ...]:
        return ("logits",)

    @property
    def support(self) -> tuple[Number, Number]:
        return 0, 1

    def chart(self) -> Chart:
        return Line(arb(0), arb(1))

    def centre(self) -> float:
        return 0.5

    def log_prob(self) -> LogProb:
        logits = exact(self.logits)
        constant = (logits.expm1() / logits).log() if self.logits else arb(0)
        return lambda x: logits * x.value - constant


@dataclass(frozen=True)
class VonMises(Density):
    r"""
    Von Mises on the circle, integrated from ``loc`` - pi to ``loc`` + pi.

    Notes
    -----
    .. math:: \kappa \cos(z - \mu) - \log 2\pi I_0(\kappa)
    """

    loc: Number
    concentration: Number
    space: ClassVar[str] = "circle"

    @property
    def support(self) -> tuple[Number, Number]:
        return -math.inf, math.inf

    def chart(self) -> Chart:
        return Line(exact(self.loc) - arb.pi(), exact(self.loc) + arb.pi())

    def centre(self) -> float:
        return float(self.loc)

    def log_prob(self) -> LogProb:
        loc, concentration = exact(self.loc), exact(self.concentration)
        constant = (2 * arb.pi() * concentration.bessel_i(0)).log()
        return lambda x: concentration * (x.value - loc).cos() - constant


@dataclass(frozen=True)
class Uniform(Density):
    r"""
    Uniform from ``lower`` to ``upper``, integrated in the logistic chart.

    Notes
    -----
    :math:`-\log(b - a)`; with the Jacobian :math:`\log(b - a) - \log(1 + e^{-u}) - \log(1 + e^u)`, concave.
    """

    lower: Number
    upper: Number

    def __post_init__(self) -> None:
        check_finite(self.lower, self.upper)
        if not self.lower < self.upper:
            raise ValueError(f"lower must be less than upper, not {self.lower} and {self.upper}")

    @property
    def support(self) -> tuple[Number, Number]:
        return self.lower, self.upper

    def chart(self) -> Chart:
        return Logistic(self.lower, self.upper)

    def centre(self) -> float:
        return 0.0

    def log_prob(self) -> LogProb:
        constant = (exact(self.upper) - exact(self.lower)).log()
        return lambda x: -constant


@dataclass(frozen=True)
class Beta(Density):
    r"""
    Beta, z to the power ``concentration1`` - 1 and 1 - z to the power ``concentration0`` - 1.

    Notes
    -----
    .. math:: (a - 1) \log z + (b - 1) \log(1 - z) - \log B(a, b)

    With the Jacobian of the logistic chart, :math:`-a \log(1 + e^{-u}) - b \log(1 + e^u)` but for a constant, concave.
    """

    concentration1: Number
    concentration0: Number

    @property
    def support(self) -> tuple[Number, Number]:
        return 0, 1

    def chart(self) -> Chart:
        return Logistic()

    def centre(self) -> float:
        return math.log(self.concentration1) - math.log(self.concentration0)

    def log_prob(self) -> LogProb:
        a, b = exact(self.concentration1), exact(self.concentration0)
        constant = a.lgamma() + b.lgamma() - (a + b).lgamma()
        return lambda x: (a - 1) * x.log + (b - 1) * x.log_complement - constant


@dataclass(frozen=True)
class Gamma(Density):
    r"""
    Gamma of shape ``concentration`` and ``rate``.

    Notes
    -----
    .. math:: (a - 1) \log z - b z + a \log b - \log\Gamma(a), \qquad\text{in the chart } a u - b e^u + \dots
    """

    concentration: Number
    rate: Number

    def centre(self) -> float:
        return math.log(self.concentration) - math.log(self.rate)

    def log_prob(self) -> LogProb:
        a, b = exact(self.concentration), exact(self.rate)
        constant = a * b.log() - a.lgamma()
        return lambda x: (a - 1) * x.log - b * x.value + constant


@dataclass(frozen=True)
class InverseGamma(Density):
    r"""
    Inverse gamma of shape ``concentration`` and ``rate`` (the scale of z).

    Notes
    -----
    .. math:: -(a + 1) \log z - b/z + a \log b - \log\Gamma(a), \qquad\text{in the chart } -a u - b e^{-u} + \dots
    """

    concentration: Number
    rate: Number

    def centre(self) -> float:
        return math.log(self.rate) - math.log(self.concentration)

    def log_prob(self) -> LogProb:
        a, b = exact(self.concentration), exact(self.rate)
        constant = a * b.log() - a.lgamma()
        return lambda x: -(a + 1) * x.log - b * x.reciprocal + constant


@dataclass(frozen=True)
class ChiSquare(Density):
    r"""
    Chi-square of ``df`` degrees of freedom.

    Notes
    -----
    .. math:: (k/2 - 1) \log z - z/2 - (k/2) \log 2 - \log\Gamma(k/2), \quad\text{in the chart } ku/2 - e^u/2 + \dots
    """

    df: Number

    def centre(self) -> float:
        return math.log(self.df)

    def log_prob(self) -> LogProb:
        half = exact(self.df) / 2
        constant = half * arb(2).log() + half.lgamma()
        return lambda x: (half - 1) * x.log - x.value / 2 - constant


@dataclass(frozen=True)
class Exponential(Density):
    r"""
    Exponential of ``rate``.

    Notes
    -----
    .. math:: \log\lambda - \lambda z, \qquad\text{in the chart } u - \lambda e^u + \dots
    """

    rate: Number

    def centre(self) -> float:
        return -math.log(self.rate)

    def log_prob(self) -> LogProb:
        rate = exact(self.rate)
        constant = rate.log()
        return lambda x: constant - rate * x.value


@dataclass(frozen=True)
class HalfNormal(Density):
    r"""
    Modulus of a normal of mean 0 and standard deviation ``scale``.

    Notes
    -----
    .. math:: \tfrac12 \log\tfrac2\pi - \log\sigma - \tfrac{z^2}{2\sigma^2},
        \qquad\text{in the chart } u - e^{2u}/2\sigma^2 + \dots
    """

    scale: Number

    def centre(self) -> float:
        return math.log(self.scale)

    def log_prob(self) -> LogProb:
        scale = exact(self.scale)
        constant = (2 / arb.pi()).log() / 2 - scale.log()
        return lambda x: constant - (x.value / scale) ** 2 / 2


@dataclass(frozen=True)
class LogNormal(Density):
    r"""
    Exponential of a normal of mean ``loc`` and standard deviation ``scale``.

    Notes
    -----
    .. math:: -\tfrac12 \left(\tfrac{\log z - \mu}{\sigma}\right)^2 - \log z - \log(\sigma\sqrt{2\pi}),

    in the chart the density of the normal.
    """

    loc: Number
    scale: Number

    def centre(self) -> float:
        return float(self.loc)

    def log_prob(self) -> LogProb:
        loc, scale = exact(self.loc), exact(self.scale)
        constant = (scale * (2 * arb.pi()).sqrt()).log()
        return lambda x: -(((x.log - loc) / scale) ** 2) / 2 - x.log - constant


@dataclass(frozen=True)
class Pareto(Density):
    r"""
    Pareto of least value ``scale`` and tail index ``alpha``.

    Notes
    -----
    .. math:: \log\alpha + \alpha\log m - (\alpha + 1) \log z, \quad z \ge m,
        \qquad\text{in the chart } -\alpha u + \dots
    """

    scale: Number
    alpha: Number

    @property
    def support(self) -> tuple[Number, Number]:
        return self.scale, math.inf

    def chart(self) -> Chart:
        return HalfLine(self.scale)

    def centre(self) -> float:
        return math.log(self.scale)

    def log_prob(self) -> LogProb:
        alpha = exact(self.alpha)
        constant = alpha.log() + alpha * exact(self.scale).log()
        return lambda x: constant - (alpha + 1) * x.log
