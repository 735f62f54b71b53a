"""Checkpoints: they come back as they were, damage and strangers are refused by name, writing is all or nothing."""

from __future__ import annotations

import hashlib
import json
import math
import os
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
    """What a program writes that knows the format: its fingerprint fits."""

    def edit(folder: Path) -> None:
        by_hand(**changes)(folder)
        path = folder / checkpoint.NAME
        document = json.loads(path.read_text())
        path.write_text(json.dumps({**document, "sha256_of_this": checkpoint.fingerprint(document)}))

    return edit


def by_hand(**changes: Any) -> Callable[[Path], None]:
    """What an editor leaves: a value of another kind in the configuration, or anywhere else; ``None`` removes it."""

    def edit(folder: Path) -> None:
        path = folder / checkpoint.NAME
        document = json.loads(path.read_text())
        for name, value in changes.items():
            (document["config"] if name in document["config"] else document)[name] = value
        path.write_text(json.dumps({k: v for k, v in document.items() if v is not None}))

    return edit


def with_tensors(content: bytes) -> Callable[[Path], None]:
    """Another file of tensors, with a JSON that names it."""

    def edit(folder: Path) -> None:
        tensors_of(folder).write_bytes(content)
        edited(sha256=hashlib.sha256(content).hexdigest())(folder)

    return edit


def named_twice(folder: Path) -> None:
    path = folder / checkpoint.NAME
    path.write_text(path.read_text().replace('"step": 30', '"step": 31, "step": 30'))


def sparse(folder: Path) -> None:
    with (folder / checkpoint.NAME).open("wb") as file:
        file.truncate(2**40)


def fifo(folder: Path) -> None:
    (folder / checkpoint.NAME).unlink()
    os.mkfifo(folder / checkpoint.NAME)


DAMAGES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no file": (lambda f: (f / checkpoint.NAME).unlink(), "cannot be read .No such file"),
    "a folder": (lambda f: ((f / checkpoint.NAME).unlink(), (f / checkpoint.NAME).mkdir()), "cannot be read .Is a dir"),
    "half": (lambda f: (f / checkpoint.NAME).write_text('{"format"'), "not a checkpoint of elbocheck"),
    "no text": (lambda f: (f / checkpoint.NAME).write_bytes(b"\xff\xfe\x00"), "not a checkpoint of elbocheck"),
    "a list": (lambda f: (f / checkpoint.NAME).write_text("[]"), "does not say 'elbocheck checkpoint 2'"),
    "deep": (lambda f: (f / checkpoint.NAME).write_text("[" * 100_000), "not a checkpoint of elbocheck"),
    "foreign": (edited(format="other"), "does not say 'elbocheck checkpoint 2'"),
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
    "pickled": (with_tensors(pickle.dumps({"weight": [1.0]})), "not safetensors"),
    "empty tensors": (with_tensors(b""), "not safetensors"),
    "short header": (with_tensors(b"\x40\0\0\0\0\0\0\0{"), "not safetensors"),
    "endless header": (with_tensors(b"\xff" * 8 + b"{}"), "not safetensors"),
    "named twice": (named_twice, "a name twice"),
    "sparse": (sparse, "not such a file"),
    "a pipe": (fifo, "not such a file"),
    "parent": (edited(tensors=".."), "its tensors must lie beside it"),
    "null byte": (edited(tensors="checkpoint-\0.safetensors"), "its tensors must lie beside it"),
    "NaN": (edited(beta=math.nan), r"beta must be not negative and below 2\^127, got nan"),
    "negative": (edited(hidden_sizes=[-1]), r"hidden_sizes must be positive widths below 2.31, got \(-1,\)"),
    "a float": (edited(hidden_sizes=[64.0]), r"hidden_sizes must be integers, got \(64.0,\)"),
    "a truth": (edited(hidden_sizes=[True]), r"hidden_sizes must be integers, got \(True,\)"),
    "text": (edited(latent_dim="2"), "latent_dim must be of type int, got '2'"),
    "huge number": (lambda f: (f / checkpoint.NAME).write_text("9" * 5000), "not a checkpoint of elbocheck"),
    "no fingerprint": (by_hand(sha256_of_this=None), "not a checkpoint of elbocheck .'sha256_of_this'"),
    **{
        f"by hand {name}": (by_hand(**{name: value}), "checkpoint.json: edited or damaged .SHA-256 differs")
        for name, value in {
            "activation": "relu",
            "beta": 7.0,
            "learning_rate": 1.0,
            "seed": 5,
            "epochs": 3,
            "batch_size": 63,
            "hidden_sizes": [10**9],
            "binarisation": "threshold",
            "model": "autoencoder",
            "data": "mnist",
            "step": 29,
            "history": [{}],
            "threads": 7,
        }.items()
    },
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


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hidden_sizes": [10**9]}, r"vae .*\[8\], not torch.float32 \[1000000000\]"),
        ({"hidden_sizes": [2**31 - 1] * 3}, "vae .*size calculation overflowed"),
        ({"covariance": "full"}, r"vae .*\(encoder.2.bias is torch.float32 \[4\], not torch.float32 \[5\]\)"),
        ({"decoder": "linear-normal"}, r"vae .*\(decoder.0.bias is torch.float32 \[8\], not torch.float32 \[64\]\)"),
        ({"model": "autoencoder"}, "autoencoder it names"),
    ],
)
def test_a_model_that_is_not_the_one_claimed_takes_no_memory(
    changes: dict[str, Any], message: str, tmp_path: Path, trainer: Trainer[Any], dataset: Dataset
) -> None:
    save(tmp_path, trainer, dataset)
    edited(**changes)(tmp_path)
    with pytest.raises(CheckpointError, match=f"its parameters are not those of the {message}"):
        load(tmp_path).trained(64)


@pytest.mark.parametrize("kind", ["missing", "extra", "float64", "int32"])
def test_tensors_that_are_not_the_models_are_refused(
    kind: str, tmp_path: Path, trainer: Trainer[Any], dataset: Dataset
) -> None:
    save(tmp_path, trainer, dataset)
    tensors, name = safetensors.torch.load(tensors_of(tmp_path).read_bytes()), "model.decoder.0.bias"
    if kind == "missing":
        del tensors[name]
    elif kind == "extra":
        tensors[name := "model.extra"] = torch.zeros(1)
    else:
        tensors[name] = tensors[name].to(getattr(torch, kind))
    with_tensors(safetensors.torch.save(tensors))(tmp_path)
    with pytest.raises(CheckpointError, match=rf"the vae it names, for 64 pixels \({name.removeprefix('model.')} is"):
        load(tmp_path).trained(64)
    with pytest.raises(CheckpointError, match=f"not of this run .{name} is"):
        load(tmp_path).restore(Trainer(VariationalAutoencoder, SMALL, dataset))


def test_what_is_trained_has_the_saved_bits_and_draws_nothing(
    tmp_path: Path, trainer: Trainer[Any], dataset: Dataset
) -> None:
    save(tmp_path, trainer, dataset)
    before = torch.get_rng_state()
    model = load(tmp_path).trained(64)
    assert torch.equal(torch.get_rng_state(), before)
    assert not model.training
    for mine, saved in zip(model.parameters(), trainer.model.parameters(), strict=True):
        assert torch.equal(mine, saved)
        assert mine.requires_grad


def test_another_layout_of_the_same_text_is_the_same_checkpoint(
    tmp_path: Path, trainer: Trainer[Any], dataset: Dataset
) -> None:
    save(tmp_path, trainer, dataset)
    path = tmp_path / checkpoint.NAME
    path.write_text(json.dumps(json.loads(path.read_text()), sort_keys=True))
    assert load(tmp_path).config == SMALL


def test_a_pair_that_a_training_replaces_meanwhile_is_read_anew(
    tmp_path: Path, trainer: Trainer[Any], dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path, trainer, dataset)
    trainer.run()
    right, saves = Path.read_bytes, iter([save])

    def late(self: Path) -> bytes:
        if self.suffix == ".safetensors":
            for go_on in saves:
                go_on(tmp_path, trainer, dataset)
        return right(self)

    monkeypatch.setattr(Path, "read_bytes", late)
    assert load(tmp_path).numbers["step"] == 44


def test_a_checkpoint_is_current_until_another_takes_its_place(
    tmp_path: Path, trainer: Trainer[Any], dataset: Dataset
) -> None:
    assert checkpoint.is_current(tmp_path, None)
    save(tmp_path, trainer, dataset)
    saved = load(tmp_path)
    assert checkpoint.is_current(tmp_path, saved)
    assert not checkpoint.is_current(tmp_path, None)
    trainer.run()
    save(tmp_path, trainer, dataset)
    assert not checkpoint.is_current(tmp_path, saved)
    (tmp_path / checkpoint.NAME).unlink()
    assert not checkpoint.is_current(tmp_path, saved)


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
