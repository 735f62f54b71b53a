"""The graph of what rests on what, as SVG: layers from left to right, an arrow from a theorem to one that uses it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

Uses = Mapping[str, Sequence[str]]

CHARACTER, ROW, NODE, GAP = 7.9, 34, 24, 70  # pixels: of a letter, from row to row, of a node, between layers
_SWEEPS = 8


def layers(uses: Uses) -> list[list[str]]:
    """The theorems that use another or are used, each in the layer after the last that it uses.

    Within a layer each stands near the middle of its neighbours in the layers beside, so that few arrows cross.

    Raises
    ------
    ValueError
        If a theorem uses itself, directly or through others.
    """
    depth: dict[str, int] = {}
    for slug in uses:
        _depth(slug, uses, depth, ())
    connected = [slug for slug in uses if uses[slug] or any(slug in others for others in uses.values())]
    found = [[s for s in connected if depth[s] == d] for d in sorted({depth[s] for s in connected})]
    neighbours = {s: [*uses[s], *(other for other in connected if s in uses[other])] for s in connected}
    for _ in range(_SWEEPS):
        for layer in (*found, *reversed(found)):
            place = {slug: i / len(row) for row in found for i, slug in enumerate(row)}
            middle = {s: sum(place[n] for n in neighbours[s]) / len(neighbours[s]) for s in layer}
            layer.sort(key=lambda s: (round(middle[s], 9), s))
    return found


def _depth(slug: str, uses: Uses, known: dict[str, int], above: tuple[str, ...]) -> int:
    if slug in above:
        raise ValueError(f"{slug} rests on itself")
    if slug not in known:
        known[slug] = 1 + max((_depth(s, uses, known, (*above, slug)) for s in uses[slug]), default=-1)
    return known[slug]


def svg(uses: Uses) -> str:
    """The graph; each theorem links to the anchor of its slug. Empty if no theorem uses another.

    Examples
    --------
    >>> svg({"elbo-gap": (), "elbo-bound": ("elbo-gap",)}).count('<path class="arrow"')
    1
    """
    columns = layers(uses)
    if not columns:
        return ""
    tallest = max(map(len, columns))
    boxes: dict[str, tuple[float, float, float]] = {}
    left = 2.0
    for column in columns:
        broad = 16 + CHARACTER * max(map(len, column))
        for i, slug in enumerate(column):
            boxes[slug] = (left, 2 + ROW * tallest * (i + 0.5) / len(column) - NODE / 2, broad)
        left += broad + GAP
    width, height = left - GAP + 2, ROW * tallest + 4
    arrows = [_arrow(boxes[used], boxes[slug]) for slug in boxes for used in uses[slug]]
    nodes = [_node(slug, *box) for slug, box in boxes.items()]
    size = f'width="{width:.0f}" height="{height}" viewBox="0 0 {width:.0f} {height}"'
    start = f'<svg class="graph" {size} role="img" aria-label="Which theorem uses which">'
    return "\n".join((start, *arrows, *nodes, "</svg>"))


def _arrow(start: tuple[float, float, float], end: tuple[float, float, float]) -> str:
    x, y, z, w = start[0] + start[2], start[1] + NODE / 2, end[0], end[1] + NODE / 2
    bend = GAP * 0.6
    line = f"M{x:.1f} {y:.1f}C{x + bend:.1f} {y:.1f} {z - bend:.1f} {w:.1f} {z - 6:.1f} {w:.1f}"
    head = f"M{z - 7:.1f} {w - 3.5:.1f}L{z:.1f} {w:.1f}L{z - 7:.1f} {w + 3.5:.1f}z"
    return f'<path class="arrow" d="{line}"></path><path class="head" d="{head}"></path>'


def _node(slug: str, left: float, top: float, broad: float) -> str:
    name = escape(slug)
    box = f'<rect x="{left:.1f}" y="{top:.1f}" width="{broad:.1f}" height="{NODE}" rx="4"></rect>'
    return f'<a href="#{name}">{box}<text x="{left + 8:.1f}" y="{top + 16.5:.1f}">{name}</text></a>'
