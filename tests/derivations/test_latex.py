"""The printed forms: balanced, deterministic, and different for different terms."""

import random
import re

import pytest

from derivations.catalogue import DERIVATIONS, prove
from derivations.kernel import Term, bind, density, log, number, variable
from derivations.latex import latex, text

from .finite_model import Undecided, random_model, same
from .mutation import mutants
from .random_term import POOL, Terms, random_env

pytestmark = pytest.mark.usefixtures("precise")

A, B = variable("a", "real"), variable("b", "real")
N, J = variable("n", "natural"), variable("j", "index")
X, Z = variable("x", "x"), variable("z", "z")
MU, SIGMA = variable("mu", "vector"), variable("sigma", "vector")
ONE, TWO = number(1), number(2)
S = Term("component", (SIGMA, J))

PRINTED = {
    "fraction": (A / B, r"\frac{a}{b}", "(a / b)"),
    "negative fraction": (number("-1/2") * A, r"-\frac{1}{2} a", "-(1 / 2) a"),
    "difference": (A - B, "a - b", "a - b"),
    "difference of a sum": (A - (B + ONE), r"a - \left(b + 1\right)", "a - (b + 1)"),
    "product of sums": ((A + B) * (A - B), r"\left(a + b\right) \, \left(a - b\right)", "(a + b) (a - b)"),
    "power of a sum": ((A + B) ** 2, r"\left(a + b\right)^{2}", "(a + b)^2"),
    "power of a product": ((TWO * A) ** N, r"\left(2 a\right)^{n}", "(2 a)^n"),
    "root": ((A + B) ** number("1/2"), r"\sqrt{a + b}", "sqrt(a + b)"),
    "log of a power": (log(S**2), r"\log \sigma_{j}^{2}", "log sigma_j^2"),
    "power of a log": (log(S) ** 2, r"\left(\log \sigma_{j}\right)^{2}", "(log sigma_j)^2"),
    "log of a product": (log(A * B), r"\log\left(a \, b\right)", "log(a b)"),
    "sum in a sum": (bind("sum", J, ONE, N, S) + A, r"\left(\sum_{j=1}^{n} \sigma_{j}\right) + a", None),
    "sum of a sum": (bind("sum", J, ONE, N, S + A), r"\sum_{j=1}^{n} \left(\sigma_{j} + a\right)", None),
    "conditional": (density("p", [X], [Z]), r"p(x \mid z)", "p(x | z)"),
    "divergence": (
        bind("kl", Z, density("q", [Z], [X]), density("p", [Z])),
        r"\operatorname{KL}\left(q(z \mid x) \,\middle\|\, p(z)\right)",
        "KL(q(z | x) || p(z))",
    ),
    "expectation": (
        bind("expectation", Z, density("q", [Z]), A),
        r"\mathbb{E}_{z \sim q(z)}\left[a\right]",
        "E_{z ~ q(z)}[a]",
    ),
    "integral of a sum": (bind("integral", Z, A + B), r"\int \left(a + b\right) \, \mathrm{d}z", "int (a + b) dz"),
    "primes": (variable("z'", "z"), "z'", "z'"),
}


@pytest.mark.parametrize("name", PRINTED)
def test_printed(name):
    term, as_latex, as_text = PRINTED[name]
    if term.head == "variable":
        term, as_latex, as_text = Term("component", (term, ONE)), "z'_{1}", "z'_1"
    assert latex(term) == as_latex
    assert as_text is None or text(term) == as_text


def balanced(line):
    depth = 0
    for c in re.sub(r"\\[{}]", "", line):
        depth += (c == "{") - (c == "}")
        if depth < 0:
            return False
    return depth == 0 and len(re.findall(r"\\left\b", line)) == len(re.findall(r"\\right\b", line))


def distinct_kinds(term, kinds=None):
    """The term with its variables named after their kinds too, since one name must not stand for two."""
    data = (term.data[0] + term.data[1][0].upper(), term.data[1]) if term.head == "variable" else term.data
    bound = None if term.bound is None else distinct_kinds(term.bound)
    return Term(term.head, tuple(map(distinct_kinds, term.args)), data, bound)


def test_random_terms_are_balanced(seed):
    rng = random.Random(f"latex {seed}")
    g = Terms(rng)
    for _ in range(500):
        term = distinct_kinds(g.proposition(3))
        assert balanced(latex(term)), latex(term)
        assert "\\" not in text(term)
        assert latex(term) == latex(term)
    assert not balanced(r"\frac{a}{b")
    assert not balanced(r"\left(a")


def test_one_name_for_two_kinds_is_refused():
    clash = variable("j", "real") + bind("sum", J, ONE, N, J)
    for show in (latex, text):
        with pytest.raises(ValueError, match="two variables of different kinds are named 'j'"):
            show(clash)
    assert {v.data[1] for v in POOL["index"]} == {"index"}


def dimensionless(term):
    """The term with 1 for the dimension of each normal density: that alone is left out of print.

    N(mu, diag sigma^2) says as little; the hypothesis that z is in R^J says it.
    """
    args = tuple(map(dimensionless, term.args))
    return Term(term.head, (args[0], ONE, *args[2:]) if term.head == "normal" else args, term.data, term.bound)


@pytest.mark.parametrize("slug", DERIVATIONS)
def test_a_mistake_is_seen_in_print(slug):
    """No mutant of a line is printed as the line is: what is read is what was proved."""
    derivation = prove(slug)
    for line in (*(part.start for part in derivation.parts), *(s.expression for s in derivation.steps)):
        printed = latex(line)
        assert balanced(printed)
        alike = [m for _, m in mutants(line) if latex(m) == printed]
        assert {dimensionless(m) for m in alike} <= {dimensionless(line)}


def test_what_is_printed_alike_is_equal(seed):
    """Of a random term and all its mutants, those with the same print have the same value, wherever it is defined."""

    def undefined(op, *values):
        raise Undecided(op)

    rng = random.Random(f"alike {seed}")
    g, models, alike, apart = Terms(rng), [random_model(rng, zeros=0) for _ in range(5)], 0, 0
    for model in models:
        model.arbitrary = undefined
    for _ in range(250):
        term = distinct_kinds(g.real(3))
        prints = {}
        for candidate in (term, *(m for _, m in mutants(term))):
            prints.setdefault(latex(candidate), []).append(candidate)
        apart += len(prints)
        model = rng.choice(models)
        env = {(name + kind[0].upper(), kind): value for (name, kind), value in random_env(rng, model).items()}
        for first, *others in prints.values():
            for other in others:
                try:
                    assert same(model.value(first, env), model.value(other, env)), text(first)
                except Undecided:
                    continue
                alike += 1
    assert apart > 1000
    assert alike > 10


def test_stable():
    """The lines of the smallest derivation, as they have been; a change here is a change of what readers see."""
    derivation = prove("elbo-gap")
    assert latex(derivation.theorems[0].sides[1]) == (
        r"\mathbb{E}_{z \sim q(z \mid x)}\left[\log p(x \mid z)\right]"
        r" - \operatorname{KL}\left(q(z \mid x) \,\middle\|\, p(z)\right)"
        r" + \operatorname{KL}\left(q(z \mid x) \,\middle\|\, p(z \mid x)\right)"
    )
    closed = prove("kl-normal-standard").theorems[0].sides[1]
    assert (
        latex(closed)
        == r"\frac{1}{2} \sum_{j=1}^{J} \left(1 + \log \sigma_{j}^{2} - \mu_{j}^{2} - \sigma_{j}^{2}\right)"
    )
