"""The bench runs a loss at points: what it observes there, and what it refuses."""

from contextlib import nullcontext
from dataclasses import replace

import pytest
import torch
from torch import distributions, nn

from vae_min.audit.bench import Bench, Point
from vae_min.audit.noise import seeded
from vae_min.audit.spec import AuditError, VAESpec

from .small import bce, kl, spec

POINT = Point(3, 5, 4, seeded(7))


def test_an_observation_holds_what_the_loss_is_made_of() -> None:
    with Bench(spec()).open() as bench:
        o = bench.observe(POINT)
        loc, v = o.heads.loc, o.heads.second
        expected = (bce(o.outputs[0], o.batch[0]) + kl(loc, v)).mean()
        torch.testing.assert_close(o.loss, expected, rtol=1e-12, atol=0)
        for seed, right in ((7, True), (8, False)):
            code = loc + torch.exp(0.5 * v) * seeded(seed)(0, loc)
            assert torch.allclose(o.code, code, rtol=1e-12, atol=0) is right


def test_outputs_are_the_same_with_and_without_a_graph() -> None:
    with Bench(spec()).open() as bench:
        graph = bench.observe(POINT).outputs[0]
        with torch.no_grad():
            none = bench.observe(POINT).outputs[0]
    assert graph.requires_grad
    assert not none.requires_grad
    assert torch.equal(graph, none)


def test_a_point_decides_the_parameters() -> None:
    s = spec()
    model = s.loss.__self__
    own = [p.detach().clone() for p in model.parameters()]
    with Bench(s).open() as bench:
        losses = [float(bench.loss(p).detach()) for p in (POINT, replace(POINT, parameters=4), POINT)]
        bench.place(replace(POINT, factor=0.0))
        assert all(bool((p == 0).all()) for p in model.parameters())
        bench.place(Point())
        assert all(torch.equal(p.float(), o) for p, o in zip(model.parameters(), own, strict=True))
    assert losses[0] == losses[2] != losses[1]


def test_rows_of_a_batch_of_one_differ() -> None:
    s = spec()
    with Bench(s).open() as bench:
        (first,) = bench.rows(0, 3)
        assert torch.equal(first.float(), s.batch[:3])
        assert not torch.equal(bench.rows(1, 6)[0], bench.rows(2, 6)[0])
    with Bench(VAESpec(loss=s.loss, encode=s.encode, decode=s.decode, batch=s.batch[:1])).open() as bench:
        (rows,) = bench.rows(0, 3)
    assert torch.equal(rows[1], rows[0].roll(1))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"loss": lambda x: x}, r"loss\(\*batch\) returned \(6, 5\), not a scalar"),
        ({"loss": lambda x: x.sum()}, "no trainable parameters found"),
        ({"encode": lambda x: "text"}, r"encode\(\*batch\) returned a str, not a pair"),
        ({"encode": lambda x: (x,) * 4}, "returned a tuple of 4, not a pair"),
        ({"encode": lambda x: (x, x[:, :2])}, r"returned heads of shapes \(4, 5\) and \(4, 2\), not a pair"),
        ({"encode": lambda x: torch.distributions.Laplace(x, x.exp())}, "returned a Laplace, not a pair"),
        ({"encode": lambda x: (x.long(), x.long())}, "returned integers, not a pair"),
        ({"decode": lambda z: z[:, :, 9]}, "decode raised: IndexError"),
        ({"prior": (torch.zeros(7), 1.0)}, r"prior=...\) is not one of codes of shape \(2, 2\)"),
        ({"prior": (0.0, 0.0)}, r"VAESpec\(prior=\(0.0, 0.0\)\): the scale is not positive"),
        ({"prior": (0.0, -1.0)}, "the scale is not positive, or a number is not finite"),
        ({"prior": (float("nan"), 1.0)}, "or a number is not finite"),
        ({"prior": (None, 1.0)}, "prior=...\\) is not one of codes"),
        ({"prior": torch.distributions.Categorical(torch.ones(3))}, "prior=...\\) is not one of codes"),
    ],
)
def test_what_cannot_be_used_is_one_line(change, message) -> None:
    s = spec()
    parts = {"loss": s.loss, "encode": s.encode, "decode": s.decode, "batch": s.batch} | change
    if "no trainable" in message:
        parts |= {"encode": lambda x: (x, x), "decode": lambda z: z}
    with pytest.raises(AuditError, match=message) as caught, Bench(VAESpec(**parts)).open() as bench:
        bench.observe(POINT)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("validated", [True, False])
@pytest.mark.parametrize(
    ("prior", "fits"),
    [
        (distributions.Categorical(torch.ones(3)), False),
        (distributions.Bernoulli(torch.full((2,), 0.5)), False),
        (distributions.Uniform(torch.full((2,), -1e-9), torch.full((2,), 1e-9)), False),
        (distributions.Normal(torch.zeros(2), torch.ones(2)), True),
        (distributions.MultivariateNormal(torch.zeros(2), torch.eye(2)), True),
        (
            distributions.MixtureSameFamily(
                distributions.Categorical(torch.ones(3)),
                distributions.Independent(distributions.Normal(torch.randn(3, 2), torch.ones(3, 2)), 1),
            ),
            True,
        ),
    ],
    ids=lambda d: type(d).__name__,
)
def test_a_prior_is_of_codes_whether_or_not_torch_validates(prior, fits, validated) -> None:
    """torch's compiler turns the validation of all distributions off for the rest of the process."""
    before = distributions.Distribution._validate_args
    distributions.Distribution.set_default_validate_args(validated)
    prior = prior.expand(prior.batch_shape)
    try:
        refused = nullcontext() if fits else pytest.raises(AuditError, match="is not one of codes")
        with refused, Bench(replace(spec(), prior=prior)).open() as bench:
            bench.observe(POINT)
    finally:
        distributions.Distribution.set_default_validate_args(before)


def stepped(model):
    value = model.loss(torch.ones(6, 5))
    value.backward()
    return value


def of_six(model, x):
    return model.loss(x) + torch.zeros(6, 5).mul(x).sum()


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (lambda model, x: stepped(model), "cannot be differentiated: give the loss before backward"),
        (of_six, r"loss raised on shapes \(4, 5\) \(it is to take batches of other sizes than 6 too\): RuntimeError"),
    ],
)
def test_a_loss_that_cannot_be_called_so_is_one_line(loss, message) -> None:
    s = spec()
    model = s.loss.__self__
    other = VAESpec(loss=lambda x: loss(model, x), encode=s.encode, decode=s.decode, batch=s.batch)
    with pytest.raises(AuditError, match=message) as caught, Bench(other).open() as bench:
        bench.observe(POINT)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (lambda: nn.LazyLinear(4), "a lazy layer has no parameters yet"),
        (lambda: torch.jit.trace(nn.Linear(5, 4), torch.ones(2, 5)), "compiled by torch.jit"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
def test_a_layer_that_cannot_be_moved_is_one_line(layer, message) -> None:
    s = spec()
    s.loss.__self__.extra = layer()
    with pytest.raises(AuditError, match=message), Bench(s).open():
        pass


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda y: y.sum(), r"decode\(z\) returned shape \(\) for 4 codes"),
        (lambda y: (y, y, y), r"decode\(z\) returned a tuple of 3"),
        (lambda y: None, r"decode\(z\) returned a NoneType"),
    ],
)
def test_an_output_that_is_no_pixels_is_one_line(change, message) -> None:
    s = spec()
    other = VAESpec(loss=s.loss, encode=s.encode, decode=lambda z: change(s.decode(z)), batch=s.batch)
    with pytest.raises(AuditError, match=message), Bench(other).open() as bench:
        bench.observe(POINT)


def test_a_decoder_that_does_nothing_is_one_line() -> None:
    s = spec()
    other = VAESpec(loss=s.loss, encode=s.encode, decode=lambda z: None, batch=s.batch)
    with pytest.raises(AuditError, match=r"decode\(z\) returned a NoneType"), Bench(other).open() as bench:
        bench.observe(POINT)
    nothing = VAESpec(loss=s.loss, encode=s.encode, decode=lambda z: z, batch=s.batch)  # nothing to find the code by
    with Bench(nothing).open() as bench:
        assert bench.observe(POINT).codes == []


def test_a_compiled_layer_runs_as_it_was_written() -> None:
    s, compiled = spec(), []

    def backend(graph, inputs):
        compiled.append(graph)
        return graph.forward

    model = s.loss.__self__
    model.decoder = torch.compile(model.decoder, backend=backend)
    with Bench(s).open() as bench:
        assert len(bench.observe(POINT).codes) == 1
    assert compiled == []
    model.decode(torch.ones(2, 2))
    assert len(compiled) == 1


def test_a_decoder_that_is_called_for_the_log_alone_gives_no_code() -> None:
    for factor, count in ((0.0, 1), (1.0, 2)):
        s = spec()
        model = s.loss.__self__

        def loss(x, model=model, factor=factor):
            shown = model.decode(torch.randn(6, 2)).mean()
            return model.loss(x) + (factor * shown if factor else 0.0)

        with Bench(VAESpec(loss=loss, encode=s.encode, decode=s.decode, batch=s.batch)).open() as bench:
            assert len(bench.observe(POINT).codes) == count
