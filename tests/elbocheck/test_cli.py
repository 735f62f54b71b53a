"""The command line: exit codes, one line for what it cannot use, JSON and nothing else on standard output."""

from __future__ import annotations

import importlib.metadata
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from derivations import catalogue
from derivations.derivation import StepError
from derivations.replay import replay
from elbocheck import cli, mnist, verify
from elbocheck.verdict import Finding, Verdict
from elbocheck.verify import Outcome
from vae_min import data

CONFIRMED = Finding("elbo-gap", "network", "gap 1e-9", Verdict.confirmed)
UNDECIDED = Finding("elbo-gap", "network", "gap 1", Verdict.undecided, "too coarse")
REFUTED = Finding("elbo-gap", "network", "gap 1", Verdict.refuted, "log p(x) = 1, but ELBO + KL = 2")


def elbocheck(*arguments: str) -> int:
    """Exit code of a run in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["elbocheck", *arguments])
        with pytest.raises(SystemExit) as exit_:
            cli.main()
    return int(exit_.value.code or 0)  # type: ignore[arg-type]


def finds(*findings: Finding) -> object:
    return lambda dataset, out, **options: Outcome(
        dataset.name, options["seed"], findings, {"n": "1"}, out / "report.html"
    )


@pytest.mark.parametrize(
    ("findings", "code"), [((CONFIRMED,), 0), ((CONFIRMED, UNDECIDED), 3), ((UNDECIDED, REFUTED, CONFIRMED), 1)]
)
def test_verify_exits_with_what_was_found(
    findings: tuple[Finding, ...], code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(verify, "verify", finds(*findings))
    assert elbocheck("verify") == code
    printed = capsys.readouterr().out
    for finding in findings:
        assert finding.witness in printed
        assert finding.detail in printed


def test_json_is_one_document_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(verify, "verify", finds(CONFIRMED, REFUTED))
    assert elbocheck("verify", "--json", "--seed", "7") == 1
    document = json.loads(capsys.readouterr().out)
    assert document["seed"] == 7
    assert document["summary"] == {"proved": 0, "confirmed": 1, "refuted": 1, "undecided": 0}
    assert document["findings"][1]["detail"] == REFUTED.detail


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("prove",), "No such command"),
        (("verify", "--data", "cifar"), "'digits', 'mnist'"),
        (("verify", "--seed", "-1"), "--seed"),
        (("verify", "--data-dir", "."), "--data-dir goes with --data mnist"),
        (("verify", "--data", "mnist", "--data-dir", "/no/such/folder"), "/no/such/folder"),
        (("derive", "elbo-gpa"), "nearest: elbo-gap"),
        (("derive", "--list", "--format", "latex"), "--list goes with --format text, markdown or json"),
        (("derive", "--format", "pdf"), "'text', 'latex', 'markdown', 'html', 'json'"),
    ],
)
def test_what_it_cannot_use_is_one_line_and_exit_2(
    arguments: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert elbocheck(*arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("elbocheck: ")
    assert err.count("\n") == 1
    assert says in err


def test_an_output_folder_that_is_a_file_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file")
    for command in (("derive", "elbo-gap"), ("verify",)):
        assert elbocheck(*command, "--out", str(taken)) == 2
        (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("elbocheck: ")]
        assert line.startswith(f"elbocheck: {taken}")
        assert line.endswith("; free space or name another folder with --out")
    assert taken.read_text() == "a file"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_full_disk_is_one_line_that_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The system does not say in which file nothing could be written, nor does it know the name that is meant."""

    def write_text(path: Path, text: str, **options: object) -> None:
        with Path("/dev/full").open("w") as full:
            full.write(text)

    monkeypatch.setattr(Path, "write_text", write_text)
    assert elbocheck("derive", "elbo-gap", "--out", str(tmp_path)) == 2
    reason = "cannot be written (No space left on device); free space or name another folder with --out"
    assert capsys.readouterr().err == f"elbocheck: {tmp_path}/elbo-gap.txt: {reason}\n"


def test_a_path_that_is_no_text_can_be_printed(tmp_path: Path) -> None:
    """Nor is it a fault where standard output has another encoding than the text."""
    (tmp_path / os.fsdecode(b"\xff.md")).write_text(r"$\log p(x, z) = ≤ é$" + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "elbocheck", "proofread", b"\xff.md"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(Path(__file__).parents[2])}
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert (run.returncode, run.stderr) == (3, b"")
    assert b"\\udcff.md:1: unparsed" in run.stdout


def test_an_interrupt_exits_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(verify, "verify", interrupted)
    assert elbocheck("verify") == 130


def test_damaged_data_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def damaged(*arguments: object, **options: object) -> None:
        raise data.DataError("train-images: truncated; replace it")

    monkeypatch.setattr(mnist, "read", damaged)
    assert elbocheck("verify", "--data", "mnist", "--data-dir", ".") == 2
    assert capsys.readouterr().err == "elbocheck: train-images: truncated; replace it\n"


def test_derive_prints_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert elbocheck("derive", "kl-normal-standard") == 0
    printed = capsys.readouterr().out
    assert "suppose sigma_j > 0 for all j in {1, .., J}" in printed
    assert "(the two integrals above)" in printed


def test_derive_json_replays(capsys: pytest.CaptureFixture[str]) -> None:
    assert elbocheck("derive", "elbo-gap", "--format", "json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["slug"] == "elbo-gap"
    (theorem,) = replay(document["proof"])
    assert theorem.conclusion.head == "equal"


def test_derive_writes_one_file_per_slug(tmp_path: Path) -> None:
    assert elbocheck("derive", "elbo-gap", "--format", "latex", "--out", str(tmp_path / "new")) == 0
    assert {p.name for p in (tmp_path / "new").iterdir()} == {"elbo-gap.tex", "main.tex"}


def test_derive_lists_slugs_with_what_they_suppose(capsys: pytest.CaptureFixture[str]) -> None:
    assert elbocheck("derive", "--list") == 0
    printed = capsys.readouterr().out
    for slug in ("elbo-gap", "normal-negative-entropy", "normal-cross-entropy", "kl-normal-standard"):
        assert f"{slug}\n" in printed
    assert "int q(z | x) dz = 1" in printed


def test_derive_lists_in_one_json_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert elbocheck("derive", "--list", "--format", "json", "elbo-gap", "kl-normal-standard", "elbo-gap") == 0
    entries = json.loads(capsys.readouterr().out)
    assert [e["slug"] for e in entries] == ["elbo-gap", "kl-normal-standard"]
    assert entries[0]["steps"] == 5


@pytest.mark.parametrize("format", ["text", "latex", "markdown", "html", "json"])
def test_derive_is_the_same_on_every_run(format: str) -> None:
    command = [sys.executable, "-m", "elbocheck", "derive", "elbo-gap", "kl-nonnegative", "--format", format]
    first, second = (
        subprocess.run(command, capture_output=True, check=True, env={**os.environ, "PYTHONHASHSEED": hash_seed}).stdout
        for hash_seed in ("1", "31")
    )
    assert first == second != b""


def test_a_step_that_does_not_hold_stops_derive(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails() -> None:
        raise StepError("elbo-gap, step 2: log p(x)  =  0\n  not by 'algebra': the two sides do not become equal")

    monkeypatch.setattr(catalogue, "DERIVATIONS", {"elbo-gap": fails})
    assert elbocheck("derive", "elbo-gap") == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert "step 2: log p(x)  =  0" in err
    assert "not by 'algebra'" in err


def test_the_module_runs_and_help_imports_neither_torch_nor_sympy() -> None:
    program = (
        "import sys; sys.argv = ['elbocheck', '--help']\n"
        "from elbocheck.cli import main\n"
        "try: main()\n"
        "except SystemExit as e: print(e.code, sorted({'torch', 'sympy', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 []"
    shown = subprocess.run([sys.executable, "-m", "elbocheck", "--help"], capture_output=True, text=True, check=True)
    assert "verify" in shown.stdout


def test_no_arguments_show_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert elbocheck() == 0
    assert "verify" in capsys.readouterr().out


def test_the_version_is_that_of_the_installation(capsys: pytest.CaptureFixture[str]) -> None:
    assert elbocheck("--version") == 0
    assert capsys.readouterr().out == importlib.metadata.version("elbocheck") + "\n"


def test_a_text_that_is_not_utf8_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"$x = \xff$"), "utf-8"))
    assert elbocheck("proofread", "-") == 2
    assert capsys.readouterr().err == "elbocheck: -: byte 5 is not UTF-8 text; give it as UTF-8\n"


def test_a_fault_of_its_own_is_no_refutation(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(verify, "verify", lambda *arguments, **options: 1 / 0)
    assert elbocheck("verify") == 70
    assert "ZeroDivisionError" in capsys.readouterr().err


@pytest.mark.parametrize(("verdict", "code"), [("confirmed", 0), ("refuted", 1)])
def test_a_reader_that_goes_away_does_not_change_the_exit_code(verdict: str, code: int) -> None:
    program = (
        "import sys; from pathlib import Path; from elbocheck import cli, verify; from elbocheck.verdict import *\n"
        f"found = (Finding('elbo-gap', 'w' * 200, '[/] [nan, nan]', Verdict.{verdict}, 'd'),) * 2000\n"
        "verify.verify = lambda *a, **k: verify.Outcome('digits', 0, found, {}, Path('r'))\n"
        "sys.argv = ['elbocheck', 'verify']; cli.main()"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        run.stdout.close()
        error = run.stderr.read()
    assert run.returncode == code, error


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("derive", "elbo-gap"), 0),
        (("formula", "--families"), 0),
        (("formula", "wrong.py:kl", "--q", "normal", "--p", "normal"), 1),
        (("proofread", "right.md"), 0),
        (("proofread", "wrong.md", "--json"), 1),
        (("proofread", "odd.md", "wrong.md"), 1),
        (("proofread", "odd.md"), 3),
    ],
)
def test_every_command_speaks_to_a_reader_that_is_gone(arguments: tuple[str, ...], code: int, tmp_path: Path) -> None:
    """Not 1 in any case, as a pipe that breaks has it elsewhere: 1 says that something is refuted."""
    (tmp_path / "wrong.py").write_text("def kl(q_loc, q_scale, p_loc, p_scale):\n    return 0.0 * q_loc\n")
    sides = {"right": r"\log p(x|z) + \log p(z)", "wrong": r"\log p(x|z) - \log p(z)", "odd": r"\heartsuit"}
    for name, side in sides.items():
        (tmp_path / f"{name}.md").write_text(rf"\[ \log p(x,z) = {side} \]" + "\n")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "elbocheck", *arguments]
    run = subprocess.run(command, cwd=tmp_path, env=environment, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (run.returncode, run.stderr) == (code, b"")


def test_figures_are_printed_as_they_are(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(verify, "verify", finds(Finding("elbo-gap", "w [red]", "[/] [nan, nan]", Verdict.confirmed)))
    assert elbocheck("verify") == 0
    printed = capsys.readouterr().out
    assert "w [red]" in printed
    assert "[/] [nan, nan]" in printed
