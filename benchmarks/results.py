"""The results of ``docs/results.md``: trains what is not trained yet, evaluates it, writes tables and figures.

    python benchmarks/results.py burda  --data-dir DIR [--write]
    python benchmarks/results.py plane  --data-dir DIR [--write]
    python benchmarks/results.py latent --data-dir DIR [--write]

Runs lie in folders below ``--runs``; an interrupted one goes on where it was.
"""

import argparse
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import section
import torch

from elbocheck import checkpoint, drawing, latent_space, mnist, training
from elbocheck.evaluation import Evaluation, Mean, evaluate
from elbocheck.gallery import Subject, pictures, subject
from elbocheck.latent_space import LatentSpace
from elbocheck.verify import table
from vae_min.data import Dataset, digits

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE = DOCS / "results.md"


def run(folder: Path, dataset: Dataset, **options: Any) -> checkpoint.Checkpoint:
    """The finished run of a folder, trained as far as it is not."""
    changes = {"seed": options.pop("seed", 0)}
    plan = training.plan(folder, changes, resume=True, data=dataset.name, **options)
    if plan.saved is None or len(plan.saved.numbers["history"]) < plan.config.epochs:
        training.run(plan, dataset)
    return checkpoint.load(folder)


def nats(mean: Mean, sign: int = 1) -> str:
    return f"{sign * mean.value:.2f} ± {mean.standard_error:.2f}"


def evaluation_table(found: Evaluation) -> str:
    """What a run reaches on test images, and the identities on it."""
    k, above, error = found.sampled.num_samples, int((~found.sampled.trusted).sum()), found.sampled.error
    rows = {
        "negative log evidence, importance sampling": nats(found.log_evidence, -1),
        "negative ELBO": nats(found.elbo, -1),
        "reconstruction": nats(found.reconstruction),
        "KL(q \\|\\| p(z))": nats(found.kl),
        f"active units of {found.config.latent_dim}": str(found.active_units),
    }
    if found.identity is not None:
        exact = Mean.of(torch.as_tensor(found.identity.log_evidence.value))
        rows[f"negative log evidence, exact, {len(found.identity.gap):,} images"] = nats(exact, -1)
    text = (
        f"VAE after {found.epoch} of {found.config.epochs} epochs, {found.num_examples:,} test images of {found.data}, "
        f"k = {k:,}; ± is one standard error over the images. Test pixels are drawn once with their grey value as "
        f"probability, from seed {found.seed}. Within an image, the standard error of its log p(x) over the draws, by the "
        f"delta method, is {float(error.median()):.2f} nats (median). Importance sampling is too small on average: the "
        "negative log evidence is stated too large, not too small, but for the ±. By how much is not known where the "
        f"weights have a heavy tail: Pareto's k, median {float(found.sampled.tail_shape.median()):.2f}, is above "
        f"{found.sampled.limit:.1f} on {above:,} images, hence the verdict of the last line."
    )
    numbers = ["| figure | nats |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in rows.items())]
    return "\n".join([text, "", *numbers, "", table(found.findings)])


def latent_table(spaces: dict[str, list[LatentSpace]], floor: float, accuracy: float, data: str) -> str:
    """The measures of each kind of model over its seeds: mean and range."""
    columns = {
        "distance of the codes from N(0, I)": ("distance", "{:.2f}"),
        "the same, whitened": ("distance_whitened", "{:.2f}"),
        "confident prior draws": ("confident", "{:.0%}"),
        "digits among them": ("num_digits", "{:.1f}"),
        "10-NN accuracy": ("accuracy", "{:.1%}"),
    }
    lines = [f"| model | {' | '.join(columns)} |", f"| --- |{' --- |' * len(columns)}"]
    for name, measured in spaces.items():
        cells = [_cell([getattr(space, field) for space in measured], form) for field, form in columns.values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    seeds = len(next(iter(spaces.values())))
    text = (
        f"Preset `exercise` on {data}, {seeds} seeds: mean (least to greatest). Distance: sliced Wasserstein, in standard "
        f"deviations of the prior; as many draws from N(0, I) itself have {floor:.2f}. The codes of a VAE are draws from "
        f"q(z|x). Confident: of the {latent_space.NEIGHBOURS} nearest training images of a decoded draw, pixel by pixel, "
        f"{latent_space.CONFIDENT} or more are of one class; {latent_space.NUM_DRAWS:,} draws; so classified, test images "
        f"are right in {accuracy:.1%}. Digits: exponential of the entropy of the confident draws' classes, 10 if all are as "
        "frequent. 10-NN accuracy: of test codes among training codes."
    )
    return "\n".join([text, "", *lines])


def _cell(values: Sequence[float], form: str) -> str:
    middle, least, greatest = (form.format(f(values)) for f in (statistics.fmean, min, max))
    return f"{middle} ({least} to {greatest})"


def burda(arguments: argparse.Namespace) -> str:
    dataset = mnist.read(arguments.data_dir)
    saved = run(arguments.runs / "burda", dataset, preset_name="burda", model="vae")
    return evaluation_table(evaluate(saved, dataset))


def plane(arguments: argparse.Namespace) -> str:
    dataset = mnist.read(arguments.data_dir)
    saved = run(arguments.runs / "vae-0", dataset, preset_name="exercise", model="vae")
    return evaluation_table(evaluate(saved, dataset, num_examples=1000))


def latent(arguments: argparse.Namespace) -> str:
    dataset = digits() if arguments.data == "digits" else mnist.read(arguments.data_dir)
    kinds = {"autoencoder": "autoencoder", "VAE": "vae"}
    saves = {
        (name, seed): run(arguments.runs / f"{kind}-{seed}", dataset, preset_name="exercise", model=kind, seed=seed)
        for name, kind in kinds.items()
        for seed in range(arguments.seeds)
    }
    classifier = latent_space.digit_classifier(dataset)
    images, labels = (part[: latent_space.NUM_DRAWS].numpy() for part in (dataset.test.images, dataset.test.labels))
    accuracy = classifier.score(images, labels)
    num_pixels = dataset.test.images.shape[1]
    spaces: dict[str, list[LatentSpace]] = {name: [] for name in kinds}
    for (name, seed), saved in saves.items():
        spaces[name].append(latent_space.measure(saved.trained(num_pixels), classifier, dataset, seed=seed))
    draws = np.random.default_rng(0).standard_normal((len(dataset.test.images), 2))
    floor = latent_space.sliced_distance(draws)
    if arguments.write:
        subjects: dict[str, Subject] = {name: subject(saves[name, 0], dataset) for name in kinds}
        for picture in pictures(subjects, dataset):
            drawing.save(picture.figure, DOCS / "figure" / f"{picture.name}.png")
    return latent_table(spaces, floor, accuracy, dataset.name)


PARTS = {"burda": burda, "plane": plane, "latent": latent}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--data", choices=("digits", "mnist"), default="mnist", help="of the part latent")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--seeds", type=int, default=3, help="of the part latent")
    parser.add_argument("--write", action="store_true", help="into docs/results.md")
    arguments = parser.parse_args()
    text = PARTS[arguments.part](arguments)
    print(text)
    if arguments.write:
        options = f" --data {arguments.data} --seeds {arguments.seeds}" if arguments.part == "latent" else ""
        command = f"python benchmarks/results.py {arguments.part}{options} --data-dir DIR --write"
        section.write(arguments.part, command, text, PAGE)


if __name__ == "__main__":
    main()
