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
from pathlib import Path

import pytest

from derivations import kernel
from derivations.catalogue import DERIVATIONS, prove
from derivations.certificate import export
from derivations.derivation import ancestry
from derivations.kernel import KernelError, infer, number
from derivations.replay import replay

from .random_term import Terms
from .rule_survey import CASES, NORMAL_CASES


@functools.cache
def certificate_of(slug):
    """The certificate as it comes out of a file; not to be changed."""
    return json.loads(json.dumps(export(*prove(slug).theorems)))


# the certificates that are tampered with: of normals, of densities, an inequality, a derivative, a change of variables, an instance
SLUGS = [
    s
    for s in (
        "elbo-gap",
        "kl-normal-standard",
        "elbo-bound",
        "score-function-gradient",
        "reparameterization-normal",
        "kl-exponential",
    )
    if s in DERIVATIONS
]
ROOT = Path(kernel.__file__).parents[1]
REPLAY_ALONE = """
import json, sys
for absent in ("sympy", "flint", "numpy"):
    sys.modules[absent] = None
sys.path.insert(0, sys.argv[1])
from derivations.replay import replay
theorems = replay(json.load(sys.stdin))
print(json.dumps([[repr(p) for p in (*t.hypotheses, t.conclusion)] for t in theorems]))
print(*sorted(name for name in sys.modules if name.startswith("derivations")))
"""


def replay_alone(certificate, program=REPLAY_ALONE):
    command = [sys.executable, "-I", "-c", program, str(ROOT)]
    return subprocess.run(command, input=json.dumps(certificate), capture_output=True, text=True, check=False)


def swapped_sides(certificate, step):
    """Let a step state its equation the other way round, in a new row of the table."""
    entry, rows = certificate["steps"][step], certificate["statements"]
    head, data, bound, args = rows[entry["conclusion"]]
    rows.append([head, data, bound, args[::-1]])
    entry["conclusion"] = len(rows) - 1


@pytest.mark.parametrize("slug", SLUGS)
def test_replays_in_another_process_without_sympy(slug):
    finished = replay_alone(certificate_of(slug))
    assert finished.returncode == 0, finished.stderr
    statements, modules = finished.stdout.splitlines()
    assert json.loads(statements) == [[repr(p) for p in (*t.hypotheses, t.conclusion)] for t in prove(slug).theorems]
    stops_the_collector_only = "derivations.collector"
    assert modules.split() == ["derivations", stops_the_collector_only, "derivations.kernel", "derivations.replay"]


def command_line(*paths):
    """``python -m derivations.replay`` where no package is installed at all."""
    command = [sys.executable, "-S", "-E", "-m", "derivations.replay", *map(str, paths)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_all_proofs_replay_where_nothing_is_installed(tmp_path):
    for slug in DERIVATIONS:
        (tmp_path / f"{slug}.json").write_text(json.dumps(certificate_of(slug)), encoding="utf-8")
    finished = command_line(*(tmp_path / f"{slug}.json" for slug in DERIVATIONS))
    assert (finished.returncode, finished.stderr) == (0, "")
    expected = [f"{tmp_path / slug}.json: {len(certificate_of(slug)['steps'])} steps replayed" for slug in DERIVATIONS]
    assert finished.stdout.splitlines() == expected


def test_the_command_names_the_step_of_a_forged_file(tmp_path):
    certificate = copy.deepcopy(certificate_of("elbo-gap"))
    step = len(certificate["steps"]) // 2
    swapped_sides(certificate, step)
    (tmp_path / "forged.json").write_text(json.dumps(certificate), encoding="utf-8")
    finished = command_line(tmp_path / "forged.json")
    rule = certificate["steps"][step]["rule"]
    message = f"{tmp_path / 'forged.json'}: rejected, step {step}, {rule}: the rule gives another statement"
    assert (finished.returncode, finished.stdout, finished.stderr.splitlines()) == (1, "", [message])


@pytest.mark.parametrize(
    ("content", "returncode"),
    [
        (b"", 2),
        (b"{", 2),
        (b"not json", 2),
        (b"\xff\xfe", 2),
        (b"[" * 100_000, 2),
        (b"null", 1),
        (b"[]", 1),
        (b'{"steps": 5}', 1),
        (b'{"steps": [{}], "terms": [], "statements": [], "theorems": [0]}', 1),
        (b'{"steps": [NaN]}', 1),
    ],
)
def test_bad_files_give_one_clear_line(tmp_path, content, returncode):
    (tmp_path / "bad.json").write_bytes(content)
    finished = command_line(tmp_path / "bad.json")
    assert finished.returncode == returncode
    assert finished.stdout == ""
    (line,) = finished.stderr.splitlines()
    assert line.startswith(f"{tmp_path / 'bad.json'}: " + ("rejected, " if returncode == 1 else "not a proof in JSON"))


def test_an_absent_file_gives_one_line(tmp_path):
    finished = command_line(tmp_path / "none.json")
    assert finished.returncode == 2
    (line,) = finished.stderr.splitlines()
    assert line.startswith(f"{tmp_path / 'none.json'}: not a proof in JSON: ")
    assert "No such file" in line


def test_another_process_refuses_a_forged_conclusion():
    certificate = copy.deepcopy(certificate_of("elbo-gap"))
    swapped_sides(certificate, len(certificate["steps"]) - 1)
    finished = replay_alone(certificate)
    assert finished.returncode != 0
    last = certificate["steps"][-1]["rule"]
    assert f"step {len(certificate['steps']) - 1}, {last}: the rule gives another statement" in finished.stderr


def test_the_process_has_no_sympy():
    finished = replay_alone([], REPLAY_ALONE.replace("sys.path", "import sympy; sys.path", 1))
    assert "import of sympy halted" in finished.stderr


def test_terms_stand_in_the_tables_once():
    certificate = certificate_of("elbo-gap")
    for name in ("terms", "statements"):
        rows = [json.dumps(row) for row in certificate[name]]
        assert len(rows) == len(set(rows))
        assert all(p < i for i, (_, _, _, args) in enumerate(certificate[name]) for p in args)


def test_premises_are_earlier_steps():
    twice = infer("field", number(2), number(1) + number(1))
    root = number(2) ** number("1/2")
    theorem = infer("rewrite", infer("reflexivity", root, root), twice, (1, 0))
    assert [step["premises"] for step in export(theorem)["steps"]] == [[], [], [0, 1]]


# --- tampering ---


def places(value, path=()):
    """Paths of everything inside JSON data."""
    yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


def edits(value, path, rng):
    """Single edits of a place, as ``{what: new value}``; None if there is none of that kind."""
    key, in_table = path[-1], path[0] in ("terms", "statements")
    found = {}
    if in_table and len(path) == 3 and key == 0:
        found["head"] = rng.choice(
            [h for h in ("add", "multiply", "log", "exp", "equal", "variable", "sum") if h != value]
        )
    elif key == "rule":
        found["rule"] = rng.choice([r for r in kernel.RULES if r != value])
    elif value is None:
        found["a binder"] = 0
    elif isinstance(value, int):
        found["a position" if in_table or key == "conclusion" else "path or premise"] = value + rng.choice((-1, 1, 2))
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


def with_edit(certificate, path, new):
    part, row, *inner = path
    tampered = {**certificate, part: list(certificate[part])}
    if not inner:
        tampered[part][row] = new
        return tampered
    tampered[part][row] = place = copy.deepcopy(certificate[part][row])
    for key in inner[:-1]:
        place = place[key]
    place[inner[-1]] = new
    return tampered


def is_same_proof(certificate, path, new):
    """Whether an accepted edit leaves the statement and the arguments: ``a = a`` is by reflexivity and by field.

    Replay compares every statement, and none is proved twice.
    """
    step = certificate["steps"][path[1]]
    return path[0] == "steps" and path[2:] == ("rule",) and {step["rule"], new} == {"reflexivity", "field"}


def test_no_statement_is_proved_twice_and_none_in_vain():
    for slug in SLUGS:
        steps = certificate_of(slug)["steps"]
        assert len({(*s["hypotheses"], s["conclusion"]) for s in steps}) == len(steps)
        used = {p for s in steps for p in s["premises"]} | set(certificate_of(slug)["theorems"])
        assert used == set(range(len(steps)))


def test_what_is_equal_to_itself_is_so_by_reflexivity():
    half, root = number("1/2"), number(2) ** number("1/2")
    turned = infer("rewrite", infer("reflexivity", root, root), infer("field", half, half), (1, 1))
    for theorem in (infer("field", half, half), turned):
        (step,) = export(theorem)["steps"]
        assert (step["rule"], step["premises"]) == ("reflexivity", [])
        assert replay(export(theorem))[0].conclusion == theorem.conclusion
    supposed = infer("field", root / root, root / root)
    assert [s["rule"] for s in export(supposed)["steps"]] == ["field"]


def test_theorems_of_which_one_rests_on_another_are_not_exported():
    twice = infer("field", number(2), number(1) + number(1))
    root = number(2) ** number("1/2")
    theorem = infer("rewrite", infer("reflexivity", root, root), twice, (1, 0))
    assert export(theorem)["theorems"] == [2]
    for several in ((theorem, twice), (twice, theorem), (theorem, theorem)):
        with pytest.raises(ValueError, match="theorems of which one rests on another, or is another"):
            export(*several)


@pytest.mark.parametrize("slug", DERIVATIONS)
def test_no_other_theorems_can_be_named(slug, seed):
    """Another true theorem, one more, one less, the same twice or in another order: the step is named."""
    certificate, rng = certificate_of(slug), random.Random(f"named {slug} {seed}")
    named, count = certificate["theorems"], len(certificate["steps"])
    other = rng.choice([i for i in range(count) if i not in named])
    wrong = [
        [*named[:-1], other],
        [*named, other],
        [other, *named],
        named[:-1],
        [*named, named[0]],
        [*named[:-1], count],
    ]
    wrong += [named[::-1]] if len(named) > 1 else []
    for theorems in rng.sample(wrong, 2):
        with pytest.raises(KernelError, match=r"^step \d+, [\w ]+: the theorems are the steps on which no other rests"):
            replay({**certificate, "theorems": theorems})
    assert len(replay(certificate)) == len(named)


def test_a_rewrite_that_changes_nothing_is_left_out():
    one = number(1)
    trivial = infer("field", one, one)
    assumed = infer("assume", kernel.positive(one))
    same = infer("rewrite", assumed, trivial, (0,))
    assert [step["rule"] for step in export(same)["steps"]] == ["assume"]
    assert replay(export(same))[0].conclusion == same.conclusion


def small_proofs(slug, rng):
    """Certificates of steps inside the derivation, each with all that it rests on, small enough to be replayed often."""
    inner = [t for t in ancestry(*prove(slug).theorems) if t.premises]
    while True:
        certificate = export(rng.choice(inner))
        if len(certificate["steps"]) <= 40:
            yield json.loads(json.dumps(certificate))


def random_edit(certificate, rng):
    """A place and its edits; the parts of the certificate, and of a step, are chosen alike, however large they are."""
    part = rng.choice(("steps", "steps", "terms", "statements"))
    row = rng.randrange(len(certificate[part])) if certificate[part] else None
    if row is None:
        return (), {}
    start = (part, row)
    if part == "steps":
        start = (part, row, rng.choice([k for k, v in certificate[part][row].items() if v or k == "conclusion"]))
    value = certificate[part][row] if part != "steps" else certificate[part][row][start[2]]
    path, value = rng.choice(list(places(value, start)))
    return path, edits(value, path, rng)


@pytest.mark.parametrize("slug", SLUGS)
def test_tampered_certificates_are_refused(slug, seed):
    rng = random.Random(f"{slug} {seed}")
    proofs, tried, accepted = small_proofs(slug, rng), Counter(), []
    for _ in range(35):
        certificate = next(proofs)
        for _ in range(8):
            path, changes = random_edit(certificate, rng)
            for what, new in changes.items():
                try:
                    replay(with_edit(certificate, path, new))
                except KernelError as error:
                    tried[what if re.match(r"step \d+, \w+: ", str(error)) else "no step named"] += 1
                else:
                    accepted.append((certificate, path, new))
    print(f"{slug}: {tried.total()} edits refused {dict(tried)}; {len(accepted)} left a proof of the same statement")
    assert tried.total() >= 200
    assert tried["no step named"] == 0
    kinds = {"name", "head", "a position", "path or premise", "a binder", "rule", "dropped", "swapped", "repeated"}
    assert kinds <= set(tried)
    assert [edit[1:] for edit in accepted if not is_same_proof(*edit)] == []


@pytest.mark.parametrize("slug", SLUGS)
def test_tampered_whole_proof_names_the_step(slug, seed):
    rng = random.Random(f"whole {slug} {seed}")
    certificate = copy.deepcopy(certificate_of(slug))
    rows = certificate["statements"]
    swappable = [i for i, s in enumerate(certificate["steps"]) if len(set(rows[s["conclusion"]][3])) > 1]
    step = rng.choice(swappable)
    swapped_sides(certificate, step)
    rule = certificate["steps"][step]["rule"]
    with pytest.raises(KernelError, match=rf"^step {step}, {rule}: the rule gives another statement"):
        replay(certificate)


@pytest.mark.parametrize("slug", SLUGS[:2])
def test_every_number_counts(slug, seed):
    """No proof has many numbers: each of a dozen small ones is changed in turn."""
    rng = random.Random(f"numbers {slug} {seed}")
    tried, accepted = 0, []
    for certificate in itertools.islice(small_proofs(slug, rng), 12):
        for path, value in [
            *places(certificate["terms"], ("terms",)),
            *places(certificate["statements"], ("statements",)),
        ]:
            if len(path) > 2 and path[2] == 1 and isinstance(value, str) and re.fullmatch(r"-?\d+(/\d+)?", value):
                tried += 1
                try:
                    replay(with_edit(certificate, path, f"{value.split('/')[0]}7"))
                except KernelError as error:
                    assert re.match(r"step \d+, \w+: ", str(error))  # noqa: PT017
                else:
                    accepted.append((path, value))
    assert tried > 10
    assert accepted == []


def argument_edits(arguments, rng, rows):
    """Arguments with one dropped, added, exchanged with its neighbour, or replaced, at any depth."""
    for path, value in list(places(arguments)):
        if isinstance(value, list):
            yield path, value[:-1]
            yield path, [*value, {"term": rng.randrange(rows)}]
            yield path, value[::-1]
        elif isinstance(value, dict):
            yield (*path, "term"), rng.randrange(rows)
        elif path and path[-1] != "term":
            yield path, value + 1


@pytest.mark.parametrize("rule", kernel.RULES)
def test_every_argument_of_every_rule_counts(rule, seed):
    """No other arguments give what the step states; the error names the step."""
    rng = random.Random(f"arguments {rule} {seed}")
    g, tried, same = Terms(rng, wide=True), 0, []
    for _ in range(60):
        try:
            theorem = infer(rule, *(NORMAL_CASES if rule in NORMAL_CASES else CASES)[rule](g))
        except KernelError:
            continue
        certificate = json.loads(json.dumps(export(theorem)))
        last = len(certificate["steps"]) - 1
        if certificate["steps"][last]["rule"] != rule:
            continue  # the rule gave back its premise
        arguments = certificate["steps"][last]["arguments"]
        for path, new in argument_edits(arguments, rng, len(certificate["terms"])):
            edited = functools.reduce(lambda value, key: value[key], path, arguments)
            if new == edited or (path[-1:] == ("term",) and certificate["terms"][new] == certificate["terms"][edited]):
                continue
            tampered = with_edit(certificate, ("steps", last, "arguments", *path), new)
            try:
                replay(tampered)
            except KernelError as error:
                assert re.match(rf"step {last}, {rule}: ", str(error))  # noqa: PT017
                tried += 1
            else:
                same.append((theorem, path, new))
    print(f"{rule}: {tried} edits refused, {len(same)} gave the same statement")
    assert tried >= 20 or rule == "discharge"
    assert [t for t, _, _ in same if rule != "rewrite"] == []


def test_dropping_a_hypothesis_of_the_last_step():
    certificate = copy.deepcopy(certificate_of("kl-normal-standard"))
    certificate["steps"][-1]["hypotheses"].pop()
    with pytest.raises(KernelError, match=r"step \d+, \w+: the rule gives another statement"):
        replay(certificate)


@pytest.mark.parametrize("proof", [[], None, 5, "ab", {}, {"steps": []}, [[1, 2]]])
def test_what_is_no_proof_is_refused(proof):
    with pytest.raises(KernelError, match="step 0: not a proof"):
        replay(proof)


@pytest.mark.parametrize("steps", [5, "ab", {"a": 1}])
def test_steps_that_are_no_list_are_refused(steps):
    with pytest.raises(KernelError, match="step 0: not a proof"):
        replay({"terms": [], "statements": [], "steps": steps})


@pytest.mark.parametrize("step", [5, None, {}, {"rule": "assume"}, [1]])
def test_what_is_no_step_is_refused(step):
    with pytest.raises(KernelError, match=r"step 0, \w"):
        replay({"terms": [], "statements": [], "steps": [step]})


def test_a_table_cannot_refer_forward():
    proof = copy.deepcopy(certificate_of("elbo-gap"))
    proof["terms"][0] = ["log", [], None, [0]]
    with pytest.raises(KernelError, match=r"step \d+, \w+: a term that holds a later one"):
        replay(proof)
