"""The aggregate posterior as the mean over the data, where a text says so: convexity, and what it is not."""

import pytest

from derivations.kernel import Term, bind, density, number, variable
from derivations.mixture import aggregates, spreads

from .judging import judge

N, SIZE, Z = variable("n", "index"), variable("N", "natural"), variable("z", "z")
PART = density("q", [Z], [Term("function", (N,), ("x", "x"))])
MEAN = SIZE**-1 * bind("sum", N, number(1), SIZE, PART)
DEFINITION = r"\[ q(z) = \frac1N\sum_{n=1}^N q(z|x_n) \]" + "\n"
AVERAGE = r"\frac1N\sum_{n=1}^N KL(q(z|x_n)\|p(z))"


def test_what_is_a_mean_over_the_data():
    total = bind("sum", N, number(1), SIZE, bind("kl", Z, PART, density("p", [Z])))
    assert aggregates(total) == {density("q", [Z]): MEAN}
    assert aggregates(bind("sum", N, number(2), SIZE, PART)) == {}
    assert aggregates(PART) == {}


def test_the_gap_is_the_spread_of_the_parts():
    (weighted, plain) = spreads(bind("kl", Z, MEAN, density("p", [Z])))
    assert plain == bind("sum", N, number(1), SIZE, bind("kl", Z, PART, MEAN))
    assert weighted == SIZE**-1 * plain


def test_a_sum_of_densities_of_something_else_has_no_parts():
    for part in (density("q", PART.args[1:], [Z]), density("q", [Z, PART.args[1]])):
        mean = SIZE**-1 * bind("sum", N, number(1), SIZE, part)
        assert list(spreads(bind("kl", Z, mean, density("p", [Z])))) == []


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (AVERAGE + r" \ge KL(q(z)\|p(z))", "proved"),
        (AVERAGE + r" \le KL(q(z)\|p(z))", "refuted"),
        (AVERAGE + r" \ge 2 KL(q(z)\|p(z))", "refuted"),
        (AVERAGE + r" = KL(q(z)\|p(z))", "refuted"),
        (AVERAGE + r" = \frac1N\sum_{n=1}^N KL(q(z|x_n)\|q(z)) + KL(q(z)\|p(z))", "proved"),
        (AVERAGE + r" = \frac1N\sum_{n=1}^N KL(q(z|x_n)\|q(z)) - KL(q(z)\|p(z))", "refuted"),
        (r"\sum_{n=1}^N KL(q(z|x_n)\|p(z)) \ge N KL(q(z)\|p(z))", "proved"),
        (r"\sum_{n=1}^N KL(q(z|x_n)\|p(z)) \le N KL(q(z)\|p(z))", "refuted"),
        (r"\frac1N\sum_{n=1}^N E_{q(z|x_n)}[\log p(z)] = E_{q(z)}[\log p(z)]", "proved"),
        (r"\frac1N\sum_{n=1}^N E_{q(z|x_n)}[\log p(z)] = 2E_{q(z)}[\log p(z)]", "refuted"),
        (r"H[q(z)] \ge \frac1N\sum_{n=1}^N H[q(z|x_n)]", "proved"),
        (r"H[q(z)] \le \frac1N\sum_{n=1}^N H[q(z|x_n)]", "refuted"),
    ],
)
def test_relations_of_the_aggregate_posterior(formula, expected):
    definition, judgement = judge(DEFINITION + rf"\[ {formula} \]")
    assert definition.verdict == "undecided"
    assert definition.message == "taken for the definition of the aggregate posterior"
    assert judgement.verdict == expected
    said = judgement.hypotheses if expected == "proved" else [judgement.counterexample]
    assert any("q(z) is (1 / N) sum_{n=1}^N q(z | x_n)" in s for s in said)


def test_nothing_is_taken_for_the_mean_that_the_text_does_not_say():
    (judgement,) = judge(rf"\[ {AVERAGE} \ge KL(q(z)\|p(z)) \]")
    assert judgement.verdict == "undecided"
    assert judgement.message == "it holds if q(z) is (1 / N) sum_{n=1}^N q(z | x_n), of which nothing is said"
    other = DEFINITION + AVERAGE.join(("$", "$")).replace("N", "M")[:-1] + r" \ge KL(q(z)\|p(z))$"
    assert judge(other)[-1].verdict == "undecided"


@pytest.mark.parametrize("wrong", [r"\sum_{n=1}^N q(z|x_n)", r"\frac2N\sum_{n=1}^N q(z|x_n)"])
def test_what_does_not_integrate_to_one_is_no_definition(wrong):
    first, second = judge(rf"\[ q(z) = {wrong} \]" + "\n" + rf"\[ {AVERAGE} \ge KL(q(z)\|p(z)) \]")
    assert first.verdict in ("refuted", "undecided")
    assert "definition" not in first.message
    assert second.verdict == "undecided"


def test_a_definition_that_says_so_is_proved():
    (judgement,) = judge(DEFINITION.replace("=", ":=", 1))
    assert (judgement.verdict, judgement.by) == ("proved", "definition")
