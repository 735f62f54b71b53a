"""The suggested edit: it names what was wrong, its result is proved, and where no single edit mends a step there is none."""

import random

import pytest

from derivations import edit as module
from derivations.edit import mend
from derivations.judgement import prove
from derivations.kernel import at_most, bind, density, equal, log, number, variable
from derivations.mutation import wrong_lines
from derivations.refute import refute

from .judging import judge

X, Z = variable("x", "x"), variable("z", "z")
Q, PRIOR, POSTERIOR = density("q", [Z], [X]), density("p", [Z]), density("p", [Z], [X])
EVIDENCE = log(density("p", [X]))
JOINT = frozenset({"p", "q"})


def mean(body):
    return bind("expectation", Z, Q, body)


ELBO = mean(log(density("p", [X], [Z]))) - bind("kl", Z, Q, PRIOR)


def message(*sides):
    chain = " ".join(sides)
    *_, last = judge(f"\\[ {chain} \\]")
    assert last.verdict == "refuted"
    return last.message


KL = r"D_{KL}(q(z|x)\|p(z))"
EDITS = [
    (
        rf"{KL} = \frac12\sum_{{j=1}}^J(1+\log\sigma_j^2-\mu_j^2-\sigma_j^2)",
        "the sign of the whole right side is reversed: ",
    ),
    (
        r"\log p(x,z) = \log p(x|z) - \log p(z)",
        "the sign of log p(z) is reversed: the right side should be log p(x | z) + ",
    ),
    (rf"{KL} = -\sum_{{j=1}}^J(1+\log\sigma_j^2-\mu_j^2-\sigma_j^2)", "a factor 1/2 is missing before sum_"),
    (rf"{KL} = -\frac14\sum_{{j=1}}^J(1+\log\sigma_j^2-\mu_j^2-\sigma_j^2)", "a factor 2 is missing before "),
    (
        rf"{KL} = -\frac12\sum_{{j=1}}^J(1+\log\sigma_j-\mu_j^2-\sigma_j^2)",
        "a square is missing, sigma_j is written for sigma_j^2",
    ),
    (
        rf"{KL} = -\frac12\sum_{{j=1}}^J(1+\log\sigma_j^2-\mu_j-\sigma_j^2)",
        "a square is missing, mu_j is written for mu_j^2",
    ),
    (rf"{KL} = -\frac12\sum_{{j=1}}^J(1+\sigma_j^2-\mu_j^2-\sigma_j^2)", "a log is missing before sigma_j^2"),
    (rf"{KL} = -\frac12\sum_{{j=1}}^J(\log\sigma_j^2-\mu_j^2-\sigma_j^2)", "the term 1 is missing: "),
    (rf"{KL} = -\frac12\sum_{{j=1}}^J(1+\log\mu_j^2-\mu_j^2-\sigma_j^2)", "mu_j is written for sigma_j"),
    (r"KL(N(\mu,\sigma^2)\|N(0,1)) = \frac12(\mu^2+\sigma-1-\log\sigma)", "sigma is written for sigma^2"),
    (
        r"\log p(x) = \mathbb{E}_q[\log p(x|z)] - D_{KL}(q(z|x)\|p(z))",
        "`=` should be `>=`: the gap is KL(q(z | x) || p(z | x))",
    ),
    (
        r"\log p(x) \le \mathbb{E}_q[\log p(x|z)] - D_{KL}(q(z|x)\|p(z))",
        "`<=` should be `>=`: the gap is KL(q(z | x) || p(z | x))",
    ),
    (
        r"\mathbb{E}_q[\log \frac{p(x,z)}{q(z|x)}] = \log \mathbb{E}_q[\frac{p(x,z)}{q(z|x)}]",
        "`=` should be `<=`: Jensen's inequality",
    ),
    (
        r"\log p(x) = \mathbb{E}_q[\log p(x|z)] - D_{KL}(p(z)\|q(z|x)) + D_{KL}(q(z|x)\|p(z|x))",
        "the arguments of KL(p(z) || q(z | x)) are exchanged",
    ),
    (r"p(z|x) = \frac{p(z|x)p(z)}{p(x)}", "p(z | x) is written for p(x | z): the right side should be "),
    (r"D_{KL}(q(z)\|p(z)) = \int p(z)\log\frac{q(z)}{p(z)} dz", "p(z) is written for q(z)"),
    (
        r"\mathbb{E}_q[\log p(x,z) - \log q(z|x)] = \mathbb{E}_q[\log p(x|z) - \log q(z|x)]",
        "p(x | z) is written for p(x, z)",
    ),
    (
        r"\mathbb{E}_q[\log p(x|z) + \log p(z)] = \mathbb{E}_q[\log p(x,z) - \log q(z|x)]",
        "the term -log q(z | x) is too much",
    ),
    (r"\sum_{j=1}^J(\log\sigma_j^2 + 1) = 1 + \sum_{j=1}^J\log\sigma_j^2", "1 is written for J"),
    (r"\sum_{j=1}^J(\log\sigma_j^2 + 1) = \sum_{i=1}^J(\log\sigma_j^2 + 1)", "the sum runs over i, its terms are in j"),
    (
        r"\nabla_\phi \mathbb{E}_{q_\phi(z)}[f(z)] = \mathbb{E}_{q_\phi(z)}[\nabla_\phi f(z)]",
        "the density depends on the parameter too, the term E_{z ~ q(phi, z)}[f(z) d/dphi log q(phi, z)] is missing",
    ),
]


@pytest.mark.parametrize(("step", "words"), EDITS, ids=[words for _, words in EDITS])
def test_the_edit_names_what_was_wrong(step, words):
    said = message(step)
    assert said.startswith(words)
    assert "; the sides are " in said


TWO_MISTAKES = [
    rf"{KL} = \frac12\sum_{{j=1}}^J(1+\log\sigma_j-\mu_j^2-\sigma_j^2)",
    rf"{KL} = -\frac12\sum_{{j=1}}^J(2+\log\sigma_j^2+\mu_j^2-\sigma_j^2)",
    r"\log p(x) = \mathbb{E}_q[\log p(x|z)] + D_{KL}(q(z|x)\|p(z)) - D_{KL}(q(z|x)\|p(z|x))",
    r"\log p(x) = 7 \mathbb{E}_q[\log p(z)]",
]


@pytest.mark.parametrize("step", TWO_MISTAKES)
def test_no_edit_is_suggested_where_none_mends_the_step(step):
    assert message(step).startswith("the sides are ")


def test_what_only_looks_right_is_not_suggested(monkeypatch):
    """Were the models to sort out nothing, the proof still decides; were there no proofs, no edit would be suggested."""
    wrong = mean(log(PRIOR)) + mean(log(Q))
    right = mean(log(PRIOR) - log(Q))
    monkeypatch.setattr(module, "_may_hold", lambda edit, models: True)
    monkeypatch.setattr(module, "PROOFS", 1000)
    assert mend(right, wrong, "=").words.startswith("the sign of E_{z ~ q(z | x)}[log q(z | x)] is reversed")
    monkeypatch.setattr(module, "prove", lambda *step: None)
    assert mend(right, wrong, "=") is None


def test_models_sort_out_what_is_false():
    models = module._models(EVIDENCE, ELBO)
    assert len(models) == module.MODELS
    assert not module._may_hold(module.Edit("", EVIDENCE, "=", ELBO), models)
    assert not module._may_hold(module.Edit("", EVIDENCE, "<=", ELBO), models)
    assert module._may_hold(module.Edit("", EVIDENCE, ">=", ELBO), models)
    assert module._may_hold(module.Edit("", EVIDENCE, "=", ELBO + bind("kl", Z, Q, POSTERIOR)), models)
    assert not module._may_hold(module.Edit("", EVIDENCE, ">=", ELBO), [])


def test_only_the_first_step_of_a_chain_is_mended_on_the_left():
    assert message(r"\log p(x) = \log p(x,z) + \log p(z|x)").startswith("the sign of log p(z | x)")
    alone = message(r"D_{KL}(p(z)\|q(z|x)) = \mathbb{E}_q[\log q(z|x) - \log p(z)]")
    assert alone.startswith("the arguments of KL(p(z) || q(z | x)) are exchanged: the left side should be ")
    later = message(
        r"0 = 0 \cdot p(x) + D_{KL}(p(z)\|q(z|x)) - D_{KL}(p(z)\|q(z|x)) = \mathbb{E}_q[\log q(z|x) - \log p(z)]"
    )
    assert "left side should" not in later


@pytest.mark.parametrize("seed", range(3))
def test_a_mended_step_holds(seed):
    """Single mistakes put into a true step: what is suggested is proved, and no model refutes it."""
    mutants = [wrong for _, wrong in wrong_lines(ELBO + bind("kl", Z, Q, POSTERIOR))]
    mended = 0
    for wrong in random.Random(seed).sample(mutants, 6):
        found = mend(EVIDENCE, wrong, "=") if refute(equal(EVIDENCE, wrong)) else None
        if found is None:
            continue
        mended += 1
        assert prove(found.left, found.right, found.relation, JOINT) is not None
        claims = {"=": equal(found.left, found.right), ">=": at_most(found.right, found.left)}
        assert refute(claims.get(found.relation, at_most(found.left, found.right)), seed=seed + 1) is None
    assert mended >= 1


def test_a_sign_is_changed_by_the_leading_number():
    half = number("1/2") * EVIDENCE
    assert module.negated(half) == number("-1/2") * EVIDENCE
    assert module.negated(module.negated(EVIDENCE)) == EVIDENCE
    assert module.negated(number(3)) == number(-3)


TURNED = [
    (r"p(x) = \int p(x|z) p(z) \, dx", "x is written for z in the integral"),
    (r"\int p(x|z) \, dz = 1", "z is written for x in the integral: the left side should be int p(x | z) dx"),
    (r"p(z|x) = \frac{p(x)}{p(x|z) p(z)}", "upside down: the right side should be ((p(x | z) p(z)) / p(x))"),
    (
        r"KL(q(z|x) \| p(z)) = E_{q(z|x)}[\frac{q(z|x)}{p(z)} - 1 - \log \frac{p(z)}{q(z|x)}]",
        "the fraction (q(z | x) / p(z)) is upside down: the right side should be E_{z ~ q(z | x)}[(p(z) / q(z | x)) - 1",
    ),
]


@pytest.mark.parametrize(("claim", "words"), TURNED)
def test_integrals_over_the_wrong_variable_and_fractions_upside_down(claim, words):
    assert words in judge(f"$${claim}$$")[0].message
