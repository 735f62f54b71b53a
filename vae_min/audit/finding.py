"""What an audit may find: stable codes with their rank and remedy, as data, and one finding with its evidence."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

Rank = Literal["error", "note"]


class Kind(NamedTuple):
    """What all findings of one code share: how grave they are, and the edit that would mend the code."""

    rank: Rank
    remedy: str


KINDS: dict[str, Kind] = {
    # sampler
    "sampler-scale-mismatch": Kind(
        "error", "let sampler and KL read the second head alike: std = torch.exp(0.5 * log_variance) for a log-variance"
    ),
    "noise-law": Kind("error", "draw the noise with torch.randn_like(std)"),
    "noise-shared": Kind("error", "draw one number for each example and latent: torch.randn_like(std)"),
    "noise-frozen": Kind("error", "draw fresh noise in each call of the loss, and seed outside of it"),
    "gradient-cut": Kind("error", "use rsample(), or loc + std * noise, with no detach() and no torch.no_grad()"),
    "head-modified": Kind("error", "use the operations without trailing underscore: std = log_variance.mul(0.5).exp()"),
    "mean-in-training": Kind("error", "decode z = loc + std * torch.randn_like(std), not loc"),
    "mean-in-evaluation": Kind("note", "draw z in eval mode too where the loss is reported as an ELBO"),
    "head-range": Kind("error", "end the encoder in a linear layer; the log-variance takes any real number"),
    # KL divergence
    "kl-missing": Kind("error", "add the KL divergence to the loss"),
    "kl-sign": Kind("error", "minimise reconstruction + KL with KL = -0.5 * sum(1 + log_var - loc**2 - exp(log_var))"),
    "kl-latent-mean": Kind("error", "sum the KL divergence over latents: .sum(-1), then the mean over the batch"),
    "kl-batch-mean": Kind("error", "reduce both terms over the batch alike"),
    "kl-batch-sum": Kind("error", "reduce both terms over the batch alike"),
    "kl-half": Kind("error", "multiply the KL divergence by 0.5"),
    "kl-term": Kind("error", "write KL = -0.5 * sum(1 + log_var - loc**2 - exp(log_var))"),
    "kl-arguments": Kind("error", "write KL(q || p) with the arguments in this order: loc, log-variance; q, then p"),
    "kl-log-base": Kind("error", "use the natural logarithm, torch.log"),
    "kl-clamped": Kind(
        "error", "remove the clamp or absolute value; where it is meant (free bits), the loss is no ELBO"
    ),
    "kl-weight": Kind(
        "error", "remove the weight, or declare it: VAESpec(beta=...), or VAESpec(variance=...) of a normal likelihood"
    ),
    "kl-weight-stuck": Kind("error", "advance the annealing counter in each training step"),
    # reconstruction
    "reconstruction-mean": Kind("error", "sum the reconstruction over pixels, then take the mean over the batch"),
    "reconstruction-reduction": Kind("error", "replace size_average and reduce by reduction='sum' or 'none'"),
    "reconstruction-batch": Kind("error", "reduce both terms over the batch alike"),
    "reconstruction-term": Kind("error", "write both terms of it: x log p + (1 - x) log(1 - p)"),
    "sigmoid-twice": Kind("error", "apply one sigmoid or softmax: in the decoder, or in the loss that takes logits"),
    "sigmoid-missing": Kind("error", "end the decoder in a sigmoid, or use binary_cross_entropy_with_logits"),
    "data-range": Kind("error", "scale the data to [0, 1], or use a likelihood of real numbers"),
    "grey-values": Kind("note", "nothing, or binarise; a Bernoulli log-probability of grey values is only a score"),
    "squared-error": Kind("note", "nothing, or declare VAESpec(variance=...); 0.5 * squared error is variance 1"),
    "variance-mismatch": Kind("error", "divide the squared error by 2 * variance, with the variance that you declare"),
    "log-scale-missing": Kind("error", "add the log of the decoder's scale: Normal(loc, scale).log_prob(x) has it"),
    "scale-unused": Kind("error", "use the decoder's second output in the likelihood, or remove it"),
    "batch-size-weight": Kind("error", "divide both terms by the batch size, or neither"),
    "guard": Kind("error", "remove the guard and mend what makes the value infinite or NaN"),
    "likelihood-mismatch": Kind("error", "use the loss of the likelihood that you declare, or declare the one you use"),
    # importance weighting
    "weights-unnormalised": Kind("error", "normalise over the samples: torch.softmax(log_w, dim)"),
    "weights-not-detached": Kind("error", "detach the normalised weights: torch.softmax(log_w, dim).detach()"),
    "weights-sign": Kind("error", "use log_w = log p(x|z) + log p(z) - log q(z|x), and minimise -logmeanexp(log_w)"),
    "weights-term": Kind("error", "use log_w = log p(x|z) + log p(z) - log q(z|x), all three terms"),
    "kl-inside-weights": Kind("error", "use log q(z|x) - log p(z) at each sample in the weights, not the closed KL"),
    "mean-of-logs": Kind("error", "take the log of the mean: torch.logsumexp(log_w, dim) - math.log(k)"),
    "value-only": Kind("error", "let the gradient flow through every term: no detach(), no torch.no_grad()"),
    "gradient-only": Kind("note", "report -logmeanexp(log_w) beside the loss; the gradient is right"),
    # logging
    "reported-sign": Kind("error", "report the term with the sign of its name: elbo = -loss"),
    "reported-scale": Kind("error", "report the term in the units of the loss, or in nats per example"),
    # what no other code says
    "unexplained": Kind("note", "compare the loss with the closest explanation, or declare more in the VAESpec"),
}


@dataclass(frozen=True)
class Finding:
    """One finding.

    Parameters
    ----------
    code : str
        A key of `KINDS`.
    message : str
        One line in plain words.
    evidence : str
        The numbers of one concrete probe.
    rank, remedy : str
        Those of the code, unless given.

    Examples
    --------
    >>> Finding("kl-half", "the KL lacks its 1/2", "weight 2.000").rank
    'error'
    """

    code: str
    message: str
    evidence: str
    rank: str = ""
    remedy: str = ""

    def __post_init__(self) -> None:
        kind = KINDS[self.code]
        object.__setattr__(self, "rank", self.rank or kind.rank)
        object.__setattr__(self, "remedy", self.remedy or kind.remedy)
