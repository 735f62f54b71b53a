"""Replay a proof from JSON data through the kernel, with nothing but the standard library.

``python -m derivations.replay PROOF.json ...`` replays files that ``elbocheck derive --format json`` wrote, in a process
that needs neither SymPy nor the rest of elbocheck, and prints how many steps each took.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from derivations.collector import paused
from derivations.kernel import KernelError, Term, Theorem, infer


@paused()
def replay(proof: Any) -> list[Theorem]:
    """Apply the rules of a proof again, compare what each states, and give the theorems that it is a proof of.

    Parameters
    ----------
    proof
        ``{terms, statements, steps, theorems}``: two tables of terms ``[head, data, bound, args]`` that name earlier rows, and
        steps ``{rule, premises, arguments, hypotheses, conclusion}``. Arguments are of ``terms``, what a step states is
        of ``statements``: no single edit can change both. ``theorems`` are the positions of the steps on which no other
        rests, in their order: the proof proves these, and no single edit can name others.

    Raises
    ------
    KernelError
        With number and rule of the first step that does not apply, that states something else, or that is a theorem and
        not named, or named and none.
    """
    theorems: list[Theorem] = []
    terms, statements = dict[int, Term](), dict[int, Term]()
    if not isinstance(proof, Mapping) or not isinstance(proof.get("steps"), list) or not proof["steps"]:
        raise KernelError("step 0: not a proof")
    for i, step in enumerate(proof["steps"]):
        try:
            premises = [theorems[_earlier(p)] for p in _row(step["premises"])]
            arguments = (_argument(a, proof["terms"], terms) for a in _row(step["arguments"]))
            theorem = infer(step["rule"], *premises, *arguments)
            stated = [
                _read(n, proof["statements"], statements) for n in (*_row(step["hypotheses"]), step["conclusion"])
            ]
            if stated != [*theorem.hypotheses, theorem.conclusion]:
                raise KernelError("the rule gives another statement")
        except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
            rule = step.get("rule") if isinstance(step, Mapping) else "not a rule"
            raise KernelError(f"step {i}, {rule}: {error}") from error
        theorems.append(theorem)
    last = _unused(proof["steps"])
    named = proof.get("theorems")
    if not isinstance(named, list) or named != [_earlier(p) for p in named]:
        raise KernelError("theorems: not positions of steps")
    if named != last:
        i = min({*named} ^ {*last} or last)
        rule = proof["steps"][i]["rule"] if i < len(theorems) else "not there"
        raise KernelError(f"step {i}, {rule}: the theorems are the steps on which no other rests, in order, each once")
    return [theorems[p] for p in last]


def _unused(steps: list[Any]) -> list[int]:
    """The positions of the steps that are premises of no other."""
    used = {p for step in steps for p in step["premises"]}
    return [i for i in range(len(steps)) if i not in used]


def _earlier(position: Any) -> int:
    """A position counted from the start; a negative one would count from the end."""
    if type(position) is not int or position < 0:
        raise KernelError("not a position in the proof")
    return position


def _row(value: Any) -> list[Any]:
    """A list; what is empty and none would be taken for one."""
    if not isinstance(value, list):
        raise KernelError("not a list")
    return value


def _argument(value: Any, table: Any, made: dict[int, Term]) -> Any:
    """An argument of a rule: a number as it is, ``{"term": position}``, or a list of these."""
    if isinstance(value, list):
        return tuple(_argument(v, table, made) for v in value)
    return _read(value["term"], table, made) if isinstance(value, dict) else value


def _read(position: Any, table: Any, made: dict[int, Term]) -> Term:
    """The term at a position of a table, which may name earlier positions only."""
    if position not in made:
        head, data, bound, args = table[_earlier(position)]
        if any(_earlier(p) >= position for p in (*_row(args), *([] if bound is None else [bound]))):
            raise KernelError("a term that holds a later one")
        exact = tuple(Fraction(d) if head == "number" else d for d in _row(data))
        inner, binds = (tuple(_read(p, table, made) for p in row) for row in (args, [] if bound is None else [bound]))
        made[position] = Term(head, inner, exact, *binds)
    return made[position]


def proofs(document: Any) -> list[tuple[str, Any]]:
    """Name and proof of each that a file holds: a bare proof, one that ``elbocheck derive`` wrote, or a list of these."""
    entries = document if isinstance(document, list) and document else [document]
    named = [e if isinstance(e, Mapping) and "proof" in e else {"proof": e} for e in entries]
    return [(f"{e['slug']}, " if "slug" in e else "", e["proof"]) for e in named]


def outcome(paths: list[str]) -> tuple[int, list[str]]:
    """Exit code and lines for some files: 1 if a proof is rejected, 2 if a file cannot be read or none is given."""
    lines: list[str] = []
    for path in paths:
        try:
            document = json.loads(Path(path).read_text("utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            return 2, [f"{path}: not a proof in JSON: {error}"]
        for name, proof in proofs(document):
            try:
                replay(proof)
            except KernelError as error:
                return 1, [f"{path}: {name}rejected, {error}"]
            lines.append(f"{path}: {name}{len(proof['steps'])} steps replayed")
    return (0, lines) if paths else (2, ["usage: python -m derivations.replay PROOF.json ..."])


if __name__ == "__main__":
    code, said = outcome(sys.argv[1:])
    print("\n".join(said), file=sys.stderr if code else sys.stdout)
    sys.exit(code)
