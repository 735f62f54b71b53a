"""`elbocheck train` as it is typed: exit codes, one line for what it cannot use, Ctrl-C, two processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from elbocheck import cli
from elbocheck.checkpoint import fingerprint

COMMAND = [sys.executable, "-m", "elbocheck", "train"]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])}


def train(*arguments: str) -> int:
    """Exit code of a run in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["elbocheck", "train", *arguments])
        with pytest.raises(SystemExit) as exit_:
            cli.main()
    return int(exit_.value.code or 0)  # type: ignore[arg-type]


def test_it_trains_says_so_and_resumes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "run")
    assert train("--epochs", "2", "--out", out) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("epoch 2: ELBO -")
    assert "nats (reconstruction -" in printed.out
    assert train("--epochs", "2", "--out", out) == 2
    assert "add --resume" in capsys.readouterr().err
    assert train("--resume", "--out", out) == 0
    assert capsys.readouterr().out == printed.out


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--objective", "iwae", "-k", "5"), "IWAE-5 -"),
        (("--beta", "0.5", "--objective", "stl"), "0.5-weighted ELBO -"),
        (("--model", "autoencoder"), "log p(x|z) -"),
        (("--binarisation", "none"), "score -"),
        (("--decoder", "linear-normal", "--binarisation", "none", "--covariance", "full"), "ELBO -"),
    ],
)
def test_the_figure_has_its_name(
    options: tuple[str, ...], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train("--epochs", "1", "--out", str(tmp_path), *options) == 0
    printed = capsys.readouterr()
    assert says in printed.out
    assert ("is a score, not one" in printed.err) == (says == "score -")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--preset", "burdo"), "no preset 'burdo'; nearest: burda"),
        (("--preset", ""), "no preset ''; nearest: "),
        (("--latent-dim", "0"), "latent_dim must be at least 1, got 0"),
        (("--latent-dim", "2147483647", "--covariance", "full"), "run: the memory is too small for this run; lower"),
        (("--objective", "iwae", "-k", "0"), "num_importance_samples must be at least 1, got 0"),
        (("-k", "5"), "num_importance_samples must be 1 with elbo"),
        (("--objective", "gan"), "--objective"),
        (("--data", "mnist", "--data-dir", "/no/such/folder"), "/no/such/folder/train-images-idx3-ubyte"),
        (("--data-dir", "."), "--data-dir goes with --data mnist"),
        (("--learning-rate", "1e4"), "the objective is not finite at step"),
    ],
)
def test_what_it_cannot_use_is_one_line_and_exit_2(
    options: tuple[str, ...], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train("--out", str(tmp_path / "run"), *options) == 2
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = [line for line in err.splitlines() if line.startswith("elbocheck: ")]
    assert says in line
    assert not (tmp_path / "run" / "checkpoint.json").exists()


def test_before_the_first_step_there_is_no_bar_and_no_empty_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("mine")
    assert train("--out", str(tmp_path / "file")) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("elbocheck: ")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_standard_error_that_is_full_is_unusable(tmp_path: Path) -> None:
    """Not a refutation, as an exit code of 1 would say."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, "--out", str(tmp_path), "--latent-dim", "0"], env=ENVIRONMENT, stderr=full, check=False
        )
    assert done.returncode == 2


def test_a_foreign_checkpoint_is_left_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "checkpoint.json").write_text('{"weights": 1}')
    assert train("--resume", "--out", str(tmp_path)) == 2
    assert f"{tmp_path}/checkpoint.json: not a checkpoint of elbocheck" in capsys.readouterr().err
    assert [p.read_text() for p in tmp_path.iterdir()] == ['{"weights": 1}']


@pytest.mark.parametrize(
    ("changes", "fits", "says"),
    [
        ({"data": "faces"}, True, "trained on 'faces'; only runs on digits, mnist can be read back"),
        ({"history": [{"number": 1, "objective": None, "reconstruction": -1.0, "kl": 1.0}]}, True, "as epoch 1)"),
        ({"history": [{"number": 2, "objective": -2.0, "reconstruction": -1.0, "kl": 1.0}]}, True, "as epoch 1)"),
        (
            {"history": [{"number": 1, "objective": -2.0, "reconstruction": -1.0, "kl": 1.0}]},
            False,
            "edited or damaged",
        ),
    ],
)
def test_a_checkpoint_that_was_changed_is_left_as_it_is(
    changes: dict[str, object], fits: bool, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train("--epochs", "1", "--out", str(tmp_path)) == 0
    path = tmp_path / "checkpoint.json"
    document = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({**document, "sha256_of_this": fingerprint(document)} if fits else document))
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    capsys.readouterr()
    assert train("--resume", "--out", str(tmp_path)) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line]
    assert line.startswith(f"elbocheck: {path}: ")
    assert says in line
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_a_device_that_is_not_there_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert train("--device", "cuda") == 2
    assert capsys.readouterr().err.endswith("--device cuda: there is none on this machine; use --device cpu\n")


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_ctrl_c_and_sigterm_save_and_the_run_ends_as_if_nothing_had_happened(
    sent: signal.Signals, code: int, tmp_path: Path
) -> None:
    interrupted, whole = tmp_path / "interrupted", tmp_path / "whole"
    with subprocess.Popen(
        [*COMMAND, "--epochs", "100", "--out", str(interrupted)], env=ENVIRONMENT, stderr=subprocess.PIPE, text=True
    ) as process:
        while not (interrupted / "checkpoint.json").exists():
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(sent)
        assert process.stderr is not None
        error = process.stderr.read()
    assert process.returncode == code
    assert "and saved; go on with --resume --out" in error
    saved = json.loads((interrupted / "checkpoint.json").read_text())
    assert f"stopped at step {saved['step']} and saved" in error
    assert 0 < saved["step"] < 22 * 100
    assert train("--resume", "--out", str(interrupted)) == 0
    assert train("--epochs", "100", "--out", str(whole)) == 0
    assert (interrupted / "checkpoint.json").read_bytes() == (whole / "checkpoint.json").read_bytes()


@pytest.mark.parametrize("module", ["numpy._core", "numpy.dtypes", "torch", "elbocheck.training"])
def test_ctrl_c_while_modules_are_imported_exits_130(module: str, tmp_path: Path) -> None:
    """Numpy takes the exception for its own, and training would begin, or numpy call itself without end."""
    program = f"""
import os, signal, sys
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
sys.argv = ["elbocheck", "train", "--epochs", "1", "--out", {str(tmp_path / "run")!r}]
from elbocheck.cli import main
main()
"""
    done = subprocess.run([sys.executable, "-c", program], env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
    assert not (tmp_path / "run").exists()


def test_torchrun_trains_one_run_with_two_processes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    options = ["--epochs", "2", "--objective", "iwae", "-k", "3", "--out"]
    command = [*torchrun, "-m", "elbocheck", "train", *options, str(tmp_path / "two")]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("epoch 2: IWAE-3") == 1
    assert train(*options, str(tmp_path / "one")) == 0
    logs = [
        [json.loads(line) for line in (tmp_path / name / "log.jsonl").read_text().splitlines()]
        for name in ("one", "two")
    ]
    for one, two in zip(*logs, strict=True):
        for name in ("objective", "reconstruction", "kl"):
            # float32 sums in another order, through 44 steps of Adam; other noise or images differ by 1e-2
            assert two[name] == pytest.approx(one[name], rel=1e-4, abs=0)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--learning-rate", "1e4"), "the objective is not finite at step"),
        (("--preset", "burdo"), "no preset 'burdo'; nearest: burda"),
        (("--out", "file"), "file: cannot be written (File exists); name another folder with --out"),
    ],
)
def test_two_processes_say_once_what_they_cannot_use(options: tuple[str, ...], says: str, tmp_path: Path) -> None:
    """What both fail with, and what only the first does: the second is then left alone."""
    (tmp_path / "file").write_text("mine")
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    report = tmp_path / "codes"
    program = f"""
import os, sys
from elbocheck.cli import main
sys.argv = ["elbocheck", "train", "--out", "run", *{options!r}]
try: main()
except SystemExit as end:
    with open({str(report)!r}, "a") as codes: print(end.code, file=codes, flush=True)
    raise
"""
    (tmp_path / "program.py").write_text(program)
    command = [*torchrun, str(tmp_path / "program.py")]
    done = subprocess.run(
        command, env=ENVIRONMENT, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode != 0
    assert done.stderr.count("elbocheck: ") == 1
    assert done.stderr.count(says) == 1
    assert "RuntimeError" not in done.stderr
    assert set(report.read_text().split()) == {"2"}
    assert not (tmp_path / "run" / "checkpoint.json").exists()


def test_help_is_short_and_needs_no_torch() -> None:
    program = (
        "import sys; sys.argv = ['elbocheck', 'train', '--help']\n"
        "from elbocheck.cli import main\n"
        "try: main()\n"
        "except SystemExit as e: print(e.code, sorted({'torch', 'sympy', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], env=ENVIRONMENT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 []"
    assert len(done.stdout.splitlines()) < 45


@pytest.mark.parametrize(
    ("said", "spins"), [({}, "20000"), ({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "active"}, "")]
)
def test_threads_sleep_soon_unless_the_user_says_how_they_wait(
    said: dict[str, str], spins: str, tmp_path: Path
) -> None:
    """It is said before torch is loaded, which reads it then."""
    code = (
        "import os, sys\n"
        "class Seen:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'torch': print('spins', os.environ.get('GOMP_SPINCOUNT', ''))\n"
        "sys.meta_path.insert(0, Seen())\n"
        "from elbocheck.cli import main\n"
        f"sys.argv = ['elbocheck', 'train', '--epochs', '1', '--out', {str(tmp_path / 'out')!r}]\n"
        "main()\n"
    )
    environment = {n: v for n, v in os.environ.items() if n not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")} | said
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("spins")][:1] == [spins.split()]
