"""The command `train`: its options, its progress bar, what it prints."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from elbocheck.cli_data import UNUSABLE, Data, UnusableInput, complain, read_dataset, trained_on
from elbocheck.cli_display import reader_may_leave
from vae_min.config import Binarisation, Config, Covariance, Decoder, Objective

if TYPE_CHECKING:
    from elbocheck.data_parallel import Processes
    from vae_min.train import Epoch


def train_command(
    preset: Annotated[str | None, typer.Option(help="exercise, example or burda.", show_default="exercise")] = None,
    data: Annotated[Data | None, typer.Option(help="Images to train on.", show_default="digits")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder with the four MNIST files.")] = None,
    model: Annotated[Literal["vae", "autoencoder"] | None, typer.Option(show_default="vae")] = None,
    out: Annotated[Path, typer.Option(help="Folder for checkpoint and log.")] = Path("elbocheck-run"),
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the folder's checkpoint, if any.")] = False,
    objective: Annotated[Objective | None, typer.Option(help="What is maximised.")] = None,
    num_importance_samples: Annotated[
        int | None, typer.Option("-k", "--num-importance-samples", help="Samples of iwae.")
    ] = None,
    beta: Annotated[float | None, typer.Option(help="Weight of the KL divergence.")] = None,
    latent_dim: Annotated[int | None, typer.Option(help="Dimension of the latent space.")] = None,
    covariance: Annotated[Covariance | None, typer.Option(help="Of the posterior.")] = None,
    decoder: Annotated[Decoder | None, typer.Option(help="Of the images.")] = None,
    binarisation: Annotated[Binarisation | None, typer.Option(help="Of grey values.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the images.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Images per step, of all processes together.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Adam's, at the start.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of every random number.")] = None,
    device: Annotated[Literal["cpu", "cuda", "mps"], typer.Option(help="Where to compute.")] = "cpu",
    bf16: Annotated[
        bool, typer.Option("--bf16", help="Products in bfloat16: faster where the processor has them.")
    ] = False,
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="Log for TensorBoard too.")] = False,
) -> None:
    """Train an autoencoder or a VAE; saved after each epoch, it resumes bit for bit.

    An option that is not given has the preset's value. Data-parallel: torchrun --nproc-per-node N -m elbocheck train ...
    """
    _wait_without_spinning()
    with _interruptible() as interrupted:  # numpy, interrupted while it is imported, calls itself without end
        from elbocheck import training
        from elbocheck.data_parallel import joined
        from vae_min.train import is_first_process
    if interrupted:
        raise typer.Exit(_code(interrupted))
    options = {
        "objective": objective,
        "num_importance_samples": num_importance_samples,
        "beta": beta,
        "latent_dim": latent_dim,
        "covariance": covariance,
        "decoder": decoder,
        "binarisation": binarisation,
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "seed": seed,
    }
    changes = {name: value for name, value in options.items() if value is not None}
    _check_device(device, bf16)
    with joined(device) as processes, _said_once(processes):
        try:
            plan = training.plan(out, changes, resume=resume, preset_name=preset, model=model, data=data and data.value)
        except (LookupError, ValueError) as error:
            raise UnusableInput(str(error.args[0])) from error
        dataset = read_dataset(Data(plan.data), data_dir) if plan.saved is None else trained_on(plan.saved, data_dir)
        notes = plan.notes(dataset, bf16=bf16)
        with _interruptible() as interrupted, _display(plan.config, plan.model, notes) as (on_epoch, on_step):
            trainer = training.run(
                plan,
                dataset,
                device=processes.device,
                bf16=bf16,
                tensorboard=tensorboard,
                on_epoch=on_epoch,
                should_stop=lambda step, num_steps: on_step(step, num_steps) or bool(interrupted),
            )
        step, stopped, history = trainer.step, trainer.step < trainer.num_steps, trainer.history
        del trainer  # it holds the group of processes, which ends here
        if is_first_process():
            text = (
                f"{_figures(plan.config, plan.model, history[-1])}\nrun: {out}"
                if not stopped
                else (f"stopped at step {step} and saved; go on with --resume --out {out}")
            )
            with reader_may_leave():
                typer.echo(text, err=stopped)
    if stopped:
        raise typer.Exit(_code(interrupted))


def _code(received: list[int]) -> int:
    """What shells have for a process that such a signal ended; another process of the run may have got it."""
    return 128 + (received or [signal.SIGINT])[0]


@contextmanager
def _said_once(processes: Processes) -> Iterator[None]:
    """Say what stops a run once, however many processes it has."""
    from elbocheck.checkpoint import CheckpointError
    from elbocheck.training import RunError

    try:
        yield
    except Exception as error:  # whatever it is, the others fail with it
        fault = UnusableInput(str(error)) if isinstance(error, RunError | CheckpointError) else error
        with processes.failing() as speaks:
            code = complain(fault) if speaks else UNUSABLE
        raise typer.Exit(code) from error


def _wait_without_spinning() -> None:
    """Have the threads of OpenMP sleep soon where they wait for each other, unless the user says how they are to wait.

    They spin for far longer than a step takes, and beside other programs that is what a step then takes. It is read when
    torch is loaded.
    """
    if not os.environ.keys() & {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"}:
        os.environ["GOMP_SPINCOUNT"] = "20000"  # on an idle machine steps are as fast as without it


def _check_device(device: str, bf16: bool) -> None:
    import torch

    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not available[device]:
        raise UnusableInput(f"--device {device}: there is none on this machine; use --device cpu")
    if bf16 and device == "mps":
        raise UnusableInput("--bf16 goes with --device cpu or cuda")


@contextmanager
def _interruptible() -> Iterator[list[int]]:
    """Collect the first Ctrl-C or SIGTERM, so that the step under way ends and is saved; a second one ends the program.

    SIGTERM is what a cluster sends that needs the machine, some seconds before it takes it.
    """
    received: list[int] = []
    last: dict[signal.Signals, Any] = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}

    def receive(number: int, frame: object) -> None:
        received.append(number)
        for each, handler in last.items():
            signal.signal(each, handler)

    before = {number: signal.signal(number, receive) for number in last}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _display(
    config: Config, model: str, notes: list[str]
) -> Iterator[tuple[Callable[[Epoch, float], None], Callable[[int, int], bool]]]:
    """A bar of all steps with the figures of the last epoch, on standard error, by the first process."""
    from vae_min.train import is_first_process

    show = is_first_process()
    columns = (BarColumn(20), MofNCompleteColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    progress, shown = Progress(*columns, console=Console(stderr=True), disable=not show), 0.0
    task = progress.add_task("figures come with each epoch", total=None)
    for note in notes if show else []:
        progress.console.print(f"note: {note}", highlight=False, markup=False, soft_wrap=True)

    def on_epoch(epoch: Epoch, speed: float) -> None:
        figures = f"{_figures(config, model, epoch)}, {speed:,.0f} examples/s"
        progress.update(task, description=figures)

    def on_step(step: int, num_steps: int) -> bool:
        nonlocal shown
        if (now := time.monotonic()) > shown + 0.1 or step == num_steps:
            progress.start()  # not before: a bar that has not begun writes an empty line all the same
            shown = now
            progress.update(task, completed=step, total=num_steps)
        return False

    try:
        yield on_epoch, on_step
    finally:
        if shown:
            progress.stop()


def _figures(config: Config, model: str, epoch: Epoch) -> str:
    if model == "autoencoder":
        return f"epoch {epoch.number}: log p(x|z) {epoch.reconstruction:.2f} nats"
    bound = f"IWAE-{config.num_importance_samples}" if config.objective == "iwae" else "ELBO"
    if config.binarisation == "none" and config.decoder == "bernoulli":
        bound = "score"
    name = bound if config.beta == 1 else f"{config.beta:g}-weighted {bound}"
    parts = f"reconstruction {epoch.reconstruction:.2f}, KL {epoch.kl:.2f}"
    return f"epoch {epoch.number}: {name} {epoch.objective:.2f} nats ({parts})"
