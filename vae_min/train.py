"""Training: reproducible bit for bit from a seed, the data resident in memory, Adam; alone or data-parallel.

All that decides the next step is in `Trainer.state`: a training that is stopped and restored goes on bit for bit.
In a data-parallel run every process draws the random numbers of the whole batch and takes its share of the images:
the gradients are those of one process at the same batch size, whatever the number of processes.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, astuple, dataclass
from typing import Any, Final, Generic, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.nn.utils import parameters_to_vector, vector_to_parameters
from torch.optim.adam import adam

from vae_min.config import Config
from vae_min.data import Binariser, Dataset
from vae_min.gradient import ElboGradient, is_written_out
from vae_min.model import Autoencoder, LatentModel, VariationalAutoencoder
from vae_min.objective import Terms, objective_terms

Model = TypeVar("Model", Autoencoder, VariationalAutoencoder)
_ADAM: Final[Mapping[str, Any]] = {
    "beta1": 0.9,
    "beta2": 0.999,
    "eps": 1e-8,
    "weight_decay": 0.0,
    "amsgrad": False,
    "maximize": False,
}


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
    model_class: type[Model], config: Config, dataset: Dataset, *, on_epoch: Callable[[Epoch], None] | None = None
) -> Run[Model]:
    """Train a model from scratch on the training images; parameters as of `Trainer` and `Trainer.run`.

    Raises
    ------
    TrainingError
        If the objective of a batch is not finite.
    """
    trainer = Trainer(model_class, config, dataset)
    trainer.run(on_epoch=on_epoch)
    return Run(trainer.model, config, tuple(trainer.history))


def negative_elbo(terms: Terms, num_examples: int | None = None) -> Tensor:
    """The loss: minus the objective, averaged over the batch; shape (), in nats. The only place that reduces.

    ``num_examples`` is the size of the whole batch where the terms are those of a share of it.
    """
    return -terms.objective.sum() / (len(terms.objective) if num_examples is None else num_examples)


def draw_noise(model: LatentModel, config: Config, num_examples: int, generator: torch.Generator) -> Tensor:
    """Standard normal noise (k, B, D) of a training step; none for an autoencoder."""
    samples = 0 if isinstance(model, Autoencoder) else config.num_importance_samples
    return torch.randn(samples, num_examples, config.latent_dim, generator=generator, device=generator.device)


class Loss:
    """The gradient of `negative_elbo`: written out where it can be, by automatic differentiation elsewhere.

    With ``bf16`` the network's products are of bfloat16; parameters stay in float32.
    """

    def __init__(self, model: LatentModel, config: Config, *, bf16: bool = False) -> None:
        self._parameters, self._bf16 = list(model.parameters()), bf16
        self.gradient = torch.zeros_like(parameters_to_vector(self._parameters)).detach_()
        self._world = dist.get_world_size() if dist.is_initialized() else 1
        self._written_out = None
        if self._world == 1 and is_written_out(model, config):
            for parameter, part in zip(self._parameters, views(self.gradient, self._parameters), strict=True):
                parameter.grad = part
            self._written_out = ElboGradient(model, config.beta, bf16=bf16)
        terms: nn.Module = _Objective(model, config)
        if self._parameters[0].is_cuda:
            terms.compile()
        self._terms = DistributedDataParallel(terms) if self._world > 1 else terms

    def backward(self, x: Tensor, noise: Tensor) -> Terms:
        """Put the gradient for images (B, N) and noise (k, B, D) into each parameter's ``grad`` and all into ``gradient``.

        The terms come without a graph; in a data-parallel run they are those of this process's share of the images.
        """
        if self._written_out is not None:
            return self._written_out(x, noise[0], -1 / len(x))
        for parameter in self._parameters:
            parameter.grad = None
        share = slice(dist.get_rank(), None, self._world) if self._world > 1 else slice(None)
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self._bf16):
            terms: Terms = self._terms(x[share], noise[:, share])
        # processes average their gradients, hence the factor
        (self._world * negative_elbo(terms, len(x))).backward()  # type: ignore[no-untyped-call]
        torch.cat([p.grad.flatten() for p in self._parameters if p.grad is not None], out=self.gradient)
        return Terms(*(term.detach() for term in terms))


class _Objective(nn.Module):
    """The objective as a module, which is what can be compiled and made data-parallel."""

    def __init__(self, model: LatentModel, config: Config) -> None:
        super().__init__()
        self.model, self._config = model, config

    def forward(self, x: Tensor, noise: Tensor) -> Terms:
        return objective_terms(self.model, self._config, x, noise)


class Trainer(Generic[Model]):
    """A training under way, on a device (the CPU by default), which holds the images too; ``bf16`` as in `Loss`.

    All randomness comes from ``config.seed``: neither depends on the global generator nor disturbs it. Bit for bit
    means the same machine, the same torch and the same number of threads.
    """

    def __init__(
        self, model_class: type[Model], config: Config, dataset: Dataset, *, device: str = "cpu", bf16: bool = False
    ) -> None:
        self.config, self.device = config, torch.device(device)
        images, seeds = dataset.train.images, torch.Generator().manual_seed(config.seed)
        with torch.random.fork_rng(devices=[]):  # torch.nn initialises from the global generator
            torch.default_generator.manual_seed(int(torch.randint(2**62, (), generator=seeds)))
            self.model: Model = model_class(config, images.shape[1])
        self.model.start_at(images.mean(0, dtype=torch.float64))
        self.model.to(self.device)
        # all in one vector, of which the model has views: an update is then one operation
        parameters = parameters_to_vector(self.model.parameters()).detach()
        vector_to_parameters(parameters, self.model.parameters())
        self.steps_per_epoch = math.ceil(len(images) / config.batch_size)
        self.step, self.num_steps = 0, config.epochs * self.steps_per_epoch
        self.history: list[Epoch] = []
        self._images, self.num_images = Binariser(images, config.binarisation, self.device), len(images)
        self.bf16, self._loss = bf16, Loss(self.model, config, bf16=bf16)
        self._parameters, self._count = parameters, torch.zeros((), device=self.device)
        self._mean, self._square = torch.zeros_like(parameters), torch.zeros_like(parameters)
        precision = torch.float32 if self.device.type == "mps" else torch.float64
        self._record = torch.zeros(self.steps_per_epoch, 3, dtype=precision, device=self.device)  # sums of `Terms`
        self._generator = torch.Generator(self.device).manual_seed(int(torch.randint(2**62, (), generator=seeds)))
        self._begin_epoch(self._generator.get_state())

    @property
    def learning_rate(self) -> float:
        """Of the next step."""
        return self.config.learning_rate * 0.5 * (1 + math.cos(math.pi * self.step / self.num_steps))

    def run(
        self, *, on_epoch: Callable[[Epoch], None] | None = None, should_stop: Callable[[], bool] = lambda: False
    ) -> bool:
        """Train until the end, or until ``should_stop``, asked after each step; whether the end was reached.

        ``on_epoch`` is called with the means of each epoch; an exception it raises ends the training.

        Raises
        ------
        TrainingError
            If the objective of a batch is not finite: at that step on a CPU, at the end of its epoch elsewhere.
        """
        self.model.train()
        while self.step < self.num_steps:
            position = self.step % self.steps_per_epoch
            if position == 0:
                self._begin_epoch(self._generator.get_state())
            self._descend(position)
            stop, last = _any(should_stop()), position + 1 == self.steps_per_epoch
            if stop or last or self.device.type == "cpu":
                self._check(position if self.device.type == "cpu" else 0, position)
            self.step += 1
            if last:
                means = (_total(self._record).sum(0) / self.num_images).tolist()
                self.history.append(Epoch(len(self.history) + 1, *means))
                if on_epoch is not None:
                    on_epoch(self.history[-1])
            if stop:
                break
        self.model.eval()
        return self.step == self.num_steps

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Everything that decides what comes next, as tensors and as numbers; asked by all processes or by none."""
        tensors = {"generator": self._generator.get_state(), "epoch_generator": self._epoch_generator}
        tensors["record"] = _total(self._record)
        return tensors | self._parts(), {"step": self.step, "history": [asdict(epoch) for epoch in self.history]}

    def restore(self, tensors: Mapping[str, Tensor], numbers: Mapping[str, Any]) -> None:
        """Go on from a `state` of the same run.

        Raises
        ------
        ValueError
            If it is not one; one line that says why.
        """
        check_shapes(self.state()[0], tensors)
        step, history = numbers["step"], [Epoch(**epoch) for epoch in numbers["history"]]
        if not (0 <= step <= self.num_steps and len(history) == step // self.steps_per_epoch):
            raise ValueError(f"step {step} after {len(history)} epochs does not fit")
        for number, epoch in enumerate(map(astuple, history), 1):
            if epoch[0] != number or [type(value) for value in epoch] != [int, float, float, float]:
                raise ValueError(f"history has {epoch} as epoch {number}")
        self.step, self.history = step, history
        for name, value in self._parts().items():
            value.copy_(tensors[name])
        self._count.fill_(step)
        self._record.copy_(tensors["record"]).mul_(is_first_process())
        self._begin_epoch(tensors["epoch_generator"])
        self._generator.set_state(tensors["generator"])

    def _parts(self) -> dict[str, Tensor]:
        names, parameters = zip(*self.model.named_parameters(), strict=True)
        kinds = (("model", self._parameters), ("mean", self._mean), ("square", self._square))
        parts = ((kind, zip(names, views(vector, parameters), strict=True)) for kind, vector in kinds)
        return {f"{kind}.{name}": part for kind, named in parts for name, part in named}

    def _begin_epoch(self, state: Tensor) -> None:
        """Draw the order of the images, from a state that is kept: so the middle of an epoch can be restored."""
        self._epoch_generator = state
        self._generator.set_state(state)
        self._order = torch.randperm(self.num_images, generator=self._generator, device=self.device)

    def _descend(self, position: int) -> None:
        """One step of Adam."""
        indices = self._order[position * self.config.batch_size : (position + 1) * self.config.batch_size]
        x = self._images(indices, self._generator)
        terms = self._loss.backward(x, draw_noise(self.model, self.config, len(x), self._generator))
        torch.sum(torch.stack(terms), 1, dtype=self._record.dtype, out=self._record[position])
        parameters, gradient, mean, square = (
            [v] for v in (self._parameters, self._loss.gradient, self._mean, self._square)
        )
        adam(parameters, gradient, mean, square, [], [self._count], fused=True, lr=self.learning_rate, **_ADAM)

    def _check(self, first: int, last: int) -> None:
        """Raise at the first of some steps of this epoch whose objective is not finite."""
        record = self._record[first : last + 1]
        if not math.isfinite(record.sum()):
            self.step += first + record.isfinite().all(1).tolist().index(False) - last
            raise TrainingError(
                f"the objective is not finite at step {self.step + 1} (learning rate {self.learning_rate:.3g}): "
                "lower the learning rate"
            )


def views(vector: Tensor, parameters: Iterable[Tensor]) -> list[Tensor]:
    """Views of a vector with the parameters' shapes, one after the other."""
    shapes = [parameter.shape for parameter in parameters]
    return [part.view(s) for part, s in zip(torch.split(vector, [s.numel() for s in shapes]), shapes, strict=True)]


def check_shapes(want: Mapping[str, Tensor], have: Mapping[str, Tensor]) -> None:
    """Tell whether tensors have the names, types and shapes of others.

    Raises
    ------
    ValueError
        If they have not; one line that names the first that differs.
    """
    wanted, had = ({n: f"{t.dtype} {list(t.shape)}" for n, t in tensors.items()} for tensors in (want, have))
    for name in sorted(wanted.keys() | had.keys()):
        if wanted.get(name) != had.get(name):
            raise ValueError(f"{name} is {had.get(name, 'missing')}, not {wanted.get(name, 'expected')}")


def is_first_process() -> bool:
    """Whether this process is the one that writes and speaks: the first of a data-parallel run, or the only one."""
    return not dist.is_initialized() or dist.get_rank() == 0


def _total(record: Tensor) -> Tensor:
    """The sum over the processes of a data-parallel run."""
    total = record.clone()
    if dist.is_initialized():
        dist.all_reduce(total)
    return total


def _any(flag: bool) -> bool:
    """Whether the flag is set in any process: they must stop at the same step."""
    return bool(_total(torch.tensor(float(flag)))) if dist.is_initialized() else flag
