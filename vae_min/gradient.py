r"""The gradient of the analytic ELBO written out: what automatic differentiation gives, without its bookkeeping.

On a CPU, half of a small network's step is not matrix products. Here nothing else is left but what the chain rule
asks for. With :math:`z = \mu + \sigma\epsilon`, logits :math:`l`, and :math:`\delta = \partial \log p(x|z)/\partial z`,

.. math::

    \log p(x|z) = \textstyle\sum (x l - \log(1 + e^l)), \qquad
    \frac{\partial \log p}{\partial l} = x - \mathrm{sigmoid}(l), \qquad
    \frac{\partial\,\mathrm{ELBO}}{\partial \mu} = \delta - \mu, \qquad
    \frac{\partial\,\mathrm{ELBO}}{\partial \log\sigma^2} = \tfrac12 (\delta\,\sigma\epsilon - \sigma^2 + 1).

The values are those of `vae_min.objective`, to rounding; the tests hold both against its automatic differentiation.

With ``bf16`` the products are of bfloat16, which some processors do twice as fast: each operand is rounded to 8 bits;
what lies between the products, and the parameters, keep their precision.
"""

from typing import Final, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, softplus

from vae_min import objective
from vae_min.config import Config
from vae_min.distribution import DiagonalNormal
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

    The model is one for which `is_written_out` holds. Its parameters get a ``grad`` where they have none; each step
    writes over what is there.
    """

    def __init__(self, model: LatentModel, beta: float, *, bf16: bool = False) -> None:
        self._beta = beta
        self._encoder, self._decoder = (_Perceptron(network, bf16=bf16) for network in (model.encoder, model.decoder))

    @torch.no_grad()
    def __call__(self, x: Tensor, noise: Tensor, weight: float) -> Terms:
        """Put the gradient for images (B, N) and noise (B, D) into each parameter's ``grad``; the terms have no graph."""
        # few operations rather than clear ones: these matrices are so small that each costs its call
        loc, log_variance = self._encoder.forward(x).chunk(2, dim=-1)
        deviation = (0.5 * log_variance).exp_().mul_(noise)
        excess = log_variance.expm1()  # of the variance over the prior's
        logits = self._decoder.forward(loc + deviation)
        # past its threshold softplus gives its argument: at 40, unlike at the usual 20, not even float64 sees it
        reconstruction = torch.linalg.vecdot(x, logits).sub_(softplus(logits, threshold=40).sum(-1))
        kl = objective.kl_divergence(DiagonalNormal(loc, log_variance))
        # in place: no activation follows the last layer, and so nothing asks for its output again
        delta = self._decoder.backward(logits.sigmoid_().sub_(x).mul_(-weight), to_input=True)
        kl_weight = weight * self._beta
        by_loc = torch.sub(delta, loc, alpha=kl_weight)
        by_log_variance = excess.mul_(-kl_weight).addcmul_(delta, deviation).mul_(0.5)
        self._encoder.backward(torch.cat((by_loc, by_log_variance), dim=-1), to_input=False)
        return Terms(torch.sub(reconstruction, kl, alpha=self._beta), reconstruction, kl)


class _Perceptron:
    """Linear layers and the activations between them; keeps what each layer saw, in the precision of the products."""

    def __init__(self, network: nn.Sequential, *, bf16: bool) -> None:
        modules = list(network)
        layers = cast("list[nn.Linear]", modules[::2])
        self._parameters = [(layer.weight, layer.bias) for layer in layers]
        for parameter in network.parameters():
            parameter.grad = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        self._activations = [*(type(module).__name__.lower() for module in modules[1::2]), "none"]
        self._dtype = torch.bfloat16 if bf16 else layers[0].weight.dtype

    def forward(self, x: Tensor) -> Tensor:
        self._weights = [weight.to(self._dtype) for weight, _ in self._parameters]
        self._values = [x.to(self._dtype)]
        for (_, bias), weight, activation in zip(self._parameters, self._weights, self._activations, strict=True):
            self._values.append(_FORWARD[activation](linear(self._values[-1], weight, bias.to(self._dtype))))
        return self._values[-1].to(x.dtype)

    def backward(self, gradient: Tensor, *, to_input: bool) -> Tensor:
        dtype, gradient = gradient.dtype, gradient.to(self._dtype)
        for i in reversed(range(len(self._parameters))):
            by_weight, by_bias = (parameter.grad for parameter in self._parameters[i])
            assert by_weight is not None
            x, y = self._values[i : i + 2]
            gradient = _BACKWARD[self._activations[i]](gradient, y)
            torch.sum(gradient, 0, dtype=dtype, out=by_bias)
            if dtype == self._dtype:
                torch.mm(gradient.t(), x, out=by_weight)
            else:
                by_weight.copy_(torch.mm(gradient.t(), x))
            if i or to_input:
                gradient = torch.mm(gradient, self._weights[i])
        return gradient.to(dtype) if to_input else gradient
