"""Judging in other processes: in order, the same with any number of them, each relation within its time."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TRUE = r"\log p(x,z) = \log p(x|z) + \log p(z)"
FALSE = r"\log p(x,z) = \log p(x|z) - \log p(z)"
ENDLESS = r"\log p(x) = 2^{999999999} \log p(x)"
# judged by a program of its own: a fork of the process of the tests would copy its threads
PROGRAM = """
import json, sys
from derivations import proofread
from derivations.relation import blank
from derivations.manuscript import read_text
from derivations.written import written
from elbocheck import judge

def main():
    text, workers, seconds, change = json.loads(sys.argv[1])
    exec(change, globals())
    chains = written(read_text(text, "notes.tex").formulas)
    for j in judge.judged(chains, judge.prepared(chains, ()), workers=workers, seconds=seconds):
        print(json.dumps([j.chain, j.index, j.verdict, j.message]), flush=True)

if __name__ == "__main__":
    main()
"""


def judged(*formulas, workers=2, seconds=5.0, change=""):
    text = "\n".join(f"\\[ {f} \\]" for f in formulas)
    arguments = [sys.executable, "-c", PROGRAM, json.dumps([text, workers, seconds, change])]
    finished = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=True)
    assert finished.stderr == ""
    return [json.loads(line) for line in finished.stdout.splitlines()]


def test_the_order_is_that_of_the_text_and_the_same_with_any_number_of_processes():
    formulas = [ENDLESS, TRUE, FALSE, f"{TRUE} = \\log p(x|z) + 2 \\log p(z) = \\heartsuit", TRUE]
    one, three = (judged(*formulas, workers=workers, seconds=1.5) for workers in (1, 3))
    assert one == three
    assert [j[:2] for j in one] == [[0, 0], [1, 0], [2, 0], [3, 0], [3, 1], [3, 2], [4, 0]]
    assert [j[2] for j in one] == ["undecided", "proved", "refuted", "proved", "refuted", "unparsed", "proved"]


def test_a_relation_that_takes_too_long_is_undecided_and_those_after_it_are_judged():
    begun = time.monotonic()
    first, second, third = judged(f"{ENDLESS} = \\log p(x)", TRUE, seconds=1.0, workers=1)
    assert time.monotonic() - begun < 120  # the clock bound twice, and a busy machine; without bounds it takes days
    assert first == [0, 0, "undecided", "not decided within 1 s"]
    assert second[2:] == ["undecided", "not decided within 1 s"]
    assert third[2] == "proved"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("import os; proofread._judged = lambda blank, around: os._exit(1)", "its process ended"),
        ("proofread._judged = lambda blank, around: 1 / 0", "an error in elbocheck: ZeroDivisionError"),
        ("proofread._judged = lambda blank, around: bytearray(1 << 40)", "an error in elbocheck: MemoryError"),
    ],
)
def test_a_process_that_fails_leaves_its_relation_undecided(change, message):
    first, second = judged(TRUE, FALSE, change=change)
    assert first[2] == second[2] == "undecided"
    assert message in first[3]


def test_recursion_makes_a_relation_unparsed():
    change = "proofread._judged = lambda blank, around: proofread._judged(blank, around)"
    ((_, _, verdict, message),) = judged(TRUE, change=change)
    assert (verdict, message) == ("unparsed", "nested too deeply")


def test_what_was_said_before_the_time_was_up_is_kept():
    change = """
import time
from dataclasses import replace
def slow(chain, number, around, first=0):
    refuted = replace(blank(chain, number, 0), verdict="refuted")
    yield refuted, False
    while True: pass
judge.judgements = slow
"""
    assert [j[2] for j in judged(FALSE, seconds=1.0, change=change)] == ["refuted"]


def test_no_process_stays_when_the_reader_stops():
    """The judgements are closed after the first; a process that is at a long one is ended then."""
    change = """
import multiprocessing
def first(*arguments, **options):
    found = original(*arguments, **options)
    yield next(found)
    found.close()
    assert multiprocessing.active_children() == []
original, judge.judged = judge.judged, first
"""
    begun = time.monotonic()
    assert len(judged(TRUE, ENDLESS, seconds=600.0, change=change)) == 1
    assert time.monotonic() - begun < 120


def test_without_the_definitions_of_the_text_nothing_is_refuted():
    slow = "import time; judge.surroundings = lambda *a: [None for _ in iter(int, 1)]; judge.PREPARATION = 0.2"
    slow += "; judge.prepared.__kwdefaults__['seconds'] = 0.2"
    (false, bound) = judged(FALSE, r"\mathcal{L} \le \log p(x)", change=slow)
    assert false[2:] == ["undecided", "the definitions of the text were not found in time"]
    assert bound[2] == "unparsed"
