"""The conventions of the field, and what the comments of a text put in their place."""

import pytest

from derivations.convention import Family, default, elbo, families, labelled, modelled, stated
from derivations.kernel import bind, density, log, variable
from derivations.manuscript import Convention, ManuscriptError

X, Z = variable("x", "x"), variable("z", "z")
Q, PRIOR = density("q", [Z], [X]), density("p", [Z])
DIVERGENCE = bind("kl", Z, Q, PRIOR)
VECTORS = Family(vector=True)


def comment(source):
    return [Convention("notes.tex", 3, source)]


def test_normals_stand_for_the_densities_of_the_model():
    term = modelled(DIVERGENCE, default(VECTORS))
    assert term == bind("kl", Z, VECTORS.normal(), VECTORS.standard())
    assert modelled(log(density("p", [X])), default(VECTORS)) == log(density("p", [X]))
    assert len({f.normal() for f in (VECTORS, Family(vector=True, log_variance=True), Family(vector=False))}) == 3


def test_families_of_densities():
    assert families(elbo(), log(density("r", [X]))) == {"p", "q", "r"}


def test_labels_tell_whose_the_parameters_are():
    for first, labels, expected in (
        ("q", ("1", "2"), ("1", "2")),
        ("p", ("1", "2"), ("2", "1")),
        ("p", ("q", "p"), ("q", "p")),
    ):
        q, p = modelled(DIVERGENCE, labelled(VECTORS, first, labels)).args
        assert (q, p) == tuple(map(VECTORS.normal, expected))


def test_the_bound_of_several_variables_is_averaged_one_by_one():
    x, u = X, variable("u", "u")
    bound = elbo(density("q", [u, Z], [x]))
    outer, inner = bound, bound.args[1]
    assert (outer.args[0], inner.args[0]) == (density("q", [u], [x]), density("q", [Z], [x, u]))
    given = elbo(density("q", [Z], [x, u]), density("p", [x], [u]))
    assert density("p", [Z], [u]) in given.args[1].args[1].args


def test_a_comment_takes_the_place_of_the_default():
    model = stated(comment(r"q(z|x) = N(z; \mu, \sigma^2), p(z) = N(0, I)"), VECTORS)
    assert model is not None
    assert modelled(DIVERGENCE, model) == modelled(DIVERGENCE, default(VECTORS))
    other = stated(comment(r"p(z) = N(0, \tau^2)"), VECTORS)
    assert other is not None
    assert modelled(Q, other) == Q
    assert modelled(PRIOR, other) not in (PRIOR, VECTORS.standard())


def test_no_comment_states_no_model():
    assert stated([], VECTORS) is None


@pytest.mark.parametrize(
    "source", ["q is normal", "q(z) = 3", "q(z) =", "q(z) = p(z) = N(0, I)", r"\heartsuit = N(0, I)"]
)
def test_a_comment_that_cannot_be_used(source):
    with pytest.raises(ManuscriptError, match=r"notes\.tex, line 3: cannot use"):
        stated(comment(source), VECTORS)
