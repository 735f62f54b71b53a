"""What has both z and epsilon is about the sample that the text says z is; without that, nothing is said of it."""

import pytest

from derivations.convention import EPSILON, PRIOR, Z
from derivations.kernel import bind, density, log
from derivations.manuscript import read_text
from derivations.noise import is_open
from derivations.stated_density import samples
from derivations.written import written

from .judging import judge

SAID = r"Draw $z = \mu + \sigma \epsilon$. "


def verdict(text):
    return judge(text, "notes.md")[-1].verdict


@pytest.mark.parametrize(
    ("said", "right", "expected"),
    [
        (SAID, r"\log \mathcal{N}(\epsilon; 0, 1) - \log \sigma", "proved"),
        (SAID, r"\log \mathcal{N}(\epsilon; 0, 1) - \frac12 \log \sigma", "refuted"),
        (SAID, r"\log \mathcal{N}(\epsilon; 0, 1) - \log \sigma^2", "refuted"),
        (r"Draw $z = \mu - \sigma \epsilon$. ", r"\log \mathcal{N}(\epsilon; 0, 1) - \log \sigma", "proved"),
        (r"Draw $z = g(\epsilon)$. ", r"\log \mathcal{N}(\epsilon; 0, 1) - \log \sigma", "undecided"),
        ("", r"\log \mathcal{N}(\epsilon; 0, 1) - \log \sigma", "undecided"),
    ],
)
def test_the_density_of_a_sample(said, right, expected):
    assert verdict(rf"{said}Then $\log q(z) = {right}$.") == expected


def test_only_what_has_both_is_open():
    noise = density("p", [EPSILON])
    assert is_open(log(PRIOR), noise)
    assert not is_open(log(PRIOR), PRIOR)
    assert not is_open(bind("expectation", Z, PRIOR, log(PRIOR)), noise)


def test_the_sample_of_a_text():
    chains = written(read_text(r"$\epsilon = z$, $z = x$, $z = \mu + \epsilon$", "notes.md").formulas)
    assert not [*samples(chains[:2])]
    assert [found.place for found in samples(chains)] == [2]
