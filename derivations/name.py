"""Names of variables, functions and families: how they print, and that no name stands for two things."""

from __future__ import annotations

import re
from collections.abc import Iterator

from derivations.kernel import Term, integer, sort

_GREEK = re.compile(
    "(alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|pi|rho|sigma|tau|upsilon|phi|chi|psi|omega"
    "|Gamma|Delta|Theta|Lambda|Xi|Pi|Sigma|Upsilon|Phi|Psi|Omega)"
)
_NUMBERED = re.compile(r"([A-Za-z]+?)_?(\d+|(?<=_)\w+)")


def check_names(term: Term) -> None:
    """Raise ValueError if a name in `term` stands for two things that would print alike.

    That is for variables of different kinds or the circle constant, for functions of different arguments or a family of
    densities; or if ``z1``, printed with a subscript, stands beside a point or vector ``z``.
    """
    meanings: dict[tuple[str, str], object] = {}
    for sort_of_name, name, meaning in _names(term):
        if meanings.setdefault((sort_of_name, name), meaning) != meaning:
            raise ValueError(f"two {sort_of_name} of different kinds are named {name!r}")
    points = {name for (_, name), kind in meanings.items() if kind not in ("real", "natural", "index")}
    for _, name in meanings:
        numbered = _NUMBERED.fullmatch(name)
        if numbered and ("variables", numbered[1]) in meanings and numbered[1] in points:
            raise ValueError(f"{name!r} would print as a component of {numbered[1]!r}")


def _names(term: Term) -> Iterator[tuple[str, str, object]]:
    """Every name in `term` with what it stands for."""
    stack = [term]
    while stack:
        current = stack.pop()
        stack.extend((*current.args, *(() if current.bound is None else (current.bound,))))
        if current.head == "function":
            as_variable = all(map(is_place, current.args))
            yield "functions", current.data[0], (current.data[1], *map(_space_of, current.args))
            yield from [("variables", current.data[0], "function")] if as_variable else []
        elif current.head == "density":
            yield "functions", current.data[0], "density"
        elif current.head in ("variable", "pi"):
            yield "variables", *(current.data or ("pi", "constant"))


def _space_of(argument: Term) -> str:
    return str(argument.data[-1]) if sort(argument) == "p" else "number"


def is_place(term: Term) -> bool:
    """Whether a term is an index, or an index plus a whole number."""
    if term.head == "add" and len(term.args) == 2:
        return is_place(term.args[0]) and integer(term.args[1]) is not None
    return term.head == "variable" and term.data[1] in ("index", "natural")


def symbol(whole: str) -> str:
    """The LaTeX of a name: Greek letters as such, ``z1`` and ``z_1`` with a subscript, longer names upright as one."""
    name, primes = whole.rstrip("'"), "'" * whole.count("'")
    numbered = _NUMBERED.fullmatch(name)
    if numbered:
        return f"{symbol(numbered[1])}_{{{numbered[2]}}}{primes}"
    if _GREEK.fullmatch(name):
        return "\\" + name + primes
    return (name if len(name) == 1 else rf"\mathit{{{name}}}") + primes
