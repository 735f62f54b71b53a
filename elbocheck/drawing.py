"""Drawn figures as files: whole or not at all, always the same bytes."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from elbocheck.atomic import replacing


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG or SVG, whichever the suffix says.

    Raises
    ------
    ValueError
        If the suffix is neither ``.png`` nor ``.svg``.
    OSError
        If the file cannot be written; an older one is then as it was.
    """
    kind = path.suffix.removeprefix(".")
    if kind not in ("png", "svg"):
        raise ValueError(f"{path}: a figure is written as .png or .svg")
    metadata = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
    with replacing(path) as part, mpl.rc_context({"svg.hashsalt": "elbocheck"}):
        figure.savefig(part, format=kind, dpi=150, bbox_inches="tight", metadata=metadata)
