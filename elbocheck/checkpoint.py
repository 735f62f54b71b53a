"""Checkpoints of a training: tensors as safetensors, the rest as JSON, never half written, never unpickled.

``checkpoint.json`` names the file of its tensors with its SHA-256, and has one of itself: what was edited is no run's
state. A new pair is written tensors first; the JSON takes its name last, in one step. So a process may die at any
moment and leaves the old checkpoint or the new one.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from elbocheck.atomic import replacing, write_text
from vae_min.config import Config
from vae_min.data import Dataset
from vae_min.model import Autoencoder, LatentModel, VariationalAutoencoder
from vae_min.train import Trainer, check_shapes, is_first_process

NAME: Final = "checkpoint.json"
MODELS: Final[Mapping[str, type[LatentModel]]] = {"vae": VariationalAutoencoder, "autoencoder": Autoencoder}
_FORMAT: Final = "elbocheck checkpoint 2"
_TENSORS: Final = re.compile(r"checkpoint-[0-9a-f]{16}\.safetensors")
_HALF: Final = re.compile(rf"\.({_TENSORS.pattern}|{re.escape(NAME)})\.\d+\.[0-9a-f]{{8}}\.part")
_LONGEST: Final = 2**30  # bytes of a JSON; an epoch takes 150


class CheckpointError(Exception):
    """A checkpoint that cannot be read, written or continued; one line that names the file and the remedy."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """What a checkpoint holds: which run it is of, and a `Trainer.state`."""

    path: Path
    model: str
    config: Config
    data: str
    tensors: Mapping[str, Tensor]
    numbers: Mapping[str, Any]

    def restore(self, trainer: Trainer[Any]) -> None:
        """Continue this checkpoint's run.

        What a process left beside it that was killed at its end is removed.

        Raises
        ------
        CheckpointError
            If the trainer is of another run.
        """
        try:
            trainer.restore(self.tensors, self.numbers)
        except (ValueError, TypeError, KeyError, RuntimeError) as error:
            raise CheckpointError(f"{self.path}: not of this run ({error}); choose another folder") from error
        if is_first_process():
            _remove_others(self.path.with_name(self.numbers["tensors"]))

    def trained(self, num_pixels: int) -> LatentModel:
        """The model as it was saved, for images of so many pixels.

        Raises
        ------
        CheckpointError
            If its parameters are not those of such a model.
        """
        prefix = "model."
        state = {n.removeprefix(prefix): t for n, t in self.tensors.items() if n.startswith(prefix)}
        try:
            with torch.device("meta"):  # takes no memory, whatever sizes are claimed
                model = MODELS[self.model](self.config, num_pixels).eval()
            check_shapes(model.state_dict(), state)
        except (ValueError, RuntimeError) as error:
            reason = f"its parameters are not those of the {self.model} it names, for {num_pixels} pixels ({error})"
            raise CheckpointError(f"{self.path}: {reason}; name the folder of another run") from error
        model.to_empty(device="cpu").load_state_dict(state)
        return model


def environment(*, bf16: bool) -> dict[str, Any]:
    """What the bits of a run depend on, besides the machine."""
    return {"torch": torch.__version__, "threads": torch.get_num_threads(), "bf16": bf16}


def save(folder: Path, trainer: Trainer[Any], dataset: Dataset) -> None:
    """Write the state of a training; an older checkpoint of the folder is valid until the new one is.

    In a data-parallel run all processes ask, and the first one writes.

    Raises
    ------
    CheckpointError
        If it cannot be written, the disk being full for example; the older one is then as it was.
    """
    tensors, numbers = trainer.state()
    if not is_first_process():
        return
    content = safetensors.torch.save({name: tensor.cpu().contiguous() for name, tensor in tensors.items()})
    digest = hashlib.sha256(content).hexdigest()
    name = next(name for name, kind in MODELS.items() if type(trainer.model) is kind)
    document = {
        "format": _FORMAT,
        "model": name,
        "data": dataset.name,
        "config": asdict(trainer.config),
        **environment(bf16=trainer.bf16),
        **numbers,
        "tensors": f"checkpoint-{digest[:16]}.safetensors",
        "sha256": digest,
    }
    document["sha256_of_this"] = fingerprint(document)
    path = folder / str(document["tensors"])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(path) as part:
            part.write_bytes(content)
        write_text(folder / NAME, json.dumps(document, indent=1) + "\n")
        _remove_others(path)
    except OSError as error:
        reason = f"cannot be written ({error.strerror}); free space or name another folder"
        raise CheckpointError(f"{path}: {reason}; the last good checkpoint, if any, is as it was") from error


def load(folder: Path) -> Checkpoint:
    """Read the checkpoint of a folder; nothing in it is executed.

    Raises
    ------
    CheckpointError
        If there is none, or it is damaged or foreign.
    """
    text = _read(folder / NAME)
    config, document = _parse(folder / NAME, text)
    path = folder / document["tensors"]
    try:
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != document["sha256"]:
            raise CheckpointError(f"{path}: damaged (SHA-256 differs); train anew in another folder")
        tensors = safetensors.torch.load(content)
    except OSError as error:
        if isinstance(error, FileNotFoundError) and _read(folder / NAME) != text:
            return load(folder)  # a training goes on there, and has replaced the pair meanwhile
        raise CheckpointError(f"{path}: cannot be read ({error.strerror}); train anew in another folder") from error
    except (SafetensorError, ValueError, KeyError) as error:
        raise CheckpointError(f"{path}: not safetensors ({error}); train anew in another folder") from error
    return Checkpoint(folder / NAME, document["model"], config, document["data"], tensors, document)


def is_current(folder: Path, saved: Checkpoint | None) -> bool:
    """Whether a folder still holds this checkpoint, or still none.

    Raises
    ------
    CheckpointError
        If what it holds cannot be read.
    """
    if saved is None or not (folder / NAME).exists():
        return saved is None and not (folder / NAME).exists()
    return _parse(folder / NAME, _read(folder / NAME))[1] == saved.numbers


def fingerprint(document: Mapping[str, Any]) -> str:
    """SHA-256 of what a checkpoint's JSON says, but for this number itself and the layout of the text."""
    said = {name: value for name, value in document.items() if name != "sha256_of_this"}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > _LONGEST or not (path.is_file() or path.is_dir()):
            raise CheckpointError(f"{path}: not a checkpoint of elbocheck (not such a file); name the folder of a run")
        return path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror}); name the folder of a run") from error


def _parse(path: Path, text: bytes) -> tuple[Config, dict[str, Any]]:
    """The configuration that a checkpoint's JSON holds, and all of it."""
    try:
        document = json.loads(text.decode(), object_pairs_hook=_unique)
        if not isinstance(document, dict) or document.get("format") != _FORMAT:
            raise ValueError(f"it does not say {_FORMAT!r}")
        config, name = Config.from_mapping(document["config"]), document["tensors"]
        if document["model"] not in MODELS or not isinstance(document["data"], str):
            raise ValueError("unknown model or data")
        if not (isinstance(name, str) and _TENSORS.fullmatch(name)):
            raise ValueError("its tensors must lie beside it")
        if type(document["step"]) is not int or not isinstance(document["history"], list):
            raise ValueError("step or history missing")
        if document["sha256_of_this"] != fingerprint(document):
            raise CheckpointError(f"{path}: edited or damaged (SHA-256 differs); train anew in another folder")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError(
            f"{path}: not a checkpoint of elbocheck ({error}); train anew in another folder"
        ) from error
    return config, document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(values := dict(pairs)) < len(pairs):
        raise ValueError("a name twice")
    return values


def _remove_others(path: Path) -> None:
    """Keep this file of tensors alone: no others, and no halves of any; what has another kind of name is not ours."""
    for other in path.parent.iterdir():
        if other != path and (_TENSORS.fullmatch(other.name) or _HALF.fullmatch(other.name)):
            other.unlink(missing_ok=True)
