"""What replay refuses, with the step named."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import derivations
from derivations.catalogue import DERIVATIONS, prove
from derivations.certificate import export
from derivations.kernel import KernelError, infer, variable
from derivations.replay import outcome, replay

STEP = {"rule": "delta_same", "premises": [], "arguments": [], "hypotheses": [], "conclusion": 0}


@pytest.mark.parametrize(
    ("step", "row", "message"),
    [
        (5, [], "step 0, not a rule: "),
        ({**STEP, "rule": "magic"}, [], "step 0, magic: no rule 'magic'"),
        ({**STEP, "premises": [0]}, [], "step 0, delta_same: "),
        ({**STEP, "premises": [-1]}, [], "step 0, delta_same: not a position in the proof"),
        ({**STEP, "arguments": [1]}, [], "step 0, delta_same: "),
        (
            {**STEP, "arguments": [{"term": 0}], "conclusion": -1},
            ["pi", [], None, []],
            "step 0, delta_same: not a position",
        ),
        (
            {**STEP, "arguments": [{"term": 0}], "conclusion": True},
            ["pi", [], None, []],
            "step 0, delta_same: not a position",
        ),
        (
            {**STEP, "arguments": [{"term": 0}]},
            ["pi", [], None, []],
            "step 0, delta_same: the rule gives another statement",
        ),
        ({}, [], "step 0, None: 'rule'|step 0, None: 'premises'"),
        ({**STEP, "arguments": [{"term": 0}]}, ["number", ["1/0"], None, []], "step 0, delta_same: "),
        ({**STEP, "arguments": [{"term": 0}]}, ["pi"], "step 0, delta_same: not enough values"),
    ],
)
def test_replay_names_the_step(step, row, message):
    proof = {"terms": [["pi", [], None, []]], "statements": [row], "steps": [step], "theorems": [0]}
    with pytest.raises(KernelError, match=message):
        replay(json.loads(json.dumps(proof)))


SQUARE = {
    "terms": [["variable", ["a", "real"], None, []]],
    "statements": [
        ["variable", ["a", "real"], None, []],
        ["number", ["2"], None, []],
        ["power", [], None, [0, 1]],
        ["number", ["0"], None, []],
        ["at_most", [], None, [3, 2]],
    ],
    "steps": [{"rule": "square", "premises": [], "arguments": [{"term": 0}], "hypotheses": [], "conclusion": 4}],
    "theorems": [0],
}


def test_a_proof_written_by_hand():
    (theorem,) = replay(SQUARE)
    assert theorem.conclusion == infer("square", variable("a", "real")).conclusion


@pytest.mark.parametrize("theorems", [None, [], 0, [1], "0", [0, 0]])
def test_what_is_proved_must_be_named(theorems):
    with pytest.raises(
        KernelError, match=r"^theorems: not positions of steps|^step [01], .*: the theorems are the steps"
    ):
        replay({**SQUARE, "theorems": theorems})


@pytest.mark.parametrize("theorems", [[-1], [True], [0.0], ["0"]])
def test_a_position_is_a_natural_number(theorems):
    with pytest.raises(KernelError, match="not a position in the proof"):
        replay({**SQUARE, "theorems": theorems})


@pytest.mark.parametrize("empty", ["", {}])
def test_what_is_empty_and_no_list_is_none(empty):
    (step,) = SQUARE["steps"]
    for name in ("premises", "hypotheses"):
        assert step[name] == []
        with pytest.raises(KernelError, match=f"step 0, {step['rule']}: not a list"):
            replay({**SQUARE, "steps": [{**step, name: empty}]})
    for table in ("terms", "statements"):
        *whole, args = SQUARE[table][0]
        assert args == []
        with pytest.raises(KernelError, match=f"step 0, {step['rule']}: not a list"):
            replay({**SQUARE, table: [[*whole, empty], *SQUARE[table][1:]]})


def deep(n):
    """log log ... log a, in n rows."""
    return [SQUARE["terms"][0], *(["log", [], None, [i]] for i in range(n))]


def test_a_term_too_deep_is_refused_with_the_step():
    step = {**SQUARE["steps"][0], "arguments": [{"term": 50_000}]}
    with pytest.raises(KernelError, match="step 0, square: "):
        replay({**SQUARE, "terms": deep(50_000), "steps": [step]})


def file(tmp_path, content):
    path = tmp_path / "proof.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return str(path)


def test_all_derivations_replay_in_a_process_without_sympy(tmp_path):
    document = [{"slug": slug, "title": "", "proof": export(*prove(slug).theorems)} for slug in DERIVATIONS]
    program = (
        "import sys, runpy; sys.modules['sympy'] = None; runpy.run_module('derivations.replay', run_name='__main__')"
    )
    command = [sys.executable, "-c", program, file(tmp_path, document)]
    done = subprocess.run(
        command, cwd=Path(derivations.__file__).parents[1], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[1].rstrip(",") for line in done.stdout.splitlines()] == list(DERIVATIONS)


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_bare_proof_and_what_derive_writes(wrapped, tmp_path):
    proof = export(*prove("elbo-gap").theorems)
    code, (line,) = outcome([file(tmp_path, {"slug": "elbo-gap", "title": "", "proof": proof} if wrapped else proof)])
    assert code == 0
    assert f"{len(proof['steps'])} steps replayed" in line


def test_a_rejected_certificate_exits_1_with_the_step(tmp_path):
    proof = export(*prove("elbo-gap").theorems)
    proof["steps"][3]["rule"] = "delta_same"
    code, (line,) = outcome([file(tmp_path, {"slug": "elbo-gap", "proof": proof})])
    assert code == 1
    assert "elbo-gap, rejected, step 3, delta_same: " in line


@pytest.mark.parametrize("content", ["{", "", "\xff"])
def test_an_unreadable_file_exits_2(content, tmp_path):
    path = tmp_path / "proof.json"
    path.write_bytes(content.encode("latin-1"))
    code, (line,) = outcome([str(path)])
    assert code == 2
    assert "not a proof in JSON" in line


def test_no_file_exits_2(tmp_path):
    assert outcome([str(tmp_path / "absent")])[0] == 2
    assert outcome([]) == (2, ["usage: python -m derivations.replay PROOF.json ..."])
