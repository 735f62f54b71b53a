"""The results of ``docs/results.md``: trains what is not trained yet, evaluates it, writes tables and figures.

    python benchmarks/results.py mnist-nll   --runs runs --data-dir DIR [--write]
    python benchmarks/results.py latent --data mnist --runs runs --data-dir DIR [--write]

Runs lie in folders below ``--runs``; an interrupted one goes on where it was.
"""

import argparse
import platform
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import section
import torch

from elbocheck import checkpoint, latent_space, mnist, training
from elbocheck.evaluation import Evaluation, Mean, evaluate
from elbocheck.gallery import Subject, pictures, subject
from elbocheck.latent_space import LatentSpace
from vae_min.data import Dataset, digits

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE = DOCS / "results.md"
PAPER = {"vae": "86.76", "iwae-5": "85.54", "iwae-50": "84.78"}  # Burda et al. (2016), table 1, one stochastic layer


def run(folder: Path, dataset: Dataset, **options: Any) -> checkpoint.Checkpoint:
    """The finished run of a folder, trained as far as it is not."""
    changes = {"seed": options.pop("seed", 0)}
    plan = training.plan(folder, changes, resume=True, data=dataset.name, **options)
    if plan.saved is None or len(plan.saved.numbers["history"]) < plan.config.epochs:
        training.run(plan, dataset)
    return checkpoint.load(folder)


def nats(mean: Mean, sign: int = 1) -> str:
    return f"{sign * mean.value:.2f} ± {mean.standard_error:.2f}"


def nll_table(found: Evaluation) -> str:
    """The test results of the preset ``burda`` beside the paper's."""
    k, above = found.sampled.num_samples, int((~found.sampled.trusted).sum())
    spread = found.sampled.error
    rows = [
        ("negative log evidence, nats", nats(found.log_evidence, -1), "at most 87.3", PAPER["vae"]),
        ("negative ELBO, nats", nats(found.elbo, -1), "", ""),
        ("reconstruction, nats", nats(found.reconstruction), "", ""),
        ("KL(q || p(z)), nats", nats(found.kl), "", ""),
        ("active units of 50", str(found.active_units), "", ""),
    ]
    lines = ["| figure | measured | asked | paper |", "| --- | --- | --- | --- |"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    text = (
        f"VAE after {found.epoch} of {found.config.epochs} epochs, {found.num_examples:,} test images of MNIST, k = {k:,}; "
        f"± is one standard error over the images. Test pixels are drawn once with their grey value as probability, from "
        f"seed {found.seed}. Draws differ from image to image: the standard error of one image's estimate over its draws, by "
        f"the delta method, is {float(spread.median()):.2f} nats (median). The estimate is too small on average, so the "
        f"negative log evidence is stated too large, never too small, but for the ± above; how much too large is unknown where "
        f"the weights have a heavy tail: Pareto's k is above {found.sampled.limit:.1f} on {above:,} images "
        f"(median {float(found.sampled.tail_shape.median()):.2f}). {torch.get_num_threads()} threads, torch "
        f"{torch.__version__}, {platform.machine()}."
    )
    findings = [f"| `{f.identity}` | {f.witness} | {f.figure} | {f.verdict} |" for f in found.findings]
    identities = ["| identity | witness | figure | verdict |", "| --- | --- | --- | --- |", *findings]
    return "\n".join([text, "", *lines, "", *(line.replace("||", "\\|\\|") for line in identities)])


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


def mnist_nll(arguments: argparse.Namespace) -> str:
    dataset = mnist.read(arguments.data_dir)
    saved = run(arguments.runs / "burda", dataset, preset_name="burda", model="vae")
    return nll_table(evaluate(saved, dataset))


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
            picture.save(DOCS / "figure")
    return latent_table(spaces, floor, accuracy, dataset.name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("mnist-nll", "latent"))
    parser.add_argument("--data", choices=("digits", "mnist"), default="mnist")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="into docs/results.md")
    arguments = parser.parse_args()
    text = {"mnist-nll": mnist_nll, "latent": latent}[arguments.part](arguments)
    print(text)
    if arguments.write:
        options = "" if arguments.part == "mnist-nll" else f" --data {arguments.data} --seeds {arguments.seeds}"
        command = f"python benchmarks/results.py {arguments.part}{options} --runs runs --data-dir DIR --write"
        section.write(arguments.part, command, text, PAGE)


if __name__ == "__main__":
    main()
