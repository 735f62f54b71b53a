"""Conversions prove what they turn a term into; where they do not apply they say so."""

import random

import pytest

from derivations import conversion
from derivations.conversion import everywhere, in_turn, prove_equal
from derivations.kernel import KernelError, Term, bind, density, equal, infer, log, number, variable

from .finite_model import Undecided, random_model
from .random_term import Terms, random_env

pytestmark = pytest.mark.usefixtures("precise")

A, B, C, N = (variable(n, k) for n, k in (("a", "real"), ("b", "real"), ("c", "real"), ("n", "natural")))
I, J = variable("i", "index"), variable("j", "index")
X, Z = variable("x", "x"), variable("z", "z")
ONE, TWO = number(1), number(2)


def assumed(left, right):
    return infer("assume", equal(left, right))


def test_equality_is_an_equivalence():
    first, second = assumed(A, B), assumed(B, C)
    assert conversion.same(A).sides == (A, A)
    assert conversion.symmetry(first).sides == (B, A)
    assert conversion.transitivity(first, second).sides == (A, C)
    assert conversion.congruence(log(A), (0,), first).sides == (log(A), log(B))


def test_equations_that_do_not_join():
    with pytest.raises(KernelError, match="rewrite: the left side of an equation does not stand at the path"):
        conversion.transitivity(assumed(A, B), assumed(C, A))
    with pytest.raises(KernelError, match="rewrite: the left side of an equation does not stand at the path"):
        conversion.congruence(log(B), (0,), assumed(A, B))


def test_everywhere_goes_from_outside_in_until_nothing_applies():
    term = log(A * (B * C)) + log(Term("exp", (A,)))
    expanded = everywhere(conversion.expand_log)(term)
    assert expanded.sides[1] == log(A) + (log(B) + log(C)) + A
    assert everywhere(conversion.unfold_kl)(term).sides == (term, term)


def test_in_turn_applies_each_to_the_whole():
    term = bind("kl", Z, density("q", [Z]), density("p", [Z]))
    opened = in_turn(conversion.unfold_kl, conversion.unfold_expectation)(term)
    assert opened.sides[1].head == "integral"
    with pytest.raises(KernelError, match="not expectation"):
        in_turn(conversion.unfold_expectation, conversion.unfold_kl)(term)


def test_prove_equal():
    assert prove_equal((A + B) ** 2, A**2 + TWO * A * B + B**2, conversion.expand).hypotheses == ()
    with pytest.raises(KernelError, match="the two sides do not become equal"):
        prove_equal((A + B) ** 2, A**2 + B**2, conversion.expand)


REFUSALS = {
    "not expectation": (conversion.unfold_expectation, A),
    "not kl": (conversion.unfold_kl, A),
    "not a density of the family": (conversion.unfold_conditional("p"), density("q", [X], [Z])),
    "conditional_density: nothing is given": (conversion.unfold_conditional("p"), density("p", [X])),
    "not log": (conversion.unfold_log_normal, A),
    "not a normal density": (conversion.unfold_log_normal, log(A)),
    "nothing to expand": (conversion.expand_log, log(A)),
    "not sum": (conversion.split_sum, A),
    "nothing to split": (conversion.split_sum, bind("sum", J, ONE, N, J)),
    "division by zero": (conversion.expand, A / (B - B)),
}


@pytest.mark.parametrize("message", REFUSALS)
def test_conversion_that_does_not_apply(message):
    convert, term = REFUSALS[message]
    with pytest.raises(KernelError, match=message):
        convert(term)


@pytest.mark.parametrize(
    ("term", "becomes"),
    [
        (log(ONE), number(0)),
        (log(Term("exp", (A,))), A),
        (log(A**B), B * log(A)),
        (log(Term("multiply", (A, B, C))), log(A) + log(B * C)),
        (log(bind("product", J, ONE, N, A)), bind("sum", J, ONE, N, log(A))),
    ],
)
def test_expand_log(term, becomes):
    assert conversion.expand_log(term).sides == (term, becomes)


def test_expansion_does_not_forget_what_it_cancels():
    """SymPy says x/x = 1; the theorem says where."""
    (hypothesis,) = conversion.expand(A / A).hypotheses
    assert hypothesis == Term("nonzero", (A,))


def test_sums_are_split_and_counted():
    total = bind("sum", J, ONE, N, A * J + TWO)
    split = conversion.simplify(total)
    expected = conversion.simplify(A * bind("sum", I, ONE, N, I) + TWO * N)
    assert prove_equal(total, expected.sides[0], conversion.simplify).hypotheses == ()
    assert split.hypotheses == ()
    from_zero = bind("sum", J, number(0), N, TWO)
    with pytest.raises(KernelError, match="the two sides do not become equal"):
        prove_equal(from_zero, TWO * N, conversion.simplify)


@pytest.mark.parametrize("n", [1, 2, 7])
def test_powers_are_summed_up_to_a_number(n):
    for power in (1, 2):
        total = bind("sum", J, ONE, number(n), J if power == 1 else J**power)
        assert conversion.power_sum(total).sides[1] == number(sum(j**power for j in range(1, n + 1)))
    for refused in (J**3, J + ONE):
        with pytest.raises(KernelError, match="not a sum of powers up to a number"):
            conversion.power_sum(bind("sum", J, ONE, number(n), refused))
    for lower, upper in ((number(0), number(n)), (ONE, N)):
        with pytest.raises(KernelError, match="not a sum of powers up to a number"):
            conversion.power_sum(bind("sum", J, lower, upper, J))


def test_what_does_not_telescope_is_refused():
    assert conversion.telescoped(J, N, J**2, TWO * J + ONE).sides[0] == bind("sum", J, ONE, N, TWO * J + ONE)
    with pytest.raises(KernelError, match="field: the sides differ"):
        conversion.telescoped(J, N, J**2, TWO * J)


def test_coefficients_that_hold_the_index_stay_inside():
    split = conversion.split_sum(bind("sum", J, ONE, N, I * J))
    assert split.sides[1] == (ONE * I) * bind("sum", J, ONE, N, J)
    with pytest.raises(KernelError, match="nothing to split"):
        conversion.split_sum(bind("sum", J, ONE, N, J * J))


def test_monomials_and_split():
    parts = conversion.split(TWO * A * J + J**2 - number(3), J)
    assert {t: c for c, t in parts} == {ONE: number(-3), J: TWO * A, J**2: ONE}
    assert conversion.monomials(A - A) == ()


def test_forms_are_true_and_idempotent(seed):
    """On random terms `expand` and `simplify` give equations that hold in models, and expanding again changes nothing."""
    rng = random.Random(f"conversion {seed}")
    g, models, held, refused = Terms(rng), [random_model(rng) for _ in range(8)], 0, 0
    for _ in range(250):
        term = g.real(3)
        for convert in (conversion.expand, conversion.simplify):
            try:
                theorem = convert(term)
            except KernelError:
                refused += 1
                continue
            model = rng.choice(models)
            env = random_env(rng, model)
            try:
                verdict = model.holds(theorem.hypotheses, theorem.conclusion, env)
            except Undecided:
                continue
            assert verdict is not False
            held += verdict is True
            form = theorem.sides[1]
            assert conversion.expand(form).sides == (form, form)
    assert held > 200
    assert refused < 100


def test_equal_terms_have_one_form(seed):
    """What differs by the laws of a field only is expanded to the same."""
    rng = random.Random(f"forms {seed}")
    g, agreed = Terms(rng), 0
    for _ in range(150):
        term = g.real(2)
        scrambled = g.scramble(g.rename(term))
        try:
            prove_equal(term, scrambled, conversion.expand)
        except KernelError:
            continue
        agreed += 1
        with pytest.raises(KernelError, match="the two sides do not become equal"):
            prove_equal(term, scrambled + number("1/7"), conversion.expand)
    assert agreed > 75
