"""Letters of a formula and their labels."""

import pytest

from derivations.parser import parse
from derivations.syntax import FormulaError
from derivations.tree import Label, bases, is_transposed, only_unit, plain_letter, units, variable_of


@pytest.mark.parametrize(
    ("source", "indices", "kept", "primes"),
    [
        (r"z_i", ["i"], "", 0),
        (r"z^{(i,l)}", ["i", "l"], "", 0),
        (r"z_1", [], "1", 0),
        (r"x_{t-1}", [], "t-1", 0),
        (r"x_{1:T}", [], "1:T", 0),
        (r"\mu_{1,j}", ["j"], "1", 0),
        (r"q_\phi", [], "", 0),
        (r"z'", [], "", 1),
    ],
)
def test_labels(source, indices, kept, primes):
    label = Label(only_unit(parse(source)))
    assert (label.indices, label.kept, label.primes) == (indices, kept, primes)


def test_letters_that_may_move_are_told():
    assert Label(only_unit(parse(r"x_{t-1}"))).mentioned == {"t"}
    assert Label(only_unit(parse(r"x_{1:T}"))).mentioned == {"T"}
    assert Label(only_unit(parse(r"x_j"))).mentioned == set()


def test_ranges():
    assert Label(only_unit(parse(r"x_{1:T}"))).range == ("1", "T")
    assert Label(only_unit(parse(r"x_1"))).range is None


@pytest.mark.parametrize("source", ["x^2", "x + y", r"\log", "2", r"\heartsuit"])
def test_what_is_no_variable(source):
    with pytest.raises(FormulaError, match="variable"):
        variable_of(parse(source))


def test_letters():
    assert plain_letter(parse(r"{q_\phi}")) == "q"
    assert plain_letter(parse("q_1")) == plain_letter(parse("q(z)")) == ""
    assert bases(parse(r"\frac{a_j}{b}")) == {r"\frac", "a", "j", "b"}
    assert sum(1 for _ in units(parse("a^{b_c}"))) == 3


def test_transposes():
    assert [is_transposed(only_unit(parse(s))) for s in (r"\mu^T", r"\mu^\top", r"\mu^2", r"\mu^{T-1}")] == [
        True,
        True,
        False,
        False,
    ]
