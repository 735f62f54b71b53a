"""Negative controls: every step of every derivation with a plausible mistake in it must not be proved, but refuted.

``python -m derivations.negative_control [--sample N] [--list] [SLUG ...]`` makes all single mistakes (or N of each step),
and prints how many are *refuted*; how many are *meaningless*: they speak of what has no value, such as ``log(-1)``, and
fail for some choice of it; how many are *true*, for a reason that `derivations.true_mutant` gives; how many are
*undecided*. Where the step's own reason proves a mutant, it is *proved* (true), or *conditional*: it has further
hypotheses, such as J = 1, and is true under these. A theorem that is refuted under its own hypotheses would be a
*contradiction* of the kernel.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

from derivations.catalogue import DERIVATIONS, prove
from derivations.counterexample import Counterexample
from derivations.derivation import Derivation, Step
from derivations.kernel import Term, Theorem, alpha_equal, canonical
from derivations.mutation import Mutant, mutants
from derivations.refute import refute
from derivations.true_mutant import why_true

SECONDS = 4.0  # of search for each mutant, so that a busy machine finds what an idle one finds
ATTEMPTS = 200
NAMES = ("refuted", "meaningless", "undecided", "true", "proved", "conditional", "contradiction")


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant.

    Attributes
    ----------
    mutant
        The step with its mistake.
    theorem
        What the reason of the step proves of it all the same, or None.
    counterexample
        A model of the hypotheses of the step in which it is false, or None.
    meaningless
        Whether the counterexample gives arbitrary values to expressions that have none: no other was found.
    contradiction
        A model of the theorem's own hypotheses in which it is false: the kernel would be unsound.
    """

    mutant: Mutant
    theorem: Theorem | None
    counterexample: Counterexample | None
    meaningless: bool
    contradiction: Counterexample | None

    @property
    def name(self) -> str:
        """One of `NAMES`."""
        if self.contradiction is not None:
            return "contradiction"
        if self.theorem is not None:
            known = set(map(canonical, self.mutant.hypotheses))
            return "proved" if {canonical(h) for h in self.theorem.hypotheses} <= known else "conditional"
        if self.counterexample is None:
            return "undecided" if why_true(self.mutant) is None else "true"
        return "meaningless" if self.meaningless else "refuted"


def judged(mutant: Mutant, step: Step, seed: int = 0) -> Verdict:
    """Try to prove a mutant by the reason of its step, and to refute it."""
    search = partial(refute, mutant.claim, seed=seed, seconds=SECONDS, attempts=ATTEMPTS)
    found = search(mutant.hypotheses)
    meaningless = found is None
    if found is None:
        found = search(mutant.hypotheses, conventions=True)
    theorem, contradiction = proof(mutant.claim, step), None
    if theorem is not None:
        contradiction = search(theorem.hypotheses, conventions=True)
    return Verdict(mutant, theorem, found, meaningless, contradiction)


def proof(claim: Term, step: Step) -> Theorem | None:
    """The theorem by which the reason of a step proves a claim, or None."""
    try:
        theorem = step.prove(*claim.args)
    except (ValueError, TypeError, AttributeError, LookupError):  # a reason expects terms of the form of its own step
        return None
    return theorem if alpha_equal(theorem.conclusion, claim) else None


def judged_mutants(derivation: Derivation, sample: int | None = None, seed: int = 0) -> list[Verdict]:
    """Verdicts on all mutants of a derivation, or on a random sample of those of each step."""
    verdicts: list[Verdict] = []
    for number_of_step, step in enumerate(derivation.steps, 1):
        chosen = [m for m in mutants(derivation) if m.step == number_of_step]
        if sample is not None and sample < len(chosen):
            chosen = random.Random(f"{seed} {derivation.slug} {number_of_step}").sample(chosen, sample)
        verdicts += (judged(m, step, seed) for m in chosen)
    return verdicts


# --- the command ---


def _counted(slug: str, sample: int | None, seed: int) -> list[tuple[str, str]]:
    return [(v.name, str(v.mutant)) for v in judged_mutants(prove(slug), sample, seed)]


def report(options: argparse.Namespace) -> Iterator[str]:
    """The lines of the table, and what they sum up to."""
    slugs, total = options.slugs or list(DERIVATIONS), Counter[str]()
    yield f"{'':32}" + "".join(f"{name:>14}" for name in NAMES)
    with ProcessPoolExecutor(options.jobs) as executor:
        count = partial(_counted, sample=options.sample, seed=options.seed)
        for slug, verdicts in zip(slugs, executor.map(count, slugs), strict=True):
            counts = Counter(name for name, _ in verdicts)
            total += counts
            yield _row(slug, counts)
            for name, line in verdicts:
                if name == "contradiction" or (options.list and name not in ("refuted", "meaningless")):
                    yield f"    {name}: {line}"
    yield _row("all", total)
    refuted = total["refuted"] + total["meaningless"]
    false = refuted + total["undecided"] + total["contradiction"]
    yield f"{refuted} of {false} mutants that are not known to be true are refuted ({refuted / max(false, 1):.1%})"
    if total["contradiction"] or refuted < 0.95 * false:
        yield "FAILED: a contradiction, or fewer than 95 % refuted"


def _row(title: str, counts: Counter[str]) -> str:
    return f"{title:32}" + "".join(f"{counts[name]:14}" for name in NAMES)


def parser() -> argparse.ArgumentParser:
    """The arguments of the command."""
    found = argparse.ArgumentParser(prog="python -m derivations.negative_control", description=(__doc__ or "")[:112])
    found.add_argument("slugs", nargs="*", metavar="SLUG", help="derivations (default: all)")
    found.add_argument("--sample", type=int, help="mutants of each step (default: all)")
    found.add_argument("--seed", type=int, default=0)
    found.add_argument("--jobs", type=int, default=2, help="processes (default: 2)")
    found.add_argument("--list", action="store_true", help="print the mutants that are not refuted")
    return found


if __name__ == "__main__":
    line = ""
    for line in report(parser().parse_args()):
        print(line, flush=True)
    sys.exit(int(line.startswith("FAILED")))
