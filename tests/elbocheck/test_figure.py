"""The figures show what they say: codes, draws and images as the models give them, on one scale, in signs of their own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from elbocheck import figure
from numerics.plane import Estimate
from vae_min.config import Config
from vae_min.data import Dataset, digits
from vae_min.evaluate import Identity
from vae_min.model import Autoencoder, LatentModel, VariationalAutoencoder
from vae_min.train import Epoch, train

QUICK = Config(hidden_sizes=(16,), epochs=2, learning_rate=5e-3)


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return digits()


@pytest.fixture(scope="module")
def models(dataset: Dataset) -> dict[str, LatentModel]:
    return {
        "autoencoder": train(Autoencoder, QUICK, dataset).model,
        "VAE": train(VariationalAutoencoder, QUICK, dataset).model,
    }


def tiles(figure: Figure, panel: int, rows: int, columns: int) -> NDArray[np.floating]:
    """The 8x8 images of a panel, row by row, shape (M, 64); a pixel of white between two."""
    picture = np.asarray(figure.axes[panel].images[0].get_array())
    assert picture.shape == (9 * rows - 1, 9 * columns - 1)
    return np.array(
        [picture[9 * i : 9 * i + 8, 9 * j : 9 * j + 8].ravel() for i in range(rows) for j in range(columns)]
    )


def decoded(model: LatentModel, z: Tensor) -> NDArray[np.floating]:
    return np.asarray(model.decode(z).mean.detach())


def test_both_panels_have_the_same_scale_and_hold_every_code(models: dict[str, LatentModel], dataset: Dataset) -> None:
    drawn = figure.latent_codes(models, dataset)
    drawn.draw_without_rendering()
    left, right = drawn.axes
    assert (left.get_title(), right.get_title()) == ("(a) autoencoder", "(b) VAE")
    assert left.get_xlim() == right.get_xlim()
    assert left.get_ylim() == right.get_ylim()
    assert left.get_aspect() == right.get_aspect() == 1
    for axes, model in zip((left, right), models.values(), strict=True):
        points = np.concatenate([np.asarray(drawn.get_offsets()) for drawn in axes.collections])
        codes = model.codes(dataset.test.images).detach().numpy()
        assert len(axes.collections) == 10
        assert sorted(map(tuple, points.tolist())) == sorted(map(tuple, codes.tolist()))


def test_each_class_has_its_own_sign(models: dict[str, LatentModel], dataset: Dataset) -> None:
    left, _ = figure.latent_codes(models, dataset).axes
    assert len({tuple(drawn.get_facecolor()[0]) for drawn in left.collections}) == 10
    assert len({drawn.get_paths()[0].vertices.tobytes() for drawn in left.collections}) == 10
    assert [drawn.get_label() for drawn in left.collections] == [str(digit) for digit in range(10)]


def test_all_models_decode_the_same_draws_of_the_seed(models: dict[str, LatentModel], dataset: Dataset) -> None:
    drawn = figure.prior_samples(models, dataset, side=3, seed=4)
    z = torch.randn(9, 2, generator=torch.Generator().manual_seed(4))
    for panel, model in enumerate(models.values()):
        np.testing.assert_array_equal(tiles(drawn, panel, 3, 3), decoded(model, z))


def test_the_manifold_is_the_plane_at_quantiles_with_z2_upwards(
    models: dict[str, LatentModel], dataset: Dataset
) -> None:
    drawn = figure.manifold("VAE", models["VAE"], dataset, side=4)
    grid = [-1.1503493803760079, -0.3186393639643752, 0.3186393639643752, 1.1503493803760079]  # at 1/8, 3/8, 5/8, 7/8
    z = torch.tensor([[z1, z2] for z2 in reversed(grid) for z1 in grid])
    np.testing.assert_allclose(tiles(drawn, 0, 4, 4), decoded(models["VAE"], z), rtol=1e-5)


def test_originals_stand_above_reconstructions(models: dict[str, LatentModel], dataset: Dataset) -> None:
    drawn = figure.reconstructions(models, dataset, columns=5)
    x = dataset.test.images[:5]
    np.testing.assert_array_equal(tiles(drawn, 0, 1, 5), x)
    for row, model in enumerate(models.values(), 1):
        np.testing.assert_array_equal(tiles(drawn, row, 1, 5), decoded(model, model.codes(x)))


def test_each_image_has_its_gap(dataset: Dataset) -> None:
    evidence, gap = torch.linspace(-30, -20, 6, dtype=torch.float64), torch.linspace(0.1, 0.9, 6, dtype=torch.float64)
    zero = torch.zeros(6, dtype=torch.float64)
    identity = Identity(Estimate(evidence, zero), Estimate(evidence - gap, zero), Estimate(gap, zero))
    axes = figure.evidence_gap(identity, torch.tensor([0, 0, 1, 2, 3, 9])).axes[0]
    points = np.concatenate([np.asarray(drawn.get_offsets()) for drawn in axes.collections])
    np.testing.assert_allclose(sorted(points.tolist()), torch.stack([evidence, gap], -1), rtol=1e-13)
    assert axes.texts[0].get_text() == "mean 0.50"
    assert axes.get_yscale() == "log"


def test_an_elbo_above_the_evidence_is_drawn_too() -> None:
    evidence, gap = torch.full((3,), -20.0, dtype=torch.float64), torch.tensor([0.5, 0.2, -0.4], dtype=torch.float64)
    zero = torch.zeros(3, dtype=torch.float64)
    identity = Identity(Estimate(evidence, zero), Estimate(evidence - gap, zero), Estimate(gap, zero))
    axes = figure.evidence_gap(identity, torch.tensor([0, 1, 2])).axes[0]
    assert axes.get_yscale() == "linear"
    assert axes.get_ylim()[0] < -0.4


def history(*rows: tuple[float, float]) -> Sequence[Epoch]:
    return [Epoch(i, objective, objective + kl, kl) for i, (objective, kl) in enumerate(rows, 1)]


def test_training_is_drawn_epoch_by_epoch_and_an_autoencoder_has_no_kl() -> None:
    runs = {"autoencoder": history((-30, 0), (-20, 0)), "VAE": history((-40, 1), (-25, 3))}
    objective, divergence = figure.training_curves(runs).axes
    assert [(line.get_label(), list(line.get_ydata())) for line in objective.lines] == [
        ("autoencoder", [-30, -20]),
        ("VAE", [-40, -25]),
    ]
    assert [(line.get_label(), list(line.get_ydata())) for line in divergence.lines] == [("VAE", [1, 3])]
    assert len({line.get_linestyle() for line in objective.lines}) == 2


def test_a_latent_space_that_is_no_plane_is_refused(dataset: Dataset) -> None:
    model = VariationalAutoencoder(Config(latent_dim=3), 64)
    for draw in (lambda: figure.latent_codes({"VAE": model}, dataset), lambda: figure.manifold("VAE", model, dataset)):
        with pytest.raises(ValueError, match="a plane of codes needs 2 latent dimensions, the model has 3"):
            draw()
