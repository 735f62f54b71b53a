"""The loop that is measured against computes what the common tutorial does: our ELBO on grey values, summed."""

import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

import train as benchmark
from tutorial import Tutorial, loss_function, to_tensor

from vae_min.objective import elbo


@pytest.fixture
def tutorial() -> Tutorial:
    with torch.random.fork_rng(devices=[]):
        images = torch.randint(0, 256, (20, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
        return Tutorial(images, torch.zeros(20, dtype=torch.int64), batch_size=8, device="cpu", seed=0)


def test_its_transform_is_grey_values_in_the_unit_interval(tutorial: Tutorial) -> None:
    image, _ = tutorial.loader.dataset[3]
    assert torch.equal(image, tutorial.loader.dataset.data[3][None].float() / 255)
    assert to_tensor.__module__ == "tutorial"


def test_its_loss_is_minus_the_sum_of_our_elbo(tutorial: Tutorial) -> None:
    x = torch.stack([tutorial.loader.dataset[i][0] for i in range(5)])
    noise = torch.randn(5, 20, generator=torch.Generator().manual_seed(2))
    mu, logvar = tutorial.model.encode(x.view(-1, 784))
    loss = loss_function(tutorial.model.decode(mu + (0.5 * logvar).exp() * noise), x, mu, logvar)
    ours = elbo(benchmark.as_ours(tutorial), x.view(-1, 784), noise)
    # log(sigmoid) loses what logits keep: float32 through 784 pixels
    assert loss.item() == pytest.approx(-ours.sum().item(), rel=1e-5, abs=0)


def test_its_steps_train_and_start_over(tutorial: Tutorial) -> None:
    with torch.random.fork_rng(devices=[]):
        before = tutorial.model.fc1.weight.clone()
        for _ in range(4):  # three batches make an epoch
            tutorial.step()
        assert not torch.equal(before, tutorial.model.fc1.weight)


def test_the_bare_products_are_those_of_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Per layer one forwards and one for its weights, and one for its input but in the first: their shapes."""
    done: list[tuple[int, int, int]] = []
    products = benchmark.Products(8, (400, 20), "cpu", adam=False)
    monkeypatch.setattr(torch, "mm", lambda a, b: done.append((*a.shape, b.shape[1])))
    products.run(1)
    layers = [(784, 400), (400, 40), (20, 400), (400, 784)]
    expected = [(8, n, m) for n, m in layers] + [(m, 8, n) for n, m in layers] + [(8, m, n) for n, m in layers[1:]]
    assert sorted(done) == sorted(expected)
