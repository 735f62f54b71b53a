"""What a text says in words alone is no formula's convention: what holds only for the usual is not proved beside it."""

import pytest

from derivations.in_words import negative_in_words, unusual_in_words, varying_in_words

from .judging import chains, judge

NORMAL = r"$$KL(q(z|x)\|p(z)) = \frac12\sum_j (\mu_j^2 + \sigma_j^2 - 1 - \log\sigma_j^2)$$"
AGGREGATE = NORMAL.replace("q(z|x)", "q(z)")
LOGARITHM = r"$$KL(q(z|x)\|p(z)) = \frac12\sum_j (\mu_j^2 + e^{v_j} - 1 - v_j)$$"
BOUND = r"$$\log p(x) \ge \mathcal{L}$$"
SCORE = r"$$E_{q_\phi(z|x)}[b \nabla_\phi \log q_\phi(z|x)] = 0$$"
STEPS = r"$$q(x_t|x_{t-1}) = \frac{q(x_{t-1}|x_t,x_0) q(x_t|x_0)}{q(x_{t-1}|x_0)}$$"


@pytest.mark.parametrize(
    ("words", "claim", "found"),
    [
        ("The prior $p(z)$ is a standard Laplace distribution.", NORMAL, {"z"}),
        ("The prior is uniform on the cube.", NORMAL, {"z"}),
        ("We put a uniform prior $p(z)$ on the codes.", NORMAL, {"z"}),
        ("The prior is Gaussian with zero mean and covariance $4I$.", NORMAL, {"z"}),
        (r"Here $\sigma_j$ denotes the variance.", NORMAL, {"q"}),
        (r"where $\sigma$ is its precision", NORMAL, {"q"}),
        ("where $v_j$ is the variance of an entry", LOGARITHM, {"v"}),
        ("The forward process is non-Markovian.", STEPS, {"steps"}),
        ("In this thesis all logarithms are to base two.", NORMAL, {"log"}),
        ("Of the aggregate posterior one has", AGGREGATE, {"q(z)"}),
        ("Of the posterior one has", AGGREGATE, set()),
        ("The prior is a standard normal distribution.", NORMAL, set()),
        ("The prior is Gaussian with zero mean and covariance $I$, and not uniform.", NORMAL, set()),
        (r"The prior is not uniform, and the posterior has the variance $\sigma^2$.", NORMAL, set()),
        (r"where $\sigma_j^2$ is the variance and $\sigma_j$ the standard deviation", NORMAL, set()),
        ("where $v_j$ is the log variance of an entry", LOGARITHM, set()),
        ("The forward process is a Markov chain.", STEPS, set()),
        ("The logarithm is the natural one.", NORMAL, set()),
    ],
)
def test_what_is_said_of_densities(words, claim, found):
    text = f"{words}\n\n{claim}"
    assert {*unusual_in_words(chains(text))} == found
    assert judge(text, "notes.md")[-1].verdict == ("undecided" if found else "proved")


@pytest.mark.parametrize(
    ("words", "symbols"),
    [
        (r"One minimises the loss $\mathcal{L}$, which is the negative evidence lower bound.", ["ScriptL"]),
        (r"Let $\mathcal{L}(x)$ be the negative ELBO.", ["ScriptL"]),
        (r"One minimises the negative ELBO $\mathcal{L}$.", ["ScriptL"]),
        (r"One minimises the negative ELBO $-\mathcal{L}$.", []),
        (r"Let $\mathcal{L}$ be the negative free energy.", []),
        (r"where $\mathcal{L}$ is the ELBO, so that one minimises the negative ELBO", []),
    ],
)
def test_what_is_said_to_be_the_negative_bound(words, symbols):
    text = f"{words}\n\n{BOUND}"
    assert [*negative_in_words(chains(text))] == symbols
    assert judge(text, "notes.md")[-1].verdict == ("undecided" if symbols else "proved")


def test_an_equation_says_more_than_words():
    text = r"The negative ELBO $\mathcal{L}$ is $$\mathcal{L} = KL(q(z|x)\|p(z)) - E_q[\log p(x|z)]$$ thus $$\log p(x) \ge -\mathcal{L}$$"
    assert judge(text, "notes.md")[-1].verdict == "proved"
    assert judge(text.replace("-\\mathcal{L}$$", "\\mathcal{L}$$"), "notes.md")[-1].verdict == "refuted"


@pytest.mark.parametrize(
    ("words", "letters"),
    [
        ("The baseline $b$ depends on the sample $z$.", ["b"]),
        (r"Let $b$ be the reconstruction $\log p(x|z)$.", ["b"]),
        ("The baseline $b$ does not depend on the sample $z$.", []),
        (r"Let $b$ be the mean $\mathbb{E}_q[f(z)]$.", []),
        ("The baseline $b$ depends on $x$.", []),
    ],
)
def test_what_is_said_to_be_random(words, letters):
    text = f"{words}\n\n{SCORE}"
    assert [*varying_in_words(chains(text))] == letters
    assert judge(text, "notes.md")[-1].verdict == ("unparsed" if letters else "proved")


def test_the_prose_of_a_text_is_that_before_its_chains():
    found = chains("One $a$ two $b = c$ three $$d$$ four $e = f$ five $g$ six")
    assert [chain.prose for chain in found] == ["One $a$ two $b = c$", " three $d$ four $e = f$ five $g$ six"]
    text = f"{NORMAL} The prior is uniform."
    assert judge(text, "notes.md")[-1].verdict == "undecided"
