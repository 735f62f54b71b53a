import math

import pytest
import scipy.stats
import torch

from vae_min.config import Config
from vae_min.model import Autoencoder, LatentModel, VariationalAutoencoder


def shapes(module):
    return [tuple(parameter.shape) for parameter in module.parameters()]


@pytest.mark.parametrize("latent_dim", [1, 2, 5])
@pytest.mark.parametrize("hidden_sizes", [(), (7,), (9, 4)])
def test_the_models_differ_in_the_encoders_outputs_alone(latent_dim, hidden_sizes):
    config = Config(latent_dim=latent_dim, hidden_sizes=hidden_sizes)
    autoencoder, vae = Autoencoder(config, 11), VariationalAutoencoder(config, 11)
    assert shapes(autoencoder.decoder) == shapes(vae.decoder)
    assert shapes(autoencoder.encoder)[:-2] == shapes(vae.encoder)[:-2]
    assert shapes(autoencoder.encoder)[-1] == (latent_dim,)
    assert shapes(vae.encoder)[-1] == (2 * latent_dim,)


def test_shapes():
    config, x = Config(latent_dim=3, hidden_sizes=(6,)), torch.rand(4, 11)
    vae, autoencoder = VariationalAutoencoder(config, 11), Autoencoder(config, 11)
    assert vae.encode(x).loc.shape == vae.encode(x).log_variance.shape == vae.codes(x).shape == (4, 3)
    assert torch.equal(vae.codes(x), vae.encode(x).loc)
    assert torch.equal(autoencoder.codes(x), autoencoder.encode(x))
    assert vae.decode(vae.codes(x)).logits.shape == (4, 11)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_the_network_is_the_written_one(activation):
    model = Autoencoder(Config(hidden_sizes=(6,), activation=activation), 11)
    x, (w1, b1, w2, b2) = torch.rand(4, 11), model.encoder.parameters()
    hidden = getattr(torch, activation)(x @ w1.T + b1)
    torch.testing.assert_close(model.encode(x), hidden @ w2.T + b2)


def test_the_base_class_has_no_codes():
    class Unfinished(LatentModel):
        num_outputs = staticmethod(Autoencoder.num_outputs)

    with pytest.raises(NotImplementedError):
        Unfinished(Config(), 4).codes(torch.rand(1, 4))
    with pytest.raises(NotImplementedError):
        LatentModel(Config(), 4)


@pytest.mark.parametrize("latent_dim", [1, 2, 5])
def test_a_full_covariance_costs_outputs_in_the_square_of_the_dimension(latent_dim):
    config = Config(latent_dim=latent_dim, hidden_sizes=(7,), covariance="full")
    vae, x = VariationalAutoencoder(config, 11), torch.rand(4, 11)
    assert shapes(vae.encoder)[-1] == (latent_dim + latent_dim * (latent_dim + 1) // 2,)
    assert vae.encode(x).factor.shape == (4, latent_dim, latent_dim)
    assert torch.equal(vae.codes(x), vae.encode(x).loc)
    assert shapes(Autoencoder(config, 11).encoder)[-1] == (latent_dim,)


def test_the_linear_decoder_is_a_linear_map_and_one_variance():
    model = VariationalAutoencoder(Config(latent_dim=3, hidden_sizes=(6,), decoder="linear-normal"), 11)
    z, weight, bias = torch.rand(4, 3), *model.decoder.parameters()
    torch.testing.assert_close(model.decode(z).mean, z @ weight.T + bias)
    assert model.log_variance.shape == ()
    with torch.no_grad():
        model.log_variance.fill_(0.7)
    x, loc = torch.rand(4, 11), (z @ weight.T + bias).detach().numpy()
    expected = scipy.stats.norm.logpdf(x.numpy(), loc, math.exp(0.35)).sum(-1)
    assert model.decode(z).log_prob(x).tolist() == pytest.approx(expected.tolist(), rel=1e-5, abs=0)
