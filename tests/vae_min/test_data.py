import pytest
import torch

from vae_min.data import Binariser, binarise, digits, fixed_binarisation


def test_digits_are_split_once_and_for_all():
    first, second = digits(), digits()
    assert torch.equal(first.test.images, second.test.images)
    assert first.train.images.dtype == torch.float32
    assert first.train.labels.dtype == torch.int64
    assert first.train.images.min() == 0
    assert first.train.images.max() == 1
    assert first.test.labels.bincount().min() >= 38  # stratified: 400 over ten classes
    together = torch.cat([first.train.images, first.test.images])
    assert len(together) == 1797
    assert len(together.unique(dim=0)) == 1797  # no image on both sides


def test_dynamic_binarisation_draws_with_the_grey_value_as_probability():
    grey = torch.tensor([0.0, 0.2, 0.7, 1.0]).expand(20000, 4)
    binary = binarise(grey, "dynamic", torch.Generator().manual_seed(1))
    assert set(binary.unique().tolist()) == {0.0, 1.0}
    mean = binary.mean(0)
    assert mean[0] == 0
    assert mean[3] == 1
    five_sigma = 5 * (0.7 * 0.3 / 20000) ** 0.5
    assert (mean - grey[0]).abs().max() < five_sigma
    assert (mean - grey[0].sqrt()).abs().max() > five_sigma  # a wrong twin: amplitude for probability


def test_threshold_and_none():
    grey, generator = torch.tensor([0.0, 0.5, 0.51, 1.0]), torch.Generator()
    assert binarise(grey, "threshold", generator).tolist() == [0, 0, 1, 1]
    assert binarise(grey, "none", generator) is grey


def test_fixed_binarisation_depends_on_its_seed_alone(dataset):
    first = fixed_binarisation(dataset.test.images)
    torch.rand(3)
    assert torch.equal(first, fixed_binarisation(dataset.test.images))
    assert not torch.equal(first, fixed_binarisation(dataset.test.images, seed=1))


def test_the_quick_binarisation_has_the_stated_probabilities(monkeypatch):
    """Over all values of 16 bits, not a sample of them: each pixel is on for as many as its probability says."""
    grey = torch.tensor([[0.0, 1 / 16, 0.5, 200 / 255, 254 / 255, 1 - 2**-17, 1.0]])
    source = Binariser(grey, "dynamic")
    bits = torch.arange(-(2**15), 2**15, dtype=torch.int16)
    draws = bits.repeat_interleave(7).view(torch.int64)  # one row for each of the 2^16 values
    monkeypatch.setattr(torch.Tensor, "random_", lambda self, *arguments, **options: self.copy_(draws))
    mean = source(torch.zeros(2**16, dtype=torch.int64), torch.Generator()).double().mean(0)
    error = (mean - grey[0].double()).abs()
    assert error[[0, 6]].tolist() == [0, 0]
    assert error[1:5].max() <= 2**-17
    assert error[5] <= 2**-15
    assert (mean - (grey[0].double() * 255 / 256)).abs().max() > 2**-15  # a wrong twin: 255 levels read as 256


@pytest.mark.parametrize("count", [1, 3, 128])
def test_a_batch_is_that_of_its_indices(count, seed):
    grey = torch.tensor([[0.0, 1.0, 0.0], [1.0, 0.0, 1.0]])
    indices = torch.arange(count) % 2
    generator = torch.Generator().manual_seed(seed)
    for how in ("dynamic", "threshold", "none"):
        assert torch.equal(Binariser(grey, how)(indices, generator), grey[indices])


def test_the_quick_binarisation_is_fresh_each_time_and_its_generators_alone(seed):
    source, indices = Binariser(torch.full((4, 50), 0.5), "dynamic"), torch.arange(4)
    generator = torch.Generator().manual_seed(seed)
    first, second = source(indices, generator), source(indices, generator)
    assert not torch.equal(first, second)
    assert torch.equal(first, source(indices, torch.Generator().manual_seed(seed)))
    assert first.dtype == torch.float32
