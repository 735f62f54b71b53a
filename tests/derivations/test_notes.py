"""Steps in the notations of lecture notes: each is proved, and its wrong twin is refuted."""

import pytest

from .judging import judge

WEIGHTS = r"Let $w_k = p(x, z_k) / q(z_k|x)$ where $z_1, \dots, z_K \sim q(z|x)$. "
MEAN = r"\mathbb{E}_{z_{1:K}}\left[\log \frac1K \sum_{k=1}^K w_k\right]"
LISTED = r"KL(N(\mu, \operatorname{diag}(\sigma_1^2, \dots, \sigma_D^2)) \| N(0, I)) = "
SPHERE = r"Let $q(z|x) = \mathcal{N}(z; \mu, \sigma^2 I)$. $KL(q(z|x) \| p(z)) = "
TWO = r"Let $q(z) = N(\mu_q, \sigma_q^2)$ and $p(z) = N(\mu_p, \sigma_p^2)$."
AVERAGE = r"\frac1L \sum_{l=1}^L p(x|z^{(l)})"
RATIO = r"\frac{p(z_k)}{q(z_k|x)}"
SCORE = r"\nabla_\phi \log q_\phi(z|x)"
PAIRS = {
    "Unicode": (
        "$\\log p(x) ≥ 𝔼_{q(z|x)}[\\log p(x|z)] − KL(q(z|x) ‖ p(z))$",
        "$\\log p(x) ≤ 𝔼_{q(z|x)}[\\log p(x|z)] − KL(q(z|x) ‖ p(z))$",
    ),
    "a Greek sum": (
        "$KL(q(z|x) ‖ p(z)) = −½ Σ_{j=1}^J (1 + \\log σⱼ² − μ_j² − σ_j²)$",
        "$KL(q(z|x) ‖ p(z)) = ½ Σ_{j=1}^J (1 + \\log σⱼ² − μ_j² − σ_j²)$",
    ),
    "draws in a range": (rf"{WEIGHTS}${MEAN} \le \log p(x)$", rf"{WEIGHTS}${MEAN} \ge \log p(x)$"),
    "the average of draws": (
        rf"{WEIGHTS}${MEAN} \ge E_{{q(z|x)}}[\log p(x,z) - \log q(z|x)]$",
        rf"{WEIGHTS}${MEAN} \le E_{{q(z|x)}}[\log p(x,z) - \log q(z|x)]$",
    ),
    "a diagonal in full": (
        rf"${LISTED} \frac12 \sum_{{i=1}}^D (\sigma_i^2 + \mu_i^2 - 1 - \log \sigma_i^2)$",
        rf"${LISTED} \frac12 \sum_{{i=1}}^D (\sigma_i^2 + \mu_i^2 - 1 - \log \sigma_i)$",
    ),
    "one variance": (
        rf"{SPHERE} \frac12 (d \sigma^2 + \|\mu\|^2 - d - d \log \sigma^2)$",
        rf"{SPHERE} \frac12 (\sigma^2 + \|\mu\|^2 - 1 - \log \sigma^2)$",
    ),
    "one label": (
        r"$KL(q(z|x) \| p(z)) = \frac12 (\mu_q^2 + \sigma_q^2 - 1 - \log \sigma_q^2)$",
        r"$KL(q(z|x) \| p(z)) = \frac12 (\mu_q^2 + \sigma_q^2 - 1 + \log \sigma_q^2)$",
    ),
    "one label of two": (
        rf"{TWO} $\int q(z) (z - \mu_q)^2 dz = \sigma_q^2$",
        rf"{TWO} $KL(q(z) \| p(z)) = \frac12 (\mu_q^2 + \sigma_q^2 - 1 - \log \sigma_q^2)$",
    ),
    "draws from the prior": (
        rf"$p(x) \approx {AVERAGE}, \quad z^{{(l)}} \sim p(z)$",
        rf"$p(x) \approx {AVERAGE}, \quad z^{{(l)}} \sim q(z|x)$",
    ),
    "draws in a sentence": (
        rf"Let $z^{{(l)}} \sim p(z)$. Then $$p(x) \approx {AVERAGE}$$",
        rf"Let $z^{{(l)}} \sim q(z|x)$. Then $$p(x) \approx {AVERAGE}$$",
    ),
    "draws from another law than the mean": (
        rf"$E_{{p(z)}}[p(x|z)] \approx {AVERAGE}, \quad z^{{(l)}} \sim p(z)$",
        rf"$E_{{q(z|x)}}[p(x|z)] \approx {AVERAGE}, \quad z^{{(l)}} \sim p(z)$",
    ),
    "the mean of weights": (
        r"$E[\frac1K \sum_{k=1}^K \frac{p(x,z_k)}{q(z_k|x)}] = p(x), \quad z_k \sim q(z|x)$",
        r"$E[\frac1K \sum_{k=1}^K \frac{p(x,z_k)}{q(z_k|x)}] = p(x), \quad z_k \sim p(z)$",
    ),
    "a mean whose law is beside it": (
        r"We have $E[\log p(x|z)] \le \log p(x)$ where $z \sim p(z)$.",
        r"We have $E[\log p(x|z)] \le \log p(x)$ where $z \sim p(z|x)$.",
    ),
    "a mean over the prior": (
        r"$$E[\log p(x|z)] \le \log p(x), \quad z \sim \mathcal{N}(0, I)$$",
        r"$$E[\log p(x|z)] \ge \log p(x), \quad z \sim \mathcal{N}(0, I)$$",
    ),
    "noise whose law is beside it": (
        r"$E_{q(z|x)}[f(z)] = E_\epsilon[f(\mu + \sigma \epsilon)], \quad \epsilon \sim \mathcal{N}(0, 1)$",
        r"$E_{q(z|x)}[f(z)] = E_\epsilon[f(\mu + \sigma^2 \epsilon)], \quad \epsilon \sim \mathcal{N}(0, 1)$",
    ),
    "a parameter with a prime": (
        r"$\log p_\theta(x) = E_{p_{\theta'}(z|x)}[\log p_\theta(x,z) - \log p_\theta(z|x)]$",
        r"$\log p_{\theta'}(x) = E_{q(z)}[\log p_\theta(x,z) - \log q(z)] + KL(q(z) \| p_{\theta'}(z|x))$",
    ),
    "two parameters": (
        r"$E_{q_\phi(z|x)}[\log q_{\phi'}(z|x)] \le E_{q_\phi(z|x)}[\log q_\phi(z|x)]$",
        r"$E_{q_\phi(z|x)}[\log q_{\phi'}(z|x)] \ge E_{q_\phi(z|x)}[\log q_\phi(z|x)]$",
    ),
    "the bound, averaged": (
        r"$E_{q(x)}[\mathcal{L}(x)] = -KL(q(x,z) \| p(x,z)) - H(q(x))$",
        r"$E_{q(x)}[\mathcal{L}(x)] = -KL(q(x,z) \| p(x,z)) + H(q(x))$",
    ),
    "integrals in either order": (
        r"$\int \int p(x,z) \log p(x) \, dx \, dz = \int p(x) \log p(x) \, dx$",
        r"$\int \int p(x,z) \log p(x) \, dx \, dz = \int p(z) \log p(z) \, dz$",
    ),
    "a mean as an iterated integral": (
        r"$E_{p(x)}[KL(q(z|x) \| p(z))] = \iint p(x) q(z|x) \log \frac{q(z|x)}{p(z)} \, dz \, dx$",
        r"$E_{p(x)}[KL(q(z|x) \| p(z))] = \iint p(x) q(z|x) \log \frac{p(z)}{q(z|x)} \, dz \, dx$",
    ),
    "and in the other order": (
        r"$E_{q(x)}[E_{q(z|x)}[\log p(x|z)]] = \iint q(x) q(z|x) \log p(x|z) \, dx \, dz$",
        r"$E_{q(x)}[E_{q(z|x)}[\log p(x|z)]] = \iint q(x) q(z) \log p(x|z) \, dx \, dz$",
    ),
    "an estimate with a ratio less one": (
        r"$KL(q(z|x) \| p(z)) \approx \frac1K \sum_{k=1}^K [r_k - 1 - \log r_k], \quad z_k \sim q(z|x)$".replace(
            "r_k", RATIO
        ),
        r"$KL(q(z|x) \| p(z)) \approx \frac1K \sum_{k=1}^K [r_k - 1 + \log r_k], \quad z_k \sim q(z|x)$".replace(
            "r_k", RATIO
        ),
    ),
    "the exponential of a difference of logarithms": (
        r"$E_{q(z|x)}[\exp(\log p(x,z) - \log q(z|x))] = p(x)$",
        r"$\exp(E_{q(z|x)}[\log p(x,z) - \log q(z|x)]) = p(x)$",
    ),
    "the gap of Jensen's inequality": (
        r"$\log E_{q(z|x)}[\frac{p(x,z)}{q(z|x)}] - E_{q(z|x)}[\log \frac{p(x,z)}{q(z|x)}] = KL(q(z|x) \| p(z|x))$",
        r"$\log E_{q(z|x)}[\frac{p(x,z)}{q(z|x)}] - E_{q(z|x)}[\log \frac{p(x,z)}{q(z|x)}] = KL(p(z|x) \| q(z|x))$",
    ),
    "entries of outputs": (
        r"$KL(q(z|x) \| p(z)) = \frac12 \sum_{j=1}^J (\mu_\phi(x)_j^2 + [\sigma_\phi(x)]_j^2 - 1 - \log \sigma_\phi(x)_{j}^2)$",
        r"$KL(q(z|x) \| p(z)) = \frac12 \sum_{j=1}^J (\mu_\phi(x)_j^2 + [\sigma_\phi(x)]_j^2 - 1 - \log \sigma_\phi(x)_{j})$",
    ),
    "an entry of a decoder": (
        r"$\log p_\theta(x|z) = -\frac{1}{2\sigma^2} \sum_{i=1}^D (x_i - f_\theta(z)_i)^2 - \frac D2 \log(2\pi\sigma^2)$",
        r"$\log p_\theta(x|z) = -\frac{1}{2\sigma^2} \sum_{i=1}^D (x_i - f_\theta(z)_i)^2 - \frac 12 \log(2\pi\sigma^2)$",
    ),
    "a summand on both sides": (
        r"$\log E_{q(z|x)}[p(x|z)] - KL(q(z|x) \| p(z)) \ge E_{q(z|x)}[\log p(x|z)] - KL(q(z|x) \| p(z))$",
        r"$\log E_{q(z|x)}[p(x|z)] - KL(q(z|x) \| p(z)) \ge E_{q(z|x)}[\log p(x|z)] - KL(p(z) \| q(z|x))$",
    ),
    "the tangent of the logarithm": (
        r"$\log \frac{q(x)}{p(x)} \ge 1 - \frac{p(x)}{q(x)}$",
        r"$\log \frac{q(x)}{p(x)} \le 1 - \frac{p(x)}{q(x)}$",
    ),
    "the gradient of an entropy": (
        rf"$\nabla_\phi H(q_\phi(z|x)) = -E_{{q_\phi(z|x)}}[\log q_\phi(z|x) {SCORE}]$",
        rf"$\nabla_\phi H(q_\phi(z|x)) = -E_{{q_\phi(z|x)}}[{SCORE}]$",
    ),
    "the score of a bound": (
        rf"$\nabla_\phi E_{{q_\phi(z|x)}}[\log p(z) - \log q_\phi(z|x)] = E_{{q_\phi(z|x)}}[(\log p(z) - \log q_\phi(z|x)) {SCORE}]$",
        rf"$\nabla_\phi E_{{q_\phi(z|x)}}[\log p(z) - \log q_\phi(z|x)] = E_{{q_\phi(z|x)}}[\log p(z) {SCORE}]$",
    ),
}


@pytest.mark.parametrize("what", PAIRS)
def test_a_step_and_its_wrong_twin(what):
    for text, verdict in zip(PAIRS[what], ("proved", "refuted"), strict=True):
        assert judge(text, "notes.md")[-1].verdict == verdict


@pytest.mark.parametrize("claim", [r"\log t \le t - 1", r"\log t \ge 1 - \frac1t", r"-\ln t \ge 1 - t"])
def test_the_logarithm_lies_below_its_tangent(claim):
    (judgement,) = judge(f"${claim}$")
    assert judgement.verdict == "proved"
    assert judgement.hypotheses == ("t > 0",)


@pytest.mark.parametrize(
    "claim", [r"\log t \ge t - 1", r"\log t \le 1 - \frac1t", r"\log t \le t - 2", r"\log t \le \frac t2"]
)
def test_no_other_line_is_its_tangent(claim):
    assert judge(f"${claim}$")[0].verdict != "proved"


@pytest.mark.parametrize(
    "listed",
    [
        r"\sigma_1^2, \dots, \tau_D^2",
        r"\sigma_1^2, \dots, \sigma_J^2",
        r"\sigma_2^2, \dots, \sigma_D^2",
        r"\sigma_1, \dots, \sigma_D",
    ],
)
def test_a_list_of_other_entries_is_no_diagonal(listed):
    text = (
        rf"KL(N(\mu, \diag({listed})) \| N(0, I)) = \frac12 \sum_{{i=1}}^D (\sigma_i^2 + \mu_i^2 - 1 - \log \sigma_i^2)"
    )
    assert judge(f"${text}$")[0].verdict != "proved"


def test_a_variance_that_the_text_has_not_is_no_number():
    (judgement,) = judge(r"$KL(q(z|x) \| p(z)) = \frac12 (d \sigma^2 + \|\mu\|^2 - d - d \log \sigma^2)$")
    assert judgement.verdict == "unparsed"


def test_a_sample_is_not_what_the_noise_is_averaged_beside():
    claim = r"$E_{q(z|x)}[f(z)] = E_{p(\epsilon)}[f(z)]$"
    assert judge(claim)[0].message == "z and epsilon, of which nothing says how they are related"
    for said in (r"\mu + \sigma \epsilon", r"\mu + \sigma^2 \epsilon"):
        assert judge(rf"Let $z = {said}$ with $\epsilon \sim N(0, I)$. Then {claim}")[-1].verdict == "undecided"


def test_a_parameter_that_cannot_be_read_is_no_error():
    (judgement,) = judge(r"$p_{\theta^{a^b}}(z|x; \theta^{a^b}) = p(z)$")
    assert judgement.verdict == "unparsed"


@pytest.mark.parametrize("over", [r"z_{1:\|T}", "z_{(}", "z_{1:}", "z_{=}"])
def test_a_differential_that_cannot_be_read_spoils_its_relation_alone(over):
    first, second = judge(rf"$$p(x) = \int p(x, z) \, d{over}$$ and $$\log p(x) = \log p(x)$$")
    assert (first.verdict, second.verdict) == ("unparsed", "proved")


@pytest.mark.parametrize(
    "said",
    [
        r"q(z|x) = \mathcal{N}(z; \mu, \sigma I)",
        r"q(z|x) = \mathcal{N}(z; \mu, \sigma^4 I)",
        r"q(z|x) = \mathcal{N}(z; \mu, 2\sigma^2 I)",
        r"q(z|x) = \mathcal{N}(z; \mu, \sigma^2 I / 2)",
        r"q(z|x) = \mathcal{N}(z; \mu, I + \sigma^2)",
        r"q(z|x) = \mathcal{N}(z; 0, \sigma^2 I)",
        r"q(x|z) = \mathcal{N}(x; \mu, \sigma^2 I)",
        r"p(x|z) = \mathcal{N}(x; \mu, \sigma^2 I)",
        r"q(z|x) = \mathcal{N}(z; \mu, \diag(\sigma^2))$ and $q(z) = \mathcal{N}(z; \mu, \sigma^2 I)",
    ],
)
def test_another_covariance_is_not_one_variance(said):
    claim = r"KL(q(z|x) \| p(z)) = \frac12 (d \sigma^2 + \|\mu\|^2 - d - d \log \sigma^2)"
    assert judge(f"Let ${said}$. ${claim}$")[-1].verdict not in ("proved", "refuted")


def test_one_label_beside_a_prior_that_the_text_has_with_another():
    claim = r"$KL(q(z) \| p(z)) = \frac12 (\mu_q^2 + \sigma_q^2 - 1 - \log \sigma_q^2)$"
    assert judge(f"Let $p(z) = N(0, 1)$. {claim}")[-1].verdict == "proved"
    assert judge(rf"Let $p(z) = N(\mu_p, \sigma_p^2)$. {claim}")[-1].verdict == "refuted"


@pytest.mark.parametrize("other", [r"\theta''", r"\theta_{prime}", r"\theta_{\text{prime}}", r"\theta"])
def test_a_prime_is_no_other_label(other):
    assert judge(r"$p_{\theta'}(x) = p_{\theta'}(x)$")[0].verdict == "proved"
    assert judge(rf"$p_{{\theta'}}(x) = p_{{{other}}}(x)$")[0].verdict != "proved"
