"""Examples per second of `elbocheck train` against the common tutorial loop and the bare matrix products of a step.

    python benchmarks/train.py --data-dir DIR [--write]

Processes hold one loop each and take turns, so that what else the machine does falls on all alike; one figure
is the median of the ratios of neighbouring turns.
"""

import argparse
import multiprocessing as mp
import os
import platform
import statistics
import time
from itertools import pairwise
from multiprocessing.connection import Connection
from pathlib import Path

import section
import torch
from machine import cpu_name
from tutorial import Tutorial

from elbocheck import mnist
from elbocheck.training import keep_memory
from vae_min.config import PRESETS, Config
from vae_min.data import Dataset, fixed_binarisation
from vae_min.model import VariationalAutoencoder
from vae_min.objective import elbo
from vae_min.train import Trainer

PRESET = PRESETS["example"]
OURS = {"ours": False, "ours, bf16": True}
PRODUCTS = ("products", "products and Adam")


class Ours:
    """The loop of `elbocheck train`, in the process state that the command sets up."""

    def __init__(self, dataset: Dataset, config: Config, device: str, *, bf16: bool) -> None:
        keep_memory()
        torch.set_flush_denormal(True)
        self.trainer = Trainer(VariationalAutoencoder, config, dataset, device=device, bf16=bf16)

    def run(self, steps: int) -> None:
        """Some steps, between epochs or in the middle of one."""
        until = self.trainer.step + steps
        self.trainer.run(should_stop=lambda: self.trainer.step + 1 >= until)


class Products:
    """The matrix products of a step forwards and backwards, nothing else: eleven, none for the gradient in x.

    With an optimiser its step is taken too: what no loop of this model can leave out.
    """

    def __init__(self, batch: int, sizes: tuple[int, ...], device: str, *, adam: bool) -> None:
        self.pairs = []
        networks = ((784, *sizes[:-1], 2 * sizes[-1]), (*sizes[::-1], 784))
        for first, widths in zip((True, False), networks, strict=True):
            for i, (inputs, outputs) in enumerate(pairwise(widths)):
                x, w, g = (
                    torch.randn(s, device=device) for s in ((batch, inputs), (outputs, inputs), (batch, outputs))
                )
                self.pairs += [(x, w), (g.t(), x.t())] + ([] if first and i == 0 else [(g, w.t())])
        weights = [w.clone().requires_grad_() for (_, w) in self.pairs if w.is_contiguous()]
        for w in weights:
            w.grad = torch.randn_like(w)
        self.update = torch.optim.Adam(weights, fused=True).step if adam else lambda: None

    def run(self, steps: int) -> None:
        """As many times."""
        for _ in range(steps):
            for a, b in self.pairs:
                torch.mm(a, b.t())
            self.update()


def work(name: str, folder: Path, device: str, threads: int, pipe: Connection) -> None:
    """A process: build one loop, then run as many steps as asked and answer with the seconds."""
    torch.set_num_threads(threads)
    if name in OURS:
        loop = Ours(mnist.read(folder), PRESET, device, bf16=OURS[name]).run
    elif name == "tutorial":
        images, labels = raw(mnist.read(folder))
        tutorial = Tutorial(images, labels, batch_size=PRESET.batch_size, device=device, seed=0)
        loop = lambda steps: [tutorial.step() for _ in range(steps)]
    else:
        sizes = (*PRESET.hidden_sizes, PRESET.latent_dim)
        loop = Products(PRESET.batch_size, sizes, device, adam=name.endswith("Adam")).run
    pipe.send("ready")
    while steps := pipe.recv():
        start = time.perf_counter()
        loop(steps)
        if device == "cuda":
            torch.cuda.synchronize()
        pipe.send(time.perf_counter() - start)


def raw(dataset: Dataset) -> tuple[torch.Tensor, torch.Tensor]:
    """Bytes (M, 28, 28) and labels of the training images, as the tutorial's data set holds them."""
    images = (dataset.train.images * 255).round().to(torch.uint8)
    return images.reshape(-1, *dataset.image_shape), dataset.train.labels


def measure(folder: Path, device: str, threads: int, rounds: int, steps: int) -> dict[str, list[float]]:
    """Seconds per step of each loop in each round, taken in turns."""
    context, pipes, times = mp.get_context("spawn"), {}, {}
    for name in (*OURS, "tutorial", *PRODUCTS):
        pipes[name], theirs = context.Pipe()
        context.Process(target=work, args=(name, folder, device, threads, theirs), daemon=True).start()
        pipes[name].recv()
        times[name] = []
    for turn in range(rounds + 1):  # the first warms up
        for name, pipe in pipes.items():
            pipe.send(steps)
            seconds = pipe.recv() / steps
            if turn:
                times[name].append(seconds)
    for pipe in pipes.values():
        pipe.send(0)
    return times


@torch.no_grad()
def bounds(model: VariationalAutoencoder, images: torch.Tensor) -> float:
    """Mean over images of the ELBO, or of the score that it is on grey values; one draw each, from a fixed seed."""
    noise = torch.randn(len(images), model.latent_dim, generator=torch.Generator().manual_seed(0))
    return elbo(model, images, noise).mean().item()


def as_ours(tutorial: Tutorial) -> VariationalAutoencoder:
    """The tutorial's network in our model, so that one function judges both."""
    theirs, model = tutorial.model.cpu(), VariationalAutoencoder(PRESET, 784)
    heads = {k: torch.cat([getattr(theirs.fc21, k), getattr(theirs.fc22, k)]) for k in ("weight", "bias")}
    layers = [theirs.fc1.state_dict(), heads, theirs.fc3.state_dict(), theirs.fc4.state_dict()]
    for mine, values in zip(
        (model.encoder[0], model.encoder[2], model.decoder[0], model.decoder[2]), layers, strict=True
    ):
        mine.load_state_dict(values)
    return model.eval()


def quality(folder: Path, device: str, epochs: int, seeds: int) -> list[tuple[str, list[tuple[float, ...]]]]:
    """After equal epochs: test bounds of our loops and of the tutorial's, by seed, on the same images."""
    dataset = mnist.read(folder)
    grey, binary = dataset.test.images, fixed_binarisation(dataset.test.images)
    rows = [("score of grey values", []), ("ELBO of binarised images", [])]
    for seed in range(seeds):
        tutorial = Tutorial(*raw(dataset), batch_size=PRESET.batch_size, device=device, seed=seed)
        for _ in range(epochs * len(tutorial.loader)):
            tutorial.step()
        theirs = as_ours(tutorial)
        for (_, by_seed), how, images in zip(rows, ("none", "dynamic"), (grey, binary), strict=True):
            config = Config(**{**vars(PRESET), "epochs": epochs, "seed": seed, "binarisation": how})
            trainers = [Trainer(VariationalAutoencoder, config, dataset, device=device, bf16=b) for b in OURS.values()]
            assert all(trainer.run() for trainer in trainers)
            by_seed.append(tuple(bounds(m, images) for m in (*(t.model.cpu() for t in trainers), theirs)))
    return rows


def report(times: dict[str, list[float]], rows: list, epochs: int, device: str, threads: int) -> str:
    """The figures as Markdown."""
    ratio = lambda a, b: statistics.median(x / y for x, y in zip(times[a], times[b], strict=True))
    where = f"{threads} threads" if device == "cpu" else torch.cuda.get_device_name()
    machine = f"{where}, torch {torch.__version__}, {platform.machine()}, {cpu_name()}, load {os.getloadavg()[0]:.1f}"
    lines = [
        f"Preset `example` (784-400-20), batch {PRESET.batch_size}, {machine}; medians of {len(times['ours'])} rounds.",
        "",
        "| loop | ms per step | examples per second |",
        "| --- | --- | --- |",
    ]
    for name, values in times.items():
        middle = statistics.median(values)
        lines.append(f"| {name} | {1e3 * middle:.2f} | {PRESET.batch_size / middle:,.0f} |")
    lines += [
        "",
        "| figure | measured | asked |",
        "| --- | --- | --- |",
        f"| examples per second, ours against the tutorial's | {ratio('tutorial', 'ours'):.2f} | at least 4.5, aim 5 |",
        f"| the same with `--bf16` | {ratio('tutorial', 'ours, bf16'):.2f} | at least 4.5, aim 5 |",
        f"| time of a step, ours against the products | {ratio('ours', PRODUCTS[0]):.2f} | at most 1.5, aim 1.35 |",
        f"| the same with Adam's update | {ratio('ours', PRODUCTS[1]):.2f} | |",
        f"| time of a step, the tutorial's against the products and Adam alone | {ratio('tutorial', PRODUCTS[1]):.2f} | |",
    ]
    for name, by_seed in rows:
        found = "; ".join("{:.2f} and {:.2f} against {:.2f}".format(*bounds) for bounds in by_seed)
        what = f"{name} after {epochs} epochs, ours and with `--bf16` against the tutorial's, nats, by seed"
        lines.append(f"| {what} | {found} | at least as good |")
    return "\n".join(lines)


def main() -> None:
    """Measure, print, and with ``--write`` put the figures into the documentation."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, help="folder with MNIST's files; without it they are downloaded")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="into docs/benchmark.md")
    options = parser.parse_args()
    folder = options.data_dir or mnist.cached()
    times = measure(folder, options.device, options.threads, options.rounds, options.steps)
    torch.set_num_threads(options.threads)
    rows = quality(folder, options.device, options.epochs, options.seeds) if options.seeds else []
    table = report(times, rows, options.epochs, options.device, options.threads)
    print(table)
    if options.write:
        shown = ("device", "threads", "rounds", "steps", "epochs", "seeds")
        command = " ".join(["python benchmarks/train.py", *(f"--{n} {getattr(options, n)}" for n in shown)])
        section.write(f"train-{options.device}", command, table)


if __name__ == "__main__":
    main()
