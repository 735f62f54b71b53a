import numpy as np
import pytest
from flint import acb, arb

from numerics.chart import Count, FarCount, HalfLine, Line, Logistic, Place
from numerics.tangent import Tangent

ATOMS = {
    "value": lambda x: x.value,
    "log": lambda x: x.log,
    "log_complement": lambda x: x.log_complement,
    "reciprocal": lambda x: x.reciprocal,
    "falling": lambda x: x.exp(-1.5),
    "rising": lambda x: x.exp(1.5),
    "distance": lambda x: x.distance(0.3),
}
CHARTS = {
    "line": (Line(), {"value", "falling", "rising", "distance"}),
    "half-line": (HalfLine(), {"value", "log", "reciprocal", "falling", "distance"}),
    "unit interval": (Logistic(), {"value", "log", "log_complement", "falling", "rising", "distance"}),
    "from zero": (Logistic(0, 3.0), {"value", "log", "falling", "rising", "distance"}),
    "to one": (Logistic(0.25, 1), {"value", "log", "log_complement", "falling", "rising", "distance"}),
    "interval": (Logistic(0.25, 0.75), {"value", "log", "log_complement", "falling", "rising", "distance"}),
}


def bound_at(majorant, v):
    return sum(float(c) * v**n * np.exp(float(r) * v) for (n, r), c in majorant.terms.items())


@pytest.mark.parametrize("name", CHARTS)
def test_majorants_bound_the_atoms_on_both_sides(name, seed):
    chart, atoms = CHARTS[name]
    rng = np.random.default_rng(seed)
    for _ in range(20):
        centre, distance, side = rng.normal(), rng.exponential(5), rng.choice([-1, 1])
        near, far = chart.point(acb(centre + side * distance)), chart.far(arb(centre), side)
        for atom in atoms:
            value = abs(complex(ATOMS[atom](near)))
            assert value <= bound_at(ATOMS[atom](far), distance) * (1 + 1e-9), atom
            # The twin: a majorant that stops at the centre is none, for the atoms that are not bounded.
            if atom in {"value", "log", "distance"} and chart in (Line(), HalfLine()) and distance > 4:
                assert value > bound_at(ATOMS[atom](far), 0.0) or side < 0 or centre < 0


@pytest.mark.parametrize("name", CHARTS)
def test_atoms_are_those_of_the_value(name, seed):
    chart, atoms = CHARTS[name]
    for u in np.random.default_rng(seed).normal(size=10):
        x = chart.point(acb(u))
        z = complex(x.value).real
        expected = {
            "value": z, "log": np.log(abs(z)), "log_complement": np.log(abs(1 - z)), "reciprocal": 1 / z,
            "falling": np.exp(-1.5 * z), "rising": np.exp(1.5 * z), "distance": abs(z - 0.3),
        }  # fmt: skip
        for atom in atoms:
            assert complex(ATOMS[atom](x)).real == pytest.approx(expected[atom], rel=1e-12, abs=1e-12), atom


@pytest.mark.parametrize("name", CHARTS)
def test_the_jacobian_is_the_derivative_of_the_value(name, seed):
    chart, _ = CHARTS[name]
    for u in np.random.default_rng(seed).normal(size=10):
        x = chart.point(Tangent(acb(u), acb(1)))
        slope = Tangent.of(x.value).slope
        log_jacobian = Tangent.of(x.log_jacobian).at
        assert complex(log_jacobian.exp()).real == pytest.approx(complex(slope).real, rel=1e-12, abs=0)


def test_the_logistic_continues_the_line_and_says_where_it_cannot():
    unit = Logistic()
    wide = acb(arb(-1000, 900), arb(0, 900))
    assert unit.point(wide, analytic=True).log.is_finite()  # the left half-plane, beyond the principal cut at pi
    around_the_pole = acb(arb(0, 1), arb(3.1, 1))
    assert not unit.point(around_the_pole, analytic=True).log.is_finite()
    # Left of the axis the principal logarithm would jump by 2 pi where the imaginary part passes pi.
    below, above = (unit.point(acb(-5, y)).log.imag for y in (3.1415, 3.1417))
    assert abs(float(above) - float(below)) < 1e-3


def test_a_kink_is_not_analytic():
    assert not Line().point(acb(arb(0, 1)), analytic=True).distance(0.5).is_finite()
    assert Line().point(acb(arb(0, 1)), analytic=False).distance(0.5).is_finite()
    assert not Line().point(acb(arb(0, 1)), analytic=True).log.is_finite()


def test_counts():
    for k in (0, 1, 7, 40):
        assert float(Count(k).log_factorial) == pytest.approx(float(arb(k).fac().log()), rel=1e-14, abs=1e-14)
        far = FarCount(2)
        if k >= 2:
            assert float(Count(k).log_factorial) <= bound_at(far.log_factorial, k - 2)
            assert bound_at(far.value, k - 2) == k


@pytest.mark.parametrize("atom", ["value", "log", "log_complement", "log_factorial", "count"])
def test_missing_atoms_are_named(atom):
    with pytest.raises(NotImplementedError, match=f"Place has no {atom}"):
        getattr(Place(), atom)
