"""How long work tells how far it is, without knowing what shows it."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

Advance = Callable[[int], None]
#: ``begin(name, total)`` opens one line of progress; the function it gives is called with the steps done since.
Begin = Callable[[str, int], AbstractContextManager[Advance]]


def silent(name: str, total: int) -> AbstractContextManager[Advance]:
    """No progress display.

    >>> with silent("wait", 3) as advance:
    ...     advance(3)
    """
    return nullcontext(lambda steps: None)
