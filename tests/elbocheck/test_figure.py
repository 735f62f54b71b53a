import numpy as np
import pytest
import torch

from elbocheck import figure
from vae_min.config import Config
from vae_min.data import digits
from vae_min.model import Autoencoder, VariationalAutoencoder
from vae_min.train import train

QUICK = Config(hidden_sizes=(16,), epochs=2, learning_rate=5e-3)


@pytest.fixture(scope="module")
def dataset():
    return digits()


@pytest.fixture(scope="module")
def autoencoder(dataset):
    return train(Autoencoder, QUICK, dataset).model


@pytest.fixture(scope="module")
def vae(dataset):
    return train(VariationalAutoencoder, QUICK, dataset).model


def test_both_panels_have_the_same_scale_and_hold_every_code(autoencoder, vae, dataset):
    drawn = figure.latent_codes(autoencoder, vae, dataset)
    drawn.draw_without_rendering()
    left, right = drawn.axes
    assert left.get_xlim() == right.get_xlim()
    assert left.get_ylim() == right.get_ylim()
    assert left.get_aspect() == right.get_aspect() == 1
    for axes, model in ((left, autoencoder), (right, vae)):
        points = np.concatenate([np.asarray(drawn.get_offsets()) for drawn in axes.collections])
        codes = model.codes(dataset.test.images).detach().numpy()
        assert len(axes.collections) == 10
        assert sorted(map(tuple, points.tolist())) == sorted(map(tuple, codes.tolist()))


def test_each_class_has_its_own_sign(autoencoder, vae, dataset):
    left, _ = figure.latent_codes(autoencoder, vae, dataset).axes
    assert len({tuple(drawn.get_facecolor()[0]) for drawn in left.collections}) == 10
    assert [drawn.get_label() for drawn in left.collections] == [str(digit) for digit in range(10)]


def test_prior_samples_are_decoded_from_the_seeds_draws(vae, dataset):
    axes = figure.prior_samples(vae, dataset, rows=2, columns=3, seed=4).axes
    z = torch.randn(6, 2, generator=torch.Generator().manual_seed(4))
    expected = vae.decode(z).mean.detach().reshape(6, 8, 8).numpy()
    assert np.array_equal([axis.images[0].get_array() for axis in axes], expected)


def test_originals_stand_above_reconstructions(autoencoder, vae, dataset):
    axes = figure.reconstructions(autoencoder, vae, dataset, columns=5).axes
    shown = np.array([axis.images[0].get_array() for axis in axes]).reshape(3, 5, 64)
    x = dataset.test.images[:5]
    assert np.array_equal(shown[0], x)
    for row, model in zip(shown[1:], (autoencoder, vae), strict=True):
        assert np.array_equal(row, model.decode(model.codes(x)).mean.detach())


def test_a_latent_space_that_is_no_plane_is_refused(autoencoder, dataset):
    with pytest.raises(ValueError, match="a plane of codes needs 2 latent dimensions, the model has 3"):
        figure.latent_codes(autoencoder, VariationalAutoencoder(Config(latent_dim=3), 64), dataset)
