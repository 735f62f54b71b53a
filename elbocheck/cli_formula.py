"""`elbocheck formula`: judge a user's divergence or entropy."""

from __future__ import annotations

import json
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from elbocheck.cli_data import UnusableInput
from elbocheck.cli_display import reader_may_leave

if TYPE_CHECKING:
    from elbocheck.claim import Claim
    from elbocheck.judgement import Judgement

_CODES = {"confirmed": 0, "refuted": 1, "undecided": 3}


class Quantity(StrEnum):
    """What a formula claims to be."""

    kl = "kl"
    entropy = "entropy"


def formula_command(
    target: Annotated[
        str | None, typer.Argument(metavar="[TARGET]", help="file.py:name or package.module:name of a function.")
    ] = None,
    q: Annotated[str | None, typer.Option(help="Family of q; its parameters come first.")] = None,
    p: Annotated[str | None, typer.Option(help="Family of p.")] = None,
    quantity: Annotated[Quantity, typer.Option(help="What the function returns.")] = Quantity.kl,
    families: Annotated[bool, typer.Option("--families", help="List the families and their parameters.")] = False,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Of the points.")] = 0,
    time_limit: Annotated[float, typer.Option(min=0.1, max=86_400, help="Seconds that one call may take.")] = 10.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Judge your own KL divergence or entropy, a Python function, and say how it is wrong."""
    if families:
        with reader_may_leave():
            print(_listed_json() if as_json else _listed())
        return
    if target is None or q is None:
        raise UnusableInput("formula needs a TARGET and --q FAMILY; --families lists the families")
    if (p is None) is (quantity is Quantity.kl):
        raise UnusableInput(
            "--quantity kl needs --p FAMILY" if p is None else "--p does not go with --quantity entropy"
        )
    claim, judgement = _judged(target, q, p, seed, time_limit)
    with reader_may_leave():
        print(_as_json(target, claim, seed, judgement) if as_json else _as_text(target, claim, judgement))
    raise typer.Exit(_CODES[judgement.verdict])


def _judged(target: str, q: str, p: str | None, seed: int, time_limit: float) -> tuple[Claim, Judgement]:
    from elbocheck.claim import Claim
    from elbocheck.family import FamilyError, family
    from elbocheck.formula import judge
    from elbocheck.isolation import CallError, Isolated
    from elbocheck.judgement import UnusableFunction
    from elbocheck.target import TargetError

    try:
        claim = Claim(family(q), None if p is None else family(p))
        with Isolated(target, claim.names, time_limit) as function:
            return claim, judge(function, claim, seed=seed, has_torch=function.has_torch)
    except (FamilyError, TargetError, CallError) as error:
        raise UnusableInput(str(error)) from error
    except UnusableFunction as error:
        raise UnusableInput(f"{target}: {error}") from error


def _as_json(target: str, claim: Claim, seed: int, judgement: Judgement) -> str:
    head = {
        "target": target,
        "quantity": claim.quantity,
        "q": claim.q.name,
        "p": claim.p.name if claim.p else None,
        "arguments": claim.names,
        "seed": seed,
    }
    return json.dumps(_plain(head | asdict(judgement)), indent=2, allow_nan=False)


def _plain(value: object) -> object:
    """The value with infinities as words: JSON has no numbers for them."""
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return str(value) if isinstance(value, float) and not abs(value) < float("inf") else value


def _as_text(target: str, claim: Claim, judgement: Judgement) -> str:
    lines = [f"{target}: {judgement.verdict}: {claim}, called with ({', '.join(claim.names)})"]
    lines += [f"    {d}" for d in _alternatives(judgement.diagnosis)]
    lines += [f"    counterexample: {judgement.counterexample}"] if judgement.counterexample else []
    lines += [
        f"    {w.verdict} by {w.name}: off by <= {w.worst:.1e}, {w.allowed:.1e} allowed, {w.calls} calls"
        for w in judgement.witnesses
    ]
    lines += [f"    numerical failure: {f}" for f in judgement.failures]
    return "\n".join(lines + [f"    note: {n}" for n in judgement.notes])


def _alternatives(diagnosis: tuple[str, ...]) -> list[str]:
    return [d if i == 0 else f"or {d}" for i, d in enumerate(diagnosis)]


# --- the list of families ---


def _listed() -> str:
    from elbocheck.family import FAMILIES

    width = max(map(len, FAMILIES))
    return "\n".join(
        f"{name:{width}}  " + ("; ".join(f"{p.name}: {p.domain}" for p in f.parameters) or "no parameters")
        for name, f in FAMILIES.items()
    )


def _listed_json() -> str:
    from elbocheck.family import FAMILIES

    return json.dumps(
        {name: [{"name": p.name, "domain": p.domain} for p in f.parameters] for name, f in FAMILIES.items()}, indent=2
    )
