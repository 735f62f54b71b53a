"""Which figures can be drawn of some models, and what they show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from matplotlib.figure import Figure

from elbocheck import drawing, figure
from elbocheck.checkpoint import Checkpoint
from elbocheck.evaluation import exact_identity, model_images
from elbocheck.progress import Begin, silent
from elbocheck.training import few_threads
from vae_min.data import Dataset
from vae_min.evaluate import Identity
from vae_min.model import LatentModel, VariationalAutoencoder
from vae_min.train import Epoch

SUFFIXES: Final = (".png", ".svg")


@dataclass(frozen=True, eq=False)
class Subject:
    """A trained model with its history; ``identity`` holds the terms of ``elbo-gap`` of the first test images, if known."""

    model: LatentModel
    history: Sequence[Epoch]
    identity: Identity | None = None


def subject(
    checkpoint: Checkpoint, dataset: Dataset, *, num_gap_images: int = 128, seed: int = 0, begin: Begin = silent
) -> Subject:
    """The subject of a checkpoint; its gap is computed where a dense quadrature can.

    Raises
    ------
    elbocheck.checkpoint.CheckpointError
        If the model is not one of such images.
    """
    model = checkpoint.trained(dataset.test.images.shape[1])
    history = [Epoch(**epoch) for epoch in checkpoint.numbers["history"]]
    if num_gap_images == 0 or not isinstance(model, VariationalAutoencoder):
        return Subject(model, history)
    x = model_images(checkpoint.config, dataset.test.images[:num_gap_images], seed)
    with few_threads(dataset):
        return Subject(model, history, exact_identity(model, x, begin))


@dataclass(frozen=True, eq=False)
class Picture:
    """A figure with its file's name, its title and a sentence on what it shows."""

    name: str
    title: str
    caption: str
    figure: Figure

    def save(self, folder: Path) -> list[Path]:
        """Write the figure as PNG and as SVG; the paths.

        Raises
        ------
        OSError
            If a file cannot be written; older ones are then as they were.
        """
        paths = [folder / f"{self.name}{suffix}" for suffix in SUFFIXES]
        for path in paths:
            drawing.save(self.figure, path)
        return paths


def pictures(subjects: Mapping[str, Subject], dataset: Dataset, *, seed: int = 0) -> list[Picture]:
    """All figures that can be drawn of some models by name: those of planes only where there are some."""
    models = {name: subject.model for name, subject in subjects.items()}
    planes = {name: model for name, model in models.items() if model.latent_dim == 2}
    drawn = []
    if planes:
        title, caption = (
            "Codes of test images by class",
            "All panels have the same scale. The code of a VAE is the mean of q(z|x).",
        )
        drawn.append(Picture("latent", title, caption, figure.latent_codes(planes, dataset)))
    title, caption = (
        "Decoded from N(0, I)",
        "The same draws for each model. An autoencoder never saw this distribution.",
    )
    drawn.append(Picture("prior", title, caption, figure.prior_samples(models, dataset, seed=seed)))
    vaes = {name: model for name, model in planes.items() if isinstance(model, VariationalAutoencoder)}
    for suffix, name in _suffixes(vaes):
        title, caption = (
            "The plane of codes, decoded",
            "A grid at the quantiles of the prior: each cell has the same probability.",
        )
        drawn.append(Picture(f"manifold{suffix}", title, caption, figure.manifold(name, vaes[name], dataset)))
    title, caption = "Reconstructions", "First test images, and what each model makes of their codes."
    drawn.append(Picture("reconstruction", title, caption, figure.reconstructions(models, dataset)))
    known = {name: s.identity for name, s in subjects.items() if s.identity is not None}
    for suffix, name in _suffixes(known):
        identity = known[name]
        labels = dataset.test.labels[: len(identity.gap)]
        title, caption = (
            "The gap of the ELBO, image by image",
            "log p(x) without sampling; each point is a test image.",
        )
        drawn.append(Picture(f"gap{suffix}", title, caption, figure.evidence_gap(identity, labels)))
    histories = {name: subject.history for name, subject in subjects.items() if subject.history}
    if histories:
        title, caption = "Training", "Means of each epoch, noise and binarisation drawn afresh."
        drawn.append(Picture("training", title, caption, figure.training_curves(histories)))
    return drawn


def _suffixes(names: Mapping[str, object]) -> list[tuple[str, str]]:
    """Ends of file names, empty for a single one."""
    return [("" if len(names) == 1 else f"-{i}", name) for i, name in enumerate(names, 1)]
