"""What the audit finds in the corpus: one defect of each code, and nothing in the right programs.

`python benchmarks/audit.py` tries every defect in every program.
"""

import random
import warnings

import pytest

from vae_min.audit import bench
from vae_min.audit.audit import audit

from .corpus import PROGRAMS, Mutant, run, single, source

GRADES = ("error", "note")


def one_of_each_code() -> list[Mutant]:
    """A mutant of each code, drawn."""
    by_code: dict[str, list[Mutant]] = {}
    for mutant in single():
        by_code.setdefault(mutant.defects[0].code, []).append(mutant)
    rng = random.Random(0)
    return [rng.choice(mutants) for _, mutants in sorted(by_code.items())]


def found(text: str, **sizes: int):
    """The verdict, and the codes found by rank; the programs' own warnings are not ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        outcome = audit(run(text, **sizes))
    return outcome.verdict, {grade: {f.code for f in outcome.findings if f.rank == grade} for grade in GRADES}


@pytest.mark.parametrize("mutant", one_of_each_code(), ids=lambda m: f"{m.defects[0].code}-{m.program}")
def test_a_defect_is_found_under_its_code(mutant):
    (defect,) = mutant.defects
    _, codes = found(mutant.source)
    assert ({defect.code} | defect.also) & (codes["error"] | codes["note"])


@pytest.mark.parametrize("mutant", one_of_each_code()[::4], ids=lambda m: f"{m.defects[0].code}-{m.program}")
def test_a_large_model_is_looked_at_as_closely(mutant, monkeypatch):
    monkeypatch.setattr(bench, "_LARGE", 0)
    test_a_defect_is_found_under_its_code(mutant)


def test_a_lost_half_in_the_log_of_a_large_model_is_no_sum_over_two(monkeypatch):
    monkeypatch.setattr(bench, "_LARGE", 0)
    mutant = next(m for m in single() if m.defects[0].name == "the divergence is logged without its half")
    test_a_defect_is_found_under_its_code(mutant)
    verdict, codes = found(source(mutant.program))
    assert (verdict, codes["error"]) == ("elbo", set())


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_right_program_is_not_accused(program):
    rng = random.Random(program)
    sizes = {
        "latent": rng.choice((1, 2, 7, 64)),
        "batch_size": rng.choice((1, 3, 16, 256)),
        "steps": rng.choice((0, 30)),
    }
    verdict, codes = found(source(program), seed=rng.randrange(1000), **sizes)
    assert verdict == "elbo"
    assert codes["error"] == set()
