"""The decoder of which a relation speaks: what is subtracted from x, and the scale beside it."""

import pytest

from derivations.convention import X, Z
from derivations.decoder import DECODER, decoder_of
from derivations.kernel import Term, bind, number, variable
from derivations.parser import parse
from derivations.reader import Context

J = variable("j", "index")
SIGMA = variable("sigma", "real")
NAMES = Context(dimension="D", isotropic=True)


def laws(formula, *, scalar=False, names=NAMES):
    decoder = decoder_of((parse(r"\log p(x|z)"), parse(formula)))
    assert decoder is not None
    return [(model.densities, condition) for model, condition in decoder.laws(names, scalar=scalar)]


def test_the_mean_and_the_scale_are_those_that_are_written():
    size, mean = variable("D", "natural"), Term("function", (J, Z), ("mu", "real"))
    expected = bind("normal", J, X, size, mean, SIGMA**2)
    (law, condition), (_, other) = laws(r"-\frac{1}{2\sigma^2}\|x-\mu_\theta(z)\|^2")
    assert law[0] == (DECODER, expected)
    assert condition == ""
    assert "variance" in other


def test_in_one_dimension():
    ((law, _), _) = laws(r"-\frac{(x-\mu)^2}{2\sigma^2}", scalar=True)
    assert law[0] == (DECODER, bind("normal", J, X, number(1), variable("mu", "real"), SIGMA**2))


def test_entries_have_scales_of_their_own():
    ((law, _), _) = laws(r"-\sum_i \frac{(x_i-\mu_i)^2}{2\sigma_i^2}", names=Context(dimension="D"))
    _, _, mean, variance = law[0][1].args
    assert mean == Term("component", (variable("mu", "vector"), J))
    assert variance == Term("component", (variable("sigma", "vector"), J)) ** 2
    assert laws(r"-\sum_i \frac{(x_i-\mu_i)^2}{2\sigma_i^2}", scalar=True) == []


def test_without_a_scale_the_variance_is_one():
    ((law, _),) = laws(r"-\frac12\|x-f(z)\|^2")
    assert law[0][1].args[3] == number(1)


@pytest.mark.parametrize(
    "formula", [r"\|z-\mu\|^2", r"\|x-\mu\|^2 + \|x-\nu\|^2", r"\|x+\mu\|^2", r"\|x-2\|^2", r"\|x - W z - b\|^2"]
)
def test_what_is_no_deviation_has_no_decoder(formula):
    assert decoder_of((parse(r"\log p(x|z)"), parse(formula))) is None


def test_whether_the_mean_depends_on_z_is_known():
    one, other = (decoder_of((parse("1"), parse(rf"\|x-{m}\|^2"))) for m in (r"\mu(z)", r"\mu"))
    assert (one.given, other.given) == (True, False)


def test_the_means_of_binary_pixels():
    ((law, condition),) = laws(r"\sum_i x_i \log y_i + (1 - x_i) \log(1 - y_i)")
    assert law[0][0] == DECODER
    assert law[0][1].head == "product"
    assert condition == ""
    assert laws(r"x \log y + (1 - x) \log(1 - y)", scalar=True)
    assert laws(r"x \log y + (1 - x) \log(1 - y)") == []


@pytest.mark.parametrize("formula", [r"x \log(1 - y)", r"(1 - x)(1 - y)(1 - w)", r"(1 - x_i)(1 - y)", "(1 - x)"])
def test_other_complements_have_no_decoder(formula):
    assert decoder_of((parse(r"\log p(x|z)"), parse(formula))) is None
