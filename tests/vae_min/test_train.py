from dataclasses import replace

import pytest
import torch

from vae_min.data import Dataset, Split
from vae_min.model import Autoencoder, VariationalAutoencoder
from vae_min.objective import Terms
from vae_min.train import TrainingError, negative_elbo, train

CLASSES = [Autoencoder, VariationalAutoencoder]


def same(first, second):
    pairs = zip(first.model.parameters(), second.model.parameters(), strict=True)
    return first.history == second.history and all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("model_class", CLASSES)
def test_same_seed_same_numbers_bit_for_bit(model_class, dataset, small):
    config = replace(small, epochs=2)
    torch.manual_seed(1)
    first = train(model_class, config, dataset)
    torch.manual_seed(2)
    second = train(model_class, config, dataset)
    assert same(first, second)
    assert not same(first, train(model_class, replace(config, seed=1), dataset))


def test_the_global_generator_is_left_alone(dataset, small):
    before = torch.get_rng_state()
    train(VariationalAutoencoder, replace(small, epochs=1), dataset)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("model_class", CLASSES)
def test_training_improves_on_independent_pixels(model_class, dataset, small):
    p = dataset.train.images.mean(0).clamp(1e-6, 1 - 1e-6)
    entropy = -(p * p.log() + (1 - p) * (1 - p).log()).sum().item()  # the best a constant decoder can do
    assert train(model_class, replace(small, epochs=40), dataset).history[-1].objective > -entropy + 0.5


def test_the_history_adds_up_and_is_what_the_callback_saw(dataset, small):
    seen = []
    run = train(VariationalAutoencoder, replace(small, epochs=3), dataset, on_epoch=seen.append)
    assert run.history == tuple(seen)
    assert [epoch.number for epoch in seen] == [1, 2, 3]
    for epoch in seen:  # each image's objective is rounded to float32, and so are the sums of a batch
        rounding = 64 * torch.finfo(torch.float32).eps * (abs(epoch.reconstruction) + epoch.kl)
        assert abs(epoch.objective - (epoch.reconstruction - epoch.kl)) < rounding
        assert epoch.kl > 0
    assert not run.model.training


def test_an_exception_of_the_callback_ends_the_training(dataset, small):
    seen = []

    def stop(epoch):
        seen.append(epoch)
        raise KeyboardInterrupt("enough")

    with pytest.raises(KeyboardInterrupt, match="enough"):
        train(Autoencoder, small, dataset, on_epoch=stop)
    assert len(seen) == 1


def test_the_loss_is_minus_the_mean_of_the_objective():
    terms = Terms(torch.tensor([-4.0, -9.0]), torch.tensor([-3.0, -7.0]), torch.tensor([1.0, 2.0]))
    assert negative_elbo(terms).item() == 6.5  # 3.5 has a sign wrong, 13 sums
    assert negative_elbo(terms, 4).item() == 3.25  # a share of four


def test_a_loss_that_is_not_finite_stops_with_step_and_learning_rate(small):
    images = torch.rand(130, 4)
    images[:] = float("nan")
    split = Split(images, torch.zeros(130, dtype=torch.int64))
    config = replace(small, binarisation="none", learning_rate=0.01)
    with pytest.raises(TrainingError, match=r"not finite at step 1 \(learning rate 0.01\): lower"):
        train(VariationalAutoencoder, config, Dataset("broken", (2, 2), split, split))


def test_a_diverging_run_stops(dataset, small):
    with pytest.raises(TrainingError, match="not finite at step"):
        train(VariationalAutoencoder, replace(small, learning_rate=1e4), dataset)
