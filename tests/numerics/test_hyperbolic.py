import mpmath
import pytest
from flint import acb, arb
from mpmath import mpf

from numerics import quadrature
from numerics.density import Cauchy, Normal
from numerics.hyperbolic import Hyperbolic
from numerics.majorant import Majorant
from numerics.tangent import Tangent

from .classical import cauchy_kl, contains


def bound(majorant: Majorant, v: float) -> arb:
    return sum(c * arb(v) ** n * (arb(r.numerator) / r.denominator * v).exp() for (n, r), c in majorant.terms.items())


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize("u", [-1.5, 0.0, 2.5])
def test_the_majorant_is_above_the_atom(side, u):
    chart = Hyperbolic(0.3, 0.7)
    majorant = chart.far(arb(u), side).log_bell(-1.1, 2.5)
    without_growth = Majorant.of(chart.point(acb(u)).log_bell(-1.1, 2.5).real)
    exceeded = []
    for v in (0.0, 0.5, 3.0, 40.0):
        atom = abs(chart.point(acb(u + side * v)).log_bell(-1.1, 2.5).real)
        assert atom < bound(majorant, v)
        exceeded.append(bool(atom > bound(without_growth, v)))
    assert any(exceeded)  # the twin: a constant does not bound it


def test_jacobian_is_the_derivative():
    chart = Hyperbolic(0.3, 0.7)
    z = chart.point(Tangent(acb(1.25), acb(1))).value
    assert (chart.point(acb(1.25)).log_jacobian.exp() - z.slope).contains(0)
    assert not (Hyperbolic(0.3, 0.8).point(acb(1.25)).log_jacobian.exp() - z.slope).contains(0)


@pytest.mark.parametrize("parameters", [(0.3, 0.7, -1.1, 2.5), (0.0, 1e-6, 3.0, 1e6), (0.5, 1.0, 0.5, 1.0 + 1e-9)])
def test_near_and_far(parameters):
    m, a, n, b = parameters
    ball = quadrature.kl_divergence(Cauchy(m, a), Cauchy(n, b))
    with mpmath.workdps(60):
        assert contains(ball, cauchy_kl(*map(mpf, parameters)))
        assert not contains(ball, cauchy_kl(*map(mpf, parameters)) + mpf(10) ** -15)


def test_what_has_no_mean_is_refused():
    with pytest.raises(NotImplementedError, match="has no value"):
        quadrature.kl_divergence(Cauchy(0.0, 1.0), Normal(0.0, 1.0))
