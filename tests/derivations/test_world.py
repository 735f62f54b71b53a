"""Each theorem in a small world: its hypotheses can hold, both sides are what was computed from the tables, no line is false."""

import os
import random
from collections import Counter

import pytest

from derivations import derivation as engine
from derivations.catalogue import SCRIPTS, prove
from derivations.derivation import StepError
from derivations.kernel import Term
from derivations.latex import text

from .finite_model import Undecided, ball
from .mutation import mutants
from .world import WORLDS, world

pytestmark = pytest.mark.usefixtures("precise")


@pytest.fixture(params=WORLDS)
def slug(request):
    return request.param


def test_the_theorem_in_a_world(slug, seed):
    """The hypotheses hold, so it is not vacuous; its sides have the values that the tables give."""
    model, expected = world(slug, random.Random(f"{slug} {seed}"))
    theorems = prove(slug).theorems
    for theorem, sides in zip(theorems, expected, strict=True):
        assert [text(h) for h in theorem.hypotheses if not model.truth(h, model.env)] == []
        assert model.truth(theorem.conclusion, model.env)
        for side, value in zip(theorem.sides, sides, strict=True):
            assert abs(float(ball(model.value(side, model.env)).mid()) - value) < 1e-12 * (1 + abs(value))


def test_a_bound_is_not_an_equation(slug, seed):
    """The two sides of an inequality differ in the world."""
    _, expected = world(slug, random.Random(f"{slug} {seed}"))
    for theorem, (left, right) in zip(prove(slug).theorems, expected, strict=True):
        assert (abs(left - right) > 1e-9) == (theorem.conclusion.head == "at_most")


def test_every_step_in_a_world(slug, seed):
    model, _ = world(slug, random.Random(f"steps {slug} {seed}"))
    for step in prove(slug).steps:
        assert model.holds(step.theorem.hypotheses, step.theorem.conclusion, model.env) is True, text(step.expression)


def lines_of(slug, monkeypatch):
    """The chains of a script, ``(line before, relation, expression, reason)`` in kernel terms, and its joint families."""
    (script,) = (s for s in SCRIPTS if slug in s.DERIVATIONS)
    written, proved = [], prove(slug)  # what it uses is then proved too, and not met here

    def record(*arguments, joint=frozenset(), uses=()):
        written.append((arguments[3:], joint))
        return proved

    monkeypatch.setattr(script, "derive", record)
    script.DERIVATIONS[slug].__wrapped__()
    monkeypatch.undo()
    chains, joint = written[-1]
    lines = []
    for chain in chains:
        before = engine.to_kernel(chain[0])
        for line in chain[1:]:
            relation, expression, reason = line if len(line) == 3 else ("=", *line)
            lines.append((before, relation, before := engine.to_kernel(expression), reason))
    return lines, joint


def attempt(before, relation, line, reason, joint):
    """The theorem of the step, or None where its reason does not apply."""
    try:
        return engine._step("here", before, (relation, line, reason), joint, ()).theorem
    except (StepError, AssertionError, IndexError, AttributeError):
        return None


@pytest.fixture
def kernel_terms(monkeypatch):
    """Steps whose lines are kernel terms already."""
    read = engine.to_kernel
    monkeypatch.setattr(engine, "to_kernel", lambda e: e if isinstance(e, Term) else read(e))


def test_the_relation_of_no_line_can_be_changed(slug, monkeypatch, request):
    """``=`` and the opposite direction for an inequality."""
    lines, joint = lines_of(slug, monkeypatch)
    request.getfixturevalue("kernel_terms")
    for before, relation, line, reason in lines:
        assert attempt(before, relation, line, reason, joint) is not None
        if relation != "=":
            for other in {"=", "<=", ">="} - {relation}:
                with pytest.raises((StepError, AttributeError)):
                    engine._step("here", before, (other, line, reason), joint, ())


def test_no_false_line_is_proved_by_its_reason(slug, seed, monkeypatch, request):
    """Mutants of a line against the line before it, with the reason that the line itself has."""
    rng = random.Random(f"mutants {slug} {seed}")
    model, _ = world(slug, rng)
    lines, joint = lines_of(slug, monkeypatch)
    request.getfixturevalue("kernel_terms")
    wanted, counts = int(os.environ.get("ELBOCHECK_MUTANTS", "4")), Counter()
    for before, relation, line, reason in lines:
        candidates = list(mutants(line))
        for name, mutant in rng.sample(candidates, min(wanted, len(candidates))):
            theorem = attempt(before, relation, mutant, reason, joint)
            try:
                sides = (mutant, before) if relation == ">=" else (before, mutant)
                true = model.truth(Term("equal" if relation == "=" else "at_most", sides), model.env)
            except (Undecided, KeyError, IndexError):
                true = None
            counts[true, theorem is not None] += 1
            assert not (true is False and theorem is not None), f"{name}: {text(mutant)}"
    print(f"{slug}: (true, proved): {dict(counts)}")
    assert counts[False, False] > 0
