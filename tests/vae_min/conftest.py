"""Small trained networks that the tests share."""

import os
from collections.abc import Iterator

import pytest
import torch

from vae_min.config import Config
from vae_min.data import Dataset, digits, fixed_binarisation
from vae_min.model import Autoencoder, VariationalAutoencoder
from vae_min.train import Run, train

SMALL = Config(hidden_sizes=(16,), epochs=15, learning_rate=5e-3)


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Networks this small are slower on two threads, much slower when something else runs beside the tests."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def seed() -> int:
    """ELBOCHECK_TEST_SEED=k chooses other draws: what is claimed holds for every k."""
    return int(os.environ.get("ELBOCHECK_TEST_SEED", "0"))


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    return digits()


@pytest.fixture(scope="session")
def small() -> Config:
    return SMALL


@pytest.fixture(scope="session")
def vae_run(dataset: Dataset) -> Run[VariationalAutoencoder]:
    return train(VariationalAutoencoder, SMALL, dataset)


@pytest.fixture(scope="session")
def autoencoder(dataset: Dataset) -> Autoencoder:
    return train(Autoencoder, SMALL, dataset).model


@pytest.fixture(scope="session")
def vae(vae_run: Run[VariationalAutoencoder]) -> VariationalAutoencoder:
    return vae_run.model


@pytest.fixture(scope="session")
def binary_images(dataset: Dataset):
    return fixed_binarisation(dataset.test.images)
