"""`elbocheck proofread` as it is typed: each format, its exit code, and one line for what it cannot use."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from elbocheck import cli

TEXTS = {
    "right": r"$\log p(x,z) = \log p(x|z) + \log p(z)$",
    "wrong": r"$\log p(x,z) = \log p(x|z) - \log p(z)$",
    "odd": r"$\log p(x) = \text{a: proved: b}$",
}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in TEXTS.items():
        (tmp_path / f"{name}.md").write_text(f"{text}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    return tmp_path


def proofread(*arguments: str) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["elbocheck", "proofread", "--workers", "1", *arguments])
        with pytest.raises(SystemExit) as exit_:
            cli.main()
    return int(exit_.value.code or 0)  # type: ignore[arg-type]


@pytest.mark.parametrize("option", [("--json",), ("--format", "json")])
def test_json_is_one_document(option: tuple[str, ...], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert proofread("right.md", "wrong.md", *option) == 1
    document = json.loads(capsys.readouterr().out)
    assert [(r["file"], r["verdict"]) for r in document["relations"]] == [
        ("right.md", "proved"),
        ("wrong.md", "refuted"),
    ]
    assert document["summary"] == {"proved": 1, "refuted": 1, "undecided": 0, "unparsed": 0}


def test_a_pull_request_is_marked_where_something_is_not_proved(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert proofread("right.md", "odd.md", "--format", "github") == 3
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("::notice file=odd.md,line=1,title=elbocheck unparsed::")


def test_a_page_holds_all_texts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert proofread("right.md", "wrong.md", "--format", "html") == 1
    page = capsys.readouterr().out
    assert page.count("<html") == 1
    assert "right.md:0:0" in page
    assert "wrong.md:0:0" in page


@pytest.mark.parametrize(("option", "colours"), [((), True), (("--json",), False), (("--format", "github"), False)])
def test_colours_are_for_text_on_a_terminal(
    option: tuple[str, ...], colours: bool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    assert proofread("odd.md", *option) == 3
    assert ("\x1b[" in terminal.getvalue()) == colours


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("right.md", "none.md"), "none.md: No such file or directory"),
        (("right.md", "."), ".: not a manuscript; give a .tex, .md, .ipynb file, or - for standard input"),
        (("right.md", "--workers", "0"), "'--workers'"),
        (("right.md", "--format", "pdf"), "'text', 'json', 'github', 'html'"),
        ((), "FILE"),
    ],
)
def test_what_it_cannot_use_is_one_line_and_nothing_is_judged(
    arguments: tuple[str, ...], says: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert proofread(*arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("elbocheck: ")
    assert err.count("\n") == 1
    assert says in err
