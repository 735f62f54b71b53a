"""The proofreader on relations as people write them: what is true is proved, what is false is refuted, nothing is guessed."""

import pytest

from derivations.manuscript import ManuscriptError

from .judging import judge


def verdict(formula):
    (judgement,) = judge(f"\\[ {formula} \\]")
    return judgement.verdict


TRUE = [
    r"\log p(x) = \log \int p(x,z)\,dz",
    r"p(x) = \int p(x|z) p(z) \mathrm{d}z",
    r"p(x) = \int_z p_\theta(x, z) \, d\mathbf{z}",
    r"p(z|x) = \frac{p(x|z)p(z)}{p(x)}",
    r"p(z \mid x) = {p(x \vert z) p(z) \over p(x)}",
    r"\log p(x,z) = \log p(x|z) + \log p(z)",
    r"\log\frac{p(x,z)}{q(z|x)} = \log p(x|z) + \log p(z) - \log q(z|x)",
    r"\log p(x) = \mathbb{E}_{z\sim q_\phi(z|x)}[\log p(x)]",
    r"\log p(x) = E_{q}\left[\log \frac{p(x|z) p(z)}{p(z|x)}\right]",
    r"\log p(x) = \mathbb{E}_q[\log p(x|z)] - D_{KL}(q(z|x)\|p(z)) + D_{KL}(q(z|x)\|p(z|x))",
    r"\log p(x) - \mathrm{KL}[q(z|x)||p(z|x)] = \mathbb{E}_q[\log p(x|z)] - \mathrm{KL}[q(z|x)||p(z)]",
    r"\log p(x) \geq \mathbb{E}_{q(z|x)}[\log p(x|z)] - D_{\mathrm{KL}}(q(z|x) \,\|\, p(z))",
    r"\mathbb{E}_{q(z|x)}[\log p(x|z)] - D_{KL}(q(z|x)\parallel p(z)) \le \log p(x)",
    r"\log \mathbb{E}_{q(z|x)}\left[\frac{p(x,z)}{q(z|x)}\right] \geqslant \mathbb{E}_{q(z|x)}\left[\log\frac{p(x,z)}{q(z|x)}\right]",
    r"\log p(X) \ge \mathbb{E}_{Z \sim q(Z|X)}\left[ \log \frac{p(X,Z)}{q(Z|X)} \right]",
    r"D_{KL}(q(z|x) \| p(z)) \ge 0",
    r"\text{KL}(q \parallel p) \geq 0",
    r"D_{KL}(q\|p) = \mathbb{E}_q\left[\log\frac{q(z|x)}{p(z)}\right]",
    r"\mathbb{D}_\text{KL}(q(z)\|p(z)) = \int q(z) \log\frac{q(z)}{p(z)} dz",
    r"D(q(z)\|p(z)) = \langle \log q(z) - \log p(z) \rangle_{q(z)}",
    r"KL(q\|p) = -\int q(z) \log \frac{p(z)}{q(z)} \, dz",
    r"\mathbb{E}_{q(z|x)}\log\frac{p(x,z)}{q(z|x)} = \mathbb{E}_{q(z|x)}[\log p(x,z)] - \mathbb{E}_{q(z|x)}[\log q(z|x)]",
    r"\mathbb{E}_{q(z|x)}[\log p(x,z) - \log q(z|x)] = \mathbb{E}_{q(z|x)}[\log p(x|z)] - KL(q(z|x)||p(z))",
    r"D_{KL}(q(z|x)\|p(z)) = -\frac{1}{2}\sum_{j=1}^{J}\left(1+\log\sigma_j^2-\mu_j^2-\sigma_j^2\right)",
    r"-D_{KL} = \tfrac12 \sum_j (1 + \log (\sigma_j)^2 - (\mu_j)^2 - (\sigma_j)^2)",
    r"-D_{KL}(q(z|x)\|p(z)) = \frac12 \sum_{j=1}^J (1 + \log \sigma^2_{\phi,j}(x) - \mu^2_{\phi,j}(x) - \sigma^2_{\phi,j}(x))",
    r"D_{KL} = \frac12\sum_{j}\left(e^{v_j} + \mu_j^2 - 1 - v_j\right)",
    r"KL(\mathcal{N}(\mu,\sigma^2)\|\mathcal{N}(0,1)) = \frac{\mu^2+\sigma^2-1}{2} - \ln \sigma",
    r"KL(N(\mu,\sigma^2) \| N(0,1)) = -\frac12(1 + \log \sigma^2 - \mu^2 - \sigma^2)",
    r"\mathrm{KL}(\mathcal N(\mu_1, \sigma_1^2)\|\mathcal N(\mu_2,\sigma_2^2)) = \log\frac{\sigma_2}{\sigma_1} + \frac{\sigma_1^2 + (\mu_1-\mu_2)^2}{2\sigma_2^2} - \frac12",
    r"\int \mathcal{N}(z;\mu,\Sigma)\log\mathcal{N}(z;0,I)\,dz = -\frac{J}{2}\log 2\pi - \frac12\sum_{j=1}^J(\mu_j^2+\sigma_j^2)",
    r"\int \mathcal{N}(z;\mu,\sigma^2)\log\mathcal{N}(z;\mu,\sigma^2)\,dz = -\frac{J}{2}\log(2\pi) - \frac12\sum_{j=1}^J(1+\log\sigma_j^2)",
    r"\sum_{j=1}^J (\log \sigma_j^2 + 1) = J + 2 \sum_{j=1}^J \log \sigma_j",
]
FALSE = [
    r"\log p(x) = \mathbb{E}_q[\log p(x|z)] - D_{KL}(q(z|x)\|p(z))",
    r"\log p(x) = \mathbb{E}_q[\log p(x|z)] + D_{KL}(q(z|x)\|p(z)) + D_{KL}(q(z|x)\|p(z|x))",
    r"\log p(x) = \mathbb{E}_q[\log p(x|z)] - D_{KL}(q(z|x)\|p(z)) - D_{KL}(q(z|x)\|p(z|x))",
    r"\log p(x) = \mathbb{E}_q[\log p(x|z)] - D_{KL}(p(z)\|q(z|x)) + D_{KL}(q(z|x)\|p(z|x))",
    r"\log p(x) \le \mathbb{E}_{q(z|x)}[\log p(x|z)] - D_{KL}(q(z|x)\|p(z))",
    r"\log p(x) \ge \mathbb{E}_{q(z|x)}[\log p(x|z)] + D_{KL}(q(z|x)\|p(z))",
    r"\log p(x,z) = \log p(x|z) - \log p(z)",
    r"\log p(x,z) = p(x|z) + \log p(z)",
    r"p(z|x) = \frac{p(z|x)p(z)}{p(x)}",
    r"p(x) = \int p(x|z) \, dz",
    r"\mathbb{E}_{q(z|x)}\left[\log\frac{p(x,z)}{q(z|x)}\right] = \mathbb{E}_{q(z|x)}[\log p(x,z)] + \mathbb{E}_{q(z|x)}[\log q(z|x)]",
    r"D_{KL}(q\|p) = \mathbb{E}_q\left[\log\frac{p(z)}{q(z|x)}\right]",
    r"D_{KL}(q(z|x)\|p(z)) = D_{KL}(p(z)\|q(z|x))",
    r"D_{KL}(q(z|x) \| p(z)) \le 0",
    r"\mathbb{D}_\text{KL}(q(z)\|p(z)) = \int p(z) \log\frac{q(z)}{p(z)} dz",
    r"D_{KL}(q(z|x)\|p(z)) = \frac{1}{2}\sum_{j=1}^{J}\left(1+\log\sigma_j^2-\mu_j^2-\sigma_j^2\right)",
    r"D_{KL}(q(z|x)\|p(z)) = -\sum_{j=1}^{J}\left(1+\log\sigma_j^2-\mu_j^2-\sigma_j^2\right)",
    r"D_{KL}(q(z|x)\|p(z)) = -\frac{1}{2}\sum_{j=1}^{J}\left(1+\log\sigma_j-\mu_j^2-\sigma_j^2\right)",
    r"D_{KL}(q(z|x)\|p(z)) = -\frac{1}{2}\sum_{j=1}^{J}\left(1+\log\sigma_j^2-\mu_j^2-\sigma_j\right)",
    r"D_{KL}(q(z|x)\|p(z)) = -\frac{1}{2}\sum_{j=1}^{J}\left(1+\sigma_j^2-\mu_j^2-\sigma_j^2\right)",
    r"D_{KL}(q(z|x)\|p(z)) = -\frac{1}{2}\sum_{j=1}^{J}\left(\log\sigma_j^2-\mu_j^2-\sigma_j^2\right)",
    r"KL(N(\mu,\sigma^2)\|N(0,1)) = \frac12(\mu^2+\sigma^2-1) + \log\sigma",
    r"\mathrm{KL}(\mathcal N(\mu_1, \sigma_1^2)\|\mathcal N(\mu_2,\sigma_2^2)) = \log\frac{\sigma_1}{\sigma_2} + \frac{\sigma_1^2 + (\mu_1-\mu_2)^2}{2\sigma_2^2} - \frac12",
    r"\int \mathcal{N}(z;\mu,\Sigma)\log\mathcal{N}(z;0,I)\,dz = -\frac{J}{2}\log 2\pi + \frac12\sum_{j=1}^J(\mu_j^2+\sigma_j^2)",
    r"\sum_{j=1}^J (\log \sigma_j^2 + 1) = 1 + 2 \sum_{j=1}^J \log \sigma_j",
]
# the sides differ only in what a careless reader leaves away: to prove one of these would be to misread it
CONFUSABLE = [
    r"D_{KL}(q_\phi(z)\|q_\psi(z)) = 0",
    r"D_{KL}(q(z|x)\|p(x)) \ge 0",
    r"D_{KL}(q(x|z)\|p(z)) \ge 0",
    r"D_{KL}(q(x,z)\|p(z)) \ge 0",
    r"\mathbb{E}_{q(x,z)}[\log p(z)] = \mathbb{E}_{q(z|x)}[\log p(z)]",
    r"p_\theta(x) = p_{\theta'}(x)",
    r"p_{\theta_{old}}(x) = p_\theta(x)",
    r"\log p(x|\theta) = \log p(x|\phi)",
    r"\log_2 p(x) = \ln p(x)",
    r"p(x^{(i)}) = p(x^{(j)})",
    r"p(X) = p(x)",
    r"P(x) = p(x)",
    r"\hat{p}(x) = p(x)",
    r"q^*(z) = q(z)",
    r"p(x') = p(x)",
    r"\int_0^1 q(z) dz = \int q(z) dz",
    r"D_\alpha(q(z)\|p(z)) = D_{KL}(q(z)\|p(z))",
    r"D_{KL}^{2}(q(z)\|p(z)) = D_{KL}(q(z)\|p(z))",
    r"\mathbb{E}^2_{q(z)}[\log p(z)] = \mathbb{E}_{q(z)}[\log p(z)]",
    r"KL(N(\mu_1,\sigma_1^2)\|N(\mu_2,\sigma_2^2)) = 0",
    r"KL(N(\mu,\Sigma_1)\|N(\mu,\Sigma_2)) = 0",
    r"\mathcal{L}_{1}(x) = \mathcal{L}(x)",
    r"\mathcal{L}(x) = \mathcal{L}(y)",
    r"\mu_j(x) = \mu_j(y)",
    r"\mu_{\phi,j} = \mu_{\theta,j}",
    r"\mathrm{Var}(z) = V a r(z)",
    r"\mathbb{E}_{q_\phi(z)}[\log p(z)] = \mathbb{E}_{q_\psi(z)}[\log p(z)]",
    r"\frac{1}{L}\sum_{l=1}^L \log p(x, z^{(l)}) = \log p(x, z)",
    r"\sigma_j^{(1)} = \sigma_j^{(2)}",
    r"|\log p(x)| = \log p(x)",
    r"\mathbb{E}_{q(z)}[\log p(z) | x] = \mathbb{E}_{q(z)}[\log p(z)]",
]


@pytest.mark.parametrize("formula", TRUE)
def test_what_is_true_is_proved(formula):
    assert verdict(formula) == "proved"


@pytest.mark.parametrize("formula", FALSE)
def test_what_is_false_is_refuted(formula):
    (judgement,) = judge(f"\\[ {formula} \\]")
    assert judgement.verdict == "refuted"
    assert judgement.counterexample
    assert "the sides are" in judgement.message


@pytest.mark.parametrize("formula", CONFUSABLE)
def test_what_differs_in_a_label_is_not_proved(formula):
    assert verdict(formula) in ("undecided", "unparsed", "refuted")


CHOICES = [
    r"\beta = 4",
    r"J = 2",
    r"z = \mu + \sigma \epsilon",
    r"\log p(x) = \mathbb{E}_q[\log p(x|z)] + C",
    r"p(z) = \mathcal{N}(z; 0, I)",
    r"q(z|x) = \mathcal{N}(z; \mu, \sigma^2)",
    r"\sigma^2 = e^{v}",
    r"\mathcal{L} = \mathbb{E}_q[\log p(x|z)] + D_{KL}(q(z|x)\|p(z))",
]


@pytest.mark.parametrize("formula", CHOICES)
def test_a_choice_or_a_definition_is_not_refuted(formula):
    assert verdict(formula) in ("undecided", "unparsed")


def test_a_definition_holds_for_the_rest_of_the_file():
    text = r"""
\[ \mathcal{L}(\theta,\phi;x) := \mathbb{E}_{q(z|x)}[\log p(x|z)] - D_{KL}(q(z|x)\|p(z)) \]
\[ \log p(x) = \mathcal{L}(\theta,\phi;x) + D_{KL}(q(z|x)\|p(z|x)) \ge \mathcal{L}(\theta,\phi;x) \]
\[ \log p(x) = \mathcal{L}(\theta,\phi;x) \]
"""
    assert [j.verdict for j in judge(text)] == ["proved", "proved", "proved", "refuted"]


def test_a_chain_names_its_law_once():
    text = r"""\begin{align}
\log p(x) &= \mathbb{E}_{z\sim q(z|x)}[\log p(x)] \\
 &= \mathbb{E}_{z}\left[\log\frac{p(x|z)p(z)}{p(z|x)}\right] \\
 &= \mathbb{E}_{z}[\log p(x|z)] - \mathbb{E}_z\left[\log\frac{p(z|x)}{p(z)}\right]
\end{align}"""
    assert [(j.verdict, j.line, j.index) for j in judge(text)] == [("proved", 2, 0), ("proved", 3, 1), ("proved", 4, 2)]


def test_the_wrong_index_of_a_sum_is_found():
    text = r"\[ \sum_{j=1}^J (\log\sigma_j^2 + 1) = \sum_{i=1}^J (\log\sigma_j^2 + 1) \]"
    assert [j.verdict for j in judge(text)] == ["refuted"]


def test_the_convention_that_is_used_is_printed():
    (judgement,) = judge(r"\[ D_{KL}(q(z|x)\|p(z)) = -\frac12\sum_{j=1}^J(1+\log\sigma_j^2-\mu_j^2-\sigma_j^2) \]")
    assert judgement.hypotheses[0] == "q = N(mu, diag(sigma^2)), p(z) = N(0, I)"


def test_what_cannot_be_read_says_why():
    (judgement,) = judge(r"\[ \log p(x) = \heartsuit(x) \]")
    assert judgement.verdict == "unparsed"
    assert "heartsuit" in judgement.message


def test_the_same_text_gives_the_same_judgements():
    text = "\n".join(rf"\[ {formula} \]" for formula in (*TRUE[:6], *FALSE[:6]))
    assert judge(text) == judge(text)


CLOSED = r"\[ D_{KL}(q(z|x)\|p(z)) = \frac12\sum_{j=1}^J\left(\frac{\sigma_j^2 + \mu_j^2}{\tau_j^2} - 1 - \log\frac{\sigma_j^2}{\tau_j^2}\right) \]"


def test_a_comment_sets_the_convention():
    said = "% elbocheck: q(z|x) = N(z; \\mu, \\diag \\sigma^2), p(z) = N(0, \\tau^2)\n"
    (without,), (judgement,) = judge(CLOSED), judge(said + CLOSED)
    assert without.verdict != "proved"
    assert judgement.verdict == "proved"
    assert judgement.hypotheses[0] == r"q(z|x) = N(z; \mu, \diag \sigma^2), p(z) = N(0, \tau^2)"


def test_a_comment_that_cannot_be_used_is_named():
    with pytest.raises(ManuscriptError, match=r"notes\.tex, line 2: cannot use 'q is normal'"):
        judge("text\n% elbocheck: q is normal\n")


FACTORISED = r"\[ KL(q(z_1, z_2|x)\|p(z_1, z_2)) = KL(q(z_1|x)\|p(z_1)) + KL(q(z_2|x)\|p(z_2)) \]"


def test_what_holds_by_a_supposed_independence_is_not_refuted():
    said = r"\[ q(z_1, z_2|x) = q(z_1|x) q(z_2|x) \]" + "\n"
    (without,), (supposed, judgement) = judge(FACTORISED), judge(said + FACTORISED)
    assert without.verdict == "refuted"
    assert supposed.verdict == judgement.verdict == "undecided"
    assert "independence" in judgement.message


@pytest.mark.parametrize(
    "formula",
    [
        r"\log\mathbb{E}[X] = \mathbb{E}[\log X]",
        r"\mathbb{E}_q[X] = X",
        r"\mathbb{E}[\log p(x)] = \log p(x)",
        r"\log p(x) = \mathbb{E}_{z_1,\ldots,z_K\sim q(z|x)}[\log\frac1K\sum_{k=1}^K \frac{p(x,z_k)}{q(z_k|x)}]",
        r"KL(N(\mu, \sigma^2 I)\|N(0,I)) = \frac12(\|\mu\|^2 + \sigma^2 - 1 - \log\sigma^2)",
        r"\mathcal{L} \ge \log p(x)",
        r"\text{ELBO} := \mathbb{E}_q[\log p(x|z)] + KL(q(z|x)\|p(z))",
        r"\mathbb{E}_{q(z)}[\log p(z)] \approx \sum_{l=1}^L \log p(z^{(l)})",
        r"q(z|x) \propto q(x|z)",
        r"\mathbb{1}[z] = 1",
    ],
)
def test_these_are_not_proved(formula):
    assert verdict(formula) != "proved"


@pytest.mark.parametrize(
    "formula",
    [
        r"\log p(x) \approx \log\frac1K\sum_{k=1}^K \frac{p(x,z_k)}{q(z_k|x)}",
        r"q(z|x) = p(z|x)",
        r"H(q) \ge 0",
        r"\sum_z q(z) \log q(z) \le 0",
        r"KL(q(z|x)\|p(z|x)) = 0",
        r"\mathcal{L} = -\mathbb{E}_q[\log p(x|z)] + KL(q(z|x)\|p(z))",
        r"\mathcal{L} = \mathbb{E}_q[\log p(x|z)] - \beta KL(q(z|x)\|p(z))",
        r"p(x) \approx \frac1n \sum_i p(x|z_i)",
        r"\nabla_\theta \mathcal{L} = \mathbb{E}_{q_\phi(z|x)}[\nabla_\theta \log p_\theta(x,z)]",
    ],
)
def test_these_are_not_refuted(formula):
    assert verdict(formula) != "refuted"


@pytest.mark.parametrize(
    "formula",
    [
        r"\nabla_\phi \log p(x;\phi) = 2\nabla_\phi \log p(x;\phi)",
        r"\nabla_\phi \log p_r(x;\phi) = 2\nabla_\phi \log p_r(x;\phi)",
        r"\nabla_\theta \log q(z|x,\theta) = 2\nabla_\theta \log q(z|x,\theta)",
        r"\frac{\partial}{\partial\phi} \log p(x|\phi) = 2\frac{\partial}{\partial\phi} \log p(x|\phi)",
        r"\nabla_\theta \log p_{\theta,1}(x) = 2\nabla_\theta \log p_{\theta,1}(x)",
        r"\nabla_\phi E_{q_\phi}[f(z)] = E_{q_\phi}[\nabla_\phi f(z)]",
        (
            r"\frac{\partial}{\partial\theta} E_{q(z|x)}[\log p_{xz}(\theta, x, z)] ="
            r" E_{q(z|x)}[(\frac{\partial}{\partial\theta} \log p_{xz}(\theta, x, z))^2]"
        ),
    ],
)
def test_a_density_of_the_parameter_is_not_constant_in_it(formula):
    assert verdict(formula) in ("refuted", "unparsed")


def test_a_law_without_arguments_depends_on_its_parameter():
    step = r"\nabla_\phi E_{q_\phi}[\log p_\theta(x,z) - \log q_\phi(z|x)] = "
    right = r"E_{q_\phi}[(\log p_\theta(x,z) - \log q_\phi(z|x))\nabla_\phi\log q_\phi(z|x)]"
    assert verdict(step + right) != "refuted"
    assert verdict(r"\nabla_\phi E_{q_\phi}[f(z)] = E_{q_\phi}[f(z)\nabla_\phi\log q_\phi(z|x)]") == "proved"


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"I(x;z) = \mathbb{E}_{p(x)}[D_{KL}(p(z|x)\|p(z))]", "proved"),
        (r"I(x;z) = \mathbb{E}_{p(x,z)}\left[\log\frac{p(z|x)}{p(z)}\right]", "proved"),
        (r"I(x;z) = \mathbb{E}_{q(x)}[D_{KL}(q(z|x)\|q(z))]", "proved"),
        (r"I(x;z) = \mathbb{E}_{p(x)}[D_{KL}(p(z)\|p(z|x))]", "refuted"),
        (r"I(x;z) = \mathbb{E}_{p(x,z)}\left[\log\frac{p(x|z)}{p(z)}\right]", "refuted"),
    ],
)
def test_a_mutual_information_is_under_the_law_beside_it(formula, expected):
    assert verdict(formula) == expected


@pytest.mark.parametrize("sign", ["+", "-"])
def test_the_law_of_the_data_may_be_that_of_the_aggregate(sign):
    left = r"\mathbb{E}_{p_{data}(x)}[D_{KL}(q(z|x)\|p(z))] = I_q(x;z)"
    (judgement,) = judge(rf"\[ {left} {sign} D_{{KL}}(q(z)\|p(z)) \]")
    assert judgement.verdict == ("proved" if sign == "+" else "refuted")
    assert sign == "-" or "q(x) is p_data(x)" in judgement.hypotheses


def test_conditions_in_a_circle_are_no_independence():
    assert [j.verdict for j in judge(r"\[ p(x,z) = p(x|z) p(z|x) \] \[ p(z|x) = \frac{p(x|z) p(x)}{p(z)} \]")] == [
        "refuted"
    ] * 2
    assert verdict(r"p(x,z_1,z_2) = p(x|z_1) p(z_1|z_2) p(z_2)") == "undecided"


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\sum_{t=1}^T \log p(x_{t-1}|x_t) = T \log p(x_{t-1}|x_t)", "unparsed"),
        (r"\sum_{t=1}^T \mu_t = T \mu_t", "unparsed"),
        (r"\sum_{i=1}^N \log p_i(x) = N \log p_i(x)", "unparsed"),
        (r"\sum_{t=1}^T \mu = T \mu", "proved"),
    ],
)
def test_a_label_that_moves_with_a_sum_is_no_name(formula, expected):
    assert verdict(formula) == expected


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\mathbb{E}_{z\sim q(x,z)}[\log q(x,z)] = \mathbb{E}_{q(x,z)}[\log q(x,z)]", "unparsed"),
        (r"\mathbb{E}_{x,z\sim q(x,z)}[\log q(x,z)] = \mathbb{E}_{q(x,z)}[\log q(x,z)]", "proved"),
        (r"\mathbb{E}_{(x,z)\sim q(x,z)}[\log q(x,z)] = \mathbb{E}_{q(x)q(z|x)}[\log q(x,z)]", "proved"),
        (r"\mathbb{E}_{(x,z)\sim q(x,z)}[\log q(x,z)] = \mathbb{E}_{q(x)q(z)}[\log q(x,z)]", "refuted"),
    ],
)
def test_a_law_is_of_the_variables_that_are_named(formula, expected):
    assert verdict(formula) == expected


SUMMED = r"KL(\mathcal{N}(\mu,\mathrm{diag}(\sigma^2))\|\mathcal{N}(0,I)) = "


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (SUMMED + r"\sum_{j=1}^J KL(\mathcal{N}(\mu_j,\sigma_j^2)\|\mathcal{N}(0,1))", "proved"),
        (SUMMED + r"2\sum_{j=1}^J KL(\mathcal{N}(\mu_j,\sigma_j^2)\|\mathcal{N}(0,1))", "refuted"),
        (
            r"KL(\mathcal{N}(\mu_j,\sigma_j^2)\|\mathcal{N}(0,1)) = \frac12(\mu_j^2+\sigma_j^2-1-\log\sigma_j^2)",
            "proved",
        ),
        (
            r"KL(\mathcal{N}(\mu_j,\sigma_j^2)\|\mathcal{N}(0,1)) = \frac12(\mu_j^2+\sigma_j^2-1+\log\sigma_j^2)",
            "refuted",
        ),
        (r"\log\mathcal{N}(z;\mu,\sigma^2) = \sum_{j=1}^J \log\mathcal{N}(z_j;\mu_j,\sigma_j^2)", "proved"),
        (r"\log\mathcal{N}(z;\mu,\sigma^2) = \frac1J\sum_{j=1}^J \log\mathcal{N}(z_j;\mu_j,\sigma_j^2)", "refuted"),
        (r"\mathcal{N}(z;0,I) = \prod_{j=1}^J\mathcal{N}(z_j;0,1)", "proved"),
        (r"\mathcal{N}(z;0,I) = \sum_{j=1}^J\mathcal{N}(z_j;0,1)", "refuted"),
    ],
)
def test_a_normal_of_one_entry_has_one_dimension(formula, expected):
    assert verdict(formula) == expected


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"KL(p_{data}\|p_\theta) = \mathbb{E}_{x\sim p_{data}}[\log p_{data}(x) - \log p_\theta(x)]", "proved"),
        (r"KL(p_{data}\|p_\theta) = \mathbb{E}_{x\sim p_{data}}[\log p_\theta(x) - \log p_{data}(x)]", "refuted"),
        (r"\mathbb{E}_{\hat p(x)}[\log p(x)] \le -H(\hat p)", "proved"),
        (r"\mathbb{E}_{\hat p(x)}[\log p(x)] \ge -H(\hat p)", "refuted"),
        (r"KL(p^*(x)\|p(x)) \ge 0", "proved"),
    ],
)
def test_the_law_of_the_data_is_one_of_x(formula, expected):
    assert verdict(formula) == expected


@pytest.mark.parametrize("relation", ["<", ">"])
def test_a_strict_inequality_is_refuted_or_undecided(relation):
    (judgement,) = judge(rf"\[ \log p(x) {relation} \mathbb{{E}}_{{q(z|x)}}[\log\frac{{p(x,z)}}{{q(z|x)}}] \]")
    assert judgement.verdict == ("refuted" if relation == "<" else "undecided")
    assert relation == "<" or "whether the sides may be equal" in judgement.message
    assert judgement.relation == relation


def test_an_entropy_of_variables_is_a_mean_or_at_what_is_given():
    assert verdict(r"H(z|x) = -\mathbb{E}_{p(x,z)}[\log p(z|x)]") == "proved"
    (judgement,) = judge(r"\[ \mathrm{ELBO} = \mathbb{E}_{q(z|x)}[\log p(x,z)] + H(z|x) \]")
    assert judgement.verdict == "proved"
    assert "H(.|.) is at a given condition" in judgement.hypotheses
    assert verdict(r"\mathrm{ELBO} = \mathbb{E}_{q(z|x)}[\log p(x,z)] - H(z|x)") == "refuted"


@pytest.mark.parametrize(("scale", "expected"), [(r"\sigma", "proved"), (r"\sigma^2", "refuted")])
def test_the_noise_is_standard(scale, expected):
    left = r"\mathbb{E}_{q_\phi(z|x)}[f(z)] = "
    (judgement,) = judge(rf"\[ {left} \mathbb{{E}}_{{p(\epsilon)}}[f(\mu + {scale}\odot\epsilon)] \]")
    assert judgement.verdict == expected
    said = judgement.hypotheses[0] if expected == "proved" else judgement.counterexample
    assert "p(epsilon) = N(0, I)" in said


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\mathbb{E}_{q}[(z_j-\mu_j)^2] = \sigma_j^2", "proved"),
        (r"\mathbb{E}_{q}[(z_j-\mu_j)^2] = \sigma_j", "refuted"),
        (
            r"\log\mathcal{N}(z_j;\mu_j,\sigma_j^2) = -\frac12\log(2\pi\sigma_j^2) - \frac{(z_j-\mu_j)^2}{2\sigma_j^2}",
            "proved",
        ),
        (
            r"\log\mathcal{N}(z_j;\mu_j,\sigma_j^2) = -\frac12\log(2\pi\sigma_j) - \frac{(z_j-\mu_j)^2}{2\sigma_j^2}",
            "refuted",
        ),
        (r"\|z-\mu\|^2 = \sum_j (z_j-\mu_j)^2", "proved"),
    ],
)
def test_the_square_of_an_entry_is_no_squared_norm(formula, expected):
    assert verdict(formula) == expected


def test_a_bound_is_of_the_data_that_it_names():
    text = r"""\[ \log p(x) \ge \mathcal{L}(x) \]
\[ \log p(x) \ge \mathcal{L}(x, y) \]"""
    assert [j.verdict for j in judge(text)] == ["proved", "unparsed"]


def test_a_law_is_no_number():
    (judgement,) = judge(r"\[ \mathcal{N}(\mu,\sigma^2) = \mu + \sigma\mathcal{N}(0,1) \]")
    assert (judgement.verdict, judgement.message) == ("undecided", "a normal law is no number")
    assert verdict(r"2\mathcal{N}(z;\mu,\sigma^2) = \mathcal{N}(z;\mu,\sigma^2)") == "refuted"


def test_a_power_of_a_density_is_read():
    assert verdict(r"p(x)^2 = p(x) p(x)") == "proved"
    assert verdict(r"\log p(x)^2 = 3\log p(x)") == "refuted"


def test_p_may_be_the_law_of_the_data_or_the_model():
    (judgement,) = judge(r"\[ \mathbb{E}_{p(x)}[\mathbb{E}_{q(z|x)}[\log p(z)]] = \mathbb{E}_{q(z)}[\log p(z)] \]")
    assert judgement.verdict == "undecided"
    assert judgement.message == "it holds if q(x) is p(x), of which nothing is said"
    assert verdict(r"\mathbb{E}_{p(x)}[\mathbb{E}_{q(z|x)}[\log p(z)]] = 2\mathbb{E}_{q(z)}[\log p(z)]") == "refuted"


@pytest.mark.parametrize(
    "formula",
    [
        r"\beta \mathbb{E}_{q(z|x)}[\log p(z)] = \beta \mathbb{E}_{q(z)}[\log p(z)]",
        r"\mathbb{E}_{q(z|x)}[\log p(z)] - \mu = \mathbb{E}_{q(z)}[\log p(z)] - \mu",
    ],
)
def test_a_marginal_is_not_the_normal_density_of_the_conditional(formula):
    assert verdict(formula) == "refuted"


def test_a_wrong_equation_for_the_bound_does_not_define_it():
    wrong = r"\[ \mathcal{L} = \log p(x) - KL(q(z|x)\|p(z)) \]"
    right = r"\[ \mathcal{L} = \mathbb{E}_q[\log p(x|z)] - KL(q(z|x)\|p(z)) \]"
    assert [j.verdict for j in judge(wrong + right)] == ["refuted", "proved"]
    defined = wrong.replace("=", ":=", 1)
    assert [j.verdict for j in judge(defined + right)] == ["proved", "refuted"]


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"E_{q_\phi(z)}[\nabla_\phi\log q_\phi(z)] = 0", "proved"),
        (r"0 = E_{q_\phi(z|x)}[\nabla_\phi\log q_\phi(z|x)]", "proved"),
        (r"\int \nabla_\phi q_\phi(z|x) dz = 0", "proved"),
        (
            r"E_{q_\phi(z)}[(f(z) - 3)\nabla_\phi\log q_\phi(z)] = E_{q_\phi(z)}[f(z)\nabla_\phi\log q_\phi(z)]",
            "proved",
        ),
        (
            r"E_{q_\phi(z)}[(f(z) - g(z))\nabla_\phi\log q_\phi(z)] = E_{q_\phi(z)}[f(z)\nabla_\phi\log q_\phi(z)]",
            "refuted",
        ),
        (r"E_{q_\phi(z)}[\log q_\phi(z)] = 0", "undecided"),
        (r"E_{q_\phi(z)}[f(z)\nabla_\phi\log q_\phi(z)] = 0", "undecided"),
        (r"E_{q_\phi(z)}[\nabla_\phi q_\phi(z)] = 0", "undecided"),
        (r"E_{q_\phi(z)}[(\nabla_\phi\log q_\phi(z))^2] = 0", "undecided"),
        (r"E_{q_\phi(z)}[\nabla_\phi\log q_\phi(z)] = 1", "undecided"),
        (r"E_{q_\phi(z|x)}[\nabla_\phi\log q_\phi(x,z)] = 0", "undecided"),
        (r"E_{q_\phi(z|x)}[\nabla_\theta\log p_\theta(x,z)] = 0", "undecided"),
        (r"\int \nabla_\phi q_\phi(z|x) dx = 0", "undecided"),
    ],
)
def test_the_score_has_mean_zero(formula, expected):
    (judgement,) = judge(rf"\[ {formula} \]")
    assert judgement.verdict == expected
    if expected == "proved":
        assert any(h.startswith("d/dphi int q") for h in judgement.hypotheses)


LAW = "E_{z ~ q(phi, z)}"
SCORE = r"\nabla_\phi E_{q_\phi(z)}[f(z)] = E_{q_\phi(z)}"


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        (
            SCORE + r"[\nabla_\phi f(z)\log q_\phi(z)]",
            f"read as {LAW}[d/dphi (f(z) log q(phi, z))], not as {LAW}[(d/dphi f(z)) log q(phi, z)]",
        ),
        (
            SCORE + r"[\frac{\partial}{\partial\phi}\log q_\phi(z) f(z)]",
            f"read as {LAW}[(d/dphi log q(phi, z)) f(z)], not as {LAW}[d/dphi log(q(phi, z) f(z))]",
        ),
        (SCORE + r"[f(z)\nabla_\phi\log q_\phi(z)]", ""),
        (SCORE + r"[(\nabla_\phi\log q_\phi(z)) f(z)]", ""),
        (r"\log p(x) p(z) = p(z)\log p(x)", "read as log(p(x)) p(z), not as log(p(x) p(z))"),
        (r"\log p(x|z)p(z) = \log p(x,z)", ""),
    ],
)
def test_the_scope_that_was_accepted_is_said(formula, message):
    (judgement,) = judge(rf"\[ {formula} \]")
    assert (judgement.verdict, judgement.message) == ("proved", message)


def test_the_left_side_has_a_scope_too():
    (judgement,) = judge(r"\[ E_{q_\phi(z)}[\nabla_\phi f(z)\log q_\phi(z)] = \nabla_\phi E_{q_\phi(z)}[f(z)] \]")
    assert judgement.message.startswith("read as E_{z ~ q(phi, z)}[d/dphi (f(z) log q(phi, z))], not as ")


def test_a_gradient_in_brackets_has_one_scope():
    assert verdict(SCORE + r"[(\nabla_\phi f(z))\log q_\phi(z)]") == "refuted"
    assert verdict(SCORE + r"[\nabla_\phi f(z)\log q_\phi(z) + 1]") == "refuted"


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\frac1n\sum_{i=1}^n \log p(x_i) \le \log\frac1n\sum_{i=1}^n p(x_i)", "proved"),
        (r"\frac1n\sum_{i=1}^n \log p(x_i) \ge \log\frac1n\sum_{i=1}^n p(x_i)", "refuted"),
        (r"\sum_{i=1}^n \log E_{q(z|x_i)}[p(x_i|z)] \ge \sum_{i=1}^n E_{q(z|x_i)}[\log p(x_i|z)]", "proved"),
        (r"\sum_{i=1}^n \log E_{q(z|x_i)}[p(x_i|z)] \le \sum_{i=1}^n E_{q(z|x_i)}[\log p(x_i|z)]", "refuted"),
        (
            r"\frac1n \sum_{i=1}^n \log E_{q(z|x_i)}[p(x_i|z)] \ge \frac1n \sum_{i=1}^n E_{q(z|x_i)}[\log p(x_i|z)]",
            "proved",
        ),
    ],
)
def test_an_inequality_holds_inside_a_sum(formula, expected):
    assert verdict(formula) == expected


def test_an_inequality_is_not_multiplied_with_what_may_be_negative():
    inside = r"\log E_{q(z|x)}[p(x|z)]", r"E_{q(z|x)}[\log p(x|z)]"
    assert verdict(rf"p(x) {inside[0]} \ge p(x) {inside[1]}") == "proved"
    assert verdict(rf"f(x) {inside[0]} \ge f(x) {inside[1]}") != "proved"


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\sum_{i=1}^N \int q(z^{(i)}) \log p(z^{(i)}) dz^{(i)} = N \int q(z) \log p(z) dz", "proved"),
        (r"\sum_{i=1}^N \int q(z^{(i)}) \log p(z^{(i)}) dz^{(i)} = 2N \int q(z) \log p(z) dz", "refuted"),
        (r"\sum_{i=1}^N \int q(z^{(i)}) \log p(z) dz^{(i)} = N \int q(z) \log p(z) dz", "unparsed"),
        (r"\sum_i q_i(z) \log p(x_i|z) = \sum_i q(z|x_i) \log p(x_i|z)", "proved"),
        (r"\sum_i q_i(z) \log p(x_i|z) = \sum_i q(z) \log p(x_i|z)", "refuted"),
        (r"\sum_j \log q_j(z_j) = \log q(z)", "unparsed"),
        (r"\sum_{n=1}^N E_{q(z_n|x_n)}[\log p(z_n)] = \sum_{n=1}^N E_{q(z|x_n)}[\log p(z)]", "proved"),
        (r"\sum_{n=1}^N E_{q(z_n|x_n)}[\log p(x_n|z_n)] = \sum_{n=1}^N E_{q(z|x_n)}[\log p(z)]", "refuted"),
        (r"\sum_{n=1}^N E_{q(z_n|x_n)}[\log p(z)] = \sum_{n=1}^N \log p(z)", "unparsed"),
    ],
)
def test_what_has_a_number_of_its_own(formula, expected):
    assert verdict(formula) == expected


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"p(x_{\le t}) = p(x_t|x_{<t}) p(x_{<t})", "proved"),
        (r"p(x_{\le t}) = p(x_{<t}|x_t) p(x_{<t})", "refuted"),
        (r"p_{\theta_1}(x) = \int p_{\theta_1}(x,z) dz", "proved"),
        (r"p_{\theta_1}(x) = \int p_{\theta_1}(x|z) p_{\theta_2}(z) dz", "refuted"),
        (r"p(x|\theta^{old}) = \int p(x,z|\theta^{old}) dz", "proved"),
        (r"p(x|\theta^{old}) = \int p(x|z,\theta^{old}) p(z|x,\theta^{old}) dz", "refuted"),
        (r"\sum_{t=1}^T \log p_{\theta_t}(x) = T \log p_{\theta_t}(x)", "unparsed"),
        (r"\log p(x) \log q(x) = \log q(x) \log p(x)", "proved"),
        (r"\log (p(x) q(x)) = \log p(x) \log q(x)", "refuted"),
        (r"\therefore \log P(X=x) = \log P(X=x,Z=z) - \log P(Z=z|X=x)", "proved"),
        (r"\log P(X=x) = \log P(X=x,Z=z) + \log P(Z=z|X=x)", "refuted"),
        (r"\mathcal{L}(q(z|x)) \le \log p(x)", "proved"),
        (r"\mathcal{L}(p(z|x)) = \log p(x)", "undecided"),
        (r"\max_q \mathcal{L}(q) = \log p(x)", "unparsed"),
        (r"e^{2 \log p(x)} = p(x)^2", "proved"),
        (r"e^{2 \log p(x)} = 2 p(x)", "refuted"),
        (r"e^{\log p(x|z) + \log p(z) - \log p(x)} = p(z|x)", "proved"),
        (r"e^{\log p(x|z) + \log p(z) + \log p(x)} = p(z|x)", "refuted"),
        (r"p(x_{<t}, x_t) = p(x_{\le t})", "proved"),
        (r"\int p(x|z) dz = 1", "refuted"),
        (r"E_{q(z|x)}[\frac{p(z|x)}{q(z|x)}] = 1", "proved"),
        (r"E_{q(z|x)}[\frac{q(z|x)}{p(z|x)}] = 1", "refuted"),
        (r"E_{q(z|x)}[\log p(x|z)] = 0", "undecided"),
        (r"p(y|x) = \int p(y|z) p(z|x) dz", "undecided"),
        (r"p(y|x) = \int p(y|z) p(z|y) dz", "refuted"),
        (r"q(z|x) = q(z|y)", "undecided"),
        (r"q(z|x) = q(x|z)", "refuted"),
        (r"E_{x \sim D}[\log p(x)] = E_{x \sim D}[\log p(x|z) + \log p(z) - \log p(z|x)]", "proved"),
        (r"E_{x \sim D}[\log p(x)] = E_{x \sim D}[\log p(x|z) - \log p(z) - \log p(z|x)]", "refuted"),
    ],
)
def test_labels_limits_and_conditions(formula, expected):
    assert verdict(formula) == expected


BETWEEN = r"\log \frac{\sigma_2}{\sigma_1} + \frac{\sigma_1^2 + (\mu_1 - \mu_2)^2}{2 \sigma_2^2} - \frac{1}{2}"
SWAPPED = r"\log \frac{\sigma_1}{\sigma_2} + \frac{\sigma_2^2 + (\mu_1 - \mu_2)^2}{2 \sigma_1^2} - \frac{1}{2}"


@pytest.mark.parametrize("first", ["p", "q"])
@pytest.mark.parametrize(("closed", "expected"), [(BETWEEN, "proved"), (SWAPPED, "refuted")])
def test_the_first_label_is_that_of_the_law_over_which_is_averaged(first, closed, expected):
    second = {"p": "q", "q": "p"}[first]
    assert verdict(rf"\int {first}(x) \log \frac{{{first}(x)}}{{{second}(x)}} dx = {closed}") == expected
    chain = judge(
        rf"\[ KL({first}, {second}) = \int {first}(x) \log \frac{{{first}(x)}}{{{second}(x)}} dx = {closed} \]"
    )
    assert [j.verdict for j in chain] == ["proved", expected]


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\mathcal{N}(\mu + \sigma\epsilon; \mu, \sigma^2) = \frac{1}{\sigma} \mathcal{N}(\epsilon; 0, 1)", "proved"),
        (r"\mathcal{N}(\mu + \sigma\epsilon; \mu, \sigma^2) = \mathcal{N}(\epsilon; 0, 1)", "refuted"),
        (r"\mathcal{N}(z; \mu, \sigma^2) = \mathcal{N}(z; 0, 1)", "undecided"),
        (r"\log p(x) \ge E_{(z_1, z_2) \sim q}[\log \frac{p(x, z_1, z_2)}{q(z_1, z_2|x)}]", "proved"),
        (r"\log p(x) \le E_{(z_1, z_2) \sim q}[\log \frac{p(x, z_1, z_2)}{q(z_1, z_2|x)}]", "refuted"),
        (r"\log \int \frac{q(z|x)}{q(z|x)} p(x,z) dz \ge E_q[\log p(x|z)] - KL(q(z|x)\|p(z))", "proved"),
        (r"\log \int \frac{q(z|x)}{q(z|x)} p(x,z) dz \ge E_q[\log p(x|z)] + KL(q(z|x)\|p(z))", "refuted"),
        (r"\log \int \frac{q(z|x)}{q(z|x)} p(x|z) dz \ge E_q[\log p(x|z)] - KL(q(z|x)\|p(z))", "undecided"),
    ],
)
def test_samples_blocks_and_bounds_of_the_evidence(formula, expected):
    assert verdict(formula) == expected


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"KL(p(x)\|p_\theta(x)) = E_{p(x)}[\log p(x)] - E_{p(x)}[\log p_\theta(x)]", "proved"),
        (r"KL(p(x)\|p_\theta(x)) = 0", "undecided"),
        (r"E_{p(x)}[\log p_\theta(x)] = E_{p(x)}[\log p(x)]", "undecided"),
        (r"KL(p\|p_\theta) = 0", "undecided"),
        (r"p(x) = p_\theta(x)", "undecided"),
        (r"\log p(x) \ge E_{q_\phi(z|x)}[\log p_\theta(x|z)] - KL(q_\phi(z|x)\|p(z))", "proved"),
    ],
)
def test_the_density_of_the_data_is_not_that_of_the_model(formula, expected):
    assert verdict(formula) == expected


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"p(y|x) = \int p(y,\theta|x)\,d\theta", "proved"),
        (r"p(\theta|x) = \frac{p(x|\theta)p(\theta)}{\int p(x|\theta)p(\theta)d\theta}", "proved"),
        (r"\log p(x) = E_q[\log p(x|\theta)] - KL(q(\theta)\|p(\theta)) + KL(q(\theta)\|p(\theta|x))", "proved"),
        (r"\log p(x) = E_q[\log p(x|\theta)] + KL(q(\theta)\|p(\theta)) + KL(q(\theta)\|p(\theta|x))", "refuted"),
        (r"\mathcal{L}(q) = E_{q(\theta)}[\log p(\mathcal D|\theta)] - KL(q(\theta)\|p(\theta))", "proved"),
        (r"\log p(\mathcal D) = \mathcal{L}(q) + KL(q(\theta)\|p(\theta|\mathcal D))", "proved"),
        (r"\log p(\mathcal D) = \mathcal{L}(q) - KL(q(\theta)\|p(\theta|\mathcal D))", "refuted"),
    ],
)
def test_a_parameter_that_has_a_density_is_a_variable(formula, expected):
    assert verdict(formula) == expected


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"N(x;\mu,\sigma^2) = \frac{1}{\sqrt{2\pi\sigma^2}} e^{-(x-\mu)^2/2\sigma^2}", "proved"),
        (r"N(x;\mu,\sigma^2) = \frac{1}{\sqrt{2\pi\sigma^2}} e^{-(x-\mu)^2/3\sigma^2}", "refuted"),
        (r"E_{N(x;\mu,\sigma^2)}[1/2x^2 + (x-\mu)^2/2\sigma^2] = 1/2\mu^2 + 1/2\sigma^2 + 1/2", "proved"),
        (r"\log N(x;0,\sigma^2) = -1/2\log 2\pi - 1/2\log\sigma^2 - 1/2\sigma^2 x^2", "proved"),
        (r"\log N(x;0,\sigma^2) = -1/2\log 2\pi + 1/2\log\sigma^2 - 1/2\sigma^2 x^2", "refuted"),
    ],
)
def test_what_stands_below_a_slash(formula, expected):
    assert verdict(formula) == expected


FAR = "\n".join(["Words."] * 20)
GAP = r"\[ \log p(x) = \mathcal L + KL(q(z|x)\|p(z|x)) \]"
BOUND = r"\[ \mathcal L = E_{q(z|x)}[\log p(x|z)] - KL(q(z|x)\|p(z)) \]"
SUM = r"\[ \mathcal L = -\frac12\sum_{j=1}^J(1+\log\sigma_j^2-\mu_j^2-\sigma_j^2) \]"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GAP + FAR + SUM, ["proved", "undecided"]),
        (GAP + SUM, ["proved", "undecided"]),
        (GAP.replace("+", "-") + FAR + BOUND, ["refuted", "proved"]),
        (r"\[ \mathcal L(\theta) = \log p(x|\theta) \]", ["undecided"]),
        (BOUND + SUM, ["proved", "undecided"]),
        (BOUND + BOUND.replace("-", "+"), ["proved", "refuted"]),
        (r"\[ \mathcal L = \log p(x) \]" + BOUND, ["refuted", "proved"]),
        (r"\[ \mathcal L = \log p(x) + KL(q(z|x)\|p(z|x)) \]" + BOUND, ["refuted", "proved"]),
        (
            r"\[ E_{q(z|x)}[\log p(x|z)] = \mathcal{L}_{rec} \]" + FAR + r"\[ \mathcal{L}_{rec} = \|x\|^2 \]",
            ["undecided", "undecided"],
        ),
    ],
)
def test_what_a_symbol_stands_for_by_an_equation_elsewhere(text, expected):
    assert [j.verdict for j in judge(text)] == expected


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"q(x_{t-1}|x_t,x_0) \propto q(x_t|x_{t-1}) q(x_{t-1}|x_0)", "proved"),
        (r"q(x_{t-1}|x_t,x_0) \propto q(x_t|x_{t-1}) q(x_t|x_0)", "refuted"),
        (r"q(x_{t-1}|x_t,x_0) = \frac{q(x_t|x_{t-1}) q(x_{t-1}|x_0)}{q(x_t|x_0)}", "proved"),
        (r"q(x_{t-1}|x_t,x_0) = \frac{q(x_t|x_{t-1}) q(x_t|x_0)}{q(x_{t-1}|x_0)}", "refuted"),
        (r"q(z) = q(u, v)", "undecided"),
        (r"q(u, v) = q(u, w)", "refuted"),
        (r"\log q(z|x^{(i)}) = \log N(z; \mu^{(i)}, \sigma^{2(i)} I)", "proved"),
        (
            r"KL(q(z|x^{(i)})\|p(z)) = -\frac12 \sum_{j=1}^J (1 + \log\sigma_j^{2(i)} - \mu_j^{(i)2} - \sigma_j^{2(i)})",
            "proved",
        ),
        (
            r"KL(q(z|x^{(i)})\|p(z)) = -\frac12 \sum_{j=1}^J (1 + \log\sigma_j^{2(i)} - \mu_j^{(i)2} + \sigma_j^{2(i)})",
            "refuted",
        ),
        (r"\log P(X) = \mathcal{L}(Q) + KL(Q\|P)", "proved"),
        (r"\log P(X) = \mathcal{L}(Q) - KL(Q\|P)", "refuted"),
        (
            r"\int\int q(x,z) \log \frac{q(x,z)}{p(x,z)} dz dx = \int\int q(z|x) p(x) \log \frac{q(z|x) p(x)}{p(x|z) p(z)} dz dx",
            "undecided",
        ),
        (
            r"\int\int q(x,z) \log \frac{q(x,z)}{p(x,z)} dz dx = \int\int q(z|x) p(x) \log \frac{q(z|x) p(x)}{p(x|z) p(x)} dz dx",
            "refuted",
        ),
    ],
)
def test_chains_pairs_labels_and_the_law_of_the_data(formula, expected):
    assert verdict(formula) == expected


LABELLED = r"Let $p(x) = N(\mu_1, \sigma_1^2)$ and $q(x) = N(\mu_2, \sigma_2^2)$. "


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (LABELLED + rf"\[ KL(q\|p) = {SWAPPED} \]", "proved"),
        (LABELLED + rf"\[ KL(q\|p) = {BETWEEN} \]", "refuted"),
        (LABELLED + rf"\[ KL(p\|q) = {BETWEEN} \]", "proved"),
        (r"\[ E_{q(x)}[x^2] - \mu_2^2 = \sigma_2^2 \]", "undecided"),
        (r"\[ KL(N(\mu,\sigma^2)\|N(0,1)) = \frac12 (\mu(x)^2 + \sigma(x)^2 - 1 - \log \sigma(x)^2) \]", "proved"),
        (r"\[ KL(N(\mu,\sigma^2)\|N(0,1)) = \frac12 (\mu(x)^2 + \sigma(x)^2 + 1 - \log \sigma(x)^2) \]", "refuted"),
        (r"\[ KL(p\|q) = 0.8 \ln\frac{0.8}{0.5} + 0.2 \ln\frac{0.2}{0.5} \]", "undecided"),
        (r"\[ KL(N(0,1)\|N(1,1)) = \frac13 + \log 1 \]", "refuted"),
        (r"\[ KL(p_T\|q_T) \le KL(p\|q) \]", "undecided"),
        (r"\[ E_{q(z|y)}E_{p(y|x)}[\log p(z)] = E_{q(z|x)}[\log p(z)] \]", "undecided"),
        (r"\[ E_{p(x)}E_{q(z|x)}[\log p(x|z)] = E_{q(z)}E_{q(x|z)}[\log p(x|z)] \]", "undecided"),
        (r"\[ E_{p(x)}E_{q(z|x)}[\log p(x|z)] = E_{q(z)}E_{q(x|z)}[\log p(z|x)] \]", "refuted"),
    ],
)
def test_what_a_text_supposes_without_words(text, expected):
    assert judge(text)[-1].verdict == expected


OTHER = r"\[ L(\theta,\phi;x) = E_{q(z|x)}[\log p(x|z)] - KL(q(z|x)\|p(z)) \]"


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"L(\theta) = p(x|\theta)", ["undecided", "proved"]),
        (r"L(\theta) = E_{q(z|x)}[\log p(x|z)] + KL(q(z|x)\|p(z))", ["refuted", "proved"]),
        (r"ELBO = E_{z \sim p(z|x)}[\ln q(x|z)] - KL(p(z|x)\|q(z))", ["undecided", "proved"]),
        (r"ELBO = E_{z \sim p(z|x)}[\ln q(x|z)] + KL(p(z|x)\|q(z))", ["refuted", "proved"]),
    ],
)
def test_another_definition_beside_that_of_the_bound(formula, expected):
    assert [j.verdict for j in judge(rf"\[ {formula} \]" + OTHER)] == expected


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"I(X;Z) \le I(X;Y)", "undecided"),
        (r"I(X;Y) \le 0", "refuted"),
        (r"KL(q\|p) = E_q[\log\frac{q(\theta)}{p(\theta|D)}]", "proved"),
        (r"KL(q\|p) = E_q[\log\frac{p(\theta|D)}{q(\theta)}]", "refuted"),
    ],
)
def test_variables_in_a_row_and_posteriors_of_any_data(formula, expected):
    assert verdict(formula) == expected


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\log p_\theta(x) - \mathcal{L}(\theta,\phi;x) = KL(q_\phi(z|x)\|p_\theta(z|x))", "proved"),
        (r"\mathcal{L}(x_1) = \mathcal{L}(x_2)", "undecided"),
        (r"\mathcal{L}(\theta,\phi) = \mathcal{L}(\theta,\psi)", "undecided"),
        (r"\mathcal{L}_\theta(x) = \mathcal{L}_\psi(x)", "undecided"),
        (r"ELBO(\phi_1) = ELBO(\phi_2)", "unparsed"),
        (r"\log p_\theta(x) \ge \mathcal{L}(\theta', \phi)", "unparsed"),
        (r"\log p(x|\theta) = \mathcal{L}(q_\phi,\theta) + KL(q\|p)", "proved"),
        (r"\log p(x|\theta) = \mathcal{L}(q_\phi,\theta) - KL(q\|p)", "refuted"),
    ],
)
def test_a_symbol_at_several_places(formula, expected):
    assert verdict(formula) == expected


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"p(\theta|x) \propto p_\theta(x) p(\theta)", "proved"),
        (r"p(\theta|x) \propto p_\theta(x)", "refuted"),
        (r"p(x) = \int p_\theta(x) p(\theta) d\theta", "proved"),
        (r"p(x) = \int p_\theta(x) d\theta", "refuted"),
        (r"E_{q(\theta)}[\log p_\theta(x)] = \log p(x)", "refuted"),
    ],
)
def test_a_subscript_that_is_a_variable_is_a_condition(formula, expected):
    assert verdict(formula) == expected


def test_a_loss_of_numbered_data_leaves_the_definitions_of_the_text():
    loss = r"\[ \mathcal{L} = \sum_{k=1}^N KL(q(z|x_k)\|p(z)) - E_{q(z|x_k)}[\log p(x_k|z)] \]"
    assert [j.verdict for j in judge(OTHER + loss)] == ["proved", "undecided"]


@pytest.mark.parametrize(
    ("total", "expected"),
    [
        (r"\sum_{j=0}^{J-1} (\mu_j^2 + \sigma_j^2 - 1 - \log\sigma_j^2)", "proved"),
        (r"\sum_{j=0}^{J-1} (\mu_j^2 + \sigma_j^2 + 1 - \log\sigma_j^2)", "refuted"),
        (r"\sum_{j=1}^{J-1} (\mu_j^2 + \sigma_j^2 - 1 - \log\sigma_j^2)", "refuted"),
        (r"\sum_{j=0}^{n} (\mu_j^2 + \sigma_j^2 - 1 - \log\sigma_j^2)", "unparsed"),
    ],
)
def test_entries_that_are_numbered_from_zero(total, expected):
    assert verdict(rf"KL(q(z|x)\|p(z)) = \frac12 {total}") == expected


CONTINUED = r"""
\begin{align}
\log p(x) &%s \mathbb{E}_{q(z|x)}[\log p(x|z)] \\
&%s + D_{KL}(q(z|x)\|p(z|x))
\end{align}"""


@pytest.mark.parametrize(
    "row",
    [
        r"{} %s D_{KL}(q(z|x)\|p(z))",
        r"\phantom{=} %s D_{KL}(q(z|x)\|p(z))",
        r"\underbrace{%s D_{KL}(q(z|x)\|p(z))}_{\text{rate}}",
        r"\textcolor{red}{%s D_{KL}(q(z|x)\|p(z))}",
        r"%s \sum_{k=1}^{1} D_{KL}(q(z|x)\|p(z))",
    ],
)
def test_a_row_that_goes_on_in_any_dress_is_part_of_the_claim(row):
    (true,) = judge(CONTINUED % ("=", row % "-"))
    (false,) = judge(CONTINUED % ("=", row % "+"))
    assert (true.verdict, false.verdict) in [("proved", "refuted"), ("undecided", "undecided")]


def test_a_row_of_which_nobody_says_how_it_goes_on_leaves_the_claim_unparsed():
    bound = r"\log p(x) &\geq \mathbb{E}_{q(z|x)}[\log p(x|z)] - D_{KL}(q(z|x)\|p(z))"
    (alone,) = judge(rf"\begin{{align}} {bound} \end{{align}}")
    (more,) = judge(rf"\begin{{align}} {bound} \\ & (5 + \log 2) \end{{align}}")
    assert (alone.verdict, more.verdict) == ("proved", "unparsed")


def test_braces_around_a_family_make_it_no_factor():
    bound = r"$$-\log {p_\theta}(x_0) %s \mathbb{E}_{q(x_{1:T}|x_0)}[-\log\frac{{p_\theta}(x_{0:T})}{q(x_{1:T}|x_0)}]$$"
    assert [judge(bound % relation)[0].verdict for relation in (r"\le", r"\ge")] == ["proved", "refuted"]


LABELLED = r"""
$$\mathcal{L}(x,y) = \mathbb{E}_{q_\phi(z|x,y)}\left[\log\frac{p_\theta(x,y,z)}{q_\phi(z|x,y)}\right]$$
Without labels,
$$\mathbb{E}_{q_\phi(y,z|x)}\left[\log\frac{p_\theta(x,y,z)}{q_\phi(y,z|x)}\right] %s $$"""


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        (r"= \sum_y q_\phi(y|x) \mathcal{L}(x,y) + \mathcal{H}(q_\phi(y|x))", "proved"),
        (r"= \mathbb{E}_{q_\phi(y|x)}[\mathcal{L}(x,y)] + \mathcal{H}(q_\phi(y|x))", "proved"),
        (r"= \sum_y q_\phi(y|x) \mathcal{L}(x,y) - \mathcal{H}(q_\phi(y|x))", "refuted"),
        (r"= \sum_y q_\phi(y|x) \mathcal{L}(x,y)", "refuted"),
        (r"= \sum_y q_\phi(y|x) \mathcal{L}(x) + \mathcal{H}(q_\phi(y|x))", "refuted"),
        (r"= \sum_y q_\phi(y|x) \mathcal{L}(x,z) + \mathcal{H}(q_\phi(y|x))", "unparsed"),
    ],
)
def test_the_bound_of_labelled_data_averaged_over_labels(claim, verdict):
    _, judgement = judge(LABELLED % claim)
    assert judgement.verdict == verdict
    if "(x,y)" in claim:  # what is said of L elsewhere is not what it is here
        assert not any(h.startswith("L is") for h in judgement.hypotheses)


def test_the_bound_of_labelled_data_is_unknown_where_the_text_does_not_say_it():
    (judgement,) = judge(LABELLED.split("Without")[1] % r"= \sum_y q_\phi(y|x) \mathcal{L}(x,y)")
    assert judgement.verdict == "unparsed"


def test_a_value_of_a_variable_that_is_a_capital_in_its_law():
    mean = r"$$P(x) = \mathbb{E}_{z \sim P(Z)}[%s]$$"
    assert [judge(mean % f)[0].verdict for f in ("P(x|z)", "P(z|x)")] == ["proved", "refuted"]


def test_a_relation_in_the_braces_of_its_side_is_one():
    claim = r"\begin{align} & -D_{KL}(q(z|x)\|p(z)) \\ & \underbrace{= \mathbb{E}_{q(z|x)}[\log p(z)]}_{a} \underbrace{%s \mathbb{E}_{q(z|x)}[\log q(z|x)]}_{b} \end{align}"
    assert [judge(claim % sign)[0].verdict for sign in "-+"] == ["proved", "refuted"]


def test_a_left_side_in_two_rows_is_judged_whole():
    claim = r"\begin{multline} \mathbb{E}_{q(z|x)}[\log p(x|z)] \\ %s D_{KL}(q(z|x)\|p(z)) \le \log p(x) \end{multline}"
    assert [judge(claim % sign)[0].verdict for sign in "-+"] == ["proved", "refuted"]
