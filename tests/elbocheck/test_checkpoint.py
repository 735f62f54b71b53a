"""Checkpoints: they come back as they were, damage and strangers are refused by name, writing is all or nothing."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from elbocheck import checkpoint
from elbocheck.checkpoint import CheckpointError, load, save
from vae_min.config import Config
from vae_min.data import Dataset, digits
from vae_min.model import VariationalAutoencoder
from vae_min.train import Trainer

SMALL = Config(hidden_sizes=(8,), epochs=2)


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return digits()


@pytest.fixture
def trainer(dataset: Dataset) -> Trainer[VariationalAutoencoder]:
    trainer = Trainer(VariationalAutoencoder, SMALL, dataset)
    trainer.run(should_stop=lambda: trainer.step + 1 == 30)
    return trainer


def tensors_of(folder: Path) -> Path:
    (path,) = folder.glob("*.safetensors")
    return path


def test_what_is_saved_comes_back(tmp_path: Path, trainer: Trainer[Any], dataset: Dataset) -> None:
    save(tmp_path / "new", trainer, dataset)
    saved = load(tmp_path / "new")
    assert (saved.config, saved.model, saved.data) == (SMALL, "vae", "digits")
    tensors, numbers = trainer.state()
    assert saved.tensors.keys() == tensors.keys()
    assert all(torch.equal(saved.tensors[name], value) for name, value in tensors.items())
    assert saved.numbers["step"] == numbers["step"] == 30
    other = Trainer(VariationalAutoencoder, SMALL, dataset)
    saved.restore(other)
    assert all(torch.equal(value, other.state()[0][name]) for name, value in tensors.items())


def test_the_same_state_is_the_same_bytes_and_the_older_pair_goes(
    tmp_path: Path, trainer: Trainer[Any], dataset: Dataset
) -> None:
    save(tmp_path, trainer, dataset)
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    save(tmp_path, trainer, dataset)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == first
    trainer.run()
    save(tmp_path, trainer, dataset)
    assert {path.name for path in tmp_path.iterdir()} == {"checkpoint.json", tensors_of(tmp_path).name}
    assert tensors_of(tmp_path).name not in first


def edited(**changes: Any) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        path = folder / checkpoint.NAME
        document = json.loads(path.read_text())
        document.update(changes)
        path.write_text(json.dumps({k: v for k, v in document.items() if v is not None}))

    return edit


def pickled(folder: Path) -> None:
    content = pickle.dumps({"weight": [1.0]})
    tensors_of(folder).write_bytes(content)
    edited(sha256=checkpoint.hashlib.sha256(content).hexdigest())(folder)


DAMAGES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no file": (lambda f: (f / checkpoint.NAME).unlink(), "cannot be read .No such file"),
    "a folder": (lambda f: ((f / checkpoint.NAME).unlink(), (f / checkpoint.NAME).mkdir()), "cannot be read .Is a dir"),
    "half": (lambda f: (f / checkpoint.NAME).write_text('{"format"'), "not a checkpoint of elbocheck"),
    "no text": (lambda f: (f / checkpoint.NAME).write_bytes(b"\xff\xfe\x00"), "not a checkpoint of elbocheck"),
    "a list": (lambda f: (f / checkpoint.NAME).write_text("[]"), "does not say 'elbocheck checkpoint 1'"),
    "deep": (lambda f: (f / checkpoint.NAME).write_text("[" * 100_000), "not a checkpoint of elbocheck"),
    "foreign": (edited(format="other"), "does not say 'elbocheck checkpoint 1'"),
    "no config": (edited(config=None), "not a checkpoint of elbocheck .'config'"),
    "bad config": (edited(config={"latent_dim": 0}), "missing or unknown"),
    "unknown model": (edited(model="gan"), "unknown model or data"),
    "unhashable model": (edited(model=[]), "not a checkpoint of elbocheck"),
    "step": (edited(step="30"), "step or history missing"),
    "elsewhere": (edited(tensors="../other.safetensors"), "its tensors must lie beside it"),
    "lost tensors": (lambda f: tensors_of(f).unlink(), r"safetensors: cannot be read \(No such file"),
    "flipped": (
        lambda f: tensors_of(f).write_bytes(tensors_of(f).read_bytes()[:-1] + b"?"),
        "damaged .SHA-256 differs",
    ),
    "truncated": (lambda f: tensors_of(f).write_bytes(tensors_of(f).read_bytes()[:-9]), "damaged .SHA-256 differs"),
    "pickled": (pickled, "not safetensors"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_one_line_that_names_the_file(
    name: str, tmp_path: Path, trainer: Trainer[Any], dataset: Dataset
) -> None:
    save(tmp_path, trainer, dataset)
    damage, message = DAMAGES[name]
    damage(tmp_path)
    with pytest.raises(CheckpointError, match=message) as caught:
        load(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path}/checkpoint")
    assert "\n" not in str(caught.value)
    assert caught.value.args[0].count("; ") >= 1  # the remedy


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"latent_dim": 3}, r"mean.decoder.0.weight is .* \[8, 2\], not .* \[8, 3\]"),
        ({"epochs": 1}, "step 30 after 1 epochs does not fit"),
        ({"hidden_sizes": (8, 8)}, r"mean.decoder.2.bias is .* \[64\], not .* \[8\]"),
    ],
)
def test_another_runs_checkpoint_is_refused(
    changes: dict[str, Any], message: str, tmp_path: Path, trainer: Trainer[Any], dataset: Dataset
) -> None:
    save(tmp_path, trainer, dataset)
    with pytest.raises(CheckpointError, match=f"checkpoint.json: not of this run .*{message}"):
        load(tmp_path).restore(Trainer(VariationalAutoencoder, replace(SMALL, **changes), dataset))


def test_a_history_of_another_form_is_refused(tmp_path: Path, trainer: Trainer[Any], dataset: Dataset) -> None:
    save(tmp_path, trainer, dataset)
    edited(history=[{"number": 1}])(tmp_path)
    with pytest.raises(CheckpointError, match="not of this run"):
        load(tmp_path).restore(Trainer(VariationalAutoencoder, SMALL, dataset))


@pytest.mark.parametrize("call", ["write_bytes", "write_text", "replace", "mkdir"])
def test_a_full_disk_leaves_the_older_checkpoint(
    call: str, tmp_path: Path, trainer: Trainer[Any], dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path, trainer, dataset)
    before = load(tmp_path)
    trainer.run()

    def full(self: Path, *arguments: Any, **options: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, call, full)
        with pytest.raises(CheckpointError, match=r"cannot be written \(No space left on device\); free space"):
            save(tmp_path, trainer, dataset)
    after = load(tmp_path)
    assert after.numbers == before.numbers
    assert all(torch.equal(value, after.tensors[name]) for name, value in before.tensors.items())
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".part")]


def test_an_autoencoder_is_told_from_a_vae(tmp_path: Path, dataset: Dataset) -> None:
    save(tmp_path, Trainer(checkpoint.MODELS["autoencoder"], SMALL, dataset), dataset)  # type: ignore[type-var]
    assert load(tmp_path).model == "autoencoder"
    assert "model.encoder.0.weight" in safetensors.torch.load(tensors_of(tmp_path).read_bytes())
