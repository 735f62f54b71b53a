"""The figures of autoencoders and VAEs: codes, samples, manifold, reconstructions, gap, training.

Each function returns a new figure. Models come by name, and each name is a panel, a row or a line.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray
from scipy.special import ndtri
from torch import Tensor

from vae_min.data import Dataset
from vae_min.evaluate import Identity
from vae_min.model import LatentModel
from vae_min.train import Epoch

#: Ten colours that remain apart under colour blindness (P. Tol's muted scheme and black), one per digit.
PALETTE: Final = (
    "#332288", "#88ccee", "#44aa99", "#117733", "#999933",
    "#ddcc77", "#cc6677", "#882255", "#aa4499", "#000000",
)  # fmt: skip
_MARKERS: Final = "os^vDP*X<>"  # a second sign of the class, for print without colours
_LINES: Final = tuple(zip(("#332288", "#cc6677", "#117733", "#999933"), ("-", "--", "-.", ":"), strict=True))
_GUTTER: Final = 1  # white pixels between images


@torch.no_grad()
def latent_codes(models: Mapping[str, LatentModel], dataset: Dataset, *, num_images: int = 2000) -> Figure:
    """Figure 1: codes of the first test images by class, one panel per model, all on the same scale.

    The code of a VAE is the mean of q(z|x).

    Raises
    ------
    ValueError
        If a latent space is not a plane.
    """
    images, labels = dataset.test.images[:num_images], dataset.test.labels[:num_images]
    figure = Figure(figsize=(4.6 * len(models) + 0.8, 5.2), layout="constrained")
    panels = figure.subplots(1, len(models), sharex=True, sharey=True, squeeze=False)[0]
    for letter, panel, (name, model) in zip("abcdefgh", panels, models.items(), strict=False):
        _plane(model)
        _by_class(panel, model.codes(images).numpy(), labels.numpy())
        panel.set(title=f"({letter}) {name}", xlabel="$z_1$", aspect="equal")
    panels[0].set_ylabel("$z_2$")
    _class_legend(figure, panels[-1], scale=2)
    return figure


@torch.no_grad()
def prior_samples(models: Mapping[str, LatentModel], dataset: Dataset, *, side: int = 8, seed: int = 0) -> Figure:
    """What each model decodes from the same draws z ~ N(0, I): the probability of each pixel, or its mean."""
    figure = Figure(figsize=(4.4 * len(models), 4.6), layout="constrained")
    panels = figure.subplots(1, len(models), squeeze=False, gridspec_kw={"wspace": 0.12})[0]
    for panel, (name, model) in zip(panels, models.items(), strict=True):
        z = torch.randn(side * side, model.latent_dim, generator=torch.Generator().manual_seed(seed))
        _show(panel, model.decode(z).mean, dataset.image_shape, side)
        panel.set_title(rf"{name}, decoded from $z \sim \mathcal{{N}}(0, I)$")
    return figure


@torch.no_grad()
def manifold(name: str, model: LatentModel, dataset: Dataset, *, side: int = 20) -> Figure:
    """The plane of codes decoded on a grid that has the same share of the prior between any two of its lines.

    Raises
    ------
    ValueError
        If the latent space is not a plane.
    """
    _plane(model)
    quantiles = torch.from_numpy(ndtri((np.arange(side) + 0.5) / side)).float()
    z = torch.cartesian_prod(quantiles.flip(0), quantiles).flip(-1)  # z_2 falls from row to row, z_1 grows along each
    figure = Figure(figsize=(7, 7.3), layout="constrained")
    axes = figure.subplots()
    _show(axes, model.decode(z).mean, dataset.image_shape, side)
    shown = [0, side // 4, side // 2, 3 * side // 4, side - 1]
    height, width = (size + _GUTTER for size in dataset.image_shape)
    labels = [f"{quantiles[i]:.2f}" for i in shown]
    axes.set_xticks([(i + 0.5) * width - 0.5 for i in shown], labels)
    axes.set_yticks([(side - i - 0.5) * height - 0.5 for i in shown], labels)
    axes.set(title=f"{name}: the plane of codes, decoded", xlabel="$z_1$, at quantiles of N(0, 1)", ylabel="$z_2$")
    return figure


@torch.no_grad()
def reconstructions(models: Mapping[str, LatentModel], dataset: Dataset, *, columns: int = 12) -> Figure:
    """First test images, above what each model makes of them."""
    images = dataset.test.images[:columns]
    rows = {"original": images} | {name: m.decode(m.codes(images)).mean for name, m in models.items()}
    figure = Figure(figsize=(0.7 * columns + 1.4, 0.78 * len(rows)), layout="constrained")
    for axes, (name, pixels) in zip(figure.subplots(len(rows), 1), rows.items(), strict=True):
        _show(axes, pixels, dataset.image_shape, columns)
        axes.set_ylabel(name, rotation=0, ha="right", va="center")
    return figure


def evidence_gap(identity: Identity, labels: Tensor) -> Figure:
    """The gap log p(x) - ELBO of each image against its log p(x), by class of the image, ``labels`` of shape (B,)."""
    evidence = torch.as_tensor(identity.log_evidence.value)
    gap = evidence - torch.as_tensor(identity.elbo.value)
    figure = Figure(figsize=(7, 4.6), layout="constrained")
    axes = figure.subplots()
    _by_class(axes, torch.stack([evidence, gap], dim=-1).numpy(), labels.numpy(), size=22)
    axes.set_yscale("log" if bool((gap > 0).all()) else "linear")  # a logarithm would hide an ELBO above log p(x)
    axes.axhline(float(gap.mean()), color="0.35", linewidth=1, linestyle="--")
    axes.annotate(
        f"mean {float(gap.mean()):.2f}", (0.01, float(gap.mean())), xycoords=("axes fraction", "data"),
        xytext=(0, 3), textcoords="offset points", color="0.2",
    )  # fmt: skip
    axes.set(
        xlabel=r"$\log p(x)$ in nats", ylabel=r"$\log p(x) - \mathrm{ELBO}(x) = \mathrm{KL}(q(z|x)\,\|\,p(z|x))$, nats"
    )
    _class_legend(figure, axes, scale=1.5)
    return figure


def training_curves(histories: Mapping[str, Sequence[Epoch]]) -> Figure:
    """The means of each epoch: the objective, and the KL divergence of those models that have one."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    objective, divergence = figure.subplots(1, 2)
    for (name, history), (colour, line) in zip(histories.items(), _LINES * len(histories), strict=False):
        numbers = [epoch.number for epoch in history]
        style = {"color": colour, "linestyle": line, "label": name}
        if len(history) == 1:
            style["marker"] = "o"
        objective.plot(numbers, [epoch.objective for epoch in history], **style)
        if any(epoch.kl for epoch in history):
            divergence.plot(numbers, [epoch.kl for epoch in history], **style)
    for axes, title in ((objective, "objective"), (divergence, r"$\mathrm{KL}(q(z|x)\,\|\,p(z))$")):
        axes.set(title=title, xlabel="epoch", ylabel="nats per training image")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        if axes.lines:
            axes.legend(frameon=False)
    return figure


def _plane(model: LatentModel) -> None:
    if model.latent_dim != 2:
        raise ValueError(f"a plane of codes needs 2 latent dimensions, the model has {model.latent_dim}")


def _by_class(axes: Axes, points: NDArray[np.floating], labels: NDArray[np.integer], size: float = 12) -> None:
    """Points of shape (B, 2), each class with its colour and its marker."""
    for digit, (colour, marker) in enumerate(zip(PALETTE, _MARKERS, strict=True)):
        x, y = points[labels == digit].T
        axes.scatter(x, y, s=size, c=colour, marker=marker, linewidths=0, alpha=0.75, label=str(digit))
    axes.grid(alpha=0.3)


def _class_legend(figure: Figure, axes: Axes, scale: float) -> None:
    handles, names = axes.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside right center", title="digit", markerscale=scale, frameon=False)


def _show(axes: Axes, pixels: Tensor, shape: tuple[int, int], columns: int) -> None:
    """Images of shape (M, N) as one picture, row by row, with white lines between them."""
    height, width = shape
    rows = -(-len(pixels) // columns)
    picture = np.zeros((rows * (height + _GUTTER), columns * (width + _GUTTER)))
    for i, image in enumerate(pixels.reshape(-1, height, width).numpy()):
        top, left = (i // columns) * (height + _GUTTER), (i % columns) * (width + _GUTTER)
        picture[top : top + height, left : left + width] = image
    axes.imshow(picture[:-_GUTTER, :-_GUTTER], cmap="gray_r", vmin=0, vmax=1)
    axes.set(xticks=[], yticks=[], frame_on=False)
