"""The syntax of formulas: one tree for what is written in many ways, and an error for what is not known."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derivations.label import rows
from derivations.parser import parse
from derivations.spelling import normalised
from derivations.syntax import FormulaError, Group, Sum, Unit

SAME = [
    (r"\mathbb{E}_{q}[x]", r"\mathbb E_{q}\left[ x \right]", r"\operatorname{E}_q \big[ x \big]"),
    (
        r"D_{KL}(q\|p)",
        r"D_{\mathrm{KL}}(q \| p)",
        r"\mathrm{KL}(q||p)",
        r"\text{KL}\left(q \,\middle\|\, p\right)",
        r"\mathbb{D}_\text{KL}(q \parallel p)",
    ),
    (
        r"p(x|z)",
        r"p(x \mid z)",
        r"p(x\vert z)",
        r"p\left(x \middle| z\right)",
        r"\mathrm{p}(\mathbf{x}|\boldsymbol{z})",
    ),
    (r"\int q(z) dz", r"\int_{-\infty}^{\infty} q(z) dz", r"\int_{\mathbb{R}^d} q(z) \mathrm{d}z"),
    (r"\int \int q(x,z) dx dz", r"\iint q(x,z) dxdz", r"\int\!\!\int q(x,z)\,dx\,dz"),
    (r"\hat{x}_i", r"\hat x_i", r"\hat{\mathbf{x}}_{i}"),
    (r"\mu + \sigma", "μ + σ"),
    (r"p^*(x)", r"p^{*}(x)", r"p^\star(x)"),
    (r"\mathrm{Bern}(p)", r"\text{Bernoulli}(p)", r"Bern(p)"),
    (r"\frac{1}{2}", r"\tfrac12", r"\dfrac{1}{2}", r"\frac 1 2", r"{1 \over 2}"),
    (r"\log x", r"\ln x", r"log x", r"\mathrm{log}\, x"),
    (r"\int f \, dz", r"\int f \mathrm{d}z", r"\int f\, d \mathbf{z}", r"\int f \, \mathrm d z"),
    (r"a \cdot b", r"a \times b"),
    (r"\mathcal{N}(z;\mu,\Sigma)", r"\mathcal N(z; \mu, \Sigma)", r"\mathrm{N}(z;\mu,\Sigma)", r"N(z;\mu,\Sigma)"),
    (r"\underbrace{a + b}_{\geq 0}", r"{a+b}", r"\boxed{a + b}"),
    (r"\varepsilon + \varphi", r"\epsilon + \phi"),
    (
        r"a - b c",
        r"a \underbrace{- b}_{d} c",
        r"a {-b} c",
        r"a {}- b c",
        r"a \textcolor{red}{-b c}",
        r"a \mathbin{-} b c",
    ),
    (r"- a + b - c", r"- a {+ b - c}", r"{} - a \boxed{+ b} \color{red}{- c}"),
    (r"p_\theta(x)", r"{p_\theta}(x)", r"\textcolor{lightgreen}{p_\theta}(x)", r"{p}_\theta(x)"),
    (r"a {-} b", r"a - b", r"a \textcolor{red}{-} b"),
    (r"\int f dz - \int g dz", r"\int f dz {- \int g dz}", r"\int f dz \underbrace{- \int g dz}_{c}"),
    (r"D_{KL}(q\|p)", r"{D_{KL}}(q\|p)", r"D_{{\rm KL}}(q\|p)"),
    (r"\int q(z) f dz", r"\int{q(z) f dz}", r"\int {q(z) f \, \mathrm{d}z}"),
    (r"E_{z_1, \dots, z_K}[f]", r"E_{z_1, ..., z_K}[f]"),
]


def stripped(tree):
    """A tree without braces around one thing."""
    if isinstance(tree, Sum):
        return tuple((sign, tuple(stripped(i) for i in row.items)) for sign, row in tree.rows)
    if isinstance(tree, Group):
        return (tree.kind, tree.separators, tuple(map(stripped, tree.sums)))
    if isinstance(tree, Unit):
        return (
            stripped(tree.base),
            tree.primes,
            *(tuple(map(stripped, part)) for part in (tree.arguments, tree.subs, tree.sups)),
        )
    return tree


@pytest.mark.parametrize("ways", SAME, ids=lambda ways: ways[0])
def test_many_ways_to_write_the_same(ways):
    first, *others = (stripped(parse(way)) for way in ways)
    assert all(other == first for other in others)


DIFFERENT = [
    (r"\log_2 x", r"\log x"),
    (r"x_i", r"x^i"),
    (r"x'", r"x"),
    (r"p(x,z)", r"p(x|z)"),
    (r"a/b c", r"a b/c"),
    (r"\frac{1}{2}3", r"\frac{1}{23}"),
    (r"-a + b", r"-(a + b)"),
    (r"\mathcal{L}", r"L"),
    (r"\int_0^\infty q(z) dz", r"\int q(z) dz"),
    (r"\hat{x}_i", r"x_i"),
    (r"p^*(x)", r"p(x)"),
    (r"p^2(x)", r"p^*(x)"),
    (r"a {-b}", r"a \cdot {-b}"),
    (r"a {-b}", r"a (-b)"),
    (r"\log {-b}", r"\log - b"),
    (r"\mathbb{E}_q {-b}", r"\mathbb{E}_q - b"),
    (r"{-a}^2", r"-a^2"),
    (r"a {b + c}", r"a {+ b + c}"),
    (r"{x_i}^2 + y", r"x_i + y"),
]


@pytest.mark.parametrize("pair", DIFFERENT, ids=lambda pair: pair[0])
def test_what_differs_stays_different(pair):
    first, second = (stripped(parse(way)) for way in pair)
    assert first != second


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "nothing to read"),
        ("a +", "ends too early"),
        ("(a", r"a bracket \( is not closed"),
        ("a)", "cannot read"),
        ("a $ b", "cannot read"),
        (r"\underbrace a", "without braces"),
        (r"a \over b", "without braces"),
        ("{" * 41 + "a" + "}" * 41, "nested more than 40 deep"),
        ("x_1_2", "two subscripts"),
        ("Var(x)", "the word 'Var'"),
        (r"\frac{a + b", "not closed"),
    ],
)
def test_what_cannot_be_read(source, message):
    with pytest.raises(FormulaError, match=message):
        parse(source)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{" * 1000 + "a" + "}" * 1000, "nested more than 40"),
        ("{" * 10_000 + "}" * 10_000, "more than 4000 characters"),
        ("a" + "1" * 51, "more than 50 digits"),
    ],
)
def test_what_is_too_large_is_refused(source, message):
    with pytest.raises(FormulaError, match=message):
        parse(source)


def test_what_is_just_small_enough_is_read():
    assert parse("{" * 40 + "a" + "}" * 40)
    assert parse("1" * 50 + " + a" * 900)


@given(st.text(alphabet="abdkqpzEDKL\\{}()[]|^_+-=,;.12& ~'", max_size=80))
def test_any_text_is_read_or_refused(source):
    with contextlib.suppress(FormulaError):
        assert isinstance(parse(source), Sum)


@given(st.sampled_from([way for ways in SAME for way in ways]))
def test_normalising_twice_changes_nothing_more(way):
    assert normalised(way).split() == normalised(way).split()
    assert stripped(parse(way)) == stripped(parse(" " + way + " "))


@pytest.mark.parametrize(
    ("formula", "same"),
    [
        (r"\frac{1}{\int p(z)dz}", r"\frac{1}{\int p(z) \, \mathrm{d}z }"),
        (r"\frac{\int p(z) d{z}}{2}", r"\frac{\int p(z)dz }{2}"),
        (r"\frac{\|x\|^2}{2}", r"\frac{\| x \|^{2} }{2}"),
        (r"\frac{\|x\|_2^2}{2}", r"\frac{\|x\|_{2}^{2} }{2}"),
    ],
)
def test_a_closing_brace_belongs_to_what_it_closes(formula, same):
    assert parse(formula) == parse(same)


@pytest.mark.parametrize(
    ("short", "braced"),
    [
        (r"(2\pi)^\frac{J}{2}", r"(2\pi)^{\frac{J}{2}}"),
        (r"x^\frac12", r"x^{\frac{1}{2}}"),
        (r"\sqrt\frac12", r"\sqrt{\frac{1}{2}}"),
        (r"\frac\sqrt2 3", r"\frac{\sqrt{2}}{3}"),
    ],
)
def test_a_fraction_or_a_root_needs_no_braces(short, braced):
    assert parse(short) == parse(braced)


@pytest.mark.parametrize("formula", [r"\frac \frac\log p(x,z)", r"x^\frac", r"\sqrt\sqrt", r"\frac1"])
def test_a_fraction_or_a_root_of_nothing_is_none(formula):
    with pytest.raises(FormulaError, match=r"cannot read|ends too early"):
        parse(formula)


@pytest.mark.parametrize("formula", ["{}", "a + {}", "{} + {}", "{} {}", r"\log(a + {})"])
def test_braces_around_nothing_are_no_summand(formula):
    with pytest.raises(FormulaError, match="empty braces where a summand is wanted"):
        parse(formula)


@pytest.mark.parametrize("formula", ["{}", "a + {}", "{} + {}", "{} {}", r"\log {{}}", "a^{{} b}", r"\frac{{}}{a}"])
def test_no_row_of_a_tree_is_empty(formula):
    with contextlib.suppress(FormulaError):
        assert all(row.items for row in rows(parse(formula)))


def test_braces_around_nothing_are_space_beside_a_factor_and_before_a_sign():
    assert stripped(parse("a {} b")) == stripped(parse("a b"))
    assert stripped(parse("{} - a")) == stripped(parse("- a"))
