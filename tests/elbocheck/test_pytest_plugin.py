"""The plugin: the table at the end, one budget, other workers' entries, and nothing where it is not used."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ASSERTS = """
import math
import numpy as np
from elbocheck.testing import assert_kl, assert_mean

def kl(q, p):
    return math.log(q / p) + p / q - 1

def test_kl():
    assert_kl(kl, "exponential", "exponential")

def test_mean():
    assert_mean(np.random.default_rng(0).normal(size=20_000), 0.0, detects=0.1, name="noise")
"""
UNUSED = """
import sys

def test_nothing_is_imported():
    assert not {"numpy", "scipy", "torch", "flint", "elbocheck.testing"} & set(sys.modules)
"""


def run(tmp_path: Path, test: str, *arguments: str) -> tuple[int, str]:
    """A session of its own, whose plugin is found by the entry point of this project."""
    (tmp_path / "test_it.py").write_text(test)
    points = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["pytest11"]
    info = tmp_path / "installed" / "elbocheck_here-0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: elbocheck-here\nVersion: 0\n")
    (info / "entry_points.txt").write_text("[pytest11]\n" + "".join(f"{k} = {v}\n" for k, v in points.items()))
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{info.parent}", "PYTEST_ADDOPTS": ""}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-W",
        "error",
        "--strict-config",
        "-p",
        "no:cacheprovider",
        *arguments,
    ]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_the_session_ends_with_the_table_of_what_was_asserted(tmp_path: Path) -> None:
    code, out = run(tmp_path, ASSERTS)
    assert code == 0, out
    assert "kl is KL(exponential || exponential)" in out
    assert "2 assertions; false-alarm budget spent: 1.0e-09 of 1e-06" in out


def test_workers_share_the_budget_and_send_their_entries(tmp_path: Path) -> None:
    code, out = run(tmp_path, ASSERTS, "-n", "2")
    assert code == 0, out
    assert "2 assertions; false-alarm budget spent: 1.0e-09 of 1e-06" in out


def test_a_spent_budget_is_an_error_that_names_the_remedy(tmp_path: Path) -> None:
    greedy = ASSERTS.replace('name="noise"', 'false_alarm=0.9e-3, name="noise"')
    code, out = run(tmp_path, greedy)
    assert code == 1
    assert "raise elbocheck_budget or ask for less" in out


@pytest.mark.parametrize("budget", ["2", "0", "much"])
def test_a_budget_that_bounds_nothing_is_refused(tmp_path: Path, budget: str) -> None:
    code, out = run(tmp_path, UNUSED, "-o", f"elbocheck_budget={budget}")
    assert code == 4
    assert f"elbocheck_budget must lie between 0 and 1, not '{budget}'" in out


def test_it_costs_nothing_where_it_is_not_used(tmp_path: Path) -> None:
    code, out = run(tmp_path, UNUSED)
    assert code == 0, out
    assert "elbocheck" not in out
