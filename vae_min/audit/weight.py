"""What the coefficients of an explanation mean: the weights of both terms, and what is wrong with these terms."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vae_min.audit.explanation import Explanation
from vae_min.audit.finding import Finding
from vae_min.audit.head import CHANGED
from vae_min.audit.sampler import Sampler

_CLOSE = 2e-3  # relative: user code may add 1e-8 or so where the explanation adds nothing
_NOTHING = 1e-9  # a relative weight below it is none; public code has some of 1e-6
DENSITY = {"normal": (0.5 * math.log(2 * math.pi), 0.5), "laplace": (math.log(2), 1.0)}
"""Per pixel: -log p at the location for scale one, and what the logarithm of variance or scale adds to it."""
_BASES = {"log2": 1 / math.log(2), "log10": 1 / math.log(10)}


@dataclass(frozen=True)
class Weights:
    """Coefficients of the negative log-likelihood and of the KL divergence in the loss; None where there is no single one."""

    reconstruction: float | None
    kl: float | None


def equal(a: float, b: float, unit: float = 0.0) -> bool:
    """Equal to the accuracy of an audit."""
    return abs(a - b) <= _CLOSE * max(abs(a), abs(b), unit)


def reconstruction_weight(e: Explanation) -> float | None:
    """The factor of -log p(x|z), if its terms have a common one."""
    parts = [c / p for c, p in zip(e.reconstruction, e.likelihood.proper, strict=True)]
    return float(parts[0]) if all(equal(p, parts[0]) for p in parts) else None


def weight_of_errors(e: Explanation) -> float | None:
    """`reconstruction_weight`, or that of the errors where the logarithm of the scale is missing."""
    c = e.reconstruction
    missing = len(c) == 2 and abs(c[1]) < _CLOSE * abs(c[0])
    return float(c[0]) if missing else reconstruction_weight(e)


def kl_parts(e: Explanation) -> tuple[float, ...]:
    """Twice the weights, on average over the noise, of squared location, variance and minus log-variance."""
    c = e.kl
    if e.divergence.form == "modulus":
        return (c[0],)
    if e.divergence.form == "sampled":
        return (2 * c[1], -2 * c[0])
    sampled = c[3] if len(c) == 5 and e.divergence.form == "standard" else 0.0
    sign = 1.0 if e.divergence.form == "reversed" else -1.0
    return (2 * (c[0] + sampled), 2 * (c[1] + sampled), sign * 2 * c[2])


def kl_weight(e: Explanation) -> float | None:
    """The factor of KL(q || p), if its terms have a common one and it is read as one."""
    if e.divergence.form not in ("standard", "sampled"):
        return None
    parts, unit = kl_parts(e), 1e-3 * float(abs(e.reconstruction[0]))
    return float(parts[0]) if all(equal(p, parts[0], unit) for p in parts) else None


def common_kl_weight(e: Explanation) -> float | None:
    """`kl_weight`, or the factor that most terms of a divergence share of which one is off, or that of its only term."""
    whole, unit = kl_weight(e), 1e-3 * float(abs(e.reconstruction[0]))
    if whole is not None:
        return whole
    if e.divergence.form == "loose":  # variance and log-variance
        pair = 2 * float(e.kl[4]), -2 * float(e.kl[6])
        return pair[0] if abs(pair[0]) > unit and equal(*pair, unit) else None
    parts = kl_parts(e)
    most = min(2, len(parts))
    held = [p for p in parts if abs(p) > unit]
    shared = [p for p in held if len(held) == 1 or sum(equal(p, other, unit) for other in parts) >= most]
    return shared[0] if shared else None


def is_whole(e: Explanation) -> bool:
    """Whether no term of the divergence is off."""
    parts = kl_parts(e)
    return e.divergence.form != "loose" and all(equal(p, parts[0]) for p in parts)


def is_sampled(e: Explanation) -> bool:
    """Whether the divergence holds log p(z) at the draw."""
    at_draw = {"standard": e.kl[3:4], "sampled": e.kl[1:2]}.get(e.divergence.form, ())
    return any(abs(c) > 1e-6 * abs(e.reconstruction[0]) for c in at_draw)


def is_estimated(e: Explanation) -> bool:
    """Whether the divergence holds log p(z) or log q(z|x) at the draw."""
    estimates = {"standard": e.kl[3:], "sampled": e.kl}.get(e.divergence.form, ())
    return not _is_negligible(e, estimates)


def is_uniform(e: Explanation) -> bool:
    """Whether the divergence is that of uniform noise, of whose density only the logarithm of the scale is not constant."""
    if e.divergence.form != "standard" or not e.divergence.own or len(e.kl) < 5 or is_missing(e):
        return False
    whole, unit = float(e.kl[3]), 1e-3 * float(abs(e.reconstruction[0]))
    pairs = ((float(c), w) for c, w in zip(e.kl, (0.0, 0.0, -whole, whole, 0.0), strict=True))
    return whole > 0 and all(abs(c - w) <= _CLOSE * max(whole, unit) for c, w in pairs)


def is_missing(e: Explanation) -> bool:
    """Whether the divergence has no weight; one of 1e-6 is a weight, public code has them."""
    return all(abs(p) < _NOTHING * abs(e.reconstruction[0]) for p in kl_parts(e))


def other_prior(e: Explanation, latents: int, pixels: int) -> tuple[float, float] | None:
    """Location and scale of a normal prior, in units of the declared one, of which the loss has the divergence with its constant.

    A wrong weight of the logarithm alone is no such scale: it leaves the constant of a standard prior.
    """
    moved = e.divergence.form == "loose"
    whole = -2 * float(e.kl[6]) if moved else kl_parts(e)[-1]
    loc, scale = _of_moved_prior(e, whole) if moved else (0.0, _of_another_prior(e, kl_parts(e)))
    if not scale or (equal(scale, 1.0) and not loc):
        return None
    half = 0.5 * latents * whole
    unit = float(e.reconstruction[0]) * pixels * DENSITY.get(e.likelihood.family, (0.0, 0.0))[0]
    own = half * ((loc / scale) ** 2 + 2 * math.log(scale)) - (0.0 if is_estimated(e) else half)
    close = 1e-6 * max(1.0, abs(half), abs(unit))
    return (loc, scale) if any(abs(e.constant - own - c) < close for c in (0.0, unit, -unit)) else None


def _of_moved_prior(e: Explanation, whole: float) -> tuple[float, float]:
    """The location, not 0, and the scale of the normal prior of which the loose terms are the divergence; the scale is 0 if they are none."""
    c = [float(v) for v in e.kl]
    others = (c[2], c[3], c[5], *c[7:])
    if not e.divergence.own or not equal(c[1], c[4]) or c[1] * whole <= 0 or not _is_negligible(e, others):
        return 0.0, 0.0
    return -0.5 * c[0] / c[1], math.sqrt(0.5 * whole / c[1])


def _of_another_prior(e: Explanation, parts: tuple[float, ...]) -> float | None:
    """The scale of the normal prior whose divergence has these parts, but for a constant, in units of the declared one."""
    if e.divergence.form != "standard" or not equal(parts[0], parts[1]) or parts[0] * parts[2] <= 0:
        return None
    return math.sqrt(parts[2] / parts[0])


def weights(e: Explanation) -> Weights:
    """Both factors."""
    return Weights(reconstruction_weight(e), kl_weight(e))


# --- findings ---


def of_terms(e: Explanation, sampler: Sampler) -> Iterator[Finding]:
    """What is wrong with the terms themselves."""
    parts, a = kl_parts(e), float(e.reconstruction[0])
    evidence = "weights relative to the reconstruction: " + _named(e, [p / a for p in parts])
    if reconstruction_weight(e) is None:
        missing = len(e.reconstruction) == 2 and abs(e.reconstruction[1]) < _CLOSE * abs(a)
        shown = f"squares (or moduli) have weight {e.reconstruction[0]:.4g}, log-scales {round(e.reconstruction[1], 9) + 0.0:.4g}"
        yield (
            Finding("log-scale-missing", "the decoder's scale is learned, but its logarithm is not in the loss", shown)
            if missing
            else Finding("variance-mismatch", "the errors and the logarithm of the scale have different weights", shown)
        )
    if is_missing(e):
        yield Finding("kl-missing", "the loss has no KL divergence", evidence)
    elif e.divergence.form == "modulus":
        yield Finding("kl-clamped", "the loss takes the absolute value of the estimate of the KL divergence", evidence)
        if parts[0] / a < 0:
            yield _sign(evidence)
    elif e.divergence.form in ("swapped", "reversed"):
        what = "location and second head are swapped" if e.divergence.form == "swapped" else "q and p are swapped"
        proper = equal(parts[1], parts[2]) and (equal(parts[0], parts[1]) or _is_halved(e, sampler))
        yield Finding("kl-arguments" if proper else "kl-term", f"in the KL divergence {what}", evidence)
        if proper and parts[1] / a < 0:
            yield _sign(evidence)
    elif kl_weight(e) is None:
        yield from _unequal(e, sampler, parts, evidence)
    elif parts[0] / a < 0:
        yield _sign(evidence)
    elif a < 0:
        yield Finding("kl-sign", "both terms have the wrong sign: the loss is minimised, and it is the ELBO", evidence)
    yield from of_reading(e, sampler)


def _sign(evidence: str) -> Finding:
    return Finding("kl-sign", "the KL divergence has the wrong sign beside the reconstruction", evidence)


def of_reading(e: Explanation, sampler: Sampler) -> Iterator[Finding]:
    """Whether sampler and divergence read the second head alike; of the reconstruction the weight's size alone counts."""
    reading = "half log_variance" if _is_halved(e, sampler) else e.divergence.reading
    if _reads_otherwise(e, sampler, reading) and (sampler.noisy or (sampler.in_place and reading in CHANGED)):
        yield _mismatch(e, sampler, reading)
        unchanged = reading.split()[-1]  # how the head was read before it was changed
        if reading in CHANGED and sampler.in_place and sampler.names and not _is_read(sampler, unchanged):
            yield _otherwise(sampler, unchanged)


def _is_halved(e: Explanation, sampler: Sampler) -> bool:
    """Whether a divergence of swapped arguments holds the square of a second head that was halved in place."""
    parts = kl_parts(e)
    return e.divergence.form == "swapped" and sampler.in_place and equal(4 * parts[0], parts[1])


def _reads_otherwise(e: Explanation, sampler: Sampler, reading: str) -> bool:
    """Whether the divergence depends on the scale, and on another than that of the code.

    One of swapped arguments reads the second head as it would if they were put right.
    """
    if e.divergence.form == "swapped":
        return not _is_read(sampler, reading)
    if e.divergence.form == "loose" and e.divergence.own:  # a power of the scale where the variance should be
        return not _is_negligible(e, (e.kl[3], e.kl[5]))
    of_scale = {
        "standard": (*e.kl[1:2], *e.kl[4:]),
        "sampled": (*e.kl[:1], *e.kl[2:]),
        "reversed": e.kl[1:2],
        "loose": e.kl[3:6],
        "modulus": e.kl,
    }
    return not (e.divergence.own or _is_negligible(e, of_scale.get(e.divergence.form, ())))


def _is_negligible(e: Explanation, coefficients: Iterable[float]) -> bool:
    return all(abs(float(c)) <= 1e-6 * abs(float(e.reconstruction[0])) for c in coefficients)


def _is_read(sampler: Sampler, reading: str) -> bool:
    return sampler.factor == 1 and reading in sampler.names


def _mismatch(e: Explanation, sampler: Sampler, reading: str) -> Finding:
    if e.divergence.own:
        message = "the variance in the KL divergence is another power of the sampler's scale than its square"
        shown = f"of the scale, its square and its fourth power it holds {', '.join(f'{c:.4g}' for c in e.kl[3:6])}"
        halved = _is_negligible(e, e.kl[4:6]) and "log_variance" in sampler.names  # the square of that of half the head
        if sampler.in_place and halved:
            return Finding(
                "head-modified", f"an in-place operation changes the head between its uses: {message}", shown
            )
        return Finding("sampler-scale-mismatch", message, shown)
    found = _otherwise(sampler, reading)
    if sampler.in_place and reading in CHANGED:
        message = f"an in-place operation changes the head between its uses: {found.message}"
        return Finding("head-modified", message, found.evidence)
    return found


def _otherwise(sampler: Sampler, reading: str) -> Finding:
    if sampler.names:
        read = f"the sampler reads the second head as {sampler.name}, the KL divergence as {reading}"
        own = _scale_of(sampler.names[0], sampler.factor)
    else:
        read = f"the KL divergence reads the second head as {reading}, the sampler in no known way"
        own = "no known function of it"
    shown = f"of v = 0.5, the sampler's scale is {own}, that of the KL divergence {_scale_of(reading)}"
    return Finding("sampler-scale-mismatch", read, shown)


def _scale_of(name: str, factor: float = 1.0) -> str:
    import torch

    from vae_min.audit.head import READINGS

    return f"{factor * float(READINGS[name](torch.tensor(0.5))):.4f}"


def _unequal(e: Explanation, sampler: Sampler, parts: tuple[float, ...], evidence: str) -> Iterator[Finding]:
    if _lacks_factor(e, sampler, parts):
        message = f"the sampler multiplies the scale by {abs(sampler.factor):.4g}, the KL divergence does not"
        yield Finding("sampler-scale-mismatch", message, evidence)
        parts = (parts[0], parts[1] * sampler.factor**2, parts[2])  # as it would be for the scale that it reads
        if equal(parts[0], parts[1]) and equal(parts[0], parts[2]):
            return
    if e.divergence.form == "standard" and equal(parts[0], parts[1]):
        for name, factor in _BASES.items():
            if equal(parts[2], factor * parts[0]):
                yield Finding("kl-log-base", f"the KL divergence uses {name}, not the natural logarithm", evidence)
                return
    message = "the terms of the KL divergence have different weights, or are not those of one"
    if scale := _of_another_prior(e, parts):
        message += f", or the prior has {scale:.4g} times the scale that VAESpec(prior=...) gives (1 if none is given)"
    yield Finding("kl-term", message, evidence)
    if (common_kl_weight(e) or 0.0) / float(e.reconstruction[0]) < 0:
        yield _sign(evidence)


def _lacks_factor(e: Explanation, sampler: Sampler, parts: tuple[float, ...]) -> bool:
    """Whether the variance has the weight of another term of the divergence once the sampler's factor is taken from it.

    To the logarithm of the scale the factor adds a constant alone, so that its weight may be off for a reason of its own.
    """
    if e.divergence.form != "standard" or not e.divergence.own or sampler.factor == 1:
        return False
    others = [p for p in (parts[0], parts[2]) if p]
    return any(equal(parts[1] * sampler.factor**2, p) for p in others) and not any(equal(parts[1], p) for p in others)


def _named(e: Explanation, values: list[float]) -> str:
    names = {
        "sampled": ("-log p(z)", "log q(z|x)"),
        "swapped": ("second^2", "exp(loc)", "-loc"),
        "reversed": ("loc^2 / variance", "1 / variance", "log-variance"),
        "standard": ("loc^2", "variance", "-log-variance"),
        "modulus": ("|log q(z|x) - log p(z)|",),
        "loose": ("loc", "loc^2", "|loc|"),
    }[e.divergence.form]
    return ", ".join(f"{n} {v if abs(v) > _NOTHING else 0:.4g}" for n, v in zip(names, values, strict=False))
