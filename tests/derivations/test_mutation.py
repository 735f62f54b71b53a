"""Mistakes: the kinds that people make are all made, each leaves a well-formed line, none the line itself."""

import pytest

from derivations.catalogue import prove
from derivations.kernel import Term, bind, component, density, log, number, total, variable
from derivations.mutation import mistakes, mutants, wrong_lines

X, Z, J, N = variable("x", "x"), variable("z", "z"), variable("j", "index"), variable("J", "natural")
S = variable("s", "real")
MU, SIGMA = (component(variable(n, "vector"), J) for n in ("mu", "sigma"))
Q, P = density("q", [Z], [X]), density("p", [Z])
MADE = {
    "sign": (S + N, S + number(-1) * N),
    "dropped term": (S + N, Term("add", (N,))),
    "dropped factor": (S * N, Term("multiply", (N,))),
    "lost 1/2": (number("1/2"), number(1)),
    "lost square": (S**2, S),
    "lost log": (log(S), S),
    "swapped divergence": (bind("kl", Z, Q, P), bind("kl", Z, P, Q)),
    "swapped conditioning": (Q, density("q", [X], [Z])),
    "range from 0": (total(J, number(1), N, S), total(J, number(0), N, S)),
    "range one long": (total(J, number(1), N, S), total(J, number(1), N + number(1), S)),
    "sigma for sigma^2": (bind("normal", J, Z, N, MU, SIGMA**2), bind("normal", J, Z, N, MU, SIGMA)),
    "mu and sigma exchanged": (MU, SIGMA),
}


@pytest.mark.parametrize("name", MADE)
def test_each_kind_of_mistake(name):
    right, wrong = MADE[name]
    assert wrong in [term for kind, term in mistakes(right) if kind == name]


def test_mistakes_are_made_inside_and_each_once():
    line = bind("expectation", Z, Q, log(P / Q) + S)
    wrong = [term for _, term in wrong_lines(line)]
    assert line not in wrong
    assert len(set(wrong)) == len(wrong)
    assert bind("expectation", Z, Q, P / Q + S) in wrong


def test_mutants_of_an_inequality():
    made = [m for m in mutants(prove("elbo-bound")) if m.mistake in ("= for an inequality", "inequality reversed")]
    assert [m.claim.head for m in made] == ["equal", "at_most"]
    step = prove("elbo-bound").steps[made[0].step - 1]
    assert made[1].claim.args == step.theorem.conclusion.args[::-1]
    assert made[0].hypotheses == step.theorem.hypotheses
    assert str(made[0]).startswith("elbo-bound 2, = for an inequality: E_{z ~ q(z | x)}[log p(x | z)]")
