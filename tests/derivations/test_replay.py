"""What replay refuses, with the step named."""

import json

import pytest

from derivations.kernel import KernelError
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
