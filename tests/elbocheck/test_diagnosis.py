"""A diagnosis is given where the function, so corrected, agrees at every case, and nowhere else."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from elbocheck.case import cases
from elbocheck.claim import Claim, enclosure
from elbocheck.diagnosis import UNKNOWN, Evidence, diagnoses
from elbocheck.family import family

EXPONENTIAL = Claim(family("exponential"), family("exponential"))
VAE = Claim(family("normal_log_variance"), family("standard_normal"))
LIMIT = 1e-12


def evidence(function: Callable[..., float], claim: Claim = EXPONENTIAL) -> Evidence:
    several = cases("one", claim.sites("generic", 6, seed=2), 0)

    def values(arguments: Sequence[float]) -> tuple[np.ndarray, tuple[int, ...]] | None:
        try:
            return np.array([function(*arguments)]), ()
        except ValueError:
            return None

    truths = [np.array([float(enclosure(claim, s).mid()) for s in case.sites]) for case in several]
    return Evidence(claim, several, values, truths, LIMIT)


def kl(q: float, p: float) -> float:
    return math.log(q / p) + p / q - 1


def vae(mu: float, logvar: float) -> float:
    return (mu**2 + math.exp(logvar) - 1 - logvar) / 2


@pytest.mark.parametrize(
    ("says", "function", "claim"),
    [
        ("the sign is wrong: it returns the negative", lambda q, p: -kl(q, p), EXPONENTIAL),
        ("it is in bits, not in nats", lambda q, p: kl(q, p) / math.log(2), EXPONENTIAL),
        ("q and p are swapped: it is KL(p || q)", lambda q, p: kl(p, q), EXPONENTIAL),
        ("q.rate and p.rate are read as a scale (1/rate)", lambda q, p: kl(1 / q, 1 / p), EXPONENTIAL),
        ("p.rate is read as a scale (1/rate)", lambda q, p: kl(q, 1 / p), EXPONENTIAL),
        ("the term -1 is lost", lambda q, p: kl(q, p) + 1, EXPONENTIAL),
        ("it returns 0.3 times the value", lambda q, p: 0.3 * kl(q, p), EXPONENTIAL),
        ("a constant of 0.3 too much", lambda q, p: kl(q, p) + 0.3, EXPONENTIAL),
        ("q.log_variance is read as a log-scale", lambda m, v: vae(m, 2 * v), VAE),
        ("q.log_variance is read as a variance", lambda m, v: vae(m, math.log(v)), VAE),
        (
            "q.log_variance is read as twice the log-variance: exp(x / 2) is taken for the variance",
            lambda m, v: vae(m, v / 2),
            VAE,
        ),
        ("it takes its arguments in the order q.log_variance, q.loc", lambda v, m: vae(m, v), VAE),
        (
            "q and p are swapped: it is KL(p || q)",
            lambda m, v: ((1 + m**2) / math.exp(v) - 1 + v) / 2,
            VAE,
        ),
    ],
)
def test_a_cause_is_found_and_not_where_it_explains_most_cases_only(
    says: str, function: Callable[..., float], claim: Claim
) -> None:
    right = evidence(function, claim)
    assert says in diagnoses(right)
    last = tuple(right.cases[-1].arguments)

    def but_one(*arguments: float) -> float:
        return function(*arguments) + 0.01 * (arguments == last)

    truths = [*right.truths[:-1], right.truths[-1] + 0.03]  # seen by causes that call the function with other arguments
    assert says not in diagnoses(replace(evidence(but_one, claim), truths=truths))


def test_no_cause_is_made_up() -> None:
    assert diagnoses(evidence(lambda q, p: math.sin(q * p))) == (UNKNOWN,)
    assert diagnoses(evidence(lambda q, p: 0.0)) == (UNKNOWN,)


def test_one_cause_goes_before_two_and_two_are_found() -> None:
    (first, *_) = diagnoses(evidence(lambda q, p: -kl(p, q)))
    assert first == "q and p are swapped: it is KL(p || q); and the sign is wrong: it returns the negative"
    assert all("; and " not in said for said in diagnoses(evidence(lambda q, p: -kl(q, p))))
