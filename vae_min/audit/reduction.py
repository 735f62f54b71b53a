"""The reductions over pixels, latents and batch that made the weights of the two terms what they are."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import product

from vae_min.audit.explanation import Explanation, Rest
from vae_min.audit.finding import Finding
from vae_min.audit.spec import VAESpec
from vae_min.audit.weight import DENSITY, common_kl_weight, equal, is_missing, is_whole, kl_weight, weight_of_errors

_EXPONENT = 0.01  # how far a power of the batch's size may be from a whole number


def target(spec: VAESpec, e: Explanation) -> list[float]:
    """The ratios of KL weight to reconstruction weight that are no defect."""
    beta = 1.0 if spec.beta is None else spec.beta
    if not e.likelihood.free:
        return [beta]
    if spec.variance is not None and e.likelihood.family == "normal":
        return [beta * spec.variance]
    return [beta, 0.5 * beta] if e.likelihood.family == "normal" else [beta]


def of_constant(by_size: Mapping[int, Rest], latents: int) -> Iterator[Finding]:
    """Reductions over the batch that differ, where the reconstruction is a constant, which tells how it is reduced."""
    ratios = {}
    for size, rest in by_size.items():
        w = 2 * float(rest.kl[0])
        closed = (0.5 * w, 0.5 * w, -0.5 * w, *[0.0] * (len(rest.kl) - 3))
        reconstruction = rest.constant + 0.5 * latents * w  # a closed divergence has -1/2 for each latent
        if not w or not reconstruction or not all(equal(c, p, abs(w)) for c, p in zip(rest.kl, closed, strict=True)):
            return
        ratios[size] = w / reconstruction
    if len(ratios) < 2 or min(ratios.values()) * max(ratios.values()) <= 0:
        return
    low, high = min(ratios), max(ratios)
    exponent = math.log(ratios[high] / ratios[low]) / math.log(high / low)
    shown = ", ".join(f"{r:.5g} at batch size {s}" for s, r in ratios.items())
    for power in (1, -1):
        if abs(exponent - power) < _EXPONENT:
            yield _over_the_batch(power, f"weight of the KL divergence relative to the constant: {shown}")


def _over_the_batch(power: int, shown: str) -> Finding:
    """A divergence that grows with the batch's size beside the reconstruction, or shrinks."""
    code, word, other = ("kl-batch-sum", "summed", "averaged") if power > 0 else ("kl-batch-mean", "averaged", "summed")
    return Finding(code, f"over the batch, the KL divergence is {word} while the reconstruction is {other}", shown)


def findings(spec: VAESpec, by_size: Mapping[int, Explanation], code: tuple[int, ...]) -> Iterator[Finding]:
    """What is wrong with the ratio of the two weights, from explanations at several batch sizes.

    ``code`` is the shape of one example's code.
    """
    latents = math.prod(code)
    kl, a = ({s: f(e) or 0.0 for s, e in by_size.items()} for f in (common_kl_weight, weight_of_errors))
    ratios = {s: kl[s] / a[s] for s in by_size if kl[s] and a[s]}
    if len(ratios) < len(by_size) or any(is_missing(e) for e in by_size.values()):
        return
    sizes, e = sorted(ratios), next(iter(by_size.values()))
    low, high = sizes[0], sizes[-1]
    power = math.log(abs(ratios[high] / ratios[low])) / math.log(high / low) if high > low else 0.0
    shown = "weight of the KL divergence relative to the reconstruction: " + ", ".join(
        f"{ratios[s]:.5g} at batch size {s}" for s in sizes
    )
    exponent = round(power)
    if abs(power - exponent) > _EXPONENT or abs(exponent) > 1:
        yield Finding("batch-size-weight", "the weight of the KL divergence changes with the batch size", shown)
        return
    unit = abs(ratios[low]) / low**exponent
    size = abs(a[low]) / low ** (round(math.log(a[high] / a[low]) / math.log(high / low)) if high > low else 0)
    if not exponent and declares_scale(spec, e, unit, unit * size, latents):
        return
    found = _decomposed(spec, e, unit, size, code)
    share = exponent > 0 and unit * len(spec.tensors[0]) <= 1  # as batch over data set
    if found is None and share and not _is_another_power(spec, e, unit):
        yield Finding("batch-size-weight", "the weight of the KL divergence changes with the batch size", shown)
        return
    if exponent == 1 and equal(kl_weight(by_size[low]) or 0.0, kl_weight(by_size[high]) or 0.0):
        message = "the reconstruction is divided by the batch size once more than the KL divergence"
        yield Finding("reconstruction-batch", message, shown)
    elif exponent:
        yield _over_the_batch(exponent, shown)
    if found is not None and not is_whole(e):  # a term is off, and named so: it may be the half of that
        found = tuple(code for code in found if code != "kl-half")
    if found is None:
        yield from _unnamed(spec, e, unit, shown, latents)
        return
    if (
        not found
        and not exponent
        and e.likelihood.family == "normal"
        and e.likelihood.free
        and spec.variance is None
        and equal(unit, 0.5 * (spec.beta or 1.0))
    ):
        yield Finding("squared-error", "a squared error without 1/2 is a normal likelihood of variance 1/2", shown)
    for name in found:
        message = _WORDS[name].format(latents=latents, pixels=math.prod(spec.tensors[0].shape[1:]), code=code)
        kind = name.split()[0]
        if kind == "kl-latent-mean" and e.likelihood.free:
            claim = "which nobody declared" if spec.variance is None else f"not the {spec.variance:.4g} that is claimed"
            message += f", or the decoder has a variance of {unit:.4g}, {claim}"
        yield Finding(kind, message, shown)


_WORDS = {
    "reconstruction-mean": "the reconstruction is averaged over the {pixels} pixels, the KL divergence is not",
    "reconstruction-reduction": "the reconstruction is averaged over some axes of the data and summed over others",
    "kl-latent-mean": "the KL divergence is averaged over the {latents} latents, not summed",
    "kl-latent-mean of channels": "the KL divergence is averaged over the first axis of the code {code}, not summed",
    "kl-latent-mean of positions": "the KL divergence is averaged over all but the first axis of the code {code}, not summed",
    "kl-half": "the KL divergence lacks its factor 1/2",
}


def _decomposed(
    spec: VAESpec, e: Explanation, ratio: float, size: float, code: tuple[int, ...]
) -> tuple[str, ...] | None:
    """The names of what most plainly leads from a right ratio to this one; None if a weight of its own is plainer.

    Each defect costs 1, a weight of its own 3/2, or 5/2 if it is not round, and a loss whose reconstruction (of weight
    ``size``) is not just summed or averaged as these say costs 1 more: 12 may be a number of pixels, but not if the
    reconstruction is a sum. Of two that cost the same, the one that says how the reconstruction is reduced is plainer.
    """
    beta, shape = spec.beta or 1.0, tuple(spec.tensors[0].shape[1:])
    pixels = {1: "", math.prod(shape): "reconstruction-mean"} if math.prod(shape) > 1 else {1: ""}
    for chosen in product((False, True), repeat=len(shape)):
        part = math.prod(s for s, c in zip(shape, chosen, strict=True) if c)
        pixels.setdefault(part, "reconstruction-reduction")
    means = {1: "", math.prod(code[1:]): "kl-latent-mean of positions", code[0]: "kl-latent-mean of channels"}
    means |= {math.prod(code): "kl-latent-mean", 1: ""}
    targets = target(spec, e)
    best: tuple[tuple[float, bool], tuple[str, ...] | None] = (
        (1.5 + (not any(equal(size * t, beta) for t in _scales(e, targets, beta))) + (not _is_round(ratio)), False),
        None,
    )
    for (n, first), (d, second), (h, third), t in product(
        pixels.items(), means.items(), ((1, ""), (2, "kl-half")), targets
    ):
        if equal(ratio, t * n / d * h):
            codes = tuple(filter(None, (first, second, third)))
            whole = size * n * (t if e.likelihood.free else beta)
            # a mean over the pixels may be divided by their number again, with all the rest
            again = n == math.prod(shape)
            odd = not (equal(whole, beta) or (again and equal(whole * n, beta)))
            best = min(best, ((len(codes) + odd, odd), codes), key=lambda b: b[0])
            if not codes:
                return ()
    return best[1]


def _is_another_power(spec: VAESpec, e: Explanation, ratio: float) -> bool:
    """Whether the claimed variance of a normal likelihood is in a loss as its square or its root."""
    if spec.variance is None or e.likelihood.family != "normal" or not e.likelihood.free:
        return False
    return any(equal(ratio, (spec.beta or 1.0) * spec.variance**power) for power in (2.0, 0.5))


def _is_round(value: float) -> bool:
    """Whether a number has two digits at most, as people choose them."""
    return math.isclose(value, float(f"{value:.1e}"), rel_tol=1e-5)


def _scales(e: Explanation, targets: list[float], beta: float) -> list[float]:
    return targets if e.likelihood.free else [beta]


def _unnamed(spec: VAESpec, e: Explanation, ratio: float, shown: str, latents: int) -> Iterator[Finding]:
    """A ratio that is no reduction."""
    if e.likelihood.family == "normal" and e.likelihood.free:
        if spec.variance is not None:
            yield Finding(
                "variance-mismatch",
                f"the squared error amounts to a variance of {ratio:.4g}; what is claimed, or the decoder's own, is {spec.variance:.4g}",
                shown,
            )
            return
        amounts = f"{ratio:.4g} for variance 1, or 1 for a decoder variance of {ratio:.4g}"
        yield Finding("kl-weight", f"nobody declared this weight of the KL divergence: {amounts}", shown)
    else:
        beta = "" if spec.beta is None else f", the declared one is {spec.beta:g}"
        yield Finding(
            "kl-weight", f"the KL divergence has weight {ratio:.4g}{beta or ', which nobody declared'}", shown
        )


def declares_scale(spec: VAESpec, e: Explanation, ratio: float, kl_size: float, latents: int) -> bool:
    """Whether the loss has the constants of a density of this variance (Laplace: scale): then it says itself what it means.

    A density of scale 1, and one whose normaliser is 1, has none: of the latter only a KL divergence that is summed or
    averaged, ``kl_size`` being beta, is a sign.
    """
    b, beta = kl_weight(e), spec.beta or 1.0
    if e.likelihood.family not in DENSITY or not e.likelihood.free or spec.variance is not None or not b:
        return False
    scale, pixels = ratio / beta, math.prod(spec.tensors[0].shape[1:])
    unit, power = (pixels * c for c in DENSITY[e.likelihood.family])
    constant = e.constant * beta / b + unit / scale - power * math.log(scale)
    half = 0.5 * latents * beta
    stated = any(abs(constant - full + part) < 1e-3 * max(1.0, unit) for full in (0.0, unit) for part in (0.0, half))
    silent = abs(unit + power * math.log(scale)) < 1e-3 * unit and not equal(kl_size, beta)
    return stated and not silent and not equal(scale, 1.0)
