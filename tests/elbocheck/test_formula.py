"""The judge of formulas: right ones confirmed, each kind of wrong one refuted for the stated reason."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from elbocheck.call import caller
from elbocheck.claim import Claim
from elbocheck.family import family
from elbocheck.formula import judge
from elbocheck.judgement import Judgement
from elbocheck.verdict import Verdict

Function = Callable[..., object]
NORMAL = Claim(family("normal"), family("normal"))


def judged(function: Function, claim: Claim = NORMAL, *, seed: int = 0, has_torch: bool = False) -> Judgement:
    return judge(caller(function), claim, seed=seed, has_torch=has_torch)


def kl(m: float, s: float, n: float, t: float) -> float:
    return math.log(t / s) + (s**2 + (m - n) ** 2) / (2 * t**2) - 0.5


def of_variances(m: float, v: float, n: float, w: float) -> float:
    return 0.5 * (math.log(w / v) + (v + (m - n) ** 2) / w - 1)


@pytest.mark.parametrize("seed", range(10))
def test_a_right_formula_is_confirmed_and_its_cancellation_reported(seed: int) -> None:
    judgement = judged(kl, seed=seed)
    assert judgement.verdict is Verdict.confirmed
    assert judgement.counterexample is None
    assert judgement.diagnosis == ()
    assert "cancellation near equality" in judgement.failures[0]


WRONG: list[tuple[str, Function]] = [
    ("q and p are swapped: it is KL(p || q)", lambda m, s, n, t: kl(n, t, m, s)),
    ("the sign is wrong: it returns the negative", lambda *a: -kl(*a)),
    ("q.scale and p.scale are read as a variance", of_variances),
    (
        "q.scale and p.scale are read as a log-variance",
        lambda m, v, n, w: of_variances(m, math.exp(v), n, math.exp(w)),
    ),
    ("p.scale is read as a variance", lambda m, s, n, w: kl(m, s, n, math.sqrt(w))),
    ("it is in bits, not in nats", lambda *a: kl(*a) / math.log(2)),
    ("a factor 1/2 is missing: it returns twice the value", lambda *a: 2 * kl(*a)),
    ("the term -1/2 is lost", lambda *a: kl(*a) + 0.5),
    ("the term log(p.scale / q.scale) is lost", lambda m, s, n, t: kl(m, s, n, t) - math.log(t / s)),
    (
        "the term log(p.scale / q.scale) has the wrong sign",
        lambda m, s, n, t: kl(m, s, n, t) - 2 * math.log(t / s),
    ),
    (
        "the term (q.loc - p.loc)^2 / (2 p.scale^2) is doubled: a factor 1/2 is missing",
        lambda m, s, n, t: kl(m, s, n, t) + (m - n) ** 2 / (2 * t**2),
    ),
    ("it is the cross-entropy alone", lambda m, s, n, t: kl(m, s, n, t) + math.log(s) + 1.4189385332046727),
    ("a constant of 0.2 too much", lambda *a: kl(*a) + 0.2),
    (
        "it takes its arguments in the order q.loc, p.loc, q.scale, p.scale",
        lambda m, n, s, t: kl(m, s, n, t),
    ),
    (
        "q.scale and p.scale are read as a variance; and the sign is wrong: it returns the negative",
        lambda *a: -of_variances(*a),
    ),
    ("it differs; the cause is unknown", lambda m, s, n, t: kl(m, s, n, t) + 0.1 * math.sin(3 * m)),
]


@pytest.mark.parametrize(("diagnosis", "function"), WRONG, ids=[d for d, _ in WRONG])
def test_a_wrong_formula_is_refuted_and_it_is_said_how(diagnosis: str, function: Function) -> None:
    judgement = judged(function)
    assert judgement.verdict is Verdict.refuted
    assert judgement.counterexample is not None
    assert diagnosis in judgement.diagnosis
