"""Densities of entries: what is proved of them, what is refuted with two entries, and what rests on independence."""

import pytest

from derivations.entry import factorised, instances, is_product, marginal, products, whole
from derivations.kernel import KernelError, add, bind, density, log, number, variable

from .judging import judge

X, Z, J, SIZE = variable("x", "x"), variable("z", "z"), variable("j", "index"), variable("J", "natural")
ONE = number(1)
Q, P = density("q", [Z], [X]), density("p", [Z])
Q_J, P_J = marginal("q", Z, J, [X]), marginal("p", Z, J, [])
PRODUCT = bind("product", J, ONE, SIZE, P_J)


def verdict(formula):
    (judgement,) = judge(f"\\[ {formula} \\]")
    return judgement.verdict, judgement.message


TOTAL = r"KL(q(z)\|\prod_j q(z_j))"
ENTRIES = r"\sum_j KL(q(z_j)\|p(z_j))"
MEAN = r"\mathbb{E}_{q(x)}[KL(q(z|x)\|p(z))]"


@pytest.mark.parametrize(
    ("true", "false"),
    [
        (
            TOTAL + r" = \mathbb{E}_{q(z)}\left[\log\frac{q(z)}{\prod_j q(z_j)}\right]",
            TOTAL + r" = \mathbb{E}_{q(z)}\left[\log\frac{\prod_j q(z_j)}{q(z)}\right]",
        ),
        (rf"KL(q(z)\|p(z)) = {TOTAL} + {ENTRIES}", rf"KL(q(z)\|p(z)) = {TOTAL} - {ENTRIES}"),
        (rf"{MEAN} = I_q(x;z) + {TOTAL} + {ENTRIES}", rf"{MEAN} = I_q(x;z) - {TOTAL} + {ENTRIES}"),
        (
            r"\mathbb{E}_{q(z)}[\log\prod_j q(z_j)] = \sum_j \mathbb{E}_{q(z)}[\log q(z_j)]",
            r"\mathbb{E}_{q(z)}[\log\prod_j q(z_j)] = \mathbb{E}_{q(z)}[\log q(z)]",
        ),
    ],
)
def test_total_correlation(true, false):
    assert verdict(true)[0] == "proved"
    found, message = verdict(false)
    assert found == "refuted" or "product of the densities of its entries" in message


@pytest.mark.parametrize(
    "formula",
    [
        r"KL(q(z|x)\|p(z)) = \sum_{j=1}^J KL(q(z_j|x)\|p(z_j))",
        r"\log q(z|x) = \sum_{j=1}^J \log q(z_j|x)",
        r"q(z|x) = \prod_{j=1}^J q(z_j|x)",
        rf"{ENTRIES} = J\, KL(q(z)\|p(z))",
    ],
)
def test_what_may_rest_on_independence_is_undecided(formula):
    found, message = verdict(formula)
    assert found == "undecided"
    assert "entries" in message or "independence" in message


@pytest.mark.parametrize("formula", [r"\mathbb{E}_{q(z_j)}[\log q(z_j)] = \mathbb{E}_{q(z)}[\log q(z)]"])
def test_an_entry_is_not_the_whole(formula):
    assert verdict(formula)[0] == "unparsed"


def test_draws_are_no_entries():
    few = r"\mathbb{E}_{z_1,\dots,z_K\sim q(z|x)}\left[\log\frac1K\sum_{k=1}^K\frac{p(x,z_k)}{q(z_k|x)}\right]"
    assert verdict(rf"{few} \le \log p(x)")[0] == "proved"
    assert verdict(rf"{few} \ge \log p(x)")[0] == "refuted"
    assert verdict(r"KL(q(z|x)\|p(z)) \approx \frac1L\sum_{l=1}^L (\log q(z_l|x) - \log p(z_l))")[0] == "proved"
    assert verdict(r"KL(q(z|x)\|p(z)) \approx \frac1L\sum_{l=1}^L (\log q(z_l|x) + \log p(z_l))")[0] == "refuted"


def test_a_product_stands_for_a_density_but_not_for_a_law():
    assert is_product(PRODUCT)
    assert not is_product(bind("product", J, ONE, SIZE, number(2)))
    assert whole(PRODUCT) == P
    assert whole(Q_J) == Q
    assert products(log(PRODUCT)) == [(P, PRODUCT)]
    mean = bind("expectation", Z, P, log(P))
    assert factorised(mean, P, PRODUCT) == bind("expectation", Z, P, log(PRODUCT))


def test_two_entries_have_one_joint_density():
    z1, z2 = variable("z_1", "z_1"), variable("z_2", "z_2")
    summed = bind("sum", J, ONE, SIZE, bind("expectation", Z, Q, log(Q_J)))
    (found,) = instances(summed)
    laws = density("q", [z1], [X]), density("q", [z2], [z1, X])

    def mean(body):
        return bind("expectation", z1, laws[0], bind("expectation", z2, laws[1], body))

    assert found == add(*(mean(log(density("q", [z], [X]))) for z in (z1, z2)))
    (size, _) = instances(SIZE, summed)
    assert size == number(2)


def test_an_instance_has_no_other_sums_and_no_other_z():
    with pytest.raises(KernelError, match="something else than the entries"):
        instances(bind("sum", J, ONE, number(3), log(Q_J)))
    with pytest.raises(KernelError, match="elsewhere than in a density"):
        instances(bind("sum", J, ONE, SIZE, log(Q_J)), Z_J)


Z_J = bind("component", None, Z, ONE)
