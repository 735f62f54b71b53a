r"""The gradient of the analytic ELBO written out: what automatic differentiation gives, without its bookkeeping.

On a CPU, half of a small network's step is not matrix products. Here nothing else is left but what the chain rule
asks for. With :math:`z = \mu + \sigma\epsilon`, logits :math:`l`, and :math:`\delta = \partial \log p(x|z)/\partial z`,

.. math::

    \frac{\partial \log p}{\partial l} = x - \mathrm{sigmoid}(l), \qquad
    \frac{\partial\,\mathrm{ELBO}}{\partial \mu} = \delta - \mu, \qquad
    \frac{\partial\,\mathrm{ELBO}}{\partial \log\sigma^2} = \tfrac12 (\delta\,\sigma\epsilon - \sigma^2 + 1).

The values are those of `vae_min.objective`; the tests hold the gradient against its automatic differentiation.

With ``bf16`` the products are of bfloat16, which some processors do twice as fast: each operand is rounded to 8 bits;
what lies between the products, and the parameters, keep their precision.
"""

from typing import Final, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from vae_min import objective
from vae_min.config import Config
from vae_min.distribution import Bernoulli, DiagonalNormal
from vae_min.model import LatentModel, VariationalAutoencoder
from vae_min.objective import Terms

_FORWARD: Final = {"none": lambda y: y, "relu": torch.relu_, "tanh": torch.tanh_}
_BACKWARD: Final = {
    "none": lambda gradient, y: gradient,
    "relu": lambda gradient, y: torch.ops.aten.threshold_backward(gradient, y, 0),
    "tanh": lambda gradient, y: torch.ops.aten.tanh_backward(gradient, y),
}


def is_written_out(model: LatentModel, config: Config) -> bool:
    """Whether the objective's gradient is the one written here: analytic, diagonal, Bernoulli, on the CPU."""
    usual = (config.objective, config.covariance, config.decoder) == ("elbo", "diagonal", "bernoulli")
    on_cpu = next(model.parameters()).device.type == "cpu"
    return usual and on_cpu and isinstance(model, VariationalAutoencoder)


class ElboGradient:
    """The gradient of ``weight * sum(objective)`` for `vae_min.objective.elbo_terms` with its weight ``beta``.

    The model is one for which `is_written_out` holds.
    """

    def __init__(self, model: LatentModel, beta: float, *, bf16: bool = False) -> None:
        self._beta = beta
        self._encoder, self._decoder = (_Perceptron(network, bf16=bf16) for network in (model.encoder, model.decoder))

    @torch.no_grad()
    def __call__(self, x: Tensor, noise: Tensor, weight: float) -> Terms:
        """Put the gradient for images (B, N) and noise (B, D) into each parameter's ``grad``; the terms have no graph."""
        loc, log_variance = self._encoder.forward(x).chunk(2, dim=-1)
        scale = (0.5 * log_variance).exp()
        logits = self._decoder.forward(torch.addcmul(loc, scale, noise))
        reconstruction = Bernoulli(logits).log_prob(x)
        kl, kl_weight = objective.kl_divergence(DiagonalNormal(loc, log_variance)), weight * self._beta
        # in place: no activation follows the last layer, and so nothing asks for its output again
        delta = self._decoder.backward(logits.sigmoid_().sub_(x).mul_(-weight), to_input=True)
        outputs = loc.new_empty(len(x), 2 * loc.shape[1])
        by_loc, by_log_variance = outputs.chunk(2, dim=-1)
        torch.sub(delta, loc, alpha=kl_weight, out=by_loc)
        torch.mul(delta, scale, out=by_log_variance).mul_(noise).sub_(scale.square(), alpha=kl_weight)
        by_log_variance.add_(kl_weight).mul_(0.5)
        self._encoder.backward(outputs, to_input=False)
        return Terms(reconstruction - self._beta * kl, reconstruction, kl)


class _Perceptron:
    """Linear layers and the activations between them; keeps what each layer saw, in the precision of the products."""

    def __init__(self, network: nn.Sequential, *, bf16: bool) -> None:
        modules = list(network)
        names = [type(m).__name__.lower() for m in modules[1::2]] + ["none"]
        self._layers = list(zip(cast("list[nn.Linear]", modules[::2]), names, strict=True))
        self._dtype = torch.bfloat16 if bf16 else self._layers[0][0].weight.dtype

    def forward(self, x: Tensor) -> Tensor:
        self._weights = [layer.weight.to(self._dtype) for layer, _ in self._layers]
        self._values = [x.to(self._dtype)]
        for (layer, activation), weight in zip(self._layers, self._weights, strict=True):
            self._values.append(_FORWARD[activation](linear(self._values[-1], weight, layer.bias.to(self._dtype))))
        return self._values[-1].to(x.dtype)

    def backward(self, gradient: Tensor, *, to_input: bool) -> Tensor:
        dtype, gradient = gradient.dtype, gradient.to(self._dtype)
        for i in reversed(range(len(self._layers))):
            (layer, activation), x, y = self._layers[i], self._values[i], self._values[i + 1]
            gradient = _BACKWARD[activation](gradient, y)
            layer.weight.grad = torch.mm(gradient.t(), x).to(dtype)
            layer.bias.grad = gradient.sum(0, dtype=dtype)
            if i or to_input:
                gradient = torch.mm(gradient, self._weights[i])
        return gradient.to(dtype)
