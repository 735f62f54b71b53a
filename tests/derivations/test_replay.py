"""What replay refuses, with the step named."""

import json

import pytest

from derivations.kernel import KernelError, infer, variable
from derivations.replay import replay

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
    assert [replay({**SQUARE, "theorems": [0, 0]})[i].conclusion for i in (0, 1)] == [theorem.conclusion] * 2


@pytest.mark.parametrize("theorems", [None, [], 0, [1], "0"])
def test_what_is_proved_must_be_named(theorems):
    with pytest.raises(KernelError, match=r"theorems: not positions of steps|not a position in the proof"):
        replay({**SQUARE, "theorems": theorems})


@pytest.mark.parametrize("theorems", [[-1], [True], [0.0], ["0"]])
def test_a_position_is_a_natural_number(theorems):
    with pytest.raises(KernelError, match="not a position in the proof"):
        replay({**SQUARE, "theorems": theorems})


def deep(n):
    """log log ... log a, in n rows."""
    return [SQUARE["terms"][0], *(["log", [], None, [i]] for i in range(n))]


def test_a_term_too_deep_is_refused_with_the_step():
    step = {**SQUARE["steps"][0], "arguments": [{"term": 50_000}]}
    with pytest.raises(KernelError, match="step 0, square: "):
        replay({**SQUARE, "terms": deep(50_000), "steps": [step]})
