"""Which figures a set of runs has, and that their files are the same bytes each time."""

from __future__ import annotations

from pathlib import Path

import pytest

from elbocheck.gallery import Subject, pictures
from vae_min import evaluate
from vae_min.config import Config
from vae_min.data import Dataset, digits, fixed_binarisation
from vae_min.model import Autoencoder, VariationalAutoencoder
from vae_min.train import train

QUICK = Config(hidden_sizes=(16,), epochs=2, learning_rate=5e-3)


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return digits()


@pytest.fixture(scope="module")
def subjects(dataset: Dataset) -> dict[str, Subject]:
    autoencoder, vae = (train(kind, QUICK, dataset) for kind in (Autoencoder, VariationalAutoencoder))
    identity = evaluate.identity(vae.model, fixed_binarisation(dataset.test.images[:3]))
    return {
        "autoencoder": Subject(autoencoder.model, autoencoder.history),
        "VAE": Subject(vae.model, vae.history, identity),
    }


def test_an_autoencoder_and_a_vae_have_all_figures(subjects: dict[str, Subject], dataset: Dataset) -> None:
    names = [picture.name for picture in pictures(subjects, dataset)]
    assert names == ["latent", "prior", "manifold", "reconstruction", "gap", "training"]


def test_what_is_no_plane_has_no_figure_of_one(dataset: Dataset) -> None:
    model = VariationalAutoencoder(Config(latent_dim=5), 64)
    assert [p.name for p in pictures({"VAE": Subject(model, ())}, dataset)] == ["prior", "reconstruction"]


def test_several_vaes_have_a_manifold_and_a_gap_each(subjects: dict[str, Subject], dataset: Dataset) -> None:
    names = [p.name for p in pictures({"VAE a": subjects["VAE"], "VAE b": subjects["VAE"]}, dataset)]
    assert names == ["latent", "prior", "manifold-1", "manifold-2", "reconstruction", "gap-1", "gap-2", "training"]


def test_the_files_are_the_same_bytes_each_time(subjects: dict[str, Subject], dataset: Dataset, tmp_path: Path) -> None:
    contents = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        paths = [path for picture in pictures(subjects, dataset) for path in picture.save(tmp_path / name)]
        contents.append({path.name: path.read_bytes() for path in paths})
    assert contents[0] == contents[1]
    assert {Path(name).suffix for name in contents[0]} == {".png", ".svg"}
