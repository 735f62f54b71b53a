"""Write what every derivation supposes and states: ``python docs/statement.py``."""

from pathlib import Path

from derivations.catalogue import DERIVATIONS, prove
from derivations.markdown import theorem

PAGE = Path(__file__).resolve().parent / "generated" / "derivations.md"


def page() -> str:
    """A section for each slug."""
    lines: list[str] = []
    for slug in DERIVATIONS:
        derivation = prove(slug)
        steps = f"{len(derivation.steps)} steps"
        lines += [f"## {slug}", "", f"{derivation.title} ({derivation.source}; {steps}).", "", *theorem(derivation), ""]
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
