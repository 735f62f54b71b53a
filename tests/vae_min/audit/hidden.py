"""Pairs of defects of which one cannot be seen beside the other, with the reason: they are no pairs of the corpus."""

from collections.abc import Callable
from dataclasses import dataclass

from .defect import Defect

Which = Callable[[Defect], bool]


@dataclass(frozen=True)
class Hidden:
    """A rule: where ``first`` and ``second`` hold of the defects, in either order, one of them has no effect of its own."""

    first: Which
    second: Which
    reason: str
    shown: str  # how `test_hidden` shows it, of each pair
    unless: tuple[str, ...] = ()  # texts of the program, each of which lifts the rule

    def holds(self, one: Defect, other: Defect, text: str) -> bool:
        """Whether the rule holds of a pair in a program."""
        matches = (self.first(one) and self.second(other)) or (self.first(other) and self.second(one))
        return matches and not any(lifting in text for lifting in self.unless)


def of(*codes: str, name: str = "") -> Which:
    """Defects of these codes, whose name begins so."""
    return lambda defect: defect.code in codes and defect.name.startswith(name)


_REDUCTIONS = of("kl-half", "kl-latent-mean", "reconstruction-mean", "reconstruction-reduction")
_BATCH = of("kl-batch-mean", "kl-batch-sum", "reconstruction-batch")
_OVER_BATCH = ("mean over the batch and the pixels beside a sum", "the default reduction")
_ARBITRARY = of("kl-weight", "variance-mismatch", "batch-size-weight")

_MEAN, _NO_NOISE = of("mean-in-training", name="the decoder sees"), of("mean-in-training", name="noise times zero")
_SAMPLED = ("logpz", "log_pz", "log_Ph", "log_gauss(z")  # where these are, log p(z) at the draw is in the loss

HIDDEN = (
    Hidden(
        _NO_NOISE,
        of("noise-law", "noise-shared", "noise-frozen", "sampler-scale-mismatch", "mean-in-evaluation"),
        "where the noise is zero, no law and no scale of it has an effect",
        "same",
    ),
    Hidden(
        _MEAN,
        of("noise-law", "noise-shared", "noise-frozen", "sampler-scale-mismatch", "mean-in-evaluation"),
        "where the decoder sees the mean and nothing else the draw, no noise and no scale of it has an effect",
        "same",
        unless=_SAMPLED,
    ),
    Hidden(
        _NO_NOISE,
        of("gradient-cut", name="detached scale"),
        "where the noise is zero, the scale of the code has no effect",
        "same",
    ),
    Hidden(
        _MEAN,
        lambda d: d.name in ("detached scale", "sample for rsample"),
        "where the decoder sees the mean and nothing else the draw, the scale of the code has no effect",
        "same",
        unless=_SAMPLED,
    ),
    Hidden(
        _NO_NOISE,
        of("mean-of-logs", "value-only", "weights-not-detached", "weights-sign", "weights-term", "kl-inside-weights"),
        "where the noise is zero, all samples are the same, and there are no weights to tell from those of one",
        "unweighted",
    ),
    Hidden(
        _MEAN,
        of("kl-inside-weights"),
        "where the decoder sees the mean, all samples have the same closed bound, so that it has no weights",
        "unweighted",
    ),
    Hidden(
        of("kl-missing"),
        of("sampler-scale-mismatch"),
        "where there is no KL divergence, the sampler alone says how the second head is meant",
        "renamed",
        unless=("head=",),
    ),
    Hidden(
        of("kl-missing"),
        of("head-modified"),
        "where there is no KL divergence, nothing reads the second head after it was changed",
        "same",
    ),
    Hidden(
        of("kl-missing"),
        lambda d: d.code.startswith("kl-") or (d.code.startswith("reported") and "divergence" in d.name),
        "where there is no KL divergence, nothing else of it can be seen",
        "multiple",
    ),
    Hidden(
        of("kl-missing"),
        lambda d: _REDUCTIONS(d) or _BATCH(d) or d.code in ("variance-mismatch", "batch-size-weight"),
        "of a loss of one term only, a factor is no defect",
        "multiple",
    ),
    Hidden(
        of("weights-term", name="no posterior"),
        of("sampler-scale-mismatch", "head-modified"),
        "where log q(z|x) is missing, the sampler alone says how the second head is meant",
        "renamed",
        unless=("head=",),
    ),
    Hidden(
        of("kl-term", name="variance without"),
        of("sampler-scale-mismatch"),
        "the KL divergence does not read the second head as one of the scale",
        "renamed",
        unless=("head=",),
    ),
    Hidden(
        of("kl-term", name="variance without"),
        of("head-modified"),
        "what stands for the variance cancels its logarithm: no change of the second head has an effect on the divergence",
        "same",
    ),
    Hidden(
        of("sigmoid-missing", name="clipped logits"),
        of("data-range"),
        "torch refuses targets outside [0, 1] beside probabilities: the program ends there",
        "refused",
    ),
    Hidden(
        lambda d: _ARBITRARY(d) or d.name == "beta not declared",
        lambda d: _REDUCTIONS(d) or _ARBITRARY(d),
        "the loss shows the product of two factors of one term, and one of them could be any number",
        "two terms",
    ),
    Hidden(
        of("batch-size-weight"),
        _BATCH,
        "the loss shows the product of two factors of one term, and both depend on the size of the batch",
        "two terms",
    ),
    Hidden(
        of("reconstruction-batch"),
        lambda d: of("kl-batch-mean", name="mean over the batch beside")(d) or d.code == "kl-batch-sum",
        "both terms are reduced over the batch alike again: the defects cancel",
        "cancel",
    ),
    Hidden(
        lambda d: d.code == "reconstruction-batch" or d.name in _OVER_BATCH,
        of("kl-batch-mean"),
        "of the reductions of both terms over the batch the loss shows the quotient alone",
        "quotient",
    ),
    Hidden(
        of("noise-shared", name="one noise vector"),
        of("weights-not-detached", "weights-sign", "weights-term", "kl-inside-weights", "mean-of-logs", "value-only"),
        "where all samples have one noise, they are the same, and there are no weights to tell from those of one",
        "unweighted",
    ),
    Hidden(
        of("head-range", name="sigmoid"),
        of("sampler-scale-mismatch", name="raw head"),
        "a head between 0 and 1 that the sampler takes for the scale has the range of one",
        "range",
    ),
    Hidden(
        lambda d: of("head-range", name="sigmoid")(d) or of("head-range", name="rectified log-variance")(d),
        of("head-modified"),
        "autograd refuses the gradient where the output of a sigmoid or ReLU is changed in place",
        "refused",
    ),
    Hidden(
        of("head-modified", name="the head is halved"),
        of("kl-term", name="square of the variance"),
        "the square undoes the halving, and what is left is half of the logarithm, a term of wrong weight",
        "half a logarithm",
    ),
    Hidden(
        lambda d: d.name in ("exp of a log-variance", "scale squared", "the sampler takes the variance for a scale"),
        of("kl-term", name="square of the variance"),
        "sampler and squares both take the second head for a log-scale, of which the divergence has half: a term of wrong weight",
        "half a log-scale",
        unless=("head=",),
    ),
    Hidden(
        of("kl-term", name="half on the square alone"),
        of("variance-mismatch", name="lost two"),
        "the loss is twice one in which the squares of the mean alone have another weight",
        "one term",
    ),
    Hidden(
        of("kl-weight", name="a small weight"),
        of("reconstruction-batch", name="mean over the batch beside a sum"),
        "a small weight that grows with the batch is that of its share of a data set: another defect's",
        "share",
    ),
    Hidden(
        of("scale-unused", "log-scale-missing"),
        of("guard", name="errors above one replaced"),
        "without its logarithm of the scale each element is above the bound: nothing of the reconstruction is left",
        "nothing left",
        unless=("gaussian_nll",),
    ),
    Hidden(
        of("mean-of-logs"),
        lambda d: d.name in ("exponentials of log-weights", "weights with gradients", "weights of the inverse"),
        "where the logarithms are averaged, the weights are not used",
        "same",
    ),
    Hidden(
        of("mean-of-logs"),
        of("kl-inside-weights"),
        "where the logarithms are averaged, there are no weights for the closed form to be inside of",
        "averaged",
    ),
)


def reason(one: Defect, other: Defect, text: str) -> str:
    """Why a pair is none; empty if it is one."""
    return next((rule.reason for rule in HIDDEN if rule.holds(one, other, text)), "")
