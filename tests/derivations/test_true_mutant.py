"""The list of true mutants: there are as many of each kind that are not refuted as it says."""

import pytest

from derivations.catalogue import prove
from derivations.mutation import mutants
from derivations.negative_control import judged
from derivations.true_mutant import REASONS, why_true


@pytest.mark.parametrize("key", REASONS, ids=lambda key: "-".join(map(str, key)).replace(" ", "-"))
def test_the_list_counts_the_mutants_that_are_not_refuted(key, seed):
    slug, number, mistake = key
    derivation = prove(slug)
    made = [m for m in mutants(derivation) if (m.step, m.mistake) == (number, mistake)]
    names = [judged(m, derivation.steps[number - 1], seed).name for m in made]
    assert names.count("true") == REASONS[key][0]


def test_a_false_mutant_is_not_in_the_list():
    false = [m for m in mutants(prove("elbo-gap")) if m.mistake == "swapped divergence"]
    assert [why_true(m) for m in false] == [None] * len(false)
    assert false
