import torch

from vae_min.data import binarise, digits, fixed_binarisation


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
