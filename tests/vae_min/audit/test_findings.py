"""What the audit finds in the corpus: one defect of each code, and nothing in the right programs.

`python benchmarks/audit.py` tries every defect in every program.
"""

import random
import warnings

import pytest

from vae_min.audit import bench
from vae_min.audit.audit import audit

from .corpus import PROGRAMS, Mutant, run, single, source
from .defect import DEFECTS, inject

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


PAIRS = (
    ("lightning", "the sampler takes the variance for a scale", "absolute value of an estimate"),
    ("subclass", "the sampler takes the variance for a scale", "lost square of the mean"),
    ("categorical", "half an exponential", "errors above one replaced"),
    ("functional", "softplus of a log-variance", "at most 0.1 nats of each latent"),
    ("lightning", "absolute value of an estimate", "the divergence is added to the bound"),
    ("categorical", "detached scale", "errors above one replaced"),
    ("categorical", "detached code", "errors above one replaced"),
    ("iwae", "the value of the bound, the gradient of the mean", "detached code"),
    ("monte_carlo", "noise times zero", "the divergence is added to the bound"),
    ("normal", "sum over the batch in each row", "variance squared"),
    ("predicted_variance", "errors above one replaced", "squares over a learned variance"),
    ("scale_head", "a scale that can be zero", "batch over data set"),
    ("scale_head", "a scale that can be zero", "at most 0.1 nats of each latent"),
)


@pytest.mark.parametrize(("program", "one", "other"), PAIRS)
def test_two_defects_of_which_one_is_read_by_the_other(program, one, other):
    """Each of these pairs hid one of its defects once."""
    first, second = (next(d for d in DEFECTS if d.name == name and program in d.edits) for name in (one, other))
    alone, both = (inject(source(program), *(d.edits[program] for d in ds)) for ds in ((first,), (first, second)))
    assert {first.code, second.code} <= found(both)[1]["error"]
    assert second.code not in found(alone)[1]["error"]


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
