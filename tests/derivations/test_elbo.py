"""The evidence identity, line by line as the exercise prints it (problem 1.1), in kernel terms written here."""

from derivations.elbo import elbo_gap
from derivations.kernel import bind, density, equal, log, number, variable

X, Z = variable("x", "x"), variable("z", "z")


def p(*targets, given=()):
    return density("p", targets, given)


Q = density("q", [Z], [X])


def mean(body):
    return bind("expectation", Z, Q, body)


def kl(other):
    return bind("kl", Z, Q, other)


BAYES = p(X, given=[Z]) * p(Z) / p(Z, given=[X])
FIVE_EQUALITIES = [
    log(p(X)),
    mean(log(p(X))),
    mean(log(BAYES)),
    mean(log(BAYES * (Q / Q))),
    mean(log(p(X, given=[Z]))) + number(-1) * mean(log(Q / p(Z))) + mean(log(Q / p(Z, given=[X]))),
    mean(log(p(X, given=[Z]))) + number(-1) * kl(p(Z)) + kl(p(Z, given=[X])),
]


def same_up_to_grouping(left, right):
    """Equal terms, where ``a + b + c`` may be grouped and 1/p written in either of SymPy's ways."""
    return flat(left) == flat(right)


def flat(term):
    args = [flat(a) for a in term.args]
    if term.head in ("add", "multiply"):
        args = [b for a in args for b in (a[1] if a[0] == term.head else [a])]
    return (term.head, args, term.data, term.bound)


def test_the_five_equalities_of_the_exercise():
    derivation = elbo_gap()
    lines = [derivation.parts[0].start, *(s.expression for s in derivation.steps)]
    assert len(lines) == 6
    for line, expected in zip(lines, FIVE_EQUALITIES, strict=True):
        assert same_up_to_grouping(line, expected)


def test_the_statement():
    derivation = elbo_gap()
    expected = equal(FIVE_EQUALITIES[0], FIVE_EQUALITIES[-1])
    assert same_up_to_grouping(derivation.theorems[0].conclusion, expected)
    swapped = equal(log(p(X)), FIVE_EQUALITIES[-1] + number(0))
    assert not same_up_to_grouping(derivation.theorems[0].conclusion, swapped)


def test_reasons_are_those_of_the_exercise():
    assert [s.reason for s in elbo_gap().steps] == [
        "expectation of a constant",
        "Bayes' rule",
        "multiply by one",
        "logarithm of a product, linearity of the expectation",
        "definition of the KL divergence",
    ]


def test_proved_once():
    assert elbo_gap() is elbo_gap()
