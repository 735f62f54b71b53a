"""What a relation may mean: every reading once, with the conventions that it uses."""

from derivations.parser import parse
from derivations.surroundings import Surroundings
from derivations.understanding import meanings, why_none

HERE = Surroundings()


def pair(left, right):
    return parse(left), parse(right)


def found(left, right):
    return list(meanings(pair(left, right), HERE))


def test_every_reading_is_found_once():
    several = found(r"\log a b", r"\log a + \log b")
    assert len(several) == len({(m.left, m.right) for m in several}) == 2


def test_parameters_bring_the_conventions():
    conventions = {m.convention for m in found(r"KL(q\|p)", r"\sum_j (\mu_j^2 + \sigma_j^2)")}
    assert conventions == {"", "q = N(mu, diag(sigma^2)), p(z) = N(0, I)"}
    assert {m.convention for m in found(r"KL(q\|p)", r"\log p(x)")} == {""}


def test_no_meaning_has_a_reason():
    assert "heartsuit" in why_none(pair(r"p(x)", r"\heartsuit"), HERE)
