"""The printed forms: balanced, deterministic, and different for different terms."""

import itertools
import random
import re

import pytest

from derivations import kernel
from derivations.catalogue import DERIVATIONS, prove
from derivations.kernel import KernelError, Term, bind, canonical, density, log, number, variable
from derivations.latex import latex, text

from .mutation import mutants
from .random_term import POOL, Terms

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


@pytest.mark.parametrize("slug", DERIVATIONS)
def test_a_mistake_is_seen_in_print(slug):
    """No mutant of a line is printed as the line is: what is read is what was proved."""
    derivation = prove(slug)
    for line in (*(part.start for part in derivation.parts), *(s.expression for s in derivation.steps)):
        printed = latex(line)
        assert balanced(printed)
        alike = [m for _, m in mutants(line) if latex(m) == printed]
        assert {read_as(m) for m in alike} <= {read_as(line)}


def read_as(term):
    """What two terms that print alike share: `derivations.latex` says in what they may differ."""
    return canonical(_flat(term))


def _flat(term):
    args = [_flat(a) for a in term.args]
    if term.head == "multiply":
        return kernel.multiply(*(f for a in args for f in (a.args if a.head == "multiply" else [a])))
    if term.head == "add":
        return kernel.add(*args)
    return Term(term.head, tuple(args), term.data, term.bound)


def variants(term):
    """Terms a bracket, a sign or an order away from a term: what a careless print would not tell apart."""
    yield from _variants_here(term)
    for i, arg in enumerate(term.args):
        for variant in variants(arg):
            yield from made(term, (*term.args[:i], variant, *term.args[i + 1 :]))


def made(term, args, data=None, bound=None):
    try:
        yield Term(term.head, tuple(args), term.data if data is None else data, term.bound if bound is None else bound)
    except KernelError:
        return


def _variants_here(term):
    head, args = term.head, term.args
    for i, child in enumerate(args):  # the parent changes places with the child
        for k, inner in enumerate(child.args):
            for lowered in made(term, (*args[:i], inner, *args[i + 1 :])):
                yield from made(child, (*child.args[:k], lowered, *child.args[k + 1 :]))
    if head in ("add", "multiply"):
        yield Term("multiply" if head == "add" else "add", args)
        yield Term(head, args[::-1])
        yield from (Term(head, (Term(head, args[:k]), *args[k:])) for k in range(2, len(args)))
        yield from (Term(head, (*args[:k], Term(head, args[k:]))) for k in range(1, len(args) - 1))
        yield Term(head, (number(-1), *args))
        yield Term("multiply", (number(-1), term))
    if head == "power":
        base, exponent = args
        yield (base**exponent) ** exponent
        yield base ** (exponent * exponent)
        if exponent.head == "number":
            yield from ((base ** (-exponent.data[0])) ** -1, (base**-1) ** (-exponent.data[0]), ONE * term)
            yield base ** (-exponent.data[0])
    if head == "number":
        value = term.data[0]
        yield from (number(-value), number(-1) * number(-value), ONE * term, term * ONE)
        yield number(value.numerator) * number(value.denominator) ** -1
    if head == "normal":
        point, size, mean, variance = args
        for other in (ONE, TWO, N, MU_J, S, A, number(0)):
            for changed in (
                (point, other, mean, variance),
                (point, size, other, variance),
                (point, size, mean, other),
                (point, size, mean, other**2),
            ):
                yield from made(term, changed)
        yield from made(term, (Y, size, mean, variance))
    if head == "tuple" and term.data != ("x",):
        yield from made(term, args, data=("x",))
    if head in ("kl", "expectation", "integral"):
        for other in (X, Y):
            yield from made(term, args, bound=other)


MU_J, MU_I, I, Y = Term("component", (MU, J)), Term("component", (MU, variable("i", "index"))), variable("i", "index"), variable("y", "z")  # fmt: skip
LEAVES = (A, B, J, I, N, ONE, TWO, MU_J, MU_I, S, Term("pi"), kernel.delta(I, J), number(-1), number(-3), number("1/2"),
          number("-1/2"), density("p", [Z]), density("p", [X], [Z]), Term("component", (Z, J)),
          Term("component", (MU, J + ONE)), Term("component", (MU, I * J)),
          Term("component", (variable("M", "matrix"), I, J)), Term("component", (variable("M", "matrix"), I + ONE, J)),
          Term("function", (Z,), ("f", "real")), Term("function", (J, Z), ("g", "real")))  # fmt: skip


def expression(rng, depth):
    """A random expression, names standing for the same things in all of them."""
    if depth <= 0 or rng.random() < 0.12:
        return rng.choice(LEAVES)

    def inner():
        return expression(rng, depth - 1)

    def law():
        bound, mean, variance = rng.choice((I, J)), rng.choice((MU_J, MU_I, A, inner())), rng.choice((S**2, S, A, ONE))
        try:
            normal = [bind("normal", bound, rng.choice((Z, Y)), rng.choice((N, ONE, TWO)), mean, variance)]
        except KernelError:
            normal = []
        return rng.choice([density("p", [Z]), density("q", [Z], [X]), density("q", [Y], [X]), *normal])

    point = [Z, Y, Term("tuple", (N, inner()), (rng.choice("zx"),), J)]
    t = variable("t", "real")
    choices = (
        lambda: Term("add", tuple(inner() for _ in range(rng.choice((2, 2, 3))))),
        lambda: Term("multiply", tuple(inner() for _ in range(rng.choice((2, 2, 3))))),
        lambda: Term("multiply", tuple(inner() for _ in range(rng.choice((2, 3, 4))))),
        lambda: inner() ** rng.choice((-1, -1, 2, -2)),
        lambda: inner() ** rng.choice((number("1/2"), number("-1/2"), N, inner())),
        lambda: log(inner()),
        lambda: bind(rng.choice(("sum", "product")), rng.choice((I, J)), ONE, N, inner()),
        lambda: bind("integral", rng.choice((Z, Y)), inner()),
        lambda: bind("expectation", rng.choice((Z, Y)), law(), inner()),
        lambda: bind("kl", rng.choice((Z, Y, X)), law(), law()),
        lambda: bind("derivative", t, rng.choice((A, B, ONE)), kernel.substitute(inner(), A, t)),
        lambda: density("p", [rng.choice(point)]),
        lambda: law(),
    )
    try:
        return rng.choice(choices)()
    except KernelError:  # a limit that holds its index, or the like
        return inner()


def claim(rng, depth):
    """A random proposition."""
    first, second, t = expression(rng, depth), expression(rng, depth), variable("t", "real")
    body = kernel.substitute(first, A, t)
    slope = rng.choice((second, bind("derivative", t, A, body)))
    image = Term("tuple", (N, first), (rng.choice("zx"),), J)
    return rng.choice((
        lambda: kernel.equal(first, second),
        lambda: kernel.at_most(first, second),
        lambda: bind("integrable", Z, density("p", [Z]) * first),
        lambda: bind("differential", t, A, slope, body),
        lambda: kernel.equal(bind("derivative", t, A, body), slope),
        lambda: bind("bijection", Y, image, second),
        lambda: bind("forall", Z, bind("dimension", None, rng.choice((Z, Y)), N)),
        lambda: bind("forall_in", J, ONE, N, kernel.positive(first)),
    ))()  # fmt: skip


def test_different_terms_print_differently(seed):
    """Of random terms, and of each with all its variants, no two print alike, as LaTeX and as text."""
    rng = random.Random(f"apart {seed}")
    compared, several = 0, {latex: {}, text: {}}
    for i in range(60):
        term = claim(rng, 2) if i % 4 == 0 else expression(rng, rng.choice((1, 2, 3)))
        for show, everything in several.items():
            prints = {}
            for candidate in (term, *itertools.islice(variants(term), 60)):
                printed = show(candidate)
                meaning = read_as(candidate)
                assert prints.setdefault(printed, meaning) == meaning, printed
                assert everything.setdefault(printed, meaning) == meaning, printed
                compared += 1
    assert compared > 2_000


def test_small_terms_print_differently():
    """All terms of two levels over a few leaves."""
    leaves = (A, B, ONE, TWO, number(-1), number(-3), number("1/2"), number("-1/2"))
    level = list(leaves)
    for u in leaves:
        level += [log(u), u**-1, u**-2, u ** number("1/2"), bind("sum", J, ONE, N, u), bind("integral", Z, u)]
        level += [w for v in leaves for w in (u + v, u * v, u**v, u * v * A, u * (v * A), u / v * A)]
    for show in (latex, text):
        seen = {}
        for term in (w for u in level[::9] for v in level[::3] for w in (u + v, u * v, u / v)):
            printed = show(term)
            assert seen.setdefault(printed, read_as(term)) == read_as(term), printed
        assert len(seen) > 2_000


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (A ** number("-1/2"), (A ** number("1/2")) ** -1),
        (A**-2, (A**2) ** -1),
        (A * (B**-1 * S**-1), A * (B * S) ** -1),
        (bind("sum", J, ONE, N, (S + A) * B), bind("sum", J, ONE, N, S + A) * B),
        (number("1/2"), TWO**-1),
        (number(-3), number(-1) * number(3)),
        (kernel.equal(bind("derivative", B, A, B), ONE), bind("differential", B, A, ONE, B)),
        (bind("kl", Z, density("p", [Z]), density("q", [Z])), bind("kl", X, density("p", [Z]), density("q", [Z]))),
        (bind("normal", J, Z, N, S, S), bind("normal", J, Z, TWO, S, S)),
        (bind("forall", Z, bind("dimension", None, Z, N)), bind("dimension", None, Z, N)),
        (density("p", [Term("tuple", (N, S), ("x",), J)]), density("p", [Term("tuple", (N, S), ("z",), J)])),
    ],
)
def test_pairs_that_a_careless_print_would_confuse(left, right):
    assert latex(left) != latex(right)
    assert text(left) != text(right)


@pytest.mark.parametrize(
    ("term", "message"),
    [
        (variable("pi", "real") + Term("pi"), "two variables of different kinds are named 'pi'"),
        (Term("function", (Z,), ("f", "real")) + Term("function", (A,), ("f", "real")), "two functions of different"),
        (Term("function", (Z,), ("p", "real")) + density("p", [Z]), "two functions of different kinds are named 'p'"),
        (variable("z1", "real") + Term("component", (Z, ONE)), "'z1' would print as a component of 'z'"),
    ],
)
def test_a_name_for_two_things_is_refused(term, message):
    with pytest.raises(ValueError, match=message):
        latex(term)


HEADS = {
    "function": (Term("function", (J, Z), ("f", "real")), "f_{j}(z)", "f_j(z)"),
    "tuple": (Term("tuple", (N, S), ("z",), J), r"\left(\sigma_{j}\right)_{j=1}^{n}", "(sigma_j)_{j=1}^n"),
    "delta": (kernel.delta(I, J + ONE), r"\delta_{i, j + 1}", "delta_{i, j + 1}"),
    "derivative": (bind("derivative", B, A, log(B)), r"\frac{\partial}{\partial a} \log a", "d/da log a"),
    "derivative at a point": (
        bind("derivative", B, ONE, log(B)),
        r"\left. \frac{\partial}{\partial b} \log b \right|_{b = 1}",
        "d/db log b |_{b = 1}",
    ),
    "differential": (
        bind("differential", B, A, A**-1, log(B)),
        r"\frac{\partial}{\partial a} \log a \text{ exists and is } \frac{1}{a}",
        "d/da log a exists and is (1 / a)",
    ),
    "bijection": (
        bind("bijection", Y, Term("tuple", (N, S), ("z",), J), A),
        r"y \mapsto z = \left(\sigma_{j}\right)_{j=1}^{n} \text{ is one-to-one and onto, } \mathrm{d}z = a \, \mathrm{d}y",
        "y -> z = (sigma_j)_{j=1}^n is one-to-one and onto, dz = a dy",
    ),
    "at_most": (kernel.at_most(A, B), r"a \leq b", "a <= b"),
    "normal": (
        bind("normal", J, Z, N, Term("component", (MU, J)), S**2),
        r"\mathcal{N}_{n}(z;\, \mu, \operatorname{diag} \sigma^{2})",
        "N_n(z; mu, diag sigma^2)",
    ),
}


@pytest.mark.parametrize("name", HEADS)
def test_heads(name):
    term, as_latex, as_text = HEADS[name]
    assert latex(term) == as_latex
    assert text(term) == as_text


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
