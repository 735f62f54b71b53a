"""`proofread` on the command line: its lines, its JSON, its annotations, its exit codes."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from elbocheck import cli

TRUE = r"\[ \log p(x,z) = \log p(x|z) + \log p(z) \]"
FALSE = r"\[ \log p(x,z) = \log p(x|z) - \log p(z) \]"
ODD = r"\[ \log p(x) = \heartsuit \]"


def run(monkeypatch, capsys, *arguments, text=""):
    monkeypatch.setattr(sys, "argv", ["elbocheck", "proofread", *arguments])
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code, *capsys.readouterr()


@pytest.mark.parametrize(
    ("text", "code"), [(TRUE, 0), (FALSE, 1), (ODD, 3), (TRUE + ODD + FALSE, 1), ("no formula", 0)]
)
def test_exit_codes(text, code, monkeypatch, capsys):
    assert run(monkeypatch, capsys, "-", text=text)[0] == code


def test_json_has_every_relation_and_the_tally(monkeypatch, capsys, tmp_path):
    path = tmp_path / "notes.md"
    path.write_text(f"One\n\n{TRUE}\n\n{FALSE}\n")
    code, out, err = run(monkeypatch, capsys, "--json", str(path))
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


def test_lines_name_file_and_line(monkeypatch, capsys, tmp_path):
    path = tmp_path / "notes.tex"
    path.write_text(f"\n{FALSE}")
    _, out, _ = run(monkeypatch, capsys, str(path))
    first, *_, last = out.splitlines()
    assert first.startswith(f"{path}:2: refuted: \\log p(x,z) = ")
    assert "counterexample:" in out
    assert last == "0 proved, 1 refuted, 0 undecided, 0 unparsed of 1 relations"


def test_annotations_mark_what_is_not_proved(monkeypatch, capsys):
    _, out, _ = run(monkeypatch, capsys, "--format", "github", "-", text=f"{TRUE}\n{FALSE}\n{ODD}")
    assert [line.split(",title")[0] for line in out.splitlines()] == ["::error file=-,line=2", "::notice file=-,line=3"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [("missing.tex", None, "No such file"), ("a.pdf", b"", "not a manuscript"), ("a.tex", b"\xff", "not UTF-8")],
)
def test_a_file_that_cannot_be_read_is_named_in_one_line(name, content, message, monkeypatch, capsys, tmp_path):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    code, out, err = run(monkeypatch, capsys, str(path))
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert name in err
    assert message in err


def test_torch_is_not_imported():
    """The command starts without it."""
    code = "import sys; from elbocheck import cli, proofreading; sys.exit('torch' in sys.modules)"
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
