"""Reasons that scripts share prove what they say, and not its wrong twin."""

import pytest
import sympy
from sympy import Integral, log

from derivations.derivation import StepError, derive
from derivations.notation import KL, E, Family, Index, Natural, Normal, Point
from derivations.reason import COVARIANCE, DIVERGENCE, EXPECTATION

with sympy.evaluate(False):
    Z, J, N = Point("z"), Index("j"), Natural("J")
    Q, P = Family("q")(Z), Family("p")(Z)
    STANDARD = Normal(Z, 0, 1, (J, N))
    CASES = {
        "expectation": (EXPECTATION, Integral(Q * log(P), Z), E(Q, log(P)), E(P, log(P))),
        "divergence": (DIVERGENCE, KL(Q, P), E(Q, log(Q / P)), E(Q, log(P / Q))),
        "covariance": (COVARIANCE, E(STANDARD, Z[1] ** 2), sympy.S.One, sympy.S.Zero),
    }


@pytest.mark.parametrize("what", CASES)
def test_a_shared_reason(what):
    reason, left, right, wrong = CASES[what]
    with sympy.evaluate(False):
        assert derive("right", "", "", [left, (right, reason)]).steps
        with pytest.raises(StepError, match="step 1"):
            derive("wrong", "", "", [left, (wrong, reason)])
