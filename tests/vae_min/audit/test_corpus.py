"""The programs of the corpus are right, and each injected defect changes what it should."""

import pytest
import scipy.stats
import torch

from .corpus import PROGRAMS, batch, each, pairs, parameters, run, source
from .defect import DEFECTS, InjectionError, inject
from .oracle import TRUTHS, Truth, log_likelihood, negative_bound, noise_shape, normal_log_prob


def perturbed(text, seed, by=0.2, **sizes):
    """A spec of the text, its parameters away from their first values."""
    spec = run(text, seed=seed, **sizes)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in parameters(spec):
            parameter += by * torch.randn(parameter.shape, generator=generator)
    return spec


def value_and_gradient(spec, call, seed=7):
    """What a call gives with the random state of a seed, and its gradient in all parameters."""
    torch.manual_seed(seed)
    value = call()
    found = torch.autograd.grad(value, parameters(spec), allow_unused=True)
    zeros = (torch.zeros_like(p) if g is None else g for p, g in zip(parameters(spec), found, strict=True))
    return value.item(), torch.cat([g.flatten() for g in zeros])


def differ(first, second, relative):
    """Whether two values or two gradients differ by more than single precision explains."""
    (value, gradient), (other, changed) = first, second
    return abs(value - other) > relative * abs(value) or (gradient - changed).norm() > relative * gradient.norm()


def test_every_program_has_its_truth():
    assert set(TRUTHS) == set(PROGRAMS)


@pytest.mark.parametrize(("latent", "batch_size", "steps"), [(3, 8, 0), (1, 5, 20), (17, 2, 0)])
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_is_its_bound_but_for_a_constant(program, latent, batch_size, steps, seed):
    truth, offsets, values = TRUTHS[program], [], []
    for k in range(2):
        spec = perturbed(source(program), seed + k, latent=latent, batch_size=batch_size, steps=steps)

        def oracle(spec=spec):
            return negative_bound(spec, truth, torch.randn(noise_shape(spec, truth)))

        value, gradient = value_and_gradient(spec, lambda spec=spec: spec.loss(*batch(spec)))
        expected, right = value_and_gradient(spec, oracle)
        assert not differ((0.0, right), (0.0, gradient), truth.rounding)
        offsets.append(value - expected)
        values.append(abs(value))
    assert not truth.value or offsets[0] == pytest.approx(offsets[1], abs=1e-5 * max(values))


def test_densities_of_the_oracle_are_those_of_scipy():
    x, loc, scale = torch.tensor([0.3, -1.2]), torch.tensor([0.7, 0.4]), torch.tensor([0.6, 1.3])
    expected = torch.from_numpy(scipy.stats.norm(loc, scale).logpdf(x))
    torch.testing.assert_close(normal_log_prob(x, loc, scale).double(), expected, rtol=1e-5, atol=0)
    laplace = log_likelihood(Truth(likelihood="laplace"), loc, x)
    torch.testing.assert_close(
        laplace.double(), torch.from_numpy(scipy.stats.laplace(loc).logpdf(x)), rtol=1e-5, atol=0
    )
    bits = torch.tensor([1.0, 0.0])
    for kind, output in (("bernoulli", loc), ("logits", torch.logit(loc))):
        found = log_likelihood(Truth(likelihood=kind), output, bits)
        torch.testing.assert_close(
            found.double(), torch.from_numpy(scipy.stats.bernoulli(loc).logpmf(bits)), rtol=1e-5, atol=0
        )


def test_each_defect_has_a_program_and_changes_it(seed):
    assert all(defect.edits for defect in DEFECTS)
    # what shows in eval mode, in the data, in the report or in a range alone
    silent = {"mean-in-evaluation", "grey-values", "head-range", "reported-sign", "reported-scale"}

    def seen(text, by):
        spec = perturbed(text, seed, by)
        return value_and_gradient(spec, lambda: spec.loss(*batch(spec)))

    amounts = (0.2, 0.6)  # a clamp shows in large outputs alone, large outputs overflow
    right = {(program, by): seen(source(program), by) for program in PROGRAMS for by in amounts}
    for mutant in each(1, seed):
        (defect,) = mutant.defects
        if defect.code not in silent and defect.name not in {"claimed otherwise", "beta not declared"}:
            shown = any(differ(right[mutant.program, by], seen(mutant.source, by), 1e-6) for by in amounts)
            assert shown, (mutant.program, defect.code, defect.name)


def test_an_edit_without_one_place_is_an_error():
    with pytest.raises(InjectionError, match="0 places for 'absent', not one"):
        inject("text", (("absent", ""),))
    with pytest.raises(InjectionError, match="2 places for 't', not one"):
        inject("text", (("t", ""),))


def test_pairs_are_of_two_codes_and_hold_both_edits(seed):
    for mutant in pairs(50, seed):
        first, second = mutant.defects
        assert first.code != second.code
        assert mutant.source != source(mutant.program)
        assert all(new in mutant.source for _, new in second.edits[mutant.program])
