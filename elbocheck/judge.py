"""Judge chains in processes of their own: side by side, in order, and with a bound on the time of each relation.

A process that takes too long is ended, and another one goes on after that relation; what the first had said by then is
kept. So no verdict depends on how many processes there are, nor on how busy the machine is, but at the bound itself.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from typing import Any

from derivations.manuscript import Convention
from derivations.parser import parse
from derivations.proofread import judgements, surroundings, without_definitions
from derivations.relation import Judgement, blank
from derivations.surroundings import Surroundings
from derivations.written import WrittenChain

SECONDS = 5.0  # that a process computes on one relation, whatever else the machine does meanwhile
PATIENCE = 12  # times as long by the clock
PREPARATION = 30.0  # seconds of computing, in which the definitions of a text are found
MEMORY = 4 << 30  # bytes that a process may use
# a fork starts at once; other systems start a new interpreter, since a fork is not safe there
_CONTEXT: Any = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")

Place = tuple[int, int]  # the number of a chain, and that of a relation in it


def judged(
    chains: Sequence[WrittenChain], around: Surroundings, *, workers: int | None = None, seconds: float = SECONDS
) -> Iterator[Judgement]:
    """The judgements on all chains, in their order, each as soon as it and those before it are there.

    Parameters
    ----------
    chains
        Of one manuscript.
    around
        What the manuscript says, see `derivations.proofread.surroundings`.
    workers
        How many processes work; as many as there are cores if it is None.
    seconds
        For each relation. One that takes longer is undecided and says so; if it was refuted by then, it stays refuted.
    """
    pending = iter(range(len(chains)))
    said: dict[Place, Judgement] = {}
    judges = [_Judge(chains, around, seconds) for _ in range(min(workers or _cores(), len(chains)))]
    busy = [judge for judge in judges if judge.begin(next(pending))]
    try:
        for place in ((c, i) for c, chain in enumerate(chains) for i in range(len(chain.sides) - 1)):
            while place not in said:
                for judge in _ready(busy):
                    said.update({(j.chain, j.index): j for j in judge.final()})
                    if judge.place is None and not judge.begin(next(pending, None)):
                        busy.remove(judge)
            yield said.pop(place)
    finally:
        for judge in judges:
            judge.end()


def prepared(
    chains: Sequence[WrittenChain], conventions: Sequence[Convention], *, seconds: float = PREPARATION
) -> Surroundings:
    """What a manuscript says to its chains; without its definitions, and marked so, if it takes too long to find them.

    Raises
    ------
    derivations.manuscript.ManuscriptError
        If a convention cannot be used.
    """
    without = replace(without_definitions(chains, conventions), incomplete=bool(chains))
    if not chains:
        return without
    parse("x")  # so that the grammar is read once, for all processes that follow
    ours, theirs = _CONTEXT.Pipe(duplex=False)
    process = _CONTEXT.Process(target=_prepare, args=(theirs, chains, conventions, seconds), daemon=True)
    process.start()
    theirs.close()
    try:
        return ours.recv() if ours.poll(PATIENCE * seconds) else without
    except EOFError:
        return without
    finally:
        process.kill()
        process.join()
        ours.close()


def _prepare(
    theirs: Connection, chains: Sequence[WrittenChain], conventions: Sequence[Convention], seconds: float
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _limit_memory()
    _begin_to_count(seconds)
    with suppress(Exception):  # the relations are judged without definitions then
        theirs.send(surroundings(chains, conventions))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _ready(busy: list[_Judge]) -> list[_Judge]:
    """The judges that have something to say, or whose time is up; waits for one."""
    until = min(judge.deadline for judge in busy)
    heard = wait([judge.connection for judge in busy], max(0.0, until - time.monotonic()))
    return [judge for judge in busy if judge.connection in heard or judge.deadline <= time.monotonic()]


class _Judge:
    """A process that judges one chain after the other, seen from outside."""

    def __init__(self, chains: Sequence[WrittenChain], around: Surroundings, seconds: float) -> None:
        self.chains, self.around, self.seconds = chains, around, seconds
        self.place: Place | None = None  # the relation that it is at
        self._said: Judgement | None = None  # of that relation, not yet the last word
        self._start()

    def _start(self) -> None:
        self.connection, theirs = _CONTEXT.Pipe()
        arguments = self.connection, theirs, self.chains, self.around, self.seconds
        self._process = _CONTEXT.Process(target=_work, args=arguments, daemon=True)
        self._process.start()
        theirs.close()
        self.connection.recv()  # until it is there

    def begin(self, chain: int | None) -> bool:
        """Begin with a chain; False if there is none."""
        if chain is not None:
            self._go_to((chain, 0))
            self.connection.send(self.place)
        return chain is not None

    def _go_to(self, place: Place) -> None:
        chain, index = place
        self.place = place if index < len(self.chains[chain].sides) - 1 else None
        self._said, self.deadline = None, time.monotonic() + PATIENCE * self.seconds

    def final(self) -> Iterator[Judgement]:
        """The last word on the relation it is at, if there is one by now."""
        assert self.place is not None
        chain, index = self.place
        try:
            said, last = self.connection.recv() if self.connection.poll() else (self._too_long, True)
        except (EOFError, OSError):
            self._process.join()
            timed_out = self._process.exitcode == -signal.SIGPROF
            said, last = (
                self._too_long if timed_out else "not decided: its process ended, for want of memory perhaps",
                True,
            )
        if isinstance(said, str):
            yield self._given_up(said)
        elif last:
            yield said
            self._go_to((chain, index + 1))
        else:
            self._said = said

    @property
    def _too_long(self) -> str:
        return f"not decided within {self.seconds:g} s"

    def _given_up(self, message: str) -> Judgement:
        """What is said of a relation that took too long or too much; another process goes on after it."""
        assert self.place is not None
        chain, index = self.place
        judgement = self._said or replace(blank(self.chains[chain], chain, index), message=message)
        self.end()
        self._start()
        self._go_to((chain, index + 1))
        if self.place is not None:
            self.connection.send(self.place)
        return judgement

    def end(self) -> None:
        """End the process, whatever it is at."""
        self._process.kill()
        self._process.join()
        self.connection.close()


def _work(
    ours: Connection, theirs: Connection, chains: Sequence[WrittenChain], around: Surroundings, seconds: float
) -> None:
    """Judge the chains that are asked for, from a relation on, until the process that asks has ended."""
    ours.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that asks ends this one
    _limit_memory()
    gc.freeze()  # terms hold no cycles: to look for some took a third of the time
    gc.set_threshold(100_000, 20, 20)
    parent = multiprocessing.parent_process()
    assert parent is not None
    theirs.send(None)
    while theirs in wait([theirs, parent.sentinel]):
        chain, first = theirs.recv()
        _begin_to_count(seconds)
        try:
            for judgement, last in judgements(chains[chain], chain, around, first):
                theirs.send((judgement, last))
                if last:
                    _begin_to_count(seconds)
        except Exception as error:  # noqa: BLE001 - the others are judged nevertheless
            theirs.send((f"not decided for an error in elbocheck: {type(error).__name__}: {error}", True))
            break
        _begin_to_count(0)


def _begin_to_count(seconds: float) -> None:
    """Let the system end this process when it has computed for so long; 0 stops that."""
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _limit_memory() -> None:
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
