"""The list of all derivations."""

import re

import pytest

from derivations.catalogue import DERIVATIONS, SCRIPTS, dependencies, prove


@pytest.mark.parametrize("slug", DERIVATIONS)
def test_a_derivation_is_filed_under_its_slug(slug):
    derivation = prove(slug)
    assert derivation.slug == slug
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", slug)
    assert derivation.title[0].isupper()
    assert re.fullmatch(r"problem \d\.\d|beyond the exercise(: .+)?", derivation.source)
    assert derivation.steps


def test_each_comes_after_those_it_uses():
    slugs = list(DERIVATIONS)
    for i, slug in enumerate(slugs):
        assert set(prove(slug).uses) <= set(slugs[:i])
    assert prove("kl-normal-standard").uses == ("normal-negative-entropy", "normal-cross-entropy")


def test_a_derivation_that_is_not_used_is_not_said_to_be_used():
    found = dependencies(map(prove, DERIVATIONS))
    assert found["elbo-bound"] == ("kl-nonnegative", "elbo-gap")
    assert found["kl-bernoulli"] == ("kl-exponential-family",)
    assert found["entropy-bernoulli"] == ("entropy-exponential-family",)


def test_no_slug_is_listed_by_two_scripts():
    assert sum(len(script.DERIVATIONS) for script in SCRIPTS) == len(DERIVATIONS)


@pytest.mark.parametrize(
    ("wrong", "near"),
    [
        ("elbo-gab", "elbo-gap"),
        ("kl-norml", "kl-normal"),
        ("negative-entropy", "normal-negative-entropy"),
    ],
)
def test_an_unknown_slug_names_the_nearest(wrong, near):
    with pytest.raises(LookupError, match=rf"no derivation '{wrong}'; nearest: .*({near})"):
        prove(wrong)


def test_an_unknown_slug_with_nothing_near():
    with pytest.raises(LookupError, match=r"no derivation '\?\?\?' \(elbocheck derive --list shows all\)"):
        prove("???")
