"""Work on a user's code that may take long, or never return: a line on standard error says where it is."""

from __future__ import annotations

import site
import sys
import sysconfig
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PATIENCE = 60.0  # seconds; most audits take one
_OWN = Path(__file__).resolve().parent.parent
_OTHERS = [_OWN / name for name in ("elbocheck", "vae_min", "numerics")]
_OTHERS += [Path(p).resolve() for p in (sysconfig.get_paths()["stdlib"], *site.getsitepackages())]


@contextmanager
def waiting(what: str, patience: float = _PATIENCE) -> Iterator[None]:
    """Say where the work is once it takes longer than ``patience`` seconds, then each time it took twice as long; and where Ctrl-C ended it.

    Parameters
    ----------
    what : str
        Names the work.
    """
    done, thread = threading.Event(), threading.get_ident()

    def tell() -> None:
        limit, before = patience, 0.0
        while not done.wait(limit - before):
            place = _place(traceback.extract_stack(sys._current_frames()[thread]))
            print(f"elbocheck: {what} takes longer than {limit:g} s{place}; Ctrl-C ends it", file=sys.stderr)
            limit, before = 2 * limit, limit

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    except KeyboardInterrupt as error:
        print(f"elbocheck: {what} was interrupted{_place(traceback.extract_tb(error.__traceback__))}", file=sys.stderr)
        raise
    finally:
        done.set()
        teller.join()


def _place(stack: traceback.StackSummary) -> str:
    """The innermost line of the user's own code."""
    for frame in reversed(stack):
        file = Path(frame.filename).resolve()
        if file.is_file() and not any(file.is_relative_to(other) for other in _OTHERS):
            return f": {frame.name} is at {frame.filename}:{frame.lineno}"
    return ""
