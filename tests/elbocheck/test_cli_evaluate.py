"""`elbocheck evaluate` and `figure` as they are typed: what it prints, its JSON, its exit codes, one line for what it cannot use."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from elbocheck import cli
from elbocheck.checkpoint import fingerprint


def elbocheck(*arguments: str) -> int:
    """Exit code of a run in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["elbocheck", *arguments])
        with pytest.raises(SystemExit) as exit_:
            cli.main()
    return int(exit_.value.code or 0)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def vae(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    assert elbocheck("train", "--epochs", "1", "--out", str(folder)) == 0
    return folder


@pytest.fixture(scope="module")
def autoencoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    assert elbocheck("train", "--model", "autoencoder", "--epochs", "1", "--out", str(folder)) == 0
    return folder


QUICK = ("-k", "200", "--num-examples", "10")


def test_json_has_the_keys_of_the_design(vae: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = elbocheck("evaluate", str(vae), "--json", *QUICK)
    document = json.loads(capsys.readouterr().out)
    keys = ("elbo", "elbo_se", "log_evidence", "log_evidence_se", "exact_log_evidence", "identity_gap_max")
    assert all(isinstance(document[key], float) for key in keys)
    assert (document["model"], document["data"], document["num_examples"]) == ("vae", "digits", 10)
    assert document["num_importance_samples"] == 200
    assert document["identity_gap_max"] <= 1e-6
    assert document["elbo"] < document["exact_log_evidence"]
    summary = document["summary"]
    assert code == (1 if summary["refuted"] else 3 if summary["undecided"] else 0)
    assert sum(summary.values()) == len(document["findings"]) == 10


def test_the_table_is_followed_by_the_numbers(vae: Path, capsys: pytest.CaptureFixture[str]) -> None:
    elbocheck("evaluate", str(vae), *QUICK, "--seed", "3")
    printed = capsys.readouterr().out
    assert "elbo-gap" in printed
    assert "log p(x), exact, 10 images" in printed
    assert "10 test images of digits (binarisation: each pixel drawn once, seed 3), epoch 1 of 1;" in printed


def test_what_it_cannot_use_is_one_line_and_exit_2(
    vae: Path, autoencoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "checkpoint.json").write_text('{"weights": 1}')
    cases = {
        (
            str(tmp_path / "no-such-run"),
        ): "checkpoint.json: cannot be read (No such file or directory); name the folder",
        (str(tmp_path),): "not a checkpoint of elbocheck",
        (str(autoencoder),): "an autoencoder has no ELBO; name the folder of a VAE",
        (str(vae), "-k", "0"): "-k",
        (str(vae), "--num-examples", "401"): "from 1 to 400 test images",
        (str(vae), "--data-dir", str(tmp_path)): "--data-dir goes with --data mnist",
    }
    for arguments, says in cases.items():
        assert elbocheck("evaluate", *arguments) == 2
        out, err = capsys.readouterr()
        assert out == ""
        (line,) = [line for line in err.splitlines() if line.startswith("elbocheck: ")]
        assert says in line


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_reader_that_leaves_does_not_change_the_exit_code(options: tuple[str, ...], vae: Path) -> None:
    """An exit code of 1 would say that something is refuted, one of 0 that nothing is undecided."""
    command = [sys.executable, "-m", "elbocheck", "evaluate", str(vae), *QUICK, *options]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    reading, writing = os.pipe()
    os.close(reading)
    left = subprocess.run(command, env=environment, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    stayed = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert left.returncode == stayed.returncode == elbocheck("evaluate", str(vae), *QUICK) != 1
    assert "Traceback" not in left.stderr
    assert "Exception" not in left.stderr


def copy(run: Path, to: Path, **changes: Any) -> None:
    """A checkpoint that another program could have written, its fingerprint fitting."""
    for path in run.iterdir():
        (to / path.name).write_bytes(path.read_bytes())
    document = {**json.loads((to / "checkpoint.json").read_text()), **changes}
    document["sha256_of_this"] = fingerprint(document)
    (to / "checkpoint.json").write_text(json.dumps(document))


def test_a_model_larger_than_any_memory_is_one_line(
    vae: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = json.loads((vae / "checkpoint.json").read_text())["config"]
    for name, value in (("hidden_sizes", [10**9, 64]), ("hidden_sizes", [2**31 - 1] * 2), ("latent_dim", 2**31 - 1)):
        copy(vae, tmp_path, config={**config, name: value})
        for command in ("evaluate", "figure"):
            assert elbocheck(command, str(tmp_path)) == 2
            (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("elbocheck: ")]
            assert "checkpoint.json: its parameters are not those of the vae it names, for 64 pixels" in line


def test_a_run_on_unknown_data_is_named(vae: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy(vae, tmp_path, data="letters")
    assert elbocheck("evaluate", str(tmp_path)) == 2
    assert "trained on 'letters'; only runs on digits, mnist can be read back" in capsys.readouterr().err


def test_figures_of_both_models_are_written_and_named(
    vae: Path, autoencoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert elbocheck("figure", str(autoencoder), str(vae), "--out", str(tmp_path), "--num-gap-images", "3") == 0
    printed = capsys.readouterr().out.splitlines()
    assert sorted(printed) == sorted(map(str, tmp_path.iterdir()))
    names = ("latent", "prior", "manifold", "reconstruction", "gap", "training")
    assert {Path(line).name for line in printed} == {f"{n}.{s}" for n in names for s in ("png", "svg")}


def test_figures_of_unlike_runs_are_refused(vae: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy(vae, tmp_path, data="mnist")
    out = tmp_path / "figures"
    assert elbocheck("figure", str(vae), str(tmp_path), "--out", str(out)) == 2
    assert f"trained on mnist, {vae}/checkpoint.json on digits; draw them apart" in capsys.readouterr().err
    assert elbocheck("figure", str(vae), str(vae), "--out", str(out)) == 2
    assert f"a second run of the name {vae.name!r}; rename its folder" in capsys.readouterr().err
    assert not out.exists()
