"""Of the processes of a run, one says what stopped them, and none ends before."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch.distributed as dist

from elbocheck.data_parallel import Processes, joined


def test_alone_it_speaks() -> None:
    with Processes("cpu").failing() as speaks:
        assert speaks


def test_without_torchrun_there_is_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with joined("cpu") as processes:
        assert (processes.device, processes.store) == ("cpu", None)
        assert not dist.is_initialized()


def test_the_first_that_fails_speaks_and_the_others_come_back_later() -> None:
    store, said = dist.HashStore(), []  # type: ignore[attr-defined]

    def fail(number: int) -> float:
        time.sleep(0.1 * number)
        with Processes("cpu", store).failing() as speaks:
            if speaks:
                time.sleep(0.5)  # it takes its time, and the others fail meanwhile
                said.append((number, time.monotonic()))
        return time.monotonic()

    with ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(fail, range(4)))
    ((number, when),) = said
    assert number == 0
    assert min(ended) >= when


@pytest.mark.parametrize("early", [False, True])
def test_a_store_that_has_ended_holds_nobody_back(early: bool) -> None:
    class Ended:
        def add(self, name: str, amount: int) -> int:
            if early:
                raise dist.DistNetworkError("the other end is closed")
            return 2

        def wait(self, names: list[str], timeout: object) -> None:
            raise dist.DistNetworkError("the other end is closed")

    with Processes("cpu", Ended()).failing() as speaks:
        assert not speaks
