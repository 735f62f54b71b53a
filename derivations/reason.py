"""Reasons that many scripts give, each said once."""

from __future__ import annotations

from derivations.conversion import everywhere, expand, in_turn, unfold_expectation, unfold_kl
from derivations.delta import contract
from derivations.derivation import Reason
from derivations.expectation import moments

EXPECTATION = Reason("definition of the expectation", in_turn(everywhere(unfold_expectation), expand))
DIVERGENCE = Reason("definition of the KL divergence", in_turn(everywhere(unfold_kl), expand))
COVARIANCE = Reason("mean and covariance of the normal", in_turn(everywhere(moments), contract))
