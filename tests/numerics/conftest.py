"""Points, oracles and wrong twins that the numerics tests share."""

import os
from collections.abc import Callable
from math import log

import mpmath
import pytest

POINTS = [(0.7, 0.4, -0.6, 1.3), (-1.1, 2.3, 0.9, 0.8)]

# Each is the divergence of N(m, s^2) from N(n, t^2) with one plausible mistake.
WRONG_TWINS: dict[str, Callable[[float, float, float, float], float]] = {
    "half-lost": lambda m, s, n, t: 2 * log(t / s) + (s**2 + (m - n) ** 2) / t**2 - 1,
    "half-lost-on-log": lambda m, s, n, t: 2 * log(t / s) + (s**2 + (m - n) ** 2) / (2 * t**2) - 0.5,
    "sigma-for-sigma-squared": lambda m, s, n, t: 0.5 * log(t / s) + (s + (m - n) ** 2) / (2 * t) - 0.5,
    "arguments-swapped": lambda m, s, n, t: log(s / t) + (t**2 + (m - n) ** 2) / (2 * s**2) - 0.5,
    "log-inverted": lambda m, s, n, t: log(s / t) + (s**2 + (m - n) ** 2) / (2 * t**2) - 0.5,
    "constant-lost": lambda m, s, n, t: log(t / s) + (s**2 + (m - n) ** 2) / (2 * t**2),
    "constant-doubled": lambda m, s, n, t: log(t / s) + (s**2 + (m - n) ** 2) / (2 * t**2) - 1,
    "mean-term-lost": lambda m, s, n, t: log(t / s) + s**2 / (2 * t**2) - 0.5,
    "mean-term-by-q-scale": lambda m, s, n, t: log(t / s) + s**2 / (2 * t**2) + (m - n) ** 2 / (2 * s**2) - 0.5,
    "mean-not-squared": lambda m, s, n, t: log(t / s) + (s**2 + abs(m - n)) / (2 * t**2) - 0.5,
    "means-added": lambda m, s, n, t: log(t / s) + (s**2 + (m + n) ** 2) / (2 * t**2) - 0.5,
    "sign-reversed": lambda m, s, n, t: -log(t / s) - (s**2 + (m - n) ** 2) / (2 * t**2) + 0.5,
}


@pytest.fixture(scope="session")
def seed() -> int:
    """Seed of every random test; the tests hold for any."""
    return int(os.environ.get("ELBOCHECK_TEST_SEED", "0"))


@pytest.fixture(params=POINTS, ids=str)
def point(request):
    return request.param


@pytest.fixture(params=WRONG_TWINS)
def wrong_twin(request):
    return WRONG_TWINS[request.param]


@pytest.fixture(scope="session")
def kl_by_definition():
    """The defining integral by mpmath, in its own words: densities as powers of e, logs taken of them."""

    def integral(m, s, n, t):
        with mpmath.workdps(40):
            m, s, n, t = map(mpmath.mpf, (m, s, n, t))

            def integrand(z):
                q = mpmath.npdf(z, m, s)
                return q * mpmath.log(q / mpmath.npdf(z, n, t))

            return mpmath.quad(integrand, mpmath.linspace(m - 15 * s, m + 15 * s, 13))

    return integral


@pytest.fixture(scope="session")
def kl_100_digits():
    """The textbook expression, which loses digits near equality: 100 are enough to lose 80."""

    def textbook(m, s, n, t):
        m, s, n, t = (mpmath.mpf(float(x)) for x in (m, s, n, t))
        return mpmath.log(t / s) + (s**2 + (m - n) ** 2) / (2 * t**2) - mpmath.mpf(1) / 2

    with mpmath.workdps(100):
        yield textbook
