"""Figure 1 of the exercise, digits from the prior, reconstructions. Each function returns a new figure."""

from collections.abc import Iterable
from typing import Final

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from vae_min.data import Dataset
from vae_min.model import Autoencoder, LatentModel, VariationalAutoencoder

#: Ten colours that remain apart under colour blindness (P. Tol's muted scheme and black), one per digit.
PALETTE: Final = (
    "#332288", "#88ccee", "#44aa99", "#117733", "#999933",
    "#ddcc77", "#cc6677", "#882255", "#aa4499", "#000000",
)  # fmt: skip
_MARKERS: Final = "os^vDP*X<>"  # a second sign of the class, for print without colours


@torch.no_grad()
def latent_codes(
    autoencoder: Autoencoder, vae: VariationalAutoencoder, dataset: Dataset, *, num_images: int = 2000
) -> Figure:
    """Figure 1a and 1b: codes of the first test images by class, autoencoder beside VAE, on the same scale.

    The VAE's code is the mean of q(z|x). Both models must have two latent dimensions.

    Raises
    ------
    ValueError
        If a latent space is not a plane.
    """
    images, labels = dataset.test.images[:num_images], dataset.test.labels[:num_images]
    figure = Figure(figsize=(10, 5.2), layout="constrained")
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    _scatter(left, autoencoder, images, labels, "(a) Autoencoder: codes")
    _scatter(right, vae, images, labels, "(b) Variational autoencoder: posterior means")
    left.set_ylabel("$z_2$")
    handles, names = right.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside right center", title="digit", markerscale=2, frameon=False)
    return figure


@torch.no_grad()
def prior_samples(
    vae: VariationalAutoencoder, dataset: Dataset, *, rows: int = 6, columns: int = 12, seed: int = 0
) -> Figure:
    """Digits decoded from z ~ N(0, I): the probability of each pixel."""
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(rows * columns, vae.latent_dim, generator=generator)
    figure = Figure(figsize=(0.6 * columns, 0.6 * rows + 0.5), layout="constrained")
    figure.suptitle(r"Digits decoded from $z \sim \mathcal{N}(0, I)$")
    _show(figure.subplots(rows, columns).flat, vae.decode(z).mean, dataset.image_shape)
    return figure


@torch.no_grad()
def reconstructions(
    autoencoder: Autoencoder, vae: VariationalAutoencoder, dataset: Dataset, *, columns: int = 12
) -> Figure:
    """First test images, above what each model makes of them."""
    images = dataset.test.images[:columns]
    decoded = [model.decode(model.codes(images)).mean for model in (autoencoder, vae)]
    figure = Figure(figsize=(0.7 * columns + 1.2, 2.6), layout="constrained")
    axes = figure.subplots(3, columns, squeeze=False)
    _show(axes.flat, torch.cat([images, *decoded]), dataset.image_shape)
    for axis, name in zip(axes[:, 0], ("original", "autoencoder", "VAE"), strict=True):
        axis.set_ylabel(name, rotation=0, ha="right", va="center")
    return figure


def _scatter(axes: Axes, model: LatentModel, images: Tensor, labels: Tensor, title: str) -> None:
    if model.latent_dim != 2:
        raise ValueError(f"a plane of codes needs 2 latent dimensions, the model has {model.latent_dim}")
    codes = model.codes(images).numpy()
    for digit, (colour, marker) in enumerate(zip(PALETTE, _MARKERS, strict=True)):
        x, y = codes[labels.numpy() == digit].T
        axes.scatter(x, y, s=12, c=colour, marker=marker, linewidths=0, alpha=0.75, label=str(digit))
    axes.set(title=title, xlabel="$z_1$", aspect="equal")
    axes.grid(alpha=0.3)


def _show(axes: Iterable[Axes], pixels: Tensor, shape: tuple[int, int]) -> None:
    for axis, image in zip(axes, pixels.reshape(-1, *shape), strict=True):
        axis.imshow(image.numpy(), cmap="gray_r", vmin=0, vmax=1)
        axis.set(xticks=[], yticks=[], frame_on=False)
