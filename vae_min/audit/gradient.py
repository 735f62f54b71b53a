"""Whether the gradient of the loss is that of what it is worth: the loss's autograd against the explanation's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
from torch import Tensor

from numerics import normal
from vae_min.audit.bench import Bench, Point
from vae_min.audit.explanation import Explanation, View, costs, terms, tolerance, view_of
from vae_min.audit.finding import Finding
from vae_min.audit.likelihood import heads_at
from vae_min.audit.noise import seeded
from vae_min.audit.sampler import Sampler

# where the value is reproduced to rounding, or not: as by a series for a logarithm
_TOLERANCE = {True: 1e-4, False: 1e-2}
CUT = {
    "code": "the code is detached",
    "decoder": "the code is detached where the decoder takes it",
    "scale": "the scale of the code is detached",
    "loc": "the location of the code is detached",
}

_SCORE = (
    "the gradient is one of log q(z|x) at a held code, as of a score function, but its weights are not the loss of each "
    "code less a baseline that does not depend on the draw"
)
_BASELINE = "let the weight of log q(z|x) be the loss at the code, detached, less what does not depend on the code"

_FIRST, _SECOND, _MANY, _RANK = 21, 22, 3, 1e-9

Value = Callable[[View], Tensor]


def rebuilt(bench: Bench, sampler: Sampler, view: View, cut: str = "") -> View | None:
    """The view with a code that is computed from the heads anew, so that its gradient is right by construction.

    ``cut`` names what is detached: "code", "decoder" (the code for the decoder alone), "scale" or "loc"; "posterior" detaches the heads of the divergence.
    """
    o, heads = view.observation, view.latent.heads
    scale = torch.zeros_like(heads.loc) if view.latent.scale is None else view.latent.scale
    noise = (
        torch.nan_to_num((view.latent.code - heads.loc) / scale).detach()
        if sampler.noisy
        else torch.zeros_like(view.latent.code)
    )
    loc, scale = (t.detach() if cut in (n, "code") else t for t, n in ((heads.loc, "loc"), (scale, "scale")))
    code = loc + scale * noise
    decoded = heads.loc.expand_as(code) if sampler.beside else code
    flat = sampler.in_order(decoded)
    parts = torch.split(flat.detach() if cut == "decoder" else flat, [c.numel() for c in o.codes])
    codes = [part.reshape(c.shape) for part, c in zip(parts, o.codes, strict=True)]
    outputs = [bench.decode(o.point, c, o.batch[1:]) for c in codes]
    output = heads_at(replace(o, codes=codes, outputs=outputs), sampler)
    assert output is not None
    posterior = cut == "posterior"
    kept = heads.detached() if posterior else heads
    return replace(
        view,
        output=output,
        latent=replace(
            view.latent,
            heads=kept,
            code=code,
            scale=view.latent.scale.detach() if posterior and view.latent.scale is not None else view.latent.scale,
        ),
    )


def compare(
    bench: Bench, sampler: Sampler, point: Point, values: dict[str, tuple[Value, str]], residual: float
) -> tuple[str, dict[str, float]] | None:
    """The first of several values whose gradient is the loss's, and the relative differences of all tried.

    Parameters
    ----------
    values : dict
        By name: what to differentiate, and what `rebuilt` is to cut.
    residual : float
        What the value of the loss leaves unexplained.

    Returns
    -------
    (str, dict) or None
        The name is empty if none has the loss's gradient; None if the code cannot be rebuilt.
    """
    view = view_of(bench, sampler, point, graph=True)
    if view is None:
        return None
    parameters = bench.state.trainable
    actual = _gradient(view.observation.loss, parameters)
    differences = {}
    for name, (value, cut) in values.items():
        anew = rebuilt(bench, sampler, view, cut)
        if anew is None:
            return None
        gradient = _gradient(value(anew), parameters)
        difference = (actual - gradient).norm() / torch.maximum(actual.norm(), gradient.norm()).clamp(min=1e-300)
        differences[name] = float(difference)
        if differences[name] < _TOLERANCE[bench.double and residual < tolerance(bench, innocent=False)]:
            return name, differences
    return "", differences


def _gradient(value: Tensor, parameters: list[Tensor]) -> Tensor:
    if not value.requires_grad:
        return torch.cat([torch.zeros_like(p).flatten() for p in parameters])
    gradients = torch.autograd.grad(value, parameters, allow_unused=True, retain_graph=True)
    return torch.cat([_or_zero(g, p).flatten() for g, p in zip(gradients, parameters, strict=True)])


def _or_zero(gradient: Tensor | None, parameter: Tensor) -> Tensor:
    return torch.zeros_like(parameter) if gradient is None else gradient


def findings(bench: Bench, sampler: Sampler, explanation: Explanation, point: Point) -> Iterator[Finding]:
    """What is wrong with the gradient of a loss whose value is explained."""

    def whole(view: View) -> Tensor:
        reconstruction, regulariser = terms(explanation, view)
        return reconstruction + regulariser

    values: dict[str, tuple[Value, str]] = {
        "whole": (whole, ""),
        "sticking": (whole, "posterior"),
        "code": (whole, "code"),
        "decoder": (whole, "decoder"),
        "scale": (whole, "scale"),
        "loc": (whole, "loc"),
        "kl": (lambda v: terms(explanation, v)[0], ""),
        "reconstruction": (lambda v: terms(explanation, v)[1], ""),
    }
    if not _is_sampled(explanation):
        del values["sticking"]
    outcome = compare(bench, sampler, point, values, explanation.residual)
    if outcome is None or outcome[0] in ("whole", "sticking"):
        return
    name, differences = outcome
    if not name and (baselines := _baselines(bench, sampler, explanation, point)):
        spread = float((baselines[0] - baselines[1]).abs().max())
        if spread > _TOLERANCE[bench.double] * max(1.0, float(baselines[0].abs().max())):
            shown = f"with other noise the weights, less the loss of each code, change by up to {spread:.2g}"
            yield Finding("unexplained", _SCORE, shown, remedy=_BASELINE)
        return
    shown = f"relative difference from the gradient of the value: {differences['whole']:.3g}"
    if name in CUT:
        yield Finding("gradient-cut", f"the gradient does not pass through the sampler: {CUT[name]}", shown)
    elif name:
        what = {"kl": "KL divergence", "reconstruction": "reconstruction"}[name]
        yield Finding("value-only", f"the {what} is in the value of the loss, but not in its gradient", shown)
    else:
        yield Finding("value-only", "the gradient of the loss is not the gradient of its value", shown)


def _is_sampled(e: Explanation) -> bool:
    """Whether the divergence is estimated from log q(z|x) at the draw, whose score has mean zero and may be left out."""
    return e.divergence.form == "sampled" or (len(e.kl) == 5 and abs(e.kl[4]) > 1e-6 * abs(e.reconstruction[0]))


def _baselines(bench: Bench, sampler: Sampler, e: Explanation, point: Point) -> list[Tensor]:
    """What is taken from the loss of each code, (k B,), before it weights log q(z|x) at the held code, at two draws of the noise.

    Empty if the gradient is none of the score function. Where the baseline does not depend on the draw, the mean of the
    gradient is that of the bound.
    """
    found = []
    for seed in (_FIRST, _SECOND):
        weights = _score_weights(bench, sampler, e, replace(point, noise=seeded(seed)))
        if weights is None:
            return []
        found.append(weights)
    return found


def _score_weights(bench: Bench, sampler: Sampler, e: Explanation, point: Point) -> Tensor | None:
    view = view_of(bench, sampler, point, graph=True)
    anew = None if view is None or not sampler.noisy else rebuilt(bench, sampler, view, "code")
    if view is None or anew is None or anew.latent.scale is None:
        return None
    parameters, latent, cost = bench.state.trainable, anew.latent, costs(e, anew).detach().flatten()
    scores: Tensor = normal.log_prob(latent.code.detach(), latent.heads.loc, latent.scale).sum(-1).flatten()
    columns = torch.stack([_gradient(s, parameters) for s in scores], 1)
    if int(columns.any(1).sum()) < _MANY * len(scores):
        return None  # so few parameters that such weights may be found for any gradient
    own = columns @ cost / len(cost)
    rest = _gradient(view.observation.loss, parameters) - _gradient(torch.stack(terms(e, anew)).sum(), parameters) - own
    taken: Tensor = torch.linalg.lstsq(columns.cpu(), rest.cpu().unsqueeze(1), rcond=_RANK, driver="gelsd").solution
    if (columns @ taken.to(rest)).squeeze(1).sub(rest).norm() > _TOLERANCE[bench.double] * (rest + own).norm():
        return None
    return -len(scores) * taken.squeeze(1)
