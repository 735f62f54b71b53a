"""Write which modules the page of the API shows: ``python docs/api.py``."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "api.md"
PACKAGES = ("derivations", "numerics", "vae_min", "elbocheck")


def modules(root: Path) -> list[str]:
    """The modules with something public; the command line, and what only runs as a script, are for no one to import."""
    found = []
    for package in PACKAGES:
        paths = {".".join(p.relative_to(root).with_suffix("").parts): p for p in (root / package).rglob("*.py")}
        found += [
            name for name in sorted(paths) if not re.search(r"\.(cli(_\w+)?|__\w+__)$", name) and _offers(paths[name])
        ]
    return found


def _offers(path: Path) -> bool:
    """Whether a module has a public name of its own."""
    return any(not name.startswith("_") for node in ast.parse(path.read_text("utf-8")).body for name in _names(node))


def _names(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.AnnAssign(target=ast.Name(id=name)):
            yield name
        case ast.Assign(targets=targets):
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def page(before: str, names: list[str]) -> str:
    """The page, with these modules below its first words."""
    sections = (f"## {name}\n\n```{{eval-rst}}\n.. automodule:: {name}\n   :members:\n```\n" for name in names)
    return before[: before.index("## ")] + "\n".join(sections)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8"), modules(ROOT)), "utf-8")
