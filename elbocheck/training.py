"""A training run in a folder: begun or resumed, logged, saved after each epoch, stopped without loss."""

from __future__ import annotations

import ctypes
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from elbocheck import checkpoint, lock, memory
from elbocheck.atomic import write_text
from elbocheck.checkpoint import Checkpoint
from vae_min.config import Config, preset
from vae_min.data import Dataset
from vae_min.train import Epoch, Trainer, TrainingError, is_first_process

LOG = "log.jsonl"
_FIRST = '{"epoch": 1'


class RunError(Exception):
    """A run that cannot be begun, continued or finished; one line that says where and what to do."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be trained in a folder; ``saved`` is the checkpoint to go on from, if there is one."""

    out: Path
    config: Config
    model: str
    data: str
    saved: Checkpoint | None = None

    def notes(self, dataset: Dataset, *, bf16: bool = False) -> list[str]:
        """What the user should know before it begins; ``bf16`` as in `run`."""
        notes = []
        if self.config.binarisation == "none" and self.config.decoder == "bernoulli":
            notes.append(
                "the pixels stay grey: their Bernoulli 'likelihood' is a score, not one, and bounds no evidence"
            )
        idle = ("objective", "beta", "covariance")
        if self.model == "autoencoder" and any(getattr(self.config, name) != getattr(Config(), name) for name in idle):
            notes.append(f"an autoencoder has no divergence: {', '.join(idle)} change nothing")
        if self.saved is not None:
            with few_threads(dataset):
                environment = checkpoint.environment(bf16=bf16)
            for name, now in environment.items():
                if (then := self.saved.numbers.get(name)) != now:
                    notes.append(f"begun with {name} {then}, resumed with {now}: the numbers need not be the same bits")
        return notes


def plan(
    out: Path,
    changes: Mapping[str, Any],
    *,
    resume: bool = False,
    preset_name: str | None = None,
    model: str | None = None,
    data: str | None = None,
) -> Plan:
    """What options ask for. ``None`` leaves a choice to the run that is resumed, and else to the defaults.

    Raises
    ------
    RunError
        If the folder holds a run that is not to be resumed, or the options contradict it.
    LookupError, ValueError
        If there is no such preset, or a value is out of range.
    elbocheck.checkpoint.CheckpointError
        If the checkpoint of the folder cannot be read.
    """
    if not (out / checkpoint.NAME).exists():
        config = preset("exercise" if preset_name is None else preset_name, data or "digits", **changes)
        return Plan(out=out, config=config, model=model or "vae", data=data or "digits")
    if not resume:
        raise RunError(f"{out}: holds a run already; add --resume to continue it, or name another folder with --out")
    saved = checkpoint.load(out)
    base = preset(preset_name, saved.data) if preset_name is not None else saved.config
    wanted = {"model": model or saved.model, "data": data or saved.data} | asdict(replace(base, **changes))
    have = {"model": saved.model, "data": saved.data} | asdict(saved.config)
    for name, value in wanted.items():
        if value != have[name]:
            raise RunError(f"{out}: its {name} is {have[name]}, not {value}; name another folder with --out")
    return Plan(out=out, config=saved.config, model=saved.model, data=saved.data, saved=saved)


def run(
    plan: Plan,
    dataset: Dataset,
    *,
    device: str = "cpu",
    bf16: bool = False,
    tensorboard: bool = False,
    on_epoch: Callable[[Epoch, float], None] = lambda epoch, speed: None,
    should_stop: Callable[[int, int], bool] = lambda step, num_steps: False,
) -> Trainer[Any]:
    """Train as planned, to the end or until ``should_stop``; either way the state is saved.

    Parameters
    ----------
    on_epoch
        Called after each epoch, once it is saved, with its means and the examples per second.
    should_stop
        Asked after each step, with the number of steps done and of all.

    Raises
    ------
    RunError
        If another process trains in the folder, or has since it was planned; if the objective leaves the finite
        numbers, the memory is too small, or the log cannot be written.
    elbocheck.checkpoint.CheckpointError
        If the checkpoint is not of this run, or none can be written; the last good one is as it was.
    """
    keep_memory()
    with few_threads(dataset), without_denormals(), _within_memory(plan.out, device), ExitStack() as stack:
        if is_first_process():
            stack.enter_context(_alone_in(plan))
        trainer: Trainer[Any] = Trainer(checkpoint.MODELS[plan.model], plan.config, dataset, device=device, bf16=bf16)
        if plan.saved is not None:
            plan.saved.restore(trainer)
        if first := is_first_process():
            _begin_log(plan.out / LOG, len(trainer.history))
        writer = _tensorboard(stack, plan.out, len(trainer.history)) if tensorboard and first else None
        since = [time.perf_counter(), trainer.step]

        def finish(epoch: Epoch) -> None:
            now, examples = (
                time.perf_counter(),
                (trainer.step - since[1]) / trainer.steps_per_epoch * trainer.num_images,
            )
            speed = examples / (now - since[0])
            if first:
                line = {
                    "epoch": epoch.number,
                    "step": trainer.step,
                    **asdict(epoch),
                    "learning_rate": trainer.learning_rate,
                }
                del line["number"]
                _append(plan.out / LOG, json.dumps({**line, "examples_per_second": round(speed, 1)}) + "\n")
            if writer is not None:
                for name in ("objective", "reconstruction", "kl"):
                    writer.add_scalar(name, getattr(epoch, name), epoch.number)
            checkpoint.save(plan.out, trainer, dataset)
            on_epoch(epoch, speed)
            since[:] = time.perf_counter(), trainer.step

        try:
            ended = trainer.run(on_epoch=finish, should_stop=lambda: should_stop(trainer.step + 1, trainer.num_steps))
        except TrainingError as error:
            last = f"{plan.out / checkpoint.NAME}, epoch {len(trainer.history)}" if trainer.history else "none yet"
            raise RunError(f"{error}; the last good checkpoint: {last}") from error
        if not ended:
            checkpoint.save(plan.out, trainer, dataset)
    return trainer


@contextmanager
def few_threads(dataset: Dataset) -> Iterator[None]:
    """One thread for small images: as fast on an idle machine, ten times faster on a busy one, same numbers on all."""
    before = torch.get_num_threads()
    torch.set_num_threads(1 if dataset.train.images.shape[1] <= 64 else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def without_denormals() -> Iterator[None]:
    """Denormal numbers count as 0: Adam's means decay into them, and some processors are slow with them.

    In this thread and in those that torch begins meanwhile, which it keeps: where torch has computed with several
    threads before, the others go on as they did. Adam's means then differ by denormal numbers, the parameters do not.
    """
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


@contextmanager
def _within_memory(out: Path, device: str) -> Iterator[None]:
    """Sizes that no memory holds are the user's: torch says so in an exception that stands for much else."""
    words = ("allocate memory", "out of memory", "size calculation overflowed")
    try:
        with memory.limited() if device == "cpu" else nullcontext():
            yield
    except (RuntimeError, MemoryError) as error:
        if isinstance(error, RuntimeError) and not any(some in str(error) for some in words):
            raise
        sizes = "batch_size, latent_dim or num_importance_samples"
        raise RunError(f"{out}: the memory is too small for this run; lower {sizes}") from error


def keep_memory() -> None:
    """Have the C library keep what each step frees: asking the system for it again costs a tenth of the time."""
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(-3, 32 << 20)  # M_MMAP_THRESHOLD, its largest value
        libc.mallopt(-1, 1 << 30)  # M_TRIM_THRESHOLD


@contextmanager
def _alone_in(plan: Plan) -> Iterator[None]:
    """Keep other trainings out of the folder, and make sure that none was there since it was planned."""
    with ExitStack() as stack:
        try:
            stack.enter_context(lock.holding(plan.out))
        except lock.HeldError as error:
            remedy = "wait for its end, or name another folder with --out"
            raise RunError(f"{plan.out}: another process trains there; {remedy}") from error
        except OSError as error:
            raise RunError(
                f"{plan.out}: cannot be written ({error.strerror}); name another folder with --out"
            ) from error
        if not checkpoint.is_current(plan.out, plan.saved):
            raise RunError(f"{plan.out}: another process has trained there since; start again, with --resume")
        yield


def _begin_log(path: Path, epochs: int) -> None:
    """Keep the lines of the epochs that the checkpoint holds: what came after it comes again."""
    elsewhere = "name another folder with --out"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            raise RunError(f"{path}: not a file; {elsewhere}")
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True) if path.exists() else []
        numbers = [_epoch(line) for line in lines]  # half a line is of a process that was killed
        if lines and not numbers[0] and not _is_begun(lines[0]):
            raise RunError(f"{path}: not the log of a training by elbocheck; {elsewhere}")
        if not epochs and max(numbers, default=0) > 1:
            raise RunError(f"{path}: the log of {max(numbers)} epochs, whose checkpoint is gone; {elsewhere}")
        kept = [f"{line.rstrip()}\n" for line, number in zip(lines, numbers, strict=True) if 0 < number <= epochs]
        write_text(path, "".join(kept))
        for left in path.parent.glob(f".{LOG}.*.part"):  # by a process that was killed in `write_text`
            left.unlink(missing_ok=True)
    except OSError as error:
        raise RunError(f"{path}: cannot be written ({error.strerror}); {elsewhere}") from error


def _epoch(line: str) -> int:
    """Number of the epoch that a line of a log is about; 0 of any other line."""
    try:
        entry = json.loads(line)
        return entry["epoch"] if type(entry["epoch"]) is int and "examples_per_second" in entry else 0
    except (ValueError, KeyError, TypeError, RecursionError):
        return 0


def _is_begun(line: str) -> bool:
    """Whether it is the beginning of a log's first line, and no more."""
    return line.startswith(_FIRST[: len(line)]) and not {"}", "\n"} & set(line)


def _append(path: Path, line: str) -> None:
    try:
        with path.open("a", encoding="utf-8", newline="\n") as log:
            log.write(line)
    except OSError as error:
        reason = f"cannot be written ({error.strerror}); free space and add --resume"
        raise RunError(f"{path}: {reason}; the last good checkpoint, if any, is as it was") from error


def _tensorboard(stack: ExitStack, out: Path, epochs: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise RunError("--tensorboard needs the extra: pip install 'elbocheck[tensorboard]'") from error
    return stack.enter_context(SummaryWriter(out / "tensorboard", purge_step=epochs + 1))
