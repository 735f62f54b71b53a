"""Pairs that are none: the rules hold where they should, and defects said to cancel do cancel."""

import pytest

from .corpus import all_pairs, batch, source
from .defect import DEFECTS, inject
from .hidden import HIDDEN, reason
from .test_corpus import perturbed, value_and_gradient


def defect(code, name=""):
    return next(d for d in DEFECTS if d.code == code and d.name.startswith(name))


@pytest.mark.parametrize(
    ("one", "other", "hidden"),
    [
        (defect("mean-in-training"), defect("noise-law"), True),
        (defect("noise-law"), defect("mean-in-training"), True),
        (defect("mean-in-training"), defect("kl-half"), False),
        (defect("kl-missing"), defect("kl-half"), True),
        (defect("kl-missing"), defect("noise-law"), False),
        (defect("kl-weight"), defect("kl-latent-mean"), True),
        (defect("kl-weight"), defect("kl-batch-sum"), False),
        (defect("kl-half"), defect("kl-latent-mean"), False),
    ],
)
def test_a_rule_holds_of_its_codes_alone_in_either_order(one, other, hidden):
    assert bool(reason(one, other, "")) is hidden


def test_a_claim_lifts_a_rule():
    pair = defect("kl-missing"), defect("sampler-scale-mismatch", "raw head")
    assert reason(*pair, "")
    assert not reason(*pair, 'head="log_variance"')


def test_every_rule_is_needed():
    assert {hidden for _, hidden in all_pairs()} - {""} <= {rule.reason for rule in HIDDEN}
    held = [m for m, hidden in all_pairs() if hidden]
    assert all(any(rule.holds(*m.defects, m.source) for m in held) for rule in HIDDEN)


def test_defects_that_are_said_to_cancel_give_a_multiple_of_the_right_loss(seed):
    def alike(mutated, program):
        found, right = (
            value_and_gradient(s, lambda s=s: s.loss(*batch(s)))[1]
            for s in (perturbed(text, seed) for text in (mutated, source(program)))
        )
        return float((found - found @ right / (right @ right) * right).norm()) < 1e-4 * float(found.norm())

    cancelling = [m for m, hidden in all_pairs() if "cancel" in hidden]
    assert len(cancelling) > 5
    for mutant in cancelling:
        program = mutant.program
        assert alike(mutant.source, program)
        assert not any(alike(inject(source(program), d.edits[program]), program) for d in mutant.defects)
