"""The negative ELBO of each program, written again from the definitions, at given noise."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What a program of the corpus is: how its head is read, its likelihood, its reductions."""

    likelihood: str
    head: str = "log_variance"
    variance: float = 1.0
    reduction: str = "mean"  # over the batch; "elements" is over batch and pixels
    beta: float = 1.0
    estimate: bool = False  # of the divergence, by log q(z|x) - log p(z)
    samples: tuple[int, int] | None = None  # number, and their axis in the noise
    rounding: float = 1e-4  # relative, of the gradient; torch's continuous Bernoulli cancels near 1/2
    value: bool = True  # whether the loss is the bound, and not its gradient alone


TRUTHS = {
    "tutorial": Truth(likelihood="bernoulli", reduction="sum"),
    "normal": Truth(likelihood="normal", variance=0.3),
    "squared_error": Truth(likelihood="normal", variance=0.5),
    "distributions": Truth(likelihood="logits", head="scale"),
    "functional": Truth(likelihood="logits", head="log_scale", reduction="elements"),
    "convolution": Truth(likelihood="logits"),
    "shared_variance": Truth(likelihood="normal-log-scale"),
    "predicted_variance": Truth(likelihood="normal-log-variance", reduction="sum"),
    "conditional": Truth(likelihood="bernoulli"),
    "lightning": Truth(likelihood="normal-log-scale", estimate=True),
    "monte_carlo": Truth(likelihood="logits", estimate=True),
    "subclass": Truth(likelihood="bernoulli"),
    "beta": Truth(likelihood="logits", beta=6.0),
    "annealed": Truth(likelihood="bernoulli"),
    "iwae": Truth(likelihood="logits", head="scale", estimate=True, samples=(5, 0)),
    "iwae_gradient": Truth(likelihood="bernoulli", estimate=True, samples=(4, 1), value=False),
    "importance_one": Truth(likelihood="bernoulli", reduction="sum", estimate=True),
    "laplace": Truth(likelihood="laplace", reduction="sum"),
    "continuous_bernoulli": Truth(likelihood="continuous", head="scale", rounding=3e-3),
    "categorical": Truth(likelihood="categorical"),
    "renamed": Truth(likelihood="bernoulli"),
    "scale_head": Truth(likelihood="bernoulli", head="scale", reduction="sum"),
    "learned_prior": Truth(likelihood="logits", head="scale"),
}


def scale_of(head: str, second: Tensor) -> Tensor:
    """The standard deviation that a head means."""
    return {
        "scale": lambda: second,
        "log_scale": lambda: second.exp(),
        "log_variance": lambda: (second / 2).exp(),
    }[head]()


def normal_log_prob(x: Tensor, loc: Tensor, scale: Tensor) -> Tensor:
    """log N(x; loc, scale^2), elementwise."""
    return -((x - loc) ** 2) / (2 * scale**2) - torch.log(scale) - math.log(math.sqrt(2 * math.pi))


def log_likelihood(truth: Truth, output: Any, x: Tensor) -> Tensor:
    """log p(x|z), elementwise, of the decoder's output."""
    output = getattr(output, "base_dist", output)
    match truth.likelihood:
        case "bernoulli":
            return torch.where(x == 1, torch.log(output), torch.log1p(-output))
        case "logits":
            logits = getattr(output, "logits", output)
            return torch.where(x == 1, -torch.log1p(torch.exp(-logits)), -torch.log1p(torch.exp(logits)))
        case "continuous":
            logits = output.logits
            return x * logits - torch.log(torch.expm1(logits) / logits)
        case "normal":
            return normal_log_prob(x, output, torch.tensor(math.sqrt(truth.variance)))
        case "normal-log-scale":
            return normal_log_prob(x, output[0], output[1].exp())
        case "normal-log-variance":
            return normal_log_prob(x, output[0], output[1].exp().sqrt())
        case "laplace":
            return -(x - output).abs() - math.log(2)
        case "categorical":
            return (output - output.exp().sum(-2, keepdim=True).log()).gather(-2, x.unsqueeze(-2)).squeeze(-2)
    raise ValueError(truth.likelihood)


def heads(encoded: Any) -> tuple[Tensor, Tensor]:
    """Location and second head of what an encoder returns."""
    if isinstance(encoded, torch.distributions.Distribution):
        return encoded.mean, encoded.stddev
    loc, second = encoded
    return loc, second


def negative_bound(spec: Any, truth: Truth, noise: Tensor) -> Tensor:
    """Minus the ELBO, or the importance-weighted bound, of the example batch, reduced as the program does."""
    x, *conditions = spec.tensors
    loc, second = heads(spec.encode(x, *conditions))
    scale = scale_of(truth.head, second)
    prior_loc, prior_scale = spec.prior or (torch.zeros(()), torch.ones(()))
    if truth.samples:
        axis = truth.samples[1]
        loc, scale, x = loc.unsqueeze(axis), scale.unsqueeze(axis), x.unsqueeze(axis)
    z = loc + scale * noise
    pixels = log_likelihood(truth, spec.decode(z, *conditions), x)
    reconstruction = pixels.flatten(1).sum(1) if not truth.samples else pixels.sum(-1)
    if truth.estimate:
        kl = (normal_log_prob(z, loc, scale) - normal_log_prob(z, prior_loc, prior_scale)).sum(-1)
    else:
        ratio = scale / prior_scale
        kl = (0.5 * (ratio**2 + ((loc - prior_loc) / prior_scale) ** 2 - 1) - torch.log(ratio)).sum(-1)
    bound = reconstruction - truth.beta * kl
    if truth.samples:
        bound = torch.exp(bound).mean(truth.samples[1]).log()
    total = -bound.sum()
    size = {"sum": 1, "mean": len(spec.tensors[0]), "elements": spec.tensors[0].numel()}[truth.reduction]
    return total / size


def noise_shape(spec: Any, truth: Truth) -> tuple[int, ...]:
    """The shape in which a program draws its noise."""
    shape = list(heads(spec.encode(*spec.tensors))[0].shape)
    if truth.samples:
        shape.insert(truth.samples[1], truth.samples[0])
    return tuple(shape)
