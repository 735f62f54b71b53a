"""Compare the derivatives that torch finds in a function with those of certified enclosures."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from elbocheck.bench import Bench, Form
from elbocheck.case import Case
from elbocheck.claim import Claim
from elbocheck.direction import derivative, directions
from elbocheck.judgement import Counterexample

_CASES = 2


@dataclass(frozen=True)
class Slope:
    """A derivative along a direction in one argument: what torch found, and what is right."""

    case: Case
    name: str
    returned: float
    right: float
    dtype: str

    @property
    def error(self) -> float:
        """Relative to the larger of 1 and the right value; infinite for what is no number."""
        error = abs(self.returned - self.right) / max(1.0, abs(self.right))
        return error if math.isfinite(error) else math.inf

    @property
    def diagnosis(self) -> str:
        """What is wrong with it."""
        how = "is cut: it is 0" if self.returned == 0 else "is wrong"
        return f"the value is right, but its gradient in {self.name} {how}"

    def counterexample(self, claim: Claim) -> Counterexample:
        """The point, and both derivatives."""
        arguments = dict(zip(claim.names, self.case.arguments, strict=True))
        return Counterexample(
            arguments, f"has the derivative {self.returned:.12g} in {self.name}", f"{self.right:.12g}"
        )


def slopes(bench: Bench, form: Form, reduction: str) -> list[Slope]:
    """The derivatives at two generic cases, along a generic direction in each argument in which torch finds a gradient.

    Parameters
    ----------
    bench : Bench
    form : Form
        In which tensors come back.
    reduction : str
        What the returned numbers are.
    """
    found = []
    for case in bench.generic(form)[:_CASES]:
        reply = bench.reply(form, case.arguments, derivatives=True)
        if reply.gradient is None:
            bench.notes["gradient"] = "gradients not judged: torch cannot differentiate what it returns"
            return []
        weights = next(r.weights for r in case.reductions(reply.shape) if r.name == reduction).sum(axis=0)
        for index, direction in directions(bench.claim):
            rights = [derivative(bench.claim, site, index, direction, bench.enclose) for site in case.sites]
            right, name, entries = float(weights @ rights), bench.claim.names[index], reply.gradient[index]
            if entries is None:
                if right != 0:
                    bench.notes[name] = f"no gradient in {name}: it is detached, or not used"
                continue
            step = np.broadcast_to(np.array(direction), (*case.shape, *np.shape(direction)))
            found.append(Slope(case, name, float(np.dot(entries, step.reshape(-1))), right, reply.dtype))
    return found
