"""Plain text from LaTeX."""

import pytest

from derivations.plain import group, plain


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (r"\frac{a + b}{c}", "((a + b) / c)"),
        (r"\frac{1}{\frac{a}{b}}", "(1 / (a / b))"),
        (r"\sqrt{\frac{a}{b}}", "sqrt((a / b))"),
        (r"3 \cdot 2^{-1}", "3 * 2^{-1}"),
        (r"\frac{\partial}{\partial a} f(a)", "d/da f(a)"),
        (r"x \in \{1, \dots, n\}", "x in {1, .., n}"),
    ],
)
def test_plain(line, expected):
    assert plain(line) == expected


def test_group():
    assert group("{a{b}c}d") == ("a{b}c", "d")
