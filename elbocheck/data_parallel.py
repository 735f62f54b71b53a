"""The processes of a data-parallel run: they join, part, and say once what stopped them."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch.distributed as dist
from torch.distributed.rendezvous import rendezvous


@dataclass(frozen=True, eq=False)
class Processes:
    """All processes of a run, as one of them sees them.

    Parameters
    ----------
    device : str
        That this process computes on.
    store : torch.distributed.Store or None
        What they all read and write; none, if there is one process only.
    """

    device: str
    store: Any = None

    @contextmanager
    def failing(self) -> Iterator[bool]:
        """Whether this process fails first, and so says why; the others come back when it has been said.

        They may not end before that: when one has ended, torchrun ends all. And they have nothing to say themselves:
        they fail alike, or for want of the first.
        """
        speaks = self.store is None
        with suppress(dist.DistError):  # the store may have ended, with the process that kept it
            speaks = self.store is None or self.store.add("elbocheck/failed", 1) == 1
        yield speaks
        with suppress(dist.DistError):
            if self.store is not None and speaks:
                self.store.set("elbocheck/said", "")
            elif self.store is not None:
                self.store.wait(["elbocheck/said"], timedelta(seconds=10))


@contextmanager
def joined(device: str) -> Iterator[Processes]:
    """Join the processes that torchrun has started, if it has."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield Processes(device)
        return
    store, rank, world_size = next(rendezvous("env://"))
    backends = "gloo" if device == "cpu" else "cpu:gloo,cuda:nccl"
    dist.init_process_group(backends, store=store, rank=rank, world_size=world_size)
    try:
        yield Processes(device if device == "cpu" else f"{device}:{os.environ['LOCAL_RANK']}", store)
        gc.collect()  # what still holds the group at the end of the process would abort it
        dist.barrier()
    finally:
        dist.destroy_process_group()
