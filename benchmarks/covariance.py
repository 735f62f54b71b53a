"""What a full posterior covariance costs: parameters, and the time of a training step, for D = 2 to 128.

    python benchmarks/covariance.py [--write]

Problem 2.4 of the exercise: a full covariance has O(D^2) parameters where a diagonal one has O(D). The two steps of a
dimension are timed in turns; the figure is the median.
"""

import argparse
import os
import statistics
import time

import section
import torch

from elbocheck.training import keep_memory
from vae_min.config import Config
from vae_min.data import digits
from vae_min.model import VariationalAutoencoder
from vae_min.train import Trainer

DIMENSIONS = (2, 4, 8, 16, 32, 64, 128)
COVARIANCES = ("diagonal", "full")


def config(covariance: str, dimension: int) -> Config:
    """A network with one hidden layer; the objective is sampled, so that both steps take the same path."""
    sizes = {"hidden_sizes": (128,), "batch_size": 128, "epochs": 10_000}
    return Config(latent_dim=dimension, covariance=covariance, objective="sampled", **sizes)


def parameters(covariance: str, dimension: int) -> tuple[int, int]:
    """Parameters of q(z|x)'s distribution for one image, and of the whole model."""
    settings = config(covariance, dimension)
    model = VariationalAutoencoder(settings, 64)
    return VariationalAutoencoder.num_outputs(settings), sum(p.numel() for p in model.parameters())


def seconds(trainers: dict[str, Trainer], rounds: int, steps: int) -> dict[str, float]:
    """Median seconds of a step of each, taken in turns; the first turn warms up."""
    times = {name: [] for name in trainers}
    for turn in range(rounds + 1):
        for name, trainer in trainers.items():
            until, start = trainer.step + steps, time.perf_counter()
            trainer.run(should_stop=lambda trainer=trainer, until=until: trainer.step + 1 >= until)
            if turn:
                times[name].append((time.perf_counter() - start) / steps)
    return {name: statistics.median(values) for name, values in times.items()}


def report(rounds: int, steps: int) -> str:
    """The table as Markdown."""
    load = f"{os.getloadavg()[0]:.1f}"
    lines = [
        f"Digits, one hidden layer of 128, batch 128, one thread, load {load}; medians of {rounds} rounds of {steps} steps.",
        "",
        "| D | outputs, diagonal | outputs, full | parameters, diagonal | parameters, full | ms, diagonal | ms, full | full / diagonal |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    dataset = digits()
    for dimension in DIMENSIONS:
        (diagonal, diagonal_all), (full, full_all) = (parameters(c, dimension) for c in COVARIANCES)
        trainers = {c: Trainer(VariationalAutoencoder, config(c, dimension), dataset) for c in COVARIANCES}
        times = seconds(trainers, rounds, steps)
        ms = [f"{1e3 * times[c]:.2f}" for c in COVARIANCES]
        ratio = times["full"] / times["diagonal"]
        cells = (dimension, diagonal, f"{full:,}", f"{diagonal_all:,}", f"{full_all:,}", *ms, f"{ratio:.1f}")
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def main() -> None:
    """Measure, print, and with ``--write`` put the table into the documentation."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--write", action="store_true", help="into docs/benchmark.md")
    options = parser.parse_args()
    torch.set_num_threads(1)
    keep_memory()
    torch.set_flush_denormal(True)
    table = report(options.rounds, options.steps)
    print(table)
    if options.write:
        command = f"python benchmarks/covariance.py --rounds {options.rounds} --steps {options.steps}"
        section.write("covariance", command, table)


if __name__ == "__main__":
    main()
