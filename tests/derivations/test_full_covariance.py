"""Full covariances: the form that people write is the theorem's; each slip in it is no proof."""

import pytest

from derivations.full_covariance import by_matrices
from derivations.latex import text
from derivations.parser import parse

LEFT = r"D_{KL}(\mathcal{N}(\mu_1,\Sigma_1)\|\mathcal{N}(\mu_2,\Sigma_2))"
TRACE = r"\operatorname{tr}(\Sigma_2^{-1}\Sigma_1)"
DISTANCE = r"(\mu_2-\mu_1)^\top\Sigma_2^{-1}(\mu_2-\mu_1)"
RATIO = r"\ln\frac{\det\Sigma_2}{\det\Sigma_1}"


def judged(right, left=LEFT):
    return by_matrices(parse(left), parse(right))


@pytest.mark.parametrize(
    "right",
    [
        rf"\frac12\left({TRACE} + {DISTANCE} - k + {RATIO}\right)",
        rf"\frac12\left[\log|\Sigma_2| - \log|\Sigma_1| - d + {DISTANCE} + \mathrm{{tr}}\{{\Sigma_1 \Sigma_2^{{-1}}\}}\right]",
        rf"\tfrac12 {TRACE} - \frac{{n}}{{2}} + \tfrac12 (\mu_1-\mu_2)^T\Sigma_2^{{-1}}(\mu_1-\mu_2) + \tfrac12 {RATIO}",
    ],
)
def test_the_form_of_the_field_is_proved_for_all_covariances(right):
    proof, taken = judged(right)
    assert "P for the second" in taken
    supposed = [text(h) for h in proof.theorem.hypotheses]
    assert any("A" in h for h in supposed)
    assert not any("sigma" in h for h in supposed)  # nothing is diagonal


@pytest.mark.parametrize(
    "right",
    [
        rf"\frac12\left({TRACE} + {DISTANCE} - k - {RATIO}\right)",
        rf"\frac12\left({TRACE} + {DISTANCE} + k + {RATIO}\right)",
        rf"\frac12\left({TRACE} - {DISTANCE} - k + {RATIO}\right)",
        rf"{TRACE} + {DISTANCE} - k + {RATIO}",
        rf"\frac12\left(\operatorname{{tr}}(\Sigma_1^{{-1}}\Sigma_2) + {DISTANCE} - k + {RATIO}\right)",
        rf"\frac12\left({TRACE} + (\mu_2-\mu_1)^\top\Sigma_1^{{-1}}(\mu_2-\mu_1) - k + {RATIO}\right)",
        rf"\frac12\left({TRACE} + (\mu_2-\mu_1)^\top\Sigma_2^{{-1}}(\mu_1-\mu_2) - k + {RATIO}\right)",
        rf"\frac12\left({TRACE} + (\mu_2+\mu_1)^\top\Sigma_2^{{-1}}(\mu_2+\mu_1) - k + {RATIO}\right)",
        rf"\frac12\left({TRACE} + {DISTANCE} - k + \ln\det\Sigma_2\right)",
        rf"\frac12\left(\operatorname{{tr}}(\Sigma_2^{{-1}}\Sigma_1\Sigma_1) + {DISTANCE} - k + {RATIO}\right)",
        # letters that the theorem has for something else
        rf"\frac12\left({TRACE} + {DISTANCE} - k + \ln c^2 - \ln\det\Sigma_1\right)",
        rf"\frac12\left(\alpha + {DISTANCE} - k + {RATIO}\right)",
        rf"\frac12\left({TRACE} + {DISTANCE} - k + {RATIO}\right) + \log a - \log a^2",
    ],
)
def test_a_slip_is_not_proved(right):
    assert judged(right) is None


def test_the_normals_have_to_be_two():
    right = rf"\frac12\left({TRACE} + {DISTANCE} - k + {RATIO}\right)"
    assert judged(right, LEFT.replace(r"\mu_2", r"\mu_1")) is None
    assert judged(right, LEFT.replace(r"\Sigma_2", r"\sigma_2^2")) is None
    assert judged(right, "2" + LEFT) is None


PRIOR = r"D_{KL}(\mathcal{N}(\mu,\Sigma)\|\mathcal{N}(0,I))"


@pytest.mark.parametrize(
    "right",
    [
        r"\frac12\left(\operatorname{tr}(\Sigma) + \mu^\top\mu - k - \log\det\Sigma\right)",
        r"\frac12\left(\operatorname{tr}\Sigma + \|\mu\|^2 - d - \ln|\Sigma|\right)",
    ],
)
def test_the_divergence_from_the_prior_is_proved_for_all_covariances(right):
    proof, taken = judged(right, PRIOR)
    assert "P" not in taken
    assert not any("sigma" in text(h) for h in proof.theorem.hypotheses)


@pytest.mark.parametrize(
    ("right", "left"),
    [
        (r"\frac12\left(\operatorname{tr}(\Sigma) + \mu^\top\mu - k + \log\det\Sigma\right)", PRIOR),
        (r"\frac12\left(\operatorname{tr}(\Sigma^{-1}) + \mu^\top\mu - k - \log\det\Sigma\right)", PRIOR),
        (r"\frac12\left(\operatorname{tr}(\Sigma) + \mu^\top\Sigma\mu - k - \log\det\Sigma\right)", PRIOR),
        (r"\frac12\left(\operatorname{tr}(\Sigma) + \mu^\top\nu - k - \log\det\Sigma\right)", PRIOR),
        (r"\frac12\left(\operatorname{tr}(\Sigma \Sigma) + \mu^\top\mu - k - \log\det\Sigma\right)", PRIOR),
        (r"\operatorname{tr}(\Sigma) + \mu^\top\mu - k - \log\det\Sigma", PRIOR),
        (
            r"\frac12\left(\operatorname{tr}(\Sigma) + \mu^\top\mu - k - \log\det\Sigma\right)",
            r"D_{KL}(\mathcal{N}(\mu,\Sigma)\|\mathcal{N}(0,2I))",
        ),
        (
            r"\frac12\left(\operatorname{tr}(\Sigma) + \mu^\top\mu - k - \log\det\Sigma\right)",
            r"D_{KL}(\mathcal{N}(0,I)\|\mathcal{N}(\mu,\Sigma))",
        ),
        (
            r"\frac12\left(\operatorname{tr}(\Sigma) + \mu^\top\mu - k - \log\det\Sigma\right)",
            r"D_{KL}(\mathcal{N}(\mu,\Sigma)\|\mathcal{N}(1,I))",
        ),
    ],
)
def test_a_slip_in_it_is_not_proved(right, left):
    assert judged(right, left) is None
