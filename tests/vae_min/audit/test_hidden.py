"""Pairs that are none: the rules hold where they should, and defects said to cancel do cancel."""

import random
from contextlib import suppress

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from vae_min.audit.noise import Noise, constant

from .corpus import PROGRAMS, Mutant, all_pairs, batch, modules, source
from .defect import DEFECTS, InjectionError, inject
from .hidden import HIDDEN, reason
from .test_corpus import perturbed, value_and_gradient


def defect(code, name=""):
    return next(d for d in DEFECTS if d.code == code and d.name.startswith(name))


@pytest.mark.parametrize(
    ("one", "other", "hidden"),
    [
        (defect("mean-in-training"), defect("noise-law"), True),
        (defect("noise-law"), defect("mean-in-training"), True),
        (defect("mean-in-training"), defect("kl-half"), False),
        (defect("kl-missing"), defect("kl-half"), True),
        (defect("kl-missing"), defect("noise-law"), False),
        (defect("kl-weight"), defect("kl-latent-mean"), True),
        (defect("kl-weight"), defect("kl-batch-sum"), False),
        (defect("kl-half"), defect("kl-latent-mean"), False),
    ],
)
def test_a_rule_holds_of_its_codes_alone_in_either_order(one, other, hidden):
    assert bool(reason(one, other, "")) is hidden


def test_a_claim_lifts_a_rule():
    pair = defect("kl-missing"), defect("sampler-scale-mismatch", "raw head")
    assert reason(*pair, "")
    assert not reason(*pair, 'head="log_variance"')


def test_every_rule_is_needed():
    assert {hidden for _, hidden in all_pairs()} - {""} <= {rule.reason for rule in HIDDEN}
    held = [m for m, hidden in all_pairs() if hidden]
    assert all(any(rule.holds(*m.defects, m.source) for m in held) for rule in HIDDEN)


# --- each pair that is none, shown to be none ---


def measured(text, seed, size=4, training=True, noise=None):
    """The value of a program's loss and its gradient in all parameters."""
    spec = perturbed(text, seed, batch_size=size)
    for module in modules(spec):
        module.train(training)
    with Noise(noise):
        value, gradient = value_and_gradient(spec, lambda: spec.loss(*batch(spec)))
    return torch.cat([torch.tensor([value]), gradient]).double()


def combine(text, parts, seed, size):
    """The coefficients with which the gradients of other programs' losses make up that of one; None if they do not."""
    y, *columns = (torch.cat([measured(t, seed + k, size)[1:] for k in range(2)]) for t in (text, *parts))
    design = torch.stack(columns, 1)
    found = torch.linalg.lstsq(design, y[:, None]).solution
    return found[:, 0] if float((design @ found - y[:, None]).norm()) < 1e-4 * float(y.norm()) else None


def equal(text, other, seed, **how):
    first, second = measured(text, seed, **how), measured(other, seed, **how)
    return float((first - second).norm()) < 1e-5 * float(second.norm())


def same(both, alone, right, seed):
    """In both modes, the loss is that with one of the two defects."""
    return any(all(equal(both, one, seed, training=mode) for mode in (True, False)) for one in alone)


def multiple(both, alone, right, seed):
    return any(all(combine(both, [one], seed, size) is not None for size in (4, 8)) for one in alone)


def two_terms(both, alone, right, seed):
    """Some weights of the two terms give the loss at each size of the batch."""
    return any(all(combine(both, [right, one], seed, size) is not None for size in (4, 8)) for one in alone)


def quotient(both, alone, right, seed):
    """The ratio of the weights of the two terms is the same for each size of the batch."""
    program = next(p for p in PROGRAMS if source(p) == right)
    single = inject(right, defect("kl-missing").edits[program])
    found = [combine(both, [single, right], seed, size) for size in (4, 8)]
    ratios = [float(c[1] / c.sum()) for c in found if c is not None]
    return len(ratios) == 2 and abs(ratios[0] - ratios[1]) < 1e-3 * abs(ratios[0])


def renamed(both, alone, right, seed):
    """Without noise, the loss is that of one defect and knows nothing of the second head: it reads that in z alone."""
    spec = perturbed(both, seed, batch_size=4)
    in_loc, in_second = (
        value_and_gradient(spec, lambda k=k: heads_of(spec.encode(*batch(spec)))[k].square().sum())[1] for k in (0, 1)
    )
    own = (in_loc == 0) & (in_second != 0)
    zero = measured(both, seed, noise=constant(0.0))
    unread = bool(own.any()) and not bool(zero[1:][own].any())
    return unread and any(equal(both, one, seed, noise=constant(0.0)) for one in alone)


def heads_of(output):
    return (output.mean, output.stddev) if isinstance(output, torch.distributions.Distribution) else output


def unweighted(both, alone, right, seed):
    """The loss is that of one defect, or the mean over the samples of the logarithms of the weights."""
    program = next(p for p in PROGRAMS if source(p) == right)
    try:
        mean = inject(both, defect("mean-of-logs").edits[program])
    except InjectionError:
        return same(both, alone, right, seed)
    return equal(mean, both, seed) or same(both, alone, right, seed)


def ranged(both, alone, right, seed):
    """The second head is the code's scale, and may be any number between 0 and 1."""
    specs = [perturbed(both, seed + k, by=2.0) for k in range(8)]
    values = torch.cat([spec.encode(*batch(spec))[1].flatten() for spec in specs])
    return bool(((values >= 0) & (values <= 1)).all()) and values.min() < 0.1 and values.max() > 0.9  # rounded


def cancel(both, alone, right, seed):
    """The loss is a multiple of the right one, and that with one defect is not."""
    return combine(both, [right], seed, 4) is not None and all(combine(one, [right], seed, 4) is None for one in alone)


def refused(both, alone, right, seed):
    """The loss cannot be computed or differentiated, each of the two defects alone can."""
    assert all(measured(one, seed).isfinite().all() for one in alone)
    try:
        measured(both, seed)
    except RuntimeError as error:
        return "inplace operation" in str(error) or "between 0 and 1" in str(error)
    return False


def half_a_logarithm(both, alone, right, seed):
    """The loss is halfway between the right one and that without the logarithm of the scale."""
    program = next(p for p in PROGRAMS if source(p) == right)
    lost = inject(right, defect("kl-term", "lost log").edits[program])
    found = combine(both, [lost, right], seed, 4)
    return found is not None and bool(torch.allclose(found, torch.full_like(found, 0.5), rtol=1e-3))


def half_a_log_scale(both, alone, right, seed):
    """The scale of the code is exp(v), and the loss has its terms in their weights but for the logarithm, which is halved."""
    program = next(p for p in PROGRAMS if source(p) == right)
    without = []
    for one in alone:
        with suppress(InjectionError):  # of the defect that is in the divergence
            without.append(inject(one, defect("kl-missing").edits[program]))
    if len(without) != 1:
        return False

    def terms(k):
        spec = perturbed(both, seed + k, batch_size=4)
        values = (lambda loc, v: loc.square(), lambda loc, v: (2 * v).exp(), lambda loc, v: v)
        return [
            value_and_gradient(spec, lambda f=f: f(*heads_of(spec.encode(*batch(spec)))[:2]).sum())[1] for f in values
        ]

    by_seed = [terms(k) for k in range(2)]
    columns = [torch.cat(parts).double() for parts in zip(*by_seed, strict=True)]
    y, rest = (torch.cat([measured(t, seed + k)[1:] for k in range(2)]) for t in (both, *without))
    design = torch.stack([rest, *columns], 1)
    found = torch.linalg.lstsq(design, y[:, None]).solution[:, 0]
    fits = float((design @ found - y).norm()) < 1e-4 * float(y.norm())
    expected = torch.stack([torch.ones_like(found[1]), found[1], found[1], -found[1]])
    right_but_half = fits and found[1] > 0 and bool(torch.allclose(found, expected, rtol=1e-2))
    return right_but_half and is_code(both, seed, lambda loc, v, noise: loc + v.exp() * noise)


class Outputs(TorchDispatchMode):
    """Keeps what every operation gives."""

    def __init__(self):
        super().__init__()
        self.kept = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        if isinstance(out, torch.Tensor) and out.is_floating_point():
            self.kept.append(out.clone())
        return out


def is_code(text, seed, expected):
    """Whether some operation in the loss gives this function of the heads and of the noise, all of it 0 or all 1."""
    spec = perturbed(text, seed, batch_size=4)
    with torch.no_grad():
        heads = heads_of(spec.encode(*batch(spec)))[:2]
        for noise in (0.0, 1.0):
            with Outputs() as outputs, Noise(constant(noise)):
                spec.loss(*batch(spec))
            code = expected(*heads, noise)
            if not any(t.shape == code.shape and torch.allclose(t, code, rtol=1e-4) for t in outputs.kept):
                return False
    return True


def one_term(both, alone, right, seed):
    """The loss is a multiple of the right one but for the weight of the squared mean."""
    specs = [perturbed(right, seed + k, batch_size=4) for k in range(2)]
    squares = [
        value_and_gradient(spec, lambda s=spec: heads_of(s.encode(*batch(s)))[0].square().sum())[1] for spec in specs
    ]
    y, whole = (torch.cat([measured(text, seed + k)[1:] for k in range(2)]) for text in (both, right))
    design = torch.stack([whole, torch.cat(squares).double()], 1)
    found = torch.linalg.lstsq(design, y[:, None]).solution
    return float((design @ found - y[:, None]).norm()) < 1e-4 * float(y.norm()) and float(found[0]) > 0


def share_of_data(both, alone, right, seed):
    """The divergence's weight relative to the reconstruction is the batch's share of some number of examples."""
    program = next(p for p in PROGRAMS if source(p) == right)
    single = inject(right, defect("kl-missing").edits[program])
    found = {size: combine(both, [single, right], seed, size) for size in (4, 8)}
    if any(c is None for c in found.values()):
        return False
    numbers = [size * float(c.sum() / c[1]) for size, c in found.items()]
    return numbers[0] > 100 and abs(numbers[0] - numbers[1]) < 1e-3 * numbers[0]


def nothing_left(both, alone, right, seed):
    """The gradient of the loss is that of the right one less that without the divergence."""
    program = next(p for p in PROGRAMS if source(p) == right)
    found = combine(both, [right, inject(right, defect("kl-missing").edits[program])], seed, 4)
    return found is not None and bool(torch.allclose(found, torch.tensor([1.0, -1.0]).to(found), rtol=1e-3))


def averaged(both, alone, right, seed):
    """The loss is the mean over the samples of what it is where all have the noise of one."""
    samples = perturbed(both, seed, batch_size=7).num_importance_samples

    def alike(k):
        def source_of(index, like):
            noise = torch.randn(like.shape, generator=torch.Generator().manual_seed(seed + index))
            axis = like.shape.index(samples)
            return noise if k is None else noise.select(axis, k).unsqueeze(axis).expand(like.shape)

        return measured(both, seed, size=7, noise=source_of)

    mean = torch.stack([alike(k) for k in range(samples)]).mean(0)
    return float((alike(None) - mean).norm()) < 1e-5 * float(mean.norm())


WAYS = {
    "same": same,
    "multiple": multiple,
    "two terms": two_terms,
    "quotient": quotient,
    "renamed": renamed,
    "unweighted": unweighted,
    "range": ranged,
    "cancel": cancel,
    "refused": refused,
    "half a logarithm": half_a_logarithm,
    "half a log-scale": half_a_log_scale,
    "averaged": averaged,
    "share": share_of_data,
    "one term": one_term,
    "nothing left": nothing_left,
}


def shown(mutant, way, seed):
    right = source(mutant.program)
    alone = [inject(right, d.edits[mutant.program]) for d in mutant.defects]
    return WAYS[way](mutant.source, alone, right, seed)


def drawn(seed, count):
    """Pairs of each rule, so many at most, with the way in which it is shown."""
    hidden = list(all_pairs())
    for rule in HIDDEN:
        held = [m for m, why in hidden if why == rule.reason]
        yield from ((m, rule) for m in random.Random(seed).sample(held, min(count, len(held))))


def test_a_rule_leaves_out_what_cannot_be_seen_alone(seed):
    for mutant, rule in drawn(seed, 6):
        assert shown(mutant, rule.shown, seed), (rule.reason, mutant.program, [d.name for d in mutant.defects])


@pytest.mark.parametrize("way", WAYS)
def test_a_pair_that_can_be_seen_is_not_shown_to_be_none(way, seed):
    program, one, other = {
        "same": ("monte_carlo", defect("mean-in-training", "the decoder"), defect("noise-law", "uniform")),
        "multiple": ("tutorial", defect("kl-half"), defect("reconstruction-mean")),
        "two terms": ("tutorial", defect("kl-term", "lost log"), defect("sigmoid-twice", "logits")),
        "quotient": ("tutorial", defect("reconstruction-mean", "mean over the pixels"), defect("kl-batch-mean")),
        "renamed": ("tutorial", defect("kl-half"), defect("sampler-scale-mismatch", "exp of")),
        "unweighted": ("iwae", defect("mean-in-training", "the decoder"), defect("weights-sign", "the inverse ratio")),
        "range": ("tutorial", defect("head-range", "rectified log"), defect("sampler-scale-mismatch", "raw")),
        "cancel": ("tutorial", defect("kl-half"), defect("kl-latent-mean")),
        "half a logarithm": ("tutorial", defect("kl-half"), defect("head-modified", "the head is halved")),
        "half a log-scale": (
            "tutorial",
            defect("sampler-scale-mismatch", "raw head"),
            defect("kl-term", "square of the variance"),
        ),
        "share": ("tutorial", defect("kl-weight", "a small weight"), defect("kl-half")),
        "one term": ("normal", defect("kl-term", "half on the square alone"), defect("noise-law", "uniform")),
        "nothing left": ("shared_variance", defect("scale-unused"), defect("kl-half")),
        "averaged": ("iwae", defect("kl-inside-weights"), defect("weights-term", "no prior")),
        "refused": ("tutorial", defect("head-range", "rectified mean"), defect("head-modified")),
    }[way]
    edits = [d.edits[program] for d in (one, other)]
    try:
        both = inject(source(program), *edits)
    except InjectionError:  # both in one place: one alone
        both = inject(source(program), edits[0])
    assert not shown(Mutant(program, (one, other), both), way, seed)
