"""Print kernel terms, as LaTeX and as text. What is printed is what was proved.

Two terms that print alike differ, if at all, in the names of bound variables, in the brackets of a product (``a (b c)``
and ``(a b) c`` print as ``a b c``), in sums and products of fewer than two terms, or in the space to which a tuple
belongs of which a component is taken or a function evaluated; all names standing for the same things in both. A fraction
``a b / c`` is the product of a, b and the inverse of c, a leading minus belongs to the number that follows it, and is -1 if
none does.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from derivations.kernel import Term, alpha_equal, free, integer, number, sort, substitute
from derivations.name import check_names, is_place, symbol
from derivations.plain import group, plain

_ATOMS = ("variable", "component", "function", "delta", "pi")
_RELATION = {"equal": "=", "at_most": r"\leq", "positive": "> 0", "nonzero": r"\neq 0"}
_INVERSE, _ROOT = number(-1), number("1/2")


def latex(term: Term) -> str:
    r"""The LaTeX of an expression or proposition, without dollar signs.

    Raises
    ------
    ValueError
        If one name stands for two things: what is printed would not be what was proved.

    Examples
    --------
    >>> from derivations.kernel import density, log, variable
    >>> print(latex(log(density("p", [variable("x", "x")], [variable("z", "z")]))))
    \log p(x \mid z)
    """
    check_names(term)
    return _print(term)


def text(term: Term) -> str:
    """One line of plain text for terminals and messages.

    Examples
    --------
    >>> from derivations.kernel import density, log, variable
    >>> text(log(density("p", [variable("x", "x")], [variable("z", "z")])))
    'log p(x | z)'
    """
    return plain(latex(term))


def _print(term: Term) -> str:
    return _PRINTERS[term.head](term)


# --- expressions ---


def _number(term: Term) -> str:
    value = Fraction(term.data[0])
    if value.denominator == 1:
        return str(value)
    sign = "-" if value < 0 else ""
    return rf"{sign}\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"


def _name(term: Term) -> str:
    return symbol(str(term.data[0]))


def _component(term: Term) -> str:
    vector, *indices = term.args
    inner = _print(vector) if vector.head == "variable" else _parenthesised(vector)
    return f"{inner}_{{{_subscripts(indices)}}}"


def _subscripts(indices: list[Term]) -> str:
    """``i k``, but ``i + 1, k`` and ``(i k)``, so that no product is taken for two indices."""
    printed = [_parenthesised(i) if i.head == "multiply" else _print(i) for i in indices]
    return (" " if all(i.head == "variable" for i in indices) else ", ").join(printed)


def _function_value(term: Term) -> str:
    """``f_l(z, t)``: the whole numbers that come first as subscripts, the other arguments in parentheses."""
    places: list[Term] = []
    while len(places) < len(term.args) and is_place(term.args[len(places)]):
        places.append(term.args[len(places)])
    others = term.args[len(places) :]
    subscript = f"_{{{', '.join(map(_print, places))}}}" if places else ""
    return _name(term) + subscript + (f"({', '.join(map(_print, others))})" if others else "")


def _tuple(term: Term) -> str:
    dimension, body = term.args
    return rf"\left({_print(body)}\right)_{{{_variable_of(term)}=1}}^{{{_print(dimension)}}}"


def _in_space(point: Term) -> str:
    """A point where it matters of which space it is: a tuple says it, of the others their names do."""
    return rf"{symbol(point.data[0])} = {_print(point)}" if point.head == "tuple" else _print(point)


def _derivative(term: Term) -> str:
    """In the manner of Leibniz where it is unambiguous, else with the point after a bar."""
    at, body = term.args
    assert term.bound is not None
    if at.head == "variable" and at not in free(body):
        return rf"\frac{{\partial}}{{\partial {_print(at)}}} {_operand_of(substitute(body, term.bound, at))}"
    operator = rf"\frac{{\partial}}{{\partial {_variable_of(term)}}}"
    return rf"\left. {operator} {_operand_of(body)} \right|_{{{_variable_of(term)} = {_print(at)}}}"


def _operand_of(body: Term) -> str:
    bare = (*_ATOMS, "density", "normal", "log", "exp", "expectation", "kl", "integral")
    return _print(body) if body.head in bare else _parenthesised(body)


def _density(term: Term) -> str:
    family, count = term.data
    targets, given = (", ".join(map(_in_space, group)) for group in (term.args[:count], term.args[count:]))
    return f"{symbol(family)}({targets} \\mid {given})" if given else f"{symbol(family)}({targets})"


def _add(term: Term) -> str:
    parts = [_summand(a, last=i == len(term.args) - 1) for i, a in enumerate(term.args)] or ["0"]
    return "".join(p if i == 0 else f" - {p[1:]}" if p.startswith("-") else f" + {p}" for i, p in enumerate(parts))


def _summand(term: Term, last: bool) -> str:
    printed = _parenthesised(term) if term.head == "add" else _print(term)
    final = _factors(term)[-1:]
    open_ended = any(f.head in ("sum", "product") and f.args[2].head != "add" for f in final)
    return rf"\left({printed}\right)" if open_ended and not last else printed


def _multiply(term: Term) -> str:
    """The factors as they come: those before an inverse are the numerator of a fraction."""
    sign, factors = _signed(_factors(term))
    groups, run = list[tuple[list[Term], Term | None]](), list[Term]()
    for f in factors:
        if _is_inverse(f) and (f.args[0].head != "number" or [r for r in run[:2] if r != run[0] or r.head != "number"]):
            groups += [(run, None), ([], f.args[0])] if run == [number(1)] else [(run, f.args[0])]
            run = []
        elif f.head == "number" and f.data[0].denominator > 1:
            groups += [(run, None), ([f], None)]
            run = []
        else:
            run.append(f)
    groups.append((run, None))
    items = [item for group in groups for item in _group_items(*group)]
    last = len(items) - 1
    return sign + _joined([(head, printed(i == last)) for i, (head, printed) in enumerate(items)])


def _factors(term: Term) -> list[Term]:
    return [f for a in term.args for f in _factors(a)] if term.head == "multiply" else [term]


def _signed(factors: list[Term]) -> tuple[str, list[Term]]:
    """A minus for a negative number in front, and what is left; -1 stays if a number follows, as in ``-1 * 3``."""
    if len(factors) < 2 or factors[0].head != "number" or factors[0].data[0] >= 0:
        return "", factors
    if factors[0] == _INVERSE:
        return ("", factors) if factors[1].head == "number" else ("-", factors[1:])
    return "-", [number(-factors[0].data[0]), *factors[1:]]


def _group_items(above: list[Term], below: Term | None) -> list[tuple[str, Callable[[bool], str]]]:
    """The factors of a run, or the one fraction that it makes; each with its head, and printed as the last or not."""
    if below is None:
        return [(f.head, lambda last, f=f: _factor(f, last)) for f in above]  # type: ignore[misc]
    top = _joined([(f.head, _factor(f, i == len(above) - 1)) for i, f in enumerate(above)]) or "1"
    return [("fraction", lambda last: rf"\frac{{{top}}}{{{_print(below)}}}")]


def _joined(items: list[tuple[str, str]]) -> str:
    line = ""
    for i, (head, printed) in enumerate(items):
        grouped = rf"\left({printed}\right)" if i > 0 and printed.startswith("-") else printed
        after_number = i > 0 and items[i - 1][0] == "number"
        dot = grouped[:1].isdigit() or (head == "number" and after_number)
        line += ("" if i == 0 else r" \cdot " if dot else " " if after_number else r" \, ") + grouped
    return line


def _factor(term: Term, last: bool) -> str:
    """A factor, in parentheses where what follows would seem to belong to it."""
    if term.head == "log" and not last:
        return rf"\log{_parenthesised(term.args[0])}"
    open_ended = term.head in ("sum", "product", "integral", "derivative")
    return _parenthesised(term) if term.head == "add" or (open_ended and not last) else _print(term)


def _is_inverse(term: Term) -> bool:
    return term.head == "power" and term.args[1] == _INVERSE


def _power(term: Term) -> str:
    base, exponent = term.args
    if _is_inverse(term) and base.head != "number":
        return rf"\frac{{1}}{{{_print(base)}}}"
    if exponent == _ROOT:
        return rf"\sqrt{{{_print(base)}}}"
    bare = base.head in ("variable", "component", "pi", "delta") or (integer(base) or -1) >= 0
    return f"{_print(base) if bare else _parenthesised(base)}^{{{_print(exponent)}}}"


def _parenthesised(term: Term) -> str:
    return rf"\left({_print(term)}\right)"


def _log(term: Term) -> str:
    (argument,) = term.args
    inner = _print(argument)
    bare = argument.head in (*_ATOMS, "density", "normal") or _is_fraction(inner)
    raised = argument.head == "power" and argument.args[1] not in (_INVERSE, _ROOT)
    bare = bare or (raised and argument.args[0].head in ("variable", "component"))
    return rf"\log {inner}" if bare else rf"\log\left({inner}\right)"


def _is_fraction(printed: str) -> bool:
    if not printed.startswith(r"\frac{"):
        return False
    _, rest = group(printed[len(r"\frac") :])
    return group(rest)[1] == ""


def _indexed(symbol: str) -> Callable[[Term], str]:
    def printer(term: Term) -> str:
        lower, upper, body = term.args
        return rf"{symbol}_{{{_variable_of(term)}={_print(lower)}}}^{{{_print(upper)}}} {_body(body)}"

    return printer


def _body(term: Term) -> str:
    printed = _print(term)
    return rf"\left({printed}\right)" if term.head == "add" or printed.startswith("-") else printed


def _variable_of(term: Term) -> str:
    assert term.bound is not None
    return _print(term.bound)


def _integral(term: Term) -> str:
    return rf"\int {_body(term.args[0])} \, \mathrm{{d}}{_variable_of(term)}"


def _expectation(term: Term) -> str:
    return rf"\mathbb{{E}}_{{{_law(term)}}}\left[{_print(term.args[1])}\right]"


def _law(term: Term) -> str:
    density = term.args[0]
    own = density.head == "normal" and density.args[0] == term.bound
    return rf"{_variable_of(term)} \sim {_normal_law(density) if own else _print(density)}"


def _kl(term: Term) -> str:
    """With the variable as a subscript, unless both densities are of nothing else."""
    named = all(_sole_point(d) == term.bound for d in term.args)
    subscript = "" if named else f"_{{{_variable_of(term)}}}"
    q, p = map(_print, term.args)
    return rf"\operatorname{{KL}}{subscript}\left({q} \,\middle\|\, {p}\right)"


def _sole_point(density: Term) -> Term | None:
    """The variable that a density is of."""
    points = {
        "normal": density.args[:1],
        "density": density.args[: density.data[1]] if density.head == "density" else (),
        "function": tuple(a for a in density.args if sort(a) == "p" and a.data[-1] != "vector"),
    }.get(density.head, ())
    return points[0] if len(points) == 1 and points[0].head == "variable" else None


def _normal(term: Term) -> str:
    return _normal_law(term, rf"{_print(term.args[0])};\, ")


def _normal_law(term: Term, point: str = "") -> str:
    r"""``\mathcal{N}_{J}(z; mu, diag sigma^2)``, the dimension as a subscript unless it is 1."""
    _, dimension, mean, variance = term.args
    subscript = "" if dimension == number(1) else f"_{{{_print(dimension)}}}"
    return rf"\mathcal{{N}}{subscript}({point}{_mean(mean, term)}, {_covariance(variance, term)})"


def _whole_vector(entry: Term, normal: Term) -> Term | None:
    """The vector of which `entry` is the component at the index of a normal density."""
    own = entry.head == "component" and entry.args[1:] == (normal.bound,) and normal.bound not in free(entry.args[0])
    return entry.args[0] if own else None


def _mean(mean: Term, term: Term) -> str:
    vector = _whole_vector(mean, term)
    if vector is not None:
        return _print(vector)
    if term.bound in free(mean):
        return rf"({_print(mean)})_{{{_variable_of(term)}}}"
    return _print(mean) if number(1) == term.args[1] or mean == number(0) else rf"{_body(mean)} \mathbf{{1}}"


def _covariance(variance: Term, term: Term) -> str:
    power = variance.head == "power" and (integer(variance.args[1]) or 0) > 0
    vector = _whole_vector(variance.args[0] if power else variance, term)
    diagonal = "" if term.args[1] == number(1) else r"\operatorname{diag} "
    if vector is not None:
        inner = _print(vector) if vector.head == "variable" else _parenthesised(vector)
        return diagonal + inner + (f"^{{{_print(variance.args[1])}}}" if power else "")
    if term.bound in free(variance):
        return rf"\operatorname{{diag}}({_print(variance)})_{{{_variable_of(term)}}}"
    if term.args[1] == number(1):
        return _print(variance)
    return "I" if variance == number(1) else rf"{_body(variance)} I"


# --- propositions ---


def _relation(term: Term) -> str:
    return " ".join((_print(term.args[0]), _RELATION[term.head], *map(_print, term.args[1:])))


def _integrable(term: Term) -> str:
    (body,) = term.args
    if body.head == "multiply" and len(body.args) == 2 and body.args[0].head in ("density", "normal"):
        law = _law(Term("expectation", body.args, bound=term.bound))
        return rf"\mathbb{{E}}_{{{law}}}\left|{_print(body.args[1])}\right| < \infty"
    return rf"\int \left|{_print(body)}\right| \, \mathrm{{d}}{_variable_of(term)} < \infty"


def _differential(term: Term) -> str:
    at, value, body = term.args
    derivative = Term("derivative", (at, body), bound=term.bound)
    if alpha_equal(value, derivative):
        return rf"{_print(derivative)} \text{{ exists}}"
    return rf"{_print(derivative)} \text{{ exists and is }} {_print(value)}"


def _bijection(term: Term) -> str:
    image, factor = term.args
    point = _variable_of(term)
    density = rf"\mathrm{{d}}{symbol(image.data[-1])} = {_factor(factor, last=False)} \, \mathrm{{d}}{point}"
    return rf"{point} \mapsto {_in_space(image)} \text{{ is one-to-one and onto, }} {density}"


def _within(term: Term) -> str:
    index, lower, upper = map(_print, term.args)
    if index == upper:
        return rf"{index} \geq {lower}"
    return rf"{index} \in \{{{lower}, \dots, {upper}\}}"


def _dimension(term: Term) -> str:
    return rf"\dim {_print(term.args[0])} = {_print(term.args[1])}"


def _forall(term: Term) -> str:
    (inner,) = term.args
    if inner.head == "dimension" and inner.args[0] == term.bound:
        return rf"{_variable_of(term)} \in \mathbb{{R}}^{{{_print(inner.args[1])}}}"
    return rf"{_print(inner)} \;\forall {_variable_of(term)}"


def _forall_in(term: Term) -> str:
    lower, upper, inner = term.args
    return rf"{_print(inner)} \;\forall {_variable_of(term)} \in \{{{_print(lower)}, \dots, {_print(upper)}\}}"


_PRINTERS: dict[str, Callable[[Term], str]] = {
    "number": _number,
    "pi": lambda term: r"\pi",
    "variable": _name,
    "function": _function_value,
    "component": _component,
    "tuple": _tuple,
    "delta": lambda term: rf"\delta_{{{_subscripts(list(term.args))}}}",
    "derivative": _derivative,
    "density": _density,
    "add": _add,
    "multiply": _multiply,
    "power": _power,
    "log": _log,
    "exp": lambda term: rf"\exp\left({_print(term.args[0])}\right)",
    "sum": _indexed(r"\sum"),
    "product": _indexed(r"\prod"),
    "integral": _integral,
    "expectation": _expectation,
    "kl": _kl,
    "normal": _normal,
    "equal": _relation,
    "at_most": _relation,
    "positive": _relation,
    "nonzero": _relation,
    "integrable": _integrable,
    "differential": _differential,
    "bijection": _bijection,
    "within": _within,
    "dimension": _dimension,
    "forall": _forall,
    "forall_in": _forall_in,
}
