"""Names."""

import pytest

from derivations.kernel import Term, variable
from derivations.name import check_names, symbol


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("x", "x"),
        ("mu", r"\mu"),
        ("Gamma", r"\Gamma"),
        ("z1", "z_{1}"),
        ("z_t", "z_{t}"),
        ("z'", "z'"),
        ("loc", r"\mathit{loc}"),
        ("sigma2", r"\sigma_{2}"),
    ],
)
def test_symbol(name, printed):
    assert symbol(name) == printed


def test_a_point_and_a_function_may_share_a_letter_but_two_variables_may_not():
    z, index = variable("z", "z"), variable("l", "index")
    check_names(Term("component", (z, index)) + Term("function", (index, z), ("z", "real")))
    with pytest.raises(ValueError, match="two variables of different kinds are named 'z'"):
        check_names(Term("component", (z, index)) + variable("z", "real"))
