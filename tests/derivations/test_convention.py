"""The conventions of the field, and what the comments of a text put in their place."""

import pytest

from derivations.convention import default, elbo, families, modelled, normal, standard, stated
from derivations.kernel import bind, density, log, variable
from derivations.manuscript import Convention, ManuscriptError

X, Z = variable("x", "x"), variable("z", "z")
Q, PRIOR = density("q", [Z], [X]), density("p", [Z])
DIVERGENCE = bind("kl", Z, Q, PRIOR)


def comment(source):
    return [Convention("notes.tex", 3, source)]


def test_normals_stand_for_the_densities_of_the_model():
    term = modelled(DIVERGENCE, default(vector=True, log_variance=False))
    assert term == bind("kl", Z, normal(vector=True), standard(vector=True))
    assert modelled(log(density("p", [X])), default(vector=True, log_variance=False)) == log(density("p", [X]))
    assert normal(vector=True) != normal(vector=True, log_variance=True) != normal(vector=False)


def test_families_of_densities():
    assert families(elbo(), log(density("r", [X]))) == {"p", "q", "r"}


def test_a_comment_takes_the_place_of_the_default():
    model = stated(comment(r"q(z|x) = N(z; \mu, \sigma^2), p(z) = N(0, I)"), vector=True)
    assert model is not None
    assert modelled(DIVERGENCE, model) == modelled(DIVERGENCE, default(vector=True, log_variance=False))
    other = stated(comment(r"p(z) = N(0, \tau^2)"), vector=True)
    assert other is not None
    assert modelled(Q, other) == Q
    assert modelled(PRIOR, other) not in (PRIOR, standard(vector=True))


def test_no_comment_states_no_model():
    assert stated([], vector=True) is None


@pytest.mark.parametrize(
    "source", ["q is normal", "q(z) = 3", "q(z) =", "q(z) = p(z) = N(0, I)", r"\heartsuit = N(0, I)"]
)
def test_a_comment_that_cannot_be_used(source):
    with pytest.raises(ManuscriptError, match=r"notes\.tex, line 3: cannot use"):
        stated(comment(source), vector=True)
