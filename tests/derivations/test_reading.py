"""Formulas get the meaning that the field gives them; where there are several, all are found."""

import pytest

from derivations.convention import DEFAULTS
from derivations.kernel import Term, add, bind, density, log, multiply, number, variable
from derivations.label import several
from derivations.law import named_laws
from derivations.parser import parse
from derivations.reader import Context, Reading
from derivations.reading import read, readings
from derivations.syntax import FormulaError

X, Z, J, K = variable("x", "x"), variable("z", "z"), variable("j", "index"), variable("J", "natural")
POSTERIOR = density("q", [Z], [X])
CONTEXT = Context(DEFAULTS)
SCALAR = Reading(scalar=True)
A, B, C = (variable(name, "real") for name in "abc")


def meaning(source, reading=Reading(), context=CONTEXT):  # noqa: B008 - an immutable default
    return read(parse(source), reading, context).term


def entry(name):
    return Term("component", (variable(name, "vector"), J))


@pytest.mark.parametrize(
    ("source", "term"),
    [
        (r"p_\theta(x|z)", density("p", [X], [Z])),
        (r"p(x^{(i)}, z; \theta)", density("p", [X, Z])),
        (r"\mathbb{E}_{z \sim q_\phi(z|x)}[\log p(x)]", bind("expectation", Z, POSTERIOR, log(density("p", [X])))),
        (r"E_q \log p(z)", bind("expectation", Z, POSTERIOR, log(density("p", [Z])))),
        (r"\langle p(z) \rangle_q", bind("expectation", Z, POSTERIOR, density("p", [Z]))),
        (r"KL(q \| p)", bind("kl", Z, POSTERIOR, density("p", [Z]))),
        (r"\int p(z) \, dz", bind("integral", Z, density("p", [Z]))),
        (r"\sum_{j=1}^{J} \sigma_j^2", bind("sum", J, number(1), K, entry("sigma") ** 2)),
        (r"\sum_j \mu_j", bind("sum", J, number(1), K, entry("mu"))),
        (r"e", Term("exp", (number(1),))),
        (r"p_{data}(x)", density("p_data", [X])),
        (r"p(x'|z)", density("p", [variable("x'", "x")], [Z])),
        (r"\mu_{1,j}", Term("component", (variable("mu_1", "vector"), J))),
        (r"H(q)", number(-1) * bind("expectation", Z, POSTERIOR, log(POSTERIOR))),
        (
            r"\mathbb{E}_{q(x,z)}[p(z)]",
            bind(
                "expectation",
                X,
                density("q", [X]),
                bind("expectation", Z, POSTERIOR, density("p", [Z])),
            ),
        ),
        (r"\mu^\top \mu", bind("sum", J, number(1), K, multiply(entry("mu"), entry("mu")))),
        (r"\|\mu\|^2", bind("sum", J, number(1), K, entry("mu") ** 2)),
        (r"\mathrm{tr}(\Sigma)", bind("sum", J, number(1), K, entry("sigma") ** 2)),
        (r"\det \Sigma", bind("product", J, number(1), K, entry("sigma") ** 2)),
        (r"\sum_z p(z)", bind("integral", Z, density("p", [Z]))),
        (r"e^{v_j}", Term("exp", (entry("v"),))),
        (r"\sqrt{2\pi}", (number(2) * Term("pi")) ** number("1/2")),
    ],
)
def test_meanings(source, term):
    assert meaning(source) == term


def test_a_normal_is_of_vectors_or_of_numbers():
    vector = meaning(r"\mathcal{N}(z; \mu, \Sigma)")
    assert vector == bind("normal", J, Z, K, entry("mu"), entry("sigma") ** 2)
    one = meaning(r"\mathcal{N}(z; \mu, \sigma^2)", SCALAR)
    assert one == bind("normal", J, Z, number(1), variable("mu", "real"), variable("sigma", "real") ** 2)
    assert meaning(r"N(z; 0, I)") == bind("normal", J, Z, K, number(0), number(1))


def test_a_logarithm_may_apply_to_one_factor_or_to_all():
    found = {found.term for found in readings(parse(r"\log a b"), Context())}
    assert found == {log(multiply(A, B)), multiply(log(A), B)}
    assert {found.term for found in readings(parse(r"\log(a) b"), Context())} == {multiply(log(A), B)}


def test_a_sum_may_extend_over_the_terms_that_follow():
    found = {found.term for found in readings(parse(r"\sum_j \mu_j + J"), Context())}
    inside = bind("sum", J, number(1), K, add(entry("mu"), K))
    assert found == {add(bind("sum", J, number(1), K, entry("mu")), K), inside}


def test_a_quotient_takes_one_factor():
    assert meaning("a / b c", SCALAR) == multiply(A, B**-1, C)


def test_laws_are_named_by_variable_and_by_family():
    found = named_laws(meaning(r"\mathbb{E}_{z \sim q(z)}[\log p(z)]"))
    assert found == {"z": density("q", [Z]), "q": density("q", [Z])}
    named = Context({**DEFAULTS, **found})
    assert meaning(r"\mathbb{E}_z[p(z)]", context=named).args[0] == density("q", [Z])


@pytest.mark.parametrize(
    ("sources", "letters"),
    [
        ([r"q_\phi(z)", r"q_\psi(z)"], {"q"}),
        ([r"q_\phi(z)", r"q(z)"], set()),
        ([r"p(x)", r"p(X)"], {"x"}),
        ([r"p(x|\theta)", r"p_\phi(x)"], {"p"}),
        ([r"p(x^{(i)})", r"p(x^{(j)})"], {"x"}),
        ([r"p(x^{(i)})", r"p(x)"], set()),
        ([r"\mu_\theta", r"\mu_\phi"], {"mu"}),
    ],
)
def test_letters_with_several_labels(sources, letters):
    assert several(map(parse, sources)) == letters


def test_letters_with_several_labels_are_kept_apart():
    context = Context(DEFAULTS, apart=frozenset({"p", "x"}))
    terms = [meaning(s, context=context) for s in (r"p_\theta(x)", r"p_\phi(x)", r"p_\theta(X)")]
    assert len(set(terms)) == 3


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (r"\log_2 p(x)", "with a script"),
        (r"\mathbb{E}^2_q[p(z)]", "with a script"),
        (r"p", "without its variables"),
        (r"\mu", "a vector where a number is wanted"),
        (r"z", "where a number is wanted"),
        (r"\int p(z)", "without its differential"),
        (r"\int_0^1 p(z) dz", "with a script|the limits"),
        (r"\log", "a logarithm of nothing"),
        (r"\heartsuit", "the command"),
        (r"p(x,x)", "two of one space"),
        (r"\sigma^{(2)}_j", "which may be a label"),
        (r"2 /", "a factor is missing"),
        (r"KL(q(z|x) \| p(x))", "different variables"),
        (r"KL(q(x|z) \| p(z))", "different variables"),
    ],
)
def test_what_has_no_meaning(source, message):
    with pytest.raises(FormulaError, match=message):
        meaning(source)


def test_entries_may_be_numbered_from_zero():
    first, second = (
        {r.term for r in readings(parse(rf"\sum_{{j={start}}}^{{{end}}} \mu_j^2")) if not r.reading.scalar}
        for start, end in ((0, "J-1"), (1, "J"))
    )
    assert first == second != set()
    assert not list(readings(parse(r"\sum_{j=0}^J \mu_j^2")))
    assert list(readings(parse(r"\sum_{j=0}^J 2^j")))
