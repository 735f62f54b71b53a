"""The scripts from the command line: the same bytes on every run, and a wrong slug names the nearest."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import derivations
from derivations.catalogue import DERIVATIONS, SCRIPTS, prove
from derivations.document import fragment

FOLDER = Path(derivations.__file__).parent


def run(*arguments, **environment):
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=FOLDER.parent, env={**os.environ, **environment}
    )


@pytest.fixture(scope="module")
def everything():
    return [run("-m", "derivations", PYTHONHASHSEED=seed) for seed in ("1", "31")]


def test_two_processes_print_the_same_bytes(everything):
    first, second = everything
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout == second.stdout


def test_all_derivations_are_printed_in_order(everything):
    assert everything[0].stdout == "\n".join(fragment(prove(slug)) for slug in DERIVATIONS)


def test_some_derivations_are_printed():
    assert run("-m", "derivations", "elbo-gap").stdout == fragment(prove("elbo-gap"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda s: s.__name__)
def test_a_script_prints_its_latex(script):
    finished = run(script.__file__)
    assert (finished.returncode, finished.stderr) == (0, "")
    assert finished.stdout == "\n".join(fragment(prove(slug)) for slug in script.DERIVATIONS)


def test_an_unknown_slug():
    finished = run("-m", "derivations", "elbo-gab")
    assert finished.returncode == 2
    assert finished.stdout == ""
    assert finished.stderr.startswith("no derivation 'elbo-gab'; nearest: elbo-gap")
    assert finished.stderr.count("\n") == 1
