"""What is shown for diagonal matrices and holds for them alone is told from what holds for all."""

import pytest

from derivations.commuting import names_scales, order_matters
from derivations.parser import parse

from .judging import judge

COMMUTING = [
    r"\Sigma_1\Sigma_2 = \Sigma_2\Sigma_1",
    r"\Sigma_1^{-1}\Sigma_2\Sigma_1 = \Sigma_2",
    r"(\Sigma_1\Sigma_2)^{-1} = \Sigma_1^{-1}\Sigma_2^{-1}",
    r"\mathrm{tr}(\Sigma_1\Sigma_2\Sigma_1\Sigma_2) = \mathrm{tr}(\Sigma_1^2\Sigma_2^2)",
    r"\mu_1^T\Sigma_1\Sigma_2\mu_2 = \mu_1^T\Sigma_2\Sigma_1\mu_2",
    r"(\Sigma_1+\Sigma_2)^2 = \Sigma_1^2+2\Sigma_1\Sigma_2+\Sigma_2^2",
    r"\mathbf{A}\mathbf{B} = \mathbf{B}\mathbf{A}",
    r"A\Sigma = \Sigma A",
]
FOR_ALL = [
    (
        r"KL(N(\mu_1,\Sigma_1)\|N(\mu_2,\Sigma_2)) = \frac12\left(\log\frac{|\Sigma_2|}{|\Sigma_1|} - d"
        r" + \mathrm{tr}(\Sigma_2^{-1}\Sigma_1) + (\mu_2-\mu_1)^T\Sigma_2^{-1}(\mu_2-\mu_1)\right)"
    ),
    r"\mathrm{tr}(\Sigma_2^{-1}\Sigma_1) = \mathrm{tr}(\Sigma_1\Sigma_2^{-1})",
    r"\log\det(\Sigma_1\Sigma_2) = \log\det\Sigma_1 + \log\det\Sigma_2",
    r"\Sigma_1 + \Sigma_2 = \Sigma_2 + \Sigma_1",
    r"\mu_1^T\Sigma^{-1}\mu_2 = \mu_2^T\Sigma^{-1}\mu_1",
]


@pytest.mark.parametrize("formula", COMMUTING)
def test_what_holds_for_matrices_that_commute_is_not_proved(formula):
    (judgement,) = judge(f"\\[ {formula} \\]")
    assert (judgement.verdict, judgement.message) == ("undecided", "shown for diagonal matrices only: those commute")


@pytest.mark.parametrize("formula", FOR_ALL)
def test_what_holds_for_all_covariances_is_proved(formula):
    (judgement,) = judge(f"\\[ {formula} \\]")
    assert judgement.verdict == "proved"
    assert "diag" not in judgement.by


def test_a_sum_of_variances_says_of_which_matrix():
    (judgement,) = judge(r"\[ \log|\Sigma| = \sum_j \log \sigma_j^2 \]")
    assert judgement.verdict == "proved"
    assert judgement.by.endswith(", for Sigma = diag(sigma^2)")
    assert judgement.hypotheses[0] == "Sigma is diag(sigma^2)"


def test_the_sum_of_all_entries_depends_on_the_basis():
    assert order_matters(parse(r"\mathbf{1}^\top \Sigma \mathbf{1}"))
    assert not order_matters(parse(r"\mu^\top \Sigma \mu"))


def test_scales_are_named_beside_their_matrix_only():
    assert names_scales(parse(r"\sum_j \Sigma_j"), parse(r"\mathrm{tr}(\Sigma)"))
    assert not names_scales(parse(r"\sum_j \sigma_j^2"))
    assert not names_scales(parse(r"\mathrm{tr}(\Sigma_1)"))
