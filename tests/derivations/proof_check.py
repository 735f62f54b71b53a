"""What every derivation is put to: it holds in a concrete model of its hypotheses, and no false line is proved."""

from __future__ import annotations

import itertools

from derivations.assumption import settle
from derivations.kernel import KernelError, Term
from derivations.latex import text
from derivations.notation import to_kernel

from .mutation import mutants
from .numeric_model import same


def holds(derivation, model, env):
    """Assert that all hypotheses are true in the model, and each line stands to the line before as it says."""
    for hypothesis in derivation.hypotheses:
        assert model.truth(hypothesis, env), f"the model does not satisfy {text(hypothesis)}"
    for theorem in (*derivation.theorems, *(s.theorem for s in derivation.steps)):
        assert model.truth(theorem.conclusion, env), text(theorem.conclusion)


def chains(module, script, monkeypatch):
    """The chains that a script hands to `derive`, with their reasons."""
    script()
    with monkeypatch.context() as patch:
        patch.setattr(module, "derive", lambda slug, title, source, *parts, **_: parts)
        return script.__wrapped__()


def steps(parts):
    """(line before, relation, line, reason) of all steps, lines as kernel terms."""
    for part in parts:
        lines = [("=", part[0], None), *(line if len(line) == 3 else ("=", *line) for line in part[1:])]
        for (_, before, _), (relation, after, reason) in itertools.pairwise(lines):
            yield to_kernel(before), relation, to_kernel(after), reason


def proved(before, relation, after, reason):
    """The theorem of the step, as `derive` would accept it; None if the reason does not prove it."""
    left, right = (after, before) if relation == ">=" else (before, after)
    try:
        theorem = settle(reason.prove(left, right))
    except (KernelError, ValueError):
        return None
    wanted = Term("equal" if relation == "=" else "at_most", (left, right))
    return theorem if theorem.conclusion == wanted else None


def is_false(before, relation, after, model, env):
    """Whether the step does not hold in the model; None where it has no value there."""
    try:
        left, right = (model.value(t, env) for t in (before, after))
    except (ArithmeticError, IndexError, KeyError, TypeError, ValueError, AssertionError):
        return None
    if relation == "=":
        return not same(left, right)
    return bool(left < right - 1e-8 if relation == ">=" else left > right + 1e-8)


def no_mutant_is_proved(parts, model, env, rng, each=5):
    """Assert that the reason of a line proves no single mistake in it, unless it is true or supposes what is not."""
    count = 0
    for before, relation, after, reason in steps(parts):
        assert proved(before, relation, after, reason)
        candidates = list(mutants(after))
        for name, mutant in rng.sample(candidates, min(each, len(candidates))):
            theorem = proved(before, relation, mutant, reason)
            if theorem is not None and all(model.truth(h, env) for h in theorem.hypotheses):
                assert is_false(before, relation, mutant, model, env) is False, f"{name}: {text(mutant)}"
            count += 1
    assert count


def twin_is_rejected(parts, wanted, wrong, model, env):
    """Assert that a step with the line `wanted` is proved, and with the line `wrong` is false and not proved."""
    wanted, wrong = map(to_kernel, (wanted, wrong))
    found = [s for s in steps(parts) if s[2] == wanted]
    assert found, "no such line"
    for before, relation, after, reason in found:
        assert proved(before, relation, after, reason)
        assert is_false(before, relation, wrong, model, env) is True
        assert not proved(before, relation, wrong, reason)
