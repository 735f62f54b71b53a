"""Programs in the common styles, right as they stand, and with defects injected into their source."""

import random
from collections.abc import Iterator
from importlib.abc import InspectLoader
from importlib.util import module_from_spec, spec_from_loader
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import torch

from .defect import DEFECTS, Defect, InjectionError, inject
from .hidden import reason
from .site import SITES

PROGRAMS = tuple(SITES)
NOTES = frozenset({"grey-values", "squared-error", "gradient-only"})


class Mutant(NamedTuple):
    """A program with defects."""

    program: str
    defects: tuple[Defect, ...]
    source: str


class Text(InspectLoader):
    """Loads a module from its text."""

    def __init__(self, text: str) -> None:
        self.text = text

    def get_source(self, fullname: str) -> str:
        """The text."""
        return self.text


def source(program: str) -> str:
    """The text of a program."""
    return (Path(__file__).parent / "program" / f"{program}.py").read_text("utf-8")


def run(text: str, *, seed: int = 0, latent: int = 3, batch_size: int = 8, steps: int = 0) -> Any:
    """The spec of a program's text, from parameters of a seed, after some steps of training."""
    specification = spec_from_loader("program", Text(text))
    module = module_from_spec(specification)
    specification.loader.exec_module(module)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        spec = module.spec(latent, batch_size)
        train(spec, steps)
    return spec


def parameters(spec: Any) -> list[torch.Tensor]:
    """All parameters of a spec's modules."""
    return [parameter for module in modules(spec) for parameter in module.parameters()]


def modules(spec: Any) -> list[torch.nn.Module]:
    """A spec's modules."""
    return [spec.module] if isinstance(spec.module, torch.nn.Module) else list(spec.module)


def batch(spec: Any) -> tuple[torch.Tensor, ...]:
    """The example batch as a tuple."""
    return spec.batch if isinstance(spec.batch, tuple) else (spec.batch,)


def train(spec: Any, steps: int) -> None:
    """Some steps of Adam on the example batch."""
    if steps:
        optimizer = torch.optim.Adam(parameters(spec), lr=1e-2)
        for _ in range(steps):
            optimizer.zero_grad()
            spec.loss(*batch(spec)).backward()
            optimizer.step()


def single() -> Iterator[Mutant]:
    """Every defect in every program that has a place for it."""
    for defect in DEFECTS:
        for program, edits in defect.edits.items():
            text = source(program)
            mutated = inject(text, edits)
            yield Mutant(program, (defect,), mutated)


def each(count: int = 1, seed: int = 0) -> Iterator[Mutant]:
    """Every defect in so many programs, chosen by a seed."""
    rng = random.Random(seed)
    for defect in DEFECTS:
        for program in rng.sample(sorted(defect.edits), min(count, len(defect.edits))):
            yield Mutant(program, (defect,), inject(source(program), defect.edits[program]))


def pairs(count: int, seed: int = 0) -> list[Mutant]:
    """So many pairs of defects of different codes that fit into one program together and can both be seen."""
    possible = [mutant for mutant, hidden in all_pairs() if not hidden]
    return random.Random(seed).sample(possible, min(count, len(possible)))


def all_pairs() -> Iterator[tuple[Mutant, str]]:
    """All pairs that fit into one program together, and the reason why one of the two cannot be seen, if so."""
    for program in PROGRAMS:
        text = source(program)
        fitting = [defect for defect in DEFECTS if program in defect.edits]
        for first, second in combinations(fitting, 2):
            if first.code == second.code:
                continue
            try:
                mutated = inject(text, first.edits[program], second.edits[program])
            except InjectionError:
                continue
            yield Mutant(program, (first, second), mutated), reason(first, second, text)
