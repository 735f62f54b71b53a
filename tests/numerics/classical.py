"""The classical formulas of divergence and entropy, for mpmath at 50 digits: the oracle of the enclosures."""

import mpmath
import numpy as np
from mpmath import digamma, euler, log, loggamma, mpf, pi


def contains(ball, truth):
    """Whether the ball contains a number known to 50 digits."""
    with mpmath.workdps(60):
        middle, radius = mpf(ball.mid().str(55, radius=False)), mpf(ball.rad().str(10, radius=False))
        return abs(middle - truth) <= radius + (abs(middle) + abs(truth)) * mpf(10) ** -48


def digits_of(ball):
    return -mpmath.log10(mpf(ball.rad().str(10, radius=False)) / max(abs(mpf(ball.mid().str(30, radius=False))), 1e-40))


def betaln(a, b):
    return loggamma(a) + loggamma(b) - loggamma(a + b)


def normal_kl(m, s, n, t):
    return log(t / s) + (s**2 + (m - n) ** 2) / (2 * t**2) - mpf(1) / 2


def gamma_kl(a, b, c, d):
    return (a - c) * digamma(a) - loggamma(a) + loggamma(c) + c * log(b / d) + a * (d - b) / b


def beta_kl(a, b, c, d):
    return betaln(c, d) - betaln(a, b) + (a - c) * digamma(a) + (b - d) * digamma(b) + (c + d - a - b) * digamma(a + b)


def beta_entropy(a, b):
    return betaln(a, b) - (a - 1) * digamma(a) - (b - 1) * digamma(b) + (a + b - 2) * digamma(a + b)


def gumbel_kl(m, b, n, d):
    tail = mpmath.exp((n - m) / d + loggamma(1 + b / d))
    return log(d / b) + euler * (b / d - 1) - 1 + (m - n) / d + tail


def laplace_kl(m, b, n, d):
    gap = abs(m - n)
    return log(d / b) + gap / d + b / d * mpmath.exp(-gap / b) - 1


def von_mises_moment(k):
    return mpmath.besseli(1, k) / mpmath.besseli(0, k)


def von_mises_kl(m, k, n, h):
    normalisers = log(mpmath.besseli(0, h) / mpmath.besseli(0, k))
    return normalisers + von_mises_moment(k) * (k - h * mpmath.cos(m - n))


def von_mises_entropy(m, k):
    return log(2 * pi * mpmath.besseli(0, k)) - k * von_mises_moment(k)


def poisson_entropy(r):
    terms = (mpmath.exp(k * log(r) - r - loggamma(k + 1)) * loggamma(k + 1) for k in range(300))
    return r - r * log(r) + mpmath.fsum(terms)


def bernoulli_kl(a, b):
    return a * log(a / b) + (1 - a) * log((1 - a) / (1 - b))


def bernoulli_entropy(a):
    return -a * log(a) - (1 - a) * log(1 - a)


def cauchy_kl(m, a, n, b):
    return log(((a + b) ** 2 + (m - n) ** 2) / (4 * a * b))


def continuous_bernoulli_normaliser(a):
    return log(mpmath.expm1(a) / a)


def continuous_bernoulli_mean(a):
    return 1 + 1 / mpmath.expm1(a) - 1 / a


def continuous_bernoulli_kl(a, b):
    normalisers = continuous_bernoulli_normaliser(b) - continuous_bernoulli_normaliser(a)
    return normalisers + (a - b) * continuous_bernoulli_mean(a)


# name: (draw parameters of one distribution, divergence, entropy), in the order of the class's parameters
POSITIVE = lambda rng: float(np.exp(rng.uniform(-2, 2)))


SIGNED = lambda rng: float(rng.normal())


UNIT = lambda rng: float(rng.uniform(0.02, 0.98))


CLASSICAL = {
    "normal": ((SIGNED, POSITIVE), normal_kl, lambda m, s: log(2 * pi * mpmath.e * s**2) / 2),
    "laplace": ((SIGNED, POSITIVE), laplace_kl, lambda m, b: 1 + log(2 * b)),
    "gumbel": ((SIGNED, POSITIVE), gumbel_kl, lambda m, b: log(b) + euler + 1),
    "cauchy": ((SIGNED, POSITIVE), cauchy_kl, lambda m, a: log(4 * pi * a)),
    "continuous_bernoulli": (
        (SIGNED,),
        continuous_bernoulli_kl,
        lambda a: continuous_bernoulli_normaliser(a) - a * continuous_bernoulli_mean(a),
    ),
    "exponential": ((POSITIVE,), lambda a, b: log(a / b) + b / a - 1, lambda a: 1 - log(a)),
    "gamma": (
        (POSITIVE, POSITIVE),
        gamma_kl,
        lambda a, b: a - log(b) + loggamma(a) + (1 - a) * digamma(a),
    ),
    "inverse_gamma": (
        (POSITIVE, POSITIVE),
        gamma_kl,
        lambda a, b: a + log(b) + loggamma(a) - (1 + a) * digamma(a),
    ),
    "chi_square": (
        (POSITIVE,),
        lambda a, b: gamma_kl(a / 2, mpf(1) / 2, b / 2, mpf(1) / 2),
        lambda a: a / 2 + log(2) + loggamma(a / 2) + (1 - a / 2) * digamma(a / 2),
    ),
    "beta": ((POSITIVE, POSITIVE), beta_kl, beta_entropy),
    "log_normal": ((SIGNED, POSITIVE), normal_kl, lambda m, s: m + log(2 * pi * mpmath.e * s**2) / 2),
    "half_normal": (
        (POSITIVE,),
        lambda s, t: log(t / s) + s**2 / (2 * t**2) - mpf(1) / 2,
        lambda s: log(pi * s**2 / 2) / 2 + mpf(1) / 2,
    ),
    "von_mises": ((SIGNED, POSITIVE), von_mises_kl, von_mises_entropy),
    "bernoulli": ((UNIT,), bernoulli_kl, bernoulli_entropy),
    "poisson": ((POSITIVE,), lambda a, b: a * log(a / b) + b - a, poisson_entropy),
    "geometric": ((UNIT,), lambda a, b: bernoulli_kl(a, b) / a, lambda a: bernoulli_entropy(a) / a),
}


def draw(name, seed, number=3):
    rng = np.random.default_rng([seed, *name.encode()])
    draws = CLASSICAL[name][0]
    return [tuple(tuple(d(rng) for d in draws) for _ in range(2)) for _ in range(number)]
