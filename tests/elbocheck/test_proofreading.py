"""`proofread` on the command line: its lines, its JSON, its annotations, its exit codes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TRUE = r"\[ \log p(x,z) = \log p(x|z) + \log p(z) \]"
FALSE = r"\[ \log p(x,z) = \log p(x|z) - \log p(z) \]"
ODD = r"\[ \log p(x) = \heartsuit \]"


def run(*arguments, text=""):
    command = [sys.executable, "-m", "elbocheck", "proofread", *arguments]
    finished = subprocess.run(command, input=text, cwd=ROOT, capture_output=True, text=True, check=False)
    return finished.returncode, finished.stdout, finished.stderr


@pytest.mark.parametrize(
    ("text", "code"), [(TRUE, 0), (FALSE, 1), (ODD, 3), (TRUE + ODD + FALSE, 1), ("no formula", 0)]
)
def test_exit_codes(text, code):
    assert run("-", text=text)[0] == code


def test_json_has_every_relation_and_the_tally(tmp_path):
    path = tmp_path / "notes.md"
    path.write_text(f"One\n\n{TRUE}\n\n{FALSE}\n")
    code, out, err = run("--json", str(path))
    document = json.loads(out)
    assert (code, err) == (1, "")
    assert document["summary"] == {"proved": 1, "refuted": 1, "undecided": 0, "unparsed": 0}
    first, second = document["relations"]
    keys = ["file", "line", "chain", "index", "relation", "lhs", "rhs", "verdict", "by", "hypotheses"]
    assert list(first) == [*keys, "counterexample", "reading", "message"]
    assert (first["file"], first["line"], first["chain"], first["index"]) == (str(path), 3, 0, 0)
    assert (first["verdict"], second["verdict"], second["line"], second["chain"]) == ("proved", "refuted", 5, 1)
    assert first["counterexample"] is None
    assert "p(" in second["counterexample"]


def test_lines_name_file_and_line(tmp_path):
    path = tmp_path / "notes.tex"
    path.write_text(f"\n{FALSE}")
    _, out, _ = run(str(path))
    first, *_, last = out.splitlines()
    assert first.startswith(f"{path}:2: refuted: \\log p(x,z) = ")
    assert "counterexample:" in out
    assert last == "0 proved, 1 refuted, 0 undecided, 0 unparsed of 1 relations"


def test_the_page_has_every_relation():
    code, out, err = run("--format", "html", "-", text=f"{TRUE}\n{FALSE}\n{ODD}")
    assert (code, err) == (1, "")
    assert out.startswith("<!DOCTYPE html>")
    assert out.count('<div class="relation ') == 3


def test_annotations_mark_what_is_not_proved():
    _, out, _ = run("--format", "github", "-", text=f"{TRUE}\n{FALSE}\n{ODD}")
    assert [line.split(",title")[0] for line in out.splitlines()] == ["::error file=-,line=2", "::notice file=-,line=3"]


FORMULAS = "so\n\n\\[ \\log p(x,z) = \\log p(x|z) + \\log p(z) \\]\n\n"
UNUSABLE = [
    ("missing.tex", None, "No such file"),
    ("a.pdf", b"", "not a manuscript"),
    ("a.tex", b"\xff", "byte 0 is not UTF-8"),
    ("a.md", bytes(range(256)), "not UTF-8"),
    ("a.ipynb", b"no JSON", "not a Jupyter notebook"),
    ("a.ipynb", b'{"cells": 3}', "not a Jupyter notebook"),
    ("a.ipynb", b"[" * 100_000, "not a Jupyter notebook"),
    ("a.tex", FORMULAS.encode() * 180_000, "at most 2,000,000 are read"),
    ("a.tex", b"% elbocheck: q is normal", "line 1: cannot use"),
]


@pytest.mark.parametrize(("name", "content", "message"), UNUSABLE, ids=[m for *_, m in UNUSABLE])
def test_a_file_that_cannot_be_used_is_named_in_one_line(name, content, message, tmp_path):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    code, out, err = run(str(path))
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert name in err
    assert message in err


def test_a_folder_is_named_in_one_line(tmp_path):
    (tmp_path / "notes.tex").mkdir()
    code, out, err = run(str(tmp_path / "notes.tex"))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "Is a directory" in err


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read every file")
def test_a_file_that_may_not_be_read_is_named_in_one_line(tmp_path):
    path = tmp_path / "notes.tex"
    path.touch(mode=0)
    code, out, err = run(str(path))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "Permission denied" in err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (r"\[ a = " + "{" * 10_000 + "x" + "}" * 10_000 + r" \]", "more than 4000 characters"),
        (r"\[ a = " + "{" * 1000 + "x" + "}" * 1000 + r" \]", "brackets nested more than 40 deep"),
        (r"\[ a = " + "{" * 1000 + r" \]", "brackets nested more than 40 deep"),
    ],
)
def test_deep_braces_are_unparsed(text, message):
    code, out, err = run("-", text=text)
    assert (code, err) == (3, "")
    assert "1 unparsed" in out
    assert message in out


def test_an_empty_text_has_no_relations():
    assert run("-", text="") == (0, "0 proved, 0 refuted, 0 undecided, 0 unparsed of 0 relations\n", "")


def test_neither_torch_nor_sympy_is_imported(tmp_path):
    """The command starts without them."""
    (tmp_path / "notes.tex").write_text(TRUE + FALSE)
    code = "import sys; from elbocheck import cli; cli.main()"
    command = [sys.executable, "-X", "importtime", "-c", code, "proofread", str(tmp_path / "notes.tex")]
    imported = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stderr
    packages = {line.rsplit("|", 1)[-1].strip().split(".")[0] for line in imported.splitlines()}
    assert {"flint", "lark", "derivations"} <= packages
    assert not packages & {"torch", "sympy", "matplotlib", "scipy", "sklearn"}


def test_hypotheses_are_said_once_for_a_chain():
    chain = r"\[ \log p(x,z) = \log p(x|z) + \log p(z) = \log p(z) + \log p(x|z) = \log p(z|x) + \log p(x) \]"
    _, out, _ = run("-", text=chain)
    assert [line.strip() for line in out.splitlines() if "suppose" in line] == [
        "suppose p(x, z) > 0 (relations 1, 3)",
        "suppose p(z) > 0 (relations 1, 3)",
        "suppose p(x) > 0 (relation 3)",
    ]
