"""Training: reproducible bit for bit from a seed, the data resident in memory, Adam."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import torch
from torch import Tensor

from vae_min.config import Config
from vae_min.data import Dataset, binarise
from vae_min.model import Autoencoder, LatentModel, VariationalAutoencoder
from vae_min.objective import Terms, elbo_terms, log_likelihood_terms

Model = TypeVar("Model", Autoencoder, VariationalAutoencoder)


class TrainingError(ArithmeticError):
    """The objective has left the finite numbers; one line that says where and what to do."""


@dataclass(frozen=True)
class Epoch:
    """Means over one pass through the training images, in nats per image; ``number`` counts from 1."""

    number: int
    objective: float
    reconstruction: float
    kl: float


@dataclass(frozen=True)
class Run(Generic[Model]):
    """A trained model with its configuration and history."""

    model: Model
    config: Config
    history: tuple[Epoch, ...]


def train(
    model_class: type[Model],
    config: Config,
    dataset: Dataset,
    *,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> Run[Model]:
    """Train a model from scratch on the training images.

    Parameters
    ----------
    model_class : type
        `Autoencoder` or `VariationalAutoencoder`.
    config : Config
    dataset : Dataset
    on_epoch : callable, optional
        Called after each epoch with its means. An exception it raises ends the training.

    Returns
    -------
    Run
        The model in evaluation mode, and its history.

    Raises
    ------
    TrainingError
        If the objective of a batch is not finite.

    Notes
    -----
    All randomness comes from one generator seeded with ``config.seed``: neither depends on the global one nor
    disturbs it. Bit for bit means the same machine, the same torch and the same number of threads.
    """
    generator = torch.Generator().manual_seed(config.seed)
    model = _initialised(model_class, config, dataset.train.images.shape[1], generator)
    num_steps = config.epochs * math.ceil(len(dataset.train.images) / config.batch_size)
    optimizer = torch.optim.Adam(model.parameters(), lr=config.learning_rate, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, num_steps)
    history = []
    for number in range(1, config.epochs + 1):
        totals = torch.zeros(2, dtype=torch.float64)
        for x in _batches(dataset.train.images, config, generator):
            terms = draw_terms(model, x, generator)
            _step(negative_elbo(terms), optimizer, schedule)
            totals += torch.stack([term.detach().double().sum() for term in terms])
        reconstruction, kl = (totals / len(dataset.train.images)).tolist()
        history.append(Epoch(number, reconstruction - kl, reconstruction, kl))
        if on_epoch is not None:
            on_epoch(history[-1])
    return Run(model.eval(), config, tuple(history))


def negative_elbo(terms: Terms) -> Tensor:
    """The loss: minus the objective, averaged over the batch; shape (), in nats.

    The only place that negates or reduces. For an autoencoder, whose KL term is zero, it is the mean negative
    log-likelihood.
    """
    return -terms.objective.mean()


def _initialised(model_class: type[Model], config: Config, num_pixels: int, generator: torch.Generator) -> Model:
    with torch.random.fork_rng(devices=[]):  # torch.nn initialises from the global generator
        torch.default_generator.manual_seed(int(torch.randint(2**62, (), generator=generator)))
        return model_class(config, num_pixels)


def _batches(images: Tensor, config: Config, generator: torch.Generator) -> Iterator[Tensor]:
    """All images in random order, binarised afresh; shape (batch_size, N), the last batch perhaps smaller."""
    for indices in torch.split(torch.randperm(len(images), generator=generator), config.batch_size):
        yield binarise(images[indices], config.binarisation, generator)


def draw_terms(model: LatentModel, x: Tensor, generator: torch.Generator) -> Terms:
    """Terms of the objective of a training step, for images x of shape (B, N); a VAE draws its noise."""
    if isinstance(model, VariationalAutoencoder):
        return elbo_terms(model, x, torch.randn(len(x), model.latent_dim, generator=generator))
    assert isinstance(model, Autoencoder)
    return log_likelihood_terms(model, x)


def _step(loss: Tensor, optimizer: torch.optim.Optimizer, schedule: torch.optim.lr_scheduler.LRScheduler) -> None:
    if not loss.isfinite():
        step, (learning_rate,) = schedule.last_epoch + 1, schedule.get_last_lr()
        raise TrainingError(
            f"the objective is not finite at step {step} (learning rate {float(learning_rate):.3g}): "
            "lower the learning rate"
        )
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    schedule.step()
