"""A specification on the bench, its sampler read off."""

from collections.abc import Iterator
from contextlib import contextmanager

from vae_min.audit import sampler
from vae_min.audit.audit import generic_points
from vae_min.audit.bench import Bench
from vae_min.audit.sampler import Sampler
from vae_min.audit.spec import VAESpec


@contextmanager
def on_bench(spec: VAESpec) -> Iterator[tuple[Bench, Sampler]]:
    """The bench, open, and the sampler."""
    with Bench(spec).open() as bench:
        yield bench, sampler.explain(bench, generic_points(bench))
