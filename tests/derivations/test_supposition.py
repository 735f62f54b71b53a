"""What a relation means under the conventions of the field, and that each of them is said."""

import pytest

from derivations.parser import parse
from derivations.surroundings import Surroundings
from derivations.understanding import meanings

from .judging import judge

KL = r"KL(q(z|x)\|p(z))"


def found(left, right):
    return list(meanings((parse(left), parse(right)), Surroundings()))


def last(text):
    return judge(text, "notes.md")[-1]


def test_parameters_make_the_densities_normal_and_nothing_else_does():
    assert any(m.convention for m in found(KL, r"\sum_j \mu_j^2"))
    assert not any(m.convention for m in found(KL, r"E_{q(z|x)}[\log q(z|x)]"))


@pytest.mark.parametrize(("sign", "verdict"), [("+", "proved"), ("-", "refuted")])
def test_the_law_of_the_data_is_that_of_the_aggregate(sign, verdict):
    law = r"$$q(z) = \int p_{data}(x) q(z|x) dx$$ "
    text = law + rf"$$E_{{p_{{data}}(x)}}[{KL}] = I_q(x;z) {sign} KL(q(z)\|p(z))$$"
    assert last(text).verdict == verdict


@pytest.mark.parametrize(("closed", "verdict"), [(r"-\frac12 \sum_j", "proved"), (r"\frac12 \sum_j", "refuted")])
def test_the_convention_is_said(closed, verdict):
    judged = last(rf"$${KL} = {closed} (1 + \log\sigma_j^2 - \mu_j^2 - \sigma_j^2)$$")
    assert judged.verdict == verdict
    assert "N(mu" in " ".join((*judged.hypotheses, judged.counterexample or ""))
