"""Print kernel terms, as LaTeX and as text. What is printed is what was proved."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction

from derivations.kernel import Term, free, number, substitute

_GREEK = re.compile(
    "(alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|pi|rho|sigma|tau|phi|chi|psi|omega)"
)
_ATOMS = ("variable", "component", "function", "delta", "pi")
_RELATION = {"equal": "=", "at_most": r"\leq", "positive": "> 0", "nonzero": r"\neq 0"}
_OPERATORS = ("log", "exp", "sum", "product", "integral", "expectation", "kl")
_TEXT = (
    (r"\left.", ""),
    (r"\left", ""),
    (r"\right", ""),
    (r"\middle", ""),
    (r"\mathbb{E}", "E"),
    (r"\mathbb{R}", "R"),
    (r"\mathcal{N}", "N"),
    (r"\operatorname{diag}", "diag"),
    (r"\operatorname{KL}", "KL"),
    (r"\{", "{"),
    (r"\}", "}"),
    (r"\mathrm{d}", "d"),
    (r"\mid", "|"),
    (r"\|", "||"),
    (r"\sim", "~"),
    (r"\,", " "),
    (r"\;", " "),
    (r"\infty", "inf"),
    (r"\neq", "!="),
    (r"\leq", "<="),
    (r"\partial", "d"),
    (r"\mapsto", "->"),
    (r"\forall", "for all"),
    (r"\in", "in"),
    (r"\dots", ".."),
)


def latex(term: Term) -> str:
    """The LaTeX of an expression or proposition, without dollar signs.

    Raises
    ------
    ValueError
        If two variables of different kinds have one name: what is printed would not be what was proved.

    Examples
    --------
    >>> from derivations.kernel import density, log, variable
    >>> latex(log(density("p", [variable("x", "x")], [variable("z", "z")])))
    '\\\\log p(x \\\\mid z)'
    """
    check_names(term)
    return _print(term)


def check_names(term: Term) -> None:
    """Raise ValueError if two variables in `term` have one name but different kinds."""
    kinds: dict[object, object] = {}
    stack = [term]
    while stack:
        current = stack.pop()
        stack.extend((*current.args, *(() if current.bound is None else (current.bound,))))
        if current.head == "variable" and kinds.setdefault(current.data[0], current.data[1]) != current.data[1]:
            raise ValueError(f"two variables of different kinds are named {current.data[0]!r}")


def _print(term: Term) -> str:
    return _PRINTERS[term.head](term)


def text(term: Term) -> str:
    r"""One line of plain text for terminals and messages.

    Examples
    --------
    >>> from derivations.kernel import density, log, variable
    >>> text(log(density("p", [variable("x", "x")], [variable("z", "z")])))
    'log p(x | z)'
    """
    line = re.sub(r"\\text\{([^}]*)\}", r"\1", _plain_fractions(latex(term)))
    for command, plain in _TEXT:
        line = line.replace(command + " ", plain + " ").replace(command, plain)
    line = re.sub(r"([_^])\{(\w+)\}", r"\1\2", line.replace("\\", ""))
    return " ".join(line.split())


def _plain_fractions(line: str) -> str:
    while (at := line.find(r"\frac{")) >= 0:
        above, rest = _group(line[at + len(r"\frac") :])
        below, rest = _group(rest)
        line = f"{line[:at]}({_operand(above)} / {_operand(below)}){rest}"
    while (at := line.find(r"\sqrt{")) >= 0:
        inside, rest = _group(line[at + len(r"\sqrt") :])
        line = f"{line[:at]}sqrt({inside}){rest}"
    return line


def _operand(line: str) -> str:
    """In parentheses, if it has a space outside all brackets."""
    depth = 0
    for c in line:
        depth += (c in "([{") - (c in ")]}")
        if c == " " and depth == 0:
            return f"({line})"
    return line


def _group(line: str) -> tuple[str, str]:
    depth = 0
    for i, c in enumerate(line):
        depth += (c == "{") - (c == "}")
        if depth == 0:
            return line[1:i], line[i + 1 :]
    return line[1:], ""


# --- expressions ---


def _number(term: Term) -> str:
    value = Fraction(term.data[0])
    if value.denominator == 1:
        return str(value)
    sign = "-" if value < 0 else ""
    return rf"{sign}\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"


def _name(term: Term) -> str:
    name, primes = str(term.data[0]).rstrip("'"), str(term.data[0]).count("'")
    return ("\\" + name if _GREEK.fullmatch(name) else name) + "'" * primes


def _component(term: Term) -> str:
    vector, *indices = term.args
    inner = _print(vector) if vector.head == "variable" else _parenthesised(vector)
    return f"{inner}_{{{' '.join(map(_print, indices))}}}"


def _function_value(term: Term) -> str:
    """``f_l(z, t)``: whole numbers as subscripts, what else it depends on in parentheses."""
    places = [a for a in term.args if a.head == "variable" and a.data[1] in ("index", "natural")]
    others = [a for a in term.args if a not in places]
    subscript = f"_{{{', '.join(map(_print, places))}}}" if places else ""
    return _name(term) + subscript + (f"({', '.join(map(_print, others))})" if others else "")


def _tuple(term: Term) -> str:
    dimension, body = term.args
    return rf"\left({_print(body)}\right)_{{{_variable_of(term)}=1}}^{{{_print(dimension)}}}"


def _derivative(term: Term) -> str:
    """In the manner of Leibniz where it is unambiguous, else with the point after a bar."""
    at, body = term.args
    assert term.bound is not None
    if at.head == "variable" and at not in free(body):
        return rf"\frac{{\partial}}{{\partial {_print(at)}}} {_operand_of(substitute(body, term.bound, at))}"
    operator = rf"\frac{{\partial}}{{\partial {_variable_of(term)}}}"
    return rf"\left. {operator} {_operand_of(body)} \right|_{{{_variable_of(term)} = {_print(at)}}}"


def _operand_of(body: Term) -> str:
    return _print(body) if body.head in (*_ATOMS, *_OPERATORS) else _parenthesised(body)


def _density(term: Term) -> str:
    family, count = term.data
    targets, given = (", ".join(map(_print, group)) for group in (term.args[:count], term.args[count:]))
    return f"{family}({targets} \\mid {given})" if given else f"{family}({targets})"


def _add(term: Term) -> str:
    parts = [_summand(a, last=i == len(term.args) - 1) for i, a in enumerate(term.args)]
    return "".join(p if i == 0 else f" - {p[1:]}" if p.startswith("-") else f" + {p}" for i, p in enumerate(parts))


def _summand(term: Term, last: bool) -> str:
    printed = _parenthesised(term) if term.head == "add" else _print(term)
    return printed if last or not _open_ended(term) else rf"\left({printed}\right)"


def _open_ended(term: Term) -> bool:
    """Whether what follows the printed term would seem to belong to it."""
    if term.head == "multiply" and term.args:
        return _open_ended(term.args[-1])
    return term.head in ("sum", "product") and term.args[2].head != "add"


def _multiply(term: Term) -> str:
    sign, factors = "", list(term.args)
    while factors and factors[0].head == "number" and factors[0].data[0] < 0 and len(factors) > 1:
        value = -factors[0].data[0]
        sign = "" if sign else "-"
        factors[:1] = [] if value == 1 else [number(value)]
    below = [_inverse(f) for f in factors if _is_inverse(f)]
    if not below:
        return sign + _juxtaposed(factors)
    # as on paper, what takes an argument stands after the fraction: (1/2) log x, not (log x)/2
    above = [f for f in factors if not _is_inverse(f) and f.head not in _OPERATORS and not _is_quotient(f)]
    after = [f for f in factors if not _is_inverse(f) and f not in above]
    fraction = rf"\frac{{{_juxtaposed(above) or '1'}}}{{{_juxtaposed(below)}}}"
    return sign + (rf"{fraction} \, {_juxtaposed(after)}" if after else fraction)


def _is_quotient(term: Term) -> bool:
    return term.head == "multiply" and any(map(_is_inverse, term.args))


def _juxtaposed(factors: list[Term]) -> str:
    if len(factors) == 1 and factors[0].head != "add":
        return _print(factors[0])
    printed = []
    for i, f in enumerate(factors):
        inner, last = _print(f), i == len(factors) - 1
        grouped = f.head == "add" or (i > 0 and inner.startswith("-")) or (not last and _open_ended(f))
        joint = (
            "" if i == 0 else r" \cdot " if inner[:1].isdigit() else " " if factors[i - 1].head == "number" else r" \, "
        )
        printed.append(joint + (rf"\left({inner}\right)" if grouped else inner))
    return "".join(printed)


def _is_inverse(term: Term) -> bool:
    return term.head == "power" and term.args[1].head == "number" and term.args[1].data[0] < 0


def _inverse(term: Term) -> Term:
    base, exponent = term.args
    return base if exponent == number(-1) else base ** number(-exponent.data[0])


def _power(term: Term) -> str:
    base, exponent = term.args
    if _is_inverse(term):
        return rf"\frac{{1}}{{{_print(_inverse(term))}}}"
    if exponent == number("1/2"):
        return rf"\sqrt{{{_print(base)}}}"
    printed = _print(base) if base.head in ("variable", "component", "pi", "delta") else _parenthesised(base)
    return f"{printed}^{{{_print(exponent)}}}"


def _parenthesised(term: Term) -> str:
    return rf"\left({_print(term)}\right)"


def _function(name: str, term: Term) -> str:
    inner = _print(term)
    bare = term.head in (*_ATOMS, "density", "normal") or _is_fraction(inner)
    bare = bare or (term.head == "power" and not _is_inverse(term) and term.args[0].head in ("variable", "component"))
    return f"{name} {inner}" if bare else rf"{name}\left({inner}\right)"


def _is_fraction(printed: str) -> bool:
    if not printed.startswith(r"\frac{"):
        return False
    _, rest = _group(printed[len(r"\frac") :])
    return _group(rest)[1] == ""


def _indexed(symbol: str) -> Callable[[Term], str]:
    def printer(term: Term) -> str:
        lower, upper, body = term.args
        inner = _parenthesised(body) if body.head == "add" else _print(body)
        return rf"{symbol}_{{{_variable_of(term)}={_print(lower)}}}^{{{_print(upper)}}} {inner}"

    return printer


def _variable_of(term: Term) -> str:
    assert term.bound is not None
    return _print(term.bound)


def _integral(term: Term) -> str:
    body = term.args[0]
    inner = _parenthesised(body) if body.head == "add" else _print(body)
    return rf"\int {inner} \, \mathrm{{d}}{_variable_of(term)}"


def _expectation(term: Term) -> str:
    return rf"\mathbb{{E}}_{{{_law(term)}}}\left[{_print(term.args[1])}\right]"


def _law(term: Term) -> str:
    density = term.args[0]
    printed = rf"\mathcal{{N}}({_parameters(density)})" if density.head == "normal" else _print(density)
    return rf"{_variable_of(term)} \sim {printed}"


def _kl(term: Term) -> str:
    q, p = (rf"\mathcal{{N}}({_parameters(d)})" if d.head == "normal" else _print(d) for d in term.args)
    return rf"\operatorname{{KL}}\left({q} \,\middle\|\, {p}\right)"


def _normal(term: Term) -> str:
    return rf"\mathcal{{N}}({_print(term.args[0])};\, {_parameters(term)})"


def _parameters(term: Term) -> str:
    _, _, mean, variance = term.args
    return f"{_mean(mean, term)}, {_covariance(variance, term)}"


def _mean(mean: Term, term: Term) -> str:
    if mean.head == "component" and mean.args[1] == term.bound:
        return _print(mean.args[0])
    return _print(mean) if term.bound not in free(mean) else rf"({_print(mean)})_{{{_variable_of(term)}}}"


def _covariance(variance: Term, term: Term) -> str:
    base = variance.args[0] if variance.head == "power" else variance
    if variance == number(1):
        return "I"
    if term.bound not in free(variance):
        return f"{_print(variance)} I"
    if base.head == "component" and base.args[1] == term.bound:
        exponent = f"^{{{_print(variance.args[1])}}}" if variance.head == "power" else ""
        return rf"\operatorname{{diag}} {_print(base.args[0])}{exponent}"
    return rf"\operatorname{{diag}}({_print(variance)})_{{{_variable_of(term)}}}"


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
    return _print(derivative) + (r" \text{ exists}" if value == derivative else f" = {_print(value)}")


def _bijection(term: Term) -> str:
    image, factor = map(_print, term.args)
    return rf"{_variable_of(term)} \mapsto {image} \text{{ is one-to-one and onto with volume factor }} {factor}"


def _within(term: Term) -> str:
    index, lower, upper = map(_print, term.args)
    return rf"{index} \in \{{{lower}, \dots, {upper}\}}"


def _dimension(term: Term) -> str:
    return rf"{_print(term.args[0])} \in \mathbb{{R}}^{{{_print(term.args[1])}}}"


def _forall(term: Term) -> str:
    (inner,) = term.args
    if inner.head == "dimension" and inner.args[0] == term.bound:
        return _print(inner)
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
    "delta": lambda term: rf"\delta_{{{_print(term.args[0])} {_print(term.args[1])}}}",
    "derivative": _derivative,
    "density": _density,
    "add": _add,
    "multiply": _multiply,
    "power": _power,
    "log": lambda term: _function(r"\log", term.args[0]),
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
