"""What a text supposes of the independence of its variables, and what follows."""

import pytest

from derivations.independence import Independence, given_more, is_plausible
from derivations.kernel import density, variable

from .judging import judge

X, A, B, C = (variable(name, name) for name in ("x", "z_1", "z_2", "z_3"))


def q(targets, given=()):
    return density("q", targets, given)


MEAN_FIELD = Independence(q([A, B], [X]), q([A], [X]) * q([B], [X]))


def test_one_variable_tells_nothing_of_another():
    assert dict(MEAN_FIELD.equations) == {
        MEAN_FIELD.whole: MEAN_FIELD.product,
        q([A], [B, X]): q([A], [X]),
        q([B], [A, X]): q([B], [X]),
    }


def test_of_three_variables_any_two_are_independent():
    three = Independence(q([A, B, C]), q([A]) * q([B]) * q([C]))
    equations = dict(three.equations)
    assert equations[q([A, C])] == q([A]) * q([C])
    assert equations[q([A], [B, C])] == equations[q([A], [B])] == q([A])


def test_in_a_chain_the_second_depends_on_the_first_alone():
    chain = Independence(q([A, B], [X]), q([A], [X]) * q([B], [A]))
    assert dict(chain.equations)[q([B], [A, X])] == q([B], [A])
    assert q([A], [B, X]) not in dict(chain.equations)


@pytest.mark.parametrize(
    ("whole", "product", "plausible"),
    [
        (MEAN_FIELD.whole, MEAN_FIELD.product, True),
        (q([A, B]), q([A]) * q([B]), True),
        (q([B], [A, X]), q([B], [A]), True),
        (q([X, A]), q([X]) * q([A]), False),
        (q([A], [X]), q([A]), False),
        (q([A, B], [X]), q([A]) * q([B]), False),
    ],
)
def test_that_codes_tell_nothing_of_the_data_is_a_slip(whole, product, plausible):
    assert is_plausible(whole, product) is plausible


def verdicts(text):
    return [j.verdict for j in judge(text)]


SPLIT = r"\[ \log q(z_1,z_2|x) = \log q(z_1|x) + \log q(z_2|x) \]"


def test_what_rests_on_it_is_proved_only_where_it_is_said():
    assert verdicts(r"\[ q(z_1, z_2|x) = q(z_1|x) q(z_2|x) \] then " + SPLIT) == ["undecided", "proved"]
    assert verdicts(SPLIT) == ["refuted"]
    assert "proved" not in verdicts(r"\[ p(z|x) = p(z) \] then \[ \log p(z|x) = \log p(z) \]")


def test_what_fails_though_they_are_independent_is_refuted():
    said = r"\[ q(z_1, z_2|x) = q(z_1|x) q(z_2|x) \] then "
    assert verdicts(said + SPLIT.replace("+", "-")) == ["undecided", "refuted"]
    markov = r"\[ q(z_1, z_2, z_3|x) = q(z_1|x) q(z_2|z_1) q(z_3|z_2) \] then "  # of which we draw no models
    wrong = r"\[ \log q(z_1,z_2,z_3|x) = \log q(z_1|x) - \log q(z_2|z_1) + \log q(z_3|z_2) \]"
    assert verdicts(markov + wrong) == ["undecided", "undecided"]


def test_a_prior_that_is_not_said_to_factorise_may_do_so():
    said = r"\[ q(z_1, z_2|x) = q(z_1|x) q(z_2|x) \] then "
    whole = r"\[ KL(q(z_1,z_2|x)\|p(z_1,z_2)) = KL(q(z_1|x)\|p(z_1)) + KL(q(z_2|x)\|p(z_2)) \]"
    assert verdicts(said + whole) == ["undecided", "undecided"]
    assert verdicts(said + whole.replace("+", "-")) == ["undecided", "refuted"]
    assert MEAN_FIELD.alike(density("p", [A, B])) == Independence(
        density("p", [A, B]), density("p", [A]) * density("p", [B])
    )
    assert MEAN_FIELD.alike(density("p", [A])) is None


def test_a_supposition_does_not_prove_itself():
    twice = r"\[ q(z_1, z_2|x) = q(z_1|x) q(z_2|x) \]" * 2
    assert verdicts(twice) == ["undecided", "undecided"]


@pytest.mark.parametrize(
    ("claim", "verdict", "word"),
    [
        (r"\log p(x|c) \ge E_{q(z|x)}[\log p(x|z)] - KL(q(z|x)\|p(z|c))", "undecided", "p(x | z) is p(x | c, z)"),
        (r"\log p(x|c) \ge E_{q(z|x)}[\log p(x|z)] + KL(q(z|x)\|p(z|c))", "refuted", ""),
        (r"\log p(x|c) \ge E_{q(z|x,c)}[\log p(x|z,c)] - KL(q(z|x,c)\|p(z))", "undecided", "p(z) is p(z | c)"),
        (r"\log p(x) \ge E_{q(z|x,c)}[\log p(x|z,c)] - KL(q(z|x,c)\|p(z|c))", "refuted", ""),
        (r"\log p(x,y,z) = \log p(x|y,z) + \log p(y) + \log p(z)", "undecided", "p(z) is p(z | y)"),
        (r"KL(q(z|x)\|p(z|x)) = KL(q(z|x)\|p(z))", "refuted", ""),
    ],
)
def test_what_holds_by_an_independence_that_a_text_need_not_say_is_not_refuted(claim, verdict, word):
    (found,) = judge(f"$${claim}$$", "notes.md")
    assert found.verdict == verdict
    assert word in found.message


def test_an_effect_is_no_cause():
    x, z, y = (variable(name, name) for name in "xzy")
    sides = density("p", [x], [z]), density("p", [z], [y])
    assert [words for words, _ in given_more(*sides)] == ["p(x | z) is p(x | y, z)"]
    assert list(given_more(density("p", [x], [z]), density("p", [z], [x]))) == []
