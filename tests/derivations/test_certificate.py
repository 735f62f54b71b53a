"""Certificates: replayed elsewhere by the kernel alone, and refused, with the step, after any single edit."""

import copy
import functools
import itertools
import json
import random
import re
import subprocess
import sys
from collections import Counter

import pytest

from derivations import kernel
from derivations.catalogue import DERIVATIONS, prove
from derivations.certificate import again, export
from derivations.derivation import ancestry
from derivations.kernel import KernelError, decode, infer, number, positive, replay


@functools.cache
def certificate_of(slug):
    """The certificate as it comes out of a file; not to be changed."""
    return json.loads(json.dumps(export(prove(slug).theorem)))


REPLAY_ALONE = """
import importlib.util, json, sys
for absent in ("sympy", "derivations", "flint", "numpy"):
    sys.modules[absent] = None
spec = importlib.util.spec_from_file_location("kernel", sys.argv[1])
kernel = sys.modules["kernel"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(kernel)
theorem = kernel.replay(json.load(sys.stdin))
print(json.dumps([repr(t) for t in (*theorem.hypotheses, theorem.conclusion)]))
"""


def replay_alone(certificate):
    command = [sys.executable, "-I", "-c", REPLAY_ALONE, kernel.__file__]
    return subprocess.run(command, input=json.dumps(certificate), capture_output=True, text=True, check=False)


@pytest.mark.parametrize("slug", DERIVATIONS)
def test_replays_in_another_process_without_sympy(slug):
    theorem = prove(slug).theorem
    finished = replay_alone(certificate_of(slug))
    assert finished.returncode == 0, finished.stderr
    assert json.loads(finished.stdout) == [repr(t) for t in (*theorem.hypotheses, theorem.conclusion)]


def test_another_process_refuses_a_forged_conclusion():
    certificate = copy.deepcopy(certificate_of("elbo-gap"))
    certificate[-1]["conclusion"]["args"].reverse()
    finished = replay_alone(certificate)
    assert finished.returncode != 0
    assert f"step {len(certificate) - 1}, rewrite: the rule gives another statement" in finished.stderr


def test_the_process_has_no_sympy():
    command = [sys.executable, "-I", "-c", REPLAY_ALONE.replace("spec =", "import sympy; spec =", 1), kernel.__file__]
    finished = subprocess.run(command, input="[]", capture_output=True, text=True, check=False)
    assert "import of sympy halted" in finished.stderr


def test_exported_terms_are_read_back():
    theorem = prove("elbo-gap").theorem
    entry = json.loads(json.dumps(export(theorem)))[-1]
    assert decode(entry["conclusion"]) == theorem.conclusion
    assert [decode(h) for h in entry["hypotheses"]] == list(theorem.hypotheses)


def test_premises_are_earlier_steps():
    theorem = infer("rewrite", infer("reflexivity", number(1), number(1)), infer("field", number(1), number(1)), (1,))
    assert [step["premises"] for step in export(theorem)] == [[], [], [0, 1]]


# --- tampering ---


def places(value, path=()):
    """Paths of everything inside JSON data."""
    yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


def edits(value, path, rng):
    """Single edits of a place, as ``{what: new value}``; None if there is none of that kind."""
    key = path[-1]
    found = {}
    if key == "head":
        found["head"] = rng.choice(
            [h for h in ("add", "multiply", "log", "exp", "equal", "variable", "sum") if h != value]
        )
    elif key == "rule":
        found["rule"] = rng.choice([r for r in kernel.RULES if r != value])
    elif isinstance(value, bool) or value is None:
        if key == "bound":
            found["a binder"] = {"head": "variable", "data": ["j", "index"], "bound": None, "args": []}
    elif isinstance(value, int):
        found["path or premise"] = value + rng.choice((-1, 1, 2))
    elif isinstance(value, str):
        if re.fullmatch(r"-?\d+(/\d+)?", value):
            found["number"] = rng.choice([n for n in ("0", "1", "2", "-1", "1/2", "7") if n != value])
        else:
            found["name"] = rng.choice([n for n in ("x", "z", "j", "real", "natural", "p", "q", "mu") if n != value])
    elif isinstance(value, list):
        if value:
            found["dropped"] = value[:-1] if rng.random() < 0.5 else value[1:]
        if len(value) > 1 and value != value[::-1]:
            found["swapped"] = value[::-1]
        if value:
            found["repeated"] = [*value, value[0]]
    return found


def with_edit(certificate, step, path, new):
    tampered = list(certificate)
    tampered[step] = place = copy.deepcopy(certificate[step])
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = new
    return tampered


def is_same_proof(certificate, step, path, new):
    """Whether the edited step is another true proof of the statement that the step makes.

    Replay compares every statement, so such an edit is at a rule, a premise or an argument. It needs an ``a = a``: that
    has more than one proof, and rewriting by it changes nothing at whatever place; or two copies of one theorem.
    """
    entry = certificate[step]
    premises = [certificate[p]["conclusion"] for p in entry["premises"]]
    if path[0] == "premises" and len(path) == 2 and isinstance(new, int) and 0 <= new < step:
        premises.append(certificate[new]["conclusion"])
    trivial = any(c["head"] == "equal" and c["args"][0] == c["args"][1] for c in (*premises, entry["conclusion"]))
    copies = any(a == b for a, b in itertools.combinations(premises, 2))
    return path[0] in ("rule", "premises", "arguments") and (trivial or copies)


def small_proofs(slug, rng):
    """Certificates of steps inside the derivation, each with all that it rests on, small enough to be replayed often."""
    inner = [t for t in ancestry(prove(slug).theorem) if t.premises]
    while True:
        certificate = export(rng.choice(inner))
        if len(certificate) <= 40:
            yield json.loads(json.dumps(certificate))


def random_edit(certificate, rng):
    """A step, a place in it, and its edits; parts of the step are chosen alike, however large they are."""
    step = rng.randrange(len(certificate))
    part = rng.choice([k for k, v in certificate[step].items() if v])
    path, value = rng.choice(list(places(certificate[step][part], (part,))))
    return step, path, edits(value, path, rng)


@pytest.mark.parametrize("slug", DERIVATIONS)
def test_tampered_certificates_are_refused(slug, seed):
    rng = random.Random(f"{slug} {seed}")
    proofs, tried, accepted = small_proofs(slug, rng), Counter(), []
    for _ in range(35):
        certificate = next(proofs)
        for _ in range(8):
            step, path, changes = random_edit(certificate, rng)
            for what, new in changes.items():
                try:
                    replay(with_edit(certificate, step, path, new))
                except KernelError as error:
                    tried[what] += 1
                    named = re.match(r"step (\d+), \w+: ", str(error))
                    at = named and int(named[1])
                else:
                    accepted.append((certificate, step, path, new))
                    continue
                assert at is not None
                assert at >= step
    print(f"{slug}: {tried.total()} edits refused {dict(tried)}; {len(accepted)} left a proof of the same statement")
    assert tried.total() >= 200
    assert {"name", "head", "path or premise", "rule", "dropped", "swapped", "repeated"} <= set(tried)
    assert "number" in tried or slug == "elbo-gap"
    assert [edit[1:] for edit in accepted if not is_same_proof(*edit)] == []


@pytest.mark.parametrize("slug", DERIVATIONS)
def test_tampered_whole_proof_names_the_step(slug, seed):
    rng = random.Random(f"whole {slug} {seed}")
    certificate = certificate_of(slug)
    swappable = [i for i, s in enumerate(certificate) if s["conclusion"]["args"] != s["conclusion"]["args"][::-1]]
    step = rng.choice(swappable)
    conclusion = certificate[step]["conclusion"]
    tampered = with_edit(certificate, step, ("conclusion",), {**conclusion, "args": conclusion["args"][::-1]})
    with pytest.raises(
        KernelError, match=rf"^step {step}, {certificate[step]['rule']}: the rule gives another statement"
    ):
        replay(tampered)


def test_dropping_a_hypothesis_of_the_last_step():
    certificate = copy.deepcopy(certificate_of("kl-normal-standard")[-1:])
    (step,) = certificate
    step["hypotheses"].pop()
    step["premises"], step["rule"], step["arguments"] = [], "assume", [step["conclusion"]]
    with pytest.raises(KernelError, match="step 0, assume: the rule gives another statement"):
        replay(certificate)


@pytest.mark.parametrize("slug", DERIVATIONS)
def test_again_repeats_every_application(slug):
    theorem = prove(slug).theorem
    repeated = again(theorem)
    assert len(repeated) == len(ancestry(theorem))
    assert (repeated[-1].hypotheses, repeated[-1].conclusion) == (theorem.hypotheses, theorem.conclusion)


def test_again_finds_a_record_that_was_changed():
    theorem = infer("rewrite", infer("reflexivity", number(1), number(1)), infer("field", number(1), number(1)), (1,))
    object.__setattr__(theorem.premises[0], "conclusion", positive(number(-1)))
    with pytest.raises(KernelError, match="reflexivity does not give what was recorded"):
        again(theorem)
