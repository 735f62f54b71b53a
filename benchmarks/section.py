"""A section of a page of the documentation: the command that wrote it, and what the command printed."""

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmark.md"


def between(page: str, name: str, body: str) -> str:
    """`page` with this text between the two marks of a name.

    Raises
    ------
    ValueError
        If the marks are not there, once.

    Examples
    --------
    >>> between("a\\n<!-- x -->\\nold\\n<!-- /x -->\\n", "x", "new\\n")
    'a\\n<!-- x -->\\nnew\\n<!-- /x -->\\n'
    """
    marked = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    changed, count = marked.subn(lambda match: f"{match[1]}{body}{match[2]}", page)
    if count != 1:
        raise ValueError(f"{count} places for {name!r}, not one")
    return changed


def insert(page: str, name: str, command: str, table: str) -> str:
    """`page` with this table between the marks of its section, the command above it; raises as :func:`between`."""
    return between(page, name, f"```console\n$ {command}\n```\n\n{table}\n\n")


def write(name: str, command: str, table: str, page: Path = PAGE) -> None:
    """Put the table into the page, ``docs/benchmark.md`` if none is named."""
    page.write_text(insert(page.read_text(encoding="utf-8"), name, command, table), encoding="utf-8")
